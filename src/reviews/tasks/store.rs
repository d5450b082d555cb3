//! Tasks in the database: one statement a kind.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;

use super::Assignee;
use super::holders::holders;
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
    /// Ids of the logins whose it is not, although they have the role for it.
    #[diesel(sql_type = Array<BigInt>)]
    pub(super) barred: Vec<i64>,
    /// Whether it waits for the caller because it is nobody's in its store.
    #[diesel(sql_type = Bool)]
    pub(super) nobody_else: bool,
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

/// What is left of a kind whose it is of nobody in its store: everybody with a role for it is concerned, or nobody has one.
const OF_NOBODY: &str = concat!(
    " WHERE NOT EXISTS (SELECT FROM (",
    holders!("$3"),
    ") AS holder WHERE holder.store_id = waits.store_id AND holder.roles && $10 AND holder.user_id <> ALL (waits.barred)
         AND (holder.employee_no IS NULL OR holder.employee_no IS DISTINCT FROM waits.about_no))"
);

/// What the caller reaches of a kind.
#[derive(Debug)]
pub(super) struct TaskReach {
    /// By the roles whose it is; none where the caller has none.
    pub(super) own: Option<Scope>,
    /// As somebody who stands in where it is nobody's; none where the caller does not.
    pub(super) standing_in: Option<Scope>,
}

/// What waits of a kind: for the caller, or for everybody where the operator asks; and what waits for the caller because nobody
/// in its store may do it. Each kind is asked for once.
pub(super) async fn rows(
    cx: &mut Context,
    waiting: &Waiting,
    reach: TaskReach,
    (scored, store): (&ScoredPositions, Option<&str>),
) -> Result<Vec<TaskRow>, Problem> {
    let person = cx.identity.as_ref().and_then(|by| by.employee_id);
    let (is_mine, by, today) = (cx.identity.is_some(), cx.by(), cx.today());
    let (own, stands_in) = (reach.own.is_some(), reach.standing_in.is_some());
    if !own && !stands_in {
        return Ok(Vec::new());
    }
    // What is not reached is not asked for, and its place is filled with anything.
    let own_scope = reach.own.unwrap_or_else(Scope::operator);
    let wider_scope = reach.standing_in.unwrap_or_else(Scope::operator);
    let [own_sight, wider_sight] =
        [&own_scope, &wider_scope].map(|scope| Sight::within(cx, scope.clone(), Part::Score));
    let roles = waiting.whose.roles().iter().map(|role| role.name()).collect::<Vec<_>>();
    let standing_in = waiting.mine_of_who_stands_in();
    let rows = sql_of([
        (own, "SELECT waits.*, false AS nobody_else FROM ("),
        (own, waiting.all),
        (own && is_mine, waiting.mine),
        (own && store.is_some(), " AND s.code = $4"),
        (own, waiting.end),
        (own, ") AS waits"),
        (own && stands_in, " UNION ALL "),
        (stands_in, "SELECT waits.*, true AS nobody_else FROM ("),
        (stands_in, waiting.all),
        (stands_in, &standing_in),
        (stands_in && store.is_some(), " AND s.code = $4"),
        (stands_in, waiting.end),
        (stands_in, ") AS waits"),
        (stands_in, OF_NOBODY),
    ])
    .bind::<Nullable<BigInt>, _>(person)
    .bind::<CallerScope, _>(own_scope)
    .bind::<Date, _>(today)
    .bind::<Nullable<Text>, _>(store)
    .bind::<Nullable<BigInt>, _>(by)
    .bind::<ReviewSight, _>(own_sight)
    .bind::<Array<Date>, _>(&scored.periods)
    .bind::<Array<BigInt>, _>(&scored.releases)
    .bind::<Array<Text>, _>(&scored.positions)
    .bind::<Array<Text>, _>(roles)
    .bind::<CallerScope, _>(wider_scope)
    .bind::<ReviewSight, _>(wider_sight)
    .load(cx.db())
    .await?;
    Ok(rows)
}

/// Who has which role in which store, and who stands in for them.
#[derive(Debug, Default)]
pub(super) struct Holders {
    of_stores: HashMap<(i64, Role), Vec<Assignee>>,
    of_group: HashMap<i64, Vec<Assignee>>,
}

impl Holders {
    /// Those of a store who have one of these roles, in their order.
    pub(super) fn of(&self, store_id: i64, roles: &[Role]) -> impl Iterator<Item = &Assignee> {
        roles.iter().filter_map(move |role| self.of_stores.get(&(store_id, *role))).flatten()
    }

    /// The administrators of a store's group.
    pub(super) fn of_group(&self, store_id: i64) -> impl Iterator<Item = &Assignee> {
        self.of_group.get(&store_id).into_iter().flatten()
    }
}

#[derive(QueryableByName)]
struct Holder {
    #[diesel(sql_type = BigInt)]
    store_id: i64,
    #[diesel(sql_type = Text)]
    role: Role,
    #[diesel(sql_type = BigInt)]
    user_id: i64,
    #[diesel(sql_type = Text)]
    employee_no: String,
    #[diesel(sql_type = Text)]
    name: String,
}

/// Who has which role now in these stores, and who administers their groups.
pub(super) async fn holders(cx: &mut Context, stores: &[i64]) -> Result<Holders, Problem> {
    let today = cx.today();
    let mut stores = stores.to_vec();
    stores.sort_unstable();
    stores.dedup();
    let found: Vec<Holder> = sql(concat!(
        "SELECT DISTINCT holder.store_id, role.name AS role, holder.user_id, holder.employee_no, holder.name FROM (",
        holders!("$2"),
        ") AS holder CROSS JOIN LATERAL unnest(holder.roles) AS role (name)
         WHERE holder.store_id = ANY ($1) AND holder.employee_no IS NOT NULL
         UNION
         SELECT s.id, 'group_admin', a.id, e.employee_no, e.name FROM org_unit s JOIN user_account a
             ON 'group_admin' = ANY (a.roles) AND NOT a.is_disabled AND (a.unit_id IS NULL OR s.path @> ARRAY[a.unit_id])
         JOIN employee e ON e.id = a.employee_id WHERE s.id = ANY ($1)
         ORDER BY employee_no"
    ))
    .over(stores.len())
    .bind::<Array<BigInt>, _>(stores)
    .bind::<Date, _>(today)
    .load(cx.db())
    .await?;
    let mut holders = Holders::default();
    for Holder { store_id, role, user_id, employee_no, name } in found {
        let who = Assignee { user_id, employee_no, name };
        match role {
            Role::GroupAdmin => holders.of_group.entry(store_id).or_default().push(who),
            _ => holders.of_stores.entry((store_id, role)).or_default().push(who),
        }
    }
    Ok(holders)
}
