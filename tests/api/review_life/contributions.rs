//! Self-assessments, comments and checks: whose they are, that they stay, and how they come back.

use reqwest::Method;
use serde_json::json;
use showfloor::auth::access::Role;

use super::{contribute, cycle, freeze, move_to, review_of, walk_to};
use crate::support::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_handed_in_stays_until_it_is_given_back_for_a_reason() {
    let app = TestApp::demo().await;
    let march = cycle(&app, "2014-03").await;
    let review = review_of(&app, "A02", "2014-03", "sales_consultant").await;
    freeze(&app, march).await;
    walk_to(&app, march, "self_review").await;
    let path = format!("/v1/reviews/{review}/contributions/self_assessment");
    let put = |seen: &'static str, body| app.change("consultant", Method::PUT, &path, seen, Some(body));
    let body = json!({"text": "完成了目标", "items": {"10_sales_attainment": "多交了一台"}});
    let draft = put("\"0\"", body.clone()).await.expect(200);
    assert_eq!((&draft["state"], &draft["version"]), (&json!("draft"), &json!(1)));
    // From somewhere else: it has been changed since.
    assert_eq!(put("\"0\"", body).await.status, 412);
    let unknown = put("*", json!({"text": "", "items": {"11_other": "x"}})).await;
    assert_eq!(unknown.body["errors"][0]["field"], "items.11_other", "{}", unknown.body);
    let hand_in = format!("{path}/hand-in");
    app.change("consultant", Method::POST, &hand_in, "\"1\"", None).await.expect(200);
    assert_eq!(put("*", json!({"text": "改一下"})).await.status, 409);
    assert_eq!(app.change("consultant", Method::POST, &hand_in, "*", None).await.status, 409);
    // Those who come later give it back, and with a reason; the person does not.
    let back = format!("{path}/give-back");
    assert_eq!(app.post("consultant", &back, json!({"reason": "想改"})).await.status, 403);
    move_to(&app, "hr", march, "leader_review", None).await.expect(200);
    assert_eq!(app.post("leader", &back, json!({"reason": " "})).await.status, 422);
    let given = app.post("leader", &back, json!({"reason": "请写明回访情况"})).await.expect(200);
    assert_eq!((&given["state"], &given["given_back_by"]), (&json!("given_back"), &json!("leader")));
    let again = app.post("leader", &back, json!({"reason": "再"})).await;
    assert_eq!(
        (again.status.as_u16(), &again.body["detail"]),
        (409, &json!("leader 已经退回了它：等作者重写之后再交"))
    );
    // The author writes another, though the cycle has gone on; what was given back is still there.
    contribute(&app, "consultant", review, "self_assessment", "回访 118 次").await.expect(200);
    let listed = app.get("hr", &format!("/v1/reviews/{review}/contributions")).await.expect(200);
    let states = listed.as_array().unwrap().iter().map(|one| one["state"].clone()).collect::<Vec<_>>();
    assert_eq!(states, ["given_back", "handed_in"]);
    assert_eq!(listed[0]["text"], "完成了目标");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_comments_on_the_own_review_and_nobody_on_somebody_elses_team() {
    let app = TestApp::demo().await.in_english();
    let march = cycle(&app, "2014-03").await;
    let leaders_own = review_of(&app, "A01", "2014-03", "sales_consultant").await;
    let telesales = review_of(&app, "T01", "2014-03", "telesales_specialist").await;
    let other_team = review_of(&app, "A06", "2014-03", "sales_consultant").await;
    freeze(&app, march).await;
    walk_to(&app, march, "leader_review").await;
    let own = contribute(&app, "leader", leaders_own, "leader_comment", "很好").await;
    assert!(own.body["detail"].as_str().unwrap().contains("your own"), "{}", own.body);
    assert_eq!(contribute(&app, "leader", other_team, "leader_comment", "很好").await.status, 404);
    // Where nobody leads, or the leader is the one reviewed, it falls to the head of the department.
    contribute(&app, "manager", leaders_own, "leader_comment", "带队有方").await.expect(200);
    contribute(&app, "manager", telesales, "leader_comment", "及时").await.expect(200);
    let not_theirs = contribute(&app, "manager", other_team, "leader_comment", "组长来写").await;
    assert_eq!(not_theirs.status, 403);
    assert!(not_theirs.body["detail"].as_str().unwrap().contains("somebody else's"), "{}", not_theirs.body);
    let early = contribute(&app, "manager", other_team, "manager_comment", "还早").await;
    assert!(early.body["detail"].as_str().unwrap().contains("'manager_review'"), "{}", early.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_leader_in_the_month_hands_open_work_to_the_new_one() {
    let app = TestApp::demo().await;
    // G1 is A01's up to 20 March and A03's after that.
    let led = app.get("admin", "/v1/team-leaderships?unit=G1&employee_no=A01").await.expect(200);
    let leadership =
        &led["items"].as_array().unwrap().iter().find(|one| one["kind"] == "line").unwrap()["id"];
    let path = format!("/v1/team-leaderships/{leadership}");
    let end = json!({"valid_to": "2014-03-20"});
    app.change("admin", Method::PATCH, &path, "*", Some(end)).await.expect(200);
    let next = json!({"unit": "G1", "employee_no": "A03", "kind": "line", "valid_from": "2014-03-20"});
    app.post("admin", "/v1/team-leaderships", next).await.expect(201);
    app.add_user("new_leader", &[Role::TeamLeader], Some("A03"), None).await;
    let march = cycle(&app, "2014-03").await;
    let review = review_of(&app, "A04", "2014-03", "sales_consultant").await;
    freeze(&app, march).await;
    walk_to(&app, march, "leader_review").await;
    // The one before still sees the team of the days led, and writes nothing more.
    let former = contribute(&app, "leader", review, "leader_comment", "以前带的").await;
    assert_eq!(former.status, 403, "{}", former.body);
    contribute(&app, "new_leader", review, "leader_comment", "接手后很快").await.expect(200);
}
