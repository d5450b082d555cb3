//! A month of all stores published, asked who has to do something about it, and locked: by the command line, each in one run,
//! beside a COPY of the rows that it wrote.

use std::path::Path;

use anyhow::ensure;

use crate::data::MONTH;
use crate::place::Database;
use crate::program::{self, Ran};
use crate::report::{Figure, Goal, Line, Report};

/// Measures them. The month is locked afterwards.
pub async fn measure(database: &Database, folder: &Path, report: &mut Report) -> anyhow::Result<()> {
    database.run(include_str!("sql/checked.sql")).await?;
    database.run("VACUUM ANALYZE").await?;
    let of_month = "FROM review_cycle c JOIN review r ON r.cycle_id = c.id AND r.is_current
         WHERE c.period = current_setting('bench.period')::date";
    let reviews = database.number(&format!("SELECT count(*) {of_month}")).await?;
    let people = u64::try_from(reviews)?;
    let told = "review_acknowledgement WHERE act = 'told'";

    let published = moved(database, folder, "published").await?;
    ensure!(
        database.number(&format!("SELECT count(*) FROM {told}")).await? == reviews,
        "not everybody is told"
    );
    let copied = database.copy_like("review_acknowledgement", "act = 'told'").await?;
    report.add(
        line(format!("publish {reviews} reviews, and tell everybody"), &published, people)
            .beside("COPY of what it wrote", Figure::time(copied)),
    );

    database.settle().await?;
    let asked = program::run_silently(program::showfloor(&database.url, folder).args(["tasks", "--json"]))?;
    report.add(line(format!("tasks of everybody, {reviews} unanswered reviews"), &asked, people));

    database.run(include_str!("sql/silent.sql")).await?;
    database.run("VACUUM ANALYZE review_acknowledgement").await?;
    let locked = moved(database, folder, "locked").await?;
    let left = database.number(&format!("SELECT count(*) {of_month} AND c.state <> 'locked'")).await?;
    ensure!(left == 0, "{left} reviews are of months that are not locked");
    let copied = database.copy_like("review_acknowledgement", "act = 'lapsed'").await?;
    report.add(
        line(format!("lock {reviews} reviews, whose terms lapse"), &locked, people)
            .beside("COPY of what it wrote", Figure::time(copied)),
    );
    Ok(())
}

/// Moves the month of all stores.
async fn moved(database: &Database, folder: &Path, to: &str) -> anyhow::Result<Ran> {
    database.settle().await?;
    let mut command = program::showfloor(&database.url, folder);
    program::run_silently(command.args(["cycles", "move", MONTH, "--to", to, "--json"]))
}

/// What it took, and a person: a group of 100,000 is to take seconds.
fn line(what: String, ran: &Ran, people: u64) -> Line {
    let each = Figure::each(ran.wall, people).show();
    Line::new(what, Figure::time(ran.wall))
        .goal(Goal::AtMost(Figure::milliseconds(30_000)))
        .note(format!("{each} each"))
}
