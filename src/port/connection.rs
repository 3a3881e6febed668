//! One connection: how long it may take until it asks for something, and how long to take what it is sent.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Sleep;

use super::limits::Limits;

/// A connection, and the room that it takes until it ends.
pub(super) struct Connection {
    stream: TcpStream,
    noticed: Noticed,
    /// When it ends if nothing is asked; None once something was.
    deadline: Option<Pin<Box<Sleep>>>,
    /// How long it may take nothing of what it is sent.
    stall: Duration,
    /// When it ends if it takes nothing; None while it does.
    stalled: Option<Pin<Box<Sleep>>>,
    _room: OwnedSemaphorePermit,
}

/// What is noticed of a connection: whether it has asked for something, and what becomes of what it is sent.
#[derive(Clone, Default)]
pub(super) struct Noticed(Arc<Notices>);

#[derive(Default)]
struct Notices {
    asked: AtomicBool,
    /// It takes nothing now, and there is something for it.
    blocked: AtomicBool,
    /// How often something was written.
    writes: AtomicU64,
}

impl Noticed {
    /// Notes that it has asked for something.
    pub(super) fn asks(&self) {
        self.0.asked.store(true, Ordering::Relaxed);
    }

    /// How often something was written to it; none while there is something that it does not take.
    pub(super) fn writes(&self) -> Option<u64> {
        let blocked = self.0.blocked.load(Ordering::Relaxed);
        (!blocked).then(|| self.0.writes.load(Ordering::Relaxed))
    }
}

impl Connection {
    /// A connection that has as long as the limits say.
    pub(super) fn new(
        stream: TcpStream,
        limits: &Limits,
        room: OwnedSemaphorePermit,
    ) -> (Connection, Noticed) {
        let noticed = Noticed::default();
        let deadline = Some(Box::pin(tokio::time::sleep(limits.first_call)));
        let stall = limits.write_stall;
        (
            Connection { stream, noticed: noticed.clone(), deadline, stall, stalled: None, _room: room },
            noticed,
        )
    }

    /// Ends the connection if what came of a write is "not now" for too long.
    fn in_time<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        self.noticed.0.blocked.store(written.is_pending(), Ordering::Relaxed);
        if written.is_ready() {
            self.noticed.0.writes.fetch_add(1, Ordering::Relaxed);
            self.stalled = None;
            return written;
        }
        let stall = self.stall;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(stall)));
        if stalled.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        tracing::debug!("a connection that takes nothing of what it is sent is closed");
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.noticed.0.asked.load(Ordering::Relaxed) {
            self.deadline = None;
        }
        if let Some(deadline) = &mut self.deadline
            && deadline.as_mut().poll(cx).is_ready()
        {
            tracing::debug!("a connection that asked for nothing is closed");
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.in_time(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, buffers);
        self.in_time(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
