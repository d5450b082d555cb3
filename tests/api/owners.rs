//! Whose a draft of rules is: a store's people change and decide on its own, and the group on everybody's.

use reqwest::Method;
use serde_json::{Value, json};

use crate::releases::{read, write_as};
use crate::support::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_its_stores_to_change_and_to_decide_on() {
    let app = TestApp::demo().await;
    crate::access::second_store(&app).await;
    let begun =
        async |login: &str| app.post(login, "/v1/rules/drafts", json!({"note": "试"})).await.expect(201);
    let (of_jc, of_hd, of_group) = (begun("hr").await, begun("hd_hr").await, begun("group").await);
    assert_eq!(
        (&of_jc["owner"], &of_hd["owner"], &of_group["owner"]),
        (&json!("JC"), &json!("HD"), &Value::Null)
    );
    let path = |draft: &Value| format!("/v1/rules/drafts/{}", draft["id"]);
    let file = "files/sales_consultant/70_complaints.rhai";
    for (login, draft) in [
        ("hr", &of_hd),
        ("manager", &of_hd),
        ("hd_hr", &of_jc),
        ("hd_hr", &of_group),
        ("hr", &of_group),
        ("manager", &of_group),
    ] {
        let path = path(draft);
        // What others write can be read, since it will hold for everybody.
        let text = read(&app, draft["id"].as_i64().unwrap(), "sales_consultant/70_complaints.rhai").await;
        let before = app.get(login, &path).await.expect(200);
        let steps = [
            (Method::DELETE, path.clone(), None),
            (Method::DELETE, format!("{path}/{file}"), None),
            (Method::PATCH, format!("{path}/parameters"), Some(json!({"parameters": []}))),
            (Method::POST, format!("{path}/withdraw"), None),
        ];
        for (method, step, body) in steps {
            let answer = app.change(login, method, &step, "*", body).await;
            // What is not submitted cannot be withdrawn by anybody, and nothing to change is no change.
            let status = answer.status.as_u16();
            assert!(matches!(status, 403 | 422), "{login} {step} {status} {:#}", answer.body);
        }
        let version = before["version"].to_string();
        let refused = write_as(
            &app,
            login,
            draft["id"].as_i64().unwrap(),
            "sales_consultant/70_complaints.rhai",
            "x",
            &format!("\"{version}\""),
        )
        .await;
        assert_eq!(refused.problem(403), "forbidden", "{login}");
        assert_eq!(app.get(login, &path).await.expect(200), before, "{login}");
        assert_eq!(
            read(&app, draft["id"].as_i64().unwrap(), "sales_consultant/70_complaints.rhai").await,
            text
        );
    }
    for (login, draft) in [("gm", &of_hd), ("hd_gm", &of_jc), ("gm", &of_group)] {
        let decision = Some(json!({"note": "不"}));
        let answer = app.change(login, Method::POST, &format!("{}/reject", path(draft)), "*", decision).await;
        assert_eq!(answer.problem(403), "forbidden", "{login}");
    }
    // The own ones, and everybody's for the group.
    for (login, draft) in [("manager", &of_jc), ("group", &of_hd), ("group", &of_group)] {
        app.change(login, Method::DELETE, &path(draft), "*", None).await.expect(204);
    }
}
