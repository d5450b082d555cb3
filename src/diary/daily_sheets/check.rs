//! What can be said of a sheet without a database: what is wrong with it, and what is only odd. A lead may be captured on
//! the day after the visit, so what a funnel forbids in a month is odd on a day.

use std::collections::HashSet;

use chrono::NaiveDate;

use super::{NewDailySheet, SheetCounts, SheetWarning};
use crate::http::{FieldError, Problem};

/// The most that somebody can have of anything on a day, all reasons or sources together.
const MOST: i64 = 999;

/// Names everything that is wrong with a sheet of `day`, handed in on `today`; `channels`, `sources` and `reasons` are the
/// codes there are.
pub(super) fn faults(
    sheet: &NewDailySheet,
    day: NaiveDate,
    today: NaiveDate,
    known: &KnownCodes,
) -> Result<(), Problem> {
    let mut faults = Vec::new();
    let mut fault = |field: String, message: String| faults.push(FieldError::new(field, message));
    let says_nothing =
        sheet.counts == SheetCounts::default() && sheet.leads.is_empty() && sheet.lost.is_none();
    if says_nothing {
        fault("counts".to_owned(), "the sheet is empty: expected at least one number".to_owned());
    }
    if day > today {
        fault("day".to_owned(), format!("expected {today} or earlier: the day has not begun"));
    }
    let mut seen = HashSet::new();
    for (at, one) in sheet.leads.iter().enumerate() {
        if !known.channels.contains(&one.channel) {
            fault(format!("leads[{at}].channel"), format!("there is no channel '{}'", one.channel));
        }
        if !known.sources.contains(&one.source) {
            fault(format!("leads[{at}].source"), format!("there is no lead source '{}'", one.source));
        }
        if !seen.insert((&one.channel, &one.source)) {
            fault(format!("leads[{at}]"), "this channel and source are listed twice".to_owned());
        }
    }
    let lost = sheet.lost.as_deref().unwrap_or_default();
    let mut seen = HashSet::new();
    for (at, one) in lost.iter().enumerate() {
        if !known.reasons.contains(&one.reason) {
            fault(format!("lost[{at}].reason"), format!("there is no reason '{}'", one.reason));
        }
        if !seen.insert(&one.reason) {
            fault(format!("lost[{at}]"), "this reason is listed twice".to_owned());
        }
    }
    for (field, sum) in [
        ("leads", sheet.leads.iter().map(|one| i64::from(one.leads)).sum::<i64>()),
        ("lost", lost.iter().map(|one| i64::from(one.prospects)).sum()),
    ] {
        if sum > MOST {
            fault(field.to_owned(), format!("expected at most {MOST} together, not {sum}"));
        }
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Problem::fields(faults)),
    }
}

/// The codes that a sheet can name.
#[derive(Debug, Default)]
pub(super) struct KnownCodes {
    pub channels: HashSet<String>,
    pub sources: HashSet<String>,
    pub reasons: HashSet<String>,
}

/// What is odd about a day's numbers, in the words of the showroom.
pub(super) fn oddities(counts: &SheetCounts) -> Vec<SheetWarning> {
    let pairs = [
        ("captured_leads", counts.captured_leads, counts.first_visits, "留档多于首次到店，请核对"),
        ("test_drives", counts.test_drives, counts.visitors, "试驾多于到店客户，请核对"),
        ("orders", counts.orders, counts.captured_leads, "订单多于留档，请核对"),
    ];
    let is_odd =
        |part: Option<i32>, whole: Option<i32>| part.zip(whole).is_some_and(|(part, whole)| part > whole);
    let odd = pairs.into_iter().filter(|(_, part, whole, _)| is_odd(*part, *whole));
    odd.map(|(field, _, _, message)| SheetWarning {
        field: format!("counts.{field}"),
        message: message.to_owned(),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diary::daily_sheets::{SheetLeads, SheetLoss};

    fn known() -> KnownCodes {
        let set = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect();
        KnownCodes {
            channels: set(&["showroom"]),
            sources: set(&["walk_in", "referral"]),
            reasons: set(&["price"]),
        }
    }

    fn fields(sheet: &NewDailySheet, day: &str) -> Vec<String> {
        match faults(sheet, day.parse().unwrap(), "2014-03-05".parse().unwrap(), &known()) {
            Ok(()) => Vec::new(),
            Err(problem) => problem.errors.into_iter().map(|error| error.field).collect(),
        }
    }

    fn leads(channel: &str, source: &str, leads: i32) -> SheetLeads {
        SheetLeads { channel: channel.to_owned(), source: source.to_owned(), leads }
    }

    #[test]
    fn every_fault_is_named() {
        let nothing = NewDailySheet::default();
        assert_eq!(fields(&nothing, "2014-03-06"), ["counts", "day"]);
        let good = NewDailySheet {
            leads: vec![leads("showroom", "walk_in", 500), leads("showroom", "referral", 499)],
            lost: Some(Vec::new()),
            ..NewDailySheet::default()
        };
        assert_eq!(fields(&good, "2014-03-05"), [""; 0]);
        let reason = |reason: &str| SheetLoss { reason: reason.to_owned(), prospects: 600 };
        let bad = NewDailySheet {
            leads: vec![
                leads("web", "walk_in", 999),
                leads("showroom", "radio", 1),
                leads("web", "walk_in", 0),
            ],
            lost: Some(vec![reason("price"), reason("price"), reason("weather")]),
            ..NewDailySheet::default()
        };
        assert_eq!(
            fields(&bad, "2014-03-05"),
            [
                "leads[0].channel",
                "leads[1].source",
                "leads[2].channel",
                "leads[2]",
                "lost[1]",
                "lost[2].reason",
                "leads",
                "lost",
            ]
        );
    }

    #[test]
    fn what_is_odd_on_a_day_is_said_and_taken() {
        let counts = SheetCounts {
            first_visits: Some(2),
            captured_leads: Some(3),
            test_drives: Some(1),
            orders: Some(3),
            ..SheetCounts::default()
        };
        // More orders than captured leads would be odd; as many are not, and of visitors nothing is said.
        let odd = oddities(&counts);
        assert_eq!(odd.iter().map(|one| one.field.as_str()).collect::<Vec<_>>(), ["counts.captured_leads"]);
    }
}
