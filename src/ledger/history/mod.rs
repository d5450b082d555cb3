//! Where values came from, and putting right what stands.

pub mod http;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Nullable, Numeric, SmallInt, Text, Timestamptz};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Number, json};
use utoipa::ToSchema;

use crate::auth::access::{Action as _, EnterFacts, may_enter};
use crate::auth::audit;
use crate::auth::caller::{Identity, Scope};
use crate::decimal;
use crate::http::{Code, Problem};
use crate::ledger::metric::Catalogue;
use crate::ledger::metric::needs_verification;
use crate::ledger::{self, Entry, FactOutcome, Late, Origin};
use crate::period::Period;

/// One row of the ledger.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FactRow {
    /// Its number.
    pub id: i64,
    /// 工号.
    pub employee_no: String,
    /// The month.
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// The metric.
    pub metric: String,
    /// The value; null voids the one before it.
    #[schema(value_type = Option<f64>)]
    pub value: Option<Decimal>,
    /// The day that it is of; null is the month's total.
    pub day: Option<NaiveDate>,
    /// The system that delivered it.
    pub source_system: String,
    /// The id of the record there.
    pub external_id: Option<String>,
    /// The import that it came with.
    pub batch: Option<i64>,
    /// Login of who recorded it; null is the operator.
    pub recorded_by: Option<String>,
    /// When.
    pub recorded_at: DateTime<Utc>,
    /// Why it took the place of the row before it.
    pub reason: Option<String>,
    /// The row that it took the place of.
    pub replaces: Option<i64>,
    /// Whether it stands: it is the youngest at its place, and voids nothing.
    pub stands: bool,
    /// Whether it counts for the month: nothing of a higher rank speaks of the metric, or it is taken off what counts.
    pub counts: bool,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    employee_id: i64,
    #[diesel(sql_type = Text)]
    employee_no: String,
    #[diesel(sql_type = Date)]
    period: NaiveDate,
    #[diesel(sql_type = Text)]
    metric: String,
    #[diesel(sql_type = Nullable<Numeric>)]
    value: Option<Decimal>,
    #[diesel(sql_type = Nullable<Date>)]
    day: Option<NaiveDate>,
    #[diesel(sql_type = Text)]
    source_system: String,
    #[diesel(sql_type = Nullable<Text>)]
    external_id: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    batch_id: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    login: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    recorded_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Text>)]
    reason: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    replaces_id: Option<i64>,
    #[diesel(sql_type = Bool)]
    stands: bool,
    #[diesel(sql_type = Bool)]
    counts: bool,
    #[diesel(sql_type = SmallInt)]
    rank: i16,
}

impl From<Row> for FactRow {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            employee_no: row.employee_no,
            period: Period::containing(row.period),
            metric: row.metric,
            value: row.value.map(|value| value.normalize()),
            day: row.day,
            source_system: row.source_system,
            external_id: row.external_id,
            batch: row.batch_id,
            recorded_by: row.login,
            recorded_at: row.recorded_at,
            reason: row.reason,
            replaces: row.replaces_id,
            stands: row.stands,
            counts: row.counts,
        }
    }
}

/// Which rows are asked for.
#[derive(Clone, Debug, Default)]
pub struct HistoryFilter {
    /// Only this row.
    pub id: Option<i64>,
    /// Only this month's.
    pub period: Option<Period>,
    /// Only this person's, by 工号.
    pub employee_no: Option<String>,
    /// Only this metric's.
    pub metric: Option<String>,
}

/// Rows behind `after` about people whom `scope` reaches, in the order in which they were recorded.
async fn rows(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    filter: &HistoryFilter,
    after: i64,
    limit: i64,
) -> Result<Vec<Row>, Problem> {
    let rows = diesel::sql_query(
        "SELECT f.id, f.employee_id, e.employee_no, f.period, f.metric, f.value, f.day, f.source_system, \
             f.external_id, f.batch_id, l.login, f.recorded_at, f.reason, f.replaces_id, f.rank, \
             f.value IS NOT NULL AND NOT EXISTS (SELECT FROM fact y WHERE y.period = f.period \
                 AND y.employee_id = f.employee_id AND y.metric = f.metric AND y.rank = f.rank \
                 AND y.place = f.place AND y.id > f.id) AS stands, \
             f.value IS NOT NULL AND EXISTS (SELECT FROM ( \
                 SELECT s.id, s.rank, max(s.rank) OVER () AS top FROM standing_fact('infinity') s \
                 WHERE s.period = f.period AND s.employee_id = f.employee_id AND s.metric = f.metric) AS t \
                 WHERE t.id = f.id AND t.top >= 0 AND t.rank IN (t.top, -1)) AS counts \
         FROM fact f JOIN employee e ON e.id = f.employee_id LEFT JOIN user_account l ON l.id = f.user_id \
         WHERE f.id > $1 AND ($2 IS NULL OR f.id = $2) AND ($3 IS NULL OR f.period = $3) \
         AND ($4 IS NULL OR e.employee_no = $4) AND ($5 IS NULL OR f.metric = $5) \
         AND EXISTS (SELECT FROM assignment a WHERE a.employee_id = f.employee_id \
             AND daterange(a.valid_from, a.valid_to) && daterange(f.period, (f.period + interval '1 month')::date) \
             AND may_reach($6, $7, $8, f.employee_id, a.unit_id, f.period)) \
         ORDER BY f.id LIMIT $9",
    )
    .bind::<BigInt, _>(after)
    .bind::<Nullable<BigInt>, _>(filter.id)
    .bind::<Nullable<Date>, _>(filter.period.map(Period::first_day))
    .bind::<Nullable<Text>, _>(&filter.employee_no)
    .bind::<Nullable<Text>, _>(&filter.metric)
    .bind::<Array<Text>, _>(&scope.reaches)
    .bind::<BigInt, _>(scope.employee_id)
    .bind::<BigInt, _>(scope.unit_id)
    .bind::<BigInt, _>(limit)
    .load(connection)
    .await?;
    Ok(rows)
}

/// The history of facts, as far as `scope` reaches.
pub async fn list(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    filter: &HistoryFilter,
    after: i64,
    limit: i64,
) -> Result<Vec<FactRow>, Problem> {
    Ok(rows(connection, scope, filter, after, limit).await?.into_iter().map(FactRow::from).collect())
}

/// What a value should have been, and why.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FactCorrection {
    /// The value; null voids the one that stands.
    #[garde(skip)]
    #[schema(value_type = Option<f64>)]
    pub value: Option<Number>,
    /// Why.
    #[garde(length(chars, min = 1, max = 1000))]
    pub reason: String,
    /// What becomes of it where the month is frozen.
    #[garde(skip)]
    #[serde(default)]
    pub late: Late,
}

/// What a correction did.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FactCorrected {
    /// Whether it stands, or waits because the month is frozen.
    pub outcome: FactOutcome,
}

/// Ranks of what people entered or systems delivered; the others follow from events, reports and sheets.
const DELIVERED: std::ops::RangeInclusive<i16> = 1..=2;

/// Corrects the value of one row: another takes its place, and says why. The row must be the one that stands.
///
/// # Errors
///
/// Not found where the caller does not reach the row; forbidden where the roles do not enter its source; a conflict where
/// another row has taken its place, or where it follows from something that has to be corrected itself.
pub async fn correct(
    connection: &mut AsyncPgConnection,
    catalogue: &Catalogue,
    id: i64,
    correction: &FactCorrection,
    by: &Identity,
    now: DateTime<Utc>,
) -> Result<FactCorrected, Problem> {
    connection
        .transaction(async |connection| {
            let filter = HistoryFilter { id: Some(id), ..HistoryFilter::default() };
            let everyone = Scope::of(by, |role| {
                EnterFacts::ALLOWED.iter().find(|(allowed, _)| *allowed == role).map(|(_, reach)| *reach)
            });
            let found = rows(connection, &everyone, &filter, 0, 1).await?.into_iter().next();
            let row = found.ok_or_else(|| Problem::not_found("fact"))?;
            let (period, system) = (Period::containing(row.period), row.source_system.clone());
            let entry = Entry {
                employee_id: row.employee_id,
                metric: row.metric.clone(),
                value: None,
                day: row.day,
                external_id: row.external_id.clone(),
            };
            ledger::lock_delivery(connection, period, &[entry.clone()], &system, &[]).await?;
            // Read again: who held the lock may have taken its place.
            let again = rows(connection, &scope_of(catalogue, &row, by)?, &filter, 0, 1).await?;
            let row = again.into_iter().next().ok_or_else(|| Problem::not_found("fact"))?;
            if !row.stands {
                return Err(Problem::conflict("another row has taken its place: read the history again"));
            }
            if !DELIVERED.contains(&row.rank) {
                let detail = format!("it follows from an entry of '{}': correct that", row.source_system);
                return Err(Problem::conflict(detail));
            }
            let value = read(catalogue, &row.metric, correction.value.as_ref())?;
            let entry = Entry { value, ..entry };
            let origin = Origin {
                source_system: system,
                batch_id: None,
                user_id: Some(by.user_id),
                at: now,
                reason: Some(correction.reason.trim().to_owned()),
            };
            let recorded = ledger::record(connection, period, &[entry], &origin, correction.late).await?;
            let outcome = recorded.outcomes.into_iter().next().unwrap_or(FactOutcome::Unchanged);
            let detail =
                json!({ "value": value.map(decimal::plain), "reason": origin.reason, "outcome": outcome });
            audit::record(connection, now, Some(by.user_id), "correct_fact", &format!("fact/{id}"), detail)
                .await?;
            Ok(FactCorrected { outcome })
        })
        .await
}

/// The reach of those of the caller's roles that enter the row's source.
fn scope_of(catalogue: &Catalogue, row: &Row, by: &Identity) -> Result<Scope, Problem> {
    let metric = catalogue.find(&row.metric).and_then(|id| catalogue.get(id));
    let allowed = may_enter(metric.and_then(|metric| metric.source.as_deref()));
    let scope = Scope::of(by, |role| {
        let reach = EnterFacts::ALLOWED.iter().find(|(entering, _)| *entering == role);
        reach.filter(|_| allowed.contains(&role)).map(|(_, reach)| *reach)
    });
    if scope.reaches.is_empty() {
        let detail = format!("your roles do not allow correcting {}", row.metric);
        return Err(Problem::new(Code::Forbidden, detail));
    }
    Ok(scope)
}

fn read(catalogue: &Catalogue, metric: &str, number: Option<&Number>) -> Result<Option<Decimal>, Problem> {
    let Some(number) = number else { return Ok(None) };
    let value = decimal::parse(number.as_str());
    let value = value.ok_or_else(|| Problem::field("value", format!("{number} cannot be held exactly")))?;
    catalogue.read(metric, value).map_err(|message| Problem::field("value", message))?;
    if needs_verification(metric, value) {
        return Err(Problem::field(
            "value",
            "report it as an event (POST /v1/events): others have to verify it",
        ));
    }
    Ok(Some(value))
}
