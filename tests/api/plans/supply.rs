//! Supply beside sales. Expected stock: opening + wholesale − deliveries by hand, from the cells of domain.md's series
//! 45/20/30/5 (largest remainder on running totals, reckoned with Python's fractions).

use reqwest::Method;
use serde_json::{Value, json};
use showfloor::auth::access::Role;

use crate::support::{Answer, As, TestApp};
use crate::users::fields;

/// Puts whatever is kept already.
pub async fn put(app: &TestApp, login: &str, body: Value) -> Answer {
    app.change(login, Method::PUT, "/v1/supply", "*", Some(body)).await
}

/// The demonstration before its year: nothing has been delivered yet.
async fn before() -> TestApp {
    TestApp::demo().await.at("2013-12-20T08:00:00Z")
}

const WHOLESALE_A: [i64; 12] = [70, 50, 65, 60, 60, 60, 55, 55, 65, 70, 70, 80];
const WHOLESALE_B: [i64; 12] = [20, 20, 20, 20, 20, 20, 40, 40, 40, 40, 40, 40];

/// series_a from 40 cars on, series_b from 30 on and counted at 25 in July.
fn example() -> Value {
    json!({"store": "JC", "year": 2014, "series": [
        {"code": "series_a", "opening": 40, "wholesale": WHOLESALE_A},
        {"code": "series_b", "opening": 30, "wholesale": WHOLESALE_B,
            "stock_takings": [{"period": "2014-07", "opening": 25}]},
    ]})
}

fn series<'a>(document: &'a Value, code: &str) -> &'a Value {
    document["series"].as_array().unwrap().iter().find(|series| series["code"] == code).unwrap()
}

/// A column of the months as text, so that decimals keep their places.
fn column(row: &Value, name: &str) -> Vec<String> {
    row["months"].as_array().unwrap().iter().map(|month| month[name].to_string()).collect()
}

fn texts<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_is_followed_along_the_plans_deliveries() {
    let app = before().await;
    put(&app, "manager", example()).await.expect(200);
    let stock = app.get("gm", "/v1/plans/2/supply").await.expect(200);
    assert_eq!((&stock["unit"], stock["line"].to_string()), (&json!("JC"), "1.5".to_owned()));
    // Everything is to come, as planned: nothing is an estimate.
    assert_eq!((&stock["notes"], column(&stock, "series_estimated")), (&json!([]), texts(&[false; 12])));
    let a = series(&stock, "series_a");
    assert_eq!(column(a, "opening"), texts(&[40, 38, 39, 37, 36, 35, 35, 38, 36, 35, 37, 37]));
    assert_eq!(column(a, "wholesale"), texts(&WHOLESALE_A));
    assert_eq!(column(a, "deliveries"), texts(&[72, 49, 67, 61, 61, 60, 52, 57, 66, 68, 70, 78]));
    assert_eq!(column(a, "closing"), texts(&[38, 39, 37, 36, 35, 35, 38, 36, 35, 37, 37, 39]));
    // 38 ÷ 72 = 0.5278, 39 ÷ 49 = 0.7959, and so on.
    let depths =
        ["0.53", "0.80", "0.55", "0.59", "0.57", "0.58", "0.73", "0.63", "0.53", "0.54", "0.53", "0.50"];
    assert_eq!(column(a, "depth"), texts(&depths));
    assert_eq!(column(a, "missing"), texts(&[0; 12]));
    // Cars are missing from April on; in July 25 are counted instead of −14, and 25 + 40 − 24 is 1.71 months.
    let b = series(&stock, "series_b");
    assert_eq!(column(b, "closing"), texts(&[18, 16, 7, -1, -8, -14, 41, 56, 67, 77, 85, 91]));
    assert_eq!(column(b, "missing"), texts(&[0, 0, 0, 1, 8, 14, 0, 0, 0, 0, 0, 0]));
    let short = (1..=12).map(|month| (4..=6).contains(&month)).collect::<Vec<_>>();
    assert_eq!(column(b, "short"), texts(&short));
    assert_eq!(column(b, "deep"), texts(&(1..=12).map(|month| month >= 7).collect::<Vec<_>>()));
    assert_eq!(b["months"][6]["depth"].to_string(), "1.71");
    // Nothing is known of series_c: neither its stock nor that of all series together.
    let c = series(&stock, "series_c");
    assert_eq!(column(c, "wholesale"), texts(&["null"; 12]));
    assert_eq!(column(c, "closing"), texts(&["null"; 12]));
    assert_eq!(column(&stock, "closing"), texts(&["null"; 12]));
    assert_eq!(
        column(&stock, "deliveries"),
        texts(&[160, 108, 149, 137, 134, 133, 117, 126, 148, 150, 156, 172])
    );
    // 0.53 months is above a line of half a month, 0.50 exactly (39 ÷ 78) is not.
    let stock = app.get("gm", "/v1/plans/2/supply?line=0.5").await.expect(200);
    assert_eq!(
        column(series(&stock, "series_a"), "deep"),
        texts(&(1..=12).map(|month| month < 12).collect::<Vec<_>>())
    );
    for line in ["0", "-1", "x", ""] {
        let answer = app.get("gm", &format!("/v1/plans/2/supply?line={line}")).await;
        assert_eq!(answer.problem(422), "validation-failed", "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_series_together_do_not_fill_each_others_gaps() {
    let app = before().await;
    let mut body = example();
    let rows = body["series"].as_array_mut().unwrap();
    // Exactly as many as are delivered: 48 32 45 41 … and 8 5 8 7 …, so that 5 and 0 stay.
    rows.push(json!({"code": "series_c", "opening": 5, "wholesale": [48, 32, 45, 41, 40, 40, 35, 38, 45, 45, 46, 52]}));
    rows.push(json!({"code": "series_d", "opening": 0, "wholesale": [8, 5, 8, 7, 6, 7, 6, 6, 8, 7, 8, 8]}));
    put(&app, "manager", body).await.expect(200);
    let stock = app.get("dashboard", "/v1/plans/2/supply").await.expect(200);
    assert_eq!(stock["series"].as_array().unwrap().len(), 4);
    // June: 35 − 14 + 5 + 0 = 26 of 133, and still 14 of series_b are missing.
    let june = &stock["months"][5];
    assert_eq!((&june["closing"], &june["deliveries"]), (&json!(26), &json!(133)));
    assert_eq!((&june["missing"], &june["short"], &june["deep"]), (&json!(14), &json!(true), &json!(false)));
    assert_eq!(june["depth"].to_string(), "0.20");
    // July begins with 35 + 25 + 5 + 0.
    assert_eq!(stock["months"][6]["opening"], json!(65));
}

#[tokio::test(flavor = "multi_thread")]
async fn supply_is_kept_by_series_and_an_unknown_opening_stays_unknown() {
    let app = TestApp::demo().await;
    put(&app, "manager", example()).await.expect(200);
    let mut taken = vec![Value::Null; 12];
    taken[0] = json!(12);
    let only = json!({"store": "JC", "year": 2014, "series": [
        {"code": "series_b", "wholesale": [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], "taken": taken}]});
    let kept = put(&app, "manager", only).await.expect(200);
    assert_eq!(app.get("auditor", "/v1/supply?store=JC&year=2014").await.expect(200), kept);
    assert_eq!(kept["series"].as_array().unwrap().len(), 2);
    assert_eq!(series(&kept, "series_a")["opening"], json!(40), "a series that is not listed stays");
    let b = series(&kept, "series_b");
    assert_eq!((&b["opening"], &b["stock_takings"]), (&Value::Null, &json!([])), "one that is, is replaced");
    assert_eq!((&b["taken"][0], &b["taken"][1]), (&json!(12), &Value::Null));
    let stock = app.get("gm", "/v1/plans/2/supply").await.expect(200);
    let b = series(&stock, "series_b");
    for name in ["opening", "closing", "depth", "short", "missing", "deep"] {
        assert_eq!(column(b, name), texts(&["null"; 12]), "{name}");
    }
    assert_eq!(column(b, "wholesale"), texts(&[1; 12]));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_at_fault_is_named_and_nothing_is_kept() {
    let app = TestApp::demo().await;
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = example();
        change(&mut body);
        body
    };
    type Change<'a> = (&'a dyn Fn(&mut Value), &'a [&'a str]);
    let changes: [Change<'_>; 9] = [
        (&|body| body["series"][1]["wholesale"] = json!([1, 2]), &["series[1].wholesale"]),
        (&|body| body["series"][1]["wholesale"][3] = json!(-1), &["series[1].wholesale[3]"]),
        (&|body| body["series"][0]["taken"] = json!([1]), &["series[0].taken"]),
        (&|body| body["year"] = json!(1), &["year"]),
        (&|body| body["series"] = json!([]), &["series"]),
        (
            &|body| {
                body["series"][0]["code"] = json!("none");
                body["series"][1]["stock_takings"] = json!([
                    {"period": "2014-01", "opening": 1}, {"period": "2015-02", "opening": 1},
                    {"period": "2014-03", "opening": 1}, {"period": "2014-03", "opening": 2}]);
            },
            &[
                "series[0].code",
                "series[1].stock_takings[0].period",
                "series[1].stock_takings[1].period",
                "series[1].stock_takings[3].period",
            ],
        ),
        (&|body| body["series"][1]["code"] = json!("series_a"), &["series[1].code"]),
        (&|body| body["store"] = json!("XX"), &["store"]),
        (&|body| body["series"][0]["opening"] = json!(1_000_000_000_001_i64), &["series[0].opening"]),
    ];
    for (change, expected) in changes {
        let answer = put(&app, "manager", with(change)).await;
        assert_eq!(fields(&answer), expected, "{:#}", answer.body);
        assert_eq!(answer.problem(422), "validation-failed");
    }
    assert_eq!(app.get("manager", "/v1/supply?store=JC&year=2014").await.expect(200)["series"], json!([]));
    assert_eq!(
        put(&app, "group", with(&|body| body["store"] = json!("JCJT"))).await.problem(422),
        "validation-failed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_are_kept_one_after_the_other_whole() {
    let app = TestApp::demo().await;
    let body = |cars: i64, codes: [&str; 4]| {
        let series = codes.map(|code| json!({"code": code, "opening": cars, "wholesale": vec![cars; 12]}));
        json!({"store": "JC", "year": 2014, "series": series})
    };
    let codes = ["series_a", "series_b", "series_c", "series_d"];
    let backwards = ["series_d", "series_c", "series_b", "series_a"];
    for _ in 0..3 {
        let puts = (1..=6).map(|cars| {
            let codes = if cars % 2 == 0 { codes } else { backwards };
            put(&app, "manager", body(cars, codes))
        });
        for answer in futures_util::future::join_all(puts).await {
            answer.expect(200);
        }
        let kept = app.get("manager", "/v1/supply?store=JC&year=2014").await.expect(200);
        let first = kept["series"][0]["opening"].clone();
        for series in kept["series"].as_array().unwrap() {
            assert_eq!(series["opening"], first);
            assert_eq!(series["wholesale"], json!(vec![first.as_i64().unwrap(); 12]));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_stores_supply_is_out_of_reach() {
    let app = TestApp::demo().await;
    crate::access::second_store(&app).await;
    app.add_user("hd_manager", &[Role::SalesManager], None, Some("HD")).await;
    assert_eq!(put(&app, "hd_manager", example()).await.problem(404), "not-found");
    for path in ["/v1/supply?store=JC&year=2014", "/v1/plans/2/supply"] {
        for login in ["hd_manager", "consultant", "leader"] {
            assert_eq!(app.get(login, path).await.problem(404), "not-found", "{login} {path}");
        }
    }
    assert_eq!(app.get("manager", "/v1/supply?store=XX&year=2014").await.problem(404), "not-found");
    assert_eq!(fields(&app.get("manager", "/v1/supply?store=JC&year=0").await), ["year"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_goes_by_what_was_delivered_up_to_today_and_by_the_plan_from_then_on() {
    // 15 May: the ledger has 156 92 144 130 of the months that have ended, and 130 of May, for which 134 are planned.
    let app = TestApp::demo().await;
    let mut body = example();
    let mut taken = vec![Value::Null; 12];
    (taken[0], taken[5]) = (json!(66), json!(1));
    body["series"][0]["taken"] = json!(taken);
    let rows = body["series"].as_array_mut().unwrap();
    rows.push(json!({"code": "series_c", "opening": 5, "wholesale": [48, 32, 45, 41, 40, 40, 35, 38, 45, 45, 46, 52]}));
    rows.push(json!({"code": "series_d", "opening": 0, "wholesale": [8, 5, 8, 7, 6, 7, 6, 6, 8, 7, 8, 8]}));
    put(&app, "manager", body).await.expect(200);
    let stock = app.get("gm", "/v1/plans/2/supply").await.expect(200);
    let planned = [160, 108, 149, 137, 134, 133, 117, 126, 148, 150, 156, 172];
    let mut deliveries = planned;
    deliveries[..4].copy_from_slice(&[156, 92, 144, 130]);
    let sources = [vec!["ledger"; 4], vec!["ledger_and_plan"], vec!["plan"; 7]].concat();
    assert_eq!(
        column(&stock, "deliveries_from"),
        sources.iter().map(|one| format!("\"{one}\"")).collect::<Vec<_>>()
    );
    let number = |month: &Value, name: &str| month[name].as_i64().unwrap();
    let all = stock["series"].as_array().unwrap();
    for (index, month) in stock["months"].as_array().unwrap().iter().enumerate() {
        let of = |name: &str| all.iter().map(|series| number(&series["months"][index], name)).sum::<i64>();
        assert_eq!(number(month, "deliveries"), of("deliveries"));
        // In May each series' share of what was delivered, or of the plan where that is more: at least the plan's.
        match index {
            4 => assert!((134..=138).contains(&number(month, "deliveries")), "{month}"),
            _ => assert_eq!(number(month, "deliveries"), deliveries[index], "{month}"),
        }
    }
    // 156 by 72 : 32 : 48 : 8 are 70.2, 31.2, 46.8 and 7.8.
    let january: Vec<i64> = all.iter().map(|series| number(&series["months"][0], "deliveries")).collect();
    assert_eq!(january, [70, 31, 47, 8]);
    // Which series they were nobody knows: the answer says so, of every month that rests on it.
    let estimated = vec!["true"; 12];
    assert_eq!(column(&stock, "series_estimated"), estimated);
    assert!(all.iter().all(|series| column(series, "series_estimated")[..6] == estimated[..6]));
    let note = stock["notes"][0].as_str().unwrap();
    assert!(note.contains("2014-01 至 2014-05") && note.contains("推算"), "{note}");
    // series_b is counted in July: what is known then is known, and planned afterwards.
    assert_eq!(column(series(&stock, "series_b"), "series_estimated")[6..], ["false"; 6]);
    // 66 of series_a were taken rather than 70: 40 + 66 − 70. What is said of June, which is to come, does not count yet.
    let a = series(&stock, "series_a");
    assert_eq!((&a["months"][0]["taken"], &a["months"][0]["closing"]), (&json!(66), &json!(36)));
    assert_eq!(&a["months"][5]["taken"], &Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_set_the_supply_see_each_others_changes() {
    let app = TestApp::demo().await;
    let path = "/v1/supply?store=JC&year=2014";
    assert_eq!(app.get("manager", path).await.etag.as_deref(), Some("\"0\""));
    let without = async || app.send(As::Login("manager"), Method::PUT, "/v1/supply", Some(example())).await;
    let made = without().await;
    assert_eq!((made.status.as_u16(), made.etag.as_deref()), (200, Some("\"1\"")));
    assert_eq!(without().await.problem(428), "precondition-required");
    let change =
        async |seen: &str| app.change("manager", Method::PUT, "/v1/supply", seen, Some(example())).await;
    assert_eq!(change("\"0\"").await.problem(412), "precondition-failed");
    let answers = futures_util::future::join_all((0..3).map(|_| change("\"1\""))).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412]);
    assert_eq!(app.get("manager", path).await.etag.as_deref(), Some("\"2\""));
    assert_eq!(app.get("manager", "/v1/supply?store=JC&year=2015").await.etag.as_deref(), Some("\"0\""));
}
