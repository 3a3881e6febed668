//! The site that is simulated: its rules in three versions, and what happens on it.

use fastrand::Rng;
use laurels::act::{Hand, Order};
use laurels::catalog::{Catalog, Numbers};
use laurels::diagnostic::Source;
use laurels::event::{Draft, DraftData, Event, Time};

use crate::hands::Act;
use crate::profiles::{self, Fields};

/// A version of the rules. They share most stats; B hears ranked games only, C asks for less and drops a flag,
/// and a badge that is heard later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rules {
    A,
    B,
    C,
}

const SHARED: &str = r#"
[event]
"photo.posted" = {}
"photo.removed" = {}
"photo.viewed" = { owner = "string" }
"game.ended" = { players = "list", ranked = "bool" }
"day.visited" = {}
"profile.updated" = { language = "string" }

[stat.posts]
on = "photo.posted"
by = []

[stat.viewers]
on = "photo.viewed"
by = { user = "event.data.owner", photo = "event.subject" }
distinct = "event.user"

[badge.pioneer]
on = "photo.posted"
when = "posts < 3"

# It falls and rises again.
[badge.gallery]
on = "photo.posted"
undo = "photo.removed"
at = 3
revoke = true

# Time takes it back.
[badge.active]
on = "day.visited"
expires = "4m"

# It is held while both of these are.
[badge.lively]
on = ["badge.gallery", "badge.active"]
at = 2
revoke = true

# One for every two photos that there are.
[badge.prolific]
on = "photo.posted"
undo = "photo.removed"
repeat = 2
revoke = true

# Nobody earns it, and who is given it is known.
[badge.honoured]
manual = true
[badge.known]
when = "holds('honoured')"
revoke = true

# What users say of themselves.
[badge.introduced]
when = "profile.name != '' && profile.language in ['de', 'pt-BR']"
revoke = true
[badge.linguist]
on = "profile.updated"
when = "event.data.language != ''"
distinct = "event.data.language"
at = 3

# By their own clocks.
[badge.early-bird]
on = "day.visited"
when = "event.time.getHours(profile.time_zone) < 6"
at = 2
[badge.home-days]
on = "day.visited"
run = "day(event.time, profile.time_zone)"
at = 3

[badge.all-round]
on = ["badge.photographer-2", "badge.player-1", "badge.regular"]
distinct = "event.type"
at = 2
"#;

/// What A and B have, and C has not or otherwise: with it also a rule that hears later, which is dropped while it waits.
const OF_A_AND_B: &str = r#"
[badge.loved]
value = "viewers"
at = 3
[badge.regular]
on = "day.visited"
run = "day(event.time)"
at = 3
[flag.noticed]
when = "viewers >= 2"
[badge.noticed-twice]
on = "flag.noticed"
at = 2
[badge.settled]
on = "photo.posted"
undo = "photo.removed"
after = "5m"
at = 2
revoke = true
"#;

const A: &str = r#"
[badge.photographer]
on = "photo.posted"
tiers = [{ at = 2 }, { at = 5 }, { at = 20 }]
[badge.player]
on = "game.ended"
by = { user = "event.data.players" }
tiers = [{ at = 1 }, { at = 10 }]
"#;

const B: &str = r#"
[badge.photographer]
on = "photo.posted"
tiers = [{ at = 2 }, { at = 3 }, { at = 8 }]
[badge.player]
on = "game.ended"
when = "event.data.ranked"
by = { user = "event.data.players" }
tiers = [{ at = 1 }, { at = 10 }]
"#;

const C: &str = r#"
[badge.photographer]
on = "photo.posted"
tiers = [{ at = 2 }, { at = 5 }, { at = 20 }]
[badge.loved]
value = "viewers"
at = 2
[badge.player]
on = "game.ended"
by = { user = "event.data.players" }
tiers = [{ at = 1 }, { at = 10 }]
[badge.regular]
on = "day.visited"
run = "day(event.time)"
at = 2
[badge.viewer]
on = "photo.viewed"
at = 5
"#;

impl Rules {
    pub(crate) const ALL: [Rules; 3] = [Rules::A, Rules::B, Rules::C];

    /// Whether these have a badge.
    pub(crate) fn declare(self, badge: &str) -> bool {
        match badge {
            "photographer-3" | "photographer-8" => self == Rules::B,
            "photographer-5" | "photographer-20" => self != Rules::B,
            "settled" | "noticed-twice" => self != Rules::C,
            "viewer" => self == Rules::C,
            _ => true,
        }
    }

    /// The catalog of these rules, with the numbers that it brings.
    pub(crate) fn compile(self, numbers: &Numbers) -> (Catalog, Numbers) {
        let (own, further) = match self {
            Rules::A => (A, OF_A_AND_B),
            Rules::B => (B, OF_A_AND_B),
            Rules::C => (C, ""),
        };
        let files = [Source { name: "site.toml".to_owned(), text: format!("{SHARED}{further}{own}") }];
        let (catalog, numbers, _) = Catalog::compile(&files, numbers).unwrap_or_else(|mistakes| {
            panic!("{}", mistakes.iter().map(ToString::to_string).collect::<String>())
        });
        (catalog, numbers)
    }
}

/// Compiled rules, which are the same for the same numbers.
#[derive(Default)]
pub(crate) struct Compiler(Vec<(Rules, Numbers, Catalog, Numbers)>);

impl Compiler {
    pub(crate) fn compile(&mut self, rules: Rules, numbers: &Numbers) -> (Catalog, Numbers) {
        let known = self.0.iter().find(|(of, given, ..)| *of == rules && given == numbers);
        if let Some((_, _, catalog, numbers)) = known {
            return (catalog.clone(), numbers.clone());
        }
        let (catalog, brought) = rules.compile(numbers);
        self.0.push((rules, numbers.clone(), catalog.clone(), brought.clone()));
        (catalog, brought)
    }
}

/// What happened, as a client sends it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Contents {
    pub(crate) r#type: &'static str,
    pub(crate) user: String,
    pub(crate) subject: String,
    pub(crate) owner: Option<String>,
    pub(crate) players: Option<Vec<String>>,
    pub(crate) ranked: bool,
    /// What somebody says of itself.
    pub(crate) profile: Fields,
    /// What is done by hand.
    pub(crate) act: Option<Act>,
    /// In seconds; none: when it arrives.
    pub(crate) time: Option<i64>,
    /// Whether the server must refuse it.
    pub(crate) invalid: bool,
    /// So many bytes of data that nobody reads.
    pub(crate) ballast: usize,
}

/// How large the site is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) users: usize,
    pub(crate) photos: usize,
}

impl Contents {
    /// Something that happens, at about this time.
    pub(crate) fn happens(dice: &mut Rng, size: Size, now: Time, dated: bool) -> Contents {
        let user = |dice: &mut Rng| format!("u{}", dice.usize(..size.users));
        let mut contents = Contents {
            r#type: "photo.posted",
            user: user(dice),
            subject: String::new(),
            owner: None,
            players: None,
            ranked: dice.bool(),
            profile: Fields::new(),
            act: None,
            time: None,
            invalid: false,
            ballast: if dice.u8(..40) == 0 { dice.usize(..3000) } else { 0 },
        };
        match dice.u8(..18) {
            0..4 => {}
            // As many as are posted: so what rests on how many there are rises and falls.
            4..8 => contents.r#type = "photo.removed",
            8..11 => {
                contents.r#type = "photo.viewed";
                // A photo has one owner.
                let photo = dice.usize(..size.photos);
                contents.subject = format!("p{photo}");
                contents.owner = Some(format!("u{}", photo % size.users));
            }
            11..13 => {
                contents.r#type = "game.ended";
                let players = dice.usize(1..5);
                contents.players = Some((0..players).map(|_| user(dice)).collect());
            }
            13..15 => {
                contents.r#type = "profile.updated";
                contents.profile = profiles::any(dice);
            }
            _ => contents.r#type = "day.visited",
        }
        if dated || dice.u8(..4) == 0 {
            contents.time = Some(about(dice, now));
        }
        contents
    }

    /// Something that is done by hand.
    pub(crate) fn act(dice: &mut Rng, size: Size, now: Time) -> Contents {
        let act = Act::any(dice, size.photos);
        let time = if dice.u8(..4) == 0 { Some(about(dice, now)) } else { None };
        Contents {
            r#type: act.r#type(),
            act: Some(act),
            subject: String::new(),
            owner: None,
            players: None,
            profile: Fields::new(),
            time,
            ballast: 0,
            ..Contents::happens(dice, size, now, false)
        }
    }

    /// Something that the server must refuse.
    pub(crate) fn invalid(dice: &mut Rng, size: Size, now: Time) -> Contents {
        let mut contents = Contents::happens(dice, size, now, false);
        contents.invalid = true;
        match dice.u8(..5) {
            0 => contents.user = String::new(),
            1 => contents.time = Some(now.to_unix().0 + 86_400 * 3),
            2 => {
                contents.r#type = "profile.updated";
                contents.profile = vec![("name", "Ann"), ("time_zone", "Berlin")];
            }
            3 => {
                contents = Contents { invalid: true, ..Contents::act(dice, size, now) };
                contents.act = contents.act.map(|act| Act { reason: " ", ..act });
            }
            // Acts are not for those who send events.
            _ => contents.r#type = ["Photo.Posted", "laurels.award"][dice.usize(..2)],
        }
        contents
    }

    pub(crate) fn draft(&self, id: &str) -> Draft {
        let mut fields = vec![format!("\"ranked\":{}", self.ranked)];
        fields.extend(self.owner.iter().map(|owner| format!("\"owner\":\"{owner}\"")));
        fields.extend(self.players.iter().map(|players| format!("\"players\":{players:?}")));
        fields.extend(self.profile.iter().map(|(field, text)| format!("{field:?}:{text:?}")));
        if self.ballast > 0 {
            fields.push(format!("\"ballast\":\"{}\"", "x".repeat(self.ballast)));
        }
        Draft {
            id: id.to_owned(),
            r#type: self.r#type.to_owned(),
            user: self.user.clone(),
            subject: self.subject.clone(),
            time: self.time.map(|seconds| (seconds, 0)),
            data: DraftData::Json(format!("{{{}}}", fields.join(","))),
        }
    }

    /// What is asked for, where it is done by hand.
    pub(crate) fn order(&self, id: &str, actor: String) -> Option<(Hand, Order)> {
        let act = self.act.as_ref()?;
        Some((act.hand, act.order(&self.user, id, self.time, actor)))
    }

    /// Whether this is what an event says.
    pub(crate) fn is(&self, event: &Event) -> bool {
        if let Some(act) = &self.act {
            let time = event.dated.then(|| event.time.to_unix().0);
            return act.is(event) && event.user.as_str() == self.user && time == self.time;
        }
        let draft = self.draft(event.id.as_str());
        // Whatever the time of day is, an event that was taken then is one now.
        draft.parse(Time::MAX).is_ok_and(|own| own.same_as(event))
    }
}

/// Late, far in the past, or a little in the future.
fn about(dice: &mut Rng, now: Time) -> i64 {
    let now = now.to_unix().0;
    match dice.u8(..4) {
        0 => now - dice.i64(0..86_400 * 20),
        1 => now + dice.i64(0..200),
        _ => now - dice.i64(0..600),
    }
}
