//! Everybody reads while others write, wait, or are cut off.

use std::time::{Duration, Instant};

use diesel_async::SimpleAsyncConnection as _;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use showfloor::auth::access::Role;
use showfloor::db::pool;

use crate::support::{Answer, TestApp};
use crate::{import_safety, imports};

/// The longest that anybody should wait who only reads.
const SOON: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn while_writers_wait_everybody_reads_and_health_is_told() {
    let app = TestApp::demo().await;
    let holder = &mut pool::beside(&app.pool).await.unwrap();
    holder.batch_execute("BEGIN; LOCK TABLE audit_entry IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let token = app.token("admin").await;
    // Each waits for the trail, with a connection of its own.
    let writers = join_all((0..20).map(|n| {
        let unit = json!({"code": format!("T{n}"), "name": "x", "kind": "team", "parent": "JC"});
        let request = app.request(Method::POST, "/v1/org-units").bearer_auth(&token).json(&unit);
        async { Answer::of(request.send().await.unwrap()).await }
    }));
    let hr = app.token("hr").await;
    let readers = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        for path in
            ["/v1/me", "/v1/reviews?limit=1", "/livez", "/healthz", "/v1/facts?period=2014-03&limit=1"]
        {
            let begun = Instant::now();
            let answer = app.request(Method::GET, path).bearer_auth(&hr).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{path}");
            assert!(begun.elapsed() < SOON, "{path}: {:?}", begun.elapsed());
        }
        holder.batch_execute("ROLLBACK").await.unwrap();
    };
    let (written, ()) = tokio::join!(writers, readers);
    for answer in written {
        let status = answer.status.as_u16();
        assert!(matches!(status, 201 | 409 | 422 | 503), "{:#}", answer.body);
    }
}

/// How many statements wait for somebody's lock.
const WAITING: &str = "SELECT count(*) AS count FROM pg_stat_activity WHERE datname = current_database() \
    AND wait_event_type = 'Lock'";

async fn everybody_else_is_answered(app: &TestApp, token: &str) {
    for path in ["/v1/me", "/v1/reviews?limit=1", "/healthz"] {
        let answer = app.request(Method::GET, path).bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
}

/// Whoever waits for what another adds up holds no connection meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn while_many_wait_for_a_groups_month_everybody_else_is_answered() {
    let app = TestApp::published().await;
    app.add_user("group.wall", &[Role::Dashboard], None, Some("JCJT")).await;
    let holder = &mut pool::beside(&app.pool).await.unwrap();
    holder.batch_execute("BEGIN; LOCK TABLE unit_month IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let token = app.token("group.wall").await;
    let path = "/v1/dashboard/attainment?period=2014-04&months=3&level=group";
    let screens = join_all((0..40).map(|_| {
        let request = app.request(Method::GET, path).bearer_auth(&token);
        async { Answer::of(request.send().await.unwrap()).await }
    }));
    let hr = app.token("hr").await;
    let readers = async {
        let watcher = &mut pool::beside(&app.pool).await.unwrap();
        while import_safety::count(watcher, WAITING).await == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        everybody_else_is_answered(&app, &hr).await;
        assert_eq!(import_safety::count(watcher, WAITING).await, 1, "one adds it up");
        holder.batch_execute("ROLLBACK").await.unwrap();
    };
    let (answers, ()) = tokio::join!(screens, readers);
    let first = answers[0].etag.clone();
    for answer in answers {
        assert_eq!(answer.etag, first);
        answer.expect(200);
    }
}

/// Screens take turns: however many of them hang, a quarter of the connections is all that they have.
#[tokio::test(flavor = "multi_thread")]
async fn while_dashboards_of_stores_hang_everybody_else_is_answered() {
    let app = TestApp::published().await;
    app.add_user("group.wall", &[Role::Dashboard], None, Some("JCJT")).await;
    let holder = &mut pool::beside(&app.pool).await.unwrap();
    holder.batch_execute("BEGIN; LOCK TABLE unit_month IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let token = app.token("group.wall").await;
    let screens = join_all((0..40).map(|number| {
        let path = format!(
            "/v1/dashboard/attainment?period=2014-{:02}&unit=JC&down={}",
            number % 12 + 1,
            number % 3
        );
        let request = app.request(Method::GET, &path).bearer_auth(&token);
        async { Answer::of(request.send().await.unwrap()).await }
    }));
    let hr = app.token("hr").await;
    let readers = async {
        let watcher = &mut pool::beside(&app.pool).await.unwrap();
        while import_safety::count(watcher, WAITING).await < 4 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        everybody_else_is_answered(&app, &hr).await;
        assert_eq!(import_safety::count(watcher, WAITING).await, 4, "of 16 connections");
        holder.batch_execute("ROLLBACK").await.unwrap();
    };
    let (answers, ()) = tokio::join!(screens, readers);
    for answer in answers {
        answer.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_long_import_everybody_is_answered() {
    let app = imports::app().await;
    app.add_user("clerk-dm", &[Role::Clerk], Some("D77"), None).await;
    // The import stands still with its store's month in its hands.
    let holder = &mut pool::beside(&app.pool).await.unwrap();
    holder.batch_execute("BEGIN; LOCK TABLE import_batch IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let file = "工号,交车台数\nB01,3\nB02,4\n".as_bytes().to_vec();
    let long = imports::import(&app, "clerk", "dms-funnel", "", file);
    let others = async {
        let watcher = &mut pool::beside(&app.pool).await.unwrap();
        while import_safety::count(watcher, WAITING).await == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let rows = |no: &str| {
            json!({"period": "2015-02", "source_system": "dms",
                "rows": [{"employee_no": no, "facts": {"deliveries": 2}}]})
        };
        let (clerk, body) = (app.token("clerk").await, rows("B01"));
        let deliveries = join_all((0..20).map(|_| {
            let request = app.request(Method::POST, "/v1/facts").bearer_auth(&clerk).json(&body);
            async { request.send().await.unwrap() }
        }));
        let readers = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            for path in ["/livez", "/healthz", "/v1/me", "/v1/facts?period=2015-02&limit=1"] {
                let request = app.request(Method::GET, path).bearer_auth(app.token("hr").await);
                assert_eq!(request.send().await.unwrap().status(), 200, "{path}");
            }
            // Who is told to come again does.
            let another_store = async || app.post("clerk-dm", "/v1/facts", rows("D77")).await;
            let mut answer = another_store().await;
            while answer.status == 503 {
                assert!(answer.retry_after.is_some(), "{:#}", answer.body);
                answer = another_store().await;
            }
            answer.expect(200);
        };
        // All of it while the import stands still: nobody is answered because it has gone on.
        let (answers, ()) = tokio::join!(deliveries, readers);
        for answer in answers {
            let answer = Answer::of(answer).await;
            assert!(matches!(answer.status.as_u16(), 409 | 503), "{:#}", answer.body);
            assert!(answer.retry_after.is_some(), "{:#}", answer.body);
        }
        holder.batch_execute("ROLLBACK").await.unwrap();
    };
    let (imported, ()) = tokio::join!(long, others);
    // Nor does the import wait for ever, for whom it stands still.
    match imported.status.as_u16() {
        201 => assert_eq!(imported.body["added"], 2),
        _ => assert_eq!(imported.problem(503), "unavailable"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_waits_too_long_is_told_when_to_come_again() {
    let app = TestApp::demo().await;
    let holder = &mut pool::beside(&app.pool).await.unwrap();
    holder.batch_execute("BEGIN; LOCK TABLE audit_entry IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let body = json!({"login": "li.simin", "password": "correct horse", "roles": ["auditor"]});
    let request = app.request(Method::POST, "/v1/users").bearer_auth(app.token("admin").await).json(&body);
    let response = tokio::time::timeout(Duration::from_secs(30), request.send()).await.unwrap().unwrap();
    assert_eq!(response.headers()["retry-after"], "5");
    assert_eq!(Answer::of(response).await.problem(503), "unavailable");
    holder.batch_execute("ROLLBACK").await.unwrap();
    app.post("admin", "/v1/users", body).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_cut_off_is_nobodys_fault() {
    let app = TestApp::demo().await;
    let holder = &mut pool::beside(&app.pool).await.unwrap();
    holder.batch_execute("BEGIN; LOCK TABLE audit_entry IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let body = json!({"login": "li.simin", "password": "correct horse", "roles": ["auditor"]});
    let writing = app.post("admin", "/v1/users", body.clone());
    let cutting = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() \
            AND wait_event_type = 'Lock'";
        holder.batch_execute(cut).await.unwrap();
    };
    let (answer, ()) = tokio::join!(writing, cutting);
    assert_eq!(answer.problem(503), "unavailable");
    holder.batch_execute("ROLLBACK").await.unwrap();
    // All connections at once, as a restart does: whoever comes next gets new ones.
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() \
        AND pid <> pg_backend_pid()";
    holder.batch_execute(cut).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    app.request(Method::GET, "/healthz").send().await.unwrap().error_for_status().unwrap();
    app.post("admin", "/v1/users", body).await.expect(201);
}
