//! The inputs at which a rule is tried: the ordinary, the least, and those beside every number that the rule knows.

use std::collections::BTreeSet;

use rhai::{ASTNode, Expr};
use rust_decimal::Decimal;

use super::Argument;
use super::tree;
use crate::ledger::metric::{COMPUTED, Catalogue, Kind, Metric, MetricId, Missing};
use crate::rules::bundle::Rule;

/// Most values tried of one input.
const EDGES: usize = 40;
/// A largest value up to which a metric is taken to reach it.
const REACHED: Decimal = Decimal::from_parts(1_000, 0, 0, false, 0);
/// Fewest values tried of an input that can have as many.
const FEWEST: u32 = 12;
/// Denominators with which a share of the rule's is met exactly.
const DENOMINATORS: [u32; 3] = [10, 20, 100];

/// One input of a rule: a metric.
#[derive(Debug)]
pub struct CandidateInput {
    /// The metric.
    pub id: MetricId,
    /// Its name.
    pub name: String,
    /// A value that nobody would wonder at.
    pub ordinary: Decimal,
    /// The least it can be.
    pub least: Decimal,
    /// The smallest change that makes sense.
    pub step: Decimal,
    /// What is tried, plainest first; none is that there is no value.
    pub edges: Vec<Option<Decimal>>,
    /// The script's own numbers, as they are written; those that it sets against this input come first.
    pub own: Vec<Decimal>,
    /// Whether the rule may meet it without a value.
    pub may_be_missing: bool,
}

impl CandidateInput {
    /// The largest value that is tried.
    pub fn largest(&self) -> Option<Decimal> {
        self.edges.iter().flatten().max().copied()
    }

    /// The smallest value that is tried.
    pub fn smallest(&self) -> Option<Decimal> {
        self.edges.iter().flatten().min().copied()
    }

    /// Zero, or what comes closest to it.
    pub fn zero(&self) -> Option<Decimal> {
        self.edges.iter().flatten().min_by_key(|value| value.abs()).copied()
    }
}

/// The inputs of a rule.
#[derive(Debug)]
pub struct Inputs {
    /// Each of them.
    pub list: Vec<CandidateInput>,
    /// Which input is at most so much for each of another one.
    bounds: Vec<(usize, usize, Decimal)>,
}

impl Inputs {
    /// The inputs of `rule` with what to try.
    pub fn of(rule: &Rule, catalogue: &Catalogue) -> Self {
        let limits = limits(rule);
        let compared = compared(rule);
        let metrics = rule.arguments.iter().filter_map(|(_, argument)| match argument {
            Argument::Metric(id) => Some((*id, catalogue.get(*id)?)),
            Argument::Parameter(_) => None,
        });
        let list = metrics.map(|(id, metric)| input(id, metric, &limits, &compared)).collect::<Vec<_>>();
        let place = |name: &str| list.iter().position(|input| input.name == name);
        let bounds = COMPUTED.iter().filter_map(|computed| {
            let (count, each) = computed.at_most?;
            let each = catalogue.get(catalogue.find(each)?)?.max;
            Some((place(computed.name)?, place(count)?, each))
        });
        let id_place = |id: MetricId| list.iter().position(|input| input.id == id);
        let between = catalogue.bounds();
        let between = between.filter_map(|(id, most)| Some((id_place(id)?, id_place(most)?, Decimal::ONE)));
        let bounds = bounds.chain(between).collect();
        Self { list, bounds }
    }

    /// Whether these values can occur together.
    pub fn is_possible(&self, point: &[Option<Decimal>]) -> bool {
        let value = |index: &usize| point.get(*index).copied().flatten();
        self.bounds.iter().all(|(total, count, each)| match (value(total), value(count)) {
            (Some(total), Some(count)) => count.checked_mul(*each).is_some_and(|most| total <= most),
            _ => true,
        })
    }
}

/// Every number that the script or its parameters know.
fn limits(rule: &Rule) -> BTreeSet<Decimal> {
    let mut limits = BTreeSet::new();
    rule.ast().walk(&mut |path| {
        if let Some(ASTNode::Expr(expression)) = path.last() {
            limits.extend(tree::literal(expression));
        }
        true
    });
    limits.extend(rule.constants().iter().filter_map(|(_, value)| value.as_decimal().ok()));
    limits.extend(rule.arguments.iter().filter_map(|(_, argument)| match argument {
        Argument::Parameter(value) => Some(*value),
        Argument::Metric(_) => None,
    }));
    limits
}

/// The numbers that stand beside a name, as in `late > 3` and `late - 3`, each with that name.
fn compared(rule: &Rule) -> BTreeSet<(String, Decimal)> {
    let number = |expression: &Expr| {
        let name = tree::variable(expression);
        let is_named = |known: &str| Some(known) == name;
        let constant = rule.constants().iter().find(|(name, _)| is_named(name));
        let parameter = rule.arguments.iter().find_map(|(name, argument)| match argument {
            Argument::Parameter(value) => is_named(name).then_some(*value),
            Argument::Metric(_) => None,
        });
        let constant = constant.and_then(|(_, value)| value.as_decimal().ok());
        tree::literal(expression).or(constant).or(parameter)
    };
    let mut compared = BTreeSet::new();
    rule.ast().walk(&mut |path| {
        if let Some(ASTNode::Expr(Expr::FnCall(call, _))) = path.last()
            && call.op_token.is_some()
            && let [left, right] = &*call.args
        {
            for (name, other) in [(left, right), (right, left)] {
                let both = tree::variable(name).zip(number(other));
                compared.extend(both.map(|(name, number)| (name.to_owned(), number)));
            }
        }
        true
    });
    compared
}

fn input(
    id: MetricId,
    metric: &Metric,
    limits: &BTreeSet<Decimal>,
    compared: &BTreeSet<(String, Decimal)>,
) -> CandidateInput {
    let step = match metric.kind {
        Kind::Count => Decimal::ONE,
        Kind::Days => Decimal::new(5, 1),
        Kind::Amount | Kind::Score => metric.step,
    };
    let fits = |value: &Decimal| metric.check(*value).is_ok();
    let ordinary = match metric.missing {
        Missing::Zero => metric.min.max(Decimal::ZERO).min(metric.max),
        Missing::Na | Missing::Required if metric.max <= REACHED => {
            let middle = metric.min.checked_add(metric.max).and_then(|sum| sum.checked_div(Decimal::TWO));
            middle.map_or(metric.min, |middle| middle.floor()).max(metric.min)
        }
        Missing::Na | Missing::Required => Decimal::TEN.clamp(metric.min, metric.max),
    };
    let mut numbers = vec![metric.min, Decimal::ZERO, step, Decimal::ONE, ordinary];
    numbers.extend(Some(metric.max).filter(|max| *max <= REACHED));
    numbers.extend([ordinary.checked_sub(step), ordinary.checked_add(step)].into_iter().flatten());
    for limit in limits {
        let scaled = DENOMINATORS.iter().filter_map(|count| limit.checked_mul(Decimal::from(*count)));
        for near in std::iter::once(*limit).chain(scaled) {
            numbers.extend([near.floor(), near.ceil()]);
            numbers
                .extend([Some(near), near.checked_sub(step), near.checked_add(step)].into_iter().flatten());
        }
    }
    let mut own = limits.iter().copied().filter(fits).map(|value| value.normalize()).collect::<Vec<_>>();
    own.sort_by_key(|value| (!compared.contains(&(metric.name.clone(), *value)), plainness(value)));
    own.truncate(EDGES);
    let mut numbers =
        numbers.into_iter().filter(fits).map(|value| value.normalize()).collect::<BTreeSet<_>>();
    // Beside the few numbers of a script nothing may change that changes elsewhere.
    if metric.max <= REACHED && u32::try_from(numbers.len()).is_ok_and(|count| count < FEWEST) {
        numbers.extend(spread_over(metric, step).filter(fits).map(|value| value.normalize()));
    }
    let mut edges = numbers.into_iter().collect::<Vec<_>>();
    edges.sort_by_key(plainness);
    let stride = edges.len().div_ceil(EDGES).max(1);
    // The largest and the script's own stay, whatever is left out.
    let largest = edges.last().copied();
    let stays = |(index, value): &(usize, Decimal)| {
        index.is_multiple_of(stride) || Some(*value) == largest || own.contains(value)
    };
    let edges = edges.into_iter().enumerate().filter(stays);
    let mut edges = edges.map(|(_, value)| Some(value)).collect::<Vec<_>>();
    let may_be_missing = metric.missing == Missing::Na;
    if may_be_missing {
        edges.push(None);
    }
    let least = metric.min.max(Decimal::ZERO).min(metric.max);
    CandidateInput { id, name: metric.name.clone(), ordinary, least, step, edges, own, may_be_missing }
}

/// Values all over what a metric can be, on its steps.
fn spread_over(metric: &Metric, step: Decimal) -> impl Iterator<Item = Decimal> {
    let parts = Decimal::from(FEWEST);
    (1..FEWEST).filter_map(move |part| {
        let whole = metric.max.checked_sub(metric.min)?;
        let steps = whole.checked_mul(part.into())?.checked_div(parts)?.checked_div(step)?.floor();
        metric.min.checked_add(steps.checked_mul(step)?)
    })
}

/// Small numbers are plainer than large ones, and positive ones than negative ones.
fn plainness(value: &Decimal) -> (Decimal, bool) {
    (value.abs(), value.is_sign_negative())
}
