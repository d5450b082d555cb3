//! How teams are graded, beside the store, beside the months before and against the guideline.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use super::{half_up, hundredths, publish, take_to};
use crate::review_life::{cycle, step_to};
use crate::support::TestApp;

/// The leader of each demonstration team, who tells whose team a reviewer is in.
const TEAMS: [(&str, &str, [&str; 4]); 3] = [
    ("G1", "A01", ["A01", "A02", "A03", "A04"]),
    ("G2", "A05", ["A05", "A06", "A07", "A08"]),
    ("G3", "A09", ["A09", "A10", "A11", "A12"]),
];

/// Sum and number of the rated totals of some people, in hundredths.
fn rated(reviews: &[Value], people: &[&str], periods: &[&str]) -> (i64, i64) {
    let its = reviews.iter().filter(|one| {
        one["position"] == "sales_consultant"
            && one["final_grade"] != "NR"
            && people.contains(&one["employee_no"].as_str().unwrap())
            && periods.contains(&one["period"].as_str().unwrap())
    });
    let totals = its.map(|one| hundredths(&one["total"])).collect::<Vec<_>>();
    (totals.iter().sum(), i64::try_from(totals.len()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn teams_are_held_beside_the_store_and_the_months_before() {
    let app = TestApp::demo().await;
    publish(&app, "2014-01", "2014-03").await;
    let april = cycle(&app, "2014-04").await;
    let path = format!("/v1/review-cycles/{april}/calibration");
    assert_eq!(app.get("hr", &path).await.problem(409), "conflict");
    take_to(&app, "2014-04", "hr_check").await;
    for login in ["consultant", "leader", "manager", "auditor", "dashboard", "clerk"] {
        assert_eq!(app.get(login, &path).await.status, 403, "{login}");
    }
    let found = app.get("hr", &path).await.expect(200);
    assert_eq!(app.get("gm", &path).await.expect(200), found);
    assert_eq!(app.get("group", &path).await.expect(200), found);
    let reviews = app.get("auditor", "/v1/reviews?limit=500").await.expect(200);
    let reviews = reviews["items"].as_array().unwrap();
    let of = |groups: &Value, unit: &str| {
        let groups = groups.as_array().unwrap().iter();
        groups.clone().find(|one| one["unit"] == unit && one["scheme"] == "sales_consultant").unwrap().clone()
    };
    let everybody = TEAMS.iter().flat_map(|(.., people)| *people).collect::<Vec<_>>();
    let (all, number) = rated(reviews, &everybody, &["2014-04"]);
    let store = of(&found["store"], "JC");
    assert_eq!((&store["rated"], &store["is_small"]), (&json!(number), &json!(false)));
    assert_eq!(hundredths(&store["mean"]), half_up(all, number));
    assert_eq!(store["above_store"], Value::Null);
    for (unit, leader, people) in TEAMS {
        let team = of(&found["teams"], unit);
        let (sum, count) = rated(reviews, &people, &["2014-04"]);
        let (before, earlier) = rated(reviews, &people, &["2014-01", "2014-02", "2014-03"]);
        assert_eq!((&team["leader_no"], &team["is_small"]), (&json!(leader), &json!(true)));
        assert_eq!(hundredths(&team["mean"]), half_up(sum, count), "{team:#}");
        assert_eq!(hundredths(&team["mean_before"]), half_up(before, earlier), "{team:#}");
        // The differences of the exact means.
        let above = half_up(sum * number - all * count, count * number);
        assert_eq!(hundredths(&team["above_store"]), above, "{team:#}");
        let above = half_up(sum * earlier - before * count, count * earlier);
        assert_eq!(hundredths(&team["above_before"]), above, "{team:#}");
        let kinds = team["warnings"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap());
        let is_far = hundredths(&team["above_store"]).abs() >= 500;
        let has = kinds.clone().any(|kind| kind == "lenient" || kind == "severe");
        assert_eq!(has, is_far, "{team:#}");
        let counted: i64 =
            team["grades"].as_array().unwrap().iter().map(|one| one["reviews"].as_i64().unwrap()).sum();
        assert_eq!(counted, team["reviews"]);
    }
    // Published, it can still be looked at.
    step_to(&app, april, "published").await;
    app.get("hr", &path).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guideline_warns_and_forces_nothing() {
    let app = TestApp::demo().await;
    let march = take_to(&app, "2014-03", "hr_check").await;
    let path = "/v1/grade-guidelines/JC";
    let none = app.get("hr", path).await;
    assert_eq!(none.etag.as_deref(), Some("\"0\""));
    assert_eq!(none.expect(200)["grades"], json!([]));
    let put = async |login: &str, seen: &str, grades: Value| {
        app.change(login, Method::PUT, path, seen, Some(json!({"grades": grades}))).await
    };
    let grades = json!([{"grade": "S", "most_share": 0.1}, {"grade": "A", "most_share": 1}]);
    assert_eq!(put("gm", "\"0\"", grades.clone()).await.status, 403);
    for (wrong, field) in [
        (json!([{"grade": "S", "most_share": 1.1}]), "grades[0].most_share"),
        (json!([{"grade": "S", "most_share": 0}]), "grades[0].most_share"),
        (json!([{"grade": "S", "most_share": 0.1}, {"grade": "S", "most_share": 0.2}]), "grades[1].grade"),
    ] {
        let answer = put("hr", "*", wrong).await;
        assert_eq!(answer.body["errors"][0]["field"], field, "{:#}", answer.body);
    }
    put("hr", "\"0\"", json!([{"grade": "B", "most_share": 0.5}])).await.expect(200);
    assert_eq!(put("hr", "\"0\"", grades.clone()).await.problem(412), "precondition-failed");
    let given = put("hr", "\"1\"", grades.clone()).await.expect(200);
    assert_eq!(given["version"], 2);
    let found = app.get("hr", &format!("/v1/review-cycles/{march}/calibration")).await.expect(200);
    for group in found["store"].as_array().unwrap().iter().chain(found["teams"].as_array().unwrap()) {
        let counts = group["grades"].as_array().unwrap().iter();
        let counts: BTreeMap<_, _> =
            counts.map(|one| (one["grade"].as_str().unwrap(), one["reviews"].as_i64().unwrap())).collect();
        let best = counts.get("S").copied().unwrap_or(0);
        // More than a tenth of the rated ones.
        let is_above = best * 10 > group["rated"].as_i64().unwrap();
        let warnings = group["warnings"].as_array().unwrap();
        let warned = warnings.iter().filter(|one| one["kind"] == "above_guideline").collect::<Vec<_>>();
        assert_eq!(warned.len(), usize::from(is_above), "{group:#}");
        assert!(
            warned
                .iter()
                .all(|one| one["grade"] == "S" && one["sentence"].as_str().unwrap().contains("提示"))
        );
    }
    // Nothing is kept back.
    step_to(&app, march, "published").await;
}
