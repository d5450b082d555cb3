//! Rows of which columns can be chosen: the OpenAPI document names the columns that `fields` and `sort` take, out of the schema
//! of the rows itself, and says of none that it is always there.

use std::collections::{BTreeMap, BTreeSet};

use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::ArrayItems;
use utoipa::openapi::{OpenApi, RefOr, Schema};

use super::tighten::Known;

/// Says it of every operation that answers such rows.
pub(super) fn name(document: &mut OpenApi, known: &Known) {
    let mut chosen = BTreeSet::new();
    for operation in document.paths.paths.values_mut().filter_map(|item| item.get.as_mut()) {
        let Some(row) = chosen_row(operation) else { continue };
        name_columns(operation, &columns(&row, known));
        parts(&row, known, &mut chosen);
    }
    for (name, schema) in document.components.iter_mut().flat_map(|components| &mut components.schemas) {
        if chosen.contains(name) {
            loosen(schema);
        }
    }
}

/// The row of the list that an operation answers, where its columns can be chosen.
fn chosen_row(operation: &Operation) -> Option<RefOr<Schema>> {
    let mut parameters = operation.parameters.iter().flatten();
    parameters.find(|one| matches!(one, RefOr::T(parameter) if parameter.name == "fields"))?;
    let RefOr::T(answer) = operation.responses.responses.get("200")? else { return None };
    let RefOr::T(content) = answer.content.get("application/json")? else { return None };
    let Some(RefOr::T(Schema::Array(list))) = &content.schema else { return None };
    match &list.items {
        ArrayItems::RefOrSchema(row) => Some((**row).clone()),
        ArrayItems::False => None,
    }
}

/// Says which columns can be chosen and sorted by.
fn name_columns(operation: &mut Operation, row: &Columns) {
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        let Some(RefOr::T(Schema::Object(schema))) = &mut parameter.schema else { continue };
        match parameter.name.as_str() {
            "fields" => schema.pattern = Some(listed(&pattern_of(row, true))),
            "sort" => schema.pattern = Some(listed(&format!("-?{}", pattern_of(row, false)))),
            _ => {}
        }
    }
}

/// The names of all schemas that one is made of.
fn parts(schema: &RefOr<Schema>, known: &Known, names: &mut BTreeSet<String>) {
    let within = match schema {
        RefOr::Ref(reference) => {
            let name = reference.ref_location.rsplit('/').next().unwrap_or_default();
            if let (Some(schema), true) = (known.get(name), names.insert(name.to_owned())) {
                parts(schema, known, names);
            }
            return;
        }
        RefOr::T(Schema::Object(object)) => object.properties.values().collect::<Vec<_>>(),
        RefOr::T(Schema::AllOf(parts)) => parts.items.iter().collect(),
        RefOr::T(Schema::OneOf(parts)) => parts.items.iter().collect(),
        RefOr::T(_) => Vec::new(),
    };
    within.into_iter().for_each(|part| parts(part, known, names));
}

/// Of a row whose columns can be chosen, none is always there.
fn loosen(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => object.required.clear(),
        RefOr::T(Schema::AllOf(parts)) => parts.items.iter_mut().for_each(loosen),
        RefOr::T(_) | RefOr::Ref(_) => {}
    }
}

/// The columns that a row has by their names, and those that lie within each; none within a number or a text.
struct Columns(BTreeMap<String, Columns>);

fn columns(schema: &RefOr<Schema>, known: &Known) -> Columns {
    let of_all =
        |parts: &[RefOr<Schema>]| Columns(parts.iter().flat_map(|part| columns(part, known).0).collect());
    match schema {
        RefOr::Ref(reference) => {
            let schema = reference.ref_location.rsplit('/').next().and_then(|name| known.get(name));
            schema.map_or_else(|| Columns(BTreeMap::new()), |schema| columns(schema, known))
        }
        RefOr::T(Schema::Object(object)) => {
            let of_field = |(name, field): (&String, _)| (name.clone(), columns(field, known));
            Columns(object.properties.iter().map(of_field).collect())
        }
        RefOr::T(Schema::AllOf(parts)) => of_all(&parts.items),
        RefOr::T(Schema::OneOf(parts)) => of_all(&parts.items),
        RefOr::T(_) => Columns(BTreeMap::new()),
    }
}

/// A pattern of one column: of an object as a whole, too, where `whole` is wanted.
fn pattern_of(columns: &Columns, whole: bool) -> String {
    let names = columns.0.iter().map(|(name, within)| match (within.0.is_empty(), whole) {
        (true, _) => name.clone(),
        (false, true) => format!("{name}(\\.{})?", pattern_of(within, whole)),
        (false, false) => format!("{name}\\.{}", pattern_of(within, whole)),
    });
    format!("({})", names.collect::<Vec<_>>().join("|"))
}

/// A pattern of some of these, with commas between them.
fn listed(one: &str) -> String {
    format!("^{one}(,{one})*$")
}
