//! Saved mappings.

use chrono::{DateTime, Utc};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::prelude::*;
use diesel::serialize::{Output, ToSql};
use diesel::sql_types::{BigInt, Bool, Date, Integer, Jsonb, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{Blank, MAX_MAPPED_COLUMNS, MappedColumn, MappingChange, NewMapping, Target, built_in, scope_of};
use crate::auth::Context;
use crate::auth::scope::{CallerScope, Scope, reaches};
use crate::db::schema::column_mapping;
use crate::db::sql;
use crate::http::etag::Seen;
use crate::http::{Page, Problem, Window};
use crate::ledger::metric::Catalogue;
use crate::period::Period;
use crate::said::say;
use crate::spreadsheets::import::header::normal;

/// The columns of a mapping, as they are kept.
#[derive(Clone, Debug, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = Jsonb)]
#[serde(transparent)]
pub struct MappedColumns(pub Vec<MappedColumn>);

impl FromSql<Jsonb, Pg> for MappedColumns {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(serde_json::from_value(<Value as FromSql<Jsonb, Pg>>::from_sql(value)?)?)
    }
}

impl ToSql<Jsonb, Pg> for MappedColumns {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> diesel::serialize::Result {
        <Value as ToSql<Jsonb, Pg>>::to_sql(&serde_json::to_value(self)?, &mut out.reborrow())
    }
}

/// A saved mapping.
#[derive(Clone, Debug, Serialize, ToSchema, QueryableByName)]
#[schema(as = ColumnMapping)]
pub struct Mapping {
    /// Cursor of the list.
    #[serde(skip)]
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Code of the store whose sheets they are; null for every store.
    #[diesel(sql_type = Nullable<Text>)]
    pub store: Option<String>,
    /// Which system the sheets come from.
    #[diesel(sql_type = Text)]
    pub source_system: String,
    /// The columns.
    #[diesel(sql_type = Jsonb)]
    #[schema(value_type = Vec<MappedColumn>)]
    pub columns: MappedColumns,
    /// Grows with every change; the ETag.
    #[diesel(sql_type = Integer)]
    pub version: i32,
    /// Login of the person who confirmed it first.
    #[diesel(sql_type = Text)]
    pub created_by: String,
    /// When it was first confirmed.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    /// Login of the person who changed it last.
    #[diesel(sql_type = Text)]
    pub changed_by: String,
    /// When it was last changed.
    #[diesel(sql_type = Timestamptz)]
    pub changed_at: DateTime<Utc>,
}

/// A page of mappings: those of every store, and of the stores that the caller reaches or works in.
pub async fn list(cx: &mut Context, window: Window) -> Result<Page<Mapping>, Problem> {
    Ok(window.page(load(cx, None, window).await?, |mapping| mapping.id))
}

/// The mapping called `name`, if the caller may see it.
pub async fn find(cx: &mut Context, name: &str) -> Result<Mapping, Problem> {
    let found = load(cx, Some(name), Window::ONE).await?.into_iter().next();
    found.ok_or_else(|| Problem::not_found("column mapping"))
}

async fn load(cx: &mut Context, name: Option<&str>, window: Window) -> Result<Vec<Mapping>, Problem> {
    let month = Period::containing(cx.today());
    let text = concat!(
        "SELECT m.id, m.name, s.code AS store, m.source_system, m.mapped AS columns, m.version, \
             c.login AS created_by, m.created_at, l.login AS changed_by, m.changed_at \
         FROM column_mapping m LEFT JOIN org_unit s ON s.id = m.store_id \
         JOIN user_account c ON c.id = m.created_by JOIN user_account l ON l.id = m.changed_by \
         WHERE m.id > $4 AND ($5 IS NULL OR m.name = $5) AND (m.store_id IS NULL OR ",
        reaches!("$1", "m.store_id", "$2"),
        " OR EXISTS (SELECT FROM assignment a JOIN org_unit u ON u.id = a.unit_id \
                 WHERE a.employee_id = ($1).employee_id AND u.store_id = m.store_id \
                 AND daterange(a.valid_from, a.valid_to) && daterange($2, $3))) \
         ORDER BY m.id LIMIT $6"
    );
    let statement = sql(text)
        .bind::<CallerScope, _>(cx.scope.clone())
        .bind::<Date, _>(month)
        .bind::<Date, _>(month.end())
        .bind::<BigInt, _>(window.after)
        .bind::<Nullable<Text>, _>(name.map(str::to_owned))
        .bind::<BigInt, _>(window.rows());
    Ok(statement.load(cx.db()).await?)
}

/// Keeps a mapping that somebody has confirmed.
///
/// # Errors
///
/// Columns at fault, roles that do not enter what the columns bring, a store out of reach, or a name that is taken.
pub async fn create(cx: &mut Context, catalogue: &Catalogue, new: NewMapping) -> Result<Mapping, Problem> {
    if built_in::is_reserved(catalogue, &new.name) {
        return Err(Problem::field(
            "name",
            say!("“{}”是程序自带的列对应", "'{}' is a mapping of the program's own", new.name),
        ));
    }
    super::check(catalogue, &new.source_system, &new.columns)?;
    let scope = scope_of(catalogue, &new.columns, cx.identity.as_ref())?;
    cx.transaction(async |cx| {
        let store_id = store_id(cx, &scope, new.store.as_deref()).await?;
        let detail =
            json!({ "source_system": new.source_system, "columns": new.columns, "store": new.store });
        let (by, now) = (cx.by(), cx.now);
        diesel::insert_into(column_mapping::table)
            .values((
                column_mapping::name.eq(&new.name),
                column_mapping::store_id.eq(store_id),
                column_mapping::source_system.eq(&new.source_system),
                column_mapping::mapped.eq(MappedColumns(new.columns)),
                column_mapping::created_by.eq(by.unwrap_or_default()),
                column_mapping::created_at.eq(now),
                column_mapping::changed_by.eq(by.unwrap_or_default()),
                column_mapping::changed_at.eq(now),
            ))
            .execute(cx.db())
            .await?;
        cx.audit("create_column_mapping", &format!("column-mappings/{}", new.name), detail).await?;
        find(cx, &new.name).await
    })
    .await
}

/// Changes the columns of a mapping, if it still is the version that was seen.
pub async fn change(
    cx: &mut Context,
    catalogue: &Catalogue,
    name: &str,
    seen: Seen,
    change: MappingChange,
) -> Result<Mapping, Problem> {
    super::check(catalogue, &change.source_system, &change.columns)?;
    let scope = scope_of(catalogue, &change.columns, cx.identity.as_ref())?;
    cx.transaction(async |cx| {
        let before = find(cx, name).await?;
        // Who may not enter what it brought must not take it away.
        scope_of(catalogue, &before.columns.0, cx.identity.as_ref())?;
        store_id(cx, &scope, before.store.as_deref()).await?;
        let row = column_mapping::table.find(before.id);
        let current: i32 = row.select(column_mapping::version).for_update().first(cx.db()).await?;
        seen.check(current)?;
        let detail = json!({ "source_system": change.source_system, "columns": change.columns });
        let (by, now) = (cx.by(), cx.now);
        diesel::update(row)
            .set((
                column_mapping::source_system.eq(&change.source_system),
                column_mapping::mapped.eq(MappedColumns(change.columns)),
                column_mapping::version.eq(current + 1),
                column_mapping::changed_by.eq(by.unwrap_or_default()),
                column_mapping::changed_at.eq(now),
            ))
            .execute(cx.db())
            .await?;
        cx.audit("change_column_mapping", &format!("column-mappings/{name}"), detail).await?;
        find(cx, name).await
    })
    .await
}

/// Keeps with a mapping that columns are not to be read, as somebody has accepted who imported a sheet that has them. False
/// where the mapping is not theirs to change.
pub async fn ignore(cx: &mut Context, name: &str, headers: &[&str]) -> Result<bool, Problem> {
    cx.transaction(async |cx| {
        let mapping = find(cx, name).await?;
        let scope = cx.scope.clone();
        if store_id(cx, &scope, mapping.store.as_deref()).await.is_err() {
            return Ok(false);
        }
        let row = column_mapping::table.find(mapping.id);
        let (version, mut columns): (i32, MappedColumns) =
            row.select((column_mapping::version, column_mapping::mapped)).for_update().first(cx.db()).await?;
        let before = columns.0.len();
        for header in headers {
            let is_known = columns.0.iter().any(|column| normal(&column.header) == normal(header));
            if !is_known && columns.0.len() < MAX_MAPPED_COLUMNS {
                let header = (*header).to_owned();
                columns.0.push(MappedColumn {
                    header,
                    to: Target::Ignore,
                    metric: None,
                    blank: Blank::default(),
                });
            }
        }
        if columns.0.len() == before {
            return Ok(true);
        }
        let detail = json!({ "ignored": columns.0.get(before..) });
        let changed = (
            column_mapping::mapped.eq(columns),
            column_mapping::version.eq(version + 1),
            column_mapping::changed_at.eq(cx.now),
        );
        diesel::update(row).set(changed).execute(cx.db()).await?;
        if let Some(by) = cx.by() {
            diesel::update(row).set(column_mapping::changed_by.eq(by)).execute(cx.db()).await?;
        }
        cx.audit("change_column_mapping", &format!("column-mappings/{name}"), detail).await?;
        Ok(true)
    })
    .await
}

/// The store that a mapping is for, if the scope reaches it as a whole. A mapping for every store is for who reaches all.
async fn store_id(cx: &mut Context, scope: &Scope, store: Option<&str>) -> Result<Option<i64>, Problem> {
    #[derive(QueryableByName)]
    struct FoundStore {
        #[diesel(sql_type = BigInt)]
        id: i64,
        #[diesel(sql_type = Bool)]
        is_reached: bool,
    }
    let Some(store) = store else {
        return match scope.is_everything() {
            true => Ok(None),
            false => Err(Problem::field(
                "store",
                say!("请写明门店：您管不到所有门店", "name the store: you do not reach every store"),
            )),
        };
    };
    let text = concat!(
        "SELECT s.id, ",
        reaches!("$1", "s.id", "$2"),
        " AS is_reached FROM org_unit s WHERE s.kind = 'store' AND s.code = $3"
    );
    let found: Option<FoundStore> = sql(text)
        .bind::<CallerScope, _>(scope.clone())
        .bind::<Date, _>(Period::containing(cx.today()))
        .bind::<Text, _>(store.to_owned())
        .get_result(cx.db())
        .await
        .optional()?;
    match found.filter(|found| found.is_reached) {
        Some(found) => Ok(Some(found.id)),
        None => Err(Problem::field(
            "store",
            say!(
                "没有可由您导入表格的门店“{store}”",
                "there is no store '{store}' whose sheets you may import"
            ),
        )),
    }
}
