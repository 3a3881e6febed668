//! PostgreSQL, with a function that does all in one statement.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use rustix::process::Signal;
use tokio_postgres::{Client, NoTls, Statement};

use super::process::{Directory, Process, free_port, is_root, run, unprivileged};
use super::{Answer, Connection, Event, Peer, TYPE};

const SCRIPT: &str = include_str!("../../peers/record.pgsql.sql");
/// Where Debian has the programs, which are not in the path.
const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";
/// Most connections, each a process of the server.
const CONNECTIONS_MAX: usize = 1100;

/// A PostgreSQL server.
pub(crate) struct Postgres {
    process: Process,
    port: u16,
}

impl Postgres {
    /// `synchronous`: whether a commit is on the disk before it is answered, as with Laurels.
    pub(crate) async fn start(synchronous: bool) -> anyhow::Result<Postgres> {
        let (directory, port) = (Directory::new()?, free_port()?);
        if is_root() {
            directory.give_away()?;
        }
        let mut command = unprivileged(program("initdb")?);
        command.args(["--username=laurels", "--auth=trust", "--encoding=UTF8", "--locale=C", "--pgdata"]);
        command.arg(directory.data()).current_dir(directory.path());
        run(command).context("make a database")?;

        let mut command = unprivileged(program("postgres")?);
        command.arg("-D").arg(directory.data()).args(["-p", &port.to_string()]);
        let commit = if synchronous { "on" } else { "off" };
        // All that a commit promises stays. Checkpoints come as seldom, and are spread as widely, as one would have it who
        // has the disk for it.
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            &format!("max_connections={CONNECTIONS_MAX}"),
            &format!("synchronous_commit={commit}"),
            "shared_buffers=1GB",
            "wal_buffers=64MB",
            "wal_compression=lz4",
            "max_wal_size=8GB",
            "checkpoint_timeout=15min",
            "jit=off",
        ] {
            command.args(["-c", setting]);
        }
        // At SIGQUIT all of its processes are gone at once.
        let mut process = Process::start(command, directory, Signal::QUIT)?;
        let client = process.until_ready(async || connect(port).await).await?;
        client.batch_execute(SCRIPT).await.context("make the tables")?;
        Ok(Postgres { process, port })
    }
}

fn program(name: &str) -> anyhow::Result<PathBuf> {
    let program = PathBuf::from(PROGRAMS).join(name);
    match program.exists() {
        true => Ok(program),
        false => bail!("there is no {}; install the Debian package postgresql-15", program.display()),
    }
}

/// A connection, and the one statement that it prepared.
pub(crate) struct Prepared {
    client: Client,
    record: Statement,
}

impl Peer for Postgres {
    type Connection = Prepared;

    async fn connect(&self) -> anyhow::Result<Prepared> {
        let client = connect(self.port).await.context("connect to PostgreSQL")?;
        let record = client.prepare("SELECT duplicate, earned FROM record($1, $2, $3)").await?;
        Ok(Prepared { client, record })
    }

    fn spent(&self) -> anyhow::Result<Duration> {
        self.process.spent()
    }
}

async fn connect(port: u16) -> Result<Client, tokio_postgres::Error> {
    let address = format!("host=127.0.0.1 port={port} user=laurels dbname=postgres");
    let (client, connection) = tokio_postgres::connect(&address, NoTls).await?;
    // Ends with the client; what it ends with, the client's calls end with as well.
    tokio::spawn(connection);
    Ok(client)
}

impl Connection for Prepared {
    async fn record(&mut self, events: &[Event]) -> anyhow::Result<Vec<Answer>> {
        let mut answers = Vec::with_capacity(events.len());
        for Event { id, user } in events {
            let row = self.client.query_one(&self.record, &[id, &TYPE, user]).await?;
            answers.push(Answer { duplicate: row.get(0), earned: row.get(1) });
        }
        Ok(answers)
    }
}
