//! Bodies, paths and queries that make no sense: each is answered with a problem, none harms the server.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, As, TestApp};
use crate::users::fields;

/// Operations that take a JSON body, with a login that may.
const OPERATIONS: &[(&str, Method, &str)] = &[
    ("hr", Method::POST, "/v1/sessions"),
    ("hr", Method::POST, "/v1/sessions/refresh"),
    ("hr", Method::DELETE, "/v1/sessions"),
    ("admin", Method::POST, "/v1/users"),
    ("admin", Method::PATCH, "/v1/users/1"),
    ("admin", Method::POST, "/v1/org-units"),
    ("admin", Method::PATCH, "/v1/employees/A01"),
    ("admin", Method::POST, "/v1/assignments"),
    ("manager", Method::POST, "/v1/plans"),
    ("gm", Method::POST, "/v1/plans/1/approve"),
    ("gm", Method::POST, "/v1/plans/1/return"),
    ("clerk", Method::POST, "/v1/facts"),
    ("hr", Method::POST, "/v1/review-cycles"),
    ("hr", Method::POST, "/v1/rules/backtests"),
];

async fn send(app: &TestApp, operation: &(&str, Method, &str), kind: &str, body: Vec<u8>) -> Answer {
    let (login, method, path) = operation;
    let mut request =
        app.request(method.clone(), path).bearer_auth(app.token(login).await).header("If-Match", "*");
    if !kind.is_empty() {
        request = request.header("Content-Type", kind);
    }
    Answer::of(request.body(body).send().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_json_is_a_malformed_request() {
    let app = TestApp::demo().await;
    let deep_object = format!("{}1{}", "{\"a\":".repeat(50_000), "}".repeat(50_000));
    for operation in OPERATIONS {
        for body in
            ["", "{", "{]", "hello", "{\"a\":1,}", "{'a':1}", "[1, 2", "\u{feff}{}", "{\"a\":\"\\ud800\"}"]
        {
            let answer = send(&app, operation, "application/json", body.into()).await;
            let status = answer.status.as_u16();
            assert!(matches!(status, 400 | 422), "{operation:?} {body}: {:#}", answer.body);
            answer.problem(status);
        }
        for body in ["", "{", "hello", "nul"] {
            let answer = send(&app, operation, "application/json", body.into()).await;
            assert_eq!(answer.problem(400), "malformed-request", "{operation:?} {body}");
        }
        let nested = [vec![b'['; 100_000], vec![b'{'; 100_000], deep_object.clone().into_bytes()];
        for body in nested.into_iter().chain([vec![0xff, 0xfe, 0x00], b"{\"a\": \"\xff\"}".to_vec()]) {
            let answer = send(&app, operation, "application/json; charset=utf-8", body).await;
            let status = answer.status.as_u16();
            assert!(matches!(status, 400 | 413 | 422), "{operation:?}: {:#}", answer.body);
            answer.problem(status);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn json_of_another_shape_names_the_field() {
    let app = TestApp::demo().await;
    for operation in OPERATIONS {
        for body in [json!([]), json!(null), json!(7), json!("text"), json!(true)] {
            let answer = send(&app, operation, "application/json", body.to_string().into()).await;
            assert_eq!(answer.problem(422), "validation-failed", "{operation:?} {body}");
        }
        let answer = send(&app, operation, "application/json", b"{\"no_such_field\": 1}".to_vec()).await;
        assert_eq!(fields(&answer), ["no_such_field"], "{operation:?}: {:#}", answer.body);
        assert_eq!(answer.problem(422), "validation-failed");
    }
    let facts = |facts: &str| {
        format!(
            "{{\"period\":\"2014-04\",\"source_system\":\"x\",\"rows\":[{{\"employee_no\":\"A02\",\"facts\":{facts}}}]}}"
        )
    };
    for (facts, field) in [
        (facts("{\"deliveries\":\"many\"}"), "rows[0].facts.deliveries"),
        (facts("{\"deliveries\":1e400}"), "rows[0].facts.deliveries"),
        (facts("{\"deliveries\":1e-400}"), "rows[0].facts.deliveries"),
        (facts("{\"deliveries\":99999999999999999999999999999999999999}"), "rows[0].facts.deliveries"),
        (facts("{\"deliveries\":-0.5}"), "rows[0].facts.deliveries"),
        (facts("{\"\\u0000\":1}"), "rows[0].facts.\u{0}"),
        (facts("[]"), "rows[0].facts"),
        (facts("{}").replace("2014-04", "2014-13"), "period"),
        (facts("{}").replace("2014-04", "April"), "period"),
        (facts("{}").replace("2014-04", "99999-04"), "period"),
    ] {
        let answer =
            send(&app, &("clerk", Method::POST, "/v1/facts"), "application/json", facts.clone().into()).await;
        assert_eq!(fields(&answer), [field], "{facts}: {:#}", answer.body);
        assert_eq!(answer.problem(422), "validation-failed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_content_types_are_not_taken() {
    let app = TestApp::demo().await;
    for operation in OPERATIONS {
        for kind in [
            "",
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/jsonx",
            "json",
            "text/json",
            ";",
        ] {
            let answer = send(&app, operation, kind, b"{}".to_vec()).await;
            assert_eq!(answer.problem(415), "unsupported-media-type", "{operation:?} {kind}");
        }
        let answer = send(&app, operation, "Application/JSON ; charset=UTF-8", b"{}".to_vec()).await;
        assert_ne!(answer.status, 415);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_20_megabytes_is_too_large() {
    let app = TestApp::demo().await;
    let body = format!("{{\"login\": \"{}\"}}", "x".repeat(20 << 20)).into_bytes();
    for operation in [("hr", Method::POST, "/v1/sessions"), ("manager", Method::POST, "/v1/plans")] {
        let answer = send(&app, &operation, "application/json", body.clone()).await;
        assert_eq!(answer.problem(413), "payload-too-large", "{operation:?}");
    }
    app.get("hr", "/v1/me").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn text_that_cannot_be_stored_is_the_callers_fault() {
    let app = TestApp::demo().await;
    let refused = |answer: Answer, what: &str| {
        let status = answer.status.as_u16();
        assert!(matches!(status, 400 | 401 | 404 | 409 | 422), "{what}: {:#}", answer.body);
        answer.problem(status);
    };
    let zero = "a\u{0}b";
    let body = json!({"login": zero, "password": zero});
    refused(app.send(As::Nobody, Method::POST, "/v1/sessions", Some(body)).await, "login");
    let facts = json!({"period": "2014-04", "source_system": zero, "rows": [
        {"employee_no": "A02", "facts": {"deliveries": 3}}]});
    refused(app.post("clerk", "/v1/facts", facts).await, "source_system");
    let facts = json!({"period": "2014-04", "source_system": "x", "rows": [
        {"employee_no": zero, "facts": {"deliveries": 3}}]});
    refused(app.post("clerk", "/v1/facts", facts).await, "employee_no");
    refused(app.post("hr", "/v1/review-cycles", json!({"store": zero, "period": "2015-01"})).await, "store");
    for field in ["employee_no", "unit"] {
        let user = json!({"login": "good", "password": "long enough", "roles": ["hr"], field: zero});
        refused(app.post("admin", "/v1/users", user).await, field);
    }
    let unit = json!({"code": zero, "name": zero, "kind": "group", "valid_from": "2014-01-01"});
    refused(app.post("admin", "/v1/org-units", unit).await, "unit");
    let plan = json!({"unit": zero, "year": 2016, "metric": zero, "total": 1, "season": vec![1; 12],
        "channels": [{"code": zero, "weight": 1}], "units": [{"unit": zero, "weight": 1, "members": [
            {"employee_no": zero, "weight": 1}]}]});
    refused(app.post("manager", "/v1/plans", plan.clone()).await, "plan");
    let mut plan = plan;
    (plan["unit"], plan["metric"], plan["units"]) = (json!("JC"), json!("deliveries"), json!([]));
    refused(app.post("manager", "/v1/plans", plan).await, "channel");
    for path in [
        "/v1/plans?unit=a%00b",
        "/v1/plans/1/targets?unit=%00",
        "/v1/reviews?unit=%00&employee_no=%00",
        "/v1/reviews?grade=%00",
        "/v1/facts?period=2014-03&employee_no=%00",
        "/v1/review-cycles?store=%00",
        "/v1/dashboard/funnel?period=2014-03&unit=%00",
        "/v1/dashboard/leaderboard?period=2014-03&position=%00",
        "/v1/assignments?unit=%00",
        "/v1/assignments?employee_no=%00",
        "/v1/activities?period=2014-03&employee_no=a%00b",
    ] {
        assert_eq!(app.get("group", path).await.problem(422), "validation-failed", "{path}");
    }
    for path in ["/v1/review-terms/%00", "/v1/work-calendars/%00/2015", "/v1/review-summaries/a%00b/months"] {
        assert_eq!(app.get("group", path).await.problem(404), "not-found", "{path}");
    }
    app.send(As::Login("group"), Method::DELETE, "/v1/review-terms/%00", None).await.problem(405);
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_paths_lead_nowhere() {
    let app = TestApp::demo().await;
    let long = format!("/v1/employees/{}", "x".repeat(50_000));
    for path in [
        "/v1",
        "/v1/",
        "//v1/me",
        "/v1//me",
        "/v1/me/",
        "/v2/me",
        "/v1/nothing",
        "/v1/reviews/abc",
        "/v1/reviews/-1",
        "/v1/reviews/0",
        "/v1/reviews/9223372036854775807",
        "/v1/reviews/9223372036854775808",
        "/v1/reviews/-9223372036854775808",
        "/v1/reviews/-9223372036854775809",
        "/v1/reviews/1e3",
        "/v1/reviews/1.0",
        "/v1/reviews/%31%00",
        "/v1/reviews/%FF%FE",
        "/v1/reviews/%",
        "/v1/reviews/%zz",
        "/v1/reviews/１",
        "/v1/users/-9223372036854775808",
        "/v1/users/9223372036854775807",
        "/v1/users/0",
        "/v1/users/1%2F2",
        "/v1/org-units/%00",
        "/v1/org-units/%FF",
        "/v1/org-units/%E9%94%A6",
        "/v1/org-units/..%2F..%2Fetc",
        "/v1/employees/%2e%2e",
        "/v1/employees/A01%20",
        "/v1/employees/'%20OR%201=1--",
        "/v1/employees/a%0d%0ab",
        "/v1/plans/99999999999999999999/targets",
        "/v1/plans/-5/targets",
        "/v1/review-cycles/-1",
        "/v1/assignments/-1",
        "/v1/team-leaderships/9223372036854775807",
        "/docs/../v1/none",
        &long,
    ] {
        for login in ["auditor", "admin"] {
            let answer = app.get(login, path).await;
            let status = answer.status.as_u16();
            let shown: String = path.chars().take(60).collect();
            assert!(matches!(status, 403 | 404), "{login} {shown}: {status} {:#}", answer.body);
            answer.problem(status);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fields_of_an_object_are_not_taken_from_an_array_however_deep() {
    let app = TestApp::demo().await.in_english();
    let plan = json!({"unit": "JC", "year": 2015, "metric": "deliveries", "total": 1690, "units": []});
    for (field, name, value) in [
        ("levels", "levels", json!([null, null])),
        ("lines[0]", "lines", json!([["loans", 3]])),
        ("units[0]", "units", json!([["G1", 1, [], []]])),
        ("method.capacity", "method", json!({"capacity": [[], []]})),
    ] {
        let mut body = plan.clone();
        body[name] = value;
        let answer = app.post("manager", "/v1/plans", body).await;
        let fault = answer.body["errors"][0].clone();
        assert_eq!(answer.problem(422), "validation-failed", "{field}");
        assert_eq!(
            (&fault["field"], &fault["message"]),
            (&json!(field), &json!("invalid type: sequence, expected an object"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_queries_are_faults_of_the_query() {
    let app = TestApp::demo().await;
    let plan = app.get("auditor", "/v1/plans").await.expect(200)["items"][0]["id"].clone();
    let lists = [
        "/v1/reviews?",
        "/v1/plans?",
        "/v1/review-cycles?",
        "/v1/facts?period=2014-03&",
        "/v1/employees?",
        "/v1/org-units?",
        "/v1/assignments?",
        "/v1/team-leaderships?",
        "/v1/access-log?",
    ]
    .map(str::to_owned);
    for list in lists.into_iter().chain([format!("/v1/plans/{plan}/targets?")]) {
        for query in [
            "limit=0",
            "limit=-1",
            "limit=501",
            "limit=x",
            "limit=99999999999999999999",
            "limit=1&limit=2",
            "cursor=!",
            "cursor=",
            "cursor=%00",
            "cursor=%FF",
            "period=2014",
            "period=2014-00",
            "unknown=1",
            "on=2014-02-30",
        ] {
            let answer = app.get("auditor", &format!("{list}{query}")).await;
            assert_eq!(answer.status, 422, "{list}{query}: {:#}", answer.body);
            assert_eq!(answer.problem(422), "validation-failed");
        }
        // Cursors that could be ours but never were: an empty page or a fault, and the server lives on.
        for id in ["-1", "9223372036854775807", "9223372036854775806", "-9223372036854775808", "1e3", " 1"] {
            let cursor = URL_SAFE_NO_PAD.encode(id);
            let answer = app.get("auditor", &format!("{list}cursor={cursor}")).await;
            let status = answer.status.as_u16();
            assert!(matches!(status, 200 | 422), "{list} {id}: {:#}", answer.body);
            if status == 422 {
                answer.problem(422);
            }
        }
    }
    for query in ["", "period=", "period=2014-13", "period=+2014-03", "period=2014-03&unit=JC&unit=G1"] {
        let answer = app.get("auditor", &format!("/v1/dashboard/funnel?{query}")).await;
        assert_eq!(answer.problem(422), "validation-failed", "{query}");
    }
    for query in [
        "kind=odd&period=2014-03",
        "period=2014-03",
        "kind=dms-funnel",
        "kind=dms-funnel&period=2014-03&dry_run=perhaps",
    ] {
        let answer = app.upload("clerk", &format!("/v1/imports?{query}"), Vec::new()).await;
        assert_eq!(answer.problem(422), "validation-failed", "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_methods_are_told_the_right_ones() {
    let app = TestApp::demo().await;
    for (method, path, allowed) in [
        (Method::PUT, "/v1/me", "GET, HEAD"),
        (Method::PATCH, "/v1/sessions", "POST, DELETE"),
        (Method::GET, "/v1/sessions/refresh", "POST"),
        (Method::DELETE, "/v1/reviews/1", "GET, HEAD"),
        (Method::OPTIONS, "/v1/plans", "GET, HEAD, POST"),
        (Method::PUT, "/v1/users/1", "GET, HEAD, PATCH"),
        (Method::from_bytes(b"BREW").unwrap(), "/v1/me", "GET, HEAD"),
        // A literal where another path has a number, and where it has any text.
        (Method::DELETE, "/v1/work-reports/due", "GET, HEAD"),
        (Method::DELETE, "/v1/column-mappings/propose", "GET, HEAD, POST, PUT"),
        (Method::DELETE, "/v1/daily-sheets/2014-03-01", "PUT"),
    ] {
        let response = app.request(method.clone(), path).send().await.unwrap();
        assert_eq!(
            response.headers().get("allow").map(|value| value.to_str().unwrap()),
            Some(allowed),
            "{method} {path}"
        );
        assert_eq!(Answer::of(response).await.problem(405), "method-not-allowed");
    }
    let answer = app.send(As::Nobody, Method::PUT, "/v1/nothing", Some(Value::Null)).await;
    assert_eq!(answer.problem(404), "not-found");
    // There the day would be, or the number, which the word is not.
    let sheet =
        app.send(As::Login("consultant"), Method::PUT, "/v1/daily-sheets/morning", Some(json!({}))).await;
    assert_eq!(sheet.problem(405), "method-not-allowed");
    assert_eq!(app.get("hr", "/v1/work-reports/tally").await.problem(405), "method-not-allowed");
    assert_eq!(app.get("hr", "/v1/work-reports/words").await.problem(404), "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn days_that_nobody_means_are_refused() {
    let app = TestApp::demo().await;
    for day in ["+262142-12-15", "-262143-01-01", "-9999-01-01", "0001-01-01"] {
        let report = json!({"kind": "plan", "cadence": "weekly", "day": day, "content": "x"});
        let absence = json!({"kind": "absence", "employee_no": "A02", "day": day, "detail": {"days": 1},
            "evidence": [{"name": "x"}]});
        let coaching = json!({"kind": "coaching", "day": day, "topic": "x", "people": ["A02"]});
        for (login, path, body) in [
            ("consultant", "/v1/work-reports", report),
            ("hr", "/v1/events", absence),
            ("leader", "/v1/activities", coaching),
        ] {
            assert_eq!(app.post(login, path, body).await.problem(422), "validation-failed", "{path} {day}");
        }
        let day = day.replace('+', "%2B");
        for path in [
            format!("/v1/daily-sheets?day={day}"),
            format!("/v1/daily-sheets/morning?store=JC&day={day}"),
            format!("/v1/report-duties?unit=JC&on={day}"),
        ] {
            assert_eq!(app.get("hr", &path).await.problem(422), "validation-failed", "{path}");
        }
        let path = format!("/v1/daily-sheets/{day}");
        let sheet = app.change("consultant", Method::PUT, &path, "*", Some(json!({"counts": {}}))).await;
        assert_eq!(sheet.problem(422), "validation-failed", "{day}");
    }
    let blank = json!({"kind": "coaching", "day": "2014-05-14", "topic": "  ", "people": ["A02"]});
    assert_eq!(app.post("leader", "/v1/activities", blank).await.problem(422), "validation-failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn head_is_answered_like_get_without_a_body() {
    let app = TestApp::demo().await;
    let token = app.token("hr").await;
    for path in ["/v1/me", "/v1/reviews?limit=3", "/v1/reviews/0", "/healthz", "/v1/nothing"] {
        let ask = async |method: Method| {
            let response = app.request(method, path).bearer_auth(&token).send().await.unwrap();
            let kind = response.headers().get("content-type").cloned();
            (response.status(), kind, response.bytes().await.unwrap().len())
        };
        let (get, head) = (ask(Method::GET).await, ask(Method::HEAD).await);
        assert_eq!((get.0, get.1), (head.0, head.1), "{path}");
        assert_eq!(head.2, 0, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_taken_however_their_scheme_is_written_and_answers_are_not_kept() {
    let app = TestApp::demo().await;
    let token = app.token("hr").await;
    let me = async |value: String| {
        app.request(Method::GET, "/v1/me").header("Authorization", value).send().await.unwrap()
    };
    for scheme in ["bearer", "BEARER", "Bearer "] {
        let response = me(format!("{scheme} {token}")).await;
        assert_eq!(response.status(), 200, "{scheme}");
        assert_eq!(response.headers()["cache-control"], "no-store");
    }
    let response = me("Bearer nonsense".to_owned()).await;
    assert_eq!(response.headers()["www-authenticate"], "Bearer error=\"invalid_token\"");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(Answer::of(response).await.problem(401), "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_weak_tag_names_no_version() {
    let app = TestApp::demo().await;
    let id = app.get("hr", "/v1/me").await.expect(200)["id"].clone();
    let path = format!("/v1/users/{id}");
    let answer =
        app.change("admin", Method::PATCH, &path, "W/\"1\"", Some(json!({"roles": ["clerk"]}))).await;
    assert_eq!(answer.problem(412), "precondition-failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_that_nobody_reads_are_refused() {
    let app = TestApp::demo().await;
    for path in ["/v1/me", "/v1/users/1", "/v1/org-units/JC"] {
        let answer = app.get("admin", &format!("{path}?unknown=1&other=2")).await;
        assert_eq!(fields(&answer), ["unknown"], "{path}: {:#}", answer.body);
        assert_eq!(answer.problem(422), "validation-failed");
    }
    let body = json!({"login": "hr", "password": "x"});
    let answer = app.send(As::Nobody, Method::POST, "/v1/sessions?next=/docs", Some(body)).await;
    assert_eq!(fields(&answer), ["next"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_needs_no_more_than_four_kilobytes_packed_or_not() {
    use std::io::Write as _;
    let app = TestApp::demo().await;
    let body = |length: usize| format!("{{\"login\": \"hr\", \"password\": \"{}\"}}", "x".repeat(length));
    let send = async |body: Vec<u8>, encoding: &str| {
        let request = app.request(Method::POST, "/v1/sessions").header("Content-Type", "application/json");
        let request = request.header("Content-Encoding", encoding).body(body);
        Answer::of(request.send().await.unwrap()).await
    };
    assert_eq!(send(body(5_000).into_bytes(), "identity").await.problem(413), "payload-too-large");
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(body(100 << 20).as_bytes()).unwrap();
    let bomb = writer.finish().unwrap();
    let begun = std::time::Instant::now();
    let bombs = futures_util::future::join_all((0..10).map(|_| send(bomb.clone(), "gzip"))).await;
    for answer in bombs {
        assert_eq!(answer.problem(413), "payload-too-large");
    }
    // None of them was unpacked further than that.
    assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{:?}", begun.elapsed());
    for encoding in ["br", "zstd", "deflate", "gzip, gzip", "nonsense"] {
        assert_eq!(
            send(body(3).into_bytes(), encoding).await.problem(415),
            "unsupported-media-type",
            "{encoding}"
        );
    }
    assert_eq!(send(body(3).into_bytes(), "gzip").await.problem(400), "malformed-request");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let app = TestApp::demo().await;
    let address = app.url("").trim_start_matches("http://").to_owned();
    let requests = ["Content-Length: 100", "Transfer-Encoding: chunked"]
        .map(|length| answer_without_a_body(&address, length));
    for answer in futures_util::future::join_all(requests).await {
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
}

/// What is answered until the socket is closed, where no body follows its announcement.
async fn answer_without_a_body(address: &str, length: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{length}\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let limit = std::time::Duration::from_secs(25);
    let end = tokio::time::timeout(limit, socket.read_to_end(&mut answer)).await;
    end.expect("the socket stays open").unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_of_one_byte_too_many_is_too_large() {
    let app = TestApp::demo().await;
    let path = "/v1/imports?kind=dms-funnel&period=2015-02";
    assert_eq!(app.upload("clerk", path, vec![b'1'; (50 << 20) + 1]).await.problem(413), "payload-too-large");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_number_and_no_year_is_named() {
    let app = TestApp::demo().await;
    let facts = json!({"period": "2014-04", "source_system": "x", "rows": [
        {"employee_no": "A02", "facts": {"deliveries": {"$serde_json::private::Number": "3"}}}]});
    assert_eq!(app.post("clerk", "/v1/facts", facts).await.problem(422), "validation-failed");
    let blank = json!({"period": "2014-04", "source_system": "  ", "rows": [
        {"employee_no": "A02", "facts": {"deliveries": 3}}]});
    let answer = app.post("clerk", "/v1/facts", blank).await;
    assert_eq!(fields(&answer), ["source_system"], "{:#}", answer.body);
    for day in ["+10000-01-01", "0000-01-01", "-0001-01-01"] {
        let body =
            json!({"employee_no": "A02", "unit": "JC", "position": "sales_consultant", "valid_from": day});
        let answer = app.post("admin", "/v1/assignments", body).await;
        assert_eq!(fields(&answer), ["valid_from"], "{day}: {:#}", answer.body);
    }
    for path in ["/v1/public-holidays/0", "/v1/public-holidays/10000", "/v1/public-holidays/-1"] {
        let response = app.request(Method::PUT, path).bearer_auth(app.token("group").await).body("x");
        assert_eq!(
            Answer::of(response.send().await.unwrap()).await.problem(422),
            "validation-failed",
            "{path}"
        );
    }
}
