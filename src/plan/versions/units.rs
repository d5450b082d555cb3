//! Units of a plan that come and go within its year.

use std::collections::HashSet;

use crate::http::FieldError;
use crate::plan::faults::{listed_twice, unknown_unit};
use crate::plan::split::settings::Resplit;
use crate::plan::split::tree::{Place, Shape};
use crate::plan::split::weights::Known;
use crate::plan::split::whole_plan::WholePlan;
use crate::said::{Said, say};

/// The units that a change names and the plan does not have yet, by code; what is wrong with its units is added to `faults`.
pub(super) fn to_add(
    change: &Resplit,
    organisation: &Shape,
    unit: Option<usize>,
    known: &Known,
    faults: &mut Vec<FieldError>,
) -> Vec<(String, Place)> {
    let own = unit.and_then(|unit| organisation.node(unit)).and_then(|node| match node.place {
        Place::Unit(id) => Some(id),
        _ => None,
    });
    let mut seen = HashSet::new();
    let mut new = Vec::new();
    for (index, share) in change.units.iter().enumerate() {
        let field = format!("units[{index}].unit");
        if !seen.insert(share.unit.as_str()) {
            faults.push(listed_twice(field, &share.unit));
            continue;
        }
        let mut refuse = |message: Said| faults.push(FieldError::new(field.as_str(), message));
        if let Some(at) = organisation.unit(&share.unit) {
            if organisation.node(at).and_then(|node| node.parent) != unit {
                refuse(say!(
                    "“{}”在计划的别处：{}",
                    "'{}' stands elsewhere in the plan: {}",
                    share.unit,
                    organisation.path(at)
                ));
            }
            continue;
        }
        match (known.units.get(&share.unit), own) {
            (None, _) => refuse(unknown_unit(&share.unit)),
            (Some(found), Some(own)) if found.id == own || !found.path.contains(&own) => {
                refuse(say!("“{}”不在“{}”的下面", "'{}' does not stand below '{}'", share.unit, change.unit));
            }
            (Some(found), _) => new.push((share.unit.clone(), Place::Unit(found.id))),
        }
    }
    new
}

/// Whether a unit has a target in months that a change leaves alone. A unit that has just been added has none.
pub(super) fn has_other_months(whole: &WholePlan, unit: usize, change: &Resplit) -> bool {
    let changed = change.from.index()..change.to.index() + 1;
    whole.lines.iter().any(|line| {
        let months = line.cells.organisation.confirmed.get(unit).copied().unwrap_or_default();
        months.iter().enumerate().any(|(month, value)| *value != 0 && !changed.contains(&month))
    })
}
