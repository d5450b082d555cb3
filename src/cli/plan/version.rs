//! `showfloor plan show`, `submit`, `approve`, `return`, `next`, `replan`, `follow` and `pin`: what is done with a version.

use std::io::{self, Write as _};

use comfy_table::Table;
use serde_json::{Value, json};

use super::refused::{Cell, Typed};
use super::{months, refused};
use crate::auth::Context;
use crate::auth::access::{ApprovePlan, DraftPlan, ViewPlan};
use crate::cli::database::Database;
use crate::cli::person::Person;
use crate::cli::{Ended, one_of, table, tell};
use crate::config::{Rules, Storage};
use crate::decimal;
use crate::http::etag::Seen;
use crate::period::Period;
use crate::plan::reading::document::{self, LabelMonths, PlanDocument, PlanLine, UnitMonths};
use crate::plan::split::new_plan::Pin;
use crate::plan::split::span::Span;
use crate::plan::transfers::{self, FollowQuery, PostingMove, Reorganisation, SuggestedResplits};
use crate::plan::versions::approval::{self, Approval, Return};
use crate::plan::versions::diff::DiffRow;
use crate::plan::versions::pins::{self, Pins};
use crate::plan::versions::replan::{self, Replan};
use crate::plan::versions::revision;
use crate::plan::versions::version::Plan;

/// Which version, and who does it.
#[derive(Debug, clap::Args)]
pub struct VersionArgs {
    /// The version, by its id.
    plan: i64,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    person: Person,
}

/// Options of `showfloor plan show`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  showfloor plan show 2 --as manager\n  showfloor plan show 2 --metric loans --as manager --json"
)]
pub struct ShowArgs {
    #[command(flatten)]
    version: VersionArgs,
    /// The line to show; by default the first.
    #[arg(long)]
    metric: Option<String>,
}

/// Options of `showfloor plan submit`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  showfloor plan submit 3 --as manager")]
pub struct SubmitArgs {
    #[command(flatten)]
    version: VersionArgs,
}

/// Options of `showfloor plan approve`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Who wrote or changed a draft does not approve it.\n\nExample:\n  showfloor plan approve 3 --from 2015-01 --as gm"
)]
pub struct ApproveArgs {
    #[command(flatten)]
    version: VersionArgs,
    /// The first month to which it applies.
    #[arg(long, value_name = "YYYY-MM")]
    from: Period,
}

/// Options of `showfloor plan return`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  showfloor plan return 3 --note '三组太少' --as gm")]
pub struct ReturnArgs {
    #[command(flatten)]
    version: VersionArgs,
    /// What should be different.
    #[arg(long, value_name = "TEXT")]
    note: String,
}

/// Options of `showfloor plan next`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  showfloor plan next 3 --as manager")]
pub struct NextArgs {
    #[command(flatten)]
    version: VersionArgs,
}

/// Options of `showfloor plan pin`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A month, a quarter or the year keeps its value, and the rest is split around it. Without a value it is \
    released. All cells, or none.\n\n\
    Examples:\n  showfloor plan pin 3 --unit G1 --person A01 2015-03=20 2015-Q4=60 --as manager\n  \
    showfloor plan pin 3 --channel auto_show 2015-09=40 --as manager\n  \
    showfloor plan pin 3 --unit G1 --person A01 2015-Q4= --as manager          # release it"
)]
pub struct PinArgs {
    #[command(flatten)]
    version: VersionArgs,
    /// What is pinned: 2015-03=20, 2015-Q4=60 or 2015=200, in units of the line or fen; 2015-03= releases it.
    #[arg(value_name = "SPAN=VALUE", required = true, value_parser = cell)]
    cells: Vec<Cell>,
    /// Code of the unit; by default the plan's own.
    #[arg(long, value_name = "CODE")]
    unit: Option<String>,
    /// 工号 of somebody in that unit.
    #[arg(long = "person", value_name = "NUMBER", requires = "unit")]
    employee_no: Option<String>,
    /// Code of a channel instead.
    #[arg(long, value_name = "CODE", conflicts_with_all = ["unit", "series"])]
    channel: Option<String>,
    /// Code of a series instead.
    #[arg(long, value_name = "CODE", conflicts_with = "unit")]
    series: Option<String>,
    /// The line; by default the first.
    #[arg(long)]
    metric: Option<String>,
}

/// Options of `showfloor plan replan`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The months before --from stand; what is left of the year is spread over the others, in a new draft.\n\n\
    Examples:\n  showfloor plan replan 2 --from 2014-04 --as manager\n  \
    showfloor plan replan 2 --from 2014-04 --results deliveries=150,98,141 --total 1700 --as manager"
)]
pub struct ReplanArgs {
    #[command(flatten)]
    version: VersionArgs,
    /// The first month that is planned again.
    #[arg(long, value_name = "YYYY-MM")]
    from: Period,
    /// A new total of the year.
    #[arg(long, value_name = "NUMBER")]
    total: Option<i64>,
    /// New weights of the twelve months.
    #[arg(long, value_name = "W,W,…", value_delimiter = ',')]
    season: Vec<i64>,
    /// What the months before have brought, instead of what the ledger knows: METRIC=JAN,FEB,…. May be repeated.
    #[arg(long, value_name = "METRIC=N,N,…", value_parser = results)]
    results: Vec<Value>,
    /// Counts people of whom nothing is known in a month as if they had brought nothing (zero) or what was planned (planned);
    /// without it they are refused.
    #[arg(long, value_name = "HOW", value_parser = ["zero", "planned"])]
    missing: Option<String>,
    /// Lets the pins of the months go that are planned again.
    #[arg(long)]
    release_pins: bool,
    #[command(flatten)]
    rules: Rules,
}

/// Options of `showfloor plan follow`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Says who has been transferred, has joined or left since the plan was made, and what it comes to if targets go \
    with the people. --apply does it, in a draft. Exit status 1: the plan does not follow the postings.\n\n\
    Examples:\n  showfloor plan follow 2 --as manager\n  showfloor plan follow 3 --from 2014-07 --apply --as manager"
)]
pub struct FollowArgs {
    #[command(flatten)]
    version: VersionArgs,
    /// The first month; by default the first that is not closed.
    #[arg(long, value_name = "YYYY-MM")]
    from: Option<Period>,
    /// Do it: pins in the way are released, and the months split again.
    #[arg(long)]
    apply: bool,
}

fn cell(text: &str) -> Result<Cell, String> {
    let (span, value) = text.split_once('=').ok_or("expected SPAN=VALUE, such as 2015-03=20")?;
    let span = span.parse::<Span>().map_err(|error| error.to_string())?;
    match value {
        "" => Ok((span, None)),
        value => match value.parse() {
            Ok(value) => Ok((span, Some(value))),
            Err(_) => Err(format!("expected a whole number, not '{value}'")),
        },
    }
}

fn results(text: &str) -> Result<Value, String> {
    let expected = || "expected METRIC=JAN,FEB,…, such as deliveries=150,98,141".to_owned();
    let (metric, months) = text.split_once('=').ok_or_else(expected)?;
    let months = months.split(',').map(|month| month.trim().parse::<i64>());
    let months = months.collect::<Result<Vec<_>, _>>().map_err(|_| expected())?;
    Ok(json!({ "metric": metric, "months": months }))
}

pub async fn show(args: ShowArgs, storage: Storage) -> anyhow::Result<Ended> {
    let metric = args.metric.as_deref();
    let printed = Database::with(&storage, async |pool| {
        let cx = &mut args.version.person.context::<ViewPlan>(pool).await?;
        Printed::read(cx, args.version.plan, metric).await
    })
    .await?;
    print_plan(&printed, args.version.json)?;
    Ok(Ended::Well)
}

pub async fn submit(args: SubmitArgs, storage: Storage) -> anyhow::Result<Ended> {
    let plan = Database::with(&storage, async |pool| {
        let cx = &mut args.version.person.context::<DraftPlan>(pool).await?;
        Ok(approval::submit(cx, args.version.plan, Seen::Any).await?)
    })
    .await?;
    print_heading(&plan, args.version.json)
}

pub async fn approve(args: ApproveArgs, storage: Storage) -> anyhow::Result<Ended> {
    let plan = Database::with(&storage, async |pool| {
        let cx = &mut args.version.person.context::<ApprovePlan>(pool).await?;
        let approval = Approval { effective_from: args.from };
        Ok(approval::approve(cx, args.version.plan, approval, Seen::Any).await?)
    })
    .await?;
    print_heading(&plan, args.version.json)
}

pub async fn hand_back(args: ReturnArgs, storage: Storage) -> anyhow::Result<Ended> {
    let plan = Database::with(&storage, async |pool| {
        let cx = &mut args.version.person.context::<ApprovePlan>(pool).await?;
        let note = Return { note: args.note.clone() };
        Ok(approval::return_to_draft(cx, args.version.plan, note, Seen::Any).await?)
    })
    .await?;
    print_heading(&plan, args.version.json)
}

pub async fn next(args: NextArgs, storage: Storage) -> anyhow::Result<Ended> {
    let plan = Database::with(&storage, async |pool| {
        let cx = &mut args.version.person.context::<DraftPlan>(pool).await?;
        Ok(revision::next_version(cx, args.version.plan).await?)
    })
    .await?;
    print_heading(&plan, args.version.json)
}

pub async fn pin(args: PinArgs, storage: Storage) -> anyhow::Result<Ended> {
    let pin = |(period, value): &Cell| Pin {
        metric: args.metric.clone(),
        unit: args.unit.clone(),
        employee_no: args.employee_no.clone(),
        channel: args.channel.clone(),
        series: args.series.clone(),
        period: *period,
        value: *value,
    };
    let pins = Pins { pins: args.cells.iter().map(pin).collect() };
    let places = [&args.employee_no, &args.unit, &args.channel, &args.series];
    let typed = Typed { cells: &args.cells, of: places.into_iter().flatten().map(String::as_str).next() };
    let printed = Database::with(&storage, async |pool| {
        let cx = &mut args.version.person.context::<DraftPlan>(pool).await?;
        let pinned = pins::pin(cx, args.version.plan, pins, Seen::Any).await;
        pinned.map_err(|problem| refused::pins(args.version.plan, typed, problem))?;
        Printed::read(cx, args.version.plan, args.metric.as_deref()).await
    })
    .await?;
    print_plan(&printed, args.version.json)?;
    Ok(Ended::Well)
}

pub async fn replan(args: ReplanArgs, storage: Storage) -> anyhow::Result<Ended> {
    let mut body = json!({ "from": args.from, "results": args.results, "release_pins": args.release_pins });
    if let Some(fields) = body.as_object_mut() {
        fields.extend(args.missing.as_ref().map(|missing| ("missing".to_owned(), json!(missing))));
        fields.extend(args.total.map(|total| ("total".to_owned(), json!(total))));
        fields.extend((!args.season.is_empty()).then(|| ("season".to_owned(), json!(args.season))));
    }
    let change: Replan = serde_json::from_value(body)?;
    crate::http::body::check(&change)?;
    let printed = Database::with(&storage, async |pool| {
        let cx = &mut args.version.person.context::<DraftPlan>(pool).await?;
        let catalogue = args.rules.catalogues().of_today(cx).await?;
        let begun = replan::replan(cx, &catalogue, args.version.plan, change, Ok(Seen::Any)).await;
        let (plan, _) = begun.map_err(|problem| refused::replan(args.version.plan, problem))?;
        Printed::read(cx, plan.id, None).await
    })
    .await?;
    print_plan(&printed, args.version.json)?;
    Ok(Ended::Well)
}

pub async fn follow(args: FollowArgs, storage: Storage) -> anyhow::Result<Ended> {
    let (id, query) = (args.version.plan, FollowQuery { from: args.from });
    let suggested = Database::with(&storage, async |pool| {
        let cx = &mut args.version.person.context::<DraftPlan>(pool).await?;
        let suggested = transfers::suggest(cx, id, query).await?;
        if args.apply && !suggested.resplits.is_empty() {
            // Released and split together, or not at all.
            cx.transaction(async |cx| {
                if !suggested.release.is_empty() {
                    pins::pin(cx, id, Pins { pins: suggested.release.clone() }, Seen::Any).await?;
                }
                let change = Reorganisation { resplits: suggested.resplits.clone() };
                transfers::reorganise(cx, id, change, Seen::Any).await
            })
            .await?;
        }
        Ok(suggested)
    })
    .await?;
    if args.version.json {
        writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&suggested)?)?;
    } else {
        print_follow(&suggested, args.apply)?;
    }
    let is_well = args.apply || suggested.changes.is_empty();
    Ok(if is_well { Ended::Well } else { Ended::WithFindings })
}

fn print_follow(suggested: &SuggestedResplits, is_applied: bool) -> anyhow::Result<()> {
    let mut out = io::stdout();
    if suggested.changes.is_empty() {
        writeln!(out, "{}", tell!("计划与岗位一致", "the plan follows the postings"))?;
        return Ok(());
    }
    writeln!(out, "{}", suggested.rule)?;
    let header = [
        ("工号", "employee_no"),
        ("姓名", "name"),
        ("变化", "change"),
        ("月份", "from"),
        ("原单位", "from_unit"),
        ("新单位", "to_unit"),
        ("带走", "carried"),
    ];
    let mut rows = table::new(&header, &[6]);
    for change in &suggested.changes {
        let what = match change.change {
            PostingMove::Transferred => ("调动", "transferred"),
            PostingMove::Joined => ("加入", "joined"),
            PostingMove::Left => ("离开", "left"),
        };
        rows.add_row([
            change.employee_no.clone(),
            change.name.clone(),
            one_of(what).to_owned(),
            change.from.to_string(),
            change.from_unit.clone().unwrap_or_default(),
            change.to_unit.clone().unwrap_or_default(),
            change.carried.to_string(),
        ]);
    }
    writeln!(out, "{rows}")?;
    if let (count @ 1.., false) = (suggested.release.len(), is_applied) {
        writeln!(out, "{}", tell!("需先释放 {count} 个锁定的格", "{count} pins stand in the way"))?;
    }
    writeln!(out, "{}", moved(&suggested.rows))?;
    let outcome = if is_applied {
        tell!("已写入草稿", "done in the draft")
    } else {
        tell!("未写入（--apply 写入）", "nothing was written (--apply does it)")
    };
    writeln!(out, "{outcome}")?;
    Ok(())
}

/// Places with their months before and after.
fn moved(rows: &[DiffRow]) -> Table {
    let mut shown = months::new(&[("指标", "metric"), ("位置", "place"), ("", "")], 3);
    for row in rows {
        let unit = row.unit.clone().unwrap_or_default();
        let place = match &row.employee_no {
            Some(number) => format!("{unit}/{number}"),
            None => unit,
        };
        for (word, months) in [(("原", "from"), row.from), (("新", "to"), row.to)] {
            let months = months.unwrap_or_default();
            let before = [row.metric.clone(), place.clone(), one_of(word).to_owned()];
            months::add(&mut shown, before, &months, months.iter().sum());
        }
    }
    shown
}

/// A version as it is printed.
pub struct Printed {
    document: PlanDocument,
}

impl Printed {
    /// Reads a version, and the line that is shown of it.
    pub async fn read(cx: &mut Context, id: i64, metric: Option<&str>) -> anyhow::Result<Self> {
        Ok(Self { document: document::read(cx, id, metric).await? })
    }
}

/// One line for each version: what it is and where it stands.
fn heading(plan: &Plan) -> String {
    let from = plan.effective_from.map(|from| tell!("，{from} 起生效", ", from {from} on"));
    let (Plan { id, unit, year, version, status, .. }, from) = (plan, from.unwrap_or_default());
    let status = one_of((status.label(), status.name()));
    tell!(
        "编号 {id}：{unit} {year} 年第 {version} 版，{status}{from}",
        "id {id}: {unit} {year} version {version}, {status}{from}"
    )
}

fn print_heading(plan: &Plan, json: bool) -> anyhow::Result<Ended> {
    let text = if json { serde_json::to_string_pretty(plan)? } else { heading(plan) };
    writeln!(io::stdout(), "{text}")?;
    Ok(Ended::Well)
}

/// The heading, the lines with their totals, and the months of one of them.
pub fn print_plan(Printed { document }: &Printed, json: bool) -> anyhow::Result<()> {
    let mut out = io::stdout();
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(document)?)?;
        return Ok(());
    }
    writeln!(out, "{}", heading(&document.plan))?;
    let is_amount = document.lines.iter().any(|line| line.metric == document.shown && line.is_amount);
    for line in &document.lines {
        let mark = if line.metric == document.shown { "▶" } else { " " };
        let (metric, year) = (&line.metric, year_of(document, line));
        writeln!(out, "{}", tell!("{mark} {metric}：{year}", "{mark} {metric}: {year}"))?;
    }
    let shown = &document.shown;
    let heading = if is_amount { tell!("{shown}（分）", "{shown} (fen)") } else { shown.clone() };
    let mut rows = months::new(&[(&heading, &heading), ("名称", "name")], 2);
    let before = [document.plan.unit.clone(), String::new()];
    months::add_known(&mut rows, before, &document.cells.months);
    add_units(&mut rows, &document.units, 1);
    for labels in [&document.channels, &document.series] {
        add_labels(&mut rows, labels);
    }
    writeln!(out, "{rows}")?;
    Ok(())
}

/// A line's task; once months are closed, what they count for, what is left, and the sum of all targets, which is no longer the
/// task after a re-plan.
fn year_of(document: &PlanDocument, line: &PlanLine) -> String {
    let shown = |value: i64| if line.is_amount { yuan(value) } else { value.to_string() };
    let told = |value: Option<i64>| value.map_or_else(|| "–".to_owned(), shown);
    let total = shown(line.total);
    if document.plan.closed_months == 0 {
        return total;
    }
    let results = one_of(match document.replanned.is_some() {
        true => ("已完成", "results"),
        false => ("已计", "counted"),
    });
    let [closed, remaining, targets] = [line.closed_total, line.remaining, line.targets].map(told);
    tell!(
        "{total}，{results} {closed}，剩余 {remaining}，目标合计 {targets}",
        "{total}, {results} {closed}, remaining {remaining}, targets {targets}"
    )
}

fn yuan(cents: i64) -> String {
    let yuan = decimal::plain(rust_decimal::Decimal::new(cents, 2));
    tell!("{yuan} 元", "{yuan} yuan")
}

fn add_units(rows: &mut Table, units: &[UnitMonths], depth: usize) {
    let moved_in = |code: &str| format!("{}{code}", "  ".repeat(depth));
    for unit in units {
        let before = [moved_in(&unit.unit), unit.name.clone()];
        months::add_known(rows, before, &unit.cells.months);
        add_units(rows, &unit.units, depth + 1);
        for member in &unit.members {
            let before = [format!("  {}", moved_in(&member.employee_no)), member.name.clone()];
            months::add_known(rows, before, &member.months);
        }
    }
}

fn add_labels(rows: &mut Table, labels: &[LabelMonths]) {
    for label in labels {
        let before = [format!("  {}", label.code), label.name.clone()];
        months::add_known(rows, before, &label.cells.months);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_a_span_and_a_value_or_none() {
        assert_eq!(cell("2015-03=20").unwrap(), ("2015-03".parse().unwrap(), Some(20)));
        assert_eq!(cell("2015-Q4=").unwrap(), ("2015-Q4".parse().unwrap(), None));
        for wrong in ["2015-03", "2015-13=1", "2015-03=x", "=5"] {
            assert!(cell(wrong).is_err(), "{wrong}");
        }
    }
}
