//! The year of `showfloor demo`: what happened in it can be read over the API, and comes out the same when it is run again.

use std::process::Stdio;
use std::time::{Duration, Instant};

use diesel_async::RunQueryDsl as _;
use serde_json::{Value, json};
use showfloor::auth::Context;
use showfloor::db::{Pool, pool, sql};
use showfloor::demo::load;
use showfloor::demo::year::{self, Stage};
use showfloor::period::Period;
use showfloor::reviews::replay::many;
use showfloor::reviews::replay::stored::ReplayFilter;
use showfloor::rules::bundle::Bundle;
use showfloor::rules::folder::RulesFolder;
use showfloor::rules::library::Library;

use crate::program::{program, run_within};
use crate::review_life::{cycle, kinds};
use crate::support::{Template, TestApp, database_url, shipped_rules};

#[derive(diesel::QueryableByName)]
struct Counted {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    number: i64,
}

async fn number(pool: &Pool, query: &str) -> i64 {
    let counted: Counted = sql(query).get_result(&mut *pool.get().await.unwrap()).await.unwrap();
    counted.number
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_that_was_killed_goes_on_where_it_ended() {
    const LOCKED: &str = "SELECT count(*) AS number FROM review_cycle WHERE state = 'locked'";
    let url = database_url(Template::Empty).await;
    let pool = pool::open(&url, 2).unwrap();
    let demo = ["demo", "--exit", "--database-url", &url];
    let mut child = program(&demo).stdout(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while number(&pool, LOCKED).await < 3 {
        assert!(child.try_wait().unwrap().is_none(), "it has ended already");
        assert!(begun.elapsed() < Duration::from_secs(120), "it does not come to March");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let locked = number(&pool, LOCKED).await;
    assert!((3..10).contains(&locked), "{locked}");
    let again = run_within(Duration::from_secs(120), &demo);
    assert_eq!((again.status, again.err.as_str()), (0, ""));
    assert!(again.out.contains("2014-01 – 2014-10 locked"), "{}", again.out);
    // Nothing happened twice.
    let twice = "SELECT count(*) AS number FROM (SELECT 1 FROM audit_entry WHERE user_id IS NOT NULL
         GROUP BY at, user_id, action, subject, detail HAVING count(*) > 1) AS same";
    assert_eq!(number(&pool, twice).await, 0);
}

/// A server in January 2015 on the demonstration as the command makes it.
pub async fn lived() -> TestApp {
    let app = TestApp::empty().await;
    let folder = RulesFolder::new(&shipped_rules(), false);
    let bundle = Bundle::load(folder.path()).unwrap();
    let library = Library::default();
    let mut cx = Context::operator(&app.pool, year::founding()).await.unwrap();
    load::load(&mut cx, &bundle, load::Extent::Whole, year::delivered, || {}).await.unwrap();
    drop(cx);
    let stage = Stage { pool: &app.pool, folder: &folder, library: &library, catalogue: &bundle.catalogue };
    let scenes = year::scenes().unwrap();
    year::play(&stage, &scenes, || ()).await.unwrap();
    let trail = "SELECT count(*) + (SELECT sum(version) FROM review_contribution) AS number FROM audit_entry";
    let before = number(&app.pool, trail).await;
    year::play(&stage, &scenes, || ()).await.unwrap();
    assert_eq!(number(&app.pool, trail).await, before, "a second time nothing happens");
    app.at("2015-01-06T02:00:00Z")
}

/// Somebody's review in force, as the auditor lists it.
async fn review(app: &TestApp, period: &str, employee_no: &str, scheme: &str) -> Value {
    let path = format!("/v1/reviews?period={period}&employee_no={employee_no}&position={scheme}");
    app.get("auditor", &path).await.expect(200)["items"][0].clone()
}

/// Total, grade and revision of somebody's review in force.
async fn came_to(app: &TestApp, period: &str, employee_no: &str, scheme: &str) -> (String, String, i64) {
    let review = review(app, period, employee_no, scheme).await;
    let grade = review["final_grade"].as_str().unwrap().to_owned();
    (review["total"].to_string(), grade, review["revision"].as_i64().unwrap())
}

fn outcome(total: &str, grade: &str, revision: i64) -> (String, String, i64) {
    (total.to_owned(), grade.to_owned(), revision)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_year_of_the_command_is_the_one_that_is_told() {
    let app = lived().await;
    states_and_first_scores(&app).await;
    appeals(&app).await;
    waived(&app).await;
    acknowledgements(&app).await;
    afterwards(&app).await;
    sheets(&app).await;
    december(&app).await;
    plan_and_what_stands_beside_it(&app).await;

    // Every score of the year, whatever its revision, comes out the same.
    let mut cx = Context::operator(&app.pool, app.clock.now()).await.unwrap();
    let months = Period::new(2014, 1).zip(Period::new(2014, 12));
    let report = many(&mut cx, &ReplayFilter { months, ..ReplayFilter::default() }, |_| ()).await.unwrap();
    // 189 were generated; decisions about three consultants and the telesales specialist wrote 4 more, and 3 of leaders; and
    // A01's June was computed three times more, as a consultant and as a leader.
    assert_eq!(report.months.iter().map(|month| month.reviews).sum::<usize>(), 189 + 4 + 3 + 6);
    assert!(report.is_same(), "{:#?}", report.incidents);
}

async fn states_and_first_scores(app: &TestApp) {
    let cycles = app.get("hr", "/v1/review-cycles?limit=100").await.expect(200);
    let mut states = cycles["items"].as_array().unwrap().iter().collect::<Vec<_>>();
    states.sort_by_key(|cycle| cycle["period"].to_string());
    let states = states.iter().map(|cycle| cycle["state"].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(states, [vec!["locked"; 10], vec!["published", "leader_review"]].concat());
    // Everybody to be scored had received the rules.
    let january = cycle(app, "2014-01").await;
    let path = format!("/v1/review-cycles/{january}/outstanding");
    assert_eq!(app.get("hr", &path).await.expect(200)["without_receipt"], json!([]));
    // The check sums of docs/DOMAIN.md are those of the scores before any decision.
    let first = "FROM review WHERE scheme = 'sales_consultant' AND revision = 1";
    assert_eq!(number(&app.pool, &format!("SELECT count(*) AS number {first}")).await, 141);
    assert_eq!(number(&app.pool, &format!("SELECT sum(deliveries)::bigint AS number {first}")).await, 1618);
    for (grade, count) in [("S", 20), ("A", 54), ("B", 30), ("C", 33), ("D", 4)] {
        let query = format!("SELECT count(*) AS number {first} AND final_grade = '{grade}'");
        assert_eq!(number(&app.pool, &query).await, count, "{grade}");
    }
    let march = came_to(app, "2014-03", "A01", "sales_consultant").await;
    assert_eq!(march, outcome("96.63", "S", 1));
    let september = came_to(app, "2014-09", "A10", "sales_consultant").await;
    assert_eq!(september, outcome("82.43", "C", 1));
}

async fn appeals(app: &TestApp) {
    let page = app.get("auditor", "/v1/appeals?limit=100").await.expect(200);
    let told = page["items"].as_array().unwrap().iter().map(|appeal| {
        let text = |field: &str| appeal[field].as_str().unwrap_or("–").to_owned();
        ["period", "employee_no", "rule", "state", "outcome", "decided_by"].map(text).join(" ")
    });
    let expected = [
        "2014-01 A02 70_complaints decided upheld gm",
        "2014-05 A05 60_five_s_uniform decided adjusted gm",
        "2014-06 T01 50_conduct decided partly_adjusted gm",
        "2014-07 A02 10_sales_attainment decided recomputed gm",
        "2014-10 A09 20_funnel_kpi withdrawn – –",
        "2014-11 T01 10_follow_up waiting – –",
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);

    // Upheld: the score stays, and so does the revision.
    let upheld = came_to(app, "2014-01", "A02", "sales_consultant").await;
    assert_eq!(upheld, outcome("92.21", "A", 1));
    // 7 · (1 − 1/40 ÷ 0.10) + 3 = 8.25 instead of 6.50 for 5S: 93.60 + 1.75. As a leader 0.4 · 95.35 = 38.14 instead of 37.44.
    let adjusted = came_to(app, "2014-05", "A05", "sales_consultant").await;
    assert_eq!(adjusted, outcome("95.35", "S", 2));
    assert_eq!(came_to(app, "2014-05", "A05", "team_leader").await, outcome("85.46", "A", 2));
    // 76.78 + 0.50.
    let partly = came_to(app, "2014-06", "T01", "telesales_specialist").await;
    assert_eq!(partly, outcome("77.28", "B", 2));
    // 11 of 11 delivered: 25 instead of 22.73; ¥2300 a car, 9 and 3 of 11: 3.68 + 3 + 2.59 instead of 9.68; so 93.10 + 1.86.
    let recomputed = came_to(app, "2014-07", "A02", "sales_consultant").await;
    assert_eq!(recomputed, outcome("94.96", "A", 2));
    // The leader: 0.4 · (257.65 + 1.86) ÷ 3 = 34.60 instead of 34.35.
    assert_eq!(came_to(app, "2014-07", "A01", "team_leader").await, outcome("89.01", "A", 2));
    // The adjustment of two people, and the leader: 0.4 · (237.56 + 0.5) ÷ 3 = 31.74 instead of 31.67.
    let praised = came_to(app, "2014-04", "A11", "sales_consultant").await;
    assert_eq!(praised, outcome("79.35", "B", 2));
    assert_eq!(came_to(app, "2014-04", "A09", "team_leader").await, outcome("87.06", "A", 2));

    let late = app.get("hr", "/v1/late-corrections?period=2014-07").await.expect(200);
    let late = late["items"].as_array().unwrap();
    assert_eq!(late.len(), 3);
    for correction in late {
        let told = ["employee_no", "state", "proposed_by", "decided_by"].map(|field| &correction[field]);
        assert_eq!(told, ["A02", "accepted", "clerk", "hr"]);
    }
}

/// June: what does not fit into A01's item is waived by name, published without a total, corrected and computed again.
async fn waived(app: &TestApp) {
    #[derive(diesel::QueryableByName)]
    struct Id {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        id: i64,
    }
    // 97.73 with 9.53 for conduct, as it was first computed; 0.40 were added to it.
    let june = came_to(app, "2014-06", "A01", "sales_consultant").await;
    assert_eq!(june, outcome("98.13", "S", 4));
    assert_eq!(came_to(app, "2014-06", "A01", "team_leader").await.2, 4);
    let marked = "SELECT r.id FROM review r JOIN review_waiver w ON w.review_id = r.id
         JOIN user_account l ON l.id = w.user_id AND l.login = 'hr' ORDER BY r.scheme";
    let marked: Vec<Id> = sql(marked).load(&mut *app.pool.get().await.unwrap()).await.unwrap();
    let mut told = Vec::new();
    for Id { id } in &marked {
        let review = app.get("hr", &format!("/v1/reviews/{id}")).await.expect(200)["review"].clone();
        assert_eq!((&review["revision"], &review["total"]), (&json!(3), &Value::Null), "{review:#}");
        assert_eq!((&review["waiver"]["by"], &review["waiver"]["by_name"]), (&json!("hr"), &json!("方静怡")));
        told.push((review["scheme"].clone(), review["attention"].to_string()));
    }
    // 2 · 0.95 + 2 + 3 · (5 − 1)/4 + 3 = 9.90, and 0.40 more is above 10.
    let [(sold, why), (led, _)] = told.as_slice() else { panic!("{told:#?}") };
    assert_eq!((sold, led), (&json!("sales_consultant"), &json!("team_leader")));
    assert!(why.contains("80_conduct_skill") && why.contains("9.90"), "{why}");
    // The person was shown it as it was, and answered to what it became.
    let review = review(app, "2014-06", "A01", "sales_consultant").await;
    assert_eq!(review["acknowledgement"], "confirmed");
}

async fn acknowledgements(app: &TestApp) {
    for (period, employee_no, scheme, state) in [
        ("2014-01", "A02", "sales_consultant", "objected"),
        ("2014-03", "A02", "sales_consultant", "confirmed"),
        ("2014-04", "A09", "sales_consultant", "lapsed"),
        ("2014-04", "A11", "sales_consultant", "lapsed"),
        ("2014-05", "A05", "team_leader", "confirmed"),
        ("2014-07", "A12", "sales_consultant", "out_of_reach"),
        ("2014-08", "A08", "sales_consultant", "refused"),
        ("2014-11", "A02", "sales_consultant", "seen"),
        ("2014-11", "A08", "sales_consultant", "told"),
    ] {
        let review = review(app, period, employee_no, scheme).await;
        assert_eq!(review["acknowledgement"], state, "{period} {employee_no}");
    }
    let refused = review(app, "2014-08", "A08", "sales_consultant").await;
    let path = format!("/v1/reviews/{}/acknowledgements", refused["id"]);
    let acts = app.get("auditor", &path).await.expect(200)["acts"].clone();
    let refusal = acts.as_array().unwrap().last().unwrap();
    assert_eq!(refusal["witnesses"], json!(["谢文博", "曹玉兰"]));
    assert_eq!((&refusal["how"], &refusal["by"]), (&json!("by_hand"), &json!("leader2")));
    assert_eq!(refusal["happened_at"], "2014-09-11T02:00:00Z");
}

async fn afterwards(app: &TestApp) {
    let plans = app.get("auditor", "/v1/improvement-plans").await.expect(200);
    let told = plans["items"].as_array().unwrap().iter().map(|plan| {
        let outcomes = plan["assessments"].as_array().unwrap().iter();
        let outcomes = outcomes.map(|one| one["outcome"].as_str().unwrap()).collect::<Vec<_>>();
        let text = |field: &str| plan[field].as_str().unwrap();
        format!("{} {} {}: {}", text("employee_no"), text("period"), text("state"), outcomes.join(", "))
    });
    let expected = [
        "A12 2014-02 closed: extended, reached",
        "A08 2014-08 closed: reached, not_reached",
        "A06 2014-11 open: ",
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
    let proposed =
        app.get("auditor", "/v1/improvement-plans?state=proposed&employee_no=A08").await.expect(200);
    assert_eq!(
        (&proposed["items"][0]["period"], &proposed["items"][0]["cause"]),
        (&json!("2014-11"), &json!("grade_d"))
    );
    let talked = review(app, "2014-03", "A02", "sales_consultant").await;
    let talks = app.get("consultant", &format!("/v1/reviews/{}/talks", talked["id"])).await.expect(200);
    assert_eq!((&talks[0]["recorded_by"], &talks[0]["day"]), (&json!("leader"), &json!("2014-04-09")));
    assert_eq!(talks[0]["confirmed_at"], "2014-04-10T02:00:00Z");
    // Eleven published months of an advisor, of which three were on maternity leave.
    let summary = app.get("hr", "/v1/review-summaries?year=2014&employee_no=A07").await.expect(200);
    let summary = &summary["items"][0];
    assert_eq!((&summary["rated"], &summary["without_review"]), (&json!(8), &json!(3)), "{summary:#}");
}

async fn sheets(app: &TestApp) {
    for month in 1..=11 {
        let id = cycle(app, &format!("2014-{month:02}")).await;
        let heads = app.get("hr", &format!("/v1/review-cycles/{id}/coefficient-sheets")).await.expect(200);
        let signed = heads.as_array().unwrap().iter().map(|head| head["is_signed_off"].as_bool().unwrap());
        let expected: &[bool] = match month {
            5 => &[true, true],
            11 => &[false],
            _ => &[true],
        };
        assert_eq!(signed.collect::<Vec<_>>(), expected, "{month}");
    }
    // What was adjusted after the first sheet stands in the supplement.
    let may = cycle(app, "2014-05").await;
    let supplement =
        app.get("hr", &format!("/v1/review-cycles/{may}/coefficient-sheets/2")).await.expect(200);
    let lines = supplement["lines"].as_array().unwrap().iter().map(|line| {
        let (before, now) = (&line["replaces"]["grade"], &line["grade"]);
        format!("{} {} {before} {now}", line["employee_no"], line["scheme"])
    });
    let mut lines = lines.collect::<Vec<_>>();
    lines.sort();
    let expected = [r#""A05" "sales_consultant" "A" "S""#, r#""A05" "team_leader" "B" "A""#];
    assert_eq!(lines, expected);
}

/// Every operation of the plan has something to show.
async fn plan_and_what_stands_beside_it(app: &TestApp) {
    for (metric, total, floor, stretch) in [
        ("deliveries", 1690, 1550, 1800),
        // 2,000 yuan a car, in cents; 72 and 24 of 100, half-up.
        ("accessory_revenue", 338_000_000, 300_000_000, 360_000_000),
        ("insurance_policies", 1217, 1100, 1300),
        ("loans", 406, 360, 450),
        ("temporary_plates", 1690, 1550, 1800),
    ] {
        let plan = app.get("manager", &format!("/v1/plans/2?metric={metric}")).await.expect(200);
        let sum =
            |months: &Value| months.as_array().unwrap().iter().map(|one| one.as_i64().unwrap()).sum::<i64>();
        assert_eq!([&plan["year"], &json!(sum(&plan["months"]))], [&json!(total); 2], "{metric}");
        assert_eq!((sum(&plan["floor"]), sum(&plan["stretch"])), (floor, stretch), "{metric}");
        let path = format!("/v1/pace?unit=JC&day=2014-12-31&metric={metric}");
        let store = &app.get("manager", &path).await.expect(200)["rows"][0];
        assert_eq!(
            (&store["full_year"]["task"], &store["full_year"]["missing"]),
            (&json!(total), &json!(0)),
            "{metric}"
        );
        let attained = store["full_year"]["attainment"].as_f64().unwrap();
        assert!((0.9..1.1).contains(&attained), "{metric}: {attained}");
    }
    let activities = app.get("manager", "/v1/plans/2/activities").await.expect(200);
    assert_eq!(
        (activities["channels"].as_array().unwrap().len(), &activities["without_funnel"]),
        (4, &json!([]))
    );
    // domain.md's March: 443 first visits of the showroom's 89, 936 raw leads of the telephone's 33.
    let of = |channel: usize, name: &str| {
        let rows = activities["channels"][channel]["activities"].as_array().unwrap();
        rows.iter().find(|row| row["activity"] == name).unwrap()["months"][2].clone()
    };
    assert_eq!((of(0, "first_visits"), of(1, "raw_leads")), (json!(443), json!(936)));
    let supply = app.get("manager", "/v1/plans/2/supply").await.expect(200);
    assert!(supply["months"].as_array().unwrap().iter().all(|month| month["closing"].is_i64()), "{supply:#}");
    // 392 of 417 at 94 %: the first tier, 500 yuan a car.
    let rebates = app.get("gm", "/v1/rebates?store=JC&year=2014&policy=2014-oem").await.expect(200);
    let first = &rebates["quarters"][0];
    assert_eq!((&first["actual"], &first["amount"]), (&json!(392), &json!(19_600_000)));
    assert!(
        rebates["quarters"].as_array().unwrap().iter().all(|quarter| quarter["amount"].is_i64()),
        "{rebates:#}"
    );
}

async fn december(app: &TestApp) {
    let hr = "/v1/reviews?period=2014-12&employee_no=A04";
    let id = &app.get("hr", hr).await.expect(200)["items"][0]["id"];
    let id = id.as_i64().unwrap();
    // The leader's draft is the leader's alone.
    let own = app.get("leader", &format!("/v1/reviews/{id}/contributions")).await.expect(200);
    let own = own.as_array().unwrap().iter().map(|one| [&one["kind"], &one["state"]]).collect::<Vec<_>>();
    assert_eq!(own, [[&json!("leader_comment"), &json!("draft")]]);
    assert_eq!(kinds(app, "hr", id).await, Vec::<String>::new());
    let handed_in = review(app, "2014-12", "A02", "sales_consultant").await["id"].as_i64().unwrap();
    assert_eq!(kinds(app, "hr", handed_in).await, ["self_assessment", "leader_comment"]);
    // The comments of December wait for those who lead, and both months for HR.
    for login in ["leader", "leader2", "leader3", "manager", "hr"] {
        let tasks = app.get(login, "/v1/tasks").await.expect(200);
        assert!(!tasks.as_array().unwrap().is_empty(), "{login}");
    }
}
