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
    let warning = found("a/rule.rhai", b"fn score(deliveries, late) { min(deliveries, 9) }");
    let zh = warning.clone().in_language(Language::Chinese).to_string();
    let en = warning.in_language(Language::English).to_string();
    assert!(zh.contains("从来没有用到") && zh.contains("提醒：不改也能用"), "{zh}");
    assert!(en.contains("is never used") && en.contains("warning: it can be used as it is"), "{en}");
}
