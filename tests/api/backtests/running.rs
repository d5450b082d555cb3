//! Starting, watching and stopping backtests, and trying rules from the command line.

use std::path::Path;
use std::sync::Arc;

use diesel::{ExpressionMethods as _, QueryDsl as _};
use diesel_async::RunQueryDsl as _;
use serde_json::{Value, json};
use showfloor::db::schema::{audit_entry, rule_backtest};
use showfloor::reviews::backtest::engine::{Baseline, Progress, Sides};
use showfloor::reviews::backtest::months::Selection;
use showfloor::reviews::backtest::request::some_months;
use showfloor::reviews::backtest::trial::{Trial, carry_out};
use showfloor::reviews::visibility::Sight;
use showfloor::rules::bundle::{Bundle, Files};

use super::{COMPLAINTS, backtest, changed, draft, ended, failing, release, shipped, start, strict};
use crate::program::{json as run_json, run};
use crate::support::{Template, TestApp, database_url};
use crate::users::fields;

/// A trial of the whole year, as the operator.
async fn trial(app: &TestApp, tried: Files, baseline: Baseline) -> Arc<Trial> {
    let (from, to) = ("2014-01".parse().unwrap(), "2014-12".parse().unwrap());
    let selection = Selection { from, to, store: None, sight: Sight::operator() };
    let months = some_months(&mut app.pool.get().await.unwrap(), &selection).await.unwrap();
    let sides = Sides::new(Arc::new(Bundle::compile(tried).unwrap()), baseline);
    Arc::new(Trial { sides, selection, months })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_is_the_same_on_any_number_of_threads() {
    let app = TestApp::demo().await;
    let other = || Baseline::Bundle(Arc::new(Bundle::compile(failing()).unwrap()));
    for baseline in [other(), Baseline::Stored] {
        let trial = trial(&app, strict(), baseline).await;
        let mut reports = Vec::new();
        for threads in [1, 4, 4, 3] {
            let progress = Arc::new(Progress::default());
            let report = carry_out(&app.pool, &trial, threads, &progress).await.unwrap().unwrap();
            assert_eq!(progress.done(), 189);
            reports.push(report);
        }
        assert!(reports[0].changed > 0 && reports[0].losers.iter().all(|loser| loser.rule.is_some()));
        assert!(reports.iter().all(|report| *report == reports[0]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_was_stopped_has_no_report() {
    let app = TestApp::demo().await;
    let trial = trial(&app, strict(), Baseline::Stored).await;
    let progress = Arc::new(Progress::default());
    progress.stop();
    assert_eq!(carry_out(&app.pool, &trial, 2, &progress).await.unwrap(), None);
    assert_eq!(progress.done(), 0);
}

/// A row of a backtest that nothing carries out, last heard of some seconds ago; gives its id.
async fn row(app: &TestApp, seconds: i64) -> i64 {
    let hash = app.get("hr", "/v1/rules").await.expect(200)["release"]["bundle"].as_str().unwrap().to_owned();
    let seen = app.clock.now() - chrono::TimeDelta::seconds(seconds);
    let month: chrono::NaiveDate = "2014-01-01".parse().unwrap();
    let hr = app.get("hr", "/v1/me").await.expect(200)["id"].as_i64().unwrap();
    diesel::insert_into(rule_backtest::table)
        .values((
            rule_backtest::started_by.eq(hr),
            rule_backtest::owner_store_id.eq(diesel::dsl::sql::<
                diesel::sql_types::Nullable<diesel::sql_types::BigInt>,
            >("(SELECT id FROM org_unit WHERE code = 'JC')")),
            rule_backtest::bundle_hash.eq(hash),
            rule_backtest::first_period.eq(month),
            rule_backtest::last_period.eq(month),
            rule_backtest::state.eq("running"),
            rule_backtest::started_at.eq(seen),
            rule_backtest::seen_at.eq(seen),
        ))
        .returning(rule_backtest::id)
        .get_result(&mut *app.pool.get().await.unwrap())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backtest_is_cancelled_once_and_one_that_has_ended_stays() {
    let app = TestApp::demo().await;
    crate::access::second_store(&app).await;
    let id = row(&app, 0).await;
    let cancel = format!("/v1/rules/backtests/{id}/cancel");
    // It is the store's, and no other store's to stop or to know of.
    for login in ["hd_hr", "hd_gm"] {
        assert_eq!(app.post_empty(login, &cancel).await.problem(404), "not-found", "{login}");
    }
    // A sales manager reads it, and tries rules for the own department.
    app.get("manager", &format!("/v1/rules/backtests/{id}")).await.expect(200);
    assert_eq!(app.post_empty("manager", &cancel).await.problem(403), "forbidden");
    for _ in 0..2 {
        assert_eq!(app.post_empty("gm", &cancel).await.expect(200)["state"], "running");
    }
    let connection = &mut *app.pool.get().await.unwrap();
    let wanted: bool = rule_backtest::table
        .find(id)
        .select(rule_backtest::is_cancel_wanted)
        .first(connection)
        .await
        .unwrap();
    assert!(wanted);
    let asked: i64 = audit_entry::table
        .filter(audit_entry::action.eq("cancel_backtest"))
        .count()
        .get_result(connection)
        .await
        .unwrap();
    assert_eq!(asked, 1);
    assert_eq!(app.post_empty("gm", "/v1/rules/backtests/999/cancel").await.problem(404), "not-found");

    // A request to stop that is there from the beginning is seen before the first month has been read.
    release(&app, shipped()).await;
    for statement in [
        "CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN NEW.is_cancel_wanted := true; RETURN NEW; END $$",
        "CREATE TRIGGER stop BEFORE INSERT ON rule_backtest FOR EACH ROW EXECUTE FUNCTION stop()",
    ] {
        diesel::sql_query(statement).execute(connection).await.unwrap();
    }
    let draft_id = draft(&app, strict()).await;
    let begun = start(&app, "hr", json!({"draft": draft_id})).await.expect(202);
    let cancelled = ended(&app, "hr", begun["id"].as_i64().unwrap()).await;
    assert_eq!((&cancelled["state"], &cancelled["report"]), (&json!("cancelled"), &Value::Null));
    assert_eq!(cancelled["finished_at"], "2014-05-15T08:00:00Z");

    diesel::sql_query("DROP TRIGGER stop ON rule_backtest").execute(connection).await.unwrap();
    let finished = backtest(&app, "hr", json!({"draft": draft_id})).await;
    let again =
        app.post_empty("gm", &format!("/v1/rules/backtests/{}/cancel", finished["id"])).await.expect(200);
    assert_eq!(again["state"], "finished");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_run_at_once_and_a_silent_one_does_not_run() {
    let app = TestApp::demo().await;
    release(&app, shipped()).await;
    let draft_id = draft(&app, shipped()).await;
    let silent = row(&app, 61).await;
    let shown = app.get("auditor", &format!("/v1/rules/backtests/{silent}")).await.expect(200);
    assert_eq!((&shown["state"], &shown["failure"]), (&json!("failed"), &json!("已中断：服务器中途停了")));
    row(&app, 0).await;
    let allowed = backtest(&app, "hr", json!({"draft": draft_id})).await;
    row(&app, 59).await;
    let refused = start(&app, "hr", json!({"draft": draft_id})).await;
    assert_eq!(refused.problem(409), "conflict");
    let listed = app.get("hr", &format!("/v1/rules/backtests?draft={draft_id}")).await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(listed["items"][0]["id"], allowed["id"]);
    assert_eq!(listed["items"][0]["started_by"], "hr");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_tried_is_refused_by_its_field() {
    let app = TestApp::demo().await;
    let draft_id = draft(&app, shipped()).await;
    let hash = app.get("hr", "/v1/rules").await.expect(200)["release"]["bundle"].clone();
    for (what, expected) in [
        (json!({}), &["draft"][..]),
        (json!({"draft": draft_id, "bundle": hash, "from": "2014-02", "to": "2014-01"}), &["bundle", "to"]),
        (json!({"draft": 999}), &["draft"]),
        (json!({"bundle": "0000"}), &["bundle"]),
        (json!({"draft": draft_id, "against": 999}), &["against"]),
        (json!({"draft": draft_id, "store": "NO"}), &["store"]),
        (json!({"draft": draft_id, "from": "2014-13"}), &["from"]),
        (json!({"draft": draft_id, "months": 3}), &["months"]),
    ] {
        let answer = start(&app, "hr", what.clone()).await;
        assert_eq!(fields(&answer), expected, "{what}: {:#}", answer.body);
        assert_eq!(answer.problem(422), "validation-failed");
    }
    let early = json!({"draft": draft_id, "from": "2013-01", "to": "2013-12"});
    assert_eq!(start(&app, "hr", early).await.problem(409), "conflict");
    let mut files = shipped();
    files.insert(COMPLAINTS.to_owned(), b"fn score(complaints_minor) { complaints_minor + }".to_vec());
    let broken = draft(&app, files).await;
    let answer = start(&app, "hr", json!({"draft": broken})).await;
    assert!(fields(&answer)[0].starts_with(COMPLAINTS), "{:#}", answer.body);
    assert_eq!(answer.problem(409), "rules-broken");
    let listed = app.get("hr", "/v1/rules/backtests").await.expect(200);
    assert_eq!(listed["items"], json!([]), "nothing was started");
}

/// A rules folder with these files.
fn folder(files: &Files) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    folder
}

fn arguments<'a>(folder: &'a Path, url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let own = ["rules", "backtest", folder.to_str().unwrap(), "--database-url", url];
    let months = ["--from", "2014-01", "--to", "2014-12"];
    [&own[..], &months, more].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_tries_a_folder_against_what_is_stored() {
    let url = database_url(Template::Demo).await;
    let (strict, failing) = (folder(&strict()), folder(&failing()));
    let report = run_json(0, &arguments(strict.path(), &url, &["--json"]));
    assert_eq!((&report["reviews"], &report["added"]), (&json!(189), &json!(0)));
    let loser = &report["losers"][0];
    assert_eq!(loser["rule"]["rule"], "10_sales_attainment");
    assert!(loser["person"]["employee_no"].as_str().unwrap().starts_with('A'));
    // Against another folder, the same reviews lose the same.
    let shipped = crate::support::shipped_rules();
    let against =
        run_json(0, &arguments(strict.path(), &url, &["--json", "--against", shipped.to_str().unwrap()]));
    assert_eq!(against, report);

    let printed = run(&arguments(strict.path(), &url, &[]));
    assert_eq!((printed.status, printed.err.as_str()), (0, ""), "{printed:#?}");
    let name = loser["person"]["name"].as_str().unwrap();
    for part in [
        "totals",
        "grades",
        "mean totals",
        "largest losses",
        "10_sales_attainment",
        name,
        "█",
        "░",
        "G1",
        "JC",
    ] {
        assert!(printed.out.contains(part), "{part}\n{}", printed.out);
    }
    let printed = run(&arguments(failing.path(), &url, &["--store", "JC"]));
    assert!(printed.out.contains("70_complaints.rhai:") && printed.out.contains("A10"), "{}", printed.out);

    for (more, part) in [
        (&["--store", "NO"][..], "no review of a store 'NO'"),
        (&["--against", "7"], "no such release"),
        (&["--draft", "7"], "no such draft"),
        (&["--against", "no-such-folder"], "cannot be used"),
    ] {
        let printed = run(&arguments(strict.path(), &url, more));
        assert_eq!(printed.status, 1, "{printed:#?}");
        assert!(printed.err.contains(part), "{more:?}: {}", printed.err);
    }
    let same = run(&arguments(&shipped, &url, &[]));
    assert!(same.out.contains("nothing changes"), "{}", same.out);
    let commented = folder(&changed(COMPLAINTS, |text| format!("{text}// 试\n")));
    let same = run(&arguments(commented.path(), &url, &[]));
    assert!(same.out.contains("nothing changes"), "{}", same.out);
}
