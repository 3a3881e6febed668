//! The store as the service sees it, and deliberate sabotages of it: what the simulation must notice, or it proves
//! nothing.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use laurels::award::{News, Place};
use laurels::catalog::Numbers;
use laurels::document::{Change, Document};
use laurels::event::{EventId, Sequence, Time, UserId};
use laurels::key::Key;
use laurels::outcome::{Outcome, Rarity, Record};
use laurels::profile::FIELDS;
use laurels::stat::{Slot, Step};
use laurels::store::{Backup, Earlier, Embedded, Error, Identity, Page, Store, Timelines, Until};

/// Something that is done wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Sabotage {
    /// The disk syncs nothing, and says that it does.
    SyncNothing,
    /// The disk syncs what it should have synced the time before.
    SyncLate,
    /// The disk does not sync directories.
    SyncNoNames,
    /// An event's last award is not kept.
    DropAnAward,
    /// An event's last revocation is not kept.
    DropARevocation,
    /// What was delayed and was heard waits on, and is heard again.
    HearTwice,
    /// What is delayed does not wait.
    ForgetWhatWaits,
    /// Ids are forgotten now and then.
    ForgetIds,
    /// Whoever could not be kept is told that he was.
    AnswerAnyhow,
    /// Numbers are not kept.
    ForgetNumbers,
    /// A page of missed awards lacks one.
    SkipAMissedAward,
    /// A live stream loses one award that it was told.
    LoseAToldAward,
    /// The tree reads old documents now and then.
    OldDocuments,
    /// Documents that are asked for are those of before the last commit.
    ReadBehind,
    /// It is not kept what was done by hand with an award, so rules do with it as they would.
    ForgetHands,
    /// An act leaves no entry in the audit log.
    LoseAnEntry,
    /// A profile is not kept, though what it let rules decide is.
    ForgetProfiles,
    /// Everybody's days are kept as UTC has them.
    ForgetZones,
}

impl Sabotage {
    pub(crate) const ALL: [Sabotage; 18] = [
        Sabotage::SyncNothing,
        Sabotage::SyncLate,
        Sabotage::SyncNoNames,
        Sabotage::DropAnAward,
        Sabotage::DropARevocation,
        Sabotage::HearTwice,
        Sabotage::ForgetWhatWaits,
        Sabotage::ForgetIds,
        Sabotage::AnswerAnyhow,
        Sabotage::ForgetNumbers,
        Sabotage::SkipAMissedAward,
        Sabotage::LoseAToldAward,
        Sabotage::OldDocuments,
        Sabotage::ReadBehind,
        Sabotage::ForgetHands,
        Sabotage::LoseAnEntry,
        Sabotage::ForgetProfiles,
        Sabotage::ForgetZones,
    ];
}

/// The store of the service. It notes when rules are taken into use.
pub(crate) struct Observed {
    store: Arc<Embedded>,
    sabotage: Option<Sabotage>,
    calls: AtomicU64,
    /// After which event.
    pub(crate) adopted_after: Mutex<Option<Sequence>>,
}

impl Observed {
    pub(crate) fn new(store: Arc<Embedded>, sabotage: Option<Sabotage>) -> Observed {
        Observed { store, sabotage, calls: AtomicU64::new(0), adopted_after: Mutex::new(None) }
    }

    /// Whether this sabotage is on, and it is time for it.
    fn now(&self, sabotage: Sabotage, every: u64) -> bool {
        self.sabotage == Some(sabotage) && self.calls.fetch_add(1, Ordering::SeqCst) % every == every - 1
    }

    /// What is kept instead of this.
    fn spoilt(&self, group: &[Outcome]) -> Vec<Outcome> {
        let mut group = group.to_vec();
        if self.now(Sabotage::DropAnAward, 10) {
            group.iter_mut().for_each(|outcome| drop(outcome.record.awards.pop()));
        }
        if self.now(Sabotage::DropARevocation, 10) {
            group.iter_mut().for_each(|outcome| drop(outcome.record.revoked.pop()));
        }
        if self.now(Sabotage::HearTwice, 10) {
            let ticks = group.iter_mut().filter(|outcome| outcome.record.event.is_tick());
            ticks.for_each(leave_what_waits);
        }
        if self.now(Sabotage::ForgetWhatWaits, 10) {
            let events = group.iter_mut().filter(|outcome| !outcome.record.event.is_tick());
            events.for_each(leave_what_waits);
        }
        let is_forgotten: fn(&Key, &Change) -> bool = match self.sabotage {
            Some(Sabotage::ForgetHands) => |_, change| change.slot == Slot::BY_HAND,
            Some(Sabotage::LoseAnEntry) => |key, _| key.part("@audit").is_some_and(|entry| !entry.is_empty()),
            Some(Sabotage::ForgetProfiles) => {
                |_, change| FIELDS.iter().any(|field| change.slot == Slot::of_profile(*field as u32))
            }
            Some(Sabotage::ForgetZones) => |_, change| matches!(change.step, Step::Place(..)),
            _ => return group,
        };
        self.forget(&mut group, is_forgotten);
        group
    }

    /// Some changes are not kept, nor what they make of documents.
    fn forget(&self, group: &mut [Outcome], is_forgotten: fn(&Key, &Change) -> bool) {
        let mut documents: HashMap<Key, Arc<Document>> = HashMap::new();
        for outcome in group {
            for (key, changes) in &mut outcome.record.changes {
                changes.retain(|change| !is_forgotten(key, change));
            }
            outcome.record.changes.retain(|(_, changes)| !changes.is_empty());
            for (key, document) in &mut outcome.documents {
                let before = documents.get(key).cloned().unwrap_or_else(|| self.before(key));
                let mut after = Document::clone(&before);
                outcome.record.apply_to(key, &mut after);
                *document = Arc::new(after);
                documents.insert(key.clone(), document.clone());
            }
        }
    }

    fn before(&self, key: &Key) -> Arc<Document> {
        let loaded = self.store.load(std::slice::from_ref(key));
        loaded.ok().and_then(|mut loaded| loaded.pop()).unwrap_or_default()
    }
}

impl Store for Observed {
    fn identity(&self) -> Identity {
        self.store.identity()
    }

    fn head(&self) -> Sequence {
        self.store.head()
    }

    fn numbers(&self) -> Numbers {
        self.store.numbers()
    }

    fn adopt(&self, numbers: &Numbers) -> Result<(), Error> {
        if self.sabotage != Some(Sabotage::ForgetNumbers) {
            self.store.adopt(numbers)?;
        }
        let mut adopted = self.adopted_after.lock().unwrap_or_else(PoisonError::into_inner);
        *adopted = Some(self.store.head());
        Ok(())
    }

    fn timelines(&self) -> Timelines {
        self.store.timelines()
    }

    fn recorded(&self, id: &EventId) -> Result<Option<Earlier>, Error> {
        match self.now(Sabotage::ForgetIds, 10) {
            true => Ok(None),
            false => self.store.recorded(id),
        }
    }

    fn at_hand(&self, key: &Key) -> Option<Arc<Document>> {
        self.store.at_hand(key)
    }

    fn load(&self, keys: &[Key]) -> Result<Vec<Arc<Document>>, Error> {
        match self.now(Sabotage::ReadBehind, 5) {
            true => Ok(vec![Arc::default(); keys.len()]),
            false => self.store.load(keys),
        }
    }

    fn commit(&self, group: &[Outcome]) -> Result<(), Error> {
        let kept = match self.sabotage {
            None => self.store.commit(group),
            Some(_) => self.store.commit(&self.spoilt(group)),
        };
        if self.sabotage == Some(Sabotage::AnswerAnyhow) { Ok(()) } else { kept }
    }

    fn news_after(&self, after: Place, user: Option<&UserId>, limit: usize) -> Result<Page<News>, Error> {
        let mut page = self.store.news_after(after, user, limit)?;
        if page.items.len() > 1 && self.now(Sabotage::SkipAMissedAward, 5) {
            page.items.remove(0);
        }
        Ok(page)
    }

    fn records_after(&self, after: Sequence, limit: usize) -> Result<Vec<Record>, Error> {
        self.store.records_after(after, limit)
    }

    fn users_after(&self, after: Option<&UserId>, limit: usize) -> Result<Vec<UserId>, Error> {
        self.store.users_after(after, limit)
    }

    fn rarity(&self) -> Rarity {
        self.store.rarity()
    }

    fn checkpoint(&self) -> Result<(), Error> {
        self.store.checkpoint()
    }

    fn kept_from(&self) -> Sequence {
        self.store.kept_from()
    }

    fn reclaim(&self, before: Time) -> Result<(), Error> {
        self.store.reclaim(before)
    }

    fn backup(&self, until: Until) -> Result<Backup, Error> {
        self.store.backup(until)
    }
}

/// What waits is as it was before.
fn leave_what_waits(outcome: &mut Outcome) {
    let is_other = |key: &Key| key != Key::calendar() && key.part("@waiting").is_none();
    outcome.record.changes.retain(|(key, _)| is_other(key));
    outcome.documents.retain(|(key, _)| is_other(key));
}
