//! Which methods each path has: what a wrong method is told.

use actix_web::http::header::ALLOW;
use actix_web::{HttpRequest, HttpResponse, ResponseError as _};
use utoipa::openapi::OpenApi;

use super::problem::{Code, Problem};

/// The paths of an OpenAPI document, cut at their slashes, with the methods that each has.
#[derive(Debug)]
pub struct Methods(Vec<(Vec<String>, Vec<&'static str>)>);

impl Methods {
    /// Reads the paths of `document`.
    pub fn of(document: &OpenApi) -> Self {
        let paths = document.paths.paths.iter().map(|(path, item)| {
            let methods = [
                ("GET", &item.get),
                ("POST", &item.post),
                ("PUT", &item.put),
                ("PATCH", &item.patch),
                ("DELETE", &item.delete),
            ];
            let methods =
                methods.into_iter().filter(|(_, operation)| operation.is_some()).map(|(name, _)| name);
            (path.split('/').map(str::to_owned).collect(), methods.collect())
        });
        Self(paths.collect())
    }

    /// The methods of a path, if there is such a path. A parameter such as `{id}` stands for any one part.
    fn find(&self, path: &str) -> Option<&[&'static str]> {
        let parts = path.split('/').collect::<Vec<_>>();
        let is_match = |pattern: &Vec<String>| {
            pattern.len() == parts.len()
                && pattern.iter().zip(&parts).all(|(known, part)| known == part || known.starts_with('{'))
        };
        self.0.iter().find(|(pattern, _)| is_match(pattern)).map(|(_, methods)| methods.as_slice())
    }

    /// What a request that no route takes is answered.
    pub fn refuse(&self, request: &HttpRequest) -> HttpResponse {
        let Some(methods) =
            self.find(request.path()).filter(|methods| !methods.contains(&request.method().as_str()))
        else {
            return Problem::new(Code::NotFound, "there is no such path; /docs/ lists them").error_response();
        };
        let allowed = methods.join(", ");
        let detail = format!("{} is not allowed here; allowed: {allowed}", request.method());
        let mut response = Problem::new(Code::MethodNotAllowed, detail).error_response();
        if let Ok(value) = allowed.parse() {
            response.headers_mut().insert(ALLOW, value);
        }
        response
    }
}
