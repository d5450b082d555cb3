//! The leaderboard 龙虎榜: its order, how much of it everybody sees, and that it is logged.

use serde_json::{Value, json};

use crate::support::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn the_leaderboard_is_sorted_and_ends_where_it_is_asked_to() {
    let app = TestApp::published().await;
    let path = "/v1/dashboard/leaderboard?period=2014-03";
    let ten = app.get("hr", path).await.expect(200);
    let places = ten.as_array().unwrap();
    assert_eq!(places.len(), 10);
    // Whoever may not read the reviews sees a third of the twelve, and of nobody who comes last.
    for login in ["consultant", "leader", "telesales", "clerk"] {
        let shown = app.get(login, &format!("{path}&top=100")).await.expect(200);
        assert_eq!(shown.as_array().unwrap()[..], places[..4], "{login}");
    }
    let own_team = app.get("leader", &format!("{path}&unit=G1&top=100")).await.expect(200);
    assert_eq!(own_team.as_array().unwrap().len(), 4, "a leader may read the team's reviews");
    assert_eq!(
        (&places[0]["employee_no"], places[0]["total"].to_string(), &places[0]["final_grade"]),
        (&json!("A01"), "96.63".to_owned(), &json!("S"))
    );
    assert_eq!(
        (&places[0]["rank"], &places[0]["unit"], &places[0]["name"]),
        (&json!(1), &json!("销售一组"), &json!("陈志远"))
    );
    let key = |place: &Value| {
        // Two places each, so that without the point they compare as whole cents.
        let cents: i64 = place["total"].to_string().replace('.', "").parse().unwrap();
        (-cents, -place["deliveries"].as_i64().unwrap())
    };
    assert!(places.iter().map(key).is_sorted(), "{ten:#}");
    let all = app.get("hr", &format!("{path}&top=100")).await.expect(200);
    assert_eq!(all.as_array().unwrap().len(), 12);
    let three = app.get("hr", &format!("{path}&top=3")).await.expect(200);
    assert_eq!(three.as_array().unwrap()[..], places[..3]);
    for wrong in ["&top=0", "&top=101", "&top=-1", "&top=x", "&order=worst"] {
        assert_eq!(
            app.get("hr", &format!("{path}{wrong}")).await.problem(422),
            "validation-failed",
            "{wrong}"
        );
    }
    let leaders = app.get("hr", &format!("{path}&position=team_leader")).await.expect(200);
    assert_eq!(leaders.as_array().unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_says_how_much_of_its_leaderboard_everybody_sees() {
    let app = TestApp::published().await;
    let path = "/v1/dashboard/leaderboard?period=2014-03&top=100";
    let shown = async |login: &str, more: &str| {
        let board = app.get(login, &format!("{path}{more}")).await.expect(200);
        board.as_array().unwrap().len()
    };
    let terms = app.get("hr", "/v1/review-terms/JC").await.expect(200);
    assert_eq!(terms["leaderboard_one_in"], 3, "a third, unless the store says otherwise");
    let put = async |login: &str, one_in: i64| {
        let mut body = app.get("hr", "/v1/review-terms/JC").await.expect(200);
        let version = body["version"].to_string();
        body.as_object_mut().unwrap().retain(|name, _| !["store", "version"].contains(&name.as_str()));
        body["leaderboard_one_in"] = json!(one_in);
        app.change(login, reqwest::Method::PUT, "/v1/review-terms/JC", &format!("\"{version}\""), Some(body))
            .await
    };
    for (one_in, places) in [(3, 4), (2, 6), (6, 2), (12, 1), (13, 0)] {
        if one_in != 3 {
            put("hr", one_in).await.expect(200);
        }
        assert_eq!(shown("consultant", "").await, places, "one in {one_in}");
    }
    for (login, one_in, status) in [("hr", 1, 422), ("hr", 0, 422), ("hr", 101, 422), ("consultant", 3, 403)]
    {
        assert_eq!(put(login, one_in).await.status, status, "{login} {one_in}");
    }
    // Of four in a team half are shown; of three leaders one, and of the other two nobody knows who comes last.
    put("hr", 2).await.expect(200);
    assert_eq!(shown("clerk", "&unit=G2").await, 2);
    assert_eq!(shown("clerk", "&position=team_leader").await, 1);
    assert_eq!(shown("clerk", "&position=telesales_specialist").await, 0);
    assert_eq!(shown("hr", "").await, 12, "whoever reads the reviews sees them all");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_leaderboard_tells_of_others_is_logged() {
    let app = TestApp::published().await;
    let first = app.get("auditor", "/v1/access-log?limit=500").await.expect(200);
    assert_eq!(first["items"], json!([]));
    let board = app.get("consultant", "/v1/dashboard/leaderboard?period=2014-03").await.expect(200);
    let told = board.as_array().unwrap().iter().map(|place| place["employee_no"].as_str().unwrap());
    let mut told = told.filter(|person| *person != "A02").map(str::to_owned).collect::<Vec<_>>();
    told.sort_unstable();
    let log = app.get("auditor", "/v1/access-log?limit=500").await.expect(200);
    let rows = log["items"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["login"] == "consultant"), "{log:#}");
    let mut logged =
        rows.iter().map(|row| row["employee_no"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    logged.sort_unstable();
    assert_eq!(logged, told);
    assert!(told.len() >= 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_totals_and_deliveries_share_a_rank() {
    // A month in which everybody's record is the same, but that A05 has delivered: nobody has a target, so cars change
    // nothing but the order.
    let app = TestApp::published().await.at("2015-02-02T02:00:00Z");
    let everybody = |facts: Value| {
        (1..=12).map(|i| json!({"employee_no": format!("A{i:02}"), "facts": facts})).collect::<Vec<_>>()
    };
    for (login, facts) in [
        ("hr", json!({"scheduled_days": 26, "exam_score": 90})),
        ("supervisor", json!({"five_s_checks": 40, "five_s_failures": 0})),
        ("service", json!({"complaints_minor": 0})),
    ] {
        let body = json!({"period": "2015-01", "source_system": "test", "rows": everybody(facts)});
        app.post(login, "/v1/facts", body).await.expect(200);
    }
    let cars = json!({"period": "2015-01", "source_system": "test",
        "rows": [{"employee_no": "A05", "facts": {"deliveries": 1}}]});
    app.post("clerk", "/v1/facts", cars).await.expect(200);
    let cycle =
        app.post("hr", "/v1/review-cycles", json!({"store": "JC", "period": "2015-01"})).await.expect(201);
    app.post_empty("hr", &format!("/v1/review-cycles/{}/generate", cycle["id"])).await.expect(200);
    app.publish().await;
    let board = app.get("hr", "/v1/dashboard/leaderboard?period=2015-01&top=4").await.expect(200);
    let places: Vec<_> = board
        .as_array()
        .unwrap()
        .iter()
        .map(|place| (place["rank"].as_i64().unwrap(), place["employee_no"].as_str().unwrap()))
        .collect();
    assert_eq!(places, [(1, "A05"), (2, "A01"), (2, "A02"), (2, "A03")], "{board:#}");
    assert_eq!(board[0]["total"], board[1]["total"]);
}
