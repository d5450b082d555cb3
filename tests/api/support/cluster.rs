//! The PostgreSQL of a test run: a private cluster, or the server that DATABASE_URL names.

use showfloor::auth::Context;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use diesel_async::{RunQueryDsl as _, SimpleAsyncConnection as _};
use showfloor::clock::Clock;
use showfloor::db::embedded::{Cluster, Tuning};
use showfloor::db::{migrate, pool};
use showfloor::demo::{STORE, YEAR, load};
use showfloor::period::Period;
use showfloor::reviews::generate::generate;
use showfloor::reviews::store::{NewReviewCycle, create_cycle};
use showfloor::rules::bundle::Bundle;
use showfloor::rules::folder::RulesFolder;
use showfloor::rules::library::Library;
use tokio::runtime::Runtime;
use tokio::sync::{Mutex, OnceCell};

/// What a test's database begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    /// The migrated, empty tables.
    Empty,
    /// The demonstration with all its reviews.
    Demo,
    /// The same beside a group of 100,000 people.
    Group,
}

/// Tables to which every month, or every reading, adds rows.
pub const GROWING: &str =
    "'fact', 'person_month', 'frozen_month', 'review', 'access_log', 'audit_entry', 'employee'";

/// The server that databases are made on.
struct Server {
    /// Held for as long as the tests run; when the process ends, the cluster's watchdog stops it.
    _cluster: Option<Cluster>,
    /// Address of a database that exists, for `CREATE DATABASE`.
    administration: String,
    /// Distinguishes runs that share a server.
    run: u32,
    /// Copying files is the fastest way for small databases, where the server can be told to.
    strategy: &'static str,
}

/// Tests have runtimes of their own that end with them; what they share lives on this one.
fn shared_runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap())
}

static SERVER: OnceCell<Server> = OnceCell::const_new();
static EMPTY: OnceCell<()> = OnceCell::const_new();
static DEMO: OnceCell<()> = OnceCell::const_new();
static GROUP: OnceCell<()> = OnceCell::const_new();

async fn server() -> &'static Server {
    SERVER.get_or_init(|| async { shared_runtime().spawn(start()).await.unwrap() }).await
}

#[derive(diesel::QueryableByName)]
struct Version {
    #[diesel(sql_type = diesel::sql_types::Integer)]
    number: i32,
}

async fn start() -> Server {
    let run = std::process::id();
    let (cluster, administration) = administration(run).await;
    let mut connection = pool::connect(&administration).await.unwrap();
    let version = "SELECT current_setting('server_version_num')::integer AS number";
    let version: Version = diesel::sql_query(version).get_result(&mut connection).await.unwrap();
    let strategy = if version.number >= 150_000 { " STRATEGY FILE_COPY" } else { "" };
    Server { _cluster: cluster, administration, run, strategy }
}

async fn administration(run: u32) -> (Option<Cluster>, String) {
    if let Ok(url) = std::env::var("DATABASE_URL") {
        return (None, url);
    }
    // A folder outlives its process by the moment that the watchdog needs, so each run clears those of earlier ones.
    clear_earlier_runs();
    let folder = std::env::temp_dir().join(format!("showfloor-tests-{run}"));
    let cluster = Cluster::start(&folder, Tuning::Disposable).await.unwrap();
    cluster.create_database_if_missing("administration").await.unwrap();
    let administration = cluster.url("administration");
    (Some(cluster), administration)
}

/// Removes the clusters of runs that have ended; there may be gigabytes of them.
fn clear_earlier_runs() {
    let processes = std::path::Path::new("/proc");
    let entries = std::fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten();
    for entry in entries.filter(|_| processes.is_dir()) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let run = name.strip_prefix("showfloor-tests-").filter(|run| !processes.join(run).exists());
        if run.is_some_and(|run| run.parse::<u32>().is_ok()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

impl Server {
    /// The address of another database on the same server.
    fn url(&self, name: &str) -> String {
        let (address, options) = match self.administration.split_once('?') {
            Some((address, options)) => (address, format!("?{options}")),
            None => (self.administration.as_str(), String::new()),
        };
        let (server, _) = address.rsplit_once('/').unwrap();
        format!("{server}/{name}{options}")
    }

    fn template(&self, template: Template) -> String {
        format!("showfloor_test_{}_{template:?}", self.run).to_lowercase()
    }

    async fn execute(&self, statement: &str) {
        let mut connection = pool::connect(&self.administration).await.unwrap();
        diesel::sql_query(statement).execute(&mut connection).await.unwrap();
    }

    async fn copy(&self, from: &str, to: &str) {
        // Databases are copied one at a time: PostgreSQL refuses a template that is in use.
        static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
        let _turn = ONE_AT_A_TIME.lock().await;
        let close =
            format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{from}'");
        self.execute(&close).await;
        self.execute(&format!("CREATE DATABASE {to} TEMPLATE {from}{}", self.strategy)).await;
    }
}

/// The address of a new database that begins as `template`.
pub async fn database(template: Template) -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let server = server().await;
    EMPTY.get_or_init(|| async { shared_runtime().spawn(make_empty(server)).await.unwrap() }).await;
    if template != Template::Empty {
        DEMO.get_or_init(|| async { shared_runtime().spawn(make_demo(server)).await.unwrap() }).await;
    }
    if template == Template::Group {
        GROUP.get_or_init(|| async { shared_runtime().spawn(make_group(server)).await.unwrap() }).await;
    }
    let name = format!("showfloor_test_{}_{}", server.run, COUNT.fetch_add(1, Ordering::Relaxed));
    server.copy(&server.template(template), &name).await;
    server.url(&name)
}

/// The address of a new database that begins as another one is now.
pub async fn copy_of(other: &str) -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let server = server().await;
    let name = format!("showfloor_test_{}_copy_{}", server.run, COUNT.fetch_add(1, Ordering::Relaxed));
    server.copy(other, &name).await;
    server.url(&name)
}

async fn make_empty(server: &Server) {
    let name = server.template(Template::Empty);
    server.execute(&format!("CREATE DATABASE {name}")).await;
    let pool = pool::open(&server.url(&name), 2).unwrap();
    migrate::run(&pool).await.unwrap();
    pool.close();
}

async fn make_demo(server: &Server) {
    let name = server.template(Template::Demo);
    server.copy(&server.template(Template::Empty), &name).await;
    let pool = pool::open(&server.url(&name), 2).unwrap();
    let now = Clock::Fixed("2015-01-05T00:00:00Z".parse().unwrap()).now();
    let folder = RulesFolder::new(&super::shipped_rules(), false);
    let library = Library::default();
    let bundle = Bundle::load(folder.path()).unwrap();
    let operator = async || Context::operator(&pool, now).await.unwrap();
    load::load(&mut operator().await, &bundle, load::Extent::Deliveries, |_| now, || {}).await.unwrap();
    for period in Period::months_of(YEAR) {
        let new = NewReviewCycle { store: STORE.to_owned(), period };
        let cycle = create_cycle(&mut operator().await, new).await.unwrap();
        generate(operator().await, &folder, &library, cycle.id).await.unwrap();
    }
    pool.close();
}

/// With everything that PostgreSQL would do about it by itself sooner or later: summing up a BRIN index counts as reading its
/// table, and must not happen between two counts.
async fn make_group(server: &Server) {
    let name = server.template(Template::Group);
    server.copy(&server.template(Template::Demo), &name).await;
    let mut connection = pool::connect(&server.url(&name)).await.unwrap();
    for table in GROWING.split(", ") {
        let table = table.trim_matches('\'');
        let unattended = format!("ALTER TABLE {table} SET (autovacuum_enabled = off)");
        connection.batch_execute(&unattended).await.unwrap();
    }
    // VACUUM takes rows for visible to everybody once what wrote them has been flushed. Where they are not, planning a statement reads
    // those at the ends of an index.
    connection.batch_execute("SET synchronous_commit = on").await.unwrap();
    connection.batch_execute(include_str!("group.sql")).await.unwrap();
    connection.batch_execute("VACUUM ANALYZE").await.unwrap();
}
