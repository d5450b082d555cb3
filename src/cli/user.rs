//! `showfloor user`

use std::io::{self, BufRead as _, Write as _};

use clap::Subcommand;

use super::Ended;
use super::database::Database;
use crate::auth::Context;
use crate::auth::access::Role;
use crate::auth::password;
use crate::auth::users::{self, NewUser};
use crate::clock::Clock;
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
    let UserCommand::Add(args) = command;
    let password = match args.password_stdin {
        true => {
            let mut line = String::new();
            io::stdin().lock().read_line(&mut line)?;
            line.trim_end_matches(['\r', '\n']).to_owned()
        }
        false => password::generate(),
    };
    let new = NewUser {
        login: args.login,
        password: password.clone(),
        roles: args.roles,
        employee_no: args.employee,
        unit: args.unit,
    };
    body::check(&new)?;
    Database::with(&storage, async |pool| {
        let user = users::create(&mut Context::operator(pool, Clock::System.now()).await?, new).await?;
        let mut out = io::stdout();
        match args.password_stdin {
            true => writeln!(out, "created {}", user.login)?,
            false => writeln!(out, "created {} with the password {password} (not shown again)", user.login)?,
        }
        Ok(Ended::Well)
    })
    .await
}
