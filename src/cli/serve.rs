//! `laurels serve`: the server.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, value_parser};
use tokio::net::TcpListener;

use super::check::compile;
use super::error::Error;
use super::folder;
use super::keys::{InUse, Keys};
use super::retain::Retain;
use super::signals::{Hangups, Signals};
use crate::catalog::{Catalog, Gives, Rule, Season};
use crate::clock::Clock;
use crate::event::Value;
use crate::port::Port;
use crate::service::Service;
use crate::stat::{Kind, PartSource, Stat};
use crate::store::{self, Embedded, Options, Store};
use crate::{server, telemetry};

/// Where a server listens if nothing else is said: where commands look for it.
const LISTEN_DEFAULT: &str = "127.0.0.1:50051";

/// Run the server
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Where everything is kept; made if it is not there
    #[arg(long, value_name = "DIR", env = "LAURELS_DATA", default_value = "laurels-data")]
    data: PathBuf,
    /// The badge files
    #[arg(long, value_name = "DIR", env = "LAURELS_BADGES", default_value = "badges")]
    badges: PathBuf,
    /// The address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", env = "LAURELS_LISTEN", default_value = LISTEN_DEFAULT)]
    listen: SocketAddr,
    /// For how long records of events are kept at least: all, or a time such as 90d; badges and counts stay for ever
    #[arg(long, value_name = "TIME", env = "LAURELS_RETAIN", default_value = "all", value_parser = Retain::parse)]
    retain: Retain,
    /// How long a file of the journal grows before the next is begun
    #[arg(long, value_name = "BYTES", default_value_t = store::SEGMENT_BYTES,
          value_parser = value_parser!(u64).range(store::SEGMENT_BYTES_MIN..))]
    segment_bytes: u64,
    /// After how many bytes of journal everything is written behind: about what the next start reads again
    #[arg(long, value_name = "BYTES", default_value_t = store::CHECKPOINT_JOURNAL_BYTES,
          value_parser = value_parser!(u64).range(store::CHECKPOINT_JOURNAL_BYTES_MIN..))]
    checkpoint_bytes: u64,
    /// Take changed badge files into use as soon as they are written
    #[arg(long, overrides_with = "no_watch")]
    watch: bool,
    /// Take changed badge files into use only when told: by SIGHUP, or by `laurels reload`
    #[arg(long)]
    no_watch: bool,
    /// Memory for documents that were asked for lately; what is written behind takes a quarter as much
    #[arg(long, value_name = "BYTES", default_value_t = store::CACHE_BYTES,
          value_parser = value_parser!(u64).range(store::CACHE_BYTES_MIN..))]
    cache_bytes: u64,
    #[command(flatten)]
    keys: Keys,
}

impl Serve {
    /// Serves until it is told to stop, and then until what was accepted is kept and answered.
    pub(super) async fn run(self) -> Result<ExitCode, Error> {
        telemetry::start().map_err(Error::Usage)?;
        // Before anything else, so that a signal in between ends nothing half-way.
        let mut signals = Signals::listen()?;
        let hangups = Hangups::listen()?;
        // Before the store, which would be made in the wrong place.
        if !self.badges.is_dir() {
            return Err(no_badges(&self.badges));
        }
        let clock = Clock::system();
        let keys = InUse::read(self.keys.file(&self.data), clock.clone())?;
        let options = Options {
            segment_bytes: self.segment_bytes,
            checkpoint_journal_bytes: self.checkpoint_bytes,
            cache_bytes: self.cache_bytes,
            tree_cache_bytes: self.cache_bytes / store::TREE_CACHE_PART,
            ..Options::default()
        };
        let store = Embedded::open(&self.data, options)?;
        let as_read = folder::Look::at(&self.badges);
        let Some((catalog, numbers)) = compile(&self.badges, &store.numbers())? else {
            return Ok(ExitCode::FAILURE);
        };
        store.adopt(&numbers)?;
        let cannot =
            |source| Error::io(format!("listen on {}; name another with --listen", self.listen), source);
        let listener = TcpListener::bind(self.listen).await.map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        let catalog = Arc::new(catalog);
        let service = Service::start(Arc::new(store), catalog.clone(), clock);
        self.greet(address, &catalog)?;
        tokio::spawn(self.retain.keep_to(service.clone()));
        service.comes_from(self.badges.clone());
        tokio::spawn(reload_when_told(service.clone(), keys.clone(), hangups));
        tokio::spawn(keys.clone().read_when_changed());
        // To watch is the default, so that `--watch` only takes a `--no-watch` before it back.
        if self.watch || !self.no_watch {
            tokio::spawn(folder::reload_when_changed(service.clone(), self.badges.clone(), as_read));
        }

        let told = async move {
            signals.next().await;
            tracing::info!("stopping: what was accepted is kept and answered first");
            // A second signal would change nothing, and ends nothing half-way.
            tokio::spawn(async move {
                loop {
                    signals.next().await;
                    tracing::info!("stopping already");
                }
            });
        };
        let port = Port::new(listener);
        server::serve(port, service, keys.access, told)
            .await
            .map_err(|error| Error::Usage(error.to_string()))?;
        tracing::info!("stopped");
        Ok(ExitCode::SUCCESS)
    }

    /// Says where it listens, on a line of its own, and what to try.
    fn greet(&self, address: SocketAddr, catalog: &Catalog) -> Result<(), Error> {
        let server = match address.to_string() == LISTEN_DEFAULT {
            true => String::new(),
            false => format!(" --server http://{address}"),
        };
        let badges = catalog.badges.iter().filter(|badge| !badge.retired).count();
        let (folder, data) = (self.badges.display(), self.data.display());
        let example = first_step(catalog).unwrap_or("post.created");
        // As it was called, so that what is said works where it is said: `target/release/laurels`, most often.
        let program = std::env::args().next().unwrap_or_else(|| "laurels".to_owned());
        let mut out = std::io::stdout().lock();
        writeln!(
            out,
            "Laurels listens on {address}\n\
             {badges} badges from {folder}; everything is kept in {data}\n\
             \n\
             Try, in another terminal:\n  \
               {program} record ana {example}{server}\n  \
               {program} badges ana{server}\n  \
               {program} watch{server}\n  \
               grpcurl -plaintext {address} list"
        )?;
        out.flush()?;
        Ok(())
    }
}

/// Reads the badge files and the keys again at every SIGHUP. Those in use go on where the new ones cannot be used.
async fn reload_when_told(service: Service, keys: InUse, mut hangups: Hangups) {
    loop {
        hangups.next().await;
        keys.read_again().await;
        // What came of it stands in the log.
        let _ = service.reload_folder().await;
    }
}

/// An event that gives a badge the first time: one that the files' own tests send, and that a badge of
/// three lines hears.
fn first_step(catalog: &Catalog) -> Option<&str> {
    let gives_at_once = |rule: &Rule| match &rule.gives {
        Gives::Badges { tiers, season, repeat: None, .. } if *season == Season::default() => {
            tiers.first().is_some_and(|tier| tier.at == Value::Int(1))
        }
        Gives::Badges { .. } | Gives::Flag { .. } | Gives::Event { .. } => false,
    };
    let counts_all = |stat: &Stat| {
        stat.kind == Kind::Count
            && stat.when.is_none()
            && matches!(&stat.by[..], [part] if matches!(part.from, PartSource::User))
            && stat.looked_at_by.iter().any(|rule| gives_at_once(&catalog.rules[*rule]))
    };
    let mut types = catalog.trials.iter().flat_map(|trial| &trial.events).map(|event| event.r#type.as_str());
    types.find(|name| catalog.hears(name).any(|stat| counts_all(&catalog.stats[stat])))
}

fn no_badges(folder: &Path) -> Error {
    Error::Usage(format!(
        "there is no folder {}; run this where your badge files are, or name their folder with --badges DIR. A file \
         of three lines is enough to begin with:\n\n  \
         [badge.first-photo]\n  title = \"First light\"\n  on    = \"photo.posted\"",
        folder.display()
    ))
}
