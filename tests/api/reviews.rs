//! Generating reviews and reading them.

use std::collections::BTreeMap;

use diesel_async::SimpleAsyncConnection as _;
use serde_json::{Value, json};
use showfloor::db::pool;

use crate::program::run;
use crate::releases;
use crate::support::{Template, TestApp, database_url};

/// Lines of a file of scores computed by exact rational arithmetic, independently of the program.
fn exact(scheme: &str) -> Vec<Value> {
    let path = format!("{}/tests/fixtures/exact/{scheme}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A JSON number with two places, or null, as the text that the fixtures have.
fn points(value: &Value) -> Value {
    match value {
        Value::Number(number) => {
            let (whole, places) = number.as_str().split_once('.').unwrap_or((number.as_str(), ""));
            Value::String(format!("{whole}.{places:0<2}"))
        }
        other => other.clone(),
    }
}

/// Every review of a list, page after page.
async fn all_reviews(app: &TestApp, login: &str, filter: &str) -> Vec<Value> {
    let mut reviews = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = app.get(login, &format!("/v1/reviews?limit=50{filter}{cursor}")).await.expect(200);
        reviews.extend(page["items"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return reviews,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demonstration_year_equals_exact_arithmetic() {
    let app = TestApp::demo().await;
    for (scheme, count) in [("sales_consultant", 141), ("team_leader", 36), ("telesales_specialist", 12)] {
        let expected: BTreeMap<(String, String), Value> = exact(scheme)
            .into_iter()
            .filter(|line| line["input"]["employee_no"].as_str().unwrap().starts_with(['A', 'T']))
            .map(|line| {
                let key = |name: &str| line["input"][name].as_str().unwrap().to_owned();
                ((key("employee_no"), key("period")), line["expected"].clone())
            })
            .collect();
        assert_eq!(expected.len(), count, "{scheme}");
        let reviews = all_reviews(&app, "group", &format!("&position={scheme}")).await;
        assert_eq!(reviews.len(), count, "{scheme}");
        for review in reviews {
            let key = |name: &str| review[name].as_str().unwrap().to_owned();
            let expected = &expected[&(key("employee_no"), key("period"))];
            for field in ["base", "bonus", "total"] {
                assert_eq!(points(&review[field]), expected[field], "{review:#}");
            }
            for field in ["grade", "final_grade"] {
                assert_eq!(review[field], expected[field], "{review:#}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_sums_of_the_demonstration_hold() {
    // domain.md, "Check sums over the 141 sales-consultant reviews".
    let app = TestApp::demo().await;
    let reviews = all_reviews(&app, "auditor", "&position=sales_consultant").await;
    let mut grades = BTreeMap::<String, usize>::new();
    for review in &reviews {
        *grades.entry(review["final_grade"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    let expected = [("S", 20), ("A", 54), ("B", 30), ("C", 33), ("D", 4)];
    assert_eq!(grades, expected.map(|(grade, count)| (grade.to_owned(), count)).into());
    let of = |employee_no: &str, period: &str| {
        let is_it = |review: &&Value| review["employee_no"] == employee_no && review["period"] == period;
        reviews.iter().find(is_it).cloned()
    };
    let best = of("A01", "2014-03").unwrap();
    assert_eq!((points(&best["total"]), &best["final_grade"]), (json!("96.63"), &json!("S")));
    let capped = of("A10", "2014-09").unwrap();
    assert_eq!(
        (points(&capped["total"]), &capped["grade"], &capped["final_grade"]),
        (json!("82.43"), &json!("B"), &json!("C"))
    );
    for month in ["2014-06", "2014-07", "2014-08"] {
        assert_eq!(of("A07", month), None, "on maternity leave");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_explains_every_point() {
    let app = TestApp::demo().await;
    let march = all_reviews(&app, "hr", "&period=2014-03&employee_no=A06").await;
    let id = march[0]["id"].as_i64().unwrap();
    let review = app.get("hr", &format!("/v1/reviews/{id}")).await.expect(200);
    let rules = review["rules"].as_array().unwrap();
    assert_eq!(rules.len(), 8);
    let funnel = &rules[1];
    assert_eq!(funnel["rule"], "20_funnel_kpi");
    let reasons = funnel["steps"].as_array().unwrap();
    // 33 of 43 captured: 76.7 %, between 60 and 85 %: 5 · (33/43 − 0.60) ÷ 0.25 = 3.3488…
    let reason = reasons[0]["reason"].as_str().unwrap();
    assert!(reason.contains("33/43 = 76.7%") && reason.contains("3.35"), "{reason}");
    assert!(reasons[0]["line"].as_i64().unwrap() > 0);
    let input = funnel["inputs"].as_array().unwrap();
    assert!(input.contains(&json!({"name": "captured_leads", "value": 33})), "{input:?}");
    // The snapshot names every metric, also those that no rule reads.
    assert_eq!(review["snapshot"]["metrics"]["owner_base"], Value::Null);
    assert_eq!(review["snapshot"]["metrics"]["deliveries_target"], json!(13));
    assert_eq!(review["bundle"].as_str().unwrap().len(), 64);
}

async fn cycle(app: &TestApp, month: &str) -> i64 {
    let cycles = app.get("hr", &format!("/v1/review-cycles?period={month}")).await.expect(200);
    cycles["items"][0]["id"].as_i64().unwrap()
}

async fn march_cycle(app: &TestApp) -> i64 {
    cycle(app, "2014-03").await
}

#[tokio::test(flavor = "multi_thread")]
async fn generating_again_changes_nothing_until_facts_or_rules_change() {
    let app = TestApp::demo().await;
    let path = format!("/v1/review-cycles/{}/generate", march_cycle(&app).await);
    let again = app.post_empty("hr", &path).await.expect(200);
    assert_eq!((&again["written"], &again["unchanged"]), (&json!(0), &json!(16)));

    let facts = json!({"period": "2014-03", "source_system": "dms", "rows": [
        {"employee_no": "A12", "facts": {"deliveries": 6}}]});
    app.post("clerk", "/v1/facts", facts).await.expect(200);
    let with_facts = app.post_empty("hr", &path).await.expect(200);
    // A12's own review, and that of the leader of A12's team.
    assert_eq!((&with_facts["written"], &with_facts["unchanged"]), (&json!(2), &json!(14)));
    let changed = all_reviews(&app, "hr", "&period=2014-03&employee_no=A12").await;
    assert_eq!(changed[0]["revision"], 2);

    // Other rules, in force from June on.
    let draft = releases::begin(&app).await;
    releases::set(&app, draft, "attainment_floor", json!(0.95)).await.expect(200);
    releases::release(&app, draft).await;
    let again = app.post_empty("hr", &path).await.expect(200);
    assert_eq!((&again["written"], &again["unchanged"]), (&json!(0), &json!(16)));
    let june = format!("/v1/review-cycles/{}/generate", cycle(&app, "2014-06").await);
    // A07 is on leave.
    assert_eq!(app.post_empty("hr", &june).await.expect(200)["written"], 15);
    // A06 delivered 12 of 15 (80 %): 20 points before, none now that they begin at 95 %.
    let a06 = all_reviews(&app, "hr", "&period=2014-06&employee_no=A06").await;
    let explained = app.get("hr", &format!("/v1/reviews/{}", a06[0]["id"])).await.expect(200);
    assert_eq!(points(&explained["rules"][0]["score"]), "0.00");
    assert_eq!(explained["review"]["revision"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn earlier_revisions_stay_as_they_were() {
    let app = TestApp::demo().await;
    let before = all_reviews(&app, "hr", "&period=2014-03&employee_no=A12").await[0].clone();
    let path = format!("/v1/reviews/{}", before["id"]);
    let explained = app.get("hr", &path).await.expect(200);
    let facts = json!({"period": "2014-03", "source_system": "dms", "rows": [
        {"employee_no": "A12", "facts": {"deliveries": 9}}]});
    app.post("clerk", "/v1/facts", facts).await.expect(200);
    app.post_empty("hr", &format!("/v1/review-cycles/{}/generate", march_cycle(&app).await))
        .await
        .expect(200);
    let mut after = app.get("hr", &path).await.expect(200);
    assert_eq!(after["review"]["is_current"], json!(false));
    after["review"]["is_current"] = json!(true);
    assert_eq!(after, explained);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_at_once_do_not_make_two() {
    let app = TestApp::demo().await;
    let facts = json!({"period": "2014-03", "source_system": "dms", "rows": [
        {"employee_no": "A12", "facts": {"deliveries": 6}}]});
    app.post("clerk", "/v1/facts", facts).await.expect(200);
    let path = format!("/v1/review-cycles/{}/generate", march_cycle(&app).await);
    let runs = futures_util::future::join_all((0..6).map(|_| app.post_empty("hr", &path))).await;
    let written: i64 = runs.into_iter().map(|run| run.expect(200)["written"].as_i64().unwrap()).sum();
    assert_eq!(written, 2);
    let revisions = all_reviews(&app, "hr", "&period=2014-03&employee_no=A12").await;
    assert_eq!((revisions.len(), &revisions[0]["revision"]), (1, &json!(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cycle_is_opened_once() {
    let app = TestApp::demo().await;
    let body = json!({"store": "JC", "period": "2015-01"});
    let runs =
        futures_util::future::join_all((0..4).map(|_| app.post("hr", "/v1/review-cycles", body.clone())))
            .await;
    let mut statuses = runs.iter().map(|run| run.status.as_u16()).collect::<Vec<_>>();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409]);
    assert_eq!(
        app.post("hr", "/v1/review-cycles", json!({"store": "XX", "period": "2015-01"})).await.problem(422),
        "validation-failed"
    );
    assert_eq!(
        app.post("hr", "/v1/review-cycles", json!({"store": "JC", "period": "2015-1"})).await.problem(422),
        "validation-failed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_fails_for_one_person_leaves_the_others_rated() {
    let app = TestApp::demo().await;
    let draft = releases::begin(&app).await;
    let script = "sales_consultant/70_complaints.rhai";
    // In June only A12 has a complaint.
    let text = releases::read(&app, draft, script).await;
    let text =
        text.replace("    remaining()", "    deduct(0 / (1 - complaints_minor), \"零\");\n    remaining()");
    releases::write(&app, draft, script, &text).await.expect(200);
    releases::remove_cases(&app, draft, "70_complaints").await;
    releases::release(&app, draft).await;
    let path = format!("/v1/review-cycles/{}/generate", cycle(&app, "2014-06").await);
    let run = app.post_empty("hr", &path).await.expect(200);
    assert_eq!((&run["written"], &run["attention"]), (&json!(15), &json!(1)));
    for review in all_reviews(&app, "hr", "&period=2014-06&position=sales_consultant").await {
        let has_failed = review["employee_no"] == "A12";
        assert_eq!(review["total"].is_null(), has_failed, "{review:#}");
        assert_eq!(review["grade"].is_null(), has_failed, "{review:#}");
        assert_eq!(review["final_grade"] == "NR", has_failed, "{review:#}");
        let attention = review["attention"].to_string();
        assert_eq!(attention.contains("70_complaints.rhai:7:"), has_failed, "{attention}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filtered_and_paged() {
    let app = TestApp::demo().await;
    for (filter, count) in [
        ("&period=2014-03", 16),
        ("&unit=G1", 60),
        ("&unit=JC", 189),
        ("&unit=nowhere", 0),
        ("&grade=S&position=sales_consultant", 20),
        ("&employee_no=A01", 24),
    ] {
        assert_eq!(all_reviews(&app, "auditor", filter).await.len(), count, "{filter}");
    }
    for wrong in ["?limit=0", "?limit=501", "?cursor=!", "?period=March", "?colour=red"] {
        assert_eq!(
            app.get("auditor", &format!("/v1/reviews{wrong}")).await.problem(422),
            "validation-failed"
        );
    }
    assert_eq!(app.get("auditor", "/v1/reviews/abc").await.problem(404), "not-found");
    assert_eq!(app.get("auditor", "/v1/reviews/999999999").await.problem(404), "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_another_persons_review_is_logged() {
    let app = TestApp::published().await;
    let own = all_reviews(&app, "consultant", "&period=2014-03").await;
    assert_eq!(own.len(), 1);
    let readings = |log: &Value| log["items"].as_array().unwrap().len();
    assert_eq!(
        readings(&app.get("consultant", "/v1/access-log").await.expect(200)),
        0,
        "reading one's own is nobody's business"
    );
    app.get("hr", &format!("/v1/reviews/{}", own[0]["id"])).await.expect(200);
    let log = app.get("consultant", "/v1/access-log").await.expect(200);
    assert_eq!((readings(&log), &log["items"][0]["login"]), (1, &json!("hr")));
    // A leader sees who has read the own reviews only; an auditor sees all.
    assert_eq!(readings(&app.get("leader", "/v1/access-log").await.expect(200)), 0);
    assert_eq!(readings(&app.get("auditor", "/v1/access-log").await.expect(200)), 1);
}

/// What puts a word into a column that no program has written there.
const FOREIGN_WORDS: [(&str, &str); 5] = [
    (
        "rule_draft.state",
        "ALTER TABLE rule_draft DROP CONSTRAINT rule_draft_state_check, DROP CONSTRAINT rule_draft_released; \
         UPDATE rule_draft SET state = 'archived'",
    ),
    (
        "rule_draft.origin",
        "ALTER TABLE rule_draft DROP CONSTRAINT rule_draft_origin_check; UPDATE rule_draft SET origin = 'archived'",
    ),
    (
        "review_cycle.state",
        "ALTER TABLE review_cycle DROP CONSTRAINT review_cycle_state_check; \
         UPDATE review_cycle SET state = 'archived'",
    ),
    (
        "rule_backtest.state",
        "ALTER TABLE rule_backtest DROP CONSTRAINT rule_backtest_state_check, \
             DROP CONSTRAINT rule_backtest_ended; \
         INSERT INTO rule_backtest (bundle_hash, first_period, last_period, state, started_at, seen_at) \
             SELECT hash, '2014-01-01', '2014-01-01', 'archived', now(), now() FROM rule_bundle LIMIT 1",
    ),
    (
        "user_account.roles",
        "UPDATE user_account SET roles = array_append(roles, 'archived') WHERE login = 'consultant'",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_word_that_the_program_does_not_know_is_a_fault_and_no_other_word() {
    for (place, foreign) in FOREIGN_WORDS {
        let app = TestApp::demo().await;
        let cycle =
            app.get("hr", "/v1/review-cycles?period=2014-03").await.expect(200)["items"][0]["id"].clone();
        let path = match place {
            "rule_draft.state" | "rule_draft.origin" => "/v1/rules/drafts".to_owned(),
            "review_cycle.state" => "/v1/review-cycles".to_owned(),
            "rule_backtest.state" => "/v1/rules/backtests".to_owned(),
            _ => format!("/v1/review-cycles/{cycle}/outstanding"),
        };
        // What belongs to no store is the group's.
        let login = if place == "rule_backtest.state" { "group" } else { "hr" };
        app.get(login, &path).await.expect(200);
        app.pool.get().await.unwrap().batch_execute(foreign).await.unwrap();
        assert_eq!(app.get(login, &path).await.problem(500), "internal", "{place}");
    }
    // The log names the column and the word.
    for (place, command) in [
        ("rule_draft.state", &["rules", "drafts", "--all"][..]),
        ("rule_draft.origin", &["rules", "drafts", "--all"]),
        ("review_cycle.state", &["generate", "2014-03"]),
        ("user_account.roles", &["close", "2014-03"]),
    ] {
        let url = database_url(Template::Demo).await;
        let (_, foreign) = FOREIGN_WORDS.into_iter().find(|(named, _)| *named == place).unwrap();
        pool::connect(&url).await.unwrap().batch_execute(foreign).await.unwrap();
        let printed = run(&[command, &["--database-url", &url]].concat());
        assert_eq!((printed.status, printed.out.as_str()), (1, ""), "{printed:#?}");
        let named = format!("{place}: 'archived' is not a word that this program knows");
        assert!(printed.err.contains(&named), "{printed:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_says_in_which_language_it_is() {
    let app = TestApp::published().await;
    let token = app.token("consultant").await;
    let own = app.get("consultant", "/v1/reviews").await.expect(200)["items"][0]["id"].clone();
    for (read, answered) in [("en-GB, zh;q=0.3", "en"), ("zh-CN, en;q=0.5", "zh"), ("fr", "zh")] {
        let request = app.request(reqwest::Method::GET, &format!("/v1/reviews/{own}")).bearer_auth(&token);
        let answer = request.header("Accept-Language", read).send().await.unwrap();
        assert_eq!(answer.headers()["content-language"], answered, "{read}");
        assert!(answer.headers().get_all("vary").iter().any(|name| name == "Accept-Language"));
    }
}
