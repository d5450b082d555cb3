//! The manufacturer's rebate. Expected amounts by hand from domain.md's totals: planned 417, 404, 391 and 478 cars a
//! quarter, delivered 392, 391, 369 and 466.

use reqwest::Method;
use serde_json::{Value, json};
use showfloor::auth::access::Role;

use crate::support::{Answer, As, TestApp};
use crate::users::fields;

/// 500 yuan a car from 90 %, 800 from 95 %, 1,000 and 50,000 yuan beside from 100 % with an SSI of 850.
fn policy() -> Value {
    json!({"unit": "JC", "year": 2014, "name": "2014年商务政策", "basis": "deliveries", "tiers": [
        {"min_attainment": 0.9, "per_vehicle": 50_000},
        {"min_attainment": 0.95, "per_vehicle": 80_000},
        {"min_attainment": 1, "min_ssi": 850, "per_vehicle": 100_000, "lump_sum": 5_000_000},
    ]})
}

/// Puts without `If-Match`.
async fn make(app: &TestApp, login: &str, code: &str, body: Value) -> Answer {
    app.send(As::Login(login), Method::PUT, &format!("/v1/rebate-policies/{code}"), Some(body)).await
}

async fn change(app: &TestApp, login: &str, code: &str, seen: &str, body: Value) -> Answer {
    app.change(login, Method::PUT, &format!("/v1/rebate-policies/{code}"), seen, Some(body)).await
}

async fn quarters(app: &TestApp, query: &str) -> Value {
    app.get("gm", &format!("/v1/rebates?store=JC&{query}")).await.expect(200)["quarters"].clone()
}

/// Some fields of a quarter as text, so that decimals keep their places.
fn shown(quarter: &Value) -> String {
    ["target", "actual", "attainment", "tier", "amount"].map(|name| quarter[name].to_string()).join(" ")
}

fn next(quarter: &Value) -> String {
    ["tier", "vehicles_missing", "ssi_missing", "amount"]
        .map(|name| quarter["next"][name].to_string())
        .join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn quarters_earn_by_the_plan_and_the_ledger() {
    let app = TestApp::demo().await;
    make(&app, "manager", "P", policy()).await.expect(201);
    let known = quarters(&app, "year=2014&policy=P").await;
    let expected = [
        // 392 × 500 yuan; 95 % of 417 is 396.15.
        ("417 392 0.9400 0 19600000", "1 5 0 31760000"),
        // 391 × 800; the last tier's 404 cars earn 404 × 1,000 + 50,000, and no SSI is known.
        ("404 391 0.9678 1 31280000", "2 13 null 45400000"),
        ("391 369 0.9437 0 18450000", "1 3 0 29760000"),
        ("478 466 0.9749 1 37280000", "2 12 null 52800000"),
    ];
    for (quarter, (earned, ahead)) in known.as_array().unwrap().iter().zip(expected) {
        assert_eq!((shown(quarter).as_str(), next(quarter).as_str()), (earned, ahead));
        assert_eq!(quarter["known_months"].as_array().unwrap().len(), 3);
        assert_eq!(quarter["ssi"], Value::Null);
    }
    let tried = quarters(&app, "year=2014&policy=P&ssi=846.5").await;
    assert_eq!(
        (tried[1]["ssi"].to_string(), next(&tried[1])),
        ("846.5".to_owned(), "2 13 3.5 45400000".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ssi_is_the_mean_of_what_the_ledger_knows_of_the_quarter() {
    let app = TestApp::demo().await.at("2014-07-02T02:00:00Z");
    make(&app, "manager", "P", policy()).await.expect(201);
    for (period, rows) in
        [("2014-04", [("A01", 850), ("A02", 843)]), ("2014-06", [("A01", 846), ("A03", 846)])]
    {
        let rows = rows.map(|(person, score)| json!({"employee_no": person, "facts": {"ssi_score": score}}));
        let facts = json!({"period": period, "source_system": "survey", "rows": rows});
        app.post("service", "/v1/facts", facts).await.expect(200);
    }
    let quarters = quarters(&app, "year=2014&policy=P").await;
    // (850 + 843 + 846 + 846) ÷ 4 = 846.25, so 3.75 are missing.
    assert_eq!(quarters[1]["ssi"].to_string(), "846.25");
    assert_eq!(next(&quarters[1]), "2 13 3.75 45400000");
    assert_eq!(quarters[0]["ssi"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ssi_of_two_people_is_theirs_and_no_dashboard_is_told() {
    let app = TestApp::demo().await.at("2014-07-02T02:00:00Z");
    make(&app, "manager", "P", policy()).await.expect(201);
    let mut plain = policy();
    plain["tiers"] = json!([{"min_attainment": 0.9, "per_vehicle": 50_000}]);
    make(&app, "manager", "plain", plain).await.expect(201);
    for (period, people) in [("2014-02", &["A04", "A05"][..]), ("2014-04", &["A01", "A02", "A03"])] {
        let rows: Vec<_> =
            people.iter().map(|person| json!({"employee_no": person, "facts": {"ssi_score": 860}})).collect();
        let facts = json!({"period": period, "source_system": "survey", "rows": rows});
        app.post("service", "/v1/facts", facts).await.expect(200);
    }
    let read = async |login: &str, query: &str| {
        let path = format!("/v1/rebates?store=JC&year=2014&{query}");
        app.get(login, &path).await.expect(200)["quarters"].clone()
    };
    let (seen, told) = (read("gm", "policy=P").await, read("dashboard", "policy=P").await);
    // Who sees the people knows what they were rated, and what the quarter earns.
    assert_eq!((&seen[0]["ssi"], shown(&seen[0])), (&json!(860), "417 392 0.9400 0 19600000".to_owned()));
    // What is missing for the next tier, and the tier itself, would tell the score as well.
    assert_eq!((&told[0]["ssi"], shown(&told[0])), (&Value::Null, "417 392 0.9400 null null".to_owned()));
    assert_eq!(told[0]["next"], Value::Null);
    // Three people are many enough; a policy that asks for no score, or a score that is given, tells nothing.
    assert_eq!(told[1], seen[1]);
    assert_eq!(told[1]["ssi"], json!(860));
    assert_eq!(shown(&read("dashboard", "policy=plain").await[0]), "417 392 0.9400 0 19600000");
    assert_eq!(read("dashboard", "policy=P&ssi=1").await, read("gm", "policy=P&ssi=1").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarter_of_which_nothing_is_known_earns_null_and_not_0() {
    let app = TestApp::demo().await;
    let mut later = policy();
    later["year"] = json!(2015);
    make(&app, "manager", "later", later).await.expect(201);
    for quarter in quarters(&app, "year=2015&policy=later").await.as_array().unwrap() {
        assert_eq!(shown(quarter), "null null null null null");
        assert_eq!((&quarter["next"], &quarter["known_months"]), (&Value::Null, &json!([])));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wholesale_counts_tasks_and_what_was_taken() {
    let app = TestApp::demo().await;
    let mut body = policy();
    (body["basis"], body["year"]) = (json!("wholesale"), json!(2014));
    make(&app, "manager", "W", body).await.expect(201);
    assert_eq!(shown(&quarters(&app, "year=2014&policy=W").await[0]), "null null null null null");
    let series = |code: &str, task: i64, taken: &[i64]| {
        let known = taken.iter().map(|cars| json!(cars)).chain(std::iter::repeat(Value::Null));
        json!({"code": code, "wholesale": vec![task; 12], "taken": known.take(12).collect::<Vec<_>>()})
    };
    // A quarter's task is 3 × (60 + 40) = 300. January and February are known of both series: 180 cars. March's 70 of one
    // series alone do not count yet.
    let supply = json!({"store": "JC", "year": 2014, "series": [
        series("series_a", 60, &[55, 50, 70]), series("series_b", 40, &[40, 35])]});
    super::supply::put(&app, "manager", supply).await.expect(200);
    let known = quarters(&app, "year=2014&policy=W").await;
    assert_eq!(shown(&known[0]), "300 180 0.6000 null 0");
    assert_eq!(known[0]["known_months"], json!(["2014-01", "2014-02"]));
    // 90 % of 300 are 270 cars, which earn 270 × 500 yuan.
    assert_eq!(next(&known[0]), "0 90 0 13500000");
    assert_eq!(shown(&known[1]), "300 null null null null");
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_are_made_and_changed_on_what_was_seen() {
    let app = TestApp::demo().await;
    assert_eq!(change(&app, "manager", "P", "*", policy()).await.problem(412), "precondition-failed");
    let made = make(&app, "manager", "P", policy()).await;
    assert_eq!(
        (made.etag.as_deref(), made.location.as_deref()),
        (Some("\"1\""), Some("/v1/rebate-policies/P"))
    );
    let made = made.expect(201);
    assert_eq!(make(&app, "manager", "P", policy()).await.problem(428), "precondition-required");
    let read = app.get("gm", "/v1/rebate-policies/P").await;
    assert_eq!(read.etag.as_deref(), Some("\"1\""));
    assert_eq!(read.expect(200), made);
    let mut other = policy();
    other["tiers"] = json!([{"min_attainment": 0.95, "per_vehicle": 1}]);
    assert_eq!(
        change(&app, "manager", "P", "\"7\"", other.clone()).await.problem(412),
        "precondition-failed"
    );
    let changed = change(&app, "manager", "P", "\"1\"", other).await;
    assert_eq!(changed.etag.as_deref(), Some("\"2\""));
    let changed = changed.expect(200);
    assert_eq!(changed["tiers"].as_array().unwrap().len(), 1);
    assert_eq!(app.get("gm", "/v1/rebate-policies?store=JC&year=2014").await.expect(200), json!([changed]));
    assert_eq!(app.get("gm", "/v1/rebate-policies?year=2015").await.expect(200), json!([]));
    for (code, change, expected) in [
        ("P%20Q", "code", &["code"][..]),
        ("Q", "tiers", &["tiers[0].min_attainment", "tiers[0].per_vehicle", "unit"]),
    ] {
        let mut body = policy();
        if change == "tiers" {
            body["tiers"] = json!([{"min_attainment": 11, "per_vehicle": -1}]);
            body["unit"] = json!("XX");
        }
        let answer = make(&app, "manager", code, body).await;
        assert_eq!(fields(&answer), expected, "{:#}", answer.body);
        assert_eq!(answer.problem(422), "validation-failed");
    }
    for (query, field) in [
        ("year=2014&policy=none", "policy"),
        ("year=2015&policy=P", "policy"),
        ("year=2014&policy=P&ssi=1001", "ssi"),
        ("year=0&policy=P", "year"),
    ] {
        let answer = app.get("gm", &format!("/v1/rebates?store=JC&{query}")).await;
        assert_eq!(fields(&answer), [field], "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_policies_put_at_once_one_is_kept() {
    let app = TestApp::demo().await;
    let statuses = |answers: Vec<Answer>| {
        let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
        statuses.sort_unstable();
        statuses
    };
    let made = futures_util::future::join_all((0..4).map(|_| make(&app, "manager", "P", policy()))).await;
    assert_eq!(statuses(made), [201, 428, 428, 428]);
    let changes = (0..4).map(|_| change(&app, "manager", "P", "\"1\"", policy()));
    assert_eq!(statuses(futures_util::future::join_all(changes).await), [200, 412, 412, 412]);
    assert_eq!(app.get("gm", "/v1/rebate-policies/P").await.expect(200)["row_version"], json!(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_of_other_stores_are_out_of_reach_and_the_brands_are_the_groups() {
    let app = TestApp::demo().await;
    crate::access::second_store(&app).await;
    app.add_user("hd_manager", &[Role::SalesManager], None, Some("HD")).await;
    make(&app, "manager", "P", policy()).await.expect(201);
    assert_eq!(app.get("hd_manager", "/v1/rebate-policies").await.expect(200), json!([]));
    assert_eq!(app.get("hd_manager", "/v1/rebate-policies/P").await.problem(404), "not-found");
    assert_eq!(
        app.get("hd_manager", "/v1/rebates?store=JC&year=2014&policy=P").await.problem(404),
        "not-found"
    );
    assert_eq!(
        app.get("consultant", "/v1/rebates?store=JC&year=2014&policy=P").await.problem(404),
        "not-found"
    );
    // Neither for their own store nor for that one.
    assert_eq!(change(&app, "hd_manager", "P", "*", policy()).await.problem(404), "not-found");
    let mut own = policy();
    own["unit"] = json!("HD");
    assert_eq!(change(&app, "hd_manager", "P", "*", own.clone()).await.problem(404), "not-found");
    assert_eq!(make(&app, "hd_manager", "P", own).await.problem(409), "conflict");
    let mut brand = policy();
    brand["unit"] = Value::Null;
    assert_eq!(make(&app, "manager", "brand", brand.clone()).await.problem(403), "forbidden");
    make(&app, "group", "brand", brand.clone()).await.expect(201);
    assert_eq!(change(&app, "manager", "brand", "*", brand).await.problem(403), "forbidden");
    assert_eq!(change(&app, "manager", "brand", "*", policy()).await.problem(403), "forbidden");
    let listed = app.get("hd_manager", "/v1/rebate-policies").await.expect(200);
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["code"]), (1, &json!("brand")));
    assert_eq!(shown(&quarters(&app, "year=2014&policy=brand").await[0]), "417 392 0.9400 0 19600000");
}
