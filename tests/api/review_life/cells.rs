//! docs/DOMAIN.md, "Who sees what of a review": every cell of the table over every endpoint that shows reviews.

use super::{contribute, cycle, freeze, kinds, move_to, review_of, step_to, walk_to};
use crate::support::TestApp;

/// The logins of the table's columns for A02, who is led by A01; then those who see nothing of A02.
const LOGINS: [&str; 7] = ["consultant", "leader", "manager", "hr", "gm", "group", "auditor"];
const OTHERS: [&str; 8] =
    ["leader2", "leader3", "telesales", "supervisor", "clerk", "service", "dashboard", "admin"];

/// What each sees, state by state: T total and items, S L M H what was handed in.
const TABLE: [(&str, [&str; 7]); 7] = [
    ("computed", ["", "", "", "T", "", "T", "T"]),
    ("self_review", ["TS", "", "T", "TS", "", "TS", "TS"]),
    ("leader_review", ["TS", "TSL", "TS", "TSL", "", "TSL", "TSL"]),
    ("manager_review", ["TS", "TSL", "TSLM", "TSLM", "TSLM", "TSLM", "TSLM"]),
    ("hr_check", ["TS", "TSL", "TSLM", "TSLMH", "TSLMH", "TSLMH", "TSLMH"]),
    ("published", ["TSLM", "TSLM", "TSLMH", "TSLMH", "TSLMH", "TSLMH", "TSLMH"]),
    ("locked", ["TSLM", "TSLM", "TSLMH", "TSLMH", "TSLMH", "TSLMH", "TSLMH"]),
];

/// Whether a login is shown the review, each way there is; they must agree.
async fn sees_score(app: &TestApp, login: &str, review: i64, grade: &str) -> bool {
    let mut ways = Vec::new();
    for path in [
        format!("/v1/reviews/{review}"),
        format!("/v1/reviews/{review}/levers"),
        format!("/v1/reviews/{review}/cases"),
        format!("/v1/reviews/{review}/contributions"),
        format!("/v1/reviews/{review}/document"),
        format!("/v1/reviews/{review}/acknowledgements"),
        format!("/v1/reviews/{review}/adjustments"),
    ] {
        let status = app.get(login, &path).await.status.as_u16();
        assert!(matches!(status, 200 | 403 | 404), "{login} {path}: {status}");
        ways.push((path, status == 200));
    }
    let path = format!("/v1/reviews/{review}/replay");
    ways.push((path.clone(), app.post_empty(login, &path).await.status == 200));
    for filter in [
        "period=2014-03&limit=500".to_owned(),
        "period=2014-03&employee_no=A02".to_owned(),
        "employee_no=A02&limit=500".to_owned(),
        "period=2014-03&unit=G1".to_owned(),
        format!("period=2014-03&grade={grade}"),
        "period=2014-03&position=sales_consultant".to_owned(),
    ] {
        let path = format!("/v1/reviews?{filter}");
        let answer = app.get(login, &path).await;
        let is_listed = answer.status == 200
            && answer.expect(200)["items"].as_array().unwrap().iter().any(|one| one["id"] == review);
        ways.push((path, is_listed));
    }
    let (_, first) = ways[0];
    assert!(ways.iter().all(|(_, seen)| *seen == first), "{login}: {ways:#?}");
    first
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cell_of_the_table_holds_on_every_way_to_a_review() {
    let app = TestApp::demo().await;
    let march = cycle(&app, "2014-03").await;
    let review = review_of(&app, "A02", "2014-03", "sales_consultant").await;
    let grade = app.get("auditor", &format!("/v1/reviews/{review}")).await.expect(200);
    let grade = grade["review"]["final_grade"].as_str().unwrap().to_owned();
    freeze(&app, march).await;
    let mut wrong = Vec::new();
    for (at, (state, cells)) in TABLE.into_iter().enumerate() {
        if at > 0 {
            step_to(&app, march, state).await;
        }
        let written = [
            ("self_review", "consultant", "self_assessment"),
            ("leader_review", "leader", "leader_comment"),
            ("manager_review", "manager", "manager_comment"),
            ("hr_check", "hr", "hr_check"),
        ];
        for (_, login, kind) in written.into_iter().filter(|(when, ..)| *when == state) {
            let path = format!("/v1/reviews/{review}/contributions/{kind}");
            let draft = serde_json::json!({"text": "草稿"});
            app.change(login, reqwest::Method::PUT, &path, "*", Some(draft)).await.expect(200);
            // A draft is its author's alone.
            for other in LOGINS.into_iter().filter(|other| *other != login) {
                let answer = app.get(other, &format!("/v1/reviews/{review}/contributions")).await;
                if answer.status == 200 {
                    let listed = answer.expect(200);
                    assert!(
                        listed.as_array().unwrap().iter().all(|one| one["kind"] != kind),
                        "{other} {kind}"
                    );
                }
            }
            contribute(&app, login, review, kind, "写完").await.expect(200);
        }
        for (login, cell) in LOGINS.into_iter().zip(cells).chain(OTHERS.map(|login| (login, ""))) {
            let mut seen = String::new();
            if sees_score(&app, login, review, &grade).await {
                seen.push('T');
            }
            for kind in kinds(&app, login, review).await {
                seen.push(kind.to_uppercase().chars().next().unwrap());
            }
            if seen != cell {
                wrong.push(format!("{state} {login}: sees '{seen}', not '{cell}'"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_reviewed_sees_the_own_review_no_earlier_by_another_role() {
    use showfloor::auth::access::Role;

    let app = TestApp::demo().await;
    let march = cycle(&app, "2014-03").await;
    let sold = review_of(&app, "A01", "2014-03", "sales_consultant").await;
    let led = review_of(&app, "A01", "2014-03", "team_leader").await;
    freeze(&app, march).await;
    walk_to(&app, march, "self_review").await;
    // A03 is HR, too.
    app.add_user("hr2", &[Role::Hr, Role::SalesConsultant], Some("A03"), None).await;
    let own = review_of(&app, "A03", "2014-03", "sales_consultant").await;
    let numbers = async |login: &'static str| {
        let page = app.get(login, "/v1/reviews?period=2014-03&limit=500").await.expect(200);
        let items = page["items"].as_array().unwrap().iter();
        items.map(|one| one["employee_no"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    // The leader sees the two own ones, and the team's not yet.
    assert_eq!(numbers("leader").await, ["A01", "A01"]);
    for review in [sold, led] {
        app.get("leader", &format!("/v1/reviews/{review}")).await.expect(200);
    }
    move_to(&app, "hr", march, "computed", Some("重算")).await.expect(200);
    assert_eq!(numbers("leader").await, Vec::<String>::new());
    assert_eq!(app.get("leader", &format!("/v1/reviews/{sold}")).await.status, 404);
    // HR sees everybody's, but for the own one.
    let seen = numbers("hr2").await;
    assert!(seen.iter().any(|no| no == "A02") && seen.iter().all(|no| no != "A03"), "{seen:?}");
    assert_eq!(app.get("hr2", &format!("/v1/reviews/{own}")).await.status, 404);
    move_to(&app, "hr", march, "self_review", None).await.expect(200);
    app.get("hr2", &format!("/v1/reviews/{own}")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_waived_a_mark_and_why_is_seen_by_those_who_see_the_mark_and_by_the_person_once_it_is_published()
 {
    use diesel_async::SimpleAsyncConnection as _;
    use serde_json::{Value, json};

    let app = TestApp::demo().await;
    let march = cycle(&app, "2014-03").await;
    freeze(&app, march).await;
    let review = review_of(&app, "A02", "2014-03", "sales_consultant").await;
    let marked = format!("UPDATE review SET attention = '{{\"x\"}}' WHERE id = {review}");
    app.pool.get().await.unwrap().batch_execute(&marked).await.unwrap();
    let path = format!("/v1/reviews/{review}");
    assert_eq!(app.get("hr", &path).await.expect(200)["review"]["waiver"], Value::Null);
    let waiver = json!({"reason": "缺考，已补考"});
    app.post("hr", &format!("{path}/waiver"), waiver).await.expect(204);
    let expected =
        json!({"by": "hr", "by_name": "方静怡", "at": "2014-05-15T08:00:00Z", "reason": "缺考，已补考"});
    // The columns are those of LOGINS: consultant, leader, manager, HR, general manager, group, auditor.
    let table = [
        ("computed", [0, 0, 0, 1, 0, 1, 1]),
        ("self_review", [0, 0, 1, 1, 0, 1, 1]),
        ("leader_review", [0, 1, 1, 1, 0, 1, 1]),
        ("manager_review", [0, 1, 1, 1, 1, 1, 1]),
        ("hr_check", [0, 1, 1, 1, 1, 1, 1]),
        ("published", [1; 7]),
        ("locked", [1; 7]),
    ];
    let mut wrong = Vec::new();
    for (at, (state, cells)) in table.into_iter().enumerate() {
        if at > 0 {
            step_to(&app, march, state).await;
        }
        for (login, cell) in LOGINS.into_iter().zip(cells).chain(OTHERS.map(|login| (login, 0))) {
            let page = app.get(login, &path).await.body["review"]["waiver"].clone();
            let listed = app.get(login, "/v1/reviews?period=2014-03&limit=500").await.body["items"].clone();
            let listed = listed.as_array().into_iter().flatten().find(|one| one["id"] == review);
            let listed = listed.map_or(Value::Null, |one| one["waiver"].clone());
            let shown = if cell == 1 { &expected } else { &Value::Null };
            if page != *shown || listed != *shown {
                wrong.push(format!("{state} {login}: {page} {listed}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
