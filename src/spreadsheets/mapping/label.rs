//! Headers as they are compared.

use crate::spreadsheets::import::number::half_width;

/// A header without spaces, in half-width characters and small letters.
pub(super) fn normal(text: &str) -> String {
    let is_kept = |c: &char| !c.is_whitespace() && *c != '\u{200b}' && *c != '\u{feff}';
    text.chars().map(half_width).filter(is_kept).flat_map(char::to_lowercase).collect()
}

/// A header in normal form, without the unit that stands in brackets at its end; and the unit.
pub(super) fn parts(text: &str) -> (String, Option<String>) {
    let text = normal(text);
    let inside = text.strip_suffix(')').and_then(|rest| rest.rsplit_once('('));
    match inside {
        Some((before, unit)) if !before.is_empty() && is_unit(unit) => {
            (before.to_owned(), Some(unit.to_owned()))
        }
        _ => (text, None),
    }
}

/// Units that headers are seen with. What else stands in brackets says what is counted.
const UNITS: &[&str] = &[
    "台", "次", "批", "个", "单", "项", "份", "分", "天", "日", "元", "起", "条", "张", "时", "人", "组",
    "位", "件", "笔", "辆", "人次", "批次", "小时", "学时", "分钟", "千元", "万元", "万", "%", "周", "月",
];

fn is_unit(text: &str) -> bool {
    UNITS.contains(&text)
}

/// Whether a header's unit is that of a metric, or another word for the same.
pub(super) fn is_same_unit(given: &str, unit: &str) -> bool {
    const COUNTS: &[&str] = &[
        "台", "次", "批", "个", "单", "项", "份", "起", "条", "张", "人", "组", "位", "件", "笔", "辆",
        "人次", "批次",
    ];
    const SAME: &[&[&str]] = &[COUNTS, &["天", "日"], &["时", "小时", "学时"]];
    given == unit || SAME.iter().any(|words| words.contains(&given) && words.contains(&unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_in_brackets_stand_apart() {
        let apart = |text| {
            let (label, unit) = parts(text);
            (label, unit.unwrap_or_default())
        };
        for (text, label, unit) in [
            ("交车台数（台）", "交车台数", "台"),
            ("精品 金额(万元)", "精品金额", "万元"),
            ("销售系统（DMS）", "销售系统(dms)", ""),
            ("５Ｓ点检项", "5s点检项", ""),
            ("（台）", "(台)", ""),
        ] {
            assert_eq!(apart(text), (label.to_owned(), unit.to_owned()), "{text}");
        }
        assert!(is_same_unit("人次", "批") && is_same_unit("日", "天") && is_same_unit("元", "元"));
        assert!(!is_same_unit("万元", "元") && !is_same_unit("小时", "天") && !is_same_unit("元", "台"));
    }
}
