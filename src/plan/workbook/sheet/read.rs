//! Reading the workbook again, whoever has saved it since.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{Reader, SheetType, Xlsx};

use super::layout::{
    CHECK, CODE, CONFIRMED, FLOOR, ITEM, MARK, MONTHS, PARENT, STRETCH, SUGGESTED, SUM_MONTHS, SheetOrigin,
    Word, letters, month_header, normal,
};
use super::{MAX_CELL, SheetFault, Tree};
use crate::said::{Said, say};
use crate::spreadsheets::import::number::{Measure, decimal};
use crate::spreadsheets::import::{
    Container, ImportError, Line, MAX_FAULTS, MAX_FILE_BYTES, MAX_ROWS, Value, container, unpack, workbook,
};

/// The hidden row and the headers stand within so many rows from the top.
const SEARCHED_ROWS: u32 = 50;
/// So much of a worksheet's name is kept: Excel's own limit and some more.
const MAX_NAME_CHARS: usize = 64;

/// What an edited workbook says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadSheet {
    /// The plan that the workbook was exported from.
    pub plan_id: i64,
    /// The state of the plan's row at the export.
    pub row_version: i32,
    /// The confirmed rows, in the order of the file; every node stands there at most once.
    pub cells: Vec<ReadRow>,
    /// The rows of what the program gives, which may not be edited.
    pub given: Vec<(Given, ReadRow)>,
}

/// What the program gives beside the confirmed values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// 建议
    Suggested,
    /// 保底
    Floor,
    /// 挑战
    Stretch,
}

/// The confirmed months of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadRow {
    /// Name of the worksheet, whatever it is called by now.
    pub sheet: String,
    /// The row as the spreadsheet shows it, counted from 1.
    pub row: u32,
    /// Code of the metric.
    pub metric: String,
    /// The tree.
    pub tree: Tree,
    /// Code of the node.
    pub code: String,
    /// Code of the unit above; empty where there is none.
    pub parent: String,
    /// January to December in pieces or cents; `None` for an empty cell.
    pub months: [Option<i64>; 12],
    /// The months' columns, counted from 0, so that a fault can name the cell.
    pub columns: [usize; 12],
}

/// Reads the confirmed values of a workbook made by [`super::write`].
///
/// Worksheets are known by the hidden row, columns by their headers, rows by 编码, 上级编码 and 项目, all in Chinese or in English; so
/// rows and columns may stand in any order, with others between them. Rows without a code, rows of checks, and worksheets that no
/// plan was exported to are passed over. A number typed over the formula of a quarter or the year is a fault unless it is what
/// the months come to. Numbers may be text, with thousands separators, full-width digits and
/// 台 or 元.
///
/// A cell with a formula has the value that it had when the file was saved, as though somebody had typed it; formulas
/// are never evaluated. A formula that was saved without a value is an empty cell.
///
/// # Errors
///
/// Everything that is wrong, up to [`MAX_FAULTS`] faults: a file that is no workbook, too large or no export of a plan;
/// missing, unknown or doubled headers; a node that stands there twice; a cell that is not a whole number (for amounts,
/// yuan with at most two decimals) from 0 to [`MAX_CELL`].
pub fn read(bytes: &[u8]) -> Result<ReadSheet, Vec<SheetFault>> {
    let reading = opened(bytes).map_err(|error| vec![error.into()])?;
    reading.finish()
}

fn opened(bytes: &[u8]) -> Result<Reading, ImportError> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(ImportError::TooLarge);
    }
    match container(bytes)? {
        Container::Workbook => {
            unpack::check(Cursor::new(bytes))?;
        }
        Container::Text => return Err(ImportError::no_workbook()),
    }
    // calamine panics on malformed cell references, see `workbook::read`.
    catch_unwind(AssertUnwindSafe(|| unguarded(bytes))).unwrap_or_else(|_| Err(ImportError::malformed()))
}

fn unguarded(bytes: &[u8]) -> Result<Reading, ImportError> {
    let mut book = Xlsx::new(Cursor::new(bytes)).map_err(workbook::damaged)?;
    let sheets = book.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let names: Vec<String> = sheets.map(|sheet| sheet.name.clone()).collect();
    let mut reading = Reading::default();
    for name in names {
        let mut cells = book.worksheet_cells_reader(&name).map_err(workbook::damaged)?;
        let shown = name.chars().take(MAX_NAME_CHARS).collect();
        let formulas = RefCell::default();
        reading.worksheet(shown, &mut workbook::lines_noting(&mut cells, &formulas), &formulas)?;
    }
    Ok(reading)
}

/// What has been read so far.
#[derive(Default)]
struct Reading {
    /// What the first worksheet was exported from.
    plan: Option<(i64, i32)>,
    /// The worksheet of each line and tree.
    pages: HashMap<(String, Tree), String>,
    cells: Vec<ReadRow>,
    given: Vec<(Given, ReadRow)>,
    faults: Vec<SheetFault>,
    /// Rows of all worksheets.
    rows: u32,
}

/// A worksheet whose head is understood.
struct Page {
    name: String,
    origin: SheetOrigin,
    code: usize,
    parent: usize,
    item: usize,
    months: [usize; 12],
    /// The columns of the quarters and the year, as far as they are there.
    sums: [Option<usize>; 5],
    /// The row of each node.
    nodes: HashMap<(String, String), u32>,
}

impl Reading {
    fn finish(mut self) -> Result<ReadSheet, Vec<SheetFault>> {
        if self.faults.len() > MAX_FAULTS {
            self.faults.truncate(MAX_FAULTS);
            self.faults.push(ImportError::TooManyFaults.into());
        }
        match self.plan {
            Some((plan_id, row_version)) if self.faults.is_empty() => {
                Ok(ReadSheet { plan_id, row_version, cells: self.cells, given: self.given })
            }
            None if self.faults.is_empty() => {
                let expected = say!(
                    "这不是从本系统导出的计划工作簿（找不到隐藏的标记行），请重新导出后再修改",
                    "this is no workbook of a plan exported from here (its hidden row is not there): export it again, then edit it"
                );
                Err(vec![SheetFault::file(Said::same(""), expected)])
            }
            _ => Err(self.faults),
        }
    }

    /// Notes a fault; of those beyond the most that are reported only that there are some.
    fn fault(
        &mut self,
        sheet: &str,
        row: u32,
        column: Option<usize>,
        found: impl Into<Found>,
        expected: Said,
    ) {
        if self.faults.len() <= MAX_FAULTS {
            self.faults.push(SheetFault {
                worksheet: Some(sheet.to_owned()),
                row: (row > 0).then_some(row),
                column: column.map(letters),
                found: found.into().0,
                expected,
            });
        }
    }

    fn worksheet(
        &mut self,
        name: String,
        lines: &mut dyn Iterator<Item = Result<Line, ImportError>>,
        formulas: &RefCell<HashSet<(u32, usize)>>,
    ) -> Result<(), ImportError> {
        let mut mark: Option<(u32, usize, String)> = None;
        let mut header: Option<Line> = None;
        for line in &mut *lines {
            let line = self.counted(line)?;
            if line.row > SEARCHED_ROWS {
                break;
            }
            let marked =
                line.cells.iter().map(Value::shown).enumerate().find(|(_, text)| text.starts_with(MARK));
            // The first counts: a title may begin like a mark.
            if let (None, Some((column, text))) = (&mark, marked) {
                mark = Some((line.row, column, text));
            } else if is_header(&line) {
                header = Some(line);
                break;
            }
        }
        let Some((row, column, text)) = mark else {
            if header.is_some() {
                let expected = say!(
                    "隐藏的第 1 行已丢失，无法确认数据来自哪个计划，请重新导出后再修改",
                    "the hidden row 1 is lost, so nobody knows which plan this is of: export it again, then edit it"
                );
                self.fault(&name, 1, None, "", expected);
            }
            return Ok(());
        };
        let Some(origin) = self.origin(&name, (row, column), &text) else { return Ok(()) };
        let Some(header) = header else {
            let expected = say!(
                "前 {SEARCHED_ROWS} 行中找不到含“编码”“项目”和月份的表头",
                "there is no header row with 'Code', 'Item' and the months within the first {SEARCHED_ROWS} rows"
            );
            self.fault(&name, 0, None, "", expected);
            return Ok(());
        };
        let Some(mut page) = self.page(name, origin, &header) else { return Ok(()) };
        for line in lines {
            let line = self.counted(line)?;
            let is_typed = |column: usize| !formulas.borrow().contains(&(line.row, column));
            self.line(&mut page, &line, &is_typed);
            formulas.borrow_mut().retain(|(row, _)| *row > line.row);
        }
        Ok(())
    }

    fn counted(&mut self, line: Result<Line, ImportError>) -> Result<Line, ImportError> {
        self.rows += 1;
        if self.rows > MAX_ROWS { Err(ImportError::TooManyRows) } else { line }
    }

    /// What the worksheet was exported from, if it goes with the others.
    fn origin(&mut self, name: &str, (row, column): (u32, usize), text: &str) -> Option<SheetOrigin> {
        let Some(origin) = SheetOrigin::read(text) else {
            let expected = say!(
                "标记已被修改或版本不符，请重新导出后再修改",
                "the mark has been changed, or is of another version: export it again, then edit it"
            );
            self.fault(name, row, Some(column), text, expected);
            return None;
        };
        let found = (origin.plan_id, origin.row_version);
        let (plan_id, row_version) = *self.plan.get_or_insert(found);
        if found != (plan_id, row_version) {
            let expected = say!(
                "与其他工作表来自同一次导出：计划 {plan_id}，修订 {row_version}",
                "expected the same export as the other worksheets: plan {plan_id}, revision {row_version}"
            );
            let found = say!("计划 {}，修订 {}", "plan {}, revision {}", found.0, found.1);
            self.fault(name, row, Some(column), found, expected);
            return None;
        }
        let key = (origin.metric.clone(), origin.tree);
        if let Some(first) = self.pages.get(&key) {
            let expected = say!(
                "与工作表“{first}”是同一张表，每张表只能有一份，请删除多余的",
                "this is the same as worksheet '{first}': delete one of them"
            );
            self.fault(name, row, None, "", expected);
            return None;
        }
        self.pages.insert(key, name.to_owned());
        Some(origin)
    }

    /// Finds the columns.
    fn page(&mut self, name: String, origin: SheetOrigin, header: &Line) -> Option<Page> {
        let before = self.faults.len();
        let mut found: HashMap<Word, usize> = HashMap::new();
        for (column, cell) in header.cells.iter().enumerate() {
            let text = normal(&cell.shown());
            let sums = SUM_MONTHS.map(|(header, ..)| header);
            let mut headers = [CODE, PARENT, ITEM].into_iter().chain(MONTHS).chain(sums);
            match headers.find(|header| header.is(&text)) {
                Some(word) => {
                    let first = *found.entry(word).or_insert(column);
                    if first != column {
                        let (Word { zh, en }, first) = (word, letters(first));
                        let expected = Said::both(
                            format!("“{zh}”只能有一列，{first} 列已是"),
                            format!("there is a column '{en}' already: {first}"),
                        );
                        self.fault(&name, header.row, Some(column), cell.shown(), expected);
                    }
                }
                None if month_header(&text) => {
                    let expected = say!(
                        "不是能识别的月份，表头应为“1月”至“12月”",
                        "this is no month: expected '1月' to '12月', or 'Jan' to 'Dec'"
                    );
                    self.fault(&name, header.row, Some(column), cell.shown(), expected);
                }
                None => {}
            }
        }
        let mut column = |word: Word| {
            let column = found.get(&word).copied();
            if column.is_none() {
                let Word { zh, en } = word;
                let expected =
                    Said::both(format!("表头缺少“{zh}”列"), format!("the header row has no column '{en}'"));
                self.fault(&name, header.row, None, "", expected);
            }
            column.unwrap_or_default()
        };
        let (code, parent, item, months) =
            (column(CODE), column(PARENT), column(ITEM), MONTHS.map(&mut column));
        let sums = SUM_MONTHS.map(|(header, ..)| found.get(&header).copied());
        let page = Page { name, origin, code, parent, item, months, sums, nodes: HashMap::new() };
        (self.faults.len() == before).then_some(page)
    }

    fn line(&mut self, page: &mut Page, line: &Line, is_typed: &dyn Fn(usize) -> bool) {
        let text = |column: usize| line.cell(column).shown();
        let (code, parent, item) = (text(page.code), text(page.parent), text(page.item));
        let meant = normal(&item);
        let is = |word: Word| word.is(&meant);
        if is(CHECK) {
            return;
        }
        if !is(CONFIRMED) {
            // Without a code the row is somebody's own: a remark, a total.
            if code.is_empty() {
                return;
            }
            let given = [(SUGGESTED, Given::Suggested), (FLOOR, Given::Floor), (STRETCH, Given::Stretch)];
            if let Some((_, given)) = given.into_iter().find(|(word, _)| is(*word)) {
                return self.given(given, page, line, (code, parent), is_typed);
            }
            let expected = Said::fixed("应为“建议”或“确定”", "expected 'Suggested' or 'Confirmed'");
            return self.fault(&page.name, line.row, Some(page.item), item, expected);
        }
        if code.is_empty() {
            let expected = Said::fixed("“确定”行缺少编码", "the row 'Confirmed' has no code");
            return self.fault(&page.name, line.row, Some(page.code), "", expected);
        }
        let first = *page.nodes.entry((code.clone(), parent.clone())).or_insert(line.row);
        if first != line.row {
            let expected = say!(
                "每个节点只能有一行“确定”，第 {first} 行已是",
                "there is a row 'Confirmed' of this already: row {first}"
            );
            self.fault(&page.name, line.row, Some(page.code), code.as_str(), expected);
        }
        let read = self.months(page, line, (code, parent), &expected(page.origin.is_amount), is_typed);
        self.cells.extend(read);
    }
}

impl Reading {
    /// A row of what the program gives, kept to be compared with that.
    fn given(
        &mut self,
        given: Given,
        page: &Page,
        line: &Line,
        node: (String, String),
        is_typed: &dyn Fn(usize) -> bool,
    ) {
        let read = self.months(page, line, node, &GIVEN_EDITED, is_typed);
        self.given.extend(read.map(|row| (given, row)));
    }

    /// The months of a row; with a fault nothing is given back, so nothing more needs to be kept.
    fn months(
        &mut self,
        page: &Page,
        line: &Line,
        (code, parent): (String, String),
        expected: &Said,
        is_typed: &dyn Fn(usize) -> bool,
    ) -> Option<ReadRow> {
        let months = page.months.map(|column| match value(line.cell(column), page.origin.is_amount) {
            Ok(value) => value,
            Err(found) => {
                self.fault(&page.name, line.row, Some(column), found, expected.clone());
                None
            }
        });
        self.sums(page, line, &months, is_typed);
        self.faults.is_empty().then(|| ReadRow {
            sheet: page.name.clone(),
            row: line.row,
            metric: page.origin.metric.clone(),
            tree: page.origin.tree,
            code,
            parent,
            months,
            columns: page.months,
        })
    }

    /// Refuses a quarter or a year that somebody has typed, unless it is what the months come to.
    fn sums(
        &mut self,
        page: &Page,
        line: &Line,
        months: &[Option<i64>; 12],
        is_typed: &dyn Fn(usize) -> bool,
    ) {
        for (column, (header, from, to)) in page.sums.iter().zip(SUM_MONTHS) {
            let Some(column) = column.filter(|column| is_typed(*column)) else { continue };
            let cell = line.cell(column);
            let of_months: i64 = months.iter().take(to).skip(from).flatten().sum();
            let is_sum = matches!(value(cell, page.origin.is_amount), Ok(found) if found == Some(of_months));
            if !cell.is_blank() && !is_sum {
                let Word { zh, en } = header;
                let expected = Said::both(
                    format!("“{zh}”由月份相加得出，不能直接填：请改各月，或恢复公式"),
                    format!("'{en}' is the sum of its months: change them, or put the formula back"),
                );
                self.fault(&page.name, line.row, Some(column), cell.shown(), expected);
            }
        }
    }
}

/// What is said of a suggestion, a floor or a stretch that somebody has changed.
pub(super) const GIVEN_EDITED: Said = Said::fixed(
    "“建议”“保底”“挑战”行由程序给出，不能修改：请改同一节点的“确定”行",
    "the rows 'Suggested', 'Floor' and 'Stretch' are what the program gives: change the row 'Confirmed' of the same place instead",
);

/// What stands somewhere: a cell's text, or a sentence about it.
struct Found(Said);

impl From<&str> for Found {
    fn from(text: &str) -> Self {
        Self(Said::same(text))
    }
}

impl From<String> for Found {
    fn from(text: String) -> Self {
        Self(Said::same(text))
    }
}

impl From<Said> for Found {
    fn from(said: Said) -> Self {
        Self(said)
    }
}

/// Whether the line has at least two of the headers that are looked for.
fn is_header(line: &Line) -> bool {
    let known = |cell: &&Value| {
        let text = normal(&cell.shown());
        [CODE, PARENT, ITEM].into_iter().chain(MONTHS).any(|word| word.is(&text))
    };
    line.cells.iter().filter(known).count() >= 2
}

/// A cell's value in pieces or cents, or the text that is none.
fn value(cell: &Value, is_amount: bool) -> Result<Option<i64>, String> {
    let (measure, decimals) = if is_amount { (Measure::Amount, 2) } else { (Measure::Count, 0) };
    let number = match cell {
        Value::Blank => return Ok(None),
        Value::Number(number) => decimal(*number),
        Value::Text(text) => measure.written(text),
        Value::Other(_) => None,
    };
    let units = number.map(|number| number.normalize()).filter(|number| number.scale() <= decimals);
    let units = units.and_then(|mut number| {
        // Two places more make cents of yuan, exactly.
        number.rescale(decimals);
        if number.scale() == decimals { i64::try_from(number.mantissa()).ok() } else { None }
    });
    units.filter(|units| (0..=MAX_CELL).contains(units)).map(Some).ok_or_else(|| cell.shown())
}

/// What should stand in a cell.
pub(super) const fn expected(is_amount: bool) -> Said {
    if is_amount {
        Said::fixed(
            "应为金额（元，不小于 0，最多两位小数），例如 40,000.50",
            "expected an amount in yuan from 0 with at most two decimals, such as 40,000.50",
        )
    } else {
        Said::fixed("应为不小于 0 的整数，例如 12", "expected a whole number from 0, such as 12")
    }
}
