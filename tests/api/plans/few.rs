//! What a plan tells of one or two people, to whoever may not see them: nothing, not by subtraction either.

use reqwest::Method;
use serde_json::{Value, json};
use showfloor::auth::access::Role;

use super::groups;
use super::known::{deliver, in_force, row, total};
use super::{approve, months, read, step};
use crate::support::TestApp;

/// A01 and A02 have brought 35 in January; of nobody else is anything known, and the year of 1690 is planned again from February on.
async fn planned_again(app: &TestApp) -> (Value, Value, TestApp) {
    let first = in_force(app, 2015).await;
    let later = app.at("2015-02-05T08:00:00Z");
    deliver(&later, "2015-01", json!([total("A01", 20), total("A02", 15)])).await;
    let body = json!({"from": "2015-02", "missing": "zero"});
    let path = format!("/v1/plans/{first}/replans");
    let again = later.post("manager", &path, body).await.expect(201)["id"].clone();
    step(&later, "manager", &again, "submit", "*", None).await.expect(200);
    approve(&later, "gm", &again, "2015-02").await.expect(200);
    (first, again, later)
}

/// Every number in an answer, and the sum of every part of a year in it that ends in December.
fn told(answer: &Value, found: &mut Vec<i64>) {
    match answer {
        Value::Number(number) => found.extend(number.as_i64()),
        Value::Array(rows) => {
            let numbers: Option<Vec<i64>> = rows.iter().map(Value::as_i64).collect();
            if let Some(numbers) = numbers.filter(|numbers| numbers.len() == 12) {
                found.extend((0..12).map(|from| numbers[from..].iter().sum::<i64>()));
            }
            rows.iter().for_each(|row| told(row, found));
        }
        Value::Object(fields) => fields.values().for_each(|field| told(field, found)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_people_brought_is_not_found_by_what_is_left_of_the_task() {
    let app = TestApp::demo().await;
    let (first, again, later) = planned_again(&app).await;
    let seen = later.get("dashboard", &format!("/v1/plans/{again}")).await.expect(200);
    assert_eq!((&seen["withheld_from"], &seen["replanned"]["results"]), (&json!("2015-02"), &json!([])));
    let withheld: Value = (0..12).map(|month| if month == 0 { json!(160) } else { Value::Null }).collect();
    assert_eq!((&seen["months"], &seen["year"]), (&withheld, &Value::Null));
    assert_eq!(seen["quarters"], json!([null, null, null, null]));
    let nodes = ["units", "channels", "series"].iter().flat_map(|tree| seen[*tree].as_array().unwrap());
    for node in nodes {
        let months = node["months"].as_array().unwrap();
        assert!(months[0].is_number() && months[1..].iter().all(Value::is_null), "{node:#}");
    }
    let line = &seen["lines"][0];
    assert_eq!(
        [&line["total"], &line["closed_total"], &line["remaining"], &line["targets"]],
        [&json!(1690), &Value::Null, &Value::Null, &Value::Null]
    );
    let cells =
        later.get("dashboard", &format!("/v1/plans/{again}/targets?limit=500")).await.expect(200)["items"]
            .clone();
    let cells = cells.as_array().unwrap();
    assert!(!cells.is_empty() && cells.iter().all(|cell| cell["period"] == "2015-01"), "{cells:#?}");
    // What is made of all months is refused, and says why.
    for made in [
        format!("diff?from={first}"),
        "sheet".into(),
        "activities".into(),
        "supply?line=1".into(),
        "issued".into(),
    ] {
        let answer = later.get("dashboard", &format!("/v1/plans/{again}/{made}")).await;
        assert_eq!(answer.problem(403), "forbidden", "{made}");
        later.get("manager", &format!("/v1/plans/{again}/{made}")).await;
    }
    let report = later.get("dashboard", "/v1/pace?unit=JC&day=2015-02-05").await.expect(200);
    let store = row(&report, "JC", None);
    assert_eq!(
        [&store["month_target"], &store["year_target"], &store["full_year"], &store["month"]],
        [&Value::Null; 4]
    );
    assert_eq!(store["withheld"], true);
    let attained = |period: &str| format!("/v1/dashboard/attainment?period={period}");
    let february = later.get("dashboard", &attained("2015-02")).await.expect(200);
    assert!(
        february.as_array().unwrap().iter().all(|row| row["target"].is_null() && row["withheld"] == true)
    );
    let january = later.get("dashboard", &attained("2015-01")).await.expect(200);
    assert_eq!(january[0]["target"], 160);

    // Nowhere among what a dashboard may read, nor as the sum of months: what is left of the task, and the sum of the targets.
    let policy = json!({"unit": "JC", "year": 2015, "name": "2015", "basis": "deliveries",
        "tiers": [{"min_attainment": 0.1, "per_vehicle": 100}]});
    let request =
        later.request(Method::PUT, "/v1/rebate-policies/P").bearer_auth(later.token("manager").await);
    assert_eq!(request.json(&policy).send().await.unwrap().status(), 201);
    let document = read(&later, &again).await;
    let left: i64 = months(&document)[1..].iter().sum();
    assert_eq!(left, 1690 - 35);
    let mut paths: Vec<String> = (1..=12).map(|month| attained(&format!("2015-{month:02}"))).collect();
    paths.extend((2..=12).map(|month| format!("/v1/pace?unit=JC&day=2015-{month:02}-05")));
    paths.push("/v1/rebates?store=JC&year=2015&policy=P".into());
    for id in [&first, &again] {
        for part in ["", "/targets?limit=500", "/commitments", "/proposals", "?metric=deliveries"] {
            paths.push(format!("/v1/plans/{id}{part}"));
        }
    }
    for path in paths {
        let mut found = Vec::new();
        told(&later.get("dashboard", &path).await.expect(200), &mut found);
        for telling in [left, 160 + left] {
            assert!(!found.contains(&telling), "{telling} in {path}");
        }
    }
    // What was planned before stands; and who sees the people is told everything.
    let before = later.get("dashboard", &format!("/v1/plans/{first}")).await.expect(200);
    assert_eq!((&before["year"], &before["withheld_from"]), (&json!(1690), &Value::Null));
    let line = &document["lines"][0];
    assert_eq!([&line["closed_total"], &line["remaining"], &line["targets"]], [35, 1655, 1815]);
    // Two were known and ten were not: the next one who is known would be told by the difference.
    assert_eq!(document["replanned"]["results"][0]["fewest_people"], json!([1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_missing_and_is_known_later_is_not_found_by_the_difference() {
    let app = TestApp::demo().await;
    let first = in_force(&app, 2015).await;
    let later = app.at("2015-02-05T08:00:00Z");
    deliver(&later, "2015-01", (1..=11).map(|number| total(&format!("A{number:02}"), 9)).collect()).await;
    let path = format!("/v1/plans/{first}/replans");
    let body = json!({"from": "2015-02", "missing": "zero"});
    let again = later.post("manager", &path, body).await.expect(201)["id"].clone();
    step(&later, "manager", &again, "submit", "*", None).await.expect(200);
    approve(&later, "gm", &again, "2015-02").await.expect(200);
    deliver(&later, "2015-01", json!([total("A12", 7)])).await;
    // Dashboards tell what the twelve have brought: what eleven had brought, as what is left of the task tells, is withheld.
    let january = later.get("dashboard", "/v1/dashboard/attainment?period=2015-01").await.expect(200);
    assert_eq!(january[0]["deliveries"], 106, "{january:#}");
    let seen = later.get("dashboard", &format!("/v1/plans/{again}")).await.expect(200);
    assert_eq!((&seen["withheld_from"], &seen["lines"][0]["remaining"]), (&json!("2015-02"), &Value::Null));
    assert_eq!(read(&later, &again).await["lines"][0]["remaining"], 1690 - 99);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_version_holds_back_what_it_took_over_and_results_of_many_are_told() {
    let app = TestApp::demo().await;
    let (_, again, later) = planned_again(&app).await;
    let later = later.at("2015-03-05T08:00:00Z");
    for month in ["2015-01", "2015-02"] {
        let everybody = (1..=12).map(|number| total(&format!("A{number:02}"), 5)).collect();
        deliver(&later, month, everybody).await;
    }
    let path = format!("/v1/plans/{again}/replans");
    let third = later.post("manager", &path, json!({"from": "2015-03"})).await.expect(201)["id"].clone();
    // Its own results are of twelve; its February is still what was left after two.
    assert_eq!(read(&later, &third).await["replanned"]["results"][0]["fewest_people"], json!([12, 12]));
    let seen = later.get("dashboard", &format!("/v1/plans/{third}")).await.expect(200);
    assert_eq!(seen["withheld_from"], "2015-02");
    // In the demonstration's year everybody is known.
    let app = TestApp::demo().await.at("2014-04-10T08:00:00Z");
    let plan = app.post("manager", "/v1/plans/2/replans", json!({"from": "2014-04"})).await.expect(201);
    let seen = app.get("dashboard", &format!("/v1/plans/{}", plan["id"])).await.expect(200);
    assert_eq!(seen["withheld_from"], Value::Null);
    assert_eq!(seen["lines"][0]["closed_total"], 156 + 92 + 144);
    assert_eq!(seen["year"], seen["lines"][0]["targets"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_does_not_tell_what_is_left_of_it_beside_its_larger_stores() {
    let app = TestApp::demo().await;
    groups::three_stores(&app).await;
    for (login, role, unit) in [
        ("yd_clerk", Role::Clerk, "YD"),
        ("hd_clerk2", Role::Clerk, "HD"),
        ("group_wall", Role::Dashboard, "JCJT"),
    ] {
        app.add_user(login, &[role], None, Some(unit)).await;
    }
    let id = groups::drafted(&app).await;
    step(&app, "group", &id, "submit", "*", None).await.expect(200);
    approve(&app, "group3", &id, "2015-01").await.expect(200);
    let later = app.at("2015-02-05T08:00:00Z");
    deliver(&later, "2015-01", (1..=12).map(|number| total(&format!("A{number:02}"), 9)).collect()).await;
    for (login, people) in [("yd_clerk", ["C01", "C02"]), ("hd_clerk2", ["B01", "B02"])] {
        let rows: Value = people.iter().map(|number| total(number, 5)).collect();
        let facts = json!({"period": "2015-01", "source_system": "dms", "rows": rows});
        later.post(login, "/v1/facts", facts).await.expect(200);
    }
    // Dashboards tell JC's 108: 128 of all stores would tell the other two's.
    let report = later.get("group_wall", "/v1/pace?unit=JCJT&day=2015-01-31").await.expect(200);
    for unit in ["JCJT", "HD", "YD"] {
        let row = row(&report, unit, None);
        assert_eq!((&row["month"], &row["withheld"]), (&Value::Null, &json!(true)), "{unit}");
    }
    let path = format!("/v1/plans/{id}/replans");
    // Nothing is known of the accessories.
    let body = json!({"from": "2015-02", "missing": "zero"});
    let again = later.post("group", &path, body).await.expect(201)["id"].clone();
    step(&later, "group", &again, "submit", "*", None).await.expect(200);
    approve(&later, "group3", &again, "2015-02").await.expect(200);
    let document = later.get("group", &format!("/v1/plans/{again}")).await.expect(200);
    let counted = &document["replanned"]["results"][0];
    assert_eq!((&counted["months"], &counted["fewest_people"]), (&json!([128]), &json!([2])));
    let seen = later.get("group_wall", &format!("/v1/plans/{again}")).await.expect(200);
    assert_eq!(seen["withheld_from"], "2015-02");
    let report = later.get("group_wall", "/v1/pace?unit=JCJT&day=2015-02-05").await.expect(200);
    assert!(report["rows"].as_array().unwrap().iter().all(|row| row["month_target"].is_null()), "{report:#}");
    let february = "/v1/dashboard/attainment?period=2015-02";
    let targets = later.get("group_wall", february).await.expect(200);
    assert!(targets.as_array().unwrap().iter().all(|row| row["target"].is_null()), "{targets:#}");
    // Who sees one store only cannot take it from the group, and keeps its targets.
    let own = later.get("dashboard", february).await.expect(200);
    assert!(own[0]["target"].is_number(), "{own:#}");
}
