//! What is kept for dashboards: whatever changes reviews and postings, it is what they say.

use diesel_async::{RunQueryDsl as _, SimpleAsyncConnection as _};
use showfloor::auth::Context;
use showfloor::dashboard::kept::{check, rebuild};
use showfloor::ledger::person_months::check::Difference;

use crate::support::TestApp;

/// Holds the sums to the reviews.
pub async fn assert_the_sums_agree(app: &TestApp, when: &str) {
    let found = differences(app).await;
    assert!(found.is_empty(), "{when}: {found:#?}");
}

pub async fn differences(app: &TestApp) -> Vec<Difference> {
    let now = "2014-05-15T08:00:00Z".parse().unwrap();
    check(&mut Context::operator(&app.pool, now).await.unwrap(), None).await.unwrap()
}

async fn run(app: &TestApp, statement: &str) {
    app.pool.get().await.unwrap().batch_execute(statement).await.unwrap();
}

/// How many sums of reviews are kept.
async fn kept(app: &TestApp) -> i64 {
    let count = "SELECT (SELECT count(*) FROM unit_coefficient) + (SELECT count(*) FROM store_grade) AS rows";
    rows(app, count).await
}

async fn rows(app: &TestApp, count: &str) -> i64 {
    #[derive(diesel::QueryableByName)]
    struct Rows {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        rows: i64,
    }
    diesel::sql_query(count).get_result::<Rows>(&mut app.pool.get().await.unwrap()).await.unwrap().rows
}

#[tokio::test(flavor = "multi_thread")]
async fn sums_follow_the_reviews_of_published_months() {
    let app = TestApp::demo().await;
    assert_eq!(kept(&app).await, 0, "nothing is published");
    app.publish().await;
    assert!(kept(&app).await > 0);
    let of_one = "WHERE period = '2014-03-01' AND is_current
        AND employee_id = (SELECT id FROM employee WHERE employee_no = 'A01')";
    for change in [
        "UPDATE review_cycle SET state = 'locked', version = version + 1",
        "UPDATE review_cycle SET state = 'published', version = version + 1",
        &format!("UPDATE review SET coefficient = coefficient + 0.1, total = total - 1 {of_one}"),
        &format!("UPDATE review SET total = NULL, final_grade = 'NR', coefficient = NULL {of_one}"),
        &format!("UPDATE review SET is_current = false {of_one}"),
        // The next revision, written as the program does: what was in force goes out of it, and the cycle moves.
        "UPDATE review SET is_current = false WHERE period = '2014-03-01' AND is_current;
         UPDATE review SET is_current = true WHERE period = '2014-03-01' AND revision = 1;
         UPDATE review_cycle SET version = version + 1 WHERE period = '2014-03-01'",
    ] {
        run(&app, change).await;
        assert_the_sums_agree(&app, change).await;
        assert!(kept(&app).await > 0, "{change}");
    }
    run(&app, "UPDATE review_cycle SET state = 'computed', version = version + 1").await;
    assert_eq!(kept(&app).await, 0, "nothing is published any more");
    assert_the_sums_agree(&app, "opened again").await;
    let cycle = app.get("hr", "/v1/review-cycles?period=2014-03").await.expect(200)["items"][0]["id"].clone();
    app.post_empty("hr", &format!("/v1/review-cycles/{cycle}/generate")).await.expect(200);
    assert_eq!(kept(&app).await, 0, "nothing is summed of a month that is only generated");
    app.publish().await;
    let published = kept(&app).await;
    assert!(published > 0);
    assert_the_sums_agree(&app, "published again").await;
    // What is rolled back has never been.
    run(&app, "BEGIN; UPDATE review_cycle SET state = 'computed', version = version + 1; ROLLBACK").await;
    assert_eq!(kept(&app).await, published);
    assert_the_sums_agree(&app, "rolled back").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_otherwise_is_found_and_made_anew() {
    let app = TestApp::published().await;
    let path = "/v1/dashboard/distribution?period=2014-03&unit=JC";
    let before = app.get("hr", path).await;
    run(
        &app,
        "UPDATE store_grade SET reviews = reviews + 1 WHERE period = '2014-03-01';
         DELETE FROM unit_coefficient WHERE period = '2014-04-01'",
    )
    .await;
    let found = differences(&app).await;
    assert!(
        found.iter().any(|one| one.of == "JC" && one.kept.is_some() && one.ledger.is_some()),
        "{found:#?}"
    );
    let april = "2014-04".parse().unwrap();
    assert!(found.iter().filter(|one| one.period == april).all(|one| one.kept.is_none()), "{found:#?}");
    let now = "2014-05-15T08:00:00Z".parse().unwrap();
    let cx = &mut Context::operator(&app.pool, now).await.unwrap();
    assert_eq!(rebuild(cx, None).await.unwrap(), found);
    assert_the_sums_agree(&app, "made anew").await;
    let after = app.get("hr", path).await;
    assert_eq!((after.etag, after.body), (before.etag, before.body));
    let april = app.get("hr", "/v1/dashboard/coefficients?period=2014-04&unit=JC").await.expect(200);
    assert!(!april[0]["coefficient_sum"].is_null(), "{april:#}");
}

/// Postings of many lengths, one after the other, in two teams; then some are shorter, gone, or another position.
const POSTED: [&str; 4] = [
    "INSERT INTO employee (employee_no, name, status) SELECT 'Z' || n, '某人', 'active' FROM generate_series(1, 300) n;
     INSERT INTO assignment (employee_id, unit_id, position, valid_from, valid_to)
         SELECT e.id, u.id, 'sales_consultant', p.first, CASE WHEN p.k < 4 OR p.n % 2 > 0 THEN p.first + p.n * p.k * 11 % 61 + 1 END
         FROM (SELECT n, k, date '2010-01-01' + n * 13 % 97 + (k - 1) * 70 + n * k % 5 AS first
               FROM generate_series(1, 300) n, generate_series(1, 4) k) p
         JOIN employee e ON e.employee_no = 'Z' || p.n JOIN org_unit u ON u.code = 'G' || (p.n + p.k) % 3 + 1",
    "UPDATE assignment SET valid_to = valid_to - 3 WHERE valid_to - 3 > valid_from
         AND employee_id IN (SELECT id FROM employee WHERE employee_no LIKE 'Z%1')",
    "DELETE FROM assignment WHERE id IN (SELECT min(a.id) FROM assignment a JOIN employee e ON e.id = a.employee_id
         WHERE e.employee_no LIKE 'Z%7' GROUP BY e.id)",
    "UPDATE assignment SET position = 'team_leader' WHERE id IN (SELECT max(a.id) FROM assignment a
         JOIN employee e ON e.id = a.employee_id WHERE e.employee_no LIKE 'Z%5' GROUP BY e.id)",
];

/// Where what is kept is not what counting every day of every month comes to: whoever sells on one of them is counted where the month
/// counts.
const MISCOUNTED: &str = "WITH month AS (
        SELECT m::date AS first, (m + interval '1 month')::date AS beyond
        FROM generate_series(timestamp '2009-12-01', '2015-12-01', interval '1 month') m),
    held AS MATERIALIZED (
        SELECT m.first AS month, a.*, m.first + n AS day
        FROM month m CROSS JOIN LATERAL generate_series(0, m.beyond - m.first - 1) n
        JOIN assignment a ON m.first + n >= a.valid_from AND (m.first + n < a.valid_to OR a.valid_to IS NULL)),
    seller AS (SELECT DISTINCT month, employee_id FROM held WHERE position = 'sales_consultant'),
    of_day AS (
        SELECT month, employee_id, day, array_agg(position || unit_id ORDER BY position, unit_id) AS postings
        FROM held JOIN seller USING (month, employee_id) GROUP BY month, employee_id, day),
    of_most AS (
        SELECT DISTINCT ON (month, employee_id) month, employee_id, max(day) AS day FROM of_day
        GROUP BY month, employee_id, postings ORDER BY month, employee_id, count(*) DESC, max(day) DESC),
    counted AS (
        SELECT h.month, h.unit_id, count(*) AS people FROM (
            SELECT DISTINCT ON (month, employee_id) month, held.unit_id FROM of_most JOIN held USING (month, employee_id, day)
            ORDER BY month, employee_id, held.position = 'team_leader', held.valid_from DESC, held.id DESC) h
        GROUP BY h.month, h.unit_id),
    kept AS (
        SELECT m.first AS month, u.unit_id, sum(u.change) AS people FROM month m JOIN unit_seller u ON u.month <= m.first
        GROUP BY m.first, u.unit_id HAVING sum(u.change) <> 0)
    SELECT count(*) AS rows FROM counted c FULL JOIN kept k ON (k.month, k.unit_id) = (c.month, c.unit_id)
    WHERE c.people IS DISTINCT FROM k.people";

#[tokio::test(flavor = "multi_thread")]
async fn sellers_are_counted_where_their_months_count() {
    let app = TestApp::demo().await;
    for change in POSTED {
        run(&app, change).await;
        assert_eq!(rows(&app, MISCOUNTED).await, 0, "{change}");
        assert_the_sums_agree(&app, change).await;
    }
    run(&app, "UPDATE unit_seller SET change = change + 1 WHERE month = '2010-03-01'").await;
    assert!(rows(&app, MISCOUNTED).await > 0 && !differences(&app).await.is_empty());
    let now = "2014-05-15T08:00:00Z".parse().unwrap();
    rebuild(&mut Context::operator(&app.pool, now).await.unwrap(), None).await.unwrap();
    assert_eq!(rows(&app, MISCOUNTED).await, 0);
    assert_the_sums_agree(&app, "made anew").await;
}
