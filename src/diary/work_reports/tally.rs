//! What reports come to in a month: what people owed and handed in on time, and what their leaders have read of it.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::due::{self, Cadence, Due, DueState, ReportKind};
use super::owed::Owed;
use crate::auth::Context;
use crate::clock;
use crate::db::schema::{current_fact, work_report};
use crate::db::sql;
use crate::http::Problem;
use crate::ledger::close::people_of;
use crate::ledger::{self, Counts, Deliveries, Entry, Late, SourceWord, ValueOrigin};
use crate::org::reached;
use crate::period::Period;
use crate::said::say;

/// The name under which reports stand in the ledger.
pub const SYSTEM: &str = "work_report";

/// The source that a tally of a month that is over completes.
const SOURCE: &str = "reports";

/// A report that is owed, and what has become of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct OwedReport {
    pub due: Due,
    pub state: DueState,
    /// The report, if it was handed in.
    pub report: Option<i64>,
}

/// What has become of everything that these people owe in a month.
pub(super) async fn standings(
    connection: &mut AsyncPgConnection,
    owed: &Owed,
    people: &[i64],
    period: Period,
    now: DateTime<Utc>,
) -> Result<HashMap<i64, Vec<OwedReport>>, Problem> {
    #[derive(QueryableByName)]
    struct Written {
        #[diesel(sql_type = BigInt)]
        id: i64,
        #[diesel(sql_type = BigInt)]
        employee_id: i64,
        #[diesel(sql_type = Text)]
        kind: ReportKind,
        #[diesel(sql_type = Text)]
        cadence: Cadence,
        #[diesel(sql_type = Date)]
        day: NaiveDate,
        #[diesel(sql_type = Bool)]
        is_late: bool,
    }
    let written: Vec<Written> = sql("SELECT id, employee_id, kind, cadence, day, \
             is_late OR coalesce(timing = 'late', false) AS is_late FROM work_report \
         WHERE period = $1 AND employee_id = ANY ($2)")
    .bind::<Date, _>(period)
    .bind::<Array<BigInt>, _>(people.to_vec())
    .load(connection)
    .await?;
    let written = written.into_iter().map(|one| ((one.employee_id, one.kind, one.cadence, one.day), one));
    let written: HashMap<_, _> = written.collect();
    let of_person = |employee_id: &i64| {
        let standing = |due: Due| {
            let report = written.get(&(*employee_id, due.kind, due.cadence, due.day));
            let state = DueState::of(&due, report.map(|one| one.is_late), now);
            OwedReport { due, state, report: report.map(|one| one.id) }
        };
        (*employee_id, owed.of(*employee_id, period).into_iter().map(standing).collect())
    };
    Ok(people.iter().map(of_person).collect())
}

/// The line leaders of somebody on a day, but not the person.
pub(super) async fn leaders_of(
    connection: &mut AsyncPgConnection,
    employee_id: i64,
    day: NaiveDate,
) -> Result<Vec<i64>, Problem> {
    #[derive(QueryableByName)]
    struct Leader {
        #[diesel(sql_type = BigInt)]
        employee_id: i64,
    }
    let leaders: Vec<Leader> = sql("SELECT DISTINCT l.employee_id FROM assignment a \
         JOIN team_leadership l ON l.unit_id = a.unit_id AND l.kind = 'line' \
             AND daterange(l.valid_from, l.valid_to) @> $2 AND l.employee_id <> a.employee_id \
         WHERE a.employee_id = $1 AND daterange(a.valid_from, a.valid_to) @> $2 ORDER BY 1")
    .bind::<BigInt, _>(employee_id)
    .bind::<Date, _>(day)
    .load(connection)
    .await?;
    Ok(leaders.into_iter().map(|one| one.employee_id).collect())
}

/// How many reports of their people these leaders had to read in a month, and how many of them they read within 24 hours.
/// Only what was asked for has to be read.
async fn read_by(
    connection: &mut AsyncPgConnection,
    leaders: &[i64],
    period: Period,
) -> Result<HashMap<i64, (i64, i64)>, Problem> {
    #[derive(QueryableByName)]
    struct ReadByLeader {
        #[diesel(sql_type = BigInt)]
        leader_id: i64,
        #[diesel(sql_type = BigInt)]
        to_review: i64,
        #[diesel(sql_type = BigInt)]
        in_time: i64,
    }
    let rows: Vec<ReadByLeader> = sql(
        "SELECT l.employee_id AS leader_id, count(DISTINCT r.id) AS to_review, \
             count(DISTINCT r.id) FILTER (WHERE v.reviewed_at <= r.handed_in_at + interval '24 hours') AS in_time \
         FROM work_report r \
         JOIN assignment a ON a.employee_id = r.employee_id AND daterange(a.valid_from, a.valid_to) @> r.due_day \
         JOIN team_leadership l ON l.unit_id = a.unit_id AND l.kind = 'line' AND l.employee_id <> r.employee_id \
             AND daterange(l.valid_from, l.valid_to) @> r.due_day \
         LEFT JOIN work_report_review v ON v.report_id = r.id AND v.reviewer_id = l.employee_id \
         WHERE r.period = $1 AND r.due_by IS NOT NULL AND l.employee_id = ANY ($2) GROUP BY l.employee_id",
    )
    .bind::<Date, _>(period)
    .bind::<Array<BigInt>, _>(leaders.to_vec())
    .load(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.leader_id, (row.to_review, row.in_time))).collect())
}

/// The whole days of leave that a month comes to for these people.
async fn leaves(
    connection: &mut AsyncPgConnection,
    people: &[i64],
    period: Period,
) -> Result<HashMap<i64, usize>, Problem> {
    let rows: Vec<(i64, Decimal)> = current_fact::table
        .filter(current_fact::period.eq(period).and(current_fact::employee_id.eq_any(people)))
        .filter(current_fact::metric.eq_any(["protected_leave_days", "personal_leave_days"]))
        .select((current_fact::employee_id, current_fact::value))
        .load(connection)
        .await?;
    let mut sums = HashMap::<i64, Decimal>::new();
    for (employee_id, days) in rows {
        *sums.entry(employee_id).or_default() += days;
    }
    Ok(sums.into_iter().map(|(id, days)| (id, usize::try_from(days.trunc()).unwrap_or(0))).collect())
}

/// A count of which there is none where nothing was to be counted: what nobody owed is no failure.
fn entry(employee_id: i64, metric: &str, count: i64, of: i64) -> Entry {
    let value = (of > 0).then(|| Decimal::from(count));
    Entry { value, ..Entry::total(employee_id, metric, Decimal::ZERO) }
}

/// Records in the ledger what the month has come to for these people and these leaders. To be called within the
/// transaction that changed the reports.
pub(super) async fn record(
    connection: &mut AsyncPgConnection,
    owed: &Owed,
    period: Period,
    people: &[i64],
    leaders: &[i64],
    origin: &ValueOrigin,
) -> Result<Counts, Problem> {
    let standings = standings(connection, owed, people, period, origin.at).await?;
    let read = read_by(connection, leaders, period).await?;
    let leaves = leaves(connection, people, period).await?;
    let mut entries = Vec::with_capacity(2 * (people.len() + leaders.len()));
    for employee_id in people.iter().collect::<BTreeSet<_>>() {
        let standings = standings.get(employee_id).map(Vec::as_slice).unwrap_or_default();
        let (due, on_time) = due::count(standings.iter().map(|one| one.state));
        // Leave of which only the month's days are known costs nobody anything: so many reports are not missed.
        let known = leaves.get(employee_id).copied().unwrap_or(0);
        let excused = known.saturating_sub(owed.days_away(*employee_id, period));
        let written = standings.iter().filter(|one| one.report.is_some()).count();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let due = due.saturating_sub(count(excused)).max(due.min(count(written)));
        entries.push(entry(*employee_id, "reports_due", due.into(), due.into()));
        entries.push(entry(*employee_id, "reports_on_time", on_time.into(), due.into()));
    }
    for leader_id in leaders.iter().collect::<BTreeSet<_>>() {
        let (to_review, in_time) = read.get(leader_id).copied().unwrap_or_default();
        entries.push(entry(*leader_id, "reports_to_review", to_review, to_review));
        entries.push(entry(*leader_id, "reports_reviewed_24h", in_time, to_review));
    }
    Ok(ledger::record(connection, period, &entries, origin, Late::Refuse).await?.counts)
}

/// Where the values of reports come from.
pub(super) fn origin(user_id: Option<i64>, now: DateTime<Utc>) -> ValueOrigin {
    ValueOrigin {
        source_system: SYSTEM.to_owned(),
        batch_id: None,
        user_id,
        at: now,
        reason: Some("counted from the reports".to_owned()),
    }
}

/// Counts a store's month for everybody, those included who wrote nothing, and returns what that changed in the ledger. A
/// month that is over has delivered its reports by that. To be called within a transaction.
///
/// # Errors
///
/// A conflict where the month is frozen and something would change.
pub async fn store_month(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    period: Period,
    user_id: Option<i64>,
    now: DateTime<Utc>,
) -> Result<Counts, Problem> {
    let people = people_of(connection, store_id, period).await?;
    ledger::lock(connection, period, &people).await?;
    let owed = Owed::load(connection, &people, period, period).await?;
    let origin = origin(user_id, now);
    let counts = record(connection, &owed, period, &people, &people, &origin).await?;
    if clock::day(now) >= period.end() {
        let speakers = ledger::speakers(connection, period, &people, &ledger::of_store(store_id)).await?;
        let delivered = Deliveries::from([(SOURCE.to_owned(), people.iter().copied().collect())]);
        let word = (SourceWord::In, &delivered);
        ledger::note(connection, period, word, &speakers, &origin, Late::Refuse).await?;
    }
    Ok(counts)
}

/// Counts a store's month once more if its people write reports here: what was not written since is missing now. To be
/// called within a transaction.
pub async fn store_month_if_used(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    period: Period,
    user_id: Option<i64>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let people = people_of(connection, store_id, period).await?;
    let is_used: bool = diesel::select(diesel::dsl::exists(
        work_report::table
            .filter(work_report::period.eq(period).and(work_report::employee_id.eq_any(people))),
    ))
    .get_result(connection)
    .await?;
    if is_used {
        store_month(connection, store_id, period, user_id, now).await?;
    }
    Ok(())
}

/// The month to be counted.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportTally {
    /// Code of the store.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(example = "JC", min_length = 1, max_length = 64)]
    pub store: String,
    /// The month.
    #[garde(skip)]
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
}

/// What counting changed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReportsTallied {
    /// How many values of the ledger were added, changed or right already.
    pub counts: Counts,
}

/// Counts the month of a store that the caller reaches.
///
/// # Errors
///
/// Not found; a month that has not begun; a conflict where it is frozen and something would change.
pub async fn run(cx: &mut Context, tally: &ReportTally) -> Result<ReportsTallied, Problem> {
    let ReportTally { store, period } = tally;
    let scope = cx.scope.clone();
    let store_id = reached::store(cx.db(), &scope, store, *period).await?;
    if period.first_day() > cx.today() {
        return Err(Problem::field("period", say!("这个月还没开始", "the month has not begun")));
    }
    cx.transaction(async |cx| {
        let (by, now) = (cx.by(), cx.now);
        let counts = store_month(cx.db(), store_id, *period, by, now).await?;
        let detail = json!({ "period": period, "counts": counts });
        cx.audit("tally_work_reports", &format!("org_unit/{store_id}"), detail).await?;
        Ok(ReportsTallied { counts })
    })
    .await
}
