//! Straight through the service.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use laurels::act;
use laurels::award;
use laurels::catalog::Catalog;
use laurels::event::{Draft, DraftData, Time, UserId};
use laurels::key::Key;
use laurels::service::{self, Filter, From, Live, Service, Told};
use tokio::runtime::Runtime;

use super::commands::Opened;
use super::{Award, Door, Held, NOTHING, Order, PATIENCE, Recorded, Sent, Watched, World};

pub(crate) fn open(world: World) -> Opened<Direct> {
    let door = door(&world);
    Opened { world, door, open: door_of }
}

fn door_of(world: &World) -> Direct {
    door(world)
}

fn door(world: &World) -> Direct {
    let runtime = Runtime::new().unwrap();
    let (store, catalog) = world.open();
    let service = Service::start(store, catalog.clone(), world.clock.clone());
    Direct { runtime, service, catalog, listening: HashMap::new() }
}

pub(crate) struct Direct {
    runtime: Runtime,
    service: Service,
    catalog: Arc<Catalog>,
    listening: HashMap<String, Live>,
}

impl Direct {
    fn recorded(&self, recorded: &service::Recorded) -> Recorded {
        let given = recorded.awards.iter().map(|award| self.shown(award));
        let taken = recorded.revoked.iter().map(|revocation| self.shown_revoked(revocation));
        let awards = given.chain(taken).collect();
        Recorded { duplicate: recorded.duplicate, awards, cursor: self.service.cursor(recorded.place) }
    }

    fn shown(&self, award: &award::Award) -> Award {
        let badge = self.catalog.badge(award.badge).unwrap();
        Award {
            user: award.user.to_string(),
            badge: badge.id.to_string(),
            key: badge.key_text(&award.key),
            number: award.number,
            time: award.time.to_string(),
            title: badge.title_for(&award.key),
            revoked: String::new(),
        }
    }

    fn shown_revoked(&self, revocation: &award::Revocation) -> Award {
        Award { revoked: revocation.time.to_string(), ..self.shown(&revocation.award) }
    }
}

impl Door for Direct {
    fn record(&mut self, sent: &Sent) -> Result<Recorded, String> {
        let time = sent.time.as_deref().map(|time| Time::parse(time).unwrap().to_unix());
        let draft = Draft {
            id: sent.id.clone(),
            r#type: sent.r#type.clone(),
            user: sent.user.clone(),
            subject: sent.subject.clone(),
            time,
            data: DraftData::Json(sent.data.clone()),
        };
        let recorded =
            self.runtime.block_on(self.service.record(draft)).map_err(|error| error.to_string())?;
        Ok(self.recorded(&recorded))
    }

    fn award(&mut self, order: &Order) -> Result<Recorded, String> {
        let given = self.runtime.block_on(self.service.award_by_hand(parsed(order)));
        let given = given.map_err(|error| error.to_string())?;
        assert_eq!(given.already_held, given.recorded.awards.is_empty());
        let award = given.award.expect("nothing takes it back in between");
        assert!(given.recorded.awards.first().is_none_or(|first| *first == award));
        Ok(self.recorded(&given.recorded))
    }

    fn revoke(&mut self, order: &Order) -> Result<Recorded, String> {
        let taken = self.runtime.block_on(self.service.revoke_by_hand(parsed(order)));
        let taken = taken.map_err(|error| error.to_string())?;
        assert_eq!(taken.revocation.as_ref(), taken.recorded.revoked.first());
        Ok(self.recorded(&taken.recorded))
    }

    fn badges(&mut self, user: &str) -> Result<Held, String> {
        let user = UserId::parse(user)?;
        let (document, _) =
            self.runtime.block_on(self.service.document(&user)).map_err(|error| error.to_string())?;
        let mut awards: Vec<_> = document.awards().iter().collect();
        awards.sort_by_key(|award| std::cmp::Reverse((award.time, award.place)));
        let progress =
            self.runtime.block_on(self.service.progress(&user)).map_err(|error| error.to_string())?;
        let progress = progress.iter().map(|progress| {
            let badge = self.catalog.badge(progress.badge).unwrap();
            let key = if progress.key == Key::new([]) {
                String::new()
            } else {
                format!(" for {}", badge.key_text(&progress.key))
            };
            format!("{}{key} {} of {}", badge.id, progress.current, progress.goal)
        });
        let mut bits: Vec<_> = document.awards().iter().map(|award| award.badge.0 as usize).collect();
        bits.sort_unstable();
        bits.dedup();
        Ok(Held {
            awards: awards.into_iter().map(|award| self.shown(award)).collect(),
            progress: progress.collect(),
            bits,
        })
    }

    fn list(&mut self) -> Result<Vec<String>, String> {
        let rarity = self.service.rarity();
        let shown = self.catalog.badges.iter().filter(|badge| !badge.retired).map(|badge| {
            let title = if badge.secret { "" } else { &badge.title };
            let holders = rarity.holders.get(&badge.number).copied().unwrap_or(0);
            format!("{} {}: {title} ({holders} of {})", badge.number.0, badge.id, rarity.users)
        });
        Ok(shown.collect())
    }

    fn watch(&mut self, name: &str, watched: &Watched) -> Result<(), String> {
        let only = |text: &String| (!text.is_empty()).then(|| text.clone());
        let filter = Filter {
            users: only(&watched.user).map(|user| UserId::parse(&user).unwrap()).into_iter().collect(),
            badges: only(&watched.badge)
                .map(|id| self.catalog.badge_by_id(&id).unwrap().number)
                .into_iter()
                .collect(),
            categories: only(&watched.category).map(Into::into).into_iter().collect(),
        };
        let from = match only(&watched.after) {
            None => From::Now,
            Some(cursor) => From::After(self.service.place(&cursor).map_err(|error| error.to_string())?),
        };
        let _runtime = self.runtime.enter();
        let live = self.service.live(filter, from, Duration::from_secs(60));
        self.listening.insert(name.to_owned(), live);
        Ok(())
    }

    fn told(&mut self, name: &str) -> Result<(Award, String), String> {
        let live = self.listening.get_mut(name).ok_or("nobody of this name listens")?;
        loop {
            let next = async { tokio::time::timeout(PATIENCE, live.next()).await };
            let told = self.runtime.block_on(next).map_err(|_| NOTHING)?.ok_or("the stream ended")?;
            match told.map_err(|error| error.to_string())? {
                Told::Award(award) => return Ok((self.shown(&award), self.service.cursor(award.place))),
                Told::Revocation(revocation) => {
                    let cursor = self.service.cursor(revocation.place);
                    return Ok((self.shown_revoked(&revocation), cursor));
                }
                Told::Heartbeat { .. } => {}
            }
        }
    }

    fn stop(&mut self) {
        self.listening.clear();
        self.runtime.block_on(self.service.shut_down());
    }
}

fn parsed(order: &Order) -> act::Order {
    let Order { id, user, badge, key, reason, time } = order.clone();
    let time = time.as_deref().map(|time| Time::parse(time).unwrap().to_unix());
    act::Order { id, user, badge, key, reason, time, actor: "a test".to_owned() }
}
