//! The most that a rule can come to, said without running it: what a search need not look beyond.

use rhai::{ASTNode, Expr, Stmt};
use rust_decimal::Decimal;

use super::bundle::Rule;
use super::host::BONUS_LIMIT;
use super::scoring::{Outcome, Points};

impl Rule {
    /// Points that no values of its inputs lead beyond. Only a script that calls `bonus` somewhere can give one.
    pub fn most(&self) -> Points {
        let mut gives_bonus = false;
        self.ast().walk(&mut |path| {
            gives_bonus |= match path.last() {
                Some(
                    ASTNode::Expr(Expr::FnCall(call, _) | Expr::MethodCall(call, _))
                    | ASTNode::Stmt(Stmt::FnCall(call, _)),
                ) => call.name == "bonus",
                _ => false,
            };
            true
        });
        Points {
            outcome: Outcome::Scored,
            score: Some(self.frame().ceiling),
            max: self.entry.max,
            bonus: if gives_bonus { BONUS_LIMIT } else { Decimal::ZERO },
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::scoring::tests::default_rules;

    #[test]
    fn only_a_script_that_calls_bonus_can_give_one() {
        let bundle = default_rules();
        let rules = bundle.schemes.values().flat_map(|scheme| &scheme.rules);
        let giving = rules.filter(|rule| !rule.most().bonus.is_zero()).map(|rule| rule.entry.id.as_str());
        assert_eq!(giving.collect::<Vec<_>>(), ["10_sales_attainment"]);
        let leaders = bundle.schemes["team_leader"].rules.iter();
        let most = leaders.map(|rule| rule.most().score.unwrap().to_string());
        assert_eq!(
            most.collect::<Vec<_>>(),
            ["42", "42", "20"],
            "what carries over lifts a rule to its ceiling"
        );
    }
}
