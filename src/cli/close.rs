//! `showfloor close`

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write as _};

use super::database::Database;
use super::generate::{open_cycle, stores};
use super::{Ended, table};
use crate::auth::Context;
use crate::clock;
use crate::config::{ReleasedRules, Storage};
use crate::http::idempotency::Answer;
use crate::ledger::bulk::{self, CompleteFor, NewFactRow, NewFacts};
use crate::ledger::metric::Catalogue;
use crate::ledger::{self, Late, SourceGap};
use crate::period::Period;
use crate::reviews::close::{self, Freeze, Outstanding};
use crate::reviews::generate;
use crate::reviews::store::ReviewCycle;
use crate::rules::library::Library;

/// Options of `showfloor close`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    showfloor close 2014-04                        # what the month still waits for, and from whom\n  \
    showfloor close 2014-04 --complete complaints  # say that whoever has no complaint delivered had none\n  \
    showfloor close 2014-04 --freeze               # freeze its facts, if nothing is missing\n  \
    showfloor close 2014-04 --freeze --accept-missing --note 客服休假")]
pub struct CloseArgs {
    /// The month.
    #[arg(value_name = "YYYY-MM")]
    period: Period,
    /// Only this store, by code.
    #[arg(long, value_name = "CODE")]
    store: Option<String>,
    /// Say that a source of the catalogue is complete: whoever of the store is not in it has nothing there. May be repeated.
    #[arg(long, value_name = "SOURCE")]
    complete: Vec<String>,
    /// Freeze the facts: from then on scoring reads what is known now.
    #[arg(long)]
    freeze: bool,
    /// Freeze even if something is missing that scoring has to have.
    #[arg(long, requires_all = ["freeze", "note"])]
    accept_missing: bool,
    /// Why it is frozen although something is missing.
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// List what each person lacks, also what scoring can do without.
    #[arg(long)]
    people: bool,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    rules: ReleasedRules,
}

/// Says what a month still waits for, and freezes it where that is asked for. Exit status 1 while something is missing.
pub async fn run(args: CloseArgs, storage: Storage) -> anyhow::Result<Ended> {
    let (folder, library) = (args.rules.folder(), Library::default());
    let (mut labels, mut nothing_for) = (HashMap::new(), Vec::new());
    let months = Database::as_operator(&storage, async |cx| {
        let mut months = Vec::new();
        for store in stores(cx, args.store.as_deref()).await? {
            let cycle = open_cycle(cx, &store, args.period).await?;
            let rules = generate::rules_of(cx, &folder, &library, cycle.id).await?;
            if !args.complete.is_empty() {
                nothing_for.extend(declare(cx, &rules.bundle.catalogue, &cycle, &args.complete).await?);
            }
            if args.freeze {
                let freeze = Freeze { accept_missing: args.accept_missing, note: args.note.clone() };
                close::freeze(cx, &rules.bundle, cycle.id, &freeze).await?;
            }
            labels
                .extend(rules.bundle.catalogue.listed().iter().map(|one| (one.name.clone(), one.zh.clone())));
            months.push(close::outstanding(cx, &rules, cycle.id).await?);
        }
        Ok(months)
    })
    .await?;
    for gap in nothing_for.iter().filter(|_| !args.json) {
        let (store, source, people) = (&gap.store, &gap.source, gap.employee_nos.join("、"));
        writeln!(
            io::stdout(),
            "{store} {source}：已声明交齐，没有数据的按 0 计 · complete, nothing for {people}"
        )?;
    }
    if args.json {
        writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&months)?)?;
    } else {
        for month in &months {
            print(month)?;
            print_people(month, &labels, args.people)?;
        }
    }
    let is_complete = months.iter().all(|month| month.is_complete);
    Ok(if is_complete { Ended::Well } else { Ended::WithFindings })
}

/// Notes the operator's word that sources are complete for a store's month; of whom there is nothing by that.
async fn declare(
    cx: &mut Context,
    catalogue: &Catalogue,
    cycle: &ReviewCycle,
    sources: &[String],
) -> anyhow::Result<Vec<SourceGap>> {
    let here = ledger::of_store(cycle.store_id);
    // Of each store somebody is named: it is of the store that the word is.
    let employee_no = ledger::employee_nos(cx.db(), cycle.period, Some(&here)).await?.into_iter().next();
    let rows = employee_no.into_iter();
    let rows = rows.map(|employee_no| NewFactRow {
        employee_no,
        day: None,
        external_id: None,
        facts: BTreeMap::new(),
    });
    let new = NewFacts {
        period: cycle.period,
        source_system: "operator".to_owned(),
        store: Some(cycle.store.clone()),
        rows: rows.collect(),
        complete_sources: sources.to_vec(),
        complete_for: CompleteFor::Store,
        partial: false,
        late: Late::Refuse,
        reason: None,
    };
    match bulk::record(cx, catalogue, new, None).await? {
        Answer::Now(recorded) => Ok(recorded.nothing_for),
        Answer::Before(_) => Ok(Vec::new()),
    }
}

/// The sources of a month, and who has to deliver them.
fn print(month: &Outstanding) -> anyhow::Result<()> {
    let mut out = io::stdout();
    let cycle = &month.cycle;
    let state = match cycle.facts_frozen_at {
        Some(at) => format!("数据已冻结 · frozen {}", at.format("%Y-%m-%dT%H:%MZ")),
        None => "收集数据 · collecting".to_owned(),
    };
    writeln!(out, "{} {}: {state}", cycle.store, cycle.period)?;
    let columns = ["来源 source", "到数 delivered", "缺 missing", "可缺 optional", "由谁 who"];
    let mut rows = table::new(&columns, &[2, 3]);
    for source in &month.sources {
        let missing = source.missing.iter().filter(|one| !one.required.is_empty()).count();
        rows.add_row([
            format!("{} {}", source.zh, source.source),
            source.delivered_at.map(|at| clock::day(at).to_string()).unwrap_or_default(),
            missing.to_string(),
            (source.missing.len() - missing).to_string(),
            source.deliverers.join("、"),
        ]);
    }
    writeln!(out, "{rows}")?;
    for report in &month.undecided_reports {
        let (no, name, kind, day) = (&report.employee_no, &report.name, report.kind.label(), report.day);
        let (first, again) = (report.handed_in_at, report.rewritten_at);
        let (first, again) = (first.with_timezone(&clock::CHINA), again.with_timezone(&clock::CHINA));
        let leaders = report.leaders.join("、");
        writeln!(
            out,
            "{no} {name} {kind} {day}: {} 交，{} 逾期重写，是否按时待 {leaders} 认定 · rewritten late",
            first.format("%m-%d %H:%M"),
            again.format("%m-%d %H:%M")
        )?;
    }
    for conflict in &month.conflicts {
        let (no, metric) = (&conflict.employee_no, &conflict.metric);
        let (counts, besides) = (conflict.counts, conflict.besides);
        writeln!(out, "{no} {metric}: 事件 events {counts} / 报送 delivered {besides}")?;
    }
    if cycle.pending_corrections > 0 {
        writeln!(out, "待定更正 · corrections to be decided: {}", cycle.pending_corrections)?;
    }
    Ok(())
}

/// What each person lacks: what scoring has to have, and with `all` what it can do without, too.
fn print_people(month: &Outstanding, labels: &HashMap<String, String>, all: bool) -> anyhow::Result<()> {
    let label = |metric: &String| labels.get(metric).unwrap_or(metric).clone();
    let columns = ["工号", "姓名", "来源 source", "缺 missing", "可缺 optional"];
    let mut rows =
        table::new(if all { &columns } else { columns.split_last().map_or(&[], |(_, rest)| rest) }, &[]);
    let listed = month.sources.iter().flat_map(|source| source.missing.iter().map(move |one| (source, one)));
    let mut listed = listed.filter(|(_, one)| all || !one.required.is_empty()).collect::<Vec<_>>();
    listed.sort_by(|(_, one), (_, other)| one.employee_no.cmp(&other.employee_no));
    for (source, one) in &listed {
        let names = |metrics: &[String]| metrics.iter().map(label).collect::<Vec<_>>().join("、");
        let (no, name, source) = (one.employee_no.clone(), one.name.clone(), source.zh.clone());
        let optional = all.then(|| names(&one.optional));
        rows.add_row([no, name, source, names(&one.required)].into_iter().chain(optional));
    }
    if !listed.is_empty() {
        writeln!(io::stdout(), "{rows}")?;
    }
    Ok(())
}
