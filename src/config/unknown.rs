//! What a file says of settings that there are not.

use std::borrow::Cow;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::declare::Setting;
use crate::diagnostic::{Diagnostic, Source, did_you_mean, nearest};

/// A value of a file, with where it stands.
pub(super) struct Entry<'a> {
    /// The section, or none.
    pub(super) section: Option<&'a str>,
    /// The name in it.
    pub(super) name: &'a Spanned<Cow<'a, str>>,
    /// The value.
    pub(super) value: &'a Spanned<DeValue<'a>>,
}

impl Entry<'_> {
    /// As [`Setting::place`].
    pub(super) fn place(&self) -> (Option<&str>, &str) {
        (self.section, self.name.get_ref())
    }

    fn full_name(&self) -> String {
        match self.place() {
            (Some(section), name) => format!("{section}.{name}"),
            (None, name) => name.to_owned(),
        }
    }
}

/// Everything that stands in a file, section by section.
pub(super) fn entries<'a>(table: &'a DeTable<'a>, settings: &[Setting]) -> Vec<Entry<'a>> {
    let is_setting = |name: &str| settings.iter().any(|setting| setting.place() == (None, name));
    let mut all = Vec::new();
    for (name, value) in table {
        match value.get_ref().as_table() {
            // A section that is empty is said to be none, where it is none.
            Some(section)
                if !is_setting(name.get_ref())
                    && (!section.is_empty() || is_section(name.get_ref(), settings)) =>
            {
                let section_name = Some(name.get_ref().as_ref());
                all.extend(section.iter().map(|(name, value)| Entry { section: section_name, name, value }));
            }
            Some(_) | None => all.push(Entry { section: None, name, value }),
        }
    }
    all
}

fn is_section(name: &str, settings: &[Setting]) -> bool {
    settings.iter().any(|setting| setting.place().0 == Some(name))
}

/// What is wrong with a setting that there is not: with the one that was meant, where that can be told. Its value is
/// not shown, since it may be a secret that was written into the wrong file.
pub(super) fn mistake(entry: &Entry<'_>, settings: &[Setting], source: &Arc<Source>) -> Diagnostic {
    let (section, name) = entry.place();
    let full = entry.full_name();
    let names = || settings.iter().map(|setting| setting.name);
    let here = |setting: &&Setting| setting.place().0 == section;
    let inner = |setting: &Setting| setting.place().1;
    // The right name in the wrong section: TOML takes all that stands below `[section]` for its own.
    let elsewhere = settings.iter().find(|setting| inner(setting) == name);
    let help = match elsewhere {
        _ if section.is_none() && is_section(name, settings) => {
            format!("; `{name}` is a section: write `[{name}]`, and its settings below")
        }
        Some(Setting { name: whole, .. }) => match whole.split_once('.') {
            None => format!("; did you mean `{whole}`? It stands above the first section"),
            Some((section, _)) => format!("; did you mean `{whole}`? It stands below `[{section}]`"),
        },
        None => {
            let misspelt = nearest(name, settings.iter().filter(here).map(inner));
            let near =
                match misspelt.and_then(|near| settings.iter().find(|one| here(one) && inner(one) == near)) {
                    Some(setting) => format!("; did you mean `{}`?", setting.name),
                    None => did_you_mean(&full, names()),
                };
            if near.is_empty() { "; `laurels config default` prints all there are".to_owned() } else { near }
        }
    };
    let masked = Arc::new(Source { name: source.name.clone(), text: mask(&source.text, entry) });
    Diagnostic::error(&masked, entry.name.span(), format!("there is no setting `{full}`{help}"))
}

/// The text of a file, with a value that was meant for something else taken out.
fn mask(text: &str, entry: &Entry<'_>) -> String {
    let span = entry.value.span();
    let (before, after) = (&text[..span.start.min(text.len())], &text[span.end.min(text.len())..]);
    format!("{before}…{after}")
}
