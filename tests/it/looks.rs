//! Looking at other keys: who waits where, what is called again, and that it is all made again from the journal.

use std::collections::BTreeMap;

use laurels::engine::WAITING_MAX;
use laurels::key::Key;

use crate::cold::{Site, given, user};

const RIVALS: &str = r#"
    [stat.score]
    on  = "won"
    sum = "event.data.points"

    [stat.rival]
    on   = "rival"
    last = "event.data.rival"

    [badge.ahead]
    when = "score > 3 && score > score(rival)"
    once = true
"#;

/// The rules with another question about the rival.
fn rivals(condition: &str) -> String {
    RIVALS.replace("score > score(rival)", condition)
}

#[test]
fn a_rule_waits_for_what_it_looked_at_last_and_for_nothing_else() {
    let mut site = Site::new(&rivals("score(rival) > 10"));
    site.record("rival", "ann", r#"{"rival":"bob"}"#);
    assert!(!site.is_waited_for(&user("bob")), "the question about the own key decided");
    site.record("won", "ann", r#"{"points":4}"#);
    assert!(site.is_waited_for(&user("bob")), "nothing is kept under the key, and yet it is waited for");
    site.record("rival", "ann", r#"{"rival":"cat"}"#);
    assert!(!site.is_waited_for(&user("bob")) && site.is_waited_for(&user("cat")));
    site.record("won", "ann", r#"{"points":-4}"#);
    assert!(!site.is_waited_for(&user("cat")));
    assert!(site.document(&user("cat")).is_new());
}

#[test]
fn being_waited_for_makes_nobody_a_user() {
    let mut site = Site::new(&rivals("score(rival) > 10"));
    site.record("rival", "ann", r#"{"rival":"bob"}"#);
    assert_eq!(site.record("won", "ann", r#"{"points":4}"#).record.newcomers, 0);
    assert_eq!(site.record("won", "bob", r#"{"points":1}"#).record.newcomers, 1);
}

#[test]
fn who_changes_nothing_that_is_looked_at_reads_nobody_who_waits() {
    let rules = format!("{RIVALS}\n[badge.ten]\non = \"read\"\nat = 10");
    let mut site = Site::new(&rules);
    site.record("read", "ann", "{}");
    site.record("rival", "ann", r#"{"rival":"bob"}"#);
    assert!(site.asked.iter().flatten().all(|key| key.is_user()));
    site.record("won", "ann", r#"{"points":1}"#);
    assert!(site.asked.iter().flatten().any(|key| *key == user("ann").waiting()));
}

#[test]
fn whoever_holds_what_is_kept_waits_no_longer_and_whoever_may_lose_it_does() {
    let mut site = Site::new(&rivals("score(rival) > 1"));
    site.record("rival", "ann", r#"{"rival":"bob"}"#);
    site.record("won", "ann", r#"{"points":4}"#);
    assert!(site.is_waited_for(&user("bob")));
    let outcome = site.record("won", "bob", r#"{"points":2}"#);
    assert_eq!(given(&site, &outcome), ["ann ahead"]);
    assert!(!site.is_waited_for(&user("bob")));

    let mut site = Site::new(&rivals("score(rival) > 1").replace("once = true", "revoke = true"));
    site.record("rival", "ann", r#"{"rival":"bob"}"#);
    site.record("won", "ann", r#"{"points":4}"#);
    site.record("won", "bob", r#"{"points":2}"#);
    let outcome = site.record("won", "bob", r#"{"points":-2}"#);
    assert_eq!(outcome.record.revoked.len(), 1);
}

#[test]
fn before_its_season_a_rule_waits_so_that_it_is_given_in_it() {
    // Events come a second apart.
    let season = "once = true\n    from = \"2026-01-01T00:00:04Z\"";
    let mut site = Site::new(&rivals("score(rival) > 1").replace("once = true", season));
    site.record("rival", "ann", r#"{"rival":"bob"}"#);
    site.record("won", "ann", r#"{"points":4}"#);
    assert!(site.record("won", "bob", r#"{"points":2}"#).record.awards.is_empty());
    let outcome = site.record("won", "bob", r#"{"points":2}"#);
    assert_eq!(given(&site, &outcome), ["ann ahead"]);
}

const STOCK: &str = r#"
    [stat.stock]
    on   = "counted"
    by   = "item"
    last = "event.data.left"

    [stat.sold]
    on = "sold"
    by = { user = "event.user", item = "event.data.item" }

    [flag.sold_out]
    when = "sold >= 2 && stock == 0"

    [stat.outs]
    on = "flag.sold_out"

    [badge.sold-out]
    when = "sold >= 1 && stock == 0"
"#;

#[test]
fn a_thousand_that_wait_are_asked_for_in_a_few_rounds_and_called_in_the_order_of_their_keys() {
    let mut site = Site::new(STOCK);
    for number in 0..1000 {
        site.record("sold", &format!("u{number:03}"), r#"{"item":"cup"}"#);
    }
    let outcome = site.record("counted", "admin", r#"{"item":"cup","left":0}"#);
    let users: Vec<_> = outcome.record.awards.iter().map(|award| award.user.as_str()).collect();
    assert_eq!(users.len(), 1000);
    assert!(users.is_sorted());
    assert!(site.asked.len() <= 4, "{} rounds", site.asked.len());
}

#[test]
fn of_too_many_the_newest_does_not_wait_and_that_is_said() {
    let mut site = Site::new(STOCK);
    for number in 0..WAITING_MAX {
        let outcome = site.record("sold", &format!("u{number:05}"), r#"{"item":"cup"}"#);
        assert_eq!(outcome.left_out, 0);
    }
    let left_out = |site: &mut Site, user| site.record("sold", user, r#"{"item":"cup"}"#).left_out;
    // Of the flag nobody waits yet.
    assert_eq!(left_out(&mut site, "late"), 1);
    assert_eq!(left_out(&mut site, "u00000"), 0);
    let outcome = site.record("counted", "admin", r#"{"item":"cup","left":0}"#);
    site.check_rebuilt(&outcome);
    assert_eq!(outcome.record.awards.len(), WAITING_MAX);
    assert!(outcome.record.awards.iter().all(|award| award.user.as_str() != "late"));
    // Looked at because of itself, it sees what there is.
    let outcome = site.record("sold", "late", r#"{"item":"cup"}"#);
    assert_eq!(given(&site, &outcome), ["late sold-out"]);
}

#[test]
fn what_waited_under_a_rule_goes_on_when_the_rule_changes_and_rests_while_it_is_gone() {
    let mut site = Site::new(&rivals("score(rival) > 10"));
    site.record("rival", "ann", r#"{"rival":"bob"}"#);
    site.record("won", "ann", r#"{"points":4}"#);
    let (stats, _) = RIVALS.split_once("[badge.ahead]").unwrap();
    site.adopt(&format!("{stats}\n[badge.scored]\nwhen = \"score > 100 && rival != ''\""));
    assert_eq!(site.record("won", "bob", r#"{"points":6}"#).record.awards.len(), 0);
    site.adopt(&rivals("score(rival) > 5"));
    let outcome = site.record("won", "bob", r#"{"points":1}"#);
    assert_eq!(given(&site, &outcome), ["ann ahead"]);
}

#[test]
fn what_a_changed_rule_no_longer_looks_at_it_waits_for_until_its_next_look() {
    let mut site = Site::new(&rivals("score(rival) > 10"));
    site.record("rival", "ann", r#"{"rival":"bob"}"#);
    site.record("won", "ann", r#"{"points":4}"#);
    site.adopt(&rivals("score('eve') > 10"));
    assert!(site.is_waited_for(&user("bob")));
    site.record("won", "bob", r#"{"points":1}"#);
    assert!(site.is_waited_for(&user("eve")) && !site.is_waited_for(&user("bob")));
}

#[test]
fn whoever_is_given_a_badge_is_asked_about_at_every_key_that_is_of_that_user() {
    let mut site = Site::new(
        r#"
        [stat.visits]
        on = "visit"
        by = []

        [stat.sold]
        on = "sold"
        by = ["user", "item"]

        [badge.seller]
        when = 'sold >= 1 && holds("verified")'

        [badge.verified]
        on = "verified"

        [badge.early]
        when = 'visits < 3 && holds("verified")'
        "#,
    );
    site.record("sold", "ann", r#"{"item":"cup"}"#);
    site.record("sold", "ann", r#"{"item":"pot"}"#);
    site.record("sold", "bob", r#"{"item":"pot"}"#);
    let outcome = site.record("verified", "ann", "{}");
    assert_eq!(given(&site, &outcome), ["ann verified", "ann early", "ann seller", "ann seller"]);
}

/// What is true is what a plain reading of all numbers says, whatever moved and in whatever order.
#[test]
fn a_flag_that_looks_elsewhere_is_up_exactly_while_its_condition_holds() {
    let mut site = Site::new(STOCK);
    let (mut sold, mut stock) = (BTreeMap::<(u64, u64), u64>::new(), BTreeMap::<u64, u64>::new());
    let mut state = 5_u64;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let truth = site.catalog.stats.iter().find(|stat| stat.name == "sold_out").unwrap().slot;
    let mut ups = 0;
    for _ in 0..600 {
        let (user, item) = (next(4), next(5));
        if next(2) == 0 {
            let left = next(2);
            stock.insert(item, left);
            site.record("counted", "admin", &format!(r#"{{"item":"i{item}","left":{left}}}"#));
        } else {
            *sold.entry((user, item)).or_default() += 1;
            site.record("sold", &format!("u{user}"), &format!(r#"{{"item":"i{item}"}}"#));
        }
        for user in 0..4 {
            for item in 0..5 {
                let holds =
                    sold.get(&(user, item)).is_some_and(|sold| *sold >= 2) && stock.get(&item) == Some(&0);
                let key = Key::new([("user", &*format!("u{user}")), ("item", &*format!("i{item}"))]);
                let up = site.document(&key).cell(truth).is_some();
                assert_eq!(up, holds, "{key:?}");
                ups += u32::from(up);
            }
        }
    }
    assert!(ups > 100);
}
