//! The rule language a second time: slow and plain, for comparing.
//!
//! It follows "How one event is worked through" of docs/rules-reference.md word by word, and shares nothing with the
//! engine but values, events and times. It keeps no numbers: it keeps *everything that was ever heard*, and works out
//! what a number is by going through all of that again, each time it is asked.

mod expressions;
mod giving;
mod history;
mod later;
mod profiles;
mod ranks;
mod top;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use laurels::event::{Event, EventId, EventType, Map, Time, UserId, Value};
use smol_str::SmolStr;

use super::met::Met;
use super::slips::Slip;
use super::written::{Rules, Sort};
use expressions::Seen;
use giving::Expiring;
use history::{Heard, Moved};
use later::Later;
use profiles::Profiles;

pub(crate) use profiles::is_refused;

/// The parts of a key, by name.
pub(crate) type Key = BTreeMap<String, String>;

/// An award, in the order in which it was given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Given {
    pub(crate) user: String,
    pub(crate) badge: String,
    pub(crate) key: Key,
    pub(crate) number: u32,
    pub(crate) time: Time,
    pub(crate) points: i32,
    /// Whether the user did not hold the badge before, for any key; or does not afterwards.
    pub(crate) first: bool,
    /// When it was taken back: then this tells of that.
    pub(crate) taken_back: Option<Time>,
}

/// A user, a badge, a key and a number.
type Award = (String, String, Key, u32);

/// Whether something is added or taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Add,
    TakeBack,
}

impl Way {
    fn opposite(self) -> Way {
        if self == Way::Add { Way::TakeBack } else { Way::Add }
    }
}

/// A site, as the reference sees it.
pub(crate) struct Reference<'r> {
    rules: &'r Rules,
    ranks: ranks::Ranks,
    /// Everything that any number heard, in order of arrival.
    history: Vec<Moved>,
    /// The flags that are up, and since when.
    up: BTreeMap<(usize, Key), Time>,
    /// How often a flag with `repeat` happened.
    happened: BTreeMap<(usize, Key), u32>,
    /// All that was ever given or taken back.
    pub(crate) given: Vec<Given>,
    /// What is held, each with the key that gave it.
    held: Vec<(Given, Key)>,
    /// Which keys give what, of that which can be taken back.
    reasons: BTreeSet<(Award, Key)>,
    /// By rule with `top` and key: its value, and since when it is that.
    places: BTreeMap<(usize, Key), (Value, Time)>,
    /// What is still to be looked at, first things first.
    agenda: BTreeSet<(usize, Key)>,
    /// By rule and key: at which other keys it looked the last time.
    waits: BTreeMap<(usize, Key), BTreeSet<Key>>,
    /// The other keys that were looked at since this was emptied.
    looked: RefCell<BTreeSet<Key>>,
    /// What users said of themselves.
    profiles: Profiles,
    /// What waits to be heard.
    later: Vec<Later>,
    /// What waits to be taken back.
    expiring: Vec<Expiring>,
    /// How much has been put off so far.
    arrivals: usize,
    /// How far time has come.
    clock: Time,
    /// Whether it came so far by an event of the past.
    past: bool,
    /// The time of the event at hand.
    now: Time,
    /// When a number last heard anything, whether it counted or not.
    heard_at: RefCell<BTreeMap<(usize, Key), Time>>,
    /// What it does wrong on purpose.
    pub(crate) slip: Option<Slip>,
    /// How often what came about.
    pub(crate) met: RefCell<BTreeMap<Met, usize>>,
}

impl<'r> Reference<'r> {
    pub(crate) fn new(rules: &'r Rules) -> Reference<'r> {
        Reference {
            rules,
            ranks: ranks::Ranks::of(rules),
            history: Vec::new(),
            up: BTreeMap::new(),
            happened: BTreeMap::new(),
            given: Vec::new(),
            held: Vec::new(),
            reasons: BTreeSet::new(),
            agenda: BTreeSet::new(),
            places: BTreeMap::new(),
            waits: BTreeMap::new(),
            looked: RefCell::default(),
            profiles: Profiles::default(),
            later: Vec::new(),
            expiring: Vec::new(),
            arrivals: 0,
            clock: Time::MIN,
            past: false,
            now: Time::MIN,
            heard_at: RefCell::default(),
            slip: None,
            met: RefCell::default(),
        }
    }

    /// Works one event through. `past`: whether it is of a historical stream.
    pub(crate) fn take(&mut self, event: &Event, past: bool) {
        if is_refused(event) {
            return;
        }
        self.pass(event.time);
        self.now = event.time;
        self.hear(event, Way::Add);
        self.look_at_all();
        (self.clock, self.past) = (self.clock.max(event.time), past);
    }

    /// Time passes without an event, up to what the clock on the wall shows. After an event of the past that says nothing.
    pub(crate) fn tick(&mut self, wall: Time) {
        let before = self.clock;
        if !self.past || self.slip == Some(Slip::ThePastTicks) {
            if self.slip != Some(Slip::NothingTicks) {
                self.pass(wall);
            }
            self.meet_if(Met::Ticked, self.clock > before);
        } else {
            self.pass(self.clock);
            self.meet_if(Met::NotTickedInThePast, self.next_due().is_some_and(|due| due <= wall));
        }
    }

    fn meet_if(&self, met: Met, so: bool) {
        if so {
            *self.met.borrow_mut().entry(met).or_default() += 1;
        }
    }

    fn look_at_all(&mut self) {
        while let Some((place, key)) = self.agenda.pop_first() {
            match self.rules.0[self.ranks.order[place]].top {
                Some(_) => self.look_at_top(place, key),
                None => self.look(place, &key),
            }
        }
    }

    fn look(&mut self, place: usize, key: &Key) {
        let rule = self.ranks.order[place];
        self.looked.take();
        self.read(rule, key);
        self.waits.insert((place, key.clone()), self.looked.take());
        match self.rules.0[rule].sort {
            Sort::Stat => unreachable!("a stat has no condition"),
            Sort::Flag if self.rules.0[rule].repeat.is_some() => self.look_at_event(rule, key),
            Sort::Flag => self.look_at_flag(rule, key),
            Sort::Badge => self.look_at_badge(rule, key),
        }
    }

    /// Reads all that a rule reads when it is looked at, in season or not.
    fn read(&self, index: usize, key: &Key) {
        let rule = &self.rules.0[index];
        let reached = match rule.sort {
            _ if rule.repeat.is_some() => self.multiples(index, key) > 0,
            Sort::Badge => rule.badges().iter().any(|(_, at)| self.reaches(index, key, at)),
            Sort::Stat | Sort::Flag => self.is_met(index, key),
        };
        // Who gets what nobody gets is not asked, but where it may have to be taken back.
        if let Some(to) = rule.to.as_ref().filter(|_| reached || rule.revoke) {
            Seen { of: self, event: None, key: Some(key), now: self.now }.value(to);
        }
    }

    /// What waits for this key, of the rules at these places, is looked at again.
    fn call(&mut self, places: &[usize], key: &Key) {
        if self.slip == Some(Slip::NobodyWaits) {
            return;
        }
        let waits = self.waits.iter().filter(|((place, _), at)| places.contains(place) && at.contains(key));
        self.agenda.extend(waits.map(|(who, _)| who.clone()));
    }

    /// Step 2: all is read from how things were before; then all of it is applied.
    fn hear(&mut self, event: &Event, happens: Way) {
        let r#type = event.r#type.as_str();
        let mut moved = Vec::new();
        let mut reset = Vec::new();
        let (mut ended, mut later) = (Vec::new(), Vec::new());
        let rules: &'r Rules = self.rules;
        let mut by_name: Vec<_> = rules.0.iter().enumerate().collect();
        by_name.sort_by_key(|(_, rule)| &rule.name);
        for (index, rule) in by_name {
            let Some(hearing) = &rule.hearing else { continue };
            let hears =
                |patterns: &[String]| patterns.iter().any(|pattern| self.ranks.means(pattern, r#type));
            // An event that is named in both counts for `on`.
            let way = match (hears(&hearing.on), hears(&hearing.undo)) {
                (true, _) => Some(happens),
                (false, true) => Some(happens.opposite()),
                (false, false) => None,
            };
            let hears_later = hearing.delay.is_some() && way == Some(Way::Add);
            if hears_later {
                later.extend(self.delayed(index, event));
            }
            let way = way.filter(|_| !hears_later);
            for key in self.keys(hearing, event, event.time) {
                if let Some(way) = way {
                    let seen = Seen { of: self, event: Some(event), key: Some(&key), now: event.time };
                    // Without a value it is not true.
                    if rule.when.as_ref().is_none_or(|when| seen.is_true(when)) {
                        let amount = hearing.keeps.amount().map(|(_, amount)| seen.value(amount));
                        let amount = amount.map(|amount| amount.unwrap_or(Value::Null));
                        if way == Way::TakeBack
                            && let Some(end) = self.ends(index, &key, event, amount.as_ref())
                        {
                            ended.push(end);
                        } else if let Some(group) = self.group(index, &key, event, event.time) {
                            let heard = Heard::Event { way, group, amount, of: event.time };
                            moved.push(Moved { rule: index, key: key.clone(), time: event.time, heard });
                        }
                    }
                }
                // What was set to nothing is not brought back when a flag falls.
                if hears(&hearing.reset) && happens == Way::Add {
                    reset.push(Moved { rule: index, key, time: event.time, heard: Heard::Reset });
                }
            }
        }
        self.make(moved.into_iter().chain(reset).collect());
        self.learn(event);
        self.end(ended);
        self.put_off(later);
    }

    /// All of it is applied, and what rests on what reads differently is to be looked at.
    fn make(&mut self, all: Vec<Moved>) {
        for moved in all {
            let before = self.visible(moved.rule, &moved.key);
            let (rule, key) = (moved.rule, moved.key.clone());
            self.history.push(moved);
            if self.visible(rule, &key) != before {
                self.look_later(self.ranks.look_at_number(rule), &key);
                self.call(&self.ranks.waiting_for_number(rule), &key);
            }
        }
    }

    fn look_at_flag(&mut self, rule: usize, key: &Key) {
        let holds = self.is_met(rule, key);
        let since = self.up.get(&(rule, key.clone())).copied();
        match since {
            None if holds => {
                self.up.insert((rule, key.clone()), self.now);
                self.look_later(self.ranks.look_at_flag(rule), key);
                self.call(&self.ranks.waiting_for_flag(rule), key);
                let event = self.becomes(format!("flag.{}", self.rules.0[rule].name), key, None, self.now);
                self.hear(&event, Way::Add);
            }
            Some(since) if !holds && !self.rules.0[rule].kept => {
                self.up.remove(&(rule, key.clone()));
                self.look_later(self.ranks.look_at_flag(rule), key);
                self.call(&self.ranks.waiting_for_flag(rule), key);
                if self.slip == Some(Slip::FallenFlagsStayCounted) {
                    return;
                }
                let event = self.becomes(format!("flag.{}", self.rules.0[rule].name), key, None, since);
                self.hear(&event, Way::TakeBack);
            }
            None | Some(_) => {}
        }
    }

    fn look_at_event(&mut self, rule: usize, key: &Key) {
        let times = self.multiples(rule, key);
        let happened = self.happened.get(&(rule, key.clone())).copied().unwrap_or(0);
        for _ in happened..times {
            *self.happened.entry((rule, key.clone())).or_default() += 1;
            let event = self.becomes(format!("flag.{}", self.rules.0[rule].name), key, None, self.now);
            self.hear(&event, Way::Add);
        }
    }

    fn is_met(&self, rule: usize, key: &Key) -> bool {
        self.reaches(rule, key, &self.rules.0[rule].needs())
    }

    /// Whether a rule's condition holds and its value is at least so much.
    fn reaches(&self, index: usize, key: &Key, at: &Value) -> bool {
        let rule = &self.rules.0[index];
        if rule.top.is_some() {
            return self.is_in_top(index, key);
        }
        let seen = Seen { of: self, event: None, key: Some(key), now: self.now };
        // Beside `on`, `when` says which events count.
        let condition = rule.when.as_ref().filter(|_| rule.hearing.is_none());
        let holds = condition.is_none_or(|when| seen.is_true(when));
        let enough = match (&rule.hearing, &rule.value) {
            (Some(_), _) => expressions::at_least(seen.number(index).as_ref(), at),
            (None, Some(value)) => expressions::at_least(seen.value(value).as_ref(), at),
            (None, None) => true,
        };
        let enough = enough || self.slip == Some(Slip::AtIsNotNeeded);
        holds && enough
    }

    /// How many multiples of `repeat` its value has passed.
    fn multiples(&self, index: usize, key: &Key) -> u32 {
        let rule = &self.rules.0[index];
        let seen = Seen { of: self, event: None, key: Some(key), now: self.now };
        let condition = rule.when.as_ref().filter(|_| rule.hearing.is_none());
        if !condition.is_none_or(|when| seen.is_true(when)) {
            return 0;
        }
        let value = if rule.hearing.is_some() {
            seen.number(index)
        } else {
            rule.value.as_ref().and_then(|value| seen.value(value))
        };
        // All numbers here are multiples of a quarter.
        let quarters =
            |value: &Value| expressions::as_double(value).map(|number| (number * 4.0).floor() as i64);
        let (value, every) = (value.as_ref().and_then(quarters), rule.repeat.as_ref().and_then(quarters));
        match (value, every) {
            (Some(value), Some(every)) if value > 0 => (value / every) as u32,
            _ => 0,
        }
    }

    /// The event that a flag or badge becomes.
    fn becomes(&self, r#type: String, key: &Key, award: Option<(&str, i32)>, time: Time) -> Event {
        let mut data: BTreeMap<String, Value> = BTreeMap::new();
        if let Some((_, points)) = award {
            data.insert("points".to_owned(), Value::Int(points.into()));
            data.insert("medal".to_owned(), Value::text(""));
        }
        data.extend(key.iter().map(|(name, value)| (name.clone(), Value::text(value.as_str()))));
        let user = award.map(|(user, _)| user).or(key.get("user").map(String::as_str)).unwrap_or_default();
        Event {
            id: EventId::default(),
            r#type: EventType::derived(r#type.into()),
            user: UserId::parse(user).unwrap_or_default(),
            subject: SmolStr::default(),
            time,
            dated: true,
            data: data.into_iter().map(|(name, value)| (name.into(), value)).collect::<Map>(),
        }
    }

    fn look_later(&mut self, places: Vec<usize>, key: &Key) {
        self.agenda.extend(places.into_iter().map(|place| (place, key.clone())));
    }
}
