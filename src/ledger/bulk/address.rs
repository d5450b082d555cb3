//! Finding the people of a delivery, as far as the caller may enter what it brings.

use std::collections::{BTreeMap, HashMap};

use super::NewFacts;
use super::faults::{DeliveredValue, DeliveryFaults};
use crate::auth::Context;
use crate::auth::scope::Scope;
use crate::http::{FieldError, Problem};
use crate::ledger::metric::Catalogue;
use crate::ledger::{self, Entry, ReachedPerson};
use crate::said::say;

/// What a delivery comes to: its entries with the rows they stand in, and for whom which source is complete.
#[derive(Debug, Default)]
pub(super) struct AddressedDelivery {
    pub entries: Vec<(usize, Entry)>,
    /// By the row that names the person.
    pub completed: Vec<(usize, i64, String)>,
}

/// Finds the people of the rows. Somebody the caller does not reach is as unknown as somebody who does not exist.
pub(super) async fn address(
    cx: &mut Context,
    catalogue: &Catalogue,
    new: &NewFacts,
    values: &[DeliveredValue<'_>],
    faults: &mut DeliveryFaults,
) -> Result<AddressedDelivery, Problem> {
    let employee_nos = new.rows.iter().map(|row| row.employee_no.clone()).collect::<Vec<_>>();
    let mut reached = ReachedPeople { new, employee_nos: &employee_nos, by_scope: Vec::new() };
    let mut addressed = AddressedDelivery::default();
    let (mut strangers, mut early) = (HashMap::new(), BTreeMap::new());
    for value in values {
        let Some(row) = new.rows.get(value.row) else { continue };
        let source = catalogue.source_of(value.metric);
        let scope = ledger::entering(cx.identity.as_ref(), source);
        let Some(person) = reached.within(cx, scope).await?.get(&row.employee_no) else {
            strangers.insert(value.row, value.metric);
            continue;
        };
        let employee_id = person.id;
        if let Some(message) = person.not_yet(new.period, row.day) {
            let field = if row.day.is_some() { "day" } else { "employee_no" };
            early.insert(value.row, FieldError::new(format!("rows[{}].{field}", value.row), message));
            continue;
        }
        if ledger::is_own_judgement(cx.identity.as_ref(), source, employee_id) {
            let field = format!("rows[{}].facts.{}", value.row, value.metric);
            let message = match source {
                Some("ratings") => say!("不能给自己评分", "people cannot rate themselves"),
                _ => say!("这是给您打分的数据：由别人录入", "it scores you: somebody else enters it"),
            };
            faults.row(value.row, FieldError::new(field, message));
            continue;
        }
        let entry = Entry {
            employee_id,
            metric: value.metric.to_owned(),
            value: Some(value.number),
            day: row.day,
            external_id: row.external_id.clone(),
            for_store: None,
        };
        addressed.entries.push((value.row, entry));
    }
    for source in &new.complete_sources {
        let scope = ledger::entering(cx.identity.as_ref(), Some(source));
        let reached = reached.within(cx, scope).await?;
        for (at, employee_no) in employee_nos.iter().enumerate() {
            match reached.get(employee_no) {
                Some(person) => addressed.completed.push((at, person.id, source.clone())),
                None => {
                    strangers.insert(at, source);
                }
            }
        }
    }
    // A mistyped number is a fault even where nothing is said of the person.
    let silent = new.rows.iter().enumerate().filter(|(_, row)| row.facts.values().all(Option::is_none));
    for (at, row) in silent.filter(|_| new.complete_sources.is_empty()) {
        if !reached.within(cx, cx.scope.clone()).await?.contains_key(&row.employee_no) {
            strangers.insert(at, "facts");
        }
    }
    early.into_iter().for_each(|(at, error)| faults.row(at, error));
    for (at, what) in strangers {
        let employee_no = employee_nos.get(at).map_or("", String::as_str);
        let message = say!(
            "{} 没有可由您录入{what}的员工“{employee_no}”",
            "there is no employee '{employee_no}' in {} for whom you may enter {what}",
            new.period
        );
        faults.row(at, FieldError::new(format!("rows[{at}].employee_no"), message));
    }
    Ok(addressed)
}

/// The people of a request, looked up once for each reach: roles reach differently far with different sources, and few
/// combinations occur in one request.
struct ReachedPeople<'a> {
    new: &'a NewFacts,
    employee_nos: &'a [String],
    by_scope: Vec<(Scope, HashMap<String, ReachedPerson>)>,
}

impl ReachedPeople<'_> {
    /// Those whom `scope` reaches, by 工号.
    async fn within(
        &mut self,
        cx: &mut Context,
        scope: Scope,
    ) -> Result<&HashMap<String, ReachedPerson>, Problem> {
        let at = match self.by_scope.iter().position(|(known, _)| *known == scope) {
            Some(at) => at,
            None => {
                let found = ledger::people(cx.db(), self.new.period, self.employee_nos, Some(&scope)).await?;
                let found = found.into_iter().filter(|person| person.is_reached);
                self.by_scope.push((scope, found.map(|one| (one.employee_no.clone(), one)).collect()));
                self.by_scope.len() - 1
            }
        };
        self.by_scope.get(at).map(|(_, people)| people).ok_or_else(|| Problem::not_found("employee"))
    }
}
