//! What the server must answer, in a hundred lines that share nothing with it: the site's rules written out by hand,
//! over plain maps. It is fed the events that were kept, in their order.

use std::collections::{BTreeMap, BTreeSet};

use laurels::event::{Event, Value};

use crate::site::Rules;

/// A badge, as the model knows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Given {
    pub(crate) user: String,
    pub(crate) badge: &'static str,
    /// The photo that it is for, if it is for one.
    pub(crate) photo: Option<String>,
}

/// Everything that is counted, by whom or what it is counted for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) posts: i64,
    pub(crate) users: BTreeMap<String, OfUser>,
    /// By owner and photo.
    pub(crate) photos: BTreeMap<(String, String), OfPhoto>,
    held: BTreeSet<Given>,
    /// How many hold each badge.
    pub(crate) holders: BTreeMap<&'static str, BTreeSet<String>>,
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
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct OfPhoto {
    pub(crate) viewers: BTreeSet<String>,
    pub(crate) noticed: bool,
}

const PHOTOGRAPHER_AC: [(i64, &str); 3] =
    [(2, "photographer-2"), (5, "photographer-5"), (20, "photographer-20")];
const PHOTOGRAPHER_B: [(i64, &str); 3] =
    [(2, "photographer-2"), (3, "photographer-3"), (8, "photographer-8")];
const PLAYER: [(i64, &str); 2] = [(1, "player-1"), (10, "player-10")];
const DAY_SECONDS: i64 = 86_400;

impl Model {
    /// One more event is kept. Says what it gives, in order.
    pub(crate) fn keep(&mut self, rules: Rules, event: &Event) -> Vec<Given> {
        let user = event.user.as_str();
        let mut given = Vec::new();
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
                let tiers = if rules == Rules::B { PHOTOGRAPHER_B } else { PHOTOGRAPHER_AC };
                for (_, badge) in tiers.iter().filter(|(at, _)| photographer >= *at) {
                    self.give(user, badge, None, &mut given);
                }
                if self.of(user).pioneer >= 1 {
                    self.give(user, "pioneer", None, &mut given);
                }
            }
            "photo.viewed" => self.viewed(rules, event, &mut given),
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
                        self.give(player, badge, None, &mut given);
                    }
                }
            }
            "day.visited" => {
                let day = event.time.micros().div_euclid(DAY_SECONDS * 1_000_000);
                let at = if rules == Rules::C { 2 } else { 3 };
                let is_new = self.of(user).days.insert(day);
                if is_new && longest(&self.of(user).days) >= at {
                    self.give(user, "regular", None, &mut given);
                }
            }
            other => panic!("the site knows no {other}"),
        }
        self.look_around(&mut given);
        given
    }

    fn viewed(&mut self, rules: Rules, event: &Event, given: &mut Vec<Given>) {
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

    /// What rests on the badges given.
    fn look_around(&mut self, given: &mut Vec<Given>) {
        let counts = ["photographer-2", "player-1", "regular"];
        let heard: Vec<_> = given.iter().filter(|one| counts.contains(&one.badge)).cloned().collect();
        let mut moved = BTreeSet::new();
        for one in heard {
            if self.of(&one.user).all_round.insert(one.badge) {
                moved.insert(one.user);
            }
        }
        for user in moved {
            if self.of(&user).all_round.len() >= 2 {
                self.give(&user, "all-round", None, given);
            }
        }
    }

    fn give(&mut self, user: &str, badge: &'static str, photo: Option<&str>, given: &mut Vec<Given>) {
        let one = Given { user: user.to_owned(), badge, photo: photo.map(str::to_owned) };
        if self.held.insert(one.clone()) {
            self.users.entry(user.to_owned()).or_default();
            self.holders.entry(badge).or_default().insert(user.to_owned());
            given.push(one);
        }
    }

    fn of(&mut self, user: &str) -> &mut OfUser {
        if !self.users.contains_key(user) {
            self.users.insert(user.to_owned(), OfUser::default());
        }
        self.users.get_mut(user).expect("it was just put there")
    }
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
