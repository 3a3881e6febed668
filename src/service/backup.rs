//! Backups, piece by piece, while everything else goes on.

use tokio::sync::OwnedSemaphorePermit;

use crate::store::{self, Until};

use super::{Error, RETRY_AFTER, Service};

/// Most backups that are taken at a time: each holds a few pieces in memory, and reads the disk as fast as it can.
/// One more is refused with [`Error::Overloaded`].
pub const BACKUPS_MAX: usize = 2;

/// A backup that is being taken: pull it with [`Backup::next`]; drop it to end it.
pub struct Backup {
    service: Service,
    /// None at its end, and while a piece is read.
    pieces: Option<store::Backup>,
    _turn: OwnedSemaphorePermit,
}

impl Service {
    /// Begins a backup of everything up to there.
    pub async fn backup(&self, until: Until) -> Result<Backup, Error> {
        let turn = self.0.backups.clone().try_acquire_owned();
        let turn = turn.map_err(|_| Error::Overloaded { retry_after: RETRY_AFTER })?;
        let inner = self.0.clone();
        let begun = self.0.threads.blocking(move || inner.store.backup(until)).await;
        let pieces = begun.map_err(Error::internal)?.map_err(Error::from_store)?;
        Ok(Backup { service: self.clone(), pieces: Some(pieces), _turn: turn })
    }
}

impl Backup {
    /// The next piece. None when it is whole; after an error it never will be.
    pub async fn next(&mut self) -> Option<Result<Vec<u8>, Error>> {
        let mut pieces = self.pieces.take()?;
        let read = self.service.0.threads.blocking(move || (pieces.next(), pieces)).await;
        match read {
            Ok((piece, pieces)) => {
                let piece = piece?.map_err(Error::from_store);
                self.pieces = piece.is_ok().then_some(pieces);
                Some(piece)
            }
            Err(panicked) => Some(Err(Error::internal(panicked))),
        }
    }
}
