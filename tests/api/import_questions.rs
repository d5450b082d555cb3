//! What an import says to whom it asks: in the reader's language, and also where nobody can know but who made the file.

use reqwest::Method;
use serde_json::json;
use showfloor::db::pool;

use crate::imports::{app, import, organisation, written};
use crate::program::run;
use crate::support::{Answer, Template, database_url};

/// A sheet of attendance of which nearly everything is wrong.
const WRONG: &str = "工号,姓名,应出勤天数,出勤天数,迟到次数,早退次数,旷工天数,精品额\nB01,林晓东,24,20,0,0,0,7\nB02,沈佳,24,二十,-1,0,0,\nX02,某人,24,24,0,0,0,\n";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_in_the_readers_language() {
    let app = app().await;
    let path = "/v1/imports?kind=attendance-csv&period=2015-02&file_name=2015-01.csv";
    let send = async |language: &str, options: &str| {
        let request =
            app.request(Method::POST, &format!("{path}{options}")).bearer_auth(app.token("hr").await);
        let request = request.header("Accept-Language", language).body(WRONG);
        let response = request.send().await.unwrap();
        let said_in = response.headers()["content-language"].to_str().unwrap().to_owned();
        (said_in, Answer::of(response).await)
    };
    let (zh, chinese) = send("zh", "&dry_run=true").await;
    let (en, english) = send("en", "&dry_run=true").await;
    assert_eq!((zh.as_str(), en.as_str()), ("zh", "en"));
    let (chinese, english) = (chinese.expect(200), english.expect(200));
    for (row, column, zh, en) in [
        (
            2,
            "出勤天数",
            "与请假 0、旷工 0、出差 0 之和 0 天相等",
            "the 0 days that leave 0, absence 0 and travel 0 come to",
        ),
        (
            3,
            "出勤天数",
            "天数（最多两位小数），例如 26.75",
            "days, with at most two decimals, for example 26.75",
        ),
        (3, "迟到次数", "非负整数（最多 9 位），例如 3", "a whole number of at most 9 digits, for example 3"),
        (
            4,
            "工号",
            "本月在岗员工的工号，最接近的是 B02",
            "the number of somebody who is posted in the month; the nearest is B02",
        ),
    ] {
        for (report, expected) in [(&chinese, zh), (&english, en)] {
            let faults = report["faults"].as_array().unwrap();
            let found = faults.iter().find(|fault| fault["row"] == row && fault["column"] == column);
            assert_eq!(found.unwrap_or_else(|| panic!("{report:#}"))["expected"], expected);
        }
    }
    assert_eq!(chinese["faults"][0]["found"], "应出勤 24 − 出勤 20 = 4 天");
    assert_eq!(english["faults"][0]["found"], "scheduled 24 − attended 20 = 4 days");
    let notes = [&chinese, &english].map(|report| report["notes"][0].as_str().unwrap().to_owned());
    assert!(notes[0].starts_with("文件名中的月份是 2015-01"), "{notes:?}");
    assert!(notes[1].starts_with("the month in the file's name: 2015-01"), "{notes:?}");
    // What is the file's own is the same in both.
    for field in ["column", "row", "near"] {
        assert_eq!(chinese["unread"][0][field], english["unread"][0][field], "{field}");
    }
    let (_, refused) = send("en", "").await;
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.starts_with("the file has 4 faults, and nothing was imported"), "{detail}");
    let message = refused.body["errors"][1]["message"].as_str().unwrap();
    assert_eq!(message, "'二十': expected days, with at most two decimals, for example 26.75");
    assert_eq!(refused.problem(422), "validation-failed");

    let url = database_url(Template::Empty).await;
    organisation(&pool::open(&url, 2).unwrap()).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("2015-01.csv");
    std::fs::write(&path, WRONG).unwrap();
    let common = [
        "import",
        path.to_str().unwrap(),
        "--kind",
        "attendance-csv",
        "--period",
        "2015-02",
        "--database-url",
    ];
    for (language, said) in [
        (
            "en",
            ["for example 26.75", "the nearest is B02", "note: the month in the file's name", "(row 2: 7"],
        ),
        ("zh", ["例如 26.75", "最接近的是 B02", "注意：文件名中的月份", "（第 2 行 7"]),
    ] {
        let printed = run(&[&common[..], &[&url, "--dry-run", "--lang", language]].concat());
        assert_eq!(printed.status, 1);
        let said = said.iter().filter(|said| !printed.out.replace('\n', " ").contains(*said));
        assert_eq!(said.collect::<Vec<_>>(), Vec::<&&str>::new(), "{}", printed.out);
    }
}

/// What nobody can know is asked: money in ten thousands, beside what was sold the month before, and days of no month.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_doubt_keeps_everything_out_until_somebody_accepts_it() {
    let app = app().await;
    let nothing = written(&app.pool).await;
    let sheet =
        |one: &str, other: &str| format!("工号,交车台数,精品金额\nB01,3,{one}\nB02,4,{other}\n").into_bytes();
    let tried = import(&app, "clerk", "dms-funnel", "&dry_run=true", sheet("1.2", "")).await.expect(200);
    let doubt = tried["unread"][0]["doubt"].as_str().unwrap_or_default().to_owned();
    assert!(doubt.contains("万元") && tried["asks"] == json!(true), "{tried:#}");
    let refused = import(&app, "clerk", "dms-funnel", "", sheet("1.2", "")).await;
    let message = refused.body["errors"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("精品金额") && message.contains("1.2"), "{message}");
    assert_eq!(refused.problem(422), "validation-failed");
    assert_eq!(written(&app.pool).await, nothing);

    // Nothing in the sheet shows it; the month before does.
    let before = "/v1/imports?kind=dms-funnel&period=2015-01";
    app.upload("clerk", before, sheet("120000", "85000")).await.expect(201);
    let after = written(&app.pool).await;
    let refused = import(&app, "clerk", "dms-funnel", "", sheet("120", "85")).await;
    let message = refused.body["errors"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("2015-01 是 205000 元"), "{message}");
    assert_eq!(refused.problem(422), "validation-failed");
    assert_eq!(written(&app.pool).await, after);
    // A bad month is no other unit.
    let bad = import(&app, "clerk", "dms-funnel", "&dry_run=true", sheet("1200", "850")).await.expect(200);
    assert_eq!((&bad["unread"], &bad["asks"]), (&json!([]), &json!(false)));
    let accepted = import(&app, "clerk", "dms-funnel", "&accept_unread=true", sheet("120", "85")).await;
    assert_eq!(accepted.expect(201)["unread"].as_array().unwrap().len(), 1);

    let day = "工号,应出勤天数,出勤天数,迟到次数,早退次数,旷工天数\nB01,1,1,0,0,0\nB02,1,1,1,0,0\n";
    let refused = import(&app, "hr", "attendance-csv", "&partial=true", day.into()).await;
    let message = refused.body["errors"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("2 人都不超过 1 天"), "{message}");
    assert_eq!(refused.problem(422), "validation-failed");
}
