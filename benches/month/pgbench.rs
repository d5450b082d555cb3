//! pgbench running the very statements that the server runs for a request, as the database's log has them.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use rust_decimal::Decimal;

use crate::load::Client;
use crate::place::{Database, Place};
use crate::program;
use crate::serve::Served;

/// More requests than a server has connections, which take turns.
const WARM: usize = 64;

/// A statement that was logged, with its values as the log spells them.
#[derive(Clone, Debug, Default)]
struct Logged {
    process: String,
    text: String,
    values: Vec<String>,
}

/// The script for pgbench of what the server asks the database for a request: the statements of the session that reads
/// reviews, and whichever session's that logs the reading. Values stand as they were, but `id`, if there is one, is any of
/// the reviews.
pub async fn script(
    place: &Place,
    database: &Database,
    path: &str,
    id: Option<i64>,
) -> anyhow::Result<String> {
    let name = database.text("SELECT current_database()::text").await?;
    database.run(&format!("ALTER DATABASE {name} SET log_statement = 'all'")).await?;
    let logged = async {
        let served = Served::start(database, &place.file("data")).await?;
        let mut client = Client::open(served.address, Some(&served.token)).await?;
        // The first time statements are prepared and rules compiled, over each of the server's connections.
        for _ in 0..WARM {
            client.get(path).await?;
        }
        let before = fs::read(place.server_log())?.len();
        client.get(path).await?;
        served.stop().await?;
        let log = fs::read(place.server_log())?;
        anyhow::Ok(read_log(&String::from_utf8_lossy(log.get(before..).unwrap_or_default())))
    }
    .await;
    database.run(&format!("ALTER DATABASE {name} RESET log_statement")).await?;
    let logged = logged?;
    let session = logged.iter().find(|one| one.text.contains("FROM review")).context("no review was read")?;
    let is_asked = |one: &&Logged| one.process == session.process || one.text.contains("access_log");
    let statements = logged.iter().filter(is_asked).map(|one| one.for_pgbench(id));
    let chosen = id.map(|_| "\\set id random(:least, :most)\n").unwrap_or_default();
    Ok(format!("{chosen}{}", statements.map(|text| format!("{text};\n")).collect::<String>()))
}

impl Logged {
    /// The statement with its values in their places, for which PostgreSQL may even plan better than for parameters.
    fn for_pgbench(&self, id: Option<i64>) -> String {
        let id = id.map(|id| id.to_string());
        let value = |number: &str| {
            let value =
                number.parse::<usize>().ok().and_then(|number| self.values.get(number.checked_sub(1)?))?;
            let bare = value.trim_matches('\'');
            Some(match &id {
                Some(id) if bare == id => "CAST(:id AS bigint)".to_owned(),
                Some(id) if bare == format!("{{{id}}}") => "ARRAY[CAST(:id AS bigint)]".to_owned(),
                _ => typed(value),
            })
        };
        let mut parts = self.text.split('$');
        let mut text = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
            let (number, rest) = part.split_at(end);
            text.push_str(&value(number).unwrap_or_else(|| format!("${number}")));
            text.push_str(rest);
        }
        text
    }
}

/// A value as the log spells it, with its type where PostgreSQL cannot find that by itself.
fn typed(value: &str) -> String {
    let bare = value.trim_matches('\'');
    match bare.chars().next() {
        // What one sees has a scope in it.
        Some('(') if bare.starts_with("(\"(") => format!("CAST({value} AS review_sight)"),
        Some('(') => format!("CAST({value} AS caller_scope)"),
        Some('{') if bare.chars().all(|c| c.is_ascii_digit() || "{,}".contains(c)) => {
            format!("CAST({value} AS bigint[])")
        }
        // A colon would begin a variable; the only values with colons are moments.
        Some('{') if bare.contains(':') => {
            format!("array_fill(now(), ARRAY[{}])", bare.matches(',').count() + 1)
        }
        _ if bare.contains(':') => "now()".to_owned(),
        _ => value.to_owned(),
    }
}

/// The statements of a log, in their order.
fn read_log(log: &str) -> Vec<Logged> {
    let mut found: Vec<Logged> = Vec::new();
    for line in log.lines() {
        if let Some(more) = line.strip_prefix('\t') {
            if let Some(last) = found.last_mut() {
                last.text.push('\n');
                last.text.push_str(more);
            }
        } else if let Some((head, text)) = line.split_once("] LOG:  ") {
            let process = head.rsplit('[').next().unwrap_or_default().to_owned();
            let text = match text.split_once(": ") {
                Some((kind, text)) if kind == "statement" || kind.starts_with("execute") => text.to_owned(),
                _ => continue,
            };
            found.push(Logged { process, text, values: Vec::new() });
        } else if let Some((_, values)) = line.split_once("] DETAIL:  ")
            && let Some(last) = found.last_mut()
        {
            last.values = read_values(values);
        }
    }
    found
}

/// The values of `parameters: $1 = 'one', $2 = NULL`, as they are spelt.
fn read_values(text: &str) -> Vec<String> {
    let mut values = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(" = ") {
        let mut end = 0;
        let mut is_quoted = false;
        for (at, c) in after.char_indices() {
            match c {
                '\'' => is_quoted = !is_quoted,
                ',' if !is_quoted => break,
                _ => {}
            }
            end = at + c.len_utf8();
        }
        let (value, remaining) = after.split_at(end);
        values.push(value.to_owned());
        rest = remaining;
    }
    values
}

/// How many of a script pgbench does in a second over 64 connections; none where there is no pgbench.
pub async fn per_second(
    place: &Place,
    database: &Database,
    script: &str,
    connections: u32,
    span: Duration,
) -> anyhow::Result<Option<Decimal>> {
    let Some(pgbench) = program::find("pgbench") else { return Ok(None) };
    let file: PathBuf = place.file("script.sql");
    fs::write(&file, script)?;
    let range = database.row("SELECT min(id), max(id) FROM review").await?;
    let (least, most): (i64, i64) = (range.try_get(0)?, range.try_get(1)?);
    let name = database.text("SELECT current_database()::text").await?;
    let mut command = Command::new(pgbench);
    command.args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--username=showfloor"]);
    command.arg(format!("--client={connections}")).arg(format!("--time={}", span.as_secs()));
    command.arg(format!("--define=least={least}")).arg(format!("--define=most={most}"));
    command.arg("--host").arg(database.socket()?).arg("--file").arg(&file).arg(name);
    let output = command.output()?;
    let (printed, faults) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(
        output.status.success(),
        "{} in\n{script}",
        faults.lines().next().unwrap_or("pgbench has failed")
    );
    let rate = printed.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    Ok(Some(rate.with_context(|| format!("pgbench says no rate: {printed}"))?))
}
