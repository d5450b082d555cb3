//! What was asked for, checked and made into a trial.

use std::sync::Arc;

use diesel_async::AsyncPgConnection;
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;

use super::months::{self, Reached, Selection};
use crate::auth::Context;
use crate::http::{FieldError, Problem};
use crate::period::Period;
use crate::reviews::visibility::{Part, Sight};
use crate::rules::bundle::Bundle;
use crate::rules::draft::{self, files};
use crate::rules::library::{self, Library};
use crate::rules::release;
use crate::said::{Said, say};

/// Rules to try on the reviews of past months: a draft or a bundle.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBacktest {
    /// The draft to try, by id.
    #[garde(range(min = 1))]
    #[serde(default)]
    #[schema(minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    pub draft: Option<i64>,
    /// The stored bundle to try instead of a draft, by its SHA-256.
    #[garde(inner(length(chars, max = 64)))]
    #[serde(default)]
    #[schema(max_length = 64)]
    pub bundle: Option<String>,
    /// The release to compare with, by id; by default the one in force when the draft would take effect.
    #[garde(range(min = 1))]
    #[serde(default)]
    #[schema(minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    pub against: Option<i64>,
    /// The first month.
    #[garde(skip)]
    #[schema(value_type = String, example = "2014-01")]
    pub from: Period,
    /// The last month.
    #[garde(skip)]
    #[schema(value_type = String, example = "2014-12")]
    pub to: Period,
    /// Only reviews of this store, by code; by default, of every store that the caller may see.
    #[garde(inner(length(chars, max = 32)))]
    #[serde(default)]
    #[schema(example = "JC", max_length = 32)]
    pub store: Option<String>,
}

/// What was asked for, found.
#[derive(Debug)]
pub struct FoundRules {
    /// The rules to be tried.
    pub tried: Arc<Bundle>,
    /// Those to try them against; none where there is no release yet.
    pub baseline: Option<Arc<Bundle>>,
    /// Which reviews.
    pub selection: Selection,
    /// The months they are in; at least one.
    pub months: Vec<Reached>,
}

impl NewBacktest {
    /// Finds rules and months, as far as the caller reaches.
    ///
    /// # Errors
    ///
    /// The fields at fault; `rules-broken` with every finding where the draft does not compile.
    pub async fn find(&self, cx: &mut Context, library: &Library) -> Result<FoundRules, Problem> {
        self.check()?;
        let (from, to, store) = (self.from, self.to, self.store.clone());
        let selection = Selection { from, to, store, sight: Sight::of(cx, Part::Score) };
        let months = some_months(cx.db(), &selection).await?;
        let (tried, effective_from) = match (self.draft, &self.bundle) {
            (Some(draft), _) => drafted(cx, draft).await?,
            (None, hash) => {
                let found = library.bundle(cx.db(), hash.as_deref().unwrap_or_default()).await;
                (found.map_err(|problem| problem.of_field("bundle"))?, None)
            }
        };
        let month = effective_from.unwrap_or_else(|| Period::containing(cx.today()));
        let baseline = match baseline(cx.db(), self.against, month).await? {
            Some(hash) => Some(library.bundle(cx.db(), &hash).await?),
            None => None,
        };
        Ok(FoundRules { tried, baseline, selection, months })
    }

    fn check(&self) -> Result<(), Problem> {
        let mut faults = Vec::new();
        let mut fault = |field: &str, message: Said| faults.push(FieldError::new(field, message));
        match (self.draft, &self.bundle) {
            (None, None) => {
                fault("draft", say!("请写明草稿，或规则包的哈希", "name a draft, or a bundle by its hash"));
            }
            (Some(_), Some(_)) => {
                fault("bundle", say!("只能写草稿或规则包之一", "name a draft or a bundle, not both"));
            }
            _ => {}
        }
        if self.from > self.to {
            fault("to", say!("最后一个月早于第一个月", "the last month is before the first"));
        }
        if faults.is_empty() { Ok(()) } else { Err(Problem::fields(faults)) }
    }
}

/// The months in which the caller reaches reviews; there has to be one. A store that is not there and one that the
/// caller does not reach are answered alike.
pub async fn some_months(
    connection: &mut AsyncPgConnection,
    selection: &Selection,
) -> Result<Vec<Reached>, Problem> {
    let months = months::reached(connection, selection).await?;
    if !months.is_empty() {
        return Ok(months);
    }
    let (from, to) = (selection.from, selection.to);
    Err(match &selection.store {
        Some(store) => Problem::field(
            "store",
            say!(
                "您管辖的范围内，{from} 到 {to} 没有门店“{store}”的考核",
                "there is no review of a store '{store}' within your reach from {from} to {to}"
            ),
        ),
        None => Problem::conflict(say!(
            "您管辖的范围内，{from} 到 {to} 没有考核",
            "there is no review within your reach from {from} to {to}"
        )),
    })
}

/// A draft's files, compiled, and the month from which they are meant to count.
pub async fn drafted(cx: &mut Context, draft: i64) -> Result<(Arc<Bundle>, Option<Period>), Problem> {
    let found = draft::find(cx, draft).await;
    let found = found.map_err(|problem| problem.of_field("draft"))?;
    let files = files::all(cx.db(), draft).await?;
    let bundle = library::compile(files, cx.language).await?;
    Ok((bundle, found.effective_from))
}

/// Hash of the bundle of a release, or of the one in force in `month`; none where there is no release yet.
pub async fn baseline(
    connection: &mut AsyncPgConnection,
    release: Option<i64>,
    month: Period,
) -> Result<Option<String>, Problem> {
    let found = match release {
        Some(id) => {
            let found = release::find(connection, id).await;
            Some(found.map_err(|problem| problem.of_field("against"))?)
        }
        None => release::in_force(connection, month, None).await?,
    };
    Ok(found.map(|release| release.bundle))
}
