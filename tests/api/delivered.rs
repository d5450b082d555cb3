//! For whom a source is in: for the people whose rows came, and for nobody else until somebody says that it is complete.

use serde_json::{Value, json};

use crate::program::run;
use crate::support::{Template, TestApp, database_url};

/// The twelve advisors of the demonstration, but these.
fn advisors(but: &[&str]) -> Vec<String> {
    let all = (1..=12).map(|i| format!("A{i:02}"));
    all.filter(|no| !but.contains(&no.as_str())).collect()
}

fn january(people: &[String], facts: &Value) -> Value {
    let rows = people.iter().map(|no| json!({"employee_no": no, "facts": facts})).collect::<Vec<_>>();
    json!({"period": "2015-01", "source_system": "oa", "rows": rows})
}

/// January 2015 with everything that scoring needs but attendance, and its cycle.
async fn without_attendance(app: &TestApp) -> Value {
    for (login, facts) in [
        ("hr", json!({"exam_score": 90})),
        ("group", json!({"deliveries_target": 10})),
        ("clerk", json!({"deliveries": 10})),
        ("supervisor", json!({"five_s_checks": 40, "five_s_failures": 0})),
        ("service", json!({"complaints_minor": 0})),
    ] {
        app.post(login, "/v1/facts", january(&advisors(&[]), &facts)).await.expect(200);
    }
    let new = json!({"store": "JC", "period": "2015-01"});
    app.post("hr", "/v1/review-cycles", new).await.expect(201)["id"].clone()
}

/// 工号 of those of whom a source lacks what scoring needs.
async fn missing(app: &TestApp, cycle: &Value, source: &str) -> Vec<String> {
    let state = app.get("hr", &format!("/v1/review-cycles/{cycle}/outstanding")).await.expect(200);
    let sources = state["sources"].as_array().unwrap();
    let source = sources.iter().find(|one| one["source"] == source).unwrap();
    let required = source["missing"].as_array().unwrap().iter();
    let required = required.filter(|one| !one["required"].as_array().unwrap().is_empty());
    required.map(|one| one["employee_no"].as_str().unwrap().to_owned()).collect()
}

async fn review_of(app: &TestApp, cycle: &Value, employee_no: &str) -> Value {
    app.post_empty("hr", &format!("/v1/review-cycles/{cycle}/generate")).await.expect(200);
    let path = format!("/v1/reviews?period=2015-01&position=sales_consultant&employee_no={employee_no}");
    app.get("hr", &path).await.expect(200)["items"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_in_a_delivery_or_was_refused_stays_outstanding() {
    let app = TestApp::demo().await.at("2015-02-01T02:00:00Z");
    let cycle = without_attendance(&app).await;
    // A06 is not in the file; A05 has two rows, one of which is refused.
    let mut body = january(&advisors(&["A06"]), &json!({"scheduled_days": 26}));
    body["partial"] = json!(true);
    let refused = json!({"employee_no": "A05", "day": "2015-01-07", "facts": {"late": -1}});
    body["rows"].as_array_mut().unwrap().push(refused);
    let answer = app.post("hr", "/v1/facts", body.clone()).await.expect(200);
    assert_eq!(answer["rows"][11]["outcome"], Value::Null);
    let gap = &answer["outstanding"][0];
    assert_eq!((&gap["store"], &gap["source"]), (&json!("JC"), &json!("attendance")));
    let named = gap["employee_nos"].as_array().unwrap();
    assert!(named.contains(&json!("A05")) && named.contains(&json!("A06")), "{answer:#}");
    assert!(!named.contains(&json!("A04")), "{answer:#}");
    assert_eq!(missing(&app, &cycle, "attendance").await, ["A05", "A06"]);
    let freeze = format!("/v1/review-cycles/{cycle}/freeze");
    let stopped = app.post("hr", &freeze, json!({})).await;
    let fields: Vec<_> =
        stopped.body["errors"].as_array().unwrap().iter().map(|one| one["field"].clone()).collect();
    assert_eq!(fields, ["attendance.A05", "attendance.A06"]);
    assert_eq!(stopped.problem(409), "conflict");
    // Nobody is scored by what nobody knows: not 10 of 10.
    let absent = review_of(&app, &cycle, "A06").await;
    assert_eq!((&absent["total"], &absent["final_grade"]), (&Value::Null, &json!("NR")));
    assert!(review_of(&app, &cycle, "A04").await["total"].is_number());

    // While something of it is refused, nothing is complete for everybody.
    body["complete_sources"] = json!(["attendance"]);
    let whole = app.post("hr", "/v1/facts", body).await;
    assert_eq!(whole.body["errors"][1]["field"], "complete_sources", "{:#}", whole.body);
    assert_eq!(whole.problem(422), "validation-failed");
    // By name: of these two there is nothing but that.
    let mut named = january(&["A05".to_owned(), "A06".to_owned()], &json!({"scheduled_days": 26}));
    named["complete_sources"] = json!(["attendance"]);
    named["complete_for"] = json!("people");
    app.post("hr", "/v1/facts", named).await.expect(200);
    assert_eq!(missing(&app, &cycle, "attendance").await, Vec::<String>::new());
    assert!(review_of(&app, &cycle, "A06").await["total"].is_number());
    app.post("hr", &freeze, json!({})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_few_is_complete_once_somebody_says_so() {
    let app = TestApp::demo().await.at("2015-02-01T02:00:00Z");
    let new = json!({"store": "JC", "period": "2015-01"});
    let cycle = app.post("hr", "/v1/review-cycles", new).await.expect(201)["id"].clone();
    // The list of complaints has one person, and that says nothing about the others.
    let one = january(&["A03".to_owned()], &json!({"complaints_minor": 1}));
    let answer = app.post("service", "/v1/facts", one.clone()).await.expect(200);
    assert!(
        answer["outstanding"][0]["employee_nos"].as_array().unwrap().contains(&json!("A02")),
        "{answer:#}"
    );
    assert_eq!(missing(&app, &cycle, "complaints").await, advisors(&["A03"]));
    // The same with the word that it is all: it says who has none by that.
    let mut all = one;
    all["complete_sources"] = json!(["complaints"]);
    let answer = app.post("service", "/v1/facts", all.clone()).await.expect(200);
    let nothing = answer["nothing_for"][0]["employee_nos"].as_array().unwrap();
    assert!(nothing.contains(&json!("A02")) && !nothing.contains(&json!("A03")), "{answer:#}");
    assert_eq!((missing(&app, &cycle, "complaints").await, &answer["outstanding"]), (vec![], &Value::Null));
    // Said again, it is no news.
    let again = app.post("service", "/v1/facts", all).await.expect(200);
    assert_eq!(again["nothing_for"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_at_once_leave_nobody_out() {
    let app = TestApp::demo().await.at("2015-02-01T02:00:00Z");
    let new = json!({"store": "JC", "period": "2015-01"});
    let cycle = app.post("hr", "/v1/review-cycles", new).await.expect(201)["id"].clone();
    let people = advisors(&[]);
    let zero = json!({"complaints_minor": 0});
    let each = people
        .iter()
        .take(8)
        .map(|no| app.post("service", "/v1/facts", january(std::slice::from_ref(no), &zero)));
    for answer in futures_util::future::join_all(each.collect::<Vec<_>>()).await {
        answer.expect(200);
    }
    assert_eq!(missing(&app, &cycle, "complaints").await, people[8..]);
}

/// What came too late is about that person, too, and the word that nothing else is there is another.
#[tokio::test(flavor = "multi_thread")]
async fn late_words_are_about_one_person_or_the_store() {
    let app = TestApp::demo().await.at("2015-02-01T02:00:00Z");
    let cycle = without_attendance(&app).await;
    let attendance = january(&advisors(&["A05", "A06"]), &json!({"scheduled_days": 26}));
    app.post("hr", "/v1/facts", attendance).await.expect(200);
    let freeze = json!({"accept_missing": true, "note": "两人的考勤机坏了"});
    app.post("hr", &format!("/v1/review-cycles/{cycle}/freeze"), freeze).await.expect(200);
    let late = |no: &str| {
        let mut body = january(&[no.to_owned()], &json!({"scheduled_days": 26}));
        body["late"] = json!("keep");
        body
    };
    app.post("hr", "/v1/facts", late("A05")).await.expect(200);
    app.post("hr", "/v1/facts", late("A05")).await.expect(200);
    let waiting = app.get("hr", "/v1/late-corrections?state=pending").await.expect(200)["items"].clone();
    let said = |one: &Value| (one["metric"].clone(), one["source"].clone(), one["is_of_store"].clone());
    let all = waiting.as_array().unwrap().iter().map(said).collect::<Vec<_>>();
    let (null, no) = (Value::Null, json!(false));
    let expected = [(json!("scheduled_days"), null.clone(), no.clone()), (null, json!("attendance"), no)];
    assert_eq!(all, expected);
    let ids = waiting.as_array().unwrap().iter().map(|one| one["id"].clone()).collect::<Vec<_>>();
    let decision = json!({"ids": ids, "accept": true});
    app.post("gm", "/v1/late-corrections/decisions", decision).await.expect(200);
    assert_eq!(missing(&app, &cycle, "attendance").await, ["A06"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_declares_a_source_complete() {
    let url = database_url(Template::Demo).await;
    let close = |args: &[&str]| {
        run(&[&["close", "2015-01", "--lang", "zh", "--database-url", url.as_str()], args].concat())
    };
    assert!(close(&[]).out.contains("客户投诉"));
    let said = close(&["--complete", "complaints"]);
    assert!(said.out.contains("complaints") && said.out.contains("A12"), "{said:#?}");
    let people = close(&["--people"]).out;
    let complaints = people.lines().filter(|line| line.contains("A12") && line.contains("客户投诉"));
    assert_eq!(complaints.count(), 0, "{people}");
    assert_eq!(close(&["--complete", "moon"]).status, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn freezing_once_more_says_who_has_and_when() {
    let app = TestApp::demo().await.at("2015-02-01T02:00:00Z").in_english();
    let new = json!({"store": "JC", "period": "2015-01"});
    let cycle = app.post("hr", "/v1/review-cycles", new).await.expect(201)["id"].clone();
    let path = format!("/v1/review-cycles/{cycle}/freeze");
    let freeze = json!({"accept_missing": true, "note": "test"});
    app.post("hr", &path, freeze.clone()).await.expect(200);
    let own = app.post("hr", &path, freeze.clone()).await.expect(409)["detail"].as_str().unwrap().to_owned();
    assert!(own.ends_with("is frozen already, by you on 2015-02-01 10:00 in China"), "{own}");
    let other = app.post("group", &path, freeze).await.expect(409)["detail"].as_str().unwrap().to_owned();
    assert!(other.contains("(hr) on 2015-02-01 10:00"), "{other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_recorded_and_does_not_count_is_told_so() {
    let app = TestApp::demo().await.at("2015-02-01T02:00:00Z");
    let one = ["A02".to_owned()];
    let total = app.post("clerk", "/v1/facts", january(&one, &json!({"orders": 6}))).await.expect(200);
    assert_eq!(total["rows"][0]["not_counted"], Value::Null);
    let mut day = january(&one, &json!({"orders": 2}));
    day["rows"][0]["day"] = json!("2015-01-05");
    let told = app.post("clerk", "/v1/facts", day.clone()).await.expect(200);
    let row = &told["rows"][0];
    assert_eq!((&row["outcome"], &row["not_counted"][0]["metric"]), (&json!("added"), &json!("orders")));
    assert_eq!(row["not_counted"][0]["counts_instead"], "delivered_total");
    assert_eq!(row["not_counted"][0]["message"], "已记录，但不计入本月：以已交的整月数为准");
    // Both in one delivery: the day of A03 stands beside its total.
    let mut both = january(&["A03".to_owned(), "A03".to_owned()], &json!({"orders": 3}));
    both["rows"][1]["day"] = json!("2015-01-05");
    let told = app.post("clerk", "/v1/facts", both).await.expect(200);
    let uncounted = [0, 1].map(|at| told["rows"][at]["not_counted"].is_array());
    assert_eq!(uncounted, [false, true]);
    // A total beside a verified event.
    let event =
        json!({"kind": "document_error", "employee_no": "A02", "day": "2015-01-12", "detail": {"count": 1}});
    let id = app.post("clerk", "/v1/events", event).await.expect(201)["id"].clone();
    app.post("manager", &format!("/v1/events/{id}/verify"), json!({})).await.expect(200);
    let told =
        app.post("clerk", "/v1/facts", january(&one, &json!({"document_errors": 0}))).await.expect(200);
    assert_eq!(told["rows"][0]["not_counted"][0]["counts_instead"], "verified_events", "{told:#}");
    // The history says the same.
    let history =
        app.get("hr", "/v1/facts/history?period=2015-01&employee_no=A02&metric=orders").await.expect(200);
    let said = history["items"].as_array().unwrap().iter().map(|row| row["counts_instead"].clone());
    assert_eq!(said.collect::<Vec<_>>(), [Value::Null, json!("delivered_total")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_recorded_of_days_before_somebody_came() {
    let app = TestApp::demo().await.at("2014-05-28T02:00:00Z");
    let new = json!({"employee_no": "A77", "name": "新来的", "status": "probation"});
    app.post("admin", "/v1/employees", new).await.expect(201);
    let posted = json!({"employee_no": "A77", "unit": "G1", "position": "sales_consultant", "valid_from": "2014-05-19"});
    app.post("admin", "/v1/assignments", posted).await.expect(201);
    let facts = |period: &str, day: Value| {
        json!({"period": period, "source_system": "oa",
            "rows": [{"employee_no": "A77", "day": day, "facts": {"late": 1}}]})
    };
    for (login, period, day, field) in [
        ("hr", "2014-05", json!("2014-05-18"), "rows[0].day"),
        ("group", "2014-04", Value::Null, "rows[0].employee_no"),
    ] {
        let refused = app.post(login, "/v1/facts", facts(period, day)).await;
        assert_eq!(refused.body["errors"][0]["field"], field, "{:#}", refused.body);
        assert_eq!(refused.problem(422), "validation-failed");
    }
    let first = app.post("hr", "/v1/facts", facts("2014-05", json!("2014-05-19"))).await.expect(200);
    assert_eq!(first["added"], 1);
    let event = |day: &str| json!({"kind": "late", "employee_no": "A77", "day": day, "detail": {"count": 1}});
    let refused = app.post("hr", "/v1/events", event("2014-05-18")).await;
    assert_eq!(refused.body["errors"][0]["field"], "day", "{:#}", refused.body);
    assert!(refused.body["errors"][0]["message"].as_str().unwrap().contains("2014-05-19"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_begun_has_no_facts() {
    let demo = TestApp::demo().await;
    let one = ["A02".to_owned()];
    let deliver = async |app: &TestApp, login: &str, facts: Value| {
        app.post(login, "/v1/facts", january(&one, &facts)).await
    };
    // The last second of the year in China.
    let app = demo.at("2014-12-31T15:59:59Z");
    let refused = deliver(&app, "clerk", json!({"deliveries": 9})).await;
    assert_eq!(refused.body["errors"][0]["field"], "rows[0].facts.deliveries", "{:#}", refused.body);
    let message = refused.body["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("2015-01") && message.contains("2014-12-31"), "{message}");
    assert_eq!(refused.problem(422), "validation-failed");
    let mut partial = january(&one, &json!({"deliveries": 9}));
    partial["partial"] = json!(true);
    let kept_out = app.post("clerk", "/v1/facts", partial).await.expect(200);
    assert_eq!((&kept_out["added"], &kept_out["rows"][0]["outcome"]), (&json!(0), &Value::Null));
    // What somebody is to reach is said before.
    deliver(&app, "group", json!({"deliveries_target": 10})).await.expect(200);
    // A second later the month runs: what comes is of the month so far.
    let app = demo.at("2014-12-31T16:00:00Z");
    let answer = deliver(&app, "clerk", json!({"deliveries": 1})).await.expect(200);
    assert_eq!((&answer["added"], &answer["up_to"]), (&json!(1), &json!("2015-01-01")));
    let day = |day: &str| {
        let rows = json!([{"employee_no": "A02", "day": day, "facts": {"late": 1}}]);
        json!({"period": "2015-01", "source_system": "oa", "rows": rows})
    };
    let refused = app.post("hr", "/v1/facts", day("2015-01-02")).await;
    assert_eq!(refused.body["errors"][0]["field"], "rows[0].day", "{:#}", refused.body);
    assert_eq!(refused.problem(422), "validation-failed");
    app.post("hr", "/v1/facts", day("2015-01-01")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_source_is_in_before_the_last_day_of_the_month() {
    let demo = TestApp::demo().await;
    let app = demo.at("2015-01-30T02:00:00Z");
    let new = json!({"store": "JC", "period": "2015-01"});
    let cycle = app.post("hr", "/v1/review-cycles", new).await.expect(201)["id"].clone();
    let attendance = january(&advisors(&[]), &json!({"scheduled_days": 26}));
    let early = app.post("hr", "/v1/facts", attendance.clone()).await.expect(200);
    assert_eq!((&early["added"], &early["up_to"]), (&json!(12), &json!("2015-01-30")));
    assert_eq!(missing(&app, &cycle, "attendance").await, advisors(&[]));
    let mut complete = january(&["A03".to_owned()], &json!({"complaints_minor": 1}));
    complete["complete_sources"] = json!(["complaints"]);
    let refused = app.post("service", "/v1/facts", complete.clone()).await;
    assert_eq!(refused.body["errors"][0]["field"], "complete_sources", "{:#}", refused.body);
    assert_eq!(refused.problem(422), "validation-failed");
    let app = demo.at("2015-01-31T02:00:00Z");
    let whole = app.post("hr", "/v1/facts", attendance).await.expect(200);
    assert_eq!((&whole["unchanged"], &whole["up_to"]), (&json!(12), &Value::Null));
    assert_eq!(missing(&app, &cycle, "attendance").await, Vec::<String>::new());
    app.post("service", "/v1/facts", complete).await.expect(200);
    assert_eq!(missing(&app, &cycle, "complaints").await, Vec::<String>::new());
}

/// Of a file the same holds as of a delivery.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_not_in_for_people_of_whom_a_row_was_refused() {
    let app = TestApp::demo().await.at("2015-02-01T02:00:00Z");
    let new = json!({"store": "JC", "period": "2015-01"});
    let cycle = app.post("hr", "/v1/review-cycles", new).await.expect(201)["id"].clone();
    let mapping = json!({"name": "complaints-by-day", "store": "JC", "source_system": "crm", "columns": [
        {"header": "工号", "to": "employee_no"}, {"header": "姓名", "to": "name"}, {"header": "日期", "to": "day"},
        {"header": "一般投诉", "to": "metric", "metric": "complaints_minor"}]});
    app.post("service", "/v1/column-mappings", mapping).await.expect(201);
    let path = "/v1/column-mappings/complaints-by-day/imports?period=2015-01";
    let sheet = |a05: &str, a04: &str| {
        format!(
            "工号,姓名,日期,一般投诉\nA03,王浩然,2015-01-05,1\nA05,刘建国,2015-01-05,1\nA05,刘建国,2015-01-06,{a05}\n\
             A04,赵晓燕,2015-01-07,0\nA04,{a04},2015-01-08,0\nA06,孙丽娜,2015-01-09,0\nA06,孙丽娜,2015-01-09,1\n\
             A06,孙丽娜,2015-01-10,0\n"
        )
        .into_bytes()
    };
    // One cell cannot be read, one name is another's, and two rows are of the same day: the other rows go in.
    let report =
        app.upload("service", &format!("{path}&partial=true"), sheet("x", "陈志远")).await.expect(201);
    assert_eq!(
        (&report["rows"], report["faults"].as_array().map(Vec::len)),
        (&json!(4), Some(4)),
        "{report:#}"
    );
    let outstanding = report["outstanding"][0]["employee_nos"].as_array().unwrap();
    assert!(["A04", "A05", "A06"].iter().all(|no| outstanding.contains(&json!(no))), "{report:#}");
    assert_eq!(missing(&app, &cycle, "complaints").await, advisors(&["A03"]));
    // What is not all cannot be declared to be all.
    let complete = format!("{path}&partial=true&complete=true");
    let refused = app.upload("service", &complete, sheet("x", "陈志远")).await;
    assert_eq!(refused.body["errors"][0]["field"], "complete", "{:#}", refused.body);
    assert_eq!(refused.problem(422), "validation-failed");
    let mended = String::from_utf8(sheet("0", "赵晓燕")).unwrap().replace("A06,孙丽娜,2015-01-09,1\n", "");
    let tried = format!("{path}&complete=true&dry_run=true");
    let tried = app.upload("service", &tried, mended.clone().into()).await.expect(200);
    assert!(tried["nothing_for"][0]["employee_nos"].as_array().unwrap().contains(&json!("A07")), "{tried:#}");
    assert_eq!(missing(&app, &cycle, "complaints").await, advisors(&["A03"]));
    app.upload("service", path, mended.clone().into()).await.expect(201);
    assert_eq!(missing(&app, &cycle, "complaints").await, advisors(&["A03", "A04", "A05", "A06"]));
    let whole = app.upload("service", &format!("{path}&complete=true"), mended.into()).await.expect(201);
    assert_eq!((&whole["added"], &whole["outstanding"]), (&json!(0), &Value::Null), "{whole:#}");
    assert_eq!(missing(&app, &cycle, "complaints").await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_a_month_that_runs_is_of_the_month_so_far() {
    let demo = TestApp::demo().await;
    let sheet = || "工号,姓名,交车台数\nA02,李思敏,3\n".as_bytes().to_vec();
    let path = "/v1/imports?kind=dms-funnel&period=2015-01";
    let app = demo.at("2014-12-31T15:59:59Z");
    for options in ["", "&dry_run=true", "&partial=true"] {
        let answer = app.upload("clerk", &format!("{path}{options}"), sheet()).await;
        let fault = match options {
            "" => &answer.body["errors"][0]["field"],
            _ => &answer.body["faults"][0]["column"],
        };
        assert!(fault.as_str().unwrap().contains("交车台数"), "{options}: {:#}", answer.body);
        assert_eq!(answer.body["added"].as_u64().unwrap_or_default(), 0, "{options}: {:#}", answer.body);
    }
    let app = demo.at("2015-01-15T02:00:00Z");
    let report = app.upload("clerk", path, sheet()).await.expect(201);
    assert_eq!((&report["added"], &report["up_to"]), (&json!(1), &json!("2015-01-15")));
    assert!(report["notes"].to_string().contains("来源仍算未交齐"), "{report:#}");
    let refused = app.upload("clerk", &format!("{path}&complete=true"), sheet()).await;
    assert_eq!(refused.body["errors"][0]["field"], "complete", "{:#}", refused.body);
    let count = "SELECT count(*) AS count FROM source_delivery WHERE period = '2015-01-01'";
    assert_eq!(crate::import_safety::count(&mut app.pool.get().await.unwrap(), count).await, 0);
    let app = demo.at("2015-02-01T02:00:00Z");
    app.upload("clerk", path, sheet()).await.expect(200);
    assert_eq!(crate::import_safety::count(&mut app.pool.get().await.unwrap(), count).await, 1);
}
