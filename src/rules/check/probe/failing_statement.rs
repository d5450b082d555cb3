//! Where a failure of the whole result comes from: the statement that gave `score` its value.

use rhai::{Position, Stmt};

use crate::ledger::month::MonthFacts;
use crate::rules::bundle::Rule;
use crate::rules::check::tree::{self, Node};
use crate::rules::check::{Script, code_of, offset_of, statement_start};
use crate::rules::coverage::Coverage;
use crate::rules::finding::SourcePlace;

/// The statements of a rule that can give its value, and a copy of it that knows which of them ran.
#[derive(Debug)]
pub struct FailingStatement<'a> {
    coverage: Coverage<'a>,
    giving: Vec<SourcePlace>,
}

impl<'a> FailingStatement<'a> {
    /// Of the rule that `script` is.
    pub fn of(rule: &'a Rule, script: &Script<'_>) -> Self {
        let functions = tree::functions(script);
        let score = functions.iter().find(|function| function.is_score());
        let code = code_of(script.text);
        let giving = giving(score.map_or(&[], |score| &score.body)).into_iter().filter_map(|position| {
            let start = statement_start(&code, offset_of(script.text, position)?)?;
            Some(SourcePlace::at_offset(script.file, script.text, start))
        });
        Self { giving: giving.collect(), coverage: Coverage::of(rule) }
    }

    /// Where the value comes from that the rule has for these facts.
    pub fn place(&mut self, facts: &MonthFacts) -> Option<SourcePlace> {
        self.coverage.run(facts);
        self.coverage.last_begun(&self.giving).cloned()
    }
}

/// Every `return`, and the last statement: of an `if` those that end its branches, too.
fn giving(body: &[Stmt]) -> Vec<Position> {
    let mut found = Vec::new();
    tree::visit(body, &mut |node| {
        if let Node::Statement(statement @ Stmt::Return(..)) = node {
            found.push(tree::beginning(statement));
        }
    });
    let mut ends = vec![body];
    while let Some(block) = ends.pop() {
        let Some(last) = block.last() else { continue };
        found.push(tree::beginning(last));
        match last {
            Stmt::Expr(expression) => ends.extend(tree::block_of(expression)),
            statement => ends.extend(tree::blocks(statement)),
        }
    }
    found
}
