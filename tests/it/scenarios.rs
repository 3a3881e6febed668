//! Scenarios anyone can read: badge files, what is sent, and what must come of it.
//!
//! Each file under `tests/scenarios/` is a claim, and its name says which. Above the line of `=` are
//! badge files (a further one begins at `===== NAME`), below it commands and what they answer. Each is run twice,
//! straight through [`Service`](laurels::service::Service) and over gRPC, on a real store; both must answer what the
//! file says. `LAURELS_BLESS=1` writes what they answer into the files, to be read before it is committed.

mod commands;
mod direct;
mod grpc;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use laurels::catalog::Catalog;
use laurels::clock::Clock;
use laurels::event::Time;
use laurels::store::{Embedded, Options};
use tempfile::TempDir;

use crate::opened::opened;

/// How long a listener waits for what must come before the scenario is broken.
const PATIENCE: Duration = Duration::from_secs(20);
const NOTHING: &str = "nothing came";

/// A way in.
pub(crate) trait Door {
    /// Records one event.
    fn record(&mut self, sent: &Sent) -> Result<Recorded, String>;
    /// Gives a badge by hand.
    fn award(&mut self, order: &Order) -> Result<Recorded, String>;
    /// Takes an award back by hand.
    fn revoke(&mut self, order: &Order) -> Result<Recorded, String>;
    /// What a user has: awards newest first, progress, and the numbers of the bits that are set.
    fn badges(&mut self, user: &str) -> Result<Held, String>;
    /// The badges there are, a line each.
    fn list(&mut self) -> Result<Vec<String>, String>;
    /// Begins to listen; the first answer is the heartbeat's word.
    fn watch(&mut self, name: &str, watched: &Watched) -> Result<(), String>;
    /// The next award that a listener is told to be given or taken back.
    fn told(&mut self, name: &str) -> Result<(Award, String), String>;
    /// Stops the server in good order.
    fn stop(&mut self);
}

/// An event to be sent.
#[derive(Clone, Default)]
pub(crate) struct Sent {
    pub(crate) id: String,
    pub(crate) r#type: String,
    pub(crate) user: String,
    pub(crate) subject: String,
    pub(crate) time: Option<String>,
    pub(crate) data: String,
}

/// What is to be done by hand.
#[derive(Clone, Default)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) user: String,
    pub(crate) badge: String,
    pub(crate) key: String,
    pub(crate) reason: String,
    pub(crate) time: Option<String>,
}

/// Whom and what to listen to.
#[derive(Clone, Default)]
pub(crate) struct Watched {
    pub(crate) user: String,
    pub(crate) badge: String,
    pub(crate) category: String,
    pub(crate) after: String,
}

pub(crate) struct Recorded {
    pub(crate) duplicate: bool,
    /// Those given, then those taken back.
    pub(crate) awards: Vec<Award>,
    pub(crate) cursor: String,
}

pub(crate) struct Held {
    pub(crate) awards: Vec<Award>,
    pub(crate) progress: Vec<String>,
    pub(crate) bits: Vec<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Award {
    pub(crate) user: String,
    pub(crate) badge: String,
    pub(crate) key: String,
    pub(crate) number: u32,
    pub(crate) time: String,
    pub(crate) title: String,
    /// Since when it is held no longer; empty while it is.
    pub(crate) revoked: String,
}

/// What a scenario stands on: a directory for the store, badge files, and a clock that stands still.
pub(crate) struct World {
    directory: TempDir,
    /// A name and the text of the badge file in use.
    files: Vec<(String, String)>,
    used: usize,
    pub(crate) clock: Clock,
}

impl World {
    fn new(files: Vec<(String, String)>) -> World {
        let directory = tempfile::tempdir().unwrap();
        let clock = Clock::fixed(Time::parse("2028-01-01T00:00:00Z").unwrap());
        World { directory, files, used: 0, clock }
    }

    /// Opens the store, compiles the badge file, and takes its numbers into use.
    pub(crate) fn open(&self) -> (Arc<Embedded>, Arc<Catalog>) {
        let (name, text) = &self.files[self.used];
        let (store, catalog) = opened(self.directory.path(), Options::default(), name, text);
        (Arc::new(store), catalog)
    }

    fn choose(&mut self, name: &str) {
        self.used =
            self.files.iter().position(|(known, _)| known == name).expect("a badge file of this name");
    }
}

#[test]
fn every_scenario_holds_through_every_door() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    assert!(names.len() > 20, "the scenarios are in {}", folder.display());
    let mut broken = Vec::new();
    for path in &names {
        let name = path.file_name().unwrap().display();
        println!("{name}");
        let text = fs::read_to_string(path).unwrap();
        let (head, script) =
            text.split_once("\n=====\n").expect("a line of ===== between badges and commands");
        let files = badge_files(head);
        let direct = commands::run(direct::open(World::new(files.clone())), script);
        let grpc = commands::run(grpc::open(World::new(files)), script);
        assert_eq!(direct, grpc, "{name}: straight through the service, and over gRPC");
        let after = format!("{head}\n=====\n{direct}");
        if after != text && std::env::var_os("LAURELS_BLESS").is_some() {
            fs::write(path, &after).unwrap();
        } else if after != text {
            broken.push(format!("{name}:\n{}", difference(&text, &after)));
        }
    }
    assert!(broken.is_empty(), "what is expected (-) and what came (+):\n{}", broken.join("\n"));
}

/// The badge files above the commands: the first is called `main`.
fn badge_files(head: &str) -> Vec<(String, String)> {
    let mut files = vec![("main".to_owned(), String::new())];
    for line in head.lines() {
        match line.strip_prefix("===== ") {
            Some(name) => files.push((name.to_owned(), String::new())),
            None => {
                let (_, text) = files.last_mut().expect("never empty");
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    files
}

fn difference(expected: &str, came: &str) -> String {
    let (expected, came): (Vec<_>, Vec<_>) = (expected.lines().collect(), came.lines().collect());
    let same = expected.iter().zip(&came).take_while(|(a, b)| a == b).count();
    let context = expected[same.saturating_sub(4)..same].iter().map(|line| format!("  {line}"));
    let less = expected[same..].iter().take(8).map(|line| format!("- {line}"));
    let more = came[same..].iter().take(8).map(|line| format!("+ {line}"));
    context.chain(less).chain(more).collect::<Vec<_>>().join("\n")
}
