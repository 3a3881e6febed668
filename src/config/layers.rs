//! Where values come from: the defaults, a file, the environment, the command line. What is said later in this row holds.
//!
//! All that is said is read, also where something later holds: a mistake is a mistake, wherever it is, and all are
//! said at once.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use toml::de::DeTable;

use super::declare::{PREFIX, Setting};
use super::kind::Kind;
use super::written::Written;
use super::{environment, unknown};
use crate::diagnostic::{Diagnostic, Source};

/// What the texts of the command line are called in messages.
const COMMAND_LINE: &str = "the command line";
/// What variables are called.
const ENVIRONMENT: &str = "the environment";

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything else.
    Default,
    /// A file, with the line.
    File(String, usize),
    /// A variable of the environment.
    Variable(String),
    /// An option of the command line.
    Option(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => write!(f, "default"),
            Origin::File(name, line) => write!(f, "{name}:{line}"),
            Origin::Variable(name) => write!(f, "{name}"),
            Origin::Option(name) => write!(f, "--{name}"),
        }
    }
}

/// Something that was said of a setting, and where.
struct Said<'a> {
    written: Written<'a>,
    source: Arc<Source>,
    span: Range<usize>,
    origin: Origin,
}

/// What was taken of a setting: its value as a file would have it, and where that came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The setting.
    pub name: &'static str,
    /// Its value, as TOML.
    pub value: String,
    /// Where that comes from.
    pub origin: Origin,
}

/// Everything that was said of settings, to be taken one by one.
pub(super) struct Values<'a> {
    settings: &'a [Setting],
    /// By name, from the weakest on.
    said: BTreeMap<&'static str, Vec<Said<'a>>>,
    /// What was taken so far.
    pub(super) taken: Vec<Taken>,
    /// What is wrong.
    pub(super) mistakes: Vec<Diagnostic>,
}

impl<'a> Values<'a> {
    /// Nothing is said yet of these settings.
    pub(super) fn of(settings: &'a [Setting]) -> Values<'a> {
        Values { settings, said: BTreeMap::new(), taken: Vec::new(), mistakes: Vec::new() }
    }

    /// Adds what a file says. The defaults are one too.
    pub(super) fn add_file(&mut self, source: &Arc<Source>, table: &'a DeTable<'a>, defaults: bool) {
        let line = |span: &Range<usize>| Diagnostic::error(source, span.clone(), "").line();
        for entry in unknown::entries(table, self.settings) {
            let Some(setting) = self.settings.iter().find(|setting| setting.place() == entry.place()) else {
                self.mistakes.push(unknown::mistake(&entry, self.settings, source));
                continue;
            };
            let span = entry.value.span();
            let origin = match defaults {
                true => Origin::Default,
                false => Origin::File(source.name.clone(), line(&entry.name.span())),
            };
            self.add(
                setting.name,
                Said { written: Written::Toml(entry.value), source: source.clone(), span, origin },
            );
        }
    }

    /// Adds what variables of the environment say. One that is empty says nothing. What looks like a setting and is
    /// none is a mistake; other variables with our prefix are given back.
    pub(super) fn add_environment(&mut self, variables: &'a [(String, String)]) -> Vec<&'a str> {
        let mut others = Vec::new();
        for (variable, value) in variables {
            if !variable.starts_with(PREFIX) || value.is_empty() {
                continue;
            }
            let source = Source { name: ENVIRONMENT.to_owned(), text: format!("{variable}={value}") };
            let Some(setting) = self.settings.iter().find(|setting| setting.variable() == *variable) else {
                match environment::look(variable, self.settings) {
                    environment::Known::Elsewhere => {}
                    environment::Known::Nowhere => others.push(variable.as_str()),
                    // Its value may be a secret that was meant for something else.
                    environment::Known::Misspelt(message) => {
                        let source = Arc::new(Source { text: format!("{variable}=…"), ..source });
                        self.mistakes.push(Diagnostic::error(&source, 0..variable.len(), message));
                    }
                }
                continue;
            };
            let span = variable.len() + 1..source.text.len();
            let origin = Origin::Variable(variable.clone());
            self.add(
                setting.name,
                Said { written: Written::Text(value), source: Arc::new(source), span, origin },
            );
        }
        others
    }

    /// Adds what options of the command line say: names of settings, and texts.
    pub(super) fn add_options(&mut self, options: &'a [(&'static str, String)]) {
        for (name, value) in options {
            let Some(setting) = self.settings.iter().find(|setting| setting.name == *name) else { continue };
            let (option, text) = match (setting.switch, value.as_str()) {
                (true, "false") => (format!("no-{}", setting.flag), format!("--no-{}", setting.flag)),
                (true, _) => (setting.flag.clone(), format!("--{}", setting.flag)),
                (false, value) => (setting.flag.clone(), format!("--{} {value}", setting.flag)),
            };
            let span = text.len() - if setting.switch { 0 } else { value.len() }..text.len();
            let source = Arc::new(Source { name: COMMAND_LINE.to_owned(), text });
            let origin = Origin::Option(option);
            self.add(name, Said { written: Written::Text(value), source, span, origin });
        }
    }

    fn add(&mut self, name: &'static str, said: Said<'a>) {
        self.said.entry(name).or_default().push(said);
    }

    /// The value of a setting. None where anything that is said of it is wrong.
    pub(super) fn take<T>(&mut self, name: &'static str, kind: &Kind<T>) -> Option<T> {
        let mut taken = None;
        let mut wrong = false;
        let mut default = None;
        for said in self.said.remove(name).unwrap_or_default() {
            match (kind.read)(said.written) {
                Some(value) => {
                    let shown = (kind.show)(&value);
                    default.get_or_insert_with(|| shown.clone());
                    taken = Some((value, Taken { name, value: shown, origin: said.origin }));
                }
                None => {
                    wrong = true;
                    let example = default
                        .as_ref()
                        .map_or_else(String::new, |value| format!("; the default is {value}"));
                    let message = format!(
                        "`{name}` must be {}; this is {}{example}",
                        kind.must_be,
                        said.written.described()
                    );
                    self.mistakes.push(Diagnostic::error(&said.source, said.span, message));
                }
            }
        }
        let (value, taken) = taken?;
        self.taken.push(taken);
        (!wrong).then_some(value)
    }
}
