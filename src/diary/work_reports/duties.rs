//! Which reports units ask for: settings from a day on, the nearest unit's first.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::due::{Cadence, DEFAULT, Duty, END_OF_DAY, ReportKind};
use crate::auth::Context;
use crate::auth::Scope;
use crate::db::schema::{org_unit, report_duty};
use crate::diary::authors;
use crate::http::{FieldError, Problem};
use crate::org::reached;
use crate::period::Period;
use crate::said::say;

/// What a unit says of a kind of report from a day on.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub(super) struct DutySetting {
    pub unit_id: i64,
    pub unit: String,
    pub kind: ReportKind,
    pub cadence: Cadence,
    pub valid_from: NaiveDate,
    /// None: it is not due from then on.
    pub due_minute: Option<i16>,
}

/// Every kind of report there is.
const KINDS: [(ReportKind, Cadence); 6] = [
    (ReportKind::Plan, Cadence::Daily),
    (ReportKind::Summary, Cadence::Daily),
    (ReportKind::Plan, Cadence::Weekly),
    (ReportKind::Summary, Cadence::Weekly),
    (ReportKind::Plan, Cadence::Monthly),
    (ReportKind::Summary, Cadence::Monthly),
];

/// What is asked for on a day in a unit whose `path` is given, topmost first, each with the setting that says so; none
/// is the program's default.
pub(super) fn in_force<'a>(
    settings: &'a [DutySetting],
    path: &[i64],
    day: NaiveDate,
) -> Vec<(Duty, Option<&'a DutySetting>)> {
    let said_by = |unit_id: i64, kind, cadence| {
        settings
            .iter()
            .filter(|one| one.unit_id == unit_id && one.kind == kind && one.cadence == cadence)
            .filter(|one| one.valid_from <= day)
            .max_by_key(|one| one.valid_from)
    };
    let of_kind = |(kind, cadence)| {
        let Some(setting) = path.iter().rev().find_map(|unit_id| said_by(*unit_id, kind, cadence)) else {
            return ((kind, cadence) == (DEFAULT.kind, DEFAULT.cadence)).then_some((DEFAULT, None));
        };
        setting.due_minute.map(|minute| (Duty { kind, cadence, minute }, Some(setting)))
    };
    KINDS.into_iter().filter_map(of_kind).collect()
}

/// Everything that these units have said.
pub(super) async fn load(
    connection: &mut AsyncPgConnection,
    units: &[i64],
) -> Result<Vec<DutySetting>, Problem> {
    let settings = report_duty::table
        .inner_join(org_unit::table.on(org_unit::id.eq(report_duty::unit_id)))
        .filter(report_duty::unit_id.eq_any(units))
        .order((report_duty::valid_from, report_duty::cadence, report_duty::kind, report_duty::unit_id))
        .select((
            report_duty::unit_id,
            org_unit::code,
            report_duty::kind,
            report_duty::cadence,
            report_duty::valid_from,
            report_duty::due_minute,
        ))
        .load(connection)
        .await?;
    Ok(settings)
}

/// Whose duties, on which day.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReportDutyQuery {
    /// Code of the unit.
    pub unit: String,
    /// The day; today by default.
    pub on: Option<NaiveDate>,
}

/// What a unit asks for from a day on.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportDutyChange {
    /// Code of the unit.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(example = "JC", min_length = 1, max_length = 64)]
    pub unit: String,
    /// The first day to which it applies: today or later, so that nobody owes what was not asked for in time.
    #[garde(skip)]
    pub valid_from: NaiveDate,
    /// The kinds of report that change; the others stay as they are.
    #[garde(length(min = 1, max = 6), dive)]
    #[schema(min_items = 1, max_items = 6)]
    pub duties: Vec<ReportDutyTime>,
}

/// By when a kind of report is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportDutyTime {
    /// Whether it is a plan or a summary.
    #[garde(skip)]
    pub kind: ReportKind,
    /// Of a day, a week or a month.
    #[garde(skip)]
    pub cadence: Cadence,
    /// The time in China, `00:01` to `24:00`; null if it is not due.
    #[garde(custom(is_time))]
    #[schema(example = "09:30", pattern = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
    pub due: Option<String>,
}

/// What a unit asks for on a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnitReportDuties {
    /// Code of the unit.
    pub unit: String,
    /// The day.
    pub on: NaiveDate,
    /// What is due there on that day; what the unit itself has set goes before what units above it have set.
    pub in_force: Vec<ReportDutyInForce>,
    /// What the unit itself has set, by day.
    pub own: Vec<ReportDutySaid>,
}

/// A kind of report that is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportDutyInForce {
    /// Whether it is a plan or a summary.
    pub kind: ReportKind,
    /// Of a day, a week or a month.
    pub cadence: Cadence,
    /// The time by which it is due, in China.
    #[schema(example = "24:00")]
    pub due: String,
    /// Code of the unit that has set it; null if it is the program's default.
    pub said_by: Option<String>,
}

/// What a unit asks for of a kind of report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportDutySaid {
    /// Whether it is a plan or a summary.
    pub kind: ReportKind,
    /// Of a day, a week or a month.
    pub cadence: Cadence,
    /// The time by which it is due, in China; null if it is no longer due from then on.
    pub due: Option<String>,
    /// The first day to which it applies.
    pub valid_from: NaiveDate,
}

/// Minutes after midnight as `HH:MM`.
fn time(minute: i16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// `HH:MM`, `00:01` to `24:00`, as minutes after midnight.
fn minute(text: &str) -> Option<i16> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |part: &str| {
        let is_two_digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        is_two_digits.then(|| part.parse::<i16>().ok()).flatten()
    };
    let (hours, minutes) = (number(hours)?, number(minutes).filter(|minutes| *minutes < 60)?);
    let minute = hours.checked_mul(60)?.checked_add(minutes)?;
    (1..=END_OF_DAY).contains(&minute).then_some(minute)
}

fn is_time(due: &Option<String>, (): &()) -> garde::Result {
    match due {
        Some(due) if minute(due).is_none() => Err(crate::http::body::refused(&say!(
            "时间应在 00:01 到 24:00 之间，例如 09:30",
            "expected a time from 00:01 to 24:00, for example 09:30"
        ))),
        _ => Ok(()),
    }
}

/// What a unit asks for on a day. Within a store it is no secret: who owes reports there may know which.
///
/// # Errors
///
/// Not found, also where the unit is in another store than the caller's.
pub async fn read(cx: &mut Context, query: &ReportDutyQuery) -> Result<UnitReportDuties, Problem> {
    let on = query.on.unwrap_or_else(|| cx.today());
    authors::require_sane("on", on)?;
    reached::unit_of_own_store(cx, &query.unit).await?;
    of_unit(cx.db(), &query.unit, on).await
}

async fn of_unit(
    connection: &mut AsyncPgConnection,
    code: &str,
    day: NaiveDate,
) -> Result<UnitReportDuties, Problem> {
    let unit = reached::unit(connection, &Scope::operator(), code, Period::containing(day)).await?;
    let settings = load(connection, &unit.path).await?;
    let in_force =
        in_force(&settings, &unit.path, day).into_iter().map(|(duty, setting)| ReportDutyInForce {
            kind: duty.kind,
            cadence: duty.cadence,
            due: time(duty.minute),
            said_by: setting.map(|setting| setting.unit.clone()),
        });
    let own = settings.iter().filter(|one| one.unit_id == unit.id).map(|one| ReportDutySaid {
        kind: one.kind,
        cadence: one.cadence,
        due: one.due_minute.map(time),
        valid_from: one.valid_from,
    });
    Ok(UnitReportDuties { unit: code.to_owned(), on: day, in_force: in_force.collect(), own: own.collect() })
}

/// Sets what a unit asks for from a day on, and returns what holds on that day. What was to begin on the same day is
/// replaced.
///
/// # Errors
///
/// Not found where the caller does not reach the unit; fields at fault.
pub async fn put(cx: &mut Context, change: &ReportDutyChange) -> Result<UnitReportDuties, Problem> {
    cx.transaction(async |cx| {
        let (scope, today) = (cx.scope.clone(), cx.today());
        let unit = reached::unit(cx.db(), &scope, &change.unit, Period::containing(today)).await?;
        check(change, today)?;
        let rows = change.duties.iter().map(|duty| {
            (
                report_duty::unit_id.eq(unit.id),
                report_duty::kind.eq(duty.kind),
                report_duty::cadence.eq(duty.cadence),
                report_duty::valid_from.eq(change.valid_from),
                report_duty::due_minute.eq(duty.due.as_deref().and_then(minute)),
            )
        });
        diesel::insert_into(report_duty::table)
            .values(rows.collect::<Vec<_>>())
            .on_conflict((
                report_duty::unit_id,
                report_duty::kind,
                report_duty::cadence,
                report_duty::valid_from,
            ))
            .do_update()
            .set(report_duty::due_minute.eq(excluded(report_duty::due_minute)))
            .execute(cx.db())
            .await?;
        let detail = json!({ "valid_from": change.valid_from, "duties": change.duties });
        cx.audit("put_report_duties", &format!("org_unit/{}", unit.id), detail).await?;
        of_unit(cx.db(), &change.unit, change.valid_from).await
    })
    .await
}

fn check(change: &ReportDutyChange, today: NaiveDate) -> Result<(), Problem> {
    let mut faults = Vec::new();
    if change.valid_from < today {
        let message = say!(
            "应为 {today} 或以后：没有及时要求的，谁也不欠",
            "expected {today} or later: nobody can owe what was not asked for in time"
        );
        faults.push(FieldError::new("valid_from", message));
    }
    for (at, duty) in change.duties.iter().enumerate() {
        let before = change.duties.iter().take(at);
        if before.into_iter().any(|one| (one.kind, one.cadence) == (duty.kind, duty.cadence)) {
            let message = say!("这种总结或计划列了两次", "this kind of report is listed twice");
            faults.push(FieldError::new(format!("duties[{at}]"), message));
        }
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Problem::fields(faults)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(unit_id: i64, valid_from: &str, due_minute: Option<i16>) -> DutySetting {
        let (kind, cadence) = (ReportKind::Summary, Cadence::Daily);
        let valid_from = valid_from.parse().unwrap();
        DutySetting { unit_id, unit: format!("U{unit_id}"), kind, cadence, valid_from, due_minute }
    }

    /// The minute by which the daily summary is due in the unit 3 below 2 below 1.
    fn minute_on(settings: &[DutySetting], day: &str) -> Option<i16> {
        let duties = in_force(settings, &[1, 2, 3], day.parse().unwrap());
        assert!(duties.len() <= 1);
        duties.as_slice().first().map(|(duty, _)| duty.minute)
    }

    #[test]
    fn the_nearest_unit_that_has_said_something_counts() {
        assert_eq!(minute_on(&[], "2014-03-01"), Some(END_OF_DAY));
        let settings = [
            setting(1, "2014-03-05", Some(600)),
            setting(3, "2014-03-10", None),
            setting(3, "2014-03-20", Some(1200)),
            setting(4, "2014-01-01", Some(1)),
        ];
        for (day, expected) in [
            ("2014-03-04", Some(END_OF_DAY)),
            ("2014-03-05", Some(600)),
            ("2014-03-10", None),
            ("2014-03-19", None),
            ("2014-03-20", Some(1200)),
        ] {
            assert_eq!(minute_on(&settings, day), expected, "{day}");
        }
    }

    #[test]
    fn times_are_read_as_they_are_written() {
        for (text, expected) in [("00:01", 1), ("09:30", 570), ("23:59", 1439), ("24:00", 1440)] {
            assert_eq!(minute(text), Some(expected));
            assert_eq!(time(expected), text);
        }
        for text in ["", "9:30", "00:00", "24:01", "12:60", "12-30", "１２:30", "-1:30", "99:00"] {
            assert_eq!(minute(text), None, "{text}");
        }
    }
}
