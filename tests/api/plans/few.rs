//! What a plan tells of few people, to whoever may not see them: nothing, not by subtraction either.

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

/// What the rest of 2015 is planned again by, from February on.
async fn again_from_february(app: &TestApp, login: &str, id: &Value) -> Value {
    let body = json!({"from": "2015-02"});
    app.post(login, &format!("/v1/plans/{id}/replans"), body).await.expect(201)
}

fn counted(plan: &Value) -> (Value, Value) {
    let results = &plan["replanned"]["results"][0];
    (results["months"].clone(), results["fewest_people"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_whom_a_declaration_says_that_there_was_nothing_nobody_counts() {
    let app = TestApp::demo().await;
    let id = in_force(&app, 2015).await;
    let later = app.at("2015-02-05T08:00:00Z");
    let facts = json!({"period": "2015-01", "source_system": "dms", "rows": [total("A01", 20), total("A02", 15)],
        "complete_sources": ["dms"], "complete_for": "store"});
    later.post("clerk", "/v1/facts", facts).await.expect(200);
    let again = again_from_february(&later, "manager", &id).await;
    assert_eq!(counted(&read(&later, &again["id"]).await), (json!([35]), json!([2])));
    let seen = later.get("dashboard", &format!("/v1/plans/{}", again["id"])).await.expect(200);
    assert_eq!((&seen["withheld_from"], &seen["replanned"]["results"]), (&json!("2015-02"), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_later_of_who_sells_without_a_plan_is_told_by_no_difference() {
    let app = TestApp::demo().await;
    let id = in_force(&app, 2015).await;
    let person = json!({"employee_no": "N1", "name": "新人", "status": "active"});
    app.post("admin", "/v1/employees", person).await.expect(201);
    let posting = json!({"employee_no": "N1", "unit": "G1", "position": "sales_consultant", "valid_from": "2015-01-05"});
    app.post("admin", "/v1/assignments", posting).await.expect(201);
    let later = app.at("2015-02-05T08:00:00Z");
    deliver(&later, "2015-01", (1..=12).map(|number| total(&format!("A{number:02}"), 9)).collect()).await;
    let again = again_from_february(&later, "manager", &id).await;
    assert_eq!(counted(&read(&later, &again["id"]).await), (json!([108]), json!([1])));
    step(&later, "manager", &again["id"], "submit", "*", None).await.expect(200);
    approve(&later, "gm", &again["id"], "2015-02").await.expect(200);
    deliver(&later, "2015-01", json!([total("N1", 4)])).await;
    let again = again_from_february(&later, "manager", &again["id"]).await;
    assert_eq!(counted(&read(&later, &again["id"]).await), (json!([112]), json!([13])));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_posted_in_a_group_itself_is_a_place_beside_its_stores() {
    let app = TestApp::demo().await;
    groups::three_stores(&app).await;
    app.add_user("group_clerk", &[Role::Clerk], None, Some("JCJT")).await;
    let id = groups::drafted(&app).await;
    step(&app, "group", &id, "submit", "*", None).await.expect(200);
    approve(&app, "group3", &id, "2015-01").await.expect(200);
    let person = json!({"employee_no": "Z01", "name": "丁", "status": "active"});
    app.post("admin", "/v1/employees", person).await.expect(201);
    let posting = json!({"employee_no": "Z01", "unit": "JCJT", "position": "sales_consultant", "valid_from": "2015-01-01"});
    app.post("admin", "/v1/assignments", posting).await.expect(201);
    let later = app.at("2015-02-05T08:00:00Z");
    let people = (1..=12).map(|number| format!("A{number:02}"));
    let people = people.chain(["B01", "B02", "C01", "C02", "Z01"].map(str::to_owned));
    let rows = people.map(|person| total(&person, 5)).collect::<Value>();
    let facts = json!({"period": "2015-01", "source_system": "dms", "rows": rows});
    later.post("group_clerk", "/v1/facts", facts).await.expect(200);
    let body = json!({"from": "2015-02", "missing": "zero"});
    let again = later.post("group", &format!("/v1/plans/{id}/replans"), body).await.expect(201);
    let document = later.get("group", &format!("/v1/plans/{}", again["id"])).await.expect(200);
    assert_eq!(counted(&document), (json!([17 * 5]), json!([1])));
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_leave_a_plan_was_weighed_by_is_told_to_who_sees_everybody() {
    let app = TestApp::demo().await;
    let mut plan = super::worked_example(2015);
    plan["method"] =
        json!({"capacity": {"absences": [{"employee_no": "A07", "from": "2015-06-01", "to": "2015-08-31"}]}});
    let id = app.post("manager", "/v1/plans", plan).await.expect(201)["id"].clone();
    step(&app, "manager", &id, "submit", "*", None).await.expect(200);
    approve(&app, "gm", &id, "2015-01").await.expect(200);
    for (login, is_told) in [("manager", true), ("gm", true), ("dashboard", false)] {
        let seen = app.get(login, &format!("/v1/plans/{id}")).await.expect(200);
        assert_eq!(seen.to_string().contains("A07"), is_told, "{login}");
        assert_eq!(seen["method"].is_null(), !is_told, "{login}");
    }
}
