//! Units, people, postings and leaderships over HTTP.

use actix_web::web::{Json, Path};
use actix_web::{Responder, get, patch, post, put};

use super::disclosure::{self, Disclosure, DisclosurePolicy};
use super::{
    Assignment, AssignmentQuery, Employee, EmployeePatch, EndPatch, NewAssignment, NewEmployee, NewOrgUnit,
    NewTeamLeadership, OrgUnit, OrgUnitPatch, TeamLeadership, TeamLeadershipQuery, leaderships, people,
    postings, units,
};
use crate::auth::Caller;
use crate::auth::access::{ManageDisclosure, ManageOrganisation, ViewAggregates, ViewOrganisation};
use crate::http::etag::{self, Seen};
use crate::http::{Body, Page, PageQuery, Paged, Problem};

/// List the units of the stores that the caller reaches, and those above them.
#[utoipa::path(tag = "organisation", params(PageQuery), responses(
    (status = 200, description = "A page of units", body = Page<OrgUnit>),
))]
#[get("/org-units")]
pub async fn list_org_units(
    caller: Caller<ViewOrganisation>,
    query: Paged,
) -> Result<Json<Page<OrgUnit>>, Problem> {
    units::list(&mut caller.context().await?, query.window).await.map(Json)
}

/// Read a unit.
#[utoipa::path(tag = "organisation", responses(
    (status = 200, description = "The unit; its ETag goes into If-Match", body = OrgUnit),
))]
#[get("/org-units/{code}")]
pub async fn get_org_unit(
    caller: Caller<ViewOrganisation>,
    code: Path<String>,
) -> Result<impl Responder, Problem> {
    let unit = units::find(&mut caller.context().await?, &code).await?;
    Ok(etag::ok(unit.version, unit))
}

/// Create a unit.
#[utoipa::path(tag = "organisation", request_body = NewOrgUnit, responses(
    (status = 201, description = "Created", body = OrgUnit),
    (status = 409, description = "The code is taken"),
))]
#[post("/org-units")]
pub async fn create_org_unit(
    caller: Caller<ManageOrganisation>,
    body: Body<NewOrgUnit>,
) -> Result<impl Responder, Problem> {
    let unit = units::create(&mut caller.context().await?, body.0).await?;
    Ok(etag::created(format_args!("/v1/org-units/{}", unit.code), unit.version, &unit))
}

/// Rename a unit, or set or remove its end.
#[utoipa::path(tag = "organisation", params(Seen), request_body = OrgUnitPatch, responses(
    (status = 200, description = "Changed", body = OrgUnit),
    (status = 409, description = "A unit below it, or a posting in it or a leadership of it, lasts longer"),
))]
#[patch("/org-units/{code}")]
pub async fn update_org_unit(
    caller: Caller<ManageOrganisation>,
    code: Path<String>,
    seen: Seen,
    body: Body<OrgUnitPatch>,
) -> Result<impl Responder, Problem> {
    let unit = units::change(&mut caller.context().await?, &code, body.0, seen).await?;
    Ok(etag::ok(unit.version, unit))
}

/// List the people who are or were posted in the stores that the caller reaches.
#[utoipa::path(tag = "organisation", params(PageQuery), responses(
    (status = 200, description = "A page of people", body = Page<Employee>),
))]
#[get("/employees")]
pub async fn list_employees(
    caller: Caller<ViewOrganisation>,
    query: Paged,
) -> Result<Json<Page<Employee>>, Problem> {
    people::list(&mut caller.context().await?, query.window).await.map(Json)
}

/// Read a person.
#[utoipa::path(tag = "organisation", responses(
    (status = 200, description = "The person; its ETag goes into If-Match", body = Employee),
))]
#[get("/employees/{employee_no}")]
pub async fn get_employee(
    caller: Caller<ViewOrganisation>,
    employee_no: Path<String>,
) -> Result<impl Responder, Problem> {
    let person = people::find(&mut caller.context().await?, &employee_no).await?;
    Ok(etag::ok(person.version, person))
}

/// Add a person.
#[utoipa::path(tag = "organisation", request_body = NewEmployee, responses(
    (status = 201, description = "Created", body = Employee),
    (status = 409, description = "The employee_no is taken"),
))]
#[post("/employees")]
pub async fn create_employee(
    caller: Caller<ManageOrganisation>,
    body: Body<NewEmployee>,
) -> Result<impl Responder, Problem> {
    let person = people::create(&mut caller.context().await?, body.0).await?;
    Ok(etag::created(format_args!("/v1/employees/{}", person.employee_no), person.version, &person))
}

/// Change a person's name or status.
#[utoipa::path(tag = "organisation", params(Seen), request_body = EmployeePatch, responses(
    (status = 200, description = "Changed", body = Employee),
))]
#[patch("/employees/{employee_no}")]
pub async fn update_employee(
    caller: Caller<ManageOrganisation>,
    employee_no: Path<String>,
    seen: Seen,
    body: Body<EmployeePatch>,
) -> Result<impl Responder, Problem> {
    let person = people::change(&mut caller.context().await?, &employee_no, body.0, seen).await?;
    Ok(etag::ok(person.version, person))
}

/// List the postings in the stores that the caller reaches.
#[utoipa::path(tag = "organisation", params(AssignmentQuery, PageQuery), responses(
    (status = 200, description = "A page of postings", body = Page<Assignment>),
))]
#[get("/assignments")]
pub async fn list_assignments(
    caller: Caller<ViewOrganisation>,
    query: Paged<AssignmentQuery>,
) -> Result<Json<Page<Assignment>>, Problem> {
    postings::list(&mut caller.context().await?, &query, query.window).await.map(Json)
}

/// Read a posting.
#[utoipa::path(tag = "organisation", responses(
    (status = 200, description = "The posting; its ETag goes into If-Match", body = Assignment),
))]
#[get("/assignments/{id}")]
pub async fn get_assignment(
    caller: Caller<ViewOrganisation>,
    id: Path<i64>,
) -> Result<impl Responder, Problem> {
    let posting = postings::find(&mut caller.context().await?, *id).await?;
    Ok(etag::ok(posting.version, posting))
}

/// Post somebody.
#[utoipa::path(tag = "organisation", request_body = NewAssignment, responses(
    (status = 201, description = "Created", body = Assignment),
    (status = 409, description = "The person already holds the position on some of these days"),
))]
#[post("/assignments")]
pub async fn create_assignment(
    caller: Caller<ManageOrganisation>,
    body: Body<NewAssignment>,
) -> Result<impl Responder, Problem> {
    let posting = postings::create(&mut caller.context().await?, body.0).await?;
    Ok(etag::created(format_args!("/v1/assignments/{}", posting.id), posting.version, &posting))
}

/// Set or remove the end of a posting.
#[utoipa::path(tag = "organisation", params(Seen), request_body = EndPatch, responses(
    (status = 200, description = "Changed", body = Assignment),
    (status = 409, description = "The person holds the position again on some of these days"),
))]
#[patch("/assignments/{id}")]
pub async fn update_assignment(
    caller: Caller<ManageOrganisation>,
    id: Path<i64>,
    seen: Seen,
    body: Body<EndPatch>,
) -> Result<impl Responder, Problem> {
    let posting = postings::change(&mut caller.context().await?, *id, body.0, seen).await?;
    Ok(etag::ok(posting.version, posting))
}

/// List the leaderships in the stores that the caller reaches.
#[utoipa::path(tag = "organisation", params(TeamLeadershipQuery, PageQuery), responses(
    (status = 200, description = "A page of leaderships", body = Page<TeamLeadership>),
))]
#[get("/team-leaderships")]
pub async fn list_team_leaderships(
    caller: Caller<ViewOrganisation>,
    query: Paged<TeamLeadershipQuery>,
) -> Result<Json<Page<TeamLeadership>>, Problem> {
    leaderships::list(&mut caller.context().await?, &query, query.window).await.map(Json)
}

/// Read a leadership.
#[utoipa::path(tag = "organisation", responses(
    (status = 200, description = "The leadership; its ETag goes into If-Match", body = TeamLeadership),
))]
#[get("/team-leaderships/{id}")]
pub async fn get_team_leadership(
    caller: Caller<ViewOrganisation>,
    id: Path<i64>,
) -> Result<impl Responder, Problem> {
    let leadership = leaderships::find(&mut caller.context().await?, *id).await?;
    Ok(etag::ok(leadership.version, leadership))
}

/// Give somebody a team to lead.
#[utoipa::path(tag = "organisation", request_body = NewTeamLeadership, responses(
    (status = 201, description = "Created", body = TeamLeadership),
    (status = 409, description = "The team already has such a leader on some of these days"),
))]
#[post("/team-leaderships")]
pub async fn create_team_leadership(
    caller: Caller<ManageOrganisation>,
    body: Body<NewTeamLeadership>,
) -> Result<impl Responder, Problem> {
    let leadership = leaderships::create(&mut caller.context().await?, body.0).await?;
    let location = format!("/v1/team-leaderships/{}", leadership.id);
    Ok(etag::created(location, leadership.version, leadership))
}

/// Set or remove the end of a leadership.
#[utoipa::path(tag = "organisation", params(Seen), request_body = EndPatch, responses(
    (status = 200, description = "Changed", body = TeamLeadership),
    (status = 409, description = "The team has such a leader again on some of these days"),
))]
#[patch("/team-leaderships/{id}")]
pub async fn update_team_leadership(
    caller: Caller<ManageOrganisation>,
    id: Path<i64>,
    seen: Seen,
    body: Body<EndPatch>,
) -> Result<impl Responder, Problem> {
    let leadership = leaderships::change(&mut caller.context().await?, *id, body.0, seen).await?;
    Ok(etag::ok(leadership.version, leadership))
}

/// Read of how few people nothing is told to those who may not see them.
#[utoipa::path(tag = "organisation", responses(
    (status = 200, description = "The policy; its ETag goes into If-Match", body = Disclosure),
))]
#[get("/disclosure")]
pub async fn get_disclosure(caller: Caller<ViewAggregates>) -> Result<impl Responder, Problem> {
    let disclosure = disclosure::read(caller.context().await?.shared()).await?;
    Ok(etag::ok(disclosure.version, disclosure))
}

/// Say of how few people nothing is told, for the whole group: of fewer, sums, rates and grades are withheld from those who may not see
/// the people, and what would tell theirs by subtraction with them. It holds at once, for what has been before, too.
#[utoipa::path(tag = "organisation", params(Seen), request_body = DisclosurePolicy, responses(
    (status = 200, description = "The policy", body = Disclosure),
))]
#[put("/disclosure")]
pub async fn put_disclosure(
    caller: Caller<ManageDisclosure>,
    seen: Seen,
    body: Body<DisclosurePolicy>,
) -> Result<impl Responder, Problem> {
    let disclosure = disclosure::put(&mut caller.context().await?, body.0, seen).await?;
    Ok(etag::ok(disclosure.version, disclosure))
}
