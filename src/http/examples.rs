//! An example of every operation in the OpenAPI document: what `openapi/examples.json` says of it. A test sends every one.

use std::collections::BTreeMap;
use std::mem::take;

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{OpenApi, RefOr};

use super::parameters;

/// By the operations' ids.
const EXAMPLES: &str = include_str!("../../openapi/examples.json");

/// What can be sent to an operation.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Example {
    path: Map<String, Value>,
    query: Map<String, Value>,
    /// A text where the body is a file.
    body: Option<Value>,
}

/// Adds the examples. Where they cannot be read there are none, and the test says so.
pub(super) fn add(document: &mut OpenApi) {
    let mut examples: BTreeMap<String, Example> = serde_json::from_str(EXAMPLES).unwrap_or_default();
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().filter_map(Option::as_mut) {
            let id = operation.operation_id.as_deref().unwrap_or_default();
            let example = examples.remove(id).unwrap_or_default();
            add_to(operation, example);
        }
    }
}

fn add_to(operation: &mut Operation, example: Example) {
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        if let Some(value) = of_parameter(parameter, &example) {
            *parameter = ParameterBuilder::from(take(parameter)).example(Some(value)).build();
        }
    }
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        for content in body.content.values_mut() {
            let RefOr::T(content) = content else { continue };
            content.example.clone_from(&example.body);
        }
    }
}

/// The value of a parameter. Which ids there are differs from one database to the next.
fn of_parameter(parameter: &Parameter, example: &Example) -> Option<Value> {
    match parameter.parameter_in {
        ParameterIn::Path => {
            let any_id = || parameters::counts_from_one(&parameter.name).then(|| Value::from(1));
            example.path.get(&parameter.name).cloned().or_else(any_id)
        }
        ParameterIn::Query => example.query.get(&parameter.name).cloned(),
        _ => None,
    }
}
