//! Programs that are run and watched: how long they take, what they take of the processor, how much memory they had.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// How often a program is looked at while it runs.
const GLANCE: Duration = Duration::from_millis(1);
/// The clock in which Linux counts the processor's time.
const TICK: Duration = Duration::from_millis(10);

/// What a program took.
pub struct Ran {
    /// From its start to its end.
    pub wall: Duration,
    /// Of the processor, in user and system mode; none where the system does not say.
    pub cpu: Option<Duration>,
    /// Most memory it had at a time, in kB; none where the system does not say.
    pub peak: Option<u64>,
    /// What it printed.
    pub out: Vec<u8>,
}

/// The program that is measured, on a database.
pub fn showfloor(url: &str, folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_showfloor"));
    command.env("DATABASE_URL", url).env("SHOWFLOOR_DATA_DIR", folder).env_remove("RULES_AUTO_RELEASE");
    command
}

/// Runs a program to its end; an exit status above 1 is an error, 1 says that it found something.
pub fn run(command: &mut Command) -> anyhow::Result<Ran> {
    watch(command.stdout(Stdio::piped()))
}

/// Runs a program whose output is only counted as work.
pub fn run_silently(command: &mut Command) -> anyhow::Result<Ran> {
    watch(command.stdout(Stdio::null()))
}

fn watch(command: &mut Command) -> anyhow::Result<Ran> {
    let begun = Instant::now();
    let mut child = command.spawn().with_context(|| format!("cannot run {:?}", command.get_program()))?;
    let printed = child.stdout.take().map(|mut stdout| {
        std::thread::spawn(move || {
            let mut out = Vec::new();
            stdout.read_to_end(&mut out).map(|_| out)
        })
    });
    let process = PathBuf::from(format!("/proc/{}", child.id()));
    let mut peak = None;
    let mut cpu = None;
    // Once it has ended and before it is waited for, Linux still knows its times, but no longer its memory.
    while let Some(stat) = Stat::read(&process) {
        cpu = Some(stat.cpu);
        if stat.has_ended {
            break;
        }
        peak = memory(&process).or(peak);
        std::thread::sleep(GLANCE);
    }
    let status = child.wait()?;
    let wall = begun.elapsed();
    let out = match printed {
        Some(reader) => reader.join().map_err(|_| anyhow::anyhow!("its output could not be read"))??,
        None => Vec::new(),
    };
    match status.code() {
        Some(0 | 1) => Ok(Ran { wall, cpu, peak, out }),
        _ => bail!("{:?} ended with {status}", command.get_program()),
    }
}

/// What `/proc` says of a process.
struct Stat {
    has_ended: bool,
    parent: u32,
    cpu: Duration,
    /// What those took that it has started and that have ended.
    of_ended: Duration,
}

impl Stat {
    fn read(process: &Path) -> Option<Self> {
        let text = fs::read_to_string(process.join("stat")).ok()?;
        // The name, in parentheses, may hold anything.
        let (_, after) = text.rsplit_once(") ")?;
        let fields = after.split(' ').collect::<Vec<_>>();
        let ticks = |index: usize| fields.get(index)?.parse::<u32>().ok();
        Some(Self {
            has_ended: *fields.first()? == "Z",
            parent: fields.get(1)?.parse().ok()?,
            cpu: TICK * (ticks(11)? + ticks(12)?),
            of_ended: TICK * (ticks(13)? + ticks(14)?),
        })
    }
}

/// What a running process has taken of the processor so far.
pub fn cpu(process: u32) -> Option<Duration> {
    Some(Stat::read(&PathBuf::from(format!("/proc/{process}")))?.cpu)
}

/// What all programs of this machine that were started by a process have taken so far, those included that have ended.
pub fn cpu_of_children(parent: u32) -> Option<Duration> {
    let running = fs::read_dir("/proc").ok()?.flatten().filter_map(|entry| Stat::read(&entry.path()));
    let running = running.filter(|stat| stat.parent == parent).map(|stat| stat.cpu).sum::<Duration>();
    Some(running + Stat::read(&PathBuf::from(format!("/proc/{parent}")))?.of_ended)
}

/// The most memory that a running process has had, in kB.
fn memory(process: &Path) -> Option<u64> {
    let text = fs::read_to_string(process.join("status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// A program by its name, where the shell would find it or where Debian keeps PostgreSQL's.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).collect::<Vec<_>>();
    let servers = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions = servers.map(|entry| entry.path().join("bin")).collect::<Vec<_>>();
    versions.sort();
    folders
        .into_iter()
        .chain(versions.into_iter().rev())
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}
