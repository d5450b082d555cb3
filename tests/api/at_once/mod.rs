//! Two who decide about one thing at once: of each pair of decisions exactly one holds, the other is told what has happened,
//! and nothing is half done.

mod months;
mod scenes;

use diesel::sql_types::{BigInt, Text};
use diesel_async::RunQueryDsl as _;
use futures_util::future::{LocalBoxFuture, join_all};
use reqwest::Method;
use serde_json::Value;

use self::months::Stage;
use crate::support::{Answer, TestApp};

/// How many press at once, every other one on the other side.
const CALLERS: usize = 20;

/// A request by somebody.
struct Press {
    login: &'static str,
    path: String,
    /// The version that was seen, for what has one.
    seen: Option<String>,
    method: Method,
    body: Option<Value>,
}

impl Press {
    fn post(login: &'static str, path: &str, body: Value) -> Self {
        Self { login, path: path.to_owned(), seen: None, method: Method::POST, body: Some(body) }
    }

    /// The same without a body.
    fn bare(login: &'static str, path: &str) -> Self {
        Self { body: None, ..Self::post(login, path, Value::Null) }
    }

    /// The same by somebody who has seen a version.
    fn seeing(self, version: impl std::fmt::Display) -> Self {
        Self { seen: Some(format!("\"{version}\"")), ..self }
    }

    async fn send(&self, app: &TestApp) -> Answer {
        let mut request =
            app.request(self.method.clone(), &self.path).bearer_auth(app.token(self.login).await);
        if let Some(seen) = &self.seen {
            request = request.header("If-Match", seen);
        }
        if let Some(body) = &self.body {
            request = request.json(body);
        }
        Answer::of(request.send().await.unwrap()).await
    }
}

/// Two decisions that exclude each other.
struct Pair<'a> {
    app: &'a TestApp,
    one: Press,
    other: Press,
    /// Whether the other may be done as often as anybody likes before the one, and not after it.
    is_free: bool,
    /// The actions of the trail that are the effect, and what they are about, as patterns: one entry of them comes.
    effect: (&'static [&'static str], String),
    /// What whoever comes second is told: one of these.
    told: &'static [&'static str],
}

/// Makes the next thing that two decide about.
type Scene = for<'a> fn(&'a Stage, usize) -> LocalBoxFuture<'a, Pair<'a>>;

/// THE table: what two decide about at once, how often it is tried, and how it comes about.
const TABLE: &[(&str, usize, Scene)] = &[
    ("an appeal is decided in two ways", 3, |stage, n| Box::pin(scenes::appeal_decided_twice(stage, n))),
    ("an appeal is decided and withdrawn", 4, |stage, n| {
        Box::pin(scenes::appeal_decided_and_withdrawn(stage, n))
    }),
    ("an appeal is taken up and withdrawn", 2, |stage, n| {
        Box::pin(scenes::appeal_taken_up_and_withdrawn(stage, n))
    }),
    ("an appeal is filed twice", 2, |stage, n| Box::pin(scenes::appeal_filed_twice(stage, n))),
    ("an adjustment is approved and withdrawn", 3, |stage, n| {
        Box::pin(scenes::adjustment_approved_and_withdrawn(stage, n))
    }),
    ("an adjustment is approved and refused", 3, |stage, n| {
        Box::pin(scenes::adjustment_approved_and_refused(stage, n))
    }),
    ("a review is confirmed and objected to", 2, |stage, n| {
        Box::pin(scenes::confirmed_and_objected_to(stage, n))
    }),
    ("a review is confirmed and refused", 2, |stage, n| Box::pin(scenes::confirmed_and_refused(stage, n))),
    ("a talk is confirmed twice", 1, |stage, n| Box::pin(scenes::talk_confirmed_twice(stage, n))),
    ("a sheet is made twice", 1, |stage, n| Box::pin(scenes::sheet_made_twice(stage, n))),
    ("a sheet is signed twice as HR", 1, |stage, n| Box::pin(scenes::sheet_signed_twice(stage, n))),
    ("a late correction is accepted and rejected", 3, |stage, n| {
        Box::pin(scenes::correction_decided_twice(stage, n))
    }),
    ("a month is computed again twice", 1, |stage, n| Box::pin(scenes::recomputed_twice(stage, n))),
    ("an improvement plan is made twice", 2, |stage, n| Box::pin(scenes::improvement_made_twice(stage, n))),
    ("an improvement plan is taken over twice", 2, |stage, n| {
        Box::pin(scenes::improvement_assessed_twice(stage, n))
    }),
    ("a mark is waived twice", 2, |stage, n| Box::pin(scenes::waived_twice(stage, n))),
    ("a self-assessment is handed in twice", 2, |stage, n| Box::pin(scenes::handed_in_twice(stage, n))),
    ("a self-assessment is handed in and written", 2, |stage, n| {
        Box::pin(scenes::handed_in_and_written(stage, n))
    }),
    ("a self-assessment is given back twice", 2, |stage, n| Box::pin(scenes::given_back_twice(stage, n))),
    ("a month is published and reopened", 4, |stage, n| Box::pin(scenes::published_and_reopened(stage, n))),
    ("a month is locked and an appeal filed", 4, |stage, n| Box::pin(scenes::locked_and_appealed(stage, n))),
    ("an erasure is approved and withdrawn", 3, |stage, n| {
        Box::pin(scenes::erasure_approved_and_withdrawn(stage, n))
    }),
];

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(diesel::QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// How many entries of the trail there are of an effect.
async fn entries(app: &TestApp, (actions, about): &(&[&str], String)) -> i64 {
    let query = "SELECT count(*) AS number FROM audit_entry WHERE action = ANY ($1) AND subject LIKE $2";
    let actions = actions.iter().map(|action| (*action).to_owned()).collect::<Vec<_>>();
    let found: Count = diesel::sql_query(query)
        .bind::<diesel::sql_types::Array<Text>, _>(actions)
        .bind::<Text, _>(about)
        .get_result(&mut *app.pool.get().await.unwrap())
        .await
        .unwrap();
    found.number
}

/// All that an answer says.
fn told(answer: &Answer) -> String {
    format!("{} {}", answer.status, answer.body)
}

/// Whether whoever came second is told what has happened, or to come again.
fn is_told(answer: &Answer, pair: &Pair<'_>) -> bool {
    let text = answer.body.to_string();
    let says = pair.told.iter().any(|word| text.contains(word));
    matches!(answer.status.as_u16(), 409 | 412) && (says || answer.retry_after.is_some())
}

/// Lets everybody press at once.
async fn press(name: &str, pair: &Pair<'_>) {
    let app = pair.app;
    let before = entries(app, &pair.effect).await;
    let presses = (0..CALLERS).map(|n| if n % 2 == 0 { &pair.one } else { &pair.other });
    let answers = join_all(presses.map(|press| press.send(app))).await;
    let all =
        answers.iter().map(told).map(|text| text.chars().take(250).collect::<String>()).collect::<Vec<_>>();
    let holds = |(n, answer): &(usize, &Answer)| answer.status.is_success() && !(pair.is_free && n % 2 == 1);
    assert_eq!(answers.iter().enumerate().filter(holds).count(), 1, "{name}: {all:#?}");
    for answer in answers.iter().filter(|answer| !answer.status.is_success()) {
        assert!(is_told(answer, pair), "{name}: {}", told(answer));
    }
    assert_eq!(entries(app, &pair.effect).await - before, 1, "{name}: entries of the trail");
}

/// What is never true of what was written, whoever was first.
const HALF_DONE: &[(&str, &str)] = &[
    (
        "a review has one revision in force, the last",
        "SELECT employee_id || ' ' || scheme AS line FROM review GROUP BY cycle_id, employee_id, scheme
         HAVING count(*) FILTER (WHERE is_current) <> 1 OR max(revision) <> max(revision) FILTER (WHERE is_current)
             OR max(revision) <> count(*)",
    ),
    (
        "what an adjustment adds is in every revision from its own on, and in none before",
        "SELECT j.id::text AS line FROM adjustment j WHERE (j.state = 'approved') <> (j.counts_from IS NOT NULL)
             OR j.state = 'approved' AND NOT EXISTS (SELECT FROM review r WHERE r.cycle_id = j.cycle_id
                 AND r.employee_id = j.employee_id AND r.scheme = j.scheme AND r.revision = j.counts_from)",
    ),
    (
        "an appeal that is decided came to a revision, and was told once to whom has a login",
        "SELECT p.id::text AS line FROM appeal p WHERE (p.state = 'decided') <> (p.result_id IS NOT NULL)
             OR p.state = 'decided' AND 1 <> (SELECT count(*) FROM review_acknowledgement a WHERE a.appeal_id = p.id
                 AND a.review_id = p.result_id)",
    ),
    (
        "an appeal has one last step, which is its state",
        "SELECT p.id::text AS line FROM appeal p
         WHERE 1 < (SELECT count(*) FROM appeal_step s WHERE s.appeal_id = p.id AND s.state IN ('decided', 'withdrawn'))
             OR p.state <> (SELECT s.state FROM appeal_step s WHERE s.appeal_id = p.id ORDER BY s.id DESC LIMIT 1)",
    ),
    (
        "what was told is answered once",
        "SELECT told_id::text AS line FROM review_acknowledgement WHERE act NOT IN ('told', 'seen', 'out_of_reach')
         GROUP BY told_id HAVING count(*) > 1",
    ),
    (
        "a contribution is handed in once, and its author has no draft beside it",
        "SELECT min(id)::text AS line FROM review_contribution WHERE state IN ('handed_in', 'draft')
         GROUP BY cycle_id, employee_id, scheme, kind HAVING count(*) > 1",
    ),
    (
        "moves of a cycle follow each other",
        "SELECT m.id::text AS line FROM (SELECT m.*, lag(m.to_state) OVER (PARTITION BY m.cycle_id ORDER BY m.id) AS last
             FROM review_cycle_move m) m WHERE m.last <> m.from_state",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_decide_about_one_thing_one_does_and_the_other_is_told() {
    let stage = Stage::set().await;
    for (name, rounds, scene) in TABLE {
        for round in 0..*rounds {
            press(&format!("{name}, {round}"), &scene(&stage, round).await).await;
        }
    }
    for (rule, query) in HALF_DONE {
        let found: Vec<Line> =
            diesel::sql_query(*query).load(&mut *stage.app.pool.get().await.unwrap()).await.unwrap();
        let found = found.iter().map(|found| found.line.as_str()).collect::<Vec<_>>();
        assert!(found.is_empty(), "{rule}: {found:?}");
    }
}
