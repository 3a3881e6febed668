//! One expression beside the files of a folder: compiled as if it stood in a stat of theirs.

use super::compile::of_folder;
use super::declare::Folder;
use super::mistakes::{At, Mistakes, Spot};
use super::{Catalog, Numbers, Source, profile};
use crate::cel::Program;
use crate::diagnostic::Diagnostic;
use crate::stat::{Kind, Stat};

/// What the stat is called in which the expression stands. A file that has the name too is refused.
const NAME: &str = "laurels_try";

/// An expression that was compiled.
#[derive(Clone, Debug)]
pub struct Attempted {
    /// What it comes to.
    pub program: Program,
    /// The stat in which it stands: at which keys it is heard.
    pub stat: Stat,
}

impl Catalog {
    /// Compiles an expression as it would stand in a stat that hears this event and is kept per these parts, beside the
    /// files; or says everything that is wrong with it, or with them.
    pub fn attempt(
        files: &[Source],
        numbers: &Numbers,
        event_type: &str,
        by: &[String],
        expression: &str,
    ) -> Result<(Catalog, Attempted), Vec<Diagnostic>> {
        let quoted = |text: &str| toml_text(text);
        let parts: Vec<_> = by.iter().map(|part| quoted(part)).collect();
        let written = format!(
            "[stat.{NAME}]\non = {}\nby = [{}]\nlast = \"true\"\n",
            quoted(event_type),
            parts.join(", ")
        );
        let stat = Source { name: "try.toml".to_owned(), text: written };
        let alone = Source { name: "expression".to_owned(), text: expression.to_owned() };
        let place = files.len() + 1;
        let sources = [files, &[stat, alone]].concat();
        let mut mistakes = Mistakes::new(&sources);
        let Some(mut folder) = Folder::read(&sources[..place], &mut mistakes) else {
            return Err(mistakes.into_diagnostics());
        };
        folder.rules.extend(profile::stats(&folder));
        let declared = folder.rules.iter_mut().find(|rule| rule.name.value == NAME);
        if let Some(hearing) = declared.and_then(|rule| rule.hearing.as_mut()) {
            let spot = Spot { file: place, range: 0..expression.len() };
            hearing.amount = Some((Kind::Last, At { value: expression.to_owned(), spot }));
        }
        let (catalog, _, _, attempted) = of_folder(folder, numbers, mistakes, Some(NAME))?;
        // It was declared above, and a mistake in it would have been found.
        attempted.map(|attempted| (catalog, attempted)).ok_or_else(Vec::new)
    }
}

/// A text as TOML writes it.
fn toml_text(text: &str) -> String {
    let escaped = text.chars().map(|c| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c.is_control() => format!("\\u{:04X}", u32::from(c)),
        c => c.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}
