//! Writing what was scored: many stores' months in one transaction, few statements and one COPY.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Statement, Transaction};

use super::pipeline::{Passed, Scored};
use super::{Generated, Problem};
use crate::auth::Paused;
use crate::db::Writer;
use crate::db::copy::{self, Copy, Row};
use crate::period::Period;
use crate::reviews::compute::{Computed, ReviewDraft};
use crate::reviews::cycle::CycleState;
use crate::reviews::snapshot::stored;
use crate::reviews::store::ReviewCycle;

/// What all that is written has in common.
struct Run {
    period: Period,
    now: DateTime<Utc>,
    /// The login that asked; none is the operator.
    by: Option<i64>,
}

type Told = ((usize, String), Passed);

/// The columns that are written; `id` is the database's.
const COLUMNS: [&str; 23] = [
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
    "inputs_digest",
];

/// Cycles that there were none of yet, in the order of their stores; whoever opens one at the same time is waited for, and has it.
const OPEN: &str = "WITH opened AS (
        INSERT INTO review_cycle (store_id, period, state, created_at, bundle_hash, release_id, generated_at, version)
        SELECT n.store_id, $4, 'computed', $5, n.bundle, n.release, $5, 2
        FROM unnest($1::bigint[], $2::text[], $3::bigint[]) AS n (store_id, bundle, release) ORDER BY n.store_id
        ON CONFLICT DO NOTHING RETURNING store_id, id),
    applied AS (
        UPDATE late_correction l SET applied_at = $5 FROM opened o
        WHERE l.store_id = o.store_id AND l.period = $4 AND l.state = 'accepted' AND l.applied_at IS NULL)
    SELECT store_id, id FROM opened";

/// Cycles that are still as they were seen; whoever moves one at the same time is waited for, in the order of their ids.
const SET_COMPUTED: &str = "WITH seen AS (
        SELECT c.id, s.bundle, s.release, s.facts_revision
        FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::bigint[], $5::integer[])
            AS s (id, version, bundle, release, facts_revision)
        JOIN review_cycle c ON c.id = s.id AND c.version = s.version ORDER BY c.id FOR NO KEY UPDATE OF c),
    applied AS (
        UPDATE late_correction l SET applied_at = $6 FROM seen s JOIN review_cycle c ON c.id = s.id
        WHERE l.store_id = c.store_id AND l.period = c.period AND l.state = 'accepted' AND l.applied_at IS NULL)
    UPDATE review_cycle c SET state = 'computed', bundle_hash = s.bundle, release_id = s.release,
        generated_at = $6, facts_revision = s.facts_revision,
        version = c.version + 1
    FROM seen s WHERE c.id = s.id RETURNING c.id";

/// How many revisions there are of each person's reviews, withdrawn ones included.
const REVISIONS: &str = "SELECT cycle_id, employee_id, scheme, max(revision) FROM review
    WHERE cycle_id = ANY ($1) GROUP BY cycle_id, employee_id, scheme";

const RETIRE: &str = "UPDATE review SET is_current = false WHERE id = ANY ($1)";

const AUDIT: &str = "INSERT INTO audit_entry (at, user_id, action, subject, detail)
    SELECT $1, $2, a.action, a.subject, a.detail::jsonb
    FROM unnest($3::text[], $4::text[], $5::text[]) AS a (action, subject, detail)";

/// What writes.
pub(super) struct Station {
    paused: Paused,
    run: Run,
    /// A connection with its statements, from the first thing on that is to be written.
    desk: Option<Desk>,
}

struct Desk {
    writer: Writer,
    statements: Statements,
}

struct Statements {
    open: Statement,
    set_computed: Statement,
    revisions: Statement,
    retire: Statement,
    copy: Statement,
    audit: Statement,
}

impl Desk {
    async fn open(paused: &Paused) -> Result<Self, Problem> {
        let writer = paused.writer().await?;
        let copy = copy::statement("review", &COLUMNS);
        let (open, set_computed, revisions, retire, copy, audit) = tokio::try_join!(
            writer.prepare(OPEN),
            writer.prepare(SET_COMPUTED),
            writer.prepare(REVISIONS),
            writer.prepare(RETIRE),
            writer.prepare(&copy),
            writer.prepare(AUDIT),
        )?;
        Ok(Self { writer, statements: Statements { open, set_computed, revisions, retire, copy, audit } })
    }
}

impl Station {
    /// For a run of this month.
    pub fn new(paused: Paused, period: Period) -> Self {
        let run = Run { period, now: paused.now(), by: paused.by() };
        Self { paused, run, desk: None }
    }

    /// Writes what is new of these stores' months, all of them or none, and says what became of each. A cycle that somebody
    /// else has moved since it was read is left out.
    pub async fn write(&mut self, chunk: Vec<Scored>) -> Result<Vec<Told>, Problem> {
        let (news, same): (Vec<_>, Vec<_>) = chunk.into_iter().partition(Scored::is_news);
        let mut told = same.into_iter().filter_map(Scored::untouched).collect::<Vec<_>>();
        if news.is_empty() {
            return Ok(told);
        }
        let Self { paused, run, desk } = self;
        let Desk { writer, statements } = match desk {
            Some(desk) => desk,
            None => desk.insert(Desk::open(paused).await?),
        };
        let transaction = writer.transaction().await?;
        match (Writing { transaction, run, statements, trail: Trail::default() }).write(&news).await {
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

    /// The cycle once its reviews are written.
    fn as_computed(&self, mut cycle: ReviewCycle, now: DateTime<Utc>) -> ReviewCycle {
        cycle.state = CycleState::Computed;
        cycle.bundle = Some(self.rules.bundle.hash.clone());
        cycle.release = Some(self.rules.release.id);
        cycle.generated_at = Some(now);
        cycle.needs_generation = false;
        cycle.version += 1;
        cycle
    }

    /// What is told of a month that stays as it is.
    fn untouched(self) -> Option<Told> {
        Some((self.place, through(self.cycle?, &self.computed)))
    }
}

/// The transaction that writes some stores' months.
struct Writing<'a> {
    transaction: Transaction<'a>,
    run: &'a Run,
    statements: &'a Statements,
    trail: Trail,
}

/// A month that is written, and its cycle as it is by now.
type Month<'a> = (ReviewCycle, &'a Scored);

impl Writing<'_> {
    /// Writes the months; by store the cycles that were moved, as they are now.
    async fn write(mut self, news: &[Scored]) -> Result<HashMap<i64, ReviewCycle>, tokio_postgres::Error> {
        let mut months = self.open(news).await?;
        months.extend(self.set_computed(news).await?);
        let retired = months.iter().flat_map(|(_, scored)| &scored.computed.retired).copied();
        let retired = retired.collect::<Vec<_>>();
        if !retired.is_empty() {
            self.transaction.execute(&self.statements.retire, &[&retired]).await?;
        }
        self.copy(&months).await?;
        for (cycle, Scored { rules, computed, .. }) in &months {
            let detail = json!({
                "release": rules.release.id, "bundle": rules.bundle.hash,
                "written": computed.drafts.len(), "withdrawn": computed.withdrawn,
            });
            self.trail.note("generate_reviews", cycle.id, &detail);
        }
        let Trail { actions, subjects, details } = &self.trail;
        let trail: [&(dyn ToSql + Sync); 5] = [&self.run.now, &self.run.by, actions, subjects, details];
        self.transaction.execute(&self.statements.audit, &trail).await?;
        self.transaction.commit().await?;
        Ok(months.into_iter().map(|(cycle, _)| (cycle.store_id, cycle)).collect())
    }

    /// Opens the cycles that there are none of, as they are once their reviews are written. One that somebody else has opened
    /// meanwhile is left out.
    async fn open<'a>(&mut self, news: &'a [Scored]) -> Result<Vec<Month<'a>>, tokio_postgres::Error> {
        let Run { period, now, .. } = *self.run;
        let missing = news.iter().filter(|scored| scored.cycle.is_none()).collect::<Vec<_>>();
        if missing.is_empty() {
            return Ok(Vec::new());
        }
        let stores = missing.iter().map(|scored| scored.store_id).collect::<Vec<_>>();
        let bundles = missing.iter().map(|scored| scored.rules.bundle.hash.as_str()).collect::<Vec<_>>();
        let releases = missing.iter().map(|scored| scored.rules.release.id).collect::<Vec<_>>();
        let values: [&(dyn ToSql + Sync); 5] = [&stores, &bundles, &releases, &period.first_day(), &now];
        let rows = self.transaction.query(&self.statements.open, &values).await?;
        let opened = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
        let opened = opened.collect::<Result<HashMap<i64, i64>, tokio_postgres::Error>>()?;
        let mut months = Vec::with_capacity(opened.len());
        for scored in missing {
            let (_, store) = &scored.place;
            let Some(id) = opened.get(&scored.store_id).copied() else { continue };
            self.trail.note("create_review_cycle", id, &json!({ "store": store, "period": period }));
            let cycle = ReviewCycle::opened(id, scored.store_id, store, period, now);
            months.push((scored.as_computed(cycle, now), scored));
        }
        Ok(months)
    }

    /// Moves those cycles to `computed` that are still as they were seen, and gives them as they are now.
    async fn set_computed<'a>(&self, news: &'a [Scored]) -> Result<Vec<Month<'a>>, tokio_postgres::Error> {
        let now = self.run.now;
        let seen = news.iter().filter_map(|scored| Some((scored.cycle.as_ref()?, scored)));
        let seen = seen.collect::<Vec<_>>();
        if seen.is_empty() {
            return Ok(Vec::new());
        }
        let ids = seen.iter().map(|(cycle, _)| cycle.id).collect::<Vec<_>>();
        let versions = seen.iter().map(|(cycle, _)| cycle.version).collect::<Vec<_>>();
        let bundles = seen.iter().map(|(_, scored)| scored.rules.bundle.hash.as_str()).collect::<Vec<_>>();
        let releases = seen.iter().map(|(_, scored)| scored.rules.release.id).collect::<Vec<_>>();
        let facts = seen.iter().map(|(cycle, _)| cycle.facts_revision).collect::<Vec<_>>();
        let values: [&(dyn ToSql + Sync); 6] = [&ids, &versions, &bundles, &releases, &facts, &now];
        let rows = self.transaction.query(&self.statements.set_computed, &values).await?;
        let still = rows.iter().map(|row| row.try_get(0)).collect::<Result<HashSet<i64>, _>>()?;
        let still = seen.into_iter().filter(|(cycle, _)| still.contains(&cycle.id));
        Ok(still.map(|(cycle, scored)| (scored.as_computed(cycle.clone(), now), scored)).collect())
    }

    /// Adds the new reviews.
    async fn copy(&self, months: &[Month<'_>]) -> Result<(), tokio_postgres::Error> {
        let revisions = self.revisions(months).await?;
        let mut copy = Copy::begin(&self.transaction, &self.statements.copy, COLUMNS.len()).await?;
        for (cycle, Scored { rules, computed, .. }) in months {
            for draft in &computed.drafts {
                let own = revisions.get(&(cycle.id, draft.employee_id)).map_or(&[][..], Vec::as_slice);
                let last = own.iter().find(|(scheme, _)| *scheme == draft.scheme);
                let revision = last.map_or(1, |(_, last)| last + 1);
                copy.row(|row| fill(row, self.run, cycle, &rules.bundle.hash, draft, revision)).await?;
            }
        }
        copy.end().await?;
        Ok(())
    }

    /// The last revision of each person's reviews, by cycle, person and scheme, where there may be any.
    async fn revisions(
        &self,
        months: &[Month<'_>],
    ) -> Result<HashMap<(i64, i64), Vec<(String, i32)>>, tokio_postgres::Error> {
        let again = months.iter().filter(|(_, scored)| {
            !scored.computed.drafts.is_empty()
                && scored.cycle.as_ref().is_some_and(|cycle| cycle.generated_at.is_some())
        });
        let again = again.map(|(cycle, _)| cycle.id).collect::<Vec<_>>();
        let mut revisions = HashMap::<_, Vec<_>>::new();
        if !again.is_empty() {
            for row in self.transaction.query(&self.statements.revisions, &[&again]).await? {
                let of = (row.try_get(0)?, row.try_get(1)?);
                revisions.entry(of).or_default().push((row.try_get(2)?, row.try_get(3)?));
            }
        }
        Ok(revisions)
    }
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
        .moment(run.now)
        .bytea(&stored::digest(revision, &draft.inputs));
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
}
