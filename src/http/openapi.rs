//! What the OpenAPI document says besides the endpoints.

use utoipa::Modify;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder};

use super::problem::ProblemBody;

const PROBLEM: &str = "application/problem+json";

/// The frame of the document.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Showfloor",
        description = "4S 店销售计划、事实、计分与月度考核 · sales plans, facts, scores and monthly reviews for car dealership \
            groups.\n\nSign in with `POST /v1/sessions` and send the access token as `Authorization: Bearer …`. Errors \
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
        (name = "dashboard", description = "看板 · aggregates and leaderboard"),
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

/// Gives every operation the answers that every operation can have, and all errors the media type of problems.
pub fn add_common_answers(document: &mut OpenApi) {
    let problem = |description: &str| {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemBody"))).build();
        ResponseBuilder::new().description(description).content(PROBLEM, content).build()
    };
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().filter_map(Option::as_mut) {
            let is_public = operation.security.as_ref().is_some_and(|security| {
                security
                    .iter()
                    .all(|requirement| *requirement == utoipa::openapi::SecurityRequirement::default())
            });
            let responses = &mut operation.responses.responses;
            for (_, response) in responses.iter_mut().filter(|(status, _)| status.starts_with(['4', '5'])) {
                let RefOr::T(response) = response else { continue };
                if let Some(content) = response.content.shift_remove("application/json") {
                    response.content.insert(PROBLEM.to_owned(), content);
                }
            }
            if !is_public {
                responses.entry("401".to_owned()).or_insert_with(|| problem("Not signed in").into());
                responses
                    .entry("403".to_owned())
                    .or_insert_with(|| problem("The caller's roles do not allow it").into());
            }
            responses
                .entry("503".to_owned())
                .or_insert_with(|| problem("The database cannot be reached").into());
        }
    }
}
