//! Released rules, and the rules folder, over HTTP.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, Responder, get};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::bundle::{Bundle, Scheme};
use super::draft;
use super::folder::{FolderStatus, RulesFolder};
use super::in_force::{self, InForce};
use super::library::Library;
use super::readers;
use super::release::{self, Release, ReleaseWithFiles, SupersededRelease};
use super::scheme::{GradeBand, Label, Parameter};
use crate::auth::Caller;
use crate::auth::access::{ReadReleases, ViewRules};
use crate::http::{Page, PageQuery, Paged, Problem, Query};
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
        let bundle = &rules.bundle;
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
    (status = 409, description = "No release scores the month"),
))]
#[get("/rules")]
pub async fn get_rules(
    caller: Caller<ViewRules>,
    folder: Data<RulesFolder>,
    library: Data<Library>,
    query: Query<RulesQuery>,
) -> Result<Json<RulesInForce>, Problem> {
    let cx = &mut caller.context().await?;
    let period = query.0.period.unwrap_or_else(|| Period::containing(cx.today()));
    let rules = in_force::of(cx, &folder, &library, period, None).await?;
    Ok(Json(RulesInForce::of(&rules)))
}

/// The rules in force now, those that come next, and the state of the rules folder.
#[derive(Debug, Serialize, ToSchema)]
pub struct RulesStatus {
    /// The release that scores the current month; null before the first release.
    pub in_force: Option<Release>,
    /// Releases for coming months, without those that a later release replaces.
    pub upcoming: Vec<Release>,
    /// Releases that count no more, or never will, because a later one was published for the same month.
    pub superseded: Vec<SupersededRelease>,
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
    caller: Caller<ViewRules>,
    folder: Data<RulesFolder>,
) -> Result<Json<RulesStatus>, Problem> {
    let cx = &mut caller.context().await?;
    let month = Period::containing(cx.today());
    Ok(Json(RulesStatus {
        in_force: release::in_force(cx.db(), month, None).await?,
        upcoming: release::upcoming(cx.db(), month).await?,
        superseded: release::superseded(cx.db()).await?,
        submitted: draft::submitted(cx.db()).await?,
        is_automatic: folder.is_automatic(),
        folder: folder.status().in_language(caller.language),
    }))
}

/// List the releases.
#[utoipa::path(tag = "rules", params(PageQuery), responses(
    (status = 200, description = "A page of releases", body = Page<Release>),
))]
#[get("/rules/releases")]
pub async fn list_rule_releases(
    caller: Caller<ViewRules>,
    query: Paged,
) -> Result<Json<Page<Release>>, Problem> {
    release::list(caller.context().await?.db(), query.window).await.map(Json)
}

/// Read a release. People whom it scores may, who have to say that they have received it.
#[utoipa::path(tag = "rules", responses((status = 200, description = "The release", body = ReleaseWithFiles)))]
#[get("/rules/releases/{id}")]
pub async fn get_rule_release(
    caller: Caller<ReadReleases>,
    library: Data<Library>,
    id: Path<i64>,
) -> Result<Json<ReleaseWithFiles>, Problem> {
    let cx = &mut caller.context().await?;
    readers::may_read(cx, &library, *id).await?;
    release::with_files(cx.db(), *id).await.map(Json)
}

/// Read a file of a release, byte for byte.
#[utoipa::path(tag = "rules", params(("path" = String, Path, description = "Its path, with a slash between folder and file")), responses(
    (status = 200, description = "Its content", body = String, content_type = "text/plain"),
))]
#[get("/rules/releases/{id}/files/{path:.*}")]
pub async fn get_rule_release_file(
    caller: Caller<ReadReleases>,
    library: Data<Library>,
    path: Path<(i64, String)>,
) -> Result<impl Responder, Problem> {
    let (id, path) = path.into_inner();
    let cx = &mut caller.context().await?;
    readers::may_read(cx, &library, id).await?;
    let content = release::file(cx.db(), id, &path).await?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(content))
}
