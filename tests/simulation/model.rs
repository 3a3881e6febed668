//! What the server must answer, in a few hundred lines that share nothing with it: the site's rules written out by hand,
//! over plain maps. It is fed the events that were kept, in their order, and the ticks between them.

use std::collections::{BTreeMap, BTreeSet};

use laurels::event::{Event, EventId, Time, Value};
use laurels::outcome::Record;

use crate::delays::{Delays, Turn, Waits};
use crate::hands::{self, Hands, Overruled};
use crate::profiles::{self, Profile};
use crate::site::Rules;

/// A badge, as the model knows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Given {
    pub(crate) user: String,
    pub(crate) badge: &'static str,
    /// The photo that it is for, if it is for one.
    pub(crate) photo: Option<String>,
    /// The how-manieth it is, of a badge that repeats.
    pub(crate) number: u32,
}

/// That a badge is given, or taken back.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Said {
    pub(crate) given: Given,
    pub(crate) is_taken: bool,
    /// Whether it is the first of its badge that the user holds, or was the last.
    pub(crate) is_edge: bool,
    pub(crate) time: Time,
    pub(crate) event: EventId,
}

/// Everything that is counted, by whom or what it is counted for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) posts: i64,
    pub(crate) users: BTreeMap<String, OfUser>,
    /// By owner and photo.
    pub(crate) photos: BTreeMap<(String, String), OfPhoto>,
    pub(crate) delays: Delays,
    pub(crate) hands: Hands,
    /// What is held, and the event that it names.
    held: BTreeMap<Given, EventId>,
    /// How many hold each badge.
    pub(crate) holders: BTreeMap<&'static str, BTreeSet<String>>,
    /// The date of what is given and taken back now, and the event that it names.
    now: Option<(Time, EventId)>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct OfUser {
    pub(crate) photographer: i64,
    pub(crate) pioneer: i64,
    pub(crate) player: i64,
    pub(crate) player_ranked: i64,
    pub(crate) viewer: i64,
    pub(crate) noticed_twice: i64,
    pub(crate) days: BTreeSet<i64>,
    pub(crate) all_round: BTreeSet<&'static str>,
    pub(crate) gallery: i64,
    pub(crate) settled: i64,
    pub(crate) active: i64,
    pub(crate) lively: i64,
    pub(crate) profile: Profile,
    pub(crate) languages: BTreeSet<String>,
    pub(crate) early: i64,
    pub(crate) home_days: BTreeSet<i64>,
    /// The posts that wait to be settled, in the order in which they came.
    settling: Vec<Turn>,
    /// Until when one is active.
    active_until: Option<Time>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct OfPhoto {
    pub(crate) viewers: BTreeSet<String>,
    pub(crate) noticed: bool,
}

/// What the site gives, by whichever rules.
pub(crate) const BADGES: [&str; 24] = [
    "gallery",
    "settled",
    "active",
    "lively",
    "photographer-2",
    "photographer-3",
    "photographer-5",
    "photographer-8",
    "photographer-20",
    "pioneer",
    "prolific",
    "honoured",
    "known",
    "introduced",
    "linguist",
    "early-bird",
    "home-days",
    "loved",
    "player-1",
    "player-10",
    "regular",
    "noticed-twice",
    "viewer",
    "all-round",
];
const PHOTOGRAPHER_AC: [(i64, &str); 3] =
    [(2, "photographer-2"), (5, "photographer-5"), (20, "photographer-20")];
const PHOTOGRAPHER_B: [(i64, &str); 3] =
    [(2, "photographer-2"), (3, "photographer-3"), (8, "photographer-8")];
const PLAYER: [(i64, &str); 2] = [(1, "player-1"), (10, "player-10")];
const DAY_SECONDS: i64 = 86_400;
const SETTLED_AFTER_SECONDS: i64 = 300;
const ACTIVE_SECONDS: i64 = 240;

impl Model {
    /// One more event, or tick, is kept. Says what it gives and takes back, in order.
    pub(crate) fn keep(&mut self, rules: Rules, record: &Record) -> Vec<Said> {
        let mut said = Vec::new();
        if record.event.is_tick() {
            self.delays.begin_tick(record);
            while let Some((turn, waits)) = self.delays.next_of_tick(record) {
                self.hear_later(rules, turn, waits, &mut said);
            }
            self.delays.end_tick(record);
        } else if record.event.r#type.as_str().starts_with("laurels.") {
            self.now = Some((record.event.time, record.event.id.clone()));
            let changed = self.act(rules, &record.event, &mut said);
            self.hands.note(record, changed);
            self.look_around(&mut said);
        } else {
            self.delays.begin_event(record);
            self.now = Some((record.event.time, record.event.id.clone()));
            self.hear(rules, record, &mut said);
            self.delays.end_event(record);
        }
        said
    }

    fn hear(&mut self, rules: Rules, record: &Record, given: &mut Vec<Said>) {
        let event = &record.event;
        let user = event.user.as_str();
        // Flags come first, then badges by name; last what rests on either.
        match event.r#type.as_str() {
            "photo.posted" => {
                let of_user = self.of(user);
                of_user.photographer += 1;
                let photographer = of_user.photographer;
                if self.posts < 3 {
                    self.of(user).pioneer += 1;
                }
                self.posts += 1;
                self.of(user).gallery += 1;
                self.hold_while(self.users[user].gallery >= 3, user, "gallery", given);
                let tiers = if rules == Rules::B { PHOTOGRAPHER_B } else { PHOTOGRAPHER_AC };
                for (_, badge) in tiers.iter().filter(|(at, _)| photographer >= *at) {
                    self.give(user, badge, None, given);
                }
                if self.of(user).pioneer >= 1 {
                    self.give(user, "pioneer", None, given);
                }
                self.look_at_prolific(user, given);
                if rules != Rules::C {
                    let due = later(event.time, SETTLED_AFTER_SECONDS);
                    let turn = Turn { due, arrival: record.sequence };
                    let (user, event) = (user.to_owned(), event.id.clone());
                    self.of(&user).settling.push(turn);
                    self.delays.wait(turn, Waits::ToSettle { user, event });
                }
            }
            "photo.removed" => {
                self.of(user).gallery -= 1;
                self.hold_while(self.users[user].gallery >= 3, user, "gallery", given);
                self.look_at_prolific(user, given);
                if rules != Rules::C {
                    self.unsettle(user, given);
                }
            }
            "photo.viewed" => self.viewed(rules, event, given),
            "game.ended" => {
                let ranked = matches!(event.data.get("ranked"), Some(Value::Bool(true)));
                let players: BTreeSet<String> = texts(event, "players").into_iter().collect();
                for player in players.iter().filter(|_| rules != Rules::B || ranked) {
                    let of_player = self.of(player);
                    let games = match rules {
                        Rules::B => &mut of_player.player_ranked,
                        Rules::A | Rules::C => &mut of_player.player,
                    };
                    *games += 1;
                    let games = *games;
                    for (_, badge) in PLAYER.iter().filter(|(at, _)| games >= *at) {
                        self.give(player, badge, None, given);
                    }
                }
            }
            "day.visited" => {
                self.of(user).active += 1;
                self.give(user, "active", None, given);
                let until = later(event.time, ACTIVE_SECONDS);
                let is_held = self.times(user, "active") > 0;
                match self.of(user).active_until {
                    // Taken back by hand, it is not held longer.
                    _ if !is_held => {}
                    // What comes late found it true earlier.
                    Some(known) => self.of(user).active_until = Some(known.max(until)),
                    None => {
                        self.of(user).active_until = Some(until);
                        let turn = Turn { due: until, arrival: record.sequence };
                        self.delays.wait(turn, Waits::ToExpire { user: user.to_owned() });
                    }
                }
                self.visited_at_home(user, event.time, given);
                let day = event.time.micros().div_euclid(DAY_SECONDS * 1_000_000);
                let at = if rules == Rules::C { 2 } else { 3 };
                let is_new = self.of(user).days.insert(day);
                if is_new && longest(&self.of(user).days) >= at {
                    self.give(user, "regular", None, given);
                }
            }
            "profile.updated" => {
                let of_user = self.of(user);
                of_user.profile.hear(event);
                let is_introduced = of_user.profile.is_introduced();
                let language = profiles::said(event, "language").filter(|language| !language.is_empty());
                let is_new = language.is_some_and(|language| of_user.languages.insert(language.to_owned()));
                let is_linguist = is_new && of_user.languages.len() >= 3;
                self.hold_while(is_introduced, user, "introduced", given);
                if is_linguist {
                    self.give(user, "linguist", None, given);
                }
            }
            other => panic!("the site knows no {other}"),
        }
        self.look_around(given);
    }

    /// A visit, by the user's own clock.
    fn visited_at_home(&mut self, user: &str, time: Time, said: &mut Vec<Said>) {
        let of_user = self.of(user);
        let (hour, day) = (of_user.profile.hour(time), of_user.profile.day(time));
        of_user.early += i64::from(hour < 6);
        let is_early = hour < 6 && of_user.early >= 2;
        let is_new = of_user.home_days.insert(day);
        let is_in_a_row = is_new && longest(&of_user.home_days) >= 3;
        if is_early {
            self.give(user, "early-bird", None, said);
        }
        if is_in_a_row {
            self.give(user, "home-days", None, said);
        }
    }

    /// One for every two photos: what is more is taken back from the last on, what is missing is given.
    fn look_at_prolific(&mut self, user: &str, said: &mut Vec<Said>) {
        let due = u32::try_from(self.of(user).gallery.max(0) / 2).expect("few photos");
        let one = |number| Given { user: user.to_owned(), badge: "prolific", photo: None, number };
        for number in (due + 1..=self.times(user, "prolific")).rev() {
            self.take_back(&one(number), said);
        }
        for number in 1..=due {
            self.give_one(one(number), said);
        }
    }

    /// Something is done by hand. Says whether it changed anything.
    fn act(&mut self, rules: Rules, event: &Event, said: &mut Vec<Said>) -> bool {
        let badge = texts(event, "badge").pop().expect("an act names a badge");
        let badge = *BADGES.iter().find(|known| **known == badge).expect("one that the site knows");
        let user = event.user.as_str().to_owned();
        let mut one = Given { user, badge, photo: hands::photo(event), number: 1 };
        let last = self.held_of(&one).map(|held| held.number).max().unwrap_or(0);
        let gives = event.r#type.as_str() == "laurels.award";
        if !gives {
            one.number = last;
            if last > 0 {
                self.hands.overrule(&one, Overruled::TakenBack);
                self.take_back(&one, said);
            }
        } else if rules.declare(badge) {
            // The next, or the last before it that is missing since somebody took it.
            let is_gone = |number: &u32| {
                let one = Given { number: *number, ..one.clone() };
                self.hands.overruled(&one) == Some(Overruled::TakenBack)
            };
            if badge == "prolific" {
                one.number = (1..=last + 1).rev().find(is_gone).unwrap_or(last + 1);
            }
            if !self.held.contains_key(&one) {
                self.hands.overrule(&one, Overruled::Given);
                self.give_one(one, said);
            }
        }
        let changed = !said.is_empty();
        if changed && badge == "honoured" {
            self.hold_while(gives, event.user.as_str(), "known", said);
        }
        changed
    }

    /// A post is undone: the last that waits, or else one that counts.
    fn unsettle(&mut self, user: &str, said: &mut Vec<Said>) {
        match self.of(user).settling.pop() {
            // It may have been dropped when it was due. Then it never counted, and there is nothing to undo.
            Some(turn) => self.delays.forget(turn),
            None => {
                self.of(user).settled -= 1;
                self.hold_while(self.users[user].settled >= 2, user, "settled", said);
            }
        }
    }

    /// Something that waited is due.
    fn hear_later(&mut self, rules: Rules, turn: Turn, waits: Waits, said: &mut Vec<Said>) {
        match waits {
            // The stat is declared no longer.
            Waits::ToSettle { .. } if rules == Rules::C => {}
            Waits::ToSettle { user, event } => {
                self.now = Some((turn.due, event));
                let of_user = self.of(&user);
                of_user.settling.retain(|known| *known != turn);
                of_user.settled += 1;
                let settled = of_user.settled;
                self.hold_while(settled >= 2, &user, "settled", said);
            }
            Waits::ToExpire { user } => {
                let until = self.of(&user).active_until.unwrap_or(turn.due);
                if until > turn.due {
                    return self.delays.wait(Turn { due: until, ..turn }, Waits::ToExpire { user });
                }
                self.of(&user).active_until = None;
                let active = Given { user: user.clone(), badge: "active", photo: None, number: 1 };
                let event = self.held.get(&active).cloned();
                self.now = Some((turn.due, event.unwrap_or_default()));
                let before = said.len();
                self.take_back(&active, said);
                self.look_at_lively(before, said);
            }
        }
    }

    fn viewed(&mut self, rules: Rules, event: &Event, given: &mut Vec<Said>) {
        let (viewer, photo) = (event.user.as_str(), event.subject.as_str());
        let owner = texts(event, "owner").pop().expect("a photo has an owner");
        let of_photo = self.photos.entry((owner.clone(), photo.to_owned())).or_default();
        let is_new = of_photo.viewers.insert(viewer.to_owned());
        let viewers = of_photo.viewers.len();
        let rises = rules != Rules::C && is_new && viewers >= 2 && !of_photo.noticed;
        of_photo.noticed |= rises;
        if rules == Rules::C {
            self.of(viewer).viewer += 1;
        }
        if is_new && viewers >= if rules == Rules::C { 2 } else { 3 } {
            self.give(&owner, "loved", Some(photo), given);
        }
        if rules == Rules::C && self.of(viewer).viewer >= 5 {
            self.give(viewer, "viewer", None, given);
        }
        if rises {
            self.of(&owner).noticed_twice += 1;
            if self.of(&owner).noticed_twice >= 2 {
                self.give(&owner, "noticed-twice", None, given);
            }
        }
    }

    /// What rests on the badges given and taken back.
    fn look_around(&mut self, said: &mut Vec<Said>) {
        let counts = ["photographer-2", "player-1", "regular"];
        // What is taken back by hand stays in the set of what there was.
        let given = said.iter().filter(|one| !one.is_taken).map(|one| one.given.clone());
        let heard: Vec<_> = given.filter(|given| counts.contains(&given.badge)).collect();
        let mut moved = BTreeSet::new();
        for one in heard {
            if self.of(&one.user).all_round.insert(one.badge) {
                moved.insert(one.user);
            }
        }
        for user in moved {
            if self.of(&user).all_round.len() >= 2 {
                self.give(&user, "all-round", None, said);
            }
        }
        self.look_at_lively(0, said);
    }

    /// Who has both of what it takes.
    fn look_at_lively(&mut self, from: usize, said: &mut Vec<Said>) {
        let mut moved = BTreeSet::new();
        for Said { given, is_taken, .. } in said[from..].iter() {
            if given.badge == "gallery" || given.badge == "active" {
                let of_user = self.users.get_mut(&given.user).expect("who has a badge is known");
                of_user.lively += if *is_taken { -1 } else { 1 };
                moved.insert(given.user.clone());
            }
        }
        for user in moved {
            self.hold_while(self.users[&user].lively >= 2, &user, "lively", said);
        }
    }

    /// A badge is held exactly while this is true.
    fn hold_while(&mut self, holds: bool, user: &str, badge: &'static str, said: &mut Vec<Said>) {
        match holds {
            true => self.give(user, badge, None, said),
            false => self.take_back(&Given { user: user.to_owned(), badge, photo: None, number: 1 }, said),
        }
    }

    fn give(&mut self, user: &str, badge: &'static str, photo: Option<&str>, said: &mut Vec<Said>) {
        let photo = photo.map(str::to_owned);
        self.give_one(Given { user: user.to_owned(), badge, photo, number: 1 }, said);
    }

    fn give_one(&mut self, given: Given, said: &mut Vec<Said>) {
        let (time, event) = self.now.clone().expect("something happens");
        let is_barred = self.hands.overruled(&given) == Some(Overruled::TakenBack);
        if is_barred || self.held.contains_key(&given) {
            return;
        }
        self.held.insert(given.clone(), event.clone());
        self.users.entry(given.user.clone()).or_default();
        let is_edge = self.holders.entry(given.badge).or_default().insert(given.user.clone());
        said.push(Said { given, is_taken: false, is_edge, time, event });
    }

    fn take_back(&mut self, given: &Given, said: &mut Vec<Said>) {
        let is_barred = self.hands.overruled(given) == Some(Overruled::Given);
        if is_barred || self.held.remove(given).is_none() {
            return;
        }
        let (time, event) = self.now.clone().expect("something happens");
        let first = Given { photo: None, number: 0, ..given.clone() };
        let other = self.held.range(first..).next().map(|(other, _)| other);
        let is_edge = other.is_none_or(|other| (&other.user, other.badge) != (&given.user, given.badge));
        if is_edge && let Some(holders) = self.holders.get_mut(given.badge) {
            holders.remove(&given.user);
            // A badge that nobody holds is as one that nobody ever held.
            if holders.is_empty() {
                self.holders.remove(given.badge);
            }
        }
        said.push(Said { given: given.clone(), is_taken: true, is_edge, time, event });
    }

    /// The greatest number of a badge that a user holds, for no photo.
    fn times(&self, user: &str, badge: &'static str) -> u32 {
        let one = Given { user: user.to_owned(), badge, photo: None, number: 0 };
        self.held_of(&one).map(|held| held.number).max().unwrap_or(0)
    }

    /// What is held of an award, whatever its number.
    fn held_of(&self, one: &Given) -> impl Iterator<Item = &Given> {
        let ends = |number| Given { number, ..one.clone() };
        self.held.range(ends(0)..=ends(u32::MAX)).map(|(held, _)| held)
    }

    fn of(&mut self, user: &str) -> &mut OfUser {
        if !self.users.contains_key(user) {
            self.users.insert(user.to_owned(), OfUser::default());
        }
        self.users.get_mut(user).expect("it was just put there")
    }
}

fn later(time: Time, seconds: i64) -> Time {
    time.plus_micros(seconds * 1_000_000).expect("the site's time does not end")
}

/// Most days in a row.
pub(crate) fn longest(days: &BTreeSet<i64>) -> i64 {
    let (mut longest, mut run, mut before) = (0, 0, None);
    for day in days {
        run = if before == Some(day - 1) { run + 1 } else { 1 };
        longest = longest.max(run);
        before = Some(*day);
    }
    longest
}

fn texts(event: &Event, field: &str) -> Vec<String> {
    let text = |value: &Value| {
        let Value::Text(text) = value else { panic!("{field} is {value:?}") };
        text.to_string()
    };
    match event.data.get(field) {
        Some(Value::List(items)) => items.iter().map(text).collect(),
        Some(value) => vec![text(value)],
        None => Vec::new(),
    }
}
