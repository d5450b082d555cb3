//! What dashboards say beside the numbers of sales: quality, product lines and coefficients.

use rust_decimal::Decimal;
use serde_json::{Value, json};
use showfloor::auth::access::Role;
use showfloor::demo::people::PEOPLE;
use showfloor::period::Period;

use crate::dashboard_leaks::{USUAL, set};
use crate::support::{Answer, TestApp};

fn of_unit<'a>(rows: &'a Value, unit: &str) -> &'a Value {
    rows.as_array().unwrap().iter().find(|row| row["unit"] == unit).unwrap()
}

/// `numerator ÷ denominator` with so many places, half-up, as JSON has it.
fn quotient(numerator: i64, denominator: i64, places: u32) -> Value {
    let scale = 10_i64.pow(places);
    let rounded = (2 * numerator * scale + denominator) / (2 * denominator);
    let width = usize::try_from(places).unwrap();
    serde_json::from_str(&format!("{}.{:0width$}", rounded / scale, rounded % scale)).unwrap()
}

/// Delivers facts of January 2015 to the demonstration, which has none of that month.
async fn deliver(app: &TestApp, source: Option<&str>, facts: &[(&str, Value)]) -> Answer {
    let rows = facts.iter().map(|(employee_no, facts)| json!({"employee_no": employee_no, "facts": facts}));
    let mut body = json!({"period": "2015-01", "source_system": "test", "rows": rows.collect::<Vec<_>>()});
    if let Some(source) = source {
        body["complete_sources"] = json!([source]);
        body["complete_for"] = json!("store");
    }
    app.post("desk", "/v1/facts", body).await
}

/// The demonstration after January 2015, with somebody who enters whatever there is.
async fn january() -> TestApp {
    let app = TestApp::demo().await.at("2015-02-02T02:00:00Z");
    let roles = [Role::Clerk, Role::Hr, Role::CustomerService, Role::ShowroomSupervisor];
    app.add_user("desk", &roles, None, Some("JC")).await;
    app
}

async fn quality(app: &TestApp, login: &str) -> Value {
    app.get(login, "/v1/dashboard/quality?period=2015-01").await.expect(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_come_in_is_not_zero() {
    let app = january().await;
    let nothing = quality(&app, "auditor").await;
    let store = of_unit(&nothing, "JC");
    for (name, number) in store.as_object().unwrap() {
        let is_told =
            ["period", "unit", "name", "kind", "depth", "known", "people", "withheld", "month", "links"];
        assert!(is_told.contains(&name.as_str()) || number.is_null(), "{name}: {number}");
    }
    // One complaint has come, of one person: so many are known, and no rate.
    let deliveries = PEOPLE.iter().filter(|person| person.employee_no.starts_with('A'));
    let deliveries =
        deliveries.map(|person| (person.employee_no, json!({"deliveries": 10}))).collect::<Vec<_>>();
    deliver(&app, None, &deliveries).await.expect(200);
    deliver(&app, None, &[("A05", json!({"complaints_minor": 1}))]).await.expect(200);
    let rows = quality(&app, "auditor").await;
    let (store, team) = (of_unit(&rows, "JC"), of_unit(&rows, "G1"));
    assert_eq!((&store["complaints_minor"], &store["known"]["complaints_minor"]), (&json!(1), &json!(1)));
    assert_eq!((&team["complaints_minor"], &team["known"]["complaints_minor"]), (&Value::Null, &json!(0)));
    assert_eq!((&store["complaint_rate"], &store["month"]["is_partial"]), (&Value::Null, &json!(true)));
    // A screen is not even told that there was one.
    let rows = quality(&app, "dashboard").await;
    for unit in ["JC", "G2"] {
        let row = of_unit(&rows, unit);
        assert_eq!(
            (&row["complaints_minor"], &row["known"]["complaints_minor"]),
            (&Value::Null, &Value::Null),
            "{unit}"
        );
        assert_eq!((&row["deliveries"].is_null(), &row["withheld"]), (&false, &json!(true)), "{unit}");
    }
    // Now the source is complete: whoever has nothing there has had none. 1 of 120 is 0.0083.
    deliver(&app, Some("complaints"), &[("A01", json!({}))]).await.expect(200);
    let rows = quality(&app, "auditor").await;
    let (store, team) = (of_unit(&rows, "JC"), of_unit(&rows, "G1"));
    assert_eq!((&team["complaints_minor"], &team["known"]["complaints_minor"]), (&json!(0), &json!(4)));
    assert_eq!((&store["complaints_minor"], &store["known"]["complaints_minor"]), (&json!(1), &json!(12)));
    assert_eq!(
        [&store["complaint_rate"], &team["complaint_rate"]],
        [&quotient(1, 120, 4), &quotient(0, 40, 4)]
    );
    // A screen sees it, too, now that it is of everybody.
    let rows = quality(&app, "dashboard").await;
    assert_eq!(
        (&of_unit(&rows, "G2")["complaints_minor"], &of_unit(&rows, "G2")["withheld"]),
        (&json!(1), &json!(false))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rates_are_sums_over_sums() {
    let app = january().await;
    let days = |more: Value| {
        let mut facts = json!({"scheduled_days": 20, "reports_due": 0, "reports_on_time": 0});
        facts.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        facts
    };
    let team = [
        ("A01", days(json!({"protected_leave_days": 5, "reports_due": 1, "reports_on_time": 1}))),
        ("A02", days(json!({"personal_leave_days": 2, "reports_due": 100, "reports_on_time": 10}))),
        ("A03", days(json!({"absent_days": 0.5, "five_s_checks": 40, "five_s_failures": 3}))),
        ("A04", days(json!({"five_s_checks": 40, "five_s_failures": 0}))),
    ];
    deliver(&app, None, &team).await.expect(200);
    let row = of_unit(&quality(&app, "auditor").await, "G1").clone();
    // 1 of 1 and 10 of 100 are 10.9 %; 3 of 40 and none of 40 are 3.75 %.
    assert_eq!(row["report_rate"], quotient(11, 101, 4));
    assert_eq!(row["five_s_failure_rate"], quotient(3, 80, 4));
    // Nobody has said yet that the others were there.
    assert_eq!((&row["attendance_rate"], &row["absent_days"]), (&Value::Null, &json!(0.5)));
    deliver(&app, Some("attendance"), &[("A01", json!({}))]).await.expect(200);
    let row = of_unit(&quality(&app, "auditor").await, "G1").clone();
    // (80 − 5 − 2 − 0.5) ÷ (80 − 5)
    assert_eq!(row["attendance_rate"], quotient(725, 750, 4));
    // Nothing over nothing.
    assert_eq!((&row["callback_rate"], &row["document_error_rate"]), (&Value::Null, &Value::Null));
}

/// What the check sums of the design say of the year, by sums of months and of teams.
#[tokio::test(flavor = "multi_thread")]
async fn product_lines_come_to_the_years_numbers() {
    let app = TestApp::published().await;
    let path = "/v1/dashboard/product-lines?period=2014-12&months=12";
    let rows = app.get("dashboard", path).await.expect(200);
    let rows = rows.as_array().unwrap();
    let sum = |kind: &str, field: &str| {
        let rows = rows.iter().filter(|row| row["kind"] == kind);
        rows.map(|row| row[field].to_string().parse::<i64>().unwrap()).sum::<i64>()
    };
    for (field, expected) in
        [("deliveries", 1618), ("accessory_revenue", 3_410_900), ("insurance_policies", 1220), ("loans", 408)]
    {
        assert_eq!((sum("store", field), sum("team", field)), (expected, expected), "{field}");
    }
    for row in rows {
        let number = |field: &str| row[field].to_string().parse::<i64>().unwrap();
        let cars = number("deliveries");
        assert_eq!(row["insurance_penetration"], quotient(number("insurance_policies"), cars, 4));
        assert_eq!(row["loan_penetration"], quotient(number("loans"), cars, 4));
        assert_eq!(row["accessory_revenue_per_vehicle"], quotient(number("accessory_revenue"), cars, 2));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn coefficients_are_summed_where_they_are_published() {
    let app = TestApp::demo().await;
    let path = "/v1/dashboard/coefficients?period=2014-03&level=store,department,team";
    let before = app.get("hr", path).await.expect(200);
    let store = of_unit(&before, "JC");
    assert_eq!(
        (&store["coefficient_sum"], &store["known"], &store["people"]),
        (&Value::Null, &json!(0), &json!(0))
    );
    assert_eq!(
        (&store["month"]["stores_delivered"], &store["month"]["is_partial"]),
        (&json!(0), &json!(true))
    );
    app.publish().await;
    for period in Period::months_of(2014) {
        let reviews = app.get("hr", &format!("/v1/reviews?period={period}&limit=500")).await.expect(200);
        let of = |unit: Option<&str>, position: &str| {
            let reviews = reviews["items"].as_array().unwrap().iter();
            let reviews = reviews
                .filter(|one| one["position"] == position && unit.is_none_or(|unit| one["unit"] == unit));
            let hundredths = reviews.filter_map(|one| {
                let text = one["coefficient"].to_string();
                text.replace('.', "")
                    .parse::<i64>()
                    .ok()
                    .filter(|_| text.split('.').nth(1).is_some_and(|cents| cents.len() == 2))
            });
            let all = hundredths.collect::<Vec<_>>();
            (all.iter().sum::<i64>(), i64::try_from(all.len()).unwrap())
        };
        let rows = app
            .get("dashboard", &format!("/v1/dashboard/coefficients?period={period}&level=store,team"))
            .await
            .expect(200);
        for (code, unit) in [("JC", None), ("G1", Some("G1")), ("G2", Some("G2")), ("G3", Some("G3"))] {
            let ((sum, known), row) = (of(unit, "sales_consultant"), of_unit(&rows, code));
            assert_eq!((&row["known"], &row["withheld"]), (&json!(known), &json!(false)), "{period} {code}");
            assert_eq!(row["coefficient_sum"], quotient(sum, 100, 2), "{period} {code}");
            assert_eq!(row["mean_coefficient"], quotient(sum, 100 * known, 2), "{period} {code}");
        }
        // Three leaders in three teams, and one telesales specialist.
        let of_position =
            |position: &str| format!("/v1/dashboard/coefficients?period={period}&position={position}");
        let leaders = app.get("dashboard", &of_position("team_leader")).await.expect(200);
        let ((sum, _), row) = (of(None, "team_leader"), of_unit(&leaders, "JC"));
        assert_eq!(
            (&row["coefficient_sum"], &row["people"]),
            (&quotient(sum, 100, 2), &json!(3)),
            "{period}"
        );
        let link = row["links"]["children"].as_str().unwrap();
        assert!(link.contains("position=team_leader") && app.get("dashboard", link).await.status == 200);
        for unit in ["G1", "G2", "G3"] {
            assert_eq!(of_unit(&leaders, unit)["coefficient_sum"], Value::Null, "{period} {unit}");
        }
        let single = app.get("dashboard", &of_position("telesales_specialist")).await.expect(200);
        assert!(single.as_array().unwrap().iter().all(|row| row["coefficient_sum"].is_null()), "{single:#}");
        let named = app.get("hr", &of_position("telesales_specialist")).await.expect(200);
        assert_eq!(of_unit(&named, "JC")["known"], 1, "{period}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn coefficients_of_two_are_found_by_no_subtraction() {
    let app = TestApp::published().await;
    // Two of a team have none any more that is in force: with the other two known, the store would tell them.
    let hide =
        "UPDATE review SET is_current = false WHERE period = '2014-03-01' AND position = 'sales_consultant'
        AND employee_id IN (SELECT id FROM employee WHERE employee_no IN ('A11', 'A12'))";
    diesel_async::SimpleAsyncConnection::batch_execute(&mut *app.pool.get().await.unwrap(), hide)
        .await
        .unwrap();
    app.add_user("wall", &[Role::Dashboard], None, Some("JC")).await;
    let path = "/v1/dashboard/coefficients?period=2014-03&level=store,department,team";
    let rows = app.get("wall", path).await.expect(200);
    let told =
        ["G1", "G2", "G3"].into_iter().filter(|unit| !of_unit(&rows, unit)["coefficient_sum"].is_null());
    assert_eq!(told.count(), 1, "{rows:#}");
    assert_eq!(
        (&of_unit(&rows, "G3")["withheld"], &of_unit(&rows, "JC")["withheld"]),
        (&json!(true), &json!(false))
    );
    for unit in ["JC", "JC-XS", "G1", "G2", "G3"] {
        let alone = app.get("wall", &format!("{path}&unit={unit}")).await.expect(200);
        assert_eq!(of_unit(&alone, unit), of_unit(&rows, unit), "{unit}");
    }
}

/// T01's months as the design makes them, beside the rates with which plans begin. Who may not read of T01 is told nothing.
#[tokio::test(flavor = "multi_thread")]
async fn telephone_and_web_have_a_funnel_of_their_own() {
    let app = TestApp::demo().await;
    set(&app, USUAL).await;
    let path = "/v1/dashboard/phone-web-funnel?period=2014-12&months=12&unit=JC&level=store";
    let rows = app.get("hr", path).await.expect(200);
    let percent = |of: i64, by: i64| (of * by + 50) / 100;
    for (month, row) in (1..=12_i64).zip(rows.as_array().unwrap()) {
        let raw = 900 + 13 * (7 * month % 11);
        let (followed, valid) = (percent(raw, 88 + month % 5), percent(raw, 44 + month % 4));
        let arrivals = percent(valid, 21 + month % 3);
        let orders = percent(arrivals, 26 + month % 4);
        assert_eq!(row["period"], json!(format!("2014-{month:02}")));
        for (name, number) in [
            ("raw_leads", raw),
            ("leads_followed_24h", followed),
            ("valid_leads", valid),
            ("invited_arrivals", arrivals),
            ("arrival_orders", orders),
        ] {
            assert_eq!((&row[name], &row["known"][name]), (&json!(number), &json!(1)), "{month} {name}");
        }
        assert_eq!(row["lead_follow_up_rate"], quotient(followed, raw, 4));
        assert_eq!(row["valid_lead_rate"], quotient(valid, raw, 4));
        assert_eq!(row["arrival_rate"], quotient(arrivals, valid, 4));
        assert_eq!(row["arrival_closing_rate"], quotient(orders, arrivals, 4));
        // Half of the leads are to be valid, a quarter of those to come, and 30 % of those to order.
        for (planned, rate, lost, hundredths) in [
            ("planned_valid_lead_rate", "0.5", "valid_leads_lost", 50 * raw - 100 * valid),
            ("planned_arrival_rate", "0.25", "invited_arrivals_lost", 25 * valid - 100 * arrivals),
            ("planned_arrival_closing_rate", "0.3", "arrival_orders_lost", 30 * arrivals - 100 * orders),
        ] {
            assert_eq!(row[planned].to_string(), rate, "{month} {planned}");
            let told: Decimal = row[lost].to_string().parse().unwrap();
            assert_eq!(told, Decimal::new(hundredths, 2), "{month} {lost}");
        }
    }
    let rows = app.get("dashboard", path).await.expect(200);
    for row in rows.as_array().unwrap() {
        assert_eq!((&row["withheld"], &row["raw_leads"]), (&json!(true), &Value::Null));
        assert_eq!((&row["lead_follow_up_rate"], &row["valid_leads_lost"]), (&Value::Null, &Value::Null));
    }
}

/// Sums over sums, once three people keep them.
#[tokio::test(flavor = "multi_thread")]
async fn telephone_and_web_of_three_people_is_told() {
    let app = january().await;
    let leads = |raw: i64, valid: i64| json!({"raw_leads": raw, "valid_leads": valid});
    deliver(&app, None, &[("A01", leads(1, 1)), ("A02", leads(100, 10))]).await.expect(200);
    let path = "/v1/dashboard/phone-web-funnel?period=2015-01&unit=JC&level=store";
    let rows = app.get("dashboard", path).await.expect(200);
    assert_eq!((&rows[0]["withheld"], &rows[0]["raw_leads"]), (&json!(true), &Value::Null));
    deliver(&app, None, &[("T01", leads(0, 0))]).await.expect(200);
    let rows = app.get("dashboard", path).await.expect(200);
    assert_eq!((&rows[0]["raw_leads"], &rows[0]["valid_leads"]), (&json!(101), &json!(11)));
    assert_eq!(rows[0]["valid_lead_rate"], quotient(11, 101, 4));
    // Nothing is known of who came, and the year has no plan.
    assert_eq!((&rows[0]["invited_arrivals"], &rows[0]["arrival_rate"]), (&Value::Null, &Value::Null));
    assert_eq!(
        (&rows[0]["planned_valid_lead_rate"], &rows[0]["valid_leads_lost"]),
        (&Value::Null, &Value::Null)
    );
}
