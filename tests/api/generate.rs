//! Generating a month for many stores: all of them in one run, whole stores whatever happens, and nothing twice.

use std::process::Stdio;
use std::time::{Duration, Instant};

use diesel::sql_types::{BigInt, Text};
use diesel_async::{RunQueryDsl as _, SimpleAsyncConnection as _};
use showfloor::auth::Context;
use showfloor::db::{Pool, pool};
use showfloor::period::Period;
use showfloor::reviews::generate::{StoreOutcome, generate_stores};
use showfloor::rules::folder::RulesFolder;
use showfloor::rules::library::Library;

use crate::program::{json as run_json, program, run};
use crate::support::{Template, TestApp, database_url, shipped_rules};

/// People of each store: three consultants and the leader of their team.
const PEOPLE: usize = 4;

/// Stores `N001` and so on beside the demonstration's, each with a team.
async fn add_stores(pool: &Pool, count: usize) -> Vec<String> {
    let sql = format!(
        "INSERT INTO org_unit (code, name, kind, path, store_id, valid_from) \
             SELECT 'N' || lpad(n::text, 3, '0'), '店', 'store', '{{}}', min(s.id), '2013-01-01' \
             FROM generate_series(1, {count}) n, org_unit s WHERE s.kind = 'store' GROUP BY n; \
         UPDATE org_unit SET path = ARRAY[id], store_id = id WHERE code ~ '^N[0-9]+$'; \
         INSERT INTO org_unit (code, name, kind, parent_id, path, store_id, valid_from) \
             SELECT code || 'T', '组', 'team', id, '{{}}', id, '2013-01-01' FROM org_unit WHERE code ~ '^N[0-9]+$'; \
         UPDATE org_unit SET path = ARRAY[store_id, id] WHERE code ~ '^N[0-9]+T$'; \
         INSERT INTO employee (employee_no, name, status) \
             SELECT u.code || 'P' || p, '某某', 'active' FROM org_unit u, generate_series(1, 4) p WHERE u.code ~ '^N[0-9]+T$'; \
         INSERT INTO assignment (employee_id, unit_id, position, valid_from) \
             SELECT e.id, u.id, CASE WHEN e.employee_no LIKE '%P4' THEN 'team_leader' ELSE 'sales_consultant' END, '2013-01-01' \
             FROM employee e JOIN org_unit u ON e.employee_no LIKE u.code || 'P_' WHERE u.code ~ '^N[0-9]+T$';"
    );
    pool.get().await.unwrap().batch_execute(&sql).await.unwrap();
    (1..=count).map(|store| format!("N{store:03}")).collect()
}

/// A month of the new people, taken from the demonstration's: of all of them something is known, and not of all the same.
async fn give_facts(pool: &Pool) {
    let sql = "INSERT INTO person_month (period, employee_id, value, rank) \
            SELECT m.period, n.id, m.value, m.rank FROM employee n CROSS JOIN LATERAL ( \
                SELECT * FROM person_month WHERE period = '2014-03-01' AND employee_id < n.id \
                ORDER BY employee_id LIMIT 1 OFFSET n.id % 7) m \
            WHERE n.employee_no ~ '^N[0-9]+TP'; \
        INSERT INTO source_delivery (store_id, period, source, delivered_at, is_complete) \
            SELECT s.id, d.period, d.source, d.delivered_at, d.is_complete \
            FROM org_unit s, source_delivery d JOIN org_unit jc ON jc.id = d.store_id AND jc.code = 'JC' \
            WHERE d.period = '2014-03-01' AND s.code ~ '^N[0-9]+$' AND s.id % 3 > 0;";
    pool.get().await.unwrap().batch_execute(sql).await.unwrap();
}

async fn generate(app: &TestApp, stores: &[String]) -> Vec<StoreOutcome> {
    let folder = RulesFolder::new(&shipped_rules(), false);
    let cx = Context::operator(&app.pool, app.clock.now()).await.unwrap();
    let march: Period = "2014-03".parse().unwrap();
    generate_stores(cx, &folder, &Library::default(), march, stores.to_vec(), |_| ()).await.unwrap()
}

/// What was written and what stayed, of all stores.
fn sums(outcomes: &[StoreOutcome]) -> (usize, usize) {
    let generated = outcomes.iter().map(|outcome| outcome.result.as_ref().unwrap());
    generated.fold((0, 0), |(written, unchanged), one| (written + one.written, unchanged + one.unchanged))
}

#[derive(Debug, PartialEq, Eq, diesel::QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

async fn lines(pool: &Pool, sql: &str) -> Vec<String> {
    let rows: Vec<Line> = diesel::sql_query(sql).load(&mut *pool.get().await.unwrap()).await.unwrap();
    rows.into_iter().map(|row| row.line).collect()
}

async fn count(pool: &Pool, what: &str) -> i64 {
    #[derive(diesel::QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    let sql = format!("SELECT count(*) AS count FROM {what}");
    let count: Count = diesel::sql_query(sql).get_result(&mut *pool.get().await.unwrap()).await.unwrap();
    count.count
}

/// Of each new store with a cycle, how far that is and how many reviews are in force.
const STORES: &str = "SELECT concat_ws(' ', s.code, c.state, c.version, count(r.id)) AS line \
    FROM org_unit s JOIN review_cycle c ON c.store_id = s.id LEFT JOIN review r ON r.cycle_id = c.id AND r.is_current \
    WHERE s.code ~ '^N[0-9]+$' GROUP BY s.code, c.state, c.version ORDER BY s.code";

/// Everything about the new stores' reviews that does not say when they were written.
const REVIEWS: &str = "SELECT concat_ws(' ', s.code, c.state, c.version, c.bundle_hash, e.employee_no, r.scheme, r.position, u.code, \
        r.revision, r.is_current, r.bundle_hash, encode(r.inputs, 'hex'), encode(r.trace, 'hex'), r.base, r.bonus, r.total, \
        r.applicable_max, r.grade, r.final_grade, r.coefficient, r.attention::text, r.deliveries) AS line \
    FROM review r JOIN review_cycle c ON c.id = r.cycle_id JOIN org_unit s ON s.id = c.store_id \
    JOIN employee e ON e.id = r.employee_id JOIN org_unit u ON u.id = r.unit_id \
    WHERE s.code ~ '^N[0-9]+$' ORDER BY e.employee_no, r.scheme, r.revision";

/// A database with stores whose people have facts.
async fn database_with_stores(count: usize) -> (String, Pool) {
    let url = database_url(Template::Demo).await;
    let pool = pool::open(&url, 2).unwrap();
    add_stores(&pool, count).await;
    give_facts(&pool).await;
    (url, pool)
}

/// Parts of a thousand, drawn from a seed: the same at every run.
fn draws(seed: u64) -> impl Iterator<Item = u32> {
    let next =
        |last: &u64| last.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    std::iter::successors(Some(next(&seed)), move |last| Some(next(last)))
        .map(|drawn| u32::try_from((drawn >> 33) % 1_000).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn whenever_a_run_is_killed_the_next_one_comes_to_what_one_run_would_have() {
    const COUNT: usize = 60;
    let (url, pool) = database_with_stores(COUNT).await;
    let begun = Instant::now();
    run_json(1, &["generate", "2014-03", "--json", "--database-url", &url]);
    // How long a run takes depends on what else runs: one that ended before it was killed says that the next is killed sooner.
    let mut at_most = begun.elapsed();
    let never_killed = lines(&pool, REVIEWS).await;
    assert_eq!(never_killed.len(), COUNT * PEOPLE);
    let mut interrupted = 0;
    for (tried, part) in draws(12).take(20).enumerate() {
        if tried >= 5 && interrupted > 0 {
            break;
        }
        let (url, pool) = database_with_stores(COUNT).await;
        let mut child = program(&["generate", "2014-03", "--database-url", &url])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        tokio::time::sleep(at_most * part / 1_000).await;
        match child.try_wait().unwrap() {
            None => interrupted += 1,
            Some(_) => at_most /= 2,
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // The server needs a moment to notice.
        let under_way = "pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
            AND backend_type = 'client backend' AND xact_start IS NOT NULL";
        while count(&pool, under_way).await > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let left = lines(&pool, STORES).await;
        let done = left.iter().map(|line| line.strip_suffix(" computed 2 4"));
        let done = done.collect::<Option<Vec<_>>>().unwrap_or_else(|| panic!("half a store: {left:#?}"));

        let next = run_json(1, &["generate", "2014-03", "--json", "--database-url", &url]);
        let told = next.as_array().unwrap().iter().filter(|one| one["cycle"]["store"] != "JC");
        let told = told.map(|one| {
            let store = one["cycle"]["store"].as_str().unwrap();
            let expected = if done.contains(&store) { (0, 4) } else { (4, 0) };
            assert_eq!(
                (&one["written"], &one["unchanged"]),
                (&expected.0.into(), &expected.1.into()),
                "{one:#}"
            );
        });
        assert_eq!(told.count(), COUNT, "after {part} thousandths");
        assert!(lines(&pool, REVIEWS).await == never_killed, "after {part} thousandths it is something else");
    }
    assert!(interrupted > 0, "every run had ended before it was killed");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_stores_are_opened_and_generated_in_one_run_and_again_nothing_is_written() {
    let app = TestApp::demo().await;
    let stores = add_stores(&app.pool, 60).await;
    let first = generate(&app, &stores).await;
    assert_eq!(
        first.iter().map(|outcome| &outcome.store).collect::<Vec<_>>(),
        stores.iter().collect::<Vec<_>>()
    );
    assert_eq!(sums(&first), (60 * PEOPLE, 0));
    let expected = stores.iter().map(|store| format!("{store} computed 2 4")).collect::<Vec<_>>();
    assert_eq!(lines(&app.pool, STORES).await, expected);
    // The cycle that is told is the one that is read.
    for outcome in &first[..3] {
        let told = &outcome.result.as_ref().unwrap().cycle;
        let read = app.get("group", &format!("/v1/review-cycles/{}", told.id)).await.expect(200);
        let serde_json::Value::Object(told) = serde_json::to_value(told).unwrap() else {
            panic!("an object")
        };
        assert!(told.iter().all(|(field, value)| read[field] == *value), "{read:#}");
    }
    // Each cycle was opened and generated, and the trail says so.
    let trail = "audit_entry WHERE action IN ('create_review_cycle', 'generate_reviews') AND user_id IS NULL";
    let left = count(&app.pool, trail).await;
    let everything = "SELECT concat_ws(' ', id, xmin) AS line FROM review ORDER BY id";
    let before = lines(&app.pool, everything).await;
    let again = generate(&app, &stores).await;
    assert_eq!(sums(&again), (0, 60 * PEOPLE));
    assert_eq!(lines(&app.pool, everything).await, before);
    assert_eq!((count(&app.pool, trail).await, lines(&app.pool, STORES).await), (left, expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_at_once_write_every_review_once() {
    let app = TestApp::demo().await;
    let stores = add_stores(&app.pool, 60).await;
    let backwards = stores.iter().rev().cloned().collect::<Vec<_>>();
    let (one, other, third) =
        tokio::join!(generate(&app, &stores), generate(&app, &backwards), generate(&app, &stores));
    let written: usize = [&one, &other, &third].map(|outcomes| sums(outcomes).0).iter().sum();
    assert_eq!(written, 60 * PEOPLE);
    assert_eq!(
        count(&app.pool, "review r JOIN org_unit s ON s.id = r.store_id WHERE s.code ~ '^N'").await,
        240
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_is_enough_and_is_given_back() {
    let (url, _) = database_with_stores(60).await;
    let pool = pool::open(&url, 1).unwrap();
    let folder = RulesFolder::new(&shipped_rules(), false);
    let march: Period = "2014-03".parse().unwrap();
    let stores = (1..=60).map(|store| format!("N{store:03}")).collect::<Vec<_>>();
    for expected in [(60 * PEOPLE, 0), (0, 60 * PEOPLE)] {
        // With the only connection of the pool in its hands this would wait for itself.
        let cx = Context::operator(&pool, "2014-04-01T00:00:00Z".parse().unwrap()).await.unwrap();
        let outcomes =
            generate_stores(cx, &folder, &Library::default(), march, stores.clone(), |_| ()).await.unwrap();
        assert_eq!(sums(&outcomes), expected);
        assert_eq!(pool.status().available, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_cannot_be_generated_keeps_no_other_from_it() {
    let url = database_url(Template::Demo).await;
    let pool = pool::open(&url, 2).unwrap();
    add_stores(&pool, 3).await;
    let published = "INSERT INTO review_cycle (store_id, period, state, created_at) \
        SELECT id, '2014-03-01', 'published', now() FROM org_unit WHERE code = 'N002'";
    pool.get().await.unwrap().batch_execute(published).await.unwrap();
    let all = run(&["generate", "2014-03", "--database-url", &url]);
    assert_eq!(all.status, 1, "{all:#?}");
    assert!(all.out.contains("N001") && all.out.contains("N003") && !all.out.contains("N002"), "{}", all.out);
    assert_eq!(all.err.lines().filter(|line| line.contains("N002") && line.contains("published")).count(), 1);
    assert_eq!(lines(&pool, STORES).await, ["N001 computed 2 4", "N002 published 1 0", "N003 computed 2 4"]);
    let one = run(&["generate", "2014-03", "--store", "N002", "--database-url", &url]);
    assert_eq!((one.status, one.out.as_str(), one.err.lines().count()), (1, "", 1), "{one:#?}");
    assert!(one.err.contains("published"), "{}", one.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_leaves_whole_stores_and_the_next_one_finishes_the_rest() {
    let url = database_url(Template::Demo).await;
    let pool = pool::open(&url, 3).unwrap();
    let stores = add_stores(&pool, 60).await;
    // Somebody holds the cycle of a store that comes late, so that the run gets no further.
    let held = "INSERT INTO review_cycle (store_id, period, state, created_at) \
        SELECT id, '2014-03-01', 'collecting', now() FROM org_unit WHERE code = 'N050'";
    pool.get().await.unwrap().batch_execute(held).await.unwrap();
    let mut holder = pool.get().await.unwrap();
    holder
        .batch_execute("BEGIN; SELECT FROM review_cycle WHERE period = '2014-03-01' FOR UPDATE")
        .await
        .unwrap();
    let done = "review_cycle c JOIN org_unit s ON s.id = c.store_id WHERE s.code ~ '^N[0-9]+$' AND c.state = 'computed'";
    let waits = "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    // Which stores are written first depends on which thread has scored first: where nothing could be written before the
    // store that is held, the run is killed without having done anything, and another one is begun.
    for attempt in 0.. {
        assert!(attempt < 20, "it never gets anything done before the store that is held");
        let mut child = program(&["generate", "2014-03", "--database-url", &url])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while count(&pool, waits).await == 0 {
            assert!(begun.elapsed() < Duration::from_secs(60), "it does not get to the store that is held");
            assert_eq!(child.try_wait().unwrap(), None, "it has ended");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        if count(&pool, done).await > 0 {
            break;
        }
        // Whoever waits for a lock does not notice that nobody asks any more.
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
            WHERE datname = current_database() AND wait_event_type = 'Lock'";
        pool.get().await.unwrap().batch_execute(end).await.unwrap();
        while count(&pool, waits).await > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    holder.batch_execute("ROLLBACK").await.unwrap();
    // The server needs a moment to notice.
    while count(&pool, waits).await > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let left = lines(&pool, STORES).await;
    let finished = left.iter().filter(|line| line.ends_with(" computed 2 4")).count();
    assert!(finished > 0 && finished < stores.len(), "{left:#?}");
    let rest = left.iter().filter(|line| !line.ends_with(" computed 2 4")).collect::<Vec<_>>();
    assert_eq!(rest, ["N050 collecting 1 0"], "no store is half done");

    let next = run_json(1, &["generate", "2014-03", "--json", "--database-url", &url]);
    for outcome in next.as_array().unwrap().iter().filter(|one| one["cycle"]["store"] != "JC") {
        let was_done = left.iter().any(|line| {
            line.starts_with(outcome["cycle"]["store"].as_str().unwrap()) && line.ends_with(" computed 2 4")
        });
        let expected = if was_done { (0, 4) } else { (4, 0) };
        assert_eq!(
            (&outcome["written"], &outcome["unchanged"]),
            (&expected.0.into(), &expected.1.into()),
            "{outcome:#}"
        );
    }
    let whole = stores.iter().map(|store| format!("{store} computed 2 4")).collect::<Vec<_>>();
    assert_eq!(lines(&pool, STORES).await, whole);
}
