//! A line of the output, written as it is read: no value is made that serde would only take apart again.

use rust_decimal::Decimal;

use crate::decimal::text;
use crate::http::Language;
use crate::rules::bundle::{Rule, Scheme};
use crate::rules::said::said;
use crate::rules::scoring::{RuleResult, Scored};

/// What every line of a scheme has at the same places.
#[derive(Debug)]
pub struct Printer {
    /// For each rule, by place, what stands before its score, and between its score and its reasons.
    rules: Vec<(Vec<u8>, Vec<u8>)>,
    language: Language,
}

impl Printer {
    /// For lines of `scheme`, with their sentences in a language.
    pub fn new(scheme: &Scheme, language: Language) -> Self {
        let rules = scheme.rules.iter().enumerate().map(|(place, rule)| {
            let mut before = if place > 0 { b",".to_vec() } else { Vec::new() };
            push(&mut before, "{\"rule\":\"");
            push_escaped(&mut before, &rule.entry.id);
            push(&mut before, "\",\"score\":");
            let mut between = b",\"max\":".to_vec();
            text::write(&mut between, rule.entry.max);
            push(&mut between, ",\"reasons\":[");
            (before, between)
        });
        Self { rules: rules.collect(), language }
    }

    /// Begins the line of one person. Both texts are the person's as they stand in the input: no JSON in them.
    pub fn begin(&self, out: &mut Vec<u8>, employee_no: &str, period: &str) {
        push(out, "{\"employee_no\":\"");
        push_escaped(out, employee_no);
        push(out, "\",\"period\":\"");
        push(out, period);
        push(out, "\",\"items\":[");
    }

    /// Writes what the rule at this place of the scheme came to.
    pub fn item(&self, out: &mut Vec<u8>, place: usize, rule: &Rule, result: &RuleResult) {
        let Some((before, between)) = self.rules.get(place) else { return };
        out.extend_from_slice(before);
        push_number(out, result.score);
        out.extend_from_slice(between);
        for (place, step) in result.steps.iter().enumerate() {
            push(out, if place > 0 { ",\"" } else { "\"" });
            let begin = out.len();
            rule.write_reason(out, step, self.language);
            escape_from(out, begin);
            out.push(b'"');
        }
        if let Some(failure) = &result.failure {
            push(out, if result.steps.is_empty() { "\"" } else { ",\"" });
            push_escaped(out, &said(failure, self.language));
            out.push(b'"');
        }
        push(out, "]}");
    }

    /// Ends the line with what the rules come to together.
    pub fn end(&self, out: &mut Vec<u8>, scored: &Scored) {
        for (name, number) in [("bonus", scored.bonus), ("base", scored.base), ("total", scored.total)] {
            push(out, if name == "bonus" { "],\"" } else { ",\"" });
            push(out, name);
            push(out, "\":");
            push_number(out, number);
        }
        match &scored.grade {
            Some(grade) => {
                push(out, ",\"grade\":\"");
                push_escaped(out, grade);
                out.push(b'"');
            }
            None => push(out, ",\"grade\":null"),
        }
        push(out, ",\"final_grade\":\"");
        push_escaped(out, &scored.final_grade);
        push(out, "\",\"attention\":[");
        for (place, sentence) in scored.attention.iter().enumerate() {
            push(out, if place > 0 { ",\"" } else { "\"" });
            push_escaped(out, &said(sentence, self.language));
            out.push(b'"');
        }
        push(out, "]}\n");
    }
}

fn push_number(out: &mut Vec<u8>, number: Option<Decimal>) {
    match number {
        Some(number) => text::write(out, number),
        None => push(out, "null"),
    }
}

fn push(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

/// Writes a text as it stands within quotation marks in JSON.
fn push_escaped(out: &mut Vec<u8>, text: &str) {
    match is_plain(text.as_bytes()) {
        true => push(out, text),
        false => {
            // A text always has a JSON text.
            let quoted = serde_json::to_string(text).unwrap_or_default();
            push(out, quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default());
        }
    }
}

/// Turns what was written from `begin` on into what stands within quotation marks in JSON.
fn escape_from(out: &mut Vec<u8>, begin: usize) {
    let written = out.get(begin..).unwrap_or_default();
    if !is_plain(written) {
        let written = String::from_utf8_lossy(written).into_owned();
        out.truncate(begin);
        push_escaped(out, &written);
    }
}

/// Whether a text is the same in JSON. It is looked at to its end, several bytes at a time.
fn is_plain(text: &[u8]) -> bool {
    !text.iter().fold(false, |found, &byte| found | (byte < 0x20) | (byte == b'"') | (byte == b'\\'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_are_escaped_as_serde_escapes_them(text in any::<String>()) {
            let mut out = b"\"".to_vec();
            push_escaped(&mut out, &text);
            out.push(b'"');
            prop_assert_eq!(&out, &serde_json::to_vec(&text).unwrap());
            let mut again = format!("\"{text}").into_bytes();
            escape_from(&mut again, 1);
            again.push(b'"');
            prop_assert_eq!(again, out);
        }
    }
}
