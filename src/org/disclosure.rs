//! Of how few people nothing is told to who may not see them: the group says.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::withheld::Fewest;
use crate::auth::Context;
use crate::db::schema::disclosure_policy;
use crate::http::etag::Seen;
use crate::http::{Code, Problem};
use crate::said::say;

/// Of how few people nothing is told, in the whole group, to who may not see them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DisclosurePolicy {
    /// Fewest people of whom sums, rates and grades are told, and of whom something may be found by subtraction: of fewer they are
    /// withheld.
    #[garde(range(min = 2, max = 100))]
    #[schema(minimum = 2, maximum = 100, example = 3)]
    pub fewest_people: i16,
}

/// The policy, with its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Disclosure {
    /// What holds.
    #[serde(flatten)]
    pub policy: DisclosurePolicy,
    /// Grows with every change; 0 while nobody has said anything else: then it is three people.
    pub version: i32,
}

/// The policy in force.
pub async fn read(mut connection: &AsyncPgConnection) -> Result<Disclosure, Problem> {
    let kept = disclosure_policy::table
        .select((disclosure_policy::fewest_people, disclosure_policy::version))
        .first(&mut connection);
    let (fewest_people, version) = kept.await?;
    Ok(Disclosure { policy: DisclosurePolicy { fewest_people }, version })
}

/// Fewest people of whom something is told.
pub async fn fewest(connection: &AsyncPgConnection) -> Result<Fewest, Problem> {
    Ok(Fewest(read(connection).await?.policy.fewest_people.into()))
}

/// Says of how few people nothing is told from now on, in the whole group.
///
/// # Errors
///
/// A failed precondition where somebody else has changed it.
pub async fn put(cx: &mut Context, policy: DisclosurePolicy, seen: Seen) -> Result<Disclosure, Problem> {
    if !cx.scope.is_everything() {
        let detail = say!(
            "最少人数适用于整个集团，由集团修改",
            "the fewest people told of hold for the whole group: they are the group's to change"
        );
        return Err(Problem::new(Code::Forbidden, detail));
    }
    cx.transaction(async |cx| {
        // Of two who change it at once, one waits for the other.
        let row = disclosure_policy::table.select(disclosure_policy::is_the_one).for_update();
        row.first::<bool>(cx.db()).await?;
        let before = read(cx.shared()).await?;
        seen.check(before.version)?;
        diesel::update(disclosure_policy::table)
            .set((
                disclosure_policy::fewest_people.eq(policy.fewest_people),
                disclosure_policy::version.eq(before.version + 1),
            ))
            .execute(cx.db())
            .await?;
        let detail = json!({ "before": before.policy, "after": policy });
        cx.audit("put_disclosure", "disclosure", detail).await?;
        read(cx.shared()).await
    })
    .await
}
