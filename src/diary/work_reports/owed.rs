//! What people owe: their postings, what their units ask for, the days they were away, and the working calendar, put
//! together.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Numeric};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;

use super::due::{self, Cadence, Due, Duty, ReportKind};
use super::duties::{self, DutySetting};
use crate::db::sql;
use crate::diary::authors::POSITIONS;
use crate::diary::work_calendar::StoreCalendars;
use crate::http::Problem;
use crate::period::Period;

/// A posting that writes reports.
#[derive(QueryableByName)]
struct WritingPost {
    #[diesel(sql_type = BigInt)]
    employee_id: i64,
    #[diesel(sql_type = BigInt)]
    store_id: i64,
    #[diesel(sql_type = Array<BigInt>)]
    path: Vec<i64>,
    #[diesel(sql_type = Date)]
    valid_from: NaiveDate,
    #[diesel(sql_type = Nullable<Date>)]
    valid_to: Option<NaiveDate>,
}

impl WritingPost {
    fn covers(&self, day: NaiveDate) -> bool {
        self.valid_from <= day && self.valid_to.is_none_or(|end| day < end)
    }
}

/// All that tells what people owe.
pub(super) struct Owed {
    calendars: StoreCalendars,
    settings: Vec<DutySetting>,
    posts: HashMap<i64, Vec<WritingPost>>,
    away: HashSet<(i64, NaiveDate)>,
}

impl Owed {
    /// Loads what tells what these people owe in the months from `from` up to `to`.
    pub(super) async fn load(
        connection: &mut AsyncPgConnection,
        people: &[i64],
        from: Period,
        to: Period,
    ) -> Result<Self, Problem> {
        // Of several postings on a day, the oldest one says which unit asks.
        let posts: Vec<WritingPost> = sql(format!(
            "SELECT a.employee_id, u.store_id, u.path, a.valid_from, a.valid_to \
             FROM assignment a JOIN org_unit u ON u.id = a.unit_id \
             WHERE a.employee_id = ANY ($1) AND daterange(a.valid_from, a.valid_to) && daterange($2, $3) \
             AND a.position IN {POSITIONS} AND u.store_id IS NOT NULL ORDER BY a.id"
        ))
        .bind::<Array<BigInt>, _>(people.to_vec())
        .bind::<Date, _>(from)
        .bind::<Date, _>(to.end())
        .load(connection)
        .await?;
        let units = posts.iter().flat_map(|post| post.path.iter().copied()).collect::<HashSet<_>>();
        let settings = duties::load(connection, &units.into_iter().collect::<Vec<_>>()).await?;
        let stores = posts.iter().map(|post| post.store_id).collect::<Vec<_>>();
        // A week or a month that is owed may begin before or end after these months.
        let years = from.year() - 1..=to.year() + 1;
        let calendars = StoreCalendars::load(connection, &stores, years).await?;
        let mut by_person = HashMap::<i64, Vec<WritingPost>>::new();
        for post in posts {
            by_person.entry(post.employee_id).or_default().push(post);
        }
        let mut owed = Self { calendars, settings, posts: by_person, away: HashSet::new() };
        for (employee_id, first, days) in leaves(connection, people, from, to).await? {
            let worked =
                first.iter_days().take(LONGEST_LEAVE).filter(|day| owed.is_working(employee_id, *day));
            let worked = worked.take(days).map(|day| (employee_id, day)).collect::<Vec<_>>();
            owed.away.extend(worked);
        }
        Ok(owed)
    }

    fn posts(&self, employee_id: i64) -> &[WritingPost] {
        self.posts.get(&employee_id).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether somebody holds a posting that writes, on a day.
    pub(super) fn is_posted(&self, employee_id: i64, day: NaiveDate) -> bool {
        self.posts(employee_id).iter().any(|post| post.covers(day))
    }

    /// Whether a day is worked where somebody is posted on it, or was posted first in these months.
    fn is_working(&self, employee_id: i64, day: NaiveDate) -> bool {
        let posts = self.posts(employee_id);
        let post = posts.iter().find(|post| post.covers(day)).or_else(|| posts.first());
        post.is_some_and(|post| self.calendars.is_working(post.store_id, day))
    }

    /// The day on which somebody's report about the time around `day` is due; of a time without a working day the first
    /// or the last, on which nobody asks for it.
    pub(super) fn due_day(
        &self,
        employee_id: i64,
        kind: ReportKind,
        cadence: Cadence,
        day: NaiveDate,
    ) -> NaiveDate {
        let found = due::due_day(kind, cadence, day, |day| self.is_working(employee_id, day));
        found.unwrap_or_else(|| match kind {
            ReportKind::Plan => cadence.first_day(day),
            ReportKind::Summary => cadence.last_day(day),
        })
    }

    /// On how many days of a month somebody was away, as far as the days are known.
    pub(super) fn days_away(&self, employee_id: i64, period: Period) -> usize {
        let of_month =
            |(id, day): &&(i64, NaiveDate)| *id == employee_id && Period::containing(*day) == period;
        self.away.iter().filter(of_month).count()
    }

    /// What somebody owes in a month.
    pub(super) fn of(&self, employee_id: i64, period: Period) -> Vec<Due> {
        let duties = |day: NaiveDate| -> Vec<Duty> {
            if self.away.contains(&(employee_id, day)) {
                return Vec::new();
            }
            let post = self.posts(employee_id).iter().find(|post| post.covers(day));
            let asked = post.map(|post| duties::in_force(&self.settings, &post.path, day));
            asked.unwrap_or_default().into_iter().map(|(duty, _)| duty).collect()
        };
        due::due_in(period, duties, |day| self.is_working(employee_id, day))
    }
}

/// The most days that a leave reported by its first day is followed over.
const LONGEST_LEAVE: usize = 366;

/// Leaves that the ledger knows by their first day, with the whole days they take: nobody owes a report on them.
async fn leaves(
    connection: &mut AsyncPgConnection,
    people: &[i64],
    from: Period,
    to: Period,
) -> Result<Vec<(i64, NaiveDate, usize)>, Problem> {
    #[derive(QueryableByName)]
    struct LeaveDays {
        #[diesel(sql_type = BigInt)]
        employee_id: i64,
        #[diesel(sql_type = Date)]
        day: NaiveDate,
        #[diesel(sql_type = Numeric)]
        days: Decimal,
    }
    // Of several sources that speak of a day, the highest counts, as in the month.
    let rows: Vec<LeaveDays> = sql("SELECT employee_id, day, sum(days) AS days FROM ( \
             SELECT DISTINCT ON (employee_id, day, metric) employee_id, day, metric, sum(value) AS days \
             FROM standing_fact('infinity') \
             WHERE period BETWEEN $2 AND $3 AND employee_id = ANY ($1) AND day IS NOT NULL \
             AND metric IN ('protected_leave_days', 'personal_leave_days') \
             GROUP BY employee_id, day, metric, rank ORDER BY employee_id, day, metric, rank DESC \
         ) AS leave GROUP BY employee_id, day HAVING sum(days) >= 1")
    .bind::<Array<BigInt>, _>(people.to_vec())
    .bind::<Date, _>(from)
    .bind::<Date, _>(to)
    .load(connection)
    .await?;
    let whole = |days: Decimal| usize::try_from(days.trunc()).unwrap_or(0);
    Ok(rows.into_iter().map(|row| (row.employee_id, row.day, whole(row.days))).collect())
}
