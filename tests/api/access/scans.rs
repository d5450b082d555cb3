//! What is read most often is found by an index, however many people a group has.

use std::collections::BTreeMap;
use std::time::Duration;

use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use showfloor::db::Connection;

use crate::support::TestApp;

/// 2,500 more stores of four teams and forty people, a month of their reviews, and as many readings.
const GROW: &str = "
    INSERT INTO org_unit (id, code, name, kind, parent_id, path, store_id, valid_from) OVERRIDING SYSTEM VALUE
    SELECT 10000 + 10 * n, 'S' || n, 'S' || n, 'store', top.id, ARRAY[top.id, 10000 + 10 * n], 10000 + 10 * n, '2013-01-01'
    FROM generate_series(1, 2500) n, org_unit top WHERE top.code = 'JCJT';
    INSERT INTO org_unit (id, code, name, kind, parent_id, path, store_id, valid_from) OVERRIDING SYSTEM VALUE
    SELECT s.id + k, s.code || '-' || k, s.code || '-' || k, 'team', s.id, s.path || (s.id + k), s.id, '2013-01-01'
    FROM generate_series(1, 4) k, org_unit s WHERE s.id >= 10000;
    INSERT INTO employee (id, employee_no, name, status) OVERRIDING SYSTEM VALUE
    SELECT 1000000 + n, 'N' || n, 'N' || n, 'active' FROM generate_series(0, 99999) n;
    INSERT INTO review_cycle (id, store_id, period, state, created_at) OVERRIDING SYSTEM VALUE
    SELECT s.id, s.id, '2014-06-01', 'computed', '2014-07-01' FROM org_unit s WHERE s.id >= 10000 AND s.kind = 'store';
    INSERT INTO review (cycle_id, period, store_id, employee_id, scheme, position, unit_id, revision, is_current,
        bundle_hash, inputs, trace, applicable_max, final_grade, attention, deliveries, created_at)
    SELECT 10010 + 10 * (n / 40), '2014-06-01', 10010 + 10 * (n / 40), 1000000 + n, 'consultant', 'sales_consultant',
        10011 + 10 * (n / 40) + n % 4, 1, true, '', '', '', 100, 'B', '{}', 0, '2014-07-01'
    FROM generate_series(0, 99999) n;
    INSERT INTO access_log (at, user_id, review_id) SELECT '2014-07-01', 1, id FROM review;
    ANALYZE";

/// Tables that grow by the month, or with the people.
const GROWING: &str = "
    SELECT relname::text AS name, seq_scan FROM pg_stat_user_tables
    WHERE relname IN ('review', 'review_cycle', 'access_log', 'employee')";

#[derive(diesel::QueryableByName)]
struct Scans {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    seq_scan: i64,
}

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

async fn scans(connection: &mut AsyncPgConnection) -> BTreeMap<String, i64> {
    let scans: Vec<Scans> = diesel::sql_query(GROWING).load(connection).await.unwrap();
    scans.into_iter().map(|table| (table.name, table.seq_scan)).collect()
}

/// Waits until nobody else is connected whose last statement was such a one: whoever leaves tells what was scanned.
async fn gone(connection: &mut AsyncPgConnection, statement: &str) {
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                  AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND query LIKE $1";
    loop {
        let others = diesel::sql_query(others).bind::<Text, _>(statement);
        let others: Count = others.get_result(connection).await.unwrap();
        if others.count == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_hot_reading_goes_through_a_table_that_grows() {
    let app = TestApp::demo().await;
    let mut growing = Connection::take(app.pool.get().await.unwrap());
    let connection = &mut Connection::take(app.pool.get().await.unwrap());
    growing.batch_execute(GROW).await.unwrap();
    drop(growing);
    gone(connection, "%OVERRIDING SYSTEM VALUE%").await;
    let mine = app.get("consultant", "/v1/reviews").await.expect(200)["items"][0]["id"].clone();
    let mut asked = Vec::new();
    for login in ["auditor", "gm", "leader", "consultant"] {
        for path in
            ["/v1/reviews?period=2014-06&limit=20", "/v1/reviews?limit=20", "/v1/reviews?unit=G1&limit=20"]
        {
            asked.push((login, path.to_owned()));
        }
        asked.push((login, "/v1/reviews?employee_no=A02&limit=20".to_owned()));
        asked.push((login, format!("/v1/reviews/{mine}")));
    }
    for login in ["auditor", "gm"] {
        for path in ["/v1/review-cycles?limit=20", "/v1/review-cycles?period=2014-06&limit=20"] {
            asked.push((login, path.to_owned()));
        }
    }
    asked.push(("auditor", "/v1/access-log?limit=20".to_owned()));
    asked.push(("consultant", "/v1/access-log?limit=20".to_owned()));
    let before = scans(connection).await;
    for (login, path) in &asked {
        let token = app.token(login).await;
        // The first few times PostgreSQL plans for the values, then perhaps for any.
        for _ in 0..7 {
            let request = app.request(reqwest::Method::GET, path).bearer_auth(&token);
            assert_eq!(request.send().await.unwrap().status(), 200, "{login} {path}");
        }
    }
    app.pool.close();
    connection
        .batch_execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND query LIKE 'INSERT INTO access_log%'
             AND pid <> pg_backend_pid()",
        )
        .await
        .unwrap();
    gone(connection, "%").await;
    assert_eq!(scans(connection).await, before);
}
