//! People and teams that move within a year: targets go with the people, to the unit.

use diesel_async::SimpleAsyncConnection as _;
use reqwest::Method;
use serde_json::{Value, json};

use super::sums::checked;
use super::{draft, find, months, person, read, step};
use crate::support::TestApp;
use crate::users::fields;

async fn run(app: &TestApp, statement: &str) {
    app.pool.get().await.unwrap().batch_execute(statement).await.unwrap();
}

/// Ends somebody's postings on a day, and posts the person to sell in another unit from then on, if one is given.
async fn transfer(app: &TestApp, employee_no: &str, day: &str, unit: Option<&str>) {
    run(
        app,
        &format!(
            "UPDATE assignment SET valid_to = '{day}' WHERE valid_to IS NULL
             AND employee_id = (SELECT id FROM employee WHERE employee_no = '{employee_no}')"
        ),
    )
    .await;
    if let Some(unit) = unit {
        post(app, employee_no, day, unit).await;
    }
}

async fn post(app: &TestApp, employee_no: &str, day: &str, unit: &str) {
    run(
        app,
        &format!(
            "INSERT INTO assignment (employee_id, unit_id, position, valid_from)
             SELECT e.id, u.id, 'sales_consultant', '{day}' FROM employee e, org_unit u
             WHERE e.employee_no = '{employee_no}' AND u.code = '{unit}'"
        ),
    )
    .await;
}

async fn suggested(app: &TestApp, id: &Value) -> Value {
    app.get("manager", &format!("/v1/plans/{id}/suggested-resplits")).await.expect(200)
}

/// The next version of the demonstration's plan.
async fn next(app: &TestApp) -> Value {
    app.post_empty("manager", "/v1/plans/2/versions").await.expect(201)["id"].clone()
}

/// Makes what is suggested, and looks whether it is what was shown.
async fn follow(app: &TestApp, id: &Value) -> Value {
    let suggestion = suggested(app, id).await;
    let body = json!({"resplits": suggestion["resplits"]});
    let path = format!("/v1/plans/{id}/reorganisation-previews");
    let preview = app.post("manager", &path, body.clone()).await.expect(200);
    assert_eq!(preview["rows"], suggestion["rows"]);
    step(app, "manager", id, "reorganisations", "*", Some(body)).await.expect(200);
    let diff = app.get("manager", &format!("/v1/plans/{id}/diff?from=2")).await.expect(200);
    assert_eq!(diff["rows"], suggestion["rows"]);
    // Nothing is left to be followed, and every sum is exact.
    assert_eq!(suggested(app, id).await["changes"], json!([]));
    checked(app, "manager", id).await;
    suggestion
}

fn rest(row: &Value, from: usize) -> i64 {
    months(row)[from..].iter().sum()
}

fn team<'a>(document: &'a Value, code: &str) -> &'a Value {
    find(&document["units"], "unit", code)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_transferred_takes_the_rest_of_the_year_along() {
    let app = TestApp::demo().await;
    assert_eq!(
        suggested(&app, &json!(2)).await["changes"],
        json!([]),
        "everybody is where the plan has them"
    );
    transfer(&app, "A04", "2014-07-01", Some("G3")).await;
    let before = read(&app, &json!(2)).await;
    let carried = rest(person(&before, "G1", "A04"), 6);
    let id = next(&app).await;
    let suggestion = follow(&app, &id).await;
    let change = json!([{"employee_no": "A04", "name": "赵晓燕", "change": "transferred", "from": "2014-07",
        "from_unit": "G1", "to_unit": "G3", "carried": carried}]);
    assert_eq!(suggestion["changes"], change);
    let after = read(&app, &id).await;
    assert_eq!(months(&after), months(&before));
    // Months before July are as they were.
    for code in ["G1", "G2", "G3"] {
        assert_eq!(months(team(&after, code))[..6], months(team(&before, code))[..6], "{code}");
    }
    let moved = |code: &str| rest(team(&after, code), 6) - rest(team(&before, code), 6);
    assert_eq!(["G1", "G2", "G3"].map(moved), [-carried, 0, carried]);
    assert_eq!(rest(person(&after, "G1", "A04"), 6), 0);
    assert_eq!(rest(person(&after, "G3", "A04"), 6), carried);
    for (code, number) in [
        ("G1", "A01"),
        ("G1", "A02"),
        ("G1", "A03"),
        ("G3", "A09"),
        ("G3", "A10"),
        ("G3", "A11"),
        ("G3", "A12"),
    ] {
        let of = |document: &Value| rest(person(document, code, number), 6);
        assert_eq!(of(&after), of(&before), "{number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_leaver_had_stays_with_the_team_and_a_newcomer_has_the_mean() {
    let app = TestApp::demo().await;
    transfer(&app, "A11", "2014-10-01", None).await;
    run(&app, "INSERT INTO employee (employee_no, name, status) VALUES ('A13', '新人', 'active')").await;
    post(&app, "A13", "2014-11-01", "G1").await;
    let before = read(&app, &json!(2)).await;
    let id = next(&app).await;
    let suggestion = follow(&app, &id).await;
    let shown = suggestion["changes"].as_array().unwrap().iter().map(|change| {
        (
            change["employee_no"].as_str().unwrap(),
            change["change"].as_str().unwrap(),
            change["from"].as_str().unwrap(),
        )
    });
    assert_eq!(shown.collect::<Vec<_>>(), [("A11", "left", "2014-10"), ("A13", "joined", "2014-11")]);
    let after = read(&app, &id).await;
    for code in ["G1", "G2", "G3"] {
        let of = |document: &Value| rest(team(document, code), 9);
        assert_eq!(of(&after), of(&before), "{code}");
    }
    assert_eq!(rest(person(&after, "G3", "A11"), 9), 0);
    // A09, A10 and A12 share team 3's last quarter in proportion to what they had of it.
    let of = |document: &Value, number: &str| rest(person(document, "G3", number), 9);
    let (all, others) =
        (rest(team(&before, "G3"), 9), ["A09", "A10", "A12"].map(|number| of(&before, number)));
    for (number, had) in ["A09", "A10", "A12"].into_iter().zip(others) {
        let (share, sum) = (all * had, others.iter().sum::<i64>());
        assert!((of(&after, number) * sum - share).abs() < sum, "{number}: {share} ÷ {sum}");
    }
    // A13 has the mean of the four others, half-up, of what the five share.
    let had = ["A01", "A02", "A03", "A04"].map(|number| rest(person(&before, "G1", number), 10));
    let mean = (2 * had.iter().sum::<i64>() + 4) / 8;
    let (share, sum) = (rest(team(&before, "G1"), 10) * mean, had.iter().sum::<i64>() + mean);
    let joined = rest(person(&after, "G1", "A13"), 10);
    assert!((joined * sum - share).abs() < sum, "{joined} of {share} ÷ {sum}");
}

#[tokio::test(flavor = "multi_thread")]
async fn teams_are_made_and_dissolved() {
    let app = TestApp::demo().await;
    let unit = json!({"code": "G4", "name": "销售四组", "kind": "team", "parent": "JC-XS", "valid_from": "2014-08-01"});
    app.post("admin", "/v1/org-units", unit).await.expect(201);
    transfer(&app, "A03", "2014-08-01", Some("G4")).await;
    transfer(&app, "A07", "2014-08-01", Some("G4")).await;
    for number in ["A09", "A10", "A11", "A12"] {
        transfer(&app, number, "2014-11-01", Some("G4")).await;
    }
    let before = read(&app, &json!(2)).await;
    let id = next(&app).await;
    let suggestion = follow(&app, &id).await;
    let after = read(&app, &id).await;
    // A07 is on leave until August and comes to the new team in September.
    let months_of = suggestion["changes"].as_array().unwrap().iter().map(|change| {
        (change["employee_no"].as_str().unwrap().to_owned(), change["from"].as_str().unwrap().to_owned())
    });
    let months_of: Vec<_> = months_of.collect();
    assert_eq!(months_of[..2], [("A03".into(), "2014-08".into()), ("A07".into(), "2014-09".into())]);
    assert_eq!(months_of.len(), 6, "{months_of:?}");
    let carried = rest(person(&before, "G1", "A03"), 7) + rest(person(&before, "G2", "A07"), 8);
    let fourth = team(&after, "G4");
    assert_eq!(months(fourth)[..7], [0; 7]);
    let third = rest(team(&after, "G3"), 10);
    assert_eq!(third, 0, "nobody is left in team 3");
    // What team 3 would have had in November and December has gone along.
    let of = |from: usize, to: usize| months(fourth)[from..to].iter().sum::<i64>();
    let went = rest(team(&before, "G3"), 10);
    assert!((of(7, 12) - carried - went).abs() <= 2, "{} of {carried} + {went}", of(7, 12));
    let sum: i64 = ["G1", "G2", "G3", "G4"].iter().map(|code| rest(team(&after, code), 7)).sum();
    assert_eq!(sum, months(&before)[7..].iter().sum::<i64>());
}

#[tokio::test(flavor = "multi_thread")]
async fn pins_in_the_way_are_named_and_can_be_released() {
    let app = TestApp::demo().await;
    transfer(&app, "A04", "2014-07-01", Some("G3")).await;
    let id = next(&app).await;
    let pin = json!({"unit": "G1", "employee_no": "A04", "period": "2014-09", "value": 20});
    let path = format!("/v1/plans/{id}/pins");
    app.change("manager", Method::PUT, &path, "*", Some(json!({"pins": [pin]}))).await.expect(200);
    let suggestion = suggested(&app, &id).await;
    let release = json!([{"metric": "deliveries", "unit": "G1", "employee_no": "A04", "channel": null, "series": null,
        "period": "2014-09", "value": null}]);
    assert_eq!(suggestion["release"], release);
    app.change("manager", Method::PUT, &path, "*", Some(json!({"pins": release}))).await.expect(200);
    let body = json!({"resplits": suggestion["resplits"]});
    step(&app, "manager", &id, "reorganisations", "*", Some(body)).await.expect(200);
    assert_eq!(rest(person(&read(&app, &id).await, "G1", "A04"), 6), 0);
    checked(&app, "manager", &id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reorganisation_is_made_whole_or_not_at_all() {
    let app = TestApp::demo().await;
    let id = draft(&app, "manager", 2016).await["id"].clone();
    let before = read(&app, &id).await;
    let share = |unit: &str, weight: i64| json!({"unit": unit, "weight": weight});
    let split =
        |unit: &str, units: Value| json!({"unit": unit, "from": "2016-07", "to": "2016-12", "units": units});
    let good = split("JC", json!([share("G1", 1), share("G2", 1), share("G3", 2)]));
    for (resplits, expected) in [
        (json!([good, split("JC", json!([share("G9", 1)]))]), "resplits[1].units[0].unit"),
        (json!([good, split("JC", json!([share("JC", 1)]))]), "resplits[1].units[0].unit"),
        (json!([good, split("JC", json!([share("G1", 1), share("G1", 1)]))]), "resplits[1].units[1].unit"),
        (json!([good, split("JC", json!([share("G1", 0)]))]), "resplits[1].weights"),
        // The store's months are shared by teams: people alone would take all of them.
        (
            json!([good, {"unit": "JC", "from": "2016-07", "to": "2016-12",
                "weights": [{"employee_no": "A01", "weight": 1}]}]),
            "resplits[1].unit",
        ),
    ] {
        let answer =
            step(&app, "manager", &id, "reorganisations", "*", Some(json!({"resplits": resplits}))).await;
        assert_eq!(fields(&answer), [expected], "{:#}", answer.body);
        assert_eq!(answer.problem(422), "validation-failed");
    }
    assert_eq!(read(&app, &id).await, before);
    step(&app, "manager", &id, "reorganisations", "*", Some(json!({"resplits": [good]}))).await.expect(200);
    let after = read(&app, &id).await;
    let half: i64 = months(&before)[6..].iter().sum();
    let of = |code: &str| rest(team(&after, code), 6);
    // A quarter, a quarter and a half of 858.
    assert!((4 * of("G1") - half).abs() < 4 && (2 * of("G3") - half).abs() < 2, "{half}");
    checked(&app, "manager", &id).await;
    // A leader proposes for the own people only.
    let units = json!({"unit": "G1", "from": "2016-07", "to": "2016-12", "units": [share("G2", 1)]});
    let answer = app.post("leader", &format!("/v1/plans/{id}/proposals"), units).await;
    assert_eq!(fields(&answer), ["units"]);
    let query = format!("/v1/plans/{id}/suggested-resplits?from=2015-07");
    assert_eq!(fields(&app.get("manager", &query).await), ["from"]);
}
