//! Reviews read by 64 connections at once, beside pgbench running the same statements; dashboards read one after the other.

use std::time::Duration;

use crate::data::MONTH;
use crate::load;
use crate::pgbench;
use crate::place::{Database, Place};
use crate::report::{Figure, Goal, Line, Report};
use crate::serve::Served;

/// Connections that ask at once.
const CONNECTIONS: u32 = 64;

/// Measures one review by its id, and a page of the month's.
pub async fn reviews(
    place: &Place,
    database: &Database,
    span: Duration,
    report: &mut Report,
) -> anyhow::Result<()> {
    let (least, most) = {
        let row = database.row("SELECT min(id), max(id) FROM review").await?;
        (row.try_get::<_, i64>(0)?, row.try_get::<_, i64>(1)?)
    };
    let page = format!("/v1/reviews?period={MONTH}&limit=20");
    let one = format!("/v1/reviews/{most}");
    // Before the server is measured: it is to be alone then.
    let mut yardsticks = Vec::new();
    for (path, id) in [(&one, Some(most)), (&page, None)] {
        let script = pgbench::script(place, database, path, id).await?;
        yardsticks.push(pgbench::per_second(place, database, &script, CONNECTIONS, span).await?);
    }
    let mut yardsticks = yardsticks.into_iter();
    let served = Served::start(database, &place.file("data")).await?;
    let count = u64::try_from(most - least + 1)?;
    let any = move |connection: u32, request: u32| {
        // Steps of a large prime: another review each time.
        let step = (u64::from(connection) * 1_000_003 + u64::from(request)) * 2_654_435_761;
        format!("/v1/reviews/{}", least.saturating_add_unsigned(step % count))
    };
    let mut add = |what: &str, load: &load::Load| {
        let line = Line::new(what, Figure::rate(load)).latencies(load);
        report.add(match yardsticks.next().flatten() {
            Some(rate) => line
                .beside("pgbench, the same statements", Figure::per_second(rate))
                .goal(Goal::at_least_percent(70)),
            None => line.note("there is no pgbench here to compare with"),
        });
    };
    let load = load::load(served.asked(), CONNECTIONS, span, any).await?;
    add("GET /v1/reviews/{id}, 64 connections", &load);
    let load = load::load(served.asked(), CONNECTIONS, span, move |_, _| page.clone()).await?;
    add("GET /v1/reviews?period=…&limit=20, 64 connections", &load);
    served.stop().await
}

/// Measures leaderboard, attainment, funnel and distribution.
pub async fn dashboards(
    place: &Place,
    database: &Database,
    span: Duration,
    report: &mut Report,
) -> anyhow::Result<()> {
    let served = Served::start(database, &place.file("data")).await?;
    let months = database.number("SELECT count(DISTINCT period) FROM review_cycle").await?;
    for (what, path, most) in [
        ("leaderboard of a store", format!("leaderboard?period={MONTH}&unit=S1"), 10),
        ("attainment of the group", format!("attainment?period={MONTH}&unit=GROUP"), 50),
        ("funnel of a store", format!("funnel?period={MONTH}&unit=S1"), 20),
        ("distribution of a store", format!("distribution?period={MONTH}&unit=S1"), 20),
    ] {
        let median = load::one_by_one(served.asked(), &format!("/v1/dashboard/{path}"), span).await?;
        report.add(
            Line::new(format!("{what}, {months} months"), Figure::time(median))
                .goal(Goal::AtMost(Figure::milliseconds(most))),
        );
    }
    served.stop().await
}
