//! How long, how large and how many: the document says it of everything in a body, and the program refuses what is beyond.

use std::collections::BTreeSet;

use serde_json::{Map, Number, Value, json};
use showfloor::server;

use crate::demonstration::lived;
use crate::examples::{send, table};

/// Longest text and list that are sent; what takes more of it is tried nowhere.
const MOST_SENT: u64 = 10_001;
/// Largest file of which one that is too large is sent.
const MOST_BYTES: u64 = 5 * 1024 * 1024;

const JSON: &str = "application/json";
const FILE: &str = "application/octet-stream";

/// A schema of the document behind its references, and its name where it has one.
fn behind<'a>(document: &'a Value, schema: &'a Value) -> (&'a Value, Option<&'a str>) {
    match schema["$ref"].as_str().map(|reference| reference.rsplit('/').next().unwrap()) {
        Some(name) => (&document["components"]["schemas"][name], Some(name)),
        None => (schema, None),
    }
}

fn is(schema: &Value, kind: &str) -> bool {
    let kinds = &schema["type"];
    kinds == kind || kinds.as_array().is_some_and(|kinds| kinds.contains(&json!(kind)))
}

/// Notes what has no bounds in a schema and in what it is made of.
fn unbounded<'a>(
    document: &'a Value,
    schema: &'a Value,
    at: String,
    seen: &mut BTreeSet<&'a str>,
    open: &mut Vec<String>,
) {
    let (schema, name) = behind(document, schema);
    if name.is_some_and(|name| !seen.insert(name)) {
        return;
    }
    let at = name.map_or(at, str::to_owned);
    let says = |words: &[&str]| words.iter().any(|word| schema.get(word).is_some());
    let is_chosen = says(&["enum", "const"]);
    let is_open_text = is(schema, "string") && !says(&["maxLength", "pattern", "format"]);
    let least = says(&["minimum", "exclusiveMinimum"]);
    let is_open_number = (is(schema, "integer") || is(schema, "number")) && !(least && says(&["maximum"]));
    let is_open_list = is(schema, "array") && !says(&["maxItems"]);
    let is_open_map = schema["additionalProperties"].is_object() && !says(&["maxProperties"]);
    if !is_chosen && (is_open_text || is_open_number || is_open_list || is_open_map) {
        open.push(at.clone());
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        unbounded(document, field, format!("{at}.{name}"), seen, open);
    }
    for (within, end) in [("items", "[]"), ("additionalProperties", "{}")] {
        if schema[within].is_object() {
            unbounded(document, &schema[within], format!("{at}{end}"), seen, open);
        }
    }
    for part in
        ["oneOf", "anyOf", "allOf"].iter().flat_map(|word| schema[word].as_array().into_iter().flatten())
    {
        unbounded(document, part, at.clone(), seen, open);
    }
}

/// Id, method, path and operation of everything that takes a body of some kind.
fn bodies<'a>(
    document: &'a Value,
    kind: &str,
) -> impl Iterator<Item = (&'a str, &'a str, &'a str, &'a Value)> {
    let items = document["paths"].as_object().unwrap().iter();
    let operations = items.flat_map(|(path, item)| {
        let of_item = item.as_object().unwrap().iter();
        of_item.map(move |(method, operation)| (method.as_str(), path.as_str(), operation))
    });
    operations.filter_map(move |(method, path, operation)| {
        let body = &operation["requestBody"]["content"][kind];
        let id = operation["operationId"].as_str().unwrap();
        body.is_object().then_some((id, method, path, operation))
    })
}

fn schema_of(operation: &Value) -> &Value {
    &operation["requestBody"]["content"][JSON]["schema"]
}

/// How large a file may be that an operation takes.
fn most_bytes(operation: &Value) -> Option<u64> {
    operation["requestBody"]["content"][FILE]["schema"]["maxLength"].as_u64()
}

#[test]
fn everything_in_a_body_has_its_bounds() {
    let document = serde_json::to_value(server::openapi()).unwrap();
    let (mut seen, mut open) = (BTreeSet::new(), Vec::new());
    for (id, _, _, operation) in bodies(&document, JSON) {
        unbounded(&document, schema_of(operation), id.to_owned(), &mut seen, &mut open);
    }
    let files = bodies(&document, FILE);
    open.extend(files.filter(|file| most_bytes(file.3).is_none()).map(|(id, ..)| id.to_owned()));
    assert!(open.is_empty(), "{open:#?}");
}

/// Something that is right by a schema, as far as that can be told.
fn sample(document: &Value, schema: &Value, depth: u32) -> Value {
    let (schema, _) = behind(document, schema);
    for known in [&schema["example"], &schema["enum"][0], &schema["minimum"]] {
        if !known.is_null() {
            return known.clone();
        }
    }
    if depth > 6 {
        return Value::Null;
    }
    for part in
        ["oneOf", "anyOf", "allOf"].iter().flat_map(|word| schema[word].as_array().into_iter().flatten())
    {
        if !is(part, "null") {
            return sample(document, part, depth + 1);
        }
    }
    if is(schema, "object") {
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let fields =
            required.map(|name| (name.to_owned(), sample(document, &schema["properties"][name], depth + 1)));
        return Value::Object(fields.collect::<Map<_, _>>());
    }
    if is(schema, "array") {
        return json!([sample(document, &schema["items"], depth + 1)]);
    }
    if is(schema, "string") {
        return match schema["format"].as_str() {
            Some("date") => json!("2015-01-05"),
            Some("date-time") => json!("2015-01-05T08:00:00Z"),
            _ => json!("一"),
        };
    }
    if is(schema, "boolean") { json!(true) } else { json!(1) }
}

/// A value that is one further than a bound.
fn beyond(bound: &Value, by: i128) -> Value {
    match bound.to_string().parse::<i128>() {
        Ok(whole) => Value::Number((whole + by).to_string().parse::<Number>().unwrap()),
        Err(_) if by > 0 => json!(1_000_000),
        Err(_) => json!(-1_000_000),
    }
}

/// What a value is changed to that a schema does not allow: the place, as the program names it, and the whole value.
fn changes(document: &Value, schema: &Value, value: &Value, at: &str, depth: u32) -> Vec<(String, Value)> {
    let (schema, _) = behind(document, schema);
    let mut found = Vec::new();
    let mut wrong = |value: Value| found.push((at.to_owned(), value));
    let is_sent = |bound: &Value| bound.as_u64().filter(|bound| *bound < MOST_SENT);
    if let Some(most) = is_sent(&schema["maxLength"]) {
        wrong(json!("x".repeat(usize::try_from(most).unwrap() + 1)));
    }
    if schema["minLength"].as_u64().is_some_and(|least| least > 0) {
        wrong(json!(""));
    }
    if schema.get("pattern").is_some() {
        wrong(json!("§§"));
    }
    if schema.get("maximum").is_some() {
        wrong(beyond(&schema["maximum"], 1));
    }
    if schema.get("minimum").is_some() {
        wrong(beyond(&schema["minimum"], -1));
    }
    if schema.get("exclusiveMinimum").is_some() {
        wrong(schema["exclusiveMinimum"].clone());
    }
    let one = value.get(0).cloned().unwrap_or_else(|| sample(document, &schema["items"], 0));
    if let Some(most) = is_sent(&schema["maxItems"]) {
        wrong(Value::Array(vec![one.clone(); usize::try_from(most).unwrap() + 1]));
    }
    if let Some(least) = schema["minItems"].as_u64().filter(|least| *least > 0) {
        wrong(Value::Array(vec![one.clone(); usize::try_from(least).unwrap() - 1]));
    }
    if let Some(most) = is_sent(&schema["maxProperties"]) {
        let one = sample(document, &schema["additionalProperties"], 0);
        wrong((0..=most).map(|number| (format!("x{number}"), one.clone())).collect());
    }
    if schema["minProperties"].as_u64().is_some_and(|least| least > 0) {
        wrong(json!({}));
    }
    if depth > 6 {
        return found;
    }
    if is(schema, "array") {
        for (place, wrong) in changes(document, &schema["items"], &one, &format!("{at}[0]"), depth + 1) {
            let mut list = value.as_array().cloned().unwrap_or_default();
            if list.is_empty() {
                list.push(Value::Null);
            }
            list[0] = wrong;
            found.push((place, Value::Array(list)));
        }
    }
    let fields = schema["properties"].as_object().into_iter().flatten();
    let fields = fields.map(|(name, field)| (name.clone(), field)).collect::<Vec<_>>();
    let named = value.as_object().and_then(|map| map.keys().next().cloned());
    let of_map = named.filter(|_| schema["additionalProperties"].is_object());
    let of_map = of_map.map(|name| (name, &schema["additionalProperties"]));
    for (name, field) in fields.into_iter().chain(of_map) {
        let within = value.get(&name).filter(|within| !within.is_null()).cloned();
        let within = within.unwrap_or_else(|| sample(document, field, 0));
        let place = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
        for (place, wrong) in changes(document, field, &within, &place, depth + 1) {
            let mut object = value.as_object().cloned().unwrap_or_default();
            object.insert(name.clone(), wrong);
            found.push((place, Value::Object(object)));
        }
    }
    for part in
        ["oneOf", "anyOf", "allOf"].iter().flat_map(|word| schema[word].as_array().into_iter().flatten())
    {
        // Of several kinds the one that the example is of.
        let (kind, _) = behind(document, part);
        let keys = kind["properties"].as_object().into_iter().flatten().map(|(name, _)| name);
        let is_of = value.as_object().is_none_or(|value| keys.into_iter().any(|key| value.contains_key(key)));
        if is_of && !is(kind, "null") {
            found.extend(changes(document, part, value, at, depth + 1));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_beyond_the_bounds_of_a_body_is_refused_by_name() {
    let app = lived().await;
    let (document, table) = table();
    let (mut tried, mut wrong) = (0, Vec::new());
    for (id, method, path, operation) in bodies(&document, JSON) {
        let sent = &table[id];
        let example = &operation["requestBody"]["content"][JSON]["example"];
        for (whole, body) in changes(&document, schema_of(operation), example, "", 0) {
            tried += 1;
            let answer = send(&app, (method, path), operation, sent, |_| body).await;
            let fields = answer.body["errors"].as_array().into_iter().flatten();
            let mut fields = fields.filter_map(|error| error["field"].as_str());
            let is_named = fields.any(|field| whole.starts_with(field) || field.starts_with(&whole));
            if answer.status != 422 || !is_named {
                wrong.push(format!("{id} {whole}: {} {}", answer.status, answer.body));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {tried}: {}", wrong.len(), wrong.join("\n"));
    assert!(tried > 400, "{tried}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_too_large_is_refused() {
    let app = lived().await;
    let (document, table) = table();
    let mut tried = 0;
    for (id, method, path, operation) in bodies(&document, FILE) {
        let Some(most) = most_bytes(operation).filter(|most| *most <= MOST_BYTES) else { continue };
        tried += 1;
        let file = json!("#".repeat(usize::try_from(most).unwrap() + 1));
        let answer = send(&app, (method, path), operation, &table[id], |_| file).await;
        assert!([413, 422].contains(&answer.status.as_u16()), "{id}: {} {}", answer.status, answer.body);
    }
    assert!(tried > 2, "{tried}");
}
