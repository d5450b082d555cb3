//! A new plan: its codes looked up, its total split, its cells kept.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl};
use serde_json::json;

use super::decompose::{DecomposeError, Node, Target, decompose};
use super::store::{Heading, find, insert, subject};
use super::targets::{Cells, Tree};
use super::viewer::Viewer;
use super::weights::{self, Known, KnownUnit, Place, Split};
use super::{NewPlan, Plan};
use crate::auth::audit;
use crate::db::schema::{employee, org_unit};
use crate::http::Problem;
use crate::http::body::check;

/// Drafts a plan: splits it exactly to the last person, and keeps every cell. `author` is who does it; none is the
/// operator. Of one store, year and metric it is the next version.
///
/// # Errors
///
/// Every field at fault; a conflict where another draft is waiting.
pub async fn create(
    connection: &mut AsyncPgConnection,
    new: NewPlan,
    author: Option<i64>,
    now: DateTime<Utc>,
) -> Result<Plan, Problem> {
    check(&new)?;
    let id = connection
        .transaction(async |connection| {
            let known = look_up(connection, &new).await?;
            let root = weights::organisation(&new, &known).map_err(Problem::fields)?;
            let store_id = known.store_id.ok_or_else(|| Problem::not_found("store"))?;
            let mut cells = Cells::default();
            for target in split("teams", &new, root)?.iter() {
                cells.push(Tree::Organisation, &target.key, new.year, &target.months);
            }
            for (field, tree, labels) in
                [("channels", Tree::Channel, &new.channels), ("series", Tree::Series, &new.series)]
            {
                for target in &split(field, &new, weights::labels(store_id, labels))?.children {
                    cells.push(tree, &target.key, new.year, &target.months);
                }
            }
            let heading = Heading {
                store_id,
                year: new.year,
                metric: &new.metric,
                total: new.total,
                split: &Split::of(&new),
            };
            let id = insert(connection, heading, author, now).await?;
            cells.write(connection, id).await?;
            let detail =
                json!({ "store": new.store, "year": new.year, "metric": new.metric, "total": new.total });
            audit::record(connection, now, author, "create_plan", &subject(id), detail).await?;
            Ok::<_, Problem>(id)
        })
        .await?;
    find(connection, &Viewer::program(), id).await
}

/// Splits the plan's total down a tree, the children of whose root are the field `field`.
fn split(field: &str, new: &NewPlan, root: Node<Place>) -> Result<Target<Place>, Problem> {
    let mut season = [0; 12];
    for (slot, &weight) in season.iter_mut().zip(&new.season) {
        *slot = weights::unsigned(weight);
    }
    decompose(new.total, &season, root).map_err(|error| match error {
        DecomposeError::Year(source) => Problem::field("season", source.to_string()),
        DecomposeError::Children { source, .. } => Problem::field(field, source.to_string()),
    })
}

/// What the organisation knows of the codes in `new`.
async fn look_up(connection: &mut AsyncPgConnection, new: &NewPlan) -> Result<Known, Problem> {
    let store_id = org_unit::table
        .filter(org_unit::code.eq(&new.store))
        .filter(org_unit::kind.eq("store"))
        .select(org_unit::id)
        .first(connection)
        .await
        .optional()?;
    let codes: BTreeSet<&str> = new.teams.iter().map(|team| team.unit.as_str()).collect();
    let units: Vec<(String, i64, Option<i64>, String)> = org_unit::table
        .filter(org_unit::code.eq_any(codes))
        .select((org_unit::code, org_unit::id, org_unit::store_id, org_unit::kind))
        .load(connection)
        .await?;
    let unit = |(code, id, store_id, kind): (String, i64, Option<i64>, String)| {
        (code, KnownUnit { id, store_id, is_team: kind == "team" })
    };
    let members = new.teams.iter().flat_map(|team| &team.members);
    let employees = employee_ids(connection, members.map(|member| member.employee_no.as_str())).await?;
    Ok(Known { store_id, units: units.into_iter().map(unit).collect(), employees })
}

/// Ids by 工号, of those that exist.
pub(super) async fn employee_ids(
    connection: &mut AsyncPgConnection,
    employee_nos: impl Iterator<Item = &str>,
) -> Result<HashMap<String, i64>, Problem> {
    let rows: Vec<(String, i64)> = employee::table
        .filter(employee::employee_no.eq_any(employee_nos.collect::<BTreeSet<_>>()))
        .select((employee::employee_no, employee::id))
        .load(connection)
        .await?;
    Ok(rows.into_iter().collect())
}
