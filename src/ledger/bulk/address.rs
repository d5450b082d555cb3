//! Finding the people of a delivery, as far as the caller may enter what it brings.

use std::collections::{HashMap, hash_map};

use diesel_async::AsyncPgConnection;

use super::read::{Faults, Value};
use super::{NewFacts, source_of};
use crate::auth::access::{Action as _, EnterFacts, Role, may_enter};
use crate::auth::caller::{Identity, Scope};
use crate::http::Problem;
use crate::http::problem::FieldError;
use crate::ledger::metric::Catalogue;
use crate::ledger::{self, Entry};
use crate::period::Period;

/// What a delivery comes to: its entries with the rows they stand in, and whose store has completed which source.
#[derive(Debug, Default)]
pub(super) struct Addressed {
    pub entries: Vec<(usize, Entry)>,
    pub completed: Vec<(i64, String)>,
}

/// Finds the people of the rows. Somebody the caller does not reach is as unknown as somebody who does not exist.
pub(super) async fn address(
    connection: &mut AsyncPgConnection,
    catalogue: &Catalogue,
    new: &NewFacts,
    values: &[Value<'_>],
    by: &Identity,
    faults: &mut Faults,
) -> Result<Addressed, Problem> {
    let employee_nos = new.rows.iter().map(|row| row.employee_no.clone()).collect::<Vec<_>>();
    let mut people = People { period: new.period, employee_nos: &employee_nos, by, reached: HashMap::new() };
    let mut addressed = Addressed::default();
    let mut strangers = HashMap::new();
    for value in values {
        let Some(row) = new.rows.get(value.row) else { continue };
        let reached = people.reached(connection, source_of(catalogue, value.metric)).await?;
        match reached.get(&row.employee_no) {
            Some(employee_id) if is_own_rating(catalogue, value.metric, *employee_id, by) => faults.row(
                value.row,
                FieldError {
                    field: format!("rows[{}].facts.{}", value.row, value.metric),
                    message: "nobody rates oneself".to_owned(),
                },
            ),
            Some(employee_id) => addressed.entries.push((
                value.row,
                Entry {
                    employee_id: *employee_id,
                    metric: value.metric.to_owned(),
                    value: Some(value.number),
                    day: row.day,
                    external_id: row.external_id.clone(),
                },
            )),
            None => {
                strangers.insert(value.row, value.metric);
            }
        }
    }
    for source in &new.complete_sources {
        let reached = people.reached(connection, Some(source)).await?;
        for (at, employee_no) in employee_nos.iter().enumerate() {
            match reached.get(employee_no) {
                Some(employee_id) => addressed.completed.push((*employee_id, source.clone())),
                None => {
                    strangers.insert(at, source);
                }
            }
        }
    }
    // A mistyped number is a fault even where nothing is said of the person.
    let silent = new.rows.iter().enumerate().filter(|(_, row)| row.facts.values().all(Option::is_none));
    for (at, row) in silent.filter(|_| new.complete_sources.is_empty()) {
        if !people.reached_by(connection, by.roles.clone()).await?.contains_key(&row.employee_no) {
            strangers.insert(at, "facts");
        }
    }
    for (at, what) in strangers {
        let employee_no = employee_nos.get(at).map_or("", String::as_str);
        faults.row(
            at,
            FieldError {
                field: format!("rows[{at}].employee_no"),
                message: format!(
                    "there is no employee '{employee_no}' in {} for whom you may enter {what}",
                    new.period
                ),
            },
        );
    }
    Ok(addressed)
}

/// Whether it is a rating of the caller by the caller.
fn is_own_rating(catalogue: &Catalogue, metric: &str, employee_id: i64, by: &Identity) -> bool {
    source_of(catalogue, metric) == Some("ratings") && by.employee_id == Some(employee_id)
}

/// The caller's roles that may enter a source.
pub(super) fn entering_roles(by: &Identity, source: Option<&str>) -> Vec<Role> {
    let allowed = may_enter(source);
    by.roles.iter().copied().filter(|role| allowed.contains(role)).collect()
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
