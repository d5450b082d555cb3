//! Somebody who is posted in two stores in a month: each delivers its own, and both add up.

use diesel_async::SimpleAsyncConnection as _;
use reqwest::Method;
use serde_json::{Value, json};
use showfloor::auth::Context;
use showfloor::ledger::close::freeze;
use showfloor::ledger::person_months::check;

use crate::store_months::{post, store, two_stores};
use crate::support::{Answer, TestApp};

const MONTH: &str = "2016-06";

/// The two stores, and B03, who moves from the first to the second on the 10th: the month counts for the second.
async fn moved() -> TestApp {
    let app = two_stores().await;
    join(&app).await;
    let end = json!({"valid_to": "2016-06-10"});
    let path = format!("/v1/assignments/{}", posting(&app).await);
    app.change("admin", Method::PATCH, &path, "*", Some(end)).await.expect(200);
    post(&app, "B03", "NB", "sales_consultant", "2016-06-10").await.expect(201);
    app
}

/// B03 is posted in the first store.
async fn join(app: &TestApp) {
    let new = json!({"employee_no": "B03", "name": "调店", "status": "active"});
    app.post("admin", "/v1/employees", new).await.expect(201);
    post(app, "B03", "G1", "sales_consultant", "2016-01-01").await.expect(201);
}

async fn posting(app: &TestApp) -> Value {
    let postings = app.get("admin", "/v1/assignments?employee_no=B03").await.expect(200);
    postings["items"][0]["id"].clone()
}

async fn deliver(app: &TestApp, login: &str, facts: Value) -> Answer {
    let rows = json!([{"employee_no": "B03", "facts": facts}]);
    app.post(login, "/v1/facts", json!({"period": MONTH, "source_system": "dms", "rows": rows})).await
}

async fn orders(app: &TestApp) -> Value {
    let path = format!("/v1/facts?period={MONTH}&employee_no=B03");
    app.get("group", &path).await.expect(200)["items"][0]["facts"]["orders"].clone()
}

/// People's months and the sums of units are what the ledger says.
async fn check(app: &TestApp) {
    let cx = &mut Context::operator(&app.pool, app.clock.now()).await.unwrap();
    let checked = check::check(cx, Some(MONTH.parse().unwrap())).await.unwrap();
    assert_eq!(checked.differences, []);
}

async fn freeze_store(app: &TestApp, code: &str) {
    let connection = &mut *app.pool.get().await.unwrap();
    let store_id = store(connection, code).await;
    connection.batch_execute("BEGIN").await.unwrap();
    freeze(connection, store_id, MONTH.parse().unwrap(), None, None, app.clock.now()).await.unwrap();
    connection.batch_execute("COMMIT").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn five_and_three_is_eight() {
    let app = moved().await;
    for (login, number, sum) in [
        ("clerk", 5, 5),
        ("clerk_nb", 3, 8),
        // The same again, and each store's correction of its own.
        ("clerk", 5, 8),
        ("clerk_nb", 4, 9),
        ("clerk", 6, 10),
        ("clerk_nb", 0, 6),
        ("clerk_nb", 3, 9),
    ] {
        deliver(&app, login, json!({"orders": number})).await.expect(200);
        assert_eq!(orders(&app).await, sum, "{login} {number}");
        check(&app).await;
    }
    let path = format!("/v1/facts/history?period={MONTH}&employee_no=B03&metric=orders");
    let history = app.get("group", &path).await.expect(200)["items"].clone();
    let standing = history.as_array().unwrap().iter().filter(|row| row["stands"] == true);
    let standing = standing.map(|row| (row["store"].clone(), row["value"].clone(), row["counts"].clone()));
    let mut standing = standing.collect::<Vec<_>>();
    standing.sort_by_key(|one| one.0.to_string());
    assert_eq!(standing, [(json!("JC"), json!(6), json!(true)), (json!("NB"), json!(3), json!(true))]);
    // A day beside two totals does not count, and one part that is voided leaves the other.
    let rows = json!([{"employee_no": "B03", "day": "2016-06-03", "facts": {"orders": 1}}]);
    let day = json!({"period": MONTH, "source_system": "dms", "rows": rows});
    let told = app.post("clerk", "/v1/facts", day).await.expect(200);
    assert_eq!(told["rows"][0]["not_counted"][0]["counts_instead"], "delivered_total");
    let part = history.as_array().unwrap().iter().find(|row| row["store"] == "JC" && row["stands"] == true);
    let void = json!({"value": null, "reason": "wrong person"});
    let path = format!("/v1/facts/{}/correct", part.unwrap()["id"]);
    app.post("clerk", &path, void).await.expect(200);
    assert_eq!(orders(&app).await, 3);
    check(&app).await;
    // Who reaches both stores speaks for the one for which the month counts, and a mark is no sum.
    for (login, metric, number, expected) in [
        ("group", "scheduled_days", 17, 17),
        ("hr", "scheduled_days", 9, 26),
        ("group", "scheduled_days", 18, 27),
        ("group", "exam_score", 80, 80),
        ("hr", "exam_score", 90, 90),
        // Of hours it is one.
        ("group", "overtime_hours", 6, 6),
        ("hr", "overtime_hours", 5, 11),
        ("hr", "overtime_hours", 3, 9),
        ("group", "training_hours", 4, 4),
        ("hr", "training_hours", 2, 6),
    ] {
        deliver(&app, login, json!({metric: number})).await.expect(200);
        let path = format!("/v1/facts?period={MONTH}&employee_no=B03");
        let facts = app.get("group", &path).await.expect(200)["items"][0]["facts"].clone();
        assert_eq!(facts[metric], expected, "{login} {metric}");
        check(&app).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_delivered_before_somebody_moved_stays_beside_what_comes_then() {
    let app = two_stores().await;
    join(&app).await;
    deliver(&app, "clerk", json!({"orders": 5})).await.expect(200);
    let end = json!({"valid_to": "2016-06-10"});
    let path = format!("/v1/assignments/{}", posting(&app).await);
    app.change("admin", Method::PATCH, &path, "*", Some(end)).await.expect(200);
    post(&app, "B03", "NB", "sales_consultant", "2016-06-10").await.expect(201);
    check(&app).await;
    deliver(&app, "clerk_nb", json!({"orders": 3})).await.expect(200);
    assert_eq!(orders(&app).await, 8);
    deliver(&app, "clerk", json!({"orders": 6})).await.expect(200);
    assert_eq!(orders(&app).await, 9);
    check(&app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_stores_freeze_and_late_corrections_are_its_own() {
    let app = moved().await;
    deliver(&app, "clerk", json!({"orders": 5})).await.expect(200);
    deliver(&app, "clerk_nb", json!({"orders": 3})).await.expect(200);
    // The first store's month is shut, and the second's goes on.
    freeze_store(&app, "JC").await;
    deliver(&app, "clerk_nb", json!({"orders": 4})).await.expect(200);
    assert_eq!(orders(&app).await, 9);
    assert_eq!(deliver(&app, "clerk", json!({"orders": 6})).await.problem(409), "conflict");
    let rows = json!([{"employee_no": "B03", "facts": {"orders": 6}}]);
    let late = json!({"period": MONTH, "source_system": "dms", "rows": rows, "late": "keep"});
    app.post("clerk", "/v1/facts", late).await.expect(200);
    assert_eq!(orders(&app).await, 9);
    let waiting = app.get("group", "/v1/late-corrections?state=pending").await.expect(200)["items"].clone();
    assert_eq!((waiting.as_array().unwrap().len(), &waiting[0]["store"]), (1, &json!("JC")));
    let decision = json!({"ids": [waiting[0]["id"]], "accept": true});
    app.post("group", "/v1/late-corrections/decisions", decision).await.expect(200);
    // 6 and 4.
    assert_eq!(orders(&app).await, 10);
    check(&app).await;
    // What would change what the second store's people were shown waits there.
    freeze_store(&app, "NB").await;
    assert_eq!(deliver(&app, "clerk_nb", json!({"orders": 5})).await.problem(409), "conflict");
    deliver(&app, "clerk_nb", json!({"orders": 4})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_at_once_add_up() {
    let app = moved().await;
    for round in 1..=4 {
        let both = futures_util::future::join(
            deliver(&app, "clerk", json!({"orders": round})),
            deliver(&app, "clerk_nb", json!({"orders": 10 * round})),
        )
        .await;
        both.0.expect(200);
        both.1.expect(200);
        assert_eq!(orders(&app).await, 11 * round);
    }
    check(&app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reaches_both_stores_says_whose_it_is() {
    let app = moved().await;
    let said = async |store: &str, days: i64| {
        let rows = json!([{"employee_no": "B03", "facts": {"scheduled_days": days}}]);
        let body = json!({"period": MONTH, "source_system": "hrm", "store": store, "rows": rows});
        app.post("group", "/v1/facts", body).await
    };
    said("JC", 7).await.expect(200);
    said("NB", 18).await.expect(200);
    let path = format!("/v1/facts?period={MONTH}&employee_no=B03");
    let facts = app.get("group", &path).await.expect(200)["items"][0]["facts"].clone();
    assert_eq!(facts["scheduled_days"], 25);
    for unknown in ["G1", "XX"] {
        let refused = said(unknown, 1).await;
        assert_eq!(refused.body["errors"][0]["field"], "store");
        assert_eq!(refused.problem(422), "validation-failed");
    }
    let other = json!({"period": MONTH, "source_system": "dms", "store": "NB", "rows": []});
    assert_eq!(app.post("clerk", "/v1/facts", other).await.problem(422), "validation-failed");
}

/// The operator reaches every store: each file is of the store of those who are in one only.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_of_the_store_of_its_people() {
    let app = moved().await;
    let import = async |others: &[&str], deliveries: i64| {
        use showfloor::spreadsheets::import::Content;
        use showfloor::spreadsheets::import_file::{ImportFile, Manner, ReadBy, import};
        let mut text = "工号,姓名,交车台数\n".to_owned();
        for (no, name) in [("B03", "调店"), ("A02", "李思敏"), ("B01", "B01")] {
            if no == "B03" || others.contains(&no) {
                text += &format!("{no},{name},{deliveries}\n");
            }
        }
        let file = ImportFile {
            by: ReadBy::Kind(showfloor::spreadsheets::mapping::built_in::ImportKind::DmsFunnel),
            period: MONTH.parse().unwrap(),
            name: "dms.csv".to_owned(),
            content: Content::from(text.into_bytes()),
        };
        let open = async || Context::operator(&app.pool, app.clock.now()).await;
        let month = MONTH.parse().unwrap();
        let catalogue = app.catalogues.of(&app.pool.get().await.unwrap(), month).await.unwrap();
        let silent = std::sync::Arc::new(|_| std::ops::ControlFlow::Continue(())) as _;
        import(open, &catalogue, file, &Manner::default(), &silent).await.unwrap()
    };
    let known = async || {
        let path = format!("/v1/facts?period={MONTH}&employee_no=B03");
        app.get("group", &path).await.expect(200)["items"][0]["facts"]["deliveries"].clone()
    };
    let here = import(&["A02"], 5).await;
    assert!(here.notes.iter().any(|note| note.to_string().contains("JC")), "{here:#?}");
    assert_eq!(known().await, 5);
    import(&["B01"], 3).await;
    assert_eq!(known().await, 8);
    import(&["A02"], 6).await;
    assert_eq!(known().await, 9);
    check(&app).await;
}
