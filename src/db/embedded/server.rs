//! The server process of a cluster, from the making of its files to its end.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::account::Account;
use super::error::Doing;
use super::ownership::Lifeline;
use super::programs::Programs;
use super::{EmbeddedError, GLANCE, ROLE, START_PATIENCE, STOP_PATIENCE, Tuning, socket};

/// Start of the name of a data directory that `initdb` is still working on.
const UNFINISHED: &str = "data.initdb-";

/// How often to ask a server without an owner to stop. It may have been too young to hear it the first time.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// How much of a program's last words goes into an error.
const LAST_LINES: usize = 10;

/// Settings of every cluster; they go on the command line, where those of the files cannot override them.
const SETTINGS: [&str; 10] = [
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "max_connections=100",
    "shared_buffers=128MB",
    // A group's people are sorted and hashed without files.
    "work_mem=16MB",
    "jit=off",
    "timezone=UTC",
    "log_timezone=UTC",
    "log_checkpoints=off",
    "logging_collector=off",
];

/// Settings that trade the contents for speed. Of hundreds of databases that live for a second each, PostgreSQL would look through one
/// after the other for something to clean up.
const DISPOSABLE: [&str; 4] =
    ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off"];

/// Where a cluster lives and what runs it.
#[derive(Debug)]
pub(super) struct Site {
    /// All files of the cluster, PostgreSQL's and ours.
    pub(super) directory: PathBuf,
    /// PostgreSQL's own files.
    pub(super) data: PathBuf,
    pub(super) account: Account,
    pub(super) programs: Programs,
    pub(super) tuning: Tuning,
}

impl Site {
    fn log(&self) -> PathBuf {
        self.directory.join("server.log")
    }

    /// A program that works on the cluster.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = self.account.command(program, &self.directory);
        // Ctrl-C in a terminal goes to the whole process group; the server is to stop when it is told to.
        command.process_group(0);
        command
    }

    /// Waits until nothing is left of earlier owners, stopping a server that they left running.
    pub(super) async fn take_over(&self) -> Result<Lifeline, EmbeddedError> {
        let deadline = Instant::now() + STOP_PATIENCE;
        let mut ask_at = Instant::now();
        loop {
            if let Some(lifeline) = Lifeline::try_take(&self.directory)? {
                return Ok(lifeline);
            }
            let now = Instant::now();
            if now > deadline {
                return Err(EmbeddedError::LeftBehind { directory: self.directory.clone() });
            }
            if now >= ask_at {
                // The watchdog of a dead owner does the same, unless it is dead as well.
                self.ask_to_stop().await?;
                ask_at = now + ASK_AGAIN;
            }
            sleep(GLANCE).await;
        }
    }

    /// Makes the cluster's files. They get their final name only when they are complete.
    pub(super) async fn initialise(&self, lifeline: &Lifeline) -> Result<(), EmbeddedError> {
        self.remove_unfinished()?;
        let unfinished = self.directory.join(format!("{UNFINISHED}{}", process::id()));
        fs::create_dir(&unfinished)
            .map_err(|source| EmbeddedError::files(Doing::Create, &unfinished, source))?;
        self.account
            .take_over(&unfinished)
            .map_err(|source| EmbeddedError::files(Doing::ChangeOwner, &unfinished, source))?;
        self.run_initdb(&unfinished, lifeline).await?;
        fs::rename(&unfinished, &self.data)
            .and_then(|()| File::open(&self.directory)?.sync_all())
            .map_err(|source| EmbeddedError::files(Doing::Create, &self.data, source))
    }

    async fn run_initdb(&self, unfinished: &Path, lifeline: &Lifeline) -> Result<(), EmbeddedError> {
        let initdb = self.programs.initdb();
        let mut command = self.command(&initdb);
        command.arg("--pgdata").arg(unfinished);
        command.args(["--username", ROLE, "--auth=trust", "--encoding=UTF8", "--locale=C"]);
        if self.tuning == Tuning::Disposable {
            command.arg("--no-sync");
        }
        command.stdin(lifeline.share()?).stderr(Stdio::piped());
        let output = tokio::process::Command::from(command)
            .output()
            .await
            .map_err(|source| EmbeddedError::CannotRun { program: initdb, cause: source })?;
        if output.status.success() {
            return Ok(());
        }
        let said = last_lines(&String::from_utf8_lossy(&output.stderr));
        Err(EmbeddedError::Initialise { data: self.data.clone(), said })
    }

    /// Removes what an `initdb` that was killed has left.
    fn remove_unfinished(&self) -> Result<(), EmbeddedError> {
        let failed = |source| EmbeddedError::files(Doing::Clear, &self.directory, source);
        for entry in fs::read_dir(&self.directory).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                fs::remove_dir_all(entry.path()).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Asks the server to end without waiting for its clients to leave. It is no error that there is none.
    pub(super) async fn ask_to_stop(&self) -> Result<(), EmbeddedError> {
        if self.has_false_pid() {
            // The signal would hit an innocent process.
            return Ok(());
        }
        let pg_ctl = self.programs.pg_ctl();
        let mut command = self.command(&pg_ctl);
        command.args(["stop", "--no-wait", "--mode=fast", "--pgdata"]).arg(&self.data);
        match tokio::process::Command::from(command).status().await {
            Ok(_) => Ok(()),
            Err(source) => Err(EmbeddedError::CannotRun { program: pg_ctl, cause: source }),
        }
    }

    /// An empty log; the one before is kept, for it may tell of a crash.
    fn fresh_log(&self) -> Result<File, EmbeddedError> {
        let log = self.log();
        let failed = |source| EmbeddedError::files(Doing::Write, &log, source);
        match fs::rename(&log, log.with_extension("log.old")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        // Statements that fail are logged, with the data in them.
        OpenOptions::new().append(true).create_new(true).mode(0o600).open(&log).map_err(failed)
    }

    /// Removes PID files that PostgreSQL would take for those of a running server. Only for the holder of the
    /// lifeline, who knows that there is none.
    fn forget_false_pid(&self, socket: &Path) {
        if !self.has_false_pid() {
            return;
        }
        let socket = socket::file(socket);
        let lock = socket.with_extension(format!("{}.lock", socket::PORT));
        for stale in [self.data.join("postmaster.pid"), lock, socket] {
            // If one stays, the server says so when it starts.
            fs::remove_file(stale).ok();
        }
    }

    /// Whether the PID file names a process that is something else than the server, having got its ID since, as
    /// happens when a container starts over, or a zombie, which a container without an init process keeps for ever.
    /// PostgreSQL itself only copes with an ID that nobody has. Systems without `/proc` are left to its judgement.
    fn has_false_pid(&self) -> bool {
        let Some((pid, _)) = postmaster_file(&self.data) else { return false };
        if !Path::new(&format!("/proc/{pid}")).exists() {
            return false;
        }
        // The server works in its data directory, a zombie nowhere.
        match fs::read_link(format!("/proc/{pid}/cwd")) {
            Ok(works_in) => works_in != self.data,
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }
}

/// The running server of a cluster that this process owns.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) site: Site,
    /// None of one that another process has started.
    process: Option<Child>,
}

impl Server {
    /// Starts the server and waits until it takes connections.
    pub(super) async fn start(
        site: Site,
        socket: &Path,
        lifeline: &Lifeline,
    ) -> Result<Server, EmbeddedError> {
        let mut server = Server { site, process: None };
        server.start_again(socket, lifeline).await?;
        Ok(server)
    }

    /// The server that another process has started and left.
    pub(super) fn adopt(site: Site) -> Server {
        Server { site, process: None }
    }

    /// Starts one that has ended, and waits until it takes connections.
    pub(super) async fn start_again(
        &mut self,
        socket: &Path,
        lifeline: &Lifeline,
    ) -> Result<(), EmbeddedError> {
        let site = &self.site;
        site.forget_false_pid(socket);
        let log = site.fresh_log()?;
        let errors =
            log.try_clone().map_err(|source| EmbeddedError::files(Doing::Write, &site.log(), source))?;
        let postgres = site.programs.postgres();
        let mut command = site.command(&postgres);
        command.arg("-D").arg(&site.data);
        command.args(["-c", &format!("unix_socket_directories={}", socket.display())]);
        command.args(["-c", &format!("port={}", socket::PORT)]);
        let tuning: &[&str] = match site.tuning {
            Tuning::Durable => &[],
            Tuning::Disposable => &DISPOSABLE,
        };
        for setting in SETTINGS.iter().chain(tuning) {
            command.args(["-c", setting]);
        }
        command.stdin(lifeline.share()?).stdout(log).stderr(errors);
        let process = command
            .spawn()
            .map_err(|source| EmbeddedError::CannotRun { program: postgres, cause: source })?;
        self.process = Some(process);
        self.wait_until_ready().await
    }

    /// Whether it has ended, by whatever cause.
    pub(super) fn has_ended(&mut self, socket: &Path) -> bool {
        match &mut self.process {
            Some(process) => has_ended(process),
            None => postmaster_file(&self.site.data).is_none() || !socket::answers(socket),
        }
    }

    async fn wait_until_ready(&mut self) -> Result<(), EmbeddedError> {
        let deadline = Instant::now() + START_PATIENCE;
        while !self.is_ready() {
            if self.process.as_mut().is_none_or(has_ended) {
                let (log, said) = self.last_words();
                return Err(EmbeddedError::Ended { log, said });
            }
            if Instant::now() > deadline {
                let (log, said) = self.last_words();
                self.stop(None).await?;
                return Err(EmbeddedError::NotReady { log, said });
            }
            sleep(GLANCE).await;
        }
        Ok(())
    }

    fn is_ready(&self) -> bool {
        postmaster_file(&self.site.data)
            .zip(self.process.as_ref())
            .is_some_and(|((pid, status), process)| pid == process.id() && status == "ready")
    }

    /// Stops the server and waits until it is gone.
    pub(super) async fn stop(&mut self, socket: Option<&Path>) -> Result<(), EmbeddedError> {
        let deadline = Instant::now() + STOP_PATIENCE;
        let mut is_asked = false;
        while !self.is_gone(socket) {
            if !is_asked {
                self.site.ask_to_stop().await?;
                is_asked = true;
            }
            if Instant::now() > deadline {
                break;
            }
            sleep(GLANCE).await;
        }
        if self.is_gone(socket) {
            return Ok(());
        }
        let (log, said) = self.last_words();
        Err(EmbeddedError::NotStopped { log, said })
    }

    fn is_gone(&mut self, socket: Option<&Path>) -> bool {
        match (&mut self.process, socket) {
            (Some(process), _) => has_ended(process),
            // Its own file is the last that a server takes away.
            (None, Some(socket)) => postmaster_file(&self.site.data).is_none() && !socket::answers(socket),
            (None, None) => true,
        }
    }

    /// The server's log, and its end.
    pub(super) fn last_words(&self) -> (PathBuf, String) {
        let log = self.site.log();
        let said = fs::read(&log).unwrap_or_default();
        (log, last_lines(&String::from_utf8_lossy(&said)))
    }
}

fn has_ended(process: &mut Child) -> bool {
    // An error means that somebody else has collected its exit status.
    !matches!(process.try_wait(), Ok(None))
}

/// Waits for a process to end; `false` if it outlasts our patience.
pub(super) async fn ends_within(patience: Duration, process: &mut Child) -> bool {
    let deadline = Instant::now() + patience;
    while !has_ended(process) {
        if Instant::now() > deadline {
            return false;
        }
        sleep(GLANCE).await;
    }
    true
}

/// The major version that made the files in `data`, `None` if they are still to be made.
pub(super) fn major_version(data: &Path) -> Result<Option<u32>, EmbeddedError> {
    let path = data.join("PG_VERSION");
    match fs::read_to_string(&path) {
        Ok(version) => match version.trim().parse() {
            Ok(major) => Ok(Some(major)),
            Err(_) => Err(EmbeddedError::NotACluster { data: data.to_owned() }),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let is_empty = fs::read_dir(data).map_or(true, |mut entries| entries.next().is_none());
            if is_empty { Ok(None) } else { Err(EmbeddedError::NotACluster { data: data.to_owned() }) }
        }
        Err(source) => Err(EmbeddedError::files(Doing::Read, &path, source)),
    }
}

/// Process ID and status from the first and the eighth line of `postmaster.pid`.
fn postmaster_file(data: &Path) -> Option<(u32, String)> {
    let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let mut lines = text.lines();
    let pid = lines.next()?.trim().parse().ok()?;
    Some((pid, lines.nth(6).unwrap_or_default().trim().to_owned()))
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines.get(lines.len().saturating_sub(LAST_LINES)..).unwrap_or_default().join("\n")
}
