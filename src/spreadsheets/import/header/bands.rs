//! Columns that count how often somebody was late by how long it was: 迟到10分钟以内次数, 迟到(10-30分钟), 30分钟以上 under 迟到. Each
//! gets a name of its own, so that a form can ask for all of them.

use super::column::HeaderColumn;
use super::name::{normal, only_unit};

/// What is counted, and what its columns by length of time are called, each with its number behind.
const COUNTED: [(&str, &str); 2] = [("迟到", "迟到分段"), ("早退", "早退分段")];

/// Words that make something else of it than how often somebody was late.
const ELSE: &[&str] = &["旷工", "时长", "扣", "款", "金额", "元", "率", "罚", "累计", "目标"];

/// Between which lengths, or from which on.
const BOUNDS: &[&str] = &[
    "以内", "之内", "内", "以下", "以上", "以外", "之外", "超过", "大于", "小于", "不足", "不满", "<", ">",
    "≤", "≥", "-", "~", "—", "至", "到",
];

/// Names the columns of a header that are such bands, from left to right.
pub(super) fn name(columns: &mut [HeaderColumn]) {
    let mut numbers = [0; COUNTED.len()];
    for column in columns.iter_mut().filter(|column| !column.is_about_else) {
        let text = normal(&column.shown).replace('/', "");
        let counted = COUNTED.iter().zip(&mut numbers).find(|((what, _), _)| is_band(&text, what));
        let Some(((what, name), number)) = counted else { continue };
        // 严重迟到次数(30分钟以上) says what is severe.
        if text.starts_with("严重") {
            column.rename(format!("严重{what}次数"));
            continue;
        }
        *number += 1;
        column.rename(format!("{name}{number}"));
    }
}

/// Whether a header in normal form is how often something was, between lengths of time.
fn is_band(text: &str, what: &str) -> bool {
    let unit =
        text.strip_suffix(')').and_then(|text| text.rsplit_once('(')).and_then(|(_, unit)| only_unit(unit));
    let (before, behind) = match text.split_once(what) {
        Some(parts) if !matches!(unit, Some("分钟" | "分" | "小时")) => parts,
        _ => return false,
    };
    let is_else = ELSE.iter().any(|word| before.contains(word) || behind.contains(word));
    !is_else && (is_bounded(before) || is_bounded(behind))
}

/// Whether a text names a length of time as the bound of something.
pub(in crate::spreadsheets) fn is_bounded(text: &str) -> bool {
    is_length(text) && BOUNDS.iter().any(|bound| text.contains(bound))
}

/// Whether a text has a number of minutes or hours.
fn is_length(text: &str) -> bool {
    ["分钟", "分", "min", "小时", "h"].iter().any(|unit| {
        text.match_indices(unit).any(|(at, _)| {
            text.get(..at).is_some_and(|before| before.ends_with(|c: char| c.is_ascii_digit()))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_are_known_by_their_lengths() {
        for text in [
            "迟到10分钟以内次数",
            "迟到10-30分钟",
            "迟到(30分钟以上)",
            "迟到次数(30分钟内)",
            "迟到<10min",
            "30分钟以上迟到次数",
            "迟到10分钟以内(次)",
        ] {
            assert!(is_band(text, "迟到"), "{text}");
        }
        for text in [
            "迟到次数",
            "迟到(分钟)",
            "迟到时长(分钟)",
            "迟到30分钟以上扣款",
            "旷工迟到(60分钟以上)",
            "早退10分钟以内次数",
            "迟到10-30分钟时长(分钟)",
        ] {
            assert!(!is_band(text, "迟到"), "{text}");
        }
    }
}
