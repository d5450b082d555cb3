//! Numbers as people and spreadsheets write them.

use rust_decimal::Decimal;

use super::traditional::simplified;
use crate::said::Said;

/// What a column measures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Measure {
    /// A whole number.
    #[default]
    Count,
    /// Days, in halves.
    Days,
    /// Days with at most two decimals: of attendance, which nothing is made of.
    FineDays,
    /// Yuan, with at most two decimals.
    Amount,
    /// Hours, with at most two decimals.
    Hours,
}

impl Measure {
    /// Every measure.
    pub(crate) const ALL: [Self; 5] = [Self::Count, Self::Days, Self::FineDays, Self::Amount, Self::Hours];

    /// Units that may follow a value or a header. Others are wrong: three hours are not three days.
    pub(crate) fn units(self) -> &'static [&'static str] {
        match self {
            Self::Count => &[
                "次", "台", "人", "个", "单", "批", "组", "位", "件", "份", "笔", "辆", "条", "项", "起",
                "张", "人次", "批次",
            ],
            Self::Days | Self::FineDays => &["天", "日"],
            Self::Amount => &["元"],
            Self::Hours => &["小时", "工时", "时", "学时", "h", "H"],
        }
    }

    /// The unit to ask for.
    pub(crate) fn unit(self) -> &'static str {
        match self {
            Self::Count => "次",
            Self::Days | Self::FineDays => "天",
            Self::Amount => "元",
            Self::Hours => "小时",
        }
    }

    /// What should stand in a cell, for whoever corrects it.
    pub(crate) const fn expected(self) -> Said {
        let (zh, en) = match self {
            Self::Count => {
                ("非负整数（最多 9 位），例如 3", "a whole number of at most 9 digits, for example 3")
            }
            Self::Days => ("数字（0.5 天的倍数），例如 27", "days, in halves, for example 27"),
            Self::FineDays => {
                ("天数（最多两位小数），例如 26.75", "days, with at most two decimals, for example 26.75")
            }
            Self::Amount => (
                "金额（元，最多两位小数），例如 40,000",
                "yuan, with at most two decimals, for example 40,000",
            ),
            Self::Hours => (
                "小时数（最多两位小数，不超过 744），例如 12.5",
                "hours, with at most two decimals and no more than 744, for example 12.5",
            ),
        };
        Said::fixed(zh, en)
    }

    /// Reads a number written as text: full-width digits, thousands separators, a unit of this measure, and `¥`
    /// before an amount are understood; anything else is `None`.
    pub(crate) fn read(self, text: &str) -> Option<Decimal> {
        self.check(self.written(text)?)
    }

    /// The number that the text writes, whatever its size and its decimals.
    pub(crate) fn written(self, text: &str) -> Option<Decimal> {
        // Nearly all cells of a long file are no more than a few digits.
        const FEW: usize = 15;
        if text.len() <= FEW && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse::<u64>().ok().map(Decimal::from);
        }
        let text: String = text.chars().map(half_width).map(simplified).collect();
        let mut digits = text.trim();
        if self == Self::Amount {
            digits = digits.strip_prefix('¥').unwrap_or(digits).trim_start();
        }
        let unit = self.units().iter().filter(|unit| digits.ends_with(*unit)).max_by_key(|unit| unit.len());
        if let Some(number) = unit.and_then(|unit| digits.strip_suffix(unit)) {
            digits = number.trim_end();
        }
        match digits.split_once(':') {
            Some((hours, minutes)) if self == Self::Hours => clock(hours, minutes),
            _ if matches!(self, Self::Count | Self::Amount) && parts_thousands(digits) => None,
            _ => plain(digits),
        }
    }

    /// Takes a workbook's number.
    pub(crate) fn take(self, number: f64) -> Option<Decimal> {
        self.check(decimal(number)?)
    }

    fn check(self, value: Decimal) -> Option<Decimal> {
        let (step, limit) = match self {
            Self::Count => (Decimal::ONE, Decimal::from(1_000_000_000)),
            Self::Days => (Decimal::new(5, 1), Decimal::from(1_000)),
            Self::FineDays => (Decimal::new(1, 2), Decimal::from(1_000)),
            Self::Amount => (Decimal::new(1, 2), Decimal::from(1_000_000_000_000_u64)),
            Self::Hours => (Decimal::new(1, 2), Decimal::from(745)),
        };
        let whole = value.checked_rem(step)?.is_zero();
        (whole && value >= Decimal::ZERO && value < limit).then(|| value.normalize())
    }
}

/// Whether the point of a number may part its thousands, as in 9.600: nobody writes three decimals of yuan or of cars.
fn parts_thousands(text: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some((whole, fraction)) = text.split_once('.') else { return false };
    is_number(whole)
        && whole.len() <= 3
        && !whole.trim_start_matches('0').is_empty()
        && is_number(fraction)
        && fraction.len() == 3
}

/// Hours and minutes, as a sheet shows a span of time: `7:30` are 7.5 hours, and seconds are none.
fn clock(hours: &str, minutes: &str) -> Option<Decimal> {
    let minutes = minutes.strip_suffix(":00").unwrap_or(minutes);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let minutes = Some(minutes).filter(|text| text.len() == 2 && is_number(text))?.parse::<u32>().ok()?;
    let hours = Some(hours).filter(|text| is_number(text))?.parse::<u32>().ok()?;
    (minutes < 60).then_some(())?;
    Decimal::from(hours).checked_add(Decimal::from(minutes).checked_div(Decimal::from(60))?)
}

/// `12`, `12.5`, `1,234,567.8`: digits, thousands separators in the right places or none, and a fraction.
fn plain(text: &str) -> Option<Decimal> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !fraction.is_none_or(digits) {
        return None;
    }
    if let Some((first, rest)) = whole.split_once(',') {
        let grouped = digits(first) && first.len() <= 3;
        if !grouped || !rest.split(',').all(|group| digits(group) && group.len() == 3) {
            return None;
        }
    } else if !digits(whole) {
        return None;
    }
    // Refuses what would not fit, rather than rounding it.
    Decimal::from_str_exact(&text.replace(',', "")).ok()
}

/// The number as a spreadsheet shows it, to 15 significant digits: a cell that holds 0.1 + 0.2 shows 0.3, and 0.3 is
/// what its author sees. It goes through text, so no arithmetic is done on binary fractions.
pub(crate) fn decimal(number: f64) -> Option<Decimal> {
    if number == 0.0 {
        return Some(Decimal::ZERO);
    }
    if !(1e-6..1e15).contains(&number.abs()) {
        return None;
    }
    Decimal::from_scientific(&format!("{number:.14e}")).ok().map(|value| value.normalize())
}

/// A workbook's number as text.
pub(crate) fn shown(number: f64) -> String {
    match decimal(number) {
        Some(value) => value.to_string(),
        None => format!("{number:e}"),
    }
}

/// The ordinary form of a full-width character: `Ａ` → `A`, `（` → `(`, `￥` → `¥`.
pub(crate) fn half_width(c: char) -> char {
    match c {
        '\u{3000}' => ' ',
        '￥' => '¥',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(measure: Measure, text: &str) -> Option<String> {
        measure.read(text).map(|value| value.to_string())
    }

    #[test]
    fn reads_the_ways_people_write_numbers() {
        for (measure, text, value) in [
            (Measure::Count, "40,000", "40000"),
            (Measure::Count, "40，000", "40000"),
            (Measure::Count, "１２", "12"),
            (Measure::Count, " 7 ", "7"),
            (Measure::Count, "　7　", "7"),
            (Measure::Count, "3次", "3"),
            (Measure::Count, "3 人次", "3"),
            (Measure::Count, "16台", "16"),
            (Measure::Count, "27.0", "27"),
            (Measure::Count, "007", "7"),
            (Measure::Count, "999,999,999", "999999999"),
            (Measure::Days, "0.5天", "0.5"),
            (Measure::Days, "26.50", "26.5"),
            (Measure::Amount, "￥1,234,567.80元", "1234567.8"),
            (Measure::Amount, "¥ 0.01", "0.01"),
            (Measure::Amount, "0", "0"),
            (Measure::Amount, "0.000", "0"),
            (Measure::Amount, "48450.500", "48450.5"),
            (Measure::Hours, "7:30", "7.5"),
            (Measure::Hours, "12:45:00", "12.75"),
            (Measure::FineDays, "26.75天", "26.75"),
        ] {
            assert_eq!(read(measure, text).as_deref(), Some(value), "{text}");
        }
    }

    #[test]
    fn refuses_anything_that_is_not_plainly_such_a_number() {
        for text in [
            "",
            " ",
            "二十七",
            "abc",
            "1e400",
            "1e2",
            "NaN",
            "inf",
            "-1",
            "－1",
            "+1",
            "12,34",
            "1,2345",
            ",123",
            "1,",
            "1,,000",
            "1234,567",
            "1.",
            ".5",
            "1.2.3",
            "1.000,5",
            "¥3",
            "0x10",
            "3分钟",
            "3天",
            "1 000",
            "二次",
            "次",
            "1000000000",
            "99999999999999999999999999999999999999",
            "½",
            "9.600",
            "٣",
            "0.00000000000000000000000000000000001",
        ] {
            assert_eq!(read(Measure::Count, text), None, "{text}");
        }
        for text in ["0.3", "1小时", "0.25天", "1000"] {
            assert_eq!(read(Measure::Days, text), None, "{text}");
        }
        for text in ["7:20", "7:60", "7:3", ":30", "7:30:30"] {
            assert_eq!(read(Measure::Hours, text), None, "{text}");
        }
        for text in ["0.001", "4万元", "¥¥1", "¥", "元", "¥-1", "1000000000000", "9.600"] {
            assert_eq!(read(Measure::Amount, text), None, "{text}");
        }
    }

    #[test]
    fn takes_a_workbooks_numbers_as_they_are_shown() {
        for (measure, number, value) in [
            (Measure::Count, 27.0, Some("27")),
            (Measure::Count, 0.0, Some("0")),
            (Measure::Count, -0.0, Some("0")),
            (Measure::Days, 0.5, Some("0.5")),
            (Measure::Amount, 40000.399999999994, Some("40000.4")),
            (Measure::Amount, 0.1, Some("0.1")),
            (Measure::Amount, 123456789.12, Some("123456789.12")),
            (Measure::Count, 2.5, None),
            (Measure::Count, -1.0, None),
            (Measure::Days, 0.3, None),
            (Measure::Amount, 0.001, None),
            (Measure::Count, 1e-300, None),
            (Measure::Count, 1e300, None),
            (Measure::Count, f64::NAN, None),
            (Measure::Count, f64::INFINITY, None),
        ] {
            assert_eq!(measure.take(number).map(|value| value.to_string()).as_deref(), value, "{number}");
        }
        assert_eq!(
            (shown(27.0).as_str(), shown(-2.5).as_str(), shown(1e300).as_str()),
            ("27", "-2.5", "1e300")
        );
    }
}
