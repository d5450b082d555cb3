//! The rules in force over HTTP.

use actix_web::get;
use actix_web::web::{Data, Json};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::bundle::{Bundle, Scheme};
use super::folder::RulesFolder;
use super::scheme::{GradeBand, Label, Parameter};
use crate::auth::Caller;
use crate::auth::access::ViewRules;
use crate::http::Problem;
use crate::http::problem::ProblemBody;

/// The rules that months are scored with now.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RulesInForce {
    /// SHA-256 of the bundle.
    pub bundle: String,
    /// Its schemes.
    pub schemes: Vec<SchemeInForce>,
}

/// One scheme of the bundle.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SchemeInForce {
    /// Its name.
    pub name: String,
    /// What it is called.
    pub title: Label,
    /// The position it scores.
    pub position: String,
    /// Its rules in order.
    pub rules: Vec<RuleInForce>,
    /// Its tunable numbers.
    pub parameters: Vec<Parameter>,
    /// Its grades, best first.
    pub grades: Vec<GradeBand>,
}

/// One rule of a scheme.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RuleInForce {
    /// Its id.
    pub id: String,
    /// What it assesses.
    pub label: Label,
    /// Its points.
    pub max: Decimal,
    /// The metrics and parameters it reads.
    pub inputs: Vec<String>,
    /// Its script.
    pub source: String,
}

impl RulesInForce {
    fn of(bundle: &Bundle) -> Self {
        let schemes = bundle.schemes.values().map(|scheme| SchemeInForce::of(bundle, scheme)).collect();
        Self { bundle: bundle.hash.clone(), schemes }
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

/// Read the schemes, rules and parameters in the rules folder.
#[utoipa::path(tag = "rules", responses(
    (status = 200, description = "The rules", body = RulesInForce),
    (status = 409, description = "The folder has errors; every one is listed", body = ProblemBody),
))]
#[get("/rules")]
pub async fn get_rules(
    _caller: Caller<ViewRules>,
    folder: Data<RulesFolder>,
) -> Result<Json<RulesInForce>, Problem> {
    let bundle =
        actix_web::web::block(move || folder.bundle()).await.map_err(|error| Problem::internal(&error))??;
    Ok(Json(RulesInForce::of(&bundle)))
}
