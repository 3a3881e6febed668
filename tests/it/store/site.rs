//! A small site whose events are decided by hand: what the engine will do, without rules. It remembers
//! everything, so that it can say what a store must answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use laurels::award::{Award, Place};
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
    /// view gives a badge for that photo, each fifth one badge for ever.
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
            event,
        };
        let views = self.records.iter().filter(|record| record.event.user == user).count() + 1;
        let known = self.documents.get(&of_user).cloned().unwrap_or_default();
        let mut give = |badge, key| {
            record.awards.push(Award {
                place: Place { sequence, index: record.awards.len() as u32 },
                user: user.clone(),
                badge: BadgeNumber(badge),
                key,
                time: record.event.time,
                event_id: record.event.id.clone(),
                points: 1,
                first: !known.holds(BadgeNumber(badge)),
            });
        };
        if views % 3 == 0 && known.award(BadgeNumber(3), &of_photo).is_none() {
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
            let page = store.awards_after(Place::START, Some(user), usize::MAX).unwrap();
            assert_eq!(page.items, self.awards(Some(user)));
            assert_eq!(page.reached, Place::end_of(store.head()));
        }
        let page = store.awards_after(Place::end_of(before), None, usize::MAX).unwrap();
        assert_eq!(page.items, kept.iter().flat_map(|record| record.awards.clone()).collect::<Vec<_>>());
        assert_eq!(page.reached, Place::end_of(store.head()));
        for after in 0..before.0 {
            let oldest = Place::end_of(before);
            let expired =
                |error: &Error| matches!(error, Error::Expired { oldest: found, .. } if *found == oldest);
            let places = [Place { sequence: Sequence(after), index: 0 }, Place::end_of(Sequence(after))];
            for place in places {
                assert!(expired(&store.awards_after(place, None, 1).unwrap_err()), "{place:?}");
            }
            assert!(expired(&store.records_after(Sequence(after), 1).unwrap_err()), "{after}");
        }
    }

    /// The awards of a user, or all, in order.
    pub(crate) fn awards(&self, user: Option<&UserId>) -> Vec<Award> {
        let awards = self.records.iter().flat_map(|record| &record.awards);
        awards.filter(|award| user.is_none_or(|user| award.user == *user)).cloned().collect()
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
