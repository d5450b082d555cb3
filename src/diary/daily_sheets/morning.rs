//! What the morning meeting 晨会 looks at: yesterday's sheets, who has not written one, and the month up to then, by team
//! and person, with leads by channel and source and the reasons of lost prospects. A sheet counts for the team in which
//! its writer was posted on its day, whatever became of the person since.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable, Text};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::auth::Context;
use crate::auth::scope::{CallerScope, reaches};
use crate::db::{Statement, sql};
use crate::diary::authors::{self, POSITIONS};
use crate::http::Problem;
use crate::period::Period;

/// Which meeting.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MorningQuery {
    /// Code of the store.
    pub store: String,
    /// The day of the meeting, which looks at the day before; today by default.
    pub day: Option<NaiveDate>,
}

/// Sums over sheets. What all of them leave out is null, which is not 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, QueryableByName, ToSchema)]
pub struct SheetSums {
    /// How many sheets were written.
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
    /// The teams, by code; people posted to none are listed under their department.
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
    /// The sums of the month up to that day: of all sheets whose writers were posted in the team when they wrote them,
    /// including those who have moved or left since.
    pub month_to_date: SheetSums,
    /// 工号 of those who have not written the day's sheet.
    pub not_written: Vec<String>,
    /// Its people, and those who have written sheets in it this month and moved or left since.
    pub people: Vec<MorningPerson>,
}

/// A person in a team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MorningPerson {
    /// 工号.
    pub employee_no: String,
    /// The person's name.
    pub name: String,
    /// Whether the person is posted in the team on the day; false if only earlier in the month.
    pub is_posted: bool,
    /// The day's sheet; null if there is none.
    pub on_day: Option<SheetSums>,
    /// The sums of the month up to that day, of the sheets that the person wrote in this team.
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

/// The total for a channel, a source or a reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, QueryableByName, ToSchema)]
pub struct MorningTotal {
    /// Code of the channel, source or reason.
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

/// A person in a team, as the database has them.
#[derive(QueryableByName)]
struct SheetWriter {
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

/// What somebody's sheets in a team come to.
#[derive(QueryableByName)]
struct WriterSums {
    #[diesel(embed)]
    writer: SheetWriter,
    #[diesel(embed)]
    sums: SheetSums,
}

/// What a meeting asks the database about.
struct Asked {
    store: String,
    /// The first day of the month.
    first: NaiveDate,
    /// The day whose sheets it looks at.
    last: NaiveDate,
}

impl Asked {
    /// A statement about `place`, the reached postings of the store's writers on the days from `$2` to `$3`, and `sheet`,
    /// the sheets of these days as they were written last, each with the unit in which its writer was posted on its day. Of
    /// several postings the oldest counts.
    fn about(&self, cx: &Context, from: NaiveDate, select: &str) -> Statement<'static> {
        let reached = reaches!("$4", "a.employee_id", "a.unit_id", "$5");
        sql(format!(
            "WITH place AS ( \
                 SELECT a.id, a.employee_id, a.unit_id, daterange(a.valid_from, a.valid_to) AS days \
                 FROM assignment a JOIN org_unit u ON u.id = a.unit_id JOIN org_unit s ON s.id = u.store_id \
                 WHERE s.code = $1 AND daterange(a.valid_from, a.valid_to) && daterange($2, $3, '[]') \
                 AND a.position IN {POSITIONS} AND {reached}), \
             sheet AS ( \
                 SELECT DISTINCT ON (d.employee_id, d.day) d.*, p.unit_id \
                 FROM daily_sheet d JOIN place p ON p.employee_id = d.employee_id AND p.days @> d.day \
                 WHERE d.day BETWEEN $2 AND $3 ORDER BY d.employee_id, d.day, d.revision DESC, p.id) \
             {select}"
        ))
        .bind::<Text, _>(self.store.clone())
        .bind::<Date, _>(from)
        .bind::<Date, _>(self.last)
        .bind::<CallerScope, _>(cx.scope.clone())
        .bind::<Date, _>(self.first)
    }

    /// Who is posted in which team on the day.
    async fn posted(&self, cx: &mut Context) -> Result<Vec<SheetWriter>, Problem> {
        let query = self.about(
            cx,
            self.last,
            "SELECT DISTINCT ON (e.id) e.id, e.employee_no, e.name, u.code AS unit, u.name AS unit_name \
             FROM place p JOIN employee e ON e.id = p.employee_id JOIN org_unit u ON u.id = p.unit_id \
             ORDER BY e.id, p.id",
        );
        Ok(query.load(cx.db()).await?)
    }

    /// The sums of people's sheets from a day on, by team and person; who has written none is not there.
    async fn sums(&self, cx: &mut Context, from: NaiveDate) -> Result<Vec<WriterSums>, Problem> {
        let query = self.about(
            cx,
            from,
            "SELECT e.id, e.employee_no, e.name, u.code AS unit, u.name AS unit_name, count(*) AS sheets, \
                 sum(s.first_visits) AS first_visits, sum(s.visitors) AS visitors, \
                 sum(s.captured_leads) AS captured_leads, sum(s.test_drives) AS test_drives, sum(s.orders) AS orders, \
                 sum(s.deliveries) AS deliveries, sum(s.lost_prospects) AS lost_prospects \
             FROM sheet s JOIN employee e ON e.id = s.employee_id JOIN org_unit u ON u.id = s.unit_id \
             GROUP BY e.id, u.id",
        );
        Ok(query.load(cx.db()).await?)
    }

    /// The month's leads and those of the day, by channel and source.
    async fn leads(&self, cx: &mut Context) -> Result<Vec<MorningLeads>, Problem> {
        let query = self.about(
            cx,
            self.first,
            "SELECT l.channel, coalesce(c.zh, l.channel) AS channel_zh, l.source, o.zh AS source_zh, \
                 coalesce(sum(l.leads) FILTER (WHERE s.day = $3), 0) AS on_day, sum(l.leads) AS month_to_date \
             FROM sheet s JOIN daily_sheet_lead l ON l.sheet_id = s.id JOIN lead_source o ON o.code = l.source \
             LEFT JOIN plan_label c ON c.tree = 'channel' AND c.code = l.channel \
             GROUP BY l.channel, c.zh, l.source, o.zh ORDER BY l.channel COLLATE \"C\", l.source COLLATE \"C\"",
        );
        Ok(query.load(cx.db()).await?)
    }

    /// The month's lost prospects and those of the day, by reason.
    async fn losses(&self, cx: &mut Context) -> Result<Vec<MorningTotal>, Problem> {
        let query = self.about(
            cx,
            self.first,
            "SELECT r.code, r.zh, coalesce(sum(l.prospects) FILTER (WHERE s.day = $3), 0) AS on_day, \
                 sum(l.prospects) AS month_to_date \
             FROM sheet s JOIN daily_sheet_loss l ON l.sheet_id = s.id JOIN lost_reason r ON r.code = l.reason \
             GROUP BY r.code, r.zh ORDER BY r.code COLLATE \"C\"",
        );
        Ok(query.load(cx.db()).await?)
    }
}

/// What the meeting of a store looks at.
///
/// # Errors
///
/// Not found where there is no such store, or nobody in it whom the caller reaches.
pub async fn meeting(cx: &mut Context, query: MorningQuery) -> Result<MorningMeeting, Problem> {
    let MorningQuery { store, day } = query;
    let day = day.unwrap_or_else(|| cx.today());
    authors::require_sane("day", day)?;
    let sheet_day = day.checked_sub_days(Days::new(1)).unwrap_or(day);
    let first = Period::containing(sheet_day).first_day();
    let asked = Asked { store, first, last: sheet_day };
    let posted = asked.posted(cx).await?;
    let month = asked.sums(cx, first).await?;
    if posted.is_empty() && month.is_empty() {
        return Err(Problem::not_found("store"));
    }
    let on_day = asked.sums(cx, sheet_day).await?;
    let leads = asked.leads(cx).await?;
    Ok(MorningMeeting {
        day,
        sheet_day,
        teams: teams(posted, on_day, month),
        channels: total(&leads, |one| (&one.channel, &one.channel_zh)),
        sources: total(&leads, |one| (&one.source, &one.source_zh)),
        leads,
        lost: asked.losses(cx).await?,
        store: asked.store,
    })
}

/// Gathers people into their teams, with the teams' sums.
fn teams(posted: Vec<SheetWriter>, on_day: Vec<WriterSums>, month: Vec<WriterSums>) -> Vec<MorningTeam> {
    let mut teams = BTreeMap::<String, (String, BTreeMap<i64, MorningPerson>)>::new();
    let mut with = |writer: SheetWriter, change: &dyn Fn(&mut MorningPerson)| {
        let (_, people) = teams.entry(writer.unit).or_insert_with(|| (writer.unit_name, BTreeMap::new()));
        change(people.entry(writer.id).or_insert_with(|| MorningPerson {
            employee_no: writer.employee_no,
            name: writer.name,
            is_posted: false,
            on_day: None,
            month_to_date: SheetSums::default(),
        }));
    };
    posted.into_iter().for_each(|writer| with(writer, &|person| person.is_posted = true));
    on_day.into_iter().for_each(|one| with(one.writer, &|person| person.on_day = Some(one.sums)));
    month.into_iter().for_each(|one| with(one.writer, &|person| person.month_to_date = one.sums));
    let team = |(unit, (unit_name, people)): (String, (String, BTreeMap<i64, MorningPerson>))| {
        let people = people.into_values().collect::<Vec<_>>();
        let sum = |sums: &mut dyn Iterator<Item = SheetSums>| {
            sums.fold(SheetSums::default(), |mut sum, one| {
                sum += one;
                sum
            })
        };
        let missing = people.iter().filter(|person| person.is_posted && person.on_day.is_none());
        MorningTeam {
            unit,
            unit_name,
            on_day: sum(&mut people.iter().filter_map(|person| person.on_day)),
            month_to_date: sum(&mut people.iter().map(|person| person.month_to_date)),
            not_written: missing.map(|person| person.employee_no.clone()).collect(),
            people,
        }
    };
    teams.into_iter().map(team).collect()
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
