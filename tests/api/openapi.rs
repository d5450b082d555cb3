//! The OpenAPI document: true to the code, and whole.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use showfloor::server;

fn document() -> Value {
    serde_json::to_value(server::openapi()).unwrap()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Method, path and operation of every operation, in the document's order.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter().filter(|(key, _)| *key != "parameters");
        methods.map(move |(method, operation)| (method.as_str(), path.as_str(), operation))
    });
    of_path.collect()
}

fn source_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        match entry.path() {
            path if path.is_dir() => source_files(&path, files),
            path if path.extension().is_some_and(|extension| extension == "rs") => files.push(path),
            _ => {}
        }
    }
}

#[test]
fn the_committed_document_is_the_generated_one() {
    let path = root().join("openapi/openapi.json");
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let committed: Value = serde_json::from_str(&committed).unwrap_or_default();
    assert!(committed == document(), "openapi/openapi.json is not what the code says: run `make openapi`");
}

/// The names of the properties of a schema, one for each part that has it.
fn every_property(document: &Value, schema: &Value) -> Vec<String> {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return every_property(document, &document["components"]["schemas"][name]);
    }
    let own = schema["properties"].as_object().into_iter().flat_map(|own| own.keys().cloned());
    let parts = schema["allOf"].as_array().into_iter().flatten();
    own.chain(parts.flat_map(|part| every_property(document, part))).collect()
}

#[test]
fn no_property_comes_from_two_parts_of_a_schema() {
    let document = document();
    let mut twice = Vec::new();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let mut seen = BTreeSet::new();
        let all = every_property(&document, schema).into_iter();
        twice.extend(all.filter(|one| !seen.insert(one.clone())).map(|one| format!("{name}.{one}")));
    }
    assert!(twice.is_empty(), "{twice:?}");
}

#[test]
fn operations_are_named_like_their_handlers() {
    let document = document();
    let ids: Vec<_> = operations(&document)
        .iter()
        .map(|(.., operation)| operation["operationId"].as_str().unwrap())
        .collect();
    let unique: BTreeSet<_> = ids.iter().copied().collect();
    assert_eq!(unique.len(), ids.len(), "two operations share an id");
    // Every handler that is registered, and no other.
    let server = std::fs::read_to_string(root().join("src/server.rs")).unwrap();
    let registered: BTreeSet<_> = server
        .lines()
        .filter_map(|line| line.trim().strip_prefix(".service(")?.split(')').next()?.split_once("::http::"))
        .map(|(_, handler)| handler)
        .collect();
    assert_eq!(unique, registered);
    // <verb>_<resource>
    assert!(ids.iter().all(|id| id.contains('_') && *id == id.to_lowercase()), "{ids:?}");
}

#[test]
fn operations_say_when_they_refuse() {
    const PUBLIC: [&str; 3] = ["create_session", "refresh_session", "delete_session"];
    let document = document();
    assert_eq!(document["security"], json!([{"bearer": []}]));
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
    for (method, path, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap();
        let what = format!("{method} {path}");
        let has = |status: &str| operation["responses"].get(status).is_some();
        match PUBLIC.contains(&id) {
            true => assert_eq!(operation["security"], json!([]), "{what}"),
            false => {
                assert!(operation.get("security").is_none(), "{what}");
                assert!(has("401") && has("403"), "{what}");
            }
        }
        assert!(
            operation["responses"].as_object().unwrap().keys().any(|status| status.starts_with('2')),
            "{what}"
        );
        assert!(operation["summary"].is_string() && operation["tags"][0].is_string(), "{what}");
        assert!(!path.contains("{id}") || has("404"), "{what} does not say that there may be none");
        let has_if_match = operation["parameters"]
            .as_array()
            .is_some_and(|parameters| parameters.iter().any(|parameter| parameter["name"] == "If-Match"));
        assert_eq!(has_if_match, has("412") && has("428"), "{what}");
        // Errors are problems.
        for (status, response) in operation["responses"].as_object().unwrap() {
            if status.starts_with(['4', '5']) {
                let content = response["content"].as_object().unwrap();
                let schema = content.values().next().unwrap()["schema"]["$ref"].as_str().unwrap();
                assert_eq!(schema, "#/components/schemas/ProblemBody", "{what} {status}");
                let kinds: Vec<_> = content.keys().collect();
                assert_eq!(kinds, ["application/problem+json"], "{what} {status}");
            }
        }
    }
}

/// The parameters of every registered handler, as its source has them, by the handler's name.
fn handlers() -> BTreeMap<String, String> {
    let mut files = Vec::new();
    source_files(&root().join("src"), &mut files);
    let mut found = BTreeMap::new();
    for path in files.iter().filter(|path| path.ends_with("http.rs")) {
        let text = std::fs::read_to_string(path).unwrap();
        for handler in text.split("pub async fn ").skip(1) {
            let (name, rest) = handler.split_once('(').unwrap();
            found.insert(name.to_owned(), rest.split(") ->").next().unwrap().to_owned());
        }
    }
    found
}

/// What the document says of an operation's parameters and errors is what its handler takes.
#[test]
fn operations_declare_what_their_handlers_read() {
    let (document, handlers) = (document(), handlers());
    for (method, path, operation) in operations(&document) {
        let takes = &handlers[operation["operationId"].as_str().unwrap()];
        let what = format!("{method} {path}");
        let parameters: Vec<_> = operation["parameters"].as_array().into_iter().flatten().collect();
        let named = |name: &str| parameters.iter().any(|parameter| parameter["name"] == name);
        let has_query = parameters.iter().any(|parameter| parameter["in"] == "query");
        assert_eq!(takes.contains("Seen"), named("If-Match"), "{what}: params(Seen)");
        assert_eq!(takes.contains(": Paged"), named("cursor") && named("limit"), "{what}: params(PageQuery)");
        assert_eq!(takes.contains(": Query<") || takes.contains(": Paged"), has_query, "{what}: its query");
        let has = |status: &str| operation["responses"].get(status).is_some();
        assert!(has("422"), "{what}");
        assert!(
            operation.get("requestBody").is_none() || ["400", "408", "413", "415"].map(has) == [true; 4],
            "{what}"
        );
    }
}

/// Every handler that reads a JSON body says which.
#[test]
fn every_json_body_has_a_schema() {
    let document = document();
    let mut described = 0;
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let body = &operation["requestBody"]["content"]["application/json"]["schema"];
            if let Some(reference) = body["$ref"].as_str() {
                assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
                described += 1;
            }
        }
    }
    let mut files = Vec::new();
    source_files(&root().join("src"), &mut files);
    let read = files.iter().map(|path| {
        let text = std::fs::read_to_string(path).unwrap();
        text.matches(": Body<").count() + text.matches(": Keyed<").count()
    });
    assert_eq!(described, read.sum::<usize>());
}

fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for reference in &found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    assert!(found.len() > 30);
}

/// A Rust type that has a schema: where it is, and the names of its fields in JSON; none for an enumeration.
#[derive(Debug)]
struct Type {
    name: String,
    file: String,
    fields: Option<BTreeSet<String>>,
    flattened: Vec<String>,
}

/// Reads the types that derive `ToSchema` out of a source file, line by line.
fn types(file: &str, text: &str, found: &mut BTreeMap<String, Vec<Type>>) {
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    // The macro `words!` derives it.
    for (at, head) in lines.iter().enumerate().filter(|(_, line)| line.starts_with("pub enum ")) {
        let Some((name, _)) = head["pub enum ".len()..].split_once(" in \"") else { continue };
        let attributes = lines[..at].iter().rev().take_while(|line| line.starts_with(['#', '/']));
        let renamed = attributes.into_iter().find_map(|line| line.strip_prefix("#[schema(as = "));
        let shown = renamed.and_then(|rest| rest.split(')').next()).unwrap_or(name).to_owned();
        let (name, file) = (name.to_owned(), file.to_owned());
        found.entry(shown).or_default().push(Type { name, file, fields: None, flattened: Vec::new() });
    }
    // So does `described!`, of what has no fields.
    for line in lines.iter().filter(|_| file.ends_with("http/bounds.rs")) {
        let Some((name, _)) = line.split_once(" = ").filter(|(name, _)| name.starts_with(char::is_uppercase))
        else {
            continue;
        };
        let (name, file, fields) = (name.to_owned(), file.to_owned(), Some(BTreeSet::new()));
        found.entry(name.clone()).or_default().push(Type { name, file, fields, flattened: Vec::new() });
    }
    let derives =
        |line: &&str| line.contains("ToSchema") && !line.starts_with("use ") && !line.starts_with("impl ");
    for (start, _) in lines.iter().enumerate().filter(|(_, line)| derives(line)) {
        let rest = lines[start..].iter().enumerate();
        let head =
            rest.map(|(offset, line)| (start + offset, *line)).find(|(_, line)| line.starts_with("pub "));
        let Some((at, head)) = head else { continue };
        let mut words = head.split([' ', '<', '(', '{']).skip(1);
        let (Some(kind), Some(name)) = (words.next(), words.next()) else { continue };
        if name.starts_with('$') {
            continue;
        }
        let renamed = lines[start..at].iter().find_map(|line| line.strip_prefix("#[schema(as = "));
        let shown = renamed.and_then(|rest| rest.split(')').next()).unwrap_or(name);
        let (name, file) = (name.to_owned(), file.to_owned());
        let mut kept = Type { name, file, fields: None, flattened: Vec::new() };
        if kind == "struct" {
            let (mut fields, mut attributes) = (BTreeSet::new(), String::new());
            let has_names = head.ends_with('{');
            for line in lines[at + 1..].iter().take_while(|line| has_names && **line != "}") {
                if line.starts_with("#[") {
                    attributes.push_str(line);
                }
                if line.starts_with(['#', '/']) {
                    continue;
                }
                let Some((field, of)) = line.strip_prefix("pub ").and_then(|line| line.split_once(": "))
                else {
                    attributes.clear();
                    continue;
                };
                let renamed = attributes.split("rename = \"").nth(1).and_then(|rest| rest.split('"').next());
                if attributes.contains("flatten") {
                    kept.flattened.push(of.trim_end_matches(',').to_owned());
                } else if !attributes.contains("serde(skip)") {
                    fields.insert(renamed.unwrap_or(field).to_owned());
                }
                attributes.clear();
            }
            kept.fields = Some(fields);
        }
        found.entry(shown.to_owned()).or_default().push(kept);
    }
}

/// The properties of a schema, those of the parts that it is put together from included.
fn properties(document: &Value, schema: &Value) -> BTreeSet<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        return properties(document, document.pointer(reference.trim_start_matches('#')).unwrap());
    }
    let own = schema["properties"].as_object().into_iter().flat_map(|fields| fields.keys().cloned());
    let parts = schema["allOf"].as_array().into_iter().flatten();
    own.chain(parts.flat_map(|part| properties(document, part))).collect()
}

#[test]
fn no_two_types_share_a_schema() {
    // Types of the same name would be merged silently.
    let mut files = Vec::new();
    source_files(&root().join("src"), &mut files);
    let mut known = BTreeMap::new();
    for path in files {
        let file = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        types(&file, &std::fs::read_to_string(&path).unwrap(), &mut known);
    }
    let document = document();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for (name, schema) in schemas {
        let plain = name.split('_').next().unwrap();
        let types = known.get(plain).unwrap_or_else(|| panic!("no Rust type is called {plain}"));
        let [kind] = types.as_slice() else { panic!("{name} is the name of several types: {types:?}") };
        let Some(fields) = &kind.fields else {
            assert!(schema["enum"].is_array() || schema["oneOf"].is_array(), "{name} is an enumeration");
            continue;
        };
        let mut expected = fields.clone();
        for flattened in &kind.flattened {
            // Of several types of that name, the one nearest to where it is used.
            let folder = |file: &str| file.rsplit_once('/').map(|(folder, _)| folder.to_owned());
            let mut of_that_name: Vec<_> =
                known.values().flatten().filter(|one| one.name == *flattened).collect();
            of_that_name.sort_by_key(|one| (one.file != kind.file, folder(&one.file) != folder(&kind.file)));
            expected.extend(of_that_name[0].fields.clone().unwrap());
        }
        assert_eq!(properties(&document, schema), expected, "{name} of {}", kind.file);
    }
    assert!(schemas.len() > 30);
}

/// Everywhere: schemas within schemas.
fn schemas<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(fields) => {
            found.push(value);
            fields.values().for_each(|value| schemas(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| schemas(value, found)),
        _ => {}
    }
}

/// An object that is all of several, of which one takes no other field, can never be.
#[test]
fn nothing_is_all_of_closed_objects() {
    let document = document();
    let mut found = Vec::new();
    schemas(&document["components"]["schemas"], &mut found);
    let closed = |part: &Value| {
        let part = match part["$ref"].as_str() {
            Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
            None => part,
        };
        part["additionalProperties"] == json!(false)
    };
    for schema in &found {
        let parts = schema["allOf"].as_array().into_iter().flatten();
        assert!(!parts.clone().any(closed) || parts.count() == 1, "{schema:#}");
    }
    let calendar = &document["components"]["schemas"]["WorkCalendar"];
    assert_eq!(calendar["additionalProperties"], json!(false));
    assert!(calendar["properties"]["open_days"].is_object() && calendar["properties"]["store"].is_object());
}

/// Words are written as they are sent, never as the program calls them.
#[test]
fn enumerations_are_what_is_sent() {
    let document = document();
    let mut found = Vec::new();
    schemas(&document, &mut found);
    let mut words = 0;
    for schema in found {
        for word in schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            assert_eq!(word, word.to_lowercase(), "{schema:#}");
            words += 1;
        }
    }
    assert!(words > 100, "{words}");
    assert_eq!(document["components"]["schemas"]["Position"]["enum"][0], "general_manager");
}

#[test]
fn parameters_are_bounded_and_answers_are_told() {
    let document = document();
    for (method, path, operation) in operations(&document) {
        let what = format!("{method} {path}");
        for status in ["422", "500", "503"] {
            assert!(operation["responses"].get(status).is_some(), "{what} {status}");
        }
        let takes_tag = |parameter: &Value| parameter["name"] == "If-Match";
        if operation["parameters"].as_array().is_some_and(|all| all.iter().any(takes_tag)) {
            assert!(operation["responses"].get("400").is_some(), "{what}: what is no entity tag is a 400");
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let schema = &parameter["schema"];
            let is_bounded = match parameter["name"].as_str().unwrap() {
                "year" => schema["minimum"] == json!(1900) && schema["maximum"] == json!(2999),
                "limit" | "top" => schema["minimum"] == json!(1) && schema["maximum"].is_number(),
                "period" | "cursor" => schema["pattern"].is_string(),
                "position" => schema.to_string().contains("Position"),
                _ => true,
            };
            assert!(is_bounded, "{what}: {parameter}");
        }
        let contents = [&operation["requestBody"]["content"], &operation["responses"]["200"]["content"]];
        for (kind, content) in contents.iter().filter_map(|content| content.as_object()).flatten() {
            let is_json = kind == "application/json" || kind.ends_with("+json");
            assert!(is_json || content["schema"]["type"] == "string", "{what} {kind}");
            let is_text = is_json && content["schema"]["type"] == "string";
            assert!(!is_text, "{what}: JSON that is sent is no text");
        }
    }
    let export = &document["paths"]["/v1/exports/{what}"]["get"]["responses"]["200"]["content"];
    let kinds = export.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(kinds, ["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "text/csv"]);
}

/// What stands in a field of what a schema describes, or in the first row of a list.
fn within<'a>(document: &'a Value, schema: &'a Value, name: &str) -> &'a Value {
    let within = |schema| within(document, schema, name);
    match schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        Some(known) => within(&document["components"]["schemas"][known]),
        None if name == "0" => &schema["items"],
        None => {
            let parts = schema["allOf"].as_array().into_iter().flatten().map(within);
            [&schema["properties"][name]]
                .into_iter()
                .chain(parts)
                .find(|one| !one.is_null())
                .unwrap_or(&Value::Null)
        }
    }
}

#[test]
fn what_was_made_or_is_listed_can_be_given_to_the_operations_that_take_it() {
    let document = document();
    let operations = operations(&document);
    let kind = |schema: &Value| match schema["$ref"].as_str() {
        Some(path) => document.pointer(path.trim_start_matches('#')).unwrap()["type"].clone(),
        None => schema["type"].clone(),
    };
    let mut linked = 0;
    for (_, path, operation) in &operations {
        let answers = ["200", "201", "202"].map(|status| &operation["responses"][status]);
        for (answer, (name, link)) in answers.into_iter().flat_map(|answer| {
            answer["links"].as_object().into_iter().flatten().map(move |link| (answer, link))
        }) {
            linked += 1;
            let (_, target, taking) =
                operations.iter().find(|(.., one)| one["operationId"] == *name).unwrap();
            let given = link["parameters"].as_object().unwrap();
            assert_eq!(link["operationId"], **name, "{path}");
            assert_eq!(given.len(), target.matches('{').count(), "{path} {link}");
            for (name, place) in given {
                let place = place.as_str().unwrap();
                if let Some(asked) = place.strip_prefix("$request.path.") {
                    assert!(asked == name && path.contains(&format!("{{{name}}}")), "{path} {link}");
                    continue;
                }
                let place = place.strip_prefix("$response.body#/").unwrap();
                let body = &answer["content"]["application/json"]["schema"];
                let found = place.split('/').fold(body, |schema, name| within(&document, schema, name));
                let taken = taking["parameters"].as_array().unwrap();
                let taken = taken.iter().find(|one| one["in"] == "path" && one["name"] == **name).unwrap();
                assert_eq!(kind(found), kind(&taken["schema"]), "{path} {name} {link}");
            }
        }
    }
    assert!(linked > 300, "{linked}");
    let link = |path: &str, status: &str, name: &str| {
        let links =
            &document["paths"][path][if status == "200" { "get" } else { "post" }]["responses"][status];
        links["links"][name]["parameters"].clone()
    };
    assert_eq!(link("/v1/plans", "201", "submit_plan"), json!({"id": "$response.body#/id"}));
    assert_eq!(link("/v1/reviews", "200", "get_review"), json!({"id": "$response.body#/items/0/id"}));
    // The key itself is not what it is known by.
    assert_eq!(link("/v1/users/{id}/api-keys", "201", "delete_api_key"), json!(null));
    let key = json!({"id": "$request.path.id", "key": "$response.body#/items/0/id"});
    assert_eq!(link("/v1/users/{id}/api-keys", "200", "delete_api_key"), key);
    let proposal = json!({"id": "$response.body#/items/0/id"});
    assert_eq!(link("/v1/plans/{id}/proposals", "200", "accept_plan_proposal"), proposal);
}
