//! Facts delivered by other systems: many people's values of one month in one request, all or none.

use std::collections::{BTreeMap, HashMap, HashSet, hash_map};

use chrono::{DateTime, Utc};
use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use garde::Validate;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Number, json};
use utoipa::ToSchema;

use super::ledger::{self, Counts, Entry, Late, Origin};
use super::metric::Catalogue;
use crate::auth::access::{Action as _, EnterFacts, Role, may_enter};
use crate::auth::audit;
use crate::auth::caller::{Identity, Scope};
use crate::decimal;
use crate::http::problem::FieldError;
use crate::http::{Code, Problem};
use crate::period::Period;

/// Facts of one month from one system.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFacts {
    /// The month.
    #[garde(skip)]
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// Which system delivers them, for example `dms`.
    #[garde(length(chars, min = 1, max = 40))]
    #[schema(example = "dms")]
    pub source_system: String,
    /// One row a person.
    #[garde(length(max = 50_000), dive)]
    pub rows: Vec<NewFactRow>,
    /// Sources of the catalogue that are complete with this delivery for the stores of these people, even if they had
    /// nothing to say: `complaints` in a month without any.
    #[garde(skip)]
    #[serde(default)]
    #[schema(example = json!(["complaints"]))]
    pub complete_sources: Vec<String>,
}

/// One person's values.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFactRow {
    /// 工号.
    #[garde(length(chars, min = 1, max = 32))]
    #[schema(example = "A01")]
    pub employee_no: String,
    /// Metric and value; `null` is the same as leaving it out.
    #[garde(skip)]
    #[schema(value_type = BTreeMap<String, Option<f64>>, example = json!({"deliveries": 16, "accessory_revenue": 40000.5}))]
    pub facts: BTreeMap<String, Option<Number>>,
}

/// Records the facts of a request, or says everything that is wrong with it and records nothing.
pub async fn record(
    connection: &mut AsyncPgConnection,
    catalogue: &Catalogue,
    new: NewFacts,
    by: &Identity,
    now: DateTime<Utc>,
) -> Result<Counts, Problem> {
    let values = read(catalogue, &new)?;
    refuse_foreign_sources(catalogue, &new, &values, by)?;
    connection
        .transaction(async |connection| {
            ledger::lock_month(connection, new.period).await?;
            let (entries, completed) = address(connection, catalogue, &new, &values, by).await?;
            let mut deliveries = ledger::deliveries(catalogue, &entries);
            deliveries.extend(completed);
            let origin = Origin {
                source_system: new.source_system.clone(),
                batch_id: None,
                user_id: Some(by.user_id),
                at: now,
                reason: None,
            };
            let counts =
                ledger::record(connection, new.period, &entries, &origin, Late::Refuse).await?.counts;
            ledger::note_delivery(connection, new.period, &deliveries, &origin, Late::Refuse).await?;
            if counts.is_news() {
                let detail = json!({ "source_system": new.source_system, "counts": counts });
                let subject = format!("facts/{}", new.period);
                audit::record(connection, now, Some(by.user_id), "record_facts", &subject, detail).await?;
            }
            Ok(counts)
        })
        .await
}

/// A value of the request: which row it stands in, its metric and the number.
struct Value<'a> {
    row: usize,
    metric: &'a str,
    number: Decimal,
}

fn read<'a>(catalogue: &Catalogue, new: &'a NewFacts) -> Result<Vec<Value<'a>>, Problem> {
    let mut values = Vec::new();
    let mut errors = Vec::new();
    let mut seen = HashMap::new();
    for (row, fields) in new.rows.iter().enumerate() {
        if let Some(earlier) = seen.insert(fields.employee_no.as_str(), row) {
            errors.push(FieldError {
                field: format!("rows[{row}].employee_no"),
                message: format!("'{}' stands in rows[{earlier}] already", fields.employee_no),
            });
        }
        for (metric, number) in &fields.facts {
            let read = match number {
                None if catalogue.find(metric).is_some() => continue,
                None => catalogue.read(metric, Decimal::ZERO).map(|_| Decimal::ZERO),
                Some(number) => decimal::parse(number.as_str())
                    .ok_or_else(|| format!("{number} cannot be held exactly"))
                    .and_then(|value| catalogue.read(metric, value).map(|_| value)),
            };
            match read {
                Ok(number) => values.push(Value { row, metric, number }),
                Err(message) => {
                    errors.push(FieldError { field: format!("rows[{row}].facts.{metric}"), message })
                }
            }
        }
    }
    let known: HashSet<&str> =
        catalogue.listed().iter().filter_map(|metric| metric.source.as_deref()).collect();
    for (index, source) in new.complete_sources.iter().enumerate() {
        if !known.contains(source.as_str()) {
            errors.push(FieldError {
                field: format!("complete_sources[{index}]"),
                message: format!("'{source}' is no source of the catalogue"),
            });
        }
    }
    if !new.complete_sources.is_empty() && new.rows.is_empty() {
        let message = "name at least one person, whose store has delivered the source; facts may be empty";
        errors.push(FieldError { field: "rows".to_owned(), message: message.to_owned() });
    }
    if errors.is_empty() { Ok(values) } else { Err(Problem::fields(errors)) }
}

/// The source that brings a metric.
fn source_of<'a>(catalogue: &'a Catalogue, metric: &str) -> Option<&'a str> {
    catalogue.find(metric).and_then(|id| catalogue.get(id)).and_then(|metric| metric.source.as_deref())
}

/// The caller's roles that may enter a source.
fn entering_roles(by: &Identity, source: Option<&str>) -> Vec<Role> {
    let allowed = may_enter(source);
    by.roles.iter().copied().filter(|role| allowed.contains(role)).collect()
}

fn refuse_foreign_sources(
    catalogue: &Catalogue,
    new: &NewFacts,
    values: &[Value<'_>],
    by: &Identity,
) -> Result<(), Problem> {
    let of_values = values.iter().map(|value| {
        (format!("rows[{}].facts.{}", value.row, value.metric), source_of(catalogue, value.metric))
    });
    let of_sources = new.complete_sources.iter().enumerate();
    let of_sources =
        of_sources.map(|(index, source)| (format!("complete_sources[{index}]"), Some(source.as_str())));
    let errors = of_values
        .chain(of_sources)
        .filter(|(_, source)| entering_roles(by, *source).is_empty())
        .map(|(field, source)| FieldError {
            field,
            message: format!("your roles do not allow entering {}", source.unwrap_or("single events")),
        })
        .collect::<Vec<_>>();
    if errors.is_empty() {
        return Ok(());
    }
    let detail = "your roles do not allow entering some of these metrics";
    Err(Problem { code: Code::Forbidden, detail: detail.to_owned(), errors })
}

/// Finds the people of the rows: the entries, and whose store has completed which source. Somebody the caller does not
/// reach is as unknown as somebody who does not exist.
async fn address(
    connection: &mut AsyncPgConnection,
    catalogue: &Catalogue,
    new: &NewFacts,
    values: &[Value<'_>],
    by: &Identity,
) -> Result<(Vec<Entry>, Vec<(i64, String)>), Problem> {
    let employee_nos = new.rows.iter().map(|row| row.employee_no.clone()).collect::<Vec<_>>();
    let mut people = People { period: new.period, employee_nos: &employee_nos, by, reached: HashMap::new() };
    let mut entries = Vec::with_capacity(values.len());
    let mut completed = Vec::new();
    let mut errors = BTreeMap::new();
    for value in values {
        let Some(employee_no) = employee_nos.get(value.row) else { continue };
        let reached = people.reached(connection, source_of(catalogue, value.metric)).await?;
        match reached.get(employee_no) {
            Some(employee_id) => entries.push(Entry::total(*employee_id, value.metric, value.number)),
            None => {
                errors.insert(value.row, stranger(value.row, employee_no, new.period, value.metric));
            }
        }
    }
    for source in &new.complete_sources {
        let reached = people.reached(connection, Some(source)).await?;
        for (row, employee_no) in employee_nos.iter().enumerate() {
            match reached.get(employee_no) {
                Some(employee_id) => completed.push((*employee_id, source.clone())),
                None => {
                    errors.insert(row, stranger(row, employee_no, new.period, source));
                }
            }
        }
    }
    // A mistyped number is a fault even where nothing is said of the person.
    let silent = new.rows.iter().enumerate().filter(|(_, row)| row.facts.values().all(Option::is_none));
    for (index, row) in silent.filter(|_| new.complete_sources.is_empty()) {
        if !people.reached_by(connection, by.roles.clone()).await?.contains_key(&row.employee_no) {
            errors.insert(index, stranger(index, &row.employee_no, new.period, "facts"));
        }
    }
    if errors.is_empty() {
        Ok((entries, completed))
    } else {
        Err(Problem::fields(errors.into_values().collect()))
    }
}

fn stranger(row: usize, employee_no: &str, period: Period, what: &str) -> FieldError {
    FieldError {
        field: format!("rows[{row}].employee_no"),
        message: format!("there is no employee '{employee_no}' in {period} for whom you may enter {what}"),
    }
}

/// The people of a request, looked up once for each combination of roles: roles reach differently far with different
/// sources, and few combinations occur in one request.
struct People<'a> {
    period: Period,
    employee_nos: &'a [String],
    by: &'a Identity,
    reached: HashMap<Vec<Role>, HashMap<String, i64>>,
}

impl People<'_> {
    /// Those for whom the caller may enter a source, by 工号.
    async fn reached(
        &mut self,
        connection: &mut AsyncPgConnection,
        source: Option<&str>,
    ) -> Result<&HashMap<String, i64>, Problem> {
        self.reached_by(connection, entering_roles(self.by, source)).await
    }

    /// Those whom these roles reach when entering facts, by 工号.
    async fn reached_by(
        &mut self,
        connection: &mut AsyncPgConnection,
        roles: Vec<Role>,
    ) -> Result<&HashMap<String, i64>, Problem> {
        let missing = match self.reached.entry(roles) {
            hash_map::Entry::Occupied(found) => return Ok(found.into_mut()),
            hash_map::Entry::Vacant(missing) => missing,
        };
        let scope = Scope::of(self.by, |role| {
            let reach = EnterFacts::ALLOWED.iter().find(|(allowed, _)| *allowed == role);
            reach.filter(|_| missing.key().contains(&role)).map(|(_, reach)| *reach)
        });
        let people = ledger::people(connection, self.period, self.employee_nos, Some(&scope)).await?;
        let people = people.into_iter().filter(|person| person.is_reached);
        Ok(missing.insert(people.map(|person| (person.employee_no, person.id)).collect()))
    }
}
