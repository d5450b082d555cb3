//! The feed of changes: nothing is missed, nothing is told to whom it is not for, and it is followed as it comes.

use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::{AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use reqwest::Method;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use showfloor::changes;

use crate::access::second_store;
use crate::plans;
use crate::support::{As, TestApp};

/// The cursor of now, behind everything that has been done.
pub async fn now(app: &TestApp, login: &str) -> String {
    let answer = app.get(login, "/v1/changes").await.expect(200);
    assert_eq!((&answer["items"], &answer["more"]), (&json!([]), &json!(false)));
    caught_up(app, login, answer["cursor"].as_str().unwrap()).await.1
}

/// What a login is told behind a cursor: resource, key and kind.
pub async fn told(app: &TestApp, login: &str, cursor: &str) -> Vec<String> {
    caught_up(app, login, cursor).await.0
}

/// The same, with the cursor behind it. Lets an entry of everybody's come, and waits until the login is told of it: everything
/// before has been told then. Other tests on the same server hold transactions open for a while.
async fn caught_up(app: &TestApp, login: &str, cursor: &str) -> (Vec<String>, String) {
    insert(app, "('metrics', NULL, NULL)").await;
    for _ in 0..1000 {
        let answer = app.get(login, &format!("/v1/changes?limit=500&after={cursor}")).await.expect(200);
        let mut items = answer["items"].as_array().unwrap().iter().map(line).collect::<Vec<_>>();
        if items.last().is_some_and(|last| last == "metrics metrics changed") {
            items.pop();
            return (items, answer["cursor"].as_str().unwrap().to_owned());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{login} is never told of what comes last");
}

fn line(change: &Value) -> String {
    let word = |name: &str| change[name].as_str().unwrap();
    format!("{} {} {}", word("resource"), word("key"), word("kind"))
}

async fn sorted(app: &TestApp, login: &str, cursor: &str) -> Vec<String> {
    let mut told = told(app, login, cursor).await;
    told.sort_unstable();
    told
}

/// Leaves entries as a transaction of its own: resource, unit and month.
async fn insert(app: &TestApp, values: &str) {
    let entry = format!(
        "INSERT INTO change_entry (kind, resource, unit_id, period)
         SELECT 'changed', v.resource, v.unit::bigint, v.period::date FROM (VALUES {values}) AS v (resource, unit, period)"
    );
    app.pool.get().await.unwrap().batch_execute(&entry).await.unwrap();
}

/// Delivers a number of cars for people of January 2015.
async fn deliver(app: &TestApp, cars: &[(&str, Value)]) {
    let rows = cars.iter().map(|(who, cars)| json!({"employee_no": who, "facts": {"deliveries": cars}}));
    let body = json!({"period": "2015-01", "source_system": "dms", "rows": rows.collect::<Vec<_>>()});
    app.post("clerk", "/v1/facts", body).await.expect(200);
}

/// Deliveries stand in all of them.
const SUMS: [&str; 6] = [
    "attainment 2015-01/JC changed",
    "channel-funnel 2015-01/JC changed",
    "funnel 2015-01/JC changed",
    "product-lines 2015-01/JC changed",
    "quality 2015-01/JC changed",
    "stock-depth 2015-01/JC changed",
];

#[tokio::test(flavor = "multi_thread")]
async fn sums_that_change_are_told_by_store_and_of_one_or_two_people_only_to_who_knows_them() {
    let app = TestApp::demo().await.at("2015-02-10T08:00:00Z");
    let (screen, gm) = (now(&app, "dashboard").await, now(&app, "gm").await);
    deliver(&app, &[("A01", json!(3))]).await;
    deliver(&app, &[("A02", json!(2))]).await;
    assert_eq!(told(&app, "gm", &gm).await, SUMS);
    assert_eq!(told(&app, "dashboard", &screen).await, [""; 0]);
    // With the third the sum is shown, and its change told: once, however often it has changed.
    deliver(&app, &[("A03", json!(1))]).await;
    deliver(&app, &[("A04", json!(5))]).await;
    assert_eq!(told(&app, "dashboard", &screen).await, SUMS);
    let answer = app.get("dashboard", &format!("/v1/changes?after={screen}&limit=1")).await.expect(200);
    assert_eq!((answer["items"].as_array().unwrap().len(), &answer["more"]), (1, &json!(true)));
    let change = &answer["items"][0];
    assert_eq!((&change["period"], &change["unit"]), (&json!("2015-01"), &json!("JC")));
    // Where it says that the present state is, it is.
    let rows = app.get("dashboard", change["path"].as_str().unwrap()).await.expect(200);
    assert_eq!((&rows[0]["unit"], &rows[0]["deliveries"]), (&json!("JC"), &json!(11)));
    let next = format!("/v1/changes?after={}", answer["cursor"].as_str().unwrap());
    assert_eq!(line(&app.get("dashboard", &next).await.expect(200)["items"][0]), SUMS[1]);
    // What no sum tells of is told to nobody.
    let later = now(&app, "gm").await;
    let exam = json!({"period": "2015-01", "source_system": "oa",
        "rows": [{"employee_no": "A01", "facts": {"exam_score": 90}}]});
    app.post("hr", "/v1/facts", exam).await.expect(200);
    assert_eq!(told(&app, "gm", &later).await, [""; 0]);
    // Down to two again: who has read the sum learns that it is withheld now, and nothing after that.
    let cursor = now(&app, "dashboard").await;
    for who in ["A03", "A04"] {
        let history = format!("/v1/facts/history?period=2015-01&employee_no={who}&metric=deliveries");
        let row = app.get("hr", &history).await.expect(200)["items"][0]["id"].clone();
        let void = json!({"value": null, "reason": "delivered elsewhere"});
        app.post("clerk", &format!("/v1/facts/{row}/correct"), void).await.expect(200);
    }
    assert_eq!(told(&app, "dashboard", &cursor).await, SUMS);
    let cursor = now(&app, "dashboard").await;
    deliver(&app, &[("A05", json!(null))]).await;
    deliver(&app, &[("A01", json!(4))]).await;
    assert_eq!(told(&app, "dashboard", &cursor).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_who_could_tell_the_others_by_the_own_team_is_not_told() {
    let app = TestApp::demo().await.at("2015-02-10T08:00:00Z");
    let cursor = now(&app, "leader").await;
    // The own team, and one of another: that one is what is left when the own team is taken away.
    deliver(&app, &[("A01", json!(3)), ("A02", json!(2)), ("A03", json!(1)), ("A05", json!(4))]).await;
    assert_eq!(told(&app, "leader", &cursor).await, [""; 0]);
    deliver(&app, &[("A06", json!(3)), ("A07", json!(2))]).await;
    assert_eq!(told(&app, "leader", &cursor).await, SUMS);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_late_is_not_missed() {
    let app = TestApp::demo().await;
    let cursor = now(&app, "gm").await;
    let slow: &mut AsyncPgConnection = &mut app.pool.get().await.unwrap();
    slow.batch_execute("BEGIN; INSERT INTO change_entry (resource, kind) VALUES ('metrics', 'changed')")
        .await
        .unwrap();
    insert(&app, "('attainment', (SELECT id FROM org_unit WHERE code = 'JC'), '2014-03-01')").await;
    let path = format!("/v1/changes?after={cursor}");
    for _ in 0..3 {
        // What began before may still come: nothing behind it is told, and the cursor stays before it.
        let answer = app.get("gm", &path).await.expect(200);
        assert_eq!(answer["items"], json!([]));
        let next = format!("/v1/changes?after={}", answer["cursor"].as_str().unwrap());
        assert_eq!(app.get("gm", &next).await.expect(200)["items"], json!([]));
    }
    let early = app.get("gm", &path).await.expect(200)["cursor"].as_str().unwrap().to_owned();
    slow.batch_execute("COMMIT").await.unwrap();
    for cursor in [cursor, early] {
        assert_eq!(told(&app, "gm", &cursor).await[..], ["attainment 2014-03/JC changed"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_is_told_what_it_reaches() {
    let app = TestApp::demo().await;
    second_store(&app).await;
    let logins = ["gm", "hd_gm", "dashboard", "auditor", "clerk", "consultant", "hd_leader"];
    let mut cursors = Vec::new();
    for login in logins {
        cursors.push(now(&app, login).await);
    }
    let unit = |code: &str| format!("(SELECT id FROM org_unit WHERE code = '{code}')");
    insert(&app, &format!("('org-units', {}, NULL)", unit("G1"))).await;
    insert(&app, &format!("('attainment', {}, '2014-03-01')", unit("JC"))).await;
    insert(&app, &format!("('attainment', {}, '2014-03-01')", unit("HD"))).await;
    insert(&app, &format!("('leaderboard', {}, '2014-03-01')", unit("JC"))).await;
    let (team, ours, theirs) =
        ("org-units G1 changed", "attainment 2014-03/JC changed", "attainment 2014-03/HD changed");
    let board = "leaderboard 2014-03/JC changed";
    for ((login, cursor), expected) in logins.iter().zip(&cursors).zip([
        vec![team, ours, board],
        vec![theirs],
        vec![ours],
        vec![team, ours, theirs, board],
        vec![team, board],
        vec![board],
        // Nobody is in that store beside the own team.
        vec![theirs],
    ]) {
        assert_eq!(told(&app, login, cursor).await, expected, "{login}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_and_their_targets_are_told_and_drafts_that_were_thrown_away() {
    let app = TestApp::demo().await;
    let cursor = now(&app, "dashboard").await;
    let thrown = plans::draft(&app, "manager", 2015).await["id"].clone();
    app.change("manager", Method::DELETE, &format!("/v1/plans/{thrown}"), "*", None).await.expect(204);
    assert_eq!(told(&app, "dashboard", &cursor).await, [format!("plans {thrown} removed")]);
    let cursor = now(&app, "dashboard").await;
    let plan = plans::draft(&app, "manager", 2015).await["id"].clone();
    plans::step(&app, "manager", &plan, "submit", "*", None).await.expect(200);
    plans::approve(&app, "gm", &plan, "2015-11").await.expect(200);
    let months = |resource: &str| ["11", "12"].map(|month| format!("{resource} 2015-{month}/JC changed"));
    let plan = [format!("plans {plan} changed")];
    let funnels = [months("funnel"), months("phone-web-funnel")].concat();
    let [attainment, channels, stock] = ["attainment", "channel-funnel", "stock-depth"].map(months);
    let expected = [&attainment[..], &channels, &funnels, &plan, &stock].concat();
    assert_eq!(sorted(&app, "dashboard", &cursor).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_and_opened_again_is_told_and_a_generation_leaves_a_row_a_store() {
    let app = TestApp::demo().await;
    let (consultant, screen) = (now(&app, "consultant").await, now(&app, "dashboard").await);
    let hr = now(&app, "hr").await;
    let cycles = app.get("hr", "/v1/review-cycles?period=2014-04").await.expect(200);
    let id = cycles["items"][0]["id"].clone();
    app.post_empty("hr", &format!("/v1/review-cycles/{id}/generate")).await.expect(200);
    assert!(told(&app, "dashboard", &screen).await.is_empty());
    let generated = told(&app, "hr", &hr).await;
    assert!(generated.is_empty() || generated == [format!("review-cycles {id} changed")], "{generated:?}");
    let move_to = async |state: &str| {
        let sql = format!("UPDATE review_cycle SET state = '{state}', version = version + 1 WHERE id = {id}");
        app.pool.get().await.unwrap().batch_execute(&sql).await.unwrap();
    };
    move_to("published").await;
    let published = ["coefficients 2014-04/JC", "distribution 2014-04/JC"];
    assert_eq!(told(&app, "dashboard", &screen).await, published.map(|one| format!("{one} changed")));
    assert_eq!(told(&app, "consultant", &consultant).await, ["leaderboard 2014-04/JC changed"]);
    move_to("computed").await;
    assert_eq!(told(&app, "dashboard", &screen).await, published.map(|one| format!("{one} removed")));
    assert_eq!(told(&app, "consultant", &consultant).await, ["leaderboard 2014-04/JC removed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_changes_is_told_on_the_boards_that_show_it() {
    let app = TestApp::demo().await;
    let publish =
        "UPDATE review_cycle SET state = 'published', version = version + 1 WHERE period = '2014-03-01'";
    app.pool.get().await.unwrap().batch_execute(publish).await.unwrap();
    let board = ["leaderboard 2014-03/JC changed"];
    for (path, patch, expected) in [
        ("/v1/employees/A02", json!({"status": "leave"}), &[][..]),
        ("/v1/employees/A02", json!({"name": "李思明"}), &board),
        ("/v1/org-units/G1", json!({"name": "先锋组"}), &board),
    ] {
        let cursor = now(&app, "consultant").await;
        app.change("admin", Method::PATCH, path, "*", Some(patch)).await.expect(200);
        assert_eq!(told(&app, "consultant", &cursor).await, expected, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_posting_that_ends_is_told_for_the_months_from_then_on() {
    let app = TestApp::demo().await;
    let cursor = now(&app, "dashboard").await;
    let end = "UPDATE assignment SET valid_to = '2014-11-20', version = version + 1
        WHERE employee_id = (SELECT id FROM employee WHERE employee_no = 'A12') AND valid_to IS NULL";
    app.pool.get().await.unwrap().batch_execute(end).await.unwrap();
    let resources = [
        "attainment",
        "channel-funnel",
        "funnel",
        "phone-web-funnel",
        "product-lines",
        "quality",
        "stock-depth",
    ];
    let months = |resource: &str| ["11", "12"].map(|month| format!("{resource} 2014-{month}/JC changed"));
    let expected = resources.map(months).concat();
    assert_eq!(sorted(&app, "dashboard", &cursor).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn needless_entries_are_taken_away_and_nobody_misses_them() {
    let app = TestApp::demo().await;
    let cursor = now(&app, "gm").await;
    for _ in 0..3 {
        insert(&app, "('attainment', (SELECT id FROM org_unit WHERE code = 'JC'), '2014-03-01')").await;
    }
    assert_eq!(told(&app, "gm", &cursor).await, ["attainment 2014-03/JC changed"]);
    let mut pruned = 0;
    let connection = &mut app.pool.get().await.unwrap();
    while pruned < 2 {
        pruned += changes::prune(connection).await.unwrap();
    }
    assert_eq!(told(&app, "gm", &cursor).await, ["attainment 2014-03/JC changed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn cursors_are_of_one_database_and_say_nothing() {
    let (app, other) = (TestApp::demo().await, TestApp::demo().await);
    let cursor = now(&app, "gm").await;
    assert_eq!(other.get("gm", &format!("/v1/changes?after={cursor}")).await.problem(410), "copy-anew");
    for query in ["after=1", "after=", "limit=0", "limit=501", "cursor=x", "after=%00"] {
        let answer = app.get("gm", &format!("/v1/changes?{query}")).await;
        let name = query.split('=').next().unwrap();
        assert_eq!(crate::users::fields(&answer), [name], "{query}");
        assert_eq!(answer.problem(422), "validation-failed");
    }
    // Of one position two cursors have nothing in common by which it could be known.
    assert_ne!(now(&app, "gm").await, now(&app, "gm").await);
}

/// Makes a key of the demonstration's dashboard: the key, and the path at which it is revoked.
async fn key(app: &TestApp, actions: Value) -> (String, String) {
    let me = app.get("dashboard", "/v1/me").await.expect(200);
    let path = format!("/v1/users/{}/api-keys", me["id"]);
    let new = json!({"name": "screen", "actions": actions});
    let answer = app.post("admin", &path, new).await.expect(201);
    (answer["key"].as_str().unwrap().to_owned(), format!("{path}/{}", answer["api_key"]["id"]))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_told_what_it_may_read() {
    let app = TestApp::demo().await;
    let (key, _) = key(&app, json!(["follow_changes", "view_plan"])).await;
    let cursor = now(&app, "dashboard").await;
    insert(&app, "('attainment', (SELECT id FROM org_unit WHERE code = 'JC'), '2014-03-01')").await;
    let plan = plans::draft(&app, "manager", 2015).await["id"].clone();
    assert_eq!(told(&app, "dashboard", &cursor).await.len(), 2);
    let request = app.request(Method::GET, &format!("/v1/changes?after={cursor}")).bearer_auth(key);
    let answer = crate::support::Answer::of(request.send().await.unwrap()).await.expect(200);
    let items = answer["items"].as_array().unwrap().iter().map(line).collect::<Vec<_>>();
    assert_eq!(items, [format!("plans {plan} changed"), "metrics metrics changed".to_owned()]);
}

/// A stream, read message by message.
struct Followed {
    response: reqwest::Response,
    text: String,
}

impl Followed {
    async fn open(app: &TestApp, key: &str, last: Option<&str>) -> Self {
        let request = app.request(Method::GET, "/v1/changes/stream").bearer_auth(key);
        let request = last.into_iter().fold(request, |request, id| request.header("Last-Event-ID", id));
        let response = request.send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["content-type"]),
            (200, &"text/event-stream".parse().unwrap())
        );
        Self { response, text: String::new() }
    }

    /// The next message: its id and what it says, if anything; none where it has ended.
    async fn next(&mut self) -> Option<(String, Option<Value>)> {
        loop {
            if let Some((message, rest)) = self.text.split_once("\n\n") {
                let (message, rest) = (message.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| {
                    message
                        .lines()
                        .find_map(|line| line.strip_prefix(name))
                        .map(|value| value.trim().to_owned())
                };
                match field("id:") {
                    Some(id) => {
                        return Some((id, field("data:").map(|data| serde_json::from_str(&data).unwrap())));
                    }
                    None => continue,
                }
            }
            let chunk = self.response.chunk().await.unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_followed_as_they_come_until_the_key_is_revoked() {
    let app = TestApp::demo().await;
    let (key, path) = key(&app, Value::Null).await;
    now(&app, "dashboard").await;
    let mut stream = Followed::open(&app, &key, None).await;
    let (begin, nothing) = stream.next().await.unwrap();
    assert_eq!(nothing, None);
    let entry =
        |month: &str| format!("('attainment', (SELECT id FROM org_unit WHERE code = 'JC'), '{month}-01')");
    insert(&app, &entry("2014-03")).await;
    let (first, change) = stream.next().await.unwrap();
    let change = change.unwrap();
    assert_eq!(line(&change), "attainment 2014-03/JC changed");
    insert(&app, &entry("2014-04")).await;
    assert_eq!(line(&stream.next().await.unwrap().1.unwrap()), "attainment 2014-04/JC changed");
    // Whoever comes again with the id of what was told last is told what has come since.
    for (last, expected) in [(&begin, "2014-03"), (&first, "2014-04")] {
        let mut again = Followed::open(&app, &key, Some(last.as_str())).await;
        assert_eq!(again.next().await.unwrap().1, None);
        assert_eq!(again.next().await.unwrap().1.unwrap()["period"], expected);
    }
    // The list and the stream have the same cursors.
    let listed = app.get("dashboard", &format!("/v1/changes?after={begin}")).await.expect(200);
    assert_eq!(listed["items"][0], change);
    app.send(As::Login("admin"), Method::DELETE, &path, None).await.expect(204);
    insert(&app, &entry("2014-05")).await;
    assert_eq!(stream.next().await, None);
    let refused = app.request(Method::GET, "/v1/changes/stream?after=x").bearer_auth(app.token("gm").await);
    assert_eq!(
        crate::support::Answer::of(refused.send().await.unwrap()).await.problem(422),
        "validation-failed"
    );
}

/// As many streams as a server has, and more: none of those that are only asked for their head stays open.
#[tokio::test(flavor = "multi_thread")]
async fn the_head_of_a_stream_is_answered_and_nothing_is_left_open() {
    let app = TestApp::demo().await;
    let token = app.token("dashboard").await;
    for _ in 0..300 {
        let head = app.request(Method::HEAD, "/v1/changes/stream").bearer_auth(&token).send().await.unwrap();
        assert_eq!(head.status(), 200);
        assert_eq!(head.headers()["content-type"], "text/event-stream");
        assert_eq!(head.text().await.unwrap(), "");
    }
}

/// What a browser would do for the page of docs/API.md: each time that its board is filled, what stands there.
const BROWSER: &str = "
const made = () => ({
  textContent: '', children: [],
  appendChild(child) { this.children.push(child); return child },
  replaceChildren(...children) {
    this.children = children;
    console.log(JSON.stringify(children.map(row => row.children.map(cell => cell.textContent))));
  },
});
const parts = { month: made(), board: made(), state: made() };
globalThis.document = { getElementById: id => parts[id], createElement: made };
globalThis.location = { hash: process.argv[2] };
await import('./wall.mjs');
";

#[tokio::test(flavor = "multi_thread")]
async fn the_wall_screen_of_the_guide_shows_a_board_and_what_becomes_of_it() {
    use tokio::io::{AsyncBufReadExt as _, BufReader};
    let page = include_str!("../../docs/API.md").split("```html wall.html\n").nth(1).unwrap();
    let page = page.split("```").next().unwrap();
    let script = page.split("<script type=\"module\">").nth(1).unwrap().split("</script>").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("wall.mjs"), script).unwrap();
    std::fs::write(folder.path().join("browser.mjs"), BROWSER).unwrap();
    let app = TestApp::published().await;
    let at = format!("#api={}&key={}&month=2014-03", app.url(""), app.token("hr").await);
    let mut node = tokio::process::Command::new("node");
    node.arg("browser.mjs").arg(at).current_dir(folder.path()).kill_on_drop(true);
    let Ok(mut node) = node.stdout(std::process::Stdio::piped()).spawn() else {
        eprintln!("there is no Node.js here to run the page with: only its text has been looked at");
        return;
    };
    let mut lines = BufReader::new(node.stdout.take().unwrap()).lines();
    let board = app.get("hr", "/v1/dashboard/leaderboard?period=2014-03").await.expect(200);
    let expected = board.as_array().unwrap().iter().map(|place| {
        json!([
            place["rank"],
            place["name"],
            place["unit"],
            place["total"],
            format!("{} 台", place["deliveries"])
        ])
    });
    let shown = lines.next_line().await.unwrap().unwrap();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown.as_array().unwrap().len(), 10);
    for (row, expected) in shown.as_array().unwrap().iter().zip(expected) {
        let total = |row: &Value| row[3].to_string().parse::<Decimal>().unwrap();
        assert_eq!((&row[0], &row[1], &row[2]), (&expected[0], &expected[1], &expected[2]));
        assert_eq!((total(row), &row[4]), (total(&expected), &expected[4]));
    }
    // Another month is opened again, and then this one.
    for month in ["2014-04", "2014-03"] {
        let reopened = format!("UPDATE review_cycle SET state = 'computed' WHERE period = '{month}-01'");
        app.pool.get().await.unwrap().batch_execute(&reopened).await.unwrap();
    }
    assert_eq!(lines.next_line().await.unwrap().unwrap(), "[]");
    node.kill().await.unwrap();
}

/// What is summed for a row stands in `known`; the database has to tell of just that.
#[tokio::test(flavor = "multi_thread")]
async fn every_number_of_a_dashboard_is_told_when_it_changes() {
    #[derive(QueryableByName)]
    struct Told {
        #[diesel(sql_type = Text)]
        metric: String,
    }
    let app = TestApp::demo().await;
    for resource in ["funnel", "phone-web-funnel", "product-lines", "quality"] {
        let path = format!("/v1/dashboard/{resource}?period=2014-03&unit=JC");
        let rows = app.get("hr", &path).await.expect(200);
        let mut shown = rows[0]["known"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        shown.sort_unstable();
        let told = diesel::sql_query(
            "SELECT metric FROM change_metric WHERE resource = $1 ORDER BY metric COLLATE \"C\"",
        );
        let connection = &mut app.pool.get().await.unwrap();
        let told: Vec<Told> = told.bind::<Text, _>(resource).load(connection).await.unwrap();
        assert_eq!(told.into_iter().map(|one| one.metric).collect::<Vec<_>>(), shown, "{resource}");
    }
}
