//! `showfloor rules` about drafts: begin one, change it, hand it in, decide on it.

use std::io::{self, Write as _};
use std::path::PathBuf;

use chrono::NaiveDate;
use diesel_async::AsyncPgConnection;
use rust_decimal::Decimal;

use crate::auth::access::{ApproveRules, DraftRules};
use crate::cli::person::Person;
use crate::cli::{Ended, database::Database, table};
use crate::clock::Clock;
use crate::config::Storage;
use crate::http::etag::Seen;
use crate::period::Period;
use crate::rules::bundle::{Files, read_folder};
use crate::rules::draft::decision::{self, Submission};
use crate::rules::draft::parameters::{self, NewValue};
use crate::rules::draft::{self, Draft, DraftOrigin, DraftState, diff, files};
use crate::rules::{bundle_store, release};

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
    /// The release to compare with; by default the one published last.
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
    #[command(flatten)]
    person: Person,
}

/// Options of `showfloor rules approve` and `reject`.
#[derive(Debug, clap::Args)]
pub struct DecideArgs {
    /// The draft.
    draft: i64,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    note: String,
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

fn folder_files(folder: &std::path::Path) -> anyhow::Result<Files> {
    read_folder(folder).map_err(|(path, error)| anyhow::anyhow!("{path} cannot be read: {error}"))
}

/// Lists the drafts.
pub async fn list(args: DraftsArgs, storage: Storage) -> anyhow::Result<Ended> {
    let drafts = Database::with(&storage, async |pool| {
        Ok(draft::list(&mut *pool.get().await?, None, None, 0, i64::MAX).await?)
    })
    .await?;
    let is_open = |draft: &Draft| !matches!(draft.state, DraftState::Approved | DraftState::Discarded);
    let drafts = drafts.into_iter().filter(|draft| args.all || is_open(draft)).collect::<Vec<_>>();
    if args.json {
        writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&drafts)?)?;
        return Ok(Ended::Well);
    }
    let mut rows = table::new(&["draft", "state", "version", "effective", "authors", "note"], &[0, 2]);
    for draft in drafts {
        rows.add_row([
            draft.id.to_string(),
            draft.state.name().to_owned(),
            draft.version.to_string(),
            draft.effective_from.map(|month| month.to_string()).unwrap_or_default(),
            draft.authors.join(", "),
            draft.note,
        ]);
    }
    writeln!(io::stdout(), "{rows}")?;
    Ok(Ended::Well)
}

/// Begins a draft.
pub async fn begin(args: BeginArgs, storage: Storage) -> anyhow::Result<Ended> {
    let files = args.folder.as_deref().map(folder_files).transpose()?;
    let now = Clock::System.now();
    work(&storage, async |connection| {
        let caller = args.person.sign_in::<DraftRules>(connection).await?;
        let by = Some(caller.identity.user_id);
        let draft = match (&files, args.release) {
            (Some(files), _) => {
                draft::create(connection, files, DraftOrigin::Import, &args.note, None, by, now).await?
            }
            (None, Some(id)) => draft::copy_release(connection, id, &args.note, by, now).await?,
            (None, None) => draft::copy_latest(connection, &args.note, by, now).await?,
        };
        Ok((draft, "begun"))
    })
    .await
}

/// Changes a draft.
pub async fn edit(args: EditArgs, storage: Storage) -> anyhow::Result<Ended> {
    let files = args.folder.as_deref().map(folder_files).transpose()?;
    let now = Clock::System.now();
    work(&storage, async |connection| {
        let caller = args.person.sign_in::<DraftRules>(connection).await?;
        let by = Some(caller.identity.user_id);
        let seen = args.seen.map_or(Seen::Any, Seen::Version);
        let draft = match &files {
            Some(files) => files::replace(connection, args.draft, files, by, seen, now).await?,
            None => parameters::change(connection, args.draft, &args.values, by, seen, now).await?,
        };
        Ok((draft, "changed"))
    })
    .await
}

/// Gives a draft up.
pub async fn discard(args: DraftArgs, storage: Storage) -> anyhow::Result<Ended> {
    work(&storage, async |connection| {
        let caller = args.person.sign_in::<DraftRules>(connection).await?;
        let by = Some(caller.identity.user_id);
        draft::discard(connection, args.draft, by, Seen::Any, Clock::System.now()).await?;
        Ok((draft::find(connection, args.draft).await?, "given up"))
    })
    .await
}

/// Hands a draft in.
pub async fn submit(args: SubmitArgs, storage: Storage) -> anyhow::Result<Ended> {
    let now = Clock::System.now();
    work(&storage, async |connection| {
        let caller = args.person.sign_in::<DraftRules>(connection).await?;
        let submission = Submission {
            effective_from: args.effective,
            consulted_on: args.consulted,
            note: args.note.clone(),
        };
        crate::http::body::check(&submission)?;
        let by = caller.identity.user_id;
        let draft = decision::submit(connection, args.draft, submission, by, Seen::Any, now).await?;
        Ok((draft, "submitted"))
    })
    .await
}

/// Takes a draft back.
pub async fn withdraw(args: DraftArgs, storage: Storage) -> anyhow::Result<Ended> {
    work(&storage, async |connection| {
        let caller = args.person.sign_in::<DraftRules>(connection).await?;
        let by = caller.identity.user_id;
        let draft = draft::withdraw(connection, args.draft, by, Seen::Any, Clock::System.now()).await?;
        Ok((draft, "withdrawn"))
    })
    .await
}

/// Publishes a draft.
pub async fn approve(args: DecideArgs, storage: Storage) -> anyhow::Result<Ended> {
    let now = Clock::System.now();
    work(&storage, async |connection| {
        let by = args.person.sign_in::<ApproveRules>(connection).await?.identity.user_id;
        let draft = decision::approve(connection, args.draft, &args.note, by, Seen::Any, now).await?;
        Ok((draft, "approved"))
    })
    .await
}

/// Hands a draft back.
pub async fn reject(args: DecideArgs, storage: Storage) -> anyhow::Result<Ended> {
    let now = Clock::System.now();
    work(&storage, async |connection| {
        let by = args.person.sign_in::<ApproveRules>(connection).await?.identity.user_id;
        let draft = decision::reject(connection, args.draft, &args.note, by, Seen::Any, now).await?;
        Ok((draft, "rejected"))
    })
    .await
}

/// Prints what a draft changes.
pub async fn print_diff(args: DiffArgs, storage: Storage) -> anyhow::Result<Ended> {
    let changes = Database::with(&storage, async |pool| {
        let connection = &mut *pool.get().await?;
        draft::find(connection, args.draft).await?;
        let against = match args.against {
            Some(id) => Some(release::find(connection, id).await?),
            None => release::latest(connection).await?,
        };
        let before = match against {
            Some(release) => bundle_store::bundle_files(connection, &release.bundle).await?,
            None => Files::new(),
        };
        Ok(diff::between(&before, &files::all(connection, args.draft).await?))
    })
    .await?;
    let mut out = io::stdout();
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&changes)?)?;
        return Ok(Ended::Well);
    }
    if changes.is_empty() {
        writeln!(io::stderr(), "nothing differs")?;
    }
    for change in changes {
        write!(out, "{}", change.diff)?;
    }
    Ok(Ended::Well)
}

/// Does something to a draft and says what it is now.
async fn work(
    storage: &Storage,
    change: impl AsyncFnOnce(&mut AsyncPgConnection) -> anyhow::Result<(Draft, &'static str)>,
) -> anyhow::Result<Ended> {
    let (draft, done) = Database::with(storage, async |pool| change(&mut *pool.get().await?).await).await?;
    let release = draft.release.map(|id| format!(", release {id}")).unwrap_or_default();
    writeln!(
        io::stdout(),
        "draft {} {done}: {}, version {}{release}",
        draft.id,
        draft.state.name(),
        draft.version
    )?;
    Ok(Ended::Well)
}
