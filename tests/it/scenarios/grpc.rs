//! Over gRPC, as a site would, through the Rust client.

use std::collections::HashMap;

use laurels::access::Access;
use laurels::clock::Clock;
use laurels::event::Time;
use laurels::port::Port;
use laurels::server;
use laurels::service::Service;
use laurels_client::{
    AwardBadgeRequest, Client, Error, Event, NotificationKind, RevokeBadgeRequest, Timestamp, Watch,
    WatchOptions,
};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::commands::Opened;
use super::{Award, Door, Held, NOTHING, Order, PATIENCE, Recorded, Sent, Watched, World};

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
            server::serve(
                Port::new(listener),
                laurels::web::Options::default(),
                service,
                Access::open(Clock::system()),
                async { drop(stopped.await) },
            )
            .await
            .unwrap();
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
        let awards = self.came(recorded.awards, recorded.revoked, sent.time.as_deref());
        Ok(Recorded { duplicate: recorded.duplicate, awards, cursor: recorded.cursor })
    }

    fn award(&mut self, order: &Order) -> Result<Recorded, String> {
        let Order { id, user, badge, key, reason, time } = order.clone();
        let at = time.as_deref().map(|time| Time::parse(time).unwrap().to_unix());
        let at = at.map(|(seconds, nanos)| Timestamp { seconds, nanos });
        let request = AwardBadgeRequest { id, user, badge, key, reason, time: at };
        let given = self.runtime.block_on(self.client.award_badge(request)).map_err(said)?;
        let own = given.award.filter(|_| !given.already_held);
        let awards = own.into_iter().chain(given.awards).collect();
        let awards = self.came(awards, given.revoked, time.as_deref());
        Ok(Recorded { duplicate: given.duplicate, awards, cursor: given.cursor })
    }

    fn revoke(&mut self, order: &Order) -> Result<Recorded, String> {
        let Order { id, user, badge, key, reason, .. } = order.clone();
        let request = RevokeBadgeRequest { id, user, badge, key, reason };
        let taken = self.runtime.block_on(self.client.revoke_badge(request)).map_err(said)?;
        let revoked = taken.award.into_iter().chain(taken.revoked).collect();
        let awards = self.came(taken.awards, revoked, None);
        Ok(Recorded { duplicate: taken.duplicate, awards, cursor: taken.cursor })
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

impl Grpc {
    /// What was given, then what was taken back: at the time that was said, or now.
    fn came(
        &self,
        given: Vec<laurels_client::Award>,
        taken: Vec<laurels_client::Award>,
        at: Option<&str>,
    ) -> Vec<Award> {
        let since = self.clock.now().to_string();
        let since = at.map_or(since, |time| Time::parse(time).unwrap().to_string());
        let taken = taken.into_iter().map(shown).map(|award| Award { revoked: since.clone(), ..award });
        given.into_iter().map(shown).chain(taken).collect()
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
