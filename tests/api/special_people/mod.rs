//! Whose month is not like the others': leaders, the telesales specialist, who changed the posting, joined or left, was on
//! protected leave, has too few points to be rated, holds two postings, or leads a team in which nobody is rated. Each is
//! compared, item by item, with exact arithmetic that knows the published formulas and not the program.

mod exact;

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Map, Value, json};

use self::exact::{Facts, Outcome, hundredths, whole};
use crate::review_life::cycle;
use crate::support::TestApp;

/// docs/DOMAIN.md, "Worked cases": what goes in, by metric, in hundredths.
const WORKED: [&[(&str, i128)]; 3] = [
    &[
        ("deliveries", 1700),
        ("deliveries_target", 1500),
        ("captured_leads", 4600),
        ("first_visits", 5200),
        ("test_drives", 3600),
        ("visitors", 5200),
        ("orders", 1200),
        ("callbacks_done", 11_800),
        ("callbacks_planned", 12_200),
        ("second_follow_ups", 2700),
        ("refused", 2900),
        ("active_prospects", 7200),
        ("accessory_revenue", 4_845_000),
        ("insurance_policies", 1500),
        ("loans", 600),
        ("scheduled_days", 2600),
        ("five_s_checks", 4000),
        ("five_s_failures", 100),
        ("exam_score", 9600),
        ("documents", 1700),
        ("document_errors", 0),
        ("attitude_rating", 400),
        ("reports_on_time", 3100),
        ("reports_due", 3100),
    ],
    &[
        ("deliveries", 1300),
        ("deliveries_target", 1300),
        ("captured_leads", 4000),
        ("first_visits", 4800),
        ("test_drives", 2800),
        ("visitors", 4400),
        ("orders", 1000),
        ("callbacks_done", 9500),
        ("callbacks_planned", 10_000),
        ("second_follow_ups", 1800),
        ("refused", 2000),
        ("active_prospects", 6000),
        ("accessory_revenue", 3_250_000),
        ("insurance_policies", 1100),
        ("loans", 400),
        ("scheduled_days", 2600),
        ("five_s_checks", 4000),
        ("five_s_failures", 0),
        ("complaints_major", 100),
        ("exam_score", 9000),
        ("documents", 1300),
        ("document_errors", 0),
        ("attitude_rating", 400),
        ("reports_on_time", 3100),
        ("reports_due", 3100),
    ],
    &[
        ("deliveries", 0),
        ("deliveries_target", 0),
        ("captured_leads", 600),
        ("first_visits", 800),
        ("test_drives", 300),
        ("visitors", 600),
        ("callbacks_done", 2000),
        ("callbacks_planned", 2500),
        ("second_follow_ups", 200),
        ("refused", 300),
        ("active_prospects", 1500),
        ("scheduled_days", 1400),
        ("late", 100),
        ("five_s_checks", 2000),
        ("five_s_failures", 100),
        ("exam_score", 7500),
        ("attitude_rating", 300),
        ("reports_on_time", 1400),
        ("reports_due", 1600),
    ],
];

/// The leader's worked case: coaching 7 of 8, 110 of 120 reports within a day, 50 of 52 meetings.
const LED: &[(&str, i128)] = &[
    ("coaching_done", 700),
    ("coaching_planned", 800),
    ("reports_reviewed_24h", 11_000),
    ("reports_to_review", 12_000),
    ("meetings_held", 5000),
    ("meetings_planned", 5200),
];

/// Who enters which metrics.
const ENTERED_BY: &[(&str, &[&str])] = &[
    (
        "manager",
        &[
            "deliveries_target",
            "attitude_rating",
            "coaching_done",
            "coaching_planned",
            "reports_reviewed_24h",
            "reports_to_review",
            "meetings_held",
            "meetings_planned",
        ],
    ),
    (
        "hr",
        &["scheduled_days", "late", "protected_leave_days", "exam_score", "reports_on_time", "reports_due"],
    ),
    ("supervisor", &["five_s_checks", "five_s_failures"]),
    ("service", &["complaints_major"]),
];

fn facts(entered: &[(&str, i128)]) -> Facts {
    entered.iter().map(|(name, value)| ((*name).to_owned(), hundredths(*value))).collect()
}

#[test]
fn the_arithmetic_comes_to_the_worked_cases() {
    let items = |outcome: &Outcome| {
        let text = |item: &Option<i128>| item.map_or("–".to_owned(), |points| points.to_string());
        outcome.items.iter().map(text).collect::<Vec<_>>().join(" ")
    };
    let [first, second, trainee] = WORKED.map(|entered| exact::consultant(&facts(entered)));
    assert_eq!(items(&first), "2500 1487 1000 1000 1000 825 1000 917");
    assert_eq!((first.base, first.bonus, first.total, first.final_grade), (Some(9729), 200, Some(9929), "S"));
    assert_eq!(items(&second), "2500 1361 1000 1000 1000 1000 0 905");
    assert_eq!((second.total, second.final_grade), (Some(8766), "C"));
    assert_eq!(items(&trainee), "– – 464 – 900 650 1000 675");
    assert_eq!((trainee.total, trainee.final_grade), (Some(7378), "NR"));
    // 99.29 of the own, a mean of 80, and 91.35 as a leader.
    let member = Outcome { total: Some(8000), final_grade: "B", ..first.clone() };
    let leader = exact::leader(&facts(LED), Some(&first), &[&member, &trainee]);
    assert_eq!((items(&leader).as_str(), leader.total), ("3972 3200 1827", Some(8999)));
    let calls = [
        ("leads_followed_24h", 87_000),
        ("raw_leads", 93_600),
        ("valid_leads", 44_000),
        ("invited_arrivals", 9700),
        ("arrival_orders", 2700),
        ("conduct_score", 1800),
    ];
    let calls = exact::telesales(&facts(&calls));
    assert_eq!((items(&calls).as_str(), calls.total), ("1836 1276 1761 1711 1800", Some(8384)));
}

async fn create(app: &TestApp, path: &str, body: Value) {
    app.post("admin", path, body).await.expect(201);
}

/// A posting from a day on.
async fn post(app: &TestApp, employee_no: &str, unit: &str, position: &str, from: &str) {
    let posting = json!({"employee_no": employee_no, "unit": unit, "position": position, "valid_from": from});
    create(app, "/v1/assignments", posting).await;
}

/// Somebody new.
async fn hire(app: &TestApp, employee_no: &str, unit: &str, positions: &[&str], from: &str) {
    let person = json!({"employee_no": employee_no, "name": "新人", "status": "active"});
    create(app, "/v1/employees", person).await;
    for position in positions {
        post(app, employee_no, unit, position, from).await;
    }
}

/// Ends somebody's posting as a sales consultant.
async fn end(app: &TestApp, employee_no: &str, day: &str) {
    let path = format!("/v1/assignments?employee_no={employee_no}&position=sales_consultant");
    let id = app.get("admin", &path).await.expect(200)["items"][0]["id"].clone();
    let end = Some(json!({"valid_to": day}));
    app.change("admin", Method::PATCH, &format!("/v1/assignments/{id}"), "\"1\"", end).await.expect(200);
}

/// Enters facts of March, each by whose it is.
async fn enter(app: &TestApp, employee_no: &str, entered: &[(&str, i128)]) {
    let mut by_login = BTreeMap::<&str, Map<String, Value>>::new();
    for (name, value) in entered {
        let login = ENTERED_BY.iter().find(|(_, names)| names.contains(name)).map_or("clerk", |one| one.0);
        let text = format!("{}.{:02}", value / 100, value % 100);
        let number: Value = serde_json::from_str(text.trim_end_matches('0').trim_end_matches('.')).unwrap();
        by_login.entry(login).or_default().insert((*name).to_owned(), number);
    }
    for (login, mut facts) in by_login {
        // What can cap a grade two people verify, neither of whom reported it.
        if facts.remove("complaints_major").is_some() {
            let complaint = json!({"kind": "complaint", "employee_no": employee_no, "day": "2014-03-10",
                "detail": {"severity": "major", "liability": "responsible", "response_hours": 1},
                "evidence": [{"name": "通话记录", "sha256": "a".repeat(64)}]});
            let id = app.post(login, "/v1/events", complaint).await.expect(201)["id"].clone();
            for verifier in ["manager", "gm"] {
                let path = format!("/v1/events/{id}/verify");
                app.post(verifier, &path, json!({})).await.expect(200);
            }
        }
        if facts.is_empty() {
            continue;
        }
        let rows = json!([{"employee_no": employee_no, "facts": facts}]);
        let body = json!({"period": "2014-03", "source_system": "hand", "rows": rows});
        app.post(login, "/v1/facts", body).await.expect(200);
    }
}

/// Everybody's March, as it is told below.
async fn march() -> TestApp {
    let app = TestApp::demo().await;
    for team in ["G4", "G5"] {
        let unit = json!({"code": team, "name": team, "kind": "team", "parent": "JC-XS", "valid_from": "2014-01-01"});
        create(&app, "/v1/org-units", unit).await;
    }
    // Posting changed in it: 22 of 31 days in the other team; 22 and 7 of 31 days behind a desk.
    end(&app, "A12", "2014-03-10").await;
    post(&app, "A12", "G1", "sales_consultant", "2014-03-10").await;
    for (employee_no, day) in [("A11", "2014-03-10"), ("A04", "2014-03-25")] {
        end(&app, employee_no, day).await;
        post(&app, employee_no, "JC-XS", "clerk", day).await;
    }
    // Left in it, and joined in it: one with too few points to be rated, one who is.
    end(&app, "A10", "2014-03-16").await;
    hire(&app, "P01", "G3", &["sales_consultant"], "2014-03-20").await;
    enter(&app, "P01", WORKED[2]).await;
    hire(&app, "P02", "G2", &["sales_consultant"], "2014-03-10").await;
    enter(&app, "P02", WORKED[0]).await;
    // Protected leave: for five days, for two and a half, for all of it.
    for (employee_no, days) in [("A03", 500), ("A07", 250), ("A08", 2700)] {
        enter(&app, employee_no, &[("protected_leave_days", days)]).await;
    }
    // Two postings, and nobody rated in the team; and one posting, as a leader who does not sell.
    hire(&app, "P03", "G4", &["sales_consultant", "team_leader"], "2014-01-01").await;
    enter(&app, "P03", &[WORKED[1], LED].concat()).await;
    hire(&app, "P04", "G4", &["sales_consultant"], "2014-01-01").await;
    enter(&app, "P04", WORKED[2]).await;
    hire(&app, "P05", "G5", &["team_leader"], "2014-01-01").await;
    enter(&app, "P05", &[LED, &[("scheduled_days", 2600)]].concat()).await;
    hire(&app, "P06", "G5", &["sales_consultant"], "2014-01-01").await;
    enter(&app, "P06", WORKED[0]).await;
    let path = format!("/v1/review-cycles/{}/generate", cycle(&app, "2014-03").await);
    app.post_empty("hr", &path).await.expect(200);
    app
}

/// Members of each leader: who was in the team for most of the month, and had a day of it left.
const MEMBERS: [(&str, &[&str]); 5] = [
    ("A01", &["A02", "A03", "A04", "A12"]),
    ("A05", &["A06", "A07", "P02"]),
    ("A09", &["A10", "P01"]),
    ("P03", &["P04"]),
    ("P05", &["P06"]),
];

/// Whose reviews there are, and in which unit.
const REVIEWED: [&str; 21] = [
    "A01 G1 sales_consultant",
    "A01 G1 team_leader",
    "A02 G1 sales_consultant",
    "A03 G1 sales_consultant",
    "A04 G1 sales_consultant",
    "A05 G2 sales_consultant",
    "A05 G2 team_leader",
    "A06 G2 sales_consultant",
    "A07 G2 sales_consultant",
    "A09 G3 sales_consultant",
    "A09 G3 team_leader",
    "A10 G3 sales_consultant",
    "A12 G1 sales_consultant",
    "P01 G3 sales_consultant",
    "P02 G2 sales_consultant",
    "P03 G4 sales_consultant",
    "P03 G4 team_leader",
    "P04 G4 sales_consultant",
    "P05 G5 team_leader",
    "P06 G5 sales_consultant",
    "T01 JC-XS telesales_specialist",
];

/// A JSON number as a fraction of hundredths; none where it is null.
fn number(value: &Value) -> Option<i128> {
    let Value::Number(number) = value else { return None };
    let (whole, places) = number.as_str().split_once('.').unwrap_or((number.as_str(), ""));
    let sign = if whole.starts_with('-') { -1 } else { 1 };
    Some(whole.parse::<i128>().unwrap() * 100 + sign * format!("{places:0<2}").parse::<i128>().unwrap())
}

/// What went into a review, by metric.
fn inputs(page: &Value) -> Facts {
    let metrics = page["snapshot"]["metrics"].as_object().unwrap().iter();
    metrics.filter_map(|(name, value)| Some((name.clone(), hundredths(number(value)?)))).collect()
}

/// What a review came to.
fn came_to(page: &Value) -> (Vec<Option<i128>>, [Option<i128>; 3], String) {
    let review = &page["review"];
    let items = page["rules"].as_array().unwrap().iter().map(|rule| number(&rule["score"])).collect();
    let totals = ["bonus", "base", "total"].map(|field| number(&review[field]));
    (items, totals, review["final_grade"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn special_people_come_to_what_exact_arithmetic_says() {
    let app = march().await;
    let listed = app.get("auditor", "/v1/reviews?period=2014-03&limit=500").await.expect(200);
    let mut pages = BTreeMap::new();
    for review in listed["items"].as_array().unwrap() {
        let text = |field: &str| review[field].as_str().unwrap().to_owned();
        let page = app.get("auditor", &format!("/v1/reviews/{}", review["id"])).await.expect(200);
        pages.insert((text("employee_no"), text("scheme")), (text("unit"), page));
    }
    let reviewed = pages.iter().map(|((no, scheme), (unit, _))| format!("{no} {unit} {scheme}"));
    assert_eq!(reviewed.collect::<BTreeSet<_>>(), REVIEWED.map(str::to_owned).into());

    let sold = |no: &str| &pages[&(no.to_owned(), "sales_consultant".to_owned())].1;
    let consultants = pages.keys().filter(|(_, scheme)| scheme == "sales_consultant");
    let consultants = consultants
        .map(|(no, _)| (no.as_str(), exact::consultant(&inputs(sold(no)))))
        .collect::<BTreeMap<_, _>>();
    let mut wrong = Vec::new();
    for ((no, scheme), (_, page)) in &pages {
        let facts = inputs(page);
        let expected = match scheme.as_str() {
            "sales_consultant" => consultants[no.as_str()].clone(),
            "telesales_specialist" => exact::telesales(&facts),
            _ => {
                let (_, members) = MEMBERS.iter().find(|(leader, _)| leader == no).unwrap();
                let members = members.iter().map(|no| &consultants[no]).collect::<Vec<_>>();
                exact::leader(&facts, consultants.get(no.as_str()), &members)
            }
        };
        let totals = [Some(expected.bonus), expected.base, expected.total];
        let expected = (expected.items, totals, expected.final_grade.to_owned());
        if came_to(page) != expected {
            wrong.push(format!("{no} {scheme}: {:?}, not {expected:?}", came_to(page)));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");

    // What was entered is what was scored: the worked cases come out as they are published.
    for (no, total, grade) in
        [("P01", 7378, "NR"), ("P02", 9929, "S"), ("P03", 8766, "C"), ("P04", 7378, "NR")]
    {
        let outcome = &consultants[no];
        assert_eq!((outcome.total, outcome.final_grade), (Some(total), grade), "{no}");
    }
    // 27 days are scheduled in March: 13 · 22/27 = 10.59, and of A07's target 24.5/27.
    for (no, days) in [("A03", 500), ("A07", 250)] {
        let facts = inputs(sold(no));
        assert_eq!(facts["protected_leave_days"].in_hundredths(), days, "{no}");
        let target = facts["deliveries_target"];
        let left = whole(27).minus(hundredths(days));
        let lowered = target.times(left).over(whole(27)).plus(hundredths(50));
        let lowered = lowered.in_hundredths().div_euclid(100);
        let reasons = sold(no)["rules"][0].to_string();
        assert!(reasons.contains(&format!("折算为 {lowered}")), "{no}: {reasons}");
    }
    // Nobody rated: the own and the management part alone, (0.4 · 87.66 → 35.06, + 18.27) of 60; a major complaint caps it, too.
    let of = |no: &str| &pages[&(no.to_owned(), "team_leader".to_owned())].1["review"];
    let alone = whole(100).times(hundredths(3506 + 1827)).over(whole(60)).in_hundredths();
    assert_eq!((number(&of("P03")["total"]), &of("P03")["final_grade"]), (Some(alone), &json!("C")));
    // Who does not sell: 0.4 · 99.29 → 39.72, + 18.27, of 60.
    let alone = whole(100).times(hundredths(3972 + 1827)).over(whole(60)).in_hundredths();
    assert_eq!((number(&of("P05")["total"]), &of("P05")["final_grade"]), (Some(alone), &json!("S")));
}
