//! `showfloor score`: what one of 100,000 different people costs, beside Python's json reading and writing the same lines.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;

use crate::data::RULES;
use crate::place::Place;
use crate::program;
use crate::report::{Figure, Goal, Line, Report};

/// How many people are scored, however large the group is: enough for a clock of 10 ms.
const PEOPLE: u64 = 100_000;

const PYTHON: &str =
    "import json, sys\nfor line in sys.stdin:\n    sys.stdout.write(json.dumps(json.loads(line)) + '\\n')";

/// Measures it.
pub fn measure(place: &Place, report: &mut Report) -> anyhow::Result<()> {
    let (lines, none) = (place.file("people.jsonl"), place.file("nobody.jsonl"));
    fs::write(&lines, people())?;
    fs::write(&none, "")?;
    // What a program takes to start is taken off.
    let cost = |command: fn() -> Command| -> anyhow::Result<Option<Duration>> {
        let run = |file| program::run_silently(command().stdin(File::open(file)?));
        let (all, nobody) = (run(&lines)?, run(&none)?);
        Ok(all.cpu.zip(nobody.cpu).map(|(all, nobody)| all.saturating_sub(nobody)))
    };
    let ours = cost(|| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_showfloor"));
        command.args(["score", "--rules", RULES, "--scheme", "sales_consultant"]);
        command
    })?;
    let Some(ours) = ours else {
        eprintln!("    score: this system does not say what a process took of the processor");
        return Ok(());
    };
    let line = Line::new("score: CPU of one of 100,000 people", Figure::each(ours, PEOPLE));
    let line = match program::find("python3") {
        Some(_) => {
            let python = cost(|| {
                let mut command = Command::new("python3");
                command.args(["-c", PYTHON]);
                command
            })?;
            line.beside("Python's json, the same lines", Figure::each(python.context("no CPU")?, PEOPLE))
        }
        None => line.note("there is no python3 here to compare with"),
    };
    report.add(line.goal(Goal::AtMost(Figure::microseconds_each(10))));
    fs::remove_file(lines)?;
    Ok(())
}

/// Lines of different people.
fn people() -> String {
    let mut chance = Chance(7);
    let mut lines = String::new();
    for number in 0..PEOPLE {
        let mut facts = String::new();
        let mut fact = |name: &str, from: u64, to: u64| {
            let value = from + chance.below(to - from + 1);
            let comma = if facts.is_empty() { "" } else { ", " };
            // Writing to a text cannot fail.
            let _ = write!(facts, "{comma}\"{name}\": {value}");
            value
        };
        fact("deliveries_target", 4, 30);
        let delivered = fact("deliveries", 0, 35);
        let visits = fact("first_visits", 20, 90);
        let captured = fact("captured_leads", 0, visits);
        let visitors = fact("visitors", 20, 90);
        fact("test_drives", 0, visitors);
        fact("orders", 0, captured);
        let planned = fact("callbacks_planned", 20, 160);
        fact("callbacks_done", 0, planned);
        let refused = fact("refused", 5, 40);
        fact("second_follow_ups", 0, refused);
        fact("active_prospects", 0, 99);
        fact("accessory_revenue", 0, 99_000);
        fact("insurance_policies", 0, delivered);
        fact("loans", 0, delivered);
        fact("scheduled_days", 20, 27);
        fact("five_s_checks", 20, 60);
        fact("five_s_failures", 0, 5);
        fact("exam_score", 40, 100);
        fact("documents", 3, 60);
        fact("document_errors", 0, 3);
        fact("attitude_rating", 1, 5);
        fact("reports_due", 31, 31);
        fact("reports_on_time", 10, 31);
        fact("late", 0, 4);
        fact("severe_late", 0, 1);
        fact("early_leave", 0, 2);
        fact("missed_punches", 0, 4);
        fact("absent_days", 0, 0);
        fact("personal_leave_days", 0, 3);
        fact("complaints_minor", 0, 1);
        let _ = writeln!(
            lines,
            "{{\"employee_no\": \"P{number:06}\", \"period\": \"2014-03\", \"facts\": {{{facts}}}}}"
        );
    }
    lines
}

/// Chance that is the same in every run (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}
