//! The plan of an earlier year, as far as a new one can go by it.

use std::collections::{BTreeSet, HashMap};

use crate::plan::split::limits::{MAX_TOTAL, MAX_WEIGHT};
use crate::plan::split::new_plan::{LabelWeight, Levels, NewLine, UnitWeight};
use crate::plan::split::tree::{Node, Place, Shape, Tree};
use crate::plan::split::whole_plan::WholePlan;

/// An earlier plan.
#[derive(Clone, Debug, Default)]
pub(super) struct Former {
    /// Its year.
    pub year: i32,
    /// The months' weights as its author gave them.
    pub season: Vec<i64>,
    pub whole: WholePlan,
}

impl Former {
    fn shape(&self) -> &Shape {
        &self.whole.shapes.organisation
    }

    /// What a node of the first line had in the year.
    fn total(&self, tree: Tree, at: usize) -> i64 {
        let rows = self.whole.lines.first().map(|line| &line.cells.of(tree).confirmed);
        rows.and_then(|rows| rows.get(at)).copied().unwrap_or_default().iter().sum()
    }

    /// A node's weight, where it is the same in every month.
    fn weight(&self, tree: Tree, at: usize) -> Option<i64> {
        let weights = self.whole.shapes.of(tree).node(at)?.weights;
        let first = *weights.first()?;
        weights.iter().all(|weight| *weight == first).then(|| i64::try_from(first).ok()).flatten()
    }

    /// The months' weights: as the author gave them, else what the months had.
    pub(super) fn season(&self) -> Vec<i64> {
        if self.season.len() == 12 && self.season.iter().any(|weight| *weight > 0) {
            return self.season.clone();
        }
        let rows = self.whole.lines.first().map(|line| &line.cells.organisation.confirmed);
        let months = rows.and_then(|rows| rows.first()).copied().unwrap_or_default();
        if months.iter().all(|cell| *cell == 0) { vec![1; 12] } else { months.to_vec() }
    }

    /// Channels and series with their weights, month by month where they changed within the year.
    pub(super) fn labels(&self) -> (Vec<LabelWeight>, Vec<LabelWeight>) {
        let labels = |tree: Tree| {
            let shape = self.whole.shapes.of(tree);
            let label = |(at, node): (usize, &Node)| match self.weight(tree, at) {
                Some(weight) => LabelWeight::all_year(&node.code, weight),
                None => {
                    let months = node.weights.map(|weight| i64::try_from(weight).unwrap_or(MAX_WEIGHT));
                    let weight = self.total(tree, at);
                    LabelWeight { code: node.code.clone(), weight, months: months.to_vec() }
                }
            };
            shape.nodes().iter().enumerate().skip(1).map(label).collect()
        };
        (labels(Tree::Channel), labels(Tree::Series))
    }

    /// The lines beside the first: derived ones as they were, the others in proportion to the new total, half-up.
    pub(super) fn lines(&self, total: i64) -> Vec<NewLine> {
        let before = self.whole.lines.first().map_or(0, |line| line.total);
        let scaled = |of: i64| match before {
            1.. => {
                let (of, total, before) = (i128::from(of), i128::from(total), i128::from(before));
                i64::try_from((2 * of * total + before) / (2 * before)).unwrap_or(i64::MAX).min(MAX_TOTAL)
            }
            _ => of,
        };
        let others = self.whole.lines.iter().skip(1);
        let line = others.map(|line| NewLine {
            metric: line.metric.clone(),
            total: line.penetration.is_none().then(|| scaled(line.total)),
            penetration: line.penetration,
            value_per_unit: line.value_per_unit,
            levels: Levels::default(),
        });
        line.collect()
    }

    /// Gives units and people this plan's weights: the same where the same people share a unit, elsewhere what each had in the
    /// year, who had nothing the mean of the others.
    pub(super) fn weigh(&self, units: &mut [UnitWeight]) {
        let mut had: HashMap<String, i64> = HashMap::new();
        for (at, node) in self.shape().nodes().iter().enumerate() {
            if matches!(node.place, Place::Person { .. }) {
                *had.entry(node.code.clone()).or_default() += self.total(Tree::Organisation, at);
            }
        }
        let all = mean(had.values().copied());
        for unit in units.iter_mut() {
            self.by_totals(unit, &had, all);
        }
        let mut siblings: Vec<&mut UnitWeight> = units.iter_mut().collect();
        self.keep(Some(0), &[], &mut siblings);
    }

    fn by_totals(&self, unit: &mut UnitWeight, had: &HashMap<String, i64>, all: i64) {
        let known = |number: &str| had.get(number).copied().filter(|total| *total > 0);
        let own = unit.members.iter().filter_map(|member| known(&member.employee_no));
        let own: Vec<i64> = own.collect();
        let mean = if own.is_empty() { all } else { mean(own.into_iter()) };
        for member in &mut unit.members {
            member.weight = known(&member.employee_no).unwrap_or(mean);
        }
        for below in &mut unit.units {
            self.by_totals(below, had, all);
        }
        let below = unit.units.iter().map(|unit| unit.weight);
        let sum: i64 = below.chain(unit.members.iter().map(|member| member.weight)).sum();
        let is_bare = unit.units.is_empty() && unit.members.is_empty();
        let former = self.shape().unit(&unit.unit).map(|at| self.total(Tree::Organisation, at));
        unit.weight = if is_bare { former.filter(|total| *total > 0).unwrap_or(all) } else { sum };
    }

    /// Puts the former weights back where a unit is shared by the same people and units as before, all the way down; whether it
    /// is.
    fn keep(&self, at: Option<usize>, members: &[String], units: &mut [&mut UnitWeight]) -> bool {
        let mut is_same = true;
        for unit in units.iter_mut() {
            let place = self.shape().unit(&unit.unit);
            let numbers: Vec<String> = unit.members.iter().map(|member| member.employee_no.clone()).collect();
            let mut below: Vec<&mut UnitWeight> = unit.units.iter_mut().collect();
            let is_kept = self.keep(place, &numbers, &mut below);
            is_same &= is_kept;
            if let Some(place) = place.filter(|_| is_kept) {
                for member in &mut unit.members {
                    let node = self.child(place, &member.employee_no);
                    member.weight =
                        node.and_then(|node| self.weight(Tree::Organisation, node)).unwrap_or(member.weight);
                }
            }
        }
        let Some(at) = at else { return false };
        let codes: BTreeSet<&str> =
            units.iter().map(|unit| unit.unit.as_str()).chain(members.iter().map(String::as_str)).collect();
        let children = self.shape().children(at);
        let before: BTreeSet<&str> =
            children.iter().filter_map(|child| Some(self.shape().node(*child)?.code.as_str())).collect();
        let weights: Option<Vec<i64>> =
            children.iter().map(|child| self.weight(Tree::Organisation, *child)).collect();
        let has_weight =
            weights.is_some_and(|weights| weights.iter().any(|weight| *weight > 0)) || children.is_empty();
        if !is_same || codes != before || !has_weight {
            return false;
        }
        for unit in units.iter_mut() {
            let node = self.child(at, &unit.unit);
            unit.weight = node.and_then(|node| self.weight(Tree::Organisation, node)).unwrap_or(unit.weight);
        }
        true
    }

    fn child(&self, at: usize, code: &str) -> Option<usize> {
        let mut children = self.shape().children(at).iter().copied();
        children.find(|child| self.shape().node(*child).is_some_and(|node| node.code == code))
    }
}

/// The mean of what is above 0, half-up, at least 1.
fn mean(values: impl Iterator<Item = i64>) -> i64 {
    let (sum, count) = values
        .filter(|value| *value > 0)
        .fold((0_i128, 0_i128), |(sum, count), value| (sum + i128::from(value), count + 1));
    let count = count.max(1);
    i64::try_from((2 * sum + count) / (2 * count)).unwrap_or(i64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::split::new_plan::MemberWeight;
    use crate::plan::split::whole_plan::{Line, Scope};

    fn node(place: Place, code: &str, parent: usize, weight: u64) -> Node {
        Node { place, code: code.into(), parent: Some(parent), weights: [weight; 12] }
    }

    /// 120 over two teams 2 : 1, the first split 3 : 1 (60 and 20), the second one person (40).
    fn former() -> Former {
        let root = Node { place: Place::Unit(1), code: "S".into(), parent: None, weights: [1; 12] };
        let mut shape = Shape::of(root);
        shape.push(node(Place::Unit(2), "T1", 0, 2));
        shape.push(node(Place::Unit(3), "T2", 0, 1));
        for (employee_id, number, unit, weight) in [(11, "A", 1, 3), (12, "B", 1, 1), (13, "C", 2, 5)] {
            let unit_id = i64::try_from(unit).unwrap() + 1;
            shape.push(node(Place::Person { unit_id, employee_id }, number, unit, weight));
        }
        let mut whole =
            WholePlan { lines: vec![Line { total: 120, ..Line::default() }], ..WholePlan::default() };
        whole.shapes.organisation = shape;
        for tree in [Tree::Channel, Tree::Series] {
            let root = Node { place: Place::Unit(1), code: "S".into(), parent: None, weights: [1; 12] };
            *whole.shapes.of_mut(tree) = Shape::of(root);
        }
        whole.split(Scope::Everything).unwrap();
        Former { year: 2014, season: vec![7; 12], whole }
    }

    fn unit(code: &str, members: &[&str]) -> UnitWeight {
        let member = |number: &&str| MemberWeight { employee_no: (*number).into(), weight: 1 };
        let weight = i64::try_from(members.len()).unwrap();
        UnitWeight {
            unit: code.into(),
            weight,
            units: Vec::new(),
            members: members.iter().map(member).collect(),
        }
    }

    fn shown(units: &[UnitWeight]) -> Vec<(i64, Vec<i64>)> {
        let weights = |unit: &UnitWeight| unit.members.iter().map(|member| member.weight).collect();
        units.iter().map(|unit| (unit.weight, weights(unit))).collect()
    }

    #[test]
    fn the_same_people_keep_their_weights() {
        let mut units = [unit("T1", &["A", "B"]), unit("T2", &["C"])];
        former().weigh(&mut units);
        assert_eq!(shown(&units), [(2, vec![3, 1]), (1, vec![5])]);
    }

    #[test]
    fn other_people_have_what_they_had_and_newcomers_the_mean() {
        // B has gone to T2, D is new in T1: 60 and the mean of T1, which is 60; T2 has 40 + 20.
        let mut units = [unit("T1", &["A", "D"]), unit("T2", &["C", "B"])];
        former().weigh(&mut units);
        assert_eq!(shown(&units), [(120, vec![60, 60]), (60, vec![40, 20])]);
        // A new team of new people: the mean of 60, 20 and 40 each. T1 is as it was, within itself.
        let mut units = [unit("T1", &["A", "B"]), unit("T2", &["C"]), unit("T3", &["E", "F"])];
        former().weigh(&mut units);
        assert_eq!(shown(&units), [(80, vec![3, 1]), (40, vec![5]), (80, vec![40, 40])]);
    }

    #[test]
    fn months_and_lines_come_along() {
        let mut former = former();
        assert_eq!(former.season(), [7; 12]);
        former.season.clear();
        assert_eq!(former.season(), [10; 12]);
        let line = |metric: &str, total, penetration: Option<&str>| Line {
            metric: metric.into(),
            total,
            penetration: penetration.map(|text| text.parse().unwrap()),
            ..Line::default()
        };
        former.whole.lines.extend([line("loans", 61, None), line("insurance_policies", 90, Some("0.75"))]);
        let lines = former.lines(180);
        // 61 × 180 ÷ 120 = 91.5
        assert_eq!((lines[0].total, lines[0].penetration), (Some(92), None));
        assert_eq!((lines[1].total, lines[1].penetration), (None, Some("0.75".parse().unwrap())));
    }
}
