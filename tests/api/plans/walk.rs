//! A year from January to December: planned again twice, with somebody transferred, somebody who leaves, a new team and somebody who
//! joins it. What is expected was reckoned with fractions from the text of domain.md, by a program that knows nothing of this one.

use diesel_async::SimpleAsyncConnection as _;
use serde_json::{Value, json};

use super::known::{deliver, in_force, row, total};
use super::sums::checked;
use super::{approve, find, months, person, read, step};
use crate::support::TestApp;

/// The months of the store and of its teams in a version.
type Expected = [(&'static str, [i64; 12]); 5];

const SECOND: Expected = [
    ("JC", [160, 108, 149, 147, 144, 142, 125, 135, 159, 160, 168, 185]),
    ("G1", [58, 39, 53, 53, 52, 51, 45, 48, 58, 57, 61, 66]),
    ("G2", [54, 37, 51, 50, 49, 48, 43, 46, 54, 54, 57, 63]),
    ("G3", [48, 32, 45, 44, 43, 43, 37, 41, 47, 49, 50, 56]),
    ("G4", [0; 12]),
];
const THIRD: Expected = [
    SECOND[0],
    ("G1", [58, 39, 53, 53, 52, 40, 35, 38, 44, 45, 47, 52]),
    ("G2", [54, 37, 51, 50, 49, 48, 43, 35, 41, 42, 43, 48]),
    ("G3", [48, 32, 45, 44, 43, 54, 47, 43, 50, 50, 54, 58]),
    ("G4", [0, 0, 0, 0, 0, 0, 0, 19, 24, 23, 24, 27]),
];
const FOURTH: Expected = [
    ("JC", [160, 108, 149, 147, 144, 142, 125, 135, 201, 204, 213, 235]),
    ("G1", [58, 39, 53, 53, 52, 40, 35, 38, 56, 57, 60, 66]),
    ("G2", [54, 37, 51, 50, 49, 48, 43, 35, 52, 53, 55, 61]),
    ("G3", [48, 32, 45, 44, 43, 54, 47, 43, 64, 64, 67, 74]),
    ("G4", [0, 0, 0, 0, 0, 0, 0, 19, 29, 30, 31, 34]),
];
/// Those who have moved, at the end.
const MOVED: [(&str, &str, [i64; 12]); 6] = [
    ("G1", "A04", [13, 9, 11, 11, 12, 0, 0, 0, 0, 0, 0, 0]),
    ("G3", "A04", [0, 0, 0, 0, 0, 11, 13, 14, 22, 21, 23, 25]),
    ("G3", "A09", [15, 11, 14, 14, 14, 14, 0, 0, 0, 0, 0, 0]),
    ("G4", "A07", [0, 0, 0, 0, 0, 0, 0, 11, 10, 12, 11, 13]),
    ("G4", "A12", [0, 0, 0, 0, 0, 0, 0, 8, 9, 8, 10, 10]),
    ("G4", "A13", [0, 0, 0, 0, 0, 0, 0, 0, 10, 10, 10, 11]),
];
/// What the store delivers in each month.
const SOLD: [i64; 12] = [109, 104, 112, 107, 102, 110, 95, 98, 110, 105, 113, 108];

/// Where somebody sells in a month, counted from 1.
fn team(number: i64, month: i64) -> Option<&'static str> {
    match (number, month) {
        (4, 6..) => Some("G3"),
        (7 | 12, 8..) => Some("G4"),
        (9, 7..) => None,
        (13, ..9) => None,
        (13, _) => Some("G4"),
        (1..=4, _) => Some("G1"),
        (5..=8, _) => Some("G2"),
        _ => Some("G3"),
    }
}

fn sold(number: i64, month: i64) -> i64 {
    (number * 7 + month * 5) % 13 + 3
}

async fn deliver_months(app: &TestApp, months: std::ops::RangeInclusive<i64>) {
    for month in months {
        let people = (1..=13).filter(|number| team(*number, month).is_some());
        let rows = people.map(|number| total(&format!("A{number:02}"), sold(number, month))).collect();
        deliver(app, &format!("2015-{month:02}"), rows).await;
    }
}

/// Holds a version, which is to have `total` and have counted `results`, against what is expected.
async fn compare(app: &TestApp, id: &Value, expected: &Expected, results: i64) {
    let document = &checked(app, "manager", id).await[0];
    for (unit, expected) in expected {
        let found = match *unit {
            "JC" => months(document),
            unit => {
                let teams = document["units"].as_array().unwrap();
                teams.iter().find(|team| team["unit"] == unit).map_or(vec![0; 12], months)
            }
        };
        assert_eq!(found, expected, "{unit} of {id}");
    }
    let line = &document["lines"][0];
    let sum: i64 = expected[0].1.iter().sum();
    let told = [&line["total"], &line["closed_total"], &line["remaining"], &line["targets"]];
    assert_eq!(told.map(Value::as_i64), [1690, results, 1690 - results, sum].map(Some));
}

async fn put_in_force(app: &TestApp, id: &Value, month: &str) {
    step(app, "manager", id, "submit", "*", None).await.expect(200);
    approve(app, "gm", id, month).await.expect(200);
}

/// Somebody's posting to sell ends on a day, and another one begins, where a unit is given.
async fn post(app: &TestApp, employee_no: &str, day: &str, unit: Option<&str>) {
    let person = format!("(SELECT id FROM employee WHERE employee_no = '{employee_no}')");
    let mut statement = format!(
        "UPDATE assignment SET valid_to = '{day}' WHERE valid_to IS NULL AND employee_id = {person};"
    );
    if let Some(unit) = unit {
        statement += &format!(
            "INSERT INTO assignment (employee_id, unit_id, position, valid_from)
             SELECT {person}, id, 'sales_consultant', '{day}' FROM org_unit WHERE code = '{unit}'"
        );
    }
    app.pool.get().await.unwrap().batch_execute(&statement).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_is_followed_with_a_transfer_a_leaver_a_new_team_and_two_replans() {
    let app = TestApp::demo().await;
    let first = in_force(&app, 2015).await;

    let april = app.at("2015-04-06T08:00:00Z");
    deliver_months(&april, 1..=3).await;
    let replan = async |app: &TestApp, id: &Value, from: &str| -> Value {
        let path = format!("/v1/plans/{id}/replans");
        app.post("manager", &path, json!({ "from": from })).await.expect(201)["id"].clone()
    };
    let second = replan(&april, &first, "2015-04").await;
    compare(&april, &second, &SECOND, SOLD[..3].iter().sum()).await;
    put_in_force(&april, &second, "2015-04").await;

    let june = app.at("2015-06-01T08:00:00Z");
    deliver_months(&june, 4..=5).await;
    let unit = json!({"code": "G4", "name": "销售四组", "kind": "team", "parent": "JC-XS", "valid_from": "2015-08-01"});
    june.post("admin", "/v1/org-units", unit).await.expect(201);
    let joins = json!({"employee_no": "A13", "name": "新人", "status": "active"});
    june.post("admin", "/v1/employees", joins).await.expect(201);
    post(&june, "A04", "2015-06-01", Some("G3")).await;
    post(&june, "A09", "2015-07-01", None).await;
    for number in ["A07", "A12"] {
        post(&june, number, "2015-08-01", Some("G4")).await;
    }
    post(&june, "A13", "2015-09-01", Some("G4")).await;
    let third =
        june.post_empty("manager", &format!("/v1/plans/{second}/versions")).await.expect(201)["id"].clone();
    let suggested = june.get("manager", &format!("/v1/plans/{third}/suggested-resplits")).await.expect(200);
    let changes: Vec<[&str; 3]> = suggested["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| ["employee_no", "change", "from"].map(|field| change[field].as_str().unwrap()))
        .collect();
    assert_eq!(
        changes,
        [
            ["A04", "transferred", "2015-06"],
            ["A09", "left", "2015-07"],
            ["A07", "transferred", "2015-08"],
            ["A12", "transferred", "2015-08"],
            ["A13", "joined", "2015-09"],
        ]
    );
    let body = json!({"resplits": suggested["resplits"]});
    step(&june, "manager", &third, "reorganisations", "*", Some(body)).await.expect(200);
    compare(&june, &third, &THIRD, SOLD[..3].iter().sum()).await;
    put_in_force(&june, &third, "2015-06").await;

    let september = app.at("2015-09-07T08:00:00Z");
    deliver_months(&september, 6..=8).await;
    let fourth = replan(&september, &third, "2015-09").await;
    compare(&september, &fourth, &FOURTH, SOLD[..8].iter().sum()).await;
    put_in_force(&september, &fourth, "2015-09").await;
    let document = read(&september, &fourth).await;
    for (unit, number, expected) in MOVED {
        assert_eq!(months(person(&document, unit, number)), expected, "{number} in {unit}");
    }
    assert_eq!(months(find(&document["units"], "unit", "G4")), FOURTH[4].1);

    // What is in force adds up month by month, and so does what was brought.
    let end = app.at("2016-01-05T08:00:00Z");
    deliver_months(&end, 9..=12).await;
    let last_days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    for (month, day) in (1_i64..).zip(last_days) {
        let path = format!("/v1/pace?unit=JC&day=2015-{month:02}-{day}&basis=calendar");
        let report = end.get("manager", &path).await.expect(200);
        let upto = usize::try_from(month).unwrap();
        for (unit, targets) in &FOURTH {
            let rows = report["rows"].as_array().unwrap();
            // In the months of an earlier version team 4 is not there yet.
            if *unit == "G4" && !rows.iter().any(|row| row["unit"] == "G4") {
                continue;
            }
            let row = row(&report, unit, None);
            let brought = |of: i64| -> i64 {
                let here = (1..=13)
                    .filter(|number| team(*number, of).is_some_and(|team| *unit == "JC" || team == *unit));
                here.map(|number| sold(number, of)).sum()
            };
            assert_eq!(row["month_target"], targets[upto - 1], "{unit} {path}");
            assert_eq!(row["year_target"], targets[..upto].iter().sum::<i64>(), "{unit} {path}");
            if brought(month) > 0 {
                assert_eq!(row["month"]["actual"], brought(month), "{unit} {path}");
                assert_eq!(row["year"]["actual"], (1..=month).map(brought).sum::<i64>(), "{unit} {path}");
            }
        }
        let year = &row(&report, "JC", None)["full_year"];
        let results: i64 = SOLD[..upto].iter().sum();
        let told = ["task", "targets", "results", "remaining"].map(|field| year[field].as_i64());
        let sum: i64 = FOURTH[0].1.iter().sum();
        assert_eq!(told, [1690, sum, results, (1690 - results).max(0)].map(Some), "{path}");
    }
}
