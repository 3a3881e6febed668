//! The journal: every header, every frame's checksum and order, every entry, and the index beside each closed segment.

use std::ops::ControlFlow;
use std::path::PathBuf;

use super::super::disk::{Disk, File};
use super::super::journal::recover::{self, Fault};
use super::super::journal::segment::{self, Extent, PREAMBLE_BYTES, Preamble, Segment};
use super::super::journal::{Entry, Frame, open, sidecar};
use super::super::layout::Layout;
use super::super::{Error, Identity};
use super::finding::{Findings, Severity};
use super::ids::Runs;
use super::sums::Recount;
use super::{Progress, Stage, events};
use crate::award::Place;
use crate::event::Sequence;
use crate::outcome::Record;

/// How far it is, is told after so many bytes.
const TOLD_EVERY_BYTES: u64 = 4 << 20;
/// What there is to say of a journal that is as it was written, and contradicts itself.
pub(super) const FAULT: &str = "this is a fault of Laurels, please report it";
const FROM_BACKUP: &str = "put the file back from a backup";

/// Who sees what is in the journal while it is checked.
pub(super) struct Watch<'a> {
    pub(super) ids: &'a mut Runs,
    pub(super) recount: Recount,
    pub(super) events: u64,
    pub(super) awards: u64,
}

/// What is known from elsewhere.
#[derive(Clone, Copy)]
pub(super) struct Known {
    /// Up to here a snapshot stands for the records.
    pub(super) base: Sequence,
    /// There was this event.
    pub(super) last: Sequence,
}

/// A journal that was checked.
pub(super) struct Journal {
    /// The directory.
    pub(super) place: PathBuf,
    /// Its last event.
    pub(super) head: Sequence,
    /// Whether every event up to there can be read.
    pub(super) is_whole: bool,
    segments: Vec<Segment>,
}

/// The first sequences of the segments there are, in order.
pub(super) fn firsts(disk: &dyn Disk, layout: &Layout) -> Result<Vec<Sequence>, Error> {
    match disk.list(&layout.journal()) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        _ => open::firsts(disk, &layout.journal()),
    }
}

/// Checks all segments. The first may begin anywhere up to what follows a snapshot.
pub(super) fn check(
    disk: &dyn Disk,
    layout: &Layout,
    identity: Identity,
    firsts: &[Sequence],
    known: Known,
    watch: &mut Watch<'_>,
    findings: &mut Findings<'_>,
) -> Result<Journal, Error> {
    let mut journal =
        Journal { place: layout.journal(), head: Sequence(0), is_whole: true, segments: Vec::new() };
    let before = findings.counts().journal;
    let mut next = firsts.first().map_or(Sequence(1), |first| known.base.next().min(*first));
    for (at, first) in firsts.iter().enumerate() {
        let segment = Segment::new(&layout.journal(), identity, *first, Extent::empty(*first));
        let failed = |source| Error::io(format!("read {}", segment.path.display()), source);
        let file = disk.open(&segment.path).map_err(failed)?;
        let size = file.size().map_err(failed)?;
        let preamble = Preamble::read(&*file).map_err(failed)?;
        let following = firsts.get(at + 1).copied();
        follows(layout, next, *first, findings);
        if *first < next {
            continue;
        }
        next = *first;
        if following.is_none() && size <= PREAMBLE_BYTES as u64 && preamble == Preamble::Broken {
            let problem = "a segment that a crash left without a header, and so without events; the next start takes it away";
            findings.add(Severity::Note, segment.path.display(), problem);
            break;
        }
        next = match is_ours(&segment, preamble, identity, following, findings) {
            true => {
                let extent = frames(&segment, &*file, following, known.last, watch, findings)?;
                if following.is_some() {
                    index(disk, &segment, size, &extent, findings)?;
                }
                extent.next
            }
            false => following.unwrap_or(next),
        };
        journal.segments.push(segment);
    }
    journal.head = Sequence(next.0 - 1);
    journal.is_whole = findings.counts().journal == before;
    Ok(journal)
}

impl Journal {
    /// Whether it goes as far as it once did, as `who` knows.
    pub(super) fn reaches(&self, known: Sequence, who: &str, findings: &mut Findings<'_>) -> bool {
        if known <= self.head {
            return true;
        }
        let problem = format!(
            "the journal ends with event {}, and went on to {} once, as {who} has it: {} are lost; put its last file back \
             from a backup (or, to go on without them, remove sled, sled.seal and ids)",
            self.head.0,
            known.0,
            events(self.head.next(), known.next())
        );
        findings.add(Severity::Journal, self.place.display(), problem);
        false
    }

    /// Shows every event of a whole journal, until one says to stop.
    pub(super) fn records(
        &self,
        disk: &dyn Disk,
        mut each: impl FnMut(&Record) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Error> {
        for segment in &self.segments {
            let failed = |source| Error::io(format!("read {}", segment.path.display()), source);
            let file = disk.open(&segment.path).map_err(failed)?;
            let mut flow = ControlFlow::Continue(());
            recover::scan_from(segment, &*file, Extent::empty(segment.first), |_, frame| {
                let mut records = frame.events_from(frame.first()).filter_map(Result::ok);
                flow = records.try_for_each(|record| each(&record));
                flow
            })?;
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// Tells where a segment does not follow the one before.
fn follows(layout: &Layout, next: Sequence, first: Sequence, findings: &mut Findings<'_>) {
    if first > next {
        let place = segment::path(&layout.journal(), next);
        let problem = format!("the segment is missing: {} are lost; {FROM_BACKUP}", events(next, first));
        findings.add(Severity::Journal, place.display(), problem);
    } else if first < next {
        let place = segment::path(&layout.journal(), first);
        let problem = "this segment overlaps the one before, which has its events too; keep the right one";
        findings.add(Severity::Journal, place.display(), problem);
    }
}

/// Whether there can be frames of ours in it; tells what is wrong with its header.
fn is_ours(
    segment: &Segment,
    preamble: Preamble,
    identity: Identity,
    following: Option<Sequence>,
    findings: &mut Findings<'_>,
) -> bool {
    let lost = match following {
        Some(following) => events(segment.first, following),
        None => format!("all events from {} on", segment.first.0),
    };
    let (ours, problem) = match preamble {
        Preamble::Of(of, first) if of == identity && first == segment.first => return true,
        Preamble::Of(of, first) if of == identity => (
            false,
            format!(
                "this is the segment that begins with event {}; give it its name back: {lost} cannot be read",
                first.0
            ),
        ),
        Preamble::Of(..) => (
            false,
            format!(
                "this segment belongs to another store: {lost} cannot be read; put back the one that belongs here"
            ),
        ),
        Preamble::Newer(format) => {
            (false, format!("the format {format} is newer than this program; check it with a newer one"))
        }
        // What its frames are checked with is in its name.
        Preamble::Broken => {
            (true, format!("the header is damaged, so that no start reads the file; {FROM_BACKUP}"))
        }
    };
    findings.add(Severity::Journal, format_args!("{}:0", segment.path.display()), problem);
    ours
}

/// Checks the frames of a segment, as far as there are any; says what is where.
fn frames(
    segment: &Segment,
    file: &dyn File,
    following: Option<Sequence>,
    known: Sequence,
    watch: &mut Watch<'_>,
    findings: &mut Findings<'_>,
) -> Result<Extent, Error> {
    let size = file.size().map_err(|source| Error::io(format!("read {}", segment.path.display()), source))?;
    let mut extent = Extent::empty(segment.first);
    let mut told = 0;
    loop {
        let (reached, fault) = recover::scan_from(segment, file, extent, |offset, frame| {
            if offset >= told {
                findings.progress(Progress { stage: Stage::Journal, done: offset, of: size });
                told = offset + TOLD_EVERY_BYTES;
            }
            if let Err(problem) = watch.frame(frame) {
                let problem = format!("{problem}, though its checksum is right: {FAULT}");
                findings.add(Severity::Journal, format_args!("{}:{offset}", segment.path.display()), problem);
            }
            ControlFlow::Continue(())
        })?;
        let Some(fault) = fault else { return Ok(reached) };
        let was_there = (known >= reached.next).then(|| known.next());
        let until = fault.good_after.map(|good| good.sequence).or(following).or(was_there);
        tell(segment, &fault, reached.next, until, findings);
        match fault.good_after {
            Some(good) => extent = Extent { end: good.offset, next: good.sequence, marks: Vec::new() },
            // What follows is not missed a second time.
            None => return Ok(Extent { next: until.unwrap_or(reached.next), ..reached }),
        }
    }
}

/// Tells of a place that makes no sense. A crash has left it where nothing was after it that anybody knows of.
fn tell(
    segment: &Segment,
    fault: &Fault,
    next: Sequence,
    until: Option<Sequence>,
    findings: &mut Findings<'_>,
) {
    let place = format!("{}:{}", segment.path.display(), fault.offset);
    match until {
        None => {
            let problem = format!(
                "{}: the last {} bytes are of a commit that a crash cut short, and that nobody was told of; the next start cuts \
                 them off",
                fault.problem, fault.bytes
            );
            findings.add(Severity::Note, place, problem);
        }
        Some(until) => {
            let lost = match until > next {
                true => events(next, until),
                false => format!("what stands between event {} and the next", next.0 - 1),
            };
            let problem =
                format!("{}, though it was whole once: {lost} cannot be read; {FROM_BACKUP}", fault.problem);
            findings.add(Severity::Journal, place, problem);
        }
    }
}

/// Checks what is kept beside a closed segment against what was found in it.
fn index(
    disk: &dyn Disk,
    segment: &Segment,
    size: u64,
    found: &Extent,
    findings: &mut Findings<'_>,
) -> Result<(), Error> {
    let path = segment.path.with_extension(sidecar::INDEX);
    let failed = |source| Error::io(format!("read {}", path.display()), source);
    match disk.open(&path) {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            // As after a crash while the next one was begun.
            findings.add(Severity::Note, path.display(), "it is missing; the next start makes it again");
            return Ok(());
        }
        Err(error) => return Err(failed(error)),
    }
    match sidecar::read(disk, segment, size).map_err(failed)? {
        Some(kept) if kept == *found => {}
        Some(_) => {
            let problem = "it says of other places than there are frames at: remove it, and the next start makes it again";
            findings.add(Severity::Unnoticed, path.display(), problem);
        }
        None => {
            let problem =
                "it is damaged, or of another segment; nothing is lost: the next start makes it again";
            findings.add(Severity::MadeAgain, path.display(), problem);
        }
    }
    Ok(())
}

impl Watch<'_> {
    /// Takes in a frame whose checksum is right; says what is wrong with what is in it.
    fn frame(&mut self, frame: &Frame) -> Result<(), String> {
        if !frame.is_filled() {
            return Err("the frame is not filled by its entries".to_owned());
        }
        let mut next = frame.first();
        for entry in frame.entries() {
            match entry.map_err(|error| format!("an entry cannot be understood ({error})"))? {
                Entry::Event(record) => {
                    if record.sequence != next {
                        return Err(format!(
                            "event {} stands where event {} must",
                            record.sequence.0, next.0
                        ));
                    }
                    next = next.next();
                    self.event(&record)?;
                }
                Entry::Catalog(numbers) => self.recount.numbers(numbers, next),
                Entry::Timeline(timeline) => self.recount.timeline(timeline, next),
            }
        }
        match next == frame.next() {
            true => Ok(()),
            false => Err(format!(
                "the frame says that event {} comes next, and it is event {}",
                frame.next().0,
                next.0
            )),
        }
    }

    fn event(&mut self, record: &Record) -> Result<(), String> {
        self.events += 1;
        self.awards += record.awards.len() as u64;
        self.ids.note(&record.event.id, record.sequence);
        self.recount.event(record);
        let places = (0..).map(|index| Place { sequence: record.sequence, index });
        match record.news().zip(places).find(|(news, place)| news.place() != *place) {
            None => Ok(()),
            Some((_, place)) => {
                Err(format!("the award {} of event {} has another place", place.index, record.sequence.0))
            }
        }
    }
}
