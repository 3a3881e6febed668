//! Lets go of old records while the server runs.

use std::time::Duration;

use crate::service::Service;

/// How often it is looked whether records are old. The first time is at the start.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// Lets go of records that are older than so, now and then; of none without a time.
pub(super) async fn keep_to(retain: Option<Duration>, service: Service) {
    let Some(time) = retain else { return };
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        if let Err(error) = service.reclaim(time).await {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(%error, cause, "old records were not reclaimed; it is tried again in an hour");
        }
    }
}
