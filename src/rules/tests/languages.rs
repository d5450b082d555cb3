//! Every usual mistake is told to each reader in the reader's own language, at its place.

use super::*;
use crate::rules::verdict::judge;

/// Files with one of them added or put in place of what was there, and what is found in it first.
fn found(path: &str, content: &[u8]) -> Finding {
    let mut files = files(b"fn score(deliveries, late) { min(deliveries, 9) + min(late, 1) }");
    files.insert(path.to_owned(), content.to_vec());
    let findings = judge(files).1.findings;
    let found = findings.iter().find(|finding| finding.place.file == path);
    found.cloned().unwrap_or_else(|| panic!("{path}: {findings:#?}"))
}

fn is_chinese(c: char) -> bool {
    ('\u{3400}'..='\u{9fff}').contains(&c)
}

/// What stands in quotes is what somebody wrote, and stays.
fn unquoted(text: &str) -> String {
    let mut depth = 0_i32;
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '「' | '“' => depth += 1,
            '」' | '”' => depth -= 1,
            _ if depth == 0 => out.push(character),
            _ => {}
        }
    }
    out
}

#[track_caller]
fn told(path: &str, content: &[u8], place: (usize, usize), zh: &str, en: &str) {
    let finding = found(path, content);
    let at = (finding.place.line.unwrap_or(1), finding.place.column.unwrap_or(1));
    let say = |language| {
        let said = finding.clone().in_language(language);
        format!("{} {}", said.message, said.suggestion.unwrap_or_default())
    };
    let (chinese, english) = (say(Language::Chinese), say(Language::English));
    assert_eq!(at, place, "{chinese} | {english}");
    assert!(chinese.contains(zh) && chinese.contains(is_chinese), "{chinese}");
    assert!(english.contains(en) && english.contains(char::is_alphabetic), "{english}");
    assert!(!unquoted(&english).contains(is_chinese), "{english}");
    assert!(!chinese.contains(" · "), "{chinese}");
}

#[track_caller]
fn script(body: &str, place: (usize, usize), zh: &str, en: &str) {
    told("a/rule.rhai", format!("fn score(deliveries) {{\n{body}\n}}").as_bytes(), place, zh, en);
}

#[test]
fn signs_and_words_of_other_languages() {
    let condition = |sign: &str| format!("if deliveries {sign} 5 {{ 5 }} else {{ 3 }}");
    for (sign, ascii) in [("=<", "<="), ("≥", ">="), ("=>", ">="), ("≤", "<="), ("≠", "!=")] {
        let (zh, en) = (format!("要写成 {ascii}"), format!("write {ascii} for {sign}"));
        script(&condition(sign), (2, 15), &zh, &en);
    }
    for (sign, ascii) in [("×", "*"), ("−", "-"), ("÷", "/")] {
        let body = format!("min(deliveries {sign} 2, 9)");
        script(&body, (2, 16), &format!("要写成 {ascii}"), &format!("write {ascii} for {sign}"));
    }
    script("if deliveries >= 60% { 5 } else { 3 }", (2, 18), "60% 要写成 0.6", "write 0.6 for 60%");
    script(
        "if deliveries > 5 and deliveries < 9 { 5 } else { 3 }",
        (2, 19),
        "「and」要写成 &&",
        "write && for and",
    );
    script(
        "if deliveries > 5 { 5 } elif deliveries > 3 { 4 } else { 3 }",
        (2, 25),
        "要写成 else if",
        "write else if for elif",
    );
    script("min(delіveries, 9)", (2, 8), "不是英文字母", "only looks like a Latin one");
    script("min(交车台数, 9)", (2, 5), "写作 deliveries", "write deliveries");
    script("min（deliveries, 9)", (2, 4), "要写成 (", "write ( for （");
    for (sign, meant) in [("===", "=="), ("!==", "!="), ("大于等于", ">="), ("小于", "<")] {
        script(&condition(sign), (2, 15), &format!("要写成 {meant}"), &format!("write {meant} for"));
    }
    script(&condition("="), (2, 15), "要写 ==", "==");
    script(&condition("< ="), (2, 15), "中间不要空格，写成 <=", "write <= without a blank");
    script("let x := 5; min(deliveries, x)", (2, 7), "要写成 =", "write = for :=");
    script("min(2 x deliveries, 9)", (2, 7), "要写成 *", "write * for x");
    script("min(2deliveries, 9)", (2, 6), "要写 *", "write * between");
    script("min(2(deliveries), 9)", (2, 6), "要写 *", "write * between");
    script("min(deliveries, 1e3)", (2, 17), "1e3 要写成 1000", "write 1000 for 1e3");
    script("note('早安'); min(deliveries, 9)", (2, 6), "双引号", "double quotes");
    script("note(‘早’); min(deliveries, 9)", (2, 6), "要写成 \"", "write \" for ‘");
    script("# 说明\nmin(deliveries, 9)", (2, 1), "要写成 //", "write // for #");
    script("-- 说明\nmin(deliveries, 9)", (2, 1), "要写成 //", "write // for --");
    script("if deliveries > 5:\n5", (2, 18), "要写成 {", "write { for :");
    script("var x = 5; min(deliveries, x)", (2, 1), "要写成 let", "write let for var");
    script(
        "if deliveries == null { 5 } else { 3 }",
        (2, 18),
        "要写成 applies(…)",
        "write applies(…) for null",
    );
    script("deliveries > 5 ? 5 : 3", (2, 16), "if … { … } else { … }", "if … { … } else { … }");
    script("IF(deliveries > 5, 5, 3)", (2, 1), "规则里写成 if", "in rules this is if");
    script("roundup(deliveries)", (2, 1), "规则里写成 ceil(v)", "in rules this is ceil(v)");
    script(
        "if applies(deliveries) == False { 5 } else { 3 }",
        (2, 27),
        "规则里写成 false",
        "in rules this is false",
    );
    script(
        "note(`${deliveries}`);\nremaining",
        (3, 1),
        "「remaining」是函数，写成 remaining()",
        "'remaining' is a function",
    );
    script("total = min(deliveries, 9); total", (2, 1), "写成 let total", "write let total");
    script("5 }\n}\nfn half(n) { n", (3, 1), "没有对应的 {", "this } closes nothing");
}

#[test]
fn names_that_are_written_with_a_hyphen_are_joined() {
    told(
        "a/rule.rhai",
        b"fn score(late, deliveries) {\nlet late_days = late;\nmin(late-days, 5) + min(deliveries, 4)\n}",
        (3, 5),
        "是不是「late_days」",
        "did you mean 'late_days'",
    );
}

#[test]
fn numbers_that_are_too_long_or_have_another_form() {
    let digits = "1".repeat(41);
    script(&format!("min(deliveries, {digits})"), (2, 17), "最多 28 位", "at most 28 digits");
    let finding = found("a/rule.rhai", b"fn score(deliveries) {\nmin(deliveries, 1e3)\n}");
    let chinese = finding.clone().in_language(Language::Chinese).message;
    assert!(chinese.contains(is_chinese), "{chinese}");
    assert_eq!(finding.place.line, Some(2), "{finding}");
    let toml = SCHEME.replace("max = 10", &format!("max = {digits}"));
    let line = toml.lines().position(|line| line.contains(&digits)).unwrap() + 1;
    let finding = found("a/scheme.toml", toml.as_bytes());
    assert_eq!(finding.place.line, Some(line), "{finding}");
    assert!(finding.in_language(Language::Chinese).message.contains(is_chinese));
}

#[test]
fn a_brace_that_is_never_closed_is_told_where_it_is_open() {
    let text =
        "fn score(deliveries) {\n    if deliveries > 5 {\n        min(deliveries, 9)\n    else { 3 }\n";
    let finding = found("a/rule.rhai", text.as_bytes());
    let said = |language| finding.clone().in_language(language).message;
    assert!(said(Language::Chinese).contains(is_chinese), "{}", said(Language::Chinese));
    assert!(!said(Language::English).contains(is_chinese), "{}", said(Language::English));
    let text = "fn score(deliveries) {\n    if deliveries > 5 {\n        5\n    } else {\n        3\n}\n\n// 半\nfn half(n) {\n    n / 2\n}\n";
    told("a/rule.rhai", text.as_bytes(), (4, 12), "没有对应的 }", "this { is never closed");
    let text = "fn score(deliveries) {\n    note(`早);\n    note(`晚`);\n    min(deliveries, 9)\n}\n";
    told("a/rule.rhai", text.as_bytes(), (2, 10), "反引号没有闭合", "back-tick is never closed");
    let text = "fn score(deliveries) {\n    min(deliveries, 9)\n";
    told("a/rule.rhai", text.as_bytes(), (1, 22), "没有对应的 }", "this { is never closed");
}

#[test]
fn files_in_another_form_or_with_entries_of_another_kind() {
    told(
        "a/rule.rhai",
        b"fn score(deliveries) { min(deliveries, 9) } // \xb3\xc7",
        (1, 48),
        "另存为 UTF-8",
        "save it as UTF-8",
    );
    told("a/rule.cases.toml", b"[case]\nname = \"x\"\n", (1, 1), "[[case]]", "write [[case]]");
    told("a/rule.cases.toml", "[[case]]\nname = “x”\n".as_bytes(), (2, 8), "要写成半角", "write \" for “");
    told("a/rule.rhai", b"\xff\xfef\x00n\x00", (1, 1), "UTF-16", "UTF-16");
    let cases =
        "[case]\nname = \"甲\"\nfacts = {}\nscore = 1\n[[case]]\nname = \"乙\"\nfacts = {}\nscore = 1\n";
    told("a/rule.cases.toml", cases.as_bytes(), (1, 1), "[[case]]", "write [[case]]");
    // What is said of a case is not cut off by the mark between the halves of its name.
    let case = |facts: &str, score: &str| {
        format!("[[case]]\nname = \"one · two\"\nfacts = {{ {facts} }}\nscore = {score}\n")
    };
    for (facts, score, place, zh, en) in [
        ("deliveries = 3", "4", (2, 8), "应为 4，实得 3", "expected 4, got 3"),
        ("delivereis = 3", "3", (3, 11), "是不是「deliveries」", "did you mean 'deliveries'"),
        ("deliveries = 3.5", "3", (3, 11), "应为整数", "has to be a whole number"),
        (
            "deliveries = 3, deliveries_target = 5",
            "3",
            (3, 27),
            "规则没有用到",
            "does not read 'deliveries_target'",
        ),
        ("deliveries = 3", "\"n/a\"", (4, 9), "score 写数字", "score is a number"),
    ] {
        told("a/rule.cases.toml", case(facts, score).as_bytes(), place, zh, en);
    }
    let twice = case("deliveries = 3", "3") + &case("deliveries = 4", "4");
    told("a/rule.cases.toml", twice.as_bytes(), (6, 8), "已经有同名的用例", "already a case with this name");
    let in_scheme = |from: &str, to: &str, place: (usize, usize), zh: &str, en: &str| {
        assert!(SCHEME.contains(from), "{from}");
        told("a/scheme.toml", SCHEME.replacen(from, to, 1).as_bytes(), place, zh, en);
    };
    for (to, zh, en) in [
        ("max = 10%", "10% 要写成 0.1", "write 0.1 for 10%"),
        ("max = 10分", "不要写「分」", "only the number"),
        ("max = １０", "「１０」要写成 10", "write 10 for"),
        ("max = 10;", "行末不要写「;」", "does not end with ;"),
        ("max = 10 // 权重", "注释写在 # 后面", "comments begin with #"),
        ("max: 10", "「:」要写成 =", "write = for :"),
        ("max =", "= 后面没有值", "no value behind ="),
        ("max = 10,5", "小数点写「.」", "decimal point is '.'"),
        ("max = .5", ".5 要写成 0.5", "write 0.5 for .5"),
        ("max = 010", "数字前面不要多写 0", "leading zero"),
        ("max = 十", "写在英文引号里", "text stands in quotes"),
        ("max = \"ten\"", "写的是文字「ten」，应为数字", "expected a number with at most 15 digits"),
        ("满分 = 10", "键要写英文名", "an English one"),
        ("max = 1e400", "数字太大", "overflowed"),
    ] {
        let line = SCHEME.lines().position(|line| line == "max = 10").unwrap() + 1;
        let text = SCHEME.replacen("max = 10", to, 1);
        let finding = found("a/scheme.toml", text.as_bytes());
        let column = finding.place.column.unwrap();
        told("a/scheme.toml", text.as_bytes(), (line, column), zh, en);
    }
    in_scheme("zh = \"规则\"", "zh = \"规则", (8, 9), "引号没有闭合", "basic string");
    let veto = |cap: &str| {
        format!(
            "coefficient = 1\n[[grade]]\nname = \"C\"\nmin = 0\ncoefficient = 1\n[[veto]]\nmetric = \"late\"\nat_least = 1\ncap = \"{cap}\"\nzh = \"迟\"\nen = \"L\""
        )
    };
    let graded = SCHEME.replacen("min = 0", "min = 60", 1);
    for (cap, zh, en) in [
        ("Ｃ", "是不是「C」", "did you mean 'C'"),
        ("\u{421}", "是不是「C」", "did you mean 'C'"),
        ("E", "等级有：S, C", "the grades are: S, C"),
    ] {
        let text = graded.replacen("coefficient = 1", &veto(cap), 1);
        let finding = found("a/scheme.toml", text.as_bytes());
        let place = (finding.place.line.unwrap(), finding.place.column.unwrap());
        told("a/scheme.toml", text.as_bytes(), place, zh, en);
    }
    let twice = |entry: &str| format!("{SCHEME}{entry}");
    let rule = "[[rule]]\nid = \"rule\"\nzh = \"又\"\nen = \"Again\"\nmax = 1\n";
    let line = |text: &str| text.lines().count();
    let scheme = twice(rule);
    let finding = found("a/scheme.toml", scheme.as_bytes());
    assert!(finding.place.line > Some(line(SCHEME)), "the second is told: {finding}");
    told(
        "a/scheme.toml",
        scheme.as_bytes(),
        (finding.place.line.unwrap(), finding.place.column.unwrap()),
        "写了两次",
        "listed twice",
    );
    let metrics = format!("{CATALOGUE}{}", &CATALOGUE[CATALOGUE.find("[[metric]]").unwrap()..]);
    let finding = found("metrics.toml", metrics.as_bytes());
    assert!(finding.place.line > Some(line(CATALOGUE)), "the second is told: {finding}");
    assert!(finding.in_language(Language::Chinese).message.contains("写了两次"));
    let case = "[[case]]\nname = \"x\"\nfacts = { delivereis = 3 }\nscore = 3\n";
    let finding = found("a/rule.cases.toml", case.as_bytes());
    assert_eq!(finding.place.line, Some(3), "{finding}");
    let said = |language| finding.clone().in_language(language).to_string();
    assert!(said(Language::Chinese).contains("是不是「deliveries」"), "{}", said(Language::Chinese));
    assert!(said(Language::English).contains("did you mean 'deliveries'"), "{}", said(Language::English));
}

#[test]
fn what_is_asked_for_by_name_is_not_said_in_the_other_language() {
    let warning = found("a/rule.rhai", b"fn score(deliveries, late) { min(deliveries, 10) }");
    let zh = warning.clone().in_language(Language::Chinese).to_string();
    let en = warning.in_language(Language::English).to_string();
    assert!(zh.contains("从来没有用到") && zh.contains("提醒：不改也能用"), "{zh}");
    assert!(en.contains("is never used") && en.contains("warning: it can be used as it is"), "{en}");
}
