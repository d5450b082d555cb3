//! The three trees of a plan, whose roots share the same months.

use std::collections::{BTreeSet, HashMap};

use crate::words::words;

/// A year's twelve months, January first, in units of the metric: vehicles, or cents of money.
pub type Months = [i64; 12];

words! {
    /// One of the trees that share the root's months.
    pub enum Tree in "plan_node.tree" {
        /// Group, stores, departments, teams and people.
        Organisation = "organisation" "组织",
        /// Channels.
        Channel = "channel" "渠道",
        /// Series.
        Series = "series" "车系",
    }
}

/// One thing for each of the trees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PerTree<T> {
    /// For the organisation.
    pub organisation: T,
    /// For the channels.
    pub channel: T,
    /// For the series.
    pub series: T,
}

impl<T> PerTree<T> {
    /// The thing of `tree`.
    pub fn of(&self, tree: Tree) -> &T {
        match tree {
            Tree::Organisation => &self.organisation,
            Tree::Channel => &self.channel,
            Tree::Series => &self.series,
        }
    }

    /// The thing of `tree`, to be changed.
    pub fn of_mut(&mut self, tree: Tree) -> &mut T {
        match tree {
            Tree::Organisation => &mut self.organisation,
            Tree::Channel => &mut self.channel,
            Tree::Series => &mut self.series,
        }
    }
}

/// Who or what carries a part of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// A group, store, department or team.
    Unit(i64),
    /// A person within a unit.
    Person {
        /// The unit.
        unit_id: i64,
        /// The person.
        employee_id: i64,
    },
    /// A channel or a series, by its code.
    Label(String),
}

/// A place in a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Who or what it is.
    pub place: Place,
    /// What people call it: the unit's code, 工号, or the label's code.
    pub code: String,
    /// Position of the node above; none for the root. Smaller than the node's own.
    pub parent: Option<usize>,
    /// Its part of the parent's months, month by month, relative to the siblings. A root's are the weights of the months
    /// themselves.
    pub weights: [u64; 12],
}

/// A tree of nodes, in the author's order: it breaks ties. The root comes first, a parent before its children.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    nodes: Vec<Node>,
    children: Vec<Vec<usize>>,
    positions: HashMap<Place, usize>,
    /// Nodes of which not all children are here.
    cut: BTreeSet<usize>,
}

impl Shape {
    /// A tree with nothing but its root.
    pub fn of(root: Node) -> Self {
        let mut shape = Self::default();
        shape.push(root);
        shape
    }

    /// Adds a node below one that is there already, and says at which position.
    pub fn push(&mut self, node: Node) -> usize {
        let position = self.nodes.len();
        if let Some(siblings) = node.parent.and_then(|parent| self.children.get_mut(parent)) {
            siblings.push(position);
        }
        self.positions.insert(node.place.clone(), position);
        self.nodes.push(node);
        self.children.push(Vec::new());
        position
    }

    /// Notes that not all children of a node are here, but only those on the way to something.
    pub fn cut(&mut self, position: usize) {
        self.cut.insert(position);
    }

    /// Whether children of a node are missing here.
    pub fn is_cut(&self, position: usize) -> bool {
        self.cut.contains(&position)
    }

    /// Takes away the nodes behind the first `count`.
    pub fn truncate(&mut self, count: usize) {
        for node in self.nodes.drain(count.min(self.nodes.len())..) {
            self.positions.remove(&node.place);
        }
        self.children.truncate(count);
        self.children.iter_mut().for_each(|children| children.retain(|child| *child < count));
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether not even the root is there.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The nodes, by position.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node at a position.
    pub fn node(&self, position: usize) -> Option<&Node> {
        self.nodes.get(position)
    }

    /// Positions of the nodes right below one.
    pub fn children(&self, position: usize) -> &[usize] {
        self.children.get(position).map_or(&[], Vec::as_slice)
    }

    /// Where a place stands.
    pub fn find(&self, place: &Place) -> Option<usize> {
        self.positions.get(place).copied()
    }

    /// The unit with this code.
    pub fn unit(&self, code: &str) -> Option<usize> {
        self.nodes.iter().position(|node| matches!(node.place, Place::Unit(_)) && node.code == code)
    }

    /// The nodes above one, nearest first.
    pub fn above(&self, position: usize) -> impl Iterator<Item = usize> {
        let up = |position: usize| self.nodes.get(position).and_then(|node| node.parent);
        std::iter::successors(up(position), move |&position| up(position))
    }

    /// How a person reads where a node stands: `JC/G1/A01`.
    pub fn path(&self, position: usize) -> String {
        let mut codes: Vec<&str> = self.node(position).map(|node| node.code.as_str()).into_iter().collect();
        codes.extend(self.above(position).filter_map(|above| Some(self.node(above)?.code.as_str())));
        codes.reverse();
        codes.join("/")
    }

    /// Replaces the months' weights, which the root holds.
    pub fn set_weights(&mut self, position: usize, weights: [u64; 12]) {
        if let Some(node) = self.nodes.get_mut(position) {
            node.weights = weights;
        }
    }
}

/// The months of every node of a tree, by position.
pub type Rows = Vec<Months>;
