//! How a server is set up: every setting, its value, and where that was said.
//!
//! ```text
//! laurels.default.toml < laurels.toml < LAURELS_… < --…      what is said later holds
//!                    └──────┴─────┬─────┴───────┘
//!                              layers ──▶ kind ──▶ Config, and for each setting where it comes from
//!                                 └▶ unknown, environment: what is no setting, and which was meant
//! ```
//!
//! [`settings`] declares them, and `laurels.default.toml`, which is in the program, has their defaults and documents
//! them. All that is wrong is said at once, as [`Diagnostic`]s. No setting has a secret for its value: keys are in
//! files, which settings name.

mod comments;
mod declare;
mod environment;
mod kind;
mod layers;
mod settings;
mod site;
mod size;
mod unknown;
mod written;

use std::sync::Arc;

use toml::de::DeTable;

use crate::diagnostic::{Diagnostic, Source};
use crate::{catalog, service};
use layers::Values;

pub use declare::Setting;
pub use layers::{Origin, Taken};
pub use settings::{Config, Limits, Store, Tls, settings};
pub use site::Site;

/// `laurels.default.toml`: every setting with its default and what it means.
pub const DEFAULTS: &str = include_str!("../laurels.default.toml");

/// What is said of settings beside the defaults.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// A file.
    pub file: Option<Source>,
    /// Variables of the environment, among them those that are none of ours.
    pub environment: Vec<(String, String)>,
    /// Options of the command line: a setting's name, and what was said.
    pub options: Vec<(&'static str, String)>,
}

/// Every setting as it holds.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The values.
    pub config: Config,
    /// Each setting with where its value comes from, in the order of the file.
    pub taken: Vec<Taken>,
    /// Variables that begin as ours do, and that nobody knows.
    pub unknown_variables: Vec<String>,
}

/// Settles every setting, or says everything that is wrong.
pub fn settle(said: &Said) -> Result<Settled, Vec<Diagnostic>> {
    let settings = settings();
    let defaults = Source { name: "laurels.default.toml".to_owned(), text: DEFAULTS.to_owned() };
    let sources: Vec<_> = [Some(defaults), said.file.clone()].into_iter().flatten().map(Arc::new).collect();
    let mut mistakes = Vec::new();
    let tables: Vec<_> = sources.iter().map(|source| parse(source, &mut mistakes)).collect();
    let mut values = Values::of(&settings);
    for (at, (source, table)) in sources.iter().zip(&tables).enumerate() {
        values.add_file(source, table, at == 0);
    }
    let unknown = values.add_environment(&said.environment);
    values.add_options(&said.options);
    let config = Config::take(&mut values);
    mistakes.append(&mut values.mistakes);
    match config {
        Some(config) if mistakes.is_empty() => {
            let unknown_variables = unknown.into_iter().map(str::to_owned).collect();
            Ok(Settled { config, taken: values.taken, unknown_variables })
        }
        Some(_) | None => {
            mistakes.sort_by_key(|mistake| (place(mistake, &sources), mistake.span.start));
            Err(mistakes)
        }
    }
}

/// A setting as `laurels.default.toml` has it.
#[derive(Clone, Debug)]
pub struct Documented {
    /// The setting.
    pub setting: Setting,
    /// Its comment, without the last line.
    pub comment: String,
    /// The last line of the comment: what a value must be, and when another comes into use.
    pub rule: String,
    /// Its default, as TOML.
    pub default: String,
}

/// All settings as `laurels.default.toml` has them.
pub fn documented() -> Vec<Documented> {
    let mut comments = comments::of(DEFAULTS);
    let defaults = settle(&Said::default()).expect(SETTLED).taken;
    let with_comment = |(setting, default): (Setting, Taken)| {
        let mut lines = comments.remove(setting.name).unwrap_or_default();
        let rule = lines.pop().unwrap_or_default();
        Documented { setting, comment: lines.join(" "), rule, default: default.value }
    };
    settings().into_iter().zip(defaults).map(with_comment).collect()
}

/// Why the defaults alone have no mistake.
const SETTLED: &str = "a test settles the defaults";

impl Default for Config {
    fn default() -> Config {
        settle(&Said::default()).expect(SETTLED).config
    }
}

impl From<&Limits> for service::Limits {
    fn from(limits: &Limits) -> service::Limits {
        service::Limits {
            queue_events: limits.queue_events,
            queue_bytes: limits.queue_bytes,
            data_bytes: limits.data_bytes,
        }
    }
}

impl From<&Limits> for catalog::Size {
    fn from(limits: &Limits) -> catalog::Size {
        catalog::Size { bytes: limits.catalog_bytes, rules: limits.catalog_rules }
    }
}

/// The table of a file, without what could not be read of it.
fn parse<'a>(source: &'a Arc<Source>, mistakes: &mut Vec<Diagnostic>) -> DeTable<'a> {
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let message = match error.message() {
            "duplicate key" => format!("`{}` is here twice; take one out", &source.text[span.clone()]),
            message => format!("this is not TOML: {message}; texts, sizes and times stand in quotes"),
        };
        mistakes.push(Diagnostic::error(source, span, message));
    }
    table.into_inner()
}

/// Files come before the environment and the command line.
fn place(mistake: &Diagnostic, sources: &[Arc<Source>]) -> (usize, String) {
    let file = sources.iter().position(|source| source.name == mistake.source.name);
    (file.unwrap_or(sources.len()), mistake.source.name.clone())
}

#[cfg(test)]
mod tests;
