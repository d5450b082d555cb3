//! Rows of units on dashboards: every sum at every level compared with the table that was recorded, small groups attacked by
//! subtraction, what is missing, months side by side, columns and order, and numbers as of a day.

use std::collections::BTreeMap;

use diesel_async::SimpleAsyncConnection as _;
use serde_json::{Value, json};
use showfloor::auth::access::Role;
use showfloor::ledger::close::freeze;

use crate::store_months::store;
use crate::support::{Answer, TestApp};

/// The units: code, kind and what lies above.
const UNITS: [(&str, &str, Option<&str>); 8] = [
    ("GRP", "group", None),
    ("N1", "store", Some("GRP")),
    ("N2", "store", Some("GRP")),
    ("N1D", "department", Some("N1")),
    ("N1A", "team", Some("N1D")),
    ("N1B", "team", Some("N1D")),
    ("N2A", "team", Some("N2")),
    ("N2B", "team", Some("N2")),
];

/// Who sells where in January 2016, with visits, captured leads and deliveries; none where nothing was delivered to us.
const PEOPLE: [(&str, &str, Option<[i64; 3]>); 14] = [
    ("Q01", "N1A", Some([31, 17, 5])),
    ("Q02", "N1A", Some([41, 23, 7])),
    ("Q03", "N1A", Some([43, 29, 11])),
    ("Q04", "N1A", Some([1, 1, 0])),
    ("Q05", "N1B", Some([53, 19, 13])),
    ("Q06", "N1B", Some([59, 37, 2])),
    ("Q07", "N1B", Some([61, 47, 3])),
    ("Q08", "N1D", Some([67, 12, 17])),
    ("Q09", "N1D", Some([71, 13, 19])),
    ("Q10", "N1D", Some([73, 14, 23])),
    ("Q11", "N2A", Some([79, 15, 29])),
    ("Q12", "N2A", Some([83, 16, 31])),
    ("Q13", "N2A", Some([89, 18, 37])),
    ("Q14", "N2A", None),
];

const METRICS: [&str; 3] = ["first_visits", "captured_leads", "deliveries"];
const ALL_LEVELS: &str = "level=all";

/// The group with its people and their January. `beside` are people more, who sell as the others do.
pub async fn group(beside: &[(&str, &str, Option<[i64; 3]>)]) -> TestApp {
    let app = TestApp::demo().await.at("2016-02-03T02:00:00Z");
    let create = async |path: &str, body: Value| app.post("admin", path, body).await.expect(201);
    for (code, kind, parent) in UNITS {
        let unit =
            json!({"code": code, "name": code, "kind": kind, "parent": parent, "valid_from": "2013-01-01"});
        create("/v1/org-units", unit).await;
    }
    app.add_user("desk", &[Role::Clerk], None, Some("GRP")).await;
    let people = PEOPLE.iter().chain(beside);
    for (employee_no, unit, _) in people.clone() {
        create("/v1/employees", json!({"employee_no": employee_no, "name": "某某", "status": "active"}))
            .await;
        let posting = json!({"employee_no": employee_no, "unit": unit, "position": "sales_consultant",
            "valid_from": "2013-01-01"});
        create("/v1/assignments", posting).await;
    }
    let facts = people.filter_map(|(employee_no, _, values)| {
        let facts =
            METRICS.iter().zip((*values)?).map(|(metric, value)| ((*metric).to_owned(), json!(value)));
        Some((*employee_no, Value::Object(facts.collect())))
    });
    deliver(&app, "2016-01", &facts.collect::<Vec<_>>()).await.expect(200);
    app.add_user("wall", &[Role::Dashboard], None, Some("GRP")).await;
    app
}

/// Delivers facts of a month, people by people.
pub async fn deliver(app: &TestApp, period: &str, facts: &[(&str, Value)]) -> Answer {
    let rows = facts.iter().map(|(employee_no, facts)| json!({"employee_no": employee_no, "facts": facts}));
    let body = json!({"period": period, "source_system": "test", "rows": rows.collect::<Vec<_>>()});
    app.post("desk", "/v1/facts", body).await
}

/// Whether a unit is another one, or lies below it.
pub fn lies_in(unit: &str, above: &str) -> bool {
    let parent = UNITS.iter().find(|(code, ..)| *code == unit).and_then(|(.., parent)| *parent);
    unit == above || parent.is_some_and(|parent| lies_in(parent, above))
}

/// What the table says of a unit: the sums, and of how many people.
fn expected(unit: &str) -> ([i64; 3], i64) {
    let within = PEOPLE.iter().filter(|(_, of, _)| lies_in(of, unit)).filter_map(|(.., values)| *values);
    within.fold(([0; 3], 0), |(sums, known), values| {
        (std::array::from_fn(|at| sums[at] + values[at]), known + 1)
    })
}

/// `numerator ÷ denominator` with four places, half-up, as JSON has it; null for nothing over nothing.
pub fn rate(numerator: i64, denominator: i64) -> Value {
    if denominator == 0 {
        return Value::Null;
    }
    let rounded = (numerator * 20_000 + denominator) / (2 * denominator);
    serde_json::from_str(&format!("{}.{:04}", rounded / 10_000, rounded % 10_000)).unwrap()
}

pub fn by_unit(rows: &Value) -> BTreeMap<String, Value> {
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| (row["unit"].as_str().unwrap().to_owned(), row.clone())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn sums_are_exact_at_every_level_and_lead_down_and_up() {
    let app = group(&[]).await;
    let path = format!("/v1/dashboard/funnel?period=2016-01&unit=GRP&{ALL_LEVELS}");
    for login in ["group", "auditor"] {
        let rows = by_unit(&app.get(login, &path).await.expect(200));
        assert_eq!(rows.len(), UNITS.len(), "{login}: {rows:#?}");
        for (code, kind, _) in UNITS {
            let ([visits, captured, deliveries], known) = expected(code);
            let row = &rows[code];
            let told = |value: i64| if known > 0 { json!(value) } else { Value::Null };
            assert_eq!(
                [&row["first_visits"], &row["captured_leads"], &row["deliveries"], &row["orders"]],
                [&told(visits), &told(captured), &told(deliveries), &Value::Null],
                "{code}"
            );
            assert_eq!(row["lead_capture_rate"], rate(captured, visits), "{code}");
            assert_eq!(row["closing_rate"], Value::Null, "{code}: no order is known");
            assert_eq!((&row["known"]["deliveries"], &row["kind"]), (&json!(known), &json!(kind)), "{code}");
            let sellers = PEOPLE.iter().filter(|(_, of, _)| lies_in(of, code)).count();
            assert_eq!(row["people"], sellers, "{code}");
        }
    }
    // The depth is that of the organisation, and only stores and teams are shown to whoever does not say.
    let usual = app.get("group", "/v1/dashboard/funnel?period=2016-01&unit=GRP").await.expect(200);
    let usual =
        usual.as_array().unwrap().iter().map(|row| (row["unit"].as_str().unwrap(), row["depth"].clone()));
    assert_eq!(
        usual.collect::<Vec<_>>(),
        [
            ("N1", json!(2)),
            ("N2", json!(2)),
            ("N2A", json!(3)),
            ("N2B", json!(3)),
            ("N1A", json!(4)),
            ("N1B", json!(4))
        ]
    );
    // Down from the top to a team and up again, by the links alone.
    let top = app.get("wall", "/v1/dashboard/funnel?period=2016-01&level=group&down=0").await.expect(200);
    assert_eq!((top.as_array().unwrap().len(), &top[0]["links"]["parent"]), (1, &Value::Null));
    let mut path = top[0]["links"]["children"].as_str().unwrap().to_owned();
    for (unit, children) in
        [("N1", &["GRP", "N1", "N2"][..]), ("N1D", &["N1", "N1D"]), ("N1A", &["N1A", "N1B", "N1D"])]
    {
        let rows = by_unit(&app.get("wall", &path).await.expect(200));
        assert_eq!(rows.keys().collect::<Vec<_>>(), children, "{path}");
        match rows[unit]["links"]["children"].as_str() {
            Some(children) => path = children.to_owned(),
            None => assert_eq!(unit, "N1A"),
        }
    }
    let team = by_unit(&app.get("wall", &path).await.expect(200))["N1A"].clone();
    let parent = app.get("wall", team["links"]["parent"].as_str().unwrap()).await.expect(200);
    assert_eq!(by_unit(&parent).keys().collect::<Vec<_>>(), ["N1A", "N1B", "N1D"]);
    // Whoever reaches one store is not led to the group.
    app.add_user("screen", &[Role::Dashboard], None, Some("N1")).await;
    let store = app.get("screen", "/v1/dashboard/funnel?period=2016-01&unit=N1&down=0").await.expect(200);
    assert_eq!(store[0]["links"]["parent"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_small_unit_is_found_by_subtraction_at_any_level() {
    // A team of two in the small store, and one person of the large store beside its department.
    let beside =
        [("Q21", "N2B", Some([7, 5, 3])), ("Q22", "N2B", Some([9, 6, 4])), ("Q23", "N1", Some([8, 7, 6]))];
    let app = group(&beside).await;
    let path = format!("/v1/dashboard/funnel?period=2016-01&{ALL_LEVELS}");
    let whole = by_unit(&app.get("wall", &path).await.expect(200));
    let all = PEOPLE.iter().chain(&beside).filter(|(.., values)| values.is_some());
    let people = all.map(|(_, unit, _)| *unit).collect::<Vec<_>>();
    // Asked for alone, at one level or as a table, a unit tells no more.
    for (code, kind, _) in UNITS {
        for query in [
            format!("&unit={code}"),
            format!("&unit={code}&down=0"),
            format!("&sort=-deliveries&unit={code}"),
        ] {
            let alone = by_unit(&app.get("wall", &format!("{path}{query}")).await.expect(200));
            assert_eq!(alone[code], whole[code], "{code} {query}");
        }
        let level = format!("/v1/dashboard/funnel?period=2016-01&level={kind}");
        assert_eq!(by_unit(&app.get("wall", &level).await.expect(200))[code], whole[code], "{code}");
    }
    // Which people each shown number is the sum of; sums and differences of such sets, again and again.
    let shown = whole.iter().filter(|(_, row)| !row["deliveries"].is_null());
    let of = |code: &str| people.iter().map(|unit| lies_in(unit, code)).collect::<Vec<_>>();
    let sets = shown.map(|(code, _)| of(code)).collect::<Vec<_>>();
    let mut found = vec![vec![false; people.len()]];
    for set in &sets {
        for other in found.clone() {
            let is_within = |small: &[bool], large: &[bool]| small.iter().zip(large).all(|(s, l)| !s || *l);
            if is_within(set, &other) || is_within(&other, set) {
                found.push(set.iter().zip(&other).map(|(one, two)| one ^ two).collect());
            }
            if set.iter().zip(&other).all(|(one, two)| !(*one && *two)) {
                found.push(set.iter().zip(&other).map(|(one, two)| *one || *two).collect());
            }
        }
        found.sort();
        found.dedup();
    }
    for set in found {
        let size = set.iter().filter(|is_in| **is_in).count();
        assert!(size == 0 || size >= 3, "{size} people are found: {whole:#?}");
    }
    // Something is left, though, and it is the truth; when it came is told of what is shown only.
    assert!(sets.len() >= 4, "{whole:#?}");
    for (code, row) in &whole {
        assert_eq!(row["deliveries"].is_null(), row["withheld"] == true, "{code}");
        assert_eq!(row["month"]["recorded_at"].is_null(), row["withheld"] == true, "{code}");
    }
    let exact = by_unit(&app.get("group", &format!("{path}&unit=GRP")).await.expect(200));
    for (code, row) in whole.iter().filter(|(_, row)| row["withheld"] == false) {
        assert_eq!(row["deliveries"], exact[code]["deliveries"], "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_of_which_a_small_store_is_left_is_withheld_and_not_the_other_store() {
    let app = group(&[]).await;
    // Two people of the second store are known of February, and everybody of the first.
    let facts =
        PEOPLE.iter().filter(|(person, unit, _)| lies_in(unit, "N1") || ["Q11", "Q12"].contains(person));
    let facts = facts.map(|(person, ..)| (*person, json!({"deliveries": 3}))).collect::<Vec<_>>();
    let app = app.at("2016-03-03T02:00:00Z");
    deliver(&app, "2016-02", &facts).await.expect(200);
    let path = format!("/v1/dashboard/attainment?period=2016-02&{ALL_LEVELS}");
    let rows = by_unit(&app.get("wall", &path).await.expect(200));
    assert_eq!(
        [&rows["GRP"]["withheld"], &rows["N2"]["withheld"], &rows["N1"]["withheld"]],
        [true, true, false]
    );
    assert_eq!((&rows["N1"]["deliveries"], &rows["GRP"]["deliveries"]), (&json!(30), &Value::Null));
    let all = by_unit(&app.get("auditor", &format!("{path}&unit=GRP")).await.expect(200));
    assert_eq!((&all["GRP"]["deliveries"], &all["GRP"]["known"]), (&json!(36), &json!(12)));
}

#[tokio::test(flavor = "multi_thread")]
async fn months_stand_beside_each_other_and_rates_change_in_points() {
    let app = TestApp::published().await;
    let path = "/v1/dashboard/attainment?period=2014-03&unit=JC&compare=last-month,last-year";
    let rows = app.get("dashboard", path).await.expect(200);
    let store = &rows[0];
    // March 144 of 149, February 92 of 108: 0.9664 and 0.8519.
    let february = &store["last_month"];
    assert_eq!((&february["period"], &february["was"]["deliveries"]), (&json!("2014-02"), &json!(92)));
    assert_eq!(february["was"]["attainment_rate"], rate(92, 108));
    assert_eq!((&february["change"]["deliveries"], &february["change"]["target"]), (&json!(52), &json!(41)));
    assert_eq!(february["change"]["attainment_rate"].to_string(), "0.1145");
    // Nothing is known of the year before, which is not 0.
    let year = &store["last_year"];
    assert_eq!(year["period"], "2013-03");
    for side in ["was", "change"] {
        assert_eq!(
            year[side],
            json!({"target": null, "deliveries": null, "attainment_rate": null}),
            "{side}"
        );
    }
    // Only what is asked for is there, in tables, too.
    let plain = app.get("dashboard", "/v1/dashboard/attainment?period=2014-03").await.expect(200);
    assert!(plain[0].get("last_month").is_none() && plain[0].get("last_year").is_none());
    // A trend compares each of its months.
    let path = "/v1/dashboard/funnel?period=2014-12&months=12&unit=JC&down=0&compare=last-month";
    let trend = app.get("dashboard", path).await.expect(200);
    let trend = trend.as_array().unwrap();
    assert_eq!(trend.len(), 12);
    for months in trend.windows(2) {
        let [before, month] = months else { unreachable!() };
        assert_eq!(month["last_month"]["was"]["orders"], before["orders"]);
        let change = month["orders"].as_i64().unwrap() - before["orders"].as_i64().unwrap();
        assert_eq!(month["last_month"]["change"]["orders"], change);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_say_which_month_they_show_and_how_fresh_it_is() {
    let app = group(&[]).await;
    let path = format!("/v1/dashboard/attainment?period=2016-01&unit=GRP&{ALL_LEVELS}");
    let rows = by_unit(&app.get("group", &path).await.expect(200));
    let month = |unit: &str| rows[unit]["month"].clone();
    assert_eq!(
        month("N1A"),
        json!({"state": null, "revision": null, "stores": 1, "stores_delivered": 1, "stores_frozen": 0,
            "is_partial": true, "recorded_at": "2016-02-03T02:00:00Z", "as_of": null})
    );
    assert_eq!((&month("GRP")["stores"], &month("GRP")["stores_delivered"]), (&json!(2), &json!(2)));
    assert_eq!(month("N2B")["recorded_at"], Value::Null, "nothing is known of anybody");
    // The next value makes its unit and those above it fresher, and no other.
    let later = app.at("2016-02-04T02:00:00Z");
    deliver(&later, "2016-01", &[("Q05", json!({"deliveries": 14}))]).await.expect(200);
    let rows = by_unit(&later.get("group", &path).await.expect(200));
    let at = |unit: &str| rows[unit]["month"]["recorded_at"].as_str().unwrap().to_owned();
    for unit in ["N1B", "N1D", "N1", "GRP"] {
        assert_eq!(at(unit), "2016-02-04T02:00:00Z", "{unit}");
    }
    assert_eq!((at("N1A").as_str(), at("N2").as_str()), ("2016-02-03T02:00:00Z", "2016-02-03T02:00:00Z"));
    // A month that is frozen with all its sources in is whole.
    let app = TestApp::published().await;
    let path = "/v1/dashboard/quality?period=2014-03&unit=JC&down=0";
    let open = app.get("dashboard", path).await.expect(200)[0]["month"].clone();
    assert_eq!((&open["revision"], &open["is_partial"]), (&Value::Null, &json!(true)), "{open}");
    let connection = &mut *app.pool.get().await.unwrap();
    let store_id = store(connection, "JC").await;
    connection.batch_execute("BEGIN").await.unwrap();
    freeze(connection, store_id, "2014-03".parse().unwrap(), None, None, app.clock.now()).await.unwrap();
    connection.batch_execute("COMMIT").await.unwrap();
    let frozen = app.get("dashboard", path).await.expect(200)[0]["month"].clone();
    assert_eq!((&frozen["state"], &frozen["revision"]), (&json!("published"), &json!(1)));
    assert_eq!((&frozen["stores_delivered"], &frozen["is_partial"]), (&json!(1), &json!(false)), "{frozen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_and_order_are_chosen() {
    let app = group(&[]).await;
    let path = "/v1/dashboard/funnel?period=2016-01&unit=GRP&level=team";
    let get = async |query: &str| app.get("group", &format!("{path}{query}")).await.expect(200);
    let sorted = get("&fields=unit,deliveries&sort=-deliveries").await;
    assert_eq!(
        sorted,
        json!([{"unit": "N2A", "deliveries": 97}, {"unit": "N1A", "deliveries": 23},
            {"unit": "N1B", "deliveries": 18}, {"unit": "N2B", "deliveries": null}])
    );
    let rising = get("&fields=unit&sort=deliveries,unit").await;
    assert_eq!(rising, json!([{"unit": "N1B"}, {"unit": "N1A"}, {"unit": "N2A"}, {"unit": "N2B"}]));
    let within = get("&fields=known.deliveries,month.stores,unit&sort=unit").await;
    assert_eq!(within[0], json!({"known": {"deliveries": 4}, "month": {"stores": 1}, "unit": "N1A"}));
    let table = app.request(reqwest::Method::GET, &format!("{path}&fields=unit,deliveries&sort=unit"));
    let table =
        table.bearer_auth(app.token("group").await).header("Accept", "text/csv").send().await.unwrap();
    assert_eq!(table.text().await.unwrap(), "unit,deliveries\r\nN1A,23\r\nN1B,18\r\nN2A,97\r\nN2B,\r\n");
    for (query, field) in [
        ("&fields=name,person", "fields"),
        ("&fields=", "fields"),
        ("&fields=last_month", "fields"),
        ("&sort=known", "sort"),
        ("&sort=--unit", "sort"),
        ("&compare=last-week", "compare"),
        ("&down=10", "down"),
        ("&as_of=2016-02-03", "as_of"),
    ] {
        let answer = app.get("group", &format!("{path}{query}")).await;
        assert_eq!(answer.body["errors"][0]["field"], field, "{query}");
        assert_eq!(answer.problem(422), "validation-failed", "{query}");
    }
    let answer = app.get("group", "/v1/dashboard/funnel?period=2016-01&level=person").await;
    assert_eq!(answer.problem(422), "validation-failed");
    let board = app.get("gm", "/v1/dashboard/leaderboard?period=2014-03&fields=rank&sort=total").await;
    assert_eq!(board.problem(422), "validation-failed", "a leaderboard has an order of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_as_of_a_day_are_what_was_known_at_its_end() {
    let app = group(&[]).await;
    // On the 5th a number is corrected, and one comes of somebody of whom nothing was known.
    let later = app.at("2016-02-05T02:00:00Z");
    deliver(&later, "2016-01", &[("Q05", json!({"deliveries": 20})), ("Q14", json!({"deliveries": 2}))])
        .await
        .expect(200);
    let get = async |login: &str, query: &str| {
        later.get(login, &format!("/v1/dashboard/attainment?period=2016-01&{query}")).await
    };
    let before = by_unit(&get("group", "unit=N1&as_of=2016-02-03").await.expect(200));
    let since = by_unit(&get("group", "unit=N1").await.expect(200));
    let ([.., deliveries], known) = expected("N1");
    assert_eq!((&before["N1"]["deliveries"], &before["N1"]["known"]), (&json!(deliveries), &json!(known)));
    assert_eq!(since["N1"]["deliveries"], deliveries + 7);
    assert_eq!(before["N1B"]["deliveries"], 18);
    assert_eq!(before["N1B"]["month"]["recorded_at"], "2016-02-03T02:00:00Z");
    assert_eq!(
        (&before["N1"]["month"]["as_of"], &since["N1"]["month"]["as_of"]),
        (&json!("2016-02-03"), &Value::Null)
    );
    // On the 2nd nothing was known of anybody; of the other store Q14 was not.
    let nothing = by_unit(&get("group", "unit=N1&as_of=2016-02-02").await.expect(200));
    assert_eq!((&nothing["N1"]["deliveries"], &nothing["N1"]["known"]), (&Value::Null, &json!(0)));
    let other = by_unit(&get("group", "unit=N2&as_of=2016-02-04").await.expect(200));
    assert_eq!((&other["N2"]["known"], &other["N2"]["people"]), (&json!(3), &json!(4)));
    // From one day to the next one person's number may be told, so it is for those who may read it.
    for unit in ["N1", "N1A"] {
        let answer = get("wall", &format!("unit={unit}&as_of=2016-02-03")).await;
        assert_eq!(answer.problem(403), "forbidden", "{unit}");
    }
    for query in ["as_of=2016-02-03", "unit=GRP&as_of=2016-02-03"] {
        let answer = get("group", query).await;
        assert_eq!(answer.body["errors"][0]["field"], "unit", "{query}");
        assert_eq!(answer.problem(422), "validation-failed", "{query}");
    }
}
