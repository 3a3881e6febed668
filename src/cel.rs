//! Expressions: CEL, parsed by a library, checked against declared types and lowered to what the
//! engine runs.
//!
//! ```text
//! text ──parse──▶ Node ──check──▶ Expr ──eval──▶ a value, or none
//! ```
//!
//! [`compile`] is given the text of an expression and a [`Scope`] that knows the names; it answers a
//! [`Program`], or every mistake with its place. A program is run over an [`Environment`] and has a
//! value or none: *what has no value makes nothing true*. Running cannot fail, and costs no more
//! than the size of the program times the size of the lists it walks; [`STEPS_MAX`] is the end of it.
//!
//! Where we differ from CEL: what CEL calls an error is no value; a double that would be infinite or
//! not a number is none either; comparing an int with a double is exact; durations also have `d` and
//! `w`. Not supported: uint, bytes, maps and messages written out, optionals, macros within macros.

mod arithmetic;
mod canonical;
mod check;
mod compare;
mod duration;
mod eval;
mod expr;
mod functions;
mod parse;
mod reading;
mod syntax;
mod tokens;
mod types;
mod why;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use smol_str::SmolStr;

use crate::event::{Event, Time, Value};
use eval::{Budget, Run};
use expr::{Expr, Macro};
use functions::Function;

pub use compare::compare;
pub use duration::parse as parse_duration;
pub use reading::Comparison;
pub use types::Type;

/// Longest expression, in bytes. A longer one is a mistake, found before it is parsed.
pub const SOURCE_MAX_BYTES: usize = 4 * 1024;
/// Most operators, calls and operands nested in each other. More is a mistake.
pub const DEPTH_MAX: usize = 32;
/// Most operators, calls and operands of one expression. More is a mistake.
pub const NODES_MAX: usize = 500;
/// Most items that one run of an expression goes through, compares or puts into lists, and sixteenths
/// of the bytes of the texts that it reads and writes. A run that would go on has no value.
pub const STEPS_MAX: usize = 1_000_000;

/// One mistake in an expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Mistake {
    /// Where, in bytes of the expression's text.
    pub span: Range<usize>,
    /// What is wrong and what to write instead.
    pub message: String,
}

/// Which side of a stat is read: `views`, `views.list`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Facet {
    /// The stat itself.
    Itself,
    /// `.list` of a set: its values as text, sorted.
    List,
    /// `.longest` of a run: most in a row; the same as the run itself.
    Longest,
    /// `.streak` of a run: in a row up to the greatest.
    Streak,
    /// `.size` of a run: how many.
    Size,
    /// `.first` of a run: the least.
    First,
    /// `.last` of a run: the greatest.
    Last,
    /// `.gap` of a run: the most missing in a row between two that are there.
    Gap,
}

/// The names that an expression may use, while it is compiled.
pub trait Scope {
    /// The type of `event.data.FIELD`. What is said to be a time or a double is turned into one, since
    /// JSON has no times and writes 3.0 as 3. An error says why there is none: no event in sight
    /// (without `on`), or a field that is not declared.
    fn event_data(&self, field: &str) -> Result<Type, String>;

    /// Whether `event` and `now` may be named: beside `on`, and nowhere else. An error says why not.
    fn event(&self) -> Result<(), String>;

    /// Whether `key.NAME` may be named. An error says why not.
    fn key_part(&self, name: &str) -> Result<(), String>;

    /// The stat or flag of this name, bare (`arguments` is None) or called at another key with so many
    /// arguments, seen from `facet`. An error says why there is none: no such name (with the nearest),
    /// no such facet, parts that the rule's key lacks, a wrong number of arguments.
    fn stat(&self, name: &str, facet: Option<&str>, arguments: Option<usize>) -> Result<StatUse, String>;

    /// The stat that keeps this field of a profile, and whose it is. An error says why there is none.
    fn profile(&self, field: &str) -> Result<(StatUse, Whose), String>;

    /// The place in the catalog of the badge with this id, for `holds`. An error says why there is none.
    fn badge(&self, id: &str) -> Result<usize, String>;

    /// The name of every stat and flag, for "did you mean".
    fn names(&self) -> Vec<SmolStr>;
}

/// A stat or flag as an expression uses it.
#[derive(Clone, Debug, PartialEq)]
pub struct StatUse {
    /// Its place in the catalog's stats.
    pub stat: usize,
    /// Which side of it.
    pub facet: Facet,
    /// What that is.
    pub r#type: Type,
}

/// Whose profile an expression asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// That of the user of the rule's key.
    OfKey,
    /// That of the user of the event.
    OfEvent,
}

/// What a program sees while it runs.
pub trait Environment {
    /// The event at hand. A program that was compiled where there is one runs where there is one.
    fn event(&self) -> Option<&Event>;

    /// The time at which the event is heard.
    fn now(&self) -> Time;

    /// A part of the rule's key.
    fn key_part(&self, name: &str) -> Option<SmolStr>;

    /// A stat or flag, at the rule's own key or, with arguments, at the key with these parts in the
    /// order in which the stat's `by` has them.
    fn stat(&self, stat: usize, facet: Facet, at: Option<&[Value]>) -> Option<Value>;

    /// Whether the user at hand holds the badge at this place of the catalog. None where there is no user.
    fn holds(&self, badge: usize) -> Option<bool>;
}

/// A compiled expression.
#[derive(Clone, Debug)]
pub struct Program {
    expr: Arc<Expr>,
    r#type: Type,
}

/// Compiles an expression, or says everything that is wrong with it.
pub fn compile(source: &str, scope: &impl Scope) -> Result<Program, Vec<Mistake>> {
    let (root, mut mistakes) = parse::parse(source).map_err(|mistake| vec![mistake])?;
    let (expr, r#type) = check::check(source, &root, scope, &mut mistakes);
    if mistakes.is_empty() {
        return Ok(Program { expr: Arc::new(expr), r#type });
    }
    mistakes.sort_by_key(|mistake| (mistake.span.start, mistake.span.end));
    Err(mistakes)
}

/// The names that stand in an expression by themselves: neither called nor behind a dot, and not
/// bound by a macro; and fields of a profile, `profile.x`. None where it cannot be parsed. Tells which stats a rule
/// without `on` is about, before its key, and so its scope, is known. (`entered.gap` names `entered`.)
pub fn bare_names(source: &str) -> Vec<SmolStr> {
    parse::parse(source).map_or_else(|_| Vec::new(), |(root, _)| syntax::bare_names(&root))
}

/// Whether an expression asks `holds`. False where it cannot be parsed.
pub fn asks_holds(source: &str) -> bool {
    parse::parse(source).is_ok_and(|(root, _)| syntax::calls(&root, "holds"))
}

/// Whether a name may not be given to a stat or a part: a keyword, a function, or one of `event key
/// now profile`.
pub fn is_reserved(name: &str) -> bool {
    matches!(name, "event" | "key" | "now" | "profile" | "has" | "holds" | "matches" | "existsOne")
        || Macro::ALL.iter().any(|known| known.name() == name)
        || Function::named(name).is_some()
        || parse::is_keyword(name)
}

impl Program {
    /// The program that is nothing but this stat.
    pub fn of_stat(stat: StatUse) -> Program {
        let r#type = stat.r#type.clone();
        Program { expr: Arc::new(Expr::Stat { stat, at: None }), r#type }
    }

    /// What kind of value it has.
    pub fn r#type(&self) -> &Type {
        &self.r#type
    }

    /// Its value, if it has one.
    pub fn value(&self, environment: &impl Environment) -> Option<Value> {
        let budget = Budget::default();
        let run = Run { environment, budget: &budget, item: None };
        run.value(&self.expr).map(Cow::into_owned)
    }

    /// Whether it is true. What has no value is not.
    pub fn is_true(&self, environment: &impl Environment) -> bool {
        self.value(environment) == Some(Value::Bool(true))
    }

    /// Of the parts that `&&` joins: how many are true, and how many there are.
    pub fn parts_true(&self, environment: &impl Environment) -> (usize, usize) {
        let all = &*self.expr;
        let parts = if let Expr::And(parts) = all { parts } else { std::slice::from_ref(all) };
        let budget = Budget::default();
        let run = Run { environment, budget: &budget, item: None };
        (parts.iter().filter(|part| run.truth(part) == Some(true)).count(), parts.len())
    }

    /// Every stat and flag it reads, each once; `true` where it reads it at another key, with arguments.
    pub fn stats(&self) -> Vec<(StatUse, bool)> {
        let mut stats = Vec::new();
        self.expr.walk(&mut |expr| {
            if let Expr::Stat { stat, at } = expr {
                let found = (stat.clone(), at.is_some());
                if !stats.contains(&found) {
                    stats.push(found);
                }
            }
        });
        stats
    }

    /// Every badge it asks `holds` of, each once.
    pub fn badges(&self) -> Vec<usize> {
        let mut badges = Vec::new();
        self.expr.walk(&mut |expr| {
            if let Expr::Holds { badge, .. } = expr
                && !badges.contains(badge)
            {
                badges.push(*badge);
            }
        });
        badges
    }

    /// Whether it stays true once it is, given which stats only grow (or, flags, only rise), and which badges are never
    /// taken back. Where that is not plain to see: no.
    pub fn stays_true(&self, grows: &dyn Fn(&StatUse) -> bool, kept: &dyn Fn(usize) -> bool) -> bool {
        self.expr.stays_true(grows, kept)
    }

    /// The expression in a form that stays the same for ever, stats being named by `name`: equal texts mean
    /// equal programs. What fingerprints are made of.
    pub fn canonical(&self, name: &dyn Fn(usize) -> String) -> String {
        canonical::text(&self.expr, name)
    }
}
