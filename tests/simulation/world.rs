//! The simulation: a site, its clients, and a server that is started, disturbed, killed and started again, until
//! enough has happened. All of it follows from one seed.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use laurels::award::{News, Place};
use laurels::catalog::Catalog;
use laurels::clock::Clock;
use laurels::event::{Sequence, Time, UserId};
use laurels::store::{Embedded, Identity, Options, Store};
use laurels::threads::Threads;

use crate::clients::Clients;
use crate::faults::{Faults, PLENTY};
use crate::finale;
use crate::history::History;
use crate::listeners::Listener;
use crate::platter::{Death, Platter};
use crate::process::{Process, directory, learn};
use crate::report::{Report, Setup};
use crate::sabotage::Sabotage;
use crate::schedule::{self, Turns, broken};
use crate::site::{Compiler, Contents, Rules, Size};
use crate::tree::SimulatedTrees;

/// All but the server.
pub(crate) struct World {
    pub(crate) setup: Setup,
    pub(crate) dice: Rng,
    pub(crate) turns: Arc<Turns>,
    pub(crate) platter: Platter,
    pub(crate) clock: Clock,
    wall: Time,
    pub(crate) size: Size,
    pub(crate) compiler: Rc<RefCell<Compiler>>,
    pub(crate) history: History,
    pub(crate) clients: Clients,
    pub(crate) listeners: Vec<Listener>,
    /// The rules in use.
    pub(crate) rules: Rules,
    /// Those that a process was taking into use when it ended.
    pub(crate) switch: Option<(Sequence, Rules)>,
    /// The greatest place that anybody has seen.
    pub(crate) seen: Place,
    pub(crate) faults_before: u64,
    pub(crate) events: u64,
    pub(crate) reloads: u64,
    pub(crate) failed_reloads: u64,
    pub(crate) quiet_points: u64,
    report: Arc<Mutex<Report>>,
    options: Sizes,
}

/// The sizes of a small store.
#[derive(Clone, Copy)]
struct Sizes {
    segment: u64,
    cache: u64,
    checkpoint_journal: u64,
    checkpoint_dirty: u64,
    dirty_max: u64,
    asked_every: Duration,
    on_close: bool,
}

/// Simulates one seed.
pub(crate) fn simulate(setup: Setup) -> Report {
    // What a failure leaves lying on a thread must not be in the way of the next seed.
    let thread = std::thread::spawn(move || simulate_here(setup));
    thread.join().unwrap_or_else(|panic| {
        let text =
            panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        let failure = Some(format!("the simulation itself panicked: {}", text.unwrap_or_default()));
        Report { seeds: 1, failure, ..Report::default() }
    })
}

fn simulate_here(setup: Setup) -> Report {
    let turns = Arc::new(Turns::new(setup.seed, setup.printed));
    let platter = Platter::new(setup.seed, turns.clone());
    let report = Arc::new(Mutex::new(Report::default()));
    let main = {
        let (turns, platter, report) = (turns.clone(), platter.clone(), report.clone());
        move || {
            let runtime = tokio::runtime::Builder::new_current_thread();
            let runtime =
                { runtime }.enable_time().start_paused(true).build().expect("a runtime without I/O");
            let world = World::new(setup, turns, platter, report);
            runtime.block_on(tokio::task::unconstrained(world.run()));
        }
    };
    let failure = schedule::run(&turns, main).err();
    let mut report = report.lock().expect("nobody panics with it").clone();
    report.seeds = 1;
    report.failure = failure;
    report.turns = turns.count();
    report.trace = turns.trace();
    report.happened = platter.state().happened.clone();
    report
}

impl World {
    fn new(setup: Setup, turns: Arc<Turns>, platter: Platter, report: Arc<Mutex<Report>>) -> World {
        let mut dice = Rng::with_seed(setup.seed);
        let wall = Time::parse("2026-01-01T12:00:00Z").expect("a time");
        let size = Size { users: [2, 5, 20, 60][dice.usize(..4)], photos: [1, 6, 40][dice.usize(..3)] };
        let pick = |dice: &mut Rng, of: &[u64]| of[dice.usize(..of.len())];
        let options = Sizes {
            segment: pick(&mut dice, &[600, 2_000, 8_000, 60_000]),
            cache: pick(&mut dice, &[1, 3_000, 30_000, 1 << 20]),
            checkpoint_journal: pick(&mut dice, &[1_500, 10_000, 60_000]),
            checkpoint_dirty: pick(&mut dice, &[3_000, 30_000, 200_000]),
            dirty_max: pick(&mut dice, &[10_000, 60_000, 1 << 20]),
            asked_every: Duration::from_millis(pick(&mut dice, &[0, 3, 500])),
            on_close: dice.u8(..4) > 0,
        };
        let user = |user: usize| UserId::parse(&format!("u{user}")).expect("the site's users have names");
        let listener = |users: Vec<UserId>, badge| Listener {
            users,
            badge,
            reached: None,
            cursor: None,
            slow: false,
            told: 0,
        };
        // What they ask for all rules have: else it would be known to some streams only, by when they began.
        let listeners = vec![
            listener(Vec::new(), None),
            listener(vec![user(0)], None),
            listener(vec![user(0), user(1)], None),
            listener(Vec::new(), Some("pioneer")),
            listener(vec![user(1)], Some("photographer-2")),
            listener(Vec::new(), Some("lively")),
            listener(vec![user(0)], Some("gallery")),
        ];
        let rules = Rules::ALL[dice.usize(..Rules::ALL.len())];
        World {
            setup,
            dice,
            turns,
            platter,
            clock: Clock::fixed(wall),
            wall,
            size,
            compiler: Rc::default(),
            history: History::default(),
            clients: Clients::default(),
            listeners,
            rules,
            switch: None,
            seen: Place::START,
            faults_before: 0,
            events: 0,
            reloads: 0,
            failed_reloads: 0,
            quiet_points: 0,
            report,
            options,
        }
    }

    async fn run(mut self) {
        while self.events < self.setup.events {
            self.process().await;
            self.write_report();
        }
        finale::run(&mut self).await;
        self.write_report();
    }

    pub(crate) fn count(&self, count: impl FnOnce(&mut Report)) {
        count(&mut self.report.lock().expect("nobody panics with it"));
    }

    fn write_report(&self) {
        self.count(|report| {
            report.events = self.events;
            report.kept = self.history.head().0;
            report.ticks = self.history.ticks;
            let given = self.history.news.iter().filter(|news| matches!(news, News::Award(_)));
            report.awards = given.count() as u64;
            report.taken_back = self.history.news.len() as u64 - report.awards;
            report.told = self.listeners.iter().map(|listener| listener.told).sum();
            (report.answers, report.refusals) = (self.clients.answers, self.clients.refusals);
            report.retries = self.clients.retries;
            report.checks = self.history.checks + self.clients.answers;
            (report.reloads, report.failed_reloads) = (self.reloads, self.failed_reloads);
            report.quiet_points = self.quiet_points;
            (report.acts, report.overruled) = self.history.acts();
        });
    }

    /// One life of the server.
    async fn process(&mut self) {
        if self.dice.u8(..5) == 0 {
            self.damage_what_can_be_made_again();
        }
        let Some((mut store, mut catalog)) = self.open() else { return };
        if self.dice.u8(..6) == 0 {
            self.move_by_backup(store);
            let Some(opened) = self.open() else { return };
            (store, catalog) = opened;
        }
        let mut process = Process::start(self, store, catalog);
        for at in 0..self.listeners.len() {
            if self.dice.bool() {
                process.listen(self, at);
            }
        }
        if self.dice.u8(..250) == 0 {
            process.flood(self);
        }
        for _ in 0..self.dice.u32(20..600) {
            process.step(self);
            process.poll(self);
            if self.platter.is_dead() {
                return process.bury(self);
            }
            self.let_time_pass().await;
            let failed = self.platter.state().happened.journal_failed;
            if failed && self.dice.u8(..40) == 0 {
                break;
            }
        }
        if self.dice.u8(..3) > 0 {
            process.quiet(self).await;
        }
        if self.platter.is_dead() {
            return process.bury(self);
        }
        match self.dice.u8(..4) {
            0 => self.platter.die(Death::Kill),
            1 => self.platter.die(Death::PowerCut),
            _ => {
                self.count(|report| report.shutdowns += 1);
                return process.shut_down(self).await;
            }
        }
        process.bury(self);
    }

    /// Opens the store, however often that fails, and takes the rules into use. None where the process dies over it.
    pub(crate) fn open(&mut self) -> Option<(Arc<Embedded>, Catalog)> {
        self.prepare();
        if self.dice.u8(..3) > 0 {
            let soon = [60, 400, 4000, 20_000][self.dice.usize(..4)];
            let death = if self.dice.bool() { Death::Kill } else { Death::PowerCut };
            self.platter.dies_after(self.dice.u64(1..soon), death);
        }
        if self.dice.u8(..6) == 0 {
            self.change_faults();
        }
        loop {
            self.count(|report| report.starts += 1);
            match self.try_to_open() {
                Ok(opened) => return Some(opened),
                Err(_) if self.platter.is_dead() => {
                    self.count(|report| report.deaths_while_starting += 1);
                    self.bury();
                    return None;
                }
                Err(error) if !self.platter.state().faults.any() && self.faults() == self.faults_before => {
                    broken("a store can be opened after whatever happened to it", error)
                }
                Err(_) => {
                    self.bury();
                    self.count(|report| report.failed_starts += 1);
                    self.end_faults();
                    self.faults_before = self.faults();
                }
            }
        }
    }

    /// A new process, with no fault yet.
    pub(crate) fn prepare(&mut self) {
        self.end_faults();
        let sabotage = self.setup.sabotage;
        {
            let mut state = self.platter.state();
            state.dies_at = None;
            (state.happened.uncertain, state.happened.journal_failed) = (false, false);
            state.faults.lies = match sabotage {
                Some(Sabotage::SyncNothing) => Some("/data"),
                Some(Sabotage::SyncNoNames) => Some("/data"),
                _ => None,
            };
            state.faults.names_only = sabotage == Some(Sabotage::SyncNoNames);
            state.faults.late = sabotage == Some(Sabotage::SyncLate);
            state.faults.tree_is_old = if sabotage == Some(Sabotage::OldDocuments) { 20 } else { 0 };
        }
        self.faults_before = self.faults();
    }

    pub(crate) fn try_to_open(&mut self) -> Result<(Arc<Embedded>, Catalog), laurels::store::Error> {
        let store = Arc::new(Embedded::open(directory(), self.options())?);
        if let Err(error) = self.recovered(&store) {
            drop(store);
            return Err(error);
        }
        let rules = Rules::ALL[self.dice.usize(..Rules::ALL.len())];
        let (catalog, numbers) = self.compiler.borrow_mut().compile(rules, &store.numbers());
        if self.setup.sabotage != Some(Sabotage::ForgetNumbers) {
            store.adopt(&numbers)?;
        }
        self.history.takes_into_use(rules, &catalog);
        self.turns.note("started", self.history.head().0, || format!("{rules:?}"));
        self.rules = rules;
        Ok((store, catalog))
    }

    /// Whatever was known to be kept must be there, and what is there now is known from now on.
    fn recovered(&mut self, store: &Arc<Embedded>) -> Result<(), laurels::store::Error> {
        let known = self.history.head();
        if store.head() < known {
            broken(
                "what was kept stays kept",
                format!("{known:?} was the last event, and is {:?}", store.head()),
            );
        }
        // All of them now and then; else the last ones.
        let from = if self.dice.u8(..6) == 0 { 0 } else { known.0.saturating_sub(50) };
        self.platter.state().faults.suspended = true;
        let again = store.records_after(Sequence(from), (known.0 - from) as usize);
        self.platter.state().faults.suspended = false;
        for (found, kept) in again?.iter().zip(&self.history.records[from as usize..]) {
            self.history.checks += 1;
            if found != kept {
                broken("what was kept stays as it was", format!("{kept:?} became {found:?}"));
            }
        }
        learn(self, store, |world| world.switch);
        if self.platter.is_dead() {
            // What is left is learned next time, by the rules of then.
            let died = std::io::Error::other("the process is dead");
            return Err(laurels::store::Error::Io { action: "learn what was kept".to_owned(), source: died });
        }
        self.switch = None;
        if self.dice.u8(..3) == 0 {
            self.platter.state().faults.suspended = true;
            let checked = self.history.check_all(&**store, false);
            self.platter.state().faults.suspended = false;
            checked?;
        }
        Ok(())
    }

    pub(crate) fn options(&self) -> Options {
        let Sizes { segment, cache, checkpoint_journal, checkpoint_dirty, dirty_max, asked_every, on_close } =
            self.options;
        let disk = self.platter.boot();
        Options {
            trees: Arc::new(SimulatedTrees(disk.clone())),
            disk: Arc::new(disk),
            threads: self.threads(),
            new_identity: Identity(self.setup.seed ^ 0x1d),
            hash_seed: self.setup.seed,
            segment_bytes: segment,
            // Not drawn: what is drawn after it stays as it was.
            ahead_bytes: [0, 300, 3000][(self.setup.seed % 3) as usize],
            cache_bytes: cache,
            checkpoint_journal_bytes: checkpoint_journal,
            checkpoint_dirty_bytes: checkpoint_dirty,
            dirty_max_bytes: dirty_max,
            free_min_bytes: 10_000,
            free_asked_every: asked_every,
            checkpoint_on_close: on_close,
            ..Options::default()
        }
    }

    pub(crate) fn threads(&self) -> Threads {
        Threads::scheduled(self.turns.clone())
    }

    /// The process is gone; its threads end.
    pub(crate) fn bury(&mut self) {
        let mut turns = 0;
        while self.turns.alive() > 1 {
            self.turns.pass();
            turns += 1;
            if turns > 1_000_000 {
                broken("a process ends", format!("{} threads go on", self.turns.alive() - 1));
            }
        }
    }

    /// Loses or damages what can be made again from the journal.
    fn damage_what_can_be_made_again(&mut self) {
        let files = self.platter.state().files("/data/");
        let files: Vec<_> =
            files.into_iter().filter(|(path, _)| path.extension().is_none_or(|is| is != "log")).collect();
        let mut state = self.platter.state();
        match self.dice.u8(..4) {
            0 => state.trees.clear(),
            1 => state.trees.values_mut().for_each(|tree| tree.damage()),
            way if !files.is_empty() => {
                let (path, size) = &files[self.dice.usize(..files.len())];
                match way {
                    2 => state.lose(path),
                    _ if *size > 0 => state.flip(path, self.dice.usize(..size * 8)),
                    _ => {}
                }
            }
            _ => {}
        }
        drop(state);
        self.count(|report| report.repairs += 1);
    }

    /// Something begins to go wrong on the disk, or ends.
    pub(crate) fn change_faults(&mut self) {
        let dice = &mut self.dice;
        let platter = self.platter.clone();
        let mut state = platter.state();
        let kinds = ["write", "sync", "truncate", "rename", "create", "remove", "open", "read"];
        match dice.u8(..12) {
            0 => state.faults.free = dice.u64(..20_000),
            1 => state.faults.room = Some(dice.usize(..4_000)),
            2..5 => {
                let kind = kinds[dice.usize(..kinds.len())];
                let chance = [20, 300, 3_000, 10_000][dice.usize(..4)];
                state.faults.errors.push((kind, chance));
                state.faults.only = ["", ".log", "ids", "sled"][dice.usize(..4)];
            }
            5 => state.faults.tree_breaks = [5, 100][dice.usize(..2)],
            6 => state.faults.tree_passes = [100, 3_000, 10_000][dice.usize(..3)],
            7 => state.faults.slow = dice.u32(..20),
            8 => state.faults.tree_lies = true,
            _ => {}
        }
        drop(state);
        if self.dice.u8(..2) == 0 {
            self.end_faults();
        }
    }

    /// Nothing goes wrong any more. What was broken stays so.
    pub(crate) fn end_faults(&mut self) {
        let mut state = self.platter.state();
        let Faults { lies, names_only, late, tree_is_old, tree_lies, .. } = state.faults;
        state.faults = Faults { lies, names_only, late, tree_is_old, tree_lies, ..Faults::default() };
        debug_assert_eq!(state.faults.free, PLENTY);
    }

    pub(crate) fn faults(&self) -> u64 {
        self.platter.state().happened.faults()
    }

    pub(crate) fn now(&self) -> Time {
        self.clock.now()
    }

    /// Something that happens on the site now.
    pub(crate) fn happens(&mut self, dated: bool) -> Contents {
        let now = self.now();
        Contents::happens(&mut self.dice, self.size, now, dated)
    }

    /// Something that somebody does by hand.
    pub(crate) fn is_done_by_hand(&mut self) -> Contents {
        let now = self.now();
        Contents::act(&mut self.dice, self.size, now)
    }

    /// Something that the server must refuse.
    pub(crate) fn something_invalid(&mut self) -> Contents {
        let now = self.now();
        Contents::invalid(&mut self.dice, self.size, now)
    }

    /// The clock is set, back or forth; or some minutes pass at once.
    pub(crate) fn jump(&mut self) {
        let seconds = if self.dice.bool() { -86_400 * 3..86_400 * 5 } else { -60..900 };
        let by = self.dice.i64(seconds) * 1_000_000;
        self.wall = self.wall.plus_micros(by).unwrap_or(self.wall);
        self.clock.set(self.wall);
    }

    async fn let_time_pass(&mut self) {
        self.count(|report| report.events = self.events);
        if self.dice.u8(..8) == 0 {
            let by = Duration::from_micros(self.dice.u64(..20_000));
            self.pass_time(by).await;
        }
    }

    pub(crate) async fn pass_time(&mut self, by: Duration) {
        self.wall = self.wall.plus_micros(by.as_micros() as i64).unwrap_or(self.wall);
        self.clock.set(self.wall);
        self.turns.advance(by);
        tokio::time::advance(by).await;
    }
}
