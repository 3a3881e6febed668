//! What is simulated, and what has happened.

use crate::faults::Happened;
use crate::sabotage::Sabotage;

/// What is simulated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) seed: u64,
    /// After so many events it ends.
    pub(crate) events: u64,
    pub(crate) printed: bool,
    pub(crate) sabotage: Option<Sabotage>,
}

/// What has happened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    pub(crate) seeds: u64,
    pub(crate) events: u64,
    pub(crate) kept: u64,
    pub(crate) ticks: u64,
    /// What was done by hand, and how much of it changed something.
    pub(crate) acts: u64,
    pub(crate) overruled: u64,
    pub(crate) awards: u64,
    pub(crate) taken_back: u64,
    pub(crate) told: u64,
    pub(crate) answers: u64,
    pub(crate) refusals: u64,
    pub(crate) retries: u64,
    pub(crate) checks: u64,
    pub(crate) starts: u64,
    pub(crate) failed_starts: u64,
    pub(crate) deaths_while_starting: u64,
    pub(crate) shutdowns: u64,
    pub(crate) quiet_points: u64,
    pub(crate) reloads: u64,
    pub(crate) failed_reloads: u64,
    pub(crate) restores: u64,
    pub(crate) repairs: u64,
    pub(crate) finales: u64,
    pub(crate) detected: u64,
    pub(crate) turns: u64,
    pub(crate) trace: u64,
    pub(crate) happened: Happened,
    /// The promise that was broken, and what was seen.
    pub(crate) failure: Option<String>,
}

impl Report {
    /// All of it, in words.
    pub(crate) fn describe(&self) -> String {
        let happened = &self.happened;
        let Report { seeds, events, kept, awards, told, answers, refusals, retries, checks, .. } = self;
        let Report { ticks, acts, overruled, taken_back, restores, .. } = self;
        let Report { starts, failed_starts, deaths_while_starting, shutdowns, quiet_points, .. } = self;
        let Report { reloads, failed_reloads, repairs, finales, detected, turns, trace, .. } = self;
        let (kills, cuts, broken, lies) =
            (happened.kills, happened.power_cuts, happened.tree_broken, happened.lies);
        let errors: Vec<_> = happened.errors.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        format!(
            "{seeds} seeds, {events} events sent ({retries} again), {kept} kept with {ticks} ticks and {acts} acts \
         by hand ({overruled} changed something), {awards} awards, \
         {taken_back} taken back, {told} told, \
         {answers} answers, {refusals} of them errors, {checks} checks, {quiet_points} quiet points\n\
         {starts} starts ({failed_starts} failed, {deaths_while_starting} died), {shutdowns} shut down, \
         {kills} kills, {cuts} power cuts, {reloads} reloads ({failed_reloads} failed), {restores} restores\n\
         {repairs} losses of what can be made again, {broken} broken trees, errors: {}\n\
         {finales} damaged journals ({detected} refused, the others harmless), {lies} lies; {turns} turns, trace {trace:016x}",
            errors.join(", ")
        )
    }

    /// Adds what happened elsewhere.
    pub(crate) fn add(&mut self, other: &Report) {
        let sums = [
            (&mut self.seeds, other.seeds),
            (&mut self.events, other.events),
            (&mut self.kept, other.kept),
            (&mut self.ticks, other.ticks),
            (&mut self.acts, other.acts),
            (&mut self.overruled, other.overruled),
            (&mut self.awards, other.awards),
            (&mut self.taken_back, other.taken_back),
            (&mut self.told, other.told),
            (&mut self.answers, other.answers),
            (&mut self.refusals, other.refusals),
            (&mut self.retries, other.retries),
            (&mut self.checks, other.checks),
            (&mut self.starts, other.starts),
            (&mut self.failed_starts, other.failed_starts),
            (&mut self.deaths_while_starting, other.deaths_while_starting),
            (&mut self.shutdowns, other.shutdowns),
            (&mut self.quiet_points, other.quiet_points),
            (&mut self.reloads, other.reloads),
            (&mut self.failed_reloads, other.failed_reloads),
            (&mut self.restores, other.restores),
            (&mut self.repairs, other.repairs),
            (&mut self.finales, other.finales),
            (&mut self.detected, other.detected),
            (&mut self.turns, other.turns),
            (&mut self.happened.kills, other.happened.kills),
            (&mut self.happened.power_cuts, other.happened.power_cuts),
            (&mut self.happened.flips, other.happened.flips),
            (&mut self.happened.lies, other.happened.lies),
            (&mut self.happened.tree_broken, other.happened.tree_broken),
        ];
        for (sum, one) in sums {
            *sum += one;
        }
        for (kind, count) in &other.happened.errors {
            *self.happened.errors.entry(kind).or_default() += count;
        }
        self.trace ^= other.trace;
        self.failure = self.failure.take().or_else(|| other.failure.clone());
    }
}
