//! The stored months a backtest runs on, read page by page.

use std::collections::HashMap;
use std::sync::Arc;

use diesel::sql_types::{Array, BigInt, Binary, Bool, Date, Nullable, Text};
use diesel::{ExpressionMethods as _, QueryDsl as _, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::movers::{Results, results as results_of};
use super::review_result::ReviewResult;
use crate::db::schema::{org_unit, review};
use crate::db::sql_of;
use crate::http::Problem;
use crate::period::Period;
use crate::reviews::visibility::{ReviewSight, Sight, seen};
use crate::rules::bundle::Bundle;
use crate::rules::library::Library;

/// Which stored reviews are tried.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The first month.
    pub from: Period,
    /// The last month.
    pub to: Period,
    /// Only this store's, by code.
    pub store: Option<String>,
    /// Those that the caller sees.
    pub sight: Sight,
}

/// A store's month in which the caller reaches reviews.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub struct Reached {
    /// Id of its cycle.
    #[diesel(sql_type = BigInt)]
    pub cycle_id: i64,
    /// Id of its store.
    #[diesel(sql_type = BigInt)]
    pub store_id: i64,
    /// How many reviews in force the caller reaches in it.
    #[diesel(sql_type = BigInt)]
    pub reviews: i64,
}

/// One store's month as it is stored: all its reviews in force, by person, also those that the caller does not reach,
/// because a leader's depends on the members'.
#[derive(Clone, Debug)]
pub struct StoreMonth {
    /// Code of the store.
    pub store: Arc<str>,
    /// The reviews.
    pub reviews: Vec<StoredReview>,
    /// The bundles that they were scored with: their inputs are by the places of its catalogue.
    pub bundles: Arc<Bundles>,
}

/// Bundles by their hash.
pub type Bundles = HashMap<String, Arc<Bundle>>;

/// One review as it is stored.
#[derive(Clone, Debug)]
pub struct StoredReview {
    /// Its id.
    pub id: i64,
    /// Whose it is.
    pub employee_id: i64,
    /// Id of the unit of the posting.
    pub unit_id: i64,
    /// Code of that unit.
    pub unit: Arc<str>,
    /// The position that was scored.
    pub position: String,
    /// The bundle it was scored with.
    pub bundle: String,
    /// What went in, as it is stored.
    pub inputs: Vec<u8>,
    /// What came out.
    pub standing: ReviewResult,
    /// Whether the caller reaches it.
    pub is_reached: bool,
}

impl StoreMonth {
    /// Whether every review was scored with this bundle, so that none has to be scored by it again.
    pub fn is_scored_with(&self, bundle: &str) -> bool {
        self.reviews.iter().all(|review| review.bundle == bundle)
    }
}

/// The store's months that have reviews in force which the caller reaches, earliest first.
pub async fn reached(
    connection: &mut AsyncPgConnection,
    selection: &Selection,
) -> Result<Vec<Reached>, Problem> {
    // Whoever reaches everything has them counted in the index alone.
    let pieces = [
        (
            true,
            "SELECT c.id AS cycle_id, c.store_id, count(*) AS reviews
             FROM review_cycle c JOIN review r ON r.cycle_id = c.id AND r.is_current
             WHERE c.period BETWEEN $1 AND $2",
        ),
        (selection.store.is_some(), " AND c.store_id = (SELECT s.id FROM org_unit s WHERE s.code = $3)"),
        (
            !selection.sight.is_everything(),
            concat!(" AND ", seen!("$4", "r.employee_id", "r.unit_id", "c.period", "c.stage")),
        ),
        (true, " GROUP BY c.id ORDER BY c.period, c.id"),
    ];
    let months = sql_of(pieces)
        .bind::<Date, _>(selection.from)
        .bind::<Date, _>(selection.to)
        .bind::<Nullable<Text>, _>(selection.store.as_deref())
        .bind::<ReviewSight, _>(selection.sight.clone())
        .load(connection)
        .await?;
    Ok(months)
}

/// Codes of units by their ids.
pub type UnitCodes = HashMap<i64, Arc<str>>;

/// The codes of all units.
pub async fn unit_codes(connection: &mut AsyncPgConnection) -> Result<UnitCodes, Problem> {
    let units: Vec<(i64, String)> =
        org_unit::table.select((org_unit::id, org_unit::code)).load(connection).await?;
    Ok(units.into_iter().map(|(id, code)| (id, code.into())).collect())
}

/// A review of a store's month as it is read: everything by id.
#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    cycle_id: i64,
    #[diesel(sql_type = BigInt)]
    store_id: i64,
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    employee_id: i64,
    #[diesel(sql_type = BigInt)]
    unit_id: i64,
    #[diesel(sql_type = Text)]
    position: String,
    #[diesel(sql_type = Text)]
    bundle: String,
    #[diesel(sql_type = Binary)]
    inputs: Vec<u8>,
    #[diesel(embed)]
    standing: ReviewResult,
    #[diesel(sql_type = Bool)]
    is_reached: bool,
}

/// The months of these cycles, whole.
pub async fn load(
    connection: &mut AsyncPgConnection,
    (library, units): (&Library, &UnitCodes),
    sight: &Sight,
    cycles: &[i64],
) -> Result<Vec<StoreMonth>, Problem> {
    // Found by their cycles alone: whatever is joined to a thousand reviews PostgreSQL would read from end to end.
    let pieces = [
        (
            true,
            "SELECT r.cycle_id, r.store_id, r.id, r.employee_id, r.unit_id, r.position, r.bundle_hash AS bundle, r.inputs,
                 r.total, r.final_grade, r.coefficient, r.attention, ",
        ),
        (sight.is_everything(), "true"),
        (
            !sight.is_everything(),
            concat!(
                "coalesce(",
                seen!(
                    "$1",
                    "r.employee_id",
                    "r.unit_id",
                    "r.period",
                    "(SELECT c.stage FROM review_cycle c WHERE c.id = r.cycle_id)"
                ),
                ", false)"
            ),
        ),
        (
            true,
            " AS is_reached FROM review r WHERE r.cycle_id = ANY ($2) AND r.is_current
             ORDER BY r.period, r.cycle_id, r.employee_id, r.id",
        ),
    ];
    let reviews: Vec<Row> = sql_of(pieces)
        .bind::<ReviewSight, _>(sight.clone())
        .bind::<Array<BigInt>, _>(cycles.to_vec())
        .load(connection)
        .await?;
    let mut bundles = Bundles::new();
    for review in &reviews {
        if !bundles.contains_key(&review.bundle) {
            bundles.insert(review.bundle.clone(), library.bundle(connection, &review.bundle).await?);
        }
    }
    let bundles = Arc::new(bundles);
    let code = |id: i64| units.get(&id).cloned().unwrap_or_else(|| id.to_string().into());
    let mut months: Vec<(i64, StoreMonth)> = Vec::with_capacity(cycles.len());
    for row in reviews {
        let Row { cycle_id, store_id, .. } = row;
        let review = StoredReview {
            id: row.id,
            employee_id: row.employee_id,
            unit_id: row.unit_id,
            unit: code(row.unit_id),
            position: row.position,
            bundle: row.bundle,
            inputs: row.inputs,
            standing: row.standing,
            is_reached: row.is_reached,
        };
        match months.last_mut() {
            Some((cycle, month)) if *cycle == cycle_id => month.reviews.push(review),
            _ => {
                let (store, bundles) = (code(store_id), Arc::clone(&bundles));
                months.push((cycle_id, StoreMonth { store, reviews: vec![review], bundles }));
            }
        }
    }
    Ok(months.into_iter().map(|(_, month)| month).collect())
}

/// What every rule came to in these reviews, by review.
pub async fn results(
    connection: &mut AsyncPgConnection,
    library: &Library,
    reviews: &[i64],
) -> Result<HashMap<i64, Results>, Problem> {
    let stored: Vec<(i64, String, String, Vec<u8>)> = review::table
        .filter(review::id.eq_any(reviews))
        .select((review::id, review::bundle_hash, review::scheme, review::trace))
        .load(connection)
        .await?;
    let mut found = HashMap::with_capacity(stored.len());
    for (id, bundle, scheme, trace) in stored {
        let bundle = library.bundle(connection, &bundle).await?;
        let scheme = bundle.schemes.get(&scheme).ok_or_else(|| Problem::not_found("scheme"))?;
        let rules = scheme.read_trace(&trace).map_err(|damaged| Problem::damaged_review(id, &damaged))?;
        found.insert(id, results_of(&rules));
    }
    Ok(found)
}
