//! `showfloor close`

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write as _};

use super::database::Database;
use super::generate::{open_cycle, stores};
use super::{Ended, listed, one_of, table, tell};
use crate::auth::Context;
use crate::clock;
use crate::config::{ReleasedRules, Storage};
use crate::http::idempotency::Answer;
use crate::ledger::bulk::{self, CompleteFor, NewFactRow, NewFacts};
use crate::ledger::metric::{Catalogue, Metric};
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
            let label = |one: &Metric| (one.name.clone(), one_of((&one.zh, &one.en)).to_owned());
            labels.extend(rules.bundle.catalogue.listed().iter().map(label));
            months.push(close::outstanding(cx, &rules, cycle.id).await?);
        }
        Ok(months)
    })
    .await?;
    for gap in nothing_for.iter().filter(|_| !args.json) {
        let (store, source, people) = (&gap.store, &gap.source, listed(&gap.employee_nos));
        let told = tell!(
            "{store} {source}：已声明交齐，没有数据的按 0 计：{people}",
            "{store} {source}: complete, nothing for {people}"
        );
        writeln!(io::stdout(), "{told}")?;
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
        Some(at) => {
            let at = at.format("%Y-%m-%dT%H:%MZ");
            tell!("数据已冻结 {at}", "frozen {at}")
        }
        None => tell!("收集数据", "collecting"),
    };
    let (store, period) = (&cycle.store, cycle.period);
    writeln!(out, "{}", tell!("{store} {period}：{state}", "{store} {period}: {state}"))?;
    let columns =
        [("来源", "source"), ("到数", "delivered"), ("缺", "missing"), ("可缺", "optional"), ("由谁", "who")];
    let mut rows = table::new(&columns, &[2, 3]);
    for source in &month.sources {
        let (name, zh, en) = (&source.source, &source.zh, &source.en);
        let missing = source.missing.iter().filter(|one| !one.required.is_empty()).count();
        rows.add_row([
            tell!("{zh}（{name}）", "{en} ({name})"),
            source.delivered_at.map(|at| clock::day(at).to_string()).unwrap_or_default(),
            missing.to_string(),
            (source.missing.len() - missing).to_string(),
            listed(&source.deliverers),
        ]);
    }
    writeln!(out, "{rows}")?;
    for report in &month.undecided_reports {
        let (no, name, day) = (&report.employee_no, &report.name, report.day);
        let kind = one_of((report.kind.label(), report.kind.name()));
        let [first, again] = [report.handed_in_at, report.rewritten_at]
            .map(|at| at.with_timezone(&clock::CHINA).format("%m-%d %H:%M"));
        let leaders = listed(&report.leaders);
        let told = tell!(
            "{no} {name} {kind} {day}：{first} 交，{again} 逾期重写，是否按时待 {leaders} 认定",
            "{no} {name} {kind} {day}: handed in {first}, rewritten late {again}; {leaders} to decide whether it was in time"
        );
        writeln!(out, "{told}")?;
    }
    for conflict in &month.conflicts {
        let (no, metric) = (&conflict.employee_no, &conflict.metric);
        let (counts, besides) = (conflict.counts, conflict.besides);
        let told = tell!(
            "{no} {metric}：事件 {counts}，报送 {besides}",
            "{no} {metric}: events {counts}, delivered {besides}"
        );
        writeln!(out, "{told}")?;
    }
    if let count @ 1.. = cycle.pending_corrections {
        writeln!(out, "{}", tell!("待定更正：{count}", "corrections to be decided: {count}"))?;
    }
    Ok(())
}

/// What each person lacks: what scoring has to have, and with `all` what it can do without, too.
fn print_people(month: &Outstanding, labels: &HashMap<String, String>, all: bool) -> anyhow::Result<()> {
    let label = |metric: &String| labels.get(metric).unwrap_or(metric).clone();
    let columns = [
        ("工号", "employee_no"),
        ("姓名", "name"),
        ("来源", "source"),
        ("缺", "missing"),
        ("可缺", "optional"),
    ];
    let mut rows =
        table::new(if all { &columns } else { columns.split_last().map_or(&[], |(_, rest)| rest) }, &[]);
    let lacking = month.sources.iter().flat_map(|source| source.missing.iter().map(move |one| (source, one)));
    let mut lacking = lacking.filter(|(_, one)| all || !one.required.is_empty()).collect::<Vec<_>>();
    lacking.sort_by(|(_, one), (_, other)| one.employee_no.cmp(&other.employee_no));
    for (source, one) in &lacking {
        let names = |metrics: &[String]| listed(&metrics.iter().map(label).collect::<Vec<_>>());
        let source = one_of((&source.zh, &source.en)).to_owned();
        let (no, name) = (one.employee_no.clone(), one.name.clone());
        let optional = all.then(|| names(&one.optional));
        rows.add_row([no, name, source, names(&one.required)].into_iter().chain(optional));
    }
    if !lacking.is_empty() {
        writeln!(io::stdout(), "{rows}")?;
    }
    Ok(())
}
