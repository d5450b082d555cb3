//! Whether an answer still stands, known before anything is summed.
//!
//! The tag of an answer is that of its bytes, so it tells nothing that the answer does not. What stood in the database before it was
//! made (`migrations/*_dashboard_unchanged`) is remembered ([`super::remembered`]), with the tag, for whoever asked: while nothing
//! more is noted, they are told by two look-ups that they have it already. What nobody remembers, after a start or because there was
//! too much of it, is made anew.

use std::sync::Arc;

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Date, Nullable};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::auth::Context;
use crate::auth::scope::CallerScope;
use crate::db::{rows_of, sql};
use crate::http::Problem;
use crate::ledger::metric::Catalogue;
use crate::org::Part;
use crate::org::part::Home;
use crate::period::Period;

/// What is noted for the whole organisation.
const EVERYTHING: i64 = 0;

/// What an answer is about.
#[derive(Debug)]
pub struct Subject {
    /// The part of the organisation that is asked for; none where there is no such unit.
    pub part: Option<Part>,
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
    /// In each month that is read, the earliest first.
    months: Vec<MonthStanding>,
    /// Of which stores and groups.
    units: Vec<i64>,
    catalogue: Option<Arc<Catalogue>>,
}

/// How it stood in a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct MonthStanding {
    period: Period,
    /// The last transaction that has changed anything that is shown.
    last: i64,
    /// Where that one is younger than one under way, which may yet change something: the oldest of those, and how much has been noted
    /// by it and after it.
    unsettled: Option<(i64, i64)>,
}

impl Standing {
    /// How it stood in some of the months; none where it is not known of one.
    pub fn of(&self, periods: &[Period]) -> Option<Self> {
        let month = |period: &Period| self.months.iter().find(|month| month.period == *period).copied();
        Some(Self {
            months: periods.iter().map(month).collect::<Option<_>>()?,
            units: self.units.clone(),
            catalogue: self.catalogue.clone(),
            ..*self
        })
    }

    /// Whether nothing more has been noted by now.
    pub fn is_still(&self, now: &Self) -> bool {
        let is_same_catalogue = match (&self.catalogue, &now.catalogue) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        };
        (self.life, &self.months, &self.units) == (now.life, &now.months, &now.units) && is_same_catalogue
    }
}

impl Subject {
    /// How things stand.
    pub async fn standing(self, cx: &mut Context) -> Result<Standing, Problem> {
        let units = self.units(cx).await?;
        let mut months = self.months;
        months.sort_unstable();
        months.dedup();
        // Whom somebody sees by a posting of today tells what is withheld of earlier months, too.
        let is_by_posting = !cx.scope.is_everything() && cx.scope.confined_to().is_none();
        let noted = noted(cx.db(), &units, &months, is_by_posting).await?;
        let [Noted { life, .. }, ..] = *noted.as_slice() else {
            return Err(Problem::internal(&"nobody knows how the database stands"));
        };
        let months = noted.into_iter().map(|month| MonthStanding {
            period: month.period,
            last: month.last,
            unsettled: (month.last >= month.settled).then_some((month.settled, month.open)),
        });
        Ok(Standing { life, months: months.collect(), units, catalogue: self.catalogue })
    }

    /// The stores and groups on which the answer depends, as far as the caller reaches them: what changes elsewhere is not to be seen,
    /// not even by how long an answer takes. Of what is not reached, or not there, there is nothing to be shown.
    async fn units(&self, cx: &mut Context) -> Result<Vec<i64>, Problem> {
        let Some(part) = self.part else { return Ok(Vec::new()) };
        match part.home() {
            Home::Everywhere => Ok(vec![EVERYTHING]),
            Home::Unit(unit) => Ok(vec![unit]),
            Home::ByPosting => of_reach(cx, part.store.or(part.unit)).await,
            Home::Nowhere => Ok(Vec::new()),
        }
    }
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// The stores and groups in which anything is reached of what is asked for.
async fn of_reach(cx: &mut Context, asked: Option<i64>) -> Result<Vec<i64>, Problem> {
    let found: Vec<Found> = sql("SELECT DISTINCT coalesce(u.store_id, u.id) AS id FROM reached($1) r JOIN org_unit u ON u.id = r.unit_id
         WHERE $2 IS NULL OR u.path @> ARRAY[$2] ORDER BY id")
        .bind::<CallerScope, _>(cx.scope.clone())
        .bind::<Nullable<BigInt>, _>(asked)
        .load(cx.db())
        .await?;
    Ok(found.into_iter().map(|found| found.id).collect())
}

#[derive(QueryableByName)]
struct Noted {
    #[diesel(sql_type = Date)]
    period: Period,
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

/// What has been noted for each of these months, the earliest first: for it alone, and for the months from an earlier one on, or from
/// `any` on. Numbers that have not been reached are from before a backup was restored elsewhere.
async fn noted(
    connection: &mut AsyncPgConnection,
    units: &[i64],
    months: &[Period],
    any: bool,
) -> Result<Vec<Noted>, Problem> {
    let (unit, month) = (rows_of("$1", units.len(), "u", "id"), rows_of("$2", months.len(), "p", "period"));
    let noted = sql(format!(
        "WITH now AS MATERIALIZED (
             SELECT life_of_database() AS life, pg_snapshot_xmin(s)::text::bigint AS settled,
                 pg_snapshot_xmax(s)::text::bigint AS next
             FROM pg_current_snapshot() s),
         from_then_on AS MATERIALIZED (
             SELECT c.since, max(c.transaction_id) AS last, count(*) FILTER (WHERE c.transaction_id >= now.settled) AS open
             FROM now CROSS JOIN {unit} JOIN dashboard_change c ON c.unit_id = u.id AND c.period = 'infinity'
                 AND c.transaction_id < now.next
             GROUP BY c.since)
         SELECT p.period, now.life, now.settled, coalesce(greatest(month.last, later.last), 0) AS last,
             (coalesce(month.open, 0) + coalesce(later.open, 0))::bigint AS open
         FROM {month} CROSS JOIN now CROSS JOIN LATERAL (
             SELECT max(of.last) AS last, sum(of.open) AS open
             FROM {unit} CROSS JOIN LATERAL (
                 SELECT (SELECT c.transaction_id FROM dashboard_change c
                         WHERE c.unit_id = u.id AND c.period = p.period AND c.transaction_id < now.next
                         ORDER BY c.transaction_id DESC LIMIT 1) AS last,
                     (SELECT count(*) FROM dashboard_change c WHERE c.unit_id = u.id AND c.period = p.period
                      AND c.transaction_id >= now.settled AND c.transaction_id < now.next) AS open) AS of) AS month
         CROSS JOIN LATERAL (
             SELECT max(f.last) AS last, sum(f.open) AS open FROM from_then_on f
             WHERE $3 OR f.since <= p.period) AS later
         ORDER BY p.period"
    ))
    .bind::<Array<BigInt>, _>(units.to_vec())
    .bind::<Array<Date>, _>(months.to_vec())
    .bind::<Bool, _>(any)
    .load(connection)
    .await?;
    Ok(noted)
}

/// Takes notes away that later ones have made needless, some at a time.
pub async fn prune(connection: &mut AsyncPgConnection) -> Result<usize, Problem> {
    let pruned = sql("DELETE FROM dashboard_change WHERE ctid = ANY (ARRAY(
             SELECT c.ctid FROM dashboard_change c WHERE EXISTS (
                 SELECT FROM dashboard_change later WHERE later.unit_id = c.unit_id AND later.period = c.period
                 AND later.since <= c.since AND later.transaction_id > c.transaction_id
                 AND later.transaction_id < pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
             LIMIT 100000))")
    .execute(connection)
    .await?;
    Ok(pruned)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::dashboard) fn standing(last: i64) -> Standing {
        Standing { life: 1, months: vec![month("2014-03", last, None)], units: vec![7], catalogue: None }
    }

    fn month(period: &str, last: i64, unsettled: Option<(i64, i64)>) -> MonthStanding {
        MonthStanding { period: period.parse().unwrap(), last, unsettled }
    }

    fn catalogue() -> Option<Arc<Catalogue>> {
        Some(Arc::new(Catalogue::parse("metric = []").unwrap()))
    }

    #[test]
    fn an_answer_stands_until_something_is_noted() {
        assert!(standing(5).is_still(&standing(5)));
        let of_months = |months: Vec<MonthStanding>| Standing { months, ..standing(5) };
        let [unsettled, later] =
            [Some((4, 1)), Some((4, 2))].map(|unsettled| of_months(vec![month("2014-03", 5, unsettled)]));
        let described = Standing { catalogue: catalogue(), ..standing(5) };
        for other in [
            standing(6),
            standing(4),
            Standing { units: vec![7, 8], ..standing(5) },
            Standing { life: 2, ..standing(5) },
            of_months(vec![month("2014-04", 5, None)]),
            unsettled.clone(),
            described.clone(),
        ] {
            assert!(!standing(5).is_still(&other), "{other:?}");
        }
        assert!(unsettled.is_still(&unsettled));
        assert!(!unsettled.is_still(&later), "what was under way has noted something");
        assert!(described.is_still(&described));
        assert!(!described.is_still(&Standing { catalogue: catalogue(), ..standing(5) }), "two catalogues");
    }

    #[test]
    fn each_month_stands_by_itself() {
        let [march, april] = ["2014-03", "2014-04"].map(|period| period.parse::<Period>().unwrap());
        let of = |last_of_april: i64| Standing {
            months: vec![month("2014-03", 5, None), month("2014-04", last_of_april, None)],
            ..standing(5)
        };
        let stands = |months: &[Period]| of(6).of(months).unwrap().is_still(&of(7).of(months).unwrap());
        assert_eq!((stands(&[march]), stands(&[april]), stands(&[march, april])), (true, false, false));
        assert!(of(6).of(&[march]).unwrap().is_still(&standing(5)));
        assert!(of(6).of(&[march, "2014-05".parse().unwrap()]).is_none());
    }
}
