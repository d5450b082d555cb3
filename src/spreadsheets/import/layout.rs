//! Where the columns of a form are in a file.

use std::borrow::Cow;
use std::sync::Arc;

use super::form::{Form, Keep, Need, Source};
use super::header::{EMPLOYEE_NO, Header, NAME, Place, Twins};
use super::number::Measure;
use super::{ImportError, TableHeader};

/// Where the columns of a form are in a file.
pub(super) struct Layout<'a> {
    pub header: Header,
    pub employee_no: usize,
    pub name: Option<usize>,
    pub columns: Vec<(usize, &'a Source)>,
    /// Each metric with the headers of its columns.
    pub metrics: Vec<(&'static str, Arc<str>)>,
    /// Columns of leave that is not known, with its name.
    pub unknown_leave: Vec<(usize, String)>,
    notes: Vec<String>,
}

impl<'a> Layout<'a> {
    pub fn new(form: &'a Form, header: Header) -> Result<Self, ImportError> {
        let borrowed =
            |names: &[&'static str]| names.iter().map(|name| Cow::Borrowed(*name)).collect::<Vec<_>>();
        let Place::At(employee_no) = header.column(&borrowed(EMPLOYEE_NO), None, Twins::Ranked)? else {
            return Err(ImportError::NoHeader);
        };
        let name = match header.column(&borrowed(NAME), None, Twins::Passed)? {
            Place::At(at) => Some(at),
            Place::InAnotherUnit(_) | Place::Nowhere => None,
        };
        let mut layout = Self {
            header,
            employee_no,
            name,
            columns: Vec::new(),
            metrics: Vec::new(),
            unknown_leave: Vec::new(),
            notes: Vec::new(),
        };
        let mut missing = Vec::new();
        for source in &form.sources {
            missing.extend(layout.find(source)?);
        }
        if !missing.is_empty() {
            return Err(ImportError::MissingColumns(missing));
        }
        for note in &form.notes {
            if !note.without.iter().any(|usual| layout.has(usual)) {
                layout.notes.push(note.says.to_owned());
            }
        }
        if form.watches_leave {
            layout.unknown_leave = layout.leave_columns(form);
        }
        Ok(layout)
    }

    /// Finds one column; what is to be said where it has to be there and is not.
    fn find(&mut self, source: &'a Source) -> Result<Option<String>, ImportError> {
        let usual = source.usual();
        let is_spare = match source.need {
            Need::Without(other) => self.has(other),
            Need::Spare(others) => others.iter().any(|other| self.has(other)),
            Need::Required | Need::Optional => false,
        };
        if is_spare {
            return Ok(None);
        }
        let twins = if source.keep == Keep::ToCheck { Twins::Passed } else { Twins::Refused };
        let at = match self.header.column(&source.headers, Some(source.measure), twins)? {
            // A name may do for two measures: 旷工(天) are days and 旷工(次) are counted.
            Place::At(at) if self.columns.iter().any(|(taken, _)| *taken == at) => return Ok(None),
            Place::At(at) => at,
            Place::InAnotherUnit(at) if source.measure == Measure::Hours => {
                let column = self.header.shown(at);
                self.notes.push(format!("“{column}”列不是以小时为单位，未读取"));
                return Ok(None);
            }
            Place::InAnotherUnit(at) if self.is_read_otherwise(source, at) => return Ok(None),
            Place::InAnotherUnit(at) => {
                return Err(ImportError::WrongUnit {
                    column: self.header.shown(at).to_owned(),
                    expected: source.measure.unit(),
                });
            }
            Place::Nowhere => {
                return Ok(match source.need {
                    Need::Required => Some(usual.to_owned()),
                    Need::Without(other) => Some(format!("{other}（或{usual}）")),
                    Need::Optional | Need::Spare(_) => None,
                });
            }
        };
        self.columns.push((at, source));
        self.notes.extend(source.note.map(str::to_owned));
        if let Some(metric) = source.keep.metric() {
            let column = self.header.shown(at);
            match self.metrics.iter_mut().find(|(known, _)| *known == metric) {
                Some((_, shown)) => *shown = format!("{shown}+{column}").into(),
                None => self.metrics.push((metric, column.into())),
            }
        }
        Ok(None)
    }

    /// Whether a column in the wrong unit for `source` is in the right one for another source of the same metric.
    fn is_read_otherwise(&self, source: &Source, at: usize) -> bool {
        const COUNTED_OR_MEASURED: [Measure; 2] = [Measure::Count, Measure::Days];
        let unit = self.header.columns.get(at).and_then(|column| column.unit());
        source.keep == Keep::As("absent_days")
            && COUNTED_OR_MEASURED
                .iter()
                .any(|measure| unit.is_some_and(|unit| measure.units().contains(&unit)))
    }

    /// Whether a column with this usual header is read.
    fn has(&self, usual: &str) -> bool {
        self.columns.iter().any(|(_, source)| source.usual() == usual)
    }

    fn leave_columns(&self, form: &Form) -> Vec<(usize, String)> {
        let is_read = |at: usize| {
            at == self.employee_no
                || Some(at) == self.name
                || self.columns.iter().any(|(read, _)| *read == at)
        };
        let columns = self.header.columns.iter().enumerate();
        columns
            .filter(|(at, _)| !is_read(*at))
            .filter(|(_, column)| !form.sources.iter().any(|source| column.is_called(&source.headers)))
            .filter_map(|(at, column)| Some((at, column.leave()?.to_owned())))
            .collect()
    }

    /// A column's header as the file writes it.
    pub fn shown(&self, column: usize) -> &str {
        self.header.shown(column)
    }

    /// From the first column to the last that has a header.
    pub fn width(&self) -> usize {
        self.header.columns.iter().rposition(|column| !column.shown.is_empty()).map_or(0, |last| last + 1)
    }

    /// What is said of it to whoever takes the rows.
    pub fn described(&self) -> TableHeader {
        TableHeader {
            employee_no: self.shown(self.employee_no).to_owned(),
            name: self.name.map(|at| self.shown(at).to_owned()),
            notes: self.notes.clone(),
        }
    }
}
