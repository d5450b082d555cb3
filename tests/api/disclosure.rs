//! Of how few people nothing is told: the group says, and it holds at once wherever sums are shown.

use reqwest::Method;
use serde_json::{Value, json};
use showfloor::auth::access::Role;

use crate::dashboard_units::by_unit;
use crate::polling::nothing_is_open;
use crate::support::TestApp;

/// Says that nothing is told of fewer people than this.
async fn say(app: &TestApp, fewest_people: i64) {
    let body = json!({ "fewest_people": fewest_people });
    app.change("group", Method::PUT, "/v1/disclosure", "*", Some(body)).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_is_the_groups() {
    let app = TestApp::demo().await;
    let policy = app.get("dashboard", "/v1/disclosure").await;
    assert_eq!(policy.etag.as_deref(), Some("\"0\""));
    assert_eq!(policy.expect(200), json!({"fewest_people": 3, "version": 0}));
    let put = async |login: &'static str, seen: &'static str, fewest: i64| {
        let body = json!({ "fewest_people": fewest });
        app.change(login, Method::PUT, "/v1/disclosure", seen, Some(body)).await
    };
    app.add_user("confined", &[Role::GroupAdmin], None, Some("JCJT")).await;
    for login in ["hr", "gm", "auditor", "admin", "dashboard", "confined"] {
        assert_eq!(put(login, "\"0\"", 5).await.problem(403), "forbidden", "{login}");
    }
    assert_eq!(put("group", "\"0\"", 5).await.expect(200), json!({"fewest_people": 5, "version": 1}));
    assert_eq!(put("group", "\"0\"", 6).await.problem(412), "precondition-failed");
    for wrong in [1, 101] {
        let refused = put("group", "\"1\"", wrong).await;
        assert_eq!(refused.status, 422);
        assert_eq!(refused.body["errors"][0]["field"], "fewest_people", "{:#}", refused.body);
    }
    assert_eq!(app.get("hr", "/v1/disclosure").await.expect(200), json!({"fewest_people": 5, "version": 1}));
    // Of two who say so at once, one does.
    let both = futures_util::future::join(put("group", "\"1\"", 3), put("group", "\"1\"", 4)).await;
    let mut statuses = [both.0.status, both.1.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
}

/// The store sells with twelve people in three teams of four.
#[tokio::test(flavor = "multi_thread")]
async fn another_number_holds_at_once_for_every_sum_of_the_store() {
    let app = TestApp::published().await;
    let shown = async |login: &'static str, path: &str, field: &str| -> Vec<bool> {
        let rows = by_unit(&app.get(login, path).await.expect(200));
        ["JC", "G1", "G2", "G3"].iter().filter_map(|unit| Some(!rows.get(*unit)?[field].is_null())).collect()
    };
    let all = "level=store,team";
    for (fewest, expected) in
        [(5, [true, false, false, false]), (4, [true; 4]), (13, [false; 4]), (3, [true; 4])]
    {
        say(&app, fewest).await;
        for (resource, field) in [
            ("attainment", "deliveries"),
            ("funnel", "orders"),
            ("product-lines", "loans"),
            ("quality", "documents"),
            ("coefficients", "coefficient_sum"),
        ] {
            let path = format!("/v1/dashboard/{resource}?period=2014-03&{all}");
            assert_eq!(shown("dashboard", &path, field).await, expected, "{fewest} {resource}");
            // Who may read of everybody is told everything.
            assert_eq!(shown("hr", &path, field).await, [true; 4], "{fewest} {resource}");
        }
        let pace = app.get("dashboard", "/v1/pace?unit=JC&day=2014-03-31").await.expect(200);
        let rows = by_unit(&pace["rows"]);
        let told = ["JC", "G1", "G2", "G3"].map(|unit| !rows[unit]["month"].is_null());
        assert_eq!(told, expected, "{fewest}: pace");
        let grades = app.get("dashboard", "/v1/dashboard/distribution?period=2014-03").await.expect(200);
        let of_consultants =
            grades.as_array().unwrap().iter().filter(|row| row["scheme"] == "sales_consultant");
        let known = of_consultants.clone().filter_map(|row| row["reviews"].as_i64());
        assert!(known.clone().all(|reviews| reviews >= fewest), "{fewest}: {grades:#}");
        let everybody = if fewest > 12 { 0 } else { 12 };
        assert_eq!(known.sum::<i64>(), everybody, "{fewest}: {grades:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_an_answer_is_told_that_another_number_holds() {
    let app = TestApp::published().await;
    app.add_user("group.wall", &[Role::Dashboard], None, Some("JCJT")).await;
    let paths = [
        ("group.wall", "/v1/dashboard/attainment?period=2014-03&level=group", "deliveries"),
        ("group.wall", "/v1/dashboard/distribution?period=2014-03", "reviews"),
        ("dashboard", "/v1/dashboard/attainment?period=2014-03", "deliveries"),
    ];
    for (login, path, field) in paths {
        let known = app.get(login, path).await;
        assert_ne!(known.body[0][field], Value::Null, "{path}");
        let ask = async || {
            let request = app.request(Method::GET, path).bearer_auth(app.token(login).await);
            request.header("If-None-Match", known.etag.as_deref().unwrap()).send().await.unwrap()
        };
        say(&app, 13).await;
        let answer = ask().await;
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.json::<Value>().await.unwrap()[0][field], Value::Null, "{path}");
        say(&app, 3).await;
        assert_eq!(ask().await.status(), 304, "{path}");
    }
}

/// What is brought by few people is not told as having changed either.
#[tokio::test(flavor = "multi_thread")]
async fn changes_of_few_people_are_told_to_nobody_who_may_not_see_them() {
    let app = TestApp::demo().await;
    let told = async |login: &str, feed: &Value, resource: &str| {
        let path = format!("/v1/changes?after={}", feed["cursor"].as_str().unwrap());
        let changes = app.get(login, &path).await.expect(200);
        changes["items"].as_array().unwrap().iter().any(|change| change["resource"] == resource)
    };
    for (fewest, is_told) in [(13, false), (12, true)] {
        let feed = app.get("dashboard", "/v1/changes").await.expect(200);
        say(&app, fewest).await;
        nothing_is_open(&app, "change_entry").await;
        for (login, reads_sums) in [("dashboard", true), ("hr", true), ("consultant", false)] {
            assert_eq!(told(login, &feed, "disclosure").await, reads_sums, "{login}");
        }
        let feed = app.get("dashboard", "/v1/changes").await.expect(200);
        let corrected = json!({"period": "2014-04", "source_system": "dms",
            "rows": [{"employee_no": "A12", "facts": {"deliveries": 20 + fewest}}]});
        app.post("clerk", "/v1/facts", corrected).await.expect(200);
        nothing_is_open(&app, "change_entry").await;
        assert_eq!(told("dashboard", &feed, "attainment").await, is_told, "{fewest}");
        assert!(told("hr", &feed, "attainment").await, "{fewest}");
    }
}
