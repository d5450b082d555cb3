//! Where values came from, and putting right what stands.

pub mod http;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Date, Nullable, Numeric, SmallInt, Text, Timestamptz};
use diesel_async::RunQueryDsl as _;
use garde::Validate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Number, json};
use utoipa::{IntoParams, ToSchema};

use crate::auth::Context;
use crate::auth::scope::{CallerScope, Scope, reaches};
use crate::db::sql;
use crate::decimal;
use crate::http::{Code, Page, Problem, Window};
use crate::ledger::catalogue::Catalogues;
use crate::ledger::metric::{Catalogue, needs_verification};
use crate::ledger::{self, CountsInstead, Entry, FactOutcome, ForStore, Late, ValueOrigin};
use crate::period::Period;
use crate::said::say;

/// One row of the ledger.
#[derive(Clone, Debug, QueryableByName, Serialize, ToSchema)]
pub struct FactRow {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// Whose it is.
    #[serde(skip)]
    #[diesel(sql_type = BigInt)]
    employee_id: i64,
    /// 工号.
    #[diesel(sql_type = Text)]
    pub employee_no: String,
    /// The month.
    #[diesel(sql_type = Date)]
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// The metric.
    #[diesel(sql_type = Text)]
    pub metric: String,
    /// The value; null voids the one before it.
    #[diesel(sql_type = Nullable<Numeric>)]
    #[schema(value_type = Option<f64>)]
    pub value: Option<Decimal>,
    /// The day it belongs to; null if it is for the month as a whole.
    #[diesel(sql_type = Nullable<Date>)]
    pub day: Option<NaiveDate>,
    /// The system that delivered it.
    #[diesel(sql_type = Text)]
    pub source_system: String,
    /// The id of the record in that system.
    #[diesel(sql_type = Nullable<Text>)]
    pub external_id: Option<String>,
    /// The import that brought it.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub batch: Option<i64>,
    /// Login of the person who recorded it; null for the operator.
    #[diesel(sql_type = Nullable<Text>)]
    pub recorded_by: Option<String>,
    /// When it was recorded.
    #[diesel(sql_type = Timestamptz)]
    pub recorded_at: DateTime<Utc>,
    /// Why it replaced the row before it.
    #[diesel(sql_type = Nullable<Text>)]
    pub reason: Option<String>,
    /// The row that it replaced.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub replaces: Option<i64>,
    #[serde(skip)]
    #[diesel(sql_type = SmallInt)]
    rank: i16,
    /// Code of the store for which a total was delivered; null for days and records, and where that is not known.
    #[diesel(sql_type = Nullable<Text>)]
    pub store: Option<String>,
    #[serde(skip)]
    #[diesel(sql_type = Nullable<BigInt>)]
    store_id: Option<i64>,
    #[serde(skip)]
    #[diesel(sql_type = Text)]
    place: String,
    /// Whether it stands: no later row has replaced it, and it does not itself void a value.
    #[diesel(sql_type = Bool)]
    pub stands: bool,
    /// Whether it counts for the month: nothing of a higher rank gives the metric, or it is subtracted from what
    /// counts.
    #[diesel(sql_type = Bool)]
    pub counts: bool,
    /// What counts instead of a value that stands and does not count; null where it counts or does not stand.
    #[diesel(sql_type = Nullable<Text>)]
    pub counts_instead: Option<CountsInstead>,
}

/// Which rows of a month's history to list.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// The month.
    #[param(value_type = String, example = "2014-03")]
    pub period: Period,
    /// Only this person's values, by 工号.
    pub employee_no: Option<String>,
    /// Only values of this metric.
    pub metric: Option<String>,
}

/// A page of a month's history, in the order in which it was recorded, as far as the caller reaches.
pub async fn list(cx: &mut Context, filter: &HistoryQuery, window: Window) -> Result<Page<FactRow>, Problem> {
    let scope = cx.scope.clone();
    Ok(window.page(load(cx, scope, None, Some(filter), window).await?, |row| row.id))
}

/// The row with this number, where `scope` reaches whom it is about.
async fn find(cx: &mut Context, scope: Scope, id: i64) -> Result<FactRow, Problem> {
    let found = load(cx, scope, Some(id), None, Window::ONE).await?.pop();
    found.ok_or_else(|| Problem::not_found("fact"))
}

async fn load(
    cx: &mut Context,
    scope: Scope,
    id: Option<i64>,
    filter: Option<&HistoryQuery>,
    window: Window,
) -> Result<Vec<FactRow>, Problem> {
    let rows = sql(concat!(
        "SELECT f.id, f.employee_id, e.employee_no, f.period, f.metric, trim_scale(f.value) AS value, f.day, \
             f.source_system, f.external_id, f.batch_id AS batch, l.login AS recorded_by, f.recorded_at, f.reason, \
             f.replaces_id AS replaces, f.rank, s.code AS store, f.store_id, f.place, here.stands, here.counts, \
             CASE WHEN here.stands AND NOT here.counts AND f.rank >= 0 THEN CASE \
                 WHEN (m.rank::smallint[])[p.place] IN (3, 11) THEN 'verified_events' \
                 WHEN (m.rank::smallint[])[p.place] IN (2, 4, 10, 12) THEN 'delivered_total' \
                 WHEN (m.rank::smallint[])[p.place] IN (1, 9) THEN 'days_and_records' END END AS counts_instead \
         FROM fact f JOIN employee e ON e.id = f.employee_id LEFT JOIN user_account l ON l.id = f.user_id \
         LEFT JOIN org_unit s ON s.id = f.store_id \
         LEFT JOIN metric_place p ON p.metric = f.metric \
         LEFT JOIN person_month m ON m.period = f.period AND m.employee_id = f.employee_id \
         CROSS JOIN LATERAL fact_standing(f, 'infinity') here \
         WHERE f.id > $1 AND ($2 IS NULL OR f.id = $2) AND ($3 IS NULL OR f.period = $3) \
         AND ($4 IS NULL OR e.employee_no = $4) AND ($5 IS NULL OR f.metric = $5) \
         AND EXISTS (SELECT FROM assignment a WHERE a.employee_id = f.employee_id \
             AND daterange(a.valid_from, a.valid_to) && daterange(f.period, (f.period + interval '1 month')::date) \
             AND ",
        reaches!("$6", "f.employee_id", "a.unit_id", "f.period"),
        ") ORDER BY f.id LIMIT $7",
    ))
    .bind::<BigInt, _>(window.after)
    .bind::<Nullable<BigInt>, _>(id)
    .bind::<Nullable<Date>, _>(filter.map(|filter| filter.period))
    .bind::<Nullable<Text>, _>(filter.and_then(|filter| filter.employee_no.clone()))
    .bind::<Nullable<Text>, _>(filter.and_then(|filter| filter.metric.clone()))
    .bind::<CallerScope, _>(scope)
    .bind::<BigInt, _>(window.rows())
    .load(cx.db())
    .await?;
    Ok(rows)
}

/// What a value should have been, and why.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FactCorrection {
    /// The value; null voids the one that stands.
    #[garde(skip)]
    #[schema(value_type = Option<f64>, minimum = -1_000_000_000_000_i64, maximum = 1_000_000_000_000_i64)]
    pub value: Option<Number>,
    /// Why it is corrected.
    #[garde(length(chars, min = 1, max = 1000))]
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
    /// What happens to it if the month is frozen.
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
    cx: &mut Context,
    catalogues: &Catalogues,
    id: i64,
    correction: &FactCorrection,
) -> Result<FactCorrected, Problem> {
    cx.transaction(async |cx| {
        let row = find(cx, cx.scope.clone(), id).await?;
        let part = ledger::part_of_place(&row.place);
        let store_id = row.store_id.or(part.map(|part| part.store_id));
        let catalogue = &*match store_id {
            Some(store_id) => catalogues.of_store(cx.db(), row.period, store_id).await?,
            None => catalogues.of(cx.db(), row.period).await?,
        };
        let scope = ledger::entering(cx.identity.as_ref(), catalogue.source_of(&row.metric));
        if scope.is_empty() {
            let detail = say!("您的角色不能更正 {}", "your roles do not allow you to correct {}", row.metric);
            return Err(Problem::new(Code::Forbidden, detail));
        }
        let source = catalogue.source_of(&row.metric);
        if ledger::is_own_judgement(cx.identity.as_ref(), source, row.employee_id) {
            return Err(Problem::new(
                Code::Forbidden,
                say!("它计入您自己的得分：请由别人更正", "it scores you: somebody else corrects it"),
            ));
        }
        let origin = ValueOrigin {
            source_system: row.source_system,
            batch_id: None,
            user_id: cx.by(),
            at: cx.now,
            reason: Some(correction.reason.trim().to_owned()),
        };
        let whole = row.store_id.map(|store_id| ForStore { store_id, is_part: false });
        let for_store = part.or(whole);
        let mut entry = Entry {
            employee_id: row.employee_id,
            metric: row.metric,
            value: None,
            day: row.day,
            external_id: row.external_id,
            for_store,
        };
        let (period, entries) = (row.period, std::slice::from_ref(&entry));
        ledger::lock_delivery(cx.db(), period, entries, &origin.source_system, &[]).await?;
        // Read again: who held the lock may have taken its place.
        let row = find(cx, scope, id).await?;
        if !row.stands {
            return Err(Problem::conflict(say!(
                "已有另一行取代了它：请重新读取历史",
                "another row has already replaced it: read the history again"
            )));
        }
        if !DELIVERED.contains(&row.rank) {
            let detail = say!(
                "它来自“{}”的一条记录：请更正那条记录",
                "it comes from an entry of '{}': correct that entry instead",
                row.source_system
            );
            return Err(Problem::conflict(detail));
        }
        entry.value = read(catalogue, &entry.metric, correction.value.as_ref())?;
        let recorded =
            ledger::record(cx.db(), period, std::slice::from_ref(&entry), &origin, correction.late).await?;
        let outcome = recorded.outcomes.into_iter().next().unwrap_or(FactOutcome::Unchanged);
        let value = entry.value.map(decimal::plain);
        let detail = json!({ "value": value, "reason": origin.reason, "outcome": outcome });
        cx.audit("correct_fact", &format!("fact/{id}"), detail).await?;
        Ok(FactCorrected { outcome })
    })
    .await
}

fn read(catalogue: &Catalogue, metric: &str, number: Option<&Number>) -> Result<Option<Decimal>, Problem> {
    let Some(number) = number else { return Ok(None) };
    let value = decimal::parse(number.as_str());
    let value = value.ok_or_else(|| {
        Problem::field("value", say!("{number} 不能准确保存", "{number} cannot be stored exactly"))
    })?;
    catalogue.read(metric, value).map_err(|message| Problem::field("value", message))?;
    if needs_verification(metric, value) {
        let message = say!(
            "请作为事件上报 (POST /v1/events)，由别人核实",
            "report it as an event (POST /v1/events): somebody else has to verify it"
        );
        return Err(Problem::field("value", message));
    }
    Ok(Some(value))
}
