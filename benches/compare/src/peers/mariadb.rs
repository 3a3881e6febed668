//! MariaDB, with a procedure that does all in one call.

use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Error, OptsBuilder};
use rustix::process::Signal;

use super::process::{Directory, Process, free_port, is_root, run};
use super::{Answer, Connection, Event, Peer, TYPE};

const SCRIPT: &str = include_str!("../../peers/record.mariadb.sql");
/// What its statements end with.
const DELIMITER: &str = "\n//\n";
/// Most connections. A pool of threads serves them.
const CONNECTIONS_MAX: usize = 1100;
/// Two transactions wait for one another, and this one was given up: it is to be tried again.
const DEADLOCK: u16 = 1213;
/// Where the tables are.
pub(crate) const DATABASE: &str = "laurels";

/// A MariaDB server.
pub(crate) struct MariaDb {
    process: Process,
    port: u16,
}

/// When its log is synced.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Flush {
    /// Before a commit is answered, as Laurels.
    AtCommit,
    /// Once a second: with the system, what was answered in the last second may be lost.
    EverySecond,
}

impl MariaDb {
    pub(crate) async fn start(flush: Flush) -> anyhow::Result<MariaDb> {
        let (directory, port) = (Directory::new()?, free_port()?);
        let mut command = Command::new("mariadb-install-db");
        command.arg("--no-defaults").arg(format!("--datadir={}", directory.data().display()));
        command.args(["--auth-root-authentication-method=normal", "--skip-test-db"]).args(as_root());
        run(command).context("make a database")?;

        let mut command = Command::new("/usr/sbin/mariadbd");
        let flush = match flush {
            Flush::AtCommit => 1,
            Flush::EverySecond => 2,
        };
        command.arg("--no-defaults").arg(format!("--datadir={}", directory.data().display())).args(as_root());
        command.arg(format!("--socket={}", directory.path().join("socket").display()));
        // All that a commit promises stays. There is no copy to be kept, so no binary log; and rows are locked, not the gaps
        // between them.
        command.args([
            "--bind-address=127.0.0.1",
            &format!("--port={port}"),
            "--skip-name-resolve",
            "--back-log=2048",
            &format!("--max-connections={CONNECTIONS_MAX}"),
            "--thread-handling=pool-of-threads",
            &format!("--innodb-flush-log-at-trx-commit={flush}"),
            "--innodb-flush-method=O_DIRECT",
            "--innodb-buffer-pool-size=1G",
            "--innodb-log-file-size=512M",
            "--innodb-log-buffer-size=64M",
            "--transaction-isolation=READ-COMMITTED",
        ]);
        let mut process = Process::start(command, directory, Signal::KILL)?;
        let mut root = process.until_ready(async || connect(port, None).await).await?;
        root.query_drop(format!("CREATE DATABASE {DATABASE}")).await?;
        root.query_drop(format!("USE {DATABASE}")).await?;
        for statement in SCRIPT.split(DELIMITER).filter(|statement| !statement.trim().is_empty()) {
            root.query_drop(statement).await.with_context(|| format!("make the tables: {statement}"))?;
        }
        Ok(MariaDb { process, port })
    }
}

/// It refuses to be run by root unless it is told to.
fn as_root() -> &'static [&'static str] {
    if is_root() { &["--user=root"] } else { &[] }
}

impl MariaDb {
    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Peer for MariaDb {
    type Connection = Conn;

    async fn connect(&self) -> anyhow::Result<Conn> {
        connect(self.port, Some(DATABASE)).await.context("connect to MariaDB")
    }

    fn spent(&self) -> anyhow::Result<Duration> {
        self.process.spent()
    }
}

async fn connect(port: u16, database: Option<&str>) -> Result<Conn, Error> {
    let address = OptsBuilder::default().ip_or_hostname("127.0.0.1").tcp_port(port).user(Some("root"));
    // Over TCP as all others, not over the socket that it would find.
    Conn::new(address.db_name(database).prefer_socket(false)).await
}

impl Connection for Conn {
    async fn record(&mut self, events: &[Event]) -> anyhow::Result<Vec<Answer>> {
        let mut answers = Vec::with_capacity(events.len());
        for event in events {
            answers.push(call(self, event).await?);
        }
        Ok(answers)
    }
}

/// Prepared once a connection, which the driver sees to.
async fn call(connection: &mut Conn, Event { id, user }: &Event) -> anyhow::Result<Answer> {
    loop {
        let answer: Result<Option<(bool, Option<String>)>, Error> =
            connection.exec_first("CALL record(?, ?, ?)", (id, TYPE, user)).await;
        match answer {
            Ok(answer) => {
                let (duplicate, earned) = answer.context("the procedure answers a row")?;
                return Ok(Answer { duplicate, earned });
            }
            Err(Error::Server(error)) if error.code == DEADLOCK => {}
            Err(error) => return Err(error.into()),
        }
    }
}
