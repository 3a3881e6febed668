//! What very many users cost: time where most are not in memory, memory, and disk.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use crate::catalog;
use crate::load::Load;
use crate::report::{Bar, Figure};
use crate::setting::Setting;
use crate::subject::Subject;

const MANY: u64 = 10_000_000;
const FEW: u64 = 10_000;
/// No smaller cache can be had.
const CACHE_MIN: u64 = 1 << 20;
/// What takes memory besides, as docs/operations.md says under Limits: the program itself; changes that are not yet written
/// behind, and those that come while they are.
const PROGRAM: u64 = 64 << 20;
const UNWRITTEN: u64 = 256 << 20;
/// Whatever is set: where a document is in sled, and the id of an event.
const DOCUMENT_BYTES: u64 = 32;
const ID_BYTES: f64 = 1.25;
/// An event as it is sent, without its frame: id, type, user and data.
const EVENT_BYTES: f64 = 24.0 + 12.0 + 12.0 + 13.0 + 8.0;

/// Users by Zipf's law, with a cache of a tenth of the state: CPU time of ten million over that of ten thousand;
/// memory over what is said to be planned for by its settings and users; bytes written and kept.
pub(crate) fn users(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    let count = setting.events(MANY);
    let few = Population::make(setting, FEW)?;
    let many = Population::make(setting, count)?;
    let (mut cost, mut memory, mut written) = (Vec::new(), Vec::new(), Vec::new());
    let events = setting.events(1_000_000);
    for round in 0..setting.rounds {
        let load = |users| Load { scenario: "stream", users, events, ..Load::default() };
        let of_few = load(FEW).on(&setting.load, &few.laurels)?;
        let before = many.laurels.written()?;
        let of_many = load(count).on(&setting.load, &many.laurels)?;
        let bytes = (many.laurels.written()? - before) as f64;
        setting.tell(&format!(
            "round {round}: {:.2} µs with {count} users, {:.2} µs with {FEW}; {:.2?}",
            of_many.cpu_us, of_few.cpu_us, of_many.cpu_us_by_thread
        ));
        cost.push(of_many.cpu_us / of_few.cpu_us);
        memory.push(many.laurels.rss()? as f64 / many.allowed as f64);
        written.push(bytes / (events as f64 * EVENT_BYTES));
    }
    Ok(vec![
        Figure::new("users_10m_over_10k", Some(Bar::AtMost(1.5)), cost),
        Figure::new("rss_over_setting", Some(Bar::AtMost(1.0)), memory),
        Figure::new("written_over_events", None, written),
        Figure::new("disk_bytes_per_user", None, vec![many.state as f64 / count as f64]),
        Figure::new("disk_bytes_per_event", None, vec![many.journal as f64 / count as f64]),
    ])
}

/// A server that has heard of so many users.
struct Population {
    laurels: Subject,
    /// Bytes on the disk: of documents, and of the journal with the fingerprints of ids.
    state: u64,
    journal: u64,
    /// How much memory it may take by its settings and its users.
    allowed: u64,
}

impl Population {
    /// Every user comes once. Then the server is started again with a cache of a tenth of what it keeps.
    fn make(setting: &Setting, count: u64) -> anyhow::Result<Population> {
        let mut laurels = Subject::laurels(&setting.laurels, catalog::THREE, &[])?;
        let all = Load {
            scenario: "stream",
            users: count,
            events: count,
            distribution: "turn",
            warm_up: 0,
            ..Load::default()
        };
        all.on(&setting.load, &laurels)?;
        laurels.stop()?;
        let data = laurels.data();
        let state = bytes_of(&data.join("sled"))?;
        let journal = bytes_of(&data.join("journal"))? + bytes_of(&data.join("ids"))?;
        let cache = (state / 10).max(CACHE_MIN);
        // Of sled's own cache, three eighths of that, too.
        let settings = cache + cache * 3 / 8 + PROGRAM + UNWRITTEN;
        let allowed = settings + count * DOCUMENT_BYTES + (count as f64 * ID_BYTES) as u64;
        laurels.start_again(&["--cache-bytes", &cache.to_string()])?;
        setting.tell(&format!(
            "{count} users: {state} bytes of documents, {journal} of journal, {cache} of cache"
        ));
        Ok(Population { laurels, state, journal, allowed })
    }
}

/// All that is in a directory, in bytes.
fn bytes_of(directory: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(directory).with_context(|| format!("read {}", directory.display()))? {
        let entry = entry?;
        bytes += match entry.file_type()?.is_dir() {
            true => bytes_of(&entry.path())?,
            false => entry.metadata()?.len(),
        };
    }
    Ok(bytes)
}
