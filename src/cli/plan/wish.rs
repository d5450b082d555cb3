//! A plan as it is asked for on the command line: in a few options, or as a file.

use std::io::{self, Read as _};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use rust_decimal::Decimal;

use super::stdin_unreadable;
use crate::auth::Context;
use crate::cli::{tell, unreadable};
use crate::decimal;
use crate::http::library_words::of_json;
use crate::http::objects::from_json;
use crate::ledger::metric::{Catalogue, Kind};
use crate::plan::split::method::{Capacity, GivenMonths, Method, PastYear, PastYears};
use crate::plan::split::new_plan::{self, Levels, NewLine, NewPlan};
use crate::plan::suggestions::targets::TargetColumns;
use crate::plan::suggestions::{ColumnsBy, SuggestedFrom, SuggestedPlan, Suggestion, from_targets, suggest};
use crate::plan::workbook::template;

/// What a plan is to be.
#[derive(Debug, clap::Args)]
pub struct Wish {
    /// Code of the store or group.
    #[arg(long, value_name = "CODE", required_unless_present_any = ["file", "template"])]
    unit: Option<String>,
    /// The calendar year.
    #[arg(long, required_unless_present_any = ["file", "template"])]
    year: Option<i32>,
    /// The year's total; of an amount in yuan.
    #[arg(long, value_name = "NUMBER", value_parser = number, required_unless_present_any = ["file", "template", "targets"])]
    total: Option<Decimal>,
    /// What is planned.
    #[arg(long, default_value = "deliveries")]
    metric: String,
    /// 保底
    #[arg(long, value_name = "NUMBER", value_parser = number)]
    floor: Option<Decimal>,
    /// 挑战
    #[arg(long, value_name = "NUMBER", value_parser = number)]
    stretch: Option<Decimal>,
    /// The weights of the twelve months or four quarters; by default those of the last plan, or all alike.
    #[arg(long, value_name = "W,W,…", value_delimiter = ',')]
    season: Vec<i64>,
    /// Give units and people the weights of this earlier year's plan; without it everybody is alike.
    #[arg(long, value_name = "YEAR")]
    from_plan: Option<i32>,
    /// What is sold in addition, and how much: METRIC=TOTAL (of an amount in yuan), METRIC=RATE% of the first line, or
    /// METRIC=RATE%@YUAN for an amount. May be repeated.
    #[arg(long = "line", value_name = "METRIC=TOTAL", value_parser = line)]
    lines: Vec<LineWish>,
    /// Take the plan from this file instead, as `plan suggest --json` prints it; - is standard input.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["unit", "year", "total", "floor", "stretch", "season", "from_plan", "lines"]
    )]
    file: Option<PathBuf>,
    /// Take the plan from a template that was filled in; `plan template` writes an empty one.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["file", "unit", "year", "total", "floor", "stretch", "season", "from_plan", "lines"]
    )]
    template: Option<PathBuf>,
    /// Take the months, and the series if it has them, from this sheet of monthly targets, as the manufacturer sends it.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["file", "template", "total", "season"])]
    targets: Option<PathBuf>,
    /// Read that sheet by this saved mapping of columns; without it the usual headers are looked for.
    #[arg(long, value_name = "NAME", requires = "targets")]
    mapping: Option<String>,
}

/// A line, before the catalogue has said whether it is an amount.
#[derive(Clone, Debug, PartialEq, Eq)]
struct LineWish {
    metric: String,
    total: Option<Decimal>,
    penetration: Option<Decimal>,
    value: Option<Decimal>,
}

fn number(text: &str) -> Result<Decimal, String> {
    decimal::parse(text).ok_or_else(|| "expected a number such as 1690".to_owned())
}

fn line(text: &str) -> Result<LineWish, String> {
    let expected = || "expected METRIC=TOTAL, METRIC=RATE% or METRIC=RATE%@YUAN".to_owned();
    let (metric, rest) =
        text.split_once('=').filter(|(metric, _)| !metric.is_empty()).ok_or_else(expected)?;
    let of = |text: &str| decimal::parse(text).ok_or_else(expected);
    let wish = LineWish { metric: metric.to_owned(), total: None, penetration: None, value: None };
    let Some((percent, value)) = rest.split_once('%') else {
        return Ok(LineWish { total: Some(of(rest)?), ..wish });
    };
    let penetration = of(percent)?.checked_div(Decimal::ONE_HUNDRED).map(|rate| rate.normalize());
    let value = match value.strip_prefix('@') {
        Some(value) => Some(of(value)?),
        None if value.is_empty() => None,
        None => return Err(expected()),
    };
    Ok(LineWish { penetration, value, ..wish })
}

/// Where weights come from, in one word: `history=2013,2012`, `manual=160,108,…` and `capacity` have defaults for the rest.
pub fn method(text: &str) -> Result<Method, String> {
    let (word, rest) = text.split_once('=').unwrap_or((text, ""));
    let numbers = || -> Result<Vec<i64>, String> {
        let parts = rest.split(',').map(|part| part.trim().parse::<i64>());
        parts
            .collect::<Result<_, _>>()
            .map_err(|_| format!("{word}: expected whole numbers, as in {word}=1,2"))
    };
    match (word.replace('-', "_").as_str(), rest.is_empty()) {
        ("season", true) => Ok(Method::Season),
        ("equal", true) => Ok(Method::Equal),
        ("equal_per_head", true) => Ok(Method::EqualPerHead),
        ("capacity", true) => Ok(Method::Capacity(Capacity::default())),
        ("history", false) => {
            let year = |year: i64| i32::try_from(year).map(|year| PastYear { year, weight: 1 });
            let years = numbers()?.into_iter().map(year).collect::<Result<_, _>>();
            years.map(PastYears).map(Method::History).map_err(|_| "history: expected calendar years".to_owned())
        }
        ("manual", false) => numbers().map(GivenMonths).map(Method::Manual),
        _ => Err("expected season, equal, equal-per-head, capacity, history=YEAR,… or manual=JAN,…,DEC; others: a plan as a \
                  file"
            .to_owned()),
    }
}

impl Wish {
    /// The plan, and what whoever drafts it should know.
    pub async fn plan(
        &self,
        cx: &mut Context,
        catalogue: &Arc<Catalogue>,
        method: Option<&Method>,
    ) -> anyhow::Result<SuggestedPlan> {
        let by = |plan: NewPlan| {
            let method = method.cloned().unwrap_or_else(|| plan.method.clone());
            SuggestedPlan { plan: NewPlan { method, ..plan }, notes: Vec::new() }
        };
        if let Some(file) = &self.template {
            let bytes = std::fs::read(file).with_context(|| unreadable(file))?;
            return Ok(by(template::read_file(bytes, Arc::clone(catalogue)).await?));
        }
        if let Some(file) = &self.targets {
            let bytes = std::fs::read(file).with_context(|| unreadable(file))?;
            let columns = self.mapping.clone().map(ColumnsBy::Mapping);
            let columns = columns.unwrap_or_else(|| ColumnsBy::Headers(TargetColumns::default()));
            let asked = self.suggestion(catalogue, None)?;
            let SuggestedPlan { plan, notes } = from_targets(cx, asked, bytes, columns).await?.suggested;
            return Ok(SuggestedPlan { notes, ..by(plan) });
        }
        let Some(file) = &self.file else {
            return Ok(suggest(cx, self.suggestion(catalogue, method)?).await?);
        };
        let mut text = String::new();
        if file.as_os_str() == "-" {
            io::stdin().lock().read_to_string(&mut text).with_context(stdin_unreadable)?;
        } else {
            text = std::fs::read_to_string(file).with_context(|| unreadable(file))?;
        }
        let shown = file.display();
        let plan: NewPlan =
            from_json(text.as_bytes()).map_err(|error| of_json(&error)).with_context(|| {
                tell!(
                    "{shown} 不是 `plan suggest --json` 打印的那样的计划",
                    "{shown} is no plan, as `plan suggest --json` prints one"
                )
            })?;
        Ok(by(plan))
    }

    fn suggestion(&self, catalogue: &Catalogue, method: Option<&Method>) -> anyhow::Result<Suggestion> {
        // The command line has asked for them where there is no file.
        let total = self.total.or_else(|| self.targets.as_ref().map(|_| Decimal::ZERO));
        let (Some(unit), Some(year), Some(total)) = (&self.unit, self.year, total) else {
            anyhow::bail!(tell!(
                "要写 --unit、--year 和 --total，或 --file",
                "--unit, --year and --total are needed, or --file"
            ));
        };
        let kind = |metric: &str| {
            let found = catalogue.find(metric).and_then(|id| catalogue.get(id)).map(|metric| metric.kind);
            found.with_context(|| {
                tell!("指标目录里没有“{metric}”", "there is no metric '{metric}' in the catalogue")
            })
        };
        let units = |metric: &str, number: Decimal| -> anyhow::Result<i64> {
            let scale = if kind(metric)? == Kind::Amount { Decimal::ONE_HUNDRED } else { Decimal::ONE };
            whole(number, scale).with_context(|| {
                tell!(
                    "{metric}：{number} 不是整数（金额精确到分）",
                    "{metric}: {number} is not a whole number of units or fen"
                )
            })
        };
        let of_metric =
            |number: Option<Decimal>| number.map(|number| units(&self.metric, number)).transpose();
        let mut lines = Vec::with_capacity(self.lines.len());
        for line in &self.lines {
            let metric = &line.metric;
            let value = line.value.map(|yuan| {
                whole(yuan, Decimal::ONE_HUNDRED).with_context(|| {
                    tell!("{metric}：{yuan} 的小数多于两位", "{metric}: {yuan} has more than two decimals")
                })
            });
            lines.push(NewLine {
                metric: line.metric.clone(),
                total: line.total.map(|total| units(&line.metric, total)).transpose()?,
                penetration: line.penetration,
                value_per_unit: value.transpose()?,
                levels: Levels::default(),
            });
        }
        Ok(Suggestion {
            unit: unit.clone(),
            year,
            metric: self.metric.clone(),
            total: units(&self.metric, total)?,
            levels: Levels { floor: of_metric(self.floor)?, stretch: of_metric(self.stretch)? },
            method: method.cloned().unwrap_or_default(),
            season: new_plan::by_month(self.season.clone()),
            from: self.from_plan.map_or(SuggestedFrom::Organisation, SuggestedFrom::Plan),
            lines,
            pins: Vec::new(),
        })
    }
}

fn whole(number: Decimal, scale: Decimal) -> Option<i64> {
    let units = number.checked_mul(scale)?.normalize();
    (units.scale() == 0).then(|| i64::try_from(units).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_total_or_a_rate_of_the_first_one() {
        let rate = |text: &str| Some(text.parse::<Decimal>().unwrap());
        assert_eq!(line("loans=408").unwrap().total, rate("408"));
        let derived = line("accessory_revenue=85%@2500").unwrap();
        assert_eq!((derived.total, derived.penetration, derived.value), (None, rate("0.85"), rate("2500")));
        for wrong in ["loans", "=5", "loans=x", "loans=5%x", "loans=%"] {
            assert!(line(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_method_is_a_word() {
        assert_eq!(method("equal-per-head"), Ok(Method::EqualPerHead));
        let years = [2013, 2012].map(|year| PastYear { year, weight: 1 }).to_vec();
        assert_eq!(method("history=2013,2012"), Ok(Method::History(PastYears(years))));
        assert_eq!(method("manual=1,2"), Ok(Method::Manual(GivenMonths(vec![1, 2]))));
        for wrong in ["", "history", "history=x", "season=1", "best"] {
            assert!(method(wrong).is_err(), "{wrong}");
        }
    }
}
