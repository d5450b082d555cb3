//! How far the plan has come on a day, for every unit and person.

use reqwest::Method;
use serde_json::{Value, json};

use crate::program::{json as run_json, run};
use crate::support::TestApp;
use crate::users::fields;

fn row<'a>(report: &'a Value, unit: &str, employee_no: Option<&str>) -> &'a Value {
    let rows = report["rows"].as_array().unwrap();
    rows.iter().find(|row| row["unit"] == unit && row["employee_no"].as_str() == employee_no).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_units_row_is_everybody_in_it() {
    let app = TestApp::demo().await;
    let report = app.get("manager", "/v1/pace?unit=JC&day=2014-03-31&basis=calendar").await.expect(200);
    let store = row(&report, "JC", None);
    // domain.md: 149 were planned for March and 144 delivered; 417 and 392 in the quarter.
    assert_eq!((&store["month"]["target"], &store["month"]["actual"]), (&json!(149), &json!(144)));
    assert_eq!((&store["year"]["target"], &store["year"]["actual"]), (&json!(417), &json!(392)));
    assert_eq!((&store["month"]["elapsed_days"], &store["year"]["elapsed_days"]), (&json!(31), &json!(90)));
    // 144 ÷ 149 = 0.96644…; all of the month has elapsed.
    assert_eq!((&store["month"]["attainment"], &store["month"]["light"]), (&json!(0.9664), &json!("yellow")));
    let actual = |row: &Value, span: &str| row[span]["actual"].as_i64().unwrap();
    for span in ["month", "year"] {
        let mut total = 0;
        for (team, first) in [("G1", 1), ("G2", 5), ("G3", 9)] {
            let people: i64 = (first..first + 4)
                .map(|no| actual(row(&report, team, Some(&format!("A{no:02}"))), span))
                .sum();
            assert_eq!(actual(row(&report, team, None), span), people, "{team}");
            total += people;
        }
        assert_eq!(actual(store, span), total);
    }
    let leader = row(&report, "G1", Some("A01"));
    assert!(actual(leader, "month") < actual(row(&report, "G1", None), "month"));
    assert_eq!((&report["rows"][0]["depth"], &leader["depth"]), (&json!(0), &json!(2)));
    // In July A07 is away by version 2: no target, and no pace. The month's source was declared complete: nothing was brought.
    let july = app.get("manager", "/v1/pace?unit=JC&day=2014-07-31").await.expect(200);
    let away = row(&july, "G2", Some("A07"));
    assert_eq!((&away["month_target"], &away["month"]["actual"]), (&json!(0), &json!(0)));
    assert_eq!((&away["month"]["pace"], &away["month"]["light"]), (&Value::Null, &json!("none")));
    assert_eq!((&july["basis"], &july["holidays_known"]), (&json!("working"), &json!(true)));
    // July 2014 has 23 working days.
    let days = &row(&july, "JC", None)["month"];
    assert_eq!((&days["elapsed_days"], &days["total_days"]), (&json!(23), &json!(23)));
    // In the middle of a month whose totals came later there is no pace, on that very day, either.
    let today = app.at("2014-11-04T08:00:00Z").get("manager", "/v1/pace?unit=JC").await.expect(200);
    let store = row(&today, "JC", None);
    assert_eq!((&today["day"], &store["month"]), (&json!("2014-11-04"), &Value::Null));
    assert_eq!(store["month_unknown"], "month_total_only");
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_reads_as_far_as_they_reach() {
    let app = TestApp::demo().await;
    let places = async |login: &str| -> Vec<String> {
        let report = app.get(login, "/v1/pace?unit=JC&day=2014-03-31").await.expect(200);
        let place = |row: &Value| match row["employee_no"].as_str() {
            Some(employee_no) => employee_no.to_owned(),
            None => row["unit"].as_str().unwrap().to_owned(),
        };
        report["rows"].as_array().unwrap().iter().map(place).collect()
    };
    assert_eq!(places("leader").await, ["G1", "A01", "A02", "A03", "A04"]);
    assert_eq!(places("consultant").await, ["A02"]);
    assert_eq!(places("dashboard").await, ["JC", "G1", "G2", "G3"]);
    assert_eq!(places("gm").await.len(), 16);
    crate::access::second_store(&app).await;
    assert_eq!(app.get("hd_gm", "/v1/pace?unit=JC&day=2014-03-31").await.problem(404), "not-found");
    assert_eq!(app.get("manager", "/v1/pace?unit=JC&day=2013-03-31").await.problem(404), "not-found");
    assert_eq!(
        fields(&app.get("manager", "/v1/pace?unit=JC&day=2014-03-31&metric=smiles").await),
        ["metric"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_counts_where_most_days_were_spent_in_one_piece_or_not() {
    let app = TestApp::demo().await;
    let pace = async || {
        let report = app.get("manager", "/v1/pace?unit=JC&day=2014-03-31").await.expect(200);
        ["G1", "G2"].map(|team| row(&report, team, None)["month"]["actual"].clone())
    };
    let before = pace().await;
    // 1 to 9 March in team 1, 10 to 21 in team 2, and from the 22nd in team 1 again: 19 days against 12.
    let postings = app.get("admin", "/v1/assignments?employee_no=A02").await.expect(200);
    let posting = format!("/v1/assignments/{}", postings["items"][0]["id"]);
    let end = Some(json!({"valid_to": "2014-03-10"}));
    app.change("admin", Method::PATCH, &posting, "*", end).await.expect(200);
    for (unit, from, to) in [("G2", "2014-03-10", Some("2014-03-22")), ("G1", "2014-03-22", None)] {
        let posting = json!({"employee_no": "A02", "unit": unit, "position": "sales_consultant",
            "valid_from": from, "valid_to": to});
        app.post("admin", "/v1/assignments", posting).await.expect(201);
    }
    assert_eq!(pace().await, before);
}

#[test]
fn the_middle_of_march_is_yellow() {
    // domain.md: 15 March, 66 of 149 at 15/31 calendar days → 0.915, yellow.
    let march = ["plan", "pace", "--target", "149", "--actual", "66", "--day", "2014-03-15"];
    let pace = run_json(0, &[march.as_slice(), &["--basis", "calendar", "--json"]].concat());
    assert_eq!((&pace["pace"], &pace["light"]), (&json!(0.915), &json!("yellow")));
    // 83 are missing on 16 days: 5.1875 a day, rounded up; 66 × 31 ÷ 15 = 136.4.
    assert_eq!((&pace["required_per_day"], &pace["projection"]), (&json!(5.19), &json!(136)));
    let printed = run(&march);
    assert_eq!(printed.status, 0);
    assert!(printed.out.contains("time progress"), "{}", printed.out);
    let printed = run(&["plan", "pace", "--target=-1", "--actual", "0", "--day", "2014-03-15"]);
    assert_eq!(printed.status, 1);
    assert!(printed.err.contains("target: expected 0 or more, not -1"), "{}", printed.err);
    let printed = run(&["plan", "pace", "--target", "1", "--actual", "0", "--day", "2031-03-15"]);
    assert!(printed.err.contains("public holidays of 2031 are not known"), "{}", printed.err);
}
