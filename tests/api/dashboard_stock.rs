//! Stock beside the targets on dashboards: held to the plan's own stock, which is reckoned series by series, and to sums by hand.

use reqwest::Method;
use serde_json::{Value, json};
use showfloor::auth::access::Role;

use crate::plans::supply::put;
use crate::support::TestApp;
use crate::users::fields;

/// All four series that the store's plan is split by, counted in January, and again in July.
fn supply() -> Value {
    let counted = |opening: i64| json!([{"period": "2014-07", "opening": opening}]);
    let series = |code: &str, opening: i64, months: [i64; 12], july: i64| json!({"code": code, "opening": opening, "wholesale": months, "stock_takings": counted(july)});
    json!({"store": "JC", "year": 2014, "series": [
        series("series_a", 40, [70, 50, 65, 60, 60, 60, 55, 55, 65, 70, 70, 80], 35),
        series("series_b", 30, [20, 20, 20, 20, 20, 20, 40, 40, 40, 40, 40, 40], 25),
        series("series_c", 5, [48, 32, 45, 41, 40, 40, 35, 38, 45, 45, 46, 52], 6),
        series("series_d", 0, [8, 5, 8, 7, 6, 7, 6, 6, 8, 7, 8, 8], 1),
    ]})
}

const YEAR: &str = "/v1/dashboard/stock-depth?period=2014-12&months=12";
const COLUMNS: [&str; 7] =
    ["opening", "wholesale", "taken", "deliveries", "deliveries_from", "closing", "stock_depth"];

fn column(rows: &Value, name: &str) -> Vec<String> {
    rows.as_array().unwrap().iter().map(|row| row[name].to_string()).collect()
}

fn texts<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_is_that_of_the_plan_in_which_every_series_is_followed() {
    let before = TestApp::demo().await.at("2013-12-20T08:00:00Z");
    let mut body = supply();
    // In January 66 were taken of one series rather than 70, and of the others it is known as well; in February of one alone.
    for (at, taken) in [66, 20, 48, 9].into_iter().enumerate() {
        body["series"][at]["taken"] =
            [vec![json!(taken), if at == 1 { json!(17) } else { Value::Null }], vec![Value::Null; 10]]
                .concat()
                .into();
    }
    put(&before, "manager", body).await.expect(200);
    // Before the year everything is planned; in May four months are over.
    for app in [before.at("2013-12-20T08:00:00Z"), before.at("2014-05-15T08:00:00Z")] {
        let plan = app.get("gm", "/v1/plans/2/supply").await.expect(200);
        for login in ["gm", "dashboard", "auditor"] {
            let rows = app.get(login, &format!("{YEAR}&unit=JC")).await.expect(200);
            for name in COLUMNS {
                let named = name.trim_start_matches("stock_");
                assert_eq!(column(&rows, name), column(&plan["months"], named), "{login} {name}");
            }
            assert_eq!(column(&rows, "stores_known"), texts(&[1; 12]));
            let attained =
                app.get(login, "/v1/dashboard/attainment?period=2014-12&months=12&unit=JC&level=store").await;
            assert_eq!(column(&rows, "target"), column(&attained.expect(200), "target"));
        }
    }
    let rows = before.at("2014-05-15T08:00:00Z").get("dashboard", YEAR).await.expect(200);
    // 75 + 66 + 20 + 48 + 9 − 156 = 62, + 50 + 17 + 32 + 5 − 92 = 74; 62 ÷ 156 = 0.397…
    assert_eq!(column(&rows, "closing")[..2], texts(&[62, 74]));
    assert_eq!(column(&rows, "taken")[..2], ["143", "null"]);
    assert_eq!(column(&rows, "stock_depth")[0], "0.40");
    assert_eq!(column(&rows, "opening")[6], "67", "counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stock_that_is_not_known_is_said_and_is_no_zero() {
    let app = TestApp::demo().await;
    let unknown = |rows: &Value| {
        for name in ["opening", "wholesale", "closing", "stock_depth"] {
            assert!(column(rows, name).iter().all(|value| value == "null"), "{name}: {rows:#}");
        }
        assert_eq!(column(rows, "stores_known"), texts(&vec![0; rows.as_array().unwrap().len()]));
        // What is delivered and planned is known all the same.
        assert!(column(rows, "target").iter().all(|value| value != "null"), "{rows:#}");
    };
    let get = async |path: &str| app.get("dashboard", path).await.expect(200);
    unknown(&get(&format!("{YEAR}&level=all")).await);
    // Of one of the plan's series nothing is supplied.
    let mut body = supply();
    body["series"].as_array_mut().unwrap().pop();
    put(&app, "manager", body).await.expect(200);
    unknown(&get(YEAR).await);
    // With it all are; and where only some are counted again, nobody knows how many there are of all.
    let mut body = supply();
    body["series"][3]["stock_takings"] = json!([]);
    put(&app, "manager", body).await.expect(200);
    let rows = get(YEAR).await;
    let known = column(&rows, "closing").iter().map(|closing| closing != "null").collect::<Vec<_>>();
    assert_eq!(known, [vec![true; 6], vec![false; 6]].concat());
    assert_eq!(column(&rows, "wholesale")[6..], texts(&[136, 139, 158, 162, 164, 180]));
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_the_sums_of_their_stores_and_lead_down_and_up() {
    let app = TestApp::demo().await;
    put(&app, "manager", supply()).await.expect(200);
    app.add_user("group.wall", &[Role::Dashboard], None, Some("JCJT")).await;
    let path = "/v1/dashboard/stock-depth?period=2014-06&months=2&level=group&compare=last-month,last-year";
    let group = app.get("group.wall", path).await.expect(200);
    assert_eq!(column(&group, "unit"), ["\"JCJT\""; 2]);
    let store = app.get("group.wall", &path.replace("level=group", "level=store")).await.expect(200);
    for name in COLUMNS {
        assert_eq!(column(&group, name), column(&store, name), "{name}");
    }
    let [may, june] = [0, 1].map(|at| group[at]["closing"].as_i64().unwrap());
    assert_eq!(group[1]["last_month"]["was"]["closing"], may);
    assert_eq!(group[1]["last_month"]["change"]["closing"], june - may);
    assert_eq!(group[1]["last_year"]["was"]["closing"], Value::Null);
    // Down to the store, where it ends, and up again.
    let down = app.get("group.wall", group[1]["links"]["children"].as_str().unwrap()).await.expect(200);
    assert_eq!(column(&down, "unit"), ["\"JCJT\"", "\"JC\""]);
    assert_eq!(down[1]["links"]["children"], Value::Null);
    let up = app.get("group.wall", down[1]["links"]["parent"].as_str().unwrap()).await.expect(200);
    assert_eq!(up, down);
    // A second store without a supply: the group's stock is not known, and of how many it is, is said.
    let unit =
        json!({"code": "S2", "name": "二店", "kind": "store", "parent": "JCJT", "valid_from": "2014-01-01"});
    app.post("admin", "/v1/org-units", unit).await.expect(201);
    let group = app.get("group.wall", path).await.expect(200);
    assert_eq!((&group[1]["closing"], &group[1]["stock_depth"]), (&Value::Null, &Value::Null));
    assert_eq!((&group[1]["stores_known"], &group[1]["month"]["stores"]), (&json!(1), &json!(2)));
    // Teams have none.
    let refused = app.get("group.wall", "/v1/dashboard/stock-depth?period=2014-06&level=store,team").await;
    assert_eq!(fields(&refused), ["level"]);
    assert_eq!(
        app.get("dashboard", "/v1/dashboard/stock-depth?period=2014-06&unit=G1").await.expect(200),
        json!([])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_supplied_is_told_by_the_feed_with_the_year_that_it_changes() {
    let app = TestApp::demo().await;
    let cursor = app.get("dashboard", "/v1/changes").await.expect(200)["cursor"].clone();
    put(&app, "manager", supply()).await.expect(200);
    let path = format!("/v1/changes?limit=500&after={}", cursor.as_str().unwrap());
    // Whatever other transactions are waited for.
    let mut changes = app.get("dashboard", &path).await.expect(200)["items"].clone();
    while changes.as_array().unwrap().len() < 12 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        changes = app.get("dashboard", &path).await.expect(200)["items"].clone();
    }
    assert_eq!(column(&changes, "resource"), ["\"stock-depth\""; 12]);
    assert_eq!((&changes[2]["key"], &changes[2]["period"]), (&json!("2014-03/JC"), &json!("2014-03")));
    let path = changes[2]["path"].as_str().unwrap();
    let rows = app.get("dashboard", path).await.expect(200);
    assert_eq!(rows, app.get("dashboard", &format!("{YEAR}&unit=JC")).await.expect(200));
    // And whoever asks again has the new stock.
    let answer = app.get("dashboard", path).await;
    let mut body = supply();
    body["series"][0]["opening"] = json!(50);
    put(&app, "manager", body).await.expect(200);
    let request = app.request(Method::GET, path).bearer_auth(app.token("dashboard").await);
    let again = request.header("If-None-Match", answer.etag.unwrap()).send().await.unwrap();
    assert_eq!(again.status(), 200);
    let again = again.json::<Value>().await.unwrap();
    assert_eq!(again[0]["opening"], rows[0]["opening"].as_i64().unwrap() + 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stock_of_a_store_tells_nobody_what_two_people_delivered() {
    // A store of three, of whom one is elsewhere in February.
    let app = TestApp::demo().await;
    let create = async |path: &str, body: Value| app.post("admin", path, body).await.expect(201);
    create(
        "/v1/org-units",
        json!({"code": "S2", "name": "二店", "kind": "store", "parent": "JCJT", "valid_from": "2013-01-01"}),
    )
    .await;
    for (employee_no, spans) in [
        ("B01", &[("2013-01-01", None)][..]),
        ("B02", &[("2013-01-01", None)]),
        ("B03", &[("2013-01-01", Some("2014-02-01")), ("2014-03-01", None)]),
    ] {
        create("/v1/employees", json!({"employee_no": employee_no, "name": "某某", "status": "active"}))
            .await;
        for (valid_from, valid_to) in spans {
            create(
                "/v1/assignments",
                json!({"employee_no": employee_no, "unit": "S2", "position": "sales_consultant",
                    "valid_from": valid_from, "valid_to": valid_to}),
            )
            .await;
        }
    }
    app.add_user("desk", &[Role::Clerk], None, Some("S2")).await;
    app.add_user("group.wall", &[Role::Dashboard], None, Some("JCJT")).await;
    for (period, cars) in [
        ("2014-01", &[("B01", 10), ("B02", 11), ("B03", 12)][..]),
        ("2014-02", &[("B01", 5), ("B02", 6)]),
        ("2014-03", &[("B01", 7), ("B02", 8), ("B03", 9)]),
    ] {
        let rows =
            cars.iter().map(|(person, cars)| json!({"employee_no": person, "facts": {"deliveries": cars}}));
        let body = json!({"period": period, "source_system": "test", "rows": rows.collect::<Vec<_>>()});
        app.post("desk", "/v1/facts", body).await.expect(200);
    }
    let series = json!({"code": "series_a", "opening": 100, "wholesale": [30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30],
        "stock_takings": [{"period": "2014-03", "opening": 116}]});
    put(&app, "group", json!({"store": "S2", "year": 2014, "series": [series]})).await.expect(200);
    let path = "/v1/dashboard/stock-depth?period=2014-03&months=3";
    // 100 + 30 − 33, + 30 − 11, and from what was counted 116 + 30 − 24.
    let known = app.get("auditor", &format!("{path}&unit=S2")).await.expect(200);
    assert_eq!(column(&known, "closing"), texts(&[97, 116, 122]));
    assert_eq!(column(&known, "deliveries"), texts(&[33, 11, 24]));
    // February's cars are of two, and what came and what is left would tell them.
    for query in ["unit=S2", "unit=S2&compare=last-month", "level=store&sort=-closing"] {
        let rows = app.get("group.wall", &format!("{path}&{query}")).await.expect(200);
        let rows =
            rows.as_array().unwrap().iter().filter(|row| row["unit"] == "S2").cloned().collect::<Vec<_>>();
        let mut rows = rows.into_iter().map(|row| (row["period"].to_string(), row)).collect::<Vec<_>>();
        rows.sort_by(|one, other| one.0.cmp(&other.0));
        let rows = Value::Array(rows.into_iter().map(|(_, row)| row).collect());
        for name in ["opening", "closing", "stock_depth"] {
            assert_eq!(column(&rows, name), ["null"; 3], "{query} {name}");
        }
        assert_eq!(column(&rows, "deliveries"), ["33", "null", "24"], "{query}");
        assert_eq!(column(&rows, "wholesale"), ["30", "null", "30"], "{query}");
        assert_eq!(column(&rows, "withheld"), ["true"; 3], "{query}");
        assert_eq!(column(&rows, "stores_known"), ["0"; 3], "{query}");
    }
    // Nor does the group's, of which the other store's is known.
    let group = app.get("group.wall", &format!("{path}&level=group")).await.expect(200);
    let store = app.get("group.wall", &format!("{path}&unit=JC")).await.expect(200);
    assert_eq!(column(&group, "deliveries")[1], "null");
    assert_ne!(column(&store, "deliveries")[1], "null");
}
