//! Events: reported by one person, verified by others, and only then in the month's facts.

mod frozen;
mod lives;
mod oracle;
mod undone;

use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

/// January 2015 lies behind this moment.
const NOW: &str = "2015-02-01T02:00:00Z";

fn event(kind: &str, employee_no: &str, detail: Value) -> Value {
    json!({"kind": kind, "employee_no": employee_no, "day": "2015-01-12", "detail": detail,
        "evidence": [{"name": "门岗监控 0112.mp4", "sha256": "a".repeat(64)}]})
}

async fn report(app: &TestApp, login: &str, body: Value) -> i64 {
    app.post(login, "/v1/events", body).await.expect(201)["id"].as_i64().unwrap()
}

async fn verify(app: &TestApp, login: &str, id: i64) -> Answer {
    app.post(login, &format!("/v1/events/{id}/verify"), json!({})).await
}

async fn reject(app: &TestApp, login: &str, id: i64) -> Answer {
    app.post(login, &format!("/v1/events/{id}/reject"), json!({"reason": "看错了人"})).await
}

async fn state(app: &TestApp, id: i64) -> Value {
    app.get("auditor", &format!("/v1/events/{id}")).await.expect(200)["state"].clone()
}

/// What the month comes to, metric by metric.
async fn facts(app: &TestApp, employee_no: &str) -> Value {
    let path = format!("/v1/facts?period=2015-01&employee_no={employee_no}");
    app.get("group", &path).await.expect(200)["items"][0]["facts"].clone()
}

/// Totals computed from events; fails where one disagrees with the ledger.
async fn totals(app: &TestApp, employee_no: &str) -> Value {
    let totals = oracle::compare(app, employee_no).await;
    for (metric, total) in totals.as_object().unwrap() {
        assert_eq!(total["events"], total["ledger"], "{employee_no} {metric}: {total:#}");
    }
    totals
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_somebody_else_has_verified_counts() {
    let app = TestApp::demo().await.at(NOW);
    let id = report(&app, "hr", event("late", "A02", json!({"count": 2}))).await;
    assert_eq!(facts(&app, "A02").await["late"], Value::Null);
    // Who reported it does not verify it, nor does whoever has no right to, nor anybody out of reach.
    assert_eq!(verify(&app, "hr", id).await.problem(409), "conflict");
    assert_eq!(reject(&app, "hr", id).await.problem(409), "conflict");
    assert_eq!(verify(&app, "consultant", id).await.problem(403), "forbidden");
    assert_eq!(verify(&app, "leader", id).await.problem(403), "forbidden");
    assert_eq!(verify(&app, "gm", 999_999).await.problem(404), "not-found");
    assert_eq!(facts(&app, "A02").await["late"], Value::Null);
    let verified = verify(&app, "manager", id).await.expect(200);
    assert_eq!((&verified["state"], &verified["facts"]["added"]), (&json!("verified"), &json!(1)));
    assert_eq!(facts(&app, "A02").await["late"], 2);
    assert_eq!(verify(&app, "gm", id).await.problem(409), "conflict");
    // Taken back by a second person, with a reason: the value is voided, and everything can still be read.
    let path = format!("/v1/events/{id}/reject");
    for reason in ["", "  "] {
        let answer = app.post("gm", &path, json!({"reason": reason})).await;
        assert_eq!(answer.problem(422), "validation-failed");
    }
    reject(&app, "gm", id).await.expect(200);
    assert_eq!(facts(&app, "A02").await["late"], Value::Null);
    assert_eq!(reject(&app, "manager", id).await.problem(409), "conflict");
    assert_eq!(verify(&app, "manager", id).await.problem(409), "conflict");
    let document = app.get("consultant", &format!("/v1/events/{id}")).await.expect(200);
    let steps = document["steps"].as_array().unwrap().iter().map(|step| {
        let text = |name: &str| step[name].as_str().unwrap_or("-").to_owned();
        [text("step"), text("by"), text("note")].join(" ")
    });
    assert_eq!(steps.collect::<Vec<_>>(), ["reported hr -", "verified manager -", "rejected gm 看错了人"]);
    let history = "/v1/facts/history?period=2015-01&employee_no=A02&metric=late";
    let rows = app.get("hr", history).await.expect(200)["items"].clone();
    assert_eq!((&rows[0]["value"], &rows[1]["value"]), (&json!(2), &Value::Null));
    assert_eq!(rows[0]["external_id"], id.to_string());
    assert!(rows[1]["reason"].as_str().unwrap().contains("看错了人"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_cap_a_grade_needs_evidence_and_two_different_people() {
    let app = TestApp::demo().await.at(NOW);
    let complaint = json!({"severity": "major", "liability": "responsible", "response_hours": 30});
    for (login, kind, detail, metric) in [
        ("service", "complaint", complaint, "complaints_major"),
        ("hr", "absence", json!({"days": 2.5}), "absent_days"),
        ("clerk", "integrity_breach", json!({"breach": "false_record"}), "integrity_breaches"),
    ] {
        let mut bare = event(kind, "A10", detail.clone());
        bare["evidence"] = json!([]);
        let refused = app.post(login, "/v1/events", bare).await;
        assert_eq!(refused.body["errors"][0]["field"], "evidence", "{:#}", refused.body);
        let id = report(&app, login, event(kind, "A10", detail)).await;
        let once = verify(&app, "manager", id).await.expect(200);
        assert_eq!((&once["state"], &once["verifications"]), (&json!("reported"), &json!(1)));
        // The same person twice is one person.
        assert_eq!(verify(&app, "manager", id).await.problem(409), "conflict");
        assert_eq!(facts(&app, "A10").await[metric], Value::Null, "{metric} counts with one verifier");
        assert_eq!(verify(&app, "gm", id).await.expect(200)["state"], "verified");
        assert_ne!(facts(&app, "A10").await[metric], Value::Null, "{metric}");
    }
    let facts = facts(&app, "A10").await;
    assert_eq!((&facts["complaints_major"], &facts["complaints_slow"]), (&json!(1), &json!(1)));
    assert_eq!((&facts["absent_days"], &facts["integrity_breaches"]), (&json!(2.5), &json!(1)));
    assert_eq!(totals(&app, "A10").await.as_object().unwrap().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_decides_on_what_is_about_oneself_not_even_in_the_database() {
    use diesel_async::RunQueryDsl as _;
    let app = TestApp::demo().await.at(NOW);
    // The sales manager was late, says HR; the group looks at it.
    let id = report(&app, "hr", event("late", "M01", json!({}))).await;
    assert_eq!(verify(&app, "manager", id).await.problem(409), "conflict");
    assert_eq!(reject(&app, "manager", id).await.problem(409), "conflict");
    let connection = &mut *app.pool.get().await.unwrap();
    let step = |login: &str| {
        format!(
            "INSERT INTO event_step (event_id, step, user_id, by_employee_id, reporter_id, subject_id, at) \
             SELECT v.id, 'verified', l.id, l.employee_id, v.reported_by, v.employee_id, now() \
             FROM event v, user_account l WHERE v.id = {id} AND l.login = '{login}'"
        )
    };
    for (login, constraint) in [("hr", "event_step_four_eyes"), ("manager", "event_step_not_own")] {
        let refused = diesel::sql_query(step(login)).execute(connection).await.unwrap_err();
        assert!(refused.to_string().contains(constraint), "{refused}");
    }
    for (statement, says) in [
        ("UPDATE event SET state = 'verified'", "event_is_verified"),
        ("UPDATE event SET day = '2015-01-01'", "never changed"),
        ("DELETE FROM event", "never changed"),
        ("UPDATE event_step SET note = 'x'", "never changed"),
    ] {
        let refused = diesel::sql_query(statement).execute(connection).await.unwrap_err();
        assert!(refused.to_string().contains(says), "{refused}");
    }
    verify(&app, "group", id).await.expect(200);
    assert_eq!(facts(&app, "M01").await["late"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_people_at_once_one_decides() {
    let app = TestApp::demo().await.at(NOW);
    for _ in 0..5 {
        let id = report(&app, "hr", event("early_leave", "A03", json!({}))).await;
        let (first, second) =
            futures_util::future::join(verify(&app, "manager", id), verify(&app, "gm", id)).await;
        let mut statuses = [first.status.as_u16(), second.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        let (first, second) =
            futures_util::future::join(reject(&app, "manager", id), reject(&app, "group", id)).await;
        let mut statuses = [first.status.as_u16(), second.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
    }
    assert_eq!(facts(&app, "A03").await["early_leave"], Value::Null);
    // Exams of one person verified at the same moment: each is in the mean.
    let mut ids = Vec::new();
    for score in [70, 80, 90, 100] {
        ids.push(report(&app, "hr", event("exam", "A03", json!({"score": score}))).await);
    }
    let logins = ["manager", "gm", "group", "manager"];
    let at_once = ids.iter().zip(logins).map(|(id, login)| verify(&app, login, *id));
    for answer in futures_util::future::join_all(at_once).await {
        answer.expect(200);
    }
    assert_eq!(facts(&app, "A03").await["exam_score"], 85);
    totals(&app, "A03").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_is_reported_by_its_roles_of_people_they_reach() {
    let app = TestApp::demo().await.at(NOW);
    let items = json!({"items": [{"name": "展车", "result": "ok"}]});
    let rating = json!({"rating": 4});
    let refusal = json!({"refused_at": "2015-01-12T02:00:00Z", "followed_up_at": "2015-01-13T02:00:00Z"});
    for (login, kind, employee_no, detail, status) in [
        ("hr", "late", "A02", json!({}), 201),
        ("supervisor", "late", "A02", json!({}), 403),
        ("supervisor", "inspection", "A02", items.clone(), 201),
        ("leader", "inspection", "A02", items.clone(), 201),
        // Not of another team's, not of oneself.
        ("leader", "inspection", "A06", items.clone(), 422),
        ("leader", "inspection", "A01", items.clone(), 422),
        ("clerk", "inspection", "A02", items, 403),
        ("leader", "attitude_rating", "A02", rating.clone(), 201),
        ("manager", "attitude_rating", "A02", rating.clone(), 201),
        ("leader", "attitude_rating", "A01", rating.clone(), 422),
        ("consultant", "attitude_rating", "A02", rating, 403),
        ("consultant", "refusal", "A02", refusal.clone(), 201),
        ("consultant", "refusal", "A03", refusal.clone(), 422),
        // The leader is a consultant too, but speaks for nobody else.
        ("leader", "refusal", "A02", refusal.clone(), 422),
        ("leader", "refusal", "A01", refusal, 201),
        ("clerk", "document_error", "A02", json!({"count": 3}), 201),
        ("service", "document_error", "A02", json!({}), 403),
        ("consultant", "late", "A02", json!({}), 403),
        ("auditor", "late", "A02", json!({}), 403),
        ("hr", "late", "X99", json!({}), 422),
    ] {
        let answer = app.post(login, "/v1/events", event(kind, employee_no, detail)).await;
        assert_eq!(answer.status.as_u16(), status, "{login} {kind} {employee_no}: {:#}", answer.body);
    }
    // The person sees the own ones, the reporter what was reported, the leader the team's; a page at a time.
    let seen = |path: &'static str, login: &'static str| {
        let app = &app;
        async move { app.get(login, path).await.expect(200)["items"].as_array().unwrap().len() }
    };
    assert_eq!(seen("/v1/events?period=2015-01", "consultant").await, 7);
    assert_eq!(seen("/v1/events?period=2015-01", "clerk").await, 1);
    assert_eq!(seen("/v1/events?period=2015-01&employee_no=A02", "leader").await, 7);
    assert_eq!(seen("/v1/events?period=2015-01", "leader").await, 8);
    assert_eq!(seen("/v1/events?period=2015-01", "leader2").await, 0);
    assert_eq!(seen("/v1/events?period=2015-01&kind=inspection&state=reported", "hr").await, 2);
    assert_eq!(seen("/v1/events?period=2015-02", "hr").await, 0);
    let first = app.get("hr", "/v1/events?limit=5").await.expect(200);
    let next = format!("/v1/events?limit=5&cursor={}", first["next_cursor"].as_str().unwrap());
    assert_eq!(app.get("hr", &next).await.expect(200)["items"].as_array().unwrap().len(), 3);
    let id = first["items"][0]["id"].as_i64().unwrap();
    assert_eq!(app.get("leader2", &format!("/v1/events/{id}")).await.problem(404), "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_are_named_and_change_nothing() {
    let app = TestApp::demo().await.at(NOW);
    let complaint = json!({"severity": "minor", "liability": "responsible", "response_hours": "soon"});
    let mut tomorrow = event("late", "A02", json!({}));
    tomorrow["day"] = json!("2015-02-02");
    let mut half = event("late", "A02", json!({}));
    half["source_system"] = json!("oa");
    let mut checksum = event("late", "A02", json!({}));
    checksum["evidence"] = json!([{"name": "photo", "sha256": "xyz"}]);
    for (login, body, field) in [
        ("hr", event("late", "A02", json!({"count": 0})), "detail.count"),
        ("hr", event("late", "A02", json!({"days": 1})), "detail.days"),
        ("hr", event("absence", "A02", json!({"days": 0.3})), "detail.days"),
        ("hr", event("absence", "A02", json!({"days": 20.5})), "detail.days"),
        ("hr", event("exam", "A02", json!({"score": 101})), "detail.score"),
        ("hr", event("strike", "A02", json!({})), "kind"),
        ("hr", tomorrow, "day"),
        ("hr", half, "external_id"),
        ("hr", checksum, "evidence[0].sha256"),
        ("service", event("complaint", "A02", complaint), "detail.response_hours"),
        ("supervisor", event("inspection", "A02", json!({"items": []})), "detail.items"),
        ("leader", event("attitude_rating", "A02", json!({"rating": 6})), "detail.rating"),
    ] {
        let answer = app.post(login, "/v1/events", body).await;
        assert_eq!(answer.body["errors"][0]["field"], field, "{:#}", answer.body);
        assert_eq!(answer.problem(422), "validation-failed");
    }
    assert_eq!(app.get("hr", "/v1/events").await.expect(200)["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_system_that_sends_an_event_twice_has_reported_it_once() {
    let app = TestApp::demo().await.at(NOW);
    let mut body = event("absence", "A02", json!({"days": 0.50}));
    body["source_system"] = json!("oa");
    body["external_id"] = json!("kq-0112");
    let at_once =
        futures_util::future::join_all((0..4).map(|_| app.post("hr", "/v1/events", body.clone()))).await;
    let mut statuses = at_once.iter().map(|answer| answer.status.as_u16()).collect::<Vec<_>>();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 201]);
    let ids = at_once.iter().map(|answer| answer.body["id"].as_i64().unwrap());
    let ids = ids.collect::<std::collections::BTreeSet<_>>();
    assert_eq!(ids.len(), 1);
    let id = *ids.first().unwrap();
    verify(&app, "manager", id).await.expect(200);
    verify(&app, "gm", id).await.expect(200);
    // Sent once more it is what has become of it; and it is not another thing under the same name.
    let again = app.post("hr", "/v1/events", body.clone()).await.expect(200);
    assert_eq!((&again["id"], &again["state"]), (&json!(id), &json!("verified")));
    assert_eq!(facts(&app, "A02").await["absent_days"], 0.5);
    body["detail"] = json!({"days": 1});
    assert_eq!(app.post("hr", "/v1/events", body).await.problem(409), "conflict");
    // With a key of the caller's: done once, answered twice.
    let keyed = || async {
        let request = app.request(reqwest::Method::POST, "/v1/events").bearer_auth(app.token("hr").await);
        let request = request.header("Idempotency-Key", "late-1").json(&event("late", "A02", json!({})));
        Answer::of(request.send().await.unwrap()).await
    };
    let (first, second) = (keyed().await.expect(201), keyed().await.expect(200));
    assert_eq!(first["id"], second["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn inspections_complaints_and_follow_ups_add_up_over_the_month() {
    let app = TestApp::demo().await.at(NOW);
    let items = |results: &[&str]| {
        let items = results.iter().enumerate();
        let items = items.map(|(at, result)| json!({"name": format!("第{at}项"), "result": result}));
        json!({"items": items.collect::<Vec<_>>()})
    };
    let complaint = |severity: &str, liability: &str, hours: f64| json!({"severity": severity, "liability": liability, "response_hours": hours});
    // The refusals of 2015-01-12 at ten in the morning in China; 72 hours to the second, and a second more.
    let refusal = |at: Value| json!({"refused_at": "2015-01-12T02:00:00Z", "followed_up_at": at});
    for (login, kind, detail) in [
        ("supervisor", "inspection", items(&["ok", "ok", "failed", "repeated"])),
        ("leader", "inspection", items(&["ok", "ok", "ok", "ok", "failed"])),
        ("supervisor", "uniform_check", json!({"violations": 2})),
        ("leader", "uniform_check", json!({"violations": 0})),
        ("service", "complaint", complaint("minor", "responsible", 24.0)),
        ("service", "complaint", complaint("serious", "responsible", 24.5)),
        ("service", "complaint", complaint("serious", "not_responsible", 99.0)),
        ("service", "complaint", complaint("major", "not_responsible", 1.0)),
        ("clerk", "document_error", json!({"count": 3})),
        ("consultant", "refusal", refusal(json!("2015-01-15T02:00:00Z"))),
        ("consultant", "refusal", refusal(json!("2015-01-15T02:00:01Z"))),
        ("consultant", "refusal", refusal(Value::Null)),
    ] {
        let id = report(&app, login, event(kind, "A02", detail)).await;
        assert_eq!(verify(&app, "manager", id).await.expect(200)["state"], "verified");
    }
    let facts = facts(&app, "A02").await;
    let expected = json!({
        "five_s_checks": 9, "five_s_failures": 3, "five_s_repeats": 1, "uniform_violations": 2,
        "complaints_minor": 1, "complaints_serious": 1, "complaints_slow": 1, "document_errors": 3,
        "refused": 3, "second_follow_ups": 1,
    });
    assert_eq!(facts, expected);
    let totals = totals(&app, "A02").await;
    for (metric, value) in expected.as_object().unwrap() {
        assert_eq!(&totals[metric]["events"], value, "{metric}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rating_needs_two_raters_and_is_the_exact_mean_of_their_latest() {
    let app = TestApp::demo().await.at(NOW);
    let rate = |login: &'static str, day: &'static str, rating: i64| {
        let app = &app;
        async move {
            let mut body = event("attitude_rating", "A02", json!({"rating": rating}));
            body["day"] = json!(day);
            let id = report(app, login, body).await;
            verify(app, "hr", id).await.expect(200);
            id
        }
    };
    rate("leader", "2015-01-10", 5).await;
    let latest = rate("leader", "2015-01-20", 4).await;
    assert_eq!(facts(&app, "A02").await["attitude_rating"], Value::Null, "one rater is none");
    let second = rate("manager", "2015-01-15", 3).await;
    assert_eq!(facts(&app, "A02").await["attitude_rating"], 3.5);
    // Without the latest of a rater the one before counts; without the second rater none does.
    reject(&app, "gm", latest).await.expect(200);
    assert_eq!(facts(&app, "A02").await["attitude_rating"], 4);
    totals(&app, "A02").await;
    reject(&app, "gm", second).await.expect(200);
    assert_eq!(facts(&app, "A02").await["attitude_rating"], Value::Null);
    totals(&app, "A02").await;
    // Exams: the mean, cut to eighteen decimals where it does not end.
    for score in [json!(90), json!(85.5), json!(85)] {
        let id = report(&app, "hr", event("exam", "A02", json!({"score": score}))).await;
        verify(&app, "manager", id).await.expect(200);
    }
    assert_eq!(facts(&app, "A02").await["exam_score"].to_string(), "86.833333333333333333");
    totals(&app, "A02").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kinds_say_who_reports_them_and_what_a_rating_means() {
    let app = TestApp::demo().await;
    let kinds = app.get("consultant", "/v1/event-kinds").await.expect(200);
    let kind = |name: &str| {
        let kinds = kinds.as_array().unwrap();
        kinds.iter().find(|kind| kind["kind"] == name).unwrap().clone()
    };
    assert_eq!(kind("attitude_rating")["anchors"].as_array().unwrap().len(), 5);
    assert_eq!(kind("attitude_rating")["reporters"], json!(["team_leader", "sales_manager"]));
    let verifiers = json!(["sales_manager", "general_manager", "hr", "group_admin"]);
    assert_eq!((&kind("late")["verifiers"], &kind("late")["zh"]), (&verifiers, &json!("迟到")));
    assert_eq!(kind("absence")["two_verifiers"], "always");
}
