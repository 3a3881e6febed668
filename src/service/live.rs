//! Live streams: what was missed from the store, then what happens from the hub, without a gap and
//! without a duplicate.
//!
//! A stream listens first and reads afterwards. What is told while it reads waits in its mailbox; what
//! it finds in both places it knows by the place, which only ever goes forward. When the mailbox
//! overflows it is behind again, and reads again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use smol_str::SmolStr;
use tokio::time::Instant;

use crate::award::{Award, News, Place, Revocation};
use crate::badge::BadgeNumber;
use crate::event::{Time, UserId};
use crate::hub::{Post, Subscription};
use crate::store::Page;

use super::{Error, Service};

/// Most news that are read from the store at once while a stream catches up.
const PAGE_MAX: usize = 256;

/// Whom and what a live stream is about: every list that is not empty must match.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Only these users.
    pub users: Vec<UserId>,
    /// Only these badges.
    pub badges: Vec<BadgeNumber>,
    /// Only badges of these categories.
    pub categories: Vec<SmolStr>,
}

/// Where a live stream begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum From {
    /// With what happens from now on.
    Now,
    /// After this place.
    After(Place),
    /// With the first award that is kept.
    Beginning,
}

/// One message of a live stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// A badge was earned.
    Award(Award),
    /// An award was taken back.
    Revocation(Revocation),
    /// Nothing new: the stream is alive and has come this far.
    Heartbeat {
        /// Everything up to here has been sent.
        place: Place,
        /// Whether that is everything up to now: from here on the stream is live.
        live: bool,
        /// The server's time.
        time: Time,
    },
}

/// A live stream: pull it with [`Live::next`]; drop it to end it.
pub struct Live {
    service: Service,
    subscription: Subscription,
    filter: Filter,
    /// Found and not yet sent.
    found: VecDeque<News>,
    /// Everything up to here was found.
    reached: Place,
    /// What was told up to here has to be read from the store; what came later is in the mailbox.
    missed_until: Option<Place>,
    /// Whether it has just caught up, and has not said so.
    newly_live: bool,
    heartbeat: Duration,
    next_heartbeat: Instant,
}

impl Live {
    pub(super) fn begin(service: Service, filter: Filter, from: From, heartbeat: Duration) -> Live {
        let subscription = service.0.hub.subscribe(&filter.users, service.0.threads.home());
        // Read after the subscription: whatever comes later is in the mailbox.
        let head = Place::end_of(service.0.store.head());
        let (reached, missed_until) = match from {
            From::Now => (head, None),
            From::After(place) => (place, Some(head)),
            // What one user holds is kept for ever.
            From::Beginning if filter.users.is_empty() => (service.oldest(), Some(head)),
            From::Beginning => (Place::START, Some(head)),
        };
        let (found, next_heartbeat) = (VecDeque::new(), Instant::now());
        Live {
            service,
            subscription,
            filter,
            found,
            reached,
            missed_until,
            // Who begins now says so first, also where an award was told before it is asked.
            newly_live: missed_until.is_none(),
            heartbeat,
            next_heartbeat,
        }
    }

    /// The next message; the first is a heartbeat, at once. None when the server goes down: what is
    /// missing then is to be had after the last place.
    pub async fn next(&mut self) -> Option<Result<Told, Error>> {
        loop {
            if let Some(news) = self.found.pop_front() {
                self.next_heartbeat = Instant::now() + self.heartbeat;
                return Some(Ok(match news {
                    News::Award(award) => Told::Award(award),
                    News::Revocation(revocation) => Told::Revocation(revocation),
                }));
            }
            if let Some(until) = self.missed_until {
                if self.is_beat_due() {
                    return Some(Ok(self.beat()));
                }
                if let Err(error) = self.catch_up(until).await {
                    return Some(Err(error));
                }
                continue;
            }
            if std::mem::take(&mut self.newly_live) {
                return Some(Ok(self.beat()));
            }
            match self.subscription.collect() {
                Post::Closed => return None,
                Post::Overflowed => self.missed_until = Some(Place::end_of(self.service.0.store.head())),
                Post::News(news, told) => self.find(news, told),
            }
            if !self.found.is_empty() || self.missed_until.is_some() {
                continue;
            }
            // Nothing is waiting, so a heartbeat's place is as far as has been told.
            if self.is_beat_due() {
                return Some(Ok(self.beat()));
            }
            // Without news there is a heartbeat at the deadline.
            let _ = tokio::time::timeout_at(self.next_heartbeat, self.subscription.news()).await;
        }
    }

    fn is_beat_due(&self) -> bool {
        Instant::now() >= self.next_heartbeat
    }

    fn beat(&mut self) -> Told {
        self.next_heartbeat = Instant::now() + self.heartbeat;
        let time = self.service.0.clock.now();
        Told::Heartbeat { place: self.reached, live: self.missed_until.is_none(), time }
    }

    /// Reads one page of what was missed.
    async fn catch_up(&mut self, until: Place) -> Result<(), Error> {
        let (service, users, after) = (self.service.clone(), self.filter.users.clone(), self.reached);
        let read = self.service.0.threads.blocking(move || missed(&service, &users, after)).await;
        let page = read.map_err(Error::internal)??;
        self.find(page.items, page.reached);
        if self.reached >= until {
            self.missed_until = None;
            self.newly_live = true;
        }
        Ok(())
    }

    /// Takes news into what is to be sent, but those that were found before or do not match.
    fn find(&mut self, news: impl IntoIterator<Item = News>, up_to: Place) {
        for one in news {
            if one.place() > self.reached {
                self.reached = one.place();
                if self.matches(one.award()) {
                    self.found.push_back(one);
                }
            }
        }
        self.reached = self.reached.max(up_to);
    }

    fn matches(&self, award: &Award) -> bool {
        let Filter { users, badges, categories } = &self.filter;
        let in_category = || {
            let catalog = self.service.catalog();
            let badge = catalog.badge(award.badge);
            badge.is_some_and(|badge| categories.contains(&badge.category))
        };
        (users.is_empty() || users.contains(&award.user))
            && (badges.is_empty() || badges.contains(&award.badge))
            && (categories.is_empty() || in_category())
    }
}

/// One page of the news after a place: of all users together, or of some.
fn missed(service: &Service, users: &[UserId], after: Place) -> Result<Page<News>, Error> {
    let store = Arc::clone(&service.0.store);
    let read = |user: Option<&UserId>| {
        store.news_after(after, user, PAGE_MAX).map_err(|error| service.resuming(error))
    };
    if users.is_empty() {
        return read(None);
    }
    let pages: Vec<_> = users.iter().map(|user| read(Some(user))).collect::<Result<_, _>>()?;
    // As far as every user's page reaches, they are complete together.
    let reached = pages.iter().map(|page| page.reached).min().unwrap_or(after);
    let mut items: Vec<_> = pages.into_iter().flat_map(|page| page.items).collect();
    items.retain(|news| news.place() <= reached);
    items.sort_by_key(News::place);
    Ok(Page { items, reached })
}
