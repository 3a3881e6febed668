//! What became of the events of a file, counted and shown.

use std::io::Write;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use laurels_client::Recorded;

/// How many refused lines are shown. Of more only the number is.
const REFUSED_SHOWN_MAX: u64 = 100;

/// Counts, and shows what is refused at once.
#[derive(Debug)]
pub(super) struct Tally {
    file: String,
    bar: ProgressBar,
    recorded: u64,
    duplicates: u64,
    awards: u64,
    revoked: u64,
    refused: u64,
}

impl Tally {
    /// Nothing yet. The bar is seen only where standard error is a terminal.
    pub(super) fn new(file: &Path) -> Tally {
        let bar = ProgressBar::no_length();
        let style = ProgressStyle::with_template("{wide_bar} {percent}%  {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let file =
            if file == Path::new("-") { "standard input".to_owned() } else { file.display().to_string() };
        Tally { file, bar, recorded: 0, duplicates: 0, awards: 0, revoked: 0, refused: 0 }
    }

    /// What shows how far it is.
    pub(super) fn bar(&self) -> &ProgressBar {
        &self.bar
    }

    /// An event was recorded. One that was sent before within this upload, and not answered, is no
    /// duplicate to whoever sent the file.
    pub(super) fn recorded(&mut self, recorded: &Recorded, sent_before: bool) {
        self.recorded += 1;
        if recorded.duplicate && !sent_before {
            self.duplicates += 1;
        } else {
            self.awards += u64::try_from(recorded.awards.len()).unwrap_or(u64::MAX);
            self.revoked += u64::try_from(recorded.revoked.len()).unwrap_or(u64::MAX);
        }
        self.bar.set_message(format!("{} events, {} awards", self.recorded, self.awards));
    }

    /// A line was refused, for this reason.
    pub(super) fn refused(&mut self, line: u64, problem: &str) {
        self.refused += 1;
        match self.refused {
            ..=REFUSED_SHOWN_MAX => self.say(&format!("{}:{line}: {problem}", self.file)),
            count if count == REFUSED_SHOWN_MAX + 1 => {
                self.say("more lines are refused; they are only counted from here on");
            }
            _ => {}
        }
    }

    /// Says something beside the output, without tearing the bar apart.
    pub(super) fn say(&self, text: &str) {
        // Where standard error is gone, nobody misses it.
        self.bar.suspend(|| {
            let _ = writeln!(std::io::stderr(), "{text}");
        });
    }

    /// Whether any line was refused.
    pub(super) fn any_refused(&self) -> bool {
        self.refused > 0
    }

    /// The line that an upload ends with. An event is counted there if it was recorded, now or before.
    pub(super) fn summary(&self) -> String {
        let Tally { recorded, duplicates, awards, revoked, refused, .. } = self;
        let revoked = if *revoked > 0 { format!(", {revoked} taken back") } else { String::new() };
        format!("{recorded} events, {duplicates} duplicates, {awards} awards{revoked}, {refused} refused")
    }

    /// The file's name as it is shown.
    pub(super) fn file(&self) -> &str {
        &self.file
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use laurels_client::Award;

    #[test]
    fn an_event_sent_again_by_the_upload_itself_is_no_duplicate() {
        let mut tally = Tally::new(Path::new("-"));
        let once = Recorded { awards: vec![Award::default()], ..Recorded::default() };
        let again = Recorded { duplicate: true, ..once.clone() };
        tally.recorded(&once, false);
        tally.recorded(&again, false);
        tally.recorded(&again, true);
        tally.refused(4, "…");
        assert_eq!(tally.summary(), "3 events, 1 duplicates, 2 awards, 1 refused");
        tally.recorded(&Recorded { revoked: once.awards.clone(), ..Recorded::default() }, false);
        assert_eq!(tally.summary(), "4 events, 1 duplicates, 2 awards, 1 taken back, 1 refused");
    }
}
