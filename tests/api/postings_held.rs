//! By which postings a month counts: the database's `posting_held` and `unit_held`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use showfloor::db::{pool, sql};

use crate::support::{Template, database_url};

const SELLS: &str = "sales_consultant";
const LEADS: &str = "team_leader";

/// Position, unit, first day, and the day after the last one.
type Row = (&'static str, i64, NaiveDate, Option<NaiveDate>);

/// What it is about, the postings, and those that count as (position, team, first day).
type Case = (&'static str, Vec<Row>, Vec<(&'static str, i64, &'static str)>);

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A posting with an exclusive end; an empty one is none.
fn own(position: &'static str, unit: i64, from: &str, to: &str) -> Row {
    (position, unit, day(from), (!to.is_empty()).then(|| day(to)))
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

#[derive(Debug, QueryableByName)]
struct Held {
    #[diesel(sql_type = BigInt)]
    employee_id: i64,
    #[diesel(sql_type = BigInt)]
    unit_id: i64,
    #[diesel(sql_type = Text)]
    position: String,
    #[diesel(sql_type = Date)]
    valid_from: NaiveDate,
}

/// Two teams of a store, and these people's postings: the ids of the people.
async fn posted(connection: &mut AsyncPgConnection, people: &[Vec<Row>]) -> Vec<i64> {
    sql("WITH store AS (
             INSERT INTO org_unit (id, code, name, kind, path, store_id, valid_from) OVERRIDING SYSTEM VALUE
             VALUES (1, 'S', '店', 'store', '{1}', 1, '2010-01-01'))
         INSERT INTO org_unit (id, code, name, kind, parent_id, path, store_id, valid_from) OVERRIDING SYSTEM VALUE
         SELECT id, 'T' || id, '组', 'team', 1, ARRAY[1, id], 1, '2010-01-01' FROM unnest('{11,12}'::bigint[]) id")
    .execute(connection)
    .await
    .unwrap();
    let mut ids = Vec::new();
    for (number, rows) in people.iter().enumerate() {
        let person: Id = sql(
            "INSERT INTO employee (employee_no, name, status) VALUES ($1, '某人', 'active') RETURNING id",
        )
        .bind::<Text, _>(format!("A{number}"))
        .get_result(connection)
        .await
        .unwrap();
        for (position, unit, from, to) in rows {
            sql("INSERT INTO assignment (employee_id, unit_id, position, valid_from, valid_to) VALUES ($1, $2, $3, $4, $5)")
                .bind::<BigInt, _>(person.id)
                .bind::<BigInt, _>(10 + unit)
                .bind::<Text, _>(*position)
                .bind::<Date, _>(*from)
                .bind::<Nullable<Date>, _>(*to)
                .execute(connection)
                .await
                .unwrap();
        }
        ids.push(person.id);
    }
    ids
}

async fn held(connection: &mut AsyncPgConnection, people: Option<Vec<i64>>) -> Vec<Held> {
    sql("SELECT employee_id, unit_id, position, valid_from FROM posting_held('2014-03-01', $1)
         ORDER BY employee_id, position DESC, unit_id, valid_from")
    .bind::<Nullable<Array<BigInt>>, _>(people)
    .load(connection)
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_set_of_postings_held_on_most_days_counts() {
    // March has 31 days. Each case: the postings, and those that count, as (position, team, first day).
    let cases: Vec<Case> = vec![
        ("all month", vec![own(SELLS, 1, "2013-05-01", "")], vec![(SELLS, 1, "2013-05-01")]),
        (
            "before and after",
            vec![own(SELLS, 1, "2013-05-01", "2014-03-01"), own(SELLS, 2, "2014-04-01", "")],
            vec![],
        ),
        ("the first day", vec![own(SELLS, 1, "2013-05-01", "2014-03-02")], vec![(SELLS, 1, "2013-05-01")]),
        ("the last day", vec![own(SELLS, 1, "2014-03-31", "")], vec![(SELLS, 1, "2014-03-31")]),
        (
            "15 days against 16",
            vec![own(SELLS, 1, "2013-01-01", "2014-03-16"), own(SELLS, 2, "2014-03-16", "")],
            vec![(SELLS, 2, "2014-03-16")],
        ),
        (
            "16 days against 15",
            vec![own(SELLS, 1, "2013-01-01", "2014-03-17"), own(SELLS, 2, "2014-03-17", "")],
            vec![(SELLS, 1, "2013-01-01")],
        ),
        (
            "15 days each, nothing on the 1st: the later one",
            vec![own(SELLS, 1, "2014-03-02", "2014-03-17"), own(SELLS, 2, "2014-03-17", "")],
            vec![(SELLS, 2, "2014-03-17")],
        ),
        (
            "a leader who sells",
            vec![own(LEADS, 1, "2014-01-01", ""), own(SELLS, 1, "2014-01-01", "")],
            vec![(LEADS, 1, "2014-01-01"), (SELLS, 1, "2014-01-01")],
        ),
        (
            "{sells} 10 days, {sells, leads} 21 days",
            vec![own(LEADS, 1, "2014-03-11", ""), own(SELLS, 1, "2014-01-01", "")],
            vec![(LEADS, 1, "2014-03-11"), (SELLS, 1, "2014-01-01")],
        ),
        (
            "{sells} 20 days, {sells, leads} 11 days",
            vec![own(LEADS, 1, "2014-03-21", ""), own(SELLS, 1, "2014-01-01", "")],
            vec![(SELLS, 1, "2014-01-01")],
        ),
        (
            "{sells} 1–10, {sells, leads} 11–20, {leads} 21–31, although each was held for 20 days or more",
            vec![own(LEADS, 1, "2014-03-11", ""), own(SELLS, 1, "2014-01-01", "2014-03-21")],
            vec![(LEADS, 1, "2014-03-11")],
        ),
        (
            "team 1 on 1–10 and 21–31, team 2 on 11–20",
            vec![
                own(SELLS, 1, "2013-01-01", "2014-03-11"),
                own(SELLS, 2, "2014-03-11", "2014-03-21"),
                own(SELLS, 1, "2014-03-21", ""),
            ],
            vec![(SELLS, 1, "2014-03-21")],
        ),
        (
            "team 1 on 1–8 and 9–16 by two rows, team 2 on 17–31",
            vec![
                own(SELLS, 1, "2013-01-01", "2014-03-09"),
                own(SELLS, 1, "2014-03-09", "2014-03-17"),
                own(SELLS, 2, "2014-03-17", ""),
            ],
            vec![(SELLS, 1, "2014-03-09")],
        ),
        ("3 of 31 days", vec![own(SELLS, 1, "2014-03-10", "2014-03-13")], vec![(SELLS, 1, "2014-03-10")]),
    ];
    let pool = pool::open(&database_url(Template::Empty).await, 1).unwrap();
    let connection = &mut *pool.get().await.unwrap();
    let people: Vec<_> = cases.iter().map(|(_, rows, _)| rows.clone()).collect();
    let ids = posted(connection, &people).await;
    let everybody = held(connection, None).await;
    for ((what, _, expected), id) in cases.iter().zip(&ids) {
        let mut found: Vec<_> = everybody
            .iter()
            .filter(|row| row.employee_id == *id)
            .map(|row| (row.position.as_str(), row.unit_id - 10, row.valid_from))
            .collect();
        found.sort_by(|a, b| b.0.cmp(a.0));
        let expected: Vec<_> =
            expected.iter().map(|(position, unit, from)| (*position, *unit, day(from))).collect();
        assert_eq!(found, expected, "{what}");
        assert_eq!(held(connection, Some(vec![*id])).await.len(), expected.len(), "{what}, asked for alone");
    }
}

/// One person's postings in two teams, beginning and ending around March 2014.
fn rows() -> impl Strategy<Value = Vec<Row>> {
    let one = (0..2usize, 1..=2i64, 0..45u64, prop::option::of(1..45u64)).prop_map(
        |(position, unit, begin, length)| {
            let from = day("2014-02-20") + Days::new(begin);
            ([SELLS, LEADS][position], unit, from, length.map(|days| from + Days::new(days)))
        },
    );
    prop::collection::vec(one, 0..5).prop_filter("nobody holds a position twice on a day", |rows| {
        rows.iter().enumerate().all(|(index, a)| {
            rows[index + 1..]
                .iter()
                .all(|b| a.0 != b.0 || a.3.is_some_and(|end| end <= b.2) || b.3.is_some_and(|end| end <= a.2))
        })
    })
}

type Set = BTreeSet<(String, i64)>;

/// The days of March on which exactly each set is held.
fn days_of_sets(rows: &[Row]) -> BTreeMap<Set, Vec<NaiveDate>> {
    let mut sets: BTreeMap<Set, Vec<NaiveDate>> = BTreeMap::new();
    for day in day("2014-03-01").iter_days().take(31) {
        let set: Set = rows
            .iter()
            .filter(|(_, _, from, to)| *from <= day && to.is_none_or(|end| end > day))
            .map(|(position, unit, ..)| ((*position).to_owned(), *unit))
            .collect();
        if !set.is_empty() {
            sets.entry(set).or_default().push(day);
        }
    }
    sets
}

#[tokio::test(flavor = "multi_thread")]
async fn no_set_was_held_longer_or_as_long_and_later() {
    let mut runner = TestRunner::deterministic();
    let people: Vec<_> = (0..400).map(|_| rows().new_tree(&mut runner).unwrap().current()).collect();
    let pool = pool::open(&database_url(Template::Empty).await, 1).unwrap();
    let connection = &mut *pool.get().await.unwrap();
    let ids = posted(connection, &people).await;
    let everybody = held(connection, None).await;
    let units: Vec<Held> =
        sql("SELECT employee_id, unit_id, '' AS position, '2014-03-01'::date AS valid_from
         FROM unit_held('2014-03-01', NULL)")
        .load(connection)
        .await
        .unwrap();
    let mut counted = 0;
    for (rows, id) in people.iter().zip(ids) {
        let own: Vec<_> = everybody.iter().filter(|row| row.employee_id == id).collect();
        let set: Set = own.iter().map(|row| (row.position.clone(), row.unit_id - 10)).collect();
        assert_eq!(set.len(), own.len(), "{rows:?}");
        let sets = days_of_sets(rows);
        let unit = units.iter().filter(|unit| unit.employee_id == id).map(|unit| unit.unit_id - 10);
        let unit = unit.collect::<Vec<_>>();
        if sets.is_empty() {
            assert!(set.is_empty() && unit.is_empty(), "{rows:?}");
            continue;
        }
        let rank = |days: &Vec<NaiveDate>| (days.len(), days.last().copied());
        assert!(sets.values().all(|other| rank(other) <= rank(&sets[&set])), "{rows:?}: {set:?}");
        // Who sells and leads counts where the selling is done.
        let sells = set.iter().find(|(position, _)| position == SELLS).or_else(|| set.iter().next()).unwrap();
        assert_eq!(unit, [sells.1], "{rows:?}");
        counted += 1;
    }
    assert!(counted > 200, "{counted}");
}
