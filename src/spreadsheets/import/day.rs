//! Days as sheets write them.

use chrono::{DateTime, Datelike as _, Days, NaiveDate, Weekday};

use super::Value;
use super::number::{half_width, shown};
use crate::clock;

/// The day of a cell: `2014-03-05`, `2014/3/5`, `2014.3.5`, `2014年3月5日`, `14-03-05 星期三`, `20140305`, a workbook's date,
/// a moment in the time of another zone, or milliseconds since 1970. A time of day behind it does not matter.
pub(in crate::spreadsheets) fn day(value: &Value) -> Option<NaiveDate> {
    match value {
        Value::Blank => None,
        Value::Text(text) | Value::Other(text) => {
            // An apostrophe before it is how spreadsheets are told that it is a text.
            let text = text.trim_start_matches('\'');
            moment(text).or_else(|| written(text)).or_else(|| serial(text))
        }
        Value::Number(number) => {
            let text = shown(*number);
            written(&text).or_else(|| serial(&text))
        }
    }
}

/// The day on which a moment is in China: `2014-05-07T23:30:00Z` is on the 8th, and so is `2014-05-07 23:30 UTC`.
fn moment(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    let utc = ["Z", "z", "UTC", "GMT"].iter().find_map(|zone| text.strip_suffix(zone));
    let (local, zone) = match utc {
        Some(local) => (local, "+00:00"),
        None => text.split_at_checked(text.rfind(['+', '-'])?)?,
    };
    // The sign of a zone stands behind a time of day; that of a date does not.
    let local = Some(local.trim_end()).filter(|local| local.contains(':'))?.replace(['T', 't'], " ");
    let moment = ["%Y-%m-%d %H:%M:%S%.f %z", "%Y-%m-%d %H:%M %z"].iter().find_map(|format| {
        DateTime::parse_from_str(&format!("{} {zone}", local.replace('/', "-")), format).ok()
    })?;
    Some(moment.with_timezone(&clock::CHINA).date_naive())
}

/// Whether what stands behind a day is no more than a time, a weekday or words, and not the end of a span.
fn is_one_day(text: &str) -> bool {
    let behind = text.char_indices().filter(|(_, c)| !c.is_ascii_digit()).map(|(at, _)| at).nth(2);
    let behind = behind.and_then(|at| text.get(at..)).unwrap_or_default();
    !behind.contains(['~', '～', '—', '–', '至', '到', '-', '/'])
}

fn written(text: &str) -> Option<NaiveDate> {
    let text: String = text.chars().map(half_width).collect();
    let text = text.trim();
    let mut parts = text.split(|c: char| !c.is_ascii_digit());
    let year = parts.next()?;
    if let (8 | 14, Some(compact)) = (year.len(), text.get(..8)) {
        let is_alone = !text.get(8..).is_some_and(|rest| rest.starts_with('.'));
        return NaiveDate::parse_from_str(compact, "%Y%m%d").ok().filter(|_| is_alone);
    }
    let (month, day) = (parts.next()?, parts.next()?);
    let marks: Vec<char> = text.chars().filter(|c| !c.is_ascii_digit()).take(2).collect();
    let is_day = matches!(marks.as_slice(), ['-', '-'] | ['/', '/'] | ['.', '.'] | ['年', '月']);
    // 14-05-07 could be the fifth of July; beside its day of the week it cannot.
    let is_whole = year.len() == 4;
    let century = if is_whole { 0 } else { 2000 };
    let year = Some(year).filter(|year| is_whole || year.len() == 2)?.parse::<i32>().ok()? + century;
    let is_sized = (1..=2).contains(&month.len()) && (1..=2).contains(&day.len());
    let date = NaiveDate::from_ymd_opt(year, month.parse().ok()?, day.parse().ok()?);
    let date = date.filter(|_| is_day && is_sized && is_one_day(text))?;
    match weekday(text) {
        Some(named) => (named == date.weekday()).then_some(date),
        None => is_whole.then_some(date),
    }
}

/// The day of the week that is named: 星期三, 周三.
pub(super) fn weekday(text: &str) -> Option<Weekday> {
    const DAYS: [(char, Weekday); 8] = [
        ('一', Weekday::Mon),
        ('二', Weekday::Tue),
        ('三', Weekday::Wed),
        ('四', Weekday::Thu),
        ('五', Weekday::Fri),
        ('六', Weekday::Sat),
        ('日', Weekday::Sun),
        ('天', Weekday::Sun),
    ];
    let (_, after) = text.split_once("星期").or_else(|| text.split_once('周'))?;
    let named = after.chars().next()?;
    DAYS.iter().find(|(written, _)| *written == named).map(|(_, day)| *day)
}

/// A date that has lost its format is a number: the days since the end of 1899, or the milliseconds since 1970.
fn serial(text: &str) -> Option<NaiveDate> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return None;
    }
    if whole.len() == 13 {
        let moment = DateTime::from_timestamp_millis(whole.parse().ok()?)?;
        return Some(moment.with_timezone(&clock::CHINA).date_naive());
    }
    let days: u64 = whole.parse().ok()?;
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
            "14-03-05 星期三",
            "2014-03-05 周三",
            "2014-03-04T23:30:00Z",
            "2014-03-05T23:30:00+08:00",
            "2014-03-04 23:30:00 UTC",
            "2014-03-04T23:30Z",
            "2014/03/04 17:00:00.250 +0000",
            "2014-03-05 10:00",
            "'2014-03-05",
            "20140305101500",
            "1393948800000",
            "41703",
            "41703.75",
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
            "2014-03-05~2014-03-06",
            "2014-03-05至03-06",
            "2014-03-05-06",
            "14-3-5",
            "3/5/2014",
            "2014-3",
            "2014-3/5",
            "20140305.5",
            "20141305",
            "16",
            "三月五日",
            "14-03-05",
            "14-03-05 星期四",
            "2014-03-05 周四",
        ] {
            assert_eq!(text(wrong), None, "{wrong}");
        }
        assert_eq!(day(&Value::Number(16.0)), None);
    }
}
