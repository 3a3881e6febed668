//! gzip, of requests and of answers that are worth it.

use std::io::{Read, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use http::HeaderMap;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderValue};

use super::too_large;
use crate::rpc::{Code, Ending};

/// Its name.
pub(super) const GZIP: HeaderValue = HeaderValue::from_static("gzip");
/// Shorter answers fit into one packet as they are.
const WORTH_IT_BYTES: usize = 1024;

/// How a request is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Not at all.
    Identity,
    /// By gzip.
    Gzip,
}

/// How this request is packed.
pub(super) fn of(headers: &HeaderMap) -> Result<Encoding, Ending> {
    match headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes) {
        None | Some(b"" | b"identity") => Ok(Encoding::Identity),
        Some(b"gzip") => Ok(Encoding::Gzip),
        Some(_) => Err(Ending::new(Code::Unimplemented, "content-encoding must be gzip or identity")),
    }
}

/// Whether an answer may be packed.
pub(super) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let sent = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut names = sent.flat_map(|value| value.split(','));
    // Whoever sends `gzip;q=0` gets no gzip: only the bare name, or one with another weight, counts.
    names.any(|name| {
        let (name, weight) = name.split_once(';').unwrap_or((name, ""));
        name.trim() == "gzip" && !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
    })
}

/// Unpacks what has at most so many bytes then.
pub(super) fn unpack(encoding: Encoding, body: Bytes, most: usize) -> Result<Bytes, Ending> {
    if encoding == Encoding::Identity {
        return Ok(body);
    }
    let mut unpacked = Vec::new();
    let mut limited = MultiGzDecoder::new(&body[..]).take(most as u64 + 1);
    limited.read_to_end(&mut unpacked).map_err(|_| Ending::invalid("", "is not what gzip writes"))?;
    if unpacked.len() > most { Err(too_large(most)) } else { Ok(unpacked.into()) }
}

/// A packed answer, where that is worth it.
pub(super) fn pack(message: &[u8]) -> Option<Bytes> {
    if message.len() < WORTH_IT_BYTES {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::with_capacity(message.len() / 2), Compression::fast());
    encoder.write_all(message).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bomb_is_refused_before_it_is_unpacked() {
        let bomb = pack(&vec![0; 10 << 20]).unwrap();
        assert!(bomb.len() < 100_000);
        assert_eq!(unpack(Encoding::Gzip, bomb.clone(), 1000).unwrap_err().code, Code::ResourceExhausted);
        assert_eq!(unpack(Encoding::Gzip, bomb, 10 << 20).unwrap().len(), 10 << 20);
        assert_eq!(
            unpack(Encoding::Gzip, Bytes::from_static(b"{}"), 10).unwrap_err().code,
            Code::InvalidArgument
        );
    }

    #[test]
    fn only_those_who_ask_for_it_are_answered_in_gzip() {
        let accepts = |sent: &'static str| {
            accepts_gzip(&HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(sent))]))
        };
        assert!(accepts("gzip") && accepts("br, gzip;q=0.5") && accepts("deflate,gzip"));
        assert!(!accepts("br") && !accepts("gzip;q=0") && !accepts("x-gzip2"));
    }
}
