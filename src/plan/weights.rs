//! The weights that an author gave a plan: checked as a whole, kept beside the plan, and turned into trees.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::decompose::Node;
use super::{LabelWeight, METRICS, MemberWeight, NewPlan, Resplit, TeamWeight};
use crate::http::problem::FieldError;

/// What a plan was split by, as its author gave it: the column `split`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Split {
    pub season: Vec<i64>,
    pub teams: Vec<TeamWeight>,
    pub channels: Vec<LabelWeight>,
    pub series: Vec<LabelWeight>,
    /// Months split anew since, the latest last.
    #[serde(default)]
    pub resplits: Vec<Change>,
    /// What the approver wrote when returning it; gone once it is submitted again.
    #[serde(default)]
    pub note: Option<String>,
}

/// A [`Resplit`] and who made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Change {
    pub resplit: Resplit,
    /// None: the operator, or it was made in an earlier version.
    pub user_id: Option<i64>,
}

impl Split {
    /// The split of a plan that is new.
    pub(super) fn of(new: &NewPlan) -> Self {
        Self {
            season: new.season.clone(),
            teams: new.teams.clone(),
            channels: new.channels.clone(),
            series: new.series.clone(),
            resplits: Vec::new(),
            note: None,
        }
    }

    /// 工号 of everybody who is or was a member of `unit`, in the order that breaks ties: the author's, then newcomers.
    pub(super) fn members(&self, unit: &str) -> Vec<&str> {
        let first = self.teams.iter().filter(|team| team.unit == unit).flat_map(|team| &team.members);
        let resplits = self.resplits.iter().map(|change| &change.resplit);
        let later = resplits.filter(|resplit| resplit.unit == unit).flat_map(|resplit| &resplit.weights);
        let mut seen = HashSet::new();
        first
            .chain(later)
            .map(|member| member.employee_no.as_str())
            .filter(|employee_no| seen.insert(*employee_no))
            .collect()
    }
}

/// Whose cells they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The store or a team.
    Unit(i64),
    /// A person in a team.
    Person { unit_id: i64, employee_id: i64 },
    /// A channel or a series.
    Label(String),
}

/// A unit that a plan names.
#[derive(Clone, Copy, Debug)]
pub(super) struct KnownUnit {
    pub id: i64,
    pub store_id: Option<i64>,
    pub is_team: bool,
}

/// What the organisation knows of the codes that a plan names.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub store_id: Option<i64>,
    pub units: HashMap<String, KnownUnit>,
    pub employees: HashMap<String, i64>,
}

/// A fault of one field.
pub(super) fn fault(field: impl Into<String>, message: impl Into<String>) -> FieldError {
    FieldError { field: field.into(), message: message.into() }
}

/// The organisation's tree, or every field at fault in the whole plan.
pub(super) fn organisation(new: &NewPlan, known: &Known) -> Result<Node<Place>, Vec<FieldError>> {
    let mut faults = Vec::new();
    if !METRICS.contains(&new.metric.as_str()) {
        faults.push(fault("metric", format!("expected one of: {}", METRICS.join(", "))));
    }
    if known.store_id.is_none() {
        faults.push(fault("store", format!("there is no store '{}'", new.store)));
    }
    if new.season.iter().all(|&weight| weight == 0) {
        faults.push(fault("season", ALL_ZERO));
    }
    for (field, labels) in [("channels", &new.channels), ("series", &new.series)] {
        label_faults(field, labels, &mut faults);
    }

    let mut codes = HashSet::new();
    let mut children = Vec::with_capacity(new.teams.len());
    for (index, team) in new.teams.iter().enumerate() {
        let field = format!("teams[{index}].unit");
        let unit_id = match known.units.get(&team.unit) {
            Some(unit) if !unit.is_team => {
                faults.push(fault(field.as_str(), format!("'{}' is not a team", team.unit)));
                None
            }
            Some(unit) if known.store_id.is_some() && unit.store_id != known.store_id => {
                let message = format!("team '{}' does not belong to store '{}'", team.unit, new.store);
                faults.push(fault(field.as_str(), message));
                None
            }
            Some(unit) => Some(unit.id),
            None => {
                faults.push(fault(field.as_str(), format!("there is no team '{}'", team.unit)));
                None
            }
        };
        if !codes.insert(team.unit.as_str()) {
            faults.push(fault(field, format!("team '{}' is listed twice", team.unit)));
        }
        let path = format!("teams[{index}].members");
        // A team of weight 0 has nothing to split.
        if team.weight > 0 && !team.members.is_empty() && is_weightless(team.members.iter().map(|m| m.weight))
        {
            faults.push(fault(path.as_str(), ALL_ZERO));
        }
        let members = members(&path, &team.members, &known.employees, &mut faults);
        let unit_id = unit_id.unwrap_or_default();
        children.push(Node {
            key: Place::Unit(unit_id),
            weight: unsigned(team.weight),
            children: members
                .into_iter()
                .map(|(employee_id, weight)| leaf(Place::Person { unit_id, employee_id }, weight))
                .collect(),
        });
    }
    if !new.teams.is_empty() && is_weightless(new.teams.iter().map(|team| team.weight)) {
        faults.push(fault("teams", ALL_ZERO));
    }
    match known.store_id {
        Some(store_id) if faults.is_empty() => Ok(Node { key: Place::Unit(store_id), weight: 1, children }),
        _ => Err(faults),
    }
}

/// A tree of channels or series below the store. Its faults are found by [`organisation`].
pub(super) fn labels(store_id: i64, labels: &[LabelWeight]) -> Node<Place> {
    let children = labels.iter().map(|label| leaf(Place::Label(label.code.clone()), unsigned(label.weight)));
    Node { key: Place::Unit(store_id), weight: 1, children: children.collect() }
}

/// Ids and weights of `members`, whose field is `path`; who is unknown or listed twice is a fault.
pub(super) fn members(
    path: &str,
    members: &[MemberWeight],
    employees: &HashMap<String, i64>,
    faults: &mut Vec<FieldError>,
) -> Vec<(i64, u64)> {
    let mut seen = HashSet::new();
    let mut found = Vec::with_capacity(members.len());
    for (index, MemberWeight { employee_no, weight }) in members.iter().enumerate() {
        let mut refuse = |message| faults.push(fault(format!("{path}[{index}].employee_no"), message));
        if !seen.insert(employee_no.as_str()) {
            refuse(format!("employee '{employee_no}' is listed twice"));
        }
        match employees.get(employee_no) {
            Some(&id) => found.push((id, unsigned(*weight))),
            None => refuse(format!("there is no employee '{employee_no}'")),
        }
    }
    found
}

/// What is wrong with weights of 0 only.
pub(super) const ALL_ZERO: &str = "expected at least one weight above 0";

/// A weight that has been checked not to be negative.
pub(super) fn unsigned(weight: i64) -> u64 {
    u64::try_from(weight).unwrap_or_default()
}

fn is_weightless(mut weights: impl Iterator<Item = i64>) -> bool {
    weights.all(|weight| weight == 0)
}

fn leaf(key: Place, weight: u64) -> Node<Place> {
    Node { key, weight, children: Vec::new() }
}

fn label_faults(field: &str, labels: &[LabelWeight], faults: &mut Vec<FieldError>) {
    let mut seen = HashSet::new();
    for (index, label) in labels.iter().enumerate() {
        if !seen.insert(label.code.as_str()) {
            faults.push(fault(format!("{field}[{index}].code"), format!("'{}' is listed twice", label.code)));
        }
    }
    if !labels.is_empty() && is_weightless(labels.iter().map(|label| label.weight)) {
        faults.push(fault(field, ALL_ZERO));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(employee_no: &str, weight: i64) -> MemberWeight {
        MemberWeight { employee_no: employee_no.into(), weight }
    }

    fn team(unit: &str, weight: i64, members: Vec<MemberWeight>) -> TeamWeight {
        TeamWeight { unit: unit.into(), weight, members }
    }

    fn plan(teams: Vec<TeamWeight>) -> NewPlan {
        NewPlan {
            store: "S1".into(),
            year: 2014,
            metric: "deliveries".into(),
            total: 1690,
            season: vec![1; 12],
            teams,
            channels: vec![],
            series: vec![],
        }
    }

    fn known() -> Known {
        let unit = |id, store_id, is_team| KnownUnit { id, store_id: Some(store_id), is_team };
        Known {
            store_id: Some(1),
            units: [("D", unit(5, 1, false)), ("G1", unit(2, 1, true)), ("X1", unit(9, 8, true))]
                .map(|(code, unit)| (code.to_owned(), unit))
                .into(),
            employees: [("A01".to_owned(), 11), ("A02".to_owned(), 12)].into(),
        }
    }

    #[test]
    fn a_tree_carries_the_ids_and_the_authors_order() {
        let new = plan(vec![team("G1", 3, vec![member("A02", 1), member("A01", 0)])]);
        let root = organisation(&new, &known()).unwrap();
        assert_eq!((root.key, root.children[0].weight), (Place::Unit(1), 3));
        let people: Vec<_> = root.children[0].children.iter().map(|node| (&node.key, node.weight)).collect();
        let person = |employee_id| Place::Person { unit_id: 2, employee_id };
        assert_eq!(people, [(&person(12), 1), (&person(11), 0)]);
    }

    #[test]
    fn every_field_at_fault_is_named() {
        let mut new = plan(vec![
            team("G1", 0, vec![member("A01", 0)]),
            team("G1", 0, vec![member("A01", 1), member("A01", 1), member("A99", 1)]),
            team("D", 0, vec![]),
            team("X1", 0, vec![]),
            team("G7", 0, vec![]),
        ]);
        new.metric = "smiles".into();
        new.season = vec![0; 12];
        new.channels = vec![LabelWeight { code: "showroom".into(), weight: 0 }; 2];
        let faults = organisation(&new, &known()).unwrap_err();
        let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
        let expected = [
            "metric",
            "season",
            "channels[1].code",
            "channels",
            "teams[1].unit",
            "teams[1].members[1].employee_no",
            "teams[1].members[2].employee_no",
            "teams[2].unit",
            "teams[3].unit",
            "teams[4].unit",
            "teams",
        ];
        assert_eq!(fields, expected);

        let faults = organisation(&plan(vec![team("X1", 1, vec![member("A01", 0)])]), &Known::default());
        let fields: Vec<_> = faults.unwrap_err().into_iter().map(|fault| fault.field).collect();
        assert_eq!(fields, ["store", "teams[0].unit", "teams[0].members", "teams[0].members[0].employee_no"]);
    }

    #[test]
    fn newcomers_follow_the_members_that_the_author_listed() {
        let mut split = Split::of(&plan(vec![team("G1", 1, vec![member("A02", 1), member("A01", 1)])]));
        let resplit = Resplit {
            unit: "G1".into(),
            from: "2014-06".parse().unwrap(),
            to: "2014-08".parse().unwrap(),
            weights: vec![member("A03", 1), member("A01", 1)],
        };
        split.resplits.push(Change { resplit, user_id: None });
        assert_eq!(split.members("G1"), ["A02", "A01", "A03"]);
        let kept: Split = serde_json::from_value(serde_json::to_value(&split).unwrap()).unwrap();
        assert_eq!(kept, split);
    }
}
