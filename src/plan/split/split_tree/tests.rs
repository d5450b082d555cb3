use super::*;
use crate::plan::split::tree::{Node, Place};

/// A root with the weights of the months, and three units with two people each.
fn shape() -> Shape {
    let node = |place, code: &str, parent, weight| Node {
        place,
        code: code.to_owned(),
        parent,
        weights: [weight; 12],
    };
    let mut shape = Shape::of(node(Place::Unit(1), "S", None, 1));
    for unit in 2..5 {
        let at = shape.push(node(Place::Unit(unit), &format!("G{unit}"), Some(0), 1));
        for person in 1..3 {
            let employee_id = unit * 10 + person;
            let place = Place::Person { unit_id: unit, employee_id };
            shape.push(node(place, &format!("A{employee_id}"), Some(at), 1));
        }
    }
    shape
}

fn pin(node: usize, month: usize, value: i64) -> PinnedCell {
    PinnedCell { tree: Tree::Organisation, node, month, value }
}

#[test]
fn a_node_needs_what_is_pinned_below_it() {
    let shape = shape();
    let holds = Holds::of(&shape, &[pin(2, 3, 40), pin(5, 3, 7), pin(6, 3, 9)]);
    // One of two people is pinned: the team needs as much; both: it is pinned itself.
    assert_eq!(holds.of_cell(1, 3), Hold { pinned: None, least: 40 });
    assert_eq!(holds.of_cell(4, 3), Hold { pinned: Some(16), least: 16 });
    assert_eq!(holds.of_cell(0, 3), Hold { pinned: None, least: 56 });
    assert_eq!(holds.of_cell(0, 2), Hold::default());
    assert_eq!(holds.of_cell(7, 3), Hold::default());
}

#[test]
fn a_pin_far_below_pushes_its_team_and_leaves_the_rest_to_the_others() {
    let shape = shape();
    let holds = Holds::of(&shape, &[pin(2, 0, 40)]);
    let months = root_months(720, &[1; 12], &[0; 12], 0, &[&holds]).unwrap();
    assert_eq!(months, [60; 12]);
    let splitting = Splitting {
        tree: Tree::Organisation,
        shape: &shape,
        parts: Parts::Weights(&[]),
        holds: &holds,
        closed: 0,
    };
    let mut rows = Rows::new();
    split_tree(&splitting, months, &mut rows, &|_| Visit::Split).unwrap();
    // January: 60 = 40 for the team of the pinned person, nothing for the colleague, 10 for each of the other teams.
    let january: Vec<i64> = rows.iter().map(|months| months[0]).collect();
    assert_eq!(january, [60, 40, 40, 0, 10, 5, 5, 10, 5, 5]);
    for (node, months) in rows.iter().enumerate() {
        let children = shape.children(node);
        for (month, units) in months.iter().enumerate().filter(|_| !children.is_empty()) {
            assert_eq!(children.iter().map(|child| rows[*child][month]).sum::<i64>(), *units);
        }
    }
}

#[test]
fn pins_that_do_not_fit_are_told_with_the_cells_in_the_way() {
    let shape = shape();
    let pins = [pin(1, 0, 10), pin(2, 0, 40)];
    let holds = Holds::of(&shape, &pins);
    let months = root_months(720, &[1; 12], &[0; 12], 0, &[&holds]).unwrap();
    let splitting = Splitting {
        tree: Tree::Organisation,
        shape: &shape,
        parts: Parts::Weights(&[]),
        holds: &holds,
        closed: 0,
    };
    let refusal = split_tree(&splitting, months, &mut Rows::new(), &|_| Visit::Split).unwrap_err();
    assert_eq!((refusal.node, &refusal.months[..], &refusal.held[..]), (1, &[0][..], &[2][..]));
    assert_eq!(refusal.message.to_string(), "the cells held below S/G2 come to 40, but it has 10");

    let holds = Holds::of(&shape, &[pin(0, 0, 500), pin(0, 1, 300)]);
    let refusal = root_months(720, &[1; 12], &[0; 12], 0, &[&holds]).unwrap_err();
    assert_eq!((refusal.node, &refusal.months[..]), (0, &[0, 1][..]));
    assert_eq!(
        refusal.message.to_string(),
        "the cells held come to 800 in the year, but there are 720 to be split"
    );
}

#[test]
fn below_a_node_that_stays_only_what_has_to_be_is_split_again() {
    let shape = shape();
    let holds = Holds::default();
    let splitting = Splitting {
        tree: Tree::Organisation,
        shape: &shape,
        parts: Parts::Weights(&[]),
        holds: &holds,
        closed: 0,
    };
    let mut rows = Rows::new();
    let all = split_tree(&splitting, [60; 12], &mut rows, &|_| Visit::Split).unwrap();
    assert_eq!(all.changed.len(), shape.len());
    let again = split_tree(&splitting, [60; 12], &mut rows, &|_| Visit::Split).unwrap();
    assert_eq!(again, Walked::default());
    let pinned = Holds::of(&shape, &[pin(2, 5, 11)]);
    // The colleague gives what the pinned one takes; nobody else is touched. 11 of the team's 20 are no less than its share.
    assert_eq!(pinned.unsettled(&holds, &shape, &rows, 0), BTreeSet::from([1]));
    let splitting = Splitting { holds: &pinned, ..splitting };
    let visit = |node| match node {
        0 => Visit::Pass,
        1 => Visit::Split,
        _ => Visit::Leave,
    };
    let walked = split_tree(&splitting, [60; 12], &mut rows, &visit).unwrap();
    assert_eq!(walked.changed.into_iter().collect::<Vec<_>>(), [2, 3]);
    assert_eq!(walked.cut, BTreeSet::new());
    assert_eq!((rows[2][5], rows[3][5]), (11, 9));
}

#[test]
fn a_unit_that_is_new_in_the_year_is_split_by_the_weights_of_its_own_months() {
    let mut shape = shape();
    let node = |place, code: &str, parent| Node { place, code: code.to_owned(), parent, weights: [0; 12] };
    let team = shape.push(node(Place::Unit(5), "G5", Some(0)));
    let people: Vec<usize> = [51, 52]
        .into_iter()
        .map(|employee_id| {
            shape.push(node(
                Place::Person { unit_id: 5, employee_id },
                &format!("A{employee_id}"),
                Some(team),
            ))
        })
        .collect();
    // From August on the new team has half of the store, all of it the first person's; from October on it is shared.
    let segment = |node, months: Range<usize>, weights: &[(usize, u64)]| Segment {
        node,
        months,
        weights: weights.iter().copied().collect(),
    };
    let segments = [
        segment(0, 7..12, &[(1, 1), (4, 1), (team, 2)]),
        segment(team, 7..12, &[(people[0], 1)]),
        segment(team, 9..12, &[(people[0], 2), (people[1], 1)]),
    ];
    let splitting = Splitting {
        tree: Tree::Organisation,
        shape: &shape,
        parts: Parts::Weights(&segments),
        holds: &Holds::default(),
        closed: 0,
    };
    let months = root_months(720, &[1; 12], &[0; 12], 0, &[]).unwrap();
    let mut rows = Rows::new();
    split_tree(&splitting, months, &mut rows, &|_| Visit::Split).unwrap();
    assert_eq!(rows[team], [0, 0, 0, 0, 0, 0, 0, 30, 30, 30, 30, 30]);
    assert_eq!(rows[people[0]], [0, 0, 0, 0, 0, 0, 0, 30, 30, 20, 20, 20]);
    assert_eq!(rows[people[1]], [0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 10, 10]);
}
