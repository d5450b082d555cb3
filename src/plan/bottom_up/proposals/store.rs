//! Proposals in the database: made, listed, locked and decided.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

use super::{ProposalStatus, SplitProposal};
use crate::auth::Context;
use crate::auth::scope::{CallerScope, Scope};
use crate::db::schema::{annual_plan, employee, plan_proposal};
use crate::db::sql;
use crate::http::etag::Seen;
use crate::http::{Code, Problem, Window};
use crate::plan::split::settings::Resplit;
use crate::plan::versions::store::{Version, must_be_one};
use crate::plan::versions::version::Status;
use crate::plan::viewer;
use crate::said::{Said, say};

/// Which proposals to list; none: every one.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProposalFilter {
    /// How far it has come.
    pub status: Option<ProposalStatus>,
}

#[derive(QueryableByName)]
struct UnitId {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// The id of the unit that a change is about, if the plan has it and the caller leads it in one of the change's months.
pub(super) async fn led_unit(cx: &mut Context, plan_id: i64, resplit: &Resplit) -> Result<i64, Problem> {
    let led: Option<UnitId> = sql("SELECT u.id FROM org_unit u JOIN plan_node n ON n.unit_id = u.id
         WHERE n.plan_id = $2 AND n.tree = 'organisation' AND n.employee_id IS NULL AND u.code = $3
         AND (($1).everything OR EXISTS (
             SELECT FROM reached($1) r
             WHERE r.unit_id = u.id AND r.months && daterange(least($4, $5), greatest($4, $5), '[]')))")
    .bind::<CallerScope, _>(cx.scope.clone())
    .bind::<BigInt, _>(plan_id)
    .bind::<Text, _>(resplit.unit.clone())
    .bind::<Date, _>(resplit.from)
    .bind::<Date, _>(resplit.to)
    .get_result(cx.db())
    .await
    .optional()?;
    let led = led.ok_or_else(|| {
        let detail = say!(
            "这几个月里您在这份计划中不带“{}”",
            "you lead no unit '{}' of this plan in these months",
            resplit.unit
        );
        Problem::new(Code::NotFound, detail)
    });
    Ok(led?.id)
}

/// Adds an open proposal.
pub(super) async fn insert(
    cx: &mut Context,
    version: &Version,
    unit_id: i64,
    resplit: &Resplit,
    author: i64,
) -> Result<i64, Problem> {
    let id = diesel::insert_into(plan_proposal::table)
        .values((
            plan_proposal::plan_unit_id.eq(version.unit_id),
            plan_proposal::year.eq(version.year),
            plan_proposal::unit_id.eq(unit_id),
            plan_proposal::body.eq(resplit),
            plan_proposal::status.eq(ProposalStatus::Proposed),
            plan_proposal::author_id.eq(author),
            plan_proposal::created_at.eq(cx.now),
        ))
        .returning(plan_proposal::id)
        .get_result(cx.db())
        .await?;
    Ok(id)
}

/// A proposal, and its team.
#[derive(QueryableByName)]
pub(super) struct ProposalRow {
    #[diesel(embed)]
    pub proposal: SplitProposal,
    #[diesel(sql_type = BigInt)]
    pub unit_id: i64,
}

/// The proposals to the plan of version `plan_id` that the scope reaches, by id.
pub(super) async fn list(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    plan_id: i64,
    filter: &ProposalFilter,
    window: Window,
) -> Result<Vec<ProposalRow>, Problem> {
    select(connection, scope, (Some(plan_id), None), filter, window).await
}

/// The proposal with this id, if the scope reaches it.
pub(super) async fn find(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    id: i64,
) -> Result<ProposalRow, Problem> {
    let none = ProposalFilter::default();
    let found = select(connection, scope, (None, Some(id)), &none, Window::ONE).await?.pop();
    found.ok_or_else(|| Problem::not_found("proposal"))
}

/// Those of a plan, or the one with an id.
async fn select(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    (plan_id, id): (Option<i64>, Option<i64>),
    filter: &ProposalFilter,
    window: Window,
) -> Result<Vec<ProposalRow>, Problem> {
    let rows = sql(
        "SELECT r.id, plan_unit.code AS plan_unit, r.year, r.body AS resplit, r.status, author.login AS author,
             decider.login AS decided_by, r.note, r.created_at, r.decided_at, r.accepted_into, r.row_version,
             r.unit_id
         FROM plan_proposal r
         JOIN org_unit plan_unit ON plan_unit.id = r.plan_unit_id
         JOIN user_account author ON author.id = r.author_id
         LEFT JOIN user_account decider ON decider.id = r.decided_by
         WHERE r.id > $4 AND ($3 IS NULL OR r.id = $3) AND ($5 IS NULL OR r.status = $5)
         AND ($2 IS NULL OR EXISTS (
             SELECT FROM annual_plan p WHERE p.id = $2 AND p.unit_id = r.plan_unit_id AND p.year = r.year))
         AND (($1).everything OR EXISTS (
             SELECT FROM reached($1) seen WHERE seen.unit_id = r.unit_id AND seen.months && daterange(
                 make_date(r.year, right(r.body->>'from', 2)::integer, 1),
                 make_date(r.year, right(r.body->>'to', 2)::integer, 1), '[]')))
         ORDER BY r.id LIMIT $6",
    )
    .bind::<CallerScope, _>(scope.clone())
    .bind::<Nullable<BigInt>, _>(plan_id)
    .bind::<Nullable<BigInt>, _>(id)
    .bind::<BigInt, _>(window.after)
    .bind::<Nullable<Text>, _>(filter.status)
    .bind::<BigInt, _>(window.rows())
    .load(connection)
    .await?;
    Ok(rows)
}

/// The names of people, by id.
pub(super) async fn names(
    connection: &mut AsyncPgConnection,
    ids: Vec<i64>,
) -> Result<HashMap<i64, String>, Problem> {
    let names: Vec<(i64, String)> = employee::table
        .filter(employee::id.eq_any(ids))
        .select((employee::id, employee::name))
        .load(connection)
        .await?;
    Ok(names.into_iter().collect())
}

/// Refuses a proposal to a plan that is not seen as a whole: for who asks there is none.
pub(super) async fn require_proposal(cx: &mut Context, id: i64) -> Result<(), Problem> {
    match viewer::sees_proposal(cx, id).await? {
        true => Ok(()),
        false => Err(Problem::not_found("proposal")),
    }
}

/// Refuses a proposal of somebody else: for who asks there is none.
pub(super) async fn require_author(cx: &mut Context, id: i64) -> Result<(), Problem> {
    let author: Option<i64> =
        plan_proposal::table.find(id).select(plan_proposal::author_id).first(cx.db()).await.optional()?;
    match author == Some(viewer::person(cx)?) {
        true => Ok(()),
        false => Err(Problem::not_found("proposal")),
    }
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

/// What is decided on a proposal, and what the trail tells of it.
pub(super) struct Decision {
    pub note: Option<String>,
    pub accepted_into: Option<i64>,
    pub detail: Value,
}

impl Open {
    /// Locks the proposal, if it is the one seen and still open; `outcome` is what is to become of it.
    pub(super) async fn lock(
        connection: &mut AsyncPgConnection,
        id: i64,
        seen: Seen,
        outcome: ProposalStatus,
    ) -> Result<Self, Problem> {
        let row: (i64, i32, Resplit, ProposalStatus, i64, i32) = plan_proposal::table
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
        let (plan_unit_id, year, resplit, status, author_id, row_version) = row;
        seen.check(row_version)?;
        if status != ProposalStatus::Proposed {
            return Err(Problem::conflict(Said::both(
                format!("提案的状态是“{}”，不能改为“{}”", status.label(), outcome.label()),
                format!("the proposal is {status}, so it cannot be {outcome}"),
            )));
        }
        Ok(Self { id, plan_unit_id, year, resplit, author_id, row_version })
    }

    /// The version of the plan that is a draft or submitted.
    pub(super) async fn draft(&self, connection: &mut AsyncPgConnection) -> Result<Option<i64>, Problem> {
        let draft = annual_plan::table
            .filter(annual_plan::unit_id.eq(self.plan_unit_id))
            .filter(annual_plan::year.eq(self.year))
            .filter(annual_plan::status.eq_any([Status::Draft, Status::Submitted]))
            .select(annual_plan::id)
            .first(connection)
            .await
            .optional()?;
        Ok(draft)
    }

    /// Keeps the decision.
    pub(super) async fn decide(
        &self,
        cx: &mut Context,
        status: ProposalStatus,
        by: i64,
        decision: &Decision,
    ) -> Result<(), Problem> {
        let rows = diesel::update(
            plan_proposal::table.find(self.id).filter(plan_proposal::row_version.eq(self.row_version)),
        )
        .set((
            plan_proposal::status.eq(status),
            plan_proposal::decided_by.eq(by),
            plan_proposal::note.eq(&decision.note),
            plan_proposal::accepted_into.eq(decision.accepted_into),
            plan_proposal::decided_at.eq(cx.now),
            plan_proposal::row_version.eq(self.row_version + 1),
        ))
        .execute(cx.db())
        .await?;
        must_be_one(rows)
    }
}
