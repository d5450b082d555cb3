//! A store's guideline 参考比例: the most of its grades that should be one grade. It warns, and forces nothing.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::auth::Context;
use crate::db::schema::grade_guideline;
use crate::db::sql;
use crate::http::etag::Seen;
use crate::http::{FieldError, Problem};
use crate::org::reached;
use crate::period::Period;
use crate::said::say;

/// The most of a grade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GradeShare {
    /// The grade, for example `S`.
    #[garde(length(chars, min = 1, max = 16))]
    #[schema(example = "S", min_length = 1, max_length = 16)]
    pub grade: String,
    /// The largest share of the rated reviews that should have it: above 0, at most 1, with four places at most.
    #[garde(skip)]
    #[schema(value_type = f64, exclusive_minimum = 0, maximum = 1)]
    pub most_share: Decimal,
}

/// A store's guideline.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct GradeGuideline {
    /// Code of the store.
    pub store: String,
    /// The most of each grade; of a grade that is not listed there may be any number.
    pub grades: Vec<GradeShare>,
    /// Grows with every change; 0 while the store has none.
    pub version: i32,
}

/// A guideline to give a store.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGradeGuideline {
    /// The most of each grade.
    #[garde(length(min = 1, max = 50), dive)]
    #[schema(min_items = 1, max_items = 50)]
    pub grades: Vec<GradeShare>,
}

/// The guideline of a store that the caller reaches.
///
/// # Errors
///
/// Not found where the caller does not reach it.
pub async fn read(cx: &mut Context, store: &str) -> Result<GradeGuideline, Problem> {
    let (scope, month) = (cx.scope.clone(), Period::containing(cx.today()));
    let store_id = reached::store(cx.db(), &scope, store, month).await?;
    let (grades, version) = of_store(cx.db(), store_id).await?;
    Ok(GradeGuideline { store: store.to_owned(), grades, version })
}

/// Gives a store a guideline in the place of the one that it had.
///
/// # Errors
///
/// Not found where the caller does not reach the store; fields at fault; a failed precondition where somebody else has
/// changed it.
pub async fn put(
    cx: &mut Context,
    store: &str,
    new: &NewGradeGuideline,
    seen: Seen,
) -> Result<GradeGuideline, Problem> {
    let faults = new.faults();
    if !faults.is_empty() {
        return Err(Problem::fields(faults));
    }
    cx.transaction(async |cx| {
        let (scope, month) = (cx.scope.clone(), Period::containing(cx.today()));
        let store_id = reached::store(cx.db(), &scope, store, month).await?;
        // One change at a time.
        sql("SELECT pg_advisory_xact_lock(hashtext('grade_guideline'), $1::integer)")
            .bind::<BigInt, _>(store_id)
            .execute(cx.db())
            .await?;
        let (_, version) = of_store(cx.db(), store_id).await?;
        seen.check(version)?;
        diesel::delete(grade_guideline::table.filter(grade_guideline::store_id.eq(store_id)))
            .execute(cx.db())
            .await?;
        let rows = new.grades.iter().map(|one| {
            (
                grade_guideline::store_id.eq(store_id),
                grade_guideline::grade.eq(&one.grade),
                grade_guideline::most_share.eq(one.most_share),
                grade_guideline::version.eq(version + 1),
            )
        });
        diesel::insert_into(grade_guideline::table).values(rows.collect::<Vec<_>>()).execute(cx.db()).await?;
        cx.audit("put_grade_guideline", &format!("grade_guideline/{store}"), json!(new.grades)).await?;
        read(cx, store).await
    })
    .await
}

/// What a store's grades are held against, by grade, and its version.
pub(super) async fn of_store(
    connection: &mut AsyncPgConnection,
    store_id: i64,
) -> Result<(Vec<GradeShare>, i32), Problem> {
    let rows: Vec<(String, Decimal, i32)> = grade_guideline::table
        .filter(grade_guideline::store_id.eq(store_id))
        .order(grade_guideline::grade)
        .select((grade_guideline::grade, grade_guideline::most_share, grade_guideline::version))
        .load(connection)
        .await?;
    let version = rows.iter().map(|(_, _, version)| *version).next().unwrap_or(0);
    let grades = rows
        .into_iter()
        .map(|(grade, most_share, _)| GradeShare { grade, most_share: most_share.normalize() });
    Ok((grades.collect(), version))
}

impl NewGradeGuideline {
    /// Shares that are none, and grades that are listed twice.
    fn faults(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        for (at, one) in self.grades.iter().enumerate() {
            let share = one.most_share;
            if share <= Decimal::ZERO || share > Decimal::ONE || share.normalize().scale() > 4 {
                let message = say!(
                    "比例应大于 0、最多为 1，最多四位小数",
                    "expected a share above 0 and at most 1, with four places at most"
                );
                faults.push(FieldError::new(format!("grades[{at}].most_share"), message));
            }
            if self.grades.iter().take(at).any(|earlier| earlier.grade == one.grade) {
                faults.push(FieldError::new(
                    format!("grades[{at}].grade"),
                    say!("列了两次", "it is listed twice"),
                ));
            }
        }
        faults
    }
}
