//! The trail's chain: whoever changes an entry, takes one away or puts one between others is found out.
//!
//! A chain from entry to entry would let one writer at a time into the trail, from the entry to the commit: a month of
//! many stores is written by several connections, and whoever records facts would wait for whoever generates reviews. So
//! entries are written as they come, each with a random number of its own (`salt`), and are sealed afterwards, in blocks:
//! each entry gets the hash of its content and its number, and the block a hash over the seal before and the hashes of
//! its entries. Nobody who writes waits for that. Ids are given before a transaction commits, so a block is not a range
//! of ids but those that had no seal; an entry that is committed late is in the next one. What is not sealed yet is not
//! protected: `serve` seals every quarter of an hour, `showfloor audit seal` at once.
//!
//! Erasing changes what an entry says and takes its number away, and leaves its hash: the chain holds, and what the entry
//! had said cannot be found by trying. What an erasure has left of an entry is kept as a hash (`erased_entry`), and the
//! hash over all of these is part of the trail's entry about the erasure.
//!
//! Whoever owns the database could write the whole chain anew. The hash of the last seal, kept somewhere else, is what a
//! chain is compared with.

use std::time::Duration;

use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use tokio::time::MissedTickBehavior;

use super::context::Context;
use crate::clock::Clock;
use crate::db::{Pool, sql};
use crate::http::Problem;

/// How often a server seals.
const EVERY: Duration = Duration::from_secs(15 * 60);

/// What was sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sealed {
    /// How many entries.
    pub entries: i64,
    /// The hash of the last seal; none while there is no entry.
    pub sha256: Option<String>,
}

/// What a chain came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// How many seals there are.
    pub seals: i64,
    /// How many entries they hold.
    pub entries: i64,
    /// How many of these were erased, which the chain allows for.
    pub erased: i64,
    /// How many entries are not sealed yet.
    pub unsealed: i64,
    /// The hash of the last seal.
    pub sha256: Option<String>,
    /// What is not as it was written.
    pub faults: Vec<Fault>,
}

/// Something in the trail that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The seal.
    pub seal: Option<i64>,
    /// The entry, where it is one entry.
    pub entry: Option<i64>,
    /// What is wrong with it.
    pub what: &'static str,
}

/// Seals the next block: one at a time, so that each has one before it. A block has at most 10,000 entries.
const SEAL: &str = "WITH fresh AS MATERIALIZED (
        SELECT e.id, audit_digest(e) AS sha256 FROM audit_entry e WHERE e.seal_id IS NULL ORDER BY e.id LIMIT 10000),
    former AS (SELECT coalesce((SELECT s.sha256 FROM audit_seal s ORDER BY s.id DESC LIMIT 1), '') AS sha256),
    seal AS (
        INSERT INTO audit_seal (sealed_at, entries, first_id, last_id, previous_sha256, sha256)
        SELECT $1, count(*), min(f.id), max(f.id), former.sha256,
            encode(sha256(convert_to(former.sha256 || string_agg(f.sha256, '' ORDER BY f.id), 'UTF8')), 'hex')
        FROM fresh f CROSS JOIN former GROUP BY former.sha256 RETURNING id)
    UPDATE audit_entry e SET sha256 = f.sha256, seal_id = seal.id FROM fresh f CROSS JOIN seal WHERE e.id = f.id";

/// Seals every entry that has no seal yet.
pub async fn seal(cx: &mut Context) -> Result<Sealed, Problem> {
    #[derive(QueryableByName)]
    struct Last {
        #[diesel(sql_type = Text)]
        sha256: String,
    }
    let now = cx.now;
    let mut sealed = Sealed::default();
    loop {
        let entries = cx
            .transaction(async |cx| {
                sql("SELECT pg_advisory_xact_lock(hashtext('audit_seal'), 0)").execute(cx.db()).await?;
                Ok(sql(SEAL).bind::<Timestamptz, _>(now).execute(cx.db()).await?)
            })
            .await?;
        if entries == 0 {
            break;
        }
        sealed.entries += i64::try_from(entries).unwrap_or(i64::MAX);
    }
    let last: Option<Last> =
        sql("SELECT sha256 FROM audit_seal ORDER BY id DESC LIMIT 1").get_result(cx.db()).await.optional()?;
    sealed.sha256 = last.map(|last| last.sha256);
    Ok(sealed)
}

#[derive(QueryableByName)]
struct SealRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    sha256: String,
    #[diesel(sql_type = Text)]
    previous_sha256: String,
    /// What it comes to by the hashes of its entries.
    #[diesel(sql_type = Text)]
    computed: String,
    #[diesel(sql_type = Bool)]
    is_whole: bool,
    #[diesel(sql_type = BigInt)]
    entries: i64,
}

/// A seal with what its entries come to now.
const SEALS: &str = "SELECT s.id, s.sha256, s.previous_sha256, count(e.id) = s.entries AS is_whole, count(e.id) AS entries,
        encode(sha256(convert_to(s.previous_sha256 || coalesce(string_agg(e.sha256, '' ORDER BY e.id), ''), 'UTF8')), 'hex')
            AS computed
    FROM (SELECT * FROM audit_seal WHERE id > $1 ORDER BY id LIMIT 100) s
    LEFT JOIN audit_entry e ON e.seal_id = s.id GROUP BY s.id, s.sha256, s.previous_sha256, s.entries ORDER BY s.id";

/// Entries whose content is not what was hashed: as it was written, or as the last erasure has left it.
const CHANGED: &str = "SELECT e.id, e.seal_id FROM audit_entry e
    LEFT JOIN LATERAL (SELECT x.sha256 FROM erased_entry x WHERE x.entry_id = e.id ORDER BY x.erasure_id DESC LIMIT 1) x ON true
    WHERE e.seal_id > $1 AND e.seal_id <= $2 AND audit_digest(e) <> coalesce(x.sha256, e.sha256) ORDER BY e.id";

/// Erasures whose entry in the trail does not say what is kept of the entries that they erased.
const ERASURES: &str = "SELECT a.id, a.seal_id FROM audit_entry a
    WHERE a.action = 'erase' AND a.detail ->> 'entries_sha256'
        IS DISTINCT FROM erased_entries_digest(substr(a.subject, length('erasure/') + 1)::bigint)
    UNION ALL
    SELECT NULL, NULL FROM (SELECT DISTINCT x.erasure_id FROM erased_entry x) x
    WHERE NOT EXISTS (SELECT FROM audit_entry a WHERE a.action = 'erase' AND a.subject = 'erasure/' || x.erasure_id)
    ORDER BY id";

#[derive(QueryableByName)]
struct Place {
    #[diesel(sql_type = Nullable<BigInt>)]
    id: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    seal_id: Option<i64>,
}

/// Goes through the whole chain, as it is at one moment, a hundred seals at a time.
pub async fn verify(cx: &mut Context) -> Result<Verified, Problem> {
    #[derive(QueryableByName)]
    struct Counts {
        #[diesel(sql_type = BigInt)]
        unsealed: i64,
        #[diesel(sql_type = BigInt)]
        erased: i64,
    }
    cx.snapshot(async |cx| {
        let mut verified = Verified::default();
        let mut after = 0;
        let mut previous = String::new();
        loop {
            let seals: Vec<SealRow> = sql(SEALS).bind::<BigInt, _>(after).load(cx.db()).await?;
            let Some(last) = seals.last().map(|seal| seal.id) else { break };
            for seal in seals {
                let fault = |what| Fault { seal: Some(seal.id), entry: None, what };
                if seal.previous_sha256 != previous {
                    verified.faults.push(fault("it does not follow the seal before"));
                }
                if !seal.is_whole {
                    verified.faults.push(fault("entries are missing, or there are more than were sealed"));
                }
                if seal.computed != seal.sha256 {
                    verified.faults.push(fault("its hash is not that of its entries"));
                }
                verified.seals += 1;
                verified.entries += seal.entries;
                previous = seal.sha256;
            }
            let changed: Vec<Place> =
                sql(CHANGED).bind::<BigInt, _>(after).bind::<BigInt, _>(last).load(cx.db()).await?;
            let what = "it does not say what it said when it was sealed";
            verified.faults.extend(changed.into_iter().map(|one| fault_at(one, what)));
            after = last;
        }
        let erasures: Vec<Place> = sql(ERASURES).load(cx.db()).await?;
        let what = "what is kept of erased entries is not what the erasure has left";
        verified.faults.extend(erasures.into_iter().map(|one| fault_at(one, what)));
        let counts: Counts =
            sql("SELECT (SELECT count(*) FROM audit_entry WHERE seal_id IS NULL) AS unsealed,
                (SELECT count(DISTINCT entry_id) FROM erased_entry) AS erased")
            .get_result(cx.db())
            .await?;
        (verified.unsealed, verified.erased) = (counts.unsealed, counts.erased);
        verified.sha256 = Some(previous).filter(|sha256| !sha256.is_empty());
        Ok(verified)
    })
    .await
}

fn fault_at(place: Place, what: &'static str) -> Fault {
    Fault { seal: place.seal_id, entry: place.id, what }
}

/// Seals from time to time, until it is dropped. What fails is in the log, and tried again the next time.
pub async fn follow(pool: Pool, clock: Clock) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let sealed: Result<Sealed, Problem> =
            async { seal(&mut Context::operator(&pool, clock.now()).await?).await }.await;
        if let Err(problem) = sealed {
            tracing::warn!(%problem, "the audit trail could not be sealed");
        }
    }
}
