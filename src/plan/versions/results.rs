//! What the closed months of a plan brought, for a re-plan: given by who plans, or what the ledger knows. Of whom it knows
//! nothing is refused by name and month, unless who plans says how to count them.

use std::collections::{BTreeSet, HashMap};

use diesel::PgArrayExpressionMethods as _;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::replan::{MissingAs, Results};
use crate::db::schema::org_unit;
use crate::http::{FieldError, Problem};
use crate::ledger::metric::Catalogue;
use crate::org::UnitKind;
use crate::period::Period;
use crate::plan::actuals::known::{KnownYear, Leaf, Standing};
use crate::plan::faults::{listed_twice, no_line};
use crate::plan::split::settings::{CountedResults, MissingResult, ResultSource};
use crate::plan::split::tree::Place;
use crate::plan::split::whole_plan::{Line, WholePlan};
use crate::said::{Said, say};

/// Most of those of whom nothing is known that a refusal names, and that are kept by name for each line.
const NAMED: usize = 100;

/// Whose results are counted, and how.
pub(super) struct Counting {
    pub unit_id: i64,
    pub year: i32,
    /// From this month on, what a month brings is not known yet.
    pub this_month: Period,
    pub missing: Option<MissingAs>,
}

/// What the closed months of each line came to.
///
/// # Errors
///
/// Every field at fault: given results that do not fit, and everybody of whom nothing is known.
pub(super) async fn results(
    connection: &mut AsyncPgConnection,
    catalogue: &Catalogue,
    counting: &Counting,
    given: &[Results],
    whole: &WholePlan,
) -> Result<Vec<CountedResults>, Problem> {
    let faults = faults(given, whole);
    if !faults.is_empty() {
        return Err(Problem::fields(faults));
    }
    let given_of = |line: &Line| given.iter().find(|given| given.metric == line.metric);
    // With no month closed nothing has been brought. Of how many people it is, is asked of what is given, too.
    let asked = whole.lines.iter().filter(|_| whole.closed > 0);
    let metrics: Vec<(String, bool)> = asked.map(|line| (line.metric.clone(), line.is_amount)).collect();
    let planned = whole.shapes.organisation.nodes().iter().filter_map(|node| match node.place {
        Place::Person { employee_id, .. } => Some(employee_id),
        _ => None,
    });
    let place = (counting.unit_id, counting.year);
    let known = KnownYear::load(connection, catalogue, place, &metrics, planned.collect()).await?;
    let stores = stores(connection, counting.unit_id).await?;
    let (mut results, mut faults) = (Vec::with_capacity(whole.lines.len()), Vec::new());
    for line in &whole.lines {
        let fewest_people =
            (0..whole.closed).map(|month| fewest_people(line, whole, month, (&known, &stores)));
        let fewest_people = Some(fewest_people.collect());
        results.push(match given_of(line) {
            Some(given) => CountedResults {
                metric: line.metric.clone(),
                months: given.months.clone(),
                source: ResultSource::Given,
                fewest_people,
                missing: Vec::new(),
                missing_count: 0,
            },
            None => {
                CountedResults { fewest_people, ..known_results(counting, line, whole, &known, &mut faults) }
            }
        });
    }
    let more = faults.len().saturating_sub(NAMED);
    faults.truncate(NAMED);
    if more > 0 {
        faults.push(FieldError::new("results", say!("还有 {more} 处", "and {more} more")));
    }
    if faults.is_empty() { Ok(results) } else { Err(Problem::fields(faults)) }
}

/// What is wrong with results that are given.
fn faults(given: &[Results], whole: &WholePlan) -> Vec<FieldError> {
    let mut faults = Vec::new();
    for (index, results) in given.iter().enumerate() {
        let field = format!("results[{index}]");
        if results.months.len() != whole.closed {
            let message = say!(
                "应为从一月起的 {} 个月，而不是 {} 个",
                "expected {} months, January first, not {}",
                whole.closed,
                results.months.len()
            );
            faults.push(FieldError::new(format!("{field}.months"), message));
        }
        if !whole.lines.iter().any(|line| line.metric == results.metric) {
            faults.push(FieldError::new(format!("{field}.metric"), no_line(&results.metric)));
        }
        if given.iter().take(index).any(|earlier| earlier.metric == results.metric) {
            faults.push(listed_twice(format!("{field}.metric"), &results.metric));
        }
    }
    faults
}

/// What the ledger knows of a line's closed months, with whom it does not know counted by the word of who plans; without
/// one they are added to `faults`.
fn known_results(
    counting: &Counting,
    line: &Line,
    whole: &WholePlan,
    known: &KnownYear,
    faults: &mut Vec<FieldError>,
) -> CountedResults {
    let mut months = Vec::with_capacity(whole.closed);
    let mut missing = Vec::new();
    let mut missing_count = 0;
    for (month, period) in Period::months_of(counting.year).into_iter().enumerate().take(whole.closed) {
        let brought = known.brought(&line.metric, month);
        let values: Vec<i64> = brought.map(|(.., value)| value).collect();
        let mut sum = values.iter().fold(0_i64, |sum, value| sum.saturating_add(*value));
        // By position: how many people they are, and what is counted for them.
        let mut unknown: Vec<(usize, usize, i64)> = Vec::new();
        for (node, leaf) in leaves(line, whole, month) {
            let Standing::Missing(people) = known.standing(&line.metric, &leaf) else { continue };
            let counted = match counting.missing {
                None | Some(MissingAs::Zero) => 0,
                Some(MissingAs::Planned) => left_of(&leaf, &line.metric, known),
            };
            sum = sum.saturating_add(counted);
            unknown.push((node, people.len(), counted));
        }
        if period >= counting.this_month {
            let planned =
                line.cells.organisation.confirmed.as_slice().first().and_then(|root| root.get(month));
            let planned = planned.filter(|_| counting.missing == Some(MissingAs::Planned));
            let more = planned.map_or(0, |planned| planned.saturating_sub(sum).max(0));
            sum = sum.saturating_add(more);
            unknown.push((0, 0, more));
        }
        months.push(sum);
        let place = |node: usize| whole.shapes.organisation.path(node);
        let advised = |what: Said| {
            let advice = say!(
                "请录入；确实没有的，请宣布来源已齐（complete_for）；或在 results 中给出各月；或在 missing 中说明怎么算（zero 按 0，planned 按计划）",
                "deliver the values; where there was nothing, declare their source complete (`complete_for`); or give the months' `results`; \
                 or take it on by the word `missing` (`zero` or `planned`)"
            );
            advice.about(&what)
        };
        match counting.missing {
            None if period >= counting.this_month => {
                let message = advised(say!(
                    "{period} 还没有过完，实绩还不知道",
                    "{period} has not ended, and what it brings is not known"
                ));
                faults.push(FieldError::new("results", message));
            }
            None if values.is_empty() && !unknown.is_empty() => {
                let message = advised(say!(
                    "{period} 没有 {} 的数据",
                    "nothing is known of {} in {period}",
                    line.metric
                ));
                faults.push(FieldError::new("results", message));
            }
            None => faults.extend(unknown.into_iter().map(|(node, people, _)| {
                let metric = &line.metric;
                let message = match people {
                    0 | 1 => {
                        say!("{period} 没有 {metric} 的数据", "nothing is known of {metric} in {period}")
                    }
                    _ => say!(
                        "{period} 没有其中 {people} 个人 {metric} 的数据",
                        "nothing is known of {metric} of {people} people in {period}"
                    ),
                };
                FieldError::new(format!("{} {period}", place(node)), advised(message))
            })),
            Some(_) => {
                missing_count += unknown.len();
                let left = NAMED.saturating_sub(missing.len());
                let named = unknown.into_iter().take(left);
                missing.extend(named.map(|(node, _, counted)| MissingResult {
                    period,
                    place: Some(place(node)),
                    counted,
                }));
            }
        }
    }
    let source = match counting.missing {
        _ if missing_count == 0 => ResultSource::Ledger,
        Some(MissingAs::Planned) => ResultSource::MissingAsPlanned,
        _ => ResultSource::MissingAsZero,
    };
    CountedResults {
        metric: line.metric.clone(),
        months,
        source,
        fewest_people: None,
        missing,
        missing_count,
    }
}

/// The stores at and below a unit.
async fn stores(connection: &mut AsyncPgConnection, unit_id: i64) -> Result<BTreeSet<i64>, Problem> {
    let stores: Vec<i64> = org_unit::table
        .filter(org_unit::path.contains(vec![unit_id]))
        .filter(org_unit::kind.eq(UnitKind::Store))
        .select(org_unit::id)
        .load(connection)
        .await?;
    Ok(stores.into_iter().collect())
}

/// Of how many people a month is recorded in the store, or beside all stores, where they are fewest; where nobody's is known, of how
/// many it could be. Where it is known of some and not of others, planned or not, it counts as known of one: what comes of the next is
/// told by the difference.
fn fewest_people(
    line: &Line,
    whole: &WholePlan,
    month: usize,
    (known, stores): (&KnownYear, &BTreeSet<i64>),
) -> usize {
    // Who is posted in a group itself is what is left of it without its stores.
    let place_of = |unit: i64| {
        let mut above = known.paths().get(&unit).into_iter().flatten();
        above.find(|unit| stores.contains(unit)).copied().unwrap_or(unit)
    };
    let mut recorded: HashMap<i64, usize> = HashMap::new();
    for (unit, person, _) in known.brought(&line.metric, month) {
        let people = known.recorded_people(&line.metric, (unit, person), month);
        *recorded.entry(place_of(unit)).or_default() += people;
    }
    let mut silent: HashMap<i64, BTreeSet<i64>> = HashMap::new();
    for (_, leaf) in leaves(line, whole, month) {
        if let Standing::Missing(people) = known.standing(&line.metric, &leaf) {
            silent.entry(place_of(leaf.unit_id)).or_default().extend(people);
        }
    }
    for (unit, person) in known.silent_sellers(&line.metric, month) {
        silent.entry(place_of(unit)).or_default().insert(person);
    }
    let people_of = |place: &i64| match (recorded.get(place), silent.get(place)) {
        (Some(_), Some(silent)) if !silent.is_empty() => 1,
        (Some(people), _) => *people,
        (None, silent) => silent.map_or(0, BTreeSet::len),
    };
    recorded.keys().chain(silent.keys()).map(people_of).filter(|people| *people > 0).min().unwrap_or(0)
}

/// What a leaf has to bring beyond what is known: of a unit as a whole some of its people may be known.
fn left_of(leaf: &Leaf, metric: &str, known: &KnownYear) -> i64 {
    if leaf.employee_id.is_some() {
        return leaf.target;
    }
    let is_below = |unit: &i64| known.paths().get(unit).is_some_and(|path| path.contains(&leaf.unit_id));
    let brought = known.brought(metric, leaf.month).filter(|(unit, ..)| is_below(unit));
    leaf.target.saturating_sub(brought.map(|(.., value)| value).sum()).max(0)
}

/// The places of a month that nothing is split further below, with their positions: people, and units that the version which
/// governs the month had not split among its people.
fn leaves<'a>(
    line: &'a Line,
    whole: &'a WholePlan,
    month: usize,
) -> impl Iterator<Item = (usize, Leaf)> + 'a {
    let shape = &whole.shapes.organisation;
    let cell = move |node: usize| {
        let row = line.cells.organisation.confirmed.get(node);
        row.and_then(|row| row.get(month)).copied().unwrap_or(0)
    };
    shape.nodes().iter().enumerate().filter_map(move |(at, node)| {
        let target = cell(at);
        let is_split = shape.children(at).iter().any(|child| cell(*child) > 0);
        let (unit_id, employee_id) = match node.place {
            Place::Person { unit_id, employee_id } => (unit_id, Some(employee_id)),
            Place::Unit(unit_id) if !is_split && target > 0 => (unit_id, None),
            _ => return None,
        };
        Some((at, Leaf { unit_id, employee_id, month, target }))
    })
}
