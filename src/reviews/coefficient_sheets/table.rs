//! A sheet as a file that payroll takes away.

use super::{Basis, CoefficientLine, CoefficientSheet};
use crate::http::Problem;
use crate::org::Position;
use crate::spreadsheets::export::csv;
use crate::spreadsheets::export::table::Kind::{Number, Text};
use crate::spreadsheets::export::table::{Column, ExportCell};

const COLUMNS: &[Column] = &[
    Column::new("编号", Text),
    Column::new("行号", Number),
    Column::new("工号", Text),
    Column::new("姓名", Text),
    Column::new("岗位", Text),
    Column::new("考核方案", Text),
    Column::new("考核编号", Text),
    Column::new("修订版", Text),
    Column::new("等级", Text),
    Column::new("绩效系数", Text),
    Column::new("计发依据", Text),
    Column::new("说明", Text),
    Column::new("取代", Text),
];

/// What stands where there is nothing to say: no cell is empty, and none can be taken for 0.
const NONE: &str = "无";

/// The sheet as CSV.
pub fn file(sheet: &CoefficientSheet) -> Result<Vec<u8>, Problem> {
    let mut file = csv::head(COLUMNS)?;
    let rows = sheet.lines.iter().map(|line| row(&sheet.head.sheet, line)).collect::<Vec<_>>();
    file.extend(csv::rows(&rows)?);
    Ok(file)
}

fn row(sheet: &str, line: &CoefficientLine) -> Vec<ExportCell> {
    let text = |text: Option<String>| ExportCell::Text(text.unwrap_or_else(|| NONE.to_owned()));
    let position = Position::named(&line.position).map_or(line.position.as_str(), |known| known.label());
    let replaces = line.replaces.as_ref().map(|before| {
        let said = match (before.basis, &before.grade, before.coefficient) {
            (Basis::Rated, Some(grade), Some(coefficient)) => format!("{grade} {coefficient}"),
            (basis, ..) => basis.label().to_owned(),
        };
        format!("{} 第{}行（{said}）", before.sheet, before.line)
    });
    let coefficient = match line.coefficient {
        Some(coefficient) => ExportCell::Number(coefficient),
        None => ExportCell::Text(line.basis.label().to_owned()),
    };
    vec![
        ExportCell::Text(sheet.to_owned()),
        ExportCell::Number(line.line.into()),
        ExportCell::Text(line.employee_no.clone()),
        ExportCell::Text(line.name.clone()),
        ExportCell::Text(position.to_owned()),
        text(line.scheme.clone()),
        text(line.review.map(|id| id.to_string())),
        text(line.revision.map(|revision| revision.to_string())),
        text(line.grade.clone()),
        coefficient,
        ExportCell::Text(line.basis.label().to_owned()),
        ExportCell::Text(line.sentence.clone()),
        text(replaces),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_runs_in_a_cell_and_no_cell_is_empty() {
        let line = CoefficientLine {
            line: 1,
            employee_no: "A07".to_owned(),
            name: "=HYPERLINK(\"http://example.com\")".to_owned(),
            position: "sales_consultant".to_owned(),
            scheme: None,
            review: None,
            revision: None,
            grade: None,
            coefficient: None,
            basis: Basis::ProtectedLeave,
            sentence: Basis::ProtectedLeave.sentence().to_owned(),
            replaces: None,
        };
        let cells = row("JC-201406-1", &line);
        assert_eq!(cells.len(), COLUMNS.len());
        let file = String::from_utf8(csv::rows(&[cells]).unwrap()).unwrap();
        assert!(file.contains("\"'=HYPERLINK("), "{file}");
        assert!(
            file.contains("\"A07\"") && file.contains("\"销售顾问\"") && file.contains("\"保护性假期\""),
            "{file}"
        );
        assert!(!file.contains("\"\",") && !file.contains(",0,"), "{file}");
    }
}
