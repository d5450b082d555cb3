use tokio_postgres::Client;

use super::*;

async fn connect(cluster: &Cluster, database: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(&cluster.url(database), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn answer(client: &Client, query: &str) -> String {
    client.query_one(query, &[]).await.unwrap().get(0)
}

#[test]
fn urls_encode_what_a_socket_path_and_a_name_contain() {
    let socket = Path::new("/srv/show_floor/socket");
    assert_eq!(url(socket, "a b/c"), "postgres://showfloor@%2Fsrv%2Fshow_floor%2Fsocket/a%20b%2Fc");
}

#[tokio::test]
async fn data_outlives_a_stop_and_a_drop() {
    let directory = tempfile::tempdir().unwrap();
    let cluster = Cluster::start(directory.path(), Tuning::Disposable).await.unwrap();
    cluster.create_database_if_missing("first \"one\"").await.unwrap();
    cluster.create_database_if_missing("first \"one\"").await.unwrap();
    let client = connect(&cluster, "first \"one\"").await;
    assert_eq!(answer(&client, "SELECT current_setting('fsync')").await, "off");
    client.batch_execute("CREATE TABLE kept AS SELECT 'here' AS word").await.unwrap();
    cluster.stop().await.unwrap();

    drop(Cluster::start(directory.path(), Tuning::Disposable).await.unwrap());

    let cluster = Cluster::start(directory.path(), Tuning::Durable).await.unwrap();
    let client = connect(&cluster, "first \"one\"").await;
    assert_eq!(answer(&client, "SELECT word FROM kept").await, "here");
    assert_eq!(answer(&client, "SELECT current_setting('fsync')").await, "on");
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn of_several_that_start_at_once_one_owns_the_server() {
    let directory = tempfile::tempdir().unwrap();
    let start = || Cluster::start(directory.path(), Tuning::Disposable);
    let clusters = tokio::try_join!(start(), start(), start()).unwrap();
    let (mut owners, guests): (Vec<_>, Vec<_>) =
        [clusters.0, clusters.1, clusters.2].into_iter().partition(|cluster| cluster.attendant.is_owner());
    assert_eq!((owners.len(), guests.len()), (1, 2));
    for guest in guests {
        guest.stop().await.unwrap();
    }
    let owner = owners.remove(0);
    assert_eq!(answer(&connect(&owner, "postgres").await, "SELECT 'alive'").await, "alive");
    owner.stop().await.unwrap();
}

#[tokio::test]
async fn the_last_one_out_stops_the_server() {
    let directory = tempfile::tempdir().unwrap();
    let owner = Cluster::start(directory.path(), Tuning::Disposable).await.unwrap();
    let guest = Cluster::start(directory.path(), Tuning::Disposable).await.unwrap();
    assert!(owner.attendant.is_owner() && !guest.attendant.is_owner());
    let client = connect(&guest, "postgres").await;
    owner.stop().await.unwrap();
    // The same connection, to the same server.
    assert_eq!(answer(&client, "SELECT 'alive'").await, "alive");
    assert!(guest.attendant.is_owner());
    // Others join the one that has taken it over.
    let other = Cluster::start(directory.path(), Tuning::Disposable).await.unwrap();
    other.stop().await.unwrap();
    assert_eq!(answer(&client, "SELECT 'alive'").await, "alive");
    let socket = guest.socket.clone();
    guest.stop().await.unwrap();
    assert!(!socket::answers(&socket));
    assert!(!directory.path().join("data/postmaster.pid").exists());
}

#[tokio::test]
async fn a_server_that_is_killed_is_started_again() {
    let directory = tempfile::tempdir().unwrap();
    let cluster = Cluster::start(directory.path(), Tuning::Disposable).await.unwrap();
    for _ in 0..2 {
        let file = fs::read_to_string(directory.path().join("data/postmaster.pid")).unwrap();
        let pid = file.lines().next().unwrap();
        assert!(std::process::Command::new("kill").args(["-9", pid]).status().unwrap().success());
        let begun = Instant::now();
        let client = loop {
            assert!(begun.elapsed() < Duration::from_secs(60), "it does not come back");
            sleep(Duration::from_millis(100)).await;
            let now = fs::read_to_string(directory.path().join("data/postmaster.pid")).unwrap_or_default();
            if now.lines().next().is_none_or(|now| now == pid) {
                continue;
            }
            if let Ok((client, connection)) = tokio_postgres::connect(&cluster.url("postgres"), NoTls).await {
                tokio::spawn(connection);
                break client;
            }
        };
        assert_eq!(answer(&client, "SELECT 'alive'").await, "alive");
    }
    let guest = Cluster::start(directory.path(), Tuning::Disposable).await.unwrap();
    guest.stop().await.unwrap();
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn who_comes_while_there_is_no_server_is_told_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().canonicalize().unwrap();
    let (mut ownership, _) = Ownership::try_take(&folder).unwrap().unwrap();
    for (said, why) in [
        (Announcement::Down("no space left".to_owned()), "no space left"),
        (Announcement::Ready(folder.join("socket")), "does not answer"),
    ] {
        ownership.announce(&said).unwrap();
        assert_eq!(Announcement::read(&folder), Some(said));
        let begun = Instant::now();
        let error = Cluster::start(&folder, Tuning::Disposable).await.unwrap_err().to_string();
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        assert!(error.contains(why), "{error}");
    }
}

#[tokio::test]
async fn only_unfinished_work_of_ours_is_cleared_away() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("data.initdb-1")).unwrap();
    fs::write(directory.path().join("data.initdb-1/PG_VERSION"), "15\n").unwrap();
    let cluster = Cluster::start(directory.path(), Tuning::Disposable).await.unwrap();
    assert!(!directory.path().join("data.initdb-1").exists());
    cluster.stop().await.unwrap();

    fs::remove_file(directory.path().join("data/PG_VERSION")).unwrap();
    let refused = Cluster::start(directory.path(), Tuning::Disposable).await;
    assert!(matches!(refused, Err(EmbeddedError::NotACluster { .. })));
    assert!(directory.path().join("data/base").exists());
}
