//! Who goes on when: every thread of the store and the service is a coroutine here, exactly one runs at a time,
//! and the seed says which one is next, at every operation of the disk and of the tree and at every wait.
//!
//! No real thread is started: a switch costs some ten nanoseconds, and nothing outside has a say in the order. A
//! mutex that is held across a switch and taken by another thread would hang all of them; so there is none in
//! [`Turns::turn`]'s callers where the product holds one that others take.

use std::fmt;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use generator::{Generator, Gn};
use laurels::threads::Schedule;

/// A stack has so many words; what is not used of it costs nothing.
const STACK_WORDS: usize = 1 << 19;
/// When so many threads in a row had nothing to do, for each thread there is, nobody will ever have.
const IDLE_MAX: usize = 200;

/// Why a thread gives its turn away.
enum Signal {
    /// It goes on when it is its turn again.
    GoesOn,
    /// It has nothing to do before another has done something.
    Waits,
    /// A promise was broken: everything stops here.
    Failed(String),
    /// It is over.
    Ended,
}

/// The order of turns, simulated time, and the trace of all that happened.
pub(crate) struct Turns(Mutex<State>);

struct State {
    dice: Rng,
    /// A thread loses its turn at one of so many operations.
    every: u32,
    elapsed: Duration,
    spawned: Vec<(String, Box<dyn FnOnce() + Send>)>,
    trace: u64,
    printed: bool,
    turns: u64,
    /// How many threads there are.
    alive: usize,
    /// Whether something was done since the last turn was given away.
    busy: bool,
}

impl fmt::Debug for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Turns")
    }
}

impl Turns {
    pub(crate) fn new(seed: u64, printed: bool) -> Turns {
        let mut dice = Rng::with_seed(seed ^ 0x7475_726e_7300);
        let every = [1, 2, 3, 8, 50][dice.usize(..5)];
        let (elapsed, spawned, trace, turns, alive, busy) = Default::default();
        Turns(Mutex::new(State { dice, every, elapsed, spawned, trace, printed, turns, alive, busy }))
    }

    /// Gives the turn away, or not, as the dice have it.
    pub(crate) fn turn(&self) {
        let goes = {
            let mut state = self.state();
            state.busy = true;
            let every = state.every;
            state.dice.u32(..every) == 0
        };
        if goes {
            give_away(Signal::GoesOn);
        }
    }

    /// Gives the turn away.
    pub(crate) fn pass(&self) {
        give_away(Signal::GoesOn);
    }

    /// Time passes.
    pub(crate) fn advance(&self, by: Duration) {
        self.state().elapsed += by;
    }

    /// Notes what happens. Equal seeds have equal traces.
    pub(crate) fn note(&self, what: &'static str, number: u64, detail: impl FnOnce() -> String) {
        let mut state = self.state();
        for byte in what.bytes() {
            state.trace = (state.trace ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        state.trace = (state.trace ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
        if state.printed {
            drop(state);
            println!("{what} {number} {}", detail());
        }
    }

    /// The hash of all that was noted.
    pub(crate) fn trace(&self) -> u64 {
        self.state().trace
    }

    /// How many threads there are now, with those that are about to begin.
    pub(crate) fn alive(&self) -> usize {
        let state = self.state();
        state.alive + state.spawned.len()
    }

    /// How many turns there were.
    pub(crate) fn count(&self) -> u64 {
        self.state().turns
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Schedule for Turns {
    fn spawn(&self, name: &str, body: Box<dyn FnOnce() + Send>) -> io::Result<()> {
        self.state().spawned.push((name.to_owned(), body));
        Ok(())
    }

    fn wait(&self) {
        give_away(Signal::Waits);
    }

    fn elapsed(&self) -> Duration {
        self.state().elapsed
    }
}

/// A promise was broken: tells which, and what was seen. Nothing runs any more after that, not even what would
/// clean up, so that nothing changes what was seen.
pub(crate) fn broken(promise: &str, seen: impl fmt::Display) -> ! {
    give_away(Signal::Failed(format!("{promise}: {seen}")));
    unreachable!("who has failed has no further turn")
}

#[expect(
    deprecated,
    reason = "who gives the turn away is deep in the product, which has no scope to hand down"
)]
fn give_away(signal: Signal) {
    generator::yield_with(signal);
}

struct Thread {
    name: String,
    body: Generator<'static, (), Signal>,
}

/// Runs `main`, and every thread that is started meanwhile, until all have ended. An error is a promise that was
/// broken.
pub(crate) fn run(turns: &Turns, main: impl FnOnce() + Send + 'static) -> Result<(), String> {
    let mut threads = vec![thread("main", Box::new(main))];
    let mut idle = 0;
    let mut last_waited = None;
    while !threads.is_empty() {
        let at = turns.next(threads.len(), last_waited.take());
        let signal = threads[at].body.resume();
        match signal {
            Some(Signal::GoesOn) => idle = 0,
            Some(Signal::Waits) => {
                // Who did something before it waits may be what another waits for.
                let was_busy = std::mem::take(&mut turns.state().busy);
                idle = if was_busy { 0 } else { idle + 1 };
                last_waited = Some(at);
                if idle > IDLE_MAX * threads.len() {
                    let names: Vec<_> = threads.iter().map(|thread| thread.name.clone()).collect();
                    threads.into_iter().for_each(std::mem::forget);
                    return Err(format!("nobody can go on: {names:?} wait for one another"));
                }
            }
            Some(Signal::Failed(why)) => {
                threads.into_iter().for_each(std::mem::forget);
                return Err(why);
            }
            Some(Signal::Ended) | None => {
                idle = 0;
                threads.swap_remove(at);
            }
        }
        let spawned = std::mem::take(&mut turns.state().spawned);
        threads.extend(spawned.into_iter().map(|(name, body)| thread(&name, body)));
    }
    Ok(())
}

impl Turns {
    /// Whose turn it is: not that of who waits and has just been asked, where there are others.
    fn next(&self, threads: usize, but: Option<usize>) -> usize {
        let mut state = self.state();
        state.turns += 1;
        state.alive = threads;
        match but.filter(|but| threads > 1 && *but < threads) {
            Some(but) => {
                let at = state.dice.usize(..threads - 1);
                at + usize::from(at >= but)
            }
            None => state.dice.usize(..threads),
        }
    }
}

fn thread(name: &str, body: Box<dyn FnOnce() + Send>) -> Thread {
    let body = Gn::new_opt(STACK_WORDS, move || {
        body();
        Signal::Ended
    });
    Thread { name: name.to_owned(), body }
}
