//! What the OpenAPI document says besides the endpoints.

use utoipa::Modify;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Content, ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder};

use super::problem::ProblemBody;
use super::{etag, examples, links, tighten};

const PROBLEM: &str = "application/problem+json";

/// The frame of the document.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Showfloor",
        description = "4S 店销售计划、事实、计分与月度考核 · sales plans, facts, scores and monthly reviews for car dealership \
            groups.\n\nSign in with `POST /v1/sessions` and send the access token as `Authorization: Bearer …`; programs \
            send a key of `POST /v1/users/{id}/api-keys` instead. Errors \
            are problems (RFC 9457) with a stable `code`. Lists are pages: give `next_cursor` as `cursor`. Months are \
            written `2014-03`, days `2014-03-15`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    tags(
        (name = "sessions", description = "登录 · signing in"),
        (name = "users", description = "账号 · logins and their roles"),
        (name = "organisation", description = "组织 · units, employees, postings and leaderships"),
        (name = "plans", description = "年度计划 · annual plans and targets"),
        (name = "facts", description = "数据 · metrics, facts and imports"),
        (name = "rules", description = "规则 · schemes and scripts"),
        (name = "reviews", description = "考核 · review cycles and reviews"),
        (name = "retention", description = "数据保存 · how long things are kept, legal holds and erasing"),
        (name = "dashboard", description = "看板 · aggregates and leaderboard"),
        (name = "changes", description = "变更 · what has changed since, for copies and screens"),
    ),
    components(schemas(ProblemBody)),
    security(("bearer" = [])),
    modifiers(&Frame),
)]
pub struct Document;

/// Adds what the macro has no words for.
struct Frame;

impl Modify for Frame {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

/// Gives every operation the answers that follow from what it takes, and all errors the form of problems, and says as
/// narrowly as the program holds to it what goes in and out, with an example.
///
/// What an operation says of an answer itself stays as it says it.
pub fn add_common_answers(document: &mut OpenApi) {
    tighten::tighten(document);
    examples::add(document);
    links::add(document);
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().filter_map(Option::as_mut) {
            let answers = common_answers(operation);
            if is_public(operation) {
                // `security(())` says that nobody has to sign in, and this that nobody does.
                operation.security = Some(Vec::new());
            }
            let responses = &mut operation.responses.responses;
            for (_, response) in responses.iter_mut().filter(|(status, _)| status.starts_with(['4', '5'])) {
                let RefOr::T(response) = response else { continue };
                response.content = [(PROBLEM.to_owned(), problem_content().into())].into_iter().collect();
            }
            for (status, description) in answers {
                responses.entry(status.to_owned()).or_insert_with(|| {
                    let response = ResponseBuilder::new().description(description);
                    response.content(PROBLEM, problem_content()).build().into()
                });
            }
        }
    }
}

fn problem_content() -> Content {
    ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemBody"))).build()
}

/// Whether an operation is for whoever asks.
fn is_public(operation: &Operation) -> bool {
    let security = operation.security.as_ref();
    security.is_some_and(|security| security.iter().all(|one| *one == SecurityRequirement::default()))
}

/// The errors that follow from what an operation takes, by status.
fn common_answers(operation: &Operation) -> Vec<(&'static str, &'static str)> {
    let parameters = || {
        operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
            RefOr::T(parameter) => Some(parameter),
            RefOr::Ref(_) => None,
        })
    };
    let takes = |place: ParameterIn| parameters().any(|parameter| parameter.parameter_in == place);
    let mut answers = vec![
        ("500", "A fault of the program; its log says more"),
        (
            "503",
            "The database cannot be reached, or nobody had time for it; Retry-After says when to try again",
        ),
    ];
    if !is_public(operation) {
        answers.extend([("401", "Not signed in"), ("403", "The caller's roles do not allow it")]);
    }
    if takes(ParameterIn::Path) {
        answers.push(("404", "It does not exist, or the caller may not see it"));
    }
    if parameters().any(|parameter| parameter.name == etag::HEADER) {
        answers.extend([
            ("400", "If-Match is no entity tag, or the body cannot be read"),
            ("412", "It was changed in the meantime"),
            ("428", "If-Match is missing"),
        ]);
    }
    match operation.request_body.is_some() {
        true => answers.push(("422", "Some fields or parameters are not valid")),
        false if takes(ParameterIn::Query) => answers.push(("422", "A parameter is not valid")),
        false => answers.push(("422", "It was asked with a parameter that it does not have")),
    }
    if operation.request_body.is_some() {
        answers.extend([
            ("400", "The body cannot be read"),
            ("408", "The body does not come"),
            ("413", "The body is too large"),
            ("415", "The body has the wrong media type or an encoding that is not known"),
        ]);
    }
    answers
}
