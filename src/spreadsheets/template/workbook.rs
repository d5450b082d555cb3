//! Writing a template: the worksheet to fill in, and one that says what its columns mean.

use rust_xlsxwriter::{
    Color, DataValidation, DataValidationErrorStyle, DataValidationRule, Format, Formula, Workbook,
    Worksheet, XlsxError,
};

use super::TemplatePerson;
use crate::decimal::plain;
use crate::ledger::metric::{Catalogue, Kind, Metric, Missing};
use crate::period::Period;
use crate::spreadsheets::export::xlsx::kept;
use crate::spreadsheets::mapping::built_in::{metrics, template_header};

/// Rows below the people that may be filled in too.
const SPARE_ROWS: u32 = 200;

/// The longest name of a worksheet.
const LONGEST_NAME: usize = 31;

/// Writes the template of a source.
pub(super) fn write(
    catalogue: &Catalogue,
    source: &str,
    period: Period,
    people: &[TemplatePerson],
) -> Result<Vec<u8>, XlsxError> {
    let metrics = metrics(catalogue, source);
    let title = catalogue.source_label(source);
    let name: String = title.chars().filter(|c| !"[]:*?/\\'".contains(*c)).take(LONGEST_NAME).collect();
    let mut workbook = Workbook::new();
    fill(workbook.add_worksheet().set_name(name)?, catalogue, &metrics, people)?;
    explain(workbook.add_worksheet().set_name("说明")?, catalogue, &metrics, title, period)?;
    workbook.save_to_buffer()
}

fn header() -> Format {
    Format::new().set_bold().set_font_color(Color::White).set_background_color(Color::RGB(0x001F_4E78))
}

fn fill(
    sheet: &mut Worksheet,
    catalogue: &Catalogue,
    metrics: &[&Metric],
    people: &[TemplatePerson],
) -> Result<(), XlsxError> {
    let (header, text) = (header(), Format::new().set_num_format("@"));
    sheet.set_freeze_panes(1, 2)?;
    sheet.write_string_with_format(0, 0, "工号", &header)?;
    sheet.write_string_with_format(0, 1, "姓名", &header)?;
    // A 工号 such as 007 stays as it is typed.
    sheet.set_column_format(0, &text)?;
    for (row, person) in (1..).zip(people) {
        sheet.write_string_with_format(row, 0, &person.employee_no, &text)?;
        sheet.write_string(row, 1, &person.name)?;
    }
    let last = u32::try_from(people.len()).unwrap_or(0).saturating_add(SPARE_ROWS);
    for (column, metric) in (2..).zip(metrics) {
        let shown = template_header(catalogue, metric);
        sheet.set_column_width(column, u16::try_from(shown.chars().count() * 2 + 2).unwrap_or(20).max(12))?;
        sheet.write_string_with_format(0, column, shown, &header)?;
        sheet.add_data_validation(1, column, last, column, &validation(metric, column)?)?;
    }
    Ok(())
}

/// What may be typed into the cells of a metric, as far as a spreadsheet can check it.
fn validation(metric: &Metric, column: u16) -> Result<DataValidation, XlsxError> {
    let (min, max) = (kept(metric.min).unwrap_or(0.0), kept(metric.max).unwrap_or(1e12));
    let rule = DataValidation::new();
    let rule = match metric.kind {
        Kind::Count => match (whole(metric.min), whole(metric.max)) {
            (min, Some(max)) => rule.allow_whole_number(DataValidationRule::Between(min.unwrap_or(0), max)),
            (min, None) => {
                rule.allow_whole_number(DataValidationRule::GreaterThanOrEqualTo(min.unwrap_or(0)))
            }
        },
        Kind::Amount | Kind::Score => rule.allow_decimal_number(DataValidationRule::Between(min, max)),
        Kind::Days => {
            let cell = format!("{}2", letters(column));
            rule.allow_custom(Formula::new(format!(
                "=AND(ISNUMBER({cell}),{cell}>={},{cell}<={},MOD({cell}*2,1)=0)",
                plain(metric.min),
                plain(metric.max)
            )))
        }
    };
    // A message has room for 255 characters.
    let label: String = metric.zh.chars().take(100).collect();
    rule.set_error_style(DataValidationErrorStyle::Stop)
        .set_error_title("请更正")?
        .set_error_message(format!("{label}：{}", allowed(metric)))
}

fn whole(bound: rust_decimal::Decimal) -> Option<i32> {
    plain(bound).parse().ok()
}

/// The letters of a column that is counted from 0.
fn letters(column: u16) -> String {
    let letter = |index: u16| char::from(b'A' + u8::try_from(index % 26).unwrap_or(0));
    match column / 26 {
        0 => letter(column).to_string(),
        more => format!("{}{}", letters(more - 1), letter(column)),
    }
}

fn allowed(metric: &Metric) -> String {
    let what = match metric.kind {
        Kind::Count => "整数",
        Kind::Amount => "金额（元），最多两位小数",
        Kind::Days => "天数，0.5 的倍数",
        Kind::Score => "数字",
    };
    let is_bounded = whole(metric.max).is_some();
    let most = if is_bounded { format!("，不大于 {}", plain(metric.max)) } else { String::new() };
    format!("{what}，不小于 {}{most}", plain(metric.min))
}

fn blank(metric: &Metric) -> &'static str {
    match metric.missing {
        Missing::Zero => "没有记录；本月数据到齐后按 0 计",
        Missing::Na => "不知道，不等于 0；需要它的项目不适用",
        Missing::Required => "必须填写，缺少时考核需要处理",
    }
}

fn explain(
    sheet: &mut Worksheet,
    catalogue: &Catalogue,
    metrics: &[&Metric],
    title: &str,
    period: Period,
) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold();
    sheet.write_string_with_format(0, 0, format!("{title} {period} 填写说明"), &bold)?;
    let notes = [
        "每人一行；工号和姓名已按本月在岗人员填好，不要修改表头和工号。",
        "只填数字，不要带单位；不知道的格留空，没有发生的填 0。",
        "填好后上传本文件；有错误的行会注明行号、列名和应填内容，改正前不会写入任何数据。",
    ];
    for (row, note) in (1..).zip(notes) {
        sheet.write_string(row, 0, note)?;
    }
    for (column, (text, width)) in (0..).zip([("列", 24), ("代码", 24), ("可以填", 36), ("留空表示", 40)])
    {
        sheet.set_column_width(column, width)?;
        sheet.write_string_with_format(5, column, text, &header())?;
    }
    for (row, metric) in (6..).zip(metrics) {
        sheet.write_string(row, 0, template_header(catalogue, metric))?;
        sheet.write_string(row, 1, &metric.name)?;
        sheet.write_string(row, 2, allowed(metric))?;
        sheet.write_string(row, 3, blank(metric))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_the_letters_of_spreadsheets() {
        let shown = [0, 2, 25, 26, 27, 51, 52, 701, 702].map(letters);
        assert_eq!(shown, ["A", "C", "Z", "AA", "AB", "AZ", "BA", "ZZ", "AAA"]);
    }
}
