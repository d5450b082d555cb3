//! Summaries 汇总 of published months: a person's quarter or year by each scheme, and the last twelve months.
//!
//! Means are those of the rated months and exact before they are rounded. What is not published does not count at all.

pub mod http;
mod store;

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use self::store::{MonthRow, Person};
use super::mean::Mean;
use crate::auth::{Context, Reading};
use crate::http::{Page, Problem, Window};
use crate::period::Period;
use crate::rules::scoring::NOT_RATED;
use crate::said::say;

/// A person's published months of a quarter or a year, by one scheme.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ReviewSummary {
    /// Employee number 工号.
    pub employee_no: String,
    /// The person's name.
    pub name: String,
    /// The scheme.
    pub scheme: String,
    /// How many months were rated.
    pub rated: usize,
    /// How many were reviewed and not rated: NR 不评级.
    pub not_rated: usize,
    /// How many are published in the person's store without a review of the person by this scheme, for example because of
    /// protected leave.
    pub without_review: usize,
    /// Mean of the rated months' totals, rounded once; null if none was rated.
    pub mean_total: Option<Decimal>,
    /// Mean of the rated months' coefficients, rounded once; null if none was rated.
    pub mean_coefficient: Option<Decimal>,
    /// The months with a review, in their order.
    pub months: Vec<ReviewedMonth>,
}

/// A published month of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReviewedMonth {
    /// The review.
    pub review: i64,
    /// The month.
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// The scheme.
    pub scheme: String,
    /// Points including the bonus.
    pub total: Option<Decimal>,
    /// The grade that counts; `NR` if not rated.
    pub final_grade: String,
    /// Performance coefficient 绩效系数.
    pub coefficient: Option<Decimal>,
}

/// Which months to sum up, and whose.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SummaryFilter {
    /// The year.
    #[param(example = 2014)]
    pub year: i32,
    /// Only this quarter of it, 1 to 4.
    #[param(minimum = 1, maximum = 4)]
    pub quarter: Option<u32>,
    /// Only reviews from this unit and those below it, by code.
    pub unit: Option<String>,
    /// Only this person, by employee number 工号.
    pub employee_no: Option<String>,
}

/// Months from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    first: Period,
    last: Period,
}

/// How many months a series has.
const SERIES: u32 = 12;

impl Span {
    /// The months that are asked for.
    fn of(year: i32, quarter: Option<u32>) -> Result<Self, Problem> {
        let (first, last) = match quarter {
            None => (1, 12),
            Some(quarter @ 1..=4) => (quarter * 3 - 2, quarter * 3),
            Some(_) => return Err(Problem::field("quarter", say!("应为 1 到 4", "expected 1 to 4"))),
        };
        let months = Period::new(year, first).zip(Period::new(year, last));
        let (first, last) = months
            .ok_or_else(|| Problem::field("year", say!("应在 1900 到 2999 之间", "expected 1900 to 2999")))?;
        Ok(Self { first, last })
    }

    /// The twelve months that end with one.
    fn ending_with(last: Period) -> Self {
        let months = (0..SERIES - 1)
            .fold(last.first_day(), |day, _| Period::containing(day.pred_opt().unwrap_or(day)).first_day());
        Self { first: Period::containing(months), last }
    }
}

/// A page of people's summaries, by person and scheme. The page counts people: somebody with two schemes has two summaries.
pub async fn list(
    cx: &mut Context,
    filter: &SummaryFilter,
    window: Window,
) -> Result<Reading<Page<ReviewSummary>>, Problem> {
    let span = Span::of(filter.year, filter.quarter)?;
    let (people, months) = cx
        .snapshot(async |cx| {
            let people = window.page(store::people(cx, span, filter, window).await?, |person| person.id);
            let ids = people.items.iter().map(|person| person.id).collect::<Vec<_>>();
            Ok((people, store::months(cx, span, &ids, filter.unit.as_deref()).await?))
        })
        .await?;
    let read = months.iter().map(|month| (month.review, month.employee_id)).collect::<Vec<_>>();
    let Page { items, next_cursor } = people;
    let items = items.iter().flat_map(|person| {
        let months = months.iter().filter(|month| month.employee_id == person.id).collect::<Vec<_>>();
        months
            .chunk_by(|one, other| one.scheme == other.scheme)
            .map(|of_scheme| summary(person, of_scheme, &months))
            .collect::<Vec<_>>()
    });
    Ok(cx.reading(Page { items: items.collect(), next_cursor }, read))
}

/// The last twelve months of a person by every scheme, as far as they are published and the caller sees them.
///
/// # Errors
///
/// Not found where there is no such month.
pub async fn last_months(
    cx: &mut Context,
    employee_no: &str,
) -> Result<Reading<Vec<ReviewedMonth>>, Problem> {
    let span = Span::ending_with(Period::containing(cx.today()));
    let months = store::months_of(cx, span, employee_no).await?;
    if months.is_empty() {
        return Err(Problem::not_found("published month of this person"));
    }
    let read = months.iter().map(|month| (month.review, month.employee_id)).collect::<Vec<_>>();
    Ok(cx.reading(months.iter().map(reviewed).collect(), read))
}

/// What a person's months by a scheme come to. `months` are those by every scheme: they tell which months were published
/// where the person was reviewed.
fn summary(person: &Person, of_scheme: &[&MonthRow], months: &[&MonthRow]) -> ReviewSummary {
    let rated = || of_scheme.iter().filter(|month| month.final_grade != NOT_RATED);
    let reviewed_in = of_scheme.iter().map(|month| month.period).collect::<BTreeSet<_>>();
    let published = months.iter().flat_map(|month| month.published.iter().copied()).collect::<BTreeSet<_>>();
    ReviewSummary {
        employee_no: person.employee_no.clone(),
        name: person.name.clone(),
        scheme: of_scheme.first().map(|month| month.scheme.clone()).unwrap_or_default(),
        rated: rated().count(),
        not_rated: of_scheme.len() - rated().count(),
        without_review: published.difference(&reviewed_in).count(),
        mean_total: Mean::over(rated().filter_map(|month| month.total)).rounded(),
        mean_coefficient: Mean::over(rated().filter_map(|month| month.coefficient)).rounded(),
        months: of_scheme.iter().map(|month| reviewed(month)).collect(),
    }
}

fn reviewed(month: &MonthRow) -> ReviewedMonth {
    ReviewedMonth {
        review: month.review,
        period: month.period,
        scheme: month.scheme.clone(),
        total: month.total,
        final_grade: month.final_grade.clone(),
        coefficient: month.coefficient,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(text: &str) -> Period {
        text.parse().unwrap()
    }

    #[test]
    fn a_quarter_has_three_months_and_a_series_twelve() {
        let span = |first, last| Span { first: period(first), last: period(last) };
        assert_eq!(Span::of(2014, None).unwrap(), span("2014-01", "2014-12"));
        assert_eq!(Span::of(2014, Some(2)).unwrap(), span("2014-04", "2014-06"));
        assert_eq!(Span::of(2014, Some(4)).unwrap(), span("2014-10", "2014-12"));
        assert!(Span::of(2014, Some(5)).is_err() && Span::of(1, None).is_err());
        assert_eq!(Span::ending_with(period("2014-11")), span("2013-12", "2014-11"));
    }
}
