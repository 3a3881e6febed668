//! Random expressions, of the type that is asked for, over the names that a rule may use where they stand.

use laurels::event::{Period, Value};

use super::catalogs::text;
use super::happenings::OF_PROFILE;
use super::tape::Tape;
use super::written::{Expr, Keeps, Rule, Rules, Side, Sort};

/// The names that one rule may use.
pub(crate) struct Names<'a> {
    pub(crate) known: &'a Rules,
    /// The parts of its key.
    pub(crate) parts: &'a [String],
    pub(crate) beside_on: bool,
    /// The fields that its events have.
    pub(crate) fields: &'a [&'static str],
    /// Only what stays as it is may be looked at: the rule may have to be undone.
    pub(crate) steady: bool,
    /// Only what is kept per all the parts of the key may be looked at, at that key.
    pub(crate) own: bool,
}

const COMPARISONS: [&str; 6] = [">=", ">", "<", "<=", "==", "!="];

/// What a stat reads as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    Number,
    /// A number, or whatever an undeclared field has.
    Anything,
    Text,
    Truth,
}

impl Rule {
    /// What it reads as where it is named.
    pub(crate) fn reads(&self) -> Reads {
        let Some(hearing) = self.hearing.as_ref().filter(|_| self.sort == Sort::Stat) else {
            return Reads::Truth;
        };
        match &hearing.keeps {
            Keeps::Count | Keeps::Sum(_) | Keeps::Distinct(_) | Keeps::Run(_) => Reads::Number,
            Keeps::Min(amount) | Keeps::Max(amount) | Keeps::First(amount) | Keeps::Last(amount) => {
                let is_number = matches!(amount, Expr::Data("n" | "points") | Expr::HoursOfEvent);
                if is_number { Reads::Anything } else { Reads::Text }
            }
        }
    }
}

impl Names<'_> {
    /// A condition of at most so many levels.
    pub(crate) fn condition(&self, tape: &mut Tape<'_>, depth: usize) -> Expr {
        if depth == 0 {
            return self.simple(tape);
        }
        match tape.below(8) {
            4 => Expr::And(vec![self.condition(tape, depth - 1), self.condition(tape, depth - 1)]),
            5 => Expr::Or(vec![self.condition(tape, depth - 1), self.condition(tape, depth - 1)]),
            6 => Expr::Not(Box::new(self.condition(tape, depth - 1))),
            7 => Expr::If(Box::new([
                self.condition(tape, depth - 1),
                self.condition(tape, depth - 1),
                self.simple(tape),
            ])),
            _ => self.simple(tape),
        }
    }

    fn simple(&self, tape: &mut Tape<'_>) -> Expr {
        if tape.once_in(2)
            && let Some(looks) = self.stat_condition(tape)
        {
            return looks;
        }
        if tape.once_in(5)
            && let Some(holds) = self.holds(tape)
        {
            return holds;
        }
        if self.knows_a_profile() && tape.once_in(10) {
            return self.of_profile(tape);
        }
        if !self.beside_on {
            return match self.parts {
                [] => Expr::Literal(Value::Bool(tape.once_in(2))),
                parts => {
                    let part = tape.of(parts);
                    let value = text(tape, &part);
                    compared(tape, Expr::Key(part), Expr::Literal(value))
                }
            };
        }
        let is = |tape: &mut Tape<'_>, expr: Expr, field: &str| {
            let value = Expr::Literal(text(tape, field));
            compared(tape, expr, value)
        };
        match tape.below(8) {
            0 | 1 => {
                let number = self.number(tape);
                compared(tape, self.number_of_event(), number)
            }
            2 => is(tape, Expr::EventUser, "user"),
            3 => is(tape, self.text_of_event("item"), "item"),
            4 if !self.fields.is_empty() => Expr::Has(tape.of(self.fields)),
            5 => Expr::In(
                Box::new(Expr::EventSubject),
                vec![Expr::Literal(text(tape, "subject")), Expr::Literal(text(tape, "subject"))],
            ),
            6 => {
                let hour = Expr::Literal(Value::Int(tape.of(&[12, 0, 23, 6])));
                let hours = if tape.once_in(3) { Expr::HoursOfNow } else { Expr::HoursOfEvent };
                compared(tape, hours, hour)
            }
            _ => is(tape, Expr::EventSubject, "subject"),
        }
    }

    /// Whether there is somebody whose profile may be asked for.
    fn knows_a_profile(&self) -> bool {
        !self.steady && (self.beside_on || self.parts.iter().any(|part| part == "user"))
    }

    /// Asks for a field of a profile.
    pub(crate) fn of_profile(&self, tape: &mut Tape<'_>) -> Expr {
        let field = tape.of(&OF_PROFILE);
        if tape.once_in(4) {
            return Expr::HasProfile(field);
        }
        let (read, value) = match field {
            "time_zone" if self.beside_on && tape.once_in(2) => {
                (Expr::HoursThere, Value::Int(tape.of(&[12, 0, 23, 6])))
            }
            "time_zone" => (Expr::Profile(field), Value::text(tape.of(&["UTC", "Asia/Tokyo", "-09:30"]))),
            "team" => (Expr::Profile(field), Value::Int(tape.of(&[1, 2]))),
            _ => (Expr::Profile(field), text(tape, "user")),
        };
        compared(tape, read, Expr::Literal(value))
    }

    /// A number, of the same kind as a field of an event may be.
    fn number(&self, tape: &mut Tape<'_>) -> Expr {
        let literal = |tape: &mut Tape<'_>| {
            Expr::Literal(tape.of(&[
                Value::Int(1),
                Value::Int(2),
                Value::Int(0),
                Value::Double(0.5),
                Value::Int(-1),
            ]))
        };
        match tape.below(6) {
            4 => self.stat_number(tape).unwrap_or_else(|| literal(tape)),
            5 => Expr::Arithmetic(
                tape.of(&["+", "-", "*", "/", "%"]),
                Box::new([self.number_of_event(), Expr::Literal(Value::Int(tape.of(&[1, 2, -1])))]),
            ),
            _ => literal(tape),
        }
    }

    /// What a sum adds.
    pub(crate) fn amount(&self, tape: &mut Tape<'_>) -> Expr {
        match tape.below(5) {
            3 => Expr::Literal(Value::Double(0.25)),
            4 => self.number(tape),
            _ => self.number_of_event(),
        }
    }

    /// The number that an event has.
    pub(crate) fn number_of_event(&self) -> Expr {
        let known = ["n", "points"].into_iter().find(|field| self.fields.contains(field));
        known.map_or(Expr::HoursOfEvent, Expr::Data)
    }

    /// A text that an event has: in this field, if it has it.
    pub(crate) fn text_of_event(&self, field: &'static str) -> Expr {
        if self.fields.contains(&field) { Expr::Data(field) } else { Expr::EventUser }
    }

    /// A number that a stat reads as.
    pub(crate) fn stat_number(&self, tape: &mut Tape<'_>) -> Option<Expr> {
        let rule = self.some(tape, &[Reads::Number])?;
        let side = match rule.hearing.as_ref().map(|hearing| &hearing.keeps) {
            Some(Keeps::Run(amount)) if tape.once_in(2) => {
                let side = tape.of(&Side::OF_RUN);
                // The first and last period are texts.
                let periods = matches!(amount, Expr::PeriodOfEvent(_) | Expr::PeriodThere(_));
                Some(side).filter(|side| !periods || !matches!(side, Side::First | Side::Last))
            }
            _ => None,
        };
        Some(self.named(tape, rule, side))
    }

    /// A condition about a stat or flag.
    pub(crate) fn stat_condition(&self, tape: &mut Tape<'_>) -> Option<Expr> {
        let rule = self.some(tape, &[Reads::Number, Reads::Anything, Reads::Text, Reads::Truth])?;
        let keeps = rule.hearing.as_ref().map(|hearing| &hearing.keeps);
        match (rule.reads(), keeps) {
            (Reads::Truth, _) => Some(self.named(tape, rule, None)),
            (Reads::Text, _) => {
                let named = self.named(tape, rule, None);
                let value = Expr::Literal(text(tape, "user"));
                Some(compared(tape, named, value))
            }
            (Reads::Number, Some(Keeps::Distinct(_))) if tape.once_in(3) => {
                let named = self.named(tape, rule, Some(Side::List));
                let value = Expr::Literal(Value::List([text(tape, "item"), text(tape, "user")].into()));
                let equal = tape.once_in(2);
                Some(Expr::Compare(if equal { "==" } else { "!=" }, Box::new([named, value])))
            }
            (Reads::Number, Some(Keeps::Run(Expr::PeriodOfEvent(period) | Expr::PeriodThere(period))))
                if tape.once_in(3) =>
            {
                let side = tape.of(&[Side::First, Side::Last]);
                let named = self.named(tape, rule, Some(side));
                let first = text_of(*period);
                Some(compared(tape, named, Expr::Literal(Value::text(first))))
            }
            (Reads::Number | Reads::Anything, _) => {
                let named = if rule.reads() == Reads::Number {
                    self.stat_number_of(tape, rule)
                } else {
                    self.named(tape, rule, None)
                };
                let number = Expr::Literal(tape.of(&[
                    Value::Int(2),
                    Value::Int(1),
                    Value::Int(0),
                    Value::Double(1.5),
                ]));
                Some(compared(tape, named, number))
            }
        }
    }

    fn stat_number_of(&self, tape: &mut Tape<'_>, rule: &Rule) -> Expr {
        let sides: &[Side] = match rule.hearing.as_ref().map(|hearing| &hearing.keeps) {
            Some(Keeps::Run(_)) => &[Side::Longest, Side::Streak, Side::Size, Side::Gap],
            _ => &[],
        };
        let side = (!sides.is_empty() && tape.once_in(2)).then(|| tape.of(sides));
        self.named(tape, rule, side)
    }

    /// Who gets a badge.
    pub(crate) fn recipients(&self, tape: &mut Tape<'_>) -> Expr {
        let sets: Vec<_> = self
            .lookable()
            .filter(|rule| {
                matches!(rule.hearing.as_ref().map(|hearing| &hearing.keeps), Some(Keeps::Distinct(_)))
            })
            .filter(|rule| rule.sort == Sort::Stat)
            .collect();
        if sets.is_empty() || tape.once_in(4) {
            return match self.parts {
                [] => Expr::Literal(Value::List([text(tape, "user"), text(tape, "user")].into())),
                parts => Expr::Key(tape.of(parts)),
            };
        }
        let rule = tape.of(&sets);
        self.named(tape, rule, Some(Side::List))
    }

    /// Asks whether somebody holds a badge, if there is one.
    pub(crate) fn holds(&self, tape: &mut Tape<'_>) -> Option<Expr> {
        if self.steady || !self.beside_on && !self.parts.iter().any(|part| part == "user") {
            return None;
        }
        let badges: Vec<_> = self.known.0.iter().flat_map(Rule::badges).collect();
        if badges.is_empty() { None } else { Some(Expr::Holds(tape.of(&badges).0)) }
    }

    /// The stats and flags that may be looked at at this key.
    fn lookable(&self) -> impl Iterator<Item = &Rule> {
        let same = |rule: &Rule| {
            rule.parts.len() == self.parts.len() && rule.parts.iter().all(|part| self.parts.contains(part))
        };
        self.known.0.iter().filter(move |rule| {
            rule.sort != Sort::Badge
                && (rule.sort == Sort::Stat || rule.repeat.is_none())
                && (!self.own || same(rule))
                && (!self.steady || rule.stays())
        })
    }

    fn some(&self, tape: &mut Tape<'_>, reads: &[Reads]) -> Option<&Rule> {
        let rules: Vec<_> = self.lookable().filter(|rule| reads.contains(&rule.reads())).collect();
        if rules.is_empty() { None } else { Some(tape.of(&rules)) }
    }

    fn named(&self, tape: &mut Tape<'_>, rule: &Rule, side: Option<Side>) -> Expr {
        let within = rule.parts.iter().all(|part| self.parts.contains(part));
        let elsewhere = !self.own && (!within || tape.once_in(4));
        if elsewhere && !self.beside_on {
            let at = rule.parts.iter().map(|part| self.part_without_on(tape, part)).collect();
            return Expr::Named { name: rule.name.clone(), side, at: Some(at) };
        }
        let at = elsewhere.then(|| {
            let part = |name: &String| match name.as_str() {
                "user" => {
                    tape.of(&[Expr::EventUser, self.text_of_event("who"), Expr::Literal(Value::text("ann"))])
                }
                "item" => tape.of(&[
                    self.text_of_event("item"),
                    Expr::EventSubject,
                    Expr::Literal(Value::text("p")),
                ]),
                "subject" => Expr::EventSubject,
                "date" if self.knows_a_profile() => Expr::PeriodThere(Period::Day),
                "date" => Expr::PeriodOfEvent(Period::Day),
                period => Expr::PeriodOfEvent(Period::named(period).expect("the other parts are periods")),
            };
            rule.parts.iter().map(part).collect()
        });
        Expr::Named { name: rule.name.clone(), side, at }
    }
}

impl Names<'_> {
    /// Which other key is asked about, where there is no event: one that is written, one that a part of the own key says,
    /// or one that a stat says.
    fn part_without_on(&self, tape: &mut Tape<'_>, name: &str) -> Expr {
        let written = || match Period::named(name) {
            Some(period) => Value::text(text_of(period)),
            None if name == "date" => Value::text(text_of(Period::Day)),
            None => Value::text(if name == "user" { "ann" } else { "p" }),
        };
        let same = self.parts.iter().find(|part| *part == name);
        let texts = self.known.0.iter().filter(|rule| {
            rule.sort == Sort::Stat
                && rule.reads() == Reads::Text
                && rule.parts.iter().all(|part| self.parts.contains(part))
        });
        let texts: Vec<_> = texts.collect();
        match (tape.below(6), same) {
            (0..3, Some(part)) => Expr::Key(part.clone()),
            (3, _) if !texts.is_empty() => {
                Expr::Named { name: tape.of(&texts).name.clone(), side: None, at: None }
            }
            (4, _) if !self.parts.is_empty() => Expr::Key(tape.of(self.parts)),
            _ => Expr::Literal(written()),
        }
    }
}

impl Rule {
    /// Whether what it reads as is the same for ever once it is there: what may be looked at by what can be undone.
    fn stays(&self) -> bool {
        let first = |keeps: &Keeps| matches!(keeps, Keeps::First(_));
        self.sort == Sort::Stat
            && self.hearing.as_ref().is_some_and(|hearing| first(&hearing.keeps) && hearing.reset.is_empty())
    }
}

fn compared(tape: &mut Tape<'_>, a: Expr, b: Expr) -> Expr {
    Expr::Compare(tape.of(&COMPARISONS), Box::new([a, b]))
}

fn text_of(period: Period) -> smol_str::SmolStr {
    period.text(super::happenings::start())
}
