//! What the sums of teams and months come to.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::guideline::GradeShare;
use super::store::TeamSum;
use super::{CalibrationWarning, CalibrationWarningKind, GradeCount, GradedGroup};
use crate::decimal::ratio::Ratio;
use crate::http::Language;
use crate::reviews::mean::Mean;
use crate::reviews::store::ReviewCycle;
use crate::rules::scoring::NOT_RATED;

/// Fewer rated reviews are a small sample.
const SMALL: i64 = 5;
/// Points by which a mean has to differ from another to stand out.
const NOTABLE: Decimal = Decimal::from_parts(5, 0, 0, false, 0);
/// Places of a share.
const SHARE_PLACES: u32 = 4;

/// The store by scheme, and its teams by code and scheme.
pub(super) fn groups(
    cycle: &ReviewCycle,
    sums: &[TeamSum],
    guideline: &[GradeShare],
    language: Language,
) -> (Vec<GradedGroup>, Vec<GradedGroup>) {
    let now = || sums.iter().filter(|sum| sum.period == cycle.period);
    let mut by_scheme = BTreeMap::<&str, Vec<&TeamSum>>::new();
    let mut by_team = BTreeMap::<(&str, &str), Vec<&TeamSum>>::new();
    for sum in now() {
        by_scheme.entry(&sum.scheme).or_default().push(sum);
        by_team.entry((&sum.unit, &sum.scheme)).or_default().push(sum);
    }
    let of_scheme = |scheme: &str| by_scheme.get(scheme).map(|sums| mean(sums)).unwrap_or_default();
    let store = by_scheme.values().filter_map(|of_scheme| {
        let first = of_scheme.first()?;
        let before = sums.iter().filter(|sum| sum.period < cycle.period && sum.scheme == first.scheme);
        let mut group = group(of_scheme, None, mean(&before.collect::<Vec<_>>()), guideline, language)?;
        (group.unit, group.name) = (cycle.store.clone(), first.store_name.clone());
        (group.leader_no, group.leader_name) = (None, None);
        Some(group)
    });
    let teams = by_team.values().filter_map(|team| {
        let first = team.first()?;
        let before = sums.iter().filter(|sum| {
            sum.period < cycle.period
                && sum.scheme == first.scheme
                && first.leader_no.is_some()
                && sum.leader_no == first.leader_no
        });
        let store = of_scheme(&first.scheme);
        group(team, Some(store), mean(&before.collect::<Vec<_>>()), guideline, language)
    });
    (store.collect(), teams.collect())
}

/// The mean of the rated ones.
fn mean(sums: &[&TeamSum]) -> Mean {
    let rated = sums.iter().filter(|sum| sum.final_grade != NOT_RATED);
    rated.fold(Mean::default(), |mean, sum| mean.with(Mean::of(sum.points, sum.reviews)))
}

/// A group whose sums by grade these are, beside its store and the months before.
fn group(
    sums: &[&TeamSum],
    store: Option<Mean>,
    before: Mean,
    guideline: &[GradeShare],
    language: Language,
) -> Option<GradedGroup> {
    let first = sums.first()?;
    let own = mean(sums);
    let mut counts = BTreeMap::<&str, i64>::new();
    for sum in sums {
        *counts.entry(&sum.final_grade).or_default() += sum.reviews;
    }
    let grades = counts.iter().map(|(grade, reviews)| GradeCount {
        grade: (*grade).to_owned(),
        reviews: *reviews,
        share: Ratio::new(*reviews, own.count())
            .filter(|_| *grade != NOT_RATED)
            .and_then(|share| share.half_up(SHARE_PLACES)),
    });
    let (above_store, above_before) = (store.and_then(|store| own.above(store)), own.above(before));
    let above = guideline.iter().filter_map(|most| {
        let reviews = counts.get(most.grade.as_str()).copied()?;
        let is_above = Decimal::from(reviews) > most.most_share * Decimal::from(own.count());
        is_above.then(|| above_guideline(most, reviews, own.count(), language))
    });
    let mut warnings = above.collect::<Vec<_>>();
    warnings.extend(above_store.and_then(|above| beside_store(above, language)));
    warnings.extend(above_before.and_then(|above| drift(above, language)));
    Some(GradedGroup {
        unit: first.unit.clone(),
        name: first.unit_name.clone(),
        leader_no: first.leader_no.clone(),
        leader_name: first.leader_name.clone(),
        scheme: first.scheme.clone(),
        reviews: counts.values().sum(),
        rated: own.count(),
        is_small: own.count() < SMALL,
        mean: own.rounded(),
        above_store,
        mean_before: before.rounded(),
        above_before,
        grades: grades.collect(),
        warnings,
    })
}

fn above_guideline(most: &GradeShare, reviews: i64, rated: i64, language: Language) -> CalibrationWarning {
    let (grade, share) = (&most.grade, (most.most_share * Decimal::ONE_HUNDRED).normalize());
    CalibrationWarning {
        kind: CalibrationWarningKind::AboveGuideline,
        grade: Some(grade.clone()),
        sentence: match language {
            Language::Chinese => format!("提示：{rated} 人中 {reviews} 人为 {grade}，高于参考比例 {share}%"),
            Language::English => {
                format!("warning: {reviews} of {rated} are {grade}, above the guideline's {share} %")
            }
        },
    }
}

fn beside_store(above: Decimal, language: Language) -> Option<CalibrationWarning> {
    let kind = match above {
        above if above >= NOTABLE => CalibrationWarningKind::Lenient,
        above if above <= -NOTABLE => CalibrationWarningKind::Severe,
        _ => return None,
    };
    let points = above.abs();
    let sentence = match (language, above.is_sign_negative()) {
        (Language::Chinese, false) => format!("提示：平均分比全店高 {points} 分"),
        (Language::Chinese, true) => format!("提示：平均分比全店低 {points} 分"),
        (Language::English, false) => format!("warning: the mean is {points} points above the store's"),
        (Language::English, true) => format!("warning: the mean is {points} points below the store's"),
    };
    Some(CalibrationWarning { kind, grade: None, sentence })
}

fn drift(above: Decimal, language: Language) -> Option<CalibrationWarning> {
    let points = above.abs();
    if points < NOTABLE {
        return None;
    }
    let sentence = match (language, above.is_sign_negative()) {
        (Language::Chinese, false) => format!("提示：平均分比前三个月高 {points} 分"),
        (Language::Chinese, true) => format!("提示：平均分比前三个月低 {points} 分"),
        (Language::English, false) => {
            format!("warning: the mean is {points} points above the three months before")
        }
        (Language::English, true) => {
            format!("warning: the mean is {points} points below the three months before")
        }
    };
    Some(CalibrationWarning { kind: CalibrationWarningKind::Drift, grade: None, sentence })
}
