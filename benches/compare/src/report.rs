//! What came of the benchmarks: a line each, and JSON under the keys of docs/performance.md.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Map, Value, json};

/// A figure, measured in several rounds.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) key: &'static str,
    /// What it must reach, where it must: "≤ 1.3".
    pub(crate) bar: Option<Bar>,
    pub(crate) rounds: Vec<f64>,
}

/// What a figure must reach.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bar {
    AtMost(f64),
    AtLeast(f64),
}

impl Figure {
    pub(crate) fn new(key: &'static str, bar: Option<Bar>, rounds: Vec<f64>) -> Figure {
        Figure { key, bar, rounds }
    }

    /// The middle one of the rounds.
    pub(crate) fn median(&self) -> f64 {
        let mut sorted = self.rounds.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        match sorted.len() {
            0 => f64::NAN,
            odd if odd % 2 == 1 => sorted[middle],
            _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
        }
    }

    fn least(&self) -> f64 {
        self.rounds.iter().copied().fold(f64::INFINITY, f64::min)
    }

    fn most(&self) -> f64 {
        self.rounds.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    /// A line for people.
    pub(crate) fn line(&self) -> String {
        let Figure { key, rounds, .. } = self;
        let (median, least, most) = (self.median(), self.least(), self.most());
        let bar = match self.bar {
            None => String::new(),
            Some(Bar::AtMost(bar)) if median <= bar => format!("  (at most {bar})"),
            Some(Bar::AtMost(bar)) => format!("  (at most {bar}: NOT REACHED)"),
            Some(Bar::AtLeast(bar)) if median >= bar => format!("  (at least {bar})"),
            Some(Bar::AtLeast(bar)) => format!("  (at least {bar}: NOT REACHED)"),
        };
        format!("{key:32} {median:9.2}  {least:.2} to {most:.2} in {} rounds{bar}", rounds.len())
    }

    fn json(&self) -> Value {
        let bar = self.bar.map(|bar| match bar {
            Bar::AtMost(bar) => json!({ "at_most": bar }),
            Bar::AtLeast(bar) => json!({ "at_least": bar }),
        });
        json!({ "least": self.least(), "most": self.most(), "rounds": self.rounds, "bar": bar })
    }
}

/// Writes each figure under its key, and how far the rounds lie apart under `spread`.
pub(crate) fn write(path: &Path, figures: &[Figure]) -> anyhow::Result<()> {
    let mut object: Map<String, Value> =
        figures.iter().map(|figure| (figure.key.to_owned(), json!(figure.median()))).collect();
    let spread: Map<String, Value> =
        figures.iter().map(|figure| (figure.key.to_owned(), figure.json())).collect();
    object.insert("spread".to_owned(), Value::Object(spread));
    let text = serde_json::to_string_pretty(&object)? + "\n";
    fs::write(path, text).with_context(|| format!("write {}", path.display()))
}
