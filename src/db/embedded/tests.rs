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
    let cluster = Cluster { socket: "/srv/show_floor/socket".into(), owned: None };
    assert_eq!(cluster.url("a b/c"), "postgres://showfloor@%2Fsrv%2Fshow_floor%2Fsocket/a%20b%2Fc");
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
        [clusters.0, clusters.1, clusters.2].into_iter().partition(|cluster| cluster.owned.is_some());
    assert_eq!((owners.len(), guests.len()), (1, 2));
    for guest in guests {
        guest.stop().await.unwrap();
    }
    let owner = owners.remove(0);
    assert_eq!(answer(&connect(&owner, "postgres").await, "SELECT 'alive'").await, "alive");
    owner.stop().await.unwrap();
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
