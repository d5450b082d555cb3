//! Lead sources 线索来源 and reasons of lost prospects 战败原因: data, each with its names. A store that begins with
//! livestreams adds a source.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::auth::audit;
use crate::http::Problem;

/// Which of the two lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SheetList {
    /// Where leads come from.
    LeadSources,
    /// Why prospects are lost.
    LostReasons,
}

impl SheetList {
    const fn table(self) -> &'static str {
        match self {
            Self::LeadSources => "lead_source",
            Self::LostReasons => "lost_reason",
        }
    }
}

/// A lead source, or a reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, QueryableByName, ToSchema)]
pub struct SheetLabel {
    /// Its key: 1 to 32 letters, digits, `-` or `_`.
    #[diesel(sql_type = Text)]
    #[schema(example = "autohome")]
    pub code: String,
    /// Its Chinese name.
    #[diesel(sql_type = Text)]
    #[schema(example = "汽车之家")]
    pub zh: String,
    /// Its English name.
    #[diesel(sql_type = Text)]
    #[schema(example = "Autohome")]
    pub en: String,
}

/// What a lead source or a reason is called.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SheetLabelNames {
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
pub async fn list(connection: &mut AsyncPgConnection, list: SheetList) -> Result<Vec<SheetLabel>, Problem> {
    let query = format!("SELECT code, zh, en FROM {} ORDER BY code COLLATE \"C\"", list.table());
    Ok(diesel::sql_query(query).load(connection).await?)
}

/// Adds something to a list, or renames it.
///
/// # Errors
///
/// The code at fault.
pub async fn put(
    connection: &mut AsyncPgConnection,
    list: SheetList,
    code: &str,
    names: SheetLabelNames,
    by: i64,
    now: DateTime<Utc>,
) -> Result<SheetLabel, Problem> {
    let is_code = (1..=32).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !is_code {
        return Err(Problem::field("code", "expected 1 to 32 letters, digits, - or _"));
    }
    let table = list.table();
    let label = connection
        .transaction(async |connection| {
            let label = diesel::sql_query(format!(
                "INSERT INTO {table} (code, zh, en) VALUES ($1, $2, $3) \
                 ON CONFLICT (code) DO UPDATE SET zh = excluded.zh, en = excluded.en RETURNING code, zh, en"
            ))
            .bind::<Text, _>(code)
            .bind::<Text, _>(&names.zh)
            .bind::<Text, _>(&names.en)
            .get_result::<SheetLabel>(connection)
            .await?;
            let detail = json!({ "zh": label.zh, "en": label.en });
            audit::record(connection, now, Some(by), "put_sheet_label", &format!("{table}/{code}"), detail)
                .await?;
            Ok::<_, Problem>(label)
        })
        .await?;
    Ok(label)
}
