//! The house keeps to its plan: modules use only what stands to their left, and dependencies keep to deny.toml.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use spdx::{Expression, Licensee, ParseMode};

/// The modules in the order in which each may use the ones before it; those of one line do not use each other.
const ORDER: &[&[&str]] = &[
    &["words", "said", "period", "decimal", "clock"],
    &["calendar"],
    &["db"],
    &["http"],
    &["auth"],
    &["org"],
    &["ledger"],
    &["diary"],
    &["spreadsheets"],
    &["plan"],
    &["rules"],
    &["reviews"],
    &["retention"],
    &["dashboard"],
    &["changes"],
    &["demo"],
    &["config"],
    &["server"],
    &["cli"],
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rank(module: &str) -> Option<usize> {
    ORDER.iter().position(|modules| modules.contains(&module))
}

/// Every Rust file below a folder, with its path relative to it.
fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for path in std::fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.push((name, std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// The modules that a text names as `crate::module` or within `crate::{…}`, with the line.
fn uses(text: &str) -> Vec<(usize, String)> {
    let code: String = text
        .lines()
        .map(|line| if line.trim_start().starts_with("//") { "\n".to_owned() } else { format!("{line}\n") })
        .collect();
    let mut found = Vec::new();
    for (at, path) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let line = code[..at].matches('\n').count() + 1;
        let rest = &code[at + path.len()..];
        let first_name = |text: &str| {
            text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>()
        };
        match rest.strip_prefix('{') {
            None => found.push((line, first_name(rest))),
            Some(list) => found.extend(top_level(list).iter().map(|name| (line, first_name(name)))),
        }
    }
    found
}

/// The parts of a list in braces, up to the brace that closes it.
fn top_level(list: &str) -> Vec<String> {
    let mut depth = 0;
    let mut parts = vec![String::new()];
    for c in list.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => parts.push(String::new()),
            _ => parts.last_mut().unwrap().push(c),
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

#[test]
fn the_search_finds_every_way_to_write_a_use() {
    let text = "use crate::a::B;\nuse crate::{b, c::{D, e}, f as g};\n// crate::h\nlet x = crate::i::j(mycrate::k);\n";
    let found: Vec<_> = uses(text);
    let expected = [(1, "a"), (2, "b"), (2, "c"), (2, "f"), (4, "i")];
    assert_eq!(found, expected.map(|(line, name)| (line, name.to_owned())));
}

#[test]
fn modules_use_only_what_stands_to_their_left() {
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for (file, text) in sources(&root().join("src")) {
        let module = file.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        if matches!(module.as_str(), "lib" | "main") {
            continue;
        }
        let own = rank(&module).unwrap_or_else(|| panic!("src/{file}: say in ORDER where '{module}' stands"));
        seen.insert(module.clone());
        for (line, used) in uses(&text) {
            match rank(&used) {
                // Macros of the crate and its types at the root are nobody's.
                None => assert!(!root().join("src").join(&used).exists(), "src/{file}:{line}: {used}"),
                Some(other) if other < own || used == module => {}
                Some(_) => faults.push(format!("src/{file}:{line}: {module} uses {used}")),
            }
        }
    }
    assert_eq!(seen.len(), ORDER.iter().map(|modules| modules.len()).sum::<usize>(), "{seen:?}");
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Every package of the tree, as cargo knows it without a network.
fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--locked", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

fn deny() -> toml::Table {
    std::fs::read_to_string(root().join("deny.toml")).unwrap().parse().unwrap()
}

fn licences(list: &toml::Value) -> Vec<Licensee> {
    list.as_array().unwrap().iter().map(|text| Licensee::parse(text.as_str().unwrap()).unwrap()).collect()
}

/// Whether a licence expression can be met with these licences alone. An error: it cannot be read.
fn is_met(expression: &str, allowed: &[Licensee]) -> Result<bool, spdx::ParseError> {
    let expression = Expression::parse_mode(expression, ParseMode::LAX)?;
    Ok(expression.evaluate(|wanted| allowed.iter().any(|licence| licence.satisfies(wanted))))
}

#[test]
fn every_licence_is_one_that_is_allowed() {
    let deny = deny();
    let allowed = licences(&deny["licenses"]["allow"]);
    let exceptions: BTreeMap<&str, Vec<Licensee>> = deny["licenses"]["exceptions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|exception| (exception["crate"].as_str().unwrap(), licences(&exception["allow"])))
        .collect();
    assert_eq!(is_met("GPL-3.0-only OR MIT AND AGPL-3.0-only", &allowed), Ok(false));
    let packages = packages();
    assert!(packages.len() > 100);
    let faults: Vec<_> = packages
        .iter()
        .filter(|package| {
            let more = exceptions.get(package["name"].as_str().unwrap()).into_iter().flatten();
            let allowed: Vec<_> = allowed.iter().chain(more).cloned().collect();
            let licence = package["license"].as_str().unwrap_or_default();
            is_met(licence, &allowed) != Ok(true)
        })
        .map(|package| format!("{} {}: {}", package["name"], package["version"], package["license"]))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn banned_crates_are_absent_and_every_source_is_crates_io() {
    let deny = deny();
    let banned: BTreeSet<_> =
        deny["bans"]["deny"].as_array().unwrap().iter().map(|ban| ban["crate"].as_str().unwrap()).collect();
    assert!(!banned.is_empty());
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        assert!(!banned.contains(name), "{name} is banned");
        match package["source"].as_str() {
            None => assert_eq!(name, "showfloor", "a path dependency"),
            Some(source) => {
                assert_eq!(source, "registry+https://github.com/rust-lang/crates.io-index", "{name}");
            }
        }
        for dependency in package["dependencies"].as_array().unwrap() {
            let wildcard = package["source"].is_null() && dependency["req"] == "*";
            assert!(!wildcard, "{}: a version is missing", dependency["name"]);
        }
    }
}

/// The files under version control; none where this is not a checkout.
fn tracked() -> Vec<PathBuf> {
    match Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output() {
        Ok(output) if output.status.success() => String::from_utf8(output.stdout)
            .unwrap()
            .split_terminator('\0')
            .map(|name| root().join(name))
            .filter(|path| path.is_file())
            .collect(),
        _ => Vec::new(),
    }
}

/// An absolute path below one of these folders, which exist on somebody's machine only.
fn path_of_one_machine(text: &str) -> Option<String> {
    let begins_here =
        |before: Option<char>| before.is_none_or(|c| !c.is_alphanumeric() && !"/.-_~}$*".contains(c));
    ["work", "root", "home", "Users"].iter().find_map(|folder| {
        let folder = format!("/{folder}/");
        let mut places = text.match_indices(&folder);
        let (at, _) = places.find(|(at, _)| begins_here(text[..*at].chars().next_back()))?;
        Some(text[at..].chars().take_while(|c| !c.is_whitespace()).take(60).collect())
    })
}

#[test]
fn paths_of_one_machine_are_told_from_others() {
    for (text, is_one) in [
        (["see /", "work/x"].concat(), true),
        (["\"/", "root/.cargo\""].concat(), true),
        (["/", "home/somebody/x"].concat(), true),
        ("$HOME/work/x".to_owned(), false),
        ("src/work/x.rs and https://example.org/home/".to_owned(), false),
    ] {
        assert_eq!(path_of_one_machine(&text).is_some(), is_one, "{text}");
    }
}

#[test]
fn no_tracked_file_names_one_machine_or_another_registry() {
    for path in tracked() {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        assert_eq!(path_of_one_machine(&text), None, "{}", path.display());
        let is_cargo_config = path.parent().is_some_and(|folder| folder.ends_with(".cargo"));
        assert!(
            !is_cargo_config,
            "{}: where crates come from is each machine's own business",
            path.display()
        );
        for line in text.lines().map(str::trim_start) {
            let setting = ["registry", "replace-with", "index-url", "extra-index-url"]
                .into_iter()
                .find(|name| line.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('=')));
            assert_eq!(setting, None, "{}: {line}", path.display());
        }
    }
}

/// How problems are raised, and what stands behind it: the sentence is the last argument.
const RAISED: [&str; 7] = [
    "Problem::new(",
    "Problem::busy(",
    "Problem::conflict(",
    "Problem::field(",
    "FieldError::new(",
    "garde::Error::new(",
    "Error::custom(",
];

/// How the command line fails, prints and counts; whatever stands in the brackets may be a sentence.
const PRINTED: [&str; 11] = [
    "bail!(",
    "anyhow!(",
    "ensure!(",
    ".context(",
    ".with_context(",
    "println!(",
    "eprintln!(",
    "print!(",
    "writeln!(",
    "write!(",
    "progress_bar(",
];

/// The arguments of a call, of which this is what stands behind its opening bracket.
fn arguments(text: &str) -> Vec<String> {
    let mut arguments = vec![String::new()];
    let (mut depth, mut is_quoted, mut is_escaped) = (0, false, false);
    for c in text.chars() {
        if is_quoted {
            is_quoted = c != '"' || is_escaped;
            is_escaped = c == '\\' && !is_escaped;
        } else {
            match c {
                '"' => is_quoted = true,
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' if depth == 0 => break,
                ')' | ']' | '}' => depth -= 1,
                ',' if depth == 0 => {
                    arguments.push(String::new());
                    continue;
                }
                _ => {}
            }
        }
        arguments.last_mut().unwrap().push(c);
    }
    let arguments = arguments.iter().map(|argument| argument.trim().to_owned());
    arguments.filter(|argument| !argument.is_empty()).collect()
}

/// Where a text raises a problem with a sentence in one language only.
fn said_in_one_language(text: &str) -> Vec<usize> {
    let is_bare = |argument: &str| {
        ["\"", "format!", "concat!"].iter().any(|begin| argument.starts_with(begin))
            || argument.ends_with(".to_string()")
    };
    let mut found = Vec::new();
    for raised in RAISED {
        for (at, _) in text.match_indices(raised) {
            let argument = arguments(&text[at + raised.len()..]).pop().unwrap_or_default();
            let is_name = argument.chars().all(|c| c.is_alphanumeric() || c == '_');
            let given = is_name.then(|| text[..at].rfind(&format!("let {argument} ="))).flatten();
            // Whoever hands on what it is given: where that is a text, both languages cannot be given.
            let taken = ["|", ", ", "("].iter().flat_map(|before| {
                ["String", "&str"].map(|kind| text[..at].rfind(&format!("{before}{argument}: {kind}")))
            });
            let takes_texts = is_name && taken.max().flatten() > given;
            let said = given.map_or(argument.as_str(), |at| {
                text[at..].split_once('=').map_or("", |(_, behind)| behind.trim_start())
            });
            if takes_texts || is_bare(said) {
                found.push(text[..at].matches('\n').count() + 1);
            }
        }
    }
    found
}

/// Whether an argument is a text with words in it, of which at most one language can be read: a literal, or what is made of one.
fn is_sentence(argument: &str) -> bool {
    let argument = argument.trim_start_matches("||").trim_start();
    let argument = argument.strip_prefix("&").unwrap_or(argument);
    let argument = argument.strip_prefix("format!(").unwrap_or(argument).trim_start();
    let Some(literal) = argument.strip_prefix('"') else { return false };
    // The program's own name is no language.
    let literal = literal.strip_prefix("showfloor: ").unwrap_or(literal);
    let (mut before, mut depth, mut is_escaped) = (' ', 0, false);
    for c in literal.chars() {
        match c {
            // What stands behind a backslash is no letter of a word.
            _ if is_escaped => {
                (is_escaped, before) = (false, ' ');
                continue;
            }
            '\\' => is_escaped = true,
            '"' => return false,
            '{' => depth += 1,
            '}' => depth -= 1,
            _ if depth == 0 && c.is_alphabetic() && (before.is_alphabetic() || !c.is_ascii()) => return true,
            _ => {}
        }
        before = c;
    }
    false
}

/// Where the command line fails with a sentence in one language only, or prints one, or both in one line.
fn printed_in_one_language(text: &str) -> Vec<usize> {
    let line = |at: usize| text[..at].matches('\n').count() + 1;
    let printed = PRINTED.iter().flat_map(|printed| {
        let calls = text.match_indices(printed);
        // Whole words only: `write!(` is also how a name may end.
        let calls = calls.filter(|(at, _)| {
            printed.starts_with('.')
                || !text[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.')
        });
        calls.filter(|(at, _)| arguments(&text[at + printed.len()..]).iter().any(|one| is_sentence(one)))
    });
    let both = text.match_indices(" · ").filter(|(at, _)| {
        let begin = text[..*at].rfind('\n').map_or(0, |end| end + 1);
        !text[begin..].trim_start().starts_with("//")
    });
    printed.chain(both).map(|(at, _)| line(at)).collect()
}

#[test]
fn a_sentence_in_one_language_is_found() {
    for (text, is_bare) in [
        ("bail!(\"no\")", true),
        ("anyhow::anyhow!(\"{path}: no {x}\")", true),
        ("anyhow::ensure!(is_free(a, b), \"{shown} is not empty\")", true),
        (".context(\"the cases could not be run\")", true),
        (".with_context(|| format!(\"cannot read {shown}\"))", true),
        ("writeln!(out, \"{a}: release {b}\")", true),
        ("println!(\"没有用例\")", true),
        ("println!(\"\\nrows\")", true),
        ("progress_bar(count, \"reviews\")", true),
        ("let a = \"计划 · plan\";", true),
        ("/// 计划 · plan", false),
        ("bail!(tell!(\"不行\", \"no\"))", false),
        ("bail!(say!(\"不行\", \"no\"))", false),
        (".with_context(|| tell!(\"不能读 {shown}\", \"cannot read {shown}\"))", false),
        ("writeln!(out, \"{}\", tell!(\"没有\", \"none\"))", false),
        ("writeln!(out, \"\\n{title}\\n{rows:>width$}\")", false),
        ("args.person.context(pool)", false),
    ] {
        assert_eq!(!printed_in_one_language(text).is_empty(), is_bare, "{text}");
    }
    for (text, is_bare) in [
        ("Problem::conflict(\"no\")", true),
        ("Problem::field(\"a\", format!(\"no {x}\", x = f(1, 2)))", true),
        ("let detail = \"no\";\nProblem::new(Code::Conflict, detail)", true),
        ("Problem::conflict(say!(\"不行\", \"no\"))", false),
        ("let detail = say!(\"不行\", \"no\");\nProblem::new(Code::Conflict, detail)", false),
        ("Problem::new(code, sentence)", false),
        ("Problem::conflict(error.to_string())", true),
        ("|field: &str, message: String| faults.push(FieldError::new(field, message))", true),
        ("|field: &str, message: Said| faults.push(FieldError::new(field, message))", false),
        (
            "|message: &str| f(message);\nlet message = say!(\"不行\", \"no\");\nProblem::conflict(message)",
            false,
        ),
    ] {
        assert_eq!(!said_in_one_language(text).is_empty(), is_bare, "{text}");
    }
}

#[test]
fn whatever_people_are_told_is_said_in_both_languages() {
    let mut faults = Vec::new();
    let mut nouns = BTreeSet::new();
    for (file, text) in sources(&root().join("src")) {
        let room = file.split('/').next().unwrap().trim_end_matches(".rs");
        let is_test = file.ends_with("tests.rs") || file.contains("/tests/");
        if is_test {
            continue;
        }
        let code = text.split("\n#[cfg(test)]\nmod ").next().unwrap();
        if room == "cli" {
            faults.extend(printed_in_one_language(code).iter().map(|line| format!("src/{file}:{line}")));
        }
        faults.extend(said_in_one_language(code).iter().map(|line| format!("src/{file}:{line}")));
        let named = code.split("not_found(").skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"'));
        nouns.extend(named.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
    }
    assert!(faults.is_empty(), "{faults:#?}");
    let known = std::fs::read_to_string(root().join("src/http/nouns.rs")).unwrap();
    let unknown = nouns.iter().filter(|noun| !known.contains(&format!("(\"{noun}\", ")));
    assert_eq!(unknown.collect::<Vec<_>>(), Vec::<&String>::new(), "without a Chinese name");
    assert!(nouns.len() > 20);
}
