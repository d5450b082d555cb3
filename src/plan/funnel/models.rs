//! The funnel read backwards: how many orders, visits and leads a number of deliveries takes.
//!
//! Every step is rounded up, so that each stage suffices for the next one with the whole people there are.

use rust_decimal::Decimal;
use serde::Serialize;

use crate::said::Language::Chinese;
use crate::said::{Said, said_errors, say};

/// Rates of the showroom 店内, each above 0 and at most 1.
#[derive(Clone, Copy, Debug)]
pub struct ShowroomRates {
    /// Deliveries ÷ orders.
    pub order: Decimal,
    /// Orders ÷ captured leads.
    pub closing: Decimal,
    /// Captured leads ÷ first visits.
    pub capture: Decimal,
    /// Test drives ÷ captured leads; the KPI of the same name has the visitors as its denominator.
    pub test_drive: Decimal,
}

/// Rates of telephone and net 电话网销, each above 0 and at most 1.
#[derive(Clone, Copy, Debug)]
pub struct PhoneWebRates {
    /// Deliveries ÷ orders.
    pub order: Decimal,
    /// Orders ÷ arrivals.
    pub closing: Decimal,
    /// Arrivals ÷ valid leads.
    pub arrival: Decimal,
    /// Valid leads ÷ raw leads.
    pub valid: Decimal,
}

impl Default for ShowroomRates {
    /// 0.95, 0.25, 0.85 and 0.70: what a plan begins with until a store knows its own.
    fn default() -> Self {
        Self {
            order: Decimal::new(95, 2),
            closing: Decimal::new(25, 2),
            capture: Decimal::new(85, 2),
            test_drive: Decimal::new(70, 2),
        }
    }
}

impl Default for PhoneWebRates {
    /// 0.95, 0.30, 0.25 and 0.50: what a plan begins with until a store knows its own.
    fn default() -> Self {
        Self {
            order: Decimal::new(95, 2),
            closing: Decimal::new(30, 2),
            arrival: Decimal::new(25, 2),
            valid: Decimal::new(50, 2),
        }
    }
}

/// What the showroom needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Showroom {
    /// Vehicles to be delivered.
    pub deliveries: i64,
    /// Orders, some of which fall through.
    pub orders: i64,
    /// Leads captured 留档.
    pub captured: i64,
    /// First visits.
    pub first_visits: i64,
    /// Test drives given to the captured leads.
    pub test_drives: i64,
}

/// What telephone and net need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PhoneWeb {
    /// Vehicles to be delivered.
    pub deliveries: i64,
    /// Orders, some of which fall through.
    pub orders: i64,
    /// Invited customers who arrive.
    pub arrivals: i64,
    /// Leads that are valid.
    pub valid_leads: i64,
    /// Leads of any kind.
    pub raw_leads: i64,
}

/// A rate of a funnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateName {
    /// Deliveries ÷ orders.
    Order,
    /// Orders ÷ captured leads, or arrivals.
    Closing,
    /// Captured leads ÷ first visits.
    Capture,
    /// Test drives ÷ captured leads.
    TestDrive,
    /// Arrivals ÷ valid leads.
    Arrival,
    /// Valid leads ÷ raw leads.
    ValidLead,
}

impl RateName {
    const fn said(self) -> Said {
        match self {
            Self::Order => Said::fixed("订单交车率", "order"),
            Self::Closing => Said::fixed("成交率", "closing"),
            Self::Capture => Said::fixed("留档率", "capture"),
            Self::TestDrive => Said::fixed("试乘试驾率", "test drive"),
            Self::Arrival => Said::fixed("到店率", "arrival"),
            Self::ValidLead => Said::fixed("线索有效率", "valid lead"),
        }
    }
}

/// Why a funnel cannot be read backwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FunnelError {
    /// Vehicles are counted from 0.
    Deliveries(i64),
    /// A rate is a share of what goes in, and not nothing of it.
    Rate {
        /// Which rate.
        name: RateName,
        /// What it was.
        rate: Decimal,
    },
    /// More than 64-bit numbers hold.
    TooLarge {
        /// Which rate.
        name: RateName,
        /// What it was.
        rate: Decimal,
        /// What it was applied to.
        count: i64,
    },
}

impl FunnelError {
    /// What is wrong.
    pub fn said(&self) -> Said {
        let name = |name: &RateName| (name.said().in_language(Chinese).to_owned(), name.said());
        match self {
            Self::Deliveries(found) => {
                say!("交车数应为 0 或以上，而不是 {found}", "deliveries: expected 0 or more, not {found}")
            }
            Self::Rate { name: which, rate } => {
                let (zh, en) = name(which);
                Said::both(
                    format!("{zh}应大于 0、不超过 1，而不是 {rate}"),
                    format!("the {en} rate: expected a number above 0 and at most 1, not {rate}"),
                )
            }
            Self::TooLarge { name: which, rate, count } => {
                let (zh, en) = name(which);
                Said::both(
                    format!("按{zh} {rate}，由 {count} 倒推的数太大"),
                    format!("the {en} rate: {count} and a rate of {rate} make a number that is too large"),
                )
            }
        }
    }
}

said_errors!(FunnelError);

/// What the showroom needs for `deliveries`.
///
/// # Errors
///
/// [`FunnelError`], naming the rate.
pub fn showroom(deliveries: i64, rates: &ShowroomRates) -> Result<Showroom, FunnelError> {
    let orders = needed(deliveries, RateName::Order, rates.order)?;
    let captured = needed(orders, RateName::Closing, rates.closing)?;
    let first_visits = needed(captured, RateName::Capture, rates.capture)?;
    let test_drives = share(captured, RateName::TestDrive, rates.test_drive)?;
    Ok(Showroom { deliveries, orders, captured, first_visits, test_drives })
}

/// What telephone and net need for `deliveries`.
///
/// # Errors
///
/// [`FunnelError`], naming the rate.
pub fn phone_web(deliveries: i64, rates: &PhoneWebRates) -> Result<PhoneWeb, FunnelError> {
    let orders = needed(deliveries, RateName::Order, rates.order)?;
    let arrivals = needed(orders, RateName::Closing, rates.closing)?;
    let valid_leads = needed(arrivals, RateName::Arrival, rates.arrival)?;
    let raw_leads = needed(valid_leads, RateName::ValidLead, rates.valid)?;
    Ok(PhoneWeb { deliveries, orders, arrivals, valid_leads, raw_leads })
}

/// The least number of which `rate` is `count` or more: `count` ÷ `rate`, rounded up.
fn needed(count: i64, name: RateName, rate: Decimal) -> Result<i64, FunnelError> {
    let (part, whole) = fraction(count, name, rate)?;
    divide_up(count, whole, part).ok_or(FunnelError::TooLarge { name, rate, count })
}

/// `rate` of `count`, rounded up.
fn share(count: i64, name: RateName, rate: Decimal) -> Result<i64, FunnelError> {
    let (part, whole) = fraction(count, name, rate)?;
    divide_up(count, part, whole).ok_or(FunnelError::TooLarge { name, rate, count })
}

/// The rate as two whole numbers: 0.85 is 85 of 100.
fn fraction(count: i64, name: RateName, rate: Decimal) -> Result<(i128, i128), FunnelError> {
    if count < 0 {
        return Err(FunnelError::Deliveries(count));
    }
    if rate <= Decimal::ZERO || rate > Decimal::ONE {
        return Err(FunnelError::Rate { name, rate });
    }
    let rate = rate.normalize();
    let whole = 10_i128.checked_pow(rate.scale()).ok_or(FunnelError::TooLarge { name, rate, count })?;
    Ok((rate.mantissa(), whole))
}

/// count × times ÷ by, rounded up; `None` if it does not fit.
fn divide_up(count: i64, times: i128, by: i128) -> Option<i64> {
    let product = i128::from(count).checked_mul(times)?;
    let floor = product.checked_div(by)?;
    let rest = product.checked_rem(by)?;
    i64::try_from(floor + i128::from(rest > 0)).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dec(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn march_takes_what_the_design_says() {
        // 89 ÷ 0.95 = 93.7, 94 ÷ 25 % = 376, 376 ÷ 85 % = 442.4, 376 × 70 % = 263.2.
        let march =
            Showroom { deliveries: 89, orders: 94, captured: 376, first_visits: 443, test_drives: 264 };
        let [order, capture, test_drive] = ["0.95", "0.85", "0.70"].map(dec);
        let rates = ShowroomRates { order, closing: dec("0.25"), capture, test_drive };
        assert_eq!(showroom(89, &rates), Ok(march));
        assert_eq!(showroom(89, &ShowroomRates::default()), Ok(march));
        // 33 ÷ 0.95 = 34.7, 35 ÷ 30 % = 116.7, 117 ÷ 25 % = 468, 468 ÷ 50 % = 936.
        let march = PhoneWeb { deliveries: 33, orders: 35, arrivals: 117, valid_leads: 468, raw_leads: 936 };
        let [arrival, valid] = ["0.25", "0.5"].map(dec);
        let rates = PhoneWebRates { order, closing: dec("0.3"), arrival, valid };
        assert_eq!(phone_web(33, &rates), Ok(march));
        assert_eq!(phone_web(33, &PhoneWebRates::default()), Ok(march));
    }

    #[test]
    fn nothing_takes_nothing() {
        let none = Showroom { deliveries: 0, orders: 0, captured: 0, first_visits: 0, test_drives: 0 };
        assert_eq!(showroom(0, &ShowroomRates::default()), Ok(none));
    }

    #[test]
    fn what_cannot_be_divided_by_is_refused_by_name() {
        let with = |rate| showroom(89, &ShowroomRates { closing: rate, ..ShowroomRates::default() });
        for text in ["0", "-0.1", "1.01", "25"] {
            let rate = dec(text);
            assert_eq!(with(rate), Err(FunnelError::Rate { name: RateName::Closing, rate }));
        }
        assert!(with(Decimal::ONE).is_ok());
        assert_eq!(phone_web(-1, &PhoneWebRates::default()), Err(FunnelError::Deliveries(-1)));
        let least = dec("0.0000000000000000000000000001");
        let too_large = FunnelError::TooLarge { name: RateName::Closing, rate: least, count: 94 };
        assert_eq!(with(least), Err(too_large));
    }

    proptest! {
        #[test]
        fn what_is_needed_suffices_and_one_less_does_not(
            count in prop_oneof![0..3_000_i64, 0..=1_000_000_000_000_i64],
            (part, places) in (1..=6_u32).prop_flat_map(|places| (1..=10_i64.pow(places), Just(places))),
        ) {
            let (rate, whole) = (Decimal::new(part, places), i128::from(10_i64.pow(places)));
            let (count_exactly, part) = (i128::from(count), i128::from(part));

            let least = i128::from(needed(count, RateName::Order, rate)?);
            prop_assert!(least * part >= count_exactly * whole);
            prop_assert!(least == 0 || (least - 1) * part < count_exactly * whole);

            let least = i128::from(share(count, RateName::Order, rate)?);
            prop_assert!(least * whole >= count_exactly * part);
            prop_assert!(least == 0 || (least - 1) * whole < count_exactly * part);
        }
    }
}
