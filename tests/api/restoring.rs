//! A private server's data folder: what of it is whose to read, and the backup that the operations guide makes of it, restored as
//! the guide says.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use diesel::sql_types::Text;
use diesel_async::RunQueryDsl as _;
use showfloor::db::embedded::{self, Cluster, Tuning};
use showfloor::db::pool;

use crate::program::program;

/// A server with a data folder of its own.
struct Serving {
    child: Child,
    data: PathBuf,
}

impl Serving {
    /// Starts it, and waits until it says that it can be stopped.
    fn start(folder: &Path, name: &str) -> Self {
        let (data, said) = (folder.join(name), folder.join(format!("{name}.txt")));
        let out = fs::File::create(&said).unwrap();
        let mut command = program(&["serve", "--listen", "127.0.0.1:0"]);
        command.env("SHOWFLOOR_DATA_DIR", &data).stdout(out.try_clone().unwrap()).stderr(out);
        let child = command.stdin(Stdio::null()).spawn().unwrap();
        let serving = Self { child, data };
        let begun = Instant::now();
        while !fs::read_to_string(&said).unwrap().contains("Ctrl-C") {
            assert!(begun.elapsed() < Duration::from_secs(120), "{}", fs::read_to_string(&said).unwrap());
            std::thread::sleep(Duration::from_millis(50));
        }
        serving
    }

    /// Ends it as Ctrl-C does.
    fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

#[derive(diesel::QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// What a query answers in a database of a data folder, beside the server that has it or alone.
async fn lines(data: &Path, database: &str, query: &str) -> Vec<String> {
    let cluster = Cluster::start(&data.join("postgres"), Tuning::Disposable).await.unwrap();
    let mut connection = pool::connect(&cluster.url(database)).await.unwrap();
    let rows: Vec<Line> = diesel::sql_query(query).load(&mut connection).await.unwrap();
    drop(connection);
    cluster.stop().await.unwrap();
    rows.into_iter().map(|row| row.line).collect()
}

/// The commands of a chapter of the operations guide, block by block.
fn commands(chapter: &str) -> Vec<String> {
    let guide = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operations.md")).unwrap();
    let (_, behind) = guide.split_once(&format!("\n## {chapter}\n")).unwrap();
    let text = behind.split("\n## ").next().unwrap();
    let blocks = text.split("```bash\n").skip(1);
    blocks.map(|block| block.split_once("```").unwrap().0.to_owned()).collect()
}

/// What is in every table, as one line a table: the rows, and a hash of them.
const EVERYTHING: &str = "SELECT format('%s %s', t.relname, query_to_xml(format(
    'SELECT count(*), md5(string_agg(r::text, '','' ORDER BY r::text)) FROM %I.%I r', n.nspname, t.relname),
    false, true, '')) AS line
    FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace
    WHERE n.nspname = 'public' AND t.relkind = 'r' ORDER BY t.relname";

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_restored_into_a_private_server_as_the_guide_says() {
    let folder = tempfile::tempdir().unwrap();
    // The server's account has to get through.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
    let serving = Serving::start(folder.path(), "data");
    let made = "INSERT INTO org_unit (code, name, kind, path, valid_from)
        VALUES ('JT', '集团', 'group', ARRAY[1], '2026-01-01') RETURNING code AS line";
    assert_eq!(lines(&serving.data, "showfloor", made).await, ["JT"]);
    let before = lines(&serving.data, "showfloor", EVERYTHING).await;
    assert!(before.len() > 50, "{before:#?}");

    let [backup, restore, elsewhere, ..] =
        commands("Backup and restore").try_into().unwrap_or_else(|blocks: Vec<String>| -> [String; 4] {
            panic!("the guide has other blocks: {blocks:#?}")
        });
    let tools = embedded::programs(&serving.data).await.unwrap();
    let showfloor = Path::new(env!("CARGO_BIN_EXE_showfloor")).parent().unwrap().to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([tools, showfloor].into_iter().chain(std::env::split_paths(&path)));
    for block in [backup, restore, elsewhere] {
        let mut bash = Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", &block]).current_dir(folder.path()).stdin(Stdio::null());
        bash.env("PATH", path.as_ref().unwrap()).env("SHOWFLOOR_DATA_DIR", &serving.data);
        bash.env_remove("DATABASE_URL");
        let output = bash.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{block}\n{said}");
    }
    let restored = folder.path().join("restored");
    assert_eq!(lines(&restored, "showfloor", EVERYTHING).await, before);
    assert_eq!(lines(&serving.data, "again", EVERYTHING).await, before);
    let key = |data: &Path| fs::read(data.join("keys/0001.der")).unwrap();
    assert!(key(&restored) == key(&serving.data), "tokens that are out stay good");
    serving.stop();
    // What was restored serves.
    Serving::start(folder.path(), "restored").stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn locks_sockets_and_keys_are_nobody_elses_to_open() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
    let serving = Serving::start(folder.path(), "data");
    // Whoever works beside the server leaves a lock of its own.
    assert_eq!(lines(&serving.data, "showfloor", "SELECT 'here' AS line").await, ["here"]);
    let mode = |path: &Path| fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777;
    let postgres = serving.data.join("postgres");
    for (path, expected) in [
        (serving.data.join("keys/0001.der"), 0o600),
        (postgres.join("owner.lock"), 0o600),
        (postgres.join("guests.lock"), 0o600),
        (postgres.join("data"), 0o700),
    ] {
        assert_eq!(mode(&path), expected, "{} {:o}", path.display(), mode(&path));
    }
    // The socket is in the data folder where that name is short enough for it, which this one is.
    assert_eq!(mode(&postgres.join("socket")), 0o700);
    // Nothing in the folder can be written by others, and folders can be passed through at most.
    let mut folders = vec![serving.data.clone()];
    let mut seen = 0;
    while let Some(next) = folders.pop() {
        for path in fs::read_dir(&next).unwrap().map(|entry| entry.unwrap().path()) {
            let metadata = fs::symlink_metadata(&path).unwrap();
            let others = metadata.permissions().mode() & 0o022;
            assert_eq!(others, 0, "{} {:o}", path.display(), metadata.permissions().mode());
            seen += 1;
            if metadata.is_dir() && !path.ends_with("data") && !path.ends_with("socket") {
                folders.push(path);
            }
        }
    }
    assert!(seen >= 5, "{seen}");
    serving.stop();
}
