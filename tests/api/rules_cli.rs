//! `showfloor rules check` and `rules test`: what an author is told.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::program::run_within;
use crate::support::{Printed, copied_rules, shipped_rules};

/// Far more than any of this takes; a script that hangs the program fails here.
const PATIENCE: Duration = Duration::from_secs(20);

fn rules(command: &str, folder: &Path, more: &[&str]) -> Printed {
    let arguments = ["rules", command, folder.to_str().unwrap()];
    let printed = run_within(PATIENCE, &[&arguments, more].concat());
    assert!(!printed.err.contains("panicked"), "{printed:#?}");
    printed
}

fn json(command: &str, folder: &Path) -> (i32, Value) {
    let printed = rules(command, folder, &["--json"]);
    (
        printed.status,
        serde_json::from_str(&printed.out).unwrap_or_else(|error| panic!("{error}: {printed:#?}")),
    )
}

/// The shipped rules with one file changed.
fn with(file: &str, change: impl FnOnce(String) -> String) -> TempDir {
    let folder = copied_rules();
    let path = folder.path().join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    let changed = change(text.clone());
    assert_ne!(changed, text, "nothing was planted in {file}");
    std::fs::write(path, changed).unwrap();
    folder
}

const COMPLAINTS: &str = "sales_consultant/70_complaints.rhai";

#[test]
fn the_shipped_rules_pass() {
    let checked = rules("check", &shipped_rules(), &[]);
    assert_eq!((checked.status, checked.err.as_str()), (0, ""), "{checked:#?}");
    assert!(checked.out.contains("3 schemes, 16 rules"), "{}", checked.out);
    assert!(checked.out.contains("\n7 examples, "), "{}", checked.out);
    let tested = rules("test", &shipped_rules(), &[]);
    assert_eq!((tested.status, tested.err.as_str()), (0, ""), "{tested:#?}");
    assert!(tested.out.contains(" 0 failed") && !tested.out.contains("no cases"), "{}", tested.out);

    let (status, checked) = json("check", &shipped_rules());
    assert_eq!((status, checked["findings"].as_array().unwrap().len()), (0, 0));
    assert_eq!(checked["bundle"].as_str().unwrap().len(), 64);
    assert_eq!(checked["examples"].as_array().unwrap().len(), 7);
    let (status, tested) = json("test", &shipped_rules());
    assert_eq!(status, 0);
    // Each of the 16 rules has cases, and each several.
    assert!(tested["cases_passed"].as_u64().unwrap() >= 48, "{tested:#}");
    assert_eq!(tested["rules_without_cases"], serde_json::json!([]));
    assert_eq!(tested["bundle"], checked["bundle"], "the same bytes are the same bundle");
    // Every statement of the rules that ship has a case.
    let coverage = &tested["coverage"];
    assert_eq!(coverage["missed"], serde_json::json!([]));
    assert_eq!(coverage["reached"], coverage["statements"]);
    assert!(coverage["statements"].as_u64().unwrap() >= 80, "{coverage:#}");
}

/// `showfloor rules take` with the shipped examples.
fn take(name: &str, folder: &Path) -> Printed {
    let from = shipped_rules().join("examples");
    let arguments = ["rules", "take", name, folder.to_str().unwrap(), "--from", from.to_str().unwrap()];
    run_within(PATIENCE, &arguments)
}

#[test]
fn an_example_is_taken_in_by_one_command_and_counts_as_a_scheme_from_then_on() {
    let folder = copied_rules();
    let taken = take("clerk", folder.path());
    assert_eq!((taken.status, taken.err.as_str()), (0, ""), "{taken:#?}");
    let checked = rules("check", folder.path(), &[]);
    assert_eq!(checked.status, 0, "{checked:#?}");
    assert!(checked.out.contains("4 schemes, 20 rules"), "{}", checked.out);
    let metrics = std::fs::read_to_string(folder.path().join("metrics.toml")).unwrap();
    let shipped = std::fs::read_to_string(shipped_rules().join("metrics.toml")).unwrap();
    let added = metrics.strip_prefix(&shipped).unwrap();
    let fragment = std::fs::read_to_string(shipped_rules().join("examples/clerk/metrics.toml")).unwrap();
    assert_eq!(added.trim_start(), fragment);
    // One without metrics of its own leaves the catalogue alone.
    assert_eq!(take("customer_service", folder.path()).status, 0);
    assert_eq!(std::fs::read_to_string(folder.path().join("metrics.toml")).unwrap(), metrics);
    let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let left = names.filter(|name| name.to_str().unwrap().starts_with('.')).count();
    assert_eq!(left, 0, "nothing is left beside");

    let again = take("clerk", folder.path());
    assert_eq!(again.status, 1, "{again:#?}");
    assert!(
        again.out.contains("clerk/scheme.toml:1:1: scheme: the folder has a scheme 'clerk' already"),
        "{again:#?}"
    );
    let unknown = take("cleaner", folder.path());
    assert_eq!(unknown.status, 1, "{unknown:#?}");
    assert!(unknown.err.contains("customer_service, hr, parts"), "{unknown:#?}");
}

#[test]
fn an_example_that_does_not_go_with_the_folder_changes_nothing() {
    let folder = with("telesales_specialist/scheme.toml", |text| {
        text.replace("position = \"telesales_specialist\"", "position = \"clerk\"")
    });
    let metrics = std::fs::read(folder.path().join("metrics.toml")).unwrap();
    let refused = take("clerk", folder.path());
    assert_eq!(refused.status, 1, "{refused:#?}");
    assert!(refused.out.contains("scores the position 'clerk' already"), "{refused:#?}");
    assert_eq!(std::fs::read(folder.path().join("metrics.toml")).unwrap(), metrics);
    assert!(!folder.path().join("clerk").exists());
}

#[test]
fn examples_are_checked_where_they_stand() {
    let folder = copied_rules();
    let example = folder.path().join("examples/clerk");
    std::fs::create_dir_all(&example).unwrap();
    for entry in std::fs::read_dir(shipped_rules().join("examples/clerk")).unwrap().map(Result::unwrap) {
        std::fs::copy(entry.path(), example.join(entry.file_name())).unwrap();
    }
    let sound = rules("check", folder.path(), &[]);
    assert_eq!(sound.status, 0, "{sound:#?}");
    assert!(sound.out.contains("3 schemes, 16 rules") && sound.out.contains("1 examples"), "{}", sound.out);

    let script = example.join("20_entries.rhai");
    let text = std::fs::read_to_string(&script).unwrap();
    std::fs::write(&script, text.replace("entries_on_time", "entrys_on_time")).unwrap();
    let broken = rules("check", folder.path(), &[]);
    assert_eq!(broken.status, 1, "{broken:#?}");
    assert!(broken.out.contains("examples/clerk/20_entries.rhai:2:10: unknown-name"), "{}", broken.out);
    assert!(broken.out.contains("3 schemes, 16 rules"), "the rules themselves are sound: {}", broken.out);
    std::fs::write(&script, text).unwrap();

    let metrics = example.join("metrics.toml");
    let text = std::fs::read_to_string(&metrics).unwrap();
    std::fs::write(&metrics, text.replacen("kind = \"count\"", "kind = \"counts\"", 1)).unwrap();
    let line = text.lines().position(|line| line == "kind = \"count\"").unwrap() + 1;
    let broken = rules("check", folder.path(), &[]);
    assert_eq!(broken.status, 1, "{broken:#?}");
    assert!(broken.out.contains(&format!("examples/clerk/metrics.toml:{line}:8: toml")), "{}", broken.out);
    std::fs::write(&metrics, text).unwrap();

    std::fs::write(folder.path().join("examples/scheme.toml"), "").unwrap();
    let stray = rules("check", folder.path(), &[]);
    assert_eq!(stray.status, 1, "{stray:#?}");
    assert!(stray.out.contains("examples/scheme.toml:1:1: not-listed"), "{}", stray.out);
}

/// Both commands refuse a folder, name the place and say all of `parts`.
#[track_caller]
fn assert_refused(folder: &Path, place: &str, parts: &[&str]) {
    for command in ["check", "test"] {
        let printed = rules(command, folder, &[]);
        assert_eq!(printed.status, 1, "{command}: {printed:#?}");
        assert!(
            printed.out.lines().any(|line| line.starts_with(place)),
            "{command}: {place}\n{}",
            printed.out
        );
        for part in parts {
            assert!(printed.out.contains(part), "{command}: {part}\n{}", printed.out);
        }
        let (status, report) = json(command, folder);
        assert_eq!((status, &report["bundle"]), (1, &Value::Null));
        let finding = &report["findings"][0];
        assert_eq!(finding["severity"], "error", "{finding:#}");
        assert!(place.starts_with(finding["file"].as_str().unwrap()), "{finding:#}");
    }
}

#[test]
fn a_fault_is_told_with_line_column_source_and_caret() {
    let folder = with(COMPLAINTS, |text| text.replace("complaints_minor", "complaint_minor"));
    // The parameter, behind `fn score(` on the second line.
    assert_refused(
        folder.path(),
        &format!("{COMPLAINTS}:2:10: "),
        &["did you mean 'complaints_minor'?", "^"],
    );

    let folder = with(COMPLAINTS, |text| text.replace("remaining()", "remianing()"));
    assert_refused(
        folder.path(),
        &format!("{COMPLAINTS}:7:5: "),
        &["'remianing'", "remaining", "\n        ^"],
    );

    let folder = with(COMPLAINTS, |text| text.replace("3 * complaints_minor,", "3 * * complaints_minor,"));
    assert_refused(folder.path(), &format!("{COMPLAINTS}:3:"), &["deduct(3 * * complaints_minor", "^"]);

    let folder = with(COMPLAINTS, |text| text.replace("    remaining()\n}", "    remaining()\n"));
    assert_refused(folder.path(), &format!("{COMPLAINTS}:"), &[]);

    let folder = with(COMPLAINTS, |text| text.replace("6 * complaints_serious", "6 * complaints_grave"));
    assert_refused(folder.path(), &format!("{COMPLAINTS}:4:16: "), &["complaints_grave", "^"]);

    let folder = with(COMPLAINTS, |text| format!("{text}\nfn min(a, b) {{ a }}\n"));
    assert_refused(folder.path(), &format!("{COMPLAINTS}:10:1: "), &["min", "^"]);

    let folder = with(COMPLAINTS, |text| text.replace("fn score", "fn scores"));
    assert_refused(folder.path(), COMPLAINTS, &["score"]);
}

#[test]
fn the_files_around_the_scripts_are_checked_too() {
    let folder = copied_rules();
    std::fs::remove_file(folder.path().join(COMPLAINTS)).unwrap();
    assert_refused(folder.path(), "sales_consultant/scheme.toml:", &[COMPLAINTS, "^"]);

    let folder = with("sales_consultant/scheme.toml", |text| text.replacen("[[rule]]", "[[rulle]]", 1));
    assert_refused(folder.path(), "sales_consultant/scheme.toml:", &["rulle", "^"]);

    let folder = with("metrics.toml", |text| text.replacen("kind = \"count\"", "kind = \"counts\"", 1));
    let text = std::fs::read_to_string(folder.path().join("metrics.toml")).unwrap();
    let line = 1 + text.lines().position(|line| line.contains("\"counts\"")).unwrap();
    assert_refused(folder.path(), &format!("metrics.toml:{line}:8: "), &["counts", "^"]);

    let folder = copied_rules();
    std::fs::remove_file(folder.path().join("metrics.toml")).unwrap();
    assert_refused(folder.path(), "metrics.toml", &["metrics.toml"]);

    let folder = copied_rules();
    std::fs::write(folder.path().join(COMPLAINTS), b"fn score() { // \xff\n0 }").unwrap();
    assert_refused(folder.path(), &format!("{COMPLAINTS}:1:17: "), &["UTF-8"]);

    let empty = tempfile::tempdir().unwrap();
    let printed = rules("check", empty.path(), &[]);
    assert_eq!(printed.status, 1, "{printed:#?}");
    let nowhere = rules("check", &empty.path().join("nowhere"), &[]);
    assert_eq!(nowhere.status, 1, "{nowhere:#?}");
    assert!(format!("{}{}", nowhere.out, nowhere.err).contains("nowhere"), "{nowhere:#?}");
}

#[test]
fn a_case_that_fails_says_what_was_expected_and_what_came() {
    let cases = "sales_consultant/70_complaints.cases.toml";
    let folder = with(cases, |text| text.replacen("score = 7\n", "score = 8\n", 1));
    // The scripts are in order; only the case is not, and a check says so too.
    let checked = rules("check", folder.path(), &[]);
    assert_eq!(checked.status, 1);
    assert!(
        checked.out.lines().any(|line| line.starts_with(cases) && line.contains("expected 8")),
        "{checked:#?}"
    );
    let printed = rules("test", folder.path(), &[]);
    assert_eq!(printed.status, 1);
    let line = printed.out.lines().find(|line| line.starts_with(cases)).unwrap();
    assert!(line.contains("一般 1 起") && line.contains("expected 8") && line.contains("got 7"), "{line}");
    assert!(printed.out.contains(" 1 failed"), "{}", printed.out);
    let (status, report) = json("test", folder.path());
    assert_eq!((status, report["findings"].as_array().unwrap().len()), (1, 1));

    let folder = with(cases, |text| text.replacen("扣 3 分", "扣 4 分", 1));
    let printed = rules("test", folder.path(), &[]);
    assert_eq!(printed.status, 1);
    assert!(printed.out.contains("扣 4 分") && printed.out.contains("扣 3 分"), "{}", printed.out);

    let folder = with(cases, |text| text.replacen("complaints_minor", "complaint_minor", 1));
    let printed = rules("test", folder.path(), &[]);
    assert_eq!(printed.status, 1);
    assert!(printed.out.contains("did you mean 'complaints_minor'?"), "{}", printed.out);

    let folder = with(cases, |text| text.replacen("score = 10", "score = = 10", 1));
    let printed = rules("test", folder.path(), &[]);
    assert_eq!(printed.status, 1);
    assert!(printed.out.contains(&format!("{cases}:6:")), "{}", printed.out);
}

/// Puts a script in the place of one that has cases, and returns what testing it prints.
fn hostile(script: &str) -> Printed {
    rules("test", with(COMPLAINTS, |_| script.to_owned()).path(), &[])
}

#[test]
fn hostile_scripts_are_answered_and_do_no_harm() {
    let doubled: String =
        (0..30).map(|step| format!("    let s{} = `${{s{step}}}${{s{step}}}`;\n", step + 1)).collect();
    let score = |body: &str| format!("fn score(complaints_minor) {{\n    {body}\n}}\n");
    let scripts = [
        ("endless recursion", format!("{}fn f(x) {{ f(x) }}\n", score("f(complaints_minor)")), "too deeply"),
        (
            "recursion that branches",
            format!("{}fn f(x) {{ if x > 14 {{ x }} else {{ f(x + 1) + f(x + 1) }} }}\n", score("f(0)")),
            "steps",
        ),
        ("a string doubled again and again", score(&format!("let s0 = \"abcdefgh\";\n{doubled}    s30")), ""),
        ("deep nesting", score(&format!("{}1{}", "(".repeat(10_000), ")".repeat(10_000))), "too deeply"),
        ("deep negation", score(&format!("{}1", "-".repeat(10_000))), ""),
        ("deep blocks", score(&format!("{}1{}", "{ ".repeat(10_000), " }".repeat(10_000))), ""),
        ("a long sum", score(&format!("1{}", " + 1".repeat(10_000))), ""),
        ("eval", score("eval(\"1 + 1\")"), "'eval'"),
        ("a megabyte", format!("{}// {}", score("1"), "x".repeat(1 << 20)), "more than the 65536 allowed"),
        ("a huge number", score(&"9".repeat(5_000)), ""),
        ("a huge decimal", score(&format!("0.{}1", "0".repeat(5_000))), ""),
        ("a huge text", score(&format!("\"{}\"", "x".repeat(60_000))), ""),
        ("a loop", score("while true {}"), ""),
        ("another loop", score("loop { }"), ""),
        ("a power", score("9 ** 9 ** 9"), ""),
        ("a product", score("let x = 99999999999999; x * x * x * x"), ""),
        (
            "functions",
            score("1") + &(0..100).map(|i| format!("fn f{i}() {{ 1 }}\n")).collect::<String>(),
            "functions",
        ),
        ("a module", score("import \"/etc/passwd\" as x; 1"), ""),
        ("sleep", score("sleep(100); 1"), "sleep"),
        ("a thrown error", score("throw 1"), "throw"),
        ("no end", "fn score(complaints_minor) {".to_owned(), ""),
        ("nothing", "\n".to_owned(), "score"),
    ];
    for (what, script, message) in scripts {
        let printed = hostile(&script);
        assert_eq!(printed.status, 1, "{what}: {printed:#?}");
        assert!(printed.out.contains("sales_consultant/70_complaints."), "{what}: {}", printed.out);
        assert!(printed.out.contains(message), "{what}: {message}\n{}", printed.out);
        assert!(printed.out.len() < 20_000, "{what}: {} bytes of answer", printed.out.len());
    }
}

#[test]
fn a_line_without_a_case_is_told_and_is_no_failure() {
    let folder = with(COMPLAINTS, |text| {
        text.replace(
            "    remaining()",
            "    if complaints_minor > 8 {\n        note(\"很多\");\n    }\n    remaining()",
        )
    });
    let printed = rules("test", folder.path(), &[]);
    assert_eq!(printed.status, 0, "{printed:#?}");
    let place = format!("{COMPLAINTS}:8:9: not-covered: ");
    assert!(printed.out.lines().any(|line| line.starts_with(&place)), "{}", printed.out);
    assert!(printed.out.contains("\ncoverage "), "{}", printed.out);
    let (status, report) = json("test", folder.path());
    assert_eq!((status, &report["coverage"]["missed"][0]["line"]), (0, &Value::from(8)));
    assert_eq!(json("check", folder.path()).0, 0);
}

#[test]
fn a_warning_is_told_and_is_no_failure() {
    let folder = with(COMPLAINTS, |text| text.replace("    remaining()", "    min(3, 4);\n    remaining()"));
    let printed = rules("check", folder.path(), &[]);
    assert_eq!(printed.status, 0, "{printed:#?}");
    assert!(printed.out.starts_with(&format!("{COMPLAINTS}:7:5: no-effect: ")), "{}", printed.out);
    let (_, report) = json("check", folder.path());
    let finding = &report["findings"][0];
    let shown = ["code", "severity", "file", "line", "column"].map(|key| finding[key].clone());
    let expected = serde_json::json!(["no-effect", "warning", COMPLAINTS, 7, 5]);
    assert_eq!(Value::from(shown.to_vec()), expected);
    assert!(finding["source"].as_str().unwrap().contains("min(3, 4)") && finding["suggestion"].is_string());
}

#[test]
fn a_rule_that_can_leave_its_range_is_told_with_inputs() {
    let folder = with(COMPLAINTS, |text| text.replace("remaining()", "10 - 3 * complaints_minor"));
    let (status, report) = json("check", folder.path());
    assert_eq!(status, 1);
    let finding =
        report["findings"].as_array().unwrap().iter().find(|finding| finding["code"] == "out-of-range");
    let finding = finding.unwrap_or_else(|| panic!("{report:#}"));
    assert_eq!((&finding["line"], &finding["severity"]), (&Value::from(7), &Value::from("error")));
    let message = "with complaints_minor = 4: the rule gave -2 points, outside 0 to 10";
    assert_eq!(finding["message"], message);
    // Months can be scored with it, and its cases run.
    assert!(report["bundle"].is_string());
}

#[test]
fn watching_sees_a_file_saved_in_place_and_by_renaming() {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;
    use std::sync::mpsc;

    let folder = copied_rules();
    let arguments = ["rules", "check", folder.path().to_str().unwrap(), "--watch"];
    let mut child = crate::program::program(&arguments).stdout(Stdio::piped()).spawn().unwrap();
    let (send, lines) = mpsc::channel();
    let out = BufReader::new(child.stdout.take().unwrap());
    let reader = std::thread::spawn(move || {
        out.lines().map_while(Result::ok).try_for_each(|line| send.send(line)).ok();
    });
    let next = |part: &str| loop {
        let line = lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("nothing with {part}"));
        if line.contains(part) {
            break line;
        }
    };
    next("no errors");
    let script = folder.path().join(COMPLAINTS);
    let good = std::fs::read_to_string(&script).unwrap();
    std::fs::write(&script, good.replace("remaining()", "remianing()")).unwrap();
    assert!(next("unknown-function").starts_with(COMPLAINTS));
    // As many editors save: a new file in the place of the old one.
    let beside = folder.path().join("sales_consultant/.70_complaints.rhai.swp");
    std::fs::write(&beside, &good).unwrap();
    std::fs::rename(&beside, &script).unwrap();
    next(" UTC ");
    next("no errors");
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap();
}

/// Codes of findings in the source: `"code"` behind `Finding::error(`, `.finding(` and the like, and in the tables of codes.
fn codes_in(folder: &Path, found: &mut std::collections::BTreeSet<String>) {
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() && !path.ends_with("tests") {
            codes_in(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("tests.rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            for call in [
                "Finding::error(",
                ".finding(",
                ".of_rule(",
                "code: ",
                "=> ",
                "=> (",
                "code = ",
                "TOO_SLOW: &str = ",
            ] {
                for (at, _) in text.match_indices(call) {
                    let rest = text[at + call.len()..].trim_start().trim_start_matches("{").trim_start();
                    let Some(word) = rest.strip_prefix('"').and_then(|rest| rest.split('"').next()) else {
                        continue;
                    };
                    if call == "=> " || call == "=> (" {
                        // In a table of codes, every one stands in the README; other tables have other words.
                        let is_table = ["language.rs", "comparisons.rs", "probe/mod.rs"]
                            .iter()
                            .any(|file| path.ends_with(file));
                        if !is_table || word.contains(' ') || word.contains('\'') {
                            continue;
                        }
                    }
                    found.insert(word.to_owned());
                }
            }
        }
    }
}

#[test]
fn every_finding_is_explained_and_nothing_else_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut codes = std::collections::BTreeSet::new();
    codes_in(&root.join("src/rules"), &mut codes);
    let readme = std::fs::read_to_string(root.join("rules/README.md")).unwrap();
    let section = readme.split("\n## 10.").nth(1).unwrap();
    let explained: std::collections::BTreeSet<_> = section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .flat_map(|line| line.split('|').nth(1).unwrap().split('`').skip(1).step_by(2).map(str::to_owned))
        .collect();
    let kinds = ["text", "nothing", "a list"].map(str::to_owned).into();
    let codes: std::collections::BTreeSet<_> = codes.difference(&kinds).cloned().collect();
    assert_eq!(codes, explained);
}
