//! What keeps the program from starting is said once, with what to do about it, before anything is begun.

use std::time::Duration;

use showfloor::auth::Context;
use showfloor::auth::users;
use showfloor::clock::Clock;
use showfloor::db::pool;

use crate::program::run_within;
use crate::support::{Template, database_url};

const SOON: Duration = Duration::from_secs(30);

#[test]
fn a_port_that_is_taken_is_found_before_anything_is_made() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    for command in ["serve", "demo"] {
        let args = [command, "--listen", &address, "--data-dir", data.to_str().unwrap()];
        let printed = run_within(SOON, &args);
        assert_eq!(printed.status, 1, "{printed:?}");
        assert!(printed.err.contains(&format!("cannot listen on {address}")), "{printed:?}");
        assert!(printed.err.contains("--listen") && printed.out.is_empty(), "{printed:?}");
        assert!(!data.exists());
    }
}

#[test]
fn what_cannot_be_used_is_named_with_its_cause_once() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let within = file.path().join("data");
    for (args, words, cause) in [
        (
            vec!["migrate", "--data-dir", within.to_str().unwrap()],
            vec![within.to_str().unwrap()],
            "Not a directory",
        ),
        (
            vec!["migrate", "--database-url", "http://localhost/x"],
            vec!["DATABASE_URL"],
            "invalid connection string",
        ),
        (
            vec!["migrate", "--database-url", "postgres://me:secret@127.0.0.1:1/x"],
            vec!["127.0.0.1", "port 1", "DATABASE_URL"],
            "Connection refused",
        ),
        (vec!["demo", "--exit", "--rules", "/nowhere"], vec!["/nowhere", "--rules"], "no rules folder"),
    ] {
        let printed = run_within(SOON, &args);
        assert_eq!(printed.status, 1, "{printed:?}");
        assert!(words.iter().all(|word| printed.err.contains(word)), "{printed:?}");
        assert_eq!(printed.err.matches(cause).count(), 1, "{printed:?}");
        assert!(!printed.err.contains("secret"), "{printed:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demonstration_does_not_begin_where_somebody_has_served() {
    let url = database_url(Template::Empty).await;
    let pool = pool::open(&url, 2).unwrap();
    let cx = &mut Context::operator(&pool, Clock::System.now()).await.unwrap();
    users::create_first_administrator(cx).await.unwrap().unwrap();
    let printed = run_within(SOON, &["demo", "--exit", "--database-url", &url]);
    assert_eq!(printed.status, 1, "{printed:?}");
    assert!(printed.err.contains("has been served before"), "{printed:?}");
    assert!(printed.err.contains("SHOWFLOOR_DATA_DIR"), "{printed:?}");
}
