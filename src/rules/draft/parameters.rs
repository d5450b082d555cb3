//! The tunable numbers of a draft, set without touching a script: a form's way to edit rules.

use std::collections::BTreeMap;

use garde::Validate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use toml_edit::{DocumentMut, Formatted, Item, Value};
use utoipa::ToSchema;

use super::{Draft, files};
use crate::auth::Context;
use crate::decimal;
use crate::http::etag::Seen;
use crate::http::{Code, FieldError, Language, Problem};
use crate::ledger::metric::{Catalogue, nearest};
use crate::rules::bundle::{CATALOGUE_FILE, Files, SCHEME_FILE};
use crate::rules::finding::Finding;
use crate::rules::folder;
use crate::rules::scheme::{Parameter, SchemeFile};
use crate::said::{Said, say};

/// The parameters of one scheme.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SchemeParameters {
    /// The scheme's name.
    pub scheme: String,
    /// Its tunable numbers with label, range and step.
    pub parameters: Vec<Parameter>,
}

/// New values of some parameters.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ParameterPatch {
    /// Each with its new value; all are set, or none.
    #[garde(length(min = 1, max = 1000), dive)]
    #[schema(min_items = 1, max_items = 1000)]
    pub parameters: Vec<NewValue>,
}

/// A parameter and its new value.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ParameterValue)]
pub struct NewValue {
    /// The scheme's name.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(example = "sales_consultant", min_length = 1, max_length = 64)]
    pub scheme: String,
    /// The parameter's name.
    #[garde(length(chars, min = 1, max = 100))]
    #[schema(example = "attainment_floor", min_length = 1, max_length = 100)]
    pub name: String,
    /// The new value, within its range.
    #[garde(custom(crate::http::bounds::within(-1_000_000_000..=1_000_000_000)))]
    #[schema(value_type = f64, minimum = -1_000_000_000, maximum = 1_000_000_000)]
    pub value: Decimal,
}

/// The parameters of every scheme in a draft's files.
///
/// # Errors
///
/// `rules-broken` with what is wrong, where a file cannot be read: fix it first.
pub fn all(files: &Files, language: Language) -> Result<Vec<SchemeParameters>, Problem> {
    let broken = |findings: Vec<Finding>| folder::problem(&findings, language);
    let catalogue =
        text(files, CATALOGUE_FILE).and_then(|text| Catalogue::parse(text).ok()).ok_or_else(|| {
            Problem::conflict(say!(
                "草稿的 {CATALOGUE_FILE} 读不出来：请先改好",
                "the draft's {CATALOGUE_FILE} cannot be read: fix it first"
            ))
        })?;
    let schemes = files.keys().filter_map(|path| Some((path, scheme_of(path)?)));
    schemes
        .map(|(path, scheme)| {
            let text = text(files, path).unwrap_or_default();
            let file = SchemeFile::parse(path, text, &catalogue).map_err(broken)?;
            Ok(SchemeParameters { scheme: scheme.to_owned(), parameters: file.parameter })
        })
        .collect()
}

/// The files with new values; everything else in them, comments too, stays as it was written.
///
/// # Errors
///
/// Every field at fault: a scheme or parameter that there is not, a value outside its range.
pub fn set(files: &Files, values: &[NewValue], language: Language) -> Result<Files, Problem> {
    let schemes = all(files, language)?;
    let faults = values.iter().enumerate().filter_map(|(index, value)| {
        let is_same = |other: &&NewValue| other.scheme == value.scheme && other.name == value.name;
        let twice = values.iter().take(index).find(is_same);
        let twice = twice.map(|_| ("name", say!("写了两次", "it is set twice")));
        let (field, message) = twice.or_else(|| fault(&schemes, value))?;
        Some(FieldError::new(format!("parameters[{index}].{field}"), message))
    });
    let faults = faults.collect::<Vec<_>>();
    if !faults.is_empty() {
        return Err(Problem::fields(faults));
    }
    let mut files = files.clone();
    let is_new = |value: &&NewValue| {
        let scheme = schemes.iter().find(|scheme| scheme.scheme == value.scheme);
        let known = scheme.and_then(|scheme| scheme.parameters.iter().find(|one| one.name == value.name));
        known.is_none_or(|known| known.value != value.value)
    };
    for value in values.iter().filter(is_new) {
        let path = format!("{}/{SCHEME_FILE}", value.scheme);
        let text = text(&files, &path).unwrap_or_default();
        let is_marked = files.get(&path).is_some_and(|bytes| bytes.starts_with(b"\xef\xbb\xbf"));
        let edited = with_value(text, &value.name, value.value).ok_or_else(|| {
            Problem::conflict(say!(
                "{path} 的写法只能由人来改：请直接在文件里改",
                "{path} is laid out in a way that only a person can edit: change the value in the file itself"
            ))
        })?;
        let edited = if is_marked { format!("\u{feff}{edited}") } else { edited };
        files.insert(path, edited.into_bytes());
    }
    Ok(files)
}

/// The parameters of a draft, with the draft.
pub async fn of_draft(cx: &mut Context, draft_id: i64) -> Result<(Draft, Vec<SchemeParameters>), Problem> {
    let (draft, files) = super::read(cx, draft_id).await?;
    Ok((draft, all(&files, cx.language)?))
}

/// Sets parameters of a draft: all of them, or none.
pub async fn change(
    cx: &mut Context,
    draft_id: i64,
    values: &[NewValue],
    seen: Seen,
) -> Result<Draft, Problem> {
    // Read before the draft is taken: who changes it in between changes its version too, and is not overwritten.
    loop {
        let (before, files) = super::read(cx, draft_id).await?;
        seen.check(before.version)?;
        let changed =
            files::replace(cx, draft_id, &set(&files, values, cx.language)?, Seen::Version(before.version))
                .await;
        match (changed, seen) {
            // Whoever takes whichever version is there takes the next one, too.
            (Err(problem), Seen::Any) if problem.code == Code::PreconditionFailed => {}
            (changed, _) => return changed,
        }
    }
}

fn text<'a>(files: &'a Files, path: &str) -> Option<&'a str> {
    let text = std::str::from_utf8(files.get(path)?).ok()?;
    Some(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The scheme whose `scheme.toml` stands at `path`.
fn scheme_of(path: &str) -> Option<&str> {
    path.strip_suffix(SCHEME_FILE)?.strip_suffix('/')
}

fn fault(schemes: &[SchemeParameters], value: &NewValue) -> Option<(&'static str, Said)> {
    let near = |name: &str, known: Vec<&str>| {
        nearest(name, known.into_iter())
            .map(|near| (format!("；是不是“{near}”？"), format!("; did you mean '{near}'?")))
            .unwrap_or_default()
    };
    let Some(scheme) = schemes.iter().find(|scheme| scheme.scheme == value.scheme) else {
        let (zh, en) = near(&value.scheme, schemes.iter().map(|scheme| scheme.scheme.as_str()).collect());
        let message = say!("没有考核方案“{}”{zh}", "there is no scheme '{}'{en}", value.scheme);
        return Some(("scheme", message));
    };
    let Some(parameter) = scheme.parameters.iter().find(|parameter| parameter.name == value.name) else {
        let (zh, en) = near(&value.name, scheme.parameters.iter().map(|one| one.name.as_str()).collect());
        let message = say!("方案没有参数“{}”{zh}", "the scheme has no parameter '{}'{en}", value.name);
        return Some(("name", message));
    };
    if (parameter.min..=parameter.max).contains(&value.value) {
        return None;
    }
    let [value, min, max] = [value.value, parameter.min, parameter.max].map(decimal::plain);
    Some(("value", say!("{value} 不在 {min} 到 {max} 之间", "{value} is outside its range {min} to {max}")))
}

/// The values of the parameters in the text of a `scheme.toml`; none where it cannot be read.
pub(super) fn values(text: &str) -> Option<BTreeMap<String, Decimal>> {
    let document: DocumentMut = text.parse().ok()?;
    let mut values = BTreeMap::new();
    let mut add = |name: Option<&str>, value: Option<&Value>| -> Option<()> {
        let number = match value? {
            Value::Integer(number) => Decimal::from(*number.value()),
            Value::Float(number) => decimal::parse(number.display_repr().trim())?,
            Value::String(text) => decimal::parse(text.value())?,
            _ => return None,
        };
        values.insert(name?.to_owned(), number);
        Some(())
    };
    match document.get("parameter") {
        None => {}
        Some(Item::ArrayOfTables(tables)) => {
            for table in tables {
                let name = table.get("name").and_then(Item::as_str);
                add(name, table.get("value").and_then(Item::as_value))?;
            }
        }
        Some(Item::Value(Value::Array(array))) => {
            for table in array.iter().filter_map(Value::as_inline_table) {
                add(table.get("name").and_then(Value::as_str), table.get("value"))?;
            }
        }
        Some(_) => return None,
    }
    Some(values)
}

/// The text of a `scheme.toml` with another value of one parameter.
pub(super) fn with_value(text: &str, name: &str, number: Decimal) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    let parameters = document.get_mut("parameter")?;
    let slot = match parameters {
        Item::ArrayOfTables(tables) => tables
            .iter_mut()
            .find(|table| table.get("name").and_then(Item::as_str) == Some(name))?
            .get_mut("value")?
            .as_value_mut()?,
        Item::Value(Value::Array(array)) => array
            .iter_mut()
            .filter_map(Value::as_inline_table_mut)
            .find(|table| table.get("name").and_then(Value::as_str) == Some(name))?
            .get_mut("value")?,
        _ => return None,
    };
    let plain = decimal::plain(number);
    // Longer numbers are exact only in quotes.
    let is_short = plain.bytes().filter(u8::is_ascii_digit).count() <= 15;
    let mut new: Value = if is_short { plain.parse().ok()? } else { Value::String(Formatted::new(plain)) };
    *new.decor_mut() = slot.decor().clone();
    *slot = new;
    let edited = document.to_string();
    // The editor of documents writes line ends as one character.
    let has_two = text.contains("\r\n") && !edited.contains("\r\n");
    Some(if has_two { edited.replace('\n', "\r\n") } else { edited })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::rules::bundle::Bundle;

    fn new_value(name: &str, value: &str) -> NewValue {
        NewValue {
            scheme: "sales_consultant".to_owned(),
            name: name.to_owned(),
            value: value.parse().unwrap(),
        }
    }

    #[test]
    fn one_number_changes_and_nothing_else() {
        let files = Bundle::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")).unwrap().files;
        let path = "sales_consultant/scheme.toml";
        let edited = set(&files, &[new_value("prospects_goal", "65")], Language::English).unwrap();
        let expected = text(&files, path).unwrap().replace("value = 60\n", "value = 65\n");
        assert_eq!(text(&edited, path).unwrap(), expected);
        assert_ne!(edited, files);
        // What is not changed stays as it is spelt: line ends, a byte-order mark, 0.60.
        let windows = format!("\u{feff}{}", text(&files, path).unwrap().replace('\n', "\r\n"));
        let mut foreign = files.clone();
        foreign.insert(path.to_owned(), windows.clone().into_bytes());
        let edited = set(
            &foreign,
            &[new_value("prospects_goal", "65"), new_value("attainment_floor", "0.6")],
            Language::English,
        )
        .unwrap();
        let expected = windows.replace("value = 60\r\n", "value = 65\r\n");
        assert_eq!(String::from_utf8_lossy(&edited[path]), expected);
        let long =
            set(&files, &[new_value("capture_full", "0.8612345678901234567")], Language::English).unwrap();
        let parameters = all(&long, Language::English).unwrap();
        let found =
            parameters.iter().flat_map(|scheme| &scheme.parameters).find(|one| one.name == "capture_full");
        assert_eq!(found.unwrap().value, "0.8612345678901234567".parse().unwrap());
    }

    #[test]
    fn every_field_at_fault_is_named_and_nothing_is_set() {
        let files = Bundle::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")).unwrap().files;
        let mut elsewhere = new_value("prospects_goal", "65");
        elsewhere.scheme = "sales_consultent".to_owned();
        let values = [
            new_value("prospects_goal", "65"),
            new_value("prospect_goal", "65"),
            new_value("bonus_cap", "6"),
            elsewhere,
        ];
        let faults = set(&files, &values, Language::English).unwrap_err().errors;
        let fields = faults.iter().map(|fault| fault.field.as_str()).collect::<Vec<_>>();
        assert_eq!(fields, ["parameters[1].name", "parameters[2].value", "parameters[3].scheme"]);
        assert!(
            faults.iter().any(|fault| fault.message.to_string().contains("did you mean 'prospects_goal'?"))
        );
    }
}
