//! Branches and statements that are never reached, ranges that share values, and values that no branch takes.

use rhai::{Expr, FlowControl, Position, Stmt};
use rust_decimal::Decimal;

use super::Script;
use super::meaning::{Condition, Meaning};
use super::regions::{Domains, Region, Set, both, without};
use super::tree::{self, Node};
use crate::decimal;
use crate::rules::finding::Finding;
use crate::rules::host;

/// What is wrong with the branches of one function.
pub fn faults(script: &Script<'_>, body: &[Stmt], is_score: bool, meaning: Meaning<'_>) -> Vec<Finding> {
    let mut branches = Branches { script, meaning, is_score, findings: Vec::new() };
    branches.block(body, Reach::everything(), true);
    branches.findings
}

/// The values with which a place is reached.
#[derive(Clone)]
struct Reach {
    regions: Vec<Region>,
    is_tunable: bool,
}

impl Reach {
    fn everything() -> Self {
        Self { regions: vec![Region::new()], is_tunable: false }
    }
}

/// A range with two ends that a branch asks for.
struct Range {
    subject: String,
    values: Set,
    at: Position,
    is_tunable: bool,
}

struct Branches<'a> {
    script: &'a Script<'a>,
    meaning: Meaning<'a>,
    is_score: bool,
    findings: Vec<Finding>,
}

impl Branches<'_> {
    /// Follows a block and gives with which values its end is reached; none when it never is.
    fn block(&mut self, block: &[Stmt], reach: Reach, is_used: bool) -> Option<Reach> {
        self.separate_ranges(block);
        let mut reach = Some(reach);
        for (index, statement) in block.iter().enumerate() {
            let Some(here) = reach.take() else {
                let message = "this is never reached: every way to it has returned before";
                self.never(tree::beginning(statement), message, None, false);
                return None;
            };
            let is_used = is_used && index + 1 == block.len();
            reach = match statement {
                Stmt::If(flow, _) => self.chain(flow, here, is_used),
                Stmt::Block(inner) => self.block(inner.statements(), here, is_used),
                Stmt::Return(value, ..) => {
                    if let Some(value) = value {
                        self.within(value, &here);
                    }
                    None
                }
                Stmt::Expr(value) if tree::block_of(value).is_some() => {
                    self.block(tree::block_of(value).unwrap_or_default(), here, is_used)
                }
                other => {
                    for expression in tree::expressions(other) {
                        self.within(expression, &here);
                    }
                    Some(here)
                }
            };
        }
        reach
    }

    /// Follows the blocks in an expression, whose values it takes.
    fn within(&mut self, expression: &Expr, reach: &Reach) {
        for part in tree::parts(expression) {
            self.within(part, reach);
        }
        if let Some(block) = tree::block_of(expression) {
            self.block(block, reach.clone(), true);
        }
    }

    /// Follows `if … else if … else …` as one chain.
    fn chain(&mut self, flow: &FlowControl, reach: Reach, is_used: bool) -> Option<Reach> {
        let whole = reach.clone();
        let mut rest = reach;
        let mut out = Vec::new();
        let mut ends = false;
        // Whether it has been said that some condition is always true, and so nothing comes behind it.
        let mut is_settled = false;
        let mut ranges = Vec::new();
        let mut others = Vec::new();
        let mut flow = flow;
        let mut is_first = true;
        let closing = loop {
            self.within(&flow.expr, &rest);
            // A switch that HR or the author turns goes either way some day.
            let is_open = !is_switch(&self.meaning, &flow.expr);
            let condition = self.meaning.condition(&flow.expr, true).filter(|_| is_open);
            let inside = self.branch(flow, &rest, condition.as_ref(), is_first, &mut is_settled);
            if let Some(condition) = &condition {
                self.collect(flow, condition, &mut ranges, &mut others);
                let left = without(&rest.regions, &condition.regions, &self.meaning.domains);
                rest.is_tunable |= condition.is_tunable;
                // What cannot be followed stays what it was: more than is really left.
                rest.regions = left.unwrap_or(rest.regions);
            }
            match self.block(flow.body.statements(), inside, is_used) {
                Some(reach) => out.push(reach),
                None => ends = true,
            }
            match flow.branch.statements() {
                [Stmt::If(next, _)] => (flow, is_first) = (next, false),
                [] => break None,
                statements => break Some(statements),
            }
        };
        self.ranges(&ranges, &others);
        match closing {
            Some(statements) if rest.regions.is_empty() => {
                let at = statements.first().map_or(Position::NONE, tree::beginning);
                if !is_settled {
                    // A last else that is there to be safe does no harm.
                    let message = "the branches above take every value, so this else is never reached";
                    self.never(at, message, None, true);
                }
                self.block(statements, Reach::everything(), is_used);
            }
            Some(statements) => out.extend(self.block(statements, rest, is_used)),
            None => {
                if is_used && !rest.regions.is_empty() && self.gives_value(flow) {
                    self.gap(flow, &rest);
                }
                out.push(rest);
            }
        }
        self.after(whole, out, ends)
    }

    /// Where the branches of a chain meet again.
    fn after(&self, whole: Reach, out: Vec<Reach>, ends: bool) -> Option<Reach> {
        let is_tunable = whole.is_tunable || out.iter().any(|reach| reach.is_tunable);
        let regions = out.into_iter().flat_map(|reach| reach.regions).collect::<Vec<_>>();
        match (regions.is_empty(), ends) {
            (true, _) => None,
            // Nobody left on the way, so what comes out is what went in.
            (false, false) => Some(whole),
            (false, true) if regions.len() > 32 => Some(whole),
            (false, true) => Some(Reach { regions, is_tunable }),
        }
    }

    /// With which values a branch is reached; whether that is none or all of them.
    fn branch(
        &mut self,
        flow: &FlowControl,
        rest: &Reach,
        condition: Option<&Condition>,
        is_first: bool,
        is_settled: &mut bool,
    ) -> Reach {
        let Some(condition) = condition else { return rest.clone() };
        let everything = [Region::new()];
        let at = tree::start(&flow.expr);
        let is_tunable = condition.is_tunable;
        let domains = &self.meaning.domains;
        let ever = both(&condition.regions, &everything, domains);
        let inside = both(&condition.regions, &rest.regions, domains);
        let (Some(ever), Some(inside)) = (ever, inside) else { return rest.clone() };
        let never = without(&everything, &condition.regions, domains);
        if ever.is_empty() {
            // That a metric cannot have such a value may be just what the author makes sure of.
            let unbounded = both(&condition.regions, &everything, &Domains::new());
            let is_defensive = unbounded.is_some_and(|values| !values.is_empty());
            let message = "this condition is never true, so what depends on it is never reached";
            self.never(at, message, None, is_tunable || is_defensive);
            return Reach::everything();
        }
        if inside.is_empty() && *is_settled {
            return Reach::everything();
        }
        if inside.is_empty() {
            let message = match is_first {
                true => {
                    "this branch is never reached: what leads here leaves no value for which its condition holds"
                }
                false => {
                    "this branch is never reached: the branches above already take every value for which it holds"
                }
            };
            let suggestion = "put the narrower condition first, or correct the limit";
            self.never(at, message, Some(suggestion), is_tunable || rest.is_tunable);
            return Reach::everything();
        }
        if never.is_some_and(|never| never.is_empty()) {
            let message = "this condition is always true";
            let finding = self.script.finding("unreachable", at, message);
            *is_settled = true;
            // Only because the metric has no other values.
            let unbounded = without(&everything, &condition.regions, &Domains::new());
            let is_defensive = unbounded.is_some_and(|values| !values.is_empty());
            let is_certain = !is_tunable && !is_defensive && !flow.branch.is_empty();
            self.findings.push(if is_certain { finding } else { finding.warning() });
        }
        Reach { regions: inside, is_tunable: is_tunable || rest.is_tunable }
    }

    fn never(&mut self, at: Position, message: &str, suggestion: Option<&str>, is_tunable: bool) {
        let finding = self.script.finding("unreachable", at, message);
        let finding = finding.suggesting(suggestion.map(str::to_owned));
        self.findings.push(if is_tunable { finding.warning() } else { finding });
    }

    /// Notes a condition that asks for one range of one subject, or what else it takes of one subject.
    fn collect(
        &self,
        flow: &FlowControl,
        condition: &Condition,
        ranges: &mut Vec<Range>,
        others: &mut Vec<(String, Set)>,
    ) {
        let [region] = condition.regions.as_slice() else {
            for region in &condition.regions {
                others.extend(region.iter().map(|(subject, values)| (subject.clone(), values.clone())));
            }
            return;
        };
        let Some((subject, values)) = region.first_key_value().filter(|_| region.len() == 1) else { return };
        // One value is no range.
        let is_range = matches!(flow.expr, Expr::And(..)) && values.bounded().is_some();
        if is_range {
            ranges.push(Range {
                subject: subject.clone(),
                values: values.clone(),
                at: tree::start(&flow.expr),
                is_tunable: condition.is_tunable,
            });
        } else {
            others.push((subject.clone(), values.clone()));
        }
    }

    /// Two-sided ranges of one chain that share values, or leave some between them.
    fn ranges(&mut self, ranges: &[Range], others: &[(String, Set)]) {
        self.overlaps(ranges, false);
        self.holes(ranges, others);
    }

    fn overlaps(&mut self, ranges: &[Range], may_be_meant: bool) {
        for (index, later) in ranges.iter().enumerate() {
            for earlier in ranges.iter().take(index).filter(|earlier| earlier.subject == later.subject) {
                let shared = earlier.values.and(&later.values);
                // A range that lies within an earlier one is never reached, which is another finding.
                if shared.is_empty() || (shared == later.values && !may_be_meant) {
                    continue;
                }
                let Some(example) = self.example(&later.subject, &shared) else { continue };
                let line = earlier.at.line().unwrap_or_default();
                let message =
                    format!("this range and the one in line {line} share values, for example {example}");
                let finding = self.script.finding("overlapping-bands", later.at, message);
                let finding = finding
                    .suggesting(Some("let one of them end where the other begins: >= and <".to_owned()));
                let is_open = earlier.is_tunable || later.is_tunable || may_be_meant;
                self.findings.push(if is_open { finding.warning() } else { finding });
            }
        }
    }

    /// Two-sided ranges of separate ifs, one behind the other, that share values: both branches are taken for these.
    fn separate_ranges(&mut self, block: &[Stmt]) {
        let mut ranges = Vec::new();
        for statement in block {
            let alone = match statement {
                Stmt::If(flow, _) if flow.branch.statements().is_empty() && !returns(flow) => Some(flow),
                _ => None,
            };
            let Some(flow) = alone else {
                // Whoever wants both of them is told, and may say so.
                self.overlaps(&std::mem::take(&mut ranges), true);
                continue;
            };
            if let Some(condition) = self.meaning.condition(&flow.expr, true) {
                self.collect(flow, &condition, &mut ranges, &mut Vec::new());
            }
        }
        self.overlaps(&ranges, true);
    }

    fn holes(&mut self, ranges: &[Range], others: &[(String, Set)]) {
        let mut rising = ranges.iter().collect::<Vec<_>>();
        rising.sort_by_key(|range| (&range.subject, range.values.bounded()));
        for (lower, upper) in rising.iter().zip(rising.iter().skip(1)) {
            let (Some((_, end)), Some((begin, _))) = (lower.values.bounded(), upper.values.bounded()) else {
                continue;
            };
            if lower.subject != upper.subject {
                continue;
            }
            let mut hole = Set::between(end, begin);
            for (_, values) in others.iter().filter(|(subject, _)| *subject == lower.subject) {
                hole = hole.minus(values);
            }
            let Some(example) = self.example(&lower.subject, &hole) else { continue };
            let (first, later) = match lower.at < upper.at {
                true => (lower.at, upper.at),
                false => (upper.at, lower.at),
            };
            let line = first.line().unwrap_or_default();
            let message = format!(
                "some values between this range and the one in line {line} are in neither, for example {example}"
            );
            self.findings.push(self.script.finding("gap", later, message).warning());
        }
    }

    /// `deliveries = 11`.
    fn example(&self, subject: &str, values: &Set) -> Option<String> {
        let grain = self.meaning.grains.get(subject).copied();
        Some(format!("{subject} = {}", decimal::plain(values.example(grain)?)))
    }

    /// A chain whose value is used, and that has none for what is left.
    fn gap(&mut self, last: &FlowControl, rest: &Reach) {
        let region = rest.regions.first();
        let example = region.and_then(|region| {
            let (subject, values) = region.iter().find(|(subject, _)| !is_answer(&self.meaning, subject))?;
            self.example(subject, values)
        });
        let example = example.map(|example| format!(", for example {example}")).unwrap_or_default();
        let at = tree::start(&last.expr);
        let message =
            format!("without else, some values are taken by no branch{example}, and then there is no result");
        let finding = self.script.finding("gap", at, message).warning();
        self.findings.push(finding.suggesting(Some("add else { … }".to_owned())));
    }

    /// Whether a chain is there for its value: a helper may end in one that only records items.
    fn gives_value(&self, flow: &FlowControl) -> bool {
        self.is_score
            || match flow.body.statements().last() {
                Some(Stmt::Expr(_)) => true,
                Some(Stmt::FnCall(call, _)) => host::function(&call.name).is_some_and(|host| host.is_number),
                _ => false,
            }
    }
}

/// Whether nobody comes out of the branch of a condition.
fn returns(flow: &FlowControl) -> bool {
    flow.body.statements().iter().any(|inner| matches!(inner, Stmt::Return(..)))
}

/// Whether a subject is a question with the answer yes or no.
fn is_answer(meaning: &Meaning<'_>, subject: &str) -> bool {
    let one = Set::closed(Decimal::ZERO, Decimal::ONE).on_grid(Decimal::ONE);
    meaning.domains.get(subject).is_some_and(|domain| *domain == one)
}

/// Whether a condition asks nothing but constants of the script and numbers of the scheme: a switch that somebody can turn.
fn is_switch(meaning: &Meaning<'_>, condition: &Expr) -> bool {
    let (mut is_switch, mut is_named) = (true, false);
    tree::visit_expression(condition, &mut |node| match node {
        Node::Expression(expression @ Expr::Variable(..)) => {
            is_named = true;
            is_switch &= meaning.number(expression).is_some();
        }
        Node::Expression(Expr::FnCall(call, _)) => is_switch &= call.op_token.is_some(),
        _ => {}
    });
    is_switch && is_named
}
