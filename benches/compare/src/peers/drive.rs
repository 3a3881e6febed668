//! The load: so many connections, each with so many events on their way; every answer makes room for the next.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Instant;

use anyhow::ensure;
use laurels::cli::bench::users::{Arrivals, Users};
use tokio::task::{JoinSet, LocalSet};

use super::{Connection, Event, Peer};

/// What is done to a peer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drive {
    pub(crate) connections: usize,
    /// How many events a connection sends before it waits for their answers.
    pub(crate) pipeline: usize,
    pub(crate) users: Users,
    pub(crate) events: u64,
    pub(crate) warm_up: u64,
    /// What event ids begin with: those of one round are not those of another.
    pub(crate) run: u64,
}

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub(crate) rate_per_s: f64,
    /// CPU time of all of the peer's processes for an event.
    pub(crate) cpu_us: f64,
}

impl Drive {
    /// Does it, and measures.
    pub(crate) async fn on(&self, peer: &impl Peer) -> anyhow::Result<Measured> {
        let mut connections = Vec::new();
        for _ in 0..self.connections {
            connections.push(peer.connect().await?);
        }
        let next = Rc::new(Cell::new(0));
        let connections = self.record(connections, &next, self.warm_up).await?;
        let (before, began) = (peer.spent()?, Instant::now());
        self.record(connections, &next, self.warm_up + self.events).await?;
        let took = began.elapsed();
        let spent = peer.spent()?.saturating_sub(before);
        let events = self.events as f64;
        Ok(Measured { rate_per_s: events / took.as_secs_f64(), cpu_us: spent.as_secs_f64() * 1e6 / events })
    }

    /// Records events up to this number on all connections, and gives those back.
    async fn record<C: Connection + 'static>(
        &self,
        connections: Vec<C>,
        next: &Rc<Cell<u64>>,
        end: u64,
    ) -> anyhow::Result<Vec<C>> {
        let mut workers = JoinSet::new();
        let local = LocalSet::new();
        for (number, connection) in connections.into_iter().enumerate() {
            let arrivals = self.users.arrivals(next.get() << 16 | number as u64);
            let worker = Worker { drive: *self, connection, arrivals, next: next.clone() };
            workers.spawn_local_on(worker.until(end), &local);
        }
        let ended = async {
            let mut connections = Vec::new();
            while let Some(connection) = workers.join_next().await {
                connections.push(connection??);
            }
            anyhow::Ok(connections)
        };
        local.run_until(ended).await
    }
}

struct Worker<C> {
    drive: Drive,
    connection: C,
    arrivals: Arrivals,
    next: Rc<Cell<u64>>,
}

impl<C: Connection> Worker<C> {
    async fn until(mut self, end: u64) -> anyhow::Result<C> {
        let (run, pipeline) = (self.drive.run, self.drive.pipeline as u64);
        loop {
            let first = self.next.get();
            let numbers = first..end.min(first + pipeline);
            if numbers.is_empty() {
                return Ok(self.connection);
            }
            self.next.set(numbers.end);
            let arrivals = &mut self.arrivals;
            let event = |number| Event { id: format!("{run:016x}-{number}"), user: arrivals.user(number) };
            let events: Vec<Event> = numbers.map(event).collect();
            let answers = self.connection.record(&events).await?;
            ensure!(answers.len() == events.len(), "{} events, {} answers", events.len(), answers.len());
            ensure!(answers.iter().all(|answer| !answer.duplicate), "an id that is new was there before");
        }
    }
}
