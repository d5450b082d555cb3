//! How far each role sees: row by row, by the postings and leaderships of the review's month.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use showfloor::auth::access::Role;
use showfloor::demo::people::PEOPLE;

use super::LOGINS;
use crate::support::TestApp;

async fn create(app: &TestApp, path: &str, body: Value) -> Value {
    app.post("admin", path, body).await.expect(201)
}

async fn employ(app: &TestApp, employee_no: &str, unit: &str, position: &str) {
    let person =
        json!({"employee_no": employee_no, "name": format!("员工{employee_no}"), "status": "active"});
    create(app, "/v1/employees", person).await;
    let posting =
        json!({"employee_no": employee_no, "unit": unit, "position": position, "valid_from": "2013-01-01"});
    create(app, "/v1/assignments", posting).await;
}

async fn unit(app: &TestApp, code: &str, kind: &str, parent: &str) {
    let unit = json!({"code": code, "name": format!("单位{code}"), "kind": kind, "parent": parent, "valid_from": "2013-01-01"});
    create(app, "/v1/org-units", unit).await;
}

/// A second store of the group, HD: team H1 with leader B01 and consultant B02, a general manager, HR, and its
/// reviews of March 2014. Logins: hd_leader, hd_consultant, hd_gm, hd_hr.
pub async fn second_store(app: &TestApp) {
    unit(app, "HD", "store", "JCJT").await;
    unit(app, "HD-XS", "department", "HD").await;
    unit(app, "H1", "team", "HD-XS").await;
    for (employee_no, unit, position, login, role) in [
        ("B01", "H1", "sales_consultant", "hd_leader", Role::TeamLeader),
        ("B02", "H1", "sales_consultant", "hd_consultant", Role::SalesConsultant),
        ("B03", "HD", "general_manager", "hd_gm", Role::GeneralManager),
        ("B04", "HD", "hr", "hd_hr", Role::Hr),
    ] {
        employ(app, employee_no, unit, position).await;
        app.add_user(login, &[role], Some(employee_no), None).await;
    }
    let leads = json!({"unit": "H1", "employee_no": "B01", "kind": "line", "valid_from": "2013-01-01"});
    create(app, "/v1/team-leaderships", leads).await;
    open_and_generate(app, "HD", "2014-03").await;
}

async fn open_and_generate(app: &TestApp, store: &str, period: &str) -> Value {
    let cycle = json!({"store": store, "period": period});
    let cycle = app.post("group", "/v1/review-cycles", cycle).await.expect(201);
    app.post_empty("group", &format!("/v1/review-cycles/{}/generate", cycle["id"])).await.expect(200)
}

/// Whose reviews of a month a login sees in the list.
async fn seen(app: &TestApp, login: &str, period: &str) -> Vec<String> {
    app.publish().await;
    let page = app.get(login, &format!("/v1/reviews?limit=500&period={period}")).await.expect(200);
    assert_eq!(page["next_cursor"], Value::Null);
    let people = page["items"].as_array().unwrap().iter();
    let people: BTreeSet<_> =
        people.map(|review| review["employee_no"].as_str().unwrap().to_owned()).collect();
    people.into_iter().collect()
}

const EVERY_ADVISOR: [&str; 13] =
    ["A01", "A02", "A03", "A04", "A05", "A06", "A07", "A08", "A09", "A10", "A11", "A12", "T01"];

#[tokio::test(flavor = "multi_thread")]
async fn everybody_sees_the_reviews_of_the_design_in_lists_and_one_by_one() {
    let app = TestApp::published().await;
    second_store(&app).await;
    let mut both: Vec<&str> = EVERY_ADVISOR.into_iter().chain(["B01", "B02"]).collect();
    both.sort_unstable();
    let mut reviews = Vec::new();
    for (employee_no, login) in both.iter().map(|person| (*person, "auditor")) {
        let path = format!("/v1/reviews?period=2014-03&employee_no={employee_no}");
        let page = app.get(login, &path).await.expect(200);
        reviews.push((employee_no, page["items"][0]["id"].as_i64().unwrap()));
    }
    for (login, expected) in [
        ("consultant", &["A02"][..]),
        ("leader", &["A01", "A02", "A03", "A04"]),
        ("leader2", &["A05", "A06", "A07", "A08"]),
        ("leader3", &["A09", "A10", "A11", "A12"]),
        ("telesales", &["T01"]),
        ("manager", &EVERY_ADVISOR),
        ("gm", &EVERY_ADVISOR),
        ("hr", &EVERY_ADVISOR),
        ("supervisor", &[]),
        ("clerk", &[]),
        ("service", &[]),
        ("group", &both),
        ("auditor", &both),
        ("hd_consultant", &["B02"]),
        ("hd_leader", &["B01", "B02"]),
        ("hd_gm", &["B01", "B02"]),
        ("hd_hr", &["B01", "B02"]),
    ] {
        assert_eq!(seen(&app, login, "2014-03").await, expected, "{login}");
        for (employee_no, id) in &reviews {
            let answer = app.get(login, &format!("/v1/reviews/{id}")).await;
            match expected.contains(employee_no) {
                true => assert_eq!(answer.expect(200)["review"]["employee_no"], *employee_no),
                false => assert_eq!(answer.problem(404), "not-found", "{login} reads {employee_no}'s"),
            }
        }
    }
    for login in ["dashboard", "admin"] {
        assert_eq!(app.get(login, "/v1/reviews").await.problem(403), "forbidden");
        assert_eq!(app.get(login, &format!("/v1/reviews/{}", reviews[0].1)).await.problem(403), "forbidden");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sales_manager_sees_the_own_department_only() {
    let app = TestApp::published().await;
    unit(&app, "JC-EB", "department", "JC").await;
    unit(&app, "E1", "team", "JC-EB").await;
    employ(&app, "E01", "E1", "sales_consultant").await;
    open_and_generate(&app, "JC", "2015-03").await;
    let with_e01: Vec<_> = EVERY_ADVISOR.into_iter().chain(["E01"]).collect();
    let with_e01: BTreeSet<_> = with_e01.into_iter().collect();
    let expected: Vec<_> = with_e01.iter().filter(|person| **person != "E01").collect();
    assert_eq!(seen(&app, "manager", "2015-03").await.iter().collect::<Vec<_>>(), expected);
    for login in ["gm", "hr"] {
        assert_eq!(
            seen(&app, login, "2015-03").await,
            with_e01.iter().copied().collect::<Vec<_>>(),
            "{login}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_stores_cycles_do_not_exist_for_a_stores_people() {
    let app = TestApp::published().await;
    second_store(&app).await;
    let cycles = app.get("group", "/v1/review-cycles?store=HD").await.expect(200);
    let id = &cycles["items"][0]["id"];
    for login in ["manager", "gm", "hr"] {
        assert_eq!(app.get(login, &format!("/v1/review-cycles/{id}")).await.problem(404), "not-found");
        let listed = app.get(login, "/v1/review-cycles?store=HD").await.expect(200);
        assert_eq!(listed["items"], json!([]), "{login}");
    }
    let generate = format!("/v1/review-cycles/{id}/generate");
    assert_eq!(app.post_empty("hr", &generate).await.problem(404), "not-found");
    app.post_empty("hd_hr", &generate).await.expect(200);
    let open = json!({"store": "HD", "period": "2014-04"});
    assert_eq!(app.post("hr", "/v1/review-cycles", open.clone()).await.problem(422), "validation-failed");
    app.post("hd_hr", "/v1/review-cycles", open).await.expect(201);
    for (login, store, count) in [("hr", "JC", 12), ("hd_hr", "HD", 2), ("auditor", "HD", 2)] {
        let listed = app.get(login, &format!("/v1/review-cycles?store={store}&limit=500")).await.expect(200);
        assert_eq!(listed["items"].as_array().unwrap().len(), count, "{login}");
    }
}

/// Ends what is listed at `path` on a day.
async fn end(app: &TestApp, path: &str, filter: &str, day: &str) {
    let page = app.get("admin", &format!("{path}?{filter}")).await.expect(200);
    let (id, version) = (&page["items"][0]["id"], &page["items"][0]["version"]);
    let body = Some(json!({ "valid_to": day }));
    app.change("admin", Method::PATCH, &format!("{path}/{id}"), &format!("\"{version}\""), body)
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn scope_follows_the_leadership_of_the_reviews_month() {
    let app = TestApp::published().await;
    // From April on A01 leads team 2 and A05 leads team 1.
    for (team, old) in [("G1", "A01"), ("G2", "A05")] {
        end(&app, "/v1/team-leaderships", &format!("unit={team}&employee_no={old}"), "2014-04-01").await;
    }
    for (team, new) in [("G2", "A01"), ("G1", "A05")] {
        let body = json!({"unit": team, "employee_no": new, "kind": "line", "valid_from": "2014-04-01"});
        create(&app, "/v1/team-leaderships", body).await;
    }
    let (first, second) = (["A01", "A02", "A03", "A04"], ["A05", "A06", "A07", "A08"]);
    assert_eq!(seen(&app, "leader", "2014-03").await, first);
    assert_eq!(seen(&app, "leader2", "2014-03").await, second);
    // Their own reviews they always see.
    assert_eq!(seen(&app, "leader", "2014-04").await, ["A01", "A05", "A06", "A07", "A08"]);
    assert_eq!(seen(&app, "leader2", "2014-04").await, ["A01", "A02", "A03", "A04", "A05"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn scope_follows_the_posting_of_the_reviews_month() {
    let app = TestApp::published().await;
    second_store(&app).await;
    // The HR of one store moves to the other one in April.
    end(&app, "/v1/assignments", "employee_no=H01&position=hr", "2014-04-01").await;
    let body = json!({"employee_no": "H01", "unit": "HD", "position": "hr", "valid_from": "2014-04-01"});
    create(&app, "/v1/assignments", body).await;
    open_and_generate(&app, "HD", "2014-04").await;
    assert_eq!(seen(&app, "hr", "2014-03").await, EVERY_ADVISOR);
    assert_eq!(seen(&app, "hr", "2014-04").await, ["B01", "B02"]);
    assert_eq!(seen(&app, "hd_hr", "2014-04").await, ["B01", "B02"]);
    let open = json!({"store": "JC", "period": "2015-01"});
    assert_eq!(app.post("hr", "/v1/review-cycles", open).await.problem(422), "validation-failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_leader_does_not_see_the_teams_reviews() {
    let app = TestApp::published().await;
    // Even with a leader's role: leading for a channel is not leading the people.
    let me = app.get("telesales", "/v1/me").await.expect(200);
    let roles = Some(json!({"roles": ["telesales_specialist", "team_leader"]}));
    app.change("admin", Method::PATCH, &format!("/v1/users/{}", me["id"]), "*", roles).await.expect(200);
    assert_eq!(seen(&app, "telesales", "2014-03").await, ["T01"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_are_read_as_far_as_reviews() {
    let app = TestApp::published().await;
    for (login, expected) in [
        ("consultant", &["A02"][..]),
        ("leader2", &["A05", "A06", "A07", "A08"]),
        // Of the teams led for the channel: what comes of leads.
        ("telesales", &["A01", "A02", "A03", "A04", "A05", "A06", "A07", "A08", "T01"]),
        ("manager", &EVERY_ADVISOR),
        ("hr", &EVERY_ADVISOR),
        ("clerk", &[]),
        ("auditor", &EVERY_ADVISOR),
    ] {
        let page = app.get(login, "/v1/facts?period=2014-03&limit=500").await.expect(200);
        let people: Vec<_> = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["employee_no"].as_str().unwrap())
            .collect();
        assert_eq!(people, expected, "{login}");
    }
    let page = app.get("telesales", "/v1/facts?period=2014-03&limit=500").await.expect(200);
    for row in page["items"].as_array().unwrap() {
        let metrics = row["facts"].as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>();
        match row["employee_no"].as_str().unwrap() {
            "T01" => assert!(metrics.contains(&"conduct_score"), "{row:#}"),
            _ => assert_eq!(metrics, ["captured_leads", "first_visits"], "{row:#}"),
        }
    }
    // On no other way: neither what was recorded, nor files, nor reviews.
    for path in
        ["/v1/facts/history?period=2014-03&employee_no=A02", "/v1/reviews?period=2014-03&employee_no=A02"]
    {
        assert_eq!(app.get("telesales", path).await.expect(200)["items"], json!([]), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_partys_dashboard_learns_no_names_and_nothing_of_other_stores() {
    let app = TestApp::published().await;
    second_store(&app).await;
    let mut answers = Vec::new();
    for path in ["attainment", "funnel", "distribution"] {
        answers.push(app.get("dashboard", &format!("/v1/dashboard/{path}?period=2014-03")).await.expect(200));
    }
    let plans = app.get("dashboard", "/v1/plans").await.expect(200);
    for plan in plans["items"].as_array().unwrap() {
        answers.push(app.get("dashboard", &format!("/v1/plans/{}", plan["id"])).await.expect(200));
        let path = format!("/v1/plans/{}/targets?limit=500", plan["id"]);
        answers.push(app.get("dashboard", &path).await.expect(200));
    }
    answers.push(plans);
    assert_eq!(answers.len(), 3 + 2 * 2 + 1);
    for answer in &answers {
        assert!(!answer.as_array().is_some_and(Vec::is_empty), "there is something to see");
        let text = answer.to_string();
        for person in PEOPLE {
            let number = format!("\"{}\"", person.employee_no);
            assert!(!text.contains(person.name) && !text.contains(&number), "{}: {text}", person.name);
            if let Some((login, _)) = person.login {
                assert!(!text.contains(&format!("\"{login}\"")), "{login}: {text}");
            }
        }
        assert!(!text.contains("HD") && !text.contains("H1"), "{text}");
    }
    for path in ["/v1/dashboard/leaderboard?period=2014-03", "/v1/facts?period=2014-03", "/v1/access-log"] {
        assert_eq!(app.get("dashboard", path).await.problem(403), "forbidden", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn aggregates_and_leaderboards_end_at_the_own_store() {
    let app = TestApp::published().await;
    second_store(&app).await;
    for login in LOGINS.iter().filter(|login| !["dashboard", "admin"].contains(login)) {
        let path = "/v1/dashboard/leaderboard?period=2014-03&top=100";
        let places = app.get(login, path).await.expect(200).to_string();
        assert!(places.contains("A01"), "{login}");
    }
    for (login, units) in [
        ("gm", &["JC", "G1", "G2", "G3"][..]),
        ("hd_gm", &["HD", "H1"]),
        ("group", &["HD", "JC", "G1", "G2", "G3", "H1"]),
    ] {
        let rows = app.get(login, "/v1/dashboard/attainment?period=2014-03").await.expect(200);
        let codes: Vec<_> =
            rows.as_array().unwrap().iter().map(|row| row["unit"].as_str().unwrap()).collect();
        assert_eq!(codes, units, "{login}");
    }
    // March of the worked example and of the check sums: 149 planned, 144 delivered.
    let rows = app.get("gm", "/v1/dashboard/attainment?period=2014-03").await.expect(200);
    assert_eq!((&rows[0]["target"], &rows[0]["deliveries"]), (&json!(149), &json!(144)));
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_are_seen_by_row() {
    let app = TestApp::published().await;
    second_store(&app).await;
    let plans = app.get("gm", "/v1/plans?status=approved").await.expect(200);
    let id = plans["items"][0]["id"].as_i64().unwrap();
    let people = async |login: &str| {
        let path = format!("/v1/plans/{id}/targets?period=2014-03&limit=500");
        let page = app.get(login, &path).await.expect(200);
        let people: BTreeSet<_> = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|cell| cell["employee_no"].as_str().map(str::to_owned))
            .collect();
        people.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(people("consultant").await, ["A02"]);
    assert_eq!(people("leader").await, ["A01", "A02", "A03", "A04"]);
    for login in ["manager", "gm", "hr", "group", "auditor"] {
        assert_eq!(people(login).await, EVERY_ADVISOR[..12], "{login}");
    }
    for login in ["hd_gm", "hd_hr", "hd_consultant", "hd_leader"] {
        let targets = app.get(login, &format!("/v1/plans/{id}/targets")).await;
        assert_eq!(targets.problem(404), "not-found", "{login}");
        assert_eq!(app.get(login, &format!("/v1/plans/{id}")).await.problem(404), "not-found", "{login}");
    }
    let listed = app.get("hd_gm", "/v1/plans").await.expect(200);
    assert_eq!(listed["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_stores_people_units_and_postings_are_nobodys_to_look_up() {
    let app = TestApp::demo().await;
    second_store(&app).await;
    let listed = async |login: &str, path: &str, field: &str| {
        let page = app.get(login, &format!("{path}?limit=500")).await.expect(200);
        let items = page["items"].as_array().unwrap().iter();
        items.map(|one| one[field].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    let theirs = ["B01", "B02", "B03", "B04"].map(str::to_owned).into();
    for login in ["hd_hr", "hd_gm", "hd_leader"] {
        assert_eq!(listed(login, "/v1/employees", "employee_no").await, theirs, "{login}");
        assert_eq!(listed(login, "/v1/assignments", "employee_no").await, theirs, "{login}");
        assert_eq!(
            listed(login, "/v1/team-leaderships", "employee_no").await,
            ["B01".to_owned()].into(),
            "{login}"
        );
        // The group above the store is no secret.
        let units = ["JCJT", "HD", "HD-XS", "H1"].map(str::to_owned).into();
        assert_eq!(listed(login, "/v1/org-units", "code").await, units, "{login}");
        for path in ["/v1/employees/A02", "/v1/org-units/JC", "/v1/org-units/G1"] {
            assert_eq!(app.get(login, path).await.problem(404), "not-found", "{login} {path}");
        }
        // What is out of reach is no better known than what there is not.
        for (there, not_there) in [("unit=G1", "unit=G99"), ("employee_no=A02", "employee_no=A99")] {
            let mut answers = Vec::new();
            for (filter, word) in [(there, there), (not_there, there)] {
                let answer = app.get(login, &format!("/v1/assignments?{filter}")).await;
                let (_, named) = filter.split_once('=').unwrap();
                let (_, as_if) = word.split_once('=').unwrap();
                answers.push((answer.status, answer.body["errors"].to_string().replace(named, as_if)));
            }
            assert_eq!(answers[0], answers[1], "{login} {there}");
        }
    }
    for login in ["hr", "clerk", "leader", "service"] {
        assert!(listed(login, "/v1/employees", "employee_no").await.is_disjoint(&theirs), "{login}");
        assert_eq!(app.get(login, "/v1/employees/B02").await.problem(404), "not-found", "{login}");
    }
    // Who has moved is seen by each store while posted there.
    end(&app, "/v1/assignments", "employee_no=B02", "2014-04-01").await;
    let body = json!({"employee_no": "B02", "unit": "G1", "position": "sales_consultant", "valid_from": "2014-04-01"});
    create(&app, "/v1/assignments", body).await;
    for (login, units) in [("hd_hr", ["H1"]), ("hr", ["G1"])] {
        let page = app.get(login, "/v1/assignments?employee_no=B02").await.expect(200);
        let items = page["items"].as_array().unwrap().iter();
        assert_eq!(items.map(|one| one["unit"].as_str().unwrap()).collect::<Vec<_>>(), units, "{login}");
    }
    for login in ["group", "auditor", "admin"] {
        assert!(listed(login, "/v1/employees", "employee_no").await.is_superset(&theirs), "{login}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_stores_people_are_nothing_to_a_plan() {
    let app = TestApp::demo().await;
    second_store(&app).await;
    let mut plan = crate::plans::worked_example(2015);
    let unknown = |name: &str| {
        json!([{"field": "units[0].members[0].employee_no",
        "message": format!("这一年没有工号“{name}”在那里任职")}])
    };
    for name in ["B02", "Z99"] {
        plan["units"][0]["members"][0]["employee_no"] = json!(name);
        let refused = app.post("manager", "/v1/plans", plan.clone()).await;
        assert_eq!(refused.body["errors"], unknown(name), "{:#}", refused.body);
        let history = json!({"history": [{"year": 2014, "weight": 1}]});
        let tried = app.post("manager", "/v1/plan-trials", json!({"plan": plan, "methods": [history]})).await;
        assert_eq!(tried.status, 422, "{name}: {:#}", tried.body);
        assert!(tried.body["errors"].to_string().contains(name), "{:#}", tried.body);
    }
}
