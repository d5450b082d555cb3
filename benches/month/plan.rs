//! A group's plan of a year: 700 stores, 10,500 people, 12 months, five lines, three levels. Made, planned again, and changed
//! in one cell.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use diesel_async::RunQueryDsl as _;
use showfloor::auth::Context;
use showfloor::http::etag::Seen;
use showfloor::ledger::metric::Catalogue;
use showfloor::plan::versions::pins::{Pins, pin};
use showfloor::plan::versions::replan::{MissingAs, Results};
use showfloor::plan::{self, Levels, MemberWeight, Method, NewLine, NewPlan, Pin, Replan, UnitWeight};

use crate::data::RULES;
use crate::place::Place;
use crate::report::{Figure, Goal, Line, Report};

const STORES: i64 = 700;
const TEAMS: i64 = 3;
const MEMBERS: i64 = 5;

/// Measures it.
pub async fn measure(place: &Place, report: &mut Report) -> anyhow::Result<()> {
    let database = place.database("plan").await?;
    database.run(include_str!("sql/plan.sql")).await?;
    database.settle().await?;
    let cx = &mut Context::operator(&database.pool, "2014-01-02T00:00:00Z".parse()?).await?;
    let catalogue = Catalogue::parse(&std::fs::read_to_string(format!("{RULES}/metrics.toml"))?)?;
    let mut add = |what: &str, span: Duration, most: u32| {
        report.add(Line::new(what, Figure::time(span)).goal(Goal::AtMost(Figure::milliseconds(most))));
    };

    let begun = Instant::now();
    let created = plan::create(cx, &catalogue, group_plan()).await?;
    add("plan of 10,500 people made", begun.elapsed(), 500);

    let approved =
        "UPDATE annual_plan SET status = 'approved', effective_from = '2014-01-01', approved_at = created_at";
    diesel::sql_query(approved).execute(cx.db()).await?;
    let change = Replan {
        from: "2014-04".parse()?,
        total: None,
        season: None,
        results: vec![Results { metric: "deliveries".to_owned(), months: vec![109_200, 64_400, 100_800] }],
        missing: Some(MissingAs::Planned),
        release_pins: false,
    };
    database.settle().await?;
    let begun = Instant::now();
    let draft = plan::replan(cx, &catalogue, created.id, change, Ok(Seen::Any)).await?.0;
    add("the rest of its year planned again", begun.elapsed(), 500);

    let mut pinned = Vec::new();
    for store in [350, 351, 352, 353, 354] {
        let one = Pin {
            metric: None,
            unit: Some(format!("S{store}T2")),
            employee_no: Some(format!("S{store}T2P3")),
            channel: None,
            series: None,
            period: "2014-06".parse()?,
            value: Some(15),
        };
        let begun = Instant::now();
        pin(cx, draft.id, Pins { pins: vec![one] }, Seen::Any).await?;
        pinned.push(begun.elapsed());
    }
    pinned.sort_unstable();
    add("one of its cells pinned (the middle of five)", pinned.get(2).copied().context("no pin")?, 20);
    database.close();
    Ok(())
}

fn group_plan() -> NewPlan {
    let member = |team: &str, person: i64| MemberWeight {
        employee_no: format!("{team}P{person}"),
        weight: 20 + person * 3 % 7,
    };
    let team = |store: i64, team: i64| {
        let code = format!("S{store}T{team}");
        let members = (1..=MEMBERS).map(|person| member(&code, person)).collect();
        UnitWeight { unit: code, weight: 30 + team, units: Vec::new(), members }
    };
    let store = |store: i64| UnitWeight {
        unit: format!("S{store}"),
        weight: 500 + store * 37 % 401,
        units: (1..=TEAMS).map(|number| team(store, number)).collect(),
        members: Vec::new(),
    };
    let line = |metric: &str, total: i64| NewLine {
        metric: metric.to_owned(),
        total: Some(total),
        penetration: None,
        value_per_unit: None,
        levels: Levels::default(),
    };
    NewPlan {
        unit: "GROUP".to_owned(),
        year: 2014,
        metric: "deliveries".to_owned(),
        total: 1_183_000,
        levels: Levels { floor: Some(1_000_000), stretch: Some(1_300_000) },
        method: Method::Season,
        season: vec![950, 640, 880, 810, 795, 785, 690, 745, 875, 885, 925, 1020],
        units: (1..=STORES).map(store).collect(),
        channels: Vec::new(),
        series: Vec::new(),
        lines: vec![
            line("accessory_revenue", 238_763_000_000),
            line("insurance_policies", 854_000),
            line("loans", 285_600),
            line("temporary_plates", 900_000),
        ],
        pins: Vec::new(),
    }
}
