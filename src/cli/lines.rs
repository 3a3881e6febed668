//! Reads events from a file of JSON Lines, plain or gzipped.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::thread;

use flate2::bufread::MultiGzDecoder;
use indicatif::ProgressBar;
use laurels_client::Event;
use tokio::sync::mpsc;

use super::error::Error;
use super::event_line;

/// Longest line, in bytes: the largest event, with every character of it escaped, fits. A longer one is
/// refused, and the next line goes on.
const LINE_MAX_BYTES: usize = 256 * 1024;
/// How many lines are read ahead of the sending.
const AHEAD_MAX: usize = 1024;
/// What every gzip file begins with.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// One line that is not blank.
#[derive(Debug)]
pub struct Line {
    /// Which line of the file, from 1.
    pub number: u64,
    /// What it says, or what is wrong with it.
    pub event: Result<Event, String>,
}

/// Opens a file (`-`: standard input) and reads its lines ahead, on a thread of its own. The bar follows how much
/// was read. An error is the last thing that comes.
pub(super) fn read(path: &Path, bar: &ProgressBar) -> Result<mpsc::Receiver<io::Result<Line>>, Error> {
    let source: Box<dyn Read + Send> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        let cannot = |source| Error::io(format!("read {}", path.display()), source);
        let file = File::open(path).map_err(cannot)?;
        let metadata = file.metadata().map_err(cannot)?;
        if metadata.is_dir() {
            return Err(Error::Usage(format!(
                "{} is a directory; name a file of JSON Lines",
                path.display()
            )));
        }
        bar.set_length(metadata.len());
        Box::new(bar.wrap_read(file))
    };
    let (sender, receiver) = mpsc::channel(AHEAD_MAX);
    // Not a task: reading from a terminal may never end, and must not keep the command from ending.
    thread::spawn(move || {
        let send = |line| sender.blocking_send(line).is_ok();
        if let Err(error) = each(source, |line| send(Ok(line))) {
            send(Err(error));
        }
    });
    Ok(receiver)
}

/// Hands over each line that is not blank, until `take` says that it is enough.
pub fn each(source: impl Read + Send + 'static, take: impl FnMut(Line) -> bool) -> io::Result<()> {
    each_line(unpacked(source)?, take)
}

/// Unpacks what begins as gzip does; it may have several members.
fn unpacked(source: impl Read + Send + 'static) -> io::Result<Box<dyn BufRead>> {
    let mut reader = BufReader::new(source);
    if reader.fill_buf()?.starts_with(&GZIP_MAGIC) {
        return Ok(Box::new(BufReader::new(MultiGzDecoder::new(reader))));
    }
    Ok(Box::new(reader))
}

fn each_line(mut reader: impl BufRead, mut take: impl FnMut(Line) -> bool) -> io::Result<()> {
    let mut bytes = Vec::new();
    for number in 1.. {
        bytes.clear();
        let most = u64::try_from(LINE_MAX_BYTES).unwrap_or(u64::MAX) + 1;
        if reader.by_ref().take(most).read_until(b'\n', &mut bytes)? == 0 {
            return Ok(());
        }
        let event = if bytes.len() > LINE_MAX_BYTES && bytes.last() != Some(&b'\n') {
            reader.skip_until(b'\n')?;
            Err(format!("is longer than {LINE_MAX_BYTES} bytes"))
        } else if bytes.trim_ascii().is_empty() {
            continue;
        } else {
            parse(&bytes)
        };
        if !take(Line { number, event }) {
            return Ok(());
        }
    }
    Ok(())
}

fn parse(bytes: &[u8]) -> Result<Event, String> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| format!("must be UTF-8; byte {} is not", error.valid_up_to() + 1))?;
    event_line::parse(text.trim_start_matches('\u{feff}').trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::{Cursor, Write};

    const ANA: &str = r#"{"type":"a","user":"ana"}"#;

    fn lines(bytes: Vec<u8>) -> Vec<(u64, Result<String, String>)> {
        let mut lines = Vec::new();
        each(Cursor::new(bytes), |line| {
            lines.push((line.number, line.event.map(|event| event.user)));
            true
        })
        .unwrap();
        lines
    }

    fn gzipped(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn blank_lines_are_counted_and_passed_over() {
        let text = format!("\u{feff}{ANA}\r\n\n  \n{ANA}");
        assert_eq!(lines(text.into_bytes()), [(1, Ok("ana".to_owned())), (4, Ok("ana".to_owned()))]);
    }

    #[test]
    fn gzip_is_known_by_its_first_bytes_and_may_have_several_members() {
        let packed = [gzipped(&format!("{ANA}\n")), gzipped(&format!("{ANA}\n"))].concat();
        assert_eq!(lines(packed).len(), 2);
    }

    #[test]
    fn a_line_that_is_too_long_or_not_utf8_does_not_stop_the_next() {
        let long = format!("{{\"type\":\"{}\"}}\n{ANA}\n", "a".repeat(LINE_MAX_BYTES));
        let mut bytes = long.into_bytes();
        bytes.extend(b"\"\xff\"\n");
        let lines = lines(bytes);
        assert!(lines[0].1.as_ref().is_err_and(|problem| problem.contains("longer than")));
        assert_eq!(lines[1], (2, Ok("ana".to_owned())));
        assert_eq!(lines[2], (3, Err("must be UTF-8; byte 2 is not".to_owned())));
    }
}
