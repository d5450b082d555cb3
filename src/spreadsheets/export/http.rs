//! Exports over HTTP.

use actix_web::http::header::{
    CONTENT_DISPOSITION, Charset, ContentDisposition, DispositionParam, DispositionType, ExtendedValue,
};
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpResponse, Responder, get};
use futures_util::stream;
use serde::Deserialize;
use utoipa::IntoParams;

use super::table::ExportCell;
use super::{Export, ExportRequest, FileFormat, csv, xlsx};
use crate::auth::Caller;
use crate::auth::access::ViewFacts;
use crate::db::Pool;
use crate::http::{Problem, Query};
use crate::ledger::catalogue::Catalogues;
use crate::ledger::reading::AsOf;
use crate::period::Period;

/// Which month to export, and as what kind of file.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// The month.
    #[param(value_type = String, example = "2014-03")]
    period: Period,
    /// Only people of this store, by code.
    store: Option<String>,
    /// What was known at the end of this day in China, or at this moment. Now by default.
    #[param(value_type = Option<String>, example = "2014-04-05")]
    as_of: Option<AsOf>,
    /// The kind of file; csv by default.
    #[serde(default)]
    #[param(inline)]
    format: FileFormat,
}

/// Export a month as CSV or as an Excel workbook with Chinese headers, as far as the caller reaches: `facts` (one row
/// per person, one column per metric), `ledger` (every value with who recorded it, when, from where and why),
/// `imports`, `late-corrections`, `events`, `work-reports`, `daily-sheets` or `activities`.
#[utoipa::path(tag = "facts", params(
    ("what" = String, Path, description = "What to export", example = "facts",
        pattern = "^(facts|ledger|imports|late-corrections|events|work-reports|daily-sheets|activities)$"),
    ExportQuery),
    responses(
        (status = 200, description = "The file", content(
            (Vec<u8> = "text/csv"),
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        )),
        (status = 404, description = "There is no such export, or nobody of the store within the caller's reach"),
    ))]
#[get("/exports/{what}")]
pub async fn get_export(
    caller: Caller<ViewFacts>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    what: Path<String>,
    query: Query<ExportQuery>,
) -> Result<impl Responder, Problem> {
    let ExportQuery { period, store, as_of, format } = query.0;
    let wanted = ExportRequest { what: what.into_inner(), period, store, as_of, format };
    let mut cx = caller.context().await?;
    let catalogue = catalogues.of(cx.db(), period).await?;
    let mut export = Export::begin(&mut cx, catalogue, wanted).await?;
    let disposition = attachment(export.file_names());
    // What goes wrong with the first rows can still be said as a problem.
    let first = export.next(cx.db()).await?;
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CONTENT_DISPOSITION, disposition));
    match format {
        FileFormat::Csv => {
            drop(cx);
            let head = csv::head(export.columns())?;
            Ok(answer.content_type(csv::CONTENT_TYPE).streaming(pages(export, head, first, pool)))
        }
        FileFormat::Xlsx => {
            let mut book = xlsx::Book::begin(export.title(), export.columns())?;
            let mut rows = first;
            while let Some(page) = rows {
                book.add(&page)?;
                rows = export.next(cx.db()).await?;
            }
            drop(cx);
            let file = actix_web::web::block(move || book.finish())
                .await
                .map_err(|error| Problem::internal(&error))??;
            Ok(answer.content_type(xlsx::CONTENT_TYPE).body(file))
        }
    }
}

/// The file in pieces. Each page asks for a connection of its own: a slow reader keeps nobody else waiting.
fn pages(
    export: Export,
    head: Vec<u8>,
    first: Option<Vec<Vec<ExportCell>>>,
    pool: Data<Pool>,
) -> impl futures_util::Stream<Item = Result<Bytes, Problem>> {
    stream::try_unfold((export, Some(head), first, pool), async |(mut export, head, rows, pool)| {
        if let Some(head) = head {
            return Ok(Some((Bytes::from(head), (export, None, rows, pool))));
        }
        let Some(rows) = rows else { return Ok(None) };
        let piece = csv::rows(&rows)?;
        let next = export.next(&mut *pool.get().await?).await?;
        Ok(Some((Bytes::from(piece), (export, None, next, pool))))
    })
}

/// A file to be kept: its Chinese name (RFC 5987), and one in ASCII for who does not read it.
pub fn attachment((name, ascii): (String, String)) -> ContentDisposition {
    let extended = ExtendedValue {
        charset: Charset::Ext("UTF-8".to_owned()),
        language_tag: None,
        value: name.into_bytes(),
    };
    ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(ascii), DispositionParam::FilenameExt(extended)],
    }
}
