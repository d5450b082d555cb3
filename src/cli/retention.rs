//! `showfloor retention`

use std::io::{self, Write as _};

use chrono::{DateTime, NaiveDate, Utc};
use clap::Subcommand;
use serde::Serialize;

use super::database::Database;
use super::generate::progress_bar;
use super::person::Person;
use super::{Ended, one_of, table, tell};
use crate::auth::access::{EraseData, HoldData};
use crate::clock::{self, Clock};
use crate::config::Storage;
use crate::http::etag::Seen;
use crate::http::{Window, body};
use crate::retention::due::{self, Due, DueMonth, DuePerson};
use crate::retention::holds::{self, HoldFilter, HoldRelease, LegalHold, NewLegalHold};
use crate::retention::requests::{self, Erasure, ErasureDecision, ErasureFilter, NewErasure};
use crate::retention::run;
use crate::rules::library::Library;

/// What can be done about how long things are kept.
#[derive(Debug, Subcommand)]
pub enum RetentionCommand {
    /// Say how long things are kept, what is due to be erased, and what keeps it. Nothing is done.
    #[command(after_help = "Examples:\n  \
        showfloor retention show                       # what is due today, and what will be next\n  \
        showfloor retention show --as-of 2027-01-01    # what will be due on a day\n  \
        showfloor retention show --json")]
    Show(ShowArgs),
    /// Erase what is over the term. Exit status 1 where a hold or a month that is not locked keeps something.
    #[command(after_help = "Examples:\n  \
        showfloor retention run --dry-run      # what it would erase\n  \
        showfloor retention run                # may be killed, and run again, at any time\n  \
        showfloor retention run --json         # for a job that runs every month")]
    Run(RunArgs),
    /// Place, list and release legal holds: what is held is not erased.
    #[command(subcommand)]
    Hold(HoldCommand),
    /// Propose that everything of a person is erased; somebody else decides.
    #[command(after_help = "Examples:\n  \
        showfloor retention erase A07 --reason '本人申请删除' --as zhang.wei\n  \
        showfloor retention erase A07 --early --reason '本人申请删除' --as zhang.wei")]
    Erase(EraseArgs),
    /// List proposed, refused and done erasures of people.
    #[command(after_help = "Example:\n  showfloor retention erasures")]
    Erasures(JsonArgs),
    /// Decide on an erasure that somebody else has proposed. Approved, the data goes at once and for good.
    #[command(after_help = "Examples:\n  \
        showfloor retention decide 3 --approve --as wang.lei\n  \
        showfloor retention decide 3 --reject --note '仲裁未结' --as wang.lei")]
    Decide(DecideArgs),
    /// Take back an erasure that you have proposed.
    #[command(after_help = "Example:\n  showfloor retention withdraw 3 --as li.na")]
    Withdraw(WithdrawArgs),
}

/// Options of commands that only print.
#[derive(Debug, clap::Args)]
pub struct JsonArgs {
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// Options of `showfloor retention show`.
#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    /// As of this day instead of today.
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<NaiveDate>,
    #[command(flatten)]
    print: JsonArgs,
}

/// Options of `showfloor retention run`.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// As of this day instead of today; a later one only with --dry-run.
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<NaiveDate>,
    /// Say what it would erase, and erase nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    print: JsonArgs,
}

/// What can be done with legal holds.
#[derive(Debug, Subcommand)]
pub enum HoldCommand {
    /// Place a hold on a person, on a store or, with neither, on everybody.
    #[command(after_help = "Examples:\n  \
        showfloor retention hold add --employee A08 --reason '劳动仲裁 (2014) 第 17 号' --as zhang.wei\n  \
        showfloor retention hold add --store JC --reason '审计' --as zhang.wei\n  \
        showfloor retention hold add --reason '监管检查' --as group")]
    Add(HoldAddArgs),
    /// List the holds, released ones included.
    #[command(after_help = "Example:\n  showfloor retention hold list --standing")]
    List(HoldListArgs),
    /// Release a hold that somebody else has placed.
    #[command(
        after_help = "Example:\n  showfloor retention hold release 3 --reason '仲裁已结' --as wang.lei"
    )]
    Release(HoldReleaseArgs),
}

/// Options of `showfloor retention hold add`.
#[derive(Debug, clap::Args)]
pub struct HoldAddArgs {
    /// The person, by employee number 工号.
    #[arg(long, value_name = "工号", conflicts_with = "store")]
    employee: Option<String>,
    /// The store, by code.
    #[arg(long, value_name = "CODE")]
    store: Option<String>,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    person: Person,
    #[command(flatten)]
    print: JsonArgs,
}

/// Options of `showfloor retention hold list`.
#[derive(Debug, clap::Args)]
pub struct HoldListArgs {
    /// Only those that stand.
    #[arg(long)]
    standing: bool,
    #[command(flatten)]
    print: JsonArgs,
}

/// Options of `showfloor retention hold release`.
#[derive(Debug, clap::Args)]
pub struct HoldReleaseArgs {
    /// The hold.
    id: i64,
    /// Why it is no longer needed.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    person: Person,
    #[command(flatten)]
    print: JsonArgs,
}

/// Options of `showfloor retention erase`.
#[derive(Debug, clap::Args)]
pub struct EraseArgs {
    /// The person, by employee number 工号.
    #[arg(value_name = "工号")]
    employee_no: String,
    /// Why. It is kept and shown: it should name nobody.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Although the term after leaving is not over.
    #[arg(long)]
    early: bool,
    #[command(flatten)]
    person: Person,
    #[command(flatten)]
    print: JsonArgs,
}

/// Options of `showfloor retention decide`.
#[derive(Debug, clap::Args)]
pub struct DecideArgs {
    /// The erasure.
    id: i64,
    /// Erase the data, at once and for good.
    #[arg(long, required_unless_present = "reject", conflicts_with = "reject")]
    approve: bool,
    /// Leave the data as it is.
    #[arg(long, requires = "note")]
    reject: bool,
    /// What is to be said of it.
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    person: Person,
    #[command(flatten)]
    print: JsonArgs,
}

/// Options of `showfloor retention withdraw`.
#[derive(Debug, clap::Args)]
pub struct WithdrawArgs {
    /// The erasure.
    id: i64,
    #[command(flatten)]
    person: Person,
    #[command(flatten)]
    print: JsonArgs,
}

/// Does what a command about retention says.
pub async fn run(command: RetentionCommand, storage: Storage) -> anyhow::Result<Ended> {
    match command {
        RetentionCommand::Show(args) => {
            let due = Database::as_operator(&storage, async |cx| Ok(due::due(cx, args.as_of).await?)).await?;
            if args.print.json {
                json(&due)?
            } else {
                print_due(&due)?
            }
            Ok(Ended::Well)
        }
        RetentionCommand::Run(args) => erase_due(args, storage).await,
        RetentionCommand::Hold(command) => hold(command, storage).await,
        RetentionCommand::Erase(args) => {
            let new = NewErasure { reason: args.reason, early: args.early };
            body::check(&new)?;
            let erasure = Database::with(&storage, async |pool| {
                let mut cx = args.person.context::<EraseData>(pool).await?;
                Ok(requests::propose(&mut cx, &args.employee_no, &new).await?)
            })
            .await?;
            print_erasures(&[erasure], args.print.json)
        }
        RetentionCommand::Erasures(args) => {
            let erasures = Database::as_operator(&storage, async |cx| {
                let window = Window { after: 0, limit: 500 };
                Ok(requests::list(cx, &ErasureFilter::default(), window).await?.items)
            })
            .await?;
            print_erasures(&erasures, args.json)
        }
        RetentionCommand::Decide(args) => {
            let decision = ErasureDecision { approve: args.approve, note: args.note };
            body::check(&decision)?;
            let erasure = Database::with(&storage, async |pool| {
                let mut cx = args.person.context::<EraseData>(pool).await?;
                Ok(requests::decide(&mut cx, &Library::default(), args.id, &decision, Seen::Any).await?)
            })
            .await?;
            print_erasures(&[erasure], args.print.json)
        }
        RetentionCommand::Withdraw(args) => {
            let erasure = Database::with(&storage, async |pool| {
                let mut cx = args.person.context::<EraseData>(pool).await?;
                Ok(requests::withdraw(&mut cx, args.id, Seen::Any).await?)
            })
            .await?;
            print_erasures(&[erasure], args.print.json)
        }
    }
}

async fn erase_due(args: RunArgs, storage: Storage) -> anyhow::Result<Ended> {
    if args.dry_run {
        let due = Database::as_operator(&storage, async |cx| Ok(due::due(cx, args.as_of).await?)).await?;
        if args.print.json {
            json(&due)?
        } else {
            print_due(&due)?
        }
        return Ok(Ended::Well);
    }
    let day = args.as_of.unwrap_or_else(|| clock::day(Clock::System.now()));
    let report = Database::as_operator(&storage, async |cx| {
        let due = due::due(cx, Some(day)).await?;
        let length = due.months.iter().map(|month| month.people).sum::<usize>() + due.people.len();
        let progress = progress_bar(length, &tell!("份人员月度数据", "people's months"));
        let advance = |done| progress.inc(u64::try_from(done).unwrap_or(u64::MAX));
        let report = run::run(cx, &Library::default(), day, advance).await?;
        progress.finish_and_clear();
        Ok(report)
    })
    .await?;
    if args.print.json {
        json(&report)?;
    } else {
        print_months(&report.months, true)?;
        print_people(&report.people)?;
        let (readings, entries) = (report.readings, report.entries);
        let told = tell!(
            "访问记录 {readings} 条、审计明细 {entries} 条已删除",
            "{readings} readings and {entries} audit details erased"
        );
        writeln!(io::stdout(), "{told}")?;
        if report.are_entries_held {
            let told = tell!("有法律保全，审计明细保留", "a legal hold keeps the audit details");
            writeln!(io::stdout(), "{told}")?;
        }
        for problem in &report.problems {
            writeln!(io::stderr(), "showfloor: {problem}")?;
        }
    }
    Ok(if report.is_complete() { Ended::Well } else { Ended::WithFindings })
}

async fn hold(command: HoldCommand, storage: Storage) -> anyhow::Result<Ended> {
    match command {
        HoldCommand::Add(args) => {
            let new = NewLegalHold { employee_no: args.employee, store: args.store, reason: args.reason };
            body::check(&new)?;
            let hold = Database::with(&storage, async |pool| {
                let mut cx = args.person.context::<HoldData>(pool).await?;
                Ok(holds::place(&mut cx, &new).await?)
            })
            .await?;
            print_holds(&[hold], args.print.json)
        }
        HoldCommand::List(args) => {
            let filter = HoldFilter { standing: args.standing.then_some(true) };
            let holds = Database::as_operator(&storage, async |cx| {
                Ok(holds::list(cx, &filter, Window { after: 0, limit: 500 }).await?.items)
            })
            .await?;
            print_holds(&holds, args.print.json)
        }
        HoldCommand::Release(args) => {
            let release = HoldRelease { reason: args.reason };
            body::check(&release)?;
            let hold = Database::with(&storage, async |pool| {
                let mut cx = args.person.context::<HoldData>(pool).await?;
                Ok(holds::release(&mut cx, args.id, &release, Seen::Any).await?)
            })
            .await?;
            print_holds(&[hold], args.print.json)
        }
    }
}

fn json(what: &impl Serialize) -> anyhow::Result<()> {
    writeln!(io::stdout(), "{}", serde_json::to_string_pretty(what)?)?;
    Ok(())
}

fn print_due(due: &Due) -> anyhow::Result<()> {
    let policy = due.policy.policy;
    let told = tell!(
        "保存月数：考核 {}、数据 {}、日常 {}、访问记录 {}、审计 {}；离职后 {}",
        "kept for months: reviews {}, facts {}, diary {}, access log {}, audit {}; after leaving {}",
        policy.reviews_months,
        policy.facts_months,
        policy.diary_months,
        policy.access_log_months,
        policy.audit_months,
        policy.after_leaving_months
    );
    writeln!(io::stdout(), "{told}")?;
    print_months(&due.months, false)?;
    print_people(&due.people)?;
    let (day, readings, entries) = (due.as_of, due.readings.unwrap_or(0), due.entries.unwrap_or(0));
    let told = tell!(
        "截至 {day}：访问记录 {readings} 条、审计明细 {entries} 条到期",
        "as of {day}: {readings} readings, {entries} audit details due"
    );
    writeln!(io::stdout(), "{told}")?;
    for next in &due.next {
        let (kind, period, day) = (next.kind, next.period, next.due_from);
        let kind = one_of((kind.label(), kind.name()));
        writeln!(
            io::stdout(),
            "{}",
            tell!("{kind} {period} 自 {day} 起到期", "{kind} {period}: due from {day}")
        )?;
    }
    Ok(())
}

fn print_months(months: &[DueMonth], is_done: bool) -> anyhow::Result<()> {
    if months.is_empty() {
        writeln!(io::stdout(), "{}", tell!("没有到期的月份", "no months are due"))?;
        return Ok(());
    }
    let columns = [
        ("类别", "kind"),
        ("月份", "month"),
        ("门店", "store"),
        ("到期", "due"),
        ("人", "people"),
        ("保全", "held"),
        ("未锁定", "not locked"),
        ("已删除", "erased"),
    ];
    let columns =
        if is_done { &columns } else { columns.split_last().map_or(&columns[..], |(_, rest)| rest) };
    let mut rows = table::new(columns, &[4, 5, 6, 7]);
    for month in months {
        let cells = [
            one_of((month.kind.label(), month.kind.name())).to_owned(),
            month.period.to_string(),
            month.store.clone().unwrap_or_default(),
            month.due_from.to_string(),
            month.people.to_string(),
            month.held.to_string(),
            month.not_locked.to_string(),
        ];
        rows.add_row(cells.into_iter().chain(is_done.then(|| month.erased.to_string())));
    }
    writeln!(io::stdout(), "{rows}")?;
    Ok(())
}

fn print_people(people: &[DuePerson]) -> anyhow::Result<()> {
    if people.is_empty() {
        return Ok(());
    }
    let columns = [("工号", "employee_no"), ("离职", "left"), ("到期", "due"), ("状态", "state")];
    let mut rows = table::new(&columns, &[]);
    for person in people {
        let state = match person {
            DuePerson { is_erased: true, .. } => tell!("已删除", "erased"),
            DuePerson { problem: Some(problem), .. } => problem.clone(),
            DuePerson { is_held: true, .. } => tell!("保全", "held"),
            _ => tell!("到期", "due"),
        };
        let days = [person.left_on, person.due_from].map(|day| day.to_string());
        rows.add_row([person.employee_no.clone()].into_iter().chain(days).chain([state]));
    }
    writeln!(io::stdout(), "{rows}")?;
    Ok(())
}

fn print_holds(holds: &[LegalHold], is_json: bool) -> anyhow::Result<Ended> {
    if is_json {
        json(&holds)?;
        return Ok(Ended::Well);
    }
    let columns = [
        ("#", "#"),
        ("保全", "held"),
        ("原因", "reason"),
        ("由", "by"),
        ("自", "since"),
        ("解除", "released"),
    ];
    let mut rows = table::new(&columns, &[0]);
    for hold in holds {
        let held = hold.employee_no.clone().or_else(|| hold.store.clone());
        let released = hold.released_at.map(|at| {
            let (by, why) = (hold.released_by.as_deref(), hold.release_reason.as_deref());
            format!("{} {} {}", clock::day(at), by.unwrap_or_default(), why.unwrap_or_default())
        });
        rows.add_row([
            hold.id.to_string(),
            held.unwrap_or_else(|| tell!("全部", "everybody")),
            hold.reason.clone(),
            hold.placed_by.clone(),
            clock::day(hold.placed_at).to_string(),
            released.unwrap_or_default(),
        ]);
    }
    writeln!(io::stdout(), "{rows}")?;
    Ok(Ended::Well)
}

fn print_erasures(erasures: &[Erasure], is_json: bool) -> anyhow::Result<Ended> {
    if is_json {
        json(&erasures)?;
        return Ok(Ended::Well);
    }
    let columns = [
        ("#", "#"),
        ("工号", "employee_no"),
        ("状态", "state"),
        ("原因", "reason"),
        ("提议", "proposed"),
        ("决定", "decided"),
    ];
    let mut rows = table::new(&columns, &[0]);
    for erasure in erasures {
        let who = |by: &Option<String>, at: Option<DateTime<Utc>>| {
            let day = at.map(|at| clock::day(at).to_string()).unwrap_or_default();
            format!("{} {day}", by.as_deref().unwrap_or_default())
        };
        rows.add_row([
            erasure.id.to_string(),
            erasure.employee_no.clone(),
            one_of((erasure.state.label(), erasure.state.name())).to_owned(),
            erasure.reason.clone(),
            who(&erasure.proposed_by, erasure.proposed_at),
            who(&erasure.decided_by, erasure.decided_at.or(erasure.erased_at)),
        ]);
    }
    writeln!(io::stdout(), "{rows}")?;
    Ok(Ended::Well)
}
