//! How far somebody reaches who follows changes: with each thing as far as one may read it.

use crate::auth::access::{
    FollowChanges, Reach, ViewAggregates, ViewCycles, ViewFacts, ViewLeaderboard, ViewOrganisation, ViewPlan,
    ViewReviews,
};
use crate::auth::{Caller, Scope};

/// Whose changes somebody is told.
pub struct Sight {
    pub(super) aggregates: Scope,
    pub(super) facts: Scope,
    pub(super) leaderboard: Scope,
    pub(super) reviews: Scope,
    pub(super) plans: Scope,
    pub(super) organisation: Scope,
    pub(super) cycles: Scope,
}

impl Sight {
    /// What `caller` may read.
    pub fn of(caller: &Caller<FollowChanges>) -> Self {
        Self {
            aggregates: caller.reach_with::<ViewAggregates>(),
            facts: caller.reach_with::<ViewFacts>(),
            leaderboard: caller.reach_with::<ViewLeaderboard>(),
            reviews: caller.reach_with::<ViewReviews>(),
            plans: caller.reach_with::<ViewPlan>(),
            organisation: caller.reach_with::<ViewOrganisation>(),
            cycles: caller.reach_with::<ViewCycles>(),
        }
    }

    /// Whether somebody knows some of a store's people by themselves, and not all: what changes of the store's sums could then
    /// be of the others.
    pub(super) fn knows_some(scope: &Scope) -> bool {
        let some = [Reach::Own, Reach::Team, Reach::Department].map(Reach::name);
        scope.reaches.iter().any(|reach| some.contains(reach))
    }
}
