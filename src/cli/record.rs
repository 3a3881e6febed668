//! `laurels record`: one event, or a file of them.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use laurels_client::Event;

use super::error::Error;
use super::server::Server;
use super::tally::Tally;
use super::upload::{Manner, Upload};
use super::{event_line, lines, single};

/// Record one event, or a file of them
#[derive(Debug, Args)]
#[command(
    override_usage = "laurels record USER TYPE [key=value]... [OPTIONS]\n       laurels record --file EVENTS.jsonl[.gz] [OPTIONS]"
)]
pub(super) struct Record {
    /// Who did it
    #[arg(required_unless_present = "file")]
    user: Option<String>,
    /// What happened, such as photo.posted
    #[arg(required_unless_present = "file")]
    r#type: Option<String>,
    /// The event's data; what is JSON is taken as that, the rest as text
    #[arg(value_name = "key=value")]
    data: Vec<String>,
    /// The event's id: sent again under the same id, it counts once
    #[arg(long, conflicts_with = "file")]
    id: Option<String>,
    /// What it was done to
    #[arg(long, conflicts_with = "file")]
    subject: Option<String>,
    /// When it happened, such as 2026-01-31T12:00:00Z; left out: now
    #[arg(long, conflicts_with = "file")]
    time: Option<String>,
    /// A file with one event a line, as JSON; may be gzipped; "-" is standard input
    #[arg(long, value_name = "EVENTS.jsonl[.gz]", conflicts_with_all = ["user", "type", "data"])]
    file: Option<PathBuf>,
    /// The events are the past: each must have its time
    #[arg(long, requires = "file")]
    historical: bool,
    /// Send the events one by one, each in a call of its own
    #[arg(long, requires = "file", conflicts_with = "historical")]
    unary: bool,
    /// For how many seconds to try again when the server cannot take events
    #[arg(long, value_name = "SECONDS", default_value_t = 30, requires = "file")]
    patience: u64,
    #[command(flatten)]
    server: Server,
}

impl Record {
    /// Records what the command line says.
    pub(super) async fn run(self) -> Result<ExitCode, Error> {
        match &self.file {
            Some(file) => {
                let manner = match (self.unary, self.historical) {
                    (true, _) => Manner::OneByOne,
                    (false, true) => Manner::StreamOfThePast,
                    (false, false) => Manner::Stream,
                };
                let tally = Tally::new(file);
                let lines = lines::read(file, tally.bar())?;
                let client = self.server.lazily()?;
                let patience = Duration::from_secs(self.patience);
                Upload::new(client, lines, manner, patience, tally).run().await
            }
            None => {
                let event = self.event()?;
                single::record(&self.server.connect().await?, event).await
            }
        }
    }

    fn event(&self) -> Result<Event, Error> {
        let mut event =
            Event::new(self.r#type.as_deref().unwrap_or_default(), self.user.as_deref().unwrap_or_default());
        event.id = self.id.clone().unwrap_or_default();
        event.subject = self.subject.clone().unwrap_or_default();
        if let Some(time) = &self.time {
            event.time =
                Some(event_line::time(time).map_err(|problem| Error::Usage(format!("--{problem}")))?);
        }
        let data = single::data(&self.data)?;
        Ok(if data.is_empty() { event } else { event.with_data_json(data.to_string()) })
    }
}
