//! Clients: what they have sent, what they were answered, and what may therefore be kept.

use std::collections::HashMap;

use laurels::award::Place;
use laurels::outcome::Record;
use laurels::service::{Error, QUEUE_MAX_BYTES, Recorded};

use crate::history::History;
use crate::schedule::broken;
use crate::site::{Contents, Rules};

/// How much room an act takes, whatever it says.
const ACT_PIECES: usize = 4;

/// One event that a client wants to be recorded.
pub(crate) struct Sent {
    pub(crate) id: String,
    /// Its contents; more than one where a client takes an id twice.
    pub(crate) contents: Vec<Contents>,
    attempts: Vec<Attempt>,
    /// How often it was answered as the first of its id.
    firsts: u32,
}

struct Attempt {
    contents: usize,
    state: State,
    /// Whether the same was known to be kept when it was sent.
    again: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    InFlight,
    Kept,
    /// It was answered with an error: it is not there.
    Refused,
    /// No answer came, or one that leaves it open: it is there or not.
    Lost,
}

/// Which attempt at which event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Try {
    pub(crate) sent: usize,
    pub(crate) attempt: usize,
}

/// What the world is like while an answer comes.
pub(crate) struct Circumstances {
    /// Something has failed in this process.
    pub(crate) excused: bool,
    /// A failed commit could not be taken back for certain.
    pub(crate) uncertain: bool,
    /// The server was told to stop.
    pub(crate) stopping: bool,
}

/// All that was ever sent.
#[derive(Default)]
pub(crate) struct Clients {
    pub(crate) sent: Vec<Sent>,
    by_id: HashMap<String, usize>,
    pub(crate) in_flight: usize,
    in_flight_pieces: usize,
    pub(crate) answers: u64,
    pub(crate) refusals: u64,
    pub(crate) retries: u64,
}

impl Clients {
    /// A new event is sent.
    pub(crate) fn send(&mut self, contents: Contents) -> Try {
        let id = format!("e{}", self.sent.len());
        self.by_id.insert(id.clone(), self.sent.len());
        self.sent.push(Sent { id, contents: vec![contents], attempts: Vec::new(), firsts: 0 });
        self.attempt(self.sent.len() - 1, 0)
    }

    /// One is sent again.
    pub(crate) fn retry(&mut self, sent: usize) -> Try {
        self.retries += 1;
        self.attempt(sent, 0)
    }

    /// Its id is taken for something else.
    pub(crate) fn reuse(&mut self, sent: usize, contents: Contents) -> Try {
        let of = &mut self.sent[sent];
        let at = of.contents.iter().position(|known| *known == contents).unwrap_or_else(|| {
            of.contents.push(contents);
            of.contents.len() - 1
        });
        self.attempt(sent, at)
    }

    fn attempt(&mut self, sent: usize, contents: usize) -> Try {
        self.in_flight += 1;
        let of = &mut self.sent[sent];
        self.in_flight_pieces += pieces(&of.contents[contents]);
        let kept = |earlier: &Attempt| earlier.contents == contents && earlier.state == State::Kept;
        let again = of.attempts.iter().any(kept);
        of.attempts.push(Attempt { contents, state: State::InFlight, again });
        Try { sent, attempt: of.attempts.len() - 1 }
    }

    pub(crate) fn contents(&self, of: Try) -> (&str, &Contents) {
        let sent = &self.sent[of.sent];
        (&sent.id, &sent.contents[sent.attempts[of.attempt].contents])
    }

    fn settle(&mut self, of: Try, state: State) {
        self.in_flight -= 1;
        let sent = &mut self.sent[of.sent];
        let attempt = &mut sent.attempts[of.attempt];
        attempt.state = state;
        self.in_flight_pieces -= pieces(&sent.contents[attempt.contents]);
    }

    /// Nobody answers any more.
    pub(crate) fn lose_all(&mut self) {
        if self.in_flight == 0 {
            return;
        }
        for attempt in self.sent.iter_mut().flat_map(|sent| &mut sent.attempts) {
            if attempt.state == State::InFlight {
                attempt.state = State::Lost;
            }
        }
        (self.in_flight, self.in_flight_pieces) = (0, 0);
    }

    /// What is kept must have been sent, and not refused.
    pub(crate) fn check_kept(&self, record: &Record) {
        let id = record.event.id.as_str();
        // Nobody sends these; the model says when there may be one.
        if record.event.is_tick() {
            return;
        }
        let Some(sent) = self.by_id.get(id).map(|at| &self.sent[*at]) else {
            broken("what is kept was sent", format!("nobody has sent {id}"))
        };
        let may_be = |attempt: &&Attempt| {
            attempt.state != State::Refused && sent.contents[attempt.contents].is(&record.event)
        };
        if sent.attempts.iter().find(may_be).is_none() {
            let states: Vec<_> = sent.attempts.iter().map(|attempt| attempt.state).collect();
            broken(
                "what was refused is not kept, and what is kept is what was sent",
                format!(
                    "{:?} is {:?}, sent as {:?}, {states:?}",
                    record.sequence, record.event, sent.contents
                ),
            );
        }
    }

    /// An answer. What is kept is known up to what it speaks of.
    pub(crate) fn answered(
        &mut self,
        of: Try,
        result: Result<Recorded, Error>,
        history: &History,
        circumstances: &Circumstances,
    ) -> Option<Place> {
        self.answers += 1;
        match result {
            Ok(recorded) => {
                self.settle(of, State::Kept);
                self.check_recorded(of, &recorded, history);
                Some(recorded.place)
            }
            Err(error) => {
                self.refusals += 1;
                self.check_refusal(of, &error, circumstances);
                // An answer that is not about the disk is given before anything is written.
                let open =
                    circumstances.uncertain && matches!(error, Error::ReadOnly { .. } | Error::Internal(_));
                self.settle(of, if open { State::Lost } else { State::Refused });
                if let Some(at) = history.by_id.get(&self.sent[of.sent].id) {
                    self.check_kept(&history.records[*at]);
                }
                None
            }
        }
    }

    fn check_recorded(&mut self, of: Try, recorded: &Recorded, history: &History) {
        let (id, contents) = self.contents(of);
        let at = (recorded.place.sequence.0 as usize).checked_sub(1);
        let Some(record) = at.and_then(|at| history.records.get(at)) else {
            broken(
                "what was answered is kept",
                format!("{id} at {:?}, head {:?}", recorded.place, history.head()),
            )
        };
        if record.event.id.as_str() != id
            || recorded.event_id != record.event.id
            || !contents.is(&record.event)
        {
            broken(
                "the answer is about the event sent",
                format!("{id} ({contents:?}): {recorded:?}, {:?}", record.event),
            );
        }
        let same = recorded.awards == record.awards && recorded.revoked == record.revoked;
        if !same || recorded.place != Place::end_of(record.sequence) {
            let Record { awards, revoked, .. } = record;
            broken(
                "a retry is answered as the first time",
                format!("{recorded:?}, not {awards:?} and {revoked:?}"),
            );
        }
        let sent = &mut self.sent[of.sent];
        sent.firsts += u32::from(!recorded.duplicate);
        if sent.firsts > 1 {
            broken("a retried event counts once", format!("{} was twice answered as new", sent.id));
        }
    }

    fn check_refusal(&self, of: Try, error: &Error, circumstances: &Circumstances) {
        let (id, contents) = self.contents(of);
        let again = self.sent[of.sent].attempts[of.attempt].again;
        let allowed = match error {
            // The clock was set back, and what had happened is to come.
            Error::Invalid(wrong) if contents.act.is_none() => {
                contents.invalid || !again && wrong.iter().all(|one| one.in_future)
            }
            // Not all rules have all badges.
            Error::InvalidRequest(wrong) if let Some(act) = &contents.act => {
                let is_known = Rules::ALL.iter().all(|rules| rules.declare(act.badge));
                contents.invalid || !again && (!is_known || wrong.iter().all(|one| one.in_future))
            }
            Error::IdReused(_) => self.sent[of.sent].contents.len() > 1,
            // Who is refused holds no room, so the rest must fill it.
            Error::Overloaded { .. } => self.in_flight_pieces > QUEUE_MAX_BYTES / 1024,
            Error::ReadOnly { .. } | Error::Internal(_) => circumstances.excused,
            Error::ShuttingDown => circumstances.stopping,
            Error::CursorInvalid | Error::CursorForeign { .. } => false,
            Error::CursorExpired { .. } | Error::Refused(_) => false,
            Error::Invalid(_) | Error::InvalidRequest(_) => false,
        };
        if !allowed {
            broken("an event is refused for a reason", format!("{id} ({contents:?}): {error:?}"));
        }
    }
}

fn pieces(contents: &Contents) -> usize {
    if contents.act.is_some() {
        return ACT_PIECES;
    }
    contents.draft("").data_bytes() / 1024 + 1
}
