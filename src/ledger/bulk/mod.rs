//! Facts delivered by other systems: many people's values of one month in one request, and what became of every row.

mod absent;
mod address;
mod faults;
pub mod http;
mod read;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::NaiveDate;
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Number, json};
use utoipa::ToSchema;

use self::absent::{StillUnknown, still_unknown};
use self::address::AddressedDelivery;
use self::faults::DeliveryFaults;
pub use self::read::OWN_SYSTEMS;
use crate::auth::Context;
use crate::http::distinct::distinct;
use crate::http::idempotency::{self, Answer, Key};
use crate::http::{FieldError, FieldErrorBody, Problem};
use crate::ledger::metric::Catalogue;
use crate::ledger::{
    self, BeyondBound, Counts, CountsInstead, Deliveries, FactOutcome, Late, SaidOf, SourceGap, SourceWord,
    ValueOrigin,
};
use crate::period::Period;
use crate::said::say;

/// Facts of one month from one system.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFacts {
    /// The month.
    #[garde(skip)]
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// Which system delivers them, for example `dms`.
    #[garde(length(chars, min = 1, max = 40), custom(crate::http::body::not_blank))]
    #[schema(example = "dms", min_length = 1, max_length = 40)]
    pub source_system: String,
    /// Code of the store that delivers them: of somebody who is posted in two stores in the month, each delivers its own, and
    /// both add up. By default the one store that the caller reaches, or the one for which the person's month counts.
    #[garde(inner(length(chars, min = 1, max = 64)))]
    #[serde(default)]
    #[schema(example = "JC", min_length = 1, max_length = 64)]
    pub store: Option<String>,
    /// One row for each person, for each person and day, or for each record of the system.
    #[garde(length(max = 50_000), dive)]
    #[schema(max_items = 50000)]
    pub rows: Vec<NewFactRow>,
    /// Sources of the catalogue that are complete by this delivery, even if there is nothing to report: `complaints` in a
    /// month without any. Without this word a source is in for those people whose rows came, and outstanding for the
    /// others.
    #[garde(length(max = 100), inner(length(chars, min = 1, max = 64)))]
    #[serde(default)]
    #[schema(inline, value_type = Vec<crate::http::bounds::Name>, example = json!(["complaints"]), max_items = 100)]
    pub complete_sources: Vec<String>,
    /// For whom they are complete: for everybody of the store of these people, or for the people of these rows.
    #[garde(skip)]
    #[serde(default)]
    pub complete_for: CompleteFor,
    /// Record the valid rows even if others have errors.
    #[garde(skip)]
    #[serde(default)]
    pub partial: bool,
    /// What happens to values for a frozen month.
    #[garde(skip)]
    #[serde(default)]
    pub late: Late,
    /// Why they replace earlier values, if they do.
    #[garde(inner(length(chars, min = 1, max = 1000)))]
    #[serde(default)]
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: Option<String>,
}

/// For whom sources are complete: of these people nothing is there but what has been delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CompleteFor {
    /// Everybody posted in the store
    #[default]
    Store,
    /// The people of the rows
    People,
}

/// One person's values, for the month as a whole or for a day or a record within it.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFactRow {
    /// 工号.
    #[garde(length(chars, min = 1, max = 32))]
    #[schema(example = "A01", min_length = 1, max_length = 32)]
    pub employee_no: String,
    /// The day they belong to; without it they are the month's total. Where there is no total, days and records add up to
    /// the month.
    #[garde(skip)]
    #[serde(default)]
    pub day: Option<NaiveDate>,
    /// The record's id in the system, for example an order number. Delivered again under the same id, the record
    /// replaces what it said before, even for another day or person.
    #[garde(inner(length(chars, min = 1, max = 100)))]
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    pub external_id: Option<String>,
    /// Value of each metric; `null` is the same as leaving it out.
    #[garde(length(max = 1000))]
    #[serde(deserialize_with = "distinct")]
    #[schema(value_type = crate::http::bounds::MetricValues)]
    pub facts: BTreeMap<String, Option<Number>>,
}

/// What a delivery did.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FactsRecorded {
    /// How many values of each kind.
    #[serde(flatten)]
    pub counts: Counts,
    /// What became of each row, in the order of the request.
    pub rows: Vec<FactRowResult>,
    /// Today, where the month is not over: the values are those of the month so far, and no source is in by them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub up_to: Option<NaiveDate>,
    /// Sources that are in for the people of these rows, and still outstanding for others of their store: what is absent
    /// of these is unknown, and not 0. Deliveries for very many stores leave it to the cycles' `outstanding`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outstanding: Vec<SourceGap>,
    /// Months in which a metric is now larger than another one of which it is a part: one of the two is probably wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub beyond: Vec<BeyondBound>,
    /// People who have nothing in a source by the word that it is complete.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nothing_for: Vec<SourceGap>,
}

/// What became of a row.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FactRowResult {
    /// Its position in the request, counted from 0.
    pub row: usize,
    /// 工号.
    pub employee_no: String,
    /// The id in the system, if one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// What became of its values; null if it has errors and nothing of it was recorded.
    pub outcome: Option<FactOutcome>,
    /// Those of its values that were recorded and do not count for the month.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_counted: Vec<UncountedValue>,
    /// What is not known of the person all the same, where sources are complete for the people of these rows; otherwise left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<StillUnknown>,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldErrorBody>,
}

/// A value that stands in the ledger and does not count.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UncountedValue {
    /// Its metric.
    pub metric: String,
    /// What counts instead.
    pub counts_instead: CountsInstead,
    /// The same as a sentence.
    pub message: String,
}

/// Records the facts of a request, or says everything that is wrong with it and records nothing. With a key, the same
/// request again is answered as it was and does nothing.
#[tracing::instrument(skip_all, fields(period = %new.period, system = new.source_system, rows = new.rows.len()))]
pub async fn record(
    cx: &mut Context,
    catalogue: &Catalogue,
    new: NewFacts,
    key: Option<&Key>,
) -> Result<Answer<FactsRecorded>, Problem> {
    let mut faults = DeliveryFaults::default();
    let values = read::read(catalogue, &new, cx.today(), &mut faults);
    read::refuse_foreign_sources(cx, catalogue, &new, &values, &mut faults);
    if let Some(refusal) = faults.refusal(new.partial) {
        return Err(refusal);
    }
    let key = key.zip(cx.by());
    cx.transaction(async |cx| {
        if let Some((key, user_id)) = key {
            let now = cx.now;
            if let Some(before) = idempotency::begin(cx.db(), user_id, "record_facts", key, now).await? {
                return Ok(Answer::Before(before));
            }
        }
        let addressed = address::address(cx, catalogue, &new, &values, &mut faults).await?;
        if !faults.rows.is_empty()
            && !new.complete_sources.is_empty()
            && new.complete_for == CompleteFor::Store
        {
            let message = say!(
                "有的行没有通过，所以还不能说全部齐了；请先更正",
                "some rows are refused, so nothing is complete for everybody; correct them first"
            );
            faults.whole.push(FieldError::new("complete_sources", message));
        }
        if let Some(refusal) = faults.refusal(new.partial) {
            return Err(refusal);
        }
        let recorded = write(cx, catalogue, &new, addressed, faults).await?;
        if let Some((key, user_id)) = key {
            idempotency::finish(cx.db(), user_id, key, &recorded).await?;
        }
        Ok(Answer::Now(recorded))
    })
    .await
}

/// Records the rows that are in order.
async fn write(
    cx: &mut Context,
    catalogue: &Catalogue,
    new: &NewFacts,
    addressed: AddressedDelivery,
    faults: DeliveryFaults,
) -> Result<FactsRecorded, Problem> {
    let good = addressed.entries.into_iter().filter(|(row, _)| !faults.rows.contains_key(row));
    let (rows, mut entries): (Vec<_>, Vec<_>) = good.unzip();
    let refused = refused(new, &faults);
    let is_whole =
        |row: &usize| new.rows.get(*row).is_some_and(|row| !refused.contains(row.employee_no.as_str()));
    let whole = addressed.completed.into_iter().filter(|(row, ..)| is_whole(row)).collect::<Vec<_>>();
    let mut completed = Deliveries::new();
    for (_, employee_id, source) in &whole {
        completed.entry(source.clone()).or_default().insert(*employee_id);
    }
    // The word for a whole store is told by `nothing_for`.
    let by_row = if new.complete_for == CompleteFor::People { whole } else { Vec::new() };
    let others = completed.values().flatten().copied().collect::<Vec<_>>();
    let up_to = Some(cx.today()).filter(|today| new.period.is_running(*today));
    // What has come of a month that goes on is not all that there will be.
    let whole = rows.iter().zip(&entries).filter(|(row, _)| up_to.is_none() && is_whole(row));
    let mut deliveries = ledger::deliveries(catalogue, whole.map(|(_, entry)| entry));
    let declared = match new.complete_for {
        CompleteFor::Store => completed,
        CompleteFor::People => {
            for (source, people) in completed {
                deliveries.entry(source).or_default().extend(people);
            }
            Deliveries::new()
        }
    };
    let origin = ValueOrigin {
        source_system: new.source_system.clone(),
        batch_id: None,
        user_id: cx.by(),
        at: cx.now,
        reason: new.reason.clone(),
    };
    let (period, scope) = (new.period, cx.scope.clone());
    let scope = match &new.store {
        Some(code) => ledger::speaking_for(cx.db(), period, code, &scope).await?,
        None => scope,
    };
    let mut held = ledger::lock_delivery(cx.db(), period, &entries, &origin.source_system, &others).await?;
    let people = entries.iter().map(|entry| entry.employee_id).chain(others).collect::<BTreeSet<_>>();
    let speakers = ledger::speakers(cx.db(), period, &Vec::from_iter(people), &scope).await?;
    ledger::assign_parts(cx.db(), catalogue, period, &mut entries, &speakers).await?;
    let recorded = ledger::record_held(cx.db(), &mut held, period, &entries, &origin, new.late).await?;
    let word = (SourceWord::In, &deliveries);
    ledger::note(cx.db(), period, word, &speakers, &origin, new.late).await?;
    let nothing_for = ledger::gaps(cx.db(), catalogue, period, &declared, &speakers, &scope).await?;
    let word = (SourceWord::Complete, &declared);
    ledger::note(cx.db(), period, word, &speakers, &origin, new.late).await?;
    let outstanding = ledger::gaps(cx.db(), catalogue, period, &deliveries, &speakers, &scope).await?;
    let (said, exceeding) =
        (entries.iter().map(SaidOf::from), recorded.exceeding(&ledger::bounds(catalogue)));
    let beyond = ledger::beyond(cx.db(), catalogue, period, said, Some(&exceeding)).await?;
    if recorded.counts.is_news() || !nothing_for.is_empty() {
        let sources = &new.complete_sources;
        let detail = json!({
            "source_system": new.source_system, "counts": recorded.counts, "complete_sources": sources,
            "complete_for": new.complete_for,
        });
        cx.audit("record_facts", &format!("facts/{period}"), detail).await?;
    }
    let language = cx.language;
    let mut unknown = still_unknown(cx.db(), catalogue, period, &by_row, language).await?;
    let mut not_counted = BTreeMap::<usize, Vec<UncountedValue>>::new();
    for ((row, entry), instead) in rows.iter().zip(&entries).zip(&recorded.instead) {
        let Some(counts_instead) = *instead else { continue };
        let message = counts_instead.sentence(cx.language);
        let metric = entry.metric.clone();
        not_counted.entry(*row).or_default().push(UncountedValue { metric, counts_instead, message });
    }
    let mut outcomes = BTreeMap::<usize, FactOutcome>::new();
    for (row, outcome) in rows.into_iter().zip(recorded.outcomes) {
        let slot = outcomes.entry(row).or_insert(FactOutcome::Unchanged);
        *slot = (*slot).max(outcome);
    }
    let results = new.rows.iter().enumerate().map(|(at, row)| {
        let errors = faults.rows.get(&at).cloned().unwrap_or_default();
        let known = outcomes.get(&at).copied().unwrap_or(FactOutcome::Unchanged);
        FactRowResult {
            row: at,
            employee_no: row.employee_no.clone(),
            external_id: row.external_id.clone(),
            outcome: errors.is_empty().then_some(known),
            not_counted: not_counted.remove(&at).unwrap_or_default(),
            unknown: unknown.remove(&at),
            errors: errors.iter().map(|error| error.body(cx.language)).collect(),
        }
    });
    let results = results.collect();
    Ok(FactsRecorded { counts: recorded.counts, rows: results, up_to, outstanding, beyond, nothing_for })
}

/// The people of whom a row was refused: what has come of them is not all.
fn refused<'a>(new: &'a NewFacts, faults: &DeliveryFaults) -> HashSet<&'a str> {
    let rows = faults.rows.keys().filter_map(|row| new.rows.get(*row));
    rows.map(|row| row.employee_no.as_str()).collect()
}
