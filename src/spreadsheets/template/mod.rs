//! Templates: an Excel workbook for each source that people deliver, with the month's people in it. Filled in, it is
//! imported through the built-in mapping that is called after the source.

pub mod http;
mod workbook;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::auth::caller::{Identity, Scope};
use crate::http::{Code, Problem};
use crate::ledger::metric::{Catalogue, nearest};
use crate::period::Period;
use crate::spreadsheets::mapping::built_in;

/// The template of the source `dms`, by the name that its import has.
const FUNNEL: (&str, &str) = ("dms-funnel", "dms");

/// Which template.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Name of the source, or `dms-funnel`.
    pub kind: String,
    /// The month whose people are in it.
    pub period: Period,
    /// Only people of this store, by code.
    pub store: Option<String>,
}

/// Somebody whose row stands in the template.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Person {
    /// 工号.
    #[diesel(sql_type = Text)]
    pub employee_no: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
}

/// The template as a workbook, and its file's names in Chinese and in ASCII. The operator (nobody) reaches everybody.
///
/// # Errors
///
/// There is no such template, or none of the roles may enter what it asks for.
pub async fn make(
    connection: &mut AsyncPgConnection,
    catalogue: &Catalogue,
    wanted: &Wanted,
    by: Option<&Identity>,
) -> Result<((String, String), Vec<u8>), Problem> {
    let source = source(catalogue, &wanted.kind)?;
    let columns = built_in::columns(catalogue, source).unwrap_or_default();
    let scope = match by {
        Some(by) => crate::spreadsheets::mapping::scope(catalogue, &columns, by)?,
        None => Scope::operator(),
    };
    let people = people(connection, &scope, wanted).await?;
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
        Problem::new(Code::NotFound, format!("there is no such template (there are {known}){hint}"))
    })
}

/// Everybody posted in the month whom the scope reaches, by 工号.
async fn people(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    wanted: &Wanted,
) -> Result<Vec<Person>, Problem> {
    let people = diesel::sql_query(
        "SELECT DISTINCT e.employee_no, e.name FROM employee e JOIN assignment a ON a.employee_id = e.id \
             JOIN org_unit u ON u.id = a.unit_id LEFT JOIN org_unit s ON s.id = u.store_id \
         WHERE daterange(a.valid_from, a.valid_to) && daterange($4, $5) AND ($6 IS NULL OR s.code = $6) \
         AND may_reach($1, $2, $3, e.id, a.unit_id, $4) ORDER BY e.employee_no",
    )
    .bind::<Array<Text>, _>(&scope.reaches)
    .bind::<BigInt, _>(scope.employee_id)
    .bind::<BigInt, _>(scope.unit_id)
    .bind::<Date, _>(wanted.period.first_day())
    .bind::<Date, _>(wanted.period.end())
    .bind::<Nullable<Text>, _>(&wanted.store)
    .load(connection)
    .await?;
    Ok(people)
}
