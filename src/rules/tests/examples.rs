//! The schemes that ship as examples: each is sound, its cases pass, and nobody is scored by it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rust_decimal::Decimal;

use crate::org::Position;
use crate::rules::bundle::{Bundle, CATALOGUE_FILE, Files, Scheme, read};
use crate::rules::examples::{Example, examples};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")
}

fn shipped() -> (Files, Vec<Example>) {
    (read(&folder()).unwrap(), examples(&folder()).unwrap())
}

fn example(name: &str) -> Example {
    shipped().1.into_iter().find(|example| example.name == name).unwrap()
}

/// The only scheme of an example.
fn scheme_of(example: &Example, files: &Files) -> Scheme {
    let mut schemes = Bundle::compile(example.alone(files).unwrap()).unwrap().schemes;
    assert_eq!(schemes.len(), 1, "{}", example.name);
    schemes.pop_first().unwrap().1
}

#[test]
fn every_example_is_without_a_finding_and_its_cases_pass_and_reach_every_line() {
    let (files, examples) = shipped();
    for example in &examples {
        let verdict = example.judged_with(&files).unwrap();
        assert!(verdict.findings.is_empty(), "{}: {:#?}", example.name, verdict.findings);
        let cases = &verdict.cases;
        assert_eq!((cases.cases_failed, cases.rules_without_cases.len()), (0, 0), "{}", example.name);
        assert!(cases.coverage.missed.is_empty(), "{}: {:#?}", example.name, cases.coverage.missed);
    }
}

#[test]
fn there_is_one_for_every_position_that_the_shipped_rules_leave_out() {
    let (files, examples) = shipped();
    let scored = Bundle::compile(files.clone()).unwrap();
    // Who approves everybody else's is not scored by a scheme of the store.
    let rest = Position::ALL.iter().filter(|position| **position != Position::GeneralManager);
    let rest = rest.map(|position| position.name()).filter(|name| scored.scheme_for(name).is_none());
    let offered = examples.iter().map(|example| scheme_of(example, &files).file.position);
    assert_eq!(offered.collect::<BTreeSet<_>>(), rest.map(str::to_owned).collect());
}

#[test]
fn none_is_part_of_the_bundle_until_it_is_taken_in() {
    let (files, examples) = shipped();
    let names = |bundle: &Bundle| bundle.schemes.keys().cloned().collect::<Vec<_>>();
    let bundle = Bundle::load(&folder()).unwrap();
    assert_eq!(names(&bundle), ["sales_consultant", "team_leader", "telesales_specialist"]);
    let copy = tempfile::tempdir().unwrap();
    for (path, content) in &files {
        let target = copy.path().join(path);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::write(target, content).unwrap();
    }
    assert_eq!(Bundle::load(copy.path()).unwrap().hash, bundle.hash, "the same bundle without the examples");

    // All of them go together.
    let all = examples.iter().try_fold(files, |files, example| example.taken_into(&files)).unwrap();
    let all = Bundle::compile(all).unwrap();
    assert!(all.warnings.is_empty(), "{:#?}", all.warnings);
    assert_eq!(all.schemes.len(), 3 + examples.len());
}

#[test]
fn each_has_a_few_rules_of_100_points_and_the_bands_and_vetoes_of_all_schemes() {
    let (files, examples) = shipped();
    let consultant = &Bundle::compile(files.clone()).unwrap().schemes["sales_consultant"].file;
    for example in examples {
        let scheme = scheme_of(&example, &files).file;
        assert_eq!(example.name, scheme.position);
        assert!((3..=5).contains(&scheme.rule.len()), "{}", example.name);
        assert_eq!(scheme.rule.iter().map(|rule| rule.max).sum::<Decimal>(), Decimal::ONE_HUNDRED);
        assert_eq!(
            (scheme.total_cap, scheme.min_applicable),
            (consultant.total_cap, consultant.min_applicable)
        );
        assert_eq!(format!("{:?}", scheme.grade), format!("{:?}", consultant.grade), "{}", example.name);
        assert_eq!(format!("{:?}", scheme.veto), format!("{:?}", consultant.veto), "{}", example.name);
    }
}

#[test]
fn what_is_scored_as_for_sales_consultants_is_the_same_file() {
    let (files, examples) = shipped();
    let mut same = BTreeSet::new();
    for (path, content) in examples.iter().flat_map(Example::scheme) {
        let file = path.split_once('/').unwrap().1;
        if let Some(consultants) =
            files.get(&format!("sales_consultant/{file}")).filter(|_| file != "scheme.toml")
        {
            assert!(consultants == content, "{path} is not sales_consultant/{file}");
            same.insert(file);
        }
    }
    let expected =
        ["50_attendance.cases.toml", "50_attendance.rhai", "70_complaints.cases.toml", "70_complaints.rhai"];
    assert_eq!(same, BTreeSet::from(expected));
}

#[test]
fn an_example_brings_its_metrics_once() {
    let (files, _) = shipped();
    let parts = example("parts");
    let mut taken = parts.taken_into(&files).unwrap();
    let refused = parts.taken_into(&taken).unwrap_err();
    assert_eq!((refused.code, refused.place.file.as_str()), ("scheme", "parts/scheme.toml"));

    // The scheme was removed again, its metrics stayed.
    taken.retain(|path, _| !path.starts_with("parts/"));
    let again = parts.taken_into(&taken).unwrap();
    assert_eq!(again[CATALOGUE_FILE], taken[CATALOGUE_FILE]);
    assert!(Bundle::compile(again).is_ok());

    // Some of them are there: which is meant is the author's to say.
    let text = String::from_utf8(taken[CATALOGUE_FILE].clone()).unwrap();
    let text = text.replace("name = \"stock_counted\"", "name = \"stock_items\"");
    taken.insert(CATALOGUE_FILE.to_owned(), text.into_bytes());
    let refused = parts.taken_into(&taken).unwrap_err();
    assert_eq!((refused.code, refused.place.file.as_str()), ("catalogue", CATALOGUE_FILE));
    assert!(refused.message.contains("'stock_counted'"), "{refused}");
}
