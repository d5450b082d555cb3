//! Exports as an Excel workbook: text is text and never a formula, numbers are numbers, days are days.

use chrono::NaiveDateTime;
use rust_decimal::Decimal;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use super::table::{Column, ExportCell, Kind};
use crate::decimal;
use crate::http::{Code, Problem};
use crate::said::say;

/// What an Excel workbook is called on the web.
pub const CONTENT_TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Rows that a worksheet has room for below its header.
const MOST_ROWS: u32 = 1_048_575;

/// Characters that a cell has room for.
const LONGEST_TEXT: usize = 32_767;

/// Digits that a workbook keeps of a number.
const DIGITS: usize = 15;

/// A workbook that is being filled.
pub struct Book {
    workbook: Workbook,
    formats: Formats,
    filled: u32,
}

struct Formats {
    date: Format,
    moment: Format,
}

impl Book {
    /// A workbook of one worksheet with these headers, which stay in sight.
    pub fn begin(name: &str, columns: &[Column]) -> Result<Self, Problem> {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        sheet.set_name(name).map_err(failed)?;
        sheet.set_freeze_panes(1, 0).map_err(failed)?;
        let bold = Format::new().set_bold();
        for (at, column) in (0..).zip(columns) {
            sheet.write_string_with_format(0, at, shortened(&column.header), &bold).map_err(failed)?;
            sheet.set_column_width(at, width(column)).map_err(failed)?;
        }
        let formats = Formats {
            date: Format::new().set_num_format("yyyy-mm-dd"),
            moment: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
        };
        Ok(Self { workbook, formats, filled: 0 })
    }

    /// Adds rows below what is there.
    ///
    /// # Errors
    ///
    /// More rows than a worksheet has room for.
    pub fn add(&mut self, rows: &[Vec<ExportCell>]) -> Result<(), Problem> {
        let sheet = self.workbook.worksheet_from_index(0).map_err(failed)?;
        for row in rows {
            if self.filled >= MOST_ROWS {
                let detail = say!(
                    "一张工作表最多 {MOST_ROWS} 行：请导出为 csv",
                    "a worksheet holds at most {MOST_ROWS} rows: export as csv instead"
                );
                return Err(Problem::new(Code::ValidationFailed, detail));
            }
            self.filled += 1;
            for (at, cell) in (0..).zip(row) {
                write(sheet, self.filled, at, cell, &self.formats).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// The file.
    pub fn finish(mut self) -> Result<Vec<u8>, Problem> {
        self.workbook.save_to_buffer().map_err(failed)
    }
}

fn write(
    sheet: &mut Worksheet,
    row: u32,
    at: u16,
    cell: &ExportCell,
    formats: &Formats,
) -> Result<(), XlsxError> {
    match cell {
        ExportCell::Blank => return Ok(()),
        ExportCell::Text(text) => sheet.write_string(row, at, shortened(text))?,
        // A number with more digits than a workbook keeps would change: it is shown as it is instead.
        ExportCell::Number(number) => match kept(*number) {
            Some(number) => sheet.write_number(row, at, number)?,
            None => sheet.write_string(row, at, decimal::plain(*number))?,
        },
        ExportCell::Date(day) => {
            let midnight = day.and_time(chrono::NaiveTime::MIN);
            sheet.write_datetime_with_format(row, at, excel(midnight)?, &formats.date)?
        }
        ExportCell::Moment(moment) => {
            sheet.write_datetime_with_format(row, at, excel(*moment)?, &formats.moment)?
        }
    };
    Ok(())
}

/// The number in the only form that workbooks store, if that keeps all of its digits. It goes through text: no
/// arithmetic is done on binary fractions.
pub(in crate::spreadsheets) fn kept(number: Decimal) -> Option<f64> {
    let text = decimal::plain(number);
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (digits <= DIGITS).then(|| text.parse().ok()).flatten()
}

fn excel(moment: NaiveDateTime) -> Result<ExcelDateTime, XlsxError> {
    ExcelDateTime::parse_from_str(&moment.format("%Y-%m-%dT%H:%M:%S").to_string())
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST_TEXT / 2).collect()
}

fn width(column: &Column) -> u16 {
    match column.kind {
        Kind::Moment => 20,
        Kind::Date => 12,
        _ => u16::try_from(column.header.chars().count() * 2 + 2).unwrap_or(40).clamp(10, 40),
    }
}

fn failed(error: impl std::fmt::Display) -> Problem {
    Problem::internal(&error)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use calamine::{Data, Reader as _, Xlsx};

    use super::*;

    #[test]
    fn text_is_text_and_numbers_are_numbers() {
        let columns = [Column::new("内容", Kind::Text), Column::new("数", Kind::Number)];
        let mut book = Book::begin("数据", &columns).unwrap();
        let rows = [
            vec![ExportCell::Text("=1+1".to_owned()), ExportCell::Number(Decimal::new(400_005, 1))],
            vec![ExportCell::Date("2014-03-05".parse().unwrap()), ExportCell::Blank],
            vec![
                ExportCell::Text("A01".to_owned()),
                ExportCell::Number("0.1234567890123456789".parse().unwrap()),
            ],
        ];
        book.add(&rows).unwrap();
        let file = book.finish().unwrap();
        let mut read = Xlsx::new(Cursor::new(file.as_slice())).unwrap();
        let range = read.worksheet_range("数据").unwrap();
        assert_eq!(range.get_value((0, 0)), Some(&Data::String("内容".to_owned())));
        assert_eq!(range.get_value((1, 0)), Some(&Data::String("=1+1".to_owned())));
        assert_eq!(range.get_value((1, 1)), Some(&Data::Float(40_000.5)));
        let Some(Data::DateTime(day)) = range.get_value((2, 0)) else { panic!("no day") };
        assert_eq!(day.to_ymd_hms_milli(), (2014, 3, 5, 0, 0, 0, 0));
        assert_eq!(range.get_value((3, 1)), Some(&Data::String("0.1234567890123456789".to_owned())));
        assert!(read.worksheet_formula("数据").unwrap().is_empty());
    }
}
