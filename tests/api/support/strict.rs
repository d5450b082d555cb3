//! JSON in which every key of an object comes once. Most readers take the last of two in silence.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Any JSON without a key that comes twice.
pub struct Strict;

/// Fails if a key comes twice in a text that is JSON.
#[track_caller]
pub fn check(text: &[u8]) {
    if let Err(error) = serde_json::from_slice::<Strict>(text) {
        panic!("{error}: {}", String::from_utf8_lossy(text));
    }
}

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
