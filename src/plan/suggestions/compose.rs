//! The tree of units and people of a plan, out of who sells where. Pure.

use std::collections::HashMap;

use super::notes::Note;
use crate::org::UnitKind;
use crate::period::Period;
use crate::plan::split::new_plan::{MemberWeight, UnitWeight};

/// A unit of the organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    pub id: i64,
    pub code: String,
    pub kind: UnitKind,
    /// The unit right above it.
    pub parent: Option<i64>,
}

/// Somebody who sells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seller {
    pub employee_no: String,
    pub name: String,
    pub unit_id: i64,
    /// The first month.
    pub from: Period,
}

/// The units at and below one, by code, and who sells in them, by number.
#[derive(Clone, Debug, Default)]
pub(super) struct Sellers {
    pub units: Vec<Unit>,
    pub people: Vec<Seller>,
}

/// What a plan is shared by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Composed {
    pub units: Vec<UnitWeight>,
    pub notes: Vec<Note>,
}

/// The units of a plan: of a group its stores, of a store its departments, teams and people. Everybody weighs 1, and a unit as
/// many as it has people.
///
/// Units in which nobody sells are left out. So is a unit that alone carries what is above it, unless it has people of its own:
/// a department that is the store's only one has the store's months. Who begins later than the others is in the plan only
/// where the method goes by days.
pub(super) fn compose(unit: &Unit, sellers: &Sellers, goes_by_days: bool) -> Composed {
    let first = sellers.people.iter().map(|person| person.from).min();
    let mut notes = Vec::new();
    let mut people: HashMap<i64, Vec<&Seller>> = HashMap::new();
    for person in &sellers.people {
        let (employee_no, name) = (person.employee_no.clone(), person.name.clone());
        if person.unit_id == unit.id {
            notes.push(Note::AtTop { employee_no, name });
        } else if Some(person.from) != first && !goes_by_days && unit.kind != UnitKind::Group {
            notes.push(Note::Later { employee_no, name, from: person.from });
        } else {
            people.entry(person.unit_id).or_default().push(person);
        }
    }
    let below = Below { units: &sellers.units, people: &people };
    let mut units = below.of(unit.id);
    if unit.kind == UnitKind::Group {
        // A group gives totals to its stores, and each store makes its own plan.
        units = stores(units, sellers);
    }
    loop {
        let alone = match units.as_slice() {
            [only] => only.members.is_empty() && !only.units.is_empty(),
            _ => false,
        };
        match units.pop() {
            Some(only) if alone => units = only.units,
            Some(last) => {
                units.push(last);
                break;
            }
            None => break,
        }
    }
    Composed { units, notes }
}

/// The stores among units and below them, without what is below these.
fn stores(units: Vec<UnitWeight>, sellers: &Sellers) -> Vec<UnitWeight> {
    let is_group =
        |code: &str| sellers.units.iter().any(|unit| unit.code == code && unit.kind == UnitKind::Group);
    let mut found = Vec::new();
    for unit in units {
        if is_group(&unit.unit) {
            found.extend(stores(unit.units, sellers));
        } else {
            found.push(UnitWeight { units: Vec::new(), members: Vec::new(), ..unit });
        }
    }
    found
}

struct Below<'a> {
    units: &'a [Unit],
    people: &'a HashMap<i64, Vec<&'a Seller>>,
}

impl Below<'_> {
    /// The units right below one, with those below them, as far as anybody sells there.
    fn of(&self, id: i64) -> Vec<UnitWeight> {
        let mut found = Vec::new();
        for unit in self.units.iter().filter(|unit| unit.parent == Some(id)) {
            let units = self.of(unit.id);
            let people = self.people.get(&unit.id).map_or(&[][..], Vec::as_slice);
            let members: Vec<MemberWeight> = people
                .iter()
                .map(|person| MemberWeight { employee_no: person.employee_no.clone(), weight: 1 })
                .collect();
            let heads = units.iter().map(|unit| unit.weight).sum::<i64>();
            let weight = heads + i64::try_from(members.len()).unwrap_or(i64::MAX);
            if weight > 0 {
                found.push(UnitWeight { unit: unit.code.clone(), weight, units, members });
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(id: i64, kind: UnitKind, parent: i64) -> Unit {
        Unit { id, code: format!("U{id}"), kind, parent: (parent > 0).then_some(parent) }
    }

    fn seller(number: &str, unit_id: i64, from: &str) -> Seller {
        Seller { employee_no: number.into(), name: "某".into(), unit_id, from: from.parse().unwrap() }
    }

    fn members(unit: &UnitWeight) -> Vec<&str> {
        unit.members.iter().map(|member| member.employee_no.as_str()).collect()
    }

    #[test]
    fn a_store_is_shared_by_its_teams_by_heads_and_a_lonely_department_is_left_out() {
        use UnitKind::{Department, Store, Team};
        let sellers = Sellers {
            units: vec![
                unit(1, Store, 0),
                unit(2, Department, 1),
                unit(3, Team, 2),
                unit(4, Team, 2),
                unit(5, Team, 2),
                unit(6, Department, 1),
            ],
            people: vec![
                seller("A1", 3, "2015-01"),
                seller("A2", 3, "2015-01"),
                seller("A3", 4, "2015-01"),
                seller("A4", 4, "2015-06"),
                seller("A5", 1, "2015-01"),
            ],
        };
        let composed = compose(&unit(1, Store, 0), &sellers, false);
        let shown: Vec<_> =
            composed.units.iter().map(|unit| (unit.unit.as_str(), unit.weight, members(unit))).collect();
        assert_eq!(shown, [("U3", 2, vec!["A1", "A2"]), ("U4", 1, vec!["A3"])]);
        assert_eq!(composed.notes.len(), 2, "{:?}", composed.notes);
        // By days who comes later is in the plan, too.
        let composed = compose(&unit(1, Store, 0), &sellers, true);
        assert_eq!(members(&composed.units[1]), ["A3", "A4"]);
        assert_eq!(composed.notes.len(), 1);
    }

    #[test]
    fn departments_beside_each_other_and_people_of_their_own_stay() {
        use UnitKind::{Department, Store, Team};
        let sellers = Sellers {
            units: vec![unit(1, Store, 0), unit(2, Department, 1), unit(3, Team, 2), unit(4, Department, 1)],
            people: vec![seller("A1", 3, "2015-01"), seller("A2", 2, "2015-01"), seller("A3", 4, "2015-01")],
        };
        let units = compose(&unit(1, Store, 0), &sellers, false).units;
        assert_eq!(
            units.iter().map(|unit| (unit.unit.as_str(), unit.weight)).collect::<Vec<_>>(),
            [("U2", 2), ("U4", 1)]
        );
        assert_eq!((members(&units[0]), units[0].units[0].unit.as_str()), (vec!["A2"], "U3"));
        let alone = Sellers { people: sellers.people[..2].to_vec(), ..sellers };
        assert_eq!(compose(&unit(1, Store, 0), &alone, false).units[0].unit, "U2");
    }

    #[test]
    fn a_group_gives_totals_to_its_stores() {
        use UnitKind::{Group, Store, Team};
        let sellers = Sellers {
            units: vec![
                unit(1, Group, 0),
                unit(2, Group, 1),
                unit(3, Store, 2),
                unit(4, Store, 1),
                unit(5, Team, 3),
                unit(6, Team, 4),
            ],
            people: vec![seller("A1", 5, "2015-01"), seller("A2", 5, "2015-03"), seller("B1", 6, "2015-01")],
        };
        let units = compose(&unit(1, Group, 0), &sellers, false).units;
        let shown: Vec<_> = units.iter().map(|unit| (unit.unit.as_str(), unit.weight)).collect();
        assert_eq!(shown, [("U3", 2), ("U4", 1)]);
        assert!(units.iter().all(|unit| unit.units.is_empty() && unit.members.is_empty()));
    }
}
