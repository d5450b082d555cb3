//! What a team leader's review is computed from besides facts: the reviews of the first round, in which nobody's score
//! depends on another's.

use std::collections::HashMap;

use rust_decimal::Decimal;

use crate::ledger::metric::{Catalogue, Missing};
use crate::ledger::month::{MonthFacts, Value};
use crate::rules::bundle::Scheme;
use crate::rules::check::Argument;
use crate::rules::scoring::{NOT_RATED, Scored};

/// Whether a scheme reads computed metrics, so that it is scored in the second round.
pub fn reads_computed(catalogue: &Catalogue, scheme: &Scheme) -> bool {
    scheme.rules.iter().flat_map(|rule| &rule.arguments).any(|(_, argument)| match argument {
        Argument::Metric(id) => {
            catalogue.get(*id).is_some_and(|metric| metric.source.as_deref() == Some("computed"))
        }
        Argument::Parameter(_) => false,
    })
}

/// What a review of the first round has come to, as far as a leader's depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Points with the bonus.
    pub total: Option<Decimal>,
    /// The grade that counts.
    pub final_grade: String,
    /// Whether somebody has to look at it.
    pub needs_attention: bool,
}

impl From<&Scored> for Standing {
    fn from(scored: &Scored) -> Self {
        Self {
            total: scored.total,
            final_grade: scored.final_grade.clone(),
            needs_attention: !scored.attention.is_empty(),
        }
    }
}

/// The reviews of a store's month that were scored in the first round.
#[derive(Debug, Default)]
pub struct FirstRound {
    /// By person: the unit of each review and what a leader's own total is.
    own: HashMap<i64, Vec<(i64, Value)>>,
    /// By unit: whose reviews are rated, and their totals.
    rated: HashMap<i64, Vec<(i64, Decimal)>>,
}

impl FirstRound {
    /// Adds a review, after those of earlier postings.
    pub fn add(&mut self, employee_id: i64, unit_id: i64, standing: &Standing) {
        let own = match standing.total {
            Some(total) => Value::Given(total),
            None if standing.needs_attention => Value::Unreported,
            None => Value::Missing,
        };
        self.own.entry(employee_id).or_default().push((unit_id, own));
        if let Some(total) = standing.total.filter(|_| standing.final_grade != NOT_RATED) {
            self.rated.entry(unit_id).or_default().push((employee_id, total));
        }
    }

    /// Sets a leader's computed metrics: the own total, and the members' without the leader and without those who are
    /// not rated. Of several own reviews that of the led unit counts.
    pub fn lead(&self, catalogue: &Catalogue, employee_id: i64, unit_id: i64, facts: &mut MonthFacts) {
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(id) = catalogue.find(name) {
                // A snapshot can have a total of a review that these rules do not give any more.
                let is_required = catalogue.get(id).is_some_and(|metric| metric.missing != Missing::Na);
                facts.set(id, value.unwrap_or(if is_required { Value::Unreported } else { Value::Missing }));
            }
        };
        let own = self.own.get(&employee_id).into_iter().flatten();
        set("own_total", own.max_by_key(|(unit, _)| *unit == unit_id).map(|(_, own)| *own));
        let rated = self.rated.get(&unit_id).into_iter().flatten();
        let members = rated.filter(|(member, _)| *member != employee_id).map(|(_, total)| *total);
        let members = members.collect::<Vec<_>>();
        set("members_rated", Some(Value::Given(Decimal::from(members.len()))));
        set("members_total", Some(Value::Given(members.into_iter().sum())));
    }
}
