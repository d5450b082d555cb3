//! Improvement plans in the database, and what published reviews propose.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::{
    ImprovementAssessment, ImprovementCause, ImprovementFilter, ImprovementOutcome, ImprovementPlan,
    ImprovementState, NewImprovementAssessment, NewImprovementPlan,
};
use crate::auth::Context;
use crate::db::schema::{improvement_assessment, improvement_plan, user_account};
use crate::db::sql_of;
use crate::http::{Problem, Window};
use crate::period::Period;
use crate::reviews::allowed::AllowedAction;
use crate::reviews::improvement::proposed::{is_answered, is_latest, proposes};
use crate::reviews::published::published_and_seen;
use crate::reviews::visibility::{Part, ReviewSight, Sight};

/// A plan, or the proposal of one.
#[derive(Debug, QueryableByName)]
pub(super) struct PlanRow {
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(super) id: Option<i64>,
    #[diesel(sql_type = Text)]
    pub(super) state: ImprovementState,
    #[diesel(sql_type = BigInt)]
    pub(super) employee_id: i64,
    #[diesel(sql_type = Text)]
    employee_no: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    scheme: String,
    #[diesel(sql_type = BigInt)]
    pub(super) review: i64,
    #[diesel(sql_type = Date)]
    period: Period,
    #[diesel(sql_type = Text)]
    pub(super) cause: ImprovementCause,
    #[diesel(sql_type = Nullable<Text>)]
    goals: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    training: Option<String>,
    #[diesel(sql_type = Nullable<Date>)]
    pub(super) starts_on: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Date>)]
    pub(super) first_assessment_on: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Date>)]
    pub(super) second_assessment_on: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Date>)]
    pub(super) ends_on: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Text>)]
    created_by: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    created_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Integer)]
    pub(super) version: i32,
}

impl PlanRow {
    /// The whole plan.
    pub(super) fn with(
        self,
        assessments: Vec<ImprovementAssessment>,
        allowed_actions: Vec<AllowedAction>,
    ) -> ImprovementPlan {
        ImprovementPlan {
            id: self.id,
            state: self.state,
            employee_no: self.employee_no,
            name: self.name,
            scheme: self.scheme,
            review: self.review,
            period: self.period,
            cause: self.cause,
            goals: self.goals,
            training: self.training,
            starts_on: self.starts_on,
            first_assessment_on: self.first_assessment_on,
            second_assessment_on: self.second_assessment_on,
            ends_on: self.ends_on,
            created_by: self.created_by,
            created_at: self.created_at,
            assessments,
            allowed_actions,
            version: self.version,
        }
    }
}

/// The published reviews that propose a plan, the last one of each person and scheme. They are read in the order of their ids,
/// so that a page is read no further than it goes.
const PROPOSED: &str = concat!(
    "SELECT NULL::bigint AS id, 'proposed' AS state, r.employee_id, e.employee_no, e.name, r.scheme, r.id AS review,
         r.period, CASE r.final_grade WHEN 'D' THEN 'grade_d' ELSE 'two_c' END AS cause, NULL::text AS goals,
         NULL::text AS training, NULL::date AS starts_on, NULL::date AS first_assessment_on,
         NULL::date AS second_assessment_on, NULL::date AS ends_on, NULL::text AS created_by,
         NULL::timestamptz AS created_at, 0 AS version
     FROM review r JOIN review_cycle c ON c.id = r.cycle_id JOIN employee e ON e.id = r.employee_id
     WHERE r.id > $2 AND ",
    proposes!("r"),
    " AND ",
    is_latest!("r"),
    " AND NOT ",
    is_answered!("r"),
    " AND ",
    published_and_seen!("$1")
);

/// Whoever sees a store's people finds them by the store and not among those of every store.
const NEAR: &str = " AND r.id = ANY (ARRAY(
         SELECT found.id FROM seen($1) within
         JOIN review_cycle month ON month.store_id = within.store_id AND within.months @> month.period
         JOIN review found ON found.cycle_id = month.id AND found.unit_id = within.unit_id
         WHERE found.is_current AND found.final_grade IN ('C', 'D')
         UNION
         SELECT own.id FROM review own WHERE own.employee_id = ((($1).scope).employee_id) AND own.is_current))";

/// What is proposed, by review; only by this one, where one is given.
pub(super) async fn proposals(
    cx: &mut Context,
    review: Option<i64>,
    filter: &ImprovementFilter,
    window: Window,
) -> Result<Vec<PlanRow>, Problem> {
    let (sight, is_everything) = (Sight::of(cx, Part::Score), cx.scope.is_everything());
    let rows = sql_of([
        (true, PROPOSED),
        (!is_everything, NEAR),
        (review.is_some(), " AND r.id = $3"),
        (filter.employee_no.is_some(), " AND e.employee_no = $4"),
        (true, " ORDER BY r.id"),
        (true, window.limit_clause()),
    ])
    .bind::<ReviewSight, _>(sight)
    .bind::<BigInt, _>(window.after)
    .bind::<Nullable<BigInt>, _>(review)
    .bind::<Nullable<Text>, _>(filter.employee_no.as_deref())
    .load(cx.db())
    .await?;
    Ok(rows)
}

/// Plans that the caller sees, by id; only this one, where one is given.
pub(super) async fn plans(
    cx: &mut Context,
    id: Option<i64>,
    filter: &ImprovementFilter,
    window: Window,
) -> Result<Vec<PlanRow>, Problem> {
    let sight = Sight::of(cx, Part::Score);
    let rows = sql_of([
        (
            true,
            concat!(
                "SELECT p.id, p.state, p.employee_id, e.employee_no, e.name, p.scheme, p.review_id AS review, p.period,
                     p.cause, p.goals, p.training, p.starts_on, p.first_assessment_on, p.second_assessment_on, p.ends_on,
                     a.login AS created_by, p.created_at, p.version
                 FROM improvement_plan p JOIN review r ON r.id = p.review_id JOIN review_cycle c ON c.id = r.cycle_id
                 JOIN employee e ON e.id = p.employee_id JOIN user_account a ON a.id = p.created_by
                 WHERE p.id > $2 AND ",
                published_and_seen!("$1")
            ),
        ),
        (id.is_some(), " AND p.id = $3"),
        (filter.employee_no.is_some(), " AND e.employee_no = $4"),
        (filter.state.is_some(), " AND p.state = $5"),
        (true, " ORDER BY p.id"),
        (true, window.limit_clause()),
    ])
    .bind::<ReviewSight, _>(sight)
    .bind::<BigInt, _>(window.after)
    .bind::<Nullable<BigInt>, _>(id)
    .bind::<Nullable<Text>, _>(filter.employee_no.as_deref())
    .bind::<Nullable<Text>, _>(filter.state)
    .load(cx.db())
    .await?;
    Ok(rows)
}

/// Holds a plan until the transaction ends.
pub(super) async fn lock(connection: &mut AsyncPgConnection, id: i64) -> Result<(), Problem> {
    improvement_plan::table
        .find(id)
        .select(improvement_plan::id)
        .for_update()
        .first::<i64>(connection)
        .await?;
    Ok(())
}

/// The assessments of plans, by plan.
pub(super) async fn assessments(
    connection: &mut AsyncPgConnection,
    plans: &[i64],
) -> Result<HashMap<i64, Vec<ImprovementAssessment>>, Problem> {
    type Row = (i64, i16, ImprovementOutcome, String, Option<NaiveDate>, String, DateTime<Utc>);
    let rows: Vec<Row> = improvement_assessment::table
        .inner_join(user_account::table.on(user_account::id.eq(improvement_assessment::assessed_by)))
        .filter(improvement_assessment::plan_id.eq_any(plans))
        .order((improvement_assessment::plan_id, improvement_assessment::number))
        .select((
            improvement_assessment::plan_id,
            improvement_assessment::number,
            improvement_assessment::outcome,
            improvement_assessment::sentence,
            improvement_assessment::extended_to,
            user_account::login,
            improvement_assessment::at,
        ))
        .load(connection)
        .await?;
    let mut assessments = HashMap::<i64, Vec<ImprovementAssessment>>::new();
    for (plan, number, outcome, sentence, extended_to, by, at) in rows {
        let assessment = ImprovementAssessment { number, outcome, sentence, extended_to, by, at };
        assessments.entry(plan).or_default().push(assessment);
    }
    Ok(assessments)
}

/// Makes a plan of a proposal.
pub(super) async fn insert(
    cx: &mut Context,
    proposed: &PlanRow,
    new: &NewImprovementPlan,
) -> Result<i64, Problem> {
    let Some((by, creator)) = cx.identity.as_ref().map(|by| (by.user_id, by.employee_id)) else {
        return Err(super::nameless());
    };
    let now = cx.now;
    let id = diesel::insert_into(improvement_plan::table)
        .values((
            improvement_plan::employee_id.eq(proposed.employee_id),
            improvement_plan::scheme.eq(&proposed.scheme),
            improvement_plan::review_id.eq(proposed.review),
            improvement_plan::period.eq(proposed.period),
            improvement_plan::cause.eq(proposed.cause),
            improvement_plan::goals.eq(new.goals.trim()),
            improvement_plan::training.eq(new.training.trim()),
            improvement_plan::starts_on.eq(new.starts_on),
            improvement_plan::first_assessment_on.eq(new.first_assessment_on),
            improvement_plan::second_assessment_on.eq(new.second_assessment_on),
            improvement_plan::ends_on.eq(new.ends_on),
            improvement_plan::state.eq(ImprovementState::Open),
            improvement_plan::created_by.eq(by),
            improvement_plan::creator_id.eq(creator),
            improvement_plan::created_at.eq(now),
        ))
        .returning(improvement_plan::id)
        .get_result(cx.db())
        .await?;
    Ok(id)
}

/// Adds an assessment to a plan that is locked, and takes it to its next state.
pub(super) async fn assess(
    cx: &mut Context,
    plan: &PlanRow,
    id: i64,
    number: i16,
    new: &NewImprovementAssessment,
    next: ImprovementState,
) -> Result<(), Problem> {
    let Some((by, assessor)) = cx.identity.as_ref().map(|by| (by.user_id, by.employee_id)) else {
        return Err(super::nameless());
    };
    let now = cx.now;
    diesel::insert_into(improvement_assessment::table)
        .values((
            improvement_assessment::plan_id.eq(id),
            improvement_assessment::number.eq(number),
            improvement_assessment::outcome.eq(new.outcome),
            improvement_assessment::sentence.eq(new.sentence.trim()),
            improvement_assessment::extended_to.eq(new.extended_to),
            improvement_assessment::assessed_by.eq(by),
            improvement_assessment::assessor_id.eq(assessor),
            improvement_assessment::subject_id.eq(plan.employee_id),
            improvement_assessment::at.eq(now),
        ))
        .execute(cx.db())
        .await?;
    let extended = new
        .extended_to
        .map(|day| (improvement_plan::ends_on.eq(day), improvement_plan::second_assessment_on.eq(day)));
    diesel::update(improvement_plan::table.find(id))
        .set((
            improvement_plan::state.eq(next),
            improvement_plan::version.eq(improvement_plan::version + 1),
            extended,
        ))
        .execute(cx.db())
        .await?;
    Ok(())
}
