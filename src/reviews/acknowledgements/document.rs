//! What somebody is shown of a review, as bytes that anybody can hash again.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::http::Problem;
use crate::ledger::month::AddedPoints;
use crate::period::Period;
use crate::reviews::listing::Review;
use crate::rules::explanation::ExplainedRule;

/// The document of a revision: its totals, why the grade is what it is, and every rule, in Chinese. What may change while
/// the revision stays (names of people and units, whether it is in force) is left out.
#[derive(Debug, Serialize)]
pub struct Document<'a> {
    review: Totals<'a>,
    grade_reasons: &'a [String],
    rules: &'a [ExplainedRule],
    /// Left out where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    adjustments: Vec<Added<'a>>,
    bundle: &'a str,
}

/// Points that were added to an item, or taken off it.
#[derive(Debug, Serialize)]
struct Added<'a> {
    rule: &'a str,
    points: Decimal,
}

#[derive(Debug, Serialize)]
struct Totals<'a> {
    id: i64,
    employee_no: &'a str,
    period: Period,
    position: &'a str,
    scheme: &'a str,
    revision: i32,
    base: Option<Decimal>,
    bonus: Option<Decimal>,
    total: Option<Decimal>,
    applicable_max: Decimal,
    grade: Option<&'a str>,
    final_grade: &'a str,
    coefficient: Option<Decimal>,
    attention: &'a [String],
    created_at: DateTime<Utc>,
}

impl<'a> Document<'a> {
    /// Of a review with what it says in Chinese.
    pub fn of(
        review: &'a Review,
        grade_reasons: &'a [String],
        rules: &'a [ExplainedRule],
        added: &'a [AddedPoints],
        bundle: &'a str,
    ) -> Self {
        let totals = Totals {
            id: review.id,
            employee_no: &review.employee_no,
            period: review.period,
            position: &review.position,
            scheme: &review.scheme,
            revision: review.revision,
            base: review.base,
            bonus: review.bonus,
            total: review.total,
            applicable_max: review.applicable_max,
            grade: review.grade.as_deref(),
            final_grade: &review.final_grade,
            coefficient: review.coefficient,
            attention: &review.attention,
            created_at: review.created_at,
        };
        let adjustments = added.iter().map(|one| Added { rule: &one.rule, points: one.points }).collect();
        Self { review: totals, grade_reasons, rules, adjustments, bundle }
    }
}

/// The bytes of something: JSON without spaces, fields in the order in which they are declared.
pub fn bytes(what: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(what).map_err(|error| Problem::internal(&error))
}

/// SHA-256 of some bytes, in lower case.
pub fn sha256(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(&Sha256::digest(bytes))
}
