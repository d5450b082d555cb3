//! `showfloor replay`

use std::io::{self, Write as _};
use std::str::FromStr;

use comfy_table::ContentArrangement;
use serde_json::Value;

use super::database::Database;
use super::generate::progress_bar;
use super::{Ended, listed, table, tell};
use crate::config::Storage;
use crate::period::Period;
use crate::reviews::replay::compare::Replay;
use crate::reviews::replay::stored::{self, ReplayFilter};
use crate::reviews::replay::{ReplayReport, many};

/// Options of `showfloor replay`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit status 0: every review came out as it is stored; 1: some did not, and both traces are printed.\n\n\
    Examples:\n  showfloor replay --period 2014-03\n  showfloor replay --period 2014 --store JC --json"
)]
pub struct ReplayArgs {
    /// The month, or all months of a year.
    #[arg(long, value_name = "YYYY-MM|YYYY")]
    period: Months,
    /// Only this store, by code.
    #[arg(long, value_name = "CODE")]
    store: Option<String>,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// A month, or a whole year: the first and the last month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Months(Period, Period);

impl FromStr for Months {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(month) = text.parse::<Period>() {
            return Ok(Self(month, month));
        }
        let is_year = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        let months = text.parse().ok().filter(|_| is_year).map(Period::months_of).unwrap_or_default();
        match (months.first(), months.last()) {
            (Some(first), Some(last)) => Ok(Self(*first, *last)),
            _ => Err("expected YYYY-MM or YYYY, for example 2014-03 or 2014".to_owned()),
        }
    }
}

/// Runs stored reviews again and says which did not come out the same.
pub async fn run(args: ReplayArgs, storage: Storage) -> anyhow::Result<Ended> {
    let Months(first, last) = args.period;
    let filter = ReplayFilter { id: None, months: Some((first, last)), store: args.store.clone() };
    let report = Database::as_operator(&storage, async |cx| {
        let count = stored::count(cx.db(), &filter).await?;
        anyhow::ensure!(count > 0, tell!("没有可以重算的成绩", "there is no review to run again"));
        let progress = progress_bar(usize::try_from(count)?, &tell!("份成绩", "reviews"));
        let advance = |done| progress.inc(u64::try_from(done).unwrap_or(u64::MAX));
        let report = many(cx, &filter, advance).await?;
        progress.finish_and_clear();
        Ok(report)
    })
    .await?;
    print(&report, args.json)?;
    Ok(if report.is_same() { Ended::Well } else { Ended::WithFindings })
}

fn print(report: &ReplayReport, json: bool) -> anyhow::Result<()> {
    let mut out = io::stdout();
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(report)?)?;
        return Ok(());
    }
    let columns = [
        ("门店", "store"),
        ("月份", "month"),
        ("成绩", "reviews"),
        ("相同", "proved"),
        ("不同", "incidents"),
    ];
    let mut rows = table::new(&columns, &[2, 3, 4]);
    for month in &report.months {
        rows.add_row([
            month.store.clone(),
            month.period.to_string(),
            month.reviews.to_string(),
            month.proved.to_string(),
            month.incidents.to_string(),
        ]);
    }
    writeln!(out, "{rows}")?;
    for remark in &report.remarks {
        writeln!(out, "{remark}")?;
    }
    for incident in &report.incidents {
        writeln!(out, "\n{}", side_by_side(incident))?;
    }
    let all: usize = report.months.iter().map(|month| month.incidents).sum();
    if all > report.incidents.len() {
        let more = all - report.incidents.len();
        writeln!(out, "\n{}", tell!("另有 {more} 份", "and {more} more"))?;
    }
    Ok(())
}

/// Every field that differs, and the rules that differ with both traces beside each other.
fn side_by_side(incident: &Replay) -> String {
    let fields = incident.differences.iter().map(|difference| difference.field.as_str());
    let fields = listed(&fields.collect::<Vec<_>>());
    let mut rows = table::new(&[("", ""), ("存的", "stored"), ("重算的", "replayed")], &[]);
    rows.set_content_arrangement(ContentArrangement::Dynamic);
    for difference in &incident.differences {
        // The trace is shown rule by rule below.
        if difference.field != "trace" {
            rows.add_row([difference.field.clone(), shown(&difference.stored), shown(&difference.replayed)]);
        }
    }
    let rules = |trace: &Option<Value>| trace.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
    let (stored, replayed) = (rules(&incident.stored), rules(&incident.replayed));
    for place in 0..stored.len().max(replayed.len()) {
        let (stored, replayed) = (stored.get(place), replayed.get(place));
        if stored != replayed {
            let id = [stored, replayed].into_iter().flatten().find_map(|rule| rule.get("rule")?.as_str());
            let side = |rule: Option<&Value>| rule.map(as_read).unwrap_or_default();
            rows.add_row([id.unwrap_or_default().to_owned(), side(stored), side(replayed)]);
        }
    }
    let (review, bundle) = (incident.review, &incident.bundle);
    let mut text = tell!(
        "成绩 {review}（规则包 {bundle:.12}）：{fields} 不同",
        "review {review} (bundle {bundle:.12}): {fields} differ"
    );
    if rows.row_count() > 0 {
        text.push_str(&format!("\n{rows}"));
    }
    text
}

/// A rule of a trace as people read it: its points and its reasons, a line each.
fn as_read(rule: &Value) -> String {
    let mut lines = vec![rule.get("score").map(shown).unwrap_or_default()];
    let steps = rule.get("steps").and_then(Value::as_array).into_iter().flatten();
    lines.extend(steps.filter_map(|step| step.get("reason")).map(shown));
    lines.extend(rule.get("failure").filter(|failure| !failure.is_null()).map(shown));
    let inputs = rule.get("inputs").and_then(Value::as_array).into_iter().flatten();
    let inputs = inputs.map(|input| {
        let of = |key| input.get(key).map(shown).unwrap_or_default();
        format!("{} = {}", of("name"), of("value"))
    });
    lines.push(inputs.collect::<Vec<_>>().join(", "));
    lines.join("\n")
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_a_month_or_a_year() {
        let months = |text: &str| text.parse::<Months>().map(|Months(first, last)| format!("{first} {last}"));
        assert_eq!(months("2014-03"), Ok("2014-03 2014-03".to_owned()));
        assert_eq!(months("2014"), Ok("2014-01 2014-12".to_owned()));
        for wrong in ["", "14", "20144", "2014-13", "year", "1000", "+201"] {
            assert!(months(wrong).is_err(), "{wrong}");
        }
    }
}
