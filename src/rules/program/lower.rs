//! From a checked script's syntax tree to a program.

use rhai::{ASTFlags, Expr, FnCallExpr, Position, Stmt, Token};

use super::calls::HostFunction;
use super::run::calculate;
use super::value::Value;
use super::{Code, Function, Operator, Program};
use crate::rules::check::Script;
use crate::rules::check::tree::functions;
use crate::rules::trace::Constants;

/// Variables of one function; the interpreter allows 64.
const SLOTS: usize = 48;

impl Program {
    /// The program of a compiled script; none where it has something that programs have no words for.
    pub fn of(script: &Script<'_>, constants: &Constants) -> Option<Self> {
        let definitions = functions(script);
        let names =
            definitions.iter().map(|one| (one.name.as_str(), one.parameters.len())).collect::<Vec<_>>();
        let functions = definitions.iter().map(|definition| {
            let slots = definition.parameters.iter().map(|name| (name.clone(), false)).collect();
            let body = Scope { names: &names, constants, slots }.block(&definition.body)?;
            Some(Function { arguments: definition.parameters.len(), body })
        });
        let functions = functions.collect::<Option<Vec<_>>>()?;
        let score = names.iter().position(|(name, _)| *name == "score")?;
        Some(Self { functions, score })
    }
}

/// What names mean where a step stands.
struct Scope<'a> {
    /// The script's functions with their numbers of arguments.
    names: &'a [(&'a str, usize)],
    constants: &'a Constants,
    /// The variables by slot, and whether they are constants.
    slots: Vec<(String, bool)>,
}

impl Scope<'_> {
    fn block(&mut self, statements: &[Stmt]) -> Option<Code> {
        let begin = self.slots.len();
        let steps = statements.iter().map(|statement| self.statement(statement)).collect::<Option<Vec<_>>>();
        self.slots.truncate(begin);
        // What stands in `${…}` is a block, too: most of them are one variable.
        match <[Code; 1]>::try_from(steps?) {
            Ok([step]) if !matches!(step, Code::Let(_)) => Some(step),
            Ok(step) => Some(Code::Block(step.into())),
            Err(steps) => Some(Code::Block(steps.into())),
        }
    }

    fn statement(&mut self, statement: &Stmt) -> Option<Code> {
        match statement {
            Stmt::Noop(_) => Some(Code::Constant(Value::Unit)),
            Stmt::If(flow, _) => {
                let condition = self.expression(&flow.expr)?;
                let then = self.block(flow.body.statements())?;
                let otherwise = self.block(flow.branch.statements())?;
                Some(Code::If(Box::new([condition, then, otherwise])))
            }
            Stmt::Var(declared, flags, _) => {
                let (name, value, _) = declared.as_ref();
                let value = self.expression(value)?;
                if self.slots.len() >= SLOTS {
                    return None;
                }
                self.slots.push((name.name.to_string(), flags.contains(ASTFlags::CONSTANT)));
                Some(Code::Let(Box::new(value)))
            }
            Stmt::Assignment(assigned) => {
                let (operation, sides) = assigned.as_ref();
                let Expr::Variable(variable, ..) = &sides.lhs else { return None };
                let slot = self.slot(&variable.1).filter(|(_, is_constant)| !is_constant)?.0;
                let operator = match operation.get_op_assignment_info() {
                    None => None,
                    Some((_, _, _, _, operator, _)) => Some(operator_of(operator)?),
                };
                Some(Code::Assign(slot, operator, Box::new(self.expression(&sides.rhs)?)))
            }
            Stmt::FnCall(call, at) => self.call(call, *at),
            Stmt::Block(block) => self.block(block.statements()),
            Stmt::Expr(expression) => self.expression(expression),
            Stmt::Return(value, flags, _) if !flags.contains(ASTFlags::BREAK) => {
                let value = match value {
                    Some(value) => self.expression(value)?,
                    None => Code::Constant(Value::Unit),
                };
                Some(Code::Return(Box::new(value)))
            }
            _ => None,
        }
    }

    fn expression(&mut self, expression: &Expr) -> Option<Code> {
        match expression {
            Expr::DynamicConstant(value, _) => Value::of(value).map(Code::Constant),
            Expr::BoolConstant(flag, _) => Some(Code::Constant(Value::Flag(*flag))),
            Expr::StringConstant(text, _) => Some(Code::Words(text.as_str().into())),
            Expr::Unit(_) => Some(Code::Constant(Value::Unit)),
            Expr::InterpolatedString(parts, _) => self.all(parts).map(Code::Text),
            Expr::Array(parts, _) => self.all(parts).map(list),
            Expr::Variable(variable, ..) => self.variable(&variable.1),
            Expr::Stmt(block) => self.block(block.statements()),
            Expr::FnCall(call, at) => self.call(call, *at),
            Expr::And(parts, _) => self.all(parts).map(Code::All),
            Expr::Or(parts, _) => self.all(parts).map(Code::Any),
            _ => None,
        }
    }

    fn all(&mut self, expressions: &[Expr]) -> Option<Box<[Code]>> {
        expressions.iter().map(|expression| self.expression(expression)).collect()
    }

    /// The slot of the variable that was declared last by this name, and whether it is a constant.
    fn slot(&self, name: &str) -> Option<(usize, bool)> {
        let found = self.slots.iter().enumerate().rev().find(|(_, (own, _))| own == name);
        found.map(|(slot, (_, is_constant))| (slot, *is_constant))
    }

    fn variable(&self, name: &str) -> Option<Code> {
        if let Some((slot, _)) = self.slot(name) {
            return Some(Code::Slot(slot));
        }
        let (_, value) = self.constants.iter().find(|(constant, _)| constant == name)?;
        Value::of(value).map(Code::Constant)
    }

    fn call(&mut self, call: &FnCallExpr, at: Position) -> Option<Code> {
        let arguments = self.all(&call.args)?;
        if let Some(token) = &call.op_token {
            return operation(token, arguments);
        }
        let own = |(name, arity): &(&str, usize)| *name == call.name.as_str() && *arity == call.args.len();
        if let Some(index) = self.names.iter().position(own) {
            return Some(Code::Own(index, arguments));
        }
        HostFunction::named(&call.name).map(|function| Code::Host(function, arguments, at))
    }
}

/// A list. One of constants is made once.
fn list(parts: Box<[Code]>) -> Code {
    let constants = parts.iter().map(|part| match part {
        Code::Constant(value) => Some(value.clone()),
        Code::Words(words) => Some(Value::Text(words.clone())),
        _ => None,
    });
    match constants.collect() {
        Some(values) => Code::Constant(Value::List(values)),
        None => Code::List(parts),
    }
}

/// What an operator does. Two known numbers are computed once, with the operators that scripts run with.
fn operation(token: &Token, arguments: Box<[Code]>) -> Option<Code> {
    match <[Code; 2]>::try_from(arguments.into_vec()) {
        Ok(sides) => {
            let operator = operator_of(token)?;
            if let [Code::Constant(Value::Number(left)), Code::Constant(Value::Number(right))] = &sides
                && let Some(number) = calculate(operator, *left, *right)
            {
                return Some(Code::Constant(Value::Number(number)));
            }
            Some(Code::Binary(operator, Box::new(sides)))
        }
        Err(mut single) => {
            let value = single.pop().filter(|_| single.is_empty())?;
            match (token, value) {
                (Token::Minus | Token::UnaryMinus, Code::Constant(Value::Number(number))) => {
                    Some(Code::Constant(Value::Number(-number)))
                }
                (Token::Minus | Token::UnaryMinus, value) => Some(Code::Negative(Box::new(value))),
                (Token::Bang, value) => Some(Code::Not(Box::new(value))),
                _ => None,
            }
        }
    }
}

fn operator_of(token: &Token) -> Option<Operator> {
    Some(match token {
        Token::Plus => Operator::Add,
        Token::Minus => Operator::Subtract,
        Token::Multiply => Operator::Multiply,
        Token::Divide => Operator::Divide,
        Token::Modulo => Operator::Remainder,
        Token::EqualsTo => Operator::Equal,
        Token::NotEqualsTo => Operator::Different,
        Token::LessThan => Operator::Less,
        Token::LessThanEqualsTo => Operator::LessOrEqual,
        Token::GreaterThan => Operator::Greater,
        Token::GreaterThanEqualsTo => Operator::GreaterOrEqual,
        _ => return None,
    })
}
