//! Files of events, as `laurels record --file` reads them.

use std::io::{Cursor, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use laurels::cli::lines;
use laurels_client::Event;

/// Each line is an event or a mistake of its own, in order, and a gzipped file has the same lines.
pub fn json_lines(bytes: &[u8]) {
    let (lines, whole) = read(bytes.to_vec());
    assert!(lines.is_sorted_by(|(a, _), (b, _)| a < b), "lines come in order, each once");
    for (number, event) in &lines {
        match event {
            Ok(event) => assert!(!event.r#type.is_empty() && !event.user.is_empty(), "line {number}"),
            Err(problem) => assert!(!problem.contains('\n'), "a mistake is one line: {problem}"),
        }
    }
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return;
    }
    assert!(whole, "what is not packed can be read to its end");
    let most = bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
    assert!(lines.last().is_none_or(|(number, _)| *number <= most as u64));
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    let packed = packed.write_all(bytes).and_then(|()| packed.finish()).expect("memory has room");
    assert_eq!(read(packed), (lines, true));
}

/// Lines with their numbers.
type Lines = Vec<(u64, Result<Event, String>)>;

/// The lines up to the end, or up to where the file cannot be read.
fn read(bytes: Vec<u8>) -> (Lines, bool) {
    let mut read = Lines::new();
    let whole = lines::each(Cursor::new(bytes), |line| {
        read.push((line.number, line.event));
        true
    });
    (read, whole.is_ok())
}
