//! Stores side by side: who writes in one store's month does not wait for another's.

use std::collections::HashMap;
use std::time::Duration;

use diesel_async::{AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use futures_util::future::join;
use serde_json::{Value, json};
use showfloor::auth::access::Role;
use showfloor::db::pool;
use showfloor::ledger::close::freeze;
use showfloor::{ledger, org};

use crate::support::{Answer, TestApp};

/// Long enough for any request that does not wait for somebody else.
const SOON: Duration = Duration::from_secs(30);

/// The demonstration with a second store, its clerk and an advisor B01.
pub async fn two_stores() -> TestApp {
    two_stores_of(TestApp::demo().await).await
}

async fn two_stores_of(demo: TestApp) -> TestApp {
    let app = demo.at("2016-08-01T02:00:00Z");
    let unit = json!({"code": "NB", "name": "宁波店", "kind": "store", "valid_from": "2013-01-01"});
    app.post("admin", "/v1/org-units", unit).await.expect(201);
    for (employee_no, position) in [("B01", "sales_consultant"), ("B02", "clerk")] {
        let new = json!({"employee_no": employee_no, "name": employee_no, "status": "active"});
        app.post("admin", "/v1/employees", new).await.expect(201);
        post(&app, employee_no, "NB", position, "2013-01-01").await.expect(201);
    }
    app.add_user("clerk_nb", &[Role::Clerk], Some("B02"), None).await;
    app
}

pub async fn post(app: &TestApp, employee_no: &str, unit: &str, position: &str, from: &str) -> Answer {
    let new = json!({"employee_no": employee_no, "unit": unit, "position": position, "valid_from": from});
    app.post("admin", "/v1/assignments", new).await
}

async fn deliver(app: &TestApp, login: &str, employee_no: &str, deliveries: i64) -> Answer {
    let rows = json!([{"employee_no": employee_no, "facts": {"deliveries": deliveries}}]);
    app.post(login, "/v1/facts", json!({"period": "2016-06", "source_system": "dms", "rows": rows})).await
}

async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, work).await.expect("it waits for somebody else")
}

pub async fn store(connection: &mut AsyncPgConnection, code: &str) -> i64 {
    org::unit_by_code(connection, code).await.unwrap().unwrap().id
}

async fn person(connection: &mut AsyncPgConnection, employee_no: &str) -> i64 {
    org::employees_by_no(connection, &[employee_no.to_owned()]).await.unwrap()[employee_no]
}

/// Returns once so many sessions of this database wait for a lock.
async fn until_waiting(watcher: &mut AsyncPgConnection, number: i64) {
    #[derive(diesel::QueryableByName)]
    struct Waiting {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        number: i64,
    }
    let query = "SELECT count(*) AS number FROM pg_stat_activity \
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let wait = async {
        while showfloor::db::sql(query).get_result::<Waiting>(watcher).await.unwrap().number != number {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SOON, wait).await.unwrap_or_else(|_| panic!("{number} should wait"));
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_wait_for_writers_of_their_own_store_only() {
    let app = two_stores().await;
    let holder = &mut *app.pool.get().await.unwrap();
    let watcher = &mut *app.pool.get().await.unwrap();
    let somebody = person(holder, "A03").await;
    holder.batch_execute("BEGIN").await.unwrap();
    ledger::lock(holder, "2016-06".parse().unwrap(), &[somebody]).await.unwrap();
    soon(deliver(&app, "clerk_nb", "B01", 3)).await.expect(200);
    // Two of this store wait for the holder, and then one for the other.
    let both = join(deliver(&app, "clerk", "A02", 4), deliver(&app, "clerk", "A04", 5));
    let release = async {
        until_waiting(watcher, 2).await;
        holder.batch_execute("COMMIT").await.unwrap();
    };
    let ((first, second), ()) = soon(join(both, release)).await;
    assert_eq!(
        (first.expect(200)["added"].clone(), second.expect(200)["added"].clone()),
        (1.into(), 1.into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_wait_for_a_month_leave_connections_to_everybody_else() {
    let app = two_stores().await;
    let holder = &mut *app.pool.get().await.unwrap();
    let somebody = person(holder, "A03").await;
    holder.batch_execute("BEGIN").await.unwrap();
    ledger::lock(holder, "2016-06".parse().unwrap(), &[somebody]).await.unwrap();
    // More than there are connections, and nobody lets go.
    let crowd = futures_util::future::join_all((0..20).map(|_| deliver(&app, "clerk", "A02", 4)));
    let others = async {
        for number in 1..=5 {
            deliver(&app, "clerk_nb", "B01", number).await.expect(200);
            app.get("clerk", "/v1/metrics").await.expect(200);
        }
    };
    let (crowd, ()) = soon(join(crowd, others)).await;
    for answer in crowd {
        assert_eq!(answer.retry_after.as_deref(), Some("1"));
        assert_eq!(answer.problem(409), "conflict");
    }
    // What does not pass by itself is not worth another try.
    let twice = post(&app, "B01", "NB", "sales_consultant", "2013-01-01").await;
    assert_eq!(twice.retry_after, None);
    assert_eq!(twice.problem(409), "conflict");
    holder.batch_execute("ROLLBACK").await.unwrap();
    deliver(&app, "clerk", "A02", 4).await.expect(200);
}

/// Who waits for a lock, and since when.
async fn waiting(watcher: &mut AsyncPgConnection) -> Vec<String> {
    #[derive(diesel::QueryableByName)]
    struct Waiting {
        #[diesel(sql_type = diesel::sql_types::Text)]
        who: String,
    }
    let query = "SELECT pid || ' ' || query_start AS who FROM pg_stat_activity \
        WHERE datname = current_database() AND wait_event_type = 'Lock' ORDER BY pid";
    let waiting: Vec<Waiting> = showfloor::db::sql(query).load(watcher).await.unwrap();
    waiting.into_iter().map(|one| one.who).collect()
}

/// Six of eight connections are for changes, four of them for who waits, and three of these for one store.
#[tokio::test(flavor = "multi_thread")]
async fn those_who_wait_for_one_store_leave_places_to_another() {
    let app = two_stores_of(TestApp::demo_over(8).await).await;
    let [holder, watcher] =
        &mut [pool::beside(&app.pool).await.unwrap(), pool::beside(&app.pool).await.unwrap()];
    let somebody = person(holder, "A03").await;
    holder.batch_execute("BEGIN").await.unwrap();
    ledger::lock(holder, "2016-06".parse().unwrap(), &[somebody]).await.unwrap();
    let crowd = futures_util::future::join_all((0..20).map(|_| deliver(&app, "clerk", "A02", 4)));
    let others = async {
        until_waiting(watcher, 3).await;
        let before = waiting(watcher).await;
        deliver(&app, "clerk_nb", "B01", 3).await.expect(200);
        // Nobody of the crowd had to be told first.
        assert_eq!(waiting(watcher).await, before);
    };
    let (crowd, ()) = soon(join(crowd, others)).await;
    for answer in crowd {
        assert_eq!(answer.retry_after.as_deref(), Some("1"));
        assert_eq!(answer.problem(409), "conflict");
    }
    holder.batch_execute("ROLLBACK").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn freezing_a_month_does_not_wait_for_another_store() {
    let app = two_stores().await;
    let (now, period) = (app.clock.now(), "2016-06".parse().unwrap());
    let here = &mut *app.pool.get().await.unwrap();
    let there = &mut *app.pool.get().await.unwrap();
    let watcher = &mut *app.pool.get().await.unwrap();
    let (jc, nb) = (store(here, "JC").await, store(here, "NB").await);
    here.batch_execute("BEGIN").await.unwrap();
    freeze(here, jc, period, None, None, now).await.unwrap();
    there.batch_execute("BEGIN").await.unwrap();
    soon(freeze(there, nb, period, None, None, now)).await.unwrap();
    // Neither has committed: a delivery to each waits, and is refused once the month is frozen.
    let both = join(deliver(&app, "clerk", "A02", 4), deliver(&app, "clerk_nb", "B01", 5));
    let release = async {
        until_waiting(watcher, 2).await;
        here.batch_execute("COMMIT").await.unwrap();
        there.batch_execute("COMMIT").await.unwrap();
    };
    let ((first, second), ()) = soon(join(both, release)).await;
    assert_eq!([first.problem(409), second.problem(409)], ["conflict", "conflict"]);
}

/// Orders move between the months and stores of many deliveries at once: nobody waits in a circle, and each order stands
/// once in the end.
#[tokio::test(flavor = "multi_thread")]
async fn records_that_move_both_ways_at_once_stand_once() {
    let app = two_stores().await;
    let give = async |order: usize, period: &str, employee_no: &str| {
        let rows = json!([{"employee_no": employee_no, "external_id": format!("o-{order}"), "facts": {"orders": 1}}]);
        let body = json!({"period": period, "source_system": "dms", "rows": rows});
        let login = if employee_no == "B01" { "clerk_nb" } else { "clerk" };
        soon(app.post(login, "/v1/facts", body)).await
    };
    let places = [("2016-06", "A02"), ("2016-07", "B01"), ("2016-07", "A02"), ("2016-06", "B01")];
    for round in 0..6 {
        let all = (0..4).map(|order| {
            let (period, employee_no) = places[(order + round) % 4];
            give(order, period, employee_no)
        });
        for answer in futures_util::future::join_all(all).await {
            // Somebody else may just have moved what it wants to move: it is told so.
            assert!([200, 409].contains(&answer.status.as_u16()), "{:#}", answer.body);
        }
    }
    // Once more without anybody beside it.
    for (order, (period, employee_no)) in places.into_iter().enumerate() {
        give(order, period, employee_no).await.expect(200);
    }
    for (period, employee_no) in places {
        let path = format!("/v1/facts?period={period}&employee_no={employee_no}");
        let known = app.get("group", &path).await.expect(200);
        assert_eq!(known["items"][0]["facts"]["orders"], Value::from(1), "{period} {employee_no}: {known:#}");
    }
}

/// The sources that each of the two stores has delivered for the month.
async fn delivered(app: &TestApp) -> [Vec<String>; 2] {
    let connection = &mut *app.pool.get().await.unwrap();
    let mut all = [Vec::new(), Vec::new()];
    for (code, sources) in ["JC", "NB"].into_iter().zip(&mut all) {
        let store = store(connection, code).await;
        let found =
            ledger::delivered_sources(connection, &[store], "2016-06".parse().unwrap()).await.unwrap();
        sources.extend(found.into_values().flat_map(HashMap::into_keys));
        sources.sort_unstable();
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_for_somebody_who_moved_says_nothing_about_the_other_store() {
    let app = two_stores().await;
    let new = json!({"employee_no": "B03", "name": "调店", "status": "active"});
    app.post("admin", "/v1/employees", new).await.expect(201);
    let here = json!({"employee_no": "B03", "unit": "G1", "position": "sales_consultant",
        "valid_from": "2016-01-01", "valid_to": "2016-06-10"});
    app.post("admin", "/v1/assignments", here).await.expect(201);
    post(&app, "B03", "NB", "sales_consultant", "2016-06-10").await.expect(201);
    // A store's clerk speaks for that store, wherever the month counts.
    deliver(&app, "clerk", "B03", 2).await.expect(200);
    assert_eq!(delivered(&app).await, [vec!["dms"], vec![]]);
    let complete = json!({"period": "2016-06", "source_system": "crm", "complete_sources": ["complaints"],
        "rows": [{"employee_no": "B03", "facts": {}}]});
    app.post("service", "/v1/facts", complete).await.expect(200);
    assert_eq!(delivered(&app).await, [vec!["complaints", "dms"], vec![]]);
    // The group reaches both: 21 days of the month count for the second.
    let rows = json!([{"employee_no": "B03", "facts": {"scheduled_days": 26}}]);
    let attendance = json!({"period": "2016-06", "source_system": "hrm", "rows": rows});
    app.post("group", "/v1/facts", attendance).await.expect(200);
    assert_eq!(delivered(&app).await, [vec!["complaints", "dms"], vec!["attendance"]]);
    deliver(&app, "clerk_nb", "B03", 3).await.expect(200);
    assert_eq!(delivered(&app).await, [vec!["complaints", "dms"], vec!["attendance", "dms"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_would_leave_a_frozen_month_names_that_month() {
    let app = two_stores().await;
    let order = |period: &str| {
        let rows = json!([{"employee_no": "A02", "external_id": "o-1", "facts": {"orders": 1}}]);
        json!({"period": period, "source_system": "dms", "rows": rows})
    };
    app.post("clerk", "/v1/facts", order("2016-06")).await.expect(200);
    let connection = &mut *app.pool.get().await.unwrap();
    let jc = store(connection, "JC").await;
    connection.batch_execute("BEGIN").await.unwrap();
    freeze(connection, jc, "2016-06".parse().unwrap(), None, None, app.clock.now()).await.unwrap();
    connection.batch_execute("COMMIT").await.unwrap();
    let refused = app.post("clerk", "/v1/facts", order("2016-07")).await.expect(409);
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.contains("的 2016-06 已经关账"), "{detail}");
}

/// Which stores have a word in a month goes by the postings: none is added between the lock and the end of a delivery.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_posted_elsewhere_while_their_facts_are_recorded() {
    let app = two_stores().await;
    let period = "2016-06".parse().unwrap();
    let holder = &mut *app.pool.get().await.unwrap();
    let watcher = &mut *app.pool.get().await.unwrap();
    let origin = ledger::ValueOrigin {
        source_system: "dms".to_owned(),
        batch_id: None,
        user_id: None,
        at: app.clock.now(),
        reason: None,
    };
    let [third, fourth] = [person(holder, "A03").await, person(holder, "A04").await];
    let entry = |employee_id| [ledger::Entry::total(employee_id, "deliveries", 7.into())];
    let record = async |connection: &mut AsyncPgConnection, employee_id: i64| {
        ledger::record(connection, period, &entry(employee_id), &origin, ledger::Late::Refuse).await
    };
    // Posted after the lock and before the values: the other store has a word in them now, and while it is busy they are
    // given up rather than waited for.
    let there = &mut *app.pool.get().await.unwrap();
    there.batch_execute("BEGIN").await.unwrap();
    let first = person(there, "B01").await;
    ledger::lock(there, period, &[first]).await.unwrap();
    holder.batch_execute("BEGIN").await.unwrap();
    ledger::lock(holder, period, &[third]).await.unwrap();
    soon(post(&app, "A03", "NB", "clerk", "2016-06-01")).await.expect(201);
    assert_eq!(soon(record(holder, third)).await.unwrap_err().code, showfloor::http::Code::Conflict);
    holder.batch_execute("ROLLBACK").await.unwrap();
    there.batch_execute("ROLLBACK").await.unwrap();
    // Posted after the values: that waits.
    holder.batch_execute("BEGIN").await.unwrap();
    ledger::lock(holder, period, &[fourth]).await.unwrap();
    assert_eq!(record(holder, fourth).await.unwrap().counts.added, 1);
    let release = async {
        until_waiting(watcher, 1).await;
        holder.batch_execute("COMMIT").await.unwrap();
    };
    let (posted, ()) = soon(join(post(&app, "A04", "NB", "clerk", "2016-06-01"), release)).await;
    posted.expect(201);
}
