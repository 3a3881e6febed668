//! Where a server may listen: beyond this machine only with TLS and a key, unless whoever starts it insists.

use std::net::{IpAddr, SocketAddr};

/// What keeps strangers out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Guards {
    /// Nobody on the way reads what is said.
    pub tls: bool,
    /// Callers need a certificate of their own.
    pub client_certificates: bool,
    /// Callers need a key.
    pub keys: bool,
}

/// A server that others may reach, and that nothing keeps them out of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposed {
    address: SocketAddr,
    missing: Missing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missing {
    Tls,
    Key,
    Both,
}

/// Says what is missing where a server listens beyond this machine.
pub fn exposed(address: SocketAddr, guards: Guards) -> Option<Exposed> {
    let missing = guards.missing().filter(|_| !is_loopback(address.ip()))?;
    Some(Exposed { address, missing })
}

impl Guards {
    fn missing(self) -> Option<Missing> {
        match (self.tls, self.keys || self.client_certificates) {
            (true, true) => None,
            (false, true) => Some(Missing::Tls),
            (true, false) => Some(Missing::Key),
            (false, false) => Some(Missing::Both),
        }
    }
}

impl Exposed {
    /// What others could do.
    pub fn danger(&self) -> &'static str {
        match self.missing {
            Missing::Both => {
                "there is neither TLS nor a key, so whoever reaches it may record, read and take a backup of everything, and everybody on the way may too"
            }
            Missing::Tls => "there is no TLS, so everybody on the way may read what is said, and the keys",
            Missing::Key => {
                "there is no key, so whoever reaches it may record, read and take a backup of everything"
            }
        }
    }

    /// What to do instead: exactly what to write.
    pub fn remedy(&self) -> String {
        let tls = "for TLS, name a certificate: --tls-cert FILE --tls-key FILE";
        let key = "for a key: `laurels key create --scope record,read`";
        let steps = match self.missing {
            Missing::Tls => tls.to_owned(),
            Missing::Key => key.to_owned(),
            Missing::Both => format!("{tls}; {key}"),
        };
        let port = self.address.port();
        format!(
            "{steps}. Or listen on this machine only, behind something that guards it: --listen 127.0.0.1:{port}. Where nobody \
             but friends can reach it, as within a container: --insecure. docs/operations.md tells more, under TLS"
        )
    }
}

/// Whether only this machine reaches an address.
fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Guards = Guards { tls: true, client_certificates: false, keys: true };

    fn missing(address: &str, guards: Guards) -> Option<String> {
        let exposed = exposed(address.parse().unwrap(), guards)?;
        Some(format!("{}. {}", exposed.danger(), exposed.remedy()))
    }

    #[test]
    fn on_this_machine_nothing_is_needed() {
        for address in ["127.0.0.1:50051", "127.9.9.9:1", "[::1]:50051", "[::ffff:127.0.0.1]:50051"] {
            assert_eq!(missing(address, Guards::default()), None);
        }
    }

    #[test]
    fn beyond_it_both_tls_and_a_key_are_needed_and_what_is_missing_is_said() {
        for address in
            ["0.0.0.0:50051", "[::]:50051", "10.0.0.7:50051", "192.168.1.1:50051", "[fe80::1]:50051"]
        {
            assert_eq!(missing(address, ALL), None);
            let without_tls = missing(address, Guards { tls: false, ..ALL }).unwrap();
            assert!(without_tls.contains("--tls-cert FILE --tls-key FILE"), "{without_tls}");
            assert!(!without_tls.contains("laurels key create"), "{without_tls}");
            let without_key = missing(address, Guards { keys: false, ..ALL }).unwrap();
            assert!(without_key.contains("laurels key create"), "{without_key}");
            assert!(!without_key.contains("--tls-cert"), "{without_key}");
            let bare = missing(address, Guards::default()).unwrap();
            for said in [
                "neither TLS nor a key",
                "--tls-cert",
                "laurels key create",
                "--listen 127.0.0.1:50051",
                "--insecure",
            ] {
                assert!(bare.contains(said), "{bare}");
            }
        }
    }

    #[test]
    fn a_certificate_that_callers_need_stands_for_a_key() {
        let guards = Guards { tls: true, client_certificates: true, keys: false };
        assert_eq!(missing("0.0.0.0:50051", guards), None);
    }
}
