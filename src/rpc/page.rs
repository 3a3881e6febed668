//! Pages of long answers.
//!
//! A page token says after what the next page begins, and carries a fingerprint of the request it belongs
//! to: sent with other filters it is refused, rather than answered with a list that has holes.
//! Positions are what was shown last, not how many were shown: what is new in between moves no page.

use prost::Message;
use serde::Serialize;
use serde::de::DeserializeOwned;
use xxhash_rust::xxh3::xxh3_64;

use super::proto::ErrorReason;
use super::status::Refusal;

/// Size of a page where none is asked for.
pub(super) const PAGE_DEFAULT: usize = 100;
/// Size of the largest page. Who asks for more gets so much.
pub(super) const PAGE_MAX: usize = 1000;

/// The size of page that `asked` means.
pub(super) fn size(asked: i32) -> Result<usize, Refusal> {
    match usize::try_from(asked) {
        Ok(0) => Ok(PAGE_DEFAULT),
        Ok(asked) => Ok(asked.min(PAGE_MAX)),
        Err(_) => Err(Refusal::field("page_size", "must not be negative; 0 means 100")),
    }
}

/// Which request a token belongs to.
pub(super) struct Fingerprint([u8; 8]);

impl Fingerprint {
    /// Of a request of this method; its page size and token are to be left empty.
    pub(super) fn of(method: &str, unpaged: &impl Message) -> Fingerprint {
        let mut bytes = method.as_bytes().to_vec();
        bytes.push(0);
        bytes.extend(unpaged.encode_to_vec());
        Fingerprint(xxh3_64(&bytes).to_le_bytes())
    }

    /// The token that asks for what comes after this position.
    pub(super) fn token(&self, after: &impl Serialize) -> String {
        // Numbers and texts always have bytes; without any, the token is one that is refused.
        let position = postcard::to_stdvec(after).unwrap_or_default();
        self.0.iter().chain(&position).map(|byte| format!("{byte:02x}")).collect()
    }

    /// The position in a token; none in an empty one, which asks for the first page.
    pub(super) fn position<P: DeserializeOwned>(&self, token: &str) -> Result<Option<P>, Refusal> {
        if token.is_empty() {
            return Ok(None);
        }
        let refused = |message: &str| Refusal::new(ErrorReason::PageTokenInvalid, message);
        let unreadable =
            || refused("page_token cannot be read; send the next_page_token of the answer before");
        let bytes = bytes(token).ok_or_else(unreadable)?;
        let (request, position) = bytes.split_first_chunk().ok_or_else(unreadable)?;
        if *request != self.0 {
            return Err(refused("page_token belongs to another request; send it with the same filters"));
        }
        match postcard::take_from_bytes(position) {
            Ok((position, [])) => Ok(Some(position)),
            Ok(_) | Err(_) => Err(unreadable()),
        }
    }
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = hex.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::proto::ListBadgesRequest;

    fn of(category: &str) -> Fingerprint {
        let request = ListBadgesRequest { categories: vec![category.into()], ..Default::default() };
        Fingerprint::of("ListBadges", &request)
    }

    #[test]
    fn a_token_belongs_to_one_request() {
        let token = of("photos").token(&(7u32, "é".to_owned()));
        assert_eq!(of("photos").position(&token).unwrap(), Some((7u32, "é".to_owned())));
        assert_eq!(of("photos").position::<u32>("").unwrap(), None);
        for (fingerprint, token) in [
            (of("music"), token.as_str()),
            (Fingerprint::of("GetBadges", &ListBadgesRequest::default()), token.as_str()),
            (of("photos"), &token[2..]),
            (of("photos"), &token[1..]),
            (of("photos"), &format!("{token}00")),
            (of("photos"), "é"),
            (of("photos"), "x"),
        ] {
            let refusal = fingerprint.position::<(u32, String)>(token).unwrap_err();
            assert_eq!(refusal.reason, ErrorReason::PageTokenInvalid, "{token}");
        }
    }

    #[test]
    fn a_page_has_a_hundred_unless_asked_and_a_thousand_at_most() {
        let sizes = [0, 1, 1000, 1001, i32::MAX].map(|asked| size(asked).unwrap());
        assert_eq!(sizes, [100, 1, 1000, 1000, 1000]);
        assert_eq!(size(-1).unwrap_err().reason, ErrorReason::InvalidField);
    }
}
