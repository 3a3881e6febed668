//! Random rules, right as far as that can be seen from each alone: what they name comes before them, has the parts
//! they need, and is of the type they ask for.
//!
//! What only all of them together make wrong, such as a circle over `badge.*`, the loader refuses, and the case is not
//! counted.

use laurels::event::{Period, Time, Value};

use super::conditions::Names;
use super::happenings::{FIELDS, TYPES, UPDATED, USERS, start};
use super::tape::Tape;
use super::written::{Delay, Expr, Hearing, Keeps, Part, Rule, Rules, Sort};

/// The names of rules, not in the order of the alphabet: what comes first in a file need not come first in it.
const NAMES: [&str; 12] =
    ["mint", "fern", "zinc", "oak", "ash", "kelp", "birch", "yarrow", "lime", "dill", "reed", "pine"];

/// One rule for each tape, at most as many as there are names.
pub(crate) fn rules(tapes: &[Vec<u8>]) -> Rules {
    let mut rules = Rules::default();
    for (tape, name) in tapes.iter().zip(NAMES) {
        let rule = one(&mut Tape::new(tape), name, &rules);
        rules.0.push(rule);
    }
    rules
}

fn one(tape: &mut Tape<'_>, name: &str, known: &Rules) -> Rule {
    let sort = tape.of(&[Sort::Stat, Sort::Badge, Sort::Flag, Sort::Stat, Sort::Badge]);
    let mut rule = Rule::new(sort, name);
    let looks = sort != Sort::Stat && tape.below(3) > 0;
    if !looks || !without_on(tape, &mut rule, known) {
        beside_on(tape, &mut rule, known);
    }
    match sort {
        Sort::Stat => {}
        Sort::Flag => {
            let has_number = rule.hearing.is_some() || rule.value.is_some();
            if has_number && rule.top.is_none() && tape.once_in(5) {
                (rule.repeat, rule.at) = (Some(Value::Int(1 + tape.below(2) as i64)), None);
            } else {
                rule.kept = tape.once_in(5);
            }
        }
        Sort::Badge => giving(tape, &mut rule, known),
    }
    rule
}

/// What stands beside `on`.
fn beside_on(tape: &mut Tape<'_>, rule: &mut Rule, known: &Rules) {
    let mut on = vec![heard(tape, known)];
    if tape.once_in(3) {
        let other = heard(tape, known);
        if !on.contains(&other) {
            on.push(other);
        }
    }
    let undo = if tape.once_in(3) { vec![heard(tape, known)] } else { Vec::new() };
    let fields = fields(on.iter().chain(&undo), known);
    let numbers_only = rule.sort != Sort::Stat;
    let revokes = known.0.iter().any(|rule| rule.revoke || rule.expires.is_some());
    let falls = |heard: &String| heard.starts_with("flag.") || revokes && heard.starts_with("badge.");
    let falls = on.iter().chain(&undo).any(falls);
    // A look that cannot be undone is refused: mostly do not write one.
    let steady = (!undo.is_empty() || falls) && tape.below(6) > 0;
    let by = key(tape, known, &fields, steady);
    rule.parts = by.iter().map(|(name, _)| name.clone()).collect();
    let names = Names { known, parts: &rule.parts, beside_on: true, fields: &fields, steady, own: false };
    let keeps = keeps(tape, &names, numbers_only);
    let remembers = matches!(keeps, Keeps::Min(_) | Keeps::Max(_) | Keeps::First(_) | Keeps::Last(_));
    let reset = if tape.once_in(5) { vec![heard(tape, known)] } else { Vec::new() };
    let within = matches!(keeps, Keeps::Count | Keeps::Sum(_) | Keeps::Distinct(_)) && tape.once_in(4);
    let within = within.then(|| tape.of(&[86_400, 3_600, 43_200, 172_800]));
    rule.when = tape.once_in(2).then(|| names.condition(tape, 2));
    if rule.sort == Sort::Stat && matches!(keeps, Keeps::Count | Keeps::Run(_)) && !steady && tape.once_in(8)
    {
        // It may look at itself: at most so many are counted.
        let own = Expr::Named { name: rule.name.clone(), side: None, at: None };
        rule.when = Some(Expr::Compare("<", Box::new([own, Expr::Literal(Value::Int(2))])));
    }
    let undo = if remembers { Vec::new() } else { undo };
    let mut hearing = Hearing { undo, reset, within, ..Hearing::of(on, by, keeps) };
    limited(tape, &mut hearing, &fields, (steady, falls));
    if tape.once_in(5) {
        hearing.delay = Some(delay(tape));
        if hearing.within.is_some() && hearing.undo.is_empty() && !falls && tape.once_in(2) {
            hearing.cooldown = Some(7_200);
        }
    }
    rule.hearing = Some(hearing);
    if rule.sort != Sort::Stat && tape.below(3) > 0 {
        rule.at =
            Some(tape.of(&[Value::Int(2), Value::Int(3), Value::Int(1), Value::Double(1.5), Value::Int(0)]));
    }
}

/// How much later it hears.
fn delay(tape: &mut Tape<'_>) -> Delay {
    match tape.below(8) {
        0 | 1 => Delay::After(0, 86_400),
        2 => Delay::After(0, 7_200),
        3 => Delay::After(1, 0),
        4 => Delay::End(tape.of(&Period::ALL)),
        5 => Delay::Every(0, 86_400),
        6 => Delay::Every(1, 3_600),
        _ => Delay::Every(0, 259_200),
    }
}

/// What of all that it hears does not count.
fn limited(
    tape: &mut Tape<'_>,
    hearing: &mut Hearing,
    fields: &[&'static str],
    (steady, falls): (bool, bool),
) {
    let of_others = hearing.by.iter().any(|(name, from)| name == "user" && !matches!(from, Part::User));
    hearing.others_only = of_others && tape.once_in(3);
    let counts = matches!(hearing.keeps, Keeps::Count | Keeps::Sum(_));
    if counts && hearing.within.is_none() && hearing.reset.is_empty() && tape.once_in(4) {
        hearing.most = Some(1 + tape.below(3) as i64);
    }
    if hearing.undo.is_empty() && !falls && tape.once_in(4) {
        hearing.cooldown = Some(tape.of(&[3_600, 86_400, 1, 7_200]));
    }
    if hearing.most.is_some() || hearing.cooldown.is_some() && tape.once_in(2) {
        hearing.per.push(match tape.below(4) {
            0 => ("user".to_owned(), Part::User),
            1 if fields.contains(&"item") => ("item".to_owned(), Part::Expr(Expr::Data("item"))),
            2 if steady || tape.once_in(2) => ("day".to_owned(), Part::Period(Period::Day)),
            2 => ("date".to_owned(), Part::Expr(Expr::PeriodThere(Period::Day))),
            _ => ("subject".to_owned(), Part::Subject),
        });
        if tape.once_in(4) {
            hearing.per.push(("month".to_owned(), Part::Period(Period::Month)));
        }
    }
}

/// What it asks about stats and flags: false where there is none that it could ask about.
fn without_on(tape: &mut Tape<'_>, rule: &mut Rule, known: &Rules) -> bool {
    let of_user = ["user".to_owned()];
    if tape.once_in(12) {
        let names =
            Names { known, parts: &of_user, beside_on: false, fields: &[], steady: false, own: false };
        let profile = names.of_profile(tape);
        let rest = names.condition(tape, 1);
        rule.when = Some(if tape.once_in(2) { profile } else { Expr::And(vec![profile, rest]) });
        rule.parts = parts_of_largest(rule, known);
        return true;
    }
    // A flag that repeats is only an event.
    let named: Vec<_> =
        known.0.iter().filter(|other| other.sort != Sort::Badge && other.repeat.is_none()).collect();
    if named.is_empty() {
        return false;
    }
    rule.parts = tape.of(&named).parts.clone();
    let of_user = rule.parts.is_empty() && tape.once_in(3);
    if of_user {
        // Somebody must be asked about.
        rule.parts = vec!["user".to_owned()];
    }
    let parts = rule.parts.clone();
    let names = Names { known, parts: &parts, beside_on: false, fields: &[], steady: false, own: false };
    // Something that is sure to be named, so that the key is as it is meant.
    let sure = Names { own: true, ..names };
    if of_user {
        let Some(holds) = names.holds(tape) else { return false };
        let rest = names.condition(tape, 2);
        let both = if tape.once_in(2) { vec![rest, holds] } else { vec![holds, rest] };
        rule.when = Some(if tape.once_in(3) { Expr::Or(both) } else { Expr::And(both) });
    } else if tape.once_in(2) {
        let Some(mut value) = sure.stat_number(tape) else { return false };
        if tape.once_in(3)
            && let Some(other) = names.stat_number(tape)
        {
            value = Expr::Arithmetic(tape.of(&["+", "-", "*"]), Box::new([value, other]));
        }
        rule.value = Some(value);
        if tape.once_in(3) {
            rule.top = Some(1 + tape.below(2));
            // Not all of them: they compete for something.
            rule.among = parts.iter().skip(1).filter(|_| tape.once_in(3)).cloned().collect();
        } else if tape.below(4) > 0 {
            rule.at = Some(tape.of(&[
                Value::Int(2),
                Value::Int(1),
                Value::Int(3),
                Value::Double(0.5),
                Value::Int(-1),
            ]));
        }
        rule.when = tape.once_in(3).then(|| names.condition(tape, 2));
    } else {
        let Some(first) = sure.stat_condition(tape) else { return false };
        let rest = names.condition(tape, 2);
        rule.when = Some(match tape.below(4) {
            0 => first,
            1 => Expr::And(vec![first, rest]),
            2 => Expr::Or(vec![rest, first]),
            _ => Expr::Not(Box::new(first)),
        });
    }
    rule.parts = parts_of_largest(rule, known);
    true
}

/// The parts of the largest stat or flag that is named bare.
fn parts_of_largest(rule: &Rule, known: &Rules) -> Vec<String> {
    let mut largest: Option<Vec<String>> = None;
    let mut asks = false;
    for expr in rule.value.iter().chain(&rule.when) {
        expr.walk(&mut |part| {
            asks |= matches!(part, Expr::Holds(_));
            let of_profile = part.of_profile().map(|_| vec!["user".to_owned()]);
            let of_stat = if let Expr::Named { name, at: None, .. } = part {
                Some(known.0[known.named(name).expect("it is known")].parts.clone())
            } else {
                None
            };
            let Some(parts) = of_profile.or(of_stat) else { return };
            if largest.as_ref().is_none_or(|largest| largest.len() < parts.len()) {
                largest = Some(parts);
            }
        });
    }
    let largest = largest.filter(|parts| !(parts.is_empty() && asks));
    largest.unwrap_or_else(|| vec!["user".to_owned()])
}

fn giving(tape: &mut Tape<'_>, rule: &mut Rule, known: &Rules) {
    let has_number = rule.hearing.is_some() || rule.value.is_some();
    if has_number && rule.top.is_none() && tape.once_in(3) {
        rule.at = None;
        if tape.once_in(2) {
            rule.tiers = tape.of(&[vec![1, 2], vec![2, 3, 4], vec![1, 3]]);
        } else {
            rule.repeat = Some(tape.of(&[Value::Int(1), Value::Int(2), Value::Double(1.5)]));
        }
    }
    rule.revoke = tape.once_in(3);
    rule.once = tape.once_in(4);
    if tape.once_in(4) {
        rule.expires = Some(tape.of(&[(0, 259_200), (1, 0), (0, 86_400), (0, 7_200)]));
    }
    rule.points = tape.of(&[0, 5, -1]);
    let names = Names { known, parts: &rule.parts, beside_on: false, fields: &[], steady: false, own: false };
    if !rule.parts.iter().any(|part| part == "user") || tape.once_in(6) {
        rule.to = Some(names.recipients(tape));
    }
    let day = |tape: &mut Tape<'_>| start().plus_micros(tape.below(6) as i64 * 86_400_000_000);
    if tape.once_in(6) {
        rule.from = day(tape);
    }
    if tape.once_in(6) {
        let until = day(tape).and_then(|day| day.plus_micros(43_200_000_000));
        rule.until = until.filter(|until| rule.from.is_none_or(|from: Time| from < *until));
    }
}

/// Something to hear: an event of the site, or a flag or badge that is known.
fn heard(tape: &mut Tape<'_>, known: &Rules) -> String {
    let flags: Vec<_> = known.0.iter().filter(|rule| rule.sort == Sort::Flag).collect();
    let badges: Vec<_> = known.0.iter().flat_map(Rule::badges).collect();
    match tape.below(12) {
        4 | 5 if !flags.is_empty() => format!("flag.{}", tape.of(&flags).name),
        6 | 7 if !badges.is_empty() => format!("badge.{}", tape.of(&badges).0),
        8 => "post.*".to_owned(),
        9 if !flags.is_empty() => "flag.*".to_owned(),
        10 if !badges.is_empty() => "badge.*".to_owned(),
        11 => UPDATED.to_owned(),
        _ => tape.of(&TYPES).to_owned(),
    }
}

/// The fields that some event has which is heard. One of the site may have any.
fn fields<'h>(heard: impl Iterator<Item = &'h String>, known: &Rules) -> Vec<&'static str> {
    let mut fields = Vec::new();
    for heard in heard {
        let (flag, badge) = (heard.strip_prefix("flag."), heard.strip_prefix("badge."));
        let becomes = |rule: &&Rule| match (flag, badge) {
            (Some(name), _) => rule.sort == Sort::Flag && (name == "*" || name == rule.name),
            (_, Some(id)) => rule.badges().iter().any(|(known, _)| id == "*" || id == known),
            (None, None) => false,
        };
        if flag.is_none() && badge.is_none() {
            return FIELDS.to_vec();
        }
        if badge.is_some() {
            fields.push("points");
        }
        let parts: Vec<_> = known.0.iter().filter(becomes).flat_map(|rule| &rule.parts).collect();
        fields.extend(FIELDS.iter().filter(|field| parts.iter().any(|part| part == *field)));
    }
    fields
}

/// Whose number it is.
fn key(tape: &mut Tape<'_>, known: &Rules, fields: &[&'static str], steady: bool) -> Vec<(String, Part)> {
    let data = |name: &str, field| {
        let from = if fields.contains(&field) { Part::Expr(Expr::Data(field)) } else { Part::Subject };
        (name.to_owned(), if name == "user" && matches!(from, Part::Subject) { Part::User } else { from })
    };
    let user = || ("user".to_owned(), Part::User);
    let period = |period: Period| (period.name().to_owned(), Part::Period(period));
    let firsts: Vec<_> = known
        .0
        .iter()
        .filter(|rule| {
            matches!(rule.hearing.as_ref().map(|hearing| &hearing.keeps), Some(Keeps::First(_)))
                && rule.sort == Sort::Stat
                && rule.parts == ["item"]
        })
        .collect();
    match tape.below(12) {
        5 => vec![data("item", "item")],
        6 => vec![user(), data("item", "item")],
        7 if !steady && tape.once_in(2) => {
            let date = Expr::PeriodThere(tape.of(&[Period::Day, Period::Month]));
            let date = ("date".to_owned(), Part::Expr(date));
            if tape.once_in(4) { vec![date] } else { vec![user(), date] }
        }
        7 => vec![user(), period(tape.of(&[Period::Day, Period::Month, Period::Week, Period::Year]))],
        8 => Vec::new(),
        9 => vec![data("user", "who")],
        10 => vec![data("user", "who"), data("item", "item")],
        11 => match tape.below(4) {
            0 => vec![("subject".to_owned(), Part::Subject)],
            1 => vec![data("item", "item"), user(), period(Period::Day)],
            2 => vec![data("item", "user")],
            _ if !firsts.is_empty() => {
                // Whose it was when it first came.
                let name = tape.of(&firsts).name.clone();
                let at = Some(vec![if fields.contains(&"item") {
                    Expr::Data("item")
                } else {
                    Expr::EventSubject
                }]);
                vec![("user".to_owned(), Part::Expr(Expr::Named { name, side: None, at }))]
            }
            _ => vec![user(), ("item".to_owned(), Part::Subject)],
        },
        _ => vec![user()],
    }
}

fn keeps(tape: &mut Tape<'_>, names: &Names<'_>, numbers_only: bool) -> Keeps {
    let text = |tape: &mut Tape<'_>| match tape.below(5) {
        0 => names.text_of_event("item"),
        1 => Expr::EventUser,
        2 => Expr::EventSubject,
        3 => names.text_of_event("who"),
        _ => Expr::EventType,
    };
    let value = |tape: &mut Tape<'_>| match numbers_only || tape.once_in(2) {
        true => names.number_of_event(),
        false => text(tape),
    };
    match tape.below(12) {
        4 => Keeps::Sum(names.amount(tape)),
        5 | 6 => Keeps::Distinct(text(tape)),
        7 if !names.steady && tape.once_in(2) => Keeps::Run(Expr::PeriodThere(tape.of(&Period::ALL))),
        7 => Keeps::Run(names.number_of_event()),
        8 => Keeps::Run(Expr::PeriodOfEvent(tape.of(&Period::ALL))),
        9 => match tape.below(2) {
            0 => Keeps::Max(value(tape)),
            _ => Keeps::Min(value(tape)),
        },
        10 => Keeps::First(value(tape)),
        11 => Keeps::Last(value(tape)),
        _ => Keeps::Count,
    }
}

/// A text to compare a field with.
pub(crate) fn text(tape: &mut Tape<'_>, field: &str) -> Value {
    let texts: &[&str] = match field {
        "item" | "subject" => &["p", "q", "1"],
        _ => &USERS,
    };
    Value::text(tape.of(texts))
}
