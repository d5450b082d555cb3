//! Rebate policies, and what they pay, over HTTP.

use actix_web::web::{Data, Json, Path};
use actix_web::{Responder, get, put};

use super::quarters::{self, RebateQuery, StoreRebates};
use super::store::{self, KeptRebatePolicy, NewRebatePolicy, RebatePolicyQuery};
use crate::auth::Caller;
use crate::auth::access::{DraftPlan, ViewPlan};
use crate::http::etag::{self, Seen};
use crate::http::{Body, Problem, Query};
use crate::ledger::catalogue::Catalogues;

/// List the manufacturer's policies 商务政策 that apply to the stores that the caller reaches.
#[utoipa::path(tag = "plans", params(RebatePolicyQuery), responses(
    (status = 200, description = "Policies, by code", body = Vec<KeptRebatePolicy>),
))]
#[get("/rebate-policies")]
pub async fn list_rebate_policies(
    caller: Caller<ViewPlan>,
    query: Query<RebatePolicyQuery>,
) -> Result<Json<Vec<KeptRebatePolicy>>, Problem> {
    store::list(&mut caller.context().await?, &query.0).await.map(Json)
}

/// Read a policy.
#[utoipa::path(tag = "plans", responses(
    (status = 200, description = "The policy; its ETag goes into If-Match", body = KeptRebatePolicy),
))]
#[get("/rebate-policies/{code}")]
pub async fn get_rebate_policy(
    caller: Caller<ViewPlan>,
    code: Path<String>,
) -> Result<impl Responder, Problem> {
    let kept = store::find(&mut caller.context().await?, &code).await?;
    Ok(etag::ok(kept.row_version, kept))
}

/// Create a policy (without If-Match), or change the version that was read.
#[utoipa::path(tag = "plans", params(
    ("If-Match" = Option<String>, Header, description = "The ETag that was read, or *; left out to create a policy"),
), request_body = NewRebatePolicy, responses(
    (status = 200, description = "Changed", body = KeptRebatePolicy),
    (status = 201, description = "Created", body = KeptRebatePolicy),
    (status = 404, description = "There is no such unit, or none that the caller may see"),
    (status = 409, description = "Another unit's policy has the code"),
    (status = 412, description = "It was changed in the meantime, or there is nothing to change"),
    (status = 428, description = "The policy exists, and If-Match is missing"),
))]
#[put("/rebate-policies/{code}")]
pub async fn put_rebate_policy(
    caller: Caller<DraftPlan>,
    code: Path<String>,
    seen: Result<Seen, Problem>,
    body: Body<NewRebatePolicy>,
) -> Result<impl Responder, Problem> {
    let cx = &mut caller.context().await?;
    let (kept, is_new) = store::put(cx, code.into_inner(), body.0, seen).await?;
    Ok(match is_new {
        true => {
            let location = format!("/v1/rebate-policies/{}", kept.policy.code);
            etag::created(location, kept.row_version, kept)
        }
        false => etag::ok(kept.row_version, kept),
    })
}

/// Compute the rebate 厂家返利 that a store earns in each quarter under a policy, and what is missing for the next tier.
#[utoipa::path(tag = "plans", params(RebateQuery), responses(
    (status = 200, description = "The four quarters; what is not known is null", body = StoreRebates),
    (status = 404, description = "There is no such store, or none that the caller may see"),
))]
#[get("/rebates")]
pub async fn list_rebates(
    caller: Caller<ViewPlan>,
    catalogues: Data<Catalogues>,
    query: Query<RebateQuery>,
) -> Result<Json<StoreRebates>, Problem> {
    let cx = &mut caller.context().await?;
    let catalogue = catalogues.of_today(cx).await?;
    quarters::of_store(cx, &catalogue, query.0).await.map(Json)
}
