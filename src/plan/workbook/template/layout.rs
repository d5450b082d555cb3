//! Where things stand in a template, as far as writing and reading have to agree.

use crate::plan::workbook::word::{MONTHS, Word};

/// What the hidden row of every worksheet begins with.
pub(super) const MARK: &str = "showfloor-plan-template";

/// Which form of the template this is.
const FORM: &str = "1";

/// The worksheets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Part {
    Lines,
    Months,
    People,
    Channels,
    Series,
}

impl Part {
    pub(super) const ALL: [Self; 5] = [Self::Lines, Self::Months, Self::People, Self::Channels, Self::Series];

    /// The worksheet's name.
    pub(super) const fn title(self) -> Word {
        match self {
            Self::Lines => Word::new("目标", "Targets"),
            Self::Months => Word::new("月份", "Months"),
            Self::People => Word::new("组和人", "Units and people"),
            Self::Channels => Word::new("渠道", "Channels"),
            Self::Series => Word::new("车系", "Series"),
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Lines => "lines",
            Self::Months => "months",
            Self::People => "people",
            Self::Channels => "channels",
            Self::Series => "series",
        }
    }

    /// The headers, from left to right.
    pub(super) const fn headers(self) -> &'static [Word] {
        match self {
            Self::Lines => &[CODE, NAME, TOTAL, FLOOR, STRETCH, PENETRATION, VALUE],
            Self::Months => &[MONTH, WEIGHT],
            Self::People => &[UNIT, ABOVE, NUMBER, NAME, WEIGHT],
            Self::Channels | Self::Series => &LABELS,
        }
    }

    /// The headers without which nothing can be read.
    pub(super) const fn needed(self) -> &'static [Word] {
        match self {
            Self::Lines => &[CODE, TOTAL],
            Self::Months => &[MONTH, WEIGHT],
            Self::People => &[UNIT, ABOVE, NUMBER, WEIGHT],
            Self::Channels | Self::Series => &[CODE, WEIGHT],
        }
    }

    /// What to do with the worksheet.
    pub(super) const fn note(self) -> Word {
        match self {
            Self::Lines => Word::new(
                "第一行是主指标，必须填全年目标；其他指标填全年目标，或填渗透率（每台带来几个），金额再填单车产值；不做计划的留空。\
                 金额单位为元。保底不大于目标，挑战不小于目标，可以不填。",
                "The first row is planned first and needs the year's target; the others a target, or a penetration (how many a car \
                 brings), and for an amount the value of each. What is not planned stays empty. Amounts are in yuan. A floor is at \
                 most the target, a stretch at least; both may be left out.",
            ),
            Self::Months => Word::new(
                "各月权重，相对大小即可；全年目标按权重分到各月。十二个月都要有，没有的填 0。",
                "What each month weighs beside the others: the year's target is shared by it. All twelve are needed: write 0 for none.",
            ),
            Self::People => Word::new(
                "工号为空的行是单位，其权重是在上级中的份额；有工号的行是人，其权重是在组内的份额。不参加的删去整行，也可以加行。",
                "A row without an employee number is a unit, and its weight the share of the unit above; one with a number is a \
                 person, and its weight the share of the unit. Delete the rows of who takes no part; rows can be added.",
            ),
            Self::Channels => Word::new(
                "参加分解的渠道填权重，不参加的留空。各月份额不同的，改填十二个月的权重，全年权重即不再使用。",
                "Give the channels that share the plan a weight, and leave the others empty. Where the share is not the same in every \
                 month, give the weights of all twelve months: that of the year is then left out of account.",
            ),
            Self::Series => Word::new(
                "参加分解的车系填权重，不参加的留空。各月份额不同的，改填十二个月的权重，全年权重即不再使用。",
                "Give the series that share the plan a weight, and leave the others empty. Where the share is not the same in every \
                 month, give the weights of all twelve months: that of the year is then left out of account.",
            ),
        }
    }

    /// The text of the hidden row. The unit's code comes last.
    pub(super) fn mark(self, unit: &str, year: i32) -> String {
        format!("{MARK} {FORM} {} {year} {unit}", self.word())
    }

    /// Reads the hidden row again: which worksheet it is, and of what.
    pub(super) fn read(text: &str) -> Option<(Self, i32, String)> {
        let parts: Vec<&str> = text.splitn(5, ' ').collect();
        let [MARK, FORM, word, year, unit] = parts.as_slice() else { return None };
        let part = Self::ALL.into_iter().find(|part| part.word() == *word)?;
        Some((part, year.parse().ok()?, (*unit).to_owned()))
    }
}

/// The headers of channels and series: the weight of every month, or those of the twelve.
const LABELS: [Word; 15] = {
    let [jan, feb, mar, apr, may, jun, jul, aug, sep, oct, nov, dec] = MONTHS;
    [CODE, NAME, WEIGHT, jan, feb, mar, apr, may, jun, jul, aug, sep, oct, nov, dec]
};

pub(super) const CODE: Word = Word::new("编码", "Code");
pub(super) const NAME: Word = Word::new("名称", "Name");
pub(super) const TOTAL: Word = Word::new("全年目标", "Year's target");
pub(super) const FLOOR: Word = Word::new("保底", "Floor");
pub(super) const STRETCH: Word = Word::new("挑战", "Stretch");
pub(super) const PENETRATION: Word = Word::new("渗透率", "Penetration");
pub(super) const VALUE: Word = Word::new("单车产值", "Value of each");
pub(super) const MONTH: Word = Word::new("月份", "Month");
pub(super) const WEIGHT: Word = Word::new("权重", "Weight");
pub(super) const UNIT: Word = Word::new("单位编码", "Unit code");
pub(super) const ABOVE: Word = Word::new("上级编码", "Parent code");
pub(super) const NUMBER: Word = Word::new("工号", "Employee no");
