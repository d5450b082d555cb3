//! Who may read a release: whoever may read the rules, and the people whom it scores. They are asked to say that they have
//! received it, and nobody confirms what cannot be read.

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Text};
use diesel_async::RunQueryDsl;

use super::library::Library;
use super::release;
use crate::auth::Context;
use crate::auth::access::{Action as _, ViewRules};
use crate::db::sql;
use crate::http::{Code, Problem};
use crate::said::say;

/// Whether somebody has received the release ($1), or holds a position that it scores ($3) in some month from its first one
/// until the next release takes over.
const CONCERNS: &str = "WITH span AS (
         SELECT k.id, coalesce(k.effective_from,
             date_trunc('month', k.published_at AT TIME ZONE 'Asia/Shanghai')::date) AS first FROM rule_release k),
     this AS (
         SELECT t.first, (SELECT min(o.first) FROM span o WHERE (o.first, o.id) > (t.first, t.id)) AS next
         FROM span t WHERE t.id = $1)
     SELECT EXISTS (SELECT FROM rule_receipt x WHERE x.release_id = $1 AND x.employee_id = $2)
         OR EXISTS (SELECT FROM this JOIN assignment p ON p.employee_id = $2 AND p.position = ANY ($3)
             WHERE daterange(p.valid_from, p.valid_to) && daterange(this.first, this.next)) AS is_concerned";

/// Lets the caller read a release.
///
/// # Errors
///
/// Not found where there is none; forbidden where it does not concern the caller, who does not read rules otherwise.
pub async fn may_read(cx: &mut Context, library: &Library, release_id: i64) -> Result<(), Problem> {
    #[derive(QueryableByName)]
    struct Concern {
        #[diesel(sql_type = Bool)]
        is_concerned: bool,
    }
    let Some(identity) = cx.identity.clone() else { return Ok(()) };
    if identity.roles.iter().any(|role| ViewRules::reach_of(*role).is_some()) {
        return Ok(());
    }
    let forbidden =
        || Problem::new(Code::Forbidden, say!("这些规则不给您计分", "these rules do not score you"));
    let release = release::find(cx.db(), release_id).await?;
    let Some(employee_id) = identity.employee_id else { return Err(forbidden()) };
    let bundle = library.bundle(cx.db(), &release.bundle).await?;
    let positions = bundle.schemes.values().map(|scheme| scheme.file.position.clone()).collect::<Vec<_>>();
    let concern: Concern = sql(CONCERNS)
        .bind::<BigInt, _>(release_id)
        .bind::<BigInt, _>(employee_id)
        .bind::<Array<Text>, _>(positions)
        .get_result(cx.db())
        .await?;
    if concern.is_concerned { Ok(()) } else { Err(forbidden()) }
}
