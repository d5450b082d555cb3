//! Rules as governed releases: drafted, checked, tried, approved by somebody else, in force from a month on.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};
use showfloor::auth::Context;
use showfloor::auth::access::Role;
use showfloor::rules::folder::{FolderState, RulesFolder};
use showfloor::rules::{in_force, library::Library};

use crate::support::{Answer, Template, TestApp, copied_rules, shipped_rules};

/// Begins a draft as HR, a copy of the release in force; its id.
pub async fn begin(app: &TestApp) -> i64 {
    app.post("hr", "/v1/rules/drafts", json!({"note": "试行"})).await.expect(201)["id"].as_i64().unwrap()
}

async fn version(app: &TestApp, draft: i64) -> String {
    app.get("hr", &format!("/v1/rules/drafts/{draft}")).await.etag.unwrap()
}

/// Writes a file of a draft as HR.
pub async fn write(app: &TestApp, draft: i64, path: &str, text: &str) -> Answer {
    let seen = version(app, draft).await;
    write_as(app, "hr", draft, path, text, &seen).await
}

pub async fn write_as(app: &TestApp, login: &str, draft: i64, path: &str, text: &str, seen: &str) -> Answer {
    let request = app
        .request(Method::PUT, &format!("/v1/rules/drafts/{draft}/files/{path}"))
        .bearer_auth(app.token(login).await)
        .header("If-Match", seen)
        .body(text.to_owned());
    Answer::of(request.send().await.unwrap()).await
}

/// A file of a draft.
pub async fn read(app: &TestApp, draft: i64, path: &str) -> String {
    let answer = app.get("hr", &format!("/v1/rules/drafts/{draft}/files/{path}")).await.expect(200);
    answer.as_str().unwrap().to_owned()
}

/// Sets a consultant's parameter of a draft as HR.
pub async fn set(app: &TestApp, draft: i64, name: &str, value: Value) -> Answer {
    let path = format!("/v1/rules/drafts/{draft}/parameters");
    let body = json!({"parameters": [{"scheme": "sales_consultant", "name": name, "value": value}]});
    app.change("hr", Method::PATCH, &path, "*", Some(body)).await
}

fn submission(effective_from: &str) -> Value {
    json!({"effective_from": effective_from, "consulted_on": "2014-05-10", "note": "得分线调整"})
}

async fn submit(app: &TestApp, login: &str, draft: i64, effective_from: &str) -> Answer {
    let path = format!("/v1/rules/drafts/{draft}/submit");
    app.change(login, Method::POST, &path, "*", Some(submission(effective_from))).await
}

async fn decide(app: &TestApp, login: &str, draft: i64, what: &str) -> Answer {
    let path = format!("/v1/rules/drafts/{draft}/{what}");
    app.change(login, Method::POST, &path, "*", Some(json!({"note": "已阅"}))).await
}

/// Tries a draft on the whole year and waits for the report.
pub async fn backtest(app: &TestApp, draft: i64) -> Value {
    let body = json!({"draft": draft, "from": "2014-01", "to": "2014-12"});
    let id = app.post("hr", "/v1/rules/backtests", body).await.expect(202)["id"].as_i64().unwrap();
    for _ in 0..600 {
        let test = app.get("hr", &format!("/v1/rules/backtests/{id}")).await.expect(200);
        if test["state"] != "running" {
            assert_eq!(test["state"], "finished", "{test:#}");
            return test;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the backtest does not end");
}

/// Takes a draft of HR's all the way to a release in force from June on: its id.
pub async fn release(app: &TestApp, draft: i64) -> i64 {
    submit(app, "hr", draft, "2014-06").await.expect(200);
    backtest(app, draft).await;
    decide(app, "gm", draft, "approve").await.expect(200)["release"].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_becomes_a_release_that_scores_its_month_and_no_earlier_one() {
    let app = TestApp::demo().await;
    let draft = begin(&app).await;
    set(&app, draft, "attainment_floor", json!(0.95)).await.expect(200);
    let diff = app.get("hr", &format!("/v1/rules/drafts/{draft}/diff")).await.expect(200);
    let changes = diff["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!(
        (&changes[0]["path"], &changes[0]["kind"]),
        (&json!("sales_consultant/scheme.toml"), &json!("changed"))
    );
    let text = changes[0]["diff"].as_str().unwrap();
    assert!(text.contains("\n-value = 0.60\n+value = 0.95\n"), "{text}");
    // The golden cases name the parameters that they were written for, and stay true.
    let verdict = app.get("hr", &format!("/v1/rules/drafts/{draft}/verdict")).await.expect(200);
    assert_eq!((&verdict["findings"], &verdict["cases_failed"]), (&json!([]), &json!(0)));

    let release = release(&app, draft).await;
    assert_eq!(release, 2);
    let march = app.get("hr", "/v1/rules?period=2014-05").await.expect(200);
    let june = app.get("hr", "/v1/rules?period=2014-06").await.expect(200);
    assert_eq!((&march["release"]["id"], &june["release"]["id"]), (&json!(1), &json!(2)));
    assert_eq!(june["release"]["author"], "hr");
    assert_eq!(june["release"]["approver"], "gm");
    let status = app.get("auditor", "/v1/rules/status").await.expect(200);
    assert_eq!((&status["in_force"]["id"], &status["upcoming"][0]["id"]), (&json!(1), &json!(2)));

    for (month, expected) in [("2014-05", 1), ("2014-06", 2)] {
        let cycles = app.get("hr", &format!("/v1/review-cycles?period={month}")).await.expect(200);
        let id = cycles["items"][0]["id"].as_i64().unwrap();
        let run = app.post_empty("hr", &format!("/v1/review-cycles/{id}/generate")).await.expect(200);
        assert_eq!(run["cycle"]["release"], expected, "{month}");
        let is_rewritten = run["written"].as_i64().unwrap() > 0;
        assert_eq!(is_rewritten, expected == 2, "{run:#}");
    }
}

/// Removes the golden cases of a consultant's rule, which a draft makes untrue.
pub async fn remove_cases(app: &TestApp, draft: i64, rule: &str) {
    let path = format!("/v1/rules/drafts/{draft}/files/sales_consultant/{rule}.cases.toml");
    app.change("hr", Method::DELETE, &path, "*", None).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn authors_never_decide_and_the_untried_is_never_released() {
    let app = TestApp::demo().await.in_english();
    let draft = begin(&app).await;
    // The group may draft and approve; having changed a line it is an author too.
    let path = "sales_consultant/70_complaints.rhai";
    let text = read(&app, draft, path).await;
    let seen = version(&app, draft).await;
    write_as(&app, "group", draft, path, &format!("{text}// 试行\n"), &seen).await.expect(200);
    submit(&app, "hr", draft, "2014-06").await.expect(200);
    for what in ["approve", "reject"] {
        let refused = decide(&app, "group", draft, what).await;
        assert!(refused.body["detail"].as_str().unwrap().contains("ask somebody else"), "{:#}", refused.body);
        assert_eq!(refused.problem(409), "conflict");
        assert_eq!(decide(&app, "hr", draft, what).await.problem(403), "forbidden");
    }
    let refused = decide(&app, "gm", draft, "approve").await;
    assert!(refused.body["detail"].as_str().unwrap().contains("not backtested"), "{:#}", refused.body);
    assert_eq!(refused.problem(409), "conflict");
    // What was tried is this very bundle: after another change it has to be tried again.
    backtest(&app, draft).await;
    decide(&app, "gm", draft, "reject").await.expect(200);
    write(&app, draft, path, &format!("{text}// 再改\n")).await.expect(200);
    submit(&app, "hr", draft, "2014-06").await.expect(200);
    assert_eq!(decide(&app, "gm", draft, "approve").await.problem(409), "conflict");
    backtest(&app, draft).await;
    let approved = decide(&app, "gm", draft, "approve").await.expect(200);
    assert_eq!((&approved["state"], &approved["authors"]), (&json!("approved"), &json!(["group", "hr"])));
    // It is decided.
    for what in ["approve", "reject"] {
        assert_eq!(decide(&app, "gm", draft, what).await.problem(409), "conflict");
    }
    assert_eq!(write(&app, draft, path, "x").await.problem(409), "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_that_has_begun_is_never_released_into() {
    let app = TestApp::demo().await;
    let draft = begin(&app).await;
    // It is 15 May 2014.
    for month in ["2014-01", "2014-05"] {
        let refused = submit(&app, "hr", draft, month).await;
        assert_eq!(refused.body["errors"][0]["field"], "effective_from");
        assert!(
            refused.body["errors"][0]["message"].as_str().unwrap().contains("2014-06"),
            "{:#}",
            refused.body
        );
        assert_eq!(refused.problem(422), "validation-failed");
    }
    let path = format!("/v1/rules/drafts/{draft}/submit");
    let mut body = submission("2014-06");
    body["consulted_on"] = json!("2014-05-16");
    let refused = app.change("hr", Method::POST, &path, "*", Some(body.clone())).await;
    assert_eq!(refused.body["errors"][0]["field"], "consulted_on");
    body.as_object_mut().unwrap().remove("consulted_on");
    assert_eq!(
        app.change("hr", Method::POST, &path, "*", Some(body)).await.problem(422),
        "validation-failed"
    );
    // Handed in in time, but June begins before it is approved.
    submit(&app, "hr", draft, "2014-06").await.expect(200);
    backtest(&app, draft).await;
    let late = app.at("2014-05-31T16:00:00Z");
    let refused = decide(&late, "gm", draft, "approve").await;
    assert_eq!(refused.body["errors"][0]["field"], "effective_from");
    assert_eq!(refused.problem(422), "validation-failed");
    decide(&app, "gm", draft, "approve").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_editors_never_overwrite_each_other_silently() {
    let app = TestApp::demo().await;
    let draft = begin(&app).await;
    let path = "sales_consultant/70_complaints.rhai";
    let text = read(&app, draft, path).await;
    let seen = version(&app, draft).await;
    let writes = (0..4).map(|i| {
        let (app, seen, text) = (&app, &seen, format!("{text}// {i}\n"));
        async move { write_as(app, "hr", draft, path, &text, seen).await.status.as_u16() }
    });
    let mut statuses = futures_util::future::join_all(writes).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412]);
    assert_eq!(write_as(&app, "hr", draft, path, "x", &seen).await.problem(412), "precondition-failed");
    let file = format!("/v1/rules/drafts/{draft}/files/{path}");
    assert_eq!(
        app.change("hr", Method::DELETE, &file, &seen, None).await.problem(412),
        "precondition-failed"
    );
    let parameters = format!("/v1/rules/drafts/{draft}/parameters");
    let body = json!({"parameters": [{"scheme": "sales_consultant", "name": "bonus_cap", "value": 4}]});
    let refused = app.change("hr", Method::PATCH, &parameters, &seen, Some(body)).await;
    assert_eq!(refused.problem(412), "precondition-failed");
    let submit = format!("/v1/rules/drafts/{draft}/submit");
    let refused = app.change("hr", Method::POST, &submit, &seen, Some(submission("2014-06"))).await;
    assert_eq!(refused.problem(412), "precondition-failed");
    let bare = app.request(Method::PUT, &file).bearer_auth(app.token("hr").await).body("x");
    assert_eq!(Answer::of(bare.send().await.unwrap()).await.problem(428), "precondition-required");
    assert!(read(&app, draft, path).await.starts_with(&text));
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_are_read_and_set_without_touching_a_script() {
    let app = TestApp::demo().await;
    let draft = begin(&app).await;
    let path = format!("/v1/rules/drafts/{draft}/parameters");
    let schemes = app.get("manager", &path).await.expect(200);
    let consultant =
        schemes.as_array().unwrap().iter().find(|one| one["scheme"] == "sales_consultant").unwrap();
    let floor = &consultant["parameters"][0];
    assert_eq!(
        floor,
        &json!({"name": "attainment_floor", "zh": "销量达成得分线", "en": "Attainment below which nothing is earned",
            "value": 0.60, "min": 0, "max": 1, "step": 0.05})
    );
    let refused = set(&app, draft, "attainment_floor", json!(1.01)).await;
    assert_eq!(refused.body["errors"][0]["field"], "parameters[0].value");
    assert_eq!(refused.problem(422), "validation-failed");
    assert_eq!(set(&app, draft, "attainment_flor", json!(0.7)).await.problem(422), "validation-failed");
    let before = read(&app, draft, "sales_consultant/scheme.toml").await;
    set(&app, draft, "attainment_floor", json!(0.7)).await.expect(200);
    let after = read(&app, draft, "sales_consultant/scheme.toml").await;
    assert_eq!(after, before.replacen("value = 0.60", "value = 0.7", 1));
    let script = "sales_consultant/10_sales_attainment.rhai";
    assert_eq!(
        read(&app, draft, script).await,
        std::fs::read_to_string(shipped_rules().join(script)).unwrap()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_no_folder_could_have_are_refused_and_faults_are_told_with_their_place() {
    let app = TestApp::demo().await.in_english();
    let draft = begin(&app).await;
    for path in ["../x.toml", "a/b/c.toml", "x.sh", ".hidden.toml", "a%2F..%2Fb.toml"] {
        let answer = write(&app, draft, path, "x").await;
        assert!([404, 422].contains(&answer.status.as_u16()), "{path}: {:#}", answer.body);
    }
    let path = "sales_consultant/70_complaints.rhai";
    let text = read(&app, draft, path).await.replace("remaining()", "remianing()");
    write(&app, draft, path, &text).await.expect(200);
    let verdict = app.get("hr", &format!("/v1/rules/drafts/{draft}/verdict")).await.expect(200);
    let finding = &verdict["findings"][0];
    assert_eq!(
        (&finding["code"], &finding["file"], &finding["line"], &finding["column"]),
        (&json!("unknown-function"), &json!(path), &json!(7), &json!(5))
    );
    assert_eq!(verdict["bundle"], Value::Null);
    assert_eq!(submit(&app, "hr", draft, "2014-06").await.problem(409), "rules-broken");
    // A golden case that is not true any more stands in the way too.
    write(&app, draft, path, &text.replace("remianing()", "remaining()").replace("3 * ", "4 * "))
        .await
        .expect(200);
    let refused = submit(&app, "hr", draft, "2014-06").await;
    assert!(
        refused.body["errors"][0]["message"].as_str().unwrap().starts_with("case: "),
        "{:#}",
        refused.body
    );
    assert_eq!(refused.problem(409), "rules-broken");
    // It can be given up, and stays readable.
    let resource = format!("/v1/rules/drafts/{draft}");
    assert_eq!(app.change("hr", Method::DELETE, &resource, "*", None).await.status, 204);
    assert_eq!(app.get("auditor", &resource).await.expect(200)["state"], "discarded");
    assert_eq!(write(&app, draft, path, &text).await.problem(409), "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_never_changes_and_an_older_one_is_released_again() {
    use diesel_async::RunQueryDsl as _;

    let app = TestApp::demo().await;
    let draft = begin(&app).await;
    set(&app, draft, "bonus_cap", json!(4)).await.expect(200);
    release(&app, draft).await;
    let connection = &mut *app.pool.get().await.unwrap();
    for statement in [
        "UPDATE rule_release SET note = 'x'",
        "DELETE FROM rule_release",
        "UPDATE rule_file SET content = 'x'",
        "DELETE FROM rule_bundle",
    ] {
        let error = diesel::sql_query(statement).execute(connection).await.unwrap_err().to_string();
        assert!(error.contains("is never changed"), "{statement}: {error}");
    }
    let back = app.post("hr", "/v1/rules/drafts", json!({"release": 1, "note": "回退"})).await.expect(201);
    let back = back["id"].as_i64().unwrap();
    let third = release(&app, back).await;
    let releases = app.get("hr", "/v1/rules/releases").await.expect(200);
    let releases = releases["items"].as_array().unwrap();
    assert_eq!(releases.len(), 3);
    assert_eq!(releases[0]["bundle"], releases[2]["bundle"]);
    assert_ne!(releases[0]["bundle"], releases[1]["bundle"]);
    let june = app.get("hr", "/v1/rules?period=2014-06").await.expect(200);
    assert_eq!(june["release"]["id"], third);
    // The bytes are those of the folder it was made from.
    let path = "team_leader/10_own.rhai";
    let file = app.get("auditor", &format!("/v1/rules/releases/{third}/files/{path}")).await.expect(200);
    assert_eq!(file.as_str().unwrap(), std::fs::read_to_string(shipped_rules().join(path)).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_approve_at_once_make_one_release() {
    let app = TestApp::demo().await;
    let draft = begin(&app).await;
    write(&app, draft, "sales_consultant/70_complaints.rhai", &{
        let text = read(&app, draft, "sales_consultant/70_complaints.rhai").await;
        format!("{text}// 试行\n")
    })
    .await
    .expect(200);
    submit(&app, "hr", draft, "2014-06").await.expect(200);
    backtest(&app, draft).await;
    let decisions = ["gm", "group", "gm", "group"].map(|login| decide(&app, login, draft, "approve"));
    let mut statuses = futures_util::future::join_all(decisions).await;
    statuses.sort_unstable_by_key(|answer| answer.status);
    let statuses = statuses.iter().map(|answer| answer.status.as_u16()).collect::<Vec<_>>();
    assert_eq!(statuses, [200, 409, 409, 409]);
    let releases = app.get("hr", "/v1/rules/releases").await.expect(200);
    assert_eq!(releases["items"].as_array().unwrap().len(), 2);
}

/// The folder's draft or release, as the status tells it after a look.
async fn look(folder: &RulesFolder, app: &TestApp) -> (Option<i64>, Option<i64>) {
    folder.sync(&mut Context::operator(&app.pool, app.clock.now()).await.unwrap()).await.unwrap();
    let status = folder.status();
    (status.release, status.draft)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_folder_becomes_a_draft_once_and_nobodys_writing_is_lost() {
    let rules = copied_rules();
    let app = TestApp::start(Template::Demo, rules.path()).await;
    let folder = RulesFolder::new(rules.path(), false);
    assert_eq!(look(&folder, &app).await, (Some(1), None));
    let script = rules.path().join("sales_consultant/70_complaints.rhai");
    let text = std::fs::read_to_string(&script).unwrap();
    let save = |more: &str| std::fs::write(&script, format!("{text}{more}")).unwrap();

    save("// 一\n");
    let (_, first) = look(&folder, &app).await;
    let first = first.unwrap();
    let draft = app.get("hr", &format!("/v1/rules/drafts/{first}")).await.expect(200);
    assert_eq!((&draft["origin"], &draft["created_by"]), (&json!("folder"), &Value::Null));
    // Another program that looks at the same folder, and this one again, find it done.
    assert_eq!(look(&RulesFolder::new(rules.path(), false), &app).await, (None, Some(first)));
    // Untouched by people, the draft follows the folder.
    save("// 二\n");
    assert_eq!(look(&folder, &app).await, (None, Some(first)));
    let path = "sales_consultant/70_complaints.rhai";
    assert!(read(&app, first, path).await.ends_with("// 二\n"));
    // Somebody goes on writing: what the folder says next stands beside it.
    write(&app, first, path, &format!("{text}// 人事\n")).await.expect(200);
    save("// 三\n");
    let (_, second) = look(&folder, &app).await;
    assert_ne!(second, Some(first));
    assert!(read(&app, first, path).await.ends_with("// 人事\n"));

    // A broken folder changes nothing but the status.
    save("fn broken(");
    assert_eq!(look(&folder, &app).await, (None, None));
    let status = serde_json::to_value(folder.status()).unwrap();
    assert_eq!(status["state"], "broken");
    assert_eq!(status["findings"][0]["file"], path);
    let drafts = app.get("hr", "/v1/rules/drafts").await.expect(200);
    assert_eq!(drafts["items"].as_array().unwrap().len(), 3);
    let rules = app.get("hr", "/v1/rules?period=2014-06").await.expect(200);
    assert_eq!(rules["release"]["id"], 1);
    // Put back to what was released, it is that release.
    save("");
    assert_eq!(look(&folder, &app).await, (Some(1), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_of_one_releases_its_folder_for_months_that_are_not_frozen() {
    let rules = copied_rules();
    let app = TestApp::start(Template::Demo, rules.path()).await;
    let (folder, library) = (RulesFolder::new(rules.path(), true), Library::default());
    let cx = &mut Context::operator(&app.pool, app.clock.now()).await.unwrap();
    let scheme = rules.path().join("sales_consultant/scheme.toml");
    let text = std::fs::read_to_string(&scheme).unwrap();
    std::fs::write(&scheme, text.replacen("coefficient = 1.20", "coefficient = 1.25", 1)).unwrap();
    let june = "2014-06".parse().unwrap();
    let open = in_force::of(cx, &folder, &library, june, None).await.unwrap();
    assert_eq!((open.release.id, open.release.is_automatic), (2, true));
    assert_eq!(open.bundle.hash, open.release.bundle);
    // May too, though it has begun, as long as it is not frozen.
    let may = "2014-05".parse().unwrap();
    assert_eq!(in_force::of(cx, &folder, &library, may, None).await.unwrap().release.id, 2);
    let frozen = Some("2014-05-14T00:00:00Z".parse().unwrap());
    assert_eq!(in_force::of(cx, &folder, &library, may, frozen).await.unwrap().release.id, 1);
    // A broken folder leaves what works.
    std::fs::write(&scheme, "title = ").unwrap();
    assert_eq!(in_force::of(cx, &folder, &library, may, None).await.unwrap().release.id, 2);
    // Back to the first rules: that is a release again.
    std::fs::write(&scheme, &text).unwrap();
    assert_eq!(in_force::of(cx, &folder, &library, may, None).await.unwrap().release.id, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_programs_that_see_a_change_take_it_in_once() {
    let rules = copied_rules();
    let app = TestApp::start(Template::Demo, rules.path()).await;
    std::fs::write(rules.path().join("sales_consultant/70_complaints.rhai"), {
        let path = rules.path().join("sales_consultant/70_complaints.rhai");
        std::fs::read_to_string(path).unwrap() + "// 试行\n"
    })
    .unwrap();
    let folders = [false; 4].map(|automatic| RulesFolder::new(rules.path(), automatic));
    let looks = folders.iter().map(|folder| look(folder, &app));
    let seen = futures_util::future::join_all(looks).await;
    assert!(seen.iter().all(|one| *one == seen[0] && one.1.is_some()), "{seen:?}");
    assert!(matches!(seen[0], (None, Some(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_folder_is_watched() {
    let rules = copied_rules();
    // Nothing has been released, so what may be collected is what the folder says.
    let app = TestApp::start(Template::Empty, rules.path()).await;
    app.add_user("admin", &[Role::SystemAdmin], None, None).await;
    let folder = Arc::new(RulesFolder::new(rules.path(), false));
    // Requests read no file: until the folder is watched, an edit goes unnoticed.
    let metrics = rules.path().join("metrics.toml");
    let label =
        async || app.get("admin", "/v1/metrics").await.expect(200)[0]["zh"].as_str().unwrap().to_owned();
    let before = label().await;
    let quoted = format!("zh = \"{before}\"");
    let text = std::fs::read_to_string(&metrics).unwrap();
    assert!(text.contains(&quoted));
    std::fs::write(&metrics, text.replace(&quoted, "zh = \"改名\"")).unwrap();
    assert_eq!(label().await, before);
    let following = tokio::spawn(showfloor::rules::watch::follow(
        Arc::clone(&folder),
        Arc::clone(&app.catalogues),
        app.pool.clone(),
        app.clock,
    ));
    let wait_for = async |done: &dyn Fn() -> bool| {
        for _ in 0..200 {
            if done() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("nobody noticed: {:?}", folder.status());
    };
    let call = async |zh: &str| {
        for _ in 0..200 {
            if label().await == zh {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("nobody noticed: {:?}", folder.status());
    };
    call("改名").await;
    // A broken one replaces nothing, and the next that works is taken.
    std::fs::write(&metrics, "[[metric]]").unwrap();
    wait_for(&|| folder.status().state == FolderState::Broken).await;
    assert_eq!(label().await, "改名");
    std::fs::write(&metrics, &text).unwrap();
    call(&before).await;
    wait_for(&|| folder.status().state == FolderState::Working).await;
    let (hash, draft) = (folder.status().bundle, folder.status().draft);
    // As editors save: a file beside it, renamed over it.
    let script = rules.path().join("sales_consultant/70_complaints.rhai");
    let beside = rules.path().join("sales_consultant/.70_complaints.rhai.swp");
    std::fs::write(&beside, std::fs::read_to_string(&script).unwrap() + "// 试行\n").unwrap();
    std::fs::rename(&beside, &script).unwrap();
    wait_for(&|| folder.status().bundle != hash).await;
    assert_eq!(folder.status().draft, draft);
    following.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_release_nothing_is_scored_and_the_first_may_name_any_month() {
    let app = TestApp::empty().await;
    app.add_user("admin", &[Role::SystemAdmin], None, None).await;
    app.post(
        "admin",
        "/v1/org-units",
        json!({"code": "JC", "name": "锦程", "kind": "store", "valid_from": "2013-01-01"}),
    )
    .await
    .expect(201);
    app.add_user("hr", &[Role::Hr], None, Some("JC")).await;
    app.add_user("gm", &[Role::GeneralManager], None, Some("JC")).await;
    assert_eq!(app.get("hr", "/v1/rules").await.problem(409), "no-release");
    assert_eq!(app.post("hr", "/v1/rules/drafts", json!({})).await.problem(409), "conflict");
    let folder = RulesFolder::new(&shipped_rules(), false);
    let (_, draft) = look(&folder, &app).await;
    let draft = draft.unwrap();
    // What replaces nothing is not shown whole: its files are named.
    let handed_in = submit(&app, "hr", draft, "2013-01").await.expect(200);
    let approved = decide(&app, "gm", draft, "approve").await.expect(200);
    for answer in [handed_in, approved] {
        assert_eq!(answer["replaces"], Value::Null);
        let changes = answer["changes"].as_array().unwrap();
        assert!(changes.iter().any(|one| one["path"] == "metrics.toml"), "{answer:#}");
        assert!(changes.iter().all(|one| one["kind"] == "added" && one["diff"] == ""), "{answer:#}");
    }
    let rules = app.get("hr", "/v1/rules?period=2013-01").await.expect(200);
    assert_eq!(rules["release"]["effective_from"], "2013-01");
    assert_eq!(app.get("hr", "/v1/rules?period=2012-12").await.problem(409), "no-release");
    // The second one is no longer free.
    let draft = begin(&app).await;
    assert_eq!(submit(&app, "hr", draft, "2013-01").await.problem(422), "validation-failed");
}
