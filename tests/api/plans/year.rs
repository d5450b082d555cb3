//! A year as it goes: a transfer, a leaver, a new team and two re-plans, followed by hand; and a group as the sum of its
//! stores. What is expected is added up here from what the test delivers.

use reqwest::Method;
use serde_json::{Value, json};
use showfloor::auth::access::Role;

use super::known::{deliver, in_force, row, total};
use super::{STORE, approve, months, read, step, worked_example};
use crate::support::TestApp;
use crate::users::fields;

/// Every unit's row is the sum of those right below it, in everything that is a sum.
fn adds_up(report: &Value) {
    let rows = report["rows"].as_array().unwrap();
    let depth = |row: &Value| row["depth"].as_u64().unwrap();
    for (at, parent) in rows.iter().enumerate().filter(|(_, row)| row["employee_no"].is_null()) {
        let below = rows[at + 1..].iter().take_while(|row| depth(row) > depth(parent));
        let children: Vec<&Value> = below.filter(|row| depth(row) == depth(parent) + 1).collect();
        if children.is_empty() {
            continue;
        }
        for path in [
            "/month_target",
            "/year_target",
            "/month/target",
            "/month/actual",
            "/year/target",
            "/year/actual",
            "/full_year/targets",
            "/full_year/results",
        ] {
            let of = |row: &Value| row.pointer(path).and_then(Value::as_i64).unwrap_or(0);
            let sum: i64 = children.iter().map(|row| of(row)).sum();
            assert_eq!(of(parent), sum, "{path} of {} at {}", parent["unit"], report["day"]);
        }
    }
}

async fn pace(app: &TestApp, day: &str) -> Value {
    let report = app.get("manager", &format!("/v1/pace?unit=JC&day={day}")).await.expect(200);
    adds_up(&report);
    report
}

async fn end_posting(app: &TestApp, employee_no: &str, day: &str) {
    let postings = app.get("admin", &format!("/v1/assignments?employee_no={employee_no}")).await.expect(200);
    let path = format!("/v1/assignments/{}", postings["items"][0]["id"]);
    app.change("admin", Method::PATCH, &path, "*", Some(json!({"valid_to": day}))).await.expect(200);
}

async fn post(app: &TestApp, employee_no: &str, unit: &str, from: &str) {
    let posting =
        json!({"employee_no": employee_no, "unit": unit, "position": "sales_consultant", "valid_from": from});
    app.post("admin", "/v1/assignments", posting).await.expect(201);
}

/// Deliveries of a month: so many of each of these.
async fn everybody(app: &TestApp, month: u32, who: &[(&str, i64)]) -> i64 {
    let rows: Value = who.iter().map(|(number, count)| total(number, *count)).collect();
    deliver(app, &format!("2015-{month:02}"), rows).await;
    who.iter().map(|(_, count)| count).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_with_a_transfer_a_leaver_a_new_team_and_two_replans() {
    let app = TestApp::demo().await;
    let first = in_force(&app, 2015).await;
    let mut numbers: Vec<String> = (1..=12).map(|number| format!("A{number:02}")).collect();
    let mut sold = Vec::new();

    // A02 goes from team 1 to team 2 in March; A08 leaves with the end of February; neither is split anew.
    end_posting(&app, "A02", "2015-03-01").await;
    post(&app, "A02", "G2", "2015-03-01").await;
    end_posting(&app, "A08", "2015-03-01").await;
    let april = app.at("2015-04-10T08:00:00Z");
    for month in 1..=3 {
        let who: Vec<(&str, i64)> = numbers
            .iter()
            .enumerate()
            .filter(|(_, number)| month < 3 || *number != "A08")
            .map(|(at, number)| (number.as_str(), 8 + i64::try_from(at).unwrap() % 5))
            .collect();
        sold.push(everybody(&april, month, &who).await);
    }
    // 8 9 10 11 12 8 9 10 11 12 8 9 are 117; in March without A08's 10.
    assert_eq!(sold, [117, 117, 107]);
    let report = pace(&april, "2015-03-31").await;
    // What A02 sold in March is team 2's, and a row of its own there; the target still stands in team 1.
    let there = row(&report, "G2", Some("A02"));
    assert_eq!((&there["month_target"], &there["month"]["actual"]), (&json!(0), &json!(9)));
    let here = row(&report, "G1", Some("A02"));
    assert!(here["month_target"].as_i64().unwrap() > 0);
    assert_eq!((&here["month"]["actual"], &here["year"]["actual"]), (&json!(0), &json!(18)));
    // Nobody expects anything of A08 any more but the plan: it is known that nothing came.
    let gone = row(&report, "G2", Some("A08"));
    assert_eq!((&gone["month"]["actual"], &gone["people"]["all"]), (&json!(0), &json!(0)));
    let store = row(&report, "JC", None);
    assert_eq!((&store["month"]["actual"], &store["month"]["target"]), (&json!(107), &json!(149)));
    assert_eq!(store["people"], json!({"known": 11, "all": 11}));
    assert_eq!(row(&report, "G2", None)["month"]["actual"], 12 + 8 + 9 + 9);

    // The rest of the year is planned again: 1690 − 341. Nobody is missing, though A08 has nothing in March.
    let path = |id: &Value| format!("/v1/plans/{id}/replans");
    let second =
        april.post("manager", &path(&first), json!({"from": "2015-04"})).await.expect(201)["id"].clone();
    step(&april, "manager", &second, "submit", "*", None).await.expect(200);
    approve(&april, "gm", &second, "2015-04").await.expect(200);
    let document = read(&april, &second).await;
    assert_eq!(
        (&document["lines"][0]["closed_total"], &document["lines"][0]["remaining"]),
        (&json!(341), &json!(1349))
    );
    assert_eq!(months(&document)[..3], STORE[..3]);
    assert_eq!(document["lines"][0]["targets"], 417 + 1349);

    // A new team from July on, with A12 of team 3 and somebody new; who has left is no member of anything.
    let team =
        json!({"code": "G4", "name": "四组", "kind": "team", "parent": "JC-XS", "valid_from": "2015-07-01"});
    app.post("admin", "/v1/org-units", team).await.expect(201);
    let person = json!({"employee_no": "X77", "name": "新人", "status": "active"});
    app.post("admin", "/v1/employees", person).await.expect(201);
    post(&app, "X77", "G4", "2015-07-01").await;
    end_posting(&app, "A12", "2015-07-01").await;
    post(&app, "A12", "G4", "2015-07-01").await;
    let july = app.at("2015-07-05T08:00:00Z");
    numbers.retain(|number| number != "A08");
    for month in 4..=6 {
        let who: Vec<(&str, i64)> = numbers.iter().map(|number| (number.as_str(), 10)).collect();
        sold.push(everybody(&july, month, &who).await);
    }
    let mut plan = worked_example(2015);
    plan["units"][1]["members"].as_array_mut().unwrap().push(json!({"employee_no": "A02", "weight": 26}));
    plan["units"].as_array_mut().unwrap().push(json!({"unit": "G4", "weight": 10,
        "members": [{"employee_no": "A12", "weight": 1}, {"employee_no": "X77", "weight": 1}]}));
    let answer = july.post("manager", "/v1/plans", plan.clone()).await;
    assert_eq!(fields(&answer), ["units[1].members[3].employee_no"], "{:#}", answer.body);
    plan["units"][1]["members"].as_array_mut().unwrap().remove(3);
    plan["units"][0]["members"].as_array_mut().unwrap().remove(1);
    plan["units"][2]["members"].as_array_mut().unwrap().remove(3);
    let third = july.post("manager", "/v1/plans", plan).await.expect(201)["id"].clone();
    // A draft of it as it was planned, then by what was sold: 341 + 330, and 1019 for July and later.
    assert_eq!(read(&july, &third).await["closed_months"], 6);
    july.change("manager", Method::POST, &path(&third), "*", Some(json!({"from": "2015-07"})))
        .await
        .expect(200);
    step(&july, "manager", &third, "submit", "*", None).await.expect(200);
    approve(&july, "gm", &third, "2015-07").await.expect(200);
    let document = read(&july, &third).await;
    assert_eq!(
        (&document["lines"][0]["closed_total"], &document["lines"][0]["remaining"]),
        (&json!(671), &json!(1019))
    );
    // What governed the months before is in it cell by cell: January to March by the first, April to June by the second.
    let (one, two) = (read(&july, &first).await, read(&july, &second).await);
    assert_eq!(months(&document)[..3], months(&one)[..3]);
    assert_eq!(months(&document)[3..6], months(&two)[3..6]);
    let mut in_force = Vec::new();
    for month in 1..=12 {
        let targets = targets_of_all(&july, month).await;
        in_force.push(targets);
    }
    assert_eq!(in_force, months(&document));

    let december = app.at("2016-01-10T08:00:00Z");
    for month in 7..=12 {
        let who: Vec<(&str, i64)> =
            numbers.iter().map(|number| (number.as_str(), 12)).chain([("X77", 5)]).collect();
        sold.push(everybody(&december, month, &who).await);
    }
    let all: i64 = sold.iter().sum();
    assert_eq!(all, 671 + 6 * 137);
    for (month, end) in [(1, 31), (3, 31), (6, 30), (7, 31), (9, 30), (12, 31)] {
        let report = pace(&december, &format!("2015-{month:02}-{end}")).await;
        let store = row(&report, "JC", None);
        let so_far: i64 = sold[..month].iter().sum();
        assert_eq!(store["year"]["actual"], json!(so_far), "{month}");
        assert_eq!(store["year"]["target"], json!(months(&document)[..month].iter().sum::<i64>()), "{month}");
        assert_eq!(store["full_year"]["task"], 1690);
        assert_eq!(store["full_year"]["targets"], document["year"]);
        assert_eq!(store["full_year"]["remaining"], json!(1690 - so_far));
        assert_eq!(store["full_year"]["missing"], 0);
    }
}

/// What is in force in a month of 2015, everybody's together.
async fn targets_of_all(app: &TestApp, month: u32) -> i64 {
    let report = app.get("manager", &format!("/v1/pace?unit=JC&day=2015-{month:02}-15")).await.expect(200);
    report["rows"][0]["month_target"].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_groups_pace_is_that_of_its_stores_plans() {
    let app = TestApp::demo().await;
    crate::access::second_store(&app).await;
    let store = |members: &[(&str, i64)]| -> Value {
        members.iter().map(|(number, weight)| json!({"employee_no": number, "weight": weight})).collect()
    };
    // Two stores with plans of their own, and a group without one.
    in_force(&app, 2015).await;
    let own = json!({"unit": "HD", "year": 2015, "metric": "deliveries", "total": 1200, "season": vec![1; 12],
        "units": [{"unit": "H1", "weight": 1, "members": store(&[("B01", 1), ("B02", 1)])}]});
    let id = app.post("group", "/v1/plans", own).await.expect(201)["id"].clone();
    step(&app, "group", &id, "submit", "*", None).await.expect(200);
    approve(&app, "hd_gm", &id, "2015-01").await.expect(200);
    app.add_user("hd_clerk", &[Role::Clerk], None, Some("HD")).await;
    let later = app.at("2015-04-02T08:00:00Z");
    for month in 1..=3 {
        let rows: Value = (1..=12).map(|number| total(&format!("A{number:02}"), number)).collect();
        deliver(&later, &format!("2015-{month:02}"), rows).await;
        let facts = json!({"period": format!("2015-{month:02}"), "source_system": "dms",
            "rows": [total("B01", 40), total("B02", 50)]});
        later.post("hd_clerk", "/v1/facts", facts).await.expect(200);
    }
    let report = later.get("group", "/v1/pace?unit=JCJT&day=2015-03-31").await.expect(200);
    adds_up(&report);
    let group = &report["rows"][0];
    assert_eq!((&group["unit"], &group["depth"]), (&json!("JCJT"), &json!(0)));
    assert_eq!((&group["month_target"], &group["month"]["actual"]), (&json!(149 + 100), &json!(78 + 90)));
    assert_eq!((&group["year_target"], &group["year"]["actual"]), (&json!(417 + 300), &json!(3 * (78 + 90))));
    assert_eq!((&group["full_year"]["task"], &group["full_year"]["targets"]), (&json!(2890), &json!(2890)));
    let own = later.get("hd_gm", "/v1/pace?unit=HD&day=2015-03-31").await.expect(200);
    let part = |report: &Value| {
        let row = row(report, "HD", None);
        [row["month"].clone(), row["year"].clone(), row["full_year"].clone()]
    };
    assert_eq!(part(&report), part(&own));
    // Who is of one store does not see the group; who is of none of its stores sees nothing.
    assert_eq!(later.get("manager", "/v1/pace?unit=HD&day=2015-03-31").await.problem(404), "not-found");
    let seen = later.get("manager", "/v1/pace?unit=JCJT&day=2015-03-31").await.expect(200);
    assert!(seen["rows"].as_array().unwrap().iter().all(|row| row["unit"] != "HD" && row["unit"] != "JCJT"));
}
