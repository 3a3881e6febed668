//! The badge files of the servers that are measured.

/// Three stats listen to an event: how many, how much, on how many days running.
pub(crate) const THREE: &str = include_str!("../../three.toml");

/// The same three, and so many rules in all: the others hear other events.
pub(crate) fn three_of(rules: usize) -> String {
    let heard = 3;
    let other = |number: usize| format!("\n[badge.other-{number}]\non = \"other.n{number}\"\nat = 5\n");
    THREE.to_owned() + &(heard..rules).map(other).collect::<String>()
}

/// A user has twenty awards after one event.
pub(crate) fn twenty() -> String {
    let badge = |number: usize| {
        format!("[badge.poster-{number}]\ntitle = \"Poster {number}\"\non = \"post.created\"\n")
    };
    (1..=20).map(badge).collect()
}

/// One stat and its thresholds: what the scripts of the peers do.
pub(crate) const POSTER: &str = r#"
[badge.poster]
on = "post.created"
tiers = [{ at = 10, points = 10 }, { at = 100, points = 50 }, { at = 1000, points = 100 }]
"#;
