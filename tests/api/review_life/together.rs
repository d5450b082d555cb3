//! Decisions that do not exclude each other, made at once: each is about the review as it is when its turn comes.

use futures_util::future::{join, join_all};
use reqwest::Method;
use serde_json::{Value, json};

use super::{cycle, freeze, review_of, walk_to};
use crate::support::{Answer, TestApp};

async fn published() -> TestApp {
    let app = TestApp::demo().await.in_english();
    let march = cycle(&app, "2014-03").await;
    freeze(&app, march).await;
    walk_to(&app, march, "published").await;
    app
}

async fn sold(app: &TestApp, employee_no: &str) -> i64 {
    review_of(app, employee_no, "2014-03", "sales_consultant").await
}

/// Proposes half a point off an item of a review; the path of its decision.
async fn proposed(app: &TestApp, review: i64, rule: &str) -> String {
    let path = format!("/v1/reviews/{review}/adjustments");
    let new = json!({"rule": rule, "points": -0.5, "reason": "核对"});
    let id = app.post("manager", &path, new).await.expect(201)["id"].clone();
    format!("{path}/{id}/decision")
}

async fn approve(app: &TestApp, decision: &str) -> Answer {
    app.change("gm", Method::POST, decision, "*", Some(json!({"approve": true}))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_appeals_decided_at_once_each_comes_to_the_revision_in_force_and_is_told() {
    let app = published().await;
    // Two of A02's and two of A01's.
    for (login, employee_no, rules) in [
        ("consultant", "A02", ["10_sales_attainment", "20_funnel_kpi"]),
        ("leader", "A01", ["30_follow_up", "40_value_added"]),
    ] {
        let review = sold(&app, employee_no).await;
        let mut decisions = Vec::new();
        for rule in rules {
            let path = format!("/v1/reviews/{review}/appeals");
            let filed = app.post(login, &path, json!({"rule": rule, "text": "请复核"})).await.expect(201);
            let appeal = format!("/v1/appeals/{}", filed["id"]);
            app.change("gm", Method::POST, &format!("{appeal}/take-up"), "*", None).await.expect(200);
            decisions.push(format!("{appeal}/decision"));
        }
        let upheld = json!({"outcome": "upheld", "reason": "无误"});
        let adjusted = json!({"outcome": "adjusted", "points": -0.5, "reason": "核对"});
        let (first, second) = join(
            app.change("gm", Method::POST, &decisions[0], "*", Some(adjusted)),
            app.change("group", Method::POST, &decisions[1], "*", Some(upheld)),
        )
        .await;
        let (first, second) = (first.expect(200), second.expect(200));
        let now = sold(&app, employee_no).await;
        assert_ne!(now, review);
        assert_eq!(first["result"], now);
        // Whichever came first: what was upheld is about the revision in force at that time, and the person was told.
        let acts = app.get("hr", &format!("/v1/reviews/{now}/acknowledgements")).await.expect(200);
        let told_of = |review: &Value| {
            let acts = acts["acts"].as_array().unwrap().iter();
            acts.filter(|act| act["act"] == "told" && act["review"] == *review).count()
        };
        let expected = if second["result"] == now { [1, 2] } else { [2, 1] };
        assert_eq!([told_of(&json!(review)), told_of(&json!(now))], expected, "{acts:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_revision_says_which_adjustments_it_has_whoever_was_first() {
    let app = published().await;
    let review = sold(&app, "A03").await;
    let mut decisions = Vec::new();
    for rule in ["10_sales_attainment", "20_funnel_kpi", "30_follow_up"] {
        decisions.push(proposed(&app, review, rule).await);
    }
    for answer in join_all(decisions.iter().map(|decision| approve(&app, decision))).await {
        answer.expect(200);
    }
    let mut id = sold(&app, "A03").await;
    let mut rules = Vec::new();
    for revision in (1..=4).rev() {
        let page = app.get("hr", &format!("/v1/reviews/{id}")).await.expect(200);
        assert_eq!(page["review"]["revision"], revision);
        let listed = page["adjustments"].as_array().unwrap();
        // All were decided at the same moment, as far as the clock tells.
        assert_eq!(listed.len(), revision - 1, "{page:#}");
        rules.push(
            listed.iter().map(|one| one["rule"].to_string()).collect::<std::collections::BTreeSet<_>>(),
        );
        if revision > 1 {
            let changes = app.get("hr", &format!("/v1/reviews/{id}/changes")).await.expect(200);
            assert_eq!(changes["items"].as_array().unwrap().len(), 1, "{changes:#}");
            let replay = app.post_empty("hr", &format!("/v1/reviews/{id}/replay")).await.expect(200);
            assert_eq!(replay["is_same"], true, "{replay:#}");
            id = changes["from"]["review"].as_i64().unwrap();
        }
    }
    assert!(rules.windows(2).all(|two| two[0].is_superset(&two[1])), "{rules:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_answers_while_another_revision_is_written_is_told_of_it() {
    let app = published().await;
    for rule in ["10_sales_attainment", "20_funnel_kpi", "30_follow_up", "50_attendance"] {
        let review = sold(&app, "A02").await;
        let decision = proposed(&app, review, rule).await;
        let path = format!("/v1/reviews/{review}/acknowledgements");
        let (approved, answers) = join(
            approve(&app, &decision),
            join_all((0..12).map(|_| app.post("consultant", &path, json!({"act": "confirmed"})))),
        )
        .await;
        approved.expect(200);
        for answer in answers {
            assert!(matches!(answer.status.as_u16(), 201 | 409), "{} {}", answer.status, answer.body);
        }
        // The person is told of the new one, and answers to that.
        let late = app.post("consultant", &path, json!({"act": "confirmed"})).await;
        assert!(late.body["detail"].as_str().unwrap().contains("is in force: read it"), "{}", late.body);
    }
}
