//! Rules tried on the stored reviews of past months.

mod expected;
mod running;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use diesel::ExpressionMethods as _;
use diesel_async::RunQueryDsl as _;
use serde_json::{Value, json};
use showfloor::db::schema::{rule_draft, rule_draft_file, rule_release};
use showfloor::rules::bundle::{Bundle, Files};
use showfloor::rules::bundle_store::keep_bundle;

use crate::access::second_store;
use crate::support::{Answer, TestApp, shipped_rules};
use expected::{Expected, all_reviews, dec};

const SCHEME: &str = "sales_consultant/scheme.toml";
const COMPLAINTS: &str = "sales_consultant/70_complaints.rhai";

/// The shipped rules with one file changed.
fn changed(file: &str, change: impl FnOnce(&str) -> String) -> Files {
    let mut files = Bundle::load(&shipped_rules()).unwrap().files;
    let text = String::from_utf8(files[file].clone()).unwrap();
    let new = change(&text);
    assert_ne!(new, text, "nothing was changed in {file}");
    files.insert(file.to_owned(), new.into_bytes());
    files
}

/// The scheme with the attainment floor at 0.95: whoever delivered less than that of the target earns nothing.
fn strict() -> Files {
    changed(SCHEME, |text| {
        text.replacen("name = \"attainment_floor\"", "name = \"attainment_floor\" # raised", 1).replacen(
            "value = 0.60",
            "value = 0.95",
            1,
        )
    })
}

/// The complaints' rule, failing for whoever has exactly one major complaint: A10 in September.
fn failing() -> Files {
    changed(COMPLAINTS, |text| {
        text.replacen(
            "    remaining()",
            "    deduct(1 + 1 / (complaints_major - 1), \"试\");\n    remaining()",
            1,
        )
    })
}

/// Stores a bundle and releases it from 2014-01 on; gives the release's id.
async fn release(app: &TestApp, files: Files) -> i64 {
    let bundle = Bundle::compile(files).unwrap();
    let connection = &mut *app.pool.get().await.unwrap();
    keep_bundle(connection, &bundle, app.clock.now()).await.unwrap();
    diesel::insert_into(rule_release::table)
        .values((
            rule_release::bundle_hash.eq(&bundle.hash),
            rule_release::effective_from.eq("2014-01-01".parse::<chrono::NaiveDate>().unwrap()),
            rule_release::published_at.eq(app.clock.now()),
            rule_release::note.eq("试"),
            rule_release::consulted_on.eq("2013-12-01".parse::<chrono::NaiveDate>().unwrap()),
            rule_release::approver_id.eq(diesel::dsl::sql::<
                diesel::sql_types::Nullable<diesel::sql_types::BigInt>,
            >("(SELECT id FROM user_account WHERE login = 'gm')")),
            rule_release::approval_note.eq(""),
            rule_release::is_automatic.eq(false),
        ))
        .returning(rule_release::id)
        .get_result(connection)
        .await
        .unwrap()
}

/// A draft with these files; gives its id.
async fn draft(app: &TestApp, files: Files) -> i64 {
    let connection = &mut *app.pool.get().await.unwrap();
    let now = app.clock.now();
    let id: i64 = diesel::insert_into(rule_draft::table)
        .values((
            rule_draft::state.eq("draft"),
            rule_draft::origin.eq("folder"),
            rule_draft::note.eq("试"),
            rule_draft::created_at.eq(now),
            rule_draft::changed_at.eq(now),
        ))
        .returning(rule_draft::id)
        .get_result(connection)
        .await
        .unwrap();
    for (path, content) in files {
        let row = (
            rule_draft_file::draft_id.eq(id),
            rule_draft_file::path.eq(path),
            rule_draft_file::content.eq(content),
        );
        diesel::insert_into(rule_draft_file::table).values(row).execute(connection).await.unwrap();
    }
    id
}

fn shipped() -> Files {
    Bundle::load(&shipped_rules()).unwrap().files
}

/// Starts a backtest of the whole year.
async fn start(app: &TestApp, login: &str, mut what: Value) -> Answer {
    for (name, month) in [("from", "2014-01"), ("to", "2014-12")] {
        if what[name].is_null() {
            what[name] = json!(month);
        }
    }
    app.post(login, "/v1/rules/backtests", what).await
}

/// Starts a backtest, waits for its end, and reads it as the same login.
async fn backtest(app: &TestApp, login: &str, what: Value) -> Value {
    let answer = start(app, login, what).await;
    let path = answer.location.clone().unwrap_or_default();
    let begun = answer.expect(202);
    assert_eq!(path, format!("/v1/rules/backtests/{}", begun["id"]));
    let ended = ended(app, login, begun["id"].as_i64().unwrap()).await;
    assert_eq!(ended["state"], "finished", "{ended:#}");
    assert_eq!((&ended["done"], &ended["failure"]), (&ended["total"], &Value::Null));
    ended
}

/// A backtest once it does not run any more.
async fn ended(app: &TestApp, login: &str, id: i64) -> Value {
    let begun = Instant::now();
    loop {
        let listed = app.get(login, "/v1/rules/backtests?limit=500").await.expect(200);
        let row = listed["items"].as_array().unwrap().iter().find(|row| row["id"] == id).unwrap().clone();
        assert_eq!(row["report"], Value::Null, "lists are without reports");
        if row["state"] != "running" {
            return app.get(login, &format!("/v1/rules/backtests/{id}")).await.expect(200);
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "it still runs: {row:#}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A position's grades and how they move.
fn matrix(report: &Value, position: &str) -> BTreeMap<(String, String), u64> {
    let matrices = report["grades"].as_array().unwrap();
    let found = matrices.iter().find(|matrix| matrix["position"] == position).unwrap();
    let grades: Vec<String> =
        found["grades"].as_array().unwrap().iter().map(|grade| grade.as_str().unwrap().to_owned()).collect();
    assert_eq!(grades, ["S", "A", "B", "C", "D", "NR"]);
    let mut moved = BTreeMap::new();
    for (before, row) in grades.iter().zip(found["counts"].as_array().unwrap()) {
        for (after, count) in grades.iter().zip(row.as_array().unwrap()) {
            if count != 0 {
                moved.insert((before.clone(), after.clone()), count.as_u64().unwrap());
            }
        }
    }
    moved
}

/// What the shipped scripts keep for people whom the demonstration does not have: without a target, with a leave that
/// leaves some days, without a scheduled day, without documents, leaders who have no total, no rated member, nothing
/// planned.
const NEVER: [(&str, u64); 10] = [
    ("sales_consultant/10_sales_attainment.rhai", 6),
    ("sales_consultant/10_sales_attainment.rhai", 24),
    ("sales_consultant/10_sales_attainment.rhai", 25),
    ("sales_consultant/10_sales_attainment.rhai", 26),
    ("sales_consultant/50_attendance.rhai", 6),
    ("sales_consultant/80_conduct_skill.rhai", 5),
    ("team_leader/10_own.rhai", 4),
    ("team_leader/20_members.rhai", 5),
    ("team_leader/30_management.rhai", 7),
    ("team_leader/30_management.rhai", 15),
];

/// The lines of a report that never ran.
fn never_executed(report: &Value) -> BTreeSet<(String, u64)> {
    let places = report["never_executed"].as_array().unwrap().iter();
    places
        .map(|place| (place["file"].as_str().unwrap().to_owned(), place["line"].as_u64().unwrap()))
        .collect()
}

/// How many totals there are on a side of the histogram.
fn in_bins(report: &Value, side: &str) -> Vec<u64> {
    report["histogram"].as_array().unwrap().iter().map(|bin| bin[side].as_u64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_against_themselves_move_nothing() {
    let app = TestApp::demo().await;
    release(&app, shipped()).await;
    let hash = app.get("hr", "/v1/rules").await.expect(200)["release"]["bundle"].clone();
    // Once with what is stored, and once with everything scored again: another comment is another bundle.
    let commented = draft(&app, changed(COMPLAINTS, |text| format!("{text}// 试\n"))).await;
    for what in [json!({"bundle": hash}), json!({"draft": commented})] {
        let test = backtest(&app, "hr", what).await;
        assert_eq!((&test["against"], &test["total"]), (&hash, &json!(189)));
        let report = &test["report"];
        assert_eq!((&report["reviews"], &report["changed"]), (&json!(189), &json!(0)), "{report:#}");
        for list in ["gainers", "losers"] {
            assert_eq!(report[list], json!([]), "{list}");
        }
        assert_eq!(never_executed(report), NEVER.map(|(file, line)| (file.to_owned(), line)).into());
        assert_eq!(report["attention_new"]["count"], 0);
        // domain.md, "Check sums over the 141 sales-consultant reviews".
        let grade = |grade: &str, count| ((grade.to_owned(), grade.to_owned()), count);
        let expected = [grade("S", 20), grade("A", 54), grade("B", 30), grade("C", 33), grade("D", 4)];
        assert_eq!(matrix(report, "sales_consultant"), expected.into());
        let before = in_bins(report, "before");
        assert_eq!(before, in_bins(report, "after"));
        assert_eq!((before.len(), before.iter().sum::<u64>()), (22, 189), "0 to 105 in fives, and none");
        assert_eq!(report["stores"][0]["count"], 189);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_scored_again_come_to_what_is_stored() {
    let app = TestApp::demo().await;
    // Neither side is the bundle of the stored reviews.
    let against = release(&app, changed(COMPLAINTS, |text| format!("{text}// 一\n"))).await;
    let draft = draft(&app, changed(COMPLAINTS, |text| format!("{text}// 二\n"))).await;
    let report = backtest(&app, "hr", json!({"draft": draft, "against": against})).await["report"].clone();
    assert_eq!(report["changed"], 0);
    let mut sums = BTreeMap::<String, (u64, rust_decimal::Decimal)>::new();
    for review in all_reviews(&app).await {
        let sum = sums.entry(review["position"].as_str().unwrap().to_owned()).or_default();
        *sum = (sum.0 + 1, sum.1 + dec(&review["total"]));
    }
    let means = report["positions"].as_array().unwrap();
    assert_eq!(means.len(), 3);
    for mean in means {
        let (count, sum) = sums[mean["of"].as_str().unwrap()];
        assert_eq!(mean["count"], count);
        let expected = expected::half_up(sum / rust_decimal::Decimal::from(count));
        assert_eq!((dec(&mean["before"]), dec(&mean["after"])), (expected, expected), "{mean:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stricter_parameter_moves_what_arithmetic_says_leaders_included() {
    let app = TestApp::demo().await;
    release(&app, shipped()).await;
    let expected = Expected::with_attainment_floor(&app, "0.95").await;
    let draft = draft(&app, strict()).await;
    let report = backtest(&app, "hr", json!({"draft": draft})).await["report"].clone();
    assert_eq!(report["changed"], expected.changed());
    for position in ["sales_consultant", "team_leader", "telesales_specialist"] {
        assert_eq!(matrix(&report, position), expected.grades(position), "{position}");
    }
    for (field, key) in [("positions", "position"), ("teams", "unit"), ("stores", "store")] {
        assert_eq!(report[field], expected.means(key), "{field}");
    }
    assert_eq!(in_bins(&report, "after"), expected.bins());
    assert_eq!(report["gainers"], json!([]));
    let losers = report["losers"].as_array().unwrap();
    assert_eq!(losers.len(), 10);
    for (loser, expected) in losers.iter().zip(expected.losers()) {
        assert_eq!(loser["review"], expected.id);
        assert_eq!((dec(&loser["before"]), dec(&loser["after"])), (expected.before, expected.after));
        assert_eq!(dec(&loser["change"]), expected.after - expected.before);
        assert_eq!(loser["rule"]["rule"], expected.rule, "{loser:#}");
        assert_eq!(dec(&loser["rule"]["change"]), expected.rule_change, "{loser:#}");
        assert_eq!(loser["person"]["employee_no"], expected.employee_no);
    }
    // Somebody who leads loses through the members alone.
    assert!(expected.leaders_who_lose_through_members() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_loses_what_the_members_lose() {
    let app = TestApp::demo().await;
    let march = json!({"from": "2014-03", "to": "2014-03"});
    // The report of one leader in one month, by hand: 0.4 × the mean of three members and 0.4 × the own total.
    release(&app, shipped()).await;
    let draft = draft(&app, strict()).await;
    let mut what = march;
    what["draft"] = json!(draft);
    let report = backtest(&app, "hr", what).await["report"].clone();
    let expected = Expected::with_attainment_floor(&app, "0.95").await;
    let of = |employee_no: &str, position: &str| expected.of(employee_no, position, "2014-03");
    let members = ["A02", "A03", "A04"].map(|member| of(member, "sales_consultant").after);
    let mean = members.iter().sum::<rust_decimal::Decimal>() / rust_decimal::Decimal::from(3);
    let four_tenths = rust_decimal::Decimal::new(4, 1);
    let own = expected::half_up(four_tenths * of("A01", "sales_consultant").after);
    let leader = of("A01", "team_leader");
    let management = expected.stored_rule(leader.id, "30_management");
    assert_eq!(leader.after, own + expected::half_up(four_tenths * mean) + management);
    assert!(leader.after < leader.before, "A04 falls short of 0.95");
    let teams = report["teams"].as_array().unwrap();
    let team = teams.iter().find(|team| team["of"] == "G1").unwrap();
    let sum: rust_decimal::Decimal =
        members.iter().sum::<rust_decimal::Decimal>() + of("A01", "sales_consultant").after + leader.after;
    assert_eq!(dec(&team["after"]), expected::half_up(sum / rust_decimal::Decimal::from(5)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_that_persons_attention() {
    let app = TestApp::demo().await;
    let shipped_release = release(&app, shipped()).await;
    let draft_id = draft(&app, failing()).await;
    let test = backtest(&app, "hr", json!({"draft": draft_id, "against": shipped_release})).await;
    let report = &test["report"];
    let marks = &report["attention_new"];
    assert_eq!((&marks["count"], &report["attention_gone"]["count"]), (&json!(1), &json!(0)));
    let mark = &marks["first"][0];
    assert_eq!(
        (&mark["person"]["employee_no"], &mark["person"]["period"]),
        (&json!("A10"), &json!("2014-09"))
    );
    let text = mark["attention"][0].as_str().unwrap();
    assert!(text.starts_with("70_complaints: sales_consultant/70_complaints.rhai:"), "{text}");
    // A10's, and the leader's of the team, whose members' mean is without A10's now.
    assert_eq!(report["changed"], 2, "{report:#}");
    let moved = matrix(report, "sales_consultant");
    let capped = ("C".to_owned(), "NR".to_owned());
    assert_eq!(
        moved.iter().filter(|((before, after), _)| before != after).collect::<Vec<_>>(),
        [(&capped, &1)]
    );
    assert_eq!(in_bins(report, "after").last(), Some(&1), "one without a total");
    // The other way round it is gone.
    let failing_release = release(&app, failing()).await;
    let back = draft(&app, shipped()).await;
    let report =
        backtest(&app, "hr", json!({"draft": back, "against": failing_release})).await["report"].clone();
    let gone = &report["attention_gone"];
    assert_eq!((&gone["count"], &report["attention_new"]["count"]), (&json!(1), &json!(0)));
    assert_eq!(gone["first"][0]["review"], mark["review"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn reviews_without_a_scheme_are_withdrawn_or_new() {
    let app = TestApp::demo().await;
    let without = || {
        let mut files = shipped();
        files.retain(|path, _| !path.starts_with("telesales_specialist/"));
        files
    };
    let shipped_release = release(&app, shipped()).await;
    let fewer = draft(&app, without()).await;
    let report =
        backtest(&app, "hr", json!({"draft": fewer, "against": shipped_release})).await["report"].clone();
    assert_eq!(
        (&report["withdrawn"], &report["added"], &report["changed"]),
        (&json!(12), &json!(0), &json!(12))
    );
    let fewer_release = release(&app, without()).await;
    let more = draft(&app, shipped()).await;
    let report =
        backtest(&app, "hr", json!({"draft": more, "against": fewer_release})).await["report"].clone();
    assert_eq!(
        (&report["withdrawn"], &report["added"], &report["changed"]),
        (&json!(0), &json!(12), &json!(12))
    );
    let positions: Vec<_> = report["positions"].as_array().unwrap().iter().map(|mean| &mean["of"]).collect();
    assert_eq!(positions, ["sales_consultant", "team_leader"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_release_every_review_is_new() {
    let app = TestApp::published().await;
    let connection = &mut *app.pool.get().await.unwrap();
    for statement in [
        "UPDATE review_cycle SET release_id = NULL",
        "DELETE FROM rule_draft_file",
        "DELETE FROM rule_draft_author",
        "DELETE FROM rule_draft",
        "ALTER TABLE rule_release DISABLE TRIGGER USER",
        "DELETE FROM rule_release",
    ] {
        diesel::sql_query(statement).execute(connection).await.unwrap();
    }
    let draft = draft(&app, shipped()).await;
    let test = backtest(&app, "manager", json!({"draft": draft})).await;
    assert_eq!(test["against"], Value::Null);
    assert_eq!((&test["report"]["added"], &test["report"]["reviews"]), (&json!(189), &json!(189)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backtest_ends_where_its_starter_and_its_reader_do() {
    let app = TestApp::published().await;
    second_store(&app).await;
    app.publish().await;
    release(&app, shipped()).await;
    let draft = draft(&app, strict()).await;
    let own = backtest(&app, "hd_gm", json!({"draft": draft})).await;
    assert_eq!(own["total"], 2);
    let stores = own["report"]["stores"].as_array().unwrap();
    assert!(stores.iter().all(|store| store["of"] == "HD"), "{own:#}");
    assert!(!own.to_string().contains("A0"), "{own:#}");
    for store in ["JC", "NO"] {
        let answer = start(&app, "hd_gm", json!({"draft": draft, "store": store})).await;
        assert_eq!(crate::users::fields(&answer), ["store"], "{:#}", answer.body);
    }
    let everywhere = backtest(&app, "group", json!({"draft": draft})).await;
    assert_eq!((&everywhere["total"], &everywhere["report"]["hidden"]), (&json!(191), &json!(0)));
    let named = everywhere["report"]["losers"].as_array().unwrap().len();
    assert_eq!(named, 10);
    // A store's is its people's to read, the group's the group's, whatever reviews it was tried on.
    let of_group = format!("/v1/rules/backtests/{}", everywhere["id"]);
    let of_store = format!("/v1/rules/backtests/{}", own["id"]);
    assert_eq!((&everywhere["owner"], &own["owner"]), (&Value::Null, &json!("HD")));
    for (login, path, status) in [
        ("hd_gm", &of_group, 404),
        ("hr", &of_group, 404),
        ("hr", &of_store, 404),
        ("manager", &of_store, 404),
        ("hd_hr", &of_store, 200),
        ("group", &of_store, 200),
        ("auditor", &of_store, 200),
        ("auditor", &of_group, 200),
    ] {
        assert_eq!(app.get(login, path).await.status, status, "{login} {path}");
        let listed = app.get(login, "/v1/rules/backtests?limit=500").await.expect(200);
        let mut ids = listed["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| format!("/v1/rules/backtests/{}", one["id"]));
        assert_eq!(ids.any(|one| one == *path), status == 200, "{login} {path}");
    }
    let only = backtest(&app, "group", json!({"draft": draft, "store": "JC"})).await;
    assert_eq!((&only["total"], &only["store"]), (&json!(189), &json!("JC")));
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_a_report_is_logged_and_what_is_kept_names_nobody() {
    use diesel::QueryDsl as _;
    use showfloor::db::schema::{access_log, rule_backtest};

    let app = TestApp::published().await;
    release(&app, shipped()).await;
    let draft = draft(&app, strict()).await;
    let begun = start(&app, "manager", json!({"draft": draft})).await.expect(202);
    let id = begun["id"].as_i64().unwrap();
    let connection = &mut *app.pool.get().await.unwrap();
    ended(&app, "gm", id).await;
    diesel::delete(access_log::table).execute(connection).await.unwrap();
    let read = app.get("gm", &format!("/v1/rules/backtests/{id}")).await.expect(200);
    let mut named: Vec<_> = read["report"]["losers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|loser| loser["review"].as_i64().unwrap())
        .collect();
    named.sort_unstable();
    let logged: Vec<i64> = access_log::table
        .select(access_log::review_id)
        .order(access_log::review_id)
        .load(connection)
        .await
        .unwrap();
    assert_eq!(logged, named);
    let reader = app.get("gm", "/v1/me").await.expect(200)["id"].as_i64().unwrap();
    let readers: Vec<i64> =
        access_log::table.select(access_log::user_id).distinct().load(connection).await.unwrap();
    assert_eq!(readers, [reader]);
    let kept: Option<String> =
        rule_backtest::table.find(id).select(rule_backtest::report).first(connection).await.unwrap();
    let kept = kept.unwrap();
    for person in showfloor::demo::people::PEOPLE {
        assert!(!kept.contains(person.name) && !kept.contains(person.employee_no), "{kept}");
    }
}
