//! Who calls, and what they may do: asked anew each time, so that a key that is taken back opens nothing more.

use std::sync::Arc;
use std::time::Duration;

use smol_str::{SmolStr, format_smolstr};

use super::key::KeyId;
use super::keyring::{Key, Standing};
use super::refused::{Refused, Why};
use super::scope::{Needs, Scope};
use super::streams::{Holder, OpenStream};
use super::token::Claims;
use super::{Access, Entry};
use crate::event::Time;

/// Who calls.
#[derive(Clone, Debug)]
pub struct Caller {
    access: Access,
    who: Who,
}

#[derive(Clone, Debug)]
enum Who {
    /// There are no keys, so everybody may do everything.
    Anyone,
    /// Nobody that is let in, and why.
    Stranger(Refused),
    Key(Arc<Entry>),
    Token {
        kid: KeyId,
        claims: Arc<Claims>,
    },
}

impl Caller {
    pub(super) fn anyone(access: Access) -> Caller {
        Caller { access, who: Who::Anyone }
    }

    pub(super) fn stranger(access: Access, refused: Refused) -> Caller {
        Caller { access, who: Who::Stranger(refused) }
    }

    pub(super) fn with_key(access: Access, entry: Arc<Entry>) -> Caller {
        Caller { access, who: Who::Key(entry) }
    }

    pub(super) fn with_token(access: Access, kid: KeyId, claims: Claims) -> Caller {
        Caller { access, who: Who::Token { kid, claims: Arc::new(claims) } }
    }

    /// Who it is, for the books: `key 3f9a01c2`, `token 5c11d0aa`, or `local` where there are no keys.
    pub fn name(&self) -> SmolStr {
        match &self.who {
            Who::Anyone | Who::Stranger(_) => SmolStr::new_static("local"),
            Who::Key(entry) => format_smolstr!("key {}", entry.key.id),
            Who::Token { kid, .. } => format_smolstr!("token {kid}"),
        }
    }

    /// Whether the caller may make calls that need this.
    pub fn may(&self, needs: Needs) -> Result<(), Refused> {
        let standing = self.standing().map(|_| ());
        match (needs, &self.who) {
            (Needs::Nothing | Needs::KeyForDetails, _) => Ok(()),
            (Needs::Scope(_) | Needs::Key, Who::Anyone | Who::Stranger(_)) | (Needs::Key, Who::Key(_)) => {
                standing
            }
            (Needs::Scope(scope), Who::Key(entry)) => {
                standing.and_then(|()| has(&entry.key.scopes, scope, || key_name(&entry.key)))
            }
            (Needs::Scope(scope), Who::Token { claims, .. }) => {
                standing.and_then(|()| has(&claims.scopes, scope, || "a browser token".to_owned()))
            }
            (Needs::Key, Who::Token { .. }) => {
                standing.and(Err(Refused::denied("this is not for browser tokens; call it with an API key")))
            }
        }
    }

    /// Whether the caller may say that a user did such a thing.
    pub fn may_record(&self, event_type: &str, user: &str) -> Result<(), Refused> {
        self.standing()?;
        let Who::Key(entry) = &self.who else { return Ok(()) };
        if !entry.key.narrowing.has_type(event_type) {
            let types: Vec<_> = entry.key.narrowing.types().collect();
            let problem = format!("{} is for events {} only", key_name(&entry.key), types.join(", "));
            return Err(Refused::denied(problem));
        }
        self.is_for(user)
    }

    /// Whether the caller may see what concerns this user.
    pub fn may_see(&self, user: &str) -> Result<(), Refused> {
        self.standing()?;
        self.is_for(user)
    }

    /// Whether the caller may listen to these users; none are all.
    pub fn may_listen<'a>(&self, users: impl ExactSizeIterator<Item = &'a str>) -> Result<(), Refused> {
        self.standing()?;
        let sees_all = match &self.who {
            Who::Anyone | Who::Stranger(_) => true,
            Who::Key(entry) => !entry.key.narrowing.has_user_prefix(),
            Who::Token { .. } => false,
        };
        if users.len() == 0 && !sees_all {
            return Err(Refused::denied(match &self.who {
                Who::Token { .. } => {
                    "a browser token listens to its own user only; name that user".to_owned()
                }
                Who::Anyone | Who::Stranger(_) | Who::Key(_) => {
                    "this key is for some users only; name those to listen to".to_owned()
                }
            }));
        }
        for user in users {
            self.is_for(user)?;
        }
        Ok(())
    }

    /// Counts a call, or an event of a stream, against what the key may do. A refusal says how long to wait.
    pub fn step(&self) -> Result<(), Refused> {
        let Who::Key(entry) = &self.who else { return Ok(()) };
        let Some(pace) = &entry.pace else { return Ok(()) };
        pace.step().map_err(|wait| {
            let problem = format!(
                "{} calls more often than it may; wait as long as RetryInfo says",
                key_name(&entry.key)
            );
            Refused::new(Why::TooFast(wait), problem)
        })
    }

    /// Counts a live stream, for as long as what this answers is kept.
    pub fn open_stream(&self) -> Result<OpenStream, Refused> {
        match &self.who {
            Who::Anyone | Who::Stranger(_) => Ok(OpenStream::default()),
            Who::Key(entry) => self.access.streams().open(Holder::Key(entry.key.id.clone())),
            Who::Token { claims, .. } => self.access.streams().open(Holder::User(claims.user.clone())),
        }
    }

    /// As [`step`](Caller::step), for a stream: how long to wait with the next event.
    pub fn wait(&self) -> Option<Duration> {
        match self.step() {
            Err(Refused { why: Why::TooFast(wait), .. }) => Some(wait),
            Ok(()) | Err(_) => None,
        }
    }

    /// Waits until the caller may do this no longer: the key or token expired, or was taken back or changed.
    pub async fn until_refused(self, needs: Needs) -> Refused {
        let mut changes = self.access.changes();
        loop {
            changes.mark_unchanged();
            let ends = match self.may(needs).and_then(|()| self.standing()) {
                Ok(ends) => ends,
                Err(refused) => return refused,
            };
            let expired = async {
                match ends {
                    Some(ends) => self.access.clock().reaches(ends).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = expired => {}
                changed = changes.changed() => if changed.is_err() {
                    // The server is going down, and says so itself.
                    std::future::pending::<()>().await;
                }
            }
        }
    }

    /// Whether the key or token is good now, and when it will be no longer.
    fn standing(&self) -> Result<Option<Time>, Refused> {
        let now = self.access.clock().now();
        let keys = self.access.keys();
        match &self.who {
            Who::Anyone if keys.is_open() => Ok(None),
            Who::Anyone => Err(missing()),
            Who::Stranger(refused) => Err(refused.clone()),
            Who::Key(known) => {
                let gone =
                    || Refused::new(Why::Revoked, format!("{} is no longer there", key_name(&known.key)));
                let entry = keys.key(&known.key.id).ok_or_else(gone)?;
                is_good(|| key_name(&entry.key), entry.key.life.standing(now))?;
                if !entry.key.does_the_same_as(&known.key) {
                    let problem = format!("what {} may do was changed; call again", key_name(&known.key));
                    return Err(Refused::new(Why::Revoked, problem));
                }
                Ok(entry.key.life.expires)
            }
            Who::Token { kid, claims } => {
                let gone = || Refused::new(Why::Revoked, "the signing key of the token is no longer there");
                let signing = keys.signing(kid).ok_or_else(gone)?;
                is_good(|| signing_key_name(kid), signing.life.standing(now))?;
                if claims.ends <= now {
                    return Err(token_expired());
                }
                Ok(Some(signing.life.expires.map_or(claims.ends, |expires| expires.min(claims.ends))))
            }
        }
    }

    fn is_for(&self, user: &str) -> Result<(), Refused> {
        match &self.who {
            Who::Anyone | Who::Stranger(_) => Ok(()),
            Who::Key(entry) if entry.key.narrowing.has_user(user) => Ok(()),
            Who::Key(entry) => {
                let prefix = entry.key.narrowing.user_prefix();
                Err(Refused::denied(format!(
                    "{} is for users that begin with {prefix:?} only",
                    key_name(&entry.key)
                )))
            }
            Who::Token { claims, .. } if claims.user.as_str() == user => Ok(()),
            Who::Token { .. } => Err(Refused::denied("a browser token is for its own user only")),
        }
    }
}

fn has(scopes: &[Scope], scope: Scope, name: impl Fn() -> String) -> Result<(), Refused> {
    match scopes.contains(&scope) {
        true => Ok(()),
        false => {
            Err(Refused::denied(format!("{} does not have the scope {scope}, which this call needs", name())))
        }
    }
}

pub(super) fn key_name(key: &Key) -> String {
    format!("the key {}", key.id)
}

pub(super) fn signing_key_name(kid: &KeyId) -> String {
    format!("the signing key {kid}")
}

/// Nothing was sent where something is needed.
pub(super) fn missing() -> Refused {
    let problem =
        "a key or token is needed; send it as authorization: Bearer …, and see `laurels key create`";
    Refused::new(Why::Missing, problem)
}

pub(super) fn token_expired() -> Refused {
    Refused::new(Why::Expired, "the browser token has expired; have the site mint a new one")
}

/// Refuses what is good no longer.
pub(super) fn is_good(name: impl Fn() -> String, standing: Standing) -> Result<(), Refused> {
    match standing {
        Standing::Good => Ok(()),
        Standing::Expired => {
            Err(Refused::new(Why::Expired, format!("{} has expired; make a new one", name())))
        }
        Standing::Revoked => Err(Refused::new(Why::Revoked, format!("{} was revoked; use another", name()))),
    }
}
