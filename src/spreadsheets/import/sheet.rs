//! Reading the lines of a file by a form.

use std::sync::Arc;

use chrono::Datelike as _;
use rust_decimal::Decimal;

use super::among::Among;
use super::broken::Broken;
use super::doubts::Doubts;
use super::form::is_nothing;
use super::header::{Header, HeaderColumn, SEARCHED_ROWS, is_total, money_unit, normal, says_total};
use super::layout::Layout;
use super::months::{self, Months, RowMonth};
use super::number::half_width;
use super::parts::Parts;
use super::reading::{Reading, is_shifted, read_cells, read_key};
use super::span::{Mention, mentions};
use super::title::{self, Titled};
use super::torn::Torn;
use super::traditional::in_simplified;
use super::unread::{Unread, Watch};
use super::{
    Asked, Cell, Fault, Form, Found, ImportError, Line, Lines, MAX_FAULTS, Place, ReadColumn, SheetRow, Sink,
    Surroundings, Value,
};
use crate::period::Period;
use crate::said::{Said, say};

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
    let titles = head.iter().filter(|line| line.row < last_row).map(Line::in_simplified).collect::<Vec<_>>();
    let (above, upper): (Vec<_>, Vec<_>) = titles.iter().partition(|line| line.row < layout.header.first_row);
    let worksheet = around.place.worksheet.map(in_simplified);
    let file_name = in_simplified(around.asked.file_name);
    let around = &Surroundings {
        asked: Asked { file_name: &file_name, ..around.asked },
        place: Place { worksheet: worksheet.as_deref(), ..around.place },
    };
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
    let up_to = titled.up_to;
    header.up_to = up_to;
    header.notes.extend(titled.doubt);
    header.notes.extend(hidden(around.place.hidden_rows));
    header.notes.extend(hidden_columns(&layout, around.place.hidden_columns));
    let hidden_worksheets = around.place.hidden_worksheets.join("、");
    if !hidden_worksheets.is_empty() {
        header.notes.push(say!(
            "隐藏的工作表未读取：{hidden_worksheets}",
            "hidden worksheets are not read: {hidden_worksheets}"
        ));
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
        doubts: Doubts::default(),
        parts: Parts::default(),
        derived: Vec::new(),
        faults: 0,
    };
    let (mut is_empty, mut is_dated) = (true, None);
    for line in head.into_iter().filter(|line| line.row > last_row).map(Ok).chain(rest) {
        let found = table.read(&line?)?;
        if !table.among.belated.is_empty() {
            let faults = std::mem::take(&mut table.among.belated);
            table.parts.refuse_rows(&faults);
            sink(Found::Faults { of: None, faults })?;
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
    let Table { torn, months, watch, faults, doubts, mut parts, .. } = table;
    let mut belated = torn.faults(&layout);
    belated.extend(months.faults(&layout));
    if faults + belated.len() > MAX_FAULTS {
        return Err(ImportError::TooManyFaults);
    }
    parts.refuse_rows(&belated);
    if !belated.is_empty() {
        sink(Found::Faults { of: None, faults: belated })?;
    }
    let (rows, of_totals, several) = parts.done();
    for row in rows {
        (is_empty, is_dated) = (false, Some(row.day.is_some() && is_dated != Some(false)));
        sink(Found::Row(row))?;
    }
    for (employee_no, faults) in of_totals {
        is_empty = false;
        sink(Found::Faults { of: Some(employee_no), faults })?;
    }
    if several > 0 {
        sink(Found::Note(in_parts(&layout, several)))?;
    }
    if is_empty && let Some(refusal) = months.refusal(around.asked.period) {
        return Err(refusal);
    }
    let mut unread = watch.done(&layout);
    let of_others = months.unread(&layout);
    unread.asked.extend(of_others.asked);
    unread.others.extend(of_others.others);
    unread.asked.extend(doubts.asks(up_to.or(around.asked.within).map(|day| day.day())));
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
fn hidden(rows: &[u32]) -> Option<Said> {
    const SHOWN: usize = 10;
    let shown = rows.iter().take(SHOWN).map(ToString::to_string).collect::<Vec<_>>().join("、");
    let more = if rows.len() > SHOWN { "……" } else { "" };
    (!rows.is_empty()).then(|| {
        say!(
            "工作表里有 {} 个隐藏的行（第 {shown}{more} 行），与其他行一样读取",
            "the worksheet has {} hidden rows ({shown}{more}): they are read as the others",
            rows.len()
        )
    })
}

/// What is said of columns that nobody who looks at the sheet sees, and that are read.
fn hidden_columns(layout: &Layout<'_>, runs: &[(usize, usize)]) -> Option<Said> {
    let is_hidden = |at: &usize| runs.iter().any(|(first, last)| (*first..=*last).contains(at));
    let read = (0..layout.width()).filter(|at| layout.reads(*at)).filter(is_hidden);
    let read = read.map(|at| format!("“{}”", layout.shown(at))).collect::<Vec<_>>().join("、");
    (!read.is_empty()).then(|| {
        say!(
            "工作表里有隐藏的列（{read}），与其他列一样读取",
            "the worksheet has hidden columns ({read}): they are read as the others"
        )
    })
}

/// What is said of rows that are added up.
fn in_parts(layout: &Layout<'_>, several: usize) -> Said {
    let columns = layout.parts.iter().map(|at| layout.shown(*at)).collect::<Vec<_>>().join("、");
    say!(
        "{several} 人按“{columns}”分成几行：各行相加",
        "{several} people have several rows, by '{columns}': these are added up"
    )
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
    doubts: Doubts,
    parts: Parts,
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
        let said = match layout.has_months() {
            _ if is_shifted(layout, line) => None,
            true => Some(months::of_row(layout, line, self.period)),
            false => months::of_day(layout, line, self.period),
        };
        if said.as_ref().is_some_and(|said| self.months.is_another(line.row, said)) {
            return Ok(None);
        }
        if let Some(RowMonth::Unclear(at)) = said {
            let period = self.period;
            let expected =
                say!("{period} 的数，月份写成 {period}", "a number of {period}, with the month as {period}");
            reading.fault(Some(layout.shown(at)), &line.spread(at).shown(), expected);
        }
        let is_total_of_parts = layout.parts.iter().any(|at| says_total(line.spread(*at)));
        let key = read_key(&mut reading, layout, line);
        let key = match is_total_of_parts {
            true => key.0.map(|employee_no| (employee_no, key.1, key.2)),
            false => self.among.admit(&mut reading, layout, line, key),
        };
        let is_torn = self.is_torn(&mut reading, line, employee_no);
        // Of a torn line nobody knows what stands under which header.
        if read_cells(&mut reading, layout, line) && !is_torn {
            self.torn.look(line, layout.width());
            self.watch.look(line, 0);
        }
        (layout.form.finish)(&mut reading);
        if let Some((employee_no, day, external_id)) = key.filter(|_| reading.faults.is_empty()) {
            let name = name.filter(|name| !is_nothing(name)).map(|name| name.shown().into());
            if !layout.form.is_export {
                self.doubts.look(&reading, day.is_none() && external_id.is_none());
            }
            let balance = reading.balance.take();
            let hours = std::mem::take(&mut reading.hours).into();
            let values = self.cells(reading);
            let row = SheetRow { row: line.row, employee_no, name, day, external_id, values, hours, balance };
            if !layout.is_in_parts() {
                return Ok(Some(Found::Row(row)));
            }
            let employee_no = row.employee_no.clone();
            let fault = self.parts.take(
                row,
                is_total_of_parts,
                layout.shown(layout.name.unwrap_or(layout.employee_no)),
            );
            self.faults += usize::from(fault.is_some());
            return Ok(fault.map(|fault| Found::Faults { of: Some(employee_no), faults: vec![fault] }));
        }
        self.faults += reading.faults.len();
        if self.faults > MAX_FAULTS {
            return Err(ImportError::TooManyFaults);
        }
        let of = read_key(&mut Reading::new(self.period, line.row), layout, line).0;
        of.iter().for_each(|employee_no| self.parts.refuse(employee_no));
        Ok(Some(Found::Faults { of, faults: reading.faults }))
    }

    /// Whether a line is the other half of the one before it, which a line break has torn: both are faults.
    fn is_torn(&mut self, reading: &mut Reading<'_>, line: &Line, employee_no: &Value) -> bool {
        let Some(before) = self.broken.look(line, self.layout.width(), employee_no) else { return false };
        let fields = line.fields.unwrap_or_default();
        let found = say!("{fields} 列", "{fields} columns");
        let expected = |other: u32| {
            say!(
                "一行：像是与第 {other} 行同为一行，被其中的换行拆开了",
                "one row: it looks like one with row {other}, which a line break within has torn"
            )
        };
        reading.fault_of(None, found.clone(), expected(before));
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
        let shown = line.cells.iter().map(|cell| in_simplified(&cell.shown()).into_owned());
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
        let text = in_simplified(&title.shown()).into_owned();
        let period = self.period;
        let is_another = |said: &Mention| match *said {
            Mention::Days(from, to) => (from, to) != (period.first_day(), period.last_day()),
            Mention::Month(month) => month != period,
            Mention::MonthOfYear(month) => month != period.month(),
            Mention::Day(..) | Mention::Months | Mention::Unclear => false,
        };
        match *mentions(&text, period.year()) {
            [ref said] if is_another(said) && (!is_footer(title) || title::is_about_values(&text)) => {
                let place = say!("表中间的标题", "a title within the table");
                let (found, asked) = (Said::same(text), Said::same(period.to_string()));
                Err(ImportError::WrongPeriod { place, found, asked })
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
    let text = in_simplified(text);
    text.contains([':', '：']) || WORDS.iter().any(|word| text.starts_with(word))
}
