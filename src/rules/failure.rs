//! What a rule did wrong while it ran, as one plain sentence with its place.

use rhai::{EvalAltResult, Position};

use super::host;
use super::sandbox::OPERATION_LIMIT;
use super::storable::storable;
use super::trace::REASON_LIMIT;

/// What every message about points says that left their bounds, above or below.
pub const OUTSIDE: &str = "outside 0 to";
/// What is said of points that are taken off or added, and are less than nothing.
pub const BELOW: &str = "are below 0";

/// Something a running rule did wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Where in the script.
    pub position: Position,
    /// One plain sentence.
    pub message: String,
}

impl Failure {
    /// A failure of the whole rule.
    pub fn of_rule(message: impl Into<String>) -> Self {
        Self { position: Position::NONE, message: message.into() }
    }

    /// Whether points left their bounds.
    pub fn is_out_of_range(&self) -> bool {
        self.message.contains(OUTSIDE) || self.message.contains(BELOW)
    }
}

/// Rhai wraps an error once for each call it passes; the innermost says what happened and where.
impl From<EvalAltResult> for Failure {
    fn from(mut error: EvalAltResult) -> Self {
        while let EvalAltResult::ErrorInFunctionCall(_, _, inner, outer) = error {
            error = *inner;
            if error.position().is_none() {
                error.set_position(outer);
            }
        }
        let position = error.position();
        // An author's text may stand in the message.
        let message = storable(sentence(error).chars().take(REASON_LIMIT).collect());
        Self { position, message }
    }
}

fn sentence(error: EvalAltResult) -> String {
    match error {
        EvalAltResult::ErrorRuntime(token, _) => token.to_string(),
        EvalAltResult::ErrorFunctionNotFound(signature, _) => not_found(&signature),
        EvalAltResult::ErrorTooManyOperations(_) => {
            format!("the rule took more than {OPERATION_LIMIT} steps and was stopped")
        }
        EvalAltResult::ErrorTerminated(reason, _) => format!("{reason} and was stopped"),
        EvalAltResult::ErrorStackOverflow(_) => "functions call each other too deeply".to_owned(),
        EvalAltResult::ErrorArithmetic(what, _) => format!("this cannot be computed: {what}"),
        EvalAltResult::ErrorMismatchDataType(expected, given, _) if expected == "bool" => {
            let given = kind_of_type(&given);
            let hint = if given == "N/A" { "; ask applies(…) first" } else { "" };
            format!("if, && and || need a condition, but this is {given}{hint}")
        }
        mut other => {
            other.clear_position();
            other.to_string()
        }
    }
}

/// Rhai's `item (decimal, decimal)`, as what the function takes and what it was given.
fn not_found(signature: &str) -> String {
    let (name, given) = signature.split_once(" (").unwrap_or((signature, ""));
    let given = given.trim_end_matches(')').split(", ").filter(|kind| !kind.is_empty()).map(kind_of_type);
    let given = given.collect::<Vec<_>>().join(", ");
    let given = if given.is_empty() { "nothing" } else { &given };
    match host::function(name) {
        Some(function) => format!("write {}; {name} was given {given}", function.usage),
        None => format!("'{name}' cannot be used with {given}"),
    }
}

/// Rhai's name of a kind of value, in an author's words.
fn kind_of_type(name: &str) -> &str {
    match name {
        "decimal" => "a number",
        "bool" => "true or false",
        "()" => "nothing",
        "array" => "a list",
        name if name == "N/A" || name.ends_with("NotApplicable") => "N/A",
        name if name.contains("ecimal") => "a number",
        name if name.contains("tring") || name == "&str" => "text",
        name => name,
    }
}
