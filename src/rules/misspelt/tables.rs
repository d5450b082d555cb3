//! Signs, words and letters that people write for those of rules.

/// Signs that are written otherwise; of two that begin alike the longer one stands first.
pub const SIGNS: &[(&str, &str)] = &[
    ("===", "=="),
    ("!==", "!="),
    (":=", "="),
    ("=<", "<="),
    ("=>", ">="),
    ("<>", "!="),
    ("≥", ">="),
    ("≤", "<="),
    ("≠", "!="),
    ("×", "*"),
    ("÷", "/"),
    ("−", "-"),
    ("–", "-"),
    ("—", "-"),
    ("（", "("),
    ("）", ")"),
    ("｛", "{"),
    ("｝", "}"),
    ("【", "["),
    ("】", "]"),
    ("，", ","),
    ("、", ","),
    ("；", ";"),
    ("：", ":"),
    ("＝", "="),
    ("＋", "+"),
    ("－", "-"),
    ("＊", "*"),
    ("／", "/"),
    ("＜", "<"),
    ("＞", ">"),
    ("！", "!"),
    ("％", "%"),
    ("＆", "&"),
    ("｜", "|"),
    ("．", "."),
    ("“", "\""),
    ("”", "\""),
    ("＂", "\""),
    ("‘", "\""),
    ("’", "\""),
];

/// Words of other languages.
pub const WORDS: &[(&str, &str)] = &[
    ("and", "&&"),
    ("AND", "&&"),
    ("And", "&&"),
    ("or", "||"),
    ("OR", "||"),
    ("Or", "||"),
    ("not", "!"),
    ("NOT", "!"),
    ("elif", "else if"),
    ("elseif", "else if"),
    ("elsif", "else if"),
    ("ElseIf", "else if"),
    ("then", "{ … }"),
    ("Then", "{ … }"),
    ("THEN", "{ … }"),
    ("null", "applies(…)"),
    ("None", "applies(…)"),
    ("def", "fn"),
    ("function", "fn"),
    ("func", "fn"),
    ("fun", "fn"),
    ("var", "let"),
    ("If", "if"),
    ("IF", "if"),
    ("Else", "else"),
    ("ELSE", "else"),
    ("Return", "return"),
    ("RETURN", "return"),
];

/// Chinese words for what is written in signs.
pub const CHINESE: &[(&str, &str)] = &[
    ("大于等于", ">="),
    ("小于等于", "<="),
    ("不小于", ">="),
    ("不大于", "<="),
    ("不低于", ">="),
    ("不等于", "!="),
    ("大于", ">"),
    ("小于", "<"),
    ("低于", "<"),
    ("高于", ">"),
    ("等于", "=="),
    ("并且", "&&"),
    ("而且", "&&"),
    ("且", "&&"),
    ("或者", "||"),
    ("或", "||"),
    ("不是", "!"),
    ("非", "!"),
    ("如果", "if"),
    ("否则如果", "else if"),
    ("否则", "else"),
    ("返回", "return"),
    ("函数", "fn"),
    ("乘以", "*"),
    ("乘", "*"),
    ("除以", "/"),
    ("加", "+"),
    ("减", "-"),
];

/// Functions and values of spreadsheets and other languages, with what rules have for them.
const ELSEWHERE: &[(&str, &str)] = &[
    ("if", "if … { … } else { … }"),
    ("iif", "if … { … } else { … }"),
    ("ifs", "band(…), if … else if … else"),
    ("iferror", "if applies(…) { … } else { … }"),
    ("ifna", "if applies(…) { … } else { … }"),
    ("isblank", "!applies(…)"),
    ("sum", "a + b"),
    ("and", "a && b"),
    ("or", "a || b"),
    ("not", "!a"),
    ("roundup", "ceil(v)"),
    ("ceiling", "ceil(v)"),
    ("rounddown", "floor(v)"),
    ("int", "floor(v)"),
    ("trunc", "floor(v)"),
    ("avg", "average(n, d)"),
    ("mean", "average(n, d)"),
    ("vlookup", "band(v, [[edge, points], …])"),
    ("lookup", "band(v, [[edge, points], …])"),
    ("false", "false"),
    ("true", "true"),
    ("null", "!applies(…)"),
    ("none", "!applies(…)"),
    ("nil", "!applies(…)"),
    ("na", "!applies(…)"),
];

/// What rules have for a name of a spreadsheet or another language, whatever its letters' case.
pub fn elsewhere(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    ELSEWHERE.iter().find(|(known, _)| *known == lower).map(|(_, ours)| *ours)
}

/// Letters that look like Latin ones, as these: full-width ones, and those of Cyrillic and Greek.
pub fn in_latin(text: &str) -> String {
    const ALIKE: &[(&str, &str)] =
        &[("АВЕЅКМНОРСТХІЈаеорсухіѕј", "ABESKMHOPCTXIJaeopcyxisj"), ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοα", "ABEZHIKMNOPTYXoa")];
    let latin = |letter: char| match letter {
        '\u{ff01}'..='\u{ff5e}' => u32::from(letter).checked_sub(0xfee0).and_then(char::from_u32),
        _ => ALIKE.iter().find_map(|(alike, latin)| {
            alike.chars().zip(latin.chars()).find(|(known, _)| *known == letter).map(|(_, latin)| latin)
        }),
    };
    text.chars().map(|letter| latin(letter).unwrap_or(letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_look_alike_are_the_latin_ones() {
        for (text, expected) in [("Ｃ", "C"), ("С", "C"), ("Ａ１", "A1"), ("абс", "aбc"), ("优", "优")]
        {
            assert_eq!(in_latin(text), expected);
        }
        assert_eq!(
            (elsewhere("SUM"), elsewhere("False"), elsewhere("late")),
            (Some("a + b"), Some("false"), None)
        );
    }
}
