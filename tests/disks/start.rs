//! What keeps a server from starting, or from opening files: it says so clearly, and harms nothing.

use std::net::TcpStream;

use laurels_client::{Client, Event};

use super::mount::Mount;
use super::server::Server;

/// Open files of a server that has too few.
const FEW: usize = 64;

async fn visit(server: &Server, client: &Client, number: usize) {
    let event = Event::new("visit", "ann").with_id(format!("e{number}")).with_subject("s");
    let recorded = client.record(event).await;
    assert!(recorded.is_ok(), "{recorded:?} from {}", server.url);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_a_directory_ends_and_the_first_goes_on() {
    let data = tempfile::tempdir().unwrap();
    let first = Server::start(data.path());
    let client = Client::connect(&first.url).await.unwrap();
    visit(&first, &client, 1).await;
    let second = Server::refused(data.path());
    assert_eq!(second.code, Some(1));
    assert!(second.said.contains("another server uses") && second.said.contains("--data"), "{}", second.said);
    visit(&first, &client, 2).await;
    drop(first.kill());
    Server::start(data.path());
}

#[test]
fn a_read_only_directory_is_refused_with_its_name() {
    let Some(mount) = Mount::new("size=128m") else { return };
    let data = mount.path().join("data");
    drop(Server::start(&data).kill());
    mount.remount("remount,ro");
    for directory in [&data, &mount.path().join("new")] {
        let ended = Server::refused(directory);
        assert_eq!(ended.code, Some(1));
        let said = ended.said;
        assert!(
            said.contains(directory.to_str().unwrap()) && said.contains("Read-only file system"),
            "{said}"
        );
        assert!(!said.contains("panicked"), "{said}");
    }
    mount.remount("remount,rw");
    Server::start(&data);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_open_files_are_used_up_goes_on_for_who_is_there() {
    let data = tempfile::tempdir().unwrap();
    let server =
        Server::after(&format!("ulimit -n {FEW}"), data.path()).unwrap_or_else(|ended| panic!("{ended:?}"));
    let client = Client::connect(&server.url).await.unwrap();
    visit(&server, &client, 0).await;
    let idle: Vec<_> = (0..3 * FEW)
        .filter_map(|_| TcpStream::connect(server.url.strip_prefix("http://").unwrap()).ok())
        .collect();
    for number in 1..200 {
        visit(&server, &client, number).await;
    }
    drop(idle);
    // Those that were let go are noticed one after the other.
    let late = loop {
        if let Ok(late) = Client::connect(&server.url).await
            && late.badges("ann").await.is_ok()
        {
            break late;
        }
    };
    visit(&server, &late, 200).await;
    drop(server.kill());
    let server = Server::start(data.path());
    let client = Client::connect(&server.url).await.unwrap();
    let held = client.badges("ann").await.unwrap();
    assert_eq!(held.progress.iter().find(|progress| progress.badge == "visits").unwrap().current, 201.0);
}
