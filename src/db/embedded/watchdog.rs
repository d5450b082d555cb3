//! Stops the server of an owner that dies without doing so itself.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Stdio};

use super::ownership::Lifeline;
use super::server::{Site, ends_within};
use super::{EmbeddedError, STOP_PATIENCE, Tuning};

/// Waits for the end of its standard input, which comes when the process at the other end dies, and stops the server.
/// A line there means that there is nothing to stop. A server too young to have a PID file is looked for again.
const WATCH: &str = r#"
    trap '' HUP INT TERM
    read -r _ && exit 0
    for mode in "$3" "$3" immediate; do
        "$1" stop --pgdata "$2" --mode "$mode" --timeout 60 && break
        sleep 1
    done
    rmdir "$4"
"#;

/// A process that outlives the owner, however that ends, by the moment it takes to stop the server.
#[derive(Debug)]
pub(super) struct Watchdog {
    process: Child,
}

impl Watchdog {
    /// To be called before the server starts, so that there is no moment at which nobody would stop it.
    /// Over a server that runs already there is no lifeline to share: its processes have it.
    pub(super) fn spawn(
        site: &Site,
        socket: &Path,
        lifeline: Option<&Lifeline>,
    ) -> Result<Watchdog, EmbeddedError> {
        let shell = Path::new("/bin/sh");
        let mode = match site.tuning {
            Tuning::Durable => "fast",
            Tuning::Disposable => "immediate",
        };
        let mut command = site.command(shell);
        command.args(["-c", WATCH, "sh"]).arg(site.programs.pg_ctl()).arg(&site.data).arg(mode).arg(socket);
        command.stdin(Stdio::piped());
        if let Some(lifeline) = lifeline {
            command.stdout(lifeline.share()?);
        }
        let process = command
            .spawn()
            .map_err(|source| EmbeddedError::CannotRun { program: shell.to_owned(), cause: source })?;
        Ok(Watchdog { process })
    }

    /// Ends the watch over a server that has ended.
    pub(super) async fn dismiss(mut self) {
        if let Some(mut pipe) = self.process.stdin.take() {
            // If it cannot be told, it looks for the server, finds none and ends as well.
            pipe.write_all(b"\n").ok();
        }
        ends_within(STOP_PATIENCE, &mut self.process).await;
    }
}
