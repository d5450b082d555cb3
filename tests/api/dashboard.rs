//! Dashboards: the demonstration year against the design's check sums, and who may see how much.

use serde_json::{Value, json};
use showfloor::auth::access::Role;
use showfloor::demo::people::PEOPLE;
use showfloor::period::Period;

use crate::support::TestApp;

/// Vehicles a month, January to December: the store's targets, each team's, and what was delivered.
const TARGETS: [(&str, [i64; 12]); 4] = [
    ("JC", [160, 108, 149, 137, 134, 133, 117, 126, 148, 150, 156, 172]),
    ("G1", [58, 39, 53, 50, 48, 48, 42, 45, 53, 54, 57, 61]),
    ("G2", [54, 37, 51, 46, 46, 45, 40, 43, 50, 51, 53, 59]),
    ("G3", [48, 32, 45, 41, 40, 40, 35, 38, 45, 45, 46, 52]),
];
const DELIVERED: [i64; 12] = [156, 92, 144, 130, 130, 131, 105, 117, 147, 146, 149, 171];

fn months() -> impl Iterator<Item = (usize, Period)> {
    Period::months_of(2014).into_iter().enumerate()
}

fn of_unit<'a>(rows: &'a Value, unit: &str) -> &'a Value {
    rows.as_array().unwrap().iter().find(|row| row["unit"] == unit).unwrap()
}

fn sum(rows: &Value, field: &str) -> i64 {
    rows.as_array().unwrap()[1..].iter().map(|row| row[field].as_i64().unwrap()).sum()
}

/// Rows without what leads out of a store, which only some may follow.
fn without_links(mut rows: Value) -> Value {
    for row in rows.as_array_mut().unwrap() {
        row.as_object_mut().unwrap().remove("links");
    }
    rows
}

/// `numerator ÷ denominator` with four places, half-up, as JSON has it.
fn rate(numerator: i64, denominator: i64) -> Value {
    let rounded = (numerator * 20_000 + denominator) / (2 * denominator);
    serde_json::from_str(&format!("{}.{:04}", rounded / 10_000, rounded % 10_000)).unwrap()
}

/// An answer in a form, with its tag; `known` is a tag from before.
async fn in_form(app: &TestApp, path: &str, accept: &str, known: Option<&str>) -> reqwest::Response {
    let request = app.request(reqwest::Method::GET, path).bearer_auth(app.token("hr").await);
    let request = request.header("Accept", accept);
    let request = known.into_iter().fold(request, |request, tag| request.header("If-None-Match", tag));
    request.send().await.unwrap()
}

/// Every number and text of a row, with its name as CSV has it.
fn leaves(row: &Value, before: &str, into: &mut Vec<(String, String)>) {
    for (name, value) in row.as_object().unwrap() {
        let name = format!("{before}{name}");
        match value {
            Value::Object(_) => leaves(value, &format!("{name}."), into),
            Value::Null => into.push((name, String::new())),
            Value::String(text) => into.push((name, text.clone())),
            value => into.push((name, value.to_string())),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_lines_say_what_json_says() {
    let app = TestApp::published().await;
    for path in [
        "/v1/dashboard/attainment?period=2014-12&months=12",
        "/v1/dashboard/funnel?period=2014-03",
        "/v1/dashboard/channel-funnel?period=2014-03&level=all&by=source&compare=last-month",
        "/v1/dashboard/phone-web-funnel?period=2014-03&level=all&compare=last-month",
        "/v1/dashboard/product-lines?period=2014-03&compare=last-month,last-year",
        "/v1/dashboard/quality?period=2014-03&compare=last-year&sort=-unit",
        "/v1/dashboard/stock-depth?period=2014-03&level=all&compare=last-month",
        "/v1/dashboard/coefficients?period=2014-03",
        "/v1/dashboard/distribution?period=2014-03",
        "/v1/dashboard/leaderboard?period=2014-03",
    ] {
        let rows = app.get("hr", path).await.expect(200);
        let rows = rows.as_array().unwrap();
        assert!(!rows.is_empty(), "{path}");
        let lines = in_form(&app, path, "application/x-ndjson", None).await;
        assert_eq!(lines.headers()["content-type"], "application/x-ndjson");
        let lines = lines.text().await.unwrap();
        let lines = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>();
        assert_eq!(&lines, rows, "{path}");
        let table = in_form(&app, path, "text/csv", None).await;
        assert_eq!(table.headers()["content-type"], "text/csv; charset=utf-8; header=present");
        assert!(table.headers().get_all("vary").iter().any(|name| name.to_str().unwrap().contains("Accept")));
        let table = table.text().await.unwrap();
        let mut reader = csv::Reader::from_reader(table.as_bytes());
        let header = reader.headers().unwrap().clone();
        let records = reader.records().map(Result::unwrap).collect::<Vec<_>>();
        assert_eq!(records.len(), rows.len(), "{path}");
        for (record, row) in records.iter().zip(rows) {
            let mut expected = Vec::new();
            leaves(row, "", &mut expected);
            expected.sort();
            let named = header.iter().zip(record.iter());
            let mut cells = named.map(|(name, cell)| (name.to_owned(), cell.to_owned())).collect::<Vec<_>>();
            cells.sort();
            assert_eq!(cells, expected, "{path}");
        }
        let answer = in_form(&app, path, "text/html", None).await;
        assert_eq!(crate::support::Answer::of(answer).await.problem(406), "not-acceptable");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_changed_is_not_sent_again() {
    let app = TestApp::published().await;
    let path = "/v1/dashboard/attainment?period=2014-03";
    let first = in_form(&app, path, "*/*", None).await;
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    for known in
        [tag.clone(), format!("W/{tag}"), format!("{}-gzip\"", tag.trim_end_matches('"')), "*".to_owned()]
    {
        let again = in_form(&app, path, "*/*", Some(&known)).await;
        assert_eq!(
            (again.status().as_u16(), &again.headers()["etag"]),
            (304, &first.headers()["etag"]),
            "{known}"
        );
        assert_eq!(again.text().await.unwrap(), "");
    }
    // Another form is another answer, and so is another month.
    assert_eq!(in_form(&app, path, "text/csv", Some(&tag)).await.status(), 200);
    let other = in_form(&app, "/v1/dashboard/attainment?period=2014-04", "*/*", Some(&tag)).await;
    assert_eq!(other.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trend_is_its_months_one_after_the_other() {
    let app = TestApp::published().await;
    for (resource, unit) in [("attainment", "G2"), ("funnel", "JC"), ("distribution", "JC")] {
        let path = |query: &str| format!("/v1/dashboard/{resource}?unit={unit}&{query}");
        let trend = app.get("dashboard", &path("period=2014-12&months=12")).await.expect(200);
        let mut one_by_one = Vec::new();
        for (_, period) in months() {
            let month = app.get("dashboard", &path(&format!("period={period}"))).await.expect(200);
            let rows = month.as_array().unwrap().clone();
            assert!(
                !rows.is_empty() && rows.iter().all(|row| row["period"] == period.to_string()),
                "{period}"
            );
            one_by_one.extend(rows);
        }
        assert_eq!(trend, json!(one_by_one), "{resource}");
        for months in ["0", "25", "-1", "x"] {
            let answer = app.get("dashboard", &path(&format!("period=2014-12&months={months}"))).await;
            assert_eq!(
                (answer.status.as_u16(), crate::users::fields(&answer)),
                (422, vec!["months".to_owned()])
            );
        }
    }
    // Two years, of which the first has no numbers: its months say so.
    let path = "/v1/dashboard/attainment?unit=JC&period=2014-12&months=24";
    let two_years = app.get("dashboard", path).await.expect(200);
    let of_store = two_years.as_array().unwrap().iter().filter(|row| row["unit"] == "JC");
    let deliveries =
        of_store.map(|row| (row["period"].clone(), row["deliveries"].clone())).collect::<Vec<_>>();
    let expected = months().map(|(at, period)| (json!(period), json!(DELIVERED[at])));
    assert_eq!(deliveries[deliveries.len() - 12..], expected.collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn attainment_is_that_of_the_plan_and_the_facts() {
    let app = TestApp::published().await;
    for (index, period) in months() {
        let rows =
            app.get("dashboard", &format!("/v1/dashboard/attainment?period={period}")).await.expect(200);
        let units: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["unit"].clone()).collect();
        assert_eq!(units, ["JC", "G1", "G2", "G3"], "stores first");
        for (unit, targets) in TARGETS {
            assert_eq!(of_unit(&rows, unit)["target"], targets[index], "{unit} {period}");
        }
        let (target, delivered) = (TARGETS[0].1[index], DELIVERED[index]);
        let store = of_unit(&rows, "JC");
        assert_eq!(store["deliveries"], delivered, "{period}");
        assert_eq!(store["attainment_rate"], rate(delivered, target), "{period}");
        assert_eq!(sum(&rows, "deliveries"), delivered, "{period}");
        // A07 is away from June to August, and nothing is known of her; she is an advisor all the same.
        let known = if (5..8).contains(&index) { 11 } else { 12 };
        assert_eq!((&store["known"], &store["people"]), (&json!(known), &json!(12)), "{period}");
        assert_eq!(of_unit(&rows, "G3")["people"], 4, "{period}");
        // A whole group is read in another way, and comes to the same.
        let group = app.get("group", &format!("/v1/dashboard/attainment?period={period}")).await.expect(200);
        assert_eq!(without_links(group), without_links(rows), "{period}");
    }
    // 144 of 149 is 0.96644…
    assert_eq!(rate(144, 149).to_string(), "0.9664");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_funnel_sums_to_the_years_numbers() {
    let app = TestApp::published().await;
    let fields = ["first_visits", "captured_leads", "test_drives", "orders", "deliveries"];
    let mut year = [0; 5];
    for (_, period) in months() {
        let rows = app.get("dashboard", &format!("/v1/dashboard/funnel?period={period}")).await.expect(200);
        let store = of_unit(&rows, "JC");
        let number = |field: &str| store[field].as_i64().unwrap();
        for (total, field) in year.iter_mut().zip(fields) {
            *total += number(field);
            assert_eq!(sum(&rows, field), number(field), "{field} {period}");
        }
        assert_eq!(store["lead_capture_rate"], rate(number("captured_leads"), number("first_visits")));
        assert_eq!(store["test_drive_rate"], rate(number("test_drives"), number("visitors")));
        assert_eq!(store["closing_rate"], rate(number("orders"), number("captured_leads")));
    }
    assert_eq!(year, [5495, 4497, 2998, 973, 1618]);
}

#[tokio::test(flavor = "multi_thread")]
async fn grades_are_spread_as_the_check_sums_say() {
    let app = TestApp::published().await;
    let mut grades = std::collections::BTreeMap::<String, i64>::new();
    let mut leaders = 0;
    for (_, period) in months() {
        let rows =
            app.get("auditor", &format!("/v1/dashboard/distribution?period={period}")).await.expect(200);
        let mut best_first = Vec::new();
        for row in rows.as_array().unwrap() {
            let count = row["reviews"].as_i64().unwrap();
            match row["scheme"].as_str().unwrap() {
                "sales_consultant" => {
                    let grade = row["grade"].as_str().unwrap().to_owned();
                    best_first.push("SABCD".find(&grade).unwrap());
                    *grades.entry(grade).or_default() += count;
                }
                "team_leader" => leaders += count,
                other => assert_eq!((other, count), ("telesales_specialist", 1)),
            }
            assert!(row["mean_total"].as_str().is_none() && !row["mean_total"].is_null(), "{row}");
        }
        assert!(best_first.is_sorted(), "{period}: {rows:#}");
    }
    let expected = [("S", 20), ("A", 54), ("B", 30), ("C", 33), ("D", 4)];
    assert_eq!(grades, expected.map(|(grade, count)| (grade.to_owned(), count)).into());
    assert_eq!(leaders, 36);
}

#[tokio::test(flavor = "multi_thread")]
async fn aggregates_name_nobody() {
    let app = TestApp::published().await;
    for what in [
        "attainment",
        "funnel",
        "channel-funnel",
        "phone-web-funnel",
        "product-lines",
        "quality",
        "coefficients",
        "distribution",
    ] {
        let body = app
            .get("dashboard", &format!("/v1/dashboard/{what}?period=2014-03"))
            .await
            .expect(200)
            .to_string();
        for person in PEOPLE {
            assert!(
                !body.contains(person.name) && !body.contains(person.employee_no),
                "{what}: {}",
                person.name
            );
        }
    }
    // The leaderboard does name people, so it is not for a third party's screen.
    let answer = app.get("dashboard", "/v1/dashboard/leaderboard?period=2014-03").await;
    assert_eq!(answer.problem(403), "forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_narrows_everything_to_itself_and_what_is_below() {
    let app = TestApp::published().await;
    let get = async |what: &str, unit: &str| {
        app.get("gm", &format!("/v1/dashboard/{what}?period=2014-03&unit={unit}")).await.expect(200)
    };
    let team = get("attainment", "G2").await;
    assert_eq!(
        (team.as_array().unwrap().len(), &team[0]["unit"], &team[0]["target"]),
        (1, &json!("G2"), &json!(51))
    );
    let department = get("funnel", "JC-XS").await;
    let units: Vec<_> = department.as_array().unwrap().iter().map(|row| row["unit"].clone()).collect();
    assert_eq!(units, ["G1", "G2", "G3"]);
    let distribution = get("distribution", "G3").await;
    let reviews: i64 =
        distribution.as_array().unwrap().iter().map(|row| row["reviews"].as_i64().unwrap()).sum();
    assert_eq!(reviews, 5, "four consultants and the leader");
    let board = get("leaderboard", "G3").await;
    let places = board.as_array().unwrap();
    assert_eq!(places.len(), 4);
    assert!(places.iter().all(|place| place["unit"] == "销售三组"), "{board:#}");
    for what in ["attainment", "funnel", "distribution", "leaderboard"] {
        assert_eq!(get(what, "nowhere").await, json!([]), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_without_anything_is_empty_and_not_an_error() {
    let app = TestApp::published().await;
    let attainment = app.get("gm", "/v1/dashboard/attainment?period=2016-07").await.expect(200);
    let store = of_unit(&attainment, "JC");
    assert_eq!(
        (&store["target"], &store["deliveries"], &store["attainment_rate"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!((&store["known"], &store["people"]), (&json!(0), &json!(12)));
    let funnel = app.get("gm", "/v1/dashboard/funnel?period=2016-07").await.expect(200);
    assert_eq!(of_unit(&funnel, "JC")["lead_capture_rate"], Value::Null);
    for what in ["distribution", "leaderboard"] {
        assert_eq!(
            app.get("gm", &format!("/v1/dashboard/{what}?period=2016-07")).await.expect(200),
            json!([])
        );
    }
    // Before there was a dealership.
    assert_eq!(app.get("group", "/v1/dashboard/attainment?period=2012-01").await.expect(200), json!([]));
    for wrong in ["", "?period=2014-13", "?period=2014", "?period=2014-03&month=3"] {
        let answer = app.get("gm", &format!("/v1/dashboard/funnel{wrong}")).await;
        assert_eq!(answer.problem(422), "validation-failed", "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn grades_of_one_or_two_people_stand_together() {
    let app = TestApp::published().await;
    for (_, period) in months() {
        let path = format!("/v1/dashboard/distribution?period={period}");
        let all = app.get("hr", &path).await.expect(200);
        let shown = app.get("dashboard", &path).await.expect(200);
        let of = |rows: &Value, scheme: &str| {
            let rows = rows.as_array().unwrap().iter().filter(|row| row["scheme"] == scheme);
            rows.map(|row| (row["grade"].clone(), row["reviews"].as_i64())).collect::<Vec<_>>()
        };
        let (exact, rows) = (of(&all, "sales_consultant"), of(&shown, "sales_consultant"));
        assert!(
            rows.iter().all(|(_, reviews)| reviews.is_some_and(|reviews| reviews >= 3)),
            "{period}: {shown:#}"
        );
        let sum =
            |rows: &[(Value, Option<i64>)]| rows.iter().filter_map(|(_, reviews)| *reviews).sum::<i64>();
        assert_eq!(sum(&exact), sum(&rows), "{period}");
        for (grade, reviews) in rows.iter().filter(|(grade, _)| !grade.is_null()) {
            assert!(exact.contains(&(grade.clone(), *reviews)), "{period}: {grade}");
        }
        // One telesales specialist, three leaders.
        assert_eq!(of(&shown, "telesales_specialist"), [(Value::Null, None)], "{period}");
        assert_eq!(sum(&of(&shown, "team_leader")), 3, "{period}");
    }
    // A leader who takes away the own team finds no fewer than three either.
    for (_, period) in months() {
        let own = app.get("leader", &format!("/v1/reviews?period={period}&limit=500")).await.expect(200);
        let path = format!("/v1/dashboard/distribution?period={period}");
        let shown = app.get("leader", &path).await.expect(200);
        for row in shown.as_array().unwrap().iter().filter(|row| row["scheme"] == "sales_consultant") {
            let known = own["items"].as_array().unwrap().iter().filter(|review| {
                review["scheme"] == row["scheme"]
                    && (row["grade"].is_null() || review["final_grade"] == row["grade"])
            });
            let (reviews, known) = (row["reviews"].as_i64().unwrap(), i64::try_from(known.count()).unwrap());
            let others = reviews - known;
            assert!(row["grade"].is_null() || others == 0 || others >= 3, "{period}: {row} {known}");
        }
    }
    // A team's grades are for those who may read its reviews.
    let team = |unit: &str| format!("/v1/dashboard/distribution?period=2014-03&unit={unit}");
    for (login, unit, status) in [
        ("dashboard", "G2", 403),
        ("telesales", "G2", 403),
        ("leader", "G2", 403),
        ("leader", "G1", 200),
        ("manager", "G2", 200),
        ("dashboard", "JC", 200),
    ] {
        assert_eq!(app.get(login, &team(unit)).await.status, status, "{login} {unit}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_of_two_is_found_by_no_subtraction() {
    let app = TestApp::demo().await.at("2015-02-02T02:00:00Z");
    let create = async |path: &str, body: Value| app.post("admin", path, body).await.expect(201);
    create(
        "/v1/org-units",
        json!({"code": "G4", "name": "四组", "kind": "team", "parent": "JC-XS", "valid_from": "2013-01-01"}),
    )
    .await;
    for employee_no in ["A21", "A22"] {
        create("/v1/employees", json!({"employee_no": employee_no, "name": "某某", "status": "active"}))
            .await;
        create(
            "/v1/assignments",
            json!({"employee_no": employee_no, "unit": "G4", "position": "sales_consultant", "valid_from": "2013-01-01"}),
        )
        .await;
    }
    let rows = (1..=12)
        .chain(21..=22)
        .map(|number| json!({"employee_no": format!("A{number:02}"), "facts": {"deliveries": number}}));
    let body = json!({"period": "2015-01", "source_system": "test", "rows": rows.collect::<Vec<_>>()});
    app.post("clerk", "/v1/facts", body).await.expect(200);
    let path = "/v1/dashboard/attainment?period=2015-01";
    let all = app.get("hr", path).await.expect(200);
    assert!(all.as_array().unwrap().iter().all(|row| row["withheld"] == false), "{all:#}");
    assert_eq!(
        (&of_unit(&all, "G4")["deliveries"], &of_unit(&all, "JC")["deliveries"]),
        (&json!(43), &json!(121))
    );
    // Asked for as a whole or one by one, a team beside the small one is withheld with it.
    for login in ["dashboard", "telesales"] {
        let whole = app.get(login, path).await.expect(200);
        assert_eq!(of_unit(&whole, "JC")["deliveries"], 121, "{login}");
        let mut withheld = Vec::new();
        for unit in ["G1", "G2", "G3", "G4"] {
            let alone = app.get(login, &format!("{path}&unit={unit}")).await.expect(200);
            assert_eq!(&alone[0], of_unit(&whole, unit), "{login} {unit}");
            let is_null = alone[0]["deliveries"].is_null();
            assert_eq!(alone[0]["withheld"], is_null, "{login} {unit}");
            withheld.extend(is_null.then_some(unit));
        }
        assert_eq!(withheld.len(), 2, "{login}: {withheld:?}");
        assert!(withheld.contains(&"G4"), "{login}");
    }
    // The pace of a plan tells a screen no more than that.
    let mut plan = crate::plans::worked_example(2015);
    plan["units"].as_array_mut().unwrap().push(json!({"unit": "G4", "weight": 10, "members": [
        {"employee_no": "A21", "weight": 1}, {"employee_no": "A22", "weight": 1}]}));
    let id = app.post("manager", "/v1/plans", plan).await.expect(201)["id"].clone();
    for (login, step, body) in
        [("manager", "submit", None), ("gm", "approve", Some(json!({"effective_from": "2015-01"})))]
    {
        let path = format!("/v1/plans/{id}/{step}");
        app.change(login, reqwest::Method::POST, &path, "*", body).await.expect(200);
    }
    let pace = async |login: &str| {
        let report = app.get(login, "/v1/pace?unit=JC&day=2015-01-31").await.expect(200);
        let rows = report["rows"].as_array().unwrap().clone();
        rows.into_iter().filter(|row| row["employee_no"].is_null()).collect::<Vec<_>>()
    };
    let actual = |rows: &[Value], unit: &str| {
        let row = rows.iter().find(|row| row["unit"] == unit).unwrap();
        (row["month"]["actual"].clone(), row["year"]["actual"].clone(), row["withheld"].clone())
    };
    let (named, screen) = (pace("hr").await, pace("dashboard").await);
    assert_eq!(actual(&named, "G4"), (json!(43), json!(43), json!(false)));
    assert_eq!(actual(&screen, "JC"), (json!(121), json!(121), json!(false)));
    // Neither does it tell somebody who may read names, but not everybody's, as who sells there and looks at a screen.
    app.add_user("both", &[Role::Dashboard, Role::SalesConsultant], Some("A03"), Some("JC")).await;
    let both = pace("both").await;
    assert_eq!(actual(&both, "JC"), (json!(121), json!(121), json!(false)));
    assert_eq!(actual(&both, "G4"), (Value::Null, Value::Null, json!(true)));
    assert!(both.iter().filter(|row| row["withheld"] == true).count() > 1, "{both:#?}");
    let withheld = ["G1", "G2", "G3", "G4"].into_iter().filter(|unit| actual(&screen, unit).2 == true);
    let withheld = withheld.collect::<Vec<_>>();
    assert!(withheld.len() == 2 && withheld.contains(&"G4"), "{screen:#?}");
    for unit in withheld {
        assert_eq!(actual(&screen, unit), (Value::Null, Value::Null, json!(true)), "{unit}");
        let row = screen.iter().find(|row| row["unit"] == unit).unwrap();
        for field in ["people", "month_unknown", "full_year"] {
            assert_eq!(row[field], Value::Null, "{unit} {field}");
        }
    }
    let named = named.iter().find(|row| row["unit"] == "G4").unwrap();
    assert_eq!(
        (&named["people"], &named["full_year"]["results"]),
        (&json!({"known": 2, "all": 2}), &json!(43))
    );
    // A leader knows the own team, which helps to find nobody else.
    let leader = app.get("leader", path).await.expect(200);
    assert_eq!(of_unit(&leader, "G1")["deliveries"], 10);
    let shown = ["G2", "G3", "G4"].map(|unit| !of_unit(&leader, unit)["deliveries"].is_null());
    assert_eq!(shown.iter().filter(|is_shown| **is_shown).count(), 1, "{leader:#}");
}
