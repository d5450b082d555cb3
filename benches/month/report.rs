//! What was measured, beside its yardstick and its goal: a table for people, JSON for programs.

use std::fs;
use std::io::{self, Write as _};
use std::num::NonZero;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use showfloor::clock::Clock;
use showfloor::decimal;

use crate::load::Load;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// Milliseconds.
    #[serde(rename = "ms")]
    Milliseconds,
    /// Microseconds a person.
    #[serde(rename = "µs a person")]
    MicrosecondsEach,
    /// Answers in a second.
    #[serde(rename = "/s")]
    PerSecond,
    /// Megabytes.
    #[serde(rename = "MB")]
    Megabytes,
}

impl Unit {
    fn text(self) -> &'static str {
        match self {
            Self::Milliseconds => "ms",
            Self::MicrosecondsEach => "µs",
            Self::PerSecond => "/s",
            Self::Megabytes => "MB",
        }
    }
}

/// A figure with its unit.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Figure {
    value: Decimal,
    unit: Unit,
}

impl Figure {
    /// A time.
    pub fn time(span: Duration) -> Self {
        Self { value: hundredths(micros(span) / Decimal::ONE_THOUSAND), unit: Unit::Milliseconds }
    }

    /// A time shared by many people.
    pub fn each(span: Duration, people: u64) -> Self {
        let people = Decimal::from(people.max(1));
        Self { value: hundredths(micros(span) / people), unit: Unit::MicrosecondsEach }
    }

    /// Answers in a second.
    pub fn rate(load: &Load) -> Self {
        let seconds = micros(load.wall) / Decimal::from(1_000_000);
        Self::per_second(Decimal::from(load.answers) / seconds)
    }

    /// So many in a second.
    pub fn per_second(rate: Decimal) -> Self {
        Self { value: rate.round(), unit: Unit::PerSecond }
    }

    /// Memory.
    pub fn memory(kilobytes: u64) -> Self {
        Self { value: hundredths(Decimal::from(kilobytes) / Decimal::from(1024)), unit: Unit::Megabytes }
    }

    /// So many milliseconds.
    pub fn milliseconds(value: u32) -> Self {
        Self { value: value.into(), unit: Unit::Milliseconds }
    }

    /// So many microseconds a person.
    pub fn microseconds_each(value: u32) -> Self {
        Self { value: value.into(), unit: Unit::MicrosecondsEach }
    }

    /// As it is printed.
    pub fn show(self) -> String {
        format!("{} {}", decimal::plain(self.value), self.unit.text())
    }
}

fn micros(span: Duration) -> Decimal {
    Decimal::from(span.as_micros())
}

fn hundredths(value: Decimal) -> Decimal {
    decimal::half_up(value, 2)
}

/// What a figure is to reach.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// At most so much.
    AtMost(Figure),
    /// At most so many times the yardstick.
    TimesAtMost(Decimal),
    /// At least so many times the yardstick.
    TimesAtLeast(Decimal),
}

impl Goal {
    /// At most so many hundredths of the yardstick.
    pub fn at_most_percent(percent: i64) -> Option<Self> {
        Some(Self::TimesAtMost(Decimal::new(percent, 2)))
    }

    /// At least so many hundredths of the yardstick.
    pub fn at_least_percent(percent: i64) -> Option<Self> {
        Some(Self::TimesAtLeast(Decimal::new(percent, 2)))
    }

    fn show(self) -> String {
        match self {
            Self::AtMost(figure) => format!("≤ {}", figure.show()),
            Self::TimesAtMost(times) => format!("≤ {} ×", decimal::plain(times)),
            Self::TimesAtLeast(times) => format!("≥ {} ×", decimal::plain(times)),
        }
    }
}

/// One line of the table.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    what: String,
    ours: Figure,
    /// What it is held against, and what that came to.
    yardstick: Option<(String, Figure)>,
    /// Ours ÷ the yardstick.
    ratio: Option<Decimal>,
    goal: Option<Goal>,
    is_met: Option<bool>,
    /// What else there is to know.
    note: Option<String>,
}

impl Line {
    /// A figure with nothing beside it.
    pub fn new(what: impl Into<String>, ours: Figure) -> Self {
        Self { what: what.into(), ours, yardstick: None, ratio: None, goal: None, is_met: None, note: None }
    }

    /// Beside a yardstick.
    pub fn beside(mut self, yardstick: impl Into<String>, figure: Figure) -> Self {
        self.ratio = self.ours.value.checked_div(figure.value).map(|ratio| decimal::half_up(ratio, 3));
        self.yardstick = Some((yardstick.into(), figure));
        self
    }

    /// With a goal.
    pub fn goal(mut self, goal: impl Into<Option<Goal>>) -> Self {
        self.goal = goal.into();
        self.is_met = match (self.goal, self.ratio) {
            (Some(Goal::AtMost(most)), _) => Some(self.ours.value <= most.value),
            (Some(Goal::TimesAtMost(times)), Some(ratio)) => Some(ratio <= times),
            (Some(Goal::TimesAtLeast(times)), Some(ratio)) => Some(ratio >= times),
            _ => None,
        };
        self
    }

    /// With a remark.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// With how long half and 99 of 100 answers took.
    pub fn latencies(self, load: &Load) -> Self {
        let (median, p99) = (Figure::time(load.median).show(), Figure::time(load.p99).show());
        self.note(format!("p50 {median}, p99 {p99}"))
    }
}

/// A whole run.
#[derive(Debug, Serialize)]
pub struct Report {
    at: String,
    revision: String,
    machine: Machine,
    people: u32,
    lines: Vec<Line>,
}

/// What it was measured on.
#[derive(Debug, Serialize)]
struct Machine {
    processor: String,
    cores: usize,
    memory: Figure,
    postgres: String,
}

impl Report {
    /// An empty report.
    pub fn new(people: u32, postgres: String) -> Self {
        let git = Command::new("git").args(["describe", "--always", "--dirty"]).output();
        let revision =
            git.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
        let machine = Machine {
            processor: of_proc("cpuinfo", "model name").unwrap_or_default(),
            cores: std::thread::available_parallelism().map_or(1, NonZero::get),
            memory: Figure::memory(
                of_proc("meminfo", "MemTotal")
                    .and_then(|text| text.strip_suffix(" kB")?.parse().ok())
                    .unwrap_or_default(),
            ),
            postgres,
        };
        Self { at: Clock::System.now().to_rfc3339(), revision, machine, people, lines: Vec::new() }
    }

    /// Adds a line, and says so at once.
    pub fn add(&mut self, line: Line) {
        let yardstick = line.yardstick.as_ref().map(|(name, figure)| format!(", {name} {}", figure.show()));
        eprintln!("    {}: {}{}", line.what, line.ours.show(), yardstick.unwrap_or_default());
        self.lines.push(line);
    }

    /// Prints the table, with what came out the last time.
    pub fn print(&self, last: &Last) -> io::Result<()> {
        let mut table = Table::new();
        table.load_style(UTF8_FULL_CONDENSED);
        table.set_header(["what", "last time", "ours", "yardstick", "", "ours ÷ it", "goal", "", "note"]);
        for index in [1, 2, 4, 5, 6] {
            if let Some(column) = table.column_mut(index) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        for line in &self.lines {
            let (name, figure) =
                line.yardstick.clone().map_or_else(Default::default, |(name, figure)| (name, figure.show()));
            table.add_row([
                line.what.clone(),
                last.of(&line.what).unwrap_or_default(),
                line.ours.show(),
                name,
                figure,
                line.ratio.map(decimal::plain).unwrap_or_default(),
                line.goal.map(Goal::show).unwrap_or_default(),
                line.is_met.map(|met| if met { "✓" } else { "✗" }).unwrap_or_default().to_owned(),
                line.note.clone().unwrap_or_default(),
            ]);
        }
        let Machine { processor, cores, memory, postgres } = &self.machine;
        let mut out = io::stdout();
        writeln!(out, "\n{} people, revision {}, {}", self.people, self.revision, self.at)?;
        writeln!(out, "{processor}, {cores} cores, {}, PostgreSQL {postgres}", memory.show())?;
        writeln!(out, "{table}")
    }

    /// Stores everything as JSON.
    pub fn store(&self, file: &Path) -> anyhow::Result<()> {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(file, serde_json::to_vec_pretty(self)?)?;
        println!("stored in {}", file.display());
        Ok(())
    }
}

/// The figures of an earlier run, as they were stored.
#[derive(Debug, Default)]
pub struct Last(Vec<Value>);

impl Last {
    /// Those of a file; none where there is no such file.
    pub fn read(file: &Path) -> Self {
        let stored = fs::read(file).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok());
        Self(stored.and_then(|stored| stored.get("lines")?.as_array().cloned()).unwrap_or_default())
    }

    fn of(&self, what: &str) -> Option<String> {
        let line = self.0.iter().find(|line| line.get("what").and_then(Value::as_str) == Some(what))?;
        let figure: Figure = serde_json::from_value(line.get("ours")?.clone()).ok()?;
        Some(figure.show())
    }
}

/// The first value of a key in a file of `/proc`.
fn of_proc(file: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(Path::new("/proc").join(file)).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
