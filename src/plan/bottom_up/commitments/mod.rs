//! Commitments, from below: what people and units say they will bring, beside what the plan gives them from above.
//!
//! A commitment belongs to a place of a plan's unit and year and stands beside every version. Missing is not zero: a month
//! that nobody has committed to is null, and a sum over places of which one is missing says that it is not complete. What few people
//! have committed to is withheld from who may not see them.

mod few;
pub mod http;
pub mod issued;
pub mod roll_up;
mod write;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Context;
use crate::db::sql;
use crate::http::Problem;
use crate::org::disclosure;
use crate::plan::split::limits::MAX_TOTAL;
use crate::plan::split::whole_plan::Line;
use crate::plan::versions::version::Plan;
use crate::plan::versions::{rows, store};
use crate::plan::viewer::{self, Sight};
use crate::plan::withheld;
use few::Judged;
use roll_up::{Committed, Rolled, roll_up};
pub use write::commit;

/// What people and units commit to: all of it is kept, or nothing.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Commitments {
    /// The line; by default the plan's first.
    #[serde(default)]
    #[garde(inner(length(chars, min = 1, max = 64)))]
    #[schema(example = "deliveries", min_length = 1, max_length = 64)]
    pub metric: Option<String>,
    /// One row for each place.
    #[garde(length(min = 1, max = 5_000), dive)]
    #[schema(min_items = 1, max_items = 5000)]
    pub rows: Vec<Commitment>,
}

/// What one person or unit commits to.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Commitment {
    /// Code of the unit, in the plan's organisation.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(example = "G1", min_length = 1, max_length = 64)]
    pub unit: String,
    /// 工号 of a person within that unit; null for the unit itself.
    #[serde(default)]
    #[garde(inner(length(chars, min = 1, max = 64)))]
    #[schema(min_length = 1, max_length = 64)]
    pub employee_no: Option<String>,
    /// Twelve months, January first, in units of the metric or cents. Null means no commitment, and withdraws an
    /// earlier one; in months in which the caller does not reach the place, null leaves what is there.
    #[garde(length(min = 12, max = 12), inner(inner(range(min = 0, max = MAX_TOTAL))))]
    #[schema(inline, value_type = Vec<Option<crate::http::bounds::Amount>>, example = json!([16, 11, 15, 14, 13, 14, null, null, null, null, null, null]), min_items = 12, max_items = 12)]
    pub months: Vec<Option<i64>>,
    /// The `row_version` that was read, 0 if there was no commitment; by default, whatever version is there.
    #[serde(default)]
    #[garde(inner(range(min = 0)))]
    #[schema(minimum = 0, maximum = 2_147_483_647)]
    pub row_version: Option<i32>,
}

/// The targets that a plan gives each place, and what was committed to there, as far as the reader reaches.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CommitmentDocument {
    /// Code of the store or group.
    pub unit: String,
    /// The calendar year.
    pub year: i32,
    /// Number of the version whose months are the targets.
    pub version: i32,
    /// The line.
    pub metric: String,
    /// Whether its numbers are cents.
    pub is_amount: bool,
    /// The places of the organisation, each before those below it.
    pub rows: Vec<CommittedPlace>,
}

/// A place's target, what was committed to, and the difference. Months are listed January first; a month is null if the
/// reader does not reach the place in it, and a target where it is withheld.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CommittedPlace {
    /// Code of the unit.
    pub unit: String,
    /// 工号, if it is a person within that unit.
    pub employee_no: Option<String>,
    /// The unit's or the person's name.
    pub name: String,
    /// Code of the unit whose months it shares; null for the plan's own unit.
    pub above: Option<String>,
    /// The plan's target.
    pub target: [Option<i64>; 12],
    /// What was committed to: by the place itself if it has committed, otherwise the sum of the commitments below it.
    /// Null if there are none, and where they are withheld.
    pub committed: [Option<i64>; 12],
    /// Committed − target; null if nothing was committed to.
    pub gap: [Option<i64>; 12],
    /// The sum of the targets shown.
    pub target_year: i64,
    /// The sum of what was committed to in the months shown; null if nothing was.
    pub committed_year: Option<i64>,
    /// The sum of the gaps, only over the months that were committed to.
    pub gap_year: Option<i64>,
    /// Whether the place itself or everybody below it has committed to every month of the year; false, too, where some are withheld.
    pub complete: bool,
    /// Whether what was committed to is withheld in some months: it is of few people (`GET /v1/disclosure`) whom the reader is not to
    /// know, or would tell theirs by subtraction.
    pub withheld: bool,
    /// What the place itself has committed to.
    pub own: [Option<i64>; 12],
    /// Login of the person who last entered that; null if nobody has, or if the reader may not see names.
    pub entered_by: Option<String>,
    /// When that was last entered.
    pub entered_at: Option<DateTime<Utc>>,
    /// Grows with every change of `own`; 0 if there has been none.
    pub row_version: i32,
}

#[derive(QueryableByName)]
struct PlaceRow {
    #[diesel(sql_type = Integer)]
    ordinal: i32,
    #[diesel(sql_type = Nullable<Integer>)]
    parent: Option<i32>,
    #[diesel(sql_type = BigInt)]
    unit_id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    store_id: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    employee_id: Option<i64>,
    #[diesel(sql_type = Text)]
    unit: String,
    #[diesel(sql_type = Nullable<Text>)]
    employee_no: Option<String>,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Array<BigInt>)]
    confirmed: Vec<i64>,
    #[diesel(sql_type = Nullable<Array<Nullable<BigInt>>>)]
    own: Option<Vec<Option<i64>>>,
    #[diesel(sql_type = Nullable<Text>)]
    entered_by: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    entered_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Integer)]
    row_version: i32,
}

/// Targets and commitments of version `id` in the line `metric`, by default the first, as far as they are reached.
///
/// # Errors
///
/// Not found for a plan of which no place is reached; a field at fault where it has no such line.
pub async fn read(cx: &mut Context, id: i64, metric: Option<&str>) -> Result<CommitmentDocument, Problem> {
    viewer::require_part(cx, id).await?;
    let plan = store::kept(cx.db(), id).await?;
    let line = rows::line(cx.db(), id, metric).await?;
    let sight = Sight::load(cx, plan.id, plan.year).await?;
    let names = viewer::sees_names(cx);
    let told = withheld::told(withheld::of_version(cx, plan.id).await?);
    let rows = places(cx.db(), &plan, &line).await?;
    let own: Vec<Committed> = rows.iter().map(|row| committed(row.own.as_deref().unwrap_or(&[]))).collect();
    let parents: Vec<Option<usize>> =
        rows.iter().map(|row| row.parent.and_then(|parent| usize::try_from(parent).ok())).collect();
    let rolled = roll_up(&parents, &own);
    let judged = rows.iter().zip(&own).zip(&parents).map(|((row, own), parent)| Judged {
        parent: *parent,
        store: row.store_id,
        is_person: row.employee_id.is_some(),
        own: *own,
        known: sight.people_of(row.unit_id),
    });
    let hidden = few::withheld(disclosure::fewest(cx.shared()).await?, &judged.collect::<Vec<_>>());
    let codes: HashMap<i32, String> = rows.iter().map(|row| (row.ordinal, row.unit.clone())).collect();
    let shown =
        rows.into_iter().zip(own).zip(rolled).zip(hidden).filter_map(|(((row, own), rolled), hidden)| {
            let above = row.parent.and_then(|parent| codes.get(&parent)).cloned();
            let reached = sight.of(row.unit_id, row.employee_id);
            // Who sees the people of a unit knows what they have brought.
            let known = if row.employee_id.is_some() { reached } else { sight.people_of(row.unit_id) };
            let told =
                std::array::from_fn(|at| [told, known].iter().any(|months| months.get(at) == Some(&true)));
            let place = row.show((reached, told, hidden), above, own, rolled)?;
            Some(CommittedPlace { entered_by: place.entered_by.filter(|_| names), ..place })
        });
    Ok(CommitmentDocument {
        unit: plan.unit,
        year: plan.year,
        version: plan.version,
        metric: line.metric,
        is_amount: line.is_amount,
        rows: shown.collect(),
    })
}

/// The organisation of a version with targets and commitments, by position.
async fn places(
    connection: &mut AsyncPgConnection,
    plan: &Plan,
    line: &Line,
) -> Result<Vec<PlaceRow>, Problem> {
    let rows = sql(
        "SELECT n.ordinal, n.parent, n.unit_id, u.store_id, n.employee_id, u.code AS unit, e.employee_no, coalesce(e.name, u.name) AS name,
             months_of($2, n.confirmed) AS confirmed, k.months AS own, author.login AS entered_by, k.committed_at AS entered_at,
             coalesce(k.row_version, 0) AS row_version
         FROM plan_node n JOIN annual_plan p ON p.id = n.plan_id
         JOIN org_unit u ON u.id = n.unit_id LEFT JOIN employee e ON e.id = n.employee_id
         LEFT JOIN plan_commitment k ON k.plan_unit_id = p.unit_id AND k.year = p.year AND k.metric = $3
             AND k.unit_id = n.unit_id AND coalesce(k.employee_id, 0) = coalesce(n.employee_id, 0)
         LEFT JOIN user_account author ON author.id = k.author_id
         WHERE n.plan_id = $1 AND n.tree = 'organisation' ORDER BY n.ordinal",
    )
    .bind::<BigInt, _>(plan.id)
    .bind::<Integer, _>(line.number)
    .bind::<Text, _>(line.metric.clone())
    .load(connection)
    .await?;
    Ok(rows)
}

/// Twelve months out of a row's array.
fn committed(values: &[Option<i64>]) -> Committed {
    let mut months = [None; 12];
    for (slot, value) in months.iter_mut().zip(values) {
        *slot = *value;
    }
    months
}

impl PlaceRow {
    /// A place as it is seen; nothing where no month of it is.
    fn show(
        self,
        (reached, told, hidden): ([bool; 12], [bool; 12], [bool; 12]),
        above: Option<String>,
        own: Committed,
        rolled: Rolled,
    ) -> Option<CommittedPlace> {
        if !reached.contains(&true) {
            return None;
        }
        let shown = |months: Committed| viewer::shown(months, &reached);
        let target = viewer::shown(shown(rows::months(&self.confirmed).map(Some)), &told);
        let committed = viewer::shown(shown(rolled.months), &hidden.map(|is_hidden| !is_hidden));
        let withheld = hidden.contains(&true);
        let gap = roll_up::gap(&committed, &target);
        Some(CommittedPlace {
            unit: self.unit,
            employee_no: self.employee_no,
            name: self.name,
            above,
            target_year: target.iter().flatten().sum(),
            committed_year: roll_up::sum(&committed),
            gap_year: roll_up::sum(&gap),
            target,
            committed,
            gap,
            complete: rolled.complete && !withheld,
            withheld,
            own: shown(own),
            entered_by: self.entered_by,
            entered_at: self.entered_at,
            row_version: self.row_version,
        })
    }
}
