//! Which columns of rows are answered, and in which order the rows come. Pure.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::form::Row;
use crate::decimal;
use crate::http::Problem;
use crate::said::say;

/// Columns and order of an answer.
#[derive(Debug)]
pub struct Shape {
    /// The columns of a table.
    columns: Vec<String>,
    /// Whether they were chosen; everything is answered else.
    is_chosen: bool,
    /// By which columns, and whether the largest come first.
    sort: Vec<(String, bool)>,
}

impl Shape {
    /// Everything that rows have, in their own order.
    pub fn whole<R: Row>() -> Self {
        Self { columns: R::columns(), is_chosen: false, sort: Vec::new() }
    }

    /// The columns and the order that are asked for. Objects that are `left_out` are no columns of this answer.
    ///
    /// # Errors
    ///
    /// `fields` or `sort` names what is no column.
    pub fn of<R: Row>(fields: Option<&str>, sort: Option<&str>, left_out: &[&str]) -> Result<Self, Problem> {
        let mut columns = R::columns();
        columns.retain(|column| !left_out.iter().any(|object| is_of(column, object)));
        let sort = sort.into_iter().flat_map(|sort| sort.split(',')).map(|name| {
            let (name, is_falling) = name.strip_prefix('-').map_or((name, false), |name| (name, true));
            let is_known = columns.iter().any(|column| column == name);
            is_known.then(|| (name.to_owned(), is_falling)).ok_or_else(|| unknown("sort", &columns))
        });
        let sort = sort.collect::<Result<Vec<_>, _>>()?;
        let Some(fields) = fields else { return Ok(Self { columns, is_chosen: false, sort }) };
        let mut chosen = Vec::new();
        for field in fields.split(',') {
            let of_field = columns.iter().filter(|column| is_of(column, field)).cloned().collect::<Vec<_>>();
            if of_field.is_empty() {
                return Err(unknown("fields", &columns));
            }
            chosen.extend(of_field.into_iter().filter(|column| !chosen.contains(column)).collect::<Vec<_>>());
        }
        Ok(Self { columns: chosen, is_chosen: true, sort })
    }

    /// The columns of a table.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Whether rows are answered as they are.
    pub fn is_plain(&self) -> bool {
        !self.is_chosen && self.sort.is_empty()
    }

    /// The rows in their order, with what was chosen of them.
    pub fn shaped(&self, mut rows: Vec<Value>) -> Vec<Value> {
        let compare = |one: &Value, other: &Value| {
            let by_column = self
                .sort
                .iter()
                .map(|(column, is_falling)| compare(cell(one, column), cell(other, column), *is_falling));
            by_column.fold(Ordering::Equal, Ordering::then)
        };
        rows.sort_by(compare);
        if self.is_chosen {
            rows.iter_mut().for_each(|row| *row = self.chosen(row));
        }
        rows
    }

    /// What was chosen of a row.
    fn chosen(&self, row: &Value) -> Value {
        let mut chosen = Map::new();
        for column in &self.columns {
            put(&mut chosen, column, cell(row, column).cloned().unwrap_or(Value::Null));
        }
        Value::Object(chosen)
    }
}

/// What a row has in a column.
pub fn cell<'a>(row: &'a Value, column: &str) -> Option<&'a Value> {
    column.split('.').try_fold(row, |value, name| value.get(name))
}

/// Whether a column is this one, or lies within it.
fn is_of(column: &str, field: &str) -> bool {
    column.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn put(object: &mut Map<String, Value>, column: &str, value: Value) {
    match column.split_once('.') {
        None => drop(object.insert(column.to_owned(), value)),
        Some((name, rest)) => {
            let within = object.entry(name).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(within) = within {
                put(within, rest, value);
            }
        }
    }
}

/// The order of two cells. What is null comes last, whichever way they are sorted.
fn compare(one: Option<&Value>, other: Option<&Value>, is_falling: bool) -> Ordering {
    let is_null = |value: Option<&Value>| value.is_none_or(Value::is_null);
    let order = match (one, other) {
        (Some(Value::Number(one)), Some(Value::Number(other))) => {
            decimal::parse(&one.to_string()).cmp(&decimal::parse(&other.to_string()))
        }
        (Some(Value::String(one)), Some(Value::String(other))) => one.cmp(other),
        (Some(Value::Bool(one)), Some(Value::Bool(other))) => one.cmp(other),
        _ => return is_null(one).cmp(&is_null(other)),
    };
    if is_falling { order.reverse() } else { order }
}

fn unknown(parameter: &str, columns: &[String]) -> Problem {
    let columns = columns.join(", ");
    Problem::field(
        parameter,
        say!("应为这些列，用逗号分开：{columns}", "expected columns, with commas between: {columns}"),
    )
}

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde_json::json;

    use super::*;

    #[derive(Serialize)]
    struct Car;

    impl Row for Car {
        fn columns() -> Vec<String> {
            ["name", "sold", "of.team", "of.store", "then.sold"].map(str::to_owned).into()
        }
    }

    fn rows() -> Vec<Value> {
        vec![
            json!({"name": "a", "sold": 9, "of": {"team": 1, "store": 2}}),
            json!({"name": "b", "sold": null, "of": {"team": 2, "store": 2}}),
            json!({"name": "c", "sold": 10, "of": {"team": 3, "store": 1}}),
        ]
    }

    fn names(sort: &str) -> String {
        let shape = Shape::of::<Car>(None, Some(sort), &[]).unwrap();
        shape.shaped(rows()).iter().filter_map(|row| row["name"].as_str()).collect()
    }

    #[test]
    fn numbers_are_sorted_as_numbers_and_null_is_last_both_ways() {
        assert_eq!([names("sold"), names("-sold"), names("of.store,-name")], ["acb", "cab", "cba"]);
    }

    #[test]
    fn columns_are_chosen_alone_or_with_all_of_an_object() {
        let chosen =
            |fields: &str| Shape::of::<Car>(Some(fields), None, &[]).unwrap().shaped(rows()).remove(0);
        assert_eq!(chosen("sold"), json!({"sold": 9}));
        assert_eq!(chosen("of.store,name"), json!({"of": {"store": 2}, "name": "a"}));
        assert_eq!(chosen("of"), json!({"of": {"team": 1, "store": 2}}));
        for wrong in ["", "sol", "of.", "sold,", "then"] {
            assert!(Shape::of::<Car>(Some(wrong), None, &["then"]).is_err(), "{wrong}");
        }
        assert!(Shape::of::<Car>(None, Some("of"), &[]).is_err());
        assert_eq!(Shape::of::<Car>(None, None, &["then"]).unwrap().columns().len(), 4);
    }
}
