//! Activity targets: how many orders, visits and leads the deliveries of a version's channels take.
//!
//! A version keeps by which model and rates its channels are read backwards ([`models`]). The activities themselves are
//! reckoned from the cells when they are read, so that they are true after every pin and re-plan.

pub mod http;
pub mod in_force;
pub mod models;
pub mod months;
pub mod rates;

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use self::months::{ActivityMonths, ChannelActivities, along, totals};
use self::rates::{ChannelRates, FunnelModel};
use crate::auth::Context;
use crate::db::schema::plan_funnel;
use crate::http::FieldError;
use crate::http::Problem;
use crate::http::etag::Seen;
use crate::plan::faults::{listed_twice, no_channel};
use crate::plan::reading::label_vehicles::{self, LabelVehicles};
use crate::plan::split::tree::Tree;
use crate::plan::versions::store::change_draft;
use crate::plan::versions::version::Plan;
use crate::plan::{viewer, withheld};
use crate::said::{Said, say};

/// All funnels of a version. A channel that is not listed has no activity targets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanFunnel {
    /// The channels.
    #[garde(length(max = 500), dive)]
    #[schema(max_items = 500)]
    pub channels: Vec<ChannelFunnel>,
}

/// A channel's funnel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelFunnel {
    /// Code of the channel.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(example = "showroom", min_length = 1, max_length = 64)]
    pub code: String,
    /// The steps by which its deliveries are traced back.
    #[garde(skip)]
    pub model: FunnelModel,
    /// The rates to use; by default those that a plan begins with.
    #[serde(default)]
    #[garde(dive)]
    pub rates: ChannelRates,
}

/// The activities that a version's channels require.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlanActivities {
    /// The channels that have a funnel, in the plan's order.
    pub channels: Vec<ChannelActivities>,
    /// Codes of the plan's channels without a funnel; no sum includes them.
    pub without_funnel: Vec<String>,
    /// The sums over the channels that have the activity.
    pub totals: Vec<ActivityMonths>,
}

/// Keeps the funnels of a draft, in place of those that it had.
///
/// # Errors
///
/// Every field at fault; a conflict where the plan is not a draft, or about money.
pub async fn put(cx: &mut Context, id: i64, funnel: PlanFunnel, seen: Seen) -> Result<Plan, Problem> {
    change_draft(cx, id, seen, "put_plan_funnel", async |cx, _| {
        let cells = label_vehicles::load(cx.db(), id, Tree::Channel).await?;
        let faults = faults(&funnel, &cells);
        if !faults.is_empty() {
            return Err(Problem::fields(faults));
        }
        write(cx.db(), id, &funnel).await?;
        Ok(json!(funnel))
    })
    .await
}

fn faults(change: &PlanFunnel, cells: &[LabelVehicles]) -> Vec<FieldError> {
    let mut faults = Vec::new();
    for (index, funnel) in change.channels.iter().enumerate() {
        let field = format!("channels[{index}]");
        for name in funnel.rates.foreign(funnel.model) {
            let message = Said::both(
                format!("“{}”漏斗没有这个比率", funnel.model.label()),
                format!("the model {} has no such rate", funnel.model),
            );
            faults.push(FieldError::new(format!("{field}.rates.{name}"), message));
        }
        if change.channels.iter().take(index).any(|other| other.code == funnel.code) {
            faults.push(listed_twice(format!("{field}.code"), &funnel.code));
        }
        match cells.iter().find(|cells| cells.code == funnel.code) {
            None => {
                faults.push(FieldError::new(format!("{field}.code"), no_channel(&funnel.code)));
            }
            Some(cells) => {
                if let Err(message) = along(funnel.model, &funnel.rates, &cells.months) {
                    faults.push(FieldError::new(format!("{field}.rates"), message));
                }
            }
        }
    }
    faults
}

async fn write(connection: &mut AsyncPgConnection, id: i64, change: &PlanFunnel) -> Result<(), Problem> {
    diesel::delete(plan_funnel::table.filter(plan_funnel::plan_id.eq(id))).execute(connection).await?;
    let rows: Vec<_> = change
        .channels
        .iter()
        .map(|funnel| {
            (
                plan_funnel::plan_id.eq(id),
                plan_funnel::channel.eq(&funnel.code),
                plan_funnel::model.eq(funnel.model),
                plan_funnel::rates.eq(funnel.rates.whole(funnel.model)),
            )
        })
        .collect();
    diesel::insert_into(plan_funnel::table).values(rows).execute(connection).await?;
    Ok(())
}

/// What the channels of plan `id` take, if it is seen as a whole.
///
/// # Errors
///
/// Not found; forbidden where months of the plan are withheld; a conflict where the plan is about money, or an activity is too
/// large a number.
pub async fn of_plan(cx: &mut Context, id: i64) -> Result<PlanActivities, Problem> {
    viewer::require_plan(cx, id).await?;
    withheld::require_all(cx, id).await?;
    let cells = label_vehicles::load(cx.db(), id, Tree::Channel).await?;
    let rows: Vec<(String, FunnelModel, ChannelRates)> = plan_funnel::table
        .filter(plan_funnel::plan_id.eq(id))
        .select((plan_funnel::channel, plan_funnel::model, plan_funnel::rates))
        .load(cx.db())
        .await?;
    let mut funnels: HashMap<String, (FunnelModel, ChannelRates)> =
        rows.into_iter().map(|(channel, model, rates)| (channel, (model, rates))).collect();
    let mut plan = PlanActivities { channels: Vec::new(), without_funnel: Vec::new(), totals: Vec::new() };
    for LabelVehicles { code, name, months } in cells {
        let Some((model, rates)) = funnels.remove(&code) else {
            plan.without_funnel.push(code);
            continue;
        };
        let activities = along(model, &rates, &months)
            .map_err(|message| Problem::conflict(message.about(&say!("渠道“{code}”", "channel '{code}'"))))?;
        plan.channels.push(ChannelActivities { code, name, model, rates, activities });
    }
    plan.totals = totals(&plan.channels)?;
    Ok(plan)
}
