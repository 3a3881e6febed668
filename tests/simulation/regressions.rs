//! Bugs that the simulation found and that need its disk to be shown again, each by the shortest way to it.

use std::sync::Arc;

use laurels::catalog::Numbers;
use laurels::document::{Change, Document};
use laurels::event::{Draft, Sequence, Time, UserId};
use laurels::key::Key;
use laurels::outcome::{Outcome, Record};
use laurels::stat::{Slot, Step};
use laurels::store::{Embedded, Error, Identity, Options, Store};
use laurels::threads::Threads;

use crate::faults::Faults;
use crate::platter::{Death, Platter};
use crate::process::directory;
use crate::schedule::{self, Turns, broken};
use crate::site::Rules;
use crate::tree::SimulatedTrees;

/// Each is tried with so many dice.
const SEEDS: u64 = 40;

/// Shows that they are fixed, or says which is not.
pub(crate) fn all() -> Result<(), String> {
    for seed in 0..SEEDS {
        run(seed, what_a_failed_sync_left_in_memory_is_not_built_upon)?;
        run(seed, a_document_of_events_that_the_journal_has_lost_is_not_believed)?;
        run(seed, a_header_that_a_failed_sync_left_in_memory_is_not_built_upon)?;
        run(seed, a_cut_that_a_failed_sync_left_in_memory_is_not_built_upon)?;
    }
    Ok(())
}

/// A sync of the journal failed, and so did what was to take the commit back. The server was started again, read the
/// commit from the system's memory, synced, which does nothing to what the system thinks clean, and went on. The
/// power was cut, and what had been read was gone.
fn what_a_failed_sync_left_in_memory_is_not_built_upon(machine: &Machine) {
    let store = machine.open().unwrap_or_else(|error| broken("a store is made", error));
    keep(&*store, Rules::A).unwrap_or_else(|error| broken("numbers are kept", error));
    machine.fail(&["sync", "truncate"]);
    let failed = keep(&*store, Rules::B).is_err();
    machine.ends(store, Death::Kill);
    machine.fail(&[]);
    let store = machine.open().unwrap_or_else(|error| broken("a store is opened again", error));
    let seen = store.numbers();
    machine.ends(store, Death::PowerCut);
    let store = machine.open().unwrap_or_else(|error| broken("a store is opened after a power cut", error));
    if !failed || store.numbers() != seen {
        broken("what was seen is never unseen", "numbers that were in use are gone");
    }
    machine.ends(store, Death::Kill);
}

/// The same with the header of a segment that was just begun: all that was kept in it later was lost with it.
fn a_header_that_a_failed_sync_left_in_memory_is_not_built_upon(machine: &Machine) {
    machine.fail(&["sync"]);
    drop(machine.open());
    machine.platter.die(Death::Kill);
    machine.fail(&[]);
    let store = machine.open().unwrap_or_else(|error| broken("a store is opened again", error));
    keep(&*store, Rules::A).unwrap_or_else(|error| broken("numbers are kept", error));
    machine.ends(store, Death::PowerCut);
    match machine.open() {
        Ok(store) => machine.ends(store, Death::Kill),
        Err(error) => broken("a store can be opened after whatever happened to it", error),
    }
}

/// A sync of the journal failed; the commit was cut off again, and the sync of that failed too: on the disk it was
/// still there. The next server saw the cut in the system's memory and began the next segment. After a power cut
/// there was something behind the last frame of a segment that had been whole, and the store was refused.
fn a_cut_that_a_failed_sync_left_in_memory_is_not_built_upon(machine: &Machine) {
    let store = machine.open().unwrap_or_else(|error| broken("a store is made", error));
    store.commit(&[visit(&*store)]).unwrap_or_else(|error| broken("an event is kept", error));
    machine.fail(&["sync"]);
    let failed = store.commit(&[visit(&*store)]).is_err();
    machine.ends(store, Death::Kill);
    machine.fail(&[]);
    let small = |options| Options { segment_bytes: 1, ..options };
    let store = machine.open_with(small).unwrap_or_else(|error| broken("a store is opened again", error));
    store.commit(&[visit(&*store)]).unwrap_or_else(|error| broken("an event is kept", error));
    machine.ends(store, Death::PowerCut);
    let store = machine
        .open()
        .unwrap_or_else(|error| broken("a store can be opened after whatever happened to it", error));
    if !failed || store.head() != Sequence(2) {
        broken("what was answered is kept", format!("the head is {:?}", store.head()));
    }
    machine.ends(store, Death::Kill);
}

/// A disk did not sync the journal, and the server died while it wrote documents behind: those were there, and the
/// sums that say how far they go were not. After a power cut the journal ended earlier, nothing said so, and the
/// documents told of events that were not there.
fn a_document_of_events_that_the_journal_has_lost_is_not_believed(machine: &Machine) {
    let store = machine.open().unwrap_or_else(|error| broken("a store is made", error));
    store.commit(&[visit(&*store)]).unwrap_or_else(|error| broken("an event is kept", error));
    machine.platter.state().faults.lies = Some(".log");
    store.commit(&[visit(&*store)]).unwrap_or_else(|error| broken("an event is kept", error));
    machine.platter.dies_after(1 + machine.seed % 6, Death::PowerCut);
    drop(store.checkpoint());
    machine.ends(store, Death::PowerCut);
    machine.fail(&[]);
    let Ok(store) = machine.open() else { return };
    let head = store.head();
    match store.load(&[Key::user(&ann())]) {
        Ok(documents) if documents[0].sequence > head => {
            broken("a document is what its events made of it", format!("{:?}, head {head:?}", documents[0]))
        }
        Ok(_) | Err(Error::Damaged { .. }) => {}
        Err(error) => broken("damage is told from other errors", error),
    }
    machine.ends(store, Death::Kill);
}

fn ann() -> UserId {
    UserId::parse("ann").expect("a name")
}

/// An event that counts something for a user, decided by hand.
fn visit(store: &dyn Store) -> Outcome {
    let sequence = store.head().next();
    let time = Time::parse("2026-01-01T00:00:00Z").expect("a time");
    let draft = Draft {
        id: format!("e{}", sequence.0),
        r#type: "visit".to_owned(),
        user: "ann".to_owned(),
        ..Draft::default()
    };
    let event = draft.parse(time).expect("a good event");
    let key = Key::user(&ann());
    let changes = vec![(key.clone(), vec![Change { slot: Slot(0), step: Step::Count }])];
    let (historical, awards, newcomers) = (false, Vec::new(), u32::from(sequence.0 == 1));
    let revoked = Vec::new();
    let record = Record { sequence, arrival: time, historical, event, changes, awards, newcomers, revoked };
    let mut document = store.at_hand(&key).map_or_else(Document::default, |known| Document::clone(&known));
    record.apply_to(&key, &mut document);
    Outcome { record, documents: vec![(key, Arc::new(document))], left_out: 0 }
}

fn keep(store: &dyn Store, rules: Rules) -> Result<Numbers, Error> {
    let (_, numbers) = rules.compile(&store.numbers());
    store.adopt(&numbers)?;
    Ok(numbers)
}

/// A machine on which one server runs after the other.
struct Machine {
    seed: u64,
    turns: Arc<Turns>,
    platter: Platter,
}

fn run(seed: u64, scenario: fn(&Machine)) -> Result<(), String> {
    let turns = Arc::new(Turns::new(seed, false));
    let machine = Machine { seed, turns: turns.clone(), platter: Platter::new(seed, turns.clone()) };
    schedule::run(&turns, move || scenario(&machine)).map_err(|why| format!("regression, dice {seed}: {why}"))
}

impl Machine {
    fn open(&self) -> Result<Arc<Embedded>, Error> {
        self.open_with(|options| options)
    }

    fn open_with(&self, change: impl FnOnce(Options) -> Options) -> Result<Arc<Embedded>, Error> {
        let disk = self.platter.boot();
        let options = Options {
            trees: Arc::new(SimulatedTrees(disk.clone())),
            disk: Arc::new(disk),
            threads: Threads::scheduled(self.turns.clone()),
            new_identity: Identity(self.seed),
            hash_seed: self.seed,
            checkpoint_on_close: false,
            ..Options::default()
        };
        Ok(Arc::new(Embedded::open(directory(), change(options))?))
    }

    /// These operations fail from now on.
    fn fail(&self, kinds: &[&'static str]) {
        let errors = kinds.iter().map(|kind| (*kind, 10_000)).collect();
        self.platter.state().faults = Faults { errors, only: ".log", ..Faults::default() };
    }

    fn ends(&self, store: Arc<Embedded>, death: Death) {
        self.platter.die(death);
        drop(store);
    }
}
