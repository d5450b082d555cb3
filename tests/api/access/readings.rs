//! Who reads whose review is on record before it is shown.

use std::time::Duration;

use diesel::QueryDsl as _;
use diesel_async::{AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use futures_util::future::join_all;
use reqwest::Method;
use showfloor::config::Policy;
use showfloor::db::schema::access_log;

use crate::support::{Answer, TestApp};

async fn ids(app: &TestApp) -> Vec<i64> {
    let page = app.get("auditor", "/v1/reviews?limit=500").await.expect(200);
    page["items"].as_array().unwrap().iter().map(|review| review["id"].as_i64().unwrap()).collect()
}

async fn forget(connection: &mut AsyncPgConnection) {
    diesel::delete(access_log::table).execute(connection).await.unwrap();
}

async fn recorded(connection: &mut AsyncPgConnection) -> Vec<i64> {
    access_log::table
        .select(access_log::review_id)
        .order(access_log::review_id)
        .load(connection)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_hundred_readings_at_once_over_two_servers_none_is_lost() {
    let app = TestApp::demo().await;
    let other = app.at("2014-05-15T08:00:00Z");
    let ids: Vec<i64> = ids(&app).await.into_iter().cycle().take(200).collect();
    let connection = &mut app.pool.get().await.unwrap();
    forget(connection).await;
    let tokens = [app.token("auditor").await, other.token("hr").await];
    let readings = ids.iter().enumerate().map(|(place, id)| {
        let (server, token) = if place % 2 == 0 { (&app, &tokens[0]) } else { (&other, &tokens[1]) };
        let request = server.request(Method::GET, &format!("/v1/reviews/{id}")).bearer_auth(token);
        async {
            Answer::of(request.send().await.unwrap()).await.expect(200)["review"]["id"].as_i64().unwrap()
        }
    });
    assert_eq!(join_all(readings).await, ids);
    let mut expected = ids;
    expected.sort_unstable();
    assert_eq!(recorded(connection).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_shown_before_it_is_on_record() {
    let app = TestApp::demo().await;
    let id = ids(&app).await[0];
    let holder = &mut app.pool.get().await.unwrap();
    holder.batch_execute("BEGIN; LOCK TABLE access_log IN EXCLUSIVE MODE").await.unwrap();
    let path = format!("/v1/reviews/{id}");
    let mut reading = std::pin::pin!(app.get("auditor", &path));
    let early = tokio::time::timeout(Duration::from_millis(500), &mut reading).await;
    assert!(early.is_err(), "it was shown while nobody could write the log");
    holder.batch_execute("COMMIT").await.unwrap();
    reading.await.expect(200);
    assert!(recorded(holder).await.contains(&id));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_recorded_is_not_shown() {
    let app = TestApp::published().await;
    let own = app.get("consultant", "/v1/reviews").await.expect(200)["items"][0]["id"].clone();
    let id = ids(&app).await[0];
    let connection = &mut app.pool.get().await.unwrap();
    forget(connection).await;
    connection.batch_execute("ALTER TABLE access_log RENAME TO access_log_away").await.unwrap();
    for path in [format!("/v1/reviews/{id}"), "/v1/reviews?limit=3".to_owned()] {
        assert_eq!(app.get("auditor", &path).await.problem(503), "unavailable", "{path}");
    }
    // Unless whoever runs the server has decided otherwise.
    let shown = app.under(Policy { reads_unlogged: true, ..Policy::default() });
    shown.get("auditor", &format!("/v1/reviews/{id}")).await.expect(200);
    // One's own review needs no record.
    app.get("consultant", &format!("/v1/reviews/{own}")).await.expect(200);
    connection.batch_execute("ALTER TABLE access_log_away RENAME TO access_log").await.unwrap();
    app.get("auditor", &format!("/v1/reviews/{id}")).await.expect(200);
    assert_eq!(recorded(connection).await, [id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_finds_another_connection_when_it_has_lost_its_own() {
    let app = TestApp::demo().await;
    let id = ids(&app).await[0];
    let path = format!("/v1/reviews/{id}");
    let connection = &mut app.pool.get().await.unwrap();
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND query LIKE 'INSERT INTO access_log%'";
    connection.batch_execute(end).await.unwrap();
    let first = app.get("auditor", &path).await;
    if first.status != 200 {
        assert_eq!(first.problem(503), "unavailable");
    }
    app.get("auditor", &path).await.expect(200);
    assert!(recorded(connection).await.contains(&id));
}
