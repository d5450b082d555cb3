//! What was asked for, checked and made into a trial.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::months::{self, Reached, Selection};
use crate::auth::caller::Scope;
use crate::db::schema::{rule_draft, rule_draft_file, rule_release};
use crate::http::problem::FieldError;
use crate::http::{Code, Problem};
use crate::period::Period;
use crate::rules::bundle::{Bundle, Files};
use crate::rules::folder;
use crate::rules::library::Library;

/// What is to be tried, on which months.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The draft to be tried, by id.
    pub draft: Option<i64>,
    /// Or the stored bundle to be tried, by hash.
    pub bundle: Option<String>,
    /// The release to try it against; by default the one in force when the draft takes effect.
    pub against: Option<i64>,
    /// The first month.
    pub from: Period,
    /// The last month.
    pub to: Period,
    /// Only this store's reviews, by code.
    pub store: Option<String>,
}

/// What was asked for, found.
#[derive(Debug)]
pub struct Found {
    /// The rules to be tried.
    pub tried: Arc<Bundle>,
    /// Those to try them against; none where there is no release yet.
    pub baseline: Option<Arc<Bundle>>,
    /// Which reviews.
    pub selection: Selection,
    /// The months they are in; at least one.
    pub months: Vec<Reached>,
}

impl Asked {
    /// Finds rules and months, as far as the caller reaches.
    ///
    /// # Errors
    ///
    /// The fields at fault; `rules-broken` with every finding where the draft does not compile.
    pub async fn find(
        &self,
        connection: &mut AsyncPgConnection,
        library: &Library,
        scope: &Scope,
        now: DateTime<Utc>,
    ) -> Result<Found, Problem> {
        self.check()?;
        let selection =
            Selection { from: self.from, to: self.to, store: self.store.clone(), scope: scope.clone() };
        let months = some_months(connection, &selection).await?;
        let (tried, effective_from) = match (self.draft, &self.bundle) {
            (Some(draft), _) => drafted(connection, draft).await?,
            (None, hash) => {
                let hash = hash.as_deref().unwrap_or_default();
                let bundle =
                    library.bundle(connection, hash).await.map_err(|problem| match problem.code {
                        Code::NotFound => Problem::field("bundle", "there is no such bundle"),
                        _ => problem,
                    })?;
                (bundle, None)
            }
        };
        let day = effective_from.unwrap_or_else(|| now.date_naive());
        let baseline = match baseline(connection, self.against, day).await? {
            Some(hash) => Some(library.bundle(connection, &hash).await?),
            None => None,
        };
        Ok(Found { tried, baseline, selection, months })
    }

    fn check(&self) -> Result<(), Problem> {
        let mut faults = Vec::new();
        let mut fault = |field: &str, message: &str| {
            faults.push(FieldError { field: field.to_owned(), message: message.to_owned() });
        };
        match (self.draft, &self.bundle) {
            (None, None) => fault("draft", "name a draft, or a bundle by its hash"),
            (Some(_), Some(_)) => fault("bundle", "name a draft or a bundle, not both"),
            _ => {}
        }
        if self.from > self.to {
            fault("to", "the last month is before the first");
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
            format!("there is no review of a store '{store}' for you from {from} to {to}"),
        ),
        None => Problem::conflict(format!("there is no review for you from {from} to {to}")),
    })
}

/// A draft's files, compiled, and the day from which they are meant to count.
pub async fn drafted(
    connection: &mut AsyncPgConnection,
    draft: i64,
) -> Result<(Arc<Bundle>, Option<NaiveDate>), Problem> {
    let found: Option<Option<NaiveDate>> = rule_draft::table
        .find(draft)
        .select(rule_draft::effective_from)
        .first(connection)
        .await
        .optional()?;
    let effective_from = found.ok_or_else(|| Problem::field("draft", "there is no such draft"))?;
    let files = draft_files(connection, draft).await?;
    let compiled = tokio::task::spawn_blocking(move || Bundle::compile(files))
        .await
        .map_err(|error| Problem::internal(&error))?;
    Ok((Arc::new(compiled.map_err(|findings| folder::problem(&findings))?), effective_from))
}

async fn draft_files(connection: &mut AsyncPgConnection, draft: i64) -> Result<Files, Problem> {
    let files: Vec<(String, Vec<u8>)> = rule_draft_file::table
        .filter(rule_draft_file::draft_id.eq(draft))
        .select((rule_draft_file::path, rule_draft_file::content))
        .load(connection)
        .await?;
    Ok(files.into_iter().collect())
}

/// Hash of the bundle of a release, or of the one in force on `day`; none where there is no release yet.
pub async fn baseline(
    connection: &mut AsyncPgConnection,
    release: Option<i64>,
    day: NaiveDate,
) -> Result<Option<String>, Problem> {
    if let Some(release) = release {
        let hash: Option<String> = rule_release::table
            .find(release)
            .select(rule_release::bundle_hash)
            .first(connection)
            .await
            .optional()?;
        return hash.map(Some).ok_or_else(|| Problem::field("against", "there is no such release"));
    }
    let in_force = rule_release::table
        .filter(rule_release::effective_from.le(day))
        .order((rule_release::effective_from.desc(), rule_release::id.desc()))
        .select(rule_release::bundle_hash)
        .first(connection)
        .await
        .optional()?;
    Ok(in_force)
}
