//! The badge files of the servers that are measured.

/// Three stats listen to an event: how many, how much, on how many days running.
pub(crate) const THREE: &str = r#"
[badge.poster]
on = "post.created"
tiers = [{ at = 10, medal = "bronze" }, { at = 100, medal = "silver" }, { at = 1000, medal = "gold" }]

[badge.writer]
on = "post.created"
sum = "event.data.words"
tiers = [{ at = 1200 }, { at = 12000 }, { at = 120000 }]

[badge.regular]
on = "post.created"
run = "day(event.time)"
at = 7
"#;
