//! What comes of the leads of channels and lead sources: added up from daily sheets at every level, with what people leave out, what is
//! written again, who moves and who is erased.

use std::collections::BTreeMap;

use diesel_async::SimpleAsyncConnection as _;
use reqwest::Method;
use serde_json::{Value, json};
use showfloor::auth::access::Role;
use showfloor::dashboard::kept::rebuild;

use crate::changes::{now, told};
use crate::dashboard_leaks;
use crate::dashboard_units::{group, lies_in, rate};
use crate::kept_sums::{assert_the_sums_agree, differences};
use crate::support::{As, TestApp};

const STEPS: [&str; 5] = ["leads", "visitors", "test_drives", "orders", "deliveries"];
const PHONE: (&str, &str) = ("phone_web", "autohome");
const CALLS: (&str, &str) = ("phone_web", "inbound_call");
const WALK: (&str, &str) = ("showroom", "walk_in");

/// A row of a sheet: channel and source, and the steps, of which all but the first may be left out.
type Named = ((&'static str, &'static str), [Option<i64>; 5]);

const fn all(steps: [i64; 5]) -> [Option<i64>; 5] {
    [Some(steps[0]), Some(steps[1]), Some(steps[2]), Some(steps[3]), Some(steps[4])]
}

/// Who, in which team, writes what of which day of January 2016.
const SHEETS: [(&str, &str, u32, &[Named]); 14] = [
    ("Q01", "N1A", 5, &[(PHONE, all([11, 5, 3, 2, 1])), (WALK, all([7, 6, 4, 2, 2]))]),
    ("Q01", "N1A", 6, &[(PHONE, all([13, 4, 1, 1, 0]))]),
    ("Q02", "N1A", 5, &[(PHONE, all([17, 8, 5, 3, 2])), (CALLS, all([19, 2, 2, 1, 1]))]),
    ("Q03", "N1A", 7, &[(WALK, all([23, 20, 9, 5, 4]))]),
    // Of one of its sheets it leaves out what was ordered: nobody knows it of the month.
    ("Q04", "N1A", 5, &[(WALK, all([29, 21, 8, 4, 3]))]),
    ("Q04", "N1A", 8, &[(PHONE, [Some(31), Some(9), Some(4), None, Some(2)])]),
    ("Q05", "N1B", 5, &[(CALLS, all([37, 12, 7, 4, 3])), (WALK, all([2, 2, 1, 1, 1]))]),
    ("Q06", "N1B", 5, &[(PHONE, all([41, 15, 9, 6, 5]))]),
    ("Q07", "N1B", 9, &[(WALK, all([0, 1, 1, 1, 0]))]),
    ("Q08", "N1D", 5, &[(WALK, all([3, 2, 1, 1, 1]))]),
    ("Q09", "N1D", 5, &[(WALK, all([4, 3, 2, 1, 1]))]),
    ("Q10", "N1D", 5, &[(PHONE, all([5, 4, 3, 2, 1]))]),
    ("Q11", "N2A", 5, &[(PHONE, all([43, 16, 8, 7, 6]))]),
    ("Q12", "N2A", 5, &[(WALK, all([47, 30, 14, 8, 7]))]),
];

async fn write(app: &TestApp, person: &str, day: u32, named: &[Named]) {
    let leads = named.iter().map(|((channel, source), steps)| {
        let mut row = json!({"channel": channel, "source": source});
        for (step, value) in STEPS.iter().zip(steps) {
            row[step] = json!(value);
        }
        row
    });
    let sheet = json!({"counts": {"first_visits": 1}, "leads": leads.collect::<Vec<_>>()});
    let path = format!("/v1/daily-sheets/2016-01-{day:02}");
    app.send(As::Login(&person.to_lowercase()), Method::PUT, &path, Some(sheet)).await.expect(200);
}

/// The group, with logins of those who write, and nothing written.
async fn writers() -> TestApp {
    let app = group(&[]).await;
    for person in ["Q01", "Q02", "Q03", "Q04", "Q05", "Q06", "Q07", "Q08", "Q09", "Q10", "Q11", "Q12"] {
        app.add_user(&person.to_lowercase(), &[Role::SalesConsultant], Some(person), None).await;
    }
    app
}

async fn written() -> TestApp {
    let app = writers().await;
    for (person, _, day, named) in SHEETS {
        write(&app, person, day, named).await;
    }
    assert_the_sums_agree(&app, "the sheets are written").await;
    app
}

/// The sums of what is named in a unit, and of how many people each is known.
fn expected(unit: &str, is_of: impl Fn((&str, &str)) -> bool) -> ([i64; 5], [i64; 5]) {
    let mut people = BTreeMap::<&str, ([i64; 5], [bool; 5])>::new();
    for (person, of, _, named) in SHEETS.iter().filter(|(_, of, ..)| lies_in(of, unit)) {
        assert!(!of.is_empty());
        let (sums, known) = people.entry(person).or_insert(([0; 5], [true; 5]));
        for (origin, steps) in *named {
            for (at, step) in steps.iter().enumerate() {
                known[at] &= step.is_some();
                sums[at] += step.filter(|_| is_of(*origin)).unwrap_or(0);
            }
        }
    }
    people.values().fold(([0; 5], [0; 5]), |(mut sums, mut of), (person, known)| {
        for at in (0..5).filter(|at| known[*at]) {
            sums[at] += person[at];
            of[at] += 1;
        }
        (sums, of)
    })
}

async fn rows(app: &TestApp, login: &str, query: &str) -> Vec<Value> {
    let path = format!("/v1/dashboard/channel-funnel?period=2016-01&level=all&{query}");
    app.get(login, &path).await.expect(200).as_array().unwrap().clone()
}

/// The row of a unit and what comes from somewhere.
fn find<'a>(rows: &'a [Value], unit: &str, channel: Option<&str>, source: Option<&str>) -> Option<&'a Value> {
    rows.iter().find(|row| {
        row["unit"] == unit && row["channel"].as_str() == channel && row["source"].as_str() == source
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_are_told_apart_and_add_up_at_every_level() {
    let app = written().await;
    let by_source = rows(&app, "group", "unit=GRP&by=source").await;
    let by_channel = rows(&app, "group", "unit=GRP").await;
    for unit in ["GRP", "N1", "N1D", "N1A", "N1B", "N2", "N2A", "N2B"] {
        let sources = [None, Some(PHONE), Some(CALLS), Some(WALK)];
        let asked =
            sources.map(|of| (&by_source, of.map(|(channel, _)| channel), of.map(|(_, source)| source)));
        let channels = [Some("phone_web"), Some("showroom")].map(|channel| (&by_channel, channel, None));
        for (rows, channel, source) in asked.into_iter().chain(channels) {
            let is_of = |of: (&str, &str)| {
                channel.is_none_or(|one| one == of.0) && source.is_none_or(|one| one == of.1)
            };
            let (sums, known) = expected(unit, is_of);
            let row = find(rows, unit, channel, source);
            let is_there = channel.is_none() || sums != [0; 5];
            assert_eq!(row.is_some(), is_there, "{unit} {channel:?} {source:?}");
            let Some(row) = row else { continue };
            for (at, step) in STEPS.iter().enumerate() {
                let value = if known[at] > 0 { json!(sums[at]) } else { Value::Null };
                assert_eq!(
                    (&row[step], &row["known"][step]),
                    (&value, &json!(known[at])),
                    "{unit} {channel:?} {step}"
                );
            }
            if known[0] == 0 {
                continue;
            }
            let [leads, visitors, test_drives, orders, deliveries] = sums;
            for (name, value) in [
                ("visit_rate", rate(visitors, leads)),
                ("test_drive_rate", rate(test_drives, visitors)),
                ("closing_rate", rate(orders, leads)),
                ("delivery_rate", rate(deliveries, orders)),
            ] {
                assert_eq!(row[name], value, "{unit} {channel:?} {source:?} {name}");
            }
        }
    }
    // Nobody there has said anything, which is not 0.
    let nothing = find(&by_source, "N2B", None, None).unwrap();
    assert_eq!((&nothing["leads"], &nothing["known"]["leads"]), (&Value::Null, &json!(0)));
    let link = by_source[0]["links"]["children"].as_str().unwrap();
    let below = app.get("group", link).await.expect(200);
    assert!(
        below.as_array().unwrap().iter().any(|row| row["unit"] == "N1" && row["source"] == "autohome"),
        "{link}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn months_stand_side_by_side_and_what_nobody_named_was_none() {
    let app = written().await.at("2016-02-20T02:00:00Z");
    let sheet = json!({"leads": [{"channel": "phone_web", "source": "autohome", "leads": 5, "orders": 1}]});
    let path = "/v1/daily-sheets/2016-02-01";
    app.send(As::Login("q03"), Method::PUT, path, Some(sheet)).await.expect(200);
    let path = "/v1/dashboard/channel-funnel?period=2016-02&unit=N1A&compare=last-month&by=source";
    let february = app.get("group", path).await.expect(200).as_array().unwrap().clone();
    let phone = find(&february, "N1A", Some("phone_web"), Some("autohome")).unwrap();
    // In January 11 + 13 + 17 + 31 of 4, and of 3 what they have ordered: 2 + 1 + 3.
    let was = &phone["last_month"]["was"];
    assert_eq!(
        [&phone["leads"], &was["leads"], &phone["last_month"]["change"]["leads"]],
        [&json!(5), &json!(72), &json!(-67)]
    );
    assert_eq!([&phone["orders"], &was["orders"], &phone["visitors"]], [&json!(1), &json!(6), &Value::Null]);
    // Of what was not named in January there were none, by those of whom it is known.
    let sheet = json!({"leads": [{"channel": "invitation", "source": "campaign", "leads": 3}]});
    let path = "/v1/daily-sheets/2016-02-02";
    app.send(As::Login("q01"), Method::PUT, path, Some(sheet)).await.expect(200);
    let path = "/v1/dashboard/channel-funnel?period=2016-02&unit=N1A&compare=last-month,last-year";
    let february = app.get("group", path).await.expect(200).as_array().unwrap().clone();
    let invited = find(&february, "N1A", Some("invitation"), None).unwrap();
    assert_eq!([&invited["leads"], &invited["last_month"]["was"]["leads"]], [&json!(3), &json!(0)]);
    assert_eq!(invited["last_year"]["was"]["leads"], Value::Null);
    // The store knows leads only: nobody has said of all of February's what was ordered but Q03.
    assert_eq!(find(&february, "N1A", None, None).unwrap()["known"]["orders"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn screens_are_told_of_no_few_people_whichever_the_channel() {
    let app = written().await;
    for by in ["channel", "source"] {
        let shown = rows(&app, "wall", &format!("unit=GRP&by={by}")).await;
        // Two people write in the second store, so that neither it nor the group is told, and none of what they named is in a row.
        for unit in ["GRP", "N2", "N2A"] {
            let of_unit = shown.iter().filter(|row| row["unit"] == unit).collect::<Vec<_>>();
            let [row] = *of_unit else { panic!("{unit}: {of_unit:#?}") };
            assert_eq!([&row["channel"], &row["leads"], &row["known"]["leads"]], [&Value::Null; 3], "{unit}");
            assert_eq!(row["withheld"], true);
        }
        let row = find(&shown, "N1A", None, None).unwrap();
        assert_eq!([&row["leads"], &row["orders"]], [&json!(150), &json!(14)], "{by}");
        // Whatever is told of a step is of the same people in every channel.
        for unit in ["N1", "N1A", "N1B"] {
            let of_unit = |is_together: bool| {
                shown.iter().filter(move |row| row["unit"] == unit && row["channel"].is_null() == is_together)
            };
            let together = of_unit(true).next().unwrap();
            for step in STEPS {
                let sum = of_unit(false).filter_map(|row| row[step].as_i64()).sum::<i64>();
                assert_eq!(together[step], sum, "{unit} {step}");
                assert!(
                    of_unit(false).all(|row| row["known"][step] == together["known"][step]),
                    "{unit} {step}"
                );
            }
        }
    }
    // Of one of them the ledger knows what was delivered, and the sheets no longer do: what one sum is more than the other would be
    // theirs, in the team and above it.
    write(&app, "Q03", 12, &[(WALK, [Some(1), Some(0), Some(0), Some(0), None])]).await;
    let shown = rows(&app, "wall", "unit=N1A").await;
    let recorded = app.get("wall", "/v1/dashboard/attainment?period=2016-01&unit=N1A").await.expect(200);
    assert_eq!((&recorded[0]["deliveries"], &recorded[0]["known"]), (&json!(23), &json!(4)));
    for row in &shown {
        assert_eq!(
            [&row["deliveries"], &row["known"]["deliveries"], &row["delivery_rate"]],
            [&Value::Null; 3],
            "{row}"
        );
        assert!(row["orders"].is_i64(), "{row}");
    }
    let store = rows(&app, "wall", "unit=N1").await;
    assert!(store.iter().all(|row| row["deliveries"].is_null() && row["leads"].is_i64()), "{store:#?}");
    // The team's leader may read of everybody there, and of nobody else in the store.
    let leader = json!({"employee_no": "L01", "name": "某某", "status": "active"});
    app.post("admin", "/v1/employees", leader).await.expect(201);
    let posting =
        json!({"employee_no": "L01", "unit": "N1A", "position": "team_leader", "valid_from": "2013-01-01"});
    app.post("admin", "/v1/assignments", posting).await.expect(201);
    let leads = json!({"employee_no": "L01", "unit": "N1A", "kind": "line", "valid_from": "2013-01-01"});
    app.post("admin", "/v1/team-leaderships", leads).await.expect(201);
    app.add_user("lead", &[Role::TeamLeader], Some("L01"), None).await;
    let shown = rows(&app, "lead", "unit=N1").await;
    let deliveries =
        ["N1A", "N1"].map(|unit| find(&shown, unit, None, None).unwrap()["known"]["deliveries"].clone());
    assert_eq!(deliveries, [json!(3), Value::Null]);
    // Of a third of the team it is no longer known what they have ordered: of two nothing is told.
    write(&app, "Q02", 11, &[(CALLS, [Some(1), Some(0), Some(0), None, Some(0)])]).await;
    let shown = rows(&app, "wall", "unit=N1A&by=source").await;
    for row in &shown {
        assert_eq!(
            [&row["orders"], &row["known"]["orders"], &row["closing_rate"]],
            [&Value::Null; 3],
            "{row}"
        );
        assert!(row["visitors"].is_i64(), "{row}");
    }
    assert!(shown.len() > 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_again_moves_and_is_erased_is_followed() {
    let app = written().await;
    let leads = async |unit: &str| {
        let rows = rows(&app, "group", &format!("unit={unit}&by=source")).await;
        find(&rows, unit, None, None).unwrap()["leads"].clone()
    };
    assert_eq!([leads("N1A").await, leads("N1B").await], [json!(150), json!(80)]);
    // Written again with less, and with nothing of leads: then nothing is known of the person.
    write(&app, "Q01", 6, &[(PHONE, all([3, 1, 1, 0, 0]))]).await;
    write(&app, "Q03", 7, &[]).await;
    assert_the_sums_agree(&app, "sheets are written again").await;
    assert_eq!(leads("N1A").await, json!(150 - 10 - 23));
    let team = rows(&app, "group", "unit=N1A&by=source").await;
    assert_eq!(find(&team, "N1A", None, None).unwrap()["known"]["leads"], 3);
    // Who has been in the other team has sold there.
    let team =
        "UPDATE assignment SET version = version + 1, unit_id = (SELECT id FROM org_unit WHERE code = 'N1B')
        WHERE employee_id = (SELECT id FROM employee WHERE employee_no = 'Q02')";
    app.pool.get().await.unwrap().batch_execute(team).await.unwrap();
    assert_the_sums_agree(&app, "somebody is moved").await;
    assert_eq!(
        [leads("N1A").await, leads("N1B").await, leads("N1").await],
        [json!(81), json!(116), json!(197 + 12)]
    );
    // What is erased of people stays in what was told.
    let erase = "DO $$ DECLARE person bigint := (SELECT id FROM employee WHERE employee_no = 'Q05'); BEGIN
        INSERT INTO erased_lead_month SELECT * FROM lead_summands(ARRAY(SELECT m FROM lead_month m WHERE m.employee_id = person), 1);
        DELETE FROM lead_month WHERE employee_id = person; END $$";
    app.pool.get().await.unwrap().batch_execute(erase).await.unwrap();
    assert_eq!(leads("N1B").await, json!(116));
    // What was kept otherwise is found, and made anew.
    for wrong in [
        "UPDATE unit_lead_month SET leads = leads + 1 WHERE channel = 'showroom'",
        "UPDATE lead_month SET orders = orders + 1 WHERE channel = 'showroom'",
        "DELETE FROM unit_lead_month",
    ] {
        app.pool.get().await.unwrap().batch_execute(wrong).await.unwrap();
        let found = differences(&app).await;
        let of_erased = found.iter().filter(|one| one.of == "Q05").count();
        assert!(found.len() > of_erased, "{wrong}");
    }
    let mut cx =
        showfloor::auth::Context::operator(&app.pool, "2016-02-03T02:00:00Z".parse().unwrap()).await.unwrap();
    rebuild(&mut cx, None).await.unwrap();
    // Q05's sheets are still there, so that they are in both.
    assert_eq!(leads("N1B").await, json!(116 + 39));
    assert_eq!(leads("N1A").await, json!(81));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_of_leads_stands_beside_what_the_plan_takes_of_the_channel() {
    let app = TestApp::published().await;
    dashboard_leaks::set(&app, dashboard_leaks::USUAL).await;
    for (login, day, channel, source, leads, orders) in [
        ("consultant", "2014-03-03", "showroom", "walk_in", 40, 12),
        ("consultant", "2014-03-04", "phone_web", "autohome", 60, 1),
    ] {
        app.pool.get().await.unwrap().batch_execute(&format!(
            "WITH sheet AS (INSERT INTO daily_sheet (employee_id, day, revision, written_at)
                 SELECT e.id, '{day}', 1, '{day}T10:00:00Z' FROM employee e JOIN user_account l ON l.employee_id = e.id
                 WHERE l.login = '{login}' RETURNING id)
             INSERT INTO daily_sheet_lead (sheet_id, channel, source, leads, orders)
             SELECT id, '{channel}', '{source}', {leads}, {orders} FROM sheet"
        )).await.unwrap();
    }
    let path = "/v1/dashboard/channel-funnel?period=2014-03&unit=JC&level=store&by=source";
    let rows = app.get("auditor", path).await.expect(200).as_array().unwrap().clone();
    let told = |channel: Option<&str>, source: Option<&str>| {
        let row = find(&rows, "JC", channel, source).unwrap();
        ["planned_closing_rate", "planned_delivery_rate", "orders_lost"].map(|field| row[field].to_string())
    };
    // 40 × 0.25 − 12; 60 × 0.3 × 0.25 × 0.5 − 1.
    assert_eq!(told(Some("showroom"), Some("walk_in")), ["0.25", "0.95", "-2.00"]);
    assert_eq!(told(Some("phone_web"), Some("autohome")), ["0.0375", "0.95", "1.25"]);
    // Of both together: of n deliveries planned for a channel n ÷ 0.95 orders, and the leads that they take.
    let together = find(&rows, "JC", None, None).unwrap();
    assert_eq!(together["planned_delivery_rate"], json!(0.95));
    assert!(!together["planned_closing_rate"].is_null());
    // The plan of another year takes nothing of any channel.
    let before = app.get("auditor", "/v1/dashboard/channel-funnel?period=2013-03&unit=JC").await.expect(200);
    assert_eq!(before[0]["planned_closing_rate"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_of_leads_is_told_to_whoever_keeps_a_copy() {
    let app = writers().await;
    let [all_of_it, screen] = [now(&app, "group").await, now(&app, "wall").await];
    let of_leads = async |login: &str, cursor: &str| {
        let mut told = told(&app, login, cursor).await;
        told.retain(|one| one.starts_with("channel-funnel"));
        told
    };
    for person in ["Q01", "Q02"] {
        write(&app, person, 5, &[(PHONE, all([1, 1, 1, 1, 1]))]).await;
    }
    // Of two people nobody is told when they write, but who may read of them.
    assert_eq!(of_leads("group", &all_of_it).await, ["channel-funnel 2016-01/N1 changed"]);
    assert!(of_leads("wall", &screen).await.is_empty());
    write(&app, "Q03", 5, &[(PHONE, all([1, 1, 1, 1, 1]))]).await;
    assert_eq!(of_leads("wall", &screen).await, ["channel-funnel 2016-01/N1 changed"]);
    let [all_of_it, screen] = [now(&app, "group").await, now(&app, "wall").await];
    // With the same again, and with another number that is not of leads, nothing has changed.
    let same = json!({"counts": {"first_visits": 9}, "leads": [{"channel": "phone_web", "source": "autohome", "leads": 1, "visitors": 1,
        "test_drives": 1, "orders": 1, "deliveries": 1}]});
    app.send(As::Login("q03"), Method::PUT, "/v1/daily-sheets/2016-01-05", Some(same)).await.expect(200);
    assert!(of_leads("group", &all_of_it).await.is_empty());
    // Who is no longer known is told, too: the sum is withheld now.
    write(&app, "Q03", 5, &[]).await;
    assert_eq!(of_leads("wall", &screen).await, ["channel-funnel 2016-01/N1 changed"]);
}
