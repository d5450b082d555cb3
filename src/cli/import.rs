//! `showfloor import`

use std::io::{self, Write as _};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use comfy_table::Table;
use indicatif::{ProgressBar, ProgressStyle};

use super::database::Database;
use super::{Ended, import_proposal, language, listed, not_too_large, one_of, table, tell, unreadable};
use crate::auth::Context;
use crate::clock::Clock;
use crate::config::{Rules, Storage};
use crate::http::Problem;
use crate::ledger::{Counts, Late};
use crate::period::Period;
use crate::spreadsheets::import_file::{self, ImportFile, ImportReportBody, Manner, Mode, ReadBy, Stage};
use crate::spreadsheets::mapping;
use crate::spreadsheets::mapping::built_in::ImportKind;

/// Options of `showfloor import`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    showfloor import 月度汇总.xlsx --kind dingtalk-attendance --period 2014-03 --dry-run\n  \
    showfloor import attendance.csv --kind attendance-csv --period 2014-03 --partial\n  \
    showfloor import dms.csv --kind dms-funnel --period 2014-03 --json\n  \
    showfloor import dms.csv --kind dms-funnel --period 2014-03 --to-date   # it ends before the month does\n  \
    showfloor import dms.csv --kind dms-funnel --period 2014-03 --accept-unread   # its other numbers are not wanted\n  \
    showfloor import 投诉.xlsx --mapping complaints --period 2014-03 --complete   # who is not in it has no complaint\n  \
    showfloor import dms.csv --kind dms-funnel --period 2014-03 --store JC   # for one of the two stores of some people\n  \
    showfloor import 成绩单.xlsx --propose --period 2014-03          # what its columns probably are\n  \
    showfloor import 成绩单.xlsx --mapping 考试成绩单 --period 2014-03\n  \
    showfloor import 考试.xlsx --mapping exams --period 2014-03      # a template, filled in")]
pub struct ImportArgs {
    /// The file.
    file: PathBuf,
    /// What it holds.
    #[arg(long, required_unless_present_any = ["mapping", "propose"], conflicts_with_all = ["mapping", "propose"])]
    kind: Option<ImportKind>,
    /// Read it through this column mapping: a saved one, a source of the catalogue (its template), or facts (the export).
    #[arg(long, value_name = "NAME", conflicts_with = "propose")]
    mapping: Option<String>,
    /// Only say what its columns probably are.
    #[arg(long)]
    propose: bool,
    /// The month it is about.
    #[arg(long, value_name = "YYYY-MM")]
    period: Period,
    /// Only say what would happen.
    #[arg(long)]
    dry_run: bool,
    /// Record the good rows even if others are faulty.
    #[arg(long)]
    partial: bool,
    /// Take a file that says that it ends before its month does, up to today: its values are the month's so far.
    #[arg(long)]
    to_date: bool,
    /// Record although numbers for people are not read, or it is in doubt what some are (the report lists them). A saved
    /// mapping remembers what is not read.
    #[arg(long)]
    accept_unread: bool,
    /// Say that it is all that there is of its sources: whoever of the store is not in it has nothing there.
    #[arg(long, conflicts_with_all = ["to_date", "propose"])]
    complete: bool,
    /// For which store it is delivered, by code: of somebody who works at two stores in the month, each delivers its own and
    /// both add up. By default the store that its other people are of.
    #[arg(long, value_name = "CODE", conflicts_with = "propose")]
    store: Option<String>,
    /// What becomes of news about a frozen month.
    #[arg(long, value_enum, default_value_t)]
    late: Late,
    /// Why values replace others, where they do.
    #[arg(long)]
    reason: Option<String>,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    rules: Rules,
}

/// Imports a file. Exit status 1 when rows are faulty, or when numbers that are not read have to be accepted first.
pub async fn run(args: ImportArgs, storage: Storage) -> anyhow::Result<Ended> {
    let catalogues = args.rules.catalogues();
    let shown = args.file.display();
    not_too_large(&args.file)?;
    let opened = std::fs::File::open(&args.file).with_context(|| unreadable(&args.file))?;
    anyhow::ensure!(
        opened.metadata()?.is_file(),
        tell!("不能读 {shown}：不是文件", "cannot read {shown}: it is no file")
    );
    let name = args.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mode = Mode::of(args.dry_run, args.partial);
    let manner = Manner {
        mode,
        late: args.late,
        reason: args.reason,
        to_date: args.to_date,
        accept_unread: args.accept_unread,
        complete: args.complete,
        store: args.store,
    };
    let content = opened.into();
    let now = Clock::System.now();
    if args.propose {
        let propose = async |pool: &_| {
            let open = async || {
                let mut cx = Context::operator(pool, now).await?;
                cx.language = language();
                Ok::<_, Problem>(cx)
            };
            let catalogue = catalogues.of(open().await?.db(), args.period).await?;
            Ok(mapping::propose(open, catalogue, content, args.period).await?)
        };
        let proposal = Database::with(&storage, propose).await?;
        import_proposal::print(&proposal, args.json)?;
        return Ok(if proposal.is_sure { Ended::Well } else { Ended::WithFindings });
    }
    let by = match (args.kind, args.mapping) {
        (Some(kind), _) => ReadBy::Kind(kind),
        (None, Some(mapping)) => ReadBy::Mapping(mapping),
        (None, None) => anyhow::bail!(tell!(
            "要说明是什么表：--kind 或 --mapping",
            "say what it holds: --kind or --mapping"
        )),
    };
    let file = ImportFile { by, period: args.period, name, content };
    let bar = counter();
    let progress = {
        let bar = bar.clone();
        Arc::new(move |stage| {
            let (Stage::Reading(rows) | Stage::Recording(rows)) = stage;
            bar.set_position(u64::try_from(rows).unwrap_or(u64::MAX));
            ControlFlow::Continue(())
        }) as import_file::Progress
    };
    let report = Database::with(&storage, async |pool| {
        let open = async || Context::operator(pool, now).await;
        let catalogue = catalogues.of(open().await?.db(), file.period).await?;
        Ok(import_file::import(open, &catalogue, file, &manner, &progress).await?)
    })
    .await;
    bar.finish_and_clear();
    let report = report?.body(language());
    print(&report, mode, args.json)?;
    Ok(if report.faults.is_empty() && !report.asks { Ended::Well } else { Ended::WithFindings })
}

/// The columns that were not read, each with the first number there and the known one that it is like.
fn unread(report: &ImportReportBody) -> String {
    let shown = report.unread.iter().filter(|one| one.doubt.is_none()).map(|one| {
        let (column, row, found) = (&one.column, one.row, &one.found);
        match &one.near {
            Some(near) => tell!(
                "{column}（第 {row} 行 {found}，是不是“{near}”？）",
                "{column} (row {row}: {found}; is it '{near}'?)"
            ),
            None => tell!("{column}（第 {row} 行 {found}）", "{column} (row {row}: {found})"),
        }
    });
    first_of(shown.collect::<Vec<_>>().into_iter())
}

/// A sentence for each column of which it is in doubt what its numbers are.
fn doubts(report: &ImportReportBody) -> impl Iterator<Item = String> {
    let doubted = report.unread.iter().filter_map(|one| Some((one, one.doubt.as_ref()?)));
    doubted.map(|(one, doubt)| {
        let (column, row, found) = (&one.column, one.row, &one.found);
        tell!("{column}（第 {row} 行 {found}）：{doubt}", "{column} (row {row}: {found}): {doubt}")
    })
}

/// The first of some names, and how many more there are.
fn first_of(names: impl ExactSizeIterator<Item = String>) -> String {
    const SHOWN: usize = 20;
    let more = names.len().saturating_sub(SHOWN);
    let more = (more > 0).then(|| tell!("……另有 {more} 列", "and {more} more"));
    listed(&names.take(SHOWN).chain(more).collect::<Vec<_>>())
}

/// Rows that are done, on standard error; nothing where that is not a terminal.
fn counter() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    let style = ProgressStyle::with_template(one_of((
        "{spinner} {pos} 行，{elapsed}",
        "{spinner} {pos} rows, {elapsed}",
    )));
    style.map(|style| bar.clone().with_style(style)).unwrap_or(bar)
}

fn print(report: &ImportReportBody, mode: Mode, json: bool) -> anyhow::Result<()> {
    let mut out = io::stdout();
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(report)?)?;
        return Ok(());
    }
    let ImportReportBody { rows, counts, .. } = report;
    if !report.faults.is_empty() {
        writeln!(out, "{}", faults(report))?;
    }
    if !report.differences.is_empty() {
        writeln!(out, "{}", differences(report))?;
        let more = (counts.added + counts.changed + counts.pending).saturating_sub(report.differences.len());
        if more > 0 {
            writeln!(out, "{}", tell!("……另有 {more} 处", "… and {more} more"))?;
        }
    }
    for note in &report.notes {
        writeln!(out, "{}", tell!("注意：{note}", "note: {note}"))?;
    }
    for doubt in doubts(report) {
        writeln!(out, "{}", tell!("有疑问：{doubt}", "in doubt: {doubt}"))?;
    }
    if report.unread.iter().any(|one| one.doubt.is_none()) {
        let unread = unread(report);
        let told = tell!("未读取，里面有数字：{unread}", "not read, although there are numbers: {unread}");
        writeln!(out, "{told}")?;
    }
    if !report.unused.is_empty() {
        let unused = first_of(report.unused.iter().cloned());
        writeln!(out, "{}", tell!("未使用：{unused}", "not used: {unused}"))?;
    }
    let outcome = match (mode, report.applied) {
        (Mode::DryRun, _) if report.asks => {
            tell!(
                "试运行，未写入；导入时须用 --accept-unread 确认未读取的数字和疑问",
                "dry run, nothing was written; to import, accept with --accept-unread what is not read or in doubt"
            )
        }
        (Mode::DryRun, _) => tell!("试运行，未写入", "dry run, nothing was written"),
        (_, true) => tell!("已导入", "imported"),
        (Mode::Whole, false) if !report.faults.is_empty() => tell!(
            "未导入：改正错误行，或用 --partial 只导入正确的行",
            "nothing was imported: correct the faulty rows, or use --partial"
        ),
        (_, false) if report.asks => tell!(
            "未导入：确认未读取的数字和疑问后，用 --accept-unread",
            "nothing was imported: if what is not read or in doubt is well, use --accept-unread"
        ),
        (_, false) => tell!("没有变化", "nothing has changed"),
    };
    let Counts { added, changed, unchanged, pending } = counts;
    let told = tell!(
        "正确 {rows} 行：新增 {added}，更改 {changed}，不变 {unchanged}",
        "{rows} good rows: {added} added, {changed} changed, {unchanged} unchanged"
    );
    writeln!(out, "{told}")?;
    if *pending > 0 {
        writeln!(out, "{}", tell!("待定更正 {pending}", "{pending} pending as late corrections"))?;
    }
    writeln!(out, "{outcome}")?;
    Ok(())
}

fn faults(report: &ImportReportBody) -> Table {
    let columns = [("行", "row"), ("列", "column"), ("内容", "found"), ("应为", "expected")];
    let mut rows = table::new(&columns, &[0]);
    for fault in &report.faults {
        rows.add_row([
            fault.row.map(|row| row.to_string()).unwrap_or_default(),
            fault.column.clone().unwrap_or_default(),
            fault.found.clone(),
            fault.expected.clone(),
        ]);
    }
    rows
}

fn differences(report: &ImportReportBody) -> Table {
    let columns =
        [("行", "row"), ("工号", "employee_no"), ("列", "column"), ("原值", "from"), ("新值", "to")];
    let mut rows = table::new(&columns, &[0, 3, 4]);
    for one in &report.differences {
        rows.add_row([
            one.row.to_string(),
            one.employee_no.clone(),
            one.column.clone(),
            one.from.map(|value| value.normalize().to_string()).unwrap_or_default(),
            one.to.to_string(),
        ]);
    }
    rows
}
