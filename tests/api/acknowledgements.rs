//! Acknowledgements 告知与确认: who was told, until when, what was answered, and that a month is not locked before.

use diesel_async::SimpleAsyncConnection as _;
use futures_util::future::{join, join_all};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::{Answer, TestApp};

/// The states from `computed` to `published`.
const WAY: [&str; 5] = ["self_review", "leader_review", "manager_review", "hr_check", "published"];

/// The demonstration's cycle of a month.
pub async fn cycle_of(app: &TestApp, period: &str) -> i64 {
    let page = app.get("hr", &format!("/v1/review-cycles?period={period}")).await.expect(200);
    page["items"][0]["id"].as_i64().unwrap()
}

async fn step(app: &TestApp, login: &str, cycle: i64, body: Value) -> Answer {
    let path = format!("/v1/review-cycles/{cycle}/moves");
    app.change(login, Method::POST, &path, "*", Some(body)).await
}

/// Takes a cycle that is computed to `published`.
pub async fn move_on(app: &TestApp, cycle: i64) {
    for state in WAY {
        if state == "published" {
            let check = format!("/v1/review-cycles/{cycle}/hr-check");
            app.post("hr", &check, json!({"text": "已复核"})).await.expect(200);
        }
        step(app, "hr", cycle, json!({"to": state})).await.expect(200);
    }
}

/// Freezes, computes and publishes a month of the demonstration; its cycle.
pub async fn publish(app: &TestApp, period: &str) -> i64 {
    let cycle = cycle_of(app, period).await;
    let freeze = json!({"accept_missing": true, "note": "演示"});
    app.post("hr", &format!("/v1/review-cycles/{cycle}/freeze"), freeze).await.expect(200);
    app.post_empty("hr", &format!("/v1/review-cycles/{cycle}/generate")).await.expect(200);
    move_on(app, cycle).await;
    cycle
}

/// Corrects an exam of a published month by two people, and publishes it again.
pub async fn revise(app: &TestApp, cycle: i64, period: &str, employee_no: &str, exam: i64) {
    let correction = json!({
        "period": period, "source_system": "test", "late": "keep", "reason": "考试成绩补录",
        "rows": [{"employee_no": employee_no, "facts": {"exam_score": exam}}],
    });
    app.post("hr", "/v1/facts", correction).await.expect(200);
    let waiting = app.get("gm", "/v1/late-corrections?state=pending").await.expect(200);
    let decision = json!({"ids": [waiting["items"][0]["id"]], "accept": true});
    app.post("gm", "/v1/late-corrections/decisions", decision).await.expect(200);
    let back = json!({"to": "computed", "reason": "考试成绩更正"});
    step(app, "gm", cycle, back).await.expect(200);
    app.post_empty("hr", &format!("/v1/review-cycles/{cycle}/generate")).await.expect(200);
    move_on(app, cycle).await;
}

/// The review in force of somebody's month, as the list has it.
async fn review(app: &TestApp, period: &str, employee_no: &str, position: &str) -> Value {
    let path = format!("/v1/reviews?period={period}&employee_no={employee_no}&position={position}");
    app.get("hr", &path).await.expect(200)["items"][0].clone()
}

async fn april(app: &TestApp, employee_no: &str) -> i64 {
    review(app, "2014-04", employee_no, "sales_consultant").await["id"].as_i64().unwrap()
}

async fn act(app: &TestApp, login: &str, review: i64, body: Value) -> Answer {
    app.post(login, &format!("/v1/reviews/{review}/acknowledgements"), body).await
}

async fn acts(app: &TestApp, login: &str, review: i64) -> Value {
    app.get(login, &format!("/v1/reviews/{review}/acknowledgements")).await.expect(200)
}

/// An answer's bytes.
pub async fn bytes(app: &TestApp, login: &str, path: &str) -> Vec<u8> {
    let request = app.request(Method::GET, path).bearer_auth(app.token(login).await);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    response.bytes().await.unwrap().to_vec()
}

pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// How many reviews of a month are in which state of acknowledgement.
async fn count(app: &TestApp, state: Value) -> usize {
    let page = app.get("hr", "/v1/reviews?period=2014-04&limit=100").await.expect(200);
    page["items"].as_array().unwrap().iter().filter(|one| one["acknowledgement"] == state).count()
}

fn field(answer: &Answer) -> Value {
    answer.body["errors"][0]["field"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_tells_everybody_with_a_login_and_what_was_shown_can_be_hashed_again() {
    let app = TestApp::demo().await;
    assert_eq!(count(&app, Value::Null).await, 16, "12 advisors, 3 leaders, telesales");
    publish(&app, "2014-04").await;
    // A01, A05 and A09 with two reviews each, A02 and T01.
    assert_eq!((count(&app, json!("told")).await, count(&app, json!("outstanding")).await), (8, 8));

    let id = april(&app, "A02").await;
    let told = acts(&app, "consultant", id).await;
    // Thursday 15 May 2014: Friday, Monday, Tuesday.
    assert_eq!((&told["state"], &told["until"]), (&json!("told"), &json!("2014-05-20")));
    let first = &told["acts"][0];
    assert_eq!(
        (&first["act"], &first["how"], &first["by"]),
        (&json!("told"), &json!("in_program"), &json!("hr"))
    );
    assert_eq!(told["acts"].as_array().unwrap().len(), 1);

    let shown = app.get("consultant", &format!("/v1/reviews/{id}")).await.expect(200);
    let document = bytes(&app, "consultant", &format!("/v1/reviews/{id}/document")).await;
    let hash = sha256(&document);
    for said in [&first["sha256"], &told["sha256"], &shown["sha256"]] {
        assert_eq!(said, &json!(hash));
    }
    let document: Value = serde_json::from_slice(&document).unwrap();
    for part in ["rules", "grade_reasons", "bundle"] {
        assert_eq!(document[part], shown[part], "{part}");
    }
    for (name, value) in document["review"].as_object().unwrap() {
        assert_eq!(value, &shown["review"][name], "{name}");
    }
    assert_eq!(document["review"]["total"], shown["review"]["total"]);
    // Whoever reads English reads about the same document.
    let request = app.request(Method::GET, &format!("/v1/reviews/{id}")).header("Accept-Language", "en");
    let english = Answer::of(request.bearer_auth(app.token("consultant").await).send().await.unwrap()).await;
    assert_eq!(english.expect(200)["sha256"], json!(hash));

    // Nobody has told A03, who has no login.
    let silent = acts(&app, "leader", april(&app, "A03").await).await;
    assert_eq!((&silent["state"], &silent["until"]), (&json!("outstanding"), &Value::Null));
    assert_eq!(silent["acts"], json!([]));
    let open: Vec<_> =
        silent["allowed_actions"].as_array().unwrap().iter().map(|one| one["action"].clone()).collect();
    assert_eq!(open, ["told", "out_of_reach"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn acts_follow_each_other_and_each_is_somebodys_to_say() {
    let app = TestApp::demo().await.in_english();
    let own = april(&app, "A02").await;
    // The month is computed: the person sees nothing of it, and HR tells nobody.
    assert_eq!(act(&app, "consultant", own, json!({"act": "seen"})).await.problem(404), "not-found");
    let told = json!({"act": "told", "how": "by_hand"});
    assert_eq!(act(&app, "hr", own, told.clone()).await.problem(409), "conflict");
    publish(&app, "2014-04").await;

    for (login, employee_no, body, status) in [
        ("auditor", "A02", json!({"act": "told", "how": "by_hand"}), 403),
        ("leader2", "A03", json!({"act": "told", "how": "by_hand"}), 404),
        ("consultant", "A03", json!({"act": "confirmed"}), 404),
        ("leader", "A03", json!({"act": "confirmed"}), 403),
        ("leader", "A01", json!({"act": "told", "how": "mail"}), 403),
        ("consultant", "A02", json!({"act": "out_of_reach", "text": "不在"}), 403),
        ("leader", "A03", json!({"act": "told", "how": "in_program"}), 422),
        ("leader", "A03", json!({"act": "told"}), 422),
        ("hr", "A03", json!({"act": "lapsed"}), 422),
        ("consultant", "A02", json!({"act": "confirmed_with_objection"}), 422),
        ("consultant", "A02", json!({"act": "confirmed", "text": "好"}), 422),
        ("hr", "A04", json!({"act": "out_of_reach"}), 422),
    ] {
        let answer = act(&app, login, april(&app, employee_no).await, body.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{login} {employee_no} {body}: {}", answer.body);
    }

    let seen = act(&app, "consultant", own, json!({"act": "seen"})).await.expect(201);
    assert_eq!(seen["state"], "seen");
    assert_eq!(act(&app, "consultant", own, json!({"act": "seen"})).await.problem(409), "conflict");
    let objection = json!({"act": "confirmed_with_objection", "text": "回访少计 3 次"});
    let objected = act(&app, "consultant", own, objection).await.expect(201);
    assert_eq!((&objected["state"], &objected["allowed_actions"]), (&json!("objected"), &json!([])));
    assert_eq!(objected["acts"][2]["text"], "回访少计 3 次");
    let late = act(&app, "hr", own, told.clone()).await;
    let detail = late.body["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("confirmed_with_objection") && detail.contains("by consultant at"), "{detail}");
    assert_eq!(late.problem(409), "conflict");

    // Out of reach, and reached after all.
    let away = april(&app, "A04").await;
    let tried = json!({"act": "out_of_reach", "text": "电话三次无人接听，挂号信退回"});
    assert_eq!(act(&app, "hr", away, tried).await.expect(201)["state"], "out_of_reach");
    let reached = act(&app, "leader", away, json!({"act": "told", "how": "mail"})).await.expect(201);
    assert_eq!((&reached["state"], &reached["until"]), (&json!("told"), &json!("2014-05-20")));

    // What has been recorded stays.
    let connection = &mut app.pool.get().await.unwrap();
    for change in ["UPDATE review_acknowledgement SET at = now()", "DELETE FROM review_acknowledgement"] {
        assert!(connection.batch_execute(change).await.is_err(), "{change}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_takes_two_witnesses_who_are_somebody_else() {
    let app = TestApp::demo().await;
    publish(&app, "2014-04").await;
    let review = april(&app, "A03").await;
    let refused = |witnesses: Value, at: &str| json!({"act": "refused", "how": "by_hand", "witnesses": witnesses, "happened_at": at, "text": "不认可"});
    let now = "2014-05-15T08:00:00Z";
    let two = json!(["赵晓燕", "曹玉兰"]);
    assert_eq!(act(&app, "hr", review, refused(two.clone(), now)).await.problem(409), "conflict");
    act(&app, "hr", review, json!({"act": "told", "how": "by_hand"})).await.expect(201);
    for (witnesses, at, expected) in [
        (json!(["赵晓燕"]), now, "witnesses"),
        (json!(["赵晓燕", "赵 晓燕"]), now, "witnesses[1]"),
        (json!(["王浩然", "赵晓燕"]), now, "witnesses[0]"),
        (json!(["赵晓燕", "方静怡"]), now, "witnesses[1]"),
        (json!(["赵晓燕", "HR"]), now, "witnesses[1]"),
        (two.clone(), "2014-05-15T08:00:01Z", "happened_at"),
        (two.clone(), "2014-05-15T07:59:59Z", "happened_at"),
    ] {
        let answer = act(&app, "hr", review, refused(witnesses.clone(), at)).await;
        assert!(field(&answer).as_str().unwrap().starts_with(expected), "{witnesses} {at}: {}", answer.body);
        assert_eq!(answer.problem(422), "validation-failed");
    }
    let done = act(&app, "hr", review, refused(two.clone(), now)).await.expect(201);
    assert_eq!((&done["state"], &done["acts"][1]["witnesses"]), (&json!("refused"), &two));
    assert_eq!(done["acts"][0]["sha256"], done["acts"][1]["sha256"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_term_ends_with_the_last_second_of_its_last_day_in_china() {
    let app = TestApp::demo().await;
    let cycle = publish(&app, "2014-04").await;
    let lapse = format!("/v1/review-cycles/{cycle}/lapse");
    // 23:59:59+08:00.
    let in_time = app.at("2014-05-20T15:59:59Z");
    assert_eq!(in_time.post_empty("hr", &lapse).await.expect(200)["lapsed"], 0);
    let own = april(&app, "A02").await;
    act(&in_time, "consultant", own, json!({"act": "confirmed"})).await.expect(201);
    // 00:00:00+08:00. Nothing has lapsed until somebody lets it: an answer is still an answer.
    let over = app.at("2014-05-20T16:00:00Z");
    let telesales = review(&app, "2014-04", "T01", "telesales_specialist").await["id"].as_i64().unwrap();
    act(&over, "telesales", telesales, json!({"act": "confirmed"})).await.expect(201);
    assert_eq!(over.post_empty("manager", &lapse).await.problem(403), "forbidden");
    let both = join(over.post_empty("hr", &lapse), over.post_empty("group", &lapse)).await;
    let lapsed =
        both.0.expect(200)["lapsed"].as_i64().unwrap() + both.1.expect(200)["lapsed"].as_i64().unwrap();
    // A01, A05 and A09, each twice.
    assert_eq!((lapsed, count(&over, json!("lapsed")).await), (6, 6));
    assert_eq!(count(&over, json!("outstanding")).await, 8, "nobody's silence counts who was not told");

    let leader = april(&app, "A01").await;
    let silent = acts(&over, "leader", leader).await;
    assert_eq!((&silent["state"], &silent["acts"][1]["by"]), (&json!("lapsed"), &Value::Null));
    assert_eq!(silent["acts"][1]["sha256"], silent["acts"][0]["sha256"]);
    assert_eq!(act(&over, "leader", leader, json!({"act": "confirmed"})).await.problem(409), "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_answers_at_once_one_holds() {
    let app = TestApp::demo().await;
    publish(&app, "2014-04").await;
    let own = april(&app, "A02").await;
    let at_once = (0..24).map(|number| {
        let body = match number % 2 {
            0 => json!({"act": "confirmed"}),
            _ => json!({"act": "confirmed_with_objection", "text": format!("异议 {number}")}),
        };
        act(&app, "consultant", own, body)
    });
    let answers = join_all(at_once).await;
    let held = answers.iter().filter(|answer| answer.status == 201).count();
    assert!(answers.iter().all(|answer| [201, 409].contains(&answer.status.as_u16())));
    assert_eq!(held, 1);
    assert_eq!(acts(&app, "consultant", own).await["acts"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_is_locked_when_everybody_has_answered_or_the_term_has() {
    let app = TestApp::demo().await.in_english();
    let cycle = publish(&app, "2014-04").await;
    let refused = step(&app, "hr", cycle, json!({"to": "locked"})).await;
    assert_eq!(field(&refused), "acknowledgements");
    let message = refused.body["errors"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("16 ") && message.contains("A03 王浩然"), "{message}");
    assert_eq!(refused.problem(409), "conflict");

    for employee_no in ["A03", "A04", "A06", "A07", "A08", "A10", "A11"] {
        let told = json!({"act": "told", "how": "by_hand"});
        act(&app, "hr", april(&app, employee_no).await, told).await.expect(201);
    }
    // The term has ended for all but A12, whom nobody has told.
    let later = app.at("2014-05-21T02:00:00Z");
    let refused = step(&later, "hr", cycle, json!({"to": "locked"})).await;
    let message = refused.body["errors"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("1 ") && message.ends_with("A12 罗天成 (sales_consultant)"), "{message}");
    assert_eq!(refused.problem(409), "conflict");
    let last = april(&app, "A12").await;
    act(&later, "hr", last, json!({"act": "out_of_reach", "text": "已离城，挂号信退回"})).await.expect(201);
    step(&later, "hr", cycle, json!({"to": "locked"})).await.expect(200);
    assert_eq!((count(&later, json!("lapsed")).await, count(&later, json!("out_of_reach")).await), (15, 1));
    let told = json!({"act": "told", "how": "by_hand"});
    assert_eq!(act(&later, "hr", last, told).await.problem(409), "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_revision_is_told_anew_and_answered_by_itself() {
    let app = TestApp::demo().await.in_english();
    let cycle = publish(&app, "2014-04").await;
    let before = april(&app, "A02").await;
    act(&app, "consultant", before, json!({"act": "confirmed"})).await.expect(201);
    let later = app.at("2014-05-19T02:00:00Z");
    revise(&later, cycle, "2014-04", "A02", 40).await;
    let now = april(&app, "A02").await;
    assert_ne!(before, now);
    let told = acts(&later, "consultant", before).await;
    // Monday 19 May: Tuesday, Wednesday, Thursday.
    assert_eq!(
        (&told["review"], &told["state"], &told["until"]),
        (&json!(now), &json!("told"), &json!("2014-05-22"))
    );
    let said: Vec<_> = told["acts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["act"].clone(), one["revision"].clone()))
        .collect();
    let expected =
        [("told", 1), ("confirmed", 1), ("told", 2)].map(|(act, revision)| (json!(act), json!(revision)));
    assert_eq!(said, expected);
    assert_ne!(told["acts"][0]["sha256"], told["acts"][2]["sha256"]);
    // An answer to what no longer holds is none.
    let stale = act(&later, "consultant", before, json!({"act": "confirmed"})).await;
    assert!(stale.body["detail"].as_str().unwrap().contains("第 2 版"), "{}", stale.body);
    assert_eq!(stale.problem(409), "conflict");
    act(&later, "consultant", now, json!({"act": "confirmed"})).await.expect(201);
    // Whoever's review stayed as it was could not answer while the month was open again: the term begins anew, too.
    let other = acts(&later, "leader2", april(&app, "A05").await).await;
    assert_eq!((&other["until"], other["acts"].as_array().unwrap().len()), (&json!("2014-05-22"), 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_of_the_rules_are_kept_and_who_has_none_is_listed() {
    let app = TestApp::demo().await;
    let releases = app.get("hr", "/v1/rules/releases").await.expect(200);
    let release = &releases["items"][0];
    let path = format!("/v1/rules/releases/{}/receipts", release["id"]);
    let own = app.post("consultant", &path, json!({"act": "seen"})).await.expect(201);
    assert_eq!((&own["employee_no"], &own["how"]), (&json!("A02"), &json!("in_program")));
    assert_eq!((&own["bundle"], &own["by"]), (&release["bundle"], &json!("consultant")));
    assert_eq!(app.post("consultant", &path, json!({"act": "seen"})).await.problem(409), "conflict");
    app.post("consultant", &path, json!({"act": "confirmed"})).await.expect(201);
    let paper = json!({"employee_no": "A03", "act": "confirmed", "how": "by_hand"});
    assert_eq!(app.post("hr", &path, paper.clone()).await.expect(201)["by"], "hr");
    for (login, body, expected) in [
        ("hr", json!({"employee_no": "A04", "act": "told"}), "how"),
        ("hr", json!({"employee_no": "H01", "act": "told", "how": "by_hand"}), "how"),
        ("leader", json!({"employee_no": "A04", "act": "told", "how": "by_hand"}), "employee_no"),
        ("group", json!({"act": "seen"}), "employee_no"),
    ] {
        let answer = app.post(login, &path, body).await;
        assert_eq!(field(&answer), expected, "{login}");
        assert_eq!(answer.problem(422), "validation-failed");
    }
    assert_eq!(app.post("auditor", &path, paper).await.problem(403), "forbidden");
    for (login, expected) in [("consultant", 2), ("hr", 3), ("gm", 3), ("auditor", 3), ("leader", 0)] {
        let listed = app.get(login, &path).await.expect(200);
        assert_eq!(listed["items"].as_array().unwrap().len(), expected, "{login}");
    }
    assert_eq!(app.get("hr", "/v1/rules/releases/999/receipts").await.problem(404), "not-found");

    let cycle = cycle_of(&app, "2014-05").await;
    let outstanding = app.get("hr", &format!("/v1/review-cycles/{cycle}/outstanding")).await.expect(200);
    let without: Vec<_> = outstanding["without_receipt"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["employee_no"].as_str().unwrap().to_owned())
        .collect();
    let expected = ["A01", "A04", "A05", "A06", "A07", "A08", "A09", "A10", "A11", "A12", "T01"];
    assert_eq!(without, expected);
}
