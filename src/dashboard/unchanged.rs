//! Whether an answer still stands, known before anything is summed.
//!
//! The tag of an answer is that of its bytes, so it tells nothing that the answer does not. What stood in the database before it was
//! made (`migrations/*_dashboard_unchanged`) is remembered here, with the tag, for whoever asked: while nothing more is noted, they
//! are told by two look-ups that they have it already. What nobody remembers, after a start or because there was too much of it, is
//! made anew.

use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Date, Nullable};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::auth::Context;
use crate::auth::scope::CallerScope;
use crate::db::sql;
use crate::http::Problem;
use crate::ledger::metric::Catalogue;
use crate::org::unit_by_code;
use crate::period::Period;

/// How many answers are remembered, and as many older ones.
const MOST: usize = 50_000;
/// What is noted for the whole organisation.
const EVERYTHING: i64 = 0;

/// What an answer is about.
#[derive(Debug)]
pub struct Subject<'a> {
    /// Code of the unit that is asked for; none: the whole organisation.
    pub unit: Option<&'a str>,
    /// The months that are read.
    pub months: Vec<Period>,
    /// What it is said by which sources have to deliver.
    pub catalogue: Option<Arc<Catalogue>>,
}

/// How the database stood when an answer was made, or before.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The life of the database.
    life: i64,
    /// The last transaction that has changed anything that is shown.
    last: i64,
    /// Where that one is younger than one under way, which may yet change something: the oldest of those, and how much has been noted
    /// by it and after it.
    unsettled: Option<(i64, i64)>,
    /// Of which stores and groups.
    units: Vec<i64>,
    catalogue: Option<Arc<Catalogue>>,
}

impl Standing {
    fn is_still(&self, now: &Self) -> bool {
        let is_same_catalogue = match (&self.catalogue, &now.catalogue) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        };
        (self.life, self.last, self.unsettled) == (now.life, now.last, now.unsettled)
            && self.units == now.units
            && is_same_catalogue
    }
}

/// Who asks for what, in which form and on which day, as a hash.
pub type Question = [u8; 32];

/// The answers that were given last, by what was asked.
#[derive(Debug)]
pub struct Answers {
    most: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    young: HashMap<Question, Given>,
    old: HashMap<Question, Given>,
}

#[derive(Debug)]
struct Given {
    standing: Standing,
    tag: String,
}

impl Default for Answers {
    fn default() -> Self {
        Self { most: MOST, kept: Mutex::default() }
    }
}

impl Answers {
    /// The tag of the answer that was given to a question, if it stands.
    pub fn tag(&self, question: &Question, now: &Standing) -> Option<String> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // What is asked for again stays longest.
        if let Some(given) = kept.old.remove(question) {
            kept.put(self.most, *question, given);
        }
        kept.young.get(question).filter(|given| given.standing.is_still(now)).map(|given| given.tag.clone())
    }

    /// Remembers the tag of an answer, and how things stood before it was made.
    pub fn keep(&self, question: Question, standing: Standing, tag: String) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.put(self.most, question, Given { standing, tag });
    }
}

impl Kept {
    fn put(&mut self, most: usize, question: Question, given: Given) {
        if self.young.len() >= most {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(question, given);
    }
}

impl Subject<'_> {
    /// How things stand.
    pub async fn standing(self, cx: &mut Context) -> Result<Standing, Problem> {
        let units = self.units(cx).await?;
        let Noted { life, last, settled, open } = noted(cx.db(), &units, self.months).await?;
        let unsettled = (last >= settled).then_some((settled, open));
        Ok(Standing { life, last, unsettled, units, catalogue: self.catalogue })
    }

    /// The stores and groups on which the answer depends, as far as the caller reaches them: what changes elsewhere is not to be seen,
    /// not even by how long an answer takes. Of what is not reached, or not there, there is nothing to be shown.
    async fn units(&self, cx: &mut Context) -> Result<Vec<i64>, Problem> {
        let asked = match self.unit {
            None => None,
            Some(code) => match unit_by_code(cx.db(), code).await? {
                Some(unit) => Some(unit.store_id.unwrap_or(unit.id)),
                None => return Ok(Vec::new()),
            },
        };
        if cx.scope.is_everything() {
            return Ok(vec![asked.unwrap_or(EVERYTHING)]);
        }
        match cx.scope.confined_to() {
            Some(unit) => within(cx.db(), unit, asked).await,
            None => of_reach(cx, asked).await,
        }
    }
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

fn ids(found: Vec<Found>) -> Vec<i64> {
    found.into_iter().map(|found| found.id).collect()
}

/// What is asked for, if it lies within a unit; the unit, if it lies in what is asked for.
async fn within(
    connection: &mut AsyncPgConnection,
    unit: i64,
    asked: Option<i64>,
) -> Result<Vec<i64>, Problem> {
    let found = sql("SELECT CASE WHEN a.path @> w.path THEN a.id ELSE coalesce(w.store_id, w.id) END AS id
         FROM org_unit w JOIN org_unit a ON a.id = coalesce($2, w.id) WHERE w.id = $1 AND (a.path @> w.path OR w.path @> a.path)")
        .bind::<BigInt, _>(unit)
        .bind::<Nullable<BigInt>, _>(asked)
        .load(connection)
        .await?;
    Ok(ids(found))
}

/// The stores and groups in which anything is reached of what is asked for.
async fn of_reach(cx: &mut Context, asked: Option<i64>) -> Result<Vec<i64>, Problem> {
    let found = sql("SELECT DISTINCT coalesce(u.store_id, u.id) AS id FROM reached($1) r JOIN org_unit u ON u.id = r.unit_id
         WHERE $2 IS NULL OR u.path @> ARRAY[$2] ORDER BY id")
        .bind::<CallerScope, _>(cx.scope.clone())
        .bind::<Nullable<BigInt>, _>(asked)
        .load(cx.db())
        .await?;
    Ok(ids(found))
}

#[derive(QueryableByName)]
struct Noted {
    #[diesel(sql_type = BigInt)]
    life: i64,
    /// The last transaction that noted anything; 0 for none.
    #[diesel(sql_type = BigInt)]
    last: i64,
    /// The oldest transaction that is under way: what those before it have noted is all there.
    #[diesel(sql_type = BigInt)]
    settled: i64,
    /// How much has been noted by later ones.
    #[diesel(sql_type = BigInt)]
    open: i64,
}

/// What has been noted. Numbers that have not been reached are from before a backup was restored elsewhere.
async fn noted(
    connection: &mut AsyncPgConnection,
    units: &[i64],
    months: Vec<Period>,
) -> Result<Noted, Problem> {
    let noted = sql("WITH now AS MATERIALIZED (
             SELECT pg_snapshot_xmin(s)::text::bigint AS settled, pg_snapshot_xmax(s)::text::bigint AS next
             FROM pg_current_snapshot() s)
         SELECT life_of_database() AS life, now.settled, coalesce(noted.last, 0) AS last,
             coalesce(noted.open, 0)::bigint AS open
         FROM now CROSS JOIN LATERAL (
             SELECT max(of.last) AS last, sum(of.open) AS open
             FROM unnest($1) AS u (id) CROSS JOIN unnest($2 || date 'infinity') AS p (period) CROSS JOIN LATERAL (
                 SELECT (SELECT c.transaction_id FROM dashboard_change c
                         WHERE c.unit_id = u.id AND c.period = p.period AND c.transaction_id < now.next
                         ORDER BY c.transaction_id DESC LIMIT 1) AS last,
                     (SELECT count(*) FROM dashboard_change c WHERE c.unit_id = u.id AND c.period = p.period
                      AND c.transaction_id >= now.settled AND c.transaction_id < now.next) AS open) AS of) AS noted")
    .bind::<Array<BigInt>, _>(units.to_vec())
    .bind::<Array<Date>, _>(months)
    .get_result(connection)
    .await?;
    Ok(noted)
}

/// Takes notes away that later ones have made needless, some at a time.
pub async fn prune(connection: &mut AsyncPgConnection) -> Result<usize, Problem> {
    let pruned = sql("DELETE FROM dashboard_change WHERE ctid = ANY (ARRAY(
             SELECT c.ctid FROM dashboard_change c WHERE EXISTS (
                 SELECT FROM dashboard_change later WHERE later.unit_id = c.unit_id AND later.period = c.period
                 AND later.transaction_id > c.transaction_id
                 AND later.transaction_id < pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
             LIMIT 100000))")
    .execute(connection)
    .await?;
    Ok(pruned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(last: i64) -> Standing {
        Standing { life: 1, last, unsettled: None, units: vec![7], catalogue: None }
    }

    fn catalogue() -> Option<Arc<Catalogue>> {
        Some(Arc::new(Catalogue::parse("metric = []").unwrap()))
    }

    #[test]
    fn an_answer_stands_until_something_is_noted() {
        let answers = Answers::default();
        answers.keep([1; 32], standing(5), "a".to_owned());
        assert_eq!(answers.tag(&[1; 32], &standing(5)).as_deref(), Some("a"));
        assert_eq!(answers.tag(&[2; 32], &standing(5)), None);
        let elsewhere = Standing { units: vec![7, 8], ..standing(5) };
        let restored = Standing { life: 2, ..standing(5) };
        let [unsettled, later] =
            [Some((4, 1)), Some((4, 2))].map(|unsettled| Standing { unsettled, ..standing(5) });
        let described = Standing { catalogue: catalogue(), ..standing(5) };
        for other in [standing(6), standing(4), elsewhere, restored, unsettled.clone(), described.clone()] {
            assert_eq!(answers.tag(&[1; 32], &other), None, "{other:?}");
        }
        answers.keep([3; 32], unsettled.clone(), "c".to_owned());
        assert_eq!(answers.tag(&[3; 32], &unsettled).as_deref(), Some("c"));
        assert_eq!(answers.tag(&[3; 32], &later), None, "what was under way has noted something");
        answers.keep([1; 32], described.clone(), "b".to_owned());
        assert_eq!(answers.tag(&[1; 32], &described).as_deref(), Some("b"));
        let anew = Standing { catalogue: catalogue(), ..standing(5) };
        assert_eq!(answers.tag(&[1; 32], &anew), None, "two catalogues");
    }

    #[test]
    fn what_is_asked_for_again_is_remembered_and_the_rest_is_not_for_ever() {
        let answers = Answers { most: 2, ..Answers::default() };
        for question in 0..9 {
            answers.keep([question; 32], standing(5), question.to_string());
            assert!(answers.tag(&[0; 32], &standing(5)).is_some(), "{question}");
        }
        let remembered = (0..9).filter(|question| answers.tag(&[*question; 32], &standing(5)).is_some());
        assert!(remembered.count() <= 4);
    }
}
