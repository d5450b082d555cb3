//! What somebody writes who means something else is said in words that help, in both languages, at the place itself.

use super::*;
use crate::rules::verdict::judge;

/// The first error of a script: code, line, column, message with suggestion.
fn first(script: &str) -> (String, usize, usize, String) {
    let findings = judge(files(script.as_bytes())).1.findings;
    let finding = findings.iter().find(|finding| finding.severity == Severity::Error);
    let finding = finding.unwrap_or_else(|| panic!("{script}: {findings:#?}"));
    let text = format!("{} {}", finding.message, finding.suggestion.clone().unwrap_or_default());
    (finding.code.to_owned(), finding.place.line.unwrap_or(0), finding.place.column.unwrap_or(0), text)
}

#[test]
fn usual_mistakes_are_said_with_what_to_write() {
    for (body, column, part) in [
        ("if deliveries >= 60% { 5 } else { 3 }", 18, "60% 要写成 0.6 · write 0.6 for 60%"),
        ("if deliveries =< 5 { 5 } else { 3 }", 15, "「=<」要写成 <="),
        ("if deliveries => 5 { 5 } else { 3 }", 15, "「=>」要写成 >="),
        ("if deliveries ≥ 5 { 5 } else { 3 }", 15, "「≥」要写成 >="),
        ("min(deliveries × 2, 9)", 16, "「×」要写成 *"),
        ("min(deliveries − 2, 9)", 16, "「−」要写成 -"),
        ("if deliveries > 5 and deliveries < 9 { 5 } else { 3 }", 19, "「and」要写成 &&"),
        ("if deliveries > 5 { 5 } elif deliveries > 3 { 4 } else { 3 }", 25, "「elif」要写成 else if"),
        ("min(交车台数, 9)", 5, "「交车台数」写作 deliveries"),
        ("min(delіveries, 9)", 8, "「і」(U+0456) 不是英文字母"),
        ("min（deliveries, 9)", 4, "「（」要写成 ("),
    ] {
        let (code, line, found, message) = first(&format!("fn score(deliveries) {{\n{body}\n}}"));
        assert_eq!((line, found), (2, column), "{body}: {code} {message}");
        assert!(message.contains(part), "{body}: {message}");
    }
    let (_, line, column, message) = first(
        "fn score(deliveries) {\n    if deliveries > 5 {\n        min(deliveries, 9)\n    else { 3 }\n",
    );
    assert!((line, column) == (2, 23) || line == 4 || line == 1, "{line}:{column} {message}");
}

#[test]
fn files_that_are_not_what_they_seem_are_explained() {
    let told = |path: &str, text: &[u8]| {
        let mut files = files(b"fn score(deliveries) { min(deliveries, 9) }");
        files.insert(path.to_owned(), text.to_vec());
        let findings = judge(files).1.findings;
        let finding = findings.into_iter().find(|finding| finding.place.file == path);
        let finding = finding.unwrap_or_else(|| panic!("{path}"));
        (finding.code, finding.message)
    };
    for (path, part) in [
        ("a/rule.case.toml", "<规则>.cases.toml"),
        ("a/scheme - 副本.toml", "副本"),
        ("a/~$scheme.toml", "临时文件"),
        ("more.toml", "没有这样的文件"),
    ] {
        let (code, message) = told(path, b"x = 1");
        assert_eq!(code, "not-listed", "{path}");
        assert!(message.contains(part), "{path}: {message}");
    }
    let (code, message) = told("a/rule.rhai", b"fn score(deliveries) { min(deliveries, 9) } // \xb3\xc7");
    assert_eq!(code, "not-utf8");
    assert!(message.contains("GBK"));
    let (_, message) = told("a/rule.cases.toml", "[case]\nname = \"x\"\n".as_bytes());
    assert!(message.contains("[[case]]"), "{message}");
    let (code, message) = told("a/rule.cases.toml", "[[case]]\nname = “x”\n".as_bytes());
    assert_eq!((code, message.contains("「“」")), ("full-width", true), "{message}");

    // What is left out when a folder is read.
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("a/b")).unwrap();
    std::fs::create_dir_all(folder.path().join("c")).unwrap();
    let beside = ["README.md", "a/.x.rhai.swp", "c/README.md", "说明.docx"];
    for path in ["a/x.rhai.txt", "a/._scheme.toml", "a/b/y.rhai", "a/Z.RHAI"].into_iter().chain(beside) {
        std::fs::write(folder.path().join(path), "x").unwrap();
    }
    let strays = crate::rules::strays::beside(folder.path());
    let paths = strays.iter().map(|finding| finding.place.file.as_str()).collect::<Vec<_>>();
    assert_eq!(paths, ["a/._scheme.toml", "a/Z.RHAI", "a/b", "a/x.rhai.txt", "c", "说明.docx"]);
}
