//! What could be found by subtracting answers of different kinds, or of screens that are confined to different units.
//! `scripts/subtract_dashboards.py` looks for more of it in groups of random shape.

use std::collections::BTreeMap;

use diesel_async::SimpleAsyncConnection as _;
use reqwest::Method;
use serde_json::{Value, json};
use showfloor::auth::access::Role;

use crate::dashboard_units::{by_unit, deliver, group};
use crate::support::TestApp;

/// Everybody of both teams of the large store, with the same deliveries.
fn teams() -> Vec<(&'static str, Value)> {
    ["Q01", "Q02", "Q03", "Q04", "Q05", "Q06", "Q07"].map(|person| (person, json!({"deliveries": 5}))).into()
}

/// Plans the year of the large store: each team with its people, or as a whole.
async fn plan(app: &TestApp, teams: Value) {
    app.add_user("planner", &[Role::SalesManager], None, Some("GRP")).await;
    app.add_user("boss", &[Role::GeneralManager], None, Some("GRP")).await;
    let plan = json!({"unit": "N1", "year": 2016, "metric": "deliveries", "total": 1200, "season": [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
        "units": teams});
    let id = app.post("planner", "/v1/plans", plan).await.expect(201)["id"].clone();
    for (login, step, body) in
        [("planner", "submit", None), ("boss", "approve", Some(json!({"effective_from": "2016-01"})))]
    {
        app.change(login, Method::POST, &format!("/v1/plans/{id}/{step}"), "*", body).await.expect(200);
    }
}

fn with_members(unit: &str, people: &[&str]) -> Value {
    let members = people.iter().map(|person| json!({"employee_no": person, "weight": 1})).collect::<Vec<_>>();
    json!({"unit": unit, "weight": 1, "members": members})
}

fn first_team() -> Value {
    with_members("N1A", &["Q01", "Q02", "Q03", "Q04"])
}

async fn dashboard(app: &TestApp, login: &str, query: &str) -> BTreeMap<String, Value> {
    by_unit(&app.get(login, &format!("/v1/dashboard/{query}&level=all")).await.expect(200))
}

/// What the pace of a day's month says of each unit: what was brought, and whether it is withheld.
async fn pace(app: &TestApp, unit: &str, day: &str) -> BTreeMap<String, (Value, bool)> {
    let report = app.get("wall", &format!("/v1/pace?unit={unit}&day={day}")).await.expect(200);
    let rows = by_unit(&report["rows"]).into_iter();
    rows.map(|(unit, row)| (unit, (row["month"]["actual"].clone(), row["withheld"] == true))).collect()
}

fn told(value: i64) -> (Value, bool) {
    (json!(value), false)
}

fn withheld() -> (Value, bool) {
    (Value::Null, true)
}

/// Three people of the store beside its department.
const BESIDE: [(&str, &str, Option<[i64; 3]>); 3] =
    [("Q21", "N1", Some([1, 1, 1])), ("Q22", "N1", Some([1, 1, 1])), ("Q23", "N1", Some([1, 1, 1]))];

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_without_departments_tells_nothing_that_dashboards_withhold() {
    let app = group(&BESIDE).await.at("2016-03-03T02:00:00Z");
    plan(&app, json!([first_team(), with_members("N1B", &["Q05", "Q06", "Q07"])])).await;
    // Of those who sell for the department itself only Q08 is known: 6 of 41, which are the department's less its teams'.
    let mut facts = teams();
    facts.extend(
        [("Q08", 6), ("Q21", 2), ("Q22", 2), ("Q23", 2)]
            .map(|(person, cars)| (person, json!({"deliveries": cars}))),
    );
    deliver(&app, "2016-02", &facts).await.expect(200);
    let rows = dashboard(&app, "wall", "attainment?period=2016-02").await;
    let deliveries = ["N1", "N1D", "N1A", "N1B"].map(|unit| rows[unit]["deliveries"].clone());
    assert_eq!(deliveries, [json!(47), json!(41), json!(20), Value::Null]);
    let rows = pace(&app, "N1", "2016-02-29").await;
    assert_eq!(["N1", "N1A", "N1B"].map(|unit| rows[unit].clone()), [told(47), told(20), withheld()]);
    let year = app.get("wall", "/v1/pace?unit=N1&day=2016-02-29").await.expect(200);
    let team = by_unit(&year["rows"])["N1B"].clone();
    assert_eq!((&team["year"], &team["full_year"]), (&Value::Null, &Value::Null), "it is January and this");
    // Nor does a group's plan, which is judged store by store as dashboards are.
    let rows = pace(&app, "GRP", "2016-02-29").await;
    assert_eq!(["N1A", "N1B"].map(|unit| rows[unit].clone()), [told(20), withheld()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sum_of_other_people_than_on_dashboards_is_withheld() {
    let app = group(&BESIDE).await.at("2016-03-03T02:00:00Z");
    plan(&app, json!([first_team(), {"unit": "N1B", "weight": 1}])).await;
    // Of the team that is planned as a whole Q06 and Q07 are missing: what Q05 brought is in no sum of the pace, and in the store's
    // on dashboards.
    deliver(&app, "2016-02", &teams()[..5]).await.expect(200);
    let store = dashboard(&app, "wall", "attainment?period=2016-02").await["N1"].clone();
    assert_eq!((&store["deliveries"], &store["known"]), (&json!(25), &json!(5)));
    let rows = pace(&app, "N1", "2016-02-29").await;
    assert_eq!(
        ["N1", "N1A", "N1B"].map(|unit| rows[unit].0.clone()),
        [Value::Null, Value::Null, Value::Null]
    );
    assert!(rows["N1"].1);
    let named = app.get("group", "/v1/pace?unit=N1&day=2016-02-29").await.expect(200);
    assert_eq!(
        (&named["rows"][0]["unit"], &named["rows"][0]["month"]["actual"]),
        (&json!("N1"), &json!(20)),
        "who may know them is told"
    );
    deliver(&app, "2016-02", &teams()).await.expect(200);
    let rows = pace(&app, "N1", "2016-02-29").await;
    assert_eq!(["N1", "N1A", "N1B"].map(|unit| rows[unit].clone()), [told(35), told(20), told(15)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn between_two_days_nobody_is_found_who_came_later() {
    let app = group(&BESIDE).await.at("2016-02-10T02:00:00Z");
    plan(&app, json!([first_team(), with_members("N1B", &["Q05", "Q06", "Q07"])])).await;
    let everybody = teams();
    let early = everybody.iter().filter(|(person, _)| *person != "Q04").cloned().collect::<Vec<_>>();
    deliver(&app, "2016-02", &early).await.expect(200);
    assert_eq!(pace(&app, "N1", "2016-02-10").await["N1A"], told(15));
    // On the 20th comes what Q04 has delivered: less the 15th it would be told.
    let app = app.at("2016-02-20T02:00:00Z");
    deliver(&app, "2016-02", &everybody).await.expect(200);
    let rows = pace(&app, "N1", "2016-02-20").await;
    assert_eq!(["N1", "N1A", "N1B"].map(|unit| rows[unit].clone()), [told(35), told(20), told(15)]);
    let rows = pace(&app, "N1", "2016-02-15").await;
    assert_eq!(["N1", "N1A", "N1B"].map(|unit| rows[unit].clone()), [withheld(), withheld(), told(15)]);
    // Of a day on which nothing was known that is said.
    let report = app.get("wall", "/v1/pace?unit=N1&day=2016-02-05").await.expect(200);
    let store = by_unit(&report["rows"])["N1"].clone();
    assert_eq!((&store["month"], &store["month_unknown"]), (&Value::Null, &json!("month_total_only")));
}

#[tokio::test(flavor = "multi_thread")]
async fn screens_of_single_units_are_told_what_that_of_the_group_is() {
    // Two people of the store beside its department: with the department's sum the store's would tell theirs.
    let app = group(&BESIDE[..2]).await;
    let whole = dashboard(&app, "wall", "funnel?period=2016-01").await;
    assert_eq!([&whole["N1"]["withheld"], &whole["N1D"]["withheld"]], [false, true]);
    for unit in ["N1", "N1D", "N1A", "N1B", "N2", "N2A"] {
        let login = format!("wall.{}", unit.to_lowercase());
        app.add_user(&login, &[Role::Dashboard], None, Some(unit)).await;
        for (code, row) in dashboard(&app, &login, "funnel?period=2016-01").await {
            for field in
                ["first_visits", "captured_leads", "deliveries", "lead_capture_rate", "known", "withheld"]
            {
                assert_eq!(row[field], whole[&code][field], "{login} {code} {field}");
            }
        }
    }
    // A key of the group's login, confined to the department.
    let wall = app.get("wall", "/v1/me").await.expect(200)["id"].clone();
    let new = json!({"name": "门口", "unit": "N1D"});
    let key = app.post("admin", &format!("/v1/users/{wall}/api-keys"), new).await.expect(201)["key"].clone();
    let path = "/v1/dashboard/funnel?period=2016-01&unit=N1D&level=department";
    let answer = app.request(Method::GET, path).bearer_auth(key.as_str().unwrap()).send().await.unwrap();
    let rows = answer.json::<Value>().await.unwrap();
    assert_eq!((&rows[0]["unit"], &rows[0]["deliveries"]), (&json!("N1D"), &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_grades_of_a_team_are_not_shown_to_its_own_screen() {
    let app = TestApp::published().await;
    for unit in ["G2", "JC-XS"] {
        let login = format!("wall.{}", unit.to_lowercase());
        app.add_user(&login, &[Role::Dashboard], None, Some(unit)).await;
        for query in ["", "&unit=JC", &format!("&unit={unit}")] {
            let answer = app.get(&login, &format!("/v1/dashboard/distribution?period=2014-03{query}")).await;
            assert_eq!(answer.problem(403), "forbidden", "{unit} {query}");
        }
    }
    app.add_user("wall", &[Role::Dashboard], None, Some("JC")).await;
    let store = app.get("wall", "/v1/dashboard/distribution?period=2014-03").await.expect(200);
    assert!(!store.as_array().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn that_one_of_a_team_is_not_rated_is_not_told() {
    let app = TestApp::published().await;
    let unrated = "UPDATE review SET total = NULL, final_grade = 'NR', coefficient = NULL
        WHERE period = '2014-03-01' AND is_current AND position = 'sales_consultant'
        AND employee_id = (SELECT id FROM employee WHERE employee_no = 'A12')";
    app.pool.get().await.unwrap().batch_execute(unrated).await.unwrap();
    let rows = dashboard(&app, "dashboard", "coefficients?period=2014-03").await;
    // Of the third team, and of all that it is a part of, one is not rated; of the others everybody is.
    for (unit, known) in
        [("G1", json!(4)), ("G2", json!(4)), ("G3", Value::Null), ("JC-XS", Value::Null), ("JC", Value::Null)]
    {
        let row = &rows[unit];
        let is_withheld = json!(known.is_null());
        assert_eq!((&row["known"], &row["withheld"]), (&known, &is_withheld), "{unit}");
        assert_eq!(row["coefficient_sum"].is_null(), known.is_null(), "{unit}");
        assert_eq!(row["mean_coefficient"].is_null(), known.is_null(), "{unit}");
    }
    let known = dashboard(&app, "hr", "coefficients?period=2014-03").await;
    assert_eq!((&known["G3"]["known"], &known["G3"]["people"]), (&json!(3), &json!(4)));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_left_for_another_work_is_no_third_in_the_sum_of_two() {
    let beside = [("Q21", "N2B", None), ("Q22", "N2B", None), ("Q23", "N2B", None)];
    let app = group(&beside).await;
    // Q23 sells for eight days, and telephones for the other team from then on: the month counts there.
    let posting =
        app.get("admin", "/v1/assignments?employee_no=Q23").await.expect(200)["items"][0]["id"].clone();
    let path = format!("/v1/assignments/{posting}");
    app.change("admin", Method::PATCH, &path, "*", Some(json!({"valid_to": "2016-01-09"}))).await.expect(200);
    let new = json!({"employee_no": "Q23", "unit": "N2A", "position": "telesales_specialist", "valid_from": "2016-01-09"});
    app.post("admin", "/v1/assignments", new).await.expect(201);
    app.add_user("calls", &[Role::CustomerService], None, Some("N2")).await;
    let body = json!({"period": "2016-01", "source_system": "test", "complete_sources": ["complaints"], "complete_for": "store",
        "rows": [{"employee_no": "Q21", "facts": {"complaints_minor": 1}}]});
    app.post("calls", "/v1/facts", body).await.expect(200);
    let known = dashboard(&app, "group", "quality?period=2016-01&unit=N2").await;
    let people = ["N2", "N2A", "N2B"].map(|unit| known[unit]["people"].clone());
    assert_eq!(people, [json!(7), json!(5), json!(2)], "each where the month counts");
    assert_eq!(
        (&known["N2B"]["known"]["complaints_minor"], &known["N2B"]["complaints_minor"]),
        (&json!(2), &json!(1))
    );
    let shown = dashboard(&app, "wall", "quality?period=2016-01&unit=N2").await;
    assert_eq!(
        (&shown["N2"]["complaints_minor"], &shown["N2B"]["complaints_minor"]),
        (&json!(1), &Value::Null)
    );
    assert_eq!(shown["N2A"]["complaints_minor"], Value::Null, "the store's less it would be the two's");
}
