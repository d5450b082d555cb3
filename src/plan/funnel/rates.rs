//! By which model and rates a channel is read backwards.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Jsonb;
use garde::Validate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::models::{PhoneWebRates, ShowroomRates};
use crate::db::json::json_columns;
use crate::http::body::refused;
use crate::said::say;
use crate::words::words;

words! {
    /// The steps by which a channel's deliveries are traced back.
    pub enum FunnelModel in "plan_funnel.model" {
        /// Deliveries ← orders ← captured leads ← first visits, and test drives of the captured leads.
        Showroom = "showroom" "店内",
        /// Deliveries ← orders ← arrivals ← valid leads ← raw leads.
        PhoneWeb = "phone_web" "电话网销",
    }
}

json_columns! { ChannelRates in "plan_funnel.rates" }

/// Rates of a funnel, each above 0 and at most 1 with at most six decimals. The showroom has order, closing, capture and
/// test_drive; telephone and web has order, closing, arrival and valid.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    Validate,
    AsExpression,
    FromSqlRow,
    ToSchema,
)]
#[diesel(sql_type = Jsonb)]
#[serde(deny_unknown_fields)]
pub struct ChannelRates {
    /// Deliveries ÷ orders; 0.95 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(custom(rate)))]
    #[schema(value_type = Option<f64>, example = 0.95, exclusive_minimum = 0, maximum = 1)]
    pub order: Option<Decimal>,
    /// Orders ÷ captured leads, 0.25 by default; of telephone and web orders ÷ arrivals, 0.30 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(custom(rate)))]
    #[schema(value_type = Option<f64>, example = 0.25, exclusive_minimum = 0, maximum = 1)]
    pub closing: Option<Decimal>,
    /// Captured leads ÷ first visits; 0.85 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(custom(rate)))]
    #[schema(value_type = Option<f64>, example = 0.85, exclusive_minimum = 0, maximum = 1)]
    pub capture: Option<Decimal>,
    /// Test drives ÷ captured leads; 0.70 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(custom(rate)))]
    #[schema(value_type = Option<f64>, example = 0.7, exclusive_minimum = 0, maximum = 1)]
    pub test_drive: Option<Decimal>,
    /// Arrivals ÷ valid leads; 0.25 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(custom(rate)))]
    #[schema(value_type = Option<f64>, exclusive_minimum = 0, maximum = 1)]
    pub arrival: Option<Decimal>,
    /// Valid leads ÷ raw leads; 0.50 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(inner(custom(rate)))]
    #[schema(value_type = Option<f64>, exclusive_minimum = 0, maximum = 1)]
    pub valid: Option<Decimal>,
}

fn rate(rate: &Decimal, _: &()) -> garde::Result {
    match *rate > Decimal::ZERO && *rate <= Decimal::ONE && rate.normalize().scale() <= 6 {
        true => Ok(()),
        false => Err(refused(&say!(
            "应大于 0、不超过 1，最多六位小数，而不是 {rate}",
            "expected a number above 0 and at most 1 with at most six decimals, not {rate}"
        ))),
    }
}

impl ChannelRates {
    /// The showroom's, with what a plan begins with for those that are not given.
    pub(super) fn showroom(&self) -> ShowroomRates {
        let begin = ShowroomRates::default();
        ShowroomRates {
            order: self.order.unwrap_or(begin.order),
            closing: self.closing.unwrap_or(begin.closing),
            capture: self.capture.unwrap_or(begin.capture),
            test_drive: self.test_drive.unwrap_or(begin.test_drive),
        }
    }

    /// Those of telephone and web, likewise.
    pub(super) fn phone_web(&self) -> PhoneWebRates {
        let begin = PhoneWebRates::default();
        PhoneWebRates {
            order: self.order.unwrap_or(begin.order),
            closing: self.closing.unwrap_or(begin.closing),
            arrival: self.arrival.unwrap_or(begin.arrival),
            valid: self.valid.unwrap_or(begin.valid),
        }
    }

    /// Every rate of the model.
    pub(super) fn whole(&self, model: FunnelModel) -> Self {
        let none = Self::default();
        match model {
            FunnelModel::Showroom => {
                let ShowroomRates { order, closing, capture, test_drive } = self.showroom();
                let (order, closing) = (Some(order), Some(closing));
                Self { order, closing, capture: Some(capture), test_drive: Some(test_drive), ..none }
            }
            FunnelModel::PhoneWeb => {
                let PhoneWebRates { order, closing, arrival, valid } = self.phone_web();
                let (order, closing) = (Some(order), Some(closing));
                Self { order, closing, arrival: Some(arrival), valid: Some(valid), ..none }
            }
        }
    }

    /// The rates that are given and that the model does not have.
    pub(super) fn foreign(&self, model: FunnelModel) -> impl Iterator<Item = &'static str> {
        let foreign = match model {
            FunnelModel::Showroom => [("arrival", self.arrival), ("valid", self.valid)],
            FunnelModel::PhoneWeb => [("capture", self.capture), ("test_drive", self.test_drive)],
        };
        foreign.into_iter().filter(|(_, rate)| rate.is_some()).map(|(name, _)| name)
    }
}
