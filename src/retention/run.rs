//! Erasing what is over the term: in chunks, each a transaction. A run that is killed leaves whole chunks behind, and two at once
//! take turns: each looks under the lock at what is still there.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Date, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use serde_json::{Map, json};

use super::due::{self, DueMonth, DuePerson, Tally};
use super::policy::{self, RetentionPolicy};
use super::{RetentionKind, erase, holds, months, person, requests};
use crate::auth::{Context, audit_seal};
use crate::db::sql;
use crate::http::{Code, Problem};
use crate::ledger;
use crate::period::Period;
use crate::reviews::explain;
use crate::rules::library::Library;
use crate::said::say;

/// So many people's months are erased at a time.
const PEOPLE: usize = 200;

/// So many rows of a log are erased at a time.
const ROWS: i64 = 10_000;

/// What a run has come to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Months of people, by kind, month and store.
    pub months: Vec<DueMonth>,
    /// People of whom everything was due.
    pub people: Vec<DuePerson>,
    /// Readings of reviews that were erased.
    pub readings: usize,
    /// Entries of the audit trail that were emptied.
    pub entries: usize,
    /// Whether entries of the audit trail stay because something is held.
    pub are_entries_held: bool,
    /// Chunks that somebody else was in the way of, with what was said; they come with the next run.
    pub problems: Vec<String>,
}

impl Report {
    /// Whether everything that was due has gone.
    pub fn is_complete(&self) -> bool {
        self.problems.is_empty()
            && !self.are_entries_held
            && self.months.iter().all(|month| month.erased == month.people)
            && self.people.iter().all(|person| person.is_erased)
    }
}

/// Erases what is over the term on a day. `progress` is told of every so many people's months.
///
/// # Errors
///
/// A field at fault where the day has not come yet: what is erased early is decided by people.
pub async fn run(
    cx: &mut Context,
    library: &Library,
    day: NaiveDate,
    mut progress: impl FnMut(usize),
) -> Result<Report, Problem> {
    if day > cx.today() {
        return Err(Problem::field(
            "as_of",
            say!(
                "这一天还没到：更晚的日期只能看届时到期的",
                "this day has not come yet: a later one only shows what will be due"
            ),
        ));
    }
    audit_seal::seal(cx).await?;
    let mut report = Report::default();
    let policy = policy::read(cx.db()).await?.policy;
    for kind in RetentionKind::OF_MONTHS {
        let Some(last) = policy.last_due(kind, day) else { continue };
        for period in months::with_data(cx.db(), kind, last).await? {
            let people = months::people(cx.db(), kind, period).await?;
            let mut tally = Tally::default();
            for some in people.chunks(PEOPLE) {
                chunk(cx, library, (kind, period), some, day, &mut tally, &mut report.problems).await?;
                progress(some.len());
            }
            report.months.extend(tally.lines(kind, period, policy.due(kind, period)));
        }
    }
    report.people = due::people_due(cx, &policy, day).await?;
    for due in &mut report.people {
        let Some(found) = person::reached(cx, &due.employee_no).await? else { continue };
        match requests::left(cx, library, found.id, day).await {
            Ok(is_erased) => due.is_erased = is_erased,
            Err(problem) if problem.code == Code::Conflict => due.problem = Some(problem.told(cx.language)),
            Err(problem) => return Err(problem),
        }
        progress(1);
    }
    report.readings = readings(cx, &policy, day).await?;
    (report.entries, report.are_entries_held) = entries(cx, &policy, day).await?;
    audit_seal::seal(cx).await?;
    Ok(report)
}

/// Erases a kind of data of some people's month, of those whom nothing keeps.
async fn chunk(
    cx: &mut Context,
    library: &Library,
    (kind, period): (RetentionKind, Period),
    people: &[i64],
    day: NaiveDate,
    tally: &mut Tally,
    problems: &mut Vec<String>,
) -> Result<(), Problem> {
    let mut hashed = HashMap::new();
    if kind == RetentionKind::Reviews {
        let ids = months::reviews(cx.db(), period, people).await?.into_values().flatten().collect::<Vec<_>>();
        hashed = explain::hashes(cx.db(), library, &ids).await?;
    }
    let erased = cx
        .transaction(async |cx| {
            super::lock(cx.db()).await?;
            let policy = policy::read(cx.db()).await?.policy;
            let left = still_there(cx.db(), kind, period, people).await?;
            let judged = months::judge_held(cx.db(), period, &left).await?;
            if policy.due(kind, period) > day {
                return Ok((judged, HashSet::new()));
            }
            let mut free =
                judged.iter().filter(|one| one.is_free()).map(|one| one.employee_id).collect::<Vec<_>>();
            let mut reviews = Vec::new();
            if kind == RetentionKind::Reviews {
                let found = months::reviews(cx.db(), period, &free).await?;
                // Somebody whose review nobody has hashed yet comes with the next run.
                free.retain(|id| {
                    found.get(id).is_none_or(|ids| ids.iter().all(|id| hashed.contains_key(id)))
                });
                let ids = free.iter().filter_map(|id| found.get(id)).flatten();
                reviews.extend(ids.filter_map(|id| Some((*id, hashed.get(id)?.clone()))));
            }
            if free.is_empty() {
                return Ok((judged, HashSet::new()));
            }
            if kind == RetentionKind::Facts {
                ledger::lock(cx.db(), period, &free).await?;
            }
            let erasure = erase::begin_term(cx, kind, period, &reason(&policy, kind)).await?;
            erase::month(cx.db(), erasure, (kind, period), &free, reviews).await?;
            let mut detail = Map::new();
            detail.insert("kind".to_owned(), json!(kind));
            detail.insert("period".to_owned(), json!(period));
            detail.insert("people".to_owned(), json!(free.len()));
            erase::note(cx, erasure, detail).await?;
            Ok((judged, free.into_iter().collect::<HashSet<_>>()))
        })
        .await;
    match erased {
        Ok((judged, erased)) => {
            judged.iter().for_each(|one| tally.count(one, erased.contains(&one.employee_id)));
            Ok(())
        }
        Err(problem) if problem.code == Code::Conflict => {
            let judged = months::judge(cx.db(), period, people).await?;
            judged.iter().for_each(|one| tally.count(one, false));
            problems.push(format!("{kind} {period}: {}", problem.told(cx.language)));
            Ok(())
        }
        Err(problem) => Err(problem),
    }
}

fn reason(policy: &RetentionPolicy, kind: RetentionKind) -> String {
    let months = policy.months_of(kind);
    format!("kept for {months} months after the month · {}保存 {months} 个月期满", kind.label())
}

/// Those of these people whose data of a kind nobody has erased meanwhile.
async fn still_there(
    connection: &mut AsyncPgConnection,
    kind: RetentionKind,
    period: Period,
    people: &[i64],
) -> Result<Vec<i64>, Problem> {
    #[derive(QueryableByName)]
    struct Person {
        #[diesel(sql_type = BigInt)]
        id: i64,
    }
    let left: Vec<Person> = sql("SELECT p.id FROM unnest($2) AS p (id)
         WHERE NOT EXISTS (SELECT FROM erased_month x WHERE x.period = $1 AND x.employee_id = p.id AND x.kind = $3)
         OR $3 = 'facts' AND EXISTS (SELECT FROM late_correction l WHERE l.period = $1 AND l.employee_id = p.id)
         ORDER BY p.id")
    .over(people.len())
    .bind::<Date, _>(period)
    .bind::<Array<BigInt>, _>(people.to_vec())
    .bind::<Text, _>(kind)
    .load(connection)
    .await?;
    Ok(left.into_iter().map(|person| person.id).collect())
}

/// Erases readings whose term is over, and answers that were kept to be given again; says how many readings.
async fn readings(cx: &mut Context, policy: &RetentionPolicy, day: NaiveDate) -> Result<usize, Problem> {
    let before = due::before(policy, RetentionKind::AccessLog, day);
    let facts_before = due::before(policy, RetentionKind::Facts, day);
    let mut erased = 0;
    loop {
        let some = cx
            .transaction(async |cx| {
                super::lock(cx.db()).await?;
                erase::readings(cx.db(), before, ROWS).await
            })
            .await?;
        erased += some;
        if some == 0 {
            break;
        }
    }
    cx.transaction(async |cx| {
        super::lock(cx.db()).await?;
        if !holds::any(cx.db()).await? {
            sql("DELETE FROM idempotency_key WHERE created_at < $1")
                .bind::<Timestamptz, _>(facts_before)
                .execute(cx.db())
                .await?;
        }
        if erased > 0 {
            cx.audit("erase_readings", "access_log", json!({ "before": before, "readings": erased })).await?;
        }
        Ok(erased)
    })
    .await
}

/// Empties entries of the trail whose term is over; says how many, and whether they stay because something is held: nobody knows of
/// every entry whom it is about.
async fn entries(
    cx: &mut Context,
    policy: &RetentionPolicy,
    day: NaiveDate,
) -> Result<(usize, bool), Problem> {
    let kind = RetentionKind::Audit;
    let (before, Some(last)) = (due::before(policy, kind, day), policy.last_due(kind, day)) else {
        return Ok((0, false));
    };
    let reason = reason(policy, kind);
    let mut emptied = 0;
    loop {
        let some = cx
            .transaction(async |cx| {
                super::lock(cx.db()).await?;
                if !any_entry(cx.db(), before).await? {
                    return Ok(Some(0));
                }
                if holds::any(cx.db()).await? {
                    return Ok(None);
                }
                let erasure = erase::begin_term(cx, kind, last, &reason).await?;
                let some = erase::entries(cx.db(), erasure, before, ROWS).await?;
                let mut detail = Map::new();
                detail.insert("kind".to_owned(), json!(kind));
                detail.insert("entries".to_owned(), json!(some));
                erase::note(cx, erasure, detail).await?;
                Ok(Some(some))
            })
            .await?;
        match some {
            None => return Ok((emptied, true)),
            Some(0) => return Ok((emptied, false)),
            Some(some) => emptied += some,
        }
    }
}

async fn any_entry(connection: &mut AsyncPgConnection, before: DateTime<Utc>) -> Result<bool, Problem> {
    #[derive(QueryableByName)]
    struct Any {
        #[diesel(sql_type = Bool)]
        any: bool,
    }
    let found: Any = sql("SELECT EXISTS (SELECT FROM audit_entry a
         WHERE a.at < $1 AND a.action <> 'erase' AND a.detail <> '{\"erased\": true}'::jsonb) AS any")
    .bind::<Timestamptz, _>(before)
    .get_result(connection)
    .await?;
    Ok(found.any)
}
