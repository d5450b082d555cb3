//! Whoever asks a dashboard again and again has a 304 while nothing has changed, and the new numbers at once when something has.

use std::collections::BTreeSet;
use std::time::Duration;

use diesel_async::{RunQueryDsl as _, SimpleAsyncConnection as _};
use reqwest::Method;
use serde_json::{Value, json};
use showfloor::auth::access::Role;
use showfloor::dashboard::unchanged;

use crate::access::second_store;
use crate::support::TestApp;
use crate::support::statements::Statements;

/// Every dashboard.
const RESOURCES: [&str; 14] = [
    "attainment?period=2014-03&compare=last-month",
    "funnel?period=2014-03&months=3&level=all",
    "channel-funnel?period=2014-03&by=source&compare=last-month",
    "phone-web-funnel?period=2014-03&compare=last-month",
    "product-lines?period=2014-03&unit=JC&level=all",
    "quality?period=2014-03&unit=G1",
    "stock-depth?period=2014-03&compare=last-month",
    "coefficients?period=2014-03&level=all",
    "distribution?period=2014-03",
    "leaderboard?period=2014-03&top=100",
    "attainment?period=2014-03&months=3&level=group&compare=last-month",
    "coefficients?period=2014-03&months=2&level=group",
    "stock-depth?period=2014-03&months=2&level=group",
    "channel-funnel?period=2014-03&months=2&level=group",
];

/// A reader that keeps what it has read, with its tag.
struct Screen<'a> {
    app: &'a TestApp,
    login: &'a str,
    path: String,
    tag: String,
    shown: Value,
}

impl<'a> Screen<'a> {
    async fn open(app: &'a TestApp, path: &str) -> Self {
        Self::of(app, "hr", path).await
    }

    async fn of(app: &'a TestApp, login: &'a str, path: &str) -> Self {
        let answer = app.get(login, path).await;
        Self {
            app,
            login,
            path: path.to_owned(),
            tag: answer.etag.clone().unwrap(),
            shown: answer.expect(200),
        }
    }

    /// All dashboards of these logins. Who may not see one has none of it.
    async fn all(app: &'a TestApp, logins: &[&'a str]) -> Vec<Self> {
        let mut screens = Vec::new();
        for login in logins {
            for resource in RESOURCES {
                let path = format!("/v1/dashboard/{resource}");
                if app.get(login, &path).await.status == 200 {
                    screens.push(Self::of(app, login, &path).await);
                }
            }
        }
        screens
    }

    /// Asks again: whether there was anything new.
    async fn ask(&mut self) -> bool {
        let request = self.app.request(Method::GET, &self.path).bearer_auth(self.app.token(self.login).await);
        let answer = request.header("If-None-Match", &self.tag).send().await.unwrap();
        let tag = answer.headers()["etag"].to_str().unwrap().to_owned();
        match answer.status().as_u16() {
            304 => {
                assert_eq!(tag, self.tag);
                assert_eq!(answer.text().await.unwrap(), "");
                false
            }
            status => {
                assert_eq!(status, 200);
                assert_ne!(tag, self.tag);
                (self.tag, self.shown) = (tag, answer.json().await.unwrap());
                // It stays what it is now.
                assert_eq!(self.app.get(self.login, &self.path).await.etag, Some(self.tag.clone()));
                true
            }
        }
    }

    fn of_store(&self, field: &str) -> i64 {
        self.shown.as_array().unwrap().iter().find(|row| row["unit"] == "JC").unwrap()[field]
            .as_i64()
            .unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_screen_that_asks_again_has_the_new_numbers_at_once_and_nothing_else() {
    let app = TestApp::published().await;
    let mut cars = Screen::open(&app, "/v1/dashboard/attainment?period=2014-03").await;
    let mut funnel = Screen::open(&app, "/v1/dashboard/funnel?period=2014-03&unit=G1").await;
    let mut board = Screen::open(&app, "/v1/dashboard/leaderboard?period=2014-03&top=100").await;
    let mut grades = Screen::open(&app, "/v1/dashboard/distribution?period=2014-03").await;
    let mut december = Screen::open(&app, "/v1/dashboard/attainment?period=2014-12").await;
    for screen in [&mut cars, &mut funnel, &mut board, &mut grades, &mut december] {
        assert!(!screen.ask().await, "{}", screen.path);
    }

    // A correction.
    let facts = app.get("hr", "/v1/facts?period=2014-03&employee_no=A12").await.expect(200);
    let (sold, store) =
        (facts["items"][0]["facts"]["deliveries"].as_i64().unwrap(), cars.of_store("deliveries"));
    let corrected = json!({"period": "2014-03", "source_system": "dms",
        "rows": [{"employee_no": "A12", "facts": {"deliveries": sold + 3}}]});
    app.post("clerk", "/v1/facts", corrected).await.expect(200);
    assert!(cars.ask().await);
    assert_eq!(cars.of_store("deliveries"), store + 3);
    for screen in [&mut cars, &mut funnel, &mut board, &mut grades, &mut december] {
        assert!(!screen.ask().await, "{}", screen.path);
    }

    // A month that is opened again, generated and published.
    let cycle = app.get("hr", "/v1/review-cycles?period=2014-03").await.expect(200)["items"][0]["id"].clone();
    let move_to = async |state: &str| {
        let sql =
            format!("UPDATE review_cycle SET state = '{state}', version = version + 1 WHERE id = {cycle}");
        app.pool.get().await.unwrap().batch_execute(&sql).await.unwrap();
    };
    move_to("computed").await;
    assert!(board.ask().await && grades.ask().await);
    assert_eq!((&board.shown, &grades.shown), (&json!([]), &json!([])));
    app.post_empty("hr", &format!("/v1/review-cycles/{cycle}/generate")).await.expect(200);
    assert!(!board.ask().await && !grades.ask().await);
    move_to("published").await;
    assert!(board.ask().await && grades.ask().await);
    let review = "/v1/reviews?period=2014-03&employee_no=A12";
    let review = app.get("hr", review).await.expect(200)["items"][0].clone();
    assert_eq!(review["revision"], 2);
    let place = board.shown.as_array().unwrap().iter().find(|place| place["employee_no"] == "A12").unwrap();
    assert_eq!(place["total"], review["total"]);

    // A posting that ends.
    let people = december.of_store("people");
    let end = "UPDATE assignment SET valid_to = '2014-11-20', version = version + 1
        WHERE employee_id = (SELECT id FROM employee WHERE employee_no = 'A12') AND valid_to IS NULL";
    app.pool.get().await.unwrap().batch_execute(end).await.unwrap();
    assert!(december.ask().await);
    assert_eq!(december.of_store("people"), people - 1);
    for screen in [&mut cars, &mut funnel, &mut board, &mut grades, &mut december] {
        assert!(!screen.ask().await, "{}", screen.path);
    }
}

/// What reads more than whether anything has changed.
fn is_reading(statement: &str) -> bool {
    [
        "unit_month",
        "unit_lead_month",
        "unit_coefficient",
        "store_grade",
        "unit_seller",
        "FROM review",
        "JOIN review",
        "annual_plan",
        "month_close m",
        "person_month",
    ]
    .iter()
    .any(|table| statement.contains(table))
}

/// Asks again until whoever has the answer is told so without anything being read: other tests on the same server have transactions
/// under way, which might yet change something.
async fn settled(screen: &mut Screen<'_>, heard: &Statements) {
    for _ in 0..1000 {
        heard.take();
        assert!(!screen.ask().await, "{}", screen.path);
        let mut statements = heard.take();
        // What the test looks up for the token.
        statements.retain(|statement| !statement.contains("user_account"));
        if !statements.iter().any(|statement| is_reading(statement)) {
            assert!(statements.len() <= 4, "{statements:#?}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{} of {} is always made anew", screen.path, screen.login);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_read_for_whoever_has_the_answer() {
    let app = TestApp::published_over(4).await;
    let heard = Statements::of(&app.pool).await;
    let mut screens = Screen::all(&app, &["hr", "dashboard", "auditor", "leader", "consultant"]).await;
    assert!(screens.len() > 4 * RESOURCES.len() - 4, "{}", screens.len());
    for screen in &mut screens {
        settled(screen, &heard).await;
    }
    // What somebody else has, in another form, or what nobody was given, is no answer.
    let path = format!("/v1/dashboard/{}", RESOURCES[0]);
    let tag = screens[0].tag.clone();
    for (login, accept, tag) in
        [("gm", "application/json", &tag), ("hr", "text/csv", &tag), ("hr", "*/*", &"\"x\"".to_owned())]
    {
        heard.take();
        let request = app.request(Method::GET, &path).bearer_auth(app.token(login).await);
        let answer = request.header("If-None-Match", tag).header("Accept", accept).send().await.unwrap();
        assert!(heard.take().iter().any(|statement| is_reading(statement)), "{login} {accept}");
        assert_eq!(answer.status() == 304, login == "gm", "the same bytes are the same answer");
    }
}

/// Something that changes what dashboards show, as SQL, and at least which of them.
const CHANGES: [(&str, &str, &[&str]); 23] = [
    ("a sheet that names leads", "WITH sheet AS (INSERT INTO daily_sheet (employee_id, day, revision, written_at)
            SELECT id, '2014-03-03', 1, '2014-03-03T10:00:00Z' FROM employee WHERE employee_no IN ('A01', 'A02', 'A03') RETURNING id)
        INSERT INTO daily_sheet_lead (sheet_id, channel, source, leads) SELECT id, 'showroom', 'walk_in', 3 FROM sheet", &["channel-funnel"]),
    ("a source that is complete", "UPDATE source_delivery SET is_complete = NOT is_complete", &["quality"]),
    ("a source that comes", "INSERT INTO source_delivery (store_id, period, source, delivered_at)
        SELECT id, '2014-03-01', 'nothing', '2014-04-02' FROM org_unit WHERE code = 'JC'", &[]),
    ("a month that is frozen", "INSERT INTO month_close (store_id, period, frozen_at)
        SELECT id, '2014-03-01', '2014-04-05' FROM org_unit WHERE code = 'JC'", &["attainment", "funnel", "product-lines", "quality", "coefficients"]),
    ("a late correction", "UPDATE month_close SET revision = revision + 1", &["attainment", "funnel", "phone-web-funnel", "product-lines", "quality"]),
    ("a month before", "UPDATE unit_month SET value[p.place] = value[p.place] + 1 FROM metric_place p
        WHERE p.metric = 'deliveries' AND period = '2014-02-01'", &["attainment", "funnel"]),
    ("a supply", "INSERT INTO supply (unit_id, series, period, wholesale, opening)
        SELECT u.id, s.code, m, 40, CASE WHEN m = '2014-01-01' THEN 20 END
        FROM org_unit u, plan_label s, generate_series(timestamp '2014-01-01', '2014-12-01', interval '1 month') m
        WHERE u.code = 'JC' AND s.tree = 'series'
        ON CONFLICT (unit_id, series, period) DO UPDATE SET wholesale = excluded.wholesale + 7", &["stock-depth"]),
    ("a stock that is counted", "UPDATE supply SET opening = 30 WHERE period = '2014-02-01'", &["stock-depth"]),
    ("sums that are made anew", "DELETE FROM unit_month WHERE period = '2014-03-01'", &["attainment", "funnel", "product-lines", "quality"]),
    ("a plan of which few people are told", "UPDATE annual_plan SET split = split || '{\"replanned\": {\"from\": \"2014-03\", \"results\": [{}]}}'", &["attainment"]),
    ("a plan that is no longer in force", "UPDATE annual_plan SET effective_from = '2014-06-01'", &["attainment"]),
    ("a posting that ends", "UPDATE assignment SET valid_to = '2014-03-01' WHERE valid_to IS NULL
        AND employee_id = (SELECT id FROM employee WHERE employee_no = 'A12')", &["attainment", "funnel", "product-lines"]),
    ("a posting that begins", "INSERT INTO employee (employee_no, name, status) VALUES ('N1', '新人', 'active');
        INSERT INTO assignment (employee_id, unit_id, position, valid_from)
        SELECT e.id, u.id, 'sales_consultant', '2014-03-01' FROM employee e, org_unit u WHERE e.employee_no = 'N1' AND u.code = 'G1'", &["attainment", "quality"]),
    ("a team that is led by somebody else", "DELETE FROM team_leadership WHERE unit_id = (SELECT id FROM org_unit WHERE code = 'G1')", &[]),
    ("a team with another name", "UPDATE org_unit SET name = '一组' WHERE code = 'G1'", &["attainment", "funnel", "quality", "leaderboard"]),
    ("a store with another name", "UPDATE org_unit SET name = '锦程' WHERE code = 'JC'", &["attainment", "funnel", "product-lines", "coefficients"]),
    ("a team that is closed", "UPDATE org_unit SET valid_to = '2014-03-01' WHERE code = 'G2'", &["attainment", "coefficients"]),
    ("somebody with another name", "UPDATE employee SET name = '某某'", &["leaderboard"]),
    ("a leaderboard that is shorter", "INSERT INTO review_terms (store_id, freeze_day, compute_day, self_review_day, leader_review_day,
            manager_review_day, publish_day, lock_day, appeal_working_days, decision_working_days, leaderboard_one_in)
        SELECT id, 3, 3, 5, 7, 9, 10, 15, 5, 5, 8 FROM org_unit WHERE code = 'JC'", &["leaderboard"]),
    ("a month that is opened again", "UPDATE review_cycle SET state = 'computed', version = version + 1", &["coefficients", "distribution", "leaderboard", "attainment"]),
    ("a month that is published", "UPDATE review_cycle SET state = 'published', version = version + 1", &["coefficients", "distribution", "leaderboard", "attainment"]),
    ("a review that is erased", "INSERT INTO erased_grade (cycle_id, unit_id, scheme, position, final_grade, reviews, rated, points, known, coefficients)
            SELECT cycle_id, unit_id, scheme, position, final_grade, 1, 1, total, 1, coefficient FROM review
            WHERE period = '2014-03-01' AND is_current AND employee_id = (SELECT id FROM employee WHERE employee_no = 'A01');
        UPDATE review SET is_current = false, coefficient = NULL, total = NULL, final_grade = ''
        WHERE period = '2014-03-01' AND employee_id = (SELECT id FROM employee WHERE employee_no = 'A01')", &["distribution", "leaderboard"]),
    ("a store that lies in a group", "INSERT INTO org_unit (code, name, kind, path, valid_from) VALUES ('TOP', '集团', 'group', '{}', '2013-01-01');
        UPDATE org_unit SET path = ARRAY[id] WHERE code = 'TOP';
        UPDATE org_unit u SET path = g.id || u.path, parent_id = CASE WHEN u.code = 'JCJT' THEN g.id ELSE u.parent_id END
        FROM org_unit g WHERE g.code = 'TOP' AND u.code <> 'TOP'", &["attainment", "funnel", "product-lines", "coefficients"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_changes_an_answer_is_seen_by_whoever_has_it() {
    let app = TestApp::published_over(4).await;
    // Of whom the months of groups are remembered.
    app.add_user("group.hr", &[Role::GroupAdmin], None, None).await;
    app.add_user("group.wall", &[Role::Dashboard], None, Some("JCJT")).await;
    // Who is shown a team without asking for it.
    app.add_user("team.wall", &[Role::Dashboard], None, Some("G1")).await;
    let heard = Statements::of(&app.pool).await;
    let logins = ["hr", "dashboard", "leader", "consultant", "group.hr", "group.wall", "team.wall"];
    let mut screens = Screen::all(&app, &logins).await;
    for (change, statement, expected) in CHANGES {
        for screen in &mut screens {
            settled(screen, &heard).await;
        }
        app.pool
            .get()
            .await
            .unwrap()
            .batch_execute(statement)
            .await
            .unwrap_or_else(|error| panic!("{change}: {error}"));
        // Of a server that has just been started nothing is remembered.
        let anew = app.at("2014-05-15T08:00:00Z");
        let mut seen = BTreeSet::new();
        for screen in &mut screens {
            if screen.ask().await {
                seen.insert(
                    screen.path.trim_start_matches("/v1/dashboard/").split('?').next().unwrap().to_owned(),
                );
            }
            let answer = anew.get(screen.login, &screen.path).await;
            assert_eq!(
                answer.etag.as_ref(),
                Some(&screen.tag),
                "{change}: {} of {}",
                screen.path,
                screen.login
            );
        }
        for resource in expected {
            assert!(seen.contains(*resource), "{change}: {resource} of {seen:?}");
        }
    }
}

/// What is read for a path by who asks for it the first time.
async fn read_for(app: &TestApp, heard: &Statements, login: &str, path: &str) -> (Value, Vec<String>) {
    app.token(login).await;
    heard.take();
    let shown = app.get(login, path).await.expect(200);
    (shown, heard.take().into_iter().filter(|statement| is_reading(statement)).collect())
}

/// From then on no transaction of other tests can change what has been noted so far.
async fn nothing_noted_is_open(app: &TestApp) {
    nothing_is_open(app, "dashboard_change").await;
}

/// Waits until nothing is under way that could come in before what stands in a table of changes by now: other tests on the same server
/// hold transactions open for a while.
pub async fn nothing_is_open(app: &TestApp, table: &str) {
    let settled = format!(
        "(SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint > max(transaction_id) FROM {table})"
    );
    let mut settled_by_now = false;
    while !settled_by_now {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let connection = &mut app.pool.get().await.unwrap();
        settled_by_now = diesel::select(diesel::dsl::sql::<diesel::sql_types::Bool>(&settled))
            .get_result(connection)
            .await
            .unwrap();
    }
}

/// Something that happens from a month on, and the month before, which it does not change.
const FROM_A_MONTH_ON: [(&str, &str, &str); 5] = [
    ("INSERT INTO employee (employee_no, name, status) VALUES ('N2', '新人', 'active');
      INSERT INTO assignment (employee_id, unit_id, position, valid_from)
      SELECT e.id, u.id, 'sales_consultant', '2014-03-20' FROM employee e, org_unit u WHERE e.employee_no = 'N2' AND u.code = 'G1'",
     "2014-02", "2014-03"),
    ("UPDATE assignment SET valid_to = '2014-04-15', version = version + 1 WHERE valid_to IS NULL
      AND employee_id = (SELECT id FROM employee WHERE employee_no = 'N2')", "2014-03", "2014-04"),
    ("DELETE FROM assignment WHERE employee_id = (SELECT id FROM employee WHERE employee_no = 'N2')", "2014-02", "2014-03"),
    ("UPDATE team_leadership SET valid_to = '2014-04-01', version = version + 1
      WHERE valid_to IS NULL AND unit_id = (SELECT id FROM org_unit WHERE code = 'G1')", "2014-03", "2014-04"),
    ("UPDATE annual_plan SET effective_from = '2014-06-01' WHERE year = 2014", "2013-12", "2014-01"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_groups_months_before_a_change_are_not_added_up_again() {
    let app = TestApp::published_over(4).await;
    app.add_user("group.wall", &[Role::Dashboard], None, Some("JCJT")).await;
    let heard = Statements::of(&app.pool).await;
    let path = |month: &str| format!("/v1/dashboard/attainment?unit=JCJT&level=group&period={month}");
    for (change, before, from) in FROM_A_MONTH_ON {
        nothing_noted_is_open(&app).await;
        for month in [before, from] {
            read_for(&app, &heard, "group.wall", &path(month)).await;
            let again = read_for(&app, &heard, "group.wall", &path(month)).await.1;
            assert!(again.is_empty(), "{month}: {again:#?}");
        }
        app.pool.get().await.unwrap().batch_execute(change).await.unwrap();
        let earlier = read_for(&app, &heard, "group.wall", &path(before)).await.1;
        assert!(earlier.is_empty(), "{change}: {before} was added up again: {earlier:#?}");
        let later = read_for(&app, &heard, "group.wall", &path(from)).await.1;
        assert!(!later.is_empty(), "{change}: {from} was not added up again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_groups_months_are_added_up_once_however_they_are_asked_for() {
    let app = TestApp::published_over(4).await;
    app.add_user("group.hr", &[Role::GroupAdmin], None, None).await;
    app.add_user("group.wall", &[Role::Dashboard], None, Some("JCJT")).await;
    let heard = Statements::of(&app.pool).await;
    for (resource, shapes) in [
        (
            "attainment?unit=JCJT&level=group",
            ["&months=12", "&months=2&sort=-deliveries", "&fields=deliveries&compare=last-month"],
        ),
        (
            "coefficients?level=group",
            ["&months=12", "&months=2&sort=period", "&fields=known&compare=last-month"],
        ),
        ("distribution?unit=JCJT", ["&months=12", "&months=2&sort=reviews", "&fields=grade"]),
    ] {
        let path = |shape: &str| format!("/v1/dashboard/{resource}&period=2014-04{shape}");
        // Others have transactions under way, which might yet change something.
        let mut is_once = false;
        for _ in 0..1000 {
            read_for(&app, &heard, "group.wall", &path(shapes[0])).await;
            let [second, third] = [shapes[1], shapes[2]].map(path);
            let second = read_for(&app, &heard, "group.wall", &second).await.1;
            let third = read_for(&app, &heard, "group.wall", &third).await.1;
            if second.is_empty() && third.is_empty() {
                is_once = true;
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(is_once, "{resource} is added up each time");
        // Another login's question is another one.
        let (shown, read) = read_for(&app, &heard, "group.hr", &path(shapes[0])).await;
        assert!(!read.is_empty(), "{resource}");
        assert_ne!(shown, json!([]), "{resource}");
    }
    // Of what changes, the month is read that it is in.
    let path = "/v1/dashboard/attainment?unit=JCJT&level=group&period=2014-04&months=2";
    let before = app.get("group.wall", path).await.expect(200);
    let correct = "UPDATE unit_month SET value[p.place] = value[p.place] + 7 FROM metric_place p
        WHERE p.metric = 'deliveries' AND period = '2014-04-01'
        AND unit_id = (SELECT id FROM org_unit WHERE code = 'G1')";
    app.pool.get().await.unwrap().batch_execute(correct).await.unwrap();
    let after = app.get("group.wall", path).await.expect(200);
    let of = |rows: &Value, at: usize| rows[at]["deliveries"].as_i64().unwrap();
    assert_eq!((of(&after, 0), of(&after, 1)), (of(&before, 0), of(&before, 1) + 7));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_late_is_seen() {
    let app = TestApp::published().await;
    let mut cars = Screen::open(&app, "/v1/dashboard/attainment?period=2014-03&unit=JC").await;
    let name = |screen: &Screen<'_>| screen.shown[0]["name"].as_str().unwrap().to_owned();
    let prune = async || while unchanged::prune(&mut app.pool.get().await.unwrap()).await.unwrap() > 0 {};
    for round in 0..2 {
        // It begins first, and is committed last.
        let mut slow = app.pool.get().await.unwrap();
        let rename = format!("BEGIN; UPDATE org_unit SET name = '店{round}' WHERE code = 'JC'");
        slow.batch_execute(&rename).await.unwrap();
        let correct = "UPDATE unit_month SET value[p.place] = value[p.place] + 1 FROM metric_place p
            WHERE p.metric = 'deliveries' AND period = '2014-03-01'";
        app.pool.get().await.unwrap().batch_execute(correct).await.unwrap();
        assert!(cars.ask().await);
        prune().await;
        assert!(!cars.ask().await && !cars.ask().await);
        slow.batch_execute("COMMIT").await.unwrap();
        if round > 0 {
            prune().await;
        }
        assert!(cars.ask().await);
        assert_eq!(name(&cars), format!("店{round}"));
        assert!(!cars.ask().await);
    }
    // What is rolled back changes nothing.
    let mut slow = app.pool.get().await.unwrap();
    slow.batch_execute("BEGIN; UPDATE org_unit SET name = '无' WHERE code = 'JC'; ROLLBACK").await.unwrap();
    assert!(!cars.ask().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_out_of_reach_does_not_show() {
    let app = TestApp::published_over(4).await;
    second_store(&app).await;
    let heard = Statements::of(&app.pool).await;
    let mut screens = Screen::all(&app, &["hr", "gm", "leader"]).await;
    nothing_noted_is_open(&app).await;
    for screen in &mut screens {
        assert!(!screen.ask().await, "{}", screen.path);
    }
    // Everything of the other store, and what lies beside.
    for statement in [
        "UPDATE org_unit SET name = '别的店' WHERE code = 'HD'",
        "INSERT INTO org_unit (code, name, kind, path, valid_from) VALUES ('BESIDE', '集团', 'group', '{}', '2013-01-01')",
        "INSERT INTO unit_month (period, unit_id, value, known) SELECT '2014-03-01', id, '{1}', '{1}' FROM org_unit WHERE code = 'HD'
         ON CONFLICT (period, unit_id) DO UPDATE SET known = excluded.known",
        "INSERT INTO source_delivery (store_id, period, source, delivered_at)
         SELECT id, '2014-03-01', 'nothing', '2014-04-02' FROM org_unit WHERE code = 'HD'",
        "UPDATE assignment a SET valid_to = '2014-03-20' FROM org_unit u WHERE u.id = a.unit_id AND u.code <> 'HD'
         AND u.store_id = (SELECT id FROM org_unit WHERE code = 'HD') AND a.valid_to IS NULL",
    ] {
        app.pool.get().await.unwrap().batch_execute(statement).await.unwrap();
        heard.take();
        for screen in &mut screens {
            assert!(!screen.ask().await, "{} of {}", screen.path, screen.login);
            let read = heard.take();
            assert!(!read.iter().any(|one| is_reading(one)), "{statement}: {} of {}: {read:#?}", screen.path, screen.login);
        }
    }
}
