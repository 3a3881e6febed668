//! Futures that are polled by hand, each when it was woken and not else: so a wake-up that is lost is noticed.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Whose task it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Client,
    Listener(usize),
    Reload,
    ShutDown,
}

/// One future.
pub(crate) struct Task {
    pub(crate) owner: Owner,
    future: Pin<Box<dyn Future<Output = ()>>>,
    woken: Arc<Woken>,
    waker: Waker,
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Task {
    pub(crate) fn new(owner: Owner, future: impl Future<Output = ()> + 'static) -> Task {
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        let waker = Waker::from(woken.clone());
        Task { owner, future: Box::pin(future), woken, waker }
    }

    pub(crate) fn is_woken(&self) -> bool {
        self.woken.0.load(Ordering::SeqCst)
    }

    /// Goes on with it. Says whether it is over.
    pub(crate) fn poll(&mut self) -> bool {
        self.woken.0.store(false, Ordering::SeqCst);
        matches!(self.future.as_mut().poll(&mut Context::from_waker(&self.waker)), Poll::Ready(()))
    }
}
