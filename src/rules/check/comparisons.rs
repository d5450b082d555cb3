//! Comparisons that can be seen to mean nothing: `1 < a < 10`, `deliveries == "4"`.
//!
//! What cannot be seen here fails when it runs (the host's operators).

use std::collections::HashMap;

use rhai::{Expr, FnCallExpr, Token};
use rust_decimal::Decimal;

use super::Script;
use crate::rules::finding::{Finding, SourcePlace};
use crate::rules::host;

/// What kind of value something is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// A number.
    Number,
    /// A text.
    Text,
    /// True or false.
    Condition,
    /// No value.
    Nothing,
    /// A list.
    List,
}

/// What is wrong with an operator's operands, if anything; `known` says what names are known to stand for.
pub fn fault(
    script: &Script<'_>,
    call: &FnCallExpr,
    place: SourcePlace,
    known: &HashMap<String, ValueKind>,
) -> Option<Finding> {
    let operator = call.op_token.as_ref()?;
    let is_order = is_order(operator);
    if !is_order && !matches!(operator, Token::EqualsTo | Token::NotEqualsTo) {
        return None;
    }
    let [left, right] = call.args.as_ref() else { return None };
    let sign = operator.literal_syntax();
    let (left_kind, right_kind) = (kind(left, known), kind(right, known));
    let is_chained = match (is_comparison(left), is_comparison(right)) {
        (false, false) => false,
        (true, true) => is_order,
        (true, false) => right_kind != Some(ValueKind::Condition),
        (false, true) => left_kind != Some(ValueKind::Condition),
    };
    if is_chained {
        let message = format!("'{sign}' compares with the result of another comparison");
        let finding = Finding::error("chained-comparison", place, script.text, message);
        return Some(finding.suggesting(Some("split it: a > 1 && a < 10".to_owned())));
    }
    let (code, message) = match (left_kind, right_kind) {
        (Some(ValueKind::Nothing), _) | (_, Some(ValueKind::Nothing)) => {
            ("mixed-comparison", "no value is ever '()' in a rule; ask !applies(…)".to_owned())
        }
        (Some(left), Some(right)) if left != right => (
            "mixed-comparison",
            format!("'{sign}' compares {} with {}, which are never the same", name(left), name(right)),
        ),
        (Some(kind), _) | (_, Some(kind)) if is_order && kind != ValueKind::Number => {
            ("mixed-comparison", format!("'{sign}' compares numbers, but this is {}", name(kind)))
        }
        _ => return None,
    };
    Some(Finding::error(code, place, script.text, message))
}

fn is_order(operator: &Token) -> bool {
    matches!(
        operator,
        Token::LessThan | Token::LessThanEqualsTo | Token::GreaterThan | Token::GreaterThanEqualsTo
    )
}

fn is_comparison(expression: &Expr) -> bool {
    let Expr::FnCall(call, _) = expression else { return false };
    call.op_token.as_ref().is_some_and(|operator| {
        is_order(operator) || matches!(operator, Token::EqualsTo | Token::NotEqualsTo)
    })
}

/// The kind of value an expression has, where that can be seen.
fn kind(expression: &Expr, known: &HashMap<String, ValueKind>) -> Option<ValueKind> {
    match expression {
        Expr::DynamicConstant(value, _) if value.is::<Decimal>() => Some(ValueKind::Number),
        Expr::IntegerConstant(..) => Some(ValueKind::Number),
        Expr::StringConstant(..) | Expr::CharConstant(..) | Expr::InterpolatedString(..) => {
            Some(ValueKind::Text)
        }
        Expr::BoolConstant(..) | Expr::And(..) | Expr::Or(..) => Some(ValueKind::Condition),
        Expr::Unit(_) => Some(ValueKind::Nothing),
        Expr::Array(..) => Some(ValueKind::List),
        Expr::Variable(variable, ..) => known.get(variable.1.as_str()).copied(),
        Expr::FnCall(..) if is_comparison(expression) => Some(ValueKind::Condition),
        Expr::FnCall(call, _) => match &call.op_token {
            Some(Token::Bang) => Some(ValueKind::Condition),
            Some(Token::Minus | Token::Multiply | Token::Divide | Token::Modulo | Token::UnaryMinus) => {
                Some(ValueKind::Number)
            }
            Some(_) => None,
            None if matches!(call.name.as_str(), "applies" | "reaches") => Some(ValueKind::Condition),
            None => host::function(&call.name).filter(|host| host.is_number).map(|_| ValueKind::Number),
        },
        _ => None,
    }
}

fn name(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Number => "a number",
        ValueKind::Text => "text",
        ValueKind::Condition => "true or false",
        ValueKind::Nothing => "nothing",
        ValueKind::List => "a list",
    }
}
