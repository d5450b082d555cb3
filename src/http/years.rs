//! Years from 0001 to 9999: what PostgreSQL, the calendar and a sheet of paper can all write. What JSON or a query says
//! of others is refused before anybody counts with it.

use serde_json::Value;

use crate::said::Said;

/// What is said of others.
pub(super) const EXPECTED: Said =
    Said::fixed("年份应在 0001 到 9999 之间", "expected a year from 0001 to 9999");

/// Whether a text is a day or a moment of a year that nobody means, such as `+10000-01-01` or `0000-12-31T00:00:00Z`.
pub(super) fn is_impossible_day(text: &str) -> bool {
    let (sign, rest) = match text.strip_prefix(['+', '-']) {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut parts = rest.splitn(3, '-');
    let (Some(year), Some(month), Some(day)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let day = day.split(['T', ' ']).next().unwrap_or_default();
    let is_day = [month, day].iter().all(|part| part.len() <= 2 && is_number(part)) && is_number(year);
    is_day && year.len() >= 4 && (sign || year.len() > 4 || year == "0000")
}

/// Whether something named `year` is out of range.
fn is_impossible_year(name: &str, value: &Value) -> bool {
    name == "year"
        && value.as_number().is_some_and(|year| {
            // Fractions and letters are for whoever reads the field.
            year.as_i64().map_or_else(|| year.as_u64().is_some(), |year| !(1..=9999).contains(&year))
        })
}

/// The path of what a JSON text says of an impossible year; texts without one are not looked into.
pub(super) fn impossible(json: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(json).ok()?;
    let is_suspect = text.contains("\"+")
        || text.contains("\"-")
        || text.contains("\"0000-")
        || text.match_indices('"').any(|(at, _)| begins_with_five_digits(text, at))
        || text.match_indices("\"year\"").any(|(at, name)| !has_four_digits(text, at + name.len()));
    if !is_suspect {
        return None;
    }
    find(&serde_json::from_slice(json).ok()?, &mut String::new())
}

fn begins_with_five_digits(text: &str, at: usize) -> bool {
    let digits = text.bytes().skip(at + 1).take_while(u8::is_ascii_digit).count();
    digits >= 5 && text.as_bytes().get(at + 1 + digits) == Some(&b'-')
}

fn has_four_digits(text: &str, at: usize) -> bool {
    let value = text.get(at..).unwrap_or_default().trim_start().trim_start_matches(':').trim_start();
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    digits == 4
        && !value.starts_with("0000")
        && !value.as_bytes().get(4).is_some_and(|byte| b".eE".contains(byte))
}

fn find(value: &Value, path: &mut String) -> Option<String> {
    let length = path.len();
    match value {
        Value::String(text) => is_impossible_day(text).then(|| path.clone()),
        Value::Array(items) => items.iter().enumerate().find_map(|(at, item)| {
            path.truncate(length);
            path.push_str(&format!("[{at}]"));
            find(item, path)
        }),
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            path.truncate(length);
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(name);
            if is_impossible_year(name, value) { Some(path.clone()) } else { find(value, path) }
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_that_nobody_means_are_found_where_they_stand() {
        for (json, path) in [
            (r#"{"valid_from": "+10000-01-01"}"#, Some("valid_from")),
            (r#"{"rows": [{"day": "2014-05-01"}, {"day": "0000-05-01"}]}"#, Some("rows[1].day")),
            (r#"{"at": "-0001-05-01T00:00:00Z"}"#, Some("at")),
            (r#"{"at": "12345-05-01"}"#, Some("at")),
            (r#"{"year": 10000}"#, Some("year")),
            (r#"{"year": 0}"#, Some("year")),
            (r#"{"year" : -5}"#, Some("year")),
            (r#"{"plan": {"year": 99999999999}}"#, Some("plan.year")),
            (r#"{"year": 2014, "day": "2014-05-01", "name": "+86 138", "tel": "13800138000-1"}"#, None),
            (r#"{"year": "x", "note": "-", "code": "00000-1"}"#, None),
            (r#"{"day": "9999-12-31", "from": "0001-01-01"}"#, None),
        ] {
            assert_eq!(impossible(json.as_bytes()).as_deref(), path, "{json}");
        }
    }
}
