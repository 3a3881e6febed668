//! `laurels badges`: what one user has earned, and how far the user is.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use laurels_client::{Award, Progress};

use super::award_line;
use super::error::Error;
use super::server::Server;

/// Show what a user has earned, and how far the user is towards the rest
#[derive(Debug, Args)]
pub(super) struct Badges {
    /// Whose badges
    user: String,
    #[command(flatten)]
    server: Server,
}

impl Badges {
    /// Asks the server and prints what it says.
    pub(super) async fn run(self) -> Result<ExitCode, Error> {
        let badges = self.server.connect().await?.badges(&self.user).await?;
        let mut out = std::io::stdout().lock();
        if badges.awards.is_empty() {
            writeln!(out, "{} has no badges yet", self.user)?;
        } else {
            writeln!(out, "{} has earned", self.user)?;
        }
        for award in &badges.awards {
            writeln!(out, "  {}", earned(award))?;
        }
        if !badges.progress.is_empty() {
            writeln!(out, "and is on the way to")?;
        }
        for progress in &badges.progress {
            writeln!(out, "  {}", on_the_way(progress))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn earned(award: &Award) -> String {
    let Award { title, badge, key, number, .. } = award;
    let space = if key.is_empty() { "" } else { " " };
    let number = award_line::times(*number);
    format!("{}  {title} ({badge}{space}{key}{number})", award_line::time(award.time))
}

fn on_the_way(progress: &Progress) -> String {
    let Progress { badge, key, current, goal, title, .. } = progress;
    let space = if key.is_empty() { "" } else { " " };
    format!("{current} of {goal}  {title} ({badge}{space}{key})")
}
