//! Where an attack takes place: its seed, its folder, its runtime; and one site with the server that is struck.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use fastrand::Rng;
use laurels_client::Client;
use tempfile::TempDir;
use tokio::runtime::{Handle, Runtime};
use tokio::signal::unix::{SignalKind, signal};

use crate::door::Door;
use crate::failure::{Failure, Result};
use crate::server::{Opening, Server, Setup, Sizes};
use crate::site::Site;

/// The last event is tried for so long.
const LAST_EVENT_MAX: Duration = Duration::from_secs(60);

/// What every attack has.
pub(crate) struct Arena {
    runtime: Runtime,
    /// The server that is attacked.
    pub(crate) program: PathBuf,
    pub(crate) seed: u64,
    /// None when it was kept.
    directory: RefCell<Option<TempDir>>,
    path: PathBuf,
    interrupted: Arc<AtomicBool>,
}

impl Arena {
    /// An arena in a new folder within this one.
    pub(crate) fn new(program: PathBuf, seed: u64, within: &Path) -> Result<Arena> {
        let failed = |error| Failure::of_attack("begin", error);
        let directory =
            tempfile::Builder::new().prefix("laurels-attack-").tempdir_in(within).map_err(failed)?;
        let runtime = Runtime::new().map_err(failed)?;
        let interrupted = Arc::new(AtomicBool::new(false));
        for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
            let interrupted = interrupted.clone();
            let _within = runtime.enter();
            let mut signals = signal(kind).map_err(failed)?;
            runtime.spawn(async move {
                while signals.recv().await.is_some() {
                    interrupted.store(true, Ordering::SeqCst);
                }
            });
        }
        let path = directory.path().to_owned();
        Ok(Arena { runtime, program, seed, directory: RefCell::new(Some(directory)), path, interrupted })
    }

    pub(crate) fn runtime(&self) -> &Handle {
        self.runtime.handle()
    }

    /// The folder of this attack, which goes when it ends well.
    pub(crate) fn directory(&self) -> &Path {
        &self.path
    }

    /// Leaves the folder where it is. Says where.
    pub(crate) fn keep(&self) -> PathBuf {
        if let Some(directory) = self.directory.borrow_mut().take() {
            let _ = directory.keep();
        }
        self.path.clone()
    }

    /// Random numbers from the seed.
    pub(crate) fn rng(&self) -> Rng {
        Rng::with_seed(self.seed)
    }

    /// Fails when somebody wants this to end.
    pub(crate) fn go_on(&self) -> Result<()> {
        match self.interrupted.load(Ordering::SeqCst) {
            true => Err(Failure::of_attack("go on", "it was told to stop")),
            false => Ok(()),
        }
    }
}

/// A site with one server, whose clients come through a door.
pub(crate) struct Rig {
    pub(crate) site: Site,
    pub(crate) setup: Setup,
    pub(crate) data: PathBuf,
    pub(crate) door: Door,
    /// How long an opening takes.
    pub(crate) opened_in: Duration,
    server: Option<Server>,
}

impl Rig {
    /// A site in this folder, with no server yet.
    pub(crate) fn new(arena: &Arena, directory: &Path, site: Site, sizes: Sizes) -> Result<Rig> {
        let badges = directory.join("badges");
        site.write_rules(&badges)?;
        let (program, logs) = (arena.program.clone(), directory.to_owned());
        let setup = Setup { program, badges, logs, sizes };
        let (data, door) = (directory.join("data"), Door::open(arena.runtime())?);
        Ok(Rig { site, setup, data, door, opened_in: Duration::from_millis(50), server: None })
    }

    /// Where clients find it.
    pub(crate) fn url(&self) -> String {
        self.door.url()
    }

    pub(crate) fn runs(&self) -> bool {
        self.server.is_some()
    }

    /// Has a server run, one that is there or a new one.
    pub(crate) fn running(&mut self) -> Result<&Server> {
        if self.server.is_none() {
            self.start()?;
        }
        Ok(self.server.as_ref().expect("it was started"))
    }

    /// Starts a server and lets clients to it.
    pub(crate) fn start(&mut self) -> Result<()> {
        let server = self.setup.start(&self.data)?;
        self.opened_in = server.opened_in;
        self.door.lead_to(Some(server.address));
        self.server = Some(server);
        Ok(())
    }

    /// Starts a server without waiting for it.
    pub(crate) fn launch(&self) -> Result<Opening> {
        self.setup.launch(&self.data)
    }

    /// Kills the server, where one runs.
    pub(crate) fn kill(&mut self) -> Result<()> {
        let killed = self.server.take().map_or(Ok(()), Server::kill);
        self.door.lead_to(None);
        killed
    }

    /// Stops the server, where one runs.
    pub(crate) fn stop(&mut self) -> Result<()> {
        let stopped = self.server.take().map_or(Ok(()), Server::stop);
        self.door.lead_to(None);
        stopped
    }

    /// Records the event after which nothing more comes.
    pub(crate) fn record_the_last(&self, runtime: &Handle) -> Result<()> {
        let until = Instant::now() + LAST_EVENT_MAX;
        runtime.block_on(async {
            let client =
                Client::lazy(self.url()).map_err(|error| Failure::of_attack("make a client", error))?;
            loop {
                match client.record(self.site.last_event()).await {
                    Ok(_) => return Ok(()),
                    Err(error) if Instant::now() > until => {
                        return Err(Failure::new("a server that nobody disturbs records", error.to_string()));
                    }
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            }
        })
    }
}
