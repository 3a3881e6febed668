//! What is done to the server itself: it changes no award, and stands in the audit log.

use smol_str::SmolStr;

use crate::event::{ACTOR, Event, EventType, Time, Value};

/// Most bytes of what an entry of the audit log tells of an act. What is longer is cut, and ends with an ellipsis.
pub const DETAILS_MAX_BYTES: usize = 4000;

/// Where the details of an act stand in its event.
pub(super) const DETAILS: &str = "details";

/// What was done to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// Badge files that were read again are in use.
    ReloadBadges,
    /// A certificate that was read again is in use.
    ReloadCertificate,
    /// A key that there was not before may be used.
    AddKey,
    /// A key may do something else, or for another time.
    ChangeKey,
    /// A key was taken back.
    RevokeKey,
    /// A key is gone from the key file.
    RemoveKey,
    /// Somebody takes a backup.
    Backup,
}

impl Note {
    const ALL: [Note; 7] = [
        Note::ReloadBadges,
        Note::ReloadCertificate,
        Note::AddKey,
        Note::ChangeKey,
        Note::RevokeKey,
        Note::RemoveKey,
        Note::Backup,
    ];

    /// As the audit log has it. Kept in journals, and so never changed.
    pub fn name(self) -> &'static str {
        match self {
            Note::ReloadBadges => "reload-badges",
            Note::ReloadCertificate => "reload-certificate",
            Note::AddKey => "add-key",
            Note::ChangeKey => "change-key",
            Note::RevokeKey => "revoke-key",
            Note::RemoveKey => "remove-key",
            Note::Backup => "backup",
        }
    }

    pub(super) fn named(name: &str) -> Option<Note> {
        Note::ALL.into_iter().find(|note| note.name() == name)
    }

    /// The event that has it written down: who did it, and what it was. Nothing in it may be secret, or of a user.
    pub fn event(self, actor: &str, details: &str, arrival: Time) -> Event {
        let data = [(ACTOR, Value::text(actor)), (DETAILS, Value::text(cut(details)))];
        let data = data.into_iter().map(|(name, value)| (SmolStr::new_static(name), value)).collect();
        Event::of_nobody(EventType::own(self.name()), data, arrival)
    }
}

fn cut(details: &str) -> String {
    const ELLIPSIS: char = '…';
    if details.len() <= DETAILS_MAX_BYTES {
        return details.to_owned();
    }
    let end = details.floor_char_boundary(DETAILS_MAX_BYTES - ELLIPSIS.len_utf8());
    format!("{}{ELLIPSIS}", &details[..end])
}

#[cfg(test)]
mod tests {
    use super::super::Act;
    use super::*;

    #[test]
    fn every_note_is_read_from_its_event() {
        for note in Note::ALL {
            assert_eq!(Act::of(&note.event("local", "", Time::MIN)), Some(Act::Note(note)));
        }
        let unknown = Event { r#type: EventType::own("other"), ..Note::Backup.event("local", "", Time::MIN) };
        assert_eq!(Act::of(&unknown), None);
    }

    #[test]
    fn details_that_are_too_long_are_cut_between_characters() {
        let details = |text: &str| {
            let event = Note::Backup.event("local", text, Time::MIN);
            let Some(Value::Text(kept)) = event.data.get(DETAILS) else { panic!("{event:?}") };
            kept.to_string()
        };
        let most = "x".repeat(DETAILS_MAX_BYTES);
        assert_eq!(details(&most), most);
        let cut = details(&"é".repeat(DETAILS_MAX_BYTES));
        assert!(cut.len() <= DETAILS_MAX_BYTES && cut.len() > DETAILS_MAX_BYTES - 4, "{}", cut.len());
        assert!(cut.ends_with("é…"), "{cut}");
    }
}
