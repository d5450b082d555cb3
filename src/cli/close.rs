//! `showfloor close`

use std::io::{self, Write as _};

use super::database::Database;
use super::generate::open_cycle;
use super::{Ended, table};
use crate::clock::Clock;
use crate::config::{ReleasedRules, Storage};
use crate::period::Period;
use crate::reviews::close::{self, Freeze, Outstanding};
use crate::reviews::generate::{self, Runner};
use crate::rules::library::Library;

/// Options of `showfloor close`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    showfloor close 2014-04                        what the month still waits for, and from whom\n  \
    showfloor close 2014-04 --freeze               freeze its facts, if nothing is missing\n  \
    showfloor close 2014-04 --freeze --accept-missing --note 客服休假")]
pub struct CloseArgs {
    /// The month.
    #[arg(value_name = "YYYY-MM")]
    period: Period,
    /// Only this store, by code.
    #[arg(long, value_name = "CODE")]
    store: Option<String>,
    /// Freeze the facts: from then on scoring reads what is known now.
    #[arg(long)]
    freeze: bool,
    /// Freeze even if something is missing that scoring has to have.
    #[arg(long, requires_all = ["freeze", "note"])]
    accept_missing: bool,
    /// Why it is frozen although something is missing.
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    rules: ReleasedRules,
}

/// Says what a month still waits for, and freezes it where that is asked for. Exit status 1 while something is missing.
pub async fn run(args: CloseArgs, storage: Storage) -> anyhow::Result<Ended> {
    let (folder, library) = (args.rules.folder(), Library::default());
    let months = Database::with(&storage, async |pool| {
        let stores = match &args.store {
            Some(store) => vec![store.clone()],
            None => crate::org::store_codes(&mut *pool.get().await?).await?,
        };
        let runner = Runner::operator();
        let mut months = Vec::new();
        for store in stores {
            let cycle = open_cycle(pool, &runner, &store, args.period).await?;
            let now = Clock::System.now();
            let rules = generate::rules_of(pool, &folder, &library, cycle.id, &runner, now).await?;
            let connection = &mut *pool.get().await?;
            if args.freeze {
                let freeze = Freeze { accept_missing: args.accept_missing, note: args.note.clone() };
                close::freeze(connection, &rules.bundle, cycle.id, &freeze, &runner, now).await?;
            }
            months.push(close::outstanding(connection, &rules.bundle, cycle.id, &runner).await?);
        }
        Ok(months)
    })
    .await?;
    print(&months, args.json)?;
    let is_complete = months.iter().all(|month| month.is_complete);
    Ok(if is_complete { Ended::Well } else { Ended::WithFindings })
}

fn print(months: &[Outstanding], json: bool) -> anyhow::Result<()> {
    let mut out = io::stdout();
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(months)?)?;
        return Ok(());
    }
    for month in months {
        let cycle = &month.cycle;
        let state = match cycle.facts_frozen_at {
            Some(at) => format!("数据已冻结 · frozen {}", at.format("%Y-%m-%dT%H:%MZ")),
            None => "收集数据 · collecting".to_owned(),
        };
        writeln!(out, "{} {}: {state}", cycle.store, cycle.period)?;
        let mut rows = table::new(
            &["来源 source", "到数 delivered", "缺 missing", "可缺 optional", "由谁 who"],
            &[2, 3],
        );
        for source in &month.sources {
            let missing = source.missing.iter().filter(|one| !one.required.is_empty()).count();
            rows.add_row([
                format!("{} {}", source.zh, source.source),
                source.delivered_at.map(|at| at.format("%Y-%m-%d").to_string()).unwrap_or_default(),
                missing.to_string(),
                (source.missing.len() - missing).to_string(),
                source.deliverers.join("、"),
            ]);
        }
        writeln!(out, "{rows}")?;
        for conflict in &month.conflicts {
            let (no, metric) = (&conflict.employee_no, &conflict.metric);
            writeln!(
                out,
                "{no} {metric}: 事件 events {} / 报送 delivered {}",
                conflict.counts, conflict.besides
            )?;
        }
        if cycle.pending_corrections > 0 {
            writeln!(out, "待定更正 · corrections to be decided: {}", cycle.pending_corrections)?;
        }
    }
    Ok(())
}
