//! A server of a test's own: a real store in a directory that goes with it, on a port that was free.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use laurels::access::Access;
use laurels::clock::Clock;
use laurels::event::Time;
use laurels::port::{Limits, Port};
use laurels::server;
use laurels::service::Service;
use laurels::store;
use laurels::web::Options;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::opened::opened;

/// A running server.
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
    directory: TempDir,
}

/// A port that is free.
const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

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
    start_in(new_directory(), LOOPBACK, Limits::default(), Options::default(), everybody()).await
}

/// The same, for those whom this lets in.
pub(crate) async fn start_for(access: Access) -> Server {
    start_in(new_directory(), LOOPBACK, Limits::default(), Options::default(), access).await
}

/// The same with other choices about what is no native gRPC.
pub(crate) async fn start_with(options: Options) -> Server {
    start_in(new_directory(), LOOPBACK, Limits::default(), options, everybody()).await
}

/// The same with other limits of the port.
pub(crate) async fn start_within(limits: Limits) -> Server {
    start_in(new_directory(), LOOPBACK, limits, Options::default(), everybody()).await
}

fn everybody() -> Access {
    Access::open(Clock::system())
}

fn new_directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

async fn start_in(
    directory: TempDir,
    address: SocketAddr,
    limits: Limits,
    options: Options,
    access: Access,
) -> Server {
    let listener = TcpListener::bind(address).await.unwrap();
    let (store, catalog) = opened(directory.path(), store::Options::default(), "photos", BADGES);
    let clock = Clock::fixed(Time::parse("2026-01-01T00:00:00Z").unwrap());
    let service = Service::start(Arc::new(store), catalog, clock);
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let served = tokio::spawn(async move {
        let told = async { drop(stopped.await) };
        server::serve(Port::new(listener).limits(limits), options, service, access, told).await.unwrap();
    });
    Server { address, stop, served, directory }
}

impl Server {
    /// Has it go down, and waits until it is.
    pub(crate) async fn stop(self) -> TempDir {
        self.stop.send(()).unwrap();
        self.served.await.unwrap();
        self.directory
    }

    /// The same store at the same address, by another server.
    pub(crate) async fn restart(self) -> Server {
        let address = self.address;
        start_in(self.stop().await, address, Limits::default(), Options::default(), everybody()).await
    }
}
