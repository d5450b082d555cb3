//! Totals of people who are posted in several stores in a month: each store delivers its own, and they add up.
//!
//! The place of the month's total belongs to the store for which the month counts, or to the one that delivered it first.
//! What another store delivers stands beside it, at a place that names the store. Whoever reaches several stores, and so
//! speaks for none of them, speaks for the one for which the month counts. Marks and ratings do not add up: of them the
//! one that came last stands.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::delivery::{self, Speaking};
use super::metric::{Catalogue, Kind};
use super::{Entry, ForStore};
use crate::auth::scope::{CallerScope, Scope, reaches};
use crate::db::schema::org_unit;
use crate::db::sql;
use crate::http::Problem;
use crate::period::Period;
use crate::said::say;

/// With what the place of a store's part begins. Days begin with a digit and records with `#`.
const MARK: char = '@';

/// Where a store's part of a total stands.
pub(super) fn place(store_id: i64) -> String {
    format!("{MARK}{store_id}")
}

/// Whether a place is that of a store's part.
pub(super) fn is_of_store(place: &str) -> bool {
    place.starts_with(MARK)
}

/// The store whose part stands at a place, if it is the place of one.
pub fn of_place(place: &str) -> Option<ForStore> {
    let store_id = place.strip_prefix(MARK)?.parse().ok()?;
    Some(ForStore { store_id, is_part: true })
}

/// A total that stands.
#[derive(QueryableByName)]
struct StandingTotal {
    #[diesel(sql_type = BigInt)]
    employee_id: i64,
    #[diesel(sql_type = Text)]
    metric: String,
    #[diesel(sql_type = Text)]
    place: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    store_id: Option<i64>,
}

/// The totals of one person's metric that stand.
#[derive(Default)]
struct Totals {
    /// The month's, with the store for which it was delivered.
    whole: Option<Option<i64>>,
    /// The stores that have a part.
    parts: HashSet<i64>,
}

impl Totals {
    /// For which store a further total is, and whether that is a part beside the one that stands.
    fn next(&self, speaking: &Speaking) -> ForStore {
        let Speaking { store_id, home_id, .. } = *speaking;
        let is_part = self.parts.contains(&store_id)
            || speaking.is_said
                && match self.whole {
                    None => store_id != home_id,
                    Some(owner) => {
                        let owner = owner.unwrap_or(home_id);
                        owner != store_id && speaking.stores.contains(&owner)
                    }
                };
        // Whoever speaks for no store of its own changes the value, and not whose it is.
        let owner = self.whole.flatten().filter(|_| !speaking.is_said && !is_part);
        ForStore { store_id: owner.unwrap_or(store_id), is_part }
    }
}

/// Says of entries for which store each is delivered by who reaches so far, and which of them are only that store's part
/// of a total. To be called where the months of these people are locked, or where nothing is going to be recorded.
pub async fn assign(
    connection: &mut AsyncPgConnection,
    catalogue: &Catalogue,
    period: Period,
    entries: &mut [Entry],
    scope: &Scope,
) -> Result<(), Problem> {
    let people = entries.iter().map(|entry| entry.employee_id).collect::<HashSet<_>>();
    let speaking = delivery::speaking(connection, period, &Vec::from_iter(people), scope).await?;
    let adds_up = |metric: &str| {
        let metric = catalogue.find(metric).and_then(|id| catalogue.get(id));
        metric.is_some_and(|metric| metric.kind != Kind::Score)
    };
    let mut several = Vec::new();
    for (at, entry) in entries.iter_mut().enumerate() {
        let Some(speaks) = speaking.get(&entry.employee_id) else { continue };
        entry.for_store = Some(ForStore { store_id: speaks.store_id, is_part: false });
        let is_total = entry.day.is_none() && entry.external_id.is_none();
        if is_total && !speaks.stores.is_empty() && adds_up(&entry.metric) {
            several.push(at);
        }
    }
    if several.is_empty() {
        return Ok(());
    }
    let asked = several.iter().filter_map(|at| entries.get(*at));
    let totals = totals(connection, period, &Vec::from_iter(asked)).await?;
    let nothing = Totals::default();
    for at in several {
        let Some(entry) = entries.get_mut(at) else { continue };
        let Some(speaks) = speaking.get(&entry.employee_id) else { continue };
        let standing = totals.get(&(entry.employee_id, entry.metric.clone())).unwrap_or(&nothing);
        entry.for_store = Some(standing.next(speaks));
    }
    Ok(())
}

/// For which store a file speaks that somebody delivers who reaches several: where those of its people who are posted in one
/// store only are all of the same, it is that store's, also for the others. The scope to speak with, and the code of the
/// store where it was found in this way.
pub async fn speaks_for(
    connection: &mut AsyncPgConnection,
    period: Period,
    people: &[i64],
    scope: &Scope,
) -> Result<(Scope, Option<String>), Problem> {
    let speaking = delivery::speaking(connection, period, people, scope).await?;
    let (of_one, of_several): (Vec<_>, Vec<_>) = speaking.values().partition(|one| one.stores.is_empty());
    let stores = of_one.iter().map(|one| one.store_id).collect::<HashSet<_>>();
    let own = stores.iter().next().copied().filter(|_| stores.len() == 1);
    match own.filter(|store_id| of_several.iter().any(|one| !one.is_said && one.stores.contains(store_id))) {
        None => Ok((scope.clone(), None)),
        Some(store_id) => {
            let code = org_unit::table.find(store_id).select(org_unit::code).first(connection).await?;
            Ok((of_store(store_id), Some(code)))
        }
    }
}

/// The scope of who speaks for one store.
fn of_store(store_id: i64) -> Scope {
    Scope { unit_id: store_id, ..Scope::operator() }
}

/// The scope of who speaks for the store of a code, which `scope` reaches as a whole in the month.
///
/// # Errors
///
/// The field `store` at fault where there is none.
pub async fn speaking_for(
    connection: &mut AsyncPgConnection,
    period: Period,
    code: &str,
    scope: &Scope,
) -> Result<Scope, Problem> {
    #[derive(QueryableByName)]
    struct ReachedStore {
        #[diesel(sql_type = BigInt)]
        id: i64,
    }
    let found: Option<ReachedStore> = sql(concat!(
        "SELECT u.id FROM org_unit u WHERE u.code = $2 AND u.kind = 'store' AND ",
        reaches!("$1", "u.id", "$3")
    ))
    .bind::<CallerScope, _>(scope.clone())
    .bind::<Text, _>(code.to_owned())
    .bind::<Date, _>(period)
    .get_result(connection)
    .await
    .optional()?;
    let unknown = || {
        Problem::field(
            "store",
            say!("没有可由您交数据的门店“{code}”", "there is no store '{code}' for which you may deliver"),
        )
    };
    found.map(|store| of_store(store.id)).ok_or_else(unknown)
}

async fn totals(
    connection: &mut AsyncPgConnection,
    period: Period,
    entries: &[&Entry],
) -> Result<HashMap<(i64, String), Totals>, Problem> {
    let standing: Vec<StandingTotal> = sql("SELECT employee_id, metric, place, store_id FROM ( \
             SELECT DISTINCT ON (f.employee_id, f.metric, f.place) f.employee_id, f.metric, f.place, f.store_id, f.value \
             FROM fact f JOIN (SELECT DISTINCT * FROM unnest($2, $3)) AS i (employee_id, metric) \
                 ON f.employee_id = i.employee_id AND f.metric = i.metric \
             WHERE f.period = $1 AND f.rank = 2 ORDER BY f.employee_id, f.metric, f.place, f.id DESC \
         ) AS youngest WHERE value IS NOT NULL")
    .bind::<Date, _>(period)
    .bind::<Array<BigInt>, _>(entries.iter().map(|entry| entry.employee_id).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(entries.iter().map(|entry| entry.metric.as_str()).collect::<Vec<_>>())
    .load(connection)
    .await?;
    let mut totals = HashMap::<(i64, String), Totals>::new();
    for one in standing {
        let of = totals.entry((one.employee_id, one.metric)).or_default();
        match of_place(&one.place) {
            Some(part) => {
                of.parts.insert(part.store_id);
            }
            None => of.whole = Some(one.store_id),
        }
    }
    Ok(totals)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: i64 = 1;
    const THERE: i64 = 2;

    /// Somebody whose month counts for the store `THERE`.
    fn by(store_id: i64, is_said: bool) -> Speaking {
        Speaking { employee_id: 7, store_id, is_said, home_id: THERE, stores: vec![HERE, THERE] }
    }

    fn standing(whole: Option<Option<i64>>, parts: &[i64]) -> Totals {
        Totals { whole, parts: parts.iter().copied().collect() }
    }

    #[test]
    fn each_store_has_a_part_of_its_own() {
        for (standing, by, expected) in [
            // Nothing stands: the month's place is that of the store for which it counts.
            (standing(None, &[]), by(HERE, true), (HERE, true)),
            (standing(None, &[]), by(THERE, true), (THERE, false)),
            // The first store delivered before the person moved.
            (standing(Some(Some(HERE)), &[]), by(THERE, true), (THERE, true)),
            (standing(Some(Some(HERE)), &[]), by(HERE, true), (HERE, false)),
            (standing(Some(Some(HERE)), &[THERE]), by(THERE, true), (THERE, true)),
            // A store in which the person is not posted any more has no word.
            (standing(Some(Some(9)), &[]), by(HERE, true), (HERE, false)),
            // Nobody knows for which store it was: for the one for which the month counts.
            (standing(Some(None), &[]), by(THERE, true), (THERE, false)),
            (standing(Some(None), &[]), by(HERE, true), (HERE, true)),
            // Who speaks for both changes what stands, and not whose it is.
            (standing(Some(Some(HERE)), &[]), by(THERE, false), (HERE, false)),
            (standing(Some(Some(HERE)), &[THERE]), by(THERE, false), (THERE, true)),
            (standing(None, &[HERE]), by(THERE, false), (THERE, false)),
        ] {
            let next = standing.next(&by);
            assert_eq!((next.store_id, next.is_part), expected, "{:?} {by:?}", standing.whole);
        }
    }

    #[test]
    fn a_place_names_its_store() {
        assert_eq!(of_place(&place(42)), Some(ForStore { store_id: 42, is_part: true }));
        for other in ["", "2014-05-01", "#dms:@4"] {
            assert_eq!((of_place(other), is_of_store(other)), (None, false));
        }
    }
}
