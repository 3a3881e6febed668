//! What happened to a document that is not read yet: in order, and as the bytes that the journal has, which take a
//! tenth of what they take decoded.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::award::News;
use crate::document::Document;
use crate::event::Sequence;
use crate::store::journal::each_change;

/// So many bytes have room within: of most documents, one or two events change some cells.
const SHORT_BYTES: usize = 40;
/// What stands before changes: a sequence takes ten bytes at most.
const BEGIN_BYTES: usize = 16;
const TAKEN: &str = "memory takes whatever is written";
const READ_BEFORE: &str = "these bytes were read before they were put here";

/// What happened to a document.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    steps: SmallVec<[u8; SHORT_BYTES]>,
    /// About how much the document grows by it.
    pub(super) bytes: u64,
}

/// What stands before each part of it, with the sequence of the event.
#[derive(Serialize, Deserialize)]
enum Step {
    /// Changes follow, as they stand in the journal.
    Changes,
    /// An award was given or taken back.
    News(News),
}

impl Waiting {
    /// Adds changes, as they stand in the journal, where they can be read.
    pub(super) fn changes(&mut self, sequence: Sequence, changes: &[u8]) {
        let mut begin = [0; BEGIN_BYTES];
        let begin = postcard::to_slice(&(sequence, Step::Changes), &mut begin).expect(TAKEN);
        self.steps.extend_from_slice(begin);
        self.steps.extend_from_slice(changes);
    }

    /// Adds an award, or one that was taken back.
    pub(super) fn news(&mut self, sequence: Sequence, news: News) {
        let step = postcard::to_stdvec(&(sequence, Step::News(news))).expect(TAKEN);
        self.steps.extend_from_slice(&step);
    }

    /// Brings the document up to date: events that it has already are left alone.
    pub(super) fn apply_to(&self, document: &mut Document) {
        let has = document.sequence;
        let mut rest = &*self.steps;
        while !rest.is_empty() {
            let ((sequence, step), after) =
                postcard::take_from_bytes::<(Sequence, Step)>(rest).expect(READ_BEFORE);
            let is_new = sequence > has;
            rest = match step {
                Step::Changes => each_change(after, |change| _ = is_new && document.apply(&change)),
                Step::News(news) => {
                    _ = is_new && document.tell(news);
                    Ok(after)
                }
            }
            .expect(READ_BEFORE);
            document.sequence = document.sequence.max(sequence);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::award::{Award, Place, Revocation};
    use crate::badge::BadgeNumber;
    use crate::document::Change;
    use crate::event::{EventId, Time, UserId};
    use crate::key::Key;
    use crate::stat::{Cell, Slot, Step as Move};

    fn counted(slots: &[u32]) -> Vec<u8> {
        let changes = slots.iter().map(|slot| Change { slot: Slot(*slot), step: Move::Count });
        postcard::to_stdvec(&changes.collect::<Vec<_>>()).unwrap()
    }

    fn award(sequence: u64) -> Award {
        Award {
            place: Place { sequence: Sequence(sequence), index: 0 },
            user: UserId::default(),
            badge: BadgeNumber(1),
            key: Key::EMPTY,
            number: 1,
            time: Time::MIN,
            event_id: EventId::default(),
            points: 0,
            first: true,
        }
    }

    fn taken(sequence: u64, award: Award) -> Revocation {
        let place = Place { sequence: Sequence(sequence), index: 1 };
        Revocation { place, award, time: Time::MIN, event_id: EventId::default(), last: true }
    }

    /// Three events: the second changes twice, and takes back what the first gave.
    fn waiting() -> Waiting {
        let mut waiting = Waiting::default();
        waiting.changes(Sequence(5), &counted(&[1, 2]));
        waiting.news(Sequence(5), News::Award(award(5)));
        waiting.changes(Sequence(7), &counted(&[1]));
        waiting.changes(Sequence(7), &counted(&[1, 3]));
        waiting.news(Sequence(7), News::Revocation(taken(7, award(5))));
        waiting.changes(Sequence(300), &counted(&[1]));
        waiting
    }

    fn counts(document: &Document) -> [Option<&Cell>; 3] {
        [1, 2, 3].map(|slot| document.cell(Slot(slot)))
    }

    #[test]
    fn a_new_document_gets_all_that_waited_in_order() {
        let mut document = Document::default();
        waiting().apply_to(&mut document);
        assert_eq!(document.sequence, Sequence(300));
        let count = |count| Some(Cell::Count(count));
        assert_eq!(counts(&document), [&count(4), &count(1), &count(1)].map(Option::as_ref));
        assert_eq!((document.awards().len(), document.revoked().len()), (0, 1));
    }

    #[test]
    fn events_that_a_document_has_are_left_alone_and_of_others_nothing_is() {
        let mut document = Document::default();
        document.sequence = Sequence(5);
        assert!(document.give(award(5)));
        waiting().apply_to(&mut document);
        let count = |count| Some(Cell::Count(count));
        assert_eq!(counts(&document), [&count(3), &None, &count(1)].map(Option::as_ref));
        assert_eq!((document.awards().len(), document.revoked().len()), (0, 1));
        for sequence in [300, 400] {
            let mut document = Document::default();
            document.sequence = Sequence(sequence);
            waiting().apply_to(&mut document);
            assert_eq!((counts(&document), document.sequence), ([None; 3], Sequence(sequence)));
        }
    }
}
