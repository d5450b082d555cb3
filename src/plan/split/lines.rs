//! The lines of a plan: vehicles first, and what is sold beside them.

use std::collections::HashSet;

use rust_decimal::{Decimal, RoundingStrategy};

use super::limits::MAX_TOTAL;
use super::new_plan::{Levels, NewLine, NewPlan};
use super::whole_plan::Line;
use crate::http::FieldError;
use crate::ledger::metric::{Catalogue, Kind};
use crate::said::{Said, say};

/// The lines of a new plan, without cells; what is wrong with them is added to `faults`.
pub(in crate::plan) fn of(new: &NewPlan, catalogue: &Catalogue, faults: &mut Vec<FieldError>) -> Vec<Line> {
    let mut metrics = HashSet::new();
    let mut lines = Vec::with_capacity(new.lines.len() + 1);
    let mut add = |field: &str, metric: &str, faults: &mut Vec<FieldError>| {
        if !metrics.insert(metric.to_owned()) {
            let message = say!("指标“{metric}”列了两次", "'{metric}' is planned twice");
            faults.push(FieldError::new(format!("{field}metric"), message));
        }
        is_amount(&format!("{field}metric"), metric, catalogue, faults)
    };
    let first_is_amount = add("", &new.metric, faults);
    lines.push(Line {
        metric: new.metric.clone(),
        is_amount: first_is_amount.unwrap_or_default(),
        total: new.total,
        ..Line::default()
    });
    level_faults("levels", new.total, new.levels, faults);
    for (number, line) in (1..).zip(&new.lines) {
        let field = format!("lines[{}].", number - 1);
        let Some(is_amount) = add(&field, &line.metric, faults) else { continue };
        let Some(total) = total(&field, line, is_amount, new.total, faults) else { continue };
        level_faults(&format!("{field}levels"), total, line.levels, faults);
        lines.push(Line {
            number,
            metric: line.metric.clone(),
            is_amount,
            total,
            floor_total: line.levels.floor,
            stretch_total: line.levels.stretch,
            penetration: line.penetration,
            value_per_unit: line.value_per_unit,
            ..Line::default()
        });
    }
    if let Some(first) = lines.first_mut() {
        (first.floor_total, first.stretch_total) = (new.levels.floor, new.levels.stretch);
    }
    lines
}

/// Whether the metric is an amount of money; a fault where it cannot be planned. A metric's target is what a plan gives it:
/// it is not planned itself.
fn is_amount(field: &str, metric: &str, catalogue: &Catalogue, faults: &mut Vec<FieldError>) -> Option<bool> {
    match catalogue.listed().iter().find(|known| known.name == metric).map(|known| known.kind) {
        Some(Kind::Count) => Some(false),
        Some(Kind::Amount) => Some(true),
        Some(Kind::Days | Kind::Score) => {
            let message =
                say!("“{metric}”既不是数量也不是金额", "'{metric}' is neither a count nor an amount");
            faults.push(FieldError::new(field, message));
            None
        }
        None => {
            let message = say!("指标目录里没有“{metric}”", "there is no metric '{metric}' in the catalogue");
            faults.push(FieldError::new(field, message));
            None
        }
    }
}

/// The line's total, given or derived from the first line's `vehicles`.
fn total(
    field: &str,
    line: &NewLine,
    is_amount: bool,
    vehicles: i64,
    faults: &mut Vec<FieldError>,
) -> Option<i64> {
    let mut refuse = |name: &str, message: Said| {
        faults.push(FieldError::new(format!("{field}{name}"), message));
        None
    };
    match (line.total, line.penetration, line.value_per_unit) {
        (Some(total), None, None) => Some(total),
        (Some(_), _, _) => refuse(
            "total",
            say!(
                "总数和用来推算它的渗透率只能给一个",
                "expected either a total, or a penetration to derive it from"
            ),
        ),
        (None, None, _) => refuse(
            "total",
            say!("应给出总数，或用来推算它的渗透率", "expected a total, or a penetration to derive it from"),
        ),
        (None, Some(_), None) if is_amount => refuse(
            "value_per_unit",
            say!(
                "这个指标是金额：应给出每件多少分",
                "expected the cents that each brings, as the metric is an amount"
            ),
        ),
        (None, Some(_), Some(_)) if !is_amount => refuse(
            "value_per_unit",
            say!("这个指标是数量：不能有单件金额", "expected none, as the metric is a count"),
        ),
        (None, Some(penetration), value) => {
            match derived(vehicles, penetration, value).filter(|total| *total <= MAX_TOTAL) {
                Some(total) => Some(total),
                None => refuse(
                    "penetration",
                    say!(
                        "推算出的总数不能超过 {MAX_TOTAL}",
                        "expected to derive a total of at most {MAX_TOTAL}"
                    ),
                ),
            }
        }
    }
}

/// `vehicles` × penetration × value, half-up to a whole unit or cent, once.
pub(in crate::plan) fn derived(
    vehicles: i64,
    penetration: Decimal,
    value_per_unit: Option<i64>,
) -> Option<i64> {
    let units = Decimal::from(vehicles).checked_mul(Decimal::from(value_per_unit.unwrap_or(1)))?;
    let exact = units.checked_mul(penetration)?;
    i64::try_from(exact.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero)).ok()
}

fn level_faults(field: &str, total: i64, levels: Levels, faults: &mut Vec<FieldError>) {
    if levels.floor.is_some_and(|floor| floor > total) {
        faults.push(FieldError::new(
            format!("{field}.floor"),
            say!("不能超过总数 {total}", "expected at most the total of {total}"),
        ));
    }
    if levels.stretch.is_some_and(|stretch| stretch < total) {
        faults.push(FieldError::new(
            format!("{field}.stretch"),
            say!("不能低于总数 {total}", "expected at least the total of {total}"),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_total_is_derived_exactly_and_rounded_once() {
        let rate = |text: &str| text.parse::<Decimal>().unwrap();
        // 1690 × 0.72 = 1216.8; 1690 × 0.85 × ¥2500.00 = ¥3,591,250; halves go up.
        assert_eq!(derived(1690, rate("0.72"), None), Some(1217));
        assert_eq!(derived(1690, rate("0.85"), Some(250_000)), Some(359_125_000));
        assert_eq!(derived(1, rate("0.5"), None), Some(1));
        assert_eq!(derived(0, rate("0.5"), Some(1)), Some(0));
        assert_eq!(derived(i64::MAX, rate("1000"), Some(i64::MAX)), None);
    }
}
