//! Those who listen to live streams: to everybody, to some users, to some badges. They are slow, vanish, and come
//! back with a cursor; each must be told everything it asked for exactly once, in order: what is given, and what is
//! taken back.

use laurels::award::{News, Place};
use laurels::badge::BadgeNumber;
use laurels::event::UserId;
use laurels::service::{Filter, Told};

use crate::history::History;
use crate::schedule::broken;

/// One who listens.
pub(crate) struct Listener {
    pub(crate) users: Vec<UserId>,
    pub(crate) badge: Option<&'static str>,
    /// Everything up to here was told. None: it has not heard where it begins.
    pub(crate) reached: Option<Place>,
    /// What it was given to come back with.
    pub(crate) cursor: Option<String>,
    /// Whether it reads nothing now.
    pub(crate) slow: bool,
    pub(crate) told: u64,
}

impl Listener {
    pub(crate) fn filter(&self, history: &History) -> Filter {
        let badges: Vec<BadgeNumber> =
            self.badge.and_then(|badge| history.number(badge)).into_iter().collect();
        Filter { users: self.users.clone(), badges, categories: Vec::new() }
    }

    /// It was told something. What is kept is known up to what it speaks of.
    pub(crate) fn hears(&mut self, told: &Told, history: &History) {
        match told {
            Told::Award(award) => self.hears_news(&News::Award(award.clone()), history),
            Told::Revocation(revocation) => self.hears_news(&News::Revocation(revocation.clone()), history),
            Told::Heartbeat { place, .. } => {
                let Some(reached) = self.reached else {
                    self.reached = Some(*place);
                    return;
                };
                if let Some(next) = self.next(reached, history).filter(|next| next.place() <= *place) {
                    broken("nothing is passed over", format!("a heartbeat at {place:?}, without {next:?}"));
                }
                if place.sequence > history.head() {
                    broken(
                        "a heartbeat is not ahead of what is kept",
                        format!("{place:?}, head {:?}", history.head()),
                    );
                }
                self.reached = Some(reached.max(*place));
            }
        }
    }

    fn hears_news(&mut self, news: &News, history: &History) {
        self.told += 1;
        let Some(reached) = self.reached else {
            broken("a stream begins with a heartbeat", format!("{news:?}"))
        };
        // What a user's document has forgotten may be told, if it was told at once.
        let passed = history.next_news(reached, |next| self.wants(next, history) && next == news);
        let next = self.next(reached, history);
        let early = passed.is_some_and(|passed| next.is_none_or(|next| passed.place() < next.place()));
        if next != Some(news) && !early {
            broken(
                "a listener is told everything once, in order",
                format!("{news:?} after {reached:?}, not {next:?}"),
            );
        }
        self.reached = Some(news.place());
    }

    /// Everything that is kept must have been told by now.
    pub(crate) fn is_up_to_date(&self, history: &History) {
        let Some(reached) = self.reached else {
            broken("a stream begins with a heartbeat", "there was none")
        };
        if let Some(missing) = self.next(reached, history) {
            broken("everything is told", format!("{missing:?} was not, after {reached:?}"));
        }
    }

    /// What it must be told next. One who listens to some users is told what their documents remember.
    fn next<'h>(&self, after: Place, history: &'h History) -> Option<&'h News> {
        history.next_news(after, |news| {
            let must = self.users.is_empty() || !history.is_forgotten(news.place());
            must && self.wants(news, history)
        })
    }

    fn wants(&self, news: &News, history: &History) -> bool {
        let badge = self.badge.map(|badge| history.number(badge));
        let award = news.award();
        (self.users.is_empty() || self.users.contains(&award.user))
            && badge.is_none_or(|badge| badge.is_none_or(|badge| badge == award.badge))
    }
}
