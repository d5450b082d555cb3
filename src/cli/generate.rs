//! `showfloor generate`

use std::io::{self, Write as _};

use indicatif::{ProgressBar, ProgressStyle};

use super::database::{Database, operator};
use super::{Ended, language, table, tell};
use crate::auth::Context;
use crate::config::{ReleasedRules, Storage};
use crate::http::Window;
use crate::period::Period;
use crate::reviews::generate::{Generated, StoreOutcome, generate_stores};
use crate::reviews::store::{self, CycleFilter, NewReviewCycle, ReviewCycle};
use crate::rules::library::Library;

/// Options of `showfloor generate`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  showfloor generate 2014-03\n  showfloor generate 2014-03 --store JC --json"
)]
pub struct GenerateArgs {
    /// The month.
    #[arg(value_name = "YYYY-MM")]
    period: Period,
    /// Only this store, by code.
    #[arg(long, value_name = "CODE")]
    store: Option<String>,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    rules: ReleasedRules,
}

/// Generates the reviews of a month for one store or all of them.
pub async fn run(args: GenerateArgs, storage: Storage) -> anyhow::Result<Ended> {
    let (folder, library) = (args.rules.folder(), Library::default());
    let outcomes = Database::with(&storage, async |pool| {
        let mut cx = operator(pool).await?;
        let stores = stores(&mut cx, args.store.as_deref()).await?;
        anyhow::ensure!(
            !stores.is_empty(),
            tell!(
                "还没有门店：通过接口新建，或运行 showfloor demo",
                "there is no store yet: create one over the API, or run showfloor demo"
            )
        );
        let progress = progress_bar(stores.len(), &tell!("家门店", "stores"));
        let advance = |done| progress.inc(u64::try_from(done).unwrap_or(u64::MAX));
        let outcomes = generate_stores(cx, &folder, &library, args.period, stores, advance).await?;
        progress.finish_and_clear();
        Ok(outcomes)
    })
    .await?;
    let mut results = Vec::with_capacity(outcomes.len());
    let mut failures = Vec::new();
    for StoreOutcome { store, result } in outcomes {
        match result {
            Ok(generated) => results.push(generated),
            Err(problem) => failures.push((store, problem)),
        }
    }
    // One store that was asked for and cannot be generated is an error like any other.
    if results.is_empty()
        && failures.len() == 1
        && let Some((_, problem)) = failures.pop()
    {
        return Err(problem.into());
    }
    print(&results, args.json)?;
    for (store, problem) in &failures {
        let problem = problem.told(language());
        writeln!(io::stderr(), "showfloor: {}", tell!("{store}：{problem}", "{store}: {problem}"))?;
    }
    let is_well = failures.is_empty() && results.iter().all(|result| result.attention == 0);
    Ok(if is_well { Ended::Well } else { Ended::WithFindings })
}

/// The store that is named, or all of them.
pub async fn stores(cx: &mut Context, named: Option<&str>) -> anyhow::Result<Vec<String>> {
    Ok(match named {
        Some(store) => vec![store.to_owned()],
        None => crate::org::store_codes(cx.db()).await?,
    })
}

/// The cycle of a store's month, opened if it is not open yet.
pub async fn open_cycle(cx: &mut Context, store: &str, period: Period) -> anyhow::Result<ReviewCycle> {
    let filter = CycleFilter { store: Some(store.to_owned()), period: Some(period) };
    match store::list_cycles(cx, &filter, Window::ONE).await?.items.into_iter().next() {
        Some(cycle) => Ok(cycle),
        None => Ok(store::create_cycle(cx, NewReviewCycle { store: store.to_owned(), period }).await?),
    }
}

/// A bar on standard error; none where that is not a terminal.
pub fn progress_bar(length: usize, unit: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(&format!("{{bar:30}} {{pos}}/{{len}} {unit} {{msg}}"));
    let bar = ProgressBar::new(u64::try_from(length).unwrap_or(u64::MAX));
    style.map(|style| bar.clone().with_style(style)).unwrap_or(bar)
}

fn print(results: &[Generated], json: bool) -> anyhow::Result<()> {
    // A group's stores come to megabytes: they go out as they are written.
    let mut out = io::BufWriter::new(io::stdout().lock());
    if json {
        serde_json::to_writer_pretty(&mut out, results).map_err(io::Error::from)?;
        writeln!(out)?;
        return Ok(out.flush()?);
    }
    let columns = [
        ("门店", "store"),
        ("月份", "month"),
        ("写入", "written"),
        ("不变", "unchanged"),
        ("撤回", "withdrawn"),
        ("需要处理", "attention"),
    ];
    let mut rows = table::new(&columns, &[2, 3, 4, 5]);
    for result in results {
        rows.add_row([
            result.cycle.store.clone(),
            result.cycle.period.to_string(),
            result.written.to_string(),
            result.unchanged.to_string(),
            result.withdrawn.to_string(),
            result.attention.to_string(),
        ]);
    }
    writeln!(out, "{rows}")?;
    if results.iter().any(|result| result.attention > 0) {
        let told = tell!(
            "有的成绩需要处理：GET /v1/reviews 说明原因",
            "some reviews need attention: GET /v1/reviews shows why"
        );
        writeln!(out, "{told}")?;
    }
    Ok(out.flush()?)
}
