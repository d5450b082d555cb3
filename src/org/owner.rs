//! Whose an entry of a list is that companies add to: everybody's, which the group keeps, or a single store's own.

use super::reached;
use crate::auth::Context;
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
    reached::named_store(cx, code).await.map(Some)
}

/// Refuses to change an entry that is not the caller's to keep.
///
/// # Errors
///
/// Forbidden.
pub(crate) async fn require(cx: &mut Context, owner: Option<i64>) -> Result<(), Problem> {
    let Some(store_id) = owner else { return named(cx, None).await.map(|_| ()) };
    let (scope, month) = (cx.scope.clone(), Period::containing(cx.today()));
    match reached::is_reached(cx.db(), &scope, store_id, month).await? {
        true => Ok(()),
        false => Err(Problem::new(Code::Forbidden, "it is another store's own: name it otherwise")),
    }
}

fn of_the_group() -> Problem {
    let detail =
        "what all stores share is changed by the group; a store adds its own by naming itself in 'store'";
    Problem::new(Code::Forbidden, detail)
}
