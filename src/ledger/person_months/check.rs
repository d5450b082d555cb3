//! Whether people's months and the sums of units are what the ledger says; and making them anew.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection as _};
use rust_decimal::Decimal;
use serde::Serialize;

use super::{Numbers, PersonMonth, Places, by_ledger, load, units_held, write};
use crate::auth::Context;
use crate::db::schema::{employee, org_unit, unit_month};
use crate::db::sql;
use crate::http::Problem;
use crate::period::Period;

/// So many people are compared or made anew at a time.
const PEOPLE: usize = 5_000;

/// What was compared, or made anew.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Checked {
    /// Months in which anything was recorded.
    pub months: usize,
    /// People's months.
    pub people: usize,
    /// What was otherwise than the ledger says.
    pub differences: Vec<Difference>,
}

/// Something that is kept otherwise than the ledger says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The month.
    pub period: Period,
    /// Whose it is: 工号 of a person, or the code of a unit.
    pub of: String,
    /// The metric; `unit` where the month counts for another unit.
    pub what: String,
    /// What is kept.
    pub kept: Option<String>,
    /// What the ledger says.
    pub ledger: Option<String>,
}

/// Compares a month, or all of them, as they are at one moment.
pub async fn check(cx: &mut Context, only: Option<Period>) -> Result<Checked, Problem> {
    cx.snapshot(async |cx| {
        let mut checked = Checked::default();
        for period in months(cx.db(), only).await? {
            compare(cx.db(), period, &mut checked).await?;
        }
        Ok(checked)
    })
    .await
}

/// Makes a month, or all of them, anew from the ledger, and says what was different. Nobody records anything and nobody
/// is posted meanwhile.
pub async fn rebuild(cx: &mut Context, only: Option<Period>) -> Result<Checked, Problem> {
    let mut rebuilt = Checked::default();
    for period in months(cx.db(), only).await? {
        cx.transaction(async |cx| {
            // Who posts somebody has the postings first, and who records facts reads the months before.
            let lock = "LOCK TABLE assignment IN SHARE ROW EXCLUSIVE MODE; \
                 LOCK TABLE person_month IN ACCESS EXCLUSIVE MODE";
            cx.db().batch_execute(lock).await?;
            compare(cx.db(), period, &mut rebuilt).await?;
            renew(cx.db(), period).await
        })
        .await?;
    }
    Ok(rebuilt)
}

/// The months of which anything is recorded or kept.
async fn months(connection: &mut AsyncPgConnection, only: Option<Period>) -> Result<Vec<Period>, Problem> {
    #[derive(QueryableByName)]
    struct Month {
        #[diesel(sql_type = Date)]
        period: Period,
    }
    // From each month to the next one, by the indexes.
    let months: Vec<Month> = sql("WITH RECURSIVE recorded AS ( \
             SELECT min(period) AS period FROM fact UNION ALL \
             SELECT (SELECT min(f.period) FROM fact f WHERE f.period > r.period) FROM recorded r WHERE r.period IS NOT NULL), \
         kept AS ( \
             SELECT min(period) AS period FROM person_month UNION ALL \
             SELECT (SELECT min(m.period) FROM person_month m WHERE m.period > k.period) FROM kept k WHERE k.period IS NOT NULL) \
         SELECT period FROM (SELECT period FROM recorded UNION SELECT period FROM kept UNION SELECT period FROM unit_month) m \
         WHERE period IS NOT NULL AND ($1 IS NULL OR period = $1) ORDER BY period")
    .bind::<Nullable<Date>, _>(only)
    .load(connection)
    .await?;
    Ok(months.into_iter().map(|month| month.period).collect())
}

/// Everybody of whom anything is recorded or kept in a month.
async fn people(connection: &mut AsyncPgConnection, period: Period) -> Result<Vec<i64>, Problem> {
    #[derive(QueryableByName)]
    struct Person {
        #[diesel(sql_type = BigInt)]
        employee_id: i64,
    }
    let people: Vec<Person> = sql("SELECT employee_id FROM fact WHERE period = $1 \
         UNION SELECT employee_id FROM person_month WHERE period = $1 ORDER BY employee_id")
    .bind::<Date, _>(period)
    .load(connection)
    .await?;
    Ok(people.into_iter().map(|person| person.employee_id).collect())
}

/// What the ledger and the postings say of these people's months.
async fn anew(
    connection: &mut AsyncPgConnection,
    period: Period,
    people: &[i64],
) -> Result<Vec<PersonMonth>, Problem> {
    let held: BTreeMap<_, _> = units_held(connection, period, people.to_vec()).await?.into_iter().collect();
    let months = by_ledger(connection, period, people).await?.into_iter().map(|month| PersonMonth {
        period,
        employee_id: month.employee_id,
        unit_id: held.get(&month.employee_id).copied(),
        value: month.value,
        rank: month.rank,
    });
    Ok(months.collect())
}

async fn compare(
    connection: &mut AsyncPgConnection,
    period: Period,
    checked: &mut Checked,
) -> Result<(), Problem> {
    checked.months += 1;
    let places = Places::load(connection).await?;
    let names = places.names();
    let name = |at: usize| names.get(at).copied().unwrap_or_default().to_owned();
    let mut found = Vec::new();
    for some in people(connection, period).await?.chunks(PEOPLE) {
        checked.people += some.len();
        let kept = load(connection, period, some).await?;
        for month in anew(connection, period, some).await? {
            let nothing = PersonMonth::nothing(period, month.employee_id);
            let kept = kept.get(&month.employee_id).unwrap_or(&nothing);
            for at in 0..month.rank.0.len().max(kept.rank.0.len()).max(kept.value.0.len()) {
                let (kept, ledger) = (kept.counted(at), month.counted(at));
                if kept != ledger {
                    let shown = |one: super::Counted| {
                        let rank = one.rank?;
                        Some(
                            one.value.map_or(String::new(), |value| value.normalize().to_string())
                                + &format!(" (rank {rank})"),
                        )
                    };
                    found.push((month.employee_id, name(at), shown(kept), shown(ledger)));
                }
            }
            if kept.unit_id != month.unit_id {
                let shown = |unit: Option<i64>| unit.map(|id| id.to_string());
                found.push((month.employee_id, "unit".to_owned(), shown(kept.unit_id), shown(month.unit_id)));
            }
        }
    }
    let numbers: BTreeMap<i64, String> = employee::table
        .filter(employee::id.eq_any(found.iter().map(|(id, ..)| *id).collect::<BTreeSet<_>>()))
        .select((employee::id, employee::employee_no))
        .load(connection)
        .await?
        .into_iter()
        .collect();
    checked.differences.extend(found.into_iter().map(|(id, what, kept, ledger)| Difference {
        period,
        of: numbers.get(&id).cloned().unwrap_or_else(|| id.to_string()),
        what,
        kept,
        ledger,
    }));
    compare_units(connection, period, &names, checked).await
}

/// A unit's month as it is kept, or as it follows from those of its people.
#[derive(QueryableByName)]
struct UnitMonth {
    #[diesel(sql_type = BigInt)]
    unit_id: i64,
    #[diesel(sql_type = Text)]
    value: Numbers,
    #[diesel(sql_type = Array<Integer>)]
    known: Vec<i32>,
}

impl UnitMonth {
    fn at(&self, at: usize) -> (Decimal, i32) {
        (self.value.get(at).unwrap_or_default(), self.known.get(at).copied().unwrap_or_default())
    }
}

async fn compare_units(
    connection: &mut AsyncPgConnection,
    period: Period,
    names: &[&str],
    checked: &mut Checked,
) -> Result<(), Problem> {
    let mut months = BTreeMap::<i64, (Option<UnitMonth>, Option<UnitMonth>)>::new();
    let kept: Vec<UnitMonth> =
        sql("SELECT unit_id, value::text AS value, known FROM unit_month WHERE period = $1")
            .bind::<Date, _>(period)
            .load(connection)
            .await?;
    for month in kept {
        let unit = months.entry(month.unit_id).or_default();
        unit.0 = Some(month);
    }
    let summed: Vec<UnitMonth> = sql("SELECT unit_id, value::text AS value, known FROM unit_month_of($1)")
        .bind::<Date, _>(period)
        .load(connection)
        .await?;
    for month in summed {
        let unit = months.entry(month.unit_id).or_default();
        unit.1 = Some(month);
    }
    let codes: BTreeMap<i64, String> = org_unit::table
        .filter(org_unit::id.eq_any(months.keys().copied().collect::<Vec<_>>()))
        .select((org_unit::id, org_unit::code))
        .load(connection)
        .await?
        .into_iter()
        .collect();
    for (unit_id, (kept, summed)) in &months {
        for (at, name) in names.iter().enumerate() {
            let at =
                |month: &Option<UnitMonth>| month.as_ref().map_or((Decimal::ZERO, 0), |month| month.at(at));
            let shown = |(value, known): (Decimal, i32)| Some(format!("{} of {known}", value.normalize()));
            let (kept, summed) = (at(kept), at(summed));
            if kept != summed {
                checked.differences.push(Difference {
                    period,
                    of: codes.get(unit_id).cloned().unwrap_or_else(|| unit_id.to_string()),
                    what: (*name).to_owned(),
                    kept: shown(kept),
                    ledger: shown(summed),
                });
            }
        }
    }
    Ok(())
}

async fn renew(connection: &mut AsyncPgConnection, period: Period) -> Result<(), Problem> {
    let everybody = people(connection, period).await?;
    // Rows that are erased do not tell any more when they were recorded.
    let recorded: Vec<(i64, Option<DateTime<Utc>>)> = unit_month::table
        .filter(unit_month::period.eq(period))
        .select((unit_month::unit_id, unit_month::recorded_at))
        .load(connection)
        .await?;
    for table in ["DELETE FROM person_month WHERE period = $1", "DELETE FROM unit_month WHERE period = $1"] {
        sql(table).bind::<Date, _>(period).execute(connection).await?;
    }
    for some in everybody.chunks(PEOPLE) {
        let mut months = anew(connection, period, some).await?;
        months.sort_unstable_by_key(|month| month.employee_id);
        write::add(connection, months.iter().collect()).await?;
    }
    sql("INSERT INTO unit_month (period, unit_id, value, known, recorded_at) \
         SELECT $1, s.unit_id, s.value, s.known, greatest(recorded.at, before.at) FROM unit_month_of($1) s \
         LEFT JOIN unnest($2, $3) AS before (unit_id, at) ON before.unit_id = s.unit_id LEFT JOIN ( \
             SELECT m.unit_id, max(f.recorded_at) AS at FROM person_month m \
             JOIN fact f ON f.period = m.period AND f.employee_id = m.employee_id WHERE m.period = $1 GROUP BY m.unit_id \
         ) AS recorded ON recorded.unit_id = s.unit_id ORDER BY s.unit_id")
    .bind::<Date, _>(period)
    .bind::<Array<BigInt>, _>(recorded.iter().map(|(unit_id, _)| *unit_id).collect::<Vec<_>>())
    .bind::<Array<Nullable<Timestamptz>>, _>(recorded.iter().map(|(_, at)| *at).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    sql("SELECT tell_month($1)").bind::<Date, _>(period).execute(connection).await?;
    Ok(())
}
