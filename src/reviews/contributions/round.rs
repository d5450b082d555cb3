//! What has been written about a review so far, and what of it is the caller's to write: read in one statement, alone or with
//! whatever else decides on what the caller may do.

use diesel::QueryableByName;
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::{Array, BigInt, Date, Jsonb, Nullable, Text};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};

use super::{ContributionKind, ContributionState};
use crate::auth::Context;
use crate::db::json::json_columns;
use crate::db::sql;
use crate::http::Problem;
use crate::period::Period;
use crate::reviews::visibility::{ReviewSight, Sight};

/// Where the month's round about a review stands.
#[derive(Debug, QueryableByName)]
pub(in crate::reviews) struct Round {
    /// What was written: drafts first, then in the order in which it was handed in.
    #[diesel(sql_type = Jsonb)]
    written: Written,
    /// The kinds of comments that are the caller's to make.
    #[diesel(sql_type = Array<Text>)]
    mine: Vec<ContributionKind>,
}

#[derive(Clone, Debug, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[serde(transparent)]
#[diesel(sql_type = Jsonb)]
struct Written(Vec<Piece>);

json_columns!(Written in "review_contribution");

/// One contribution, as far as it decides on what comes next.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Piece {
    kind: ContributionKind,
    state: ContributionState,
    /// What it says, where it is the caller's draft.
    draft: Option<String>,
    /// Whether the caller sees it.
    is_seen: bool,
}

/// The condition that a caller sees the contribution `k` to the review `r` of the cycle `c`: the login, and the
/// [`sights`] of the four kinds.
macro_rules! contribution_seen {
    ($by:literal, $assessment:literal, $leader:literal, $manager:literal, $hr:literal) => {
        concat!(
            "CASE WHEN k.author_id = ",
            $by,
            " THEN true WHEN k.state = 'draft' THEN false WHEN k.kind = 'self_assessment' THEN ",
            $crate::reviews::visibility::seen!(
                $assessment,
                "r.employee_id",
                "r.unit_id",
                "r.period",
                "c.stage"
            ),
            " WHEN k.kind = 'leader_comment' THEN ",
            $crate::reviews::visibility::seen!($leader, "r.employee_id", "r.unit_id", "r.period", "c.stage"),
            " WHEN k.kind = 'manager_comment' THEN ",
            $crate::reviews::visibility::seen!($manager, "r.employee_id", "r.unit_id", "r.period", "c.stage"),
            " WHEN k.kind = 'hr_check' THEN ",
            $crate::reviews::visibility::seen!($hr, "r.employee_id", "r.unit_id", "r.period", "c.stage"),
            " END"
        )
    };
}

/// The column `written` of a [`Round`], of the review `r` of the cycle `c`: the login and the sights.
macro_rules! written {
    ($by:literal, $assessment:literal, $leader:literal, $manager:literal, $hr:literal) => {
        concat!(
            "(SELECT coalesce(jsonb_agg(jsonb_build_object('kind', k.kind, 'state', k.state,
                 'draft', CASE WHEN k.state = 'draft' AND k.author_id = ",
            $by,
            " THEN k.text END, 'is_seen', coalesce(",
            $crate::reviews::contributions::round::contribution_seen!(
                $by,
                $assessment,
                $leader,
                $manager,
                $hr
            ),
            ", false)) ORDER BY k.handed_in_at NULLS FIRST, k.id), '[]') FROM review_contribution k
             WHERE k.cycle_id = r.cycle_id AND k.employee_id = r.employee_id AND k.scheme = r.scheme) AS written"
        )
    };
}

/// The column `mine` of a [`Round`]: whose eyes, whose review, in which unit and month, and today. Nothing is anybody's who
/// is no person.
macro_rules! mine {
    ($me:literal, $person:literal, $unit:literal, $month:literal, $today:literal) => {
        concat!(
            "ARRAY(SELECT one.kind FROM (VALUES ('leader_comment'), ('manager_comment')) AS one (kind)
                 WHERE ",
            $me,
            " IS NOT NULL AND EXISTS (SELECT FROM review_assessor(one.kind, ",
            $person,
            ", ",
            $unit,
            ", ",
            $month,
            ", ",
            $today,
            ") a WHERE a.employee_id = ",
            $me,
            ")) AS mine"
        )
    };
}

pub(in crate::reviews) use {contribution_seen, mine, written};

/// What the caller sees of each kind, in their order.
pub(in crate::reviews) fn sights(cx: &Context) -> [Sight; 4] {
    let sight = |kind: ContributionKind| Sight::of(cx, kind.part());
    [
        sight(ContributionKind::SelfAssessment),
        sight(ContributionKind::LeaderComment),
        sight(ContributionKind::ManagerComment),
        sight(ContributionKind::HrCheck),
    ]
}

/// The round about a review, named by any of its revisions.
pub(super) async fn of(cx: &mut Context, review_id: i64) -> Result<Round, Problem> {
    let [assessment, leader, manager, hr] = sights(cx);
    let (by, today) = (cx.by(), cx.today());
    let me = cx.identity.as_ref().and_then(|by| by.employee_id);
    let round = sql(concat!(
        "SELECT ",
        written!("$2", "$3", "$4", "$5", "$6"),
        ", ",
        mine!("$7", "now.employee_id", "now.unit_id", "now.period", "$8"),
        " FROM review r JOIN review_cycle c ON c.id = r.cycle_id JOIN review now ON now.cycle_id = r.cycle_id
             AND now.employee_id = r.employee_id AND now.scheme = r.scheme AND now.is_current WHERE r.id = $1"
    ))
    .bind::<BigInt, _>(review_id)
    .bind::<Nullable<BigInt>, _>(by)
    .bind::<ReviewSight, _>(assessment)
    .bind::<ReviewSight, _>(leader)
    .bind::<ReviewSight, _>(manager)
    .bind::<ReviewSight, _>(hr)
    .bind::<Nullable<BigInt>, _>(me)
    .bind::<Date, _>(today)
    .get_result(cx.db())
    .await?;
    Ok(round)
}

/// The kinds of comments on the review of a person, in a unit and month, that are the caller's to make.
pub(in crate::reviews) async fn comments_of_caller(
    cx: &mut Context,
    (employee_id, unit_id, period): (i64, i64, Period),
) -> Result<Vec<ContributionKind>, Problem> {
    #[derive(QueryableByName)]
    struct Mine {
        #[diesel(sql_type = Array<Text>)]
        mine: Vec<ContributionKind>,
    }
    let today = cx.today();
    let me = cx.identity.as_ref().and_then(|by| by.employee_id);
    let found: Mine = sql(concat!("SELECT ", mine!("$1", "$2", "$3", "$4", "$5")))
        .bind::<Nullable<BigInt>, _>(me)
        .bind::<BigInt, _>(employee_id)
        .bind::<BigInt, _>(unit_id)
        .bind::<Date, _>(period)
        .bind::<Date, _>(today)
        .get_result(cx.db())
        .await?;
    Ok(found.mine)
}

impl Round {
    /// Whether it is the caller's to comment in this way.
    pub(super) fn is_mine(&self, kind: ContributionKind) -> bool {
        self.mine.contains(&kind)
    }

    /// Whether it is the caller's to comment in any way.
    pub(in crate::reviews) fn is_the_callers(&self) -> bool {
        !self.mine.is_empty()
    }

    /// The state of what was last handed in of a kind, whoever wrote it.
    pub(super) fn last(&self, kind: ContributionKind) -> Option<ContributionState> {
        let handed_in = |one: &&Piece| one.kind == kind && one.state != ContributionState::Draft;
        self.written.0.iter().rfind(handed_in).map(|one| one.state)
    }

    /// What the caller's draft of a kind says.
    pub(super) fn draft(&self, kind: ContributionKind) -> Option<&str> {
        self.written.0.iter().filter(|one| one.kind == kind).find_map(|one| one.draft.as_deref())
    }

    /// Whether the caller sees something of a kind that is handed in.
    pub(super) fn shows(&self, kind: ContributionKind) -> bool {
        let is_it = |one: &Piece| one.kind == kind && one.state == ContributionState::HandedIn && one.is_seen;
        self.written.0.iter().any(is_it)
    }
}
