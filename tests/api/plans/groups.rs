//! A group's plan: stores, departments, teams and people in one tree, decided by a group administrator.

use serde_json::{Value, json};
use showfloor::auth::access::Role;
use showfloor::org;
use showfloor::plan;

use super::sums::{checked, pin};
use super::{approve, draft, find, months, read, step, worked_example};
use crate::support::TestApp;
use crate::users::fields;

/// Besides the demonstration's store and HD a third one, YD, with two people in one team.
pub async fn three_stores(app: &TestApp) {
    crate::access::second_store(app).await;
    for (code, kind, parent) in
        [("YD", "store", "JCJT"), ("YD-XS", "department", "YD"), ("Y1", "team", "YD-XS")]
    {
        let unit =
            json!({"code": code, "name": code, "kind": kind, "parent": parent, "valid_from": "2013-01-01"});
        app.post("admin", "/v1/org-units", unit).await.expect(201);
    }
    for employee_no in ["C01", "C02"] {
        let person = json!({"employee_no": employee_no, "name": employee_no, "status": "active"});
        app.post("admin", "/v1/employees", person).await.expect(201);
        let posting = json!({"employee_no": employee_no, "unit": "Y1", "position": "sales_consultant",
            "valid_from": "2013-01-01"});
        app.post("admin", "/v1/assignments", posting).await.expect(201);
    }
    for login in ["group2", "group3"] {
        app.add_user(login, &[Role::GroupAdmin], None, None).await;
    }
}

fn members(members: &[(&str, i64)]) -> Value {
    members.iter().map(|(number, weight)| json!({"employee_no": number, "weight": weight})).collect()
}

/// 3600 vehicles of 2015: JC 50, HD 30, YD 20.
fn group_plan() -> Value {
    let example = worked_example(2015);
    let team = |unit: &str, people: Value| json!([{"unit": unit, "weight": 1, "members": people}]);
    json!({
        "unit": "JCJT", "year": 2015, "metric": "deliveries", "total": 3600, "season": example["season"],
        "levels": {"floor": 3000, "stretch": 4000},
        "units": [
            {"unit": "JC", "weight": 50, "units": [
                {"unit": "JC-XS", "weight": 1, "units": example["units"]}]},
            {"unit": "HD", "weight": 30, "units": [
                {"unit": "HD-XS", "weight": 7, "units": team("H1", members(&[("B01", 3), ("B02", 2)]))}]},
            {"unit": "YD", "weight": 20, "units": [
                {"unit": "YD-XS", "weight": 1, "units": team("Y1", members(&[("C01", 1), ("C02", 0)]))}]},
        ],
        "channels": example["channels"], "series": example["series"],
        "lines": [{"metric": "accessory_revenue", "penetration": 0.5, "value_per_unit": 99_999}],
    })
}

pub async fn drafted(app: &TestApp) -> Value {
    app.post("group", "/v1/plans", group_plan()).await.expect(201)["id"].clone()
}

/// 3600 by the season of the worked example, and 50/30/20 of it along the months, by rational arithmetic.
const GROUP: [i64; 12] = [342, 230, 317, 292, 286, 283, 248, 268, 315, 319, 333, 367];
const STORES: [(&str, [i64; 12]); 3] = [
    ("JC", [171, 115, 158, 147, 143, 141, 124, 134, 158, 159, 166, 184]),
    ("HD", [103, 69, 95, 87, 86, 85, 74, 81, 94, 96, 100, 110]),
    ("YD", [68, 46, 64, 58, 57, 57, 50, 53, 63, 64, 67, 73]),
];
const B01: [i64; 12] = [62, 41, 57, 52, 52, 51, 44, 49, 56, 58, 60, 66];

#[tokio::test(flavor = "multi_thread")]
async fn a_groups_plan_is_split_to_the_last_person_of_every_store() {
    let app = TestApp::demo().await;
    three_stores(&app).await;
    let id = drafted(&app).await;
    let documents = checked(&app, "group", &id).await;
    let plan = &documents[0];
    assert_eq!(months(plan), GROUP);
    for (unit, expected) in STORES {
        let store = find(&plan["units"], "unit", unit);
        assert_eq!(months(store), expected, "{unit}");
        let department = &store["units"][0];
        assert_eq!(months(department), expected, "{unit}");
        let teams = department["units"].as_array().unwrap().len();
        assert_eq!(teams, if unit == "JC" { 3 } else { 1 });
    }
    let team = &find(&plan["units"], "unit", "HD")["units"][0]["units"][0];
    assert_eq!(months(find(&team["members"], "employee_no", "B01")), B01);
    let team = &find(&plan["units"], "unit", "YD")["units"][0]["units"][0];
    assert_eq!(months(find(&team["members"], "employee_no", "C01")), STORES[2].1);
    assert_eq!(months(find(&team["members"], "employee_no", "C02")), [0; 12]);
    // 3600 × 0.5 × ¥999.99
    assert_eq!(documents[1]["year"], 179_998_200);
    // A pin far down moves the group's month with what is above it, and leaves no trace when it is given back.
    let cell =
        |value: Value| json!([{"unit": "H1", "employee_no": "B02", "period": "2015-08", "value": value}]);
    pin(&app, "group", &id, "*", cell(json!(400))).await.expect(200);
    let pinned = &checked(&app, "group", &id).await[0];
    assert!(months(pinned)[7] >= 400 && pinned["year"] == 3600);
    pin(&app, "group", &id, "*", cell(Value::Null)).await.expect(200);
    assert_eq!(checked(&app, "group", &id).await, documents);
    let answer = pin(&app, "group", &id, "*", cell(json!(3601))).await;
    assert_eq!(fields(&answer), ["JCJT/HD/HD-XS/H1/B02 2015-08"], "{:#}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_groups_plan_is_decided_by_another_group_administrator() {
    let app = TestApp::demo().await;
    three_stores(&app).await;
    app.add_user("group_gm", &[Role::GeneralManager], None, Some("JCJT")).await;
    let id = drafted(&app).await;
    pin(&app, "group2", &id, "*", json!([{"unit": "YD", "period": "2015-08", "value": 60}]))
        .await
        .expect(200);
    step(&app, "group", &id, "submit", "*", None).await.expect(200);
    let note = || Some(json!({"note": "再算一遍"}));
    let lock = || Some(json!({"through": "2015-01"}));
    // Its author and who changed it decide nothing about it; for the stores it is not there, and a general manager, even
    // one of the whole group, has no say in it.
    for (login, status) in
        [("group", 409), ("group2", 409), ("gm", 404), ("hd_gm", 404), ("group_gm", 403), ("manager", 403)]
    {
        for answer in [
            approve(&app, login, &id, "2015-01").await,
            step(&app, login, &id, "return", "*", note()).await,
            step(&app, login, &id, "locks", "*", lock()).await,
        ] {
            assert_eq!(answer.status, status, "{login}: {:#}", answer.body);
            answer.problem(status);
        }
    }
    assert_eq!(read(&app, &id).await["status"], "submitted");
    step(&app, "group3", &id, "return", "*", note()).await.expect(200);
    step(&app, "group", &id, "submit", "*", None).await.expect(200);
    let approved = approve(&app, "group3", &id, "2015-01").await.expect(200);
    assert_eq!((&approved["author"], &approved["approver"]), (&json!("group"), &json!("group3")));
    step(&app, "group3", &id, "locks", "*", lock()).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stores_plan_stays_its_general_managers_to_decide() {
    let app = TestApp::demo().await;
    three_stores(&app).await;
    // General manager of HD, and group administrator besides.
    let person = json!({"employee_no": "B05", "name": "B05", "status": "active"});
    app.post("admin", "/v1/employees", person).await.expect(201);
    let posting = json!({"employee_no": "B05", "unit": "HD", "position": "general_manager",
        "valid_from": "2013-01-01"});
    app.post("admin", "/v1/assignments", posting).await.expect(201);
    app.add_user("two_hats", &[Role::GeneralManager, Role::GroupAdmin], Some("B05"), None).await;
    let id = draft(&app, "manager", 2015).await["id"].clone();
    step(&app, "manager", &id, "submit", "*", None).await.expect(200);
    let note = || Some(json!({"note": "再算一遍"}));
    let lock = || Some(json!({"through": "2015-01"}));
    for (login, status) in [("group", 403), ("group2", 403), ("two_hats", 403), ("hd_gm", 404)] {
        for answer in [
            approve(&app, login, &id, "2015-01").await,
            step(&app, login, &id, "return", "*", note()).await,
            step(&app, login, &id, "locks", "*", lock()).await,
        ] {
            assert_eq!(answer.status, status, "{login}: {:#}", answer.body);
            answer.problem(status);
        }
    }
    approve(&app, "gm", &id, "2015-01").await.expect(200);
    let issued = json!({"unit": "HD", "year": 2015, "metric": "deliveries", "total": 1200, "season": vec![1; 12],
        "units": [{"unit": "H1", "weight": 1, "members": members(&[("B01", 1), ("B02", 1)])}]});
    let id = app.post("group", "/v1/plans", issued).await.expect(201)["id"].clone();
    step(&app, "group", &id, "submit", "*", None).await.expect(200);
    assert_eq!(approve(&app, "group2", &id, "2015-01").await.problem(403), "forbidden");
    approve(&app, "two_hats", &id, "2015-01").await.expect(200);
}

/// What somebody of a store is to deliver in a month, by the plan that governs it; none where the plan has no such cell.
async fn target(app: &TestApp, store: &str, period: &str, employee_no: &str) -> Option<i64> {
    let connection = &mut *app.pool.get().await.unwrap();
    let store = org::unit_by_code(connection, store).await.unwrap().unwrap().id;
    let ids = org::employees_by_no(connection, &[employee_no.to_owned()]).await.unwrap();
    let targets = plan::targets_in_force(connection, &[store], period.parse().unwrap()).await.unwrap();
    let found = targets
        .into_iter()
        .find(|target| target.employee_id == ids[employee_no] && target.metric == "deliveries")?;
    Some(i64::try_from(found.value).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stores_own_plan_goes_before_the_groups() {
    let app = TestApp::demo().await;
    three_stores(&app).await;
    assert_eq!(target(&app, "HD", "2015-06", "B01").await, None);
    let id = drafted(&app).await;
    step(&app, "group", &id, "submit", "*", None).await.expect(200);
    assert_eq!(target(&app, "HD", "2015-06", "B01").await, None);
    approve(&app, "group2", &id, "2015-02").await.expect(200);
    // HD's own, 100 a month by halves, from July on.
    let own = json!({"unit": "HD", "year": 2015, "metric": "deliveries", "total": 1200, "season": vec![1; 12],
        "units": [{"unit": "H1", "weight": 1, "members": members(&[("B01", 1), ("B02", 1)])}]});
    let own = app.post("group", "/v1/plans", own).await.expect(201)["id"].clone();
    step(&app, "group", &own, "submit", "*", None).await.expect(200);
    approve(&app, "hd_gm", &own, "2015-07").await.expect(200);
    for (store, period, employee_no, expected) in [
        // Before the group's plan takes effect there is none.
        ("HD", "2015-01", "B01", None),
        ("HD", "2015-02", "B01", Some(B01[1])),
        ("HD", "2015-06", "B01", Some(B01[5])),
        ("HD", "2015-07", "B01", Some(50)),
        ("HD", "2015-12", "B01", Some(50)),
        // The other stores follow the group's all year, and see only their own people in it.
        ("YD", "2015-07", "C01", Some(50)),
        ("YD", "2015-12", "C01", Some(73)),
        ("YD", "2015-12", "B01", None),
        ("JC", "2015-12", "B01", None),
    ] {
        assert_eq!(
            target(&app, store, period, employee_no).await,
            expected,
            "{store} {period} {employee_no}"
        );
    }
    // The store's part of the group's plan, as the group's cells have it.
    let sum = async |period: &str| {
        let mut sum = 0;
        for number in 1..=12 {
            sum += target(&app, "JC", period, &format!("A{number:02}")).await.unwrap_or(0);
        }
        sum
    };
    assert_eq!(sum("2015-12").await, 184);
    assert_eq!(sum("2015-02").await, 115);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_groups_plan_is_seen_by_the_group_and_its_cells_by_whose_they_are() {
    let app = TestApp::demo().await;
    three_stores(&app).await;
    let id = drafted(&app).await;
    for login in ["manager", "gm", "hr", "hd_gm", "hd_hr", "consultant", "hd_leader", "dashboard"] {
        assert_eq!(app.get(login, &format!("/v1/plans/{id}")).await.problem(404), "not-found", "{login}");
    }
    let people = async |login: &str| {
        let path = format!("/v1/plans/{id}/targets?period=2015-03&metric=deliveries&limit=500");
        let page = app.get(login, &path).await.expect(200);
        let mut people: Vec<_> = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|cell| cell["employee_no"].as_str().map(str::to_owned))
            .collect();
        people.sort();
        people
    };
    assert_eq!(people("consultant").await, ["A02"]);
    assert_eq!(people("hd_consultant").await, ["B02"]);
    assert_eq!(people("hd_leader").await, ["B01", "B02"]);
    assert_eq!(people("group").await.len(), 16);
    assert_eq!(people("auditor").await.len(), 16);
    for login in ["manager", "gm", "consultant"] {
        let answer = app.get(login, "/v1/plans?year=2015").await.expect(200);
        assert_eq!(answer["items"], json!([]), "{login}");
        let answer = app.post("manager", "/v1/plans", group_plan()).await;
        assert_eq!(answer.problem(404), "not-found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn units_stand_where_the_organisation_has_them() {
    let app = TestApp::demo().await;
    three_stores(&app).await;
    let with = |change: &dyn Fn(&mut Value)| {
        let mut plan = group_plan();
        change(&mut plan);
        plan
    };
    type Change<'a> = (&'a dyn Fn(&mut Value), &'a str);
    let changes: [Change<'_>; 7] = [
        // A unit below itself, a store below a store, a team of another store, the group below itself, one unit twice.
        (&|plan| plan["units"][1]["units"][0]["unit"] = json!("HD"), "units[1].units[0].unit"),
        (&|plan| plan["units"][1]["units"][0]["unit"] = json!("JC"), "units[1].units[0].unit"),
        (
            &|plan| plan["units"][1]["units"][0]["units"][0]["unit"] = json!("Y1"),
            "units[1].units[0].units[0].unit",
        ),
        (&|plan| plan["units"][2]["unit"] = json!("JCJT"), "units[2].unit"),
        (&|plan| plan["units"][2] = json!({"unit": "HD", "weight": 1}), "units[2].unit"),
        (&|plan| plan["units"][2] = json!({"unit": "XX", "weight": 1}), "units[2].unit"),
        (
            &|plan| plan["units"][1]["units"][0]["units"][0]["members"][0]["weight"] = json!(-1),
            "units[1].units[0].units[0].members[0].weight",
        ),
    ];
    for (change, expected) in changes {
        let answer = app.post("group", "/v1/plans", with(change)).await;
        let named = fields(&answer);
        assert!(named.iter().any(|field| field == expected), "{expected} of {named:?}: {:#}", answer.body);
        assert_eq!(answer.problem(422), "validation-failed");
    }
    // A unit whose people take its months may list a unit without weight beside them.
    let person = json!({"employee_no": "C03", "name": "C03", "status": "active"});
    app.post("admin", "/v1/employees", person).await.expect(201);
    let posting = json!({"employee_no": "C03", "unit": "YD-XS", "position": "sales_consultant",
        "valid_from": "2013-01-01"});
    app.post("admin", "/v1/assignments", posting).await.expect(201);
    let mut plan = group_plan();
    plan["units"][2]["units"][0]["members"] = members(&[("C03", 1)]);
    plan["units"][2]["units"][0]["units"][0]["weight"] = json!(0);
    let id = app.post("group", "/v1/plans", plan).await.expect(201)["id"].clone();
    let document = &checked(&app, "group", &id).await[0];
    let department = &find(&document["units"], "unit", "YD")["units"][0];
    assert_eq!(months(&department["units"][0]), [0; 12]);
    assert_eq!(months(&department["members"][0]), STORES[2].1);
}
