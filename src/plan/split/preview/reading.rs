//! Reading a question: a total, twelve weights and a tree, checked as a whole.

use std::collections::{BTreeMap, HashSet};

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::error::Category;

use super::MAX_LEVELS;
use crate::http::problem::FieldError;
use crate::plan::faults::fault;
use crate::plan::split::decompose::Node;
use crate::plan::split::weights::unsigned;

/// A question without a fault.
pub(super) struct Year {
    pub total: i64,
    pub month_weights: [u64; 12],
    pub root: Node<Label>,
}

/// What a node is called, and where it stands.
#[derive(Debug)]
pub(super) struct Label {
    pub name: String,
    /// Whether it came with a list of children, be it an empty one.
    pub has_list: bool,
    /// Path of the node; empty for the root.
    path: String,
}

impl Label {
    /// Path of one of the node's fields.
    pub(super) fn field(&self, name: &str) -> String {
        join(&self.path, name)
    }
}

// Beside a flattened map serde takes objects only, and not their values as a list in the order of these fields. The
// values are read as whatever they are, so that one of a wrong kind does not hide the faults behind it.

#[derive(Deserialize)]
#[serde(expecting = "an object with total, months and children")]
struct RawYear {
    total: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    months: Option<Vec<Value>>,
    #[serde(default, deserialize_with = "present")]
    children: Option<Vec<RawPart>>,
    #[serde(flatten)]
    unknown: BTreeMap<String, IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with name, weight and children")]
struct RawPart {
    name: Option<Value>,
    weight: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    children: Option<Vec<RawPart>>,
    #[serde(flatten)]
    unknown: BTreeMap<String, IgnoredAny>,
}

/// A list that may be left out, but not be null.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(list: D) -> Result<Option<Vec<T>>, D::Error> {
    Vec::deserialize(list).map(Some)
}

/// Reads a question, or says everything that is wrong with it.
pub(super) fn read(json: &[u8]) -> Result<Year, Vec<FieldError>> {
    let raw = parse(json).map_err(|fault| vec![fault])?;
    let mut reader = Reader::default();
    reader.refuse_unknown("", &raw.unknown, "total, months or children");
    let total = reader.whole("total".to_owned(), raw.total.as_ref());
    let month_weights = reader.month_weights(raw.months.as_deref().unwrap_or_default());
    let has_list = raw.children.is_some();
    let children = reader.parts("", raw.children.unwrap_or_default(), 2);
    let root =
        Node { key: Label { name: String::new(), has_list, path: String::new() }, weight: 1, children };
    match reader.faults.is_empty() {
        true => Ok(Year { total, month_weights, root }),
        false => Err(reader.faults),
    }
}

fn parse(json: &[u8]) -> Result<RawYear, FieldError> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let raw = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let field = error.path().to_string();
        let inner = error.into_inner();
        let text = inner.to_string();
        match inner.classify() {
            // The position says nothing beside the path.
            Category::Data => fault(field, text.split(" at line ").next().unwrap_or_default()),
            _ if text.starts_with("recursion limit") => too_deep("."),
            _ => fault(".", format!("expected JSON: {text}")),
        }
    })?;
    reader.end().map_err(|error| fault(".", format!("expected nothing after the object: {error}")))?;
    Ok(raw)
}

fn too_deep(field: impl Into<String>) -> FieldError {
    fault(field, format!("expected a tree of at most {MAX_LEVELS} levels"))
}

/// Collects what is wrong. Where something is, the value returned counts for nothing.
#[derive(Default)]
struct Reader {
    faults: Vec<FieldError>,
}

impl Reader {
    fn refuse(&mut self, field: String, message: impl Into<String>) {
        self.faults.push(fault(field, message));
    }

    fn refuse_unknown(&mut self, path: &str, unknown: &BTreeMap<String, IgnoredAny>, known: &str) {
        for name in unknown.keys() {
            self.refuse(join(path, name), format!("unknown, expected {known}"));
        }
    }

    fn whole(&mut self, field: String, value: Option<&Value>) -> i64 {
        let number = value.and_then(Value::as_i64).filter(|&number| number >= 0);
        number.unwrap_or_else(|| {
            self.refuse(
                field,
                format!("expected a whole number from 0 to {}, not {}", i64::MAX, kind(value)),
            );
            0
        })
    }

    fn month_weights(&mut self, given: &[Value]) -> [u64; 12] {
        let mut weights = [0; 12];
        if given.len() != weights.len() {
            self.refuse("months".to_owned(), format!("expected 12 weights, not {}", given.len()));
            return weights;
        }
        for (month, (weight, value)) in weights.iter_mut().zip(given).enumerate() {
            *weight = unsigned(self.whole(format!("months[{month}]"), Some(value)));
        }
        weights
    }

    /// The children of the node at `path`, who stand on `level`; the root's is 1.
    fn parts(&mut self, path: &str, raw: Vec<RawPart>, level: usize) -> Vec<Node<Label>> {
        if level > MAX_LEVELS && !raw.is_empty() {
            self.faults.push(too_deep(join(path, "children")));
            return Vec::new();
        }
        let mut parts: Vec<Node<Label>> = Vec::with_capacity(raw.len());
        for (index, part) in raw.into_iter().enumerate() {
            parts.push(self.part(join(path, &format!("children[{index}]")), part, level));
        }
        self.refuse_twins(&parts);
        parts
    }

    fn part(&mut self, path: String, raw: RawPart, level: usize) -> Node<Label> {
        self.refuse_unknown(&path, &raw.unknown, "name, weight or children");
        let name = match raw.name {
            Some(Value::String(name)) if !name.trim().is_empty() => name,
            other => {
                let given = other.filter(|value| !value.is_string());
                let given = given.map(|value| format!(", not {}", kind(Some(&value)))).unwrap_or_default();
                self.refuse(join(&path, "name"), format!("expected a name{given}"));
                String::new()
            }
        };
        let weight = unsigned(self.whole(join(&path, "weight"), raw.weight.as_ref()));
        let has_list = raw.children.is_some();
        let children = self.parts(&path, raw.children.unwrap_or_default(), level + 1);
        Node { key: Label { name, has_list, path }, weight, children }
    }

    fn refuse_twins(&mut self, siblings: &[Node<Label>]) {
        let mut names = HashSet::new();
        for Node { key, .. } in siblings {
            if !key.name.is_empty() && !names.insert(key.name.as_str()) {
                self.refuse(key.field("name"), format!("'{}' is listed twice", key.name));
            }
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// What was given instead, in a few words.
fn kind(value: Option<&Value>) -> String {
    match value {
        None => "nothing".to_owned(),
        // A number may have any length; nobody reads a sentence of a thousand digits.
        Some(Value::Number(number)) if number.as_str().len() <= 40 => number.to_string(),
        Some(Value::Number(_)) => "a longer one".to_owned(),
        Some(Value::Null) => "null".to_owned(),
        Some(Value::Bool(_)) => "true or false".to_owned(),
        Some(Value::String(_)) => "a text".to_owned(),
        Some(Value::Array(_)) => "a list".to_owned(),
        Some(Value::Object(_)) => "an object".to_owned(),
    }
}
