//! A group's plan: 700 stores, 10,500 people, 12 months, five lines. `cargo bench --bench group_plan`
//!
//! Prints how long it takes to split and store it, to plan the rest of its year again, to pin one cell, to read it, and to
//! find the targets of a month in all stores.
//! Runs on a private PostgreSQL of its own, or on `DATABASE_URL`, an empty database.

use std::time::Instant;

use diesel_async::{RunQueryDsl as _, SimpleAsyncConnection as _};
use showfloor::auth::Context;
use showfloor::db::embedded::{Cluster, Tuning};
use showfloor::db::{Pool, migrate, pool};
use showfloor::http::etag::Seen;
use showfloor::ledger::metric::CatalogueFile;
use showfloor::plan::reading::document;
use showfloor::plan::versions::pins::{Pins, pin};
use showfloor::plan::versions::replan::Results;
use showfloor::plan::{self, Levels, MemberWeight, Method, NewLine, NewPlan, Pin, Replan, UnitWeight};

const STORES: i64 = 700;
const TEAMS: i64 = 3;
const MEMBERS: i64 = 5;

/// The organisation, written as it would stand after years.
const ORGANISATION: &str = "
    INSERT INTO org_unit (code, name, kind, path, valid_from)
        VALUES ('GROUP', '集团', 'group', '{}', '2013-01-01');
    INSERT INTO org_unit (code, name, kind, parent_id, path, store_id, valid_from)
        SELECT 'S' || s, '店', 'store', g.id, '{}', g.id, '2013-01-01'
        FROM org_unit g CROSS JOIN generate_series(1, 700) s WHERE g.kind = 'group';
    INSERT INTO org_unit (code, name, kind, parent_id, path, store_id, valid_from)
        SELECT s.code || 'T' || t, '组', 'team', s.id, '{}', s.id, '2013-01-01'
        FROM org_unit s CROSS JOIN generate_series(1, 3) t WHERE s.kind = 'store';
    UPDATE org_unit SET path = ARRAY[id], store_id = NULL WHERE kind = 'group';
    UPDATE org_unit SET path = ARRAY[parent_id, id], store_id = id WHERE kind = 'store';
    UPDATE org_unit t SET path = s.path || t.id, store_id = s.id FROM org_unit s WHERE t.kind = 'team' AND s.id = t.parent_id;
    INSERT INTO employee (employee_no, name, status)
        SELECT t.code || 'P' || p, '某某', 'active' FROM org_unit t CROSS JOIN generate_series(1, 5) p WHERE t.kind = 'team';
    INSERT INTO assignment (employee_id, unit_id, position, valid_from)
        SELECT e.id, t.id, 'sales_consultant', '2013-01-01'
        FROM employee e JOIN org_unit t ON t.kind = 'team' AND e.employee_no LIKE t.code || 'P_'
        WHERE e.employee_no = t.code || 'P' || right(e.employee_no, 1);
    ANALYZE;";

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

/// The stores' ids.
#[derive(diesel::QueryableByName)]
struct Store {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    id: i64,
}

async fn timed<T>(what: &str, work: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let value = work.await;
    println!("{:>10.1} ms  {what}", begun.elapsed().as_secs_f64() * 1_000.0);
    value
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let given = std::env::var("DATABASE_URL").ok();
    let cluster = match given {
        Some(_) => None,
        None => Some(Cluster::start(&folder.path().join("postgres"), Tuning::Durable).await?),
    };
    let url = match (&cluster, given) {
        (Some(cluster), _) => {
            cluster.create_database_if_missing("bench").await?;
            cluster.url("bench")
        }
        (None, Some(url)) => url,
        (None, None) => return Ok(()),
    };
    let pool = pool::open(&url, 4)?;
    migrate::run(&pool).await?;
    measure(&pool).await?;
    pool.close();
    if let Some(cluster) = cluster {
        cluster.stop().await?;
    }
    Ok(())
}

async fn measure(pool: &Pool) -> anyhow::Result<()> {
    let cx = &mut Context::operator(pool, "2014-01-02T00:00:00Z".parse()?).await?;
    let catalogue = CatalogueFile::open("rules/metrics.toml".into()).current()?;
    cx.db().batch_execute(ORGANISATION).await?;
    let created = timed("split and stored: 700 stores, 10,500 people, 5 lines, 3 levels", async {
        plan::create(cx, &catalogue, group_plan()).await
    })
    .await?;
    diesel::sql_query(
        "UPDATE annual_plan SET status = 'approved', effective_from = '2014-01-01', approved_at = now()",
    )
    .execute(cx.db())
    .await?;
    let stores: Vec<Store> =
        diesel::sql_query("SELECT id FROM org_unit WHERE kind = 'store' ORDER BY id").load(cx.db()).await?;
    let stores: Vec<i64> = stores.into_iter().map(|store| store.id).collect();
    let month = "2014-06".parse()?;
    for what in ["the targets of a month, all stores", "the same again"] {
        timed(what, plan::targets_in_force(cx.db(), &stores, month)).await?;
    }
    for what in ["the targets of a month, one store", "the same again"] {
        timed(what, plan::targets_in_force(cx.db(), &stores[350..351], month)).await?;
    }
    for what in ["the units' targets of a month, all stores", "the same again"] {
        timed(what, plan::unit_targets_in_force(cx.db(), &stores, month)).await?;
    }
    let change = Replan {
        from: "2014-04".parse()?,
        total: None,
        season: None,
        results: vec![Results { metric: "deliveries".to_owned(), months: vec![109_200, 64_400, 100_800] }],
    };
    let draft = timed("the rest of the year planned again and stored", async {
        plan::replan(cx, created.id, change).await
    })
    .await?;
    let one = |unit: &str, person: Option<&str>, value: i64| Pin {
        metric: None,
        unit: Some(unit.to_owned()),
        employee_no: person.map(str::to_owned),
        channel: None,
        series: None,
        period: month,
        value: Some(value),
    };
    for (what, one) in [
        ("one cell pinned", one("S350T2", Some("S350T2P3"), 15)),
        ("one more", one("S351T1", Some("S351T1P2"), 14)),
        ("one more, a team's", one("S352T1", None, 60)),
        ("one more, more than the store has", one("S353T1", Some("S353T1P1"), 4_000)),
        ("one more, a store's", one("S354", None, 200)),
    ] {
        timed(what, async { pin(cx, draft.id, Pins { pins: vec![one] }, Seen::Any).await }).await?;
    }
    timed("one line read", document::read(cx, draft.id, None)).await?;
    timed("the draft thrown away", plan::versions::store::delete(cx, draft.id, Seen::Any)).await?;
    Ok(())
}
