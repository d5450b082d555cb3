//! `showfloor rules` about what has been released, and out to a folder.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;

use super::EVERYTHING;
use crate::cli::{Ended, database::Database, language, table, tell, unwritable};
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
    let header = [
        ("发布", "release"),
        ("生效", "effective"),
        ("发布日", "published"),
        ("征求意见", "consulted"),
        ("作者", "author"),
        ("批准人", "approver"),
        ("规则包", "bundle"),
        ("说明", "note"),
    ];
    let mut rows = table::new(&header, &[0]);
    for release in releases {
        rows.add_row([
            release.id.to_string(),
            release
                .effective_from
                .map_or_else(|| tell!("未冻结的月份", "not frozen"), |month| month.to_string()),
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
    writeln!(out, "{}", tell!("{month} 起：", "from {month} on:"))?;
    print(releases)?;
    for SupersededRelease { release, superseded_by } in superseded {
        let month = release.effective_from.map(|month| month.to_string()).unwrap_or_default();
        let id = release.id;
        let told = tell!(
            "发布 {id}（{month}）：已被发布 {superseded_by} 取代",
            "release {id} for {month}: superseded by release {superseded_by}"
        );
        writeln!(out, "{told}")?;
    }
    for draft in submitted {
        writeln!(out, "{}", tell!("草稿 {draft} 等待决定", "draft {draft} waits for a decision"))?;
    }
    for finding in &status.findings {
        writeln!(out, "{finding}")?;
    }
    let path = folder.path().display();
    let told = match (status.state, status.release, status.draft) {
        (FolderState::Broken, ..) => {
            Some(tell!("{path}：有错误；以前收下的不变", "{path}: broken; what was taken in before stays"))
        }
        (_, Some(id), _) => Some(tell!("{path}：发布 {id}", "{path}: release {id}")),
        (_, None, Some(id)) => Some(tell!("{path}：草稿 {id}", "{path}: draft {id}")),
        (_, None, None) => None,
    };
    if let Some(told) = told {
        writeln!(out, "{told}")?;
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
    anyhow::ensure!(is_free, tell!("{shown} 不是空文件夹", "{shown} is not an empty folder"));
    let (what, files) = Database::as_operator(&storage, async |cx| {
        if let Some(id) = args.draft {
            let draft = draft::find(cx, id).await?;
            let version = draft.version;
            let what = tell!("草稿 {id} 第 {version} 版", "draft {id}, version {version}");
            return Ok((what, files::all(cx.db(), id).await?));
        }
        let release = match args.release {
            Some(id) => release::find(cx.db(), id).await?,
            None => release::latest(cx.db())
                .await?
                .with_context(|| tell!("还没有发布过规则", "nothing has been released yet"))?,
        };
        let files = bundle_store::bundle_files(cx.db(), &release.bundle).await?;
        let id = release.id;
        Ok((tell!("发布 {id}", "release {id}"), files))
    })
    .await?;
    for (path, content) in &files {
        // Only paths that a rules folder can have were ever taken in; this one is about to be written.
        files::check(path, content)?;
        let target = args.folder.join(path);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).with_context(|| unwritable(parent))?;
        }
        fs::write(&target, content).with_context(|| unwritable(&target))?;
    }
    let count = files.len();
    let told = tell!("{what}：{count} 个文件写到 {shown}", "{what}: {count} files written to {shown}");
    writeln!(io::stdout(), "{told}")?;
    Ok(Ended::Well)
}
