//! Which part of the organisation is asked about. What lies within few stores is found store by store; what is as wide as a
//! group is found by its order, and what is out of reach is passed over.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::unit_by_code;
use crate::auth::Context;
use crate::db::schema::org_unit;
use crate::http::Problem;
use crate::said::say;

/// A unit and everything below it, or the whole organisation, as far as the caller reaches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The unit; none: the whole organisation.
    pub unit: Option<i64>,
    /// The unit's store; none for a group.
    pub store: Option<i64>,
    /// Whether the caller reaches more than the stores of somebody's postings: [`is_reach_wide`].
    pub is_reach_wide: bool,
}

impl Part {
    /// The part below the unit with a code, or the whole organisation; none where there is no such unit.
    pub async fn find(cx: &Context, code: Option<&str>) -> Result<Option<Self>, Problem> {
        if code.is_some_and(|code| code.contains('\0')) {
            return Err(Problem::field("unit", say!("应为单位的代码", "expected the code of a unit")));
        }
        let named = async {
            match code {
                None => Ok(None),
                Some(code) => unit_by_code(cx.shared(), code).await.map(Some),
            }
        };
        let (named, is_reach_wide) = tokio::try_join!(named, is_reach_wide(cx))?;
        Ok(match named {
            None => Some(Self { unit: None, store: None, is_reach_wide }),
            Some(found) => {
                found.map(|unit| Self { unit: Some(unit.id), store: unit.store_id, is_reach_wide })
            }
        })
    }

    /// Whether it lies within few stores.
    pub fn is_narrow(self) -> bool {
        self.store.is_some() || !self.is_reach_wide
    }

    /// Whether it is narrow by what the caller reaches, and not by what was asked for.
    pub fn is_of_reach(self) -> bool {
        self.store.is_none() && !self.is_reach_wide
    }
}

/// Whether the caller reaches everything, or a whole group in every month.
pub async fn is_reach_wide(cx: &Context) -> Result<bool, Problem> {
    let Some(unit) = cx.scope.confined_to() else { return Ok(cx.scope.is_everything()) };
    let store = org_unit::table.find(unit).select(org_unit::store_id).first::<Option<i64>>(&mut cx.shared());
    let store = store.await;
    Ok(store.optional()? == Some(None))
}
