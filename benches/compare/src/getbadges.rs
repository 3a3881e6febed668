//! What asking for a user's badges costs beyond the limit.

use crate::catalog;
use crate::load::Load;
use crate::report::{Bar, Figure};
use crate::setting::Setting;
use crate::subject::Subject;

/// How many users have twenty awards each: few enough to be in memory.
const USERS: u64 = 1000;

/// `GetBadges` without progress, of users with twenty awards, who are all in memory: CPU time over the no-op's.
pub(crate) fn over_noop(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    let laurels = Subject::laurels(&setting.laurels, &catalog::twenty(), &[])?;
    let noop = Subject::noop()?;
    let earn = Load { users: USERS, events: USERS, warm_up: 0, distribution: "turn", ..Load::default() };
    earn.on(&setting.load, &laurels)?;
    let ask = Load {
        scenario: "badges",
        in_flight: 64,
        users: USERS,
        events: setting.events(100_000),
        further: &["--without-progress"],
        ..Load::default()
    };
    let mut rounds = Vec::new();
    for round in 0..setting.rounds {
        let least = ask.on(&setting.load, &noop)?.cpu_us;
        let cost = ask.on(&setting.load, &laurels)?.cpu_us;
        setting.tell(&format!("round {round}: no-op {least:.2} µs; laurels {cost:.2} µs"));
        rounds.push(cost / least);
    }
    Ok(vec![Figure::new("getbadges_over_noop", Some(Bar::AtMost(1.3)), rounds)])
}
