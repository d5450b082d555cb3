//! What waits for whom 待办: what people have to do about reviews, since when and until when, with the operation that does
//! it. It is read from where things stand, and nothing is sent.

mod afterwards;
pub(super) mod holders;
pub mod http;
mod kinds;
mod store;
mod table;
mod waiting;

use std::collections::HashMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::kinds::TaskKind;
use self::store::{Holders, ScoredPositions, TaskReach, TaskRow};
use self::waiting::{Term, Waiting, Whose};
use super::cycle::CycleState;
use super::cycle::terms::{self, ReviewTerms, working_days_after};
use crate::auth::access::Role;
use crate::auth::{Context, Scope};
use crate::clock;
use crate::diary::work_calendar::StoreCalendars;
use crate::http::Problem;
use crate::period::Period;
use crate::rules::library::Library;

/// Something that waits for somebody.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Task {
    /// What it is.
    pub kind: TaskKind,
    /// The same in a sentence, in the reader's language.
    pub sentence: String,
    /// Code of the store.
    pub store: String,
    /// The month that it is about.
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// Employee number 工号 of the person that it is about; null where it is about a store's month.
    pub employee_no: Option<String>,
    /// How many things wait: reviews to check, corrections to decide on; otherwise 1.
    pub number: i64,
    /// Since when it waits.
    pub since: NaiveDate,
    /// The last day on which it is in time, to the day's end in China; null where there is no term.
    pub until: Option<NaiveDate>,
    /// Whether that day has passed.
    pub is_late: bool,
    /// Whether it waits for the caller because nobody in the store may do it: all who have a role for it are concerned
    /// themselves, or nobody has one.
    pub nobody_else: bool,
    /// Method of the operation that does it.
    #[schema(example = "PUT")]
    pub method: String,
    /// Its path.
    #[schema(example = "/v1/reviews/17/contributions/self_assessment")]
    pub path: String,
}

/// A task with those for whom it waits.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AssignedTask {
    /// For whom: one person, or everybody in the store who has the role for it; the group's administrators where that is
    /// nobody.
    pub who: Vec<Assignee>,
    /// What waits.
    #[serde(flatten)]
    pub task: Task,
}

/// Somebody for whom something waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignee {
    /// Id of the login by which it is the person's; 0 where the task is the person's by name.
    #[serde(skip)]
    user_id: i64,
    /// Employee number 工号.
    pub employee_no: String,
    /// The person's name.
    pub name: String,
}

/// What waits for the caller: what has a term first, by its last day.
pub async fn of_caller(cx: &mut Context, library: &Library) -> Result<Vec<Task>, Problem> {
    let scored = ScoredPositions::load(cx, library).await?;
    let tasks = cx.snapshot(async |cx| waiting(cx, &scored, None).await).await?;
    Ok(tasks.into_iter().map(|(task, _)| task).collect())
}

/// What waits for everybody, in a store or in all of them, as the operator asks.
pub async fn of_everybody(
    cx: &mut Context,
    library: &Library,
    store: Option<&str>,
) -> Result<Vec<AssignedTask>, Problem> {
    let scored = ScoredPositions::load(cx, library).await?;
    cx.snapshot(async |cx| {
        let tasks = waiting(cx, &scored, store).await?;
        let stores = tasks.iter().map(|(_, row)| row.store_id).collect::<Vec<_>>();
        let holders = store::holders(cx, &stores).await?;
        let assigned =
            tasks.into_iter().map(|(task, row)| AssignedTask { who: row.who(task.kind, &holders), task });
        Ok(assigned.collect())
    })
    .await
}

/// Everything that waits for the caller, or for everybody where the operator asks, with the rows that it came from.
async fn waiting(
    cx: &mut Context,
    scored: &ScoredPositions,
    store: Option<&str>,
) -> Result<Vec<(Task, TaskRow)>, Problem> {
    let mut rows = Vec::new();
    for waiting in table::all() {
        let reach = TaskReach { own: scope_of(cx, waiting), standing_in: stand_in_scope(cx, waiting) };
        let found = store::rows(cx, waiting, reach, (scored, store)).await?;
        rows.extend(found.into_iter().map(|row| (waiting, row)));
    }
    let mut stores = rows.iter().map(|(_, row)| row.store_id).collect::<Vec<_>>();
    stores.sort_unstable();
    stores.dedup();
    let years = rows.iter().map(|(_, row)| row.period.year());
    let (first, last) = (years.clone().min().unwrap_or(0), years.max().unwrap_or(0));
    // A month's terms end in the next one, and what is told late counts from then on.
    let last = last.max(Period::containing(cx.today()).year());
    let calendars = StoreCalendars::load(cx.db(), &stores, first..=last + 1).await?;
    let terms = terms::of_stores(cx.db(), &stores).await?;
    let mut terms_of = Due { terms, calendars, known: HashMap::new() };
    let mut tasks = Vec::with_capacity(rows.len());
    for (waiting, row) in rows {
        let since = clock::day(row.since);
        let until = terms_of.last_day(waiting.term, &row, since);
        let task = Task {
            kind: waiting.kind,
            sentence: waiting.sentence(&row, cx.language),
            store: row.store.clone(),
            period: row.period,
            employee_no: row.about_no.clone(),
            number: row.number,
            since,
            until,
            is_late: until.is_some_and(|until| until < cx.today()),
            nobody_else: row.nobody_else,
            method: waiting.method.to_owned(),
            path: waiting.path(&row),
        };
        tasks.push((task, row));
    }
    tasks.sort_by_key(|(task, _)| (task.until.is_none(), task.until, task.since));
    Ok(tasks)
}

/// The rows of a kind that are the caller's; none where they cannot be.
fn scope_of(cx: &Context, waiting: &Waiting) -> Option<Scope> {
    let Some(identity) = &cx.identity else { return Some(Scope::operator()) };
    match waiting.whose {
        Whose::Person => identity.employee_id.map(|_| cx.scope.clone()),
        Whose::Roles { roles, reach } => {
            let scope = Scope::of(identity, |role| reach(role).filter(|_| roles.contains(&role)));
            (!scope.is_empty()).then_some(scope)
        }
    }
}

/// What the caller reaches as an administrator of the group, who stands in where nobody in a store may do something.
fn stand_in_scope(cx: &Context, waiting: &Waiting) -> Option<Scope> {
    let Whose::Roles { roles, reach } = waiting.whose else { return None };
    let stands_in = |role| role == Role::GroupAdmin && !roles.contains(&role);
    let scope = Scope::of(cx.identity.as_ref()?, |role| reach(role).filter(|_| stands_in(role)));
    (!scope.is_empty()).then_some(scope)
}

/// The last days of the terms of stores.
struct Due {
    terms: HashMap<i64, (ReviewTerms, i32)>,
    calendars: StoreCalendars,
    /// Those of months that were asked for before: a store's people share them.
    known: HashMap<(i64, Period), terms::CycleDue>,
}

impl Due {
    /// The last day on which a task is in time.
    fn last_day(&mut self, term: Term, row: &TaskRow, since: NaiveDate) -> Option<NaiveDate> {
        let store_id = row.store_id;
        let (terms, _) = self.terms.get(&store_id).copied().unwrap_or_default();
        let is_open = |day| self.calendars.is_working(store_id, day);
        let due = self.known.entry((store_id, row.period)).or_insert_with(|| terms.due(row.period, is_open));
        match term {
            Term::State => row.state.and_then(|state| due.of(state)),
            Term::Freeze => Some(due.freeze),
            Term::Publish => Some(due.publish),
            Term::Settled => match row.state {
                Some(CycleState::Published | CycleState::Locked) => Some(due.lock),
                _ => Some(due.publish),
            },
            Term::Confirm => Some(working_days_after(since, terms.appeal_working_days, is_open)),
            Term::Row => row.until,
        }
    }
}

impl TaskRow {
    /// For whom it waits: nobody decides about themselves. Where that leaves nobody in the store, the group's administrators
    /// stand in.
    fn who(&self, kind: TaskKind, holders: &Holders) -> Vec<Assignee> {
        if let Some((employee_no, name)) = self.whose_no.clone().zip(self.whose_name.clone()) {
            return vec![Assignee { user_id: 0, employee_no, name }];
        }
        let is_theirs = |one: &&Assignee| {
            self.about_no.as_ref() != Some(&one.employee_no) && !self.barred.contains(&one.user_id)
        };
        let mut who = Vec::<Assignee>::new();
        for one in holders.of(self.store_id, table::roles_of(kind)).filter(is_theirs) {
            if !who.contains(one) {
                who.push(one.clone());
            }
        }
        match who.is_empty() {
            true => holders.of_group(self.store_id).filter(is_theirs).cloned().collect(),
            false => who,
        }
    }
}
