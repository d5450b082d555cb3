//! The group that is measured: its organisation, a plan, released rules, and a month of facts.

use diesel_async::RunQueryDsl as _;
use showfloor::auth::Context;
use showfloor::clock::Clock;
use showfloor::ledger::metric::Catalogue;
use showfloor::plan::{self, Levels, MemberWeight, Method, NewPlan, UnitWeight};
use showfloor::rules::folder::RulesFolder;

use crate::place::Database;
use crate::serve;

/// The month that is generated.
pub const MONTH: &str = "2014-12";
/// The rules that score it, from the package's folder, where cargo runs benchmarks.
pub const RULES: &str = "rules";
/// People of a store.
pub const STORE: u32 = 40;
/// Most stores that the group's plan has: a plan's units are at most so many.
const PLANNED: u32 = 2_000;

/// Makes the group with so many people, everything but facts.
pub async fn organisation(database: &Database, people: u32) -> anyhow::Result<()> {
    database.set("people", &people.to_string()).await?;
    database.set("period", &format!("{MONTH}-01")).await?;
    database.run(include_str!("sql/organisation.sql")).await?;
    serve::create_login(&database.pool).await?;
    let cx = &mut Context::operator(&database.pool, Clock::System.now()).await?;
    RulesFolder::new(RULES.as_ref(), true).sync(cx).await?;
    Ok(())
}

/// A plan of the group's deliveries in force, and what everybody did in the month.
pub async fn facts(database: &Database, people: u32) -> anyhow::Result<()> {
    let cx = &mut Context::operator(&database.pool, Clock::System.now()).await?;
    let catalogue = Catalogue::parse(&std::fs::read_to_string(format!("{RULES}/metrics.toml"))?)?;
    plan::create(cx, &catalogue, group_plan(people)).await?;
    let approved =
        "UPDATE annual_plan SET status = 'approved', effective_from = '2014-01-01', approved_at = created_at";
    diesel::sql_query(approved).execute(cx.db()).await?;
    database.run(include_str!("sql/facts.sql")).await
}

/// Every store and team has its part; of one store in ten everybody has, too. The others' people have delivered targets.
fn group_plan(people: u32) -> NewPlan {
    let stores = (people / STORE).min(PLANNED);
    let members = |store: u32, team: u32| match store % 10 {
        0 => (1..=10)
            .map(|place| (store - 1) * STORE + (team - 1) * 10 + place)
            .map(|number| MemberWeight {
                employee_no: format!("P{number:07}"),
                weight: i64::from(20 + number % 7),
            })
            .collect(),
        _ => Vec::new(),
    };
    let team = |store: u32, team: u32| UnitWeight {
        unit: format!("S{store}T{team}"),
        weight: i64::from(24 + team),
        units: Vec::new(),
        members: members(store, team),
    };
    let store = |store: u32| UnitWeight {
        unit: format!("S{store}"),
        weight: i64::from(500 + store * 37 % 401),
        units: (1..=4).map(|number| team(store, number)).collect(),
        members: Vec::new(),
    };
    NewPlan {
        unit: "GROUP".to_owned(),
        year: 2014,
        metric: "deliveries".to_owned(),
        total: i64::from(stores) * i64::from(STORE) * 14 * 12,
        levels: Levels::default(),
        method: Method::Season,
        season: vec![950, 640, 880, 810, 795, 785, 690, 745, 875, 885, 925, 1020],
        units: (1..=stores).map(store).collect(),
        channels: Vec::new(),
        series: Vec::new(),
        lines: Vec::new(),
        pins: Vec::new(),
    }
}
