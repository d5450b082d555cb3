//! Improvement plans, and what proposes them.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};

use super::{publish, run};
use crate::support::TestApp;

/// Every review of the year, by person, scheme and month.
async fn reviews(app: &TestApp) -> BTreeMap<(String, String), BTreeMap<String, (String, i64)>> {
    let mut reviews = BTreeMap::<_, BTreeMap<_, _>>::new();
    let page = app.get("auditor", "/v1/reviews?limit=500").await.expect(200);
    assert_eq!(page["next_cursor"], Value::Null);
    for review in page["items"].as_array().unwrap() {
        let text = |name: &str| review[name].as_str().unwrap().to_owned();
        let of_person = reviews.entry((text("employee_no"), text("scheme"))).or_default();
        of_person.insert(text("period"), (text("final_grade"), review["id"].as_i64().unwrap()));
    }
    reviews
}

/// Of each person and scheme, month by month, the grade and the id of the review.
type Graded = BTreeMap<(String, String), BTreeMap<String, (String, i64)>>;

/// The reviews that propose a plan: of each person and scheme the last one that is a D, or a C after a C in the rated month
/// before.
fn expected(reviews: &Graded, to: &str) -> BTreeSet<(i64, &'static str)> {
    let proposals = reviews.values().filter_map(|months| {
        let rated = months.iter().filter(|(month, (grade, _))| month.as_str() <= to && grade != "NR");
        let rated = rated.map(|(_, one)| one).collect::<Vec<_>>();
        let mut last = None;
        for (at, (grade, id)) in rated.iter().enumerate() {
            match grade.as_str() {
                "D" => last = Some((*id, "grade_d")),
                "C" if at > 0 && rated[at - 1].0 == "C" => last = Some((*id, "two_c")),
                _ => {}
            }
        }
        last
    });
    proposals.collect()
}

async fn proposed(app: &TestApp, login: &str) -> Vec<Value> {
    let page = app.get(login, "/v1/improvement-plans?state=proposed&limit=500").await.expect(200);
    page["items"].as_array().unwrap().clone()
}

fn keys(proposals: &[Value]) -> BTreeSet<(i64, &str)> {
    proposals.iter().map(|one| (one["review"].as_i64().unwrap(), one["cause"].as_str().unwrap())).collect()
}

fn plan(review: &Value) -> Value {
    json!({"review": review, "goals": "回访完成率 90%", "training": "跟进话术两次", "starts_on": "2015-01-10",
        "first_assessment_on": "2015-02-10", "second_assessment_on": "2015-03-10", "ends_on": "2015-03-31"})
}

#[tokio::test(flavor = "multi_thread")]
async fn published_reviews_propose_plans_and_nothing_else_does() {
    let app = TestApp::demo().await.at("2015-01-20T04:00:00Z");
    let reviews = reviews(&app).await;
    assert!(proposed(&app, "hr").await.is_empty(), "nothing is published");
    publish(&app, "2014-01", "2014-06").await;
    assert_eq!(keys(&proposed(&app, "hr").await), expected(&reviews, "2014-06"));
    publish(&app, "2014-07", "2014-12").await;
    let all = expected(&reviews, "2014-12");
    assert!(
        all.iter().any(|(_, cause)| *cause == "grade_d") && all.iter().any(|(_, cause)| *cause == "two_c")
    );
    for login in ["hr", "gm", "group", "auditor", "manager"] {
        assert_eq!(keys(&proposed(&app, login).await), all, "{login}");
    }
    for (login, team) in [("leader", ["A01", "A02", "A03", "A04"]), ("leader3", ["A09", "A10", "A11", "A12"])]
    {
        let people = proposed(&app, login).await;
        assert!(people.iter().all(|one| team.contains(&one["employee_no"].as_str().unwrap())), "{login}");
        let mut of_team = reviews.clone();
        of_team.retain(|(employee_no, _), _| team.contains(&employee_no.as_str()));
        assert_eq!(keys(&people), expected(&of_team, "2014-12"), "{login}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_made_of_a_proposal_and_assessed_twice() {
    let app = TestApp::demo().await.at("2015-01-20T04:00:00Z");
    publish(&app, "2014-01", "2014-12").await;
    let proposals = proposed(&app, "leader2").await;
    let of_a08 = proposals.iter().find(|one| one["employee_no"] == "A08").unwrap();
    assert_eq!(of_a08["allowed_actions"][0]["action"], "create");
    let new = plan(&of_a08["review"]);
    for (login, status) in [("consultant", 403), ("auditor", 403), ("leader", 409)] {
        let answer = app.post(login, "/v1/improvement-plans", new.clone()).await;
        assert_eq!(answer.status, status, "{login}: {:#}", answer.body);
    }
    let mut backwards = new.clone();
    backwards["ends_on"] = json!("2015-03-09");
    let answer = app.post("leader2", "/v1/improvement-plans", backwards).await;
    assert_eq!(answer.body["errors"][0]["field"], "ends_on", "{:#}", answer.body);
    let made = app.post("leader2", "/v1/improvement-plans", new.clone()).await;
    let (location, made) = (made.location.clone().unwrap(), made.expect(201));
    assert_eq!((&made["state"], &made["version"]), (&json!("open"), &json!(1)));
    // It answers the proposal.
    assert_eq!(app.post("hr", "/v1/improvement-plans", new).await.problem(409), "conflict");
    assert!(proposed(&app, "hr").await.iter().all(|one| one["employee_no"] != "A08"));
    let task = super::tasks::tasks(&app, "leader2", &["assess_improvement"]).await;
    let assess = format!("{location}/assessments");
    assert_eq!(task.len(), 1);
    assert_eq!((&task[0]["path"], &task[0]["until"]), (&json!(assess), &json!("2015-02-10")));
    // Once its maker has left, it waits for those who may take it over.
    let taken_over = async |login: &str| super::tasks::tasks(&app, login, &["take_over_improvement"]).await;
    assert!(taken_over("manager").await.is_empty());
    run(&app, "UPDATE user_account SET is_disabled = true WHERE login = 'leader2'").await;
    for login in ["manager", "hr"] {
        let waiting = taken_over(login).await;
        assert_eq!(waiting.len(), 1, "{login}");
        assert_eq!((&waiting[0]["path"], &waiting[0]["until"]), (&json!(assess), &json!("2015-02-10")));
    }
    assert!(taken_over("leader").await.is_empty());
    run(&app, "UPDATE user_account SET is_disabled = false WHERE login = 'leader2'").await;
    for login in ["manager", "hr", "gm", "group", "auditor"] {
        assert_eq!(app.get(login, &location).await.expect(200)["goals"], made["goals"], "{login}");
    }
    for login in ["leader", "consultant", "clerk"] {
        assert_eq!(app.get(login, &location).await.problem(404), "not-found", "{login}");
    }
    let say =
        async |seen: &str, body: Value| app.change("leader2", Method::POST, &assess, seen, Some(body)).await;
    let sentence = "完成八成";
    let extended = json!({"outcome": "extended", "sentence": sentence, "extended_to": "2015-04-30"});
    assert_eq!(say("\"7\"", extended.clone()).await.problem(412), "precondition-failed");
    let without = json!({"outcome": "extended", "sentence": sentence});
    assert_eq!(say("*", without).await.body["errors"][0]["field"], "extended_to");
    let first = say("\"1\"", extended.clone()).await.expect(200);
    assert_eq!((&first["state"], &first["ends_on"]), (&json!("first_assessed"), &json!("2015-04-30")));
    assert_eq!(say("*", extended).await.body["errors"][0]["field"], "outcome");
    let reached = json!({"outcome": "reached", "sentence": "达到目标"});
    let closed = say("\"2\"", reached.clone()).await.expect(200);
    assert_eq!(closed["state"], "closed");
    let outcomes = closed["assessments"].as_array().unwrap().iter().map(|one| one["outcome"].clone());
    assert_eq!(outcomes.collect::<Vec<_>>(), ["extended", "reached"]);
    assert_eq!(say("*", reached).await.problem(409), "conflict");
    // What it was made of proposes nothing any more.
    assert!(proposed(&app, "hr").await.iter().all(|one| one["employee_no"] != "A08"));
    let listed = app.get("hr", "/v1/improvement-plans?state=closed").await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_makes_the_own_plan() {
    let app = TestApp::demo().await.at("2015-01-20T04:00:00Z");
    publish(&app, "2014-01", "2014-12").await;
    let connection = &mut *app.pool.get().await.unwrap();
    use diesel_async::SimpleAsyncConnection as _;
    let worse = "UPDATE review SET final_grade = 'D' WHERE period = '2014-12-01' AND employee_id =
        (SELECT id FROM employee WHERE employee_no = 'A05')";
    connection.batch_execute(worse).await.unwrap();
    let own = proposed(&app, "leader2").await;
    let own = own.iter().find(|one| one["employee_no"] == "A05").unwrap();
    assert_eq!(own["allowed_actions"], json!([]));
    let answer = app.post("leader2", "/v1/improvement-plans", plan(&own["review"])).await;
    assert_eq!(answer.problem(403), "forbidden");
    app.post("manager", "/v1/improvement-plans", plan(&own["review"])).await.expect(201);
}
