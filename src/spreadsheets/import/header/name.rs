//! What headers are called: in normal form, with the unit that they name apart.

use crate::spreadsheets::import::number::{Measure, half_width};
use crate::spreadsheets::import::traditional::simplified;

/// Units that are recognised behind a header besides those of the measures: most of them are wrong ones.
const UNITS: &[&str] = &[
    "分钟",
    "分",
    "秒",
    "周",
    "月",
    "百元",
    "千元",
    "万元",
    "万",
    "w",
    "k",
    "千",
    "百万",
    "百万元",
    "亿元",
    "亿",
    "%",
];

/// Units that a header may end with without any mark before them: nothing else ends like them.
const BARE_UNITS: &[&str] = &["百万元", "万元", "千元", "百元", "亿元", "分钟"];

/// What the sum of a month's days is called, before or behind what is counted; the longer ones first.
pub(super) const MONTH_SUMS: &[&str] =
    &["本月累计", "当月累计", "月度累计", "本月合计", "当月合计", "月累计", "月合计", "mtd"];

/// A header text in normal form, its unit apart.
pub(in crate::spreadsheets) struct HeaderName {
    pub text: String,
    pub unit: Option<String>,
}

/// Headers are compared without spaces, in half-width and simplified characters and small letters, with one kind of bracket,
/// and without the marks that templates put beside them.
pub(in crate::spreadsheets) fn normal(text: &str) -> String {
    let plain = |c| match half_width(c) {
        '[' | '【' | '〔' | '{' => '(',
        ']' | '】' | '〕' | '}' => ')',
        other => other,
    };
    let text: String = text
        .chars()
        .map(plain)
        .map(simplified)
        .filter(|c| !c.is_whitespace() && *c != '\u{200b}' && *c != '\u{feff}')
        .flat_map(char::to_lowercase)
        .collect();
    let text = text.trim_matches(|c| matches!(c, '*' | ':'));
    // Templates say so of the columns that have to be filled in.
    let words = ["(必填)", "(必填项)", "(选填)"].iter().filter(|_| text.contains('填'));
    let text = words.fold(text.to_owned(), |text, word| text.replace(word, ""));
    text.trim_matches('*').to_owned()
}

pub(in crate::spreadsheets) fn is_unit(text: &str) -> bool {
    UNITS.contains(&text) || Measure::ALL.iter().any(|measure| measure.units().contains(&text))
}

/// Whether a header's unit is that of a metric, or another word for the same.
pub(in crate::spreadsheets) fn is_same_unit(given: &str, unit: &str) -> bool {
    let mut measures = Measure::ALL.iter();
    given == unit || measures.any(|measure| [given, unit].iter().all(|one| measure.units().contains(one)))
}

/// The unit that a text in normal form is no more than: `万元`, `(万元)`, `单位:万元`, `天数`.
pub(super) fn only_unit(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(text);
    let unit = inner.split_once("单位").map_or(inner, |(_, unit)| unit.trim_start_matches(':'));
    let unit = unit.strip_prefix("人民币").unwrap_or(unit);
    [Some(unit), unit.strip_suffix('数')].into_iter().flatten().find(|unit| is_unit(unit))
}

/// What is counted, without the word that it is the sum of the month's days.
fn without_sum(text: &str) -> Option<&str> {
    let bracketed = || {
        let (counted, sum) = text.strip_suffix(')')?.rsplit_once('(')?;
        MONTH_SUMS.contains(&sum).then_some(counted)
    };
    if let Some(counted) = bracketed() {
        return Some(counted).filter(|counted| !counted.is_empty());
    }
    let mut sums = MONTH_SUMS.iter();
    let named = sums.find_map(|sum| text.strip_suffix(sum).or_else(|| text.strip_prefix(sum)));
    let plain = || text.strip_suffix("累计").filter(|rest| !rest.ends_with(['年', '日', '周']));
    named.or_else(plain).map(|rest| rest.trim_end_matches('(')).filter(|rest| !rest.is_empty())
}

/// A header's text, with the unit that stands at its end apart: `交车台数(台)`, `事假/天`, `精品金额_万元`, `精品金额万元`.
pub(in crate::spreadsheets) fn name(text: &str) -> HeaderName {
    let text = normal(text);
    if !text.starts_with('(') && only_unit(&text).is_some() {
        return HeaderName { text, unit: None };
    }
    let bracketed = || {
        let (before, unit) = text.strip_suffix(')')?.rsplit_once('(')?;
        Some((before, only_unit(unit)?))
    };
    let marked = || {
        let (before, unit) = text.rsplit_once(['/', '_', '-', ':', '|'])?;
        Some((before, only_unit(unit)?))
    };
    let bare = || BARE_UNITS.iter().find_map(|unit| Some((text.strip_suffix(unit)?, *unit)));
    let parts = bracketed().or_else(|| marked().or_else(bare).filter(|(before, _)| !before.is_empty()));
    match parts {
        Some((before, unit)) => HeaderName { text: before.to_owned(), unit: Some(unit.to_owned()) },
        None => HeaderName { text, unit: None },
    }
}

/// Whether a group holds the sums of the month's days.
pub(super) fn is_month_sum(group: &str) -> bool {
    MONTH_SUMS.contains(&group)
}

/// What is counted by headers that say that they are the sum of the month's days.
pub(super) fn sums_of(names: &[HeaderName]) -> Vec<HeaderName> {
    let sums = names.iter().filter_map(|name| {
        Some(HeaderName { text: without_sum(&name.text)?.to_owned(), unit: name.unit.clone() })
    });
    sums.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_a_month_are_said_before_behind_or_in_brackets() {
        for text in ["交车月累计", "本月累计交车", "交车(月累计)", "交车累计"] {
            assert_eq!(without_sum(text), Some("交车"), "{text}");
        }
        for text in ["交车年累计", "交车(当日)", "交车"] {
            assert_eq!(without_sum(text), None, "{text}");
        }
        assert_eq!(normal("工号\n（必填）*"), "工号");
    }

    #[test]
    fn units_in_brackets_stand_apart() {
        for (text, label, unit) in [
            ("交车台数（台）", "交车台数", "台"),
            ("精品 金额(万元)", "精品金额", "万元"),
            ("销售系统（DMS）", "销售系统(dms)", ""),
            ("５Ｓ点检项", "5s点检项", ""),
            // Below a group, it is the group's unit.
            ("（台）", "", "台"),
        ] {
            let found = name(text);
            assert_eq!(
                (found.text.as_str(), found.unit.as_deref().unwrap_or_default()),
                (label, unit),
                "{text}"
            );
        }
        assert!(is_same_unit("人次", "批") && is_same_unit("日", "天") && is_same_unit("元", "元"));
        assert!(!is_same_unit("万元", "元") && !is_same_unit("小时", "天") && !is_same_unit("元", "台"));
    }
}
