//! Finding the header: which row it is, what its one or two rows call each column, and which columns are meant.

mod bands;
mod column;
mod name;
mod twins;

pub(in crate::spreadsheets) use self::bands::is_bounded;
pub(in crate::spreadsheets) use self::column::{HeaderColumn, unit};
pub(in crate::spreadsheets) use self::name::{HeaderName, is_same_unit, is_unit, name, normal};
use self::name::{MONTH_SUMS, only_unit};
pub(in crate::spreadsheets) use self::twins::Twins;
use super::form::{FormColumn, To};
use super::number::half_width;
use super::{Form, ImportError, Line, Value};

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

/// What stands beside somebody's number and name, and says nothing about a month.
const ABOUT_PERSON: &[&str] = &[
    "部门",
    "部门名称",
    "门店",
    "店名",
    "店",
    "小组",
    "组",
    "组别",
    "团队",
    "班组",
    "区域",
    "公司",
    "岗位",
    "职位",
    "职务",
    "级别",
    "性别",
    "考勤组",
    "userid",
    "账号",
    "帐号",
    "所属规则",
    "序号",
    "入职日期",
    "离职日期",
    "状态",
    "手机",
    "手机号",
    "电话",
];

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
    /// Whether the row below has parts of its parts: nobody knows then what stands under the others.
    goes_on: bool,
    /// The unit that a title says its money is in: `单位：万元`.
    pub stated_unit: Option<String>,
    pub columns: Vec<HeaderColumn>,
}

/// What money is counted in besides yuan, the longer words first.
const MONEY_UNITS: &[&str] = &["百万元", "千万元", "十万元", "万元", "千元", "百元", "亿元"];

/// The unit that a text says money is in, unless that is yuan: `单位：万元`, `单位：台、万元`, `金额均为万元`. 1000万元 is an amount,
/// and 每万元 a rate.
pub(super) fn money_unit(text: &str) -> Option<String> {
    let text = normal(text);
    let is_unit_at = |at: usize| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        !before.is_some_and(|c| c.is_ascii_digit() || matches!(c, '每' | '.' | '几' | '数'))
    };
    let mut words = MONEY_UNITS.iter();
    let named = words.find(|word| text.match_indices(**word).any(|(at, _)| is_unit_at(at)));
    let listed = || {
        let (_, said) = text.split_once("单位")?;
        let mut listed = said.split([':', '、', ',', ';', '/', '(', ')', '和', '及', '，', '。']);
        let is_large = |unit: &&str| is_unit(unit) && unit.contains(['万', '千', '百', '亿', 'w', 'k']);
        listed.find(is_large)
    };
    named.copied().or_else(listed).map(str::to_owned)
}

/// The unit that the lines above say the money below them is in. Of a line of groups only what is said of all of them
/// counts: `单位：万元`, or nothing but a unit.
fn stated_unit(titles: &[Line], groups: Option<&Line>) -> Option<String> {
    let above = titles.iter().filter(|line| Some(line.row) != groups.map(|groups| groups.row));
    let of_all = |text: &str| normal(text).contains("单位") || only_unit(&normal(text)).is_some();
    let groups =
        groups.into_iter().flat_map(|line| &line.cells).map(Value::shown).filter(|text| of_all(text));
    let mut texts = above.flat_map(|line| &line.cells).map(Value::shown).chain(groups);
    texts.find_map(|text| money_unit(&text))
}

/// A row of totals: its employee number says so, or it has none, and the first thing in it, or what stands where names
/// do, says what it is.
pub(super) fn is_total(line: &Line, employee_no: &Value, name: Option<&Value>) -> bool {
    let first = || line.cells.iter().find(|cell| !cell.is_blank());
    says_total(employee_no) || employee_no.is_blank() && first().into_iter().chain(name).any(says_total)
}

/// 合计, 本页小计, 总计(12人), 共12人 and the like.
pub(super) fn says_total(cell: &Value) -> bool {
    const TOTALS: &[&str] = &["合计", "总计", "小计", "共计", "累计"];
    const WORDS: &[&str] = &[
        "汇总",
        "总和",
        "平均",
        "平均值",
        "平均数",
        "人均",
        "店均",
        "月均",
        "均值",
        "全店",
        "全员",
        "全部",
        "本店",
        "total",
        "grandtotal",
        "subtotal",
        "sum",
        "average",
        "最大值",
        "最小值",
        "∑",
    ];
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
                if let Some(mut header) = found.filter(|header| header.has(employee_no, form.is_exact)) {
                    if header.goes_on {
                        return Err(ImportError::TallHeader(header.last_row + 1));
                    }
                    header.put_second_table_aside(form, head);
                    header.look_at_units(head);
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
        let mut columns = columns.collect::<Vec<_>>();
        bands::name(&mut columns);
        let titles = head.get(..at).unwrap_or_default();
        let groups = above.filter(|_| below.is_none());
        let stated_unit = stated_unit(titles, groups);
        let third = below.and_then(|below| head.get(at + 2).filter(|line| line.row == below.row + 1));
        let goes_on = third.is_some_and(|third| is_third_row(main, lower, third, is_person));
        let (main, last_row) = (main.clone(), lower.row);
        Some(Self { main, first_row, last_row, fields, goes_on, stated_unit, columns })
    }

    /// Finds the columns of which 万元 is said because their numbers, which are yuan, are shown so.
    fn look_at_units(&mut self, head: &[Line]) {
        let (last_row, stated) = (self.last_row, self.stated_unit.is_some());
        for (at, column) in self.columns.iter_mut().enumerate() {
            let is_large =
                stated || column.unit().is_some_and(|unit| money_unit(unit).is_some() || unit == "万");
            let lines = head.iter().filter(|line| line.row > last_row);
            let mut numbers = lines.filter(|line| matches!(line.cell(at), Value::Number(_))).peekable();
            if is_large && numbers.peek().is_some() && numbers.all(|line| line.larger.contains(&at)) {
                column.take_for_yuan();
            }
        }
    }

    /// The first column of another table beside the one that is read: one that has people of its own.
    pub(super) fn beside(&self) -> Option<usize> {
        self.columns.iter().position(|column| column.is_beside)
    }

    /// Where the header names people once more behind something else, another table begins: what stands there is theirs.
    /// Two tables with the same columns remain, so that neither is taken for the other.
    fn put_second_table_aside(&mut self, form: &Form, head: &[Line]) {
        let person = |column: &HeaderColumn| {
            let is_no = column.rank_of(EMPLOYEE_NO).is_some();
            let is_known = |to: &To| {
                let mut columns = form.columns.iter().filter(|known| known.to == *to);
                columns.any(|known| column.rank(known, form.is_exact).is_some())
            };
            match () {
                () if is_no || is_known(&To::EmployeeNo) => Some(To::EmployeeNo),
                () if column.rank_of(NAME).is_some() || is_known(&To::Name) => Some(To::Name),
                () => None,
            }
        };
        let (mut seen, mut is_apart, mut gap, mut begin) = (Vec::new(), false, None, None);
        for (at, column) in self.columns.iter().enumerate() {
            match person(column) {
                Some(to) if is_apart && seen.contains(&to) => {
                    begin = gap.or(Some(at));
                    break;
                }
                Some(to) => {
                    seen.push(to);
                    (is_apart, gap) = (false, None);
                }
                None if column.shown.is_empty() => (is_apart, gap) = (true, Some(at + 1)),
                None if column.rank_of(ABOUT_PERSON).is_some() => {}
                // An exact form has been confirmed by somebody who saw the columns.
                None => is_apart |= !form.is_exact,
            }
        }
        let Some(begin) = begin.or_else(|| self.table_of_things(form, head)) else { return };
        let is_same = |column: &HeaderColumn| {
            self.columns.get(..begin).unwrap_or_default().iter().any(|first| {
                person(first) == Some(To::EmployeeNo) && normal(&first.shown) == normal(&column.shown)
            })
        };
        if !self.columns.get(begin..).unwrap_or_default().iter().any(is_same) {
            self.columns.iter_mut().skip(begin).for_each(HeaderColumn::put_aside);
        }
    }

    /// Where another table begins that is about things: behind a column without anything in it stands one with words that
    /// nobody looks for.
    fn table_of_things(&self, form: &Form, head: &[Line]) -> Option<usize> {
        const OF_A_ROW: &[&str] = &["备注", "说明", "签字", "签名", "日期"];
        let below = || head.iter().filter(|line| line.row > self.last_row);
        let is_gap = |at: usize| {
            self.columns.get(at).is_some_and(|column| column.shown.is_empty())
                && below().all(|line| line.cell(at).is_blank())
        };
        let is_wanted = |column: &HeaderColumn| {
            let known = form.columns.iter().any(|known| column.rank(known, form.is_exact).is_some());
            known || column.rank_of(ABOUT_PERSON).is_some() || column.rank_of(OF_A_ROW).is_some()
        };
        let is_words = |at: usize| {
            let mut cells = below().map(|line| line.cell(at)).filter(|cell| !cell.is_blank()).peekable();
            cells.peek().is_some()
                && cells.all(|cell| matches!(cell, Value::Text(text) if !starts_with_digit(text)))
        };
        let begins = |(at, column): &(usize, &HeaderColumn)| {
            let gap = at.checked_sub(1).is_some_and(is_gap);
            gap && !column.shown.is_empty() && !is_wanted(column) && is_words(*at)
        };
        // Before it there is a table already.
        let is_measured = |column: &HeaderColumn| {
            let mut known = form.columns.iter().filter(|known| known.is_measured());
            known.any(|known| column.rank(known, form.is_exact).is_some())
        };
        let first = self.columns.iter().position(is_measured).filter(|_| !form.is_exact)?;
        let mut columns = self.columns.iter().enumerate().skip(first + 1);
        columns.find(begins).map(|(at, _)| at)
    }

    /// Whether a column is called like one of a form.
    pub(super) fn has(&self, column: &FormColumn, is_exact: bool) -> bool {
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
        if let Some((at, _)) = best
            && column.twins == Twins::Compared
        {
            return self.whole(column, at).map(FoundColumn::At);
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

/// Where a column is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FoundColumn {
    At(usize),
    /// One is called so, but measures in something else.
    InAnotherUnit(usize),
    Nowhere,
}

/// A title stands alone in its row, however many cells it is merged over; groups come in numbers.
fn is_title(line: &Line) -> bool {
    line.cells.iter().filter(|cell| !cell.is_blank()).count() == 1
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| half_width(c).is_ascii_digit())
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

/// Whether `third` goes on with a header of two rows: it has words, and nothing else, of which one stands where neither row
/// has any, as the second part of a part does.
fn is_third_row(main: &Line, lower: &Line, third: &Line, is_person: &dyn Fn(&Value) -> bool) -> bool {
    let filled = || third.cells.iter().enumerate().filter(|(_, cell)| !cell.is_blank());
    let is_word =
        |cell: &Value| matches!(cell, Value::Text(text) if !text.contains(|c: char| c.is_ascii_digit()));
    let is_below_nothing = |at: usize| main.cell(at).is_blank() && lower.cell(at).is_blank();
    filled().all(|(at, cell)| is_word(cell) && !is_person(main.cell(at)) && !is_person(lower.cell(at)))
        && filled().any(|(at, _)| at < lower.cells.len().max(main.cells.len()) && is_below_nothing(at))
        && !is_total(third, &Value::Blank, None)
}
