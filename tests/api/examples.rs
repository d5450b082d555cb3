//! The example of every operation of the document, `openapi/openapi.json`, is sent, as a reader would send it, to the demonstration in January 2015.
//! `examples.toml` says by whom, which ids are meant, and of those that the demonstration refuses why it does.

use std::collections::BTreeMap;
use std::path::Path;

use diesel::sql_types::Text;
use diesel_async::RunQueryDsl as _;
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;
use showfloor::db::sql;
use showfloor::server;

use crate::demonstration::lived;
use crate::support::{Answer, TestApp};

/// How an example is sent.
#[derive(Clone, Deserialize)]
pub struct Sent {
    /// The login; none: nobody signs in.
    by: Option<String>,
    /// Where an id, or what else the database has made, is found, by the name of the parameter or field.
    #[serde(default)]
    found: BTreeMap<String, String>,
    /// What it is answered, if it is refused.
    refused: Option<u16>,
    /// Why.
    because: Option<String>,
}

#[derive(diesel::QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    value: String,
}

/// What the database has; nothing there gives an id that nothing has.
async fn found(app: &TestApp, query: &str) -> String {
    let query = format!("SELECT coalesce(({query})::text, '999999') AS value");
    let found: Found = sql(&query).get_result(&mut *app.pool.get().await.unwrap()).await.unwrap();
    found.value
}

/// A value as it stands in an address.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The document, and how the example of each of its operations is sent.
pub fn table() -> (Value, BTreeMap<String, Sent>) {
    let read =
        |file: &str| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let document = serde_json::from_str(&read("openapi/openapi.json")).unwrap();
    (document, toml::from_str(&read("tests/api/examples.toml")).unwrap())
}

/// Sends the example of an operation, with what `change` makes of its body.
pub async fn send(
    app: &TestApp,
    (method, path): (&str, &str),
    operation: &Value,
    sent: &Sent,
    change: impl FnOnce(Value) -> Value,
) -> Answer {
    let mut path = path.to_owned();
    let mut query = form_urlencoded::Serializer::new(String::new());
    let mut sees_version = false;
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap();
        let value = match sent.found.get(name) {
            Some(place) => Some(found(app, place).await),
            None => parameter.get("example").map(text),
        };
        match (parameter["in"].as_str().unwrap(), value) {
            ("path", Some(value)) => {
                path = path.replace(&format!("{{{name}}}"), &value.replace('#', "%23"));
            }
            ("query", Some(value)) => {
                query.append_pair(name, &value);
            }
            ("header", _) => sees_version |= name == "If-Match",
            (place, None) => {
                let is_needed = parameter["required"] == true;
                assert!(!is_needed, "{method} {path}: the {place} parameter {name} has no example");
            }
            _ => {}
        }
    }
    let query = query.finish();
    let path = if query.is_empty() { path } else { format!("{path}?{query}") };
    let mut request = app.request(method.to_uppercase().parse::<Method>().unwrap(), &path);
    if sees_version {
        request = request.header("If-Match", "*");
    }
    if let Some(login) = &sent.by {
        request = request.bearer_auth(app.token(login).await);
    }
    if let Some((kind, content)) =
        operation["requestBody"]["content"].as_object().and_then(|all| all.iter().next())
    {
        let mut body =
            content.get("example").cloned().unwrap_or_else(|| panic!("{method} {path} has no example"));
        for (name, place) in &sent.found {
            if let Some(field) = body.get_mut(name) {
                let value = found(app, place).await;
                *field = if field.is_string() { value.into() } else { value.parse::<i64>().unwrap().into() };
            }
        }
        let body = change(body);
        let body = if kind == "application/json" { body.to_string() } else { text(&body) };
        request = request.header("Content-Type", kind).body(body);
    }
    Answer::of(request.send().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_of_the_document_is_answered_as_it_says() {
    let app = lived().await;
    let (document, mut table) = table();
    // In the order of the business, which JSON does not keep.
    let paths = server::openapi().paths.paths.keys();
    let operations =
        paths.flat_map(|path| ["get", "post", "put", "patch", "delete"].map(|method| (method, path.clone())));
    let operations = operations.filter_map(|(method, path)| {
        let operation = document["paths"][&path].get(method)?;
        Some((method, path, operation))
    });
    // What is taken away is taken away after everything else, what was made last first.
    let (removals, others): (Vec<_>, Vec<_>) = operations.partition(|(method, ..)| *method == "delete");
    let mut wrong = Vec::new();
    for (method, path, operation) in others.into_iter().chain(removals.into_iter().rev()) {
        let id = operation["operationId"].as_str().unwrap();
        let Some(sent) = table.remove(id) else {
            wrong.push(format!("{id} is not in examples.toml"));
            continue;
        };
        assert_eq!(sent.refused.is_some(), sent.because.is_some(), "{id}");
        // It would have no end.
        let method = if id == "stream_changes" { "head" } else { method };
        let answer = send(&app, (method, &path), operation, &sent, |body| body).await;
        let is_right = sent.refused.map_or(answer.status.is_success(), |status| answer.status == status);
        if !is_right {
            wrong.push(format!("{id} {method} {path}: {} {}", answer.status, answer.body));
        }
    }
    wrong.extend(table.into_keys().map(|id| format!("there is no operation {id}")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
