//! What the document says of parameters, and of how long texts may be, is what the program takes.

use std::path::{Path, PathBuf};

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::string::string_regex;
use proptest::test_runner::TestRunner;
use reqwest::Method;
use serde_json::{Value, json};
use showfloor::server;

use crate::support::TestApp;

/// Path, operation and parameter of every parameter of the document.
fn parameters(document: &Value) -> impl Iterator<Item = (&str, &Value, &Value)> {
    let items = document["paths"].as_object().unwrap().iter();
    let operations = items.flat_map(|(path, item)| {
        item.as_object().unwrap().values().map(move |operation| (path.as_str(), operation))
    });
    operations.flat_map(|(path, operation)| {
        operation["parameters"].as_array().into_iter().flatten().map(move |one| (path, operation, one))
    })
}

/// A text says which words there are, how it is written or how long it may be, and a whole number from where to where.
#[test]
fn every_parameter_has_its_bounds() {
    let document = serde_json::to_value(server::openapi()).unwrap();
    let mut open = Vec::new();
    for (path, operation, parameter) in parameters(&document) {
        let schema = &parameter["schema"];
        let kind = &schema["type"];
        let is = |name: &str| {
            *kind == json!(name) || kind.as_array().is_some_and(|all| all.contains(&json!(name)))
        };
        let says = |names: &[&str]| names.iter().any(|name| schema.get(name).is_some());
        let is_open_text = is("string") && !says(&["enum", "pattern", "format", "maxLength"]);
        let is_open_number = is("integer") && !(says(&["minimum"]) && says(&["maximum"]));
        if is_open_text || is_open_number {
            open.push(format!("{} {path} {}", operation["operationId"], parameter["name"]));
        }
    }
    assert!(open.is_empty(), "{open:#?}");
}

/// A text that a pattern of the document describes.
fn described(pattern: &str, runner: &mut TestRunner) -> String {
    let inner = pattern.strip_prefix('^').and_then(|pattern| pattern.strip_suffix('$')).unwrap();
    string_regex(inner).unwrap().new_tree(runner).unwrap().current()
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_kinds_and_comparisons_that_are_described_are_taken() {
    const DESCRIBED: [&str; 4] = ["fields", "sort", "level", "compare"];
    let app = TestApp::demo().await;
    let document = serde_json::to_value(server::openapi()).unwrap();
    let mut runner = TestRunner::deterministic();
    let mut asked = 0;
    for (path, operation, parameter) in parameters(&document) {
        let name = parameter["name"].as_str().unwrap();
        if !path.starts_with("/v1/dashboard/") || !DESCRIBED.contains(&name) {
            continue;
        }
        let pattern = parameter["schema"]["pattern"].as_str().unwrap_or_else(|| panic!("{path} {name}"));
        let all = operation["parameters"].as_array().unwrap();
        // What is compared with is a column only where that is asked for.
        let is_compared = name != "compare" && all.iter().any(|one| one["name"] == "compare");
        for _ in 0..16 {
            let value = described(pattern, &mut runner);
            let mut query = vec![("period", "2014-03"), (name, value.as_str())];
            query.extend(is_compared.then_some(("compare", "last-month,last-year")));
            let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
            app.get("hr", &format!("{path}?{query}")).await.expect(200);
            asked += 1;
        }
    }
    assert!(asked >= 16 * (7 + 6 + 5 + 5), "{asked}");
}

/// Every column that there is can be asked for by the document.
#[tokio::test(flavor = "multi_thread")]
async fn every_column_is_described() {
    let app = TestApp::demo().await;
    let document = serde_json::to_value(server::openapi()).unwrap();
    for (path, operation, parameter) in parameters(&document) {
        if !path.starts_with("/v1/dashboard/") || parameter["name"] != "fields" {
            continue;
        }
        let all = operation["parameters"].as_array().unwrap();
        let is_compared = all.iter().any(|one| one["name"] == "compare");
        let compare = if is_compared { "&compare=last-month,last-year" } else { "" };
        let request = app.request(Method::GET, &format!("{path}?period=2014-03{compare}"));
        let request = request.bearer_auth(app.token("hr").await).header("Accept", "text/csv");
        let table = request.send().await.unwrap().text().await.unwrap();
        let pattern = parameter["schema"]["pattern"].as_str().unwrap();
        let words = pattern.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        let words = words.collect::<std::collections::BTreeSet<_>>();
        for column in table.lines().next().unwrap().split(',') {
            assert!(column.split('.').all(|name| words.contains(name)), "{path}: {column} in {pattern}");
        }
    }
}

/// The Rust files below a folder.
fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        match path.is_dir() {
            true => sources(&path, files),
            false => files.extend(Some(path).filter(|path| path.extension().is_some_and(|end| end == "rs"))),
        }
    }
}

/// How long a text of a body may be is checked by one attribute and said by another.
#[test]
fn lengths_that_are_held_to_are_said() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let (mut held, mut unsaid) = (0, Vec::new());
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let lines = text.lines().map(str::trim).collect::<Vec<_>>();
        let belongs = |line: &&&str| line.starts_with("#[") || line.starts_with("///");
        for (at, line) in lines.iter().enumerate() {
            let Some(rest) = line.strip_prefix("#[garde(length(chars, ") else { continue };
            let bounds = rest.split(')').next().unwrap();
            let before = lines[..at].iter().rev().take_while(belongs);
            let after = lines[at..].iter().take_while(belongs);
            let beside = before.chain(after).copied().collect::<String>();
            for (name, bound) in bounds.split(", ").filter_map(|bound| bound.split_once(" = ")) {
                held += 1;
                let said = format!("{name}_length = {}", bound.replace('_', ""));
                if !beside.contains(&said) {
                    unsaid.push(format!("{}:{} {said}", path.display(), at + 1));
                }
            }
        }
    }
    assert!(unsaid.is_empty(), "{unsaid:#?}");
    assert!(held > 100, "{held}");
}
