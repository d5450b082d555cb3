//! Reviews as they are stored, whole: every column that scoring gave.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Date, Integer, Nullable, Numeric, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;

use crate::db::{Statement, sql};
use crate::http::Problem;
use crate::period::Period;

/// Which reviews to run again, with every revision of them.
#[derive(Clone, Debug, Default)]
pub struct ReplayFilter {
    /// Only this one.
    pub id: Option<i64>,
    /// Only those of these months, the first and the last.
    pub months: Option<(Period, Period)>,
    /// Only this store's, by code.
    pub store: Option<String>,
}

/// A review's row.
#[derive(Clone, Debug, QueryableByName)]
pub struct StoredReview {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// Code of the store.
    #[diesel(sql_type = Text)]
    pub store: String,
    /// The month.
    #[diesel(sql_type = Date)]
    pub period: Period,
    /// 工号 of whose it is.
    #[diesel(sql_type = Text)]
    pub employee_no: String,
    /// Code of the unit of the posting.
    #[diesel(sql_type = Text)]
    pub unit: String,
    /// The position that is scored.
    #[diesel(sql_type = Text)]
    pub position: String,
    /// The scheme it was scored by.
    #[diesel(sql_type = Text)]
    pub scheme: String,
    /// What it was scored with.
    #[diesel(sql_type = Text)]
    pub bundle: String,
    /// What went in.
    #[diesel(sql_type = Binary)]
    pub inputs: Vec<u8>,
    /// Which revision it is of the person's review of the month by the scheme.
    #[diesel(sql_type = Integer)]
    pub revision: i32,
    /// What told revision and inputs from any others when it was written; none where somebody has taken it away.
    #[diesel(sql_type = Nullable<Binary>)]
    pub inputs_digest: Option<Vec<u8>>,
    /// What every rule did.
    #[diesel(sql_type = Binary)]
    pub trace: Vec<u8>,
    /// Points of 100 without the bonus.
    #[diesel(sql_type = Nullable<Numeric>)]
    pub base: Option<Decimal>,
    /// Points on top.
    #[diesel(sql_type = Nullable<Numeric>)]
    pub bonus: Option<Decimal>,
    /// Points with the bonus.
    #[diesel(sql_type = Nullable<Numeric>)]
    pub total: Option<Decimal>,
    /// Sum of the maxima of the rules that apply.
    #[diesel(sql_type = Numeric)]
    pub applicable_max: Decimal,
    /// The band of the total.
    #[diesel(sql_type = Nullable<Text>)]
    pub grade: Option<String>,
    /// The grade that counts.
    #[diesel(sql_type = Text)]
    pub final_grade: String,
    /// Performance coefficient.
    #[diesel(sql_type = Nullable<Numeric>)]
    pub coefficient: Option<Decimal>,
    /// What somebody has to look at.
    #[diesel(sql_type = Array<Text>)]
    pub attention: Vec<String>,
    /// Cars delivered.
    #[diesel(sql_type = BigInt)]
    pub deliveries: i64,
}

/// What a filter finds, whatever revision it is. What was erased cannot be run again.
macro_rules! found {
    ($columns:literal, $rest:literal) => {
        sql(concat!(
            "SELECT ",
            $columns,
            " FROM review r JOIN org_unit s ON s.id = r.store_id JOIN org_unit u ON u.id = r.unit_id
             JOIN employee e ON e.id = r.employee_id
             WHERE ($1 IS NULL OR r.id = $1) AND ($2 IS NULL OR r.period >= $2) AND ($3 IS NULL OR r.period <= $3)
             AND ($4 IS NULL OR s.code = $4) AND NOT EXISTS (SELECT FROM erased_review x WHERE x.review_id = r.id)",
            $rest
        ))
    };
}

/// How many reviews a filter finds.
pub async fn count(connection: &mut AsyncPgConnection, filter: &ReplayFilter) -> Result<i64, Problem> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    let counted: Count = filtered(found!("count(*) AS count", ""), filter).get_result(connection).await?;
    Ok(counted.count)
}

/// Up to `limit` reviews behind `after`, by id.
pub async fn page(
    connection: &mut AsyncPgConnection,
    filter: &ReplayFilter,
    after: i64,
    limit: i64,
) -> Result<Vec<StoredReview>, Problem> {
    let reviews = found!(
        "r.id, s.code AS store, r.period, e.employee_no, u.code AS unit, r.position, r.scheme, r.bundle_hash AS bundle, r.inputs, r.trace, r.base, r.bonus,
         r.revision, r.inputs_digest,
         r.total, r.applicable_max, r.grade, r.final_grade, r.coefficient, r.attention, r.deliveries",
        " AND r.id > $5 ORDER BY r.id LIMIT $6"
    );
    let reviews = filtered(reviews, filter).bind::<BigInt, _>(after).bind::<BigInt, _>(limit);
    Ok(reviews.load(connection).await?)
}

fn filtered<'a>(found: Statement<'a>, filter: &ReplayFilter) -> Statement<'a> {
    let (first, last) = filter.months.unzip();
    found
        .bind::<Nullable<BigInt>, _>(filter.id)
        .bind::<Nullable<Date>, _>(first)
        .bind::<Nullable<Date>, _>(last)
        .bind::<Nullable<Text>, _>(filter.store.clone())
}
