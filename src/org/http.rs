//! Units, people, postings and leaderships over HTTP.

use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpResponse, Responder, get, patch, post};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::IntoParams;

use super::postings::{self, Filter};
use super::{
    Assignment, Employee, EmployeePatch, EndPatch, NewAssignment, NewEmployee, NewOrgUnit, NewTeamLeadership,
    OrgUnit, OrgUnitPatch, Position, TeamLeadership, leaderships, people, units,
};
use crate::auth::Caller;
use crate::auth::access::{ManageOrganisation, ViewOrganisation};
use crate::clock::Clock;
use crate::db::Pool;
use crate::http::etag::{self, Seen};
use crate::http::page::{self, Page, PageQuery};
use crate::http::problem::ProblemBody;
use crate::http::{Body, Problem};

/// Which postings, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AssignmentQuery {
    /// Those of the person with this 工号.
    employee_no: Option<String>,
    /// Those in the unit with this code or below it.
    unit: Option<String>,
    /// Those as this.
    position: Option<Position>,
    /// Those held on this day.
    on: Option<NaiveDate>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of a page, 1 to 500; 50 by default.
    limit: Option<i64>,
}

/// Which leaderships, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TeamLeadershipQuery {
    /// Those of the person with this 工号.
    employee_no: Option<String>,
    /// Those of the team with this code, or of the teams below the unit with it.
    unit: Option<String>,
    /// Those valid on this day.
    on: Option<NaiveDate>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of a page, 1 to 500; 50 by default.
    limit: Option<i64>,
}

/// List units.
#[utoipa::path(tag = "organisation", params(PageQuery), responses(
    (status = 200, description = "A page of units", body = Page<OrgUnit>),
))]
#[get("/org-units")]
pub async fn list_org_units(
    _caller: Caller<ViewOrganisation>,
    pool: Data<Pool>,
    query: Query<PageQuery>,
) -> Result<Json<Page<OrgUnit>>, Problem> {
    let limit = page::limit(query.limit)?;
    let after = page::after(query.cursor.as_deref())?;
    let rows = units::list(&mut *pool.get().await?, after, limit + 1).await?;
    Ok(Json(Page::of(rows, limit, |row| row.id)))
}

/// Read a unit.
#[utoipa::path(tag = "organisation", responses(
    (status = 200, description = "The unit; its ETag goes into If-Match", body = OrgUnit),
    (status = 404, description = "There is none", body = ProblemBody),
))]
#[get("/org-units/{code}")]
pub async fn get_org_unit(
    _caller: Caller<ViewOrganisation>,
    pool: Data<Pool>,
    code: Path<String>,
) -> Result<impl Responder, Problem> {
    let found = units::find(&mut *pool.get().await?, &code).await?;
    Ok(HttpResponse::Ok().insert_header(etag::of(found.version)).json(found))
}

/// Create a unit.
#[utoipa::path(tag = "organisation", request_body = NewOrgUnit, responses(
    (status = 201, description = "Created", body = OrgUnit),
    (status = 409, description = "The code is taken", body = ProblemBody),
    (status = 422, description = "Fields at fault", body = ProblemBody),
))]
#[post("/org-units")]
pub async fn create_org_unit(
    caller: Caller<ManageOrganisation>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    body: Body<NewOrgUnit>,
) -> Result<impl Responder, Problem> {
    let by = Some(caller.identity.user_id);
    let created = units::create(&mut *pool.get().await?, body.0, by, clock.now()).await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/v1/org-units/{}", created.code)))
        .insert_header(etag::of(created.version))
        .json(created))
}

/// Rename a unit, or set or take back its end.
#[utoipa::path(tag = "organisation", params(("If-Match" = String, Header, description = "The ETag that was read, or *")), request_body = OrgUnitPatch, responses(
    (status = 200, description = "Changed", body = OrgUnit),
    (status = 404, description = "There is none", body = ProblemBody),
    (status = 409, description = "Something in it or below it lasts longer", body = ProblemBody),
    (status = 412, description = "It was changed in the meantime", body = ProblemBody),
    (status = 422, description = "Fields at fault", body = ProblemBody),
    (status = 428, description = "If-Match is missing", body = ProblemBody),
))]
#[patch("/org-units/{code}")]
pub async fn update_org_unit(
    caller: Caller<ManageOrganisation>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    code: Path<String>,
    seen: Seen,
    body: Body<OrgUnitPatch>,
) -> Result<impl Responder, Problem> {
    let by = caller.identity.user_id;
    let changed = units::change(&mut *pool.get().await?, &code, body.0, seen, by, clock.now()).await?;
    Ok(HttpResponse::Ok().insert_header(etag::of(changed.version)).json(changed))
}

/// List people.
#[utoipa::path(tag = "organisation", params(PageQuery), responses(
    (status = 200, description = "A page of people", body = Page<Employee>),
))]
#[get("/employees")]
pub async fn list_employees(
    _caller: Caller<ViewOrganisation>,
    pool: Data<Pool>,
    query: Query<PageQuery>,
) -> Result<Json<Page<Employee>>, Problem> {
    let limit = page::limit(query.limit)?;
    let after = page::after(query.cursor.as_deref())?;
    let rows = people::list(&mut *pool.get().await?, after, limit + 1).await?;
    Ok(Json(Page::of(rows, limit, |row| row.id)))
}

/// Read a person.
#[utoipa::path(tag = "organisation", responses(
    (status = 200, description = "The person; its ETag goes into If-Match", body = Employee),
    (status = 404, description = "There is none", body = ProblemBody),
))]
#[get("/employees/{employee_no}")]
pub async fn get_employee(
    _caller: Caller<ViewOrganisation>,
    pool: Data<Pool>,
    employee_no: Path<String>,
) -> Result<impl Responder, Problem> {
    let found = people::find(&mut *pool.get().await?, &employee_no).await?;
    Ok(HttpResponse::Ok().insert_header(etag::of(found.version)).json(found))
}

/// Add a person.
#[utoipa::path(tag = "organisation", request_body = NewEmployee, responses(
    (status = 201, description = "Created", body = Employee),
    (status = 409, description = "The employee_no is taken", body = ProblemBody),
    (status = 422, description = "Fields at fault", body = ProblemBody),
))]
#[post("/employees")]
pub async fn create_employee(
    caller: Caller<ManageOrganisation>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    body: Body<NewEmployee>,
) -> Result<impl Responder, Problem> {
    let by = Some(caller.identity.user_id);
    let created = people::create(&mut *pool.get().await?, body.0, by, clock.now()).await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/v1/employees/{}", created.employee_no)))
        .insert_header(etag::of(created.version))
        .json(created))
}

/// Change a person's name or status.
#[utoipa::path(tag = "organisation", params(("If-Match" = String, Header, description = "The ETag that was read, or *")), request_body = EmployeePatch, responses(
    (status = 200, description = "Changed", body = Employee),
    (status = 404, description = "There is none", body = ProblemBody),
    (status = 412, description = "It was changed in the meantime", body = ProblemBody),
    (status = 422, description = "Fields at fault", body = ProblemBody),
    (status = 428, description = "If-Match is missing", body = ProblemBody),
))]
#[patch("/employees/{employee_no}")]
pub async fn update_employee(
    caller: Caller<ManageOrganisation>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    employee_no: Path<String>,
    seen: Seen,
    body: Body<EmployeePatch>,
) -> Result<impl Responder, Problem> {
    let by = caller.identity.user_id;
    let changed =
        people::change(&mut *pool.get().await?, &employee_no, body.0, seen, by, clock.now()).await?;
    Ok(HttpResponse::Ok().insert_header(etag::of(changed.version)).json(changed))
}

/// List postings.
#[utoipa::path(tag = "organisation", params(AssignmentQuery), responses(
    (status = 200, description = "A page of postings", body = Page<Assignment>),
    (status = 422, description = "A filter is at fault", body = ProblemBody),
))]
#[get("/assignments")]
pub async fn list_assignments(
    _caller: Caller<ViewOrganisation>,
    pool: Data<Pool>,
    query: Query<AssignmentQuery>,
) -> Result<Json<Page<Assignment>>, Problem> {
    let query = query.into_inner();
    let limit = page::limit(query.limit)?;
    let after = page::after(query.cursor.as_deref())?;
    let filter =
        Filter { employee_no: query.employee_no, unit: query.unit, position: query.position, on: query.on };
    let rows = postings::list(&mut *pool.get().await?, &filter, after, limit + 1).await?;
    Ok(Json(Page::of(rows, limit, |row| row.id)))
}

/// Read a posting.
#[utoipa::path(tag = "organisation", responses(
    (status = 200, description = "The posting; its ETag goes into If-Match", body = Assignment),
    (status = 404, description = "There is none", body = ProblemBody),
))]
#[get("/assignments/{id}")]
pub async fn get_assignment(
    _caller: Caller<ViewOrganisation>,
    pool: Data<Pool>,
    id: Path<i64>,
) -> Result<impl Responder, Problem> {
    let found = postings::find(&mut *pool.get().await?, *id).await?;
    Ok(HttpResponse::Ok().insert_header(etag::of(found.version)).json(found))
}

/// Post somebody.
#[utoipa::path(tag = "organisation", request_body = NewAssignment, responses(
    (status = 201, description = "Created", body = Assignment),
    (status = 409, description = "The person holds the position already on some of these days", body = ProblemBody),
    (status = 422, description = "Fields at fault", body = ProblemBody),
))]
#[post("/assignments")]
pub async fn create_assignment(
    caller: Caller<ManageOrganisation>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    body: Body<NewAssignment>,
) -> Result<impl Responder, Problem> {
    let by = Some(caller.identity.user_id);
    let created = postings::create(&mut *pool.get().await?, body.0, by, clock.now()).await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/v1/assignments/{}", created.id)))
        .insert_header(etag::of(created.version))
        .json(created))
}

/// Set a posting's end, or take it back.
#[utoipa::path(tag = "organisation", params(("If-Match" = String, Header, description = "The ETag that was read, or *")), request_body = EndPatch, responses(
    (status = 200, description = "Changed", body = Assignment),
    (status = 404, description = "There is none", body = ProblemBody),
    (status = 409, description = "The person holds the position again on some of these days", body = ProblemBody),
    (status = 412, description = "It was changed in the meantime", body = ProblemBody),
    (status = 422, description = "Fields at fault", body = ProblemBody),
    (status = 428, description = "If-Match is missing", body = ProblemBody),
))]
#[patch("/assignments/{id}")]
pub async fn update_assignment(
    caller: Caller<ManageOrganisation>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    seen: Seen,
    body: Body<EndPatch>,
) -> Result<impl Responder, Problem> {
    let by = caller.identity.user_id;
    let changed = postings::change(&mut *pool.get().await?, *id, body.0, seen, by, clock.now()).await?;
    Ok(HttpResponse::Ok().insert_header(etag::of(changed.version)).json(changed))
}

/// List leaderships.
#[utoipa::path(tag = "organisation", params(TeamLeadershipQuery), responses(
    (status = 200, description = "A page of leaderships", body = Page<TeamLeadership>),
    (status = 422, description = "A filter is at fault", body = ProblemBody),
))]
#[get("/team-leaderships")]
pub async fn list_team_leaderships(
    _caller: Caller<ViewOrganisation>,
    pool: Data<Pool>,
    query: Query<TeamLeadershipQuery>,
) -> Result<Json<Page<TeamLeadership>>, Problem> {
    let query = query.into_inner();
    let limit = page::limit(query.limit)?;
    let after = page::after(query.cursor.as_deref())?;
    let filter = Filter { employee_no: query.employee_no, unit: query.unit, position: None, on: query.on };
    let rows = leaderships::list(&mut *pool.get().await?, &filter, after, limit + 1).await?;
    Ok(Json(Page::of(rows, limit, |row| row.id)))
}

/// Read a leadership.
#[utoipa::path(tag = "organisation", responses(
    (status = 200, description = "The leadership; its ETag goes into If-Match", body = TeamLeadership),
    (status = 404, description = "There is none", body = ProblemBody),
))]
#[get("/team-leaderships/{id}")]
pub async fn get_team_leadership(
    _caller: Caller<ViewOrganisation>,
    pool: Data<Pool>,
    id: Path<i64>,
) -> Result<impl Responder, Problem> {
    let found = leaderships::find(&mut *pool.get().await?, *id).await?;
    Ok(HttpResponse::Ok().insert_header(etag::of(found.version)).json(found))
}

/// Give somebody a team to lead.
#[utoipa::path(tag = "organisation", request_body = NewTeamLeadership, responses(
    (status = 201, description = "Created", body = TeamLeadership),
    (status = 409, description = "The team has such a leader already on some of these days", body = ProblemBody),
    (status = 422, description = "Fields at fault", body = ProblemBody),
))]
#[post("/team-leaderships")]
pub async fn create_team_leadership(
    caller: Caller<ManageOrganisation>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    body: Body<NewTeamLeadership>,
) -> Result<impl Responder, Problem> {
    let by = Some(caller.identity.user_id);
    let created = leaderships::create(&mut *pool.get().await?, body.0, by, clock.now()).await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/v1/team-leaderships/{}", created.id)))
        .insert_header(etag::of(created.version))
        .json(created))
}

/// Set a leadership's end, or take it back.
#[utoipa::path(tag = "organisation", params(("If-Match" = String, Header, description = "The ETag that was read, or *")), request_body = EndPatch, responses(
    (status = 200, description = "Changed", body = TeamLeadership),
    (status = 404, description = "There is none", body = ProblemBody),
    (status = 409, description = "The team has such a leader again on some of these days", body = ProblemBody),
    (status = 412, description = "It was changed in the meantime", body = ProblemBody),
    (status = 422, description = "Fields at fault", body = ProblemBody),
    (status = 428, description = "If-Match is missing", body = ProblemBody),
))]
#[patch("/team-leaderships/{id}")]
pub async fn update_team_leadership(
    caller: Caller<ManageOrganisation>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    seen: Seen,
    body: Body<EndPatch>,
) -> Result<impl Responder, Problem> {
    let by = caller.identity.user_id;
    let changed = leaderships::change(&mut *pool.get().await?, *id, body.0, seen, by, clock.now()).await?;
    Ok(HttpResponse::Ok().insert_header(etag::of(changed.version)).json(changed))
}
