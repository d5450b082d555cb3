//! Showing a report: whose reviews it names, as far as the reader reaches.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Date, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::report::{AttentionMark, BacktestReport, Mover, ReviewedPerson};
use crate::auth::caller::{Identity, Scope};
use crate::http::Problem;
use crate::period::Period;
use crate::reviews::explain::log_reading;

/// Adds whose reviews a report names, as far as `scope` reaches, and leaves the others out. Reading other people's is
/// logged.
pub async fn show(
    connection: &mut AsyncPgConnection,
    reader: &Identity,
    scope: &Scope,
    report: &mut BacktestReport,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let people = people(connection, scope, report).await?;
    let read = people.iter().map(|(review, (employee_id, _))| (*review, *employee_id));
    log_reading(connection, reader, read, now).await?;
    name(report, &people);
    Ok(())
}

/// Adds whose reviews a report names for the operator, whose readings are not logged.
pub async fn show_operator(
    connection: &mut AsyncPgConnection,
    report: &mut BacktestReport,
) -> Result<(), Problem> {
    let people = people(connection, &Scope::operator(), report).await?;
    name(report, &people);
    Ok(())
}

/// By review: whose it is.
type People = HashMap<i64, (i64, ReviewedPerson)>;

/// Every review that the report names.
fn named(report: &BacktestReport) -> BTreeSet<i64> {
    let movers = report.gainers.iter().chain(&report.losers).map(|mover| mover.review);
    let marks = report.attention_new.first.iter().chain(&report.attention_gone.first).map(|mark| mark.review);
    movers.chain(marks).collect()
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
    let with_person = |mut mark: AttentionMark| {
        mark.person = person(mark.review);
        mark.person.is_some().then_some(mark)
    };
    for marks in [&mut report.attention_new.first, &mut report.attention_gone.first] {
        *marks = std::mem::take(marks).into_iter().filter_map(with_person).collect();
    }
}

async fn people(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    report: &BacktestReport,
) -> Result<People, Problem> {
    #[derive(QueryableByName)]
    struct NamedReviewRow {
        #[diesel(sql_type = BigInt)]
        id: i64,
        #[diesel(sql_type = BigInt)]
        employee_id: i64,
        #[diesel(sql_type = Text)]
        employee_no: String,
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Text)]
        unit: String,
        #[diesel(sql_type = Date)]
        period: NaiveDate,
    }
    let rows: Vec<NamedReviewRow> = diesel::sql_query(
        "SELECT r.id, r.employee_id, e.employee_no, e.name, u.code AS unit, c.period FROM review r \
         JOIN review_cycle c ON c.id = r.cycle_id JOIN employee e ON e.id = r.employee_id \
         JOIN org_unit u ON u.id = r.unit_id \
         WHERE r.id = ANY ($1) AND may_reach($2, $3, $4, r.employee_id, r.unit_id, c.period) ORDER BY r.id",
    )
    .bind::<Array<BigInt>, _>(named(report).into_iter().collect::<Vec<_>>())
    .bind::<Array<Text>, _>(&scope.reaches)
    .bind::<BigInt, _>(scope.employee_id)
    .bind::<BigInt, _>(scope.unit_id)
    .load(connection)
    .await?;
    let people = rows.into_iter().map(|row| {
        let period = Period::containing(row.period);
        let person = ReviewedPerson { employee_no: row.employee_no, name: row.name, unit: row.unit, period };
        (row.id, (row.employee_id, person))
    });
    Ok(people.collect())
}
