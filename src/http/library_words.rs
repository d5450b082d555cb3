//! What the libraries say that read requests and check fields, in Chinese too: they say it in English, from patterns that this
//! knows.

use crate::said::{Language, Said, say};

/// A sentence of a library's, or one of ours that came through it.
pub fn said(message: &str) -> Said {
    let said = Said::from(message);
    if said.is_in_both() {
        return said;
    }
    let zh = in_chinese(message).unwrap_or_else(|| format!("不正确：{message}"));
    Said::both(zh, message.to_owned())
}

/// Beginnings, and what they are in Chinese; the rest stands in the place of `{}`.
const BEGINNINGS: &[(&str, &str)] = &[
    ("length is lower than ", "长度至少为 {}"),
    ("length is greater than ", "长度最多为 {}"),
    ("lower than ", "不能小于 {}"),
    ("greater than ", "不能大于 {}"),
    ("value does not begin with ", "应以 {} 开头"),
    ("missing field ", "缺少 {}"),
    ("duplicate field ", "{} 出现了不止一次"),
    ("unknown field ", "没有这个字段：{}"),
    ("unknown variant ", "没有这个值：{}"),
    ("invalid type: ", "类型不对：{}"),
    ("invalid value: ", "值不对：{}"),
    ("invalid length ", "长度不对：{}"),
    ("Scale exceeds the maximum precision allowed: ", "小数位数太多：{}"),
];

/// Whole sentences.
const SENTENCES: &[(&str, &str)] = &[
    ("premature end of input", "不是完整的日期或时间"),
    ("input contains invalid characters", "不是日期或时间，例如 2014-03-01"),
    ("input is out of range", "没有这样的日期或时间"),
    ("input is not enough for unique date and time", "不是完整的日期或时间"),
    ("trailing input", "日期或时间后面还有别的字符"),
    ("invalid digit found in string", "应为整数"),
    ("cannot parse integer from empty string", "应为整数"),
    ("number too large to fit in target type", "数太大"),
    ("number too small to fit in target type", "数太小"),
    ("provided string was not `true` or `false`", "应为 true 或 false"),
    ("EOF while parsing a value", "没有写完"),
    ("EOF while parsing an object", "没有写完，缺少 }"),
    ("EOF while parsing a list", "没有写完，缺少 ]"),
    ("EOF while parsing a string", "没有写完，缺少引号"),
    ("expected value", "这里应有一个值"),
    ("expected ident", "这里应有一个值"),
    ("expected `:`", "缺少冒号"),
    ("expected `,` or `}`", "缺少 , 或 }"),
    ("expected `,` or `]`", "缺少 , 或 ]"),
    ("key must be a string", "名称要写在引号里"),
    ("trailing comma", "多了一个逗号"),
    ("trailing characters", "后面还有多余的字符"),
    ("invalid number", "数写错了"),
    ("number out of range", "数太大"),
    ("recursion limit exceeded", "嵌套太深"),
];

/// Words within sentences.
const WORDS: &[(&str, &str)] = &[
    ("a JSON number", "数"),
    (", expected one of ", "；应为以下之一："),
    (", expected ", "；应为 "),
    (", there are no fields", "；这里没有字段"),
    (" or ", " 或 "),
    ("a borrowed string", "文字"),
    ("a string", "文字"),
    ("string ", "文字 "),
    ("a boolean", "true 或 false"),
    ("boolean ", "布尔值 "),
    ("a sequence", "列表"),
    ("sequence", "列表"),
    ("an object", "对象"),
    ("a map", "对象"),
    ("map", "对象"),
    ("integer ", "整数 "),
    ("floating point ", "小数 "),
    ("a formatted date string", "日期，例如 2014-03-01"),
    ("a formatted date and time string", "时刻，例如 2014-03-01T10:00:00+08:00"),
];

fn in_chinese(message: &str) -> Option<String> {
    if let Some((_, zh)) = SENTENCES.iter().find(|(en, _)| *en == message) {
        return Some((*zh).to_owned());
    }
    if let Some(text) = message.strip_suffix(" is not a month: expected YYYY-MM, for example 2014-03") {
        return Some(format!("{text} 不是月份：应写成 YYYY-MM，例如 2014-03"));
    }
    let (zh, rest) =
        BEGINNINGS.iter().find_map(|(en, zh)| message.strip_prefix(en).map(|rest| (*zh, rest)))?;
    // What somebody sent stands in quotes, and stays as it is.
    let parts = rest.split('"').enumerate().map(|(at, part)| match at % 2 {
        0 => WORDS.iter().fold(part.to_owned(), |text, (en, zh)| text.replace(en, zh)),
        _ => format!("\"{part}\""),
    });
    Some(zh.replace("{}", &parts.collect::<String>()))
}

/// What is wrong with a JSON text, and where.
pub fn of_json(error: &serde_json::Error) -> Said {
    let (text, line, column) = (error.to_string(), error.line(), error.column());
    let what = said(text.split(" at line ").next().unwrap_or_default());
    let zh = what.in_language(Language::Chinese);
    Said::both(format!("{zh}（第 {line} 行第 {column} 列）"), text)
}

/// What is wrong with a JSON text as a whole.
pub(super) fn no_json(error: &serde_json::Error) -> Said {
    of_json(error).about(&say!("请求体不是有效的 JSON", "the body is not valid JSON"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_libraries_say_is_read_in_chinese() {
        for (en, zh) in [
            ("length is lower than 12", "长度至少为 12"),
            ("greater than 28", "不能大于 28"),
            ("missing field `period`", "缺少 `period`"),
            ("unknown field `x`, expected `zh` or `en`", "没有这个字段：`x`；应为 `zh` 或 `en`"),
            ("unknown field `x`, expected one of `a`, `b`", "没有这个字段：`x`；应为以下之一：`a`, `b`"),
            ("invalid type: string \"a map\", expected i64", "类型不对：文字 \"a map\"；应为 i64"),
            ("invalid type: null, expected a string", "类型不对：null；应为 文字"),
            ("input is out of range", "没有这样的日期或时间"),
            (
                "'2014' is not a month: expected YYYY-MM, for example 2014-03",
                "'2014' 不是月份：应写成 YYYY-MM，例如 2014-03",
            ),
            ("something else", "不正确：something else"),
        ] {
            let said = said(en);
            assert_eq!(said.in_language(Language::Chinese), zh);
            assert_eq!(said.in_language(Language::English), en);
        }
        let ours = Said::fixed("应为月份", "expected a month");
        assert_eq!(said(&ours.joined()), ours);
    }
}
