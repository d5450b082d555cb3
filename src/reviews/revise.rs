//! The next revisions of reviews, after an adjustment, an appeal, or corrections that came late: computed while nothing is
//! locked, and written in the transaction of the decision. Leaders whose score depends on them have another revision, too;
//! nobody else has.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::future::BoxFuture;
use rust_decimal::Decimal;
use serde_json::json;

use super::acknowledgements;
use super::compute::{self, Computed, ReviewDraft};
use super::cycle::CycleState;
use super::generate;
use super::snapshot::stored;
use super::store::{self, ReviewCycle};
use super::subject::Subject;
use crate::auth::Context;
use crate::db::schema::{review, review_cycle};
use crate::decimal;
use crate::http::Problem;
use crate::ledger::month::AddedPoints;
use crate::period::Period;
use crate::rules::folder::RulesFolder;
use crate::rules::in_force;
use crate::rules::library::Library;
use crate::rules::sandbox::blocking;
use crate::said::say;

/// Decimal places of points.
const PLACES: u32 = 2;

/// How often a decision is tried because others have changed the month meanwhile.
pub const ATTEMPTS: usize = 5;

/// What a review comes to, as long as nothing changes in its cycle.
pub struct Rescoring {
    cycle: ReviewCycle,
    bundle: String,
    computed: Computed,
    people: Vec<i64>,
    /// Whether everything that has become known of the month is in it.
    is_whole: bool,
}

/// The reviews that were written, with whose they are and the scheme.
pub struct Revised(Vec<(i64, String, i64)>);

impl Revised {
    /// Their ids.
    pub fn reviews(&self) -> Vec<i64> {
        self.0.iter().map(|(.., id)| *id).collect()
    }

    /// Tells those whose reviews they are anew, where people can see them: their terms begin again.
    pub async fn tell(&self, cx: &mut Context, library: &Library, subject: &Subject) -> Result<(), Problem> {
        if subject.state != CycleState::Published {
            return Ok(());
        }
        acknowledgements::tell_again(cx, library, &self.reviews(), None).await
    }

    /// Id of the new revision of a review, if it has one.
    pub fn review_of(&self, subject: &Subject) -> Option<i64> {
        let mut all = self.0.iter();
        all.find(|(employee, scheme, _)| *employee == subject.employee_id && *scheme == subject.scheme)
            .map(|(.., id)| *id)
    }
}

/// Computes a review again from the facts and adjustments as they are now, with `added` points on an item.
///
/// # Errors
///
/// Fields at fault where the points do not fit the item; what keeps the rules from being used.
pub fn foresee<'a>(
    cx: &'a mut Context,
    rules: (&'a RulesFolder, &'a Library),
    subject: &'a Subject,
    added: Option<(&'a str, Decimal)>,
) -> BoxFuture<'a, Result<Rescoring, Problem>> {
    let added = added.map(|(rule, points)| (subject, rule, points));
    // Its type is named: what calls it would be long to compile otherwise.
    Box::pin(async move {
        let month = (subject.store_id, subject.period);
        compute_again(cx, rules, month, vec![subject.employee_id], added).await
    })
}

/// The same for the reviews of all those people in a store's month for whom corrections were accepted.
///
/// # Errors
///
/// What keeps the rules from being used.
pub fn foresee_all<'a>(
    cx: &'a mut Context,
    rules: (&'a RulesFolder, &'a Library),
    month: (i64, Period),
    people: Vec<i64>,
) -> BoxFuture<'a, Result<Rescoring, Problem>> {
    Box::pin(async move {
        let rescoring = compute_again(cx, rules, month, people, None).await?;
        Ok(Rescoring { is_whole: true, ..rescoring })
    })
}

async fn compute_again(
    cx: &mut Context,
    (folder, library): (&RulesFolder, &Library),
    (store_id, period): (i64, Period),
    people: Vec<i64>,
    added: Option<(&Subject, &str, Decimal)>,
) -> Result<Rescoring, Problem> {
    let (cycle, mut month, before) = cx
        .snapshot(async |cx| {
            let cycle = store::cycles_of(cx.db(), period, &[store_id]).await?;
            let cycle = cycle.into_values().next().ok_or_else(|| Problem::not_found("review cycle"))?;
            let mut before = store::current_reviews(cx.db(), &[cycle.id]).await?;
            let month = generate::month_of(cx.db(), &cycle).await?;
            let before = before.remove(&cycle.id).unwrap_or_default();
            Ok((cycle, month, before))
        })
        .await?;
    let rules = in_force::of(cx, folder, library, cycle.period, cycle.frozen_at).await?;
    let bundle = rules.bundle;
    if let Some((subject, rule, points)) = added {
        let scheme = bundle.schemes.get(&subject.scheme).ok_or_else(|| Problem::not_found("scheme"))?;
        if !scheme.rules.iter().any(|one| one.entry.id == rule) {
            let rules = scheme.rules.iter().map(|one| one.entry.id.as_str()).collect::<Vec<_>>();
            return Err(Problem::field(
                "rule",
                say!("应为以下之一：{}", "expected one of {}", rules.join(", ")),
            ));
        }
        if points.is_zero() || decimal::half_up(points, PLACES) != points {
            return Err(Problem::field(
                "points",
                say!("分数不能为 0，最多两位小数", "expected points other than 0, with two places at most"),
            ));
        }
        let added = AddedPoints { rule: rule.to_owned(), points: points.normalize() };
        month.added.entry(subject.employee_id).or_default().push((subject.scheme.clone(), added));
    }
    let (hash, concerned) = (bundle.hash.clone(), people.clone());
    let computed = blocking(move || compute::compute_for(&bundle, &month, before, &concerned)).await?;
    if let Some((subject, ..)) = added {
        let draft = computed.drafts.iter().find(|draft| draft.is_of(subject));
        let misfit = draft.and_then(|draft| draft.attention.as_slice().first());
        if let Some(misfit) = misfit {
            return Err(Problem::field("points", misfit.clone()));
        }
    }
    Ok(Rescoring { cycle, bundle: hash, computed, people, is_whole: false })
}

impl ReviewDraft {
    fn is_of(&self, subject: &Subject) -> bool {
        self.employee_id == subject.employee_id && self.scheme == subject.scheme
    }
}

/// Whether nothing has changed in the cycle since. Its row is locked from now on until the transaction ends.
pub async fn still_holds(cx: &mut Context, rescoring: &Rescoring) -> Result<bool, Problem> {
    let version: i32 = review_cycle::table
        .find(rescoring.cycle.id)
        .select(review_cycle::version)
        .for_no_key_update()
        .first(cx.db())
        .await?;
    Ok(version == rescoring.cycle.version)
}

/// What is said after trying too often.
pub fn moved() -> Problem {
    Problem::busy(say!(
        "别人正在改同一个月的考核，请再试一次",
        "others are changing reviews of the same month just now; try again"
    ))
}

/// Writes the revisions; to be called in a transaction in which [`still_holds`] has said so.
pub fn write(cx: &mut Context, rescoring: Rescoring) -> BoxFuture<'_, Result<Revised, Problem>> {
    Box::pin(insert(cx, rescoring))
}

async fn insert(cx: &mut Context, rescoring: Rescoring) -> Result<Revised, Problem> {
    let Rescoring { cycle, bundle, computed, people, is_whole } = rescoring;
    let now = cx.now;
    let revisions: Vec<(i64, String, Option<i32>)> = review::table
        .filter(review::cycle_id.eq(cycle.id))
        .group_by((review::employee_id, review::scheme))
        .select((review::employee_id, review::scheme, diesel::dsl::max(review::revision)))
        .load(cx.db())
        .await?;
    let revisions =
        revisions.into_iter().map(|(employee, scheme, last)| ((employee, scheme), last.unwrap_or(0)));
    let revisions = revisions.collect::<HashMap<_, _>>();
    diesel::update(review::table.filter(review::id.eq_any(&computed.retired)))
        .set(review::is_current.eq(false))
        .execute(cx.db())
        .await?;
    let mut written = Vec::with_capacity(computed.drafts.len());
    for draft in computed.drafts {
        let key = (draft.employee_id, draft.scheme);
        let revision = revisions.get(&key).copied().unwrap_or(0) + 1;
        let (employee_id, scheme) = key;
        let id: i64 = diesel::insert_into(review::table)
            .values((
                (
                    review::cycle_id.eq(cycle.id),
                    review::period.eq(cycle.period),
                    review::store_id.eq(cycle.store_id),
                    review::employee_id.eq(employee_id),
                    review::scheme.eq(&scheme),
                    review::position.eq(draft.position),
                    review::unit_id.eq(draft.unit_id),
                    review::revision.eq(revision),
                    review::is_current.eq(true),
                    review::bundle_hash.eq(&bundle),
                    review::inputs_digest.eq(Some(stored::digest(revision, &draft.inputs).to_vec())),
                    review::inputs.eq(draft.inputs),
                    review::trace.eq(draft.trace),
                ),
                (
                    review::base.eq(draft.base),
                    review::bonus.eq(draft.bonus),
                    review::total.eq(draft.total),
                    review::applicable_max.eq(draft.applicable_max),
                    review::grade.eq(draft.grade),
                    review::final_grade.eq(draft.final_grade),
                    review::coefficient.eq(draft.coefficient),
                    review::attention.eq(draft.attention),
                    review::deliveries.eq(draft.deliveries),
                    review::created_at.eq(now),
                ),
            ))
            .returning(review::id)
            .get_result(cx.db())
            .await?;
        written.push((employee_id, scheme, id));
    }
    store::apply_corrections(cx, &cycle, &people, is_whole).await?;
    let trail = written.iter().map(|(_, _, id)| (format!("review/{id}"), json!({ "cycle": cycle.id })));
    cx.audit_all("revise_review", trail.collect()).await?;
    Ok(Revised(written))
}
