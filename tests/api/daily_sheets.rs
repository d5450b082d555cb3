//! The advisor's daily sheet and the morning meeting.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use reqwest::Method;
use serde_json::{Value, json};
use showfloor::auth::access::Role;
use showfloor::db::schema::audit_entry;

use crate::access::second_store;
use crate::support::{Answer, As, TestApp};
use crate::users::fields;
use crate::work_reports::freeze;

async fn put(app: &TestApp, login: &str, day: &str, sheet: Value) -> Answer {
    app.send(As::Login(login), Method::PUT, &format!("/v1/daily-sheets/{day}"), Some(sheet)).await
}

async fn known(app: &TestApp, employee_no: &str, metric: &str) -> Value {
    let path = format!("/v1/facts?period=2026-02&employee_no={employee_no}");
    app.get("hr", &path).await.expect(200)["items"][0]["facts"][metric].clone()
}

fn monday() -> Value {
    json!({
        "counts": {"first_visits": 4, "visitors": 5, "captured_leads": 3, "test_drives": 2, "orders": 1, "deliveries": 1},
        "leads": [
            {"channel": "showroom", "source": "walk_in", "leads": 4},
            {"channel": "phone_web", "source": "autohome", "leads": 6},
        ],
        "lost": [{"reason": "price", "prospects": 2}, {"reason": "competitor", "prospects": 1}],
        "note": "周一客流少",
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn sheets_are_summed_into_the_month_and_written_again_until_it_is_frozen() {
    let app = TestApp::demo().await.at("2026-02-03T12:00:00Z");
    let first = put(&app, "consultant", "2026-02-02", monday()).await.expect(200);
    assert_eq!((&first["sheet"]["revision"], &first["warnings"]), (&json!(1), &json!([])));
    let tuesday = json!({"counts": {"first_visits": 2}, "lost": []});
    put(&app, "consultant", "2026-02-03", tuesday).await.expect(200);
    for (metric, expected) in [
        ("first_visits", 6),
        ("visitors", 5),
        ("captured_leads", 3),
        ("test_drives", 2),
        ("orders", 1),
        ("deliveries", 1),
        ("lost_prospects", 3),
    ] {
        assert_eq!(known(&app, "A02", metric).await, expected, "{metric}");
    }
    // The same again changes nothing, in whatever order its leads stand.
    let mut same = monday();
    same["leads"].as_array_mut().unwrap().reverse();
    assert_eq!(put(&app, "consultant", "2026-02-02", same).await.expect(200)["sheet"]["revision"], 1);
    // Written again: what is odd is said and taken; what it no longer speaks of is unknown, not 0.
    let again = json!({"counts": {"first_visits": 5, "captured_leads": 6}, "lost": [{"reason": "price", "prospects": 1}]});
    let again = put(&app, "consultant", "2026-02-02", again).await.expect(200);
    assert_eq!(again["sheet"]["revision"], 2);
    assert_eq!(again["warnings"][0]["field"], "counts.captured_leads");
    assert_eq!(again["warnings"].as_array().unwrap().len(), 1);
    for (metric, expected) in [
        ("first_visits", json!(7)),
        ("captured_leads", json!(6)),
        ("orders", Value::Null),
        ("lost_prospects", json!(1)),
    ] {
        assert_eq!(known(&app, "A02", metric).await, expected, "{metric}");
    }
    let path = "/v1/facts/history?period=2026-02&employee_no=A02&metric=first_visits";
    let rows = app.get("hr", path).await.expect(200)["items"].as_array().unwrap().clone();
    let stands = rows.iter().map(|row| (&row["day"], &row["value"], &row["stands"])).collect::<Vec<_>>();
    let (second, third) = (json!("2026-02-02"), json!("2026-02-03"));
    assert_eq!(
        stands,
        [
            (&second, &json!(4), &json!(false)),
            (&third, &json!(2), &json!(true)),
            (&second, &json!(5), &json!(true)),
        ]
    );
    assert_eq!(rows[2]["replaces"], rows[0]["id"]);
    // What the DMS delivers goes before.
    let rows = json!([{"employee_no": "A02", "facts": {"first_visits": 30}}]);
    let body = json!({"period": "2026-02", "source_system": "dms", "rows": rows});
    app.post("clerk", "/v1/facts", body).await.expect(200);
    assert_eq!(known(&app, "A02", "first_visits").await, 30);
    // Nothing is written into a month that is frozen.
    freeze(&app, "2026-02").await;
    assert_eq!(put(&app, "consultant", "2026-02-03", monday()).await.problem(409), "conflict");
    put(&app, "consultant", "2026-01-30", monday()).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_and_changes_nothing() {
    let app = TestApp::demo().await.at("2026-02-03T12:00:00Z");
    let before = crate::facts::ledger(&app).await;
    for (sheet, field) in [
        (json!({"counts": {"first_visits": -1}}), "counts.first_visits"),
        (json!({"counts": {"orders": 1000}}), "counts.orders"),
        (json!({"counts": {"orders": 1.5}}), "counts.orders"),
        (json!({"counts": {"happiness": 1}}), "counts.happiness"),
        (json!({}), "counts"),
        (json!({"leads": [{"channel": "showroom", "source": "radio", "leads": 1}]}), "leads[0].source"),
        (json!({"leads": [{"channel": "moon", "source": "walk_in", "leads": 1}]}), "leads[0].channel"),
        (json!({"lost": [{"reason": "weather", "prospects": 1}]}), "lost[0].reason"),
        (
            json!({"lost": [{"reason": "price", "prospects": 500}, {"reason": "other", "prospects": 500}]}),
            "lost",
        ),
    ] {
        let answer = put(&app, "consultant", "2026-02-03", sheet.clone()).await;
        assert_eq!(fields(&answer), [field], "{sheet}");
        assert_eq!(answer.problem(422), "validation-failed");
    }
    for day in ["2026-02-04", "1999-12-31", "2012-05-05"] {
        let answer = put(&app, "consultant", day, monday()).await;
        assert_eq!(fields(&answer), ["day"], "{day}");
    }
    assert_eq!(put(&app, "consultant", "2026-02-30", monday()).await.problem(404), "not-found");
    assert_eq!(crate::facts::ledger(&app).await, before);
    // A source that a store has added can be named.
    let names = json!({"zh": "抖音直播", "en": "Livestream", "store": "JC"});
    let path = "/v1/lead-sources/livestream";
    app.change("manager", Method::PUT, path, "\"0\"", Some(names)).await.expect(200);
    let sheet = json!({"leads": [{"channel": "phone_web", "source": "livestream", "leads": 3}]});
    put(&app, "consultant", "2026-02-03", sheet).await.expect(200);
    let sources = app.get("consultant", "/v1/lead-sources").await.expect(200);
    assert_eq!(sources.as_array().unwrap().len(), 7);
    let reasons = app.get("consultant", "/v1/lost-reasons").await.expect(200);
    assert_eq!(reasons.as_array().unwrap().len(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn sheets_written_at_once_leave_one_that_stands() {
    let app = TestApp::demo().await.at("2026-02-03T12:00:00Z");
    let write =
        |visits: i32| put(&app, "consultant", "2026-02-02", json!({"counts": {"first_visits": visits}}));
    let answers = futures_util::future::join_all((1..=6).map(write)).await;
    for answer in answers {
        answer.expect(200);
    }
    let page = app.get("consultant", "/v1/daily-sheets?day=2026-02-02").await.expect(200);
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    assert_eq!(page["items"][0]["revision"], 6);
    assert_eq!(known(&app, "A02", "first_visits").await, page["items"][0]["counts"]["first_visits"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_morning_meeting_sees_yesterday_and_the_month_so_far() {
    let app = TestApp::demo().await.at("2026-02-03T12:00:00Z");
    put(&app, "consultant", "2026-02-02", monday()).await.expect(200);
    let leads = json!([{"channel": "phone_web", "source": "autohome", "leads": 5}]);
    let lost = json!([{"reason": "price", "prospects": 3}]);
    put(&app, "consultant", "2026-02-03", json!({"counts": {"first_visits": 2, "orders": 1}, "lost": lost}))
        .await
        .expect(200);
    put(&app, "leader", "2026-02-03", json!({"counts": {"first_visits": 1}, "leads": leads}))
        .await
        .expect(200);
    put(&app, "leader2", "2026-02-02", json!({"counts": {"first_visits": 9}})).await.expect(200);
    // Another month does not count.
    put(&app, "consultant", "2026-01-30", monday()).await.expect(200);

    let app = app.at("2026-02-04T00:30:00Z");
    let meeting = app.get("manager", "/v1/daily-sheets/morning?store=JC").await.expect(200);
    assert_eq!((&meeting["day"], &meeting["sheet_day"]), (&json!("2026-02-04"), &json!("2026-02-03")));
    let teams = meeting["teams"].as_array().unwrap();
    let units = teams.iter().map(|team| team["unit"].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(units, ["G1", "G2", "G3", "JC-XS"]);
    let sums = |team: &Value, of: &str, metric: &str| team[of][metric].clone();
    assert_eq!(sums(&teams[0], "on_day", "first_visits"), 3);
    assert_eq!(sums(&teams[0], "on_day", "sheets"), 2);
    assert_eq!(sums(&teams[0], "on_day", "deliveries"), Value::Null);
    assert_eq!(sums(&teams[0], "month_to_date", "first_visits"), 7);
    assert_eq!(sums(&teams[0], "month_to_date", "orders"), 2);
    assert_eq!(sums(&teams[0], "month_to_date", "lost_prospects"), 6);
    assert_eq!(teams[0]["not_written"], json!(["A03", "A04"]));
    assert_eq!(teams[1]["not_written"], json!(["A05", "A06", "A07", "A08"]));
    assert_eq!(sums(&teams[1], "month_to_date", "first_visits"), 9);
    assert_eq!(teams[1]["people"][0]["on_day"], Value::Null);
    assert_eq!(teams[3]["not_written"], json!(["T01"]));
    let rows = |field: &str, keys: [&str; 3]| {
        let rows = meeting[field].as_array().unwrap().clone();
        rows.iter().map(|row| keys.map(|key| row[key].clone())).collect::<Vec<_>>()
    };
    let keys = ["code", "on_day", "month_to_date"];
    assert_eq!(
        rows("lost", keys),
        [[json!("competitor"), json!(0), json!(1)], [json!("price"), json!(3), json!(5)]]
    );
    assert_eq!(
        rows("channels", keys),
        [[json!("phone_web"), json!(5), json!(11)], [json!("showroom"), json!(0), json!(4)]]
    );
    assert_eq!(
        rows("sources", keys),
        [[json!("autohome"), json!(5), json!(11)], [json!("walk_in"), json!(0), json!(4)]]
    );
    assert_eq!(meeting["lost"][1]["zh"], "价格");
    assert_eq!(meeting["sources"][0]["zh"], "汽车之家");
    // As far as one reaches.
    let team = app.get("leader", "/v1/daily-sheets/morning?store=JC&day=2026-02-03").await.expect(200);
    assert_eq!(team["teams"].as_array().unwrap().len(), 1);
    assert_eq!(team["teams"][0]["on_day"]["first_visits"], 4);
    let own = app.get("consultant", "/v1/daily-sheets/morning?store=JC").await.expect(200);
    assert_eq!(own["teams"][0]["people"].as_array().unwrap().len(), 1);
    for (login, path) in
        [("manager", "/v1/daily-sheets/morning?store=NO"), ("leader", "/v1/daily-sheets/morning?store=G1")]
    {
        assert_eq!(app.get(login, path).await.problem(404), "not-found");
    }
    let others = app.get("leader2", "/v1/daily-sheets?period=2026-02").await.expect(200);
    assert_eq!(others["items"].as_array().unwrap().len(), 1);
}

/// Ends a person's posting before the 3rd of February 2026.
async fn end_posting(app: &TestApp, employee_no: &str) {
    let postings = app.get("admin", &format!("/v1/assignments?employee_no={employee_no}")).await.expect(200);
    let path = format!("/v1/assignments/{}", postings["items"][0]["id"]);
    let end = Some(json!({"valid_to": "2026-02-03"}));
    app.change("admin", Method::PATCH, &path, "*", end).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_morning_meeting_counts_for_a_team_what_was_done_in_it_by_whoever_has_moved_or_left() {
    let app = TestApp::demo().await.at("2026-02-03T12:00:00Z");
    app.add_user("third", &[Role::SalesConsultant], Some("A03"), None).await;
    put(&app, "consultant", "2026-02-02", monday()).await.expect(200);
    put(&app, "third", "2026-02-02", json!({"counts": {"first_visits": 7}})).await.expect(200);
    // On the 3rd A02 has moved to the second team, and A03 has left.
    end_posting(&app, "A02").await;
    end_posting(&app, "A03").await;
    let posting = json!({"employee_no": "A02", "unit": "G2", "position": "sales_consultant", "valid_from": "2026-02-03"});
    app.post("admin", "/v1/assignments", posting).await.expect(201);
    put(&app, "consultant", "2026-02-03", json!({"counts": {"first_visits": 2}})).await.expect(200);

    let app = app.at("2026-02-04T00:30:00Z");
    let meeting = app.get("manager", "/v1/daily-sheets/morning?store=JC").await.expect(200);
    let (g1, g2) = (&meeting["teams"][0], &meeting["teams"][1]);
    assert_eq!((&g1["unit"], &g2["unit"]), (&json!("G1"), &json!("G2")));
    assert_eq!(
        (&g1["month_to_date"]["first_visits"], &g1["month_to_date"]["sheets"]),
        (&json!(11), &json!(2))
    );
    assert_eq!((&g1["on_day"]["sheets"], &g1["not_written"]), (&json!(0), &json!(["A01", "A04"])));
    assert_eq!((&g2["month_to_date"]["first_visits"], &g2["on_day"]["sheets"]), (&json!(2), &json!(1)));
    let people = |team: &Value| {
        let people = team["people"].as_array().unwrap().iter();
        let people = people.map(|one| (one["employee_no"].clone(), one["is_posted"] == true));
        people.collect::<Vec<_>>()
    };
    let expected = [("A01", true), ("A02", false), ("A03", false), ("A04", true)];
    assert_eq!(people(g1), expected.map(|(no, is_posted)| (json!(no), is_posted)));
    assert!(people(g2).contains(&(json!("A02"), true)));
    // What was done in the store is counted as a whole: leads by channel, and losses by reason.
    assert_eq!(
        meeting["channels"][0],
        json!({"code": "phone_web", "zh": "电话网销", "on_day": 0, "month_to_date": 6})
    );
    assert_eq!(meeting["lost"][1]["month_to_date"], 2);
    // The leader of the first team sees what was done there, and no more.
    let team = app.get("leader", "/v1/daily-sheets/morning?store=JC").await.expect(200);
    assert_eq!(team["teams"].as_array().unwrap().len(), 1);
    assert_eq!(team["teams"][0]["month_to_date"]["first_visits"], 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_plans_and_sheets_name_is_added_and_renamed_and_leaves_a_trace() {
    let app = TestApp::demo().await;
    second_store(&app).await;
    app.add_user("hd_manager", &[Role::SalesManager], None, Some("HD")).await;
    for (list, subject) in [
        ("channels", "channel/livestream"),
        ("series", "series/livestream"),
        ("lead-sources", "lead_source/livestream"),
        ("lost-reasons", "lost_reason/livestream"),
    ] {
        let path = format!("/v1/{list}/livestream");
        for (version, zh) in [(1, "直播"), (2, "抖音直播")] {
            let names = Some(json!({"zh": zh, "en": "Livestream", "store": "JC"}));
            let seen = format!("\"{}\"", version - 1);
            let label = app.change("manager", Method::PUT, &path, &seen, names.clone()).await.expect(200);
            let expected = json!({"code": "livestream", "zh": zh, "en": "Livestream", "store": "JC", "version": version});
            assert_eq!(label, expected);
            // Whoever saw what was there before changes nothing.
            let late = app.change("manager", Method::PUT, &path, &seen, names).await;
            assert_eq!(late.problem(412), "precondition-failed");
        }
        // What all stores share is the group's, and another store's own is that store's.
        let shared = app.get("manager", &format!("/v1/{list}")).await.expect(200);
        let shared =
            shared.as_array().unwrap().iter().find(|label| label["store"].is_null()).unwrap()["code"].clone();
        let renamed = json!({"zh": "改名", "en": "Renamed"});
        let path_of_shared = format!("/v1/{list}/{}", shared.as_str().unwrap());
        let refused = app.change("manager", Method::PUT, &path_of_shared, "*", Some(renamed.clone())).await;
        assert_eq!(refused.problem(403), "forbidden", "{list}");
        let new = format!("/v1/{list}/brand_new");
        assert_eq!(
            app.change("manager", Method::PUT, &new, "*", Some(renamed.clone())).await.problem(403),
            "forbidden"
        );
        for login in ["hd_manager"] {
            let answer =
                app.change(login, Method::PUT, &path, "*", Some(json!({"zh": "别店", "en": "x"}))).await;
            assert!(answer.status == 403, "{list} {login}: {:#}", answer.body);
        }
        let theirs = app.get("hd_manager", &format!("/v1/{list}")).await.expect(200);
        assert!(theirs.as_array().unwrap().iter().all(|label| label["code"] != "livestream"), "{list}");
        app.change("group", Method::PUT, &path_of_shared, "*", Some(renamed)).await.expect(200);
        let labels = app.get("manager", &format!("/v1/{list}")).await.expect(200);
        let labels = labels.as_array().unwrap();
        assert_eq!(labels.iter().filter(|label| label["zh"] == "抖音直播").count(), 1, "{list}");
        let codes = labels.iter().map(|label| label["code"].as_str().unwrap()).collect::<Vec<_>>();
        assert!(codes.is_sorted(), "{codes:?}");
        let traces: i64 = audit_entry::table
            .filter(audit_entry::action.eq("put_label").and(audit_entry::subject.eq(subject)))
            .count()
            .get_result(&mut app.pool.get().await.unwrap())
            .await
            .unwrap();
        assert_eq!(traces, 2, "{list}");
        let names = Some(json!({"zh": "直播", "en": "Livestream"}));
        let answer =
            app.change("manager", Method::PUT, &format!("/v1/{list}/live%20stream"), "*", names).await;
        assert_eq!(fields(&answer), ["code"], "{list}");
    }
}
