//! TLS: which certificate is shown, and whom it lets in.
//!
//! Certificates are renewed every few weeks, by programs that know nothing of us. So the files are looked at now and
//! then, and at every SIGHUP; connections that are there go on with what they began with, and files that cannot be used
//! leave those in use.

mod files;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use crate::clock::Clock;
use crate::event::Time;

use files::{Fingerprint, Usable};

pub use files::{Error, Files};

/// How often the files are looked at.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(60);
/// So long before it ends, a certificate is warned about: whatever should have renewed it did not.
const ENDS_SOON_MICROS: i64 = 7 * 24 * 3600 * 1_000_000;
/// How often it is warned about.
const WARNED_EVERY_MICROS: i64 = 24 * 3600 * 1_000_000;

/// The certificate in use, and the files it comes from. All clones are the same.
#[derive(Clone)]
pub struct Tls(Arc<Shared>);

struct Shared {
    files: Files,
    clock: Clock,
    state: Mutex<State>,
}

struct State {
    config: Arc<ServerConfig>,
    /// Until when the certificate in use holds.
    ends: Time,
    /// Of the files that were tried last, whether they could be used or not.
    tried: Fingerprint,
    warned: Option<Time>,
}

impl Tls {
    /// Reads the files, and says what is wrong with them.
    pub fn load(files: Files, clock: Clock) -> Result<Tls, Error> {
        let contents = files.read()?;
        let Usable { config, ends } = files.usable(&contents)?;
        let state = State { config, ends, tried: contents.fingerprint(), warned: None };
        let tls = Tls(Arc::new(Shared { files, clock, state: Mutex::new(state) }));
        tls.warn();
        Ok(tls)
    }

    /// Whether only callers with a certificate are let in.
    pub fn asks_for_certificates(&self) -> bool {
        self.0.files.client_ca.is_some()
    }

    /// Reads the files again, and has further connections use them if they can be used; says until when the certificate is
    /// good. What came of it stands in the log too.
    pub async fn reload(&self) -> Result<Time, Error> {
        self.read_again(true).await?;
        Ok(self.state().ends)
    }

    /// Uses changed files within a minute, and warns of a certificate that ends. Waits until others are in use, and
    /// says until when their certificate is good.
    pub async fn renewed(&self) -> Time {
        loop {
            tokio::time::sleep(LOOKED_AT_EVERY).await;
            // Which files cannot be used is in the log.
            let read = self.read_again(false).await;
            self.warn();
            if let Ok(Some(ends)) = read {
                return ends;
            }
        }
    }

    /// What the next connection begins with.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.state().config.clone())
    }

    /// Reads the files, and uses them if they are others than were tried last, or if told to: then it gives until when the
    /// certificate is good.
    async fn read_again(&self, told: bool) -> Result<Option<Time>, Error> {
        let tls = self.clone();
        // Off the threads that serve: a file may lie on a network.
        let reading = tokio::task::spawn_blocking(move || tls.take(told));
        let taken = reading.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
        match &taken {
            Ok(Some(ends)) => {
                tracing::info!(%ends, "the certificate was read again, and further connections use it")
            }
            Ok(None) => {}
            Err(error) => {
                tracing::error!(%error, "the files for TLS cannot be used; the certificate in use goes on");
            }
        }
        taken
    }

    /// Gives until when the certificate holds, if it was taken into use.
    fn take(&self, told: bool) -> Result<Option<Time>, Error> {
        let files = &self.0.files;
        // Not there for a moment, most often, since they are being written: only who asked is told.
        let contents = match files.read() {
            Err(_) if !told => return Ok(None),
            read => read?,
        };
        let fingerprint = contents.fingerprint();
        if !told && self.state().tried == fingerprint {
            return Ok(None);
        }
        let usable = files.usable(&contents);
        let mut state = self.state();
        state.tried = fingerprint;
        let Usable { config, ends } = usable?;
        *state = State { config, ends, warned: None, tried: fingerprint };
        Ok(Some(ends))
    }

    /// Warns of a certificate that has ended or soon will.
    fn warn(&self) {
        let now = self.0.clock.now();
        let mut state = self.state();
        let warned_lately =
            state.warned.is_some_and(|at| now.micros().saturating_sub(at.micros()) < WARNED_EVERY_MICROS);
        let left = state.ends.micros().saturating_sub(now.micros());
        if warned_lately || left > ENDS_SOON_MICROS {
            return;
        }
        state.warned = Some(now);
        let (ends, file) = (state.ends, self.0.files.cert.display());
        match left > 0 {
            true => {
                tracing::warn!(%ends, %file, "the certificate ends soon; renew it, and put the new one in its place")
            }
            false => {
                tracing::warn!(%ends, %file, "the certificate has ended, and callers refuse it; renew it, and put the new one in its place");
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Tls {
    /// The files' names, and nothing that is in them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tls").field(&self.0.files).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// Files with a certificate that is good until a year begins.
    fn written(folder: &Path, until: i32) -> Files {
        let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        let files = Files { cert: folder.join("cert.pem"), key: folder.join("key.pem"), client_ca: None };
        fs::write(&files.cert, params.self_signed(&key).unwrap().pem()).unwrap();
        fs::write(&files.key, key.serialize_pem()).unwrap();
        files
    }

    #[tokio::test(start_paused = true)]
    async fn changed_files_are_used_within_a_minute_and_those_that_cannot_be_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let tls = Tls::load(written(folder.path(), 2030), Clock::system()).unwrap();
        let ends = || tls.state().ends.to_string()[..4].to_owned();
        let (following, renewals) = (tls.clone(), Arc::new(Mutex::new(Vec::new())));
        let seen = renewals.clone();
        tokio::spawn(async move {
            loop {
                let ends = following.renewed().await;
                seen.lock().unwrap().push(ends.to_string()[..4].to_owned());
            }
        });
        // A moment more than a look needs: the first is a minute after the beginning.
        let look = || tokio::time::sleep(LOOKED_AT_EVERY + Duration::from_millis(1));
        look().await;
        assert_eq!(ends(), "2030");
        let files = written(folder.path(), 2031);
        look().await;
        assert_eq!(ends(), "2031");
        fs::write(&files.cert, "nothing").unwrap();
        look().await;
        fs::remove_file(&files.cert).unwrap();
        look().await;
        assert_eq!(ends(), "2031");
        written(folder.path(), 2032);
        look().await;
        assert_eq!(ends(), "2032");
        assert_eq!(*renewals.lock().unwrap(), ["2031", "2032"], "who follows hears of those that are in use");
    }

    #[test]
    fn a_certificate_that_ends_soon_is_warned_about_once_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::fixed(Time::parse("2029-12-20T00:00:00Z").unwrap());
        let tls = Tls::load(written(folder.path(), 2030), clock.clone()).unwrap();
        assert_eq!(tls.state().warned, None);
        let mut warned = Vec::new();
        for now in
            ["2029-12-26T00:00:00Z", "2029-12-26T23:00:00Z", "2029-12-27T00:00:00Z", "2030-01-02T00:00:00Z"]
        {
            clock.set(Time::parse(now).unwrap());
            tls.warn();
            warned.extend(tls.state().warned.map(|at| at.to_string()[..10].to_owned()));
        }
        assert_eq!(warned, ["2029-12-26", "2029-12-26", "2029-12-27", "2030-01-02"]);
    }
}
