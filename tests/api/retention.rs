//! Retention 数据保存: what is over its term goes, what is held stays, sums and hashes are what they were, and the trail's chain
//! tells of every change.

use diesel_async::{RunQueryDsl as _, SimpleAsyncConnection as _};
use futures_util::future::join;
use reqwest::Method;
use serde_json::{Value, json};
use showfloor::auth::{Context, audit_seal};
use showfloor::ledger::person_months::check::{check, rebuild};
use showfloor::period::Period;
use showfloor::retention::run::{self, Report};
use showfloor::rules::library::Library;

use crate::acknowledgements;
use crate::kept_sums::assert_the_sums_agree;
use crate::program;
use crate::review_life::review_of;
use crate::support::{As, Template, TestApp, database_url};

/// The demonstration with a March in which people have said things, all months locked. March's own review of A02.
async fn locked() -> (TestApp, i64) {
    let app = TestApp::demo().await.at("2014-04-08T04:00:00Z");
    // (851 + 862 + 841 + 859) ÷ 4 = 853.25
    let rows = [("A01", 851), ("A05", 862), ("A06", 841), ("A09", 859)];
    let rows = rows.map(|(person, score)| json!({"employee_no": person, "facts": {"ssi_score": score}}));
    let facts = json!({"period": "2014-02", "source_system": "survey", "rows": rows});
    app.post("service", "/v1/facts", facts).await.expect(200);
    let policy = json!({"unit": "JC", "year": 2014, "name": "2014", "basis": "deliveries",
        "tiers": [{"min_attainment": 0.1, "min_ssi": 850, "per_vehicle": 100}]});
    app.send(As::Login("manager"), Method::PUT, "/v1/rebate-policies/P", Some(policy)).await.expect(201);
    let commitments = commitments(&app).await;
    for (login, person, cars) in [("consultant", "A02", 9), ("leader", "A03", 8)] {
        let row = json!({"unit": "G1", "employee_no": person, "months": vec![cars; 12]});
        let committed =
            app.send(As::Login(login), Method::PUT, &commitments, Some(json!({"rows": [row]}))).await;
        committed.expect(200);
    }
    acknowledgements::publish(&app, "2014-03").await;
    let review = review_of(&app, "A02", "2014-03", "sales_consultant").await;
    let act = json!({"act": "confirmed_with_objection", "text": "试驾登记有误，李思敏"});
    app.post("consultant", &format!("/v1/reviews/{review}/acknowledgements"), act).await.expect(201);
    let appeal = json!({"rule": "20_funnel_kpi", "text": "试驾少算了两次，李思敏"});
    let appeal = app.post("consultant", &format!("/v1/reviews/{review}/appeals"), appeal).await.expect(201);
    let link = json!({"name": "登记表.jpg", "link": "https://files.example.com/a02.jpg", "sha256": "0".repeat(64),
        "media_type": "image/jpeg"});
    app.post("consultant", &format!("/v1/appeals/{}/evidence-links", appeal["id"]), link).await.expect(201);
    run_sql(&app, "UPDATE review_cycle SET state = 'locked'").await;
    (app, review)
}

/// Has each of three people name leads on two days, and leave out what was delivered.
async fn name_leads(app: &TestApp) {
    run_sql(
        app,
        "WITH sheet AS (
             INSERT INTO daily_sheet (employee_id, day, revision, written_at)
             SELECT e.id, day, 1, '2014-03-20T10:00:00Z' FROM employee e, unnest('{2014-03-18,2014-03-19}'::date[]) AS day
             WHERE e.employee_no IN ('A02', 'A03', 'A04') RETURNING id, employee_id)
         INSERT INTO daily_sheet_lead (sheet_id, channel, source, leads, visitors, test_drives, orders)
         SELECT s.id, o.channel, o.source, 5 + s.employee_id % 7, 4, 2, 1
         FROM sheet s, (VALUES ('phone_web', 'autohome'), ('showroom', 'walk_in')) AS o (channel, source)",
    )
    .await;
}

async fn run_sql(app: &TestApp, statements: &str) {
    app.pool.get().await.unwrap().batch_execute(statements).await.unwrap();
}

async fn operator(app: &TestApp) -> Context {
    Context::operator(&app.pool, app.clock.now()).await.unwrap()
}

/// Erases what is over the term today.
async fn run_today(app: &TestApp) -> Report {
    let cx = &mut operator(app).await;
    let today = cx.today();
    run::run(cx, &Library::default(), today, |_| ()).await.unwrap()
}

#[derive(diesel::QueryableByName)]
struct Line {
    #[diesel(sql_type = diesel::sql_types::Text)]
    line: String,
}

async fn lines(app: &TestApp, query: &str) -> Vec<String> {
    let connection = &mut app.pool.get().await.unwrap();
    let rows: Vec<Line> = diesel::sql_query(query).load(connection).await.unwrap();
    rows.into_iter().map(|row| row.line).collect()
}

async fn count(app: &TestApp, what: &str) -> i64 {
    lines(app, &format!("SELECT count(*)::text AS line FROM {what}")).await[0].parse().unwrap()
}

/// Where commitments beside the year's plan are.
async fn commitments(app: &TestApp) -> String {
    let plans = app.get("group", "/v1/plans?unit=JC&year=2014&status=approved").await.expect(200);
    format!("/v1/plans/{}/commitments", plans["items"][0]["id"])
}

/// Everything that is told of units, and of nobody, in the months of 2014.
async fn sums(app: &TestApp) -> Vec<(String, Value)> {
    let mut sums = Vec::new();
    let kept = lines(
        app,
        "SELECT concat_ws(' ', period, unit_id, value, known) AS line FROM unit_month ORDER BY period, unit_id",
    );
    sums.push(("unit_month".to_owned(), json!(kept.await)));
    let rebates = "/v1/rebates?store=JC&year=2014&policy=P";
    let quarters = app.get("group", rebates).await.expect(200);
    assert_eq!(quarters["quarters"][0]["ssi"].to_string(), "853.25");
    sums.push((rebates.to_owned(), quarters));
    let path = commitments(app).await;
    let committed = app.get("group", &path).await.expect(200);
    let of_units = committed["rows"].as_array().unwrap().iter().filter(|row| row["employee_no"].is_null());
    let of_units =
        of_units.map(|row| json!([row["unit"], row["target"], row["committed"]])).collect::<Vec<_>>();
    // Two people's 9 and 8 cars a month.
    assert_eq!(of_units[0], json!(["JC", of_units[0][1], vec![17; 12]]));
    sums.push((path, json!(of_units)));
    for month in 1..=12 {
        for what in ["attainment", "funnel", "channel-funnel", "distribution", "coefficients"] {
            let path = format!("/v1/dashboard/{what}?period=2014-{month:02}");
            let mut rows = app.get("group", &path).await.expect(200);
            rows.as_array_mut().unwrap().sort_by_key(|row| {
                ["scheme", "grade", "unit", "channel"].map(|column| row[column].to_string())
            });
            sums.push((path, rows));
        }
        let cycle = app.get("group", &format!("/v1/review-cycles?period=2014-{month:02}")).await.expect(200);
        let path = format!("/v1/review-cycles/{}/calibration", cycle["items"][0]["id"]);
        sums.push((path.clone(), app.get("group", &path).await.expect(200)));
        let last_day = Period::new(2014, month).unwrap().last_day();
        let path = format!("/v1/pace?unit=JC&day={last_day}");
        let pace = app.get("group", &path).await.expect(200);
        let units: Vec<_> =
            pace["rows"].as_array().unwrap().iter().filter(|row| row["employee_no"].is_null()).collect();
        assert!(units.len() > 3, "{pace:#}");
        sums.push((path, json!(units)));
    }
    sums
}

fn assert_same(before: &[(String, Value)], after: &[(String, Value)]) {
    assert_eq!(before.len(), after.len());
    for ((path, before), (_, after)) in before.iter().zip(after) {
        assert_eq!(before, after, "{path}");
    }
}

/// What `showfloor facts check` finds, and what making everything anew changes.
async fn assert_the_ledger_agrees(app: &TestApp) {
    let cx = &mut operator(app).await;
    let checked = check(cx, None).await.unwrap();
    assert!(checked.differences.is_empty(), "{:#?}", checked.differences);
    let rebuilt = rebuild(cx, None).await.unwrap();
    assert!(rebuilt.differences.is_empty(), "{:#?}", rebuilt.differences);
    assert_the_sums_agree(app, "erased").await;
}

async fn assert_the_chain_holds(app: &TestApp) {
    let cx = &mut operator(app).await;
    audit_seal::seal(cx).await.unwrap();
    let verified = audit_seal::verify(cx).await.unwrap();
    assert!(verified.faults.is_empty() && verified.entries > 0 && verified.unsealed == 0, "{verified:#?}");
}

/// Which tables have a word in any of their columns. Hashes of passwords have any word now and then.
async fn mentions(app: &TestApp, word: &str) -> Vec<String> {
    let tables = "SELECT table_name::text AS line FROM information_schema.tables
        WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1";
    let mut found = Vec::new();
    for table in lines(app, tables).await {
        let text = r#"regexp_replace(t::text, '"[$]argon2[^"]*"', '', 'g')"#;
        let rows = count(app, &format!("{table} t WHERE {text} LIKE '%{word}%'")).await;
        if rows > 0 {
            found.push(format!("{table}: {rows}"));
        }
    }
    let bytes = format!("review WHERE position(convert_to('{word}', 'UTF8') IN inputs || trace) > 0");
    if count(app, &bytes).await > 0 {
        found.push("inputs of reviews".to_owned());
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_is_the_groups() {
    let app = TestApp::demo().await;
    let policy = app.get("hr", "/v1/retention").await;
    assert_eq!(policy.etag.as_deref(), Some("\"0\""));
    let mut policy = policy.expect(200);
    assert_eq!((&policy["reviews_months"], &policy["after_leaving_months"]), (&json!(36), &json!(24)));
    policy.as_object_mut().unwrap().remove("version");
    policy["facts_months"] = json!(60);
    let put = async |login: &'static str, seen: &'static str, policy: &Value| {
        app.change(login, Method::PUT, "/v1/retention", seen, Some(policy.clone())).await
    };
    for login in ["hr", "gm", "auditor", "admin", "manager"] {
        assert_eq!(put(login, "\"0\"", &policy).await.problem(403), "forbidden", "{login}");
    }
    let changed = put("group", "\"0\"", &policy).await.expect(200);
    assert_eq!((&changed["facts_months"], &changed["version"]), (&json!(60), &json!(1)));
    assert_eq!(put("group", "\"0\"", &policy).await.problem(412), "precondition-failed");
    for (field, months) in [("reviews_months", 23), ("access_log_months", 35), ("after_leaving_months", 601)]
    {
        let wrong = json!({ field: months });
        let mut wrong_policy = policy.clone();
        wrong_policy.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        let refused = put("group", "\"1\"", &wrong_policy).await;
        assert_eq!(refused.body["errors"][0]["field"], field, "{:#}", refused.body);
    }
    // March 2014 ends with the 31st and is kept for sixty months.
    let later = app.at("2019-03-31T15:59:59Z");
    let kinds = async |app: &TestApp, day: &str| {
        let due = app.get("hr", &format!("/v1/retention/due?as_of={day}")).await.expect(200);
        let months = due["months"].as_array().unwrap().clone();
        let of_march = months.into_iter().filter(|month| month["period"] == "2014-03");
        of_march.map(|month| month["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&later, "2017-03-31").await, Vec::<String>::new());
    assert_eq!(kinds(&later, "2017-04-01").await, ["reviews"]);
    assert_eq!(kinds(&later, "2019-03-31").await, ["reviews"]);
    assert_eq!(kinds(&later, "2019-04-01").await, ["reviews", "facts"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sum_of_a_unit_is_what_it_was() {
    let (app, review) = locked().await;
    name_leads(&app).await;
    let before_all = app.at("2017-01-15T08:00:00Z");
    let before = sums(&before_all).await;
    let document = app.get("hr", &format!("/v1/reviews/{review}")).await.expect(200)["sha256"].clone();
    let hashes = "SELECT concat_ws(' ', id, act, at, sha256) AS line FROM review_acknowledgement ORDER BY id";
    let acknowledged = lines(&app, hashes).await;
    assert!(acknowledged.iter().any(|line| line.contains(document.as_str().unwrap())));

    // January to April are over by then.
    let may = app.at("2017-05-15T08:00:00Z");
    let due = may.get("hr", "/v1/retention/due").await.expect(200);
    let first = &due["months"][0];
    assert_eq!(
        (&first["kind"], &first["period"], &first["store"]),
        (&json!("reviews"), &json!("2014-01"), &json!("JC"))
    );
    let report = run_today(&may).await;
    assert!(report.is_complete() && report.readings > 0 && report.entries > 0, "{report:#?}");
    let months: Vec<_> =
        report.months.iter().map(|month| format!("{} {}", month.kind, month.period)).collect();
    assert_eq!(months.iter().filter(|month| month.starts_with("reviews")).count(), 4, "{months:?}");
    assert!(
        report.months.iter().all(|month| month.store.is_some() && month.people == month.erased),
        "{report:#?}"
    );
    assert_same(&before, &sums(&may).await);
    assert_the_ledger_agrees(&may).await;
    assert_same(&before, &sums(&may).await);
    for table in ["fact", "person_month", "frozen_month", "late_correction"] {
        assert_eq!(
            count(&app, &format!("{table} WHERE period <= '2014-04-01' AND period >= '2014-01-01'")).await,
            0,
            "{table}"
        );
        if table != "frozen_month" && table != "late_correction" {
            assert!(count(&app, &format!("{table} WHERE period > '2014-04-01'")).await > 0, "{table}");
        }
    }

    // What people said is gone, and what they were shown can still be compared.
    for table in ["appeal", "appeal_step", "appeal_evidence", "review_contribution"] {
        assert_eq!(count(&app, table).await, 0, "{table}");
    }
    assert_eq!(count(&app, "review_acknowledgement WHERE text LIKE '%登记有误%'").await, 0);
    assert_eq!(lines(&app, hashes).await, acknowledged);
    for login in ["consultant", "leader", "hr", "auditor"] {
        for part in ["", "/document", "/acknowledgements", "/adjustments", "/contributions"] {
            let gone = may.get(login, &format!("/v1/reviews/{review}{part}")).await;
            assert_eq!(gone.status, 410, "{login} {part} {:#}", gone.body);
            let detail = gone.body["detail"].as_str().unwrap().to_owned();
            assert!(detail.contains("2017-05-15") && detail.contains(document.as_str().unwrap()), "{detail}");
            assert_eq!(gone.problem(410), "gone");
        }
    }
    for login in ["leader2", "clerk"] {
        assert_eq!(
            may.get(login, &format!("/v1/reviews/{review}")).await.problem(404),
            "not-found",
            "{login}"
        );
    }
    let listed = may.get("hr", "/v1/reviews?period=2014-03").await.expect(200);
    assert_eq!(listed["items"], json!([]));
    let cycle = acknowledgements::cycle_of(&may, "2014-03").await;
    let coverage = may.get("hr", &format!("/v1/review-cycles/{cycle}/coverage")).await.expect(200);
    assert_eq!(coverage["covered"], json!([]));
    let reasons = coverage["not_covered"].as_array().unwrap();
    assert!(
        reasons.iter().any(|one| one["employee_no"] == "A02" && one["reason"] == "erased"),
        "{coverage:#}"
    );

    // Nothing is added to a sum that has it already, and no month is computed again from nothing.
    let rows = json!([{"employee_no": "A02", "facts": {"deliveries": 9}}]);
    let late = json!({"period": "2014-04", "source_system": "dms", "rows": rows});
    assert_eq!(may.post("clerk", "/v1/facts", late).await.problem(409), "conflict");
    let reopen = json!({"to": "published", "reason": "再看一次"});
    let path = format!("/v1/review-cycles/{cycle}/moves");
    let reopened = may.change("group", Method::POST, &path, "*", Some(reopen)).await;
    assert_eq!(reopened.problem(409), "conflict");
    assert_same(&before, &sums(&may).await);
    assert_the_chain_holds(&may).await;

    // Once more: there is nothing left to be done.
    let written = count(&app, "erasure").await;
    let again = run_today(&may).await;
    assert!(again.months.is_empty() && again.readings == 0 && again.entries == 0, "{again:#?}");
    assert_eq!(count(&app, "erasure").await, written);

    // And the rest of the year, with what the trail said when it was loaded.
    let end = app.at("2018-02-01T08:00:00Z");
    let report = run_today(&end).await;
    assert!(report.is_complete() && report.entries > 0, "{report:#?}");
    assert_eq!(count(&app, "fact WHERE period BETWEEN '2014-01-01' AND '2014-12-01'").await, 0);
    assert_same(&before, &sums(&end).await);
    assert_the_ledger_agrees(&end).await;
    assert_the_chain_holds(&end).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_runs_at_once_each_month_is_erased_by_one() {
    let (app, _) = locked().await;
    let may = app.at("2017-05-15T08:00:00Z");
    let before = sums(&may).await;
    let people =
        count(&app, "(SELECT DISTINCT period, employee_id FROM review WHERE period <= '2014-04-01') r").await;
    let (one, other) = join(run_today(&may), run_today(&may)).await;
    let erased = |report: &Report| {
        let reviews = report.months.iter().filter(|month| month.kind.name() == "reviews");
        reviews.map(|month| month.erased).sum::<usize>()
    };
    assert_eq!(i64::try_from(erased(&one) + erased(&other)).unwrap(), people);
    assert_same(&before, &sums(&may).await);
    assert_the_ledger_agrees(&may).await;
    assert_the_chain_holds(&may).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_or_not_locked_stays_and_is_said() {
    let (app, _) = locked().await;
    run_sql(&app, "UPDATE review_cycle SET state = 'published' WHERE period = '2014-02-01'").await;
    let may = app.at("2017-05-15T08:00:00Z");
    let hold = json!({"employee_no": "A08", "reason": "劳动仲裁 (2014) 第 17 号"});
    let both = json!({"employee_no": "A08", "store": "JC", "reason": "x"});
    assert_eq!(may.post("hr", "/v1/legal-holds", both).await.body["errors"][0]["field"], "store");
    let unknown = json!({"employee_no": "Z99", "reason": "x"});
    assert_eq!(may.post("hr", "/v1/legal-holds", unknown).await.problem(422), "validation-failed");
    let everybody = json!({"reason": "监管检查"});
    assert_eq!(may.post("hr", "/v1/legal-holds", everybody.clone()).await.problem(403), "forbidden");
    let placed = may.post("hr", "/v1/legal-holds", hold).await.expect(201);
    assert_eq!((&placed["employee_no"], &placed["placed_by"]), (&json!("A08"), &json!("hr")));

    let report = run_today(&may).await;
    assert!(!report.is_complete());
    for month in &report.months {
        let (period, people) = (month.period.to_string(), month.people);
        match period.as_str() {
            "2014-02" => assert_eq!((month.erased, month.held + month.not_locked), (0, people), "{month:?}"),
            _ => assert_eq!((month.erased, month.held, month.not_locked), (people - 1, 1, 0), "{month:?}"),
        }
    }
    let kept = "SELECT DISTINCT e.employee_no AS line FROM fact f JOIN employee e ON e.id = f.employee_id
        WHERE f.period = '2014-03-01'";
    assert_eq!(lines(&app, kept).await, ["A08"]);
    review_of(&may, "A08", "2014-03", "sales_consultant").await;

    // Released by somebody else, it goes.
    let release = format!("/v1/legal-holds/{}/release", placed["id"]);
    let reason = json!({"reason": "仲裁已结"});
    let own = may.change("hr", Method::POST, &release, "*", Some(reason.clone())).await;
    assert_eq!(own.problem(409), "conflict");
    let stale = may.change("gm", Method::POST, &release, "\"7\"", Some(reason.clone())).await;
    assert_eq!(stale.problem(412), "precondition-failed");
    let released = may.change("gm", Method::POST, &release, "\"1\"", Some(reason.clone())).await.expect(200);
    assert_eq!(released["released_by"], "gm");
    assert_eq!(may.change("group", Method::POST, &release, "*", Some(reason)).await.problem(409), "conflict");
    let standing = may.get("hr", "/v1/legal-holds?standing=true").await.expect(200);
    assert_eq!(standing["items"], json!([]));

    // Everybody is held by the group, then nobody.
    let all = may.post("group", "/v1/legal-holds", everybody).await.expect(201);
    let report = run_today(&may).await;
    assert!(report.months.iter().all(|month| month.erased == 0), "{report:#?}");
    let path = format!("/v1/legal-holds/{}/release", all["id"]);
    assert_eq!(
        may.change("hr", Method::POST, &path, "*", Some(json!({"reason": "x"}))).await.problem(403),
        "forbidden"
    );
    may.add_user("group2", &[showfloor::auth::access::Role::GroupAdmin], None, None).await;
    may.change("group2", Method::POST, &path, "*", Some(json!({"reason": "检查结束"}))).await.expect(200);
    run_today(&may).await;
    assert_eq!(lines(&app, kept).await, Vec::<String>::new());
    assert!(count(&app, "fact WHERE period = '2014-02-01'").await > 0);
    assert_the_chain_holds(&may).await;
}

/// Ends every posting and leadership of somebody with a day.
async fn leave(app: &TestApp, employee_no: &str, valid_to: &str) {
    run_sql(
        app,
        &format!(
            "UPDATE team_leadership l SET valid_to = '{valid_to}' FROM employee e
                 WHERE e.id = l.employee_id AND e.employee_no = '{employee_no}';
             UPDATE assignment a SET valid_to = '{valid_to}' FROM employee e
                 WHERE e.id = a.employee_id AND e.employee_no = '{employee_no}'"
        ),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_erased_by_two_people_and_named_nowhere_any_more() {
    let (app, review) = locked().await;
    name_leads(&app).await;
    let path = "/v1/employees/A02/erasure";
    let reason = json!({"reason": "本人依个人信息保护法第四十七条申请删除"});
    let posted = app.at("2016-12-31T08:00:00Z");
    assert_eq!(posted.post("hr", path, reason.clone()).await.problem(409), "conflict");
    leave(&app, "A02", "2015-01-01").await;
    // The term of two years ends with the last day of 2016.
    assert_eq!(posted.post("hr", path, reason.clone()).await.problem(409), "conflict");
    let early = json!({"reason": "本人申请", "early": true});
    let proposed = posted.post("hr", path, early).await.expect(201);
    assert_eq!((&proposed["is_early"], &proposed["state"]), (&json!(true), &json!("proposed")));
    let decision = format!("/v1/erasures/{}/decision", proposed["id"]);
    let no = json!({"approve": false});
    let refused = posted.change("gm", Method::POST, &decision, "*", Some(no)).await;
    assert_eq!(refused.body["errors"][0]["field"], "note");
    let no = json!({"approve": false, "note": "仲裁未结"});
    posted.change("gm", Method::POST, &decision, "*", Some(no)).await.expect(200);
    // Whoever proposed one takes it back, and nobody else does.
    let proposed = posted.post("hr", path, json!({"reason": "弄错了人", "early": true})).await.expect(201);
    let withdraw = format!("/v1/erasures/{}/withdraw", proposed["id"]);
    assert_eq!(posted.change("gm", Method::POST, &withdraw, "*", None).await.problem(403), "forbidden");
    let withdrawn = posted.change("hr", Method::POST, &withdraw, "*", None).await.expect(200);
    assert_eq!((&withdrawn["state"], &withdrawn["decided_by"]), (&json!("withdrawn"), &json!("hr")));
    assert_eq!(posted.change("hr", Method::POST, &withdraw, "*", None).await.problem(409), "conflict");

    let app = app.at("2017-01-01T08:00:00Z");
    let before = sums(&app).await;
    let proposed = app.post("hr", path, reason.clone()).await.expect(201);
    assert_eq!(proposed["is_early"], false);
    assert_eq!(app.post("gm", path, reason).await.problem(409), "conflict");
    let decision = format!("/v1/erasures/{}/decision", proposed["id"]);
    let yes = Some(json!({"approve": true}));
    assert_eq!(app.change("hr", Method::POST, &decision, "*", yes.clone()).await.problem(409), "conflict");
    for login in ["manager", "leader", "clerk", "auditor", "admin"] {
        assert_eq!(
            app.change(login, Method::POST, &decision, "*", yes.clone()).await.problem(403),
            "forbidden"
        );
    }
    let session = json!({"login": "consultant", "password": "showfloor-demo"});
    let answered =
        app.send(crate::support::As::Nobody, Method::POST, "/v1/sessions", Some(session.clone())).await;
    let refresh = json!({"refresh_token": answered.expect(200)["refresh_token"]});
    let token = app.token("consultant").await;
    let (one, other) = join(
        app.change("gm", Method::POST, &decision, "*", yes.clone()),
        app.change("group", Method::POST, &decision, "*", yes),
    )
    .await;
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{:#} {:#}", one.body, other.body);

    for word in ["A02", "李思敏", "consultant\""] {
        let found = mentions(&app, word).await;
        assert!(
            found.iter().all(|table| word == "consultant\"" && !table.starts_with("user_account")),
            "{word}: {found:?}"
        );
    }
    assert_eq!(count(&app, "user_account WHERE login = 'consultant'").await, 0);
    let again = app.send(crate::support::As::Nobody, Method::POST, "/v1/sessions", Some(session)).await;
    assert_eq!(again.problem(401), "unauthenticated");
    let refreshed =
        app.send(crate::support::As::Nobody, Method::POST, "/v1/sessions/refresh", Some(refresh)).await;
    assert_eq!(refreshed.problem(401), "unauthenticated");
    drop(token);
    assert_same(&before, &sums(&app).await);
    assert_the_ledger_agrees(&app).await;
    assert_the_chain_holds(&app).await;
    assert_eq!(app.get("hr", &format!("/v1/reviews/{review}")).await.problem(410), "gone");
    assert_eq!(app.get("hr", "/v1/employees/A02").await.problem(404), "not-found");
    let erased = app.get("hr", "/v1/erasures?state=erased").await.expect(200);
    let pseudonym = erased["items"][0]["employee_no"].as_str().unwrap().to_owned();
    assert!(pseudonym.starts_with("erased-"), "{pseudonym}");
    // Others are what they were.
    review_of(&app, "A03", "2014-03", "sales_consultant").await;
    let once_more = json!({"reason": "再次"});
    let again = app.post("hr", &format!("/v1/employees/{pseudonym}/erasure"), once_more).await;
    assert_eq!(again.problem(409), "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_left_long_ago_goes_with_a_run() {
    let (app, _) = locked().await;
    leave(&app, "A08", "2014-09-01").await;
    leave(&app, "A12", "2014-09-02").await;
    // Left on 31 August 2014: kept to the end of 31 August 2016.
    let day = app.at("2016-09-01T08:00:00Z");
    let before = sums(&day).await;
    let due = day.get("hr", "/v1/retention/due").await.expect(200);
    assert_eq!(due["people"].as_array().unwrap().len(), 1, "{due:#}");
    assert_eq!(
        (&due["people"][0]["employee_no"], &due["people"][0]["due_from"]),
        (&json!("A08"), &json!("2016-09-01"))
    );
    let report = run_today(&day).await;
    assert_eq!((report.people.len(), report.people[0].is_erased), (1, true), "{report:#?}");
    assert_eq!(mentions(&day, "吴海涛").await, Vec::<String>::new());
    assert!(!mentions(&day, "罗天成").await.is_empty());
    // Team 2 was split anew for the summer: the plan still says by whose weights.
    assert!(count(&day, "annual_plan p WHERE p.split::text LIKE '%erased-%'").await > 0);
    let plans = day.get("group", "/v1/plans?unit=JC&year=2014&status=approved").await.expect(200);
    for plan in plans["items"].as_array().unwrap() {
        day.get("group", &format!("/v1/plans/{}", plan["id"])).await.expect(200);
    }
    assert_same(&before, &sums(&day).await);
    assert_the_ledger_agrees(&day).await;
    assert_the_chain_holds(&day).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_only_added_to_goes_only_in_an_erasure() {
    let (app, _) = locked().await;
    run_today(&app.at("2017-05-15T08:00:00Z")).await;
    let connection = &mut app.pool.get().await.unwrap();
    for change in [
        "DELETE FROM fact",
        "UPDATE fact SET value = 1",
        "DELETE FROM review_acknowledgement",
        "UPDATE review_acknowledgement SET text = 'x'",
        "DELETE FROM event",
        "DELETE FROM daily_sheet",
        "UPDATE audit_entry SET detail = '{}'",
        "DELETE FROM audit_entry",
        "UPDATE audit_entry SET seal_id = NULL, sha256 = NULL WHERE seal_id IS NOT NULL",
        "DELETE FROM erasure",
        "UPDATE erased_review SET sha256 = repeat('0', 64)",
        "DELETE FROM audit_seal",
        // An erasure of another transaction, a setting by itself, and the word of somebody else's transaction.
        "SELECT begin_erasing((SELECT max(id) FROM erasure))",
        "SET showfloor.erasing = 'on'; DELETE FROM fact",
        "BEGIN; SELECT set_config('showfloor.erasing', '1', true); DELETE FROM fact",
    ] {
        let refused = connection.batch_execute(change).await;
        let _ = connection.batch_execute("ROLLBACK").await;
        let is_empty = ["event", "daily_sheet"].iter().any(|table| change.ends_with(table));
        assert!(refused.is_err() || is_empty, "{change}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trail_that_was_changed_is_found_out() {
    let (app, _) = locked().await;
    let may = app.at("2017-05-15T08:00:00Z");
    run_today(&may).await;
    assert_the_chain_holds(&may).await;
    let erased = count(&app, "erased_entry").await;
    assert!(erased > 0);
    let untouched = "(SELECT min(a.id) FROM audit_entry a WHERE NOT EXISTS (SELECT FROM erased_entry x WHERE x.entry_id = a.id))";
    let touched = "(SELECT min(x.entry_id) FROM erased_entry x)";
    for (change, what) in [
        (format!("UPDATE audit_entry SET detail = '{{\"x\": 1}}' WHERE id = {untouched}"), "does not say"),
        (format!("UPDATE audit_entry SET at = at + interval '1 day' WHERE id = {untouched}"), "does not say"),
        (format!("UPDATE audit_entry SET user_id = NULL, action = 'x' WHERE id = {touched}"), "does not say"),
        (format!("DELETE FROM audit_entry WHERE id = {untouched}"), "missing"),
        (
            "INSERT INTO audit_entry (at, action, subject, detail, sha256, seal_id) VALUES (now(), 'x', 'x', '{}', 'x', 1)".to_owned(),
            "missing, or there are more",
        ),
        (
            format!("UPDATE audit_entry a SET detail = '{{\"x\": 1}}' WHERE id = {touched};
                UPDATE erased_entry x SET sha256 = audit_digest(a) FROM audit_entry a WHERE a.id = x.entry_id"),
            "not what the erasure has left",
        ),
        ("UPDATE audit_seal SET sha256 = repeat('0', 64) WHERE id = 1".to_owned(), "its hash"),
        ("DELETE FROM erased_entry WHERE entry_id = (SELECT min(entry_id) FROM erased_entry)".to_owned(), "not what the erasure"),
    ] {
        let url = database_copy(&app).await;
        let pool = showfloor::db::pool::open(&url, 2).unwrap();
        let tables = ["audit_entry", "audit_seal", "erased_entry"];
        let open = tables.map(|table| format!("ALTER TABLE {table} DISABLE TRIGGER USER;")).concat();
        pool.get().await.unwrap().batch_execute(&format!("BEGIN; {open} {change}; COMMIT")).await.unwrap();
        let printed = program::run(&["audit", "verify", "--json", "--database-url", &url]);
        assert_eq!(printed.status, 1, "{change}: {printed:?}");
        assert!(printed.out.contains(what), "{change}: {printed:?}");
        pool.close();
    }
}

/// The database of an app, copied as it is.
async fn database_copy(app: &TestApp) -> String {
    let name = lines(app, "SELECT current_database()::text AS line").await.remove(0);
    crate::support::copy_of(&name).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_shows_runs_and_says_what_keeps_something() {
    let url = database_url(Template::Demo).await;
    let with = |args: &[&str]| program::run(&[args, &["--database-url", &url]].concat());
    let shown = with(&["retention", "show", "--as-of", "2017-05-01"]);
    assert!(
        shown.status == 0 && shown.out.contains("2014-04") && !shown.out.contains("│ 2014-05"),
        "{shown:?}"
    );
    let dry = with(&["retention", "run", "--dry-run", "--as-of", "2017-05-01", "--json"]);
    let dry: Value = serde_json::from_str(&dry.out).unwrap();
    assert!(
        dry["months"].as_array().unwrap().iter().all(|month| month["not_locked"] == month["people"]),
        "{dry:#}"
    );
    let tomorrow = with(&["retention", "run", "--as-of", "2999-01-01"]);
    assert!(tomorrow.status == 1 && tomorrow.err.contains("as_of"), "{tomorrow:?}");
    // The demonstration's months are not locked: it says so and erases nothing.
    let run = with(&["retention", "run", "--as-of", "2017-05-01"]);
    assert!(run.status == 1 && run.out.contains("not locked"), "{run:?}");
    let unsigned = with(&["retention", "hold", "add", "--reason", "x"]);
    assert!(unsigned.status == 2 && unsigned.err.contains("--as"), "{unsigned:?}");
    let sealed = with(&["audit", "seal"]);
    assert!(sealed.status == 0, "{sealed:?}");
    let verified = with(&["audit", "verify"]);
    assert!(verified.status == 0 && verified.out.contains("0 faults"), "{verified:?}");
}
