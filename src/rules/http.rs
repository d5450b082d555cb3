//! Released rules, and the rules folder, over HTTP.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpResponse, Responder, get};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::bundle::{Bundle, Scheme};
use super::bundle_store;
use super::draft;
use super::folder::{FolderStatus, RulesFolder};
use super::in_force::{self, InForce};
use super::library::Library;
use super::release::{self, Release};
use super::scheme::{GradeBand, Label, Parameter};
use crate::auth::Caller;
use crate::auth::access::ViewRules;
use crate::clock::{self, Clock};
use crate::db::Pool;
use crate::http::Problem;
use crate::http::page::{self, Page, PageQuery};
use crate::http::problem::ProblemBody;
use crate::period::Period;

/// The rules that score a month.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RulesInForce {
    /// The release they belong to.
    pub release: Release,
    /// The schemes, one for each position.
    pub schemes: Vec<SchemeInForce>,
}
/// One scheme of the bundle.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SchemeInForce {
    /// Its name.
    pub name: String,
    /// Its title, in Chinese and English.
    pub title: Label,
    /// The position it scores.
    pub position: String,
    /// Its rules in order.
    pub rules: Vec<RuleInForce>,
    /// Its parameters that can be tuned.
    pub parameters: Vec<Parameter>,
    /// Its grades, best first.
    pub grades: Vec<GradeBand>,
}

/// One rule of a scheme.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RuleInForce {
    /// Its id.
    pub id: String,
    /// What it assesses, in Chinese and English.
    pub label: Label,
    /// The most points it gives.
    pub max: Decimal,
    /// The metrics and parameters it reads.
    pub inputs: Vec<String>,
    /// Its script.
    pub source: String,
}

impl RulesInForce {
    fn of(rules: &InForce) -> Self {
        let bundle: &Arc<Bundle> = &rules.bundle;
        let schemes = bundle.schemes.values().map(|scheme| SchemeInForce::of(bundle, scheme)).collect();
        Self { release: rules.release.clone(), schemes }
    }
}

impl SchemeInForce {
    fn of(bundle: &Bundle, scheme: &Scheme) -> Self {
        let source = |file: &str| {
            let bytes = bundle.files.get(file).map(Vec::as_slice).unwrap_or_default();
            String::from_utf8_lossy(bytes).into_owned()
        };
        Self {
            name: scheme.name.clone(),
            title: scheme.file.title.clone(),
            position: scheme.file.position.clone(),
            rules: scheme
                .rules
                .iter()
                .map(|rule| RuleInForce {
                    id: rule.entry.id.clone(),
                    label: Label { zh: rule.entry.zh.clone(), en: rule.entry.en.clone() },
                    max: rule.entry.max,
                    inputs: rule.arguments.iter().map(|(name, _)| name.clone()).collect(),
                    source: source(&rule.file),
                })
                .collect(),
            parameters: scheme.file.parameter.clone(),
            grades: scheme.file.grade.clone(),
        }
    }
}

/// Which month's rules to read.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RulesQuery {
    /// The month; by default the current one.
    #[param(value_type = Option<String>, example = "2014-03")]
    period: Option<Period>,
}

/// Read the schemes, rules and parameters that score a month that is not frozen yet.
///
/// A frozen review cycle keeps the release that it names itself.
#[utoipa::path(tag = "rules", params(RulesQuery), responses(
    (status = 200, description = "The rules", body = RulesInForce),
    (status = 409, description = "No release scores the month", body = ProblemBody),
))]
#[get("/rules")]
pub async fn get_rules(
    _caller: Caller<ViewRules>,
    pool: Data<Pool>,
    folder: Data<RulesFolder>,
    library: Data<Library>,
    clock: Data<Clock>,
    query: Query<RulesQuery>,
) -> Result<Json<RulesInForce>, Problem> {
    let now = clock.now();
    let period = query.period.unwrap_or_else(|| Period::containing(clock::day(now)));
    let rules = in_force::of(&mut *pool.get().await?, &folder, &library, period, None, now).await?;
    Ok(Json(RulesInForce::of(&rules)))
}

/// The rules in force now, those that come next, and the state of the rules folder.
#[derive(Debug, Serialize, ToSchema)]
pub struct RulesStatus {
    /// The release that scores the current month; null before the first release.
    pub in_force: Option<Release>,
    /// Releases for coming months, without those that a later release replaces.
    pub upcoming: Vec<Release>,
    /// Drafts waiting for a decision.
    pub submitted: Vec<i64>,
    /// Whether changes in the folder are released without the approval of a second person.
    pub is_automatic: bool,
    /// The rules folder as it was last read. While it is broken, the rules in force stay as they are.
    pub folder: FolderStatus,
}

/// Read which rules are in force, which come next, and whether the rules folder can be used.
#[utoipa::path(tag = "rules", responses((status = 200, description = "The status", body = RulesStatus)))]
#[get("/rules/status")]
pub async fn get_rules_status(
    _caller: Caller<ViewRules>,
    pool: Data<Pool>,
    folder: Data<RulesFolder>,
    clock: Data<Clock>,
) -> Result<Json<RulesStatus>, Problem> {
    let now = clock.now();
    let connection = &mut *pool.get().await?;
    let month = Period::containing(clock::day(now));
    Ok(Json(RulesStatus {
        in_force: release::in_force(connection, month, None).await?,
        upcoming: release::upcoming(connection, month).await?,
        submitted: draft::submitted(connection).await?,
        is_automatic: folder.is_automatic(),
        folder: folder.status(),
    }))
}

/// List the releases.
#[utoipa::path(tag = "rules", params(PageQuery), responses((status = 200, description = "A page of releases", body = Page<Release>)))]
#[get("/rules/releases")]
pub async fn list_rule_releases(
    _caller: Caller<ViewRules>,
    pool: Data<Pool>,
    query: Query<PageQuery>,
) -> Result<Json<Page<Release>>, Problem> {
    let limit = page::limit(query.limit)?;
    let after = page::after(query.cursor.as_deref())?;
    let releases = release::list(&mut *pool.get().await?, after, limit + 1).await?;
    Ok(Json(Page::of(releases, limit, |release| release.id)))
}

/// A release with its files.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ReleaseWithFiles {
    /// The release.
    #[serde(flatten)]
    pub release: Release,
    /// Its files with their sizes in bytes.
    pub files: BTreeMap<String, usize>,
}

/// Read a release.
#[utoipa::path(tag = "rules", responses(
    (status = 200, description = "The release", body = ReleaseWithFiles),
    (status = 404, description = "There is no such release", body = ProblemBody),
))]
#[get("/rules/releases/{id}")]
pub async fn get_rule_release(
    _caller: Caller<ViewRules>,
    pool: Data<Pool>,
    id: Path<i64>,
) -> Result<Json<ReleaseWithFiles>, Problem> {
    let connection = &mut *pool.get().await?;
    let release = release::find(connection, *id).await?;
    let files = bundle_store::bundle_files(connection, &release.bundle).await?;
    let files = files.into_iter().map(|(path, content)| (path, content.len())).collect();
    Ok(Json(ReleaseWithFiles { release, files }))
}

/// Read a file of a release, byte for byte.
#[utoipa::path(tag = "rules", params(("path" = String, Path, description = "Its path, with a slash between folder and file")), responses(
    (status = 200, description = "Its content", body = String, content_type = "text/plain"),
    (status = 404, description = "There is no such release or file", body = ProblemBody),
))]
#[get("/rules/releases/{id}/files/{path:.*}")]
pub async fn get_rule_release_file(
    _caller: Caller<ViewRules>,
    pool: Data<Pool>,
    path: Path<(i64, String)>,
) -> Result<impl Responder, Problem> {
    let (id, path) = path.into_inner();
    let connection = &mut *pool.get().await?;
    let release = release::find(connection, id).await?;
    let mut files = bundle_store::bundle_files(connection, &release.bundle).await?;
    let content = files.remove(&path).ok_or_else(|| Problem::not_found("file"))?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(content))
}
