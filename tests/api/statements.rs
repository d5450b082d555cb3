//! How many statements something takes: a person's page one or two, and what is done for many people at once as many as for a
//! few.

use diesel::QueryableByName;
use diesel_async::{RunQueryDsl as _, SimpleAsyncConnection as _};
use reqwest::Method;
use serde_json::{Value, json};
use showfloor::auth::Context;
use showfloor::auth::access::Role;
use showfloor::reviews::tasks;
use showfloor::rules::library::Library;

use crate::review_life::{STATES, contribute, cycle, freeze, move_to, review_of, step_to};
use crate::support::statements::Statements;
use crate::support::{Answer, TestApp};

/// The statements of a request by a login, once connections and rules know what they need.
async fn of_request(
    app: &TestApp,
    heard: &Statements,
    login: &str,
    method: Method,
    path: &str,
) -> (Value, Vec<String>) {
    let token = app.token(login).await;
    let mut answered = Value::Null;
    let mut statements = Vec::new();
    for _ in 0..2 {
        heard.take();
        let request = app.request(method.clone(), path).bearer_auth(&token);
        let answer = Answer::of(request.send().await.unwrap()).await;
        statements = heard.take();
        answered = if answer.status == 200 { answer.body } else { Value::Null };
    }
    (answered, statements)
}

/// Once a source is declared complete, whom it does not mention is known, in as many statements for one month as for eleven.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_declared_complete_is_asked_for_once() {
    let app = TestApp::demo_over(4).await.at("2014-12-05T04:00:00Z");
    let heard = Statements::of(&app.pool).await;
    let declared = async |months: std::ops::RangeInclusive<i32>| {
        let cleared = "UPDATE source_delivery SET is_complete = false WHERE source = 'dms';
            UPDATE person_month m SET value = (SELECT array_agg(CASE WHEN v.place <> p.place THEN v.value END ORDER BY v.place)::text
                FROM unnest(m.value::numeric[]) WITH ORDINALITY AS v (value, place)) FROM metric_place p
            WHERE p.metric = 'deliveries' AND employee_id = (SELECT id FROM employee WHERE employee_no = 'A12');";
        app.pool.get().await.unwrap().batch_execute(cleared).await.unwrap();
        for month in months {
            let declared = format!(
                "INSERT INTO source_delivery (store_id, period, source, delivered_at, is_complete)
                 SELECT id, make_date(2014, {month}, 1), 'dms', '2014-12-01', true FROM org_unit WHERE code = 'JC'
                 ON CONFLICT (store_id, period, source) DO UPDATE SET is_complete = true"
            );
            app.pool.get().await.unwrap().batch_execute(&declared).await.unwrap();
        }
        let path = "/v1/pace?unit=JC&day=2014-11-30";
        let (report, statements) = of_request(&app, &heard, "manager", Method::GET, path).await;
        let rows = report["rows"].as_array().unwrap();
        let a12 = rows.iter().find(|row| row["employee_no"] == "A12").unwrap();
        (a12["full_year"]["missing"].clone(), statements)
    };
    let (missing, for_one) = declared(1..=1).await;
    assert_eq!(missing, 10);
    let (missing, for_all) = declared(1..=11).await;
    assert_eq!(missing, 0);
    assert_eq!(for_one.len(), for_all.len(), "{for_one:#?} {for_all:#?}");
}

/// Everybody who is shown the review reads it in two statements at most; whose page it was is another server's log.
async fn read_by_all(app: &TestApp, heard: &Statements, review: i64, place: &str) -> usize {
    let mut shown = 0;
    for login in ["consultant", "leader", "leader2", "manager", "gm", "hr", "hr2", "head", "group", "auditor"]
    {
        let (page, statements) =
            of_request(app, heard, login, Method::GET, &format!("/v1/reviews/{review}")).await;
        if !page.is_null() {
            shown += 1;
            assert!(statements.len() <= 2, "{login} {place}: {statements:#?}");
        }
    }
    shown
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_page_takes_two_statements_whoever_reads_it_in_every_state() {
    let app = TestApp::demo_over(4).await.at("2014-04-08T04:00:00Z");
    // Of several roles it depends on the review which of them reaches it.
    app.add_user("hr2", &[Role::Hr, Role::SalesConsultant], Some("A03"), None).await;
    app.add_user("head", &[Role::SalesManager, Role::Auditor], Some("A04"), None).await;
    // A store's own calendar and terms, and a year of holidays that was added, are asked for, too.
    let week = json!({"rest_weekdays": [1], "keeps_public_holidays": true,
        "days": [{"day": "2014-04-09", "is_open": false, "name": "盘点"}]});
    app.change("hr", Method::PUT, "/v1/work-calendars/JC/2014", "\"0\"", Some(week)).await.expect(200);
    let march = cycle(&app, "2014-03").await;
    freeze(&app, march).await;
    let review = review_of(&app, "A02", "2014-03", "sales_consultant").await;
    let heard = Statements::of(&app.pool).await;
    let mut shown = Vec::new();
    for state in STATES {
        if state != "computed" {
            step_to(&app, march, state).await;
        }
        shown.push(read_by_all(&app, &heard, review, state).await);
        for (when, login, kind) in [
            ("self_review", "consultant", "self_assessment"),
            ("leader_review", "leader", "leader_comment"),
            ("manager_review", "manager", "manager_comment"),
        ] {
            if when == state {
                let path = format!("/v1/reviews/{review}/contributions/{kind}");
                let draft = Some(json!({"text": "草稿"}));
                app.change(login, Method::PUT, &path, "*", draft).await.expect(200);
                read_by_all(&app, &heard, review, &format!("{state}, drafted")).await;
                contribute(&app, login, review, kind, "写完").await.expect(200);
                read_by_all(&app, &heard, review, &format!("{state}, handed in")).await;
            }
        }
        if state == "published" {
            let new = json!({"rule": "30_follow_up", "text": "请复核"});
            let filed =
                app.post("consultant", &format!("/v1/reviews/{review}/appeals"), new).await.expect(201);
            read_by_all(&app, &heard, review, "appealed").await;
            let appeal = format!("/v1/appeals/{}", filed["id"]);
            app.change("gm", Method::POST, &format!("{appeal}/take-up"), "*", None).await.expect(200);
            let decision = json!({"outcome": "adjusted", "points": -0.5, "reason": "核对"});
            let decided = app
                .change("gm", Method::POST, &format!("{appeal}/decision"), "*", Some(decision))
                .await
                .expect(200);
            let adjusted = decided["result"].as_i64().unwrap();
            for (review, place) in [(adjusted, "adjusted"), (review, "the revision before")] {
                read_by_all(&app, &heard, review, place).await;
            }
            let page = app.get("consultant", &format!("/v1/reviews/{adjusted}")).await.expect(200);
            let added = &page["adjustments"];
            let points = added[0]["points"].to_string();
            assert_eq!((points.trim_end_matches('0'), &added[0]["rule"]), ("-0.5", &json!("30_follow_up")));
            assert_eq!((&added[0]["decided_by"], &added[0]["appeal"]), (&json!("gm"), &filed["id"]));
        }
    }
    // Whom the table of visibility shows it to, beside the one who is auditor, too.
    assert_eq!(shown, [5, 7, 8, 9, 9, 9, 9]);
}

/// A page of a month and a store's dashboards, whoever asks: what PostgreSQL has planned for one request serves the next ones, too.
/// Planning anew takes several times as long as reading.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_all_day_is_planned_once() {
    #[derive(QueryableByName)]
    struct Prepared {
        #[diesel(sql_type = diesel::sql_types::Text)]
        statement: String,
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        generic_plans: i64,
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        custom_plans: i64,
    }
    // As many reviews as make a month worth estimating.
    let app = TestApp::demo_over(4).await.at("2014-04-08T04:00:00Z");
    add_stores(&app, 1, 400).await;
    let pool = &app.pool;
    pool.get().await.unwrap().batch_execute("ANALYZE").await.unwrap();
    // Each connection has its turns, and plans for the values of the first five.
    let often = async |login: &str, path: &str| {
        for _ in 0..12 * pool.status().max_size {
            app.get(login, path).await.expect(200);
        }
    };
    for login in ["group", "manager", "consultant"] {
        for path in ["/v1/reviews?period=2014-03&limit=20", "/v1/reviews?limit=20"] {
            often(login, path).await;
        }
    }
    for path in ["attainment?unit=N7", "funnel?unit=N7", "quality?unit=N7T&level=team"] {
        often("group", &format!("/v1/dashboard/{path}&period=2014-03")).await;
    }
    let mut connections = Vec::new();
    for _ in 0..pool.status().size {
        connections.push(pool.get().await.unwrap());
    }
    for what in ["FROM review r", "FROM governing", "FROM unit_month m"] {
        let mut planned = 0;
        for connection in &mut connections {
            let prepared: Vec<Prepared> = diesel::sql_query(
                "SELECT statement, generic_plans, custom_plans FROM pg_prepared_statements
                 WHERE generic_plans + custom_plans > 8 AND position($1 IN statement) > 0",
            )
            .bind::<diesel::sql_types::Text, _>(what)
            .load(connection)
            .await
            .unwrap();
            for Prepared { statement, generic_plans, custom_plans } in prepared {
                planned += 1;
                assert!(generic_plans > 0, "{custom_plans} times: {statement}");
            }
        }
        assert!(planned > 0, "{what}");
    }
}

/// Stores `N1` and so on beside the demonstration's, of a team with two people and their leader, who has a login: the month of
/// each is checked, and waits to be published.
async fn add_stores(app: &TestApp, from: usize, to: usize) {
    let sql = format!(
        "INSERT INTO org_unit (code, name, kind, path, store_id, valid_from)
             SELECT 'N' || n, '店', 'store', '{{}}', min(s.id), '2013-01-01'
             FROM generate_series({from}, {to}) n, org_unit s WHERE s.kind = 'store' GROUP BY n;
         UPDATE org_unit SET path = ARRAY[id], store_id = id WHERE code ~ '^N[0-9]+$' AND path = '{{}}';
         INSERT INTO org_unit (code, name, kind, parent_id, path, store_id, valid_from)
             SELECT code || 'T', '组', 'team', id, ARRAY[id], id, '2013-01-01' FROM org_unit u
             WHERE code ~ '^N[0-9]+$' AND NOT EXISTS (SELECT FROM org_unit t WHERE t.code = u.code || 'T');
         UPDATE org_unit SET path = ARRAY[store_id, id] WHERE code ~ '^N[0-9]+T$';
         INSERT INTO employee (employee_no, name, status)
             SELECT u.code || 'P' || p, '某某', 'active' FROM org_unit u, generate_series(1, 3) p
             WHERE u.code ~ '^N[0-9]+T$' ON CONFLICT DO NOTHING;
         INSERT INTO assignment (employee_id, unit_id, position, valid_from)
             SELECT e.id, u.id, 'sales_consultant', '2013-01-01'
             FROM employee e JOIN org_unit u ON e.employee_no LIKE u.code || 'P_' WHERE u.code ~ '^N[0-9]+T$'
             AND NOT EXISTS (SELECT FROM assignment a WHERE a.employee_id = e.id);
         INSERT INTO user_account (login, password_hash, roles, employee_id, created_at)
             SELECT lower(e.employee_no), 'x', ARRAY['sales_consultant'], e.id, '2013-01-01' FROM employee e
             WHERE e.employee_no ~ '^N[0-9]+TP[13]$' ON CONFLICT DO NOTHING;
         INSERT INTO review_cycle (store_id, period, state, created_at, generated_at, facts_revision)
             SELECT s.id, '2014-03-01', 'hr_check', '2014-04-01', '2014-04-01', 1 FROM org_unit s
             WHERE s.code ~ '^N[0-9]+$' ON CONFLICT DO NOTHING;
         INSERT INTO month_close (store_id, period, frozen_at)
             SELECT s.id, '2014-03-01', '2014-04-01' FROM org_unit s WHERE s.code ~ '^N[0-9]+$' ON CONFLICT DO NOTHING;
         INSERT INTO review (cycle_id, period, store_id, employee_id, scheme, position, unit_id, revision, is_current,
                 bundle_hash, inputs, trace, base, bonus, total, applicable_max, grade, final_grade, coefficient,
                 attention, deliveries, created_at)
             SELECT c.id, r.period, c.store_id, a.employee_id, r.scheme, r.position, a.unit_id, 1, true, r.bundle_hash,
                 r.inputs, r.trace, r.base, r.bonus, r.total, r.applicable_max, r.grade, r.final_grade, r.coefficient,
                 r.attention, r.deliveries, r.created_at
             FROM assignment a JOIN org_unit t ON t.id = a.unit_id JOIN review_cycle c ON c.store_id = t.store_id
             CROSS JOIN (SELECT r.* FROM review r JOIN employee e ON e.id = r.employee_id
                 WHERE e.employee_no = 'A02' AND r.period = '2014-03-01' AND r.is_current LIMIT 1) r
             WHERE t.code ~ '^N[0-9]+T$' AND c.period = '2014-03-01'
             AND NOT EXISTS (SELECT FROM review have WHERE have.cycle_id = c.id AND have.employee_id = a.employee_id);
         INSERT INTO review_contribution (cycle_id, employee_id, scheme, kind, state, author_id, text, items, written_at,
                 review_id, handed_in_at)
             SELECT r.cycle_id, r.employee_id, r.scheme, 'hr_check', 'handed_in', l.id, '', '{{}}', '2014-04-02', r.id,
                 '2014-04-02'
             FROM review r JOIN org_unit s ON s.id = r.store_id JOIN user_account l ON l.login = 'hr'
             WHERE s.code ~ '^N[0-9]+$' AND NOT EXISTS (SELECT FROM review_contribution k WHERE k.review_id = r.id);"
    );
    app.pool.get().await.unwrap().batch_execute(&sql).await.unwrap();
}

/// How many statements it takes to move the new stores' cycles as a group administrator does, and how many moved.
async fn moving(
    app: &TestApp,
    heard: &Statements,
    stores: std::ops::RangeInclusive<usize>,
    to: &str,
) -> (usize, usize) {
    let stores = stores.map(|store| format!("N{store}")).collect::<Vec<_>>();
    let body = json!({"period": "2014-03", "stores": stores, "step": {"to": to}});
    let request = app.request(Method::POST, "/v1/review-cycle-moves").bearer_auth(app.token("group").await);
    heard.take();
    let outcomes = Answer::of(request.json(&body).send().await.unwrap()).await.expect(200);
    let moved = outcomes.as_array().unwrap().iter().filter(|one| one["is_moved"] == true).count();
    (heard.take().len(), moved)
}

/// How many statements the tasks of a group administrator take, of one who is a store's HR besides, and everybody's.
async fn reminding(app: &TestApp, heard: &Statements) -> [usize; 3] {
    let (_, of_group) = of_request(app, heard, "group", Method::GET, "/v1/tasks").await;
    let (_, of_both) = of_request(app, heard, "both", Method::GET, "/v1/tasks").await;
    let mut cx = Context::operator(&app.pool, app.clock.now()).await.unwrap();
    heard.take();
    tasks::of_everybody(&mut cx, &Library::default(), None).await.unwrap();
    [of_group.len(), of_both.len(), heard.take().len()]
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_locking_and_reminding_take_no_statement_more_for_more_stores() {
    const FEW: usize = 3;
    const MANY: usize = 60;
    let app = TestApp::demo_over(4).await.at("2014-04-08T04:00:00Z");
    let march = cycle(&app, "2014-03").await;
    freeze(&app, march).await;
    move_to(&app, "hr", march, "self_review", None).await.expect(200);
    app.add_user("both", &[Role::Hr, Role::GroupAdmin], Some("A03"), None).await;
    let heard = Statements::of(&app.pool).await;
    let later = app.at("2014-04-30T04:00:00Z");
    let mut counted = Vec::new();
    for (from, to) in [(1, FEW), (FEW + 1, FEW + MANY)] {
        add_stores(&app, from, to).await;
        let count = to - from + 1;
        let before = reminding(&app, &heard).await;
        let (publishing, moved) = moving(&app, &heard, from..=to, "published").await;
        assert_eq!(moved, count);
        let published = reminding(&app, &heard).await;
        // Whoever is where the others are to go is told who was faster, each of them.
        let (again, moved) = moving(&app, &heard, from..=to, "published").await;
        assert_eq!(moved, 0);
        // Who has no login is told by hand.
        let by_hand = "INSERT INTO review_acknowledgement
                 (cycle_id, employee_id, scheme, review_id, act, how, user_id, at, sha256, until)
             SELECT r.cycle_id, r.employee_id, r.scheme, r.id, 'told', 'by_hand', l.id, '2014-04-08T05:00:00Z',
                 repeat('0', 64), '2014-04-11'
             FROM review r JOIN org_unit s ON s.id = r.store_id JOIN user_account l ON l.login = 'hr'
             WHERE s.code ~ '^N[0-9]+$'
             AND NOT EXISTS (SELECT FROM review_acknowledgement a WHERE a.review_id = r.id)";
        app.pool.get().await.unwrap().batch_execute(by_hand).await.unwrap();
        let (locking, moved) = moving(&later, &heard, from..=to, "locked").await;
        assert_eq!(moved, count);
        let locked = reminding(&later, &heard).await;
        counted.push((before, publishing, published, again, locking, locked));
    }
    assert_eq!(counted[0], counted[1]);
    // Each kind of task is asked for once, whatever the roles; besides, the positions that are scored, terms, calendars, and for
    // everybody who has which role.
    let kinds = tasks::TaskKind::ALL.len();
    let [of_group, of_both, of_everybody] = counted[1].0;
    assert!(of_group < kinds, "what is single people's is nobody's to stand in for: {counted:?}");
    assert!(of_both <= kinds + 3 && of_everybody <= kinds + 4, "{counted:?}");
}

/// Dashboards read a trend, and the months that it is compared with, in as many statements as one month.
#[tokio::test(flavor = "multi_thread")]
async fn months_of_dashboards_are_read_together() {
    let app = TestApp::published_over(4).await;
    let heard = Statements::of(&app.pool).await;
    for login in ["hr", "dashboard", "auditor", "leader"] {
        for resource in ["attainment", "funnel", "product-lines", "quality", "coefficients"] {
            let path = format!("/v1/dashboard/{resource}?unit=JC&level=all&period=2014-12");
            let (_, one) = of_request(&app, &heard, login, Method::GET, &path).await;
            let path = format!("{path}&months=11&compare=last-month");
            let (rows, many) = of_request(&app, &heard, login, Method::GET, &path).await;
            assert!(rows.as_array().is_some_and(|rows| rows.len() >= 11), "{login}: {rows}");
            assert_eq!(one.len(), many.len(), "{login} {resource}: {one:#?} {many:#?}");
        }
    }
}

/// A connection keeps the plan of a trigger's first, small update, and one that joins the rows before it with those after it compares
/// each with each once thousands move at once: 20,000 people took a minute.
#[tokio::test(flavor = "multi_thread")]
async fn what_moves_together_is_not_compared_row_by_row() {
    #[derive(QueryableByName)]
    struct Told {
        #[diesel(sql_type = diesel::sql_types::Text)]
        name: String,
        #[diesel(sql_type = diesel::sql_types::Bool)]
        joins: bool,
    }
    let app = TestApp::empty().await;
    let told: Vec<Told> = diesel::sql_query(
        r"SELECT p.proname::text AS name,
              p.prosrc ~* 'from[^;]*\m(former|later)\M\s+\w+\s+((full|left|right|inner)\s+)?join\s+(former|later)\M' AS joins
          FROM pg_proc p WHERE EXISTS (
              SELECT FROM pg_trigger t WHERE t.tgfoid = p.oid AND t.tgoldtable IS NOT NULL AND t.tgnewtable IS NOT NULL)",
    )
    .load(&mut app.pool.get().await.unwrap())
    .await
    .unwrap();
    assert!(told.iter().any(|function| function.name == "tell_cycles"));
    let joining: Vec<&str> =
        told.iter().filter(|function| function.joins).map(|function| function.name.as_str()).collect();
    assert!(joining.is_empty(), "{joining:?}");
}
