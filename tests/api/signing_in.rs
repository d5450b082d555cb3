//! Sessions that end while others begin, wrong passwords, and logins that administrators change.

use std::net::IpAddr;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use showfloor::auth::access::Role;
use showfloor::auth::session::{self, Credentials};
use showfloor::demo::PASSWORD;
use showfloor::http::Code;

use crate::cli::Served;
use crate::sessions::{me, refresh, sign_in};
use crate::support::{Answer, As, Template, TestApp, database_url};
use crate::users::fields;

const TRIES: usize = 15;

async fn sign_out(app: &TestApp, token: &Value) -> Answer {
    let body = json!({ "refresh_token": token });
    app.send(As::Nobody, Method::DELETE, "/v1/sessions", Some(body)).await
}

/// The id of a login that the test makes.
async fn user(app: &TestApp, login: &str, roles: &[Role]) -> Value {
    app.add_user(login, roles, None, Some("JC")).await;
    app.get(login, "/v1/me").await.expect(200)["id"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_what_is_refreshed_at_the_same_moment() {
    let app = TestApp::demo().await;
    for _ in 0..TRIES {
        let session = sign_in(&app, "hr", PASSWORD).await.expect(200);
        let token = &session["refresh_token"];
        let (refreshed, out) = tokio::join!(refresh(&app, token), sign_out(&app, token));
        out.expect(204);
        if refreshed.status == 200 {
            let next = refreshed.expect(200)["refresh_token"].clone();
            assert_eq!(refresh(&app, &next).await.problem(401), "unauthenticated");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_used_twice_ends_its_family_whatever_runs_beside() {
    let app = TestApp::demo().await;
    for _ in 0..TRIES {
        let first = sign_in(&app, "hr", PASSWORD).await.expect(200);
        let second = refresh(&app, &first["refresh_token"]).await.expect(200);
        let (again, next) =
            tokio::join!(refresh(&app, &first["refresh_token"]), refresh(&app, &second["refresh_token"]));
        assert_eq!(again.problem(401), "unauthenticated");
        if next.status == 200 {
            let third = next.expect(200)["refresh_token"].clone();
            assert_eq!(refresh(&app, &third).await.problem(401), "unauthenticated");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changing_a_login_that_refreshes_goes_through_and_ends_its_sessions() {
    let app = TestApp::demo().await;
    let id = user(&app, "one", &[Role::Hr]).await;
    let path = format!("/v1/users/{id}");
    for turn in 0..TRIES {
        let mut sessions = Vec::new();
        for _ in 0..3 {
            sessions.push(sign_in(&app, "one", "a password for tests").await.expect(200));
        }
        let roles = json!({ "roles": if turn % 2 == 0 { ["clerk"] } else { ["hr"] } });
        let refreshing = join_all(sessions.iter().map(|session| refresh(&app, &session["refresh_token"])));
        let changing = app.change("admin", Method::PATCH, &path, "*", Some(roles));
        let (refreshed, changed) = tokio::join!(refreshing, changing);
        changed.expect(200);
        for answer in refreshed {
            assert!(matches!(answer.status.as_u16(), 200 | 401), "{:#}", answer.body);
            if answer.status == 200 {
                let token = answer.body["refresh_token"].clone();
                assert_eq!(refresh(&app, &token).await.problem(401), "unauthenticated");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_with_the_old_password_does_not_outlive_its_change() {
    let app = TestApp::demo().await;
    let id = user(&app, "one", &[Role::Hr]).await;
    let path = format!("/v1/users/{id}");
    let mut old = "a password for tests".to_owned();
    for turn in 0..8 {
        let new = format!("correct horse {turn}");
        let changing = app.change("admin", Method::PATCH, &path, "*", Some(json!({ "password": new })));
        let (signed_in, changed) =
            tokio::join!(join_all((0..3).map(|_| sign_in(&app, "one", &old))), changing);
        changed.expect(200);
        for answer in signed_in {
            if answer.status == 200 {
                let token = answer.body["refresh_token"].clone();
                assert_eq!(refresh(&app, &token).await.problem(401), "unauthenticated");
            }
        }
        sign_in(&app, "one", &new).await.expect(200);
        old = new;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_disabled_changes_nothing_with_an_old_token() {
    let app = TestApp::demo().await;
    app.add_user("second", &[Role::SystemAdmin], None, None).await;
    let session = sign_in(&app, "second", "a password for tests").await.expect(200);
    let token = session["access_token"].as_str().unwrap().to_owned();
    let id = me(&app, &token).await.expect(200)["id"].clone();
    let path = format!("/v1/users/{id}");
    app.change("admin", Method::PATCH, &path, "*", Some(json!({"is_disabled": true}))).await.expect(200);
    let patch = app.request(Method::PATCH, &path).bearer_auth(&token).header("If-Match", "*");
    let answer = Answer::of(patch.json(&json!({"is_disabled": false})).send().await.unwrap()).await;
    assert_eq!(answer.problem(401), "unauthenticated");
    assert_eq!(app.get("admin", &path).await.expect(200)["is_disabled"], json!(true));
    // Nor does who has lost a role write with it.
    let id = user(&app, "clerk2", &[Role::Clerk, Role::Hr]).await;
    let token = app.token("clerk2").await;
    let path = format!("/v1/users/{id}");
    app.change("admin", Method::PATCH, &path, "*", Some(json!({"roles": ["clerk"]}))).await.expect(200);
    let opened = app.request(Method::POST, "/v1/review-cycles").bearer_auth(&token);
    let opened = opened.json(&json!({"store": "JC", "period": "2015-01"})).send().await.unwrap();
    assert_eq!(Answer::of(opened).await.problem(401), "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_stays() {
    let app = TestApp::demo().await;
    let me = app.get("admin", "/v1/me").await.expect(200);
    let path = format!("/v1/users/{}", me["id"]);
    for change in [json!({"is_disabled": true}), json!({"roles": ["auditor"]})] {
        let answer = app.change("admin", Method::PATCH, &path, "*", Some(change)).await;
        assert_eq!(answer.problem(409), "conflict");
    }
    // Of two that remove each other, or themselves, at once, one stays.
    app.add_user("second", &[Role::SystemAdmin], None, None).await;
    let second = app.get("second", "/v1/me").await.expect(200);
    let paths = [path, format!("/v1/users/{}", second["id"])];
    let (one, other) = (app.token("admin").await, app.token("second").await);
    let disable = |token: String, path: &str| {
        let request = app.request(Method::PATCH, path).bearer_auth(token).header("If-Match", "*");
        async {
            Answer::of(request.json(&json!({"is_disabled": true})).send().await.unwrap())
                .await
                .status
                .as_u16()
        }
    };
    let (first, second) = tokio::join!(disable(one, &paths[1]), disable(other, &paths[0]));
    let mut statuses = [first, second];
    statuses.sort_unstable();
    assert_eq!(statuses[0], 200, "{statuses:?}");
    assert!(matches!(statuses[1], 401 | 403 | 409), "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_changes_nothing_ends_nothing() {
    let app = TestApp::demo().await;
    let id = user(&app, "one", &[Role::Hr]).await;
    let path = format!("/v1/users/{id}");
    let session = sign_in(&app, "one", "a password for tests").await.expect(200);
    for same in [json!({}), json!({"is_disabled": false}), json!({"roles": ["hr", "hr"]})] {
        let answer = app.change("admin", Method::PATCH, &path, "\"1\"", Some(same)).await;
        assert_eq!(answer.etag.as_deref(), Some("\"1\""));
        answer.expect(200);
    }
    refresh(&app, &session["refresh_token"]).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_grows_with_wrong_passwords_and_ends() {
    let app = TestApp::demo().await;
    let id = user(&app, "one", &[Role::Hr]).await;
    for _ in 0..6 {
        assert_eq!(sign_in(&app, "one", "wrong password").await.problem(401), "unauthenticated");
    }
    // Now not even the right one is looked at.
    let body = json!({"login": "ONE", "password": "a password for tests"});
    let response = app.request(Method::POST, "/v1/sessions").json(&body).send().await.unwrap();
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(Answer::of(response).await.problem(429), "too-many-requests");
    // The others sign in meanwhile, and the administrator is told.
    sign_in(&app, "hr", PASSWORD).await.expect(200);
    let told = app.get("admin", "/v1/wrong-passwords").await.expect(200);
    let of_one = told["items"].as_array().unwrap().iter().filter(|row| row["login"] == "one");
    let mut of_one = of_one.map(|row| (row["address"].clone(), row["failures"].clone())).collect::<Vec<_>>();
    of_one.sort_by_key(|(address, _)| address.is_null());
    assert_eq!(of_one, [(json!("127.0.0.1"), json!(6)), (json!(null), json!(6))]);
    assert_eq!(app.get("hr", "/v1/wrong-passwords").await.problem(403), "forbidden");
    // Another server counts on; after the pause the next wrong password has a longer one.
    let later = app.at("2014-05-15T08:00:01Z");
    assert_eq!(sign_in(&later, "one", "wrong password").await.problem(401), "unauthenticated");
    let soon = app.at("2014-05-15T08:00:02Z");
    assert_eq!(sign_in(&soon, "one", "a password for tests").await.problem(429), "too-many-requests");
    let after = app.at("2014-05-15T08:00:03Z");
    sign_in(&after, "one", "a password for tests").await.expect(200);
    // A new password ends a pause.
    for _ in 0..6 {
        assert_eq!(sign_in(&after, "one", "wrong password").await.problem(401), "unauthenticated");
    }
    assert_eq!(sign_in(&after, "one", "a password for tests").await.problem(429), "too-many-requests");
    let path = format!("/v1/users/{id}");
    app.change("admin", Method::PATCH, &path, "*", Some(json!({"password": "correct horse"})))
        .await
        .expect(200);
    sign_in(&after, "one", "correct horse").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_keeps_nobody_out() {
    let app = TestApp::demo().await;
    let own: IpAddr = "10.0.0.1".parse().unwrap();
    let try_from = |address: IpAddr, password: &str| {
        let credentials = Credentials { login: "hr".to_owned(), password: password.to_owned() };
        session::sign_in(&app.pool, &app.tokens, credentials, Some(address), app.clock.now())
    };
    try_from(own, PASSWORD).await.unwrap();
    // From many addresses, so that none of them is held up by itself.
    for n in 0..24_u8 {
        let refused = try_from([192, 0, 2, n].into(), "wrong password").await.unwrap_err();
        let expected = if n <= 20 { Code::Unauthenticated } else { Code::TooManyRequests };
        assert_eq!(refused.code, expected, "{n}");
    }
    try_from(own, PASSWORD).await.unwrap();
}

/// In a process of its own: how many passwords are checked at once is counted by process, and other tests sign in meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_wrong_passwords_takes_nobody_elses_turn() {
    let served = Served::start(&database_url(Template::Demo).await);
    let (status, session) = served.sign_in("hr", PASSWORD).await;
    assert_eq!(status, 200, "{session:#}");
    let token = session["access_token"].as_str().unwrap();
    let flood = join_all((0..300).map(|_| served.sign_in("consultant", "wrong password")));
    let others = async {
        let client = reqwest::Client::new();
        let me = || client.get(format!("http://{}/v1/me", served.address)).bearer_auth(token);
        for _ in 0..20 {
            // Whoever would wait for a connection behind all those passwords is answered 503 in the end.
            assert_eq!(me().send().await.unwrap().status(), 200);
        }
    };
    let (flood, ()) = tokio::join!(flood, others);
    let count = |status: u16| flood.iter().filter(|(answered, _)| *answered == status).count();
    assert_eq!(count(401) + count(429), 300);
    assert!(count(401) < 20, "{}", count(401));
    assert_eq!(served.stop(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_that_are_tried_first_are_refused() {
    let app = TestApp::demo().await;
    for password in
        ["1234567890", "woaini1314520", "a123456789", "Password2014", "qwertyuiop", "li.simin2014"]
    {
        let body = json!({"login": "li.simin", "password": password, "roles": ["auditor"]});
        let answer = app.post("admin", "/v1/users", body).await;
        assert_eq!(fields(&answer), ["password"], "{password}");
        assert_eq!(answer.problem(422), "validation-failed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_resets_a_login() {
    use crate::program::run;
    let url = database_url(Template::Demo).await;
    let printed = run(&["user", "reset", "hr", "--database-url", &url]);
    assert_eq!(printed.status, 0, "{printed:?}");
    let password = printed.out.split("the password ").nth(1).unwrap().split(' ').next().unwrap();
    assert_eq!(password.len(), 16, "{printed:?}");
    let unknown = run(&["user", "reset", "nobody", "--database-url", &url]);
    assert_eq!(unknown.status, 1);
    assert!(unknown.err.contains("there is no login 'nobody'"), "{unknown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_of_people_differ_by_more_than_their_case() {
    let app = TestApp::demo().await;
    let body = json!({"employee_no": "a01", "name": "又一个", "status": "active"});
    let answer = app.post("admin", "/v1/employees", body).await;
    assert_eq!(answer.problem(409), "conflict");
}
