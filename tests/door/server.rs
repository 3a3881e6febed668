//! A server of a test's own: a real store in a directory that goes with it, on a port that was free.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use laurels::access::Access;
use laurels::clock::Clock;
use laurels::event::Time;
use laurels::port::{Limits, Port};
use laurels::server;
use laurels::service::Service;
use laurels::store::Options;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::opened::opened;

/// A running server.
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<()>,
    directory: Option<TempDir>,
}

const BADGES: &str = r#"
title = "Photos"

[badge.first-photo]
title = "First light"
on    = "photo.posted"

[badge.framed]
title = "Framed: {subject}"
on    = "photo.posted"
by    = ["user", "subject"]

[badge.collector]
title = "Collector"
on    = "photo.posted"
at    = 10
"#;

/// Starts a server with a few badges for photos, at the beginning of 2026.
pub(crate) async fn start() -> Server {
    start_with(Limits::default(), Access::open(Clock::system())).await
}

/// The same with other limits of the port.
pub(crate) async fn start_within(limits: Limits) -> Server {
    start_with(limits, Access::open(Clock::system())).await
}

/// The same, for those whom this lets in.
pub(crate) async fn start_for(access: Access) -> Server {
    start_with(Limits::default(), access).await
}

async fn start_with(limits: Limits, access: Access) -> Server {
    let directory = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut server = start_in(directory.path(), listener, limits, access);
    server.directory = Some(directory);
    server
}

fn start_in(directory: &Path, listener: TcpListener, limits: Limits, access: Access) -> Server {
    let (store, catalog) = opened(directory, Options::default(), "photos", BADGES);
    let clock = Clock::fixed(Time::parse("2026-01-01T00:00:00Z").unwrap());
    let service = Service::start(Arc::new(store), catalog, clock);
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let served = tokio::spawn(async move {
        let port = Port::new(listener).limits(limits);
        server::serve(port, service, access, async { drop(stopped.await) }).await.unwrap();
    });
    Server { address, stop: Some(stop), served, directory: None }
}

impl Server {
    /// Has it go down, and waits until it is.
    pub(crate) async fn stop(mut self) -> TempDir {
        self.stop.take().unwrap().send(()).unwrap();
        self.served.await.unwrap();
        self.directory.unwrap()
    }
}
