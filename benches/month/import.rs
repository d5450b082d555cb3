//! A CSV of everybody's funnel imported, and once more, beside a COPY of the same values.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::place::{Database, Place};
use crate::program::{self, Ran};
use crate::report::{Figure, Goal, Line, Report};

/// A month that nobody has written about.
const MONTH: &str = "2015-01";

/// Measures it.
pub async fn measure(
    place: &Place,
    database: &Database,
    people: u32,
    report: &mut Report,
) -> anyhow::Result<()> {
    let file = place.file("funnel.csv");
    fs::write(&file, funnel(people))?;
    let import = || {
        let mut command = program::showfloor(&database.url, &place.file("data"));
        command.arg("import").arg(&file).args(["--kind", "dms-funnel", "--period", MONTH, "--json"]);
        program::run(&mut command)
    };
    let values = i64::from(people) * 7;
    database.settle().await?;
    let first = import()?;
    ensure!(
        counted(&first, "added")? == values,
        "not every value was added: {}",
        String::from_utf8_lossy(&first.out)
    );
    database.settle().await?;
    let again = import()?;
    ensure!(
        counted(&again, "unchanged")? == values,
        "not every value was known: {}",
        String::from_utf8_lossy(&again.out)
    );
    let copied = database.copy_like("fact", &format!("period = '{MONTH}-01'")).await?;
    for (what, ran, most) in
        [(format!("import of {people} rows"), first, 300), ("import again".to_owned(), again, 100)]
    {
        report.add(
            Line::new(what, Figure::time(ran.wall))
                .beside("COPY of the values", Figure::time(copied))
                .goal(Goal::at_most_percent(most)),
        );
    }
    Ok(())
}

fn counted(ran: &Ran, what: &str) -> anyhow::Result<i64> {
    let report: Value = serde_json::from_slice(&ran.out)?;
    report.get(what).and_then(Value::as_i64).with_context(|| format!("the import counts no '{what}'"))
}

fn funnel(people: u32) -> String {
    let mut text = "工号,首次到店,留档数,到店客户数,试驾数,新增订单,交车台数,精品金额\n".to_owned();
    for number in 1..=people {
        let part = |step: u32, limit: u32| number.wrapping_mul(step) / 8 % limit;
        let (visits, delivered) = (40 + part(7_919, 40), 5 + part(104_729, 20));
        // Writing to a text cannot fail.
        let _ = writeln!(
            text,
            "P{number:07},{visits},{},{},{},{},{delivered},{}.50",
            visits * 8 / 10,
            visits * 9 / 10,
            visits / 2,
            delivered + 2,
            delivered * (1_500 + part(15_485_863, 1_500)),
        );
    }
    text
}
