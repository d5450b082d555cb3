//! Stores' calendars as they are kept: one value, to be read with whatever else a statement reads.

use std::ops::RangeInclusive;

use diesel::QueryableByName;
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::{Array, BigInt, Integer, Jsonb};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};

use super::WorkDays;
use crate::db::json::json_columns;
use crate::db::sql;
use crate::http::Problem;

/// The calendars of some stores in some years: what `kept_calendars!` selects.
#[derive(Clone, Debug, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = Jsonb)]
pub struct KeptCalendars {
    /// The years of public holidays that were added, each with the text of its file.
    pub(super) holidays: Vec<(i32, String)>,
    /// The years in which stores have a calendar of their own.
    pub(super) own: Vec<OwnYear>,
}

/// A store's own calendar of a year.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct OwnYear {
    pub(super) store_id: i64,
    pub(super) year: i32,
    pub(super) version: i32,
    pub(super) work: WorkDays,
}

json_columns!(KeptCalendars in "work_calendar, holiday_year");

/// The calendars of stores in some years as a [`KeptCalendars`]: `kept_calendars!(["= ANY ($1)"], "$2", "$3")`, with the
/// condition on the store's id, the first year and the last.
macro_rules! kept_calendars {
    ([$($stores:literal),+], $first:literal, $last:literal) => {
        concat!(
            "jsonb_build_object('holidays',
                 (SELECT coalesce(jsonb_agg(jsonb_build_array(h.year, h.text)), '[]') FROM holiday_year h),
             'own', (SELECT coalesce(jsonb_agg(jsonb_build_object('store_id', w.store_id, 'year', w.year,
                     'version', w.version, 'work', jsonb_build_object('rest_weekdays', w.rest_weekdays,
                         'keeps_public_holidays', w.keeps_holidays, 'rest_days_a_month', w.rest_days_a_month,
                         'day_minutes', w.day_minutes, 'days', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                             'day', d.day, 'is_open', d.is_open, 'name', d.name) ORDER BY d.day), '[]')
                             FROM work_calendar_day d WHERE d.store_id = w.store_id AND d.year = w.year)))), '[]')
                 FROM work_calendar w WHERE w.store_id ",
            $($stores,)+
            " AND w.year BETWEEN ",
            $first,
            " AND ",
            $last,
            "))"
        )
    };
}

pub(crate) use kept_calendars;

impl KeptCalendars {
    /// Reads them.
    pub(super) async fn read(
        connection: &mut AsyncPgConnection,
        stores: &[i64],
        years: RangeInclusive<i32>,
    ) -> Result<Self, Problem> {
        #[derive(QueryableByName)]
        struct Kept {
            #[diesel(sql_type = Jsonb)]
            calendars: KeptCalendars,
        }
        let kept: Kept =
            sql(concat!("SELECT ", kept_calendars!(["= ANY ($1)"], "$2", "$3"), " AS calendars"))
                .over(stores.len())
                .bind::<Array<BigInt>, _>(stores)
                .bind::<Integer, _>(*years.start())
                .bind::<Integer, _>(*years.end())
                .get_result(connection)
                .await?;
        Ok(kept.calendars)
    }
}
