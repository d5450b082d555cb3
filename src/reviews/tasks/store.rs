//! Tasks in the database: one statement a kind.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;

use super::Assignee;
use super::waiting::Waiting;
use crate::auth::access::Role;
use crate::auth::scope::CallerScope;
use crate::auth::{Context, Scope};
use crate::db::schema::review_cycle;
use crate::db::{sql, sql_of};
use crate::http::Problem;
use crate::period::Period;
use crate::reviews::cycle::CycleState;
use crate::reviews::visibility::{Part, ReviewSight, Sight};
use crate::rules::library::Library;
use crate::rules::release;

/// Something that waits.
#[derive(Debug, QueryableByName)]
pub(super) struct TaskRow {
    #[diesel(sql_type = BigInt)]
    pub(super) store_id: i64,
    /// Code of the store.
    #[diesel(sql_type = Text)]
    pub(super) store: String,
    #[diesel(sql_type = Date)]
    pub(super) period: Period,
    /// The state of the month's cycle, where it matters.
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) state: Option<CycleState>,
    /// The id in the path.
    #[diesel(sql_type = BigInt)]
    pub(super) subject: i64,
    /// A word in the path.
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) word: Option<String>,
    /// For whom it waits, where that is one person.
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) whose_no: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) whose_name: Option<String>,
    /// Whom it is about.
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) about_no: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) about_name: Option<String>,
    #[diesel(sql_type = BigInt)]
    pub(super) number: i64,
    #[diesel(sql_type = Timestamptz)]
    pub(super) since: DateTime<Utc>,
    /// The last day, where the row names it.
    #[diesel(sql_type = Nullable<Date>)]
    pub(super) until: Option<NaiveDate>,
    /// Employee numbers of those whose it is not, although they have the role for it.
    #[diesel(sql_type = Array<Text>)]
    pub(super) barred: Vec<String>,
}

/// Which positions the rules score of the months whose facts are being collected.
#[derive(Debug, Default)]
pub(super) struct ScoredPositions {
    periods: Vec<Period>,
    releases: Vec<i64>,
    positions: Vec<String>,
}

impl ScoredPositions {
    /// By the releases that are in force for these months now; a month that none scores has none.
    pub(super) async fn load(cx: &mut Context, library: &Library) -> Result<Self, Problem> {
        let periods: Vec<Period> = review_cycle::table
            .filter(review_cycle::state.eq(CycleState::Collecting))
            .select(review_cycle::period)
            .distinct()
            .load(cx.db())
            .await?;
        let mut scored = Self::default();
        for period in periods {
            let Some(release) = release::in_force(cx.db(), period, None).await? else { continue };
            let bundle = library.bundle(cx.db(), &release.bundle).await?;
            for scheme in bundle.schemes.values() {
                scored.periods.push(period);
                scored.releases.push(release.id);
                scored.positions.push(scheme.file.position.clone());
            }
        }
        Ok(scored)
    }
}

/// What waits of a kind: for the caller, or for everybody where the operator asks.
pub(super) async fn rows(
    cx: &mut Context,
    waiting: &Waiting,
    scope: Scope,
    (scored, store): (&ScoredPositions, Option<&str>),
) -> Result<Vec<TaskRow>, Problem> {
    let person = cx.identity.as_ref().and_then(|by| by.employee_id);
    let (is_mine, by, today) = (cx.identity.is_some(), cx.by(), cx.today());
    let sight = Sight::within(cx, scope.clone(), Part::Score);
    let rows = sql_of([
        (true, waiting.all),
        (is_mine, waiting.mine),
        (store.is_some(), " AND s.code = $4"),
        (true, waiting.end),
    ])
    .bind::<Nullable<BigInt>, _>(person)
    .bind::<CallerScope, _>(scope)
    .bind::<Date, _>(today)
    .bind::<Nullable<Text>, _>(store)
    .bind::<Nullable<BigInt>, _>(by)
    .bind::<ReviewSight, _>(sight)
    .bind::<Array<Date>, _>(&scored.periods)
    .bind::<Array<BigInt>, _>(&scored.releases)
    .bind::<Array<Text>, _>(&scored.positions)
    .load(cx.db())
    .await?;
    Ok(rows)
}

/// Who has which role in which store.
pub(super) type Holders = HashMap<(i64, Role), Vec<Assignee>>;

/// Who has which role now in these stores.
pub(super) async fn holders(cx: &mut Context, stores: &[i64]) -> Result<Holders, Problem> {
    #[derive(QueryableByName)]
    struct Holder {
        #[diesel(sql_type = BigInt)]
        store_id: i64,
        #[diesel(sql_type = Text)]
        role: Role,
        #[diesel(sql_type = Text)]
        employee_no: String,
        #[diesel(sql_type = Text)]
        name: String,
    }
    let today = cx.today();
    let mut stores = stores.to_vec();
    stores.sort_unstable();
    stores.dedup();
    let found: Vec<Holder> = sql("SELECT DISTINCT u.store_id, role.name AS role, e.employee_no, e.name
         FROM org_unit u JOIN assignment p ON p.unit_id = u.id JOIN employee e ON e.id = p.employee_id
         JOIN user_account a ON a.employee_id = e.id CROSS JOIN LATERAL unnest(a.roles) AS role (name)
         WHERE u.store_id = ANY ($1) AND daterange(p.valid_from, p.valid_to) @> $2 AND NOT a.is_disabled
         ORDER BY e.employee_no")
    .over(stores.len())
    .bind::<Array<BigInt>, _>(stores)
    .bind::<Date, _>(today)
    .load(cx.db())
    .await?;
    let mut holders = Holders::new();
    for Holder { store_id, role, employee_no, name } in found {
        holders.entry((store_id, role)).or_default().push(Assignee { employee_no, name });
    }
    Ok(holders)
}
