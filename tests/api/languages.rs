//! Problems are told in the language that somebody reads.

use reqwest::Method;
use serde_json::{Value, json};

use crate::program::run_in;
use crate::support::{Answer, TestApp};

/// A request in a language: the answer, its `Content-Language`, and all that `Vary` names.
async fn ask(
    app: &TestApp,
    language: Option<&str>,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> (Answer, Option<String>, String) {
    let mut request = app.request(method, path);
    if !path.starts_with("/v1/sessions") {
        request = request.bearer_auth(app.token("hr").await);
    }
    if let Some(language) = language {
        request = request.header("Accept-Language", language);
    }
    if let Some(body) = body {
        request = request.json(&body);
    }
    let response = request.send().await.unwrap();
    let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let vary = response.headers().get_all("vary").iter().map(|value| value.to_str().unwrap());
    let (said_in, vary) = (header("content-language"), vary.collect::<Vec<_>>().join(", "));
    (Answer::of(response).await, said_in, vary)
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_are_chinese_unless_english_is_asked_for() {
    let app = TestApp::demo().await;
    let (zh, en) = (Some("zh"), Some("en"));
    for (asked, said_in) in [
        (None, zh),
        (Some("zh-CN,zh;q=0.9,en;q=0.5"), zh),
        (Some("en-GB,en;q=0.9,zh;q=0.1"), en),
        (Some("fr, en;q=0.3"), en),
        (Some("de"), zh),
        (Some("?"), zh),
    ] {
        for (method, path, body, chinese, english) in [
            // By whoever looks for it, whoever reads the query, the body or the path, and whoever signs somebody in.
            (Method::GET, "/v1/employees/Z99", None, "没有这样的员工", "there is no such employee"),
            (Method::GET, "/v1/employees?limit=0", None, "limit：应为 1 到 500", "limit: expected 1 to 500"),
            (
                Method::GET,
                "/v1/reviews?period=2014",
                None,
                "period：'2014' 不是月份：应写成 YYYY-MM，例如 2014-03",
                "period: '2014' is not a month: expected YYYY-MM, for example 2014-03",
            ),
            (
                Method::GET,
                "/v1/nowhere",
                None,
                "没有这个路径；/docs/ 列出了所有路径",
                "there is no such path; /docs/ lists them",
            ),
            (
                Method::PATCH,
                "/v1/reviews",
                Some(json!({})),
                "这里不能用 PATCH；可用的有：GET, HEAD",
                "PATCH is not allowed here; allowed: GET, HEAD",
            ),
            (
                Method::POST,
                "/v1/review-cycles",
                Some(json!({"store": "JC"})),
                "period：缺少 `period`",
                "period: missing field `period`",
            ),
            (
                Method::POST,
                "/v1/sessions",
                Some(json!({"login": "hr", "password": "wrong"})),
                "登录名或密码不正确",
                "login or password is wrong",
            ),
            (Method::GET, "/v1/users", None, "您的角色不能这样做", "your roles do not allow this"),
        ] {
            let (answer, content, vary) = ask(&app, asked, method, path, body).await;
            let expected = if said_in == zh { chinese } else { english };
            assert_eq!(answer.body["detail"], expected, "{path} {asked:?}");
            assert_eq!(content.as_deref(), said_in, "{path} {asked:?}");
            assert!(vary.to_lowercase().contains("accept-language"), "{path} {asked:?}: {vary}");
            // What programs go by is the same for everybody.
            let code = answer.body["code"].as_str().unwrap().to_owned();
            assert!(
                code.is_ascii() && answer.body["title"].as_str().unwrap().is_ascii(),
                "{:#}",
                answer.body
            );
            let status = answer.status.as_u16();
            answer.problem(status);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_language_is_the_one_that_is_liked_best() {
    let app = TestApp::demo().await;
    let (zh, en) = (Some("zh"), Some("en"));
    for (asked, said_in) in [
        // What is refused is not what is liked (RFC 9110, section 12.4.2), wherever it stands.
        (Some("en;q=0"), zh),
        (Some("en;q=0, *"), zh),
        (Some("en;q=0, zh;q=0.1"), zh),
        (Some("zh;q=0, *;q=0.5"), en),
        (Some("zh;q=0, EN-us;q=0.001"), en),
        (Some("zh;q=0"), en),
        (Some("zh;q=0, en;q=0"), zh),
        // The highest quality counts, of two alike the first named; a star is whatever else there is.
        (Some("zh;q=0.4, en;q=0.5"), en),
        (Some("en;q=0.7, zh-Hans;q=0.7"), en),
        (Some("zh-TW, en"), zh),
        (Some("*, en;q=0.9"), zh),
        (Some("*;q=0.2, en;q=0.9"), en),
        (Some("en;q=0.5, *;q=0.8"), zh),
        (Some("*"), zh),
    ] {
        let (answer, content, _) = ask(&app, asked, Method::GET, "/v1/employees/Z99", None).await;
        let expected = if said_in == zh { "没有这样的员工" } else { "there is no such employee" };
        assert_eq!((&answer.body["detail"], content.as_deref()), (&json!(expected), said_in), "{asked:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_at_fault_is_told_in_the_readers_language() {
    let app = TestApp::demo().await;
    let unit =
        json!({"code": "好", "name": " x", "kind": "team", "parent": "JC", "valid_from": "1014-01-01"});
    for (asked, said) in [
        (
            None,
            [
                ("code", "应为 1 到 32 个字母、数字、- 或 _"),
                ("name", "应为一行之内的 1 到 64 个字，前后没有空格"),
                ("valid_from", "日期应在 1900-01-01 到 2999-12-31 之间"),
            ],
        ),
        (
            Some("en"),
            [
                ("code", "expected 1 to 32 of A–Z, a–z, 0–9, '-' and '_'"),
                ("name", "expected 1 to 64 characters in one line, without spaces around them"),
                ("valid_from", "expected a day from 1900-01-01 to 2999-12-31"),
            ],
        ),
    ] {
        let mut request = app.request(Method::POST, "/v1/org-units").bearer_auth(app.token("admin").await);
        if let Some(language) = asked {
            request = request.header("Accept-Language", language);
        }
        let answer = Answer::of(request.json(&unit).send().await.unwrap()).await;
        let errors = said.map(|(field, message)| json!({"field": field, "message": message}));
        assert_eq!(answer.body["errors"], json!(errors));
        let several = if asked.is_none() { "有 3 处不正确" } else { "3 fields are not valid" };
        assert_eq!(answer.body["detail"], several);
    }
}

fn is_chinese(text: &str) -> bool {
    text.contains(|c: char| ('\u{3400}'..='\u{9fff}').contains(&c))
}

#[test]
fn the_command_line_speaks_the_language_of_the_terminal_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let within = file.join("data");
    let within = within.to_str().unwrap();
    let pace = ["plan", "pace", "--target", "149", "--actual", "66", "--day", "2031-03-15"];
    for (args, status, chinese, english) in [
        (&pace[..], 0, &["时间进度", "红绿灯", "周一到周五"][..], &["time progress", "Monday"][..]),
        (
            &["plan", "funnel", "--channel", "showroom", "--deliveries", "89"],
            0,
            &["首次到店"],
            &["first visits"],
        ),
        (
            &["plan", "funnel", "--channel", "showroom", "--deliveries=-1"],
            1,
            &["应为 0 或以上"],
            &["expected 0 or more"],
        ),
        (
            &["plan", "funnel", "--channel", "showroom", "--deliveries", "1", "--valid-rate", "1"],
            1,
            &["没有这个比率"],
            &["no such rate"],
        ),
        (
            &["plan", "preview"],
            1,
            &["标准输入：", "不是有效的 JSON"],
            &["standard input: ", "not valid JSON"],
        ),
        (&["rules", "take", "x"], 1, &["没有示例“x”"], &["there is no example 'x'"]),
        (&["score", "--scheme", "x"], 1, &["没有方案“x”", "、"], &["there is no scheme 'x'"]),
        (
            &["import", "no.csv", "--kind", "dms-funnel", "--period", "2014-03"],
            1,
            &["不能读 no.csv：没有这个文件"],
            &["cannot read no.csv: No such file"],
        ),
        (
            &["migrate", "--data-dir", within],
            1,
            &["不能新建", "不是文件夹"],
            &["cannot create", "Not a directory"],
        ),
        (&["openapi", "--log", "=?"], 1, &["日志过滤条件“=?”不对"], &["'=?' is not a log filter"]),
        (&["demo", "--rules", "nowhere"], 1, &["没有规则文件夹 nowhere"], &["no rules folder nowhere"]),
    ] {
        for (locale, parts) in [("zh_CN.UTF-8", chinese), ("C", english)] {
            let printed = run_in(locale, args);
            assert_eq!(printed.status, status, "{args:?}: {printed:#?}");
            let text = format!("{}{}", printed.out, printed.err);
            assert!(parts.iter().all(|part| text.contains(part)), "{args:?}: {text}");
            assert_eq!(is_chinese(&text), locale != "C", "{args:?}: {text}");
            let others = if locale == "C" { chinese } else { english };
            assert!(!others.iter().any(|part| text.contains(part)), "{args:?}: {text}");
        }
    }
}
