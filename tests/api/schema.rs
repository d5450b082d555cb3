//! The migrations: what they build is what the program believes, and they take away what they built.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use diesel::sql_types::Text;
use diesel_async::{AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl};
use diesel_migrations::MigrationHarness as _;
use showfloor::db::migrate::MIGRATIONS;
use showfloor::db::pool;

use crate::support::{Template, database_url};

#[derive(diesel::QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

async fn lines(connection: &mut AsyncPgConnection, query: &str) -> Vec<String> {
    let rows: Vec<Line> = diesel::sql_query(query).load(connection).await.unwrap();
    rows.into_iter().map(|row| row.line).collect()
}

/// Table → columns in order, each `name type nullability`.
type Tables = BTreeMap<String, Vec<String>>;

/// The files of a folder of the project, by name.
fn files(folder: &str) -> BTreeMap<String, PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path)).collect()
}

/// What the rooms' files in src/db/schema/ say, in PostgreSQL's words.
fn declared() -> BTreeMap<String, Tables> {
    files("src/db/schema")
        .into_iter()
        .filter_map(|(name, path)| Some((name.strip_suffix(".rs")?.to_owned(), path)))
        .filter(|(room, _)| room != "mod")
        .map(|(room, path)| (room, declared_in(&std::fs::read_to_string(path).unwrap())))
        .collect()
}

fn declared_in(text: &str) -> Tables {
    let mut tables = Tables::new();
    let mut table = None;
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
        if let Some((name, columns)) = line.strip_suffix(") {").and_then(|head| head.split_once(" (")) {
            assert!(columns.split(", ").all(|column| !column.is_empty()));
            table = Some(name.to_owned());
        } else if let Some((column, kind)) = line.strip_suffix(',').and_then(|line| line.split_once(" -> ")) {
            let (kind, nullable) = match kind.strip_prefix("Nullable<") {
                Some(inner) => (inner.strip_suffix('>').unwrap(), "null"),
                None => (kind, "not null"),
            };
            let kind = match kind.strip_prefix("Array<") {
                // Every element of PostgreSQL's arrays may be null; some columns say that theirs are.
                Some(inner) => {
                    let inner = inner.strip_suffix('>').unwrap();
                    let inner =
                        inner.strip_prefix("Nullable<").map_or(inner, |one| one.strip_suffix('>').unwrap());
                    format!("_{inner}")
                }
                None => kind.to_owned(),
            };
            let column = format!("{column} {} {nullable}", kind.to_lowercase());
            tables.entry(table.clone().unwrap()).or_default().push(column);
        }
    }
    tables
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_and_the_database_agree_on_every_column() {
    let url = database_url(Template::Empty).await;
    let connection = &mut pool::connect(&url).await.unwrap();
    let views: BTreeSet<_> = lines(
        connection,
        "SELECT table_name AS line FROM information_schema.views WHERE table_schema = 'public'",
    )
    .await
    .into_iter()
    .collect();
    let columns = lines(
        connection,
        "SELECT table_name || '.' || column_name || ' ' || udt_name || \
                CASE is_nullable WHEN 'YES' THEN ' null' ELSE ' not null' END AS line \
         FROM information_schema.columns WHERE table_schema = 'public' \
         AND table_name <> '__diesel_schema_migrations' ORDER BY table_name, ordinal_position",
    )
    .await;
    let mut migrated = Tables::new();
    for (table, column) in columns.iter().map(|line| line.split_once('.').unwrap()) {
        // PostgreSQL does not know whether a view's column may be null.
        let column = match views.contains(table) {
            true => column.replace(" not null", "").replace(" null", ""),
            false => column.to_owned(),
        };
        migrated.entry(table.to_owned()).or_default().push(column);
    }
    let mut declared: Tables = declared().into_values().flatten().collect();
    for view in &views {
        for column in declared.get_mut(view).into_iter().flatten() {
            *column = column.replace(" not null", "").replace(" null", "");
        }
    }
    assert!(declared.len() > 10, "{declared:?}");
    assert_eq!(declared, migrated);
}

/// The names of the tables and views that a migration makes, each with the line of comment before it.
fn made(sql: &str) -> Vec<(String, Option<&str>)> {
    let mut made = Vec::new();
    let mut before = "";
    for line in sql.lines() {
        let made_here =
            ["CREATE TABLE ", "CREATE VIEW "].into_iter().find_map(|start| line.strip_prefix(start));
        if let Some(name) = made_here.and_then(|rest| rest.split_whitespace().next()) {
            made.push((name.to_owned(), before.strip_prefix("-- ")));
        }
        before = line;
    }
    made
}

#[test]
fn each_room_has_its_migrations_and_its_tables_each_said_to_be_what() {
    let mut rooms = BTreeMap::<String, BTreeSet<String>>::new();
    for (migration, folder) in files("migrations") {
        let room =
            migration.split('_').nth(1).unwrap_or_else(|| panic!("{migration}: a room's name is missing"));
        let up = std::fs::read_to_string(folder.join("up.sql")).unwrap();
        assert!(up.starts_with("-- "), "{migration}: what the room is, is missing");
        assert!(folder.join("down.sql").is_file(), "{migration}: down.sql is missing");
        for (table, comment) in made(&up) {
            assert!(
                comment.is_some_and(|text| text.ends_with('.')),
                "{migration}: what is a row of {table}?"
            );
            rooms.entry(room.to_owned()).or_default().insert(table);
        }
    }
    let declared: BTreeMap<String, BTreeSet<String>> =
        declared().into_iter().map(|(room, tables)| (room, tables.into_keys().collect())).collect();
    assert_eq!(declared, rooms);
}

#[tokio::test(flavor = "multi_thread")]
async fn constraints_of_several_columns_say_what_they_hold() {
    let url = database_url(Template::Empty).await;
    let connection = &mut pool::connect(&url).await.unwrap();
    let nameless = lines(
        connection,
        "SELECT conname || ' ' || pg_get_constraintdef(oid) AS line FROM pg_constraint \
         WHERE contype = 'c' AND connamespace = 'public'::regnamespace \
         AND conname ~ ('^' || conrelid::regclass || '_check[0-9]*$')",
    )
    .await;
    assert!(nameless.is_empty(), "PostgreSQL named them: {nameless:#?}");
}

/// Everything that migrations make: columns, constraints, indexes, views, functions, triggers, sequences, extensions.
async fn dump(connection: &mut AsyncPgConnection) -> Vec<String> {
    let own = "NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = o.oid AND d.deptype = 'e')";
    let queries = [
        "SELECT concat_ws(' ', 'column', table_name, \
             row_number() OVER (PARTITION BY table_name ORDER BY ordinal_position), column_name, udt_name, is_nullable, column_default, \
             is_identity, identity_generation, generation_expression, collation_name) AS line \
         FROM information_schema.columns WHERE table_schema = 'public'"
            .to_owned(),
        "SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS line \
         FROM pg_constraint WHERE connamespace = 'public'::regnamespace"
            .to_owned(),
        "SELECT concat_ws(' ', 'index', indexdef) AS line FROM pg_indexes WHERE schemaname = 'public'".to_owned(),
        "SELECT concat_ws(' ', 'view', viewname, definition) AS line FROM pg_views WHERE schemaname = 'public'".to_owned(),
        format!(
            "SELECT 'function ' || pg_get_functiondef(o.oid) AS line FROM pg_proc o \
             WHERE o.pronamespace = 'public'::regnamespace AND o.prokind = 'f' AND {own}"
        ),
        format!(
            "SELECT concat_ws(' ', 'relation', o.relkind, o.relname) AS line FROM pg_class o \
             WHERE o.relnamespace = 'public'::regnamespace AND {own}"
        ),
        format!(
            "SELECT concat_ws(' ', 'type', o.typname) AS line FROM pg_type o \
             WHERE o.typnamespace = 'public'::regnamespace AND {own}"
        ),
        "SELECT concat_ws(' ', 'trigger', tgrelid::regclass, tgname) AS line FROM pg_trigger WHERE NOT tgisinternal".to_owned(),
        "SELECT concat_ws(' ', 'extension', extname) AS line FROM pg_extension WHERE extname <> 'plpgsql'".to_owned(),
        "SELECT concat_ws(' ', 'schema', nspname) AS line FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'".to_owned(),
        "SELECT concat_ws(' ', 'grant', table_name, grantee, privilege_type) AS line \
         FROM information_schema.role_table_grants WHERE table_schema = 'public' AND grantee = 'PUBLIC'"
            .to_owned(),
    ];
    let mut all = Vec::new();
    for query in queries {
        all.extend(lines(connection, &query).await);
    }
    all.retain(|line| !line.contains("__diesel_schema_migrations"));
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_go_down_to_nothing_and_up_to_the_same() {
    let url = database_url(Template::Empty).await;
    let mut connection = pool::connect(&url).await.unwrap();
    let before = dump(&mut connection).await;
    for kind in ["column", "constraint", "index", "view", "function", "relation", "extension"] {
        assert!(before.iter().any(|line| line.starts_with(kind)), "no {kind}");
    }
    let mut harness = AsyncMigrationHarness::new(connection);
    let down = harness.revert_all_migrations(MIGRATIONS).unwrap().len();
    let mut connection = harness.into_inner();
    let nothing = dump(&mut connection).await;
    assert!(nothing.iter().all(|line| line.starts_with("schema")), "left behind: {nothing:#?}");
    let mut harness = AsyncMigrationHarness::new(connection);
    let up = harness.run_pending_migrations(MIGRATIONS).unwrap().len();
    let mut connection = harness.into_inner();
    assert_eq!(up, down);
    assert_eq!(dump(&mut connection).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_migration_can_be_taken_back_and_made_again() {
    let url = database_url(Template::Empty).await;
    let connection = pool::connect(&url).await.unwrap();
    let mut harness = AsyncMigrationHarness::new(connection);
    let mut connection = loop {
        let steps = harness.applied_migrations().unwrap().len();
        let mut connection = harness.into_inner();
        let before = dump(&mut connection).await;
        if steps == 0 {
            break connection;
        }
        harness = AsyncMigrationHarness::new(connection);
        harness.revert_last_migration(MIGRATIONS).unwrap();
        harness.run_next_migration(MIGRATIONS).unwrap();
        let mut connection = harness.into_inner();
        assert_eq!(dump(&mut connection).await, before, "migration {steps} from the first");
        harness = AsyncMigrationHarness::new(connection);
        harness.revert_last_migration(MIGRATIONS).unwrap();
    };
    assert!(dump(&mut connection).await.iter().all(|line| line.starts_with("schema")));
}
