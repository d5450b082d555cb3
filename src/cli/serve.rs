//! `showfloor serve`

use std::future::Future as _;
use std::io::{self, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::task::Poll;

use super::database::{Database, operator};
use super::{Ended, language, tell};
use crate::auth::token::Tokens;
use crate::auth::{audit_seal, users};
use crate::clock::Clock;
use crate::config::{Listen, Policy, ReleasedRules, Storage};
use crate::db::Pool;
use crate::ledger::catalogue::Catalogues;
use crate::rules::folder::{self, FolderState, RulesFolder};
use crate::rules::library::Library;
use crate::rules::watch;
use crate::server::{self, Shared};

/// Options of `showfloor serve`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  showfloor serve\n  showfloor serve --listen 0.0.0.0:8080 --rules /srv/rules\n  \
    DATABASE_URL=postgres://showfloor@db/showfloor?sslmode=require showfloor serve"
)]
pub struct ServeArgs {
    #[command(flatten)]
    listen: Listen,
    #[command(flatten)]
    rules: ReleasedRules,
    #[command(flatten)]
    policy: Policy,
}

/// Serves the API. At the very first start it makes an administrator and prints the password, once.
pub async fn run(args: ServeArgs, storage: Storage) -> anyhow::Result<Ended> {
    let folder = Arc::new(args.rules.folder());
    // Before anything is loaded and a password is shown: whoever cannot serve leaves nothing behind.
    let listener = server::bind(args.listen.listen)?;
    Database::with(&storage, async |pool| {
        let administrator = users::create_first_administrator(&mut operator(pool).await?).await?;
        if let Some((login, password)) = administrator {
            let told = tell!(
                "第一次启动：用 {login} 登录，密码 {password}\n密码只显示这一次；PUT /v1/me/password 可以改",
                "first start: sign in as {login} with the password {password}\n\
                 it is not shown again; PUT /v1/me/password sets another"
            );
            writeln!(io::stdout(), "{told}")?;
        }
        until_stopped(pool, folder, &storage, listener, args.policy, |address| {
            tell!(
                "接口 http://{address}/v1，文档 http://{address}/docs/（按 Ctrl-C 结束）",
                "API on http://{address}/v1, documentation on http://{address}/docs/ (Ctrl-C stops it)"
            )
        })
        .await
    })
    .await
}

/// Serves until a signal ends it; prints what `announce` says once requests are answered.
pub async fn until_stopped(
    pool: &Pool,
    rules: Arc<RulesFolder>,
    storage: &Storage,
    listener: TcpListener,
    policy: Policy,
    announce: impl Fn(std::net::SocketAddr) -> String,
) -> anyhow::Result<Ended> {
    let tokens = Arc::new(Tokens::open(&storage.data_folder()?.join("keys"))?);
    let library = Arc::new(Library::default());
    let catalogues = Arc::new(Catalogues::of_folder(rules.path()));
    take_in(&rules, pool).await?;
    let followed = (Arc::clone(&rules), Arc::clone(&catalogues));
    let shared =
        Shared { pool: pool.clone(), tokens, rules, catalogues, library, clock: Clock::System, policy };
    let (server, address) = server::build(shared, listener)?;
    let following = tokio::spawn(watch::follow(followed.0, followed.1, pool.clone(), Clock::System));
    let sealing = tokio::spawn(audit_seal::follow(pool.clone(), Clock::System));
    let mut server = std::pin::pin!(server);
    // The first poll starts the workers and takes the signals over: whoever reads the announcement may stop us at once.
    let begun = std::future::poll_fn(|context| Poll::Ready(server.as_mut().poll(context))).await;
    writeln!(io::stdout(), "{}", announce(address))?;
    match begun {
        Poll::Ready(ended) => ended?,
        Poll::Pending => server.await?,
    }
    following.abort();
    sealing.abort();
    Ok(Ended::Well)
}

/// Takes the rules folder in before anybody asks. One that is broken must not keep people from reading their reviews.
async fn take_in(folder: &RulesFolder, pool: &Pool) -> anyhow::Result<()> {
    folder.sync(&mut operator(pool).await?).await?;
    let status = folder.status();
    let mut err = io::stderr();
    if let Some(missing) = missing(folder) {
        let told = tell!(
            "注意：{missing}；各月按已有的发布计分",
            "warning: {missing}; months are scored by the releases that there are"
        );
        writeln!(err, "{told}")?;
    } else if status.state == FolderState::Broken {
        let (path, problem) = (folder.path().display(), folder::problem(&status.findings, language()));
        let problem = problem.told(language());
        writeln!(err, "{}", tell!("注意：{path}：{problem}", "warning: {path}: {problem}"))?;
    }
    Ok(())
}

/// What to do about a rules folder that is not there.
pub fn missing(folder: &RulesFolder) -> Option<String> {
    let (path, shown) = (folder.path(), folder.path().display());
    (!path.is_dir()).then(|| {
        tell!(
            "没有规则文件夹 {shown}：用 --rules DIR 或 SHOWFLOOR_RULES 指明",
            "there is no rules folder {shown}: name it with --rules DIR or SHOWFLOOR_RULES"
        )
    })
}

/// What is said of a rules folder in which something is wrong.
pub fn unusable_rules(folder: &Path) -> String {
    let shown = folder.display();
    tell!("{shown} 里的规则不能用", "the rules in {shown} cannot be used")
}

/// `showfloor openapi`
pub fn print_openapi() -> anyhow::Result<Ended> {
    writeln!(io::stdout(), "{}", server::openapi().to_pretty_json()?)?;
    Ok(Ended::Well)
}
