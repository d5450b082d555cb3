//! Rounding by the crate of decimals alone: what holds for every decimal, and what the quick ways have to equal.

use rust_decimal::{Decimal, RoundingStrategy};

use super::EXACT_PLACES;

/// See [`super::cut`].
pub fn cut(value: Decimal) -> Decimal {
    let mut places = EXACT_PLACES;
    let mut whole = value.trunc().abs();
    while whole >= Decimal::ONE_HUNDRED && places > 0 {
        places -= 1;
        whole /= Decimal::TEN;
    }
    value.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
}

/// See [`super::half_up`].
pub fn half_up(value: Decimal, places: u32) -> Decimal {
    let mut rounded = cut(value).round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(places);
    rounded
}

/// A hundred times `value`, if that can be held.
pub fn hundredfold(value: Decimal) -> Option<Decimal> {
    value.checked_mul(Decimal::ONE_HUNDRED)
}
