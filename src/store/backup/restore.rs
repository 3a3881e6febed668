//! A store made of a backup. All of it is checked on the way. It is made beside its place, and takes that only when
//! it is complete and durable: a restore that was cut short leaves nothing that could be taken for a store.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::super::embedded::Embedded;
use super::super::journal::{Entry, EntryRef, Journal};
use super::super::layout::{self, Layout};
use super::super::snapshot::Unfinished;
use super::super::{Error, Identity, Options, Store, Timeline, Until};
use super::format::{About, Block, Fault, Kind, Raw, Reader};
use super::{before, beyond};
use crate::event::Sequence;

/// So many bytes of entries are written with one sync.
const GROUP_BYTES: usize = 4 << 20;

/// What a backup holds, or what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contents {
    /// Events of which there is a record.
    pub events: u64,
    /// The last event.
    pub last: Sequence,
    /// Bytes that were read.
    pub bytes: u64,
}

/// Reads a backup to its end, and says what it holds. `name` is for errors.
pub fn inspect(backup: impl Read, name: &str) -> Result<Contents, Error> {
    let unusable = |fault| failed(name, fault, None);
    let (mut reader, about) = Reader::begin(backup).map_err(unusable)?;
    let last = |events| Sequence(about.first.0 + events - 1);
    loop {
        let read = reader.next();
        let events = reader.counts().events;
        let restorable = usable(&about, last(events));
        match read.map_err(|fault| failed(name, fault, restorable))? {
            Some(_) => {}
            None => return Ok(Contents { events, last: last(events), bytes: reader.at() }),
        }
    }
}

/// Makes a store of a backup in a directory that is not there, or is empty. `name` is for errors.
pub fn restore(
    backup: impl Read,
    name: &str,
    directory: &Path,
    until: Until,
    options: &Options,
) -> Result<Contents, Error> {
    let (source, unfinished) = (Source::begin(backup, name, until)?, unfinished(directory)?);
    let parent = unfinished.parent().unwrap_or(Path::new("."));
    must_be_free(directory, options)?;
    take_away_what_was_cut_short(&unfinished, options)?;
    let made = make(source, &unfinished, options).and_then(|contents| {
        let named = options.disk.rename(&unfinished, directory);
        let named = named.and_then(|()| options.disk.sync_directory(parent));
        named.map_err(|source| Error::io(format!("give {} its name", directory.display()), source))?;
        Ok(contents)
    });
    if made.is_err() {
        // What stays all the same is marked, and the next restore takes it away.
        let _ = std::fs::remove_dir_all(&unfinished);
    }
    made
}

/// Makes the store under a name of its own, durably.
fn make<R: Read>(mut source: Source<'_, R>, unfinished: &Path, options: &Options) -> Result<Contents, Error> {
    let disk = &*options.disk;
    let layout = Layout::begin_restore(disk, unfinished)?;
    let identity = Identity(source.about.identity);
    let kept = layout.identity(&Options { new_identity: identity, ..options.clone() }, None)?;
    debug_assert_eq!(kept, identity);
    if let Some(extent) = source.about.snapshot {
        let mut snapshot = Unfinished::begin(disk, &layout.snapshot(), identity, extent)?;
        while let Some(raw) = source.next_of_snapshot()? {
            snapshot.copy(&raw)?;
        }
        snapshot.finish()?;
    }
    Journal::begin(disk, &layout.journal(), identity, source.about.first)?;
    let journal = Journal::open(&layout.journal(), identity, Sequence(0), options)?;
    let mut last = journal.head();
    while let Some(group) = source.next_group()? {
        // Whatever is no event has a frame of its own: opening tells by the frame whether it is new.
        let is_event = |entry: &Entry| matches!(entry, Entry::Event(_));
        for frame in group.chunk_by(|one, next| is_event(one) && is_event(next)) {
            journal.append(frame.iter().map(|entry| match entry {
                Entry::Event(record) => EntryRef::Event(record),
                Entry::Catalog(numbers) => EntryRef::Catalog(numbers),
                Entry::Timeline(timeline) => EntryRef::Timeline(timeline),
            }))?;
        }
        last = journal.head();
    }
    let timeline = Timeline { id: options.new_timeline.max(1), first: last.next() };
    journal.append([EntryRef::Timeline(&timeline)].into_iter())?;
    drop(journal);
    // Makes the rest of it: the first start is as quick as any, and whatever is wrong is found now.
    let store = Embedded::open_in(layout, options.clone())?;
    store.checkpoint()?;
    drop(store);
    layout::end_restore(disk, unfinished)?;
    let events = (last.0 + 1).saturating_sub(source.about.first.0);
    Ok(Contents { events, last, bytes: source.reader.at() })
}

/// A backup that is being read, up to some event.
struct Source<'a, R> {
    name: &'a str,
    reader: Reader<R>,
    about: About,
    until: Until,
    /// The last event that was read.
    last: Sequence,
    /// A block that was read, and not used yet.
    ahead: Option<Raw>,
    done: bool,
}

impl<'a, R: Read> Source<'a, R> {
    fn begin(backup: R, name: &'a str, until: Until) -> Result<Source<'a, R>, Error> {
        let (reader, about) = Reader::begin(backup).map_err(|fault| failed(name, fault, None))?;
        let last = Sequence(about.first.0.saturating_sub(1));
        if let (Until::Event(asked), Some(extent)) = (until, about.snapshot)
            && asked < extent.reach
        {
            return Err(before(name, extent));
        }
        Ok(Source { name, reader, about, until, last, ahead: None, done: false })
    }

    fn next(&mut self) -> Result<Option<Raw>, Error> {
        if let Some(raw) = self.ahead.take() {
            return Ok(Some(raw));
        }
        self.reader.next().map_err(|fault| failed(self.name, fault, usable(&self.about, self.last)))
    }

    /// The next block of the snapshot.
    fn next_of_snapshot(&mut self) -> Result<Option<Raw>, Error> {
        let Some(raw) = self.next()? else { return Ok(None) };
        match raw.kind {
            Kind::Sums | Kind::Documents | Kind::Run | Kind::Ids => {
                // What cannot be understood must not wait until it is needed.
                raw.parse().map_err(|fault| failed(self.name, fault, None))?;
                Ok(Some(raw))
            }
            Kind::About | Kind::Events | Kind::End => {
                self.ahead = Some(raw);
                Ok(None)
            }
        }
    }

    /// Entries that are to be written together. None when it is all there, as far as was asked for.
    fn next_group(&mut self) -> Result<Option<Vec<Entry>>, Error> {
        let (mut group, mut bytes) = (Vec::new(), 0);
        while !self.done && bytes < GROUP_BYTES {
            let read = match self.next() {
                // What comes after the last event that is wanted does not matter.
                Err(_) if self.until == Until::Event(self.last) => None,
                read => read?,
            };
            let Some(raw) = read else {
                self.finish()?;
                break;
            };
            bytes += raw.contents.len();
            let restorable = usable(&self.about, self.last);
            let wrong = |fault| failed(self.name, fault, restorable);
            let out_of_order =
                |problem: &str| wrong(Fault::Damaged { at: raw.at, problem: problem.to_owned() });
            match raw.parse().map_err(wrong)? {
                Block::Events(first, _) if first != self.last.next() => {
                    return Err(out_of_order("events are out of order"));
                }
                Block::Events(_, entries) => {
                    for entry in entries {
                        if let Entry::Event(record) = &entry {
                            if record.sequence != self.last.next() {
                                return Err(out_of_order("an event is out of order"));
                            }
                            let wanted = match self.until {
                                Until::Head => true,
                                Until::Event(last) => record.sequence <= last,
                                Until::Time(time) => record.arrival <= time,
                            };
                            if !wanted {
                                self.finish()?;
                                return Ok(Some(group));
                            }
                            self.last = record.sequence;
                        }
                        group.push(entry);
                    }
                }
                Block::End(_) => {}
                Block::About(_) | Block::Sums(_) | Block::Documents(_) | Block::Run(_) | Block::Ids(_) => {
                    return Err(out_of_order("a block is out of order"));
                }
            }
        }
        Ok((!group.is_empty()).then_some(group))
    }

    /// Nothing more is wanted, or there.
    fn finish(&mut self) -> Result<(), Error> {
        self.done = true;
        match (self.until, self.about.snapshot) {
            (Until::Event(asked), _) if asked > self.last => Err(beyond(asked, self.last)),
            (_, Some(extent)) if self.last < extent.reach => Err(before(self.name, extent)),
            _ => Ok(()),
        }
    }
}

/// The last event up to which a backup that was read so far can be restored.
fn usable(about: &About, last: Sequence) -> Option<Sequence> {
    let from = about.snapshot.map_or(Sequence(1), |extent| extent.reach);
    (last >= from).then_some(last)
}

/// What a fault means to who restores: also what could be restored all the same.
fn failed(name: &str, fault: Fault, restorable: Option<Sequence>) -> Error {
    let rest = match restorable {
        Some(Sequence(last)) => format!("the events up to {last} can be restored, with --until {last}"),
        None => "nothing of it can be restored; take another backup".to_owned(),
    };
    match fault {
        Fault::CutOff { at } => {
            Error::damaged(format!("{name}:{at}"), format!("the backup is cut off here; {rest}"))
        }
        Fault::Damaged { at, problem } => {
            Error::damaged(format!("{name}:{at}"), format!("the backup is damaged here: {problem}; {rest}"))
        }
        Fault::Newer(format) => Error::Refused {
            problem: format!("{name}: the format {format} is newer than this program; use a newer one"),
        },
        Fault::Foreign => Error::Refused {
            problem: format!("{name} is not a backup of Laurels; `laurels backup FILE` makes one"),
        },
        Fault::Io(source) => Error::io(format!("read {name}"), source),
    }
}

/// Where a store is made that is to have this name.
fn unfinished(directory: &Path) -> Result<PathBuf, Error> {
    let nameless =
        || Error::Refused { problem: format!("{} is no name for a new directory", directory.display()) };
    let mut name = OsString::from(directory.file_name().ok_or_else(nameless)?);
    name.push(".unfinished");
    Ok(match directory.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.join(name),
        _ => Path::new(".").join(name),
    })
}

fn must_be_free(directory: &Path, options: &Options) -> Result<(), Error> {
    match options.disk.list(directory) {
        Ok(names) if names.is_empty() => Ok(()),
        Ok(_) => Err(Error::Refused {
            problem: format!(
                "{} is not empty; restore into another directory, or move what is there away",
                directory.display()
            ),
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(Error::io(format!("look into {}", directory.display()), source)),
    }
}

fn take_away_what_was_cut_short(unfinished: &Path, options: &Options) -> Result<(), Error> {
    let failed = |source| Error::io(format!("take {} away", unfinished.display()), source);
    let names = match options.disk.list(unfinished) {
        Ok(names) => names,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(failed(source)),
    };
    if !names.is_empty() && !names.iter().any(|name| name == layout::RESTORING) {
        return Err(Error::Refused {
            problem: format!(
                "{} is in the way: it is a store, or something else that no restore left unfinished; move it away",
                unfinished.display()
            ),
        });
    }
    std::fs::remove_dir_all(unfinished).map_err(failed)
}
