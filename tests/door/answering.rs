//! A port before a service of a test's own: what it does is the port's doing alone.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use laurels::port::{Body, Limits, Port};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long what must happen may take, before it is taken to never happen.
const PATIENCE: Duration = Duration::from_secs(60);
/// More than the system holds for a connection that is not read.
pub(crate) const LARGE: usize = 64 << 20;

/// A port that answers.
pub(crate) struct Answering {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<io::Result<()>>,
}

impl Answering {
    /// Serves on a free port, after its caller had a say. `/large` is answered with a lot, `/never` never, and all
    /// else with what it sent.
    pub(crate) async fn start(with: impl FnOnce(Port) -> Port) -> Answering {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let port = with(Port::new(listener));
        let serving = port.serve(tower::service_fn(answer), async { drop(stopped.await) });
        Answering { address, stop, served: tokio::spawn(serving) }
    }

    /// The same with limits.
    pub(crate) async fn within(limits: Limits) -> Answering {
        Answering::start(|port| port.limits(limits)).await
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Asks it to go down, and waits until it is.
    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        in_time("the end", self.served).await.unwrap().unwrap();
    }
}

async fn answer(request: Request<Body>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = match request.uri().path() {
        "/large" => Bytes::from(vec![b'x'; LARGE]),
        "/never" => std::future::pending().await,
        _ => match request.into_body().collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => format!("failed: {error}").into(),
        },
    };
    Ok(Response::new(Full::new(body)))
}

/// Sends text, and gives what is answered by HTTP/1.1, up to its end.
pub(crate) async fn ask<C: AsyncRead + AsyncWrite + Unpin>(connection: &mut C, text: &str) -> String {
    connection.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&answer);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() == length.map_or(0, |length| length.parse().unwrap()) {
                return text.into_owned();
            }
        }
        let count = in_time("an answer", connection.read_buf(&mut answer)).await.unwrap();
        assert_ne!(count, 0, "it ended within {}", String::from_utf8_lossy(&answer));
    }
}

/// A whole request, with this body.
pub(crate) fn post(body: &str) -> String {
    format!("POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// Reads until the other side ends the connection, whichever way; gives what came before.
pub(crate) async fn ended(connection: &mut (impl AsyncRead + Unpin)) -> String {
    let mut before = Vec::new();
    // An error is an end too.
    let _ = in_time("the end of a connection", connection.read_to_end(&mut before)).await;
    String::from_utf8_lossy(&before).into_owned()
}

/// What must happen.
pub(crate) async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    let Ok(done) = tokio::time::timeout(PATIENCE, future).await else { panic!("{what} never came") };
    done
}
