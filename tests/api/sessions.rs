//! Signing in, staying signed in, signing out; tokens that are none.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use diesel_async::RunQueryDsl as _;
use reqwest::Method;
use reqwest::header::HeaderValue;
use serde_json::{Value, json};
use showfloor::auth::Identity;
use showfloor::auth::access::Role;
use showfloor::demo::PASSWORD;

use crate::support::{Answer, As, TestApp};

pub async fn sign_in(app: &TestApp, login: &str, password: &str) -> Answer {
    let body = json!({"login": login, "password": password});
    app.send(As::Nobody, Method::POST, "/v1/sessions", Some(body)).await
}

pub async fn refresh(app: &TestApp, token: &Value) -> Answer {
    let body = json!({ "refresh_token": token });
    app.send(As::Nobody, Method::POST, "/v1/sessions/refresh", Some(body)).await
}

/// What `/v1/me` answers to an access token.
pub async fn me(app: &TestApp, token: &str) -> Answer {
    authorised(app, &format!("Bearer {token}")).await
}

async fn authorised(app: &TestApp, value: &str) -> Answer {
    let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
    Answer::of(app.request(Method::GET, "/v1/me").header("Authorization", value).send().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_gives_a_session() {
    let app = TestApp::demo().await;
    for login in ["hr", "HR", "Hr"] {
        let session = sign_in(&app, login, PASSWORD).await.expect(200);
        assert_eq!((&session["token_type"], &session["expires_in"]), (&json!("Bearer"), &json!(900)));
        let me = me(&app, session["access_token"].as_str().unwrap()).await.expect(200);
        assert_eq!(
            (&me["login"], &me["roles"], &me["employee_no"]),
            (&json!("hr"), &json!(["hr"]), &json!("H01"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_sign_in_is_not_said() {
    let app = TestApp::demo().await;
    app.add_user("gone", &[Role::Hr], None, Some("JC")).await;
    let id = {
        let session = sign_in(&app, "gone", "a password for tests").await.expect(200);
        me(&app, session["access_token"].as_str().unwrap()).await.expect(200)["id"].clone()
    };
    let disabled = Some(json!({"is_disabled": true}));
    app.change("admin", Method::PATCH, &format!("/v1/users/{id}"), "*", disabled).await.expect(200);
    let mut answers = Vec::new();
    for (login, password) in [
        ("hr", "Showfloor-demo"),
        ("hr", ""),
        ("hr", "showfloor-demo "),
        ("nobody", PASSWORD),
        ("", ""),
        ("gone", "a password for tests"),
        ("gone", "another password"),
        ("hr' OR 1=1 --", PASSWORD),
    ] {
        let answer = sign_in(&app, login, password).await;
        answers.push(answer.body.clone());
        assert_eq!(answer.problem(401), "unauthenticated", "{login} {password}");
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_signed_in_is_told_how() {
    let app = TestApp::demo().await;
    let response = app.request(Method::GET, "/v1/me").send().await.unwrap();
    assert_eq!(response.headers()["www-authenticate"], "Bearer");
    assert_eq!(Answer::of(response).await.problem(401), "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_works_once_and_its_reuse_ends_the_family() {
    let app = TestApp::demo().await;
    let first = sign_in(&app, "hr", PASSWORD).await.expect(200);
    let elsewhere = sign_in(&app, "hr", PASSWORD).await.expect(200);
    let second = refresh(&app, &first["refresh_token"]).await.expect(200);
    let third = refresh(&app, &second["refresh_token"]).await.expect(200);
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    me(&app, third["access_token"].as_str().unwrap()).await.expect(200);

    assert_eq!(refresh(&app, &first["refresh_token"]).await.problem(401), "unauthenticated");
    assert_eq!(refresh(&app, &third["refresh_token"]).await.problem(401), "unauthenticated");
    // Another sign-in is another family.
    refresh(&app, &elsewhere["refresh_token"]).await.expect(200);
    for wrong in ["", "x", first["access_token"].as_str().unwrap_or_default()] {
        let answer = refresh(&app, &json!(wrong)).await;
        let status = answer.status.as_u16();
        assert!(matches!(status, 401 | 422), "{wrong}: {status}");
        answer.problem(status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_refreshes_at_once_one_succeeds_at_most() {
    let app = TestApp::demo().await;
    let first = sign_in(&app, "hr", PASSWORD).await.expect(200);
    let both = futures_util::future::join_all((0..4).map(|_| refresh(&app, &first["refresh_token"]))).await;
    let succeeded = both.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(succeeded, 1);
    for answer in both.into_iter().filter(|answer| answer.status != 200) {
        assert_eq!(answer.problem(401), "unauthenticated");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_expires() {
    let app = TestApp::demo().await;
    let session = sign_in(&app, "hr", PASSWORD).await.expect(200);
    // The clock of the test stands still at 2014-05-15T08:00:00Z; the token is good for 14 days after its issue.
    for (age, status) in [("13 days 23:59:59", 200), ("14 days", 401)] {
        let session = refresh(&app, &session["refresh_token"]).await;
        let session =
            if session.status == 200 { session.body } else { sign_in(&app, "hr", PASSWORD).await.body };
        let older = format!(
            "UPDATE refresh_token SET issued_at = issued_at - interval '{age}', \
             expires_at = expires_at - interval '{age}' WHERE used_at IS NULL"
        );
        diesel::sql_query(older).execute(&mut *app.pool.get().await.unwrap()).await.unwrap();
        assert_eq!(refresh(&app, &session["refresh_token"]).await.status, status, "{age}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_the_session() {
    let app = TestApp::demo().await;
    let session = sign_in(&app, "hr", PASSWORD).await.expect(200);
    let next = refresh(&app, &session["refresh_token"]).await.expect(200);
    let body = Some(json!({"refresh_token": next["refresh_token"]}));
    app.send(As::Nobody, Method::DELETE, "/v1/sessions", body.clone()).await.expect(204);
    assert_eq!(refresh(&app, &next["refresh_token"]).await.problem(401), "unauthenticated");
    // Signing out again, or from nowhere, is no mistake.
    app.send(As::Nobody, Method::DELETE, "/v1/sessions", body).await.expect(204);
    let unknown = Some(json!({"refresh_token": "unknown"}));
    app.send(As::Nobody, Method::DELETE, "/v1/sessions", unknown).await.expect(204);
    sign_in(&app, "hr", PASSWORD).await.expect(200);
}

async fn identity(app: &TestApp, login: &str, roles: &[Role]) -> Identity {
    let user_id = app.get(login, "/v1/me").await.expect(200)["id"].as_i64().unwrap();
    Identity { user_id, account_version: 1, roles: roles.to_vec(), employee_id: None, unit_id: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_is_good_for_fifteen_minutes() {
    let app = TestApp::demo().await;
    let identity = identity(&app, "hr", &[Role::Hr]).await;
    for (age, status) in [(0, 200), (899, 200), (900, 401), (86_400, 401), (-1, 401)] {
        let token = app.tokens.sign(&identity, app.clock.now() - TimeDelta::seconds(age)).unwrap();
        let answer = me(&app, &token).await;
        match status {
            401 => assert_eq!(answer.problem(401), "unauthenticated", "{age}"),
            _ => drop(answer.expect(200)),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_token_of_ours_is_nobodys() {
    let app = TestApp::demo().await;
    let other = TestApp::demo().await;
    let good = app.token("hr").await;
    me(&app, &good).await.expect(200);
    let (head, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = head.split_once('.').unwrap();
    let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    claims["roles"] = json!(["system_admin"]);
    let forged = URL_SAFE_NO_PAD.encode(claims.to_string());
    let mut kid: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    let mut with_algorithm = |algorithm: &str| {
        kid["alg"] = json!(algorithm);
        URL_SAFE_NO_PAD.encode(kid.to_string())
    };
    let (none, symmetric) = (with_algorithm("none"), with_algorithm("HS256"));
    let mut flipped = URL_SAFE_NO_PAD.decode(signature).unwrap();
    flipped[10] ^= 1;
    for (what, token) in [
        ("empty", String::new()),
        ("garbage", "garbage".to_owned()),
        ("dots", "..".to_owned()),
        ("many dots", "a.b.c.d.e".to_owned()),
        ("no signature", format!("{head}.")),
        ("two parts", head.to_owned()),
        ("algorithm none", format!("{none}.{payload}.")),
        ("algorithm none with signature", format!("{none}.{payload}.{signature}")),
        ("symmetric", format!("{symmetric}.{payload}.{signature}")),
        ("other roles", format!("{header}.{forged}.{signature}")),
        ("a flipped bit", format!("{head}.{}", URL_SAFE_NO_PAD.encode(flipped))),
        ("another server's", other.token("hr").await),
        ("long", "x".repeat(60_000)),
        ("long with dots", format!("{}.{}.{}", "e".repeat(20_000), "e".repeat(20_000), "e".repeat(20_000))),
        ("not base64", "令牌.令牌.令牌".to_owned()),
        ("twice", format!("{good} {good}")),
    ] {
        let answer = me(&app, &token).await;
        assert_eq!(answer.status, 401, "{what}: {:#}", answer.body);
        assert_eq!(answer.problem(401), "unauthenticated", "{what}");
    }
    for value in ["", "Bearer", "Basic aHI6c2hvd2Zsb29y", &format!("Token {good}"), &good, "Bearer\u{a0}x"] {
        assert_eq!(authorised(&app, value).await.problem(401), "unauthenticated", "{value}");
    }
}
