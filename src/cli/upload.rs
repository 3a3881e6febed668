//! Sends a file of events, many under way at once, and survives a lost connection.
//!
//! What was sent and not answered waits in `unanswered`, in order. When the connection is lost, all of it
//! is sent again over the next one: every event has an id, so it counts once.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use laurels_client::{Answer, Backoff, Client, ErrorReason, Event, Recorded};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tokio_stream::wrappers::ReceiverStream;

use super::error::{Error, describe};
use super::lines::Line;
use super::tally::Tally;

/// How many events are under way at once: as many as the server reads before it answers.
const UNDER_WAY_MAX: usize = 1024;

/// How the events are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// One stream.
    Stream,
    /// One stream, marked as the past.
    StreamOfThePast,
    /// A call an event, one after the other.
    OneByOne,
}

/// A file under way.
pub(super) struct Upload {
    client: Client,
    lines: mpsc::Receiver<io::Result<Line>>,
    manner: Manner,
    patience: Duration,
    tally: Tally,
    /// Sent, or to be sent again, in the order of the file.
    unanswered: VecDeque<Waiting>,
    /// The file was read to its end, or to where it cannot be read.
    all_read: bool,
    unreadable: Option<io::Error>,
    /// Since when nothing comes through.
    stuck_since: Option<Instant>,
    backoff: Backoff,
}

struct Waiting {
    line: u64,
    event: Event,
    sent_before: bool,
}

/// What is not the fault of one event: all that is not answered is sent again.
type Interruption = laurels_client::Error;

impl Upload {
    pub(super) fn new(
        client: Client,
        lines: mpsc::Receiver<io::Result<Line>>,
        manner: Manner,
        patience: Duration,
        tally: Tally,
    ) -> Upload {
        Upload {
            client,
            lines,
            manner,
            patience,
            tally,
            unanswered: VecDeque::new(),
            all_read: false,
            unreadable: None,
            stuck_since: None,
            backoff: Backoff::default(),
        }
    }

    /// Sends everything and says what became of it. Fails at the end if any line was refused.
    pub(super) async fn run(mut self) -> Result<ExitCode, Error> {
        let sent = self.send_all().await;
        self.tally.bar().finish_and_clear();
        writeln!(io::stdout(), "{}", self.tally.summary())?;
        sent?;
        if let Some(source) = self.unreadable {
            return Err(Error::io(format!("read {} to its end", self.tally.file()), source));
        }
        Ok(if self.tally.any_refused() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    async fn send_all(&mut self) -> Result<(), Error> {
        loop {
            let attempt = match self.manner {
                Manner::OneByOne => self.send_one_by_one().await,
                Manner::Stream | Manner::StreamOfThePast => self.send_stream().await,
            };
            match attempt {
                Ok(()) => return Ok(()),
                Err(interruption) => self.wait_after(interruption).await?,
            }
            for waiting in &mut self.unanswered {
                waiting.sent_before = true;
            }
        }
    }

    async fn send_stream(&mut self) -> Result<(), Interruption> {
        let (sender, receiver) = mpsc::channel(UNDER_WAY_MAX);
        let events = ReceiverStream::new(receiver);
        // The channel has room for all that may wait. Where it is closed, the answers say why.
        for waiting in &self.unanswered {
            let _ = sender.try_send(waiting.event.clone());
        }
        let mut answers = match self.manner {
            Manner::StreamOfThePast => self.client.record_history(events).await?,
            Manner::Stream | Manner::OneByOne => self.client.record_all(events).await?,
        };
        let mut sender = Some(sender).filter(|_| !self.all_read);
        loop {
            let may_read = sender.is_some() && self.unanswered.len() < UNDER_WAY_MAX;
            tokio::select! {
                answer = answers.next() => match answer {
                    Some(answer) => self.take(answer?)?,
                    None => break,
                },
                line = self.lines.recv(), if may_read => match self.accept(line) {
                    Some(event) => {
                        if let Some(sender) = &sender {
                            let _ = sender.try_send(event);
                        }
                    }
                    None if self.all_read => sender = None,
                    None => {}
                }
            }
        }
        match self.unanswered.is_empty() && self.all_read {
            true => Ok(()),
            false => Err(Interruption::lost("the server ended the stream")),
        }
    }

    async fn send_one_by_one(&mut self) -> Result<(), Interruption> {
        loop {
            let event = match self.unanswered.front() {
                Some(waiting) => Some(waiting.event.clone()),
                None => {
                    let line = self.lines.recv().await;
                    self.accept(line)
                }
            };
            match event {
                Some(event) => {
                    let result = self.client.record(event).await;
                    self.settle(result)?;
                }
                None if self.all_read => return Ok(()),
                None => {}
            }
        }
    }

    /// Takes a line as the next one to be answered, and gives its event to be sent. None for a line that
    /// cannot be read, and at the end.
    fn accept(&mut self, line: Option<io::Result<Line>>) -> Option<Event> {
        let line = match line {
            Some(Ok(line)) => line,
            Some(Err(error)) => {
                self.unreadable = Some(error);
                self.all_read = true;
                return None;
            }
            None => {
                self.all_read = true;
                return None;
            }
        };
        match line.event {
            Ok(event) => {
                let event = event.with_fresh_id_if_none();
                let waiting = Waiting { line: line.number, event: event.clone(), sent_before: false };
                self.unanswered.push_back(waiting);
                Some(event)
            }
            Err(problem) => {
                self.tally.refused(line.number, &problem);
                None
            }
        }
    }

    fn take(&mut self, answer: Answer) -> Result<(), Interruption> {
        self.settle(answer.result)
    }

    /// Answers come in the order of the events: this one is the first's.
    fn settle(&mut self, result: Result<Recorded, laurels_client::Error>) -> Result<(), Interruption> {
        let result = match result {
            Err(error) if interrupts(&error) => return Err(error),
            result => result,
        };
        self.stuck_since = None;
        self.backoff.reset();
        let Some(answered) = self.unanswered.pop_front() else { return Ok(()) };
        match result {
            Ok(recorded) => self.tally.recorded(&recorded, answered.sent_before),
            Err(error) => self.tally.refused(answered.line, &describe(&error)),
        }
        Ok(())
    }

    /// Waits before the next attempt, unless patience is over, or waiting is of no use.
    async fn wait_after(&mut self, interruption: Interruption) -> Result<(), Error> {
        let now = Instant::now();
        let first = self.stuck_since.is_none();
        let stuck_since = *self.stuck_since.get_or_insert(now);
        if !interruption.retryable() || now - stuck_since >= self.patience {
            let line = self.unanswered.front().map(|waiting| waiting.line);
            let from = line.map(|line| format!(" from line {line} on")).unwrap_or_default();
            let file = self.tally.file();
            return Err(Error::Usage(format!(
                "{}\n{file} was not recorded{from}; send it again: events that have an id count once",
                describe(&interruption)
            )));
        }
        if first {
            let seconds = self.patience.as_secs();
            self.tally.say(&format!("{}; trying again for {seconds} seconds", describe(&interruption)));
        }
        sleep(self.backoff.next_wait().max(interruption.retry_after().unwrap_or_default())).await;
        Ok(())
    }
}

/// Whether this is about the server, not about the event. A fault of the server's own may come again with
/// the same event for ever, so that event is refused and the next one goes on.
fn interrupts(error: &laurels_client::Error) -> bool {
    error.retryable() && error.reason() != Some(ErrorReason::Internal)
}
