//! Missing is not zero, and the pace of a day is that day's. What is expected is added up here from what the tests deliver.

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDate};
use reqwest::Method;
use serde_json::{Value, json};

use super::{approve, draft, find, months, person, read, step, worked_example};
use crate::support::TestApp;
use crate::users::fields;

/// The team of somebody of the demonstration, A01 to A12.
fn team(number: i64) -> String {
    format!("G{}", (number + 3) / 4)
}

fn no(number: i64) -> String {
    format!("A{number:02}")
}

pub async fn in_force(app: &TestApp, year: i32) -> Value {
    let id = draft(app, "manager", year).await["id"].clone();
    step(app, "manager", &id, "submit", "*", None).await.expect(200);
    approve(app, "gm", &id, &format!("{year}-01")).await.expect(200);
    id
}

pub async fn deliver(app: &TestApp, period: &str, rows: Value) {
    let facts = json!({"period": period, "source_system": "dms", "rows": rows});
    app.post("clerk", "/v1/facts", facts).await.expect(200);
}

/// A month's total of deliveries.
pub fn total(employee_no: &str, deliveries: i64) -> Value {
    json!({"employee_no": employee_no, "facts": {"deliveries": deliveries}})
}

pub fn row<'a>(report: &'a Value, unit: &str, employee_no: Option<&str>) -> &'a Value {
    let rows = report["rows"].as_array().unwrap();
    let found = rows.iter().find(|row| row["unit"] == unit && row["employee_no"].as_str() == employee_no);
    found.unwrap_or_else(|| panic!("no {unit} {employee_no:?} in {report:#}"))
}

fn replans(id: &Value) -> String {
    format!("/v1/plans/{id}/replans")
}

#[tokio::test(flavor = "multi_thread")]
async fn of_whom_nothing_is_known_is_refused_by_name_and_month_or_counted_by_a_word_that_is_kept() {
    let app = TestApp::demo().await;
    let id = in_force(&app, 2015).await;
    let later = app.at("2015-02-05T08:00:00Z");
    deliver(&later, "2015-01", json!([total("A01", 20), total("A02", 15)])).await;
    let document = read(&later, &id).await;
    let planned = |number: i64| months(person(&document, &team(number), &no(number)))[0];

    let answer = later.post("manager", &replans(&id), json!({"from": "2015-02"})).await;
    let expected: Vec<String> =
        (3..=12).map(|number| format!("JC/{}/{} 2015-01", team(number), no(number))).collect();
    assert_eq!(fields(&answer), expected, "{:#}", answer.body);
    let message = answer.body["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("2015-01 没有") && message.contains("deliveries 的数据"), "{message}");
    // And the ways out.
    for way in ["请录入", "complete_for", "results", "missing"] {
        assert!(message.contains(way), "{way}: {message}");
    }
    assert_eq!(answer.problem(422), "validation-failed");

    for (word, source, brought) in [
        ("zero", "missing_as_zero", 35),
        ("planned", "missing_as_planned", 35 + (3..=12).map(planned).sum::<i64>()),
    ] {
        let body = json!({"from": "2015-02", "missing": word});
        let draft = later.post("manager", &replans(&id), body).await.expect(201)["id"].clone();
        let document = read(&later, &draft).await;
        let line = &document["lines"][0];
        assert_eq!(
            (&line["closed_total"], &line["remaining"]),
            (&json!(brought), &json!(1690 - brought)),
            "{word}"
        );
        assert_eq!(months(&document)[1..].iter().sum::<i64>(), 1690 - brought);
        let counted = &document["replanned"]["results"][0];
        assert_eq!((&counted["source"], &counted["months"]), (&json!(source), &json!([brought])));
        let missing = counted["missing"].as_array().unwrap();
        assert_eq!((missing.len(), &counted["missing_count"]), (10, &json!(10)));
        let counted = if word == "zero" { 0 } else { planned(3) };
        assert_eq!(missing[0], json!({"period": "2015-01", "place": "JC/G1/A03", "counted": counted}));
        // What two have brought is nothing that is told to who may not see people.
        let seen = later.get("dashboard", &format!("/v1/plans/{draft}")).await.expect(200);
        assert_eq!((&seen["replanned"]["results"], &seen["withheld_from"]), (&json!([]), &json!("2015-02")));
        later.change("manager", Method::DELETE, &format!("/v1/plans/{draft}"), "*", None).await.expect(204);
    }
    // The present month has not ended, whatever is known of it.
    let facts: Value = (1..=12).map(|number| total(&no(number), 1)).collect();
    deliver(&later, "2015-01", facts.clone()).await;
    deliver(&later, "2015-02", facts).await;
    let answer = later.post("manager", &replans(&id), json!({"from": "2015-03"})).await;
    assert_eq!(fields(&answer), ["results"], "{:#}", answer.body);
    later.post("manager", &replans(&id), json!({"from": "2015-02"})).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_known_leaves_both_sides_of_the_pace_and_no_rebate_takes_it_for_nothing() {
    let app = TestApp::demo().await;
    let id = in_force(&app, 2015).await;
    let later = app.at("2015-03-05T08:00:00Z");
    deliver(&later, "2015-01", json!([total("A01", 20), total("A02", 15)])).await;
    let document = read(&later, &id).await;
    let planned = |number: i64, month: usize| months(person(&document, &team(number), &no(number)))[month];
    let january = planned(1, 0) + planned(2, 0);
    let report = later.get("manager", "/v1/pace?unit=JC&day=2015-01-31&basis=calendar").await.expect(200);
    for (unit, all) in [("JC", 12), ("G1", 4)] {
        let row = row(&report, unit, None);
        assert_eq!(row["people"], json!({"known": 2, "all": all}), "{unit}");
        assert_eq!(
            (&row["month"]["target"], &row["month"]["actual"]),
            (&json!(january), &json!(35)),
            "{unit}"
        );
    }
    assert_eq!(row(&report, "JC", None)["month_target"], 160);
    let unknown = row(&report, "G2", None);
    assert_eq!((&unknown["month"], &unknown["month_unknown"]), (&Value::Null, &json!("nothing_known")));
    assert_eq!(unknown["people"], json!({"known": 0, "all": 4}));

    // February is everybody's, so that January's ten are all that is missing of the year so far.
    let facts: Value = (1..=12).map(|number| total(&no(number), number)).collect();
    deliver(&later, "2015-02", facts).await;
    let report = later.get("manager", "/v1/pace?unit=JC&day=2015-02-28&basis=calendar").await.expect(200);
    let store = row(&report, "JC", None);
    assert_eq!(
        (&store["year"]["target"], &store["year"]["actual"]),
        (&json!(january + 108), &json!(35 + 78)),
        "{store:#}"
    );
    assert_eq!(store["year_target"], 268);
    assert_eq!((&store["full_year"]["missing"], &store["full_year"]["results"]), (&json!(10), &json!(113)));
    // Of team 2 January is not known at all: neither are its days. 28 of 28 have elapsed.
    let year = &row(&report, "G2", None)["year"];
    assert_eq!((&year["target"], &year["actual"]), (&json!(37), &json!(5 + 6 + 7 + 8)));
    assert_eq!((&year["elapsed_days"], &year["total_days"]), (&json!(28), &json!(28)));

    let policy = json!({"unit": "JC", "year": 2015, "name": "2015", "basis": "deliveries",
        "tiers": [{"min_attainment": 0.1, "per_vehicle": 100}]});
    let path = "/v1/rebate-policies/P";
    let request = later.request(Method::PUT, path).bearer_auth(later.token("manager").await).json(&policy);
    assert_eq!(request.send().await.unwrap().status(), 201);
    let rebates = later.get("gm", "/v1/rebates?store=JC&year=2015&policy=P").await.expect(200);
    let quarter = &rebates["quarters"][0];
    assert_eq!((&quarter["known_months"], &quarter["actual"]), (&json!(["2015-02"]), &json!(78)));
    assert_eq!(quarter["partly_known"], json!([{"period": "2015-01", "cars": 35, "missing": 10}]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_total_counts_from_the_day_on_which_it_was_known() {
    let app = TestApp::demo().await;
    in_force(&app, 2015).await;
    let day =
        |day: &str, count: i64| json!({"employee_no": "A01", "day": day, "facts": {"deliveries": count}});
    let first = app.at("2015-01-12T08:00:00Z");
    deliver(&first, "2015-01", json!([day("2015-01-05", 1), day("2015-01-09", 2), total("A03", 4)])).await;
    let second = app.at("2015-01-25T08:00:00Z");
    deliver(&second, "2015-01", json!([day("2015-01-20", 3), total("A03", 9)])).await;
    let after = app.at("2015-02-03T08:00:00Z");
    deliver(&after, "2015-01", json!([total("A02", 15), total("A03", 11)])).await;
    let actual = async |date: &str, number: &str| -> Value {
        let report = after.get("manager", &format!("/v1/pace?unit=JC&day={date}")).await.expect(200);
        let row = row(&report, "G1", Some(number));
        match row["month"].is_null() {
            true => row["month_unknown"].clone(),
            false => row["month"]["actual"].clone(),
        }
    };
    for (date, a01, a02, a03) in [
        ("2015-01-04", json!(0), json!("month_total_only"), json!("month_total_only")),
        ("2015-01-05", json!(1), json!("month_total_only"), json!("month_total_only")),
        ("2015-01-11", json!(3), json!("month_total_only"), json!("month_total_only")),
        ("2015-01-12", json!(3), json!("month_total_only"), json!(4)),
        ("2015-01-24", json!(6), json!("month_total_only"), json!(4)),
        ("2015-01-25", json!(6), json!("month_total_only"), json!(9)),
        ("2015-01-31", json!(6), json!(15), json!(11)),
    ] {
        assert_eq!(actual(date, "A01").await, a01, "{date}");
        assert_eq!(actual(date, "A02").await, a02, "{date}");
        assert_eq!(actual(date, "A03").await, a03, "{date}");
    }
    // The team on the 20th: 6 of A01 and 4 of A03, against what the two of them are to reach.
    let report = after.get("manager", "/v1/pace?unit=JC&day=2015-01-20").await.expect(200);
    let team = row(&report, "G1", None);
    let target = |number: &str| row(&report, "G1", Some(number))["month_target"].as_i64().unwrap();
    assert_eq!(team["month"]["actual"], 10);
    assert_eq!(team["month"]["target"], target("A01") + target("A03"));
    assert_eq!(team["people"], json!({"known": 2, "all": 4}));
    // The demonstration has totals only, and they came when its year was over: in the middle of a month there is no pace.
    let report =
        app.at("2015-02-03T08:00:00Z").get("manager", "/v1/pace?unit=JC&day=2014-11-04").await.expect(200);
    let store = row(&report, "JC", None);
    assert_eq!((&store["month"], &store["month_unknown"]), (&Value::Null, &json!("month_total_only")));
    // January to October: 1690 − 156 − 172 planned, and so much delivered as at the end of October.
    let october =
        app.at("2015-02-03T08:00:00Z").get("manager", "/v1/pace?unit=JC&day=2014-10-31").await.expect(200);
    assert_eq!(store["year"]["target"], 1362);
    assert_eq!(store["year"]["actual"], row(&october, "JC", None)["year"]["actual"]);
}

/// What somebody delivered on a day: every fifth day or so, and something in each month.
fn delivered(number: i64, day: NaiveDate) -> i64 {
    match (number * 7 + i64::from(day.ordinal()) * 3) % 5 {
        0 => 1 + (number + i64::from(day.day())) % 2,
        _ => 0,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_day_of_a_year_is_the_sum_of_what_was_delivered_by_then() {
    let app = TestApp::demo().await;
    in_force(&app, 2015).await;
    let after = app.at("2016-01-10T08:00:00Z");
    let first: NaiveDate = "2015-01-01".parse().unwrap();
    let days: Vec<NaiveDate> = first.iter_days().take(365).collect();
    for month in 1..=12 {
        let mut rows = Vec::new();
        for day in days.iter().filter(|day| day.month() == month) {
            for number in (1..=12).filter(|number| delivered(*number, *day) > 0) {
                let facts = json!({"deliveries": delivered(number, *day)});
                rows.push(json!({"employee_no": no(number), "day": day, "facts": facts}));
            }
        }
        deliver(&after, &format!("2015-{month:02}"), json!(rows)).await;
    }
    // Sums of what was delivered up to a day, by team: of its month, and of the year.
    let (mut month, mut year) = (BTreeMap::<String, i64>::new(), BTreeMap::<String, i64>::new());
    for day in days {
        if day.day() == 1 {
            month.clear();
        }
        for number in 1..=12 {
            for unit in [team(number), "JC".to_owned()] {
                *month.entry(unit.clone()).or_default() += delivered(number, day);
                *year.entry(unit).or_default() += delivered(number, day);
            }
        }
        let report =
            after.get("manager", &format!("/v1/pace?unit=JC&day={day}&basis=calendar")).await.expect(200);
        for unit in ["JC", "G1", "G2", "G3"] {
            let row = row(&report, unit, None);
            assert_eq!(row["month"]["actual"], json!(month[unit]), "{day} {unit}");
            assert_eq!(row["year"]["actual"], json!(year[unit]), "{day} {unit}");
            assert_eq!(row["full_year"]["results"], json!(year[unit]), "{day} {unit}");
            assert_eq!(row["month"]["target"], row["month_target"], "{day} {unit}");
            assert_eq!(row["month"]["elapsed_days"], json!(day.day()), "{day} {unit}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn history_divides_by_what_is_known_and_says_so() {
    let app = TestApp::demo().await.at("2014-11-15T08:00:00Z");
    let mut plan = worked_example(2015);
    plan["season"] = json!([]);
    let trial = async |method: Value| {
        // One that can be done, so that the other's refusal is told beside it.
        let body = json!({"plan": plan, "methods": [method, "equal"]});
        app.post("manager", "/v1/plan-trials", body).await.expect(200)
    };
    // November has not ended, and December has not begun, whatever the ledger has of them.
    let one = trial(json!({"history": [{"year": 2014, "weight": 1}]})).await;
    let refusal = one["methods"][0]["refusal"].as_str().unwrap();
    assert!(refusal.contains("这几年都没有 11、12 月的数据"), "{refusal}");
    // 2013 has only November and December: 10 of each of ten people, and nothing of A11 and A12; of 2012 nothing is known.
    for month in [11, 12] {
        let rows: Value = (1..=10).map(|number| total(&no(number), 10)).collect();
        deliver(&app, &format!("2013-{month}"), rows).await;
    }
    let years = json!({"history": [
        {"year": 2014, "weight": 1}, {"year": 2013, "weight": 1}, {"year": 2012, "weight": 9}]});
    let both = trial(years.clone()).await;
    assert_eq!(both["methods"][0]["refusal"], Value::Null);
    let used = &both["methods"][0]["history"];
    let known =
        |index: usize| (used[index]["months"].as_array().unwrap().len(), used[index]["people"].clone());
    assert_eq!([known(0), known(1), known(2)], [(10, json!(12)), (2, json!(10)), (0, json!(0))]);
    // November and December are alike, and so are their months in the plan, but for a unit.
    let root = both["rows"][0]["months"][0].as_array().unwrap();
    let month = |index: usize| root[index].as_i64().unwrap();
    assert!((month(10) - month(11)).abs() <= 1 && month(11) > 0, "{root:?}");
    // The plan keeps it.
    plan["method"] = years;
    let id = app.post("manager", "/v1/plans", plan.clone()).await.expect(201)["id"].clone();
    assert_eq!(read(&app, &id).await["history"], *used);
}

#[tokio::test(flavor = "multi_thread")]
async fn capacity_goes_by_the_days_of_the_store() {
    let app = TestApp::demo().await;
    // Open on every day of the year: an old hand has as many days as the months have, and a total of 365 is those.
    let calendar = json!({"rest_weekdays": [], "keeps_public_holidays": false});
    let path = "/v1/work-calendars/JC/2015";
    app.change("hr", Method::PUT, path, "*", Some(calendar)).await.expect(200);
    let mut plan = worked_example(2015);
    (plan["total"], plan["season"]) = (json!(365), json!([]));
    plan["units"] = json!([{"unit": "G1", "weight": 1, "members": [{"employee_no": "A01", "weight": 1}]}]);
    plan["method"] = json!({"capacity": {}});
    let id = app.post("manager", "/v1/plans", plan).await.expect(201)["id"].clone();
    let document = read(&app, &id).await;
    assert_eq!(months(&document), [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]);
    assert_eq!(months(find(&document["units"], "unit", "G1")), months(&document));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_in_a_source_that_was_declared_complete_brought_nothing_and_that_is_known() {
    let app = TestApp::demo().await;
    let id = in_force(&app, 2015).await;
    let later = app.at("2015-03-05T08:00:00Z");
    for month in ["2015-01", "2015-02"] {
        deliver(&later, month, json!([total("A01", 20), total("A02", 15)])).await;
    }
    let declare = async |month: &str, sources: Value| {
        let rows = json!([{"employee_no": "A03", "facts": {}}]);
        let word =
            json!({"period": month, "source_system": "dms", "rows": rows, "complete_sources": sources});
        later.post("clerk", "/v1/facts", word).await.expect(200);
    };
    // The word for some people leaves unknown what is not 0 by absence, and the answer says which and why.
    let some = json!({"period": "2015-01", "source_system": "dms", "complete_sources": ["dms"], "complete_for": "people",
        "rows": [{"employee_no": "A03", "facts": {"orders": 2}}, {"employee_no": "A01", "facts": {}}]});
    let answer = later.post("clerk", "/v1/facts", some).await.expect(200);
    let unknown = |row: usize| {
        let metrics = answer["rows"][row]["unknown"]["metrics"].as_array().unwrap().iter();
        metrics.map(|metric| metric.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(unknown(0).contains(&"deliveries".to_owned()) && !unknown(0).contains(&"orders".to_owned()));
    // A01's deliveries have come before.
    assert!(!unknown(1).contains(&"deliveries".to_owned()) && unknown(1).contains(&"orders".to_owned()));
    let message = answer["rows"][0]["unknown"]["message"].as_str().unwrap();
    assert!(message.contains("缺值不等于 0") && message.contains("complete_for: store"), "{message}");
    let report = later.get("manager", "/v1/pace?unit=JC&day=2015-01-31").await.expect(200);
    assert_eq!(row(&report, "G1", Some("A03"))["month_unknown"], "nothing_known");
    // Another source's word says nothing of deliveries, and January's nothing of February.
    declare("2015-01", json!(["dms"])).await;
    declare("2015-02", json!(["documents"])).await;
    let policy = json!({"unit": "JC", "year": 2015, "name": "2015", "basis": "deliveries",
        "tiers": [{"min_attainment": 0.1, "per_vehicle": 100}]});
    let request =
        later.request(Method::PUT, "/v1/rebate-policies/P").bearer_auth(later.token("manager").await);
    assert_eq!(request.json(&policy).send().await.unwrap().status(), 201);
    let quarter = async || {
        let rebates = later.get("gm", "/v1/rebates?store=JC&year=2015&policy=P").await.expect(200);
        rebates["quarters"][0].clone()
    };
    let known = quarter().await;
    assert_eq!((&known["known_months"], &known["actual"]), (&json!(["2015-01"]), &json!(35)));
    assert_eq!(known["partly_known"], json!([{"period": "2015-02", "cars": 35, "missing": 10}]));

    let report = later.get("manager", "/v1/pace?unit=JC&day=2015-01-31&basis=calendar").await.expect(200);
    for (unit, target, actual, all) in [("JC", 160, 35, 12), ("G1", 58, 35, 4), ("G2", 54, 0, 4)] {
        let row = row(&report, unit, None);
        assert_eq!(row["people"], json!({"known": all, "all": all}), "{unit}");
        assert_eq!(
            (&row["month"]["target"], &row["month"]["actual"]),
            (&json!(target), &json!(actual)),
            "{unit}"
        );
    }
    // Who brought nothing in a month had brought nothing on any of its days, whatever is known of the others.
    let report = later.get("manager", "/v1/pace?unit=JC&day=2015-01-10").await.expect(200);
    let (a01, a05) = (row(&report, "G1", Some("A01")), row(&report, "G2", Some("A05")));
    assert_eq!(a01["month_unknown"], "month_total_only");
    assert_eq!((&a05["month"]["actual"], &a05["month"]["target"]), (&json!(0), &a05["month_target"]));

    // January counts as it is known; of February ten are missing by name, until its source is complete, too.
    let answer = later.post("manager", &replans(&id), json!({"from": "2015-03"})).await;
    let expected: Vec<String> =
        (3..=12).map(|number| format!("JC/{}/{} 2015-02", team(number), no(number))).collect();
    assert_eq!(fields(&answer), expected, "{:#}", answer.body);
    declare("2015-02", json!(["dms"])).await;
    let draft =
        later.post("manager", &replans(&id), json!({"from": "2015-03"})).await.expect(201)["id"].clone();
    let document = read(&later, &draft).await;
    let counted = &document["replanned"]["results"][0];
    assert_eq!((&counted["source"], &counted["months"]), (&json!("ledger"), &json!([35, 35])));
    assert_eq!((&counted["missing"], &counted["missing_count"]), (&json!([]), &json!(0)));
    assert_eq!(quarter().await["actual"], 70);
    // A value that comes later counts instead.
    deliver(&later, "2015-02", json!([total("A05", 3)])).await;
    assert_eq!(quarter().await["actual"], 73);
}
