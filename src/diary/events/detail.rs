//! What is said of an event: read, and everything that is wrong with it. Pure.

use std::collections::HashSet;

use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Utc};
use garde::Validate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Number;
use utoipa::ToSchema;

use super::kinds::{EventKind, EventShape, FOLLOW_UP_HOURS};
use crate::clock;
use crate::decimal;
use crate::http::FieldError;
use crate::period::Period;
use crate::said::{Said, say};

/// The result of an item of a checklist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemResult {
    /// 合格
    Ok,
    /// 不合格
    Failed,
    /// 重复不合格: failed, and had failed before
    Repeated,
}

/// An item of a checklist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChecklistItem {
    /// What was looked at.
    #[garde(length(chars, min = 1, max = 100))]
    #[schema(example = "展车清洁", min_length = 1, max_length = 100)]
    pub name: String,
    /// What was found.
    #[garde(skip)]
    pub result: ItemResult,
}

/// How bad a complaint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ComplaintSeverity {
    /// 一般
    Minor,
    /// 严重
    Serious,
    /// 重大
    Major,
}

/// Whether the person is responsible for a complaint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Liability {
    /// 有责
    Responsible,
    /// 无责
    NotResponsible,
}

/// A kind of breach of integrity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Breach {
    /// 飞单
    OffBookSale,
    /// 虚假留档
    FalseRecord,
    /// 其他
    Other,
}

/// The particulars of an event: the fields that its kind needs (`detail` in `GET /v1/event-kinds`), and no others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EventDetail {
    /// How many times; 1 if left out.
    #[garde(inner(range(min = 1, max = 1000)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1000)]
    pub count: Option<u32>,
    /// How many violations were found.
    #[garde(inner(range(max = 1000)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 1000)]
    pub violations: Option<u32>,
    /// How many days from the event's day on, in halves.
    #[garde(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, example = 0.5, minimum = 0.5, maximum = 31)]
    pub days: Option<Number>,
    /// Every item of the checklist with what was found.
    #[garde(custom(of_a_size), dive)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, max_items = 200)]
    pub items: Option<Vec<ChecklistItem>>,
    /// How bad a complaint is.
    #[garde(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<ComplaintSeverity>,
    /// Whether the person is responsible for it.
    #[garde(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub liability: Option<Liability>,
    /// Hours until the customer was answered; more than 24 is slow.
    #[garde(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, example = 3.5, minimum = 0, maximum = 10000)]
    pub response_hours: Option<Number>,
    /// Which breach of integrity it was.
    #[garde(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breach: Option<Breach>,
    /// Points of an exam, 0 to 100.
    #[garde(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, example = 92, minimum = 0, maximum = 100)]
    pub score: Option<Number>,
    /// 1 to 5, by the anchors in `GET /v1/event-kinds`.
    #[garde(inner(range(min = 1, max = 5)))]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 5)]
    pub rating: Option<u8>,
    /// When the customer refused.
    #[garde(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused_at: Option<DateTime<Utc>>,
    /// When the customer was followed up.
    #[garde(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub followed_up_at: Option<DateTime<Utc>>,
}

fn of_a_size(items: &Option<Vec<ChecklistItem>>, (): &()) -> garde::Result {
    match items {
        Some(items) if !(1..=200).contains(&items.len()) => {
            Err(crate::http::body::refused(&say!("应为 1 到 200 项", "expected 1 to 200 items")))
        }
        _ => Ok(()),
    }
}

/// What an event comes to, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Particulars {
    /// So many times.
    Times(u32),
    /// So many days.
    Days(Decimal),
    /// A checklist's results.
    Checklist(Vec<ItemResult>),
    /// A complaint.
    Complaint {
        /// How bad it is.
        severity: ComplaintSeverity,
        /// Whether the person is responsible.
        liability: Liability,
        /// Until the customer was answered.
        response_hours: Decimal,
    },
    /// Points or a rating.
    Points(Decimal),
    /// A refusal.
    Refusal {
        /// When the customer refused.
        refused_at: DateTime<Utc>,
        /// When the customer was followed up.
        followed_up_at: Option<DateTime<Utc>>,
    },
}

fn error(field: &str, message: Said) -> FieldError {
    FieldError::new(format!("detail.{field}"), message)
}

/// Reads what is said of an event of `kind`.
///
/// # Errors
///
/// Every field that is missing, out of range or of another kind.
pub fn read(kind: EventKind, detail: &EventDetail) -> Result<Particulars, Vec<FieldError>> {
    let shape = kind.rules().shape;
    let mut errors = foreign(shape, detail);
    let read = match shape {
        EventShape::Times => Ok(Particulars::Times(detail.count.unwrap_or(1))),
        EventShape::Violations => match detail.violations {
            Some(count) => Ok(Particulars::Times(count)),
            None => Err(vec![error(
                "violations",
                say!("应为发现的次数，没有的填 0", "expected how many were found, 0 where there were none"),
            )]),
        },
        EventShape::Breach => match detail.breach {
            Some(_) => Ok(Particulars::Times(1)),
            None => Err(vec![error(
                "breach",
                say!(
                    "应为 off_book_sale（飞单）、false_record（虚假留档）或 other（其他）",
                    "expected off_book_sale, false_record or other"
                ),
            )]),
        },
        EventShape::Days => days(detail.days.as_ref()).map(Particulars::Days).map_err(|error| vec![error]),
        EventShape::Checklist => checklist(detail.items.as_deref()),
        EventShape::Complaint => complaint(detail),
        EventShape::Exam => {
            let score = detail.score.as_ref().and_then(|score| decimal::parse(score.as_str()));
            match score.filter(|score| *score >= Decimal::ZERO && *score <= Decimal::ONE_HUNDRED) {
                Some(score) if score.scale() <= 2 => Ok(Particulars::Points(score)),
                _ => Err(vec![error(
                    "score",
                    say!("应为 0 到 100，最多两位小数", "expected 0 to 100, with at most two decimals"),
                )]),
            }
        }
        EventShape::Rating => match detail.rating {
            Some(rating) => Ok(Particulars::Points(rating.into())),
            None => Err(vec![error("rating", say!("应为 1 到 5", "expected 1 to 5"))]),
        },
        EventShape::Refusal => match detail.refused_at {
            Some(refused_at) => {
                Ok(Particulars::Refusal { refused_at, followed_up_at: detail.followed_up_at })
            }
            None => Err(vec![error(
                "refused_at",
                say!("应为客户战败的时刻", "expected when the customer refused"),
            )]),
        },
    };
    match read {
        Ok(particulars) if errors.is_empty() => Ok(particulars),
        Ok(_) => Err(errors),
        Err(more) => {
            errors.extend(more);
            Err(errors)
        }
    }
}

/// The fields that have nothing to do with a shape.
fn foreign(shape: EventShape, detail: &EventDetail) -> Vec<FieldError> {
    let given = [
        ("count", detail.count.is_some(), EventShape::Times),
        ("violations", detail.violations.is_some(), EventShape::Violations),
        ("days", detail.days.is_some(), EventShape::Days),
        ("items", detail.items.is_some(), EventShape::Checklist),
        ("severity", detail.severity.is_some(), EventShape::Complaint),
        ("liability", detail.liability.is_some(), EventShape::Complaint),
        ("response_hours", detail.response_hours.is_some(), EventShape::Complaint),
        ("breach", detail.breach.is_some(), EventShape::Breach),
        ("score", detail.score.is_some(), EventShape::Exam),
        ("rating", detail.rating.is_some(), EventShape::Rating),
        ("refused_at", detail.refused_at.is_some(), EventShape::Refusal),
        ("followed_up_at", detail.followed_up_at.is_some(), EventShape::Refusal),
    ];
    let foreign = given.into_iter().filter(|(_, is_given, of)| *is_given && *of != shape);
    foreign
        .map(|(name, ..)| error(name, say!("这类事件没有这个字段", "events of this kind have no such field")))
        .collect()
}

fn days(days: Option<&Number>) -> Result<Decimal, FieldError> {
    let days = days.and_then(|days| decimal::parse(days.as_str()));
    days.filter(|days| {
        *days > Decimal::ZERO && *days <= Decimal::from(31) && (*days * Decimal::TWO).fract().is_zero()
    })
    .ok_or_else(|| error("days", say!("应为 0.5 到 31 天，以半天计", "expected days in halves, 0.5 to 31")))
}

fn checklist(items: Option<&[ChecklistItem]>) -> Result<Particulars, Vec<FieldError>> {
    let Some(items) = items else {
        let message =
            say!("应列出检查的每一项及结果", "expected every item that was checked, with its result");
        return Err(vec![error("items", message)]);
    };
    let mut seen = HashSet::new();
    let twice = items.iter().enumerate().filter(|(_, item)| !seen.insert(item.name.trim()));
    let errors: Vec<_> = twice
        .map(|(at, item)| {
            let message = say!("“{}”列了两次", "'{}' is listed twice", item.name);
            error(&format!("items[{at}].name"), message)
        })
        .collect();
    match errors.is_empty() {
        true => Ok(Particulars::Checklist(items.iter().map(|item| item.result).collect())),
        false => Err(errors),
    }
}

fn complaint(detail: &EventDetail) -> Result<Particulars, Vec<FieldError>> {
    let hours = detail.response_hours.as_ref().and_then(|hours| decimal::parse(hours.as_str()));
    let hours = hours
        .filter(|hours| *hours >= Decimal::ZERO && *hours <= Decimal::from(10_000) && hours.scale() <= 2);
    match (detail.severity, detail.liability, hours) {
        (Some(severity), Some(liability), Some(response_hours)) => {
            Ok(Particulars::Complaint { severity, liability, response_hours })
        }
        (severity, liability, hours) => {
            let faults = [
                (
                    severity.is_none(),
                    "severity",
                    say!("应为 minor、serious 或 major", "expected minor, serious or major"),
                ),
                (
                    liability.is_none(),
                    "liability",
                    say!("应为 responsible 或 not_responsible", "expected responsible or not_responsible"),
                ),
                (
                    hours.is_none(),
                    "response_hours",
                    say!(
                        "应为小时数，0 到 10000，最多两位小数",
                        "expected hours, 0 to 10000, with at most two decimals"
                    ),
                ),
            ];
            let missing = faults.into_iter().filter(|(is_missing, ..)| *is_missing);
            Err(missing.map(|(_, name, expected)| error(name, expected)).collect())
        }
    }
}

/// What is wrong with when an event was, as somebody says `now`.
pub fn when(particulars: &Particulars, day: NaiveDate, now: DateTime<Utc>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if day > clock::day(now) {
        errors.push(FieldError::new(
            "day",
            say!("应为今天或以前：{day} 还没到", "expected today or an earlier day: {day} has not begun"),
        ));
    }
    if !(1900..3000).contains(&day.year()) {
        errors.push(FieldError::new(
            "day",
            say!("日期应在 1900 到 2999 年之间", "expected a day of 1900 to 2999"),
        ));
        return errors;
    }
    match particulars {
        Particulars::Days(days) => {
            let left = (Period::containing(day).end() - day).num_days();
            if *days > Decimal::from(left) {
                let message = say!(
                    "这个月只剩 {left} 天：其余的请作为下个月的事件上报",
                    "only {left} days of the month are left: report the rest as an event of the next month"
                );
                errors.push(error("days", message));
            }
        }
        Particulars::Refusal { refused_at, followed_up_at } => {
            errors.extend(refusal(*refused_at, *followed_up_at, day, now));
        }
        _ => {}
    }
    errors
}

/// What the moment of something that has happened is expected to be.
fn has_passed() -> Said {
    say!("应为已经过去的时刻", "expected a moment that has passed")
}

fn refusal(
    refused_at: DateTime<Utc>,
    followed_up_at: Option<DateTime<Utc>>,
    day: NaiveDate,
    now: DateTime<Utc>,
) -> Option<FieldError> {
    let refused_on = clock::day(refused_at);
    if refused_on != day {
        let message = say!(
            "应为 {day} 的时刻，而不是 {refused_on} 的",
            "expected a moment on {day}, not on {refused_on}"
        );
        return Some(error("refused_at", message));
    }
    if refused_at > now {
        return Some(error("refused_at", has_passed()));
    }
    match followed_up_at {
        Some(at) if at < refused_at => {
            Some(error("followed_up_at", say!("早于战败的时刻", "it is before the refusal")))
        }
        Some(at) if at > now => Some(error("followed_up_at", has_passed())),
        None if now.signed_duration_since(refused_at) <= TimeDelta::hours(FOLLOW_UP_HOURS) => {
            let message = say!(
                "还没有过 {FOLLOW_UP_HOURS} 小时：请在二次追踪之后，或满 {FOLLOW_UP_HOURS} 小时之后再上报",
                "the {FOLLOW_UP_HOURS} hours are not over: report it once the customer has been followed up, or once they are over"
            );
            Some(error("followed_up_at", message))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(kind: EventKind, text: &str) -> Vec<String> {
        let detail: EventDetail = serde_json::from_str(text).unwrap();
        read(kind, &detail).err().unwrap_or_default().into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn every_shape_names_what_it_misses_and_what_it_has_no_place_for() {
        for (kind, text, expected) in [
            (EventKind::Late, "{}", vec![]),
            (EventKind::Late, r#"{"days": 1, "rating": 3}"#, vec!["detail.days", "detail.rating"]),
            (EventKind::Absence, "{}", vec!["detail.days"]),
            (EventKind::Absence, r#"{"days": 0.25}"#, vec!["detail.days"]),
            (EventKind::Absence, r#"{"days": 0}"#, vec!["detail.days"]),
            (EventKind::Absence, r#"{"days": 1.5}"#, vec![]),
            (EventKind::UniformCheck, "{}", vec!["detail.violations"]),
            (EventKind::UniformCheck, r#"{"violations": 0}"#, vec![]),
            (EventKind::Inspection, "{}", vec!["detail.items"]),
            (
                EventKind::Inspection,
                r#"{"items": [{"name": "展车", "result": "ok"}, {"name": "展车 ", "result": "failed"}]}"#,
                vec!["detail.items[1].name"],
            ),
            (
                EventKind::Complaint,
                r#"{"response_hours": -1}"#,
                vec!["detail.severity", "detail.liability", "detail.response_hours"],
            ),
            (EventKind::Exam, r#"{"score": 100.01}"#, vec!["detail.score"]),
            (EventKind::Exam, r#"{"score": 99.5}"#, vec![]),
            (EventKind::AttitudeRating, "{}", vec!["detail.rating"]),
            (EventKind::IntegrityBreach, r#"{"count": 2}"#, vec!["detail.count", "detail.breach"]),
            (EventKind::Refusal, "{}", vec!["detail.refused_at"]),
        ] {
            assert_eq!(fields(kind, text), expected, "{kind:?} {text}");
        }
    }

    #[test]
    fn days_stay_within_their_month_and_nothing_is_reported_before_it_happens() {
        let now = "2015-01-31T02:00:00Z".parse().unwrap();
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let days = |halves: i64| Particulars::Days(Decimal::new(halves * 5, 1));
        for (particulars, day, faults) in [
            (days(2), day("2015-01-31"), 0),
            (days(3), day("2015-01-31"), 1),
            (days(4), day("2015-01-30"), 0),
            (Particulars::Times(1), day("2015-02-01"), 1),
        ] {
            assert_eq!(when(&particulars, day, now).len(), faults, "{particulars:?} {day}");
        }
    }

    #[test]
    fn a_refusal_is_reported_once_it_is_known_whether_it_was_followed_up() {
        let moment = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let day = "2015-01-10".parse().unwrap();
        // Half past midnight in China on the 10th.
        let refused_at = moment("2015-01-09T16:30:00Z");
        for (followed_up_at, now, is_right) in [
            (None, "2015-01-12T16:30:00Z", false),
            (None, "2015-01-12T16:30:01Z", true),
            (Some("2015-01-09T16:29:59Z"), "2015-01-20T00:00:00Z", false),
            (Some("2015-01-11T00:00:00Z"), "2015-01-10T23:59:59Z", false),
            (Some("2015-01-11T00:00:00Z"), "2015-01-11T00:00:00Z", true),
        ] {
            let said = Particulars::Refusal { refused_at, followed_up_at: followed_up_at.map(moment) };
            assert_eq!(when(&said, day, moment(now)).is_empty(), is_right, "{followed_up_at:?} {now}");
        }
        let said = Particulars::Refusal { refused_at, followed_up_at: Some(moment("2015-01-10T00:00:00Z")) };
        let yesterday = "2015-01-09".parse().unwrap();
        assert_eq!(when(&said, yesterday, moment("2015-01-20T00:00:00Z")).len(), 1);
    }
}
