//! Number formats that show a cell as something else than its number: `0"小时"` shows 8 as 8小时, `#,##0.00"万"` shows 4.85 as
//! 4.85万, and `0!.0,"万元"` shows 48500 as 4.9万元. What a unit stands behind is read with its unit; what is only shown in
//! larger units is the number that it is, and its place is remembered, because a header that speaks of 万元 then means
//! what is seen.

use calamine::Style;

use super::Value;
use super::header::{is_unit, normal};
use super::number::{decimal, shown};

/// How a format shows numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// With this unit behind.
    Unit(String),
    /// In hundredths.
    Percent,
    /// In ten thousands, or another larger unit.
    Larger,
}

impl Format {
    /// The format with this code, unless it shows numbers as they are.
    fn of(code: &str) -> Option<Self> {
        let pieces = Pieces::of(code);
        let unit = normal(&pieces.behind);
        let is_large = ["万", "千", "百", "亿", "w", "k", "m"].iter().any(|word| unit.starts_with(word));
        match (pieces.is_percent, pieces.tens) {
            (true, _) => Some(Self::Percent),
            (false, 0) => is_unit(&unit).then_some(Self::Unit(unit)),
            (false, _) => is_large.then_some(Self::Larger),
        }
    }

    /// The number of a cell as it is seen, where it is seen otherwise than it is.
    pub fn apply(&self, number: f64) -> Option<Value> {
        match self {
            Self::Unit(unit) => Some(Value::Text(format!("{}{unit}", shown(number)))),
            Self::Percent => {
                let hundredths = decimal(number)?.checked_mul(100.into())?;
                Some(Value::Text(format!("{}%", hundredths.normalize())))
            }
            Self::Larger => None,
        }
    }
}

/// The formats of a workbook's styles, by their number; nothing at all where every one shows numbers as they are.
pub(super) fn of_styles(styles: &[Style]) -> Vec<Option<Format>> {
    let code = |style: &Style| style.number_format.as_ref().map(|format| format.format_code.clone());
    let formats = styles.iter().map(|style| Format::of(&code(style)?)).collect::<Vec<_>>();
    if formats.iter().all(Option::is_none) { Vec::new() } else { formats }
}

/// What a format's code is made of.
#[derive(Default)]
struct Pieces {
    /// What stands behind the last digit.
    behind: String,
    is_percent: bool,
    /// By how many tens the number is divided before it is shown.
    tens: usize,
}

impl Pieces {
    /// Looks at the section for numbers above 0, which is the first.
    fn of(code: &str) -> Self {
        let mut pieces = Self::default();
        let (mut commas, mut behind_point, mut is_digit_seen) = (0, None, false);
        let mut rest = code.chars();
        while let Some(c) = rest.next() {
            let mut literal = String::new();
            match c {
                ';' => break,
                '0' | '#' | '?' => {
                    // A comma between digits only parts thousands.
                    (commas, is_digit_seen) = (0, true);
                    pieces.behind.clear();
                    behind_point = behind_point.map(|digits: usize| digits + 1);
                    continue;
                }
                ',' => commas += usize::from(is_digit_seen),
                '%' => pieces.is_percent = true,
                '"' => literal.extend(rest.by_ref().take_while(|c| *c != '"')),
                '\\' | '!' => literal.extend(rest.next()),
                // As wide as the next character, or filled up with it.
                '_' | '*' => drop(rest.next()),
                '[' => drop(rest.by_ref().find(|c| *c == ']')),
                c if c.is_alphabetic() => literal.push(c),
                _ => {}
            }
            // A point that is a literal stands before the digits behind it: 12345 is shown as 1.2345.
            if literal == "." && is_digit_seen {
                behind_point = Some(0);
            } else {
                pieces.behind.push_str(&literal);
            }
        }
        pieces.tens = commas * 3 + behind_point.unwrap_or(0);
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_is_told_from_what_is_there() {
        let unit = |unit: &str| Some(Format::Unit(unit.to_owned()));
        for (code, format) in [
            ("General", None),
            ("0", None),
            ("#,##0.00", None),
            ("\"¥\"#,##0.00", None),
            ("[$￥-804]#,##0.00", None),
            ("#,##0_);[Red](#,##0)", None),
            ("@", None),
            ("0000", None),
            ("#,##0,", None),
            ("0\"小时\"", unit("小时")),
            ("0.0\"天\"", unit("天")),
            ("0台", unit("台")),
            ("#,##0.00\"元\"", unit("元")),
            ("#,##0.00\"万\"", unit("万")),
            ("#,##0.00万元;-0", unit("万元")),
            ("0.00\\万", unit("万")),
            ("0.00%", Some(Format::Percent)),
            ("0!.0,\"万\"", Some(Format::Larger)),
            ("0!.0,\"万元\"", Some(Format::Larger)),
            ("0\\.0000\"万\"", Some(Format::Larger)),
            ("0.0,\"万\"", Some(Format::Larger)),
            ("#,##0.0,\"千元\"", Some(Format::Larger)),
        ] {
            assert_eq!(Format::of(code), format, "{code}");
        }
        assert_eq!(unit("小时").unwrap().apply(8.0), Some(Value::Text("8小时".to_owned())));
        assert_eq!(Format::Percent.apply(0.285), Some(Value::Text("28.5%".to_owned())));
        assert_eq!(Format::Larger.apply(48_500.0), None);
    }
}
