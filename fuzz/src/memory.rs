//! A store that keeps everything in memory: for targets that are about what is in front of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use laurels::award::{News, Place};
use laurels::catalog::Numbers;
use laurels::document::Document;
use laurels::engine::{Documents, InMemory};
use laurels::event::{EventId, Sequence, Time, UserId};
use laurels::key::Key;
use laurels::outcome::{Outcome, Rarity, Record};
use laurels::store::{Backup, Earlier, Error, Identity, Page, Store, Timelines, Until};

/// A store without files.
#[derive(Default)]
pub struct Memory {
    /// So many events are said to have happened before, of which nothing is known.
    before: u64,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    records: Vec<Record>,
    documents: InMemory,
    numbers: Numbers,
    rarity: Rarity,
}

/// The identity of every [`Memory`].
pub const IDENTITY: Identity = Identity(0x6c61_7572_656c_7300);

impl Memory {
    /// As if so many events had happened before.
    pub fn after(events: u64) -> Memory {
        Memory { before: events, ..Memory::default() }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Memory {
    fn identity(&self) -> Identity {
        IDENTITY
    }

    fn head(&self) -> Sequence {
        Sequence(self.before + self.kept().records.len() as u64)
    }

    fn numbers(&self) -> Numbers {
        self.kept().numbers.clone()
    }

    fn adopt(&self, numbers: &Numbers) -> Result<(), Error> {
        self.kept().numbers = numbers.clone();
        Ok(())
    }

    fn timelines(&self) -> Timelines {
        Timelines::default()
    }

    fn recorded(&self, id: &EventId) -> Result<Option<Earlier>, Error> {
        let kept = self.kept();
        let record = kept.records.iter().find(|record| record.event.id == *id);
        Ok(record.map(|record| Earlier::Kept(Box::new(record.clone()))))
    }

    fn at_hand(&self, key: &Key) -> Option<Arc<Document>> {
        self.kept().documents.get(key)
    }

    fn load(&self, keys: &[Key]) -> Result<Vec<Arc<Document>>, Error> {
        Ok(keys.iter().filter_map(|key| self.at_hand(key)).collect())
    }

    fn commit(&self, group: &[Outcome]) -> Result<(), Error> {
        let mut kept = self.kept();
        for outcome in group {
            kept.rarity.count(&outcome.record);
            kept.documents.0.extend(outcome.documents.iter().cloned());
            kept.records.push(outcome.record.clone());
        }
        Ok(())
    }

    fn news_after(&self, after: Place, user: Option<&UserId>, limit: usize) -> Result<Page<News>, Error> {
        let kept = self.kept();
        let news = kept.records.iter().flat_map(Record::news);
        let of_user = |news: &News| user.is_none_or(|user| news.award().user == *user);
        let items: Vec<_> = news.filter(of_user).filter(|news| news.place() > after).take(limit).collect();
        let end = Place::end_of(Sequence(self.before + kept.records.len() as u64)).max(after);
        let reached = items.last().filter(|_| items.len() == limit).map_or(end, News::place);
        Ok(Page { items, reached })
    }

    fn records_after(&self, after: Sequence, limit: usize) -> Result<Vec<Record>, Error> {
        let kept = self.kept();
        let records = kept.records.iter().filter(|record| record.sequence > after);
        Ok(records.take(limit).cloned().collect())
    }

    fn users_after(&self, after: Option<&UserId>, limit: usize) -> Result<Vec<UserId>, Error> {
        let kept = self.kept();
        let users = kept.documents.0.keys().filter(|key| key.is_user());
        let users = users.filter_map(|key| UserId::parse(&key.part("user")?).ok());
        let mut users: Vec<_> = users.filter(|user| after.is_none_or(|after| user > after)).collect();
        users.sort_unstable();
        users.truncate(limit);
        Ok(users)
    }

    fn rarity(&self) -> Rarity {
        self.kept().rarity.clone()
    }

    fn checkpoint(&self) -> Result<(), Error> {
        Ok(())
    }

    fn kept_from(&self) -> Sequence {
        Sequence(1)
    }

    fn reclaim(&self, _: Time) -> Result<(), Error> {
        Ok(())
    }

    fn backup(&self, _: Until) -> Result<Backup, Error> {
        Err(Error::Refused { problem: "what is in memory only has no backup".to_owned() })
    }
}
