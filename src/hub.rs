//! Telling: news of awards reach those who listen, the moment they are kept.
//!
//! A [`Subscription`] has a mailbox. [`Hub::tell`] puts them into the mailboxes of those whom they
//! concern and wakes them, and nobody else: all that wait on one thread together. A mailbox holds [`MAILBOX_MAX`] of them: whoever does not
//! empty it in time finds it [`Post::Overflowed`] and reads what is missing from the store instead, so
//! a slow reader costs no memory and loses nothing.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::award::{News, Place};
use crate::event::UserId;
use crate::threads::Home;

/// Most news that wait in one mailbox. With one more it is emptied, and its owner reads the store.
pub const MAILBOX_MAX: usize = 64;

/// Whom to tell.
#[derive(Debug, Default)]
pub struct Hub(Mutex<Listeners>);

#[derive(Debug, Default)]
struct Listeners {
    /// Those who listen to certain users only.
    by_user: HashMap<UserId, Vec<Arc<Mailbox>>>,
    /// Those who listen to everybody.
    to_all: Vec<Arc<Mailbox>>,
    /// Everything up to here was told.
    told: Place,
    closed: bool,
}

#[derive(Debug)]
struct Mailbox {
    post: Mutex<Waiting>,
    news: Notify,
    /// Where its owner waits.
    home: Home,
}

#[derive(Debug, Default)]
struct Waiting {
    news: VecDeque<News>,
    overflowed: bool,
    closed: bool,
    /// Whether its owner was woken, or is about to be, and has not looked since.
    called: bool,
}

/// What was in a mailbox.
#[derive(Debug, PartialEq)]
pub enum Post {
    /// All that came since the last time, in order; and up to where that is everything.
    News(VecDeque<News>, Place),
    /// More came than the mailbox holds: what is missing is in the store. It is empty now.
    Overflowed,
    /// Nothing more will come.
    Closed,
}

impl Hub {
    /// Tells news, in order, to whom they concern. `up_to` is the place after them.
    pub fn tell(&self, news: impl IntoIterator<Item = News>, up_to: Place) {
        let mut listeners = lock(&self.0);
        let mut called = Vec::new();
        for one in news {
            let of_user = listeners.by_user.get(&one.award().user).into_iter().flatten();
            for mailbox in of_user.chain(&listeners.to_all) {
                if mailbox.deliver(&one) {
                    called.push((mailbox.home.clone(), mailbox.clone()));
                }
            }
        }
        listeners.told = up_to;
        drop(listeners);
        Home::wake(called, |mailbox: Arc<Mailbox>| mailbox.news.notify_one());
    }

    /// Begins to listen to these users, or to everybody where there are none. Who listens waits at `home`.
    pub fn subscribe(self: &Arc<Hub>, users: &[UserId], home: Home) -> Subscription {
        let mailbox = Arc::new(Mailbox { post: Mutex::default(), news: Notify::new(), home });
        let mut listeners = lock(&self.0);
        for user in users {
            listeners.by_user.entry(user.clone()).or_default().push(mailbox.clone());
        }
        if users.is_empty() {
            listeners.to_all.push(mailbox.clone());
        }
        if listeners.closed {
            mailbox.close();
        }
        Subscription { hub: self.clone(), users: users.to_vec(), mailbox }
    }

    /// Tells everybody that nothing more will come.
    pub fn close(&self) {
        let mut listeners = lock(&self.0);
        listeners.closed = true;
        for mailbox in listeners.by_user.values().flatten().chain(&listeners.to_all) {
            mailbox.close();
        }
    }
}

/// Somebody who listens. Dropping it ends that.
#[derive(Debug)]
pub struct Subscription {
    hub: Arc<Hub>,
    users: Vec<UserId>,
    mailbox: Arc<Mailbox>,
}

impl Subscription {
    /// Empties the mailbox.
    pub fn collect(&self) -> Post {
        // The place first: what is told after it was read may wait in the mailbox until the next time.
        let told = lock(&self.hub.0).told;
        let mut waiting = lock(&self.mailbox.post);
        if waiting.closed {
            return Post::Closed;
        }
        waiting.called = false;
        let news = std::mem::take(&mut waiting.news);
        match std::mem::take(&mut waiting.overflowed) {
            true => Post::Overflowed,
            false => Post::News(news, told),
        }
    }

    /// Waits until there may be something in the mailbox.
    pub async fn news(&self) {
        self.mailbox.news.notified().await;
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut listeners = lock(&self.hub.0);
        let is_other = |mailbox: &Arc<Mailbox>| !Arc::ptr_eq(mailbox, &self.mailbox);
        listeners.to_all.retain(is_other);
        for user in &self.users {
            if let Some(mailboxes) = listeners.by_user.get_mut(user) {
                mailboxes.retain(is_other);
                if mailboxes.is_empty() {
                    listeners.by_user.remove(user);
                }
            }
        }
    }
}

impl Mailbox {
    /// Says whether its owner has to be woken.
    fn deliver(&self, news: &News) -> bool {
        let mut waiting = lock(&self.post);
        if !waiting.overflowed {
            waiting.news.push_back(news.clone());
        }
        if waiting.news.len() > MAILBOX_MAX {
            waiting.news = VecDeque::new();
            waiting.overflowed = true;
        }
        !std::mem::replace(&mut waiting.called, true)
    }

    fn close(&self) {
        lock(&self.post).closed = true;
        self.news.notify_one();
    }
}

/// What a lock guards is whole at every moment, also when a thread died with it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::award::Award;
    use crate::badge::BadgeNumber;
    use crate::event::{EventId, Sequence, Time};
    use crate::key::Key;
    use crate::threads::Threads;

    fn award(sequence: u64, user: &str) -> News {
        News::Award(Award {
            place: Place { sequence: Sequence(sequence), index: 0 },
            user: UserId::parse(user).unwrap(),
            badge: BadgeNumber(0),
            key: Key::new([]),
            number: 1,
            time: Time::MIN,
            event_id: EventId::default(),
            points: 0,
            first: true,
        })
    }

    fn listen(hub: &Arc<Hub>, users: &[&str]) -> Subscription {
        let users: Vec<_> = users.iter().map(|user| UserId::parse(user).unwrap()).collect();
        hub.subscribe(&users, Threads::default().home())
    }

    fn tell(hub: &Hub, sequence: u64, user: &str) {
        hub.tell([award(sequence, user)], Place::end_of(Sequence(sequence)));
    }

    fn sequences(post: Post) -> Vec<u64> {
        let Post::News(news, _) = post else { panic!("{post:?}") };
        news.iter().map(|one| one.place().sequence.0).collect()
    }

    #[test]
    fn an_award_reaches_those_whom_it_concerns() {
        let hub = Arc::new(Hub::default());
        let ann = listen(&hub, &["ann"]);
        let all = listen(&hub, &[]);
        tell(&hub, 1, "ann");
        tell(&hub, 2, "bob");
        assert_eq!(sequences(ann.collect()), [1]);
        assert_eq!(sequences(all.collect()), [1, 2]);
        let Post::News(news, told) = ann.collect() else { panic!() };
        assert_eq!((news.len(), told), (0, Place::end_of(Sequence(2))));
    }

    #[tokio::test]
    async fn who_was_woken_and_has_looked_is_woken_again() {
        let hub = Arc::new(Hub::default());
        let (ann, all) = (listen(&hub, &["ann"]), listen(&hub, &[]));
        for sequence in [1, 2] {
            let two = [award(sequence, "ann"), award(sequence, "ann")];
            hub.tell(two, Place::end_of(Sequence(sequence)));
            for listener in [&ann, &all] {
                listener.news().await;
                assert_eq!(sequences(listener.collect()), [sequence, sequence]);
            }
        }
    }

    #[test]
    fn a_mailbox_that_is_not_emptied_is_bounded_and_says_so() {
        let hub = Arc::new(Hub::default());
        let slow = listen(&hub, &[]);
        for sequence in 0..=MAILBOX_MAX as u64 {
            tell(&hub, sequence, "ann");
        }
        tell(&hub, 1000, "ann");
        assert_eq!(slow.collect(), Post::Overflowed);
        tell(&hub, 1001, "ann");
        assert_eq!(sequences(slow.collect()), [1001]);
    }

    #[test]
    fn who_is_gone_leaves_nothing_behind() {
        let hub = Arc::new(Hub::default());
        let listeners = [listen(&hub, &["ann"]), listen(&hub, &[])];
        hub.close();
        assert!(listeners.iter().all(|listener| listener.collect() == Post::Closed));
        drop(listeners);
        let left = lock(&hub.0);
        assert!(left.by_user.is_empty() && left.to_all.is_empty());
    }
}
