//! The documents of one decision: those at hand, and over them those that moved.

use std::cell::{self, RefCell};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::Arc;

use smol_str::SmolStr;

use crate::award::{Award, Revocation};
use crate::catalog::Catalog;
use crate::document::{Change, Document};
use crate::event::Value;
use crate::key::Key;
use crate::stat::{Cell, Slot, TimerCell};

use super::Documents;

/// The documents as they are at this point of a decision.
pub(super) struct View<'a, D> {
    pub(super) catalog: &'a Catalog,
    documents: &'a D,
    /// The documents that were opened to be moved, as they are now.
    opened: BTreeMap<Key, Moved>,
    /// Documents that were asked for and are not at hand.
    missing: RefCell<BTreeSet<Key>>,
    /// Keys beyond the most that one event may move of one stat.
    left_out: cell::Cell<usize>,
    /// Keys other than its own at which a rule without `on` looked.
    looked: RefCell<BTreeSet<Key>>,
}

/// A document that was opened to be moved.
pub(super) struct Moved {
    pub(super) was_empty: bool,
    pub(super) document: Arc<Document>,
    pub(super) changes: Vec<Change>,
    awarded: bool,
}

/// A document to be read.
pub(super) enum Shown<'v> {
    /// One that was opened to be moved.
    Opened(&'v Arc<Document>),
    /// One that was not.
    AtHand(Arc<Document>),
}

impl<'a, D: Documents> View<'a, D> {
    pub(super) fn new(catalog: &'a Catalog, documents: &'a D) -> Self {
        let (opened, missing, left_out, looked) = Default::default();
        View { catalog, documents, opened, missing, left_out, looked }
    }

    /// The document under this key as it is now; none where it is not at hand, and then it is needed.
    pub(super) fn document(&self, key: &Key) -> Option<Arc<Document>> {
        match self.read(key)? {
            Shown::Opened(document) => Some(document.clone()),
            Shown::AtHand(document) => Some(document),
        }
    }

    /// The same, where it is only read: what was opened is not counted once more.
    pub(super) fn read(&self, key: &Key) -> Option<Shown<'_>> {
        match self.opened.get(key) {
            Some(opened) => Some(Shown::Opened(&opened.document)),
            None => fetched(self.documents, &self.missing, key).map(Shown::AtHand),
        }
    }

    /// What is kept of time under this key; none also where the document is not at hand.
    pub(super) fn timer(&self, key: &Key) -> Option<TimerCell> {
        match self.document(key)?.cell(Slot::TIME)? {
            Cell::Timer(timer) => Some(timer.clone()),
            Cell::Count(_) | Cell::Sum(_) | Cell::Set(_) | Cell::Run(_) | Cell::Extreme(_) => None,
            Cell::Dated(_) | Cell::Raised(_) | Cell::Bag(_) | Cell::Visits(_) | Cell::Window(_) => None,
            Cell::Placed(_) | Cell::Ranking(_) => None,
        }
    }

    /// The document under this key, to be moved. Where it is not at hand an empty one stands in for it:
    /// it is needed, and this decision will not be the last.
    pub(super) fn open(&mut self, key: &Key) -> &mut Moved {
        match self.opened.entry(key.clone()) {
            Entry::Occupied(opened) => opened.into_mut(),
            Entry::Vacant(free) => {
                let document = fetched(self.documents, &self.missing, key).unwrap_or_default();
                let was_empty = document.is_new();
                free.insert(Moved { was_empty, document, changes: Vec::new(), awarded: false })
            }
        }
    }

    /// Notes that a rule looked at another key, also where nothing is kept there.
    pub(super) fn note_look(&self, key: Key) {
        self.looked.borrow_mut().insert(key);
    }

    /// The keys that were noted since this was asked last.
    pub(super) fn take_looked(&self) -> BTreeSet<Key> {
        self.looked.take()
    }

    /// Notes that so many keys of a stat are not moved.
    pub(super) fn leave_out(&self, keys: usize) {
        self.left_out.set(self.left_out.get() + keys);
    }

    /// How many keys were left out so far.
    pub(super) fn left_out(&self) -> usize {
        self.left_out.get()
    }

    /// Whether a document was asked for that is not at hand.
    pub(super) fn is_lacking(&self) -> bool {
        !self.missing.borrow().is_empty()
    }

    /// The documents that moved, by key; or those that are needed first.
    pub(super) fn into_moved(self) -> Result<impl Iterator<Item = (Key, Moved)>, Vec<Key>> {
        let missing = self.missing.into_inner();
        if !missing.is_empty() {
            return Err(missing.into_iter().collect());
        }
        Ok(self.opened.into_iter().filter(|(_, moved)| moved.awarded || !moved.changes.is_empty()))
    }
}

/// The document under a key, as it is at hand; where it is not, that is noted.
fn fetched(documents: &impl Documents, missing: &RefCell<BTreeSet<Key>>, key: &Key) -> Option<Arc<Document>> {
    let found = documents.get(key);
    if found.is_none() {
        missing.borrow_mut().insert(key.clone());
    }
    found
}

impl Deref for Shown<'_> {
    type Target = Document;

    fn deref(&self) -> &Document {
        match self {
            Shown::Opened(document) => document,
            Shown::AtHand(document) => document,
        }
    }
}

impl Moved {
    /// Moves a cell; says whether it reads differently now. A value that a set has already may be counted once more,
    /// so that it can be taken back, and what is the last may be so once more: that is kept, and nobody needs to look at it.
    pub(super) fn apply(&mut self, change: Change) -> bool {
        let slot = change.slot;
        let reads = |document: &Document| document.cell(slot).and_then(Reads::of);
        let before = reads(&self.document);
        let changed = Arc::make_mut(&mut self.document).apply(&change);
        if changed {
            self.changes.push(change);
        }
        let as_before = match (before, reads(&self.document)) {
            (None, None) => false,
            (Some(one), None) | (None, Some(one)) => one.is_as_nothing(),
            (Some(before), Some(after)) => before == after,
        };
        changed && !as_before
    }

    /// Keeps a new award.
    pub(super) fn give(&mut self, award: Award) {
        self.awarded |= Arc::make_mut(&mut self.document).give(award);
    }

    /// Takes an award back.
    pub(super) fn take_back(&mut self, revocation: Revocation) {
        self.awarded |= Arc::make_mut(&mut self.document).take_back(revocation);
    }
}

/// What a cell reads as, where more is kept than can be read.
#[derive(PartialEq)]
enum Reads {
    /// How many different values there are, of a set or run that counts how often each came.
    Members(i64),
    /// The first or the last, of which it is also kept when it was.
    Value(Value),
    /// The zone that holds, or is going to.
    Zone(SmolStr),
}

impl Reads {
    /// None where all that is kept is read.
    fn of(kept: &Cell) -> Option<Reads> {
        match kept {
            Cell::Bag(bag) => i64::try_from(bag.len()).ok().map(Reads::Members),
            Cell::Visits(visits) => Some(Reads::Members(visits.run().size())),
            Cell::Dated(dated) => Some(Reads::Value(dated.1.clone())),
            Cell::Placed(placed) => Some(Reads::Zone(placed.latest().clone())),
            Cell::Count(_) | Cell::Sum(_) | Cell::Set(_) | Cell::Run(_) | Cell::Extreme(_) => None,
            Cell::Raised(_) | Cell::Window(_) | Cell::Ranking(_) | Cell::Timer(_) => None,
        }
    }

    /// Whether it is what is read where nothing is kept. Whose zone is UTC has not been looked at for it before.
    fn is_as_nothing(&self) -> bool {
        match self {
            Reads::Members(members) => *members == 0,
            Reads::Value(_) | Reads::Zone(_) => false,
        }
    }
}
