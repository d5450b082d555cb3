//! Months and longer spans as people speak of them, without a year: `2月`, `二月份`, `1-3月`, `一季度`.

use super::number::half_width;

/// Spans of more than a month, unless a month is named beside them.
const LONGER: &[&str] = &["季度", "季报", "上半年", "下半年", "半年度", "全年"];

/// Values that add up since the beginning of the year.
const SINCE: &[&str] = &["年累计", "年初至今", "累计表", "累计数", "累计报表"];

/// The months that are named without a day, in their order.
pub(super) fn spoken_months(text: &str) -> Vec<u32> {
    let text = in_digits(text);
    let pieces: Vec<&str> = text.split('月').collect();
    let named = pieces.windows(2).filter_map(|pair| match pair {
        [before, after] => {
            // 3月2日 is a day.
            let is_day = after.trim_start().starts_with(|c: char| c.is_ascii_digit())
                && !after.contains('年')
                && after.contains(['日', '号']);
            last_number(before).filter(|month| (1..=12).contains(month) && !is_day)
        }
        _ => None,
    });
    named.collect()
}

/// What the text says where it speaks of more than one month.
pub(super) fn longer(text: &str) -> Option<String> {
    let digits = in_digits(text);
    let is_note = ["注", "说明", "备注"].iter().any(|word| text.starts_with(word));
    let is_span = is_range(&digits);
    let is_since =
        SINCE.iter().any(|word| text.contains(word)) || text.ends_with("累计") && !text.ends_with("月累计");
    let is_longer = LONGER.iter().any(|word| text.contains(word)) && !digits.contains('月');
    (!is_note && (is_span || is_since || is_longer)).then(|| text.chars().take(60).collect())
}

/// `1-3月`, `1月至3月`: two months in their order, with nothing but a dash between them.
fn is_range(text: &str) -> bool {
    let dashes = ['-', '~', '至', '到', '—', '–', '－'];
    text.match_indices(dashes).any(|(at, dash)| {
        let before = text.get(..at).unwrap_or_default().trim_end();
        let before = before.trim_end_matches('份').trim_end_matches('月');
        let after = text.get(at + dash.len()..).unwrap_or_default();
        let after = after.trim_start_matches(dashes).trim_start();
        let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
        let to = after.strip_suffix(rest).and_then(|digits| digits.parse::<u32>().ok());
        let is_month = rest
            .trim_start()
            .strip_prefix('月')
            .is_some_and(|rest| !rest.trim_start().starts_with(|c: char| c.is_ascii_digit()));
        let to = to.filter(|to| is_month && *to <= 12);
        last_number(before).zip(to).is_some_and(|(from, to)| from >= 1 && from < to)
    })
}

/// The number that the text ends with.
fn last_number(text: &str) -> Option<u32> {
    let text = text.trim_end();
    let rest = text.trim_end_matches(|c: char| c.is_ascii_digit());
    text.strip_prefix(rest)?.parse().ok()
}

/// The text with half-width characters and 二月 as 2月.
fn in_digits(text: &str) -> String {
    const MONTHS: [(&str, &str); 12] = [
        ("十二月", "12月"),
        ("十一月", "11月"),
        ("十月", "10月"),
        ("一月", "1月"),
        ("二月", "2月"),
        ("三月", "3月"),
        ("四月", "4月"),
        ("五月", "5月"),
        ("六月", "6月"),
        ("七月", "7月"),
        ("八月", "8月"),
        ("九月", "9月"),
    ];
    let text: String = text.chars().map(half_width).collect();
    let text = MONTHS.iter().fold(text, |text, (written, digits)| text.replace(written, digits));
    // 一至三月, 一-三月.
    let short = [
        ('一', '1'),
        ('二', '2'),
        ('三', '3'),
        ('四', '4'),
        ('五', '5'),
        ('六', '6'),
        ('七', '7'),
        ('八', '8'),
        ('九', '9'),
    ];
    short.iter().fold(text, |text, (written, digit)| {
        ["至", "到", "-", "~"]
            .iter()
            .fold(text, |text, dash| text.replace(&format!("{written}{dash}"), &format!("{digit}{dash}")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_spoken_of_in_many_ways() {
        for (text, months) in [
            ("2月销售漏斗", vec![2]),
            ("二月份", vec![2]),
            ("十二月 汇总", vec![12]),
            ("1月与2月对比", vec![1, 2]),
            ("制表 3月2日", vec![]),
            ("13月", vec![]),
            ("12个月", vec![]),
        ] {
            assert_eq!(spoken_months(text), months, "{text}");
        }
    }

    #[test]
    fn longer_spans_are_known() {
        for text in
            ["1-3月", "1月至3月累计", "一至三月", "2014年一季度", "本年累计", "2015年1～2月漏斗", "上半年"]
        {
            assert!(longer(text).is_some(), "{text}");
        }
        for text in [
            "2014年3月考勤",
            "2015年2月1日 至 2015年2月28日",
            "3月1日-3月31日",
            "2014-03月",
            "本月累计",
            "注：累计迟到 3 次计旷工",
            "2014年3月（一季度）",
        ] {
            assert_eq!(longer(text), None, "{text}");
        }
    }
}
