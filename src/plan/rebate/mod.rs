//! Manufacturer rebate 厂家返利: tiers of attainment and SSI as data, and what a month or quarter earns by them.

use std::cmp::Reverse;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::decimal::ratio::Ratio;
use crate::http::FieldError;
use crate::said::{Said, said_errors, say};
use crate::words::words;

pub mod http;
pub mod quarters;
pub mod store;

/// Most tiers of a policy.
pub const MAX_TIERS: usize = 50;
/// Largest amount per vehicle and lump sum, in cents.
pub const MAX_CENTS: i64 = 1_000_000_000_000;
/// Most decimals of a condition.
const MAX_PLACES: u32 = 6;

words! {
    /// Whose attainment counts.
    pub enum RebateBasis in "rebate_policy.basis" {
        /// Cars taken from the manufacturer, against the wholesale task.
        Wholesale = "wholesale" "提车",
        /// Cars delivered to customers, against the deliveries' target.
        Deliveries = "deliveries" "交车",
    }
}

/// A manufacturer's policy 商务政策.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RebatePolicy {
    /// Its code.
    #[schema(example = "2014-q1")]
    pub code: String,
    /// Its name.
    #[schema(example = "2014年一季度商务政策")]
    pub name: String,
    /// Whose attainment counts, and whose vehicles are paid for.
    pub basis: RebateBasis,
    /// The tiers, in any order.
    pub tiers: Vec<Tier>,
}

/// One tier: its conditions and what it pays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// The lowest attainment that meets it, as a ratio, 0 to 10 with at most 6 decimals.
    #[schema(value_type = f64, example = 0.9, minimum = 0, maximum = 10)]
    pub min_attainment: Decimal,
    /// The lowest SSI score that meets it, 0 to 1000 with at most 6 decimals; null if the tier does not ask for one.
    #[serde(default)]
    #[schema(value_type = Option<f64>, example = 850, minimum = 0, maximum = 1000)]
    pub min_ssi: Option<Decimal>,
    /// Cents for every vehicle of the basis, from the first one on; 0 to 10^12.
    #[schema(example = 80_000, minimum = 0, maximum = 1_000_000_000_000_i64)]
    pub per_vehicle: i64,
    /// Cents paid on top, 0 to 10^12.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    pub lump_sum: i64,
}

/// What is earned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Rebate {
    /// Actual ÷ target, half-up to four places. None for a target of 0.
    #[schema(example = 0.9530)]
    pub attainment: Option<Decimal>,
    /// Position of the tier that counts, from 0. None: no tier is met.
    pub tier: Option<usize>,
    /// Cents earned; 0 without a tier.
    pub amount: i64,
    /// The nearest tier that would pay more.
    pub next: Option<NextTier>,
}

/// A tier within reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct NextTier {
    /// Its position, from 0.
    pub tier: usize,
    /// Vehicles still missing.
    pub vehicles_missing: i64,
    /// SSI points still missing, 0 if none are; null if the tier asks for a score that is not known.
    pub ssi_missing: Option<Decimal>,
    /// Cents that it pays once it is reached, for the vehicles counted by then.
    pub amount: i64,
}

/// Why a rebate cannot be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RebateError {
    /// Vehicles are counted from 0.
    Negative {
        /// `target` or `actual`.
        field: &'static str,
        /// What was found.
        found: i64,
    },
    /// An amount, or the vehicles that a tier asks for, pass 64 bits.
    TooLarge {
        /// Position of the tier, from 0.
        tier: usize,
        /// The target.
        target: i64,
        /// The vehicles.
        actual: i64,
    },
}

impl RebateError {
    /// What is wrong.
    pub fn said(&self) -> Said {
        match self {
            Self::Negative { field, found } => {
                say!("{field} 应为 0 或以上，而不是 {found}", "{field}: expected 0 or more, not {found}")
            }
            Self::TooLarge { tier, target, actual } => say!(
                "tiers[{tier}]：交车 {actual} 台、任务 {target} 台时数太大",
                "tiers[{tier}]: too large for {actual} vehicles and a target of {target}"
            ),
        }
    }
}

said_errors!(RebateError);

impl RebatePolicy {
    /// Everything that is wrong with the policy; nothing if it may be kept.
    pub fn faults(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let mut expect = |holds: bool, field: String, message: Said| {
            if !holds {
                faults.push(FieldError::new(field, message));
            }
        };
        for (field, text, most) in [("code", &self.code, 64), ("name", &self.name, 200)] {
            let length = text.chars().count();
            let holds = !text.trim().is_empty() && length <= most;
            let message = say!(
                "应为 1 到 {most} 个字，而不是 {length} 个",
                "expected 1 to {most} characters, not {length}"
            );
            expect(holds, field.to_owned(), message);
        }
        let count = self.tiers.len();
        let message = say!(
            "应为 1 到 {MAX_TIERS} 档，而不是 {count} 档",
            "expected 1 to {MAX_TIERS} tiers, not {count}"
        );
        expect((1..=MAX_TIERS).contains(&count), "tiers".to_owned(), message);
        for (position, tier) in self.tiers.iter().enumerate().take(MAX_TIERS) {
            let field = |name: &str| format!("tiers[{position}].{name}");
            let conditions =
                [("min_attainment", Some(tier.min_attainment), 10), ("min_ssi", tier.min_ssi, 1_000)];
            for (name, value, most) in conditions {
                let Some(value) = value else { continue };
                let holds = (Decimal::ZERO..=Decimal::from(most)).contains(&value)
                    && value.normalize().scale() <= MAX_PLACES;
                let message = say!(
                    "应为 0 到 {most}，最多 {MAX_PLACES} 位小数，而不是 {value}",
                    "expected 0 to {most} with at most {MAX_PLACES} decimals, not {value}"
                );
                expect(holds, field(name), message);
            }
            for (name, cents) in [("per_vehicle", tier.per_vehicle), ("lump_sum", tier.lump_sum)] {
                let message = say!(
                    "应为 0 到 {MAX_CENTS} 分，而不是 {cents}",
                    "expected 0 to {MAX_CENTS} cents, not {cents}"
                );
                expect((0..=MAX_CENTS).contains(&cents), field(name), message);
            }
            let same =
                |other: &&Tier| (other.min_attainment, other.min_ssi) == (tier.min_attainment, tier.min_ssi);
            if let Some(other) = self.tiers.iter().take(position).position(|other| same(&other)) {
                let message = say!(
                    "条件不能与 tiers[{other}] 相同",
                    "expected conditions that differ from those of tiers[{other}]"
                );
                expect(false, format!("tiers[{position}]"), message);
            }
        }
        faults
    }
}

/// What `actual` vehicles of a `target` earn under `policy`.
///
/// Of the tiers whose every condition is met, the one with the greatest amount counts; of equal ones the later. The
/// attainment is compared exactly, without rounding. A score that is not known meets no condition on it, and a target of
/// 0 meets no tier. amount = per_vehicle × actual + lump_sum.
///
/// `next` is, of the tiers not met that would then pay more than those met now, the one with the fewest vehicles
/// missing; of equal ones the one with the fewest SSI points missing (a score that is not known counts as the most),
/// then the one that pays most, then the later.
///
/// # Errors
///
/// [`RebateError`]: a negative number, or one too large. With a policy without [`RebatePolicy::faults`] none is, up to a
/// target of 900,000 and an actual of 9 million vehicles.
pub fn rebate(
    policy: &RebatePolicy,
    target: i64,
    actual: i64,
    ssi: Option<Decimal>,
) -> Result<Rebate, RebateError> {
    for (field, found) in [("target", target), ("actual", actual)] {
        if found < 0 {
            return Err(RebateError::Negative { field, found });
        }
    }
    let Some(attainment) = Ratio::new(actual, target) else {
        return Ok(Rebate { attainment: None, tier: None, amount: 0, next: None });
    };
    let too_large = |tier| RebateError::TooLarge { tier, target, actual };
    let (met, unmet): (Vec<_>, Vec<_>) =
        policy.tiers.iter().enumerate().partition(|(_, tier)| is_met(tier, attainment, ssi));

    let mut ahead = Vec::new();
    for (position, tier) in unmet {
        let missing = vehicles_missing(tier, target, actual).ok_or_else(|| too_large(position))?;
        let then = actual.checked_add(missing).ok_or_else(|| too_large(position))?;
        let pays = amount(tier, then).ok_or_else(|| too_large(position))?;
        let rival = most(&met, then).map_err(too_large)?.map_or(0, |(_, amount)| amount);
        if pays > rival {
            ahead.push(NextTier {
                tier: position,
                vehicles_missing: missing,
                ssi_missing: ssi_missing(tier, ssi),
                amount: pays,
            });
        }
    }
    let counts = most(&met, actual).map_err(too_large)?;
    Ok(Rebate {
        // Below 2^63 × 10^4, which a decimal holds.
        attainment: attainment.half_up(4),
        tier: counts.map(|(position, _)| position),
        amount: counts.map_or(0, |(_, amount)| amount),
        next: ahead.into_iter().min_by_key(|next| {
            (
                next.vehicles_missing,
                next.ssi_missing.is_none(),
                next.ssi_missing,
                Reverse(next.amount),
                Reverse(next.tier),
            )
        }),
    })
}

fn is_met(tier: &Tier, attainment: Ratio, ssi: Option<Decimal>) -> bool {
    let scored = tier.min_ssi.is_none_or(|least| ssi.is_some_and(|ssi| ssi >= least));
    scored && attainment >= Ratio::from(tier.min_attainment)
}

/// The tier of `tiers` that pays most for `vehicles`, the later of equal ones; the position of the one that is too large.
fn most(tiers: &[(usize, &Tier)], vehicles: i64) -> Result<Option<(usize, i64)>, usize> {
    let amounts = tiers
        .iter()
        .map(|&(position, tier)| Ok((position, amount(tier, vehicles).ok_or(position)?)))
        .collect::<Result<Vec<_>, usize>>()?;
    Ok(amounts.into_iter().max_by_key(|&(position, amount)| (amount, position)))
}

/// Cents that a tier pays for `vehicles`.
fn amount(tier: &Tier, vehicles: i64) -> Option<i64> {
    tier.per_vehicle.checked_mul(vehicles)?.checked_add(tier.lump_sum)
}

/// Vehicles beyond `actual` up to the least number whose attainment suffices: min_attainment × target, rounded up.
fn vehicles_missing(tier: &Tier, target: i64, actual: i64) -> Option<i64> {
    let least = tier.min_attainment.normalize();
    let product = least.mantissa().checked_mul(i128::from(target))?;
    let needed = Ratio::new(product, 10_i128.checked_pow(least.scale())?)?.whole_up()?;
    Some(needed.checked_sub(actual)?.max(0))
}

/// SSI points missing to the tier, or `None` where the score is not known and asked for.
fn ssi_missing(tier: &Tier, ssi: Option<Decimal>) -> Option<Decimal> {
    match (tier.min_ssi, ssi) {
        (None, _) => Some(Decimal::ZERO),
        (Some(_), None) => None,
        (Some(least), Some(ssi)) => Some(least.checked_sub(ssi)?.max(Decimal::ZERO)),
    }
}

#[cfg(test)]
mod tests;
