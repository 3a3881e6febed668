//! What recording costs beyond the limit: Laurels and the no-op in turn, under the same load.

use crate::catalog;
use crate::load::{Load, Measured};
use crate::report::{Bar, Figure};
use crate::setting::Setting;
use crate::subject::Subject;

/// `RecordEvent` with 1,024, 64 and 1 in flight, and of users who all come as often: CPU time over the no-op's.
pub(crate) fn unary(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    let pair = Pair::start(setting)?;
    let mut figures = Vec::new();
    for (key, bar, in_flight, events, distribution) in [
        ("unary_1024_over_noop", Some(Bar::AtMost(1.3)), 1024, 150_000, "zipf"),
        ("unary_64_over_noop", Some(Bar::AtMost(1.6)), 64, 100_000, "zipf"),
        ("unary_1_over_noop", None, 1, 10_000, "zipf"),
        ("unary_1024_uniform_over_noop", None, 1024, 150_000, "uniform"),
    ] {
        let load = Load { in_flight, events: setting.events(events), distribution, ..Load::default() };
        let rounds = pair.rounds(setting, &load)?;
        let ratio = |(laurels, noop): &(Measured, Measured)| laurels.cpu_us / noop.cpu_us;
        figures.push(Figure::new(key, bar, rounds.iter().map(ratio).collect()));
    }
    Ok(figures)
}

/// `RecordEvents`: CPU time an event beyond the no-op's, without that of checkpoints.
pub(crate) fn stream(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    let pair = Pair::start(setting)?;
    let mut figures = Vec::new();
    for (key, bar, distribution) in [
        ("stream_us_over_noop", Some(Bar::AtMost(1.5)), "zipf"),
        ("stream_uniform_us_over_noop", None, "uniform"),
    ] {
        let events = setting.events(500_000);
        let load = Load { scenario: "stream", events, distribution, ..Load::default() };
        let rounds = pair.rounds(setting, &load)?;
        let beyond =
            |(laurels, noop): &(Measured, Measured)| laurels.cpu_us - laurels.checkpoints_us() - noop.cpu_us;
        figures.push(Figure::new(key, bar, rounds.iter().map(beyond).collect()));
    }
    Ok(figures)
}

/// The two servers.
struct Pair {
    laurels: Subject,
    noop: Subject,
}

impl Pair {
    fn start(setting: &Setting) -> anyhow::Result<Pair> {
        let laurels = Subject::laurels(&setting.laurels, catalog::THREE, &[])?;
        Ok(Pair { laurels, noop: Subject::noop()? })
    }

    /// One after the other, so that what else happens on the machine happens to both.
    fn rounds(&self, setting: &Setting, load: &Load) -> anyhow::Result<Vec<(Measured, Measured)>> {
        let mut rounds = Vec::new();
        for round in 0..setting.rounds {
            let noop = load.on(&setting.load, &self.noop)?;
            let laurels = load.on(&setting.load, &self.laurels)?;
            setting.tell(&format!(
                "{} {} in flight, {}, round {round}: no-op {:.2} µs, {:.0}/s; laurels {:.2} µs, {:.0}/s; {:.2?}",
                load.scenario,
                load.in_flight,
                load.distribution,
                noop.cpu_us,
                noop.rate_per_s,
                laurels.cpu_us,
                laurels.rate_per_s,
                laurels.cpu_us_by_thread
            ));
            rounds.push((laurels, noop));
        }
        Ok(rounds)
    }
}
