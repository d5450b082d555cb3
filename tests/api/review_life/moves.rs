//! Moving cycles: every step there is and every one there is not, by every role; two at once; many stores at once.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use super::{STATES, cycle, freeze, move_to, step_to, walk_to};
use crate::support::TestApp;

/// Where one may go from a state, and the logins that may take it there (docs/DOMAIN.md: HR runs and publishes).
fn may_move(from: &str, to: &str, login: &str) -> bool {
    let place = |state: &str| STATES.iter().position(|one| *one == state).unwrap();
    let (from_place, to_place) = (place(from), place(to));
    let roles: &[&str] = match (from, to) {
        _ if to_place == from_place + 1 => &["hr", "group"],
        _ if to_place >= from_place => &[],
        ("locked", "published") => &["group"],
        ("locked", _) => &[],
        ("published", _) => &["gm", "group"],
        _ => &["hr", "group"],
    };
    roles.contains(&login)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_is_the_right_roles_and_every_other_says_what_it_would_take() {
    let app = TestApp::demo().await;
    let march = cycle(&app, "2014-03").await;
    freeze(&app, march).await;
    let mut wrong = Vec::new();
    for from in STATES {
        if from != "computed" {
            step_to(&app, march, from).await;
        }
        let path = format!("/v1/review-cycles/{march}");
        for to in STATES.iter().chain(&["collecting", "frozen"]).filter(|to| **to != from) {
            for login in ["hr", "gm", "group", "manager", "leader", "consultant", "auditor", "admin"] {
                let allowed = STATES.contains(to) && may_move(from, to, login);
                if allowed {
                    continue;
                }
                let answer = move_to(&app, login, march, to, Some("试")).await;
                let status = answer.status.as_u16();
                let names_it = status == 403 || answer.body.to_string().contains(from);
                if !matches!(status, 403 | 404 | 409) || !names_it {
                    wrong.push(format!("{login}: {from} → {to}: {status} {}", answer.body));
                }
            }
        }
        // Nothing of it has moved the cycle, and what may be done is said.
        let outlook = app.get("hr", &path).await.expect(200);
        assert_eq!(outlook["state"], from);
        let offered = outlook["allowed_actions"].as_array().unwrap().iter();
        let offered = offered.filter(|one| one["action"] == "move" || one["action"] == "reopen");
        let offered = offered.map(|one| one["to"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        let expected = STATES.iter().filter(|to| **to != from && may_move(from, to, "hr"));
        assert_eq!(offered, expected.map(|to| (*to).to_owned()).collect::<Vec<_>>(), "{from}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn going_back_takes_a_reason_and_is_on_record() {
    let app = TestApp::demo().await;
    let march = cycle(&app, "2014-03").await;
    freeze(&app, march).await;
    walk_to(&app, march, "manager_review").await;
    let refused = move_to(&app, "hr", march, "computed", None).await;
    assert_eq!(refused.body["errors"][0]["field"], "reason", "{}", refused.body);
    move_to(&app, "hr", march, "computed", Some("考勤补录")).await.expect(200);
    let moves = app.get("gm", &format!("/v1/review-cycles/{march}/moves")).await.expect(200);
    let last = moves["items"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&last["from"], &last["to"], &last["by"], &last["reason"]),
        (&json!("manager_review"), &json!("computed"), &json!("hr"), &json!("考勤补录"))
    );
    // What people could see they see no longer.
    let listed = app.get("consultant", "/v1/reviews?period=2014-03").await.expect(200);
    assert_eq!(listed["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_that_is_not_frozen_or_not_checked_does_not_go_on() {
    let app = TestApp::demo().await.in_english();
    let march = cycle(&app, "2014-03").await;
    let refused = move_to(&app, "hr", march, "self_review", None).await;
    assert!(refused.body["detail"].as_str().unwrap().contains("not ready"), "{}", refused.body);
    freeze(&app, march).await;
    walk_to(&app, march, "hr_check").await;
    let refused = move_to(&app, "hr", march, "published", None).await;
    assert!(refused.body["errors"][0]["field"] == "hr_check", "{}", refused.body);
    // Reviews: twelve consultants, three leaders, one telesales specialist.
    let checked =
        app.post("hr", &format!("/v1/review-cycles/{march}/hr-check"), json!({"text": "已核对"})).await;
    assert_eq!(checked.expect(200)["checked"], 16);
    let again = app.post("hr", &format!("/v1/review-cycles/{march}/hr-check"), json!({"text": ""})).await;
    assert_eq!(again.expect(200)["checked"], 0);
    move_to(&app, "hr", march, "published", None).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_who_move_at_once_one_does_and_the_others_are_told() {
    let app = TestApp::demo().await.in_english();
    let march = cycle(&app, "2014-03").await;
    freeze(&app, march).await;
    let path = format!("/v1/review-cycles/{march}");
    let version = app.get("hr", &path).await.expect(200)["version"].to_string();
    let seen = format!("\"{version}\"");
    let moves = (0..20).map(|_| {
        let (app, path, seen) = (&app, format!("{path}/moves"), seen.clone());
        async move { app.change("hr", Method::POST, &path, &seen, Some(json!({"to": "self_review"}))).await }
    });
    let answers = join_all(moves).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(answer.status, 412);
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.contains("'self_review': hr moved it there"), "{detail}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_stores_are_moved_at_once_each_as_far_as_it_may() {
    let app = TestApp::demo().await;
    let unit = json!({"code": "NB", "name": "宁波店", "kind": "store", "valid_from": "2013-01-01"});
    app.post("admin", "/v1/org-units", unit).await.expect(201);
    app.post("group", "/v1/review-cycles", json!({"store": "NB", "period": "2014-03"})).await.expect(201);
    let march = cycle(&app, "2014-03").await;
    freeze(&app, march).await;
    let body = json!({"period": "2014-03", "stores": ["JC", "NB", "XX"], "step": {"to": "self_review"}});
    let outcomes = app.post("group", "/v1/review-cycle-moves", body.clone()).await.expect(200);
    let moved = outcomes.as_array().unwrap().iter().map(|one| one["is_moved"].as_bool().unwrap());
    assert_eq!(moved.collect::<Vec<_>>(), [true, false, false]);
    assert!(outcomes[1]["problem"].as_str().unwrap().contains("“collecting”"), "{outcomes:#}");
    // HR of one store moves that one only.
    let body = json!({"period": "2014-03", "step": {"to": "leader_review"}});
    let outcomes = app.post("hr", "/v1/review-cycle-moves", body).await.expect(200);
    assert_eq!(outcomes.as_array().unwrap().len(), 1);
    assert_eq!(outcomes[0]["state"], "leader_review");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cycle_says_until_when_and_a_store_sets_its_terms() {
    let app = TestApp::demo().await;
    let march = cycle(&app, "2014-03").await;
    let path = format!("/v1/review-cycles/{march}");
    let due = app.get("hr", &path).await.expect(200)["due"].clone();
    // April 2014: the 5th to the 7th are 清明节, so what is due then is due on the 8th.
    let expected = json!({
        "freeze": "2014-04-01", "compute": "2014-04-02", "self_review": "2014-04-03", "leader_review": "2014-04-04",
        "manager_review": "2014-04-08", "publish": "2014-04-08", "lock": "2014-04-15",
    });
    assert_eq!(due, expected);
    let terms = json!({
        "freeze_day": 2, "compute_day": 3, "self_review_day": 8, "leader_review_day": 9, "manager_review_day": 10,
        "publish_day": 11, "lock_day": 21, "appeal_working_days": 5, "decision_working_days": 5,
    });
    let put = |terms| app.change("hr", Method::PUT, "/v1/review-terms/JC", "\"0\"", Some(terms));
    let mut backwards = terms.clone();
    backwards["publish_day"] = json!(4);
    let refused = put(backwards).await;
    assert_eq!(refused.body["errors"][0]["field"], "publish_day", "{}", refused.body);
    put(terms.clone()).await.expect(200);
    assert_eq!(put(terms).await.status, 412);
    assert_eq!(app.get("hr", &path).await.expect(200)["due"]["lock"], "2014-04-21");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cycle_says_whom_it_covers_whom_not_and_why() {
    let app = TestApp::demo().await;
    // A07 is on maternity leave from June to August; nobody scores offices.
    let june = cycle(&app, "2014-06").await;
    let coverage = app.get("hr", &format!("/v1/review-cycles/{june}/coverage")).await.expect(200);
    let covered = coverage["covered"].as_array().unwrap();
    assert_eq!(covered.len(), 12);
    let leader = covered.iter().find(|one| one["employee_no"] == "A01").unwrap();
    assert_eq!(leader["schemes"], json!(["sales_consultant", "team_leader"]));
    let reasons = coverage["not_covered"].as_array().unwrap().iter();
    let reasons = reasons.map(|one| format!("{} {}", one["employee_no"], one["reason"]).replace('"', ""));
    let expected = [
        "A07 protected_leave",
        "D01 scheme_missing",
        "H01 scheme_missing",
        "K01 scheme_missing",
        "M01 scheme_missing",
        "N01 scheme_missing",
        "S01 scheme_missing",
    ];
    assert_eq!(reasons.collect::<Vec<_>>(), expected);
}
