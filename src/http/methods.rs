//! Which methods each path has, and which of them read a query: what a request that nothing takes is told.

use actix_web::http::Method;
use actix_web::http::header::ALLOW;
use actix_web::{HttpRequest, HttpResponse, ResponseError as _};
use chrono::NaiveDate;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::schema::{SchemaFormat, SchemaType};
use utoipa::openapi::{KnownFormat, Object, OpenApi, RefOr, Schema, Type};

use super::parameters;
use super::problem::{Code, Problem};
use crate::said::say;

/// The paths of an OpenAPI document with the methods that each has.
#[derive(Debug)]
pub struct Methods(Vec<KnownPath>);

/// A path, cut at its slashes.
#[derive(Debug)]
struct KnownPath {
    parts: Vec<Part>,
    /// Each with whether it reads a query.
    methods: Vec<(&'static str, bool)>,
}

/// What may stand between two slashes.
#[derive(Debug)]
enum Part {
    Literal(String),
    /// A whole number, by the name of the parameter.
    Number(String),
    /// A day.
    Day,
    /// Anything.
    Any,
}

impl KnownPath {
    fn of(path: &str, operations: &[(&'static str, &Operation)]) -> Self {
        let parts = path.split('/').map(|part| {
            let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
            let Some(name) = name else { return Part::Literal(part.to_owned()) };
            let takes = |is_kind: fn(&Object) -> bool| {
                operations.iter().any(|(_, operation)| takes(operation, name, is_kind))
            };
            match (takes(is_number), takes(is_day)) {
                (true, _) => Part::Number(name.to_owned()),
                (false, true) => Part::Day,
                (false, false) => Part::Any,
            }
        });
        let methods = operations.iter().map(|(name, operation)| (*name, reads_query(operation)));
        Self { parts: parts.collect(), methods: methods.collect() }
    }

    fn is(&self, parts: &[&str]) -> bool {
        let is_match = |(known, part): (&Part, &&str)| match known {
            Part::Literal(known) => known == part,
            Part::Number(_) => part.parse::<i64>().is_ok(),
            Part::Day => part.parse::<NaiveDate>().is_ok(),
            Part::Any => true,
        };
        self.parts.len() == parts.len() && self.parts.iter().zip(parts).all(is_match)
    }
}

fn reads_query(operation: &Operation) -> bool {
    operation.parameters.iter().flatten().any(|parameter| match parameter {
        RefOr::T(parameter) => parameter.parameter_in == ParameterIn::Query,
        RefOr::Ref(_) => true,
    })
}

/// Whether an operation has a parameter of a name that is of a kind.
fn takes(operation: &Operation, name: &str, is_kind: impl Fn(&Object) -> bool) -> bool {
    operation.parameters.iter().flatten().any(|parameter| {
        let RefOr::T(parameter) = parameter else { return false };
        let Some(RefOr::T(Schema::Object(object))) = &parameter.schema else { return false };
        parameter.name == name && is_kind(object)
    })
}

fn is_number(object: &Object) -> bool {
    object.schema_type == SchemaType::Type(Type::Integer)
}

fn is_day(object: &Object) -> bool {
    object.format == Some(SchemaFormat::KnownFormat(KnownFormat::Date))
}

impl Methods {
    /// Reads the paths of `document`.
    pub fn of(document: &OpenApi) -> Self {
        let paths = document.paths.paths.iter().map(|(path, item)| {
            let operations = [
                ("GET", &item.get),
                ("POST", &item.post),
                ("PUT", &item.put),
                ("PATCH", &item.patch),
                ("DELETE", &item.delete),
            ];
            let operations =
                operations.into_iter().filter_map(|(name, operation)| Some((name, operation.as_ref()?)));
            KnownPath::of(path, &operations.collect::<Vec<_>>())
        });
        Self(paths.collect())
    }

    /// The paths that this one may be: a literal, and one whose parameter could stand for the literal.
    fn find(&self, path: &str) -> impl Iterator<Item = &KnownPath> {
        let parts = path.split('/').collect::<Vec<_>>();
        self.0.iter().filter(move |known| known.is(&parts))
    }

    /// The methods of a path, `HEAD` beside `GET`; none where there is no such path.
    fn allowed(&self, path: &str) -> Vec<&'static str> {
        let known = self.find(path).collect::<Vec<_>>();
        let has =
            |method: &str| known.iter().any(|path| path.methods.iter().any(|(name, _)| *name == method));
        let all = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
        all.into_iter().filter(|method| has(if *method == "HEAD" { "GET" } else { method })).collect()
    }

    /// The name of a parameter of a query that nobody reads: where the operation has none at all.
    pub(super) fn unread_parameter(&self, method: &Method, path: &str, query: &str) -> Option<String> {
        let name = form_urlencoded::parse(query.as_bytes()).next()?.0.into_owned();
        let mut methods = self.find(path).flat_map(|known| &known.methods);
        let (_, reads_query) = methods.find(|(name, _)| *name == method.as_str())?;
        (!reads_query).then_some(name)
    }

    /// The name of a year in the path of which nothing is kept.
    pub(super) fn impossible_year(&self, path: &str) -> Option<&str> {
        let parts = path.split('/').collect::<Vec<_>>();
        self.find(path).find_map(|known| {
            known.parts.iter().zip(&parts).find_map(|(known, part)| match known {
                Part::Number(name) if name == "year" => {
                    let is_year = part.parse::<i64>().is_ok_and(|year| parameters::YEARS.contains(&year));
                    (!is_year).then_some(name.as_str())
                }
                _ => None,
            })
        })
    }

    /// What a request that no route takes is answered.
    pub fn refuse(&self, request: &HttpRequest) -> HttpResponse {
        let allowed = self.allowed(request.path());
        if allowed.is_empty() || allowed.contains(&request.method().as_str()) {
            return Problem::new(
                Code::NotFound,
                say!("没有这个路径；/docs/ 列出了所有路径", "there is no such path; /docs/ lists them"),
            )
            .error_response();
        }
        let allowed = allowed.join(", ");
        let method = request.method();
        let detail = say!(
            "这里不能用 {method}；可用的有：{allowed}",
            "{method} is not allowed here; allowed: {allowed}"
        );
        let mut response = Problem::new(Code::MethodNotAllowed, detail).error_response();
        if let Ok(value) = allowed.parse() {
            response.headers_mut().insert(ALLOW, value);
        }
        response
    }
}
