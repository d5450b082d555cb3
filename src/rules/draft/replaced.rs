//! What a draft takes the place of in the month from which it is to count, and whether that is what it was written
//! against: otherwise approving it would take back what others have had approved since.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::diff::{FileChange, between};
use super::rebase::files_of;
use super::{Draft, files};
use crate::auth::Context;
use crate::db::schema::assignment;
use crate::http::Problem;
use crate::period::Period;
use crate::rules::release::{self, Release};
use crate::rules::vanished::unscored_of;
use crate::said::say;

/// Where a release for a month comes to stand among the others.
#[derive(Debug)]
pub struct Standing {
    /// The one that scores the month so far.
    pub replaces: Option<Release>,
    /// The one that takes over later.
    pub next: Option<Release>,
}

impl Standing {
    /// Of a release for `month`.
    pub async fn of(connection: &mut AsyncPgConnection, month: Period) -> Result<Self, Problem> {
        let replaces = release::in_force(connection, month, None).await?;
        let next = release::upcoming(connection, month).await?.into_iter().next();
        Ok(Self { replaces, next })
    }

    /// Refuses a draft of another release than the one it would replace: what differs between the two would be taken back.
    pub async fn require_base(
        &self,
        connection: &mut AsyncPgConnection,
        draft: i64,
        base: Option<i64>,
    ) -> Result<(), Problem> {
        let replaced = self.replaces.as_ref();
        if base == replaced.map(|release| release.id) {
            return Ok(());
        }
        // The same rules, released again, are no other ones.
        if let (Some(base), Some(replaced)) = (base, replaced)
            && release::find(connection, base).await?.bundle == replaced.bundle
        {
            return Ok(());
        }
        let (zh, en) = base.map_or_else(
            || ("空白".to_owned(), "nothing".to_owned()),
            |id| (format!("发布版本 {id}"), format!("release {id}")),
        );
        let message = match replaced {
            Some(Release { id, .. }) => say!(
                "草稿 {draft} 是在{zh}上改的，批准后却会取代发布版本 {id}，取消那一版的修改。请把它移到发布版本 {id} 上（showfloor rules rebase {draft} --onto {id}；HTTP 用 rebase_rule_draft），看过差异、试算之后重新提交；已提交的请先撤回",
                "draft {draft} is a change of {en}, but it would replace release {id} and take back what that one \
                 changed. Put it onto release {id} (showfloor rules rebase {draft} --onto {id}; over HTTP \
                 rebase_rule_draft), look at the difference, try it and hand it in again; what was handed in is \
                 withdrawn first"
            ),
            None => say!(
                "草稿 {draft} 是在{zh}上改的，而那个月没有生效的发布版本",
                "draft {draft} is a change of {en}, but no release counts in that month"
            ),
        };
        Err(Problem::conflict(message))
    }

    /// The id of the release that a draft gives way to, which `until_next` has to say knowingly.
    pub fn require_last(&self, month: Period, until_next: bool) -> Result<Option<i64>, Problem> {
        let Some(next) = self.next.as_ref().filter(|_| !until_next) else {
            return Ok(self.next.as_ref().map(|next| next.id));
        };
        let from = next.effective_from.map(|from| from.to_string()).unwrap_or_default();
        let message = say!(
            "发布版本 {} 从 {from} 起接替，却没有这项修改：从 {month} 起算的到时会被取消。请从 {from} 或以后提交，或写明只用于之前的月份（until_next；--until-next）",
            "release {} takes over from {from} and does not have this change: what counts from {month} on would be taken \
             back then. Hand it in for {from} or later, or say that it is meant for the months before only (until_next; \
             --until-next)",
            next.id
        );
        Err(Problem::field("effective_from", message))
    }

    /// Refuses what somebody has published since the draft was handed in for the months that it was meant for.
    pub fn require_still_last(&self, yields_to: Option<i64>) -> Result<(), Problem> {
        match &self.next {
            Some(next) if Some(next.id) != yields_to => Err(Problem::conflict(say!(
                "提交之后又发布了版本 {}，它之后生效，却没有这项修改：请撤回再提交",
                "release {} was published since this was handed in, takes over later and does not have this change: \
                 withdraw it and hand it in again",
                next.id
            ))),
            _ => Ok(()),
        }
    }
}

/// A draft that has been handed in or decided on, with what it changes in the rules that it replaces.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RuleDraftChange {
    /// The draft.
    #[serde(flatten)]
    pub draft: Draft,
    /// The release that it replaces; null if there is none.
    pub replaces: Option<i64>,
    /// Every file that differs from that release; of a first release, which would be shown whole, by their paths alone.
    pub changes: Vec<FileChange>,
    /// Positions that people hold from its month on, and that it neither scores nor says not to (`unscored.toml`).
    pub unscored: Vec<String>,
}

/// A draft with what it changes in the release it is a change of.
pub async fn with_change(cx: &mut Context, draft: Draft) -> Result<RuleDraftChange, Problem> {
    let before = files_of(cx.db(), draft.base_release).await?;
    let after = files::all(cx.db(), draft.id).await?;
    let unscored = unscored_of(&held(cx.db(), draft.effective_from).await?, &after);
    let mut changes = between(&before, &after);
    if draft.base_release.is_none() {
        changes.iter_mut().for_each(|change| change.diff.clear());
    }
    Ok(RuleDraftChange { replaces: draft.base_release, changes, unscored, draft })
}

/// The positions that somebody holds in a month or later.
async fn held(connection: &mut AsyncPgConnection, from: Option<Period>) -> Result<BTreeSet<String>, Problem> {
    let Some(from) = from else { return Ok(BTreeSet::new()) };
    let positions: Vec<String> = assignment::table
        .filter(assignment::valid_to.is_null().or(assignment::valid_to.gt(from.first_day())))
        .select(assignment::position)
        .distinct()
        .load(connection)
        .await?;
    Ok(positions.into_iter().collect())
}
