//! What is other about keys that were taken into use, for the audit log.

use std::collections::BTreeSet;

use secrecy::ExposeSecret;

use super::InUse;
use super::key::KeyId;
use super::keyring::{Key, Life, SigningKey};
use crate::act::Note;

/// A key that was added, changed, revoked or removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyChange {
    /// What became of it.
    pub note: Note,
    /// Which key it is, and what it is for: nothing secret, and nothing that a person wrote beside it.
    pub key: String,
}

/// All that is other: API keys first, each by its id.
pub(super) fn between(before: &InUse, now: &InUse) -> Vec<KeyChange> {
    let ids: BTreeSet<&KeyId> = before.keys.keys().chain(now.keys.keys()).collect();
    let api = ids.into_iter().filter_map(|id| {
        let (before, now) = (before.key(id).map(|entry| &entry.key), now.key(id).map(|entry| &entry.key));
        let note = became(before.map(|key| key.life), now.map(|key| key.life), before == now)?;
        now.or(before).map(|key| KeyChange { note, key: named(key) })
    });
    let ids: BTreeSet<&KeyId> = before.signing.keys().chain(now.signing.keys()).collect();
    let signing = ids.into_iter().filter_map(|id| {
        let (before, now) = (before.signing(id), now.signing(id));
        let is_same = before.zip(now).is_some_and(|(before, now)| signs_alike(before, now));
        let note = became(before.map(|key| key.life), now.map(|key| key.life), is_same)?;
        Some(KeyChange { note, key: format!("{id}: signs browser tokens") })
    });
    api.chain(signing).collect()
}

fn became(before: Option<Life>, now: Option<Life>, is_same: bool) -> Option<Note> {
    match (before, now) {
        (None, None) => None,
        (None, Some(_)) => Some(Note::AddKey),
        (Some(_), None) => Some(Note::RemoveKey),
        (Some(Life { revoked: None, .. }), Some(Life { revoked: Some(_), .. })) => Some(Note::RevokeKey),
        (Some(_), Some(_)) => (!is_same).then_some(Note::ChangeKey),
    }
}

fn signs_alike(one: &SigningKey, other: &SigningKey) -> bool {
    let secret = |key: &SigningKey| key.secret.as_ref().map(|secret| secret.expose_secret().to_owned());
    secret(one) == secret(other) && one.life == other.life && one.note == other.note
}

fn named(key: &Key) -> String {
    let scopes = key.scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let narrowed = if key.narrowing.is_narrow() { ", narrowed" } else { "" };
    format!("{}: {scopes}{narrowed}", key.id)
}
