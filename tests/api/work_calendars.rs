//! Working calendars of stores: open days, the days that people are scheduled for, and the pace of a plan.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

async fn put(app: &TestApp, login: &str, seen: &str, body: &Value) -> Answer {
    let request = app.request(Method::PUT, "/v1/work-calendars/JC/2015").bearer_auth(app.token(login).await);
    Answer::of(request.header("If-Match", seen).json(body).send().await.unwrap()).await
}

async fn scheduled(app: &TestApp, employee_no: &str) -> Value {
    let path = format!("/v1/facts?period=2015-02&employee_no={employee_no}");
    app.get("hr", &path).await.expect(200)["items"][0]["facts"]["scheduled_days"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_scheduled_by_the_stores_own_calendar() {
    let app = TestApp::demo().await.at("2015-01-20T02:00:00Z");
    // Without a calendar of its own, the country's: 2014 as its notice has it.
    let country = app.get("consultant", "/v1/work-calendars/JC/2014").await.expect(200);
    assert_eq!(country["open_days"], json!([22, 17, 21, 21, 21, 20, 23, 21, 22, 19, 20, 23]));
    assert_eq!((&country["version"], &country["holidays_known"]), (&json!(0), &json!(true)));
    // Open all week, closed for three days of the Spring Festival, four days off in turn.
    let own = json!({"rest_weekdays": [], "keeps_public_holidays": false, "rest_days_a_month": 4, "days": [
        {"day": "2015-02-18", "is_open": false, "name": "除夕"},
        {"day": "2015-02-19", "is_open": false, "name": "春节"},
        {"day": "2015-02-20", "is_open": false, "name": "春节"}]});
    let kept = put(&app, "hr", "\"0\"", &own).await.expect(200);
    assert_eq!((&kept["open_days"][0], &kept["open_days"][1]), (&json!(31), &json!(25)));
    assert_eq!(kept["version"], 1);
    // Who has not seen that, changes nothing.
    assert_eq!(put(&app, "group", "\"0\"", &own).await.problem(412), "precondition-failed");
    let month = json!({"period": "2015-02"});
    let done = app.post("hr", "/v1/work-calendars/JC/schedules", month.clone()).await.expect(200);
    assert_eq!(done["open_days"], 25);
    assert_eq!(done["added"], done["people"]);
    assert_eq!(scheduled(&app, "A02").await, 21);
    let again = app.post("hr", "/v1/work-calendars/JC/schedules", month.clone()).await.expect(200);
    assert_eq!((&again["added"], &again["changed"]), (&json!(0), &json!(0)));
    // What attendance delivers goes before the calendar, and stays when the days are scheduled again.
    let delivered = json!({"period": "2015-02", "source_system": "oa",
        "rows": [{"employee_no": "A02", "facts": {"scheduled_days": 20}}]});
    let app = app.at("2015-02-27T02:00:00Z");
    app.post("hr", "/v1/facts", delivered).await.expect(200);
    app.post("hr", "/v1/work-calendars/JC/schedules", month).await.expect(200);
    assert_eq!((scheduled(&app, "A02").await, scheduled(&app, "A03").await), (json!(20), json!(21)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calendar_that_makes_no_sense_is_refused_by_field() {
    let app = TestApp::demo().await.at("2015-01-20T02:00:00Z");
    let day = |day: &str| json!({"day": day, "is_open": true, "name": "x"});
    let bad = json!({"rest_weekdays": [], "keeps_public_holidays": true,
        "days": [day("2015-03-01"), day("2016-01-01"), day("2015-03-01")]});
    let refused = put(&app, "hr", "*", &bad).await;
    let fields = refused.body["errors"].as_array().unwrap().iter().map(|error| error["field"].clone());
    assert_eq!(fields.collect::<Vec<_>>(), ["days[1].day", "days[2].day"]);
    assert_eq!(refused.problem(422), "validation-failed");
    for (rest, days) in
        [(json!([0]), 0), (json!([8]), 0), (json!([1, 2, 3, 4, 5, 6, 7]), 0), (json!([1]), 16)]
    {
        let bad = json!({"rest_weekdays": rest, "keeps_public_holidays": true, "rest_days_a_month": days});
        assert_eq!(put(&app, "hr", "*", &bad).await.problem(422), "validation-failed", "{bad}");
    }
    assert_eq!(put(&app, "manager", "*", &json!({})).await.problem(403), "forbidden");
    assert_eq!(app.get("hr", "/v1/work-calendars/JC/2015").await.expect(200)["version"], 0);
    assert_eq!(app.get("hr", "/v1/work-calendars/XX/2015").await.problem(404), "not-found");
    assert_eq!(app.get("hr", "/v1/work-calendars/JC/99999").await.problem(422), "validation-failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn working_day_progress_follows_the_stores_calendar() {
    let app = TestApp::demo().await;
    let days = async || {
        let pace = app.get("manager", "/v1/pace?unit=JC&day=2014-03-31").await.expect(200);
        let month = pace["rows"][0]["month"].clone();
        (month["elapsed_days"].clone(), month["total_days"].clone())
    };
    // The demonstration knows the month's totals: all of it has elapsed, 21 weekdays.
    assert_eq!(days().await, (json!(21), json!(21)));
    let own = json!({"rest_weekdays": [1], "keeps_public_holidays": false});
    let request = app.request(Method::PUT, "/v1/work-calendars/JC/2014").bearer_auth(app.token("hr").await);
    Answer::of(request.header("If-Match", "*").json(&own).send().await.unwrap()).await.expect(200);
    // Closed on Mondays (3, 10, 17, 24, 31): 26.
    assert_eq!(days().await, (json!(26), json!(26)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_years_notice_is_added_without_building_the_program_again() {
    let app = TestApp::demo().await.at("2026-11-20T02:00:00Z");
    let put = async |year: i32, text: &str| {
        let request = app.request(Method::PUT, &format!("/v1/public-holidays/{year}"));
        let request = request
            .bearer_auth(app.token("group").await)
            .header("Content-Type", "application/toml")
            .header("If-Match", "*");
        Answer::of(request.body(text.to_owned()).send().await.unwrap()).await
    };
    let february =
        async || app.get("hr", "/v1/work-calendars/JC/2027").await.expect(200)["open_days"][1].clone();
    // February 2027 begins on a Monday and has four whole weeks.
    assert_eq!(february().await, 20);
    let notice = "year = 2027\n[[holiday]]\nname = \"春节\"\nfrom = 2027-02-05\nto = 2027-02-12\nwork = [2027-02-14]\n";
    let known = put(2027, notice).await.expect(200);
    // Friday the 5th to Friday the 12th are six weekdays off; Sunday the 14th is worked.
    assert_eq!((&known["working_days"][1], february().await), (&json!(15), json!(15)));
    for (year, text) in [(2028, notice), (2027, "year = 2027\n[[holiday]]\nname = \"x\"\n"), (2027, "\u{0}")]
    {
        assert_eq!(put(year, text).await.problem(422), "validation-failed", "{text}");
    }
    assert_eq!(february().await, 15);
    let years = app.get("hr", "/v1/public-holidays").await.expect(200);
    let years = years.as_array().unwrap().iter().map(|one| one["year"].clone()).collect::<Vec<_>>();
    assert_eq!(years, [2014, 2024, 2025, 2026, 2027]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schedule_follows_postings_that_are_corrected() {
    let app = TestApp::demo().await.at("2015-02-27T02:00:00Z");
    let own = json!({"rest_weekdays": [], "keeps_public_holidays": false, "rest_days_a_month": 0});
    put(&app, "hr", "*", &own).await.expect(200);
    let month = json!({"period": "2015-02"});
    app.post("hr", "/v1/work-calendars/JC/schedules", month.clone()).await.expect(200);
    assert_eq!((scheduled(&app, "A03").await, scheduled(&app, "A04").await), (json!(28), json!(28)));
    // A03 has left at the end of January, and A04 on the 11th.
    for (employee_no, end) in [("A03", "2015-02-01"), ("A04", "2015-02-11")] {
        let path = format!("/v1/assignments?employee_no={employee_no}");
        let postings = app.get("admin", &path).await.expect(200)["items"].clone();
        for posting in postings.as_array().unwrap() {
            let path = format!("/v1/assignments/{}", posting["id"]);
            let end = Some(json!({"valid_to": end}));
            app.change("admin", Method::PATCH, &path, "*", end).await.expect(200);
        }
    }
    // Whoever freezes the month has it scheduled once more.
    let new = json!({"store": "JC", "period": "2015-02"});
    let cycle = app.post("hr", "/v1/review-cycles", new).await.expect(201)["id"].clone();
    let freeze = json!({"accept_missing": true, "note": "test"});
    app.post("hr", &format!("/v1/review-cycles/{cycle}/freeze"), freeze).await.expect(200);
    assert_eq!(scheduled(&app, "A04").await, 10);
    let history = app.get("group", "/v1/facts/history?period=2015-02&metric=scheduled_days&limit=500").await;
    let history = history.expect(200)["items"].clone();
    let rows = history.as_array().unwrap().iter().filter(|row| row["employee_no"] == "A03");
    assert!(rows.clone().all(|row| row["stands"] == false), "{:#?}", rows.collect::<Vec<_>>());
}
