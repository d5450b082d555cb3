//! The value of a cell for a metric.

use rust_decimal::Decimal;

use super::label::normal;
use crate::decimal::plain;
use crate::ledger::metric::{Kind, Metric};
use crate::spreadsheets::import::Value;
use crate::spreadsheets::import::number::{Measure, decimal};

/// Whether there is nothing in a cell: it is empty, or has a dash.
pub(super) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Blank => true,
        Value::Text(text) => matches!(normal(text).as_str(), "-" | "--" | "—" | "——" | "/"),
        Value::Number(_) | Value::Other(_) => false,
    }
}

/// The number in a cell, if the metric can have it. A unit behind it has to be the metric's.
pub(super) fn number(value: &Value, metric: &Metric) -> Option<Decimal> {
    let number = match value {
        Value::Number(number) => decimal(*number),
        Value::Text(text) => written(text, metric),
        Value::Blank | Value::Other(_) => None,
    };
    number.map(|number| number.normalize()).filter(|number| metric.check(*number).is_ok())
}

fn written(text: &str, metric: &Metric) -> Option<Decimal> {
    let text = normal(text);
    let text = text.strip_suffix(metric.unit.as_str()).unwrap_or(&text);
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let measure = match metric.kind {
        Kind::Count => Measure::Count,
        Kind::Days => Measure::Days,
        Kind::Amount | Kind::Score => Measure::Amount,
    };
    measure.written(digits).map(|number| if negative { -number } else { number })
}

/// What should stand in a cell of the metric, for whoever corrects it.
pub(super) fn expected(metric: &Metric) -> String {
    let what = match metric.kind {
        Kind::Count => "整数",
        Kind::Amount => "金额（元，最多两位小数）",
        Kind::Days => "天数（0.5 的倍数）",
        Kind::Score => "数字",
    };
    format!("{what}，{} 至 {}", plain(metric.min), plain(metric.max))
}
