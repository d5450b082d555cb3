//! Proposals in the database: made, listed, locked and decided.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Integer, Jsonb, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::{ProposalStatus, ProposedMonths, SplitProposal};
use crate::auth::caller::Scope;
use crate::db::schema::{annual_plan, employee, plan_proposal};
use crate::http::Problem;
use crate::http::etag::Seen;
use crate::plan::split::settings::{Resplit, Split};
use crate::plan::split::whole_plan::WholePlan;
use crate::plan::versions::rows;
use crate::plan::versions::store::{from_json, must_be_one};
use crate::plan::versions::version::Status;
use crate::plan::viewer::{REACHED, Viewer};

/// Which proposals to list; none: every one.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProposalFilter {
    /// How far it has come.
    pub status: Option<ProposalStatus>,
}

/// A version as a proposal needs it.
pub(super) struct Version {
    id: i64,
    unit_id: i64,
    pub year: i32,
    pub status: Status,
    closed_months: i32,
    pub split: Split,
}

/// The version with this id.
pub(super) async fn version(connection: &mut AsyncPgConnection, id: i64) -> Result<Version, Problem> {
    let row: (i64, i32, String, i32, serde_json::Value) = annual_plan::table
        .find(id)
        .select((
            annual_plan::unit_id,
            annual_plan::year,
            annual_plan::status,
            annual_plan::closed_months,
            annual_plan::split,
        ))
        .first(connection)
        .await
        .optional()?
        .ok_or_else(|| Problem::not_found("plan"))?;
    let (unit_id, year, status, closed_months, split) = row;
    let status = Status::named(&status)
        .ok_or_else(|| Problem::internal(&format!("no status is called '{status}'")))?;
    Ok(Version { id, unit_id, year, status, closed_months, split: from_json(split)? })
}

impl Version {
    /// Its cells, and what they follow from.
    pub(super) async fn whole(&self, connection: &mut AsyncPgConnection) -> Result<WholePlan, Problem> {
        rows::load_whole_plan(connection, self.id, self.closed_months, &self.split).await
    }
}

#[derive(QueryableByName)]
struct Led {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// The id of the unit that a change is about, if the plan has it and the leader leads it in one of the change's months.
pub(super) async fn led_unit(
    connection: &mut AsyncPgConnection,
    leader: &Scope,
    plan_id: i64,
    resplit: &Resplit,
) -> Result<i64, Problem> {
    let led: Option<Led> = diesel::sql_query(
        "SELECT u.id FROM org_unit u JOIN plan_node n ON n.unit_id = u.id
         WHERE n.plan_id = $4 AND n.tree = 'organisation' AND n.employee_id IS NULL AND u.code = $5
         AND EXISTS (SELECT FROM generate_series(least($6, $7), greatest($6, $7), '1 month') month
             WHERE may_reach($1, $2, $3, 0, u.id, month::date))",
    )
    .bind::<Array<Text>, _>(&leader.reaches)
    .bind::<BigInt, _>(leader.employee_id)
    .bind::<BigInt, _>(leader.unit_id)
    .bind::<BigInt, _>(plan_id)
    .bind::<Text, _>(&resplit.unit)
    .bind::<Date, _>(resplit.from.first_day())
    .bind::<Date, _>(resplit.to.first_day())
    .get_result(connection)
    .await
    .optional()?;
    Ok(led.ok_or_else(|| Problem::not_found("plan with a unit that you lead in these months"))?.id)
}

/// Adds an open proposal.
pub(super) async fn insert(
    connection: &mut AsyncPgConnection,
    version: &Version,
    unit_id: i64,
    resplit: &Resplit,
    author: i64,
    now: DateTime<Utc>,
) -> Result<i64, Problem> {
    let body = serde_json::to_value(resplit).map_err(|error| Problem::internal(&error))?;
    let id = diesel::insert_into(plan_proposal::table)
        .values((
            plan_proposal::plan_unit_id.eq(version.unit_id),
            plan_proposal::year.eq(version.year),
            plan_proposal::unit_id.eq(unit_id),
            plan_proposal::body.eq(body),
            plan_proposal::status.eq(ProposalStatus::Proposed.name()),
            plan_proposal::author_id.eq(author),
            plan_proposal::created_at.eq(now),
        ))
        .returning(plan_proposal::id)
        .get_result(connection)
        .await?;
    Ok(id)
}

/// A proposal, and the months, January first, in which the reader reaches its team.
pub(super) struct ProposalRow {
    pub proposal: SplitProposal,
    pub reached: Vec<bool>,
}

#[derive(QueryableByName)]
struct Stored {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    plan_unit: String,
    #[diesel(sql_type = Integer)]
    year: i32,
    #[diesel(sql_type = Jsonb)]
    body: serde_json::Value,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Text)]
    author: String,
    #[diesel(sql_type = Nullable<Text>)]
    decided_by: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    note: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    decided_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<BigInt>)]
    accepted_into: Option<i64>,
    #[diesel(sql_type = Integer)]
    row_version: i32,
    #[diesel(sql_type = Array<Bool>)]
    reached: Vec<bool>,
}

impl Stored {
    fn row(self) -> Result<ProposalRow, Problem> {
        let proposal = SplitProposal {
            id: self.id,
            plan_unit: self.plan_unit,
            year: self.year,
            resplit: read(self.body)?,
            status: ProposalStatus::named(&self.status)
                .ok_or_else(|| Problem::internal(&format!("no status is called '{}'", self.status)))?,
            author: self.author,
            decided_by: self.decided_by,
            note: self.note,
            created_at: self.created_at,
            decided_at: self.decided_at,
            accepted_into: self.accepted_into,
            preview: None,
            obstacle: None,
            row_version: self.row_version,
        };
        Ok(ProposalRow { proposal, reached: self.reached })
    }
}

fn read(body: serde_json::Value) -> Result<Resplit, Problem> {
    serde_json::from_value(body).map_err(|error| Problem::internal(&error))
}

/// The proposals behind `after` to the plan of version `plan_id` that the scope reaches, by id.
pub(super) async fn list(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    plan_id: i64,
    filter: &ProposalFilter,
    after: i64,
    limit: i64,
) -> Result<Vec<ProposalRow>, Problem> {
    select(connection, scope, (Some(plan_id), None), filter, after, limit).await
}

/// The proposal with this id, if the scope reaches it.
pub(super) async fn find(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    id: i64,
) -> Result<ProposalRow, Problem> {
    let found = select(connection, scope, (None, Some(id)), &ProposalFilter::default(), 0, 1).await?.pop();
    found.ok_or_else(|| Problem::not_found("proposal"))
}

/// Those of a plan, or the one with an id.
async fn select(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    (plan_id, id): (Option<i64>, Option<i64>),
    filter: &ProposalFilter,
    after: i64,
    limit: i64,
) -> Result<Vec<ProposalRow>, Problem> {
    let rows: Vec<Stored> = diesel::sql_query(
        "SELECT r.id, plan_unit.code AS plan_unit, r.year, r.body, r.status, author.login AS author,
             decider.login AS decided_by, r.note, r.created_at, r.decided_at, r.accepted_into, r.row_version,
             ARRAY(SELECT may_reach($1, $2, $3, 0, r.unit_id, make_date(r.year, m, 1))
                 FROM generate_series(1, 12) m ORDER BY m) AS reached
         FROM plan_proposal r
         JOIN org_unit plan_unit ON plan_unit.id = r.plan_unit_id
         JOIN user_account author ON author.id = r.author_id
         LEFT JOIN user_account decider ON decider.id = r.decided_by
         WHERE r.id > $6 AND ($5 IS NULL OR r.id = $5) AND ($7 IS NULL OR r.status = $7)
         AND ($4 IS NULL OR EXISTS (
             SELECT FROM annual_plan p WHERE p.id = $4 AND p.unit_id = r.plan_unit_id AND p.year = r.year))
         AND EXISTS (
             SELECT FROM generate_series(right(r.body->>'from', 2)::integer, right(r.body->>'to', 2)::integer) m
             WHERE may_reach($1, $2, $3, 0, r.unit_id, make_date(r.year, m, 1)))
         ORDER BY r.id LIMIT $8",
    )
    .bind::<Array<Text>, _>(&scope.reaches)
    .bind::<BigInt, _>(scope.employee_id)
    .bind::<BigInt, _>(scope.unit_id)
    .bind::<Nullable<BigInt>, _>(plan_id)
    .bind::<Nullable<BigInt>, _>(id)
    .bind::<BigInt, _>(after)
    .bind::<Nullable<Text>, _>(filter.status.map(ProposalStatus::name))
    .bind::<BigInt, _>(limit)
    .load(connection)
    .await?;
    rows.into_iter().map(Stored::row).collect()
}

/// Adds the names of people.
pub(super) async fn name(
    connection: &mut AsyncPgConnection,
    people: Vec<(i64, ProposedMonths)>,
) -> Result<Vec<ProposedMonths>, Problem> {
    let ids: Vec<i64> = people.iter().map(|(id, _)| *id).collect();
    let names: Vec<(i64, String)> = employee::table
        .filter(employee::id.eq_any(ids))
        .select((employee::id, employee::name))
        .load(connection)
        .await?;
    let mut names: HashMap<i64, String> = names.into_iter().collect();
    let named = people.into_iter().map(|(id, months)| {
        let name = names.remove(&id).unwrap_or_default();
        ProposedMonths { name, ..months }
    });
    Ok(named.collect())
}

#[derive(QueryableByName)]
struct Reached {
    #[diesel(sql_type = Bool)]
    is_reached: bool,
}

/// Refuses a proposal to a plan that the viewer does not see as a whole: for the viewer there is none.
pub async fn require_proposal(
    connection: &mut AsyncPgConnection,
    viewer: &Viewer,
    id: i64,
) -> Result<(), Problem> {
    let query = format!(
        "SELECT {REACHED} AS is_reached
         FROM (SELECT plan_unit_id AS unit_id, year FROM plan_proposal WHERE id = $5) p"
    );
    let found: Option<Reached> = diesel::sql_query(query)
        .bind::<Array<Text>, _>(&viewer.scope.reaches)
        .bind::<BigInt, _>(viewer.scope.employee_id)
        .bind::<BigInt, _>(viewer.scope.unit_id)
        .bind::<Date, _>(viewer.month)
        .bind::<BigInt, _>(id)
        .get_result(connection)
        .await
        .optional()?;
    match found {
        Some(Reached { is_reached: true }) => Ok(()),
        _ => Err(Problem::not_found("proposal")),
    }
}

/// Refuses a proposal of somebody else: to `user` there is none.
pub(super) async fn require_author(
    connection: &mut AsyncPgConnection,
    id: i64,
    user: i64,
) -> Result<(), Problem> {
    let own: Option<i64> = plan_proposal::table
        .find(id)
        .filter(plan_proposal::author_id.eq(user))
        .select(plan_proposal::id)
        .first(connection)
        .await
        .optional()?;
    own.map(|_| ()).ok_or_else(|| Problem::not_found("proposal"))
}

/// An open proposal that nobody else can decide until the transaction ends.
pub(super) struct Open {
    id: i64,
    plan_unit_id: i64,
    year: i32,
    pub resplit: Resplit,
    pub author_id: i64,
    row_version: i32,
}

/// What became of a proposal.
pub(super) struct Decided {
    pub status: ProposalStatus,
    pub by: i64,
    pub note: Option<String>,
    pub accepted_into: Option<i64>,
}

impl Open {
    /// Locks the proposal, if it is the one seen and still open; `participle` is what is to be done with it.
    pub(super) async fn lock(
        connection: &mut AsyncPgConnection,
        id: i64,
        seen: Seen,
        participle: &str,
    ) -> Result<Self, Problem> {
        let row: (i64, i32, serde_json::Value, String, i64, i32) = plan_proposal::table
            .find(id)
            .select((
                plan_proposal::plan_unit_id,
                plan_proposal::year,
                plan_proposal::body,
                plan_proposal::status,
                plan_proposal::author_id,
                plan_proposal::row_version,
            ))
            .for_update()
            .first(connection)
            .await
            .optional()?
            .ok_or_else(|| Problem::not_found("proposal"))?;
        let (plan_unit_id, year, body, status, author_id, row_version) = row;
        seen.check(row_version)?;
        if status != ProposalStatus::Proposed.name() {
            return Err(Problem::conflict(format!("the proposal is {status}, so it cannot be {participle}")));
        }
        Ok(Self { id, plan_unit_id, year, resplit: read(body)?, author_id, row_version })
    }

    /// The version of the plan that is a draft or submitted.
    pub(super) async fn draft(&self, connection: &mut AsyncPgConnection) -> Result<Option<i64>, Problem> {
        let draft = annual_plan::table
            .filter(annual_plan::unit_id.eq(self.plan_unit_id))
            .filter(annual_plan::year.eq(self.year))
            .filter(annual_plan::status.eq_any([Status::Draft.name(), Status::Submitted.name()]))
            .select(annual_plan::id)
            .first(connection)
            .await
            .optional()?;
        Ok(draft)
    }

    /// Keeps the decision.
    pub(super) async fn decide(
        &self,
        connection: &mut AsyncPgConnection,
        decided: &Decided,
        now: DateTime<Utc>,
    ) -> Result<(), Problem> {
        let rows = diesel::update(
            plan_proposal::table.find(self.id).filter(plan_proposal::row_version.eq(self.row_version)),
        )
        .set((
            plan_proposal::status.eq(decided.status.name()),
            plan_proposal::decided_by.eq(decided.by),
            plan_proposal::note.eq(&decided.note),
            plan_proposal::accepted_into.eq(decided.accepted_into),
            plan_proposal::decided_at.eq(now),
            plan_proposal::row_version.eq(self.row_version + 1),
        ))
        .execute(connection)
        .await?;
        must_be_one(rows)
    }
}
