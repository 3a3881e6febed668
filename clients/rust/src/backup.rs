//! A backup on its way.

use tonic::Streaming;

use crate::error::Error;
use crate::generated::BackupResponse;

/// The bytes of a backup, piece by piece. Whoever keeps them must not take them for a backup before
/// [`next`](Backup::next) has answered that nothing more comes.
#[derive(Debug)]
pub struct Backup {
    stream: Streaming<BackupResponse>,
}

impl Backup {
    pub(crate) fn new(stream: Streaming<BackupResponse>) -> Backup {
        Backup { stream }
    }

    /// The next piece. None when it is whole; after an error it never will be: begin again.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.stream.message().await?.map(|message| message.chunk))
    }
}
