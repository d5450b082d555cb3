//! A plan as its author asks for it: what is split, among whom and by which weights, and which cells stand.

use crate::http::body::refused;
use crate::said::say;
use garde::Validate;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::limits::{MAX_PLACES, MAX_TOTAL, MAX_WEIGHT};
use super::method::Method;
use super::span::Span;

/// A plan to be drafted.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPlan {
    /// Code of the store or group whose plan it is.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(example = "JC", min_length = 1, max_length = 64)]
    pub unit: String,
    /// The calendar year.
    #[garde(range(min = 1900, max = 2999))]
    #[schema(example = 2014, minimum = 1900, maximum = 2999)]
    pub year: i32,
    /// What is planned first, and what the other lines follow: a count or an amount of the catalogue of metrics.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(example = "deliveries", min_length = 1, max_length = 64)]
    pub metric: String,
    /// The year's total, 0 to 10^12, in units of the metric, or cents of an amount.
    #[garde(range(min = 0, max = MAX_TOTAL))]
    #[schema(example = 1690, minimum = 0, maximum = 1_000_000_000_000_i64)]
    pub total: i64,
    /// 保底 and 挑战, in addition to the total.
    #[serde(default)]
    #[garde(dive)]
    pub levels: Levels,
    /// Where the weights of months, units and people come from; by default those that are given here.
    #[serde(default)]
    #[garde(dive)]
    pub method: Method,
    /// The twelve months' weights, January first, or the four quarters', each that of its months. Not needed if the method
    /// brings its own.
    #[serde(default, deserialize_with = "season")]
    #[garde(custom(twelve), inner(range(min = 0, max = MAX_WEIGHT)))]
    #[schema(inline, value_type = Vec<crate::http::bounds::Amount>, example = json!([950, 640, 880, 810, 795, 785, 690, 745, 875, 885, 925, 1020]), max_items = 12)]
    pub season: Vec<i64>,
    /// The units that share the months: stores of a group, departments or teams of a store. Ties in rounding go to the
    /// one listed first.
    #[serde(default)]
    #[garde(length(max = 2_000), custom(place_count), dive)]
    #[schema(max_items = 2000)]
    pub units: Vec<UnitWeight>,
    /// The channels that share the months.
    #[serde(default)]
    #[garde(length(max = 500), dive)]
    #[schema(max_items = 500)]
    pub channels: Vec<LabelWeight>,
    /// The series that share the months.
    #[serde(default)]
    #[garde(length(max = 500), dive)]
    #[schema(max_items = 500)]
    pub series: Vec<LabelWeight>,
    /// What is sold in addition, each in proportion to the first line's cells.
    #[serde(default)]
    #[garde(length(max = 50), dive)]
    #[schema(max_items = 50)]
    pub lines: Vec<NewLine>,
    /// Cells that keep their value, whatever the weights give.
    #[serde(default)]
    #[garde(length(max = 5_000), dive)]
    #[schema(max_items = 5000)]
    pub pins: Vec<Pin>,
}

/// Reads the weights of twelve months, or of four quarters.
pub(in crate::plan) fn season<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<i64>, D::Error> {
    Vec::deserialize(deserializer).map(by_month)
}

/// The weights of four quarters as those of their months.
pub fn by_month(weights: Vec<i64>) -> Vec<i64> {
    match weights.len() {
        4 => weights.into_iter().flat_map(|weight| [weight; 3]).collect(),
        _ => weights,
    }
}

/// Refuses weights that are neither none nor those of twelve months.
pub(in crate::plan) fn twelve(months: &[i64], _: &()) -> garde::Result {
    match months.len() {
        0 | 12 => Ok(()),
        count => Err(refused(&say!(
            "应为十二个月或四个季度的权重，而不是 {count} 个",
            "expected twelve weights, or four of quarters, not {count}"
        ))),
    }
}

fn place_count(units: &[UnitWeight], _: &()) -> garde::Result {
    match units.iter().map(UnitWeight::places).sum::<usize>() {
        0..=MAX_PLACES => Ok(()),
        count => Err(refused(&say!(
            "单位和人共 {count} 个，超过 {MAX_PLACES} 个",
            "{count} units and people are more than {MAX_PLACES}"
        ))),
    }
}

/// The floor and the stretch of a total.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Levels {
    /// 保底: at most the total.
    #[serde(default)]
    #[garde(inner(range(min = 0, max = MAX_TOTAL)))]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    pub floor: Option<i64>,
    /// 挑战: at least the total.
    #[serde(default)]
    #[garde(inner(range(min = 0, max = MAX_TOTAL)))]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    pub stretch: Option<i64>,
}

/// A unit's share of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitWeight {
    /// Code of the store, department or team.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64)]
    pub unit: String,
    /// Its share of the months above it, relative to the other units and people there.
    #[garde(range(min = 0, max = MAX_WEIGHT))]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    pub weight: i64,
    /// The units that share its months.
    #[serde(default)]
    #[garde(length(max = MAX_PLACES), dive)]
    #[schema(no_recursion, max_items = 50000)]
    pub units: Vec<UnitWeight>,
    /// The people who share its months, after its units. Without units and people, the unit carries its months as a
    /// whole.
    #[serde(default)]
    #[garde(length(max = MAX_PLACES), dive)]
    #[schema(max_items = 50000)]
    pub members: Vec<MemberWeight>,
}

impl UnitWeight {
    /// Itself, and the units and people below it.
    fn places(&self) -> usize {
        1 + self.members.len() + self.units.iter().map(Self::places).sum::<usize>()
    }
}

/// A person's share of a unit's months.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberWeight {
    /// 工号
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64)]
    pub employee_no: String,
    /// The share, relative to the other members.
    #[garde(range(min = 0, max = MAX_WEIGHT))]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    pub weight: i64,
}

/// A channel's or a series' share of the months.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelWeight {
    /// Its code.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64)]
    pub code: String,
    /// The share, relative to the others.
    #[garde(range(min = 0, max = MAX_WEIGHT))]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    pub weight: i64,
    /// The shares of the twelve months where they are not the same; `weight` is then left out of account.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[garde(length(max = 12), inner(range(min = 0, max = MAX_WEIGHT)))]
    #[schema(inline, value_type = Vec<crate::http::bounds::Amount>, max_items = 12)]
    pub months: Vec<i64>,
}

impl LabelWeight {
    /// The same share in every month.
    pub fn all_year(code: impl Into<String>, weight: i64) -> Self {
        Self { code: code.into(), weight, months: Vec::new() }
    }

    /// The share of each month, January first.
    pub(in crate::plan) fn by_month(&self) -> [i64; 12] {
        std::array::from_fn(|month| self.months.get(month).copied().unwrap_or(self.weight))
    }
}

/// A line in addition to the first: accessories, insurance, loan fees, temporary plates.
///
/// Its total is given, or derived from the first line's: total × penetration, and × value for an amount. It is spread
/// over months, units, people, channels and series in proportion to the first line's cells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLine {
    /// What is planned: a count or an amount of the catalogue.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(example = "accessory_revenue", min_length = 1, max_length = 64)]
    pub metric: String,
    /// The year's total in units of the metric, or cents of an amount; left out if it is derived.
    #[serde(default)]
    #[garde(inner(range(min = 0, max = MAX_TOTAL)))]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    pub total: Option<i64>,
    /// 渗透率: how many of these one unit of the first line brings, up to 1000.
    #[serde(default)]
    #[garde(inner(custom(rate)))]
    #[schema(value_type = Option<f64>, example = 0.8, minimum = 0, maximum = 1000)]
    pub penetration: Option<Decimal>,
    /// 单车产值: cents that each of them brings, for an amount.
    #[serde(default)]
    #[garde(inner(range(min = 0, max = MAX_TOTAL)))]
    #[schema(example = 250_000, minimum = 0, maximum = 1_000_000_000_000_i64)]
    pub value_per_unit: Option<i64>,
    /// 保底 and 挑战, in addition to the total.
    #[serde(default)]
    #[garde(dive)]
    pub levels: Levels,
}

fn rate(rate: &Decimal, _: &()) -> garde::Result {
    match (Decimal::ZERO..=Decimal::ONE_THOUSAND).contains(rate) && rate.normalize().scale() <= 6 {
        true => Ok(()),
        false => Err(refused(&say!(
            "应为 0 到 1000，最多六位小数",
            "expected 0 to 1000 with at most six decimals"
        ))),
    }
}

/// A cell, and the value it is pinned at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// The line; by default the first.
    #[serde(default)]
    #[garde(inner(length(chars, min = 1, max = 64)))]
    #[schema(min_length = 1, max_length = 64)]
    pub metric: Option<String>,
    /// Code of the unit, in the organisation; by default the plan's own.
    #[serde(default)]
    #[garde(inner(length(chars, min = 1, max = 64)))]
    #[schema(min_length = 1, max_length = 64)]
    pub unit: Option<String>,
    /// 工号, for a person's cell within that unit.
    #[serde(default)]
    #[garde(inner(length(chars, min = 1, max = 64)))]
    #[schema(min_length = 1, max_length = 64)]
    pub employee_no: Option<String>,
    /// Code of the channel, for a channel's cell.
    #[serde(default)]
    #[garde(inner(length(chars, min = 1, max = 64)))]
    #[schema(min_length = 1, max_length = 64)]
    pub channel: Option<String>,
    /// Code of the series, for a series' cell.
    #[serde(default)]
    #[garde(inner(length(chars, min = 1, max = 64)))]
    #[schema(min_length = 1, max_length = 64)]
    pub series: Option<String>,
    /// The month `2014-03`, the quarter `2014-Q1` or the year `2014` of the plan. What is given for several months is spread
    /// over them in proportion to what they have; months that are closed keep theirs, and count.
    #[garde(skip)]
    #[schema(value_type = String, example = "2014-03")]
    pub period: Span,
    /// The value it is pinned at, in units of the metric or cents; null releases the cells.
    #[garde(inner(range(min = 0, max = MAX_TOTAL)))]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    pub value: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarters_weight_is_that_of_each_of_its_months() {
        let read = |text: &str| season(&mut serde_json::Deserializer::from_str(text)).unwrap();
        assert_eq!(read("[3, 2, 0, 5]"), [3, 3, 3, 2, 2, 2, 0, 0, 0, 5, 5, 5]);
        assert_eq!(read("[1,2,3,4,5,6,7,8,9,10,11,12]"), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        assert!(read("[]").is_empty() && twelve(&[1, 2, 3], &()).is_err());
    }
}
