//! Makes the OpenAPI document say as much as the program holds to: bounds that follow from what a parameter is called,
//! files that are bytes, and objects put together from others that take no field beside their own.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::Number;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{AdditionalProperties, AllOf, ArrayItems, SchemaFormat, SchemaType};
use utoipa::openapi::{Content, KnownFormat, Object, ObjectBuilder, OpenApi, RefOr, Schema, Type};

use super::{columns, etag, parameters};
use crate::period::Period;

/// A month.
const MONTH: &str = "^(19|2[0-9])[0-9]{2}-(0[1-9]|1[0-2])$";
/// What `next_cursor` is made of.
const CURSOR: &str = "^[A-Za-z0-9_-]{1,64}$";

/// Tightens a whole document.
pub(super) fn tighten(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().filter_map(Option::as_mut) {
            bound_parameters(operation);
            for_bytes(operation);
        }
    }
    let mut known = Known::new();
    if let Some(components) = &mut document.components {
        known = components.schemas.iter().map(|(name, schema)| (name.clone(), schema.clone())).collect();
        components.schemas.values_mut().for_each(|schema| close(schema, &known));
        components.schemas.values_mut().for_each(bound_months);
    }
    columns::name(document, &known);
}

fn bound_parameters(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        let Some(RefOr::T(Schema::Object(schema))) = &mut parameter.schema else { continue };
        let is_text = schema.schema_type == SchemaType::Type(Type::String);
        let is_number = schema.schema_type == SchemaType::Type(Type::Integer);
        match parameter.name.as_str() {
            name if is_number && parameters::is_year(name) => {
                schema.minimum = Some(Number::Int(1900));
                schema.maximum = Some(Number::Int(2999));
            }
            name if is_number && parameters::counts_from_one(name) => {
                let is_small = schema.format == Some(SchemaFormat::KnownFormat(KnownFormat::Int32));
                schema.minimum = Some(Number::Int(1));
                schema.maximum = Some(Number::Int(if is_small { 0x7fff_ffff } else { isize::MAX }));
            }
            "period" if is_text => schema.pattern = Some(MONTH.to_owned()),
            "cursor" if is_text => schema.pattern = Some(CURSOR.to_owned()),
            etag::HEADER => schema.pattern = Some(etag::PATTERN.to_owned()),
            "as_of" if is_text => schema.format = Some(SchemaFormat::KnownFormat(KnownFormat::Date)),
            name if is_text && schema.format.is_none() && schema.pattern.is_none() => {
                schema.max_length = parameters::most_chars(name);
            }
            _ => {}
        }
    }
}

/// A text of which the example is a month is one.
fn bound_months(schema: &mut RefOr<Schema>) {
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) => {
            let example = object.example.as_ref().and_then(Value::as_str);
            if example.is_some_and(|text| text.len() == 7 && text.parse::<Period>().is_ok()) {
                object.pattern = Some(MONTH.to_owned());
            }
            object.properties.values_mut().for_each(bound_months);
        }
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                bound_months(items);
            }
        }
        Schema::AllOf(all) => all.items.iter_mut().for_each(bound_months),
        _ => {}
    }
}

/// A file is a text, or bytes where it is none, and no list of numbers.
fn for_bytes(operation: &mut Operation) {
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        body.content.iter_mut().for_each(|(kind, content)| bytes(kind, content));
    }
    for response in operation.responses.responses.values_mut() {
        let RefOr::T(response) = response else { continue };
        response.content.iter_mut().for_each(|(kind, content)| bytes(kind, content));
    }
}

fn bytes(kind: &str, content: &mut RefOr<Content>) {
    let RefOr::T(content) = content else { return };
    if !kind.ends_with("json") && matches!(content.schema, Some(RefOr::T(Schema::Array(_)))) {
        let binary =
            Some(SchemaFormat::KnownFormat(KnownFormat::Binary)).filter(|_| !kind.starts_with("text/"));
        content.schema = Some(ObjectBuilder::new().schema_type(Type::String).format(binary).build().into());
    }
}

/// Schemas by their names.
pub(super) type Known = BTreeMap<String, RefOr<Schema>>;

/// Replaces objects that are all of several closed ones, which nothing could ever be, by one that has the fields of all.
fn close(schema: &mut RefOr<Schema>, known: &Known) {
    let RefOr::T(inner) = schema else { return };
    match inner {
        Schema::Object(object) => object.properties.values_mut().for_each(|field| close(field, known)),
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                close(items, known);
            }
        }
        Schema::AllOf(all) => {
            if let Some(object) = merged(all, known).filter(is_closed) {
                *inner = Schema::Object(object);
            }
        }
        _ => {}
    }
}

fn is_closed(object: &Object) -> bool {
    matches!(object.additional_properties.as_deref(), Some(AdditionalProperties::FreeForm(false)))
}

/// The fields of all parts; of two of the same name the later one's. Nothing where a part is no object.
fn merged(all: &AllOf, known: &Known) -> Option<Object> {
    let mut whole = ObjectBuilder::new().schema_type(Type::Object).build();
    whole.description.clone_from(&all.description);
    for part in &all.items {
        let part = match part {
            RefOr::T(part) => part,
            RefOr::Ref(reference) => {
                let name = reference.ref_location.rsplit('/').next()?;
                let RefOr::T(part) = known.get(name)? else { return None };
                part
            }
        };
        let part = match part {
            Schema::Object(object) => object.clone(),
            Schema::AllOf(parts) => merged(parts, known)?,
            _ => return None,
        };
        if is_closed(&part) {
            whole.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
        }
        for name in part.required {
            if !whole.required.contains(&name) {
                whole.required.push(name);
            }
        }
        whole.properties.extend(part.properties);
    }
    Some(whole)
}
