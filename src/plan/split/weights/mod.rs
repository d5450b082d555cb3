//! The weights that an author gave a plan: checked as a whole, and turned into trees.

use std::collections::{HashMap, HashSet};

use super::new_plan::{LabelWeight, MemberWeight, NewPlan, UnitWeight};
use super::tree::{Node, PerTree, Place, Shape, Tree};
use crate::http::FieldError;
use crate::org::UnitKind;
use crate::period::Period;
use crate::plan::faults::{ALL_ZERO, listed_twice, not_planned_for, unknown_unit};
use crate::said::{Said, say};

/// A unit that a plan names.
#[derive(Clone, Debug)]
pub(in crate::plan) struct KnownUnit {
    pub id: i64,
    pub kind: UnitKind,
    /// The unit and everything above it.
    pub path: Vec<i64>,
    /// The store that it belongs to; none above the stores.
    pub store_id: Option<i64>,
}

/// A unit as the database has it: code, id, kind, path and store.
pub(in crate::plan) type UnitRow = (String, i64, UnitKind, Vec<i64>, Option<i64>);

impl KnownUnit {
    /// The unit of a row, by its code.
    pub fn by_code((code, id, kind, path, store_id): UnitRow) -> (String, Self) {
        (code, Self { id, kind, path, store_id })
    }
}

/// A unit in which somebody is posted in the plan's year.
#[derive(Clone, Debug)]
pub(in crate::plan) struct PostedUnit {
    pub code: String,
    pub id: i64,
    /// The unit and everything above it.
    pub path: Vec<i64>,
    pub store_id: Option<i64>,
}

/// What the organisation knows of the codes that a plan names.
#[derive(Clone, Debug, Default)]
pub(in crate::plan) struct Known {
    pub units: HashMap<String, KnownUnit>,
    pub employees: HashMap<String, i64>,
    /// Where these are posted in the year, by their ids.
    pub posted: HashMap<i64, Vec<PostedUnit>>,
    /// Who of them has left: nothing is planned for them any more.
    pub left: HashSet<i64>,
    /// The month in which the plan is made; none: it does not matter.
    pub this_month: Option<Period>,
    /// Codes of the channels and series there are.
    pub labels: HashSet<(Tree, String)>,
}

/// A weight that has been checked not to be negative.
pub(in crate::plan) fn unsigned(weight: i64) -> u64 {
    u64::try_from(weight).unwrap_or_default()
}

/// The three trees of a plan, with the weights given, or every field at fault.
pub(in crate::plan) fn trees(new: &NewPlan, known: &Known) -> Result<PerTree<Shape>, Vec<FieldError>> {
    let mut faults = Vec::new();
    let own = known.units.get(&new.unit);
    match own.map(|unit| unit.kind) {
        None => faults.push(FieldError::new("unit", unknown_unit(&new.unit))),
        Some(UnitKind::Group | UnitKind::Store) => {}
        Some(_) => faults.push(FieldError::new("unit", not_planned_for(&new.unit))),
    }
    let mut season = [0; 12];
    for (slot, &weight) in season.iter_mut().zip(&new.season) {
        *slot = unsigned(weight);
    }
    match (new.season.as_slice(), new.method.needs_season()) {
        ([], true) => {
            let message = say!("缺少十二个月的权重", "expected the twelve months' weights");
            faults.push(FieldError::new("season", message));
        }
        (season, _) if !season.is_empty() && season.iter().all(|&weight| weight == 0) => {
            faults.push(FieldError::new("season", ALL_ZERO));
        }
        _ => {}
    }

    let unit_id = own.map_or(0, |unit| unit.id);
    let root = || {
        Shape::of(Node { place: Place::Unit(unit_id), code: new.unit.clone(), parent: None, weights: season })
    };
    let mut organisation = Organisation {
        known,
        is_weighed: new.method.uses_weights(),
        shape: root(),
        units: HashSet::from([new.unit.as_str()]),
        listed: Vec::new(),
        faults,
    };
    organisation.add_units("units", &new.units, 0, unit_id, 1);
    organisation.refuse_beside_the_own_department();
    let Organisation { shape: organisation, mut faults, .. } = organisation;
    let mut labels = |tree: Tree, field: &str, labels: &[LabelWeight]| {
        let mut shape = root();
        label_faults(tree, field, labels, known, &mut faults);
        for label in labels {
            shape.push(Node {
                place: Place::Label(label.code.clone()),
                code: label.code.clone(),
                parent: Some(0),
                weights: label.by_month().map(unsigned),
            });
        }
        shape
    };
    let trees = PerTree {
        channel: labels(Tree::Channel, "channels", &new.channels),
        series: labels(Tree::Series, "series", &new.series),
        organisation,
    };
    if faults.is_empty() { Ok(trees) } else { Err(faults) }
}

/// The organisation's tree while it is built.
struct Organisation<'a> {
    known: &'a Known,
    /// Whether the weights given are what it is split by.
    is_weighed: bool,
    shape: Shape,
    /// Codes of the units listed so far.
    units: HashSet<&'a str>,
    /// The units listed so far, with their positions and fields.
    listed: Vec<(&'a KnownUnit, usize, String)>,
    faults: Vec<FieldError>,
}

impl<'a> Organisation<'a> {
    fn add_units(&mut self, field: &str, units: &'a [UnitWeight], parent: usize, parent_id: i64, above: i64) {
        for (index, unit) in units.iter().enumerate() {
            let path = format!("{field}[{index}]");
            let id = self.look_up(&path, unit, parent_id);
            let place = Place::Unit(id.unwrap_or_default());
            let weights = [unsigned(unit.weight); 12];
            let position =
                self.shape.push(Node { place, code: unit.unit.clone(), parent: Some(parent), weights });
            if let Some(known) = self.known.units.get(&unit.unit) {
                self.listed.push((known, position, format!("{path}.unit")));
            }
            // A unit of weight 0 has nothing to split, and people with a weight take what units without one do not.
            let above = if unit.members.iter().any(|member| member.weight > 0) { 0 } else { unit.weight };
            let below = format!("{path}.units");
            self.add_units(&below, &unit.units, position, id.unwrap_or_default(), above);
            let members =
                members(&format!("{path}.members"), &unit.members, &self.known.employees, &mut self.faults);
            for (employee_no, employee_id, weight) in members {
                self.refuse_foreign(&format!("{path}.members"), unit, (employee_no, employee_id));
                self.shape.push(Node {
                    place: Place::Person { unit_id: id.unwrap_or_default(), employee_id },
                    code: employee_no.to_owned(),
                    parent: Some(position),
                    weights: [weight; 12],
                });
            }
            let mut below = unit.units.iter().map(|unit| unit.weight);
            let is_split = !unit.members.is_empty();
            if is_split
                && self.is_weighed
                && unit.weight > 0
                && below.all(|weight| weight == 0)
                && unit.members.iter().all(|member| member.weight == 0)
            {
                self.faults.push(FieldError::new(format!("{path}.members"), ALL_ZERO));
            }
        }
        let is_weightless = !units.is_empty() && units.iter().all(|unit| unit.weight == 0);
        if is_weightless && self.is_weighed && above > 0 {
            self.faults.push(FieldError::new(field, ALL_ZERO));
        }
    }

    /// Somebody who has left, who is posted below the unit rather than in it, or who is of another store.
    fn refuse_foreign(&mut self, path: &str, unit: &UnitWeight, (employee_no, employee_id): (&str, i64)) {
        let Some(known) = self.known.units.get(&unit.unit) else { return };
        // A unit that does not belong to the plan's is told by itself.
        let root = self.shape.node(0).map(|root| &root.place);
        if matches!(root, Some(Place::Unit(root)) if !known.path.contains(root)) {
            return;
        }
        let Some(posted) = self.known.posted.get(&employee_id) else { return };
        let is_below = |posted: &&PostedUnit| posted.path.contains(&known.id);
        let message = if self.known.left.contains(&employee_id) {
            say!(
                "“{employee_no}”已离职，不能再列入计划",
                "'{employee_no}' has left: nothing can be planned for them any more"
            )
        } else if posted.iter().any(|posted| posted.id == known.id) {
            return;
        } else if let Some(below) = posted.iter().find(is_below) {
            say!(
                "“{employee_no}”任职于“{}”，不是“{}”：请列在那里",
                "'{employee_no}' is posted in '{}', not in '{}': list them there",
                below.code,
                unit.unit
            )
        } else if known.store_id.is_some() && posted.iter().all(|posted| posted.store_id != known.store_id) {
            say!(
                "“{employee_no}”这一年任职于别的门店",
                "'{employee_no}' is posted in another store that year"
            )
        } else {
            return;
        };
        let index = unit.members.iter().position(|member| member.employee_no == employee_no).unwrap_or(0);
        self.faults.push(FieldError::new(format!("{path}[{index}].employee_no"), message));
    }

    /// A team that is listed beside the department to which it belongs would be planned twice.
    fn refuse_beside_the_own_department(&mut self) {
        let root = match self.shape.node(0).map(|root| &root.place) {
            Some(Place::Unit(id)) => *id,
            _ => return,
        };
        for (known, position, field) in &self.listed {
            let is_above = |one: usize, other: usize| self.shape.above(one).any(|above| above == other);
            // What does not belong to the plan's unit, or stands upside down, is a fault by itself.
            let beside = self.listed.iter().find(|(other, at, _)| {
                let belongs = other.id != root && other.path.contains(&root) && other.id != known.id;
                belongs
                    && known.path.contains(&other.id)
                    && !is_above(*position, *at)
                    && !is_above(*at, *position)
            });
            let code = |at: usize| self.shape.node(at).map_or("", |node| node.code.as_str());
            if let Some((_, at, _)) = beside {
                let message = say!(
                    "“{}”属于与它并列的“{}”：请列在那下面",
                    "'{}' belongs to '{}', which is listed beside it: list it there",
                    code(*position),
                    code(*at)
                );
                self.faults.push(FieldError::new(field.as_str(), message));
            }
        }
    }

    /// The id of a unit that stands below its parent and nowhere else in the plan.
    fn look_up(&mut self, path: &str, unit: &'a UnitWeight, parent_id: i64) -> Option<i64> {
        let field = format!("{path}.unit");
        let known = self.known.units.get(&unit.unit);
        match known {
            None => self.faults.push(FieldError::new(field.as_str(), unknown_unit(&unit.unit))),
            Some(known) if parent_id != 0 && (known.id == parent_id || !known.path.contains(&parent_id)) => {
                let message = say!(
                    "“{}”不在它所列单位的下面",
                    "'{}' does not stand below the unit that it is listed in",
                    unit.unit
                );
                self.faults.push(FieldError::new(field.as_str(), message));
            }
            Some(_) => {}
        }
        if !self.units.insert(unit.unit.as_str()) {
            self.faults.push(listed_twice(field, &unit.unit));
        }
        known.map(|known| known.id)
    }
}

/// Numbers, ids and weights of `members`, whose field is `path`; who is unknown or listed twice is a fault.
pub(in crate::plan) fn members<'a>(
    path: &str,
    members: &'a [MemberWeight],
    employees: &HashMap<String, i64>,
    faults: &mut Vec<FieldError>,
) -> Vec<(&'a str, i64, u64)> {
    let mut seen = HashSet::new();
    let mut found = Vec::with_capacity(members.len());
    for (index, MemberWeight { employee_no, weight }) in members.iter().enumerate() {
        let field = format!("{path}[{index}].employee_no");
        if !seen.insert(employee_no.as_str()) {
            faults.push(listed_twice(field.as_str(), employee_no));
        }
        match employees.get(employee_no) {
            Some(&id) => found.push((employee_no.as_str(), id, unsigned(*weight))),
            None => {
                let message = say!(
                    "这一年没有工号“{employee_no}”在那里任职",
                    "nobody with the number '{employee_no}' is posted there in the year"
                );
                faults.push(FieldError::new(field, message));
            }
        }
    }
    found
}

fn label_faults(tree: Tree, list: &str, labels: &[LabelWeight], known: &Known, faults: &mut Vec<FieldError>) {
    let mut seen = HashSet::new();
    for (index, label) in labels.iter().enumerate() {
        let field = format!("{list}[{index}].code");
        if !seen.insert(label.code.as_str()) {
            faults.push(listed_twice(field, &label.code));
        } else if !known.labels.contains(&(tree, label.code.clone())) {
            let message = Said::both(
                format!("没有{}“{}”：请先添加", tree.label(), label.code),
                format!("there is no {} '{}': add it first", tree.name(), label.code),
            );
            faults.push(FieldError::new(field, message));
        }
        if !matches!(label.months.len(), 0 | 12) {
            let message = say!(
                "应为十二个月的权重，而不是 {} 个",
                "expected the weights of twelve months, not {}",
                label.months.len()
            );
            faults.push(FieldError::new(format!("{list}[{index}].months"), message));
        }
    }
    let of_nobody = |month: usize| labels.iter().all(|label| label.by_month().get(month) == Some(&0));
    if !labels.is_empty() && (0..12).any(of_nobody) {
        faults.push(FieldError::new(list, ALL_ZERO));
    }
}

#[cfg(test)]
mod tests;
