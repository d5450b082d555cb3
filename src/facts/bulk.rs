//! Facts delivered by other systems: many people's values of one month in one request, all or none.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use garde::Validate;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Number, json};
use utoipa::ToSchema;

use super::ledger::{self, Counts, Entry, Origin};
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
            let entries = address(connection, catalogue, &new, &values, by).await?;
            let mut deliveries = ledger::deliveries(catalogue, &entries);
            let people: HashSet<i64> = entries.iter().map(|entry| entry.employee_id).collect();
            for source in &new.complete_sources {
                deliveries.extend(people.iter().map(|person| (*person, source.clone())));
            }
            let (news, counts) = ledger::differences(connection, new.period, entries).await?;
            let origin = Origin {
                source_system: new.source_system.clone(),
                batch_id: None,
                user_id: Some(by.user_id),
                at: now,
            };
            ledger::append(connection, new.period, &news, &origin).await?;
            ledger::note_delivery(connection, new.period, &deliveries, now).await?;
            if !news.is_empty() {
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

/// Finds the people of the rows. Somebody the caller does not reach is as unknown as somebody who does not exist.
async fn address(
    connection: &mut AsyncPgConnection,
    catalogue: &Catalogue,
    new: &NewFacts,
    values: &[Value<'_>],
    by: &Identity,
) -> Result<Vec<Entry>, Problem> {
    let employee_nos = new.rows.iter().map(|row| row.employee_no.clone()).collect::<Vec<_>>();
    // Roles reach differently far with different sources; few combinations occur in one request.
    let mut reached = HashMap::<Vec<Role>, HashMap<String, i64>>::new();
    let mut entries = Vec::with_capacity(values.len());
    let mut errors = BTreeMap::new();
    for value in values {
        let roles = entering_roles(by, source_of(catalogue, value.metric));
        if !reached.contains_key(&roles) {
            let scope = Scope::of(by, |role| {
                let reach = EnterFacts::ALLOWED.iter().find(|(allowed, _)| *allowed == role);
                reach.filter(|_| roles.contains(&role)).map(|(_, reach)| *reach)
            });
            let people = ledger::people(connection, new.period, &employee_nos, Some(&scope)).await?;
            let people = people.into_iter().filter(|person| person.is_reached);
            reached.insert(roles.clone(), people.map(|person| (person.employee_no, person.id)).collect());
        }
        let Some(row) = new.rows.get(value.row) else { continue };
        match reached.get(&roles).and_then(|people| people.get(&row.employee_no)) {
            Some(employee_id) => entries.push(Entry {
                employee_id: *employee_id,
                metric: value.metric.to_owned(),
                value: value.number,
            }),
            None => {
                errors.insert(
                    value.row,
                    FieldError {
                        field: format!("rows[{}].employee_no", value.row),
                        message: format!(
                            "there is no employee '{}' in {} for whom you may enter {}",
                            row.employee_no, new.period, value.metric
                        ),
                    },
                );
            }
        }
    }
    if errors.is_empty() { Ok(entries) } else { Err(Problem::fields(errors.into_values().collect())) }
}
