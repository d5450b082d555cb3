//! `showfloor plan list`, `export` and `import`: plans of the database as workbooks.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::auth::access::{DraftPlan, ViewPlan};
use crate::cli::database::Database;
use crate::cli::person::Person;
use crate::cli::{Ended, language_of_files, not_too_large, one_of, table, tell, unreadable, unwritable};
use crate::config::{Rules, Storage};
use crate::http::Window;
use crate::plan::versions::store::{self, PlanFilter};
use crate::plan::workbook::{self, SheetChange, SheetReport};

/// Changes printed one by one; the rest is counted.
const CHANGES_SHOWN: usize = 50;

/// Most plans that are listed.
const MOST_PLANS: i64 = 500;

/// Options of `showfloor plan list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  showfloor plan list --unit JC --year 2014 --as manager")]
pub struct ListArgs {
    /// Code of the store or group.
    #[arg(long, value_name = "CODE")]
    unit: Option<String>,
    /// The calendar year.
    #[arg(long)]
    year: Option<i32>,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    person: Person,
}

/// Options of `showfloor plan export`.
#[derive(Debug, clap::Args)]
#[command(after_help = "The workbook is in Chinese, or in English with --lang en; either is read again.\n\n\
    Examples:\n  showfloor plan export 2 计划2014.xlsx --as manager\n  \
    showfloor plan export 2 plan2014.xlsx --as manager --lang en")]
pub struct ExportArgs {
    /// The version, by its id.
    plan: i64,
    /// Where to write the workbook; a file that is there already is kept unless --force is given.
    file: PathBuf,
    /// Overwrite the file.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    person: Person,
}

/// Options of `showfloor plan import`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The edited cells are pinned, and the rest is split around them. Exit status 1: cells at fault.\n\n\
    Examples:\n  showfloor plan import 3 计划2014.xlsx --dry-run --as manager\n  \
    showfloor plan import 3 计划2014.xlsx --as manager --json"
)]
pub struct ImportArgs {
    /// The draft that the workbook was exported from, by its id.
    plan: i64,
    /// The workbook.
    file: PathBuf,
    /// Only show what would change.
    #[arg(long)]
    dry_run: bool,
    /// Print JSON instead of tables.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    person: Person,
}

pub async fn list(args: ListArgs, storage: Storage) -> anyhow::Result<Ended> {
    let plans = Database::with(&storage, async |pool| {
        let cx = &mut args.person.context::<ViewPlan>(pool).await?;
        let filter = PlanFilter { unit: args.unit.clone(), year: args.year, ..PlanFilter::default() };
        Ok(store::list(cx, &filter, Window { after: 0, limit: MOST_PLANS }).await?)
    })
    .await?;
    if plans.next_cursor.is_some() {
        let told = tell!(
            "只列出前 {MOST_PLANS} 个：用 --unit 或 --year",
            "only the first {MOST_PLANS} are listed: use --unit or --year"
        );
        writeln!(io::stderr(), "{told}")?;
    }
    let plans = plans.items;
    let mut out = io::stdout();
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&plans)?)?;
        return Ok(Ended::Well);
    }
    let header = [
        ("编号", "id"),
        ("单位", "unit"),
        ("年", "year"),
        ("版本", "version"),
        ("状态", "status"),
        ("生效", "from"),
        ("目标", "total"),
        ("指标", "metric"),
    ];
    let mut rows = table::new(&header, &[0, 2, 3, 6]);
    for plan in plans {
        rows.add_row([
            plan.id.to_string(),
            plan.unit,
            plan.year.to_string(),
            plan.version.to_string(),
            one_of((plan.status.label(), plan.status.name())).to_owned(),
            plan.effective_from.map(|period| period.to_string()).unwrap_or_default(),
            plan.total.to_string(),
            plan.metric,
        ]);
    }
    writeln!(out, "{rows}")?;
    Ok(Ended::Well)
}

/// What is not to be overwritten is looked for before anybody is asked for a password.
pub fn not_there_yet(file: &Path, force: bool) -> anyhow::Result<()> {
    let shown = file.display();
    anyhow::ensure!(
        force || !file.exists(),
        tell!(
            "{shown} 已经有了：换个名字，或用 --force 覆盖",
            "{shown} is there already: choose another name, or --force"
        )
    );
    Ok(())
}

pub async fn export(args: ExportArgs, storage: Storage) -> anyhow::Result<Ended> {
    not_there_yet(&args.file, args.force)?;
    let (_, bytes) = Database::with(&storage, async |pool| {
        let cx = &mut args.person.context::<ViewPlan>(pool).await?;
        cx.language = language_of_files();
        let catalogue = args.rules.catalogues().of_today(cx).await?;
        Ok(workbook::export(cx, &catalogue, args.plan).await?)
    })
    .await?;
    std::fs::write(&args.file, bytes).with_context(|| unwritable(&args.file))?;
    writeln!(io::stdout(), "{}", args.file.display())?;
    Ok(Ended::Well)
}

pub async fn import(args: ImportArgs, storage: Storage) -> anyhow::Result<Ended> {
    not_too_large(&args.file)?;
    let bytes = std::fs::read(&args.file).with_context(|| unreadable(&args.file))?;
    let edited = workbook::read(bytes).await?;
    let report = Database::with(&storage, async |pool| {
        let cx = &mut args.person.context::<DraftPlan>(pool).await?;
        let catalogue = args.rules.catalogues().of_today(cx).await?;
        Ok(workbook::import(cx, &catalogue, args.plan, edited, args.dry_run).await?)
    })
    .await?;
    print(&report, args.json)?;
    Ok(Ended::Well)
}

fn print(report: &SheetReport, json: bool) -> anyhow::Result<()> {
    let mut out = io::stdout();
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(report)?)?;
        return Ok(());
    }
    for (heading, changes) in [(("修改", "edited"), &report.edited), (("随之变化", "moved"), &report.moved)]
    {
        if changes.is_empty() {
            continue;
        }
        writeln!(out, "{}", one_of(heading))?;
        writeln!(out, "{}", changed(changes))?;
        if let more @ 1.. = changes.len().saturating_sub(CHANGES_SHOWN) {
            writeln!(out, "{}", tell!("另有 {more} 处", "and {more} more"))?;
        }
    }
    let outcome = match (report.edited.is_empty(), report.dry_run) {
        (true, _) => ("没有变化", "nothing has changed"),
        (false, true) => ("试运行，未写入", "dry run, nothing was written"),
        (false, false) => ("已导入", "imported"),
    };
    writeln!(out, "{}", one_of(outcome))?;
    Ok(())
}

fn changed(changes: &[SheetChange]) -> comfy_table::Table {
    let header = [
        ("指标", "metric"),
        ("位置", "place"),
        ("名称", "name"),
        ("月", "month"),
        ("原值", "from"),
        ("新值", "to"),
    ];
    let mut rows = table::new(&header, &[3, 4, 5]);
    for change in changes.iter().take(CHANGES_SHOWN) {
        rows.add_row([
            change.metric.clone(),
            change.path.clone(),
            change.name.clone(),
            change.month.to_string(),
            change.from.to_string(),
            change.to.to_string(),
        ]);
    }
    rows
}
