//! A decided appeal kept as a golden case of the rule that it disputed: what people have decided once has to come out again.

use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{AppealState, store};
use crate::auth::access::{Action as _, ViewReviews};
use crate::auth::{Context, Scope};
use crate::http::etag::Seen;
use crate::http::{Code, Problem};
use crate::reviews::cases::{self, GoldenCase, ReviewCases};
use crate::reviews::explain;
use crate::rules::case_text::append;
use crate::rules::draft::{self, files};
use crate::rules::library::Library;
use crate::said::{Said, say};

/// Where a case is to be kept.
#[derive(Clone, Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGoldenCase {
    /// Id of the draft of the rules to which it is added; left out, a draft is begun from the release published last.
    #[garde(range(min = 1))]
    #[schema(minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    pub draft: Option<i64>,
}

/// A case that is kept.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct KeptGoldenCase {
    /// Id of the draft that has it now.
    pub draft: i64,
    /// The draft's version with it: its ETag.
    pub draft_version: i32,
    /// The case.
    #[serde(flatten)]
    pub case: GoldenCase,
}

/// The case that a decided appeal makes: the disputed rule on the facts of the revision that the decision came to.
///
/// # Errors
///
/// Not found where the caller does not see the appeal; a conflict where it is not decided.
pub async fn of_appeal(cx: &mut Context, library: &Library, id: i64) -> Result<ReviewCases, Problem> {
    let appeal = store::find(cx, id).await?.appeal;
    if appeal.state != AppealState::Decided {
        let detail = say!(
            "已决定 ('decided') 的申诉才能成为案例；现在是“{}”",
            "a case is made of an appeal that is 'decided'; its state is '{}'",
            appeal.state
        );
        return Err(Problem::conflict(detail));
    }
    let review = appeal.result.unwrap_or(appeal.review);
    let inputs = explain::inputs(cx, library, review).await?.logged().await?;
    let name = format!("{} appeal {id}", appeal.period);
    cases::made_of(inputs, Some(appeal.rule), name).await
}

/// Keeps the case of a decided appeal in a draft of the rules.
///
/// # Errors
///
/// Not found where the caller does not see the appeal, or there is no such draft; a conflict where it is not decided, no case
/// can be made of it, the draft has been handed in or lacks the rule, or has the case already.
pub async fn keep(
    cx: &mut Context,
    library: &Library,
    id: i64,
    new: &NewGoldenCase,
) -> Result<KeptGoldenCase, Problem> {
    let Some(identity) = cx.identity.clone() else {
        return Err(Problem::new(
            Code::Forbidden,
            say!("草稿要由有名有姓的人修改：请登录", "a draft is changed by somebody with a name: sign in"),
        ));
    };
    // Whoever drafts rules reaches all of them, but not everybody's reviews.
    let scope = Scope::of(&identity, ViewReviews::reach_of);
    let made = cx.within(scope, async |cx| of_appeal(cx, library, id).await).await?;
    let Some(case) = made.cases.into_iter().next() else {
        let reason = made.skipped.into_iter().next().map_or_else(String::new, |skipped| skipped.reason);
        return Err(Problem::conflict(say!(
            "不能由它作成案例：{reason}",
            "no case can be made of it: {reason}"
        )));
    };
    cx.transaction(async |cx| {
        let draft = match new.draft {
            Some(draft) => draft::find(cx, draft).await?,
            None => draft::copy(cx, None, &case.name).await?,
        };
        let script = case.file.replace(".cases.toml", ".rhai");
        if content(cx, draft.id, &script).await?.is_none() {
            return Err(Problem::conflict(say!(
                "草稿 {} 里没有 {script}",
                "draft {} has no {script}",
                draft.id
            )));
        }
        let existing = content(cx, draft.id, &case.file).await?.unwrap_or_default();
        let text = append(&case.file, &existing, &case.name, &case.toml).map_err(|finding| {
            Problem::conflict(Said::by(|language| finding.clone().in_language(language).to_string()))
        })?;
        let seen = Seen::Version(draft.version);
        let written = files::write(cx, draft.id, &case.file, text.as_bytes(), seen).await;
        let draft = written.map_err(|problem| match problem.code {
            Code::PreconditionFailed => Problem::busy(say!(
                "别人正在改这份草稿，请再试一次",
                "somebody else is changing the draft; try again"
            )),
            _ => problem,
        })?;
        let detail = json!({ "draft": draft.id, "file": case.file });
        cx.audit("keep_golden_case", &format!("appeal/{id}"), detail).await?;
        Ok(KeptGoldenCase { draft: draft.id, draft_version: draft.version, case })
    })
    .await
}

/// The text of a file of a draft, if there is one.
async fn content(cx: &mut Context, draft: i64, path: &str) -> Result<Option<String>, Problem> {
    match files::read(cx, draft, path).await {
        Ok((_, content)) => Ok(Some(String::from_utf8_lossy(&content).into_owned())),
        Err(problem) if problem.code == Code::NotFound => Ok(None),
        Err(problem) => Err(problem),
    }
}
