//! `laurels profile`: how a user is shown to others.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use laurels_client::{Profile as Shown, UpdateProfileRequest};

use super::award_line;
use super::error::Error;
use super::server::Server;

/// Show how a user is shown to others, or change it
#[derive(Debug, Args)]
pub(super) struct Profile {
    /// Whose profile
    user: String,
    /// What to change: name, link, picture, time_zone or language; with nothing behind the sign it is emptied
    #[arg(long, value_name = "FIELD=TEXT")]
    set: Vec<String>,
    /// Names the change for ever: sent again under the same id it is made once
    #[arg(long, requires = "set")]
    id: Option<String>,
    #[command(flatten)]
    server: Server,
}

impl Profile {
    /// Asks the server or tells it, and prints the profile as it is then.
    pub(super) async fn run(self) -> Result<ExitCode, Error> {
        let (profile, came) = if self.set.is_empty() {
            (self.server.connect().await?.profile(&self.user).await?, None)
        } else {
            let request = request(&self.user, self.id.unwrap_or_default(), &self.set)?;
            let updated = self.server.connect().await?.update_profile(request).await?;
            (updated.profile.unwrap_or_default(), updated.recorded)
        };
        let mut out = std::io::stdout().lock();
        write!(out, "{}", said(&profile))?;
        let came = came.unwrap_or_default();
        for (what, awards) in
            [("and so these were given", came.awards), ("and so these were taken back", came.revoked)]
        {
            if !awards.is_empty() {
                writeln!(out, "{what}")?;
            }
            for award in &awards {
                writeln!(out, "  {}", award_line::readable(award))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn request(user: &str, id: String, set: &[String]) -> Result<UpdateProfileRequest, Error> {
    let mut profile = Shown { user: user.to_owned(), ..Shown::default() };
    let mut paths = Vec::new();
    for word in set {
        let Some((field, text)) = word.split_once('=') else {
            return Err(Error::Usage(format!(
                "{word:?} must say a field and its text: write --set name=Ann"
            )));
        };
        match field {
            "name" => profile.name = text.to_owned(),
            "link" => profile.link = text.to_owned(),
            "picture" => profile.picture = text.to_owned(),
            "time_zone" => profile.time_zone = text.to_owned(),
            "language" => profile.language = text.to_owned(),
            _ => {
                let known = "name, link, picture, time_zone and language";
                return Err(Error::Usage(format!("a profile has no {field:?} to set; it has {known}")));
            }
        }
        paths.push(field);
    }
    Ok(UpdateProfileRequest::new(profile, paths).with_id(id))
}

fn said(profile: &Shown) -> String {
    let Shown { user, name, link, picture, time_zone, language, points, award_count } = profile;
    let fields = [
        ("name", name),
        ("link", link),
        ("picture", picture),
        ("time_zone", time_zone),
        ("language", language),
    ];
    let fields = fields.into_iter().filter(|(_, text)| !text.is_empty());
    let lines: String = fields.map(|(field, text)| format!("  {field}  {text}\n")).collect();
    format!("{user}: {award_count} awards, {points} points\n{lines}")
}
