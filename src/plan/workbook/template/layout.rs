//! Where things stand in a template, as far as writing and reading have to agree.

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
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Lines => "目标",
            Self::Months => "月份",
            Self::People => "组和人",
            Self::Channels => "渠道",
            Self::Series => "车系",
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
    pub(super) const fn headers(self) -> &'static [&'static str] {
        match self {
            Self::Lines => &[CODE, NAME, TOTAL, FLOOR, STRETCH, PENETRATION, VALUE],
            Self::Months => &[MONTH, WEIGHT],
            Self::People => &[UNIT, ABOVE, NUMBER, NAME, WEIGHT],
            Self::Channels | Self::Series => &[CODE, NAME, WEIGHT],
        }
    }

    /// The headers without which nothing can be read.
    pub(super) const fn needed(self) -> &'static [&'static str] {
        match self {
            Self::Lines => &[CODE, TOTAL],
            Self::Months => &[MONTH, WEIGHT],
            Self::People => &[UNIT, ABOVE, NUMBER, WEIGHT],
            Self::Channels | Self::Series => &[CODE, WEIGHT],
        }
    }

    /// What to do with the worksheet.
    pub(super) const fn note(self) -> &'static str {
        match self {
            Self::Lines => {
                "第一行是主指标，必须填全年目标；其他指标填全年目标，或填渗透率（每台带来几个），金额再填单车产值；不做计划的留空。\
                 金额单位为元。保底不大于目标，挑战不小于目标，可以不填。"
            }
            Self::Months => "各月权重，相对大小即可；全年目标按权重分到各月。",
            Self::People => {
                "工号为空的行是单位，其权重是在上级中的份额；有工号的行是人，其权重是在组内的份额。不参加的删去整行，也可以加行。"
            }
            Self::Channels => "参加分解的渠道填权重，不参加的留空。",
            Self::Series => "参加分解的车系填权重，不参加的留空。",
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

pub(super) const CODE: &str = "编码";
pub(super) const NAME: &str = "名称";
pub(super) const TOTAL: &str = "全年目标";
pub(super) const FLOOR: &str = "保底";
pub(super) const STRETCH: &str = "挑战";
pub(super) const PENETRATION: &str = "渗透率";
pub(super) const VALUE: &str = "单车产值";
pub(super) const MONTH: &str = "月份";
pub(super) const WEIGHT: &str = "权重";
pub(super) const UNIT: &str = "单位编码";
pub(super) const ABOVE: &str = "上级编码";
pub(super) const NUMBER: &str = "工号";
