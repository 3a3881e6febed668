//! What was found, and how bad it is.

use std::fmt;

use super::{News, Progress};

/// How bad it is, and for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// No damage: what a crash leaves, and the next start puts right.
    Note,
    /// Nothing is lost: the server notices, and makes it again from the journal by itself.
    MadeAgain,
    /// Nothing is lost, but the server would go on with it unnoticed: it must be taken away, to be made again
    /// from the journal.
    Unnoticed,
    /// The journal itself: something is lost unless a backup has it.
    Journal,
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The file, and the position in it where there is one.
    pub place: String,
    /// What is wrong, what it means, and what to do.
    pub problem: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

/// How many findings there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Of [`Severity::Note`].
    pub notes: u64,
    /// Of [`Severity::MadeAgain`].
    pub made_again: u64,
    /// Of [`Severity::Unnoticed`].
    pub unnoticed: u64,
    /// Of [`Severity::Journal`].
    pub journal: u64,
}

impl Counts {
    /// All but notes.
    pub fn damages(&self) -> u64 {
        self.made_again + self.unnoticed + self.journal
    }
}

/// Takes findings, counts them and passes them on at once.
pub(super) struct Findings<'a> {
    tell: &'a mut dyn FnMut(News),
    counts: Counts,
}

impl<'a> Findings<'a> {
    pub(super) fn new(tell: &'a mut dyn FnMut(News)) -> Findings<'a> {
        Findings { tell, counts: Counts::default() }
    }

    /// There is a problem at this place.
    pub(super) fn add(&mut self, severity: Severity, place: impl fmt::Display, problem: impl Into<String>) {
        let count = match severity {
            Severity::Note => &mut self.counts.notes,
            Severity::MadeAgain => &mut self.counts.made_again,
            Severity::Unnoticed => &mut self.counts.unnoticed,
            Severity::Journal => &mut self.counts.journal,
        };
        *count += 1;
        let (place, problem) = (place.to_string(), problem.into());
        (self.tell)(News::Found(Finding { severity, place, problem }));
    }

    pub(super) fn progress(&mut self, progress: Progress) {
        (self.tell)(News::Progress(progress));
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts
    }
}
