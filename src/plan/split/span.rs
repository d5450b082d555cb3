//! The months that something is said of at once: a month, a quarter or the year.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::period::Period;
use crate::said::{Said, said_errors, say};

/// A month `2014-03`, a quarter `2014-Q1`, or a year `2014`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Span {
    /// One month.
    Month(Period),
    /// Three months; quarters count from 1.
    Quarter {
        /// The calendar year.
        year: i32,
        /// 1 to 4.
        quarter: u8,
    },
    /// Twelve months.
    Year(i32),
}

/// A text that is no [`Span`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotASpan(String);

impl NotASpan {
    /// What is wrong.
    pub fn said(&self) -> Said {
        say!(
            "应为月份（如 2014-03）、季度（如 2014-Q1）或年份（如 2014），而不是“{}”",
            "expected a month such as 2014-03, a quarter such as 2014-Q1 or a year such as 2014, not '{}'",
            self.0
        )
    }
}

said_errors!(NotASpan);

impl Span {
    /// The calendar year.
    pub fn year(self) -> i32 {
        match self {
            Self::Month(period) => period.year(),
            Self::Quarter { year, .. } | Self::Year(year) => year,
        }
    }

    /// Its months, counted from 0.
    pub fn months(self) -> Range<usize> {
        match self {
            Self::Month(period) => period.index()..period.index() + 1,
            Self::Quarter { quarter, .. } => {
                let first = 3 * usize::from(quarter.saturating_sub(1));
                first..first + 3
            }
            Self::Year(_) => 0..12,
        }
    }
}

impl From<Period> for Span {
    fn from(period: Period) -> Self {
        Self::Month(period)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Month(period) => period.fmt(f),
            Self::Quarter { year, quarter } => write!(f, "{year:04}-Q{quarter}"),
            Self::Year(year) => write!(f, "{year:04}"),
        }
    }
}

impl FromStr for Span {
    type Err = NotASpan;

    fn from_str(text: &str) -> Result<Self, NotASpan> {
        let wrong = || NotASpan(text.chars().take(40).collect());
        if let Ok(period) = text.parse::<Period>() {
            return Ok(Self::Month(period));
        }
        let year = |part: &str| {
            let is_year = part.len() == 4 && part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse::<i32>().ok().filter(|_| is_year).ok_or_else(wrong)
        };
        match text.split_once("-Q") {
            None => Ok(Self::Year(year(text)?)),
            Some((before, quarter)) => match quarter {
                "1" | "2" | "3" | "4" => {
                    Ok(Self::Quarter { year: year(before)?, quarter: quarter.parse().map_err(|_| wrong())? })
                }
                _ => Err(wrong()),
            },
        }
    }
}

impl TryFrom<String> for Span {
    /// In both languages: what reads it carries nothing but a text.
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map_err(|error: NotASpan| error.said().joined())
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_month_a_quarter_or_a_year() {
        for (text, months) in
            [("2014-03", 2..3), ("2014-Q1", 0..3), ("2014-Q4", 9..12), ("2014", 0..12), ("2014-12", 11..12)]
        {
            let span: Span = text.parse().unwrap();
            assert_eq!((span.months(), span.year(), span.to_string().as_str()), (months, 2014, text));
        }
        for text in ["", "14", "2014-Q0", "2014-Q5", "2014-Q", "2014-13", "20140", "2014-q1", "二〇一四"]
        {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
