//! `laurels try`: what an expression comes to for one event.

use std::collections::HashMap;
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use super::error::Error;
use super::event_line;
use super::settings::OfServer;
use crate::catalog::{Catalog, Files, Numbers, Source};
use crate::clock::Clock;
use crate::config::{Origin, Settled};
use crate::document::Document;
use crate::engine::{self, Came, InMemory};
use crate::event::{Draft, DraftData, Event, Map, Sequence, Time, Value};
use crate::key::Key;
use crate::store::{self, Past};

/// Most bytes of the file with the event. More is no event.
const FILE_MAX_BYTES: u64 = 256 * 1024;

/// Work out an expression for one event, as in a stat's `when`
#[derive(Debug, Args)]
pub(super) struct Try {
    /// The expression, such as 'event.data.score > 9 && posts >= 3'
    #[arg(value_name = "EXPR")]
    expression: String,
    /// A file with one event as a JSON object, as `laurels record --file` takes them; - is standard input
    #[arg(long, value_name = "FILE")]
    event: PathBuf,
    /// The badge files whose stats, flags and events the expression may name; left out: those that the
    /// server's settings name, if they name any
    #[arg(long, value_name = "DIR")]
    badges: Option<String>,
    /// A data directory: stats have the values they have there now; a server may be using it
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The parts of the key, as in a stat's `by`: user,day
    #[arg(long, value_name = "PARTS", value_delimiter = ',', default_value = "user")]
    by: Vec<String>,
    #[command(flatten)]
    server: OfServer,
}

impl Try {
    /// Shows the value and its type, or why there is none, or what is wrong with the expression.
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        let Try { expression, event, badges, data, by, server } = self;
        let settled = match server.settle([("badges", badges)])? {
            Ok(settled) => settled,
            Err(code) => return Ok(code),
        };
        let event = read_event(&event)?;
        let files = files(&settled)?;
        let (numbers, documents) = match &data {
            Some(_) if files.is_empty() => return Err(no_stats()),
            Some(data) => read_data(data)?,
            None => Default::default(),
        };
        let by: Vec<String> = by.into_iter().filter(|part| !part.is_empty()).collect();
        let compiled = Catalog::attempt(&files, &numbers, event.r#type.as_str(), &by, &expression);
        let (catalog, attempted) = match compiled {
            Ok(compiled) => compiled,
            Err(mistakes) => {
                let mut err = std::io::stderr().lock();
                let colour = err.is_terminal();
                for mistake in mistakes {
                    writeln!(err, "{}\n", mistake.excerpt(colour))?;
                }
                return Ok(ExitCode::FAILURE);
            }
        };
        let mut out = std::io::stdout().lock();
        match engine::attempt(&catalog, &attempted, &event, &InMemory(documents)) {
            Came::Nowhere => {
                let parts = by.join(", ");
                writeln!(
                    out,
                    "no value: the event has no key of {parts}, so that no stat kept so would hear it"
                )?;
                Ok(ExitCode::FAILURE)
            }
            Came::Values(values) => {
                let several = values.len() > 1;
                let all = values.iter().all(|(_, value)| value.is_ok());
                for (key, value) in values {
                    let at = if several { format!("{}: ", in_words(&key)) } else { String::new() };
                    match value {
                        Ok(value) => writeln!(out, "{at}{value}, {}", value.kind())?,
                        Err(why) => writeln!(out, "{at}no value: {why}")?,
                    }
                }
                Ok(if all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
            }
        }
    }
}

/// The badge files of the settings, where those name any: an expression is tried before there are rules for it, and a
/// folder of strict rules that happens to be here would refuse its event.
fn files(settled: &Settled) -> Result<Vec<Source>, Error> {
    let is_said = settled.taken.iter().any(|taken| taken.name == "badges" && taken.origin != Origin::Default);
    match is_said {
        true => Ok(Files::read_within(&settled.config.badges, (&settled.config.limits).into())?.sources),
        false => Ok(Vec::new()),
    }
}

fn no_stats() -> Error {
    Error::Usage(
        "--data is for the stats of badge files, and there are none; name their folder with --badges DIR"
            .to_owned(),
    )
}

fn read_event(path: &Path) -> Result<Event, Error> {
    let mut text = String::new();
    let failed = |source| Error::io(format!("read {}", path.display()), source);
    let source: Box<dyn Read> = match path == Path::new("-") {
        true => Box::new(std::io::stdin()),
        false => Box::new(std::fs::File::open(path).map_err(failed)?),
    };
    source.take(FILE_MAX_BYTES).read_to_string(&mut text).map_err(failed)?;
    parse_event(&text).map_err(|problem| Error::Usage(format!("{}: {problem}", path.display())))
}

fn parse_event(text: &str) -> Result<Event, String> {
    let line = event_line::parse(text)?;
    // That it is an object has been seen.
    let data =
        Map::from_json(text, usize::MAX).ok().and_then(|fields| fields.get("data").map(Value::to_string));
    let now = Clock::system().now();
    let draft = Draft {
        id: line.id,
        r#type: line.r#type,
        user: line.user,
        subject: line.subject,
        time: line.time.map(|time| (time.seconds, time.nanos)),
        data: data.map_or(DraftData::None, DraftData::Json),
    };
    // An event of the future may be tried too: what is tried is not recorded.
    let arrival = draft.time.and_then(|(seconds, nanos)| Time::from_unix(seconds, nanos)).unwrap_or(now);
    draft.parse(arrival).map_err(|wrong| {
        let said: Vec<_> = wrong.iter().map(|one| format!("{} {}", one.field, one.problem)).collect();
        said.join("; ")
    })
}

/// The numbers in use in a data directory, and all documents, made again from its journal.
fn read_data(directory: &Path) -> Result<(Numbers, HashMap<Key, Arc<Document>>), Error> {
    let mut numbers = Numbers::default();
    let mut documents: HashMap<Key, Arc<Document>> = HashMap::new();
    let first = store::history(directory, |past| match past {
        Past::Numbers(adopted) => numbers = adopted,
        Past::Event(record) => {
            for key in record.keys() {
                let document = documents.entry(key.clone()).or_default();
                record.apply_to(&key, Arc::make_mut(document));
            }
        }
    })?;
    if first > Sequence(1) {
        return Err(Error::Usage(format!(
            "the records before event {} of {} were reclaimed, so that what stats have there cannot be told from its \
             journal; try without --data",
            first.0,
            directory.display()
        )));
    }
    Ok((numbers, documents))
}

/// A key, for a person to read: `user ann, day 2026-01-31`.
fn in_words(key: &Key) -> String {
    let parts: Vec<_> = key.parts().map(|(name, value)| format!("{name} {value}")).collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_to_try_may_lie_anywhere_in_time_and_has_its_data() {
        let event =
            parse_event(r#"{"type":"a.b","user":"ann","time":"2126-01-31T12:00:00Z","data":{"x":1}}"#)
                .unwrap();
        assert_eq!(
            (event.time.to_string().as_str(), event.data.get("x")),
            ("2126-01-31T12:00:00Z", Some(&Value::Int(1)))
        );
        assert!(parse_event("{\"type\":\"A\",\"user\":\"ann\"}").unwrap_err().starts_with("type must be"));
        assert!(parse_event("[]").unwrap_err().contains("one JSON object"));
    }
}
