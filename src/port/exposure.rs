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
    guards: Guards,
}

/// Says what is missing where a server listens beyond this machine.
pub fn exposed(address: SocketAddr, guards: Guards) -> Option<Exposed> {
    let missing = !guards.tls || !guards.lets_in_only_known();
    (missing && !is_loopback(address.ip())).then_some(Exposed { address, guards })
}

impl Guards {
    fn lets_in_only_known(self) -> bool {
        self.keys || self.client_certificates
    }
}

impl Exposed {
    /// What others could do.
    pub fn danger(&self) -> &'static str {
        match (self.guards.tls, self.guards.lets_in_only_known()) {
            (false, false) => {
                "there is neither TLS nor a key, so whoever reaches it may record, read and take a backup of everything, and everybody on the way may too"
            }
            (false, true) => "there is no TLS, so everybody on the way may read what is said, and the keys",
            (true, false) => {
                "there is no key, so whoever reaches it may record, read and take a backup of everything"
            }
            (true, true) => "nothing is missing",
        }
    }

    /// What to do instead: exactly what to write.
    pub fn remedy(&self) -> String {
        let mut steps = Vec::new();
        if !self.guards.tls {
            steps.push("for TLS, name a certificate: --tls-cert FILE --tls-key FILE");
        }
        if !self.guards.lets_in_only_known() {
            steps.push("for a key: `laurels key create --scope record,read`");
        }
        let port = self.address.port();
        format!(
            "{}. Or listen on this machine only, behind something that guards it: --listen 127.0.0.1:{port}. Where nobody \
             but friends can reach it, as within a container: --insecure. docs/operations.md tells more, under TLS",
            steps.join("; ")
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
