//! Reading a delivery: its values, and everything that is wrong with it.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::faults::{DeliveredValue, DeliveryFaults};
use super::{CompleteFor, NewFacts};
use crate::auth::Context;
use crate::decimal;
use crate::http::FieldError;
use crate::ledger::metric::{Catalogue, is_target, needs_verification};
use crate::ledger::{beyond_within, entering};
use crate::period::Period;
use crate::said::{Said, say};

/// Systems of the program's own, whose values nobody else delivers.
pub const OWN_SYSTEMS: &[&str] =
    &["event", "punch_correction", "daily_sheet", "work_report", "activity", "calendar"];

/// Reads the values, and notes what cannot be read, is said twice, or cannot have been by `today`.
pub(super) fn read<'a>(
    catalogue: &Catalogue,
    new: &'a NewFacts,
    today: NaiveDate,
    faults: &mut DeliveryFaults,
) -> Vec<DeliveredValue<'a>> {
    let mut values = Vec::new();
    let mut seen = HashMap::new();
    for (row, fields) in new.rows.iter().enumerate() {
        // A record is one row, whoever it is about.
        let (place, field, name) = match fields.external_id.as_deref() {
            Some(id) => ((id, None, true), "external_id", id),
            None => {
                let no = fields.employee_no.as_str();
                ((no, fields.day, false), "employee_no", no)
            }
        };
        if let Some(earlier) = seen.insert(place, row) {
            let message = say!("“{name}”已经在 rows[{earlier}] 里", "'{name}' is already in rows[{earlier}]");
            faults.row(row, FieldError::new(format!("rows[{row}].{field}"), message));
        }
        let wrong_day = fields.day.and_then(|day| match () {
            () if Period::containing(day) != new.period => {
                Some(say!("{day} 不在 {} 之内", "{day} is not a day of {}", new.period))
            }
            () if day > today => {
                Some(say!("{day} 还没有到：今天是 {today}", "{day} has not begun: it is {today}"))
            }
            () => None,
        });
        if let Some(message) = wrong_day {
            faults.row(row, FieldError::new(format!("rows[{row}].day"), message));
        }
        for (metric, number) in &fields.facts {
            let read = match number {
                None if catalogue.find(metric).is_some() => continue,
                None => catalogue.read(metric, Decimal::ZERO).map(|_| Decimal::ZERO),
                Some(number) => decimal::parse(number.as_str())
                    .ok_or_else(|| say!("{number} 不能准确保存", "{number} cannot be stored exactly"))
                    .and_then(|value| catalogue.read(metric, value).map(|_| value)),
            };
            let has_been = new.period.has_begun(today) || is_target(metric);
            let read =
                read.and_then(|number| if has_been { Ok(number) } else { Err(ahead(new.period, today)) });
            match read {
                Ok(number) => values.push(DeliveredValue { row, metric, number }),
                Err(message) => {
                    faults.row(row, FieldError::new(format!("rows[{row}].facts.{metric}"), message));
                }
            }
        }
    }
    refuse_beyond(catalogue, new, &values, faults);
    check_whole(catalogue, new, today, faults);
    values
}

/// Why there are no values of a month.
fn ahead(period: Period, today: NaiveDate) -> Said {
    say!(
        "{period} 还没有开始（今天是 {today}）：只能交它的目标",
        "{period} has not begun (it is {today}): only targets can be delivered of it"
    )
}

/// Notes totals of a row that are larger than another one there of which they are a part.
fn refuse_beyond(
    catalogue: &Catalogue,
    new: &NewFacts,
    values: &[DeliveredValue<'_>],
    faults: &mut DeliveryFaults,
) {
    for of_row in values.chunk_by(|one, other| one.row == other.row) {
        let Some(row) = of_row.first().map(|value| value.row) else { continue };
        if new.rows.get(row).is_none_or(|row| row.day.is_some() || row.external_id.is_some()) {
            continue;
        }
        for (at, by) in beyond_within(catalogue, of_row.iter().map(|value| (value.metric, value.number))) {
            let (Some(value), Some(bound)) = (of_row.get(at), of_row.get(by)) else { continue };
            let (number, most) = (decimal::plain(value.number), decimal::plain(bound.number));
            let message = say!(
                "{number} 大于 {} 的 {most}，而它是其中的一部分",
                "{number} is above {}, which is {most}, and of which it is a part",
                bound.metric
            );
            faults.row(row, FieldError::new(format!("rows[{row}].facts.{}", value.metric), message));
        }
    }
}

fn check_whole(catalogue: &Catalogue, new: &NewFacts, today: NaiveDate, faults: &mut DeliveryFaults) {
    let is_early = match new.complete_for {
        CompleteFor::Store => today < new.period.last_day(),
        CompleteFor::People => !new.period.has_begun(today),
    };
    if is_early && !new.complete_sources.is_empty() {
        let message = say!(
            "{} 还没有结束（今天是 {today}）：还不能说交齐",
            "{} is not over (it is {today}): nothing is complete yet",
            new.period
        );
        faults.whole.push(FieldError::new("complete_sources", message));
    }
    let known: HashSet<&str> =
        catalogue.listed().iter().filter_map(|metric| metric.source.as_deref()).collect();
    for (index, source) in new.complete_sources.iter().enumerate() {
        if !known.contains(source.as_str()) {
            let message = say!("指标目录里没有来源“{source}”", "'{source}' is not a source of the catalogue");
            faults.whole.push(FieldError::new(format!("complete_sources[{index}]"), message));
        }
    }
    if !new.complete_sources.is_empty() && new.rows.is_empty() {
        let message = say!(
            "请至少写明一名员工，其门店已交来这个来源的数据；facts 可以为空",
            "name at least one person whose store has delivered the source; facts may be empty"
        );
        faults.whole.push(FieldError::new("rows", message));
    }
    if OWN_SYSTEMS.contains(&new.source_system.as_str()) {
        let message = say!(
            "“{}”是本程序自己；请写明数据来自哪个系统",
            "'{}' is this program itself; name the system that delivers",
            new.source_system
        );
        faults.whole.push(FieldError::new("source_system", message));
    }
}

/// Notes what the caller's roles may not enter.
pub(super) fn refuse_foreign_sources(
    cx: &Context,
    catalogue: &Catalogue,
    new: &NewFacts,
    values: &[DeliveredValue<'_>],
    faults: &mut DeliveryFaults,
) {
    let may_enter = |source: Option<&str>| !entering(cx.identity.as_ref(), source).is_empty();
    let refusal = |field: String, source: Option<&str>| {
        let message = match source {
            Some(source) => {
                say!("您的角色不能录入 {source}", "your roles do not allow you to enter {source}")
            }
            None => say!(
                "您的角色不能录入没有来源的指标",
                "your roles do not allow you to enter metrics without a source"
            ),
        };
        FieldError::new(field, message)
    };
    for value in values {
        let field = format!("rows[{}].facts.{}", value.row, value.metric);
        let source = catalogue.source_of(value.metric);
        if !may_enter(source) {
            faults.is_forbidden = true;
            faults.row(value.row, refusal(field, source));
        } else if needs_verification(value.metric, value.number) {
            let message = say!(
                "请作为事件上报 (POST /v1/events)，由别人核实",
                "report it as an event (POST /v1/events): somebody else has to verify it"
            );
            faults.row(value.row, FieldError::new(field, message));
        }
    }
    for (index, source) in new.complete_sources.iter().enumerate() {
        if !may_enter(Some(source)) {
            faults.is_forbidden = true;
            faults.whole.push(refusal(format!("complete_sources[{index}]"), Some(source)));
        }
    }
}
