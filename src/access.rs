//! Who may do what: API keys, browser tokens, and what each call needs.
//!
//! ```text
//! authorization ──▶ Access::caller ──▶ Caller::may(needs)      by the table of METHODS
//!                     │  keyring        Caller::may_record, …   by whom and what a key is narrowed to
//!                     │  clock          Caller::step            by how often it may call
//!                     │  streams        Caller::open_stream     by how many live streams it holds
//!                   keys.toml           Caller::until_refused   a stream ends with its key
//! ```
//!
//! Where there is no key at all, everybody may do everything: whoever tries Laurels needs none. The first key closes the
//! door for all calls, and no key that is revoked or expires opens it again. There are two kinds of credential:
//! an [API key](key) is for programs of the site, a [browser token](token) for one user's browser.
//!
//! Nothing here knows of gRPC or HTTP, and no secret is ever in a message, a log or a `Debug`.

mod caller;
mod change;
mod file;
mod key;
mod keyring;
mod narrowing;
mod pace;
mod refused;
mod scope;
mod streams;
#[cfg(test)]
mod tests;
mod token;

use std::collections::HashMap;
use std::sync::Arc;

use secrecy::ExposeSecret;
use tokio::sync::watch;

use crate::clock::Clock;

pub use caller::Caller;
pub use change::KeyChange;
pub use file::{FileError, Grant, KeyFile, Made};
pub use key::{KeyId, NoRandomness};
pub use keyring::{Key, Keyring, Life, SigningKey, Standing};
pub use narrowing::Narrowing;
pub use pace::Rate;
pub use refused::{Refused, Why};
pub use scope::{METHODS, Needs, PATHS, Scope, needs};
pub use streams::{OpenStream, StreamLimits};
pub use token::{TOKEN_LEEWAY_SECONDS, TOKEN_LIFE_MAX_SECONDS, TOKEN_MAX_BYTES};

use caller::{is_good, key_name, missing, signing_key_name, token_expired};
use key::SentKey;
use pace::Pace;
use streams::Streams;
use token::{SentToken, Useless};

/// Who may do what. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Access(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Those in use. Each change wakes who holds a stream open.
    keys: watch::Sender<Arc<InUse>>,
    streams: Arc<Streams>,
    clock: Clock,
}

/// The keys in use, with what is counted of each.
#[derive(Debug, Default)]
struct InUse {
    keys: HashMap<KeyId, Arc<Entry>>,
    signing: HashMap<KeyId, SigningKey>,
}

/// An API key that is in use.
#[derive(Debug)]
struct Entry {
    key: Key,
    pace: Option<Arc<Pace>>,
}

impl Access {
    /// These keys, by this clock. Without any, everybody may do everything.
    pub fn new(keyring: Keyring, streams: StreamLimits, clock: Clock) -> Access {
        let keys = watch::Sender::new(Arc::new(InUse::of(keyring, &InUse::default(), &clock)));
        Access(Arc::new(Inner { keys, streams: Arc::new(Streams::new(streams)), clock }))
    }

    /// Everybody may do everything: there are no keys.
    pub fn open(clock: Clock) -> Access {
        Access::new(Keyring::default(), StreamLimits::default(), clock)
    }

    /// Takes other keys into use. What a key may do, and whether it is good, is asked of these from now on; how often
    /// each called is remembered. Gives what is other; says why not where that would open a closed door.
    pub fn replace(&self, keyring: Keyring) -> Result<Vec<KeyChange>, &'static str> {
        let before = self.keys();
        if keyring.is_empty() && !before.is_open() {
            return Err(
                "it has no keys any more, which would let everybody in; to mean that, start the server again",
            );
        }
        let now = Arc::new(InUse::of(keyring, &before, &self.0.clock));
        self.0.keys.send_replace(now.clone());
        Ok(change::between(&before, &now))
    }

    /// Whether everybody may do everything.
    pub fn is_open(&self) -> bool {
        self.keys().is_open()
    }

    /// Who sent this, as the value of the header `authorization`.
    pub fn caller(&self, authorization: Option<&[u8]>) -> Caller {
        if self.is_open() {
            return Caller::anyone(self.clone());
        }
        let Some(authorization) = authorization else { return Caller::stranger(self.clone(), missing()) };
        self.recognize(authorization).unwrap_or_else(|refused| Caller::stranger(self.clone(), refused))
    }

    fn recognize(&self, authorization: &[u8]) -> Result<Caller, Refused> {
        let unreadable = || invalid("authorization must be Bearer, a space, and a key or a token");
        let text = str::from_utf8(authorization).map_err(|_| unreadable())?;
        let (scheme, credential) = text.split_once(' ').ok_or_else(unreadable)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(unreadable());
        }
        let credential = credential.trim_matches(' ');
        match credential.starts_with(key::PREFIX) {
            true => self.recognize_key(credential),
            false => self.recognize_token(credential),
        }
    }

    fn recognize_key(&self, text: &str) -> Result<Caller, Refused> {
        let unknown =
            || invalid("the key is none of this server's; look whether it is whole, and of this server");
        let sent = SentKey::parse(text).ok_or_else(|| invalid("the key is not whole; copy it again"))?;
        let keys = self.keys();
        let entry = keys.key(&sent.id).filter(|entry| entry.key.hash.is_of(&sent)).ok_or_else(unknown)?;
        is_good(|| key_name(&entry.key), entry.key.life.standing(self.0.clock.now()))?;
        Ok(Caller::with_key(self.clone(), entry.clone()))
    }

    fn recognize_token(&self, text: &str) -> Result<Caller, Refused> {
        let wrong = |problem: String| invalid(format!("the token {problem}"));
        let sent = SentToken::parse(text).map_err(wrong)?;
        let keys = self.keys();
        let now = self.0.clock.now();
        let unknown = || invalid("the token names a signing key that is none of this server's");
        let signing = keys.signing(&sent.kid).ok_or_else(unknown)?;
        is_good(|| signing_key_name(&sent.kid), signing.life.standing(now))?;
        let secret = signing.secret.as_ref().ok_or_else(unknown)?;
        if !sent.is_signed_with(secret.expose_secret().as_bytes()) {
            return Err(invalid("the token is not signed with the secret of the signing key that it names"));
        }
        let claims = sent.claims(now).map_err(|useless| match useless {
            Useless::Expired => token_expired(),
            Useless::Wrong(problem) => wrong(problem),
        })?;
        Ok(Caller::with_token(self.clone(), sent.kid, claims))
    }

    fn keys(&self) -> Arc<InUse> {
        self.0.keys.borrow().clone()
    }

    fn changes(&self) -> watch::Receiver<Arc<InUse>> {
        self.0.keys.subscribe()
    }

    fn streams(&self) -> &Arc<Streams> {
        &self.0.streams
    }

    fn clock(&self) -> &Clock {
        &self.0.clock
    }
}

impl InUse {
    fn of(keyring: Keyring, before: &InUse, clock: &Clock) -> InUse {
        let entry = |(id, key): (KeyId, Key)| {
            let counted = before.keys.get(&id).filter(|entry| entry.key.rate == key.rate);
            let fresh = || key.rate.map(|rate| Arc::new(Pace::new(rate, clock.clone())));
            let pace = counted.map_or_else(fresh, |entry| entry.pace.clone());
            (id, Arc::new(Entry { key, pace }))
        };
        InUse { keys: keyring.keys.into_iter().map(entry).collect(), signing: keyring.signing }
    }

    fn is_open(&self) -> bool {
        self.keys.is_empty() && self.signing.is_empty()
    }

    fn key(&self, id: &KeyId) -> Option<&Arc<Entry>> {
        self.keys.get(id)
    }

    fn signing(&self, id: &KeyId) -> Option<&SigningKey> {
        self.signing.get(id)
    }
}

fn invalid(message: impl Into<String>) -> Refused {
    Refused::new(Why::Invalid, message)
}
