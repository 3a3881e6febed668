//! Whether a store keeps what was promised, by what clients and watchers wrote down.
//!
//! The store is opened by a server of its own, so that nothing is on its way any more. What is looked at:
//!
//! * every acknowledged event, sent again, is a duplicate with the very awards it was answered with;
//! * every watcher, resuming by its cursor, is told the rest: what it was told before and then is exactly what is
//!   held, each once, in order;
//! * what users hold is what was told, and counts are those of the distinct events in the journal;
//! * the journal has each event once, all that were acknowledged, and none that was not sent;
//! * another server, given the same events once, gives the same awards and holds the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use laurels::event::Sequence;
use laurels::store::{Embedded, Options, Store};
use laurels_client::{Award, Client, Event, NotificationKind, Recorded, UserBadges, WatchOptions};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::failure::{Failure, Result, hold};
use crate::ledger::Ledger;
use crate::server::Setup;
use crate::site::Site;
use crate::watchers::Told;

/// What takes so long does not come to an end.
const STEP_MAX: Duration = Duration::from_secs(600);
/// Records that are read from a journal at once.
const PAGE: usize = 1000;

/// What was written down up to one moment.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) site: Site,
    pub(crate) ledgers: Vec<Ledger>,
    pub(crate) told: Vec<Told>,
}

/// What a store was found to keep.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Kept {
    pub(crate) events: usize,
    /// Of these, acknowledged.
    pub(crate) acknowledged: usize,
    pub(crate) awards: usize,
    /// Told to all watchers, before and after they came back.
    pub(crate) told: usize,
}

/// What a user has, in an order that depends on nothing else.
type Held = BTreeMap<String, UserBadges>;

/// Checks the store in this directory, which no server has open; `scratch` is for another one.
pub(crate) fn check(
    runtime: &Handle,
    setup: &Setup,
    data: &Path,
    scratch: &Path,
    known: &Known,
) -> Result<Kept> {
    let server = setup.start(data)?;
    let (told, held) = runtime.block_on(async {
        let client = connect(server.address).await?;
        let told = watch(&client, Told::default().go_on()).await?;
        resume(&client, known, &told).await?;
        let acknowledged = known.ledgers.iter().map(|ledger| send_again(&client, ledger));
        for sent in acknowledged {
            sent.await?;
        }
        Ok((told, held(&client, known.site).await?))
    })?;
    server.stop()?;
    check_held(&told, &held)?;
    let journal = read_journal(data)?;
    check_journal(&journal, known, &told, &held)?;
    replay(runtime, setup, scratch, known.site, &journal, &held)?;
    Ok(Kept {
        events: journal.len(),
        acknowledged: known.ledgers.iter().map(|ledger| ledger.answered().count()).sum(),
        awards: told.len(),
        told: known
            .told
            .iter()
            .map(|listener| told.iter().filter(|award| listener.hears(award)).count())
            .sum(),
    })
}

/// Checks the store in this directory as far as no client has written anything down: it opens, and works.
pub(crate) fn check_that_it_works(runtime: &Handle, setup: &Setup, data: &Path) -> Result<()> {
    let server = setup.start(data)?;
    runtime.block_on(async {
        let client = connect(server.address).await?;
        let event = Event::new("visit", "somebody").with_id("works").with_subject("s0");
        let first = client.record(event.clone()).await.map_err(|error| call("record", error))?;
        let again = client.record(event).await.map_err(|error| call("record", error))?;
        let right = !first.awards.is_empty() && first.awards == again.awards && again.duplicate;
        hold(right, "a store that was just made records events", || format!("{first:?}, and then {again:?}"))
    })?;
    server.stop()
}

async fn connect(address: std::net::SocketAddr) -> Result<Client> {
    Client::connect(format!("http://{address}")).await.map_err(|error| call("connect", error))
}

fn call(what: &str, error: laurels_client::Error) -> Failure {
    Failure::new("a server that nobody disturbs answers", format!("{what}: {error}"))
}

/// Everything there is to tell now.
async fn watch(client: &Client, options: WatchOptions) -> Result<Vec<Award>> {
    let (mut watch, mut awards) = (client.watch(options), Vec::new());
    loop {
        let next = timeout(STEP_MAX, watch.next()).await;
        let next =
            next.map_err(|_| Failure::new("a watcher hears that it is up to date", "it hears nothing"))?;
        match next.map_err(|error| call("watch", error))?.kind {
            Some(NotificationKind::Award(award)) => awards.push(award),
            Some(NotificationKind::Heartbeat(heartbeat)) if heartbeat.live => return Ok(awards),
            Some(NotificationKind::Revocation(_)) => {
                return hold(false, "no rule of the site takes anything back", String::new).map(|()| awards);
            }
            Some(NotificationKind::Heartbeat(_)) | None => {}
        }
    }
}

async fn resume(client: &Client, known: &Known, all: &[Award]) -> Result<()> {
    for told in &known.told {
        let rest = watch(client, told.go_on()).await?;
        let whole = told.awards.iter().chain(&rest);
        same(
            "a watcher that resumes by cursor is told each award once, in order",
            whole,
            all.iter().filter(|award| told.hears(award)),
        )
        .map_err(|failure| {
            failure.within(format!(
                "a watcher of users {:?} and badges {:?}, told {} before and {} after {:?}",
                told.users,
                told.badges,
                told.awards.len(),
                rest.len(),
                told.cursor
            ))
        })?;
    }
    Ok(())
}

/// Fails at the first difference: two lists of thousands are no message.
fn same<'a, T: PartialEq + std::fmt::Debug + 'a>(
    promised: &str,
    got: impl Iterator<Item = &'a T>,
    wanted: impl Iterator<Item = &'a T>,
) -> Result<()> {
    let (mut got, mut wanted) = (got, wanted);
    for at in 0.. {
        match (got.next(), wanted.next()) {
            (None, None) => break,
            (got, wanted) => {
                hold(got == wanted, promised, || format!("at {at}: {got:?}, and not {wanted:?}"))?
            }
        }
    }
    Ok(())
}

async fn send_again(client: &Client, ledger: &Ledger) -> Result<()> {
    let mut ledger = ledger.clone();
    let numbers: Vec<_> = ledger.answered().collect();
    let events: Vec<_> = numbers.iter().map(|number| ledger.event(*number)).collect();
    for (number, recorded) in numbers.iter().zip(record(client, events).await?) {
        ledger.note(*number, recorded)?;
    }
    Ok(())
}

/// Records events by one stream, in their order.
async fn record(client: &Client, events: Vec<Event>) -> Result<Vec<Recorded>> {
    let (count, mut recorded) = (events.len(), Vec::with_capacity(events.len()));
    let mut answers =
        client.record_all(tokio_stream::iter(events)).await.map_err(|error| call("record", error))?;
    while recorded.len() < count {
        let answer = timeout(STEP_MAX, answers.next()).await;
        let answer = answer.map_err(|_| Failure::new("every event is answered", "one is not"))?;
        let answer =
            answer.ok_or_else(|| Failure::new("every event is answered", "the stream ended before"))?;
        let result = answer.and_then(|answer| answer.result);
        recorded.push(result.map_err(|error| call("record", error))?);
    }
    Ok(recorded)
}

async fn held(client: &Client, site: Site) -> Result<Held> {
    let mut held = Held::new();
    for user in (0..site.users).map(Site::user) {
        let mut badges = client.badges(&user).await.map_err(|error| call("read badges", error))?;
        let by_badge = |award: &Award| (award.badge.clone(), award.key.clone());
        badges.awards.sort_by_key(by_badge);
        badges.progress.sort_by(|a, b| (&a.badge, &a.key).cmp(&(&b.badge, &b.key)));
        held.insert(user, badges);
    }
    Ok(held)
}

/// What is told is held, and what is held was told, once.
fn check_held(told: &[Award], held: &Held) -> Result<()> {
    let mut by_user: BTreeMap<&str, Vec<&Award>> = BTreeMap::new();
    for award in told {
        by_user.entry(&award.user).or_default().push(award);
    }
    for (user, badges) in held {
        let mut of_user = by_user.remove(user.as_str()).unwrap_or_default();
        of_user.sort_by_key(|award| (&award.badge, &award.key));
        let promised = "every award that is held is told once, and none that is not held";
        same(promised, of_user.into_iter(), badges.awards.iter())
            .map_err(|failure| failure.within(format!("of {user}, told and held")))?;
    }
    Ok(())
}

/// An event of the journal: its id, and how many awards it gave.
struct Entry {
    id: String,
    awards: usize,
}

/// The journal as the store reads it.
fn read_journal(data: &Path) -> Result<Vec<Entry>> {
    let failed = |error: laurels::store::Error| Failure::new("a journal can be read", error.to_string());
    let store = Embedded::open(data, Options::default()).map_err(failed)?;
    let (mut entries, mut after) = (Vec::new(), Sequence(0));
    loop {
        let page = store.records_after(after, PAGE).map_err(failed)?;
        let Some(last) = page.last() else { return Ok(entries) };
        after = last.sequence;
        entries.extend(
            page.iter()
                // Nobody sent that somebody took a backup.
                .filter(|record| !record.event.is_own())
                .map(|record| Entry { id: record.event.id.as_str().to_owned(), awards: record.awards.len() }),
        );
    }
}

fn check_journal(journal: &[Entry], known: &Known, told: &[Award], held: &Held) -> Result<()> {
    let mut each = BTreeSet::new();
    for entry in journal {
        hold(each.insert(&entry.id), "an event is kept once", || format!("{} is there twice", entry.id))?;
        let sent = Site::named(&entry.id).is_none_or(|(client, number)| {
            known.ledgers.get(client).is_some_and(|ledger| number < ledger.events.len())
        });
        hold(sent, "nothing is kept that was not sent", || format!("{} is there", entry.id))?;
    }
    for ledger in &known.ledgers {
        for number in ledger.answered() {
            let id = ledger.event(number).id;
            hold(each.contains(&id), "an acknowledged event is in the journal", || format!("{id} is not"))?;
        }
    }
    // One award may make others; all of them are of the event, and come in the order of the journal.
    let ids = journal.iter().flat_map(|entry| std::iter::repeat_n(&entry.id, entry.awards));
    same("awards are told in the order of the journal", told.iter().map(|award| &award.event_id), ids)?;
    check_counts(journal, known, held)
}

/// Counts are those of distinct events; and what clients read of them once has not gone back.
fn check_counts(journal: &[Entry], known: &Known, held: &Held) -> Result<()> {
    let mut visits: BTreeMap<String, f64> = BTreeMap::new();
    for (client, number) in journal.iter().filter_map(|entry| Site::named(&entry.id)) {
        let event = known.site.event(client, number);
        if event.r#type == "visit" {
            *visits.entry(event.user).or_default() += 1.0;
        }
    }
    for (user, badges) in held {
        let progress = badges.progress.iter().find(|progress| progress.badge == "visits");
        let (counted, kept) = (
            progress.map_or(0.0, |progress| progress.current),
            visits.get(user).copied().unwrap_or_default(),
        );
        hold(counted == kept, "an event that is kept counts once, and no other does", || {
            format!("{user} has {counted} visits, and {kept} are kept")
        })?;
        for ledger in &known.ledgers {
            let read = ledger.read.get(user).copied().unwrap_or_default();
            hold(read <= counted, "what was read once is never taken back", || {
                format!("{user} had {read} visits, and now {counted}")
            })?;
        }
    }
    Ok(())
}

/// Another server, given the same events once, in the same order, holds the same.
fn replay(
    runtime: &Handle,
    setup: &Setup,
    scratch: &Path,
    site: Site,
    journal: &[Entry],
    attacked: &Held,
) -> Result<()> {
    let promised = "a store that was attacked holds what one holds that was given the same events once";
    let directory =
        tempfile::tempdir_in(scratch).map_err(|error| Failure::of_attack("make a folder", error))?;
    let server = setup.start(&directory.path().join("data"))?;
    let events = journal.iter().map(|entry| site.event_of(&entry.id));
    let fresh = runtime.block_on(async {
        let client = connect(server.address).await?;
        for (entry, recorded) in journal.iter().zip(record(&client, events.collect()).await?) {
            hold(recorded.awards.len() == entry.awards, promised, || {
                format!("{} gave {} awards, and {:?} now", entry.id, entry.awards, recorded.awards)
            })?;
        }
        held(&client, site).await
    })?;
    for (user, badges) in attacked {
        let (attacked, fresh) = (undated(badges, site), undated(&fresh[user], site));
        same(promised, attacked.awards.iter(), fresh.awards.iter())
            .and_then(|()| same(promised, attacked.progress.iter(), fresh.progress.iter()))
            .map_err(|failure| failure.within(user))?;
    }
    server.stop()
}

/// Without what differs: cursors, and the date of what was given for an event that had none of its own.
fn undated(badges: &UserBadges, site: Site) -> UserBadges {
    let mut badges = UserBadges { cursor: String::new(), ..badges.clone() };
    for award in &mut badges.awards {
        if site.event_of(&award.event_id).time.is_none() {
            award.time = None;
        }
    }
    badges
}

impl std::ops::Add for Kept {
    type Output = Kept;

    fn add(self, other: Kept) -> Kept {
        Kept {
            events: self.events + other.events,
            acknowledged: self.acknowledged + other.acknowledged,
            awards: self.awards + other.awards,
            told: self.told + other.told,
        }
    }
}
