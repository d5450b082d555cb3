//! A plan tried out: a total and a tree of weights, split as a plan is, without a store, people or a database.

use std::collections::HashSet;

use garde::Validate;
use serde::{Deserialize, Serialize};

use super::tree::{Months, Node, PerTree, Place, Shape, Tree};
use super::weights::unsigned;
use super::whole_plan::{Line, LineRefusal, Scope, WholePlan};
use crate::http::{FieldError, Problem, body};
use crate::plan::faults::listed_twice;
use crate::said::say;

/// The most levels of a tree, the root's included: reading and checking follow the tree by recursion, and the JSON reader
/// itself ends at 128 brackets inside each other, two for every level.
pub const MAX_LEVELS: usize = 60;

/// A year to be split.
#[derive(Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields, expecting = "an object with total, months and children")]
struct Question {
    #[garde(range(min = 0))]
    total: i64,
    #[garde(length(min = 12, max = 12), inner(range(min = 0)))]
    months: Vec<i64>,
    #[serde(default)]
    #[garde(dive)]
    children: Option<Vec<QuestionPart>>,
}

/// Who or what shares it.
#[derive(Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields, expecting = "an object with name, weight and children")]
struct QuestionPart {
    #[garde(custom(named))]
    name: String,
    #[garde(range(min = 0))]
    weight: i64,
    #[serde(default)]
    #[garde(dive)]
    children: Option<Vec<QuestionPart>>,
}

fn named(name: &str, _: &()) -> garde::Result {
    match name.trim().is_empty() {
        false => Ok(()),
        true => Err(body::refused(&say!("缺少名称", "expected a name"))),
    }
}

/// A year that has been split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// The year's total, in vehicles or cents.
    pub total: i64,
    /// What the months were weighed by, January first.
    pub month_weights: [u64; 12],
    /// The months' totals.
    pub months: Months,
    /// Who shares them, in the order given; none if the question had no such list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub children: Option<Vec<Part>>,
}

/// Somebody's or something's part of the year. The children's months sum exactly to its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Its name, unlike its siblings'.
    pub name: String,
    /// What it was weighed by, relative to its siblings.
    pub weight: u64,
    /// The sum of its months.
    pub total: i64,
    /// Its months' totals, January first.
    pub months: Months,
    /// Who shares them, in the order given; none if the question had no such list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub children: Option<Vec<Part>>,
}

/// Splits what `json` asks for: `{"total", "months": [12 weights], "children": [{"name", "weight", "children"}]}`.
///
/// It becomes the first line of a [`WholePlan`], whose organisation are the names. Totals and weights are whole numbers
/// from 0 to `i64::MAX`.
///
/// # Errors
///
/// Every field at fault with its path. Fields of a wrong shape, and weights of 0 only where there is something to split,
/// are found one at a time.
pub fn preview(json: &[u8]) -> Result<Preview, Problem> {
    let question: Question = body::parse(json).map_err(|problem| {
        match problem.detail.to_string().contains("recursion limit") {
            true => Problem::fields(vec![too_deep(".")]),
            false => problem,
        }
    })?;
    body::check(&question)?;
    let mut weights = [0; 12];
    for (slot, weight) in weights.iter_mut().zip(&question.months) {
        *slot = unsigned(*weight);
    }
    let mut tree = Names::of(weights);
    tree.add("", question.children.as_deref().unwrap_or_default(), 0, 2);
    if !tree.faults.is_empty() {
        return Err(Problem::fields(tree.faults));
    }
    let line = Line { total: question.total, ..Line::default() };
    let shapes = PerTree { organisation: tree.shape, ..PerTree::default() };
    let mut whole = WholePlan { shapes, lines: vec![line], ..WholePlan::default() };
    whole.split(Scope::Everything).map_err(|refusal| refused(&refusal, &tree.paths, &weights))?;
    let mut parts = Parts { whole: &whole, next: 1 };
    let children = parts.of(question.children);
    Ok(Preview { total: question.total, month_weights: weights, months: parts.months(0), children })
}

fn too_deep(field: impl Into<String>) -> FieldError {
    let message = say!("最多 {MAX_LEVELS} 级", "expected a tree of at most {MAX_LEVELS} levels");
    FieldError::new(field, message)
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The names as a plan's organisation, each before those below it.
struct Names {
    shape: Shape,
    /// Paths of the nodes in the question, by position.
    paths: Vec<String>,
    faults: Vec<FieldError>,
}

impl Names {
    fn of(months: [u64; 12]) -> Self {
        let root = Node { place: Place::Unit(0), code: String::new(), parent: None, weights: months };
        Self { shape: Shape::of(root), paths: vec![String::new()], faults: Vec::new() }
    }

    /// Adds those below the node at `parent`, who stand on `level`; the root's is 1.
    fn add(&mut self, path: &str, parts: &[QuestionPart], parent: usize, level: usize) {
        let field = join(path, "children");
        if level > MAX_LEVELS && !parts.is_empty() {
            self.faults.push(too_deep(field));
            return;
        }
        let mut names = HashSet::new();
        for (index, part) in parts.iter().enumerate() {
            let path = format!("{field}[{index}]");
            if !names.insert(part.name.as_str()) {
                self.faults.push(listed_twice(join(&path, "name"), &part.name));
            }
            let place = Place::Unit(i64::try_from(self.paths.len()).unwrap_or(i64::MAX));
            let weights = [unsigned(part.weight); 12];
            let position =
                self.shape.push(Node { place, code: part.name.clone(), parent: Some(parent), weights });
            self.paths.push(path.clone());
            self.add(&path, part.children.as_deref().unwrap_or_default(), position, level + 1);
        }
    }
}

/// Nothing is held and every number has been checked, so that weights of 0 are what is left to go wrong.
fn refused(refusal: &LineRefusal, paths: &[String], weights: &[u64; 12]) -> Problem {
    let field = match refusal.refusal.node {
        0 if weights.iter().all(|weight| *weight == 0) => "months".to_owned(),
        node => join(paths.get(node).map_or("", String::as_str), "children"),
    };
    let message = say!(
        "有数要拆：至少要有一个权重大于 0",
        "expected at least one weight above 0, because there is something to split"
    );
    Problem::field(field, message)
}

/// The answer while it is put together, in the order in which the names were added.
struct Parts<'a> {
    whole: &'a WholePlan,
    next: usize,
}

impl Parts<'_> {
    fn months(&self, position: usize) -> Months {
        let rows = self.whole.lines.first().map(|line| &line.cells.of(Tree::Organisation).confirmed);
        rows.and_then(|rows| rows.get(position)).copied().unwrap_or_default()
    }

    fn of(&mut self, parts: Option<Vec<QuestionPart>>) -> Option<Vec<Part>> {
        let part = |part: QuestionPart| {
            let months = self.months(self.next);
            self.next += 1;
            Part {
                name: part.name,
                weight: unsigned(part.weight),
                total: months.iter().sum(),
                months,
                children: self.of(part.children),
            }
        };
        Some(parts?.into_iter().map(part).collect())
    }
}

#[cfg(test)]
mod tests;
