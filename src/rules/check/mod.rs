//! What can be said of a script without running it.

mod bands;
mod beside;
mod branches;
mod calls;
mod candidates;
mod comparisons;
mod counting;
mod effects;
mod feeds;
mod meaning;
mod names;
mod places;
pub mod probe;
mod regions;
mod source;
pub(super) mod tree;
mod words;

use std::collections::{BTreeSet, HashMap, HashSet};

use rhai::{AST, ASTFlags, ASTNode, Expr, FnCallExpr, Position, Stmt};
use rust_decimal::Decimal;

pub use beside::beside;
pub use feeds::{unasked, unfed_vetoes};
pub use places::declared;
pub use places::{offset_of, statement_start};
use places::{place_of_function, place_of_parameter};
pub use source::code_of;
pub use words::words;

use self::comparisons::ValueKind;
use self::meaning::Meaning;
use self::tree::Node;
use super::finding::{Finding, Severity, SourcePlace};
use super::host;
use super::language::{constants, place_of};
use super::misspelt::elsewhere;
use super::scheme::{Parameter, RuleEntry};
use super::storable::unstorable;
use crate::ledger::metric::{Catalogue, MetricId, nearest};

/// The name by which a rule asks for its own maximum.
pub const MAXIMUM: &str = "max";

/// What one parameter of `score` stands for.
#[derive(Clone, Debug)]
pub enum Argument {
    /// A metric of the month.
    Metric(MetricId),
    /// A number of the scheme.
    Parameter(rust_decimal::Decimal),
}

/// The script of one rule, compiled as written.
pub struct Script<'a> {
    /// Path below the rules folder.
    pub file: &'a str,
    /// Its source.
    pub text: &'a str,
    /// Its tree, not optimised, so that nothing is hidden.
    pub ast: &'a AST,
}

impl Script<'_> {
    fn finding(&self, code: &'static str, position: Position, message: impl Into<String>) -> Finding {
        Finding::error(code, place_of(self.file, position), self.text, message)
    }
}

/// What was found out about a script.
#[derive(Debug)]
pub struct Checked {
    /// The parameters of `score` with what they stand for.
    pub arguments: Vec<(String, Argument)>,
    /// What is wrong, in the order of the text.
    pub findings: Vec<Finding>,
}

/// Everything that can be said of a script without running it.
pub fn check(
    script: &Script<'_>,
    rule: &RuleEntry,
    catalogue: &Catalogue,
    parameters: &[Parameter],
) -> Checked {
    let functions = tree::functions(script);
    let mut findings = faults(script);
    // A rule may ask for its own maximum, so that its weight stands in one place.
    let parameters = &[parameters, &[own_maximum(rule)]].concat();
    let Arguments { known, misspelt, findings: found } = arguments(script, &functions, catalogue, parameters);
    findings.extend(found);
    let names = names::faults(script, &functions, catalogue, parameters, &misspelt);
    let is_readable = names.iter().all(|finding| finding.severity == Severity::Warning);
    findings.extend(names);
    findings.extend(effects::faults(script, &functions));
    // A misspelt remaining() is told by its name.
    if findings.iter().all(|finding| finding.severity == Severity::Warning) {
        findings.extend(counting::faults(script, &functions, rule.max));
    }
    if let Some(score) = functions.iter().find(|function| function.is_score()) {
        findings.extend(feeds::unfed(script, score, &known, catalogue));
    }
    // Names that stand for nothing have no meaning to follow.
    for function in functions.iter().filter(|_| is_readable) {
        let meaning = Meaning::of(script, function, catalogue, parameters);
        findings.extend(bands::faults(script, function, &meaning, rule));
        findings.extend(branches::faults(script, &function.body, function.is_score(), meaning));
    }
    findings.sort_by_key(|finding| (finding.place.line, finding.place.column));
    findings.dedup();
    Checked { arguments: known, findings }
}

/// A rule's maximum as a parameter.
fn own_maximum(rule: &RuleEntry) -> Parameter {
    let (zh, en) = (rule.zh.clone(), rule.en.clone());
    let [min, step] = [Decimal::ONE; 2];
    Parameter { name: MAXIMUM.to_owned(), zh, en, value: rule.max, min, max: rule.max, step }
}

/// The parameters of `score`.
#[derive(Default)]
struct Arguments {
    /// Those that stand for something.
    known: Vec<(String, Argument)>,
    /// Those that do not, with the name that was meant most likely.
    misspelt: Vec<(String, Option<String>)>,
    findings: Vec<Finding>,
}

fn arguments(
    script: &Script<'_>,
    functions: &[tree::Function],
    catalogue: &Catalogue,
    parameters: &[Parameter],
) -> Arguments {
    let mut arguments = Arguments::default();
    let mut scores = functions.iter().filter(|function| function.is_score());
    let Some(score) = scores.next() else {
        let message = "there is no function named score";
        let finding = Finding::error("no-score", SourcePlace::file(script.file), "", message);
        let suggestion = "write: fn score(deliveries, deliveries_target) { … }".to_owned();
        arguments.findings.push(finding.suggesting(Some(suggestion)));
        return arguments;
    };
    if scores.next().is_some() {
        let place = place_of_function(script, "score", 1);
        let message = "there are two functions 'score'; only one can be the rule";
        arguments.findings.push(Finding::error("duplicate-score", place, script.text, message));
        return arguments;
    }
    for name in &score.parameters {
        let parameter = parameters.iter().find(|parameter| parameter.name == *name);
        match (catalogue.find(name), parameter) {
            (Some(id), _) => arguments.known.push((name.clone(), Argument::Metric(id))),
            (None, Some(own)) => arguments.known.push((name.clone(), Argument::Parameter(own.value))),
            (None, None) => {
                let known = catalogue.entries().map(|(_, metric)| metric.name.as_str());
                let near = nearest(name, known.chain(parameters.iter().map(|own| own.name.as_str())));
                let place = place_of_parameter(script, score.offset, name);
                let message = format!("'{name}' is neither a metric nor a parameter of the scheme");
                let finding = Finding::error("unknown-name", place, script.text, message);
                let suggestion = near.map(|near| format!("did you mean '{near}'?"));
                arguments.findings.push(finding.suggesting(suggestion));
                arguments.misspelt.push((name.clone(), near.map(str::to_owned)));
            }
        }
    }
    arguments
}

/// What to do about a name that the body of a function uses and does not have.
fn suggestion(script: &Script<'_>, name: &str, catalogue: &Catalogue, own: &[Parameter]) -> Option<String> {
    if catalogue.find(name).is_some() || own.iter().any(|parameter| parameter.name == name) {
        return Some(format!("a function sees only the parameters in its parentheses: add '{name}' there"));
    }
    if let Some(function) = host::function(name) {
        return Some(format!("'{name}' is a function: write {}", function.usage));
    }
    let constants = constants(script.ast);
    let parameters = script.ast.iter_functions().flat_map(|function| function.params);
    let known = parameters.chain(constants.iter().map(|(name, _)| name.as_str()));
    // Another function's parameter of just that name is none that is meant.
    match nearest(name, known.filter(|known| *known != name)) {
        Some(near) => Some(format!("did you mean '{near}'?")),
        None => elsewhere(name).map(|ours| format!("in rules this is {ours}")),
    }
}

/// Calls that cannot work, comparisons that mean nothing, functions that hide the host's, and code outside functions.
fn faults(script: &Script<'_>) -> Vec<Finding> {
    let mut own = HashMap::<&str, Vec<usize>>::new();
    let mut known = HashMap::new();
    for (name, value) in constants(script.ast).iter() {
        let kind = if value.is_string() { ValueKind::Text } else { ValueKind::Number };
        known.insert(name.clone(), kind);
    }
    for function in script.ast.iter_functions() {
        own.entry(function.name).or_default().push(function.params.len());
        if function.name == "score" {
            known.extend(function.params.iter().map(|name| ((*name).to_owned(), ValueKind::Number)));
        }
    }
    let mut findings = Vec::new();
    for name in own.keys().filter(|name| host::function(name).is_some()) {
        let place = place_of_function(script, name, 0);
        let message = format!("the function '{name}' would silently replace the built-in of that name");
        findings.push(Finding::error("redefined", place, script.text, message));
    }
    if let Some(statement) = script.ast.statements().iter().find(|statement| !is_constant(statement)) {
        let message = "code outside a function is never run; put it into score. \
                       Only const NAME = a number or text; can stand here";
        findings.push(script.finding("outside-function", statement.position(), message));
    }
    findings.extend(hidden_constants(script));
    for place in places::other_numbers(script) {
        let message = "numbers are written in decimal: 255 instead of 0xFF";
        findings.push(Finding::error("not-allowed", place, script.text, message));
    }
    script.ast.walk(&mut |path| {
        match path.last() {
            Some(ASTNode::Expr(
                text @ (Expr::StringConstant(..) | Expr::CharConstant(..) | Expr::DynamicConstant(..)),
            )) => findings.extend(text_fault(script, text)),
            Some(ASTNode::Expr(Expr::Index(_, _, position))) => findings.push(script.finding(
                "not-allowed",
                *position,
                "'[…]' after a value is not part of the rule language; lists are only for band",
            )),
            Some(node) => {
                if let Some((call, position)) = called(node) {
                    let place = place_of(script.file, position);
                    findings.extend(match call.op_token {
                        None => calls::fault(script, call, place, &own),
                        Some(_) => comparisons::fault(script, call, place, &known),
                    });
                }
            }
            None => {}
        }
        true
    });
    findings
}

/// A text that cannot be kept or shown.
fn text_fault(script: &Script<'_>, text: &Expr) -> Option<Finding> {
    let character = match text {
        Expr::StringConstant(text, _) => unstorable(text),
        Expr::CharConstant(character, _) => unstorable(&character.to_string()),
        Expr::DynamicConstant(value, _) => unstorable(value.as_immutable_string_ref().ok()?.as_str()),
        _ => None,
    }?;
    let message =
        format!("the text has the character U+{:04X}, which cannot be kept or shown", u32::from(character));
    Some(script.finding("bad-text", text.start_position(), message))
}

/// Whether a statement outside functions declares a constant, the only thing that works there.
fn is_constant(statement: &Stmt) -> bool {
    match statement {
        Stmt::Noop(_) => true,
        Stmt::Var(declared, flags, _) if flags.contains(ASTFlags::CONSTANT) => {
            let value = declared.1.get_literal_value(None);
            value.is_some_and(|value| value.is::<rust_decimal::Decimal>() || value.is_string())
        }
        _ => false,
    }
}

/// Constants with the name of a parameter or variable. The optimiser would put the constant in the parameter's place.
fn hidden_constants(script: &Script<'_>) -> Option<Finding> {
    let constants = constants(script.ast);
    let parameters = script.ast.iter_functions().flat_map(|function| function.params);
    let mut taken = parameters.map(ToString::to_string).collect::<HashSet<_>>();
    let mut declared = HashSet::new();
    script.ast.walk(&mut |path| {
        if let Some(ASTNode::Stmt(Stmt::Var(variable, ..))) = path.last() {
            let name = variable.0.as_str().to_owned();
            if !declared.insert(name.clone()) {
                taken.insert(name);
            }
        }
        true
    });
    let (name, _) = constants.iter().find(|(name, _)| taken.contains(name))?;
    let place = places::place_of_word(script, name);
    let message = format!("the constant '{name}' has the name of a parameter or of another variable");
    Some(Finding::error("redefined", place, script.text, message))
}

fn called<'a>(node: &ASTNode<'a>) -> Option<(&'a FnCallExpr, Position)> {
    match *node {
        ASTNode::Expr(Expr::FnCall(call, position) | Expr::MethodCall(call, position))
        | ASTNode::Stmt(Stmt::FnCall(call, position)) => Some((call, *position)),
        _ => None,
    }
}

/// The offsets at which the statements of a script begin, rising. A block, and an `if` behind `else` or `=`, is none.
pub fn statements(script: &Script<'_>) -> Vec<usize> {
    let code = code_of(script.text);
    let mut starts = BTreeSet::new();
    for function in tree::functions(script) {
        tree::visit(&function.body, &mut |node| {
            if let Node::Statement(statement) = node
                && !matches!(statement, Stmt::Noop(_) | Stmt::Block(_))
            {
                let begins = offset_of(script.text, tree::beginning(statement));
                starts.extend(begins.and_then(|offset| statement_start(&code, offset)));
            }
        });
    }
    starts.into_iter().collect()
}
