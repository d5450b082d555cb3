//! What people and units commit to, beside what the plan and the group give them.

use reqwest::Method;
use serde_json::{Value, json};
use showfloor::auth::access::Role;

use super::{STORE, TEAMS, approve, draft, find, person, read, step};
use crate::support::{Answer, TestApp};
use crate::users::fields;

async fn commit(app: &TestApp, login: &str, plan: &Value, rows: Value) -> Answer {
    let body = Some(json!({ "rows": rows }));
    let path = format!("/v1/plans/{plan}/commitments");
    let request = app.request(Method::PUT, &path).bearer_auth(app.token(login).await);
    Answer::of(request.json(&body).send().await.unwrap()).await
}

fn row(unit: &str, employee_no: Option<&str>, months: Value) -> Value {
    json!({"unit": unit, "employee_no": employee_no, "months": months})
}

fn all(value: i64) -> Value {
    json!(vec![value; 12])
}

async fn get(app: &TestApp, login: &str, plan: &Value) -> Value {
    app.get(login, &format!("/v1/plans/{plan}/commitments")).await.expect(200)["rows"].clone()
}

fn place<'a>(rows: &'a Value, unit: &str, employee_no: Option<&str>) -> &'a Value {
    rows.as_array()
        .unwrap()
        .iter()
        .find(|row| row["unit"] == unit && row["employee_no"].as_str() == employee_no)
        .unwrap_or_else(|| panic!("no {unit} {employee_no:?} in {rows:#}"))
}

fn cells(row: &Value, field: &str) -> Vec<Option<i64>> {
    row[field].as_array().unwrap().iter().map(Value::as_i64).collect()
}

/// Every place's committed months are its own, or the sum of those below it; the gaps and sums follow.
fn rolls_up(rows: &Value) {
    let rows = rows.as_array().unwrap();
    for row in rows {
        let (own, committed) = (cells(row, "own"), cells(row, "committed"));
        let (target, gap) = (cells(row, "target"), cells(row, "gap"));
        let below: Vec<_> = rows
            .iter()
            .filter(|other| match other["employee_no"].is_string() {
                true => row["employee_no"].is_null() && other["unit"] == row["unit"],
                false => row["employee_no"].is_null() && other["above"] == row["unit"],
            })
            .collect();
        for month in 0..12 {
            let sums: Vec<_> = below.iter().filter_map(|child| cells(child, "committed")[month]).collect();
            let sum = (!sums.is_empty()).then(|| sums.iter().sum());
            assert_eq!(committed[month], own[month].or(sum), "{row:#}");
            assert_eq!(gap[month], committed[month].map(|committed| committed - target[month].unwrap()));
        }
        let sum = |cells: &[Option<i64>]| cells.iter().flatten().copied().reduce(|a, b| a + b);
        assert_eq!(row["target_year"].as_i64(), sum(&target));
        assert_eq!(row["committed_year"].as_i64(), sum(&committed));
        assert_eq!(row["gap_year"].as_i64(), sum(&gap));
        // No place of these tests has an own commitment for some months and complete ones below for the others.
        let is_complete = own.iter().all(Option::is_some)
            || (!below.is_empty() && below.iter().all(|child| child["complete"] == true));
        assert_eq!(row["complete"], is_complete, "{row:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commitments_add_up_from_the_people_to_the_store() {
    let app = TestApp::demo().await;
    let plan = draft(&app, "manager", 2016).await["id"].clone();
    let document = read(&app, &plan).await;
    let empty = get(&app, "manager", &plan).await;
    assert_eq!(empty.as_array().unwrap().len(), 1 + 3 + 12);
    for row in empty.as_array().unwrap() {
        assert_eq!(cells(row, "committed"), [None; 12], "missing is not zero");
        assert_eq!((&row["committed_year"], &row["gap_year"]), (&Value::Null, &Value::Null));
        assert_eq!((&row["complete"], &row["row_version"]), (&json!(false), &json!(0)));
    }
    assert_eq!(cells(place(&empty, "JC", None), "target"), STORE.map(Some));
    assert_eq!(place(&empty, "JC", None)["above"], Value::Null);
    assert_eq!(place(&empty, "G2", None)["above"], "JC");
    assert_eq!(
        cells(place(&empty, "G3", Some("A12")), "target"),
        cells(person(&document, "G3", "A12"), "months")
    );

    // The consultant says 9 a month, the leader 20 for the rest of the team, the manager half a year for team 2.
    let own = commit(&app, "consultant", &plan, json!([row("G1", Some("A02"), all(9))])).await.expect(200);
    assert_eq!(own["rows"].as_array().unwrap().len(), 1);
    assert_eq!((&own["rows"][0]["committed_year"], &own["metric"]), (&json!(108), &json!("deliveries")));
    assert_eq!(own["rows"][0]["entered_by"], "consultant");
    let team = get(&app, "leader", &plan).await;
    assert_eq!(team.as_array().unwrap().len(), 5, "the team and its people");
    assert_eq!(cells(place(&team, "G1", None), "committed"), [Some(9); 12]);
    assert_eq!(place(&team, "G1", None)["complete"], false);
    // Whoever may not see people is told nothing of one.
    let seen = get(&app, "dashboard", &plan).await;
    for unit in ["JC", "G1"] {
        let row = place(&seen, unit, None);
        assert_eq!((cells(row, "committed"), cells(row, "gap")), (vec![None; 12], vec![None; 12]), "{unit}");
        assert_eq!((&row["complete"], &row["withheld"]), (&json!(false), &json!(true)), "{unit}");
    }
    assert_eq!(place(&seen, "G2", None)["withheld"], false);
    let rest: Vec<_> = ["A01", "A03", "A04"].map(|person| row("G1", Some(person), all(20))).into();
    commit(&app, "leader", &plan, json!(rest)).await.expect(200);
    let half = json!([40, 40, 40, 40, 40, 40, null, null, null, null, null, null]);
    commit(&app, "manager", &plan, json!([row("G2", None, half)])).await.expect(200);
    let rows = get(&app, "manager", &plan).await;
    rolls_up(&rows);
    let team_1 = place(&rows, "G1", None);
    assert_eq!((cells(team_1, "committed"), &team_1["complete"]), (vec![Some(69); 12], &json!(true)));
    // domain.md: team 1 has 608, the store 160 108 149 137 134 133 in the first half-year.
    assert_eq!((&team_1["committed_year"], &team_1["gap_year"]), (&json!(828), &json!(828 - 608)));
    assert_eq!(cells(team_1, "gap"), TEAMS[0].1.map(|target| Some(69 - target)));
    let team_2 = place(&rows, "G2", None);
    assert_eq!((&team_2["committed_year"], &team_2["complete"]), (&json!(240), &json!(false)));
    assert_eq!(team_2["gap_year"], json!(240 - (54 + 37 + 51 + 46 + 46 + 45)), "of the months committed to");
    assert_eq!(cells(place(&rows, "G3", None), "committed"), [None; 12]);
    let store = place(&rows, "JC", None);
    assert_eq!(cells(store, "committed")[..6], [Some(109); 6]);
    assert_eq!(cells(store, "committed")[6..], [Some(69); 6]);
    assert_eq!(cells(store, "gap")[..2], [Some(109 - 160), Some(109 - 108)]);
    assert_eq!((&store["committed_year"], &store["complete"]), (&json!(6 * 109 + 6 * 69), &json!(false)));
    assert_eq!(store["gap_year"], json!(6 * 109 + 6 * 69 - 1690));

    // What the store itself commits to stands for everybody below.
    commit(&app, "manager", &plan, json!([row("JC", None, all(140))])).await.expect(200);
    let rows = get(&app, "manager", &plan).await;
    let store = place(&rows, "JC", None);
    assert_eq!((cells(store, "committed"), &store["complete"]), (vec![Some(140); 12], &json!(true)));
    assert_eq!(store["gap_year"], json!(12 * 140 - 1690));
    assert_eq!(place(&rows, "G2", None), team_2);
    assert_eq!(read(&app, &plan).await, document, "the plan does not change");
    // A dashboard sees the units, and no names.
    let seen = get(&app, "dashboard", &plan).await;
    assert_eq!(seen.as_array().unwrap().len(), 4);
    assert!(seen.as_array().unwrap().iter().all(|row| row["entered_by"].is_null()));
    assert_eq!(place(&seen, "G1", None)["committed"], team_1["committed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_commits_for_somebody_out_of_reach() {
    let app = TestApp::demo().await;
    crate::access::second_store(&app).await;
    let plan = draft(&app, "manager", 2016).await["id"].clone();
    for (login, unit, employee_no, field) in [
        ("consultant", "G1", Some("A03"), "rows[1].employee_no"),
        ("consultant", "G1", None, "rows[1].unit"),
        ("leader2", "G1", None, "rows[1].unit"),
        ("leader2", "G1", Some("A01"), "rows[1].employee_no"),
        ("leader", "JC", None, "rows[1].unit"),
        ("leader", "G9", None, "rows[1].unit"),
        ("leader", "G1", Some("A05"), "rows[1].employee_no"),
        ("manager", "HD", None, "rows[1].unit"),
    ] {
        // The first row would be well.
        let own = match login {
            "consultant" => row("G1", Some("A02"), all(1)),
            "leader2" => row("G2", None, all(1)),
            "leader" => row("G1", None, all(1)),
            _ => row("JC", None, all(1)),
        };
        let answer = commit(&app, login, &plan, json!([own, row(unit, employee_no, all(1))])).await;
        assert_eq!(fields(&answer), [field], "{login} {unit} {employee_no:?}");
        assert_eq!(answer.problem(422), "validation-failed");
    }
    for login in ["gm", "hr", "group", "auditor", "telesales"] {
        let answer = commit(&app, login, &plan, json!([row("G1", None, all(1))])).await;
        assert_eq!(answer.problem(403), "forbidden", "{login}");
    }
    for login in ["hd_leader", "hd_consultant"] {
        let answer = commit(&app, login, &plan, json!([row("G1", None, all(1))])).await;
        assert_eq!(answer.problem(404), "not-found", "{login}");
        let answer = app.get(login, &format!("/v1/plans/{plan}/commitments")).await;
        assert_eq!(answer.problem(404), "not-found", "{login}");
    }
    let rows = get(&app, "manager", &plan).await;
    assert!(rows.as_array().unwrap().iter().all(|row| row["row_version"] == 0), "nothing is half-kept");
    let one = |months: Value| json!([row("G1", Some("A02"), months)]);
    for (rows, expected) in [
        (one(json!(vec![1; 11])), &["rows[0].months"][..]),
        (
            one(json!([-1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1_000_000_000_001_i64])),
            &["rows[0].months[0]", "rows[0].months[11]"],
        ),
        (json!([row("G1", Some("A02"), all(1)), row("G1", Some("A02"), all(1))]), &["rows[1]"]),
        (json!([]), &["rows"]),
    ] {
        let answer = commit(&app, "consultant", &plan, rows).await;
        assert_eq!(fields(&answer), expected, "{:#}", answer.body);
    }
    let path = format!("/v1/plans/{plan}/commitments?metric=orders");
    assert_eq!(fields(&app.get("consultant", &path).await), ["metric"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commitment_is_taken_back_and_changed_as_it_was_seen() {
    let app = TestApp::demo().await;
    let plan = draft(&app, "manager", 2016).await["id"].clone();
    let with = |months: Value, seen: i64| {
        let mut row = row("G1", Some("A02"), months);
        row["row_version"] = json!(seen);
        json!([row])
    };
    commit(&app, "consultant", &plan, with(all(9), 0)).await.expect(200);
    let refused = commit(&app, "leader", &plan, with(all(12), 0)).await;
    assert_eq!(fields(&refused), ["rows[0].row_version"]);
    assert_eq!(refused.problem(412), "precondition-failed");
    commit(&app, "leader", &plan, with(all(12), 1)).await.expect(200);
    let rows = get(&app, "consultant", &plan).await;
    assert_eq!((&rows[0]["row_version"], &rows[0]["entered_by"]), (&json!(2), &json!("leader")));
    assert_eq!(cells(&rows[0], "own"), [Some(12); 12]);
    let back = commit(&app, "consultant", &plan, with(json!(vec![Value::Null; 12]), 2)).await.expect(200);
    assert_eq!(cells(&back["rows"][0], "committed"), [None; 12]);
    assert_eq!(back["rows"][0]["row_version"], json!(3), "the version goes on");
    // Of two at once who have seen the same, one is kept.
    let both = [5, 6].map(|value| commit(&app, "leader", &plan, with(all(value), 3)));
    let answers = futures_util::future::join_all(both).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    // It stands beside the next version, too, and a superseded one takes no more.
    step(&app, "manager", &plan, "submit", "*", None).await.expect(200);
    approve(&app, "gm", &plan, "2016-01").await.expect(200);
    let next =
        app.post_empty("manager", &format!("/v1/plans/{plan}/versions")).await.expect(201)["id"].clone();
    assert_eq!(get(&app, "leader", &next).await, get(&app, "leader", &plan).await);
    step(&app, "manager", &next, "submit", "*", None).await.expect(200);
    approve(&app, "gm", &next, "2016-06").await.expect(200);
    let answer = commit(&app, "leader", &plan, with(all(7), 4)).await;
    assert_eq!(answer.problem(409), "conflict");
    commit(&app, "leader", &next, with(all(7), 4)).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_commits_for_the_months_of_the_leadership() {
    let app = TestApp::demo().await;
    let page = app.get("admin", "/v1/team-leaderships?unit=G1&employee_no=A01").await.expect(200);
    let path = format!("/v1/team-leaderships/{}", page["items"][0]["id"]);
    let end = Some(json!({"valid_to": "2016-04-01"}));
    app.change("admin", Method::PATCH, &path, "*", end).await.expect(200);
    let plan = draft(&app, "manager", 2016).await["id"].clone();
    commit(&app, "manager", &plan, json!([row("G1", None, all(50))])).await.expect(200);
    let answer = commit(&app, "leader", &plan, json!([row("G1", None, all(60))])).await;
    let expected: Vec<_> = (3..12).map(|month| format!("rows[0].months[{month}]")).collect();
    let mut found: Vec<String> = answer.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["field"].as_str().unwrap().to_owned())
        .collect();
    found.sort_by_key(|field| field.len());
    assert_eq!(found, expected);
    let first = json!([60, null, 60, null, null, null, null, null, null, null, null, null]);
    let seen = commit(&app, "leader", &plan, json!([row("G1", None, first)])).await.expect(200);
    let team = place(&seen["rows"], "G1", None);
    let shown = [Some(58), Some(39), Some(53)];
    assert_eq!(cells(team, "target")[..3], shown);
    assert_eq!(
        cells(team, "target")[3..],
        [None; 9],
        "the months of somebody else's leadership are not shown"
    );
    let rows = get(&app, "manager", &plan).await;
    let kept = cells(place(&rows, "G1", None), "own");
    assert_eq!(kept[..3], [Some(60), None, Some(60)]);
    assert_eq!(kept[3..], [Some(50); 9], "and stay as they were");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stores_plan_stands_beside_what_the_group_issued() {
    let app = TestApp::demo().await;
    crate::access::second_store(&app).await;
    app.add_user("group2", &[Role::GroupAdmin], None, None).await;
    let plan = draft(&app, "manager", 2016).await["id"].clone();
    let issued = async |login: &str, id: &Value| app.get(login, &format!("/v1/plans/{id}/issued")).await;
    let none = issued("manager", &plan).await.expect(200);
    assert_eq!((cells(&none, "issued"), cells(&none, "gap")), (vec![None; 12], vec![None; 12]));
    assert_eq!((&none["issued_year"], &none["gap_year"]), (&Value::Null, &Value::Null));
    assert_eq!((cells(&none, "planned"), &none["planned_year"]), (STORE.map(Some).to_vec(), &json!(1690)));

    // 2400 in equal months, 3 to 1: 150 a month for JC.
    let group = json!({"unit": "JCJT", "year": 2016, "metric": "deliveries", "total": 2400, "season": vec![1; 12],
        "units": [{"unit": "JC", "weight": 3}, {"unit": "HD", "weight": 1}]});
    let group = app.post("group", "/v1/plans", group).await.expect(201)["id"].clone();
    assert_eq!(issued("manager", &plan).await.expect(200), none, "a draft issues nothing");
    step(&app, "group", &group, "submit", "*", None).await.expect(200);
    approve(&app, "group2", &group, "2016-04").await.expect(200);
    let first = issued("gm", &plan).await.expect(200);
    assert_eq!(cells(&first, "issued")[..3], [None; 3], "before its first month it issues nothing");
    assert_eq!(cells(&first, "issued")[3..], [Some(150); 9]);
    assert_eq!((&first["issued_by"][2], &first["issued_by"][3]), (&Value::Null, &json!("JCJT")));
    // April to December of the worked example: 137 134 133 117 126 148 150 156 172 = 1273.
    assert_eq!(cells(&first, "gap")[3..], [-13, -16, -17, -33, -24, -2, 0, 6, 22].map(Some));
    assert_eq!((&first["issued_year"], &first["gap_year"]), (&json!(1350), &json!(1273 - 1350)));

    // From October on the next version: 160 in October.
    let next =
        app.post_empty("group", &format!("/v1/plans/{group}/versions")).await.expect(201)["id"].clone();
    let pins = json!({"pins": [{"unit": "JC", "period": "2016-10", "value": 160}]});
    app.change("group", Method::PUT, &format!("/v1/plans/{next}/pins"), "*", Some(pins)).await.expect(200);
    step(&app, "group", &next, "submit", "*", None).await.expect(200);
    approve(&app, "group2", &next, "2016-10").await.expect(200);
    let second = issued("manager", &plan).await.expect(200);
    assert_eq!(cells(&second, "issued")[3..], [150, 150, 150, 150, 150, 150, 160, 150, 150].map(Some));
    assert_eq!(second["gap_year"], json!(1273 - 1360));

    // Who does not see the plan, a line there is not, the group's own plan.
    assert_eq!(issued("hd_gm", &plan).await.problem(404), "not-found");
    assert_eq!(issued("leader", &plan).await.problem(404), "not-found");
    let path = format!("/v1/plans/{plan}/issued?metric=orders");
    assert_eq!(fields(&app.get("manager", &path).await), ["metric"]);
    let own = issued("group", &next).await.expect(200);
    assert_eq!(cells(&own, "issued"), [None; 12]);
    let commitments = app.get("manager", &format!("/v1/plans/{next}/commitments")).await.expect(200);
    assert_eq!(commitments["rows"].as_array().unwrap().len(), 1, "the store's people see the store in it");
    commit(&app, "manager", &next, json!([row("JC", None, all(140))])).await.expect(200);
    let rows = get(&app, "group", &next).await;
    assert_eq!(place(&rows, "JCJT", None)["committed_year"], json!(12 * 140));
    assert_eq!(place(&rows, "JCJT", None)["complete"], false, "the other store has not committed");
    let row = find(&rows, "unit", "HD");
    assert_eq!(cells(row, "committed"), [None; 12]);
}
