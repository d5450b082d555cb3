//! Closing a month: what is still outstanding, who has to deliver it, and freezing what scoring reads.

pub mod http;
mod store;

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Numeric, Text};
use diesel_async::AsyncPgConnection;
use garde::Validate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::acknowledgements::receipts::{self, WithoutReceipt};
use super::compute::{FactsReader, Month};
use super::generate;
use super::store::{ReviewCycle, find_cycle};
use crate::auth::Context;
use crate::auth::access::{Role, may_enter};
use crate::diary::work_calendar::schedule;
use crate::diary::work_reports::tally;
use crate::diary::work_reports::timing::{self, UndecidedReport};
use crate::http::{FieldError, Problem};
use crate::ledger::close;
use crate::ledger::metric::{COMPUTED_SOURCE, Catalogue, Missing};
use crate::ledger::month::Value;
use crate::rules::bundle::Bundle;
use crate::rules::check::Argument;
use crate::rules::in_force::InForce;
use crate::said::say;

/// What is still missing for a store's month. A missing value is never taken for zero: it is listed until it is delivered.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Outstanding {
    /// The cycle.
    pub cycle: ReviewCycle,
    /// Whether everything that scoring needs is there.
    pub is_complete: bool,
    /// Every source that the month's rules read, in the order of the catalogue.
    pub sources: Vec<SourceState>,
    /// Reports that were handed in in time and written again after they were due: a leader has to decide whether they were
    /// on time.
    pub undecided_reports: Vec<UndecidedReport>,
    /// Values on which two sources disagree.
    pub conflicts: Vec<FactConflict>,
    /// The people to be scored who have not received the release of the rules that scores the month. They keep nothing
    /// from being frozen.
    pub without_receipt: Vec<WithoutReceipt>,
}

/// One source of the month.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SourceState {
    /// Its name in the catalogue.
    pub source: String,
    /// Chinese label.
    pub zh: String,
    /// English label.
    pub en: String,
    /// When it first delivered something for the store; null if it has not yet. Sources of single events are never
    /// outstanding.
    pub delivered_at: Option<DateTime<Utc>>,
    /// The roles that may enter it.
    pub roles: Vec<Role>,
    /// The people of the store who have one of these roles.
    pub deliverers: Vec<String>,
    /// The people whose values are missing.
    pub missing: Vec<MissingFacts>,
}

/// What is missing for one person.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MissingFacts {
    /// Employee number 工号.
    pub employee_no: String,
    /// The person's name.
    pub name: String,
    /// Metrics without which the review cannot be scored.
    pub required: Vec<String>,
    /// Metrics without which some item of the review does not apply.
    pub optional: Vec<String>,
}

/// A value from verified events that differs from what a source has delivered. The events count.
#[derive(Clone, Debug, QueryableByName, Serialize, ToSchema)]
pub struct FactConflict {
    /// Employee number 工号.
    #[diesel(sql_type = Text)]
    pub employee_no: String,
    /// The metric.
    #[diesel(sql_type = Text)]
    pub metric: String,
    /// The value that counts.
    #[diesel(sql_type = Numeric)]
    #[schema(value_type = f64)]
    pub counts: Decimal,
    /// The value that was delivered.
    #[diesel(sql_type = Numeric)]
    #[schema(value_type = f64)]
    pub besides: Decimal,
}

/// How to freeze a month.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// Freeze it even though values that scoring needs are missing. The reviews concerned will need attention.
    #[garde(skip)]
    #[serde(default)]
    pub accept_missing: bool,
    /// Why it is frozen although something is missing; required in that case.
    #[garde(inner(length(chars, max = 1000)))]
    #[schema(max_length = 1000)]
    pub note: Option<String>,
}

/// What a store's month still waits for, by the rules that would score it now.
///
/// # Errors
///
/// Not found where the caller does not reach the cycle; `no-release` where no rules score the month.
pub async fn outstanding(cx: &mut Context, rules: &InForce, cycle_id: i64) -> Result<Outstanding, Problem> {
    cx.snapshot(async |cx| {
        let cycle = find_cycle(cx, cycle_id).await?;
        outstanding_of(cx.db(), &rules.bundle, cycle, Some(rules.release.id)).await
    })
    .await
}

/// What the month of a cycle still waits for, as the transaction sees it; who has not received the release, where one is
/// given.
async fn outstanding_of(
    connection: &mut AsyncPgConnection,
    bundle: &Bundle,
    cycle: ReviewCycle,
    release: Option<i64>,
) -> Result<Outstanding, Problem> {
    let month = generate::month_of(connection, &cycle).await?;
    let delivered = store::delivered(connection, cycle.store_id, cycle.period).await?;
    let deliverers = store::deliverers(connection, cycle.store_id, cycle.period).await?;
    let missing = missing(bundle, &month);
    let sources = bundle
        .catalogue
        .sources()
        .iter()
        .filter_map(|source| {
            let missing = missing.get(&source.name)?;
            let roles = may_enter(Some(&source.name)).to_vec();
            let able = deliverers.iter().filter(|(_, has)| roles.iter().any(|role| has.contains(role)));
            Some(SourceState {
                source: source.name.clone(),
                zh: source.zh.clone(),
                en: source.en.clone(),
                delivered_at: delivered.get(&source.name).copied(),
                deliverers: able.map(|(name, _)| name.clone()).collect(),
                roles,
                missing: missing.clone(),
            })
        })
        .collect::<Vec<_>>();
    let undecided_reports = timing::undecided(connection, cycle.store_id, cycle.period).await?;
    let is_complete = sources.iter().flat_map(|source| &source.missing).all(|one| one.required.is_empty())
        && undecided_reports.iter().all(|one| one.leaders.is_empty());
    let conflicts = store::conflicts(connection, cycle.store_id, cycle.period).await?;
    let without_receipt = match release {
        Some(release) => receipts::without(connection, release, &scored(bundle, &month)).await?,
        None => Vec::new(),
    };
    Ok(Outstanding { cycle, is_complete, sources, undecided_reports, conflicts, without_receipt })
}

/// The people who will be scored.
fn scored(bundle: &Bundle, month: &Month) -> Vec<i64> {
    let reader = FactsReader::new(month, &bundle.catalogue);
    let scored = month.postings.iter().filter(|posting| {
        bundle.scheme_for(posting.position.name()).is_some()
            && !super::compute::has_no_day_left(&bundle.catalogue, &reader.of(posting.employee_id))
    });
    scored.map(|posting| posting.employee_id).collect()
}

/// What is missing of whom, by source; every source that the rules read has an entry.
fn missing(bundle: &Bundle, month: &Month) -> BTreeMap<String, Vec<MissingFacts>> {
    let catalogue = &bundle.catalogue;
    let reader = FactsReader::new(month, catalogue);
    let mut sources = BTreeMap::<String, Vec<MissingFacts>>::new();
    for posting in &month.postings {
        let Some(scheme) = bundle.scheme_for(posting.position.name()) else { continue };
        let facts = reader.of(posting.employee_id);
        if super::compute::has_no_day_left(catalogue, &facts) {
            continue;
        }
        let read = scheme.rules.iter().flat_map(|rule| &rule.arguments);
        let read = read.filter_map(|(_, argument)| match argument {
            Argument::Metric(id) => Some(*id),
            Argument::Parameter(_) => None,
        });
        for id in read.collect::<HashSet<_>>() {
            let Some(metric) = catalogue.get(id) else { continue };
            let Some(source) = metric.source.as_ref().filter(|source| is_delivered_by_people(source)) else {
                continue;
            };
            let people = sources.entry(source.clone()).or_default();
            if let Value::Given(_) = facts.get(id) {
                continue;
            }
            let at = people.iter().position(|one| one.employee_no == posting.employee_no);
            let at = at.unwrap_or_else(|| {
                people.push(MissingFacts {
                    employee_no: posting.employee_no.clone(),
                    name: posting.name.clone(),
                    required: Vec::new(),
                    optional: Vec::new(),
                });
                people.len() - 1
            });
            let Some(person) = people.get_mut(at) else { continue };
            let list = if is_required(catalogue, &metric.name) {
                &mut person.required
            } else {
                &mut person.optional
            };
            if !list.contains(&metric.name) {
                list.push(metric.name.clone());
                list.sort_unstable();
            }
        }
    }
    sources
}

/// What the program computes from other reviews nobody delivers.
fn is_delivered_by_people(source: &str) -> bool {
    source != COMPUTED_SOURCE
}

fn is_required(catalogue: &Catalogue, metric: &str) -> bool {
    let metric = catalogue.find(metric).and_then(|id| catalogue.get(id));
    metric.is_some_and(|metric| metric.missing != Missing::Na)
}

/// Freezes the facts of a cycle's month, in one transaction: what scoring reads from now on. The cycle is `frozen` then, or
/// stays where it is if it has been computed already.
///
/// # Errors
///
/// A conflict where the month is frozen already, is too far, or something is missing that nobody has accepted.
#[tracing::instrument(skip_all, fields(cycle = cycle_id))]
pub async fn freeze(
    cx: &mut Context,
    bundle: &Bundle,
    cycle_id: i64,
    freeze: &Freeze,
) -> Result<ReviewCycle, Problem> {
    let note = freeze.note.as_deref().map(str::trim).filter(|note| !note.is_empty());
    let (now, by) = (cx.now, cx.by());
    cx.transaction(async |cx| {
        let cycle = find_cycle(cx, cycle_id).await?;
        if !cycle.state.may_generate() {
            let message =
                say!("不能关账：现在是“{}”", "the cycle cannot be frozen: its state is '{}'", cycle.state);
            return Err(Problem::conflict(message));
        }
        // What is checked is what was frozen: until the transaction ends, nobody is posted here, and nothing is
        // delivered or corrected.
        store::hold_postings(cx.db(), cycle.store_id).await?;
        schedule::renew_if_used(cx.db(), cycle.store_id, cycle.period, by, now).await?;
        tally::store_month_if_used(cx.db(), cycle.store_id, cycle.period, by, now).await?;
        let frozen = close::freeze(cx.db(), cycle.store_id, cycle.period, note, by, now).await?;
        let state = outstanding_of(cx.db(), bundle, cycle, None).await?;
        if !state.is_complete && !freeze.accept_missing {
            return Err(refusal(&state));
        }
        if !state.is_complete && note.is_none() {
            return Err(Problem::field(
                "note",
                say!(
                    "请写明为什么缺数据也要关账",
                    "say why the month is frozen although something is missing"
                ),
            ));
        }
        store::mark_frozen(cx.db(), cycle_id, now).await?;
        let detail = json!({ "values": frozen, "complete": state.is_complete, "note": note });
        cx.audit("freeze_month", &format!("review_cycle/{cycle_id}"), detail).await?;
        find_cycle(cx, cycle_id).await
    })
    .await
}

/// The refusal of an incomplete month names every source and person.
fn refusal(state: &Outstanding) -> Problem {
    let errors = state.sources.iter().flat_map(|source| {
        let people = source.missing.iter().filter(|person| !person.required.is_empty());
        people.map(|person| {
            let field = format!("{}.{}", source.source, person.employee_no);
            FieldError::new(
                field,
                say!("{} {}：{}", "{} {}: {}", source.zh, person.name, person.required.join(", ")),
            )
        })
    });
    let reports = state.undecided_reports.iter().filter(|report| !report.leaders.is_empty());
    let reports = reports.map(|report| {
        let message = say!(
            "{}：{}（{}）在截止后重写过；是否按时由 {} 决定",
            "{}: {} of {} was written again after it was due; {} decides whether it was on time",
            report.name,
            report.kind,
            report.day,
            report.leaders.join(", ")
        );
        FieldError::new(format!("reports.{}", report.employee_no), message)
    });
    let errors = errors.chain(reports);
    let detail = say!(
        "还缺计分要用的数据：请补齐，或写明原因并用 accept_missing 关账",
        "something is missing that scoring needs; have it delivered, or freeze with accept_missing and a note"
    );
    Problem { errors: errors.collect(), ..Problem::conflict(detail) }
}
