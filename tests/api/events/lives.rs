//! Random lives of events: whatever is reported, verified and rejected in whichever order, the ledger has what the events
//! that stand come to.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{NOW, event, facts, reject, totals, verify};
use crate::support::TestApp;

/// A small generator of its own, so that a run can be repeated by its seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        // Knuth's MMIX constants.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }
}

/// An event as the test knows it: what it would give, and who has done what.
struct Known {
    id: i64,
    login: &'static str,
    employee_no: &'static str,
    day: u64,
    kind: &'static str,
    needed: usize,
    gives: Vec<(&'static str, Decimal)>,
    verifiers: BTreeSet<&'static str>,
    is_rejected: bool,
}

impl Known {
    fn stands(&self) -> bool {
        !self.is_rejected && self.verifiers.len() >= self.needed
    }
}

const PEOPLE: [&str; 3] = ["A02", "A03", "A04"];
const DECIDERS: [&str; 4] = ["manager", "gm", "hr", "group"];

/// A random event: its reporter, kind, what is said of it, what it gives, and how many it needs.
fn random(dice: &mut Dice) -> (&'static str, &'static str, Value, Vec<(&'static str, Decimal)>, usize) {
    let n = |value: u64| Decimal::from(value);
    let halves = dice.below(4) + 1;
    let count = dice.below(3) + 1;
    match dice.below(8) {
        0 => ("hr", "late", json!({"count": count}), vec![("late", n(count))], 1),
        1 => {
            let days = Decimal::from(halves) / Decimal::TWO;
            let detail =
                serde_json::from_str(&format!(r#"{{"days": {}.{}}}"#, halves / 2, halves % 2 * 5)).unwrap();
            ("hr", "absence", detail, vec![("absent_days", days)], 2)
        }
        2 => ("hr", "missed_punch", json!({"count": count}), vec![("missed_punches", n(count))], 1),
        3 => ("hr", "punch_correction", json!({}), vec![("missed_punches", -Decimal::ONE)], 1),
        4 => {
            let results = (0..dice.below(6) + 1).map(|_| dice.one_of(&["ok", "failed", "repeated"]));
            let results = results.collect::<Vec<_>>();
            let of = |which: &[&str]| {
                Decimal::from(results.iter().filter(|result| which.contains(result)).count())
            };
            let gives = vec![
                ("five_s_checks", of(&["ok", "failed", "repeated"])),
                ("five_s_failures", of(&["failed", "repeated"])),
                ("five_s_repeats", of(&["repeated"])),
            ];
            let items = results.iter().enumerate();
            let items = items.map(|(at, result)| json!({"name": at.to_string(), "result": result}));
            (
                dice.one_of(&["supervisor", "leader"]),
                "inspection",
                json!({"items": items.collect::<Vec<_>>()}),
                gives,
                1,
            )
        }
        5 => {
            let severity = dice.one_of(&["minor", "serious", "major"]);
            let liability = dice.one_of(&["responsible", "not_responsible"]);
            let hours = dice.below(49);
            let metric = match severity {
                "minor" => "complaints_minor",
                "serious" => "complaints_serious",
                _ => "complaints_major",
            };
            let mut gives = vec![(metric, Decimal::ONE)];
            if hours > 24 {
                gives.push(("complaints_slow", Decimal::ONE));
            }
            let is_responsible = liability == "responsible";
            if !is_responsible {
                gives.clear();
            }
            let needed = if is_responsible && severity == "major" { 2 } else { 1 };
            let detail = json!({"severity": severity, "liability": liability, "response_hours": hours});
            ("service", "complaint", detail, gives, needed)
        }
        6 => {
            let score = dice.below(101);
            (
                dice.one_of(&["hr", "group"]),
                "exam",
                json!({"score": score}),
                vec![("exam_score", n(score))],
                1,
            )
        }
        _ => {
            let rating = dice.below(5) + 1;
            let gives = vec![("attitude_rating", n(rating))];
            (dice.one_of(&["leader", "manager"]), "attitude_rating", json!({"rating": rating}), gives, 1)
        }
    }
}

fn cut_mean(points: &[Decimal]) -> Decimal {
    let sum: Decimal = points.iter().sum();
    (sum / Decimal::from(points.len())).trunc_with_scale(18).normalize()
}

/// What a person's month comes to by the events that stand.
fn expected(events: &[Known], employee_no: &str) -> BTreeMap<String, Decimal> {
    let standing = events.iter().filter(|event| event.employee_no == employee_no && event.stands());
    let standing = standing.collect::<Vec<_>>();
    let mut sums = BTreeMap::<String, Decimal>::new();
    for event in standing.iter().filter(|event| !matches!(event.kind, "exam" | "attitude_rating")) {
        for (metric, value) in &event.gives {
            *sums.entry((*metric).to_owned()).or_default() += value;
        }
    }
    let points = |kind: &str| standing.iter().filter(|event| event.kind == kind).copied().collect::<Vec<_>>();
    let exams = points("exam").iter().map(|event| event.gives[0].1).collect::<Vec<_>>();
    if !exams.is_empty() {
        sums.insert("exam_score".to_owned(), cut_mean(&exams));
    }
    let mut latest = BTreeMap::new();
    let mut ratings = points("attitude_rating");
    ratings.sort_by_key(|event| (event.day, event.id));
    for event in ratings {
        latest.insert(event.login, event.gives[0].1);
    }
    if latest.len() > 1 {
        sums.insert("attitude_rating".to_owned(), cut_mean(&latest.into_values().collect::<Vec<_>>()));
    }
    // A correction takes something off what there is: with nothing there it is nothing, and there is never less than none.
    let has_punches = standing.iter().any(|event| event.kind == "missed_punch");
    match sums.get_mut("missed_punches") {
        Some(value) if has_punches => *value = (*value).max(Decimal::ZERO),
        _ => drop(sums.remove("missed_punches")),
    }
    sums
}

async fn known(app: &TestApp, employee_no: &str) -> BTreeMap<String, Decimal> {
    let Value::Object(facts) = facts(app, employee_no).await else { return BTreeMap::new() };
    facts
        .into_iter()
        .map(|(metric, value)| (metric, value.to_string().parse::<Decimal>().unwrap().normalize()))
        .collect()
}

async fn live(seed: u64) {
    let app = TestApp::demo().await.at(NOW);
    let mut dice = Dice(seed);
    let mut events: Vec<Known> = Vec::new();
    for turn in 0..160 {
        if events.is_empty() || dice.below(5) < 2 {
            let (login, kind, detail, gives, needed) = random(&mut dice);
            let employee_no = dice.one_of(&PEOPLE);
            let day = dice.below(31) + 1;
            let mut body = event(kind, employee_no, detail);
            // At most two days are said from it on.
            let day = if kind == "absence" { day.min(30) } else { day };
            body["day"] = json!(format!("2015-01-{day:02}"));
            let id = super::report(&app, login, body).await;
            let verifiers = BTreeSet::new();
            events.push(Known {
                id,
                login,
                employee_no,
                day,
                kind,
                needed,
                gives,
                verifiers,
                is_rejected: false,
            });
        } else {
            let at = usize::try_from(dice.below(events.len() as u64)).unwrap();
            let by = dice.one_of(&DECIDERS);
            let event = &mut events[at];
            let may = by != event.login && !event.is_rejected;
            if dice.below(4) == 0 {
                let answer = reject(&app, by, event.id).await;
                assert_eq!(answer.status == 200, may, "seed {seed} turn {turn}: {:#}", answer.body);
                event.is_rejected |= may;
            } else {
                let may = may && !event.stands() && !event.verifiers.contains(by);
                let answer = verify(&app, by, event.id).await;
                assert_eq!(answer.status == 200, may, "seed {seed} turn {turn}: {:#}", answer.body);
                if may {
                    event.verifiers.insert(by);
                }
            }
        }
        if turn % 16 == 15 {
            for employee_no in PEOPLE {
                let expected = expected(&events, employee_no);
                assert_eq!(known(&app, employee_no).await, expected, "seed {seed} turn {turn} {employee_no}");
                if events.iter().any(|event| event.employee_no == employee_no) {
                    totals(&app, employee_no).await;
                }
            }
        }
    }
    assert!(events.iter().any(Known::stands) && events.iter().any(|event| event.is_rejected));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_has_what_the_events_that_stand_come_to() {
    for seed in 1..=4 {
        live(seed).await;
    }
}
