//! Labels: what plans and daily sheets name by a code that companies add to, such as channels 渠道 and series 车系. What all
//! stores share is the group's to keep; a store that begins to sell by livestream adds a channel of its own.

pub mod http;

use std::collections::HashSet;

use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Integer, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::is_code;
use super::owner::{self, is_shown};
use crate::auth::Context;
use crate::auth::scope::CallerScope;
use crate::db::sql;
use crate::http::Problem;
use crate::http::etag::Seen;
use crate::said::say;

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
    /// Code of the store whose own it is; null where all stores share it.
    #[diesel(sql_type = Nullable<Text>)]
    pub store: Option<String>,
    /// Grows with every change; also the ETag.
    #[diesel(sql_type = Integer)]
    pub version: i32,
}

/// The names of something on a list.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelNames {
    /// Its Chinese name.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(example = "抖音直播", min_length = 1, max_length = 64)]
    pub zh: String,
    /// Its English name.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(example = "Livestream", min_length = 1, max_length = 64)]
    pub en: String,
    /// Code of the store whose own it is to be, for something new; left out, it is for all stores, which the group adds.
    #[garde(inner(length(chars, min = 1, max = 32)))]
    #[serde(default)]
    #[schema(example = "JC", min_length = 1, max_length = 32)]
    pub store: Option<String>,
}

impl LabelList {
    /// The condition on the rows that are the list's, for the table as `l`.
    fn rows(self) -> String {
        self.tree.map_or_else(|| "true".to_owned(), |tree| format!("l.tree = '{tree}'"))
    }
}

/// What the caller sees of a list, by code: what all stores share, and what is the own store's.
pub async fn list(cx: &mut Context, list: LabelList) -> Result<Vec<CodedLabel>, Problem> {
    let (scope, today) = (cx.scope.clone(), cx.today());
    let query = format!(
        "SELECT l.code, l.zh, l.en, s.code AS store, l.version FROM {} l LEFT JOIN org_unit s ON s.id = l.store_id
         WHERE {} AND {} ORDER BY l.code COLLATE \"C\"",
        list.table,
        list.rows(),
        is_shown!("$1", "l.store_id", "$2")
    );
    let labels = sql(query).bind::<CallerScope, _>(scope).bind::<Date, _>(today).load(cx.db()).await?;
    Ok(labels)
}

/// The codes of a list that the caller can name.
pub async fn codes(cx: &mut Context, list: LabelList) -> Result<HashSet<String>, Problem> {
    let labels = self::list(cx, list).await?;
    Ok(labels.into_iter().map(|label| label.code).collect())
}

/// The codes of a list that a unit's plan can name: those that all stores share, and those of stores above or below the unit.
pub async fn of_unit(
    connection: &mut AsyncPgConnection,
    list: LabelList,
    unit_id: i64,
) -> Result<HashSet<String>, Problem> {
    #[derive(QueryableByName)]
    struct Code {
        #[diesel(sql_type = Text)]
        code: String,
    }
    let query = format!(
        "SELECT l.code FROM {} l WHERE {} AND (l.store_id IS NULL OR EXISTS (SELECT FROM org_unit s JOIN org_unit u
             ON u.path @> ARRAY[s.id] OR s.path @> ARRAY[u.id] WHERE s.id = l.store_id AND u.id = $1))",
        list.table,
        list.rows()
    );
    let codes: Vec<Code> = sql(query).bind::<BigInt, _>(unit_id).load(connection).await?;
    Ok(codes.into_iter().map(|label| label.code).collect())
}

/// Adds something to a list, or renames it. `seen` is 0 for something new.
///
/// # Errors
///
/// The code or the store at fault; forbidden where it is the group's, or another store's, to change; a failed precondition where
/// somebody else has changed it.
pub async fn put(
    cx: &mut Context,
    list: LabelList,
    code: &str,
    names: LabelNames,
    seen: Seen,
) -> Result<CodedLabel, Problem> {
    if !is_code(code) {
        return Err(Problem::field(
            "code",
            say!("应为 1 到 32 个字母、数字、- 或 _", "expected 1 to 32 letters, digits, - or _"),
        ));
    }
    cx.transaction(async |cx| {
        // Of two who add one code, the second sees the first's.
        sql(format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", list.table)).execute(cx.db()).await?;
        let owner = match find(cx.db(), list, code).await? {
            Some(Kept { store_id, store, version }) => {
                owner::require(cx, store_id).await?;
                if names.store.is_some() && names.store != store {
                    let said = match store {
                        None => say!("它属于所有门店，不能改", "it is all stores', and stays so"),
                        Some(store) => say!("它属于门店 {store}，不能改", "it is {store}'s, and stays so"),
                    };
                    return Err(Problem::field("store", said));
                }
                seen.check(version)?;
                store_id
            }
            None => {
                let owner = owner::named(cx, names.store.as_deref()).await?;
                seen.check(0)?;
                owner
            }
        };
        let label = write(cx.db(), list, code, names, owner).await?;
        let detail = json!({ "zh": label.zh, "en": label.en, "store": label.store });
        cx.audit("put_label", &format!("{}/{code}", list.name), detail).await?;
        Ok(label)
    })
    .await
}

#[derive(QueryableByName)]
struct Kept {
    #[diesel(sql_type = Nullable<BigInt>)]
    store_id: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    store: Option<String>,
    #[diesel(sql_type = Integer)]
    version: i32,
}

async fn find(
    connection: &mut AsyncPgConnection,
    list: LabelList,
    code: &str,
) -> Result<Option<Kept>, Problem> {
    let query = format!(
        "SELECT l.store_id, s.code AS store, l.version FROM {} l LEFT JOIN org_unit s ON s.id = l.store_id
         WHERE {} AND l.code = $1",
        list.table,
        list.rows()
    );
    Ok(sql(query).bind::<Text, _>(code.to_owned()).get_result(connection).await.optional()?)
}

/// Adds something to a list, or renames it, as part of somebody else's work. Whose it is stays as it is.
pub async fn write(
    connection: &mut AsyncPgConnection,
    list: LabelList,
    code: &str,
    names: LabelNames,
    owner: Option<i64>,
) -> Result<CodedLabel, Problem> {
    let (columns, values, key) = match list.tree {
        Some(tree) => ("tree, ", format!("'{tree}', "), "tree, "),
        None => ("", String::new(), ""),
    };
    let label = sql(format!(
        "INSERT INTO {} AS l ({columns}code, zh, en, store_id) VALUES ({values}$1, $2, $3, $4) \
         ON CONFLICT ({key}code) DO UPDATE SET zh = excluded.zh, en = excluded.en, version = l.version + 1 \
         RETURNING code, zh, en, (SELECT s.code FROM org_unit s WHERE s.id = l.store_id) AS store, version",
        list.table
    ))
    .bind::<Text, _>(code.to_owned())
    .bind::<Text, _>(names.zh)
    .bind::<Text, _>(names.en)
    .bind::<Nullable<BigInt>, _>(owner)
    .get_result(connection)
    .await?;
    Ok(label)
}
