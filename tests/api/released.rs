//! The OpenAPI document beside the one of the last version, `openapi/released.json`: what a client relies on stays.
//!
//! A request may become wider and an answer may get more, never the other way round. What is broken on purpose stands in
//! [`ON_PURPOSE`] with its reason. When a version is released, `openapi/openapi.json` becomes `openapi/released.json` and that list
//! is emptied. Until the first release it is the document as it was last agreed.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// What is broken on purpose since the last version, as this test says it, and why.
const ON_PURPOSE: &[(&str, &str)] = &[(
    "GET /v1/dashboard/coefficients 200[] allOf[3] .known is of another type",
    "of how many people there is a coefficient tells, beside how many there are, that one or two are not rated: it is null where that is withheld",
)];

/// Which way a schema goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Sent by clients: what was taken is taken.
    In,
    /// Read by clients: what was there is there.
    Out,
}

/// What breaks clients of a document that is followed by another.
struct Breaks<'a> {
    before: &'a Value,
    after: &'a Value,
    found: BTreeSet<String>,
    /// Which pairs of schemas have been compared on the way: schemas may contain themselves.
    under: Vec<(String, String, Way)>,
}

fn breaks(before: &Value, after: &Value) -> Vec<String> {
    let mut breaks = Breaks { before, after, found: BTreeSet::new(), under: Vec::new() };
    for (path, item) in object(&before["paths"]) {
        for (method, operation) in object(item).filter(|(_, operation)| operation["operationId"].is_string())
        {
            let what = format!("{} {path}", method.to_uppercase());
            match &after["paths"][path][method] {
                Value::Null => breaks.say(&what, "is gone"),
                now => breaks.operation(&what, operation, now),
            }
        }
    }
    breaks.found.into_iter().collect()
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A schema itself, where it is a reference or just wraps another.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => resolved(document, document.pointer(reference.trim_start_matches('#')).unwrap()),
        None => schema,
    }
}

/// The types of a value, null among them.
fn types(schema: &Value) -> BTreeSet<String> {
    match &schema["type"] {
        Value::String(one) => [one.clone()].into(),
        Value::Array(several) => several.iter().map(|one| one.as_str().unwrap().to_owned()).collect(),
        _ => BTreeSet::new(),
    }
}

impl<'a> Breaks<'a> {
    fn say(&mut self, place: &str, what: &str) {
        self.found.insert(format!("{place} {what}"));
    }

    fn operation(&mut self, what: &str, before: &'a Value, after: &'a Value) {
        if before["operationId"] != after["operationId"] {
            self.say(what, "is called otherwise");
        }
        if before.get("security") != after.get("security") {
            self.say(what, "is signed in to otherwise");
        }
        self.parameters(what, before, after);
        let (body, now) = (&before["requestBody"], &after["requestBody"]);
        if body.is_null() && now["required"] == json!(true) {
            self.say(what, "wants a body");
        }
        if body["required"] != json!(true) && !body.is_null() && now["required"] == json!(true) {
            self.say(what, "cannot do without its body any more");
        }
        self.contents(&format!("{what} body"), &body["content"], &now["content"], Way::In);
        for (status, response) in object(&before["responses"]) {
            match &after["responses"][status] {
                Value::Null => self.say(what, &format!("answers no {status} any more")),
                now => self.contents(
                    &format!("{what} {status}"),
                    &response["content"],
                    &now["content"],
                    Way::Out,
                ),
            }
        }
    }

    fn parameters(&mut self, what: &str, before: &'a Value, after: &'a Value) {
        let is_same = |one: &Value, other: &Value| one["name"] == other["name"] && one["in"] == other["in"];
        for parameter in array(&before["parameters"]) {
            let place = format!("{what} {}", parameter["name"].as_str().unwrap());
            let Some(now) = array(&after["parameters"]).find(|now| is_same(now, parameter)) else {
                self.say(&place, "is gone");
                continue;
            };
            if parameter["required"] != json!(true) && now["required"] == json!(true) {
                self.say(&place, "is required now");
            }
            self.schema(&place, &parameter["schema"], &now["schema"], Way::In);
        }
        for now in array(&after["parameters"]).filter(|now| now["required"] == json!(true)) {
            if !array(&before["parameters"]).any(|parameter| is_same(parameter, now)) {
                self.say(&format!("{what} {}", now["name"].as_str().unwrap()), "is new and required");
            }
        }
    }

    fn contents(&mut self, place: &str, before: &'a Value, after: &'a Value, way: Way) {
        for (kind, content) in object(before) {
            match &after[kind] {
                Value::Null => self.say(place, &format!("is no {kind} any more")),
                now => self.schema(place, &content["schema"], &now["schema"], way),
            }
        }
    }

    fn schema(&mut self, place: &str, before: &'a Value, after: &'a Value, way: Way) {
        if let (Some(one), Some(other)) = (before["$ref"].as_str(), after["$ref"].as_str()) {
            let pair = (one.to_owned(), other.to_owned(), way);
            if self.under.contains(&pair) {
                return;
            }
            self.under.push(pair);
            let (one, other) = (resolved(self.before, before), resolved(self.after, after));
            self.schema(place, one, other, way);
            self.under.pop();
            return;
        }
        let (before, after) = (resolved(self.before, before), resolved(self.after, after));
        let (were, are) = (types(before), types(after));
        let fits = match way {
            // An integer is a number. What says no type takes any.
            Way::In => {
                let takes =
                    |kind: &String| are.contains(kind) || (kind == "integer" && are.contains("number"));
                are.is_empty() || were.iter().all(takes)
            }
            Way::Out => were.is_empty() || (!are.is_empty() && are.is_subset(&were)),
        };
        if !fits {
            self.say(place, "is of another type");
        }
        if way == Way::In
            && were.is_empty()
            && !are.is_empty()
            && before.get("oneOf").is_none()
            && before.get("anyOf").is_none()
            && before.get("allOf").is_none()
        {
            self.say(place, "is of a type now");
        }
        if before.get("format") != after.get("format") && (way == Way::Out || after.get("format").is_some()) {
            self.say(place, "is written otherwise");
        }
        self.words(place, before, after, way);
        if way == Way::In {
            self.bounds(place, before, after);
        }
        self.properties(place, before, after, way);
        self.schema_of_items(place, before, after, way);
        self.alternatives(place, before, after, way);
    }

    /// Words that may be sent stay; words that may be read may get more: clients take what they do not know.
    fn words(&mut self, place: &str, before: &Value, after: &Value, way: Way) {
        if way == Way::Out {
            return;
        }
        let now = array(&after["enum"]).collect::<Vec<_>>();
        if before.get("enum").is_none() && !now.is_empty() {
            self.say(place, "takes some words only now");
        }
        for word in array(&before["enum"]) {
            if !now.is_empty() && !now.contains(&word) {
                self.say(place, &format!("does not take {word} any more"));
            }
        }
    }

    fn bounds(&mut self, place: &str, before: &Value, after: &Value) {
        let bound = |schema: &Value, name: &str| schema[name].as_i64();
        let lower = ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"];
        let upper = ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"];
        for name in lower.into_iter().chain(upper) {
            let is_narrower = match (bound(before, name), bound(after, name)) {
                (_, None) => false,
                (None, Some(_)) => true,
                (Some(was), Some(is)) => {
                    if lower.contains(&name) {
                        is > was
                    } else {
                        is < was
                    }
                }
            };
            if is_narrower {
                self.say(place, &format!("has a narrower {name}"));
            }
        }
        let is_new = |name: &str| after.get(name).is_some_and(|now| Some(now) != before.get(name));
        if is_new("pattern") {
            self.say(place, "has another pattern");
        }
        if after["uniqueItems"] == json!(true) && before["uniqueItems"] != json!(true) {
            self.say(place, "takes nothing twice any more");
        }
        if is_new("multipleOf") {
            self.say(place, "takes only multiples now");
        }
        if after["additionalProperties"] == json!(false) && before["additionalProperties"] != json!(false) {
            self.say(place, "takes no other fields any more");
        }
    }

    fn properties(&mut self, place: &str, before: &'a Value, after: &'a Value, way: Way) {
        let requires = |schema: &Value, name: &str| array(&schema["required"]).any(|one| one == name);
        for (name, property) in object(&before["properties"]) {
            let place = format!("{place} .{name}");
            match after["properties"].get(name) {
                None => self.say(&place, "is gone"),
                Some(now) => {
                    if way == Way::In && requires(after, name) && !requires(before, name) {
                        self.say(&place, "is required now");
                    }
                    if way == Way::Out && requires(before, name) && !requires(after, name) {
                        self.say(&place, "may be left out now");
                    }
                    self.schema(&place, property, now, way);
                }
            }
        }
        for (name, _) in object(&after["properties"]) {
            if way == Way::In && requires(after, name) && before["properties"].get(name).is_none() {
                self.say(&format!("{place} .{name}"), "is new and required");
            }
        }
        if let (Some(one), Some(other)) =
            (before.get("additionalProperties"), after.get("additionalProperties"))
            && one.is_object()
            && other.is_object()
        {
            self.schema(&format!("{place} .*"), one, other, way);
        }
    }

    fn schema_of_items(&mut self, place: &str, before: &'a Value, after: &'a Value, way: Way) {
        if let (Some(one), Some(other)) = (before.get("items"), after.get("items")) {
            self.schema(&format!("{place}[]"), one, other, way);
        }
        let (parts, now) = (array(&before["prefixItems"]), array(&after["prefixItems"]));
        if way == Way::Out
            && before["prefixItems"].as_array().map(Vec::len) > after["prefixItems"].as_array().map(Vec::len)
        {
            self.say(place, "has fewer parts");
        }
        for (at, (one, other)) in parts.zip(now).enumerate() {
            self.schema(&format!("{place}[{at}]"), one, other, way);
        }
    }

    /// Alternatives are compared in their order, which is that of the program's variants.
    fn alternatives(&mut self, place: &str, before: &'a Value, after: &'a Value, way: Way) {
        for kind in ["oneOf", "anyOf", "allOf"] {
            let (one, other) =
                (array(&before[kind]).collect::<Vec<_>>(), array(&after[kind]).collect::<Vec<_>>());
            if one.is_empty() != other.is_empty() {
                self.say(place, &format!("is {kind} otherwise"));
                continue;
            }
            let is_fewer = one.len() > other.len() && (way == Way::In || kind == "allOf");
            let is_more = one.len() < other.len() && (way == Way::In && kind == "allOf");
            if is_fewer || is_more {
                self.say(place, &format!("is {kind} of another number"));
            }
            for (at, (one, other)) in one.into_iter().zip(other).enumerate() {
                self.schema(&format!("{place} {kind}[{at}]"), one, other, way);
            }
        }
    }
}

fn released() -> Value {
    serde_json::from_str(include_str!("../../openapi/released.json")).unwrap()
}

#[test]
fn nothing_that_clients_rely_on_has_been_broken() {
    let now = serde_json::to_value(showfloor::server::openapi()).unwrap();
    let found = breaks(&released(), &now);
    let known = ON_PURPOSE.iter().map(|(what, _)| (*what).to_owned()).collect::<Vec<_>>();
    let broken = found.iter().filter(|one| !known.contains(one)).collect::<Vec<_>>();
    assert!(
        broken.is_empty(),
        "this breaks clients of the last version; if it has to be, list it with its reason: {broken:#?}"
    );
    let mended = known.iter().filter(|one| !found.contains(one)).collect::<Vec<_>>();
    assert!(mended.is_empty(), "this is not broken any more: take it out of the list: {mended:#?}");
    assert!(ON_PURPOSE.iter().all(|(_, why)| !why.is_empty()));
}

/// A change of a document.
type Change = Box<dyn FnOnce(&mut Value)>;

/// What the test says when a document is changed in one place.
fn said(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let before = released();
    let mut after = before.clone();
    change(&mut after);
    assert_ne!(before, after, "the change has changed nothing");
    breaks(&before, &after)
}

#[test]
fn every_kind_of_break_is_found_and_what_is_added_is_none() {
    const FUNNEL: &str = "/paths/~1v1~1dashboard~1funnel/get";
    const METRICS: &str = "/paths/~1v1~1facts/post";
    let funnel = |rest: &str| format!("{FUNNEL}{rest}");
    let schema = |rest: &str| format!("/components/schemas/{rest}");
    let set = |path: String, value: Value| {
        move |document: &mut Value| *document.pointer_mut(&path).unwrap() = value
    };
    let remove = |path: String, name: &'static str| {
        move |document: &mut Value| {
            document.pointer_mut(&path).unwrap().as_object_mut().unwrap().remove(name).unwrap();
        }
    };
    let add = |path: String, name: &'static str, value: Value| {
        move |document: &mut Value| {
            document.pointer_mut(&path).unwrap().as_object_mut().unwrap().insert(name.to_owned(), value);
        }
    };
    let push = |path: String, value: Value| {
        move |document: &mut Value| document.pointer_mut(&path).unwrap().as_array_mut().unwrap().push(value)
    };
    let released = released();
    let parameters = released.pointer(&funnel("/parameters")).unwrap().as_array().unwrap();
    let months = parameters.iter().position(|one| one["name"] == "months").unwrap();
    let months = funnel(&format!("/parameters/{months}/schema"));
    let breaking: [(&str, Change); 16] = [
        ("is gone", Box::new(remove("/paths".to_owned(), "/v1/dashboard/funnel"))),
        ("is gone", Box::new(remove("/paths/~1v1~1dashboard~1funnel".to_owned(), "get"))),
        ("is called otherwise", Box::new(set(funnel("/operationId"), json!("read_funnel")))),
        ("is gone", Box::new(set(funnel("/parameters"), json!([])))),
        (
            "is new and required",
            Box::new(push(
                funnel("/parameters"),
                json!({"name": "store", "in": "query", "required": true, "schema": {"type": "string"}}),
            )),
        ),
        ("has a narrower maximum", Box::new(add(months.clone(), "maximum", json!(12)))),
        ("has a narrower minimum", Box::new(add(months.clone(), "minimum", json!(2)))),
        ("is of another type", Box::new(add(months, "type", json!("string")))),
        ("answers no 200 any more", Box::new(remove(funnel("/responses"), "200"))),
        ("is no text/csv any more", Box::new(remove(funnel("/responses/200/content"), "text/csv"))),
        ("is gone", Box::new(remove(schema("Distribution/properties"), "mean_total"))),
        (
            "is of another type",
            Box::new(set(schema("Distribution/properties/scheme/type"), json!("integer"))),
        ),
        ("may be left out now", Box::new(set(schema("Employee/required"), json!([])))),
        (
            "is new and required",
            Box::new(|document: &mut Value| {
                let body = document.pointer_mut("/components/schemas/FactCorrection").unwrap();
                body["properties"]["who"] = json!({"type": "string"});
                body["required"].as_array_mut().unwrap().push(json!("who"));
            }),
        ),
        (
            "does not take",
            Box::new(|document: &mut Value| {
                let words = document.pointer_mut("/components/schemas/Late/enum").unwrap();
                words.as_array_mut().unwrap().pop().unwrap();
            }),
        ),
        (
            "has another pattern",
            Box::new(|document: &mut Value| {
                let fields =
                    document.pointer_mut("/components/schemas/FactCorrection/properties/reason").unwrap();
                fields["pattern"] = json!("^[a-z]+$");
            }),
        ),
    ];
    for (at, (expected, change)) in breaking.into_iter().enumerate() {
        let found = said(change);
        assert!(
            !found.is_empty() && found.iter().all(|one| one.contains(expected)),
            "{at} {expected}: {found:#?}"
        );
    }
    let widening: [Change; 4] = [
        Box::new(add("/paths".to_owned(), "/v1/new", json!({"get": {"operationId": "get_new"}}))),
        Box::new(push(
            funnel("/parameters"),
            json!({"name": "store", "in": "query", "required": false, "schema": {}}),
        )),
        Box::new(add(schema("Distribution/properties"), "cars", json!({"type": "integer"}))),
        Box::new(add(format!("{METRICS}/responses"), "418", json!({"description": "No tea"}))),
    ];
    for (at, change) in widening.into_iter().enumerate() {
        assert_eq!(said(change), [""; 0], "{at}");
    }
}
