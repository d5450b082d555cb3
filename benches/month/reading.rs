//! Reviews read by 64 connections at once, beside pgbench running the same statements.

use std::time::Duration;

use crate::data::MONTH;
use crate::load;
use crate::pgbench;
use crate::place::{Database, Place};
use crate::report::{Figure, Goal, Line, Report};
use crate::serve::Served;

/// Connections that ask at once.
pub const CONNECTIONS: u32 = 64;

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
