use super::*;
use crate::plan::split::method::Method;
use crate::plan::split::new_plan::Levels;

fn member(employee_no: &str, weight: i64) -> MemberWeight {
    MemberWeight { employee_no: employee_no.into(), weight }
}

fn team(unit: &str, weight: i64, members: Vec<MemberWeight>) -> UnitWeight {
    UnitWeight { unit: unit.into(), weight, units: Vec::new(), members }
}

fn plan(units: Vec<UnitWeight>) -> NewPlan {
    NewPlan {
        unit: "S1".into(),
        year: 2014,
        metric: "deliveries".into(),
        total: 1690,
        levels: Levels::default(),
        method: Method::Season,
        season: vec![1; 12],
        units,
        channels: vec![],
        series: vec![],
        lines: vec![],
        pins: vec![],
    }
}

fn known() -> Known {
    let unit =
        |id, kind, path: &[i64]| KnownUnit { id, kind, path: path.to_vec(), store_id: path.first().copied() };
    Known {
        units: [
            ("S1", unit(1, UnitKind::Store, &[1])),
            ("D", unit(5, UnitKind::Department, &[1, 5])),
            ("G1", unit(2, UnitKind::Team, &[1, 5, 2])),
            ("X1", unit(9, UnitKind::Team, &[8, 9])),
        ]
        .map(|(code, unit)| (code.to_owned(), unit))
        .into(),
        employees: [("A01".to_owned(), 11), ("A02".to_owned(), 12)].into(),
        labels: [(Tree::Channel, "showroom".to_owned())].into(),
        ..Known::default()
    }
}

/// A01 is posted in team G1, A02 in the department, A03 in another store's team; A04 was in G1 and has left.
fn posted() -> Known {
    let mut known = known();
    known.employees.extend([("A03".to_owned(), 13), ("A04".to_owned(), 14)]);
    for (person, code, id, path) in [
        (11, "G1", 2, &[1, 5, 2][..]),
        (12, "D", 5, &[1, 5]),
        (13, "X1", 9, &[8, 9]),
        (14, "G1", 2, &[1, 5, 2]),
    ] {
        let unit = PostedUnit { code: code.into(), id, path: path.to_vec(), store_id: path.first().copied() };
        known.posted.insert(person, vec![unit]);
    }
    known.left.insert(14);
    known
}

#[test]
fn people_are_listed_where_they_are_posted() {
    let department = |members| team("D", 1, members);
    // Of the department and of its team, each in the own place; in another team of the store somebody may be going to be.
    let mut whole = department(vec![member("A02", 1)]);
    whole.units.push(team("G1", 1, vec![member("A01", 1), member("A02", 1)]));
    trees(&plan(vec![whole]), &posted()).unwrap();
    let faults = |units| trees(&plan(units), &posted()).unwrap_err();
    let at_department = faults(vec![department(vec![member("A02", 1), member("A01", 1)])]);
    assert_eq!(at_department[0].field, "units[0].members[1].employee_no");
    assert!(at_department[0].message.to_string().contains("posted in 'G1'"), "{at_department:?}");
    let foreign = faults(vec![team("G1", 1, vec![member("A03", 1), member("A04", 1)])]);
    let told: Vec<_> =
        foreign.iter().map(|fault| (fault.field.as_str(), fault.message.to_string())).collect();
    assert_eq!(told[0].0, "units[0].members[0].employee_no");
    assert!(told[0].1.contains("another store"), "{told:?}");
    assert_eq!(told[1].0, "units[0].members[1].employee_no");
    assert!(told[1].1.contains("has left"), "{told:?}");
}

#[test]
fn no_team_stands_beside_its_own_department() {
    let beside = |first: &str, second: &str| plan(vec![team(first, 1, vec![]), team(second, 1, vec![])]);
    assert_eq!(fields(&beside("D", "G1"), &known()), ["units[1].unit"]);
    assert_eq!(fields(&beside("G1", "D"), &known()), ["units[0].unit"]);
}

fn fields(new: &NewPlan, known: &Known) -> Vec<String> {
    trees(new, known).unwrap_err().into_iter().map(|fault| fault.field).collect()
}

#[test]
fn a_tree_carries_the_ids_and_the_authors_order() {
    let new = plan(vec![team("G1", 3, vec![member("A02", 1), member("A01", 0)])]);
    let organisation = trees(&new, &known()).unwrap().organisation;
    let person = |employee_id| Place::Person { unit_id: 2, employee_id };
    let places: Vec<_> = organisation.nodes().iter().map(|node| node.place.clone()).collect();
    assert_eq!(places, [Place::Unit(1), Place::Unit(2), person(12), person(11)]);
    assert_eq!(organisation.nodes()[1].weights, [3; 12]);
    assert_eq!(organisation.children(1), [2, 3]);
    assert_eq!(organisation.path(3), "S1/G1/A01");
}

#[test]
fn departments_stand_between_store_and_teams() {
    let mut department = team("D", 1, vec![member("A01", 2)]);
    department.units.push(team("G1", 3, vec![member("A02", 1)]));
    let organisation = trees(&plan(vec![department]), &known()).unwrap().organisation;
    let paths: Vec<_> = (0..organisation.len()).map(|at| organisation.path(at)).collect();
    assert_eq!(paths, ["S1", "S1/D", "S1/D/G1", "S1/D/G1/A02", "S1/D/A01"]);
    assert_eq!(organisation.children(1), [2, 4]);
}

#[test]
fn a_unit_stands_once_and_below_the_one_it_is_listed_in() {
    let mut below_itself = team("D", 1, vec![]);
    below_itself.units.push(team("D", 1, vec![]));
    assert_eq!(fields(&plan(vec![below_itself]), &known()), ["units[0].units[0].unit"; 2]);
    let mut upside_down = team("G1", 1, vec![]);
    upside_down.units.push(team("D", 1, vec![]));
    assert_eq!(fields(&plan(vec![upside_down]), &known()), ["units[0].units[0].unit"]);
    assert_eq!(fields(&plan(vec![team("S1", 1, vec![])]), &known()), ["units[0].unit"; 2]);
}

#[test]
fn every_field_at_fault_is_named() {
    let mut new = plan(vec![
        team("G1", 0, vec![member("A01", 0)]),
        team("G1", 0, vec![member("A01", 1), member("A01", 1), member("A99", 1)]),
        team("X1", 0, vec![]),
        team("G7", 0, vec![]),
    ]);
    new.season = vec![0; 12];
    new.channels = vec![LabelWeight::all_year("showroom", 0); 2];
    new.series = vec![LabelWeight::all_year("sedan", 1)];
    let expected = [
        "season",
        "units[1].unit",
        "units[1].members[1].employee_no",
        "units[1].members[2].employee_no",
        "units[2].unit",
        "units[3].unit",
        "units",
        "channels[1].code",
        "channels",
        "series[0].code",
    ];
    assert_eq!(fields(&new, &known()), expected);
    let faults = fields(&plan(vec![team("X1", 1, vec![member("A01", 0)])]), &Known::default());
    assert_eq!(faults, ["unit", "units[0].unit", "units[0].members[0].employee_no", "units[0].members"]);
}
