//! How the work is done: 5S and uniforms, attendance, complaints, follow-up, documents and reports. And what the reviews come to:
//! the coefficients.

use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use super::form::Row;
use super::rows::{
    Comparison, Known, KnownOf, Number, Numbers, Parts, Planned, RowState, RowUnit, UnitRow, columns,
    derived, less, numbers, unit_row,
};
use super::{of_sums, per, rate};

/// How one unit works in a month. What happens now and then (complaints, days absent, violations) is 0 for everybody once its source
/// is complete for the store, and else known only of those of whom something was recorded.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Quality {
    /// Which unit, and which month.
    #[serde(flatten)]
    pub unit: RowUnit,
    /// Its numbers.
    #[serde(flatten)]
    pub numbers: QualityNumbers,
    /// Of how many people each number is known: so many are in its sum. What is known of nobody is null.
    pub known: QualityKnown,
    /// What they are of.
    #[serde(flatten)]
    pub state: RowState,
    /// The month before, where `compare` asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_month: Option<Comparison<QualityNumbers>>,
    /// The same month a year before, where `compare` asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_year: Option<Comparison<QualityNumbers>>,
}

/// The numbers of a unit's quality. Rates are half-up to four places; null where their denominator is 0 or not known. Those of
/// attendance and complaints are null, too, as long as an absence or a complaint is known of fewer people than the days or deliveries:
/// what is missing is not 0.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct QualityNumbers {
    /// 5S点检项
    pub five_s_checks: Option<i64>,
    /// 5S不合格项
    pub five_s_failures: Option<i64>,
    /// 工装违规
    pub uniform_violations: Option<i64>,
    /// 应出勤天数
    pub scheduled_days: Option<Decimal>,
    /// 保护性假期
    pub protected_leave_days: Option<Decimal>,
    /// 事假
    pub personal_leave_days: Option<Decimal>,
    /// 旷工
    pub absent_days: Option<Decimal>,
    /// 迟到
    pub late: Option<i64>,
    /// 一般投诉: verified, and the person responsible, like all complaints.
    pub complaints_minor: Option<i64>,
    /// 严重投诉
    pub complaints_serious: Option<i64>,
    /// 重大投诉
    pub complaints_major: Option<i64>,
    /// 超时处理投诉
    pub complaints_slow: Option<i64>,
    /// 交车: what complaints are related to.
    pub deliveries: Option<i64>,
    /// 计划回访
    pub callbacks_planned: Option<i64>,
    /// 实际回访
    pub callbacks_done: Option<i64>,
    /// 战败
    pub refused: Option<i64>,
    /// 二次追踪
    pub second_follow_ups: Option<i64>,
    /// 单据
    pub documents: Option<i64>,
    /// 单据出错
    pub document_errors: Option<i64>,
    /// 应交总结计划
    pub reports_due: Option<i64>,
    /// 按时总结计划
    pub reports_on_time: Option<i64>,
    /// 展厅5S点检处罚率: failed ÷ checked.
    pub five_s_failure_rate: Option<Decimal>,
    /// 出勤率: (scheduled − protected leave − personal leave − absent) ÷ (scheduled − protected leave).
    pub attendance_rate: Option<Decimal>,
    /// 客户投诉率: minor, serious and major complaints ÷ deliveries.
    pub complaint_rate: Option<Decimal>,
    /// 回访率: callbacks done ÷ planned.
    pub callback_rate: Option<Decimal>,
    /// 二次追踪率: second follow-ups ÷ refused.
    pub follow_up_rate: Option<Decimal>,
    /// 单据出错率: errors ÷ documents.
    pub document_error_rate: Option<Decimal>,
    /// 总结计划按时率: on time ÷ due.
    pub report_rate: Option<Decimal>,
}

/// Of how many people each number of a unit's quality is known; null where the number is withheld, because that something is known of
/// somebody may already tell what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct QualityKnown {
    /// 5S点检项
    pub five_s_checks: Option<i64>,
    /// 5S不合格项
    pub five_s_failures: Option<i64>,
    /// 工装违规
    pub uniform_violations: Option<i64>,
    /// 应出勤天数
    pub scheduled_days: Option<i64>,
    /// 保护性假期
    pub protected_leave_days: Option<i64>,
    /// 事假
    pub personal_leave_days: Option<i64>,
    /// 旷工
    pub absent_days: Option<i64>,
    /// 迟到
    pub late: Option<i64>,
    /// 一般投诉
    pub complaints_minor: Option<i64>,
    /// 严重投诉
    pub complaints_serious: Option<i64>,
    /// 重大投诉
    pub complaints_major: Option<i64>,
    /// 超时处理投诉
    pub complaints_slow: Option<i64>,
    /// 交车
    pub deliveries: Option<i64>,
    /// 计划回访
    pub callbacks_planned: Option<i64>,
    /// 实际回访
    pub callbacks_done: Option<i64>,
    /// 战败
    pub refused: Option<i64>,
    /// 二次追踪
    pub second_follow_ups: Option<i64>,
    /// 单据
    pub documents: Option<i64>,
    /// 单据出错
    pub document_errors: Option<i64>,
    /// 应交总结计划
    pub reports_due: Option<i64>,
    /// 按时总结计划
    pub reports_on_time: Option<i64>,
}

numbers!(QualityNumbers, QualityKnown, 21 =>
    five_s_checks, five_s_failures, uniform_violations, scheduled_days, protected_leave_days,
    personal_leave_days, absent_days, late, complaints_minor, complaints_serious, complaints_major,
    complaints_slow, deliveries, callbacks_planned, callbacks_done, refused, second_follow_ups, documents,
    document_errors, reports_due, reports_on_time;
    five_s_failure_rate = |of, _, _| rate(of.five_s_failures, of.five_s_checks),
    attendance_rate = |of, known, _| {
        let away = [known.protected_leave_days, known.personal_leave_days, known.absent_days];
        let due = of.scheduled_days?.checked_sub(of.protected_leave_days?)?;
        let present = due.checked_sub(of.personal_leave_days?)?.checked_sub(of.absent_days?)?;
        of_sums(present, due).filter(|_| away.iter().all(|known_of| *known_of >= known.scheduled_days))
    },
    complaint_rate = |of, known, _| {
        let complaints = [known.complaints_minor, known.complaints_serious, known.complaints_major];
        let sum = of.complaints_minor?.checked_add(of.complaints_serious?)?.checked_add(of.complaints_major?);
        rate(sum, of.deliveries).filter(|_| complaints.iter().all(|known_of| *known_of >= known.deliveries))
    },
    callback_rate = |of, _, _| rate(of.callbacks_done, of.callbacks_planned),
    follow_up_rate = |of, _, _| rate(of.second_follow_ups, of.refused),
    document_error_rate = |of, _, _| rate(of.document_errors, of.documents),
    report_rate = |of, _, _| rate(of.reports_on_time, of.reports_due),
);
unit_row!(Quality, QualityNumbers, QualityKnown, 21, "quality");

/// The performance coefficients 绩效系数 of one unit's published month, of the reviews in force of one position.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Coefficients {
    /// Which unit, and which month.
    #[serde(flatten)]
    pub unit: RowUnit,
    /// Its numbers.
    #[serde(flatten)]
    pub numbers: CoefficientNumbers,
    /// Of how many people there is a coefficient: so many are in the sum. Whoever is not rated has none; null where the sum is
    /// withheld, because it is of few people, or because few are not rated.
    pub known: Option<i64>,
    /// What they are of.
    #[serde(flatten)]
    pub state: RowState,
    /// The month before, where `compare` asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_month: Option<Comparison<CoefficientNumbers>>,
    /// The same month a year before, where `compare` asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_year: Option<Comparison<CoefficientNumbers>>,
}

/// The sum of coefficients.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CoefficientNumbers {
    /// The sum; null where nobody has one.
    pub coefficient_sum: Option<Decimal>,
    /// The sum ÷ how many there are, half-up to two places.
    pub mean_coefficient: Option<Decimal>,
}

impl Numbers<1> for CoefficientNumbers {
    const METRICS: [&'static str; 1] = ["coefficient"];

    fn of([sum]: [Option<Decimal>; 1], [known]: [i64; 1], _: &Planned) -> Self {
        Self { coefficient_sum: sum, mean_coefficient: per(sum, Some(known)) }
    }

    fn less(&self, other: &Self) -> Self {
        Self {
            coefficient_sum: less(self.coefficient_sum, other.coefficient_sum),
            mean_coefficient: less(self.mean_coefficient, other.mean_coefficient),
        }
    }

    fn names() -> Vec<&'static str> {
        vec!["coefficient_sum", "mean_coefficient"]
    }
}

unit_row!(Coefficients, CoefficientNumbers, Option<i64>, 1, "coefficients");
