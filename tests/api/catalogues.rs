//! What may be collected is what the releases say that count and will count, and no edit of a folder.

use reqwest::Method;
use serde_json::{Value, json};
use showfloor::auth::Context;
use showfloor::rules::folder::RulesFolder;

use crate::releases::{backtest, begin, read, release, write};
use crate::support::{Answer, Template, TestApp, copied_rules};

const METRICS: &str = "metrics.toml";
const NEW: &str = "\n[[metric]]\nname = \"live_streams\"\nzh = \"直播场次\"\nen = \"Live streams\"\nunit = \"场\"\n\
    kind = \"count\"\nmissing = \"na\"\nsource = \"dms\"\ndirection = \"up\"\nstep = 1\n";

async fn deliver(app: &TestApp, period: &str) -> Answer {
    let rows = json!([{"employee_no": "A02", "facts": {"live_streams": 3}}]);
    app.post("clerk", "/v1/facts", json!({"period": period, "source_system": "dms", "rows": rows})).await
}

async fn is_listed(app: &TestApp, period: &str) -> bool {
    let listed = app.get("hr", &format!("/v1/metrics?period={period}")).await.expect(200);
    listed.as_array().unwrap().iter().any(|metric| metric["name"] == "live_streams")
}

async fn import(app: &TestApp, period: &str) -> Answer {
    let sheet = "工号,直播场次\nA02,4\n".as_bytes().to_vec();
    app.upload("clerk", &format!("/v1/column-mappings/dms/imports?period={period}"), sheet).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_collected_follows_the_releases() {
    let rules = copied_rules();
    let folder = rules.path().join(METRICS);
    std::fs::write(&folder, std::fs::read_to_string(&folder).unwrap() + NEW).unwrap();
    let app = TestApp::start(Template::Demo, rules.path()).await;
    let other = app.at("2014-07-01T02:00:00Z");
    // The folder has it, and nobody has released it.
    for server in [&app, &other] {
        assert!(!is_listed(server, "2014-05").await);
        let refused = deliver(server, "2014-05").await;
        assert_eq!(refused.body["errors"][0]["field"], "rows[0].facts.live_streams");
        assert_eq!(refused.problem(422), "validation-failed");
    }
    let draft = begin(&app).await;
    let text = read(&app, draft, METRICS).await;
    write(&app, draft, METRICS, &(text.clone() + NEW)).await.expect(200);
    assert!(!is_listed(&app, "2014-06").await, "a draft is nobody's catalogue");
    assert_eq!(release(&app, draft).await, 2);
    // From June on it counts, and it is collected before.
    for (server, period) in [(&app, "2014-05"), (&other, "2014-05"), (&other, "2014-06")] {
        assert!(is_listed(server, period).await);
        let recorded = deliver(server, period).await.expect(200);
        assert_ne!(recorded["rows"][0]["outcome"], Value::Null);
        assert_eq!(import(server, period).await.body["rows"], 1);
    }
    let columns = async |login: &str| {
        let sheet = "工号,直播场次\nA02,4\n".as_bytes().to_vec();
        app.upload(login, "/v1/column-mappings/propose?period=2014-05", sheet).await.expect(200)
    };
    assert!(columns("clerk").await.to_string().contains("live_streams"));
    // From July on nobody wants it any more; what June is measured by is still delivered.
    let draft = begin(&app).await;
    write(&app, draft, METRICS, &text).await.expect(200);
    let handed_in = json!({"effective_from": "2014-07", "consulted_on": "2014-05-10", "note": "不再统计"});
    let step = async |login: &str, what: &str, body: Value| {
        let path = format!("/v1/rules/drafts/{draft}/{what}");
        app.change(login, Method::POST, &path, "*", Some(body)).await.expect(200)
    };
    step("hr", "submit", handed_in).await;
    backtest(&app, draft).await;
    step("gm", "approve", json!({"note": "同意"})).await;
    deliver(&other, "2014-06").await.expect(200);
    for server in [&app, &other] {
        assert!(is_listed(server, "2014-06").await && !is_listed(server, "2014-07").await);
        assert_eq!(deliver(server, "2014-07").await.problem(422), "validation-failed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_is_never_larger_than_the_whole() {
    let app = TestApp::demo().await;
    let deliver = async |facts: Value| {
        let rows = json!([{"employee_no": "A02", "facts": facts}]);
        app.post("clerk", "/v1/facts", json!({"period": "2014-05", "source_system": "dms", "rows": rows}))
            .await
    };
    let refused = deliver(json!({"first_visits": 30, "captured_leads": 31})).await;
    assert_eq!(refused.body["errors"][0]["field"], "rows[0].facts.captured_leads");
    let said = refused.body["errors"][0]["message"].as_str().unwrap();
    assert!(said.contains("31 大于 first_visits 的 30"), "{said}");
    assert_eq!(refused.problem(422), "validation-failed");
    // One after the other either can be the wrong one: both stand, and it is told.
    assert!(deliver(json!({"captured_leads": 31})).await.expect(200)["beyond"].is_null());
    let told = deliver(json!({"first_visits": 30})).await.expect(200)["beyond"].clone();
    let expected = json!([{"employee_no": "A02", "metric": "captured_leads", "value": 31, "at_most": "first_visits", "bound": 30}]);
    assert_eq!(told, expected);
    assert!(deliver(json!({"first_visits": 31})).await.expect(200)["beyond"].is_null());
    let import = async |lines: &str, more: &str| {
        let sheet = format!("工号,{lines}\n").into_bytes();
        app.upload("clerk", &format!("/v1/imports?kind=dms-funnel&period=2014-05{more}"), sheet).await
    };
    let refused = import("首次到店,留档数,交车台数\nA02,20,21,5", "").await;
    assert_eq!(refused.status, 422, "{:#}", refused.body);
    assert!(refused.body.to_string().contains("不大于“首次到店”的 20"), "{:#}", refused.body);
    for (more, status) in [("&dry_run=true", 200), ("", 201)] {
        let noted = import("首次到店,交车台数\nA02,20,5", more).await.expect(status)["notes"].to_string();
        assert!(noted.contains("A02 本月留档 31 大于首次到店 20"), "{noted}");
    }
}

/// What comes late for a month that is frozen is measured by the rules that score it, not by those of today.
#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_month_is_corrected_by_the_catalogue_of_its_own_release() {
    let rules = copied_rules();
    let app = TestApp::start(Template::Demo, rules.path()).await;
    let cycles = app.get("hr", "/v1/review-cycles?period=2014-03").await.expect(200);
    let freeze = format!("/v1/review-cycles/{}/freeze", cycles["items"][0]["id"]);
    app.post("hr", &freeze, json!({"accept_missing": true, "note": "试"})).await.expect(200);
    // A shop of one releases its folder later: nobody delivers more than 50 cars any more, and live streams are counted.
    let path = rules.path().join(METRICS);
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, deliveries) = text.split_once("name = \"deliveries\"").unwrap();
    let deliveries = deliveries.replacen("step = 1\n", "step = 1\nmax = 50\n", 1);
    std::fs::write(&path, format!("{before}name = \"deliveries\"{deliveries}{NEW}")).unwrap();
    let later = app.at("2014-07-01T02:00:00Z");
    let folder = RulesFolder::new(rules.path(), true);
    folder.sync(&mut Context::operator(&later.pool, later.clock.now()).await.unwrap()).await.unwrap();
    assert_eq!(folder.status().release, Some(2), "{:#?}", folder.status().findings);
    let deliver = async |period: &str, facts: Value| {
        let rows = json!([{"employee_no": "A02", "facts": facts}]);
        let body =
            json!({"period": period, "source_system": "dms", "late": "keep", "reason": "补录", "rows": rows});
        later.post("clerk", "/v1/facts", body).await
    };
    // March is scored by release 1, which knows neither.
    let kept = deliver("2014-03", json!({"deliveries": 60})).await.expect(200);
    assert_eq!(kept["rows"][0]["outcome"], "pending");
    assert_eq!(deliver("2014-03", json!({"live_streams": 3})).await.problem(422), "validation-failed");
    let listed = later
        .get("hr", "/v1/facts/history?period=2014-03&employee_no=A02&metric=deliveries")
        .await
        .expect(200);
    let standing = listed["items"].as_array().unwrap().iter().find(|row| row["stands"] == true).unwrap();
    let correct = format!("/v1/facts/{}/correct", standing["id"]);
    let body = json!({"value": 55, "reason": "漏记", "late": "keep"});
    assert_eq!(later.post("clerk", &correct, body).await.expect(200)["outcome"], "pending");
    // June is open, and release 2 scores it.
    assert_eq!(deliver("2014-06", json!({"deliveries": 60})).await.problem(422), "validation-failed");
    deliver("2014-06", json!({"deliveries": 40, "live_streams": 3})).await.expect(200);
    assert!(!is_listed(&later, "2014-03").await && is_listed(&later, "2014-06").await);
}
