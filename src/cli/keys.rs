//! The key file of a server: where it is, and that it is read again when it changes.

use super::error::Error;
use super::folder::{Changes, Look, WATCH};
use crate::access::{Access, KeyFile, Keyring, StreamLimits};
use crate::clock::Clock;
use crate::config::Config;
use crate::service::Service;

/// What the key file is called in the data directory.
const NAME: &str = "keys.toml";

/// The key file that settings mean.
pub(super) fn file(config: &Config) -> KeyFile {
    KeyFile::at(config.keys.clone().unwrap_or_else(|| config.data.join(NAME)))
}

/// The keys that a server uses, and the file that they are from.
#[derive(Clone)]
pub(super) struct InUse {
    pub(super) access: Access,
    file: KeyFile,
    as_read: Look,
}

impl InUse {
    /// Reads the keys for the first time: with a mistake among them, no server starts.
    pub(super) fn read(file: KeyFile, streams: StreamLimits, clock: Clock) -> Result<InUse, Error> {
        let as_read = Look::at_file(file.path());
        let ring = file.read()?.unwrap_or_default();
        let path = file.path().display();
        match ring.is_empty() {
            true => tracing::info!(
                file = %path,
                "there are no keys, so whoever reaches the port may do everything; the first `laurels key create` changes that"
            ),
            false => tracing::info!(file = %path, keys = count(&ring), "calls need a key or a token"),
        }
        if file.is_readable_by_others() {
            tracing::warn!(file = %path, "the key file can be read by others than its owner; chmod 600 it");
        }
        Ok(InUse { access: Access::new(ring, streams, clock), file, as_read })
    }

    /// Reads the file again, as somebody asks, and has the audit log say what is other. Keys in use stay where it cannot be
    /// used.
    pub(super) async fn read_again(&self, service: &Service, actor: &str) {
        let file = self.file.clone();
        // A mount may hang; that must hold up nothing else.
        let Ok(read) = tokio::task::spawn_blocking(move || file.read()).await else { return };
        let path = self.file.path().display();
        let replaced = read.map_err(|error| error.to_string()).and_then(|ring| {
            let ring = ring.unwrap_or_default();
            let keys = count(&ring);
            self.access.replace(ring).map(|changes| (keys, changes)).map_err(str::to_owned)
        });
        match replaced {
            Ok((keys, changes)) => {
                for change in changes {
                    service.note(change.note, actor, &change.key).await;
                }
                tracing::info!(file = %path, keys, "the keys were read again");
            }
            Err(problem) => {
                tracing::error!(file = %path, problem, "the key file cannot be used; the keys read before stay in use");
            }
        }
    }

    /// Reads the file again whenever it has changed.
    pub(super) async fn read_when_changed(self, service: Service) {
        let path = self.file.path().to_owned();
        let mut changes = Changes::since(self.as_read.clone(), move || Look::at_file(&path));
        while changes.next().await.is_some() {
            self.read_again(&service, WATCH).await;
        }
    }
}

/// How many keys there are.
fn count(ring: &Keyring) -> usize {
    ring.keys().len() + ring.signing_keys().len()
}
