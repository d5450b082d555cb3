//! A script as functions with their statements, and what stands within what.

use rhai::{ASTNode, Expr, FnCallExpr, Position, Stmt};
use rust_decimal::Decimal;

use super::Script;
use super::places;

/// A function of a script.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its parameters in order.
    pub parameters: Vec<String>,
    /// Its statements.
    pub body: Vec<Stmt>,
    /// The offset of its `fn`.
    pub offset: usize,
}

impl Function {
    /// Whether it is the rule itself.
    pub fn is_score(&self) -> bool {
        self.name == "score"
    }
}

/// The functions of a script in the order in which they are written; rhai keeps them in none.
pub fn functions(script: &Script<'_>) -> Vec<Function> {
    let mut functions = script
        .ast
        .iter_functions()
        .map(|function| {
            let arity = function.params.len();
            let mut alone = script.ast.clone_functions_only();
            alone.retain_functions(|_, _, name, parameters| name == function.name && parameters == arity);
            let mut body = Vec::new();
            alone.walk(&mut |path| {
                if let [ASTNode::Stmt(statement)] = path {
                    body.push((*statement).clone());
                }
                true
            });
            Function {
                name: function.name.to_owned(),
                parameters: function.params.iter().map(ToString::to_string).collect(),
                body,
                offset: places::declaration(script.text, function.name, arity).unwrap_or_default(),
            }
        })
        .collect::<Vec<_>>();
    functions.sort_by_key(|function| function.offset);
    functions
}

/// The expressions that stand directly in an expression; a block within one is [`block_of`].
pub fn parts(expression: &Expr) -> &[Expr] {
    match expression {
        Expr::FnCall(call, _) | Expr::MethodCall(call, _) => &call.args,
        Expr::And(parts, _) | Expr::Or(parts, _) | Expr::Coalesce(parts, _) => parts,
        Expr::Array(parts, _) | Expr::InterpolatedString(parts, _) => parts,
        _ => &[],
    }
}

/// The block that an expression is, as in `let a = if …`.
pub fn block_of(expression: &Expr) -> Option<&[Stmt]> {
    match expression {
        Expr::Stmt(block) => Some(block.statements()),
        _ => None,
    }
}

/// The expressions that stand directly in a statement.
pub fn expressions(statement: &Stmt) -> Vec<&Expr> {
    match statement {
        Stmt::If(flow, _) => vec![&flow.expr],
        Stmt::Var(declared, ..) => vec![&declared.1],
        Stmt::Assignment(assigned) => vec![&assigned.1.lhs, &assigned.1.rhs],
        Stmt::FnCall(call, _) => call.args.iter().collect(),
        Stmt::Expr(expression) => vec![expression],
        Stmt::Return(Some(expression), ..) => vec![expression],
        _ => Vec::new(),
    }
}

/// The blocks that a statement opens.
pub fn blocks(statement: &Stmt) -> Vec<&[Stmt]> {
    match statement {
        Stmt::If(flow, _) => vec![flow.body.statements(), flow.branch.statements()],
        Stmt::Block(block) => vec![block.statements()],
        _ => Vec::new(),
    }
}

/// A statement or an expression.
#[derive(Clone, Copy, Debug)]
pub enum Node<'a> {
    /// A statement.
    Statement(&'a Stmt),
    /// An expression.
    Expression(&'a Expr),
}

/// Shows `see` every statement and expression of a block, outer ones first.
pub fn visit<'a>(block: &'a [Stmt], see: &mut dyn FnMut(Node<'a>)) {
    for statement in block {
        see(Node::Statement(statement));
        for expression in expressions(statement) {
            visit_expression(expression, see);
        }
        for inner in blocks(statement) {
            visit(inner, see);
        }
    }
}

/// Shows `see` an expression and everything in it.
pub fn visit_expression<'a>(expression: &'a Expr, see: &mut dyn FnMut(Node<'a>)) {
    see(Node::Expression(expression));
    for part in parts(expression) {
        visit_expression(part, see);
    }
    if let Some(block) = block_of(expression) {
        visit(block, see);
    }
}

/// The call that a node is.
pub fn call(node: Node<'_>) -> Option<(&FnCallExpr, Position)> {
    match node {
        Node::Expression(Expr::FnCall(call, position) | Expr::MethodCall(call, position))
        | Node::Statement(Stmt::FnCall(call, position)) => Some((call, *position)),
        _ => None,
    }
}

/// The call of the host's or an own function that an expression is.
pub fn named<'a>(expression: &'a Expr, name: &str) -> Option<&'a [Expr]> {
    match expression {
        Expr::FnCall(call, _) if call.op_token.is_none() && call.name == name => Some(&call.args),
        _ => None,
    }
}

/// The name that an expression is.
pub fn variable(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Variable(variable, ..) => Some(&variable.1),
        _ => None,
    }
}

/// The number that is written there.
pub fn literal(expression: &Expr) -> Option<Decimal> {
    match expression {
        Expr::DynamicConstant(value, _) => value.as_decimal().ok(),
        Expr::IntegerConstant(number, _) => Some(Decimal::from(*number)),
        _ => None,
    }
}

/// Whether two expressions of numbers, names, operators and calls are written alike.
pub fn are_same(one: &Expr, two: &Expr) -> bool {
    match (one, two) {
        (Expr::FnCall(one, _), Expr::FnCall(two, _)) => {
            one.name == two.name
                && one.args.len() == two.args.len()
                && one.args.iter().zip(two.args.iter()).all(|(one, two)| are_same(one, two))
        }
        _ => match (variable(one), variable(two)) {
            (Some(one), Some(two)) => one == two,
            (None, None) => literal(one).is_some() && literal(one) == literal(two),
            _ => false,
        },
    }
}

/// Where an expression begins. An operator's own place is the sign between its operands.
pub fn start(expression: &Expr) -> Position {
    match expression {
        Expr::FnCall(call, position) => match call.args.first() {
            Some(first) if call.op_token.is_some() && call.args.len() == 2 => start(first),
            _ => *position,
        },
        Expr::And(parts, position) | Expr::Or(parts, position) => parts.first().map_or(*position, start),
        Expr::Stmt(block) => block.statements().first().map_or(block.position(), beginning),
        other => other.start_position(),
    }
}

/// Where a statement begins.
pub fn beginning(statement: &Stmt) -> Position {
    match statement {
        Stmt::Assignment(assigned) => start(&assigned.1.lhs),
        Stmt::Expr(expression) => start(expression),
        Stmt::Block(block) => block.position(),
        other => other.position(),
    }
}
