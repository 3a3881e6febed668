//! `Backup`: everything there is, piece by piece.

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::closing::Closing;
use super::proto::backup_request::Until as Asked;
use super::proto::{BackupRequest, BackupResponse};
use super::status::Refusal;
use crate::access::Caller;
use crate::act::Note;
use crate::event::{Sequence, Time};
use crate::service::{self, Error, Service};
use crate::store::Until;

/// Pieces that the connection has not yet taken. The next one is read when there is room.
const CHUNKS_BUFFERED: usize = 2;

/// The pieces of one backup.
pub(super) type Chunks = ReceiverStream<Result<BackupResponse, Status>>;

/// Begins a backup.
pub(super) async fn take(
    service: &Service,
    caller: &Caller,
    request: &BackupRequest,
    closing: Closing,
) -> Result<Chunks, Refusal> {
    let until = until(request)?;
    let backup = service.backup(until).await?;
    // Before anything leaves.
    service.note(Note::Backup, &caller.name(), &summary(until)).await;
    let (sender, chunks) = mpsc::channel(CHUNKS_BUFFERED);
    tokio::spawn(send(backup, sender, closing));
    Ok(ReceiverStream::new(chunks))
}

/// Sends it until it is whole, the caller leaves, or the server goes down.
async fn send(
    mut backup: service::Backup,
    chunks: mpsc::Sender<Result<BackupResponse, Status>>,
    mut closing: Closing,
) {
    loop {
        let message = tokio::select! {
            next = backup.next() => match next {
                Some(next) => next.map(|chunk| BackupResponse { chunk }),
                None => return,
            },
            () = closing.begun() => Err(Error::ShuttingDown),
            () = chunks.closed() => return,
        };
        let message = message.map_err(|error| Refusal::from(error).into());
        let last = message.is_err();
        if chunks.send(message).await.is_err() || last {
            return;
        }
    }
}

fn summary(until: Until) -> String {
    match until {
        Until::Head => "of everything".to_owned(),
        Until::Event(Sequence(number)) => format!("up to event {number}"),
        Until::Time(time) => format!("up to {time}"),
    }
}

fn until(request: &BackupRequest) -> Result<Until, Refusal> {
    match request.until {
        None => Ok(Until::Head),
        Some(Asked::UntilSequence(number)) => u64::try_from(number)
            .map(|number| Until::Event(Sequence(number)))
            .map_err(|_| Refusal::field("until_sequence", "must be the number of an event, from 1")),
        Some(Asked::UntilTime(time)) => {
            Time::from_unix(time.seconds, time.nanos).map(Until::Time).ok_or_else(|| {
                Refusal::field(
                    "until_time",
                    "must be a time of the years 1 to 9998, with nanos below a second",
                )
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost_types::Timestamp;

    #[test]
    fn what_is_asked_for_is_a_number_or_a_time() {
        let asked = |until| until_of(until).ok();
        fn until_of(until: Asked) -> Result<Until, Refusal> {
            super::until(&BackupRequest { until: Some(until) })
        }
        assert_eq!(until(&BackupRequest::default()).ok(), Some(Until::Head));
        assert_eq!(asked(Asked::UntilSequence(7)), Some(Until::Event(Sequence(7))));
        assert_eq!(asked(Asked::UntilSequence(-1)), None);
        let time = Time::from_unix(5, 1000).unwrap();
        let second = |nanos| Asked::UntilTime(Timestamp { seconds: 5, nanos });
        assert_eq!((asked(second(1000)), asked(second(-1))), (Some(Until::Time(time)), None));
    }
}
