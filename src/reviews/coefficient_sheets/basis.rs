//! What payroll goes by for somebody's month.

use crate::reviews::cycle::coverage::NotCovered;
use crate::words::words;

words! {
    /// What payroll goes by: a coefficient, or what has to be used instead of one. A month without a coefficient is never a
    /// month with the coefficient 0.
    #[schema(as = CoefficientBasis)]
    pub enum Basis in "coefficient_line.basis" {
        /// The coefficient of the grade.
        Rated = "rated" "按绩效系数",
        /// Too few points apply: NR, no coefficient.
        NotRated = "not_rated" "不评级",
        /// The review could not be computed, and was published like that by name.
        Unscored = "unscored" "未计分",
        /// Protected leave on every scheduled day, or nothing scheduled.
        ProtectedLeave = "protected_leave" "保护性假期",
        /// No scheme scores the position.
        SchemeMissing = "scheme_missing" "无考核方案",
        /// The month counts in another store.
        CountsElsewhere = "counts_elsewhere" "计入其他门店",
        /// A review that an earlier sheet named is no longer in force.
        Withdrawn = "withdrawn" "考核已撤回",
        /// What the line said has been erased.
        Erased = "erased" "已删除",
    }

    /// In which capacity somebody signs a sheet off.
    #[schema(as = SignOffCapacity)]
    pub enum Capacity in "coefficient_sheet_sign_off.capacity" {
        /// HR, first.
        Hr = "hr" "人事",
        /// The general manager, after HR.
        GeneralManager = "general_manager" "总经理",
    }
}

impl Basis {
    /// What it means for payroll, as the sheet says it.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Rated => "按等级对应的绩效系数计发。",
            Self::NotRated => {
                "当月适用分值不足，不评级、无绩效系数：按门店对不评级月份的约定计发，不得按 0 计。"
            }
            Self::Unscored => {
                "当月考核未能计分，经实名豁免后公布，无绩效系数：核实前按约定的基数计发，不得按 0 计。"
            }
            Self::ProtectedLeave => {
                "全月为保护性假期或无排班，不参加考核：按相应假期的工资规定计发，不得按 0 计。"
            }
            Self::SchemeMissing => "岗位当月没有考核方案，不参加考核：按劳动合同约定计发，不得按 0 计。",
            Self::CountsElsewhere => "当月考核计入其他门店：以该门店的绩效系数表为准。",
            Self::Withdrawn => "前表所列考核已撤回：该行不再作为计发依据。",
            Self::Erased => "保存期满或依申请已删除：以留存的纸质表及其校验值为准，不得按 0 计。",
        }
    }
}

impl From<NotCovered> for Basis {
    fn from(reason: NotCovered) -> Self {
        match reason {
            NotCovered::SchemeMissing => Self::SchemeMissing,
            NotCovered::ProtectedLeave => Self::ProtectedLeave,
            NotCovered::CountsElsewhere => Self::CountsElsewhere,
            NotCovered::Erased => Self::Erased,
        }
    }
}
