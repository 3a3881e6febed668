//! Long lists of the [`Embedded`] store, page by page: news of awards, events, users.

use std::collections::BTreeSet;

use super::{Embedded, Error, Page, Store};
use crate::award::{News, Place};
use crate::event::{Sequence, UserId};
use crate::key::Key;
use crate::outcome::Record;

/// At most so many bytes of journal are read for one page of news, or a little more: where awards are rare,
/// a page is short, and says how far it came.
const PAGE_JOURNAL_BYTES: usize = 4 << 20;

impl Embedded {
    /// What one user was told: from the user's document, however long the journal is.
    pub(super) fn news_of(&self, user: &UserId, after: Place, limit: usize) -> Result<Page<News>, Error> {
        // First how far everything is, then the document: it has at least that.
        let end = Place::end_of(self.head());
        let documents = self.load(&[Key::user(user)])?;
        let news = documents.iter().flat_map(|document| document.news());
        let mut items: Vec<_> = news.filter(|news| news.place() > after && news.place() <= end).collect();
        let all = items.len() <= limit;
        items.truncate(limit);
        let last = items.last().map_or(after, News::place);
        let reached = if all { end.max(after) } else { last };
        Ok(Page { items, reached })
    }

    /// What all users were told, from the journal.
    pub(super) fn news_of_all(&self, after: Place, limit: usize) -> Result<Page<News>, Error> {
        let head = self.head();
        let mut page = Page { items: Vec::new(), reached: after };
        let mut read = 0;
        // The rest of an event's news, where the place lies between them.
        let whole = after == Place::end_of(after.sequence);
        let from = Sequence(after.sequence.0.saturating_add(u64::from(whole)).max(1));
        let mut walk = self.shared.journal.walk_kept(from)?;
        while read < PAGE_JOURNAL_BYTES {
            let Some(frame) = walk.next_frame()? else { break };
            if frame.first() > head {
                break;
            }
            read += frame.size();
            for record in frame.events_from(from) {
                let record = record.map_err(|error| walk.unreadable(error))?;
                for news in record.news().filter(|news| news.place() > after) {
                    if page.items.len() >= limit {
                        return Ok(page);
                    }
                    page.reached = news.place();
                    page.items.push(news);
                }
                page.reached = page.reached.max(Place::end_of(record.sequence));
            }
        }
        if read < PAGE_JOURNAL_BYTES {
            page.reached = page.reached.max(Place::end_of(head));
        }
        Ok(page)
    }

    /// Events from the journal.
    pub(super) fn records(&self, after: Sequence, limit: usize) -> Result<Vec<Record>, Error> {
        let head = self.head();
        let mut records = Vec::new();
        let from = Sequence(after.0.saturating_add(1));
        let mut walk = self.shared.journal.walk_kept(from)?;
        while records.len() < limit {
            let Some(frame) = walk.next_frame()? else { break };
            // What is in the journal and not published yet is not there yet.
            if frame.next() > head.next() {
                break;
            }
            for record in frame.events_from(from).take(limit - records.len()) {
                records.push(record.map_err(|error| walk.unreadable(error))?);
            }
        }
        Ok(records)
    }

    /// Users, in the order of their keys.
    pub(super) fn users(&self, after: Option<&UserId>, limit: usize) -> Result<Vec<UserId>, Error> {
        let after = after.map(Key::user);
        // First those in memory, then those in sled: who leaves the one in between is in the other by then.
        let in_memory = self.shared.documents.dirty_users(after.as_ref());
        let in_sled = self.behind().users(after, limit)?;
        let keys: BTreeSet<_> = in_memory.into_iter().chain(in_sled).collect();
        let users = keys.iter().filter_map(|key| UserId::parse(&key.part("user")?).ok());
        Ok(users.take(limit).collect())
    }
}
