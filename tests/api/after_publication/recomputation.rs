//! Corrections that were accepted after publication.

use reqwest::Method;
use serde_json::{Value, json};

use super::tasks::tasks;
use super::{hundredths, take_to};
use crate::review_life::{lock, move_to, review_of};
use crate::support::{Answer, TestApp};

/// The review in force of somebody's March.
async fn current(app: &TestApp, employee_no: &str, position: &str) -> Value {
    let path = format!("/v1/reviews?period=2014-03&employee_no={employee_no}&position={position}");
    app.get("auditor", &path).await.expect(200)["items"][0].clone()
}

/// Proposes another exam score as HR; the id of the correction.
async fn propose(app: &TestApp, employee_no: &str, exam: i64) -> Value {
    let correction = json!({"period": "2014-03", "source_system": "test", "late": "keep", "reason": "成绩补录",
        "rows": [{"employee_no": employee_no, "facts": {"exam_score": exam}}]});
    app.post("hr", "/v1/facts", correction).await.expect(200);
    let waiting = app.get("gm", "/v1/late-corrections?state=pending").await.expect(200);
    waiting["items"][0]["id"].clone()
}

async fn accept(app: &TestApp, id: &Value) -> Answer {
    app.post("gm", "/v1/late-corrections/decisions", json!({"ids": [id], "accept": true})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_after_publication_is_computed_again_by_somebody_else() {
    let app = TestApp::demo().await.at("2014-04-08T04:00:00Z");
    let march = take_to(&app, "2014-03", "published").await;
    let before = current(&app, "A02", "sales_consultant").await;
    let acknowledgements = format!("/v1/reviews/{}/acknowledgements", before["id"]);
    app.post("consultant", &acknowledgements, json!({"act": "confirmed"})).await.expect(201);
    let path = format!("/v1/review-cycles/{march}/recomputations");
    let reason = json!({"reason": "考试成绩更正"});
    let nothing = app.post("hr", &path, reason.clone()).await;
    assert_eq!(nothing.status, 409, "{}", nothing.body);
    let seen = app.get("hr", &format!("/v1/review-cycles/{march}")).await;
    let correction = propose(&app, "A02", 60).await;
    accept(&app, &correction).await.expect(200);
    // The cycle says whose facts have changed, and is another one than was seen; the review says so, too.
    let cycle = app.get("hr", &format!("/v1/review-cycles/{march}")).await;
    assert_ne!(cycle.etag, seen.etag);
    let cycle = cycle.expect(200);
    let changed = &cycle["facts_changed"];
    assert_eq!(changed.as_array().unwrap().len(), 1, "{changed:#}");
    assert_eq!((&changed[0]["employee_no"], &changed[0]["corrections"]), (&json!("A02"), &json!(1)));
    assert_eq!(changed[0]["accepted_by"], json!(["gm"]));
    // Who sees one department's reviews only is told no names.
    let of_manager = app.get("manager", &format!("/v1/review-cycles/{march}")).await.expect(200);
    assert_eq!((&of_manager["facts_changed"], &of_manager["needs_generation"]), (&json!([]), &json!(true)));
    let of_review = |id: Value| {
        let app = &app;
        async move {
            app.get("consultant", &format!("/v1/reviews/{id}")).await.expect(200)["corrections_since"].clone()
        }
    };
    assert_eq!(of_review(before["id"].clone()).await, 1);
    // It waits for HR; who accepted it does not compute it again.
    let waiting = tasks(&app, "hr", &["recompute"]).await;
    assert_eq!((&waiting[0]["path"], &waiting[0]["number"]), (&json!(path), &json!(1)));
    assert!(tasks(&app, "gm", &["recompute"]).await.is_empty());
    assert!(app.post("gm", &path, reason.clone()).await.problem(409) == "conflict");
    assert_eq!(app.post("manager", &path, reason.clone()).await.problem(403), "forbidden");
    let may = |cycle: &Value| {
        let allowed = cycle["allowed_actions"].as_array().unwrap();
        allowed.iter().any(|one| one["action"] == "recompute")
    };
    assert!(may(&cycle));
    assert!(!may(&app.get("gm", &format!("/v1/review-cycles/{march}")).await.expect(200)));
    // Nor is the month locked meanwhile.
    let later = app.at("2014-06-20T02:00:00Z");
    let locking = move_to(&later, "hr", march, "locked", None).await;
    let fields: Vec<_> =
        locking.body["errors"].as_array().unwrap().iter().map(|one| one["field"].clone()).collect();
    assert!(fields.contains(&json!("facts")), "{}", locking.body);
    // Once, however often it is sent.
    let send = || async {
        let request = app.request(Method::POST, &path).bearer_auth(app.token("hr").await);
        Answer::of(request.header("Idempotency-Key", "k1").json(&reason).send().await.unwrap()).await
    };
    let (first, second) = (send().await.expect(201), send().await.expect(201));
    assert_eq!(first, second);
    // 2 points for the exam: 90 → 60 of 100 takes 0.6 off.
    let after = current(&app, "A02", "sales_consultant").await;
    assert_eq!(after["revision"], 2);
    assert_eq!(hundredths(&before["total"]) - hundredths(&after["total"]), 60);
    assert!(first["reviews"].as_array().unwrap().contains(&after["id"]), "{first:#}");
    // The leader's members' mean has moved with it; nobody else's has.
    assert_eq!(current(&app, "A01", "team_leader").await["revision"], 2);
    for (no, position) in [("A01", "sales_consultant"), ("A03", "sales_consultant"), ("A05", "team_leader")] {
        assert_eq!(current(&app, no, position).await["revision"], 1, "{no}");
    }
    // The person is told anew, of another revision, why, and until when.
    assert_eq!(after["acknowledgement"], "told");
    let changes = app.get("consultant", &format!("/v1/reviews/{}/changes", after["id"])).await.expect(200);
    assert_eq!(changes["recomputed"]["reason"], "考试成绩更正");
    assert_eq!(changes["items"][0]["causes"], json!(["fact"]));
    let cycle = app.get("hr", &format!("/v1/review-cycles/{march}")).await.expect(200);
    assert_eq!((&cycle["facts_changed"], &cycle["needs_generation"]), (&json!([]), &json!(false)));
    assert!(tasks(&app, "hr", &["recompute"]).await.is_empty());
    assert_eq!(app.get("hr", &path).await.expect(200)["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_accepted_for_a_locked_month() {
    let app = TestApp::demo().await.at("2014-04-08T04:00:00Z").in_english();
    let march = take_to(&app, "2014-03", "published").await;
    lock(&app, march).await;
    let review = review_of(&app, "A02", "2014-03", "sales_consultant").await;
    let correction = propose(&app, "A02", 60).await;
    let refused = accept(&app, &correction).await;
    assert_eq!(refused.status, 409);
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.contains("locked") && detail.contains("supplement"), "{detail}");
    let pending = app.get("hr", "/v1/late-corrections?state=pending").await.expect(200);
    assert_eq!(pending["items"].as_array().unwrap().len(), 1, "nothing was changed");
    // It can be rejected, or the group opens the month again.
    let reason = Some("成绩更正");
    move_to(&app, "group", march, "published", reason).await.expect(200);
    accept(&app, &correction).await.expect(200);
    let path = format!("/v1/review-cycles/{march}/recomputations");
    app.post("hr", &path, json!({"reason": "成绩更正"})).await.expect(201);
    assert_ne!(review_of(&app, "A02", "2014-03", "sales_consultant").await, review);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_compute_a_month_again_one_does() {
    let app = TestApp::demo().await.at("2014-04-08T04:00:00Z");
    let march = take_to(&app, "2014-03", "published").await;
    let correction = propose(&app, "A12", 60).await;
    accept(&app, &correction).await.expect(200);
    let path = format!("/v1/review-cycles/{march}/recomputations");
    let tries = (0..6).map(|_| app.post("hr", &path, json!({"reason": "更正"})));
    let answers = futures_util::future::join_all(tries).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert!(answers.iter().all(|answer| answer.status == 201 || answer.status == 409));
    assert_eq!(current(&app, "A12", "sales_consultant").await["revision"], 2);
}
