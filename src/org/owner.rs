//! Whose something is that companies add to lists, write or try: everybody's, which the group keeps, or a single store's own.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Date, Nullable};
use diesel_async::RunQueryDsl;

use super::reached;
use crate::auth::Context;
use crate::auth::access::Action;
use crate::auth::scope::Scope;
use crate::db::sql;
use crate::http::{Code, Problem};
use crate::period::Period;
use crate::said::say;

/// The condition that an entry is everybody's, or of a store in which the caller is posted, or which the caller reaches by the
/// unit of the login or as a whole group: `is_shown!("$1", "l.store_id", "$2")` with a [`Scope`](crate::auth::Scope) and the day.
macro_rules! is_shown {
    ($scope:literal, $store:literal, $day:literal) => {
        concat!(
            "(",
            $store,
            " IS NULL OR (",
            $scope,
            ").everything OR EXISTS (SELECT FROM assignment p JOIN org_unit u ON u.id = p.unit_id
                 WHERE p.employee_id = (",
            $scope,
            ").employee_id AND u.store_id = ",
            $store,
            " AND daterange(p.valid_from, p.valid_to) @> ",
            $day,
            ") OR EXISTS (SELECT FROM org_unit s WHERE s.id = ",
            $store,
            " AND s.path @> ARRAY[(",
            $scope,
            ").unit_id]))"
        )
    };
}

pub(crate) use is_shown;

/// The owner of a new entry: the store of a code, or everybody where none is named.
///
/// # Errors
///
/// Forbidden where everybody's is not the caller's to keep; a field at fault where the store is out of reach.
pub(crate) async fn named(cx: &mut Context, store: Option<&str>) -> Result<Option<i64>, Problem> {
    let Some(code) = store else {
        return match cx.scope.is_everything() {
            true => Ok(None),
            false => Err(of_the_group()),
        };
    };
    reached::named_store(cx, code).await.map(Some)
}

/// Whether what belongs to `owner` is the caller's to keep: a store's where that is reached today, and everybody's for whom
/// reaches everything.
pub(crate) async fn is_kept(cx: &mut Context, owner: Option<i64>) -> Result<bool, Problem> {
    let Some(store_id) = owner else { return Ok(cx.scope.is_everything()) };
    let (scope, month) = (cx.scope.clone(), Period::containing(cx.today()));
    reached::is_reached(cx.db(), &scope, store_id, month).await
}

/// Refuses to change an entry that is not the caller's to keep.
///
/// # Errors
///
/// Forbidden.
pub(crate) async fn require(cx: &mut Context, owner: Option<i64>) -> Result<(), Problem> {
    match (is_kept(cx, owner).await?, owner) {
        (true, _) => Ok(()),
        (false, None) => Err(of_the_group()),
        (false, Some(_)) => Err(Problem::new(
            Code::Forbidden,
            say!("这是另一家门店自己的，请另取名字", "it is another store's own: name it otherwise"),
        )),
    }
}

/// The store whose something is that who asks makes as `A`: the one of the posting today, else of the login; none, which is
/// the group, for whoever reaches everything with it. What the operator makes is the only store's, or the group's where there
/// are several.
pub(crate) async fn of_maker<A: Action>(cx: &mut Context) -> Result<Option<i64>, Problem> {
    #[derive(QueryableByName)]
    struct Owner {
        #[diesel(sql_type = Nullable<BigInt>)]
        store_id: Option<i64>,
    }
    let is_of_group =
        cx.identity.as_ref().is_some_and(|identity| Scope::of(identity, A::reach_of).is_everything());
    let (by, today) = (cx.by(), cx.today());
    let owner: Owner = sql("SELECT CASE WHEN $1 THEN NULL WHEN $2 IS NULL THEN only_store() \
                            ELSE store_of_login($2, $3) END AS store_id")
    .bind::<Bool, _>(is_of_group)
    .bind::<Nullable<BigInt>, _>(by)
    .bind::<Date, _>(today)
    .get_result(cx.db())
    .await?;
    Ok(owner.store_id)
}

fn of_the_group() -> Problem {
    let detail = say!(
        "各店共用的由集团修改；门店要加自己的，请在 store 里写明本店",
        "what all stores share is changed by the group; a store adds its own by naming itself in 'store'"
    );
    Problem::new(Code::Forbidden, detail)
}
