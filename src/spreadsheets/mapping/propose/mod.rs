//! What the columns of a sheet probably are: from their headers, and from what stands under them.
//!
//! A proposal is never used by itself: somebody confirms it, and looks first at what it is not sure of.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use utoipa::ToSchema;

use super::{Blank, MappedColumn, Target, synonyms};
use crate::ledger::metric::{COMPUTED_SOURCE, Catalogue, Metric, TARGET_SUFFIX};
use crate::period::Period;
use crate::said::{Language, Said, say};
use crate::spreadsheets::import::day::day;
use crate::spreadsheets::import::form::{is_nothing, number};
use crate::spreadsheets::import::header::{
    EMPLOYEE_NO, Header, HeaderColumn, HeaderName, SEARCHED_ROWS, is_same_unit, name, normal,
};
use crate::spreadsheets::import::{Line, Value, unread};

/// From this confidence on, in percent, the program is sure.
const SURE: u8 = 90;

/// Below this it proposes to ignore the column.
const LEAST: u8 = 50;

/// Rows that are looked at: those in which the header is looked for, and as many below it.
pub(super) const MOST_ROWS: usize = 100;

/// Rows that are shown.
const SHOWN: usize = 5;

/// What the program proposes for a sheet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Proposal {
    /// The row of the header, as a spreadsheet numbers it.
    pub header_row: u32,
    /// The columns that have a header, from left to right.
    pub columns: Vec<ProposedColumn>,
    /// The first rows below the header, a text for each of the columns.
    pub samples: Vec<Vec<String>>,
    /// Whether the program is sure of every column, and there is one of employee numbers.
    pub is_sure: bool,
}

/// What a column probably is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProposedColumn {
    /// The column, as it would be saved.
    #[serde(flatten)]
    pub column: MappedColumn,
    /// How confident the program is, in percent.
    pub confidence: u8,
    /// Whether it is sure, so that nobody needs to check.
    pub is_sure: bool,
    /// Why, in the reader's language.
    pub because: String,
}

/// One thing that a column may be.
#[derive(Clone, Debug)]
struct Guess {
    to: Target,
    metric: Option<String>,
    confidence: u8,
    because: Said,
}

/// Proposes what the columns are, from the first rows of a sheet and the employee numbers that there are. `None`: there is
/// no header in them.
pub(super) fn propose(
    rows: &[Line],
    catalogue: &Catalogue,
    employee_nos: &HashSet<String>,
    period: Period,
    language: Language,
) -> Option<Proposal> {
    let at = header(rows, catalogue)?;
    let is_person = |cell: &Value| {
        let label = name(&cell.shown()).text;
        [EMPLOYEE_NO, synonyms::NAME].iter().any(|words| words.contains(&label.as_str()))
    };
    let head = Header::at(rows, at, period.month(), &is_person)?;
    let below: Vec<&Line> = rows.iter().filter(|row| row.row > head.last_row).collect();
    let columns = head.columns.iter().enumerate().filter(|(_, column)| !column.shown.is_empty());
    let headed: Vec<(usize, &HeaderColumn)> = columns.collect();
    let mut guesses: Vec<(usize, Guess)> = Vec::new();
    for (index, (column, header)) in headed.iter().enumerate() {
        let samples: Vec<&Value> =
            below.iter().map(|row| row.cell(*column)).filter(|value| !is_nothing(value)).collect();
        for name in &header.names {
            let found = people(name, &samples, employee_nos)
                .into_iter()
                .chain(places(name, &samples))
                .chain(catalogue.entries().filter_map(|(_, metric)| measured(name, &samples, metric)));
            guesses.extend(found.map(|guess| (index, guess)));
        }
    }
    let chosen = choose(guesses);
    let is_whole = chosen.values().any(|guess| guess.to == Target::EmployeeNo);
    let columns: Vec<ProposedColumn> = headed
        .iter()
        .enumerate()
        .map(|(index, (_, header))| proposed(&header.shown, chosen.get(&index), language))
        .collect();
    let shown = |row: &&Line| headed.iter().map(|(column, _)| row.cell(*column).shown()).collect();
    Some(Proposal {
        header_row: head.main.row,
        is_sure: is_whole && columns.iter().all(|column| column.is_sure),
        columns,
        samples: below.iter().take(SHOWN).map(shown).collect(),
    })
}

/// The row of the header: the one of which most is understood, else the first that has several texts and nothing else.
fn header(rows: &[Line], catalogue: &Catalogue) -> Option<usize> {
    let searched = || rows.iter().take_while(|row| row.row <= SEARCHED_ROWS).enumerate();
    let understood = |row: &Line| {
        let cells = row.cells.iter().filter(|cell| matches!(cell, Value::Text(_)));
        cells.filter(|cell| is_understood(&cell.shown(), catalogue)).count()
    };
    // Of rows of which as much is understood, the first.
    let scored = searched().map(|(at, row)| (understood(row), at)).filter(|(score, _)| *score > 0);
    let best = scored.min_by_key(|(score, at)| (std::cmp::Reverse(*score), *at)).map(|(_, at)| at);
    best.or_else(|| {
        let is_header = |row: &Line| {
            let is_word =
                |cell: &&Value| matches!(cell, Value::Text(text) if text.contains(char::is_alphabetic));
            let words = row.cells.iter().filter(is_word).count();
            words > 1 && row.cells.iter().filter(|cell| !cell.is_blank()).count() == words
        };
        searched().find(|(_, row)| is_header(row)).map(|(at, _)| at)
    })
}

fn is_understood(header: &str, catalogue: &Catalogue) -> bool {
    let label = name(header).text;
    let is_known = |words: &[&str]| words.contains(&label.as_str());
    is_known(EMPLOYEE_NO)
        || is_known(synonyms::NAME)
        || is_known(synonyms::DAY)
        || catalogue.listed().iter().any(|metric| is_exactly(&label, metric))
}

fn is_exactly(label: &str, metric: &Metric) -> bool {
    let own = [&metric.zh, &metric.en, &metric.name];
    own.into_iter().any(|word| normal(word) == label) || synonyms::of(&metric.name).any(|word| word == label)
}

/// Whether a column says who it is about.
fn people(header: &HeaderName, samples: &[&Value], employee_nos: &HashSet<String>) -> Vec<Guess> {
    let label = &header.text;
    let known = samples.iter().filter(|value| employee_nos.contains(value.shown().trim())).count();
    let is_named = EMPLOYEE_NO.contains(&label.as_str());
    let (confidence, because) = match (is_named, known) {
        (true, 1..) => (
            100,
            say!(
                "表头是工号，{known} 个值是在岗员工的工号",
                "the header says so, and {known} values are the numbers of people who are posted"
            ),
        ),
        (true, 0) if samples.is_empty() => (95, say!("表头是工号", "the header says so")),
        (true, 0) => (
            70,
            say!(
                "表头是工号，但没有一个值是在岗员工的工号",
                "the header says so, but no value is the number of somebody who is posted"
            ),
        ),
        (false, _) if known * 2 > samples.len() => (
            85,
            say!(
                "{} 个值中 {known} 个是在岗员工的工号",
                "of {} values {known} are the numbers of people who are posted",
                samples.len()
            ),
        ),
        (false, _) => (0, Said::same("")),
    };
    let no = Guess { to: Target::EmployeeNo, metric: None, confidence, because };
    let is_name = synonyms::NAME.contains(&label.as_str()) && known == 0;
    let because = say!("表头是姓名", "the header says so");
    let name = Guess { to: Target::Name, metric: None, confidence: if is_name { 95 } else { 0 }, because };
    vec![no, name]
}

/// Whether a column says which day, or which record, a row is about.
fn places(header: &HeaderName, samples: &[&Value]) -> Vec<Guess> {
    let label = &header.text;
    let days = samples.iter().filter(|value| day(value).is_some()).count();
    let are_days = !samples.is_empty() && days == samples.len();
    let is_named = synonyms::DAY.contains(&label.as_str());
    let confidence = match (is_named, are_days, label.contains("日期")) {
        (true, true, _) => 100,
        (false, true, true) => 80,
        (true, false, _) => 55,
        (false, true, false) => 60,
        _ => 0,
    };
    let because = say!("{} 个值中 {days} 个是日期", "of {} values {days} are days", samples.len());
    let day = Guess { to: Target::Day, metric: None, confidence, because };
    let different: HashSet<String> = samples.iter().map(|value| value.shown()).collect();
    let is_id = synonyms::EXTERNAL_ID.contains(&label.as_str());
    let (confidence, because) = match is_id {
        true if different.len() == samples.len() => {
            (95, say!("表头是编号，没有重复的值", "the header says so, and no value is there twice"))
        }
        true => (60, say!("表头是编号，但有重复的值", "the header says so, but some values are there twice")),
        false => (0, Said::same("")),
    };
    let id = Guess { to: Target::ExternalId, metric: None, confidence, because };
    vec![day, id]
}

/// How well a column fits a metric.
fn measured(header: &HeaderName, samples: &[&Value], metric: &Metric) -> Option<Guess> {
    if metric.source.as_deref() == Some(COMPUTED_SOURCE) {
        return None;
    }
    let (alike, because) = likeness(&header.text, metric)?;
    let guess = |confidence: u8, because: Said| {
        Some(Guess { to: Target::Metric, metric: Some(metric.name.clone()), confidence, because })
    };
    if let Some(unit) = header.unit.as_ref().filter(|unit| !is_same_unit(unit, &metric.unit)) {
        // Never proposed: what is measured otherwise would be wrong by a factor.
        let because = say!(
            "像“{}”，但单位是{unit}而不是{}",
            "like '{}', but in {unit} and not in {}",
            metric.zh,
            metric.unit
        );
        return guess(1, because);
    }
    let wrong = samples.iter().filter(|value| number(value, metric).is_none()).count();
    match wrong {
        0 => guess(alike, because),
        wrong if wrong == samples.len() => {
            guess(1, and(&because, &say!("但没有一个值可用", "but no value can be one")))
        }
        wrong => {
            let but = say!(
                "但 {} 个值中 {wrong} 个不可用",
                "but of {} values {wrong} cannot be one",
                samples.len()
            );
            guess(alike.saturating_sub(40), and(&because, &but))
        }
    }
}

/// One reason, and another.
fn and(one: &Said, other: &Said) -> Said {
    let zh = [one, other].map(|said| said.in_language(Language::Chinese));
    Said::both(zh.join("，"), format!("{one}, {other}"))
}

/// How much a header is like what a metric is called, in percent, and why.
fn likeness(label: &str, metric: &Metric) -> Option<(u8, Said)> {
    let zh = &metric.zh;
    if [zh, &metric.en, &metric.name].into_iter().any(|word| normal(word) == label) {
        return Some((100, say!("表头就是“{zh}”", "the header is '{zh}'")));
    }
    if synonyms::of(&metric.name).any(|word| word == label) {
        return Some((95, say!("表头是“{zh}”的另一种叫法", "the header is another word for '{zh}'")));
    }
    // A target is only meant where the header says so.
    if metric.name.ends_with(TARGET_SUFFIX) && !label.contains("目标") && !label.contains("target") {
        return None;
    }
    let words = std::iter::once(normal(zh)).chain(synonyms::of(&metric.name).map(str::to_owned));
    words
        .filter_map(|word| unread::likeness(label, &word))
        .max()
        .map(|alike| (alike, say!("表头像“{zh}”", "the header is like '{zh}'")))
}

/// Gives each column the best of its guesses; what a sheet can have once goes to the column that fits best.
fn choose(mut guesses: Vec<(usize, Guess)>) -> HashMap<usize, Guess> {
    guesses.sort_by_key(|(column, guess)| (std::cmp::Reverse(guess.confidence), *column));
    let mut chosen: HashMap<usize, Guess> = HashMap::new();
    let mut taken = HashSet::new();
    for (column, guess) in guesses {
        if guess.confidence == 0 || chosen.contains_key(&column) {
            continue;
        }
        if guess.confidence < LEAST || taken.insert((guess.to, guess.metric.clone())) {
            chosen.insert(column, guess);
        } else if guess.confidence >= SURE {
            // Another column says the same: somebody should look which of them is right.
            let because = and(&guess.because, &say!("但另一列更像", "but another column is more like it"));
            chosen.insert(column, Guess { to: Target::Ignore, metric: None, confidence: LEAST, because });
        }
    }
    chosen
}

fn proposed(header: &str, guess: Option<&Guess>, language: Language) -> ProposedColumn {
    let (to, metric, confidence, because) = match guess {
        Some(guess) if guess.confidence >= LEAST => {
            (guess.to, guess.metric.clone(), guess.confidence, guess.because.clone())
        }
        // Something speaks for a metric, but more against it: somebody should look.
        Some(guess) => (Target::Ignore, None, 100 - guess.confidence.max(LEAST), guess.because.clone()),
        None => (Target::Ignore, None, SURE, say!("不像目录中的任何指标", "like no metric of the catalogue")),
    };
    ProposedColumn {
        column: MappedColumn { header: header.to_owned(), to, metric, blank: Blank::Missing },
        confidence,
        is_sure: confidence >= SURE,
        because: because.in_language(language).to_owned(),
    }
}

#[cfg(test)]
mod tests;
