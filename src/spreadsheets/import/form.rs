//! Forms: which columns a kind of file has, and what becomes of them.

use std::borrow::Cow;

use super::number::Measure;
use super::sheet::Reading;

/// What a kind of file looks like and how its rows are read.
pub(super) struct Form {
    /// The columns to look for; one that is only wanted where another is not there stands behind that one.
    pub sources: Vec<Source>,
    /// What whoever imports should know where none of these columns is there.
    pub notes: Vec<Note>,
    /// Looks at a row's values together: adds those that follow from several, and faults where they contradict.
    pub finish: fn(&mut Reading<'_>),
    /// Whether columns of leave that nothing is known about are watched for values.
    pub watches_leave: bool,
}

/// What is said about columns that are not there.
pub(super) struct Note {
    /// Usual headers.
    pub without: &'static [&'static str],
    /// In Chinese.
    pub says: &'static str,
}

/// A column to look for.
pub(super) struct Source {
    /// Its headers without unit, in half-width characters without spaces; the usual one first.
    pub headers: Vec<Cow<'static, str>>,
    pub measure: Measure,
    pub keep: Keep,
    pub need: Need,
    pub blank: Blank,
    /// What whoever imports should know where it is read, in Chinese.
    pub note: Option<&'static str>,
}

impl Source {
    /// A column of which nothing is asked but its unit.
    pub fn optional(metric: &'static str, measure: Measure, headers: &[&'static str]) -> Self {
        Self {
            headers: headers.iter().map(|header| Cow::Borrowed(*header)).collect(),
            measure,
            keep: Keep::As(metric),
            need: Need::Optional,
            blank: Blank::Missing,
            note: None,
        }
    }

    /// A column in which an empty cell is zero.
    pub fn tally(metric: &'static str, measure: Measure, need: Need, headers: &[&'static str]) -> Self {
        Self { need, blank: Blank::Zero, ..Self::optional(metric, measure, headers) }
    }

    /// The usual header.
    pub fn usual(&self) -> &str {
        self.headers.first().map_or("", |header| header)
    }
}

/// What becomes of a value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// It is a value of the metric; several columns of one metric are added up.
    As(&'static str),
    /// [`Form::finish`] looks at it.
    ToCheck,
}

impl Keep {
    pub fn metric(self) -> Option<&'static str> {
        match self {
            Self::As(metric) => Some(metric),
            Self::ToCheck => None,
        }
    }
}

/// Whether the column must be there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Required,
    Optional,
    /// Required, and read, only where the column with this usual header is not there.
    Without(&'static str),
    /// Read only where none of the columns with these usual headers is there.
    Spare(&'static [&'static str]),
}

/// What an empty cell means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Blank {
    Zero,
    Missing,
    Fault,
}
