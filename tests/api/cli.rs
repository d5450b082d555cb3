//! The other commands: help, demo, serve, user, migrate, generate, openapi.

use showfloor::auth::Context;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::program::{json as run_json, program, run, run_within};
use crate::support::{Printed, Template, database_url};

/// A folder that the account of PostgreSQL can reach too, where the tests run as root.
fn data_folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

#[test]
fn help_has_examples_where_a_command_takes_more_than_nothing() {
    let help = run(&["--help"]);
    assert_eq!((help.status, help.err.as_str()), (0, ""));
    let commands = [
        "demo",
        "serve",
        "migrate",
        "generate",
        "close",
        "tasks",
        "import",
        "score",
        "plan",
        "rules",
        "retention",
        "audit",
        "user",
        "openapi",
    ];
    for command in commands {
        let listed = help.out.lines().any(|line| line.trim_start().starts_with(&format!("{command} ")));
        assert!(listed, "{command}\n{}", help.out);
        assert_eq!(run(&[command, "--help"]).status, 0, "{command}");
    }
    for command in [
        ["demo"].as_slice(),
        &["serve"],
        &["generate"],
        &["close"],
        &["tasks"],
        &["import"],
        &["score"],
        &["plan", "preview"],
        &["plan", "funnel"],
        &["rules", "check"],
        &["rules", "test"],
        &["rules", "backtest"],
        &["retention", "show"],
        &["retention", "run"],
        &["retention", "hold", "add"],
        &["retention", "erase"],
        &["audit", "verify"],
        &["user", "add"],
    ] {
        let help = run(&[command, &["--help"]].concat());
        assert_eq!(help.status, 0);
        assert!(
            help.out.contains("Example") && help.out.contains("  showfloor ")
                || help.out.contains("| showfloor "),
            "{}",
            help.out
        );
    }
    let version = run(&["--version"]);
    assert_eq!(version.out, format!("showfloor {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_wrong_command_line_ends_with_2_and_says_what_is_meant() {
    for (args, message) in [
        (["generate", "2014-13"].as_slice(), "2014-13"),
        (&["generate"], "<YYYY-MM>"),
        (&["generat"], "generate"),
        (&["user", "add", "x.y", "--role", "boss"], "possible values: sales_consultant"),
        (&["user", "add", "x.y"], "--role"),
        (&["serve", "--listen", "nowhere"], "nowhere"),
        (&["serve", "--connections", "many"], "many"),
        (&[], "Usage"),
    ] {
        let printed = run(args);
        assert_eq!((printed.status, printed.out.as_str()), (2, ""), "{args:?}: {printed:#?}");
        assert!(printed.err.contains(message), "{args:?}: {}", printed.err);
    }
}

/// The processes whose command line names a folder.
fn processes_of(folder: &Path) -> Vec<String> {
    let folder = folder.to_str().unwrap();
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    processes
        .filter_map(|process| std::fs::read(process.ok()?.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(folder))
        .collect()
}

#[test]
fn the_demonstration_runs_on_a_fresh_machine_and_finds_itself_again() {
    let folder = data_folder();
    let demo = |language: &str| {
        let begun = Instant::now();
        let mut command = program(&["demo", "--exit", "--lang", language]);
        let output = command.env("SHOWFLOOR_DATA_DIR", folder.path()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let status = output.status.code().unwrap_or(-1);
        (begun.elapsed(), Printed { status, out: text(output.stdout), err: text(output.stderr) })
    };
    let (first_took, first) = demo("zh");
    assert_eq!((first.status, first.err.as_str()), (0, ""), "quiet where nobody watches: {first:#?}");
    // The leaderboard of March, and one score explained: 33 of 43 captured is 76.7 %.
    for part in [
        "龙虎榜",
        "A01",
        "陈志远",
        "96.63",
        "销售一组",
        "得分说明",
        "孙丽娜",
        "33/43 = 76.7%",
        "最终等级",
        "2014-11 已公布",
    ] {
        assert!(first.out.contains(part), "{part}\n{}", first.out);
    }
    assert!(!first.out.contains('\u{1b}'), "no control sequences");
    let is_stopped = || {
        let pid = folder.path().join("postgres/data/postmaster.pid");
        assert!(pid.parent().unwrap().join("PG_VERSION").exists());
        assert!(!pid.exists(), "{} is still there", pid.display());
        assert_eq!(processes_of(folder.path()), Vec::<String>::new());
    };
    is_stopped();
    let (second_took, second) = demo("zh");
    assert_eq!((second.status, second.out, second.err.as_str()), (0, first.out, ""));
    assert!(second_took < first_took, "{second_took:?} after {first_took:?}");
    is_stopped();
    let (_, english) = demo("en");
    for part in ["leaderboard", "one score explained", "33/43 = 76.7%", "final grade", "2014-11 published"] {
        assert!(english.out.contains(part), "{part}\n{}", english.out);
    }

    // The data is that of any other command.
    let folder = folder.path().to_str().unwrap();
    let december = run_json(0, &["cycles", "list", "2014-12", "--json", "--data-dir", folder]);
    assert_eq!(december[0]["state"], "leader_review");
}

/// A running `showfloor serve`, ended with the value.
pub struct Served {
    child: Child,
    pub address: String,
    /// What it printed before it was ready.
    before: Vec<String>,
    _folder: TempDir,
}

impl Served {
    pub fn start(url: &str) -> Self {
        Self::start_with(url, &[])
    }

    /// With some options more.
    pub fn start_with(url: &str, options: &[&str]) -> Self {
        let folder = data_folder();
        let data = folder.path().to_str().unwrap().to_owned();
        let mut child =
            program(&["serve", "--listen", "127.0.0.1:0", "--database-url", url, "--data-dir", &data])
                .args(options)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
        let mut before = Vec::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap) {
            if let Some((_, rest)) = line.split_once("API on http://") {
                let address = rest.split('/').next().unwrap().to_owned();
                return Self { child, address, before, _folder: folder };
            }
            before.push(line);
        }
        panic!("it ended without serving: {:?}", child.wait_with_output());
    }

    pub async fn sign_in(&self, login: &str, password: &str) -> (u16, Value) {
        let url = format!("http://{}/v1/sessions", self.address);
        let body = json!({"login": login, "password": password});
        let answer = reqwest::Client::new().post(url).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Asks it to end, as a service manager would.
    pub fn stop(mut self) -> i32 {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It has ended already, unless a test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The password in a line such as `… with the password abc (not shown again)`.
fn password(line: &str) -> &str {
    line.split("with the password ").nth(1).unwrap().split_whitespace().next().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_made_at_the_command_line_signs_in() {
    let url = database_url(Template::Demo).await;
    let add = |more: &[&str]| run(&[&["user", "add", "--database-url", &url], more].concat());
    let added = add(&["wang.haoran", "--role", "sales_consultant", "--employee", "A03"]);
    assert_eq!((added.status, added.err.as_str()), (0, ""), "{added:#?}");
    assert_eq!(added.out.lines().count(), 1);
    let password = password(&added.out).to_owned();
    assert!(password.len() >= 16, "{password}");

    let duplicate = add(&["wang.haoran", "--role", "hr"]);
    assert_eq!((duplicate.status, duplicate.out.as_str()), (1, ""));
    let unknown = add(&["somebody", "--role", "sales_consultant", "--employee", "A99"]);
    assert_eq!((unknown.status, unknown.out.as_str()), (1, ""));
    assert!(unknown.err.contains("A99"), "{}", unknown.err);
    let nowhere = add(&["somebody", "--role", "dashboard", "--unit", "XX"]);
    assert_eq!((nowhere.status, nowhere.err.contains("XX")), (1, true), "{}", nowhere.err);
    let login = add(&["a b", "--role", "hr"]);
    assert_eq!((login.status, login.err.contains("login")), (1, true), "{}", login.err);
    for printed in [&duplicate, &unknown, &nowhere, &login] {
        assert_eq!(printed.err.lines().count(), 1, "one clear line: {}", printed.err);
    }

    let served = Served::start(&url);
    assert_eq!(served.before, Vec::<String>::new(), "there are administrators already");
    let (status, session) = served.sign_in("Wang.Haoran", &password).await;
    assert_eq!((status, &session["token_type"]), (200, &json!("Bearer")), "{session:#}");
    let (status, problem) = served.sign_in("wang.haoran", "another password").await;
    assert_eq!((status, &problem["code"]), (401, &json!("unauthenticated")));
    let me = reqwest::Client::new()
        .get(format!("http://{}/v1/me", served.address))
        .bearer_auth(session["access_token"].as_str().unwrap());
    let me: Value = me.send().await.unwrap().json().await.unwrap();
    assert_eq!((&me["employee_no"], &me["roles"]), (&json!("A03"), &json!(["sales_consultant"])));
    assert_eq!(served.stop(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_makes_an_administrator_and_says_so_once() {
    let url = database_url(Template::Empty).await;
    let served = Served::start(&url);
    let line = served.before.first().unwrap();
    let login = line.split("sign in as ").nth(1).unwrap().split(' ').next().unwrap();
    let (status, _) = served.sign_in(login, password(line)).await;
    assert_eq!(status, 200, "{line}");
    assert_eq!(served.stop(), 0);
    let again = Served::start(&url);
    assert_eq!(again.before, Vec::<String>::new());
    assert_eq!(again.stop(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_may_come_from_standard_input() {
    let url = database_url(Template::Demo).await;
    let args = ["user", "add", "wall", "--role", "dashboard", "--unit", "JC", "--password-stdin"];
    let args = [&args[..], &["--database-url", &url]].concat();
    let short = crate::support::showfloor(&args, b"short\n");
    assert_eq!((short.status, short.out.as_str()), (1, ""));
    assert!(short.err.contains("password"), "{}", short.err);
    let added = crate::support::showfloor(&args, "锦程 a long one\n".as_bytes());
    assert_eq!((added.status, added.out.as_str()), (0, "created wall\n"), "{added:#?}");
    let served = Served::start(&url);
    assert_eq!(served.sign_in("wall", "锦程 a long one").await.0, 200);
    assert_eq!(served.stop(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_said_clearly() {
    let url = database_url(Template::Demo).await;
    let folder = data_folder();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = folder.path().to_str().unwrap();
    let args = ["serve", "--listen", &address, "--database-url", &url, "--data-dir", data];
    let printed = run_within(Duration::from_secs(20), &args);
    assert_eq!((printed.status, printed.out.as_str()), (1, ""));
    assert_eq!(printed.err.lines().count(), 1, "{}", printed.err);
    assert!(printed.err.contains(&format!("cannot listen on {address}")), "{}", printed.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn months_are_generated_from_the_command_line() {
    let url = database_url(Template::Demo).await;
    let generate = |status: i32, more: &[&str]| {
        run_json(status, &[&["generate", "--json", "--database-url", &url], more].concat())
    };
    let march = generate(0, &["2014-03"]);
    assert_eq!(march.as_array().unwrap().len(), 1);
    assert_eq!(march[0]["cycle"]["period"], "2014-03");
    for (field, count) in [("written", 0), ("unchanged", 16), ("withdrawn", 0), ("attention", 0)] {
        assert_eq!(march[0][field], count, "{field}");
    }
    // Nobody has any facts in 2016: everybody's review needs attention.
    let later = generate(1, &["2016-02", "--store", "JC"]);
    assert_eq!(
        (&later[0]["written"], later[0]["attention"].as_i64().unwrap() >= 12),
        (&json!(16), true),
        "{later:#}"
    );
    let table = run(&["generate", "2014-03", "--database-url", &url]);
    assert_eq!((table.status, table.err.as_str()), (0, ""));
    assert!(table.out.contains("JC") && table.out.contains("2014-03"), "{}", table.out);
    let unknown = run(&["generate", "2014-03", "--store", "XX", "--database-url", &url]);
    assert_eq!((unknown.status, unknown.out.as_str()), (1, ""));
    assert!(unknown.err.contains("XX") && unknown.err.lines().count() == 1, "{}", unknown.err);

    let empty = database_url(Template::Empty).await;
    let nothing = run(&["generate", "2014-03", "--database-url", &empty]);
    assert_eq!((nothing.status, nothing.out.as_str()), (1, ""));
    assert!(nothing.err.contains("there is no store yet"), "{}", nothing.err);
    let migrated = run(&["migrate", "--database-url", &empty]);
    assert_eq!((migrated.status, migrated.err.as_str()), (0, ""), "{migrated:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demonstration_does_not_mix_with_somebodys_own_data() {
    let url = database_url(Template::Empty).await;
    let pool = showfloor::db::pool::open(&url, 1).unwrap();
    let new = showfloor::org::NewOrgUnit {
        code: "OWN".to_owned(),
        name: "自己的店".to_owned(),
        kind: showfloor::org::UnitKind::Store,
        parent: None,
        valid_from: "2014-01-01".parse().unwrap(),
        valid_to: None,
    };
    let now = "2014-01-01T00:00:00Z".parse().unwrap();
    showfloor::org::units::create(&mut Context::operator(&pool, now).await.unwrap(), new).await.unwrap();
    let printed = run(&["demo", "--exit", "--database-url", &url]);
    assert_eq!((printed.status, printed.out.as_str()), (1, ""));
    assert!(printed.err.contains("SHOWFLOOR_DATA_DIR"), "{}", printed.err);
}

#[test]
fn a_database_that_cannot_be_reached_is_one_clear_line() {
    // Port 1 is nobody's.
    for url in [
        "postgres://127.0.0.1:1/x",
        "postgres://user:secret@127.0.0.1:1/x",
        "postgres:///x?host=%2Fno%2Fsuch%2Ffolder",
        "nonsense",
    ] {
        for command in [["migrate"].as_slice(), &["generate", "2014-03"], &["demo", "--exit"], &["serve"]] {
            let args = [command, &["--database-url", url]].concat();
            let printed = run_within(Duration::from_secs(20), &args);
            assert_eq!((printed.status, printed.out.as_str()), (1, ""), "{printed:#?}");
            let message = printed.err.trim_end();
            assert!(message.starts_with("showfloor: "), "{args:?}: {message}");
            assert_eq!(message.lines().count(), 1, "{args:?}: {message}");
            assert!(!message.contains("secret"), "{message}");
            assert!(message.contains("database"), "{message}");
        }
    }
}

#[test]
fn openapi_needs_no_database() {
    let document = run_json(0, &["openapi", "--database-url", "postgres://127.0.0.1:1/x"]);
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    for path in ["/v1/sessions", "/v1/facts", "/v1/imports", "/v1/reviews", "/v1/dashboard/leaderboard"] {
        assert!(document["paths"][path].is_object(), "{path}");
    }
}
