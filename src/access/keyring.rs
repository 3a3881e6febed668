//! All keys of a server, as the key file has them.
//!
//! ```toml
//! [[key]]
//! id          = "3f9a01c2"
//! sha256      = "07cab19209fb07c93d893c4aaac23f14d00e6d854ac65765a24c9b32aa9d387a"
//! scopes      = ["record", "read"]
//! types       = ["post.*"]           # optional, as all that follows
//! user_prefix = "eu/"
//! rate        = 100                  # a second
//! burst       = 500
//! created     = 2026-11-22T19:30:00Z
//! expires     = 2027-02-20T19:30:00Z
//! revoked     = 2026-12-01T08:00:00Z
//! note        = "the forum"
//!
//! [[signing]]
//! id      = "5c11d0aa"
//! secret  = "…"                      # it signs, so it is kept as it is; gone once it is revoked
//! created = 2026-11-22T19:30:00Z
//! ```

use std::collections::HashMap;
use std::num::NonZeroU32;

use secrecy::SecretString;
use serde::Deserialize;
use toml::value::Datetime;

use super::key::{Hash, KeyId};
use super::narrowing::Narrowing;
use super::pace::Rate;
use super::scope::Scope;
use crate::event::Time;

/// Fewest bytes of the secret of a signing key: as many as what it signs with. A shorter one is refused.
const SIGNING_SECRET_MIN_BYTES: usize = 32;

/// Longest name of a field that an error quotes: a longer one may be a secret that was put in its place.
const NAME_MAX_BYTES: usize = 16;

/// All keys there are, those that are revoked too.
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    pub(super) keys: HashMap<KeyId, Key>,
    pub(super) signing: HashMap<KeyId, SigningKey>,
}

/// An API key: what is kept of it, and what it may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// By what it is known.
    pub id: KeyId,
    pub(super) hash: Hash,
    /// What it is for.
    pub scopes: Vec<Scope>,
    /// Whom and what it is for.
    pub narrowing: Narrowing,
    /// How often it may call. None: as often as it likes.
    pub rate: Option<Rate>,
    /// How long it is good.
    pub life: Life,
    /// What a person wrote beside it.
    pub note: String,
}

impl Key {
    /// Whether it is the same secret, and opens the same.
    pub(super) fn does_the_same_as(&self, other: &Key) -> bool {
        self.hash == other.hash && self.scopes == other.scopes && self.narrowing == other.narrowing
    }
}

/// A key that a site signs browser tokens with.
#[derive(Clone, Debug)]
pub struct SigningKey {
    /// By what tokens name it: their `kid`.
    pub id: KeyId,
    /// None once it is revoked.
    pub(super) secret: Option<SecretString>,
    /// How long it is good.
    pub life: Life,
    /// What a person wrote beside it.
    pub note: String,
}

/// How long a key is good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Life {
    /// Since when there is the key, if it was written down.
    pub created: Option<Time>,
    /// From when on it is good no longer.
    pub expires: Option<Time>,
    /// When it was taken back.
    pub revoked: Option<Time>,
}

/// How a key stands at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is good.
    Good,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked,
}

impl Life {
    /// How a key with this life stands.
    pub fn standing(self, now: Time) -> Standing {
        match (self.revoked, self.expires) {
            (Some(_), _) => Standing::Revoked,
            (None, Some(expires)) if expires <= now => Standing::Expired,
            (None, _) => Standing::Good,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    key: Vec<WrittenKey>,
    #[serde(default)]
    signing: Vec<WrittenSigning>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenKey {
    id: String,
    sha256: String,
    scopes: Vec<String>,
    #[serde(default)]
    types: Vec<String>,
    #[serde(default)]
    user_prefix: String,
    rate: Option<NonZeroU32>,
    burst: Option<NonZeroU32>,
    created: Option<Datetime>,
    expires: Option<Datetime>,
    revoked: Option<Datetime>,
    #[serde(default)]
    note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSigning {
    id: String,
    secret: Option<SecretText>,
    created: Option<Datetime>,
    expires: Option<Datetime>,
    revoked: Option<Datetime>,
    #[serde(default)]
    note: String,
}

/// A text that is never shown, also not by an error about the file.
struct SecretText(SecretString);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<SecretText, D::Error> {
        Ok(SecretText(SecretString::from(String::deserialize(deserializer)?)))
    }
}

impl Keyring {
    /// Reads the text of a key file, or says what is wrong with it. What it says has nothing of a secret, wherever in the
    /// file one stands.
    pub fn parse(text: &str) -> Result<Keyring, String> {
        let file: File = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| text[..span.start].matches('\n').count() + 1);
            let place = line.map_or_else(String::new, |line| format!("line {line}: "));
            format!("{place}{}", without_quoted(error.message()))
        })?;
        let mut ring = Keyring::default();
        for written in file.key {
            let key = key(written)?;
            if ring.knows(&key.id) {
                return Err(twice(&key.id));
            }
            ring.keys.insert(key.id.clone(), key);
        }
        for written in file.signing {
            let signing = signing(written)?;
            if ring.knows(&signing.id) {
                return Err(twice(&signing.id));
            }
            ring.signing.insert(signing.id.clone(), signing);
        }
        Ok(ring)
    }

    /// Whether there is no key at all, not even one that is revoked.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.signing.is_empty()
    }

    /// Whether there is a key with this id, of whichever kind.
    pub fn knows(&self, id: &KeyId) -> bool {
        self.keys.contains_key(id) || self.signing.contains_key(id)
    }

    /// The API keys, oldest first.
    pub fn keys(&self) -> Vec<&Key> {
        let mut keys: Vec<_> = self.keys.values().collect();
        keys.sort_unstable_by_key(|key| (key.life.created, &key.id));
        keys
    }

    /// The keys that tokens are signed with, oldest first.
    pub fn signing_keys(&self) -> Vec<&SigningKey> {
        let mut keys: Vec<_> = self.signing.values().collect();
        keys.sort_unstable_by_key(|key| (key.life.created, &key.id));
        keys
    }
}

fn key(written: WrittenKey) -> Result<Key, String> {
    let id = KeyId::parse(&written.id).map_err(|problem| format!("the id of a key {problem}"))?;
    let of = |field: &str, problem: String| format!("{field} of the key {id} {problem}");
    let hash = Hash::parse(&written.sha256).map_err(|problem| of("sha256", problem))?;
    let scopes = written.scopes.iter().map(|name| Scope::parse(name)).collect::<Result<Vec<_>, _>>();
    let scopes = scopes.map_err(|problem| of("scopes", format!("are wrong: {problem}")))?;
    let narrowing = Narrowing::parse(&written.types, &written.user_prefix)
        .map_err(|(field, problem)| of(field, problem))?;
    may_be_narrow(&scopes, &narrowing).map_err(|problem| of("scopes", problem.to_owned()))?;
    let rate = match (written.rate, written.burst) {
        (None, None) => None,
        (None, Some(_)) => return Err(of("burst", "needs a rate beside it".to_owned())),
        (Some(per_second), burst) => Some(Rate { per_second, burst: burst.unwrap_or(per_second) }),
    };
    let life = life(written.created, written.expires, written.revoked)
        .map_err(|(field, problem)| of(field, problem))?;
    Ok(Key { hash, scopes, narrowing, rate, life, note: written.note, id })
}

/// What `admin` opens is about everybody, so a key that has it cannot be narrowed.
pub(super) fn may_be_narrow(scopes: &[Scope], narrowing: &Narrowing) -> Result<(), &'static str> {
    match scopes.contains(&Scope::Admin) && narrowing.is_narrow() {
        true => Err("have admin, which is about everybody, in a key that is narrowed; make two keys of it"),
        false => Ok(()),
    }
}

fn signing(written: WrittenSigning) -> Result<SigningKey, String> {
    let id = KeyId::parse(&written.id).map_err(|problem| format!("the id of a signing key {problem}"))?;
    let of = |field: &str, problem: String| format!("{field} of the signing key {id} {problem}");
    let life = life(written.created, written.expires, written.revoked)
        .map_err(|(field, problem)| of(field, problem))?;
    let secret = written.secret.map(|SecretText(secret)| secret);
    let bytes = secret.as_ref().map_or(0, |secret| secrecy::ExposeSecret::expose_secret(secret).len());
    if life.revoked.is_none() && bytes < SIGNING_SECRET_MIN_BYTES {
        return Err(of("secret", format!("must have at least {SIGNING_SECRET_MIN_BYTES} bytes")));
    }
    Ok(SigningKey { id, secret, life, note: written.note })
}

fn life(
    created: Option<Datetime>,
    expires: Option<Datetime>,
    revoked: Option<Datetime>,
) -> Result<Life, (&'static str, String)> {
    let time = |field, written: Option<Datetime>| {
        let time = |written: Datetime| {
            let problem = "must be a time with its zone, such as 2027-01-31T12:00:00Z";
            Time::parse(&written.to_string()).ok_or_else(|| (field, problem.to_owned()))
        };
        written.map(time).transpose()
    };
    Ok(Life {
        created: time("created", created)?,
        expires: time("expires", expires)?,
        revoked: time("revoked", revoked)?,
    })
}

fn twice(id: &KeyId) -> String {
    format!("two keys have the id {id}; delete one of them")
}

/// A message of a library that may quote the file: a secret may stand in the wrong place, also where a name does.
fn without_quoted(message: &str) -> String {
    let names = message.split('`').enumerate().map(|(at, part)| {
        let may_be_secret = at % 2 == 1 && part.len() > NAME_MAX_BYTES;
        if may_be_secret { "…" } else { part }
    });
    let message = names.collect::<Vec<_>>().join("`").replace('\n', " ");
    match (message.find('"'), message.rfind('"')) {
        (Some(begin), Some(end)) if begin < end => format!("{}…{}", &message[..=begin], &message[end..]),
        _ => message,
    }
}
