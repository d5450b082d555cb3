//! A running server, and a login that reaches everything and whose readings are logged.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};
use showfloor::auth::Context;
use showfloor::auth::access::Role;
use showfloor::auth::users::{self, NewUser};
use showfloor::clock::Clock;
use showfloor::db::Pool;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::load::Client;
use crate::place::Database;
use crate::program;

const LOGIN: &str = "group";
const PASSWORD: &str = "a password for one run";

/// A server that answers.
pub struct Served {
    child: Child,
    /// Where.
    pub address: SocketAddr,
    /// Whose who reads everything.
    pub token: String,
}

/// Makes the login.
pub async fn create_login(pool: &Pool) -> anyhow::Result<()> {
    let new = NewUser {
        login: LOGIN.to_owned(),
        password: PASSWORD.to_owned(),
        roles: vec![Role::GroupAdmin],
        employee_no: None,
        unit: None,
    };
    users::create(&mut Context::operator(pool, Clock::System.now()).await?, new).await?;
    Ok(())
}

impl Served {
    /// Starts the program on a free port of this machine and signs in.
    pub async fn start(database: &Database, folder: &Path) -> anyhow::Result<Self> {
        let mut command = Command::from(program::showfloor(&database.url, folder));
        command.args(["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().context("no output")?;
        let mut lines = BufReader::new(stdout).lines();
        let address = loop {
            let line = lines.next_line().await?.context("the server has ended")?;
            if let Some((_, after)) = line.split_once("http://") {
                break after.split('/').next().unwrap_or_default().parse::<SocketAddr>()?;
            }
        };
        let credentials = json!({ "login": LOGIN, "password": PASSWORD }).to_string();
        let mut client = Client::open(address, None).await?;
        let session: Value = serde_json::from_slice(client.post("/v1/sessions", &credentials).await?)?;
        let token = session.get("access_token").and_then(Value::as_str).context("no token")?.to_owned();
        Ok(Self { child, address, token })
    }

    /// Where, and as who.
    pub fn asked(&self) -> (SocketAddr, &str) {
        (self.address, &self.token)
    }

    /// What it has taken of the processor so far.
    pub fn cpu(&self) -> Option<Duration> {
        program::cpu(self.child.id()?)
    }

    /// Ends it.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }
}
