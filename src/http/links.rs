//! Links of the OpenAPI document: what is listed or was made by one operation is read, changed and taken further by others, and which
//! part of the answer names it to them follows from their paths.

use std::collections::BTreeMap;

use utoipa::openapi::link::{Link, LinkBuilder};
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ArrayItems, Schema, SchemaType};
use utoipa::openapi::{OpenApi, PathItem, RefOr, Response, Type};

use super::parameters::counts_from_one;

/// Where something of a kind is found: `/v1/plans/{id}`, which parameter names it, and where that stands in an answer.
struct Item {
    path: String,
    parameter: String,
    place: String,
}

/// What is answered where something was made, or has been begun.
const MADE: [&str; 2] = ["201", "202"];

/// Adds to every answer that something was made, and to every list, which operations it can be given to.
pub(super) fn add(document: &mut OpenApi) {
    let made = made(document);
    let listed = listed(document);
    let targets = targets(document);
    for (path, item) in &mut document.paths.paths {
        for operation in operations_mut(item) {
            let answers = &mut operation.responses.responses;
            let answer = MADE.into_iter().find(|status| answers.contains_key(*status));
            let Some(RefOr::T(response)) = answer.and_then(|status| answers.get_mut(status)) else {
                continue;
            };
            let Some(item) = content_of(response).and_then(|made_of| made.get(&named(made_of)?)) else {
                continue;
            };
            response.links.extend(targets.iter().filter_map(|target| target.link(item, path)));
        }
        let list = item.get.as_mut().and_then(|get| get.responses.responses.get_mut("200"));
        if let (Some(RefOr::T(response)), Some(item)) = (list, listed.get(path)) {
            response.links.extend(targets.iter().filter_map(|target| target.link(item, path)));
        }
    }
}

/// An operation that can be linked to.
struct Target {
    path: String,
    id: String,
}

impl Target {
    /// The link to it from the answer of an operation at `path`, where it takes no more than the thing itself and what `path` has.
    fn link(&self, item: &Item, path: &str) -> Option<(String, RefOr<Link>)> {
        let rest = self.path.strip_prefix(&item.path)?;
        if !(rest.is_empty() || rest.starts_with('/')) || rest.contains('{') {
            return None;
        }
        let link =
            parameters(&self.path).try_fold(LinkBuilder::new().operation_id(&self.id), |link, name| {
                let place = match name == item.parameter {
                    true => format!("$response.body#{}", item.place),
                    false => format!("$request.path.{}", parameters(path).find(|given| *given == name)?),
                };
                Some(link.parameter(name, place))
            })?;
        Some((self.id.clone(), link.build().into()))
    }
}

/// Where things are found that were made, by their schema: at the path of whoever makes them, followed by one of their fields.
fn made(document: &OpenApi) -> BTreeMap<String, Item> {
    let made = document.paths.paths.iter().filter_map(|(path, item)| {
        let answers = &item.post.as_ref()?.responses.responses;
        let RefOr::T(response) = MADE.into_iter().find_map(|status| answers.get(status))? else {
            return None;
        };
        let schema = content_of(response)?;
        Some((named(schema)?, below(document, path, schema, "")?))
    });
    made.collect()
}

/// Where things are found that are listed, by the path of the list: the first of them stands for all.
fn listed(document: &OpenApi) -> BTreeMap<String, Item> {
    let listed = document.paths.paths.iter().filter_map(|(path, item)| {
        let RefOr::T(response) = item.get.as_ref()?.responses.responses.get("200")? else { return None };
        let (row, within) = row(document, response)?;
        Some((path.clone(), below(document, path, row, within)?))
    });
    listed.collect()
}

/// Where a thing is found that an answer at a path has `within` it: below that path, or where everything of its kind is, such as
/// proposals of plans at `/v1/proposals/{id}` and talks about reviews at `/v1/review-talks/{id}`.
fn below(document: &OpenApi, path: &str, thing: &RefOr<Schema>, within: &str) -> Option<Item> {
    let item = |(place, parameter): (&str, &str)| {
        let names_it = |field: &RefOr<Schema>| !counts_from_one(parameter) || is_whole_number(field);
        let field = [parameter, "id"]
            .into_iter()
            .find(|field| field_in(document, thing, field).is_some_and(names_it))?;
        Some(Item {
            path: format!("{place}/{{{parameter}}}"),
            parameter: parameter.to_owned(),
            place: format!("{within}/{field}"),
        })
    };
    let own = collections(document).filter(|(place, _)| *place == path).find_map(item);
    own.or_else(|| {
        let (_, kind) = path.rsplit_once("}/")?;
        collections(document).filter(|(place, _)| has_everything(place, kind)).find_map(item)
    })
}

/// Where things lie, and by which parameter one of them is known.
fn collections(document: &OpenApi) -> impl Iterator<Item = (&str, &str)> {
    document.paths.paths.keys().flat_map(|path| {
        path.match_indices("/{").filter_map(|(at, _)| {
            let (place, rest) = path.split_at_checked(at)?;
            Some((place, rest.strip_prefix("/{")?.split_once('}')?.0))
        })
    })
}

/// Whether everything of a kind lies there, whatever it belongs to.
fn has_everything(place: &str, kind: &str) -> bool {
    let Some((above, name)) = place.rsplit_once('/') else { return false };
    let [name, kind] = [name, kind].map(|many| many.strip_suffix('s').unwrap_or(many));
    !above.contains('{') && name.strip_suffix(kind).is_some_and(|rest| rest.is_empty() || rest.ends_with('-'))
}

/// Whether a field is a number: the `key` of an API key is not what it is known by.
fn is_whole_number(field: &RefOr<Schema>) -> bool {
    let RefOr::T(Schema::Object(field)) = field else { return false };
    field.schema_type == SchemaType::Type(Type::Integer)
}

/// What a list has in its first row, and where that stands.
fn row<'a>(document: &'a OpenApi, response: &'a Response) -> Option<(&'a RefOr<Schema>, &'static str)> {
    let (list, within) = match content_of(response)? {
        RefOr::T(Schema::Array(list)) => (list, "/0"),
        page => match field_in(document, page, "items")? {
            RefOr::T(Schema::Array(list)) => (list, "/items/0"),
            _ => return None,
        },
    };
    match &list.items {
        ArrayItems::RefOrSchema(row) => Some((row, within)),
        ArrayItems::False => None,
    }
}

fn targets(document: &OpenApi) -> Vec<Target> {
    let of_path = |(path, item): (&String, &PathItem)| {
        let operations = [&item.get, &item.post, &item.put, &item.patch, &item.delete].into_iter().flatten();
        let ids = operations.filter_map(|operation| operation.operation_id.clone());
        ids.map(|id| Target { path: path.clone(), id }).collect::<Vec<_>>()
    };
    document.paths.paths.iter().flat_map(of_path).collect()
}

fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
}

/// The schema of an answer in JSON.
fn content_of(response: &Response) -> Option<&RefOr<Schema>> {
    let RefOr::T(content) = response.content.get("application/json")? else { return None };
    content.schema.as_ref()
}

fn named(schema: &RefOr<Schema>) -> Option<String> {
    let RefOr::Ref(schema) = schema else { return None };
    schema.ref_location.rsplit('/').next().map(str::to_owned)
}

/// A field of a schema, which may be put together of others.
fn field_in<'a>(document: &'a OpenApi, schema: &'a RefOr<Schema>, field: &str) -> Option<&'a RefOr<Schema>> {
    match schema {
        RefOr::Ref(_) => {
            field_in(document, document.components.as_ref()?.schemas.get(&named(schema)?)?, field)
        }
        RefOr::T(Schema::Object(object)) => object.properties.get(field),
        RefOr::T(Schema::AllOf(parts)) => parts.items.iter().find_map(|part| field_in(document, part, field)),
        RefOr::T(_) => None,
    }
}

/// The parameters of a path.
fn parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}
