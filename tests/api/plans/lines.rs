//! What is sold beside the vehicles, and the floor and the stretch beside every target.

use serde_json::{Value, json};

use super::sums::{checked, rich_example, row};
use super::{approve, find, months, step};
use crate::support::TestApp;
use crate::users::fields;

/// Largest remainders of 1217 insurances (1690 × 0.72 = 1216.8), ¥3,591,250.00 (1690 × 0.85 × ¥2500) and 1000 plates by the
/// months of the worked example, by rational arithmetic.
const INSURANCE: [i64; 12] = [115, 78, 107, 99, 96, 96, 84, 91, 107, 108, 112, 124];
const ACCESSORIES: [i64; 12] = [
    34_000_000, 22_950_000, 31_662_500, 29_112_500, 28_475_000, 28_262_500, 24_862_500, 26_775_000,
    31_450_000, 31_875_000, 33_150_000, 36_550_000,
];
const PLATES: [i64; 12] = [95, 64, 88, 81, 79, 79, 69, 74, 88, 89, 92, 102];
/// 190 less and 210 more, by the same months.
const FLOOR: [i64; 12] = [142, 96, 132, 122, 119, 118, 104, 112, 131, 133, 138, 153];
const STRETCH: [i64; 12] = [180, 121, 167, 154, 151, 150, 132, 142, 166, 169, 175, 193];

#[tokio::test(flavor = "multi_thread")]
async fn lines_follow_the_vehicles_and_levels_enclose_every_cell() {
    let app = TestApp::demo().await;
    let id = app.post("manager", "/v1/plans", rich_example(2015)).await.expect(201)["id"].clone();
    let documents = checked(&app, "manager", &id).await;
    let line = |index: usize| &documents[0]["lines"][index];
    let totals: Vec<_> = (0..4).map(|index| line(index)["total"].as_i64().unwrap()).collect();
    assert_eq!(totals, [1690, 1217, 359_125_000, 1000]);
    assert_eq!(
        (&line(1)["penetration"], &line(2)["value_per_unit"], &line(2)["is_amount"], &line(3)["penetration"]),
        (&json!("0.72"), &json!(250_000), &json!(true), &Value::Null)
    );
    for (document, expected) in documents[1..].iter().zip([INSURANCE, ACCESSORIES, PLATES]) {
        assert_eq!(months(document), expected, "{}", document["shown"]);
    }
    assert_eq!(row(&documents[0], "floor").unwrap(), FLOOR);
    assert_eq!(row(&documents[0], "stretch").unwrap(), STRETCH);
    let sum = |document: &Value, level: &str| row(document, level).map(|cells| cells.iter().sum::<i64>());
    assert_eq!(
        [sum(&documents[2], "floor"), sum(&documents[2], "stretch")],
        [Some(300_000_000), Some(400_000_000)]
    );
    assert_eq!((sum(&documents[1], "floor"), sum(&documents[1], "stretch")), (None, None));
    assert_eq!((sum(&documents[3], "floor"), sum(&documents[3], "stretch")), (Some(0), None));
    // 95 of 160 vehicles are the showroom's share in January, within a unit: 1217 of 1690.
    let showroom = months(find(&documents[1]["channels"], "code", "showroom"));
    assert!((showroom[0] - 115 * 96 / 160).abs() <= 1, "{showroom:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cells_are_listed_by_line() {
    let app = TestApp::demo().await;
    let id = app.post("manager", "/v1/plans", rich_example(2015)).await.expect(201)["id"].clone();
    let cells = async |filter: &str| {
        let path = format!("/v1/plans/{id}/targets?limit=500{filter}");
        app.get("manager", &path).await.expect(200)["items"].as_array().unwrap().clone()
    };
    for (metric, expected) in
        [("accessory_revenue", ACCESSORIES), ("insurance_policies", INSURANCE), ("temporary_plates", PLATES)]
    {
        let root = cells(&format!("&metric={metric}&unit=JC")).await;
        let confirmed: Vec<_> = root.iter().map(|cell| cell["confirmed"].as_i64().unwrap()).collect();
        assert_eq!(confirmed, expected, "{metric}");
        // The store, teams, people, channels and series.
        let march = cells(&format!("&metric={metric}&period=2015-03")).await;
        assert_eq!(march.len(), 1 + 3 + 12 + 4 + 4);
        assert!(march.iter().all(|cell| cell["metric"] == metric));
    }
    assert_eq!(cells("&metric=loans").await.len(), 0);
    // Without a metric all four.
    assert_eq!(cells("&period=2015-03").await.len(), 4 * 24);
    let answer = app.get("manager", &format!("/v1/plans/{id}?metric=loans")).await;
    assert_eq!(fields(&answer), ["metric"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_of_every_line_reach_the_reviews_in_yuan() {
    let app = TestApp::demo().await;
    let mut plan = rich_example(2014);
    plan["lines"][1]["value_per_unit"] = json!(250_001);
    let id = app.post("manager", "/v1/plans", plan).await.expect(201)["id"].clone();
    step(&app, "manager", &id, "submit", "*", None).await.expect(200);
    approve(&app, "gm", &id, "2014-05").await.expect(200);
    let cycles = app.get("hr", "/v1/review-cycles?limit=500").await.expect(200);
    let cycle =
        cycles["items"].as_array().unwrap().iter().find(|cycle| cycle["period"] == "2014-05").unwrap();
    app.post_empty("hr", &format!("/v1/review-cycles/{}/generate", cycle["id"])).await.expect(200);
    for employee_no in ["A02", "A07", "A12"] {
        let path = format!("/v1/reviews?period=2014-05&employee_no={employee_no}");
        let review = app.get("hr", &path).await.expect(200)["items"][0]["id"].clone();
        let review = app.get("hr", &format!("/v1/reviews/{review}")).await.expect(200);
        let metrics = &review["snapshot"]["metrics"];
        for metric in ["deliveries", "insurance_policies", "accessory_revenue", "temporary_plates"] {
            let path =
                format!("/v1/plans/{id}/targets?period=2014-05&employee_no={employee_no}&metric={metric}");
            let cell = app.get("hr", &path).await.expect(200)["items"][0]["confirmed"].as_i64().unwrap();
            let expected = match metric {
                "accessory_revenue" => format!("{}.{:02}", cell / 100, cell % 100),
                _ => format!("{cell}.00"),
            };
            let target = metrics[format!("{metric}_target")].to_string();
            let (whole, cents) = target.split_once('.').unwrap_or((&target, ""));
            assert_eq!(format!("{whole}.{cents:0<2}"), expected, "{employee_no} {metric}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_cannot_be_planned_name_their_fields() {
    let app = TestApp::demo().await;
    for (lines, levels, expected) in [
        (json!([{"metric": "loans"}]), json!({}), &["lines[0].total"][..]),
        (json!([{"metric": "loans", "total": 1, "penetration": 1}]), json!({}), &["lines[0].total"]),
        (json!([{"metric": "loans", "value_per_unit": 1}]), json!({}), &["lines[0].total"]),
        (
            json!([{"metric": "loans", "penetration": 1, "value_per_unit": 1}]),
            json!({}),
            &["lines[0].value_per_unit"],
        ),
        (json!([{"metric": "accessory_revenue", "penetration": 1}]), json!({}), &["lines[0].value_per_unit"]),
        (
            json!([{"metric": "accessory_revenue", "penetration": 1000, "value_per_unit": 1_000_000_000_000_i64}]),
            json!({}),
            &["lines[0].penetration"],
        ),
        (json!([{"metric": "loans", "penetration": -0.1}]), json!({}), &["lines[0].penetration"]),
        (json!([{"metric": "loans", "penetration": 0.1234567}]), json!({}), &["lines[0].penetration"]),
        (json!([{"metric": "loans", "penetration": 1001}]), json!({}), &["lines[0].penetration"]),
        (json!([{"metric": "deliveries", "total": 1}]), json!({}), &["lines[0].metric"]),
        (
            json!([{"metric": "loans", "total": 1}, {"metric": "loans", "total": 2}]),
            json!({}),
            &["lines[1].metric"],
        ),
        (json!([{"metric": "attitude_rating", "total": 1}]), json!({}), &["lines[0].metric"]),
        (json!([{"metric": "scheduled_days", "total": 1}]), json!({}), &["lines[0].metric"]),
        (json!([{"metric": "smiles", "total": 1}]), json!({}), &["lines[0].metric"]),
        // A target is what a plan gives a metric, and has none of its own.
        (json!([{"metric": "deliveries_target", "total": 1}]), json!({}), &["lines[0].metric"]),
        (
            json!([{"metric": "loans", "total": 10, "levels": {"floor": 11}}]),
            json!({}),
            &["lines[0].levels.floor"],
        ),
        (
            json!([{"metric": "loans", "penetration": 0.1, "levels": {"stretch": 168}}]),
            json!({}),
            &["lines[0].levels.stretch"],
        ),
        (json!([]), json!({"floor": 1691, "stretch": 1689}), &["levels.floor", "levels.stretch"]),
        (json!([]), json!({"floor": -1}), &["levels.floor"]),
    ] {
        let mut plan = rich_example(2015);
        (plan["lines"], plan["levels"]) = (lines, levels);
        let answer = app.post("manager", "/v1/plans", plan.clone()).await;
        assert_eq!(fields(&answer), expected, "{}: {:#}", plan["lines"], answer.body);
        assert_eq!(answer.problem(422), "validation-failed");
    }
    assert_eq!(app.get("manager", "/v1/plans?year=2015").await.expect(200)["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn levels_at_their_bounds_are_the_target_itself_or_nothing() {
    let app = TestApp::demo().await;
    for (year, floor, stretch) in
        [(2015, 0, 1690), (2016, 1690, 1690), (2017, 1, 1691), (2018, 1689, 1_000_000_000_000_i64)]
    {
        let mut plan = rich_example(year);
        plan["levels"] = json!({"floor": floor, "stretch": stretch});
        let id = app.post("manager", "/v1/plans", plan).await.expect(201)["id"].clone();
        let document = &checked(&app, "manager", &id).await[0];
        for (level, total) in [("floor", floor), ("stretch", stretch)] {
            assert_eq!(row(document, level).unwrap().iter().sum::<i64>(), total, "{level}");
        }
    }
}
