//! `showfloor rules` about what has been released, and out to a folder.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;

use super::EVERYTHING;
use crate::cli::{Ended, database::Database, language, table};
use crate::clock;
use crate::config::{ReleasedRules, Storage};
use crate::period::Period;
use crate::rules::bundle_store;
use crate::rules::draft::{self, files};
use crate::rules::folder::FolderState;
use crate::rules::release::{self, Release, SupersededRelease};

/// Options of `showfloor rules releases`.
#[derive(Debug, clap::Args)]
pub struct ReleasesArgs {
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// Options of `showfloor rules status`.
#[derive(Debug, clap::Args)]
pub struct StatusArgs {
    #[command(flatten)]
    rules: ReleasedRules,
}

/// Options of `showfloor rules export`.
#[derive(Debug, clap::Args)]
pub struct ExportArgs {
    /// A folder that is not there yet, or is empty.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The release; by default the one published last.
    #[arg(long, value_name = "ID", conflicts_with = "draft")]
    release: Option<i64>,
    /// A draft instead of a release.
    #[arg(long, value_name = "ID")]
    draft: Option<i64>,
}

/// Lists the releases.
pub async fn list(args: ReleasesArgs, storage: Storage) -> anyhow::Result<Ended> {
    let releases =
        Database::as_operator(&storage, async |cx| Ok(release::list(cx.db(), EVERYTHING).await?.items))
            .await?;
    match args.json {
        true => writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&releases)?)?,
        false => print(releases)?,
    }
    Ok(Ended::Well)
}

fn print(releases: Vec<Release>) -> io::Result<()> {
    let header = ["release", "effective", "published", "consulted", "author", "approver", "bundle", "note"];
    let mut rows = table::new(&header, &[0]);
    for release in releases {
        rows.add_row([
            release.id.to_string(),
            release.effective_from.map_or_else(|| "not frozen".to_owned(), |month| month.to_string()),
            clock::day(release.published_at).to_string(),
            release.consulted_on.map(|day| day.to_string()).unwrap_or_default(),
            release.author.unwrap_or_default(),
            release.approver.unwrap_or_default(),
            release.bundle.chars().take(12).collect(),
            release.note,
        ]);
    }
    writeln!(io::stdout(), "{rows}")
}

/// Takes the rules folder in, as a running server does, and says what counts and what the folder holds. Exit status 1
/// when it is broken.
pub async fn status(args: StatusArgs, storage: Storage) -> anyhow::Result<Ended> {
    let folder = args.rules.folder();
    let (month, releases, superseded, submitted) = Database::as_operator(&storage, async |cx| {
        let month = Period::containing(cx.today());
        folder.sync(cx).await?;
        let mut releases = release::in_force(cx.db(), month, None).await?.into_iter().collect::<Vec<_>>();
        releases.extend(release::upcoming(cx.db(), month).await?);
        let superseded = release::superseded(cx.db()).await?;
        Ok((month, releases, superseded, draft::submitted(cx.db()).await?))
    })
    .await?;
    let status = folder.status().in_language(language());
    let mut out = io::stdout();
    writeln!(out, "{month} 起 · from {month} on:")?;
    print(releases)?;
    for SupersededRelease { release, superseded_by } in superseded {
        let month = release.effective_from.map(|month| month.to_string()).unwrap_or_default();
        writeln!(out, "release {} for {month}: superseded by release {superseded_by}", release.id)?;
    }
    for draft in submitted {
        writeln!(out, "draft {draft} waits for a decision")?;
    }
    for finding in &status.findings {
        writeln!(out, "{finding}")?;
    }
    let path = folder.path().display();
    match (status.state, status.release, status.draft) {
        (FolderState::Broken, ..) => writeln!(out, "{path}: broken; what was taken in before stays")?,
        (_, Some(id), _) => writeln!(out, "{path}: release {id}")?,
        (_, None, Some(id)) => writeln!(out, "{path}: draft {id}")?,
        (_, None, None) => {}
    }
    Ok(if status.state == FolderState::Broken { Ended::WithFindings } else { Ended::Well })
}

/// Writes a release, or a draft, to a folder.
pub async fn export(args: ExportArgs, storage: Storage) -> anyhow::Result<Ended> {
    let shown = args.folder.display();
    let is_free = match fs::read_dir(&args.folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    anyhow::ensure!(is_free, "{shown} is not an empty folder");
    let (what, files) = Database::as_operator(&storage, async |cx| {
        if let Some(id) = args.draft {
            let draft = draft::find(cx, id).await?;
            let what = format!("draft {id}, version {}", draft.version);
            return Ok((what, files::all(cx.db(), id).await?));
        }
        let release = match args.release {
            Some(id) => release::find(cx.db(), id).await?,
            None => release::latest(cx.db()).await?.context("nothing has been released yet")?,
        };
        let files = bundle_store::bundle_files(cx.db(), &release.bundle).await?;
        Ok((format!("release {}", release.id), files))
    })
    .await?;
    for (path, content) in &files {
        // Only paths that a rules folder can have were ever taken in; this one is about to be written.
        files::check(path, content)?;
        let target = args.folder.join(path);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        }
        fs::write(&target, content).with_context(|| format!("cannot write {}", target.display()))?;
    }
    writeln!(io::stdout(), "{what}: {} files written to {shown}", files.len())?;
    Ok(Ended::Well)
}
