//! Cursors: a place, and the store in which it means something, as one opaque text.
//!
//! Sixteen hexadecimal digits of the store's identity, the sequence and the index, joined by dashes; the
//! index is left out at the end of an event. Callers keep cursors and hand them back, and read nothing in
//! them, so this may change; a cursor that was handed out must be understood for ever.

use crate::award::Place;
use crate::event::Sequence;
use crate::store::Identity;

/// The text of a place.
pub(super) fn write(identity: Identity, place: Place) -> String {
    let Identity(identity) = identity;
    let Sequence(sequence) = place.sequence;
    match place == Place::end_of(place.sequence) {
        true => format!("{identity:016x}-{sequence:x}"),
        false => format!("{identity:016x}-{sequence:x}-{:x}", place.index),
    }
}

/// The place of a text, if it is one.
pub(super) fn read(cursor: &str) -> Option<(Identity, Place)> {
    let mut parts = cursor.split('-');
    let identity = parts.next().filter(|digits| digits.len() == 16)?;
    let identity = Identity(u64::from_str_radix(identity, 16).ok()?);
    let sequence = Sequence(u64::from_str_radix(parts.next()?, 16).ok()?);
    let place = match parts.next() {
        None => Place::end_of(sequence),
        Some(index) => Place { sequence, index: u32::from_str_radix(index, 16).ok()? },
    };
    // One text a place: signs, capitals and leading zeros are not ours.
    (parts.next().is_none() && write(identity, place) == cursor).then_some((identity, place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_nothing_else_is() {
        let identity = Identity(0xabc);
        for place in [Place::START, Place::end_of(Sequence(17)), Place { sequence: Sequence(17), index: 3 }] {
            assert_eq!(read(&write(identity, place)), Some((identity, place)));
        }
        for other in [
            "",
            "abc-1",
            "0000000000000abc",
            "0000000000000abc-01",
            "0000000000000abc-1-0-0",
            "0000000000000ABC-1",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
