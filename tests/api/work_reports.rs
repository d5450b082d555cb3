//! Plans and summaries: due by the calendar, on time or late by the first handing in, reviewed within a day, counted for
//! both.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, As, TestApp};

/// February 2026: off from the 15th to the 23rd; the Saturdays of the 14th and the 28th are worked. 16 working days: 2–6,
/// 9–14, 24–28.
const MONTH: &str = "2026-02";

async fn put(app: &TestApp, login: &str, path: &str, body: Value) -> Answer {
    app.send(As::Login(login), Method::PUT, path, Some(body)).await
}

async fn hand_in(app: &TestApp, login: &str, day: &str, content: &str) -> Answer {
    let body = json!({"kind": "summary", "cadence": "daily", "day": day, "content": content});
    app.post(login, "/v1/work-reports", body).await
}

async fn known(app: &TestApp, employee_no: &str, metrics: [&str; 2]) -> [Value; 2] {
    let path = format!("/v1/facts?period={MONTH}&employee_no={employee_no}");
    let page = app.get("hr", &path).await.expect(200);
    metrics.map(|metric| page["items"][0]["facts"][metric].clone())
}

const WRITTEN: [&str; 2] = ["reports_due", "reports_on_time"];
const READ: [&str; 2] = ["reports_to_review", "reports_reviewed_24h"];

#[tokio::test(flavor = "multi_thread")]
async fn the_first_handing_in_decides_and_what_was_written_is_kept() {
    let app = TestApp::demo().await.at("2026-02-02T15:59:59Z");
    let first = hand_in(&app, "consultant", "2026-02-02", "接待4批，留档3批").await.expect(201);
    assert_eq!((&first["is_late"], &first["due_by"]), (&json!(false), &json!("2026-02-02T16:00:00Z")));
    assert_eq!((&first["employee_no"], &first["period"]), (&json!("A02"), &json!(MONTH)));
    // A second into the 4th of February in China: too late for the 3rd, and the 2nd is written again.
    let app = app.at("2026-02-03T16:00:01Z");
    let late = hand_in(&app, "consultant", "2026-02-03", "忘了交").await.expect(201);
    assert_eq!(late["is_late"], true);
    let again = hand_in(&app, "consultant", "2026-02-02", "接待5批，留档3批").await.expect(200);
    assert_eq!(
        (&again["id"], &again["revision"], &again["is_late"]),
        (&first["id"], &json!(2), &json!(false))
    );
    let same = hand_in(&app, "consultant", "2026-02-02", " 接待5批，留档3批 ").await.expect(200);
    assert_eq!(same["revision"], 2);
    let full = app.get("consultant", &format!("/v1/work-reports/{}", first["id"])).await.expect(200);
    let texts = full["revisions"].as_array().unwrap().iter().map(|one| one["content"].as_str().unwrap());
    assert_eq!(texts.collect::<Vec<_>>(), ["接待4批，留档3批", "接待5批，留档3批"]);
    assert_eq!(known(&app, "A02", WRITTEN).await, [json!(2), json!(1)]);
    assert_eq!(known(&app, "A01", READ).await, [json!(2), json!(0)]);
    // What nobody asked for is kept and counts for nothing: the 1st is a Sunday.
    let sunday = hand_in(&app, "consultant", "2026-02-01", "值班").await.expect(201);
    assert_eq!((&sunday["due_by"], &sunday["is_late"]), (&Value::Null, &json!(false)));
    assert_eq!(known(&app, "A02", WRITTEN).await, [json!(2), json!(1)]);
    assert_eq!(known(&app, "A01", READ).await, [json!(2), json!(0)]);
    // A day that has not begun has no summary, and an empty one says nothing.
    for (day, content, field) in [("2026-02-05", "明天", "day"), ("2026-02-04", "  ", "content")] {
        let answer = hand_in(&app, "consultant", day, content).await;
        assert_eq!(answer.body["errors"][0]["field"], field);
        assert_eq!(answer.problem(422), "validation-failed");
    }
    // A plan may look ahead, and counts for the month in which it is due: the 2nd of March is a Monday.
    let plan = json!({"kind": "plan", "cadence": "weekly", "day": "2026-03-04", "content": "回访20位"});
    let plan = app.post("consultant", "/v1/work-reports", plan).await.expect(201);
    assert_eq!((&plan["day"], &plan["period"]), (&json!("2026-03-02"), &json!("2026-03")));
    // A total that was delivered goes before.
    let rows = json!([{"employee_no": "A02", "facts": {"reports_due": 20}}]);
    let body = json!({"period": MONTH, "source_system": "oa", "rows": rows});
    app.post("hr", "/v1/facts", body).await.expect(200);
    assert_eq!(known(&app, "A02", WRITTEN).await, [json!(20), json!(1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_handed_in_once_however_often_it_is_sent() {
    let app = TestApp::demo().await.at("2026-02-02T10:00:00Z");
    let at_once = (0..6).map(|_| hand_in(&app, "consultant", "2026-02-02", "接待4批")).collect::<Vec<_>>();
    let mut statuses = futures_util::future::join_all(at_once)
        .await
        .into_iter()
        .map(|answer| answer.status.as_u16())
        .collect::<Vec<_>>();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 201]);
    // Handed in before its time has passed, it counts already.
    assert_eq!(known(&app, "A02", WRITTEN).await, [json!(1), json!(1)]);
    let page = app.get("consultant", "/v1/work-reports?period=2026-02").await.expect(200);
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    assert_eq!(page["items"][0]["revision"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn leaders_review_their_people_once_and_within_a_day() {
    let app = TestApp::demo().await.at("2026-02-02T10:00:00Z");
    let prompt = hand_in(&app, "consultant", "2026-02-02", "接待4批").await.expect(201);
    let own = hand_in(&app, "leader", "2026-02-02", "带队").await.expect(201);
    let app = app.at("2026-02-03T10:00:00Z");
    let slow = hand_in(&app, "consultant", "2026-02-03", "接待2批").await.expect(201);
    let path = |report: &Value| format!("/v1/work-reports/{}/review", report["id"]);
    let word = json!({"comment": "注意二次追踪"});
    // Neither oneself, nor another team's leader, nor who leads for a channel, nor nobody's leader.
    assert_eq!(app.post("leader", &path(&own), word.clone()).await.problem(409), "conflict");
    assert_eq!(app.post("leader2", &path(&prompt), word.clone()).await.problem(404), "not-found");
    assert_eq!(app.post("telesales", &path(&prompt), word.clone()).await.problem(403), "forbidden");
    assert_eq!(app.post("manager", &path(&prompt), word.clone()).await.problem(403), "forbidden");
    assert_eq!(
        app.post("leader", &path(&prompt), json!({"comment": ""})).await.problem(422),
        "validation-failed"
    );
    let unreviewed = "/v1/work-reports?period=2026-02&state=unreviewed&employee_no=A02";
    assert_eq!(app.get("leader", unreviewed).await.expect(200)["items"].as_array().unwrap().len(), 2);
    // To the second 24 hours after.
    let reviewed = app.post("leader", &path(&prompt), word.clone()).await.expect(200);
    assert_eq!(reviewed["review"]["in_24h"], true);
    assert_eq!(reviewed["review"]["employee_no"], "A01");
    assert_eq!(app.post("leader", &path(&prompt), word.clone()).await.problem(409), "conflict");
    // A second more than 24 hours after.
    let app = app.at("2026-02-04T10:00:01Z");
    let reviewed = app.post("leader", &path(&slow), word).await.expect(200);
    assert_eq!(reviewed["review"]["in_24h"], false);
    assert_eq!(known(&app, "A01", READ).await, [json!(2), json!(1)]);
    assert_eq!(app.get("leader", unreviewed).await.expect(200)["items"], json!([]));
    // Others' reports are out of reach.
    let other = format!("/v1/work-reports/{}", prompt["id"]);
    assert_eq!(app.get("leader2", &other).await.problem(404), "not-found");
    assert_eq!(app.get("leader2", "/v1/work-reports").await.expect(200)["items"], json!([]));
    app.get("manager", &other).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_counted_with_those_who_wrote_nothing() {
    let app = TestApp::demo().await.at("2026-02-02T10:00:00Z");
    hand_in(&app, "consultant", "2026-02-02", "接待4批").await.expect(201);
    let tally = json!({"store": "JC", "period": MONTH});
    assert_eq!(app.post("leader", "/v1/work-reports/tally", tally.clone()).await.problem(403), "forbidden");
    let unknown = json!({"store": "G1", "period": MONTH});
    assert_eq!(app.post("hr", "/v1/work-reports/tally", unknown).await.problem(404), "not-found");
    // Ten in the morning of the 10th in China: 2–6 and 9 have passed.
    let app = app.at("2026-02-10T02:00:00Z");
    app.post("manager", "/v1/work-reports/tally", tally.clone()).await.expect(200);
    assert_eq!(known(&app, "A03", WRITTEN).await, [json!(6), json!(0)]);
    assert_eq!(known(&app, "A02", WRITTEN).await, [json!(6), json!(1)]);
    assert_eq!(known(&app, "T01", WRITTEN).await, [json!(6), json!(0)]);
    // Who holds another position owes none; a leader whose people wrote nothing had nothing to read.
    assert_eq!(known(&app, "D01", WRITTEN).await, [Value::Null, Value::Null]);
    assert_eq!(known(&app, "A05", READ).await, [Value::Null, Value::Null]);
    // A day of leave takes its report with it, half a day does not.
    let leave = json!([
        {"employee_no": "A03", "day": "2026-02-04", "facts": {"protected_leave_days": 1}},
        {"employee_no": "A03", "day": "2026-02-05", "facts": {"personal_leave_days": 0.5}},
        {"employee_no": "A04", "facts": {"protected_leave_days": 3}},
        {"employee_no": "A06", "day": "2026-02-03", "facts": {"protected_leave_days": 5}},
    ]);
    let body = json!({"period": MONTH, "source_system": "oa", "rows": leave});
    app.post("hr", "/v1/facts", body).await.expect(200);
    let app = app.at("2026-03-01T02:00:00Z");
    app.post("hr", "/v1/work-reports/tally", tally.clone()).await.expect(200);
    assert_eq!(known(&app, "A03", WRITTEN).await, [json!(15), json!(0)]);
    assert_eq!(known(&app, "A02", WRITTEN).await, [json!(16), json!(1)]);
    // Leave of which only the month's days are known, or only its first day, costs as little.
    assert_eq!(known(&app, "A04", WRITTEN).await, [json!(13), json!(0)]);
    assert_eq!(known(&app, "A06", WRITTEN).await, [json!(11), json!(0)]);
    let again = app.post("hr", "/v1/work-reports/tally", tally).await.expect(200);
    assert_eq!((&again["counts"]["added"], &again["counts"]["changed"]), (&json!(0), &json!(0)));
    // What is owed, as far as one reaches.
    let due = |query: &str| format!("/v1/work-reports/due?period={MONTH}{query}");
    let own = app.get("consultant", &due("")).await.expect(200)["items"].clone();
    assert_eq!(own.as_array().unwrap().len(), 1);
    assert_eq!(
        (&own[0]["employee_no"], &own[0]["due"], &own[0]["on_time"]),
        (&json!("A02"), &json!(16), &json!(1))
    );
    assert_eq!(app.get("leader", &due("")).await.expect(200)["items"].as_array().unwrap().len(), 4);
    let missing = app.get("leader", &due("&employee_no=A02&state=missing")).await.expect(200);
    let reports = missing["items"][0]["reports"].as_array().unwrap().clone();
    assert_eq!(reports.len(), 15);
    assert_eq!((&reports[0]["day"], &reports[14]["day"]), (&json!("2026-02-03"), &json!("2026-02-28")));
    let future = json!({"store": "JC", "period": "2026-04"});
    assert_eq!(app.post("hr", "/v1/work-reports/tally", future).await.problem(422), "validation-failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn units_say_what_is_due_from_a_day_on() {
    let app = TestApp::demo().await.at("2026-02-02T01:00:00Z");
    let get = |unit: &str, on: &str| format!("/v1/report-duties?unit={unit}&on={on}");
    let default = app.get("consultant", &get("G1", "2026-02-02")).await.expect(200);
    assert_eq!(
        default["in_force"],
        json!([{"kind": "summary", "cadence": "daily", "due": "24:00", "said_by": null}])
    );
    let change =
        |unit: &str, from: &str, duties: Value| json!({"unit": unit, "valid_from": from, "duties": duties});
    let weekly = json!([
        {"kind": "summary", "cadence": "daily", "due": null},
        {"kind": "plan", "cadence": "weekly", "due": "12:00"},
        {"kind": "summary", "cadence": "weekly", "due": "24:00"},
    ]);
    let store = change("JC", "2026-02-09", weekly);
    assert_eq!(put(&app, "leader", "/v1/report-duties", store.clone()).await.problem(403), "forbidden");
    put(&app, "hr", "/v1/report-duties", store).await.expect(200);
    let daily = json!([{"kind": "summary", "cadence": "daily", "due": "18:00"}]);
    let team = put(&app, "manager", "/v1/report-duties", change("G1", "2026-02-24", daily.clone()))
        .await
        .expect(200);
    let said_by = team["in_force"].as_array().unwrap().iter().map(|one| one["said_by"].as_str().unwrap());
    assert_eq!(said_by.collect::<Vec<_>>(), ["G1", "JC", "JC"]);
    assert_eq!(team["own"].as_array().unwrap().len(), 1);
    // Nobody comes to owe what was not asked for; times are times; a kind stands once.
    for (body, field) in [
        (change("JC", "2026-02-01", daily.clone()), "valid_from"),
        (
            change("JC", "2026-02-03", json!([{"kind": "plan", "cadence": "daily", "due": "24:01"}])),
            "duties[0].due",
        ),
        (change("JC", "2026-02-03", json!([daily[0], daily[0]])), "duties[1]"),
    ] {
        let answer = put(&app, "hr", "/v1/report-duties", body).await;
        assert_eq!(answer.body["errors"][0]["field"], field, "{:#}", answer.body);
        assert_eq!(answer.problem(422), "validation-failed");
    }
    let nowhere = change("NO", "2026-02-03", daily);
    assert_eq!(put(&app, "hr", "/v1/report-duties", nowhere).await.problem(404), "not-found");
    // Until the 8th a summary of each day: 5. Then a plan on the 9th and 24th and a summary on the 14th and 28th; the week of
    // the festival asks for nothing. In team 1 a summary of each day from the 24th besides: 5.
    let app = app.at("2026-03-01T02:00:00Z");
    for (employee_no, expected) in [("A06", 9), ("A03", 14)] {
        let path = format!("/v1/work-reports/due?period={MONTH}&employee_no={employee_no}");
        let page = app.get("hr", &path).await.expect(200);
        assert_eq!(page["items"][0]["due"], expected, "{employee_no}: {page:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_into_a_frozen_month() {
    let app = TestApp::demo().await.at("2026-02-27T10:00:00Z");
    let report = hand_in(&app, "consultant", "2026-02-27", "接待4批").await.expect(201);
    freeze(&app, MONTH).await;
    let app = app.at("2026-02-28T02:00:00Z");
    assert_eq!(hand_in(&app, "consultant", "2026-02-28", "接待2批").await.problem(409), "conflict");
    assert_eq!(hand_in(&app, "consultant", "2026-02-27", "接待9批").await.problem(409), "conflict");
    let path = format!("/v1/work-reports/{}/review", report["id"]);
    assert_eq!(app.post("leader", &path, json!({"comment": "好"})).await.problem(409), "conflict");
    let tally = json!({"store": "JC", "period": MONTH});
    assert_eq!(app.post("hr", "/v1/work-reports/tally", tally).await.problem(409), "conflict");
    // The month goes by the day on which a report is due: March is open.
    let plan = json!({"kind": "plan", "cadence": "monthly", "day": "2026-03-01", "content": "交车15台"});
    app.post("consultant", "/v1/work-reports", plan).await.expect(201);
}

/// Freezes the facts of a month of the demonstration's store.
pub async fn freeze(app: &TestApp, period: &str) {
    use diesel_async::AsyncConnection as _;
    let connection = &mut *app.pool.get().await.unwrap();
    let store = showfloor::org::unit_by_code(connection, "JC").await.unwrap().unwrap();
    let (period, now) = (period.parse().unwrap(), app.clock.now());
    connection
        .transaction(async |connection| {
            showfloor::ledger::close::freeze(connection, store.id, period, None, None, now).await
        })
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn freezing_a_month_counts_what_was_not_written_since() {
    let app = TestApp::demo().await.at("2026-02-02T09:00:00Z");
    hand_in(&app, "consultant", "2026-02-02", "接待4批").await.expect(201);
    assert_eq!(known(&app, "A02", WRITTEN).await, [json!(1), json!(1)]);
    let app = app.at("2026-03-01T02:00:00Z");
    let cycle = json!({"store": "JC", "period": MONTH});
    let cycle = app.post("hr", "/v1/review-cycles", cycle).await.expect(201)["id"].clone();
    let freeze = json!({"accept_missing": true, "note": "test"});
    app.post("hr", &format!("/v1/review-cycles/{cycle}/freeze"), freeze).await.expect(200);
    // February 2026 has 16 working days; one summary was handed in.
    assert_eq!(known(&app, "A02", WRITTEN).await, [json!(16), json!(1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_was_put_in_afterwards_is_judged_by_the_leader() {
    let app = TestApp::demo().await.at("2026-02-02T15:00:00Z");
    let x = hand_in(&app, "consultant", "2026-02-02", "x").await.expect(201);
    assert_eq!((&x["is_rewritten_late"], &x["timing"]), (&json!(false), &Value::Null));
    let path = format!("/v1/work-reports/{}/timing", x["id"]);
    let late = json!({"timing": "late", "reason": "截止前只交了一个字"});
    // In time it may be written again, and there is nothing to decide.
    hand_in(&app, "consultant", "2026-02-02", "xx").await.expect(200);
    assert_eq!(app.post("leader", &path, late.clone()).await.problem(409), "conflict");
    let app = app.at("2026-02-03T01:00:00Z");
    let again = hand_in(&app, "consultant", "2026-02-02", "接待4批，留档3批").await.expect(200);
    assert_eq!((&again["is_rewritten_late"], &again["is_late"]), (&json!(true), &json!(false)));
    assert_eq!(
        (&again["handed_in_at"], &again["written_at"]),
        (&json!("2026-02-02T15:00:00Z"), &json!("2026-02-03T01:00:00Z"))
    );
    // Until somebody decides, the first handing in counts and the month says that it waits.
    assert_eq!(known(&app, "A02", WRITTEN).await, [json!(1), json!(1)]);
    let new = json!({"store": "JC", "period": MONTH});
    let cycle = app.post("hr", "/v1/review-cycles", new).await.expect(201)["id"].clone();
    let undecided = async || {
        let state = app.get("hr", &format!("/v1/review-cycles/{cycle}/outstanding")).await.expect(200);
        state["undecided_reports"].clone()
    };
    let waiting = undecided().await;
    assert_eq!((waiting.as_array().unwrap().len(), &waiting[0]["employee_no"]), (1, &json!("A02")));
    assert_eq!(
        (&waiting[0]["leaders"], &waiting[0]["rewritten_at"]),
        (&json!(["陈志远"]), &again["written_at"])
    );
    let freeze = app.post("hr", &format!("/v1/review-cycles/{cycle}/freeze"), json!({})).await.expect(409);
    let named = freeze["errors"].as_array().unwrap().iter().any(|one| one["field"] == "reports.A02");
    assert!(named, "{freeze:#}");
    let listed = app.get("leader", "/v1/work-reports?state=undecided").await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    // Neither the writer, nor another team's leader, nor without a reason.
    assert_eq!(app.post("leader2", &path, late.clone()).await.problem(404), "not-found");
    assert_eq!(app.post("consultant", &path, late.clone()).await.problem(403), "forbidden");
    let silent = json!({"timing": "late", "reason": " "});
    assert_eq!(app.post("leader", &path, silent).await.problem(422), "validation-failed");
    // Two at once: one decision.
    let both = futures_util::future::join(
        app.post("leader", &path, late.clone()),
        app.post("leader", &path, json!({"timing": "on_time", "reason": "网络故障"})),
    )
    .await;
    let mut statuses = [both.0.status.as_u16(), both.1.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    let decided =
        app.get("leader", &format!("/v1/work-reports/{}", x["id"])).await.expect(200)["report"].clone();
    assert_eq!(
        (&decided["timing"]["employee_no"], &decided["timing"]["revision"]),
        (&json!("A01"), &json!(3))
    );
    let on_time = i64::from(decided["timing"]["timing"] == "on_time");
    assert_eq!(known(&app, "A02", WRITTEN).await, [json!(1), json!(on_time)]);
    assert_eq!(undecided().await, json!([]));
    // Written once more, it is decided once more; the tally follows, and the whole month's count says the same.
    hand_in(&app, "consultant", "2026-02-02", "接待4批，留档3批，明日回访").await.expect(200);
    assert_eq!(undecided().await.as_array().unwrap().len(), 1);
    let decided = app.post("leader", &path, late).await.expect(200);
    assert_eq!((&decided["is_late"], &decided["timing"]["timing"]), (&json!(true), &json!("late")));
    assert_eq!(known(&app, "A02", WRITTEN).await, [json!(1), json!(0)]);
    let tally = json!({"store": "JC", "period": MONTH});
    app.post("hr", "/v1/work-reports/tally", tally).await.expect(200);
    assert_eq!(known(&app, "A02", WRITTEN).await, [json!(1), json!(0)]);
}
