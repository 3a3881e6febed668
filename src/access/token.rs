//! Browser tokens: JWT (RFC 7519) of one kind. A site mints one for a user who is logged in, and the user's browser reads
//! that user's badges with it, and nothing else.
//!
//! The kind is fixed: HS256, with a signing key that the header names by `kid`. What the header says of the algorithm is
//! compared, never followed: that a token chooses how it is verified is the mistake that JWT is known for.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::hmac;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::key::KeyId;
use super::scope::Scope;
use crate::event::{Time, UserId};

/// How long a token lives at most, in seconds. One that expires later than so long from now is refused.
pub const TOKEN_LIFE_MAX_SECONDS: i64 = 60 * 60;
/// Longest token, in bytes. A longer one is refused.
pub const TOKEN_MAX_BYTES: usize = 4096;
/// For how many seconds a token may be expired, or not yet valid, since clocks differ.
pub const TOKEN_LEEWAY_SECONDS: i64 = 30;

/// Whom tokens for this server are for: the claim `aud`.
const AUDIENCE: &str = "laurels";
const ALGORITHM: &str = "HS256";
/// What a token may be for.
const SCOPES: [Scope; 2] = [Scope::Read, Scope::Watch];

/// A token that was looked at and not yet believed.
pub(super) struct SentToken<'a> {
    /// Which signing key it names.
    pub(super) kid: KeyId,
    /// What is signed.
    signed: &'a str,
    claims: &'a str,
    signature: Vec<u8>,
}

/// What a token says that can be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) user: UserId,
    pub(super) scopes: Vec<Scope>,
    /// When it ends, the leeway included.
    pub(super) ends: Time,
}

/// Why a token that is signed well is of no use.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Useless {
    /// It was good once.
    Expired,
    /// It never is, and this says why.
    Wrong(String),
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Extensions that must be understood; none is.
    crit: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Written {
    sub: Option<String>,
    aud: Option<Audience>,
    exp: Option<f64>,
    nbf: Option<f64>,
    iat: Option<f64>,
    scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl<'a> SentToken<'a> {
    /// Takes a token apart, or says why it is none.
    pub(super) fn parse(text: &'a str) -> Result<SentToken<'a>, String> {
        if text.len() > TOKEN_MAX_BYTES {
            return Err(format!("has {} bytes; at most {TOKEN_MAX_BYTES} are allowed", text.len()));
        }
        let parts: Vec<&str> = text.split('.').collect();
        let [header, claims, signature] = parts[..] else {
            return Err("is no JWT of three parts joined by dots".to_owned());
        };
        let signed = &text[..header.len() + 1 + claims.len()];
        let Header { alg, kid, crit } = read(header).ok_or("has a header that cannot be read")?;
        if alg != ALGORITHM {
            return Err(format!("is not signed with {ALGORITHM}; mint it with \"alg\": \"{ALGORITHM}\""));
        }
        if crit.is_some() {
            return Err("has the header crit, and no extension is known here; leave it out".to_owned());
        }
        let kid = kid.and_then(|kid| KeyId::parse(&kid).ok());
        let kid = kid.ok_or("does not name its signing key; put its id into the header, as kid")?;
        let signature =
            BASE64_URL_SAFE_NO_PAD.decode(signature).map_err(|_| "has a signature that cannot be read")?;
        Ok(SentToken { kid, signed, claims, signature })
    }

    /// Whether it was signed with this secret. It takes as long whichever byte differs first.
    pub(super) fn is_signed_with(&self, secret: &[u8]) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        hmac::verify(&key, self.signed.as_bytes(), &self.signature).is_ok()
    }

    /// What it claims, once its signature was verified.
    pub(super) fn claims(&self, now: Time) -> Result<Claims, Useless> {
        let wrong = |problem: &str| Useless::Wrong(problem.to_owned());
        let Written { sub, aud, exp, nbf, iat, scope } =
            read(self.claims).ok_or_else(|| wrong("has claims that cannot be read"))?;
        let is_for_us = match aud {
            None => false,
            Some(Audience::One(one)) => one == AUDIENCE,
            Some(Audience::Several(several)) => several.iter().any(|one| one == AUDIENCE),
        };
        if !is_for_us {
            return Err(wrong("is not for this server; mint it with \"aud\": \"laurels\""));
        }
        let exp = exp.ok_or_else(|| wrong("does not say when it expires; mint it with exp"))?;
        let life = TOKEN_LIFE_MAX_SECONDS as f64;
        let (leeway, now) = (TOKEN_LEEWAY_SECONDS as f64, now.micros() as f64 / 1e6);
        if exp + leeway <= now {
            return Err(Useless::Expired);
        }
        // JSON has no times that are no numbers, so that each is on one side.
        let lives_long = exp - now > life + leeway || iat.is_some_and(|iat| exp - iat > life);
        if lives_long {
            let most = TOKEN_LIFE_MAX_SECONDS;
            return Err(Useless::Wrong(format!("lives too long; at most {most} seconds are allowed")));
        }
        if nbf.is_some_and(|nbf| nbf > now + leeway) {
            return Err(wrong("is not valid yet; look whether the clocks agree"));
        }
        let user = UserId::parse(&sub.unwrap_or_default());
        let user = user.map_err(|problem| Useless::Wrong(format!("names no user: sub {problem}")))?;
        let scopes = scopes(scope.as_deref()).map_err(Useless::Wrong)?;
        let ends = Time::from_micros(((exp + leeway) * 1e6) as i64).unwrap_or(Time::MAX);
        Ok(Claims { user, scopes, ends })
    }
}

/// What a token is for: all that one may be for, unless it says less.
fn scopes(written: Option<&str>) -> Result<Vec<Scope>, String> {
    let Some(written) = written else { return Ok(SCOPES.to_vec()) };
    let scope = |name| match Scope::parse(name) {
        Ok(scope) if SCOPES.contains(&scope) => Ok(scope),
        Ok(_) | Err(_) => {
            Err("has a scope other than read and watch; mint it with these or without".to_owned())
        }
    };
    written.split_whitespace().map(scope).collect()
}

fn read<T: DeserializeOwned>(part: &str) -> Option<T> {
    let json = BASE64_URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&json).ok()
}
