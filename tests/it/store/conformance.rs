//! What every store must do, whatever it is made of. A store passes by naming itself to `conformance!` with a
//! way to be opened: the same data again each time.

use std::sync::Arc;

use laurels::award::{News, Place};
use laurels::badge::Badge;
use laurels::catalog::{Fingerprint, Numbers};
use laurels::document::Document;
use laurels::event::{EventId, Sequence, Time, UserId};
use laurels::key::Key;
use laurels::outcome::Rarity;
use laurels::store::{BACKUP_CHUNK_BYTES, Earlier, Error, Store, Until};

use super::retention::fill_at;
use super::site::Site;

/// A place for one store's data.
pub(crate) trait Home {
    /// Opens the store there; an earlier one was closed.
    fn open(&self) -> Arc<dyn Store>;

    /// Another store, made of a backup of one like this.
    fn restored(&self, backup: &[u8], until: Until) -> Result<Arc<dyn Store>, Error>;
}

/// Makes a test of each demand, for the store that lives in the home that the expression makes.
macro_rules! conformance {
    ($home:expr; $($demand:ident),* $(,)?) => {
        $(#[test] fn $demand() { $crate::store::conformance::$demand(&$home); })*
    };
    ($home:expr) => {
        $crate::store::conformance::conformance!($home;
            a_new_store_is_empty,
            what_is_committed_can_be_read_at_once,
            what_is_committed_is_there_after_opening_again,
            a_group_that_leaves_a_gap_is_refused_whole,
            an_empty_group_is_nothing,
            checkpoints_change_nothing_that_can_be_seen,
            a_document_that_was_written_over_is_read_as_it_is_now,
            large_documents_are_kept,
            odd_keys_and_users_are_kept,
            awards_come_in_pages_without_gap_or_repetition,
            awards_after_every_place_are_the_rest,
            records_come_in_pages,
            users_come_in_pages_in_order,
            numbers_are_kept,
            identities_differ_and_never_change,
            a_backup_has_all_that_was_kept_when_it_began,
            a_backup_to_any_event_is_the_store_as_it_was_then,
            a_backup_to_a_time_ends_before_what_arrived_later,
            what_is_not_there_yet_is_in_no_backup,
            a_restored_store_goes_on_along_a_timeline_of_its_own,
            what_is_reclaimed_is_missed_by_nobody_but_who_asks_for_it,
            readers_see_whole_events_while_a_writer_writes,
            who_does_not_wait_for_documents_is_handed_them,
        );
    };
}
pub(crate) use conformance;

pub(crate) fn a_new_store_is_empty(home: &dyn Home) {
    let store = home.open();
    Site::default().assert_kept(&*store);
    assert_eq!(store.numbers(), Numbers::default());
    assert_eq!(store.rarity(), Rarity::default());
    let nobody = Key::new([("photo", "p")]);
    assert_eq!(*store.load(&[nobody]).unwrap()[0], Document::default());
}

pub(crate) fn what_is_committed_can_be_read_at_once(home: &dyn Home) {
    let store = home.open();
    let mut site = Site::default();
    for group in site.clone().views(40, 7) {
        for outcome in &group {
            let event = &outcome.record.event;
            site.view(event.id.as_str(), event.user.as_str(), &event.subject);
        }
        store.commit(&group).unwrap();
        site.assert_kept(&*store);
        let key = &group[0].documents[0].0;
        assert!(store.at_hand(key).is_none_or(|document| document == site.documents[key]));
    }
}

pub(crate) fn what_is_committed_is_there_after_opening_again(home: &dyn Home) {
    let mut site = Site::default();
    for _ in 0..4 {
        let store = home.open();
        site.assert_kept(&*store);
        site.fill(&*store, 55);
        site.assert_kept(&*store);
    }
    site.assert_kept(&*home.open());
}

pub(crate) fn a_group_that_leaves_a_gap_is_refused_whole(home: &dyn Home) {
    let mut site = Site::default();
    let store = home.open();
    site.fill(&*store, 3);
    let mut ahead = site.clone();
    let group = ahead.views(3, 3).remove(0);
    assert!(store.commit(&group[1..]).is_err());
    assert!(store.commit(&[group[0].clone(), group[2].clone()]).is_err());
    assert!(store.commit(&[group[0].clone(), group[0].clone()]).is_err());
    site.assert_kept(&*store);
    drop(store);
    let store = home.open();
    site.assert_kept(&*store);
    store.commit(&group).unwrap();
    ahead.assert_kept(&*store);
}

pub(crate) fn an_empty_group_is_nothing(home: &dyn Home) {
    let store = home.open();
    store.commit(&[]).unwrap();
    Site::default().assert_kept(&*store);
}

pub(crate) fn checkpoints_change_nothing_that_can_be_seen(home: &dyn Home) {
    let mut site = Site::default();
    let store = home.open();
    for _ in 0..5 {
        site.fill(&*store, 23);
        store.checkpoint().unwrap();
        store.checkpoint().unwrap();
        site.assert_kept(&*store);
    }
    site.fill(&*store, 1);
    drop(store);
    site.assert_kept(&*home.open());
}

pub(crate) fn a_document_that_was_written_over_is_read_as_it_is_now(home: &dyn Home) {
    let mut site = Site::default();
    for _ in 0..3 {
        let store = home.open();
        store.commit(&[site.view(&format!("a{}", site.records.len()), "ann", "p")]).unwrap();
        store.checkpoint().unwrap();
        store.commit(&[site.view(&format!("b{}", site.records.len()), "ann", "p")]).unwrap();
        site.assert_kept(&*store);
    }
}

pub(crate) fn large_documents_are_kept(home: &dyn Home) {
    let mut site = Site::default();
    let store = home.open();
    let viewers = |site: &mut Site, count: usize| {
        let begin = site.records.len();
        let view = |number: usize| (format!("e{number}"), format!("somebody-with-a-long-name-{number}"));
        let views = (begin..begin + count).map(view).collect::<Vec<_>>();
        views.iter().map(|(id, user)| site.view(id, user, "popular")).collect::<Vec<_>>()
    };
    for count in [300, 1200] {
        store.commit(&viewers(&mut site, count)).unwrap();
        store.checkpoint().unwrap();
    }
    drop(store);
    let store = home.open();
    let popular = Key::new([("photo", "popular")]);
    assert_eq!(store.load(std::slice::from_ref(&popular)).unwrap()[0], site.documents[&popular]);
    store.commit(&viewers(&mut site, 1)).unwrap();
    store.checkpoint().unwrap();
    drop(store);
    assert_eq!(home.open().load(std::slice::from_ref(&popular)).unwrap()[0], site.documents[&popular]);
}

pub(crate) fn odd_keys_and_users_are_kept(home: &dyn Home) {
    let mut site = Site::default();
    let store = home.open();
    let long = "x".repeat(512);
    let photos = ["", "\0", "\0\0", "a\u{1e}b\u{1f}c\u{1d}", &*long, "é", "a", "a\0"];
    for (at, photo) in photos.iter().enumerate() {
        // A subject has no control characters; a key made by a rule may.
        let mut outcome = site.view(&format!("e{at}"), &format!("u{}é", "a".repeat(at)), "p");
        outcome.record.changes[1].0 = Key::new([("photo", *photo), ("user", "b")]);
        let mut document = Document::default();
        outcome.record.apply_to(&outcome.record.changes[1].0, &mut document);
        outcome.documents = vec![(outcome.record.changes[1].0.clone(), Arc::new(document))];
        store.commit(&[outcome]).unwrap();
    }
    let check = |store: &dyn Store| {
        for (at, photo) in photos.iter().enumerate() {
            let key = Key::new([("user", "b"), ("photo", photo)]);
            assert_eq!(store.load(&[key]).unwrap()[0].sequence, Sequence(at as u64 + 1), "{photo:?}");
        }
    };
    check(&*store);
    store.checkpoint().unwrap();
    drop(store);
    check(&*home.open());
}

pub(crate) fn awards_come_in_pages_without_gap_or_repetition(home: &dyn Home) {
    let mut site = Site::default();
    let store = home.open();
    site.fill(&*store, 200);
    let user = UserId::parse("user-3").unwrap();
    for user in [None, Some(&user)] {
        for limit in [1, 2, 7, 1000] {
            let (mut awards, mut after) = (Vec::<News>::new(), Place::START);
            loop {
                let page = store.news_after(after, user, limit).unwrap();
                assert!(page.items.len() <= limit);
                awards.extend(page.items);
                assert!(page.reached > after || page.reached == Place::end_of(store.head()));
                after = page.reached;
                if after == Place::end_of(store.head()) {
                    break;
                }
            }
            assert_eq!(awards, site.news(user));
        }
    }
}

pub(crate) fn awards_after_every_place_are_the_rest(home: &dyn Home) {
    let mut site = Site::default();
    let store = home.open();
    site.fill(&*store, 60);
    store.checkpoint().unwrap();
    site.fill(&*store, 30);
    let places = site.records.iter().flat_map(|record| {
        let of_awards = record.news().map(|news| news.place());
        of_awards.chain([Place { sequence: record.sequence, index: 0 }, Place::end_of(record.sequence)])
    });
    let users: Vec<_> = (0..7).map(|number| UserId::parse(&format!("user-{number}")).unwrap()).collect();
    for after in places.chain([Place::START, Place::end_of(Sequence(1000))]) {
        for user in users.iter().map(Some).chain([None]) {
            let page = store.news_after(after, user, usize::MAX).unwrap();
            let rest: Vec<_> = site.news(user).into_iter().filter(|news| news.place() > after).collect();
            assert_eq!(page.items, rest, "{after:?} {user:?}");
            assert_eq!(page.reached, Place::end_of(store.head()).max(after));
        }
    }
}

pub(crate) fn records_come_in_pages(home: &dyn Home) {
    let mut site = Site::default();
    let store = home.open();
    site.fill(&*store, 35);
    for limit in [1, 10, 12] {
        for after in 0..=35 {
            let page = store.records_after(Sequence(after as u64), limit).unwrap();
            assert_eq!(page, site.records[after..usize::min(after + limit, 35)]);
        }
    }
    assert_eq!(store.records_after(Sequence(u64::MAX), 1).unwrap(), []);
}

pub(crate) fn users_come_in_pages_in_order(home: &dyn Home) {
    let mut site = Site::default();
    let store = home.open();
    let mut names: Vec<_> = (0..30).map(|number| format!("u{}", number * 7 % 31)).collect();
    for (at, name) in names.iter().enumerate() {
        store.commit(&[site.view(&format!("e{at}"), name, "p")]).unwrap();
        if at == 14 {
            store.checkpoint().unwrap();
        }
    }
    names.sort();
    for limit in [1, 4, 100] {
        let mut found: Vec<UserId> = Vec::new();
        loop {
            let page = store.users_after(found.last(), limit).unwrap();
            if page.is_empty() {
                break;
            }
            assert!(page.len() <= limit);
            found.extend(page);
        }
        assert_eq!(found.iter().map(UserId::as_str).collect::<Vec<_>>(), names);
    }
}

pub(crate) fn numbers_are_kept(home: &dyn Home) {
    let mut site = Site::default();
    let mut numbers = Numbers::default();
    for round in 0..4_u32 {
        let store = home.open();
        assert_eq!(store.numbers(), numbers);
        site.fill(&*store, 5);
        numbers.slot(Fingerprint(u128::from(round)));
        numbers.declare(Badge { id: format!("badge-{round}").into(), ..Badge::default() });
        store.adopt(&numbers).unwrap();
        assert_eq!(store.numbers(), numbers);
        site.fill(&*store, 5 * round as usize);
        if round % 2 == 1 {
            store.checkpoint().unwrap();
            numbers.retire_all();
            store.adopt(&numbers).unwrap();
        }
        site.assert_kept(&*store);
    }
    assert_eq!(home.open().numbers(), numbers);
}

pub(crate) fn identities_differ_and_never_change(home: &dyn Home) {
    let identity = home.open().identity();
    assert_eq!(home.open().identity(), identity);
}

/// All of a backup.
pub(crate) fn backup(store: &dyn Store, until: Until) -> Vec<u8> {
    store.backup(until).unwrap().flat_map(|chunk| chunk.unwrap()).collect()
}

pub(crate) fn a_backup_has_all_that_was_kept_when_it_began(home: &dyn Home) {
    let store = home.open();
    let mut site = Site::default();
    let mut numbers = Numbers::default();
    numbers.declare(Badge { id: "early".into(), ..Badge::default() });
    store.adopt(&numbers).unwrap();
    site.fill(&*store, 37);
    store.checkpoint().unwrap();
    site.fill(&*store, 20);
    numbers.declare(Badge { id: "late".into(), ..Badge::default() });
    store.adopt(&numbers).unwrap();

    let mut backup = store.backup(Until::Head).unwrap();
    let then = site.clone();
    site.fill(&*store, 30);
    let mut bytes = backup.next().unwrap().unwrap();
    site.fill(&*store, 30);
    for chunk in backup {
        let chunk = chunk.unwrap();
        assert!(!chunk.is_empty() && chunk.len() <= BACKUP_CHUNK_BYTES);
        bytes.extend(chunk);
    }
    let restored = home.restored(&bytes, Until::Head).unwrap();
    then.assert_kept(&*restored);
    assert_eq!((restored.identity(), restored.numbers()), (store.identity(), numbers));
    site.assert_kept(&*store);
}

pub(crate) fn a_backup_to_any_event_is_the_store_as_it_was_then(home: &dyn Home) {
    let store = home.open();
    let mut site = Site::default();
    site.fill(&*store, 25);
    let whole = backup(&*store, Until::Head);
    for events in [0, 1, 9, 10, 11, 24, 25] {
        let until = Until::Event(Sequence(events));
        let then = site.only(events as usize);
        then.assert_kept(&*home.restored(&backup(&*store, until), Until::Head).unwrap());
        then.assert_kept(&*home.restored(&whole, until).unwrap());
    }
}

pub(crate) fn a_backup_to_a_time_ends_before_what_arrived_later(home: &dyn Home) {
    let store = home.open();
    let mut site = Site::default();
    let time = |second: i64| Time::from_unix(1_700_000_000 + second, 0).unwrap();
    for second in 0..20 {
        let mut outcome = site.view(&format!("e{second}"), "ann", "p");
        outcome.record.arrival = time(second);
        site.records.last_mut().unwrap().arrival = time(second);
        store.commit(&[outcome]).unwrap();
    }
    let whole = backup(&*store, Until::Head);
    for (until, events) in [(-1, 0), (0, 1), (7, 8), (19, 20), (1000, 20)] {
        let (until, then) = (Until::Time(time(until)), site.only(events));
        then.assert_kept(&*home.restored(&backup(&*store, until), Until::Head).unwrap());
        then.assert_kept(&*home.restored(&whole, until).unwrap());
    }
}

pub(crate) fn what_is_not_there_yet_is_in_no_backup(home: &dyn Home) {
    let store = home.open();
    let mut site = Site::default();
    site.fill(&*store, 5);
    let beyond = Until::Event(Sequence(6));
    assert!(matches!(store.backup(beyond), Err(Error::Refused { .. })));
    let whole = backup(&*store, Until::Head);
    assert!(matches!(home.restored(&whole, beyond), Err(Error::Refused { .. })));
}

pub(crate) fn a_restored_store_goes_on_along_a_timeline_of_its_own(home: &dyn Home) {
    let store = home.open();
    let mut site = Site::default();
    site.fill(&*store, 20);
    let whole = backup(&*store, Until::Head);
    let (ten, mut names) = (Until::Event(Sequence(10)), vec![store.timelines().of(Sequence(11))]);
    for _ in 0..2 {
        let restored = home.restored(&whole, ten).unwrap();
        let timelines = restored.timelines();
        assert_eq!(timelines.of(Sequence(10)), names[0]);
        names.push(timelines.of(Sequence(11)));

        let mut other = site.only(10);
        restored.commit(&[other.view("other", "zoe", "p")]).unwrap();
        other.fill(&*restored, 7);
        other.assert_kept(&*restored);
        restored.checkpoint().unwrap();
        assert_eq!(restored.timelines(), timelines);
        // And a store that was restored can be restored once more, further on.
        let again = home.restored(&backup(&*restored, Until::Head), Until::Head).unwrap();
        other.assert_kept(&*again);
        let lineage = [10, 11, 18].map(|at| again.timelines().of(Sequence(at)));
        assert_eq!(lineage, [names[0], timelines.of(Sequence(11)), timelines.of(Sequence(11))]);
        names.push(again.timelines().of(Sequence(19)));
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 5, "each has a name of its own");
}

pub(crate) fn what_is_reclaimed_is_missed_by_nobody_but_who_asks_for_it(home: &dyn Home) {
    let mut site = Site::default();
    let mut kept = Sequence(1);
    for round in 0..3 {
        let store = home.open();
        fill_at(&mut site, &*store, 100, round);
        store.reclaim(Time::from_unix(round, 0).unwrap()).unwrap();
        // How much goes is the store's business; nothing goes that is not old.
        assert!(kept <= store.kept_from() && store.kept_from().0 <= round as u64 * 100 + 1);
        kept = store.kept_from();
        site.assert_kept_from(&*store, kept);
        fill_at(&mut site, &*store, 1, round);
        store.checkpoint().unwrap();
        drop(store);
        site = site.only(site.records.len());
        let store = home.open();
        site.assert_kept_from(&*store, kept);
        let restored = home.restored(&backup(&*store, Until::Head), Until::Head).unwrap();
        site.assert_kept_from(&*restored, kept);
        assert!(restored.reclaim(Time::MIN).is_ok());
        site.assert_kept_from(&*restored, kept);
    }
}

pub(crate) fn readers_see_whole_events_while_a_writer_writes(home: &dyn Home) {
    let store = home.open();
    let mut site = Site::default();
    let groups = site.views(2000, 20);
    let keys: Vec<_> = site.documents.keys().cloned().collect();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut last = vec![Sequence(0); keys.len()];
                while store.head() < Sequence(2000) {
                    let head = store.head();
                    for (document, last) in store.load(&keys).unwrap().iter().zip(&mut last) {
                        assert!(document.sequence >= *last, "a document went back");
                        *last = document.sequence;
                    }
                    if head > Sequence(0) {
                        let id = EventId::parse(&format!("e{}", head.0 - 1)).unwrap();
                        let record = store.recorded(&id).unwrap().and_then(Earlier::record);
                        assert_eq!(record.map(|record| record.sequence), Some(head));
                    }
                }
            });
        }
        for (at, group) in groups.iter().enumerate() {
            store.commit(group).unwrap();
            if at % 10 == 0 {
                store.checkpoint().unwrap();
            }
        }
    });
    site.assert_kept(&*store);
}

pub(crate) fn who_does_not_wait_for_documents_is_handed_them(home: &dyn Home) {
    let mut site = Site::default();
    let store = home.open();
    for group in site.views(200, 20) {
        store.commit(&group).unwrap();
    }
    store.checkpoint().unwrap();
    drop(store);
    let store = home.open();
    let keys: Vec<_> = site.documents.keys().cloned().chain([Key::new([("photo", "never seen")])]).collect();
    let (sender, handed) = std::sync::mpsc::channel();
    // Cold, and then warm; all asked for before any is waited for.
    for key in keys.iter().chain(&keys) {
        let (sender, asked) = (sender.clone(), key.clone());
        store.load_then(vec![key.clone()], Box::new(move |loaded| sender.send((asked, loaded)).unwrap()));
    }
    drop(sender);
    let mut seen = 0;
    for (key, loaded) in handed {
        let expected = site.documents.get(&key).cloned().unwrap_or_default();
        assert_eq!(*loaded.unwrap()[0], *expected, "{key:?}");
        seen += 1;
    }
    assert_eq!(seen, 2 * keys.len());
}
