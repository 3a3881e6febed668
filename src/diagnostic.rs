//! One mistake in one file: where it is, what is wrong, and what to write instead.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// A file as it was read: what [`Diagnostic`]s point into.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Its path, as people know it: `badges/seven.toml`.
    pub name: String,
    /// What stands in it.
    pub text: String,
}

/// Whether what was found keeps a catalog from being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It does.
    Error,
    /// It does not, and is most likely not what was meant.
    Warning,
}

/// Something wrong at one place of a file. Displayed as one line:
/// ``badges/seven.toml:8:8: `days` must be a number, for example `days = 7` ``.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The file.
    pub source: Arc<Source>,
    /// Where in its text, in bytes.
    pub span: Range<usize>,
    /// What is wrong and what to write instead, on one line.
    pub message: String,
}

impl Diagnostic {
    /// A mistake.
    pub fn error(source: &Arc<Source>, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        let message = in_one_line(message.into());
        Diagnostic { severity: Severity::Error, source: source.clone(), span, message }
    }

    /// Something that can be used, and should be looked at.
    pub fn warning(source: &Arc<Source>, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(source, span, message) }
    }

    /// The line where it begins, from 1.
    pub fn line(&self) -> usize {
        self.before().matches('\n').count() + 1
    }

    /// The column where it begins, from 1, in characters.
    pub fn column(&self) -> usize {
        let before = self.before();
        before[before.rfind('\n').map_or(0, |at| at + 1)..].chars().count() + 1
    }

    /// The mistake with the lines it is about, marked; in colour for a terminal.
    pub fn excerpt(&self, colour: bool) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let text = &self.source.text;
        let start = self.before().len();
        let span = start..text.floor_char_boundary(self.span.end).max(start);
        let snippet = Snippet::source(text.as_str())
            .path(self.source.name.as_str())
            .annotation(AnnotationKind::Primary.span(span));
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[level.primary_title(self.message.as_str()).element(snippet)])
    }

    /// The text before it. A place that is none in the text is the nearest that is one.
    fn before(&self) -> &str {
        let text = &self.source.text;
        &text[..text.floor_char_boundary(self.span.start)]
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let warning = match self.severity {
            Severity::Error => "",
            Severity::Warning => "warning: ",
        };
        write!(f, "{}:{}:{}: {warning}{}", self.source.name, self.line(), self.column(), self.message)
    }
}

/// What a message quotes may have line breaks, and more that a terminal would obey.
fn in_one_line(message: String) -> String {
    let escape = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    if message.contains(char::is_control) { message.chars().map(escape).collect() } else { message }
}

/// The known name that a misspelt one most likely stands for.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A third of the letters may be wrong, and one in any case: more is another word.
    let most = (wrong.chars().count() / 3).max(1);
    let distance = |name: &&str| strsim::damerau_levenshtein(wrong, name);
    let close = known.into_iter().map(|name| (distance(&name), name)).filter(|(far, _)| *far <= most);
    close.min().map(|(_, name)| name)
}

/// `` ; did you mean `name`? `` or nothing: what is added to a message about an unknown name.
pub fn did_you_mean<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(wrong, known).map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seven(span: Range<usize>) -> Diagnostic {
        let text = "title = \"Sieben – é\"\n[badge.seven]\ndays = \"7\"\n".to_owned();
        let source = Arc::new(Source { name: "badges/seven.toml".into(), text });
        Diagnostic::error(&source, span, "`days` must be a number, for example `days = 7`")
    }

    #[test]
    fn a_mistake_is_one_line_with_its_place() {
        let at = seven(0..1).source.text.find("\"7\"").unwrap();
        assert_eq!(
            seven(at..at + 3).to_string(),
            "badges/seven.toml:3:8: `days` must be a number, for example `days = 7`"
        );
        let column = seven(0..1).source.text.find("\"\n").unwrap();
        assert_eq!(seven(column..column).column(), 20, "columns are characters, not bytes");
    }

    #[test]
    fn an_excerpt_shows_the_line_and_marks_the_place() {
        let at = seven(0..1).source.text.find("\"7\"").unwrap();
        let excerpt = seven(at..at + 3).excerpt(false);
        assert!(excerpt.starts_with("error: `days` must be a number"), "{excerpt}");
        assert!(excerpt.contains("badges/seven.toml:3:8") && excerpt.contains("^^^"), "{excerpt}");
    }

    /// A fuzzer wrote a condition over two lines, `holds("…`, line break, `…")`, as TOML's long texts and CEL allow.
    /// The mistake quoted the name of the badge as it stood, so that one mistake looked like two, the second without
    /// a place; a colour or a bell in it would have reached the terminal.
    #[test]
    fn a_mistake_is_one_line_also_when_what_it_quotes_is_not() {
        let source = seven(0..1).source;
        let mistake = Diagnostic::error(&source, 0..1, "there is no badge `a\n\u{1b}[31mé`");
        assert_eq!(mistake.message, "there is no badge `a\\n\\u{1b}[31mé`");
    }

    #[test]
    fn a_place_outside_the_text_is_no_panic() {
        for span in [1000..2000, 17..18, 18..19, Range { start: 5, end: 2 }] {
            let diagnostic = seven(span);
            assert!(diagnostic.line() >= 1 && !diagnostic.excerpt(false).is_empty());
        }
    }

    #[test]
    fn only_a_near_name_is_suggested() {
        assert_eq!(nearest("medl", ["title", "medal"]), Some("medal"));
        assert_eq!(nearest("valeu", ["title", "value"]), Some("value"));
        assert_eq!(nearest("photo", ["title", "medal"]), None);
        assert_eq!(did_you_mean("x", ["title"]), "");
    }
}
