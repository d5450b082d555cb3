//! Where a review stands in being acknowledged: what was last done about its revision in force, and what may follow by whom.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Date, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::store::Subject;
use super::{AcknowledgementAct, AcknowledgementState};
use crate::auth::{Context, Identity};
use crate::db::sql;
use crate::http::{Code, Problem};
use crate::reviews::allowed::AllowedAction;
use crate::reviews::cycle::CycleState;
use crate::reviews::subject;
use crate::said::say;

/// How far the revision in force of a review has come.
#[derive(Debug, QueryableByName)]
pub(in crate::reviews) struct Standing {
    /// The last act about it; none where nothing was done.
    #[diesel(sql_type = Nullable<Text>)]
    last_act: Option<AcknowledgementAct>,
    /// When that was recorded.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    last_at: Option<DateTime<Utc>>,
    /// By which login.
    #[diesel(sql_type = Nullable<Text>)]
    last_by: Option<String>,
    /// The last telling: it is the one that is answered.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(super) told_id: Option<i64>,
    /// When the person was told.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub(super) told_at: Option<DateTime<Utc>>,
    /// The last day of the term that began with it.
    #[diesel(sql_type = Nullable<Date>)]
    pub(super) until: Option<NaiveDate>,
    /// An appeal whose decision came to the revision, and of which the person has not been told.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(super) untold_decision: Option<i64>,
}

/// The columns of a [`Standing`], of the revision in force `now`, with [`standing_from!`] joined.
macro_rules! standing {
    () => {
        "last.act AS last_act, last.at AS last_at, last.login AS last_by, told.id AS told_id, told.at AS told_at,
         told.until, (SELECT max(p.id) FROM appeal p WHERE p.cycle_id = now.cycle_id
             AND p.employee_id = now.employee_id AND p.scheme = now.scheme AND p.result_id = now.id
             AND NOT EXISTS (SELECT FROM review_acknowledgement a WHERE a.appeal_id = p.id)) AS untold_decision"
    };
}

/// What they are selected from, beside `now`.
macro_rules! standing_from {
    () => {
        " LEFT JOIN LATERAL (SELECT a.act, a.at, l.login FROM review_acknowledgement a
             LEFT JOIN user_account l ON l.id = a.user_id WHERE a.review_id = now.id ORDER BY a.id DESC LIMIT 1) AS last
             ON true
         LEFT JOIN LATERAL (SELECT a.id, a.at, a.until FROM review_acknowledgement a
             WHERE a.review_id = now.id AND a.act = 'told' ORDER BY a.id DESC LIMIT 1) AS told ON true "
    };
}

/// The same where nothing is asked.
macro_rules! no_standing {
    () => {
        "NULL::text AS last_act, NULL::timestamptz AS last_at, NULL::text AS last_by, NULL::bigint AS told_id,
         NULL::timestamptz AS told_at, NULL::date AS until, NULL::bigint AS untold_decision"
    };
}

pub(in crate::reviews) use {no_standing, standing, standing_from};

/// Where the review in force with an id stands.
pub(super) async fn of(connection: &mut AsyncPgConnection, current: i64) -> Result<Standing, Problem> {
    let text = concat!("SELECT ", standing!(), " FROM review now ", standing_from!(), "WHERE now.id = $1");
    Ok(sql(text).bind::<BigInt, _>(current).get_result(connection).await?)
}

impl Standing {
    /// How far it has come.
    pub(super) fn state(&self) -> AcknowledgementState {
        self.last_act.map_or(AcknowledgementState::Outstanding, AcknowledgementAct::leads_to)
    }

    /// Whether an act may follow. A decision on an appeal is told whatever was said before: the term begins anew.
    pub(super) fn takes(&self, act: AcknowledgementAct) -> bool {
        act.may_follow(self.state()) || self.decision_of(act).is_some()
    }

    /// The appeal of whose decision the act would tell.
    pub(super) fn decision_of(&self, act: AcknowledgementAct) -> Option<i64> {
        self.untold_decision.filter(|_| act == AcknowledgementAct::Told)
    }

    /// Why an act does not follow.
    pub(super) fn refuses(&self, act: AcknowledgementAct) -> Problem {
        let Some((last, at)) = self.last_act.zip(self.last_at) else {
            return Problem::conflict(say!(
                "这一版还没有告知，而“{act}”是对告知的答复",
                "nobody has been told of this revision yet, and '{act}' answers to that"
            ));
        };
        let at = at.format("%Y-%m-%dT%H:%M:%SZ");
        Problem::conflict(match self.last_by.as_deref() {
            Some(by) => say!(
                "“{act}”不能接在“{last}”之后（{by} 于 {at} 登记）",
                "'{act}' does not follow '{last}', recorded by {by} at {at}"
            ),
            None => say!(
                "“{act}”不能接在“{last}”之后（{at} 登记）",
                "'{act}' does not follow '{last}', recorded at {at}"
            ),
        })
    }
}

/// Whose review it is, as far as it decides on who may add which act.
#[derive(Clone, Copy, Debug)]
pub(super) struct Whose {
    employee_id: i64,
    /// Whether the caller may record what the person does not say.
    is_reached: bool,
    state: CycleState,
    /// The revision in force.
    current: i64,
}

impl Subject {
    pub(super) fn whose(&self) -> Whose {
        let Self { employee_id, is_reached, cycle_state, current, .. } = *self;
        Whose { employee_id, is_reached, state: cycle_state, current }
    }
}

/// Whether an act is the caller's to record.
pub(super) fn authorise(whose: Whose, identity: &Identity, act: AcknowledgementAct) -> Result<(), Problem> {
    let is_own = identity.employee_id == Some(whose.employee_id);
    match (act.is_the_persons(), is_own) {
        (true, true) => Ok(()),
        (true, false) => Err(Problem::new(
            Code::Forbidden,
            say!("只有被考核人本人可以这样答复", "only the person reviewed says this"),
        )),
        (false, true) => Err(Problem::new(
            Code::Forbidden,
            say!("这是您自己的考核：由别人登记", "the review is your own: somebody else records this"),
        )),
        (false, false) if whose.is_reached => Ok(()),
        (false, false) => {
            Err(Problem::new(Code::Forbidden, say!("这要由别人登记", "this is somebody else's to record")))
        }
    }
}

/// The acts about a review's revision in force that are open to the caller, who reaches it to acknowledge it.
pub(in crate::reviews) fn open_acts(
    cx: &Context,
    subject: &subject::Subject,
    standing: &Standing,
) -> Vec<AllowedAction> {
    let subject::Subject { employee_id, state, current, .. } = *subject;
    allowed(cx, Whose { employee_id, is_reached: true, state, current }, standing)
}

/// The acts that are open to the caller.
pub(super) fn allowed(cx: &Context, whose: Whose, standing: &Standing) -> Vec<AllowedAction> {
    let Some(identity) = cx.identity.as_ref().filter(|_| whose.state == CycleState::Published) else {
        return Vec::new();
    };
    let acts = AcknowledgementAct::ALL.iter().filter(|act| act.is_the_persons() || act.is_recorded());
    let open = acts.filter(|act| standing.takes(**act) && authorise(whose, identity, **act).is_ok());
    let action = |act: &AcknowledgementAct| {
        let path = format!("/v1/reviews/{}/acknowledgements", whose.current);
        let needs_reason =
            matches!(act, AcknowledgementAct::ConfirmedWithObjection | AcknowledgementAct::OutOfReach);
        let until = standing.until.filter(|_| act.is_the_persons());
        AllowedAction { needs_reason, ..AllowedAction::post(act.name(), path).until(until) }
    };
    open.map(action).collect()
}
