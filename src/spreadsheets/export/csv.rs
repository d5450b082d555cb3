//! Exports as CSV: UTF-8 with a byte-order mark, without which Excel in China reads GBK, and lines that end in CR LF.

use csv::{QuoteStyle, Terminator, Writer, WriterBuilder};

use super::neutral::neutral;
use super::table::{Column, ExportCell, MOMENT};
use crate::decimal;
use crate::http::Problem;

const MARK: &[u8] = b"\xEF\xBB\xBF";

/// What a CSV file is called on the web.
pub const CONTENT_TYPE: &str = "text/csv; charset=utf-8";

/// The file's beginning: the mark and the headers.
pub fn head(columns: &[Column]) -> Result<Vec<u8>, Problem> {
    let mut writer = writer(MARK.to_vec());
    writer.write_record(columns.iter().map(|column| neutral(&column.header))).map_err(failed)?;
    writer.into_inner().map_err(failed)
}

/// Rows, to follow what was written before.
pub fn rows(rows: &[Vec<ExportCell>]) -> Result<Vec<u8>, Problem> {
    let mut writer = writer(Vec::new());
    for row in rows {
        writer.write_record(row.iter().map(written)).map_err(failed)?;
    }
    writer.into_inner().map_err(failed)
}

/// All text is in quotes: a program that splits at other separators than commas finds no cell of its own inside it.
fn writer(begun: Vec<u8>) -> Writer<Vec<u8>> {
    WriterBuilder::new().terminator(Terminator::CRLF).quote_style(QuoteStyle::NonNumeric).from_writer(begun)
}

fn written(cell: &ExportCell) -> String {
    match cell {
        ExportCell::Blank => String::new(),
        ExportCell::Text(text) => neutral(text),
        ExportCell::Number(number) => decimal::plain(*number),
        ExportCell::Date(day) => day.to_string(),
        ExportCell::Moment(moment) => moment.format(MOMENT).to_string(),
    }
}

fn failed(error: impl std::fmt::Display) -> Problem {
    Problem::internal(&error)
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;
    use crate::spreadsheets::export::table::Kind;

    #[test]
    fn excel_opens_it_as_it_is_meant() {
        let columns = [Column::new("工号", Kind::Text), Column::new("交车台数", Kind::Number)];
        let mut file = head(&columns).unwrap();
        let cells = [
            vec![ExportCell::Text("=1+1".to_owned()), ExportCell::Number(Decimal::new(-125, 1))],
            vec![ExportCell::Text("李\"明\"\r\n;=2".to_owned()), ExportCell::Blank],
            vec![ExportCell::Date("2014-03-05".parse().unwrap()), ExportCell::Number(Decimal::from(7))],
        ];
        file.extend(rows(&cells).unwrap());
        assert_eq!(
            String::from_utf8(file).unwrap(),
            "\u{feff}\"工号\",\"交车台数\"\r\n\"'=1+1\",-12.5\r\n\"李\"\"明\"\"\r\n;=2\",\"\"\r\n\"2014-03-05\",7\r\n"
        );
    }
}
