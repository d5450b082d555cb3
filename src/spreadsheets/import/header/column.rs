//! What the header says about one column: what it may be called, below its group or by itself, and in which unit.

use super::name::{HeaderName, is_month_sum, name, normal, only_unit, sums_of};
use crate::spreadsheets::import::form::FormColumn;
use crate::spreadsheets::import::{Value, span, spoken};

/// Columns of leave that are no kind of leave.
const ABOUT_LEAVE: &[&str] = &[
    "合计", "小计", "总计", "总", "余额", "剩余", "可用", "次数", "备注", "事由", "原因", "类型", "加班",
    "放假", "销假", "开始", "结束", "时间", "明细", "审批", "应休", "未休", "可休", "已休", "享有", "额度",
    "标准", "本年", "年度", "累计", "结转",
];

/// Groups whose parts are something else than the month's own values: a target, a rank, what is left of a leave, an
/// earlier month, a day, money for days and hours, or who leads the person.
const ABOUT_ELSE: &[&str] = &[
    "目标", "计划", "任务", "累计", "同期", "去年", "上月", "上年", "上周", "排名", "率", "占比", "余额",
    "剩余", "结余", "可用", "环比", "同比", "组长", "主管", "经理", "工资", "薪资", "薪酬", "扣款", "罚款",
    "奖金", "津贴", "补贴", "提成", "当日", "本日", "今日", "昨日", "本年", "当年", "年度", "历年", "ytd",
    "扣分", "得分", "评分", "积分", "分值", "毛利", "利润", "成本", "应发", "应扣", "实发", "扣除", "代扣",
    "扣减", "减项", "加项", "补发", "奖励", "奖惩", "奖罚",
];

/// Groups that only arrange what is below them, and are written before it where a header of two rows was made one.
const ARRANGING: &[&str] = &[
    "请假",
    "休假",
    "假期",
    "假勤统计",
    "考勤概况",
    "考勤统计",
    "出勤统计",
    "异常统计",
    "加班统计",
    "基础信息",
];

/// Groups whose parts are money, whatever else is called like them: 保险 under 产值 is no number of policies.
const MONEY: &[&str] =
    &["金额", "产值", "收入", "营收", "营业额", "销售额", "保费", "佣金", "手续费", "返利"];

/// Parts that are what their group is called: all of it, or what has been rather than what was planned.
const WHOLE: &[&str] = &[
    "合计",
    "小计",
    "总计",
    "总数",
    "总量",
    "实际",
    "实绩",
    "完成",
    "达成",
    "实际完成",
    "完成数",
    "实际数",
    "完成量",
    "本月",
    "当月",
    "本月实际",
    "当月实际",
];

/// What the header says about one column.
pub(in crate::spreadsheets) struct HeaderColumn {
    /// As the file writes it; a group and its part are joined by `/`.
    pub shown: String,
    /// What it may be called, in normal form: with its group's name in front, and without.
    pub names: Vec<HeaderName>,
    /// What it may be called besides: 回访 and 计划 below it, without the month that it is of, or by the group of which it is
    /// the whole.
    also: Vec<HeaderName>,
    /// The group that it stands in, in normal form, where it is a part of one.
    pub(super) group: Option<String>,
    /// It stands in a group of money.
    is_money: bool,
    /// What the file writes, in normal form: group and part joined by `/`, and the part alone.
    pub(super) wholes: Vec<String>,
    /// What it would be called if it did not say that it is the sum of the month's days.
    pub(super) sums: Vec<HeaderName>,
    /// It stands in a group that is about something else than the month's values.
    pub is_about_else: bool,
    /// It is of another table beside the one that is read, and so called nothing.
    pub is_beside: bool,
    /// Its numbers are yuan, and only shown in the larger unit that is said of them.
    pub is_larger: bool,
}

/// The unit that a header names, in brackets or below its group: `精品(万元)`, `精品/万元`.
pub(in crate::spreadsheets) fn unit(header: &str) -> Option<String> {
    let (group, part) = header.split_once('/').unwrap_or(("", header));
    HeaderColumn::new(&Value::text(group), &Value::text(part), 0).unit().map(str::to_owned)
}

impl HeaderColumn {
    pub(super) fn new(group: &Value, part: &Value, month: u32) -> Self {
        let (above, below) = (group.shown(), part.shown());
        let plain = |text: &str| {
            let said = Some(text).filter(|text| !text.is_empty());
            let (names, wholes) = (said.map(name), said.map(normal));
            let (names, wholes) = (Vec::from_iter(names), Vec::from_iter(wholes));
            let (sums, mut also) = (sums_of(&names), of_month(&names, month));
            also.extend(arranged(text).map(name));
            let shown = text.to_owned();
            // 4月交车 beside 5月交车.
            let is_about_else = month > 0 && is_of_another_month(text, month);
            Self {
                shown,
                names,
                also,
                group: None,
                is_money: false,
                wholes,
                sums,
                is_about_else,
                is_beside: false,
                is_larger: false,
            }
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
                let is_part = names.len() > 1 && group.text != part.text;
                let mut also = of_month(&names, month);
                if names.len() == 1 {
                    wholes.push(normal(&above));
                } else {
                    also.extend(also_called(&group, &part, month));
                }
                if is_about_else {
                    names.truncate(1);
                    wholes.truncate(1);
                    also.clear();
                }
                let is_money = MONEY.iter().any(|word| group.text.contains(word));
                let mut sums = sums_of(&names);
                if is_month_sum(&group.text) {
                    sums.push(HeaderName { text: part.text.clone(), unit: part.unit.or(group.unit) });
                }
                let shown = format!("{above}/{below}");
                Self {
                    shown,
                    names,
                    also,
                    group: is_part.then(|| group.text.clone()),
                    is_money,
                    wholes,
                    sums,
                    is_about_else,
                    is_beside: false,
                    is_larger: false,
                }
            }
        }
    }

    /// What the cell of a header says by itself.
    pub(in crate::spreadsheets) fn alone(cell: &Value) -> Self {
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

    /// The same column, whose numbers are yuan whatever unit is said of them.
    pub(super) fn take_for_yuan(&mut self) {
        let names = self.names.iter_mut().chain(&mut self.also).chain(&mut self.sums);
        names.for_each(|name| name.unit = Some("元".to_owned()));
        self.is_larger = true;
    }

    /// The same column, called this and nothing else.
    pub(super) fn rename(&mut self, text: String) {
        self.names = vec![HeaderName { text, unit: None }];
        self.also.clear();
        self.sums.clear();
    }

    /// The same column, called nothing: it is of another table.
    pub(super) fn put_aside(&mut self) {
        self.names.clear();
        self.also.clear();
        self.wholes.clear();
        self.sums.clear();
        self.is_beside = true;
    }

    /// Which of a form's headers it has, if any, and in which unit. Where they have to be exact, their units are a part of
    /// them.
    pub(in crate::spreadsheets) fn rank(
        &self,
        column: &FormColumn,
        is_exact: bool,
    ) -> Option<(usize, Option<&str>)> {
        if self.is_money && !is_exact && column.is_measured() && !column.is_money() {
            return None;
        }
        let place = |text: &String| column.keys.iter().position(|key| key == text);
        let mut named = self.names.iter().chain(&self.also).filter(|_| !is_exact);
        let named = named.find_map(|name| Some((place(&name.text)?, name.unit.as_deref())));
        named.or_else(|| Some((self.wholes.iter().find_map(place)?, self.unit())))
    }

    /// The place of its name in a list, by itself or with its group's in front.
    pub(super) fn rank_of(&self, names: &[&str]) -> Option<usize> {
        let mut own = self.names.iter().filter(|_| !self.is_about_else);
        own.find_map(|name| names.iter().position(|known| *known == name.text))
    }

    /// The unit that its header names.
    pub(in crate::spreadsheets) fn unit(&self) -> Option<&str> {
        self.names.iter().find_map(|name| name.unit.as_deref())
    }

    /// The kind of leave that the column seems to hold: it is called so, or stands in a group that is.
    pub(in crate::spreadsheets) fn leave(&self) -> Option<&str> {
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

/// What is called 事假 in 请假-事假.
fn arranged(text: &str) -> Option<&str> {
    let (group, part) = text.split_once(['-', '/', '_', '—', '·', ':', '：', '>'])?;
    ARRANGING.contains(&normal(group).as_str()).then_some(part)
}

/// What a part is called besides its own name and the one behind its group's.
fn also_called(group: &HeaderName, part: &HeaderName, month: u32) -> Vec<HeaderName> {
    let unit = part.unit.clone().or_else(|| group.unit.clone());
    let named = |text: String| HeaderName { text, unit: unit.clone() };
    // 5月 below 交车 beside 4月.
    let is_of_month = [format!("{month}月"), format!("{month}月份")].contains(&part.text);
    let is_whole = is_of_month || WHOLE.contains(&part.text.as_str());
    let whole = is_whole.then(|| group.text.clone());
    // 计划 under 回访 is 计划回访, and 应 under 出勤 what there was to work.
    whole.into_iter().chain([format!("{}{}", part.text, group.text)]).map(named).collect()
}

/// The names without the words that they are of this month: 本月交车, 5月交车, 交车(当月).
fn of_month(names: &[HeaderName], month: u32) -> Vec<HeaderName> {
    let own = [format!("{month}月份"), format!("{month}月"), "本月".to_owned(), "当月".to_owned()];
    let without = |name: &HeaderName| {
        let bare = own.iter().find_map(|word| {
            let behind = || name.text.strip_suffix(&format!("({word})"));
            name.text.strip_prefix(word.as_str()).or_else(behind)
        });
        let bare = bare.map(|bare| bare.trim_matches(['-', '_'])).filter(|bare| !bare.is_empty())?;
        Some(HeaderName { text: bare.to_owned(), unit: name.unit.clone() })
    };
    names.iter().filter_map(without).collect()
}

/// Whether a part of the group is something else than what it is called: of another month, or one of [`ABOUT_ELSE`];
/// 休息 and 调休 under 加班 are overtime.
fn is_about_else(group: &str, part: &str, month: u32) -> bool {
    ABOUT_ELSE.iter().any(|word| group.contains(word))
        || group.contains("加班") && (part.ends_with(['休', '假']) || part == "休息")
        || spoken::other_span(group).is_some()
        || is_of_another_month(group, month)
        || month > 0 && is_of_another_month(part, month)
}

/// Whether a text names a month, and not this one.
fn is_of_another_month(text: &str, month: u32) -> bool {
    span::spoken_months(text).iter().any(|spoken| *spoken != month)
}
