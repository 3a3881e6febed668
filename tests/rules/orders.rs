//! What the order of events plays no part in, and what is left when everything was taken back.

use std::sync::Arc;

use laurels::event::{Event, EventType, Value};
use proptest::prelude::*;

use super::agreement::{asked_for, runner, tapes};
use super::happenings::shown_events;
use super::site::{Site, compiled};
use super::tape::Tape;
use super::written::{Expr, Hearing, Keeps, Part, Rule, Rules, Sort};
use super::{catalogs, happenings};

/// How many random sites each property is asked of.
const SITES: u32 = 1_000;

/// Whether a rule is a count, sum, set or run of events of the site, which looks at nothing else.
fn is_plain(rule: &Rule) -> bool {
    let Some(hearing) = rule.hearing.as_ref().filter(|_| rule.sort == Sort::Stat) else { return false };
    let of_site = |heard: &String| !heard.starts_with("flag.") && !heard.starts_with("badge.");
    hearing.delay.is_none()
        && matches!(hearing.keeps, Keeps::Count | Keeps::Sum(_) | Keeps::Distinct(_) | Keeps::Run(_))
        && hearing.on.iter().chain(&hearing.undo).all(of_site)
        && !beside_on(rule).any(Expr::looks)
}

/// The expressions that are read when an event is heard.
fn beside_on(rule: &Rule) -> impl Iterator<Item = &Expr> {
    let of_hearing = rule.hearing.iter().flat_map(|hearing| {
        let parts = hearing
            .by
            .iter()
            .chain(&hearing.per)
            .filter_map(|(_, part)| if let Part::Expr(expr) = part { Some(expr) } else { None });
        parts.chain(hearing.keeps.amount().map(|(_, amount)| amount))
    });
    of_hearing.chain(&rule.when)
}

/// The plain stats of random rules.
fn plain_stats(tapes: &[Vec<u8>]) -> Vec<Rule> {
    catalogs::rules(tapes).0.into_iter().filter(is_plain).collect()
}

/// Everything that is kept, by key and slot.
fn kept(site: &Site) -> Vec<String> {
    let slots: Vec<_> = site.catalog.stats.iter().map(|stat| stat.slot).collect();
    let cells = site.documents.iter().flat_map(|(key, document)| {
        slots.iter().filter_map(move |slot| Some(format!("{key:?} {slot:?} {:?}", document.cell(*slot)?)))
    });
    let mut cells: Vec<_> = cells.collect();
    cells.sort();
    cells
}

fn after(text: &str, events: &[Event]) -> Site {
    let catalog = compiled(text).unwrap_or_else(|mistakes| panic!("{text}\n{mistakes:#?}"));
    let mut site = Site::new(Arc::new(catalog));
    events.iter().for_each(|event| drop(site.take(event, false)));
    site
}

#[test]
fn shuffled_events_give_the_same_counts_sums_sets_and_runs() {
    let strategy = tapes().prop_flat_map(|(rules, events)| {
        let events = happenings::events(&events);
        (Just(rules), Just(events.clone()), Just(events).prop_shuffle())
    });
    let compared = std::cell::Cell::new(0);
    let result = runner(SITES).run(&strategy, |(rules, events, shuffled)| {
        let mut rules = plain_stats(&rules);
        for rule in &mut rules {
            let hearing = rule.hearing.as_mut().expect("a stat hears");
            // These go by order.
            (hearing.reset, hearing.within) = (Vec::new(), None);
            hearing.forget_cooldown();
        }
        let text = Rules(rules).text();
        let (one, other) = (kept(&after(&text, &events)), kept(&after(&text, &shuffled)));
        compared.set(compared.get() + one.len());
        prop_assert_eq!(one, other, "{}\n{}", text, shown_events(&shuffled));
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
    assert!(compared.get() > asked_for(SITES) as usize, "only {} numbers were compared", compared.get());
}

#[test]
fn undoing_everything_gives_the_empty_state() {
    let strategy =
        (tapes(), prop::collection::vec(any::<u8>(), 0..40)).prop_flat_map(|((rules, events), flags)| {
            let undone: Vec<_> = happenings::events(&events).into_iter().map(taken_back).collect();
            (Just(rules), Just(flags), Just(happenings::events(&events)), Just(undone).prop_shuffle())
        });
    let compared = std::cell::Cell::new(0);
    let result = runner(SITES).run(&strategy, |(rules, flags, events, undone)| {
        let mut rules = plain_stats(&rules);
        // What takes back is of another type, and would take back something else.
        rules.retain(|rule| !beside_on(rule).any(Expr::asks_for_the_type));
        for rule in &mut rules {
            let hearing = rule.hearing.as_mut().expect("a stat hears");
            hearing.reset = Vec::new();
            hearing.forget_cooldown();
            hearing.undo = hearing.on.iter().map(|on| format!("not.{on}")).collect();
        }
        rest_upon(&mut rules, &flags);
        let text = Rules(rules).text();
        let mut site = after(&text, &events);
        compared.set(compared.get() + kept(&site).len());
        undone.iter().for_each(|event| drop(site.take(event, false)));
        prop_assert_eq!(
            kept(&site),
            Vec::<String>::new(),
            "{}\n{}\n{}",
            text,
            shown_events(&events),
            shown_events(&undone)
        );
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
    assert!(compared.get() > asked_for(SITES) as usize, "only {} numbers were undone", compared.get());
}

/// The event that takes back what this one added.
fn taken_back(event: Event) -> Event {
    let r#type = format!("not.{}", event.r#type.as_str());
    Event { r#type: EventType::parse(&r#type).expect("it is a type"), ..event }
}

/// Flags over the stats, numbers that hear the flags, flags over these; none is true of nothing.
fn rest_upon(rules: &mut Vec<Rule>, tape: &[u8]) {
    let mut tape = Tape::new(tape);
    for name in ["dawn", "noon", "dusk"] {
        let stats: Vec<_> = rules.iter().filter(|rule| rule.sort == Sort::Stat).cloned().collect();
        if stats.is_empty() {
            return;
        }
        let of = tape.of(&stats);
        let empty = Rule {
            value: Some(Expr::Named { name: of.name.clone(), side: None, at: None }),
            at: Some(tape.of(&[Value::Int(1), Value::Int(2), Value::Double(0.5)])),
            parts: of.parts.clone(),
            ..Rule::new(Sort::Flag, name)
        };
        let keeps = match tape.below(4) {
            0 => Keeps::Sum(Expr::Literal(Value::Double(0.25))),
            1 => Keeps::Distinct(Expr::EventUser),
            2 => Keeps::Run(Expr::PeriodOfEvent(laurels::event::Period::Day)),
            _ => Keeps::Count,
        };
        let within = (!matches!(keeps, Keeps::Run(_)) && tape.once_in(3)).then_some(86_400);
        let by = if tape.once_in(2) { vec![("user".to_owned(), Part::User)] } else { Vec::new() };
        let parts = by.iter().map(|(name, _)| name.clone()).collect();
        let on = vec![format!("flag.{name}")];
        let hearing = Hearing { within, ..Hearing::of(on, by, keeps) };
        let counted =
            Rule { hearing: Some(hearing), parts, ..Rule::new(Sort::Stat, &format!("{name}_counted")) };
        rules.extend([empty, counted]);
    }
}
