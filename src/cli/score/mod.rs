//! `showfloor score`: a filter from lines of facts to lines of scores, for authors and for other programs.
//!
//! The input is read in batches that a few threads score while the next ones are read, so memory does not grow with
//! the number of lines, and the output keeps the order of the input.

mod cursor;
mod line;
mod print;

use std::io::{self, BufRead, BufWriter, Write};
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use anyhow::{Context, bail};

use self::line::{Line, PlainLine, PlainReader};
use self::print::Printer;
use super::serve::unusable_rules;
use super::{Ended, language, listed, tell};
use crate::config::Rules;
use crate::ledger::metric::Catalogue;
use crate::ledger::month::{MonthFacts, Value};
use crate::rules::bundle::{Bundle, Scheme};
use crate::rules::memo::Memo;
use crate::rules::sandbox::STACK_SIZE;
use crate::said::{Language, Said, say};

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

/// Scores lines, one after the other, each as it comes.
#[derive(Debug)]
pub struct Scorer<'a> {
    catalogue: &'a Catalogue,
    scheme: &'a Scheme,
    reader: PlainReader<'a>,
    printer: Printer,
    memo: Memo,
    /// A month in which nothing is known.
    blank: MonthFacts,
}

impl<'a> Scorer<'a> {
    /// Scores by a scheme of a bundle with this catalogue, and says why in a language.
    pub fn new(catalogue: &'a Catalogue, scheme: &'a Scheme, language: Language) -> Self {
        Self {
            catalogue,
            scheme,
            reader: PlainReader::new(catalogue),
            printer: Printer::new(scheme, language),
            memo: Memo::new(scheme),
            blank: MonthFacts::complete(catalogue, []),
        }
    }

    /// Writes the scores of a line of facts at the end of `out`, as a line.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong with the line.
    pub fn line(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<(), Said> {
        if line.len() > LINE_LIMIT {
            return Err(say!("长于 {LINE_LIMIT} 字节", "longer than {LINE_LIMIT} bytes"));
        }
        if let Some(PlainLine { employee_no, period }) = self.reader.read(line) {
            let mut facts = self.blank.clone();
            for (id, value) in self.reader.given() {
                facts.set(*id, Value::Given(*value));
            }
            self.print(out, employee_no, period, &facts);
            return Ok(());
        }
        if line.trim_ascii().is_empty() {
            return Err(say!("空行：应为一个 JSON 对象", "empty: expected a JSON object"));
        }
        let Line { employee_no, period, given } = Line::read(self.catalogue, line)?;
        let facts = MonthFacts::complete(self.catalogue, given);
        self.print(out, &employee_no, &period.to_string(), &facts);
        Ok(())
    }

    fn print(&mut self, out: &mut Vec<u8>, employee_no: &str, period: &str, facts: &MonthFacts) {
        let Self { scheme, printer, memo, .. } = self;
        printer.begin(out, employee_no, period);
        let scored = scheme.score_remembering(facts, memo, out, |out, place, rule, result| {
            printer.item(out, place, rule, result);
        });
        printer.end(out, &scored);
    }
}

/// Lines on their way through: first the input's, then the output's.
struct Batch {
    first_line: usize,
    text: Vec<u8>,
    /// Where each line ends in it.
    ends: Vec<usize>,
}

/// A scored batch: what to print, and the lines that were not valid.
#[derive(Default)]
struct Output {
    text: Vec<u8>,
    faults: Vec<String>,
}

/// Scores the lines of standard input.
pub(super) fn run(args: &ScoreArgs) -> anyhow::Result<Ended> {
    let bundle = match Bundle::load(&args.rules.folder) {
        Ok(bundle) => bundle,
        Err(findings) => {
            for finding in findings {
                eprintln!("{}", finding.in_language(language()));
            }
            bail!(unusable_rules(&args.rules.folder));
        }
    };
    let Some(scheme) = bundle.schemes.get(&args.scheme) else {
        let known = listed(&bundle.schemes.keys().collect::<Vec<_>>());
        let (scheme, folder) = (&args.scheme, args.rules.folder.display());
        bail!(tell!(
            "{folder} 里没有方案“{scheme}”，有：{known}",
            "there is no scheme '{scheme}' in {folder}; there are {known}"
        ));
    };
    let input = io::stdin().lock();
    let output = BufWriter::new(io::stdout().lock());
    match score_lines(&bundle.catalogue, scheme, input, output, &mut io::stderr().lock()) {
        // The reader has gone, as with `| head`: nothing is left to do.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Ended::Well),
        result => result.with_context(|| tell!("读写各行时", "reading or writing lines")),
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
            let is_last = batch.ends.is_empty();
            next_line += batch.ends.len();
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
    let language = language();
    let mut scorer = Scorer::new(catalogue, scheme, language);
    loop {
        let job = match queue.lock() {
            Ok(queue) => queue.recv(),
            Err(_) => return,
        };
        let Ok((batch, done)) = job else { return };
        let mut output = Output { text: Vec::with_capacity(4 * batch.text.len()), faults: Vec::new() };
        let mut begin = 0;
        for (number, end) in (batch.first_line..).zip(batch.ends) {
            let line = batch.text.get(begin..end).unwrap_or_default();
            if let Err(problem) = scorer.line(line, &mut output.text) {
                let problem = problem.in_language(language);
                output.faults.push(tell!("第 {number} 行：{problem}", "line {number}: {problem}"));
            }
            begin = end;
        }
        if done.send(output).is_err() {
            return;
        }
    }
}

/// Up to [`BATCH_LINES`] lines; none at the end of the input. Of a line that is too long only the beginning is kept.
fn read_batch(input: &mut impl BufRead, first_line: usize) -> io::Result<Batch> {
    let mut batch = Batch {
        first_line,
        text: Vec::with_capacity(BATCH_LINES * 1024),
        ends: Vec::with_capacity(BATCH_LINES),
    };
    let limit = u64::try_from(LINE_LIMIT + 1).unwrap_or(u64::MAX);
    while batch.ends.len() < BATCH_LINES {
        let read = io::Read::take(&mut *input, limit).read_until(b'\n', &mut batch.text)?;
        if read == 0 {
            break;
        }
        if read > LINE_LIMIT && batch.text.last() != Some(&b'\n') {
            input.skip_until(b'\n')?;
        }
        batch.ends.push(batch.text.len());
    }
    Ok(batch)
}
