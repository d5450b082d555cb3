//! Saved mappings.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Integer, Jsonb, Nullable, Text, Timestamptz};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{MappedColumn, MappingChange, NewMapping, built_in};
use crate::auth::audit;
use crate::auth::caller::{Identity, Scope};
use crate::clock;
use crate::db::schema::column_mapping;
use crate::http::Problem;
use crate::http::etag::Seen;
use crate::ledger::metric::Catalogue;
use crate::period::Period;

/// A saved mapping.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Mapping {
    /// Cursor of the list.
    #[serde(skip)]
    pub id: i64,
    /// What it is called.
    pub name: String,
    /// Code of the store whose sheets they are; null is every store.
    pub store: Option<String>,
    /// Which system the sheets come from.
    pub source_system: String,
    /// The columns.
    pub columns: Vec<MappedColumn>,
    /// One more with each change.
    pub version: i32,
    /// Login of who confirmed it first.
    pub created_by: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Login of who changed it last.
    pub changed_by: String,
    /// When.
    pub changed_at: DateTime<Utc>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    store: Option<String>,
    #[diesel(sql_type = Text)]
    source_system: String,
    #[diesel(sql_type = Jsonb)]
    columns: Value,
    #[diesel(sql_type = Integer)]
    version: i32,
    #[diesel(sql_type = Text)]
    created_by: String,
    #[diesel(sql_type = Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    changed_by: String,
    #[diesel(sql_type = Timestamptz)]
    changed_at: DateTime<Utc>,
}

impl TryFrom<Row> for Mapping {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self, Problem> {
        Ok(Self {
            id: row.id,
            name: row.name,
            store: row.store,
            source_system: row.source_system,
            columns: serde_json::from_value(row.columns).map_err(|error| Problem::internal(&error))?,
            version: row.version,
            created_by: row.created_by,
            created_at: row.created_at,
            changed_by: row.changed_by,
            changed_at: row.changed_at,
        })
    }
}

/// Mappings behind `after`: those of every store, and of the stores that `scope` reaches or its person works in.
pub async fn list(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    name: Option<&str>,
    after: i64,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Mapping>, Problem> {
    let month = Period::containing(clock::day(now));
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT m.id, m.name, s.code AS store, m.source_system, m.mapped AS columns, m.version, c.login AS created_by, \
             m.created_at, l.login AS changed_by, m.changed_at \
         FROM column_mapping m LEFT JOIN org_unit s ON s.id = m.store_id \
         JOIN user_account c ON c.id = m.created_by JOIN user_account l ON l.id = m.changed_by \
         WHERE m.id > $5 AND ($6 IS NULL OR m.name = $6) \
         AND (m.store_id IS NULL OR may_reach($1, $2, $3, 0, m.store_id, $4) \
             OR EXISTS (SELECT FROM assignment a JOIN org_unit u ON u.id = a.unit_id \
                 WHERE a.employee_id = $2 AND u.store_id = m.store_id \
                 AND daterange(a.valid_from, a.valid_to) && daterange($4, $8))) \
         ORDER BY m.id LIMIT $7",
    )
    .bind::<Array<Text>, _>(&scope.reaches)
    .bind::<BigInt, _>(scope.employee_id)
    .bind::<BigInt, _>(scope.unit_id)
    .bind::<Date, _>(month.first_day())
    .bind::<BigInt, _>(after)
    .bind::<Nullable<Text>, _>(name)
    .bind::<BigInt, _>(limit)
    .bind::<Date, _>(month.end())
    .load(connection)
    .await?;
    rows.into_iter().map(Mapping::try_from).collect()
}

/// The mapping called `name`, if the caller may see it.
pub async fn find(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    name: &str,
    now: DateTime<Utc>,
) -> Result<Mapping, Problem> {
    let found = list(connection, scope, Some(name), 0, 1, now).await?.into_iter().next();
    found.ok_or_else(|| Problem::not_found("column mapping"))
}

/// Keeps a mapping that somebody has confirmed.
///
/// # Errors
///
/// Columns at fault, roles that do not enter what the columns bring, a store out of reach, or a name that is taken.
pub async fn create(
    connection: &mut AsyncPgConnection,
    catalogue: &Catalogue,
    new: NewMapping,
    by: &Identity,
    now: DateTime<Utc>,
) -> Result<Mapping, Problem> {
    if built_in::is_reserved(catalogue, &new.name) {
        return Err(Problem::field("name", format!("'{}' is a mapping of the program's own", new.name)));
    }
    super::check(catalogue, &new.source_system, &new.columns)?;
    let scope = super::scope(catalogue, &new.columns, by)?;
    connection
        .transaction(async |connection| {
            let store_id = store_id(connection, &scope, new.store.as_deref(), now).await?;
            let columns = serde_json::to_value(&new.columns).map_err(|error| Problem::internal(&error))?;
            let id: i64 = diesel::insert_into(column_mapping::table)
                .values((
                    column_mapping::name.eq(&new.name),
                    column_mapping::store_id.eq(store_id),
                    column_mapping::source_system.eq(&new.source_system),
                    column_mapping::mapped.eq(columns),
                    column_mapping::created_by.eq(by.user_id),
                    column_mapping::created_at.eq(now),
                    column_mapping::changed_by.eq(by.user_id),
                    column_mapping::changed_at.eq(now),
                ))
                .returning(column_mapping::id)
                .get_result(connection)
                .await?;
            let detail =
                json!({ "source_system": new.source_system, "columns": new.columns, "store": new.store });
            audit_change(connection, "create_column_mapping", &new.name, detail, by, now).await?;
            one(connection, id, now).await
        })
        .await
}

/// Changes the columns of a mapping, if it still is the version that was seen.
pub async fn change(
    connection: &mut AsyncPgConnection,
    catalogue: &Catalogue,
    name: &str,
    seen: Seen,
    change: MappingChange,
    by: &Identity,
    now: DateTime<Utc>,
) -> Result<Mapping, Problem> {
    super::check(catalogue, &change.source_system, &change.columns)?;
    let scope = super::scope(catalogue, &change.columns, by)?;
    connection
        .transaction(async |connection| {
            let before = find(connection, &scope, name, now).await?;
            // Who may not enter what it brought must not take it away.
            super::scope(catalogue, &before.columns, by)?;
            store_id(connection, &scope, before.store.as_deref(), now).await?;
            let current: i32 = column_mapping::table
                .find(before.id)
                .select(column_mapping::version)
                .for_update()
                .first(connection)
                .await?;
            seen.check(current)?;
            let columns = serde_json::to_value(&change.columns).map_err(|error| Problem::internal(&error))?;
            diesel::update(column_mapping::table.find(before.id))
                .set((
                    column_mapping::source_system.eq(&change.source_system),
                    column_mapping::mapped.eq(columns),
                    column_mapping::version.eq(current + 1),
                    column_mapping::changed_by.eq(by.user_id),
                    column_mapping::changed_at.eq(now),
                ))
                .execute(connection)
                .await?;
            let detail = json!({ "source_system": change.source_system, "columns": change.columns });
            audit_change(connection, "change_column_mapping", name, detail, by, now).await?;
            one(connection, before.id, now).await
        })
        .await
}

async fn audit_change(
    connection: &mut AsyncPgConnection,
    action: &str,
    name: &str,
    detail: Value,
    by: &Identity,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let subject = format!("column-mappings/{name}");
    audit::record(connection, now, Some(by.user_id), action, &subject, detail).await
}

async fn one(connection: &mut AsyncPgConnection, id: i64, now: DateTime<Utc>) -> Result<Mapping, Problem> {
    let found = list(connection, &Scope::operator(), None, id - 1, 1, now).await?.into_iter().next();
    found.ok_or_else(|| Problem::not_found("column mapping"))
}

/// The store that a mapping is for, if the scope reaches it as a whole. A mapping for every store is for who reaches all.
async fn store_id(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    store: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Option<i64>, Problem> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = BigInt)]
        id: i64,
        #[diesel(sql_type = Bool)]
        is_reached: bool,
    }
    let Some(store) = store else {
        let is_for_all = scope.reaches.contains(&"all") && scope.unit_id == 0;
        let sentence = "name the store: you do not reach every store";
        return if is_for_all { Ok(None) } else { Err(Problem::field("store", sentence)) };
    };
    let found: Option<Found> = diesel::sql_query(
        "SELECT id, may_reach($1, $2, $3, 0, id, $4) AS is_reached FROM org_unit WHERE kind = 'store' AND code = $5",
    )
    .bind::<Array<Text>, _>(&scope.reaches)
    .bind::<BigInt, _>(scope.employee_id)
    .bind::<BigInt, _>(scope.unit_id)
    .bind::<Date, _>(Period::containing(clock::day(now)).first_day())
    .bind::<Text, _>(store)
    .get_result(connection)
    .await
    .optional()?;
    match found.filter(|found| found.is_reached) {
        Some(found) => Ok(Some(found.id)),
        None => Err(Problem::field("store", format!("there is no store '{store}' whose sheets you import"))),
    }
}
