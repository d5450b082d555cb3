//! Templates: an Excel workbook for each source that people deliver, with the month's people in it. Filled in, it is
//! imported through the built-in mapping that is called after the source.

pub mod http;
mod workbook;

use diesel::prelude::*;
use diesel::sql_types::{Date, Nullable, Text};
use diesel_async::RunQueryDsl;

use crate::auth::Context;
use crate::auth::scope::{CallerScope, Scope, reaches};
use crate::db::sql;
use crate::http::{Code, Problem};
use crate::ledger::metric::{Catalogue, nearest};
use crate::period::Period;
use crate::said::say;
use crate::spreadsheets::mapping::{self, built_in};

/// The template of the source `dms`, by the name that its import has.
const FUNNEL: (&str, &str) = ("dms-funnel", "dms");

/// Which template.
#[derive(Clone, Debug)]
pub struct TemplateRequest {
    /// Name of the source, or `dms-funnel`.
    pub kind: String,
    /// The month whose people are in it.
    pub period: Period,
    /// Only people of this store, by code.
    pub store: Option<String>,
}

/// Somebody whose row stands in the template.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct TemplatePerson {
    /// 工号.
    #[diesel(sql_type = Text)]
    pub employee_no: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
}

/// The template as a workbook, and its file's names in Chinese and in ASCII.
///
/// # Errors
///
/// There is no such template, or none of the roles may enter what it asks for.
pub async fn make(
    cx: &mut Context,
    catalogue: &Catalogue,
    wanted: &TemplateRequest,
) -> Result<((String, String), Vec<u8>), Problem> {
    let source = source(catalogue, &wanted.kind)?;
    let scope = mapping::scope(&[Some(source.to_owned())], cx.identity.as_ref())?;
    let people = people(cx, scope, wanted).await?;
    if people.is_empty() && wanted.store.is_some() {
        return Err(Problem::not_found("store"));
    }
    let zh = catalogue.source_label(source);
    let names = (format!("{zh}-{}.xlsx", wanted.period), format!("{source}-{}.xlsx", wanted.period));
    let book = workbook::write(catalogue, source, wanted.period, &people)
        .map_err(|error| Problem::internal(&error))?;
    Ok((names, book))
}

fn source<'a>(catalogue: &'a Catalogue, kind: &str) -> Result<&'a str, Problem> {
    let asked = if kind == FUNNEL.0 { FUNNEL.1 } else { kind };
    let found = built_in::sources(catalogue).find(|source| *source == asked);
    found.ok_or_else(|| {
        let near = nearest(kind, built_in::sources(catalogue));
        let hint = near.map(|near| format!("; did you mean '{near}'?")).unwrap_or_default();
        let known = built_in::sources(catalogue).collect::<Vec<_>>().join(", ");
        Problem::new(
            Code::NotFound,
            say!("没有这种模板（有 {known}）{hint}", "there is no such template (there are {known}){hint}"),
        )
    })
}

/// Everybody posted in the month whom the scope reaches, by 工号.
async fn people(
    cx: &mut Context,
    scope: Scope,
    wanted: &TemplateRequest,
) -> Result<Vec<TemplatePerson>, Problem> {
    let text = concat!(
        "SELECT DISTINCT e.employee_no, e.name FROM employee e JOIN assignment a ON a.employee_id = e.id \
             JOIN org_unit u ON u.id = a.unit_id LEFT JOIN org_unit s ON s.id = u.store_id \
         WHERE daterange(a.valid_from, a.valid_to) && daterange($2, $3) AND ($4 IS NULL OR s.code = $4) AND ",
        reaches!("$1", "e.id", "a.unit_id", "$2"),
        " ORDER BY e.employee_no"
    );
    let statement = sql(text)
        .bind::<CallerScope, _>(scope)
        .bind::<Date, _>(wanted.period)
        .bind::<Date, _>(wanted.period.end())
        .bind::<Nullable<Text>, _>(wanted.store.clone());
    Ok(statement.load(cx.db()).await?)
}
