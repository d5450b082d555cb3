//! What the names and conditions of a function mean, as far as that can be said without running it.

use std::collections::{BTreeMap, HashMap, HashSet};

use rhai::{Expr, Stmt, Token};
use rust_decimal::Decimal;

use super::Script;
use super::regions::{Cut, Domains, Region, Set, both};
use super::tree::{self, Function, Node};
use crate::ledger::metric::{Catalogue, Direction, Kind, Metric};
use crate::rules::language;
use crate::rules::scheme::Parameter;

/// A number that is known, and whether HR can tune it.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Its value now.
    pub value: Decimal,
    /// It depends on a parameter of the scheme.
    pub is_tunable: bool,
}

/// What a condition holds for.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The values.
    pub regions: Vec<Region>,
    /// They depend on a parameter of the scheme.
    pub is_tunable: bool,
}

/// The names of one function and what is known of their values.
pub struct Meaning<'a> {
    numbers: HashMap<String, Known>,
    metrics: HashMap<String, &'a Metric>,
    /// Variables that keep the value they are declared with.
    fixed: HashMap<&'a str, &'a Expr>,
    /// Names that stand for another value at another place.
    changing: HashSet<&'a str>,
    /// What the subjects met so far can be at all.
    pub domains: Domains,
    /// The steps in which the subjects met so far go, where they have any.
    pub grains: BTreeMap<String, Decimal>,
}

impl<'a> Meaning<'a> {
    /// What the names of `function` mean; only `score` is given metrics and parameters.
    pub fn of(
        script: &Script<'_>,
        function: &'a Function,
        catalogue: &'a Catalogue,
        parameters: &[Parameter],
    ) -> Self {
        let mut meaning = Self {
            numbers: HashMap::new(),
            metrics: HashMap::new(),
            fixed: HashMap::new(),
            changing: HashSet::new(),
            domains: Domains::new(),
            grains: BTreeMap::new(),
        };
        let mut declared = function.parameters.iter().map(String::as_str).collect::<HashSet<_>>();
        tree::visit(&function.body, &mut |node| match node {
            Node::Statement(Stmt::Var(variable, ..)) => {
                let name = variable.0.as_str();
                if declared.insert(name) {
                    meaning.fixed.insert(name, &variable.1);
                } else {
                    meaning.changing.insert(name);
                }
            }
            Node::Statement(Stmt::Assignment(assigned)) => {
                meaning.changing.extend(tree::variable(&assigned.1.lhs));
            }
            _ => {}
        });
        let changing = &meaning.changing;
        meaning.fixed.retain(|name, _| !changing.contains(name));
        for (name, value) in language::constants(script.ast).iter() {
            if let Ok(value) = value.as_decimal() {
                meaning.numbers.insert(name.clone(), Known { value, is_tunable: false });
            }
        }
        if function.is_score() {
            for name in &function.parameters {
                match (catalogue.find(name), parameters.iter().find(|parameter| parameter.name == *name)) {
                    (Some(id), _) => {
                        meaning.metrics.extend(catalogue.get(id).map(|metric| (name.clone(), metric)));
                    }
                    (None, Some(parameter)) => {
                        let known = Known { value: parameter.value, is_tunable: true };
                        meaning.numbers.insert(name.clone(), known);
                    }
                    (None, None) => {}
                }
            }
        }
        // In the order in which they are written, so that each is read once and knows those before it.
        tree::visit(&function.body, &mut |node| {
            if let Node::Statement(Stmt::Var(variable, ..)) = node {
                let name = variable.0.as_str();
                if let Some(known) = meaning.number(&variable.1).filter(|_| meaning.fixed.contains_key(name))
                {
                    meaning.numbers.insert(name.to_owned(), known);
                }
            }
        });
        meaning
    }

    /// The number that an expression always is.
    pub fn number(&self, expression: &Expr) -> Option<Known> {
        if let Some(value) = tree::literal(expression) {
            return Some(Known { value, is_tunable: false });
        }
        if let Some(name) = tree::variable(expression) {
            return self.numbers.get(name).copied().filter(|_| !self.changing.contains(name));
        }
        let Expr::FnCall(call, _) = expression else { return None };
        let operands = call.args.iter().map(|part| self.number(part)).collect::<Option<Vec<_>>>()?;
        let value = match (call.op_token.as_ref()?, operands.as_slice()) {
            (Token::UnaryMinus | Token::Minus, [one]) => Some(-one.value),
            (Token::Plus, [one, two]) => one.value.checked_add(two.value),
            (Token::Minus, [one, two]) => one.value.checked_sub(two.value),
            (Token::Multiply, [one, two]) => one.value.checked_mul(two.value),
            (Token::Divide, [one, two]) => one.value.checked_div(two.value),
            _ => None,
        }?;
        Some(Known { value, is_tunable: operands.iter().any(|operand| operand.is_tunable) })
    }

    /// The expression behind a variable that keeps its value.
    pub fn resolved<'e>(&'e self, expression: &'e Expr) -> &'e Expr {
        let mut resolved = expression;
        // As many steps as there are variables: a script that is wrong can go round in a circle.
        for _ in &self.fixed {
            match tree::variable(resolved).and_then(|name| self.fixed.get(name)) {
                Some(fixed) => resolved = fixed,
                None => break,
            }
        }
        resolved
    }

    /// Whether more of an expression is better: of a metric, or of a rate with it above the line.
    pub fn direction(&self, expression: &Expr) -> Option<Direction> {
        let expression = self.resolved(expression);
        let rate = tree::named(expression, "ratio").or_else(|| tree::named(expression, "average"));
        // Visitors per order: what is more of both can be better or worse.
        let is_mean = tree::named(expression, "average").is_some();
        let under = rate.and_then(|arguments| arguments.get(1)).map(|under| self.resolved(under));
        let under = under.and_then(tree::variable).and_then(|name| self.metrics.get(name));
        if is_mean && under.is_some_and(|metric| metric.direction != Direction::None) {
            return None;
        }
        let counted =
            rate.and_then(|arguments| arguments.first()).map_or(expression, |first| self.resolved(first));
        tree::variable(counted).and_then(|name| self.metrics.get(name)).map(|metric| metric.direction)
    }

    /// The metric that an expression is the value of.
    pub fn metric(&self, expression: &Expr) -> Option<&'a Metric> {
        let name = tree::variable(self.resolved(expression))?;
        self.metrics.get(name).copied()
    }

    /// Whether an expression is a share, shown as a percentage.
    pub fn is_rate(&self, expression: &Expr) -> bool {
        let expression = self.resolved(expression);
        if tree::named(expression, "ratio").is_some() {
            return true;
        }
        // A count of something divided by a count of something.
        let Some([over, under]) = operands(expression, &Token::Divide) else { return false };
        let is_count = |part: &Expr| {
            let metric = tree::variable(self.resolved(part)).and_then(|name| self.metrics.get(name));
            metric.is_some_and(|metric| matches!(metric.kind, Kind::Count | Kind::Days))
        };
        is_count(over) && is_count(under)
    }

    /// Whether an expression is a share times a hundred.
    pub fn is_percentage(&self, expression: &Expr) -> bool {
        let Some([one, two]) = operands(self.resolved(expression), &Token::Multiply) else { return false };
        let is_hundred =
            |part: &Expr| self.number(part).is_some_and(|known| known.value == Decimal::ONE_HUNDRED);
        (self.is_rate(one) && is_hundred(two)) || (is_hundred(one) && self.is_rate(two))
    }

    /// What is asked of, as a text that is the same wherever it means the same; none where that cannot be said.
    pub fn subject(&mut self, expression: &Expr) -> Option<String> {
        let subject = self.text(expression)?;
        let metric = tree::variable(expression).and_then(|name| self.metrics.get(name).copied());
        let domain = match metric {
            Some(metric) => {
                let grain = match metric.kind {
                    Kind::Count => Some(Decimal::ONE),
                    Kind::Days => Decimal::ONE.checked_div(Decimal::TWO),
                    Kind::Amount | Kind::Score => None,
                };
                self.grains.extend(grain.map(|grain| (subject.clone(), grain)));
                let domain = Set::closed(metric.min, metric.max);
                match grain {
                    Some(grain) => domain.on_grid(grain),
                    None => domain,
                }
            }
            None => Set::all(),
        };
        self.domains.insert(subject.clone(), domain);
        Some(subject)
    }

    fn text(&self, expression: &Expr) -> Option<String> {
        if let Some(known) = self.number(expression) {
            return Some(known.value.normalize().to_string());
        }
        match expression {
            Expr::Variable(..) => {
                let name = tree::variable(expression)?;
                (!self.changing.contains(name)).then(|| name.to_owned())
            }
            Expr::StringConstant(text, _) => Some(format!("{text:?}")),
            Expr::FnCall(call, _) => {
                let parts = call.args.iter().map(|part| self.text(part)).collect::<Option<Vec<_>>>()?;
                Some(match (&call.op_token, parts.as_slice()) {
                    (Some(operator), [one, two]) => {
                        format!("({one} {} {two})", operator.literal_syntax())
                    }
                    (Some(operator), _) => format!("{}{}", operator.literal_syntax(), parts.concat()),
                    (None, _) => format!("{}({})", call.name, parts.join(", ")),
                })
            }
            _ => None,
        }
    }

    /// What a condition, or its opposite, holds for; none where it cannot be followed.
    pub fn condition(&mut self, expression: &Expr, holds: bool) -> Option<Condition> {
        match expression {
            Expr::BoolConstant(value, _) => {
                let regions = if *value == holds { vec![Region::new()] } else { Vec::new() };
                Some(Condition { regions, is_tunable: false })
            }
            Expr::And(parts, _) => self.joined(parts, holds, holds),
            Expr::Or(parts, _) => self.joined(parts, holds, !holds),
            Expr::FnCall(call, _) => match (&call.op_token, call.args.as_ref()) {
                (Some(Token::Bang), [inner]) => self.condition(inner, !holds),
                (Some(operator), [one, two]) => self.comparison(operator, one, two, holds),
                (None, [one, two]) if call.name == "reaches" => {
                    self.comparison(&Token::GreaterThanEqualsTo, one, two, holds)
                }
                _ => self.answer(expression, holds),
            },
            _ => self.answer(expression, holds),
        }
    }

    /// All of the parts, or one of them.
    fn joined(&mut self, parts: &[Expr], holds: bool, all: bool) -> Option<Condition> {
        let mut joined: Option<Condition> = None;
        for part in parts {
            let part = self.condition(part, holds)?;
            joined = Some(match joined {
                None => part,
                Some(before) => Condition {
                    regions: match all {
                        // Every value counts here, those too that cannot be.
                        true => both(&before.regions, &part.regions, &Domains::new())?,
                        false => [before.regions, part.regions].concat(),
                    },
                    is_tunable: before.is_tunable || part.is_tunable,
                },
            });
        }
        joined
    }

    /// A question with the answer yes or no: nothing is known but that its opposite is the other answer.
    fn answer(&mut self, expression: &Expr, holds: bool) -> Option<Condition> {
        // A number asked as a question is another matter than the number.
        let subject = format!("{}?", self.text(expression)?);
        self.domains.insert(subject.clone(), Set::closed(Decimal::ZERO, Decimal::ONE).on_grid(Decimal::ONE));
        let value = Decimal::from(u8::from(holds));
        let values = Set::closed(value, value).on_grid(Decimal::ONE);
        Some(Condition { regions: vec![Region::from([(subject, values)])], is_tunable: false })
    }

    fn comparison(&mut self, operator: &Token, one: &Expr, two: &Expr, holds: bool) -> Option<Condition> {
        let (subject, operator, known) = match (self.number(one), self.number(two)) {
            (None, Some(known)) => (self.subject(one)?, operator.clone(), known),
            (Some(known), None) => (self.subject(two)?, mirrored(operator), known),
            (Some(one), Some(two)) => {
                let difference = one.value.checked_sub(two.value)?;
                let value = Set::closed(difference, difference);
                let is_met = !values(operator, Decimal::ZERO)?.and(&value).is_empty();
                let regions = if is_met == holds { vec![Region::new()] } else { Vec::new() };
                return Some(Condition { regions, is_tunable: one.is_tunable || two.is_tunable });
            }
            (None, None) => {
                // Two unknown values: their difference is the subject, the same one in either order.
                let (first, second) = (self.text(one)?, self.text(two)?);
                let (operator, subject) = match first <= second {
                    true => (operator.clone(), format!("{first} - {second}")),
                    false => (mirrored(operator), format!("{second} - {first}")),
                };
                (subject, operator, Known { value: Decimal::ZERO, is_tunable: false })
            }
        };
        let mut values = values(&operator, known.value)?;
        if !holds {
            values = Set::all().minus(&values);
        }
        if let Some(grain) = self.grains.get(&subject) {
            values = values.on_grid(*grain);
        }
        Some(Condition { regions: vec![Region::from([(subject, values)])], is_tunable: known.is_tunable })
    }
}

/// The two sides of an operator.
fn operands<'e>(expression: &'e Expr, operator: &Token) -> Option<[&'e Expr; 2]> {
    match expression {
        Expr::FnCall(call, _) if call.op_token.as_ref() == Some(operator) => match call.args.as_ref() {
            [one, two] => Some([one, two]),
            _ => None,
        },
        _ => None,
    }
}

fn mirrored(operator: &Token) -> Token {
    match operator {
        Token::LessThan => Token::GreaterThan,
        Token::LessThanEqualsTo => Token::GreaterThanEqualsTo,
        Token::GreaterThan => Token::LessThan,
        Token::GreaterThanEqualsTo => Token::LessThanEqualsTo,
        other => other.clone(),
    }
}

/// The values for which a comparison with `value` holds.
fn values(operator: &Token, value: Decimal) -> Option<Set> {
    Some(match operator {
        Token::LessThan => Set::between(Cut::Start, Cut::At(value, false)),
        Token::LessThanEqualsTo => Set::between(Cut::Start, Cut::At(value, true)),
        Token::GreaterThan => Set::between(Cut::At(value, true), Cut::End),
        Token::GreaterThanEqualsTo => Set::between(Cut::At(value, false), Cut::End),
        Token::EqualsTo => Set::closed(value, value),
        Token::NotEqualsTo => Set::all().minus(&Set::closed(value, value)),
        _ => return None,
    })
}
