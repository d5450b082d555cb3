//! For which store somebody's word on a person is: what is delivered is the data of one store, and says nothing about
//! another one at which the same person works in the same month.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::auth::scope::{CallerScope, Scope, reaches};
use crate::db::sql;
use crate::http::Problem;
use crate::period::Period;
use crate::said::say;

/// For which store somebody's word on a person is.
#[derive(Clone, Debug, QueryableByName)]
pub(super) struct Speaking {
    #[diesel(sql_type = BigInt)]
    pub employee_id: i64,
    /// The store.
    #[diesel(sql_type = BigInt)]
    pub store_id: i64,
    /// Whether it is the one store that who speaks reaches, rather than the one for which the month counts.
    #[diesel(sql_type = Bool)]
    pub is_said: bool,
    /// The store for which the month counts.
    #[diesel(sql_type = BigInt)]
    pub home_id: i64,
    /// The stores in which the person is posted in the month, where these are several.
    #[diesel(sql_type = Array<BigInt>)]
    pub stores: Vec<i64>,
}

/// For which stores somebody's word on people is, by person. It is asked once for a delivery, however often it is needed.
#[derive(Clone, Debug, Default)]
pub struct Speakers(HashMap<i64, Speaking>);

impl Speakers {
    /// For which store the word on a person is; none for somebody who belongs to no store.
    pub(super) fn of(&self, employee_id: i64) -> Option<&Speaking> {
        self.0.get(&employee_id)
    }

    /// Has the word be one store's where it reaches several, and says which: where those of the people who are posted in
    /// one store only are all of the same, it is that store's, also on the others.
    pub fn settle(&mut self) -> Option<i64> {
        let (of_one, of_several): (Vec<_>, Vec<_>) = self.0.values().partition(|one| one.stores.is_empty());
        let stores = of_one.iter().map(|one| one.store_id).collect::<HashSet<_>>();
        let own = stores.iter().next().copied().filter(|_| stores.len() == 1)?;
        if !of_several.iter().any(|one| !one.is_said && one.stores.contains(&own)) {
            return None;
        }
        for one in self.0.values_mut() {
            let is_own = if one.stores.is_empty() { one.store_id == own } else { one.stores.contains(&own) };
            (one.store_id, one.is_said) = if is_own { (own, true) } else { (one.home_id, false) };
        }
        Some(own)
    }
}

/// The stores about which a word on each of these people is: the one that `scope`, who speaks, reaches in the month, where
/// the person is posted there; else the one for which the person's month counts.
pub async fn speakers(
    connection: &mut AsyncPgConnection,
    period: Period,
    people: &[i64],
    scope: &Scope,
) -> Result<Speakers, Problem> {
    // The month of who works in one store counts for that one. Of the others, a month of which anything is recorded knows for which
    // unit it counts. What is reached is asked once, and not for each person.
    let speaking: Vec<Speaking> = sql("WITH own AS MATERIALIZED ( \
             SELECT min(u.store_id) AS store_id FROM reached($3) r JOIN org_unit u ON u.id = r.unit_id \
             WHERE r.months @> $2 HAVING count(DISTINCT u.store_id) = 1), \
         posted AS MATERIALIZED ( \
             SELECT a.employee_id, min(u.store_id) AS store_id, min(u.store_id) < max(u.store_id) AS is_of_several, \
                 min(u.store_id) < max(u.store_id) OR bool_or(u.store_id IS NULL) AS is_open, \
                 bool_or(u.store_id = (SELECT own.store_id FROM own)) AS is_own \
             FROM assignment a JOIN org_unit u ON u.id = a.unit_id WHERE a.employee_id = ANY ($1) \
             AND a.valid_from < $2 + interval '1 month' AND (a.valid_to IS NULL OR a.valid_to > $2) \
             GROUP BY a.employee_id), \
         recorded AS MATERIALIZED ( \
             SELECT m.employee_id, m.unit_id FROM posted p JOIN person_month m ON m.employee_id = p.employee_id \
             WHERE p.is_open AND m.period = $2), \
         held AS ( \
             SELECT r.employee_id, r.unit_id FROM recorded r \
             UNION ALL SELECT h.employee_id, h.unit_id FROM unit_held($2, ARRAY( \
                 SELECT p.employee_id FROM posted p WHERE p.is_open \
                 AND NOT EXISTS (SELECT FROM recorded r WHERE r.employee_id = p.employee_id))) h), \
         home AS MATERIALIZED ( \
             SELECT h.employee_id, u.store_id FROM held h JOIN org_unit u ON u.id = h.unit_id), \
         known AS ( \
             SELECT p.employee_id, p.is_of_several, \
                 CASE WHEN p.is_open THEN home.store_id ELSE p.store_id END AS home_id, \
                 CASE WHEN p.is_own THEN (SELECT own.store_id FROM own) END AS own_id \
             FROM posted p LEFT JOIN home ON home.employee_id = p.employee_id) \
         SELECT k.employee_id, coalesce(k.own_id, k.home_id) AS store_id, k.own_id IS NOT NULL AS is_said, \
             coalesce(k.home_id, k.own_id) AS home_id, \
             CASE WHEN k.is_of_several THEN ARRAY( \
                 SELECT DISTINCT u.store_id FROM assignment a JOIN org_unit u ON u.id = a.unit_id \
                 WHERE a.employee_id = k.employee_id AND u.store_id IS NOT NULL \
                 AND a.valid_from < $2 + interval '1 month' AND (a.valid_to IS NULL OR a.valid_to > $2)) \
             ELSE '{}' END AS stores \
         FROM known k WHERE coalesce(k.own_id, k.home_id) IS NOT NULL")
    .over(people.len())
    .bind::<Array<BigInt>, _>(people)
    .bind::<Date, _>(period)
    .bind::<CallerScope, _>(scope.clone())
    .load(connection)
    .await?;
    Ok(Speakers(speaking.into_iter().map(|one| (one.employee_id, one)).collect()))
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

/// The scope of who speaks for one store.
pub fn of_store(store_id: i64) -> Scope {
    Scope { unit_id: store_id, ..Scope::operator() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: i64 = 1;
    const THERE: i64 = 2;

    fn of(employee_id: i64, home_id: i64, stores: &[i64]) -> Speaking {
        Speaking { employee_id, store_id: home_id, is_said: false, home_id, stores: stores.to_vec() }
    }

    fn settled(speaking: Vec<Speaking>) -> (Option<i64>, Vec<(i64, bool)>) {
        let people = speaking.iter().map(|one| one.employee_id).collect::<Vec<_>>();
        let mut speakers = Speakers(speaking.into_iter().map(|one| (one.employee_id, one)).collect());
        let own = speakers.settle();
        let said = people.iter().filter_map(|id| speakers.of(*id));
        (own, said.map(|one| (one.store_id, one.is_said)).collect())
    }

    #[test]
    fn a_file_is_of_the_store_of_those_who_are_of_one() {
        let both = &[HERE, THERE];
        // Whoever is of both counts for the other one, and is said of by this one.
        let found = settled(vec![of(1, HERE, &[]), of(2, THERE, both), of(3, THERE, &[THERE, 9])]);
        assert_eq!(found, (Some(HERE), vec![(HERE, true), (HERE, true), (THERE, false)]));
        // People of two stores, or nobody of both: it stays as it was.
        let found = settled(vec![of(1, HERE, &[]), of(2, THERE, both), of(3, THERE, &[])]);
        assert_eq!(found, (None, vec![(HERE, false), (THERE, false), (THERE, false)]));
        assert_eq!(settled(vec![of(1, HERE, &[])]), (None, vec![(HERE, false)]));
        assert_eq!(settled(vec![of(2, THERE, both)]), (None, vec![(THERE, false)]));
    }
}
