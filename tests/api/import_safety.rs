//! Imports that are done twice, at once, interrupted, too late, or about somebody else; and the kinds of leave they know.

use std::ops::ControlFlow;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Numeric, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection as _};
use reqwest::Method;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use showfloor::auth::Context;
use showfloor::auth::access::Role;
use showfloor::db::pool;
use showfloor::spreadsheets::import_file::{self, ImportFile, Manner, Mode, Progress, ReadBy, Stage};
use showfloor::spreadsheets::mapping::built_in::ImportKind;

use crate::access::second_store;
use crate::imports::{app, assert_faults, fault, import, organisation, written};
use crate::kept_sums::assert_the_sums_agree;
use crate::program::{json as run_json, program};
use crate::support::statements::Statements;
use crate::support::{Template, TestApp, database_url};

const FUNNEL: &str =
    "工号,姓名,交车台数,精品金额\nB01,林晓东,3,\"1,200\"\nB02,沈佳怡,4,800.5\nB03,高建峰,5,\n";

/// The sum of everything that is known.
async fn sum(connection: &mut AsyncPgConnection) -> Decimal {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Numeric)]
        sum: Decimal,
    }
    let row: Row = diesel::sql_query("SELECT coalesce(sum(value), 0) AS sum FROM current_fact")
        .get_result(connection)
        .await
        .unwrap();
    row.sum.normalize()
}

/// 3 + 4 + 5 cars and 1,200 + 800.5 yuan.
fn whole() -> Decimal {
    Decimal::new(20125, 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_file_from_several_clients_at_once_is_recorded_once() {
    let app = app().await;
    let tries = (0..6).map(|_| import(&app, "clerk", "dms-funnel", "", FUNNEL.into()));
    let answers = futures_util::future::join_all(tries).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 201]);
    // Five values, one batch, and the store's word that its funnel is in.
    assert_eq!(written(&app.pool).await, [5, 1, 1]);
    assert_eq!(sum(&mut app.pool.get().await.unwrap()).await, whole());
}

#[tokio::test(flavor = "multi_thread")]
async fn corrections_at_once_leave_one_of_them_and_no_value_twice() {
    let app = app().await;
    import(&app, "clerk", "dms-funnel", "", FUNNEL.into()).await.expect(201);
    let files = [6, 7, 8].map(|orders| FUNNEL.replace("B01,林晓东,3", &format!("B01,林晓东,{orders}")));
    let tries = files.iter().map(|file| import(&app, "clerk", "dms-funnel", "", file.clone().into()));
    for answer in futures_util::future::join_all(tries).await {
        let report = answer.expect(201);
        assert_eq!((&report["added"], &report["changed"]), (&json!(0), &json!(1)));
    }
    let path = "/v1/facts?period=2015-02&employee_no=B01";
    let deliveries = app.get("clerk", path).await;
    assert!(deliveries.status.is_success());
    let known = app.get("hr", path).await.expect(200)["items"][0]["facts"]["deliveries"].as_u64().unwrap();
    assert!([6, 7, 8].contains(&known), "{known}");
    assert_eq!(written(&app.pool).await, [8, 4, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_killed_has_never_been() {
    let url = database_url(Template::Empty).await;
    let pool = pool::open(&url, 4).unwrap();
    organisation(&pool).await;
    let nothing = written(&pool).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("漏斗.csv");
    std::fs::write(&path, FUNNEL).unwrap();
    let file = path.to_str().unwrap();
    let args =
        ["import", file, "--kind", "dms-funnel", "--period", "2015-02", "--database-url", &url, "--json"];

    // The trail is written after the values. While somebody else holds it, the import stands between the two.
    let mut holder = pool::connect(&url).await.unwrap();
    holder.batch_execute("BEGIN; LOCK TABLE audit_entry IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let mut child = program(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let watcher = &mut *pool.get().await.unwrap();
    let waiting = "SELECT count(*) AS count FROM pg_stat_activity WHERE datname = current_database() \
        AND wait_event_type = 'Lock' AND query LIKE 'INSERT INTO \"audit_entry\"%'";
    let begun = Instant::now();
    while count(watcher, waiting).await == 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "the import never came to its last statement");
        assert!(child.try_wait().unwrap().is_none(), "the import ended");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    holder.batch_execute("ROLLBACK").await.unwrap();

    // Once its connection has noticed, nothing is left of it.
    let others = "SELECT count(*) AS count FROM pg_stat_activity WHERE datname = current_database() \
        AND state <> 'idle' AND pid <> pg_backend_pid()";
    while count(watcher, others).await > 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "the dead import still works");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(written(&pool).await, nothing);
    let report = run_json(0, &args);
    assert_eq!((&report["added"], &report["applied"]), (&json!(5), &json!(true)));
    assert_eq!(sum(watcher).await, whole());
    assert_eq!(run_json(0, &args)["unchanged"], 5);
    assert_eq!(written(&pool).await, [5, 1, 1]);
}

/// A test that somebody waits in ends here, as a failure.
const LONG: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn while_a_file_is_read_nobody_waits() {
    let app = app().await;
    app.add_user("clerk-dm", &[Role::Clerk], Some("D77"), None).await;
    // The reading stands still within the file until it is let go.
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let (go, stop) = std::sync::mpsc::channel::<()>();
    let stop = Mutex::new(stop);
    let progress: Progress = Arc::new(move |stage| {
        if stage == Stage::Reading(2_000) {
            tell.send(()).unwrap();
            stop.lock().unwrap().recv().unwrap();
        }
        ControlFlow::Continue(())
    });
    let manner = Manner { mode: Mode::Partial, ..Manner::default() };
    let month = "2015-02".parse().unwrap();
    let catalogue = app.catalogues.of(&app.pool.get().await.unwrap(), month).await.unwrap();
    let open = async || Context::operator(&app.pool, app.clock.now()).await;
    let long = import_file::import(open, &catalogue, long_funnel(5_001), &manner, &progress);
    let others = async {
        told.recv().await.unwrap();
        let status = app.pool.status();
        assert_eq!(status.available, status.size, "a connection is held");
        for (login, employee_no) in [("clerk", "B02"), ("clerk-dm", "D77")] {
            let rows = json!([{"employee_no": employee_no, "facts": {"deliveries": 2}}]);
            let body = json!({"period": "2015-02", "source_system": "dms", "rows": rows});
            tokio::time::timeout(LONG, app.post(login, "/v1/facts", body)).await.unwrap().expect(200);
            let lines = format!("工号,交车台数\n{employee_no},4\n");
            let import = import(&app, login, "dms-funnel", "", lines.into());
            tokio::time::timeout(LONG, import).await.unwrap().expect(201);
        }
        go.send(()).unwrap();
    };
    let (report, ()) = futures_util::future::join(long, others).await;
    let report = report.unwrap();
    assert_eq!((report.rows, report.counts.added, report.applied), (1, 1, true));
    assert_eq!(report.faults.len(), 5_000);
}

/// A funnel of so many rows, of which only the first is somebody's.
fn long_funnel(rows: u32) -> ImportFile {
    let mut file = "工号,交车台数\nB01,3\n".to_owned();
    (1..rows).for_each(|number| file.push_str(&format!("X{number},1\n")));
    ImportFile {
        by: ReadBy::Kind(ImportKind::DmsFunnel),
        period: "2015-02".parse().unwrap(),
        name: "漏斗.csv".to_owned(),
        content: file.into_bytes().into(),
    }
}

/// Who stops it may go on in the middle, and nothing of it has been.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_under_way_is_seen_and_given_up() {
    let app = app().await;
    let nothing = written(&app.pool).await;
    let (go, stop) = std::sync::mpsc::channel::<()>();
    let stop = Mutex::new(stop);
    let progress: Progress = Arc::new(move |stage| {
        if stage == Stage::Reading(2_000) {
            stop.lock().unwrap().recv().unwrap();
        }
        ControlFlow::Continue(())
    });
    let manner = Manner { mode: Mode::Partial, ..Manner::default() };
    let month = "2014-05".parse().unwrap();
    let catalogue = app.catalogues.of(&app.pool.get().await.unwrap(), month).await.unwrap();
    let open = async || Context::operator(&app.pool, app.clock.now()).await;
    let long = import_file::import(open, &catalogue, long_funnel(6_000), &manner, &progress);
    app.add_user("group", &[Role::GroupAdmin], None, None).await;
    let others = async {
        let path = "/v1/imports/running";
        let begun = Instant::now();
        let run = loop {
            let runs = app.get("group", path).await.expect(200);
            if let Some(run) = runs["items"].get(0) {
                break run.clone();
            }
            assert!(begun.elapsed() < LONG, "it is not listed");
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        assert_eq!((&run["kind"], &run["file_name"]), (&json!("dms-funnel"), &json!("漏斗.csv")), "{run:#}");
        assert_eq!((&run["rows_read"], &run["by"]), (&json!(2_000), &Value::Null), "{run:#}");
        // It is the operator's: a clerk neither sees it nor stops it.
        assert_eq!(app.get("clerk", path).await.expect(200)["items"], json!([]));
        let cancel = format!("{path}/{}/cancel", run["id"]);
        assert_eq!(app.post_empty("clerk", &cancel).await.problem(404), "not-found");
        let cancelled = app.post_empty("group", &cancel).await.expect(200);
        assert_eq!(cancelled["is_cancel_wanted"], true);
        // The next beat takes it up.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        go.send(()).unwrap();
    };
    let (given_up, ()) = futures_util::future::join(long, others).await;
    let problem = given_up.unwrap_err();
    assert_eq!(problem.code, showfloor::http::Code::Conflict, "{problem}");
    assert_eq!(written(&app.pool).await, nothing);
    assert_eq!(app.get("group", "/v1/imports/running").await.expect(200)["items"], json!([]));
}

/// Whoever waited for an import and does not any more leaves nothing of it, and no month locked.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_nobody_waits_for_any_more_has_never_been() {
    let app = app().await;
    let nothing = written(&app.pool).await;
    let (tell, told) = tokio::sync::oneshot::channel();
    let tell = Mutex::new(Some(tell));
    let progress: Progress = Arc::new(move |stage| {
        if matches!(stage, Stage::Recording(_)) {
            let tell = tell.lock().unwrap().take();
            tell.into_iter().for_each(|tell| tell.send(()).unwrap());
        }
        ControlFlow::Continue(())
    });
    let manner = Manner { mode: Mode::Partial, ..Manner::default() };
    let month = "2014-05".parse().unwrap();
    let catalogue = app.catalogues.of(&app.pool.get().await.unwrap(), month).await.unwrap();
    {
        let open = async || Context::operator(&app.pool, app.clock.now()).await;
        let long = import_file::import(open, &catalogue, long_funnel(3), &manner, &progress);
        let long = std::pin::pin!(long);
        // Everything is recorded, and not committed.
        futures_util::future::select(long, told).await;
    }
    let status = app.pool.status();
    assert_eq!(status.available, status.size, "a connection is kept");
    let sheet = "工号,交车台数\nB01,4\n".as_bytes().to_vec();
    let other = import(&app, "clerk", "dms-funnel", "", sheet);
    tokio::time::timeout(LONG, other).await.unwrap().expect(201);
    assert_eq!(written(&app.pool).await, [nothing[0] + 1, nothing[1] + 1, nothing[2] + 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_waits_for_nobody_who_writes() {
    let app = app().await;
    import(&app, "clerk", "dms-funnel", "", FUNNEL.into()).await.expect(201);
    let mut cx = Context::operator(&app.pool, app.clock.now()).await.unwrap();
    let tried = cx.transaction(async |cx| {
        let people =
            showfloor::org::employees_by_no(cx.db(), &["B01", "B02", "B03"].map(str::to_owned)).await?;
        let people = people.into_values().collect::<Vec<_>>();
        showfloor::ledger::lock(cx.db(), "2015-02".parse().unwrap(), &people).await?;
        let tried = import(&app, "clerk", "dms-funnel", "&dry_run=true", FUNNEL.into());
        Ok(tokio::time::timeout(LONG, tried).await.unwrap())
    });
    assert_eq!(tried.await.unwrap().expect(200)["unchanged"], 5);
}

pub async fn count(connection: &mut AsyncPgConnection, query: &str) -> i64 {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    diesel::sql_query(query).get_result::<Row>(connection).await.unwrap().count
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_shows_every_difference() {
    let app = app().await;
    import(&app, "clerk", "dms-funnel", "", FUNNEL.into()).await.expect(201);
    // B02's accessories are no longer said: what was known of them stays.
    let corrected = FUNNEL.replace("林晓东,3", "林晓东,6").replace("800.5", "").replace("5,\n", "5,90\n");
    let report =
        import(&app, "clerk", "dms-funnel", "&dry_run=true", corrected.clone().into()).await.expect(200);
    let keys: Vec<&str> = report.as_object().unwrap().keys().map(String::as_str).collect();
    for key in ["added", "changed", "unchanged", "faults"] {
        assert!(keys.contains(&key), "{keys:?}");
    }
    assert_eq!(
        (&report["added"], &report["changed"], &report["unchanged"]),
        (&json!(1), &json!(1), &json!(3))
    );
    assert_eq!(
        report["differences"],
        json!([
            {"row": 2, "employee_no": "B01", "column": "交车台数", "metric": "deliveries", "from": 3, "to": 6},
            {"row": 4, "employee_no": "B03", "column": "精品金额", "metric": "accessory_revenue", "from": null, "to": 90},
        ])
    );
    assert_eq!(written(&app.pool).await, [5, 1, 1]);
    import(&app, "clerk", "dms-funnel", "", corrected.into()).await.expect(201);
    assert_eq!(written(&app.pool).await, [7, 2, 1]);
    // 6 + 4 + 5 cars; 1,200 + 800.5 + 90 yuan.
    assert_eq!(sum(&mut app.pool.get().await.unwrap()).await, Decimal::new(21055, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_has_to_be_the_one_of_its_number() {
    let app = app().await;
    let lines =
        "工号,姓名,交车台数\nB01,林 晓东（展厅）,1\nB02,林晓东,2\nB03,,3\nB04,许文静-一组,4\nB04,许文静,5\n";
    let report = import(&app, "clerk", "dms-funnel", "&dry_run=true", lines.into()).await.expect(200);
    assert_eq!(report["rows"], 3);
    assert_faults(
        &report["faults"],
        &[fault(3, "姓名", "林晓东", "工号 B02 是沈佳怡"), fault(6, "工号", "B04", "第 5 行已有")],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_month_refuses_a_file_or_keeps_it_as_corrections() {
    let app = app().await;
    import(&app, "clerk", "dms-funnel", "", FUNNEL.into()).await.expect(201);
    let connection = &mut *app.pool.get().await.unwrap();
    connection
        .batch_execute(
            "INSERT INTO month_close (store_id, period, frozen_at) \
             SELECT id, '2015-02-01', '2015-03-01T00:00:00Z' FROM org_unit WHERE code = 'CX'",
        )
        .await
        .unwrap();
    let frozen = written(&app.pool).await;
    // The same again is no news.
    import(&app, "clerk", "dms-funnel", "", FUNNEL.into()).await.expect(200);
    let corrected = FUNNEL.replace("林晓东,3", "林晓东,6");
    let tried =
        import(&app, "clerk", "dms-funnel", "&dry_run=true", corrected.clone().into()).await.expect(200);
    assert_eq!((&tried["changed"], &tried["pending"]), (&json!(0), &json!(1)));
    assert!(tried["notes"][0].as_str().unwrap().contains("late=keep"), "{tried:#}");
    let refused = import(&app, "clerk", "dms-funnel", "", corrected.clone().into()).await;
    assert_eq!(refused.problem(409), "conflict");
    assert_eq!(written(&app.pool).await, frozen);
    let reason = "&late=keep&reason=%E6%BC%8F%E8%AE%B0";
    let kept = import(&app, "clerk", "dms-funnel", reason, corrected.clone().into()).await.expect(201);
    assert_eq!((&kept["changed"], &kept["pending"], &kept["applied"]), (&json!(0), &json!(1), &json!(true)));
    assert_eq!(written(&app.pool).await[0], frozen[0], "the ledger stays as it was frozen");
    let pending = "SELECT count(*) AS count FROM late_correction WHERE state = 'pending' AND reason = '漏记' AND value = 6";
    assert_eq!(count(connection, pending).await, 1);
    assert_eq!(
        import(&app, "clerk", "dms-funnel", "&reason=", corrected.into()).await.problem(422),
        "validation-failed"
    );
}

async fn put(app: &TestApp, login: &str, name: &str, body: Value) -> crate::support::Answer {
    app.change(login, Method::PUT, &format!("/v1/leave-types/{name}"), "*", Some(body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn leave_types_are_data_that_imports_follow() {
    let app = app().await;
    app.add_user("group", &[Role::GroupAdmin], None, None).await;
    let listed = app.get("clerk", "/v1/leave-types").await.expect(200);
    let protected: Vec<(&str, bool)> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["name"].as_str().unwrap(), one["is_protected"].as_bool().unwrap()))
        .collect();
    for name in
        ["病假", "年假", "调休", "婚假", "产假", "陪产假", "丧假", "工伤", "育儿假", "产检假", "哺乳假"]
    {
        assert!(protected.contains(&(name, true)), "{name}");
    }
    assert_eq!(protected.last(), Some(&("事假", false)));

    let file = "工号,出勤天数,应出勤天数,迟到次数,早退次数,旷工天数,事假,路程假(天),探亲\nB01,21,24,0,0,0,1,2,\nB02,23,24,0,0,0,,,1\n";
    let import = |options: &'static str| import(&app, "hr", "attendance-csv", options, file.into());
    let report = import("&dry_run=true").await.expect(200);
    // What is not called leave is missed where the days do not add up.
    let missing = fault(3, "出勤天数", "应出勤 24 − 出勤 23 = 1 天", "之和 0 天");
    assert_faults(&report["faults"], &[fault(2, "路程假(天)", "2", "路程假"), missing]);

    let body = json!({"en": "Travel leave", "aliases": ["探亲"], "store": "CX"});
    assert_eq!(put(&app, "clerk", "路程假", body.clone()).await.problem(403), "forbidden");
    let shared = json!({"en": "Travel leave", "aliases": ["探亲"]});
    assert_eq!(put(&app, "hr", "路程假", shared).await.problem(403), "forbidden", "the group's");
    assert_eq!(put(&app, "hr", "路程假", body.clone()).await.expect(200)["is_protected"], Value::Null);
    put(&app, "group", "路程假", body.clone()).await.expect(200);
    let trail = "SELECT count(*) AS count FROM audit_entry WHERE action = 'put_leave_type'";
    let connection = &mut *app.pool.get().await.unwrap();
    assert_eq!(count(connection, trail).await, 1, "the same again is no change");
    // It is not read as anything before two people have said that it is protected.
    assert_eq!(import("&dry_run=true").await.expect(200)["faults"], report["faults"]);
    let protect = json!({"is_protected": true, "from": "2015-02", "reason": "员工手册"});
    let said = app.post("hr", "/v1/leave-types/路程假/protections", protect.clone()).await.expect(201);
    assert_eq!(said["protections"][0]["state"], "proposed");
    assert_eq!(import("&dry_run=true").await.expect(200)["faults"], report["faults"]);
    let decision = format!("/v1/leave-types/路程假/protections/{}/decision", said["protections"][0]["id"]);
    let yes = Some(json!({"approve": true}));
    assert_eq!(app.change("hr", Method::POST, &decision, "*", yes.clone()).await.problem(409), "conflict");
    assert_eq!(
        app.post("group", "/v1/leave-types/路程假/protections", protect).await.problem(409),
        "conflict",
        "one waits already"
    );
    let decided = app.change("group", Method::POST, &decision, "*", yes.clone()).await.expect(200);
    assert_eq!((&decided["protections"][0]["state"], &decided["version"]), (&json!("approved"), &json!(1)));
    assert_eq!(app.change("group", Method::POST, &decision, "*", yes).await.problem(409), "conflict");
    import("").await.expect(201);
    let known = async |employee_no: &str| {
        let path = format!("/v1/facts?period=2015-02&employee_no={employee_no}");
        app.get("hr", &path).await.expect(200)["items"][0]["facts"].clone()
    };
    let (first, second) = (known("B01").await, known("B02").await);
    assert_eq!((&first["protected_leave_days"], &first["personal_leave_days"]), (&json!(2), &json!(1)));
    assert_eq!((&second["protected_leave_days"], &second["personal_leave_days"]), (&json!(1), &json!(0)));

    // What a column means has to be one thing.
    for (name, body, field) in [
        ("探亲", json!({"en": "x", "store": "CX"}), "name"),
        ("探亲假", json!({"en": "x", "store": "CX", "aliases": ["探亲假一", "事假"]}), "aliases[1]"),
        ("探 亲", json!({"en": "x", "store": "CX"}), "name"),
        ("探亲假", json!({"en": "", "store": "CX"}), "en"),
        ("探亲假", json!({"en": "x", "store": "XX"}), "store"),
    ] {
        let answer = put(&app, "hr", name, body).await;
        assert_eq!(answer.body["errors"][0]["field"], field, "{:#}", answer.body);
        assert_eq!(answer.problem(422), "validation-failed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_add_the_same_name_do_not_both_get_it() {
    let app = app().await;
    let names = ["公假", "外训假", "献血假"];
    let bodies = names.map(|_| json!({"en": "x", "store": "CX", "aliases": ["集训"]}));
    let tries = names.iter().zip(bodies).map(|(name, body)| put(&app, "hr", name, body));
    let answers = futures_util::future::join_all(tries).await;
    let kept = answers.iter().filter(|answer| answer.status.is_success()).count();
    assert_eq!(kept, 1, "{answers:#?}");
}

/// Of 31,000 people in four parts, the next of which are compared while one is written: who is in the first ones is told of as whoever
/// is in a short file, everybody is made sure of in two goes, and nobody's month is read again to see whether a part is larger than its
/// whole.
#[tokio::test(flavor = "multi_thread")]
async fn the_parts_of_a_long_file_are_one_delivery() {
    const PEOPLE: u32 = 31_000;
    let app = app().await;
    let people = format!(
        "INSERT INTO employee (employee_no, name, status) \
         SELECT 'P' || n, '员工' || n, 'active' FROM generate_series(1, {PEOPLE}) n; \
         INSERT INTO assignment (employee_id, unit_id, position, valid_from) \
         SELECT e.id, u.id, 'sales_consultant', '2014-01-01' FROM employee e, org_unit u \
         WHERE e.employee_no LIKE 'P%' AND u.code = 'CX1'; ANALYZE"
    );
    app.pool.get().await.unwrap().batch_execute(&people).await.unwrap();
    let heard = Statements::of(&app.pool).await;
    let file = |column: &str, of: &dyn Fn(u32) -> u32| {
        let rows = (1..=PEOPLE).map(|person| format!("P{person},1,{}\n", of(person)));
        format!("工号,交车台数,{column}\n{}", rows.collect::<String>()).into_bytes()
    };
    import(&app, "clerk", "dms-funnel", "", file("首次到店", &|_| 30)).await.expect(201);
    let statements = heard.take();
    let count = |what: &str| statements.iter().filter(|statement| statement.contains(what)).count();
    // To lock the months; for the people of the first part; for all others.
    assert_eq!(count("WITH person AS"), 3, "{statements:#?}");
    let beyond = |person: u32| [7, 15_000].contains(&person);
    let leads = file("留档数", &|person| if beyond(person) { 31 } else { 30 });
    let report = import(&app, "clerk", "dms-funnel", "", leads.clone()).await.expect(201);
    let notes = report["notes"].as_array().unwrap();
    let told = notes.iter().map(|note| note.as_str().unwrap()).filter(|note| note.contains("大于"));
    let told = told.collect::<Vec<_>>();
    assert_eq!(
        told,
        ["P7 本月留档 31 大于首次到店 30，请核对", "P15000 本月留档 31 大于首次到店 30，请核对"]
    );
    // The same again writes nothing and holds nobody, and is told the same.
    heard.take();
    let again = import(&app, "clerk", "dms-funnel", "", leads).await.expect(200);
    assert_eq!(again["unchanged"], 2 * PEOPLE);
    assert_eq!(again["notes"], report["notes"]);
    let statements = heard.take();
    let count = |what: &str| statements.iter().filter(|statement| statement.contains(what)).count();
    assert_eq!((count("WITH person AS"), count("FOR KEY SHARE")), (1, 0), "{statements:#?}");
    assert_the_sums_agree(&app, "31,000 people").await;
}

/// Whoever is in two parts of a file has what both say: the second is compared once the first is written.
#[tokio::test(flavor = "multi_thread")]
async fn of_somebody_in_two_parts_both_count() {
    let app = app().await;
    let people = "INSERT INTO employee (employee_no, name, status) \
             SELECT 'P' || n, '员工' || n, 'active' FROM generate_series(1, 400) n; \
         INSERT INTO assignment (employee_id, unit_id, position, valid_from) \
             SELECT e.id, u.id, 'sales_consultant', '2014-01-01' FROM employee e, org_unit u \
             WHERE e.employee_no LIKE 'P%' AND u.code = 'CX1'";
    app.pool.get().await.unwrap().batch_execute(people).await.unwrap();
    let columns = json!([{"header": "工号", "to": "employee_no"}, {"header": "日期", "to": "day"},
        {"header": "交车台数", "to": "metric", "metric": "deliveries"}]);
    let mapping = json!({"name": "days", "store": "CX", "source_system": "dms", "columns": columns});
    app.post("clerk", "/v1/column-mappings", mapping).await.expect(201);
    let rows =
        (1..=28).flat_map(|day| (1..=400).map(move |person| format!("P{person},2015-02-{day:02},{day}\n")));
    let file = format!("工号,日期,交车台数\n{}", rows.collect::<String>()).into_bytes();
    let path = "/v1/column-mappings/days/imports?period=2015-02&file_name=days.csv";
    let report = app.upload("clerk", path, file.clone()).await.expect(201);
    assert_eq!((&report["added"], &report["faults"]), (&json!(11_200), &json!([])), "{report:#}");
    assert_the_sums_agree(&app, "days of 400 people").await;
    // 1 + 2 + … + 28 = 406
    let of_unit = app.get("hr", "/v1/dashboard/attainment?period=2015-02&unit=CX1").await.expect(200);
    assert_eq!(of_unit[0]["deliveries"], 406 * 400, "{of_unit:#}");
    let again = app.upload("clerk", path, file).await.expect(200);
    assert_eq!(again["unchanged"], 11_200);
}

/// The most memory that a process has had, in KiB.
fn peak(child: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{child}/status")).ok()?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?
        .trim()
        .strip_suffix(" kB")?
        .trim()
        .parse()
        .ok()
}

/// 100,000 people's month, as text and as a workbook: `cargo test --release -- --ignored a_hundred_thousand`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes"]
async fn a_hundred_thousand_rows_need_little_memory() {
    const PEOPLE: u32 = 100_000;
    let url = database_url(Template::Empty).await;
    let pool = pool::open(&url, 2).unwrap();
    organisation(&pool).await;
    let connection = &mut *pool.get().await.unwrap();
    connection
        .batch_execute(
            "INSERT INTO employee (employee_no, name, status) \
             SELECT 'P' || n, '员工' || n, 'active' FROM generate_series(1, 100000) n; \
             INSERT INTO assignment (employee_id, unit_id, position, valid_from) \
             SELECT e.id, u.id, 'sales_consultant', '2014-01-01' FROM employee e, org_unit u \
             WHERE e.employee_no LIKE 'P%' AND u.code = 'CX1'; ANALYZE",
        )
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    const HEADERS: [&str; 12] = [
        "姓名",
        "考勤组",
        "部门",
        "工号",
        "出勤天数",
        "应出勤天数",
        "迟到次数",
        "早退次数",
        "旷工天数",
        "事假",
        "年假",
        "加班总时长",
    ];
    let numbers = [20, 24, 1, 0, 0, 1, 2, 8];
    let (text, workbook) = (folder.path().join("考勤.csv"), folder.path().join("考勤.xlsx"));
    let mut lines = format!("{}\n", HEADERS.join(","));
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (column, header) in (0..).zip(HEADERS) {
        sheet.write_string(0, column, header).unwrap();
    }
    for person in 1..=PEOPLE {
        let texts =
            [format!("员工{person}"), "展厅考勤组".into(), "销售部/一组".into(), format!("P{person}")];
        lines.push_str(&format!(
            "{},{}\n",
            texts.join(","),
            numbers.map(|number| number.to_string()).join(",")
        ));
        for (column, text) in (0..).zip(&texts) {
            sheet.write_string(person, column, text).unwrap();
        }
        for (column, number) in (4..).zip(numbers) {
            sheet.write_number(person, column, number).unwrap();
        }
    }
    std::fs::write(&text, lines).unwrap();
    book.save(&workbook).unwrap();
    for (path, kind, added) in [
        (&text, "attendance-csv", true),
        (&text, "attendance-csv", false),
        (&workbook, "dingtalk-attendance", false),
    ] {
        let path = path.to_str().unwrap();
        let args = ["import", path, "--kind", kind, "--period", "2015-02", "--database-url", &url, "--json"];
        let begun = Instant::now();
        let mut child = program(&args).stdout(Stdio::piped()).spawn().unwrap();
        let mut most = 0;
        while child.try_wait().unwrap().is_none() {
            most = most.max(peak(child.id()).unwrap_or(0));
            std::thread::sleep(Duration::from_millis(20));
        }
        let output = child.wait_with_output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        eprintln!("{kind} {}: {:?}, {} MiB", report["added"], begun.elapsed(), most >> 10);
        assert_eq!(report["faults"], json!([]));
        // Seven metrics a person.
        let field = if added { "added" } else { "unchanged" };
        assert_eq!(report[field], 7 * PEOPLE, "{report:#}");
        assert!(most < 200 << 10, "{most} KiB");
    }
    let total: Decimal = {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = Numeric)]
            sum: Decimal,
        }
        let query = diesel::sql_query("SELECT sum(value) AS sum FROM current_fact WHERE metric = $1");
        query.bind::<Text, _>("overtime_hours").get_result::<Row>(connection).await.unwrap().sum
    };
    assert_eq!(total, Decimal::from(8 * PEOPLE));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_stores_hr_makes_no_leave_unprotected_for_all() {
    let app = TestApp::demo().await;
    second_store(&app).await;
    let path = "/v1/leave-types/病假/protections";
    let unprotect = |from: &str| json!({"is_protected": false, "from": from, "reason": "总部通知"});
    for login in ["hr", "hd_hr"] {
        assert_eq!(app.post(login, path, unprotect("2015-01")).await.problem(403), "forbidden", "{login}");
    }
    // Both stores have March; nothing is changed for it or for an earlier month.
    let frozen = app.post("group", path, unprotect("2014-03")).await;
    assert_eq!(frozen.problem(409), "conflict");
    let said = app.post("group", path, unprotect("2015-01")).await.expect(201);
    assert_eq!((&said["is_protected"], &said["protections"][0]["state"]), (&json!(true), &json!("proposed")));
    let id = &said["protections"][0]["id"];
    let decision = format!("{path}/{id}/decision");
    for login in ["hr", "gm", "hd_gm", "group"] {
        let answer = app.change(login, Method::POST, &decision, "*", Some(json!({"approve": true}))).await;
        assert_eq!(answer.status, if login == "group" { 409 } else { 403 }, "{login}: {:#}", answer.body);
    }
    app.add_user("group.two", &[Role::GroupAdmin], None, None).await;
    let no = app.change("group.two", Method::POST, &decision, "*", Some(json!({"approve": false}))).await;
    assert_eq!(no.body["errors"][0]["field"], "note");
    let withdraw = format!("{path}/{id}/withdraw");
    assert_eq!(app.change("group.two", Method::POST, &withdraw, "*", None).await.problem(403), "forbidden");
    app.change("group", Method::POST, &withdraw, "*", None).await.expect(200);
    // A store's own kind is nothing to another store.
    let own = json!({"en": "Reunion leave", "store": "HD"});
    put(&app, "hd_hr", "探亲假", own).await.expect(200);
    let at_once = json!({"is_protected": false, "from": "2015-01", "reason": "按事假"});
    let said = app.post("hd_hr", "/v1/leave-types/探亲假/protections", at_once).await.expect(201);
    assert_eq!(said["protections"][0]["state"], "approved", "it is new, and protects nobody");
    let protect = json!({"is_protected": true, "from": "2015-02", "reason": "改为保护"});
    let said = app.post("hd_hr", "/v1/leave-types/探亲假/protections", protect).await.expect(201);
    assert_eq!(said["protections"][0]["state"], "proposed");
    let own = format!("/v1/leave-types/探亲假/protections/{}/decision", said["protections"][0]["id"]);
    assert_eq!(
        app.change("gm", Method::POST, &own, "*", Some(json!({"approve": true}))).await.problem(404),
        "not-found"
    );
    app.change("hd_gm", Method::POST, &own, "*", Some(json!({"approve": true}))).await.expect(200);
    for (login, sees) in [("hr", false), ("consultant", false), ("hd_consultant", true), ("group", true)] {
        let listed = app.get(login, "/v1/leave-types").await.expect(200);
        let found = listed.as_array().unwrap().iter().any(|one| one["name"] == "探亲假");
        assert_eq!(found, sees, "{login}");
    }
}
