//! Annual plans over HTTP: the worked example of domain.md, and the way from a draft to a plan in force.

mod activities;
mod commitments;
mod differences;
mod few;
mod groups;
mod keys;
mod known;
mod lines;
mod methods;
mod pace;
mod pins;
mod proposals;
mod rebates;
mod replanned;
mod replans;
mod sheets;
mod steps;
mod suggestions;
mod sums;
pub mod supply;
mod transfers;
mod trees;
mod walk;
mod year;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use reqwest::Method;
use serde_json::{Value, json};
use showfloor::db::schema::org_unit;
use showfloor::period::Period;
use showfloor::plan;

use crate::support::{Answer, TestApp};
use crate::users::fields;

/// The plan of the worked example for another year of the demonstration's store.
pub fn worked_example(year: i32) -> Value {
    let team = |unit: &str, weight: i64, first: usize, weights: [i64; 4]| {
        let members: Vec<_> = weights
            .iter()
            .enumerate()
            .map(|(index, weight)| json!({"employee_no": format!("A{:02}", first + index), "weight": weight}))
            .collect();
        json!({"unit": unit, "weight": weight, "members": members})
    };
    let labels = |labels: &[(&str, i64)]| -> Vec<_> {
        labels.iter().map(|(code, weight)| json!({"code": code, "weight": weight})).collect()
    };
    json!({
        "unit": "JC", "year": year, "metric": "deliveries", "total": 1690,
        "season": [950, 640, 880, 810, 795, 785, 690, 745, 875, 885, 925, 1020],
        "units": [
            team("G1", 36, 1, [28, 26, 24, 22]),
            team("G2", 34, 5, [28, 26, 24, 22]),
            team("G3", 30, 9, [32, 28, 24, 16]),
        ],
        "channels": labels(&[("showroom", 60), ("phone_web", 22), ("invitation", 10), ("auto_show", 8)]),
        "series": labels(&[("series_a", 45), ("series_b", 20), ("series_c", 30), ("series_d", 5)]),
    })
}

pub async fn draft(app: &TestApp, login: &str, year: i32) -> Value {
    app.post(login, "/v1/plans", worked_example(year)).await.expect(201)
}

/// Posts to a plan with `If-Match`.
pub async fn step(
    app: &TestApp,
    login: &str,
    id: &Value,
    step: &str,
    seen: &str,
    body: Option<Value>,
) -> Answer {
    app.change(login, Method::POST, &format!("/v1/plans/{id}/{step}"), seen, body).await
}

pub async fn approve(app: &TestApp, login: &str, id: &Value, month: &str) -> Answer {
    step(app, login, id, "approve", "*", Some(json!({ "effective_from": month }))).await
}

pub async fn read(app: &TestApp, id: &Value) -> Value {
    app.get("auditor", &format!("/v1/plans/{id}")).await.expect(200)
}

fn months(row: &Value) -> Vec<i64> {
    row["months"].as_array().unwrap().iter().map(|month| month.as_i64().unwrap()).collect()
}

fn find<'a>(rows: &'a Value, key: &str, name: &str) -> &'a Value {
    rows.as_array()
        .unwrap()
        .iter()
        .find(|row| row[key] == name)
        .unwrap_or_else(|| panic!("no {name} in {rows:#}"))
}

fn person<'a>(document: &'a Value, team: &str, employee_no: &str) -> &'a Value {
    find(&find(&document["units"], "unit", team)["members"], "employee_no", employee_no)
}

/// domain.md, "Worked example, total 1690".
const STORE: [i64; 12] = [160, 108, 149, 137, 134, 133, 117, 126, 148, 150, 156, 172];
const TEAMS: [(&str, [i64; 12], i64); 3] = [
    ("G1", [58, 39, 53, 50, 48, 48, 42, 45, 53, 54, 57, 61], 608),
    ("G2", [54, 37, 51, 46, 46, 45, 40, 43, 50, 51, 53, 59], 575),
    ("G3", [48, 32, 45, 41, 40, 40, 35, 38, 45, 45, 46, 52], 507),
];
const CHANNELS: [(&str, [i64; 12], i64); 4] = [
    ("showroom", [96, 65, 89, 83, 80, 79, 71, 76, 88, 90, 94, 103], 1014),
    ("phone_web", [35, 24, 33, 30, 29, 30, 25, 28, 33, 33, 34, 38], 372),
    ("invitation", [16, 11, 15, 13, 14, 13, 12, 12, 15, 15, 16, 17], 169),
    ("auto_show", [13, 8, 12, 11, 11, 11, 9, 10, 12, 12, 12, 14], 135),
];
const SERIES: [(&str, i64); 4] = [("series_a", 761), ("series_b", 338), ("series_c", 507), ("series_d", 84)];
const A01: [i64; 12] = [16, 11, 15, 14, 13, 14, 12, 12, 15, 15, 16, 17];
const A12: [i64; 12] = [8, 5, 7, 7, 6, 6, 6, 6, 7, 7, 8, 8];

fn sums_to(rows: &Value, expected: &[i64]) {
    let mut sums = vec![0; 12];
    for row in rows.as_array().unwrap() {
        sums.iter_mut().zip(months(row)).for_each(|(sum, month)| *sum += month);
        assert_eq!(row["year"].as_i64().unwrap(), months(row).iter().sum::<i64>());
    }
    assert_eq!(sums, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worked_example_is_split_to_the_last_unit() {
    let app = TestApp::demo().await;
    let answer = app.post("manager", "/v1/plans", worked_example(2015)).await;
    let (etag, location) = (answer.etag.clone(), answer.location.clone().unwrap());
    let plan = answer.expect(201);
    assert_eq!(location, format!("/v1/plans/{}", plan["id"]));
    assert_eq!((&plan["version"], &plan["status"]), (&json!(1), &json!("draft")));
    assert_eq!((&plan["author"], &plan["approver"]), (&json!("manager"), &Value::Null));
    let read = app.get("manager", &location).await;
    assert_eq!(read.etag, etag);
    let document = read.expect(200);
    assert_eq!(months(&document), STORE);
    assert_eq!(document["season"], worked_example(2015)["season"]);
    for (unit, expected, year) in TEAMS {
        let team = find(&document["units"], "unit", unit);
        assert_eq!((months(team), &team["year"]), (expected.to_vec(), &json!(year)), "{unit}");
        sums_to(&team["members"], &expected);
        assert_eq!(team["members"].as_array().unwrap().len(), 4);
    }
    for (code, expected, year) in CHANNELS {
        let channel = find(&document["channels"], "code", code);
        assert_eq!((months(channel), &channel["year"]), (expected.to_vec(), &json!(year)), "{code}");
    }
    for (code, year) in SERIES {
        assert_eq!(find(&document["series"], "code", code)["year"], json!(year), "{code}");
    }
    sums_to(&document["units"], &STORE);
    sums_to(&document["channels"], &STORE);
    sums_to(&document["series"], &STORE);
    assert_eq!((months(person(&document, "G1", "A01")), 170), (A01.to_vec(), A01.iter().sum()));
    assert_eq!((months(person(&document, "G3", "A12")), 81), (A12.to_vec(), A12.iter().sum()));
    // The list of cells says the same.
    let path = format!("/v1/plans/{}/targets?employee_no=A12&limit=500", plan["id"]);
    let cells = app.get("manager", &path).await.expect(200);
    let confirmed: Vec<_> =
        cells["items"].as_array().unwrap().iter().map(|cell| cell["confirmed"].as_i64().unwrap()).collect();
    assert_eq!(confirmed, A12);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cell_is_listed_once_page_by_page() {
    let app = TestApp::demo().await;
    let plan = draft(&app, "manager", 2015).await;
    let path = format!("/v1/plans/{}/targets?limit=37", plan["id"]);
    let (mut cells, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.get("manager", &format!("{path}{cursor}")).await.expect(200);
        cells.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    // The store, three teams, twelve people, four channels and four series, twelve months each.
    assert_eq!(cells.len(), (1 + 3 + 12 + 4 + 4) * 12);
    let mut keys: Vec<_> = cells
        .iter()
        .map(|cell| {
            ["tree", "unit", "employee_no", "code", "period"].map(|key| cell[key].to_string()).join(" ")
        })
        .collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), cells.len());
    let sum: i64 = cells
        .iter()
        .filter(|cell| cell["employee_no"].is_string())
        .map(|cell| cell["confirmed"].as_i64().unwrap())
        .sum();
    assert_eq!(sum, 1690);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_goes_on_where_the_last_one_ended_whatever_has_come_before_it() {
    let app = TestApp::demo().await;
    let id = draft(&app, "manager", 2015).await["id"].clone();
    let path = format!("/v1/plans/{id}/targets?limit=10");
    let key = |cell: &Value| {
        ["tree", "unit", "employee_no", "code", "period"].map(|key| cell[key].to_string()).join(" ")
    };
    let keys = |page: &Value| page["items"].as_array().unwrap().iter().map(key).collect::<Vec<_>>();
    let first = app.get("manager", &path).await.expect(200);
    // A12 joins team 1 as well: a cell more in January, among those that the first page has.
    let weights: Vec<_> =
        ["A01", "A02", "A03", "A04", "A12"].map(|no| json!({"employee_no": no, "weight": 1})).to_vec();
    let change = json!({"unit": "G1", "from": "2015-01", "to": "2015-12", "weights": weights});
    step(&app, "manager", &id, "resplits", "*", Some(change)).await.expect(200);
    let mut seen = keys(&first);
    let mut next = first["next_cursor"].clone();
    while let Some(cursor) = next.as_str() {
        let page = app.get("manager", &format!("{path}&cursor={cursor}")).await.expect(200);
        seen.extend(keys(&page));
        next = page["next_cursor"].clone();
    }
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), count, "no cell is listed twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn version_2_gives_the_leave_of_a07_to_the_rest_of_the_team() {
    let app = TestApp::demo().await;
    let first = draft(&app, "manager", 2015).await["id"].clone();
    step(&app, "manager", &first, "submit", "*", None).await.expect(200);
    approve(&app, "gm", &first, "2015-01").await.expect(200);
    let before = read(&app, &first).await;

    let second = app.post_empty("manager", &format!("/v1/plans/{first}/versions")).await.expect(201);
    assert_eq!((&second["version"], &second["status"]), (&json!(2), &json!("draft")));
    let second = second["id"].clone();
    let weights = json!([
        {"employee_no": "A05", "weight": 28}, {"employee_no": "A06", "weight": 26}, {"employee_no": "A08", "weight": 22}]);
    let leave = json!({"unit": "G2", "from": "2015-06", "to": "2015-08", "weights": weights});
    step(&app, "manager", &second, "resplits", "*", Some(leave)).await.expect(200);
    let mut after = read(&app, &second).await;
    for (employee_no, summer) in
        [("A05", [17, 14, 16]), ("A06", [15, 14, 15]), ("A07", [0, 0, 0]), ("A08", [13, 12, 12])]
    {
        assert_eq!(months(person(&after, "G2", employee_no))[5..8], summer, "{employee_no}");
    }
    sums_to(&find(&after["units"], "unit", "G2")["members"], &TEAMS[1].1);
    // Everything else is as it was: put the summer and the heading back, and nothing differs.
    for index in 0..4 {
        for month in 5..8 {
            after["units"][1]["members"][index]["months"][month] =
                before["units"][1]["members"][index]["months"][month].clone();
            after["units"][1]["members"][index]["suggested"][month] =
                before["units"][1]["members"][index]["suggested"][month].clone();
        }
        after["units"][1]["members"][index]["year"] = before["units"][1]["members"][index]["year"].clone();
    }
    for field in ["season", "months", "units", "channels", "series", "total"] {
        assert_eq!(after[field], before[field], "{field}");
    }

    step(&app, "manager", &second, "submit", "*", None).await.expect(200);
    assert_eq!(approve(&app, "gm", &second, "2015-06").await.expect(200)["effective_from"], "2015-06");
    let superseded = read(&app, &first).await;
    assert_eq!(superseded["status"], "superseded");
    for field in ["months", "units", "channels", "series", "total", "version", "effective_from"] {
        assert_eq!(superseded[field], before[field], "a superseded plan stays readable: {field}");
    }
    let listed = app.get("hr", "/v1/plans?year=2015&status=approved").await.expect(200);
    assert_eq!((listed["items"].as_array().unwrap().len(), &listed["items"][0]["id"]), (1, &second));

    // Which version governs which month.
    for (month, a05, a07) in
        [("2015-05", 13, 11), ("2015-06", 17, 0), ("2015-08", 16, 0), ("2015-09", 14, 12)]
    {
        let month: Period = month.parse().unwrap();
        let targets = targets(&app, month).await;
        let index = usize::try_from(month.month()).unwrap() - 1;
        let of = |employee_no: &str| months(person(&before, "G2", employee_no))[index];
        match month.month() {
            6..=8 => assert_eq!((targets["A05"], targets.get("A07").copied().unwrap_or(0)), (a05, a07)),
            _ => assert_eq!((targets["A05"], targets["A07"]), (of("A05"), of("A07")), "{month}"),
        }
        assert_eq!(targets.values().sum::<i64>(), STORE[index]);
    }
    assert!(targets(&app, "2016-01".parse().unwrap()).await.is_empty());
}

/// The people's targets that count in a month, by 工号.
async fn targets(app: &TestApp, month: Period) -> std::collections::BTreeMap<String, i64> {
    let connection = &mut *app.pool.get().await.unwrap();
    let store: i64 =
        org_unit::table.filter(org_unit::code.eq("JC")).select(org_unit::id).first(connection).await.unwrap();
    let targets = plan::targets_in_force(connection, &[store], month).await.unwrap();
    let numbers: Vec<_> = (1..=12).map(|number| format!("A{number:02}")).collect();
    let ids = showfloor::org::employees_by_no(connection, &numbers).await.unwrap();
    let of = |id: i64| ids.iter().find(|(_, known)| **known == id).unwrap().0.clone();
    targets.into_iter().map(|target| (of(target.employee_id), i64::try_from(target.value).unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_cannot_be_split_is_refused_and_nothing_is_stored() {
    let app = TestApp::demo().await;
    let with = |change: &dyn Fn(&mut Value)| {
        let mut plan = worked_example(2017);
        change(&mut plan);
        plan
    };
    type Change<'a> = (&'a dyn Fn(&mut Value), &'a [&'a str]);
    let changes: [Change<'_>; 21] = [
        (&|plan| plan["season"] = json!(vec![0; 12]), &["season"]),
        (&|plan| plan["season"][3] = json!(-1), &["season[3]"]),
        (&|plan| plan["season"] = json!(vec![1; 11]), &["season"]),
        (&|plan| plan["season"] = json!(vec![1; 13]), &["season"]),
        (&|plan| plan["season"][0] = json!(0.5), &["season[0]"]),
        (&|plan| plan["total"] = json!(-1), &["total"]),
        (&|plan| plan["total"] = json!(1_000_000_000_001_i64), &["total"]),
        (&|plan| (plan["year"], plan["total"]) = (json!(1), json!(-5)), &["total", "year"]),
        (&|plan| (0..3).for_each(|team| plan["units"][team]["weight"] = json!(0)), &["units"]),
        (&|plan| plan["units"][1]["weight"] = json!(-34), &["units[1].weight"]),
        (&|plan| plan["units"][1]["unit"] = json!("G9"), &["units[1].unit"]),
        (&|plan| plan["units"][1]["unit"] = json!("JCJT"), &["units[1].unit"]),
        (&|plan| plan["units"][1]["unit"] = json!("G1"), &["units[1].unit"]),
        (
            &|plan| (0..4).for_each(|member| plan["units"][0]["members"][member]["weight"] = json!(0)),
            &["units[0].members"],
        ),
        (&|plan| plan["units"][0]["members"][2]["weight"] = json!(-1), &["units[0].members[2].weight"]),
        (
            &|plan| plan["units"][0]["members"][2]["employee_no"] = json!("Z9"),
            &["units[0].members[2].employee_no"],
        ),
        (&|plan| (0..4).for_each(|index| plan["channels"][index]["weight"] = json!(0)), &["channels"]),
        (&|plan| plan["series"][1]["code"] = json!("series_a"), &["series[1].code"]),
        (&|plan| plan["series"][1]["weight"] = json!(-20), &["series[1].weight"]),
        (&|plan| plan["metric"] = json!("smiles"), &["metric"]),
        (
            &|plan| {
                (plan["unit"], plan["metric"], plan["season"]) = (json!("XX"), json!("x"), json!(vec![0; 12]))
            },
            // Without a store no team can be told to be foreign.
            &["metric", "season", "unit"],
        ),
    ];
    for (change, expected) in changes {
        let answer = app.post("manager", "/v1/plans", with(change)).await;
        assert_eq!(fields(&answer), expected, "{:#}", answer.body);
        assert_eq!(answer.problem(422), "validation-failed");
    }
    let listed = app.get("auditor", "/v1/plans?year=2017").await.expect(200);
    assert_eq!(listed["items"], json!([]));
    draft(&app, "manager", 2017).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_and_small_totals_are_split_exactly() {
    let app = TestApp::demo().await;
    for (year, total) in [(2021, 0), (2022, 1), (2023, 11), (2024, 1_000_000_000_000_i64)] {
        let mut plan = worked_example(year);
        plan["total"] = json!(total);
        let plan = app.post("manager", "/v1/plans", plan).await.expect(201);
        let document = read(&app, &plan["id"]).await;
        let store = months(&document);
        assert_eq!(store.iter().sum::<i64>(), total);
        for tree in ["units", "channels", "series"] {
            sums_to(&document[tree], &store);
        }
        for team in document["units"].as_array().unwrap() {
            sums_to(&team["members"], &months(team));
            assert!(team["members"].as_array().unwrap().iter().flat_map(months).all(|cell| cell >= 0));
        }
    }
}
