//! What is known of the people of a plan, month by month, and of whom nothing is. Missing is not zero: a month of somebody who
//! is planned and posted, and of whom the ledger has no value, is not known, and neither is what it is a part of. It is 0 where
//! the person's stores have declared that what brings it is complete.
//!
//! This is the one answer to what is known: pace, re-plans, rebates, stock and weights by history ask here.

mod load;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use diesel::PgArrayExpressionMethods as _;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;

use self::load::PostingRow;
use super::by_day::ByDay;
use super::declared;
use crate::db::schema::org_unit;
use crate::http::Problem;
use crate::ledger::metric::Catalogue;
use crate::org::Position;
use crate::period::Period;

/// One thing for every month, January first.
pub(in crate::plan) type Year<T> = [T; 12];

/// What somebody brought in a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::plan) struct Held {
    /// The unit for which the person's month counts: who changes teams leaves the past with the old one.
    pub unit_id: Option<i64>,
    /// In units of the metric, or cents.
    pub value: i64,
    /// Nothing came, and a declaration says that there was nothing: so it was on every day of the month.
    pub is_declared: bool,
}

/// What a plan asks of somebody, or of a unit that it does not split further, in a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::plan) struct Leaf {
    /// The unit.
    pub unit_id: i64,
    /// The person within the unit; none: the unit as a whole.
    pub employee_id: Option<i64>,
    /// The month, counted from 0.
    pub month: usize,
    /// In units of the metric, or cents.
    pub target: i64,
}

/// What is known of a leaf's month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::plan) enum Standing {
    /// What it came to is known; it may be nothing, as of somebody who is posted nowhere or sells elsewhere.
    Known,
    /// Nothing was planned and nothing is known: nothing is missing.
    NotAsked,
    /// Of these people nothing is known. Of a unit as a whole there may be nobody of whom it could be.
    Missing(BTreeSet<i64>),
}

/// What is known of one metric.
#[derive(Clone, Debug, Default)]
struct Values {
    people: HashMap<i64, Year<Option<Held>>>,
    /// What erased months came to, by unit.
    erased: HashMap<i64, Year<Option<Erased>>>,
}

/// What is left of people's erased months.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Erased {
    value: i64,
    /// Of how many people it was recorded.
    recorded: usize,
    /// Of how many it is: those of whom a declaration says that there was nothing are among them.
    people: usize,
}

/// What is known of a year below a unit.
#[derive(Clone, Debug, Default)]
pub(in crate::plan) struct KnownYear {
    metrics: HashMap<String, Values>,
    /// In which months people are posted anywhere, by person.
    posted: HashMap<i64, Year<bool>>,
    /// Whose months are erased.
    gone: HashMap<i64, Year<bool>>,
    /// Who sells in which unit, and when.
    sellers: HashMap<i64, BTreeMap<i64, Year<bool>>>,
    /// The units at and below the one looked at, each with itself and everything above it.
    paths: HashMap<i64, Vec<i64>>,
}

impl KnownYear {
    /// Notes what a unit's erased months came to, and of how many people.
    fn put_erased(&mut self, metric: String, unit_id: i64, period: Period, value: i64, people: usize) {
        let values = self.metrics.entry(metric).or_default();
        if let Some(slot) = values.erased.entry(unit_id).or_default().get_mut(period.index()) {
            *slot = Some(Erased { value, recorded: people, people });
        }
    }

    fn is_gone(&self, person: i64, month: usize) -> bool {
        self.gone.get(&person).and_then(|months| months.get(month)).copied().unwrap_or(false)
    }

    /// Adds those of whom nothing came because there was nothing.
    async fn add_declared(
        &mut self,
        connection: &mut AsyncPgConnection,
        catalogue: &Catalogue,
        year: i32,
        metrics: &[String],
        planned: &HashSet<i64>,
    ) -> Result<(), Problem> {
        let sources: BTreeMap<&str, &str> = metrics
            .iter()
            .filter_map(|metric| Some((metric.as_str(), declared::source_of(catalogue, metric)?)))
            .collect();
        let asked = Vec::from_iter(sources.values().copied().collect::<BTreeSet<_>>());
        let declared = declared::months(connection, &asked, year).await?;
        // Of one source somebody may be silent about some metrics, and not about others.
        let mut silent: BTreeMap<(&str, Period), BTreeMap<&str, BTreeSet<i64>>> = BTreeMap::new();
        for (metric, source) in &sources {
            for (_, period) in declared.iter().filter(|(declared, _)| declared == source) {
                let people = self.silent(metric, period.index(), planned);
                silent.entry((*source, *period)).or_default().insert(*metric, people);
            }
        }
        let asked = silent.iter().flat_map(|((source, period), metrics)| {
            let people: BTreeSet<i64> = metrics.values().flatten().copied().collect();
            people.into_iter().map(|employee_id| declared::Silent { source, period: *period, employee_id })
        });
        let nothing = declared::nothing_of(connection, &asked.collect::<Vec<_>>()).await?;
        for ((source, period), metrics) in silent {
            let of_source = nothing.iter().filter(|one| one.source == source && one.period == period);
            let of_source: Vec<(i64, i64)> = of_source.map(|one| (one.employee_id, one.unit_id)).collect();
            for (metric, people) in metrics {
                let nothing = of_source.iter().copied().filter(|(person, _)| people.contains(person));
                self.put_nothing(metric, period.index(), nothing);
            }
        }
        Ok(())
    }

    /// Of whom nothing is known in a month, of those who are asked for something: who is planned and posted, and who sells.
    fn silent(&self, metric: &str, month: usize, planned: &HashSet<i64>) -> BTreeSet<i64> {
        let is_there = |months: &Year<bool>| months.get(month).copied().unwrap_or(false);
        let posted = self.posted.iter().filter(|(person, _)| planned.contains(*person));
        let asked = posted.chain(self.sellers.values().flatten());
        asked
            .filter(|(person, months)| is_there(months) && self.of(metric, **person, month).is_none())
            .map(|(person, _)| *person)
            .collect()
    }

    /// Notes people who have brought nothing in a month, each with the unit for which it counts.
    fn put_nothing(&mut self, metric: &str, month: usize, nothing: impl Iterator<Item = (i64, i64)>) {
        // Of what has been erased a unit's sum is known, and nobody's own: whose month it was are counted with it.
        let (of_sums, own): (Vec<_>, Vec<_>) = nothing.partition(|(person, unit_id)| {
            self.is_gone(*person, month) && self.erased_people(metric, *unit_id, month) > 0
        });
        let mut silent: HashMap<i64, usize> = HashMap::new();
        for (_, unit_id) in of_sums {
            *silent.entry(unit_id).or_default() += 1;
        }
        let values = self.metrics.entry(metric.to_owned()).or_default();
        for (unit, count) in silent {
            let slot = values.erased.get_mut(&unit).and_then(|months| months.get_mut(month));
            if let Some(Some(erased)) = slot {
                erased.people = count.max(erased.people);
            }
        }
        for (employee_id, unit_id) in own {
            if let Some(slot) = values.people.entry(employee_id).or_default().get_mut(month) {
                *slot = Some(Held { unit_id: Some(unit_id), value: 0, is_declared: true });
            }
        }
    }

    fn post(&mut self, year: i32, posting: &PostingRow) {
        let sells = matches!(posting.position, Position::SalesConsultant | Position::TeamLeader);
        for (at, month) in Period::months_of(year).into_iter().enumerate() {
            let is_there =
                posting.valid_from < month.end() && posting.valid_to.is_none_or(|to| month.first_day() < to);
            if !is_there {
                continue;
            }
            let note = |months: &mut Year<bool>| {
                if let Some(slot) = months.get_mut(at) {
                    *slot = true;
                }
            };
            note(self.posted.entry(posting.employee_id).or_default());
            if sells {
                let sellers = self.sellers.entry(posting.unit_id).or_default();
                note(sellers.entry(posting.employee_id).or_default());
            }
        }
    }

    /// Puts what was known of a month on one of its days in the place of what is known of all of it. What erased months came
    /// to is known of whole months only.
    pub(in crate::plan) fn put_day(&mut self, metric: &str, month: usize, by_day: &HashMap<i64, ByDay>) {
        let Some(values) = self.metrics.get_mut(metric) else { return };
        for (person, months) in &mut values.people {
            let Some(slot) = months.get_mut(month) else { continue };
            *slot = slot.and_then(|held| match by_day.get(person) {
                _ if held.is_declared => Some(held),
                Some(ByDay::Known(value)) => Some(Held { value: *value, ..held }),
                Some(ByDay::TotalOnly) | None => None,
            });
        }
        values.erased.values_mut().filter_map(|months| months.get_mut(month)).for_each(|slot| *slot = None);
    }

    /// The people of whom something is known in a month.
    pub(in crate::plan) fn people(&self, metric: &str, month: usize) -> Vec<i64> {
        let people = self.metrics.get(metric).into_iter().flat_map(|values| &values.people);
        let known = people.filter(|(_, months)| months.get(month).copied().flatten().is_some());
        known.map(|(person, _)| *person).collect()
    }

    /// What somebody brought in a month, wherever; none where that is not known.
    pub(in crate::plan) fn of(&self, metric: &str, person: i64, month: usize) -> Option<Held> {
        self.metrics.get(metric)?.people.get(&person)?.get(month).copied().flatten()
    }

    /// The units at and below the one looked at, each with itself and everything above it.
    pub(in crate::plan) fn paths(&self) -> &HashMap<i64, Vec<i64>> {
        &self.paths
    }

    /// Everything that counts for units at or below the one looked at in a month: unit, person and value; person 0 is what
    /// erased months came to.
    pub(in crate::plan) fn brought(
        &self,
        metric: &str,
        month: usize,
    ) -> impl Iterator<Item = (i64, i64, i64)> {
        let values = self.metrics.get(metric);
        let people =
            values.into_iter().flat_map(|values| &values.people).filter_map(move |(person, months)| {
                let held = months.get(month).copied().flatten()?;
                Some((held.unit_id?, *person, held.value))
            });
        let erased = values.into_iter().flat_map(|values| &values.erased);
        let erased = erased.filter_map(move |(unit, months)| {
            let Erased { value, .. } = months.get(month).copied()??;
            Some((*unit, 0, value))
        });
        people.chain(erased).filter(|(unit, ..)| self.paths.contains_key(unit))
    }

    /// What is known of a leaf's month.
    pub(in crate::plan) fn standing(&self, metric: &str, leaf: &Leaf) -> Standing {
        let is_posted = |person: i64| {
            self.posted.get(&person).and_then(|months| months.get(leaf.month)).copied().unwrap_or(false)
        };
        match leaf.employee_id {
            Some(person) if self.of(metric, person, leaf.month).is_some() => Standing::Known,
            _ if leaf.target == 0 => Standing::NotAsked,
            Some(person) if !is_posted(person) || self.is_gone(person, leaf.month) => Standing::Known,
            Some(person) => Standing::Missing(BTreeSet::from([person])),
            None => self.standing_of_unit(metric, leaf),
        }
    }

    /// A unit as a whole is known once everybody who sells in it or below it is.
    fn standing_of_unit(&self, metric: &str, leaf: &Leaf) -> Standing {
        let is_below = |unit: &i64| self.paths.get(unit).is_some_and(|path| path.contains(&leaf.unit_id));
        let silent = self.silent_sellers(metric, leaf.month).filter(|(unit, _)| is_below(unit));
        let missing = silent.map(|(_, person)| person).collect::<BTreeSet<_>>();
        let is_known = self.brought(metric, leaf.month).any(|(unit, ..)| is_below(&unit));
        if missing.is_empty() && is_known { Standing::Known } else { Standing::Missing(missing) }
    }

    /// Who sells in a month, with the unit, and of whom nothing is known in it.
    pub(in crate::plan) fn silent_sellers(
        &self,
        metric: &str,
        month: usize,
    ) -> impl Iterator<Item = (i64, i64)> {
        let sellers = self
            .sellers
            .iter()
            .flat_map(|(unit, sellers)| sellers.iter().map(move |(person, months)| (*unit, *person, months)));
        let silent = sellers.filter(move |(_, person, months)| {
            months.get(month).copied().unwrap_or(false)
                && self.of(metric, *person, month).is_none()
                && !self.is_gone(*person, month)
        });
        silent.map(|(unit, person, _)| (unit, person))
    }

    fn erased(&self, metric: &str, unit: i64, month: usize) -> Option<Erased> {
        self.metrics.get(metric)?.erased.get(&unit)?.get(month).copied().flatten()
    }

    /// Of how many people a unit's month was erased.
    pub(in crate::plan) fn erased_people(&self, metric: &str, unit: i64, month: usize) -> usize {
        self.erased(metric, unit, month).map_or(0, |erased| erased.people)
    }

    /// Of how many people it is recorded what `brought` says of a person, or of erased months: of whom nothing came, and of whom a
    /// declaration says that there was nothing, nothing is.
    pub(in crate::plan) fn recorded_people(
        &self,
        metric: &str,
        (unit, person): (i64, i64),
        month: usize,
    ) -> usize {
        match person {
            0 => self.erased(metric, unit, month).map_or(0, |erased| erased.recorded),
            person => usize::from(self.of(metric, person, month).is_some_and(|held| !held.is_declared)),
        }
    }
}

/// Units of a metric, or cents of an amount in yuan; none where that is too large.
pub(super) fn units(value: Decimal, is_amount: bool) -> Option<i64> {
    let scale = if is_amount { Decimal::ONE_HUNDRED } else { Decimal::ONE };
    value.checked_mul(scale).and_then(|value| i64::try_from(value).ok())
}

/// The unit at `id` and those below it, each with itself and everything above it.
async fn unit_paths(connection: &mut AsyncPgConnection, id: i64) -> Result<HashMap<i64, Vec<i64>>, Problem> {
    let rows: Vec<(i64, Vec<i64>)> = org_unit::table
        .filter(org_unit::path.contains(vec![id]))
        .select((org_unit::id, org_unit::path))
        .load(connection)
        .await?;
    Ok(rows.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    const METRIC: &str = "deliveries";

    fn known() -> KnownYear {
        let mut known = KnownYear {
            paths: [(1, vec![1]), (2, vec![1, 2]), (3, vec![1, 3])].into(),
            ..KnownYear::default()
        };
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        for (employee_id, unit_id, from, to) in [
            (11, 2, "2014-01-01", None),
            (12, 2, "2014-01-01", Some("2014-02-01")),
            (13, 3, "2014-01-01", None),
        ] {
            let (position, valid_from, valid_to) = (Position::SalesConsultant, day(from), to.map(day));
            known.post(2014, &PostingRow { employee_id, unit_id, position, valid_from, valid_to });
        }
        let months = &mut known.metrics.entry(METRIC.to_owned()).or_default().people;
        for (employee_id, unit_id, value) in [(11, 3, 5), (13, 3, 2)] {
            months.entry(employee_id).or_default()[1] =
                Some(Held { unit_id: Some(unit_id), value, is_declared: false });
        }
        known
    }

    fn leaf(unit_id: i64, person: i64, month: usize, target: i64) -> Leaf {
        Leaf { unit_id, employee_id: (person > 0).then_some(person), month, target }
    }

    #[test]
    fn somebody_posted_and_planned_of_whom_nothing_is_known_is_missing() {
        let known = known();
        let standing = |leaf: Leaf| known.standing(METRIC, &leaf);
        // In January nothing is known of anybody.
        assert_eq!(standing(leaf(2, 11, 0, 9)), Standing::Missing([11].into()));
        assert_eq!(standing(leaf(2, 11, 0, 0)), Standing::NotAsked);
        // In February 11 sells for unit 3, so that it is known that nothing came to unit 2; 12 has left.
        assert_eq!(standing(leaf(2, 11, 1, 9)), Standing::Known);
        assert_eq!(standing(leaf(2, 12, 1, 9)), Standing::Known);
        assert_eq!(standing(leaf(2, 12, 0, 9)), Standing::Missing([12].into()));
        // Units as a whole: 3 knows its only seller; of 1 somebody is missing in January, and nobody in February.
        assert_eq!(standing(leaf(3, 0, 1, 9)), Standing::Known);
        assert_eq!(standing(leaf(1, 0, 0, 9)), Standing::Missing([11, 12, 13].into()));
        assert_eq!(standing(leaf(1, 0, 1, 9)), Standing::Known);
        let mut brought: Vec<_> = known.brought(METRIC, 1).collect();
        brought.sort_unstable();
        assert_eq!(brought, [(3, 11, 5), (3, 13, 2)]);
    }

    #[test]
    fn who_is_asked_and_silent_is_0_once_that_is_declared_and_on_every_day() {
        let mut known = known();
        // In January nobody has said anything; 13 is asked because of selling, and nobody else is planned.
        assert_eq!(known.silent(METRIC, 0, &HashSet::new()), [11, 12, 13].into());
        assert_eq!(known.silent(METRIC, 1, &[12].into()), BTreeSet::new());
        known.put_nothing(METRIC, 0, std::iter::once((12, 2)));
        assert_eq!(known.silent(METRIC, 0, &HashSet::new()), [11, 13].into());
        assert_eq!(known.standing(METRIC, &leaf(2, 12, 0, 9)), Standing::Known);
        assert_eq!(known.standing(METRIC, &leaf(2, 11, 0, 9)), Standing::Missing([11].into()));
        assert_eq!(known.brought(METRIC, 0).collect::<Vec<_>>(), [(2, 12, 0)]);
        known.put_day(METRIC, 0, &[(12, ByDay::TotalOnly)].into());
        assert_eq!(known.of(METRIC, 12, 0).map(|held| held.value), Some(0));
    }

    #[test]
    fn erased_months_are_known_as_their_units() {
        let mut known = known();
        known.put_erased(METRIC.to_owned(), 2, Period::new(2014, 1).unwrap(), 7, 1);
        known.gone.entry(11).or_default()[0] = true;
        known.gone.entry(14).or_default()[0] = true;
        assert_eq!(known.standing(METRIC, &leaf(2, 11, 0, 9)), Standing::Known);
        assert_eq!(known.brought(METRIC, 0).collect::<Vec<_>>(), [(2, 0, 7)]);
        // Of 12, who sells there, too, nothing has come, and nothing was erased.
        assert_eq!(known.standing(METRIC, &leaf(2, 12, 0, 9)), Standing::Missing([12].into()));
        assert_eq!(known.standing(METRIC, &leaf(2, 0, 0, 9)), Standing::Missing([12].into()));
        // As a declaration says, 14 had brought nothing either, and is counted with the unit; 12 by themselves.
        known.put_nothing(METRIC, 0, [(11, 2), (12, 2), (14, 2)].into_iter());
        assert_eq!(known.erased_people(METRIC, 2, 0), 2);
        assert_eq!(known.recorded_people(METRIC, (2, 0), 0), 1);
        assert_eq!(known.of(METRIC, 12, 0).map(|held| held.value), Some(0));
        assert_eq!(known.standing(METRIC, &leaf(2, 0, 0, 9)), Standing::Known);
    }

    #[test]
    fn whose_month_is_erased_is_missing_nowhere() {
        let mut known = known();
        known.put_erased(METRIC.to_owned(), 3, Period::new(2014, 1).unwrap(), 7, 1);
        // 11 sold for unit 2 as well, and the month counted for unit 3.
        assert_eq!(known.standing(METRIC, &leaf(2, 0, 0, 9)), Standing::Missing([11, 12].into()));
        known.gone.entry(11).or_default()[0] = true;
        assert_eq!(known.standing(METRIC, &leaf(2, 0, 0, 9)), Standing::Missing([12].into()));
        assert_eq!(known.standing(METRIC, &leaf(2, 11, 0, 9)), Standing::Known);
        // Of 13 nothing is known, and nothing was erased.
        assert_eq!(known.silent_sellers(METRIC, 0).collect::<BTreeSet<_>>(), [(2, 12), (3, 13)].into());
    }
}
