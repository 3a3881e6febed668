//! `laurels bench`: what it says it did is what the server has, and what it measures is there.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::binary::{Said, Server};

/// Every post gives a badge.
const BADGES: &str = r#"
[badge.post]
on = "post.created"
by = { user = "event.user", post = "event.id" }

[badge.poster]
on = "post.created"
tiers = [{ at = 1 }, { at = 20 }]
"#;

struct Bench {
    directory: TempDir,
    server: Server,
}

impl Bench {
    fn new() -> Bench {
        let directory = tempfile::tempdir().expect("a directory");
        let badges = directory.path().join("badges");
        fs::create_dir(&badges).expect("a folder");
        fs::write(badges.join("posts.toml"), BADGES).expect("a file");
        let server = Server::start(directory.path(), &badges);
        Bench { directory, server }
    }

    /// Measures, and answers the table and the JSON.
    fn measure(&self, arguments: &[&str]) -> (Said, Value) {
        let json = self.directory.path().join("measured.json");
        let json = json.to_str().expect("UTF-8");
        let said = self.server.run(&[&["bench"], arguments, &["--json", json]].concat());
        let text =
            fs::read_to_string(json).unwrap_or_else(|error| panic!("{error}: {}{}", said.out, said.err));
        (said, serde_json::from_str(&text).expect("JSON"))
    }

    /// How many events of each user there were, as the awards tell.
    fn posts(&self) -> Vec<usize> {
        let awards = self.server.awards();
        let of = |user| {
            let posts = awards.lines().filter(|award| award.contains("\"badge\":\"post\""));
            posts.filter(|award| award.contains(&format!("\"user\":\"user-{user}\""))).count()
        };
        (0..4).map(of).collect()
    }
}

#[test]
fn a_bench_records_as_many_events_as_it_says_by_calls_and_by_streams() {
    let bench = Bench::new();
    let turn = ["--distribution", "turn", "--users", "4", "--warm-up", "4", "--in-flight", "3"];
    for (scenario, times) in [("record", 1), ("stream", 2)] {
        let (said, json) = bench.measure(&[&[scenario, "--events", "40"], &turn[..]].concat());
        assert_eq!(said.code, Some(0), "{}", said.err);
        assert_eq!((&json["answered"], &json["refused"]), (&40.into(), &0.into()), "{json}");
        assert!(said.out.starts_with("answered  40 in "), "{}", said.out);
        assert_eq!(bench.posts(), [11 * times; 4], "each user's share, and one to warm up");
        for figure in [&json["rate_per_s"], &json["latency_us"]["p50"], &json["latency_us"]["max"]] {
            assert!(figure.as_f64().is_some_and(|figure| figure > 0.0), "{json}");
        }
        assert!(json.get("cpu_us").is_none(), "no process was named: {json}");
    }
}

#[test]
fn a_bench_asks_for_badges_and_sees_what_the_server_spends() {
    let bench = Bench::new();
    let pid = bench.server.pid().to_string();
    bench.measure(&["record", "--events", "40", "--distribution", "one"]);
    let (said, json) = bench.measure(&[
        "badges",
        "--distribution",
        "one",
        "--events",
        "3000",
        "--in-flight",
        "200",
        "--pid",
        &pid,
    ]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(json["answered"], 3000, "{json}");
    assert!(json["cpu_us"].as_f64().is_some_and(|each| each > 0.0), "{json}");
    let threads = json["cpu_us_by_thread"].as_object().expect("threads");
    assert!(threads.contains_key("laurels-writer") && threads.contains_key("laurels-sled"), "{json}");
    assert!(said.out.contains("\nCPU       "), "{}", said.out);
}

#[test]
fn what_live_streams_are_told_is_measured_one_award_after_the_other() {
    let bench = Bench::new();
    let (said, json) = bench.measure(&[
        "watch",
        "--streams",
        "4",
        "--events",
        "40",
        "--warm-up",
        "4",
        "--distribution",
        "turn",
    ]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    // One for each post; the first tier was given before, and the last is not reached.
    assert_eq!((&json["answered"], &json["refused"]), (&40.into(), &0.into()), "{json}");
    assert_eq!(bench.posts(), [11; 4]);
}

#[test]
fn a_bench_that_is_refused_says_why_and_fails() {
    let bench = Bench::new();
    let (said, json) = bench.measure(&["record", "--type", "Not a type", "--events", "5", "--warm-up", "0"]);
    assert_eq!(said.code, Some(1));
    assert_eq!((&json["answered"], &json["refused"]), (&0.into(), &5.into()), "{json}");
    assert!(
        said.out.contains("refused   5, the first with: ") && said.out.contains("INVALID_FIELD"),
        "{}",
        said.out
    );
    let nobody = bench.server.run(&["bench", "record", "--pid", "4294967295"]);
    assert_eq!(nobody.code, Some(1));
    assert!(
        nobody.err.contains("cannot read /proc/4294967295/stat, of which --pid speaks"),
        "{}",
        nobody.err
    );
}
