//! The site that is attacked: its rules, and events that are the same whenever they are made.
//!
//! An event is named by a client and a number and made from these and the seed alone. So a retry is the same
//! event to the last byte, and a ledger of a million events need not keep one of them.

use std::path::Path;

use fastrand::Rng;
use laurels_client::{Event, Timestamp};

use crate::failure::{Failure, Result};

/// `visits` and `points` have goals that nobody reaches: their progress is the count. `end` tells watchers that
/// nothing more will come.
const RULES: &str = r#"
[badge.visits]
on = "visit"
at = 1000000000

[badge.points]
on  = "points.won"
sum = "event.data.points"
at  = 1000000000

[badge.regular]
on    = "visit"
tiers = [{ at = 1 }, { at = 10 }, { at = 100 }, { at = 1000 }, { at = 10000 }]

[badge.place]
on = "visit"
by = ["user", "subject"]

[badge.streak]
on    = "visit"
run   = "day(event.time)"
tiers = [{ at = 2 }, { at = 5 }, { at = 8 }]

[flag.busy]
on = "visit"
by = ["user", "day"]
at = 5

[badge.busy-days]
on    = "flag.busy"
tiers = [{ at = 1 }, { at = 4 }, { at = 8 }]

[badge.popular]
on       = "article.read"
by       = { user = "event.data.author", article = "event.subject" }
distinct = "event.user"
at       = 3

[badge.finalist]
on = "challenge.ended"
by = { user = "event.data.results.filter(r, r.place <= 5).map(r, r.user)", challenge = "event.subject" }

[badge.note]
on    = "note.written"
tiers = [{ at = 1 }, { at = 25 }]

[badge.collector]
on    = ["badge.place", "badge.popular"]
tiers = [{ at = 5 }, { at = 20 }]

[badge.end]
on = "site.closed"
by = ["user", "subject"]
"#;

/// Whose award ends a watch.
pub(crate) const LAST_USER: &str = "the-last";
/// The badge that this one gets.
pub(crate) const LAST_BADGE: &str = "end";
const LAST_ID: &str = "last";
/// 2025-01-01T00:00:00Z.
const EPOCH_SECONDS: i64 = 1_735_689_600;
const DAY_SECONDS: i64 = 86_400;
/// Readers of an author's articles: as many others.
const CIRCLE: usize = 10;

/// How large the site is. Numbers per user, place and day are bounded, so that memory can be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site {
    pub(crate) seed: u64,
    pub(crate) users: usize,
    /// What there is to visit.
    pub(crate) places: usize,
    /// Events are of the first so many days of a year.
    pub(crate) days: i64,
    /// Of a thousand events so many end a challenge, and give awards whatever there was before.
    pub(crate) challenges: u32,
}

impl Site {
    /// Writes the rules into a folder for them.
    pub(crate) fn write_rules(&self, folder: &Path) -> Result<()> {
        let written = std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(folder.join("attacked.toml"), RULES));
        written.map_err(|error| Failure::of_attack("write rules", error))
    }

    /// The users there are.
    pub(crate) fn user(number: usize) -> String {
        format!("u{number}")
    }

    /// The event of this client with this number.
    pub(crate) fn event(&self, client: usize, number: usize) -> Event {
        let mut rng = self.rng(client, number);
        let user = rng.usize(..self.users);
        let event = match rng.u32(..1000) {
            kind if kind < self.challenges => challenge(&mut rng, self, &id(client, number)),
            ..700 => {
                Event::new("visit", Site::user(user)).with_subject(format!("s{}", rng.usize(..self.places)))
            }
            700..850 => read(&mut rng, self),
            850..950 => Event::new("points.won", Site::user(user))
                .with_data_json(format!(r#"{{"points":{}}}"#, rng.u32(1..100))),
            950..970 => Event::new("page.kept", Site::user(user))
                .with_data_json(format!(r#"{{"text":"{}"}}"#, "x".repeat(rng.usize(1000..8000)))),
            _ => return Event::new("note.written", Site::user(user)).with_id(id(client, number)),
        };
        event.with_id(id(client, number)).with_time(self.time(&mut rng))
    }

    /// Another event under an id that is taken.
    pub(crate) fn impostor(&self, client: usize, number: usize) -> Event {
        Event::new("visit", "an-impostor").with_id(id(client, number)).with_subject("s0")
    }

    /// The event after which nothing more comes.
    pub(crate) fn last_event(&self) -> Event {
        Event::new("site.closed", LAST_USER).with_id(LAST_ID).with_subject("closed")
    }

    /// An event that changes nothing, to see whether one is taken.
    pub(crate) fn probe(id: impl Into<String>) -> Event {
        Event::new("disk.watched", "nobody").with_id(id)
    }

    /// The event that an id names.
    pub(crate) fn event_of(&self, id: &str) -> Event {
        match Site::named(id) {
            Some((client, number)) => self.event(client, number),
            None if id == LAST_ID => self.last_event(),
            None => Site::probe(id),
        }
    }

    /// Which event an id names: its client and number. None for one of no client.
    pub(crate) fn named(id: &str) -> Option<(usize, usize)> {
        let (client, number) = id.strip_prefix('c')?.split_once('-')?;
        Some((client.parse().ok()?, number.parse().ok()?))
    }

    fn rng(&self, client: usize, number: usize) -> Rng {
        // Neighbouring seeds give unlike numbers only after mixing.
        let mut mixed = Rng::with_seed(self.seed ^ (client as u64) << 40 ^ number as u64);
        Rng::with_seed(mixed.u64(..))
    }

    fn time(&self, rng: &mut Rng) -> Timestamp {
        Timestamp { seconds: EPOCH_SECONDS + rng.i64(0..self.days * DAY_SECONDS), nanos: 0 }
    }
}

fn id(client: usize, number: usize) -> String {
    format!("c{client}-{number}")
}

/// The author earns it, not who reads.
fn read(rng: &mut Rng, site: &Site) -> Event {
    let author = rng.usize(..site.users);
    let reader = (author + 1 + rng.usize(..CIRCLE)) % site.users;
    Event::new("article.read", Site::user(reader))
        .with_subject(format!("a{author}-{}", rng.u32(..3)))
        .with_data_json(format!(r#"{{"author":"{}"}}"#, Site::user(author)))
}

/// Several earn it at once, and who posts it does not.
fn challenge(rng: &mut Rng, site: &Site, id: &str) -> Event {
    let results: Vec<_> = (1..=rng.u32(3..8))
        .map(|place| format!(r#"{{"user":"{}","place":{place}}}"#, Site::user(rng.usize(..site.users))))
        .collect();
    Event::new("challenge.ended", "admin")
        .with_subject(format!("after-{id}"))
        .with_data_json(format!(r#"{{"results":[{}]}}"#, results.join(",")))
}
