//! Cursors: a place, and the store and the timeline on which it means something, as one opaque text.
//!
//! Sixteen hexadecimal digits of the store's identity, the sequence and the index, joined by dashes; the
//! index is left out at the end of an event. On another timeline than the first, a dot and sixteen digits of its
//! name follow the identity. Callers keep cursors and hand them back, and read nothing in
//! them, so this may change; a cursor that was handed out must be understood for ever.

use crate::award::Place;
use crate::event::Sequence;
use crate::store::{Identity, Timeline};

/// How long a cursor is at most: three numbers of sixteen digits, one of eight, and what joins them.
const MOST_BYTES: usize = 3 * 16 + 8 + 3;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The text of a place that lies on this timeline.
pub(super) fn write(identity: Identity, timeline: u64, place: Place) -> String {
    let Identity(identity) = identity;
    let Sequence(sequence) = place.sequence;
    let mut text = String::with_capacity(MOST_BYTES);
    push_hex(&mut text, identity, 16);
    if timeline != Timeline::FIRST {
        text.push('.');
        push_hex(&mut text, timeline, 16);
    }
    text.push('-');
    push_hex(&mut text, sequence, 1);
    if place != Place::end_of(place.sequence) {
        text.push('-');
        push_hex(&mut text, u64::from(place.index), 1);
    }
    text
}

/// Writes a number with so many digits at least. Each answer has a cursor, and `format!` took several times as long.
fn push_hex(text: &mut String, number: u64, least: u32) {
    let digits = (u64::BITS - number.leading_zeros()).div_ceil(4).max(least);
    for at in (0..digits).rev() {
        let digit = (number >> (4 * at)) & 0xf;
        text.push(char::from(DIGITS[digit as usize]));
    }
}

/// The place of a text, if it is one, and the store and the timeline on which it lies.
pub(super) fn read(cursor: &str) -> Option<(Identity, u64, Place)> {
    let mut parts = cursor.split('-');
    let history = parts.next()?;
    let (identity, timeline) = match history.split_once('.') {
        Some((identity, timeline)) => (identity, u64::from_str_radix(timeline, 16).ok()?),
        None => (history, Timeline::FIRST),
    };
    let identity = Identity(u64::from_str_radix(identity, 16).ok()?);
    let sequence = Sequence(u64::from_str_radix(parts.next()?, 16).ok()?);
    let place = match parts.next() {
        None => Place::end_of(sequence),
        Some(index) => Place { sequence, index: u32::from_str_radix(index, 16).ok()? },
    };
    // One text a place: signs, capitals and leading zeros are not ours.
    let is_ours = parts.next().is_none() && write(identity, timeline, place) == cursor;
    is_ours.then_some((identity, timeline, place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_nothing_else_is() {
        let identity = Identity(0xabc);
        for place in [Place::START, Place::end_of(Sequence(17)), Place { sequence: Sequence(17), index: 3 }] {
            for timeline in [Timeline::FIRST, 0xdef, u64::MAX] {
                assert_eq!(read(&write(identity, timeline, place)), Some((identity, timeline, place)));
            }
        }
        for other in [
            "",
            "abc-1",
            "0000000000000abc",
            "0000000000000abc-01",
            "0000000000000abc-1-0-0",
            "0000000000000ABC-1",
            "0000000000000abc.def-1",
            "0000000000000abc.0000000000000000-1",
            "0000000000000abc.0000000000000def.0000000000000def-1",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    /// Subscribers have kept these: they are read for ever.
    #[test]
    fn cursors_look_as_they_always_have() {
        let place = Place { sequence: Sequence(0x17), index: 3 };
        assert_eq!(write(Identity(0xabc), Timeline::FIRST, place), "0000000000000abc-17-3");
        assert_eq!(write(Identity(0xabc), Timeline::FIRST, Place::end_of(Sequence(1))), "0000000000000abc-1");
        assert_eq!(write(Identity(0xabc), 0xdef, place), "0000000000000abc.0000000000000def-17-3");
    }
}
