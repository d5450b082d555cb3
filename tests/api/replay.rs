//! Stored reviews run again: the year is proved, and whatever somebody has changed in the database is found.

use std::sync::Arc;

use diesel_async::RunQueryDsl as _;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use showfloor::auth::Context;
use showfloor::db::{Pool, pool};
use showfloor::ledger::month::Value as Fact;
use showfloor::period::Period;
use showfloor::reviews::replay::stored::ReplayFilter;
use showfloor::reviews::replay::{self, ReplayReport};
use showfloor::reviews::snapshot::stored as inputs;
use showfloor::rules::bundle::Bundle;
use showfloor::rules::scoring::RuleResult;

use crate::program::{json as program_json, run};
use crate::support::{Template, TestApp, database_url, shipped_rules};

async fn execute(pool: &Pool, sql: &str) -> usize {
    let connection = &mut *pool.get().await.unwrap();
    diesel::sql_query(sql).execute(connection).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// What a review has in a column of bytes.
async fn bytes(pool: &Pool, column: &str, id: i64) -> Vec<u8> {
    #[derive(diesel::QueryableByName)]
    struct Stored {
        #[diesel(sql_type = diesel::sql_types::Binary)]
        bytes: Vec<u8>,
    }
    let connection = &mut *pool.get().await.unwrap();
    let sql = format!("SELECT {column} AS bytes FROM review WHERE id = {id}");
    diesel::sql_query(sql).get_result::<Stored>(connection).await.unwrap().bytes
}

/// Puts other bytes into it.
async fn set_bytes(pool: &Pool, column: &str, id: i64, bytes: &[u8]) {
    let connection = &mut *pool.get().await.unwrap();
    let changed = diesel::sql_query(format!("UPDATE review SET {column} = $1 WHERE id = {id}"))
        .bind::<diesel::sql_types::Binary, _>(bytes)
        .execute(connection)
        .await;
    assert_eq!(changed.unwrap(), 1);
}

async fn year(app: &TestApp) -> ReplayReport {
    let month = |text: &str| text.parse::<Period>().unwrap();
    let months = Some((month("2014-01"), month("2014-12")));
    let filter = ReplayFilter { id: None, months, store: None };
    let cx = &mut Context::operator(&app.pool, app.clock.now()).await.unwrap();
    replay::many(cx, &filter, |_| ()).await.unwrap()
}

/// The review in force of somebody's March.
async fn march(app: &TestApp, login: &str, employee_no: &str, position: &str) -> i64 {
    let path = format!("/v1/reviews?period=2014-03&employee_no={employee_no}&position={position}");
    app.get(login, &path).await.expect(200)["items"][0]["id"].as_i64().unwrap()
}

async fn replayed(app: &TestApp, id: i64) -> Value {
    app.post_empty("hr", &format!("/v1/reviews/{id}/replay")).await.expect(200)
}

fn fields(replay: &Value) -> Vec<&str> {
    let differences = replay["differences"].as_array().unwrap();
    differences.iter().map(|difference| difference["field"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_year_and_its_later_revisions_are_proved() {
    let app = TestApp::demo().await;
    // Two corrections of March: A12 and the leader of A12's team get a second and a third revision each. The numbers are
    // spelt with zeros that mean nothing.
    for (deliveries, revenue) in [(6, "9000.50"), (9, "9100.00")] {
        let facts = format!(
            "{{\"period\": \"2014-03\", \"source_system\": \"dms\", \"rows\": [{{\"employee_no\": \"A12\", \
             \"facts\": {{\"deliveries\": {deliveries}, \"accessory_revenue\": {revenue}}}}}]}}"
        );
        app.post("clerk", "/v1/facts", serde_json::from_str(&facts).unwrap()).await.expect(200);
        let cycles = app.get("hr", "/v1/review-cycles?period=2014-03").await.expect(200);
        let path = format!("/v1/review-cycles/{}/generate", cycles["items"][0]["id"]);
        app.post_empty("hr", &path).await.expect(200);
    }
    let stored = {
        #[derive(diesel::QueryableByName)]
        struct Count {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            count: i64,
        }
        let connection = &mut *app.pool.get().await.unwrap();
        let all: Count =
            diesel::sql_query("SELECT count(*) AS count FROM review").get_result(connection).await.unwrap();
        usize::try_from(all.count).unwrap()
    };
    assert!(stored > 189, "{stored}: there are later revisions");
    let report = year(&app).await;
    assert!(report.is_same(), "{:#?}", report.incidents);
    assert_eq!(report.months.len(), 12);
    assert_eq!(report.months.iter().map(|month| month.proved).sum::<usize>(), stored);
    assert_eq!(report.months.iter().map(|month| month.reviews).sum::<usize>(), stored);
    assert_eq!(report.remarks, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proved_review_says_with_which_rules() {
    let app = TestApp::demo().await;
    let id = march(&app, "hr", "A06", "sales_consultant").await;
    let answer = replayed(&app, id).await;
    let explained = app.get("hr", &format!("/v1/reviews/{id}")).await.expect(200);
    assert_eq!((&answer["is_same"], &answer["review"]), (&json!(true), &json!(id)));
    assert_eq!(answer["bundle"], explained["bundle"]);
    assert_eq!(
        (&answer["differences"], &answer["stored"], &answer["replayed"]),
        (&json!([]), &Value::Null, &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_read_a_review_may_have_it_proved_and_the_reading_is_logged() {
    let app = TestApp::published().await;
    let own = app.get("consultant", "/v1/reviews?period=2014-03").await.expect(200)["items"][0].clone();
    let mine = own["id"].as_i64().unwrap();
    let other = if own["employee_no"] == "A03" { "A04" } else { "A03" };
    let other = march(&app, "hr", other, "sales_consultant").await;
    let path = |id: i64| format!("/v1/reviews/{id}/replay");
    assert_eq!(app.post_empty("consultant", &path(mine)).await.expect(200)["is_same"], json!(true));
    assert_eq!(app.post_empty("consultant", &path(other)).await.problem(404), "not-found");
    assert_eq!(app.post_empty("consultant", &path(999_999_999)).await.problem(404), "not-found");
    let readings = async || {
        let log = app.get("consultant", "/v1/access-log").await.expect(200);
        log["items"].as_array().unwrap().len()
    };
    assert_eq!(readings().await, 0, "the own one is nobody else's reading");
    replayed(&app, mine).await;
    assert_eq!(readings().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_was_changed_in_a_review_is_named_and_noted() {
    let app = TestApp::demo().await;
    let ids = [
        march(&app, "hr", "A06", "sales_consultant").await,
        march(&app, "hr", "A01", "team_leader").await,
        march(&app, "hr", "T01", "telesales_specialist").await,
    ];
    let [id, leader, telesales] = ids;
    // Each change, the fields that differ, and how it is taken back.
    for (id, change, expected) in [
        (id, "total = total + 0.01", vec!["total"]),
        (id, "base = NULL", vec!["base"]),
        (id, "bonus = 1", vec!["bonus"]),
        (id, "applicable_max = 99.99", vec!["applicable_max"]),
        (id, "grade = 'S'", vec!["grade"]),
        (telesales, "final_grade = 'S'", vec!["final_grade"]),
        (leader, "coefficient = 1.19", vec!["coefficient"]),
        (id, "attention = '{x}'", vec!["attention"]),
        (id, "deliveries = deliveries + 1", vec!["deliveries"]),
        // A byte too many, one too few, another version, and what is nothing at all.
        (leader, "trace = trace || '\\x20'", vec!["trace"]),
        (id, "trace = substr(trace, 1, length(trace) - 1)", vec!["trace"]),
        (id, "trace = 'nothing'", vec!["trace"]),
        (id, "trace = ''", vec!["trace"]),
        (id, "inputs = inputs || '\\x20'", vec!["inputs"]),
        (id, "inputs = substr(inputs, 1, length(inputs) - 1)", vec!["inputs"]),
        (telesales, "inputs = set_byte(inputs, 0, 255)", vec!["inputs"]),
        (id, "inputs = ''", vec!["inputs"]),
        (id, "scheme = 'other'", vec!["scheme"]),
        // Put under another name, into another team or month, or before another position.
        (id, "employee_id = (SELECT id FROM employee WHERE employee_no = 'T01')", vec!["employee_no"]),
        (id, "unit_id = (SELECT id FROM org_unit WHERE code = 'JC')", vec!["unit"]),
        (id, "period = '2013-03-01'", vec!["period"]),
        (id, "revision = 7", vec!["revision"]),
        (leader, "inputs_digest = NULL", vec!["inputs"]),
        (id, "position = 'team_leader'", vec!["position", "scheme"]),
    ] {
        execute(&app.pool, "CREATE TABLE kept AS SELECT * FROM review").await;
        execute(&app.pool, &format!("UPDATE review SET {change} WHERE id = {id}")).await;
        let answer = replayed(&app, id).await;
        assert_eq!((&answer["is_same"], fields(&answer)), (&json!(false), expected), "{change}: {answer:#}");
        assert!(!answer["stored"].is_null());
        let column = change.split(' ').next().unwrap();
        execute(
            &app.pool,
            &format!(
                "UPDATE review r SET {column} = k.{column} FROM kept k WHERE k.id = r.id AND r.id = {id}"
            ),
        )
        .await;
        execute(&app.pool, "DROP TABLE kept").await;
        assert_eq!(replayed(&app, id).await["is_same"], json!(true), "{change} was taken back");
    }
    // Another input gives another score: everything that follows from it differs.
    let catalogue = Bundle::load(&shipped_rules()).unwrap().catalogue;
    let stored = bytes(&app.pool, "inputs", id).await;
    let (subject, mut facts) = inputs::read(&stored, &catalogue).unwrap();
    let captured = catalogue.find("captured_leads").unwrap();
    assert_eq!(facts.number(captured), Some(33.into()));
    facts.set(captured, Fact::Given(43.into()));
    set_bytes(&app.pool, "inputs", id, &inputs::write(&subject, &facts)).await;
    let answer = replayed(&app, id).await;
    assert_eq!(answer["is_same"], json!(false));
    for field in ["inputs", "trace", "base", "total", "items[1]"] {
        assert!(fields(&answer).contains(&field), "{field}: {:?}", fields(&answer));
    }
    let reason = |trace: &str| answer[trace][1]["steps"][0]["reason"].as_str().unwrap().to_owned();
    assert!(reason("stored").contains("33/43"), "{}", reason("stored"));
    assert!(reason("replayed").contains("43/43"), "{}", reason("replayed"));
    // Each incident is in the audit log, with the reader and the fields.
    #[derive(diesel::QueryableByName)]
    struct Entry {
        #[diesel(sql_type = diesel::sql_types::Text)]
        login: String,
        #[diesel(sql_type = diesel::sql_types::Text)]
        subject: String,
        #[diesel(sql_type = diesel::sql_types::Jsonb)]
        detail: Value,
    }
    let connection = &mut *app.pool.get().await.unwrap();
    let entries: Vec<Entry> = diesel::sql_query(
        "SELECT u.login, a.subject, a.detail FROM audit_entry a JOIN user_account u ON u.id = a.user_id \
         WHERE a.action = 'replay_mismatch' ORDER BY a.id",
    )
    .load(connection)
    .await
    .unwrap();
    assert_eq!(entries.len(), 25);
    assert!(entries.iter().all(|entry| entry.login == "hr"));
    assert_eq!(
        (entries[0].subject.as_str(), &entries[0].detail["fields"]),
        (&*format!("review/{id}"), &json!(["total"]))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_that_no_rule_reads_is_found_when_it_was_changed() {
    let app = TestApp::demo().await;
    let id = march(&app, "hr", "A06", "sales_consultant").await;
    let bundle = Bundle::load(&shipped_rules()).unwrap();
    let read = bundle.schemes["sales_consultant"].rules.iter().flat_map(|rule| &rule.arguments);
    let read = read.map(|(name, _)| name.as_str()).collect::<std::collections::BTreeSet<_>>();
    let stored = bytes(&app.pool, "inputs", id).await;
    let mut changed = 0;
    for (metric, entry) in bundle.catalogue.entries().filter(|(_, entry)| !read.contains(&*entry.name)) {
        let (subject, mut facts) = inputs::read(&stored, &bundle.catalogue).unwrap();
        // What caps the grade is read by the scheme itself, and deliveries are a column.
        facts.set(metric, Fact::Given(Decimal::from(4321)));
        let other = inputs::write(&subject, &facts);
        assert_ne!(other, stored, "{}", entry.name);
        set_bytes(&app.pool, "inputs", id, &other).await;
        let answer = replayed(&app, id).await;
        assert!(fields(&answer).contains(&"inputs"), "{}: {answer:#}", entry.name);
        changed += 1;
    }
    assert!(changed > 30, "{changed}");
    set_bytes(&app.pool, "inputs", id, &stored).await;
    assert_eq!(replayed(&app, id).await["is_same"], json!(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_review_is_an_incident_and_no_error_of_the_server() {
    let app = TestApp::demo().await;
    let id = march(&app, "hr", "A06", "sales_consultant").await;
    for (column, damage) in [("inputs", "\\xff00"), ("inputs", ""), ("trace", "\\xff00"), ("trace", "")] {
        let kept = bytes(&app.pool, column, id).await;
        execute(&app.pool, &format!("UPDATE review SET {column} = '{damage}' WHERE id = {id}")).await;
        for path in ["", "/document", "/levers"] {
            let answer = app.get("hr", &format!("/v1/reviews/{id}{path}")).await;
            if column == "trace" && path == "/levers" {
                // They follow from the inputs alone.
                answer.expect(200);
                continue;
            }
            let detail = answer.body["detail"].as_str().unwrap_or_default().to_owned();
            assert!(detail.contains(&format!("/v1/reviews/{id}/replay")), "{column} {path}: {detail}");
            assert_eq!(answer.problem(409), "damaged");
        }
        assert!(fields(&replayed(&app, id).await).contains(&column));
        set_bytes(&app.pool, column, id, &kept).await;
    }
    app.get("hr", &format!("/v1/reviews/{id}")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn items_that_were_changed_added_or_taken_away_are_named() {
    let app = TestApp::demo().await;
    let id = march(&app, "hr", "A06", "sales_consultant").await;
    let scheme = &Bundle::load(&shipped_rules()).unwrap().schemes["sales_consultant"];
    let whole = scheme.read_trace(&bytes(&app.pool, "trace", id).await).unwrap();
    let changed = |change: &dyn Fn(&mut RuleResult)| {
        let mut results = whole.clone();
        change(Arc::make_mut(&mut results[1]));
        results
    };
    let more = |result: &mut RuleResult| result.score = result.score.map(|score| score + Decimal::new(1, 2));
    let others = |result: &mut RuleResult| result.bonus = Decimal::ONE;
    let shorter = [&changed(&more)[..7]].concat();
    for (results, expected) in [
        (changed(&more), vec!["trace", "items[1]"]),
        (changed(&others), vec!["trace"]),
        // A rule too few cannot be read.
        (shorter, vec!["trace"]),
        (whole.clone(), vec![]),
    ] {
        set_bytes(&app.pool, "trace", id, &scheme.write_trace(&results)).await;
        assert_eq!(fields(&replayed(&app, id).await), expected);
    }
}

/// Changes a stored script behind the trigger's back.
async fn tamper(pool: &Pool, change: &str) {
    execute(pool, "ALTER TABLE rule_file DISABLE TRIGGER ALL").await;
    assert_eq!(execute(pool, change).await, 1, "{change}");
    execute(pool, "ALTER TABLE rule_file ENABLE TRIGGER ALL").await;
}

const COMMENT: &str = "UPDATE rule_file SET content = content || '\\x0a'::bytea WHERE path = 'sales_consultant/70_complaints.rhai'";
const FLOOR: &str = "UPDATE rule_file SET content = convert_to(replace(convert_from(content, 'UTF8'), \
    '3 * complaints_minor', '4 * complaints_minor'), 'UTF8') WHERE path = 'sales_consultant/70_complaints.rhai'";
const BROKEN: &str =
    "UPDATE rule_file SET content = 'fn score( {'::bytea WHERE path = 'sales_consultant/70_complaints.rhai'";

#[tokio::test(flavor = "multi_thread")]
async fn one_byte_of_a_stored_script_is_enough() {
    let app = TestApp::demo().await;
    // A06 has a minor complaint in March.
    let id = march(&app, "hr", "A06", "sales_consultant").await;
    // The server has the bundle compiled already; what counts are the bytes.
    app.get("hr", &format!("/v1/reviews/{id}/levers")).await.expect(200);
    assert_eq!(replayed(&app, id).await["is_same"], json!(true));
    tamper(&app.pool, COMMENT).await;
    let answer = replayed(&app, id).await;
    assert_eq!(fields(&answer), ["bundle"], "the same scores, but not the same rules");
    assert_eq!(answer["differences"][0]["stored"], answer["bundle"]);
    assert_ne!(answer["differences"][0]["replayed"], answer["bundle"]);
    tamper(&app.pool, FLOOR).await;
    let answer = replayed(&app, id).await;
    for field in ["bundle", "trace", "total", "items[6]"] {
        assert!(fields(&answer).contains(&field), "{field}: {:?}", fields(&answer));
    }
    tamper(&app.pool, BROKEN).await;
    assert_eq!(fields(&replayed(&app, id).await), ["bundle", "rules"]);
    execute(&app.pool, "ALTER TABLE rule_file DISABLE TRIGGER ALL").await;
    execute(&app.pool, "DELETE FROM rule_file").await;
    assert_eq!(fields(&replayed(&app, id).await), ["bundle", "rules"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_proves_a_year_and_shows_both_traces_of_what_it_cannot() {
    let url = database_url(Template::Demo).await;
    let replay = |more: &[&str]| run(&[&["replay", "--database-url", &url], more].concat());
    let year = replay(&["--period", "2014"]);
    assert_eq!((year.status, year.err.as_str()), (0, ""), "{year:#?}");
    assert_eq!(year.out.matches("JC").count(), 12, "{}", year.out);
    let whole =
        program_json(0, &["replay", "--period", "2014", "--store", "JC", "--json", "--database-url", &url]);
    let proved: i64 =
        whole["months"].as_array().unwrap().iter().map(|month| month["proved"].as_i64().unwrap()).sum();
    assert_eq!((proved, &whole["incidents"]), (189, &json!([])));

    for (arguments, message) in [
        (["--period", "2013-03"], "no review"),
        (["--period", "2014-3"], "2014-03"),
        (["--store", "JC"], "--period"),
    ] {
        let refused = replay(&arguments);
        assert_ne!(refused.status, 0);
        assert!(refused.err.contains(message), "{arguments:?}: {}", refused.err);
    }

    let pool = pool::open(&url, 2).unwrap();
    let id = {
        #[derive(diesel::QueryableByName)]
        struct Found {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            id: i64,
        }
        let connection = &mut *pool.get().await.unwrap();
        let sql = "SELECT r.id FROM review r JOIN employee e ON e.id = r.employee_id \
                   WHERE e.employee_no = 'A06' AND r.period = '2014-03-01'";
        diesel::sql_query(sql).get_result::<Found>(connection).await.unwrap().id
    };
    let scheme = &Bundle::load(&shipped_rules()).unwrap().schemes["sales_consultant"];
    let mut results = scheme.read_trace(&bytes(&pool, "trace", id).await).unwrap();
    Arc::make_mut(&mut results[1]).score = Some(Decimal::new(123, 2));
    set_bytes(&pool, "trace", id, &scheme.write_trace(&results)).await;
    assert_eq!(execute(&pool, &format!("UPDATE review SET total = total + 1 WHERE id = {id}")).await, 1);
    let found = replay(&["--period", "2014-03"]);
    assert_eq!((found.status, found.err.as_str()), (1, ""), "{found:#?}");
    for part in ["trace, total, items[1] differ", "72.29", "73.29", "20_funnel_kpi", "1.23", "33/43 = 76.7%"]
    {
        assert!(found.out.contains(part), "{part}\n{}", found.out);
    }
    assert!(!found.out.contains("70_complaints"), "only rules that differ\n{}", found.out);
    let found = program_json(1, &["replay", "--period", "2014-03", "--json", "--database-url", &url]);
    let month = &found["months"][0];
    assert_eq!(
        (&month["reviews"], &month["proved"], &month["incidents"]),
        (&json!(16), &json!(15), &json!(1))
    );
    assert_eq!(replay(&["--period", "2014-04"]).status, 0, "other months are as they were");
}
