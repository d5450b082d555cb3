//! Two versions compared, cell by cell.

use serde_json::{Value, json};

use super::{months, person, read, step, worked_example};
use crate::support::TestApp;
use crate::users::fields;

/// The members of team 2 in June to August, before and after: 45, 40 and 43 split by 28/26/24/22 along the whole year by
/// rational arithmetic, and domain.md's numbers for A07's leave.
const LEAVE: [(&str, [i64; 3], [i64; 3]); 4] = [
    ("A05", [12, 11, 12], [17, 14, 16]),
    ("A06", [12, 10, 11], [15, 14, 15]),
    ("A07", [11, 10, 10], [0, 0, 0]),
    ("A08", [10, 9, 10], [13, 12, 12]),
];

fn row(row: &Value, field: &str) -> Vec<i64> {
    row[field].as_array().unwrap().iter().map(|cell| cell.as_i64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_leave_of_a07_is_all_that_is_different() {
    let app = TestApp::demo().await;
    let diff = app.get("manager", "/v1/plans/2/diff?from=1").await.expect(200);
    assert_eq!((&diff["from"], &diff["to"]), (&json!(1), &json!(2)));
    let rows = diff["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 4, "{diff:#}");
    let back = app.get("auditor", "/v1/plans/1/diff?from=2").await.expect(200);
    for ((line, reversed), (employee_no, before, after)) in
        rows.iter().zip(back["rows"].as_array().unwrap()).zip(LEAVE)
    {
        assert_eq!(
            [&line["metric"], &line["tree"], &line["unit"], &line["employee_no"], &line["code"]],
            [&json!("deliveries"), &json!("organisation"), &json!("G2"), &json!(employee_no), &Value::Null]
        );
        assert_eq!((&row(line, "from")[5..8], &row(line, "to")[5..8]), (&before[..], &after[..]));
        let mut change = vec![0; 12];
        for (month, change) in change[5..8].iter_mut().enumerate() {
            *change = after[month] - before[month];
        }
        assert_eq!(row(line, "change"), change, "{employee_no}");
        assert_eq!(line["year_change"], json!(change.iter().sum::<i64>()));
        assert_eq!(
            row(reversed, "change"),
            change.iter().map(|change| -change).collect::<Vec<_>>(),
            "{employee_no}"
        );
        assert_eq!((&reversed["from"], &reversed["to"]), (&line["to"], &line["from"]));
    }
    let same = app.get("manager", "/v1/plans/2/diff?from=2").await.expect(200);
    assert_eq!(same["rows"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn differences_are_for_those_who_see_both_as_a_whole() {
    let app = TestApp::demo().await;
    crate::access::second_store(&app).await;
    for login in ["manager", "gm", "hr", "group", "auditor"] {
        let diff = app.get(login, "/v1/plans/2/diff?from=1").await.expect(200);
        assert_eq!(diff["rows"].as_array().unwrap().len(), 4, "{login}");
    }
    // Only people's cells are different, and a dashboard sees nobody.
    assert_eq!(app.get("dashboard", "/v1/plans/2/diff?from=1").await.expect(200)["rows"], json!([]));
    for login in ["consultant", "leader2", "telesales", "hd_gm", "hd_hr"] {
        assert_eq!(app.get(login, "/v1/plans/2/diff?from=1").await.problem(404), "not-found", "{login}");
    }
    for path in ["/v1/plans/2/diff?from=99", "/v1/plans/99/diff?from=2"] {
        assert_eq!(app.get("manager", path).await.problem(404), "not-found", "{path}");
    }
    let other = app.post("manager", "/v1/plans", worked_example(2015)).await.expect(201)["id"].clone();
    let answer = app.get("manager", &format!("/v1/plans/{other}/diff?from=1")).await;
    assert_eq!(fields(&answer), ["from"]);
    assert_eq!(answer.problem(422), "validation-failed");
    for query in ["", "?from=", "?from=x", "?from=1&to=2"] {
        let answer = app.get("manager", &format!("/v1/plans/2/diff{query}")).await;
        assert!(matches!(answer.status.as_u16(), 400 | 422), "{query}: {}", answer.status);
        let status = answer.status.as_u16();
        answer.problem(status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joins_had_nothing_before() {
    let app = TestApp::demo().await;
    let next = app.post_empty("manager", "/v1/plans/2/versions").await.expect(201)["id"].clone();
    let weights: Value = ["A01", "A02", "A03", "A04", "S01"]
        .into_iter()
        .map(|employee_no| json!({"employee_no": employee_no, "weight": 20}))
        .collect();
    let join = json!({"unit": "G1", "from": "2014-11", "to": "2014-12", "weights": weights});
    step(&app, "manager", &next, "resplits", "*", Some(join)).await.expect(200);
    let diff = app.get("manager", &format!("/v1/plans/{next}/diff?from=2")).await.expect(200);
    let rows = diff["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 5, "{diff:#}");
    let joined = &rows[4];
    assert_eq!((&joined["employee_no"], &joined["from"]), (&json!("S01"), &Value::Null));
    assert_eq!(row(joined, "to"), row(joined, "change"));
    // 57 and 61 of team 1 by equal parts: 118 ÷ 5 = 23.6.
    assert_eq!(row(joined, "to")[..10], [0; 10]);
    assert!([23, 24].contains(&joined["year_change"].as_i64().unwrap()));
    let changes: i64 = rows.iter().map(|row| row["year_change"].as_i64().unwrap()).sum();
    assert_eq!(changes, 0);
    let document = read(&app, &next).await;
    assert_eq!(months(person(&document, "G1", "S01")), row(joined, "to"));
    let gone = app.get("manager", &format!("/v1/plans/2/diff?from={next}")).await.expect(200);
    let gone = gone["rows"].as_array().unwrap().iter().find(|row| row["employee_no"] == "S01").unwrap();
    assert_eq!((&gone["from"], &gone["to"]), (&joined["to"], &Value::Null));
}
