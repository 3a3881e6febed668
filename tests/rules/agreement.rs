//! The engine agrees with the reference: random rules and random events, the same awards in the same order with the
//! same dates, the same flags, the same numbers.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use laurels::event::{Time, Value};
use proptest::prelude::{Strategy, any, prop};
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestError, TestRunner};

use super::happenings::{Happening, OF_PROFILE, Reel, USERS, shown};
use super::met::Met;
use super::reference::{Key, Reference};
use super::site::{Site, compiled};
use super::slips::Slip;
use super::written::{Keeps, Rule, Rules, Side, Sort};
use super::{catalogs, happenings};

/// How many random sites are compared. More with `LAURELS_SITES`.
const SITES: u32 = 3_000;

/// How long nothing happens behind the last event.
const WAIT_MICROS: i64 = 35 * 86_400_000_000;

/// What a site is made of: a tape for each rule and each event.
pub(crate) type Tapes = (Vec<Vec<u8>>, Vec<Reel>);

pub(crate) fn tapes() -> impl Strategy<Value = Tapes> {
    let rules = prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..11);
    let events = prop::collection::vec(any::<Reel>(), 1..50);
    (rules, events)
}

/// So many, or as many as `LAURELS_SITES` says.
pub(crate) fn asked_for(cases: u32) -> u32 {
    let other = std::env::var("LAURELS_SITES").ok().and_then(|sites| sites.parse().ok());
    other.unwrap_or(cases)
}

pub(crate) fn runner(cases: u32) -> TestRunner {
    let kept = FileFailurePersistence::Direct("tests/rules/seeds.txt");
    TestRunner::new(Config {
        cases: asked_for(cases),
        max_shrink_iters: 20_000,
        failure_persistence: Some(Box::new(kept)),
        ..Config::default()
    })
}

/// What happens, and at last a tick, weeks later.
pub(crate) fn until_the_end(tapes: &[Reel]) -> Vec<Happening> {
    let mut all = happenings::all(tapes);
    let last = all.iter().map(Happening::time).max().expect("there is one");
    all.push(Happening::Tick(last.plus_micros(WAIT_MICROS).expect("these are years in which we live")));
    all
}

/// Runs both over the same happenings; answers the reference as it is then, or where they part.
fn compare<'r>(
    rules: &'r Rules,
    text: &str,
    site: &mut Site,
    happenings: &[Happening],
    slip: Option<Slip>,
) -> Result<Reference<'r>, String> {
    let mut reference = Reference::new(rules);
    reference.slip = slip;
    let mut given = 0;
    for (at, happening) in happenings.iter().enumerate() {
        let records = match happening {
            Happening::Event { event, past } => {
                reference.take(event, *past);
                site.take(event, *past)
            }
            Happening::Tick(wall) => {
                reference.tick(*wall);
                site.pass(*wall)
            }
        };
        let engine: Vec<_> = records.iter().flat_map(|record| site.given(record)).collect();
        let of_reference = &reference.given[given..];
        if engine != of_reference {
            let shown = shown(&happenings[..=at]);
            return Err(format!(
                "{text}\n{shown}\nthe engine gives\n{engine:#?}\nthe reference gives\n{of_reference:#?}"
            ));
        }
        given = reference.given.len();
    }
    let now = happenings.iter().map(Happening::time).max().expect("there is one");
    for (index, rule) in rules.0.iter().enumerate() {
        for key in reference.all_keys().iter().filter(|key| key.keys().eq(sorted(&rule.parts).iter())) {
            if let Some(difference) = difference(index, rule, site, &reference, key, now) {
                return Err(format!("{text}\n{}\n{difference}", shown(happenings)));
            }
        }
    }
    match of_profiles(site, &reference, happenings) {
        Some(difference) => Err(format!("{text}\n{}\n{difference}", shown(happenings))),
        None => Ok(reference),
    }
}

/// Where what both know of a profile is not the same, at the time of anything that happened.
fn of_profiles(site: &Site, reference: &Reference<'_>, happenings: &[Happening]) -> Option<String> {
    let fields = OF_PROFILE.iter().filter_map(|field| {
        // What no rule asks for is not kept.
        Some((field, site.stat(&format!("profile.{field}"), false)?))
    });
    let of_user = |user: &str| Key::from([("user".to_owned(), user.to_owned())]);
    let read = fields.flat_map(|(field, stat)| {
        USERS.iter().flat_map(move |user| happenings.iter().map(move |at| (field, stat, user, at.time())))
    });
    let mut differences = read.filter_map(|(field, stat, user, time)| {
        let (engine, reference) =
            (site.reads(stat, None, &of_user(user), time), reference.profile(user, field, time));
        (engine != reference).then(|| {
            format!("{field} of {user} at {time}: the engine has {engine:?}, the reference {reference:?}")
        })
    });
    differences.next()
}

/// Where what both have of one flag or number at one key is not the same.
fn difference(
    index: usize,
    rule: &Rule,
    site: &Site,
    reference: &Reference<'_>,
    key: &Key,
    now: Time,
) -> Option<String> {
    let differs = |side: Option<Side>, engine: Option<Value>, reference: Option<Value>| {
        (engine != reference).then(|| {
            format!(
                "{} {side:?} at {key:?}: the engine has {engine:?}, the reference {reference:?}",
                rule.name
            )
        })
    };
    match rule.sort {
        Sort::Badge => None,
        Sort::Flag if rule.repeat.is_some() => None,
        Sort::Flag => {
            let engine = site.reads(site.stat(&rule.name, true)?, None, key, now);
            differs(None, engine, Some(Value::Bool(reference.is_up(index, key))))
        }
        Sort::Stat => {
            // Of those that are alike, one is there.
            let stat = site.stat(&rule.name, false)?;
            let sides = sides(rule.hearing.as_ref().map(|hearing| &hearing.keeps));
            // At the end most windows are empty: so also where they are not.
            let times = [Some(now), reference.last_heard(index, key)];
            let mut read = sides.iter().flat_map(|side| times.iter().flatten().map(|time| (*side, *time)));
            read.find_map(|(side, time)| {
                differs(side, site.reads(stat, side, key, time), reference.number(index, side, key, time))
            })
        }
    }
}

fn sorted(parts: &[String]) -> Vec<String> {
    let mut parts = parts.to_vec();
    parts.sort();
    parts
}

fn sides(keeps: Option<&Keeps>) -> Vec<Option<Side>> {
    let mut sides = vec![None];
    match keeps {
        Some(Keeps::Run(_)) => sides.extend(Side::OF_RUN.map(Some)),
        Some(Keeps::Distinct(_)) => sides.push(Some(Side::List)),
        _ => {}
    }
    sides
}

/// What was compared, so that a comparison of nothing does not pass for one.
#[derive(Default)]
struct Tally {
    sites: Cell<usize>,
    awards: Cell<usize>,
    met: RefCell<BTreeMap<Met, usize>>,
    refused: RefCell<BTreeMap<String, usize>>,
}

impl Tally {
    fn count(&self, reference: &Reference<'_>) {
        self.sites.set(self.sites.get() + 1);
        self.awards.set(self.awards.get() + reference.given.len());
        for (met, times) in reference.met.borrow().iter() {
            *self.met.borrow_mut().entry(*met).or_default() += times;
        }
    }

    fn refuse(&self, mistakes: &[String]) {
        // What is said of names and places is another thing each time.
        let mistake = mistakes.first().expect("there is one");
        let said = mistake.splitn(4, ':').last().unwrap_or(mistake);
        let kind: String = said.split('`').step_by(2).collect::<Vec<_>>().join("`…`");
        *self.refused.borrow_mut().entry(kind).or_default() += 1;
    }
}

#[test]
fn the_engine_and_the_reference_agree_on_random_rules_and_events() {
    let tally = Tally::default();
    let result = runner(SITES).run(&tapes(), |(rules, events)| {
        let rules = catalogs::rules(&rules);
        let text = rules.text();
        let catalog = match compiled(&text) {
            Ok(catalog) => catalog,
            Err(mistakes) => {
                tally.refuse(&mistakes);
                return Ok(());
            }
        };
        let mut site = Site::new(Arc::new(catalog));
        let reference =
            compare(&rules, &text, &mut site, &until_the_end(&events), None).map_err(TestCaseError::fail)?;
        tally.count(&reference);
        Ok(())
    });
    if let Err(TestError::Fail(reason, _)) = &result {
        panic!("{reason}");
    }
    result.unwrap();
    let refused: usize = tally.refused.borrow().values().sum();
    println!(
        "{} sites, {} awards, {:?}; {refused} refused: {:#?}",
        tally.sites.get(),
        tally.awards.get(),
        tally.met.borrow(),
        tally.refused.borrow()
    );
    assert!(tally.sites.get() > 4 * refused, "most random rules are accepted");
    assert!(tally.awards.get() > 2 * tally.sites.get(), "the rules give something");
    for met in Met::ALL {
        let times = tally.met.borrow().get(&met).copied().unwrap_or(0);
        assert!(100 * times > tally.sites.get(), "{met:?} came about {times} times only");
    }
}

#[test]
fn every_slip_of_the_reference_comes_to_light() {
    for slip in Slip::ALL {
        let mut runner = runner(SITES);
        let noticed = (0..SITES).any(|_| {
            let (rules, events) = tapes().new_tree(&mut runner).expect("there are tapes").current();
            let rules = catalogs::rules(&rules);
            let text = rules.text();
            let Ok(catalog) = compiled(&text) else { return false };
            compare(&rules, &text, &mut Site::new(Arc::new(catalog)), &until_the_end(&events), Some(slip))
                .is_err()
        });
        assert!(noticed, "nothing notices {slip:?}");
    }
}
