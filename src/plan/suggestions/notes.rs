//! What whoever drafts a suggested plan should know, in both languages.

use crate::http::language::Language;
use crate::period::Period;

/// One thing to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Note {
    /// Sells from a later month on, and is not in the plan yet.
    Later { employee_no: String, name: String, from: Period },
    /// Is posted at the store itself, below which nobody can be listed.
    AtTop { employee_no: String, name: String },
    /// The months' weights are those of an earlier plan.
    SeasonOf(i32),
    /// Nothing is known of the months.
    MonthsAlike,
    /// Months and series stand as in a sheet.
    SeriesByMonth,
    /// Channels and series are those of an earlier plan.
    LabelsOf(i32),
}

impl Note {
    /// The sentence.
    pub(super) fn sentence(&self, language: Language) -> String {
        match (language, self) {
            (Language::Chinese, Self::Later { employee_no, name, from }) => format!(
                "{employee_no} {name} 从 {from} 起在岗，尚未列入计划：建好后用 suggested-resplits 从该月起加入，或改用产能法"
            ),
            (Language::English, Self::Later { employee_no, name, from }) => format!(
                "{employee_no} {name} is there from {from} on and not in the plan yet: suggested-resplits adds who joins from \
                 that month on, or take the method capacity"
            ),
            (Language::Chinese, Self::AtTop { employee_no, name }) => {
                format!("{employee_no} {name} 直接挂在店上，没有组，未列入计划：请先调到一个部门或组")
            }
            (Language::English, Self::AtTop { employee_no, name }) => format!(
                "{employee_no} {name} is posted at the store itself and left out: post the person in a department or team first"
            ),
            (Language::Chinese, Self::SeasonOf(year)) => format!("各月权重取自 {year} 年的计划"),
            (Language::English, Self::SeasonOf(year)) => {
                format!("the months weigh as in the plan of {year}")
            }
            (Language::Chinese, Self::MonthsAlike) => {
                "没有以往的计划，各月权重相同：可在 season 中给出十二个月或四个季度的权重".to_owned()
            }
            (Language::English, Self::MonthsAlike) => {
                "there is no earlier plan, so every month weighs the same: give the weights of twelve months or four quarters in \
                 season"
                    .to_owned()
            }
            (Language::Chinese, Self::SeriesByMonth) => "各月的合计和各车系的月数都与表中一致".to_owned(),
            (Language::English, Self::SeriesByMonth) => {
                "every month is the sheet's, series by series".to_owned()
            }
            (Language::Chinese, Self::LabelsOf(year)) => format!("渠道和车系的权重取自 {year} 年的计划"),
            (Language::English, Self::LabelsOf(year)) => {
                format!("channels and series weigh as in the plan of {year}")
            }
        }
    }
}
