//! Some of the documents and event ids, made once more from the journal, and from the snapshot before it: those whose
//! hash lies in a range, so that as many ranges as it takes fit into memory one after the other.
//!
//! sled is written behind, and not all of it stands at the same event. So each document is compared as it is when
//! the journal has come to the event that it carries in sled. In a snapshot the same is true of them: each has all
//! events up to the one that it carries, and what it was before cannot be known.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::finding::{Findings, Severity};
use super::journal::FAULT;
use crate::award::{Award, News, Revocation};
use crate::badge::BadgeNumber;
use crate::document::{Change, Document};
use crate::event::Sequence;
use crate::key::Key;
use crate::outcome::{Rarity, Record};
use crate::stat::Step;

/// So many problems of a part are told one by one; of more, how many there are. One damage can make all
/// documents wrong.
const TOLD_MAX: usize = 100;
/// What a document takes at least, with its place in a table, roughly; what each number, award, and member of a set
/// adds; and what an event's id takes.
const DOCUMENT_BYTES: u64 = 512;
const CELL_BYTES: u64 = 96;
const AWARD_BYTES: u64 = 256;
const MEMBER_BYTES: u64 = 64;
/// About how many bytes something that waits takes, mostly an event.
const TIMER_BYTES: u64 = 512;
const ID_BYTES: u64 = 40;
/// A byte of a document in a snapshot takes about so many in memory.
const STORED_FACTOR: u64 = 8;

/// Which hashes a part has: from one to another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range(u64, u64);

impl Range {
    pub(super) const ALL: Range = Range(0, u64::MAX);

    pub(super) fn has(self, key: &Key) -> bool {
        self.has_hash(xxh3_64(key.as_str().as_bytes()))
    }

    pub(super) fn halves(self) -> [Range; 2] {
        let middle = self.0 + (self.1 - self.0) / 2;
        [Range(self.0, middle), Range(middle.saturating_add(1), self.1)]
    }

    pub(super) fn can_be_halved(self) -> bool {
        self.0 < self.1
    }

    fn has_hash(self, hash: u64) -> bool {
        (self.0..=self.1).contains(&hash)
    }
}

/// What is wrong with a part. It is told when all of the part is seen.
#[derive(Default)]
pub(super) struct Problems {
    in_sled: Few,
    in_journal: Few,
}

#[derive(Default)]
struct Few {
    problems: Vec<String>,
    more: u64,
}

impl Few {
    fn add(&mut self, problem: String) {
        match self.problems.len() < TOLD_MAX {
            true => self.problems.push(problem),
            false => self.more += 1,
        }
    }

    fn tell(self, severity: Severity, place: &Path, advice: &str, findings: &mut Findings<'_>) {
        for problem in self.problems {
            findings.add(severity, place.display(), format!("{problem}: {advice}"));
        }
        if self.more > 0 {
            findings.add(severity, place.display(), format!("and {} more like these: {advice}", self.more));
        }
    }
}

impl Problems {
    /// Tells all of them.
    pub(super) fn tell(self, sled: &Path, journal: &Path, findings: &mut Findings<'_>) {
        let advice = format!("remove {}, and it is made again from the journal", sled.display());
        self.in_sled.tell(Severity::Unnoticed, sled, &advice, findings);
        self.in_journal.tell(Severity::Journal, journal, FAULT, findings);
    }

    fn in_sled(&mut self, key: &Key, what: &str) {
        let parts: Vec<_> = key.parts().map(|(name, value)| format!("{name} {value:?}")).collect();
        let of = if parts.is_empty() { format!("{:?}", key.as_str()) } else { parts.join(", ") };
        self.in_sled.add(format!("the document of {of} {what}"));
    }
}

/// Reads a document as it is in sled.
pub(super) fn read(key: &Key, bytes: &[u8], problems: &mut Problems) -> Option<Document> {
    let document = postcard::from_bytes(bytes);
    if let Err(error) = &document {
        problems.in_sled(key, &format!("cannot be understood ({error})"));
    }
    document.ok()
}

/// The part that is being made.
pub(super) struct Part {
    range: Range,
    /// What sled promises to have; None where there is no sled to compare with.
    promised: Option<Sequence>,
    /// Up to here a snapshot has all events.
    base: Sequence,
    documents: HashMap<Key, Made>,
    ids: HashSet<u128>,
    bytes: u64,
}

struct Made {
    document: Document,
    /// Where it stood in the snapshot.
    began: Sequence,
    kept: Kept,
}

/// How the document in sled stands to the one that is made.
enum Kept {
    /// There is none yet.
    Not,
    /// There is none, and there must be.
    Missed,
    /// It is to be compared after this event.
    At(Sequence, u128),
    /// It was compared.
    Seen,
}

impl Part {
    /// A snapshot has all events up to `base`.
    pub(super) fn new(range: Range, promised: Option<Sequence>, base: Sequence) -> Part {
        Part { range, promised, base, documents: HashMap::new(), ids: HashSet::new(), bytes: 0 }
    }

    /// About how many bytes of memory it takes.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes in a document as it is in the snapshot, if it is of this part. These come before those in sled.
    pub(super) fn begin(&mut self, key: Key, document: Document) {
        if !self.range.has(&key) {
            return;
        }
        let stored = postcard::to_stdvec(&document).unwrap_or_default().len() as u64;
        self.bytes += DOCUMENT_BYTES + key.as_str().len() as u64 + stored * STORED_FACTOR;
        let began = document.sequence;
        let kept = match self.promised.is_some_and(|promised| began <= promised) {
            true => Kept::Missed,
            false => Kept::Not,
        };
        self.documents.insert(key, Made { document, began, kept });
    }

    /// Takes in a document as it is in sled.
    pub(super) fn kept(&mut self, key: Key, bytes: &[u8], problems: &mut Problems) {
        let kept = match read(&key, bytes, problems) {
            Some(document) => Kept::At(document.sequence, xxh3_128(bytes)),
            None => Kept::Seen,
        };
        let made = match self.documents.entry(key.clone()) {
            Entry::Occupied(made) => made.into_mut(),
            Entry::Vacant(free) => {
                self.bytes += DOCUMENT_BYTES + key.as_str().len() as u64;
                free.insert(Made { document: Document::default(), began: Sequence(0), kept: Kept::Not })
            }
        };
        made.kept = kept;
        if self.promised.is_some_and(|promised| made.began <= promised) {
            made.compare(&key, Some((made.began, self.promised)), problems);
        }
    }

    /// Takes in what the next event did, and adds what is wrong with that.
    pub(super) fn event(&mut self, record: &Record, problems: &mut Problems) {
        let id = xxh3_128(record.event.id.as_str().as_bytes());
        // The upper half of it is as good a hash as any.
        if !record.event.id.as_str().is_empty() && self.range.has_hash((id >> 64) as u64) {
            self.bytes += ID_BYTES;
            if !self.ids.insert(id) {
                let problem =
                    format!("event {} has the id of an earlier one, and counted twice", record.sequence.0);
                problems.in_journal.add(problem);
            }
        }
        for (key, changes) in record.changes.iter().filter(|(key, _)| self.range.has(key)) {
            let made = self.documents.entry(key.clone());
            let stand = (self.base, self.promised);
            if let Some(made) = touched(made, record.sequence, stand, &mut self.bytes, problems) {
                self.bytes += changes.iter().map(|change| moved(&mut made.document, change)).sum::<u64>();
            }
        }
        for news in record.news() {
            let key = Key::user(&news.award().user);
            if self.range.has(&key) {
                let made = self.documents.entry(key);
                let stand = (self.base, self.promised);
                if let Some(made) = touched(made, record.sequence, stand, &mut self.bytes, problems) {
                    self.bytes += AWARD_BYTES;
                    match &news {
                        News::Award(award) => give(&mut made.document, award, problems),
                        News::Revocation(revocation) => take_back(&mut made.document, revocation, problems),
                    }
                }
            }
        }
    }

    /// Adds what is wrong with what sled has and no event has made, and the like; says how many users there are, and
    /// who holds what.
    pub(super) fn finish(self, problems: &mut Problems) -> Rarity {
        let (mut users, mut holders) = (0, BTreeMap::<BadgeNumber, u64>::new());
        for (key, mut made) in self.documents {
            made.compare(&key, None, problems);
            if matches!(made.kept, Kept::Missed) && !made.document.is_new() {
                problems.in_sled(&key, "is missing");
            }
            if key.is_user() && !made.document.is_new() {
                users += 1;
                let mut badges: Vec<_> = made.document.awards().iter().map(|award| award.badge).collect();
                badges.dedup();
                for badge in badges {
                    *holders.entry(badge).or_default() += 1;
                }
            }
        }
        Rarity { users, holders }
    }
}

impl Made {
    /// Compares it with that in sled if that does not have the event `next`, which comes now; or if no more come.
    fn compare(&mut self, key: &Key, next: Option<(Sequence, Option<Sequence>)>, problems: &mut Problems) {
        let Kept::At(stands_at, digest) = self.kept else { return };
        if next.is_some_and(|(next, _)| next <= stands_at) {
            return;
        }
        self.kept = Kept::Seen;
        let bytes = postcard::to_stdvec(&self.document).unwrap_or_default();
        match next {
            Some((next, Some(promised))) if next <= promised => {
                let what = format!("stands at event {}, and lacks event {}", stands_at.0, next.0);
                problems.in_sled(key, &what);
            }
            _ if xxh3_128(&bytes) == digest => {}
            // It is older than in the snapshot, and may be: nobody knows how it was then.
            _ if stands_at < self.began => {}
            _ if self.document.is_new() => problems.in_sled(key, "comes of no event"),
            _ => {
                let what = format!("is not what the events up to {} come to", stands_at.0);
                problems.in_sled(key, &what);
            }
        }
    }
}

/// The document that an event is about to change, unless it began with what the event did.
fn touched<'a>(
    made: Entry<'a, Key, Made>,
    sequence: Sequence,
    (base, promised): (Sequence, Option<Sequence>),
    bytes: &mut u64,
    problems: &mut Problems,
) -> Option<&'a mut Made> {
    if sequence <= base && matches!(made, Entry::Vacant(_)) {
        return None;
    }
    let key = made.key().clone();
    let made = made.or_insert_with(|| {
        *bytes += DOCUMENT_BYTES + key.as_str().len() as u64;
        Made { document: Document::default(), began: Sequence(0), kept: Kept::Not }
    });
    let is_in_it = sequence <= base.max(made.began);
    if is_in_it || made.document.sequence < sequence {
        made.compare(&key, Some((sequence, promised)), problems);
    }
    if matches!(made.kept, Kept::Not) && promised.is_some_and(|promised| sequence <= promised) {
        made.kept = Kept::Missed;
    }
    if is_in_it {
        return None;
    }
    made.document.sequence = sequence;
    Some(made)
}

/// Moves a number; says by about how many bytes the document grew.
fn moved(document: &mut Document, change: &Change) -> u64 {
    let new = if document.cell(change.slot).is_none() { CELL_BYTES } else { 0 };
    let member = match &change.step {
        Step::Count | Step::Uncount | Step::Sum(_) | Step::Raise(_) | Step::Fall => 0,
        Step::Reset | Step::NotLately(..) | Step::Unrank(_) | Step::Place(..) => 0,
        // In the order, and by its key.
        Step::Rank(key, ..) => 2 * MEMBER_BYTES + key.as_str().len() as u64,
        Step::Distinct(text) | Step::Collect(text, _) => MEMBER_BYTES + text.len() as u64,
        Step::Run(_) | Step::Visit(..) | Step::Min(_) | Step::Max(_) => MEMBER_BYTES,
        Step::First(..) | Step::Last(..) | Step::Lately(..) => MEMBER_BYTES,
        Step::Timer(_) => TIMER_BYTES,
    };
    if document.apply(change) { new + member } else { new }
}

fn give(document: &mut Document, award: &Award, problems: &mut Problems) {
    let (event, badge, user) = (award.place.sequence.0, award.badge.0, award.user.as_str());
    if award.first == document.holds(award.badge) {
        let problem =
            format!("event {event} gives badge number {badge} to {user:?}, and counts its holders wrongly");
        problems.in_journal.add(problem);
    }
    if !document.give(award.clone()) {
        let problem =
            format!("event {event} gives badge number {badge} to {user:?}, who held it for this key already");
        problems.in_journal.add(problem);
    }
}

fn take_back(document: &mut Document, revocation: &Revocation, problems: &mut Problems) {
    let award = &revocation.award;
    let (event, badge, user) = (revocation.place.sequence.0, award.badge.0, award.user.as_str());
    if !document.take_back(revocation.clone()) {
        let problem = format!(
            "event {event} takes badge number {badge} back from {user:?}, who did not hold it for this key"
        );
        problems.in_journal.add(problem);
    } else if revocation.last == document.holds(award.badge) {
        let problem = format!(
            "event {event} takes badge number {badge} back from {user:?}, and counts its holders wrongly"
        );
        problems.in_journal.add(problem);
    }
}
