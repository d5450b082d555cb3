//! Reading a template that somebody has filled in.

use std::collections::{HashMap, HashSet};
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use calamine::{Reader, SheetType, Xlsx};
use rust_decimal::Decimal;

use super::layout::{
    ABOVE, CODE, FLOOR, MARK, MONTH, NUMBER, PENETRATION, Part, STRETCH, TOTAL, UNIT, VALUE, WEIGHT,
};
use crate::http::{FieldError, Problem};
use crate::ledger::metric::{Catalogue, Kind};
use crate::plan::split::method::Method;
use crate::plan::split::new_plan::{LabelWeight, Levels, MemberWeight, NewLine, NewPlan, UnitWeight};
use crate::plan::workbook::word::{MONTHS, Word, normal};
use crate::said::{Said, say};
use crate::spreadsheets::import::number::{Measure, decimal};
use crate::spreadsheets::import::{
    Container, ImportError, Line, MAX_FILE_BYTES, Value, container, unpack, workbook,
};

/// Most rows of a worksheet: a person a row, as many as a plan can have.
const MOST_ROWS: usize = 60_000;
/// Faults that are reported; a file with more is the wrong file.
const MOST_FAULTS: usize = 100;

/// The plan that a template says, away from the threads that answer.
///
/// # Errors
///
/// Every row at fault, with its worksheet.
pub async fn read(bytes: Vec<u8>, catalogue: Arc<Catalogue>) -> Result<NewPlan, Problem> {
    tokio::task::spawn_blocking(move || read_now(&bytes, &catalogue))
        .await
        .map_err(|error| Problem::internal(&error))?
}

pub(super) fn read_now(bytes: &[u8], catalogue: &Catalogue) -> Result<NewPlan, Problem> {
    let sheets = sheets(bytes)?;
    let mut reading = Reading { catalogue, faults: Vec::new() };
    let plan = reading.plan(sheets);
    match plan.filter(|_| reading.faults.is_empty()) {
        Some(plan) => Ok(plan),
        None => {
            reading.faults.truncate(MOST_FAULTS);
            if reading.faults.is_empty() {
                let message = say!(
                    "这不是从本系统导出的计划模板，请重新导出后再填写",
                    "this is no template of a plan exported from here: export it again, then fill it in"
                );
                reading.faults.push(FieldError::new("file", message));
            }
            Err(Problem::fields(reading.faults))
        }
    }
}

/// The worksheets that are a template's, each with its lines.
fn sheets(bytes: &[u8]) -> Result<Vec<(String, Vec<Line>)>, ImportError> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(ImportError::TooLarge);
    }
    match container(bytes)? {
        Container::Workbook => {
            unpack::check(Cursor::new(bytes))?;
        }
        Container::Text => return Err(ImportError::no_workbook()),
    }
    // The reader panics on malformed cell references, see `workbook::read`.
    catch_unwind(AssertUnwindSafe(|| {
        let mut book = Xlsx::new(Cursor::new(bytes)).map_err(workbook::damaged)?;
        let names = book.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
        let names: Vec<String> = names.map(|sheet| sheet.name.clone()).collect();
        let mut sheets = Vec::new();
        for name in names {
            let mut cells = book.worksheet_cells_reader(&name).map_err(workbook::damaged)?;
            let lines = workbook::lines(&mut cells).take(MOST_ROWS).collect::<Result<Vec<_>, _>>()?;
            sheets.push((name.chars().take(64).collect(), lines));
        }
        Ok(sheets)
    }))
    .unwrap_or_else(|_| Err(ImportError::malformed()))
}

struct Reading<'a> {
    catalogue: &'a Catalogue,
    faults: Vec<FieldError>,
}

/// A worksheet whose head is understood.
struct Sheet {
    name: String,
    columns: HashMap<Word, usize>,
    lines: Vec<Line>,
}

impl Sheet {
    fn cell<'a>(&self, line: &'a Line, header: Word) -> &'a Value {
        self.columns.get(&header).map_or(&Value::Blank, |column| line.cell(*column))
    }

    fn text(&self, line: &Line, header: Word) -> String {
        self.cell(line, header).shown()
    }
}

impl Reading<'_> {
    fn fault(&mut self, sheet: &str, row: u32, message: Said) {
        let field = if row == 0 { sheet.to_owned() } else { format!("{sheet} {row}") };
        self.faults.push(FieldError::new(field, message));
    }

    fn plan(&mut self, sheets: Vec<(String, Vec<Line>)>) -> Option<NewPlan> {
        let mut of: Option<(i32, String)> = None;
        let mut parts: HashMap<Part, Sheet> = HashMap::new();
        for (name, lines) in sheets {
            let marked = lines.first().map(|line| line.cell(0).shown()).filter(|text| text.starts_with(MARK));
            let Some(text) = marked else { continue };
            let Some((part, year, unit)) = Part::read(&text) else {
                let message = say!(
                    "标记已被修改或版本不符，请重新导出后再填写",
                    "the mark has been changed, or is of another version: export it again, then fill it in"
                );
                self.fault(&name, 1, message);
                continue;
            };
            let found = (year, unit);
            if *of.get_or_insert_with(|| found.clone()) != found {
                let message = say!(
                    "与其他工作表不是同一份模板",
                    "this is of another template than the other worksheets"
                );
                self.fault(&name, 1, message);
                continue;
            }
            let Some(sheet) = self.head(name, part, lines) else { continue };
            if let Some(first) = parts.get(&part) {
                let message = say!(
                    "与工作表“{}”重复，只能有一张",
                    "this is the same as worksheet '{}': delete one of them",
                    first.name
                );
                self.fault(&sheet.name, 0, message);
                continue;
            }
            parts.insert(part, sheet);
        }
        let (year, unit) = of?;
        let lines = match parts.remove(&Part::Lines) {
            Some(sheet) => self.lines(&sheet),
            None => {
                let Word { zh, en } = Part::Lines.title();
                let message =
                    Said::both(format!("缺少工作表“{zh}”"), format!("there is no worksheet '{en}'"));
                self.fault("file", 0, message);
                Vec::new()
            }
        };
        let season = parts.remove(&Part::Months).map(|sheet| self.season(&sheet)).unwrap_or_default();
        let units = parts.remove(&Part::People).map(|sheet| self.units(&sheet)).unwrap_or_default();
        let mut labels = |part: Part| {
            let sheet = parts.remove(&part);
            sheet.map(|sheet| self.labels(&sheet)).unwrap_or_default()
        };
        let (channels, series) = (labels(Part::Channels), labels(Part::Series));
        let mut lines = lines.into_iter();
        let first = lines.next()?;
        Some(NewPlan {
            unit,
            year,
            metric: first.metric,
            total: first.total.unwrap_or(0),
            levels: first.levels,
            method: Method::Season,
            season,
            units,
            channels,
            series,
            lines: lines.collect(),
            pins: Vec::new(),
        })
    }

    fn head(&mut self, name: String, part: Part, lines: Vec<Line>) -> Option<Sheet> {
        let mut columns = HashMap::new();
        let mut rest = lines.into_iter().skip(1);
        for line in rest.by_ref().take(20) {
            for (column, cell) in line.cells.iter().enumerate() {
                let text = normal(&cell.shown());
                if let Some(header) = part.headers().iter().find(|header| header.is(&text)) {
                    columns.entry(*header).or_insert(column);
                }
            }
            if part.needed().iter().all(|header| columns.contains_key(header)) {
                return Some(Sheet { name, columns, lines: rest.collect() });
            }
            columns.clear();
        }
        let message = Said::both(
            format!(
                "找不到表头，应有：{}",
                part.needed().iter().map(|word| word.zh).collect::<Vec<_>>().join("、")
            ),
            format!(
                "there is no header row: expected {}",
                part.needed().iter().map(|word| word.en).collect::<Vec<_>>().join(", ")
            ),
        );
        self.fault(&name, 0, message);
        None
    }

    fn lines(&mut self, sheet: &Sheet) -> Vec<NewLine> {
        let mut found = Vec::new();
        for (index, line) in sheet.lines.iter().enumerate() {
            let metric = sheet.text(line, CODE);
            if metric.is_empty() {
                continue;
            }
            let known = self.catalogue.find(&metric).and_then(|id| self.catalogue.get(id));
            let is_amount = known.is_some_and(|metric| metric.kind == Kind::Amount);
            let total = self.units_of(sheet, line, TOTAL, is_amount);
            let penetration = self.number(sheet, line, PENETRATION);
            let value_per_unit = self.units_of(sheet, line, VALUE, true);
            if index == 0 && total.is_none() {
                let Word { zh, en } = TOTAL;
                let message = Said::both(
                    format!("“{metric}”是主指标，必须填“{zh}”"),
                    format!("'{metric}' is the first line: expected a number in '{en}'"),
                );
                self.fault(&sheet.name, line.row, message);
            }
            if index > 0 && total.is_none() && penetration.is_none() {
                continue;
            }
            let levels = Levels {
                floor: self.units_of(sheet, line, FLOOR, is_amount),
                stretch: self.units_of(sheet, line, STRETCH, is_amount),
            };
            found.push(NewLine { metric, total, penetration, value_per_unit, levels });
        }
        found
    }

    fn season(&mut self, sheet: &Sheet) -> Vec<i64> {
        let mut months: [Option<i64>; 12] = [None; 12];
        for line in &sheet.lines {
            let text = sheet.text(line, MONTH);
            if text.is_empty() && sheet.cell(line, WEIGHT).is_blank() {
                continue;
            }
            let named = MONTHS.iter().position(|month| month.is(&normal(&text)));
            let number = text.trim_end_matches('份').trim_end_matches('月').trim().parse::<usize>().ok();
            let index = named.or_else(|| number?.checked_sub(1));
            let Some(slot) = index.and_then(|index| months.get_mut(index)) else {
                let message = say!("“{text}”应为 1月 至 12月", "'{text}': expected Jan to Dec, or 1 to 12");
                self.fault(&sheet.name, line.row, message);
                continue;
            };
            if slot.is_some() {
                self.fault(&sheet.name, line.row, say!("“{text}”有两行", "'{text}' has two rows"));
                continue;
            }
            // A number that is none is a fault by itself.
            let before = self.faults.len();
            *slot = self.weight(sheet, line).or((self.faults.len() > before).then_some(0));
        }
        self.all_twelve(&sheet.name, 0, &months);
        months.map(Option::unwrap_or_default).to_vec()
    }

    /// Nothing is not 0: a month that was left out would get no target.
    fn all_twelve(&mut self, name: &str, row: u32, months: &[Option<i64>; 12]) {
        let missing =
            MONTHS.iter().zip(months).filter(|(_, weight)| weight.is_none()).map(|(month, _)| *month);
        let missing: Vec<Word> = missing.collect();
        if missing.is_empty() {
            return;
        }
        let message = Said::both(
            format!(
                "缺少{}的权重：没有的填 0",
                missing.iter().map(|month| month.zh).collect::<Vec<_>>().join("、")
            ),
            format!(
                "there is no weight of {}: write 0 for none",
                missing.iter().map(|month| month.en).collect::<Vec<_>>().join(", ")
            ),
        );
        self.fault(name, row, message);
    }

    fn labels(&mut self, sheet: &Sheet) -> Vec<LabelWeight> {
        let mut found = Vec::new();
        for line in &sheet.lines {
            let code = sheet.text(line, CODE);
            let weight = self.weight(sheet, line);
            let months = MONTHS.map(|month| match sheet.cell(line, month) {
                Value::Blank => None,
                // A number that is none is a fault by itself.
                _ => Some(self.units_of(sheet, line, month, false).unwrap_or(0)),
            });
            let is_by_month = months.iter().any(Option::is_some);
            if weight.is_none() && !is_by_month {
                continue;
            }
            if code.is_empty() {
                let Word { zh, en } = CODE;
                let message = Said::both(format!("这一行没有“{zh}”"), format!("this row has no '{en}'"));
                self.fault(&sheet.name, line.row, message);
                continue;
            }
            if is_by_month {
                self.all_twelve(&sheet.name, line.row, &months);
            }
            let months = months.into_iter().flatten().collect();
            found.push(LabelWeight { code, weight: weight.unwrap_or(0), months });
        }
        found
    }

    /// The tree of units, with their people.
    fn units(&mut self, sheet: &Sheet) -> Vec<UnitWeight> {
        let mut units: Vec<(String, UnitWeight)> = Vec::new();
        let mut people: Vec<(u32, String, MemberWeight)> = Vec::new();
        for line in &sheet.lines {
            let (unit, above, employee_no) =
                (sheet.text(line, UNIT), sheet.text(line, ABOVE), sheet.text(line, NUMBER));
            if unit.is_empty() && employee_no.is_empty() {
                continue;
            }
            if unit.is_empty() {
                let Word { zh, en } = UNIT;
                let message =
                    Said::both(format!("{employee_no} 缺少“{zh}”"), format!("{employee_no} has no '{en}'"));
                self.fault(&sheet.name, line.row, message);
                continue;
            }
            let Some(weight) = self.weight(sheet, line) else {
                let message = Said::fixed(
                    "缺少“权重”：没有份额的填 0，不参加的删去整行",
                    "there is no 'Weight': write 0 for no share, and delete the row of whoever takes no part",
                );
                self.fault(&sheet.name, line.row, message);
                continue;
            };
            if employee_no.is_empty() {
                units.push((above, UnitWeight { unit, weight, units: Vec::new(), members: Vec::new() }));
            } else {
                people.push((line.row, unit, MemberWeight { employee_no, weight }));
            }
        }
        for (row, code, member) in people {
            match units.iter_mut().find(|(_, unit)| unit.unit == code) {
                Some((_, unit)) => unit.members.push(member),
                None => {
                    let message = say!(
                        "单位“{code}”没有自己的一行（工号为空的行）",
                        "unit '{code}' has no row of its own, without an employee number"
                    );
                    self.fault(&sheet.name, row, message);
                }
            }
        }
        let listed: HashSet<String> = units.iter().map(|(_, unit)| unit.unit.clone()).collect();
        let (top, mut below): (Vec<_>, Vec<_>) =
            units.into_iter().partition(|(above, _)| above.is_empty() || !listed.contains(above));
        let mut top: Vec<UnitWeight> = top.into_iter().map(|(_, unit)| unit).collect();
        for unit in &mut top {
            attach(unit, &mut below);
        }
        for (above, unit) in below {
            let message = say!(
                "“{}”的上级“{above}”又在它自己下面",
                "'{}' stands below '{above}', which stands below it",
                unit.unit
            );
            self.fault(&sheet.name, 0, message);
        }
        top
    }

    fn weight(&mut self, sheet: &Sheet, line: &Line) -> Option<i64> {
        self.units_of(sheet, line, WEIGHT, false)
    }

    /// Whole units, or the cents of yuan.
    fn units_of(&mut self, sheet: &Sheet, line: &Line, header: Word, is_amount: bool) -> Option<i64> {
        let number = self.number(sheet, line, header)?;
        let scaled = if is_amount { number.checked_mul(Decimal::ONE_HUNDRED) } else { Some(number) };
        let units = scaled
            .map(|units| units.normalize())
            .filter(|units| units.scale() == 0 && !units.is_sign_negative());
        match units.and_then(|units| i64::try_from(units).ok()) {
            Some(units) => Some(units),
            None => {
                let (zh, en) = if is_amount {
                    (
                        "不小于 0 的金额（元），最多两位小数",
                        "an amount in yuan from 0 with at most two decimals",
                    )
                } else {
                    ("不小于 0 的整数", "a whole number from 0")
                };
                let message = Said::both(
                    format!("“{}”填的是 {number}，应为{zh}", header.zh),
                    format!("'{}' is {number}: expected {en}", header.en),
                );
                self.fault(&sheet.name, line.row, message);
                None
            }
        }
    }

    fn number(&mut self, sheet: &Sheet, line: &Line, header: Word) -> Option<Decimal> {
        let cell = sheet.cell(line, header);
        let number = match cell {
            Value::Blank => return None,
            Value::Number(number) => decimal(*number),
            Value::Text(text) => match text.strip_suffix(['%', '％']) {
                Some(percent) => Measure::Amount
                    .written(percent)
                    .and_then(|number| number.checked_div(Decimal::ONE_HUNDRED)),
                None => Measure::Amount.written(text),
            },
            Value::Other(_) => None,
        };
        if number.is_none() {
            let (Word { zh, en }, shown) = (header, cell.shown());
            let message = Said::both(
                format!("“{zh}”填的是“{shown}”，应为数字"),
                format!("'{en}' is '{shown}': expected a number"),
            );
            self.fault(&sheet.name, line.row, message);
        }
        number
    }
}

/// Puts what stands below a unit where it belongs, all the way down.
fn attach(unit: &mut UnitWeight, waiting: &mut Vec<(String, UnitWeight)>) {
    let (own, rest): (Vec<_>, Vec<_>) =
        std::mem::take(waiting).into_iter().partition(|(above, _)| *above == unit.unit);
    *waiting = rest;
    unit.units = own.into_iter().map(|(_, unit)| unit).collect();
    for below in &mut unit.units {
        attach(below, waiting);
    }
}
