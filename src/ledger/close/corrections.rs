//! Corrections that came after a month was frozen, and what somebody else decided on them.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Numeric, Text, Timestamptz};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::auth::audit;
use crate::auth::caller::{Identity, Scope};
use crate::http::problem::FieldError;
use crate::http::{Code, Problem};
use crate::ledger::locks;
use crate::period::Period;

/// Where a correction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CorrectionState {
    /// It waits for a decision.
    Pending,
    /// It is in the ledger.
    Accepted,
    /// It changes nothing.
    Rejected,
    /// A later one about the same value has taken its place.
    Superseded,
}

impl CorrectionState {
    /// The word in the database and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Superseded => "superseded",
        }
    }

    fn named(name: &str) -> Self {
        let all = [Self::Pending, Self::Accepted, Self::Rejected];
        // The table allows no other words.
        all.into_iter().find(|state| state.name() == name).unwrap_or(Self::Superseded)
    }
}

/// A value that came after its month was frozen.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LateCorrection {
    /// Its number.
    pub id: i64,
    /// The store whose month is frozen.
    #[serde(skip)]
    pub store_id: i64,
    /// Its code.
    pub store: String,
    /// The month.
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// Whom it is about.
    #[serde(skip)]
    pub employee_id: i64,
    /// 工号.
    pub employee_no: String,
    /// Name.
    pub name: String,
    /// The metric; none where it is the word that a source is complete.
    pub metric: Option<String>,
    /// The source that is complete.
    pub source: Option<String>,
    /// The day, where it is a day's value.
    pub day: Option<NaiveDate>,
    /// The value it proposes; null voids the one that stands.
    #[schema(value_type = Option<f64>)]
    pub value: Option<Decimal>,
    /// What the month comes to now.
    #[schema(value_type = Option<f64>)]
    pub known: Option<Decimal>,
    /// The system that it comes from.
    pub source_system: String,
    /// Why.
    pub reason: String,
    /// Login of who proposed it; none is the operator.
    pub proposed_by: Option<String>,
    /// When.
    pub proposed_at: DateTime<Utc>,
    /// Where it is.
    pub state: CorrectionState,
    /// Login of who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// Why.
    pub decision_note: Option<String>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    store_id: i64,
    #[diesel(sql_type = Text)]
    store: String,
    #[diesel(sql_type = BigInt)]
    employee_id: i64,
    #[diesel(sql_type = Date)]
    period: NaiveDate,
    #[diesel(sql_type = Text)]
    employee_no: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    metric: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    source: Option<String>,
    #[diesel(sql_type = Nullable<Date>)]
    day: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Numeric>)]
    value: Option<Decimal>,
    #[diesel(sql_type = Nullable<Numeric>)]
    known: Option<Decimal>,
    #[diesel(sql_type = Text)]
    source_system: String,
    #[diesel(sql_type = Text)]
    reason: String,
    #[diesel(sql_type = Nullable<Text>)]
    proposed_by: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    proposed_at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Nullable<Text>)]
    decided_by: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    decided_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Text>)]
    decision_note: Option<String>,
}

impl From<Row> for LateCorrection {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            store_id: row.store_id,
            store: row.store,
            employee_id: row.employee_id,
            period: Period::containing(row.period),
            employee_no: row.employee_no,
            name: row.name,
            metric: row.metric,
            source: row.source,
            day: row.day,
            value: row.value.map(|value| value.normalize()),
            known: row.known.map(|value| value.normalize()),
            source_system: row.source_system,
            reason: row.reason,
            proposed_by: row.proposed_by,
            proposed_at: row.proposed_at,
            state: CorrectionState::named(&row.state),
            decided_by: row.decided_by,
            decided_at: row.decided_at,
            decision_note: row.decision_note,
        }
    }
}

/// Which corrections to list.
#[derive(Clone, Debug, Default)]
pub struct CorrectionFilter {
    /// Only this store's, by code.
    pub store: Option<String>,
    /// Only this month's.
    pub period: Option<Period>,
    /// Only those that are here.
    pub state: Option<CorrectionState>,
    /// Only these.
    pub ids: Option<Vec<i64>>,
}

/// Corrections behind `after` about people whom `scope` reaches, by id.
pub async fn list(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    filter: &CorrectionFilter,
    after: i64,
    limit: i64,
) -> Result<Vec<LateCorrection>, Problem> {
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT c.id, c.store_id, s.code AS store, c.period, c.employee_id, e.employee_no, e.name, c.metric, c.source, c.day, c.value, \
             k.value AS known, c.source_system, c.reason, p.login AS proposed_by, c.proposed_at, c.state, \
             d.login AS decided_by, c.decided_at, c.decision_note \
         FROM late_correction c JOIN org_unit s ON s.id = c.store_id JOIN employee e ON e.id = c.employee_id \
         LEFT JOIN user_account p ON p.id = c.proposed_by LEFT JOIN user_account d ON d.id = c.decided_by \
         LEFT JOIN frozen_fact k ON k.store_id = c.store_id AND k.period = c.period \
             AND k.employee_id = c.employee_id AND k.metric = c.metric \
         WHERE c.id > $1 AND ($2 IS NULL OR s.code = $2) AND ($3 IS NULL OR c.period = $3) \
         AND ($4 IS NULL OR c.state = $4) AND ($5 IS NULL OR c.id = ANY ($5)) \
         AND EXISTS (SELECT FROM assignment a JOIN org_unit u ON u.id = a.unit_id \
             WHERE a.employee_id = c.employee_id AND u.store_id = c.store_id \
             AND daterange(a.valid_from, a.valid_to) && daterange(c.period, (c.period + interval '1 month')::date) \
             AND may_reach($6, $7, $8, c.employee_id, a.unit_id, c.period)) \
         ORDER BY c.id LIMIT $9",
    )
    .bind::<BigInt, _>(after)
    .bind::<Nullable<Text>, _>(&filter.store)
    .bind::<Nullable<Date>, _>(filter.period.map(Period::first_day))
    .bind::<Nullable<Text>, _>(filter.state.map(CorrectionState::name))
    .bind::<Nullable<Array<BigInt>>, _>(&filter.ids)
    .bind::<Array<Text>, _>(&scope.reaches)
    .bind::<BigInt, _>(scope.employee_id)
    .bind::<BigInt, _>(scope.unit_id)
    .bind::<BigInt, _>(limit)
    .load(connection)
    .await?;
    Ok(rows.into_iter().map(LateCorrection::from).collect())
}

/// A decision on corrections: on all of them, or on none.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectionDecision {
    /// The corrections.
    #[garde(length(min = 1, max = 10_000))]
    pub ids: Vec<i64>,
    /// Whether they go into the ledger.
    #[garde(skip)]
    pub accept: bool,
    /// Why; a rejection says so.
    #[garde(inner(length(chars, max = 1000)))]
    pub note: Option<String>,
}

/// Decides on corrections. What is accepted goes into the ledger, and the month's snapshot has one more revision: the
/// next generation of its reviews writes theirs.
///
/// # Errors
///
/// Not found where one is none that the caller reaches; a conflict where one is decided already, or was proposed by the
/// same person.
pub async fn decide(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    decision: &CorrectionDecision,
    by: &Identity,
    now: DateTime<Utc>,
) -> Result<Vec<LateCorrection>, Problem> {
    if !decision.accept && super::said(decision.note.as_deref()).is_none() {
        return Err(Problem::field("note", "a rejection has to say why"));
    }
    connection
        .transaction(async |connection| {
            let found = lock(connection, scope, &decision.ids, by).await?;
            let state = if decision.accept { CorrectionState::Accepted } else { CorrectionState::Rejected };
            super::decide(connection, &decision.ids, state.name(), decision.note.as_deref(), by.user_id, now)
                .await?;
            if decision.accept {
                append(connection, &decision.ids, now).await?;
                for (month, people) in &found {
                    super::refresh(connection, *month, people, now).await?;
                }
            }
            let detail = json!({ "ids": decision.ids, "state": state, "note": decision.note });
            audit::record(
                connection,
                now,
                Some(by.user_id),
                "decide_late_corrections",
                "late_corrections",
                detail,
            )
            .await?;
            let filter = CorrectionFilter { ids: Some(decision.ids.clone()), ..CorrectionFilter::default() };
            list(connection, scope, &filter, 0, i64::MAX).await
        })
        .await
}

/// Locks the corrections; the people that they are about, by month.
async fn lock(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    ids: &[i64],
    by: &Identity,
) -> Result<BTreeMap<NaiveDate, Vec<i64>>, Problem> {
    #[derive(QueryableByName)]
    struct Locked {
        #[diesel(sql_type = BigInt)]
        id: i64,
        #[diesel(sql_type = Date)]
        period: NaiveDate,
        #[diesel(sql_type = BigInt)]
        employee_id: i64,
        #[diesel(sql_type = Text)]
        state: String,
        #[diesel(sql_type = Nullable<BigInt>)]
        proposed_by: Option<i64>,
    }
    let filter = CorrectionFilter { ids: Some(ids.to_vec()), ..CorrectionFilter::default() };
    let reached = list(connection, scope, &filter, 0, i64::MAX).await?;
    let unknown = ids.iter().enumerate().filter(|(_, id)| reached.iter().all(|one| one.id != **id));
    let errors = unknown.map(|(at, id)| FieldError {
        field: format!("ids[{at}]"),
        message: format!("there is no correction {id}"),
    });
    let errors = errors.collect::<Vec<_>>();
    if !errors.is_empty() {
        let detail = "some of these corrections do not exist".to_owned();
        return Err(Problem { code: Code::NotFound, detail, errors });
    }
    // Months before rows, as those who record facts take them.
    let people = reached.iter().map(|one| (one.employee_id, one.period)).collect();
    let stores = reached.iter().map(|one| (one.store_id, one.period)).collect();
    locks::lock_months(connection, people, stores).await?;
    let rows: Vec<Locked> = diesel::sql_query(
        "SELECT id, period, employee_id, state, proposed_by FROM late_correction WHERE id = ANY ($1) \
         ORDER BY id FOR UPDATE",
    )
    .bind::<Array<BigInt>, _>(ids)
    .load(connection)
    .await?;
    let mut months = BTreeMap::<NaiveDate, Vec<i64>>::new();
    for row in rows {
        if row.state != CorrectionState::Pending.name() {
            return Err(Problem::conflict(format!("correction {} is {} already", row.id, row.state)));
        }
        if by.employee_id == Some(row.employee_id) {
            return Err(Problem::conflict(format!(
                "correction {} is about you: somebody else has to decide on it",
                row.id
            )));
        }
        if row.proposed_by == Some(by.user_id) {
            return Err(Problem::conflict(format!(
                "correction {} is yours: somebody else has to decide on it",
                row.id
            )));
        }
        months.entry(row.period).or_default().push(row.employee_id);
    }
    Ok(months)
}

/// Takes corrections into the ledger, as what they were proposed by.
async fn append(connection: &mut AsyncPgConnection, ids: &[i64], now: DateTime<Utc>) -> Result<(), Problem> {
    diesel::sql_query(
        "INSERT INTO fact (employee_id, period, metric, value, day, external_id, place, source_system, batch_id, \
             user_id, recorded_at, reason, replaces_id) \
         SELECT c.employee_id, c.period, c.metric, c.value, c.day, c.external_id, c.place, c.source_system, \
             c.batch_id, c.proposed_by, $2, c.reason, (SELECT f.id FROM fact f WHERE f.period = c.period \
                 AND f.employee_id = c.employee_id AND f.metric = c.metric \
                 AND f.rank = fact_rank(c.source_system, c.place) AND f.place = c.place ORDER BY f.id DESC LIMIT 1) \
         FROM late_correction c WHERE c.id = ANY ($1) AND c.metric IS NOT NULL ORDER BY c.id",
    )
    .bind::<Array<BigInt>, _>(ids)
    .bind::<Timestamptz, _>(now)
    .execute(connection)
    .await?;
    Ok(())
}
