//! Changes: what may have to be read again by whoever keeps a copy of what dashboards show, or shows it on a wall.
//!
//! An entry is left by the database in the transaction that changes something (`migrations/*_changes`). It names no person
//! and has no value: only what is to be read again, of which unit and month, and where. Of entries about the same thing only
//! the last one is told, so nobody counts how often something has changed, and no reader comes too late.

mod cursor;
pub mod http;
mod sight;
mod store;
pub mod stream;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub use sight::Sight;
pub use store::{list, prune};

use crate::period::Period;
use crate::words::words;

words! {
    /// What is to be read again, as its address calls it.
    pub enum Resource in "change_entry.resource" {
        Attainment = "attainment" "达成",
        Funnel = "funnel" "销售漏斗",
        ChannelFunnel = "channel-funnel" "渠道漏斗",
        PhoneWebFunnel = "phone-web-funnel" "电话网销漏斗",
        ProductLines = "product-lines" "产品线",
        Quality = "quality" "工作质量",
        StockDepth = "stock-depth" "库存深度",
        Distribution = "distribution" "评级分布",
        Coefficients = "coefficients" "绩效系数",
        Leaderboard = "leaderboard" "龙虎榜",
        Plans = "plans" "年度计划",
        ReviewCycles = "review-cycles" "月度考核",
        OrgUnits = "org-units" "单位",
        Metrics = "metrics" "指标",
        Disclosure = "disclosure" "最少人数",
    }

    /// What has become of it.
    pub enum ChangeKind in "change_entry.kind" {
        /// It is new, or is no longer as it was.
        Changed = "changed" "有变",
        /// It is not shown any more: a draft that was thrown away, a month that was opened again.
        Removed = "removed" "已撤下",
    }
}

/// From where on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChangesQuery {
    /// The `cursor` of an earlier answer. Without one nothing is told but the cursor of now: whoever takes a copy asks for it
    /// first, and for what has changed after it later.
    #[param(pattern = "^[A-Za-z0-9_-]{1,100}$")]
    pub after: Option<String>,
    /// Changes per answer, 1 to 500; 50 by default.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
}

/// From where on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StreamQuery {
    /// The `cursor` of an earlier answer, or the `id` of an earlier message; `Last-Event-ID` goes before it. Without one it begins
    /// with what changes from now on.
    #[param(pattern = "^[A-Za-z0-9_-]{1,100}$")]
    pub after: Option<String>,
}

/// Something to be read again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    /// What it is.
    pub resource: Resource,
    /// Which one of it: month and store (`2014-03/JC`), the code of a unit, or an id.
    #[schema(example = "2014-03/JC")]
    pub key: String,
    /// What has become of it.
    pub kind: ChangeKind,
    /// The month, where it is of one.
    #[schema(value_type = Option<String>, example = "2014-03")]
    pub period: Option<Period>,
    /// Code of the unit whose it is; null for what is everybody's.
    pub unit: Option<String>,
    /// When it changed last.
    pub at: DateTime<Utc>,
    /// Where to read what it is now. What was removed is not found there, or is an empty list.
    #[schema(example = "/v1/dashboard/attainment?period=2014-03&unit=JC")]
    pub path: String,
}

/// What has changed behind a cursor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Changes {
    /// Each thing once, what changed first comes first.
    pub items: Vec<Change>,
    /// Send this as `after` the next time. It never gets too old.
    pub cursor: String,
    /// Whether there is more already.
    pub more: bool,
}
