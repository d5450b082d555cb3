//! `showfloor score`: a filter from lines of facts to lines of scores, for authors and for other programs.
//!
//! The input is read in batches that a few threads score while the next ones are read, so memory does not grow with
//! the number of lines, and the output keeps the order of the input.

use std::io::{self, BufRead, BufWriter, Write};
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use anyhow::{Context, bail};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Number;

use super::Ended;
use crate::config::Rules;
use crate::decimal;
use crate::http::Language;
use crate::ledger::metric::Catalogue;
use crate::ledger::month::MonthFacts;
use crate::period::Period;
use crate::rules::bundle::{Bundle, Scheme};
use crate::rules::memo::Memo;
use crate::rules::sandbox::STACK_SIZE;
use crate::rules::scoring::Scored;

/// Lines scored at a time by one thread.
const BATCH_LINES: usize = 256;
/// Longest line accepted, in bytes.
const LINE_LIMIT: usize = 1024 * 1024;

/// Options of `showfloor score`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Standard input: one JSON object a line, {\"employee_no\", \"period\", \"facts\": {metric: number}}.\n\
    Standard output: one JSON object a line with items, bonus, base, total, grade, final_grade and attention.\n\
    A line that is not valid is reported on standard error with its number; the exit status is then 1.\n\n\
    Example:\n  echo '{\"employee_no\":\"A01\",\"period\":\"2014-03\",\"facts\":{\"deliveries\":17,\"deliveries_target\":15,\
    \"scheduled_days\":27}}' \\\n    | showfloor score --rules rules --scheme sales_consultant"
)]
pub struct ScoreArgs {
    #[command(flatten)]
    rules: Rules,
    /// The scheme: the name of its folder.
    #[arg(long, value_name = "NAME")]
    scheme: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    employee_no: String,
    period: Period,
    facts: Metrics,
}

/// Metric names with numbers, in the order given. A name that stands twice is an error, not the last one's win.
struct Metrics(Vec<(String, Option<Number>)>);

impl<'de> Deserialize<'de> for Metrics {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> serde::de::Visitor<'de> for Pairs {
            type Value = Metrics;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("an object of metric names and numbers")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Metrics, A::Error> {
                use serde::de::Error;
                let mut metrics: Vec<(String, Option<Number>)> = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    if metrics.iter().any(|(earlier, _)| *earlier == name) {
                        return Err(A::Error::custom(format!("facts: '{name}' stands twice")));
                    }
                    let value = map.next_value().map_err(|error| {
                        A::Error::custom(format!("facts: '{name}' has to be a number: {error}"))
                    })?;
                    metrics.push((name, value));
                }
                Ok(Metrics(metrics))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

#[derive(Serialize)]
struct ScoredLine<'a> {
    employee_no: &'a str,
    period: Period,
    items: Vec<ScoredItem<'a>>,
    bonus: Option<Decimal>,
    base: Option<Decimal>,
    total: Option<Decimal>,
    grade: &'a Option<String>,
    final_grade: &'a str,
    attention: &'a [String],
}

#[derive(Serialize)]
struct ScoredItem<'a> {
    rule: &'a str,
    score: Option<Decimal>,
    max: Decimal,
    reasons: Vec<String>,
}

/// Lines on their way through: first the input's, then the output's.
struct Batch {
    first_line: usize,
    lines: Vec<Vec<u8>>,
}

/// A scored batch: what to print, and the lines that were not valid.
#[derive(Default)]
struct Output {
    text: Vec<u8>,
    faults: Vec<String>,
}

pub fn run(args: &ScoreArgs) -> anyhow::Result<Ended> {
    let bundle = match Bundle::load(&args.rules.folder) {
        Ok(bundle) => bundle,
        Err(findings) => {
            for finding in findings {
                eprintln!("{finding}");
            }
            bail!("the rules in {} cannot be used", args.rules.folder.display());
        }
    };
    let Some(scheme) = bundle.schemes.get(&args.scheme) else {
        let known = bundle.schemes.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        bail!("there is no scheme '{}' in {}; there are {known}", args.scheme, args.rules.folder.display());
    };
    let input = io::stdin().lock();
    let output = BufWriter::new(io::stdout().lock());
    match score_lines(&bundle.catalogue, scheme, input, output, &mut io::stderr().lock()) {
        // The reader has gone, as with `| head`: nothing is left to do.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Ended::Well),
        result => result.context("reading or writing lines"),
    }
}

/// Scores every line of `input`. Faulty lines are named in `faults`; the rest is scored.
fn score_lines(
    catalogue: &Catalogue,
    scheme: &Scheme,
    mut input: impl BufRead,
    mut output: impl Write,
    faults: &mut impl Write,
) -> io::Result<Ended> {
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let mut ended = Ended::Well;
    let (jobs, job_queue) = sync_channel::<(Batch, SyncSender<Output>)>(workers);
    let job_queue = Mutex::new(job_queue);
    thread::scope(|scope| {
        // Moved in, so that it is gone, and the threads end, when this closure returns early.
        let jobs = jobs;
        let job_queue = &job_queue;
        for _ in 0..workers {
            thread::Builder::new()
                .stack_size(STACK_SIZE)
                .spawn_scoped(scope, move || work(catalogue, scheme, job_queue))?;
        }
        // Results are awaited in the order of the input; a few batches are under way at a time.
        let mut under_way = std::collections::VecDeque::<Receiver<Output>>::new();
        let mut next_line = 1;
        loop {
            let batch = read_batch(&mut input, next_line)?;
            let is_last = batch.lines.is_empty();
            next_line += batch.lines.len();
            if !is_last {
                let (done, result) = sync_channel(1);
                jobs.send((batch, done)).map_err(|_| io::Error::other("the scoring threads have ended"))?;
                under_way.push_back(result);
            }
            while under_way.len() > if is_last { 0 } else { 2 * workers } {
                let Some(result) = under_way.pop_front() else { break };
                let scored = result.recv().map_err(|_| io::Error::other("a scoring thread has ended"))?;
                output.write_all(&scored.text)?;
                for fault in &scored.faults {
                    ended = Ended::WithFindings;
                    writeln!(faults, "{fault}")?;
                }
            }
            if is_last {
                return output.flush();
            }
        }
    })?;
    Ok(ended)
}

fn work(catalogue: &Catalogue, scheme: &Scheme, queue: &Mutex<Receiver<(Batch, SyncSender<Output>)>>) {
    let mut memo = Memo::new(scheme);
    loop {
        let job = match queue.lock() {
            Ok(queue) => queue.recv(),
            Err(_) => return,
        };
        let Ok((batch, done)) = job else { return };
        let mut output = Output::default();
        for (offset, line) in batch.lines.iter().enumerate() {
            let number = batch.first_line + offset;
            if let Err(problem) = score_line(catalogue, scheme, &mut memo, line, &mut output.text) {
                output.faults.push(format!("line {number}: {problem}"));
            }
        }
        if done.send(output).is_err() {
            return;
        }
    }
}

/// Up to [`BATCH_LINES`] lines; none at the end of the input. Of a line that is too long only the beginning is kept.
fn read_batch(input: &mut impl BufRead, first_line: usize) -> io::Result<Batch> {
    let mut lines = Vec::with_capacity(BATCH_LINES);
    while lines.len() < BATCH_LINES {
        let mut line = Vec::with_capacity(1024);
        let limit = u64::try_from(LINE_LIMIT + 1).unwrap_or(u64::MAX);
        if io::Read::take(&mut *input, limit).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if line.len() > LINE_LIMIT && line.last() != Some(&b'\n') {
            input.skip_until(b'\n')?;
        }
        lines.push(line);
    }
    Ok(Batch { first_line, lines })
}

fn score_line(
    catalogue: &Catalogue,
    scheme: &Scheme,
    memo: &mut Memo,
    line: &[u8],
    output: &mut Vec<u8>,
) -> Result<(), String> {
    if line.len() > LINE_LIMIT {
        return Err(format!("longer than {LINE_LIMIT} bytes"));
    }
    if line.trim_ascii().is_empty() {
        return Err("empty: expected a JSON object".to_owned());
    }
    let line: Line = serde_json::from_slice(line).map_err(|error| sentence(&error))?;
    if line.employee_no.trim().is_empty() {
        return Err("employee_no is empty".to_owned());
    }
    let mut given = Vec::with_capacity(line.facts.0.len());
    for (name, number) in &line.facts.0 {
        let value = match number {
            Some(number) => decimal::parse(number.as_str())
                .ok_or_else(|| format!("facts: '{name}' cannot be held exactly: {number}"))?,
            // A name has to be known even where its value is null.
            None if catalogue.find(name).is_some() => continue,
            None => Decimal::ZERO,
        };
        given.push((catalogue.read(name, value).map_err(|problem| format!("facts: {problem}"))?, value));
    }
    let facts = MonthFacts::complete(catalogue, given);
    let scored = scheme.score_remembering(&facts, memo);
    print(&line, &scored, output).map_err(|error| error.to_string())
}

/// Serde counts lines of its own; here a line is all there is, so only the column says something.
fn sentence(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let message = text.split(" at line ").next().unwrap_or_default();
    match error.column() {
        0 => message.to_owned(),
        column => format!("column {column}: {message}"),
    }
}

fn print(line: &Line, scored: &Scored, output: &mut Vec<u8>) -> serde_json::Result<()> {
    let scored_line = ScoredLine {
        employee_no: &line.employee_no,
        period: line.period,
        items: scored
            .rules
            .iter()
            .map(|result| ScoredItem {
                rule: &result.rule,
                score: result.score,
                max: result.max,
                reasons: result.reasons(Language::Chinese),
            })
            .collect(),
        bonus: scored.bonus,
        base: scored.base,
        total: scored.total,
        grade: &scored.grade,
        final_grade: &scored.final_grade,
        attention: &scored.attention,
    };
    serde_json::to_writer(&mut *output, &scored_line)?;
    output.push(b'\n');
    Ok(())
}
