//! Documents: that sled has those that the journal makes, no more and no less; and that the journal gave every award
//! once, and took every event id once.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::super::backup::format::Block;
use super::super::snapshot::Snapshot;
use super::super::{Error, Options};
use super::finding::{Findings, Severity};
use super::journal::{FAULT, Journal};
use super::part::{self, Part, Problems, Range};
use super::tree::Sled;
use super::{Progress, Stage};
use crate::event::Sequence;
use crate::outcome::Rarity;

/// How far it is, is told after so many events.
const TOLD_EVERY: u64 = 10_000;

/// What became of a part.
enum Made {
    /// It was compared. So many documents of it are in sled, and what they come to.
    Whole(u64, Rarity),
    /// It did not fit into memory.
    TooLarge,
    /// sled broke over it, and cannot be read any more.
    SledBroke,
}

/// Compares all documents with the journal, and the snapshot before it, which say that they come to `rarity`; says how
/// many sled has.
pub(super) fn compare(
    sled: &mut Sled,
    (snapshot, journal): (Option<&Snapshot>, &Journal),
    rarity: &Rarity,
    options: &Options,
    findings: &mut Findings<'_>,
) -> Result<u64, Error> {
    let (mut documents, mut found) = (0, Rarity::default());
    let (mut todo, mut part) = (vec![Range::ALL], 1);
    while let Some(range) = todo.pop() {
        let stage = Stage::Documents { part, of: part + todo.len() };
        match make(sled, (snapshot, journal), range, stage, options, findings)? {
            Made::Whole(of_part, Rarity { users, holders }) => {
                documents += of_part;
                found.users += users;
                for (badge, of_badge) in holders {
                    *found.holders.entry(badge).or_default() += of_badge;
                }
                part += 1;
            }
            Made::TooLarge => todo.extend(range.halves().into_iter().rev()),
            // Once more, without it.
            Made::SledBroke => todo.push(range),
        }
    }
    same_sums(&found, rarity, journal, findings);
    Ok(documents)
}

/// Only reads all documents, where there is nothing to compare them with; says how many there are.
pub(super) fn read(sled: &mut Sled, findings: &mut Findings<'_>) -> Result<u64, Error> {
    let (mut documents, mut problems) = (0, Problems::default());
    let wanted = |_: &_| true;
    let _: ControlFlow<()> = sled.documents(findings, wanted, |key, bytes| {
        documents += 1;
        part::read(&key, bytes, &mut problems);
        ControlFlow::Continue(())
    })?;
    problems.tell(&sled.place, &sled.place, findings);
    Ok(documents)
}

/// Tells where the events say of users and holders what their documents do not come to.
fn same_sums(found: &Rarity, said: &Rarity, journal: &Journal, findings: &mut Findings<'_>) {
    let mut wrong = |what: String| {
        findings.add(Severity::Journal, journal.place.display(), format!("{what}: {FAULT}"));
    };
    if found.users != said.users {
        wrong(format!(
            "the events say that there are {} users, and {} have a document",
            said.users, found.users
        ));
    }
    let badges: BTreeSet<_> = found.holders.keys().chain(said.holders.keys()).collect();
    for badge in badges.into_iter().filter(|badge| found.holders.get(badge) != said.holders.get(badge)) {
        wrong(format!(
            "the events say otherwise than their documents how many hold badge number {}",
            badge.0
        ));
    }
}

fn make(
    sled: &mut Sled,
    (snapshot, journal): (Option<&Snapshot>, &Journal),
    range: Range,
    stage: Stage,
    options: &Options,
    findings: &mut Findings<'_>,
) -> Result<Made, Error> {
    let promised = sled.is_readable().then(|| sled.sums().map(|sums| sums.sequence).unwrap_or_default());
    let base = snapshot.map_or(Sequence(0), |snapshot| snapshot.extent.base);
    let (mut part, mut problems, mut documents) = (Part::new(range, promised, base), Problems::default(), 0);
    let on_while_it_fits = |part: &Part| match part.bytes() > options.cache_bytes && range.can_be_halved() {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    };
    if let Some(snapshot) = snapshot {
        let flow = snapshot.read(|block| {
            if let Block::Documents(documents) = block {
                documents.into_iter().for_each(|(key, document)| part.begin(key, document));
            }
            on_while_it_fits(&part)
        })?;
        if flow.is_break() {
            return Ok(Made::TooLarge);
        }
    }
    let flow = sled.documents(
        findings,
        |key| range.has(key),
        |key, bytes| {
            documents += 1;
            part.kept(key, bytes, &mut problems);
            on_while_it_fits(&part)
        },
    )?;
    if promised.is_some() && !sled.is_readable() {
        return Ok(Made::SledBroke);
    }
    if flow.is_break() {
        return Ok(Made::TooLarge);
    }
    let flow = journal.records(&*options.disk, |record| {
        if record.sequence.0 % TOLD_EVERY == 1 {
            findings.progress(Progress { stage, done: record.sequence.0, of: journal.head.0 });
        }
        part.event(record, &mut problems);
        on_while_it_fits(&part)
    })?;
    if flow.is_break() {
        return Ok(Made::TooLarge);
    }
    let rarity = part.finish(&mut problems);
    problems.tell(&sled.place, &journal.place, findings);
    Ok(Made::Whole(documents, rarity))
}
