//! Links of the OpenAPI document: what was made by one operation is read, changed and taken further by others, and which part of the
//! answer names it to them follows from their paths.

use std::collections::BTreeMap;

use utoipa::openapi::link::{Link, LinkBuilder};
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{OpenApi, PathItem, RefOr, Response};

/// Where something of a kind is found: `/v1/plans/{id}`, and which of its fields stands in the path.
struct Item {
    path: String,
    field: String,
}

/// Adds to every answer that something was made which operations it can be given to.
pub(super) fn add(document: &mut OpenApi) {
    let items = items(document);
    let targets = targets(document);
    for (path, item) in &mut document.paths.paths {
        for operation in operations_mut(item) {
            let Some(RefOr::T(response)) = operation.responses.responses.get_mut("201") else { continue };
            let Some(item) = schema_of(response).and_then(|schema| items.get(&schema)) else { continue };
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
                let place = match name == item.field {
                    true => format!("$response.body#/{name}"),
                    false => format!("$request.path.{}", parameters(path).find(|given| *given == name)?),
                };
                Some(link.parameter(name, place))
            })?;
        Some((self.id.clone(), link.build().into()))
    }
}

/// Where things are found, by their schema: at the path of whoever makes them, followed by one of their fields.
fn items(document: &OpenApi) -> BTreeMap<String, Item> {
    let mut items = BTreeMap::new();
    for (made_at, item) in &document.paths.paths {
        let Some(RefOr::T(response)) =
            item.post.as_ref().and_then(|post| post.responses.responses.get("201"))
        else {
            continue;
        };
        let Some(schema) = schema_of(response) else { continue };
        let below = document.paths.paths.keys().find_map(|path| {
            let field = path.strip_prefix(made_at)?.strip_prefix("/{")?.strip_suffix('}')?;
            Some(Item { path: path.clone(), field: field.to_owned() })
        });
        if let Some(item) = below.filter(|item| has_field(document, &schema, &item.field)) {
            items.insert(schema, item);
        }
    }
    items
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

/// The name of the schema of an answer in JSON.
fn schema_of(response: &Response) -> Option<String> {
    let RefOr::T(content) = response.content.get("application/json")? else { return None };
    let RefOr::Ref(schema) = content.schema.as_ref()? else { return None };
    schema.ref_location.rsplit('/').next().map(str::to_owned)
}

fn has_field(document: &OpenApi, schema: &str, field: &str) -> bool {
    let schema = document.components.as_ref().and_then(|components| components.schemas.get(schema));
    matches!(schema, Some(RefOr::T(Schema::Object(object))) if object.properties.contains_key(field))
}

/// The parameters of a path.
fn parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}
