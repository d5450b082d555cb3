//! What waits for whom.

use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl as _;
use serde_json::{Value, json};

use super::{run, take_to};
use crate::program::{json as program_json, run as run_program};
use crate::review_life::{contribute, review_of, step_to};
use crate::support::{Template, TestApp, database_url};

/// The kinds, months and people of what waits for a login, of some kinds.
pub async fn tasks(app: &TestApp, login: &str, kinds: &[&str]) -> Vec<Value> {
    let tasks = app.get(login, "/v1/tasks").await.expect(200);
    let tasks = tasks.as_array().unwrap().iter();
    tasks.filter(|task| kinds.contains(&task["kind"].as_str().unwrap())).cloned().collect()
}

pub fn people(tasks: &[Value]) -> Vec<String> {
    let mut people: Vec<_> =
        tasks.iter().map(|task| task["employee_no"].as_str().unwrap().to_owned()).collect();
    people.sort();
    people
}

#[tokio::test(flavor = "multi_thread")]
async fn a_self_assessment_waits_until_it_is_handed_in_and_again_when_it_is_given_back() {
    let app = TestApp::demo().await.at("2014-04-03T04:00:00Z");
    assert_eq!(app.get("consultant", "/v1/tasks").await.expect(200), json!([]));
    let march = take_to(&app, "2014-03", "self_review").await;
    let review = review_of(&app, "A02", "2014-03", "sales_consultant").await;
    let waiting = app.get("consultant", "/v1/tasks").await.expect(200);
    let path = format!("/v1/reviews/{review}/contributions/self_assessment");
    // By the 3rd, a Thursday.
    let expected = json!([{"kind": "self_assessment", "sentence": "写2014-03的自评", "store": "JC", "period": "2014-03",
        "employee_no": "A02", "number": 1, "since": "2014-04-03", "until": "2014-04-03", "is_late": false, "nobody_else": false,
        "method": "PUT", "path": path}]);
    assert_eq!(waiting, expected);
    let later = app.at("2014-04-03T16:00:00Z");
    assert_eq!(tasks(&later, "consultant", &["self_assessment"]).await[0]["is_late"], true);
    // The operation is the one that does it.
    contribute(&app, "consultant", review, "self_assessment", "写完").await.expect(200);
    assert_eq!(app.get("consultant", "/v1/tasks").await.expect(200), json!([]));
    let back = json!({"reason": "请补充"});
    app.post("hr", &format!("{path}/give-back"), back).await.expect(200);
    step_to(&app, march, "leader_review").await;
    let again = app.get("consultant", "/v1/tasks").await.expect(200);
    assert_eq!(again.as_array().unwrap().len(), 1);
    assert_eq!((&again[0]["kind"], &again[0]["path"]), (&json!("given_back"), &json!(path)));
    // Before publication: the 7th of April 2014 is a holiday.
    assert_eq!(again[0]["until"], "2014-04-08");
    assert!(again[0]["sentence"].as_str().unwrap().contains("自评"), "{again:#}");
    contribute(&app, "consultant", review, "self_assessment", "写完").await.expect(200);
    assert_eq!(app.get("consultant", "/v1/tasks").await.expect(200), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_wait_for_those_whose_they_are() {
    let app = TestApp::demo().await.at("2014-04-03T04:00:00Z");
    let march = take_to(&app, "2014-03", "leader_review").await;
    let of_leader = tasks(&app, "leader", &["leader_comment"]).await;
    assert_eq!(people(&of_leader), ["A02", "A03", "A04"]);
    // What nobody leads, and the leaders themselves, fall to the head of the department.
    let of_manager = tasks(&app, "manager", &["leader_comment"]).await;
    assert_eq!(people(&of_manager), ["A01", "A01", "A05", "A05", "A09", "A09", "T01"]);
    for login in ["consultant", "hr", "gm", "group", "auditor", "admin", "telesales"] {
        assert!(tasks(&app, login, &["leader_comment"]).await.is_empty(), "{login}");
    }
    let review = review_of(&app, "A03", "2014-03", "sales_consultant").await;
    contribute(&app, "leader", review, "leader_comment", "写完").await.expect(200);
    assert_eq!(people(&tasks(&app, "leader", &["leader_comment"]).await), ["A02", "A04"]);
    // Given back, it is the leader's again.
    let path = format!("/v1/reviews/{review}/contributions/leader_comment/give-back");
    app.post("hr", &path, json!({"reason": "太短"})).await.expect(200);
    assert_eq!(people(&tasks(&app, "leader", &["given_back"]).await), ["A03"]);
    assert!(tasks(&app, "manager", &["given_back"]).await.is_empty());
    step_to(&app, march, "manager_review").await;
    let of_manager = tasks(&app, "manager", &["manager_comment"]).await;
    assert_eq!(of_manager.len(), 16);
    assert!(tasks(&app, "leader", &["leader_comment", "manager_comment"]).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_comments_are_is_the_same_for_one_review_and_for_many() {
    #[derive(diesel::QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        number: i64,
    }
    let app = TestApp::demo().await;
    // A head who has a review, a unit below a team's, and a leader who has left meanwhile.
    run(
        &app,
        "UPDATE assignment SET valid_to = '2014-06-10' WHERE employee_id =
             (SELECT id FROM employee WHERE employee_no = 'A05');
         UPDATE team_leadership SET valid_to = '2014-04-20' WHERE kind = 'line' AND employee_id =
             (SELECT id FROM employee WHERE employee_no = 'A09')",
    )
    .await;
    let connection = &mut *app.pool.get().await.unwrap();
    let compared = "WITH one AS (
             SELECT k.kind, r.id AS review_id, a.employee_id FROM review r
             CROSS JOIN (VALUES ('leader_comment'), ('manager_comment')) k (kind)
             CROSS JOIN LATERAL review_assessor(k.kind, r.employee_id, r.unit_id, r.period, '2014-07-01') a
             WHERE r.is_current),
         many AS (
             SELECT k.kind, a.review_id, a.assessor_id FROM (VALUES ('leader_comment'), ('manager_comment')) k (kind)
             CROSS JOIN LATERAL review_assessors(k.kind, ARRAY(SELECT id FROM review_cycle), '2014-07-01') a)";
    let count = async |connection: &mut diesel_async::AsyncPgConnection, rest: &str| {
        let query = format!("{compared} SELECT count(*) AS number FROM ({rest}) found");
        diesel::sql_query(query).get_result::<Count>(connection).await.unwrap().number
    };
    assert!(count(connection, "SELECT * FROM one").await > 300);
    assert_eq!(count(connection, "(TABLE one EXCEPT TABLE many)").await, 0);
    assert_eq!(count(connection, "(TABLE many EXCEPT TABLE one)").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn hr_is_told_of_the_months_that_wait() {
    let app = TestApp::demo().await.at("2014-04-03T04:00:00Z");
    app.post("hr", "/v1/review-cycles", json!({"store": "JC", "period": "2013-12"})).await.expect(201);
    app.post("hr", "/v1/review-cycles", json!({"store": "JC", "period": "2015-01"})).await.expect(201);
    // A month that is not over has nothing to be frozen.
    let frozen = tasks(&app, "hr", &["freeze"]).await;
    assert_eq!(frozen.iter().map(|task| task["period"].as_str().unwrap()).collect::<Vec<_>>(), ["2013-12"]);
    assert_eq!((&frozen[0]["since"], &frozen[0]["is_late"]), (&json!("2014-01-01"), &json!(true)));
    let march = take_to(&app, "2014-03", "hr_check").await;
    let of_march = |tasks: Vec<Value>| {
        let tasks = tasks.into_iter().filter(|task| task["period"] == "2014-03");
        tasks.map(|task| (task["kind"].clone(), task["number"].clone())).collect::<Vec<_>>()
    };
    let kinds = ["move", "hr_check", "check_of_hr", "late_corrections"];
    let mut waiting = of_march(tasks(&app, "hr", &kinds).await);
    waiting.sort_by_key(|(kind, _)| kind.to_string());
    assert_eq!(waiting, [(json!("hr_check"), json!(16)), (json!("move"), json!(1))]);
    assert!(of_march(tasks(&app, "gm", &kinds).await).is_empty());
    app.post("hr", &format!("/v1/review-cycles/{march}/hr-check"), json!({"text": ""})).await.expect(200);
    assert_eq!(of_march(tasks(&app, "hr", &kinds).await), [(json!("move"), json!(1))]);
    // A correction that comes late waits for those who may decide, and not for who proposed it.
    let facts = json!({"period": "2014-03", "source_system": "dms", "late": "keep", "reason": "补录", "rows": [
        {"employee_no": "A12", "facts": {"deliveries": 6}}]});
    app.post("clerk", "/v1/facts", facts).await.expect(200);
    for login in ["hr", "gm"] {
        let waiting = of_march(tasks(&app, login, &["late_corrections"]).await);
        assert_eq!(waiting, [(json!("late_corrections"), json!(1))], "{login}");
    }
    assert!(tasks(&app, "clerk", &kinds).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_waits_for_those_who_may_verify_it() {
    let app = TestApp::demo().await.at("2015-02-01T02:00:00Z");
    let event = json!({"kind": "late", "employee_no": "A02", "day": "2015-01-12", "detail": {"count": 2},
        "evidence": [{"name": "门岗监控 0112.mp4", "sha256": "a".repeat(64)}]});
    let id = app.post("hr", "/v1/events", event).await.expect(201)["id"].clone();
    assert!(tasks(&app, "hr", &["verify_event"]).await.is_empty(), "who reported it does not verify it");
    for login in ["consultant", "leader", "group", "auditor"] {
        assert!(tasks(&app, login, &["verify_event"]).await.is_empty(), "{login}");
    }
    for login in ["manager", "gm"] {
        let waiting = tasks(&app, login, &["verify_event"]).await;
        assert_eq!(waiting.len(), 1, "{login}");
        assert_eq!((&waiting[0]["employee_no"], &waiting[0]["store"]), (&json!("A02"), &json!("JC")));
        assert_eq!(waiting[0]["path"], format!("/v1/events/{id}/verify"));
    }
    let path = format!("/v1/events/{id}/verify");
    app.post("manager", &path, json!({})).await.expect(200);
    assert!(tasks(&app, "gm", &["verify_event"]).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_says_who_is_late() {
    let url = database_url(Template::Demo).await;
    // Twelve months were computed, and have not gone on since.
    let late = program_json(1, &["tasks", "--late", "--json", "--database-url", &url]);
    let late = late.as_array().unwrap();
    assert_eq!(late.len(), 12);
    let who = json!([{"employee_no": "H01", "name": "方静怡"}]);
    assert!(late.iter().all(|task| task["kind"] == "move" && task["who"] == who), "{late:#?}");
    let elsewhere = run_program(&["tasks", "--store", "XX", "--database-url", &url]);
    assert_eq!((elsewhere.status, elsewhere.err.as_str()), (0, ""));
    let table = run_program(&["tasks", "--store", "JC", "--lang", "zh", "--database-url", &url]);
    assert_eq!(table.status, 1);
    assert!(table.out.contains("H01 方静怡") && table.out.contains("推进到自评"), "{}", table.out);
}
