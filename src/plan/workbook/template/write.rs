//! Writing a template.

use rust_xlsxwriter::{Color, Format, Workbook, Worksheet, XlsxError};

use super::layout::{FLOOR, PENETRATION, Part, STRETCH, TOTAL, VALUE, WEIGHT};
use crate::plan::split::new_plan::LabelWeight;
use crate::plan::workbook::word::{MONTHS, Word};
use crate::said::{Language, say};

/// What a template says before anybody has filled it in.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    /// The language of headers and notes.
    pub language: Language,
    pub unit: String,
    pub unit_name: String,
    pub year: i32,
    /// Metric, its name, and its total where it is known; an amount's in yuan.
    pub lines: Vec<(String, String, Option<i64>)>,
    pub season: Vec<i64>,
    pub people: Vec<PersonRow>,
    /// Names, and what they weigh; 0 is left empty.
    pub channels: Vec<(String, LabelWeight)>,
    pub series: Vec<(String, LabelWeight)>,
    /// What whoever fills it in should know.
    pub notes: Vec<String>,
}

/// A unit, or a person in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PersonRow {
    pub unit: String,
    /// The unit above, empty at the top.
    pub above: String,
    pub employee_no: Option<String>,
    pub name: String,
    pub weight: i64,
}

/// A cell.
enum Cell<'a> {
    Text(&'a str),
    Whole(i64),
    Blank,
}

/// The row of the headers, counted from 0: above it stand the hidden row, the title and the note.
const HEADER_ROW: u32 = 3;

/// The worksheet of what should be known.
const NOTES: Word = Word::new("说明", "Notes");

/// Writes the workbook.
pub(super) fn write(page: &Page) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    for part in Part::ALL {
        let sheet = workbook.add_worksheet();
        sheet.set_name(part.title().of(page.language))?;
        head(sheet, page, part)?;
        for (row, cells) in (HEADER_ROW + 1..).zip(rows(page, part)) {
            for (column, cell) in (0..).zip(cells) {
                put(sheet, row, column, &cell)?;
            }
        }
    }
    if !page.notes.is_empty() {
        let sheet = workbook.add_worksheet();
        sheet.set_name(NOTES.of(page.language))?;
        sheet.set_column_width(0, 90)?;
        for (row, note) in (0..).zip(&page.notes) {
            sheet.write_string(row, 0, note)?;
        }
    }
    workbook.save_to_buffer()
}

fn head(sheet: &mut Worksheet, page: &Page, part: Part) -> Result<(), XlsxError> {
    let header =
        Format::new().set_bold().set_font_color(Color::White).set_background_color(Color::RGB(0x001F_4E78));
    sheet.write_string(0, 0, part.mark(&page.unit, page.year))?;
    sheet.set_row_hidden(0)?;
    let (unit, year, part_name) = (&page.unit_name, page.year, part.title().of(page.language));
    let title = say!("{unit} {year} 年计划：{part_name}", "{unit}, plan of {year}: {part_name}");
    let bold = Format::new().set_bold().set_font_size(14);
    sheet.write_string_with_format(1, 0, title.in_language(page.language), &bold)?;
    sheet.write_string(2, 0, part.note().of(page.language))?;
    // A code such as 007 stays as it is typed.
    let text = Format::new().set_num_format("@");
    for (column, name) in (0..).zip(part.headers()) {
        let is_month = MONTHS.contains(name);
        if !is_month && ![TOTAL, FLOOR, STRETCH, PENETRATION, VALUE, WEIGHT].contains(name) {
            sheet.set_column_format(column, &text)?;
        }
        sheet.set_column_width(column, if is_month { 8 } else { 16 })?;
        sheet.write_string_with_format(HEADER_ROW, column, name.of(page.language), &header)?;
    }
    sheet.set_freeze_panes(HEADER_ROW + 1, 0)?;
    Ok(())
}

fn rows(page: &Page, part: Part) -> Vec<Vec<Cell<'_>>> {
    match part {
        Part::Lines => page.lines.iter().map(|(code, name, total)| line_row(code, name, *total)).collect(),
        Part::Months => {
            let named = MONTHS.iter().zip(&page.season);
            let row = |(month, weight): (&Word, &i64)| {
                vec![Cell::Text(month.of(page.language)), Cell::Whole(*weight)]
            };
            named.map(row).collect()
        }
        Part::People => page.people.iter().map(person_row).collect(),
        Part::Channels => page.channels.iter().map(label_row).collect(),
        Part::Series => page.series.iter().map(label_row).collect(),
    }
}

fn line_row<'a>(code: &'a str, name: &'a str, total: Option<i64>) -> Vec<Cell<'a>> {
    vec![Cell::Text(code), Cell::Text(name), total.map_or(Cell::Blank, Cell::Whole)]
}

fn person_row(row: &PersonRow) -> Vec<Cell<'_>> {
    let number = row.employee_no.as_deref().map_or(Cell::Blank, Cell::Text);
    let above = if row.above.is_empty() { Cell::Blank } else { Cell::Text(&row.above) };
    vec![Cell::Text(&row.unit), above, number, Cell::Text(&row.name), Cell::Whole(row.weight)]
}

fn label_row((name, label): &(String, LabelWeight)) -> Vec<Cell<'_>> {
    let weight = if label.weight == 0 { Cell::Blank } else { Cell::Whole(label.weight) };
    let mut row = vec![Cell::Text(&label.code), Cell::Text(name), weight];
    row.extend(label.months.iter().map(|weight| Cell::Whole(*weight)));
    row
}

fn put(sheet: &mut Worksheet, row: u32, column: u16, cell: &Cell<'_>) -> Result<(), XlsxError> {
    match cell {
        Cell::Text(text) => {
            // What a spreadsheet would take for a formula if somebody edited it is marked as text.
            let is_like_formula = text.starts_with(['=', '+', '-', '@']);
            let format = Format::new().set_num_format("@");
            let format = if is_like_formula { format.set_quote_prefix() } else { format };
            sheet.write_string_with_format(row, column, *text, &format)?;
        }
        Cell::Whole(number) => {
            let exact: f64 =
                number.to_string().parse().map_err(|_| XlsxError::ParameterError(number.to_string()))?;
            sheet.write_number(row, column, exact)?;
        }
        Cell::Blank => {}
    }
    Ok(())
}
