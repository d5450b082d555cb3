//! Cells that stand: the rest is split around them, and given back they leave no trace.

use serde_json::{Value, json};
use showfloor::auth::access::Role;

use super::sums::{checked, pin, rich_example};
use super::{approve, find, months, person, read, step};
use crate::support::TestApp;
use crate::users::fields;

async fn drafted(app: &TestApp, year: i32) -> Value {
    app.post("manager", "/v1/plans", rich_example(year)).await.expect(201)["id"].clone()
}

/// A month from 1 to 12 of a node.
fn cell(node: &Value, month: usize) -> i64 {
    months(node)[month - 1]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_stands_at_every_level_and_given_back_leaves_no_trace() {
    let app = TestApp::demo().await;
    let id = drafted(&app, 2015).await;
    let before = checked(&app, "manager", &id).await;
    type Find = fn(&Value) -> &Value;
    let places: [(Value, Find, i64); 6] = [
        (json!({"unit": "G1", "employee_no": "A01"}), |plan| person(plan, "G1", "A01"), 25),
        (json!({"unit": "G2"}), |plan| find(&plan["units"], "unit", "G2"), 70),
        (json!({}), |plan| plan, 131),
        (json!({"unit": "JC"}), |plan| plan, 0),
        (json!({"channel": "auto_show"}), |plan| find(&plan["channels"], "code", "auto_show"), 33),
        (json!({"series": "series_a"}), |plan| find(&plan["series"], "code", "series_a"), 0),
    ];
    for (place, node, value) in places {
        for month in [1, 7, 12] {
            let mut wanted = place.clone();
            wanted["period"] = json!(format!("2015-{month:02}"));
            wanted["value"] = json!(value);
            pin(&app, "manager", &id, "*", json!([wanted])).await.expect(200);
            let pinned = checked(&app, "manager", &id).await;
            assert_eq!(cell(node(&pinned[0]), month), value, "{wanted}");
            assert_eq!(pinned[0]["year"], 1690, "{wanted}");
            // What the weights give is still to be seen.
            assert_eq!(pinned[0]["suggested"], before[0]["suggested"]);
            wanted["value"] = Value::Null;
            pin(&app, "manager", &id, "*", json!([wanted])).await.expect(200);
            assert_eq!(checked(&app, "manager", &id).await, before, "{wanted}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_within_a_quarter_that_is_pinned_too_is_named_with_the_pin_that_holds_it() {
    let app = TestApp::demo().await;
    let id = drafted(&app, 2015).await;
    let a01 = |period: &str, value: i64| json!({"unit": "G1", "employee_no": "A01", "period": period, "value": value});
    let both = json!([a01("2015-Q3", 45), a01("2015-08", 20)]);
    let answer = pin(&app, "manager", &id, "*", both).await;
    assert_eq!(fields(&answer), ["pins[1]"], "{:#}", answer.body);
    assert_eq!(
        answer.body["errors"][0]["message"],
        "JC/G1/A01 的 2015-08 已由 pins[0] 2015-Q3 锁定：两个锁定请去掉一个；要单独定其中一个月，就逐月给出"
    );
    // Month by month it goes.
    let months = json!([a01("2015-07", 12), a01("2015-08", 20), a01("2015-09", 13)]);
    pin(&app, "manager", &id, "*", months).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_of_another_line_leaves_the_first_line_alone() {
    let app = TestApp::demo().await;
    let id = drafted(&app, 2015).await;
    let before = checked(&app, "manager", &id).await;
    let pins = json!([
        {"metric": "accessory_revenue", "unit": "G3", "employee_no": "A12", "period": "2015-02", "value": 1},
        {"metric": "insurance_policies", "channel": "phone_web", "period": "2015-02", "value": 40},
        {"metric": "temporary_plates", "period": "2015-02", "value": 0},
    ]);
    pin(&app, "manager", &id, "*", pins.clone()).await.expect(200);
    let after = checked(&app, "manager", &id).await;
    assert_eq!(after[0], before[0]);
    assert_eq!(cell(find(&after[1]["channels"], "code", "phone_web"), 2), 40);
    assert_eq!(cell(person(&after[2], "G3", "A12"), 2), 1);
    assert_eq!(cell(&after[3], 2), 0);
    let mut back = pins;
    back.as_array_mut().unwrap().iter_mut().for_each(|pin| pin["value"] = Value::Null);
    pin(&app, "manager", &id, "*", back).await.expect(200);
    assert_eq!(checked(&app, "manager", &id).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn pins_one_after_another_come_to_what_all_of_them_at_once_do() {
    let app = TestApp::demo().await;
    let pins = |year: i32| {
        let cells = [
            (json!({"unit": "G3", "employee_no": "A12"}), 60),
            (json!({"unit": "G1"}), 90),
            (json!({"metric": "accessory_revenue", "unit": "G3", "employee_no": "A11"}), 1),
            (json!({"unit": "G1", "employee_no": "A01"}), 40),
            (json!({}), 200),
            (json!({"series": "series_d"}), 77),
            (json!({"metric": "insurance_policies", "channel": "phone_web"}), 40),
            (json!({"unit": "G1", "employee_no": "A02"}), 0),
            (json!({"channel": "invitation"}), 150),
        ];
        let pin = |(place, value): (Value, i64)| {
            let mut pin = place;
            (pin["period"], pin["value"]) = (json!(format!("{year}-03")), json!(value));
            pin
        };
        cells.map(pin)
    };
    let one_by_one = drafted(&app, 2015).await;
    for wanted in pins(2015) {
        pin(&app, "manager", &one_by_one, "*", json!([wanted])).await.expect(200);
    }
    let mut plan = rich_example(2016);
    plan["pins"] = json!(pins(2016));
    let at_once = app.post("manager", "/v1/plans", plan).await.expect(201)["id"].clone();
    let mut cells = Vec::new();
    for id in [one_by_one, at_once] {
        let fields = ["shown", "months", "suggested", "floor", "stretch", "units", "channels", "series"];
        let lines = checked(&app, "manager", &id).await.into_iter();
        cells.push(lines.map(|line| fields.map(|field| line[field].clone())).collect::<Vec<_>>());
    }
    assert_eq!(cells[0], cells[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pins_of_several_trees_and_levels_stand_together() {
    let app = TestApp::demo().await;
    let id = drafted(&app, 2015).await;
    let before = checked(&app, "manager", &id).await;
    let mut pins = vec![json!({"period": "2015-03", "value": 200})];
    for (place, value) in [
        (json!({"unit": "G1"}), 90),
        (json!({"unit": "G1", "employee_no": "A01"}), 40),
        (json!({"unit": "G1", "employee_no": "A02"}), 0),
        (json!({"unit": "G3", "employee_no": "A12"}), 60),
        (json!({"channel": "invitation"}), 150),
        (json!({"series": "series_d"}), 77),
        (json!({"series": "series_c"}), 0),
    ] {
        let mut pin = place;
        (pin["period"], pin["value"]) = (json!("2015-03"), json!(value));
        pins.push(pin);
    }
    pin(&app, "manager", &id, "*", json!(pins)).await.expect(200);
    let after = &checked(&app, "manager", &id).await[0];
    assert_eq!(cell(after, 3), 200);
    assert_eq!(cell(find(&after["units"], "unit", "G1"), 3), 90);
    assert_eq!([cell(person(after, "G1", "A01"), 3), cell(person(after, "G1", "A02"), 3)], [40, 0]);
    assert_eq!(cell(person(after, "G3", "A12"), 3), 60);
    assert_eq!(cell(find(&after["channels"], "code", "invitation"), 3), 150);
    assert_eq!(cell(find(&after["series"], "code", "series_d"), 3), 77);
    // G1 takes 90 and G3 at least 60 of the 200.
    assert!(cell(find(&after["units"], "unit", "G3"), 3) >= 60);
    assert!(cell(find(&after["units"], "unit", "G2"), 3) <= 50);
    // One after another, last to first, they are given back.
    for mut wanted in pins.into_iter().rev() {
        wanted["value"] = Value::Null;
        pin(&app, "manager", &id, "*", json!([wanted])).await.expect(200);
        checked(&app, "manager", &id).await;
    }
    assert_eq!(checked(&app, "manager", &id).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn pins_that_do_not_fit_are_refused_with_the_cells_in_the_way() {
    let app = TestApp::demo().await;
    let id = drafted(&app, 2015).await;
    pin(&app, "manager", &id, "*", json!([{"period": "2015-06", "value": 20}])).await.expect(200);
    let before = (checked(&app, "manager", &id).await, read(&app, &id).await);
    let team = |unit: &str, value: i64| json!({"unit": unit, "period": "2015-06", "value": value});
    let year = |value: i64| -> Value {
        (1..=12).map(|month| json!({"period": format!("2015-{month:02}"), "value": value})).collect()
    };
    let every_month: Vec<String> = (1..=12).map(|month| format!("JC 2015-{month:02}")).collect();
    let every_month: Vec<&str> = every_month.iter().map(String::as_str).collect();
    let cases: [(Value, &[&str]); 8] = [
        // More below than above, one level down, two levels down, and in the other trees.
        (json!([team("G1", 15), team("G2", 6)]), &["JC/G1 2015-06", "JC/G2 2015-06"]),
        (
            json!([{"unit": "G3", "employee_no": "A12", "period": "2015-06", "value": 21}]),
            &["JC/G3/A12 2015-06"],
        ),
        (json!([{"channel": "phone_web", "period": "2015-06", "value": 21}]), &["JC/phone_web 2015-06"]),
        (json!([{"series": "series_b", "period": "2015-06", "value": 21}]), &["JC/series_b 2015-06"]),
        // Everybody is held, below what there is to split.
        (
            json!([team("G1", 5), team("G2", 6), team("G3", 8)]),
            &["JC/G1 2015-06", "JC/G2 2015-06", "JC/G3 2015-06"],
        ),
        // Below a pinned team.
        (
            json!([team("G1", 5), {"unit": "G1", "employee_no": "A03", "period": "2015-06", "value": 6}]),
            &["JC/G1/A03 2015-06"],
        ),
        // More than the year, and less than it: 12 × 140 = 1680.
        (
            json!([{"channel": "auto_show", "period": "2015-02", "value": 1671}]),
            &["JC 2015-06", "JC/auto_show 2015-02"],
        ),
        (year(140), &every_month),
    ];
    for (pins, expected) in cases {
        let answer = pin(&app, "manager", &id, "*", pins).await;
        assert_eq!(fields(&answer), expected, "{:#}", answer.body);
        assert_eq!(answer.problem(422), "validation-failed");
        assert_eq!((checked(&app, "manager", &id).await, read(&app, &id).await), before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_pins_are_set_together_or_not_at_all() {
    let app = TestApp::demo().await;
    let id = drafted(&app, 2015).await;
    let before = (checked(&app, "manager", &id).await, read(&app, &id).await);
    let mut pins: Vec<Value> = (1..=12)
        .map(|month| json!({"unit": "G1", "employee_no": "A02", "period": format!("2015-{month:02}"), "value": month}))
        .collect();
    let good = pins.clone();
    pins.extend([
        json!({"unit": "G9", "period": "2015-01", "value": 1}),
        json!({"unit": "G2", "employee_no": "A01", "period": "2015-01", "value": 1}),
        json!({"channel": "shop", "period": "2015-01", "value": 1}),
        json!({"channel": "showroom", "series": "series_a", "period": "2015-01", "value": 1}),
        json!({"unit": "G1", "series": "series_a", "period": "2015-01", "value": 1}),
        json!({"metric": "loans", "period": "2015-01", "value": 1}),
        json!({"period": "2014-01", "value": 1}),
        json!({"unit": "G1", "employee_no": "A02", "period": "2015-05", "value": 9}),
    ]);
    let answer = pin(&app, "manager", &id, "*", json!(pins)).await;
    let expected = [
        "pins[12].unit",
        "pins[13].employee_no",
        "pins[14].channel",
        "pins[15].series",
        "pins[16].unit",
        "pins[17].metric",
        "pins[18].period",
        "pins[19]",
    ];
    assert_eq!(fields(&answer), expected, "{:#}", answer.body);
    for (pins, field) in [
        (json!([{"period": "2015-01", "value": -1}]), "pins[0].value"),
        (json!([{"period": "2015-01", "value": 1.5}]), "pins[0].value"),
        (json!([{"period": "2015-01", "value": "7"}]), "pins[0].value"),
        (json!([{"period": "2015-01", "value": 1_000_000_000_001_i64}]), "pins[0].value"),
        (json!([{"period": "2015-13", "value": 1}]), "pins[0].period"),
        (json!([]), "pins"),
    ] {
        let answer = pin(&app, "manager", &id, "*", pins).await;
        assert_eq!(fields(&answer), [field], "{:#}", answer.body);
    }
    assert_eq!((checked(&app, "manager", &id).await, read(&app, &id).await), before);
    pin(&app, "manager", &id, "*", json!(good)).await.expect(200);
    let after = checked(&app, "manager", &id).await;
    assert_eq!(months(person(&after[0], "G1", "A02")), (1..=12).collect::<Vec<i64>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_plan_names_a_cell_once() {
    let app = TestApp::demo().await;
    let mut plan = rich_example(2015);
    plan["pins"] = json!([
        {"unit": "G1", "period": "2015-04", "value": 50}, {"unit": "G2", "period": "2015-04", "value": 50},
        {"unit": "G1", "period": "2015-04", "value": 51},
    ]);
    let answer = app.post("manager", "/v1/plans", plan.clone()).await;
    assert_eq!(fields(&answer), ["pins[2]"], "{:#}", answer.body);
    plan["pins"].as_array_mut().unwrap().pop();
    let id = app.post("manager", "/v1/plans", plan).await.expect(201)["id"].clone();
    let document = &checked(&app, "manager", &id).await[0];
    assert_eq!(cell(find(&document["units"], "unit", "G1"), 4), 50);
    // The cells given back, it is the plan without pins.
    let back = json!([{"unit": "G1", "period": "2015-04"}, {"unit": "G2", "period": "2015-04"}]);
    let answer = pin(&app, "manager", &id, "*", back).await;
    answer.expect(200);
    let other = drafted(&app, 2016).await;
    let (one, two) = (checked(&app, "manager", &id).await, checked(&app, "manager", &other).await);
    for (one, two) in one.iter().zip(&two) {
        for field in ["months", "suggested", "floor", "stretch", "units", "channels", "series"] {
            assert_eq!(one[field], two[field]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_pins_at_once_all_land() {
    let app = TestApp::demo().await;
    let id = drafted(&app, 2015).await;
    // No cell twice.
    let month_of = |index: usize| (5 * index + index / 12) % 12 + 1;
    let wanted: Vec<Value> = (0..20)
        .map(|index| {
            let (team, number) = [("G1", 1), ("G2", 5), ("G3", 9)][index % 3];
            let month = month_of(index);
            json!({"unit": team, "employee_no": format!("A{:02}", number + index / 3 % 4),
                "period": format!("2015-{month:02}"), "value": index})
        })
        .collect();
    let puts = wanted.iter().map(|wanted| pin(&app, "manager", &id, "*", json!([wanted])));
    for answer in futures_util::future::join_all(puts).await {
        answer.expect(200);
    }
    let after = &checked(&app, "manager", &id).await[0];
    for (index, wanted) in wanted.iter().enumerate() {
        let (team, employee_no) = (wanted["unit"].as_str().unwrap(), wanted["employee_no"].as_str().unwrap());
        assert_eq!(
            json!(cell(person(after, team, employee_no), month_of(index))),
            wanted["value"],
            "{wanted}"
        );
    }
    assert_eq!(read(&app, &id).await["row_version"], 21);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_is_put_on_what_was_seen() {
    let app = TestApp::demo().await;
    let id = drafted(&app, 2015).await;
    let cell = |value: i64| json!([{"unit": "G1", "period": "2015-04", "value": value}]);
    let answer = pin(&app, "manager", &id, "\"1\"", cell(55)).await;
    assert_eq!(answer.etag.as_deref(), Some("\"2\""));
    answer.expect(200);
    assert_eq!(pin(&app, "manager", &id, "\"1\"", cell(56)).await.problem(412), "precondition-failed");
    let puts = (0..5).map(|value| pin(&app, "manager", &id, "\"2\"", cell(60 + value)));
    let answers = futures_util::future::join_all(puts).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 412).count(), 4);
    step(&app, "manager", &id, "submit", "*", None).await.expect(200);
    assert_eq!(pin(&app, "manager", &id, "*", cell(57)).await.problem(409), "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_pinned_a_cell_never_approves() {
    let app = TestApp::demo().await;
    app.add_user("both", &[Role::SalesManager, Role::GeneralManager], None, Some("JC")).await;
    let id = drafted(&app, 2015).await;
    let cell = json!([{"unit": "G1", "period": "2015-04", "value": 55}]);
    pin(&app, "both", &id, "*", cell).await.expect(200);
    // Given back, it was touched all the same.
    pin(&app, "both", &id, "*", json!([{"unit": "G1", "period": "2015-04"}])).await.expect(200);
    step(&app, "manager", &id, "submit", "*", None).await.expect(200);
    assert_eq!(approve(&app, "both", &id, "2015-01").await.problem(409), "conflict");
    let note = json!({"note": "再算一遍"});
    assert_eq!(step(&app, "both", &id, "return", "*", Some(note)).await.problem(409), "conflict");
    approve(&app, "gm", &id, "2015-01").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn pins_of_a_version_are_those_of_the_next() {
    let app = TestApp::demo().await;
    let id = drafted(&app, 2015).await;
    let before = checked(&app, "manager", &id).await;
    let cells = json!([{"unit": "G1", "period": "2015-04", "value": 55}, {"channel": "auto_show", "period": "2015-09", "value": 3}]);
    pin(&app, "manager", &id, "*", cells).await.expect(200);
    step(&app, "manager", &id, "submit", "*", None).await.expect(200);
    approve(&app, "gm", &id, "2015-01").await.expect(200);
    let next = app.post_empty("manager", &format!("/v1/plans/{id}/versions")).await.expect(201)["id"].clone();
    // Something else is pinned, and both stand.
    pin(&app, "manager", &next, "*", json!([{"unit": "G2", "period": "2015-04", "value": 33}]))
        .await
        .expect(200);
    let after = &checked(&app, "manager", &next).await[0];
    assert_eq!(cell(find(&after["units"], "unit", "G1"), 4), 55);
    assert_eq!(cell(find(&after["channels"], "code", "auto_show"), 9), 3);
    let back = json!([{"unit": "G1", "period": "2015-04"}, {"unit": "G2", "period": "2015-04"},
        {"channel": "auto_show", "period": "2015-09"}]);
    pin(&app, "manager", &next, "*", back).await.expect(200);
    for (one, two) in checked(&app, "manager", &next).await.iter().zip(&before) {
        for field in ["months", "suggested", "floor", "stretch", "units", "channels", "series"] {
            assert_eq!(one[field], two[field]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_joined_for_some_months_takes_what_the_others_leave() {
    let app = TestApp::demo().await;
    let id = drafted(&app, 2015).await;
    let weights: Value = ["A01", "A02", "A03", "A04", "A05"]
        .into_iter()
        .map(|employee_no| json!({"employee_no": employee_no, "weight": 1}))
        .collect();
    let help = json!({"unit": "G1", "from": "2015-06", "to": "2015-08", "weights": weights});
    step(&app, "manager", &id, "resplits", "*", Some(help)).await.expect(200);
    // June has 48 for G1 by the worked example.
    let pins: Value = ["A01", "A02", "A03", "A04"]
        .into_iter()
        .map(|employee_no| json!({"unit": "G1", "employee_no": employee_no, "period": "2015-06", "value": 5}))
        .collect();
    pin(&app, "manager", &id, "*", pins).await.expect(200);
    let after = &checked(&app, "manager", &id).await[0];
    assert_eq!(cell(person(after, "G1", "A05"), 6), 28);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_answers_what_it_made_itself() {
    let app = TestApp::demo().await;
    let id = drafted(&app, 2015).await;
    let pins = (1..=12).map(|month| {
        let (app, id) = (&app, &id);
        async move {
            let wanted = json!([{"unit": "G1", "period": format!("2015-{month:02}"), "value": 40 + month}]);
            let answer = pin(app, "manager", id, "*", wanted).await;
            let etag = answer.etag.clone().unwrap();
            (answer.expect(200)["row_version"].as_i64().unwrap(), etag)
        }
    });
    let mut versions = futures_util::future::join_all(pins).await;
    versions.sort();
    let expected: Vec<_> = (2..=13).map(|version| (version, format!("\"{version}\""))).collect();
    assert_eq!(versions, expected);
}
