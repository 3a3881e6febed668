//! A small site whose events are decided by hand: what the engine will do, without rules. It remembers
//! everything, so that it can say what a store must answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use laurels::award::{Award, News, Place, Revocation};
use laurels::badge::BadgeNumber;
use laurels::document::{Change, Document};
use laurels::event::{Draft, Event, EventId, Sequence, Time, UserId};
use laurels::key::Key;
use laurels::outcome::{Outcome, Rarity, Record};
use laurels::stat::{Slot, Step};
use laurels::store::{Earlier, Error, Store};

/// What has happened, and what came of it.
#[derive(Clone, Default)]
pub(crate) struct Site {
    pub(crate) records: Vec<Record>,
    pub(crate) documents: BTreeMap<Key, Arc<Document>>,
    pub(crate) rarity: Rarity,
}

impl Site {
    /// Somebody views a photo. The user's views are counted, and the photo's viewers collected; each third
    /// view gives a badge for that photo, each fifth one badge for ever; each fourth takes a badge for a photo back.
    pub(crate) fn view(&mut self, id: &str, user: &str, photo: &str) -> Outcome {
        let event = event(id, user, photo);
        let sequence = Sequence(self.records.len() as u64 + 1);
        let user = event.user.clone();
        let of_user = Key::user(&user);
        let of_photo = Key::new([("photo", photo)]);
        let change = |slot, step| vec![Change { slot: Slot(slot), step }];
        let mut record = Record {
            sequence,
            arrival: event.time,
            historical: false,
            changes: vec![
                (of_user.clone(), change(0, Step::Count)),
                (of_photo.clone(), change(1, Step::Distinct(user.as_text().clone()))),
            ],
            awards: Vec::new(),
            newcomers: u32::from(!self.documents.contains_key(&of_user)),
            revoked: Vec::new(),
            event,
        };
        let views = self.records.iter().filter(|record| record.event.user == user).count() + 1;
        let known = self.documents.get(&of_user).cloned().unwrap_or_default();
        let of_badge = |award: &&Award| award.badge == BadgeNumber(3);
        let taken = known.awards().iter().find(of_badge).filter(|_| views % 4 == 0);
        if let Some(award) = taken {
            record.revoked.push(Revocation {
                place: Place { sequence, index: 0 },
                award: award.clone(),
                time: record.event.time,
                event_id: record.event.id.clone(),
                last: known.awards().iter().filter(of_badge).count() == 1,
            });
        }
        let first = u32::from(taken.is_some());
        let lost = record.revoked.iter().any(|revocation| revocation.last);
        let is_held = |badge, key: &Key| {
            known.times(badge, key) > 0 && taken.is_none_or(|taken| (taken.badge, &taken.key) != (badge, key))
        };
        let mut give = |badge, key| {
            record.awards.push(Award {
                place: Place { sequence, index: first + record.awards.len() as u32 },
                user: user.clone(),
                badge: BadgeNumber(badge),
                key,
                number: 1,
                time: record.event.time,
                event_id: record.event.id.clone(),
                points: 1,
                first: !known.holds(BadgeNumber(badge)) || (badge == 3 && lost),
            });
        };
        if views % 3 == 0 && !is_held(BadgeNumber(3), &of_photo) {
            give(3, of_photo.clone());
        }
        if views == 5 {
            give(5, Key::new([]));
        }
        self.take(record)
    }

    /// So many views by a handful of users, as groups of so many.
    pub(crate) fn views(&mut self, count: usize, group: usize) -> Vec<Vec<Outcome>> {
        let outcomes: Vec<_> = (0..count)
            .map(|_| {
                let number = self.records.len();
                self.view(
                    &format!("e{number}"),
                    &format!("user-{}", number % 7),
                    &format!("p{}", number % 11),
                )
            })
            .collect();
        outcomes.chunks(group).map(<[_]>::to_vec).collect()
    }

    /// So many views, kept in groups of ten.
    pub(crate) fn fill(&mut self, store: &dyn Store, count: usize) {
        for group in self.views(count, 10) {
            store.commit(&group).unwrap();
        }
    }

    /// Forgets what was not kept.
    pub(crate) fn only(&self, events: usize) -> Site {
        let mut site = Site::default();
        for record in &self.records[..events] {
            site.take(record.clone());
        }
        site
    }

    /// Whether the store answers all that it must, and nothing else.
    pub(crate) fn assert_kept(&self, store: &dyn Store) {
        self.assert_kept_from(store, Sequence(1));
    }

    /// The same, where only the records from this one on are kept.
    pub(crate) fn assert_kept_from(&self, store: &dyn Store, from: Sequence) {
        assert_eq!(store.kept_from(), from);
        let (gone, kept) = self.records.split_at(from.0 as usize - 1);
        assert_eq!(store.head(), Sequence(self.records.len() as u64));
        assert_eq!(store.rarity(), self.rarity);
        let keys: Vec<_> = self.documents.keys().cloned().collect();
        let loaded = store.load(&keys).unwrap();
        for ((key, expected), found) in self.documents.iter().zip(&loaded) {
            assert_eq!(found, expected, "{key:?}");
        }
        for record in gone {
            let reclaimed = Some(Earlier::Reclaimed(record.sequence));
            assert_eq!(store.recorded(&record.event.id).unwrap(), reclaimed);
        }
        for record in kept {
            let earlier = Some(Earlier::Kept(Box::new(record.clone())));
            assert_eq!(store.recorded(&record.event.id).unwrap(), earlier);
        }
        assert_eq!(store.recorded(&EventId::parse("never").unwrap()).unwrap(), None);
        let before = Sequence(from.0 - 1);
        assert_eq!(store.records_after(before, usize::MAX).unwrap(), kept);
        let users: BTreeSet<_> = self.records.iter().map(|record| record.event.user.clone()).collect();
        assert_eq!(store.users_after(None, usize::MAX).unwrap(), Vec::from_iter(users.iter().cloned()));
        for user in &users {
            let page = store.news_after(Place::START, Some(user), usize::MAX).unwrap();
            assert_eq!(page.items, self.news(Some(user)));
            assert_eq!(page.reached, Place::end_of(store.head()));
        }
        let page = store.news_after(Place::end_of(before), None, usize::MAX).unwrap();
        assert_eq!(page.items, kept.iter().flat_map(Record::news).collect::<Vec<_>>());
        assert_eq!(page.reached, Place::end_of(store.head()));
        for after in 0..before.0 {
            let oldest = Place::end_of(before);
            let expired =
                |error: &Error| matches!(error, Error::Expired { oldest: found, .. } if *found == oldest);
            let places = [Place { sequence: Sequence(after), index: 0 }, Place::end_of(Sequence(after))];
            for place in places {
                assert!(expired(&store.news_after(place, None, 1).unwrap_err()), "{place:?}");
            }
            assert!(expired(&store.records_after(Sequence(after), 1).unwrap_err()), "{after}");
        }
    }

    /// What a user, or all, were given and was taken back, in order.
    pub(crate) fn news(&self, user: Option<&UserId>) -> Vec<News> {
        let news = self.records.iter().flat_map(Record::news);
        news.filter(|news| user.is_none_or(|user| news.award().user == *user)).collect()
    }

    fn take(&mut self, record: Record) -> Outcome {
        let documents = record.keys().into_iter().map(|key| {
            let mut document =
                self.documents.get(&key).map(|known| Document::clone(known)).unwrap_or_default();
            record.apply_to(&key, &mut document);
            (key, Arc::new(document))
        });
        let documents: Vec<_> = documents.collect();
        self.documents.extend(documents.iter().cloned());
        self.rarity.count(&record);
        self.records.push(record.clone());
        Outcome { record, documents, left_out: 0 }
    }
}

fn event(id: &str, user: &str, photo: &str) -> Event {
    let draft = Draft {
        id: id.to_owned(),
        r#type: "photo.viewed".to_owned(),
        user: user.to_owned(),
        subject: photo.to_owned(),
        time: Some((1_700_000_000, 0)),
        ..Draft::default()
    };
    draft.parse(Time::from_unix(1_700_000_000, 0).unwrap()).unwrap()
}
