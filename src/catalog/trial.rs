//! What a file says of itself: a `[[test]]`, its names resolved.

use smol_str::SmolStr;

use super::declare::{Folder, TrialDeclaration};
use super::events::Events;
use super::keys::Parts;
use super::mistakes::Mistakes;
use super::names::Names;
use crate::event::Event;

/// A `[[test]]` of a file.
#[derive(Clone, Debug)]
pub struct Trial {
    /// What it claims.
    pub name: String,
    /// The file it stands in.
    pub file: String,
    /// The line where it begins.
    pub line: usize,
    /// The badges it is about, by their places in the catalog, ascending.
    pub badges: Vec<usize>,
    /// What happens, in order.
    pub events: Vec<Event>,
    /// What is held at the end, in any order.
    pub awards: Vec<Held>,
}

/// One award that a trial expects.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held {
    /// Who holds it.
    pub user: SmolStr,
    /// Which badge, by its place in the catalog.
    pub badge: usize,
    /// For which key, as people see it; empty where it has none.
    pub key: String,
    /// The how manieth it is, from 1.
    pub number: u32,
}

impl Trial {
    /// The tests of all files. What they say of unknown badges is a mistake.
    pub(super) fn of_all(
        folder: &Folder,
        names: &Names<'_>,
        events: &Events,
        keys: &[Parts],
        mistakes: &mut Mistakes,
    ) -> Vec<Trial> {
        for event in folder.trials.iter().flat_map(|trial| &trial.events) {
            for wrong in events.check(&event.value).err().into_iter().flatten() {
                mistakes.error(&event.spot, format!("the event's `{}` {}", wrong.field, wrong.problem));
            }
        }
        folder.trials.iter().map(|declared| Trial::of(declared, names, keys, mistakes)).collect()
    }

    fn of(declared: &TrialDeclaration, names: &Names<'_>, keys: &[Parts], mistakes: &mut Mistakes) -> Trial {
        let file = declared.spot.file;
        let of_file = |place: &usize| names.rules[names.badges[*place].rule].name.spot.file == file;
        let badges = match &declared.only {
            None => (0..names.badges.len()).filter(of_file).collect(),
            Some(only) => {
                let mut badges: Vec<_> = Vec::new();
                for id in only {
                    match names.badge(&id.value) {
                        Ok(place) => badges.push(place),
                        Err(problem) => mistakes.error(&id.spot, problem),
                    }
                }
                badges.sort_unstable();
                badges
            }
        };
        let mut awards = Vec::new();
        for award in &declared.awards {
            match Held::read(&award.value, names, keys, &badges) {
                Ok(held) => awards.push(held),
                Err(problem) => mistakes.error(&award.spot, problem),
            }
        }
        awards.sort_unstable();
        Trial {
            name: declared.name.clone(),
            file: mistakes.sources()[file].name.clone(),
            line: mistakes.line(&declared.spot),
            badges,
            events: declared.events.iter().map(|event| event.value.clone()).collect(),
            awards,
        }
    }
}

impl Held {
    fn read(text: &str, names: &Names<'_>, keys: &[Parts], badges: &[usize]) -> Result<Held, String> {
        let mut words = text.splitn(3, ' ');
        let (Some(user), Some(id)) = (words.next(), words.next()) else {
            return Err(format!(
                "an award is a user, a badge and its key if it has one: `\"ann first-post\"`; `{text}` has no badge"
            ));
        };
        let badge = names.badge(id)?;
        if !badges.contains(&badge) {
            return Err(format!(
                "the badge `{id}` is not one of those that this test is about; name it in `only`"
            ));
        }
        let rule = names.badges[badge].rule;
        let (key, number) = numbered(words.next().unwrap_or_default());
        let parts = keys[rule].iter().flatten().filter(|part| *part != "user" && !names.rules[rule].once);
        let has_key = keys[rule].is_none() || parts.count() > 0;
        let (key, number) = match names.rules[rule].repeat {
            Some(_) => (key, number.unwrap_or(1)),
            // A key may end like a number.
            None => (text.splitn(3, ' ').nth(2).unwrap_or_default(), 1),
        };
        if !has_key && !key.is_empty() {
            return Err(format!("an award of `{id}` has no key; write `\"{user} {id}\"`"));
        }
        if has_key && key.is_empty() {
            return Err(format!("an award of `{id}` has a key, which comes after it: `\"{user} {id} …\"`"));
        }
        Ok(Held { user: user.into(), badge, key: key.to_owned(), number })
    }

    /// As it is written in a file.
    pub fn text(&self, badge: &str) -> String {
        let key = if self.key.is_empty() { String::new() } else { format!(" {}", self.key) };
        let number = if self.number == 1 { String::new() } else { format!(" x{}", self.number) };
        format!("{} {badge}{key}{number}", self.user)
    }
}

/// A key, and the number behind it: `p1 x2`.
fn numbered(text: &str) -> (&str, Option<u32>) {
    let (key, last) = text.rsplit_once(' ').unwrap_or(("", text));
    match last.strip_prefix('x').and_then(|number| number.parse().ok()) {
        Some(number) => (key, Some(number)),
        None => (text, None),
    }
}
