//! `showfloor cycles`

use std::io::{self, Write as _};

use super::database::Database;
use super::{Ended, table, tell, word};
use crate::config::Storage;
use crate::http::Window;
use crate::period::Period;
use crate::reviews::cycle::moves::{self, MoveOutcome, NewCycleMove, NewCycleMoves};
use crate::reviews::cycle::rules::CycleRules;
use crate::reviews::cycle::{CycleOutlook, CycleState, outlooks};
use crate::reviews::store::{self, CycleFilter, ReviewCycle};
use crate::rules::library::Library;

/// What can be done with review cycles.
#[derive(Debug, clap::Subcommand)]
pub enum CyclesCommand {
    /// List where the cycles of a month are, and until when they have to move on.
    #[command(after_help = "Examples:\n  \
        showfloor cycles list 2014-03\n  \
        showfloor cycles list 2014-03 --store JC --json")]
    List(ListArgs),
    /// Move the cycles of a month on, or back for a reason. Exit status 1 if one could not be moved.
    #[command(after_help = "Examples:\n  \
        showfloor cycles move 2014-03 --to self_review\n  \
        showfloor cycles move 2014-03 --store JC --to computed --reason 考勤补录")]
    Move(MoveArgs),
}

/// Options of `showfloor cycles list`.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// The month.
    #[arg(value_name = "YYYY-MM")]
    period: Period,
    /// Only this store, by code.
    #[arg(long, value_name = "CODE")]
    store: Option<String>,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// Options of `showfloor cycles move`.
#[derive(Debug, clap::Args)]
pub struct MoveArgs {
    /// The month.
    #[arg(value_name = "YYYY-MM")]
    period: Period,
    /// Only these stores, by code; may be given several times.
    #[arg(long, value_name = "CODE")]
    store: Vec<String>,
    /// The state to move to.
    #[arg(long, value_name = "STATE", value_parser = state)]
    to: CycleState,
    /// Why; needed where it goes back.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
}

fn state(text: &str) -> Result<CycleState, String> {
    CycleState::named(text).ok_or_else(|| {
        let states = CycleState::ALL.iter().map(|state| state.name()).collect::<Vec<_>>();
        format!("expected one of {}", states.join(", "))
    })
}

/// Lists or moves cycles.
pub async fn run(command: CyclesCommand, storage: Storage) -> anyhow::Result<Ended> {
    match command {
        CyclesCommand::List(args) => list(args, storage).await,
        CyclesCommand::Move(args) => move_them(args, storage).await,
    }
}

async fn list(args: ListArgs, storage: Storage) -> anyhow::Result<Ended> {
    let filter = CycleFilter { store: args.store, period: Some(args.period) };
    let cycles = Database::as_operator(&storage, async |cx| {
        let mut cycles = Vec::new();
        let mut window = Window { after: 0, limit: 500 };
        loop {
            let page = store::list_cycles(cx, &filter, window).await?;
            let is_last = page.next_cursor.is_none();
            window.after = page.items.last().map_or(window.after, |cycle| cycle.id);
            cycles.extend(outlooks(cx, page.items).await?);
            if is_last {
                return Ok(cycles);
            }
        }
    })
    .await?;
    if args.json {
        writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&cycles)?)?;
        return Ok(Ended::Well);
    }
    let columns =
        [("门店", "store"), ("月份", "month"), ("状态", "state"), ("期限", "until"), ("规则", "rules")];
    let mut rows = table::new(&columns, &[]);
    for CycleOutlook { cycle, due, rules, .. } in &cycles {
        rows.add_row([
            cycle.store.clone(),
            cycle.period.to_string(),
            word(cycle.state.label(), cycle.state),
            due.of(cycle.state).map(|day| day.to_string()).unwrap_or_default(),
            rules_of(cycle, rules),
        ]);
    }
    writeln!(io::stdout(), "{rows}")?;
    Ok(Ended::Well)
}

/// The release that scored a cycle's reviews or would score them, and the one that would score them now where it is another.
fn rules_of(cycle: &ReviewCycle, rules: &CycleRules) -> String {
    let named = |release: Option<i64>| release.map(|id| format!("#{id}")).unwrap_or_default();
    match rules.is_newer {
        true => {
            let (scored, newer) = (named(cycle.release), named(rules.release));
            tell!(
                "{scored}，有新版 {newer}，可用 generate 重新计分",
                "{scored}, newer: {newer}, generate scores again"
            )
        }
        false => named(cycle.release.or(rules.release)),
    }
}

async fn move_them(args: MoveArgs, storage: Storage) -> anyhow::Result<Ended> {
    let stores = (!args.store.is_empty()).then_some(args.store);
    let step = NewCycleMove { to: args.to, reason: args.reason };
    let moves = NewCycleMoves { period: args.period, stores, step };
    let outcomes = Database::as_operator(&storage, async |cx| {
        Ok(moves::move_many(cx, &Library::default(), &moves).await?)
    })
    .await?;
    let period = args.period;
    anyhow::ensure!(
        !outcomes.is_empty(),
        tell!(
            "{period} 还没有考核周期：showfloor generate 会建立",
            "there is no cycle of {period} yet: showfloor generate opens them"
        )
    );
    if args.json {
        writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&outcomes)?)?;
    } else {
        print(&outcomes)?;
    }
    let is_well = outcomes.iter().all(|outcome| outcome.is_moved);
    Ok(if is_well { Ended::Well } else { Ended::WithFindings })
}

fn print(outcomes: &[MoveOutcome]) -> anyhow::Result<()> {
    let columns = [("门店", "store"), ("状态", "state"), ("已移动", "moved"), ("原因", "why not")];
    let mut rows = table::new(&columns, &[]);
    for outcome in outcomes {
        let moved = if outcome.is_moved { "✔" } else { "–" };
        rows.add_row([
            outcome.store.clone(),
            outcome.state.map(|state| word(state.label(), state)).unwrap_or_default(),
            moved.to_owned(),
            outcome.problem.clone().unwrap_or_default(),
        ]);
    }
    writeln!(io::stdout(), "{rows}")?;
    Ok(())
}
