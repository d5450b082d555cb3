//! Whether what is kept for dashboards is what it was made of: the sums of published reviews (`migrations/*_dashboard_review_sums`),
//! how many people sell in each unit (`migrations/*_dashboard_sellers`), and what daily sheets say of leads
//! (`migrations/*_dashboard_channels`). And making it anew.

use diesel::QueryableByName;
use diesel::sql_types::{Date, Nullable, Text};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection as _};

use crate::auth::Context;
use crate::db::sql;
use crate::http::Problem;
use crate::ledger::person_months::check::Difference;
use crate::period::Period;

/// Compares the sums of a month, or of all of them, with the reviews in force; with the postings who sells where in that month, or
/// from each month on; and what is told of leads with the sheets.
///
/// # Errors
///
/// Where the database cannot be read.
pub async fn check(cx: &mut Context, only: Option<Period>) -> Result<Vec<Difference>, Problem> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Date)]
        period: Period,
        #[diesel(sql_type = Text)]
        of: String,
        #[diesel(sql_type = Text)]
        what: String,
        #[diesel(sql_type = Nullable<Text>)]
        kept: Option<String>,
        #[diesel(sql_type = Nullable<Text>)]
        anew: Option<String>,
    }
    let found: Vec<Found> = sql("WITH cycle AS MATERIALIZED (
             SELECT c.id FROM review_cycle c WHERE $1 IS NULL OR c.period = $1),
         unit AS (
             SELECT coalesce(k.period, a.period) AS period, coalesce(k.unit_id, a.unit_id) AS id,
                 'coefficient ' || coalesce(k.position, a.position) AS what,
                 trim_scale(k.coefficients) || ' of ' || k.known || '/' || k.people AS kept,
                 trim_scale(a.coefficients) || ' of ' || a.known || '/' || a.people AS anew
             FROM (SELECT * FROM unit_coefficient WHERE $1 IS NULL OR period = $1) k
             FULL JOIN (SELECT a.* FROM cycle c CROSS JOIN LATERAL unit_coefficients_of(c.id) a) a
                 ON (a.cycle_id, a.period, a.unit_id, a.position) = (k.cycle_id, k.period, k.unit_id, k.position)),
         store AS (
             SELECT coalesce(k.period, a.period) AS period, coalesce(k.store_id, a.store_id) AS id,
                 coalesce(k.scheme, a.scheme) || ' ' || coalesce(k.final_grade, a.final_grade) AS what,
                 concat_ws(' ', k.reviews, k.rated, trim_scale(k.points), trim_scale(k.lowest)) AS kept,
                 concat_ws(' ', a.reviews, a.rated, trim_scale(a.points), trim_scale(a.lowest)) AS anew
             FROM (SELECT * FROM store_grade WHERE $1 IS NULL OR period = $1) k
             FULL JOIN (SELECT a.* FROM cycle c CROSS JOIN LATERAL store_grades_of(c.id) a) a
                 ON (a.cycle_id, a.period, a.store_id, a.scheme, a.final_grade)
                     = (k.cycle_id, k.period, k.store_id, k.scheme, k.final_grade)),
         span AS MATERIALIZED (
             SELECT s.* FROM seller_spans_of(ARRAY(SELECT DISTINCT employee_id FROM assignment)) s),
         posted AS (
             SELECT unit_id, month, sum(people) AS change FROM (
                 SELECT unit_id, first AS month, 1 AS people FROM span
                 UNION ALL SELECT unit_id, beyond, -1 FROM span WHERE beyond < 'infinity') s
             GROUP BY unit_id, month),
         seller AS (
             SELECT coalesce(k.month, a.month) AS period, coalesce(k.unit_id, a.unit_id) AS id, 'sales_consultant' AS what,
                 k.change::text AS kept, a.change::text AS anew
             FROM unit_seller k FULL JOIN posted a ON (a.unit_id, a.month) = (k.unit_id, k.month)
             WHERE coalesce(k.change, 0) <> coalesce(a.change, 0) AND ($1 IS NULL OR coalesce(k.month, a.month) = $1)),
         told AS (
             SELECT m.*, to_jsonb(m) - 'written_at' AS numbers FROM lead_month m WHERE $1 IS NULL OR m.period = $1),
         written AS (
             SELECT m.*, to_jsonb(m) - 'written_at' AS numbers
             FROM (SELECT DISTINCT date_trunc('month', d.day)::date AS of FROM daily_sheet d
                   WHERE $1 IS NULL OR d.day BETWEEN $1 AND ($1 + interval '1 month')::date - 1) AS month
             CROSS JOIN LATERAL lead_month_of(NULL, month.of) m),
         leads AS (
             SELECT coalesce(k.period, a.period) AS period, e.employee_no AS of,
                 concat_ws(' ', 'leads', coalesce(k.channel, a.channel), coalesce(k.source, a.source)) AS what,
                 k.numbers::text AS kept, a.numbers::text AS anew
             FROM told k FULL JOIN written a
                 ON (a.employee_id, a.period, a.channel, a.source) = (k.employee_id, k.period, k.channel, k.source)
             JOIN employee e ON e.id = coalesce(k.employee_id, a.employee_id)
             WHERE k.numbers IS DISTINCT FROM a.numbers),
         unit_told AS (
             SELECT m.*, to_jsonb(m) - 'written_at' AS numbers FROM unit_lead_month m
             WHERE ($1 IS NULL OR m.period = $1) AND m.leads_known > 0),
         unit_leads AS (
             SELECT coalesce(k.period, a.period) AS period, coalesce(k.unit_id, a.unit_id) AS id,
                 concat_ws(' ', 'leads', coalesce(k.channel, a.channel), coalesce(k.source, a.source)) AS what,
                 k.numbers::text AS kept, a.numbers::text AS anew
             FROM unit_told k FULL JOIN (
                 SELECT m.*, to_jsonb(m) - 'written_at' AS numbers
                 FROM (SELECT DISTINCT period AS of FROM lead_month WHERE $1 IS NULL OR period = $1
                       UNION SELECT period FROM erased_lead_month WHERE $1 IS NULL OR period = $1) AS month
                 CROSS JOIN LATERAL unit_leads_of(month.of) m) a
                 ON (a.unit_id, a.period, a.channel, a.source) = (k.unit_id, k.period, k.channel, k.source))
         SELECT d.period, u.code AS of, d.what, nullif(d.kept, '') AS kept, nullif(d.anew, '') AS anew
         FROM (SELECT * FROM unit UNION ALL SELECT * FROM store UNION ALL SELECT * FROM seller
               UNION ALL SELECT * FROM unit_leads) d
         JOIN org_unit u ON u.id = d.id
         WHERE d.kept IS DISTINCT FROM d.anew
         UNION ALL SELECT period, of, what, kept, anew FROM leads ORDER BY period, of, what")
    .bind::<Nullable<Date>, _>(only)
    .load(cx.db())
    .await?;
    let differences = found.into_iter().map(|found| Difference {
        period: found.period,
        of: found.of,
        what: found.what,
        kept: found.kept,
        ledger: found.anew,
    });
    Ok(differences.collect())
}

/// Makes the sums of a month, or of all of them, anew, and who sells where in whichever month; and says what was different.
///
/// # Errors
///
/// Where the database cannot be read or written.
pub async fn rebuild(cx: &mut Context, only: Option<Period>) -> Result<Vec<Difference>, Problem> {
    cx.transaction(async |cx| {
        let differences = check(cx, only).await?;
        sql("WITH cycle AS MATERIALIZED (
                 SELECT array_agg(c.id) AS id, array_agg(c.store_id) AS store_id, array_agg(c.period) AS period
                 FROM review_cycle c WHERE $1 IS NULL OR c.period = $1 HAVING count(*) > 0)
             SELECT sum_reviews(c.id), tell_reviews(c.id), note_for_dashboards(c.store_id, c.period) FROM cycle c")
        .bind::<Nullable<Date>, _>(only)
        .execute(cx.db())
        .await?;
        cx.db().batch_execute(SELLERS).await?;
        // Nor does anybody write a sheet.
        sql("LOCK TABLE daily_sheet IN SHARE ROW EXCLUSIVE MODE").execute(cx.db()).await?;
        sql("DELETE FROM lead_month WHERE $1 IS NULL OR period = $1").bind::<Nullable<Date>, _>(only).execute(cx.db()).await?;
        sql("INSERT INTO lead_month SELECT m.*
             FROM (SELECT DISTINCT date_trunc('month', d.day)::date AS of FROM daily_sheet d
                   WHERE $1 IS NULL OR d.day BETWEEN $1 AND ($1 + interval '1 month')::date - 1) AS month
             CROSS JOIN LATERAL lead_month_of(NULL, month.of) m")
        .bind::<Nullable<Date>, _>(only)
        .execute(cx.db())
        .await?;
        sql("DELETE FROM unit_lead_month WHERE $1 IS NULL OR period = $1").bind::<Nullable<Date>, _>(only).execute(cx.db()).await?;
        sql("INSERT INTO unit_lead_month SELECT m.*
             FROM (SELECT period AS of FROM lead_month WHERE $1 IS NULL OR period = $1
                   UNION SELECT period FROM erased_lead_month WHERE $1 IS NULL OR period = $1) AS month
             CROSS JOIN LATERAL unit_leads_of(month.of) m")
        .bind::<Nullable<Date>, _>(only)
        .execute(cx.db())
        .await?;
        Ok(differences)
    })
    .await
}

/// Nobody is posted meanwhile. Everything that dashboards show is noted.
const SELLERS: &str = "LOCK TABLE assignment IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM seller_span;
    DELETE FROM unit_seller;
    INSERT INTO seller_due (employee_id) SELECT array_agg(DISTINCT employee_id) FROM assignment HAVING count(*) > 0;
    SELECT note_for_dashboards(array_agg(u.id), array_agg(date 'infinity')) FROM org_unit u WHERE u.parent_id IS NULL";
