//! API keys: `lk_ID_SECRET`, as a site sends them and as they are kept.
//!
//! The secret is 256 random bits, and what is kept is its SHA-256. A slow hash is for passwords, which can be guessed;
//! nobody guesses 256 bits, so a fast one gives nothing away, and costs a call less than a microsecond.

use std::fmt;

use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};
use smol_str::SmolStr;
use subtle::ConstantTimeEq;

/// What every key begins with, so that a scanner of source code finds one that was committed.
pub(super) const PREFIX: &str = "lk_";
/// Longest id of a key, in bytes. A longer one is refused.
const ID_MAX_BYTES: usize = 32;
/// Random bytes of a new id: few, since it is typed, and another is taken where one is there already.
const ID_BYTES: usize = 4;
/// Random bytes of a secret.
const SECRET_BYTES: usize = 32;

/// By what a key is known in lists, errors and logs: no secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(SmolStr);

impl KeyId {
    /// Reads an id, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<KeyId, String> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        match text.len() {
            1..=ID_MAX_BYTES if text.bytes().all(allowed) => Ok(KeyId(SmolStr::from(text))),
            _ => Err(format!("must have 1 to {ID_MAX_BYTES} characters of a-z, 0-9 and \"-\"")),
        }
    }

    /// An id that most likely nobody has.
    pub(super) fn fresh() -> Result<KeyId, NoRandomness> {
        Ok(KeyId(SmolStr::from(random_hex(ID_BYTES)?)))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key as somebody sent it: well-formed, and no more is known of it.
pub(super) struct SentKey<'a> {
    pub(super) id: KeyId,
    text: &'a str,
}

impl<'a> SentKey<'a> {
    /// Reads a key. None where it is not formed like one.
    pub(super) fn parse(text: &'a str) -> Option<SentKey<'a>> {
        let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let is_secret = secret.len() == 2 * SECRET_BYTES && secret.bytes().all(is_hex_digit);
        is_secret.then_some(SentKey { id: KeyId::parse(id).ok()?, text })
    }
}

/// What is kept of a key instead of it: the SHA-256 of its whole text, with which nobody can call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hash([u8; SHA256_OUTPUT_LEN]);

impl Hash {
    fn of(text: &str) -> Hash {
        let mut hash = [0; SHA256_OUTPUT_LEN];
        hash.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
        Hash(hash)
    }

    /// Reads a hash as the key file has it.
    pub(super) fn parse(hex: &str) -> Result<Hash, String> {
        let problem = || format!("must have {} digits of 0-9 and a-f", 2 * SHA256_OUTPUT_LEN);
        if hex.len() != 2 * SHA256_OUTPUT_LEN || !hex.bytes().all(is_hex_digit) {
            return Err(problem());
        }
        let mut hash = [0; SHA256_OUTPUT_LEN];
        for (at, byte) in hash.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).map_err(|_| problem())?;
        }
        Ok(Hash(hash))
    }

    /// Whether it is the hash of this key. It takes as long whichever byte differs first.
    pub(super) fn is_of(&self, sent: &SentKey<'_>) -> bool {
        self.0.ct_eq(&Hash::of(sent.text).0).into()
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A new key with this id: the key itself, to be shown once, and what is kept of it.
pub(super) fn fresh_key(id: &KeyId) -> Result<(SecretString, Hash), NoRandomness> {
    let secret = fresh_secret()?;
    let key = format!("{PREFIX}{id}_{}", secret.expose_secret());
    let hash = Hash::of(&key);
    Ok((SecretString::from(key), hash))
}

/// 256 random bits, in hexadecimal.
pub(super) fn fresh_secret() -> Result<SecretString, NoRandomness> {
    Ok(SecretString::from(random_hex(SECRET_BYTES)?))
}

/// The system has no randomness to give.
#[derive(Debug, thiserror::Error)]
#[error("the system has no random numbers to give, and without them no key is safe; try again later")]
pub struct NoRandomness;

fn random_hex(bytes: usize) -> Result<String, NoRandomness> {
    let mut random = vec![0; bytes];
    SystemRandom::new().fill(&mut random).map_err(|_| NoRandomness)?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn is_hex_digit(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_key_is_well_formed_and_is_its_own_hash_only() {
        let id = KeyId::fresh().unwrap();
        let (key, hash) = fresh_key(&id).unwrap();
        let sent = SentKey::parse(key.expose_secret()).unwrap();
        assert_eq!(sent.id, id);
        assert!(hash.is_of(&sent));
        assert_eq!(Hash::parse(&hash.to_string()), Ok(hash.clone()));

        let (other, _) = fresh_key(&id).unwrap();
        assert!(!hash.is_of(&SentKey::parse(other.expose_secret()).unwrap()));
        // The same secret under another id is another key.
        let renamed = key.expose_secret().replacen(id.as_str(), "other", 1);
        assert!(!hash.is_of(&SentKey::parse(&renamed).unwrap()));
    }

    #[test]
    fn a_hash_is_what_sha256sum_says_of_the_key() {
        let key = format!("lk_a_{}", "0".repeat(64));
        let said = "07cab19209fb07c93d893c4aaac23f14d00e6d854ac65765a24c9b32aa9d387a";
        assert_eq!(Hash::of(&key).to_string(), said);
    }

    #[test]
    fn what_is_not_formed_like_a_key_is_none() {
        let secret = "0".repeat(64);
        assert!(SentKey::parse(&format!("lk_a-1_{secret}")).is_some());
        for wrong in [
            String::new(),
            "lk_".to_owned(),
            format!("lk_{secret}"),
            format!("lk__{secret}"),
            format!("LK_a_{secret}"),
            format!("lk_A_{secret}"),
            format!("lk_a_{secret}0"),
            format!("lk_a_{}", &secret[1..]),
            format!("lk_a_{}F", &secret[1..]),
            format!("lk_a_{}é", &secret[2..]),
            format!("lk_{}_{secret}", "a".repeat(33)),
            format!(" lk_a_{secret}"),
        ] {
            assert!(SentKey::parse(&wrong).is_none(), "{wrong}");
        }
    }
}
