//! Rules that were mended reach a month until it is frozen, and never after; a month says by which rules it is.

use reqwest::Method;
use serde_json::{Value, json};
use showfloor::auth::Context;
use showfloor::db::pool;
use showfloor::rules::folder::RulesFolder;

use crate::program::run;
use crate::support::{Template, TestApp, copied_rules, database_url};

const SCHEME: &str = "sales_consultant/scheme.toml";

/// Puts another coefficient of the best grade into a folder.
fn mend(rules: &std::path::Path, from: &str, to: &str) {
    let path = rules.join(SCHEME);
    let text = std::fs::read_to_string(&path).unwrap();
    let (from, to) = (format!("coefficient = {from}"), format!("coefficient = {to}"));
    assert!(text.contains(&from));
    std::fs::write(&path, text.replacen(&from, &to, 1)).unwrap();
}

async fn take_in(pool: &showfloor::db::Pool, rules: &std::path::Path, at: &str) -> Option<i64> {
    let folder = RulesFolder::new(rules, true);
    folder.sync(&mut Context::operator(pool, at.parse().unwrap()).await.unwrap()).await.unwrap();
    folder.status().release
}

async fn march(app: &TestApp) -> Value {
    app.get("hr", "/v1/review-cycles?period=2014-03").await.expect(200)["items"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_follows_the_rules_until_it_is_frozen() {
    let rules = copied_rules();
    let app = TestApp::start(Template::Demo, rules.path()).await;
    let cycle = march(&app).await;
    assert_eq!((&cycle["frozen_at"], &cycle["release"]), (&Value::Null, &json!(1)));
    let settled =
        |cycle: &Value| ["release", "is_settled", "is_newer"].map(|key| cycle["rules"][key].clone());
    assert_eq!(settled(&cycle), [json!(1), json!(false), json!(false)]);
    let path = |what: &str| format!("/v1/review-cycles/{}/{what}", cycle["id"]);
    mend(rules.path(), "1.20", "1.25");
    assert_eq!(take_in(&app.pool, rules.path(), "2014-05-15T08:01:00Z").await, Some(2));
    // It is computed, and nothing is frozen: the newer rules are offered, and taken when it is computed again.
    let offered = march(&app).await;
    assert_eq!(offered["release"], 1);
    assert_eq!(settled(&offered), [json!(2), json!(false), json!(true)]);
    let again = app.post_empty("hr", &path("generate")).await.expect(200);
    assert_eq!(again["cycle"]["release"], 2);
    assert_ne!(again["written"], 0);
    assert_eq!(settled(&march(&app).await), [json!(2), json!(false), json!(false)]);
    // Frozen, it stays with the rules of that moment.
    let later = app.at("2014-05-15T09:00:00Z");
    let note = json!({"accept_missing": true, "note": "演示"});
    later.post("hr", &path("freeze"), note).await.expect(200);
    mend(rules.path(), "1.25", "1.30");
    assert_eq!(take_in(&app.pool, rules.path(), "2014-05-15T10:00:00Z").await, Some(3));
    let frozen = march(&app).await;
    assert_eq!(frozen["frozen_at"], "2014-05-15T09:00:00Z");
    assert_eq!(settled(&frozen), [json!(2), json!(true), json!(false)]);
    // Its reviews are from before: who goes on without computing them once more is told.
    assert_eq!(frozen["needs_generation"], true);
    let step = || Some(json!({"to": "self_review"}));
    let refused = later.change("hr", Method::POST, &path("moves"), "*", step()).await;
    assert_eq!(refused.body["errors"][0]["field"], "reviews", "{:#}", refused.body);
    assert_eq!(refused.problem(409), "conflict");
    let again = later.post_empty("hr", &path("generate")).await.expect(200);
    assert_eq!((&again["cycle"]["release"], &again["written"]), (&json!(2), &json!(0)));
    later.change("hr", Method::POST, &path("moves"), "*", step()).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_says_which_rules_a_month_has() {
    let (url, rules) = (database_url(Template::Demo).await, copied_rules());
    let list = || run(&["cycles", "list", "2014-03", "--database-url", &url]);
    let before = list();
    assert!(before.out.contains("#1") && !before.out.contains("newer"), "{before:?}");
    mend(rules.path(), "1.20", "1.25");
    take_in(&pool::open(&url, 2).unwrap(), rules.path(), "2014-05-15T08:01:00Z").await;
    assert!(list().out.contains("#1, newer: #2"), "{:?}", list());
}
