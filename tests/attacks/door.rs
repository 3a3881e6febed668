//! A door before the server: clients have one address, whichever process is behind it, and their connections can
//! be cut.
//!
//! Every server takes a free port, so that nobody's restart meets a port in use.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::copy;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::failure::{Failure, Result};

/// Where clients knock.
pub(crate) struct Door {
    address: SocketAddr,
    /// The server, and how often all connections were cut.
    behind: Arc<watch::Sender<Behind>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Behind {
    server: Option<SocketAddr>,
    cuts: u64,
}

impl Door {
    /// Opens a door, with nobody behind it yet.
    pub(crate) fn open(runtime: &Handle) -> Result<Door> {
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
        let bound = listener.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) = bound.map_err(|error| Failure::of_attack("open a door", error))?;
        let behind = Arc::new(watch::Sender::new(Behind::default()));
        runtime.spawn(listen(listener, behind.clone()));
        Ok(Door { address, behind })
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets callers through to this server, or to nobody.
    pub(crate) fn lead_to(&self, server: Option<SocketAddr>) {
        self.behind.send_modify(|behind| behind.server = server);
    }

    /// Cuts all connections there are.
    pub(crate) fn cut(&self) {
        self.behind.send_modify(|behind| behind.cuts += 1);
    }
}

async fn listen(listener: TcpListener, behind: Arc<watch::Sender<Behind>>) {
    while let Ok((client, _)) = listener.accept().await {
        let now = *behind.borrow();
        let Some(server) = now.server else { continue };
        tokio::spawn(pass(client, server, behind.subscribe(), now.cuts));
    }
}

async fn pass(client: TcpStream, server: SocketAddr, mut behind: watch::Receiver<Behind>, cuts: u64) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    // Small messages are not to wait for one another.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let mut answers = std::pin::pin!(copy(&mut from_server, &mut to_client));
    let cut = behind.wait_for(|behind| behind.cuts != cuts);
    let asking = async {
        // What a server answered before it died is passed on.
        if copy(&mut from_client, &mut to_server).await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        _ = &mut answers => {}
        () = asking => {}
        _ = cut => {}
    }
}
