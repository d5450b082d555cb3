//! Channels and series: data, each with its names. A store that begins to sell by livestream adds a channel.

pub mod http;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::db::schema::plan_label;
use crate::http::FieldError;
use crate::http::Problem;
use crate::http::body::check;
use crate::plan::split::tree::Tree;

/// A channel or a series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Queryable, ToSchema)]
pub struct PlanLabel {
    /// Its key: 1 to 32 letters, digits, `-` or `_`.
    #[schema(example = "phone_web")]
    pub code: String,
    /// Its Chinese name.
    #[schema(example = "电话网销")]
    pub zh: String,
    /// Its English name.
    #[schema(example = "Telephone and web")]
    pub en: String,
}

/// What a channel or a series is called.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelNames {
    /// Its Chinese name.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(example = "抖音直播")]
    pub zh: String,
    /// Its English name.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(example = "Livestream")]
    pub en: String,
}

/// Every channel, or every series, by code.
pub async fn list(connection: &mut AsyncPgConnection, tree: Tree) -> Result<Vec<PlanLabel>, Problem> {
    let mut labels: Vec<PlanLabel> = plan_label::table
        .filter(plan_label::tree.eq(tree.name()))
        .select((plan_label::code, plan_label::zh, plan_label::en))
        .load(connection)
        .await?;
    // Sorted here because the database's order of text depends on its locale.
    labels.sort_by(|a, b| a.code.cmp(&b.code));
    Ok(labels)
}

/// Adds a channel or a series, or renames it.
///
/// # Errors
///
/// Every field at fault.
pub async fn put(
    connection: &mut AsyncPgConnection,
    tree: Tree,
    code: &str,
    names: LabelNames,
) -> Result<PlanLabel, Problem> {
    check(&names)?;
    let is_code = (1..=32).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !is_code {
        return Err(Problem::fields(vec![FieldError::new(
            "code",
            "expected 1 to 32 letters, digits, - or _",
        )]));
    }
    let LabelNames { zh, en } = names;
    let row = (plan_label::zh.eq(&zh), plan_label::en.eq(&en));
    diesel::insert_into(plan_label::table)
        .values((plan_label::tree.eq(tree.name()), plan_label::code.eq(code), row))
        .on_conflict((plan_label::tree, plan_label::code))
        .do_update()
        .set(row)
        .execute(connection)
        .await?;
    Ok(PlanLabel { code: code.to_owned(), zh, en })
}
