//! Over gRPC, as a site would, through the Rust client.

use std::collections::HashMap;

use laurels::clock::Clock;
use laurels::event::Time;
use laurels::port::Port;
use laurels::server;
use laurels::service::Service;
use laurels_client::{Client, Error, Event, NotificationKind, Timestamp, Watch, WatchOptions};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::commands::Opened;
use super::{Award, Door, Held, NOTHING, PATIENCE, Recorded, Sent, Watched, World};

pub(crate) fn open(world: World) -> Opened<Grpc> {
    let door = door(&world);
    Opened { world, door, open: door_of }
}

fn door_of(world: &World) -> Grpc {
    door(world)
}

fn door(world: &World) -> Grpc {
    let runtime = Runtime::new().unwrap();
    let (store, catalog) = world.open();
    let (clock, of_server) = (world.clock.clone(), world.clock.clone());
    let (stop, stopped) = oneshot::channel::<()>();
    let (client, server) = runtime.block_on(async move {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = Service::start(store, catalog, clock);
        let server = tokio::spawn(async move {
            server::serve(Port::new(listener), service, async { drop(stopped.await) }).await.unwrap();
        });
        (Client::connect(format!("http://{address}")).await.unwrap(), server)
    });
    Grpc {
        runtime,
        client,
        server: Some(server),
        stop: Some(stop),
        listening: HashMap::new(),
        clock: of_server,
    }
}

pub(crate) struct Grpc {
    runtime: Runtime,
    client: Client,
    server: Option<JoinHandle<()>>,
    stop: Option<oneshot::Sender<()>>,
    listening: HashMap<String, Watch>,
    clock: Clock,
}

impl Door for Grpc {
    fn record(&mut self, sent: &Sent) -> Result<Recorded, String> {
        let mut event = Event::new(&sent.r#type, &sent.user)
            .with_id(&sent.id)
            .with_subject(&sent.subject)
            .with_data_json(&sent.data);
        if let Some(time) = &sent.time {
            let (seconds, nanos) = Time::parse(time).unwrap().to_unix();
            event = event.with_time(Timestamp { seconds, nanos });
        }
        let recorded = self.runtime.block_on(self.client.record(event)).map_err(said)?;
        let given = recorded.awards.into_iter().map(shown);
        let since = self.clock.now().to_string();
        let since = sent.time.as_deref().map_or(since, |time| Time::parse(time).unwrap().to_string());
        let taken = recorded.revoked.into_iter().map(shown);
        let taken = taken.map(|award| Award { revoked: since.clone(), ..award });
        let awards = given.chain(taken).collect();
        Ok(Recorded { duplicate: recorded.duplicate, awards, cursor: recorded.cursor })
    }

    fn badges(&mut self, user: &str) -> Result<Held, String> {
        let held = self.runtime.block_on(self.client.badges(user)).map_err(said)?;
        let progress = held.progress.iter().map(|progress| {
            let key = if progress.key.is_empty() { String::new() } else { format!(" for {}", progress.key) };
            format!("{}{key} {} of {}", progress.badge, progress.current, progress.goal)
        });
        let bits = &held.held_bits;
        let is_set = |bit: &usize| bits[bit / 8] & (1 << (bit % 8)) != 0;
        Ok(Held {
            progress: progress.collect(),
            bits: (0..bits.len() * 8).filter(is_set).collect(),
            awards: held.awards.into_iter().map(shown).collect(),
        })
    }

    fn list(&mut self) -> Result<Vec<String>, String> {
        let list = self.runtime.block_on(self.client.list_badges()).map_err(said)?;
        let line = |badge: &laurels_client::Badge| {
            format!(
                "{} {}: {} ({} of {})",
                badge.number, badge.id, badge.title, badge.holders, list.user_count
            )
        };
        Ok(list.badges.iter().map(line).collect())
    }

    fn watch(&mut self, name: &str, watched: &Watched) -> Result<(), String> {
        let only = |text: &String| (!text.is_empty()).then(|| text.clone()).into_iter().collect();
        let mut watch = self.client.watch(WatchOptions {
            users: only(&watched.user),
            badges: only(&watched.badge),
            categories: only(&watched.category),
            after: watched.after.clone(),
            heartbeats: true,
            ..WatchOptions::default()
        });
        // The first message is a heartbeat, at once: from here on nothing is missed.
        self.runtime.block_on(watch.next()).map_err(said)?;
        self.listening.insert(name.to_owned(), watch);
        Ok(())
    }

    fn told(&mut self, name: &str) -> Result<(Award, String), String> {
        let watch = self.listening.get_mut(name).ok_or("nobody of this name listens")?;
        loop {
            let next = async { tokio::time::timeout(PATIENCE, watch.next()).await };
            let notification = self.runtime.block_on(next).map_err(|_| NOTHING)?.map_err(said)?;
            match notification.kind {
                Some(NotificationKind::Award(award)) => return Ok((shown(award), notification.cursor)),
                Some(NotificationKind::Revocation(revocation)) => {
                    let revoked = timestamp(notification.time);
                    let award = shown(revocation.award.ok_or("of which award?")?);
                    return Ok((Award { revoked, ..award }, notification.cursor));
                }
                Some(NotificationKind::Heartbeat(_)) | None => {}
            }
        }
    }

    fn stop(&mut self) {
        self.listening.clear();
        drop(self.stop.take());
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server).unwrap();
        }
    }
}

fn said(error: Error) -> String {
    error.to_string()
}

fn shown(award: laurels_client::Award) -> Award {
    let number = u32::try_from(award.number).unwrap();
    Award {
        user: award.user,
        badge: award.badge,
        key: award.key,
        number,
        time: timestamp(award.time),
        title: award.title,
        revoked: String::new(),
    }
}

fn timestamp(time: Option<Timestamp>) -> String {
    time.and_then(|time| Time::from_unix(time.seconds, time.nanos)).unwrap().to_string()
}
