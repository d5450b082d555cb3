//! What two decide about at once, as it comes about.

use reqwest::Method;
use serde_json::{Value, json};

use super::months::Stage;
use super::{Pair, Press};

/// The rules of a consultant.
const RULES: [&str; 8] = [
    "10_sales_attainment",
    "20_funnel_kpi",
    "30_follow_up",
    "40_value_added",
    "50_attendance",
    "60_five_s_uniform",
    "70_complaints",
    "80_conduct_skill",
];

/// An appeal of A02 about a rule of March, filed.
async fn filed(stage: &Stage, rule: &str) -> Value {
    let path = format!("/v1/reviews/{}/appeals", stage.sold("A02", "2014-03").await);
    stage.app.post("consultant", &path, json!({"rule": rule, "text": "请复核"})).await.expect(201)
}

/// The same, taken up by the general manager.
async fn taken_up(stage: &Stage, rule: &str) -> Value {
    let path = format!("/v1/appeals/{}/take-up", filed(stage, rule).await["id"]);
    stage.app.change("gm", Method::POST, &path, "*", None).await.expect(200)
}

/// Half a point off the disputed item.
fn adjusted() -> Value {
    json!({"outcome": "adjusted", "points": -0.5, "reason": "核对"})
}

pub async fn appeal_decided_twice(stage: &Stage, round: usize) -> Pair<'_> {
    let appeal = taken_up(stage, RULES[round]).await;
    let path = format!("/v1/appeals/{}/decision", appeal["id"]);
    let upheld = json!({"outcome": "upheld", "reason": "无误"});
    Pair {
        app: &stage.app,
        is_free: false,
        one: Press::post("gm", &path, upheld).seeing(&appeal["version"]),
        other: Press::post("group", &path, adjusted()).seeing(&appeal["version"]),
        effect: (&["decide_appeal"], format!("appeal/{}", appeal["id"])),
        told: &["the appeal is decided"],
    }
}

pub async fn appeal_decided_and_withdrawn(stage: &Stage, round: usize) -> Pair<'_> {
    let appeal = taken_up(stage, RULES[3 + round]).await;
    let path = |rest: &str| format!("/v1/appeals/{}/{rest}", appeal["id"]);
    Pair {
        app: &stage.app,
        is_free: false,
        one: Press::post("gm", &path("decision"), adjusted()).seeing(&appeal["version"]),
        other: Press::bare("consultant", &path("withdraw")).seeing(&appeal["version"]),
        effect: (&["decide_appeal", "advance_appeal"], format!("appeal/{}", appeal["id"])),
        told: &["the appeal is decided", "'decided'", "'withdrawn'"],
    }
}

pub async fn appeal_taken_up_and_withdrawn(stage: &Stage, round: usize) -> Pair<'_> {
    let appeal = filed(stage, RULES[(7 + round) % 8]).await;
    let path = |rest: &str| format!("/v1/appeals/{}/{rest}", appeal["id"]);
    Pair {
        app: &stage.app,
        is_free: false,
        one: Press::bare("gm", &path("take-up")).seeing(&appeal["version"]),
        other: Press::bare("consultant", &path("withdraw")).seeing(&appeal["version"]),
        effect: (&["advance_appeal"], format!("appeal/{}", appeal["id"])),
        told: &["'in_review'", "'withdrawn'"],
    }
}

pub async fn appeal_filed_twice(stage: &Stage, round: usize) -> Pair<'_> {
    let path = format!("/v1/reviews/{}/appeals", stage.sold("A02", "2014-03").await);
    let new = |text: &str| json!({"rule": RULES[1 + round], "text": text});
    Pair {
        app: &stage.app,
        is_free: false,
        one: Press::post("consultant", &path, new("一处")),
        other: Press::post("consultant", &path, new("另一处")),
        effect: (&["file_appeal"], "appeal/%".to_owned()),
        told: &["is open already"],
    }
}

/// An adjustment of A03's March that the manager has proposed: its path, and what it is about.
async fn proposed(stage: &Stage, rule: &str) -> (String, String) {
    let path = format!("/v1/reviews/{}/adjustments", stage.sold("A03", "2014-03").await);
    let new = json!({"rule": rule, "points": -0.5, "reason": "核对"});
    let id = stage.app.post("manager", &path, new).await.expect(201)["id"].clone();
    (format!("{path}/{id}"), format!("adjustment/{id}"))
}

pub async fn adjustment_approved_and_withdrawn(stage: &Stage, round: usize) -> Pair<'_> {
    let (path, about) = proposed(stage, RULES[round]).await;
    Pair {
        app: &stage.app,
        is_free: false,
        one: Press::post("gm", &format!("{path}/decision"), json!({"approve": true})).seeing(1),
        other: Press::bare("manager", &format!("{path}/withdraw")).seeing(1),
        effect: (&["decide_adjustment", "withdraw_adjustment"], about),
        told: &["is approved already, by gm", "is withdrawn already, by manager"],
    }
}

pub async fn adjustment_approved_and_refused(stage: &Stage, round: usize) -> Pair<'_> {
    let (path, about) = proposed(stage, RULES[3 + round]).await;
    let decision = format!("{path}/decision");
    Pair {
        app: &stage.app,
        is_free: false,
        one: Press::post("gm", &decision, json!({"approve": true})).seeing(1),
        other: Press::post("hr", &decision, json!({"approve": false, "note": "不同意"})).seeing(1),
        effect: (&["decide_adjustment"], about),
        told: &["is approved already, by gm", "is rejected already, by hr"],
    }
}

pub async fn confirmed_and_objected_to(stage: &Stage, round: usize) -> Pair<'_> {
    let (login, employee_no) = [("consultant", "A02"), ("leader", "A01")][round];
    let review = stage.sold(employee_no, "2014-03").await;
    let path = format!("/v1/reviews/{review}/acknowledgements");
    let objection = json!({"act": "confirmed_with_objection", "text": "回访少计"});
    Pair {
        app: &stage.app,
        is_free: false,
        one: Press::post(login, &path, json!({"act": "confirmed"})),
        other: Press::post(login, &path, objection),
        effect: (&["acknowledge_review"], format!("review/{review}")),
        told: &["does not follow 'confirmed", "just recorded an answer"],
    }
}

pub async fn confirmed_and_refused(stage: &Stage, round: usize) -> Pair<'_> {
    let (login, employee_no) = [("leader2", "A05"), ("leader3", "A09")][round];
    let review = stage.sold(employee_no, "2014-03").await;
    let path = format!("/v1/reviews/{review}/acknowledgements");
    let refused = json!({"act": "refused", "how": "by_hand", "witnesses": ["赵晓燕", "曹玉兰"],
        "happened_at": "2014-05-15T08:00:00Z"});
    Pair {
        app: &stage.app,
        is_free: false,
        one: Press::post(login, &path, json!({"act": "confirmed"})),
        other: Press::post("hr", &path, refused),
        effect: (&["acknowledge_review"], format!("review/{review}")),
        told: &["does not follow 'confirmed'", "does not follow 'refused'", "just recorded an answer"],
    }
}

pub async fn talk_confirmed_twice(stage: &Stage, _: usize) -> Pair<'_> {
    let path = format!("/v1/reviews/{}/talks", stage.sold("A02", "2014-03").await);
    let talk = stage.app.post("leader", &path, json!({"day": "2014-05-15", "said": "好"})).await.expect(201);
    let path = format!("/v1/review-talks/{}/confirmation", talk["id"]);
    Pair {
        app: &stage.app,
        is_free: false,
        one: Press::post("consultant", &path, json!({})),
        other: Press::post("consultant", &path, json!({"word": "同意"})),
        effect: (&["confirm_review_talk"], format!("review_talk/{}", talk["id"])),
        told: &["is confirmed already"],
    }
}

pub async fn sheet_made_twice(stage: &Stage, _: usize) -> Pair<'_> {
    let path = format!("/v1/review-cycles/{}/coefficient-sheets", stage.march);
    Pair {
        app: &stage.app,
        is_free: false,
        one: Press::bare("hr", &path),
        other: Press::bare("group", &path),
        effect: (&["make_coefficient_sheet"], format!("review_cycle/{}", stage.march)),
        told: &["nothing has changed since", "just made this sheet"],
    }
}

pub async fn sheet_signed_twice(stage: &Stage, _: usize) -> Pair<'_> {
    let path = format!("/v1/review-cycles/{}/coefficient-sheets/1", stage.march);
    let sheet = stage.app.get("hr", &path).await.expect(200);
    let (path, body) = (format!("{path}/sign-offs"), json!({"capacity": "hr", "sha256": sheet["sha256"]}));
    Pair {
        app: &stage.app,
        is_free: false,
        one: Press::post("hr", &path, body.clone()),
        other: Press::post("group", &path, body),
        effect: (&["sign_coefficient_sheet"], format!("review_cycle/{}", stage.march)),
        told: &["has signed it off at", "just signed it off", "have signed this sheet off already"],
    }
}

/// A correction of somebody's March that waits for a decision: its id.
async fn corrected(stage: &Stage, login: &str, employee_no: &str, facts: Value) -> Value {
    let correction = json!({"period": "2014-03", "source_system": "test", "late": "keep", "reason": "补录",
        "rows": [{"employee_no": employee_no, "facts": facts}]});
    stage.app.post(login, "/v1/facts", correction).await.expect(200);
    let waiting = stage.app.get("gm", "/v1/late-corrections?state=pending").await.expect(200);
    waiting["items"][0]["id"].clone()
}

pub async fn correction_decided_twice(stage: &Stage, round: usize) -> Pair<'_> {
    let id = corrected(stage, "hr", ["A10", "A11", "A12"][round], json!({"exam_score": 61})).await;
    let path = "/v1/late-corrections/decisions";
    Pair {
        app: &stage.app,
        is_free: false,
        one: Press::post("gm", path, json!({"ids": [id], "accept": true})),
        other: Press::post("group", path, json!({"ids": [id], "accept": false, "note": "不采纳"})),
        effect: (&["decide_late_corrections"], "late_corrections".to_owned()),
        told: &["is already accepted", "is already rejected"],
    }
}

pub async fn recomputed_twice(stage: &Stage, _: usize) -> Pair<'_> {
    let id = corrected(stage, "hr", "A06", json!({"exam_score": 61})).await;
    let accept = json!({"ids": [id], "accept": true});
    stage.app.post("gm", "/v1/late-corrections/decisions", accept).await.expect(200);
    let path = format!("/v1/review-cycles/{}/recomputations", stage.march);
    Pair {
        app: &stage.app,
        is_free: false,
        one: Press::post("hr", &path, json!({"reason": "考试成绩更正"})),
        other: Press::post("group", &path, json!({"reason": "考试成绩更正"})),
        effect: (&["recompute_reviews"], format!("review_cycle/{}", stage.march)),
        told: &["no corrections were accepted since"],
    }
}

pub async fn improvement_made_twice(stage: &Stage, round: usize) -> Pair<'_> {
    let review = stage.sold(["A12", "A08"][round], "2014-03").await;
    stage.run(&format!("UPDATE review SET final_grade = 'D' WHERE id = {review}")).await;
    let plan = json!({"review": review, "goals": "回访完成率 90%", "training": "跟进话术两次",
        "starts_on": "2014-05-10", "first_assessment_on": "2014-06-10", "second_assessment_on": "2014-07-10",
        "ends_on": "2014-07-31"});
    Pair {
        app: &stage.app,
        is_free: false,
        one: Press::post("manager", "/v1/improvement-plans", plan.clone()),
        other: Press::post("hr", "/v1/improvement-plans", plan),
        effect: (&["create_improvement_plan"], "improvement_plan/%".to_owned()),
        told: &["is running already", "or the person has one"],
    }
}

pub async fn improvement_assessed_twice(stage: &Stage, _: usize) -> Pair<'_> {
    let open = stage.app.get("hr", "/v1/improvement-plans?state=open").await.expect(200);
    let (id, version) = (&open["items"][0]["id"], &open["items"][0]["version"]);
    let path = format!("/v1/improvement-plans/{id}/assessments");
    let say = |outcome: &str| json!({"outcome": outcome, "sentence": "完成八成"});
    Pair {
        app: &stage.app,
        is_free: false,
        one: Press::post("manager", &path, say("reached")).seeing(version),
        other: Press::post("hr", &path, say("not_reached")).seeing(version),
        effect: (&["assess_improvement_plan"], format!("improvement_plan/{id}")),
        told: &["its state is 'first_assessed'"],
    }
}

pub async fn waived_twice(stage: &Stage, round: usize) -> Pair<'_> {
    let review = stage.sold(["A07", "A08"][round], "2014-03").await;
    stage.run(&format!("UPDATE review SET attention = '{{\"x\"}}' WHERE id = {review}")).await;
    let path = format!("/v1/reviews/{review}/waiver");
    Pair {
        app: &stage.app,
        is_free: false,
        one: Press::post("hr", &path, json!({"reason": "已核实"})),
        other: Press::post("group", &path, json!({"reason": "同意"})),
        effect: (&["waive_attention"], format!("review/{review}")),
        told: &["just waived it"],
    }
}

/// The path of a self-assessment of April.
async fn assessment(stage: &Stage, employee_no: &str) -> String {
    format!("/v1/reviews/{}/contributions/self_assessment", stage.sold(employee_no, "2014-04").await)
}

/// A self-assessment of April, written: its path.
async fn written(stage: &Stage, login: &str, employee_no: &str) -> String {
    let path = assessment(stage, employee_no).await;
    stage.app.change(login, Method::PUT, &path, "*", Some(json!({"text": "写"}))).await.expect(200);
    path
}

pub async fn handed_in_twice(stage: &Stage, round: usize) -> Pair<'_> {
    let (login, employee_no) = [("consultant", "A02"), ("leader", "A01")][round];
    let path = format!("{}/hand-in", written(stage, login, employee_no).await);
    Pair {
        app: &stage.app,
        is_free: false,
        one: Press::bare(login, &path).seeing(1),
        other: Press { seen: Some("*".to_owned()), ..Press::bare(login, &path) },
        effect: (&["hand_in_contribution"], "review_contribution/%".to_owned()),
        told: &["it is handed in"],
    }
}

pub async fn handed_in_and_written(stage: &Stage, round: usize) -> Pair<'_> {
    let (login, employee_no) = [("leader2", "A05"), ("leader3", "A09")][round];
    let path = written(stage, login, employee_no).await;
    let hand_in = format!("{path}/hand-in");
    let write = Press::post(login, &path, json!({"text": "重写"}));
    Pair {
        app: &stage.app,
        is_free: true,
        one: Press { seen: Some("*".to_owned()), ..Press::bare(login, &hand_in) },
        other: Press { method: Method::PUT, seen: Some("*".to_owned()), ..write },
        effect: (&["hand_in_contribution"], "review_contribution/%".to_owned()),
        told: &["it is handed in"],
    }
}

pub async fn given_back_twice(stage: &Stage, round: usize) -> Pair<'_> {
    let path = format!("{}/give-back", assessment(stage, ["A02", "A01"][round]).await);
    Pair {
        app: &stage.app,
        is_free: false,
        one: Press::post("hr", &path, json!({"reason": "请补充"})),
        other: Press::post("group", &path, json!({"reason": "太短"})),
        effect: (&["give_back_contribution"], "review_contribution/%".to_owned()),
        told: &["given it back"],
    }
}

pub async fn published_and_reopened(stage: &Stage, _: usize) -> Pair<'_> {
    let version = stage.february_checked().await["version"].clone();
    let path = format!("/v1/review-cycles/{}/moves", stage.february);
    Pair {
        app: &stage.app,
        is_free: false,
        one: Press::post("hr", &path, json!({"to": "published"})).seeing(&version),
        other: Press::post("group", &path, json!({"to": "computed", "reason": "重算"})).seeing(&version),
        effect: (&["move_review_cycle"], format!("review_cycle/{}", stage.february)),
        told: &["the cycle is in 'published': hr moved", "the cycle is in 'computed': group moved"],
    }
}

pub async fn locked_and_appealed(stage: &Stage, round: usize) -> Pair<'_> {
    let version = stage.january_published().await["version"].clone();
    let lock = format!("/v1/review-cycles/{}/moves", stage.january);
    let file = format!("/v1/reviews/{}/appeals", stage.sold("A02", "2014-01").await);
    Pair {
        app: &stage.june,
        is_free: false,
        one: Press::post("hr", &lock, json!({"to": "locked"})).seeing(&version),
        other: Press::post("consultant", &file, json!({"rule": RULES[round], "text": "请复核"})),
        effect: (&["move_review_cycle", "file_appeal"], "%".to_owned()),
        told: &["are not decided", "is in 'locked'", "is open already"],
    }
}

pub async fn erasure_approved_and_withdrawn(stage: &Stage, round: usize) -> Pair<'_> {
    let employee_no = format!("Z{round:02}");
    let person = json!({"employee_no": employee_no, "name": format!("离职{round}"), "status": "left"});
    stage.app.post("admin", "/v1/employees", person).await.expect(201);
    let posting = json!({"employee_no": employee_no, "unit": "G1", "position": "sales_consultant",
        "valid_from": "2013-01-01", "valid_to": "2013-02-01"});
    stage.app.post("admin", "/v1/assignments", posting).await.expect(201);
    let early = json!({"reason": "本人申请", "early": true});
    let path = format!("/v1/employees/{employee_no}/erasure");
    let id = stage.app.post("hr", &path, early).await.expect(201)["id"].clone();
    Pair {
        app: &stage.app,
        is_free: false,
        one: Press::post("gm", &format!("/v1/erasures/{id}/decision"), json!({"approve": true})).seeing(1),
        other: Press::bare("hr", &format!("/v1/erasures/{id}/withdraw")).seeing(1),
        effect: (&["erase", "withdraw_erasure"], format!("erasure/{id}")),
        told: &["is erased already, by gm", "is withdrawn already, by hr"],
    }
}
