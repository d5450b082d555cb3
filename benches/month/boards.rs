//! Dashboards: one after the other; by 64 connections at once, each asking for another unit and month every time; and asked again when
//! nothing has changed.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use crate::data::{MONTH, STORE};
use crate::load::{self, Client};
use crate::place::{Database, Place};
use crate::program;
use crate::reading::CONNECTIONS;
use crate::report::{Figure, Goal, Line, Report};
use crate::serve::Served;

/// The last month of which reviews are published.
const PUBLISHED: &str = "2014-11";
/// Resources of units.
const OF_UNITS: [&str; 7] = [
    "attainment",
    "funnel",
    "channel-funnel",
    "phone-web-funnel",
    "product-lines",
    "quality",
    "coefficients",
];
/// Units that are asked for, and what is shown of them.
const UNITS: [(&str, &str); 4] = [
    ("the group", "&level=group"),
    ("a store", ""),
    ("a department", "&level=department,team"),
    ("a team", "&level=team"),
];
/// Most milliseconds that 99 of 100 answers take.
const MOST: u32 = 50;
/// How often each connection asks whether anything has changed.
const AGAIN: u32 = 100;

/// Measures leaderboard, attainment, funnel and distribution one by one, everything from many connections, and what it costs to say
/// that nothing has changed.
pub async fn measure(
    place: &Place,
    database: &Database,
    people: u32,
    span: Duration,
    report: &mut Report,
) -> anyhow::Result<()> {
    let served = Served::start(database, &place.file("data")).await?;
    let months = database.number("SELECT count(DISTINCT period) FROM review_cycle").await?;
    for (what, path, most) in [
        ("leaderboard of a store", format!("leaderboard?period={PUBLISHED}&unit=S1"), 10),
        ("attainment of the group", format!("attainment?period={MONTH}&unit=GROUP&level=group"), MOST),
        ("attainment of all units of the group", format!("attainment?period={MONTH}&unit=GROUP"), MOST),
        ("stock depth of the group", format!("stock-depth?period={MONTH}&unit=GROUP&level=group"), MOST),
        ("funnel of a store", format!("funnel?period={MONTH}&unit=S1"), 20),
        ("distribution of a store", format!("distribution?period={PUBLISHED}&unit=S1"), 20),
    ] {
        let median = load::one_by_one(served.asked(), &format!("/v1/dashboard/{path}"), span).await?;
        report.add(
            Line::new(format!("{what}, {months} months"), Figure::time(median))
                .goal(Goal::AtMost(Figure::milliseconds(most))),
        );
    }
    for asked in asked() {
        // What a group's months come to is found once, and statements are prepared.
        let mut client = Client::open(served.address, Some(&served.token)).await?;
        let begun = Instant::now();
        for draw in 0..24 {
            client.get(&asked.path(draw * 7, people)).await?;
        }
        let first = begun.elapsed() / 24;
        let path = {
            let asked = asked.clone();
            // Steps of a large prime: another unit and month each time.
            move |connection: u32, request: u32| {
                asked.path((u64::from(connection) * 1_000_003 + u64::from(request)) * 2_654_435_761, people)
            }
        };
        let load = load::load(served.asked(), CONNECTIONS, span, path).await?;
        let note = format!(
            "p50 {}, {} a second; one by one, the first time {}",
            Figure::time(load.median).show(),
            Figure::rate(&load).show(),
            Figure::time(first).show()
        );
        report.add(
            Line::new(format!("{}, {CONNECTIONS} connections, p99", asked.what), Figure::time(load.p99))
                .goal(Goal::AtMost(Figure::milliseconds(MOST)))
                .note(note),
        );
    }
    unchanged(&served, database, people, report).await?;
    served.stop().await
}

/// What is asked for, of a unit and a month that are drawn.
#[derive(Clone)]
struct Asked {
    what: String,
    resource: &'static str,
    unit: &'static str,
    parameters: String,
}

impl Asked {
    /// Where it is, for a draw.
    fn path(&self, draw: u64, people: u32) -> String {
        let stores = u64::from(people / STORE);
        let store = draw % stores + 1;
        let unit = match self.unit {
            "the group" => "GROUP".to_owned(),
            "a store" => format!("S{store}"),
            // One store of ten has one.
            "a department" => {
                let fifth = (store - 1) / 10 * 10 + 5;
                format!("S{}D", if fifth > stores { fifth - 10 } else { fifth })
            }
            _ => format!("S{store}T{}", draw / stores % 4 + 1),
        };
        let month = draw / 7 % 24;
        let period = format!("{}-{:02}", 2013 + month / 12, month % 12 + 1);
        let Self { resource, parameters, .. } = self;
        format!("/v1/dashboard/{resource}?period={period}&unit={unit}{parameters}")
    }
}

fn asked() -> Vec<Asked> {
    let mut all = Vec::new();
    for (unit, level) in UNITS {
        for (months, parameter) in [("a month", ""), ("24 months", "&months=24")] {
            for resource in OF_UNITS.into_iter().chain(["distribution"]) {
                let level = if resource == "distribution" { "" } else { level };
                let what = format!("{resource} of {unit}, {months}");
                all.push(Asked { what, resource, unit, parameters: format!("{level}{parameter}") });
            }
        }
        let what = format!("leaderboard of {unit}, a month");
        all.push(Asked { what, resource: "leaderboard", unit, parameters: String::new() });
    }
    all
}

/// What the server takes of the processor to say that nothing has changed, and PostgreSQL beside it.
async fn unchanged(
    served: &Served,
    database: &Database,
    people: u32,
    report: &mut Report,
) -> anyhow::Result<()> {
    let postmaster = database.text("SELECT pg_read_file('postmaster.pid')").await?;
    let postmaster = postmaster.lines().next().context("no process")?.trim().parse::<u32>()?;
    for asked in asked().into_iter().filter(|asked| ["attainment", "distribution"].contains(&asked.resource))
    {
        let mut screens = Vec::new();
        for connection in 0..CONNECTIONS {
            let mut client = Client::open(served.address, Some(&served.token)).await?;
            let path = asked.path(u64::from(connection) * 2_654_435_761, people);
            let tag = client.tag_of(&path).await?;
            screens.push((client, path, tag));
        }
        let before = (served.cpu(), program::cpu_of_children(postmaster));
        let screens = screens.into_iter().map(|(mut client, path, tag)| {
            tokio::spawn(async move {
                for _ in 0..AGAIN {
                    client.unchanged(&path, &tag).await?;
                }
                anyhow::Ok(())
            })
        });
        for screen in screens.collect::<Vec<_>>() {
            screen.await??;
        }
        let after = (served.cpu(), program::cpu_of_children(postmaster));
        let each = |before: Option<Duration>, after: Option<Duration>| {
            Some(after?.checked_sub(before?)? / (CONNECTIONS * AGAIN))
        };
        let Some(ours) = each(before.0, after.0) else { return Ok(()) };
        ensure!(ours > Duration::ZERO, "the processor's time is not counted here");
        let mut line = Line::new(format!("304 of {}, our processor time", asked.what), Figure::time(ours))
            .goal(Goal::AtMost(Figure::milliseconds(1)));
        if let Some(theirs) = each(before.1, after.1) {
            line = line.note(format!("and {} of PostgreSQL's", Figure::time(theirs).show()));
        }
        report.add(line);
    }
    Ok(())
}
