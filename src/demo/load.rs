//! Loading the demonstration dealership, all of it or nothing.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{ExpressionMethods as _, QueryDsl as _};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;

use super::beside;
use super::formula::{self, Tenths};
use super::people::{DemoPerson, OFFICES, PEOPLE, TEAMS};
use super::{PASSWORD, STORE, YEAR};
use crate::auth::access::Role;
use crate::auth::users::{self, NewUser};
use crate::auth::{Context, Identity, Scope};
use crate::db::schema::user_account;
use crate::http::Problem;
use crate::http::etag::Seen;
use crate::ledger::metric::Catalogue;
use crate::ledger::{self, Entry, Late, SourceWord, ValueOrigin};
use crate::org::{
    self, EmployeeStatus, LeadershipKind, NewAssignment, NewEmployee, NewOrgUnit, NewTeamLeadership,
    UnitKind, labels,
};
use crate::period::Period;
use crate::plan::{self, Approval, LabelWeight, Levels, MemberWeight, Method, NewPlan, Resplit, UnitWeight};
use crate::rules::bundle::{Bundle, Files};
use crate::rules::draft;
use crate::rules::draft::decision::{self, Submission};

/// The year's total, season weights in basis points, and the weights of channels and series.
const TOTAL: i64 = 1690;
const SEASON: [i64; 12] = [950, 640, 880, 810, 795, 785, 690, 745, 875, 885, 925, 1020];
const CHANNELS: [(&str, i64); 4] =
    [("showroom", 60), ("phone_web", 22), ("invitation", 10), ("auto_show", 8)];
const SERIES: [(&str, i64); 4] = [("series_a", 45), ("series_b", 20), ("series_c", 30), ("series_d", 5)];

/// What the series are called.
const SERIES_NAMES: [(&str, &str, &str); 4] = [
    ("series_a", "A系", "Series A"),
    ("series_b", "B系", "Series B"),
    ("series_c", "C系", "Series C"),
    ("series_d", "D系", "Series D"),
];

/// Steps of the loading, for a progress bar.
pub const STEPS: usize = PEOPLE.len() + OFFICES.len() + 2 + 12;

/// How much of the demonstration's plan is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The deliveries, by which people are scored.
    Deliveries,
    /// All lines with their floors and stretches, the channels' funnels, supply and the manufacturer's policy: as the command
    /// loads it.
    Whole,
}

/// What a database holds before loading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// Nothing: the demonstration can be loaded.
    Empty,
    /// The demonstration.
    Demonstration,
    /// Somebody's own organisation.
    Other,
}

/// Looks what the database holds.
pub async fn look(connection: &mut AsyncPgConnection) -> Result<Before, Problem> {
    let stores = org::store_codes(connection).await?;
    Ok(match (stores.iter().any(|code| code == STORE), stores.is_empty()) {
        (true, _) => Before::Demonstration,
        (false, true) => Before::Empty,
        (false, false) => Before::Other,
    })
}

/// Loads organisation, logins, rules, plan and facts in one transaction, the facts of each month as recorded at the moment
/// that `delivered` says. `step` is called [`STEPS`] times.
pub async fn load(
    cx: &mut Context,
    bundle: &Bundle,
    extent: Extent,
    delivered: impl Fn(Period) -> DateTime<Utc> + Send + Sync,
    step: impl Fn() + Send + Sync,
) -> Result<(), Problem> {
    cx.transaction(async |cx| {
        load_units(cx).await?;
        for person in PEOPLE {
            load_person(cx, person).await?;
            step();
        }
        for (login, roles, unit) in OFFICES {
            let new = user(login, roles, None, unit);
            users::create(cx, new).await?;
            step();
        }
        load_leaderships(cx).await?;
        release_rules(cx, &bundle.files).await?;
        step();
        load_plan(cx, &bundle.catalogue, extent).await?;
        step();
        for period in Period::months_of(YEAR) {
            load_facts(cx.db(), &bundle.catalogue, extent, (period, delivered(period))).await?;
            step();
        }
        Ok(())
    })
    .await
}

/// The day from which everything at the dealership holds.
fn founded() -> NaiveDate {
    Period::new(YEAR - 1, 1).map(Period::first_day).unwrap_or_default()
}

async fn load_units(cx: &mut Context) -> Result<(), Problem> {
    let department = "JC-XS";
    let mut units = vec![
        ("JCJT", "锦程汽车集团", UnitKind::Group, None),
        (STORE, "锦程4S店", UnitKind::Store, Some("JCJT")),
        (department, "销售部", UnitKind::Department, Some(STORE)),
    ];
    units.extend(TEAMS.map(|(code, name, ..)| (code, name, UnitKind::Team, Some(department))));
    for (code, name, kind, parent) in units {
        let new = NewOrgUnit {
            code: code.to_owned(),
            name: name.to_owned(),
            kind,
            parent: parent.map(str::to_owned),
            valid_from: founded(),
            valid_to: None,
        };
        org::units::create(cx, new).await?;
    }
    Ok(())
}

async fn load_person(cx: &mut Context, person: DemoPerson) -> Result<(), Problem> {
    let new = NewEmployee {
        employee_no: person.employee_no.to_owned(),
        name: person.name.to_owned(),
        status: EmployeeStatus::Active,
    };
    org::people::create(cx, new).await?;
    for position in person.positions {
        let new = NewAssignment {
            employee_no: person.employee_no.to_owned(),
            unit: person.unit.to_owned(),
            position: *position,
            valid_from: founded(),
            valid_to: None,
        };
        org::postings::create(cx, new).await?;
    }
    if let Some((login, roles)) = person.login {
        users::create(cx, user(login, roles, Some(person.employee_no), None)).await?;
    }
    Ok(())
}

fn user(
    login: &str,
    roles: &[crate::auth::access::Role],
    employee_no: Option<&str>,
    unit: Option<&str>,
) -> NewUser {
    NewUser {
        login: login.to_owned(),
        password: PASSWORD.to_owned(),
        roles: roles.to_vec(),
        employee_no: employee_no.map(str::to_owned),
        unit: unit.map(str::to_owned),
    }
}

/// Each team's first member leads it; the telesales specialist leads teams 1 and 2 for one channel.
async fn load_leaderships(cx: &mut Context) -> Result<(), Problem> {
    let line =
        [("G1", "A01"), ("G2", "A05"), ("G3", "A09")].map(|(unit, no)| (unit, no, LeadershipKind::Line));
    let channel = [("G1", "T01"), ("G2", "T01")].map(|(unit, no)| (unit, no, LeadershipKind::Channel));
    for (unit, employee_no, kind) in line.into_iter().chain(channel) {
        let new = NewTeamLeadership {
            unit: unit.to_owned(),
            employee_no: employee_no.to_owned(),
            kind,
            channel: (kind == LeadershipKind::Channel).then(|| "phone_web".to_owned()),
            valid_from: founded(),
            valid_to: None,
        };
        org::leaderships::create(cx, new).await?;
    }
    Ok(())
}

/// Members of a team, in the order of their numbers.
fn members(unit: &str) -> impl Iterator<Item = &'static str> {
    PEOPLE.iter().filter(move |person| person.unit == unit).map(|person| person.employee_no)
}

/// Version 1 from January; version 2, which gives A07's months of leave to the rest of team 2, from June.
async fn load_plan(cx: &mut Context, catalogue: &Catalogue, extent: Extent) -> Result<(), Problem> {
    let is_whole = extent == Extent::Whole;
    let label = |(code, weight): (&str, i64)| LabelWeight::all_year(code, weight);
    let team = |(unit, _, weight, weights): (&str, &str, i64, [i64; 4])| UnitWeight {
        unit: unit.to_owned(),
        weight,
        units: Vec::new(),
        members: members(unit)
            .zip(weights)
            .map(|(employee_no, weight)| MemberWeight { employee_no: employee_no.to_owned(), weight })
            .collect(),
    };
    let new = NewPlan {
        unit: STORE.to_owned(),
        year: YEAR,
        metric: "deliveries".to_owned(),
        total: TOTAL,
        levels: if is_whole { beside::LEVELS } else { Levels::default() },
        method: Method::Season,
        season: SEASON.to_vec(),
        units: TEAMS.map(team).to_vec(),
        channels: CHANNELS.map(label).to_vec(),
        series: SERIES.map(label).to_vec(),
        lines: if is_whole { beside::lines() } else { Vec::new() },
        pins: Vec::new(),
    };
    for (code, zh, en) in SERIES_NAMES {
        let names = labels::LabelNames { zh: zh.to_owned(), en: en.to_owned(), store: None };
        labels::write(cx.db(), labels::SERIES, code, names, None).await?;
    }
    let author = login(cx, "manager").await?;
    let approver = login(cx, "gm").await?;
    let month = |month| Period::new(YEAR, month).ok_or_else(out_of_range);
    cx.identity = Some(author.clone());
    let first = plan::create(cx, catalogue, new).await?;
    if is_whole {
        beside::load_funnels(cx, first.id).await?;
        beside::load_supply(cx).await?;
    }
    plan::submit(cx, first.id, Seen::Any).await?;
    cx.identity = Some(approver.clone());
    plan::approve(cx, first.id, Approval { effective_from: month(1)? }, Seen::Any).await?;
    cx.identity = Some(author);
    let second = plan::next_version(cx, first.id).await?;
    let weights = [("A05", 28), ("A06", 26), ("A08", 22)];
    let leave = Resplit {
        unit: "G2".to_owned(),
        from: month(6)?,
        to: month(8)?,
        weights: weights
            .map(|(employee_no, weight)| MemberWeight { employee_no: employee_no.to_owned(), weight })
            .to_vec(),
        units: Vec::new(),
    };
    plan::resplit(cx, second.id, leave, Seen::Any).await?;
    plan::submit(cx, second.id, Seen::Any).await?;
    cx.identity = Some(approver);
    plan::approve(cx, second.id, Approval { effective_from: month(6)? }, Seen::Any).await?;
    cx.identity = None;
    Ok(())
}

/// The first release: drafted by HR, consulted and published before the year begins, approved by the general manager.
async fn release_rules(cx: &mut Context, files: &Files) -> Result<(), Problem> {
    let (loading, now) = (cx.identity.take(), cx.now);
    let at = |day: NaiveDate| day.and_time(chrono::NaiveTime::MIN).and_utc();
    let submission = Submission {
        effective_from: Period::new(YEAR, 1).ok_or_else(out_of_range)?,
        consulted_on: NaiveDate::from_ymd_opt(YEAR - 1, 12, 1).ok_or_else(out_of_range)?,
        note: "首次发布".to_owned(),
        until_next: false,
    };
    cx.now = at(submission.consulted_on);
    cx.identity = Some(login(cx, "hr").await?);
    let draft = draft::create(cx, files, draft::DraftOrigin::Import, "", None).await?;
    decision::submit(cx, draft.id, submission, Seen::Any).await?;
    cx.now = at(NaiveDate::from_ymd_opt(YEAR - 1, 12, 15).ok_or_else(out_of_range)?);
    cx.identity = Some(login(cx, "gm").await?);
    decision::approve(cx, draft.id, "同意", Seen::Any).await?;
    (cx.identity, cx.now) = (loading, now);
    Ok(())
}

fn out_of_range() -> Problem {
    Problem::internal(&"the demonstration's year is out of range")
}

/// A login of the demonstration, to do something as that person.
async fn login(cx: &mut Context, login: &str) -> Result<Identity, Problem> {
    let found: (i64, i32, Vec<Role>, Option<i64>, Option<i64>) = user_account::table
        .filter(user_account::login.eq(login))
        .select((
            user_account::id,
            user_account::version,
            user_account::roles,
            user_account::employee_id,
            user_account::unit_id,
        ))
        .first(cx.db())
        .await?;
    let (user_id, account_version, roles, employee_id, unit_id) = found;
    Ok(Identity { user_id, account_version, roles, employee_id, unit_id })
}

async fn load_facts(
    connection: &mut AsyncPgConnection,
    catalogue: &Catalogue,
    extent: Extent,
    (period, now): (Period, DateTime<Utc>),
) -> Result<(), Problem> {
    let store = org::unit_by_code(connection, STORE).await?.ok_or_else(|| Problem::not_found("store"))?;
    let numbers = PEOPLE.map(|person| person.employee_no.to_owned());
    let ids = org::employees_by_no(connection, &numbers).await?;
    let targets: HashMap<i64, i64> = plan::targets_in_force(connection, &[store.id], period)
        .await?
        .into_iter()
        .filter_map(|target| Some((target.employee_id, i64::try_from(target.value).ok()?)))
        .collect();
    let mut entries = Vec::new();
    for (employee_no, mut facts) in facts_of(period, |employee_no| {
        ids.get(employee_no).and_then(|id| targets.get(id)).copied().unwrap_or(0)
    }) {
        let Some(employee_id) = ids.get(employee_no).copied() else { continue };
        // Every car leaves with a temporary plate.
        let delivered = facts.iter().find(|(metric, _)| *metric == "deliveries");
        let plates =
            delivered.filter(|_| extent == Extent::Whole).map(|(_, cars)| ("temporary_plates", *cars));
        facts.extend(plates);
        entries.extend(
            facts.into_iter().map(|(metric, tenths)| {
                Entry::total(employee_id, metric, Decimal::new(tenths, 1).normalize())
            }),
        );
    }
    let deliveries = ledger::deliveries(catalogue, &entries);
    let origin = ValueOrigin {
        source_system: "demo".to_owned(),
        batch_id: None,
        user_id: None,
        at: now,
        reason: None,
    };
    ledger::record(connection, period, &entries, &origin, Late::Refuse).await?;
    let people = Vec::from_iter(ids.values().copied());
    let speakers = ledger::speakers(connection, period, &people, &Scope::operator()).await?;
    // Everybody's numbers are there: whoever has none in a source has nothing there.
    for word in [SourceWord::In, SourceWord::Complete] {
        ledger::note(connection, period, (word, &deliveries), &speakers, &origin, Late::Refuse).await?;
    }
    Ok(())
}

/// Everybody's facts of a month, given each advisor's target.
fn facts_of(period: Period, target: impl Fn(&str) -> i64) -> Vec<(&'static str, Vec<Tenths>)> {
    let (m, days) = (i64::from(period.month()), i64::from(period.days()));
    let advisors = PEOPLE.iter().filter(|person| person.employee_no.starts_with('A'));
    let mut facts = (1..)
        .zip(advisors)
        .map(|(i, person)| (person.employee_no, formula::advisor(i, m, target(person.employee_no), days)))
        .collect::<Vec<_>>();
    facts.extend((1..).zip(["A01", "A05", "A09"]).map(|(g, leader)| (leader, formula::leader(g, m))));
    facts.push(("T01", formula::telesales(m, days)));
    facts
}
