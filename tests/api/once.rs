//! What is made once, however often it is asked for.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use showfloor::server;

use crate::review_life::{cycle, freeze, review_of, walk_to};
use crate::support::{Answer, TestApp};

/// Operations that make something and take no key, and why the same request again does no harm.
const WITHOUT: [(&str, &str); 19] = [
    ("create_api_key", "its name is unique, and a key is never kept to be told again"),
    ("create_user", "a login is unique: the second is refused"),
    ("create_org_unit", "a code is unique"),
    ("create_employee", "an employee number is unique"),
    ("create_assignment", "nobody holds a position twice at a time"),
    ("create_team_leadership", "a team has one leader at a time"),
    ("create_work_report", "a report is handed in once"),
    ("create_activity", "it is the leader's own list, and can be taken back"),
    ("create_import", "the same file again changes nothing"),
    ("create_column_mapping", "its name is unique"),
    ("create_mapped_import", "the same file again changes nothing"),
    ("create_plan", "a unit's year and metric have one plan"),
    ("create_suggested_plan", "a plan has one draft at a time"),
    ("create_plan_from_trial", "a plan has one draft at a time"),
    ("import_plan_template", "a plan has one draft at a time"),
    ("create_plan_version", "a plan has one draft at a time"),
    ("create_replan", "a plan has one draft at a time"),
    ("propose_erasure", "a person has one proposed erasure at a time"),
    ("create_plan_proposal", "a team has one proposal at a time"),
];

/// Those that a draft of the rules begins with: it can be discarded.
const DRAFTS: [&str; 1] = ["create_rule_draft"];

#[test]
fn whatever_makes_something_takes_a_key_or_says_why_not() {
    let document = serde_json::to_value(server::openapi()).unwrap();
    let mut without = BTreeSet::new();
    for item in document["paths"].as_object().unwrap().values() {
        let Some(operation) = item.get("post").filter(|post| post["responses"].get("201").is_some()) else {
            continue;
        };
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        if !parameters.into_iter().any(|one| one["name"] == "Idempotency-Key") {
            without.insert(operation["operationId"].as_str().unwrap());
        }
    }
    let expected: BTreeSet<_> = WITHOUT.iter().map(|(id, _)| *id).chain(DRAFTS).collect();
    assert_eq!(without, expected);
}

async fn send(app: &TestApp, login: &str, path: &str, key: &str, body: &Value) -> (Answer, bool) {
    let request = app.request(Method::POST, path).bearer_auth(app.token(login).await);
    let response = request.header("Idempotency-Key", key).json(body).send().await.unwrap();
    let is_replayed = response.headers().get("idempotency-replayed").is_some();
    (Answer::of(response).await, is_replayed)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_a_review_is_made_once_under_a_key() {
    let app = TestApp::demo().await.at("2014-04-08T04:00:00Z");
    let march = cycle(&app, "2014-03").await;
    freeze(&app, march).await;
    walk_to(&app, march, "published").await;
    let review = review_of(&app, "A02", "2014-03", "sales_consultant").await;
    let path = |rest: &str| format!("/v1/reviews/{review}/{rest}");
    let sheets = format!("/v1/review-cycles/{march}/coefficient-sheets");
    let requests = [
        ("leader", path("talks"), json!({"day": "2014-04-08", "said": "好"})),
        ("manager", path("adjustments"), json!({"rule": "70_complaints", "points": -0.5, "reason": "核对"})),
        ("consultant", path("appeals"), json!({"rule": "70_complaints", "text": "请复核"})),
        ("hr", path("acknowledgements"), json!({"act": "told", "how": "by_hand"})),
        ("hr", sheets, json!({})),
        ("hr", "/v1/review-cycles".to_owned(), json!({"store": "JC", "period": "2015-01"})),
    ];
    for (at, (login, path, body)) in requests.iter().enumerate() {
        let key = format!("k{at}");
        let (first, is_replayed) = send(&app, login, path, &key, body).await;
        assert!(!is_replayed, "{path}");
        let (second, is_replayed) = send(&app, login, path, &key, body).await;
        assert_eq!((second.status.as_u16(), is_replayed), (201, true), "{path}: {}", second.body);
        assert_eq!((&second.location, &second.etag), (&first.location, &first.etag), "{path}");
        assert_eq!(second.body, first.expect(201), "{path}");
    }
    // A key is for one request: of another review it is another one.
    let other = review_of(&app, "A03", "2014-03", "sales_consultant").await;
    let (answer, _) = send(&app, "leader", &format!("/v1/reviews/{other}/talks"), "k0", &requests[0].2).await;
    assert_eq!(answer.status, 422, "{}", answer.body);
    // What has failed is not kept.
    let (failed, _) =
        send(&app, "leader", &path("talks"), "again", &json!({"day": "2015-01-01", "said": "好"})).await;
    assert_eq!(failed.status, 422);
    let (done, is_replayed) = send(&app, "leader", &path("talks"), "again", &requests[0].2).await;
    assert_eq!((done.status.as_u16(), is_replayed), (201, false));
    let talks = app.get("leader", &path("talks")).await.expect(200);
    assert_eq!(talks.as_array().unwrap().len(), 2);
}
