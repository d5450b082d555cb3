//! What can be said of the values in a TOML file, whatever they are for: texts that cannot be kept, and numbers with more
//! digits than are.

use std::ops::Range;

use toml_edit::{Document, Item, Value};

use super::finding::{Finding, SourcePlace};
use super::storable::unstorable;
use crate::decimal;

/// Every value of a file that cannot be what it says. A file that is no TOML has none; that is another finding.
pub fn faults(file: &str, text: &str) -> Vec<Finding> {
    let Ok(document) = Document::parse(text) else { return Vec::new() };
    let mut values = Values { file, text, findings: Vec::new() };
    document.iter().for_each(|(_, item)| values.item(item));
    values.findings
}

struct Values<'a> {
    file: &'a str,
    text: &'a str,
    findings: Vec<Finding>,
}

impl Values<'_> {
    fn item(&mut self, item: &Item) {
        match item {
            Item::None => {}
            Item::Value(value) => self.value(value),
            Item::Table(table) => table.iter().for_each(|(_, item)| self.item(item)),
            Item::ArrayOfTables(tables) => {
                tables.iter().flat_map(|table| table.iter()).for_each(|(_, item)| self.item(item));
            }
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::String(text) => {
                if let Some(character) = unstorable(text.value()) {
                    let code = u32::from(character);
                    let message =
                        format!("the text has the character U+{code:04X}, which cannot be kept or shown");
                    self.add("bad-text", value.span(), message);
                }
            }
            // That it is no number at all is another finding.
            Value::Float(number) if !number.value().is_finite() => {}
            Value::Float(number) => {
                let written = value.span().and_then(|span| self.text.get(span)).unwrap_or_default();
                let plain = written.trim_start_matches('+').replace('_', "");
                // The shortest text that names the number that is read.
                let read = decimal::parse(&number.value().to_string());
                if read.is_none() || decimal::parse(&plain) != read {
                    let message = format!("{written} has more digits than are kept: it would be cut");
                    self.add("too-precise", value.span(), message);
                }
            }
            Value::Array(values) => values.iter().for_each(|value| self.value(value)),
            Value::InlineTable(table) => table.iter().for_each(|(_, value)| self.value(value)),
            Value::Integer(_) | Value::Boolean(_) | Value::Datetime(_) => {}
        }
    }

    fn add(&mut self, code: &'static str, span: Option<Range<usize>>, message: String) {
        let place = match span {
            Some(span) => SourcePlace::at_offset(self.file, self.text, span.start),
            None => SourcePlace::file(self.file),
        };
        let finding = Finding::error(code, place, self.text, message);
        let is_number = code == "too-precise";
        let suggestion = is_number.then(|| "write fewer digits, or the number in quotes".to_owned());
        self.findings.push(finding.suggesting(suggestion));
    }
}
