//! The worked examples of the dealership's plan for 2014, and what holds for any plan.

use std::collections::HashMap;

mod parts;

use super::*;
use crate::plan::split::tree::{Months, Node, Place};

const SEASON: [u64; 12] = [950, 640, 880, 810, 795, 785, 690, 745, 875, 885, 925, 1020];
const STORE: Months = [160, 108, 149, 137, 134, 133, 117, 126, 148, 150, 156, 172];

fn node(place: Place, code: &str, parent: Option<usize>, weights: [u64; 12]) -> Node {
    Node { place, code: code.to_owned(), parent, weights }
}

fn store() -> WholePlan {
    let root = || Shape::of(node(Place::Unit(1), "JC", None, SEASON));
    let mut organisation = root();
    let teams = [(36, [28, 26, 24, 22]), (34, [28, 26, 24, 22]), (30, [32, 28, 24, 16])];
    let mut person = 0;
    for (unit, (weight, members)) in (2..).zip(teams) {
        let team =
            organisation.push(node(Place::Unit(unit), &format!("G{}", unit - 1), Some(0), [weight; 12]));
        for weight in members {
            person += 1;
            let place = Place::Person { unit_id: unit, employee_id: person };
            organisation.push(node(place, &format!("A{person:02}"), Some(team), [weight; 12]));
        }
    }
    let labels = |labels: [(&str, u64); 4]| {
        let mut shape = root();
        for (code, weight) in labels {
            shape.push(node(Place::Label(code.to_owned()), code, Some(0), [weight; 12]));
        }
        shape
    };
    WholePlan {
        shapes: PerTree {
            organisation,
            channel: labels([("showroom", 60), ("phone_web", 22), ("invitation", 10), ("auto_show", 8)]),
            series: labels([("a", 45), ("b", 20), ("c", 30), ("d", 5)]),
        },
        lines: vec![Line { metric: "deliveries".to_owned(), total: 1690, ..Line::default() }],
        ..WholePlan::default()
    }
}

fn year(months: &Months) -> i64 {
    months.iter().sum()
}

/// Every node's months are the sum of its children's, in every tree, line and level, and levels are in order.
fn adds_up(whole: &WholePlan) {
    for line in &whole.lines {
        for &tree in Tree::ALL {
            let (shape, cells) = (whole.shapes.of(tree), line.cells.of(tree));
            let levels = [
                Some(&cells.suggested),
                Some(&cells.confirmed),
                cells.floor.as_ref(),
                cells.stretch.as_ref(),
            ];
            for rows in levels.into_iter().flatten() {
                assert_eq!(rows.len(), shape.len());
                for node in (0..shape.len()).filter(|node| !shape.children(*node).is_empty()) {
                    let mut sums = [0; 12];
                    for child in shape.children(node) {
                        sums.iter_mut().zip(rows[*child]).for_each(|(sum, cell)| *sum += cell);
                    }
                    assert_eq!(sums, rows[node], "{} {tree:?} {node}", line.metric);
                }
                assert!(rows.iter().flatten().all(|cell| *cell >= 0));
            }
            for (node, confirmed) in cells.confirmed.iter().enumerate() {
                let ordered =
                    |low: &Months, high: &Months| low.iter().zip(high).all(|(low, high)| low <= high);
                assert!(cells.floor.as_ref().is_none_or(|floor| ordered(&floor[node], confirmed)));
                assert!(cells.stretch.as_ref().is_none_or(|stretch| ordered(confirmed, &stretch[node])));
            }
        }
        let root = line.cells.organisation.confirmed[0];
        let open: i64 = root[whole.closed..].iter().sum();
        assert_eq!(open, (line.total - line.closed_total).max(0), "{}", line.metric);
        assert_eq!(line.cells.channel.confirmed[0], root);
        assert_eq!(line.cells.series.confirmed[0], root);
    }
}

#[test]
fn the_dealerships_plan_is_the_worked_example() {
    let mut whole = store();
    whole.split(Scope::Everything).unwrap();
    adds_up(&whole);
    let cells = &whole.lines[0].cells;
    assert_eq!(cells.organisation.confirmed[0], STORE);
    let row = |code: &str| {
        let shape = &whole.shapes.organisation;
        cells.organisation.confirmed[shape.nodes().iter().position(|node| node.code == code).unwrap()]
    };
    assert_eq!(row("G1"), [58, 39, 53, 50, 48, 48, 42, 45, 53, 54, 57, 61]);
    assert_eq!(row("G2"), [54, 37, 51, 46, 46, 45, 40, 43, 50, 51, 53, 59]);
    assert_eq!(row("G3"), [48, 32, 45, 41, 40, 40, 35, 38, 45, 45, 46, 52]);
    assert_eq!(row("A01"), [16, 11, 15, 14, 13, 14, 12, 12, 15, 15, 16, 17]);
    assert_eq!(row("A12"), [8, 5, 7, 7, 6, 6, 6, 6, 7, 7, 8, 8]);
    let channels = &cells.channel.confirmed;
    assert_eq!(channels[1], [96, 65, 89, 83, 80, 79, 71, 76, 88, 90, 94, 103]);
    assert_eq!(channels[4], [13, 8, 12, 11, 11, 11, 9, 10, 12, 12, 12, 14]);
    assert_eq!(cells.series.confirmed[1..].iter().map(year).collect::<Vec<_>>(), [761, 338, 507, 84]);
    assert_eq!(cells.organisation.suggested, cells.organisation.confirmed);
}

/// Team 2 in June to August without its third member.
fn leave() -> Segment {
    Segment { node: 6, months: 5..8, weights: HashMap::from([(7, 28), (8, 26), (10, 22)]) }
}

#[test]
fn a_leave_splits_its_months_anew_and_leaves_the_others() {
    let mut whole = store();
    whole.split(Scope::Everything).unwrap();
    let before = whole.lines[0].cells.organisation.confirmed.clone();
    whole.segments.push(leave());
    whole.split(Scope::Everything).unwrap();
    adds_up(&whole);
    let after = &whole.lines[0].cells.organisation.confirmed;
    let summer = |node: usize| after[node][5..8].to_vec();
    assert_eq!(
        [summer(7), summer(8), summer(9), summer(10)],
        [[17, 14, 16], [15, 14, 15], [0, 0, 0], [13, 12, 12]]
    );
    for node in 0..after.len() {
        for month in (0..12).filter(|month| !(5..8).contains(month) || !(7..11).contains(&node)) {
            assert_eq!(after[node][month], before[node][month]);
        }
    }
}

#[test]
fn a_leave_changes_nothing_in_channels_and_series() {
    // A store whose people stand right below it: the store is node 0, and so are the roots of channels and series.
    let mut whole = store();
    whole.shapes.organisation = Shape::of(node(Place::Unit(1), "JC", None, SEASON));
    for (person, weight) in (1..).zip([28, 26, 24, 22]) {
        let place = Place::Person { unit_id: 1, employee_id: person };
        whole.shapes.organisation.push(node(place, &format!("A{person:02}"), Some(0), [weight; 12]));
    }
    whole.split(Scope::Everything).unwrap();
    let before = whole.lines[0].cells.clone();
    whole.segments.push(Segment {
        node: 0,
        months: 5..8,
        weights: HashMap::from([(1, 28), (2, 26), (4, 22)]),
    });
    whole.split(Scope::Everything).unwrap();
    adds_up(&whole);
    let after = &whole.lines[0].cells;
    assert_eq!(after.organisation.confirmed[3][5..8], [0, 0, 0]);
    assert_eq!((&after.channel, &after.series), (&before.channel, &before.series));
}

#[test]
fn the_rest_of_the_year_is_spread_after_its_first_quarter() {
    for (results, expected) in [
        (150 + 98 + 141, [140, 137, 136, 119, 129, 151, 153, 160, 176]),
        (156 + 92 + 144, [140, 137, 135, 119, 128, 151, 153, 159, 176]),
    ] {
        let mut whole = store();
        whole.segments.push(leave());
        whole.split(Scope::Everything).unwrap();
        let before = whole.clone();
        whole.closed = 3;
        whole.lines[0].closed_total = results;
        whole.split(Scope::Everything).unwrap();
        adds_up(&whole);
        let cells = &whole.lines[0].cells;
        assert_eq!(cells.organisation.confirmed[0][3..], expected);
        for &tree in Tree::ALL {
            for (now, then) in cells.of(tree).confirmed.iter().zip(&before.lines[0].cells.of(tree).confirmed)
            {
                assert_eq!(now[..3], then[..3], "closed months stand as they were");
            }
        }
        // The leave is still one.
        assert_eq!(cells.organisation.confirmed[9][5..8], [0, 0, 0]);
    }
}

#[test]
fn other_lines_follow_the_first_and_levels_keep_their_order() {
    let mut whole = store();
    (whole.lines[0].floor_total, whole.lines[0].stretch_total) = (Some(1500), Some(1900));
    whole.lines.push(Line {
        number: 1,
        metric: "insurance_policies".to_owned(),
        total: 1217,
        floor_total: Some(1000),
        ..Line::default()
    });
    let accessories = Line {
        number: 2,
        metric: "accessory_revenue".to_owned(),
        is_amount: true,
        total: 341_090_000,
        ..Line::default()
    };
    whole.lines.push(accessories);
    whole.split(Scope::Everything).unwrap();
    adds_up(&whole);
    let cells = &whole.lines[0].cells.organisation;
    assert_eq!(year(&cells.floor.as_ref().unwrap()[0]), 1500);
    assert_eq!(year(&cells.stretch.as_ref().unwrap()[0]), 1900);
    // ¥3,410,900.00 × 160 ÷ 1690 = ¥322,925.44…
    assert_eq!(whole.lines[2].cells.organisation.confirmed[0][0], 32_292_544);
    assert_eq!(year(&whole.lines[1].cells.organisation.confirmed[0]), 1217);
}

#[test]
fn a_pinned_cell_moves_only_what_depends_on_it() {
    let mut whole = store();
    whole.lines.push(Line { number: 1, metric: "loans".to_owned(), total: 408, ..Line::default() });
    whole.split(Scope::Everything).unwrap();
    let before = whole.clone();
    whole.pins.insert(0, vec![PinnedCell { tree: Tree::Organisation, node: 2, month: 2, value: 20 }]);
    let changed = whole.split(Scope::Pins(&before.pins)).unwrap().changed;
    adds_up(&whole);
    let cells = &whole.lines[0].cells.organisation;
    assert_eq!(cells.confirmed[2][2], 20);
    assert_eq!(cells.suggested, before.lines[0].cells.organisation.suggested);
    assert!(
        changed.iter().all(|(tree, node)| *tree == Tree::Organisation && (2..6).contains(node)),
        "{changed:?}"
    );
    // The whole computed anew is the same.
    let mut again = whole.clone();
    again.split(Scope::Everything).unwrap();
    assert_eq!(again, whole);
    let pinned = std::mem::take(&mut whole.pins);
    whole.split(Scope::Pins(&pinned)).unwrap();
    assert_eq!(whole.lines, before.lines);
}
