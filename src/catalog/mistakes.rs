//! Everything that is wrong with a folder of files, collected so that it is all said at once.

use std::ops::Range;
use std::sync::Arc;

use super::quoted;
use crate::cel::Mistake;
use crate::diagnostic::{Diagnostic, Severity, Source};

/// A place in one of the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    /// Which file.
    pub(super) file: usize,
    /// Which bytes of its text.
    pub(super) range: Range<usize>,
}

/// Something a file says, and where.
#[derive(Clone, Debug)]
pub(super) struct At<T> {
    /// What it says.
    pub(super) value: T,
    /// Where.
    pub(super) spot: Spot,
}

/// Everything found so far.
pub(super) struct Mistakes {
    sources: Vec<Arc<Source>>,
    found: Vec<(usize, Diagnostic)>,
}

impl Mistakes {
    /// None yet, in these files.
    pub(super) fn new(files: &[Source]) -> Mistakes {
        Mistakes { sources: files.iter().cloned().map(Arc::new).collect(), found: Vec::new() }
    }

    /// Something is wrong here.
    pub(super) fn error(&mut self, spot: &Spot, message: impl Into<String>) {
        let diagnostic = Diagnostic::error(&self.sources[spot.file], spot.range.clone(), message);
        self.found.push((spot.file, diagnostic));
    }

    /// Something is most likely not meant here.
    pub(super) fn warning(&mut self, spot: &Spot, message: impl Into<String>) {
        let diagnostic = Diagnostic::warning(&self.sources[spot.file], spot.range.clone(), message);
        self.found.push((spot.file, diagnostic));
    }

    /// These things are wrong with an expression.
    pub(super) fn expression(&mut self, expression: &At<String>, mistakes: Vec<Mistake>) {
        for mistake in mistakes {
            let spot = self.within(expression, mistake.span);
            self.error(&spot, mistake.message);
        }
    }

    /// The files.
    pub(super) fn sources(&self) -> &[Arc<Source>] {
        &self.sources
    }

    /// Where a spot begins, for a message about another one: `badges/seven.toml:8`.
    pub(super) fn place(&self, spot: &Spot) -> String {
        let source = &self.sources[spot.file];
        format!("{}:{}", source.name, self.line(spot))
    }

    /// The line of a spot, from 1.
    pub(super) fn line(&self, spot: &Spot) -> usize {
        Diagnostic::error(&self.sources[spot.file], spot.range.clone(), "").line()
    }

    /// How much has been said so far, for [`Mistakes::rewind`].
    pub(super) fn mark(&self) -> usize {
        self.found.len()
    }

    /// Takes back what was said since.
    pub(super) fn rewind(&mut self, mark: usize) {
        self.found.truncate(mark);
    }

    /// Whether anything is wrong.
    pub(super) fn any(&self) -> bool {
        self.found.iter().any(|(_, found)| found.severity == Severity::Error)
    }

    /// All of it, in the order of files and places; the same thing said twice of one place is said once.
    pub(super) fn into_diagnostics(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|(file, found)| (*file, found.span.start, found.severity));
        self.found.dedup();
        self.found.into_iter().map(|(_, diagnostic)| diagnostic).collect()
    }

    /// The place in the file of a part of a text. Where that cannot be told, it is the place of the whole.
    fn within(&self, text: &At<String>, span: Range<usize>) -> Spot {
        let Spot { file, range } = text.spot.clone();
        let written = &self.sources[file].text[range.clone()];
        let range = match quoted::place(written, &text.value, span) {
            Some(place) => range.start + place.start..range.start + place.end,
            None => range,
        };
        Spot { file, range }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_in_an_expression_is_shown_at_its_place_in_the_file() {
        for (toml, value, column) in [
            ("when = \"a + b\"", "a + b", 13),
            ("when = 'a + b'", "a + b", 13),
            ("when = \"\"\"a + b\"\"\"", "a + b", 15),
            ("when = \"\\u0061 + b\"", "a + b", 18),
        ] {
            let mut mistakes = Mistakes::new(&[Source { name: "a.toml".into(), text: toml.into() }]);
            let spot = Spot { file: 0, range: 7..toml.len() };
            let expression = At { value: value.to_owned(), spot };
            mistakes.expression(&expression, vec![Mistake { span: 4..5, message: "no `b`".into() }]);
            let found = mistakes.into_diagnostics();
            assert_eq!(found[0].to_string(), format!("a.toml:1:{column}: no `b`"), "{toml}");
        }
    }
}
