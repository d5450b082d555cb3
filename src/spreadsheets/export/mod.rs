//! Exports: what the program knows of a month, as CSV and as Excel workbooks with Chinese headers.
//!
//! `listings` and `reported` say what there is, `table` what a row is made of; `csv` and `xlsx` write it. Rows are read page by page,
//! all as they were known at one moment, so that a long CSV file never stands in memory as a whole.

pub mod csv;
pub mod http;
pub mod listings;
pub mod neutral;
mod reported;
pub mod table;
pub mod xlsx;

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use self::listings::{LISTINGS, Listing};
use self::table::{Column, ExportCell, Kind};
use crate::auth::Context;
use crate::auth::scope::{CallerScope, Scope, reaches};
use crate::db::sql;
use crate::http::{Code, Problem};
use crate::ledger::metric::{COMPUTED_SOURCE, Catalogue, Metric, nearest};
use crate::ledger::reading::AsOf;
use crate::period::Period;
use crate::said::say;

/// Rows that are read at once.
const PAGE: usize = 500;

/// What kind of file an export is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// Text, separated by commas
    #[default]
    Csv,
    /// An Excel workbook
    Xlsx,
}

impl FileFormat {
    /// The ending of the file's name.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
        }
    }
}

/// What is to be exported.
#[derive(Clone, Debug)]
pub struct ExportRequest {
    /// Name of the listing.
    pub what: String,
    /// The month.
    pub period: Period,
    /// Only people of this store, by code.
    pub store: Option<String>,
    /// As it was known then; none is now.
    pub as_of: Option<AsOf>,
    /// The kind of file.
    pub format: FileFormat,
}

/// An export that has begun: its columns are known, its rows are read page by page.
#[derive(Debug)]
pub struct Export {
    listing: &'static Listing,
    wanted: ExportRequest,
    columns: Vec<Column>,
    metrics: Vec<String>,
    catalogue: Arc<Catalogue>,
    scope: Scope,
    moment: DateTime<Utc>,
    /// Key of the last row that was read; none once all are.
    after: Option<i64>,
}

/// The header of a metric's column: its label, or its name where two metrics share the label.
pub fn metric_header<'a>(catalogue: &Catalogue, metric: &'a Metric) -> &'a str {
    let namesakes = catalogue.listed().iter().filter(|other| other.zh == metric.zh).count();
    if namesakes > 1 { &metric.name } else { &metric.zh }
}

impl Export {
    /// Begins an export, and notes who does it.
    ///
    /// # Errors
    ///
    /// There is no such listing, or nobody of the store is within the caller's reach.
    pub async fn begin(
        cx: &mut Context,
        catalogue: Arc<Catalogue>,
        wanted: ExportRequest,
    ) -> Result<Self, Problem> {
        let listing = find(&wanted.what)?;
        if let Some(store) = &wanted.store {
            require_store(cx, wanted.period, store).await?;
        }
        let moment = match wanted.as_of {
            Some(AsOf(moment)) => moment,
            None => horizon(cx, wanted.period).await?,
        };
        let known =
            if listing.metrics { metrics(cx.db(), &catalogue, wanted.period).await? } else { Vec::new() };
        let mut columns = listing.columns.to_vec();
        columns.extend(known.iter().map(|metric| Column {
            header: Cow::Owned(metric_header(&catalogue, metric).to_owned()),
            kind: Kind::Number,
        }));
        let metrics = known.iter().map(|metric| metric.name.clone()).collect();
        let subject = format!("exports/{}", listing.name);
        let detail = json!({ "period": wanted.period, "store": wanted.store, "format": wanted.format });
        cx.audit("export_facts", &subject, detail).await?;
        let scope = cx.scope.clone();
        Ok(Self { listing, wanted, columns, metrics, catalogue, scope, moment, after: Some(0) })
    }

    /// The columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// What the listing is called.
    pub fn title(&self) -> &'static str {
        self.listing.zh
    }

    /// The file's name, in Chinese and in ASCII.
    pub fn file_names(&self) -> (String, String) {
        let ExportRequest { period, format, store, .. } = &self.wanted;
        let store = store.as_deref().map(|store| format!("-{store}")).unwrap_or_default();
        let ending = format.ending();
        (
            format!("{}{store}-{period}.{ending}", self.listing.zh),
            format!("{}-{period}.{ending}", self.listing.name),
        )
    }

    /// The next rows; none once all have been read.
    pub async fn next(
        &mut self,
        connection: &mut AsyncPgConnection,
    ) -> Result<Option<Vec<Vec<ExportCell>>>, Problem> {
        #[derive(QueryableByName)]
        struct KeyedCells {
            #[diesel(sql_type = BigInt)]
            key: i64,
            #[diesel(sql_type = Array<Nullable<Text>>)]
            cells: Vec<Option<String>>,
        }
        let Some(after) = self.after else { return Ok(None) };
        let rows: Vec<KeyedCells> = sql(self.listing.sql)
            .bind::<CallerScope, _>(self.scope.clone())
            .bind::<Date, _>(self.wanted.period)
            .bind::<Date, _>(self.wanted.period.end())
            .bind::<Nullable<Text>, _>(self.wanted.store.clone())
            .bind::<Timestamptz, _>(self.moment)
            .bind::<BigInt, _>(after)
            .bind::<BigInt, _>(i64::try_from(PAGE).unwrap_or(i64::MAX))
            .bind::<Array<Text>, _>(self.metrics.clone())
            .load(connection)
            .await?;
        self.after = rows.last().map(|row| row.key).filter(|_| rows.len() >= PAGE);
        let read = |(column, text): (&Column, Option<String>)| {
            column.kind.read(&column.header, text, &self.catalogue)
        };
        let cells = rows.into_iter().map(|row| self.columns.iter().zip(row.cells).map(read).collect());
        let rows = cells.collect::<Result<Vec<Vec<ExportCell>>, Problem>>()?;
        Ok(Some(rows).filter(|rows| !rows.is_empty()))
    }
}

fn find(name: &str) -> Result<&'static Listing, Problem> {
    LISTINGS.iter().find(|listing| listing.name == name).ok_or_else(|| {
        let known = LISTINGS.iter().map(|listing| listing.name);
        let hint =
            nearest(name, known.clone()).map(|near| format!("; did you mean '{near}'?")).unwrap_or_default();
        let known = known.collect::<Vec<_>>().join(", ");
        Problem::new(
            Code::NotFound,
            say!("没有这种导出（有 {known}）{hint}", "there is no such export (there are {known}){hint}"),
        )
    })
}

/// The moment as of which a month is exported now: nothing of it was recorded later.
async fn horizon(cx: &mut Context, period: Period) -> Result<DateTime<Utc>, Problem> {
    #[derive(QueryableByName)]
    struct Horizon {
        #[diesel(sql_type = Timestamptz)]
        moment: DateTime<Utc>,
    }
    let text = "SELECT greatest($1, (SELECT max(recorded_at) FROM fact WHERE period = $2), \
             (SELECT max(imported_at) FROM import_batch WHERE period = $2), \
             (SELECT max(proposed_at) FROM late_correction WHERE period = $2)) AS moment";
    let statement = sql(text).bind::<Timestamptz, _>(cx.now).bind::<Date, _>(period);
    let found: Horizon = statement.get_result(cx.db()).await?;
    Ok(found.moment)
}

/// The metrics that have a column: all that are collected, and whatever else the month has values of.
async fn metrics(
    connection: &mut AsyncPgConnection,
    catalogue: &Catalogue,
    period: Period,
) -> Result<Vec<Metric>, Problem> {
    use crate::db::schema::fact;

    let present: Vec<String> =
        fact::table.filter(fact::period.eq(period)).select(fact::metric).distinct().load(connection).await?;
    let is_collected = |metric: &Metric| {
        catalogue.listed().iter().any(|one| one.name == metric.name)
            && metric.source.as_deref() != Some(COMPUTED_SOURCE)
    };
    let all = catalogue.entries().map(|(_, metric)| metric);
    Ok(all.filter(|metric| is_collected(metric) || present.contains(&metric.name)).cloned().collect())
}

async fn require_store(cx: &mut Context, period: Period, store: &str) -> Result<(), Problem> {
    #[derive(QueryableByName)]
    struct FoundStore {
        #[diesel(sql_type = Bool)]
        is_reached: bool,
    }
    let text = concat!(
        "SELECT EXISTS (SELECT FROM assignment a JOIN org_unit u ON u.id = a.unit_id \
             JOIN org_unit s ON s.id = u.store_id WHERE s.code = $4 \
             AND daterange(a.valid_from, a.valid_to) && daterange($2, $3) AND ",
        reaches!("$1", "a.employee_id", "a.unit_id", "$2"),
        ") AS is_reached"
    );
    let found: FoundStore = sql(text)
        .bind::<CallerScope, _>(cx.scope.clone())
        .bind::<Date, _>(period)
        .bind::<Date, _>(period.end())
        .bind::<Text, _>(store.to_owned())
        .get_result(cx.db())
        .await?;
    if found.is_reached { Ok(()) } else { Err(Problem::not_found("store")) }
}
