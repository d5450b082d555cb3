use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use proptest::prelude::*;

use super::*;
use crate::org::{EmployeeStatus, Position};

const SELLS: Position = Position::SalesConsultant;
const LEADS: Position = Position::TeamLeader;

fn march() -> Period {
    Period::new(2014, 3).unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn posting(
    employee_id: i64,
    position: Position,
    unit_id: i64,
    valid_from: NaiveDate,
    valid_to: Option<NaiveDate>,
) -> Posting {
    Posting {
        employee_id,
        employee_no: format!("A{employee_id:02}"),
        name: "某人".to_owned(),
        status: EmployeeStatus::Active,
        position,
        unit_id,
        unit_code: format!("G{unit_id}"),
        unit_name: format!("{unit_id}组"),
        store_id: Some(1),
        valid_from,
        valid_to,
    }
}

/// A posting of employee 1, with an exclusive end; an empty one is none.
fn own(position: Position, unit_id: i64, from: &str, to: &str) -> Posting {
    posting(1, position, unit_id, day(from), (!to.is_empty()).then(|| day(to)))
}

fn held(postings: &[Posting]) -> Vec<(Position, i64)> {
    held_in(march(), postings).into_iter().map(|posting| (posting.position, posting.unit_id)).collect()
}

#[test]
fn a_posting_that_never_changes_counts() {
    assert_eq!(held(&[own(SELLS, 1, "2013-05-01", "")]), [(SELLS, 1)]);
}

#[test]
fn a_posting_that_ended_before_or_begins_after_does_not() {
    assert_eq!(held(&[own(SELLS, 1, "2013-05-01", "2014-03-01"), own(SELLS, 2, "2014-04-01", "")]), []);
    // The first and the last day of the month do.
    assert_eq!(held(&[own(SELLS, 1, "2013-05-01", "2014-03-02")]), [(SELLS, 1)]);
    assert_eq!(held(&[own(SELLS, 1, "2014-03-31", "")]), [(SELLS, 1)]);
}

#[test]
fn who_moves_is_scored_where_most_days_were_spent() {
    // March has 31 days. Moving on the 16th: 15 days in team 1 (1–15), 16 in team 2 (16–31).
    assert_eq!(
        held(&[own(SELLS, 1, "2013-01-01", "2014-03-16"), own(SELLS, 2, "2014-03-16", "")]),
        [(SELLS, 2)]
    );
    // On the 17th: 16 days (1–16) against 15.
    assert_eq!(
        held(&[own(SELLS, 1, "2013-01-01", "2014-03-17"), own(SELLS, 2, "2014-03-17", "")]),
        [(SELLS, 1)]
    );
}

#[test]
fn of_equally_long_ones_the_later_counts() {
    // 2–16 and 17–31 March: 15 days each, and nothing on the 1st.
    let postings = [own(SELLS, 1, "2014-03-02", "2014-03-17"), own(SELLS, 2, "2014-03-17", "")];
    assert_eq!(held(&postings), [(SELLS, 2)]);
    let [first, second] = postings;
    assert_eq!(held(&[second, first]), [(SELLS, 2)]);
}

#[test]
fn a_leader_who_sells_is_scored_for_both() {
    let postings = [own(LEADS, 1, "2014-01-01", ""), own(SELLS, 1, "2014-01-01", "")];
    assert_eq!(held(&postings), [(LEADS, 1), (SELLS, 1)]);
}

#[test]
fn the_set_counts_and_not_each_posting() {
    // Sells all month; leads from the 11th: {sells} 10 days, {sells, leads} 21 days.
    let early = [own(LEADS, 1, "2014-03-11", ""), own(SELLS, 1, "2014-01-01", "")];
    assert_eq!(held(&early), [(LEADS, 1), (SELLS, 1)]);
    // Leads from the 21st: {sells} 20 days, {sells, leads} 11 days.
    let late = [own(LEADS, 1, "2014-03-21", ""), own(SELLS, 1, "2014-01-01", "")];
    assert_eq!(held(&late), [(SELLS, 1)]);
    // {sells} 1–10, {sells, leads} 11–20, {leads} 21–31: 10, 10 and 11 days, although each was held for 20 or more.
    let handed_over = [own(LEADS, 1, "2014-03-11", ""), own(SELLS, 1, "2014-01-01", "2014-03-21")];
    assert_eq!(held(&handed_over), [(LEADS, 1)]);
}

#[test]
fn a_set_adds_up_over_interruptions() {
    // Team 1 on 1–10 and 21–31 (21 days), team 2 on 11–20 (10 days); the row that is returned is the last one.
    let postings = [
        own(SELLS, 1, "2013-01-01", "2014-03-11"),
        own(SELLS, 2, "2014-03-11", "2014-03-21"),
        own(SELLS, 1, "2014-03-21", ""),
    ];
    assert_eq!(held_in(march(), &postings), [&postings[2]]);
    // Team 1 on 1–8 and 9–16 by two rows (16 days), team 2 on 17–31 (15 days).
    let renewed = [
        own(SELLS, 1, "2013-01-01", "2014-03-09"),
        own(SELLS, 1, "2014-03-09", "2014-03-17"),
        own(SELLS, 2, "2014-03-17", ""),
    ];
    assert_eq!(held_in(march(), &renewed), [&renewed[1]]);
}

#[test]
fn days_without_a_posting_do_not_count() {
    // Posted on 3 of 31 days only.
    assert_eq!(held(&[own(SELLS, 1, "2014-03-10", "2014-03-13")]), [(SELLS, 1)]);
}

#[test]
fn people_do_not_mix_and_keep_their_order() {
    let first = day("2014-01-01");
    let postings = [
        posting(7, SELLS, 1, first, None),
        posting(3, SELLS, 2, first, None),
        posting(7, LEADS, 1, first, None),
    ];
    assert_eq!(held_in(march(), &postings), [&postings[0], &postings[1], &postings[2]]);
}

fn tenure(unit_id: i64, employee_id: i64, from: &str, to: &str) -> Tenure {
    let validity = Validity { from: day(from), to: (!to.is_empty()).then(|| day(to)) };
    Tenure { leadership: Leadership { unit_id, employee_id }, validity }
}

#[test]
fn a_team_is_led_by_who_led_it_on_most_days() {
    let tenures = [
        // 1–10 and 21–31 against 11–20: 21 days to 10.
        tenure(2, 5, "2014-01-01", "2014-03-11"),
        tenure(2, 6, "2014-03-11", "2014-03-21"),
        tenure(2, 5, "2014-03-21", ""),
        // 15 days each, nobody on the 1st: the later one.
        tenure(1, 9, "2014-03-17", ""),
        tenure(1, 8, "2014-03-02", "2014-03-17"),
        // Not in March.
        tenure(3, 7, "2014-04-01", ""),
    ];
    let led = led_in(march(), &tenures);
    assert_eq!(led, [Leadership { unit_id: 1, employee_id: 9 }, Leadership { unit_id: 2, employee_id: 5 }]);
}

/// Postings of three people in two units, beginning and ending around March 2014.
fn postings() -> impl Strategy<Value = Vec<Posting>> {
    let one = (1..=3i64, 0..2usize, 1..=2i64, 0..45u64, prop::option::of(1..45u64)).prop_map(
        |(employee_id, position, unit_id, begin, length)| {
            let from = day("2014-02-20") + Days::new(begin);
            posting(
                employee_id,
                [SELLS, LEADS][position],
                unit_id,
                from,
                length.map(|days| from + Days::new(days)),
            )
        },
    );
    prop::collection::vec(one, 0..8)
}

type Set = BTreeSet<(Position, i64)>;

/// Days of March on which employee `id` holds exactly each set.
fn days_of_sets(id: i64, postings: &[Posting]) -> BTreeMap<Set, Vec<u32>> {
    let mut sets: BTreeMap<Set, Vec<u32>> = BTreeMap::new();
    for number in 1..=31 {
        let day = NaiveDate::from_ymd_opt(2014, 3, number).unwrap();
        let set: Set = postings
            .iter()
            .filter(|p| p.employee_id == id && p.valid_from <= day && p.valid_to.is_none_or(|end| end > day))
            .map(|p| (p.position, p.unit_id))
            .collect();
        if !set.is_empty() {
            sets.entry(set).or_default().push(number);
        }
    }
    sets
}

/// Whether nobody holds the same position twice on a day, as the database sees to.
fn is_storable(postings: &[Posting]) -> bool {
    postings.iter().enumerate().all(|(index, a)| {
        postings[index + 1..].iter().all(|b| {
            a.employee_id != b.employee_id
                || a.position != b.position
                || a.valid_to.is_some_and(|end| end <= b.valid_from)
                || b.valid_to.is_some_and(|end| end <= a.valid_from)
        })
    })
}

proptest! {
    #[test]
    fn no_set_was_held_longer_or_as_long_and_later(postings in postings()) {
        prop_assume!(is_storable(&postings));
        let held = held_in(march(), &postings);
        for id in 1..=3 {
            let own: Vec<_> = held.iter().filter(|p| p.employee_id == id).collect();
            let set: Set = own.iter().map(|p| (p.position, p.unit_id)).collect();
            prop_assert_eq!(set.len(), own.len());
            let sets = days_of_sets(id, &postings);
            if sets.is_empty() {
                prop_assert!(set.is_empty());
                continue;
            }
            let counted = &sets[&set];
            for other in sets.values() {
                let rank = |days: &Vec<u32>| (days.len(), days.last().copied());
                prop_assert!(rank(other) <= rank(counted));
            }
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(postings in postings()) {
        prop_assume!(is_storable(&postings));
        let mut reversed = postings.clone();
        reversed.reverse();
        let mut turned = held_in(march(), &reversed);
        turned.reverse();
        prop_assert_eq!(held_in(march(), &postings), turned);
    }
}
