//! Who may do what: every operation with every role, on what is the own store's and on what is another's. What is expected
//! stands in `table.md`.

mod entering;
mod readings;
mod scope;
mod specimens;
mod table;

pub use scope::second_store;

use reqwest::Method;
use showfloor::auth::access::Reach;

use crate::support::{Answer, As, TestApp};
use specimens::{Of, Specimens};
use table::{COLUMNS, Cell, Operation, Table, operations};

/// The demonstration's logins, one for each role.
pub const LOGINS: [&str; 13] = [
    "consultant",
    "leader",
    "telesales",
    "supervisor",
    "manager",
    "gm",
    "hr",
    "clerk",
    "service",
    "group",
    "dashboard",
    "auditor",
    "admin",
];

/// A path whose parameters lead to nothing.
fn filled(path: &str) -> String {
    let path = path
        .replace("{id}", "999999")
        .replace("{code}", "NO")
        .replace("{day}", "2014-03-01")
        .replace("{employee_no}", "NO")
        .replace("{name}", "NO")
        .replace("{path}", "a/b.toml")
        .replace("{store}", "NO")
        .replace("{year}", "2014")
        .replace("contributions/{kind}", "contributions/hr_check")
        .replace("{kind}", "exams")
        .replace("{adjustment}", "999999")
        .replace("{evidence}", "999999")
        .replace("{key}", "999999")
        .replace("{number}", "NO")
        .replace("{sheet}", "999999")
        .replace("{what}", "facts");
    assert!(!path.contains('{'), "{path} has a parameter that this test does not know");
    path
}

/// What an operation needs besides a body to be understood.
fn query(operation_id: &str) -> &'static str {
    match operation_id {
        "create_import" => "?kind=dingtalk-attendance&period=2014-03",
        "list_facts"
        | "list_fact_history"
        | "list_due_work_reports"
        | "get_attainment"
        | "get_funnel"
        | "get_channel_funnel"
        | "get_phone_web_funnel"
        | "get_product_lines"
        | "get_quality"
        | "get_stock_depth"
        | "get_coefficients"
        | "get_distribution"
        | "get_export"
        | "create_mapped_import"
        | "get_import_template"
        | "get_leaderboard" => "?period=2014-03",
        // Followed, it would have no end.
        "stream_changes" => "?after=none",
        "list_review_summaries" | "get_supply" | "get_plan_template" => "?year=2014",
        _ => "",
    }
}

async fn call(
    app: &TestApp,
    token: Option<&str>,
    method: &Method,
    path: &str,
    body: &serde_json::Value,
) -> Answer {
    let mut request = app.request(method.clone(), path).header("If-Match", "*");
    if *method != Method::GET {
        request = request.header("Content-Type", "application/json").body(body.to_string());
    }
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    Answer::of(request.send().await.unwrap()).await
}

/// Calls an operation about nothing there is, with an empty body.
async fn call_for_nothing(app: &TestApp, token: Option<&str>, operation: &Operation) -> Answer {
    let path = format!("{}{}", filled(&operation.path), query(&operation.id));
    call(app, token, &operation.method, &path, &serde_json::json!({})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_is_for_the_roles_of_the_design() {
    let app = TestApp::demo().await;
    let (operations, table) = (operations(), Table::read());
    for known in table.operations() {
        assert!(operations.iter().any(|one| one.id == known), "there is no operation {known} any more");
    }
    let mut wrong = Vec::new();
    for (at, (role, roles, login)) in COLUMNS.into_iter().enumerate() {
        let token = app.token_with(login, vec![roles]).await;
        for operation in &operations {
            let answer = call_for_nothing(&app, Some(&token), operation).await;
            let status = answer.status.as_u16();
            let may = table.of(&operation.id)[at] != Cell::No;
            let is_right = match may {
                true => !matches!(status, 401 | 403 | 405 | 500..),
                false => status == 403,
            };
            if !is_right {
                wrong.push(format!("{role} {} → {status}, expected may = {may}", operation.id));
            }
            if status >= 400 {
                answer.problem(status);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Operations that are about something which stands in their path, and that this test has none of.
const WITHOUT_SPECIMEN: &[&str] = &[
    "accept_plan_proposal",
    "assess_improvement_plan",
    "cancel_import",
    "confirm_review_talk",
    "create_api_key",
    "create_mapped_import",
    "create_rule_receipt",
    "decide_erasure",
    "decide_leave_protection",
    "delete_api_key",
    "get_column_mapping",
    "get_export",
    "get_import_template",
    "get_improvement_plan",
    "get_rebate_policy",
    "get_rule_release",
    "get_rule_release_file",
    "get_user",
    "list_api_keys",
    "list_rule_receipts",
    "propose_leave_protection",
    "put_channel",
    "put_column_mapping",
    "put_daily_sheet",
    "put_lead_source",
    "put_leave_type",
    "put_lost_reason",
    "put_public_holidays",
    "put_rebate_policy",
    "put_series",
    "reject_plan_proposal",
    "update_user",
    "withdraw_erasure",
    "withdraw_leave_protection",
    "withdraw_plan_proposal",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_reaches_as_far_as_the_design_says() {
    let app = TestApp::published().await;
    let specimens = Specimens::make(&app).await;
    let (operations, table) = (operations(), Table::read());
    let (mut wrong, mut without, mut body_first) = (Vec::new(), Vec::new(), Vec::new());
    for (at, (role, roles, login)) in COLUMNS.into_iter().enumerate() {
        let token = app.token_with(login, vec![roles]).await;
        for operation in operations.iter().filter(|one| one.path.contains('{')) {
            let Cell::Within(reach) = table.of(&operation.id)[at] else { continue };
            let is_read = operation.method == Method::GET;
            for whose in [Of::Own, Of::Colleague, Of::Other] {
                let Some(path) = specimens.path(&operation.path, whose) else {
                    without.push(operation.id.clone());
                    break;
                };
                let is_of_person = Specimens::is_of_person(&operation.path);
                let is_reached = match (reach, whose) {
                    (Reach::All, _) | (Reach::Store, Of::Own | Of::Colleague) => true,
                    (Reach::Department, Of::Own | Of::Colleague) if is_of_person => true,
                    (Reach::Team, Of::Own) if is_of_person => true,
                    (Reach::Own, Of::Own) if is_of_person && role == "consultant" => true,
                    (_, Of::Other) => false,
                    _ if is_of_person => false,
                    // How far into the own store a plan or a unit is read, its own tests say.
                    _ => continue,
                };
                // What is reached may be refused for its state, and would be changed.
                if is_reached && !is_read {
                    continue;
                }
                // A version is compared with itself.
                let of_itself = match operation.id.as_str() {
                    "get_plan_diff" => path.split('/').nth(3).map(|plan| format!("?from={plan}")),
                    _ => None,
                };
                let query = of_itself.unwrap_or_else(|| query(&operation.id).to_owned());
                let path = format!("{path}{query}");
                let answer = call(&app, Some(&token), &operation.method, &path, &operation.body).await;
                let status = answer.status.as_u16();
                match (is_reached, status) {
                    // Some parts are about a further thing, of which there is none.
                    (true, 200) | (false, 403 | 404) => {}
                    (true, 404) if operation.path.matches('{').count() > 1 => {}
                    // Reviews that were published have been changed by nothing yet.
                    (true, 404) if operation.id == "get_review_changes" => {}
                    (false, 422 | 415) if !is_read => body_first.push(operation.id.clone()),
                    _ => wrong.push(format!("{role} {} {whose:?} → {status} {}", operation.id, answer.body)),
                }
            }
        }
    }
    for found in [&mut without, &mut body_first] {
        found.sort_unstable();
        found.dedup();
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(without, WITHOUT_SPECIMEN, "what is not tried");
    // A body that is looked at first says nothing of what it is about: the least one that the document allows mostly passes.
    let with_body = operations.iter().filter(|one| one.path.contains('{') && !one.body.is_null());
    let with_body = with_body.map(|one| one.id.clone()).collect::<Vec<_>>();
    assert!(body_first.iter().all(|id| with_body.contains(id)), "{body_first:#?}");
    assert!(body_first.len() * 2 < with_body.len(), "{body_first:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_list_has_anything_of_a_store_out_of_reach() {
    let app = TestApp::published().await;
    let specimens = Specimens::make(&app).await;
    let table = Table::read();
    let lists = operations();
    let lists = lists.iter().filter(|one| one.method == Method::GET && !one.path.contains('{'));
    let lists = lists.collect::<Vec<_>>();
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for (at, (role, roles, login)) in COLUMNS.into_iter().enumerate() {
        let token = app.token_with(login, vec![roles]).await;
        for operation in &lists {
            let Cell::Within(reach) = table.of(&operation.id)[at] else { continue };
            let begin = query(&operation.id);
            let mut paths = vec![format!("{}{begin}", operation.path)];
            for name in &operation.query {
                let Some(other) = specimens.parameter(name, Of::Other) else { continue };
                let sign = if begin.is_empty() { '?' } else { '&' };
                paths.push(format!("{}{begin}{sign}{name}={other}", operation.path));
            }
            for path in paths {
                let answer =
                    call(&app, Some(&token), &operation.method, &path, &serde_json::Value::Null).await;
                let text = answer.body.to_string();
                let named = ["\"HD", "\"H1\"", "\"B01\"", "\"B02\"", "单位HD", "单位H1", "员工B"];
                let is_named = named.iter().any(|mark| text.contains(mark));
                let is_right = match answer.status.as_u16() {
                    200 => !is_named || reach == Reach::All,
                    404 | 422 => true,
                    _ => false,
                };
                if !is_right {
                    wrong.push(format!("{role} {path} → {} {text:.200}", answer.status));
                }
                tried += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(tried > 300, "{tried}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_in_without_a_token() {
    let app = TestApp::demo().await;
    let table = Table::read();
    for operation in operations() {
        let answer = call_for_nothing(&app, None, &operation).await;
        match table.of(&operation.id)[0] {
            Cell::Public => assert_ne!(answer.status, 401, "{operation:?}"),
            _ => assert_eq!(answer.problem(401), "unauthenticated", "{operation:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_without_roles_may_do_nothing() {
    let app = TestApp::demo().await;
    let table = Table::read();
    let token = app.token_of("hr", Vec::new()).await;
    for operation in operations() {
        if table.of(&operation.id)[0] != Cell::Public {
            let answer = call_for_nothing(&app, Some(&token), &operation).await;
            assert_eq!(answer.problem(403), "forbidden", "{operation:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_are_asked_before_the_body_is_read() {
    let app = TestApp::demo().await;
    let garbage = |request: reqwest::RequestBuilder| async {
        let request = request.header("Content-Type", "text/plain").body("{");
        Answer::of(request.send().await.unwrap()).await
    };
    assert_eq!(garbage(app.request(Method::POST, "/v1/users")).await.problem(401), "unauthenticated");
    let token = app.token("consultant").await;
    let request = app.request(Method::POST, "/v1/users").bearer_auth(token);
    assert_eq!(garbage(request).await.problem(403), "forbidden");
    let answer = app.send(As::Nobody, Method::GET, "/v1/users?limit=abc", None).await;
    assert_eq!(answer.problem(401), "unauthenticated");
}
