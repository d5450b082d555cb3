//! `showfloor plan pace`

use std::io::{self, Write as _};

use chrono::NaiveDate;
use clap::ValueEnum;
use rust_decimal::Decimal;

use crate::calendar::{self, Calendar};
use crate::cli::{Ended, one_of, table, tell};
use crate::decimal;
use crate::period::Period;
use crate::plan::reading::pace::{Course, Light, Pace, Span, pace};
use crate::said::Said;

/// Options of `showfloor plan pace`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The day counts as elapsed. Green: a pace of 1 or more; yellow: 0.9 or more; red: below.\n\n\
    Examples:\n  showfloor plan pace --target 149 --actual 66 --day 2014-03-15 --basis calendar\n  \
    showfloor plan pace --target 1690 --actual 392 --day 2014-03-31 --year --json"
)]
pub struct PaceArgs {
    /// What is to be reached.
    #[arg(long, value_name = "NUMBER")]
    target: i64,
    /// What has been reached up to and including the day.
    #[arg(long, value_name = "NUMBER")]
    actual: i64,
    /// The day.
    #[arg(long, value_name = "YYYY-MM-DD")]
    day: NaiveDate,
    /// Which days count as time passed.
    #[arg(long, value_enum, default_value = "working")]
    basis: Basis,
    /// The target is the year's, not the month's.
    #[arg(long)]
    year: bool,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// Which days count.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Basis {
    /// Working days, by China's public holidays and the weekend days worked in exchange.
    Working,
    /// Every day.
    Calendar,
}

pub fn run(args: &PaceArgs) -> anyhow::Result<Ended> {
    let calendar = Calendar::shipped()?;
    let month = Period::containing(args.day);
    let span = match (args.year, Period::new(month.year(), 1), Period::new(month.year(), 12)) {
        (true, Some(first), Some(last)) => Span { from: first.first_day(), to: last.end() },
        _ => Span::from(month),
    };
    let basis = match args.basis {
        Basis::Working => calendar::Basis::Working,
        Basis::Calendar => calendar::Basis::Calendar,
    };
    let course = Course { target: args.target, actual: args.actual, day: args.day, span, basis };
    let pace = pace(&course, &calendar).map_err(Said::from)?;
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&pace)?)?;
    } else {
        writeln!(out, "{}", rows(&pace))?;
    }
    if matches!(args.basis, Basis::Working) && !calendar.knows(month.year()) {
        let year = month.year();
        let told = tell!(
            "不知道 {year} 年的放假安排：周一到周五算工作日",
            "the public holidays of {year} are not known: Monday to Friday count as working days"
        );
        writeln!(io::stderr(), "{told}")?;
    }
    Ok(Ended::Well)
}

fn rows(pace: &Pace) -> comfy_table::Table {
    let plain = |value: Option<Decimal>| value.map(decimal::plain).unwrap_or_default();
    let light = match pace.light {
        Light::Green => ("绿", "green"),
        Light::Yellow => ("黄", "yellow"),
        Light::Red => ("红", "red"),
        Light::None => ("", ""),
    };
    let mut rows = table::new(&[("", ""), ("", "")], &[1]);
    for (name, value) in [
        (("目标", "target"), pace.target.to_string()),
        (("实际", "actual"), pace.actual.to_string()),
        (("达成率", "attainment"), plain(pace.attainment)),
        (("时间进度", "time progress"), plain(pace.time_progress)),
        (("进度比", "pace"), plain(pace.pace)),
        (("红绿灯", "light"), one_of(light).to_owned()),
        (("缺口", "gap"), pace.gap.to_string()),
        (("剩余天数", "days left"), pace.remaining_days.to_string()),
        (("每天需", "needed a day"), plain(pace.required_per_day)),
        (
            ("预计（按现有速度）", "projection (run rate)"),
            pace.projection.map(|value| value.to_string()).unwrap_or_default(),
        ),
    ] {
        rows.add_row([one_of(name).to_owned(), value]);
    }
    rows
}
