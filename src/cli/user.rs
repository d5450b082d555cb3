//! `showfloor user`

use std::io::{self, BufRead as _, Write as _};

use clap::Subcommand;

use super::database::{Database, operator};
use super::{Ended, tell};
use crate::auth::access::Role;
use crate::auth::password;
use crate::auth::users::{self, NewUser, UserPatch};
use crate::config::Storage;
use crate::http::body;

/// Commands about logins.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Create a login and print its password once.
    #[command(
        after_help = "Examples:\n  showfloor user add li.simin --role sales_consultant --employee A02\n  \
        showfloor user add wall --role dashboard --unit JC\n  \
        echo 'a long password' | showfloor user add hr --role hr --employee H01 --password-stdin"
    )]
    Add(AddArgs),
    /// Give a login another password, which ends its sessions and its pauses, and print it once.
    #[command(
        after_help = "Examples:\n  showfloor user reset admin\n  showfloor user reset li.simin --enable\n  \
        echo 'a long password' | showfloor user reset hr --password-stdin"
    )]
    Reset(ResetArgs),
}

/// Options of `showfloor user reset`.
#[derive(Debug, clap::Args)]
pub struct ResetArgs {
    /// What is typed at sign-in.
    login: String,
    /// Let a login sign in again that was disabled.
    #[arg(long)]
    enable: bool,
    /// Read the password from standard input instead of making one.
    #[arg(long)]
    password_stdin: bool,
}

/// Options of `showfloor user add`.
#[derive(Debug, clap::Args)]
pub struct AddArgs {
    /// What is typed at sign-in.
    login: String,
    /// A role; may be given several times.
    #[arg(long = "role", required = true, value_name = "ROLE")]
    roles: Vec<Role>,
    /// 工号 of the employee whose login it is.
    #[arg(long, value_name = "工号")]
    employee: Option<String>,
    /// Code of the unit that a login without an employee is confined to.
    #[arg(long, value_name = "CODE")]
    unit: Option<String>,
    /// Read the password from standard input instead of making one.
    #[arg(long)]
    password_stdin: bool,
}

/// Does what a command about logins says.
pub async fn run(command: UserCommand, storage: Storage) -> anyhow::Result<Ended> {
    match command {
        UserCommand::Add(args) => add(args, storage).await,
        UserCommand::Reset(args) => reset(args, storage).await,
    }
}

async fn add(args: AddArgs, storage: Storage) -> anyhow::Result<Ended> {
    let password = password(args.password_stdin)?;
    let new = NewUser {
        login: args.login,
        password: password.clone(),
        roles: args.roles,
        employee_no: args.employee,
        unit: args.unit,
    };
    body::check(&new)?;
    Database::with(&storage, async |pool| {
        let login = users::create(&mut operator(pool).await?, new).await?.login;
        say(&tell!("已建账号 {login}", "created {login}"), Some(password).filter(|_| !args.password_stdin))
    })
    .await
}

async fn reset(args: ResetArgs, storage: Storage) -> anyhow::Result<Ended> {
    let password = password(args.password_stdin)?;
    let patch = UserPatch { password: Some(password.clone()), roles: None, is_disabled: None };
    body::check(&patch)?;
    Database::as_operator(&storage, async |cx| {
        let user = users::reset(cx, &args.login, &password, args.enable).await?;
        let login = user.login;
        let done = match user.is_disabled {
            true => tell!(
                "{login} 已重置，但仍停用，直到用 --enable",
                "{login} stays disabled until --enable, but is reset"
            ),
            false => tell!("{login} 可以登录了", "{login} can sign in"),
        };
        say(&done, Some(password).filter(|_| !args.password_stdin))
    })
    .await
}

/// The password that somebody types, or one that is made.
fn password(is_typed: bool) -> anyhow::Result<String> {
    if !is_typed {
        return Ok(password::generate());
    }
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn say(done: &str, made: Option<String>) -> anyhow::Result<Ended> {
    let mut out = io::stdout();
    match made {
        None => writeln!(out, "{done}")?,
        Some(password) => {
            let told = tell!(
                "{done}，密码 {password}（只显示这一次）",
                "{done} with the password {password} (not shown again)"
            );
            writeln!(out, "{told}")?;
        }
    }
    Ok(Ended::Well)
}
