//! Counting what a backtest comes to. What threads have counted adds up to the same in whatever order.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::months::StoredReview;
use super::movers::{Movers, Results};
use super::report::{
    AttentionMark, AttentionMarks, BacktestReport, GradeMatrix, MeanChange, NamedReview, ScoreBin,
    ScriptPlace,
};
use super::review_result::ReviewResult;
use crate::decimal;
use crate::rules::scoring::NOT_RATED;

/// Width of a bin of the histogram, in points.
const BIN: u64 = 5;
/// Where its last bin begins; totals are seldom above 105.
const LAST_BIN: u64 = 100;
/// Most reviews named of those that come to need attention, or cease to.
const MARKS: usize = 100;

/// What has been counted.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    reviews: u64,
    changed: u64,
    withdrawn: u64,
    /// The first of those that are withdrawn, by id.
    withdrawn_first: BTreeSet<i64>,
    added: u64,
    /// Before and after, by where the bin begins; none: no total.
    bins: BTreeMap<Option<u64>, [u64; 2]>,
    /// By position, grade before, and grade after.
    grades: BTreeMap<String, BTreeMap<(String, String), u64>>,
    positions: Means,
    stores: Means,
    teams: Means,
    movers: Movers,
    attention_new: Marks,
    attention_gone: Marks,
}

impl Tally {
    /// Counts one review: what it came to before and after, each none where no scheme scores it, and what its rules came
    /// to.
    pub fn add(
        &mut self,
        store: &str,
        review: &StoredReview,
        before: Option<&ReviewResult>,
        after: Option<&ReviewResult>,
        results: impl FnOnce() -> (Option<Results>, Results),
    ) {
        if before.is_none() && after.is_none() {
            return;
        }
        self.reviews += 1;
        for (side, standing) in [before, after].into_iter().enumerate() {
            let bins = standing.map(|standing| self.bins.entry(standing.total.map(bin)).or_default());
            if let Some(count) = bins.and_then(|bins| bins.get_mut(side)) {
                *count += 1;
            }
        }
        let [marked_before, marked_after] =
            [before, after].map(|standing| standing.filter(|standing| !standing.attention.is_empty()));
        match (marked_before, marked_after) {
            (None, Some(after)) => self.attention_new.add(review.id, after),
            (Some(before), None) if after.is_some() => self.attention_gone.add(review.id, before),
            _ => {}
        }
        let (before, after) = match (before, after) {
            (Some(before), Some(after)) => (before, after),
            (before, _) => {
                self.changed += 1;
                *(if before.is_some() { &mut self.withdrawn } else { &mut self.added }) += 1;
                if before.is_some() {
                    self.name_withdrawn(review.id);
                }
                return;
            }
        };
        if before.differs(after) {
            self.changed += 1;
        }
        let movement = (before.final_grade.clone(), after.final_grade.clone());
        match self.grades.get_mut(&review.position) {
            Some(movements) => *movements.entry(movement).or_default() += 1,
            None => {
                *self.grades.entry(review.position.clone()).or_default().entry(movement).or_default() += 1
            }
        }
        if let (Some(total_before), Some(total_after)) = (before.total, after.total) {
            let groups = [
                (&mut self.positions, review.position.as_str()),
                (&mut self.stores, store),
                (&mut self.teams, &*review.unit),
            ];
            for (means, of) in groups {
                means.add(of, 1, total_before, total_after);
            }
        }
        self.movers.add(review.id, before, after, results);
    }

    fn name_withdrawn(&mut self, review: i64) {
        self.withdrawn_first.insert(review);
        if self.withdrawn_first.len() > MARKS {
            self.withdrawn_first.pop_last();
        }
    }

    /// Adds what another thread has counted.
    pub fn merge(&mut self, other: Self) {
        self.reviews += other.reviews;
        self.changed += other.changed;
        self.withdrawn += other.withdrawn;
        self.added += other.added;
        other.withdrawn_first.into_iter().for_each(|review| self.name_withdrawn(review));
        for (from, [before, after]) in other.bins {
            let [own_before, own_after] = self.bins.entry(from).or_default();
            *own_before += before;
            *own_after += after;
        }
        for (position, movements) in other.grades {
            let own = self.grades.entry(position).or_default();
            for (movement, count) in movements {
                *own.entry(movement).or_default() += count;
            }
        }
        self.positions.merge(other.positions);
        self.stores.merge(other.stores);
        self.teams.merge(other.teams);
        self.movers.merge(other.movers);
        self.attention_new.merge(other.attention_new);
        self.attention_gone.merge(other.attention_gone);
    }

    /// The reviews among the movers of which it is only stored what their rules came to before.
    pub fn unexplained(&self) -> Vec<i64> {
        self.movers.unexplained()
    }

    /// The report. `order` gives the grades of a position, best first; `stored` has what the rules of
    /// [`Self::unexplained`] reviews came to.
    pub fn report(
        self,
        order: impl Fn(&str) -> Vec<String>,
        stored: &HashMap<i64, Results>,
        never_executed: impl IntoIterator<Item = ScriptPlace>,
    ) -> BacktestReport {
        let (gainers, losers) = self.movers.explained(stored);
        let matrices = self.grades.iter();
        let matrices = matrices.map(|(position, movements)| matrix(position, order(position), movements));
        BacktestReport {
            reviews: self.reviews,
            changed: self.changed,
            withdrawn: self.withdrawn,
            withdrawn_first: self
                .withdrawn_first
                .into_iter()
                .map(|review| NamedReview { review, person: None })
                .collect(),
            added: self.added,
            histogram: histogram(&self.bins),
            grades: matrices.collect(),
            positions: self.positions.list(),
            stores: self.stores.list(),
            teams: self.teams.list(),
            gainers,
            losers,
            attention_new: self.attention_new.0,
            attention_gone: self.attention_gone.0,
            never_executed: never_executed.into_iter().collect(),
            hidden: 0,
        }
    }
}

/// Where the bin of a total begins.
fn bin(total: Decimal) -> u64 {
    let whole = total.trunc().to_u64().unwrap_or(0);
    (whole / BIN * BIN).min(LAST_BIN)
}

fn histogram(bins: &BTreeMap<Option<u64>, [u64; 2]>) -> Vec<ScoreBin> {
    let starts = (0..=LAST_BIN / BIN).map(|index| Some(index * BIN));
    starts
        .chain([None])
        .map(|from| {
            let [before, after] = bins.get(&from).copied().unwrap_or_default();
            ScoreBin { from, before, after }
        })
        .collect()
}

/// The grades in `order`, behind them others that reviews have, and those not rated last.
fn matrix(position: &str, order: Vec<String>, movements: &BTreeMap<(String, String), u64>) -> GradeMatrix {
    let met = movements.keys().flat_map(|(before, after)| [before, after]).cloned();
    let mut grades = Vec::<String>::new();
    for grade in order.into_iter().chain(met).filter(|grade| grade != NOT_RATED) {
        if !grades.contains(&grade) {
            grades.push(grade);
        }
    }
    grades.push(NOT_RATED.to_owned());
    let count = |before: &String, after: &String| {
        movements.get(&(before.clone(), after.clone())).copied().unwrap_or_default()
    };
    let row = |before| grades.iter().map(|after| count(before, after)).collect();
    let counts = grades.iter().map(row).collect();
    GradeMatrix { position: position.to_owned(), grades, counts }
}

/// Sums of totals by what they are grouped by.
#[derive(Clone, Debug, Default)]
struct Means(BTreeMap<String, Sums>);

#[derive(Clone, Debug, Default)]
struct Sums {
    count: u64,
    before: Decimal,
    after: Decimal,
}

impl Sums {
    fn add(&mut self, count: u64, before: Decimal, after: Decimal) {
        self.count += count;
        self.before += before;
        self.after += after;
    }
}

impl Means {
    fn add(&mut self, of: &str, count: u64, before: Decimal, after: Decimal) {
        match self.0.get_mut(of) {
            Some(sums) => sums.add(count, before, after),
            None => self.0.entry(of.to_owned()).or_default().add(count, before, after),
        }
    }

    fn merge(&mut self, other: Self) {
        for (of, sums) in other.0 {
            self.add(&of, sums.count, sums.before, sums.after);
        }
    }

    fn list(self) -> Vec<MeanChange> {
        let mean = |sum: Decimal, count: u64| decimal::half_up(sum / Decimal::from(count.max(1)), 2);
        self.0
            .into_iter()
            .map(|(of, Sums { count, before, after })| MeanChange {
                of,
                count,
                before: mean(before, count),
                after: mean(after, count),
                change: mean(after - before, count),
            })
            .collect()
    }
}

/// Reviews that need attention on one side only, the first of them by id.
#[derive(Clone, Debug, Default)]
struct Marks(AttentionMarks);

impl Marks {
    fn add(&mut self, review: i64, standing: &ReviewResult) {
        self.0.count += 1;
        self.insert(review, || AttentionMark { review, person: None, attention: standing.attention.clone() });
    }

    fn insert(&mut self, review: i64, mark: impl FnOnce() -> AttentionMark) {
        let at = self.0.first.partition_point(|other| other.review < review);
        if at < MARKS {
            self.0.first.insert(at, mark());
            self.0.first.truncate(MARKS);
        }
    }

    fn merge(&mut self, other: Self) {
        self.0.count += other.0.count;
        other.0.first.into_iter().for_each(|mark| self.insert(mark.review, || mark));
    }
}
