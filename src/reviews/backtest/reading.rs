//! Showing a report: whose reviews it names, as far as the reader reaches.

use std::collections::{BTreeSet, HashMap};

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt};
use diesel_async::RunQueryDsl;

use super::report::{AttentionMark, BacktestReport, Mover, NamedReview, ReviewedPerson};
use crate::auth::Context;
use crate::db::sql;
use crate::http::Problem;
use crate::reviews::visibility::{ReviewSight, Sight, seen};

/// Adds whose reviews a report names, as far as the reader sees them, and leaves the others out. Reading other people's is
/// logged.
pub async fn show(cx: &mut Context, sight: Sight, report: &mut BacktestReport) -> Result<(), Problem> {
    let people = people(cx, sight, report).await?;
    let read = people.iter().map(|(review, (employee_id, _))| (*review, *employee_id)).collect::<Vec<_>>();
    name(report, &cx.reading(people, read).logged().await?);
    Ok(())
}

/// By review: whose it is.
type People = HashMap<i64, (i64, ReviewedPerson)>;

/// Every review that the report names.
fn named(report: &BacktestReport) -> BTreeSet<i64> {
    let movers = report.gainers.iter().chain(&report.losers).map(|mover| mover.review);
    let marks = report.attention_new.first.iter().chain(&report.attention_gone.first).map(|mark| mark.review);
    let withdrawn = report.withdrawn_first.iter().map(|named| named.review);
    movers.chain(marks).chain(withdrawn).collect()
}

fn name(report: &mut BacktestReport, people: &People) {
    let named = named(report);
    let hidden = named.iter().filter(|review| !people.contains_key(review)).count();
    report.hidden = u64::try_from(hidden).unwrap_or(u64::MAX);
    let person = |review: i64| people.get(&review).map(|(_, person)| person.clone());
    let with_person = |mut mover: Mover| {
        mover.person = person(mover.review);
        mover.person.is_some().then_some(mover)
    };
    for movers in [&mut report.gainers, &mut report.losers] {
        *movers = std::mem::take(movers).into_iter().filter_map(with_person).collect();
    }
    for named in std::mem::take(&mut report.withdrawn_first) {
        let person = person(named.review);
        report.withdrawn_first.extend(person.map(|person| NamedReview { person: Some(person), ..named }));
    }
    let with_person = |mut mark: AttentionMark| {
        mark.person = person(mark.review);
        mark.person.is_some().then_some(mark)
    };
    for marks in [&mut report.attention_new.first, &mut report.attention_gone.first] {
        *marks = std::mem::take(marks).into_iter().filter_map(with_person).collect();
    }
}

async fn people(cx: &mut Context, sight: Sight, report: &BacktestReport) -> Result<People, Problem> {
    #[derive(QueryableByName)]
    struct NamedReview {
        #[diesel(sql_type = BigInt)]
        id: i64,
        #[diesel(sql_type = BigInt)]
        employee_id: i64,
        #[diesel(embed)]
        person: ReviewedPerson,
    }
    let reviews: Vec<NamedReview> = sql(concat!(
        "SELECT r.id, r.employee_id, e.employee_no, e.name, u.code AS unit, c.period FROM review r
         JOIN review_cycle c ON c.id = r.cycle_id JOIN employee e ON e.id = r.employee_id
         JOIN org_unit u ON u.id = r.unit_id
         WHERE r.id = ANY ($1) AND NOT EXISTS (SELECT FROM erased_review x WHERE x.review_id = r.id) AND ",
        seen!("$2", "r.employee_id", "r.unit_id", "c.period", "c.stage"),
        " ORDER BY r.id"
    ))
    .bind::<Array<BigInt>, _>(named(report).into_iter().collect::<Vec<_>>())
    .bind::<ReviewSight, _>(sight)
    .load(cx.db())
    .await?;
    Ok(reviews.into_iter().map(|review| (review.id, (review.employee_id, review.person))).collect())
}
