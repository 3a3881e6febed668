//! `laurels serve`: the server.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;

use super::check::compile;
use super::error::Error;
use super::folder::{self, WATCH};
use super::keys::{self, InUse};
use super::retain;
use super::secure;
use super::settings::{self, Settings};
use super::signals::{Hangups, Signals};
use crate::act::Note;
use crate::catalog::{Catalog, Gives, Rule, Season};
use crate::clock::Clock;
use crate::config::Config;
use crate::event::{Time, Value};
use crate::port::Port;
use crate::port::tls::Tls;
use crate::service::Service;
use crate::stat::{Kind, PartSource, Stat};
use crate::store::{Embedded, Store};
use crate::{server, telemetry, web};

/// Run the server
///
/// Each setting is an option; `-h` shows the usual ones. A file and the environment say them too: see `laurels config`.
#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    settings: Settings,
}

/// Who it was, for the audit log, where the signal came: any program of the same user may send it.
const SIGHUP: &str = "SIGHUP";

impl Serve {
    /// Serves until it is told to stop, and then until what was accepted is kept and answered.
    pub(super) async fn run(self) -> Result<ExitCode, Error> {
        let settled = match self.settings.settle()? {
            Ok(settled) => settled,
            Err(code) => return Ok(code),
        };
        let config = settled.config;
        telemetry::start(&config.log);
        for variable in settled.unknown_variables {
            tracing::warn!(
                variable,
                "is set in the environment, and is no setting; `laurels config default` prints all there are"
            );
        }
        // Before anything else, so that a signal in between ends nothing half-way.
        let mut signals = Signals::listen()?;
        let hangups = Hangups::listen()?;
        let clock = Clock::system();
        let tls = secure::tls(&config, clock.clone())?;
        let keys = InUse::read(keys::file(&config), (&config.limits).into(), clock.clone())?;
        secure::allow(&config, tls.as_ref(), !keys.access.is_open())?;
        // Before the store, which would be made in the wrong place.
        if !config.badges.is_dir() {
            return Err(no_badges(&config.badges));
        }
        let store = Embedded::open(&config.data, settings::store(&config))?;
        let as_read = folder::Look::at(&config.badges);
        let Some((catalog, numbers)) = compile(&config.badges, (&config.limits).into(), &store.numbers())?
        else {
            return Ok(ExitCode::FAILURE);
        };
        store.adopt(&numbers)?;
        let cannot =
            |source| Error::io(format!("listen on {}; name another with --listen", config.listen), source);
        let listener = TcpListener::bind(config.listen).await.map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        let catalog = Arc::new(catalog);
        let limits = (&config.limits).into();
        let service = Service::start_within(limits, Arc::new(store), catalog.clone(), clock);
        greet(&config, address, &catalog)?;
        if let Some(tls) = &tls {
            tokio::spawn(note_renewals(service.clone(), tls.clone()));
        }
        tokio::spawn(retain::keep_to(config.retain, service.clone()));
        service.comes_from(config.badges.clone(), (&config.limits).into());
        tokio::spawn(reload_when_told(service.clone(), tls.clone(), keys.clone(), hangups));
        tokio::spawn(keys.clone().read_when_changed(service.clone()));
        if config.watch {
            tokio::spawn(folder::reload_when_changed(service.clone(), config.badges.clone(), as_read));
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
        let port = Port::new(listener).limits((&config.limits).into());
        let port = match tls {
            None => port,
            Some(tls) => port.tls(tls),
        };
        let web = web::Options { sites: config.allow_origins.clone(), sizes: (&config.limits).into() };
        server::serve(port, web, service, keys.access, told)
            .await
            .map_err(|error| Error::Usage(error.to_string()))?;
        tracing::info!("stopped");
        Ok(ExitCode::SUCCESS)
    }
}

/// Says where it listens, on a line of its own, and what to try.
fn greet(config: &Config, address: SocketAddr, catalog: &Catalog) -> Result<(), Error> {
    let tls = config.tls.cert.is_some();
    let server = match address.to_string() == Config::default().listen.to_string() {
        // By the name that is in the certificate.
        _ if tls => format!(" --server https://NAME:{}", address.port()),
        true => String::new(),
        false => format!(" --server http://{address}"),
    };
    let grpcurl = match tls {
        true => format!("grpcurl NAME:{}", address.port()),
        false => format!("grpcurl -plaintext {address}"),
    };
    let badges = catalog.badges.iter().filter(|badge| !badge.retired).count();
    let (folder, data) = (config.badges.display(), config.data.display());
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
           {grpcurl} list"
    )?;
    out.flush()?;
    Ok(())
}

/// Reads the badge files, those for TLS and the keys again at every SIGHUP. Those in use go on where the new ones
/// cannot be used.
async fn reload_when_told(service: Service, tls: Option<Tls>, keys: InUse, mut hangups: Hangups) {
    loop {
        hangups.next().await;
        // What came of each stands in the log.
        if let Some(tls) = &tls
            && let Ok(ends) = tls.reload().await
        {
            note_certificate(&service, SIGHUP, ends).await;
        }
        keys.read_again(&service, SIGHUP).await;
        let _ = service.reload_folder(SIGHUP).await;
    }
}

/// Takes a new certificate into use when its files are others, for ever.
async fn note_renewals(service: Service, tls: Tls) {
    loop {
        let ends = tls.renewed().await;
        note_certificate(&service, WATCH, ends).await;
    }
}

async fn note_certificate(service: &Service, actor: &str, ends: Time) {
    service.note(Note::ReloadCertificate, actor, &format!("it is good until {ends}")).await;
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
