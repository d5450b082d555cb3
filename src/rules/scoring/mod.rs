//! Scoring one person by one scheme: each rule once, then the totals, the grade and the vetoes.
//!
//! Total = Σ score ÷ Σ applicable max × 100, half-up to two places, plus the bonus, at most the scheme's cap
//! (docs/DOMAIN.md, "The default schemes"). Rules are rounded half-up to two places, once each.

mod adjusted;
mod run;

use std::sync::Arc;

use rust_decimal::Decimal;

use super::bundle::{Rule, Scheme};
use super::memo::Memo;
use super::scheme::Veto;
use super::sentences::{self, table};
use super::trace::Step;
use crate::decimal;
use crate::http::Language;
use crate::ledger::month::MonthFacts;
use crate::words::words;

/// The final grade of a review that is not rated 不评级.
pub const NOT_RATED: &str = "NR";
/// Decimal places of every score.
const PLACES: u32 = 2;

words! {
    /// The outcome of one rule.
    pub enum Outcome in "review_item.outcome" {
        /// It gave points.
        Scored = "scored" "得分",
        /// Its points leave the denominator.
        NotApplicable = "not_applicable" "不适用",
        /// It failed for this person: the review needs attention.
        Failed = "failed" "出错",
    }
}

/// One rule's result for one person: numbers, and what the rule did as data. `Scheme::explain` makes sentences of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleResult {
    /// The rule's id, for example `20_funnel_kpi`.
    pub rule: Arc<str>,
    /// Its outcome.
    pub outcome: Outcome,
    /// Points, rounded half up to two decimals; none unless the rule was scored.
    pub score: Option<Decimal>,
    /// Points it adds to the denominator when it applies.
    pub max: Decimal,
    /// Points on top of the total.
    pub bonus: Decimal,
    /// What it did.
    pub steps: Vec<Step>,
    /// What went wrong, with file, line and column.
    pub failure: Option<String>,
}

impl RuleResult {
    /// What it adds to the sums.
    pub fn points(&self) -> Points {
        Points { outcome: self.outcome, score: self.score, max: self.max, bonus: self.bonus }
    }
}

/// One person's month, scored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scored {
    /// Every rule's result, in the scheme's order.
    pub rules: Vec<Arc<RuleResult>>,
    /// Sum of the bonuses; none when a rule failed.
    pub bonus: Option<Decimal>,
    /// Points of 100 without the bonus; none when a rule failed or none applies.
    pub base: Option<Decimal>,
    /// Points with the bonus, capped.
    pub total: Option<Decimal>,
    /// Sum of the maxima of the rules that apply.
    pub applicable_max: Decimal,
    /// The band of the total, before vetoes.
    pub grade: Option<String>,
    /// The grade that counts: after vetoes, `NR` when not rated.
    pub final_grade: String,
    /// Performance coefficient 绩效系数 of the final grade; none when not rated.
    pub coefficient: Option<Decimal>,
    /// What somebody has to look at before the review counts.
    pub attention: Vec<String>,
}

/// What one rule adds to the sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Points {
    /// Its outcome.
    pub outcome: Outcome,
    /// Its points; none unless scored.
    pub score: Option<Decimal>,
    /// Points it adds to the denominator when it applies.
    pub max: Decimal,
    /// Points on top of the total.
    pub bonus: Decimal,
}

/// The sums of what a scheme's rules came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Points of 100 without the bonus; none when a rule failed or none applies.
    pub base: Option<Decimal>,
    /// Sum of the bonuses; none when a rule failed.
    pub bonus: Option<Decimal>,
    /// Points with the bonus, capped.
    pub total: Option<Decimal>,
    /// Sum of the maxima of the rules that apply.
    pub applicable_max: Decimal,
}

impl Totals {
    /// The sums of what rules came to, with a total of at most `total_cap`.
    pub fn of(rules: impl Iterator<Item = Points>, total_cap: Decimal) -> Self {
        // No sum or product below can overflow: maxima and ceilings have the bounds of `scheme`, bonuses those of the
        // host, and a bundle has at most a thousand files.
        let (mut applicable_max, mut points, mut bonus) = (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
        let mut has_failed = false;
        for result in rules {
            has_failed |= result.outcome == Outcome::Failed;
            if result.outcome == Outcome::Scored {
                applicable_max += result.max;
            }
            if let Some(score) = result.score {
                points += score;
            }
            bonus += result.bonus;
        }
        let share = decimal::quotient(points * Decimal::ONE_HUNDRED, applicable_max);
        let base = share.filter(|_| !has_failed).map(|share| decimal::half_up(share, PLACES));
        let bonus = (!has_failed).then(|| decimal::half_up(bonus, PLACES));
        let total = base
            .zip(bonus)
            .map(|(base, bonus)| decimal::half_up(decimal::min(base + bonus, total_cap), PLACES));
        Self { base, bonus, total, applicable_max }
    }
}

impl Scheme {
    /// Scores one person's facts.
    pub fn score(&self, facts: &MonthFacts) -> Scored {
        let rules = self.rules.iter().map(|rule| Arc::new(rule.run(facts)));
        self.total(facts, rules.collect())
    }

    /// Scores one of many people, each rule's result added to `out` as `write` writes it: what a rule came to for the same inputs
    /// is taken from `memo`, and so is how it was written. `write` is told the rule's place in the scheme.
    pub fn score_remembering(
        &self,
        facts: &MonthFacts,
        memo: &mut Memo,
        out: &mut Vec<u8>,
        write: impl Fn(&mut Vec<u8>, usize, &Rule, &RuleResult),
    ) -> Scored {
        self.total(facts, memo.written(self, facts, out, write))
    }

    /// The totals and the grade of what the rules came to, one result for each rule in the scheme's order.
    pub fn total(&self, facts: &MonthFacts, rules: Vec<Arc<RuleResult>>) -> Scored {
        let failures = rules.iter().filter_map(|result| {
            result.failure.as_ref().map(|failure| format!("{}: {failure}", result.rule))
        });
        let mut attention = failures.collect::<Vec<_>>();
        let mut totals = match facts.added() {
            [] => self.totals(rules.iter().map(|result| result.points())),
            _ => {
                let (points, misfits) = adjusted::adjusted(facts, &rules);
                attention.extend(misfits);
                self.totals(points.into_iter())
            }
        };
        if !attention.is_empty() {
            totals = Totals { base: None, bonus: None, total: None, ..totals };
        }
        let Totals { base, bonus, total, applicable_max } = totals;
        let mut scored = Scored {
            rules,
            bonus,
            base,
            total,
            applicable_max,
            grade: None,
            final_grade: NOT_RATED.to_owned(),
            coefficient: None,
            attention,
        };
        self.grade(facts, &mut scored);
        scored
    }

    /// The sums of points in the order of `rules`, with the adjustments that the facts have.
    pub fn totals_adjusted(
        &self,
        facts: &MonthFacts,
        rules: &[Arc<RuleResult>],
        points: impl Iterator<Item = Points>,
    ) -> Totals {
        if facts.added().is_empty() {
            return self.totals(points);
        }
        let mut points = points.collect::<Vec<_>>();
        let misfits = adjusted::adjust(facts, rules, &mut points);
        let totals = self.totals(points.into_iter());
        match misfits.is_empty() {
            true => totals,
            false => Totals { base: None, bonus: None, total: None, ..totals },
        }
    }

    /// The sums alone, without grade and reasons: levers ask for very many.
    pub fn totals(&self, rules: impl Iterator<Item = Points>) -> Totals {
        Totals::of(rules, self.file.total_cap)
    }

    /// Gives the band of the total, then lets vetoes cap it. Not rated outranks vetoes.
    fn grade(&self, facts: &MonthFacts, scored: &mut Scored) {
        let Some(rank) = scored.total.and_then(|total| self.rank(total)) else { return };
        scored.grade = self.file.grade.get(rank).map(|band| band.name.clone());
        if scored.applicable_max < self.file.min_applicable {
            return;
        }
        let rank = self.active_vetoes(facts).map(|active| active.cap).fold(rank, usize::max);
        if let Some(band) = self.file.grade.get(rank) {
            scored.final_grade = band.name.clone();
            scored.coefficient = Some(band.coefficient);
        }
    }

    /// The place of the grade that a total alone gives, the best first.
    fn rank(&self, total: Decimal) -> Option<usize> {
        self.file.grade.iter().position(|band| decimal::compare(total, band.min).is_ge())
    }

    fn active_vetoes(&self, facts: &MonthFacts) -> impl Iterator<Item = ActiveVeto<'_>> {
        self.file.veto.iter().zip(&self.vetoes).filter_map(|(veto, place)| {
            let (metric, cap) = (*place)?;
            let value =
                facts.number(metric).filter(|value| decimal::compare(*value, veto.at_least).is_ge())?;
            Some(ActiveVeto { veto, value, cap })
        })
    }

    /// Why the final grade is what it is: what a total of so many applicable points gives with these facts, or, where
    /// there is no total, whether it is because a rule failed.
    pub fn grade_reasons(
        &self,
        facts: &MonthFacts,
        total: Option<Decimal>,
        applicable_max: Decimal,
        has_failed: bool,
        language: Language,
    ) -> Vec<String> {
        use sentences::Value::{Plain, Points, Text};

        let Some(total) = total else {
            let sentence = if has_failed { &table::HAS_FAILED } else { &table::NO_RULE };
            return vec![sentence.text(language, &[])];
        };
        let Some(band) = self.rank(total).and_then(|rank| self.file.grade.get(rank)) else {
            return Vec::new();
        };
        let mut reasons = vec![table::GRADE.text(language, &[Points(total), Text(&band.name)])];
        let least = self.file.min_applicable;
        if applicable_max < least {
            reasons.push(table::TOO_FEW_POINTS.text(language, &[Points(applicable_max), Points(least)]));
            return reasons;
        }
        reasons.extend(self.active_vetoes(facts).map(|ActiveVeto { veto, value, .. }| {
            let name = match language {
                Language::Chinese => &veto.zh,
                Language::English => &veto.en,
            };
            table::VETO.text(language, &[Text(name), Plain(value), Text(&veto.cap)])
        }));
        reasons
    }
}

/// A veto that caps the grade.
struct ActiveVeto<'a> {
    veto: &'a Veto,
    value: Decimal,
    /// Place of the best grade still possible.
    cap: usize,
}

#[cfg(test)]
pub(super) mod tests;
