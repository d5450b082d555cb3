//! Days as sheets write them.

use chrono::{Days, NaiveDate};

use super::Value;
use super::number::{half_width, shown};

/// The day of a cell: `2014-03-05`, `2014/3/5`, `2014.3.5`, `2014年3月5日`, `20140305`, or a workbook's date. A time of day
/// behind it does not matter.
pub(in crate::spreadsheets) fn day(value: &Value) -> Option<NaiveDate> {
    match value {
        Value::Blank => None,
        Value::Text(text) | Value::Other(text) => written(text),
        Value::Number(number) => {
            let text = shown(*number);
            written(&text).or_else(|| serial(&text))
        }
    }
}

fn written(text: &str) -> Option<NaiveDate> {
    let text: String = text.chars().map(half_width).collect();
    let text = text.trim();
    let mut parts = text.split(|c: char| !c.is_ascii_digit());
    let year = parts.next()?;
    if let (8, Some(compact)) = (year.len(), text.get(..8)) {
        let is_alone = !text.get(8..).is_some_and(|rest| rest.starts_with('.'));
        return NaiveDate::parse_from_str(compact, "%Y%m%d").ok().filter(|_| is_alone);
    }
    let (month, day) = (parts.next()?, parts.next()?);
    let marks: Vec<char> = text.chars().filter(|c| !c.is_ascii_digit()).take(2).collect();
    let is_day = matches!(marks.as_slice(), ['-', '-'] | ['/', '/'] | ['.', '.'] | ['年', '月']);
    let is_sized = year.len() == 4 && (1..=2).contains(&month.len()) && (1..=2).contains(&day.len());
    let date = NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    date.filter(|_| is_day && is_sized)
}

/// A date that has lost its format is a number: the days since the end of 1899.
fn serial(text: &str) -> Option<NaiveDate> {
    let days: u64 = text.parse().ok()?;
    let is_this_century = (36_526..73_050).contains(&days);
    NaiveDate::from_ymd_opt(1899, 12, 30)?.checked_add_days(Days::new(days)).filter(|_| is_this_century)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_sheets_write_them() {
        let text = |text: &str| day(&Value::text(text)).map(|day| day.to_string());
        for written in [
            "2014-03-05",
            "2014/3/5",
            "2014.03.05",
            "2014年3月5日",
            "20140305",
            "2014-03-05 18:30",
            "２０１４/３/５",
        ] {
            assert_eq!(text(written).as_deref(), Some("2014-03-05"), "{written}");
        }
        let date = Value::Other("2014-03-05 00:00（日期）".to_owned());
        assert_eq!(day(&date), NaiveDate::from_ymd_opt(2014, 3, 5));
        assert_eq!(day(&Value::Number(20_140_305.0)), NaiveDate::from_ymd_opt(2014, 3, 5));
        // Excel counts 5 March 2014 as day 41703.
        assert_eq!(day(&Value::Number(41_703.0)), NaiveDate::from_ymd_opt(2014, 3, 5));
        for wrong in [
            "2014-02-30",
            "14-3-5",
            "3/5/2014",
            "2014-3",
            "2014-3/5",
            "20140305.5",
            "20141305",
            "16",
            "三月五日",
        ] {
            assert_eq!(text(wrong), None, "{wrong}");
        }
        assert_eq!(day(&Value::Number(16.0)), None);
    }
}
