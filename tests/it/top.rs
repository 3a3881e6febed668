//! `top`: who is first, who comes in when one falls, and that it is all made again from the journal.

use std::collections::{BTreeMap, BTreeSet};

use laurels::engine::progress;
use laurels::event::{Time, UserId};
use laurels::key::Key;
use laurels::stat::{Cell, RANKING_MAX};

use crate::cold::{Site, given, user};

const LEADERS: &str = r#"
    [stat.points]
    on   = "won"
    undo = "unwon"
    sum  = "event.data.points"

    [flag.leader]
    value = "points"
    top   = 3

    [stat.leads]
    on = "flag.leader"
    by = []

    [badge.best]
    value = "points"
    top   = 1
"#;

/// For whom a flag is up, of these users.
fn up(site: &Site, flag: &str, users: impl IntoIterator<Item = String>) -> BTreeSet<String> {
    let slot = site.catalog.stats.iter().find(|stat| stat.name == flag).unwrap().slot;
    users.into_iter().filter(|name| site.document(&user(name)).cell(slot).is_some()).collect()
}

/// Whoever is first is what sorting all values says, whatever moved and in whatever order.
#[test]
fn the_first_three_are_those_that_sorting_everybody_gives() {
    let mut site = Site::new(LEADERS);
    let mut all = BTreeMap::<String, (i64, u64)>::new();
    let mut state = 11_u64;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut sizes = BTreeSet::new();
    for at in 1..600 {
        let (name, points) = (format!("u{}", next(9)), next(3) as i64 + 1);
        let add = next(2) == 0;
        site.record(if add { "won" } else { "unwon" }, &name, &format!(r#"{{"points":{points}}}"#));
        let known = all.entry(name.clone()).or_default();
        *known = (known.0 + if add { points } else { -points }, at);
        let mut sorted: Vec<_> = all.iter().map(|(name, (points, at))| (-points, at, name)).collect();
        sorted.sort();
        let first: BTreeSet<_> = sorted.into_iter().take(3).map(|(_, _, name)| name.clone()).collect();
        assert_eq!(up(&site, "leader", all.keys().cloned()), first, "after event {at}");
        sizes.insert(first);
        let leads = site.catalog.stats.iter().find(|stat| stat.name == "leads").unwrap().slot;
        let counted = site.document(&Key::new([])).cell(leads).cloned();
        assert_eq!(counted, Some(Cell::Count(all.len().min(3) as i64)), "each is counted while it is up");
    }
    assert!(sizes.len() > 20, "the first were often others");
}

#[test]
fn nobody_is_first_for_a_moment_because_two_values_changed_at_once() {
    let mut site = Site::new(
        r#"
        [stat.place]
        on  = "results"
        by  = { user = "event.data.users" }
        sum = "event.data.points * double(size(key.user))"

        [badge.best]
        value = "place"
        top   = 1
        "#,
    );
    // In the order of keys `a` is looked at before `bbb`, who has three times as much.
    let outcome = site.record("results", "admin", r#"{"users":["a","bbb","cc"],"points":2.0}"#);
    assert_eq!(given(&site, &outcome), ["bbb best"]);
}

#[test]
fn a_change_below_the_top_asks_for_nobody_else() {
    let mut site = Site::new(LEADERS);
    for number in 0..1000 {
        site.record("won", &format!("u{number:04}"), &format!(r#"{{"points":{}}}"#, 2000 - number));
    }
    site.record("won", "u0500", r#"{"points":1}"#);
    let asked: BTreeSet<_> = site.asked.iter().flatten().cloned().collect();
    assert_eq!(asked, [user("u0500"), Key::new([])].into());
}

#[test]
fn of_too_many_the_last_is_forgotten_and_comes_in_again_when_its_value_changes() {
    let mut site = Site::new(LEADERS);
    for number in 0..=RANKING_MAX {
        site.record(
            "won",
            &format!("u{number:05}"),
            &format!(r#"{{"points":{}}}"#, RANKING_MAX - number + 1),
        );
    }
    let slot = site.catalog.rules.iter().find(|rule| rule.name == "leader").unwrap();
    let slot = slot.top.as_ref().unwrap().slot;
    let last = user(&format!("u{RANKING_MAX:05}"));
    let place = |site: &Site, key: &Key| {
        let document = site.document(&Key::new([]));
        let Some(Cell::Ranking(ranking)) = document.cell(slot) else { panic!("a ranking is kept") };
        assert_eq!(ranking.len(), RANKING_MAX);
        ranking.place(key)
    };
    assert_eq!(place(&site, &last), None);
    let outcome = site.record("won", &format!("u{RANKING_MAX:05}"), r#"{"points":1}"#);
    site.check_rebuilt(&outcome);
    assert_eq!(place(&site, &last), None, "as much as the last that is there, and later");
    site.record("won", &format!("u{RANKING_MAX:05}"), r#"{"points":1}"#);
    assert_eq!(place(&site, &last), Some(RANKING_MAX - 1), "after the one who had as much before");
}

#[test]
fn how_many_are_first_may_change_and_what_they_are_compared_by_begins_anew() {
    let mut site = Site::new(LEADERS);
    for (name, points) in [("ann", 9), ("bob", 8), ("cat", 7), ("dan", 6)] {
        site.record("won", name, &format!(r#"{{"points":{points}}}"#));
    }
    let all = || ["ann", "bob", "cat", "dan", "eve"].map(String::from);
    site.adopt(&LEADERS.replace("top   = 3", "top   = 2"));
    site.record("won", "dan", r#"{"points":4}"#);
    // Dan pushes bob out, and cat is looked at when something of hers changes.
    assert_eq!(up(&site, "leader", all()), ["ann", "cat", "dan"].map(String::from).into());
    site.record("unwon", "cat", r#"{"points":1}"#);
    assert_eq!(up(&site, "leader", all()), ["ann", "dan"].map(String::from).into());
    site.adopt(
        &LEADERS.replace("value = \"points\"\n    top   = 3", "value = \"points * 1\"\n    top   = 1"),
    );
    site.record("won", "eve", r#"{"points":1}"#);
    assert_eq!(up(&site, "leader", all()), ["ann", "dan", "eve"].map(String::from).into());
    site.record("won", "ann", r#"{"points":1}"#);
    assert_eq!(up(&site, "leader", all()), ["ann", "dan"].map(String::from).into());
}

#[test]
fn progress_is_measured_by_the_last_of_the_first() {
    let rules = r#"
        [stat.points]
        on  = "won"
        sum = "event.data.points"

        [badge.podium]
        value = "points"
        top   = 2
        when  = "points > 0"
        "#;
    let mut site = Site::new(rules);
    let now = Time::parse("2026-01-01T00:00:00Z").unwrap();
    let shown = |site: &Site, name: &str| {
        let user = UserId::parse(name).unwrap();
        let progress = progress(&site.catalog, &user, now, &site.all()).unwrap();
        progress.iter().map(|one| (one.current, one.goal)).collect::<Vec<_>>()
    };
    assert_eq!(shown(&site, "dan"), [(0.0, 1.0)], "there is room: a value will do");
    for (name, points) in [("ann", 9), ("bob", 8), ("cat", 7)] {
        site.record("won", name, &format!(r#"{{"points":{points}}}"#));
    }
    assert_eq!(shown(&site, "cat"), [(7.0, 8.0)]);
    assert_eq!(shown(&site, "dan"), [(0.0, 8.0)]);
    assert_eq!(shown(&site, "ann"), []);
}

#[test]
fn who_is_first_may_depend_on_another_key() {
    let mut site = Site::new(
        r#"
        [stat.open]
        on   = "opened"
        by   = "league"
        last = "event.data.open"

        [stat.points]
        on  = "won"
        by  = { user = "event.user", league = "event.data.league" }
        sum = "event.data.points"

        [badge.champion]
        value = "points"
        when  = "open"
        top   = 1
        among = "league"
        "#,
    );
    for (name, points) in [("ann", 3), ("bob", 5)] {
        let outcome = site.record("won", name, &format!(r#"{{"league":"l","points":{points}}}"#));
        assert!(outcome.record.awards.is_empty());
    }
    // Both take their places before one of them is looked at.
    let outcome = site.record("opened", "admin", r#"{"league":"l","open":true}"#);
    assert_eq!(given(&site, &outcome), ["bob champion"]);
}
