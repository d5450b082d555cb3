//! What waits once a month is published, for whom and until when.

use reqwest::Method;
use serde_json::{Value, json};

use super::tasks::{people, tasks};
use super::{publish, run, take_to};
use crate::review_life::review_of;
use crate::support::TestApp;

/// March, published on Tuesday, 8 April 2014.
async fn march() -> (TestApp, i64) {
    let app = TestApp::demo().await.at("2014-04-08T04:00:00Z");
    let march = take_to(&app, "2014-03", "published").await;
    (app, march)
}

/// The paths of what waits for a login of a kind.
async fn paths(app: &TestApp, login: &str, kind: &str) -> Vec<String> {
    let tasks = tasks(app, login, &[kind]).await;
    tasks.iter().map(|task| task["path"].as_str().unwrap().to_owned()).collect()
}

async fn until(app: &TestApp, login: &str, kind: &str) -> Value {
    tasks(app, login, &[kind]).await[0]["until"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_own_review_waits_for_an_answer_and_who_is_not_told_waits_for_hr() {
    let (app, _) = march().await;
    let review = review_of(&app, "A02", "2014-03", "sales_consultant").await;
    let path = format!("/v1/reviews/{review}/acknowledgements");
    assert_eq!(paths(&app, "consultant", "answer_review").await, std::slice::from_ref(&path));
    // Wednesday, Thursday and Friday.
    assert_eq!(until(&app, "consultant", "answer_review").await, "2014-04-11");
    assert_eq!(people(&tasks(&app, "leader", &["answer_review"]).await), ["A01", "A01"]);
    app.post("consultant", &path, json!({"act": "seen"})).await.expect(201);
    assert_eq!(paths(&app, "consultant", "answer_review").await.len(), 1, "seen is no answer");
    app.post("consultant", &path, json!({"act": "confirmed"})).await.expect(201);
    assert!(paths(&app, "consultant", "answer_review").await.is_empty());
    // Who has a login was told in the program.
    let untold = tasks(&app, "hr", &["tell_by_hand"]).await;
    assert_eq!(people(&untold), ["A03", "A04", "A06", "A07", "A08", "A10", "A11", "A12"]);
    // Until the month is locked: the 15th is a Tuesday.
    assert_eq!(untold[0]["until"], "2014-04-15");
    let by_hand = json!({"act": "told", "how": "by_hand"});
    app.post("hr", untold[0]["path"].as_str().unwrap(), by_hand).await.expect(201);
    assert_eq!(tasks(&app, "hr", &["tell_by_hand"]).await.len(), 7);
    assert!(tasks(&app, "gm", &["tell_by_hand"]).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_appeal_waits_for_who_may_decide_it_and_for_material() {
    let (app, _) = march().await;
    let review = review_of(&app, "A02", "2014-03", "sales_consultant").await;
    let new = json!({"rule": "10_sales_attainment", "text": "有一台算漏了"});
    let filed = app.post("consultant", &format!("/v1/reviews/{review}/appeals"), new).await.expect(201);
    let appeal = format!("/v1/appeals/{}", filed["id"]);
    assert!(tasks(&app, "consultant", &["answer_review"]).await.is_empty(), "the appeal is the answer");
    // HR has answered for the review by name, and has no part in the appeal.
    for login in ["hr", "manager", "leader", "consultant"] {
        assert!(paths(&app, login, "take_up_appeal").await.is_empty(), "{login}");
    }
    assert_eq!(paths(&app, "gm", "take_up_appeal").await, [format!("{appeal}/take-up")]);
    // Five working days: 9, 10, 11, 14 and 15 April.
    assert_eq!(until(&app, "gm", "take_up_appeal").await, "2014-04-15");
    // As long as somebody in the store may decide, the group is not asked.
    assert!(paths(&app, "group", "take_up_appeal").await.is_empty());
    run(&app, "UPDATE user_account SET is_disabled = true WHERE login = 'gm'").await;
    let asked = tasks(&app, "group", &["take_up_appeal"]).await;
    assert_eq!(asked.len(), 1);
    assert_eq!(
        (&asked[0]["path"], &asked[0]["nobody_else"]),
        (&json!(format!("{appeal}/take-up")), &json!(true))
    );
    run(&app, "UPDATE user_account SET is_disabled = false WHERE login = 'gm'").await;
    app.change("gm", Method::POST, &format!("{appeal}/take-up"), "*", None).await.expect(200);
    assert!(paths(&app, "gm", "take_up_appeal").await.is_empty());
    assert_eq!(paths(&app, "gm", "decide_appeal").await, [format!("{appeal}/decision")]);
    let note = Some(json!({"note": "请提供交车单"}));
    app.change("gm", Method::POST, &format!("{appeal}/material-request"), "*", note).await.expect(200);
    assert!(paths(&app, "gm", "decide_appeal").await.is_empty(), "it waits for the person");
    assert_eq!(paths(&app, "consultant", "bring_material").await, [format!("{appeal}/evidence")]);
    assert_eq!(until(&app, "consultant", "bring_material").await, "2014-04-15");
    app.upload("consultant", &format!("{appeal}/evidence?name=a.txt"), b"x".to_vec()).await.expect(201);
    assert!(paths(&app, "consultant", "bring_material").await.is_empty());
    assert_eq!(paths(&app, "gm", "decide_appeal").await.len(), 1);
    let upheld = Some(json!({"outcome": "upheld", "reason": "无误"}));
    app.change("gm", Method::POST, &format!("{appeal}/decision"), "*", upheld).await.expect(200);
    assert!(paths(&app, "gm", "decide_appeal").await.is_empty());
    assert_eq!(paths(&app, "consultant", "answer_review").await.len(), 1, "told anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adjustment_waits_for_the_second_person() {
    let (app, _) = march().await;
    let review = review_of(&app, "A03", "2014-03", "sales_consultant").await;
    let path = format!("/v1/reviews/{review}/adjustments");
    let new = json!({"rule": "70_complaints", "points": -0.5, "reason": "核对"});
    let proposed = app.post("manager", &path, new).await.expect(201);
    let decision = format!("{path}/{}/decision", proposed["id"]);
    for login in ["hr", "gm"] {
        assert_eq!(paths(&app, login, "decide_adjustment").await, std::slice::from_ref(&decision), "{login}");
        assert_eq!(until(&app, login, "decide_adjustment").await, "2014-04-15", "{login}");
    }
    for login in ["manager", "leader", "consultant"] {
        assert!(paths(&app, login, "decide_adjustment").await.is_empty(), "{login}");
    }
    app.change("gm", Method::POST, &decision, "*", Some(json!({"approve": true}))).await.expect(200);
    assert!(paths(&app, "hr", "decide_adjustment").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn wage_documents_wait_to_be_made_and_signed() {
    let (app, march) = march().await;
    let sheets = format!("/v1/review-cycles/{march}/coefficient-sheets");
    assert_eq!(paths(&app, "hr", "make_sheet").await, std::slice::from_ref(&sheets));
    assert!(paths(&app, "gm", "make_sheet").await.is_empty());
    let sheet = app.post_empty("hr", &sheets).await.expect(201);
    assert!(paths(&app, "hr", "make_sheet").await.is_empty());
    let sign_off = format!("{sheets}/1/sign-offs");
    assert_eq!(paths(&app, "hr", "sign_sheet").await, std::slice::from_ref(&sign_off));
    assert!(paths(&app, "gm", "countersign_sheet").await.is_empty(), "HR first");
    let sign = |capacity: &str| json!({"capacity": capacity, "sha256": sheet["sha256"]});
    app.post("hr", &sign_off, sign("hr")).await.expect(201);
    assert!(paths(&app, "hr", "sign_sheet").await.is_empty());
    assert_eq!(paths(&app, "gm", "countersign_sheet").await, std::slice::from_ref(&sign_off));
    app.post("gm", &sign_off, sign("general_manager")).await.expect(201);
    assert!(paths(&app, "gm", "countersign_sheet").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn talks_wait_for_who_leads_and_plans_for_who_may_make_them() {
    let (app, _) = march().await;
    assert_eq!(people(&tasks(&app, "leader", &["hold_talk"]).await), ["A02", "A03", "A04"]);
    let of_manager = tasks(&app, "manager", &["hold_talk"]).await;
    assert_eq!(people(&of_manager), ["A01", "A01", "A05", "A05", "A09", "A09", "T01"]);
    let talk = json!({"day": "2014-04-08", "said": "好"});
    let waiting = paths(&app, "leader", "hold_talk").await;
    app.post("leader", &waiting[0], talk).await.expect(201);
    assert_eq!(tasks(&app, "leader", &["hold_talk"]).await.len(), 2);
    // Two C in a row, or a D.
    publish(&app, "2014-01", "2014-02").await;
    let page = app.get("hr", "/v1/improvement-plans?state=proposed&limit=100").await.expect(200);
    let mut proposed: Vec<_> = page["items"].as_array().unwrap().iter().collect();
    proposed.sort_by_key(|one| one["employee_no"].as_str().unwrap().to_owned());
    let proposed: Vec<_> = proposed.iter().map(|one| one["employee_no"].as_str().unwrap()).collect();
    assert!(!proposed.is_empty());
    for login in ["hr", "manager"] {
        assert_eq!(people(&tasks(&app, login, &["make_improvement"]).await), proposed, "{login}");
    }
    for login in ["leader", "consultant"] {
        assert!(tasks(&app, login, &["make_improvement"]).await.is_empty(), "{login}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_wait_to_be_received_and_can_be_read_by_whom_they_score() {
    let app = TestApp::demo().await.at("2015-01-20T04:00:00Z");
    assert!(tasks(&app, "consultant", &["receive_rules"]).await.is_empty());
    app.post("hr", "/v1/review-cycles", json!({"store": "JC", "period": "2015-01"})).await.expect(201);
    let waiting = tasks(&app, "consultant", &["receive_rules"]).await;
    assert_eq!(waiting.len(), 1, "{waiting:#?}");
    // Before the month is frozen: 1 February 2015 is a Sunday.
    assert_eq!((&waiting[0]["until"], &waiting[0]["period"]), (&json!("2015-02-02"), &json!("2015-01")));
    // Whose position no scheme scores has nothing to receive, and reads nothing.
    for login in ["clerk", "hr", "gm", "supervisor", "group"] {
        assert!(tasks(&app, login, &["receive_rules"]).await.is_empty(), "{login}");
    }
    let receipts = waiting[0]["path"].as_str().unwrap();
    let release = receipts.strip_suffix("/receipts").unwrap();
    let read = app.get("consultant", release).await.expect(200);
    assert!(read["files"]["sales_consultant/scheme.toml"].is_number(), "{read:#}");
    let script = format!("{release}/files/sales_consultant/10_sales_attainment.rhai");
    assert!(app.get("consultant", &script).await.expect(200).as_str().unwrap().contains("score"));
    for login in ["leader", "telesales", "auditor", "manager"] {
        app.get(login, release).await.expect(200);
    }
    for login in ["clerk", "service", "supervisor", "dashboard", "admin"] {
        assert_eq!(app.get(login, release).await.problem(403), "forbidden", "{login}");
        assert_eq!(app.get(login, &script).await.problem(403), "forbidden", "{login}");
    }
    // Nothing else of the rules has become theirs.
    for path in ["/v1/rules", "/v1/rules/status", "/v1/rules/releases", "/v1/rules/drafts"] {
        assert_eq!(app.get("consultant", path).await.problem(403), "forbidden", "{path}");
    }
    app.post("consultant", receipts, json!({"act": "confirmed"})).await.expect(201);
    assert!(tasks(&app, "consultant", &["receive_rules"]).await.is_empty());
}
