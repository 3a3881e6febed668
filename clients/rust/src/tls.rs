//! TLS: which servers are believed, and how the client shows who it is.

use std::fmt;

use tonic::transport::{Certificate, ClientTlsConfig, Identity};

/// How a server behind `https://` is spoken to. The default believes whom the system believes, and shows no certificate.
///
/// ```no_run
/// use laurels_client::{Client, Tls};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let tls = Tls::default().with_ca(std::fs::read("ca.pem")?);
/// let client = Client::connect_tls("https://awards.example.org:50051", tls).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Tls {
    ca: Option<Vec<u8>>,
    identity: Option<(Vec<u8>, Vec<u8>)>,
}

impl Tls {
    /// Believes servers whose certificate one of these signed, and no others. PEM.
    #[must_use]
    pub fn with_ca(self, ca: impl Into<Vec<u8>>) -> Tls {
        Tls { ca: Some(ca.into()), ..self }
    }

    /// Shows a certificate to servers that ask for one; the key is its private key. PEM.
    #[must_use]
    pub fn with_identity(self, certificate: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Tls {
        Tls { identity: Some((certificate.into(), key.into())), ..self }
    }

    /// An error says what is missing.
    pub(crate) fn config(self) -> Result<ClientTlsConfig, &'static str> {
        let config = ClientTlsConfig::new();
        let config = match self.ca {
            None => config.with_native_roots(),
            // Without this, PEM without a certificate would be a server nobody believes, and no word why.
            Some(ca) if !has(&ca, "CERTIFICATE") => {
                return Err(
                    "the CA has no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----",
                );
            }
            Some(ca) => config.ca_certificate(Certificate::from_pem(ca)),
        };
        match self.identity {
            None => Ok(config),
            Some((certificate, _)) if !has(&certificate, "CERTIFICATE") => {
                Err("the client's certificate is not in PEM, which begins with -----BEGIN CERTIFICATE-----")
            }
            Some((_, key)) if has(&key, "ENCRYPTED") => Err(
                "the client's key is encrypted; write it without a password, by `openssl pkey -in KEY -out NEW`",
            ),
            Some((_, key)) if !has(&key, "PRIVATE KEY") => {
                Err("the client's key is not in PEM, which begins with -----BEGIN PRIVATE KEY-----")
            }
            Some((certificate, key)) => Ok(config.identity(Identity::from_pem(certificate, key))),
        }
    }
}

impl fmt::Debug for Tls {
    /// What there is, and nothing of what is in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ca, identity) = (self.ca.is_some(), self.identity.is_some());
        f.debug_struct("Tls").field("ca", &ca).field("identity", &identity).finish_non_exhaustive()
    }
}

fn has(pem: &[u8], what: &str) -> bool {
    String::from_utf8_lossy(pem)
        .lines()
        .any(|line| (line.starts_with("-----BEGIN") || line.starts_with("Proc-Type")) && line.contains(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    const ENCRYPTED: &str =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";

    #[test]
    fn what_is_no_pem_is_named_before_anybody_is_called() {
        assert!(Tls::default().with_ca(CERTIFICATE).with_identity(CERTIFICATE, KEY).config().is_ok());
        for (tls, says) in [
            (Tls::default().with_ca(KEY), "the CA has no certificate"),
            (Tls::default().with_identity(KEY, KEY), "the client's certificate is not in PEM"),
            (Tls::default().with_identity(CERTIFICATE, CERTIFICATE), "the client's key is not in PEM"),
            (Tls::default().with_identity(CERTIFICATE, ENCRYPTED), "the client's key is encrypted"),
        ] {
            assert!(tls.config().unwrap_err().starts_with(says));
        }
    }

    #[test]
    fn a_key_is_not_shown() {
        let tls = Tls::default().with_identity("certificate", "secret");
        assert!(!format!("{tls:?}").contains("secret"));
    }
}
