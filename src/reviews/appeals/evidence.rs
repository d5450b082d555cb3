//! Evidence of an appeal: a file that is kept here, or where it is with its hash.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use utoipa::{IntoParams, ToSchema};

use super::{AppealState, held, impartial, store};
use crate::auth::Context;
use crate::db::schema::appeal_evidence;
use crate::db::sql;
use crate::http::{Code, Problem};
use crate::said::say;

/// Largest file, in bytes.
pub const MAX_BYTES: usize = 5 * 1024 * 1024;

/// What was brought as evidence.
#[derive(Clone, Debug, QueryableByName, Serialize, Deserialize, ToSchema)]
#[schema(as = AppealEvidence)]
pub struct Evidence {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// What it is called.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// What kind of file it is.
    #[diesel(sql_type = Text)]
    pub media_type: String,
    /// Where it is, if it is not kept here.
    #[diesel(sql_type = Nullable<Text>)]
    pub link: Option<String>,
    /// SHA-256 of its bytes.
    #[diesel(sql_type = Text)]
    pub sha256: String,
    /// Login of who brought it.
    #[diesel(sql_type = Text)]
    pub added_by: String,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub added_at: DateTime<Utc>,
}

/// What a file is called.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EvidenceQuery {
    /// Its name, 1 to 200 characters.
    #[param(example = "通话记录.pdf", min_length = 1, max_length = 200)]
    pub name: String,
}

/// Evidence that is kept elsewhere.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EvidenceLink {
    /// What it is called.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Where it is: an address that begins with https://.
    #[garde(length(chars, max = 2000), prefix("https://"))]
    #[schema(example = "https://files.example.com/call.mp3", max_length = 2000)]
    pub link: String,
    /// SHA-256 of its bytes, in lower-case hexadecimal digits.
    #[garde(length(equal = 64), custom(is_hexadecimal))]
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub sha256: String,
    /// What kind of file it is.
    #[garde(length(chars, min = 1, max = 100))]
    #[schema(example = "audio/mpeg", min_length = 1, max_length = 100)]
    pub media_type: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde hands over a reference to its context")]
fn is_hexadecimal(text: &str, (): &()) -> garde::Result {
    match text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        true => Ok(()),
        false => Err(crate::http::body::refused(&say!(
            "应为小写十六进制数字",
            "expected lower-case hexadecimal digits"
        ))),
    }
}

/// A file that is kept here.
#[derive(Debug)]
pub struct EvidenceFile {
    /// What it is called.
    pub name: String,
    /// What kind of file it is.
    pub media_type: String,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// What was brought for an appeal, in order.
pub(super) async fn of_appeal(
    connection: &mut AsyncPgConnection,
    appeal_id: i64,
) -> Result<Vec<Evidence>, Problem> {
    let evidence = sql("SELECT v.id, v.name, v.media_type, v.link, v.sha256, a.login AS added_by, v.added_at
         FROM appeal_evidence v JOIN user_account a ON a.id = v.added_by WHERE v.appeal_id = $1 ORDER BY v.id")
    .bind::<BigInt, _>(appeal_id)
    .load(connection)
    .await?;
    Ok(evidence)
}

/// Adds a file to an appeal that is open. The person may, and whoever looks into it.
///
/// # Errors
///
/// Not found where the caller does not see the appeal; forbidden where it is neither the caller's nor the caller's to decide; a
/// conflict where it is over; fields at fault.
pub async fn add_file(cx: &mut Context, appeal_id: i64, file: EvidenceFile) -> Result<Evidence, Problem> {
    if !(1..=200).contains(&file.name.chars().count()) {
        return Err(Problem::field("name", say!("应为 1 到 200 个字", "expected 1 to 200 characters")));
    }
    if file.content.is_empty() {
        return Err(Problem::field("body", say!("应为文件，不能为空", "expected a file, not an empty body")));
    }
    if file.content.len() > MAX_BYTES {
        let detail = say!(
            "证据最多 {MAX_BYTES} 字节；更大的文件请用链接和哈希",
            "evidence is kept up to {MAX_BYTES} bytes; bring a larger file as a link with its hash"
        );
        return Err(Problem::new(Code::PayloadTooLarge, detail));
    }
    let sha256 = base16ct::lower::encode_string(&Sha256::digest(&file.content));
    add(cx, appeal_id, &file.name, &file.media_type, (Some(file.content), None), &sha256).await
}

/// Adds what is kept elsewhere.
///
/// # Errors
///
/// As for a file.
pub async fn add_link(cx: &mut Context, appeal_id: i64, link: &EvidenceLink) -> Result<Evidence, Problem> {
    let place = (None, Some(link.link.as_str()));
    add(cx, appeal_id, &link.name, &link.media_type, place, &link.sha256).await
}

async fn add(
    cx: &mut Context,
    appeal_id: i64,
    name: &str,
    media_type: &str,
    (content, link): (Option<Vec<u8>>, Option<&str>),
    sha256: &str,
) -> Result<Evidence, Problem> {
    let Some(by) = cx.by() else { return Err(Problem::new(Code::Forbidden, say!("请登录", "sign in"))) };
    let now = cx.now;
    cx.transaction(async |cx| {
        let (subject, appeal) = held(cx, appeal_id).await?;
        if !subject.is_own(cx) {
            impartial(cx, &subject).await?;
        }
        if !appeal.state.is_open() {
            return Err(Problem::conflict(say!(
                "申诉已经是 {}：不能再补充",
                "the appeal is {}: nothing is added to it",
                appeal.state
            )));
        }
        let id: i64 = diesel::insert_into(appeal_evidence::table)
            .values((
                appeal_evidence::appeal_id.eq(appeal_id),
                appeal_evidence::name.eq(name),
                appeal_evidence::media_type.eq(media_type),
                appeal_evidence::content.eq(content),
                appeal_evidence::link.eq(link),
                appeal_evidence::sha256.eq(sha256),
                appeal_evidence::added_by.eq(by),
                appeal_evidence::added_at.eq(now),
            ))
            .returning(appeal_evidence::id)
            .get_result(cx.db())
            .await?;
        // What was asked for has come.
        if appeal.state == AppealState::Waiting {
            store::advance(cx, appeal_id, AppealState::InReview, Some(name)).await?;
        }
        cx.audit("add_evidence", &format!("appeal/{appeal_id}"), json!({ "sha256": sha256 })).await?;
        let mut evidence = of_appeal(cx.db(), appeal_id).await?;
        evidence.retain(|one| one.id == id);
        evidence.pop().ok_or_else(|| Problem::not_found("evidence"))
    })
    .await
}

/// A file that is kept here, of an appeal that the caller sees.
///
/// # Errors
///
/// Not found where there is none.
pub async fn read(cx: &mut Context, appeal_id: i64, id: i64) -> Result<EvidenceFile, Problem> {
    let row = store::find(cx, appeal_id).await?;
    let found: Option<(String, String, Option<Vec<u8>>)> = appeal_evidence::table
        .find(id)
        .filter(appeal_evidence::appeal_id.eq(appeal_id))
        .select((appeal_evidence::name, appeal_evidence::media_type, appeal_evidence::content))
        .first(cx.db())
        .await
        .optional()?;
    let file = found
        .and_then(|(name, media_type, content)| Some(EvidenceFile { name, media_type, content: content? }));
    let file = file.ok_or_else(|| Problem::not_found("file"))?;
    cx.reading(file, [(row.appeal.review, row.employee_id)]).logged().await
}
