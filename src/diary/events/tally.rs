//! What verified events come to: arithmetic alone.

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta};
use rust_decimal::Decimal;

use super::detail::{ComplaintSeverity, ItemResult, Liability, Particulars};
use super::kinds::{Discipline, EventKind, EventTally, FOLLOW_UP_HOURS, SLOW_AFTER_HOURS};

/// How many people have to verify an event before it counts.
pub fn needed(kind: EventKind, said: &Particulars) -> i16 {
    let is_strict = match (kind.rules().discipline, said) {
        (Discipline::Never, _) => false,
        (Discipline::Always, _) => true,
        (Discipline::MajorResponsible, Particulars::Complaint { severity, liability, .. }) => {
            *severity == ComplaintSeverity::Major && *liability == Liability::Responsible
        }
        (Discipline::MajorResponsible, _) => true,
    };
    if is_strict { 2 } else { 1 }
}

/// What one event gives, metric by metric. A complaint that the person is not responsible for gives nothing: 0 would
/// stand before what was delivered of others.
pub fn given(kind: EventKind, said: &Particulars) -> Vec<(&'static str, Decimal)> {
    let values: Vec<Decimal> = match said {
        Particulars::Times(count) => vec![Decimal::from(*count)],
        Particulars::Days(value) | Particulars::Points(value) => vec![*value],
        Particulars::Checklist(results) => {
            let repeated = count(results, |result| result == ItemResult::Repeated);
            let failed = count(results, |result| result != ItemResult::Ok);
            vec![Decimal::from(results.len()), failed, repeated]
        }
        Particulars::Complaint { liability: Liability::NotResponsible, .. } => Vec::new(),
        Particulars::Complaint { severity, liability: Liability::Responsible, response_hours } => {
            let is_slow = *response_hours > Decimal::from(SLOW_AFTER_HOURS);
            let of = |one: ComplaintSeverity| Decimal::from(u8::from(*severity == one));
            vec![
                of(ComplaintSeverity::Minor),
                of(ComplaintSeverity::Serious),
                of(ComplaintSeverity::Major),
                Decimal::from(u8::from(is_slow)),
            ]
        }
        Particulars::Refusal { refused_at, followed_up_at } => {
            let within = TimeDelta::hours(FOLLOW_UP_HOURS);
            let is_followed = followed_up_at.is_some_and(|at| at.signed_duration_since(refused_at) <= within);
            vec![Decimal::ONE, Decimal::from(u8::from(is_followed))]
        }
    };
    let rules = kind.rules();
    let is_complaint = matches!(said, Particulars::Complaint { .. });
    let given =
        rules.metrics.iter().copied().zip(values).filter(|(_, value)| !is_complaint || !value.is_zero());
    given
        .map(|(metric, value)| (metric, if rules.tally == EventTally::TakenOff { -value } else { value }))
        .collect()
}

fn count(results: &[ItemResult], which: impl Fn(ItemResult) -> bool) -> Decimal {
    Decimal::from(results.iter().filter(|result| which(**result)).count())
}

/// Points that one verified event gives towards a month's mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Who gave them.
    pub reporter: i64,
    /// The event's day.
    pub day: NaiveDate,
    /// The event.
    pub event: i64,
    /// The points.
    pub points: Decimal,
}

/// Decimals that a mean is cut to: as many as a score of the catalogue can have.
const PLACES: u32 = 18;

/// Raters that a rating needs before it counts.
const RATERS: usize = 2;

/// The month's value from the marks of its verified events; none while there are too few.
pub fn mean(tally: EventTally, marks: &[Mark]) -> Option<Decimal> {
    if tally != EventTally::MeanOfRaters {
        return mean_of(marks.iter().map(|mark| mark.points));
    }
    let mut latest = BTreeMap::<i64, Mark>::new();
    for mark in marks {
        let kept = latest.entry(mark.reporter).or_insert(*mark);
        if (kept.day, kept.event) < (mark.day, mark.event) {
            *kept = *mark;
        }
    }
    if latest.len() < RATERS {
        return None;
    }
    mean_of(latest.into_values().map(|mark| mark.points))
}

fn mean_of(points: impl Iterator<Item = Decimal>) -> Option<Decimal> {
    let (sum, count) = points.fold((Decimal::ZERO, 0_u32), |(sum, count), one| (sum + one, count + 1));
    let mean = sum.checked_div(Decimal::from(count))?;
    Some(mean.trunc_with_scale(PLACES).normalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diary::events::detail::{EventDetail, read};

    fn said(kind: EventKind, text: &str) -> Particulars {
        read(kind, &serde_json::from_str::<EventDetail>(text).unwrap()).unwrap()
    }

    fn shown(kind: EventKind, text: &str) -> String {
        let given = given(kind, &said(kind, text));
        given.iter().map(|(metric, value)| format!("{metric}={value}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn each_kind_gives_its_metrics() {
        for (kind, text, expected) in [
            (EventKind::Late, "{}", "late=1"),
            (EventKind::MissedPunch, r#"{"count": 2}"#, "missed_punches=2"),
            (EventKind::PunchCorrection, "{}", "missed_punches=-1"),
            (EventKind::Absence, r#"{"days": 1.5}"#, "absent_days=1.5"),
            (
                EventKind::Inspection,
                r#"{"items": [{"name": "a", "result": "ok"}, {"name": "b", "result": "failed"},
                    {"name": "c", "result": "repeated"}, {"name": "d", "result": "ok"}]}"#,
                "five_s_checks=4 five_s_failures=2 five_s_repeats=1",
            ),
            (EventKind::UniformCheck, r#"{"violations": 0}"#, "uniform_violations=0"),
            (
                EventKind::Complaint,
                r#"{"severity": "serious", "liability": "responsible", "response_hours": 24}"#,
                "complaints_serious=1",
            ),
            (
                EventKind::Complaint,
                r#"{"severity": "minor", "liability": "responsible", "response_hours": 24.01}"#,
                "complaints_minor=1 complaints_slow=1",
            ),
            (
                EventKind::Complaint,
                r#"{"severity": "major", "liability": "not_responsible", "response_hours": 99}"#,
                "",
            ),
            (
                EventKind::Refusal,
                r#"{"refused_at": "2015-01-01T00:00:00Z", "followed_up_at": "2015-01-04T00:00:00Z"}"#,
                "refused=1 second_follow_ups=1",
            ),
            (
                EventKind::Refusal,
                r#"{"refused_at": "2015-01-01T00:00:00Z", "followed_up_at": "2015-01-04T00:00:01Z"}"#,
                "refused=1 second_follow_ups=0",
            ),
        ] {
            assert_eq!(shown(kind, text), expected, "{text}");
        }
    }

    #[test]
    fn what_can_cap_a_grade_needs_two() {
        let complaint = |severity: &str, liability: &str| {
            let text =
                format!(r#"{{"severity": "{severity}", "liability": "{liability}", "response_hours": 1}}"#);
            needed(EventKind::Complaint, &said(EventKind::Complaint, &text))
        };
        assert_eq!(complaint("major", "responsible"), 2);
        assert_eq!(complaint("major", "not_responsible"), 1);
        assert_eq!(complaint("serious", "responsible"), 1);
        assert_eq!(needed(EventKind::Absence, &said(EventKind::Absence, r#"{"days": 0.5}"#)), 2);
        assert_eq!(needed(EventKind::Late, &Particulars::Times(1)), 1);
    }

    #[test]
    fn a_mean_is_exact_or_cut_and_a_rating_has_two_raters_or_none() {
        let mark = |reporter: i64, day: u32, event: i64, points: i64| Mark {
            reporter,
            day: NaiveDate::from_ymd_opt(2015, 1, day).unwrap(),
            event,
            points: points.into(),
        };
        let shown = |tally, marks: &[Mark]| mean(tally, marks).map(|mean| mean.to_string());
        assert_eq!(shown(EventTally::Mean, &[]), None);
        assert_eq!(shown(EventTally::Mean, &[mark(1, 1, 1, 90), mark(1, 2, 2, 85)]).unwrap(), "87.5");
        let thirds = [mark(1, 1, 1, 90), mark(1, 2, 2, 85), mark(1, 3, 3, 85)];
        assert_eq!(shown(EventTally::Mean, &thirds).unwrap(), "86.666666666666666666");
        // One rater twice is one rater; of a rater's ratings the latest day counts, and on one day the later event.
        assert_eq!(shown(EventTally::MeanOfRaters, &[mark(1, 1, 1, 5), mark(1, 2, 2, 4)]), None);
        let ratings = [mark(1, 9, 1, 5), mark(2, 3, 2, 4), mark(1, 8, 3, 1), mark(2, 3, 4, 2)];
        assert_eq!(shown(EventTally::MeanOfRaters, &ratings).unwrap(), "3.5");
        assert_eq!(shown(EventTally::MeanOfRaters, &[mark(1, 9, 1, 5), mark(2, 9, 2, 4)]).unwrap(), "4.5");
    }
}
