//! Choices read off a tape: what a random catalog or event is made of.
//!
//! A generator asks for one choice after another, and the tape answers; one that has come to its end answers the first
//! choice. So a shorter tape with smaller numbers is a simpler catalog, and proptest shrinks it without knowing what it
//! means.

/// A tape, and how far it was read.
pub(crate) struct Tape<'t> {
    left: std::slice::Iter<'t, u8>,
}

impl<'t> Tape<'t> {
    /// A tape to be read from its beginning.
    pub(crate) fn new(numbers: &'t [u8]) -> Tape<'t> {
        Tape { left: numbers.iter() }
    }

    /// One of so many.
    pub(crate) fn below(&mut self, choices: usize) -> usize {
        usize::from(self.left.next().copied().unwrap_or(0)) % choices.max(1)
    }

    /// True once in so many times; never at the end of the tape.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    /// One of these.
    pub(crate) fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }
}
