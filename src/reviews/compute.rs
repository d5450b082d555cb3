//! Computing a store's month: pure, from everything that was loaded to everything that will be stored.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::first_round::{FirstRound, Standing, reads_computed};
use super::snapshot::stored::{self, Subject};
use crate::ledger::Delivered;
use crate::ledger::metric::{Catalogue, MetricId, Missing, TARGET_SUFFIX};
use crate::ledger::month::{AddedPoints, MonthFacts, Value};
use crate::ledger::person_months::{Numbers, Places};
use crate::org::{Position, Posting};
use crate::period::Period;
use crate::rules::bundle::{Bundle, Scheme};
use crate::rules::memo::Memos;

/// A store's month as it was loaded, in one consistent view.
#[derive(Debug)]
pub struct Month {
    /// Code of the store.
    pub store: String,
    /// The month.
    pub period: Period,
    /// The postings that count in it, ordered by person.
    pub postings: Vec<Posting>,
    /// Facts by employee, as the ledger keeps them.
    pub facts: HashMap<i64, Arc<Numbers>>,
    /// Where the ledger keeps which metric.
    pub places: Arc<Places>,
    /// Targets by employee and metric, from the plan in force.
    pub targets: HashMap<i64, HashMap<String, Decimal>>,
    /// Sources that are in, and for whom.
    pub delivered: HashMap<String, Delivered>,
    /// Adjustments that count, by employee, each with the scheme of its review, in the order in which they were decided.
    pub added: HashMap<i64, Vec<(String, AddedPoints)>>,
}

/// A review as it stands, to compare with a new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentReview {
    /// Its id.
    pub id: i64,
    /// The scheme it was scored by.
    pub scheme: String,
    /// What it was scored with.
    pub bundle: String,
    /// What went in, as it is stored.
    pub inputs: Vec<u8>,
    /// Points with the bonus.
    pub total: Option<Decimal>,
    /// The grade that counts.
    pub final_grade: String,
    /// Whether somebody has to look at it.
    pub needs_attention: bool,
}

/// The reviews of a store's month that are in force, by employee.
pub type Before = HashMap<i64, Vec<CurrentReview>>;

/// A review to be stored.
#[derive(Debug)]
pub struct ReviewDraft {
    /// Whose it is.
    pub employee_id: i64,
    /// The scheme it was scored by.
    pub scheme: String,
    /// The position it scores.
    pub position: Position,
    /// The unit of the posting.
    pub unit_id: i64,
    /// What went in, as it is stored.
    pub inputs: Vec<u8>,
    /// What every rule did, as it is stored.
    pub trace: Vec<u8>,
    /// Points of 100 without the bonus.
    pub base: Option<Decimal>,
    /// Points on top.
    pub bonus: Option<Decimal>,
    /// Points with the bonus.
    pub total: Option<Decimal>,
    /// Sum of the maxima of the rules that apply.
    pub applicable_max: Decimal,
    /// The band of the total.
    pub grade: Option<String>,
    /// The grade that counts.
    pub final_grade: String,
    /// Performance coefficient 绩效系数.
    pub coefficient: Option<Decimal>,
    /// What somebody has to look at.
    pub attention: Vec<String>,
    /// Cars delivered, the leaderboard's second key.
    pub deliveries: i64,
}

/// What a store's month comes to, beside the reviews that are in force.
#[derive(Debug, Default)]
pub struct Computed {
    /// Reviews that are new or other than before.
    pub drafts: Vec<ReviewDraft>,
    /// Ids of those in force that are replaced, or that the person no longer has.
    pub retired: Vec<i64>,
    /// How many stay as they are: the same inputs, the same rules. They were not scored again.
    pub unchanged: usize,
    /// How many the people concerned no longer have.
    pub withdrawn: usize,
    /// How many need attention, of those that are new and of those that stay.
    pub attention: usize,
}

/// Scores everybody who held a scored posting in the month and whose review in force is not of just these inputs and
/// rules. What rules came to for the same inputs is taken from `memos`, which whoever computes many months keeps.
///
/// Schemes that read computed metrics (a leader's own total and the members') come after those that do not.
pub fn compute(bundle: &Bundle, month: &Month, before: Before, memos: &mut Memos) -> Computed {
    compute_some(bundle, month, before, None, memos)
}

/// The same for some people, and for the leaders of the units in which their months count. Everybody else's review stays as it
/// is, whatever has become known since.
pub fn compute_for(bundle: &Bundle, month: &Month, before: Before, people: &[i64]) -> Computed {
    let people = people.iter().copied().collect::<HashSet<_>>();
    let own = month.postings.iter().filter(|posting| people.contains(&posting.employee_id));
    let units = own.map(|posting| posting.unit_id).collect();
    compute_some(bundle, month, before, Some(&Only { people, units }), &mut Memos::default())
}

/// Whose reviews are computed, of some people's and those that depend on them.
struct Only {
    people: HashSet<i64>,
    units: HashSet<i64>,
}

impl Only {
    /// Whether a review of the first or second round may change.
    fn concerns(&self, posting: &Posting, is_later: bool) -> bool {
        self.people.contains(&posting.employee_id) || is_later && self.units.contains(&posting.unit_id)
    }
}

fn compute_some(
    bundle: &Bundle,
    month: &Month,
    before: Before,
    only: Option<&Only>,
    memos: &mut Memos,
) -> Computed {
    let mut work = Work { bundle, month, before, only, memos, computed: Computed::default() };
    let facts = FactsReader::new(month, &bundle.catalogue);
    let mut schemes = HashMap::<Position, Option<(&Scheme, bool)>>::new();
    let mut first_round = FirstRound::default();
    let mut later = Vec::new();
    for postings in month.postings.chunk_by(|one, next| one.employee_id == next.employee_id) {
        let Some(employee_id) = postings.first().map(|posting| posting.employee_id) else { continue };
        let facts = facts.of(employee_id);
        if has_no_day_left(&bundle.catalogue, &facts) {
            continue;
        }
        for posting in postings {
            let scheme = schemes.entry(posting.position).or_insert_with(|| {
                let scheme = bundle.scheme_for(posting.position.name())?;
                Some((scheme, reads_computed(&bundle.catalogue, scheme)))
            });
            match *scheme {
                None => {}
                Some((scheme, true)) => later.push((posting, scheme, facts.clone())),
                Some((scheme, false)) => {
                    let standing = work.review(posting, scheme, &facts, false);
                    first_round.add(posting.employee_id, posting.unit_id, &standing);
                }
            }
        }
    }
    for (posting, scheme, mut facts) in later {
        first_round.lead(&bundle.catalogue, posting.employee_id, posting.unit_id, &mut facts);
        work.review(posting, scheme, &facts, true);
    }
    work.end()
}

/// A month's facts by the places of a catalogue, person by person.
pub(super) struct FactsReader<'a> {
    month: &'a Month,
    catalogue: &'a Catalogue,
    /// Which metric stands at each of the ledger's places; none where the catalogue does not have it any more.
    metrics: Vec<Option<MetricId>>,
    /// The month of somebody of whom nothing is known, and nothing has come.
    blank: MonthFacts,
    /// Sources that are in for some: for whom, and what is 0 of them by that.
    partly: Vec<(&'a HashSet<i64>, Vec<MetricId>)>,
}

impl<'a> FactsReader<'a> {
    /// Of a month by this catalogue.
    pub fn new(month: &'a Month, catalogue: &'a Catalogue) -> Self {
        let metrics = month.places.names().into_iter().map(|name| catalogue.find(name)).collect();
        let complete = month.delivered.iter().filter(|(_, delivered)| delivered.is_complete);
        let complete = complete.map(|(source, _)| source.clone()).collect();
        let zeros = |source: &String| {
            let of_source = catalogue.entries().filter(move |(_, metric)| {
                metric.missing == Missing::Zero && metric.source.as_ref() == Some(source)
            });
            of_source.map(|(id, _)| id).collect::<Vec<_>>()
        };
        let partly = month.delivered.iter().filter(|(_, delivered)| !delivered.is_complete);
        let partly = partly.map(|(source, delivered)| (&delivered.people, zeros(source)));
        let partly = partly.filter(|(_, zeros)| !zeros.is_empty()).collect();
        Self { month, catalogue, metrics, blank: MonthFacts::with_sources(catalogue, [], &complete), partly }
    }

    /// A person's facts with the plan's targets. A target that was delivered as a fact, by a system that keeps the plan,
    /// goes before the plan's.
    pub fn of(&self, employee_id: i64) -> MonthFacts {
        let mut known = self.blank.clone();
        for (_, zeros) in self.partly.iter().filter(|(people, _)| people.contains(&employee_id)) {
            zeros.iter().for_each(|id| known.set(*id, Value::Given(Decimal::ZERO)));
        }
        for (metric, value) in self.month.targets.get(&employee_id).into_iter().flatten() {
            if let Some(id) = self.catalogue.find(&format!("{metric}{TARGET_SUFFIX}")) {
                known.set(id, Value::Given(*value));
            }
        }
        if let Some(numbers) = self.month.facts.get(&employee_id) {
            for (number, metric) in numbers.0.iter().zip(&self.metrics) {
                if let (Some(number), Some(id)) = (number, metric) {
                    known.set(*id, Value::Given(*number));
                }
            }
        }
        known
    }
}

/// Somebody on protected leave on every scheduled day has no review.
pub(super) fn has_no_day_left(catalogue: &Catalogue, facts: &MonthFacts) -> bool {
    let number = |name| catalogue.find(name).and_then(|id| facts.number(id));
    match (number("scheduled_days"), number("protected_leave_days")) {
        (Some(scheduled), leave) => scheduled <= leave.unwrap_or_default(),
        (None, _) => false,
    }
}

/// Cars delivered, the leaderboard's second key.
pub(super) fn deliveries(catalogue: &Catalogue, facts: &MonthFacts) -> i64 {
    let deliveries = catalogue.find("deliveries").and_then(|id| facts.number(id));
    deliveries.and_then(|number| number.to_i64()).unwrap_or(0)
}

/// A month being computed.
struct Work<'a> {
    bundle: &'a Bundle,
    month: &'a Month,
    before: Before,
    only: Option<&'a Only>,
    memos: &'a mut Memos,
    computed: Computed,
}

impl Work<'_> {
    /// One review: the one in force if nothing has changed, else a new one.
    fn review(&mut self, posting: &Posting, scheme: &Scheme, facts: &MonthFacts, is_later: bool) -> Standing {
        let adjusted = self.adjusted(posting.employee_id, scheme, facts);
        let facts = adjusted.as_ref().unwrap_or(facts);
        let subject = Subject {
            employee_no: &posting.employee_no,
            period: self.month.period,
            store: &self.month.store,
            unit: &posting.unit_code,
            position: posting.position.name(),
            posted_from: posting.valid_from,
            posted_to: posting.valid_to,
        };
        let inputs = stored::write(&subject, facts);
        let stays = self.only.is_some_and(|only| !only.concerns(posting, is_later));
        let standing = match self.current(posting.employee_id, &scheme.name) {
            Some(current) if stays || current.bundle == self.bundle.hash && current.inputs == inputs => {
                self.computed.unchanged += 1;
                Standing {
                    total: current.total,
                    final_grade: current.final_grade,
                    needs_attention: current.needs_attention,
                }
            }
            current => {
                self.computed.retired.extend(current.map(|current| current.id));
                self.score(posting, scheme, facts, inputs)
            }
        };
        self.computed.attention += usize::from(standing.needs_attention);
        standing
    }

    /// The facts with the adjustments of this review; none where there are no adjustments.
    fn adjusted(&self, employee_id: i64, scheme: &Scheme, facts: &MonthFacts) -> Option<MonthFacts> {
        let own = self.month.added.get(&employee_id)?;
        let own = own.iter().filter(|(of, _)| *of == scheme.name).map(|(_, added)| added.clone());
        Some(facts.clone().with_added(own.collect()))
    }

    /// The review in force, taken out of those that are left.
    fn current(&mut self, employee_id: i64, scheme: &str) -> Option<CurrentReview> {
        let own = self.before.get_mut(&employee_id)?;
        let place = own.iter().position(|current| current.scheme == scheme)?;
        Some(own.swap_remove(place))
    }

    fn score(&mut self, posting: &Posting, scheme: &Scheme, facts: &MonthFacts, inputs: Vec<u8>) -> Standing {
        let memo = self.memos.of(self.bundle, scheme);
        let (scored, trace) = scheme.score_traced(facts, memo);
        let standing = Standing::from(&scored);
        self.computed.drafts.push(ReviewDraft {
            employee_id: posting.employee_id,
            scheme: scheme.name.clone(),
            position: posting.position,
            unit_id: posting.unit_id,
            inputs,
            trace,
            base: scored.base,
            bonus: scored.bonus,
            total: scored.total,
            applicable_max: scored.applicable_max,
            grade: scored.grade,
            final_grade: scored.final_grade,
            coefficient: scored.coefficient,
            attention: scored.attention,
            deliveries: deliveries(&self.bundle.catalogue, facts),
        });
        standing
    }

    /// What is left of before is withdrawn.
    fn end(self) -> Computed {
        let withdrawn = |employee_id: &i64| self.only.is_none_or(|only| only.people.contains(employee_id));
        let left = self.before.into_iter().filter(|(employee_id, _)| withdrawn(employee_id));
        let left = left.flat_map(|(_, reviews)| reviews).map(|current| current.id).collect::<Vec<_>>();
        let mut computed = self.computed;
        computed.withdrawn = left.len();
        computed.retired.extend(left);
        computed
    }
}
