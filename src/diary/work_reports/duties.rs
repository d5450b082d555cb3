//! Which reports units ask for: settings from a day on, the nearest unit's first.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Nullable, SmallInt, Text};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::due::{Cadence, DEFAULT, Duty, END_OF_DAY, ReportKind};
use crate::auth::audit;
use crate::auth::caller::Scope;
use crate::clock;
use crate::http::Problem;
use crate::http::problem::FieldError;

/// What a unit says of a kind of report from a day on.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub(super) struct Setting {
    #[diesel(sql_type = BigInt)]
    pub unit_id: i64,
    #[diesel(sql_type = Text)]
    pub unit: String,
    #[diesel(sql_type = Text)]
    pub kind: ReportKind,
    #[diesel(sql_type = Text)]
    pub cadence: Cadence,
    #[diesel(sql_type = Date)]
    pub valid_from: NaiveDate,
    /// None: it is not due from then on.
    #[diesel(sql_type = Nullable<SmallInt>)]
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
    settings: &'a [Setting],
    path: &[i64],
    day: NaiveDate,
) -> Vec<(Duty, Option<&'a Setting>)> {
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
pub(super) async fn load(connection: &mut AsyncPgConnection, units: &[i64]) -> Result<Vec<Setting>, Problem> {
    let settings = diesel::sql_query(
        "SELECT d.unit_id, u.code AS unit, d.kind, d.cadence, d.valid_from, d.due_minute \
         FROM report_duty d JOIN org_unit u ON u.id = d.unit_id WHERE d.unit_id = ANY ($1) \
         ORDER BY d.valid_from, d.cadence, d.kind, d.unit_id",
    )
    .bind::<Array<BigInt>, _>(units)
    .load(connection)
    .await?;
    Ok(settings)
}

/// What a unit asks for from a day on.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportDutyChange {
    /// Code of the unit.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(example = "JC")]
    pub unit: String,
    /// From when: today or later, so that nobody comes to owe what was not asked for.
    #[garde(skip)]
    pub valid_from: NaiveDate,
    /// The kinds of report; those that are not listed stay as they are.
    #[garde(length(min = 1, max = 6), dive)]
    pub duties: Vec<ReportDutyTime>,
}

/// By when a kind of report is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportDutyTime {
    /// Plan or summary.
    #[garde(skip)]
    pub kind: ReportKind,
    /// Of a day, a week or a month.
    #[garde(skip)]
    pub cadence: Cadence,
    /// The time in China, `00:01` to `24:00`; null where it is not due.
    #[garde(custom(is_time))]
    #[schema(example = "09:30")]
    pub due: Option<String>,
}

/// What a unit asks for on a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnitReportDuties {
    /// Code of the unit.
    pub unit: String,
    /// The day.
    pub on: NaiveDate,
    /// What is due there that day, the unit's own word before that of units above it.
    pub in_force: Vec<ReportDutyInForce>,
    /// What the unit itself has said, by day.
    pub own: Vec<ReportDutySaid>,
}

/// A kind of report that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportDutyInForce {
    /// Plan or summary.
    pub kind: ReportKind,
    /// Of a day, a week or a month.
    pub cadence: Cadence,
    /// By when, in China.
    #[schema(example = "24:00")]
    pub due: String,
    /// Code of the unit that says so; null is the program's default.
    pub said_by: Option<String>,
}

/// What a unit says of a kind of report from a day on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportDutySaid {
    /// Plan or summary.
    pub kind: ReportKind,
    /// Of a day, a week or a month.
    pub cadence: Cadence,
    /// By when, in China; null where it is not due from then on.
    pub due: Option<String>,
    /// The first day for which that holds.
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
        Some(due) if minute(due).is_none() => {
            Err(garde::Error::new("expected a time from 00:01 to 24:00, for example 09:30"))
        }
        _ => Ok(()),
    }
}

#[derive(QueryableByName)]
struct Unit {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Array<BigInt>)]
    path: Vec<i64>,
}

/// A unit that `scope` reaches in the month of `day`.
async fn reached(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    code: &str,
    day: NaiveDate,
) -> Result<Unit, Problem> {
    let found: Option<Unit> = diesel::sql_query(
        "SELECT u.id, u.path FROM org_unit u WHERE u.code = $1 \
         AND may_reach($2, $3, $4, 0, u.id, date_trunc('month', $5::date)::date)",
    )
    .bind::<Text, _>(code)
    .bind::<Array<Text>, _>(&scope.reaches)
    .bind::<BigInt, _>(scope.employee_id)
    .bind::<BigInt, _>(scope.unit_id)
    .bind::<Date, _>(day)
    .get_result(connection)
    .await
    .optional()?;
    found.ok_or_else(|| Problem::not_found("unit"))
}

/// What a unit asks for on a day. It is no secret: who owes reports may know which.
///
/// # Errors
///
/// Not found.
pub async fn read(
    connection: &mut AsyncPgConnection,
    code: &str,
    day: NaiveDate,
) -> Result<UnitReportDuties, Problem> {
    let unit = reached(connection, &Scope::operator(), code, day).await?;
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
/// Not found where `scope` does not reach the unit; fields at fault.
pub async fn put(
    connection: &mut AsyncPgConnection,
    change: &ReportDutyChange,
    scope: &Scope,
    by: i64,
    now: DateTime<Utc>,
) -> Result<UnitReportDuties, Problem> {
    connection
        .transaction(async |connection| {
            let unit = reached(connection, scope, &change.unit, clock::day(now)).await?;
            check(change, clock::day(now))?;
            diesel::sql_query(
                "INSERT INTO report_duty (unit_id, kind, cadence, valid_from, due_minute) \
                 SELECT $1, kind, cadence, $2, due_minute FROM unnest($3, $4, $5) AS d (kind, cadence, due_minute) \
                 ON CONFLICT (unit_id, kind, cadence, valid_from) DO UPDATE SET due_minute = excluded.due_minute",
            )
            .bind::<BigInt, _>(unit.id)
            .bind::<Date, _>(change.valid_from)
            .bind::<Array<Text>, _>(change.duties.iter().map(|one| one.kind.name()).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(change.duties.iter().map(|one| one.cadence.name()).collect::<Vec<_>>())
            .bind::<Array<Nullable<SmallInt>>, _>(
                change.duties.iter().map(|one| one.due.as_deref().and_then(minute)).collect::<Vec<_>>(),
            )
            .execute(connection)
            .await?;
            let detail = json!({ "valid_from": change.valid_from, "duties": change.duties });
            let subject = format!("org_unit/{}", unit.id);
            audit::record(connection, now, Some(by), "put_report_duties", &subject, detail).await?;
            read(connection, &change.unit, change.valid_from).await
        })
        .await
}

fn check(change: &ReportDutyChange, today: NaiveDate) -> Result<(), Problem> {
    let mut faults = Vec::new();
    if change.valid_from < today {
        let message = format!("expected {today} or later: nobody comes to owe what was not asked for");
        faults.push(FieldError { field: "valid_from".to_owned(), message });
    }
    for (at, duty) in change.duties.iter().enumerate() {
        let before = change.duties.iter().take(at);
        if before.into_iter().any(|one| (one.kind, one.cadence) == (duty.kind, duty.cadence)) {
            let message = "this kind of report stands in the list already".to_owned();
            faults.push(FieldError { field: format!("duties[{at}]"), message });
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

    fn setting(unit_id: i64, valid_from: &str, due_minute: Option<i16>) -> Setting {
        let (kind, cadence) = (ReportKind::Summary, Cadence::Daily);
        let valid_from = valid_from.parse().unwrap();
        Setting { unit_id, unit: format!("U{unit_id}"), kind, cadence, valid_from, due_minute }
    }

    /// The minute by which the daily summary is due in the unit 3 below 2 below 1.
    fn minute_on(settings: &[Setting], day: &str) -> Option<i16> {
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
