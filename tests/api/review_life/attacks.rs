//! What somebody tries who does not mean well: signing and deciding, steps that are none, what is not published yet.

use std::collections::BTreeMap;

use diesel_async::SimpleAsyncConnection as _;
use reqwest::Method;
use serde_json::{Value, json};
use showfloor::auth::access::Role;

use super::{cycle, freeze, lock, move_to, review_of, walk_to};
use crate::access::second_store;
use crate::after_publication::tasks::tasks;
use crate::support::{Answer, TestApp};

/// March, published on Tuesday, 8 April 2014; its cycle.
async fn march() -> (TestApp, i64) {
    let app = TestApp::demo().await.at("2014-04-08T04:00:00Z").in_english();
    let march = cycle(&app, "2014-03").await;
    freeze(&app, march).await;
    walk_to(&app, march, "published").await;
    (app, march)
}

async fn run(app: &TestApp, statement: &str) {
    app.pool.get().await.unwrap().batch_execute(statement).await.unwrap();
}

/// The actions that a document offers.
fn offered(document: &Value) -> Vec<String> {
    let actions = document["allowed_actions"].as_array().unwrap().iter();
    actions.map(|one| one["action"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_to_nowhere_without_a_reason_or_of_another_store_moves_nothing() {
    let (app, march) = march().await;
    second_store(&app).await;
    let path = format!("/v1/review-cycles/{march}/moves");
    let send = async |login: &str, body: Value| app.change(login, Method::POST, &path, "*", Some(body)).await;
    for (login, body, status) in [
        ("group", json!({"to": "nowhere", "reason": "x"}), 422),
        ("group", json!({"reason": "x"}), 422),
        ("group", json!({"to": "computed"}), 422),
        ("group", json!({"to": "computed", "reason": " \u{3000}\n"}), 422),
        ("group", json!({"to": "published", "reason": "x"}), 409),
        ("group", json!({"to": "collecting", "reason": "x"}), 409),
        ("group", json!({"to": "frozen", "reason": "x"}), 409),
        ("hr", json!({"to": "computed", "reason": "x"}), 403),
        ("hd_hr", json!({"to": "locked"}), 404),
        ("hd_gm", json!({"to": "computed", "reason": "x"}), 404),
    ] {
        let answer = send(login, body.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{login} {body}: {}", answer.body);
        if status == 422 {
            let field = answer.body["errors"][0]["field"].as_str().unwrap_or_default().to_owned();
            assert!(matches!(field.as_str(), "to" | "reason"), "{login} {body}: {}", answer.body);
        }
    }
    let many = json!({"period": "2014-03", "stores": ["JC"], "step": {"to": "computed", "reason": "x"}});
    let outcomes = app.post("hd_gm", "/v1/review-cycle-moves", many).await.expect(200);
    assert_eq!((&outcomes[0]["is_moved"], &outcomes[0]["cycle"]), (&json!(false), &Value::Null));
    assert_eq!(app.get("hr", &format!("/v1/review-cycles/{march}")).await.expect(200)["state"], "published");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signed_an_adjustment_of_a_review_does_not_decide_an_appeal_about_it() {
    let (app, _) = march().await;
    // HR's desk is a login of nobody; a second general manager has had no part in anything.
    app.add_user("hr_desk", &[Role::Hr], None, Some("JC")).await;
    let review = review_of(&app, "A02", "2014-03", "sales_consultant").await;
    let adjustments = format!("/v1/reviews/{review}/adjustments");
    let new = json!({"rule": "70_complaints", "points": -0.5, "reason": "核对"});
    let id = app.post("hr_desk", &adjustments, new).await.expect(201)["id"].clone();
    let decision = format!("{adjustments}/{id}/decision");
    app.change("gm", Method::POST, &decision, "*", Some(json!({"approve": true}))).await.expect(200);
    let review = review_of(&app, "A02", "2014-03", "sales_consultant").await;
    let file = format!("/v1/reviews/{review}/appeals");
    let new = json!({"rule": "70_complaints", "text": "没有这回事"});
    let filed = app.post("consultant", &file, new).await.expect(201);
    let appeal = format!("/v1/appeals/{}", filed["id"]);
    let step = async |login: &str, rest: &str, body: Option<Value>| {
        app.change(login, Method::POST, &format!("{appeal}/{rest}"), "*", body).await
    };
    // The second person, the proposer, and HR, who has checked it: each is told why.
    for (login, why) in [
        ("gm", "you signed an adjustment of this review"),
        ("hr_desk", "you signed an adjustment of this review"),
        ("hr", "you commented on this review or answered for it"),
    ] {
        let refused = step(login, "take-up", None).await;
        assert!(refused.body["detail"].as_str().unwrap().contains(why), "{login}: {}", refused.body);
        assert_eq!(refused.problem(409), "conflict");
        assert_eq!(tasks(&app, login, &["take_up_appeal"]).await, Vec::<Value>::new(), "{login}");
        let open = offered(&app.get(login, &appeal).await.expect(200));
        assert_eq!(open, Vec::<String>::new(), "{login}");
    }
    // That leaves nobody in the store: it waits for the group.
    let waiting = tasks(&app, "group", &["take_up_appeal"]).await;
    assert_eq!(waiting.len(), 1, "{waiting:#?}");
    assert_eq!((&waiting[0]["nobody_else"], &waiting[0]["employee_no"]), (&json!(true), &json!("A02")));
    step("group", "take-up", None).await.expect(200);
    let upheld = json!({"outcome": "upheld", "reason": "无误"});
    assert_eq!(step("gm", "decision", Some(upheld.clone())).await.problem(409), "conflict");
    assert_eq!(tasks(&app, "group", &["decide_appeal"]).await.len(), 1);
    // Somebody else who may is asked first.
    app.add_user("gm2", &[Role::GeneralManager], None, Some("JC")).await;
    assert_eq!(tasks(&app, "gm2", &["decide_appeal"]).await.len(), 1);
    assert!(tasks(&app, "group", &["decide_appeal"]).await.is_empty());
    step("gm2", "decision", Some(upheld)).await.expect(200);
    // Nor does it count as a signature: what an appeal was decided to is nobody's adjustment.
    let again = json!({"rule": "20_funnel_kpi", "text": "请复核"});
    let filed = app.post("consultant", &file, again).await.expect(201);
    let path = format!("/v1/appeals/{}/take-up", filed["id"]);
    app.change("gm2", Method::POST, &path, "*", None).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waived_a_mark_does_not_decide_an_appeal_about_the_review() {
    let (app, _) = march().await;
    let review = review_of(&app, "A02", "2014-03", "sales_consultant").await;
    run(&app, &format!("UPDATE review SET attention = '{{\"x\"}}' WHERE id = {review}")).await;
    app.post("gm", &format!("/v1/reviews/{review}/waiver"), json!({"reason": "已核实"})).await.expect(204);
    let new = json!({"rule": "20_funnel_kpi", "text": "请复核"});
    let filed = app.post("consultant", &format!("/v1/reviews/{review}/appeals"), new).await.expect(201);
    let path = format!("/v1/appeals/{}/take-up", filed["id"]);
    let refused = app.change("gm", Method::POST, &path, "*", None).await;
    assert!(refused.body["detail"].as_str().unwrap().contains("you waived"), "{}", refused.body);
    assert!(tasks(&app, "gm", &["take_up_appeal"]).await.is_empty());
    assert_eq!(tasks(&app, "group", &["take_up_appeal"]).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_appeal_is_about_the_revision_in_force_and_recomputed_means_that_something_changed() {
    let (app, _) = march().await;
    let first = review_of(&app, "A02", "2014-03", "sales_consultant").await;
    let adjustments = format!("/v1/reviews/{first}/adjustments");
    let new = json!({"rule": "70_complaints", "points": -0.5, "reason": "核对"});
    let id = app.post("manager", &adjustments, new).await.expect(201)["id"].clone();
    let decision = format!("{adjustments}/{id}/decision");
    app.change("hr", Method::POST, &decision, "*", Some(json!({"approve": true}))).await.expect(200);
    let now = review_of(&app, "A02", "2014-03", "sales_consultant").await;
    let new = json!({"rule": "70_complaints", "step": 0, "text": "请复核"});
    let stale = app.post("consultant", &format!("/v1/reviews/{first}/appeals"), new.clone()).await;
    assert!(
        stale.body["detail"].as_str().unwrap().ends_with(&format!("/v1/reviews/{now}")),
        "{}",
        stale.body
    );
    assert_eq!(stale.problem(409), "conflict");
    let filed = app.post("consultant", &format!("/v1/reviews/{now}/appeals"), new).await.expect(201);
    assert_eq!(filed["review"], now);
    let appeal = format!("/v1/appeals/{}", filed["id"]);
    app.change("gm", Method::POST, &format!("{appeal}/take-up"), "*", None).await.expect(200);
    let recomputed = Some(json!({"outcome": "recomputed", "reason": "重算"}));
    let refused = app.change("gm", Method::POST, &format!("{appeal}/decision"), "*", recomputed).await;
    assert!(refused.body["detail"].as_str().unwrap().contains("no facts were corrected"), "{}", refused.body);
    assert_eq!(app.get("gm", &appeal).await.expect(200)["state"], "in_review");
    assert_eq!(review_of(&app, "A02", "2014-03", "sales_consultant").await, now);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_person_sees_an_adjustment_once_two_people_have_signed_it() {
    let (app, _) = march().await;
    let review = review_of(&app, "A02", "2014-03", "sales_consultant").await;
    let path = format!("/v1/reviews/{review}/adjustments");
    let states = async |login: &'static str| {
        let listed = app.get(login, &path).await.expect(200);
        let listed = listed.as_array().unwrap().iter();
        listed.map(|one| one["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let propose = async |rule: &str| {
        let new = json!({"rule": rule, "points": -0.5, "reason": "疑似飞单，待查"});
        let id = app.post("manager", &path, new).await.expect(201)["id"].clone();
        format!("{path}/{id}/decision")
    };
    let decide = async |decision: &str, body: Value| {
        app.change("gm", Method::POST, decision, "*", Some(body)).await.expect(200);
    };
    let (one, other) = (propose("70_complaints").await, propose("80_conduct_skill").await);
    assert_eq!(states("consultant").await, Vec::<String>::new());
    assert_eq!(states("leader").await, ["proposed", "proposed"]);
    decide(&one, json!({"approve": false, "note": "查无此事"})).await;
    decide(&other, json!({"approve": true})).await;
    assert_eq!(states("consultant").await, ["approved"]);
    assert_eq!(states("auditor").await, ["rejected", "approved"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_is_not_locked_over_an_adjustment_that_waits() {
    let (app, march) = march().await;
    let review = review_of(&app, "A03", "2014-03", "sales_consultant").await;
    let path = format!("/v1/reviews/{review}/adjustments");
    let new = json!({"rule": "70_complaints", "points": -0.5, "reason": "核对"});
    let id = app.post("manager", &path, new).await.expect(201)["id"].clone();
    let later = app.at("2014-06-20T02:00:00Z");
    let refused = move_to(&later, "hr", march, "locked", None).await;
    let fields = refused.body["errors"].as_array().unwrap().iter().map(|one| one["field"].clone());
    assert!(fields.collect::<Vec<_>>().contains(&json!("adjustments")), "{}", refused.body);
    app.change("manager", Method::POST, &format!("{path}/{id}/withdraw"), "*", None).await.expect(200);
    lock(&app, march).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sheet_of_a_store_without_a_general_manager_is_countersigned_by_the_group() {
    let (app, march) = march().await;
    let path = format!("/v1/review-cycles/{march}/coefficient-sheets");
    let sheet = app.post_empty("hr", &path).await.expect(201);
    let (one, sign) = (format!("{path}/1"), format!("{path}/1/sign-offs"));
    let as_who = |capacity: &str| json!({"capacity": capacity, "sha256": sheet["sha256"]});
    app.post("hr", &sign, as_who("hr")).await.expect(201);
    // As long as there is one, it is the general manager's.
    assert_eq!(app.post("group", &sign, as_who("general_manager")).await.problem(403), "forbidden");
    assert!(tasks(&app, "group", &["countersign_sheet"]).await.is_empty());
    assert_eq!(offered(&app.get("group", &one).await.expect(200)), Vec::<String>::new());
    run(&app, "UPDATE user_account SET is_disabled = true WHERE login = 'gm'").await;
    let waiting = tasks(&app, "group", &["countersign_sheet"]).await;
    assert_eq!((waiting.len(), &waiting[0]["nobody_else"]), (1, &json!(true)));
    let open = app.get("group", &one).await.expect(200)["allowed_actions"][0].clone();
    assert_eq!((&open["path"], &open["to"]), (&json!(sign), &json!("general_manager")));
    assert_eq!(app.post("hr", &sign, as_who("general_manager")).await.problem(403), "forbidden");
    let signed = app.post("group", &sign, as_who("general_manager")).await.expect(201);
    assert_eq!(signed["is_signed_off"], true);
}

/// Everything that a login can read, as it is answered: status, entity tag and body.
async fn everything(app: &TestApp, login: &str, review: i64, cycle: i64) -> BTreeMap<String, String> {
    let document = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/openapi.json")).unwrap();
    let document: Value = serde_json::from_slice(&document).unwrap();
    // A stream has no end; it tells what the list does.
    let is_read =
        |get: &Value| !get.is_null() && get["responses"]["200"]["content"].get("text/event-stream").is_none();
    let paths =
        document["paths"].as_object().unwrap().iter().filter(|(_, operations)| is_read(&operations["get"]));
    let token = app.token(login).await;
    let mut answers = BTreeMap::new();
    for (path, operations) in paths {
        let takes = |name: &str| {
            let parameters = operations["get"]["parameters"].as_array();
            parameters.is_some_and(|all| all.iter().any(|one| one["name"] == name))
        };
        let id = if path.contains("review-cycles") { cycle } else { review };
        let mut filled = path.clone();
        for (place, value) in
            [("{store}", "JC"), ("{employee_no}", "A02"), ("{year}", "2014"), ("{unit}", "G1")]
        {
            filled = filled.replace(place, value);
        }
        while let Some((before, rest)) = filled.split_once('{') {
            let (_, after) = rest.split_once('}').unwrap();
            filled = format!("{before}{id}{after}");
        }
        let known = [
            ("period", "2014-03"),
            ("year", "2014"),
            ("unit", "G1"),
            ("day", "2014-03-31"),
            ("limit", "500"),
        ];
        let given =
            known.iter().filter(|(name, _)| takes(name)).map(|(name, value)| format!("{name}={value}"));
        let given = given.collect::<Vec<_>>().join("&");
        let mut queries = vec![String::new(), given.clone()];
        let by_one = [
            ("grade", "D"),
            ("grade", "A"),
            ("employee_no", "A02"),
            ("employee_no", "A03"),
            ("state", "proposed"),
        ];
        queries.extend(
            by_one
                .iter()
                .filter(|(name, _)| takes(name))
                .map(|(name, value)| format!("{given}&{name}={value}")),
        );
        queries.dedup();
        for query in queries {
            let asked = format!("{filled}?{query}");
            let request = app.request(Method::GET, &asked).bearer_auth(&token);
            let Answer { status, etag, body, .. } = Answer::of(request.send().await.unwrap()).await;
            answers.insert(asked, format!("{status} {etag:?} {body}"));
            // Whose it is not at all has nothing to ask for.
            if status == 403 {
                break;
            }
        }
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_answered_tells_a_score_that_is_not_published() {
    let app = TestApp::demo().await.at("2014-04-08T04:00:00Z");
    let march = cycle(&app, "2014-03").await;
    freeze(&app, march).await;
    let review = review_of(&app, "A02", "2014-03", "sales_consultant").await;
    // What would differ if the answers depended on the scores: worse, and marked, and better again.
    let other = |whose: &str| {
        format!(
            "UPDATE review SET base = 1, bonus = 0, total = 1, grade = 'D', final_grade = 'D', coefficient = 0.6,
                 deliveries = 1, attention = '{{\"x\"}}'
             WHERE period = '2014-03-01' AND is_current AND employee_id IN (SELECT id FROM employee {whose})"
        )
    };
    let mut compared = 0;
    let mut compare = async |logins: &[&'static str], whose: &str, review: i64| {
        let mut before = Vec::new();
        for login in logins {
            // What is answered otherwise by itself is left out.
            let (one, again) =
                (everything(&app, login, review, march).await, everything(&app, login, review, march).await);
            before.push(
                one.into_iter().filter(|(path, answer)| again[path] == *answer).collect::<BTreeMap<_, _>>(),
            );
        }
        run(&app, "CREATE TABLE review_before AS SELECT * FROM review WHERE period = '2014-03-01'").await;
        run(&app, &other(whose)).await;
        for (login, before) in logins.iter().zip(before) {
            let after = everything(&app, login, review, march).await;
            for (path, answer) in &before {
                assert_eq!(after[path], *answer, "{login} {path}");
            }
            compared += before.values().filter(|answer| answer.starts_with("200")).count();
        }
        run(
            &app,
            "UPDATE review r SET base = b.base, bonus = b.bonus, total = b.total, grade = b.grade,
                 final_grade = b.final_grade, coefficient = b.coefficient, deliveries = b.deliveries,
                 attention = b.attention FROM review_before b WHERE b.id = r.id; DROP TABLE review_before",
        )
        .await;
    };
    let logins = [
        "consultant",
        "leader",
        "telesales",
        "manager",
        "gm",
        "supervisor",
        "clerk",
        "service",
        "dashboard",
        "admin",
    ];
    compare(&logins, "", review).await;
    // Once people assess themselves, nobody of them learns of anybody else's.
    walk_to(&app, march, "self_review").await;
    compare(
        &["consultant", "telesales", "clerk", "dashboard", "gm"],
        "WHERE employee_no NOT IN ('A02', 'T01')",
        review,
    )
    .await;
    compare(&["leader"], "WHERE employee_no <> 'A01'", review).await;
    assert!(compared > 150, "{compared}");
}
