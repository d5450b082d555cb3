//! Delivering facts in bulk: all or nothing, exact, and never twice.

use diesel::QueryDsl as _;
use diesel_async::RunQueryDsl as _;
use reqwest::Method;
use serde_json::{Value, json};
use showfloor::db::schema::fact;

use crate::support::{Answer, TestApp};

fn of(period: &str, rows: Value) -> Value {
    json!({"period": period, "source_system": "test", "rows": rows})
}

fn march(rows: Value) -> Value {
    of("2014-03", rows)
}

/// Facts of one person.
fn row(employee_no: &str, facts: Value) -> Value {
    json!({"employee_no": employee_no, "facts": facts})
}

fn counts(added: usize, changed: usize, unchanged: usize) -> Value {
    json!({"added": added, "changed": changed, "unchanged": unchanged, "pending": 0})
}

/// How many values of each kind a delivery had, without its rows.
fn counted(answer: crate::support::Answer) -> Value {
    let mut body = answer.expect(200);
    assert!(body["rows"].is_array());
    body.as_object_mut().unwrap().retain(|_, value| value.is_number());
    body
}

/// How many rows the ledger has.
pub async fn ledger(app: &TestApp) -> i64 {
    fact::table.count().get_result(&mut *app.pool.get().await.unwrap()).await.unwrap()
}

/// What is known of somebody's month.
async fn known(app: &TestApp, period: &str, employee_no: &str) -> Value {
    let path = format!("/v1/facts?period={period}&employee_no={employee_no}");
    let page = app.get("group", &path).await.expect(200);
    page["items"][0]["facts"].clone()
}

/// The fields that a problem names.
fn fields(body: &Value) -> Vec<&str> {
    body["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_say_what_is_new_and_the_same_again_changes_nothing() {
    let app = TestApp::demo().await;
    let before = ledger(&app).await;
    // In March A12 has 5 deliveries and 27 first visits; the demonstration has no owner base.
    let facts = json!({"deliveries": 6, "first_visits": 27, "owner_base": 55, "trade_ins": 0});
    let body = march(json!([row("A12", facts)]));
    assert_eq!(counted(app.post("clerk", "/v1/facts", body.clone()).await), counts(2, 1, 1));
    assert_eq!(ledger(&app).await, before + 3);
    assert_eq!(counted(app.post("clerk", "/v1/facts", body).await), counts(0, 0, 4));
    assert_eq!(ledger(&app).await, before + 3);
    // Another spelling of the same number is the same number; a value taken back is a change.
    let spelt = r#"{"period": "2014-03", "source_system": "other", "rows": [{"employee_no": "A12",
        "facts": {"deliveries": 6.0, "owner_base": 5.5e1, "first_visits": 27.000, "trade_ins": -0}}]}"#;
    let spelt: Value = serde_json::from_str(spelt).unwrap();
    assert_eq!(counted(app.post("clerk", "/v1/facts", spelt).await), counts(0, 0, 4));
    let back = march(json!([row("A12", json!({"deliveries": 5}))]));
    assert_eq!(counted(app.post("clerk", "/v1/facts", back).await), counts(0, 1, 0));
    assert_eq!(known(&app, "2014-03", "A12").await["deliveries"], 5);
    assert_eq!(ledger(&app).await, before + 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn null_is_the_same_as_absent() {
    let app = TestApp::demo().await;
    let before = ledger(&app).await;
    let body = march(json!([row("A12", json!({"deliveries": null, "owner_base": null, "orders": 3}))]));
    assert_eq!(counted(app.post("clerk", "/v1/facts", body).await), counts(0, 0, 1));
    assert_eq!(ledger(&app).await, before);
    let facts = known(&app, "2014-03", "A12").await;
    assert_eq!((&facts["deliveries"], facts.get("owner_base")), (&json!(5), None));
    // The name has to be known even so.
    let body = march(json!([row("A12", json!({"deliverys": null}))]));
    assert_eq!(app.post("clerk", "/v1/facts", body).await.problem(422), "validation-failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_stay_exact() {
    let app = TestApp::demo().await;
    for (login, metric, number) in [
        ("clerk", "accessory_revenue", "40000.55"),
        ("clerk", "accessory_revenue", "0.01"),
        ("clerk", "accessory_revenue", "12345678901.99"),
        ("clerk", "oem_rebate", "0.1"),
        ("manager", "attitude_rating", "4.333"),
        ("manager", "attitude_rating", "3.666666666666666667"),
        ("hr", "scheduled_days", "25.5"),
    ] {
        let body = format!(
            r#"{{"period": "2014-03", "source_system": "test", "rows": [{{"employee_no": "A12", "facts": {{"{metric}": {number}}}}}]}}"#
        );
        app.post(login, "/v1/facts", serde_json::from_str(&body).unwrap()).await.expect(200);
        assert_eq!(known(&app, "2014-03", "A12").await[metric].to_string(), number, "{metric}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_metric_that_is_there_twice_it_is_not_guessed_which_is_meant() {
    let app = TestApp::demo().await;
    let twice = r#"{"period": "2014-04", "source_system": "x", "rows": [
        {"employee_no": "A02", "facts": {"deliveries": 3, "orders": 1, "deliveries": 4}}]}"#;
    let request = app.request(Method::POST, "/v1/facts").bearer_auth(app.token("clerk").await);
    let request = request.header("Content-Type", "application/json").body(twice);
    let answer = Answer::of(request.send().await.unwrap()).await;
    assert_eq!(answer.body["errors"], json!([{"field": "rows[0].facts", "message": "“deliveries”列了两次"}]));
    assert_eq!(answer.problem(422), "validation-failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_fault_keeps_everything_out_and_every_fault_is_named() {
    let app = TestApp::demo().await.in_english();
    let before = ledger(&app).await;
    let body: Value = serde_json::from_str(
        r#"{"period": "2014-03", "source_system": "dms", "complete_sources": ["dms", "moon"], "rows": [
        {"employee_no": "A01", "facts": {"deliveries": 99}},
        {"employee_no": "A02", "facts": {"deliverys": 1, "orders": -1}},
        {"employee_no": "A03", "facts": {"orders": 1.5, "accessory_revenue": 0.001}},
        {"employee_no": "A04", "facts": {"orders": 1e400, "loans": 0.12345678901234567890123456789012345}},
        {"employee_no": "A01", "facts": {"orders": 2}}]}"#,
    )
    .unwrap();
    let answer = app.post("clerk", "/v1/facts", body).await;
    assert_eq!(
        fields(&answer.body),
        [
            "rows[1].facts.deliverys",
            "rows[1].facts.orders",
            "rows[2].facts.accessory_revenue",
            "rows[2].facts.orders",
            "rows[3].facts.loans",
            "rows[3].facts.orders",
            "rows[4].employee_no",
            "complete_sources[1]",
        ]
    );
    let message = |index: usize| answer.body["errors"][index]["message"].as_str().unwrap().to_owned();
    assert!(message(0).contains("did you mean 'deliveries'?"), "{}", message(0));
    assert!(message(1).contains("at least 0"), "{}", message(1));
    assert!(message(2).contains("two decimals"), "{}", message(2));
    assert!(message(6).contains("'A01' is already in rows[0]"), "{}", message(6));
    assert_eq!(answer.problem(422), "validation-failed");
    assert_eq!(ledger(&app).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_people_keep_everything_out_with_or_without_values() {
    let app = TestApp::demo().await.in_english();
    let before = ledger(&app).await;
    let rows = json!([
        row("A01", json!({"deliveries": 99})),
        row("A98", json!({"deliveries": 1, "orders": 2})),
        row("A99", json!({"deliveries": null})),
        row("A97", json!({})),
    ]);
    let answer = app.post("clerk", "/v1/facts", march(rows)).await;
    let expected = [1, 2, 3].map(|index| format!("rows[{index}].employee_no"));
    assert_eq!(fields(&answer.body), expected);
    assert!(answer.body["errors"][0]["message"].as_str().unwrap().contains("'A98'"));
    answer.problem(422);
    assert_eq!(ledger(&app).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_bodies_are_told_from_wrong_ones() {
    let app = TestApp::demo().await;
    let good = march(json!([row("A12", json!({"orders": 3}))]));
    for (change, value, field) in [
        ("period", json!("2014-13"), "period"),
        ("period", json!(201_403), "period"),
        ("source_system", json!(""), "source_system"),
        ("rows", json!([{"employee_no": "", "facts": {}}]), "rows[0].employee_no"),
        ("rows", json!([{"employee_no": "A12", "facts": {"orders": "3"}}]), "rows[0].facts.orders"),
        ("rows", json!([{"employee_no": "A12", "facts": {}, "name": "罗天成"}]), "rows[0].name"),
        ("colour", json!("red"), "colour"),
    ] {
        let mut body = good.clone();
        body[change] = value;
        let answer = app.post("clerk", "/v1/facts", body).await;
        assert_eq!(fields(&answer.body), [field], "{:#}", answer.body);
        assert_eq!(answer.problem(422), "validation-failed");
    }
    app.post("clerk", "/v1/facts", good).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_enters_what_depends_on_where_it_comes_from() {
    let app = TestApp::demo().await;
    for (login, facts, is_allowed) in [
        ("clerk", json!({"documents": 20}), true),
        ("clerk", json!({"late": 1}), false),
        ("hr", json!({"late": 1}), true),
        ("hr", json!({"deliveries": 1}), false),
        ("service", json!({"complaints_minor": 1}), true),
        ("service", json!({"exam_score": 1}), false),
        ("supervisor", json!({"five_s_checks": 30}), true),
        ("leader", json!({"five_s_checks": 30}), false),
        ("leader3", json!({"five_s_checks": 30}), true),
        ("consultant", json!({"reports_due": 30}), false),
        ("manager", json!({"attitude_rating": 4}), true),
        ("group", json!({"late": 1}), true),
        ("hr", json!({"own_total": 100}), false),
    ] {
        let before = ledger(&app).await;
        let answer = app.post(login, "/v1/facts", march(json!([row("A12", facts.clone())]))).await;
        assert_eq!(answer.status.is_success(), is_allowed, "{login} {facts}: {:#}", answer.body);
        if !is_allowed {
            assert_eq!(ledger(&app).await, before);
        }
    }
    // A consultant hands reports in; how many were due and on time is counted from them, and nobody says it of oneself.
    let own = march(json!([row("A02", json!({"reports_due": 30, "reports_on_time": 30}))]));
    assert_eq!(app.post("consultant", "/v1/facts", own).await.problem(403), "forbidden");
    // Nobody rates oneself, and what caps a grade is an event that two people verify; that there was none can be said.
    let own = march(json!([row("M01", json!({"attitude_rating": 5}))]));
    assert_eq!(app.post("manager", "/v1/facts", own).await.problem(422), "validation-failed");
    let major = |count: i64| march(json!([row("A12", json!({"complaints_major": count}))]));
    let refused = app.post("service", "/v1/facts", major(1)).await;
    assert_eq!(refused.body["errors"][0]["field"], "rows[0].facts.complaints_major");
    assert_eq!(refused.problem(422), "validation-failed");
    app.post("service", "/v1/facts", major(0)).await.expect(200);
    for login in ["gm", "auditor", "dashboard", "admin"] {
        let answer = app.post(login, "/v1/facts", march(json!([]))).await;
        assert_eq!(answer.problem(403), "forbidden", "{login}");
    }
}

/// January 2015 with everything that the twelve advisors' reviews need but one source.
async fn january_without(app: &TestApp, left_out: &str) -> i64 {
    for (source, login, facts) in [
        ("attendance", "hr", json!({"scheduled_days": 26})),
        ("exams", "hr", json!({"exam_score": 90})),
        ("plan", "group", json!({"deliveries_target": 10})),
        ("dms", "clerk", json!({"deliveries": 10})),
        ("inspections", "supervisor", json!({"five_s_checks": 40, "five_s_failures": 0})),
        ("complaints", "service", json!({"complaints_minor": 0})),
    ] {
        if source != left_out {
            let rows: Vec<_> = (1..=12).map(|i| row(&format!("A{i:02}"), facts.clone())).collect();
            app.post(login, "/v1/facts", of("2015-01", json!(rows))).await.expect(200);
        }
    }
    let cycle =
        app.post("hr", "/v1/review-cycles", json!({"store": "JC", "period": "2015-01"})).await.expect(201);
    cycle["id"].as_i64().unwrap()
}

async fn generate(app: &TestApp, cycle: i64) -> Vec<Value> {
    app.post_empty("hr", &format!("/v1/review-cycles/{cycle}/generate")).await.expect(200);
    let path = "/v1/reviews?period=2015-01&position=sales_consultant";
    let page = app.get("hr", path).await.expect(200);
    page["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_not_in_needs_attention_until_it_is_complete() {
    let app = TestApp::demo().await.at("2015-02-02T02:00:00Z");
    let cycle = january_without(&app, "complaints").await;
    let reviews = generate(&app, cycle).await;
    assert_eq!(reviews.len(), 12);
    for review in &reviews {
        let attention = review["attention"].to_string();
        assert!(attention.contains("complaints") && attention.contains("70_complaints"), "{attention}");
        assert_eq!((&review["total"], &review["grade"]), (&Value::Null, &Value::Null), "{review:#}");
        assert_eq!(review["final_grade"], "NR");
    }
    // Nothing to report is a report: with one person named, the store's month is complete for everybody in it.
    let mut body = of("2015-01", json!([row("A01", json!({}))]));
    body["complete_sources"] = json!(["complaints"]);
    assert_eq!(counted(app.post("service", "/v1/facts", body.clone()).await), counts(0, 0, 0));
    for review in generate(&app, cycle).await {
        assert_eq!(review["attention"], json!([]), "{review:#}");
        assert!(review["total"].is_number() && review["final_grade"] != "NR", "{review:#}");
        assert_eq!(review["revision"], 2);
    }
    // Whose source it is not cannot say so.
    assert_eq!(app.post("clerk", "/v1/facts", body).await.problem(403), "forbidden");
    // Complete for whom? Without anybody named nothing would happen, and that is not what was meant.
    let mut nobody = of("2015-01", json!([]));
    nobody["complete_sources"] = json!(["complaints"]);
    assert_eq!(app.post("service", "/v1/facts", nobody).await.problem(422), "validation-failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn attendance_that_is_not_in_is_named_and_a_delivery_clears_it() {
    let app = TestApp::demo().await.at("2015-02-02T02:00:00Z");
    let cycle = january_without(&app, "attendance").await;
    for review in generate(&app, cycle).await {
        let attention = review["attention"].to_string();
        assert!(attention.contains("attendance") && attention.contains("50_attendance"), "{attention}");
        assert_eq!(review["total"], Value::Null);
    }
    // One person's attendance says nothing about the others.
    let one = of("2015-01", json!([row("A01", json!({"scheduled_days": 26}))]));
    app.post("hr", "/v1/facts", one).await.expect(200);
    for review in generate(&app, cycle).await {
        let is_known = review["employee_no"] == "A01";
        assert_eq!(review["attention"] == json!([]), is_known, "{review:#}");
        assert_eq!(review["total"].is_number(), is_known, "{review:#}");
        assert!(is_known || review["attention"].to_string().contains("scheduled_days"), "{review:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_at_once_count_and_record_each_value_once() {
    let app = TestApp::demo().await;
    let everybody = |value: i64| {
        march(json!(
            (1..=12).map(|i| row(&format!("A{i:02}"), json!({"owner_base": value}))).collect::<Vec<_>>()
        ))
    };
    let total = |answers: Vec<crate::support::Answer>| {
        let mut sums = [0; 3];
        for body in answers.into_iter().map(|answer| answer.expect(200)) {
            for (sum, field) in sums.iter_mut().zip(["added", "changed", "unchanged"]) {
                *sum += body[field].as_i64().unwrap();
            }
        }
        sums
    };
    let before = ledger(&app).await;
    let same = (0..8).map(|_| app.post("clerk", "/v1/facts", everybody(55)));
    assert_eq!(total(futures_util::future::join_all(same).await), [12, 0, 84]);
    assert_eq!(ledger(&app).await, before + 12);
    let different = (0..8).map(|client| app.post("clerk", "/v1/facts", everybody(100 + client)));
    assert_eq!(total(futures_util::future::join_all(different).await), [0, 96, 0]);
    assert_eq!(ledger(&app).await, before + 108);
    // Whoever came last came last for everybody.
    let mut last = std::collections::BTreeSet::new();
    for i in 1..=12 {
        last.insert(known(&app, "2014-03", &format!("A{i:02}")).await["owner_base"].to_string());
    }
    assert_eq!(last.len(), 1, "{last:?}");
}
