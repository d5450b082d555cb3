//! The rest of a year planned again: closed months stand, the rest of the total is spread anew. The expected numbers are
//! domain.md's ("Re-plan") or were made by rational arithmetic: running totals from April on, by the same weights.

use reqwest::Method;
use serde_json::{Value, json};
use showfloor::period::Period;

use super::sums::{checked, pin, rich_example};
use super::{STORE, approve, draft, find, months, person, read, step, targets};
use crate::support::{Answer, TestApp};
use crate::users::fields;

/// The demonstration on 10 April: its first quarter has ended, and nothing later.
async fn in_april() -> TestApp {
    TestApp::demo().await.at("2014-04-10T08:00:00Z")
}

async fn replan(app: &TestApp, login: &str, id: &Value, body: Value) -> Answer {
    app.post(login, &format!("/v1/plans/{id}/replans"), body).await
}

/// The first line of a plan, all of it checked.
async fn first_line(app: &TestApp, id: &Value) -> Value {
    checked(app, "manager", id).await.swap_remove(0)
}

/// Every node's months up to March, in the document's order.
fn first_quarters(document: &Value) -> Vec<Vec<i64>> {
    let mut quarters = vec![months(document)[..3].to_vec()];
    for tree in ["units", "channels", "series"] {
        for node in document[tree].as_array().unwrap() {
            quarters.push(months(node)[..3].to_vec());
            for member in node["members"].as_array().into_iter().flatten() {
                quarters.push(months(member)[..3].to_vec());
            }
        }
    }
    quarters
}

const TEAMS: [(&str, [i64; 9]); 3] = [
    ("G1", [50, 50, 48, 43, 46, 55, 55, 57, 63]),
    ("G2", [48, 46, 46, 41, 43, 51, 52, 54, 60]),
    ("G3", [42, 41, 41, 35, 39, 45, 46, 48, 53]),
];
const CHANNELS: [(&str, [i64; 9]); 4] = [
    ("showroom", [84, 82, 81, 72, 76, 91, 92, 95, 106]),
    ("phone_web", [31, 30, 30, 26, 28, 33, 34, 35, 38]),
    ("invitation", [14, 14, 13, 12, 13, 15, 15, 16, 18]),
    ("auto_show", [11, 11, 11, 9, 11, 12, 12, 13, 14]),
];
const SERIES: [(&str, [i64; 9]); 4] = [
    ("series_a", [63, 62, 60, 54, 57, 69, 68, 72, 79]),
    ("series_b", [28, 27, 27, 24, 26, 30, 31, 31, 36]),
    ("series_c", [42, 41, 41, 35, 39, 45, 46, 48, 52]),
    ("series_d", [7, 7, 7, 6, 6, 7, 8, 8, 9]),
];
/// Team 2 from April on: June to August without A07, by 28/26/22.
const TEAM_2: [(&str, [i64; 9]); 4] = [
    ("A05", [13, 13, 17, 15, 16, 14, 15, 15, 16]),
    ("A06", [12, 12, 16, 14, 14, 14, 13, 14, 16]),
    ("A07", [12, 11, 0, 0, 0, 12, 12, 13, 15]),
    ("A08", [11, 10, 13, 12, 13, 11, 12, 12, 13]),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_demonstrations_first_quarter_leaves_1298() {
    let app = in_april().await;
    let before = first_line(&app, &json!(2)).await;
    let created = replan(&app, "manager", &json!(2), json!({"from": "2014-04"})).await;
    let location = created.location.clone().unwrap();
    let plan = created.expect(201);
    assert_eq!(location, format!("/v1/plans/{}", plan["id"]));
    assert_eq!(
        [&plan["version"], &plan["status"], &plan["closed_months"], &plan["author"], &plan["total"]],
        [&json!(3), &json!("draft"), &json!(3), &json!("manager"), &json!(1690)]
    );
    let after = first_line(&app, &plan["id"]).await;
    assert_eq!(months(&after)[..3], STORE[..3]);
    assert_eq!(months(&after)[3..], [140, 137, 135, 119, 128, 151, 153, 159, 176]);
    // 156 + 92 + 144 delivered.
    assert_eq!(
        (&after["lines"][0]["closed_total"], &after["lines"][0]["remaining"]),
        (&json!(392), &json!(1298))
    );
    assert_eq!(first_quarters(&after), first_quarters(&before));
    for (unit, expected) in TEAMS {
        assert_eq!(months(find(&after["units"], "unit", unit))[3..], expected, "{unit}");
    }
    for (tree, rows) in [("channels", CHANNELS), ("series", SERIES)] {
        for (code, expected) in rows {
            assert_eq!(months(find(&after[tree], "code", code))[3..], expected, "{code}");
        }
    }
    for (employee_no, expected) in TEAM_2 {
        assert_eq!(months(person(&after, "G2", employee_no))[3..], expected, "{employee_no}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn given_results_and_another_total_are_what_is_planned_with() {
    let app = in_april().await;
    let results = json!([{"metric": "deliveries", "months": [150, 98, 141]}]);
    let discard = async |id: &Value| {
        app.change("manager", reqwest::Method::DELETE, &format!("/v1/plans/{id}"), "*", None)
            .await
            .expect(204)
    };
    for (body, remaining, expected) in [
        // domain.md: 150/98/141 leave 1301.
        (json!({"from": "2014-04", "results": results}), 1301, [140, 137, 136, 119, 129, 151, 153, 160, 176]),
        (json!({"from": "2014-04", "total": 1800}), 1408, [151, 149, 147, 129, 139, 164, 165, 173, 191]),
        // The year is full already.
        (json!({"from": "2014-04", "total": 392}), 0, [0; 9]),
        // 1298 in December.
        (
            json!({"from": "2014-04", "season": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]}),
            1298,
            [0, 0, 0, 0, 0, 0, 0, 0, 1298],
        ),
    ] {
        let plan = replan(&app, "manager", &json!(2), body.clone()).await.expect(201);
        let after = first_line(&app, &plan["id"]).await;
        assert_eq!(months(&after)[3..], expected, "{body}");
        assert_eq!(after["lines"][0]["remaining"], remaining);
        assert!(months(person(&after, "G2", "A07"))[5..8].iter().all(|month| *month == 0));
        if let Some(total) = body["total"].as_i64() {
            assert_eq!((&plan["total"], &after["lines"][0]["total"]), (&json!(total), &json!(total)));
        }
        discard(&plan["id"]).await;
    }
    // What has ended cannot be planned again, as long as the year lasts.
    let answer = replan(&app, "manager", &json!(2), json!({"from": "2014-03"})).await;
    assert_eq!(fields(&answer), ["from"], "{:#}", answer.body);
    let app = app.at("2015-02-10T08:00:00Z");
    // From January on nothing is closed, and all of the plan is as it was.
    let plan = replan(&app, "manager", &json!(2), json!({"from": "2014-01"})).await.expect(201);
    let (before, after) = (first_line(&app, &json!(2)).await, first_line(&app, &plan["id"]).await);
    for field in ["months", "units", "channels", "series", "lines"] {
        assert_eq!(after[field], before[field], "{field}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replan_that_cannot_be_made_names_its_fields_and_leaves_nothing() {
    let app = in_april().await;
    let before = app.get("auditor", "/v1/plans").await.expect(200);
    let results = |months: Value| json!([{"metric": "deliveries", "months": months}]);
    for (body, expected) in [
        (json!({"from": "2014-04", "total": 391}), &["total"][..]),
        (json!({"from": "2014-04", "total": 388, "results": results(json!([150, 98, 141]))}), &["total"]),
        (json!({"from": "2014-04", "total": -1}), &["total"]),
        (json!({"from": "2014-04", "total": 1.5}), &["total"]),
        (json!({"from": "2014-04", "total": "1690"}), &["total"]),
        (json!({"from": "2013-04"}), &["from"]),
        (json!({"from": "2015-01"}), &["from"]),
        (json!({"from": "2014-13"}), &["from"]),
        (json!({"from": "2014-04", "results": results(json!([150, 98]))}), &["results[0].months"]),
        (json!({"from": "2014-04", "results": results(json!([150, 98, -1]))}), &["results[0].months[2]"]),
        (
            json!({"from": "2014-04", "results": [{"metric": "loans", "months": [1, 2, 3]}]}),
            &["results[0].metric"],
        ),
        (
            json!({"from": "2014-04", "results": [{"metric": "deliveries", "months": [1, 2, 3]},
                {"metric": "deliveries", "months": [1, 2, 3]}]}),
            &["results[1].metric"],
        ),
        (json!({"from": "2014-04", "season": [1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]}), &["season"]),
        (json!({"from": "2014-04", "season": [1, 1, 1]}), &["season"]),
    ] {
        let answer = replan(&app, "manager", &json!(2), body.clone()).await;
        assert_eq!(fields(&answer), expected, "{body}: {:#}", answer.body);
        assert_eq!(answer.problem(422), "validation-failed");
    }
    // Version 1 is not in force any more.
    assert_eq!(replan(&app, "manager", &json!(1), json!({"from": "2014-04"})).await.problem(409), "conflict");
    for login in ["gm", "hr", "leader", "auditor"] {
        assert_eq!(
            replan(&app, login, &json!(2), json!({"from": "2014-04"})).await.problem(403),
            "forbidden"
        );
    }
    // Nobody has delivered anything in 2015 yet: missing is not zero.
    let id = draft(&app, "manager", 2015).await["id"].clone();
    step(&app, "manager", &id, "submit", "*", None).await.expect(200);
    approve(&app, "gm", &id, "2015-01").await.expect(200);
    let answer = replan(&app, "manager", &id, json!({"from": "2015-02"})).await;
    assert_eq!(fields(&answer), ["results"], "{:#}", answer.body);
    let listed = app.get("auditor", "/v1/plans?year=2014").await.expect(200);
    assert_eq!(listed, before);
    let results = results(json!([100]));
    replan(&app, "manager", &id, json!({"from": "2015-02", "results": results})).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replanned_version_governs_the_months_from_its_own_on() {
    let app = in_april().await;
    let (first, second) = (read(&app, &json!(1)).await, read(&app, &json!(2)).await);
    let id = replan(&app, "manager", &json!(2), json!({"from": "2014-04"})).await.expect(201)["id"].clone();
    // A closed month cannot be touched in it.
    let answer = pin(&app, "manager", &id, "*", json!([{"period": "2014-03", "value": 1}])).await;
    assert_eq!(fields(&answer), ["pins[0].period"]);
    let weights = json!([{"employee_no": "A01", "weight": 1}]);
    let early = json!({"unit": "G1", "from": "2014-03", "to": "2014-05", "weights": weights});
    assert_eq!(fields(&step(&app, "manager", &id, "resplits", "*", Some(early)).await), ["from"]);
    step(&app, "manager", &id, "submit", "*", None).await.expect(200);
    // March is closed; and with April to June by the version before, the year would be no sum of anything.
    for month in ["2014-03", "2014-07"] {
        let answer = approve(&app, "gm", &id, month).await;
        assert_eq!(fields(&answer), ["effective_from"], "{month}");
        let message = answer.body["errors"][0]["message"].as_str().unwrap();
        // 140 are planned for April now, and 137 were.
        assert!(
            month == "2014-03" || message.contains("JC deliveries 在 2014-04 是 140，而管着该月的版本是 137"),
            "{message}"
        );
    }
    approve(&app, "gm", &id, "2014-04").await.expect(200);
    for (id, mut before) in [(json!(1), first), (json!(2), second)] {
        let mut after = read(&app, &id).await;
        assert_eq!(after["status"], "superseded");
        for document in [&mut before, &mut after] {
            let document = document.as_object_mut().unwrap();
            ["status", "row_version"].iter().for_each(|field| drop(document.remove(*field)));
        }
        assert_eq!(after, before);
    }
    // Version 1 up to March, and version 3 from April on.
    let third = [140, 137, 135, 119, 128, 151, 153, 159, 176];
    let mut year = 0;
    for month in 1..=12_u32 {
        let index = usize::try_from(month).unwrap() - 1;
        let store = if month < 4 { STORE[index] } else { third[index - 3] };
        let targets = targets(&app, Period::new(2014, month).unwrap()).await;
        assert_eq!(targets.values().sum::<i64>(), store, "{month}");
        year += store;
        if month >= 4 {
            assert_eq!(targets.get("A07").copied().unwrap_or(0), TEAM_2[2].1[index - 3], "{month}");
        }
    }
    assert_eq!(year, 1715);
    // The task, the results, what is left and the sum of the targets, by their names.
    let document = read(&app, &id).await;
    let line = &document["lines"][0];
    assert_eq!(
        [&line["total"], &line["closed_total"], &line["remaining"], &line["targets"], &document["year"]],
        [&json!(1690), &json!(392), &json!(1298), &json!(1715), &json!(1715)]
    );
    let counted = &document["replanned"]["results"][0];
    assert_eq!((&counted["months"], &counted["source"]), (&json!([156, 92, 144]), &json!("ledger")));
    assert_eq!((&document["replanned"]["from"], &counted["missing"]), (&json!("2014-04"), &json!([])));
    // domain.md's year: 1618 of 1690 were delivered; the targets in force come to 1715.
    let pace = app.get("manager", "/v1/pace?unit=JC&day=2014-12-31").await.expect(200);
    let store = &pace["rows"][0];
    assert_eq!(
        store["full_year"],
        json!({"task": 1690, "targets": 1715, "results": 1618, "remaining": 72, "attainment": 0.9574, "missing": 0})
    );
    assert_eq!((&store["year"]["target"], &store["year"]["actual"]), (&json!(1715), &json!(1618)));
    // Below the root no task is said: the sum of the targets is what there is.
    assert!(pace["rows"].as_array().unwrap()[1..].iter().all(|row| row["full_year"]["task"].is_null()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_month_is_no_effective_month_any_more() {
    let app = in_april().await;
    let id = replan(&app, "manager", &json!(2), json!({"from": "2014-04"})).await.expect(201)["id"].clone();
    step(&app, "manager", &id, "submit", "*", None).await.expect(200);
    // The year is over, so that only locks count.
    let later = app.at("2015-02-10T08:00:00Z");
    let lock = async |login: &str, through: &str| {
        step(&later, login, &json!(2), "locks", "*", Some(json!({ "through": through }))).await
    };
    assert_eq!(lock("manager", "2014-05").await.problem(403), "forbidden");
    assert_eq!(lock("group", "2014-05").await.problem(403), "forbidden");
    for month in ["2013-12", "2015-01"] {
        assert_eq!(fields(&lock("gm", month).await), ["through"], "{month}");
    }
    lock("gm", "2014-05").await.expect(200);
    // Locked again, or up to an earlier month: it stays locked.
    lock("gm", "2014-04").await.expect(200);
    for month in ["2014-03", "2014-04", "2014-05", "2014-06"] {
        let answer = approve(&later, "gm", &id, month).await;
        assert_eq!(fields(&answer), ["effective_from"], "{month}");
        assert_eq!(answer.problem(422), "validation-failed");
    }
    assert_eq!(read(&later, &id).await["status"], "submitted");
    // Planned again from June, with April and May as they are in force, it counts from June.
    step(&later, "gm", &id, "return", "*", Some(json!({"note": "重排"}))).await.expect(200);
    let path = format!("/v1/plans/{id}/replans");
    let early = later.change("manager", Method::POST, &path, "*", Some(json!({"from": "2014-05"}))).await;
    assert_eq!(fields(&early), ["from"], "{:#}", early.body);
    later.change("manager", Method::POST, &path, "*", Some(json!({"from": "2014-06"}))).await.expect(200);
    let document = first_line(&later, &id).await;
    assert_eq!(months(&document)[..5], STORE[..5]);
    step(&later, "manager", &id, "submit", "*", None).await.expect(200);
    approve(&later, "gm", &id, "2014-06").await.expect(200);
    // 156 92 144 130 130 delivered: 652, and 1038 left for June and later.
    let mut left = 0;
    for month in 6..=12 {
        left += targets(&app, Period::new(2014, month).unwrap()).await.values().sum::<i64>();
    }
    assert_eq!(left, 1038);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_year_that_is_over_a_replan_counts_from_its_first_open_month() {
    let app = TestApp::demo().await;
    let later = app.at("2015-02-10T08:00:00Z");
    let id = replan(&later, "manager", &json!(2), json!({"from": "2014-04"})).await.expect(201)["id"].clone();
    step(&later, "manager", &id, "submit", "*", None).await.expect(200);
    assert_eq!(fields(&approve(&later, "gm", &id, "2014-03").await), ["effective_from"]);
    approve(&later, "gm", &id, "2014-04").await.expect(200);
    for (month, sum) in [("2014-03", 149), ("2014-04", 140), ("2014-06", 135), ("2014-12", 176)] {
        let targets = targets(&later, month.parse().unwrap()).await;
        assert_eq!(targets.values().sum::<i64>(), sum, "{month}");
    }
    // Planned again from June: April and May stand as version 3 had them.
    let again = replan(&later, "manager", &id, json!({"from": "2014-06"})).await.expect(201);
    assert_eq!(again["version"], 4);
    let document = first_line(&later, &again["id"]).await;
    assert_eq!(months(&document)[..5], [160, 108, 149, 140, 137]);
    // 156 92 144 130 130 delivered: 652, and 1038 left.
    assert_eq!(document["lines"][0]["remaining"], 1038);
    assert_eq!(months(&document)[5..].iter().sum::<i64>(), 1038);
    let earlier = replan(&later, "manager", &id, json!({"from": "2014-03"})).await;
    assert_eq!(fields(&earlier), ["from"], "{:#}", earlier.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_replans_at_once_one_is_made() {
    let app = in_april().await;
    let id = json!(2);
    let replans = (0..4).map(|_| replan(&app, "manager", &id, json!({"from": "2014-04"})));
    let answers = futures_util::future::join_all(replans).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409]);
    let listed = app.get("auditor", "/v1/plans?year=2014&status=draft").await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_is_planned_again_with_its_own_results_and_levels() {
    let app = TestApp::demo().await;
    let later = app.at("2015-02-10T08:00:00Z");
    let mut plan = rich_example(2014);
    plan["lines"][2]["levels"]["stretch"] = json!(1500);
    let id = later.post("manager", "/v1/plans", plan).await.expect(201)["id"].clone();
    let cells = json!([{"unit": "G1", "period": "2014-02", "value": 30}, {"unit": "G1", "period": "2014-05", "value": 60}]);
    pin(&later, "manager", &id, "*", cells).await.expect(200);
    step(&later, "manager", &id, "submit", "*", None).await.expect(200);
    approve(&later, "gm", &id, "2014-01").await.expect(200);
    let before = checked(&later, "manager", &id).await;
    let body = json!({"from": "2014-04", "total": 1700,
        "results": [{"metric": "temporary_plates", "months": [300, 400, 500]}]});
    let again = replan(&later, "manager", &id, body).await.expect(201)["id"].clone();
    let after = checked(&later, "manager", &again).await;
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(first_quarters(before), first_quarters(after), "{}", after["shown"]);
    }
    // The pin of a closed month stands with it, that of an open month as before.
    let team = months(find(&after[0]["units"], "unit", "G1"));
    assert_eq!((team[1], team[4]), (30, 60));
    let line = |index: usize| &after[0]["lines"][index];
    // 1700 × 0.72 = 1224; 1700 × 0.85 × ¥2500 = ¥3,612,500: ¥21,250 more than before, as the levels are.
    assert_eq!(
        [&line(0)["total"], &line(0)["floor"], &line(0)["stretch"]],
        [&json!(1700), &json!(1510), &json!(1910)]
    );
    assert_eq!(line(1)["total"], 1224);
    assert_eq!(
        [&line(2)["total"], &line(2)["floor"], &line(2)["stretch"]],
        [&json!(361_250_000), &json!(302_125_000), &json!(402_125_000)]
    );
    // More has been brought than was planned for the year: nothing is left.
    assert_eq!((&line(3)["closed_total"], &line(3)["remaining"]), (&json!(1200), &json!(0)));
    assert!(months(&after[3])[3..].iter().all(|month| *month == 0));
    for index in [0, 1, 2] {
        let rest = line(index)["total"].as_i64().unwrap() - line(index)["closed_total"].as_i64().unwrap();
        assert_eq!(months(&after[index])[3..].iter().sum::<i64>(), rest);
        assert_eq!(line(index)["remaining"], rest);
    }
}
