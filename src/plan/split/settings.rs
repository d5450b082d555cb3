//! What a version was split by beside the weights of its trees, and who had a hand in it.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Jsonb;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::history::UsedYear;
use super::limits::MAX_WEIGHT;
use super::method::Method;
use super::new_plan::MemberWeight;
use crate::db::json::json_columns;
use crate::period::Period;

json_columns! {
    Split in "annual_plan.split",
    Resplit in "plan_proposal.body",
}

/// What a plan was split by beside its tree of weights: the column `split`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = Jsonb)]
pub(in crate::plan) struct Split {
    /// The months' weights as the author gave them.
    #[serde(default)]
    pub season: Vec<i64>,
    #[serde(default)]
    pub method: Method,
    /// What was known of the years by whose results it was weighed.
    #[serde(default)]
    pub history: Vec<UsedYear>,
    /// What the closed months brought, where the rest of the year was planned again.
    #[serde(default)]
    pub replanned: Option<Replanned>,
    /// Months split anew since, the latest last.
    #[serde(default)]
    pub resplits: Vec<Change>,
    /// Ids of those who changed it otherwise.
    #[serde(default)]
    pub changers: Vec<i64>,
    /// What the approver wrote when returning it; gone once it is submitted again.
    #[serde(default)]
    pub note: Option<String>,
}

impl Split {
    /// Remembers who changed the version: they do not approve it.
    pub(in crate::plan) fn note_changer(&mut self, user: i64) {
        if !self.changers.contains(&user) {
            self.changers.push(user);
        }
    }

    /// The same for the next version: who changed an earlier one has no part in it.
    pub(in crate::plan) fn inherited(&self) -> Self {
        let mut split = Self { changers: Vec::new(), note: None, ..self.clone() };
        for change in &mut split.resplits {
            change.user_id = None;
        }
        split
    }

    /// Whether somebody changed the version.
    pub(in crate::plan) fn was_changed_by(&self, user: i64) -> bool {
        self.changers.contains(&user) || self.resplits.iter().any(|change| change.user_id == Some(user))
    }
}

/// What a re-plan counted: the results of the months that were closed then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Replanned {
    /// The first month that was planned again.
    #[schema(value_type = String, example = "2014-04")]
    pub from: Period,
    /// The results, line by line.
    pub results: Vec<CountedResults>,
}

/// What the closed months of a line were counted at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CountedResults {
    /// The line.
    #[schema(example = "deliveries")]
    pub metric: String,
    /// January up to the month before, in units of the metric or cents.
    #[schema(example = json!([156, 92, 144]))]
    pub months: Vec<i64>,
    /// Where they come from.
    pub source: ResultSource,
    /// Of how many people each of the months was known, in the store where they were fewest; of how many it could be where
    /// nobody's was; one where some people of a store were known and others were not, for what comes of them is told by the difference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = json!([12, 12, 11]))]
    pub fewest_people: Option<Vec<usize>>,
    /// Of whom nothing was known, month by month, and who were counted by the word of who planned: the first hundred. Empty
    /// where the reader may not see names.
    pub missing: Vec<MissingResult>,
    /// How many there were.
    pub missing_count: usize,
}

/// Where results come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResultSource {
    /// The ledger knew everybody's.
    Ledger,
    /// Who planned gave them.
    Given,
    /// The ledger's, and whom it did not know as having brought nothing.
    MissingAsZero,
    /// The ledger's, and whom it did not know as having brought what was planned.
    MissingAsPlanned,
}

/// A month of somebody of whom nothing was known, and what was counted for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MissingResult {
    /// The month.
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// Where it stands in the plan, for example `JC/G2/A07`; a unit that is not split further stands for its people.
    pub place: Option<String>,
    /// What was counted.
    pub counted: i64,
}

/// A [`Resplit`] and who made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::plan) struct Change {
    pub resplit: Resplit,
    /// None for the operator, or if it was made in an earlier version.
    pub user_id: Option<i64>,
}

/// Some months of a unit, to be split again among what is below it: somebody has joined, left or is away, or a team has been
/// made or dissolved.
#[derive(
    Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, AsExpression, FromSqlRow, ToSchema,
)]
#[diesel(sql_type = Jsonb)]
#[serde(deny_unknown_fields)]
pub struct Resplit {
    /// Code of the unit.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64)]
    pub unit: String,
    /// The first month to split again, within the plan's year.
    #[garde(skip)]
    #[schema(value_type = String, example = "2014-06")]
    pub from: Period,
    /// The last month.
    #[garde(skip)]
    #[schema(value_type = String, example = "2014-08")]
    pub to: Period,
    /// The members' weights in these months. A member who is not listed gets nothing; somebody who was not a member
    /// becomes one.
    #[serde(default)]
    #[garde(length(max = 2_000), dive)]
    #[schema(max_items = 2000)]
    pub weights: Vec<MemberWeight>,
    /// The weights of the units right below it in these months. A unit that is not listed gets nothing; one that the plan
    /// did not have is added, and its own months are split by a change of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[garde(length(max = 2_000), dive)]
    #[schema(max_items = 2000)]
    pub units: Vec<UnitShare>,
}

/// A unit's weight in some months.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitShare {
    /// Code of the unit.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64)]
    pub unit: String,
    /// The share, relative to the other units and people there.
    #[garde(range(min = 0, max = MAX_WEIGHT))]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    pub weight: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_is_kept_as_it_is_and_read_from_older_versions() {
        let resplit = Resplit {
            unit: "G1".into(),
            from: "2014-06".parse().unwrap(),
            to: "2014-08".parse().unwrap(),
            weights: ["A03", "A01"].map(|no| MemberWeight { employee_no: no.into(), weight: 1 }).to_vec(),
            units: Vec::new(),
        };
        let mut split = Split { season: vec![1; 12], ..Split::default() };
        split.resplits.push(Change { resplit, user_id: Some(7) });
        split.note_changer(8);
        let kept: Split = serde_json::from_value(serde_json::to_value(&split).unwrap()).unwrap();
        assert_eq!(kept, split);
        assert!(split.was_changed_by(7) && split.was_changed_by(8) && !split.was_changed_by(9));
        assert!(!split.inherited().was_changed_by(7));
        let older = serde_json::json!({ "season": vec![1; 12], "teams": [], "channels": [], "series": [] });
        assert_eq!(serde_json::from_value::<Split>(older).unwrap().season, [1; 12]);
    }
}
