//! From which day something holds, and up to which.

use chrono::{Datelike, NaiveDate};

use crate::http::FieldError;
use crate::http::body::refused;
use crate::said::Language::{Chinese, English};
use crate::said::{Said, say};

/// A half-open range of days: `to` is the first day on which it no longer holds; none while no end is known.
///
/// Ends are exclusive in the API too, so that the end of one posting is the begin of the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// First day.
    pub from: NaiveDate,
    /// The day after the last one.
    pub to: Option<NaiveDate>,
}

impl Validity {
    /// Whether it holds on `day`.
    pub fn covers(self, day: NaiveDate) -> bool {
        self.from <= day && self.to.is_none_or(|to| day < to)
    }

    /// What is wrong with `inner` when it may hold only while `self`, the validity of `what`, does.
    pub fn excess(self, inner: Self, what: &Said) -> Option<FieldError> {
        let fault = |field: &str, message| Some(FieldError::new(field, message));
        let (zh, en, from) = (what.in_language(Chinese), what.in_language(English), self.from);
        if inner.from < from {
            return fault("valid_from", say!("{zh}从 {from} 才开始", "{en} begins only on {from}"));
        }
        match self.to {
            Some(end) if inner.from >= end => {
                fault("valid_from", say!("{zh}已于 {end} 结束", "{en} ended on {end}"))
            }
            Some(end) if inner.to.is_none_or(|to| to > end) => {
                let said =
                    say!("{zh}于 {end} 结束：不能晚于这一天", "{en} ends on {end}: expected a day no later");
                fault("valid_to", said)
            }
            _ => None,
        }
    }
}

/// Refuses days outside 1900 to 2999, which are typing errors.
pub(super) fn sane_day(day: &NaiveDate, _: &()) -> garde::Result {
    match (1900..3000).contains(&day.year()) {
        true => Ok(()),
        false => Err(refused(&say!(
            "日期应在 1900-01-01 到 2999-12-31 之间",
            "expected a day from 1900-01-01 to 2999-12-31"
        ))),
    }
}

/// Refuses an end that is not after `from`, or not sane.
pub(super) fn end_after(from: NaiveDate) -> impl FnOnce(&Option<NaiveDate>, &()) -> garde::Result {
    move |to, context| match to {
        Some(to) if *to <= from => Err(refused(&AFTER_BEGIN)),
        Some(to) => sane_day(to, context),
        None => Ok(()),
    }
}

/// What an end is expected to be.
pub(super) const AFTER_BEGIN: Said = Said::fixed(
    "应晚于 valid_from：这是不再有效的第一天",
    "expected a day after valid_from: it is the first day no longer valid",
);

/// What a posting or a leadership hangs on.
pub(super) const UNIT: Said = Said::fixed("这个单位", "the unit");
/// What a unit hangs on.
pub(super) const PARENT: Said = Said::fixed("上级单位", "the parent");

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn days(from: &str, to: Option<&str>) -> Validity {
        Validity { from: day(from), to: to.map(day) }
    }

    #[test]
    fn the_end_is_the_first_day_outside() {
        let march = days("2014-03-01", Some("2014-04-01"));
        assert!(!march.covers(day("2014-02-28")));
        assert!(march.covers(day("2014-03-01")));
        assert!(march.covers(day("2014-03-31")));
        assert!(!march.covers(day("2014-04-01")));
        assert!(days("2014-03-01", None).covers(day("2999-12-31")));
    }

    #[test]
    fn nothing_holds_longer_than_what_it_hangs_on() {
        let year = days("2014-01-01", Some("2015-01-01"));
        let field = |inner| year.excess(inner, &UNIT).map(|fault| fault.field);
        assert_eq!(field(days("2014-01-01", Some("2015-01-01"))), None);
        assert_eq!(field(days("2013-12-31", Some("2014-02-01"))).as_deref(), Some("valid_from"));
        assert_eq!(field(days("2015-01-01", None)).as_deref(), Some("valid_from"));
        assert_eq!(field(days("2014-05-01", Some("2015-01-02"))).as_deref(), Some("valid_to"));
        assert_eq!(field(days("2014-05-01", None)).as_deref(), Some("valid_to"));
        let open = days("2014-01-01", None);
        assert_eq!(open.excess(days("2014-05-01", None), &UNIT), None);
    }
}
