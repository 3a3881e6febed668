//! `laurels audit`: what was done by hand and to the server, by whom, why and when.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use laurels_client::AuditEvent;
use serde::Serialize;

use super::award_line::time;
use super::error::Error;
use super::server::Server;

/// Show what was done by hand and to the server, newest first: who, what, why and when
#[derive(Debug, Args)]
pub(super) struct Audit {
    /// At most so many
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

impl Audit {
    /// Asks the server and prints what it says.
    pub(super) async fn run(self) -> Result<ExitCode, Error> {
        let events = self.server.connect().await?.audit_events(self.limit).await?;
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        for event in &events {
            writeln!(out, "{}", if self.json { json(event) } else { readable(event) })?;
        }
        if events.is_empty() && !self.json {
            writeln!(out, "nothing was done by hand or to the server yet")?;
        }
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}

/// `2026-01-31T12:00:00Z  local  award ann met-us: our stand`
fn readable(event: &AuditEvent) -> String {
    let AuditEvent { actor, action, user, badge, key, reason, details, .. } = event;
    let words = [action, user, badge, key].map(String::as_str);
    let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let nothing = if event.changed { "" } else { " (changed nothing)" };
    let says = if reason.is_empty() { details } else { reason }.replace('\n', " ");
    format!("{}  {actor}  {}{nothing}: {says}", time(event.record_time), words.join(" "))
}

#[derive(Serialize)]
struct Line<'a> {
    number: i64,
    record_time: String,
    actor: &'a str,
    action: &'a str,
    user: &'a str,
    badge: &'a str,
    key: &'a str,
    time: String,
    reason: &'a str,
    id: &'a str,
    changed: bool,
    details: &'a str,
}

fn json(event: &AuditEvent) -> String {
    let AuditEvent { number, id, actor, action, user, badge, key, reason, changed, details, .. } = event;
    let (record_time, time) = (time(event.record_time), time(event.time));
    let (number, changed) = (*number, *changed);
    let line =
        Line { number, record_time, actor, action, user, badge, key, time, reason, id, changed, details };
    serde_json::to_string(&line).expect("texts and numbers can always be written as JSON")
}
