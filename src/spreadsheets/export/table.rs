//! What an export is made of: columns with Chinese headers, and cells that know what they are.

use std::borrow::Cow;

use chrono::{NaiveDate, NaiveDateTime};
use rust_decimal::Decimal;

use crate::http::Problem;
use crate::ledger::metric::Catalogue;
use crate::org::Position;

/// How a moment is written: the time at the dealerships.
pub const MOMENT: &str = "%Y-%m-%d %H:%M:%S";

/// One column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its header.
    pub header: Cow<'static, str>,
    /// What its cells are.
    pub kind: Kind,
}

impl Column {
    /// A column of a listing.
    pub const fn new(header: &'static str, kind: Kind) -> Self {
        Self { header: Cow::Borrowed(header), kind }
    }
}

/// What the cells of a column are, and how the text that the database gives for them is read.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Text, as it is.
    Text,
    /// An exact number.
    Number,
    /// A day, `2014-03-05`.
    Date,
    /// A moment in Chinese time, `2014-03-05 18:00:00`.
    Moment,
    /// `true` or `false`: 是, 否.
    YesNo,
    /// The name of a metric: its Chinese label.
    Metric,
    /// The name of a source: its Chinese label.
    Source,
    /// Positions, separated by commas: their Chinese labels.
    Positions,
    /// Words, and what finds their Chinese labels.
    Words(fn(&str) -> Option<&'static str>),
}

/// One cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportCell {
    /// Nothing.
    Blank,
    /// Text; whatever it says, it is no formula.
    Text(String),
    /// A number.
    Number(Decimal),
    /// A day.
    Date(NaiveDate),
    /// A moment, in Chinese time.
    Moment(NaiveDateTime),
}

impl Kind {
    /// Reads a cell from the database's text.
    ///
    /// # Errors
    ///
    /// A query that gives another kind of text than its column says, or a word that the program does not know.
    pub fn read(
        self,
        title: &str,
        text: Option<String>,
        catalogue: &Catalogue,
    ) -> Result<ExportCell, Problem> {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(ExportCell::Blank) };
        let wrong = || Problem::internal(&format!("{title}: '{text}' is not what an export's column holds"));
        Ok(match self {
            Self::Text => ExportCell::Text(text),
            Self::Number => ExportCell::Number(text.parse::<Decimal>().map_err(|_| wrong())?.normalize()),
            Self::Date => ExportCell::Date(text.parse().map_err(|_| wrong())?),
            Self::Moment => {
                ExportCell::Moment(NaiveDateTime::parse_from_str(&text, MOMENT).map_err(|_| wrong())?)
            }
            Self::YesNo => ExportCell::Text(if text == "true" { "是" } else { "否" }.to_owned()),
            Self::Metric => {
                let metric = catalogue.find(&text).and_then(|id| catalogue.get(id));
                ExportCell::Text(metric.map_or(text, |metric| metric.zh.clone()))
            }
            Self::Source => ExportCell::Text(catalogue.source_label(&text).to_owned()),
            Self::Positions => {
                let label = |name| Position::named(name).map(Position::label).ok_or_else(wrong);
                ExportCell::Text(text.split(',').map(label).collect::<Result<Vec<_>, _>>()?.join("、"))
            }
            Self::Words(label) => ExportCell::Text(label(&text).ok_or_else(wrong)?.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_read_as_their_column_says() {
        let catalogue = Catalogue::parse(include_str!("../../../rules/metrics.toml")).unwrap();
        let read = |kind: Kind, text: &str| kind.read("列", Some(text.to_owned()), &catalogue);
        assert_eq!(read(Kind::Number, "-12.50").unwrap(), ExportCell::Number(Decimal::new(-125, 1)));
        assert_eq!(read(Kind::Metric, "deliveries").unwrap(), ExportCell::Text("交车台数".to_owned()));
        assert_eq!(read(Kind::Metric, "gone").unwrap(), ExportCell::Text("gone".to_owned()));
        assert_eq!(read(Kind::Source, "dms").unwrap(), ExportCell::Text("销售系统（DMS）".to_owned()));
        assert_eq!(
            read(Kind::Positions, "sales_consultant,team_leader").unwrap(),
            ExportCell::Text("销售顾问、组长".to_owned())
        );
        assert_eq!(read(Kind::YesNo, "false").unwrap(), ExportCell::Text("否".to_owned()));
        assert_eq!(read(Kind::Text, "").unwrap(), ExportCell::Blank);
        assert!(read(Kind::Date, "2014-13-01").is_err());
        assert!(read(Kind::Words(|word| Position::named(word).map(Position::label)), "king").is_err());
        assert!(read(Kind::Positions, "sales_consultant,king").is_err());
    }
}
