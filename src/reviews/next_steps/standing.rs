//! Where a review stands: everything that decides what the caller may do with it next, in one statement.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Date, Integer, Jsonb, Nullable};
use diesel_async::RunQueryDsl;

use super::reached::Reached;
use crate::auth::access::{Acknowledge, Action, AdjustReviews, CheckReviews, Contribute, RecordTalks};
use crate::auth::{Context, Scope};
use crate::db::sql_of;
use crate::http::Problem;
use crate::reviews::acknowledgements::standing::{
    self as acknowledged, no_standing, standing, standing_from,
};
use crate::reviews::appeals::filing::{Told, no_told, told};
use crate::reviews::contributions::round::{Round, mine, sights, written};
use crate::reviews::cycle::dates::{self, Dates, KeptDates, kept_dates};
use crate::reviews::subject::Subject;
use crate::reviews::visibility::{Part, ReviewSight, Sight, seen};

/// What has to be known of a review.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked {
    /// Whether the caller contributes to it.
    pub(super) contributes: Reached,
    /// Whether the caller answers for it by name.
    pub(super) checks: Reached,
    /// Whether the caller adjusts it.
    pub(super) adjusts: Reached,
    /// Whether the caller acknowledges it, or records how somebody was told.
    pub(super) acknowledges: Reached,
    /// Whether the caller records talks about it.
    pub(super) talks: Reached,
    /// Whether it is the caller's to appeal, as long as that is in time.
    pub(super) files_appeal: bool,
}

impl Asked {
    fn reaches(&self) -> [Reached; 5] {
        [self.contributes, self.checks, self.adjusts, self.acknowledges, self.talks]
    }

    /// Whether there is nothing that the caller could do.
    pub(super) fn is_nothing(&self) -> bool {
        !self.files_appeal && self.reaches().iter().all(|reached| *reached == Reached::No)
    }
}

/// Where a review stands, as far as it was asked.
pub(super) struct Standing {
    pub(super) round: Round,
    pub(super) acknowledgement: acknowledged::Standing,
    pub(super) told: Told,
    /// Whether somebody has waived what it has to be looked at for.
    pub(super) is_waived: bool,
    pub(super) contributes: bool,
    pub(super) checks: bool,
    pub(super) adjusts: bool,
    pub(super) acknowledges: bool,
    pub(super) talks: bool,
    dates: KeptDates,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(embed)]
    round: Round,
    #[diesel(embed)]
    acknowledgement: acknowledged::Standing,
    #[diesel(embed)]
    told: Told,
    #[diesel(sql_type = Bool)]
    is_waived: bool,
    #[diesel(sql_type = Jsonb)]
    dates: KeptDates,
    #[diesel(sql_type = Nullable<Bool>)]
    contributes: Option<bool>,
    #[diesel(sql_type = Nullable<Bool>)]
    checks: Option<bool>,
    #[diesel(sql_type = Nullable<Bool>)]
    adjusts: Option<bool>,
    #[diesel(sql_type = Nullable<Bool>)]
    acknowledges: Option<bool>,
    #[diesel(sql_type = Nullable<Bool>)]
    talks: Option<bool>,
}

/// Whether an action reaches the review `r` of the cycle `c`.
macro_rules! reach {
    ($sight:literal, $name:literal) => {
        concat!(", ", seen!($sight, "r.employee_id", "r.unit_id", "r.period", "c.stage"), " AS ", $name)
    };
}

impl Standing {
    /// Of a review that the caller sees, named by one of its revisions.
    pub(super) async fn load(
        cx: &mut Context,
        review_id: i64,
        subject: &Subject,
        asked: &Asked,
    ) -> Result<Self, Problem> {
        let today = cx.today();
        let years = dates::years(subject.period, today);
        let (by, me) = (cx.by(), cx.identity.as_ref().and_then(|by| by.employee_id));
        let [assessment, leader, manager, hr] = sights(cx);
        let is_reach_asked = asked.reaches().contains(&Reached::Asked);
        let writes = asked.contributes != Reached::No;
        let comments = writes || asked.talks != Reached::No;
        let answers = asked.acknowledges != Reached::No;
        let row: Row = sql_of([
            (true, "SELECT "),
            (writes, written!("$3", "$4", "$5", "$6", "$7")),
            (!writes, "'[]'::jsonb AS written"),
            (true, ", "),
            (comments, mine!("$8", "now.employee_id", "now.unit_id", "now.period", "$9")),
            (!comments, "'{}'::text[] AS mine"),
            (true, ", "),
            (answers, standing!()),
            (!answers, no_standing!()),
            (true, ", "),
            (asked.files_appeal, told!()),
            (!asked.files_appeal, no_told!()),
            (true, ", EXISTS (SELECT FROM review_waiver x WHERE x.review_id = r.id) AS is_waived, "),
            (true, kept_dates!("c.store_id", "$10", "$11")),
            (true, " AS dates"),
            (is_reach_asked, reach!("$12", "contributes")),
            (is_reach_asked, reach!("$13", "checks")),
            (is_reach_asked, reach!("$14", "adjusts")),
            (is_reach_asked, reach!("$15", "acknowledges")),
            (is_reach_asked, reach!("$16", "talks")),
            (
                !is_reach_asked,
                ", NULL::boolean AS contributes, NULL::boolean AS checks, NULL::boolean AS adjusts,
                 NULL::boolean AS acknowledges, NULL::boolean AS talks",
            ),
            (true, " FROM review r JOIN review_cycle c ON c.id = r.cycle_id JOIN review now ON now.id = $2 "),
            (answers, standing_from!()),
            (true, "WHERE r.id = $1"),
        ])
        .bind::<BigInt, _>(review_id)
        .bind::<BigInt, _>(subject.current)
        .bind::<Nullable<BigInt>, _>(by)
        .bind::<ReviewSight, _>(assessment)
        .bind::<ReviewSight, _>(leader)
        .bind::<ReviewSight, _>(manager)
        .bind::<ReviewSight, _>(hr)
        .bind::<Nullable<BigInt>, _>(me)
        .bind::<Date, _>(today)
        .bind::<Integer, _>(*years.start())
        .bind::<Integer, _>(*years.end())
        .bind::<ReviewSight, _>(sight::<Contribute>(cx))
        .bind::<ReviewSight, _>(sight::<CheckReviews>(cx))
        .bind::<ReviewSight, _>(sight::<AdjustReviews>(cx))
        .bind::<ReviewSight, _>(sight::<Acknowledge>(cx))
        .bind::<ReviewSight, _>(sight::<RecordTalks>(cx))
        .get_result(cx.db())
        .await?;
        let is = |reached: Reached, found: Option<bool>| match reached {
            Reached::No => false,
            Reached::Yes => true,
            Reached::Asked => found.unwrap_or(false),
        };
        Ok(Self {
            round: row.round,
            acknowledgement: row.acknowledgement,
            told: row.told,
            is_waived: row.is_waived,
            contributes: is(asked.contributes, row.contributes),
            checks: is(asked.checks, row.checks),
            adjusts: is(asked.adjusts, row.adjusts),
            acknowledges: is(asked.acknowledges, row.acknowledges),
            talks: is(asked.talks, row.talks),
            dates: row.dates,
        })
    }

    /// The terms and the calendar of the store.
    pub(super) fn dates(&self) -> Result<Dates, Problem> {
        self.dates.clone().open()
    }
}

/// Which scores the caller sees by the roles that may do something.
fn sight<A: Action>(cx: &Context) -> Sight {
    let scope = cx.identity.as_ref().map_or_else(Scope::operator, |by| Scope::of(by, A::reach_of));
    Sight::within(cx, scope, Part::Score)
}
