//! The one place that knows the parser, the crate `cel`: text in, our own [`Node`]s out.
//!
//! Three things about it are worked around here. It can be made to overflow the stack, so [`Tokens`]
//! bounds what it is given. It expands macros into loops, so they are recognised by the form of the
//! loop. And it keeps where each node stands, but hands that over only together with errors: so the
//! text is parsed twice, the second time with an error behind its end.

use std::ops::Range;
use std::sync::Arc;

use ::cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, LiteralValue, SourceInfo, operators};
use ::cel::parser::pratt_parser::{Lexer, TokenKind};
use ::cel::parser::{ParseErrors, PrattParser};
use smol_str::SmolStr;

use super::expr::{Macro, Operator};
use super::syntax::{Kind, Node};
use super::tokens::{Tokens, too_deep, too_long};
use super::{DEPTH_MAX, Mistake, NODES_MAX, SOURCE_MAX_BYTES};
use crate::event::Value;

/// Reads an expression. Beside the nodes come the mistakes that leave the rest readable: what CEL
/// has and we do not.
pub(super) fn parse(source: &str) -> Result<(Node, Vec<Mistake>), Mistake> {
    if source.len() > SOURCE_MAX_BYTES {
        let message = format!(
            "the expression has {} bytes, more than {SOURCE_MAX_BYTES}; name a part of it as a flag",
            source.len()
        );
        return Err(Mistake { span: 0..source.len(), message });
    }
    let tokens = Tokens::check(source, lex(source)?)?;
    let expr = parser().parse(source).map_err(|errors| first_mistake(source, &tokens, &errors))?;
    let mut reading =
        Reading { tokens, places: places(source), nodes: 0, too_deep: false, mistakes: Vec::new() };
    let root = reading.node(&expr, 1);
    if reading.nodes > NODES_MAX {
        return Err(too_long(0..source.len()));
    }
    Ok((root, reading.mistakes))
}

/// Whether the parser would read this name as a word of its own, as `in` and `if`.
pub(super) fn is_keyword(name: &str) -> bool {
    use TokenKind::{TokFalse, TokIn, TokNull, TokReservedWord, TokTrue};
    matches!(Lexer::new(name).lex().kind, TokNull | TokFalse | TokTrue | TokIn | TokReservedWord)
}

fn parser() -> PrattParser {
    let nested = u16::try_from(DEPTH_MAX).unwrap_or(u16::MAX);
    PrattParser::new().max_recursion_depth(nested.saturating_add(1))
}

fn lex(source: &str) -> Result<Vec<Range<usize>>, Mistake> {
    let mut lexer = Lexer::new(source);
    let mut spans = Vec::new();
    loop {
        let token = lexer.lex();
        if token.kind == TokenKind::TokEnd {
            return Ok(spans);
        }
        if token.kind == TokenKind::TokError {
            let problem = lexer.get_error().map_or("", |error| error.message.as_str());
            return Err(unreadable(source, token.start..token.end, problem));
        }
        if !matches!(token.kind, TokenKind::TokWhitespace | TokenKind::TokComment) {
            spans.push(token.start..token.end);
        }
    }
}

fn unreadable(source: &str, span: Range<usize>, problem: &str) -> Mistake {
    // The lexer goes by bytes; a character may have several.
    let end = (span.end..=source.len()).find(|at| source.is_char_boundary(*at)).unwrap_or(source.len());
    let text = source.get(span.start..end).unwrap_or_default();
    let message = match problem {
        "unexpected single '&', expected '&&'" => "two conditions are joined with `&&`".to_owned(),
        "unexpected single '|', expected '||'" => "two conditions are joined with `||`".to_owned(),
        "unexpected character" => {
            format!("`{text}` means nothing here; a text stands in quotes, such as \"{text}\"")
        }
        problem if problem.starts_with("unterminated") => {
            "the quotes of this text are never closed".to_owned()
        }
        _ => format!("`{text}` is no number; write one like 12 or 0.5"),
    };
    Mistake { span: span.start..end, message }
}

/// Where each node stands, by its id.
fn places(source: &str) -> Option<Arc<SourceInfo>> {
    // The bracket closes nothing, so this always is an error; the line break ends a comment.
    let errors = parser().parse(&format!("{source}\n)")).err()?;
    errors.errors.into_iter().find_map(|error| error.source_info)
}

/// The first error; those behind it mostly follow from it.
fn first_mistake(source: &str, tokens: &Tokens<'_>, errors: &ParseErrors) -> Mistake {
    let first = errors.errors.iter().find(|error| error.pos.0 > 0).or(errors.errors.first());
    let (place, message) = first.map_or(((0, 0), ""), |error| (error.pos, error.msg.as_str()));
    let line = usize::try_from(place.0).unwrap_or(0).saturating_sub(1);
    let column = usize::try_from(place.1).unwrap_or(0).saturating_sub(1);
    let offset = source.split_inclusive('\n').take(line).map(str::len).sum::<usize>() + column;
    let at = tokens.at(offset);
    let before = at.checked_sub(1).map_or("", |before| tokens.text(before));
    Mistake { span: tokens.span(at), message: explain(message, before, tokens.text(at)) }
}

fn explain(problem: &str, before: &str, found: &str) -> String {
    let text = match problem {
        "expected ':' in conditional expression" => "`?` needs a `:` too: `condition ? one : other`",
        "expected identifier after '.'" => {
            "the name of a field must follow the dot; any other name is written event.data[\"the-name\"]"
        }
        "invalid int literal" => "this whole number is beyond 64 bits with a sign",
        "invalid double literal" => "this number is too large",
        "argument must be a simple name" => {
            "here stands a name for each item of the list, such as x in list.exists(x, x > 1)"
        }
        "invalid argument to has() macro" => {
            "has() asks whether a field is there, and nothing else: has(event.data.x)"
        }
        problem if problem.starts_with("reserved identifier") => {
            return format!("`{found}` is a word that CEL keeps for itself; choose another name");
        }
        problem if problem.contains("'?'") || problem.contains("'.?'") => {
            "optional fields with `?` are not supported; write has(event.data.x) && …"
        }
        problem if problem.contains("quoted identifier") || problem.contains("'`'") => {
            "names in backquotes are not supported; write event.data[\"the-name\"]"
        }
        problem if problem.contains("unescape") || problem.contains("unicode") => {
            r#"this text has an escape that CEL does not know; a backslash is written "\\""#
        }
        _ => match (before, found) {
            (_, "and" | "AND") | ("and" | "AND", _) => "two conditions are joined with `&&`",
            (_, "or" | "OR") | ("or" | "OR", _) => "two conditions are joined with `||`",
            ("not" | "NOT", _) => "the opposite of a condition is written with `!` before it",
            (_, "") => "the expression ends where a value should follow",
            _ => return format!("`{found}` cannot stand here"),
        },
    };
    text.to_owned()
}

/// Turns the parser's tree into ours.
struct Reading<'s> {
    tokens: Tokens<'s>,
    places: Option<Arc<SourceInfo>>,
    nodes: usize,
    too_deep: bool,
    mistakes: Vec<Mistake>,
}

impl Reading<'_> {
    fn node(&mut self, expr: &IdedExpr, depth: usize) -> Node {
        self.nodes += 1;
        let at = self.place(expr.id);
        let token = self.tokens.span(at);
        if depth > DEPTH_MAX {
            // Said once: what is beside it may be as deep.
            if !std::mem::replace(&mut self.too_deep, true) {
                self.mistakes.push(too_deep(token.clone()));
            }
            return Node { span: token, kind: Kind::Wrong };
        }
        match &expr.expr {
            Expr::Literal(literal) => self.literal(literal, at),
            Expr::Ident(name) if name.starts_with('.') => {
                self.unsupported(token, "a dot before a name is not supported; write the name alone")
            }
            Expr::Ident(name) => Node { span: token, kind: Kind::Name(SmolStr::from(name)) },
            Expr::Select(select) => {
                let of = self.node(&select.operand, depth + 1);
                let name = SmolStr::from(&select.field);
                if select.test {
                    self.nodes += 1;
                    let end = self.tokens.end_of_pair(at + 1);
                    // The name is the last but for brackets.
                    let last = (0..self.tokens.at(end)).rev().find(|last| self.tokens.text(*last) != ")");
                    let span = of.span.start..self.tokens.span(last.unwrap_or(at)).end;
                    let field = Node { span, kind: Kind::Field { of: Box::new(of), name } };
                    return Node { span: token.start..end, kind: Kind::Has(Box::new(field)) };
                }
                let span = self.tokens.with_pairs(of.span.start..self.tokens.span(at + 1).end);
                Node { span, kind: Kind::Field { of: Box::new(of), name } }
            }
            Expr::Call(call) => self.call(call, expr, at, depth),
            Expr::Comprehension(each) => self.each(each, at, depth),
            Expr::List(list) => {
                let items = list.elements.iter().map(|item| self.node(item, depth + 1)).collect();
                Node { span: token.start..self.tokens.end_of_pair(at), kind: Kind::List(items) }
            }
            Expr::Map(_) => {
                let span = token.start..self.tokens.end_of_pair(at);
                self.unsupported(
                    span,
                    "maps cannot be written in an expression; compare their fields one by one",
                )
            }
            Expr::Struct(_) => {
                self.unsupported(token, "messages are not supported; write their fields one by one")
            }
            Expr::Unspecified => self.unsupported(token, "this cannot be read"),
        }
    }

    fn literal(&mut self, literal: &LiteralValue, at: usize) -> Node {
        let span = self.tokens.span(at);
        // A number and the sign before it are one literal.
        let number = span.start..self.tokens.span(at + usize::from(self.tokens.text(at) == "-")).end;
        let (span, value) = match literal {
            LiteralValue::Null => (span, Value::Null),
            LiteralValue::Boolean(value) => (span, Value::Bool(**value)),
            LiteralValue::Int(value) => (number, Value::Int(**value)),
            // There is one zero: adding makes it of the other.
            LiteralValue::Double(value) => (number, Value::Double(**value + 0.0)),
            LiteralValue::String(text) => (span, Value::text(text.inner())),
            LiteralValue::UInt(value) => {
                let message = format!("whole numbers without a sign are not supported; write {}", **value);
                return self.unsupported(span, message);
            }
            LiteralValue::Bytes(_) => {
                return self.unsupported(span, "bytes are not supported; write a text, without the `b`");
            }
        };
        Node { span, kind: Kind::Literal(value) }
    }

    fn call(&mut self, call: &CallExpr, expr: &IdedExpr, at: usize, depth: usize) -> Node {
        let token = self.tokens.span(at);
        if let Some(target) = &call.target {
            let on = self.node(target, depth + 1);
            let span = self.tokens.with_pairs(on.span.start..self.tokens.end_of_pair(at));
            let name_span = self.tokens.span(at.saturating_sub(1));
            return self.named_call(call, Some(Box::new(on)), span, name_span, depth);
        }
        let name = call.func_name.as_str();
        match (name, call.args.as_slice()) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR, _) => self.chain(name, expr, depth),
            (operators::LOGICAL_NOT, [inner]) => {
                let inner = self.node(inner, depth + 1);
                Node {
                    span: self.tokens.with_pairs(token.start..inner.span.end),
                    kind: Kind::Not(Box::new(inner)),
                }
            }
            (operators::NEGATE, [inner]) => {
                let inner = self.node(inner, depth + 1);
                let span = self.tokens.with_pairs(token.start..inner.span.end);
                Node { span, kind: Kind::Negate(Box::new(inner)) }
            }
            (operators::CONDITIONAL, [condition, one, other]) => {
                let parts = [condition, one, other].map(|part| self.node(part, depth + 1));
                let span = self.tokens.with_pairs(parts[0].span.start..parts[2].span.end);
                Node { span, kind: Kind::If(Box::new(parts)) }
            }
            (operators::INDEX, [of, index]) => {
                let sides = [of, index].map(|side| self.node(side, depth + 1));
                let span = self.tokens.with_pairs(sides[0].span.start..self.tokens.end_of_pair(at));
                Node { span, kind: Kind::Index(Box::new(sides)) }
            }
            (name, [left, right]) if operator(name).is_some() => {
                let sides = [left, right].map(|side| self.node(side, depth + 1));
                let span = self.tokens.with_pairs(sides[0].span.start..sides[1].span.end);
                let kind = operator(name).map_or(Kind::Wrong, |known| Kind::Binary(known, Box::new(sides)));
                Node { span, kind }
            }
            _ => {
                let span = token.start..self.tokens.end_of_pair(at + 1);
                self.named_call(call, None, span, token, depth)
            }
        }
    }

    fn named_call(
        &mut self,
        call: &CallExpr,
        on: Option<Box<Node>>,
        span: Range<usize>,
        name_span: Range<usize>,
        depth: usize,
    ) -> Node {
        let arguments = call.args.iter().map(|argument| self.node(argument, depth + 1)).collect();
        let name = SmolStr::from(&call.func_name);
        if name.starts_with('.') {
            return self.unsupported(name_span, "a dot before a name is not supported; write the name alone");
        }
        Node { span, kind: Kind::Call { on, name, name_span, arguments } }
    }

    /// The parts that `&&`, or `||`, joins. The parser makes a balanced tree of them, two by two.
    fn chain(&mut self, operator: &str, expr: &IdedExpr, depth: usize) -> Node {
        let mut parts = Vec::new();
        let mut waiting = vec![expr];
        while let Some(next) = waiting.pop() {
            if let Expr::Call(call) = &next.expr
                && call.func_name == operator
            {
                waiting.extend(call.args.iter().rev());
            } else {
                parts.push(self.node(next, depth + 1));
            }
        }
        let start = parts.first().map_or(0, |part| part.span.start);
        let end = parts.last().map_or(start, |part| part.span.end);
        let kind = if operator == operators::LOGICAL_AND { Kind::And(parts) } else { Kind::Or(parts) };
        Node { span: self.tokens.with_pairs(start..end), kind }
    }

    fn each(&mut self, each: &ComprehensionExpr, at: usize, depth: usize) -> Node {
        let list = self.node(&each.iter_range, depth + 1);
        let span = self.tokens.with_pairs(list.span.start..self.tokens.end_of_pair(at));
        let Some((r#macro, body)) = macro_of(each) else {
            let message = "map with a condition is not supported; write .filter(x, condition).map(x, value)";
            return self.unsupported(self.tokens.span(at.saturating_sub(1)), message);
        };
        let body = Box::new(self.node(body, depth + 1));
        let variable = SmolStr::from(&each.iter_var);
        Node { span, kind: Kind::Each { r#macro, list: Box::new(list), variable, body } }
    }

    fn unsupported(&mut self, span: Range<usize>, message: impl Into<String>) -> Node {
        self.mistakes.push(Mistake { span: span.clone(), message: message.into() });
        Node { span, kind: Kind::Wrong }
    }

    /// The token at which the parser puts a node: an operand's first, an operator, the dot before a
    /// field, the bracket of a call on something.
    fn place(&self, id: u64) -> usize {
        let offset = self.places.as_ref().and_then(|places| places.offset_for(id));
        self.tokens.at(offset.map_or(0, |(start, _)| start as usize))
    }
}

fn operator(name: &str) -> Option<Operator> {
    Some(match name {
        operators::ADD => Operator::Add,
        operators::SUBSTRACT => Operator::Subtract,
        operators::MULTIPLY => Operator::Multiply,
        operators::DIVIDE => Operator::Divide,
        operators::MODULO => Operator::Remainder,
        operators::EQUALS => Operator::Equal,
        operators::NOT_EQUALS => Operator::Unequal,
        operators::LESS => Operator::Less,
        operators::LESS_EQUALS => Operator::LessOrEqual,
        operators::GREATER => Operator::Greater,
        operators::GREATER_EQUALS => Operator::GreaterOrEqual,
        operators::IN => Operator::In,
        _ => return None,
    })
}

/// Which macro the parser has expanded to this loop, and what it is asked for each item. None for a
/// `map` with three arguments.
fn macro_of(each: &ComprehensionExpr) -> Option<(Macro, &IdedExpr)> {
    let Expr::Call(step) = &each.loop_step.expr else { return None };
    let counts = matches!(each.accu_init.expr, Expr::Literal(_));
    match (step.func_name.as_str(), step.args.as_slice()) {
        (operators::LOGICAL_AND, [_, body]) => Some((Macro::All, body)),
        (operators::LOGICAL_OR, [_, body]) => Some((Macro::Exists, body)),
        (operators::CONDITIONAL, [body, _, _]) if counts => Some((Macro::ExistsOne, body)),
        (operators::ADD, [_, added]) => Some((Macro::Map, only_item(added)?)),
        (operators::CONDITIONAL, [body, kept, _]) => {
            let Expr::Call(kept) = &kept.expr else { return None };
            let kept = only_item(kept.args.get(1)?)?;
            (kept.expr == Expr::Ident(each.iter_var.clone())).then_some((Macro::Filter, body))
        }
        _ => None,
    }
}

fn only_item(list: &IdedExpr) -> Option<&IdedExpr> {
    let Expr::List(list) = &list.expr else { return None };
    list.elements.first()
}
