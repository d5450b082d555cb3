//! Where the columns of a form are in a file.

use std::sync::Arc;

use super::form::{Foreign, FormColumn, Need, To};
use super::header::{FoundColumn, Header, HeaderColumn};
use super::months::{MONTHS, YEARS};
use super::number::Measure;
use super::parts::PARTS;
use super::{Form, ImportError, ReadColumn, TableHeader};
use crate::ledger::metric::Kind;
use crate::said::{Said, say};

/// What columns are called that say which day a row is of.
const DAYS: &[&str] = &[
    "日期",
    "考勤日期",
    "统计日期",
    "出勤日期",
    "打卡日期",
    "打卡日",
    "考勤日",
    "星期",
    "周几",
    "workdate",
    "date",
    "交车日期",
    "提车日期",
    "开票日期",
    "订单日期",
    "成交日期",
    "下单日期",
    "到店日期",
    "线索日期",
    "业务日期",
    "发生日期",
    "时间",
    "日期时间",
    "打卡时间",
    "考勤时间",
    "销售日期",
    "销售时间",
    "交车时间",
    "开票时间",
    "成交时间",
    "下单时间",
    "下订日期",
    "下订时间",
    "订车日期",
    "签约日期",
    "签单日期",
    "购车日期",
    "上牌日期",
    "结算日期",
    "出库日期",
    "投保日期",
    "放款日期",
    "接待日期",
    "进店日期",
    "到店时间",
    "试驾日期",
    "回访日期",
    "邀约日期",
];

/// What columns are called that name a record: each row is of a car, an order or a customer, and not of the month.
const RECORDS: &[&str] = &[
    "车架号",
    "车架号码",
    "vin",
    "vin码",
    "vin号",
    "底盘号",
    "订单号",
    "订单编号",
    "合同号",
    "合同编号",
    "发票号",
    "发票号码",
    "保单号",
    "单号",
    "流水号",
    "工单号",
    "线索编号",
    "线索id",
    "客户姓名",
    "客户名称",
    "客户电话",
    "客户手机号",
    "车主",
    "车主姓名",
];

/// Where the columns of a form are in a file.
pub(super) struct Layout<'a> {
    pub form: &'a Form,
    pub header: Header,
    pub employee_no: usize,
    pub name: Option<usize>,
    pub day: Option<usize>,
    pub external_id: Option<usize>,
    /// Columns of numbers.
    pub measured: Vec<Measured<'a>>,
    /// Each metric with the headers of its columns.
    pub metrics: Vec<Arc<ReadColumn>>,
    /// Columns of leave that is not known, with its name.
    pub unknown_leave: Vec<(usize, String)>,
    /// Columns in another unit than they may have, with the one that they should have: nothing may stand there.
    pub foreign: Vec<(usize, String)>,
    /// Columns that have hours in the place of days.
    pub timed: Vec<Timed<'a>>,
    /// Columns that say which month, and those that say which year, a row is of.
    pub months: Vec<usize>,
    pub years: Vec<usize>,
    /// Columns that say which part of somebody's month a row is.
    pub parts: Vec<usize>,
    notes: Vec<Said>,
}

/// A column of numbers.
pub(super) struct Measured<'a> {
    pub at: usize,
    pub column: &'a FormColumn,
    /// Which of [`Layout::metrics`] it adds to.
    pub metric: Option<usize>,
    /// The columns that are called like it, and have to say the same.
    pub twins: Vec<usize>,
}

/// A column that has hours in the place of days, or may have.
pub(super) struct Timed<'a> {
    pub at: usize,
    pub column: &'a FormColumn,
    /// Which of [`Layout::metrics`] it adds to, and its own header with what it is of; none of a column that is only held
    /// against others.
    pub metric: Option<(usize, Arc<ReadColumn>)>,
    /// Whether its header says that it is in hours: where it says nothing, each cell has to.
    pub is_said: bool,
}

impl<'a> Layout<'a> {
    pub fn new(form: &'a Form, header: Header) -> Result<Self, ImportError> {
        let mut layout = Self {
            form,
            header,
            employee_no: 0,
            name: None,
            day: None,
            external_id: None,
            measured: Vec::new(),
            metrics: Vec::new(),
            unknown_leave: Vec::new(),
            foreign: Vec::new(),
            timed: Vec::new(),
            months: Vec::new(),
            years: Vec::new(),
            parts: Vec::new(),
            notes: Vec::new(),
        };
        let mut missing = Vec::new();
        for column in &form.columns {
            missing.extend(layout.find(column)?);
        }
        if missing.is_empty() && layout.metrics.is_empty() {
            let columns = form.columns.iter().filter(|column| column.metric().is_some());
            missing.extend(columns.map(|column| column.usual().to_owned()));
        }
        if !missing.is_empty() {
            return Err(ImportError::MissingColumns(missing));
        }
        for note in &form.notes {
            if !note.without.iter().any(|usual| layout.has(usual)) {
                layout.notes.push(note.says.clone());
            }
        }
        layout.months = layout.called(MONTHS).filter(|at| !layout.reads(*at)).collect();
        layout.years = layout.called(YEARS).filter(|at| !layout.reads(*at)).collect();
        if layout.adds_up() {
            layout.parts = layout.called(PARTS).filter(|at| !layout.reads(*at)).collect();
        }
        if form.watches_leave {
            layout.unknown_leave = layout.leave_columns();
        }
        Ok(layout)
    }

    /// Finds one column; what is to be said where it has to be there and is not.
    fn find(&mut self, column: &'a FormColumn) -> Result<Option<String>, ImportError> {
        let usual = column.usual();
        let is_spare = match column.need {
            Need::Without(other) => self.has(other),
            Need::Spare(others) => others.iter().any(|other| self.has(other)),
            Need::Required | Need::Or(_) | Need::Optional => false,
        };
        if is_spare || column.part_of.as_deref().is_some_and(|whole| self.has(whole)) {
            return Ok(None);
        }
        let mut is_day = false;
        let found = match self.header.column(column, self.form.is_exact)? {
            found if self.form.is_exact || !column.is_measured() => found,
            found => match (found, self.header.sum(column)) {
                (FoundColumn::At(day), Some(sum)) => {
                    let (day, shown) = (self.header.shown(day), self.header.shown(sum));
                    self.notes.push(say!(
                        "“{shown}”旁边的“{day}”视为一天的数，未读取",
                        "'{day}' beside '{shown}' is taken for the numbers of a day and not read"
                    ));
                    is_day = true;
                    FoundColumn::At(sum)
                }
                (FoundColumn::Nowhere, Some(sum)) if self.header.says_month(sum) => FoundColumn::At(sum),
                (found, _) => found,
            },
        };
        let at = match found {
            // A name may do for two measures: 旷工(天) are days and 旷工(次) are counted.
            FoundColumn::At(at) if self.measured.iter().any(|taken| taken.at == at) => return Ok(None),
            FoundColumn::At(at) if self.may_be_wages(column, at) => {
                let shown = self.header.shown(at);
                self.notes.push(say!(
                    "“{shown}”列在工资旁边，没有写单位，不知道是小时还是元，未读取",
                    "'{shown}' stands beside wages without a unit, and may be hours or yuan: it is not read"
                ));
                return Ok(None);
            }
            FoundColumn::At(at) => at,
            FoundColumn::InAnotherUnit(at) if self.is_something_else(column, at) => {
                self.notes.push(self.foreign_note(column, at));
                return Ok(None);
            }
            FoundColumn::InAnotherUnit(at) if self.is_read_otherwise(column, at) => return Ok(None),
            FoundColumn::InAnotherUnit(at) if column.foreign != Foreign::Refused => {
                match column.foreign {
                    Foreign::Noted => {
                        self.notes.push(self.foreign_note(column, at));
                    }
                    Foreign::Faulty if self.is_in_hours(column, at) => self.time(column, at, true),
                    Foreign::Faulty => self.foreign.push((at, column.unit())),
                    Foreign::Refused | Foreign::PassedOver => {}
                }
                return Ok(None);
            }
            FoundColumn::InAnotherUnit(at) => {
                let shown = self.header.shown(at).to_owned();
                return Err(ImportError::WrongUnit { column: shown, expected: column.unit() });
            }
            FoundColumn::Nowhere => {
                return Ok(match column.need {
                    Need::Required => Some(usual.to_owned()),
                    Need::Or(other) => (!self.is_there(other)).then(|| usual.to_owned()),
                    Need::Without(other) => Some(format!("{other}（或{usual}）")),
                    Need::Optional | Need::Spare(_) => None,
                });
            }
        };
        self.notes.extend(column.note.clone());
        if self.is_larger(at) {
            let shown = self.header.shown(at);
            self.notes.push(say!(
                "“{shown}”列的数存的是元，只是显示成更大的单位：按元读取",
                "the numbers of '{shown}' are yuan that are only shown in a larger unit: read as yuan"
            ));
        }
        if self.is_of_any_unit(column, at) {
            self.time(column, at, false);
            return Ok(None);
        }
        let twins = if is_day { Vec::new() } else { self.header.twins(column, at) };
        match &column.to {
            To::EmployeeNo => self.employee_no = at,
            To::Name => self.name = Some(at),
            To::Day => self.day = Some(at),
            To::ExternalId => self.external_id = Some(at),
            To::Check => self.measured.push(Measured { at, column, metric: None, twins }),
            To::Metric(metric) => {
                let metric = self.metric(metric, at);
                self.measured.push(Measured { at, column, metric: Some(metric), twins });
            }
        }
        Ok(None)
    }

    /// What is said of a column that is not read because of its unit.
    fn foreign_note(&self, column: &FormColumn, at: usize) -> Said {
        let (shown, unit) = (self.header.shown(at), column.unit());
        say!("“{shown}”列不是以{unit}为单位，未读取", "'{shown}' is not in {unit}: it is not read")
    }

    /// Notes a column that has hours in the place of days; whether its header says so.
    fn time(&mut self, column: &'a FormColumn, at: usize, is_said: bool) {
        let metric = column.metric().map(|metric| {
            let of = ReadColumn { metric: metric.to_owned(), shown: self.shown(at).to_owned() };
            (self.metric(metric, at), Arc::new(of))
        });
        self.timed.push(Timed { at, column, metric, is_said });
    }

    /// Whether the values of several rows of one person can be added up: each is of a month or a day, and all are counts and
    /// amounts.
    fn adds_up(&self) -> bool {
        let is_sum = |read: &Measured<'_>| match &read.column.of {
            Some(metric) => matches!(metric.kind, Kind::Count | Kind::Amount),
            None => matches!(read.column.measure, Measure::Count | Measure::Amount),
        };
        let is_plain = self.external_id.is_none() && self.timed.is_empty() && !self.form.is_export;
        is_plain && self.measured.iter().all(is_sum)
    }

    /// Whether rows are parts of somebody's month, or day.
    pub fn is_in_parts(&self) -> bool {
        !self.parts.is_empty()
    }

    /// Whether a column of overtime without any unit stands beside wages: it may be what is paid for it.
    fn may_be_wages(&self, column: &FormColumn, at: usize) -> bool {
        const WAGES: &[&str] = &["工资", "薪", "实发", "应发"];
        let Some(found) = self.header.columns.get(at) else { return false };
        let says_hours = found.unit().is_some() || found.shown.contains(['时', 'h', 'H', '/']);
        let mut others = self.header.columns.iter();
        column.metric() == Some("overtime_hours")
            && !says_hours
            && others.any(|other| WAGES.iter().any(|word| other.shown.contains(word)))
    }

    /// Whether a column that nobody needs is called like one of counts and is of money, or the other way round: 保险(元) are no
    /// policies, and 精品(件) no yuan.
    fn is_something_else(&self, column: &FormColumn, at: usize) -> bool {
        let unit = self.header.columns.get(at).and_then(|column| column.unit());
        let is_money = unit
            .is_some_and(|unit| unit.ends_with('元') || unit.starts_with(['万', '千', '百', '亿', 'w', 'k']));
        let is_count = unit.is_some_and(|unit| Measure::Count.units().contains(&unit));
        column.need == Need::Optional
            && !self.form.is_exact
            && column.of.is_none()
            && match column.measure {
                Measure::Count => is_money,
                Measure::Amount => is_count,
                _ => false,
            }
    }

    /// Whether a column's numbers are yuan that are only shown in a larger unit.
    pub fn is_larger(&self, at: usize) -> bool {
        self.header.columns.get(at).is_some_and(|column| column.is_larger)
    }

    /// Whether a column of leave is called a length of time without any unit: that may be days, and may be hours.
    fn is_of_any_unit(&self, column: &FormColumn, at: usize) -> bool {
        let found = self.header.columns.get(at);
        let is_length =
            found.is_some_and(|found| found.unit().is_none() && found.shown.trim().ends_with("时长"));
        is_length && column.metric().is_some() && column.measure == Measure::Days
    }

    /// The place of a metric in [`Self::metrics`], with one more column of it.
    fn metric(&mut self, metric: &str, at: usize) -> usize {
        let column = self.header.shown(at);
        let known = self.metrics.iter().position(|known| known.metric == metric);
        let shown = known
            .and_then(|known| self.metrics.get(known))
            .map_or_else(|| column.to_owned(), |known| format!("{}+{column}", known.shown));
        let read = Arc::new(ReadColumn { metric: metric.to_owned(), shown });
        let index = known.unwrap_or(self.metrics.len());
        match self.metrics.get_mut(index) {
            Some(known) => *known = read,
            None => self.metrics.push(read),
        }
        index
    }

    /// Whether a column in the wrong unit for `source` is in the right one for another source of the same metric.
    fn is_read_otherwise(&self, column: &FormColumn, at: usize) -> bool {
        const COUNTED_OR_MEASURED: [Measure; 2] = [Measure::Count, Measure::Days];
        let unit = self.header.columns.get(at).and_then(|column| column.unit());
        column.metric() == Some("absent_days")
            && COUNTED_OR_MEASURED
                .iter()
                .any(|measure| unit.is_some_and(|unit| measure.units().contains(&unit)))
    }

    /// Whether a column of days has hours.
    fn is_in_hours(&self, column: &FormColumn, at: usize) -> bool {
        let unit = self.header.columns.get(at).and_then(|column| column.unit());
        column.measure == Measure::Days && unit.is_some_and(|unit| Measure::Hours.units().contains(&unit))
    }

    /// Whether the file has a column with this usual header, read or not.
    fn is_there(&self, usual: &str) -> bool {
        let mut columns = self.form.columns.iter().filter(|column| column.usual() == usual);
        columns.any(|column| self.header.has(column, self.form.is_exact))
    }

    /// Whether a column with this usual header is read.
    pub fn has(&self, usual: &str) -> bool {
        self.measured.iter().any(|read| read.column.usual() == usual)
    }

    /// Whether anything is read from a column, or watched for in it.
    pub fn reads(&self, at: usize) -> bool {
        let is_watched = || {
            self.foreign.iter().any(|(foreign, _)| *foreign == at)
                || self.timed.iter().any(|timed| timed.at == at)
                || self.unknown_leave.iter().any(|(leave, _)| *leave == at)
        };
        let is_of_month = || [&self.months, &self.years, &self.parts].iter().any(|of| of.contains(&at));
        at == self.employee_no || Some(at) == self.name || self.says(at) || is_watched() || is_of_month()
    }

    /// Whether what stands in a column says something about a person.
    pub fn says(&self, at: usize) -> bool {
        let is_measured = |read: &Measured<'_>| read.at == at || read.twins.contains(&at);
        [self.day, self.external_id].contains(&Some(at)) || self.measured.iter().any(is_measured)
    }

    /// Whether one of the form's columns is called like this one.
    pub fn is_wanted(&self, found: &HeaderColumn) -> bool {
        self.form.columns.iter().any(|column| found.rank(column, self.form.is_exact).is_some())
    }

    /// The column of days, where the form asks for none: each row is of a day, and not of the month. One that is called so
    /// and names months, as `is_of_months` says, is a column of months.
    pub fn unread_day(&mut self, is_of_months: impl Fn(usize) -> bool) -> Option<&str> {
        if self.form.has_day() || self.form.is_exact {
            return None;
        }
        let (of_months, of_days) = self.called(DAYS).partition::<Vec<_>, _>(|at| is_of_months(*at));
        self.months.extend(of_months);
        of_days.first().map(|at| self.shown(*at))
    }

    /// Whether rows say which month, or which year, they are of.
    pub fn has_months(&self) -> bool {
        !self.months.is_empty() || !self.years.is_empty()
    }

    /// The column of records, where the form asks for none.
    pub fn unread_record(&self) -> Option<&str> {
        let found = || self.called(RECORDS).next().map(|at| self.shown(at));
        if self.form.has_day() || self.form.is_exact { None } else { found() }
    }

    /// A column of money that does not say its unit.
    pub fn unitless_money(&self) -> Option<&str> {
        let mut money = self.measured.iter().filter(|read| read.column.is_money());
        let found = money.find(|read| self.header.columns.get(read.at).is_some_and(|at| at.unit().is_none()));
        found.map(|read| self.shown(read.at))
    }

    /// The columns that have one of these names.
    fn called(&self, names: &'static [&'static str]) -> impl Iterator<Item = usize> {
        let is_called = |column: &HeaderColumn| {
            column.names.iter().any(|name| name.unit.is_none() && names.contains(&name.text.as_str()))
        };
        let columns = self.header.columns.iter().enumerate();
        columns.filter(move |(_, column)| is_called(column)).map(|(at, _)| at)
    }

    fn leave_columns(&self) -> Vec<(usize, String)> {
        let columns = self.header.columns.iter().enumerate();
        columns
            .filter(|(at, column)| !self.reads(*at) && !self.is_wanted(column))
            .filter_map(|(at, column)| Some((at, column.leave()?.to_owned())))
            .collect()
    }

    /// A column's header as the file writes it.
    pub fn shown(&self, column: usize) -> &str {
        self.header.shown(column)
    }

    /// From the first column to the last that has a header.
    pub fn width(&self) -> usize {
        self.header.columns.iter().rposition(|column| !column.shown.is_empty()).map_or(0, |last| last + 1)
    }

    /// What is said of it to whoever takes the rows.
    pub fn described(&self) -> TableHeader {
        TableHeader {
            employee_no: self.shown(self.employee_no).to_owned(),
            name: self.name.map(|at| self.shown(at).to_owned()),
            day: self.day.map(|at| self.shown(at).to_owned()),
            notes: self.notes.clone(),
            up_to: None,
        }
    }
}
