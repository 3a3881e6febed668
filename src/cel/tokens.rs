//! The tokens of an expression: where they are, which brackets belong together, and whether there is
//! so much of it that the parser must not see it.
//!
//! The parser calls itself for every bracket and every `? :`, builds a tree as deep as a chain of
//! operators is long, and bounds only the first of these. So all of it is bounded here, in one
//! pass over the tokens that calls nothing twice.

use std::ops::Range;

use super::{DEPTH_MAX, Mistake, NODES_MAX};

/// Most tokens of one expression: an operator or operand takes two, with its dot or comma. More is
/// a mistake.
pub(super) const TOKENS_MAX: usize = 2 * NODES_MAX;

/// The tokens of an expression whose brackets are closed.
pub(super) struct Tokens<'s> {
    source: &'s str,
    spans: Vec<Range<usize>>,
    /// For each bracket the place of the other one of its pair.
    partners: Vec<Option<usize>>,
}

impl<'s> Tokens<'s> {
    /// Checks tokens before they are parsed.
    pub(super) fn check(source: &'s str, spans: Vec<Range<usize>>) -> Result<Tokens<'s>, Mistake> {
        let mut tokens = Tokens { source, partners: vec![None; spans.len()], spans };
        if tokens.spans.is_empty() {
            return Err(Mistake { span: 0..source.len(), message: "the expression is empty".into() });
        }
        if tokens.spans.len() > TOKENS_MAX {
            return Err(too_long(tokens.spans[TOKENS_MAX].start..source.len()));
        }
        let mut open: Vec<Bracket> = Vec::new();
        // How many calls of itself the parser is in: one for each open bracket and `?`.
        let mut deep = 0;
        let mut top_questions = 0;
        let mut signs = 0;
        for at in 0..tokens.spans.len() {
            let text = tokens.text(at);
            signs = if matches!(text, "!" | "-") { signs + 1 } else { 0 };
            let questions = open.last_mut().map_or(&mut top_questions, |bracket| &mut bracket.questions);
            match text {
                "(" | "[" | "{" => {
                    open.push(Bracket { at, questions: 0 });
                    deep += 1;
                }
                "?" => {
                    *questions += 1;
                    deep += 1;
                }
                "," => deep -= std::mem::take(questions),
                ")" | "]" | "}" => {
                    let bracket = open.pop().filter(|bracket| closes(tokens.text(bracket.at), text));
                    let Some(bracket) = bracket else {
                        return Err(tokens.mistake(at, format!("this `{text}` closes nothing that is open")));
                    };
                    deep -= bracket.questions + 1;
                    tokens.partners[at] = Some(bracket.at);
                    tokens.partners[bracket.at] = Some(at);
                }
                "=" => return Err(tokens.mistake(at, "two values are compared with `==`".into())),
                _ => {}
            }
            if deep > DEPTH_MAX || signs > DEPTH_MAX {
                return Err(too_deep(tokens.span(at)));
            }
        }
        match open.last() {
            Some(bracket) => {
                let text = tokens.text(bracket.at);
                Err(tokens.mistake(bracket.at, format!("this `{text}` is never closed")))
            }
            None => Ok(tokens),
        }
    }

    /// The text of a token; empty behind the last.
    pub(super) fn text(&self, at: usize) -> &'s str {
        self.source.get(self.span(at)).unwrap_or_default()
    }

    /// Where a token is; behind the last: the end.
    pub(super) fn span(&self, at: usize) -> Range<usize> {
        self.spans.get(at).cloned().unwrap_or(self.source.len()..self.source.len())
    }

    /// The place of the token that begins here, or else of the next one.
    pub(super) fn at(&self, offset: usize) -> usize {
        self.spans.partition_point(|span| span.start < offset)
    }

    /// Where the bracket of the same pair ends.
    pub(super) fn end_of_pair(&self, at: usize) -> usize {
        self.partners.get(at).copied().flatten().map_or(self.span(at).end, |partner| self.span(partner).end)
    }

    /// A span that has both brackets of each pair of which it had one.
    pub(super) fn with_pairs(&self, span: Range<usize>) -> Range<usize> {
        let inside = self.at(span.start)..self.at(span.end);
        let partners = || self.partners[inside.clone()].iter().flatten();
        let first = partners().copied().min().unwrap_or(inside.start).min(inside.start);
        let last = partners().copied().max().map_or(span.end, |last| self.span(last).end).max(span.end);
        self.span(first).start.min(span.start)..last
    }

    fn mistake(&self, at: usize, message: String) -> Mistake {
        Mistake { span: self.span(at), message }
    }
}

/// More operators than an expression may have.
pub(super) fn too_long(span: Range<usize>) -> Mistake {
    let message = format!(
        "the expression has more than {NODES_MAX} operators, calls and operands; name a part of it as a flag"
    );
    Mistake { span, message }
}

/// Operators nested deeper than they may be.
pub(super) fn too_deep(span: Range<usize>) -> Mistake {
    let message = format!("more than {DEPTH_MAX} levels are nested here; name a part of it as a flag");
    Mistake { span, message }
}

struct Bracket {
    at: usize,
    questions: usize,
}

fn closes(open: &str, close: &str) -> bool {
    matches!((open, close), ("(", ")") | ("[", "]") | ("{", "}"))
}
