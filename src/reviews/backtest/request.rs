//! What was asked for, checked and made into a trial.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;

use super::months::{self, Reached, Selection};
use crate::auth::caller::Scope;
use crate::clock;
use crate::http::problem::FieldError;
use crate::http::{Code, Problem};
use crate::period::Period;
use crate::rules::bundle::Bundle;
use crate::rules::draft::{self, files};
use crate::rules::library::Library;
use crate::rules::{folder, release};

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
        let month = effective_from.unwrap_or_else(|| Period::containing(clock::day(now)));
        let baseline = match baseline(connection, self.against, month).await? {
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
            format!("there is no review of a store '{store}' within your reach from {from} to {to}"),
        ),
        None => Problem::conflict(format!("there is no review within your reach from {from} to {to}")),
    })
}

/// A draft's files, compiled, and the month from which they are meant to count.
pub async fn drafted(
    connection: &mut AsyncPgConnection,
    draft: i64,
) -> Result<(Arc<Bundle>, Option<Period>), Problem> {
    let found = draft::find(connection, draft).await.map_err(|problem| match problem.code {
        Code::NotFound => Problem::field("draft", "there is no such draft"),
        _ => problem,
    })?;
    let files = files::all(connection, draft).await?;
    let compiled = tokio::task::spawn_blocking(move || Bundle::compile(files))
        .await
        .map_err(|error| Problem::internal(&error))?;
    let bundle = compiled.map_err(|findings| folder::problem(&findings))?;
    Ok((Arc::new(bundle), found.effective_from))
}

/// Hash of the bundle of a release, or of the one in force in `month`; none where there is no release yet.
pub async fn baseline(
    connection: &mut AsyncPgConnection,
    release: Option<i64>,
    month: Period,
) -> Result<Option<String>, Problem> {
    let found = match release {
        Some(id) => Some(release::find(connection, id).await.map_err(|problem| match problem.code {
            Code::NotFound => Problem::field("against", "there is no such release"),
            _ => problem,
        })?),
        None => release::in_force(connection, month, None).await?,
    };
    Ok(found.map(|release| release.bundle))
}
