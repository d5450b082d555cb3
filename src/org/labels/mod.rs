//! Labels: what plans and daily sheets name by a code that companies add to, such as channels 渠道 and series 车系. A store
//! that begins to sell by livestream adds a channel.

pub mod http;

use std::collections::HashSet;

use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::is_code;
use crate::auth::Context;
use crate::db::sql;
use crate::http::Problem;

/// A list of labels.
#[derive(Clone, Copy, Debug)]
pub struct LabelList {
    /// What the audit trail calls the list.
    pub name: &'static str,
    /// The table that keeps it.
    pub table: &'static str,
    /// The word in the column `tree`, where the table keeps several lists.
    pub tree: Option<&'static str>,
}

/// The channels 渠道 that plans and daily sheets can name.
pub const CHANNELS: LabelList = LabelList { name: "channel", table: "plan_label", tree: Some("channel") };

/// The series 车系 that plans can name.
pub const SERIES: LabelList = LabelList { name: "series", table: "plan_label", tree: Some("series") };

/// One entry of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, QueryableByName, ToSchema)]
pub struct CodedLabel {
    /// Its code: 1 to 32 letters, digits, `-` or `_`.
    #[diesel(sql_type = Text)]
    #[schema(example = "phone_web")]
    pub code: String,
    /// Its Chinese name.
    #[diesel(sql_type = Text)]
    #[schema(example = "电话网销")]
    pub zh: String,
    /// Its English name.
    #[diesel(sql_type = Text)]
    #[schema(example = "Telephone and web")]
    pub en: String,
}

/// The names of something on a list.
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

/// Everything on a list, by code.
pub async fn list(connection: &mut AsyncPgConnection, list: LabelList) -> Result<Vec<CodedLabel>, Problem> {
    let of_tree = list.tree.map_or_else(String::new, |tree| format!("WHERE tree = '{tree}'"));
    let query = format!("SELECT code, zh, en FROM {} {of_tree} ORDER BY code COLLATE \"C\"", list.table);
    Ok(sql(query).load(connection).await?)
}

/// The codes on a list.
pub async fn codes(connection: &mut AsyncPgConnection, list: LabelList) -> Result<HashSet<String>, Problem> {
    let labels = self::list(connection, list).await?;
    Ok(labels.into_iter().map(|label| label.code).collect())
}

/// Adds something to a list, or renames it.
///
/// # Errors
///
/// The code at fault.
pub async fn put(
    cx: &mut Context,
    list: LabelList,
    code: &str,
    names: LabelNames,
) -> Result<CodedLabel, Problem> {
    if !is_code(code) {
        return Err(Problem::field("code", "expected 1 to 32 letters, digits, - or _"));
    }
    cx.transaction(async |cx| {
        let label = write(cx.db(), list, code, names).await?;
        let detail = json!({ "zh": label.zh, "en": label.en });
        cx.audit("put_label", &format!("{}/{code}", list.name), detail).await?;
        Ok(label)
    })
    .await
}

/// Adds something to a list, or renames it, as part of somebody else's work.
pub async fn write(
    connection: &mut AsyncPgConnection,
    list: LabelList,
    code: &str,
    names: LabelNames,
) -> Result<CodedLabel, Problem> {
    let (columns, values, key) = match list.tree {
        Some(tree) => ("tree, ", format!("'{tree}', "), "tree, "),
        None => ("", String::new(), ""),
    };
    let label = sql(format!(
        "INSERT INTO {} ({columns}code, zh, en) VALUES ({values}$1, $2, $3) \
         ON CONFLICT ({key}code) DO UPDATE SET zh = excluded.zh, en = excluded.en RETURNING code, zh, en",
        list.table
    ))
    .bind::<Text, _>(code.to_owned())
    .bind::<Text, _>(names.zh)
    .bind::<Text, _>(names.en)
    .get_result(connection)
    .await?;
    Ok(label)
}
