//! `showfloor rules` about drafts: begin one, change it, hand it in, decide on it.

use std::io::{self, Write as _};
use std::path::PathBuf;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::EVERYTHING;
use crate::auth::Context;
use crate::auth::access::{Action, ApproveRules, DraftRules};
use crate::cli::person::Person;
use crate::cli::{Ended, database::Database, listed, one_of, table, tell};
use crate::config::Storage;
use crate::http::Problem;
use crate::http::etag::Seen;
use crate::period::Period;
use crate::rules::bundle::{Files, read_folder};
use crate::rules::draft::decision::{self, Submission};
use crate::rules::draft::diff::{self, DiffQuery, RuleDraftDiff};
use crate::rules::draft::parameters::{self, NewValue};
use crate::rules::draft::rebase::{self, Rebase};
use crate::rules::draft::replaced::RuleDraftChange;
use crate::rules::draft::{self, Draft, DraftFilter, DraftOrigin, DraftState, Side, files};

/// Options of `showfloor rules drafts`.
#[derive(Debug, clap::Args)]
pub struct DraftsArgs {
    /// Also those that were approved or given up.
    #[arg(long)]
    all: bool,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// Options of `showfloor rules draft`.
#[derive(Debug, clap::Args)]
pub struct BeginArgs {
    /// Begin with a copy of this release; by default the one published last. An older one takes its rules back.
    #[arg(long, value_name = "ID", conflicts_with = "folder")]
    release: Option<i64>,
    /// Begin with the files of a folder: one that was exported, or edited elsewhere.
    #[arg(long = "from", value_name = "DIR")]
    folder: Option<PathBuf>,
    /// The release that the folder is a change of; by default the one from which it differs least.
    #[arg(long, value_name = "ID", requires = "folder")]
    base: Option<i64>,
    /// What it is for.
    #[arg(long, default_value = "", value_name = "TEXT")]
    note: String,
    #[command(flatten)]
    person: Person,
}

/// Options of `showfloor rules edit`.
#[derive(Debug, clap::Args)]
pub struct EditArgs {
    /// The draft.
    draft: i64,
    /// Put the files of this folder in place of the draft's.
    #[arg(long = "from", value_name = "DIR", requires = "seen")]
    folder: Option<PathBuf>,
    /// The version that the folder was exported from: somebody else's changes since are not overwritten.
    #[arg(long, value_name = "VERSION")]
    seen: Option<i32>,
    /// Set a parameter; may be given several times.
    #[arg(long = "set", value_name = "SCHEME.NAME=VALUE", value_parser = new_value, required_unless_present = "folder",
        conflicts_with = "folder")]
    values: Vec<NewValue>,
    #[command(flatten)]
    person: Person,
}

/// Options of commands that only name a draft.
#[derive(Debug, clap::Args)]
pub struct DraftArgs {
    /// The draft.
    draft: i64,
    #[command(flatten)]
    person: Person,
}

/// Options of `showfloor rules diff`.
#[derive(Debug, clap::Args)]
pub struct DiffArgs {
    /// The draft.
    draft: i64,
    /// The release to compare with; by default the one that the draft is a change of.
    #[arg(long, value_name = "ID")]
    against: Option<i64>,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// Options of `showfloor rules submit`.
#[derive(Debug, clap::Args)]
pub struct SubmitArgs {
    /// The draft.
    draft: i64,
    /// The first month it is to score: one that has not begun.
    #[arg(long, value_name = "YYYY-MM")]
    effective: Period,
    /// When the people concerned were consulted.
    #[arg(long, value_name = "YYYY-MM-DD")]
    consulted: NaiveDate,
    /// What it changes, for everybody who is reviewed by it.
    #[arg(long, value_name = "TEXT")]
    note: String,
    /// It is meant only for the months before a release takes over that has been published for a later one.
    #[arg(long)]
    until_next: bool,
    /// The version that was looked at (`rules diff` shows it): what somebody else has changed since is not handed in.
    #[arg(long, value_name = "VERSION")]
    seen: Option<i32>,
    #[command(flatten)]
    person: Person,
}

/// Options of `showfloor rules rebase`.
#[derive(Debug, clap::Args)]
pub struct RebaseArgs {
    /// The draft.
    draft: i64,
    /// The release to put its changes onto; by default the one published last.
    #[arg(long, value_name = "ID")]
    onto: Option<i64>,
    /// Who counts where both have changed the same place: `draft` or `release`. By default such places are told and nothing
    /// is changed.
    #[arg(long, value_name = "SIDE", value_parser = side)]
    prefer: Option<Side>,
    #[command(flatten)]
    person: Person,
}

/// Options of `showfloor rules approve` and `reject`.
#[derive(Debug, clap::Args)]
pub struct DecideArgs {
    /// The draft.
    draft: i64,
    /// The reason for the decision.
    #[arg(long, value_name = "TEXT")]
    note: String,
    /// The version that was looked at (`rules diff` shows it): what was handed in again since is not decided on.
    #[arg(long, value_name = "VERSION")]
    seen: Option<i32>,
    #[command(flatten)]
    person: Person,
}

fn new_value(text: &str) -> Result<NewValue, String> {
    let expected =
        || "expected SCHEME.NAME=VALUE, for example sales_consultant.attainment_floor=0.7".to_owned();
    let (name, value) = text.split_once('=').ok_or_else(expected)?;
    let (scheme, name) = name.split_once('.').ok_or_else(expected)?;
    let value: Decimal = crate::decimal::parse(value).ok_or_else(expected)?;
    Ok(NewValue { scheme: scheme.to_owned(), name: name.to_owned(), value })
}

fn side(text: &str) -> Result<Side, String> {
    match text {
        "draft" => Ok(Side::Draft),
        "release" => Ok(Side::Release),
        _ => Err("expected draft or release".to_owned()),
    }
}

/// Whichever version there is, where none is named.
fn seen(version: Option<i32>) -> Seen {
    version.map_or(Seen::Any, Seen::Version)
}

fn folder_files(folder: &std::path::Path) -> anyhow::Result<Files> {
    read_folder(folder).map_err(|(path, error)| {
        anyhow::Error::new(error).context(tell!("不能读 {path}", "cannot read {path}"))
    })
}

/// Lists the drafts.
pub async fn list(args: DraftsArgs, storage: Storage) -> anyhow::Result<Ended> {
    let drafts = Database::as_operator(&storage, async |cx| {
        Ok(draft::list(cx, &DraftFilter::default(), EVERYTHING).await?.items)
    })
    .await?;
    let is_open = |draft: &Draft| !matches!(draft.state, DraftState::Approved | DraftState::Discarded);
    let drafts = drafts.into_iter().filter(|draft| args.all || is_open(draft)).collect::<Vec<_>>();
    if args.json {
        writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&drafts)?)?;
        return Ok(Ended::Well);
    }
    let header = [
        ("草稿", "draft"),
        ("状态", "state"),
        ("版本", "version"),
        ("所改的发布", "base"),
        ("生效", "effective"),
        ("作者", "authors"),
        ("说明", "note"),
    ];
    let mut rows = table::new(&header, &[0, 2, 3]);
    for draft in drafts {
        rows.add_row([
            draft.id.to_string(),
            one_of((draft.state.label(), draft.state.name())).to_owned(),
            draft.version.to_string(),
            draft.base_release.map(|id| id.to_string()).unwrap_or_default(),
            draft.effective_from.map(|month| month.to_string()).unwrap_or_default(),
            listed(&draft.authors),
            draft.note,
        ]);
    }
    writeln!(io::stdout(), "{rows}")?;
    Ok(Ended::Well)
}

/// Begins a draft.
pub async fn begin(args: BeginArgs, storage: Storage) -> anyhow::Result<Ended> {
    let files = args.folder.as_deref().map(folder_files).transpose()?;
    work::<DraftRules>(&storage, &args.person, ("已开始", "begun"), async |cx| match &files {
        Some(files) => draft::create(cx, files, DraftOrigin::Import, &args.note, args.base).await,
        None => draft::copy(cx, args.release, &args.note).await,
    })
    .await
}

/// Changes a draft.
pub async fn edit(args: EditArgs, storage: Storage) -> anyhow::Result<Ended> {
    let files = args.folder.as_deref().map(folder_files).transpose()?;
    let seen = seen(args.seen);
    work::<DraftRules>(&storage, &args.person, ("已修改", "changed"), async |cx| match &files {
        Some(files) => files::replace(cx, args.draft, files, seen).await,
        None => parameters::change(cx, args.draft, &args.values, seen).await,
    })
    .await
}

/// Gives a draft up.
pub async fn discard(args: DraftArgs, storage: Storage) -> anyhow::Result<Ended> {
    let discard = async |cx: &mut Context| draft::discard(cx, args.draft, Seen::Any).await;
    work::<DraftRules>(&storage, &args.person, ("已放弃", "given up"), discard).await
}

/// Hands a draft in.
pub async fn submit(args: SubmitArgs, storage: Storage) -> anyhow::Result<Ended> {
    let submission = Submission {
        effective_from: args.effective,
        consulted_on: args.consulted,
        note: args.note,
        until_next: args.until_next,
    };
    replace::<DraftRules>(&storage, &args.person, ("已提交", "submitted"), async |cx| {
        crate::http::body::check(&submission)?;
        decision::submit(cx, args.draft, submission, seen(args.seen)).await
    })
    .await
}

/// Puts a draft's changes onto another release.
pub async fn rebase(args: RebaseArgs, storage: Storage) -> anyhow::Result<Ended> {
    let to = Rebase { onto: args.onto, prefer: args.prefer };
    let rebase = async |cx: &mut Context| rebase::rebase(cx, args.draft, to, Seen::Any).await;
    work::<DraftRules>(&storage, &args.person, ("已移到新的发布上", "rebased"), rebase).await
}

/// Takes a draft back.
pub async fn withdraw(args: DraftArgs, storage: Storage) -> anyhow::Result<Ended> {
    let withdraw = async |cx: &mut Context| draft::withdraw(cx, args.draft, Seen::Any).await;
    work::<DraftRules>(&storage, &args.person, ("已撤回", "withdrawn"), withdraw).await
}

/// Publishes a draft.
pub async fn approve(args: DecideArgs, storage: Storage) -> anyhow::Result<Ended> {
    let seen = seen(args.seen);
    let approve = async |cx: &mut Context| decision::approve(cx, args.draft, &args.note, seen).await;
    replace::<ApproveRules>(&storage, &args.person, ("已批准", "approved"), approve).await
}

/// Hands a draft back.
pub async fn reject(args: DecideArgs, storage: Storage) -> anyhow::Result<Ended> {
    let seen = seen(args.seen);
    let reject = async |cx: &mut Context| decision::reject(cx, args.draft, &args.note, seen).await;
    work::<ApproveRules>(&storage, &args.person, ("已退回", "rejected"), reject).await
}

/// Prints what a draft changes.
pub async fn print_diff(args: DiffArgs, storage: Storage) -> anyhow::Result<Ended> {
    let (version, RuleDraftDiff { against, changes }) = Database::as_operator(&storage, async |cx| {
        // The version first: what is shown is at least as new.
        let version = draft::find(cx, args.draft).await?.version;
        Ok((version, diff::of_draft(cx, args.draft, &DiffQuery { against: args.against }).await?))
    })
    .await?;
    let (draft, against) = (args.draft, against.map(|release| release.id));
    let told = match against {
        Some(release) => tell!(
            "草稿 {draft} 第 {version} 版，与发布 {release} 相比",
            "draft {draft}, version {version}, against release {release}"
        ),
        None => tell!(
            "草稿 {draft} 第 {version} 版，没有可比的发布",
            "draft {draft}, version {version}, against nothing"
        ),
    };
    writeln!(io::stderr(), "{told}")?;
    let mut out = io::stdout();
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&changes)?)?;
        return Ok(Ended::Well);
    }
    if changes.is_empty() {
        writeln!(io::stderr(), "{}", tell!("没有不同", "nothing differs"))?;
    }
    for change in changes {
        write!(out, "{}", change.diff)?;
    }
    Ok(Ended::Well)
}

/// What has been done to a draft, in Chinese and in English.
type Done = (&'static str, &'static str);

/// Does what the person has to be allowed to do, `A`, to a draft, and says that it is `done` and what the draft is now.
async fn work<A: Action>(
    storage: &Storage,
    person: &Person,
    done: Done,
    change: impl AsyncFnOnce(&mut Context) -> Result<Draft, Problem>,
) -> anyhow::Result<Ended> {
    let draft =
        Database::with(storage, async |pool| Ok(change(&mut person.context::<A>(pool).await?).await?))
            .await?;
    say(&draft, done)
}

/// The same where the draft comes to replace a release: what it changes is shown, too.
async fn replace<A: Action>(
    storage: &Storage,
    person: &Person,
    done: Done,
    change: impl AsyncFnOnce(&mut Context) -> Result<RuleDraftChange, Problem>,
) -> anyhow::Result<Ended> {
    let RuleDraftChange { draft, replaces, changes, unscored } =
        Database::with(storage, async |pool| Ok(change(&mut person.context::<A>(pool).await?).await?))
            .await?;
    let mut out = io::stdout();
    match replaces {
        Some(release) => {
            writeln!(out, "{}", tell!("它取代发布 {release}：", "it replaces release {release}:"))?;
        }
        None => writeln!(out, "{}", tell!("它不取代任何发布：", "it replaces nothing:"))?,
    }
    for change in changes {
        // The first release would be shown whole.
        match replaces {
            Some(_) => write!(out, "{}", change.diff)?,
            None => writeln!(out, "{}", change.path)?,
        }
    }
    if !unscored.is_empty() {
        let positions = listed(&unscored);
        let told = tell!(
            "有人在岗、但没有方案考核的岗位：{positions}",
            "held by people and not scored: {positions}"
        );
        writeln!(out, "{told}")?;
    }
    say(&draft, done)
}

fn say(draft: &Draft, done: Done) -> anyhow::Result<Ended> {
    let (Draft { id, version, .. }, done) = (draft, one_of(done));
    let state = one_of((draft.state.label(), draft.state.name()));
    let release = draft.release.map(|id| tell!("，发布 {id}", ", release {id}")).unwrap_or_default();
    let told = tell!(
        "草稿 {id} {done}：{state}，第 {version} 版{release}",
        "draft {id} {done}: {state}, version {version}{release}"
    );
    writeln!(io::stdout(), "{told}")?;
    Ok(Ended::Well)
}
