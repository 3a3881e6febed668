//! Laurels itself, asked as lightly as the peers are: HTTP/2 by the crate h2, and nothing of what a client does besides.
//! With a client for gRPC, one thread of load takes as long for a call as the server does, and would be what is measured.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use bytes::{BufMut as _, Bytes, BytesMut};
use h2::client::{self, SendRequest};
use http::{HeaderMap, Request};
use prost::Message as _;
use tokio::net::TcpStream;

use super::{Answer, Connection, Event, Peer, TYPE, process};
use crate::noop::proto;

/// Calls on one connection, as many as a server takes.
const CALLS_PER_CONNECTION: usize = 128;
const METHOD: &str = "/laurels.v1.AchievementService/RecordEvent";
/// Before a message: that it is not compressed, and its length.
const FRAME_BYTES: usize = 5;

/// A server, and the connections that it was asked over.
pub(crate) struct Laurels {
    address: SocketAddr,
    pid: u32,
    /// The last connection, and how many ask over it.
    shared: RefCell<Option<(Caller, usize)>>,
}

/// Asks over a connection that others share.
#[derive(Clone)]
pub(crate) struct Caller {
    sender: SendRequest<Bytes>,
    uri: String,
}

impl Laurels {
    pub(crate) fn new(address: SocketAddr, pid: u32) -> Laurels {
        Laurels { address, pid, shared: RefCell::default() }
    }
}

impl Peer for Laurels {
    type Connection = Caller;

    async fn connect(&self) -> anyhow::Result<Caller> {
        if let Some((caller, callers)) = &mut *self.shared.borrow_mut()
            && *callers < CALLS_PER_CONNECTION
        {
            *callers += 1;
            return Ok(caller.clone());
        }
        let stream = TcpStream::connect(self.address).await.context("connect to Laurels")?;
        stream.set_nodelay(true)?;
        let (sender, connection) = client::handshake(stream).await?;
        // It ends with those who ask over it; what breaks it, they are told.
        tokio::spawn(async { drop(connection.await) });
        let caller = Caller { sender, uri: format!("http://{}{METHOD}", self.address) };
        self.shared.replace(Some((caller.clone(), 1)));
        Ok(caller)
    }

    fn spent(&self) -> anyhow::Result<Duration> {
        process::spent(self.pid)
    }
}

impl Connection for Caller {
    async fn record(&mut self, events: &[Event]) -> anyhow::Result<Vec<Answer>> {
        let mut answers = Vec::with_capacity(events.len());
        for event in events {
            answers.push(self.call(event).await?);
        }
        Ok(answers)
    }
}

impl Caller {
    async fn call(&self, event: &Event) -> anyhow::Result<Answer> {
        let request =
            Request::post(&self.uri).header("content-type", "application/grpc").header("te", "trailers");
        let mut sender = self.sender.clone().ready().await?;
        let (response, mut body) = sender.send_request(request.body(())?, false)?;
        body.send_data(framed(event)?, true)?;
        let (head, mut body) = response.await?.into_parts();
        let mut frame = BytesMut::new();
        while let Some(data) = body.data().await {
            let data = data?;
            body.flow_control().release_capacity(data.len())?;
            frame.extend_from_slice(&data);
        }
        // An answer without a message has its status among the headers.
        let status = body.trailers().await?.unwrap_or(head.headers);
        ensure_ok(&status)?;
        ensure!(frame.len() >= FRAME_BYTES, "an answer has no message");
        let answer = proto::RecordEventResponse::decode(&frame[FRAME_BYTES..])?;
        Ok(Answer {
            duplicate: answer.duplicate,
            earned: answer.awards.into_iter().next().map(|award| award.badge),
        })
    }
}

fn framed(event: &Event) -> anyhow::Result<Bytes> {
    let Event { id, user } = event.clone();
    let event = proto::Event { id, user, r#type: TYPE.to_owned(), ..Default::default() };
    let request = proto::RecordEventRequest { event: Some(event) };
    let length = request.encoded_len();
    let mut frame = BytesMut::with_capacity(FRAME_BYTES + length);
    frame.put_u8(0);
    frame.put_u32(u32::try_from(length)?);
    request.encode(&mut frame)?;
    Ok(frame.freeze())
}

fn ensure_ok(status: &HeaderMap) -> anyhow::Result<()> {
    match status.get("grpc-status") {
        Some(ok) if ok == "0" => Ok(()),
        refused => bail!("Laurels answers {refused:?}: {:?}", status.get("grpc-message")),
    }
}
