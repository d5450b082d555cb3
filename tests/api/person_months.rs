//! People's months and the sums of units: whatever is recorded, voided, corrected or accepted, and wherever people are
//! posted, they are what the ledger says.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Date, Integer, Nullable, Numeric, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use rust_decimal::Decimal;
use showfloor::auth::Context;
use showfloor::db::{Pool, pool, sql};
use showfloor::http::Window;
use showfloor::http::{Code, Problem};
use showfloor::ledger::close::corrections::{self, CorrectionDecision, CorrectionQuery};
use showfloor::ledger::person_months::check::{Difference, check, rebuild};
use showfloor::ledger::{self, Entry, Late, ValueOrigin};
use showfloor::period::Period;

use crate::support::{Template, TestApp, database_url};

/// Two stores with two teams each below a group, and six people in the teams.
const ORGANISATION: &str = "
    INSERT INTO org_unit (id, code, name, kind, parent_id, path, store_id, valid_from) OVERRIDING SYSTEM VALUE VALUES
        (1, 'G', '集团', 'group', NULL, '{1}', NULL, '2010-01-01'),
        (2, 'S', '店', 'store', 1, '{1,2}', 2, '2010-01-01'), (3, 'T', '店', 'store', 1, '{1,3}', 3, '2010-01-01'),
        (4, 'S1', '组', 'team', 2, '{1,2,4}', 2, '2010-01-01'), (5, 'S2', '组', 'team', 2, '{1,2,5}', 2, '2010-01-01'),
        (6, 'T1', '组', 'team', 3, '{1,3,6}', 3, '2010-01-01'), (7, 'T2', '组', 'team', 3, '{1,3,7}', 3, '2010-01-01');
    INSERT INTO employee (id, employee_no, name, status) OVERRIDING SYSTEM VALUE
        SELECT n, 'P' || n, '某人', 'active' FROM generate_series(1, 6) n;
    INSERT INTO assignment (employee_id, unit_id, position, valid_from)
        SELECT n, 4 + (n - 1) % 4, 'sales_consultant', '2013-01-01' FROM generate_series(1, 6) n;
    INSERT INTO user_account (login, password_hash, roles, created_at)
        VALUES ('one', 'x', '{}', now()), ('other', 'x', '{}', now())";

const METRICS: [&str; 3] = ["deliveries", "late_count", "accessory_revenue"];
const SYSTEMS: [&str; 5] = ["dms", "import", "event", "punch_correction", "daily_sheet"];
const MONTHS: [&str; 2] = ["2014-03", "2014-04"];

/// Whose value of which metric it is, its day, its record, and the value itself.
type Saying = (i64, usize, Option<u32>, Option<u32>, Option<i64>);

/// One thing that somebody does.
#[derive(Clone, Debug)]
enum Step {
    /// A system says something of some people: person, metric, day, record and value in hundredths.
    Say { system: usize, month: usize, said: Vec<Saying> },
    /// Somebody is posted elsewhere from a day on.
    Post { person: i64, unit: i64, position: usize, day: u32 },
    /// A store's month is frozen.
    Freeze { store: i64, month: usize },
    /// What waits for a decision is accepted.
    Accept,
}

fn step() -> impl Strategy<Value = Step> {
    let said = (
        1..=6_i64,
        0..3_usize,
        proptest::option::of(1..=28_u32),
        proptest::option::weighted(0.3, 0..4_u32),
        proptest::option::weighted(0.8, -500..5_000_i64),
    );
    let say = (0..5_usize, 0..2_usize, proptest::collection::vec(said, 1..6))
        .prop_map(|(system, month, said)| Step::Say { system, month, said });
    let post = (1..=6_i64, 4..=7_i64, 0..2_usize, 0..70_u32)
        .prop_map(|(person, unit, position, day)| Step::Post { person, unit, position, day });
    let freeze = (2..=3_i64, 0..2_usize).prop_map(|(store, month)| Step::Freeze { store, month });
    prop_oneof![12 => say, 4 => post, 1 => freeze, 2 => Just(Step::Accept)]
}

fn period(month: usize) -> Period {
    MONTHS[month].parse().unwrap()
}

/// What a step says, as it is recorded. Records of the same month only: a record has one day.
fn entries(month: usize, said: &[Saying]) -> Vec<Entry> {
    let first = period(month).first_day();
    let entry = |(person, metric, day, record, value): &Saying| Entry {
        employee_id: *person,
        metric: METRICS[*metric].to_owned(),
        value: value.map(|value| Decimal::new(value, 2)),
        day: day.map(|day| first + chrono::Days::new(u64::from(day - 1))),
        external_id: record.map(|record| format!("r{record}")),
        for_store: None,
    };
    said.iter().map(entry).collect()
}

fn now() -> chrono::DateTime<chrono::Utc> {
    "2014-05-15T08:00:00Z".parse().unwrap()
}

async fn take(cx: &mut Context, step: &Step) -> Result<(), Problem> {
    match step {
        Step::Say { system, month, said } => {
            let (period, entries) = (period(*month), entries(*month, said));
            let origin = ValueOrigin {
                source_system: SYSTEMS[*system].to_owned(),
                batch_id: None,
                user_id: None,
                at: now(),
                reason: None,
            };
            cx.transaction(async |cx| {
                ledger::lock_delivery(cx.db(), period, &entries, &origin.source_system, &[]).await?;
                ledger::record(cx.db(), period, &entries, &origin, Late::Keep).await?;
                Ok(())
            })
            .await
        }
        Step::Post { person, unit, position, day } => {
            let from = NaiveDate::from_ymd_opt(2014, 2, 20).unwrap() + chrono::Days::new(u64::from(*day));
            let position = ["sales_consultant", "team_leader"][*position];
            cx.transaction(async |cx| post(cx.db(), *person, *unit, position, from).await).await
        }
        Step::Freeze { store, month } => {
            let period = period(*month);
            let frozen = cx
                .transaction(async |cx| {
                    ledger::close::freeze(cx.db(), *store, period, None, None, now()).await?;
                    Ok(())
                })
                .await;
            frozen.or_else(|problem| if problem.code == Code::Conflict { Ok(()) } else { Err(problem) })
        }
        Step::Accept => {
            let window = Window { after: 0, limit: 1_000 };
            let filter =
                CorrectionQuery { state: Some(corrections::CorrectionState::Pending), ..Default::default() };
            let waiting = corrections::list(cx, &filter, window).await?;
            let ids = waiting.items.iter().map(|one| one.id).collect::<Vec<_>>();
            if ids.is_empty() {
                return Ok(());
            }
            // Whoever proposed something never decides on it: the operator proposed, somebody else decides.
            let decided = sql("UPDATE late_correction SET proposed_by = 1 WHERE state = 'pending'");
            decided.execute(cx.db()).await.unwrap();
            corrections::decide(cx, &CorrectionDecision { ids, accept: true, note: None }).await.map(|_| ())
        }
    }
}

/// Posts somebody from a day on, as the organisation does it: what the person held in that position ends there.
async fn post(
    connection: &mut AsyncPgConnection,
    person: i64,
    unit: i64,
    position: &str,
    from: NaiveDate,
) -> Result<(), Problem> {
    for statement in [
        "SELECT FROM employee WHERE id = $1 AND $2 > 0 AND $3 <> '' AND $4 IS NOT NULL FOR UPDATE",
        "DELETE FROM assignment WHERE employee_id = $1 AND $2 > 0 AND position = $3 AND valid_from >= $4",
        "UPDATE assignment SET valid_to = $4 WHERE employee_id = $1 AND $2 > 0 AND position = $3 \
         AND (valid_to IS NULL OR valid_to > $4)",
        "INSERT INTO assignment (employee_id, unit_id, position, valid_from) VALUES ($1, $2, $3, $4)",
    ] {
        sql(statement)
            .bind::<BigInt, _>(person)
            .bind::<BigInt, _>(unit)
            .bind::<Text, _>(position)
            .bind::<Date, _>(from)
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// A database with the organisation.
async fn organised() -> Pool {
    let pool = pool::open(&database_url(Template::Empty).await, 12).unwrap();
    pool.get().await.unwrap().batch_execute(ORGANISATION).await.unwrap();
    pool
}

async fn differences(pool: &Pool) -> Vec<Difference> {
    let mut cx = Context::operator(pool, now()).await.unwrap();
    check(&mut cx, None).await.unwrap().differences
}

/// A row of the ledger.
#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    employee_id: i64,
    #[diesel(sql_type = Date)]
    period: Period,
    #[diesel(sql_type = Text)]
    metric: String,
    #[diesel(sql_type = Nullable<Numeric>)]
    value: Option<Decimal>,
    #[diesel(sql_type = Text)]
    source_system: String,
    #[diesel(sql_type = Text)]
    place: String,
}

/// A month's value by (month, person, metric).
type Values = BTreeMap<(Period, i64, String), Decimal>;

/// What the months come to, reckoned from the rows in the order in which they came.
async fn reckoned(connection: &mut AsyncPgConnection) -> Values {
    let rows: Vec<Row> =
        sql("SELECT employee_id, period, metric, value, source_system, place FROM fact ORDER BY id")
            .load(connection)
            .await
            .unwrap();
    let rank = |row: &Row| match row.source_system.as_str() {
        "event" => 3,
        "punch_correction" => -1,
        "daily_sheet" => 0,
        _ if row.place.is_empty() => 2,
        _ => 1,
    };
    let mut standing = BTreeMap::new();
    for row in rows {
        let rank = rank(&row);
        standing.insert(((row.period, row.employee_id, row.metric), rank, row.place), row.value);
    }
    let mut ranks = BTreeMap::<_, BTreeMap<i32, Decimal>>::new();
    for ((key, rank, _), value) in standing {
        if let Some(value) = value {
            *ranks.entry(key).or_default().entry(rank).or_default() += value;
        }
    }
    let mut values = Values::new();
    for (key, ranks) in ranks {
        if let Some((_, value)) = ranks.iter().next_back().filter(|(rank, _)| **rank >= 0) {
            let value = match ranks.get(&-1) {
                Some(taken_off) => (*value + taken_off).max(Decimal::ZERO),
                None => *value,
            };
            values.insert(key, value);
        }
    }
    values
}

/// What is kept of the months.
async fn kept(connection: &mut AsyncPgConnection) -> Values {
    #[derive(QueryableByName)]
    struct Kept {
        #[diesel(sql_type = Date)]
        period: Period,
        #[diesel(sql_type = BigInt)]
        employee_id: i64,
        #[diesel(sql_type = Text)]
        metric: String,
        #[diesel(sql_type = Numeric)]
        value: Decimal,
    }
    let kept: Vec<Kept> =
        sql("SELECT period, employee_id, metric, value FROM current_fact").load(connection).await.unwrap();
    kept.into_iter().map(|one| ((one.period, one.employee_id, one.metric), one.value)).collect()
}

/// The sum and the number of people by (month, unit, metric).
type Sums = BTreeMap<(Period, i64, String), (Decimal, i32)>;

/// The sums as they are kept, without those of nobody.
async fn kept_sums(connection: &mut AsyncPgConnection) -> Sums {
    #[derive(QueryableByName)]
    struct Sum {
        #[diesel(sql_type = Date)]
        period: Period,
        #[diesel(sql_type = BigInt)]
        unit_id: i64,
        #[diesel(sql_type = Text)]
        metric: String,
        #[diesel(sql_type = Numeric)]
        value: Decimal,
        #[diesel(sql_type = Integer)]
        known: i32,
    }
    let sums: Vec<Sum> =
        sql("SELECT m.period, m.unit_id, p.metric, m.value[p.place] AS value, m.known[p.place] AS known \
         FROM unit_month m CROSS JOIN metric_place p WHERE m.known[p.place] <> 0 OR m.value[p.place] <> 0")
        .load(connection)
        .await
        .unwrap();
    sums.into_iter().map(|sum| ((sum.period, sum.unit_id, sum.metric), (sum.value, sum.known))).collect()
}

/// The sums of these months by the units for which they count.
async fn summed(connection: &mut AsyncPgConnection, values: &Values) -> Sums {
    #[derive(QueryableByName)]
    struct Held {
        #[diesel(sql_type = BigInt)]
        employee_id: i64,
        #[diesel(sql_type = BigInt)]
        unit_id: i64,
    }
    let mut sums = Sums::new();
    for period in values.keys().map(|(period, ..)| *period).collect::<BTreeSet<_>>() {
        let held: Vec<Held> = sql("SELECT employee_id, unit_id FROM unit_held($1, NULL)")
            .bind::<Date, _>(period)
            .load(connection)
            .await
            .unwrap();
        for ((_, person, metric), value) in values.iter().filter(|((month, ..), _)| *month == period) {
            for held in held.iter().filter(|held| held.employee_id == *person) {
                let sum = sums.entry((period, held.unit_id, metric.clone())).or_default();
                *sum = (sum.0 + value, sum.1 + 1);
            }
        }
    }
    sums
}

#[tokio::test(flavor = "multi_thread")]
async fn after_every_step_what_is_kept_is_what_the_ledger_says() {
    let mut runner = TestRunner::deterministic();
    for run in 0..6 {
        let pool = organised().await;
        let steps = proptest::collection::vec(step(), 40).new_tree(&mut runner).unwrap().current();
        let mut cx = Context::operator(&pool, now()).await.unwrap();
        let mut other = decider(&pool).await;
        for (at, step) in steps.iter().enumerate() {
            let cx = if matches!(step, Step::Accept) { &mut other } else { &mut cx };
            take(cx, step)
                .await
                .unwrap_or_else(|problem| panic!("run {run}, step {at}, {step:?}: {problem:?}"));
            let values = reckoned(cx.db()).await;
            assert_eq!(kept(cx.db()).await, values, "run {run}, after step {at}, {step:?}");
            assert_eq!(
                kept_sums(cx.db()).await,
                summed(cx.db(), &values).await,
                "run {run}, after step {at}, {step:?}"
            );
        }
        assert_eq!(differences(&pool).await, [], "run {run}");
    }
}

/// Somebody who decides on what others proposed.
async fn decider(pool: &Pool) -> Context {
    use showfloor::auth::Identity;
    use showfloor::auth::access_log::AccessLog;
    use showfloor::auth::scope::Scope;
    let identity =
        Identity { user_id: 2, account_version: 1, roles: Vec::new(), employee_id: None, unit_id: None };
    let log = AccessLog::open(pool);
    Context::of((pool, pool::Purpose::Reading), &log, identity, Scope::operator(), now(), Default::default())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_write_at_once_come_to_the_sums_of_what_all_have_written() {
    let mut runner = TestRunner::deterministic();
    let pool = organised().await;
    let writers = (0..8).map(|_| {
        let steps = proptest::collection::vec(step(), 30).new_tree(&mut runner).unwrap().current();
        let pool = pool.clone();
        tokio::spawn(async move {
            let mut cx = Context::operator(&pool, now()).await.unwrap();
            for step in steps {
                // Nobody decides meanwhile, and no month is frozen: everything that is said is written.
                if matches!(step, Step::Accept | Step::Freeze { .. }) {
                    continue;
                }
                match take(&mut cx, &step).await {
                    Ok(()) => {}
                    // Two may post one person at once, or somebody goes on writing: that is said, and never a deadlock.
                    Err(problem) => assert_eq!(problem.code, Code::Conflict, "{step:?}: {problem:?}"),
                }
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let mut cx = Context::operator(&pool, now()).await.unwrap();
    let values = reckoned(cx.db()).await;
    assert!(values.len() > 10, "{values:?}");
    assert_eq!(kept(cx.db()).await, values);
    assert_eq!(kept_sums(cx.db()).await, summed(cx.db(), &values).await);
    assert_eq!(differences(&pool).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn sums_are_shared_without_waiting_in_a_circle() {
    let pool = organised().await;
    // Each of two moves people between two teams, the one from the first to the second, the other back, both within one
    // transaction, and writes the two teams' sums in another order.
    let mut cx = Context::operator(&pool, now()).await.unwrap();
    let said = (1..=6).map(|person| (person, 0, None, None, Some(100 * person))).collect();
    take(&mut cx, &Step::Say { system: 0, month: 0, said }).await.unwrap();
    let movers = [[(1, 6), (5, 4)], [(3, 4), (2, 6)]].map(|moves| {
        let pool = pool.clone();
        tokio::spawn(async move {
            let mut cx = Context::operator(&pool, now()).await.unwrap();
            for round in 0..10 {
                let from = NaiveDate::from_ymd_opt(2014, 2, 1 + round).unwrap();
                cx.transaction(async |cx| {
                    for (person, unit) in moves {
                        let unit = if round % 2 == 0 { unit } else { 9 - unit + 1 };
                        post(cx.db(), person, unit, "sales_consultant", from).await?;
                        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                    }
                    Ok(())
                })
                .await
                .unwrap();
            }
        })
    });
    for mover in movers {
        mover.await.unwrap();
    }
    assert_eq!(differences(&pool).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_differs_is_found_and_made_anew() {
    let app = TestApp::demo().await;
    let mut cx = Context::operator(&app.pool, now()).await.unwrap();
    let checked = check(&mut cx, None).await.unwrap();
    assert!(checked.months >= 12 && checked.people >= 100, "{checked:?}");
    assert_eq!(checked.differences, []);
    let values = reckoned(cx.db()).await;
    assert_eq!(kept(cx.db()).await, values);
    assert_eq!(kept_sums(cx.db()).await, summed(cx.db(), &values).await);
    cx.db()
        .batch_execute(
            "UPDATE person_month SET value = regexp_replace(value, '^\\{[^,}]*', '{99') WHERE period = '2014-03-01' AND employee_id = (SELECT min(id) FROM employee WHERE employee_no = 'A03');
             DELETE FROM person_month WHERE period = '2014-04-01' AND employee_id = (SELECT min(id) FROM employee WHERE employee_no = 'A04');
             UPDATE unit_month SET known[1] = known[1] + 1 WHERE period = '2014-02-01'",
        )
        .await
        .unwrap();
    let found = check(&mut cx, None).await.unwrap().differences;
    let of = |period: &str| {
        let period: Period = period.parse().unwrap();
        found.iter().filter(|one| one.period == period).map(|one| one.of.as_str()).collect::<BTreeSet<_>>()
    };
    assert!(of("2014-03").contains("A03") && of("2014-04").contains("A04"), "{found:?}");
    assert!(!of("2014-02").is_empty() && of("2014-05").is_empty(), "{found:?}");
    assert_eq!(check(&mut cx, Some("2014-05".parse().unwrap())).await.unwrap().differences, []);
    assert_eq!(rebuild(&mut cx, None).await.unwrap().differences, found);
    assert_eq!(differences(&app.pool).await, []);
    assert_eq!(kept(cx.db()).await, values);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_number_is_read_as_it_is_spelt() {
    let pool = organised().await;
    let connection = &mut *pool.get().await.unwrap();
    #[derive(QueryableByName)]
    struct Numbers {
        #[diesel(sql_type = Text)]
        numbers: showfloor::ledger::person_months::Numbers,
        #[diesel(sql_type = Array<Nullable<Numeric>>)]
        plain: Vec<Option<Decimal>>,
        #[diesel(sql_type = Array<Text>)]
        texts: Vec<String>,
    }
    let texts = [
        "0",
        "0.00",
        "1",
        "-1",
        "9999",
        "10000",
        "10001.5",
        "0.0001",
        "0.00001",
        "-0.12345678",
        "120000",
        "1e20",
        "123456789012345678.1234567890",
        "-79228162514264337593543950335",
        "0.0000000000000000000000000001",
        "40000.50",
        "100000000.00",
    ];
    let read: Numbers = sql("SELECT $1::numeric[]::text AS numbers, $1::numeric[] AS plain, \
             ARRAY(SELECT coalesce(n.number::text, '') FROM unnest($1::numeric[]) WITH ORDINALITY AS n (number, at) ORDER BY at) AS texts")
    .bind::<Text, _>(format!("{{{},NULL}}", texts.join(",")))
    .get_result(connection)
    .await
    .unwrap();
    assert_eq!(read.numbers.0, read.plain);
    let spelt = read.numbers.0.iter().map(|number| number.map_or(String::new(), |number| number.to_string()));
    assert_eq!(spelt.collect::<Vec<_>>(), read.texts);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_is_told_what_differs_and_can_have_it_made_anew() {
    let url = database_url(Template::Demo).await;
    let facts = |command: &str, more: &[&str]| {
        crate::program::run(&[&["facts", command, "--database-url", url.as_str()], more].concat())
    };
    let well = facts("check", &[]);
    assert_eq!((well.status, well.out.lines().count()), (0, 1), "{well:#?}");
    let connection = &mut pool::connect(&url).await.unwrap();
    let spoil = "UPDATE person_month SET value = regexp_replace(value, '^\\{[^,}]*', '{99'), rank = regexp_replace(rank, '^\\{[^,}]*', '{2') \
                 WHERE period = '2014-03-01' AND employee_id = (SELECT id FROM employee WHERE employee_no = 'A03')";
    connection.batch_execute(spoil).await.unwrap();
    let found = facts("check", &["2014-03"]);
    assert_eq!(found.status, 1, "{found:#?}");
    assert!(found.out.contains("A03") && found.out.contains("99 (rank 2)"), "{found:#?}");
    assert_eq!(facts("check", &["2014-04"]).status, 0);
    // The person's value, and the sum of the team that it is in.
    let listed: serde_json::Value = serde_json::from_str(&facts("rebuild", &["--json"]).out).unwrap();
    let of = listed["differences"].as_array().unwrap().iter().map(|one| one["of"].as_str().unwrap());
    assert_eq!(of.filter(|of| *of == "A03").count(), 1, "{listed:#}");
    assert_eq!(facts("check", &[]).status, 0);
    for command in ["check", "rebuild"] {
        let help = crate::program::run(&["facts", command, "--help"]);
        assert!(help.out.contains("Examples") && help.out.contains("  showfloor facts "), "{help:#?}");
    }
}
