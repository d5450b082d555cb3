//! What is offered can be done, and what is not offered cannot: every login in every state tries all of it.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::review_life::{STATES, cycle, freeze, review_of, step_to};
use crate::support::TestApp;

/// Something that may be offered: the action, and what it is about.
type Offer = (String, Option<String>);

/// A request that tries an action and changes nothing where it can help it: where the action is open, it is refused for a
/// version that was never there (412) or a value at fault (422).
struct Try {
    action: &'static str,
    to: Option<&'static str>,
    method: Method,
    path: String,
    seen: Option<&'static str>,
    body: Option<Value>,
    /// Whether it would be done where it is open.
    is_real: bool,
}

impl Try {
    fn new(action: &'static str, path: String, body: Value) -> Self {
        Self { action, to: None, method: Method::POST, path, seen: None, body: Some(body), is_real: true }
    }

    /// The same, refused for its version where it is open.
    fn stale(self) -> Self {
        Self { seen: Some("\"99\""), is_real: false, ..self }
    }

    async fn status(&self, app: &TestApp, login: &str) -> u16 {
        let answer = match self.seen {
            Some(seen) => app.change(login, self.method.clone(), &self.path, seen, self.body.clone()).await,
            None => app.post(login, &self.path, self.body.clone().unwrap_or_default()).await,
        };
        answer.status.as_u16()
    }
}

fn offered(document: &Value) -> BTreeSet<Offer> {
    let actions = document["allowed_actions"].as_array().into_iter().flatten();
    let name = |one: &Value, field: &str| one[field].as_str().map(str::to_owned);
    actions.map(|one| (name(one, "action").unwrap(), name(one, "to"))).collect()
}

/// Everything that can be done with a review.
fn tries_of_review(review: i64) -> Vec<Try> {
    let path = |rest: &str| format!("/v1/reviews/{review}/{rest}");
    let mut tries = Vec::new();
    for kind in ["self_assessment", "leader_comment", "manager_comment", "hr_check"] {
        let one = path(&format!("contributions/{kind}"));
        let write =
            Try { method: Method::PUT, ..Try::new("write", one.clone(), json!({"text": "x"})).stale() };
        let hand_in =
            Try { body: None, ..Try::new("hand_in", format!("{one}/hand-in"), json!(null)).stale() };
        let give_back = Try::new("give_back", format!("{one}/give-back"), json!({"reason": "x"}));
        tries.extend([write, hand_in, give_back].map(|one| Try { to: Some(kind), ..one }));
    }
    tries.push(Try::new("waive", path("waiver"), json!({"reason": "x"})));
    let nothing = json!({"rule": "70_complaints", "points": 0, "reason": "x"});
    let propose = Try::new("propose_adjustment", path("adjustments"), nothing);
    tries.push(Try { is_real: false, ..propose });
    tries.push(Try::new("file_appeal", path("appeals"), json!({"rule": "70_complaints", "text": "x"})));
    tries.push(Try::new("record_talk", path("talks"), json!({"day": "2014-04-08", "said": "x"})));
    for (act, body) in [
        ("seen", json!({"act": "seen"})),
        ("confirmed", json!({"act": "confirmed"})),
        ("confirmed_with_objection", json!({"act": "confirmed_with_objection", "text": "x"})),
        ("told", json!({"act": "told", "how": "by_hand"})),
        ("out_of_reach", json!({"act": "out_of_reach", "text": "x"})),
        (
            "refused",
            json!({"act": "refused", "how": "by_hand", "witnesses": ["甲", "乙"],
            "happened_at": "2014-04-08T04:00:00Z"}),
        ),
    ] {
        tries.push(Try::new(act, path("acknowledgements"), body));
    }
    tries
}

/// Everything that can be done with an appeal.
fn tries_of_appeal(appeal: &str) -> Vec<Try> {
    let path = |rest: &str| format!("{appeal}/{rest}");
    let upheld = json!({"outcome": "upheld", "reason": "x"});
    let link =
        json!({"name": "x", "link": "https://example.com/x", "sha256": "0".repeat(64), "media_type": "x/y"});
    vec![
        Try { body: None, ..Try::new("take_up", path("take-up"), json!(null)).stale() },
        Try::new("request_material", path("material-request"), json!({"note": "x"})).stale(),
        Try::new("decide", path("decision"), upheld).stale(),
        Try { body: None, ..Try::new("withdraw", path("withdraw"), json!(null)).stale() },
        Try::new("add_evidence", path("evidence-links"), link),
        Try::new("keep_golden_case", path("golden-case"), json!({})),
    ]
}

/// Tries everything as a login, and compares it with what is offered.
async fn compare(app: &TestApp, login: &str, place: &str, document: &str, tries: &[Try]) {
    let answer = app.get(login, document).await;
    let offered = match answer.status.as_u16() {
        200 => offered(&answer.body),
        _ => BTreeSet::new(),
    };
    let known: BTreeSet<Offer> =
        tries.iter().map(|one| (one.action.to_owned(), one.to.map(str::to_owned))).collect();
    assert!(offered.is_subset(&known), "{login} {place}: {offered:?}");
    for one in tries {
        let is_offered = offered.contains(&(one.action.to_owned(), one.to.map(str::to_owned)));
        let what = format!("{login} {place}: {} {:?} offered: {is_offered}", one.action, one.to);
        match is_offered {
            false => {
                let status = one.status(app, login).await;
                assert!(matches!(status, 403 | 404 | 409), "{what}, {status}");
            }
            true if !one.is_real => {
                let status = one.status(app, login).await;
                assert!(matches!(status, 412 | 422), "{what}, {status}");
            }
            // What would be done is done below, one after the other.
            true => {}
        }
    }
}

const LOGINS: [&str; 9] =
    ["consultant", "leader", "leader2", "manager", "gm", "hr", "group", "auditor", "clerk"];

async fn compare_all(app: &TestApp, review: i64, place: &str) {
    let tries = tries_of_review(review);
    for login in LOGINS {
        compare(app, login, place, &format!("/v1/reviews/{review}"), &tries).await;
    }
}

/// Does what is offered to a login.
async fn really(app: &TestApp, login: &str, document: &str, tries: &[Try], action: &str) {
    let answer = app.get(login, document).await.expect(200);
    assert!(offered(&answer).iter().any(|(offer, _)| offer == action), "{login} {action}: {answer:#}");
    let one = tries.iter().find(|one| one.action == action).unwrap();
    let status = one.status(app, login).await;
    assert!(matches!(status, 200 | 201 | 204), "{login} {action}: {status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_offers_exactly_what_can_be_done_in_every_state() {
    let app = TestApp::demo().await.at("2014-04-08T04:00:00Z");
    let march = cycle(&app, "2014-03").await;
    compare_all(&app, review_of(&app, "A02", "2014-03", "sales_consultant").await, "before freezing").await;
    freeze(&app, march).await;
    let review = review_of(&app, "A02", "2014-03", "sales_consultant").await;
    let of_leader = review_of(&app, "A01", "2014-03", "sales_consultant").await;
    for state in STATES {
        if state != "computed" {
            step_to(&app, march, state).await;
        }
        compare_all(&app, review, state).await;
        if matches!(state, "leader_review" | "published") {
            compare_all(&app, of_leader, &format!("the leader's own in {state}")).await;
        }
        let written = match state {
            "self_review" => Some(("consultant", "self_assessment")),
            "leader_review" => Some(("leader", "leader_comment")),
            "manager_review" => Some(("manager", "manager_comment")),
            _ => None,
        };
        let Some((login, kind)) = written else {
            if state == "published" {
                answer(&app, review).await;
            }
            continue;
        };
        // Written, handed in, given back, and handed in again.
        let path = format!("/v1/reviews/{review}/contributions/{kind}");
        for text in ["写", "重写"] {
            app.change(login, Method::PUT, &path, "*", Some(json!({"text": text}))).await.expect(200);
            compare_all(&app, review, &format!("{state}, drafted")).await;
            app.change(login, Method::POST, &format!("{path}/hand-in"), "*", None).await.expect(200);
            compare_all(&app, review, &format!("{state}, handed in")).await;
            if text == "写" {
                let give_back = format!("{path}/give-back");
                app.post("hr", &give_back, json!({"reason": "请补充"})).await.expect(200);
            }
        }
    }
}

/// What is open in a published month is really done.
async fn answer(app: &TestApp, review: i64) {
    let (document, tries) = (format!("/v1/reviews/{review}"), tries_of_review(review));
    for (login, action) in [
        ("hr", "told"),
        ("consultant", "seen"),
        ("leader", "record_talk"),
        ("consultant", "file_appeal"),
        ("consultant", "confirmed_with_objection"),
    ] {
        really(app, login, &document, &tries, action).await;
        compare_all(app, review, &format!("published, after {action}")).await;
    }
    let appeals = app.get("consultant", "/v1/appeals?state=filed").await.expect(200);
    let appeal = format!("/v1/appeals/{}", appeals["items"][0]["id"]);
    app.change("consultant", Method::POST, &format!("{appeal}/withdraw"), "*", None).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_appeal_offers_exactly_what_can_be_done_in_every_state() {
    let app = TestApp::demo().await.at("2014-04-08T04:00:00Z");
    let march = cycle(&app, "2014-03").await;
    freeze(&app, march).await;
    for state in &STATES[1..6] {
        step_to(&app, march, state).await;
    }
    let review = review_of(&app, "A02", "2014-03", "sales_consultant").await;
    let file = async |rule: &str| {
        let new = json!({"rule": rule, "text": "请复核"});
        let filed = app.post("consultant", &format!("/v1/reviews/{review}/appeals"), new).await.expect(201);
        format!("/v1/appeals/{}", filed["id"])
    };
    let all = async |appeal: &str, place: &str| {
        let tries = tries_of_appeal(appeal);
        for login in LOGINS {
            compare(&app, login, place, appeal, &tries).await;
        }
    };
    let step = async |appeal: &str, login: &str, rest: &str, body: Option<Value>| {
        app.change(login, Method::POST, &format!("{appeal}/{rest}"), "*", body).await.expect(200);
    };
    let appeal = file("20_funnel_kpi").await;
    all(&appeal, "filed").await;
    step(&appeal, "gm", "take-up", None).await;
    all(&appeal, "in review").await;
    step(&appeal, "gm", "material-request", Some(json!({"note": "请补"}))).await;
    all(&appeal, "waiting").await;
    let tries = tries_of_appeal(&appeal);
    really(&app, "consultant", &appeal, &tries, "add_evidence").await;
    really(&app, "gm", &appeal, &tries, "add_evidence").await;
    step(&appeal, "gm", "decision", Some(json!({"outcome": "upheld", "reason": "无误"}))).await;
    all(&appeal, "decided").await;
    for login in ["hr", "manager", "group"] {
        really(&app, login, &appeal, &tries, "keep_golden_case").await;
    }
    let withdrawn = file("30_follow_up").await;
    step(&withdrawn, "consultant", "withdraw", None).await;
    all(&withdrawn, "withdrawn").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adjustment_is_decided_or_withdrawn_by_whom_it_is_offered() {
    let app = TestApp::demo().await.at("2014-04-08T04:00:00Z");
    super::take_to(&app, "2014-03", "published").await;
    let review = review_of(&app, "A03", "2014-03", "sales_consultant").await;
    let path = format!("/v1/reviews/{review}/adjustments");
    let new = json!({"rule": "70_complaints", "points": -0.5, "reason": "核对"});
    let id = app.post("manager", &path, new).await.expect(201)["id"].clone();
    for login in LOGINS {
        let listed = app.get(login, &path).await;
        let offered = match listed.status.as_u16() {
            200 => offered(&listed.body[0]),
            _ => BTreeSet::new(),
        };
        for (action, rest, body) in
            [("decide", "decision", Some(json!({"approve": true}))), ("withdraw", "withdraw", None)]
        {
            let path = format!("{path}/{id}/{rest}");
            let status = app.change(login, Method::POST, &path, "\"99\"", body).await.status.as_u16();
            let is_offered = offered.contains(&(action.to_owned(), None));
            let expected: &[u16] = if is_offered { &[412] } else { &[403, 404, 409] };
            // Whose it is not is told so after the version was compared.
            let is_refused_later =
                !is_offered && status == 412 && matches!(login, "manager" | "gm" | "hr" | "group");
            assert!(expected.contains(&status) || is_refused_later, "{login} {action}: {status} {offered:?}");
        }
    }
    let expected = [("manager", "withdraw"), ("gm", "decide"), ("hr", "decide"), ("group", "decide")];
    for (login, action) in expected {
        let listed = app.get(login, &path).await.expect(200);
        assert_eq!(offered(&listed[0]), BTreeSet::from([(action.to_owned(), None)]), "{login}");
    }
}
