//! Leaders propose how their teams' months are split; who plans decides.

use reqwest::Method;
use serde_json::{Value, json};
use showfloor::auth::access::Role;

use super::{TEAMS, approve, draft, find, months, person, read, step};
use crate::support::{Answer, TestApp};
use crate::users::fields;

fn change(unit: &str, from: &str, to: &str, weights: &[(&str, i64)]) -> Value {
    let weights: Vec<_> = weights
        .iter()
        .map(|(employee_no, weight)| json!({"employee_no": employee_no, "weight": weight}))
        .collect();
    json!({"unit": unit, "from": from, "to": to, "weights": weights})
}

/// Everybody of team 1 alike in the summer.
fn summer(year: i32) -> Value {
    let alike = [("A01", 1), ("A02", 1), ("A03", 1), ("A04", 1)];
    change("G1", &format!("{year}-06"), &format!("{year}-08"), &alike)
}

async fn propose(app: &TestApp, login: &str, plan: &Value, body: Value) -> Answer {
    app.post(login, &format!("/v1/plans/{plan}/proposals"), body).await
}

async fn decide(
    app: &TestApp,
    login: &str,
    proposal: &Value,
    step: &str,
    seen: &str,
    body: Option<Value>,
) -> Answer {
    app.change(login, Method::POST, &format!("/v1/proposals/{}/{step}", proposal["id"]), seen, body).await
}

async fn accept(app: &TestApp, login: &str, proposal: &Value) -> Answer {
    decide(app, login, proposal, "accept", "*", Some(json!({}))).await
}

async fn list(app: &TestApp, login: &str, plan: &Value) -> Vec<Value> {
    let page = app.get(login, &format!("/v1/plans/{plan}/proposals")).await.expect(200);
    page["items"].as_array().unwrap().clone()
}

/// 48, 42 and 45 of June to August by four equal weights, with running totals that begin in June: 12 each; 90 ÷ 4 = 22.5,
/// the halves to the first two; 135 ÷ 4 = 33.75, the three left to the first three.
const ALIKE: [(&str, [i64; 3]); 4] =
    [("A01", [12, 11, 11]), ("A02", [12, 11, 11]), ("A03", [12, 10, 12]), ("A04", [12, 10, 11])];

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_shows_what_it_would_bring_and_brings_it_once_accepted() {
    let app = TestApp::demo().await;
    let plan = draft(&app, "manager", 2016).await["id"].clone();
    let before = read(&app, &plan).await;
    let answer = propose(&app, "leader", &plan, summer(2016)).await;
    assert_eq!(answer.etag.as_deref(), Some("\"1\""));
    let proposal = answer.expect(201);
    assert_eq!((&proposal["status"], &proposal["author"]), (&json!("proposed"), &json!("leader")));
    assert_eq!(proposal["resplit"], summer(2016));
    for (employee_no, expected) in ALIKE {
        let row = find(&proposal["preview"], "employee_no", employee_no);
        let own = months(person(&before, "G1", employee_no));
        assert_eq!(months(row)[5..8], expected, "{employee_no}");
        assert_eq!((&months(row)[..5], &months(row)[8..]), (&own[..5], &own[8..]), "{employee_no}");
        assert_eq!(row["before"], json!(own));
        assert_eq!(row["year"], json!(months(row).iter().sum::<i64>()));
        assert_eq!(row["name"], person(&before, "G1", employee_no)["name"]);
    }
    assert_eq!(read(&app, &plan).await, before, "a proposal alone changes nothing");
    assert_eq!(list(&app, "manager", &plan).await, std::slice::from_ref(&proposal));

    let note = Some(json!({"note": "同意"}));
    let accepted = decide(&app, "manager", &proposal, "accept", "\"1\"", note).await.expect(200);
    assert_eq!((&accepted["status"], &accepted["note"]), (&json!("accepted"), &json!("同意")));
    assert_eq!((&accepted["decided_by"], &accepted["accepted_into"]), (&json!("manager"), &plan));
    assert_eq!((&accepted["preview"], &accepted["row_version"]), (&Value::Null, &json!(2)));
    let after = read(&app, &plan).await;
    let mut sums = [0; 12];
    for row in proposal["preview"].as_array().unwrap() {
        let employee_no = row["employee_no"].as_str().unwrap();
        assert_eq!(person(&after, "G1", employee_no)["months"], row["months"]);
        sums.iter_mut().zip(months(row)).for_each(|(sum, month)| *sum += month);
    }
    assert_eq!(sums, TEAMS[0].1, "the team's own months stay");
    for field in ["months", "channels", "series"] {
        assert_eq!(after[field], before[field], "{field}");
    }
    assert_eq!(after["units"][1], before["units"][1]);
    assert_eq!(after["row_version"], json!(2));
    assert_eq!(list(&app, "leader", &plan).await[0]["decided_by"], "manager");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_proposes_for_the_own_team_only() {
    let app = TestApp::demo().await;
    crate::access::second_store(&app).await;
    let plan = draft(&app, "manager", 2016).await["id"].clone();
    for login in ["leader2", "leader3", "hd_leader"] {
        assert_eq!(propose(&app, login, &plan, summer(2016)).await.problem(404), "not-found", "{login}");
    }
    for login in ["consultant", "telesales", "manager", "gm", "hr", "group", "auditor"] {
        assert_eq!(propose(&app, login, &plan, summer(2016)).await.problem(403), "forbidden", "{login}");
    }
    // The own team, but in another store's plan; no team; no plan.
    let foreign = change("H1", "2016-01", "2016-12", &[("B01", 1)]);
    assert_eq!(propose(&app, "hd_leader", &plan, foreign).await.problem(404), "not-found");
    let store = change("JC", "2016-01", "2016-12", &[("A01", 1)]);
    assert_eq!(propose(&app, "leader", &plan, store).await.problem(404), "not-found");
    assert_eq!(propose(&app, "leader", &json!(999_999), summer(2016)).await.problem(404), "not-found");
    assert_eq!(list(&app, "auditor", &plan).await, [] as [Value; 0]);

    let proposal = propose(&app, "leader", &plan, summer(2016)).await.expect(201);
    for (login, count) in [
        ("leader", 1),
        ("leader2", 0),
        ("consultant", 0),
        ("dashboard", 0),
        ("manager", 1),
        ("gm", 1),
        ("hr", 1),
        ("group", 1),
    ] {
        assert_eq!(list(&app, login, &plan).await.len(), count, "{login}");
    }
    for login in ["hd_leader", "hd_gm", "hd_consultant"] {
        let answer = app.get(login, &format!("/v1/plans/{plan}/proposals")).await;
        assert_eq!(answer.problem(404), "not-found", "{login}");
    }
    app.add_user("hd_manager", &[Role::SalesManager], None, Some("HD")).await;
    assert_eq!(accept(&app, "hd_manager", &proposal).await.problem(404), "not-found");
    let no = Some(json!({"note": "不行"}));
    assert_eq!(decide(&app, "hd_manager", &proposal, "reject", "*", no).await.problem(404), "not-found");
    assert_eq!(decide(&app, "leader2", &proposal, "withdraw", "*", None).await.problem(404), "not-found");
    assert_eq!(list(&app, "leader", &plan).await, [proposal]);
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_the_author_of_an_accepted_proposal_nor_who_accepted_it_approves() {
    let app = TestApp::demo().await;
    app.add_user("both", &[Role::SalesManager, Role::GeneralManager], None, Some("JC")).await;
    let me = app.get("leader", "/v1/me").await.expect(200);
    let roles = Some(json!({"roles": ["team_leader", "general_manager"]}));
    app.change("admin", Method::PATCH, &format!("/v1/users/{}", me["id"]), "*", roles).await.expect(200);
    let plan = draft(&app, "manager", 2016).await["id"].clone();
    let proposal = propose(&app, "leader", &plan, summer(2016)).await.expect(201);
    accept(&app, "both", &proposal).await.expect(200);
    step(&app, "manager", &plan, "submit", "*", None).await.expect(200);
    for login in ["leader", "both", "manager"] {
        let answer = approve(&app, login, &plan, "2016-01").await;
        let status = if login == "manager" { 403 } else { 409 };
        answer.problem(status);
    }
    assert_eq!(read(&app, &plan).await["status"], "submitted");
    approve(&app, "gm", &plan, "2016-01").await.expect(200);

    // Who has only proposed, and was rejected, has no part in the plan.
    let plan = draft(&app, "manager", 2017).await["id"].clone();
    let proposal = propose(&app, "leader", &plan, summer(2017)).await.expect(201);
    let no = Some(json!({"note": "不行"}));
    decide(&app, "both", &proposal, "reject", "*", no).await.expect(200);
    step(&app, "manager", &plan, "submit", "*", None).await.expect(200);
    approve(&app, "leader", &plan, "2017-01").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_or_withdrawn_proposal_changes_nothing() {
    let app = TestApp::demo().await;
    let plan = draft(&app, "manager", 2016).await["id"].clone();
    let before = read(&app, &plan).await;
    let proposal = propose(&app, "leader", &plan, summer(2016)).await.expect(201);
    let note = |text: &str| Some(json!({ "note": text }));
    assert_eq!(fields(&decide(&app, "manager", &proposal, "reject", "*", note("")).await), ["note"]);
    let without = decide(&app, "manager", &proposal, "reject", "*", Some(json!({}))).await;
    assert_eq!(without.problem(422), "validation-failed", "a rejection says why");
    let stale = decide(&app, "manager", &proposal, "reject", "\"2\"", note("太多")).await;
    assert_eq!(stale.problem(412), "precondition-failed");
    let answer = decide(&app, "manager", &proposal, "reject", "\"1\"", note("太多")).await;
    assert_eq!(answer.etag.as_deref(), Some("\"2\""));
    let rejected = answer.expect(200);
    assert_eq!((&rejected["status"], &rejected["note"]), (&json!("rejected"), &json!("太多")));
    assert_eq!(rejected["accepted_into"], Value::Null);
    assert_eq!(list(&app, "leader", &plan).await, [rejected]);
    for (login, step, body) in [
        ("manager", "accept", Some(json!({}))),
        ("manager", "reject", note("x")),
        ("leader", "withdraw", None),
    ] {
        let answer = decide(&app, login, &proposal, step, "*", body).await;
        assert_eq!(answer.problem(409), "conflict", "{step}");
    }

    // Decided, it makes room for another; open, it does not.
    let second = propose(&app, "leader", &plan, summer(2016)).await.expect(201);
    assert_eq!(propose(&app, "leader", &plan, summer(2016)).await.problem(409), "conflict");
    let withdrawn = decide(&app, "leader", &second, "withdraw", "\"1\"", None).await.expect(200);
    assert_eq!((&withdrawn["status"], &withdrawn["decided_by"]), (&json!("withdrawn"), &json!("leader")));
    assert_eq!(accept(&app, "manager", &second).await.problem(409), "conflict");
    let open = app.get("manager", &format!("/v1/plans/{plan}/proposals?status=proposed")).await.expect(200);
    assert_eq!(open["items"], json!([]));
    assert_eq!(read(&app, &plan).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_decisions_at_once_one_is_made() {
    let app = TestApp::demo().await;
    for (year, seen) in [(2016, "*"), (2017, "\"1\"")] {
        let plan = draft(&app, "manager", year).await["id"].clone();
        let made =
            futures_util::future::join_all((0..4).map(|_| propose(&app, "leader", &plan, summer(year))))
                .await;
        let mut statuses: Vec<_> = made.iter().map(|answer| answer.status.as_u16()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409, 409, 409]);
        let proposal = made.into_iter().find(|answer| answer.status == 201).unwrap().body;
        let accepts = ["manager", "group", "manager", "group"]
            .map(|login| decide(&app, login, &proposal, "accept", seen, Some(json!({}))));
        let answers = futures_util::future::join_all(accepts).await;
        let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
        assert_eq!((made.len(), refused.len()), (1, 3));
        for answer in refused {
            let status = answer.status.as_u16();
            assert!(matches!(status, 409 | 412), "{status}");
            answer.problem(status);
        }
        assert_eq!(read(&app, &plan).await["row_version"], json!(2), "changed once");

        let proposal = propose(&app, "leader", &plan, summer(year)).await.expect(201);
        let both = [("manager", "accept", Some(json!({}))), ("leader", "withdraw", None)]
            .map(|(login, step, body)| decide(&app, login, &proposal, step, "\"1\"", body));
        let answers = futures_util::future::join_all(both).await;
        let (accepted, withdrawn) = (&answers[0], &answers[1]);
        let is_accepted = accepted.status == 200;
        assert_ne!(is_accepted, withdrawn.status == 200);
        let changes = if is_accepted { 3 } else { 2 };
        assert_eq!(read(&app, &plan).await["row_version"], json!(changes));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_to_the_plan_in_force_waits_for_its_next_version() {
    let app = TestApp::demo().await;
    let plans = app.get("auditor", "/v1/plans?year=2014&status=approved").await.expect(200);
    let in_force = plans["items"][0]["id"].clone();
    let before = read(&app, &in_force).await;
    let proposal = propose(&app, "leader", &in_force, summer(2014)).await.expect(201);
    assert_eq!(accept(&app, "manager", &proposal).await.problem(409), "conflict");
    let next = app.post_empty("manager", &format!("/v1/plans/{in_force}/versions")).await.expect(201);
    let next = next["id"].clone();
    // It is open in every version of the plan.
    assert_eq!(list(&app, "manager", &next).await, list(&app, "manager", &in_force).await);
    let accepted = accept(&app, "manager", &proposal).await.expect(200);
    assert_eq!(accepted["accepted_into"], next);
    let after = read(&app, &next).await;
    for (employee_no, expected) in ALIKE {
        assert_eq!(months(person(&after, "G1", employee_no))[5..8], expected, "{employee_no}");
    }
    assert_eq!(read(&app, &in_force).await, before, "what is in force stays");
    // Handed in, the draft takes nothing more, and nobody proposes to it or to what has been superseded.
    let autumn = |unit: &str, person: &str| change(unit, "2014-09", "2014-11", &[(person, 1)]);
    let late = propose(&app, "leader2", &in_force, autumn("G2", "A05")).await.expect(201);
    step(&app, "manager", &next, "submit", "*", None).await.expect(200);
    assert_eq!(accept(&app, "manager", &late).await.problem(409), "conflict");
    let superseded = app.get("auditor", "/v1/plans?year=2014&status=superseded").await.expect(200);
    for id in [&next, &superseded["items"][0]["id"]] {
        assert_eq!(propose(&app, "leader3", id, autumn("G3", "A09")).await.problem(409), "conflict");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_that_is_thrown_away_takes_its_changes_but_not_the_record() {
    let app = TestApp::demo().await;
    let plan = draft(&app, "manager", 2016).await["id"].clone();
    let proposal = propose(&app, "leader", &plan, summer(2016)).await.expect(201);
    accept(&app, "manager", &proposal).await.expect(200);
    app.change("manager", Method::DELETE, &format!("/v1/plans/{plan}"), "*", None).await.expect(204);
    let plan = draft(&app, "manager", 2016).await["id"].clone();
    let listed = list(&app, "leader", &plan).await;
    assert_eq!((&listed[0]["id"], &listed[0]["status"]), (&proposal["id"], &json!("accepted")));
    assert_eq!(listed[0]["accepted_into"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_carried_out_is_said() {
    let app = TestApp::demo().await;
    let plan = draft(&app, "manager", 2016).await["id"].clone();
    for (from, to, weights, expected) in [
        ("2015-12", "2016-02", &[("A01", 1)][..], &["from"][..]),
        ("2016-12", "2017-01", &[("A01", 1)], &["to"]),
        ("2016-03", "2016-02", &[("A01", 1)], &["to"]),
        ("2016-01", "2016-02", &[("A01", 0)], &["weights"]),
        ("2016-01", "2016-02", &[("A01", -1)], &["weights[0].weight"]),
        ("2016-01", "2016-02", &[("A01", 1), ("A01", 1)], &["weights[1].employee_no"]),
        ("2016-01", "2016-02", &[("Z99", 1)], &["weights[0].employee_no"]),
    ] {
        let answer = propose(&app, "leader", &plan, change("G1", from, to, weights)).await;
        assert_eq!(fields(&answer), expected, "{from} {to} {weights:?}");
        assert_eq!(answer.problem(422), "validation-failed");
    }
    assert_eq!(list(&app, "leader", &plan).await, [] as [Value; 0]);

    // A draft goes on changing: June of A01 is pinned at 10, and the proposal gives everything to A01.
    let alone = change("G1", "2016-06", "2016-06", &[("A01", 1)]);
    let proposal = propose(&app, "leader", &plan, alone).await.expect(201);
    assert_eq!(months(find(&proposal["preview"], "employee_no", "A01"))[5], 48);
    let pins = json!({"pins": [{"unit": "G1", "employee_no": "A01", "period": "2016-06", "value": 10}]});
    app.change("manager", Method::PUT, &format!("/v1/plans/{plan}/pins"), "*", Some(pins)).await.expect(200);
    let listed = list(&app, "leader", &plan).await;
    assert_eq!(listed[0]["preview"], Value::Null);
    assert!(listed[0]["obstacle"].as_str().is_some_and(|text| !text.is_empty()), "{:#}", listed[0]);
    let before = read(&app, &plan).await;
    assert_eq!(accept(&app, "manager", &proposal).await.problem(422), "validation-failed");
    assert_eq!(read(&app, &plan).await, before);
    assert_eq!(list(&app, "leader", &plan).await[0]["status"], "proposed");
}

#[tokio::test(flavor = "multi_thread")]
async fn open_proposals_are_tried_each_by_itself() {
    let app = TestApp::demo().await;
    let plan = draft(&app, "manager", 2016).await["id"].clone();
    // The first makes A09 a member of team 1, the second is about another team.
    let joined = change("G1", "2016-02", "2016-03", &[("A01", 1), ("A09", 3)]);
    let first = propose(&app, "leader", &plan, joined).await.expect(201);
    let alike = change("G2", "2016-02", "2016-12", &[("A05", 1), ("A06", 1), ("A07", 1), ("A08", 1)]);
    let second = propose(&app, "leader2", &plan, alike).await.expect(201);
    for _ in 0..2 {
        assert_eq!(list(&app, "manager", &plan).await, [first.clone(), second.clone()]);
    }
    assert_eq!(find(&first["preview"], "employee_no", "A09")["before"], json!(vec![0; 12]));
}
