//! One answer of each resource, whole, as dashboards get to see it. A change of shape shows as a change of a file below
//! `snapshots/`; to take it over, run the tests with `INSTA_UPDATE=always` and read what has changed.

use reqwest::Method;
use serde_json::{Value, json};

use crate::releases;
use crate::support::{As, TestApp};

/// So many rows of a list show what a row is.
const ROWS: usize = 3;

/// What says nothing of a shape: numbers that the database gives out, and what changes with every rule.
fn redacted(name: &str, value: &Value) -> Option<&'static str> {
    match name {
        _ if value.is_null() => None,
        "id" => Some("[id]"),
        "review" | "draft" | "base_release" | "release" if value.is_number() => Some("[id]"),
        "bundle" | "against" => Some("[hash]"),
        "files" => Some("[files]"),
        "next_cursor" => Some("[cursor]"),
        _ => None,
    }
}

/// An answer as text: a line a field, and the first rows of a list.
fn text(value: &Value, depth: usize) -> String {
    let block = |parts: Vec<String>| {
        let inner = parts.into_iter().map(|part| format!("{}{part}\n", "  ".repeat(depth + 1)));
        format!("\n{}{}", inner.collect::<String>(), "  ".repeat(depth))
    };
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let parts = fields.iter().map(|(name, value)| match redacted(name, value) {
                Some(instead) => format!("{name}: {instead}"),
                None => format!("{name}: {}", text(value, depth + 1)),
            });
            format!("{{{}}}", block(parts.collect()))
        }
        Value::Array(values) if values.iter().any(Value::is_object) => {
            let mut parts: Vec<_> = values.iter().take(ROWS).map(|value| text(value, depth + 1)).collect();
            if values.len() > ROWS {
                parts.push(format!("… {} more", values.len() - ROWS));
            }
            format!("[{}]", block(parts))
        }
        value => value.to_string(),
    }
}

/// Compares an answer with its file.
#[track_caller]
fn compare(name: &str, request: &str, answer: &Value) {
    insta::assert_snapshot!(name, text(answer, 0), request);
}

/// Compares the answer to a `GET` with its file.
async fn shape(app: &TestApp, login: &str, name: &str, path: &str) -> Value {
    let answer = app.get(login, path).await.expect(200);
    compare(name, path, &answer);
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn the_organisation_and_its_logins() {
    let app = TestApp::demo().await;
    shape(&app, "hr", "org_unit", "/v1/org-units/G1").await;
    shape(&app, "hr", "employee", "/v1/employees/A01").await;
    shape(&app, "hr", "assignments", "/v1/assignments?employee_no=A01").await;
    shape(&app, "hr", "team_leaderships", "/v1/team-leaderships?unit=G1").await;
    shape(&app, "admin", "users", "/v1/users?limit=1").await;
    shape(&app, "consultant", "me", "/v1/me").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_and_their_targets() {
    let app = TestApp::demo().await;
    let plans = shape(&app, "gm", "plans", "/v1/plans?unit=JC&status=approved").await;
    let plan = format!("/v1/plans/{}", plans["items"][0]["id"]);
    shape(&app, "gm", "plan", &plan).await;
    shape(&app, "gm", "plan_targets", &format!("{plan}/targets?period=2014-03&tree=organisation")).await;
    shape(&app, "gm", "pace", "/v1/pace?unit=JC&day=2014-05-31").await;
    shape(&app, "gm", "channels", "/v1/channels").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_and_imports() {
    let app = TestApp::demo().await;
    shape(&app, "hr", "facts", "/v1/facts?period=2014-03&employee_no=A01").await;
    let history = "/v1/facts/history?period=2014-03&employee_no=A01&metric=deliveries";
    shape(&app, "hr", "fact_history", history).await;
    let app = crate::imports::app().await;
    let funnel = crate::imports::file("tests/fixtures/dms-funnel-2015-02.csv");
    let refused = crate::imports::import(&app, "clerk", "dms-funnel", "", funnel.clone()).await;
    compare("import_refused", "/v1/imports?kind=dms-funnel", &refused.expect(422));
    let report = crate::imports::import(&app, "clerk", "dms-funnel", "&partial=true", funnel).await;
    compare("import_report", "/v1/imports?kind=dms-funnel&partial=true", &report.expect(201));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_reports_and_sheets() {
    let app = TestApp::demo().await.at("2026-02-02T12:00:00Z");
    let event = json!({"kind": "late", "employee_no": "A02", "day": "2026-02-02", "detail": {"count": 2},
        "evidence": [{"name": "门岗监控.mp4", "sha256": "a".repeat(64)}], "note": "早会"});
    let event = app.post("hr", "/v1/events", event).await.expect(201)["id"].clone();
    app.post("manager", &format!("/v1/events/{event}/verify"), json!({})).await.expect(200);
    shape(&app, "hr", "event", &format!("/v1/events/{event}")).await;
    let report =
        json!({"kind": "summary", "cadence": "daily", "day": "2026-02-02", "content": "接待4批，留档3批"});
    let report = app.post("consultant", "/v1/work-reports", report).await.expect(201)["id"].clone();
    shape(&app, "consultant", "work_report", &format!("/v1/work-reports/{report}")).await;
    let sheet = json!({
        "counts": {"first_visits": 4, "visitors": 5, "captured_leads": 3, "test_drives": 2},
        "leads": [{"channel": "showroom", "source": "walk_in", "leads": 4}],
        "lost": [{"reason": "price", "prospects": 2}],
        "note": "周一客流少",
    });
    let who = As::Login("consultant");
    app.send(who, Method::PUT, "/v1/daily-sheets/2026-02-02", Some(sheet)).await.expect(200);
    shape(&app, "consultant", "daily_sheets", "/v1/daily-sheets?period=2026-02").await;
    let app = app.at("2026-02-03T01:00:00Z");
    shape(&app, "hr", "morning_meeting", "/v1/daily-sheets/morning?store=JC&day=2026-02-03").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reviews() {
    let app = TestApp::demo().await;
    shape(&app, "hr", "review_cycles", "/v1/review-cycles?store=JC&period=2014-03").await;
    let path = "/v1/reviews?period=2014-03&employee_no=A01&position=sales_consultant";
    let reviews = shape(&app, "hr", "reviews", path).await;
    let review = &reviews["items"][0];
    // A check sum of domain.md.
    assert_eq!((review["total"].to_string(), &review["final_grade"]), ("96.63".to_owned(), &json!("S")));
    let path = format!("/v1/reviews/{}", review["id"]);
    shape(&app, "hr", "review", &path).await;
    shape(&app, "hr", "review_levers", &format!("{path}/levers")).await;
    shape(&app, "auditor", "access_log", "/v1/access-log?limit=1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_drafts_releases_and_backtests() {
    let app = TestApp::demo().await;
    shape(&app, "hr", "rules_status", "/v1/rules/status").await;
    let draft = releases::begin(&app).await;
    releases::set(&app, draft, "attainment_floor", json!(0.95)).await.expect(200);
    let path = format!("/v1/rules/drafts/{draft}");
    shape(&app, "hr", "rule_draft", &path).await;
    shape(&app, "hr", "rule_draft_diff", &format!("{path}/diff")).await;
    shape(&app, "hr", "rule_draft_verdict", &format!("{path}/verdict")).await;
    let release = releases::release(&app, draft).await;
    shape(&app, "hr", "rule_release", &format!("/v1/rules/releases/{release}")).await;
    let backtests = app.get("hr", "/v1/rules/backtests").await.expect(200);
    shape(&app, "hr", "backtest", &format!("/v1/rules/backtests/{}", backtests["items"][0]["id"])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dashboards() {
    let app = TestApp::published().await;
    for what in ["attainment", "funnel", "product_lines", "quality", "coefficients", "distribution"] {
        let path = format!("/v1/dashboard/{}?period=2014-03", what.replace('_', "-"));
        shape(&app, "dashboard", &format!("dashboard_{what}"), &path).await;
    }
    shape(&app, "gm", "dashboard_leaderboard", "/v1/dashboard/leaderboard?period=2014-03&top=3").await;
}
