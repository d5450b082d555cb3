//! A plan that takes a few words: of the organisation, of last year's plan, of a trial, of a template, of a sheet of targets.

use std::io::{Cursor, Read as _, Write as _};

use reqwest::Method;
use serde_json::{Value, json};

use super::sums::checked;
use super::{CHANNELS, STORE, TEAMS, find, months, person, read, sums_to, worked_example};
use crate::support::{Answer, TestApp};
use crate::users::fields;

async fn suggest(app: &TestApp, body: Value) -> Answer {
    app.post("manager", "/v1/plan-suggestions", body).await
}

fn weights(units: &Value) -> Vec<(String, i64, Vec<i64>)> {
    let members = |unit: &Value| {
        unit["members"].as_array().unwrap().iter().map(|member| member["weight"].as_i64().unwrap()).collect()
    };
    let units = units.as_array().unwrap().iter();
    units
        .map(|unit| {
            (unit["unit"].as_str().unwrap().to_owned(), unit["weight"].as_i64().unwrap(), members(unit))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_unit_the_year_and_a_total_are_enough() {
    let app = TestApp::demo().await;
    let body = json!({"unit": "JC", "year": 2015, "total": 1690});
    let suggested = suggest(&app, body.clone()).await.expect(200);
    let heads = |team: &str| (team.to_owned(), 4, vec![1; 4]);
    assert_eq!(weights(&suggested["plan"]["units"]), ["G1", "G2", "G3"].map(heads));
    // Telesales and the showroom's supervisor sell nothing of their own.
    assert_eq!(suggested["plan"]["season"], worked_example(2014)["season"]);
    assert_eq!(suggested["plan"]["channels"], worked_example(2014)["channels"]);
    let notes = suggested["notes"].as_array().unwrap();
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(notes[0].as_str().unwrap().contains("2014"), "{notes:?}");
    // In the reader's language.
    let request = app.request(Method::POST, "/v1/plan-suggestions").header("Accept-Language", "en");
    let answer = request.bearer_auth(app.token("manager").await).json(&body).send().await.unwrap();
    assert_eq!(answer.headers()["content-language"], "en");
    let english = Answer::of(answer).await.expect(200);
    assert_eq!(english["notes"][0], "channels and series weigh as in the plan of 2014");

    // What is suggested is what is drafted, and what the plan itself drafts.
    let drafted = app.post("manager", "/v1/plans/suggested", body).await;
    assert!(drafted.location.as_deref().is_some_and(|location| location.starts_with("/v1/plans/")));
    let drafted = drafted.expect(201);
    assert_eq!(drafted["notes"], suggested["notes"], "what should be known is not lost");
    let id = drafted["id"].clone();
    let document = read(&app, &id).await;
    assert_eq!(months(&document), STORE);
    sums_to(&document["units"], &STORE);
    for (code, expected, _) in CHANNELS {
        assert_eq!(months(find(&document["channels"], "code", code)), expected);
    }
    // Twelve people alike: nobody is a whole car from 1690 ÷ 12 = 140.83.
    for team in document["units"].as_array().unwrap() {
        for member in team["members"].as_array().unwrap() {
            assert!([140, 141].contains(&member["year"].as_i64().unwrap()), "{member}");
        }
    }
    // There is one draft at a time.
    let again =
        app.post("manager", "/v1/plans/suggested", json!({"unit": "JC", "year": 2015, "total": 1})).await;
    again.problem(409);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_people_share_it_as_they_did_last_year() {
    let app = TestApp::demo().await;
    let body = json!({"unit": "JC", "year": 2015, "total": 1690, "from": {"plan": 2014}});
    let id = app.post("manager", "/v1/plans/suggested", body.clone()).await.expect(201)["id"].clone();
    // domain.md, "Worked example, total 1690".
    let document = read(&app, &id).await;
    for (team, expected, year) in TEAMS {
        let unit = find(&document["units"], "unit", team);
        assert_eq!((months(unit), unit["year"].as_i64().unwrap()), (expected.to_vec(), year), "{team}");
    }
    assert_eq!(months(person(&document, "G1", "A01")), super::A01);
    app.change("manager", Method::DELETE, &format!("/v1/plans/{id}"), "*", None).await;

    // A04 sells in team 3 next year: elsewhere than in team 2, whose people are the same, people weigh what they had in 2014.
    use diesel_async::SimpleAsyncConnection as _;
    let moved = "UPDATE assignment SET valid_to = '2015-01-01' WHERE employee_id =
            (SELECT id FROM employee WHERE employee_no = 'A04');
        INSERT INTO assignment (employee_id, unit_id, position, valid_from)
            SELECT e.id, u.id, 'sales_consultant', '2015-01-01' FROM employee e, org_unit u
            WHERE e.employee_no = 'A04' AND u.code = 'G3'";
    app.pool.get().await.unwrap().batch_execute(moved).await.unwrap();
    let suggested = suggest(&app, body).await.expect(200);
    let had = read(&app, &json!(2)).await;
    let year = |team: &str, number: &str| person(&had, team, number)["year"].as_i64().unwrap();
    let first: Vec<i64> = ["A01", "A02", "A03"].map(|number| year("G1", number)).to_vec();
    let a04 = year("G1", "A04");
    let third: Vec<i64> =
        [a04, year("G3", "A09"), year("G3", "A10"), year("G3", "A11"), year("G3", "A12")].to_vec();
    let second: i64 = ["A05", "A06", "A07", "A08"].iter().map(|number| year("G2", number)).sum();
    assert_eq!(
        weights(&suggested["plan"]["units"]),
        [
            ("G1".to_owned(), first.iter().sum(), first),
            ("G2".to_owned(), second, vec![28, 26, 24, 22]),
            ("G3".to_owned(), third.iter().sum(), third),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_earlier_plan_everything_is_alike_and_says_so() {
    let app = TestApp::demo().await;
    let asked = |more: Value| {
        let mut body = json!({"unit": "JC", "year": 2013, "total": 1200});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let suggested = suggest(&app, asked(json!({}))).await.expect(200);
    assert_eq!(suggested["plan"]["season"], json!(vec![1; 12]));
    assert_eq!(suggested["notes"].as_array().unwrap().len(), 1);
    // Quarters weigh for each of their months: 1200 × 2 ÷ 30 = 80, and × 4 ÷ 30 = 160.
    let quarters = suggest(&app, asked(json!({"season": [2, 2, 2, 4]}))).await.expect(200);
    assert_eq!(quarters["plan"]["season"], json!([2, 2, 2, 2, 2, 2, 2, 2, 2, 4, 4, 4]));
    let id =
        app.post("manager", "/v1/plans/suggested", asked(json!({"season": [2, 2, 2, 4]}))).await.expect(201)
            ["id"]
            .clone();
    assert_eq!(months(&read(&app, &id).await), [80, 80, 80, 80, 80, 80, 80, 80, 80, 160, 160, 160]);
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_per_head_is_not_equal_per_unit() {
    let app = TestApp::demo().await;
    let mut plan = worked_example(2015);
    plan["total"] = json!(1200);
    plan["season"] = json!([]);
    // Team 3 has two people here.
    plan["units"][2]["members"] =
        json!([{"employee_no": "A09", "weight": 5}, {"employee_no": "A10", "weight": 1}]);
    let methods = json!(["equal", "equal_per_head"]);
    let trial =
        app.post("manager", "/v1/plan-trials", json!({"plan": plan, "methods": methods})).await.expect(200);
    let years = |path: &str| find(&trial["rows"], "path", path)["years"].clone();
    assert_eq!((years("JC/G1"), years("JC/G3")), (json!([400, 480]), json!([400, 240])));
    // 1200 ÷ 10 each; of a third each, 400 ÷ 4 and 400 ÷ 2.
    assert_eq!((years("JC/G1/A01"), years("JC/G3/A10")), (json!([100, 120]), json!([200, 120])));
    // A unit without people has no heads.
    plan["units"][2]["members"] = json!([]);
    let trial =
        app.post("manager", "/v1/plan-trials", json!({"plan": plan, "methods": methods})).await.expect(200);
    assert!(trial["methods"][1]["refusal"].as_str().unwrap().contains("JC/G3"), "{trial:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_suggested_names_its_field() {
    let app = TestApp::demo().await;
    for (body, expected) in [
        (json!({"unit": "G1", "year": 2015, "total": 1}), "unit"),
        (json!({"unit": "NO", "year": 2015, "total": 1}), "unit"),
        (json!({"unit": "JC", "year": 2011, "total": 1}), "unit"),
        (json!({"unit": "JC", "year": 2015, "total": -1}), "total"),
        (json!({"unit": "JC", "year": 2015, "total": 1, "from": {"plan": 2015}}), "from.plan"),
        (json!({"unit": "JC", "year": 2015, "total": 1, "from": {"plan": 2013}}), "from.plan"),
        (json!({"unit": "JC", "year": 2015, "total": 1, "season": [1, 2, 3]}), "season"),
    ] {
        let answer = suggest(&app, body.clone()).await;
        assert_eq!(fields(&answer), [expected], "{body}: {:#}", answer.body);
        assert_eq!(answer.problem(422), "validation-failed");
    }
    crate::access::second_store(&app).await;
    app.add_user("hd_manager", &[showfloor::auth::access::Role::SalesManager], None, Some("HD")).await;
    let foreign =
        app.post("hd_manager", "/v1/plan-suggestions", json!({"unit": "JC", "year": 2015, "total": 1})).await;
    assert_eq!(foreign.problem(404), "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_is_taken_as_it_was_tried() {
    let app = TestApp::demo().await;
    let trial = json!({"plan": worked_example(2015), "methods": ["season", "equal"]});
    let tried = app.post("manager", "/v1/plan-trials", trial.clone()).await.expect(200);
    let refused = app.post("manager", "/v1/plans/from-trial", json!({"trial": trial, "take": 2})).await;
    assert_eq!(fields(&refused), ["take"]);
    let taken = app.post("manager", "/v1/plans/from-trial", json!({"trial": trial, "take": 1})).await;
    let document = read(&app, &taken.expect(201)["id"]).await;
    assert_eq!(document["method"], "equal");
    for (path, team) in [("JC/G1", "G1"), ("JC/G3", "G3")] {
        let expected = &find(&tried["rows"], "path", path)["months"][1];
        assert_eq!(&find(&document["units"], "unit", team)["months"], expected, "{team}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manufacturers_sheet_of_targets_becomes_a_plan() {
    let app = TestApp::demo().await;
    // STORE by series: A系 gets what is left of it.
    let rows = STORE.iter().enumerate().flat_map(|(month, total)| {
        let month = month + 1;
        [format!("A系,2015年{month}月,{}", total - 40), format!("series_b,2015-{month:02},40")]
    });
    let sheet = ["2015年商务政策".to_owned(), "车型,期间,批售任务(台)".to_owned()].into_iter().chain(rows);
    let sheet = sheet.collect::<Vec<_>>().join("\n");
    let path = "/v1/plan-suggestions/from-targets?unit=JC&year=2015";
    let suggested = app.upload("manager", path, sheet.clone().into_bytes()).await.expect(200);
    assert_eq!(suggested["columns"], json!({"month": "期间", "value": "批售任务(台)", "series": "车型"}));
    assert_eq!(
        (&suggested["plan"]["total"], &suggested["plan"]["method"]["manual"]),
        (&json!(1690), &json!(STORE))
    );
    let of_a = STORE.map(|total| total - 40);
    let series = json!([{"code": "series_a", "weight": 1690 - 480, "months": of_a},
        {"code": "series_b", "weight": 480, "months": vec![40; 12]}]);
    assert_eq!(suggested["plan"]["series"], series);
    let id = app.post("manager", "/v1/plans", suggested["plan"].clone()).await.expect(201)["id"].clone();
    let document = read(&app, &id).await;
    assert_eq!(months(&document), STORE);
    assert_eq!(months(find(&document["series"], "code", "series_a")), of_a);
    assert_eq!(months(find(&document["series"], "code", "series_b")), [40; 12]);
    // Other headers are named; a series that there is not is refused.
    let named = format!("{path}&value=%E6%9C%AC%E5%BA%97&month=M");
    let other = (1..=12).map(|month| format!("{month},9,5")).collect::<Vec<_>>().join("\n");
    let taken = app.upload("manager", &named, format!("M,全国,本店\n{other}").into_bytes()).await.expect(200);
    assert_eq!(taken["plan"]["total"], 60);
    // Named once: saved like the mappings of facts, and used again by its name.
    let column = |header: &str, to: &str| json!({"header": header, "to": to});
    let columns = json!([column("M", "month"), column("本店", "target"), column("全国", "ignore")]);
    let mapping = json!({"name": "厂家任务", "store": "JC", "source_system": "oem", "columns": columns});
    app.post("manager", "/v1/column-mappings", mapping).await.expect(201);
    let by_name = format!("{path}&mapping=%E5%8E%82%E5%AE%B6%E4%BB%BB%E5%8A%A1");
    let again =
        app.upload("manager", &by_name, format!("M,全国,本店\n{other}").into_bytes()).await.expect(200);
    assert_eq!((&again["plan"], &again["columns"]), (&taken["plan"], &taken["columns"]));
    let both = app.upload("manager", &format!("{by_name}&month=M"), sheet.clone().into_bytes()).await;
    assert_eq!(fields(&both), ["mapping"]);
    app.upload("manager", &format!("{path}&mapping=X"), sheet.clone().into_bytes()).await.problem(404);
    let as_facts =
        "/v1/column-mappings/%E5%8E%82%E5%AE%B6%E4%BB%BB%E5%8A%A1/imports?period=2014-01&dry_run=true";
    assert_eq!(app.upload("manager", as_facts, b"M\n1".to_vec()).await.problem(409), "conflict");
    for columns in [
        json!([column("M", "month")]),
        json!([column("M", "month"), column("N", "target"), column("O", "employee_no")]),
    ] {
        let wrong = json!({"name": "X", "store": "JC", "source_system": "oem", "columns": columns});
        assert_eq!(fields(&app.post("manager", "/v1/column-mappings", wrong).await), ["columns"]);
    }
    // Who does not plan keeps no such mapping; one of facts is none of targets.
    let clerks =
        json!({"name": "Y", "store": "JC", "source_system": "oem", "columns": [column("车系", "series")]});
    assert_eq!(app.post("clerk", "/v1/column-mappings", clerks).await.problem(403), "forbidden");
    let facts = json!([column("编号", "employee_no"),
        {"header": "笔试", "to": "metric", "metric": "exam_score"}]);
    let scores = json!({"name": "Z", "store": "JC", "source_system": "exams", "columns": facts});
    app.post("hr", "/v1/column-mappings", scores).await.expect(201);
    let foreign = app.upload("manager", &format!("{path}&mapping=Z"), sheet.clone().into_bytes()).await;
    assert_eq!(fields(&foreign), ["mapping"]);
    let strange = app.upload("manager", path, sheet.replace("A系", "X系").into_bytes()).await;
    assert_eq!(fields(&strange), ["file"]);
    let nothing = app.upload("manager", path, b"a,b\n1,2".to_vec()).await;
    assert_eq!(fields(&nothing), ["file"]);
    nothing.problem(422);
}

/// The workbook with a number in a cell that was empty, as a spreadsheet program would save it.
fn filled(bytes: &[u8], row: u32, cell: &str, value: &str) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let name = file.name().unwrap().to_string();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        if name == "xl/worksheets/sheet1.xml" {
            let mut page = String::from_utf8(content).unwrap();
            let from = page.find(&format!("<row r=\"{row}\"")).unwrap();
            let end = from + page[from..].find("</row>").unwrap();
            page.insert_str(end, &format!("<c r=\"{cell}\"><v>{value}</v></c>"));
            content = page.into_bytes();
        }
        out.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        out.write_all(&content).unwrap();
    }
    out.finish().unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_template_is_filled_in_and_becomes_a_draft() {
    let app = TestApp::demo().await;
    let path = "/v1/plan-templates?unit=JC&year=2015";
    let request = app.request(Method::GET, path).bearer_auth(app.token("manager").await);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.headers()["content-disposition"].to_str().unwrap().contains("plan-JC-2015.xlsx"));
    let template = answer.bytes().await.unwrap().to_vec();
    // Nothing has been filled in yet: the total is missing.
    let empty = app.upload("manager", "/v1/plan-templates", template.clone()).await;
    assert_eq!(fields(&empty), ["目标 5"]);
    // The first two lines: 1690 vehicles and 2,500,000 yuan.
    let file = filled(&filled(&template, 5, "C5", "1690"), 6, "C6", "2500000");
    let id = app.upload("manager", "/v1/plan-templates", file).await.expect(201)["id"].clone();
    let document = read(&app, &id).await;
    assert_eq!(months(&document), STORE);
    assert_eq!(find(&document["lines"], "metric", "accessory_revenue")["total"], 250_000_000);
    assert_eq!(document["units"].as_array().unwrap().len(), 3);
    checked(&app, "manager", &id).await;
    let other = app.upload("manager", "/v1/plan-templates", b"PK\x03\x04".to_vec()).await;
    assert_eq!(fields(&other), ["file"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn quarters_and_years_are_pinned_by_what_their_months_have() {
    let app = TestApp::demo().await;
    let id = super::draft(&app, "manager", 2016).await["id"].clone();
    let before = read(&app, &id).await;
    let pin = async |period: &str, value: Value| {
        let cell = json!({"unit": "G1", "employee_no": "A01", "period": period, "value": value});
        let path = format!("/v1/plans/{id}/pins");
        app.change("manager", Method::PUT, &path, "*", Some(json!({"pins": [cell]}))).await
    };
    // 16, 11 and 15 of 42 in 60: 22.86, 15.71 and 21.43.
    pin("2016-Q1", json!(60)).await.expect(200);
    let document = read(&app, &id).await;
    assert_eq!(months(person(&document, "G1", "A01"))[..3], [23, 16, 21]);
    assert_eq!(months(find(&document["units"], "unit", "G1")), TEAMS[0].1);
    assert_eq!(document["pins"].as_array().unwrap().len(), 3);
    // The year: every month is held, and the sum is what was asked for.
    pin("2016", json!(200)).await.expect(200);
    let document = read(&app, &id).await;
    assert_eq!(person(&document, "G1", "A01")["year"], 200);
    assert_eq!(document["pins"].as_array().unwrap().len(), 12);
    // Released, everything is as it was.
    pin("2016", Value::Null).await.expect(200);
    assert_eq!(read(&app, &id).await["units"], before["units"]);
    for period in ["2016-Q5", "16", "2015-Q1", "2015"] {
        let answer = pin(period, json!(1)).await;
        assert!(fields(&answer)[0].starts_with("pins[0].period"), "{period}: {:#}", answer.body);
    }
    // In a new plan, too, where nothing has been split yet.
    let mut plan = worked_example(2017);
    plan["pins"] = json!([{"unit": "G1", "employee_no": "A01", "period": "2017-Q1", "value": 60}]);
    let id = app.post("manager", "/v1/plans", plan).await.expect(201)["id"].clone();
    assert_eq!(months(person(&read(&app, &id).await, "G1", "A01"))[..3], [23, 16, 21]);
}
