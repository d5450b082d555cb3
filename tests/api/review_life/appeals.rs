//! Appeals and adjustments: each writes the next revision, says why, and comes out the same when it is run again.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::{cycle, freeze, review_of, walk_to};
use crate::kept_sums::assert_the_sums_agree;
use crate::support::{Answer, TestApp};

/// A number with two places at most, in hundredths.
fn hundredths(value: &Value) -> i64 {
    let text = value.to_string();
    let (whole, places) = text.split_once('.').unwrap_or((&text, ""));
    format!("{whole}{places:0<2}").parse().unwrap()
}

/// The first rule of a review that has half a point left to its maximum.
async fn rule_with_room(app: &TestApp, review: i64) -> String {
    let explained = app.get("auditor", &format!("/v1/reviews/{review}")).await.expect(200);
    let mut rules = explained["rules"].as_array().unwrap().iter();
    let with_room = rules.find(|rule| hundredths(&rule["max"]) - hundredths(&rule["score"]) >= 50);
    with_room.unwrap()["rule"].as_str().unwrap().to_owned()
}

/// A review's total in hundredths.
fn total(review: &Value) -> i64 {
    hundredths(&review["total"])
}

/// The review in force of somebody, in a list.
async fn current(app: &TestApp, employee_no: &str, position: &str) -> Value {
    let path = format!("/v1/reviews?period=2014-03&employee_no={employee_no}&position={position}");
    app.get("auditor", &path).await.expect(200)["items"][0].clone()
}

async fn decide(app: &TestApp, login: &str, appeal: &Value, body: Value) -> Answer {
    app.change(login, Method::POST, &format!("/v1/appeals/{appeal}/decision"), "*", Some(body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_appeal_is_decided_once_and_writes_the_next_revision() {
    let app = TestApp::demo().await.in_english();
    let march = cycle(&app, "2014-03").await;
    freeze(&app, march).await;
    let review = review_of(&app, "A02", "2014-03", "sales_consultant").await;
    let rule = rule_with_room(&app, review).await;
    let file = format!("/v1/reviews/{review}/appeals");
    let new = json!({"rule": rule, "step": 0, "text": "有一台算漏了"});
    walk_to(&app, march, "hr_check").await;
    assert_eq!(app.post("consultant", &file, new.clone()).await.status, 409, "before publication");
    super::step_to(&app, march, "published").await;
    let before = total(&current(&app, "A02", "sales_consultant").await);
    // Whose it is files it, about an item and a step that there are.
    assert_eq!(app.post("leader", &file, new.clone()).await.status, 404, "no leader does");
    let unknown = app.post("consultant", &file, json!({"rule": "99_none", "text": "x"})).await;
    assert_eq!(unknown.body["errors"][0]["field"], "rule", "{}", unknown.body);
    let filed = app.post("consultant", &file, new.clone()).await.expect(201);
    assert_eq!(app.post("consultant", &file, new).await.status, 409, "one is open");
    let appeal = &filed["id"];
    // Told on 15 May 2014 (a Thursday): the 16th, 19th and 20th are the three working days.
    assert_eq!((&filed["state"], &filed["file_until"]), (&json!("filed"), &json!("2014-05-20")));
    // Evidence is the person's, or of who decides; an auditor changes nothing.
    let evidence = format!("/v1/appeals/{appeal}/evidence?name=a.txt");
    app.upload("consultant", &evidence, b"call".to_vec()).await.expect(201);
    assert_eq!(app.upload("auditor", &evidence, b"x".to_vec()).await.status, 403);
    assert_eq!(app.upload("leader", &evidence, b"x".to_vec()).await.status, 403);
    // HR has answered for the review and does not decide; nor is it decided before it was taken up.
    let upheld = json!({"outcome": "upheld", "reason": "无误"});
    assert_eq!(decide(&app, "hr", appeal, upheld.clone()).await.status, 409);
    assert_eq!(decide(&app, "gm", appeal, upheld.clone()).await.status, 409);
    let take_up = format!("/v1/appeals/{appeal}/take-up");
    app.change("gm", Method::POST, &take_up, "*", None).await.expect(200);
    let without = decide(&app, "gm", appeal, json!({"outcome": "adjusted", "reason": "补记"})).await;
    assert_eq!(without.body["errors"][0]["field"], "points", "{}", without.body);
    let too_many = json!({"outcome": "adjusted", "reason": "补记", "points": 90});
    let too_many = decide(&app, "gm", appeal, too_many).await;
    assert_eq!(too_many.body["errors"][0]["field"], "points", "{}", too_many.body);
    // Of twenty who decide at once one does, and the others are told who did.
    let adjusted = json!({"outcome": "adjusted", "reason": "补记一台", "points": 0.5});
    let answers = join_all((0..20).map(|_| decide(&app, "gm", appeal, adjusted.clone()))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(answer.status, 409);
        assert!(answer.body["detail"].as_str().unwrap().contains("'adjusted' by gm"), "{}", answer.body);
    }
    // All eight rules apply, so that half a point of an item is half a point of the total.
    let after = current(&app, "A02", "sales_consultant").await;
    assert_eq!((&after["revision"], total(&after)), (&json!(2), before + 50));
    assert_the_sums_agree(&app, "an appeal").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adjustment_takes_two_people_and_is_explained() {
    let app = TestApp::demo().await;
    let march = cycle(&app, "2014-03").await;
    freeze(&app, march).await;
    walk_to(&app, march, "published").await;
    let review = review_of(&app, "A03", "2014-03", "sales_consultant").await;
    let rule = rule_with_room(&app, review).await;
    let before = total(&current(&app, "A03", "sales_consultant").await);
    let path = format!("/v1/reviews/{review}/adjustments");
    let outside = app.post("manager", &path, json!({"rule": rule, "points": 90, "reason": "x"})).await;
    assert_eq!(outside.body["errors"][0]["field"], "points", "{}", outside.body);
    let proposed = json!({"rule": rule, "points": 0.5, "reason": "客户表扬信"});
    let proposed = app.post("manager", &path, proposed).await.expect(201);
    let decision = format!("{path}/{}/decision", proposed["id"]);
    let decide = |login| {
        let (app, decision) = (&app, &decision);
        async move { app.change(login, Method::POST, decision, "*", Some(json!({"approve": true}))).await }
    };
    assert_eq!(decide("manager").await.status, 409, "two people");
    // Nothing has changed yet.
    assert_eq!(current(&app, "A03", "sales_consultant").await["revision"], 1);
    decide("gm").await.expect(200);
    let after = current(&app, "A03", "sales_consultant").await;
    assert_eq!((&after["revision"], total(&after)), (&json!(2), before + 50));
    assert_the_sums_agree(&app, "an adjustment").await;
    // The leader's mean has moved with it; another member's review has not.
    assert_eq!(current(&app, "A01", "team_leader").await["revision"], 2);
    assert_eq!(current(&app, "A04", "sales_consultant").await["revision"], 1);
    assert_eq!(current(&app, "A05", "team_leader").await["revision"], 1);
    // What changed and why; and run again it comes out the same.
    let changes = app.get("hr", &format!("/v1/reviews/{}/changes", after["id"])).await.expect(200);
    let item = &changes["items"][0];
    assert_eq!(changes["items"].as_array().unwrap().len(), 1, "{changes:#}");
    assert_eq!((&item["rule"], &item["causes"]), (&json!(rule), &json!(["adjustment"])));
    assert_eq!(item["from"], item["to"], "what the rule gave stays");
    assert_eq!(changes["other_rules"], false);
    let replay = app.post_empty("hr", &format!("/v1/reviews/{}/replay", after["id"])).await.expect(200);
    assert_eq!(replay["is_same"], true, "{replay:#}");
    // The earlier revision is still there.
    let earlier = app.get("hr", &format!("/v1/reviews/{review}")).await.expect(200);
    assert_eq!((&earlier["review"]["is_current"], total(&earlier["review"])), (&json!(false), before));
    // The person is told anew.
    assert_eq!(decide("gm").await.status, 409, "decided");
}
