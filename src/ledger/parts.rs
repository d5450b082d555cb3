//! Totals of people who are posted in several stores in a month: each store delivers its own, and they add up.
//!
//! The place of the month's total belongs to the store for which the month counts, or to the one that delivered it first.
//! What another store delivers stands beside it, at a place that names the store. Whoever reaches several stores, and so
//! speaks for none of them, speaks for the one for which the month counts. Hours add up as days and counts do; marks and
//! ratings do not: of them the one that came last stands.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::metric::{Catalogue, Metric};
use super::speaking::{Speakers, Speaking};
use super::{Entry, ForStore};
use crate::db::sql;
use crate::http::Problem;
use crate::period::Period;

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

/// Says of entries for which store each is delivered, and which of them are only that store's part of a total. To be called
/// where the months of these people are locked, or where nothing is going to be recorded.
pub async fn assign(
    connection: &AsyncPgConnection,
    catalogue: &Catalogue,
    period: Period,
    entries: &mut [Entry],
    speakers: &Speakers,
) -> Result<(), Problem> {
    let adds_up = |metric: &str| {
        let metric = catalogue.find(metric).and_then(|id| catalogue.get(id));
        metric.is_some_and(Metric::adds_up)
    };
    let mut several = Vec::new();
    for (at, entry) in entries.iter_mut().enumerate() {
        let Some(speaks) = speakers.of(entry.employee_id) else { continue };
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
        let Some(speaks) = speakers.of(entry.employee_id) else { continue };
        let standing = totals.get(&(entry.employee_id, entry.metric.clone())).unwrap_or(&nothing);
        entry.for_store = Some(standing.next(speaks));
    }
    Ok(())
}

async fn totals(
    mut connection: &AsyncPgConnection,
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
    .load(&mut connection)
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
