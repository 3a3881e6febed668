//! A server of a test's own: a real store in a directory that goes with it, on a port that was free.

use std::net::SocketAddr;
use std::sync::Arc;

use laurels::access::Access;
use laurels::clock::Clock;
use laurels::event::Time;
use laurels::port::Port;
use laurels::server;
use laurels::service::Service;
use laurels::store::Options;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint};

use super::proto::Event;
use super::proto::achievement_service_client::AchievementServiceClient;

use crate::opened::opened;

/// A running server.
pub(super) struct Server {
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// A connection to it.
    pub(super) channel: Channel,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<()>,
    _directory: TempDir,
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

[badge.owl]
title       = "Night owl"
description = "Post at four in the morning"
on          = "photo.posted"
when        = "event.time.getHours() == 4"
secret      = true
"#;

/// Starts a server with a few badges for photos.
pub(super) async fn start() -> Server {
    let directory = tempfile::tempdir().unwrap();
    let (store, catalog) = opened(directory.path(), Options::default(), "photos", BADGES);
    let clock = Clock::fixed(Time::parse("2026-01-01T00:00:00Z").unwrap());
    let service = Service::start(Arc::new(store), catalog, clock);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    let (stop, stopped) = oneshot::channel();
    let served = tokio::spawn(async move {
        server::serve(
            Port::new(listener),
            laurels::web::Options::default(),
            service,
            Access::open(Clock::system()),
            async { drop(stopped.await) },
        )
        .await
        .unwrap();
    });
    let channel = endpoint.connect().await.unwrap();
    Server { address, channel, stop: Some(stop), served, _directory: directory }
}

impl Server {
    /// The calls.
    pub(super) fn client(&self) -> AchievementServiceClient<Channel> {
        AchievementServiceClient::new(self.channel.clone())
    }

    /// Asks it to go down.
    pub(super) fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// Waits until it is down.
    pub(super) async fn gone(self) {
        self.served.await.unwrap();
    }
}

/// An event of `ann`.
pub(super) fn event(id: &str) -> Event {
    Event { id: id.into(), r#type: "photo.posted".into(), user: "ann".into(), ..Event::default() }
}
