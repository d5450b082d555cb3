//! Levers against values computed by hand, and against trying everything without any of the search's short cuts.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;
use std::thread;

use rust_decimal::Decimal;
use serde_json::Value as Json;

use super::answer::{EdgeKind, Lever, Levers, SearchedSteps};
use super::find;
use crate::decimal;
use crate::ledger::metric::{Direction, Metric, MetricId};
use crate::ledger::month::{MonthFacts, Value};
use crate::rules::bundle::{Bundle, Files, Scheme};
use crate::rules::check::Argument;
use crate::rules::memo::Memo;
use crate::rules::scoring::Scored;

static RULES: LazyLock<Bundle> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    Bundle::load(&folder).unwrap_or_else(|findings| panic!("{findings:#?}"))
});

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// The demonstration's reviews of a month: scheme, 工号, facts.
fn demonstration(period: &str) -> Vec<(&'static Scheme, String, MonthFacts)> {
    let mut reviews = Vec::new();
    for scheme in RULES.schemes.values() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/exact");
        let text = std::fs::read_to_string(folder.join(format!("{}.jsonl", scheme.name))).unwrap();
        for line in text.lines() {
            let line: Json = serde_json::from_str(line).unwrap();
            let who = line["input"]["employee_no"].as_str().unwrap().to_owned();
            if !who.starts_with(['A', 'T']) || line["input"]["period"] != period {
                continue;
            }
            let given = line["input"]["facts"].as_object().unwrap().iter().filter_map(|(name, value)| {
                let value = decimal::parse(value.as_number()?.as_str()).unwrap();
                Some((RULES.catalogue.find(name).unwrap(), value))
            });
            reviews.push((scheme, who, MonthFacts::complete(&RULES.catalogue, given)));
        }
    }
    reviews
}

fn lever<'a>(levers: &'a Levers, metric: &str) -> &'a Lever {
    levers
        .levers
        .iter()
        .find(|lever| lever.metric == metric)
        .unwrap_or_else(|| panic!("{metric}: {levers:#?}"))
}

#[test]
fn a06_in_march_equals_what_is_computed_by_hand() {
    let march = demonstration("2014-03");
    let (scheme, _, facts) =
        march.iter().find(|(scheme, who, _)| who == "A06" && scheme.name == "sales_consultant").unwrap();
    let levers = find(1, &RULES, scheme, facts.clone(), super::SEARCHED);
    assert_eq!((levers.total, levers.final_grade.as_str()), (Some(dec("72.29")), "C"));

    // 33 of 43 captured. 36/43 = 83.7 %, 37/43 = 86.0 % ≥ 85 %: 5 points instead of 3.3488. 6 orders of 37 instead of
    // 33: 2.0721 instead of 2.7273. With 2.1296 for test drives 9.2017 instead of 8.2057: 9.20 − 8.21.
    let captured = lever(&levers, "captured_leads").next_edge.as_ref().unwrap();
    assert_eq!((captured.steps, captured.to, captured.change), (4, dec("37"), dec("4")));
    assert_eq!((captured.kind, captured.rule.as_str()), (EdgeKind::Edge, "20_funnel_kpi"));
    assert_eq!((captured.edge.as_deref(), captured.points_gained), (Some("85%"), Some(dec("0.99"))));
    assert!(captured.reason_now.as_ref().unwrap().contains("33/43 = 76.7%"));
    assert_eq!(captured.reason_then.as_deref(), Some("留档率 37/43 = 86%，达到 85%，得 5 分"));

    // 19 of 36 test drives. 25/36 = 69.4 %: 4.9074, so 10.98 instead of 8.21 and a total of 75.06; 26/36 reaches 70 %.
    let drives = lever(&levers, "test_drives");
    let (edge, grade) = (drives.next_edge.as_ref().unwrap(), drives.next_grade.as_ref().unwrap());
    assert_eq!((edge.steps, edge.to, edge.points_gained), (7, dec("26"), Some(dec("2.87"))));
    assert_eq!((grade.steps, grade.to, grade.total), (6, dec("25"), Some(dec("75.06"))));
    assert_eq!((grade.final_grade.as_str(), grade.points_gained), ("B", Some(dec("2.77"))));

    // 6 of 33 ordered: 9/33 = 27.3 % is the first at 25 % or more.
    let orders = lever(&levers, "orders").next_edge.as_ref().unwrap();
    assert_eq!((orders.steps, orders.to, orders.points_gained), (3, dec("9"), Some(dec("2.27"))));

    // 11 of 13 delivered: no edge is left, and one more gives 23.08 instead of 21.15, but 4.33 instead of 5.31 in rule 40.
    let deliveries = lever(&levers, "deliveries");
    let gain = deliveries.next_edge.as_ref().unwrap();
    assert_eq!((gain.kind, gain.steps, gain.points_gained), (EdgeKind::Points, 1, Some(dec("0.95"))));
    assert_eq!((gain.rule.as_str(), gain.edge.as_ref()), ("10_sales_attainment", None));
    // 15 of 13: 25 points, 3 of bonus, and 2.49 in rule 40: 73.32 + 3.
    let grade = deliveries.next_grade.as_ref().unwrap();
    assert_eq!((grade.steps, grade.to, grade.total), (4, dec("15"), Some(dec("76.32"))));

    // One complaint and one punch missed: nobody is told to complain less, and two punches are free anyway.
    let named = levers.levers.iter().map(|lever| lever.metric.as_str()).collect::<Vec<_>>();
    for other in
        ["complaints_minor", "missed_punches", "first_visits", "visitors", "deliveries_target", "late"]
    {
        assert!(!named.contains(&other), "{other}: {named:?}");
    }
    assert_eq!(levers.pairs.len(), 0, "one input alone reaches the next grade");
    let efforts = levers.levers.iter().map(Lever::effort).collect::<Vec<_>>();
    assert!(efforts.is_sorted());
}

/// Everything of a metric that the search may use, read anew from the scheme.
fn inputs<'a>(
    bundle: &'a Bundle,
    scheme: &Scheme,
    facts: &MonthFacts,
) -> Vec<(MetricId, &'a Metric, Decimal)> {
    let is_read = |id: MetricId| {
        let arguments = scheme.rules.iter().flat_map(|rule| &rule.arguments);
        arguments.into_iter().any(|(_, argument)| matches!(argument, Argument::Metric(read) if *read == id))
    };
    let influenced = bundle.catalogue.entries().filter(|(id, metric)| metric.influence && is_read(*id));
    influenced.filter_map(|(id, metric)| Some((id, metric, facts.number(id)?))).collect()
}

/// The value `steps` away, if there is one: no bound in the shipped catalogue lies between two steps.
fn value(metric: &Metric, from: Decimal, steps: u32) -> Option<Decimal> {
    let distance = metric.step * Decimal::from(steps);
    let to = match metric.direction {
        Direction::Up => from + distance,
        Direction::Down => from - distance,
        Direction::None => panic!("no influenced metric of the shipped catalogue is without a direction"),
    };
    metric.check(to).is_ok().then_some(to)
}

/// Edges of the published tables (docs/DOMAIN.md, "The default schemes") that these facts reach, item by item.
fn edges(scheme: &Scheme, facts: &MonthFacts) -> Vec<usize> {
    let number = |name: &str| facts.number(RULES.catalogue.find(name).unwrap());
    let share = |n: &str, d: &str, least: u32, edges: &[&str]| {
        let (Some(n), Some(d)) = (number(n), number(d)) else { return 0 };
        if d.is_zero() || d < Decimal::from(least) {
            return 0;
        }
        edges.iter().filter(|edge| n >= dec(edge) * d).count()
    };
    let fewer = |n: &str, d: &str, least: u32, edges: &[&str]| {
        let (Some(n), Some(d)) = (number(n), number(d)) else { return 0 };
        if d.is_zero() || d < Decimal::from(least) {
            return 0;
        }
        edges.iter().filter(|edge| n <= dec(edge) * d).count()
    };
    let plain =
        |v: &str, edges: &[&str]| number(v).map_or(0, |v| edges.iter().filter(|edge| v >= dec(edge)).count());
    match scheme.name.as_str() {
        "sales_consultant" => {
            let attendance = number("scheduled_days").map_or(0, |scheduled| {
                let away = number("personal_leave_days").unwrap() + number("absent_days").unwrap();
                usize::from(scheduled - away >= dec("0.90") * scheduled)
            });
            vec![
                share("deliveries", "deliveries_target", 0, &["0.6"]),
                share("captured_leads", "first_visits", 10, &["0.60", "0.85"]),
                share("test_drives", "visitors", 10, &["0.40", "0.70"]),
                share("orders", "captured_leads", 10, &["0.10", "0.25"]),
                share("callbacks_done", "callbacks_planned", 5, &["0.60", "0.95"]),
                share("second_follow_ups", "refused", 5, &["0.50", "0.90"]),
                plain("active_prospects", &["0", "60"]),
                share("accessory_revenue", "deliveries", 0, &["0", "2500"]),
                share("insurance_policies", "deliveries", 0, &["0.50", "0.80"]),
                share("loans", "deliveries", 0, &["0.10", "0.30"]),
                attendance,
                fewer("five_s_failures", "five_s_checks", 20, &["0.10", "0"]),
                plain("exam_score", &["0", "100"]),
                fewer("document_errors", "documents", 0, &["0.05", "0"]),
                plain("attitude_rating", &["1", "5"]),
                share("reports_on_time", "reports_due", 0, &["0.50", "1.00"]),
            ]
        }
        "telesales_specialist" => vec![
            share("leads_followed_24h", "raw_leads", 0, &["0.70", "0.95"]),
            share("valid_leads", "raw_leads", 0, &["0.30", "0.50"]),
            share("invited_arrivals", "valid_leads", 0, &["0.15", "0.25"]),
            share("arrival_orders", "invited_arrivals", 0, &["0.15", "0.30"]),
        ],
        _ => Vec::new(),
    }
}

fn with(facts: &MonthFacts, changes: &[(MetricId, Decimal)]) -> MonthFacts {
    let mut facts = facts.clone();
    for (id, to) in changes {
        facts.set(*id, Value::Given(*to));
    }
    facts
}

/// What is never larger than what, of the shipped catalogue.
const NEVER_LARGER: [(&str, &str); 8] = [
    ("captured_leads", "first_visits"),
    ("second_follow_ups", "refused"),
    ("five_s_failures", "five_s_checks"),
    ("reports_on_time", "reports_due"),
    ("reports_reviewed_24h", "reports_to_review"),
    ("leads_followed_24h", "raw_leads"),
    ("valid_leads", "raw_leads"),
    ("arrival_orders", "invited_arrivals"),
];

/// Whether changed inputs can be what they are: of 120 reports no more than 120 are reviewed.
fn can_be(facts: &MonthFacts, changed: &[MetricId]) -> bool {
    NEVER_LARGER.iter().all(|(name, most)| {
        let [id, most] = [name, most].map(|name| RULES.catalogue.find(name).unwrap());
        let is_concerned = changed.contains(&id) || changed.contains(&most);
        let both = facts.number(id).zip(facts.number(most));
        !is_concerned || both.is_none_or(|(value, most)| value <= most)
    })
}

fn rank(scheme: &Scheme, scored: &Scored) -> Option<usize> {
    scheme.file.grade.iter().position(|band| band.name == scored.final_grade)
}

fn is_better(scheme: &Scheme, then: &Scored, now: &Scored) -> bool {
    matches!((rank(scheme, then), rank(scheme, now)), (Some(then), Some(now)) if then < now)
}

/// Steps, value, total and final grade of a change.
type Change = (u32, Decimal, Option<Decimal>, String);

/// The next edge and the next grade of every input, by scoring everything at every step.
fn brute_singles(
    scheme: &Scheme,
    facts: &MonthFacts,
    most: u32,
) -> BTreeMap<String, (Option<Change>, Option<Change>)> {
    let mut memo = Memo::new(scheme);
    let now = scheme.score_traced(facts, &mut memo).0;
    let edges_now = edges(scheme, facts);
    let mut found = BTreeMap::new();
    for (id, metric, from) in inputs(&RULES, scheme, facts) {
        let (mut edge, mut gain, mut grade) = (None, None, None);
        for steps in 1..=most {
            let Some(to) = value(metric, from, steps) else { continue };
            let then_facts = with(facts, &[(id, to)]);
            if !can_be(&then_facts, &[id]) {
                continue;
            }
            let then = scheme.score_traced(&then_facts, &mut memo).0;
            let change = || (steps, to, then.total, then.final_grade.clone());
            let edges_then = edges(scheme, &then_facts);
            if then.total >= now.total && edges_then.iter().zip(&edges_now).any(|(then, now)| then > now) {
                edge.get_or_insert_with(change);
            }
            if then.total > now.total {
                gain.get_or_insert_with(change);
            }
            if is_better(scheme, &then, &now) {
                grade.get_or_insert_with(change);
            }
        }
        let edge = edge.or(gain);
        if edge.is_some() || grade.is_some() {
            found.insert(metric.name.clone(), (edge, grade));
        }
    }
    found
}

/// Does some work for every review of some months, on threads with the stack that scripts are given.
fn for_all(months: &[&str], work: impl Fn(&str, &Scheme, &MonthFacts) + Sync) {
    let reviews = months.iter().flat_map(|month| {
        demonstration(month)
            .into_iter()
            .map(move |(scheme, who, facts)| (format!("{who} {month}"), scheme, facts))
    });
    let reviews = reviews.collect::<Vec<_>>();
    thread::scope(|scope| {
        for part in reviews.chunks(reviews.len().div_ceil(2)) {
            let work = &work;
            thread::Builder::new()
                .stack_size(crate::rules::sandbox::STACK_SIZE)
                .spawn_scoped(scope, move || {
                    part.iter().for_each(|(what, scheme, facts)| work(what, scheme, facts))
                })
                .unwrap();
        }
    });
}

#[test]
fn every_lever_of_a_month_is_what_trying_everything_finds() {
    let searched = SearchedSteps { single: 90, pair: 2 };
    for_all(&["2014-03", "2014-09", "2014-11"], |what, scheme, facts| {
        let levers = find(1, &RULES, scheme, facts.clone(), searched);
        let found = levers.levers.iter().map(|lever| {
            let edge = lever.next_edge.as_ref();
            let edge = edge.map(|edge| (edge.steps, edge.to, edge.total, edge.final_grade.clone()));
            let grade = lever.next_grade.as_ref();
            let grade = grade.map(|grade| (grade.steps, grade.to, grade.total, grade.final_grade.clone()));
            (lever.metric.clone(), (edge, grade))
        });
        assert_eq!(found.collect::<BTreeMap<_, _>>(), brute_singles(scheme, facts, 90), "{what}");
        for lever in &levers.levers {
            let gained = lever.next_edge.as_ref().map(|edge| (edge.total, edge.points_gained));
            if let Some((Some(total), Some(gained))) = gained {
                assert_eq!(total - gained, levers.total.unwrap(), "{what}");
            }
        }
    });
}

/// Metrics with steps, both steps, total and final grade of a pair.
type PairFound = ([(String, u32); 2], u32, Option<Decimal>, String);

/// The best split of every two inputs, by scoring everything at every combination; the ten with the fewest steps.
fn brute_pairs(scheme: &Scheme, facts: &MonthFacts, most: u32) -> Vec<PairFound> {
    let mut memo = Memo::new(scheme);
    let now = scheme.score_traced(facts, &mut memo).0;
    let inputs = inputs(&RULES, scheme, facts);
    let mut found = Vec::<PairFound>::new();
    for (place, (id, metric, from)) in inputs.iter().enumerate() {
        for (other_id, other, other_from) in inputs.iter().skip(place + 1) {
            let mut best = None::<PairFound>;
            for steps in 1..most {
                for other_steps in 1..=most - steps {
                    let (Some(to), Some(other_to)) =
                        (value(metric, *from, steps), value(other, *other_from, other_steps))
                    else {
                        continue;
                    };
                    let then_facts = with(facts, &[(*id, to), (*other_id, other_to)]);
                    if !can_be(&then_facts, &[*id, *other_id]) {
                        continue;
                    }
                    let then = scheme.score_traced(&then_facts, &mut memo).0;
                    let both = steps + other_steps;
                    let is_less = best.as_ref().is_none_or(|(_, least, total, _)| {
                        both < *least || both == *least && then.total > *total
                    });
                    if is_better(scheme, &then, &now) && is_less {
                        let names = [(metric.name.clone(), steps), (other.name.clone(), other_steps)];
                        best = Some((names, both, then.total, then.final_grade.clone()));
                    }
                }
            }
            found.extend(best);
        }
    }
    found.sort_by(|one, other| one.1.cmp(&other.1).then(other.2.cmp(&one.2)));
    found.truncate(10);
    found
}

#[test]
fn every_pair_is_what_trying_everything_finds() {
    let searched = SearchedSteps { single: 2, pair: 9 };
    let with_pairs = std::sync::atomic::AtomicUsize::new(0);
    for_all(&["2014-03"], |what, scheme, facts| {
        let levers = find(1, &RULES, scheme, facts.clone(), searched);
        let found = levers.pairs.iter().map(|pair| {
            let [one, other] = pair.changes.as_slice() else { panic!("{pair:?}") };
            assert_eq!(one.steps + other.steps, pair.steps);
            let names = [(one.metric.clone(), one.steps), (other.metric.clone(), other.steps)];
            (names, pair.steps, pair.total, pair.final_grade.clone())
        });
        let found = found.collect::<Vec<_>>();
        let is_alone_enough = levers.levers.iter().any(|lever| lever.next_grade.is_some());
        let expected = if is_alone_enough { Vec::new() } else { brute_pairs(scheme, facts, searched.pair) };
        assert_eq!(found, expected, "{what}");
        with_pairs.fetch_add(usize::from(!found.is_empty()), std::sync::atomic::Ordering::Relaxed);
    });
    assert!(with_pairs.into_inner() >= 3, "the month has enough reviews that need two");
}

#[test]
fn a_veto_that_stands_is_not_talked_away() {
    // September: A10 has a major complaint and is capped at C, whatever else is done; the levers of the total remain.
    let september = demonstration("2014-09");
    let (scheme, _, facts) = september.iter().find(|(_, who, _)| who == "A10").unwrap();
    let levers = find(1, &RULES, scheme, facts.clone(), super::SEARCHED);
    assert_eq!((levers.grade.as_deref(), levers.final_grade.as_str()), (Some("B"), "C"));
    assert!(levers.levers.len() > 3);
    assert!(levers.levers.iter().all(|lever| lever.next_grade.is_none()), "{levers:#?}");
    assert_eq!(levers.pairs.len(), 0);
}

const CATALOGUE: &str = r#"
[[source]]
name = "dms"
zh = "销售系统"
en = "DMS"
"#;

/// A bundle with one scheme of one rule of 10 points a script, which read metrics of their own making.
fn bundle(metrics: &[(&str, &str)], scripts: &[&str]) -> Bundle {
    let mut catalogue = CATALOGUE.to_owned();
    for (name, more) in metrics {
        catalogue += &format!(
            "[[metric]]\nname = \"{name}\"\nzh = \"{name}\"\nen = \"{name}\"\nunit = \"\"\nkind = \"count\"\ninfluence = true\nstep = 1\n{more}\n"
        );
    }
    let mut scheme =
        "title = { zh = \"甲\", en = \"A\" }\nposition = \"clerk\"\ntotal_cap = 105\nmin_applicable = 0\n"
            .to_owned();
    let mut files = Files::new();
    for (index, script) in scripts.iter().enumerate() {
        scheme += &format!("[[rule]]\nid = \"{index}\"\nzh = \"规则\"\nen = \"Rule\"\nmax = 10\n");
        files.insert(format!("a/{index}.rhai"), script.as_bytes().to_vec());
    }
    scheme += "[[grade]]\nname = \"A\"\nmin = 80\ncoefficient = 1\n[[grade]]\nname = \"B\"\nmin = 0\ncoefficient = 0.5\n";
    files.insert("metrics.toml".to_owned(), catalogue.into());
    files.insert("a/scheme.toml".to_owned(), scheme.into());
    Bundle::compile(files).unwrap_or_else(|findings| panic!("{findings:#?}"))
}

fn levers(bundle: &Bundle, given: &[(&str, Value)]) -> Levers {
    let mut facts = MonthFacts::complete(&bundle.catalogue, []);
    for (name, value) in given {
        facts.set(bundle.catalogue.find(name).unwrap(), *value);
    }
    find(1, bundle, &bundle.schemes["a"], facts, SearchedSteps { single: 50, pair: 20 })
}

fn given(value: i64) -> Value {
    Value::Given(value.into())
}

/// The steps of the next edge and the edge, of every lever.
fn edges_of(levers: &Levers) -> Vec<(&str, u32, Option<&str>)> {
    let edges = levers.levers.iter().filter_map(|lever| {
        let edge = lever.next_edge.as_ref()?;
        Some((lever.metric.as_str(), edge.steps, edge.edge.as_deref()))
    });
    edges.collect()
}

const UP: &str = "missing = \"na\"\ndirection = \"up\"";
const DOWN: &str = "missing = \"zero\"\nsource = \"dms\"\ndirection = \"down\"";
const EITHER: &str = "missing = \"na\"\ndirection = \"none\"";

#[test]
fn bands_less_is_better_and_either_way_have_their_edges() {
    let rules = bundle(
        &[("calls", UP), ("faults", DOWN), ("gap", EITHER)],
        &[
            "fn score(calls) { item(10, band(calls, [[10, 3], [20, 7], [30, 10]]), \"电话\"); scaled() }",
            "fn score(faults) { item(10, lin(faults, 8, 2, 10), \"差错\"); scaled() }",
            "fn score(gap) { if reaches(abs(gap - 10), 4) { 2 } else { 9 } }",
        ],
    );
    let now = levers(&rules, &[("calls", given(14)), ("faults", given(5)), ("gap", given(3))]);
    // 14 calls to 20; 5 faults to 2, with 8 behind them. A gap of 3 is 7 away from 10, which is given only 2 points;
    // 7 is near enough for 9, and no edge of reaches is on that side.
    assert_eq!(edges_of(&now), [("faults", 3, Some("2")), ("gap", 4, None), ("calls", 6, Some("20"))]);
    let far = levers(&rules, &[("calls", given(30)), ("faults", given(11)), ("gap", given(16))]);
    // Nothing is left of the calls; 11 faults to 8 is an edge though it gives no point yet; 16 comes down to 13.
    assert_eq!(edges_of(&far), [("gap", 3, None), ("faults", 3, Some("8"))]);
    let fault = far.levers.iter().find(|lever| lever.metric == "faults").unwrap();
    assert_eq!(fault.next_edge.as_ref().unwrap().points_gained, Some(Decimal::ZERO));
    let gap = far.levers.iter().find(|lever| lever.metric == "gap").unwrap();
    assert_eq!(gap.next_edge.as_ref().unwrap().change, dec("-3"));
}

#[test]
fn calls_of_one_line_are_told_apart() {
    let rules = bundle(
        &[("a", UP), ("b", UP)],
        &["fn score(a, b) { part(a); part(b); scaled() }\nfn part(v) { item(5, lin(v, 0, 10, 5), \"项\"); }"],
    );
    let levers = levers(&rules, &[("a", given(10)), ("b", given(6))]);
    assert_eq!(edges_of(&levers), [("b", 4, Some("10"))]);
    let then = levers.levers[0].next_edge.as_ref().unwrap();
    assert_eq!(then.reason_now.as_deref(), Some("项 6，在 0 与 10 之间，得 3 分"));
    assert_eq!(then.reason_then.as_deref(), Some("项 10，达到 10，得 5 分"));
}

#[test]
fn an_edge_that_costs_more_than_it_gives_is_none() {
    let rules = bundle(
        &[("a", UP)],
        &[
            "fn score(a) { item(10, lin(a, 0, 10, 10), \"一\"); scaled() }",
            "fn score(a) { if a >= 10 { 0 } else { 10 } }",
        ],
    );
    // 9 to 10 reaches the edge, and loses 10 points of the other rule for the one it gains.
    let levers = levers(&rules, &[("a", given(9))]);
    assert_eq!(edges_of(&levers), []);
}

#[test]
fn what_is_not_known_is_not_changed_and_who_needs_attention_has_no_next_grade() {
    let rules = bundle(
        &[("a", UP), ("b", UP), ("late", DOWN)],
        &[
            "fn score(a, b) { item(10, lin(a, 0, 10, 10), \"甲\"); item(5, lin(b, 0, 10, 5), \"乙\"); scaled(10) }",
            "fn score(late) { deduct(late, \"迟到\"); remaining() }",
        ],
    );
    let known = levers(&rules, &[("a", given(2))]);
    assert_eq!(edges_of(&known), [("a", 8, Some("10"))]);
    assert_eq!(
        lever(&known, "a").next_grade.as_ref().map(|grade| grade.steps),
        Some(4),
        "(6 + 10) of 20 is 80"
    );
    let outstanding = levers(&rules, &[("a", given(2)), ("late", Value::Unreported)]);
    assert_eq!((outstanding.total, outstanding.final_grade.as_str()), (None, "NR"));
    assert_eq!(edges_of(&outstanding), [("a", 8, Some("10"))]);
    let lever = lever(&outstanding, "a");
    assert!(lever.next_grade.is_none() && lever.next_edge.as_ref().unwrap().points_gained.is_none());
    assert_eq!(outstanding.pairs.len(), 0);
}

#[test]
fn two_inputs_share_the_effort() {
    let rules = bundle(
        &[
            ("a", "missing = \"na\"\ndirection = \"up\"\nmax = 7"),
            ("b", "missing = \"na\"\ndirection = \"up\"\nmax = 9"),
        ],
        &["fn score(a) { a }", "fn score(b) { b }"],
    );
    // 80 of 100 is 16 of 20: from 3 and 4, alone neither 7 + 4 nor 3 + 9 does, and together only both bounds do.
    let levers = levers(&rules, &[("a", given(3)), ("b", given(4))]);
    assert!(levers.levers.iter().all(|lever| lever.next_grade.is_none()));
    let [pair] = levers.pairs.as_slice() else { panic!("{:#?}", levers.pairs) };
    let changes = pair.changes.iter().map(|change| (change.metric.as_str(), change.to)).collect::<Vec<_>>();
    assert_eq!(changes, [("a", dec("7")), ("b", dec("9"))]);
    assert_eq!((pair.steps, pair.total, pair.final_grade.as_str()), (9, Some(dec("80")), "A"));
}
