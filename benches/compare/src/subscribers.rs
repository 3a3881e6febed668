//! What those who listen cost: memory while nothing happens, and CPU time of a message that is delivered.
//!
//! Ten thousand live streams, each of its own user, on a hundred connections. Then every user earns something, again
//! and again: each stream hears of its own user's awards, and of no others. Another server records the same events with
//! nobody there, which is taken off.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use futures_util::stream;
use laurels_client::{Client, Event, NotificationKind, Watch, WatchOptions};
use tokio::task::JoinSet;

use crate::report::{Bar, Figure};
use crate::setting::Setting;
use crate::subject::{Subject, TICK};

/// Every event is an award.
const EACH: &str = "[badge.noted]\non = \"note.sent\"\nby = [\"user\", \"subject\"]\n";
/// As many as a server takes with one key unless its settings say otherwise.
const STREAMS: u64 = 10_000;
/// On how many connections: a server takes 128 calls on one.
const STREAMS_PER_CONNECTION: u64 = 100;
/// So many begin at once.
const AT_ONCE: usize = 200;
/// Awards to each of them, in a round.
const WAVES: u64 = 5;
/// How long a message may take, before it is taken to be lost.
const PATIENCE: Duration = Duration::from_secs(60);

/// KiB of memory for a stream that is idle, and microseconds for a message.
pub(crate) fn measure(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut idle, mut deliver, mut record) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..setting.rounds {
        let taken = runtime.block_on(Taken::by(setting))?;
        setting.tell(&format!("round {round}: {taken:?}"));
        idle.push(taken.idle_kib);
        deliver.push(taken.deliver_us);
        record.push(taken.record_us);
    }
    Ok(vec![
        Figure::new("subscriber_idle_kb", Some(Bar::AtMost(6.0)), idle),
        Figure::new("deliver_us", Some(Bar::AtMost(2.0)), deliver),
        Figure::new("deliver_record_us", None, record),
    ])
}

/// What was measured of one server.
#[derive(Debug)]
struct Taken {
    idle_kib: f64,
    /// Of a message, beyond the next.
    deliver_us: f64,
    /// Of an event that nobody hears of.
    record_us: f64,
}

impl Taken {
    async fn by(setting: &Setting) -> anyhow::Result<Taken> {
        let streams = setting.events(STREAMS);
        // Beside one to which nobody listens, and which records the same: with each award there is more to be copied.
        let (alone, heard) = (warm(setting, streams).await?, warm(setting, streams).await?);
        let record = recording(&alone, streams).await?;
        drop(alone);

        let before = heard.rss()?;
        let crowd = gather(&heard, streams).await?;
        let idle = heard.rss()?.saturating_sub(before);
        let hearing = tokio::spawn(hear(crowd));
        let cpu = heard.cpu()?;
        recording(&heard, streams).await?;
        hearing.await??;
        let both = heard.cpu()? - cpu;

        let messages = (streams * WAVES) as f64;
        let each = |time: Duration| time.as_secs_f64() * 1e6 / messages;
        Ok(Taken {
            idle_kib: idle as f64 / 1024.0 / streams as f64,
            deliver_us: each(both.saturating_sub(record).max(TICK)),
            record_us: each(record),
        })
    }
}

/// A server that knows everybody, and where what grows with the first events has grown.
async fn warm(setting: &Setting, streams: u64) -> anyhow::Result<Subject> {
    let laurels = Subject::laurels(&setting.laurels, EACH, &[])?;
    waves(&Client::connect(laurels.url()).await?, streams, 0..WAVES).await?;
    Ok(laurels)
}

/// The CPU time of recording some more.
async fn recording(laurels: &Subject, streams: u64) -> anyhow::Result<Duration> {
    let client = Client::connect(laurels.url()).await?;
    let before = laurels.cpu()?;
    waves(&client, streams, WAVES..2 * WAVES).await?;
    Ok(laurels.cpu()? - before)
}

/// Every user earns something, so many times over.
async fn waves(client: &Client, users: u64, waves: std::ops::Range<u64>) -> anyhow::Result<()> {
    let events = waves.flat_map(move |wave| {
        (0..users).map(move |user| {
            let event = Event::new("note.sent", format!("user-{user}")).with_id(format!("{wave}-{user}"));
            event.with_subject(format!("note-{wave}"))
        })
    });
    let mut answers = client.record_all(stream::iter(events)).await?;
    while let Some(answer) = answers.next().await {
        let recorded = answer?.result?;
        ensure!(recorded.awards.len() == 1, "an event is an award: {recorded:?}");
    }
    Ok(())
}

/// Streams that are live, each with its user.
async fn gather(laurels: &Subject, streams: u64) -> anyhow::Result<Vec<(String, Watch)>> {
    let (mut crowd, mut beginning) = (Vec::new(), JoinSet::new());
    let mut client = None;
    for number in 0..streams {
        if number % STREAMS_PER_CONNECTION == 0 {
            client = Some(Client::connect(laurels.url()).await?);
        }
        let user = format!("user-{number}");
        let options = WatchOptions {
            users: vec![user.clone()],
            heartbeats: true,
            heartbeat_interval: Some(PATIENCE),
            ..WatchOptions::default()
        };
        let mut watch = client.as_ref().context("the first number makes one")?.watch(options);
        // The first message is a heartbeat: from here on nothing is missed.
        beginning.spawn(async move {
            let first = tokio::time::timeout(2 * PATIENCE, watch.next()).await;
            first
                .context("a stream has no first message")?
                .map(|_| (user, watch))
                .map_err(anyhow::Error::from)
        });
        if beginning.len() >= AT_ONCE {
            crowd.push(beginning.join_next().await.context("there are some")???);
        }
    }
    while let Some(begun) = beginning.join_next().await {
        crowd.push(begun??);
    }
    Ok(crowd)
}

/// Takes all that is told. Fails where a stream hears of another user, or hears less.
async fn hear(crowd: Vec<(String, Watch)>) -> anyhow::Result<()> {
    let mut hearing = JoinSet::new();
    for (user, mut watch) in crowd {
        hearing.spawn(async move {
            let mut heard = 0;
            // Heartbeats come in any case, so the time is for the whole.
            let end = tokio::time::Instant::now() + 2 * PATIENCE;
            while heard < WAVES {
                let told =
                    tokio::time::timeout_at(end, watch.next()).await.context("a message is lost")??;
                match told.kind {
                    Some(NotificationKind::Award(award)) => {
                        ensure!(award.user == user, "{user} hears of {}", award.user);
                        heard += 1;
                    }
                    Some(NotificationKind::Revocation(_)) => anyhow::bail!("nothing is taken back here"),
                    Some(NotificationKind::Heartbeat(_)) | None => {}
                }
            }
            Ok(watch)
        });
    }
    // They go on to listen until all have heard everything, so that nobody's end is in what was measured.
    let mut kept = Vec::new();
    while let Some(watch) = hearing.join_next().await {
        kept.push(watch??);
    }
    Ok(())
}
