//! The advisor's daily sheet 日报, summed into the month: written by the person, and looked at by the morning meeting 晨会.
//!
//! A sheet that is written again adds a revision, and the ledger a row for each number that is another. In the ledger its
//! numbers stand last: what a system delivers for the same metric goes before.

mod check;
pub mod http;
pub mod morning;
mod store;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::pg::{Pg, PgValue};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Integer, Nullable, Record, Text, Timestamptz};
use garde::Validate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use self::check::KnownCodes;
pub use self::store::{SheetFilter, list};
use crate::auth::Context;
use crate::diary::authors;
use crate::http::Problem;
use crate::ledger::{self, Entry, Late, ValueOrigin};
use crate::org::labels::{self, LabelList};
use crate::period::Period;
use crate::said::say;

/// The name under which sheets stand in the ledger.
pub const SYSTEM: &str = "daily_sheet";

/// The lead sources 线索来源 that sheets can name.
pub const LEAD_SOURCES: LabelList = LabelList { name: "lead_source", table: "lead_source", tree: None };

/// The reasons 战败原因 for which prospects are lost.
pub const LOST_REASONS: LabelList = LabelList { name: "lost_reason", table: "lost_reason", tree: None };

/// What happened on a day. What the sheet leaves out is null, which is not 0.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Validate, QueryableByName, ToSchema,
)]
#[serde(default, deny_unknown_fields)]
pub struct SheetCounts {
    /// 首次到店
    #[garde(inner(range(min = 0, max = 999)))]
    #[diesel(sql_type = Nullable<Integer>)]
    #[schema(minimum = 0, maximum = 999)]
    pub first_visits: Option<i32>,
    /// 到店客户
    #[garde(inner(range(min = 0, max = 999)))]
    #[diesel(sql_type = Nullable<Integer>)]
    #[schema(minimum = 0, maximum = 999)]
    pub visitors: Option<i32>,
    /// 留档
    #[garde(inner(range(min = 0, max = 999)))]
    #[diesel(sql_type = Nullable<Integer>)]
    #[schema(minimum = 0, maximum = 999)]
    pub captured_leads: Option<i32>,
    /// 试驾
    #[garde(inner(range(min = 0, max = 999)))]
    #[diesel(sql_type = Nullable<Integer>)]
    #[schema(minimum = 0, maximum = 999)]
    pub test_drives: Option<i32>,
    /// 订单
    #[garde(inner(range(min = 0, max = 999)))]
    #[diesel(sql_type = Nullable<Integer>)]
    #[schema(minimum = 0, maximum = 999)]
    pub orders: Option<i32>,
    /// 交车
    #[garde(inner(range(min = 0, max = 999)))]
    #[diesel(sql_type = Nullable<Integer>)]
    #[schema(minimum = 0, maximum = 999)]
    pub deliveries: Option<i32>,
}

/// Leads of one channel and source, and what has come of leads from there on the day, whenever they came themselves. A step that is left
/// out is null, which is not 0.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Validate, FromSqlRow, ToSchema,
)]
#[serde(deny_unknown_fields)]
pub struct SheetLeads {
    /// Code of the channel 渠道.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(example = "phone_web", min_length = 1, max_length = 64)]
    pub channel: String,
    /// Code of the lead source 线索来源.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(example = "autohome", min_length = 1, max_length = 64)]
    pub source: String,
    /// How many came.
    #[garde(range(min = 0, max = 999))]
    #[schema(minimum = 0, maximum = 999)]
    pub leads: i32,
    /// How many have visited 到店.
    #[garde(inner(range(min = 0, max = 999)))]
    #[serde(default)]
    #[schema(minimum = 0, maximum = 999)]
    pub visitors: Option<i32>,
    /// How many have driven 试驾.
    #[garde(inner(range(min = 0, max = 999)))]
    #[serde(default)]
    #[schema(minimum = 0, maximum = 999)]
    pub test_drives: Option<i32>,
    /// How many have ordered 订单.
    #[garde(inner(range(min = 0, max = 999)))]
    #[serde(default)]
    #[schema(minimum = 0, maximum = 999)]
    pub orders: Option<i32>,
    /// How many have taken their car 交车.
    #[garde(inner(range(min = 0, max = 999)))]
    #[serde(default)]
    #[schema(minimum = 0, maximum = 999)]
    pub deliveries: Option<i32>,
}

/// A row of the columns `channel`, `source`, `leads`, `visitors`, `test_drives`, `orders` and `deliveries`.
type LeadsRecord =
    Record<(Text, Text, Integer, Nullable<Integer>, Nullable<Integer>, Nullable<Integer>, Nullable<Integer>)>;

impl FromSql<LeadsRecord, Pg> for SheetLeads {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let (channel, source, leads, visitors, test_drives, orders, deliveries) =
            FromSql::<LeadsRecord, Pg>::from_sql(value)?;
        Ok(Self { channel, source, leads, visitors, test_drives, orders, deliveries })
    }
}

/// Prospects lost for one reason.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Validate, FromSqlRow, ToSchema,
)]
#[serde(deny_unknown_fields)]
pub struct SheetLoss {
    /// Code of the reason 战败原因.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(example = "price", min_length = 1, max_length = 64)]
    pub reason: String,
    /// How many were lost for it.
    #[garde(range(min = 0, max = 999))]
    #[schema(minimum = 0, maximum = 999)]
    pub prospects: i32,
}

/// A row of the columns `reason` and `prospects`.
type LossRecord = Record<(Text, Integer)>;

impl FromSql<LossRecord, Pg> for SheetLoss {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let (reason, prospects) = FromSql::<LossRecord, Pg>::from_sql(value)?;
        Ok(Self { reason, prospects })
    }
}

/// A sheet to be written.
#[derive(Clone, Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDailySheet {
    /// What happened.
    #[garde(dive)]
    #[serde(default)]
    pub counts: SheetCounts,
    /// The leads that came, by channel and source.
    #[garde(length(max = 200), dive)]
    #[serde(default)]
    #[schema(max_items = 200)]
    pub leads: Vec<SheetLeads>,
    /// The prospects that were lost, by reason. An empty list means that there were none; null means that it is not
    /// known.
    #[garde(length(max = 100), dive)]
    #[serde(default)]
    #[schema(max_items = 100)]
    pub lost: Option<Vec<SheetLoss>>,
    /// Anything else worth noting, but no customer's name or telephone number.
    #[garde(length(chars, max = 2_000))]
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub note: Option<String>,
}

/// The latest revision of a sheet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, QueryableByName, ToSchema)]
pub struct DailySheet {
    /// Its id; each revision has its own.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// 工号.
    #[diesel(sql_type = Text)]
    pub employee_no: String,
    /// The person's name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The day that it is about.
    #[diesel(sql_type = Date)]
    pub day: NaiveDate,
    /// How many times it was written.
    #[diesel(sql_type = Integer)]
    pub revision: i32,
    /// When it was last written.
    #[diesel(sql_type = Timestamptz)]
    pub written_at: DateTime<Utc>,
    /// What happened.
    #[diesel(embed)]
    pub counts: SheetCounts,
    /// The leads that came, by channel and source.
    #[diesel(sql_type = Array<LeadsRecord>)]
    pub leads: Vec<SheetLeads>,
    /// The prospects that were lost, by reason; null if the sheet does not mention them.
    #[diesel(sql_type = Nullable<Array<LossRecord>>)]
    pub lost: Option<Vec<SheetLoss>>,
    /// Anything else that was noted.
    #[diesel(sql_type = Nullable<Text>)]
    pub note: Option<String>,
}

/// Something odd that was accepted all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SheetWarning {
    /// The field that is odd.
    pub field: String,
    /// What is odd about it.
    pub message: String,
}

/// A sheet that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WrittenSheet {
    /// The sheet as it is now.
    pub sheet: DailySheet,
    /// What is odd about it.
    pub warnings: Vec<SheetWarning>,
}

/// Writes the own sheet of a day, or writes it again. The same sheet again changes nothing.
///
/// # Errors
///
/// Fields at fault; a conflict where the login has no employee, or where the month is frozen.
pub async fn put(
    cx: &mut Context,
    day: NaiveDate,
    mut sheet: NewDailySheet,
) -> Result<WrittenSheet, Problem> {
    let employee_id = authors::employee(cx)?;
    let period =
        Period::new(2000, 1).filter(|first| day >= first.first_day()).map(|_| Period::containing(day));
    let period = period
        .ok_or_else(|| Problem::field("day", say!("日期应在 2000 年以后", "expected a day from 2000 on")))?;
    sheet.leads.sort();
    sheet.lost.iter_mut().for_each(|lost| lost.sort());
    sheet.note = sheet.note.map(|note| note.trim().to_owned()).filter(|note| !note.is_empty());
    let known = KnownCodes {
        channels: labels::codes(cx, labels::CHANNELS).await?,
        sources: labels::codes(cx, LEAD_SOURCES).await?,
        reasons: labels::codes(cx, LOST_REASONS).await?,
    };
    check::faults(&sheet, day, cx.today(), &known)?;
    let sheet = cx
        .transaction(async |cx| {
            authors::require_posting(cx.db(), employee_id, day).await?;
            authors::require_open(cx.db(), period, &[employee_id]).await?;
            let before = store::of_day(cx.db(), employee_id, day).await?;
            if let Some(before) = &before
                && is_same(before, &sheet)
            {
                return Ok(before.clone());
            }
            let revision = before.map_or(1, |before| before.revision + 1);
            let id = store::add(cx, employee_id, day, revision, &sheet).await?;
            let origin = ValueOrigin {
                source_system: SYSTEM.to_owned(),
                batch_id: None,
                user_id: cx.by(),
                at: cx.now,
                reason: (revision > 1).then(|| format!("the sheet of {day} was written again")),
            };
            let entries = entries(employee_id, day, &sheet);
            ledger::record(cx.db(), period, &entries, &origin, Late::Refuse).await?;
            let detail = json!({ "day": day, "revision": revision });
            cx.audit("put_daily_sheet", &format!("daily_sheet/{id}"), detail).await?;
            let written = store::of_day(cx.db(), employee_id, day).await?;
            written.ok_or_else(|| Problem::not_found("daily sheet"))
        })
        .await?;
    let warnings = check::oddities(&sheet.counts, &sheet.leads, cx.language);
    Ok(WrittenSheet { sheet, warnings })
}

fn is_same(before: &DailySheet, sheet: &NewDailySheet) -> bool {
    before.counts == sheet.counts
        && before.leads == sheet.leads
        && before.lost == sheet.lost
        && before.note == sheet.note
}

/// The day's numbers as the ledger takes them; what the sheet does not speak of voids what it said before.
fn entries(employee_id: i64, day: NaiveDate, sheet: &NewDailySheet) -> Vec<Entry> {
    let counts = &sheet.counts;
    let numbers = [
        ("first_visits", counts.first_visits),
        ("visitors", counts.visitors),
        ("captured_leads", counts.captured_leads),
        ("test_drives", counts.test_drives),
        ("orders", counts.orders),
        ("deliveries", counts.deliveries),
        ("lost_prospects", lost(sheet)),
    ];
    let entry = |(metric, value): (&str, Option<i32>)| Entry {
        employee_id,
        metric: metric.to_owned(),
        value: value.map(Decimal::from),
        day: Some(day),
        external_id: None,
        for_store: None,
    };
    numbers.map(entry).to_vec()
}

/// The lost prospects of all reasons together.
fn lost(sheet: &NewDailySheet) -> Option<i32> {
    sheet.lost.as_ref().map(|lost| lost.iter().map(|one| one.prospects).sum())
}
