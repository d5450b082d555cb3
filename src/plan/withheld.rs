//! Targets that tell results. Where the rest of a year was planned again, its months share the task less what the closed ones have
//! brought; so whoever knows the task finds that by the sum of the months from the first on that was planned again. Where it is of
//! few people in a store, these months are withheld from whoever may not see the people, with all that is made of them.

use std::collections::HashMap;

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Date, Integer};
use diesel_async::RunQueryDsl;

use super::versions::store::{self, Version};
use super::viewer::{self, seen_whole};
use crate::auth::Context;
use crate::auth::scope::CallerScope;
use crate::db::sql;
use crate::http::{Code, Problem};
use crate::org::disclosure;
use crate::org::withheld::Fewest;
use crate::period::Period;
use crate::said::say;

/// A statement about versions that counted results of fewer people in a store than are told of, `$1`; one that does not say of how
/// many is taken to be of few. `first` is the first month that it planned again. Between its two parts stands the condition that who
/// asks in the month `$3`, and reaches as far as `$2`, sees such a version as a whole.
macro_rules! of_few {
    ($before:literal, $behind:literal) => {
        concat!(
            "WITH few AS (
                 SELECT r.id, r.unit_id, r.year, r.approved_at,
                     make_date(r.year, split_part(r.split #>> '{replanned,from}', '-', 2)::integer, 1) AS first
                 FROM annual_plan r
                 WHERE jsonb_path_exists(r.split, '$.replanned.results[*].fewest_people[*] ? (@ > 0 && @ < $fewest)',
                     jsonb_build_object('fewest', $1))
                 OR jsonb_path_exists(r.split, '$.replanned.results[*] ? (!exists(@.fewest_people))')) ",
            $before,
            seen_whole!("$2", "$3", "few.unit_id", "few.year"),
            $behind
        )
    };
}

#[derive(QueryableByName)]
struct First {
    /// The version or the unit that was asked about.
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Date)]
    first: Period,
}

/// Fewest people of whom somebody is told: one more where one of them may be the reader.
async fn fewest(cx: &Context) -> Result<i64, Problem> {
    let Fewest(fewest) = disclosure::fewest(cx.shared()).await?;
    Ok(fewest + i64::from(viewer::sees_names(cx)))
}

/// The first month of version `id` that is withheld from who asks; none: all are shown. What a version took over from earlier ones
/// is withheld with theirs, and what groups above have given with theirs, where their plans are seen.
pub(in crate::plan) async fn of_version(cx: &mut Context, id: i64) -> Result<Option<Period>, Problem> {
    if viewer::sees_people(cx, id).await? {
        return Ok(None);
    }
    let (fewest, scope, month) = (fewest(cx).await?, cx.scope.clone(), viewer::month(cx));
    let found: Vec<First> = sql(of_few!(
        "SELECT p.id, min(few.first) AS first FROM annual_plan p JOIN org_unit u ON u.id = p.unit_id
         JOIN few ON few.unit_id = ANY (u.path) AND few.year = p.year
             AND (few.id = p.id OR few.id < p.id AND few.approved_at IS NOT NULL)
         WHERE p.id = $4 AND (few.unit_id = u.id OR ",
        ") GROUP BY p.id"
    ))
    .bind::<BigInt, _>(fewest)
    .bind::<CallerScope, _>(scope)
    .bind::<Date, _>(month)
    .bind::<BigInt, _>(id)
    .load(cx.db())
    .await?;
    Ok(found.into_iter().next().map(|found| found.first))
}

/// The first month of a year from which what is in force in units is withheld from whoever does not see the people there, by unit;
/// those that are not listed show all. What stands above a unit tells of it by subtraction; and a group's plan that is seen tells by
/// what it gives to any unit.
pub async fn in_force(cx: &mut Context, year: i32, units: Vec<i64>) -> Result<HashMap<i64, Period>, Problem> {
    if units.is_empty() {
        return Ok(HashMap::new());
    }
    let (fewest, scope, month) = (fewest(cx).await?, cx.scope.clone(), viewer::month(cx));
    let found: Vec<First> = sql(of_few!(
        "SELECT u.id, min(few.first) AS first FROM few JOIN org_unit planned ON planned.id = few.unit_id
         JOIN org_unit u ON u.id = ANY ($5) AND (u.path @> ARRAY[planned.id] OR planned.path @> ARRAY[u.id])
         WHERE few.year = $4 AND few.approved_at IS NOT NULL AND (planned.kind = 'store' OR planned.path @> ARRAY[u.id] OR ",
        ") GROUP BY u.id"
    ))
    .bind::<BigInt, _>(fewest)
    .bind::<CallerScope, _>(scope)
    .bind::<Date, _>(month)
    .bind::<Integer, _>(year)
    .bind::<Array<BigInt>, _>(units)
    .load(cx.db())
    .await?;
    Ok(found.into_iter().map(|found| (found.id, found.first)).collect())
}

/// Refuses what is made of all months of version `id` where some of them are withheld.
pub(in crate::plan) async fn require_all(cx: &mut Context, id: i64) -> Result<(), Problem> {
    refuse(of_version(cx, id).await?)
}

/// Refuses what is made of all months in force in the unit of version `id` where some of them are withheld.
pub(in crate::plan) async fn require_all_in_force(cx: &mut Context, id: i64) -> Result<(), Problem> {
    if viewer::sees_people(cx, id).await? {
        return Ok(());
    }
    let Version { unit_id, year, .. } = store::version(cx.db(), id).await?;
    refuse(in_force(cx, year, vec![unit_id]).await?.remove(&unit_id))
}

fn refuse(withheld_from: Option<Period>) -> Result<(), Problem> {
    let Some(first) = withheld_from else { return Ok(()) };
    let message = say!(
        "由 {first} 起的目标能推算出少数几个人的实绩，不向无权查看个人的账号提供",
        "the targets from {first} on would tell what few people have brought, and are withheld from who may not see people"
    );
    Err(Problem::new(Code::Forbidden, message))
}

/// Which months of a year are told, where those from `first` on are withheld.
pub(in crate::plan) fn told(first: Option<Period>) -> [bool; 12] {
    std::array::from_fn(|month| first.is_none_or(|first| month < first.index()))
}

/// A year's months without those from `first` on.
pub(in crate::plan) fn shown(months: [i64; 12], first: Option<Period>) -> [Option<i64>; 12] {
    viewer::shown(months.map(Some), &told(first))
}
