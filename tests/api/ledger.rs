//! The ledger: days and records, history, what was known when, months that stay closed, and requests that are sent twice.

use diesel_async::{AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use reqwest::Method;
use serde_json::{Value, json};

use crate::facts::ledger as rows_of_ledger;
use crate::support::{Answer, TestApp};

/// A delivery of the clerk's for one month.
fn delivery(period: &str, rows: Value) -> Value {
    json!({"period": period, "source_system": "dms", "rows": rows})
}

async fn known(app: &TestApp, period: &str, employee_no: &str, metric: &str) -> Value {
    let path = format!("/v1/facts?period={period}&employee_no={employee_no}");
    app.get("group", &path).await.expect(200)["items"][0]["facts"][metric].clone()
}

async fn history(app: &TestApp, period: &str, employee_no: &str, metric: &str) -> Vec<Value> {
    let path = format!("/v1/facts/history?period={period}&employee_no={employee_no}&metric={metric}");
    app.get("hr", &path).await.expect(200)["items"].as_array().unwrap().clone()
}

/// The outcomes of a delivery's rows.
fn outcomes(body: &Value) -> Vec<&str> {
    let rows = body["rows"].as_array().unwrap();
    rows.iter().map(|row| row["outcome"].as_str().unwrap_or("faulty")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn days_and_records_add_up_until_a_total_is_delivered() {
    let app = TestApp::demo().await.at("2015-02-02T02:00:00Z");
    let order = |id: &str, day: &str, count: i64| json!({"employee_no": "A02", "day": day, "external_id": id, "facts": {"orders": count}});
    let body = delivery(
        "2015-01",
        json!([
            order("o-1", "2015-01-05", 1), order("o-2", "2015-01-05", 2), order("o-3", "2015-01-09", 4),
            {"employee_no": "A02", "day": "2015-01-06", "facts": {"orders": 8}},
        ]),
    );
    let answer = app.post("clerk", "/v1/facts", body.clone()).await.expect(200);
    assert_eq!(outcomes(&answer), ["added"; 4]);
    assert_eq!(known(&app, "2015-01", "A02", "orders").await, 15);
    assert_eq!(outcomes(&app.post("clerk", "/v1/facts", body).await.expect(200)), ["unchanged"; 4]);
    // The system corrects one record's day and number, and gives another to somebody else in another month.
    let moved = delivery("2015-01", json!([order("o-2", "2015-01-07", 3)]));
    assert_eq!(outcomes(&app.post("clerk", "/v1/facts", moved).await.expect(200)), ["changed"]);
    assert_eq!(known(&app, "2015-01", "A02", "orders").await, 16);
    let given = delivery(
        "2015-02",
        json!([
        {"employee_no": "A03", "day": "2015-02-01", "external_id": "o-3", "facts": {"orders": 4}}]),
    );
    app.post("clerk", "/v1/facts", given).await.expect(200);
    assert_eq!(known(&app, "2015-01", "A02", "orders").await, 12);
    assert_eq!(known(&app, "2015-02", "A03", "orders").await, 4);
    // A month's total goes before what was added up, and the day of another month is refused.
    let total = delivery("2015-01", json!([{"employee_no": "A02", "facts": {"orders": 20}}]));
    app.post("clerk", "/v1/facts", total).await.expect(200);
    assert_eq!(known(&app, "2015-01", "A02", "orders").await, 20);
    let before = rows_of_ledger(&app).await;
    let wrong = delivery("2015-01", json!([order("o-9", "2015-02-01", 1), order("o-8", "2015-01-02", 1)]));
    assert_eq!(app.post("clerk", "/v1/facts", wrong.clone()).await.problem(422), "validation-failed");
    assert_eq!(rows_of_ledger(&app).await, before);
    // One record is one row: told of two people at once, it would count twice.
    let mut other = order("o-7", "2015-01-06", 1);
    other["employee_no"] = json!("A03");
    let twice = delivery("2015-01", json!([order("o-7", "2015-01-05", 1), other]));
    let refused = app.post("clerk", "/v1/facts", twice).await;
    assert_eq!(refused.body["errors"][0]["field"], "rows[1].external_id");
    assert_eq!(refused.problem(422), "validation-failed");
    // Partly, if that is asked for: the faulty row says why.
    let mut partial = wrong;
    partial["partial"] = json!(true);
    let answer = app.post("clerk", "/v1/facts", partial).await.expect(200);
    assert_eq!(outcomes(&answer), ["faulty", "added"]);
    assert_eq!(answer["rows"][0]["errors"][0]["field"], "rows[0].day");
    // Nobody delivers as one of the program's own systems, whose values go first.
    let mut own = delivery("2015-01", json!([{"employee_no": "A02", "facts": {"orders": 99}}]));
    own["source_system"] = json!("event");
    assert_eq!(app.post("clerk", "/v1/facts", own).await.problem(422), "validation-failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn corrections_say_why_and_what_was_known_before_can_be_read() {
    let app = TestApp::demo().await.at("2015-02-03T02:00:00Z");
    let first = delivery("2015-01", json!([{"employee_no": "A06", "facts": {"deliveries": 11}}]));
    app.post("clerk", "/v1/facts", first).await.expect(200);
    let row = history(&app, "2015-01", "A06", "deliveries").await.remove(0);
    assert_eq!(
        (&row["value"], &row["source_system"], &row["recorded_by"]),
        (&json!(11), &json!("dms"), &json!("clerk"))
    );
    let path = format!("/v1/facts/{}/correct", row["id"]);
    let app = app.at("2015-02-06T02:00:00Z");
    let why = json!({"value": 12, "reason": "one car was booked twice"});
    assert_eq!(app.post("consultant", &path, why.clone()).await.problem(404), "not-found");
    assert_eq!(app.post("service", &path, why.clone()).await.problem(403), "forbidden");
    assert_eq!(app.post("clerk", &path, json!({"value": 12})).await.problem(422), "validation-failed");
    assert_eq!(
        app.post("clerk", &path, json!({"value": 1.5, "reason": "x"})).await.problem(422),
        "validation-failed"
    );
    assert_eq!(app.post("clerk", &path, why.clone()).await.expect(200)["outcome"], "changed");
    // The row that was corrected no longer stands, so it cannot be corrected again.
    assert_eq!(app.post("clerk", &path, why).await.problem(409), "conflict");
    let rows = history(&app, "2015-01", "A06", "deliveries").await;
    let stands = rows.iter().map(|row| (row["stands"].as_bool().unwrap(), row["counts"].as_bool().unwrap()));
    assert_eq!(stands.collect::<Vec<_>>(), [(false, false), (true, true)]);
    assert_eq!(
        (&rows[1]["replaces"], &rows[1]["reason"]),
        (&rows[0]["id"], &json!("one car was booked twice"))
    );
    for (as_of, value) in [
        ("2015-02-02", Value::Null),
        ("2015-02-03", json!(11)),
        ("2015-02-05", json!(11)),
        ("2015-02-06", json!(12)),
        ("2015-02-06T09:59:59%2B08:00", json!(11)),
        ("2015-02-06T10:00:00%2B08:00", json!(12)),
    ] {
        let path = format!("/v1/facts?period=2015-01&employee_no=A06&as_of={as_of}");
        let page = app.get("hr", &path).await.expect(200);
        assert_eq!(page["items"][0]["facts"]["deliveries"], value, "{as_of}");
    }
    let void = format!("/v1/facts/{}/correct", rows[1]["id"]);
    app.post("clerk", &void, json!({"value": null, "reason": "delivered for another store"}))
        .await
        .expect(200);
    assert_eq!(known(&app, "2015-01", "A06", "deliveries").await, Value::Null);
    let bad = app.get("hr", "/v1/facts?period=2015-01&as_of=yesterday").await;
    assert_eq!(bad.problem(422), "validation-failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_cannot_be_rewritten() {
    use diesel_async::RunQueryDsl as _;
    let app = TestApp::demo().await;
    let connection = &mut *app.pool.get().await.unwrap();
    for statement in ["UPDATE fact SET value = 99", "DELETE FROM fact"] {
        let refused = diesel::sql_query(statement).execute(connection).await.unwrap_err();
        assert!(refused.to_string().contains("never changed"), "{refused}");
    }
}

/// Sends facts with an idempotency key.
async fn keyed(app: &TestApp, key: &str, body: &Value) -> Answer {
    let request = app.request(Method::POST, "/v1/facts").bearer_auth(app.token("clerk").await);
    Answer::of(request.header("Idempotency-Key", key).json(body).send().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_a_key_is_done_once_however_often_it_is_sent() {
    let app = TestApp::demo().await.at("2015-02-02T02:00:00Z");
    let body = delivery("2015-01", json!([{"employee_no": "A02", "facts": {"orders": 7}}]));
    let before = rows_of_ledger(&app).await;
    let at_once = futures_util::future::join_all((0..6).map(|_| keyed(&app, "night-1", &body))).await;
    for answer in at_once {
        // Each is told what the first was told: one value was added.
        assert_eq!(answer.expect(200)["added"], 1);
    }
    assert_eq!(rows_of_ledger(&app).await, before + 1);
    // Something else happened in between; the repetition still changes nothing.
    let later = delivery("2015-01", json!([{"employee_no": "A02", "facts": {"orders": 8}}]));
    app.post("clerk", "/v1/facts", later.clone()).await.expect(200);
    assert_eq!(keyed(&app, "night-1", &body).await.expect(200)["added"], 1);
    assert_eq!(known(&app, "2015-01", "A02", "orders").await, 8);
    assert_eq!(keyed(&app, "night-1", &later).await.problem(422), "validation-failed");
    // What was refused was not done, so the key is free.
    let faulty = delivery("2015-01", json!([{"employee_no": "A02", "facts": {"orders": -1}}]));
    assert_eq!(keyed(&app, "night-2", &faulty).await.problem(422), "validation-failed");
    assert_eq!(keyed(&app, "night-2", &later).await.expect(200)["unchanged"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packed_delivery_is_unpacked_and_one_that_unpacks_to_too_much_is_refused() {
    use std::io::Write as _;
    let app = TestApp::demo().await.at("2015-02-02T02:00:00Z");
    let packed = async |text: &[u8]| {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        writer.write_all(text).unwrap();
        let request = app.request(Method::POST, "/v1/facts").bearer_auth(app.token("clerk").await);
        let request = request.header("Content-Type", "application/json").header("Content-Encoding", "gzip");
        Answer::of(request.body(writer.finish().unwrap()).send().await.unwrap()).await
    };
    let body = delivery("2015-01", json!([{"employee_no": "A02", "facts": {"orders": 7}}])).to_string();
    assert_eq!(packed(body.as_bytes()).await.expect(200)["added"], 1);
    assert_eq!(known(&app, "2015-01", "A02", "orders").await, 7);
    let huge = [body.as_bytes(), &vec![b' '; 64 << 20]].concat();
    assert_eq!(packed(&huge).await.problem(413), "payload-too-large");
    assert_eq!(packed(b"no JSON").await.problem(400), "malformed-request");
}

/// January 2015 with what scoring has to have of everybody, but complaints.
async fn january(app: &TestApp) -> i64 {
    let people = (1..=12).map(|i| format!("A{i:02}")).collect::<Vec<_>>();
    for (login, facts) in [
        ("hr", json!({"scheduled_days": 26, "exam_score": 90})),
        ("group", json!({"deliveries_target": 10})),
        ("clerk", json!({"deliveries": 10})),
        ("supervisor", json!({"five_s_checks": 40, "five_s_failures": 0})),
    ] {
        let rows = people.iter().map(|no| json!({"employee_no": no, "facts": facts})).collect::<Vec<_>>();
        app.post(login, "/v1/facts", delivery("2015-01", json!(rows))).await.expect(200);
    }
    let new = json!({"store": "JC", "period": "2015-01"});
    app.post("hr", "/v1/review-cycles", new).await.expect(201)["id"].as_i64().unwrap()
}

async fn review_of(app: &TestApp, employee_no: &str) -> Value {
    let path = format!("/v1/reviews?period=2015-01&position=sales_consultant&employee_no={employee_no}");
    app.get("hr", &path).await.expect(200)["items"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_says_what_it_waits_for_and_stays_closed_once_it_is_frozen() {
    let app = TestApp::demo().await.at("2015-02-01T02:00:00Z");
    let cycle = january(&app).await;
    let (outstanding, freeze, generate) = (
        format!("/v1/review-cycles/{cycle}/outstanding"),
        format!("/v1/review-cycles/{cycle}/freeze"),
        format!("/v1/review-cycles/{cycle}/generate"),
    );
    // Complaints are missing, who brings them is named, and nobody freezes the month by accident.
    let state = app.get("hr", &outstanding).await.expect(200);
    assert_eq!(state["is_complete"], false);
    let source = |name: &str| {
        let sources = state["sources"].as_array().unwrap();
        sources.iter().find(|source| source["source"] == name).unwrap().clone()
    };
    let complaints = source("complaints");
    assert_eq!(complaints["delivered_at"], Value::Null);
    assert_eq!(complaints["roles"], json!(["customer_service"]));
    assert_eq!(complaints["deliverers"].as_array().unwrap().len(), 1);
    let missing = complaints["missing"].as_array().unwrap();
    let advisors = missing.iter().filter(|one| one["employee_no"].as_str().unwrap().starts_with('A')).count();
    assert_eq!(advisors, 12);
    assert!(missing[0]["required"].as_array().unwrap().contains(&json!("complaints_minor")));
    assert!(source("dms")["delivered_at"].is_string());
    let refused = app.post("hr", &freeze, json!({})).await;
    assert!(refused.body["errors"].as_array().unwrap().iter().any(|one| one["field"] == "complaints.A01"));
    assert_eq!(refused.problem(409), "conflict");
    assert_eq!(
        app.post("hr", &freeze, json!({"accept_missing": true})).await.problem(422),
        "validation-failed"
    );

    // Two people press the button at once.
    let with_note = json!({"accept_missing": true, "note": "customer service is on leave"});
    let both = futures_util::future::join(
        app.post("hr", &freeze, with_note.clone()),
        app.post("group", &freeze, with_note.clone()),
    )
    .await;
    let mut statuses = [both.0.status.as_u16(), both.1.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    let frozen = app.get("hr", &format!("/v1/review-cycles/{cycle}")).await.expect(200);
    assert_eq!((&frozen["state"], &frozen["pending_corrections"]), (&json!("frozen"), &json!(0)));
    assert!(frozen["facts_frozen_at"].is_string());

    // What is the same may come again; what is new may not.
    let before = rows_of_ledger(&app).await;
    let same = delivery("2015-01", json!([{"employee_no": "A06", "facts": {"deliveries": 10}}]));
    app.post("clerk", "/v1/facts", same).await.expect(200);
    let mut news = delivery(
        "2015-01",
        json!([
        {"employee_no": "A06", "facts": {"deliveries": 12}}, {"employee_no": "A07", "facts": {"deliveries": 10}}]),
    );
    assert_eq!(app.post("clerk", "/v1/facts", news.clone()).await.problem(409), "conflict");
    let mut silent = delivery("2015-01", json!([{"employee_no": "A01", "facts": {}}]));
    silent["complete_sources"] = json!(["complaints"]);
    assert_eq!(app.post("service", "/v1/facts", silent.clone()).await.problem(409), "conflict");
    app.post_empty("hr", &generate).await.expect(200);
    assert_eq!(review_of(&app, "A06").await["total"], Value::Null);

    // Kept for a second person: nothing changes until that one decides.
    news["late"] = json!("keep");
    news["reason"] = json!("two cars were booked in February");
    let kept = app.post("clerk", "/v1/facts", news.clone()).await.expect(200);
    assert_eq!((&kept["pending"], outcomes(&kept)), (&json!(1), vec!["pending", "unchanged"]));
    app.post("clerk", "/v1/facts", news).await.expect(200);
    silent["late"] = json!("keep");
    app.post("service", "/v1/facts", silent).await.expect(200);
    assert_eq!(rows_of_ledger(&app).await, before);
    let waiting = app.get("hr", "/v1/late-corrections?state=pending").await.expect(200)["items"].clone();
    assert_eq!(waiting.as_array().unwrap().len(), 2, "sent twice, it waits once: {waiting:#}");
    assert_eq!((&waiting[0]["known"], &waiting[0]["value"]), (&json!(10), &json!(12)));
    assert_eq!(waiting[0]["reason"], "two cars were booked in February");
    let ids = [waiting[0]["id"].clone(), waiting[1]["id"].clone()];
    let decide = |accept: bool| json!({"ids": ids, "accept": accept});
    assert_eq!(
        app.post("clerk", "/v1/late-corrections/decisions", decide(true)).await.problem(403),
        "forbidden"
    );
    assert_eq!(
        app.post("hr", "/v1/late-corrections/decisions", decide(false)).await.problem(422),
        "validation-failed"
    );
    let decided = app.post("hr", "/v1/late-corrections/decisions", decide(true)).await.expect(200);
    assert!(
        decided.as_array().unwrap().iter().all(|one| one["state"] == "accepted" && one["decided_by"] == "hr")
    );
    assert_eq!(app.post("gm", "/v1/late-corrections/decisions", decide(true)).await.problem(409), "conflict");

    // The cycle proposes a new revision, and generating writes it; the one before stays.
    let cycle_now = app.get("hr", &format!("/v1/review-cycles/{cycle}")).await.expect(200);
    assert_eq!(cycle_now["needs_generation"], true);
    app.post_empty("hr", &generate).await.expect(200);
    let review = review_of(&app, "A06").await;
    assert_eq!(review["revision"], 2);
    let whole = app.get("hr", &format!("/v1/reviews/{}", review["id"])).await.expect(200);
    assert_eq!(whole["snapshot"]["metrics"]["deliveries"], 12);
    assert!(review["total"].is_number(), "complaints are complete now: {review:#}");
    let cycle_now = app.get("hr", &format!("/v1/review-cycles/{cycle}")).await.expect(200);
    assert_eq!(cycle_now["needs_generation"], false);
    assert_eq!(known(&app, "2015-01", "A06", "deliveries").await, 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_proposes_a_late_correction_does_not_decide_on_it() {
    let app = TestApp::demo().await.at("2015-02-01T02:00:00Z");
    let cycle = january(&app).await;
    let with_note = json!({"accept_missing": true, "note": "test"});
    app.post("hr", &format!("/v1/review-cycles/{cycle}/freeze"), with_note).await.expect(200);
    let mut own = delivery("2015-01", json!([{"employee_no": "A06", "facts": {"exam_score": 100}}]));
    own["late"] = json!("keep");
    app.post("hr", "/v1/facts", own.clone()).await.expect(200);
    // Another value takes the place of the first proposal.
    own["rows"][0]["facts"]["exam_score"] = json!(99);
    app.post("hr", "/v1/facts", own).await.expect(200);
    let all = app.get("hr", "/v1/late-corrections").await.expect(200)["items"].clone();
    let states = all.as_array().unwrap().iter().map(|one| one["state"].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(states, ["superseded", "pending"]);
    let decision = json!({"ids": [all[1]["id"]], "accept": true});
    assert_eq!(
        app.post("hr", "/v1/late-corrections/decisions", decision.clone()).await.problem(409),
        "conflict"
    );
    let at_once = futures_util::future::join(
        app.post("gm", "/v1/late-corrections/decisions", decision.clone()),
        app.post("group", "/v1/late-corrections/decisions", decision),
    )
    .await;
    let mut statuses = [at_once.0.status.as_u16(), at_once.1.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    assert_eq!(known(&app, "2015-01", "A06", "exam_score").await, 99);
    assert_eq!(history(&app, "2015-01", "A06", "exam_score").await.len(), 2);
}

/// How many sessions of this database wait for a lock.
async fn waiting(watcher: &mut AsyncPgConnection) -> i64 {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        count: i64,
    }
    let query = "SELECT count(*) AS count FROM pg_stat_activity \
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    diesel::sql_query(query).get_result::<Row>(watcher).await.unwrap().count
}

/// Freezes January while `change`, a request that takes its last value away or posts somebody without any, has begun
/// and stands before its end.
async fn freeze_during(change: impl AsyncFnOnce(&TestApp) -> Answer) {
    let app = TestApp::demo().await.at("2015-02-01T02:00:00Z");
    let cycle = january(&app).await;
    let mut all = delivery("2015-01", json!([{"employee_no": "A01", "facts": {}}]));
    all["complete_sources"] = json!(["complaints"]);
    app.post("service", "/v1/facts", all).await.expect(200);
    let new = json!({"employee_no": "A99", "name": "新来的", "status": "active"});
    app.post("admin", "/v1/employees", new).await.expect(201);
    let outstanding = format!("/v1/review-cycles/{cycle}/outstanding");
    let state = app.get("hr", &outstanding).await.expect(200);
    for source in state["sources"].as_array().unwrap() {
        let login = match source["roles"][0].as_str().unwrap() {
            "clerk" => "clerk",
            "customer_service" => "service",
            "showroom_supervisor" => "supervisor",
            "sales_manager" => "manager",
            "hr" => "hr",
            _ => "group",
        };
        for person in source["missing"].as_array().unwrap() {
            let required = person["required"].as_array().unwrap();
            if !required.is_empty() {
                let facts: serde_json::Map<_, _> =
                    required.iter().map(|metric| (metric.as_str().unwrap().to_owned(), json!(1))).collect();
                let rows = json!([{"employee_no": person["employee_no"], "facts": facts}]);
                app.post(login, "/v1/facts", delivery("2015-01", rows)).await.expect(200);
            }
        }
    }
    let state = app.get("hr", &outstanding).await.expect(200);
    assert_eq!(state["is_complete"], true, "{state:#}");

    // The trail is written after everything else: whoever cannot write it stands there with the locks it has taken.
    let watcher = &mut *app.pool.get().await.unwrap();
    let holder = &mut *app.pool.get().await.unwrap();
    holder.batch_execute("BEGIN; LOCK TABLE audit_entry IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let freeze = format!("/v1/review-cycles/{cycle}/freeze");
    let wait_for = async |watcher: &mut AsyncPgConnection, number: i64| {
        for _ in 0..500 {
            if waiting(watcher).await == number {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("{number} should wait");
    };
    let freezing = async {
        wait_for(watcher, 1).await;
        let release = async {
            wait_for(watcher, 2).await;
            holder.batch_execute("ROLLBACK").await.unwrap();
        };
        futures_util::future::join(app.post("hr", &freeze, json!({})), release).await.0
    };
    let (changed, frozen) = futures_util::future::join(change(&app), freezing).await;
    assert!(changed.status.is_success(), "{:#}", changed.body);
    assert_eq!(frozen.problem(409), "conflict");
    let state = app.get("hr", &outstanding).await.expect(200);
    assert_eq!((&state["is_complete"], &state["cycle"]["state"]), (&json!(false), &json!("collecting")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_goes_while_the_month_is_being_frozen_is_missed() {
    freeze_during(async |app| {
        let row = history(app, "2015-01", "A06", "scheduled_days").await.remove(0);
        let why = json!({"value": null, "reason": "it was of another month"});
        app.post("hr", &format!("/v1/facts/{}/correct", row["id"]), why).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_posted_while_the_month_is_being_frozen_is_missed() {
    freeze_during(async |app| {
        let new = json!({"employee_no": "A99", "unit": "G1", "position": "sales_consultant", "valid_from": "2015-01-01"});
        app.post("admin", "/v1/assignments", new).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_and_its_export_agree_on_what_counts() {
    let app = TestApp::demo().await.at("2015-02-01T02:00:00Z");
    // Days that a total overrules, a day that is written again, and punches that are corrected.
    let days = json!([
        {"employee_no": "A02", "day": "2015-01-05", "facts": {"orders": 1}},
        {"employee_no": "A02", "day": "2015-01-06", "facts": {"orders": 2}}]);
    app.post("clerk", "/v1/facts", delivery("2015-01", days)).await.expect(200);
    let again = json!([{"employee_no": "A02", "day": "2015-01-06", "facts": {"orders": 4}}]);
    app.post("clerk", "/v1/facts", delivery("2015-01", again)).await.expect(200);
    let total = json!([{"employee_no": "A02", "facts": {"orders": 6}}]);
    app.post("clerk", "/v1/facts", delivery("2015-01", total)).await.expect(200);
    let correct = async |employee_no: &str| {
        let event = json!({"kind": "punch_correction", "employee_no": employee_no, "day": "2015-01-12", "detail": {},
            "evidence": [{"name": "门岗监控 0112.mp4", "sha256": "a".repeat(64)}]});
        let id = app.post("hr", "/v1/events", event).await.expect(201)["id"].clone();
        app.post("manager", &format!("/v1/events/{id}/verify"), json!({})).await.expect(200);
    };
    let punches = json!([{"employee_no": "A02", "facts": {"missed_punches": 3}}]);
    app.post("hr", "/v1/facts", delivery("2015-01", punches)).await.expect(200);
    correct("A02").await;
    // Of A03 nothing is known from which to take it off.
    correct("A03").await;

    let history = app.get("hr", "/v1/facts/history?period=2015-01&limit=500").await.expect(200);
    let said = |row: &Value| (row["employee_no"].clone(), row["source_system"].clone(), row["value"].clone());
    let expected = [
        ("A02", "dms", 1, true, false),
        ("A02", "dms", 2, false, false),
        ("A02", "dms", 4, true, false),
        ("A02", "dms", 6, true, true),
        ("A02", "dms", 3, true, true),
        ("A02", "punch_correction", -1, true, true),
        ("A03", "punch_correction", -1, true, false),
    ];
    let rows = history["items"].as_array().unwrap();
    assert_eq!(rows.len(), expected.len(), "{history:#}");
    for (row, (employee_no, system, value, stands, counts)) in rows.iter().zip(expected) {
        assert_eq!(said(row), (employee_no.into(), system.into(), value.into()));
        assert_eq!((&row["stands"], &row["counts"]), (&stands.into(), &counts.into()), "{row:#}");
    }
    let export = app.get("hr", "/v1/exports/ledger?period=2015-01").await.expect(200);
    let text = export.as_str().unwrap().trim_start_matches('\u{feff}').to_owned();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|one| one == name).unwrap();
    let word = |is: bool| if is { "是" } else { "否" };
    let records = reader.records().map(Result::unwrap).collect::<Vec<_>>();
    assert_eq!(records.len(), expected.len(), "{text}");
    for (record, (.., stands, counts)) in records.iter().zip(expected) {
        assert_eq!(
            [&record[column("现行")], &record[column("计入本月")]],
            [word(stands), word(counts)],
            "{record:?}"
        );
    }
}
