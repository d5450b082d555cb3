//! Keys with which programs sign in.

use reqwest::Method;
use serde_json::{Value, json};
use showfloor::auth::access::Role;

use crate::support::{Answer, As, TestApp};
use crate::users::fields;

const AGGREGATES: &str = "/v1/dashboard/funnel?period=2014-03";

async fn user_id(app: &TestApp, login: &str) -> i64 {
    app.get(login, "/v1/me").await.expect(200)["id"].as_i64().unwrap()
}

/// A request with a key instead of a token.
async fn with_key(app: &TestApp, key: &str, method: Method, path: &str) -> Answer {
    Answer::of(app.request(method, path).bearer_auth(key).send().await.unwrap()).await
}

async fn read(app: &TestApp, key: &str, path: &str) -> Answer {
    with_key(app, key, Method::GET, path).await
}

/// Makes a key of the demonstration's dashboard: the key, and the path at which it is revoked.
async fn make(app: &TestApp, body: Value) -> (String, String) {
    let path = format!("/v1/users/{}/api-keys", user_id(app, "dashboard").await);
    let answer = app.post("admin", &path, body).await;
    let location = answer.location.clone().unwrap();
    let made = answer.expect(201);
    assert_eq!(location, format!("{path}/{}", made["api_key"]["id"]));
    (made["key"].as_str().unwrap().to_owned(), location)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_worth_what_its_login_is_and_is_shown_once() {
    let app = TestApp::published().await;
    let (key, _) = make(&app, json!({"name": "展厅大屏"})).await;
    let expected = app.get("dashboard", AGGREGATES).await.expect(200);
    assert_eq!(read(&app, &key, AGGREGATES).await.expect(200), expected);
    assert_eq!(read(&app, &key, "/v1/me").await.expect(200)["login"], "dashboard");
    assert_eq!(read(&app, &key, "/v1/reviews?period=2014-03").await.problem(403), "forbidden");
    let path = format!("/v1/users/{}/api-keys", user_id(&app, "dashboard").await);
    let listed = app.get("admin", &path).await.expect(200);
    let shown = &listed["items"][0];
    // The clock of tests stands; a year has 365 days.
    assert_eq!(
        (&shown["name"], &shown["created_at"], &shown["expires_at"], &shown["last_used_at"]),
        (
            &json!("展厅大屏"),
            &json!("2014-05-15T08:00:00Z"),
            &json!("2015-05-15T08:00:00Z"),
            &json!("2014-05-15T08:00:00Z"),
        )
    );
    assert_eq!((&shown["created_by"], &shown["revoked_at"]), (&json!("admin"), &Value::Null));
    assert!(!listed.to_string().contains(&key), "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_a_key_that_holds_is_let_in() {
    let app = TestApp::published().await;
    let (key, location) = make(&app, json!({"name": "night", "days": 1})).await;
    read(&app, &key, AGGREGATES).await.expect(200);
    let wrong = format!("{}A", &key[..key.len() - 1]);
    for forged in ["sfk_", "sfk_x", &key[..20], &wrong, &key.to_lowercase()] {
        if forged != key {
            assert_eq!(read(&app, forged, AGGREGATES).await.problem(401), "unauthenticated", "{forged}");
        }
    }
    // Good up to the last second of its day and no longer.
    read(&app.at("2014-05-16T07:59:59Z"), &key, AGGREGATES).await.expect(200);
    assert_eq!(read(&app.at("2014-05-16T08:00:00Z"), &key, AGGREGATES).await.problem(401), "unauthenticated");
    for _ in 0..2 {
        app.send(As::Login("admin"), Method::DELETE, &location, None).await.expect(204);
        assert_eq!(read(&app, &key, AGGREGATES).await.problem(401), "unauthenticated");
    }
    // Its name is free again.
    make(&app, json!({"name": "night"})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_is_disabled_takes_its_keys_with_it() {
    let app = TestApp::published().await;
    let (key, _) = make(&app, json!({"name": "a"})).await;
    let path = format!("/v1/users/{}", user_id(&app, "dashboard").await);
    app.change("admin", Method::PATCH, &path, "*", Some(json!({"roles": ["auditor"]}))).await.expect(200);
    // The roles are those of now.
    read(&app, &key, "/v1/reviews?period=2014-03").await.expect(200);
    app.change("admin", Method::PATCH, &path, "*", Some(json!({"is_disabled": true}))).await.expect(200);
    assert_eq!(read(&app, &key, AGGREGATES).await.problem(401), "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_can_be_confined_to_actions_and_a_unit() {
    let app = TestApp::published().await;
    app.add_user("audit.program", &[Role::Auditor], None, None).await;
    let path = format!("/v1/users/{}/api-keys", user_id(&app, "audit.program").await);
    let made = |body: Value| async { app.post("admin", &path, body).await.expect(201)["key"].clone() };
    let units = |answer: Value| {
        let rows = answer.as_array().or(answer["items"].as_array()).cloned().unwrap();
        rows.iter().map(|row| row["unit"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let everywhere = made(json!({"name": "all"})).await;
    let everywhere = units(read(&app, everywhere.as_str().unwrap(), AGGREGATES).await.expect(200));
    assert!(everywhere.contains(&"JC".to_owned()) && everywhere.contains(&"G1".to_owned()), "{everywhere:?}");
    let one = made(json!({"name": "team", "actions": ["view_aggregates"], "unit": "G1"})).await;
    let one = one.as_str().unwrap();
    assert_eq!(units(read(&app, one, AGGREGATES).await.expect(200)), ["G1"]);
    assert_eq!(read(&app, one, "/v1/reviews?period=2014-03").await.problem(403), "forbidden");
    assert_eq!(read(&app, one, "/v1/me").await.problem(403), "forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_would_be_more_than_its_login_is_refused() {
    let app = TestApp::demo().await;
    let path = format!("/v1/users/{}/api-keys", user_id(&app, "dashboard").await);
    for (body, expected) in [
        (json!({}), &["name"][..]),
        (json!({"name": " "}), &["name"]),
        (json!({"name": "a", "days": 0}), &["days"]),
        (json!({"name": "a", "days": 1096}), &["days"]),
        (json!({"name": "a", "actions": []}), &["actions"]),
        (json!({"name": "a", "actions": ["ViewAggregates"]}), &["actions[0]"]),
        (json!({"name": "a", "actions": ["view_aggregates", "view_reviews"]}), &["actions[1]"]),
        (json!({"name": "a", "unit": "nowhere"}), &["unit"]),
        (json!({"name": "a", "actions": ["manage_users"], "unit": "nowhere"}), &["actions[0]", "unit"]),
        (json!({"name": "a", "roles": ["hr"]}), &["roles"]),
    ] {
        let answer = app.post("admin", &path, body.clone()).await;
        assert_eq!(
            (answer.status.as_u16(), fields(&answer)),
            (422, expected.iter().map(|f| f.to_string()).collect()),
            "{body}"
        );
    }
    app.post("admin", &path, json!({"name": "a"})).await.expect(201);
    assert_eq!(app.post("admin", &path, json!({"name": "a"})).await.problem(409), "conflict");
    // A person signs in, and a login that there is not has no keys.
    let person = format!("/v1/users/{}/api-keys", user_id(&app, "hr").await);
    assert_eq!(app.post("admin", &person, json!({"name": "a"})).await.problem(409), "conflict");
    assert_eq!(
        app.post("admin", "/v1/users/999999/api-keys", json!({"name": "a"})).await.problem(404),
        "not-found"
    );
    assert_eq!(app.get("admin", "/v1/users/999999/api-keys").await.problem(404), "not-found");
    let foreign = format!("{person}/1");
    let answer = app.send(As::Login("admin"), Method::DELETE, &foreign, None).await;
    assert_eq!(answer.problem(404), "not-found");
}
