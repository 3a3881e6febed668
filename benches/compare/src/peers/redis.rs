//! Redis, with a function that does all in one call.

use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{AsyncConnectionConfig, Client, Cmd, IntoConnectionInfo as _, Pipeline};
use rustix::process::Signal;

use super::process::{Directory, Process, free_port};
use super::{Answer, Connection, Event, Peer, TYPE};

const SCRIPT: &str = include_str!("../../peers/record.lua");

/// A Redis server.
pub(crate) struct Redis {
    process: Process,
    port: u16,
}

/// When its append-only file is synced.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fsync {
    /// Before what was written is answered, as Laurels.
    Always,
    /// Once a second: what was answered in the last second may be lost.
    EverySecond,
}

impl Redis {
    pub(crate) async fn start(fsync: Fsync) -> anyhow::Result<Redis> {
        let (directory, port) = (Directory::new()?, free_port()?);
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--tcp-backlog", "2048"]);
        let fsync = match fsync {
            Fsync::Always => "always",
            Fsync::EverySecond => "everysec",
        };
        // No snapshots: the file is what makes it durable, and it is rewritten as by default.
        command.args(["--appendonly", "yes", "--appendfsync", fsync, "--save", ""]);
        command.arg("--dir").arg(directory.path());
        let mut process = Process::start(command, directory, Signal::KILL)?;
        let mut connection = process.until_ready(async || connect(port).await).await?;
        redis::cmd("FUNCTION").arg("LOAD").arg(SCRIPT).exec_async(&mut connection).await?;
        Ok(Redis { process, port })
    }
}

impl Peer for Redis {
    type Connection = MultiplexedConnection;

    async fn connect(&self) -> anyhow::Result<MultiplexedConnection> {
        connect(self.port).await.context("connect to Redis")
    }

    fn spent(&self) -> anyhow::Result<Duration> {
        self.process.spent()
    }
}

async fn connect(port: u16) -> redis::RedisResult<MultiplexedConnection> {
    // What waits for a disk may wait long, and what is small must not wait to become more.
    let info = ("127.0.0.1", port).into_connection_info()?;
    let info = info.set_tcp_settings(TcpSettings::default().set_nodelay(true));
    let patient = AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
    Client::open(info)?.get_multiplexed_async_connection_with_config(&patient).await
}

impl Connection for MultiplexedConnection {
    async fn record(&mut self, events: &[Event]) -> anyhow::Result<Vec<Answer>> {
        let answers: Vec<Vec<String>> = match events {
            [event] => vec![call(event).query_async(self).await?],
            events => {
                let mut pipeline = Pipeline::with_capacity(events.len());
                for event in events {
                    pipeline.add_command(call(event));
                }
                pipeline.query_async(self).await?
            }
        };
        Ok(answers.into_iter().map(answer).collect())
    }
}

fn call(event: &Event) -> Cmd {
    let Event { id, user } = event;
    let mut cmd = redis::cmd("FCALL");
    cmd.arg("record").arg(5);
    cmd.arg(format!("event:{id}")).arg(format!("user:{user}")).arg(format!("badges:{user}"));
    cmd.arg("board").arg("awards").arg(TYPE).arg(id).arg(user);
    cmd
}

fn answer(parts: Vec<String>) -> Answer {
    let mut parts = parts.into_iter();
    Answer { duplicate: parts.next().is_some_and(|duplicate| duplicate == "1"), earned: parts.next() }
}
