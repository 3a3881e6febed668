//! What the engine, the store and the doors read out of a catalog. What the language means is said in
//! `tests/badges/`.

use super::*;
use crate::stat::{Kind, Slot};

fn compile_with(numbers: &Numbers, text: &str) -> (Catalog, Numbers) {
    let file = Source { name: "badges/site.toml".into(), text: text.into() };
    let compiled = Catalog::compile(&[file], numbers);
    let (catalog, numbers, _) = compiled.unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    (catalog, numbers)
}

fn compile(text: &str) -> Catalog {
    compile_with(&Numbers::default(), text).0
}

fn slot_of(catalog: &Catalog, name: &str) -> Slot {
    catalog.stats.iter().find(|stat| stat.name == name).expect("the test has declared it").slot
}

fn mistakes(text: &str) -> Vec<String> {
    let file = Source { name: "site.toml".into(), text: text.into() };
    let mistakes = Catalog::compile(&[file], &Numbers::default()).unwrap_err();
    mistakes.iter().map(ToString::to_string).collect()
}

const POSTS: &str = "
[stat.posts]
on = 'post.created'
[badge.writer]
value = 'posts'
tiers = [{ at = 10 }, { at = 100, points = 5 }]
";

#[test]
fn a_family_is_one_rule_with_a_badge_a_tier() {
    let catalog = compile(POSTS);
    let [rule] = &catalog.rules[..] else { panic!("{:?}", catalog.rules) };
    let Gives::Badges { tiers, to: None, once: false, repeat: None, .. } = &rule.gives else {
        panic!("{rule:?}")
    };
    let tiers: Vec<_> = tiers.iter().map(|tier| (&tier.at, catalog.badges[tier.badge].id.as_str())).collect();
    assert_eq!(tiers, [(&Value::Int(10), "writer-10"), (&Value::Int(100), "writer-100")]);
    let second = catalog.badge_by_id("writer-100").unwrap();
    assert_eq!((second.family.as_str(), second.tier, second.points), ("writer", 2, 5));
    assert_eq!((second.title.as_str(), second.category.as_str()), ("Writer 100", "site"));
    assert_eq!(catalog.badge(second.number), Some(second));
    assert_eq!(catalog.stats[0].looked_at_by, [0]);
}

#[test]
fn a_stat_keeps_its_slot_under_any_name_and_place() {
    let (first, numbers) = compile_with(&Numbers::default(), POSTS);
    let renamed = POSTS.replace("stat.posts", "stat.articles").replace("'posts'", "'articles'");
    let (second, numbers) = compile_with(&numbers, &format!("[badge.a]\non = 'x.y'\n{renamed}"));
    assert_eq!(slot_of(&first, "posts"), slot_of(&second, "articles"));
    assert_ne!(slot_of(&second, "a"), slot_of(&second, "articles"));

    let (third, _) = compile_with(&numbers, &POSTS.replace("post.created", "post.published"));
    assert_ne!(slot_of(&first, "posts"), slot_of(&third, "posts"), "another definition is another stat");
}

#[test]
fn stats_that_are_defined_alike_are_one() {
    let text = format!("{POSTS}[badge.first]\non = ['post.created']\nby = {{ user = 'event.user' }}\n");
    let catalog = compile(&text);
    assert_eq!(catalog.stats.len(), 1);
    assert_eq!(catalog.hears("post.created").collect::<Vec<_>>(), [0]);
    assert_eq!(catalog.stats[0].looked_at_by, [0, 1]);
}

/// A stat whose type is known only when another is compiled was tried too early both times; the second time, when
/// the stats that are alike are one, what was said of it had no file to stand in, and loading panicked.
#[test]
fn stats_that_are_alike_do_not_keep_others_from_waiting_for_a_type() {
    let catalog = compile(
        r#"
        [stat.one]
        on = "post"

        [stat.same]
        on = "post"

        [stat.posts]
        on   = "post"
        when = 'visits.first >= "2026-01-30"'

        [stat.visits]
        on  = "visit"
        run = "day(event.time)"

        [badge.all]
        when = "one > 0 && same > 0 && posts > 0 && visits > 0"
        "#,
    );
    assert_eq!(catalog.stats.len(), 3);
}

#[test]
fn a_badge_that_is_gone_is_kept_as_retired_and_its_number_comes_back_with_it() {
    let (first, numbers) = compile_with(&Numbers::default(), POSTS);
    let (second, numbers) = compile_with(&numbers, "[badge.other]\non = 'post.created'\n");
    let shown: Vec<_> = second.badges.iter().map(|badge| (badge.id.as_str(), badge.retired)).collect();
    assert_eq!(shown, [("other", false), ("writer-10", true), ("writer-100", true)]);
    let number = first.badge_by_id("writer-10").unwrap().number;
    assert_eq!(second.badge(number).unwrap().id, "writer-10");
    let (third, _) = compile_with(&numbers, POSTS);
    assert_eq!(third.badge_by_id("writer-10").unwrap().number, number);
    assert!(!third.badge_by_id("writer-10").unwrap().retired);
}

#[test]
fn rules_are_in_the_order_in_which_they_are_looked_at() {
    let catalog = compile(
        "
[badge.late]
on = 'flag.early'
[badge.a]
on = 'post.created'
[flag.early]
when = 'posts > 3'
[flag.again]
when = 'early'
[stat.posts]
on = 'post.created'
",
    );
    let order: Vec<_> = catalog.rules.iter().map(|rule| (rule.rank, rule.name.as_str())).collect();
    assert_eq!(order, [(0, "early"), (0, "a"), (1, "again"), (1, "late")]);
    let truth = catalog.stats.iter().find(|stat| stat.kind == Kind::Flag && stat.name == "early").unwrap();
    assert_eq!(truth.looked_at_by, [2]);
}

#[test]
fn every_badge_is_heard_but_those_that_rest_on_every_badge() {
    let catalog = compile(
        "
[badge.first]
on = 'post.created'
[badge.collector]
on = 'badge.*'
[badge.more]
on = 'badge.collector'
",
    );
    let hears = |r#type: &str| {
        catalog.hears(r#type).map(|stat| catalog.stats[stat].name.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(hears("badge.first"), ["collector"]);
    assert_eq!(hears("badge.collector"), ["more"]);
    assert!(hears("badge.more").is_empty());
}

#[test]
fn a_rule_that_asks_for_a_badge_is_looked_at_when_it_is_given() {
    let catalog = compile("[badge.a]\non = 'x.y'\n[badge.b]\nwhen = 'holds(\"a\")'\n");
    let a = catalog.badge_by_id("a").unwrap().number;
    assert_eq!(catalog.looked_at_on_award(a), [1]);
    assert_eq!(catalog.rules[1].parts, ["user"]);
    assert_eq!(catalog.looked_at_on_award(catalog.badge_by_id("b").unwrap().number), [0; 0]);
}

#[test]
fn a_flag_falls_unless_all_it_rests_on_only_grows() {
    let falls = |flag: &str| {
        let text = format!(
            "
[stat.posts]
on = 'post.created'
[stat.mood]
on = 'mood.told'
last = 'event.data.mood'
[stat.lasting]
on = 'post.created'
undo = 'post.removed'
[stat.lately]
on = 'post.created'
within = '1h'
[stat.days]
on = 'post.created'
run = 'day(event.time)'
[flag.up]
when = 'posts > 3 && mood == 1 && days > 3'
revoke = false
[flag.x]
{flag}
[badge.counts]
on = 'flag.x'
"
        );
        let catalog = compile(&text);
        // What counts a flag that can fall may have to be taken back.
        let counts = catalog.stats.iter().find(|stat| stat.name == "counts").unwrap();
        counts.undoable
    };
    for stays in [
        "when = 'posts > 3'",
        "when = 'posts > 3 && up'",
        "value = 'posts'\nat = 3",
        "when = 'up'\nvalue = 'days'",
        "when = 'days.size > 3 || posts >= 2'",
        "on = 'post.created'\nat = 2",
        "when = 'mood == 3'\nrevoke = false",
    ] {
        assert!(!falls(stays), "{stays}");
    }
    for falling in [
        "when = 'posts < 3'",
        "when = 'posts == 3'",
        "when = '!up'",
        "when = 'mood == 3'",
        "value = 'mood'",
        "when = 'days.streak > 3'",
        "when = 'days.gap > 3'",
        "on = 'post.created'\nsum = 'event.data.x'",
        "when = 'lasting > 3'",
        "when = 'lately > 3'",
        "on = 'post.created'\nreset = 'post.removed'",
    ] {
        assert!(falls(falling), "{falling}");
    }
}

#[test]
fn a_look_at_other_stats_is_part_of_what_a_stat_is() {
    let of = |inner: &str, name: &str| {
        let text = format!("[stat.{name}]\non = '{inner}'\n[badge.a]\non = 'x.y'\nwhen = '{name} < 3'\n");
        let (catalog, numbers) = compile_with(&Numbers::default(), &text);
        (slot_of(&catalog, "a"), numbers)
    };
    let (slot, numbers) = of("p.q", "first");
    let again = |inner: &str, name: &str| {
        let text = format!("[stat.{name}]\non = '{inner}'\n[badge.a]\non = 'x.y'\nwhen = '{name} < 3'\n");
        slot_of(&compile_with(&numbers, &text).0, "a")
    };
    assert_eq!(again("p.q", "other_name"), slot);
    assert_ne!(again("p.r", "first"), slot);
}

#[test]
fn mistakes_of_several_files_come_at_once_in_order() {
    let files = ["b.toml", "a.toml"]
        .map(|name| Source { name: name.into(), text: "[badge.x]\nonn = 'a.b'\n".into() });
    let found = Catalog::compile(&files, &Numbers::default()).unwrap_err();
    let places: Vec<_> = found.iter().map(|found| (found.source.name.as_str(), found.line())).collect();
    assert_eq!(places, [("b.toml", 2), ("a.toml", 1), ("a.toml", 2)]);
}

#[test]
fn a_long_chain_of_flags_is_refused_and_no_overflow() {
    let mut text = String::from("[stat.posts]\non = 'post.created'\n[flag.f0]\nwhen = 'posts > 1'\n");
    for flag in 1..2000 {
        text.push_str(&format!("[flag.f{flag}]\nwhen = 'f{}'\n", flag - 1));
    }
    let found = mistakes(&text);
    assert!(found.len() == 1 && found[0].contains("at most 16"), "{found:?}");
    let mut looks = String::from("[stat.s0]\non = 'a.b'\nlast = 'event.data.x'\n");
    for stat in 1..2000 {
        looks.push_str(&format!("[stat.s{stat}]\non = 'a.b'\nlast = 's{}'\n", stat - 1));
    }
    looks.push_str("[badge.b]\nvalue = 's1999'\n");
    assert_eq!(compile(&looks).stats.len(), 2000);
}
