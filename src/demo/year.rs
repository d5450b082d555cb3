//! The demonstration's first months as the store lived them: frozen, computed, commented on, checked and published. The months after are computed and wait for whoever tries the program.

use chrono::{DateTime, Days, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{STORE, YEAR};
use crate::auth::access::{Action, CheckReviews, Contribute, MoveCycles, RunReviews};
use crate::auth::{Context, Identity, Scope};
use crate::db::schema::{review, user_account};
use crate::http::etag::Seen;
use crate::http::{Problem, Window};
use crate::period::Period;
use crate::reviews::close::{self, Freeze};
use crate::reviews::contributions::{self, ContributionKind, ItemComments, NewContribution};
use crate::reviews::cycle::CycleState;
use crate::reviews::cycle::moves::{self, NewCycleMove};
use crate::reviews::generate::rules_of;
use crate::reviews::store::{self, CycleFilter, ReviewCycle};
use crate::rules::folder::RulesFolder;
use crate::rules::library::Library;

/// How far the year was lived: the last month that is published.
const PUBLISHED: u32 = 3;

/// What people wrote about a month: whose review of which scheme, by which login, and what.
const WORDS: &[(ContributionKind, &str, &str, &str, &str)] = &[
    (ContributionKind::SelfAssessment, "consultant", "A02", "sales_consultant", "目标完成，回访还要更及时。"),
    (ContributionKind::SelfAssessment, "leader", "A01", "team_leader", "每周两次陪访，日报当天批完。"),
    (
        ContributionKind::SelfAssessment,
        "telesales",
        "T01",
        "telesales_specialist",
        "线索当天跟进，邀约还有提升空间。",
    ),
    (
        ContributionKind::LeaderComment,
        "leader",
        "A02",
        "sales_consultant",
        "试驾邀约主动，注意战败二次追踪。",
    ),
    (ContributionKind::LeaderComment, "leader", "A03", "sales_consultant", "留档做得扎实。"),
    (ContributionKind::LeaderComment, "manager", "A01", "team_leader", "带队有方，会议按时。"),
    (ContributionKind::ManagerComment, "manager", "A02", "sales_consultant", "同意组长意见。"),
    (ContributionKind::ManagerComment, "manager", "T01", "telesales_specialist", "到店率稳定。"),
];

/// The months that are lived.
pub fn months() -> impl Iterator<Item = Period> {
    Period::months_of(YEAR).into_iter().filter(|period| period.month() <= PUBLISHED)
}

/// Whether people have begun to live a month.
pub async fn is_lived(cx: &mut Context, period: Period) -> Result<bool, Problem> {
    Ok(cycle(cx, period).await?.is_some_and(|cycle| !cycle.state.may_generate()))
}

async fn cycle(cx: &mut Context, period: Period) -> Result<Option<ReviewCycle>, Problem> {
    let filter = CycleFilter { store: Some(STORE.to_owned()), period: Some(period) };
    Ok(store::list_cycles(cx, &filter, Window::ONE).await?.items.pop())
}

/// Lives a month whose reviews are computed. One that has been lived before stays as it is.
pub async fn live(
    cx: &mut Context,
    (folder, library): (&RulesFolder, &Library),
    period: Period,
) -> Result<(), Problem> {
    let now = cx.now;
    let Some(cycle) = cycle(cx, period)
        .await?
        .filter(|cycle| cycle.state == CycleState::Computed && cycle.facts_frozen_at.is_none())
    else {
        return Ok(());
    };
    let hr = identity(cx, "hr").await?;
    act(cx, (morning(period, 1), Some(hr.clone()), scope_of::<RunReviews>(&hr)));
    let rules = rules_of(cx, folder, library, cycle.id).await?;
    close::freeze(cx, &rules.bundle, cycle.id, &Freeze::default()).await?;
    for (day, state) in [
        (2, CycleState::SelfReview),
        (3, CycleState::LeaderReview),
        (4, CycleState::ManagerReview),
        (5, CycleState::HrCheck),
        (7, CycleState::Published),
    ] {
        if state == CycleState::Published {
            act(cx, (morning(period, 6), Some(hr.clone()), scope_of::<CheckReviews>(&hr)));
            contributions::check_cycle(cx, cycle.id, &said("已核对。")).await?;
        }
        act(cx, (morning(period, day), Some(hr.clone()), scope_of::<MoveCycles>(&hr)));
        let step = NewCycleMove { to: state, reason: None };
        moves::move_one(cx, library, cycle.id, &step, Seen::Any).await?;
        for (kind, login, employee_no, scheme, text) in WORDS.iter().filter(|one| one.0.written_in() == state)
        {
            let identity = identity(cx, login).await?;
            let scope = scope_of::<Contribute>(&identity);
            let id = review_of(cx, cycle.id, employee_no, scheme).await?;
            act(cx, (morning(period, day), Some(identity), scope));
            contributions::write(cx, library, id, *kind, &said(text), Seen::Any).await?;
            contributions::hand_in(cx, id, *kind, Seen::Any).await?;
        }
    }
    act(cx, (now, None, Scope::operator()));
    Ok(())
}

/// Whose work what follows is, and when it is done.
type Act = (DateTime<Utc>, Option<Identity>, Scope);

fn act(cx: &mut Context, (now, identity, scope): Act) {
    (cx.now, cx.identity, cx.scope) = (now, identity, scope);
}

fn scope_of<A: Action>(identity: &Identity) -> Scope {
    Scope::of(identity, A::reach_of)
}

/// Ten in the morning at the store, on a day of the month after.
fn morning(period: Period, day: u64) -> DateTime<Utc> {
    let day: NaiveDate =
        period.end().checked_add_days(Days::new(day.saturating_sub(1))).unwrap_or(period.end());
    day.and_time(chrono::NaiveTime::from_hms_opt(2, 0, 0).unwrap_or_default()).and_utc()
}

fn said(text: &str) -> NewContribution {
    NewContribution { text: text.to_owned(), items: ItemComments::default() }
}

async fn identity(cx: &mut Context, login: &str) -> Result<Identity, Problem> {
    let (user_id, roles, employee_id, unit_id) = user_account::table
        .filter(user_account::login.eq(login))
        .select((user_account::id, user_account::roles, user_account::employee_id, user_account::unit_id))
        .first(cx.db())
        .await?;
    Ok(Identity { user_id, roles, employee_id, unit_id })
}

async fn review_of(cx: &mut Context, cycle_id: i64, employee_no: &str, scheme: &str) -> Result<i64, Problem> {
    use crate::db::schema::employee;
    let id = review::table
        .inner_join(employee::table.on(employee::id.eq(review::employee_id)))
        .filter(review::cycle_id.eq(cycle_id).and(employee::employee_no.eq(employee_no)))
        .filter(review::scheme.eq(scheme).and(review::is_current))
        .select(review::id)
        .first(cx.db())
        .await?;
    Ok(id)
}
