//! How `serve` keeps strangers out: TLS, and where it may listen without.

use std::net::SocketAddr;

use super::error::Error;
use crate::clock::Clock;
use crate::config::Config;
use crate::port::exposure::{Guards, exposed};
use crate::port::tls::{Files, Tls};

/// TLS with the files that are named, or that there is none.
pub(super) fn tls(config: &Config, clock: Clock) -> Result<Option<Tls>, Error> {
    let tls = &config.tls;
    let problem = match (&tls.cert, &tls.key, &tls.client_ca) {
        (None, None, None) => return Ok(None),
        (Some(cert), Some(key), client_ca) => {
            let files = Files { cert: cert.clone(), key: key.clone(), client_ca: client_ca.clone() };
            return Tls::load(files, clock).map(Some).map_err(|error| Error::Usage(error.to_string()));
        }
        (Some(_), None, _) => "the certificate has no private key; name it with --tls-key FILE",
        (None, Some(_), _) => "the private key has no certificate; name it with --tls-cert FILE",
        (None, None, Some(_)) => {
            "callers can show a certificate over TLS only; name the server's with --tls-cert FILE --tls-key FILE"
        }
    };
    Err(Error::Usage(problem.to_owned()))
}

/// Refuses to listen where strangers may come in, or warns of it once where that is wanted.
pub(super) fn allow(config: &Config, tls: Option<&Tls>, keys: bool) -> Result<(), Error> {
    let client_certificates = tls.is_some_and(Tls::asks_for_certificates);
    let guards = Guards { tls: tls.is_some(), client_certificates, keys };
    let address: SocketAddr = config.listen;
    let Some(exposed) = exposed(address, guards) else { return Ok(()) };
    let (danger, remedy) = (exposed.danger(), exposed.remedy());
    if config.insecure {
        tracing::warn!(%address, "INSECURE: listening where others may reach it, as --insecure says, and {danger}");
        return Ok(());
    }
    Err(Error::Usage(format!(
        "not listening on {address}, where others may reach it: {danger}.\nInstead: {remedy}"
    )))
}
