//! A group of 100,000 people: what everybody asks for every day is found by an index, however much a table has grown; and a
//! delivery reads what it is about.

use std::collections::BTreeMap;

use diesel::sql_types::{BigInt, Text};
use diesel_async::{RunQueryDsl as _, SimpleAsyncConnection as _};
use reqwest::Method;
use showfloor::auth::access::Role;

use crate::support::{GROWING, TestApp, strict};

#[derive(diesel::QueryableByName)]
struct Scans {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    scans: i64,
}

/// How often each growing table has been read from its beginning to its end.
async fn scans(app: &TestApp) -> BTreeMap<String, i64> {
    // Every connection counts for itself and tells now and then.
    let mut connections = Vec::new();
    for _ in 0..app.pool.status().size.max(1) {
        connections.push(app.pool.get().await.unwrap());
    }
    for connection in &mut connections {
        connection.batch_execute("SELECT pg_stat_force_next_flush()").await.unwrap();
        connection.batch_execute("SELECT 1").await.unwrap();
    }
    let query = format!(
        "SELECT relname::text AS name, seq_scan AS scans FROM pg_stat_user_tables WHERE relname IN ({GROWING})"
    );
    let rows: Vec<Scans> = diesel::sql_query(query).load(&mut connections[0]).await.unwrap();
    rows.into_iter().map(|row| (row.name, row.scans)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_grows_is_read_from_end_to_end() {
    let app = TestApp::group().await;
    app.add_user("group.hr", &[Role::GroupAdmin], None, None).await;
    app.add_user("store.hr", &[Role::Hr], None, Some("S77")).await;
    app.add_user("wall", &[Role::Dashboard], None, Some("S77")).await;
    app.add_user("group.wall", &[Role::Dashboard], None, Some("GROUP")).await;
    app.add_user("confined.hr", &[Role::Hr], None, Some("GROUP")).await;
    app.add_user("s77.consultant", &[Role::SalesConsultant], Some("S77T05"), None).await;
    let of = |row: &serde_json::Value, field: &str| row["items"][0][field].to_string();
    let one = app.get("store.hr", "/v1/reviews?period=2014-03&employee_no=S77T05").await.expect(200);
    let (id, person) = (of(&one, "id"), "S77T05");
    let mut reads = vec![
        ("group.hr", "/v1/reviews?period=2014-03&unit=S2000&limit=20".to_owned()),
        ("group.hr", format!("/v1/reviews?period=2014-03&employee_no={person}")),
        ("group.hr", "/v1/review-cycles?period=2014-03&limit=20".to_owned()),
        ("store.hr", "/v1/reviews?period=2014-03&grade=A&limit=20".to_owned()),
        ("store.hr", format!("/v1/reviews/{id}")),
        ("store.hr", format!("/v1/facts?period=2014-03&employee_no={person}")),
        ("store.hr", format!("/v1/facts/history?period=2014-03&employee_no={person}&metric=deliveries")),
        ("store.hr", "/v1/review-cycles?store=S77&period=2014-03".to_owned()),
        ("s77.consultant", format!("/v1/reviews/{id}")),
        ("s77.consultant", "/v1/dashboard/leaderboard?period=2014-03&unit=S77".to_owned()),
        ("wall", "/v1/dashboard/funnel?period=2014-03&unit=S77".to_owned()),
        ("wall", "/v1/dashboard/attainment?period=2014-03".to_owned()),
        ("wall", "/v1/dashboard/quality?period=2014-03&compare=last-month".to_owned()),
        ("wall", "/v1/dashboard/product-lines?period=2014-03&level=all".to_owned()),
        ("wall", "/v1/dashboard/channel-funnel?period=2014-03&level=all&by=source".to_owned()),
        ("wall", "/v1/dashboard/phone-web-funnel?period=2014-03&level=all".to_owned()),
        ("wall", "/v1/dashboard/stock-depth?period=2014-03".to_owned()),
        ("group.wall", "/v1/dashboard/stock-depth?period=2014-03&level=group".to_owned()),
        ("wall", "/v1/dashboard/coefficients?period=2014-03".to_owned()),
        ("wall", "/v1/dashboard/coefficients?period=2014-12&months=24&compare=last-year".to_owned()),
        ("wall", "/v1/dashboard/attainment?period=2014-12&months=24&compare=last-month,last-year".to_owned()),
        ("group.wall", "/v1/dashboard/funnel?period=2014-04&months=2&level=group".to_owned()),
        ("store.hr", "/v1/dashboard/attainment?period=2014-03&unit=S77&as_of=2014-05-01".to_owned()),
        ("wall", "/v1/dashboard/distribution?period=2014-03&unit=S77".to_owned()),
        ("store.hr", "/v1/dashboard/distribution?period=2014-03&unit=S77T".to_owned()),
        ("group.hr", "/v1/dashboard/leaderboard?period=2014-03&unit=S77".to_owned()),
        ("store.hr", "/v1/dashboard/leaderboard?period=2014-03".to_owned()),
        ("s77.consultant", "/v1/dashboard/leaderboard?period=2014-03".to_owned()),
        // Of the whole group.
        ("group.hr", "/v1/dashboard/attainment?period=2014-03&unit=GROUP".to_owned()),
        ("group.wall", "/v1/dashboard/attainment?period=2014-03".to_owned()),
        ("group.wall", "/v1/dashboard/funnel?period=2014-03".to_owned()),
        ("group.wall", "/v1/dashboard/quality?period=2014-03&level=group,store".to_owned()),
        ("group.wall", "/v1/dashboard/product-lines?period=2014-03&compare=last-month,last-year".to_owned()),
        ("group.hr", "/v1/dashboard/leaderboard?period=2014-03&unit=GROUP&top=100".to_owned()),
        ("group.hr", "/v1/dashboard/leaderboard?period=2014-03".to_owned()),
        ("confined.hr", "/v1/dashboard/leaderboard?period=2014-03".to_owned()),
        ("group.hr", "/v1/reviews?period=2014-03&unit=GROUP&limit=20".to_owned()),
        ("group.hr", "/v1/reviews?unit=GROUP&limit=20".to_owned()),
    ];
    // Of everybody, of a group, of a store, of a team, of oneself.
    for login in ["auditor", "confined.hr", "store.hr", "leader", "s77.consultant"] {
        reads.push((login, "/v1/reviews?limit=20".to_owned()));
        reads.push((login, "/v1/reviews?period=2014-03&limit=20".to_owned()));
    }
    for login in ["auditor", "s77.consultant"] {
        reads.push((login, "/v1/access-log?limit=20".to_owned()));
    }
    let mut faults = Vec::new();
    for (login, path) in reads {
        read(&app, login, &path).await;
        let before = scans(&app).await;
        read(&app, login, &path).await;
        let after = scans(&app).await;
        if after != before {
            faults.push(format!("{login} {path}: {before:?}, then {after:?}"));
        }
    }
    assert!(faults.is_empty(), "tables that were read from end to end:\n{}", faults.join("\n"));
}

/// Reads as often as it takes for PostgreSQL to settle on a plan that it keeps.
async fn read(app: &TestApp, login: &str, path: &str) {
    let token = app.token(login).await;
    let mut busy = 0;
    let mut read = 0;
    while read < 7 {
        let answer = app.request(Method::GET, path).bearer_auth(&token).send().await.unwrap();
        let (status, body) = (answer.status(), answer.bytes().await.unwrap());
        // On a busy machine all connections may be in use for a while.
        if status == 503 && busy < 3 {
            busy += 1;
            continue;
        }
        assert_eq!(status, 200, "{login} {path}: {}", String::from_utf8_lossy(&body));
        strict::check(&body);
        read += 1;
    }
}

/// Tables with rows for each person, for each of their months, or for each review.
const OF_PEOPLE: &str = "'lead_month', 'employee', 'assignment', 'seller_span', 'fact', 'person_month', 'frozen_month', 'review', 'erased_grade'";

/// What a group's months come to is kept by store and unit: however many people and reviews there are, none of them is read.
#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_answered_without_its_people_and_reviews() {
    let app = TestApp::group().await;
    app.add_user("group.hr", &[Role::GroupAdmin], None, None).await;
    app.add_user("group.wall", &[Role::Dashboard], None, Some("GROUP")).await;
    for login in ["group.hr", "group.wall"] {
        // Whatever is looked up for the token.
        app.get(login, "/v1/dashboard/attainment?period=2014-03&unit=S1").await.expect(200);
        for resource in [
            "attainment",
            "funnel",
            "channel-funnel",
            "phone-web-funnel",
            "product-lines",
            "quality",
            "stock-depth",
            "coefficients",
            "distribution",
        ] {
            for more in ["", "&months=24", "&level=all&down=1&compare=last-month,last-year"] {
                if resource == "distribution" && more.contains("level") {
                    continue;
                }
                let level =
                    if resource == "distribution" || more.contains("level") { "" } else { "&level=group" };
                let path = format!("/v1/dashboard/{resource}?period=2014-03&unit=GROUP{level}{more}");
                let before = rows_of_each(&app, OF_PEOPLE).await;
                let answer = app.get(login, &path).await.expect(200);
                assert_ne!(answer, serde_json::json!([]), "{login} {path}");
                let after = rows_of_each(&app, OF_PEOPLE).await;
                assert_eq!(after, before, "rows of people and reviews were read: {login} {path}");
            }
        }
    }
}

/// A store's grades are found among its own, and not among those of all stores in the months; by whoever reaches the whole store.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_answered_by_its_own_grades() {
    let app = TestApp::group().await;
    app.add_user("group.hr", &[Role::GroupAdmin], None, None).await;
    app.add_user("confined.hr", &[Role::Hr], None, Some("GROUP")).await;
    app.add_user("group.wall", &[Role::Dashboard], None, Some("GROUP")).await;
    app.add_user("wall", &[Role::Dashboard], None, Some("S77")).await;
    let mut answers = Vec::new();
    for login in ["group.hr", "confined.hr", "group.wall", "wall"] {
        for (path, grades) in [("period=2014-03", 1), ("period=2014-12&months=24", 1), ("period=2013-12", 0)]
        {
            let path = format!("/v1/dashboard/distribution?unit=S77&{path}");
            read(&app, login, &path).await;
            let before = (rows_read(&app, "'store_grade'").await, rows_read(&app, OF_PEOPLE).await);
            answers.push(app.get(login, &path).await.expect(200));
            let after = (rows_read(&app, "'store_grade'").await, rows_read(&app, OF_PEOPLE).await);
            // Everybody of the store has the same grade in March.
            assert_eq!(after.0 - before.0, grades, "rows of grades were read: {login} {path}");
            assert_eq!(after.1, before.1, "rows of people and reviews were read: {login} {path}");
        }
    }
    assert_eq!(answers[0][0]["reviews"], 40, "{:#}", answers[0]);
    for (at, answer) in answers.iter().enumerate() {
        let expected = if at % 3 == 2 { &serde_json::json!([]) } else { &answers[0] };
        assert_eq!(answer, expected, "{at}");
    }
}

const ORGANISATION: &str = "'org_unit', 'assignment', 'employee', 'person_month'";

/// Stores with one person each.
const STORES: i64 = 1_500;

/// Rows of these tables that have been read so far, in whatever way they were found.
async fn rows_read(app: &TestApp, tables: &str) -> i64 {
    rows_of_each(app, tables).await.values().sum()
}

/// The same of each of the tables.
async fn rows_of_each(app: &TestApp, tables: &str) -> BTreeMap<String, i64> {
    #[derive(diesel::QueryableByName)]
    struct Rows {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = BigInt)]
        rows: i64,
    }
    // As with the scans.
    scans(app).await;
    let query = format!(
        "SELECT relname::text AS name, seq_tup_read + coalesce(idx_tup_fetch, 0) AS rows FROM pg_stat_user_tables \
         WHERE relname IN ({tables})"
    );
    let mut connection = app.pool.get().await.unwrap();
    let rows: Vec<Rows> = diesel::sql_query(query).load(&mut connection).await.unwrap();
    rows.into_iter().map(|row| (row.name, row.rows)).collect()
}

/// Stores times people would be two million rows.
#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_does_not_read_the_whole_group_for_each_person() {
    let app = TestApp::demo().await;
    let group = format!(
        "INSERT INTO org_unit (code, name, kind, path, valid_from) VALUES ('GROUP', '集团', 'group', '{{}}', '2013-01-01');
         UPDATE org_unit SET path = ARRAY[id] WHERE code = 'GROUP';
         INSERT INTO org_unit (code, name, kind, parent_id, path, store_id, valid_from)
             SELECT 'S' || s, '店', 'store', g.id, '{{}}', g.id, '2013-01-01'
             FROM org_unit g CROSS JOIN generate_series(1, {STORES}) s WHERE g.code = 'GROUP';
         UPDATE org_unit SET store_id = NULL WHERE code = 'GROUP';
         UPDATE org_unit s SET path = ARRAY[s.parent_id, s.id], store_id = s.id WHERE s.code ~ '^S[0-9]+$';
         INSERT INTO employee (employee_no, name, status)
             SELECT 'P' || right(code, -1), '某某', 'active' FROM org_unit WHERE code ~ '^S[0-9]+$';
         INSERT INTO assignment (employee_id, unit_id, position, valid_from)
             SELECT e.id, s.id, 'sales_consultant', '2013-01-01' FROM employee e
             JOIN org_unit s ON s.code = 'S' || right(e.employee_no, -1) WHERE e.name = '某某';"
    );
    app.pool.get().await.unwrap().batch_execute(&group).await.unwrap();
    app.pool.get().await.unwrap().batch_execute("VACUUM ANALYZE").await.unwrap();
    app.add_user("group.clerk", &[Role::Clerk], None, Some("GROUP")).await;
    let rows =
        (1..=STORES).map(|person| format!("P{person},40,32,36,20,{},{}\n", person % 20 + 2, person % 20));
    let file =
        "工号,首次到店,留档数,到店客户数,试驾数,新增订单,交车台数\n".to_owned() + &rows.collect::<String>();
    let before = rows_read(&app, ORGANISATION).await;
    let path = "/v1/imports?kind=dms-funnel&period=2014-05";
    let answer = app.upload("group.clerk", path, file.into_bytes()).await.expect(201);
    assert_eq!(answer["added"], 6 * STORES, "{answer:#}");
    let read = rows_read(&app, ORGANISATION).await - before;
    // Everybody is looked up a few dozen times.
    assert!(read < 100 * STORES, "{read} rows were read");
}
