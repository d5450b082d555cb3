//! What a decision on an event changes in the ledger.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;
use serde_json::Value;

use super::detail::Particulars;
use super::kinds::{EventKind, EventTally};
use super::life::EventState;
use super::store::{self, LockedEvent};
use super::tally::{self, Mark};
use crate::db::schema::event;
use crate::http::Problem;
use crate::ledger::{self, Counts, Entry, Late, ValueOrigin};
use crate::period::Period;

/// Brings the ledger to what the month's verified events give, now that this one `counts` or no longer does. What is
/// about a frozen month waits for somebody else's decision. To be called within the transaction that moved the event.
pub(super) async fn write(
    connection: &mut AsyncPgConnection,
    event: &LockedEvent,
    counts: bool,
    reason: String,
    by: i64,
    now: DateTime<Utc>,
) -> Result<Counts, Problem> {
    let period = Period::containing(event.day);
    let rules = event.kind.rules();
    let source_system = match rules.tally {
        EventTally::TakenOff => "punch_correction",
        _ => "event",
    };
    let origin = ValueOrigin {
        source_system: source_system.to_owned(),
        batch_id: None,
        user_id: Some(by),
        at: now,
        reason: Some(reason),
    };
    // The person's month first: another event of it may just be verified, or a correction of it decided on.
    ledger::lock(connection, period, &[event.standing.subject]).await?;
    let entries = match rules.tally {
        EventTally::Sum | EventTally::TakenOff => of_event(event, counts),
        EventTally::Mean | EventTally::MeanOfRaters => of_month(connection, event, period).await?,
    };
    // What waited for a decision is overtaken, whatever the ledger says.
    ledger::retract(connection, period, &entries, &origin.source_system).await?;
    Ok(ledger::record(connection, period, &entries, &origin, Late::Keep).await?.counts)
}

/// One event's own values, or the word that they no longer stand.
fn of_event(event: &LockedEvent, counts: bool) -> Vec<Entry> {
    let given = tally::given(event.kind, &event.said).into_iter();
    let entries = given.map(|(metric, value)| Entry {
        employee_id: event.standing.subject,
        metric: metric.to_owned(),
        value: counts.then_some(value),
        day: Some(event.day),
        external_id: Some(event.id.to_string()),
        for_store: None,
    });
    entries.collect()
}

/// The month's value that this event goes into, from all its verified events.
async fn of_month(
    connection: &mut AsyncPgConnection,
    event: &LockedEvent,
    period: Period,
) -> Result<Vec<Entry>, Problem> {
    let rules = event.kind.rules();
    let marks = marks(connection, event.kind, event.standing.subject, period).await?;
    let mean = tally::mean(rules.tally, &marks);
    let entries = rules
        .metrics
        .iter()
        .map(|metric| Entry { value: mean, ..Entry::total(event.standing.subject, *metric, Decimal::ZERO) });
    Ok(entries.collect())
}

/// The points that somebody's verified events of a month give.
async fn marks(
    connection: &mut AsyncPgConnection,
    kind: EventKind,
    employee_id: i64,
    period: Period,
) -> Result<Vec<Mark>, Problem> {
    let rows: Vec<(i64, i64, NaiveDate, Value)> = event::table
        .filter(event::kind.eq(kind).and(event::employee_id.eq(employee_id)))
        .filter(event::day.ge(period.first_day()).and(event::day.lt(period.end())))
        .filter(event::state.eq(EventState::Verified))
        .order(event::id)
        .select((event::id, event::reported_by, event::day, event::detail))
        .load(connection)
        .await?;
    let mut marks = Vec::with_capacity(rows.len());
    for (id, reporter, day, detail) in rows {
        if let Particulars::Points(points) = store::particulars(kind, &store::from_json(detail)?)? {
            marks.push(Mark { reporter, day, event: id, points });
        }
    }
    Ok(marks)
}
