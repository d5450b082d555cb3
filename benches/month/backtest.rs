//! Other rules tried on all reviews of past months.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};
use rust_decimal::Decimal;
use serde_json::Value;

use crate::data::{MONTH, RULES};
use crate::place::{Database, Place};
use crate::program;
use crate::report::{Figure, Goal, Line, Report};

/// About so many reviews are tried, as far as there are months.
const REVIEWS: i64 = 120_000;
/// What these may take.
const MOST: u32 = 2_000;

/// Measures a backtest of rules in which one number is another.
pub async fn measure(place: &Place, database: &Database, report: &mut Report) -> anyhow::Result<()> {
    let folder = place.file("tried");
    copy_folder(RULES.as_ref(), &folder)?;
    let scheme = folder.join("sales_consultant/scheme.toml");
    let text = fs::read_to_string(&scheme)?;
    let changed = text.replacen("value = 0.60", "value = 0.65", 1);
    ensure!(changed != text, "the attainment floor is no longer 0.60");
    fs::write(&scheme, changed)?;

    let row = database
        .row("SELECT count(*), (count(DISTINCT c.period))::bigint FROM review r JOIN review_cycle c ON c.id = r.cycle_id")
        .await?;
    let (reviews, months): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    let enough = (REVIEWS * months + reviews / 2) / reviews.max(1);
    let from = format!(
        "SELECT to_char(date '{MONTH}-01' - make_interval(months => {}), 'YYYY-MM')",
        enough.clamp(1, months) - 1
    );
    let from = database.text(&from).await?;
    let mut command = program::showfloor(&database.url, &place.file("data"));
    command.args(["rules", "backtest"]).arg(&folder).args(["--from", &from, "--to", MONTH, "--json"]);
    let ran = program::run(&mut command)?;
    let printed: Value = serde_json::from_slice(&ran.out)?;
    let tried = printed.get("reviews").and_then(Value::as_i64).context("the report counts no reviews")?;
    // A smaller group has fewer reviews, and less time for them.
    let most = Decimal::from(MOST) * Decimal::from(tried) / Decimal::from(REVIEWS);
    let most = u32::try_from(most.ceil().mantissa())?;
    report.add(
        Line::new(format!("backtest of {tried} reviews"), Figure::time(ran.wall))
            .goal(Goal::AtMost(Figure::milliseconds(most))),
    );
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy_folder(&entry.path(), &target)?,
            false => fs::copy(entry.path(), target).map(|_| ())?,
        }
    }
    Ok(())
}
