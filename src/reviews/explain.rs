//! One review, explained point by point.

use std::collections::HashMap;
use std::sync::Arc;

use diesel::QueryableByName;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Jsonb, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::acknowledgements::document::{self, Document};
use super::adjustments::Adjustment;
use super::adjustments::store::{KeptAdjustments, kept_of_revision, of_revision};
use super::allowed::AllowedAction;
use super::cycle::CycleState;
use super::erased;
use super::listing::{self, Review, ReviewFilter, ReviewLine, named_reviews, review_columns};
use super::next_steps;
use super::snapshot::Snapshot;
use super::snapshot::stored::{self, Subject};
use super::subject;
use super::visibility::{Part, ReviewSight, Sight, seen};
use super::waiver::waiver;
use crate::auth::{Context, Reading};
use crate::db::sql;
use crate::http::{Language, Problem};
use crate::ledger::month::MonthFacts;
use crate::rules::bundle::Bundle;
use crate::rules::explanation::ExplainedRule;
use crate::rules::library::Library;
use crate::rules::sandbox::blocking;
use crate::said::say;

/// A review with everything needed to understand and dispute it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    /// The review.
    pub review: Review,
    /// Why the final grade is what it is, in Chinese.
    pub grade_reasons: Vec<String>,
    /// Every rule with its points, its inputs, and what it did step by step.
    pub rules: Vec<ExplainedRule>,
    /// Everything that went into it.
    pub snapshot: Snapshot,
    /// Points that people have added to items or taken off them, beside what the rules gave; the total has both.
    pub adjustments: Vec<Adjustment>,
    /// SHA-256 of the rules it was scored with.
    pub bundle: String,
    /// SHA-256 of its document, `GET /v1/reviews/{id}/document`: what is acknowledged.
    pub sha256: String,
    /// How many corrections of the person's month were accepted that the revision in force does not have.
    pub corrections_since: i64,
    /// What the caller may do next.
    pub allowed_actions: Vec<AllowedAction>,
}

#[derive(QueryableByName)]
struct ReviewRow {
    #[diesel(embed)]
    line: ReviewLine,
    #[diesel(sql_type = Binary)]
    inputs: Vec<u8>,
    #[diesel(sql_type = Binary)]
    trace: Vec<u8>,
    #[diesel(sql_type = Text)]
    bundle_hash: String,
}

/// A review with what its page says besides: the review that it is a revision of, and what became known since.
#[derive(QueryableByName)]
struct PageRow {
    #[diesel(embed)]
    stored: ReviewRow,
    #[diesel(sql_type = BigInt)]
    cycle_id: i64,
    #[diesel(sql_type = Text)]
    state: CycleState,
    #[diesel(sql_type = BigInt)]
    store_id: i64,
    /// Of the revision in force, its unit and its id; none where the review was withdrawn.
    #[diesel(sql_type = Nullable<BigInt>)]
    unit_id: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    current: Option<i64>,
    /// How many corrections of the person's month were accepted that the revision in force does not have.
    #[diesel(sql_type = BigInt)]
    corrections: i64,
    /// What people have added to this revision.
    #[diesel(sql_type = Jsonb)]
    adjustments: KeptAdjustments,
}

impl PageRow {
    /// The review of which this is a revision; none where none is in force.
    fn subject(&self) -> Option<subject::Subject> {
        let (unit_id, current) = self.unit_id.zip(self.current)?;
        let ReviewLine { review, employee_id } = &self.stored.line;
        Some(subject::Subject {
            cycle_id: self.cycle_id,
            state: self.state,
            period: review.period,
            store_id: self.store_id,
            employee_id: *employee_id,
            unit_id,
            scheme: review.scheme.clone(),
            current,
        })
    }
}

/// The review with an id, whichever revision it is, with more columns and what they are joined from. Who has waived what it
/// has to be looked at for stands on its page.
macro_rules! by_id {
    ($id:literal) => {
        by_id!($id, ", NULL::jsonb AS waiver", "")
    };
    ($id:literal, $columns:expr, $joined:literal) => {
        concat!(
            "SELECT ",
            review_columns!(),
            ", r.inputs, r.trace, r.bundle_hash",
            $columns,
            named_reviews!(),
            "JOIN review_cycle c ON c.id = r.cycle_id ",
            $joined,
            " WHERE r.id = ",
            $id
        )
    };
}

/// The same with what its page says besides.
macro_rules! page_by_id {
    ($id:literal) => {
        by_id!(
            $id,
            concat!(
                ", r.cycle_id, c.state, c.store_id, now.unit_id, now.id AS current, (SELECT count(*)
                     FROM late_correction l WHERE l.store_id = c.store_id AND l.period = c.period
                     AND l.employee_id = r.employee_id AND l.state = 'accepted' AND l.applied_at IS NULL) AS corrections, ",
                kept_of_revision!(),
                ", ",
                waiver!("$3")
            ),
            "LEFT JOIN review now ON now.cycle_id = r.cycle_id AND now.employee_id = r.employee_id
                 AND now.scheme = r.scheme AND now.is_current"
        )
    };
}
const BY_ID: &str = by_id!("$1");
const PAGE_BY_ID: &str = page_by_id!("$1");
/// Those that are seen.
const BY_ID_IF_SEEN: &str =
    concat!(by_id!("$1"), " AND ", seen!("$2", "r.employee_id", "r.unit_id", "r.period", "c.stage"));
const PAGE_BY_ID_IF_SEEN: &str =
    concat!(page_by_id!("$1"), " AND ", seen!("$2", "r.employee_id", "r.unit_id", "r.period", "c.stage"));

/// A review as it is stored. One that the caller does not see does not exist.
async fn row(cx: &mut Context, id: i64) -> Result<ReviewRow, Problem> {
    let found = find(cx, id, [BY_ID, BY_ID_IF_SEEN]).await?;
    left(cx, id, found, |row: &ReviewRow| row).await
}

/// The same with what its page says besides.
async fn page_row(cx: &mut Context, id: i64) -> Result<PageRow, Problem> {
    let found = find(cx, id, [PAGE_BY_ID, PAGE_BY_ID_IF_SEEN]).await?;
    left(cx, id, found, |page: &PageRow| &page.stored).await
}

/// What there is by the first statement, or by the second where not everything is seen.
async fn find<T>(cx: &mut Context, id: i64, [all, if_seen]: [&'static str; 2]) -> Result<Option<T>, Problem>
where
    T: QueryableByName<Pg> + Send + 'static,
{
    let (sight, waiver_sight) = (Sight::of(cx, Part::Score), Sight::of(cx, Part::Waiver));
    let statement = if sight.is_everything() { all } else { if_seen };
    let found = sql(statement)
        .bind::<BigInt, _>(id)
        .bind::<ReviewSight, _>(sight)
        .bind::<ReviewSight, _>(waiver_sight)
        .get_result(cx.db())
        .await;
    Ok(found.optional()?)
}

/// What was found, unless it was erased.
async fn left<T>(
    cx: &mut Context,
    id: i64,
    found: Option<T>,
    row: impl Fn(&T) -> &ReviewRow,
) -> Result<T, Problem> {
    match found {
        // Of one that was erased nothing is left to be read; who has emptied one otherwise is found out by a replay.
        Some(found) if row(&found).inputs.is_empty() => erased::gone(cx, id).await.map(|()| found),
        Some(found) => Ok(found),
        None => Err(erased::absent(cx, id).await),
    }
}

/// One review, explained. Reading other people's is logged.
pub async fn explain(cx: &mut Context, library: &Library, id: i64) -> Result<Reading<Explanation>, Problem> {
    let page = page_row(cx, id).await?;
    let (subject, corrections) = (page.subject(), page.corrections);
    let (employee_id, mut explanation) = explained(cx, library, page.stored, Some(page.adjustments)).await?;
    // A withdrawn review has nothing in force.
    if let Some(subject) = subject {
        explanation.corrections_since = corrections;
        explanation.allowed_actions = next_steps::of_review(cx, &explanation.review, &subject).await?;
    }
    Ok(cx.reading(explanation, [(id, employee_id)]))
}

/// The same with the id of the person, for whoever logs the reading.
pub(super) async fn explain_unlogged(
    cx: &mut Context,
    library: &Library,
    id: i64,
) -> Result<(i64, Explanation), Problem> {
    let row = row(cx, id).await?;
    explained(cx, library, row, None).await
}

/// A stored review, explained; what people have added to it is read where it was not read with it.
async fn explained(
    cx: &mut Context,
    library: &Library,
    row: ReviewRow,
    adjustments: Option<KeptAdjustments>,
) -> Result<(i64, Explanation), Problem> {
    let (employee_id, language) = (row.line.employee_id, cx.language);
    let bundle = library.bundle(cx.db(), &row.bundle_hash).await?;
    let (subject, facts) = inputs_of(&row, &bundle)?;
    let adjustments = match (facts.added(), adjustments) {
        ([], _) => Vec::new(),
        (_, Some(kept)) => kept.0,
        (_, None) => of_revision(cx.db(), row.line.review.id).await?,
    };
    let snapshot = Snapshot::of(&bundle.catalogue, &subject, &facts);
    let said = Said::of(&row, &bundle, &facts, language)?;
    let document = match language {
        Language::Chinese => said.document(&row, &facts)?,
        Language::English => Said::of(&row, &bundle, &facts, Language::Chinese)?.document(&row, &facts)?,
    };
    let explanation = Explanation {
        grade_reasons: said.grade_reasons,
        rules: said.rules,
        snapshot,
        adjustments,
        sha256: document::sha256(&document),
        corrections_since: 0,
        allowed_actions: Vec::new(),
        bundle: row.bundle_hash,
        review: row.line.review,
    };
    Ok((employee_id, explanation))
}

/// What a review says to a reader.
struct Said {
    grade_reasons: Vec<String>,
    rules: Vec<ExplainedRule>,
}

impl Said {
    fn of(row: &ReviewRow, bundle: &Bundle, facts: &MonthFacts, language: Language) -> Result<Self, Problem> {
        let review = &row.line.review;
        let scheme = bundle.schemes.get(&review.scheme).ok_or_else(|| Problem::not_found("scheme"))?;
        let results = scheme.read_trace(&row.trace);
        let results = results.map_err(|damaged| Problem::damaged_review(review.id, &damaged))?;
        let has_failed = !review.attention.is_empty();
        let (total, applicable_max) = (review.total, review.applicable_max);
        Ok(Self {
            grade_reasons: scheme.grade_reasons(facts, total, applicable_max, has_failed, language),
            rules: scheme.explain(&results, facts, language),
        })
    }

    /// The bytes that are acknowledged.
    fn document(&self, row: &ReviewRow, facts: &MonthFacts) -> Result<Vec<u8>, Problem> {
        let (review, added) = (&row.line.review, facts.added());
        document::bytes(&Document::of(review, &self.grade_reasons, &self.rules, added, &row.bundle_hash))
    }
}

/// The document of a stored review.
fn document_of(row: &ReviewRow, bundle: &Bundle) -> Result<Vec<u8>, Problem> {
    let (_, facts) = inputs_of(row, bundle)?;
    Said::of(row, bundle, &facts, Language::Chinese)?.document(row, &facts)
}

/// The document of a review that the caller sees. Reading other people's is logged.
pub async fn document(cx: &mut Context, library: &Library, id: i64) -> Result<Reading<Vec<u8>>, Problem> {
    let row = row(cx, id).await?;
    let bundle = library.bundle(cx.db(), &row.bundle_hash).await?;
    let read = [(id, row.line.employee_id)];
    Ok(cx.reading(document_of(&row, &bundle)?, read))
}

/// SHA-256 of the documents of some reviews, whoever asks.
pub async fn hashes(
    connection: &mut AsyncPgConnection,
    library: &Library,
    ids: &[i64],
) -> Result<HashMap<i64, String>, Problem> {
    let rows: Vec<ReviewRow> =
        sql(by_id!("ANY ($1)")).over(ids.len()).bind::<Array<BigInt>, _>(ids).load(connection).await?;
    let mut bundles = HashMap::new();
    for row in &rows {
        if !bundles.contains_key(&row.bundle_hash) {
            let bundle = library.bundle(connection, &row.bundle_hash).await?;
            bundles.insert(row.bundle_hash.clone(), bundle);
        }
    }
    blocking(move || {
        let hash = |row: &ReviewRow| {
            let bundle = bundles.get(&row.bundle_hash).ok_or_else(|| Problem::not_found("bundle"))?;
            Ok((row.line.review.id, document::sha256(&document_of(row, bundle)?)))
        };
        rows.iter().map(hash).collect()
    })
    .await?
}

/// A review to be run again: with its bundle, and the facts that it was scored from.
pub struct ReviewInputs {
    /// The review.
    pub review: Review,
    /// The rules that scored it.
    pub bundle: Arc<Bundle>,
    /// What they read.
    pub facts: MonthFacts,
}

/// What a review that the caller reaches was scored from. Reading other people's is logged.
pub async fn inputs(cx: &mut Context, library: &Library, id: i64) -> Result<Reading<ReviewInputs>, Problem> {
    let row = row(cx, id).await?;
    let bundle = library.bundle(cx.db(), &row.bundle_hash).await?;
    let (_, facts) = inputs_of(&row, &bundle)?;
    let read = [(id, row.line.employee_id)];
    Ok(cx.reading(ReviewInputs { review: row.line.review, bundle, facts }, read))
}

fn inputs_of<'a>(row: &'a ReviewRow, bundle: &Bundle) -> Result<(Subject<'a>, MonthFacts), Problem> {
    let read = stored::read(&row.inputs, &bundle.catalogue);
    read.map_err(|damaged| Problem::damaged_review(row.line.review.id, &damaged))
}

/// The first review of a filter, explained.
pub async fn first(
    cx: &mut Context,
    library: &Library,
    filter: &ReviewFilter,
) -> Result<Reading<Explanation>, Problem> {
    let id = listing::first(cx, filter).await?;
    explain(cx, library, id).await
}

/// The revision of a review before this one.
pub(super) async fn revision_before(cx: &mut Context, id: i64) -> Result<i64, Problem> {
    #[derive(QueryableByName)]
    struct Id {
        #[diesel(sql_type = BigInt)]
        id: i64,
    }
    row(cx, id).await?;
    let before: Option<Id> = sql("SELECT o.id FROM review r JOIN review o ON o.cycle_id = r.cycle_id
             AND o.employee_id = r.employee_id AND o.scheme = r.scheme AND o.revision < r.revision
         WHERE r.id = $1 ORDER BY o.revision DESC LIMIT 1")
    .bind::<BigInt, _>(id)
    .get_result(cx.db())
    .await
    .optional()?;
    before.map(|before| before.id).ok_or_else(|| Problem::not_found("earlier revision"))
}

/// Whether two reviews that the caller sees are revisions of the same one.
pub(super) async fn is_same_review(cx: &mut Context, one: i64, other: i64) -> Result<bool, Problem> {
    let (one, other) = (row(cx, one).await?.line, row(cx, other).await?.line);
    let of = |line: &ReviewLine| (line.employee_id, line.review.period, line.review.store.clone());
    Ok(of(&one) == of(&other) && one.review.scheme == other.review.scheme)
}

/// How many steps a rule of a review that the caller sees has.
///
/// # Errors
///
/// A field at fault where the review has no such rule.
pub(super) async fn steps_of(
    cx: &mut Context,
    library: &Library,
    id: i64,
    rule: &str,
) -> Result<usize, Problem> {
    let (_, explanation) = explain_unlogged(cx, library, id).await?;
    let found = explanation.rules.iter().find(|result| result.rule == rule);
    found.map(|result| result.steps.len()).ok_or_else(|| {
        let rules = explanation.rules.iter().map(|result| result.rule.as_str()).collect::<Vec<_>>();
        Problem::field("rule", say!("应为以下之一：{}", "expected one of {}", rules.join(", ")))
    })
}

/// The names of the rules that scored a review which the caller sees.
pub async fn rules_of(cx: &mut Context, library: &Library, id: i64) -> Result<Vec<String>, Problem> {
    let row = row(cx, id).await?;
    let bundle = library.bundle(cx.db(), &row.bundle_hash).await?;
    let scheme = bundle.schemes.get(&row.line.review.scheme).ok_or_else(|| Problem::not_found("scheme"))?;
    Ok(scheme.rules.iter().map(|rule| rule.id.to_string()).collect())
}

/// A review that the caller sees, and that is somebody else's: nobody decides about the own one.
///
/// # Errors
///
/// Not found where the caller does not see it; a conflict where it is the caller's own.
pub async fn of_another(cx: &mut Context, id: i64) -> Result<Review, Problem> {
    let line = row(cx, id).await?.line;
    if cx.identity.as_ref().and_then(|by| by.employee_id) == Some(line.employee_id) {
        return Err(Problem::conflict(say!(
            "这是您自己的考核：由别人负责",
            "the review is your own: somebody else has to answer for it"
        )));
    }
    Ok(line.review)
}

/// Checks that the caller reaches a review, and logs the reading, for what shows it in another way.
pub async fn reach(cx: &mut Context, id: i64) -> Result<(), Problem> {
    let row = row(cx, id).await?;
    cx.reading((), [(id, row.line.employee_id)]).logged().await
}
