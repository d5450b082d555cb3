//! Golden cases out of reviews: what is exported passes as it is.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use serde_json::{Value, json};

use crate::program::run;
use crate::support::{Template, TestApp, copied_rules, database_url};

async fn reviews(app: &TestApp, filter: &str) -> Vec<i64> {
    let list = app.get("auditor", &format!("/v1/reviews?limit=500{filter}")).await.expect(200);
    list["items"].as_array().unwrap().iter().map(|review| review["id"].as_i64().unwrap()).collect()
}

async fn cases(app: &TestApp, id: i64) -> Value {
    app.get("hr", &format!("/v1/reviews/{id}/cases")).await.expect(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rule_of_every_review_makes_a_case_that_passes() {
    let app = TestApp::demo().await;
    let folder = copied_rules();
    let before = run(&["rules", "test", folder.path().to_str().unwrap()]);
    let passed = |out: &str| out.split(" passed").next().unwrap().trim().parse::<usize>().unwrap();
    let mut files = BTreeMap::<String, String>::new();
    let mut count = 0;
    for month in ["2014-03", "2014-05", "2014-09"] {
        for id in reviews(&app, &format!("&period={month}")).await {
            let told = cases(&app, id).await;
            assert_eq!(told["skipped"], json!([]), "{id}");
            for case in told["cases"].as_array().unwrap() {
                let of = |key: &str| case[key].as_str().unwrap();
                assert_eq!(of("name"), format!("{month} review {id}"));
                assert!(!of("toml").contains("A0") && !of("toml").contains("T01"), "no person: {case:#}");
                writeln!(files.entry(of("file").to_owned()).or_default(), "\n{}", of("toml")).unwrap();
                count += 1;
            }
        }
    }
    assert!(count > 300, "{count}");
    for (file, text) in files {
        let path = folder.path().join(file);
        fs::write(&path, fs::read_to_string(&path).unwrap() + &text).unwrap();
    }
    let after = run(&["rules", "test", folder.path().to_str().unwrap()]);
    assert_eq!(after.status, 0, "{}", after.out);
    assert_eq!(passed(&after.out), passed(&before.out) + count);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_has_the_facts_of_its_rule_the_score_and_the_reasons() {
    let app = TestApp::demo().await;
    let id = reviews(&app, "&period=2014-03&employee_no=A06").await[0];
    let told = app.get("hr", &format!("/v1/reviews/{id}/cases?rule=20_funnel_kpi")).await.expect(200);
    let [case] = told["cases"].as_array().unwrap().as_slice() else { panic!("{told:#}") };
    assert_eq!(case["file"], "sales_consultant/20_funnel_kpi.cases.toml");
    let toml = case["toml"].as_str().unwrap();
    let expected = format!(
        "[[case]]\nname = \"2014-03 review {id}\"\n\
         facts = {{ captured_leads = 33, first_visits = 43, test_drives = 19, visitors = 36, orders = 6 }}\n\
         parameters = {{ kpi_least = 10, capture_floor = 0.6, capture_full = 0.85, drive_floor = 0.4, drive_full = 0.7, \
         closing_floor = 0.1, closing_full = 0.25 }}\n\
         score = 8.21\nreasons = [\n"
    );
    assert!(toml.starts_with(&expected), "{toml}");
    assert!(toml.contains("\"留档率 33/43 = 76.7%，在 60% 与 85% 之间，得 3.35 分\""), "{toml}");
    let refused = app.get("hr", &format!("/v1/reviews/{id}/cases?rule=99_none")).await;
    assert_eq!(refused.problem(422), "validation-failed");
    let refused = app.get("hr", &format!("/v1/reviews/{id}/cases?colour=red")).await;
    assert_eq!(refused.problem(422), "validation-failed");
    assert_eq!(app.get("hr", "/v1/reviews/999999999/cases").await.problem(404), "not-found");
    assert_eq!(app.get("telesales", &format!("/v1/reviews/{id}/cases")).await.problem(404), "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_outstanding_is_skipped_and_said() {
    let app = TestApp::demo().await.at("2015-03-02T02:00:00Z");
    // February of the next year: nobody has delivered the month's attendance yet.
    let facts = json!({"period": "2015-02", "source_system": "dms", "rows": [
        {"employee_no": "A02", "facts": {"deliveries": 9, "first_visits": 40, "captured_leads": 30}}]});
    app.post("clerk", "/v1/facts", facts).await.expect(200);
    let cycle =
        app.post("hr", "/v1/review-cycles", json!({"store": "JC", "period": "2015-02"})).await.expect(201);
    app.post_empty("hr", &format!("/v1/review-cycles/{}/generate", cycle["id"])).await.expect(200);
    let id = reviews(&app, "&period=2015-02&employee_no=A02").await[0];
    let told = cases(&app, id).await;
    let skipped = told["skipped"].as_array().unwrap();
    let reason = |rule: &str| {
        let found = skipped.iter().find(|skipped| skipped["rule"] == rule);
        found.map(|skipped| skipped["reason"].as_str().unwrap())
    };
    assert!(reason("70_complaints").unwrap().contains("complaints_minor"), "{told:#}");
    assert_eq!(reason("20_funnel_kpi"), None, "what the month has is told");
    // Without scheduled days the rule fails, whatever else is known: a case can say that.
    let cases = told["cases"].as_array().unwrap();
    let attendance = cases.iter().find(|case| case["rule"] == "50_attendance").unwrap();
    assert!(attendance["toml"].as_str().unwrap().contains("score = \"error\""), "{attendance:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_prints_cases_or_adds_them_to_a_folder_once() {
    let url = database_url(Template::Demo).await;
    let folder = copied_rules();
    let path = folder.path().to_str().unwrap();
    let case = |more: &[&str]| run(&[&["rules", "case", "--database-url", &url], more].concat());
    let printed = case(&["--review", "1"]);
    assert_eq!((printed.status, printed.err.as_str()), (0, ""), "{printed:#?}");
    let count = printed.out.matches("[[case]]").count();
    assert!(count >= 3 && printed.out.contains("review 1\""), "{}", printed.out);

    let cases_before = run(&["rules", "test", path]).out;
    let added = case(&["--review", "1", "--append", path]);
    assert_eq!((added.status, added.err.as_str()), (0, ""), "{added:#?}");
    assert_eq!(added.out.lines().count(), count);
    let tested = run(&["rules", "test", path]);
    assert_eq!(tested.status, 0, "{}", tested.out);
    assert_ne!(tested.out, cases_before);

    let state = |folder: &std::path::Path| {
        let mut files = BTreeMap::new();
        for scheme in
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir())
        {
            for file in fs::read_dir(scheme).unwrap().map(|entry| entry.unwrap().path()) {
                files.insert(file.clone(), fs::read_to_string(file).unwrap());
            }
        }
        files
    };
    let before = state(folder.path());
    let again = case(&["--review", "1", "--append", path]);
    assert_eq!((again.status, again.out.as_str()), (1, ""), "{again:#?}");
    assert!(again.err.contains("already"), "{}", again.err);
    assert_eq!(state(folder.path()), before, "what is refused changes nothing, and leaves nothing behind");

    for (arguments, message) in [
        (vec!["--review", "999999"], "no such review"),
        (vec!["--review", "1", "--rule", "99_none"], "99_none"),
        (vec!["--review", "1", "--append", "no-such-folder"], "no-such-folder"),
    ] {
        let refused = case(&arguments);
        assert_eq!((refused.status, refused.out.as_str()), (1, ""), "{refused:#?}");
        assert!(refused.err.contains(message), "{arguments:?}: {}", refused.err);
    }
}
