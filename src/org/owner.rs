//! Whose an entry of a list is that companies add to: everybody's, which the group keeps, or a single store's own.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_async::RunQueryDsl;

use super::reached;
use crate::auth::Context;
use crate::db::sql;
use crate::http::{Code, Problem};
use crate::period::Period;

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
    let (scope, month) = (cx.scope.clone(), Period::containing(cx.today()));
    match reached::store(cx.db(), &scope, code, month).await {
        Ok(store_id) => Ok(Some(store_id)),
        Err(problem) if problem.code == Code::NotFound => {
            Err(Problem::field("store", format!("there is no store '{code}' within your reach")))
        }
        Err(problem) => Err(problem),
    }
}

/// Refuses to change an entry that is not the caller's to keep.
///
/// # Errors
///
/// Forbidden.
pub(crate) async fn require(cx: &mut Context, owner: Option<i64>) -> Result<(), Problem> {
    let Some(store_id) = owner else { return named(cx, None).await.map(|_| ()) };
    let code = code_of(cx, store_id).await?;
    match named(cx, Some(&code)).await {
        Ok(_) => Ok(()),
        Err(problem) if problem.code == Code::ValidationFailed => {
            Err(Problem::new(Code::Forbidden, "it is another store's own: name it otherwise"))
        }
        Err(problem) => Err(problem),
    }
}

async fn code_of(cx: &mut Context, store_id: i64) -> Result<String, Problem> {
    #[derive(QueryableByName)]
    struct Store {
        #[diesel(sql_type = Text)]
        code: String,
    }
    let store: Store = sql("SELECT s.code FROM org_unit s WHERE s.id = $1")
        .bind::<BigInt, _>(store_id)
        .get_result(cx.db())
        .await?;
    Ok(store.code)
}

fn of_the_group() -> Problem {
    let detail =
        "what all stores share is changed by the group; a store adds its own by naming itself in 'store'";
    Problem::new(Code::Forbidden, detail)
}
