//! Calls of functions that do not exist or take another number of arguments, in branches that never ran too.

use std::collections::HashMap;

use rhai::FnCallExpr;

use super::Script;
use crate::ledger::metric::nearest;
use crate::rules::finding::{Finding, SourcePlace};
use crate::rules::host::{self, FUNCTIONS};
use crate::rules::misspelt::elsewhere;

/// What is wrong with a call, if anything; `own` are the script's functions with their numbers of arguments.
pub fn fault(
    script: &Script<'_>,
    call: &FnCallExpr,
    place: SourcePlace,
    own: &HashMap<&str, Vec<usize>>,
) -> Option<Finding> {
    let name = call.name.as_str();
    let given = call.args.len();
    if let Some(function) = host::function(name) {
        if function.arguments.contains(&given) {
            return None;
        }
        let message = format!("write {}; here it has {given} arguments", function.usage);
        return Some(Finding::error("argument-count", place, script.text, message));
    }
    match own.get(name) {
        Some(counts) if counts.contains(&given) => None,
        Some(counts) => {
            let counts = counts.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
            let message = format!("the function '{name}' takes {counts} arguments; here it has {given}");
            Some(Finding::error("argument-count", place, script.text, message))
        }
        None => {
            let hosts = FUNCTIONS.iter().map(|function| function.name);
            let near = nearest(name, own.keys().copied().chain(hosts));
            let message = format!("there is no function '{name}'");
            let finding = Finding::error("unknown-function", place, script.text, message);
            // `SUM` is nearer to nothing of ours than to what it does in a spreadsheet.
            let suggestion = match elsewhere(name) {
                Some(ours) => Some(format!("in rules this is {ours}")),
                None => near.map(|near| format!("did you mean '{near}'?")),
            };
            Some(finding.suggesting(suggestion))
        }
    }
}
