//! What leaders and trainers do: coaching 辅导, meetings 会议 and training 培训, planned and then done or cancelled.
//!
//! Each stands in the ledger under its own number: a coaching and a meeting for who leads it, the hours of a training for
//! everybody who took part. There they stand last: what a system delivers for the same metric goes before.

pub mod http;
mod kind;
mod store;

use chrono::{DateTime, Days, NaiveDate, Utc};
use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use garde::Validate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Number, json};
use utoipa::ToSchema;

pub use self::kind::{ActivityKind, ActivityState};
pub use self::store::{ActivityFilter, list};
use crate::auth::access::Role;
use crate::auth::audit;
use crate::auth::caller::{Identity, Scope};
use crate::clock;
use crate::decimal;
use crate::diary::writer;
use crate::http::problem::FieldError;
use crate::http::{Code, Problem};
use crate::ledger::{self, Late, Origin};
use crate::period::Period;

/// The name under which activities stand in the ledger.
pub const SYSTEM: &str = "activity";

/// How far ahead something may be planned.
const AHEAD: Days = Days::new(366);

/// Something that is planned, or was done.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewActivity {
    /// What it is.
    #[garde(skip)]
    pub kind: ActivityKind,
    /// When it is, or was.
    #[garde(skip)]
    pub day: NaiveDate,
    /// What it is about.
    #[garde(length(chars, max = 200), custom(says_something))]
    #[schema(example = "二次追踪话术演练")]
    pub topic: String,
    /// How long it takes, in halves of an hour up to 24. A training that was done has to say it.
    #[garde(skip)]
    #[serde(default)]
    #[schema(value_type = Option<f64>, example = 1.5)]
    pub hours: Option<Number>,
    /// 工号 of who leads it; oneself by default.
    #[garde(length(chars, min = 1, max = 64))]
    #[serde(default)]
    pub leader: Option<String>,
    /// 工号 of who takes part. A coaching and a training have somebody.
    #[garde(length(max = 500), inner(length(chars, min = 1, max = 64)))]
    #[serde(default)]
    pub people: Vec<String>,
    /// Whether it was done already.
    #[garde(skip)]
    #[serde(default)]
    pub done: bool,
}

/// That something planned was done.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivityCompletion {
    /// How long it took, where that is not what was planned.
    #[garde(skip)]
    #[serde(default)]
    #[schema(value_type = Option<f64>, example = 2)]
    pub hours: Option<Number>,
}

/// Why something does not count.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivityCancellation {
    /// Why.
    #[garde(length(chars, min = 1, max = 1000), custom(says_something))]
    #[schema(example = "厂家培训改期")]
    pub reason: String,
}

fn says_something(text: &str, (): &()) -> garde::Result {
    match text.trim().is_empty() {
        true => Err(garde::Error::new("expected a text")),
        false => Ok(()),
    }
}

/// A training, a coaching or a meeting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LedActivity {
    /// Its number.
    pub id: i64,
    /// What it is.
    pub kind: ActivityKind,
    /// When it is, or was.
    pub day: NaiveDate,
    /// What it is about.
    pub topic: String,
    /// How long it takes.
    #[schema(value_type = Option<f64>, example = 1.5)]
    pub hours: Option<Decimal>,
    /// Planned, done or cancelled.
    pub state: ActivityState,
    /// Why it was cancelled.
    pub reason: Option<String>,
    /// Who leads it.
    pub leader: ActivityPerson,
    /// Who takes part.
    pub people: Vec<ActivityPerson>,
    /// When its state changed last.
    pub changed_at: DateTime<Utc>,
}

/// Somebody who leads an activity or takes part in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ActivityPerson {
    /// Number of the employee.
    #[serde(skip)]
    pub employee_id: i64,
    /// 工号.
    pub employee_no: String,
    /// The person's name.
    pub name: String,
}

/// How far somebody reaches with activities of a kind.
///
/// # Errors
///
/// Forbidden where none of the roles leads such.
fn scope_of(kind: ActivityKind, by: &Identity) -> Result<Scope, Problem> {
    use crate::auth::access::{Action as _, LeadActivities};
    let scope = Scope::of(by, |role| {
        let reach = LeadActivities::ALLOWED.iter().find(|(allowed, _)| *allowed == role);
        reach.filter(|_| kind.leading().contains(&role)).map(|(_, reach)| *reach)
    });
    match scope.reaches.is_empty() {
        true => {
            Err(Problem::new(Code::Forbidden, format!("your roles do not allow entering a {}", kind.name())))
        }
        false => Ok(scope),
    }
}

/// Enters something that is planned, or was done.
///
/// # Errors
///
/// Forbidden where the roles do not enter its kind; fields at fault; a conflict where the month is frozen.
pub async fn create(
    connection: &mut AsyncPgConnection,
    new: &NewActivity,
    by: &Identity,
    now: DateTime<Utc>,
) -> Result<LedActivity, Problem> {
    let scope = scope_of(new.kind, by)?;
    let period = check_day(new, clock::day(now))?;
    let hours = read_hours(new.hours.as_ref())?;
    require_hours(new.kind, new.done, hours)?;
    connection
        .transaction(async |connection| {
            let (leader_id, people) = people(connection, new, period, &scope, by).await?;
            let mut everybody = people.clone();
            everybody.push(leader_id);
            writer::require_open(connection, period, &everybody).await?;
            let state = if new.done { ActivityState::Done } else { ActivityState::Planned };
            let id = store::add(connection, new, leader_id, &people, hours, state, by.user_id, now).await?;
            settle(connection, id, "create_activity", by.user_id, now).await
        })
        .await
}

/// Records what the month comes to by an activity that has changed, and returns it.
async fn settle(
    connection: &mut AsyncPgConnection,
    id: i64,
    action: &str,
    user_id: i64,
    now: DateTime<Utc>,
) -> Result<LedActivity, Problem> {
    let activity = store::find(connection, &Scope::operator(), id).await?;
    let origin = Origin {
        source_system: SYSTEM.to_owned(),
        batch_id: None,
        user_id: Some(user_id),
        at: now,
        reason: activity.reason.clone(),
    };
    let entries = kind::entries(&activity);
    ledger::record(connection, Period::containing(activity.day), &entries, &origin, Late::Refuse).await?;
    let detail = json!({
        "kind": activity.kind, "day": activity.day, "state": activity.state, "reason": activity.reason,
    });
    audit::record(connection, now, Some(user_id), action, &format!("activity/{id}"), detail).await?;
    Ok(activity)
}

fn check_day(new: &NewActivity, today: NaiveDate) -> Result<Period, Problem> {
    let earliest = Period::new(2000, 1).map(Period::first_day).unwrap_or_default();
    let (from, to) = match new.done {
        true => (earliest, today),
        false => (today, today.checked_add_days(AHEAD).unwrap_or(today)),
    };
    match (from..=to).contains(&new.day) {
        true => Ok(Period::containing(new.day)),
        false => Err(Problem::field("day", format!("expected a day from {from} to {to}"))),
    }
}

fn read_hours(hours: Option<&Number>) -> Result<Option<Decimal>, Problem> {
    let Some(number) = hours else { return Ok(None) };
    let fits = |hours: &Decimal| {
        *hours > Decimal::ZERO && *hours <= Decimal::from(24) && (*hours * Decimal::TWO).fract().is_zero()
    };
    let hours = decimal::parse(number.as_str()).filter(fits);
    hours.map(Some).ok_or_else(|| Problem::field("hours", "expected halves of an hour, 0.5 to 24"))
}

fn require_hours(kind: ActivityKind, is_done: bool, hours: Option<Decimal>) -> Result<(), Problem> {
    match kind == ActivityKind::Training && is_done && hours.is_none() {
        true => Err(Problem::field("hours", "expected how long the training took")),
        false => Ok(()),
    }
}

/// Who leads it and who takes part, all of whom `scope` reaches. A team leader leads the own coaching.
async fn people(
    connection: &mut AsyncPgConnection,
    new: &NewActivity,
    period: Period,
    scope: &Scope,
    by: &Identity,
) -> Result<(i64, Vec<i64>), Problem> {
    let mut faults = Vec::new();
    let mut fault = |field: String, message: String| faults.push(FieldError { field, message });
    let nos = new.people.iter().chain(&new.leader).cloned().collect::<Vec<_>>();
    let found = ledger::people(connection, period, &nos, Some(scope)).await?;
    let reached =
        |no: &str| found.iter().find(|one| one.employee_no == no && one.is_reached).map(|one| one.id);
    let nobody = |no: &str| format!("there is nobody '{no}' whom you reach in {period}");
    let leader_id = match &new.leader {
        Some(no) => reached(no).or_else(|| {
            fault("leader".to_owned(), nobody(no));
            None
        }),
        None => by.employee_id.or_else(|| {
            fault("leader".to_owned(), "expected who leads it: this login belongs to no employee".to_owned());
            None
        }),
    };
    let leads_own_only = new.kind == ActivityKind::Coaching && !by.roles.contains(&Role::SalesManager);
    if leads_own_only && leader_id.is_some() && leader_id != by.employee_id {
        fault("leader".to_owned(), "a team leader enters the own coaching".to_owned());
    }
    if new.people.is_empty() && new.kind != ActivityKind::Meeting {
        fault("people".to_owned(), format!("expected who takes part in the {}", new.kind.name()));
    }
    let mut people = Vec::with_capacity(new.people.len());
    for (at, no) in new.people.iter().enumerate() {
        match reached(no) {
            None => fault(format!("people[{at}]"), nobody(no)),
            Some(id) if people.contains(&id) => {
                fault(format!("people[{at}]"), "the person stands in the list already".to_owned());
            }
            Some(id) if Some(id) == leader_id && new.kind == ActivityKind::Coaching => {
                fault(format!("people[{at}]"), "nobody coaches oneself".to_owned());
            }
            Some(id) => people.push(id),
        }
    }
    match leader_id {
        Some(leader_id) if faults.is_empty() => Ok((leader_id, people)),
        _ => Err(Problem::fields(faults)),
    }
}

/// An activity that the caller may change, with its month locked: nobody else changes it meanwhile.
async fn held(connection: &mut AsyncPgConnection, id: i64, by: &Identity) -> Result<LedActivity, Problem> {
    let found = store::find(connection, &Scope::operator(), id).await?;
    let scope = scope_of(found.kind, by)?;
    store::require_led(connection, &scope, &found).await?;
    let mut everybody = found.people.iter().map(|one| one.employee_id).collect::<Vec<_>>();
    everybody.push(found.leader.employee_id);
    writer::require_open(connection, Period::containing(found.day), &everybody).await?;
    store::find(connection, &Scope::operator(), id).await
}

/// Says that something planned was done.
///
/// # Errors
///
/// Not found; forbidden where the roles do not enter its kind; a conflict where it is not planned, its day has not begun or
/// its month is frozen.
pub async fn complete(
    connection: &mut AsyncPgConnection,
    id: i64,
    completion: &ActivityCompletion,
    by: &Identity,
    now: DateTime<Utc>,
) -> Result<LedActivity, Problem> {
    let hours = read_hours(completion.hours.as_ref())?;
    connection
        .transaction(async |connection| {
            let activity = held(connection, id, by).await?;
            if activity.state != ActivityState::Planned {
                return Err(Problem::conflict(format!("it is {} already", activity.state.name())));
            }
            if activity.day > clock::day(now) {
                return Err(Problem::conflict(format!("its day, {}, has not begun", activity.day)));
            }
            let hours = hours.or(activity.hours);
            require_hours(activity.kind, true, hours)?;
            store::change(connection, id, ActivityState::Done, hours, None, by.user_id, now).await?;
            settle(connection, id, "complete_activity", by.user_id, now).await
        })
        .await
}

/// Cancels something, planned or done: it counts no longer, and says why. Once its day is over, nobody cancels what counts
/// for oneself: what was planned and not done stays so.
///
/// # Errors
///
/// Not found; forbidden where the roles do not enter its kind; a conflict where it is cancelled already, counts for the
/// caller and its day is over, or its month is frozen.
pub async fn cancel(
    connection: &mut AsyncPgConnection,
    id: i64,
    cancellation: &ActivityCancellation,
    by: &Identity,
    now: DateTime<Utc>,
) -> Result<LedActivity, Problem> {
    connection
        .transaction(async |connection| {
            let activity = held(connection, id, by).await?;
            if activity.state == ActivityState::Cancelled {
                return Err(Problem::conflict("it is cancelled already"));
            }
            let is_over = activity.day < clock::day(now);
            if is_over && by.employee_id.is_some_and(|caller| kind::counts_for(&activity).contains(&caller)) {
                return Err(Problem::conflict(
                    "its day is over, and nobody cancels then what counts for oneself: ask who reviews you",
                ));
            }
            let (state, reason) = (ActivityState::Cancelled, cancellation.reason.trim());
            store::change(connection, id, state, activity.hours, Some(reason), by.user_id, now).await?;
            settle(connection, id, "cancel_activity", by.user_id, now).await
        })
        .await
}
