//! A sheet of monthly targets, as a manufacturer sends it: a row a month, or a row a series with the months across.
//!
//! Which columns hold what is said by whoever sends it in, or known by the usual headers; it is never guessed between two.
//! What is wrong is said in Chinese, with the row as the spreadsheet shows it, like the faults of every other sheet.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{FieldError, Problem};
use crate::plan::split::tree::Months;
use crate::said::{Said, say};
use crate::spreadsheets::import::number::{Measure, decimal, half_width};
use crate::spreadsheets::import::{Content, ImportError, Line, Value, container_of, tables};
use crate::spreadsheets::mapping::store::Mapping;
use crate::spreadsheets::mapping::{Target, header_of};

/// Usual headers of the column of months.
const MONTH: &[&str] = &["月份", "月", "期间", "month", "period"];
/// Usual headers of the column of targets.
const VALUE: &[&str] = &[
    "任务",
    "目标",
    "任务台数",
    "目标台数",
    "提车任务",
    "提车目标",
    "批售任务",
    "零售任务",
    "target",
    "task",
];
/// Usual headers of the column of series.
const SERIES: &[&str] = &["车系", "车型", "系列", "series", "model"];
/// The header stands within so many lines.
const SEARCHED: usize = 30;
/// Most lines below the header.
const MOST_LINES: usize = 5_000;

/// Which columns hold what, by their headers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct TargetColumns {
    /// The column of months, such as 月份; none where the months stand across as 1月 to 12月.
    pub month: Option<String>,
    /// The column of targets, such as 提车任务.
    pub value: Option<String>,
    /// The column of series, such as 车系; none where there is none.
    pub series: Option<String>,
}

impl TargetColumns {
    /// The columns of a saved mapping.
    ///
    /// # Errors
    ///
    /// A field at fault where the mapping is one of facts.
    pub(super) fn of(mapping: &Mapping) -> Result<Self, Problem> {
        let header = |to: Target| header_of(&mapping.columns.0, to).map(str::to_owned);
        let columns = Self {
            month: header(Target::Month),
            value: header(Target::Planned),
            series: header(Target::Series),
        };
        match columns == Self::default() {
            true => Err(Problem::field(
                "mapping",
                say!(
                    "“{}”是导入数据用的列对应，不是计划任务表的",
                    "'{}' maps sheets of facts, not a sheet of a plan's targets",
                    mapping.name
                ),
            )),
            false => Ok(columns),
        }
    }
}

/// What a sheet of targets says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TargetSheet {
    /// The columns that it was read by.
    pub columns: TargetColumns,
    /// All series together, January first.
    pub months: Months,
    /// By the series' name in the sheet, in its order; none without such a column.
    pub series: Vec<(String, Months)>,
}

/// Reads the first worksheet that has such a table, away from the threads that answer.
pub(super) async fn read(bytes: Vec<u8>, given: TargetColumns, year: i32) -> Result<TargetSheet, Problem> {
    tokio::task::spawn_blocking(move || read_now(bytes, &given, year))
        .await
        .map_err(|error| Problem::internal(&error))?
}

fn read_now(bytes: Vec<u8>, given: &TargetColumns, year: i32) -> Result<TargetSheet, Problem> {
    let mut content = Content::from(bytes);
    let container = container_of(&mut content)?;
    let mut read: Option<Result<TargetSheet, Problem>> = None;
    let is_header = |line: &Line| Header::of(line, given).is_some();
    let visited = tables(container, &mut content, &is_header, &mut |_, lines| {
        let mut kept = Vec::new();
        for line in lines.take(SEARCHED + MOST_LINES) {
            kept.push(line?);
        }
        match table(&kept, given, year) {
            Some(found) => {
                read = Some(found);
                Ok(())
            }
            // So the next worksheet is looked at.
            None => Err(ImportError::NoRows),
        }
    });
    match (read, visited) {
        (Some(read), _) => read,
        (None, Ok(()) | Err(ImportError::NoRows)) => Err(Problem::field("file", NO_TABLE)),
        (None, Err(error)) => Err(error.into()),
    }
}

const NO_TABLE: Said = Said::fixed(
    "找不到表头：需要一列月份和一列任务（例如“月份”“提车任务”），或“1月”至“12月”各一列；表头不同的，请在 month、value、series 中写明",
    "there is no header row: expected a column of months and one of targets (such as 月份 and 提车任务), or a column for each of 1月 to 12月; if yours are called otherwise, name them in month, value and series",
);

/// Where things stand.
#[derive(Clone, Debug)]
struct Header {
    series: Option<usize>,
    values: Values,
}

#[derive(Clone, Debug)]
enum Values {
    /// A row a month.
    Down { month: usize, value: usize },
    /// A row a series, the months across.
    Across(Vec<usize>),
}

impl Header {
    fn of(line: &Line, given: &TargetColumns) -> Option<Self> {
        let texts: Vec<String> = line.cells.iter().map(|cell| normal(&cell.shown())).collect();
        let column = |given: &Option<String>, usual: &[&str]| -> Option<usize> {
            let is_meant = |text: &String| match given {
                Some(given) => *text == normal(given),
                None => usual.contains(&text.as_str()),
            };
            let mut found = texts.iter().enumerate().filter(|(_, text)| is_meant(text)).map(|(at, _)| at);
            // Of two it is not guessed which.
            found.next().filter(|_| found.next().is_none())
        };
        let series = column(&given.series, SERIES);
        if given.series.is_some() && series.is_none() {
            return None;
        }
        let across: Option<Vec<usize>> =
            (1..=12).map(|month| texts.iter().position(|text| *text == format!("{month}月"))).collect();
        let values = match (column(&given.month, MONTH), column(&given.value, VALUE), across) {
            (Some(month), Some(value), _) => Values::Down { month, value },
            (None, None, Some(across)) if given.month.is_none() && given.value.is_none() => {
                Values::Across(across)
            }
            _ => return None,
        };
        Some(Self { series, values })
    }
}

/// Reads a table, if there is one.
fn table(lines: &[Line], given: &TargetColumns, year: i32) -> Option<Result<TargetSheet, Problem>> {
    let mut headers = lines.iter().take(SEARCHED).enumerate();
    let (at, header) = headers.find_map(|(at, line)| Some((at, Header::of(line, given)?)))?;
    let shown = |column: usize| lines.get(at).map(|line| line.cell(column).shown());
    let columns = TargetColumns {
        month: match header.values {
            Values::Down { month, .. } => shown(month),
            Values::Across(_) => None,
        },
        value: match header.values {
            Values::Down { value, .. } => shown(value),
            Values::Across(_) => None,
        },
        series: header.series.and_then(shown),
    };
    let mut reading = Reading { header, year, rows: BTreeMap::new(), order: Vec::new(), faults: Vec::new() };
    for line in lines.iter().skip(at + 1) {
        reading.line(line);
    }
    Some(reading.finish(columns))
}

struct Reading {
    header: Header,
    year: i32,
    /// Months by series; one without a name where there is no such column.
    rows: BTreeMap<String, [Option<i64>; 12]>,
    order: Vec<String>,
    faults: Vec<FieldError>,
}

impl Reading {
    fn line(&mut self, line: &Line) {
        let series = self.header.series.map(|column| line.spread(column).shown()).unwrap_or_default();
        let is_total = line.cells.iter().any(|cell| {
            let text = normal(&cell.shown());
            ["合计", "总计", "小计", "total", "全年", "一季度", "二季度", "三季度", "四季度"]
                .contains(&text.as_str())
        });
        if is_total {
            return;
        }
        match self.header.values.clone() {
            Values::Down { month, value } => {
                let (month, value) = (line.cell(month), line.cell(value));
                // A remark below the table has neither.
                if month.is_blank() || value.is_blank() && month_of(month, self.year).is_none() {
                    return;
                }
                match month_of(month, self.year) {
                    Some(index) => self.put(line.row, &series, index, value),
                    None => {
                        let (shown, year) = (month.shown(), self.year);
                        let message = say!(
                            "月份“{shown}”不是 {year} 年的月份，例如 3月 或 {year}-03",
                            "'{shown}' is not a month of {year}, such as 3月 or {year}-03"
                        );
                        self.fault(line.row, message);
                    }
                }
            }
            Values::Across(columns) => {
                if columns.iter().all(|column| line.cell(*column).is_blank()) {
                    return;
                }
                for (index, column) in columns.into_iter().enumerate() {
                    self.put(line.row, &series, index, line.cell(column));
                }
            }
        }
    }

    fn put(&mut self, row: u32, series: &str, index: usize, value: &Value) {
        if self.header.series.is_some() && series.is_empty() {
            return self.fault(row, say!("缺少车系", "there is no series"));
        }
        let number = match value {
            Value::Number(number) => decimal(*number),
            Value::Text(text) => Measure::Count.written(text),
            Value::Blank | Value::Other(_) => None,
        };
        let units = number
            .filter(|number| number.normalize().scale() == 0)
            .and_then(|number| i64::try_from(number).ok());
        let Some(units) = units.filter(|units| (0..=1_000_000_000).contains(units)) else {
            let (month, shown) = (index + 1, value.shown());
            let message = say!(
                "{month}月的任务“{shown}”应为不小于 0 的整数，例如 12",
                "the target of month {month} is '{shown}': expected a whole number from 0, such as 12"
            );
            return self.fault(row, message);
        };
        if !self.rows.contains_key(series) {
            self.order.push(series.to_owned());
        }
        let months = self.rows.entry(series.to_owned()).or_default();
        match months.get_mut(index) {
            Some(Some(_)) => {
                let message = say!(
                    "{}月有两行，每月（每个车系）只能有一行",
                    "month {} has two rows: expected one a month (and series)",
                    index + 1
                );
                self.fault(row, message);
            }
            Some(slot) => *slot = Some(units),
            None => {}
        }
    }

    fn fault(&mut self, row: u32, message: Said) {
        if self.faults.len() < 100 {
            let row = say!("第 {row} 行", "row {row}");
            self.faults.push(FieldError::new("file", message.about(&row)));
        }
    }

    fn finish(mut self, columns: TargetColumns) -> Result<TargetSheet, Problem> {
        if self.faults.is_empty() && self.rows.is_empty() {
            let message = say!("表头下面没有数据", "there is nothing below the header row");
            self.faults.push(FieldError::new("file", message));
        }
        let mut sum = [0; 12];
        let mut series = Vec::new();
        for name in &self.order {
            let given = self.rows.get(name).copied().unwrap_or_default();
            let missing: Vec<String> = (1..)
                .zip(&given)
                .filter(|(_, value)| value.is_none())
                .map(|(month, _)| format!("{month}月"))
                .collect();
            if !missing.is_empty() {
                let (zh, en) = match name.as_str() {
                    "" => (String::new(), String::new()),
                    name => (format!("“{name}”"), format!(" of '{name}'")),
                };
                let message = Said::both(
                    format!("{zh}缺少{}：没有任务的月份填 0", missing.join("、")),
                    format!("{}{en} are missing: write 0 where there is no target", missing.join(", ")),
                );
                self.faults.push(FieldError::new("file", message));
            }
            let months = given.map(Option::unwrap_or_default);
            for (sum, units) in sum.iter_mut().zip(months) {
                *sum += units;
            }
            if !name.is_empty() {
                series.push((name.clone(), months));
            }
        }
        match self.faults.is_empty() {
            true => Ok(TargetSheet { columns, months: sum, series }),
            false => Err(Problem::fields(self.faults)),
        }
    }
}

/// A header or label without spaces, in half-width characters and small letters, without a unit in brackets.
fn normal(text: &str) -> String {
    let text: String = text.chars().map(half_width).filter(|c| !c.is_whitespace()).collect();
    let text = text.to_lowercase();
    text.split('(').next().unwrap_or_default().to_owned()
}

/// A month of the year, counted from 0: `3`, `3月`, `3月份`, `2015-03`, `2015年3月`, `201503`.
fn month_of(cell: &Value, year: i32) -> Option<usize> {
    let text = normal(&cell.shown());
    let text = text.strip_suffix("份").unwrap_or(&text);
    let text = text.strip_suffix('月').unwrap_or(text);
    let parts: Vec<&str> =
        text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    let is_plain = text.chars().all(|c| c.is_ascii_digit() || "年-/.".contains(c));
    let (of, month) = match parts.as_slice() {
        [one] if one.len() == 6 => (one.get(..4)?.parse().ok()?, one.get(4..)?),
        [month] => (year, *month),
        [of, month] | [of, month, _] => (of.parse().ok()?, *month),
        _ => return None,
    };
    let month = month.parse::<usize>().ok().filter(|month| (1..=12).contains(month))?;
    (is_plain && of == year).then(|| month - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::said::Language;

    fn read(text: &str, given: TargetColumns) -> Result<TargetSheet, Vec<String>> {
        read_now(text.as_bytes().to_vec(), &given, 2015).map_err(|problem| {
            problem
                .errors
                .into_iter()
                .map(|error| error.message.in_language(Language::Chinese).to_owned())
                .collect()
        })
    }

    fn down(head: &str, rows: impl IntoIterator<Item = String>) -> String {
        std::iter::once(head.to_owned()).chain(rows).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_row_a_month_is_read_whatever_it_is_called() {
        let rows = (1..=12).map(|month| format!("{month}月,{}台", month * 10));
        let text = down("厂家商务政策\n月份,提车任务（台）", rows.chain(["合计,780".to_owned()]));
        let sheet = read(&text, TargetColumns::default()).unwrap();
        assert_eq!(sheet.months, [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120]);
        assert_eq!(sheet.columns.value.as_deref(), Some("提车任务（台）"));
        let rows = (1..=12).map(|month| format!("2015-{month:02},x,7"));
        let given = TargetColumns { value: Some("本店".into()), ..TargetColumns::default() };
        assert_eq!(read(&down("month,全国,本店", rows), given).unwrap().months, [7; 12]);
    }

    #[test]
    fn series_stand_down_or_the_months_across() {
        let across: Vec<String> = (1..=12).map(|month| format!("{month}月")).collect();
        let text = format!(
            "车系,{}\nA系{}\nB系{}\n合计{}",
            across.join(","),
            ",2".repeat(12),
            ",1".repeat(12),
            ",3".repeat(12)
        );
        let sheet = read(&text, TargetColumns::default()).unwrap();
        assert_eq!((sheet.months, sheet.series.len()), ([3; 12], 2));
        assert_eq!(sheet.series[0], ("A系".to_owned(), [2; 12]));
        let rows = (1..=12).flat_map(|month| [format!("B,{month},1"), format!("A,{month},4")]);
        let sheet = read(&down("车型,月份,目标", rows), TargetColumns::default()).unwrap();
        assert_eq!((sheet.months, sheet.series[0].0.as_str()), ([5; 12], "B"));
    }

    #[test]
    fn what_is_missing_doubled_or_of_another_year_is_said_with_its_row() {
        let rows = (1..=11).map(|month| format!("{month}月,5"));
        assert_eq!(
            read(&down("月份,任务", rows), TargetColumns::default()).unwrap_err(),
            ["缺少12月：没有任务的月份填 0"]
        );
        let faults =
            read("月份,任务\n1月,5\n1月,6\n2014-02,3\n3月,1.5", TargetColumns::default()).unwrap_err();
        assert!(faults[0].starts_with("第 3 行：1月有两行"), "{faults:?}");
        assert!(faults[1].contains("2014-02") && faults[2].contains("1.5"), "{faults:?}");
        assert_eq!(
            read("姓名,任务\n甲,3", TargetColumns::default()).unwrap_err(),
            [NO_TABLE.in_language(Language::Chinese)]
        );
        // Two columns may be meant.
        assert_eq!(
            read("月份,任务,目标\n1月,3,4", TargetColumns::default()).unwrap_err(),
            [NO_TABLE.in_language(Language::Chinese)]
        );
    }
}
