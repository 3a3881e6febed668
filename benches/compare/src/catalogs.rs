//! Whether an event costs more when there are many badges that do not hear it.

use crate::catalog;
use crate::load::Load;
use crate::report::{Bar, Figure};
use crate::setting::Setting;
use crate::subject::Subject;

/// CPU time of a streamed event with 3, 100 and 10,000 badges over that with ten. The same three hear it.
pub(crate) fn badges(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    let load = Load { scenario: "stream", events: setting.events(300_000), ..Load::default() };
    let start = |badges| Subject::laurels(&setting.laurels, &catalog::three_of(badges), &[]);
    let ten = start(10)?;
    let mut others = [
        ("badges_10000_over_10", 10_000, Some(Bar::AtMost(1.1)), Vec::new()),
        ("badges_100_over_10", 100, None, Vec::new()),
        ("badges_3_over_10", 3, None, Vec::new()),
    ]
    .map(|(key, badges, bar, rounds)| (key, start(badges), badges, bar, rounds));
    for round in 0..setting.rounds {
        let of_ten = load.on(&setting.load, &ten)?.cpu_us;
        for (_, subject, badges, _, rounds) in &mut others {
            let subject = subject.as_ref().map_err(|error| anyhow::anyhow!("{error:#}"))?;
            let cost = load.on(&setting.load, subject)?.cpu_us;
            setting
                .tell(&format!("round {round}: {cost:.2} µs with {badges} badges, {of_ten:.2} µs with 10"));
            rounds.push(cost / of_ten);
        }
    }
    Ok(others.map(|(key, _, _, bar, rounds)| Figure::new(key, bar, rounds)).into())
}
