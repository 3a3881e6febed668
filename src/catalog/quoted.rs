//! Where a part of a text stands in the file that writes the text: behind quotes, with escapes, over lines.

use std::ops::Range;

/// The place of a part of a text, in bytes of what is `written` with the quotes. None where what is written is not
/// that text.
pub(super) fn place(written: &str, text: &str, part: Range<usize>) -> Option<Range<usize>> {
    if written == text {
        return Some(part);
    }
    // Where lines end with CR and LF, the text may have them so, or as LF.
    let places = [false, true].into_iter().find_map(|joined| places(written, text, joined))?;
    let start = *places.get(part.start)?;
    // An end is where the last character of the part ends, not where the next one begins.
    let end = match part.end.checked_sub(1).filter(|last| *last >= part.start) {
        Some(last) => {
            let first = (0..=last).rev().find(|at| text.is_char_boundary(*at))?;
            unit_end(written, *places.get(first)?, text[first..].chars().next()?)
        }
        None => start,
    };
    Some(start..end)
}

/// By byte of the text, its end included: where it is written.
fn places(written: &str, text: &str, joined: bool) -> Option<Vec<usize>> {
    let quotes = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quotes| {
        written.len() >= 2 * quotes.len() && written.starts_with(quotes) && written.ends_with(quotes)
    })?;
    let long = quotes.len() == 3;
    let mut at = quotes.len();
    if long {
        // TOML drops a line break right behind the quotes.
        at += ["\r\n", "\n"].into_iter().find(|end| written[at..].starts_with(end)).map_or(0, str::len);
    }
    let end = written.len() - quotes.len();
    let mut places = Vec::with_capacity(text.len() + 1);
    let mut decoded = String::with_capacity(text.len());
    while at < end {
        let rest = &written[at..end];
        let (c, bytes) = match rest.strip_prefix('\\').filter(|_| quotes.starts_with('"')) {
            Some(escaped) if escaped.trim_start_matches([' ', '\t', '\r']).starts_with('\n') => {
                // A backslash at the end of a line joins it with the next.
                at += 1 + escaped.len() - escaped.trim_start().len();
                continue;
            }
            Some(escaped) => escape(escaped)?,
            None if joined && rest.starts_with("\r\n") => ('\n', 2),
            None => rest.chars().next().map(|c| (c, c.len_utf8()))?,
        };
        decoded.push(c);
        places.extend(std::iter::repeat_n(at, c.len_utf8()));
        at += bytes;
    }
    places.push(end);
    (decoded == text).then_some(places)
}

/// The character that an escape stands for, and how many bytes it takes with its backslash.
fn escape(escaped: &str) -> Option<(char, usize)> {
    let kind = escaped.chars().next()?;
    let digits = match kind {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        other => {
            let c = match other {
                'b' => '\u{8}',
                't' => '\t',
                'n' => '\n',
                'f' => '\u{c}',
                'r' => '\r',
                'e' => '\u{1b}',
                '"' | '\\' => other,
                _ => return None,
            };
            return Some((c, 2));
        }
    };
    let number = u32::from_str_radix(escaped.get(1..1 + digits)?, 16).ok()?;
    Some((char::from_u32(number)?, 2 + digits))
}

/// Where what is written for one character ends.
fn unit_end(written: &str, start: usize, c: char) -> usize {
    let rest = &written[start..];
    let escaped = rest.strip_prefix('\\').and_then(escape).filter(|(of, _)| *of == c);
    match escaped {
        // A backslash of a text without escapes stands for itself.
        Some((_, bytes)) if !(c == '\\' && written.starts_with('\'')) => start + bytes,
        _ if c == '\n' && rest.starts_with("\r\n") => start + 2,
        _ => start + c.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands in the file where the text has `part`.
    fn found(written: &str, part: &str) -> String {
        let toml = format!("x = {written}");
        let table = toml::de::DeTable::parse(&toml).unwrap();
        let value = table.get_ref().get("x").unwrap().get_ref().as_str().unwrap().to_owned();
        let at = value.find(part).unwrap();
        let place = place(written, &value, at..at + part.len()).unwrap();
        written[place].to_owned()
    }

    #[test]
    fn a_part_is_found_however_the_text_is_written() {
        for (written, part, expected) in [
            ("\"a + b\"", "b", "b"),
            ("'a + b'", "b", "b"),
            ("'a \\ b'", "\\", "\\"),
            ("\"a == \\\"x\\\" && b\"", "b", "b"),
            ("\"a == \\\"x\\\" && b\"", "\"x\"", "\\\"x\\\""),
            ("\"\\u0061bc + d\"", "abc", "\\u0061bc"),
            ("\"\\u0061bc + d\"", "d", "d"),
            ("\"é \\U0001F600 x\"", "x", "x"),
            ("\"\"\"\na\n  + b\"\"\"", "b", "b"),
            ("\"\"\"\r\na\r\n  + b\"\"\"", "b", "b"),
            ("\"\"\"a \\\n    + b\"\"\"", "+ b", "+ b"),
            ("\"\"\"a \\\n\n    + b \\\"x\\\" c\"\"\"", "c", "c"),
            ("'''\na\n'b' c'''", "'b'", "'b'"),
        ] {
            assert_eq!(found(written, part), expected, "{written}");
        }
    }

    #[test]
    fn what_is_written_otherwise_has_no_place() {
        assert_eq!(place("\"abc\"", "abd", 0..1), None);
        assert_eq!(place("abc", "abc", 1..2), Some(1..2));
        assert_eq!(place("\"\"", "", 0..0), Some(1..1));
    }
}
