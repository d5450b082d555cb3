//! What the morning meeting 晨会 looks at: yesterday's sheets, who has not written one, and the month up to then, by team
//! and person, with leads by channel and source and the reasons of lost prospects.

use std::collections::{BTreeMap, HashMap};

use chrono::{Days, NaiveDate};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::caller::Scope;
use crate::diary::writer;
use crate::diary::writer::POSITIONS;
use crate::http::Problem;
use crate::period::Period;

/// Sums over sheets. What none of them speaks of is null, which is not 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, QueryableByName, ToSchema)]
pub struct SheetSums {
    /// How many sheets there are.
    #[diesel(sql_type = BigInt)]
    pub sheets: i64,
    /// 首次到店
    #[diesel(sql_type = Nullable<BigInt>)]
    pub first_visits: Option<i64>,
    /// 到店客户
    #[diesel(sql_type = Nullable<BigInt>)]
    pub visitors: Option<i64>,
    /// 留档
    #[diesel(sql_type = Nullable<BigInt>)]
    pub captured_leads: Option<i64>,
    /// 试驾
    #[diesel(sql_type = Nullable<BigInt>)]
    pub test_drives: Option<i64>,
    /// 订单
    #[diesel(sql_type = Nullable<BigInt>)]
    pub orders: Option<i64>,
    /// 交车
    #[diesel(sql_type = Nullable<BigInt>)]
    pub deliveries: Option<i64>,
    /// 战败
    #[diesel(sql_type = Nullable<BigInt>)]
    pub lost_prospects: Option<i64>,
}

impl std::ops::AddAssign for SheetSums {
    fn add_assign(&mut self, other: Self) {
        let add = |mine: &mut Option<i64>, more: Option<i64>| {
            *mine = match (*mine, more) {
                (Some(mine), Some(more)) => Some(mine + more),
                (mine, more) => mine.or(more),
            };
        };
        self.sheets += other.sheets;
        add(&mut self.first_visits, other.first_visits);
        add(&mut self.visitors, other.visitors);
        add(&mut self.captured_leads, other.captured_leads);
        add(&mut self.test_drives, other.test_drives);
        add(&mut self.orders, other.orders);
        add(&mut self.deliveries, other.deliveries);
        add(&mut self.lost_prospects, other.lost_prospects);
    }
}

/// A store's morning meeting, as far as the reader reaches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MorningMeeting {
    /// Code of the store.
    pub store: String,
    /// The day of the meeting.
    pub day: NaiveDate,
    /// The day whose sheets it looks at: the one before. The month is counted from its first day up to this one.
    pub sheet_day: NaiveDate,
    /// The teams, by code; people posted to none stand under their department.
    pub teams: Vec<MorningTeam>,
    /// Leads by channel and source.
    pub leads: Vec<MorningLeads>,
    /// Leads by channel.
    pub channels: Vec<MorningTotal>,
    /// Leads by source.
    pub sources: Vec<MorningTotal>,
    /// Lost prospects by reason.
    pub lost: Vec<MorningTotal>,
}

/// A team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MorningTeam {
    /// Its code.
    pub unit: String,
    /// Its name.
    pub unit_name: String,
    /// The sums of the day's sheets.
    pub on_day: SheetSums,
    /// The sums of the month up to that day.
    pub month_to_date: SheetSums,
    /// 工号 of those who have not written the day's sheet.
    pub not_written: Vec<String>,
    /// Its people.
    pub people: Vec<MorningPerson>,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MorningPerson {
    /// 工号.
    pub employee_no: String,
    /// The person's name.
    pub name: String,
    /// The day's sheet; null where there is none.
    pub on_day: Option<SheetSums>,
    /// The sums of the month up to that day.
    pub month_to_date: SheetSums,
}

/// Leads of a channel and source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, QueryableByName, ToSchema)]
pub struct MorningLeads {
    /// Code of the channel.
    #[diesel(sql_type = Text)]
    pub channel: String,
    /// Its Chinese name.
    #[diesel(sql_type = Text)]
    pub channel_zh: String,
    /// Code of the lead source.
    #[diesel(sql_type = Text)]
    pub source: String,
    /// Its Chinese name.
    #[diesel(sql_type = Text)]
    pub source_zh: String,
    /// How many came on the day.
    #[diesel(sql_type = BigInt)]
    pub on_day: i64,
    /// How many came in the month up to that day.
    #[diesel(sql_type = BigInt)]
    pub month_to_date: i64,
}

/// A total of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, QueryableByName, ToSchema)]
pub struct MorningTotal {
    /// Code of the kind.
    #[diesel(sql_type = Text)]
    pub code: String,
    /// Its Chinese name.
    #[diesel(sql_type = Text)]
    pub zh: String,
    /// How many on the day.
    #[diesel(sql_type = BigInt)]
    pub on_day: i64,
    /// How many in the month up to that day.
    #[diesel(sql_type = BigInt)]
    pub month_to_date: i64,
}

#[derive(QueryableByName)]
struct Person {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    employee_no: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    unit: String,
    #[diesel(sql_type = Text)]
    unit_name: String,
}

/// The sheets of the days $1 to $2 of the people $3, as they were written last.
const SHEETS: &str = "(SELECT DISTINCT ON (employee_id, day) * FROM daily_sheet \
     WHERE day BETWEEN $1 AND $2 AND employee_id = ANY ($3) ORDER BY employee_id, day, revision DESC)";

/// What the meeting of a store on a day looks at.
///
/// # Errors
///
/// Not found where there is no such store, or nobody in it whom `scope` reaches.
pub async fn meeting(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    store: &str,
    day: NaiveDate,
) -> Result<MorningMeeting, Problem> {
    writer::require_sane("day", day)?;
    let sheet_day = day.checked_sub_days(Days::new(1)).unwrap_or(day);
    let people = people(connection, scope, store, sheet_day).await?;
    if people.is_empty() {
        return Err(Problem::not_found("store"));
    }
    let ids = people.iter().map(|person| person.id).collect::<Vec<_>>();
    let first = Period::containing(sheet_day).first_day();
    let on_day = sums(connection, &ids, sheet_day, sheet_day).await?;
    let month = sums(connection, &ids, first, sheet_day).await?;
    let leads = leads(connection, &ids, first, sheet_day).await?;
    Ok(MorningMeeting {
        store: store.to_owned(),
        day,
        sheet_day,
        teams: teams(people, &on_day, &month),
        channels: total(&leads, |one| (&one.channel, &one.channel_zh)),
        sources: total(&leads, |one| (&one.source, &one.source_zh)),
        leads,
        lost: losses(connection, &ids, first, sheet_day).await?,
    })
}

/// Who writes sheets in a store on a day, as far as `scope` reaches; of several postings the oldest counts.
async fn people(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    store: &str,
    day: NaiveDate,
) -> Result<Vec<Person>, Problem> {
    let people = diesel::sql_query(format!(
        "SELECT DISTINCT ON (e.id) e.id, e.employee_no, e.name, u.code AS unit, u.name AS unit_name \
         FROM assignment a JOIN employee e ON e.id = a.employee_id JOIN org_unit u ON u.id = a.unit_id \
         JOIN org_unit s ON s.id = u.store_id \
         WHERE s.code = $1 AND s.kind = 'store' AND daterange(a.valid_from, a.valid_to) @> $2 \
         AND a.position IN {POSITIONS} \
         AND may_reach($3, $4, $5, e.id, a.unit_id, date_trunc('month', $2::date)::date) ORDER BY e.id, a.id"
    ))
    .bind::<Text, _>(store)
    .bind::<Date, _>(day)
    .bind::<Array<Text>, _>(&scope.reaches)
    .bind::<BigInt, _>(scope.employee_id)
    .bind::<BigInt, _>(scope.unit_id)
    .load(connection)
    .await?;
    Ok(people)
}

/// The sums of people's sheets, by person; who has written none is not there.
async fn sums(
    connection: &mut AsyncPgConnection,
    people: &[i64],
    from: NaiveDate,
    to: NaiveDate,
) -> Result<HashMap<i64, SheetSums>, Problem> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        employee_id: i64,
        #[diesel(embed)]
        sums: SheetSums,
    }
    let rows: Vec<Row> = diesel::sql_query(format!(
        "SELECT employee_id, count(*) AS sheets, sum(first_visits) AS first_visits, sum(visitors) AS visitors, \
             sum(captured_leads) AS captured_leads, sum(test_drives) AS test_drives, sum(orders) AS orders, \
             sum(deliveries) AS deliveries, sum(lost_prospects) AS lost_prospects \
         FROM {SHEETS} AS s GROUP BY employee_id"
    ))
    .bind::<Date, _>(from)
    .bind::<Date, _>(to)
    .bind::<Array<BigInt>, _>(people)
    .load(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.employee_id, row.sums)).collect())
}

/// The leads of people's sheets from `from` to `to`, and on `to`, by channel and source.
async fn leads(
    connection: &mut AsyncPgConnection,
    people: &[i64],
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<MorningLeads>, Problem> {
    let leads = diesel::sql_query(format!(
        "SELECT l.channel, coalesce(c.zh, l.channel) AS channel_zh, l.source, o.zh AS source_zh, \
             coalesce(sum(l.leads) FILTER (WHERE s.day = $2), 0) AS on_day, sum(l.leads) AS month_to_date \
         FROM {SHEETS} AS s JOIN daily_sheet_lead l ON l.sheet_id = s.id JOIN lead_source o ON o.code = l.source \
         LEFT JOIN plan_label c ON c.tree = 'channel' AND c.code = l.channel \
         GROUP BY l.channel, c.zh, l.source, o.zh ORDER BY l.channel COLLATE \"C\", l.source COLLATE \"C\""
    ))
    .bind::<Date, _>(from)
    .bind::<Date, _>(to)
    .bind::<Array<BigInt>, _>(people)
    .load(connection)
    .await?;
    Ok(leads)
}

/// The lost prospects of people's sheets from `from` to `to`, and on `to`, by reason.
async fn losses(
    connection: &mut AsyncPgConnection,
    people: &[i64],
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<MorningTotal>, Problem> {
    let losses = diesel::sql_query(format!(
        "SELECT r.code, r.zh, coalesce(sum(l.prospects) FILTER (WHERE s.day = $2), 0) AS on_day, \
             sum(l.prospects) AS month_to_date \
         FROM {SHEETS} AS s JOIN daily_sheet_loss l ON l.sheet_id = s.id JOIN lost_reason r ON r.code = l.reason \
         GROUP BY r.code, r.zh ORDER BY r.code COLLATE \"C\""
    ))
    .bind::<Date, _>(from)
    .bind::<Date, _>(to)
    .bind::<Array<BigInt>, _>(people)
    .load(connection)
    .await?;
    Ok(losses)
}

/// Gathers people into their teams, with the teams' sums.
fn teams(
    people: Vec<Person>,
    on_day: &HashMap<i64, SheetSums>,
    month: &HashMap<i64, SheetSums>,
) -> Vec<MorningTeam> {
    let mut teams = BTreeMap::<String, MorningTeam>::new();
    for person in people {
        let team = teams.entry(person.unit.clone()).or_insert_with(|| MorningTeam {
            unit: person.unit,
            unit_name: person.unit_name,
            on_day: SheetSums::default(),
            month_to_date: SheetSums::default(),
            not_written: Vec::new(),
            people: Vec::new(),
        });
        let of_day = on_day.get(&person.id).copied();
        let of_month = month.get(&person.id).copied().unwrap_or_default();
        team.on_day += of_day.unwrap_or_default();
        team.month_to_date += of_month;
        if of_day.is_none() {
            team.not_written.push(person.employee_no.clone());
        }
        team.people.push(MorningPerson {
            employee_no: person.employee_no,
            name: person.name,
            on_day: of_day,
            month_to_date: of_month,
        });
    }
    teams.into_values().collect()
}

/// Adds leads up by one of their labels.
fn total<'a>(
    leads: &'a [MorningLeads],
    label: impl Fn(&'a MorningLeads) -> (&'a String, &'a String),
) -> Vec<MorningTotal> {
    let mut totals = BTreeMap::<&String, MorningTotal>::new();
    for one in leads {
        let (code, zh) = label(one);
        let empty = || MorningTotal { code: code.clone(), zh: zh.clone(), on_day: 0, month_to_date: 0 };
        let total = totals.entry(code).or_insert_with(empty);
        total.on_day += one.on_day;
        total.month_to_date += one.month_to_date;
    }
    totals.into_values().collect()
}
