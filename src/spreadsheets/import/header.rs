//! Finding the header: which row it is, what its one or two rows call each column, and which columns are meant.

use super::form::FormColumn;
use super::number::{Measure, half_width};
use super::{Form, ImportError, Line, Value, span, spoken};

/// The header is looked for in so many rows from the top; titles may stand above it.
pub(in crate::spreadsheets) const SEARCHED_ROWS: u32 = 50;

/// What the column of employee numbers is called, in normal form; the usual name first.
pub(in crate::spreadsheets) const EMPLOYEE_NO: &[&str] = &[
    "工号",
    "员工工号",
    "员工编号",
    "员工号",
    "人员编号",
    "人员工号",
    "顾问工号",
    "顾问编号",
    "销售顾问工号",
    "employeeno",
    "employee_no",
    "employeeid",
];

/// What the column of names is called, in normal form.
pub(in crate::spreadsheets) const NAME: &[&str] = &["姓名", "员工姓名", "顾问姓名", "销售顾问", "员工"];

/// Units that are recognised behind a header besides those of the measures: most of them are wrong ones.
const UNITS: &[&str] = &[
    "分钟",
    "分",
    "秒",
    "周",
    "月",
    "百元",
    "千元",
    "万元",
    "万",
    "w",
    "k",
    "千",
    "百万",
    "百万元",
    "亿元",
    "亿",
    "%",
];

/// Units that a header may end with without any mark before them: nothing else ends like them.
const BARE_UNITS: &[&str] = &["百万元", "万元", "千元", "百元", "亿元", "分钟"];

/// Columns of leave that are no kind of leave.
const ABOUT_LEAVE: &[&str] = &[
    "合计", "小计", "总计", "总", "余额", "剩余", "可用", "次数", "备注", "事由", "原因", "类型", "加班",
    "放假", "销假", "开始", "结束", "时间", "明细", "审批",
];

/// Groups whose parts are something else than the month's own values: a target, a rank, what is left of a leave, an
/// earlier month, a day, money for days and hours, or who leads the person.
const ABOUT_ELSE: &[&str] = &[
    "目标", "计划", "任务", "累计", "同期", "去年", "上月", "上年", "上周", "排名", "率", "占比", "余额",
    "剩余", "结余", "可用", "环比", "同比", "组长", "主管", "经理", "工资", "薪资", "薪酬", "扣款", "罚款",
    "奖金", "津贴", "补贴", "提成", "当日", "本日", "今日", "昨日",
];

/// What the sum of a month's days is called, before or behind what is counted; the longer ones first.
const MONTH_SUMS: &[&str] =
    &["本月累计", "当月累计", "月度累计", "本月合计", "当月合计", "月累计", "月合计", "mtd"];

/// A header, one or two rows high.
pub(in crate::spreadsheets) struct Header {
    /// The row that names the employee number.
    pub main: Line,
    /// The first row that belongs to it.
    pub first_row: u32,
    /// The last row that belongs to it.
    pub last_row: u32,
    /// How many fields its rows have, in text.
    pub fields: Option<usize>,
    /// The unit that a title says its money is in: `单位：万元`.
    pub stated_unit: Option<String>,
    pub columns: Vec<HeaderColumn>,
}

/// What the header says about one column.
pub(in crate::spreadsheets) struct HeaderColumn {
    /// As the file writes it; a group and its part are joined by `/`.
    pub shown: String,
    /// What it may be called, in normal form: with its group's name in front, and without.
    pub names: Vec<HeaderName>,
    /// What the file writes, in normal form: group and part joined by `/`, and the part alone.
    wholes: Vec<String>,
    /// What it would be called if it did not say that it is the sum of the month's days.
    sums: Vec<HeaderName>,
    /// It stands in a group that is about something else than the month's values.
    is_about_else: bool,
}

/// A header text in normal form, its unit apart.
pub(in crate::spreadsheets) struct HeaderName {
    pub text: String,
    pub unit: Option<String>,
}

/// Headers are compared without spaces, in half-width characters and small letters, with one kind of bracket, and without
/// the marks that templates put beside them.
pub(in crate::spreadsheets) fn normal(text: &str) -> String {
    let plain = |c| match half_width(c) {
        '[' | '【' | '〔' | '{' => '(',
        ']' | '】' | '〕' | '}' => ')',
        other => other,
    };
    let text: String = text
        .chars()
        .map(plain)
        .filter(|c| !c.is_whitespace() && *c != '\u{200b}' && *c != '\u{feff}')
        .flat_map(char::to_lowercase)
        .collect();
    text.trim_matches(|c| matches!(c, '*' | ':')).to_owned()
}

fn is_unit(text: &str) -> bool {
    UNITS.contains(&text) || Measure::ALL.iter().any(|measure| measure.units().contains(&text))
}

/// The unit that a header names, in brackets or below its group: `精品(万元)`, `精品/万元`.
pub(in crate::spreadsheets) fn unit(header: &str) -> Option<String> {
    let (group, part) = header.split_once('/').unwrap_or(("", header));
    HeaderColumn::new(&Value::text(group), &Value::text(part), 0).unit().map(str::to_owned)
}

/// Whether a header's unit is that of a metric, or another word for the same.
pub(in crate::spreadsheets) fn is_same_unit(given: &str, unit: &str) -> bool {
    let mut measures = Measure::ALL.iter();
    given == unit || measures.any(|measure| [given, unit].iter().all(|one| measure.units().contains(one)))
}

/// The unit that a text in normal form is no more than: `万元`, `(万元)`, `单位:万元`, `天数`.
fn only_unit(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(text);
    let unit = inner.split_once("单位").map_or(inner, |(_, unit)| unit.trim_start_matches(':'));
    let unit = unit.strip_prefix("人民币").unwrap_or(unit);
    [Some(unit), unit.strip_suffix('数')].into_iter().flatten().find(|unit| is_unit(unit))
}

/// The unit that a title says the money below it is in, unless that is yuan.
fn stated_unit(above: &[Line]) -> Option<String> {
    let texts = above.iter().flat_map(|line| &line.cells).map(|cell| normal(&cell.shown()));
    let stated = texts.filter_map(|text| {
        let (_, said) = text.split_once("单位")?;
        let said = said.trim_start_matches(':').trim_start_matches("人民币");
        let end = said.find([')', ',', ';', '，', '、', '。']).unwrap_or(said.len());
        said.get(..end)
            .filter(|unit| is_unit(unit) && unit.contains(['元', '万', '千', '百', '亿']))
            .map(str::to_owned)
    });
    stated.into_iter().find(|unit| unit != "元")
}

/// What is counted, without the word that it is the sum of the month's days.
fn without_sum(text: &str) -> Option<&str> {
    let mut sums = MONTH_SUMS.iter();
    let named = sums.find_map(|sum| text.strip_suffix(sum).or_else(|| text.strip_prefix(sum)));
    let plain = || text.strip_suffix("累计").filter(|rest| !rest.ends_with(['年', '日', '周']));
    named.or_else(plain).map(|rest| rest.trim_end_matches('(')).filter(|rest| !rest.is_empty())
}

/// A header's text, with the unit that stands at its end apart: `交车台数(台)`, `事假/天`, `精品金额_万元`, `精品金额万元`.
pub(in crate::spreadsheets) fn name(text: &str) -> HeaderName {
    let text = normal(text);
    if !text.starts_with('(') && only_unit(&text).is_some() {
        return HeaderName { text, unit: None };
    }
    let bracketed = || {
        let (before, unit) = text.strip_suffix(')')?.rsplit_once('(')?;
        Some((before, only_unit(unit)?))
    };
    let marked = || {
        let (before, unit) = text.rsplit_once(['/', '_', '-', ':', '|'])?;
        Some((before, only_unit(unit)?))
    };
    let bare = || BARE_UNITS.iter().find_map(|unit| Some((text.strip_suffix(unit)?, *unit)));
    let parts = bracketed().or_else(|| marked().or_else(bare).filter(|(before, _)| !before.is_empty()));
    match parts {
        Some((before, unit)) => HeaderName { text: before.to_owned(), unit: Some(unit.to_owned()) },
        None => HeaderName { text, unit: None },
    }
}

/// A row of totals: its employee number says so, or it has none, and the first thing in it, or what stands where names
/// do, says what it is.
pub(super) fn is_total(line: &Line, employee_no: &Value, name: Option<&Value>) -> bool {
    let first = || line.cells.iter().find(|cell| !cell.is_blank());
    says_total(employee_no) || employee_no.is_blank() && first().into_iter().chain(name).any(says_total)
}

/// 合计, 本页小计, 总计(12人), 共12人 and the like.
fn says_total(cell: &Value) -> bool {
    const TOTALS: &[&str] = &["合计", "总计", "小计", "共计", "累计"];
    const WORDS: &[&str] = &["汇总", "总和", "平均", "平均值", "人均", "均值"];
    let Value::Text(text) = cell else { return false };
    let text = normal(text);
    let words = text.split('(').next().unwrap_or_default().trim_end_matches(':');
    let counted = text.strip_prefix('共').or_else(|| text.strip_prefix("合计")).unwrap_or_default();
    let digits = counted.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_counted =
        digits.len() < counted.len() && ["人", "名", "条", "行"].iter().any(|end| digits.starts_with(end));
    WORDS.contains(&words)
        || is_counted
        || TOTALS.iter().any(|total| words.starts_with(total) || words.ends_with(total))
}

impl Header {
    /// Finds the header that a form asks for in the first lines of a file about the month with that number.
    pub(super) fn find(head: &[Line], month: u32, form: &Form) -> Result<Self, ImportError> {
        let employee_no = form.employee_no()?;
        let is_person = |cell: &Value| form.names_person(cell);
        for (at, line) in head.iter().enumerate().take_while(|(_, line)| line.row <= SEARCHED_ROWS) {
            if line.cells.iter().any(|cell| employee_no.is_named_by(cell)) {
                let found = Self::at(head, at, month, &is_person);
                if let Some(header) = found.filter(|header| header.has(employee_no, form.is_exact)) {
                    return Ok(header);
                }
            }
        }
        Err(ImportError::NoHeader(employee_no.usual().to_owned()))
    }

    /// The header whose main row is the line at `at`. `is_person` knows the cells of a header that say whom a row is
    /// about: below these stands nothing in a second row.
    pub(in crate::spreadsheets) fn at(
        head: &[Line],
        at: usize,
        month: u32,
        is_person: &dyn Fn(&Value) -> bool,
    ) -> Option<Self> {
        let main = head.get(at)?;
        let below = head.get(at + 1);
        let below = below.filter(|line| line.row == main.row + 1 && is_second_row(main, line, is_person));
        let above = at.checked_sub(1).and_then(|at| head.get(at));
        let above = above.filter(|line| line.row + 1 == main.row && !is_title(line));
        // The names stand in the upper row, with parts of groups below them, or in the lower row, under groups.
        let (upper, lower) = match below {
            Some(below) => (Some(main), below),
            None => (above, main),
        };
        let width = lower.cells.len().max(upper.map_or(0, |line| line.cells.len()));
        // A merged group has its name in the first of its cells only.
        let mut group = &Value::Blank;
        let columns = (0..width).map(|column| {
            let top = upper.map_or(&Value::Blank, |line| line.cell(column));
            let part = lower.cell(column);
            if !top.is_blank() || part.is_blank() {
                group = top;
            }
            HeaderColumn::new(group, part, month)
        });
        let fields = upper.and_then(|line| line.fields).max(lower.fields);
        let first_row = upper.map_or(lower.row, |line| line.row);
        let columns = columns.collect();
        let titles = head.get(..at).unwrap_or_default();
        let stated_unit = stated_unit(titles);
        Some(Self { main: main.clone(), first_row, last_row: lower.row, fields, stated_unit, columns })
    }

    fn has(&self, column: &FormColumn, is_exact: bool) -> bool {
        self.columns.iter().any(|found| found.rank(column, is_exact).is_some())
    }

    /// The column that is meant, and whether there is one in another unit than it may have.
    ///
    /// # Errors
    ///
    /// Two columns are called so, and [`Twins`] do not let that pass.
    pub(super) fn column(&self, column: &FormColumn, is_exact: bool) -> Result<FoundColumn, ImportError> {
        let mut best: Option<(usize, usize)> = None;
        let mut foreign = None;
        for (at, found) in self.columns.iter().enumerate() {
            let Some((rank, unit)) = found.rank(column, is_exact) else { continue };
            let unit = unit.or(self.stated_unit.as_deref().filter(|_| column.is_money()));
            if unit.is_some_and(|unit| !column.takes(unit)) {
                foreign = foreign.or(Some(at));
                continue;
            }
            match best {
                Some((first, known))
                    if column.twins == Twins::Refused || column.twins == Twins::Ranked && known == rank =>
                {
                    return Err(ImportError::DuplicateColumn {
                        column: column.usual().to_owned(),
                        first: self.shown(first).to_owned(),
                        second: found.shown.clone(),
                    });
                }
                Some((_, better)) if better <= rank => {}
                _ => best = Some((at, rank)),
            }
        }
        Ok(match (best, foreign) {
            (Some((at, _)), _) => FoundColumn::At(at),
            (None, Some(at)) => FoundColumn::InAnotherUnit(at),
            (None, None) => FoundColumn::Nowhere,
        })
    }

    /// The column that has the sum of the month's days of what `column` counts. Where it stands beside one that is called
    /// as usual, that one is a day's.
    pub(super) fn sum(&self, column: &FormColumn) -> Option<usize> {
        let is_sum = |found: &HeaderColumn| {
            let mut names = found.sums.iter();
            names.any(|name| {
                column.keys.contains(&name.text) && name.unit.as_deref().is_none_or(|unit| column.takes(unit))
            })
        };
        self.columns.iter().position(is_sum)
    }

    /// Whether a column says that it is the month's: 交车累计 may be the year's.
    pub(super) fn says_month(&self, column: usize) -> bool {
        let shown = normal(self.shown(column));
        MONTH_SUMS.iter().any(|sum| shown.contains(sum))
    }

    /// A column's header as the file writes it.
    pub(super) fn shown(&self, column: usize) -> &str {
        self.columns.get(column).map_or("", |column| &column.shown)
    }

    /// Whether the row of a later header calls the column otherwise than this one.
    pub(super) fn differs(&self, line: &Line, column: usize) -> bool {
        normal(&line.cell(column).shown()) != normal(&self.main.cell(column).shown())
    }
}

/// Whether two columns may be called the same.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::spreadsheets) enum Twins {
    Refused,
    /// The one with the name that comes first is meant, but no two may have it.
    Ranked,
    /// The same, and of two that have it the left one.
    Passed,
}

/// Where a column is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FoundColumn {
    At(usize),
    /// One is called so, but measures in something else.
    InAnotherUnit(usize),
    Nowhere,
}

impl HeaderColumn {
    fn new(group: &Value, part: &Value, month: u32) -> Self {
        let (above, below) = (group.shown(), part.shown());
        let plain = |text: &str| {
            let said = Some(text).filter(|text| !text.is_empty());
            let (names, wholes) = (said.map(name), said.map(normal));
            let (names, wholes) = (Vec::from_iter(names), Vec::from_iter(wholes));
            let sums = sums_of(&names);
            Self { shown: text.to_owned(), names, wholes, sums, is_about_else: false }
        };
        match (above.is_empty(), below.is_empty()) {
            (_, true) => plain(&above),
            (true, false) => plain(&below),
            (false, false) => {
                let whole = format!("{}/{}", normal(&above), normal(&below));
                let mut wholes = vec![whole, normal(&below)];
                let (group, part) = (name(&above), name(&below));
                // What is written twice is merged, and no group.
                let is_about_else = group.text != part.text && is_about_else(&group.text, &part.text, month);
                let mut names = Self::of_group(&group, &part);
                let is_about_else = is_about_else && !is_month_sum(&group.text);
                if names.len() == 1 {
                    wholes.push(normal(&above));
                }
                if is_about_else {
                    names.truncate(1);
                    wholes.truncate(1);
                }
                let mut sums = sums_of(&names);
                if is_month_sum(&group.text) {
                    sums.push(HeaderName { text: part.text.clone(), unit: part.unit.or(group.unit) });
                }
                Self { shown: format!("{above}/{below}"), names, wholes, sums, is_about_else }
            }
        }
    }

    /// What the cell of a header says by itself.
    pub(super) fn alone(cell: &Value) -> Self {
        Self::new(&Value::Blank, cell, 0)
    }

    /// A part is measured in its own unit, else in its group's; it may also be no more than the unit of its group.
    fn of_group(group: &HeaderName, part: &HeaderName) -> Vec<HeaderName> {
        let whole = if part.text.is_empty() { part.unit.as_deref() } else { only_unit(&part.text) };
        if let Some(unit) = whole.filter(|_| part.text.is_empty() || part.unit.is_none()) {
            return vec![HeaderName { text: group.text.clone(), unit: Some(unit.to_owned()) }];
        }
        let unit = part.unit.clone().or_else(|| group.unit.clone());
        let named = |text| HeaderName { text, unit: unit.clone() };
        vec![named(format!("{}{}", group.text, part.text)), named(part.text.clone())]
    }

    /// Which of a form's headers it has, if any, and in which unit. Where they have to be exact, their units are a part of
    /// them.
    pub(super) fn rank(&self, column: &FormColumn, is_exact: bool) -> Option<(usize, Option<&str>)> {
        let place = |text: &String| column.keys.iter().position(|key| key == text);
        let mut named = self.names.iter().filter(|_| !is_exact);
        let named = named.find_map(|name| Some((place(&name.text)?, name.unit.as_deref())));
        named.or_else(|| Some((self.wholes.iter().find_map(place)?, self.unit())))
    }

    /// The unit that its header names.
    pub(super) fn unit(&self) -> Option<&str> {
        self.names.iter().find_map(|name| name.unit.as_deref())
    }

    /// The kind of leave that the column seems to hold: it is called so, or stands in a group that is.
    pub(super) fn leave(&self) -> Option<&str> {
        if self.is_about_else {
            return None;
        }
        let own = self.names.last()?.text.as_str();
        let whole = self.names.first()?.text.as_str();
        let group = whole.strip_suffix(own).unwrap_or_default();
        let own = own.strip_suffix("天数").unwrap_or(own);
        let is_leave = own.ends_with('假') || group.contains('假');
        let is_other = matches!(own, "" | "请假" | "休假" | "假期" | "请假天")
            || ABOUT_LEAVE.iter().any(|word| own.contains(word))
            || own.bytes().all(|byte| byte.is_ascii_digit());
        (is_leave && !is_other).then_some(own)
    }
}

/// Whether a group holds the sums of the month's days.
fn is_month_sum(group: &str) -> bool {
    MONTH_SUMS.contains(&group)
}

/// What is counted by headers that say that they are the sum of the month's days.
fn sums_of(names: &[HeaderName]) -> Vec<HeaderName> {
    let sums = names.iter().filter_map(|name| {
        Some(HeaderName { text: without_sum(&name.text)?.to_owned(), unit: name.unit.clone() })
    });
    sums.collect()
}

/// Whether a part of the group is something else than what it is called: of another month, or one of [`ABOUT_ELSE`];
/// 休息 under 加班 is overtime.
fn is_about_else(group: &str, part: &str, month: u32) -> bool {
    ABOUT_ELSE.iter().any(|word| group.contains(word))
        || group.contains("加班") && part == "休息"
        || spoken::other_span(group).is_some()
        || span::spoken_months(group).iter().any(|spoken| *spoken != month)
}

/// A title stands alone in its row, however many cells it is merged over; groups come in numbers.
fn is_title(line: &Line) -> bool {
    line.cells.iter().filter(|cell| !cell.is_blank()).count() == 1
}

/// Whether `below` continues the header: it says nothing about the person, and has something under an empty header
/// cell, as the parts of a group have, or under a name that is repeated for every part; or it has nothing but units.
fn is_second_row(main: &Line, below: &Line, is_person: &dyn Fn(&Value) -> bool) -> bool {
    let mut pairs = main.cells.iter().zip(&below.cells);
    let person = pairs.any(|(head, cell)| !cell.is_blank() && is_person(head));
    let filled = || below.cells.iter().enumerate().filter(|(_, cell)| !cell.is_blank());
    let is_part = |at: usize| {
        let head = main.cell(at);
        head.is_blank()
            || head == main.cell(at + 1)
            || at.checked_sub(1).is_some_and(|left| head == main.cell(left))
    };
    let parts = filled().any(|(at, _)| is_part(at));
    let units = filled().all(|(_, cell)| only_unit(&normal(&cell.shown())).is_some());
    !person && (parts || units) && !is_total(below, &Value::Blank, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_in_brackets_stand_apart() {
        for (text, label, unit) in [
            ("交车台数（台）", "交车台数", "台"),
            ("精品 金额(万元)", "精品金额", "万元"),
            ("销售系统（DMS）", "销售系统(dms)", ""),
            ("５Ｓ点检项", "5s点检项", ""),
            // Below a group, it is the group's unit.
            ("（台）", "", "台"),
        ] {
            let found = name(text);
            assert_eq!(
                (found.text.as_str(), found.unit.as_deref().unwrap_or_default()),
                (label, unit),
                "{text}"
            );
        }
        assert!(is_same_unit("人次", "批") && is_same_unit("日", "天") && is_same_unit("元", "元"));
        assert!(!is_same_unit("万元", "元") && !is_same_unit("小时", "天") && !is_same_unit("元", "台"));
    }
}
