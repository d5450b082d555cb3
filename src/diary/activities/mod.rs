//! What leaders and trainers do: coaching 辅导, meetings 会议 and training 培训, planned and then done or cancelled.
//!
//! Each stands in the ledger under its own number: a coaching and a meeting for who leads it, the hours of a training for
//! everybody who took part. There they stand last: what a system delivers for the same metric goes before.

pub mod http;
mod kind;
mod store;

use chrono::{DateTime, Days, NaiveDate, Utc};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::pg::{Pg, PgValue};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Numeric, Record, Text, Timestamptz};
use garde::Validate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Number, json};
use utoipa::ToSchema;

pub use self::kind::{ActivityKind, ActivityState};
pub use self::store::{ActivityFilter, list};
use crate::auth::Context;
use crate::auth::access::{Action as _, LeadActivities, Role};
use crate::auth::{Identity, Scope};
use crate::decimal;
use crate::diary::authors::{self, says_something};
use crate::http::{Code, FieldError, Problem};
use crate::ledger::{self, Late, ValueOrigin};
use crate::period::Period;
use crate::said::{Said, say};

/// The name under which activities stand in the ledger.
pub const SYSTEM: &str = "activity";

/// How far ahead something may be planned.
const AHEAD: Days = Days::new(366);

/// An activity that is planned or has taken place.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewActivity {
    /// Whether it is a training, a coaching or a meeting.
    #[garde(skip)]
    pub kind: ActivityKind,
    /// The day on which it takes or took place.
    #[garde(skip)]
    pub day: NaiveDate,
    /// What it is about.
    #[garde(length(chars, max = 200), custom(says_something))]
    #[schema(example = "二次追踪话术演练", max_length = 200)]
    pub topic: String,
    /// How many hours it takes, in halves up to 24; required for a training that was done.
    #[garde(skip)]
    #[serde(default)]
    #[schema(value_type = Option<f64>, example = 1.5, minimum = 0.5, maximum = 24)]
    pub hours: Option<Number>,
    /// 工号 of the person who leads it; the caller by default.
    #[garde(length(chars, min = 1, max = 64))]
    #[serde(default)]
    #[schema(min_length = 1, max_length = 64)]
    pub leader: Option<String>,
    /// 工号 of those who take part; required for a coaching and a training.
    #[garde(length(max = 500), inner(length(chars, min = 1, max = 64)))]
    #[serde(default)]
    #[schema(inline, value_type = Vec<crate::http::bounds::Name>, max_items = 500)]
    pub people: Vec<String>,
    /// Whether it has been done already.
    #[garde(skip)]
    #[serde(default)]
    pub done: bool,
}

/// The completion of a planned activity.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivityCompletion {
    /// How many hours it took, if not as planned.
    #[garde(skip)]
    #[serde(default)]
    #[schema(value_type = Option<f64>, example = 2, minimum = 0.5, maximum = 24)]
    pub hours: Option<Number>,
}

/// The cancellation of an activity.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivityCancellation {
    /// Why it is cancelled.
    #[garde(length(chars, min = 1, max = 1000), custom(says_something))]
    #[schema(example = "厂家培训改期", min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// A training, a coaching or a meeting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, QueryableByName, ToSchema)]
pub struct LedActivity {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// Whether it is a training, a coaching or a meeting.
    #[diesel(sql_type = Text)]
    pub kind: ActivityKind,
    /// The day on which it takes or took place.
    #[diesel(sql_type = Date)]
    pub day: NaiveDate,
    /// What it is about.
    #[diesel(sql_type = Text)]
    pub topic: String,
    /// How many hours it takes, or took.
    #[diesel(sql_type = Nullable<Numeric>)]
    #[schema(value_type = Option<f64>, example = 1.5)]
    pub hours: Option<Decimal>,
    /// Whether it is planned, done or cancelled.
    #[diesel(sql_type = Text)]
    pub state: ActivityState,
    /// Why it was cancelled.
    #[diesel(sql_type = Nullable<Text>)]
    pub reason: Option<String>,
    /// Who leads it.
    #[diesel(embed)]
    pub leader: ActivityPerson,
    /// Who takes part.
    #[diesel(sql_type = Array<PersonRecord>)]
    pub people: Vec<ActivityPerson>,
    /// When its state changed last.
    #[diesel(sql_type = Timestamptz)]
    pub changed_at: DateTime<Utc>,
}

/// Somebody who leads an activity or takes part in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, QueryableByName, FromSqlRow, ToSchema)]
pub struct ActivityPerson {
    /// Number of the employee.
    #[diesel(sql_type = BigInt)]
    #[serde(skip)]
    pub employee_id: i64,
    /// 工号.
    #[diesel(sql_type = Text)]
    pub employee_no: String,
    /// The person's name.
    #[diesel(sql_type = Text)]
    pub name: String,
}

/// A row of the columns `employee_id`, `employee_no` and `name`.
type PersonRecord = Record<(BigInt, Text, Text)>;

impl FromSql<PersonRecord, Pg> for ActivityPerson {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let (employee_id, employee_no, name) = FromSql::<PersonRecord, Pg>::from_sql(value)?;
        Ok(Self { employee_id, employee_no, name })
    }
}

/// How far somebody reaches with activities of a kind.
///
/// # Errors
///
/// Forbidden where none of the roles leads such.
fn scope_of(kind: ActivityKind, by: &Identity) -> Result<Scope, Problem> {
    let scope =
        Scope::of(by, |role| LeadActivities::reach_of(role).filter(|_| kind.leading().contains(&role)));
    match scope.is_empty() {
        true => Err(Problem::new(
            Code::Forbidden,
            say!("您的角色不能录入{kind}", "your roles do not allow you to enter a {kind}"),
        )),
        false => Ok(scope),
    }
}

/// Enters something that is planned, or was done.
///
/// # Errors
///
/// Forbidden where the roles do not enter its kind; fields at fault; a conflict where the month is frozen.
pub async fn create(cx: &mut Context, new: &NewActivity) -> Result<LedActivity, Problem> {
    let by = authors::login(cx)?;
    let scope = scope_of(new.kind, &by)?;
    let period = check_day(new, cx.today())?;
    let hours = read_hours(new.hours.as_ref())?;
    require_hours(new.kind, new.done, hours)?;
    cx.transaction(async |cx| {
        let (leader_id, people) = people(cx, new, period, &scope, &by).await?;
        let mut everybody = people.clone();
        everybody.push(leader_id);
        authors::require_open(cx.db(), period, &everybody).await?;
        let state = if new.done { ActivityState::Done } else { ActivityState::Planned };
        let id = store::add(cx, new, leader_id, &people, hours, state).await?;
        count(cx, id, "create_activity").await
    })
    .await
}

/// Records what the month comes to by an activity that has changed, and returns it.
async fn count(cx: &mut Context, id: i64, action: &str) -> Result<LedActivity, Problem> {
    let activity = store::find(cx.db(), id).await?;
    let origin = ValueOrigin {
        source_system: SYSTEM.to_owned(),
        batch_id: None,
        user_id: cx.by(),
        at: cx.now,
        reason: activity.reason.clone(),
    };
    let entries = kind::entries(&activity);
    ledger::record(cx.db(), Period::containing(activity.day), &entries, &origin, Late::Refuse).await?;
    let detail = json!({
        "kind": activity.kind, "day": activity.day, "state": activity.state, "reason": activity.reason,
    });
    cx.audit(action, &format!("activity/{id}"), detail).await?;
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
        false => Err(Problem::field(
            "day",
            say!("日期应在 {from} 到 {to} 之间", "expected a day from {from} to {to}"),
        )),
    }
}

fn read_hours(hours: Option<&Number>) -> Result<Option<Decimal>, Problem> {
    let Some(number) = hours else { return Ok(None) };
    let fits = |hours: &Decimal| {
        *hours > Decimal::ZERO && *hours <= Decimal::from(24) && (*hours * Decimal::TWO).fract().is_zero()
    };
    let hours = decimal::parse(number.as_str()).filter(fits);
    hours.map(Some).ok_or_else(|| {
        Problem::field(
            "hours",
            say!("小时数应为 0.5 到 24，以半小时计", "expected hours in halves, 0.5 to 24"),
        )
    })
}

fn require_hours(kind: ActivityKind, is_done: bool, hours: Option<Decimal>) -> Result<(), Problem> {
    match kind == ActivityKind::Training && is_done && hours.is_none() {
        true => {
            Err(Problem::field("hours", say!("请写明培训用了几小时", "say how many hours the training took")))
        }
        false => Ok(()),
    }
}

/// Who leads it and who takes part, all of whom `scope` reaches. A team leader leads the own coaching.
async fn people(
    cx: &mut Context,
    new: &NewActivity,
    period: Period,
    scope: &Scope,
    by: &Identity,
) -> Result<(i64, Vec<i64>), Problem> {
    let mut faults = Vec::new();
    let mut fault = |field: String, message: Said| faults.push(FieldError::new(field, message));
    let nos = new.people.iter().chain(&new.leader).cloned().collect::<Vec<_>>();
    let found = ledger::people(cx.db(), period, &nos, Some(scope)).await?;
    let reached =
        |no: &str| found.iter().find(|one| one.employee_no == no && one.is_reached).map(|one| one.id);
    let nobody = |no: &str| {
        say!("{period} 没有您能看到的工号“{no}”", "there is no employee '{no}' within your reach in {period}")
    };
    let leader_id = match &new.leader {
        Some(no) => reached(no).or_else(|| {
            fault("leader".to_owned(), nobody(no));
            None
        }),
        None => by.employee_id.or_else(|| {
            fault(
                "leader".to_owned(),
                say!(
                    "请写明由谁主持：这个登录账号不是员工的",
                    "name the person who leads it: this login belongs to no employee"
                ),
            );
            None
        }),
    };
    let leads_own_only = new.kind == ActivityKind::Coaching && !by.roles.contains(&Role::SalesManager);
    if leads_own_only && leader_id.is_some() && leader_id != by.employee_id {
        let message = say!("组长只录入自己主持的辅导", "team leaders enter only coaching that they lead");
        fault("leader".to_owned(), message);
    }
    if new.people.is_empty() && new.kind != ActivityKind::Meeting {
        let message = Said::both(
            format!("请写明参加{}的人", new.kind.label()),
            format!("name the people who take part in the {}", new.kind),
        );
        fault("people".to_owned(), message);
    }
    let mut people = Vec::with_capacity(new.people.len());
    for (at, no) in new.people.iter().enumerate() {
        match reached(no) {
            None => fault(format!("people[{at}]"), nobody(no)),
            Some(id) if people.contains(&id) => {
                fault(format!("people[{at}]"), say!("同一个人列了两次", "this person is listed twice"));
            }
            Some(id) if Some(id) == leader_id && new.kind == ActivityKind::Coaching => {
                fault(format!("people[{at}]"), say!("不能辅导自己", "people cannot coach themselves"));
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
async fn held(cx: &mut Context, id: i64, by: &Identity) -> Result<LedActivity, Problem> {
    let found = store::find(cx.db(), id).await?;
    let scope = scope_of(found.kind, by)?;
    store::require_led(cx.db(), &scope, &found).await?;
    let mut everybody = found.people.iter().map(|one| one.employee_id).collect::<Vec<_>>();
    everybody.push(found.leader.employee_id);
    authors::require_open(cx.db(), Period::containing(found.day), &everybody).await?;
    store::find(cx.db(), id).await
}

/// Says that something planned was done.
///
/// # Errors
///
/// Not found; forbidden where the roles do not enter its kind; a conflict where it is not planned, its day has not begun or
/// its month is frozen.
pub async fn complete(
    cx: &mut Context,
    id: i64,
    completion: &ActivityCompletion,
) -> Result<LedActivity, Problem> {
    let by = authors::login(cx)?;
    let hours = read_hours(completion.hours.as_ref())?;
    cx.transaction(async |cx| {
        let activity = held(cx, id, &by).await?;
        if activity.state != ActivityState::Planned {
            return Err(Problem::conflict(say!("它已经是 {} 了", "it is {} already", activity.state)));
        }
        if activity.day > cx.today() {
            return Err(Problem::conflict(say!(
                "还没到那一天：{}",
                "its day, {}, has not begun",
                activity.day
            )));
        }
        let hours = hours.or(activity.hours);
        require_hours(activity.kind, true, hours)?;
        store::change(cx, id, ActivityState::Done, hours, None).await?;
        count(cx, id, "complete_activity").await
    })
    .await
}

/// Cancels something, planned or done: it no longer counts, and says why. Once its day is over, nobody cancels what counts
/// for themselves: what was planned and not done stays so.
///
/// # Errors
///
/// Not found; forbidden where the roles do not enter its kind; a conflict where it is cancelled already, counts for the
/// caller and its day is over, or its month is frozen.
pub async fn cancel(
    cx: &mut Context,
    id: i64,
    cancellation: &ActivityCancellation,
) -> Result<LedActivity, Problem> {
    let by = authors::login(cx)?;
    cx.transaction(async |cx| {
        let activity = held(cx, id, &by).await?;
        if activity.state == ActivityState::Cancelled {
            return Err(Problem::conflict(say!("它已经取消", "it is already cancelled")));
        }
        let is_over = activity.day < cx.today();
        if is_over && by.employee_id.is_some_and(|caller| kind::counts_for(&activity).contains(&caller)) {
            return Err(Problem::conflict(say!(
                "那一天已过，而且它算在您的数据里：请由评价您的人取消",
                "its day is over, and it counts for you: ask the person who reviews you to cancel it"
            )));
        }
        let reason = cancellation.reason.trim();
        store::change(cx, id, ActivityState::Cancelled, activity.hours, Some(reason)).await?;
        count(cx, id, "cancel_activity").await
    })
    .await
}
