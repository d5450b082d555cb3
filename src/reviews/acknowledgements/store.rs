//! Acknowledgements in the database.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::{Acknowledgement, Decision, NewAcknowledgement};
use crate::auth::access::{Acknowledge, Action as _};
use crate::auth::scope::{CallerScope, Scope, reaches_month};
use crate::auth::{Context, Identity};
use crate::db::schema::{employee, review_acknowledgement, user_account};
use crate::db::{sql, sql_of};
use crate::http::{FieldError, Problem};
use crate::reviews::cycle::CycleState;
use crate::reviews::published::last_published;
use crate::reviews::subject::hold_cycle;
use crate::reviews::visibility::{Part, ReviewSight, Sight, seen};
use crate::said::say;

/// The review that is acknowledged: its revision in force.
#[derive(Debug, QueryableByName)]
pub(super) struct Subject {
    #[diesel(sql_type = BigInt)]
    pub(super) cycle_id: i64,
    #[diesel(sql_type = Text)]
    pub(super) cycle_state: CycleState,
    #[diesel(sql_type = BigInt)]
    pub(super) store_id: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) employee_id: i64,
    #[diesel(sql_type = Text)]
    pub(super) employee_no: String,
    #[diesel(sql_type = Text)]
    pub(super) name: String,
    #[diesel(sql_type = Text)]
    scheme: String,
    #[diesel(sql_type = BigInt)]
    pub(super) current: i64,
    #[diesel(sql_type = Integer)]
    pub(super) revision: i32,
    /// Whether the caller may record what the person does not say.
    #[diesel(sql_type = Bool)]
    pub(super) is_reached: bool,
    #[diesel(sql_type = Bool)]
    pub(super) has_login: bool,
}

/// The review that the caller names by any of its revisions, if the one in force is seen. Where it is to be `held`, its
/// cycle stays in its state, the revision in force, and nobody else adds an act, until the transaction ends.
pub(super) async fn subject(cx: &mut Context, review_id: i64, held: bool) -> Result<Subject, Problem> {
    if held {
        hold_cycle(cx, review_id).await?;
    }
    let sight = Sight::of(cx, Part::Score);
    let scope = cx.identity.as_ref().map(|identity| Scope::of(identity, Acknowledge::reach_of));
    let found: Option<Subject> = sql_of([
        (
            true,
            concat!(
                "SELECT now.cycle_id, c.state AS cycle_state, now.store_id, now.employee_id, e.employee_no, e.name,
                     now.scheme, now.id AS current, now.revision, ",
                reaches_month!("$3", "now.unit_id", "now.period"),
                " AS is_reached, EXISTS (SELECT FROM user_account l WHERE l.employee_id = e.id AND NOT l.is_disabled)
                     AS has_login
                 FROM review r JOIN review now ON now.cycle_id = r.cycle_id AND now.employee_id = r.employee_id
                     AND now.scheme = r.scheme AND now.is_current
                 JOIN review_cycle c ON c.id = now.cycle_id JOIN employee e ON e.id = now.employee_id
                 WHERE r.id = $1 AND ",
                seen!("$2", "now.employee_id", "now.unit_id", "now.period", "c.stage"),
            ),
        ),
        (held, " FOR NO KEY UPDATE OF now"),
    ])
    .bind::<BigInt, _>(review_id)
    .bind::<ReviewSight, _>(sight)
    .bind::<CallerScope, _>(scope.unwrap_or_else(Scope::operator))
    .get_result(cx.db())
    .await
    .optional()?;
    match found {
        Some(subject) => Ok(subject),
        None => Err(crate::reviews::erased::absent(cx, review_id).await),
    }
}

/// Every act about a review, whatever the revision, in their order.
pub(super) async fn acts(cx: &mut Context, subject: &Subject) -> Result<Vec<Acknowledgement>, Problem> {
    let acts = sql("SELECT a.id, a.review_id AS review, r.revision, a.act, a.how, a.at, l.login AS by,
             w.name AS by_name, a.sha256, a.until, a.text, a.witnesses, a.happened_at
         FROM review_acknowledgement a JOIN review r ON r.id = a.review_id
         LEFT JOIN user_account l ON l.id = a.user_id LEFT JOIN employee w ON w.id = a.recorder_id
         WHERE a.cycle_id = $1 AND a.employee_id = $2 AND a.scheme = $3 ORDER BY a.id")
    .bind::<BigInt, _>(subject.cycle_id)
    .bind::<BigInt, _>(subject.employee_id)
    .bind::<Text, _>(subject.scheme.clone())
    .load(cx.db())
    .await?;
    Ok(acts)
}

/// Login of who records something, and the name of the person behind it.
pub(super) async fn recorder(cx: &mut Context, user_id: i64) -> Result<(String, Option<String>), Problem> {
    let found = user_account::table
        .left_join(employee::table.on(employee::id.nullable().eq(user_account::employee_id)))
        .filter(user_account::id.eq(user_id))
        .select((user_account::login, employee::name.nullable()))
        .first(cx.db())
        .await?;
    Ok(found)
}

/// An act with what the program knows of it.
pub(super) struct Addition<'a> {
    pub(super) new: &'a NewAcknowledgement,
    pub(super) identity: &'a Identity,
    pub(super) until: Option<NaiveDate>,
    pub(super) told_id: Option<i64>,
    pub(super) sha256: String,
    /// The appeal whose decision is told.
    pub(super) decision: Option<i64>,
}

/// Adds an act about the revision in force.
pub(super) async fn add(cx: &mut Context, subject: &Subject, addition: &Addition<'_>) -> Result<(), Problem> {
    let Addition { new, identity, until, told_id, sha256, decision } = addition;
    let witnesses =
        new.witnesses.as_ref().map(|names| names.iter().map(|name| name.trim()).collect::<Vec<_>>());
    let now = cx.now;
    diesel::insert_into(review_acknowledgement::table)
        .values((
            review_acknowledgement::cycle_id.eq(subject.cycle_id),
            review_acknowledgement::employee_id.eq(subject.employee_id),
            review_acknowledgement::scheme.eq(&subject.scheme),
            review_acknowledgement::review_id.eq(subject.current),
            review_acknowledgement::act.eq(new.act),
            review_acknowledgement::how.eq(new.how),
            review_acknowledgement::user_id.eq(identity.user_id),
            review_acknowledgement::recorder_id.eq(identity.employee_id),
            review_acknowledgement::at.eq(now),
            review_acknowledgement::sha256.eq(sha256),
            review_acknowledgement::until.eq(until),
            review_acknowledgement::told_id.eq(told_id),
            review_acknowledgement::text.eq(new.said()),
            review_acknowledgement::witnesses.eq(witnesses),
            review_acknowledgement::happened_at.eq(new.happened_at),
            review_acknowledgement::appeal_id.eq(decision),
        ))
        .execute(cx.db())
        .await?;
    Ok(())
}

/// Somebody with a login who is to be told of a review.
#[derive(Debug, QueryableByName)]
pub(super) struct Untold {
    #[diesel(sql_type = BigInt)]
    pub(super) review_id: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) store_id: i64,
}

/// Reviews in force of people with a login.
macro_rules! with_login {
    ($rest:expr) => {
        sql(concat!(
            "SELECT r.id AS review_id, r.store_id FROM review r
             JOIN user_account l ON l.employee_id = r.employee_id AND NOT l.is_disabled WHERE r.is_current AND ",
            $rest
        ))
    };
}

/// The next reviews of these cycles, by id, of whose revision in force people with a login have not been told since it was
/// published, and have not answered either.
pub(super) async fn untold(
    connection: &mut AsyncPgConnection,
    cycles: &[i64],
    after: i64,
    limit: usize,
) -> Result<Vec<Untold>, Problem> {
    let untold = with_login!(concat!(
        "r.cycle_id = ANY ($1) AND r.id > $2
         AND NOT EXISTS (SELECT FROM review_acknowledgement a WHERE a.review_id = r.id
             AND CASE a.act WHEN 'told' THEN a.at >= ",
        last_published!("r.cycle_id"),
        " ELSE a.act NOT IN ('seen', 'out_of_reach') END) ORDER BY r.id LIMIT $3"
    ))
    .over(cycles.len())
    .bind::<Array<BigInt>, _>(cycles)
    .bind::<BigInt, _>(after)
    .bind::<BigInt, _>(i64::try_from(limit).unwrap_or(i64::MAX))
    .load(connection)
    .await?;
    Ok(untold)
}

/// This review, if it is in force and of somebody with a login.
pub(super) async fn with_login(
    connection: &mut AsyncPgConnection,
    reviews: &[i64],
) -> Result<Vec<Untold>, Problem> {
    Ok(with_login!("r.id = ANY ($1)").bind::<Array<BigInt>, _>(reviews).load(connection).await?)
}

/// Tells people of reviews in the program: each with the hash of what it shows, and the last day of the term.
pub(super) async fn tell(
    cx: &mut Context,
    tellings: Vec<(i64, String, NaiveDate)>,
    decision: Option<Decision>,
) -> Result<usize, Problem> {
    let (now, by) = (cx.now, cx.by());
    let recorder = cx.identity.as_ref().and_then(|identity| identity.employee_id);
    let (mut reviews, mut hashes, mut ends) = (Vec::new(), Vec::new(), Vec::new());
    for (review, sha256, until) in tellings {
        reviews.push(review);
        hashes.push(sha256);
        ends.push(until);
    }
    let told = sql("INSERT INTO review_acknowledgement
             (cycle_id, employee_id, scheme, review_id, act, how, user_id, recorder_id, at, sha256, until, appeal_id)
         SELECT r.cycle_id, r.employee_id, r.scheme, r.id, 'told', 'in_program', $4, $5, $6, one.sha256, one.until,
             CASE WHEN r.id = $7 THEN $8 END
         FROM unnest($1, $2, $3) AS one (id, sha256, until) JOIN review r ON r.id = one.id ORDER BY r.id")
    .over(reviews.len())
    .bind::<Array<BigInt>, _>(reviews)
    .bind::<Array<Text>, _>(hashes)
    .bind::<Array<Date>, _>(ends)
    .bind::<Nullable<BigInt>, _>(by)
    .bind::<Nullable<BigInt>, _>(recorder)
    .bind::<Timestamptz, _>(now)
    .bind::<Nullable<BigInt>, _>(decision.map(|decision| decision.review))
    .bind::<Nullable<BigInt>, _>(decision.map(|decision| decision.appeal))
    .execute(cx.db())
    .await?;
    Ok(told)
}

/// How many reviews of a cycle lapsed.
#[derive(Debug, QueryableByName)]
pub(super) struct LapsedReviews {
    #[diesel(sql_type = BigInt)]
    pub(super) id: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) reviews: i64,
}

/// Adds a lapse for every review of these cycles, where they are published, that was told of since, whose term has ended, and
/// that nobody has answered: how many, by cycle.
pub(super) async fn lapse(cx: &mut Context, cycles: &[i64]) -> Result<Vec<LapsedReviews>, Problem> {
    let (now, today) = (cx.now, cx.today());
    let lapsed = sql(concat!(
        "WITH lapsed AS (
             INSERT INTO review_acknowledgement (cycle_id, employee_id, scheme, review_id, act, at, sha256, told_id)
             SELECT r.cycle_id, r.employee_id, r.scheme, r.id, 'lapsed', $2, told.sha256, told.id
             FROM review_cycle c JOIN review r ON r.cycle_id = c.id AND r.is_current
             CROSS JOIN LATERAL (SELECT a.id, a.sha256, a.until FROM review_acknowledgement a
                 WHERE a.review_id = r.id AND a.act = 'told' AND a.at >= ",
        last_published!("r.cycle_id"),
        "        ORDER BY a.id DESC LIMIT 1) AS told
             WHERE c.id = ANY ($1) AND c.state = 'published' AND told.until < $3
             AND NOT EXISTS (SELECT FROM review_acknowledgement a WHERE a.review_id = r.id AND a.id > told.id
                 AND a.act <> 'seen')
             -- Whoever has appealed has not let the term pass.
             AND NOT EXISTS (SELECT FROM appeal p WHERE p.cycle_id = r.cycle_id AND p.employee_id = r.employee_id
                 AND p.scheme = r.scheme AND p.state IN ('filed', 'in_review', 'waiting'))
             ORDER BY r.id RETURNING cycle_id)
         SELECT cycle_id AS id, count(*) AS reviews FROM lapsed GROUP BY cycle_id ORDER BY cycle_id"
    ))
    .over(cycles.len())
    .bind::<Array<BigInt>, _>(cycles)
    .bind::<Timestamptz, _>(now)
    .bind::<Date, _>(today)
    .load(cx.db())
    .await?;
    Ok(lapsed)
}

/// Reviews of a cycle that have not been acknowledged, nor anything in its place: how many, and whose the first are.
#[derive(Debug, QueryableByName)]
pub(in crate::reviews) struct Unsettled {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    reviews: i64,
    #[diesel(sql_type = Array<Text>)]
    first: Vec<String>,
}

impl Unsettled {
    /// What keeps the cycle from being locked.
    pub(in crate::reviews) fn lack(&self) -> FieldError {
        let more = if self.first.len() < usize::try_from(self.reviews).unwrap_or(0) { ", …" } else { "" };
        let first = self.first.join(", ");
        let detail = say!(
            "{} 份考核既没有确认，也没有拒签、逾期或无法送达：{first}{more}",
            "{} are neither confirmed nor refused, lapsed or out of reach: {first}{more}",
            self.reviews
        );
        FieldError::new("acknowledgements", detail)
    }
}

/// What is not settled of these cycles, by cycle; those where everything is are left out.
pub(in crate::reviews) async fn unsettled(
    connection: &mut AsyncPgConnection,
    cycles: &[i64],
) -> Result<HashMap<i64, Unsettled>, Problem> {
    let unsettled: Vec<Unsettled> = sql("SELECT r.cycle_id AS id, count(*) AS reviews,
             (array_agg(e.employee_no || ' ' || e.name || ' (' || r.scheme || ')'
                 ORDER BY e.employee_no, r.scheme))[1:20] AS first
         FROM review r JOIN employee e ON e.id = r.employee_id
         WHERE r.cycle_id = ANY ($1) AND r.is_current
         AND coalesce((SELECT a.act FROM review_acknowledgement a WHERE a.review_id = r.id
             ORDER BY a.id DESC LIMIT 1), 'told') IN ('told', 'seen')
         GROUP BY r.cycle_id")
    .over(cycles.len())
    .bind::<Array<BigInt>, _>(cycles)
    .load(connection)
    .await?;
    Ok(unsettled.into_iter().map(|one| (one.id, one)).collect())
}
