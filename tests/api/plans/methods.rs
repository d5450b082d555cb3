//! One plan by every method, side by side. The expected cells were made by rational arithmetic from the rules of domain.md,
//! independently of the program.

use reqwest::Method;
use serde_json::{Value, json};
use showfloor::auth::access::Role;

use super::sums::{check, checked};
use super::{CHANNELS, STORE, TEAMS, find, months, person, worked_example};
use crate::support::TestApp;
use crate::users::fields;

/// The rows of a trial by one method: path and months.
fn column(trial: &Value, index: usize) -> Vec<(String, Option<Vec<i64>>)> {
    let rows = trial["rows"].as_array().unwrap().iter();
    rows.map(|row| {
        let months = row["months"][index].as_array();
        let months =
            months.map(|months| months.iter().map(|month| month.as_i64().unwrap()).collect::<Vec<_>>());
        assert_eq!(row["years"][index].as_i64(), months.as_ref().map(|months| months.iter().sum()));
        (row["path"].as_str().unwrap().to_owned(), months)
    })
    .collect()
}

fn of(column: &[(String, Option<Vec<i64>>)], path: &str) -> Vec<i64> {
    let row = column.iter().find(|(known, _)| known == path).unwrap_or_else(|| panic!("no {path}"));
    row.1.clone().unwrap()
}

async fn try_out(app: &TestApp, plan: Value, methods: Value) -> Value {
    app.post("manager", "/v1/plan-trials", json!({"plan": plan, "methods": methods})).await.expect(200)
}

fn festival() -> Value {
    json!({"festival": {"from": "2014-01-31", "to": "2015-02-19", "days": 15, "weight": 300}})
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_are_tried_side_by_side_and_nothing_is_kept() {
    let app = TestApp::demo().await;
    let before = app.get("auditor", "/v1/plans?limit=500").await.expect(200);
    let mut given = STORE;
    given.reverse();
    let mut wrong = given;
    wrong[11] += 1;
    let methods = json!(["equal", "season", festival(), {"manual": given}, {"manual": wrong}, {"history": [{"year": 2013, "weight": 1}]}]);
    let trial = try_out(&app, worked_example(2015), methods.clone()).await;
    let refusals: Vec<_> = trial["methods"].as_array().unwrap().iter().map(|one| &one["refusal"]).collect();
    assert_eq!(refusals[..4], [&Value::Null; 4]);
    assert!(refusals[4].as_str().unwrap().contains("1691"), "{}", refusals[4]);
    // Nobody brought anything in 2013.
    assert!(refusals[5].as_str().unwrap().contains("method.history"), "{}", refusals[5]);
    for (one, method) in trial["methods"].as_array().unwrap().iter().zip(methods.as_array().unwrap()) {
        assert_eq!(one["method"], *method);
    }
    for refused in [4, 5] {
        assert!(column(&trial, refused).iter().all(|(_, months)| months.is_none()));
    }

    // 平均: 1690 ÷ 12 = 140.83; thirds and quarters of it along the months.
    let equal = column(&trial, 0);
    assert_eq!(of(&equal, "JC"), [141, 141, 141, 141, 141, 141, 141, 141, 141, 141, 140, 140]);
    assert_eq!(of(&equal, "JC/G2"), [47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 46]);
    assert_eq!(of(&equal, "JC/G1/A01"), [12, 12, 12, 11, 12, 12, 12, 11, 12, 12, 12, 11]);
    assert_eq!(of(&equal, "JC/G3/A12"), [11, 12, 12, 12, 11, 12, 12, 12, 11, 12, 12, 11]);
    assert_eq!(of(&equal, "JC/auto_show"), [35, 35, 35, 36, 35, 35, 35, 36, 35, 35, 35, 35]);
    // 季节权重: domain.md.
    let season = column(&trial, 1);
    assert_eq!(of(&season, "JC"), STORE);
    for (unit, expected, _) in TEAMS {
        assert_eq!(of(&season, &format!("JC/{unit}")), expected);
    }
    for (code, expected, _) in CHANNELS {
        assert_eq!(of(&season, &format!("JC/{code}")), expected);
    }
    // The festival from 31 January (1 day in January, 14 in February) to 19 February (10 days, and 5 in March).
    let festival = column(&trial, 2);
    assert_eq!(of(&festival, "JC"), [164, 122, 132, 137, 134, 133, 117, 126, 148, 149, 156, 172]);
    assert_eq!(of(&festival, "JC/G1"), [59, 44, 48, 49, 48, 48, 42, 45, 54, 53, 57, 61]);
    assert_eq!(of(&festival, "JC/G3"), [49, 37, 39, 41, 41, 40, 35, 38, 44, 45, 46, 52]);
    // 手工: the months as given.
    assert_eq!(of(&column(&trial, 3), "JC"), given);

    let after = app.get("auditor", "/v1/plans?limit=500").await.expect(200);
    assert_eq!(after, before);
    // A draft that waits is no reason not to try.
    app.post("manager", "/v1/plans", worked_example(2015)).await.expect(201);
    assert_eq!(try_out(&app, worked_example(2015), methods).await, trial);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_by_a_method_is_what_its_trial_showed() {
    let app = TestApp::demo().await;
    load_2013(&app).await;
    let mut given = STORE;
    given.swap(0, 11);
    for method in [
        json!("equal"),
        json!("season"),
        festival(),
        json!({"history": [{"year": 2013, "weight": 3}]}),
        json!({"capacity": {"ramp": [50], "absences": [{"employee_no": "A07", "from": "2015-06-01", "to": "2015-08-31"}]}}),
        json!({"manual": given}),
    ] {
        let mut plan = worked_example(2015);
        let trial = try_out(&app, plan.clone(), json!([method])).await;
        plan["method"] = method.clone();
        plan["levels"] = json!({"floor": 1, "stretch": 2000});
        let id = app.post("manager", "/v1/plans", plan).await.expect(201)["id"].clone();
        let document = &checked(&app, "manager", &id).await[0];
        assert_eq!(document["method"], method);
        assert_eq!(document["year"], 1690);
        let tried = column(&trial, 0);
        assert_eq!(of(&tried, "JC"), months(document), "{method}");
        for team in document["units"].as_array().unwrap() {
            let path = format!("JC/{}", team["unit"].as_str().unwrap());
            assert_eq!(of(&tried, &path), months(team), "{method}");
            for member in team["members"].as_array().unwrap() {
                let path = format!("{path}/{}", member["employee_no"].as_str().unwrap());
                assert_eq!(of(&tried, &path), months(member), "{method}");
            }
        }
        for label in ["channels", "series"].iter().flat_map(|tree| document[tree].as_array().unwrap()) {
            let path = format!("JC/{}", label["code"].as_str().unwrap());
            assert_eq!(of(&tried, &path), months(label), "{method}");
        }
        let path = format!("/v1/plans/{id}");
        app.change("manager", Method::DELETE, &path, "*", None).await.expect(204);
    }
}

/// What A01 to A12 delivered in 2013: (5i + 3m²) % 11 + 4, and A07 and A12 nothing, as they were not there.
async fn load_2013(app: &TestApp) {
    for month in 1..=12 {
        let rows: Vec<_> = (1..=12)
            .filter(|number| ![7, 12].contains(number))
            .map(|number: i64| {
                let deliveries = (5 * number + 3 * month * month) % 11 + 4;
                json!({"employee_no": format!("A{number:02}"), "facts": {"deliveries": deliveries}})
            })
            .collect();
        let facts = json!({"period": format!("2013-{month:02}"), "source_system": "test", "rows": rows});
        app.post("clerk", "/v1/facts", facts).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn history_goes_by_what_was_brought_and_newcomers_get_the_mean() {
    // The year is over, so that no month of it is governed for good.
    let app = TestApp::demo().await.at("2015-02-10T08:00:00Z");
    load_2013(&app).await;
    let mut plan = worked_example(2014);
    // The weights given for units and people, and the season, are not looked at.
    plan["season"] = json!([]);
    plan["units"][0]["weight"] = json!(0);
    (0..4).for_each(|member| plan["units"][0]["members"][member]["weight"] = json!(0));
    let methods =
        json!([{"history": [{"year": 2013, "weight": 7}]}, {"history": [{"year": 2014, "weight": 1}]}]);
    let trial = try_out(&app, plan, methods).await;
    assert!(trial["methods"][1]["refusal"].as_str().unwrap().contains("2014"));
    let history = column(&trial, 0);
    // 1091 by ten people: the newcomers A07 and A12 weigh 109.1, half-up × 7, of team weights 452, 423 and 434.
    let expected: [(&str, [i64; 12]); 6] = [
        ("JC", [140, 143, 136, 138, 147, 147, 138, 136, 143, 139, 144, 139]),
        ("JC/G1", [48, 50, 47, 47, 51, 51, 47, 47, 50, 48, 50, 48]),
        ("JC/G1/A01", [14, 15, 14, 14, 14, 15, 14, 14, 15, 14, 15, 14]),
        ("JC/G1/A02", [10, 10, 10, 10, 11, 10, 10, 10, 10, 10, 10, 11]),
        ("JC/G1/A03", [13, 13, 13, 12, 14, 14, 12, 13, 13, 13, 14, 12]),
        ("JC/G1/A04", [11, 12, 10, 11, 12, 12, 11, 10, 12, 11, 11, 11]),
    ];
    for (path, expected) in expected {
        assert_eq!(of(&history, path), expected, "{path}");
    }
    // The newcomers' years are the mean of the others', within a unit.
    let year = |path: &str| of(&history, path).iter().sum::<i64>();
    let known: Vec<i64> = [1, 2, 3, 4, 5, 6, 8, 9, 10, 11]
        .map(|number: i64| year(&format!("JC/G{}/A{number:02}", (number + 3) / 4)))
        .to_vec();
    let mean = known.iter().sum::<i64>() / 10;
    for newcomer in ["JC/G2/A07", "JC/G3/A12"] {
        assert!((year(newcomer) - mean).abs() <= 1, "{newcomer}: {} of {mean}", year(newcomer));
    }
}

async fn join(app: &TestApp, employee_no: &str, from: &str, to: Value) {
    let person = json!({"employee_no": employee_no, "name": employee_no, "status": "active"});
    app.post("admin", "/v1/employees", person).await.expect(201);
    let posting = json!({"employee_no": employee_no, "unit": "G1", "position": "sales_consultant",
        "valid_from": from, "valid_to": to});
    app.post("admin", "/v1/assignments", posting).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn capacity_goes_by_working_days_ramp_joins_leaves_and_absences() {
    // The year is over, so that no month of it is governed for good.
    let app = TestApp::demo().await.at("2015-02-10T08:00:00Z");
    join(&app, "E01", "2014-03-17", Value::Null).await;
    join(&app, "E02", "2013-01-01", json!("2014-07-01")).await;
    // A05 is posted in team 2: there is no capacity in team 1.
    let member = |employee_no: &str, weight: i64| json!({"employee_no": employee_no, "weight": weight});
    let members =
        [member("A01", 28), member("A04", 22), member("E01", 20), member("E02", 20), member("A05", 28)];
    let mut plan = worked_example(2014);
    plan["units"] = json!([{"unit": "G1", "weight": 1, "members": members}]);
    let absences = json!([{"employee_no": "A04", "from": "2014-06-01", "to": "2014-08-31"}]);
    let methods = json!([{"capacity": {"absences": absences}}]);
    let mut unseasoned = plan.clone();
    unseasoned["season"] = json!([]);
    let trial = try_out(&app, unseasoned, methods.clone()).await;
    let capacity = column(&trial, 0);
    // Percent-days of the year 2014, with its holidays: A01 2200 1700 2100 …, E01 330 930 1460 1800 by 30, 60, 80 percent.
    let expected: [(&str, [i64; 12]); 7] = [
        ("JC", [153, 118, 153, 167, 179, 134, 106, 97, 153, 132, 139, 159]),
        ("JC/G1", [153, 118, 153, 167, 179, 134, 106, 97, 153, 132, 139, 159]),
        ("JC/G1/A01", [61, 47, 59, 59, 60, 57, 61, 57, 61, 53, 56, 63]),
        ("JC/G1/A04", [48, 37, 46, 47, 47, 0, 0, 0, 48, 41, 44, 50]),
        ("JC/G1/E01", [0, 0, 7, 18, 30, 36, 45, 40, 44, 38, 39, 46]),
        ("JC/G1/E02", [44, 34, 41, 43, 42, 41, 0, 0, 0, 0, 0, 0]),
        ("JC/G1/A05", [0; 12]),
    ];
    for (path, expected) in expected {
        assert_eq!(of(&capacity, path), expected, "{path}");
    }
    // With a season the months are the season's, and running totals are within one of the exact shares: their floors.
    let capacity = column(&try_out(&app, plan.clone(), methods).await, 0);
    assert_eq!(of(&capacity, "JC"), STORE);
    let floors: [(&str, [i64; 12]); 5] = [
        ("JC/G1/A01", [64, 107, 164, 212, 257, 314, 382, 455, 514, 574, 637, 706]),
        ("JC/G1/A04", [50, 84, 129, 167, 202, 202, 202, 202, 248, 296, 345, 399]),
        ("JC/G1/E01", [0, 0, 6, 21, 43, 80, 129, 181, 223, 266, 311, 360]),
        ("JC/G1/E02", [45, 76, 117, 152, 184, 224, 224, 224, 224, 224, 224, 224]),
        ("JC/G1/A05", [0; 12]),
    ];
    for (path, floors) in floors {
        let cells = of(&capacity, path);
        let mut running = 0;
        for (month, floor) in floors.into_iter().enumerate() {
            running += cells[month];
            assert!(
                (floor..=floor + 1).contains(&running),
                "{path} {month}: {running}, not {floor} or one more"
            );
        }
    }
    assert_eq!(of(&capacity, "JC/G1/A04")[5..8], [0; 3]);
    assert_eq!(of(&capacity, "JC/G1/E01")[..2], [0; 2]);
    assert_eq!(of(&capacity, "JC/G1/E02")[6..], [0; 6]);

    for (absence, expected) in [
        (
            json!({"employee_no": "A04", "from": "2014-06-02", "to": "2014-06-01"}),
            "method.capacity.absences[0].to",
        ),
        (
            json!({"employee_no": "Z9", "from": "2014-06-01", "to": "2014-06-01"}),
            "method.capacity.absences[0].employee_no",
        ),
        (json!({"employee_no": "A04", "from": "2014-02-30", "to": "2014-06-01"}), "method"),
        (json!({"employee_no": "A04", "from": "2014-02-01"}), "method"),
    ] {
        let mut plan = plan.clone();
        plan["method"] = json!({"capacity": {"absences": [absence]}});
        let answer = app.post("manager", "/v1/plans", plan).await;
        let named = fields(&answer);
        assert!(named.len() == 1 && named[0].starts_with(expected), "{named:?}: {:#}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_does_not_fit_the_plan_names_its_field() {
    let app = TestApp::demo().await;
    let mut short = STORE;
    short[3] -= 1;
    for (method, season, expected) in [
        (json!({"manual": short}), json!(STORE), "method.manual"),
        (json!({"manual": [1690]}), json!(STORE), "method.manual"),
        (json!({"manual": [-1, 1691, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}), json!(STORE), "method.manual[0]"),
        (json!("season"), json!([]), "season"),
        (festival(), json!([]), "season"),
        (
            json!({"festival": {"from": "2014-01-31", "to": "2015-02-19", "days": 46, "weight": 1}}),
            json!(STORE),
            "method.festival",
        ),
        // February has 108, and would lose 10 of 15 parts of 1000.
        (
            json!({"festival": {"from": "2014-05-01", "to": "2015-02-19", "days": 15, "weight": 1000}}),
            json!(STORE),
            "method.festival",
        ),
        (json!({"history": []}), json!(STORE), "method.history"),
        (
            json!({"history": [{"year": 2013, "weight": 1}, {"year": 2013, "weight": 2}]}),
            json!(STORE),
            "method.history",
        ),
        (json!({"history": [{"year": 2015, "weight": 1}]}), json!(STORE), "method.history"),
        (json!({"history": [{"year": 2013, "weight": 1}]}), json!(STORE), "method.history"),
        (json!({"capacity": {"ramp": [101]}}), json!(STORE), "method.capacity"),
        (json!("guess"), json!(STORE), "method"),
    ] {
        let mut plan = worked_example(2015);
        (plan["method"], plan["season"]) = (method.clone(), season);
        let answer = app.post("manager", "/v1/plans", plan).await;
        let named = fields(&answer);
        assert!(named.len() == 1 && named[0].starts_with(expected), "{method} {named:?}: {:#}", answer.body);
        assert_eq!(answer.problem(422), "validation-failed");
    }
    // A suggestion is checked as far as that needs no season.
    for (days, weight, field) in [(0, 300, "days"), (46, 300, "days"), (15, u64::MAX, "weight")] {
        let method =
            json!({"festival": {"from": "2014-01-31", "to": "2015-02-19", "days": days, "weight": weight}});
        let asked =
            json!({"unit": "JC", "year": 2015, "metric": "deliveries", "total": 1690, "method": method});
        let answer = app.post("manager", "/v1/plan-suggestions", asked).await;
        assert_eq!(
            fields(&answer),
            [format!("method.festival.{field}")],
            "{days} {weight}: {:#}",
            answer.body
        );
    }
    assert_eq!(app.get("manager", "/v1/plans?year=2015").await.expect(200)["items"], json!([]));
    // A trial in which no method comes out says what is wrong with the plan.
    let mut plan = worked_example(2015);
    plan["units"][1]["unit"] = json!("G9");
    let answer =
        app.post("manager", "/v1/plan-trials", json!({"plan": plan, "methods": ["equal", "season"]})).await;
    assert_eq!(answer.problem(422), "validation-failed");
    for login in ["gm", "leader", "auditor", "dashboard"] {
        let body = json!({"plan": worked_example(2015), "methods": ["equal"]});
        assert_eq!(app.post(login, "/v1/plan-trials", body).await.problem(403), "forbidden");
    }
    crate::access::second_store(&app).await;
    let foreign = json!({"plan": {"unit": "HD", "year": 2015, "metric": "deliveries", "total": 1}, "methods": ["equal"]});
    assert_eq!(app.post("manager", "/v1/plan-trials", foreign.clone()).await.problem(404), "not-found");
    app.post("group", "/v1/plan-trials", foreign).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manual_plan_keeps_its_months_when_cells_are_pinned_and_given_back() {
    let app = TestApp::demo().await;
    let mut given = STORE;
    given.rotate_left(5);
    let mut plan = worked_example(2015);
    (plan["method"], plan["season"]) = (json!({ "manual": given }), json!([]));
    let id = app.post("manager", "/v1/plans", plan).await.expect(201)["id"].clone();
    let before = checked(&app, "manager", &id).await;
    assert_eq!(months(&before[0]), given);
    let cell =
        |value: Value| json!([{"unit": "G2", "employee_no": "A06", "period": "2015-02", "value": value}]);
    super::sums::pin(&app, "manager", &id, "*", cell(json!(99))).await.expect(200);
    let pinned = app.get("manager", &format!("/v1/plans/{id}")).await.expect(200);
    check(&pinned);
    assert_eq!(months(person(&pinned, "G2", "A06"))[1], 99);
    assert!(months(find(&pinned["units"], "unit", "G2"))[1] >= 99);
    super::sums::pin(&app, "manager", &id, "*", cell(Value::Null)).await.expect(200);
    assert_eq!(checked(&app, "manager", &id).await, before);
}

/// A plan of the group that gives totals to its two stores, and plans nothing below them.
fn group_of_two(total: i64, method: Value) -> Value {
    json!({"unit": "JCJT", "year": 2015, "metric": "deliveries", "total": total, "method": method, "season": [],
        "units": [{"unit": "JC", "weight": 1}, {"unit": "HD", "weight": 1}]})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_gives_totals_to_stores_goes_by_their_own_sums() {
    let app = TestApp::demo().await;
    crate::access::second_store(&app).await;
    app.add_user("hd_clerk", &[Role::Clerk], None, Some("HD")).await;
    let app = app.at("2015-01-15T08:00:00Z");
    // HD sells 20 a month; of December only one of its two people is known, so that the month is not.
    for month in 1..=12 {
        let rows: Vec<_> = ["B01", "B02"]
            .iter()
            .filter(|number| month < 12 || **number == "B01")
            .map(|number| json!({"employee_no": number, "facts": {"deliveries": 10}}))
            .collect();
        let facts = json!({"period": format!("2014-{month:02}"), "source_system": "test", "rows": rows});
        app.post("hd_clerk", "/v1/facts", facts).await.expect(200);
    }
    // JC's 1618 are those of domain.md: 1618 ÷ 12 and 20 a month, so 1618 and 240 of 1858. December is no weaker for HD.
    let method = json!({"history": [{"year": 2014, "weight": 1}]});
    let id = app.post("group", "/v1/plans", group_of_two(1858, method)).await.expect(201)["id"].clone();
    let document = app.get("group", &format!("/v1/plans/{id}")).await.expect(200);
    let year = |unit: &str| find(&document["units"], "unit", unit)["year"].clone();
    assert_eq!((year("JC"), year("HD")), (json!(1618), json!(240)));
    // By rational arithmetic: (156 + 20) ÷ (1618/12 + 20) in January, 171 ÷ (1618/12) in December.
    assert_eq!(months(&document), [175, 112, 163, 150, 150, 151, 125, 137, 166, 165, 168, 196]);
    let used = &document["history"][0];
    assert_eq!((&used["people"], &used["units"]), (&json!(0), &json!(2)));
    // A store of which nothing is known is like the others; of two neither is.
    app.change("group", Method::DELETE, &format!("/v1/plans/{id}"), "*", None).await.expect(204);
    let nothing = group_of_two(100, json!({"history": [{"year": 2012, "weight": 1}]}));
    assert_eq!(fields(&app.post("group", "/v1/plans", nothing).await), ["method.history"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_gives_totals_to_stores_goes_by_their_peoples_days_by_each_stores_calendar() {
    let app = TestApp::demo().await;
    crate::access::second_store(&app).await;
    // JC is open on every day, HD on Mondays: twelve consultants, and two.
    for (store, rest) in [("JC", json!([])), ("HD", json!([2, 3, 4, 5, 6, 7]))] {
        let calendar = json!({"rest_weekdays": rest, "keeps_public_holidays": false});
        let path = format!("/v1/work-calendars/{store}/2015");
        app.change("group", Method::PUT, &path, "*", Some(calendar)).await.expect(200);
    }
    let days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].map(|days| 12 * days);
    let mondays = [4, 4, 5, 4, 4, 5, 4, 5, 4, 4, 5, 4].map(|days| 2 * days);
    let total = 12 * 365 + 2 * 52;
    let plan = group_of_two(total, json!({"capacity": {}}));
    let id = app.post("group", "/v1/plans", plan).await.expect(201)["id"].clone();
    let document = app.get("group", &format!("/v1/plans/{id}")).await.expect(200);
    assert_eq!(months(find(&document["units"], "unit", "JC")), days);
    assert_eq!(months(find(&document["units"], "unit", "HD")), mondays);
    // A store without anybody who sells has no days.
    let unit =
        json!({"code": "YD", "name": "YD", "kind": "store", "parent": "JCJT", "valid_from": "2013-01-01"});
    app.post("admin", "/v1/org-units", unit).await.expect(201);
    let mut empty = group_of_two(total, json!({"capacity": {}}));
    empty["units"][1]["unit"] = json!("YD");
    let trial = json!({"plan": empty, "methods": [{"capacity": {}}, "equal"]});
    let tried = app.post("group", "/v1/plan-trials", trial).await.expect(200);
    assert!(tried["methods"][0]["refusal"].as_str().unwrap().contains("JCJT/YD"), "{tried:#}");
}
