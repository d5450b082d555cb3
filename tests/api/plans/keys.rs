//! Every key of an answer comes once. Most readers of JSON take the last of two in silence.

use std::collections::HashSet;
use std::fmt;

use reqwest::Method;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::json;

use super::{draft, read};
use crate::support::TestApp;

/// JSON in which no object has a key twice.
struct Strict;

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Self;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut keys = HashSet::new();
        while let Some((key, Self)) = map.next_entry::<String, Self>()? {
            if let Some(key) = keys.replace(key) {
                return Err(A::Error::custom(format!("the key '{key}' comes twice")));
            }
        }
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_unit<E: Error>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }
}

#[test]
fn a_key_that_comes_twice_is_noticed() {
    for (text, fault) in [
        (r#"{"year": 2015, "months": [{"year": 1}, {"year": 2.5}], "note": null}"#, None),
        (r#"{"year": 2015, "months": [], "year": 1690}"#, Some("the key 'year' comes twice")),
        (r#"[{"a": [{"b": "1", "c": true, "b": -2}]}]"#, Some("the key 'b' comes twice")),
    ] {
        let error = serde_json::from_str::<Strict>(text).err().map(|error| error.to_string());
        let is_told = match (&error, fault) {
            (Some(error), Some(fault)) => error.contains(fault),
            (error, fault) => error.is_none() && fault.is_none(),
        };
        assert!(is_told, "{text}: {error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_key_of_a_plan_comes_once() {
    let app = TestApp::demo().await;
    let id = draft(&app, "manager", 2015).await["id"].clone();
    let pins = json!({"pins": [
        {"unit": "G2", "employee_no": "A05", "period": "2015-06", "value": 20},
        {"channel": "showroom", "period": "2015-07", "value": 60},
    ]});
    app.change("manager", Method::PUT, &format!("/v1/plans/{id}/pins"), "*", Some(pins)).await.expect(200);
    for path in [format!("/v1/plans/{id}"), "/v1/plans".to_owned(), format!("/v1/plans/{id}/targets")] {
        let request = app.request(Method::GET, &path).bearer_auth(app.token("manager").await);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let parsed = serde_json::from_str::<Strict>(&answer.text().await.unwrap());
        assert_eq!(parsed.err().map(|error| error.to_string()), None, "{path}");
    }
    // The heading's calendar year gives way to the sum of the months, as every node has it.
    let document = read(&app, &id).await;
    assert_eq!((&document["year"], &document["total"]), (&json!(1690), &json!(1690)));
}
