//! What holds of every plan, in every line, tree and month: nothing is lost, nothing is negative, floor ≤ target ≤ stretch.

use reqwest::Method;
use serde_json::{Value, json};

use super::worked_example;
use crate::support::{Answer, TestApp};

/// The worked example with levels, a derived count, a derived amount and a line with a total of its own.
pub fn rich_example(year: i32) -> Value {
    let mut plan = worked_example(year);
    plan["levels"] = json!({"floor": 1500, "stretch": 1900});
    plan["lines"] = json!([
        {"metric": "insurance_policies", "penetration": 0.72},
        {"metric": "accessory_revenue", "penetration": 0.85, "value_per_unit": 250_000,
            "levels": {"floor": 300_000_000, "stretch": 400_000_000}},
        {"metric": "temporary_plates", "total": 1000, "levels": {"floor": 0}},
    ]);
    plan
}

/// A plan read once a line, every line checked, without what changes by being touched.
pub async fn checked(app: &TestApp, login: &str, id: &Value) -> Vec<Value> {
    let first = app.get(login, &format!("/v1/plans/{id}")).await.expect(200);
    let mut documents = Vec::new();
    for line in first["lines"].as_array().unwrap() {
        let path = format!("/v1/plans/{id}?metric={}", line["metric"].as_str().unwrap());
        let mut document = app.get(login, &path).await.expect(200);
        check(&document);
        document.as_object_mut().unwrap().remove("row_version");
        documents.push(document);
    }
    documents
}

/// Checks every node of a document against those below it.
pub fn check(document: &Value) {
    is_sound(document);
    for tree in ["units", "channels", "series"] {
        let children: Vec<&Value> = document[tree].as_array().unwrap().iter().collect();
        adds_up(document, &children);
    }
    for tree in ["channels", "series"] {
        document[tree].as_array().unwrap().iter().for_each(is_sound);
    }
    document["units"].as_array().unwrap().iter().for_each(check_unit);
}

fn check_unit(unit: &Value) {
    is_sound(unit);
    let below = |key: &str| unit[key].as_array().unwrap().iter();
    let children: Vec<&Value> = below("units").chain(below("members")).collect();
    adds_up(unit, &children);
    below("members").for_each(is_sound);
    below("units").for_each(check_unit);
}

/// The twelve numbers of a node, where it has them.
pub fn row(node: &Value, level: &str) -> Option<Vec<i64>> {
    let cells = node[level].as_array()?;
    assert_eq!(cells.len(), 12);
    Some(cells.iter().map(|cell| cell.as_i64().unwrap()).collect())
}

fn adds_up(parent: &Value, children: &[&Value]) {
    if children.is_empty() {
        return;
    }
    for level in ["months", "suggested", "floor", "stretch"] {
        let mut sums = vec![0; 12];
        for child in children {
            let child = row(child, level);
            assert_eq!(child.is_some(), row(parent, level).is_some(), "{level} of {parent:#}");
            for (sum, cell) in sums.iter_mut().zip(child.unwrap_or_default()) {
                *sum += cell;
            }
        }
        if let Some(months) = row(parent, level) {
            assert_eq!(sums, months, "{level} of {parent:#}");
        }
    }
}

fn is_sound(node: &Value) {
    let months = row(node, "months").unwrap();
    assert_eq!(node["year"].as_i64().unwrap(), months.iter().sum::<i64>(), "{node:#}");
    if let Some(quarters) = node["quarters"].as_array() {
        let sums: Vec<i64> = months.chunks(3).map(|months| months.iter().sum()).collect();
        assert_eq!(*quarters, sums.into_iter().map(Value::from).collect::<Vec<_>>());
    }
    let floor = row(node, "floor").unwrap_or_else(|| vec![0; 12]);
    let stretch = row(node, "stretch").unwrap_or_else(|| vec![i64::MAX; 12]);
    for (month, target) in months.iter().enumerate() {
        assert!(0 <= floor[month] && floor[month] <= *target && *target <= stretch[month], "{node:#}");
    }
    assert!(row(node, "suggested").unwrap().iter().all(|cell| *cell >= 0), "{node:#}");
}

/// Puts pins with `If-Match`.
pub async fn pin(app: &TestApp, login: &str, id: &Value, seen: &str, pins: Value) -> Answer {
    let path = format!("/v1/plans/{id}/pins");
    app.change(login, Method::PUT, &path, seen, Some(json!({ "pins": pins }))).await
}
