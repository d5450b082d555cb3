//! Rebate policies, and what they pay, over HTTP.

use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpResponse, Responder, get, put};
use rust_decimal::Decimal;
use serde::Deserialize;
use utoipa::IntoParams;

use super::quarters::{self, Asked, StoreRebates};
use super::store::{self, KeptRebatePolicy, NewRebatePolicy, PolicyFilter};
use crate::auth::Caller;
use crate::auth::access::{DraftPlan, ViewPlan};
use crate::clock::Clock;
use crate::db::Pool;
use crate::http::etag::{self, Seen};
use crate::http::problem::ProblemBody;
use crate::http::{Body, Problem};
use crate::plan::viewer::Viewer;

/// Which policies.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RebatePolicyQuery {
    /// Code of a store: those that count for it.
    store: Option<String>,
    /// The calendar year.
    year: Option<i32>,
}

/// List the manufacturer's policies 商务政策 that count for the stores that the caller reaches.
#[utoipa::path(tag = "plans", params(RebatePolicyQuery), responses(
    (status = 200, description = "Policies, by code", body = Vec<KeptRebatePolicy>),
))]
#[get("/rebate-policies")]
pub async fn list_rebate_policies(
    caller: Caller<ViewPlan>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    query: Query<RebatePolicyQuery>,
) -> Result<Json<Vec<KeptRebatePolicy>>, Problem> {
    let RebatePolicyQuery { store, year } = query.into_inner();
    let filter = PolicyFilter { code: None, store, year };
    let viewer = Viewer::of(&caller, clock.now());
    store::list(&mut *pool.get().await?, &viewer, &filter).await.map(Json)
}

/// Read a policy.
#[utoipa::path(tag = "plans", responses(
    (status = 200, description = "The policy; its ETag goes into If-Match", body = KeptRebatePolicy),
    (status = 404, description = "There is none, or none that the caller may see", body = ProblemBody),
))]
#[get("/rebate-policies/{code}")]
pub async fn get_rebate_policy(
    caller: Caller<ViewPlan>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    code: Path<String>,
) -> Result<impl Responder, Problem> {
    let viewer = Viewer::of(&caller, clock.now());
    let kept = store::find(&mut *pool.get().await?, &viewer, &code).await?;
    Ok(HttpResponse::Ok().insert_header(etag::of(kept.row_version)).json(kept))
}

/// Make a policy, without If-Match, or change the version that was read.
#[utoipa::path(tag = "plans", params(
    ("If-Match" = Option<String>, Header, description = "The ETag that was read, or *; none to make a new policy"),
), request_body = NewRebatePolicy, responses(
    (status = 200, description = "Changed", body = KeptRebatePolicy),
    (status = 201, description = "Made", body = KeptRebatePolicy),
    (status = 404, description = "There is no such unit, or none that the caller may see", body = ProblemBody),
    (status = 409, description = "Another unit's policy has the code", body = ProblemBody),
    (status = 412, description = "It was changed in the meantime, or there is none to be changed", body = ProblemBody),
    (status = 422, description = "Fields at fault", body = ProblemBody),
    (status = 428, description = "There is such a policy, and If-Match is missing", body = ProblemBody),
))]
#[put("/rebate-policies/{code}")]
pub async fn put_rebate_policy(
    caller: Caller<DraftPlan>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    code: Path<String>,
    seen: Result<Seen, Problem>,
    body: Body<NewRebatePolicy>,
) -> Result<impl Responder, Problem> {
    let now = clock.now();
    let by = Some(caller.identity.user_id);
    let viewer = Viewer::of(&caller, now);
    let code = code.into_inner();
    let connection = &mut *pool.get().await?;
    let (kept, is_new) = store::put(connection, &viewer, code, body.0, seen, by, now).await?;
    let mut answer = match is_new {
        true => HttpResponse::Created(),
        false => HttpResponse::Ok(),
    };
    if is_new {
        answer.insert_header((LOCATION, format!("/v1/rebate-policies/{}", kept.policy.code)));
    }
    Ok(answer.insert_header(etag::of(kept.row_version)).json(kept))
}

/// Whose rebates.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RebateQuery {
    /// Code of the store.
    store: String,
    /// The calendar year, 1900 to 2999.
    year: i32,
    /// Code of the policy.
    policy: String,
    /// SSI to reckon with instead of what the ledger knows, 0 to 1000.
    #[param(value_type = Option<f64>, example = 860)]
    ssi: Option<Decimal>,
}

/// Reckon what a store's quarters earn 厂家返利 under a policy, and what is missing to the next tier.
#[utoipa::path(tag = "plans", params(RebateQuery), responses(
    (status = 200, description = "The four quarters; null is what is not known", body = StoreRebates),
    (status = 404, description = "There is no such store, or none that the caller may see", body = ProblemBody),
    (status = 422, description = "Parameters at fault", body = ProblemBody),
))]
#[get("/rebates")]
pub async fn list_rebates(
    caller: Caller<ViewPlan>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    query: Query<RebateQuery>,
) -> Result<Json<StoreRebates>, Problem> {
    let RebateQuery { store, year, policy, ssi } = query.into_inner();
    let viewer = Viewer::of(&caller, clock.now());
    let asked = Asked { store, year, policy, ssi };
    quarters::of_store(&mut *pool.get().await?, &viewer, asked).await.map(Json)
}
