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

    /// Whether some units of a store are read person by person, and not all of them: what changes of the store's sums could then
    /// be of the others. The own numbers alone are no unit's.
    pub(super) fn reads_some_facts(&self) -> bool {
        reaches(&self.facts, &[Reach::Team, Reach::Department])
    }

    /// Whether some reviews of a store are read, and not all of them.
    pub(super) fn reads_some_reviews(&self) -> bool {
        reaches(&self.reviews, &[Reach::Own, Reach::Team, Reach::Department])
    }
}

fn reaches(scope: &Scope, some: &[Reach]) -> bool {
    some.iter().any(|reach| scope.reaches.contains(&reach.name()))
}
