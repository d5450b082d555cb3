//! Logins: made, changed, disabled.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use reqwest::Method;
use serde_json::{Value, json};
use showfloor::auth::access::Role;
use showfloor::db::schema::user_account;
use showfloor::demo::PASSWORD;

use crate::sessions::{me, refresh, sign_in};
use crate::support::{Answer, TestApp};

/// The fields at fault, in order.
pub fn fields(answer: &Answer) -> Vec<String> {
    let errors = answer.body["errors"].as_array().cloned().unwrap_or_default();
    let mut fields: Vec<_> = errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect();
    fields.sort();
    fields.dedup();
    fields
}

async fn new_user(app: &TestApp) -> Value {
    let body = json!({"login": "Li.SiMin", "password": "correct horse", "roles": ["hr"], "unit": "JC"});
    let answer = app.post("admin", "/v1/users", body).await;
    let (etag, location) = (answer.etag.clone().unwrap(), answer.location.clone().unwrap());
    let user = answer.expect(201);
    assert_eq!((etag.as_str(), &user["version"]), ("\"1\"", &json!(1)));
    assert_eq!(location, format!("/v1/users/{}", user["id"]));
    user
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_kept_in_lower_case_and_never_shown_with_its_password() {
    let app = TestApp::demo().await;
    let user = new_user(&app).await;
    let expected = json!({
        "id": user["id"], "login": "li.simin", "roles": ["hr"], "employee_no": null, "unit": "JC",
        "is_disabled": false, "version": 1,
    });
    assert_eq!(user, expected);
    let read = app.get("admin", &format!("/v1/users/{}", user["id"])).await;
    assert_eq!(read.etag.as_deref(), Some("\"1\""));
    assert_eq!(read.expect(200), expected);
    sign_in(&app, "LI.SIMIN", "correct horse").await.expect(200);
    let listed = app.get("admin", "/v1/users?limit=500").await.expect(200);
    assert!(listed["items"].as_array().unwrap().contains(&expected));
    assert!(!listed.to_string().contains("argon2"), "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_kept_as_argon2id() {
    let app = TestApp::demo().await;
    app.add_user("one", &[Role::Hr], None, Some("JC")).await;
    app.add_user("two", &[Role::Hr], None, Some("JC")).await;
    let hashes: Vec<String> = user_account::table
        .filter(user_account::login.eq_any(["one", "two"]))
        .select(user_account::password_hash)
        .load(&mut *app.pool.get().await.unwrap())
        .await
        .unwrap();
    assert_eq!(hashes.len(), 2);
    assert!(hashes.iter().all(|hash| hash.starts_with("$argon2id$v=19$m=")), "{hashes:?}");
    assert_ne!(hashes[0], hashes[1], "salted");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_of_a_new_login_at_fault_is_named() {
    let app = TestApp::demo().await;
    let long = "x".repeat(201);
    for (body, expected) in [
        (json!({"login": "a b", "password": "short", "roles": []}), &["login", "password", "roles"][..]),
        (json!({"login": "x", "password": long, "roles": ["hr"]}), &["login", "password"]),
        (json!({"login": "good", "password": "long enough", "roles": ["king"]}), &["roles[0]"]),
        (json!({"login": "good", "password": "long enough"}), &["roles"]),
        (json!({"login": 7, "password": "long enough", "roles": ["hr"]}), &["login"]),
        (json!({"login": "good", "password": "long enough", "roles": ["hr"], "admin": true}), &["admin"]),
        (
            json!({"login": "good", "password": "long enough", "roles": ["hr"], "employee_no": "Z1", "unit": "Z2"}),
            &["employee_no", "unit"],
        ),
        // Roles that reach a store need an employee or a unit that says which one.
        (
            json!({"login": "good", "password": "long enough", "roles": ["auditor", "clerk"]}),
            &["employee_no"],
        ),
    ] {
        let answer = app.post("admin", "/v1/users", body.clone()).await;
        assert_eq!(answer.status, 422, "{body}: {:#}", answer.body);
        assert_eq!(fields(&answer), expected, "{body}: {:#}", answer.body);
        assert_eq!(answer.problem(422), "validation-failed");
    }
    let users = app.get("admin", "/v1/users?limit=500").await.expect(200);
    assert!(!users.to_string().contains("\"good\""), "nothing is half-written");
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_and_employees_have_one_account() {
    let app = TestApp::demo().await;
    new_user(&app).await;
    for body in [
        json!({"login": "li.simin", "password": "correct horse", "roles": ["auditor"]}),
        json!({"login": "LI.simin", "password": "correct horse", "roles": ["auditor"]}),
        json!({"login": "second", "password": "correct horse", "roles": ["hr"], "employee_no": "H01"}),
    ] {
        assert_eq!(app.post("admin", "/v1/users", body).await.problem(409), "conflict");
    }
    let body = json!({"login": "twice", "password": "correct horse", "roles": ["auditor"]});
    let both = (0..3).map(|_| app.post("admin", "/v1/users", body.clone()));
    let mut statuses: Vec<_> =
        futures_util::future::join_all(both).await.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_names_the_version_it_was_made_for() {
    let app = TestApp::demo().await;
    let path = format!("/v1/users/{}", new_user(&app).await["id"]);
    let roles = json!({"roles": ["clerk"]});
    let missing = app.request(Method::PATCH, &path).bearer_auth(app.token("admin").await).json(&roles);
    assert_eq!(Answer::of(missing.send().await.unwrap()).await.problem(428), "precondition-required");
    let change =
        async |seen: &str| app.change("admin", Method::PATCH, &path, seen, Some(roles.clone())).await;
    for stale in ["\"2\"", "\"0\"", "\"x\"", "\"99999999999999999999\""] {
        assert_eq!(change(stale).await.problem(412), "precondition-failed", "{stale}");
    }
    for malformed in ["1", "\"1", "\"1\", \"2\""] {
        assert_eq!(change(malformed).await.problem(400), "malformed-request", "{malformed}");
    }
    let changed = change("\"1\"").await;
    assert_eq!(changed.etag.as_deref(), Some("\"2\""));
    assert_eq!(changed.expect(200)["roles"], json!(["clerk"]));
    assert_eq!(change("\"1\"").await.problem(412), "precondition-failed");
    change("*").await.expect(200);
    let answer = app.change("admin", Method::PATCH, "/v1/users/999999", "*", Some(roles)).await;
    assert_eq!(answer.problem(404), "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_changes_of_one_version_one_is_made() {
    let app = TestApp::demo().await;
    let path = format!("/v1/users/{}", new_user(&app).await["id"]);
    let change = |role: &'static str| {
        let body = Some(json!({ "roles": [role] }));
        let (app, path) = (&app, &path);
        async move { app.change("admin", Method::PATCH, path, "\"1\"", body).await }
    };
    // None of them is what the login has already: that would change nothing, and its version would stay.
    let changes = ["clerk", "auditor", "sales_manager", "dashboard"].map(change);
    let mut statuses: Vec<_> =
        futures_util::future::join_all(changes).await.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412]);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_roles_need_another_sign_in() {
    let app = TestApp::demo().await;
    let path = format!("/v1/users/{}", new_user(&app).await["id"]);
    let session = sign_in(&app, "li.simin", "correct horse").await.expect(200);
    let body = Some(json!({"roles": ["clerk", "auditor", "clerk"]}));
    app.change("admin", Method::PATCH, &path, "\"1\"", body).await.expect(200);
    // The sessions end with the change; only an access token lives on for its minutes.
    assert_eq!(refresh(&app, &session["refresh_token"]).await.problem(401), "unauthenticated");
    let session = sign_in(&app, "li.simin", "correct horse").await.expect(200);
    let token = session["access_token"].as_str().unwrap();
    assert_eq!(me(&app, token).await.expect(200)["roles"], json!(["auditor", "clerk"]));
    let cycles = app.request(Method::GET, "/v1/review-cycles").bearer_auth(token);
    Answer::of(cycles.send().await.unwrap()).await.expect(200);
    let open = app.request(Method::POST, "/v1/review-cycles").bearer_auth(token);
    let open = open.json(&json!({"store": "JC", "period": "2015-01"}));
    assert_eq!(Answer::of(open.send().await.unwrap()).await.problem(403), "forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_and_disabling_end_every_session() {
    let app = TestApp::demo().await;
    let path = format!("/v1/users/{}", new_user(&app).await["id"]);
    let change = async |body: Value| app.change("admin", Method::PATCH, &path, "*", Some(body)).await;
    let first = sign_in(&app, "li.simin", "correct horse").await.expect(200);
    change(json!({"password": "battery staple"})).await.expect(200);
    assert_eq!(refresh(&app, &first["refresh_token"]).await.problem(401), "unauthenticated");
    assert_eq!(sign_in(&app, "li.simin", "correct horse").await.problem(401), "unauthenticated");
    let second = sign_in(&app, "li.simin", "battery staple").await.expect(200);

    assert_eq!(change(json!({"is_disabled": true})).await.expect(200)["is_disabled"], json!(true));
    assert_eq!(refresh(&app, &second["refresh_token"]).await.problem(401), "unauthenticated");
    assert_eq!(sign_in(&app, "li.simin", "battery staple").await.problem(401), "unauthenticated");
    change(json!({"is_disabled": false})).await.expect(200);
    sign_in(&app, "li.simin", "battery staple").await.expect(200);

    for (body, expected) in [
        (json!({"password": "short", "roles": []}), &["password", "roles"][..]),
        (json!({"login": "other"}), &["login"]),
        (json!({"is_disabled": "yes"}), &["is_disabled"]),
    ] {
        let answer = change(body).await;
        assert_eq!(fields(&answer), expected, "{:#}", answer.body);
        assert_eq!(answer.problem(422), "validation-failed");
    }
    sign_in(&app, "li.simin", "battery staple").await.expect(200);
    sign_in(&app, "hr", PASSWORD).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_sets_the_own_password() {
    let app = TestApp::demo().await;
    let session = sign_in(&app, "dashboard", PASSWORD).await.expect(200);
    let put = async |old: &str, new: &str| {
        let request = app.request(Method::PUT, "/v1/me/password").bearer_auth(app.token("dashboard").await);
        let request = request.json(&json!({"old_password": old, "new_password": new}));
        Answer::of(request.send().await.unwrap()).await
    };
    for (old, new, expected) in
        [("wrong", "correct horse", "old_password"), (PASSWORD, "short", "new_password")]
    {
        let answer = put(old, new).await;
        assert_eq!(fields(&answer), [expected]);
        assert_eq!(answer.problem(422), "validation-failed");
    }
    refresh(&app, &session["refresh_token"]).await.expect(200);
    let session = sign_in(&app, "dashboard", PASSWORD).await.expect(200);
    put(PASSWORD, "correct horse").await.expect(204);
    assert_eq!(refresh(&app, &session["refresh_token"]).await.problem(401), "unauthenticated");
    assert_eq!(sign_in(&app, "dashboard", PASSWORD).await.problem(401), "unauthenticated");
    sign_in(&app, "dashboard", "correct horse").await.expect(200);
}
