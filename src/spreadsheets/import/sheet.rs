//! Reading the lines of a file by a form.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::among::Among;
use super::broken::Broken;
use super::form::is_nothing;
use super::header::{Header, HeaderColumn, SEARCHED_ROWS, is_total, money_unit, normal};
use super::layout::Layout;
use super::months::{self, Months, RowMonth};
use super::number::half_width;
use super::reading::{Reading, is_shifted, read_cells, read_key};
use super::span::{Mention, mentions};
use super::title::{self, Titled};
use super::torn::Torn;
use super::unread::{Unread, Watch};
use super::{
    Cell, Fault, Form, Found, ImportError, Line, Lines, MAX_FAULTS, ReadColumn, SheetRow, Sink, Surroundings,
    Value,
};
use crate::period::Period;

/// Reads one table.
pub(super) fn read(
    form: &Form,
    lines: &mut Lines<'_>,
    around: &Surroundings<'_>,
    sink: &mut Sink<'_>,
) -> Result<(), ImportError> {
    read_until(form, lines, around, sink, false)
}

/// Finds out whether the lines are a table that has a row, good or not.
pub(super) fn try_rows(
    form: &Form,
    lines: &mut Lines<'_>,
    around: &Surroundings<'_>,
) -> Result<(), ImportError> {
    read_until(form, lines, around, &mut |_| Ok(()), true)
}

/// Reads one table; to its first row where no more is wanted than to know whether it is one.
fn read_until(
    form: &Form,
    lines: &mut Lines<'_>,
    around: &Surroundings<'_>,
    sink: &mut Sink<'_>,
    is_only_tried: bool,
) -> Result<(), ImportError> {
    let mut head = Vec::new();
    let mut rest = lines.peekable();
    // One row more than is searched: the header may have a second one.
    while let Some(line) = rest.next_if(|line| !matches!(line, Ok(line) if line.row > SEARCHED_ROWS + 1)) {
        head.push(line?);
    }
    let mut header = Header::find(&head, around.asked.period.month(), form)?;
    let of_sheet = || money_unit(around.place.worksheet.unwrap_or_default());
    header.stated_unit = header.stated_unit.take().or_else(of_sheet);
    let mut layout = Layout::new(form, header)?;
    let last_row = layout.header.last_row;
    let below = || head.iter().filter(|line| line.row > last_row);
    let names_months = |at: usize| {
        let mut cells = below().map(|line| line.spread(at)).filter(|cell| !is_nothing(cell)).peekable();
        cells.peek().is_some() && cells.all(|cell| months::names_month(cell, around.asked.period))
    };
    let day = layout.unread_day(names_months).map(str::to_owned);
    let (above, upper): (Vec<_>, Vec<_>) =
        head.iter().filter(|line| line.row < last_row).partition(|line| line.row < layout.header.first_row);
    if !form.is_exact && !form.has_targets() {
        title::refuse_plans(&above, around)?;
    }
    let (titled, refusal) = match title::check(&above, &upper, around) {
        Ok(titled) => (titled, None),
        // Rows that name their day say themselves which month they are of: the title of a week does not cover it. Nor does
        // that of a year where they name their month.
        Err(refusal) if form.has_day() || layout.has_months() && title::is_of_longer(&above, around) => {
            (Titled::default(), Some(refusal))
        }
        Err(refusal) => return Err(refusal),
    };
    if let Some(day) = day {
        return Err(ImportError::DailySheet(day));
    }
    if let Some(record) = layout.unread_record() {
        return Err(ImportError::RecordSheet(record.to_owned()));
    }
    let mut header = layout.described();
    header.up_to = titled.up_to;
    header.notes.extend(titled.doubt);
    header.notes.extend(hidden(around.place.hidden_rows));
    header.notes.extend(hidden_columns(&layout, around.place.hidden_columns));
    let hidden_worksheets = around.place.hidden_worksheets.join("、");
    if !hidden_worksheets.is_empty() {
        header.notes.push(format!("隐藏的工作表未读取：{hidden_worksheets}"));
    }
    sink(Found::Header(header))?;

    let mut table = Table {
        layout: &layout,
        period: around.asked.period,
        among: Among::default(),
        torn: Torn::default(),
        broken: Broken::default(),
        months: Months::default(),
        watch: Watch::new(&layout),
        derived: Vec::new(),
        faults: 0,
    };
    let (mut is_empty, mut is_dated) = (true, None);
    for line in head.into_iter().filter(|line| line.row > last_row).map(Ok).chain(rest) {
        let found = table.read(&line?)?;
        if !table.among.belated.is_empty() {
            sink(Found::Faults { of: None, faults: std::mem::take(&mut table.among.belated) })?;
        }
        let Some(found) = found else { continue };
        is_empty = false;
        if let Found::Row(row) = &found {
            is_dated = Some(row.day.is_some() && is_dated != Some(false));
        }
        sink(found)?;
        if is_only_tried && refusal.is_none() {
            break;
        }
    }
    let Table { torn, months, watch, faults, .. } = table;
    let mut belated = torn.faults(&layout);
    belated.extend(months.faults(&layout));
    if faults + belated.len() > MAX_FAULTS {
        return Err(ImportError::TooManyFaults);
    }
    if !belated.is_empty() {
        sink(Found::Faults { of: None, faults: belated })?;
    }
    if is_empty && let Some(refusal) = months.refusal(around.asked.period) {
        return Err(refusal);
    }
    let mut unread = watch.done(&layout);
    let of_others = months.unread(&layout);
    unread.asked.extend(of_others.asked);
    unread.others.extend(of_others.others);
    if unread != Unread::default() {
        sink(Found::Unread(unread))?;
    }
    match refusal {
        _ if is_empty => Err(ImportError::NoRows),
        Some(refusal) if is_dated != Some(true) && !months.are_all_said() => Err(refusal),
        _ => Ok(()),
    }
}

/// What is said of rows that nobody who looks at the sheet sees.
fn hidden(rows: &[u32]) -> Option<String> {
    const SHOWN: usize = 10;
    let shown = rows.iter().take(SHOWN).map(ToString::to_string).collect::<Vec<_>>().join("、");
    let more = if rows.len() > SHOWN { "……" } else { "" };
    (!rows.is_empty())
        .then(|| format!("工作表里有 {} 个隐藏的行（第 {shown}{more} 行），与其他行一样读取", rows.len()))
}

/// What is said of columns that nobody who looks at the sheet sees, and that are read.
fn hidden_columns(layout: &Layout<'_>, runs: &[(usize, usize)]) -> Option<String> {
    let is_hidden = |at: &usize| runs.iter().any(|(first, last)| (*first..=*last).contains(at));
    let read = (0..layout.width()).filter(|at| layout.reads(*at)).filter(is_hidden);
    let read = read.map(|at| format!("“{}”", layout.shown(at))).collect::<Vec<_>>().join("、");
    (!read.is_empty()).then(|| format!("工作表里有隐藏的列（{read}），与其他列一样读取"))
}

/// A table while it is read.
struct Table<'a> {
    layout: &'a Layout<'a>,
    period: Period,
    among: Among,
    torn: Torn,
    broken: Broken,
    months: Months,
    watch: Watch,
    /// Metrics that follow from several columns, with the header that they are said to stand under.
    derived: Vec<Arc<ReadColumn>>,
    faults: usize,
}

impl Table<'_> {
    fn read(&mut self, line: &Line) -> Result<Option<Found>, ImportError> {
        let layout = self.layout;
        let employee_no = line.spread(layout.employee_no);
        let name = layout.name.map(|column| line.spread(column));
        let heads = layout.form.employee_no()?;
        if line.cells.iter().any(|cell| heads.is_named_by(cell)) {
            let first = layout.header.main.row;
            return match self.is_another_header(line) {
                true => Err(ImportError::AnotherHeader { row: line.row, first }),
                false => Ok(None),
            };
        }
        if let Some(beside) = layout.header.beside() {
            // The other table may have more rows than the one that is read.
            self.watch.look(line, beside);
        }
        if is_total(line, employee_no, name) {
            return Ok(None);
        }
        if is_page_title(line) || self.is_note(line, employee_no, name) {
            self.refuse_month(line)?;
            return self.refuse_unit(line).map(|()| None);
        }
        let mut reading = Reading::new(self.period, line.row);
        if layout.has_months() && !is_shifted(layout, line) {
            let said = months::of_row(layout, line, self.period);
            if self.months.is_another(line.row, &said) {
                return Ok(None);
            }
            if let RowMonth::Unclear(at) = said {
                let expected = format!("{} 的数，月份写成 {}", self.period, self.period);
                reading.fault(Some(layout.shown(at)), &line.spread(at).shown(), expected);
            }
        }
        let key = read_key(&mut reading, layout, line);
        let key = self.among.admit(&mut reading, layout, line, key);
        let is_torn = self.is_torn(&mut reading, line, employee_no);
        // Of a torn line nobody knows what stands under which header.
        if read_cells(&mut reading, layout, line) && !is_torn {
            self.torn.look(line, layout.width());
            self.watch.look(line, 0);
        }
        (layout.form.finish)(&mut reading);
        if let Some((employee_no, day, external_id)) = key.filter(|_| reading.faults.is_empty()) {
            let name = name.filter(|name| !is_nothing(name)).map(|name| name.shown().into());
            let balance = reading.balance.take();
            let hours = std::mem::take(&mut reading.hours).into();
            let values = self.cells(reading);
            let row = SheetRow { row: line.row, employee_no, name, day, external_id, values, hours, balance };
            return Ok(Some(Found::Row(row)));
        }
        self.faults += reading.faults.len();
        if self.faults > MAX_FAULTS {
            return Err(ImportError::TooManyFaults);
        }
        let of = read_key(&mut Reading::new(self.period, line.row), layout, line).0;
        Ok(Some(Found::Faults { of, faults: reading.faults }))
    }

    /// Whether a line is the other half of the one before it, which a line break has torn: both are faults.
    fn is_torn(&mut self, reading: &mut Reading<'_>, line: &Line, employee_no: &Value) -> bool {
        let Some(before) = self.broken.look(line, self.layout.width(), employee_no) else { return false };
        let found = format!("{} 列", line.fields.unwrap_or_default());
        let expected = |other: u32| format!("一行：像是与第 {other} 行同为一行，被其中的换行拆开了");
        reading.fault(None, &found, expected(before));
        let (row, column) = (Some(before), None);
        self.among.belated.push(Fault { row, column, found, expected: expected(line.row) });
        true
    }

    /// Whether a header within the table has other columns than the first where values are read, or would be.
    fn is_another_header(&self, line: &Line) -> bool {
        let layout = self.layout;
        let width = line.cells.len().max(layout.width());
        (0..width)
            .filter(|at| layout.header.differs(line, *at))
            .any(|at| layout.reads(at) || layout.is_wanted(&HeaderColumn::alone(line.cell(at))))
    }

    /// Refuses a table below which it says that its money is in another unit.
    fn refuse_unit(&self, line: &Line) -> Result<(), ImportError> {
        const SAYING: &[&str] = &["单位", "均为", "均以", "以万元"];
        let shown = line.cells.iter().map(Value::shown);
        let mut said = shown.filter(|text| SAYING.iter().any(|word| text.contains(word)));
        let money = self.layout.unitless_money().filter(|_| said.any(|text| money_unit(&text).is_some()));
        match money {
            Some(column) => {
                Err(ImportError::WrongUnit { column: column.to_owned(), expected: "元".to_owned() })
            }
            None => Ok(()),
        }
    }

    /// Refuses a table within which the title of another month stands: what follows is of that one.
    fn refuse_month(&self, line: &Line) -> Result<(), ImportError> {
        let mut cells = line.cells.iter().filter(|cell| !cell.is_blank());
        let (Some(title), None) = (cells.next(), cells.next()) else { return Ok(()) };
        let text = title.shown();
        let period = self.period;
        let is_another = |said: &Mention| match *said {
            Mention::Days(from, to) => (from, to) != (period.first_day(), period.last_day()),
            Mention::Month(month) => month != period,
            Mention::MonthOfYear(month) => month != period.month(),
            Mention::Day(..) | Mention::Months | Mention::Unclear => false,
        };
        match *mentions(&text, period.year()) {
            [ref said] if is_another(said) && !is_footer(title) => {
                let (place, asked) = ("表中间的标题", period.to_string());
                Err(ImportError::WrongPeriod { place, found: text, asked })
            }
            _ => Ok(()),
        }
    }

    /// Whether the line is nobody's: it has no 工号, or words of a footer there, and nothing where values are read. It
    /// may be a third row of the header, the second row of one that is repeated, a note or a signature. Somebody with a
    /// name and anything where values are read is somebody.
    fn is_note(&self, line: &Line, employee_no: &Value, name: Option<&Value>) -> bool {
        let said =
            || line.cells.iter().enumerate().filter(|(at, _)| self.layout.says(*at)).map(|(_, cell)| cell);
        let is_named = name.is_some_and(|name| !name.is_blank() && !is_footer(name));
        if employee_no.is_blank() && is_named && said().any(|cell| !cell.is_blank()) {
            return false;
        }
        let is_value = |cell: &Value| match cell {
            Value::Text(text) => text.chars().any(|c| half_width(c).is_ascii_digit()),
            other => !other.is_blank(),
        };
        (employee_no.is_blank() || is_footer(employee_no)) && !said().any(is_value)
    }

    /// The values of a row that is in order, one for each metric that has any.
    fn cells(&mut self, reading: Reading<'_>) -> Box<[Cell]> {
        let mut sums: Vec<Option<Decimal>> = vec![None; self.layout.metrics.len()];
        for read in &reading.read {
            if let Some(sum) = read.metric.and_then(|metric| sums.get_mut(metric)) {
                *sum = Some(sum.unwrap_or_default() + read.value);
            }
        }
        let derived = reading.derived.into_iter().map(|(metric, shown, value)| {
            let known = self.derived.iter().find(|known| known.metric == metric && known.shown == shown);
            let column = known.cloned().unwrap_or_else(|| {
                let column = Arc::new(ReadColumn { metric: metric.to_owned(), shown });
                self.derived.push(Arc::clone(&column));
                column
            });
            Cell { column, value: value.normalize() }
        });
        let measured =
            self.layout.metrics.iter().zip(sums).filter_map(|(column, sum)| {
                Some(Cell { column: Arc::clone(column), value: sum?.normalize() })
            });
        derived.chain(measured).collect()
    }
}

/// Whether a line within the table is the title that printed pages repeat, their number, or the name of the team below it:
/// 2015年5月考勤汇总表, 第2页, 销售一组.
fn is_page_title(line: &Line) -> bool {
    let mut cells = line.cells.iter().filter(|cell| !cell.is_blank());
    let (Some(Value::Text(text)), None) = (cells.next(), cells.next()) else { return false };
    let text = normal(text);
    let is_page = text.starts_with('第') && text.contains('页');
    let is_words = !text.contains(|c: char| c.is_ascii_alphanumeric());
    is_page || is_words || text.chars().count() > 4 && text.ends_with(['表', '店', '司', '单', '报'])
}

/// 制表人：李文, 备注 and the like.
fn is_footer(cell: &Value) -> bool {
    const WORDS: &[&str] = &["备注", "注", "说明", "制表", "审核", "填表"];
    let Value::Text(text) = cell else { return false };
    text.contains([':', '：']) || WORDS.iter().any(|word| text.starts_with(word))
}
