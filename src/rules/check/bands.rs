//! What the numbers of a call say by themselves: edges of `band` that do not rise, more points than an item can give,
//! and shares compared with 85 where 0.85 is meant.

use rhai::{Expr, FnCallExpr, Position, Token};
use rust_decimal::Decimal;

use super::Script;
use super::meaning::{Known, Meaning};
use super::tree::{self, Function, Node};
use crate::decimal;
use crate::ledger::metric::Direction;
use crate::rules::finding::Finding;
use crate::rules::scheme::RuleEntry;

/// No share is meant to be more than twice the whole.
const LARGEST_SHARE: Decimal = Decimal::TWO;

/// What is wrong with the numbers in the calls of one function.
pub fn faults(
    script: &Script<'_>,
    function: &Function,
    meaning: &Meaning<'_>,
    rule: &RuleEntry,
) -> Vec<Finding> {
    let mut bands = Bands { script, meaning, rule, findings: Vec::new() };
    tree::visit(&function.body, &mut |node: Node<'_>| {
        if let Some((call, _)) = tree::call(node) {
            bands.call(call);
        }
    });
    bands.findings
}

struct Bands<'a> {
    script: &'a Script<'a>,
    meaning: &'a Meaning<'a>,
    rule: &'a RuleEntry,
    findings: Vec<Finding>,
}

impl Bands<'_> {
    fn call(&mut self, call: &FnCallExpr) {
        match (&call.op_token, call.name.as_str(), call.args.as_ref()) {
            (None, "band", [value, list]) => {
                let edges = steps(list).filter_map(|step| step.first());
                edges.for_each(|edge| self.share(value, edge));
                self.edges(list);
                self.falling(value, list);
            }
            (None, "ratio", [over, under, ..]) => self.upside_down(over, under),
            (None, "reaches", [value, least]) => self.share(value, least),
            (None, "lin", [value, floor, target, _]) => {
                self.share(value, floor);
                self.share(value, target);
                self.scale(value, floor, target);
            }
            (None, "item", [max, value, _, rest @ ..]) => self.item(max, value, rest.first()),
            (Some(operator), _, [one, two]) if is_order(operator) => {
                self.share(one, two);
                self.share(two, one);
            }
            _ => {}
        }
    }

    /// The edges of a band list rise; where they do not, a step is never reached or two are the same.
    fn edges(&mut self, list: &Expr) {
        let is_empty = match list {
            Expr::Array(entries, _) => entries.is_empty(),
            _ => false,
        };
        if is_empty {
            let message = "the list of band has no step, so that it always gives 0 points";
            let finding = self.script.finding("unreachable", tree::start(list), message);
            self.findings.push(finding.suggesting(Some("write the steps: [[0.6, 3], [0.8, 5]]".to_owned())));
        }
        let mut highest: Option<Known> = None;
        for step in steps(list) {
            let Some((edge, known)) = step.first().and_then(|edge| Some((edge, self.meaning.number(edge)?)))
            else {
                return;
            };
            if let Some(before) = highest.filter(|before| known.value <= before.value) {
                let (value, last) = (decimal::plain(known.value), decimal::plain(before.value));
                let finding = match known.value == before.value {
                    true => {
                        let message = format!(
                            "the edge {value} is listed twice; a value can only get the points of one"
                        );
                        self.script.finding("overlapping-bands", tree::start(edge), message)
                    }
                    false => {
                        let message =
                            format!("the edge {value} comes after {last}, so its points are never given");
                        let finding = self.script.finding("unreachable", tree::start(edge), message);
                        finding.suggesting(Some(
                            "write the edges in rising order: [[0.6, 3], [0.8, 5]]".to_owned(),
                        ))
                    }
                };
                let is_tunable = known.is_tunable || before.is_tunable;
                self.findings.push(if is_tunable { finding.warning() } else { finding });
                continue;
            }
            highest = Some(known);
        }
    }

    /// Steps that give fewer points for better work than the ones before them.
    fn falling(&mut self, value: &Expr, list: &Expr) {
        let Some(direction) = self.meaning.direction(value) else { return };
        let mut before: Option<Decimal> = None;
        let mut highest: Option<Decimal> = None;
        for step in steps(list) {
            let (Some(edge), Some(given)) = (step.first(), step.get(1)) else { return };
            let (Some(from), Some(points)) = (self.meaning.number(edge), self.meaning.number(given)) else {
                return;
            };
            // A step that is never reached is told by itself.
            if highest.is_some_and(|highest| from.value <= highest) {
                continue;
            }
            highest = Some(from.value);
            let (from, points) = (decimal::plain(from.value), points.value);
            let worse = before.replace(points).and_then(|last| {
                let (better, points_word) = match direction {
                    Direction::Up if points < last => ("more", "fewer"),
                    Direction::Down if points > last => ("less", "more"),
                    _ => return None,
                };
                let (points, last) = (decimal::plain(points), decimal::plain(last));
                Some(format!(
                    "{better} is better here, but from {from} on there are {points_word} points than before: \
                     {points} after {last}"
                ))
            });
            if let Some(message) = worse {
                let finding = self.script.finding("reversed-scale", tree::start(given), message).warning();
                self.findings.push(finding);
            }
        }
    }

    /// A scale that gives fewer points for better work, or none at all: two numbers that HR tunes may cross.
    fn scale(&mut self, value: &Expr, floor: &Expr, target: &Expr) {
        let (Some(from), Some(to)) = (self.meaning.number(floor), self.meaning.number(target)) else {
            return;
        };
        let (from, to) = (from.value, to.value);
        let [shown, aim] = [from, to].map(decimal::plain);
        let message = match self.meaning.direction(value) {
            _ if from == to => format!("floor and target are both {aim}; they have to differ"),
            Some(Direction::Up) if from > to => {
                format!(
                    "more is better here, but the floor {shown} is above the target {aim}: more gives fewer points"
                )
            }
            Some(Direction::Down) if from < to => {
                format!(
                    "less is better here, but the floor {shown} is below the target {aim}: less gives fewer points"
                )
            }
            _ => return,
        };
        self.findings.push(self.script.finding("reversed-scale", tree::start(floor), message));
    }

    /// A whole over its part is never below 1: most likely the two were exchanged.
    fn upside_down(&mut self, over: &Expr, under: &Expr) {
        let (Some(whole), Some(part)) = (self.meaning.metric(over), self.meaning.metric(under)) else {
            return;
        };
        if part.at_most.as_deref() != Some(whole.name.as_str()) {
            return;
        }
        let message =
            format!("'{}' is a part of '{}', so this ratio is never below 1", part.name, whole.name);
        let finding = self.script.finding("suspicious-rate", tree::start(over), message).warning();
        self.findings.push(finding.suggesting(Some(format!("write ratio({}, {})", part.name, whole.name))));
    }

    /// A share is compared with a share: 85 % is 0.85.
    fn share(&mut self, value: &Expr, limit: &Expr) {
        if self.meaning.is_percentage(value) {
            return self.percentage(limit);
        }
        if !self.meaning.is_rate(value) {
            return;
        }
        let Some(known) = self.meaning.number(limit).filter(|known| known.value > LARGEST_SHARE) else {
            return;
        };
        let (plain, percent) = (decimal::plain(known.value), decimal::percent(known.value));
        let message = format!("a ratio is compared with {plain}, which is {percent}");
        let meant = known.value.checked_div(Decimal::ONE_HUNDRED).map(decimal::plain);
        let finding = self.script.finding("suspicious-rate", tree::start(limit), message).warning();
        self.findings.push(finding.suggesting(meant.map(|meant| format!("{plain}% is written {meant}"))));
    }

    /// A share times a hundred is compared with 85, not with 0.85.
    fn percentage(&mut self, limit: &Expr) {
        let is_share = |known: &Known| known.value > Decimal::ZERO && known.value <= Decimal::ONE;
        let Some(known) = self.meaning.number(limit).filter(is_share) else { return };
        let plain = decimal::plain(known.value);
        let message = format!("a ratio times 100 is compared with {plain}, which is {plain}%");
        let finding = self.script.finding("suspicious-rate", tree::start(limit), message).warning();
        self.findings.push(finding.suggesting(Some("compare the ratio itself, without * 100".to_owned())));
    }

    /// Points that an item would refuse as soon as somebody earned them.
    fn item(&mut self, max: &Expr, value: &Expr, most: Option<&Expr>) {
        let Some(max) = self.meaning.number(max) else { return };
        let most = match (most, self.rule.ceiling) {
            (Some(most), _) => match self.meaning.number(most) {
                Some(most) => most.value,
                None => return,
            },
            (None, Some(ceiling)) if ceiling > self.rule.max => max.value.max(ceiling),
            (None, _) => max.value,
        };
        let value = self.meaning.resolved(value);
        let given = match (tree::named(value, "band"), tree::named(value, "lin")) {
            (Some([_, list]), _) => steps(list).filter_map(|step| step.get(1)).collect(),
            (_, Some([.., points])) => vec![points],
            // What an item is given outright is found by trying it.
            _ => return,
        };
        let highest = given.iter().map(|points| self.meaning.number(points).map(|known| known.value));
        let highest = highest.collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().max());
        if let Some(highest) = highest.filter(|highest| *highest < max.value) {
            let at = given.last().map_or(Position::NONE, |points| tree::start(points));
            let [highest, max] = [highest, max.value].map(decimal::plain);
            let message = format!("the item is worth {max} points, but nobody gets more than {highest}");
            self.findings.push(self.script.finding("items-sum", at, message).warning());
        }
        for points in given {
            let Some(known) = self.meaning.number(points) else { continue };
            if (Decimal::ZERO..=most).contains(&known.value) {
                continue;
            }
            let (points_given, most) = (decimal::plain(known.value), decimal::plain(most));
            let message = format!("{points_given} points for an item of 0 to {most}");
            self.findings.push(self.script.finding("out-of-range", tree::start(points), message));
        }
    }
}

/// The pairs of a band list.
fn steps(list: &Expr) -> impl Iterator<Item = &[Expr]> {
    let entries: &[Expr] = match list {
        Expr::Array(entries, _) => entries,
        _ => &[],
    };
    entries.iter().map(tree::parts)
}

fn is_order(operator: &Token) -> bool {
    matches!(
        operator,
        Token::LessThan
            | Token::LessThanEqualsTo
            | Token::GreaterThan
            | Token::GreaterThanEqualsTo
            | Token::EqualsTo
            | Token::NotEqualsTo
    )
}
