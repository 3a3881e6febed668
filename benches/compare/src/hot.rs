//! Whether one user of whom very much comes slows the others.

use crate::catalog;
use crate::load::Load;
use crate::report::Figure;
use crate::setting::Setting;
use crate::subject::Subject;

/// The slowest hundredth of the others' calls while as many again are one user's, over that while those are everybody's.
pub(crate) fn user(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    let laurels = Subject::laurels(&setting.laurels, catalog::THREE, &[])?;
    let load = Load { in_flight: 32, distribution: "uniform", ..Load::default() };
    // More than can be done until the others are measured.
    let beside = |distribution| Load { distribution, events: u64::MAX >> 32, ..load };
    let others = Load { events: setting.events(100_000), ..load };
    let mut rounds = Vec::new();
    for round in 0..setting.rounds {
        let measure = |distribution| {
            let _meanwhile = beside(distribution).meanwhile(&setting.load, &laurels)?;
            anyhow::Ok(others.on(&setting.load, &laurels)?.latency_us.p99)
        };
        let (without, with) = (measure("uniform")?, measure("one")?);
        setting.tell(&format!("round {round}: p99 {with} µs beside a hot user, {without} µs beside others"));
        rounds.push(with / without);
    }
    Ok(vec![Figure::new("p99_hot_user_over_none", None, rounds)])
}
