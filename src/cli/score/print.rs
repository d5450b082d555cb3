//! A line of the output, written as it is read: no value is made that serde would only take apart again.

use rust_decimal::Decimal;

use crate::decimal::text;
use crate::http::Language;
use crate::rules::bundle::Scheme;
use crate::rules::scoring::Scored;

/// What every line of a scheme has at the same places.
#[derive(Debug)]
pub struct Printer {
    /// For each rule what stands before its score, and between its score and its reasons.
    rules: Vec<(String, String)>,
}

impl Printer {
    /// For lines of `scheme`.
    pub fn new(scheme: &Scheme) -> Self {
        let rules = scheme.rules.iter().map(|rule| {
            let mut before = "{\"rule\":\"".to_owned();
            push_escaped(&mut before, &rule.entry.id);
            before.push_str("\",\"score\":");
            let mut between = ",\"max\":".to_owned();
            text::write(&mut between, rule.entry.max);
            between.push_str(",\"reasons\":[");
            (before, between)
        });
        Self { rules: rules.collect() }
    }

    /// Writes the line of one person. Both texts are the person's as they stand in the input: no JSON in them.
    pub fn write(&self, out: &mut String, employee_no: &str, period: &str, scheme: &Scheme, scored: &Scored) {
        out.push_str("{\"employee_no\":\"");
        push_escaped(out, employee_no);
        out.push_str("\",\"period\":\"");
        out.push_str(period);
        out.push_str("\",\"items\":[");
        for (place, (result, (rule, (before, between)))) in
            scored.rules.iter().zip(scheme.rules.iter().zip(&self.rules)).enumerate()
        {
            if place > 0 {
                out.push(',');
            }
            out.push_str(before);
            push_number(out, result.score);
            out.push_str(between);
            for (place, step) in result.steps.iter().enumerate() {
                out.push_str(if place > 0 { ",\"" } else { "\"" });
                let begin = out.len();
                rule.write_reason(out, step, Language::Chinese);
                escape_from(out, begin);
                out.push('"');
            }
            if let Some(failure) = &result.failure {
                out.push_str(if result.steps.is_empty() { "\"" } else { ",\"" });
                push_escaped(out, failure);
                out.push('"');
            }
            out.push_str("]}");
        }
        for (name, number) in [("bonus", scored.bonus), ("base", scored.base), ("total", scored.total)] {
            out.push_str(if name == "bonus" { "],\"" } else { ",\"" });
            out.push_str(name);
            out.push_str("\":");
            push_number(out, number);
        }
        match &scored.grade {
            Some(grade) => {
                out.push_str(",\"grade\":\"");
                push_escaped(out, grade);
                out.push('"');
            }
            None => out.push_str(",\"grade\":null"),
        }
        out.push_str(",\"final_grade\":\"");
        push_escaped(out, &scored.final_grade);
        out.push_str("\",\"attention\":[");
        for (place, sentence) in scored.attention.iter().enumerate() {
            out.push_str(if place > 0 { ",\"" } else { "\"" });
            push_escaped(out, sentence);
            out.push('"');
        }
        out.push_str("]}\n");
    }
}

fn push_number(out: &mut String, number: Option<Decimal>) {
    match number {
        Some(number) => text::write(out, number),
        None => out.push_str("null"),
    }
}

/// Writes a text as it stands within quotation marks in JSON.
fn push_escaped(out: &mut String, text: &str) {
    match is_plain(text) {
        true => out.push_str(text),
        false => {
            // A text always has a JSON text.
            let quoted = serde_json::to_string(text).unwrap_or_default();
            out.push_str(quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default());
        }
    }
}

/// Turns what was written from `begin` on into what stands within quotation marks in JSON.
fn escape_from(out: &mut String, begin: usize) {
    let written = out.get(begin..).unwrap_or_default();
    if !is_plain(written) {
        let written = written.to_owned();
        out.truncate(begin);
        push_escaped(out, &written);
    }
}

/// Whether a text is the same in JSON. It is looked at to its end, several bytes at a time.
fn is_plain(text: &str) -> bool {
    !text.bytes().fold(false, |found, byte| found | (byte < 0x20) | (byte == b'"') | (byte == b'\\'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_are_escaped_as_serde_escapes_them(text in any::<String>()) {
            let mut out = "\"".to_owned();
            push_escaped(&mut out, &text);
            out.push('"');
            prop_assert_eq!(&out, &serde_json::to_string(&text).unwrap());
            let mut again = format!("\"{text}");
            escape_from(&mut again, 1);
            again.push('"');
            prop_assert_eq!(again, out);
        }
    }
}
