//! Writing what was scored: many stores' months in one transaction, few statements and one COPY.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Transaction};

use super::pipeline::{Passed, Scored};
use super::{Generated, Problem};
use crate::db::copy::{Copy, Row};
use crate::period::Period;
use crate::reviews::compute::{Computed, ReviewDraft};
use crate::reviews::cycle::CycleState;
use crate::reviews::store::ReviewCycle;

/// What all that is written has in common.
pub(super) struct Run {
    pub period: Period,
    pub now: DateTime<Utc>,
    /// The login that asked; none is the operator.
    pub by: Option<i64>,
}

type Told = ((usize, String), Passed);

/// The columns that are written; `id` is the database's.
const COLUMNS: [&str; 22] = [
    "cycle_id",
    "period",
    "store_id",
    "employee_id",
    "scheme",
    "position",
    "unit_id",
    "revision",
    "is_current",
    "bundle_hash",
    "inputs",
    "trace",
    "base",
    "bonus",
    "total",
    "applicable_max",
    "grade",
    "final_grade",
    "coefficient",
    "attention",
    "deliveries",
    "created_at",
];

const OPEN: &str = "INSERT INTO review_cycle (store_id, period, state, created_at)
    SELECT store_id, $2, 'collecting', $3 FROM unnest($1::bigint[]) AS store_id ORDER BY store_id
    ON CONFLICT DO NOTHING RETURNING store_id, id";

/// Cycles that are still as they were seen; whoever moves one at the same time is waited for, in the order of their ids.
const MOVE: &str = "WITH seen AS (
        SELECT c.id, s.bundle, s.release, s.facts_revision
        FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::bigint[], $5::integer[])
            AS s (id, version, bundle, release, facts_revision)
        JOIN review_cycle c ON c.id = s.id AND c.version = s.version ORDER BY c.id FOR NO KEY UPDATE OF c)
    UPDATE review_cycle c SET state = 'computed', bundle_hash = s.bundle, release_id = s.release,
        frozen_at = coalesce(c.frozen_at, $6), generated_at = $6, facts_revision = s.facts_revision,
        version = c.version + 1
    FROM seen s WHERE c.id = s.id RETURNING c.id";

/// How many revisions there are of each person's reviews, withdrawn ones included.
const REVISIONS: &str = "SELECT cycle_id, employee_id, scheme, max(revision) FROM review
    WHERE cycle_id = ANY ($1) GROUP BY cycle_id, employee_id, scheme";

const RETIRE: &str = "UPDATE review SET is_current = false WHERE id = ANY ($1)";

const AUDIT: &str = "INSERT INTO audit_entry (at, user_id, action, subject, detail)
    SELECT $1, $2, a.action, a.subject, a.detail::jsonb
    FROM unnest($3::text[], $4::text[], $5::text[]) AS a (action, subject, detail)";

/// Writes what is new of these stores' months, all of them or none, and says what became of each. A cycle that somebody
/// else has moved since it was read is left out.
pub(super) async fn write(client: &mut Client, run: &Run, chunk: Vec<Scored>) -> Result<Vec<Told>, Problem> {
    let (news, same): (Vec<_>, Vec<_>) = chunk.into_iter().partition(Scored::is_news);
    let mut told = same.into_iter().filter_map(Scored::untouched).collect::<Vec<_>>();
    if news.is_empty() {
        return Ok(told);
    }
    match written(client, run, &news).await {
        Ok(mut cycles) => told.extend(news.into_iter().map(|scored| {
            let passed = match cycles.remove(&scored.store_id) {
                Some(cycle) => through(cycle, &scored.computed),
                None => Passed::Moved,
            };
            (scored.place, passed)
        })),
        Err(error) if is_somebody_else(&error) => {
            told.extend(news.into_iter().map(|scored| (scored.place, Passed::Moved)));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(told)
}

/// Whether others have written the same at the same time, so that it is worth another look.
fn is_somebody_else(error: &tokio_postgres::Error) -> bool {
    let states =
        [SqlState::UNIQUE_VIOLATION, SqlState::T_R_DEADLOCK_DETECTED, SqlState::T_R_SERIALIZATION_FAILURE];
    error.code().is_some_and(|code| states.contains(code))
}

fn through(cycle: ReviewCycle, computed: &Computed) -> Passed {
    Passed::Through(Box::new(Ok(Generated {
        cycle,
        written: computed.drafts.len(),
        unchanged: computed.unchanged,
        withdrawn: computed.withdrawn,
        attention: computed.attention,
    })))
}

impl Scored {
    /// Whether anything has to be written: also that a cycle was generated for the first time, or from other facts.
    fn is_news(&self) -> bool {
        let Computed { drafts, retired, .. } = &self.computed;
        let is_settled =
            self.cycle.as_ref().is_some_and(|cycle| cycle.generated_at.is_some() && !cycle.needs_generation);
        !is_settled || !drafts.is_empty() || !retired.is_empty()
    }

    /// What is told of a month that stays as it is.
    fn untouched(self) -> Option<Told> {
        Some((self.place, through(self.cycle?, &self.computed)))
    }
}

/// Writes the months in one transaction; by store the cycles that were moved, as they are now.
async fn written(
    client: &mut Client,
    run: &Run,
    news: &[Scored],
) -> Result<HashMap<i64, ReviewCycle>, tokio_postgres::Error> {
    let transaction = client.transaction().await?;
    let mut trail = Trail::default();
    let seen = opened(&transaction, run, news, &mut trail).await?;
    let moved = moved(&transaction, run, seen).await?;
    let again = moved.iter().filter(|(_, scored)| scored.was_generated()).map(|(cycle, _)| cycle.id);
    let revisions = revisions(&transaction, again.collect()).await?;
    let retired = moved.iter().flat_map(|(_, scored)| &scored.computed.retired).copied();
    let retired = retired.collect::<Vec<_>>();
    if !retired.is_empty() {
        transaction.execute(RETIRE, &[&retired]).await?;
    }
    let mut copy = Copy::begin(&transaction, "review", &COLUMNS).await?;
    for (cycle, scored) in &moved {
        let bundle = &scored.rules.bundle.hash;
        for draft in &scored.computed.drafts {
            let own = revisions.get(&(cycle.id, draft.employee_id)).map_or(&[][..], Vec::as_slice);
            let last = own.iter().find(|(scheme, _)| *scheme == draft.scheme);
            let revision = last.map_or(1, |(_, last)| last + 1);
            copy.row(|row| fill(row, run, cycle, bundle, draft, revision)).await?;
        }
        trail.note(
            "generate_reviews",
            cycle.id,
            &json!({
                "release": scored.rules.release.id, "bundle": bundle,
                "written": scored.computed.drafts.len(), "withdrawn": scored.computed.withdrawn,
            }),
        );
    }
    copy.end().await?;
    trail.leave(&transaction, run).await?;
    transaction.commit().await?;
    Ok(moved.into_iter().map(|(cycle, _)| (cycle.store_id, cycle)).collect())
}

impl Scored {
    fn was_generated(&self) -> bool {
        self.cycle.as_ref().is_some_and(|cycle| cycle.generated_at.is_some())
    }
}

/// The cycles of the months, opened where there was none. One that somebody else has opened meanwhile is left out.
async fn opened<'a>(
    transaction: &Transaction<'_>,
    run: &Run,
    news: &'a [Scored],
    trail: &mut Trail,
) -> Result<Vec<(ReviewCycle, &'a Scored)>, tokio_postgres::Error> {
    let missing = news.iter().filter(|scored| scored.cycle.is_none()).map(|scored| scored.store_id);
    let missing = missing.collect::<Vec<_>>();
    let mut opened = HashMap::<i64, i64>::new();
    if !missing.is_empty() {
        let rows = transaction.query(OPEN, &[&missing, &run.period.first_day(), &run.now]).await?;
        for row in rows {
            opened.insert(row.try_get(0)?, row.try_get(1)?);
        }
    }
    let mut cycles = Vec::with_capacity(news.len());
    for scored in news {
        let (_, store) = &scored.place;
        let cycle = match (&scored.cycle, opened.get(&scored.store_id)) {
            (Some(cycle), _) => cycle.clone(),
            (None, Some(id)) => {
                let detail = json!({ "store": store, "period": run.period });
                trail.note("create_review_cycle", *id, &detail);
                ReviewCycle::opened(*id, scored.store_id, store, run.period, run.now)
            }
            (None, None) => continue,
        };
        cycles.push((cycle, scored));
    }
    Ok(cycles)
}

/// Moves those cycles to `computed` that are still as they were seen, and gives them as they are now.
async fn moved<'a>(
    transaction: &Transaction<'_>,
    run: &Run,
    mut seen: Vec<(ReviewCycle, &'a Scored)>,
) -> Result<Vec<(ReviewCycle, &'a Scored)>, tokio_postgres::Error> {
    let ids = seen.iter().map(|(cycle, _)| cycle.id).collect::<Vec<_>>();
    let versions = seen.iter().map(|(cycle, _)| cycle.version).collect::<Vec<_>>();
    let bundles = seen.iter().map(|(_, scored)| scored.rules.bundle.hash.as_str()).collect::<Vec<_>>();
    let releases = seen.iter().map(|(_, scored)| scored.rules.release.id).collect::<Vec<_>>();
    let facts = seen.iter().map(|(cycle, _)| cycle.facts_revision).collect::<Vec<_>>();
    let rows = transaction.query(MOVE, &[&ids, &versions, &bundles, &releases, &facts, &run.now]).await?;
    let still = rows.iter().map(|row| row.try_get(0)).collect::<Result<HashSet<i64>, _>>()?;
    seen.retain(|(cycle, _)| still.contains(&cycle.id));
    for (cycle, scored) in &mut seen {
        cycle.state = CycleState::Computed;
        cycle.bundle = Some(scored.rules.bundle.hash.clone());
        cycle.release = Some(scored.rules.release.id);
        cycle.frozen_at = cycle.frozen_at.or(Some(run.now));
        cycle.generated_at = Some(run.now);
        cycle.needs_generation = false;
        cycle.version += 1;
    }
    Ok(seen)
}

/// The last revision of each person's reviews in these cycles, by scheme.
async fn revisions(
    transaction: &Transaction<'_>,
    cycles: Vec<i64>,
) -> Result<HashMap<(i64, i64), Vec<(String, i32)>>, tokio_postgres::Error> {
    let mut revisions = HashMap::<_, Vec<_>>::new();
    if !cycles.is_empty() {
        for row in transaction.query(REVISIONS, &[&cycles]).await? {
            let of = (row.try_get(0)?, row.try_get(1)?);
            revisions.entry(of).or_default().push((row.try_get(2)?, row.try_get(3)?));
        }
    }
    Ok(revisions)
}

/// Fills a review's row, in the order of [`COLUMNS`].
fn fill(row: &mut Row<'_>, run: &Run, cycle: &ReviewCycle, bundle: &str, draft: &ReviewDraft, revision: i32) {
    row.bigint(cycle.id)
        .date(run.period.first_day())
        .bigint(cycle.store_id)
        .bigint(draft.employee_id)
        .text(&draft.scheme)
        .text(draft.position.name())
        .bigint(draft.unit_id)
        .integer(revision)
        .boolean(true)
        .text(bundle)
        .bytea(&draft.inputs)
        .bytea(&draft.trace)
        .or_null(draft.base, Row::numeric)
        .or_null(draft.bonus, Row::numeric)
        .or_null(draft.total, Row::numeric)
        .numeric(draft.applicable_max)
        .or_null(draft.grade.as_deref(), Row::text)
        .text(&draft.final_grade)
        .or_null(draft.coefficient, Row::numeric)
        .texts(&draft.attention)
        .bigint(draft.deliveries)
        .moment(run.now);
}

/// What is left in the audit trail, written at once.
#[derive(Default)]
struct Trail {
    actions: Vec<&'static str>,
    subjects: Vec<String>,
    details: Vec<String>,
}

impl Trail {
    fn note(&mut self, action: &'static str, cycle_id: i64, detail: &Value) {
        self.actions.push(action);
        self.subjects.push(format!("review_cycle/{cycle_id}"));
        self.details.push(detail.to_string());
    }

    async fn leave(&self, transaction: &Transaction<'_>, run: &Run) -> Result<(), tokio_postgres::Error> {
        let rows: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
            [&run.now, &run.by, &self.actions, &self.subjects, &self.details];
        transaction.execute(AUDIT, &rows).await?;
        Ok(())
    }
}
