//! What stores are to take and have counted, of all series together, month by month: what boards follow a stock by.

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Date, Nullable};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::db::{one_of, sql};
use crate::http::Problem;
use crate::period::Period;
use crate::plan::reading::targets::governed;

/// A store's supply of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub struct StoreSupply {
    /// The store.
    #[diesel(sql_type = BigInt)]
    pub store_id: i64,
    /// The month.
    #[diesel(sql_type = Date)]
    pub period: Period,
    /// Cars that were counted when it begins, where every series was.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub opening: Option<i64>,
    /// Whether some series were counted and others were not.
    #[diesel(sql_type = Bool)]
    pub is_partly_counted: bool,
    /// 提车任务: cars to be taken.
    #[diesel(sql_type = BigInt)]
    pub wholesale: i64,
    /// 已提车: cars that were taken, where that is known of every series and the month is over.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub taken: Option<i64>,
    /// Cars that come: of each series those taken, or where that is not known the task.
    #[diesel(sql_type = BigInt)]
    pub came: i64,
    /// Whether there is a supply of every series that the store's own plan of the month is split by.
    #[diesel(sql_type = Bool)]
    pub is_whole: bool,
}

/// The supply of each of these stores in each of `periods`, where there is any. `this_month` is not over.
pub async fn supplies(
    connection: &mut AsyncPgConnection,
    stores: &[i64],
    periods: Vec<Period>,
    this_month: Period,
) -> Result<Vec<StoreSupply>, Problem> {
    let (store, month) = (one_of("$1", stores.len()), one_of("$2", periods.len()));
    let supplied = format!(
        ", supplied AS MATERIALIZED (
             SELECT s.unit_id AS store_id, s.period, sum(s.opening)::bigint AS opening, count(s.opening) AS counted,
                 sum(s.wholesale)::bigint AS wholesale, sum(s.taken)::bigint AS taken, count(s.taken) AS known,
                 sum(CASE WHEN s.period < $3 THEN coalesce(s.taken, s.wholesale) ELSE s.wholesale END)::bigint AS came,
                 count(*) AS series
             FROM supply s WHERE s.unit_id {store} AND s.period {month} GROUP BY s.unit_id, s.period),
         lacking AS (
             SELECT DISTINCT g.store_id, g.period
             FROM supplied k JOIN governing g ON g.store_id = k.store_id AND g.period = k.period
             JOIN annual_plan p ON p.id = g.plan_id AND p.unit_id = g.store_id
             JOIN plan_node n ON n.plan_id = g.plan_id AND n.tree = 'series' AND n.label IS NOT NULL
             WHERE NOT EXISTS (
                 SELECT FROM supply s WHERE s.unit_id = g.store_id AND s.series = n.label AND s.period = g.period))
         SELECT k.store_id, k.period, CASE WHEN k.counted = k.series THEN k.opening END AS opening,
             k.counted > 0 AND k.counted < k.series AS is_partly_counted, k.wholesale,
             CASE WHEN k.known = k.series AND k.period < $3 THEN k.taken END AS taken, k.came,
             l.store_id IS NULL AS is_whole
         FROM supplied k LEFT JOIN lacking l ON l.store_id = k.store_id AND l.period = k.period"
    );
    let supplies = sql(governed(stores.len(), periods.len(), &supplied))
        .over(stores.len())
        .bind::<Array<BigInt>, _>(stores.to_vec())
        .bind::<Array<Date>, _>(periods)
        .bind::<Date, _>(this_month)
        .load(connection)
        .await?;
    Ok(supplies)
}
