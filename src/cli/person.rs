//! Who acts at the command line: what a person answers for needs that person's password, as over the API.

use std::io::{self, BufRead as _};

use anyhow::Context as _;
use clap::Args;

use super::{language, tell};
use crate::auth::access::Action;
use crate::auth::session::{self, Credentials};
use crate::auth::{AccessLog, Caller, Context};
use crate::clock::Clock;
use crate::db::Pool;

/// The login that acts.
#[derive(Debug, Args)]
pub struct Person {
    /// Who does it: the login; the password is asked for, or read from SHOWFLOOR_PASSWORD.
    #[arg(long = "as", value_name = "LOGIN")]
    login: String,
    /// Read the password from standard input.
    #[arg(long)]
    password_stdin: bool,
}

impl Person {
    /// The work of the person, who has to be allowed to do `A`.
    pub async fn context<A: Action>(&self, pool: &Pool) -> anyhow::Result<Context> {
        let credentials = Credentials { login: self.login.clone(), password: self.password()? };
        let identity = session::identify(&mut *pool.get().await?, credentials).await?;
        let caller = Caller::<A>::permit(identity, pool, &AccessLog::open(pool), Clock::System.now())?;
        let mut cx = caller.context().await?;
        cx.language = language();
        Ok(cx)
    }

    fn password(&self) -> anyhow::Result<String> {
        if self.password_stdin {
            let mut line = String::new();
            io::stdin().lock().read_line(&mut line)?;
            return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
        }
        if let Ok(password) = std::env::var("SHOWFLOOR_PASSWORD") {
            return Ok(password);
        }
        let login = &self.login;
        rpassword::prompt_password(tell!("{login} 的密码：", "password of {login}: ")).with_context(|| {
            tell!(
                "没有终端可以问密码：用 --password-stdin 或 SHOWFLOOR_PASSWORD",
                "there is no terminal to ask for the password: use --password-stdin or SHOWFLOOR_PASSWORD"
            )
        })
    }
}
