//! What can be said of a sheet without a database: what is wrong with it, and what is only odd. A lead may be captured on
//! the day after the visit, so what a funnel forbids in a month is odd on a day.

use std::collections::HashSet;

use chrono::NaiveDate;

use super::{NewDailySheet, SheetCounts, SheetLeads, SheetWarning};
use crate::http::{FieldError, Problem};
use crate::said::{Language, Said, say};

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
    let mut fault = |field: String, message: Said| faults.push(FieldError::new(field, message));
    let says_nothing =
        sheet.counts == SheetCounts::default() && sheet.leads.is_empty() && sheet.lost.is_none();
    if says_nothing {
        fault(
            "counts".to_owned(),
            say!("日报是空的：至少要填一个数", "the sheet is empty: expected at least one number"),
        );
    }
    if day > today {
        fault(
            "day".to_owned(),
            say!("应为 {today} 或以前：那一天还没有到", "expected {today} or earlier: the day has not begun"),
        );
    }
    let mut seen = HashSet::new();
    for (at, one) in sheet.leads.iter().enumerate() {
        if !known.channels.contains(&one.channel) {
            fault(
                format!("leads[{at}].channel"),
                say!("没有渠道“{}”", "there is no channel '{}'", one.channel),
            );
        }
        if !known.sources.contains(&one.source) {
            fault(
                format!("leads[{at}].source"),
                say!("没有线索来源“{}”", "there is no lead source '{}'", one.source),
            );
        }
        if !seen.insert((&one.channel, &one.source)) {
            fault(
                format!("leads[{at}]"),
                say!("同一渠道和来源列了两次", "this channel and source are listed twice"),
            );
        }
    }
    let lost = sheet.lost.as_deref().unwrap_or_default();
    let mut seen = HashSet::new();
    for (at, one) in lost.iter().enumerate() {
        if !known.reasons.contains(&one.reason) {
            fault(
                format!("lost[{at}].reason"),
                say!("没有战败原因“{}”", "there is no reason '{}'", one.reason),
            );
        }
        if !seen.insert(&one.reason) {
            fault(format!("lost[{at}]"), say!("同一战败原因列了两次", "this reason is listed twice"));
        }
    }
    for (field, sum) in [
        ("leads", sheet.leads.iter().map(|one| i64::from(one.leads)).sum::<i64>()),
        ("lost", lost.iter().map(|one| i64::from(one.prospects)).sum()),
    ] {
        if sum > MOST {
            fault(
                field.to_owned(),
                say!("合计最多 {MOST}，而不是 {sum}", "expected at most {MOST} together, not {sum}"),
            );
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

/// What is odd about a day's numbers, in the language of who hands them in.
pub(super) fn oddities(counts: &SheetCounts, leads: &[SheetLeads], language: Language) -> Vec<SheetWarning> {
    let captured =
        Said::fixed("留档多于首次到店，请核对", "more captured leads than first visits: please check");
    let drives = Said::fixed("试驾多于到店客户，请核对", "more test drives than visitors: please check");
    let orders = Said::fixed("订单多于留档，请核对", "more orders than captured leads: please check");
    let by_source = Said::fixed(
        "各来源合计多于日报总数，请核对",
        "more of all sources together than on the whole sheet: please check",
    );
    let of_sources =
        |step: fn(&SheetLeads) -> Option<i32>| leads.iter().filter_map(step).reduce(|a, b| a + b);
    let pairs = [
        ("counts.captured_leads", counts.captured_leads, counts.first_visits, &captured),
        ("counts.test_drives", counts.test_drives, counts.visitors, &drives),
        ("counts.orders", counts.orders, counts.captured_leads, &orders),
        ("leads.visitors", of_sources(|one| one.visitors), counts.visitors, &by_source),
        ("leads.test_drives", of_sources(|one| one.test_drives), counts.test_drives, &by_source),
        ("leads.orders", of_sources(|one| one.orders), counts.orders, &by_source),
        ("leads.deliveries", of_sources(|one| one.deliveries), counts.deliveries, &by_source),
    ];
    let is_odd =
        |part: Option<i32>, whole: Option<i32>| part.zip(whole).is_some_and(|(part, whole)| part > whole);
    let odd = pairs.into_iter().filter(|(_, part, whole, _)| is_odd(*part, *whole));
    odd.map(|(field, _, _, message)| SheetWarning {
        field: field.to_owned(),
        message: message.in_language(language).to_owned(),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
        serde_json::from_value(json!({"channel": channel, "source": source, "leads": leads})).unwrap()
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
        // Of the leads of both sources together two have ordered, and four have driven: more than the sheet has in all.
        let of = |orders: i32, test_drives: Option<i32>| SheetLeads {
            orders: Some(orders),
            test_drives,
            ..leads("showroom", "walk_in", 1)
        };
        let odd = oddities(&counts, &[of(1, Some(4)), of(1, None)], Language::Chinese);
        let odd = odd.iter().map(|one| one.field.as_str()).collect::<Vec<_>>();
        assert_eq!(odd, ["counts.captured_leads", "leads.test_drives"]);
    }
}
