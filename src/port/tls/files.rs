//! The files for TLS: what is wrong with them, and what to do about it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{self, InconsistentKeys, RootCertStore, ServerConfig};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use xxhash_rust::xxh3::Xxh3;

use crate::event::Time;

/// What is offered in the handshake, best first. A caller that names nothing speaks what its first bytes say.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Where certificates and keys are, all of them as PEM.
#[derive(Clone, Debug)]
pub struct Files {
    /// The certificate that is shown, and after it those that it was signed with.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Certificates of which one must have signed a caller's own. None: callers need none.
    pub client_ca: Option<PathBuf>,
}

/// Why files for TLS cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file that is not there, or may not be read.
    #[error("cannot read {path}: {source}", path = .path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file without any certificate.
    #[error("{path} has no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----; of DER, `openssl x509 -inform der -in {path}` makes it", path = .0.display())]
    NoCertificate(PathBuf),
    /// A file without any private key.
    #[error("{path} has no private key in PEM, which begins with -----BEGIN PRIVATE KEY-----", path = .0.display())]
    NoKey(PathBuf),
    /// A key that only a password opens.
    #[error("the key in {path} is encrypted, and nobody is there to type its password; write it without one, by `openssl pkey -in {path} -out NEW`, and let only the server read it", path = .0.display())]
    Encrypted(PathBuf),
    /// A file that is PEM only nearly.
    #[error("{path} is damaged: {problem}", path = .path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong in it.
        problem: String,
    },
    /// The key of another certificate.
    #[error("the key in {key} is not that of the certificate in {cert}; name the two that belong together", key = .key.display(), cert = .cert.display())]
    Mismatch {
        /// Where the certificate is.
        cert: PathBuf,
        /// Where the key is.
        key: PathBuf,
    },
    /// A key of a kind that cannot be used.
    #[error("the key in {path} cannot be used ({source}); RSA of 2048 bits or more, ECDSA P-256 or P-384, and Ed25519 can", path = .path.display())]
    Unsupported {
        /// Which.
        path: PathBuf,
        /// What the library says.
        source: rustls::Error,
    },
}

/// What is in the files.
pub(super) struct Contents {
    cert: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

/// Tells whether files have changed.
pub(super) type Fingerprint = u128;

/// Files that can be used.
pub(super) struct Usable {
    pub(super) config: Arc<ServerConfig>,
    /// Until when the certificate holds.
    pub(super) ends: Time,
}

impl Contents {
    pub(super) fn fingerprint(&self) -> Fingerprint {
        let mut hash = Xxh3::new();
        for part in [&self.cert, &self.key].into_iter().chain(&self.client_ca) {
            hash.update(&part.len().to_le_bytes());
            hash.update(part);
        }
        hash.digest128()
    }
}

impl Files {
    pub(super) fn read(&self) -> Result<Contents, Error> {
        Ok(Contents {
            cert: read(&self.cert)?,
            key: read(&self.key)?,
            client_ca: self.client_ca.as_deref().map(read).transpose()?,
        })
    }

    pub(super) fn usable(&self, contents: &Contents) -> Result<Usable, Error> {
        let chain = certificates(&self.cert, &contents.cert)?;
        let ends = ends(&self.cert, &chain)?;
        let key = private_key(&self.key, &contents.key)?;
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .expect("ring has a cipher for each version");
        let builder = match self.client_ca.as_deref().zip(contents.client_ca.as_deref()) {
            None => builder.with_no_client_auth(),
            Some((path, pem)) => {
                let roots = Arc::new(roots(path, pem)?);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
                builder.with_client_cert_verifier(verifier.map_err(|error| damaged(path, error))?)
            }
        };
        let mut config = builder.with_single_cert(chain, key).map_err(|source| self.unusable(source))?;
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Ok(Usable { config: Arc::new(config), ends })
    }

    fn unusable(&self, source: rustls::Error) -> Error {
        if matches!(source, rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) {
            return Error::Mismatch { cert: self.cert.clone(), key: self.key.clone() };
        }
        if let rustls::Error::InvalidCertificate(problem) = &source {
            return damaged(&self.cert, problem);
        }
        Error::Unsupported { path: self.key.clone(), source }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|source| Error::Unreadable { path: path.to_owned(), source })
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let chain = chain.map_err(|error| damaged(path, error))?;
    match chain.is_empty() {
        true => Err(Error::NoCertificate(path.to_owned())),
        false => Ok(chain),
    }
}

fn private_key(path: &Path, pem: &[u8]) -> Result<PrivateKeyDer<'static>, Error> {
    // Both ways of saying so: a kind of its own, and a header within.
    if String::from_utf8_lossy(pem).contains("ENCRYPTED") {
        return Err(Error::Encrypted(path.to_owned()));
    }
    match PrivateKeyDer::pem_slice_iter(pem).next() {
        None => Err(Error::NoKey(path.to_owned())),
        Some(key) => key.map_err(|error| damaged(path, error)),
    }
}

fn roots(path: &Path, pem: &[u8]) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path, pem)? {
        roots.add(certificate).map_err(|error| damaged(path, error))?;
    }
    Ok(roots)
}

/// Until when the first of them holds.
fn ends(path: &Path, chain: &[CertificateDer<'_>]) -> Result<Time, Error> {
    let first = chain.first().ok_or_else(|| Error::NoCertificate(path.to_owned()))?;
    let certificate = Certificate::from_der(first).map_err(|error| damaged(path, error))?;
    let seconds = certificate.tbs_certificate.validity.not_after.to_unix_duration().as_secs();
    let time = i64::try_from(seconds).ok().and_then(|seconds| Time::from_unix(seconds, 0));
    time.ok_or_else(|| damaged(path, "it ends at no time that there is"))
}

fn damaged(path: &Path, problem: impl ToString) -> Error {
    Error::Damaged { path: path.to_owned(), problem: problem.to_string() }
}
