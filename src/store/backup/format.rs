//! The format of backups and snapshots: a stream of checksummed blocks.
//!
//! ```text
//! stream:   magic 8 │ format 4 │ crc32c 4 │ block*
//! block:    kind 1 │ length 4 │ crc32c of the contents 4 │ crc32c of the 9 bytes before 4 │ contents
//!
//! 1 About       which store, the first event that follows, and whether there is a snapshot before it
//! 2 Sums        of a snapshot: the sums as of its base                       ┐
//! 3 Documents   of a snapshot: keys and documents, sorted by key             │ a snapshot
//! 4 Run         of a snapshot: so many fingerprints of event ids follow      │
//! 5 Ids         of a snapshot: (fingerprint 8 │ sequence 8)*                 ┘
//! 6 Events      sequence of the first 8 │ (length 4 │ entry)*, entries as in the journal
//! 7 End         how much there was of everything
//! ```
//!
//! All numbers are little-endian; the contents of 1 to 4 and 7 are in postcard's format. The checksum in a
//! block's header begins with that of the block before, so that a block that is missing, or there twice, is noticed
//! like a flipped bit. A stream without its end block was cut off. A backup without a snapshot holds all
//! events from the first on; a snapshot is a stream without events.

use std::io::{self, Read};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::event::Sequence;
use crate::key::Key;

use super::super::ids::Span;
use super::super::journal;
use super::super::published::Sums;

/// Contents of a block are cut at about so many bytes. One document, or one event, may take more.
pub(in crate::store) const BLOCK_BYTES: usize = 128 << 10;

const MAGIC: [u8; 8] = *b"LAURELSB";
/// The format. A newer one is refused.
const FORMAT: u32 = 1;
const PREAMBLE_BYTES: usize = 16;
const HEADER_BYTES: usize = 13;

/// The kinds of blocks. The number of each is its own for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Kind {
    About = 1,
    Sums = 2,
    Documents = 3,
    Run = 4,
    Ids = 5,
    Events = 6,
    End = 7,
}

/// What a stream begins with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::store) struct About {
    /// The store it was made from.
    pub(in crate::store) identity: u64,
    /// The first event of which there is a record.
    pub(in crate::store) first: Sequence,
    /// Where there is a snapshot, what of.
    pub(in crate::store) snapshot: Option<Extent>,
}

/// What a snapshot stands for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::store) struct Extent {
    /// Everything up to this event is in it.
    pub(in crate::store) base: Sequence,
    /// Of the events up to this one, something may be: with the records up to here it is complete.
    pub(in crate::store) reach: Sequence,
}

/// So many fingerprints of event ids follow.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::store) struct RunOfIds {
    pub(in crate::store) span: Span,
    pub(in crate::store) entries: u64,
}

/// How much there was of everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::store) struct Counts {
    pub(in crate::store) documents: u64,
    pub(in crate::store) ids: u64,
    pub(in crate::store) events: u64,
}

/// A block as it was read.
pub(in crate::store) struct Raw {
    pub(in crate::store) kind: Kind,
    /// Where it begins.
    pub(in crate::store) at: u64,
    pub(in crate::store) contents: Vec<u8>,
}

/// A block that is understood.
pub(in crate::store) enum Block {
    About(About),
    Sums(Sums),
    Documents(Vec<(Key, Document)>),
    Run(RunOfIds),
    Ids(Vec<(u64, u64)>),
    Events(Sequence, Vec<journal::Entry>),
    End(Counts),
}

/// Why a stream cannot be read on.
#[derive(Debug)]
pub(in crate::store) enum Fault {
    /// It ends here, and has no end block.
    CutOff { at: u64 },
    /// The block that begins here is not what was written.
    Damaged { at: u64, problem: String },
    /// It was made by a newer version, in this format.
    Newer(u32),
    /// It is nothing of this kind.
    Foreign,
    /// It cannot be read.
    Io(io::Error),
}

/// Writes a stream, block by block, to the end of a buffer.
pub(in crate::store) struct Writer {
    chain: u32,
    counts: Counts,
}

impl Writer {
    /// Begins a stream.
    pub(in crate::store) fn begin(about: &About, out: &mut Vec<u8>) -> Result<Writer, postcard::Error> {
        let at = out.len();
        out.extend(MAGIC);
        out.extend(FORMAT.to_le_bytes());
        let chain = crc32c::crc32c(&out[at..]);
        out.extend(chain.to_le_bytes());
        let mut writer = Writer { chain, counts: Counts::default() };
        writer.block(Kind::About, &postcard::to_stdvec(about)?, out);
        Ok(writer)
    }

    pub(in crate::store) fn sums(&mut self, sums: &Sums, out: &mut Vec<u8>) -> Result<(), postcard::Error> {
        self.block(Kind::Sums, &postcard::to_stdvec(sums)?, out);
        Ok(())
    }

    pub(in crate::store) fn documents(
        &mut self,
        documents: &[(Key, Document)],
        out: &mut Vec<u8>,
    ) -> Result<(), postcard::Error> {
        self.counts.documents += documents.len() as u64;
        self.block(Kind::Documents, &postcard::to_stdvec(documents)?, out);
        Ok(())
    }

    pub(in crate::store) fn run(&mut self, run: RunOfIds, out: &mut Vec<u8>) -> Result<(), postcard::Error> {
        self.block(Kind::Run, &postcard::to_stdvec(&run)?, out);
        Ok(())
    }

    pub(in crate::store) fn ids(&mut self, ids: &[(u64, u64)], out: &mut Vec<u8>) {
        let pairs = ids.iter().flat_map(|(fingerprint, sequence)| [fingerprint, sequence]);
        let contents: Vec<u8> = pairs.flat_map(|number| number.to_le_bytes()).collect();
        self.counts.ids += ids.len() as u64;
        self.block(Kind::Ids, &contents, out);
    }

    /// Entries of the journal as they stand there, with how many of them are events.
    pub(in crate::store) fn events(
        &mut self,
        first: Sequence,
        count: u64,
        entries: &[u8],
        out: &mut Vec<u8>,
    ) {
        self.counts.events += count;
        self.block(Kind::Events, &[&first.0.to_le_bytes(), entries].concat(), out);
    }

    /// A block of another stream, as it stands there.
    pub(in crate::store) fn copy(&mut self, raw: &Raw, out: &mut Vec<u8>) {
        self.counts.add(raw);
        self.block(raw.kind, &raw.contents, out);
    }

    pub(in crate::store) fn end(mut self, out: &mut Vec<u8>) -> Result<(), postcard::Error> {
        let counts = postcard::to_stdvec(&self.counts)?;
        self.block(Kind::End, &counts, out);
        Ok(())
    }

    fn block(&mut self, kind: Kind, contents: &[u8], out: &mut Vec<u8>) {
        let at = out.len();
        out.push(kind as u8);
        // Frames of the journal are at most 1 GiB, and documents far below.
        out.extend(u32::try_from(contents.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend(crc32c::crc32c(contents).to_le_bytes());
        self.chain = crc32c::crc32c_append(self.chain, &out[at..]);
        out.extend(self.chain.to_le_bytes());
        out.extend(contents);
    }
}

impl Counts {
    fn add(&mut self, raw: &Raw) {
        match raw.kind {
            Kind::Documents => {
                // The contents begin with how many they are.
                let count = postcard::take_from_bytes::<u64>(&raw.contents).map_or(0, |(count, _)| count);
                self.documents += count;
            }
            Kind::Ids => self.ids += (raw.contents.len() / 16) as u64,
            Kind::Events => self.events += raw.events(),
            Kind::About | Kind::Sums | Kind::Run | Kind::End => {}
        }
    }
}

/// Reads a stream, and believes nothing that is not vouched for.
pub(in crate::store) struct Reader<R> {
    input: R,
    at: u64,
    chain: u32,
    counts: Counts,
    ended: bool,
}

impl<R: Read> Reader<R> {
    /// Reads how it begins.
    pub(in crate::store) fn begin(input: R) -> Result<(Reader<R>, About), Fault> {
        let mut reader = Reader { input, at: 0, chain: 0, counts: Counts::default(), ended: false };
        let mut preamble = Vec::new();
        reader.fill(&mut preamble, PREAMBLE_BYTES as u64)?;
        if !preamble.starts_with(&MAGIC) {
            let cut = !preamble.is_empty() && MAGIC.starts_with(&preamble);
            return Err(if cut { Fault::CutOff { at: reader.at } } else { Fault::Foreign });
        }
        let Some((covered, checksum)) =
            preamble.split_last_chunk::<4>().filter(|_| preamble.len() == PREAMBLE_BYTES)
        else {
            return Err(Fault::CutOff { at: reader.at });
        };
        reader.chain = crc32c::crc32c(covered);
        if reader.chain.to_le_bytes() != *checksum {
            return Err(Fault::Damaged { at: 0, problem: "the header's checksum is wrong".to_owned() });
        }
        let format = u32::from_le_bytes(*covered.last_chunk().unwrap_or(&[0; 4]));
        if format != FORMAT {
            return Err(Fault::Newer(format));
        }
        let about = reader.next()?.map(|raw| raw.parse()).transpose()?;
        match about {
            Some(Block::About(about)) => Ok((reader, about)),
            _ => Err(Fault::Damaged {
                at: PREAMBLE_BYTES as u64,
                problem: "it does not say what it is of".to_owned(),
            }),
        }
    }

    /// The next block. None after the end block, which must fit what was read.
    pub(in crate::store) fn next(&mut self) -> Result<Option<Raw>, Fault> {
        if self.ended {
            return Ok(None);
        }
        let at = self.at;
        let damaged = |problem: &str| Fault::Damaged { at, problem: problem.to_owned() };
        let mut header = Vec::new();
        self.fill(&mut header, HEADER_BYTES as u64)?;
        let Ok(header) = <[u8; HEADER_BYTES]>::try_from(header) else {
            return Err(Fault::CutOff { at: self.at });
        };
        let (covered, checksum) = header.split_at(HEADER_BYTES - 4);
        self.chain = crc32c::crc32c_append(self.chain, covered);
        if self.chain.to_le_bytes() != checksum {
            return Err(damaged("a block's header is not what was written"));
        }
        let number =
            |from: usize| covered[from..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        let (length, sum) = (number(1), number(5));
        let mut contents = Vec::new();
        self.fill(&mut contents, u64::from(length))?;
        if contents.len() as u64 != u64::from(length) {
            return Err(Fault::CutOff { at: self.at });
        }
        if crc32c::crc32c(&contents) != sum {
            return Err(damaged("a block's contents are not what was written"));
        }
        let kind = Kind::of(covered[0]).ok_or_else(|| damaged("there is no such kind of block"))?;
        let raw = Raw { kind, at, contents };
        if kind == Kind::End {
            self.ended = true;
            let Block::End(counts) = raw.parse()? else { return Err(damaged("the end is no end")) };
            if counts != self.counts {
                return Err(damaged("there was more, or less, than the end says"));
            }
        }
        self.counts.add(&raw);
        Ok(Some(raw))
    }

    /// How much was read of everything.
    pub(in crate::store) fn counts(&self) -> Counts {
        self.counts
    }

    /// How many bytes were read.
    pub(in crate::store) fn at(&self) -> u64 {
        self.at
    }

    /// Reads so many bytes, or as many as there are.
    fn fill(&mut self, bytes: &mut Vec<u8>, count: u64) -> Result<(), Fault> {
        let read = (&mut self.input).take(count).read_to_end(bytes).map_err(Fault::Io)?;
        self.at += read as u64;
        Ok(())
    }
}

impl Raw {
    /// What it means.
    pub(in crate::store) fn parse(&self) -> Result<Block, Fault> {
        let contents = &self.contents[..];
        Ok(match self.kind {
            Kind::About => Block::About(self.read(contents)?),
            Kind::Sums => Block::Sums(self.read(contents)?),
            Kind::Documents => Block::Documents(self.read(contents)?),
            Kind::Run => Block::Run(self.read(contents)?),
            Kind::Ids => {
                let number = |half: &[u8]| half.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
                let pairs = contents.chunks_exact(16);
                Block::Ids(pairs.map(|pair| (number(pair), number(&pair[8..]))).collect())
            }
            Kind::Events => {
                let (first, entries) = contents.split_first_chunk().unwrap_or((&[0; 8], &[]));
                let entries = journal::raw_entries(entries).map(|entry| self.read(entry));
                Block::Events(Sequence(u64::from_le_bytes(*first)), entries.collect::<Result<_, _>>()?)
            }
            Kind::End => Block::End(self.read(contents)?),
        })
    }

    /// How many events there are in it.
    fn events(&self) -> u64 {
        journal::raw_entries(self.contents.get(8..).unwrap_or_default())
            .filter(|entry| journal::is_event(entry))
            .count() as u64
    }

    fn read<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, Fault> {
        let misread = |error| Fault::Damaged {
            at: self.at,
            problem: format!("a block cannot be understood ({error})"),
        };
        postcard::from_bytes(bytes).map_err(misread)
    }
}

impl Kind {
    fn of(number: u8) -> Option<Kind> {
        let all = [Kind::About, Kind::Sums, Kind::Documents, Kind::Run, Kind::Ids, Kind::Events, Kind::End];
        all.into_iter().find(|kind| *kind as u8 == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about() -> About {
        let snapshot = Some(Extent { base: Sequence(2), reach: Sequence(3) });
        About { identity: 7, first: Sequence(2), snapshot }
    }

    fn stream() -> Vec<u8> {
        let mut out = Vec::new();
        let mut writer = Writer::begin(&about(), &mut out).unwrap();
        writer.sums(&Sums::default(), &mut out).unwrap();
        let documents = [("a", 1), ("b", 2)].map(|(name, _)| (Key::new([("n", name)]), Document::default()));
        writer.documents(&documents, &mut out).unwrap();
        let span = Span { level: 0, first: 1, last: 3 };
        writer.run(RunOfIds { span, entries: 3 }, &mut out).unwrap();
        writer.ids(&[(5, 1), (6, 3)], &mut out);
        writer.ids(&[(7, 2)], &mut out);
        writer.end(&mut out).unwrap();
        out
    }

    fn read(bytes: &[u8]) -> Result<Counts, Fault> {
        let (mut reader, found) = Reader::begin(bytes)?;
        assert_eq!(found, about());
        while let Some(raw) = reader.next()? {
            raw.parse()?;
        }
        assert_eq!(reader.at(), bytes.len() as u64);
        Ok(reader.counts())
    }

    #[test]
    fn a_stream_is_read_as_it_was_written() {
        assert_eq!(read(&stream()).unwrap(), Counts { documents: 2, ids: 3, events: 0 });
    }

    #[test]
    fn a_stream_cut_off_at_any_byte_is_noticed_with_its_place() {
        let whole = stream();
        assert!(matches!(read(&[]), Err(Fault::Foreign)));
        for end in 1..whole.len() {
            let cut = read(&whole[..end]);
            assert!(matches!(cut, Err(Fault::CutOff { at }) if at == end as u64), "{end}: {cut:?}");
        }
    }

    #[test]
    fn a_flipped_bit_is_noticed_wherever_it_is() {
        let whole = stream();
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 0x20;
            match read(&flipped) {
                Err(Fault::Damaged { at: found, .. }) => assert!(found <= at as u64),
                Err(Fault::Foreign) => assert!(at < MAGIC.len()),
                other => panic!("{at}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_block_that_is_missing_or_there_twice_is_noticed() {
        let whole = stream();
        let mut starts = vec![];
        let (mut reader, _) = Reader::begin(&whole[..]).unwrap();
        while let Some(raw) = reader.next().unwrap() {
            starts.push(raw.at as usize);
        }
        for pair in starts.windows(2) {
            let (begin, end) = (pair[0], pair[1]);
            let missing = [&whole[..begin], &whole[end..]].concat();
            let twice = [&whole[..end], &whole[begin..]].concat();
            for wrong in [missing, twice] {
                assert!(matches!(read(&wrong), Err(Fault::Damaged { .. })));
            }
        }
    }

    #[test]
    fn a_newer_format_is_told_from_damage() {
        let mut newer = stream();
        newer[8..12].copy_from_slice(&2_u32.to_le_bytes());
        let checksum = crc32c::crc32c(&newer[..12]);
        newer[12..16].copy_from_slice(&checksum.to_le_bytes());
        assert!(matches!(read(&newer), Err(Fault::Newer(2))));
    }
}
