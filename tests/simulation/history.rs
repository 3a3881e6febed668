//! What was kept, as it was learned from the store, event by event, and what the model says to each.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use laurels::award::{Award, News, Place, Revocation};
use laurels::badge::BadgeNumber;
use laurels::catalog::Catalog;
use laurels::document::{Document, REVOCATIONS_MAX};
use laurels::event::{Sequence, Time, UserId};
use laurels::key::Key;
use laurels::outcome::Record;
use laurels::stat::{Cell, Slot, TimerCell};
use laurels::store::Store;

use crate::model::{BADGES, Given, Model, OfPhoto, OfUser, Said, longest};
use crate::schedule::broken;
use crate::site::Rules;

/// Everything that is known to be kept.
#[derive(Default)]
pub(crate) struct History {
    pub(crate) records: Vec<Record>,
    /// By which rules each was decided.
    rules: Vec<Rules>,
    /// In order.
    pub(crate) news: Vec<News>,
    /// Which of them are about each user.
    by_user: HashMap<String, Vec<usize>>,
    /// What is held.
    held: BTreeMap<Given, Award>,
    /// By award, how often it was taken back; and how often each of the news had been before.
    taken_back: BTreeMap<Given, usize>,
    taken_back_before: Vec<(Given, usize)>,
    pub(crate) ticks: u64,
    pub(crate) by_id: HashMap<String, usize>,
    model: Model,
    /// Up to where each user's document is known to have changed.
    changed: HashMap<String, u64>,
    numbers: BTreeMap<&'static str, BadgeNumber>,
    slots: BTreeMap<&'static str, Slot>,
    /// How often something was compared.
    pub(crate) checks: u64,
}

const STATS: [&str; 17] = [
    "viewer",
    "early-bird",
    "home-days",
    "linguist",
    "gallery",
    "settled",
    "active",
    "lively",
    "posts",
    "viewers",
    "photographer",
    "pioneer",
    "player",
    "regular",
    "noticed",
    "noticed-twice",
    "all-round",
];

impl History {
    pub(crate) fn head(&self) -> Sequence {
        Sequence(self.records.len() as u64)
    }

    /// A catalog was taken into use: numbers given once are given for ever.
    pub(crate) fn takes_into_use(&mut self, rules: Rules, catalog: &Catalog) {
        for id in &BADGES {
            let Some(badge) = catalog.badge_by_id(id) else { continue };
            let known = *self.numbers.entry(id).or_insert(badge.number);
            if known != badge.number {
                broken("a badge keeps its number", format!("{id} had {known:?} and has {:?}", badge.number));
            }
        }
        for name in &STATS {
            let Some(stat) = catalog.stats.iter().find(|stat| stat.name == *name) else { continue };
            let definition = if *name == "player" && rules == Rules::B { "player, ranked" } else { name };
            let known = *self.slots.entry(definition).or_insert(stat.slot);
            if known != stat.slot {
                broken(
                    "a stat keeps its number",
                    format!("{definition} had {known:?} and has {:?}", stat.slot),
                );
            }
        }
    }

    /// One more event is kept: it must be what the model says.
    pub(crate) fn learn(&mut self, record: Record, rules: Rules) {
        self.checks += 1;
        let expected_sequence = self.head().next();
        if record.sequence != expected_sequence {
            broken(
                "events are kept in one order without a gap",
                format!("{:?} follows {:?}", record.sequence, self.head()),
            );
        }
        let id = record.event.id.as_str().to_owned();
        if let Some(earlier) = self.by_id.insert(id.clone(), self.records.len()) {
            broken("each id counts once", format!("{id} is event {} and {:?}", earlier + 1, record.sequence));
        }
        let said = self.model.keep(rules, &record);
        let news = self.expected(&record, said);
        if !record.news().eq(news.iter().map(|(_, news)| news.clone())) {
            broken(
                "an event is applied wholly, and gives and takes what the rules say",
                format!(
                    "{:?} ({:?}) did {:?}, not {news:?}",
                    record.sequence,
                    record.event,
                    record.news().collect::<Vec<_>>()
                ),
            );
        }
        self.ticks += u64::from(record.event.is_tick());
        for key in record.keys().iter().filter(|key| key.is_user()) {
            if let Some(user) = key.part("user") {
                self.changed.insert(user.into_owned(), record.sequence.0);
            }
        }
        for (given, news) in news {
            self.by_user.entry(given.user.clone()).or_default().push(self.news.len());
            let times = self.taken_back.entry(given.clone()).or_default();
            self.taken_back_before.push((given, *times));
            *times += usize::from(matches!(news, News::Revocation(_)));
            self.news.push(news);
        }
        self.records.push(record);
        self.rules.push(rules);
    }

    /// What is said of an event, as it must be kept.
    fn expected(&mut self, record: &Record, said: Vec<Said>) -> Vec<(Given, News)> {
        let mut news = Vec::new();
        for (index, Said { given, is_taken, is_edge, time, event }) in said.into_iter().enumerate() {
            let place = Place { sequence: record.sequence, index: index as u32 };
            let one = if is_taken {
                let award = self.held.remove(&given).expect("the model takes back what is held");
                News::Revocation(Revocation { place, award, time, event_id: event, last: is_edge })
            } else {
                let award = Award {
                    place,
                    user: UserId::parse(&given.user).expect("the site's users have names"),
                    badge: self.numbers.get(given.badge).copied().unwrap_or(BadgeNumber(u32::MAX)),
                    key: Key::new(given.photo.as_deref().map(|photo| ("photo", photo))),
                    number: given.number,
                    time,
                    event_id: event,
                    points: 0,
                    first: is_edge,
                };
                self.held.insert(given.clone(), award.clone());
                News::Award(award)
            };
            news.push((given, one));
        }
        news
    }

    /// The first news after a place that are among those asked for.
    pub(crate) fn next_news(&self, after: Place, mut wanted: impl FnMut(&News) -> bool) -> Option<&News> {
        let begin = self.news.partition_point(|news| news.place() <= after);
        self.news[begin..].iter().find(|news| wanted(news))
    }

    /// Whether a document remembers these news no longer: it does the latest times only that an award came and went.
    pub(crate) fn is_forgotten(&self, place: Place) -> bool {
        let Ok(at) = self.news.binary_search_by_key(&place, News::place) else { return false };
        let (given, before) = &self.taken_back_before[at];
        self.taken_back.get(given).is_some_and(|times| before + REVOCATIONS_MAX < *times)
    }

    /// What is due when the clock on the wall shows this, if anything is.
    pub(crate) fn overdue(&self, wall: Time) -> Option<String> {
        self.model.delays.due_by_the_wall(wall).map(|due| format!("{due:?}"))
    }

    /// How many acts by hand there were, and how many changed something.
    pub(crate) fn acts(&self) -> (u64, u64) {
        self.model.hands.count()
    }

    pub(crate) fn number(&self, badge: &str) -> Option<BadgeNumber> {
        self.numbers.get(badge).copied()
    }

    /// How many photos a user has posted.
    pub(crate) fn posted(&self, user: &str) -> i64 {
        self.model.users.get(user).map_or(0, |of_user| of_user.photographer)
    }

    /// A user's document that has everything up to a place must be what the model says.
    pub(crate) fn check_user(&mut self, user: &str, document: &Document, place: Place) {
        self.checks += 1;
        let own = self.by_user.get(user).map_or(&[][..], Vec::as_slice);
        let mut expected: BTreeMap<Place, &Award> = BTreeMap::new();
        for news in own.iter().map(|at| &self.news[*at]).take_while(|news| news.place() <= place) {
            match news {
                News::Award(award) => drop(expected.insert(award.place, award)),
                News::Revocation(revocation) => drop(expected.remove(&revocation.award.place)),
            }
        }
        let mut found: Vec<&Award> = document.awards().iter().collect();
        found.sort_by_key(|award| award.place);
        if !found.iter().eq(expected.values()) {
            broken(
                "a document has the awards that are held",
                format!("{user} at {place:?}: {found:?}, not {expected:?}"),
            );
        }
        if document.sequence > place.sequence {
            broken(
                "a document's place is not before it",
                format!("{user}: {:?} at {place:?}", document.sequence),
            );
        }
        // What came later is not for this document.
        if self.changed.get(user).is_some_and(|changed| *changed > place.sequence.0) {
            return;
        }
        let of_user = self.model.users.get(user).cloned().unwrap_or_default();
        let OfUser { photographer, pioneer, player, player_ranked, viewer, noticed_twice, .. } = of_user;
        let OfUser { days, all_round, gallery, settled, active, lively, .. } = of_user;
        let OfUser { early, home_days, languages, profile, .. } = of_user;
        let counts = [
            ("photographer", photographer),
            ("pioneer", pioneer),
            ("player", player),
            ("player, ranked", player_ranked),
            ("viewer", viewer),
            ("noticed-twice", noticed_twice),
            ("gallery", gallery),
            ("settled", settled),
            ("active", active),
            ("lively", lively),
            ("early-bird", early),
        ];
        for (name, count) in counts {
            self.check_count(user, document, name, count);
        }
        self.check_run(user, document, "regular", &days);
        self.check_run(user, document, "home-days", &home_days);
        let set: BTreeSet<String> = all_round.iter().map(|badge| format!("badge.{badge}")).collect();
        self.check_set(user, document, "all-round", &set);
        self.check_set(user, document, "linguist", &languages);
        profile.check(user, document);
    }

    /// Everything the store has must be what the model says.
    pub(crate) fn check_all(
        &mut self,
        store: &dyn Store,
        last_only: bool,
    ) -> Result<(), laurels::store::Error> {
        let head = Place::end_of(self.head());
        let recent = self.records.len().saturating_sub(200) as u64;
        let users: Vec<String> = self.model.users.keys().cloned().collect();
        for user in users {
            if last_only && self.changed.get(&user).is_none_or(|changed| *changed < recent) {
                continue;
            }
            let id = UserId::parse(&user).expect("the site's users have names");
            let documents = store.load(&[Key::user(&id)])?;
            self.check_user(&user, &documents[0], head);
            if !last_only {
                let page = store.news_after(Place::START, Some(&id), usize::MAX)?;
                let own = self.by_user.get(&user).map_or(&[][..], Vec::as_slice);
                let own = own.iter().map(|at| &self.news[*at]);
                let known = own.filter(|news| !self.is_forgotten(news.place()));
                if !page.items.iter().eq(known) {
                    broken(
                        "a user's news are what was given and taken back",
                        format!("{user}: {:?}", page.items),
                    );
                }
            }
        }
        let photos: Vec<_> =
            self.model.photos.iter().map(|(key, of_photo)| (key.clone(), of_photo.clone())).collect();
        for ((owner, photo), OfPhoto { viewers, noticed }) in photos {
            let document =
                self.load(store, &Key::new([("user", owner.as_str()), ("photo", photo.as_str())]))?;
            self.check_set(&photo, &document, "viewers", &viewers);
            let flag = self.cell(&document, "noticed").is_some_and(|cell| matches!(cell, Cell::Raised(_)));
            if flag != noticed {
                broken(
                    "a document is what its events made of it",
                    format!("{photo} noticed: {flag}, not {noticed}"),
                );
            }
        }
        let site = self.load(store, &Key::new([]))?;
        self.check_count("the site", &site, "posts", self.model.posts);
        self.check_delays(store)?;
        self.model.hands.check_log(&self.records, store, last_only)?;
        self.check_sums(store)
    }

    /// What waits, and in which order.
    fn check_delays(&mut self, store: &dyn Store) -> Result<(), laurels::store::Error> {
        self.checks += 1;
        let calendar = self.load(store, Key::calendar())?;
        let mut found = Vec::new();
        if let Some(Cell::Timer(TimerCell::Calendar(calendar))) = calendar.cell(Slot::TIME) {
            for (_, page) in calendar.pages() {
                let page = self.load(store, &Key::page(&page.name()))?;
                if let Some(Cell::Timer(TimerCell::Waiting(waiting))) = page.cell(Slot::TIME) {
                    found.extend(waiting.iter().map(|(turn, _)| (turn.due, turn.arrival)));
                }
            }
        }
        if !self.model.delays.turns().eq(found.iter().copied()) {
            let expected: Vec<_> = self.model.delays.turns().collect();
            broken("what is delayed waits until it is due", format!("{found:?} wait, not {expected:?}"));
        }
        Ok(())
    }

    fn check_sums(&mut self, store: &dyn Store) -> Result<(), laurels::store::Error> {
        let rarity = store.rarity();
        if rarity.users != self.model.users.len() as u64 {
            broken(
                "users are counted once",
                format!("{} are counted, not {}", rarity.users, self.model.users.len()),
            );
        }
        let holders = self
            .model
            .holders
            .iter()
            .filter_map(|(badge, held)| Some((self.number(badge)?, held.len() as u64)));
        let holders: BTreeMap<_, _> = holders.collect();
        if rarity.holders != holders {
            broken("holders are counted once", format!("{:?}, not {holders:?}", rarity.holders));
        }
        let users = store.users_after(None, usize::MAX)?;
        let mut names: Vec<_> = users.iter().map(|user| user.as_str().to_owned()).collect();
        names.sort();
        if !names.iter().eq(self.model.users.keys()) {
            broken("every user is listed once", format!("{names:?}"));
        }
        Ok(())
    }

    fn load(&self, store: &dyn Store, key: &Key) -> Result<Arc<Document>, laurels::store::Error> {
        Ok(store.load(std::slice::from_ref(key))?.pop().unwrap_or_default())
    }

    fn cell<'d>(&self, document: &'d Document, name: &str) -> Option<&'d Cell> {
        document.cell(*self.slots.get(name)?)
    }

    fn check_count(&mut self, of: &str, document: &Document, name: &str, expected: i64) {
        self.checks += 1;
        let found = match self.cell(document, name) {
            None => 0,
            Some(Cell::Count(count)) => *count,
            Some(other) => broken("a stat keeps its kind", format!("{other:?}")),
        };
        if found != expected {
            let at = document.sequence;
            broken(
                "a document is what its events made of it",
                format!("{of}'s {name} is {found}, not {expected} (at {at:?})"),
            );
        }
    }

    fn check_set(&mut self, of: &str, document: &Document, name: &str, expected: &BTreeSet<String>) {
        self.checks += 1;
        let found: BTreeSet<String> = match self.cell(document, name) {
            None => BTreeSet::new(),
            Some(Cell::Set(set)) => set.iter().map(ToString::to_string).collect(),
            Some(other) => broken("a stat keeps its kind", format!("{other:?}")),
        };
        if found != *expected {
            broken(
                "a document is what its events made of it",
                format!("{of}'s {name} is {found:?}, not {expected:?}"),
            );
        }
    }

    fn check_run(&mut self, user: &str, document: &Document, name: &str, days: &BTreeSet<i64>) {
        self.checks += 1;
        let run = self.cell(document, name).map(|cell| match cell {
            Cell::Run(run) => (run.size(), run.longest()),
            other @ (Cell::Count(_)
            | Cell::Sum(_)
            | Cell::Set(_)
            | Cell::Extreme(_)
            | Cell::Dated(_)
            | Cell::Raised(_)
            | Cell::Bag(_)
            | Cell::Visits(_)
            | Cell::Window(_)
            | Cell::Placed(_)
            | Cell::Ranking(_)
            | Cell::Timer(_)) => broken("a stat keeps its kind", format!("{other:?}")),
        });
        let expected = (days.len() as i64, longest(days));
        if run.unwrap_or_default() != expected {
            broken(
                "a document is what its events made of it",
                format!("{user}'s {name} are {run:?}, not {expected:?}"),
            );
        }
    }

    /// The same, had it ended with this event.
    pub(crate) fn until(&self, events: usize) -> History {
        let mut history =
            History { numbers: self.numbers.clone(), slots: self.slots.clone(), ..History::default() };
        for (record, rules) in self.records.iter().zip(&self.rules).take(events) {
            history.learn(record.clone(), *rules);
        }
        history
    }
}
