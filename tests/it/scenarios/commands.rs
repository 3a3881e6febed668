//! The commands of a scenario.
//!
//! ```text
//! record USER TYPE [id=… subject=… at=TIME times=N data='{…}']   what it earned and took back, or the error
//! award USER BADGE [KEY] [reason=… id=… at=TIME]                  by hand: what it gave and took back, `held before`, or the error
//! revoke USER BADGE [KEY] [reason=… id=…]                         likewise; `not held`
//! badges USER                                                     held, progress, bits
//! list                                                            the badges there are
//! watch NAME [user=… badge=… category=… after=CURSOR-NAME]        begins to listen
//! told NAME COUNT                                                 the next awards it is told, or what was taken back
//! clock TIME                                                      sets the server's clock
//! restart [badges=NAME]                                           with another badge file, if named
//! ```
//!
//! `record … cursor=NAME` keeps the cursor it answered under a name; so does `told NAME COUNT cursor=…`.
//! `times=3` sends three events, with `{n}` filled in. The clock shows 2028-01-01T00:00:00Z at first, and a second
//! more at every event.

use std::collections::HashMap;
use std::error::Error;
use std::fmt::Write;

use goldenscript::{Command, Context, Runner};
use laurels::event::Time;

use super::{Award, Door, Order, Recorded, Sent, Watched, World};

/// Runs a script and answers it with what its commands answered.
pub(crate) fn run<D: Door>(opened: Opened<D>, script: &str) -> String {
    let Opened { world, door, open } = opened;
    let time = world.clock.now();
    let mut scenario = Scenario { world, door: Some(door), open, time, cursors: HashMap::new() };
    let output = goldenscript::generate(&mut scenario, script).unwrap();
    scenario.door().stop();
    output
}

/// A world, a door into it, and how to open another after a restart.
pub(crate) struct Opened<D> {
    pub(crate) world: World,
    pub(crate) door: D,
    pub(crate) open: fn(&World) -> D,
}

struct Scenario<D> {
    world: World,
    /// None while the server is down.
    door: Option<D>,
    open: fn(&World) -> D,
    time: Time,
    cursors: HashMap<String, String>,
}

impl<D: Door> Runner for Scenario<D> {
    type Command = Command;

    fn run(&mut self, command: &Command, _context: &Context) -> Result<String, Box<dyn Error>> {
        let mut args = command.consume_args();
        let mut output = String::new();
        match command.name.as_str() {
            "record" => {
                let (user, r#type) = (args.next_pos().ok_or("who?")?, args.next_pos().ok_or("what?")?);
                let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
                let sent = Sent {
                    user: user.to_owned(),
                    r#type: r#type.to_owned(),
                    id: text(args.take_key("id")),
                    subject: text(args.take_key("subject")),
                    time: args.take_key("at").map(str::to_owned),
                    data: text(args.take_key("data")),
                };
                let times: u32 = args.take_key("times").map_or(Ok(1), str::parse)?;
                let cursor = args.take_key("cursor").map(str::to_owned);
                for n in 1..=times {
                    let recorded = self.record(&sent, n);
                    if let (Ok(recorded), Some(name)) = (&recorded, &cursor) {
                        self.cursors.insert(name.clone(), recorded.cursor.clone());
                    }
                    show_recorded(&mut output, &recorded)?;
                }
            }
            by_hand @ ("award" | "revoke") => {
                let order = Order {
                    user: args.next_pos().ok_or("who?")?.to_owned(),
                    badge: args.next_pos().ok_or("which?")?.to_owned(),
                    key: args.next_pos().unwrap_or_default().to_owned(),
                    id: args.take_key("id").unwrap_or_default().to_owned(),
                    reason: args.take_key("reason").unwrap_or("a mistake").to_owned(),
                    time: args.take_key("at").map(str::to_owned),
                };
                self.pass_a_second();
                let (recorded, nothing) = match by_hand {
                    "award" => (self.door().award(&order), "held before"),
                    _ => (self.door().revoke(&order), "not held"),
                };
                if let Ok(Recorded { duplicate: false, awards, .. }) = &recorded
                    && awards.is_empty()
                {
                    writeln!(output, "{nothing}")?;
                }
                show_recorded(&mut output, &recorded)?;
            }
            "badges" => {
                let held = self.door().badges(args.next_pos().ok_or("whose?")?)?;
                for award in &held.awards {
                    writeln!(output, "holds {}", shown(award))?;
                }
                for progress in &held.progress {
                    writeln!(output, "progress {progress}")?;
                }
                writeln!(output, "bits {:?}", held.bits)?;
            }
            "list" => {
                for line in self.door().list()? {
                    writeln!(output, "{line}")?;
                }
            }
            "watch" => {
                let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
                let name = args.next_pos().ok_or("under which name?")?;
                let after = args
                    .take_key("after")
                    .map(|name| self.cursors.get(name).cloned().unwrap_or(name.to_owned()));
                let watched = Watched {
                    user: text(args.take_key("user")),
                    badge: text(args.take_key("badge")),
                    category: text(args.take_key("category")),
                    after: after.unwrap_or_default(),
                };
                if let Err(error) = self.door().watch(name, &watched) {
                    writeln!(output, "{error}")?;
                }
            }
            "told" => {
                let name = args.next_pos().ok_or("who?")?;
                let count: u32 = args.next_pos().ok_or("how many?")?.parse()?;
                let keep = args.take_key("cursor").map(str::to_owned);
                for _ in 0..count {
                    let (award, cursor) = self.door().told(name)?;
                    writeln!(output, "{}", shown(&award))?;
                    if let Some(keep) = &keep {
                        self.cursors.insert(keep.clone(), cursor);
                    }
                }
            }
            "clock" => {
                self.time = Time::parse(args.next_pos().ok_or("what time?")?).ok_or("no such time")?;
                self.world.clock.set(self.time);
            }
            "restart" => {
                self.door().stop();
                // Who holds the store must be gone before it opens again.
                self.door = None;
                if let Some(name) = args.take_key("badges") {
                    self.world.choose(name);
                }
                self.door = Some((self.open)(&self.world));
            }
            other => return Err(format!("no command {other:?}").into()),
        }
        args.reject_next()?;
        Ok(output)
    }
}

impl<D: Door> Scenario<D> {
    fn door(&mut self) -> &mut D {
        self.door.as_mut().expect("the server is up")
    }

    fn pass_a_second(&mut self) {
        self.time = self.time.plus_micros(1_000_000).unwrap();
        self.world.clock.set(self.time);
    }

    fn record(&mut self, sent: &Sent, n: u32) -> Result<Recorded, String> {
        let fill = |text: &str| text.replace("{n}", &n.to_string());
        self.pass_a_second();
        self.door().record(&Sent {
            id: fill(&sent.id),
            r#type: sent.r#type.clone(),
            user: fill(&sent.user),
            subject: fill(&sent.subject),
            time: sent.time.clone(),
            data: fill(&sent.data),
        })
    }
}

fn show_recorded(output: &mut String, recorded: &Result<Recorded, String>) -> std::fmt::Result {
    match recorded {
        Err(error) => writeln!(output, "{error}"),
        Ok(recorded) => {
            let again = if recorded.duplicate { "again: " } else { "" };
            if recorded.duplicate && recorded.awards.is_empty() {
                writeln!(output, "again: nothing")?;
            }
            recorded.awards.iter().try_for_each(|award| writeln!(output, "{again}{}", shown(award)))
        }
    }
}

fn shown(award: &Award) -> String {
    let Award { user, badge, key, number, time, title, revoked } = award;
    let of = if key.is_empty() { String::new() } else { format!(" for {key}") };
    let number = if *number == 1 { String::new() } else { format!(" x{number}") };
    match revoked.as_str() {
        "" => format!("{user} {badge}{of}{number} at {time}: {title}"),
        since => format!("{user} {badge}{of}{number} at {time} no longer, since {since}: {title}"),
    }
}
