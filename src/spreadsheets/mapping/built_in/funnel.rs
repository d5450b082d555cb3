//! The monthly funnel per advisor, as a dealer management system exports it.
//!
//! Only 工号 and 交车台数 must be there: systems differ in what they count. An empty cell, or a column that is not
//! there, means that the value is not known, which is not zero: what was known before stays.

use rust_decimal::Decimal;

use super::of_no_use;
use crate::said::say;
use crate::spreadsheets::import::Form;
use crate::spreadsheets::import::form::{FormColumn, Need};
use crate::spreadsheets::import::header::Twins;
use crate::spreadsheets::import::number::Measure::{self, Amount, Count};
use crate::spreadsheets::import::reading::Reading;

/// Metric, measure, and what the column may be called.
type Column = (&'static str, Measure, &'static [&'static str]);

const COLUMNS: &[Column] = &[
    ("first_visits", Count, &["首次到店", "首次到店数", "首次到店人数", "首次到店客户数", "首次到店批次"]),
    ("captured_leads", Count, &["留档数", "留档", "留档客户数", "留档量", "留档批次"]),
    ("visitors", Count, &["到店客户数", "到店数", "到店人数", "到店客户", "到店量", "到店批次"]),
    ("test_drives", Count, &["试驾数", "试驾", "试乘试驾", "试乘试驾数", "试驾次数", "试驾量", "试驾批次"]),
    ("orders", Count, &["新增订单", "新增订单数", "订单", "订单数", "订单台数", "新增订单台数", "订单量"]),
    (
        DELIVERIES,
        Count,
        &[
            "交车台数",
            "交车",
            "交车数",
            "交车量",
            "交付台数",
            "交付数",
            "交付量",
            "交付",
            "交车合计",
            "交车总数",
            "实际交车",
            "实际交车数",
            "交车实际",
            "交车完成",
            "交车完成数",
            "完成交车",
            "销量",
            "销售台数",
            "提车台数",
        ],
    ),
    ("accessory_revenue", Amount, &["精品金额", "精品", "精品销售额", "精品销售金额", "精品产值"]),
    (
        "insurance_policies",
        Count,
        &["保险单数", "保险", "保险数", "保险台数", "新保单数", "保单数", "新保台数", "新保", "投保台数"],
    ),
    (
        "loans",
        Count,
        &[
            "贷款单数",
            "车贷",
            "贷款",
            "贷款数",
            "贷款台数",
            "车贷单数",
            "按揭单数",
            "按揭台数",
            "按揭",
            "车贷台数",
        ],
    ),
    ("callbacks_planned", Count, &["计划回访", "计划回访数", "计划回访量", "应回访", "应回访数"]),
    ("callbacks_done", Count, &["实际回访", "实际回访数", "实际回访量", "完成回访", "已回访"]),
    ("refused", Count, &["战败客户", "战败", "战败数", "战败客户数"]),
    ("second_follow_ups", Count, &["二次追踪", "二次追踪数", "战败二次追踪"]),
    ("active_prospects", Count, &["意向客户", "意向客户数", "在手意向客户", "意向客户保有量"]),
];

const DELIVERIES: &str = "deliveries";

/// The form of a funnel.
pub(super) fn form(kind: &str) -> Form {
    let column = |(metric, measure, headers): &Column| FormColumn {
        need: if *metric == DELIVERIES { Need::Required } else { Need::Optional },
        ..FormColumn::optional(metric, *measure, headers)
    };
    let columns = super::person(Twins::Passed).into_iter().chain(COLUMNS.iter().map(column)).collect();
    Form { no_use: of_no_use::anywhere, finish, ..Form::new(kind, kind, columns) }
}

/// Of these nobody has a thousand in a month: so many are yuan.
const FEW: &[&str] = &[DELIVERIES, "orders", "insurance_policies", "loans"];

/// Faults money where cars and policies are counted.
fn finish(row: &mut Reading<'_>) {
    for metric in FEW {
        let found = row.of_metric(metric).filter(|(value, _)| *value >= Decimal::ONE_THOUSAND);
        if let Some((value, column)) = found.map(|(value, column)| (value, column.to_owned())) {
            let expected = say!(
                "台数或单数（一个人一个月不到 1000），像是金额",
                "a number of cars or contracts (nobody has 1000 a month): this may be yuan"
            );
            row.fault(Some(&column), &value.to_string(), expected);
        }
    }
}

/// What a funnel calls the column of a metric.
pub(super) fn words(metric: &str) -> &'static [&'static str] {
    COLUMNS.iter().find(|(name, ..)| *name == metric).map_or(&[], |(.., words)| *words)
}
