//! A month generated: beside a COPY of its own rows and the eight rules written by hand in SQL, and every review compared
//! with what those come to.

use std::path::Path;

use anyhow::ensure;

use crate::data::{MONTH, RULES};
use crate::place::Database;
use crate::program::{self, Ran};
use crate::report::{Figure, Goal, Line, Report};

/// Generates the month.
pub fn generate(database: &Database, folder: &Path) -> anyhow::Result<Ran> {
    program::run(
        program::showfloor(&database.url, folder).args(["generate", MONTH, "--json", "--rules", RULES]),
    )
}

/// Measures the first generation, and one that finds nothing to do; says what the first one took.
pub async fn measure(database: &Database, folder: &Path, report: &mut Report) -> anyhow::Result<Ran> {
    database.settle().await?;
    let first = generate(database, folder)?;
    database.settle().await?;
    let again = generate(database, folder)?;
    database.run("ANALYZE").await?;
    let written = database.number("SELECT count(*) FROM review").await?;

    database.run(include_str!("sql/rules.sql")).await?;
    let by_hand = database.timed(include_str!("sql/consultants.sql")).await?;
    database.run(include_str!("sql/leaders.sql")).await?;
    compare(database).await?;

    let mut copy = database.copy_like("review", "true").await?;
    if database.has("review_item").await? {
        copy += database.copy_like("review_item", "true").await?;
    }
    let cpu = |ran: &Ran| ran.cpu.map_or_else(String::new, |cpu| format!("our CPU {} ms", cpu.as_millis()));
    let (first_figure, again_figure) = (Figure::time(first.wall), Figure::time(again.wall));
    let copied = Figure::time(copy);
    report.add(
        Line::new(format!("generate {written} reviews"), first_figure)
            .beside("COPY of the finished rows", copied)
            .goal(Goal::at_most_percent(140))
            .note(cpu(&first)),
    );
    report.add(
        Line::new("generate, beside SQL by hand", first_figure)
            .beside("eight rules as one INSERT … SELECT", Figure::time(by_hand))
            .goal(Goal::at_most_percent(33)),
    );
    report.add(
        Line::new("generate again, unchanged", again_figure)
            .beside("COPY of the finished rows", copied)
            .goal(Goal::at_most_percent(70))
            .note(cpu(&again)),
    );
    Ok(first)
}

/// Compares every review with what the rules come to in SQL.
async fn compare(database: &Database) -> anyhow::Result<()> {
    let row = database.row(include_str!("sql/compare.sql")).await?;
    let (reviews, different): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    let example: Option<String> = row.try_get(2)?;
    ensure!(
        different == 0,
        "{different} of {reviews} reviews are not what the rules come to by hand: {}",
        example.unwrap_or_default()
    );
    eprintln!("    all {reviews} reviews are what the rules come to by hand");
    Ok(())
}

/// The most memory of generation, for a tenth of the people and for all of them.
pub fn memory(few: &Ran, many: &Ran, report: &mut Report) {
    let (Some(few), Some(many)) = (few.peak, many.peak) else {
        eprintln!("    memory: this system does not say how much a process has had");
        return;
    };
    report.add(
        Line::new("memory of generation", Figure::memory(many))
            .beside("that of a tenth of the people", Figure::memory(few))
            .goal(Goal::at_most_percent(115)),
    );
}
