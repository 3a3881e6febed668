//! `laurels key`: who may call the server. It writes the key file, whether a server runs or not.

use std::io::Write;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use serde_json::json;

use super::error::Error;
use super::keys;
use super::settings::Settings;
use crate::access::{Grant, Key as Kept, KeyId, Life, Made, Narrowing, Scope, SigningKey, Standing};
use crate::cel::parse_duration;
use crate::clock::Clock;
use crate::event::Time;

/// Make, list and revoke the keys that callers need
#[derive(Debug, Args)]
pub(super) struct Key {
    #[command(subcommand)]
    command: Command,
    /// Where the server keeps everything; left out: where its settings say
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<String>,
    /// The file that has the keys; left out: the one of the settings, which is keys.toml where everything is kept
    #[arg(long, global = true, value_name = "FILE")]
    keys: Option<String>,
    /// The file of the server's settings; left out: laurels.toml where that is there
    #[arg(long, global = true, value_name = "FILE", env = "LAURELS_CONFIG")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Create(Create),
    List(List),
    Revoke(Revoke),
}

/// Make a key, and print it: it is shown this once
#[derive(Debug, Args)]
struct Create {
    /// What it is for: record, read, watch, admin; several by commas, or the option several times
    #[arg(long, value_name = "SCOPE", value_delimiter = ',', value_parser = Scope::parse,
          required_unless_present = "signing")]
    scope: Vec<Scope>,
    /// Only events of these types may be recorded, such as post.created, or post.* for all that begin so
    #[arg(long, value_name = "TYPE", value_delimiter = ',')]
    types: Vec<String>,
    /// Only for users that begin with this, such as eu/
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    user_prefix: String,
    /// Calls and events a second that it may make; left out: as many as it likes
    #[arg(long, value_name = "NUMBER")]
    rate: Option<NonZeroU32>,
    /// Calls and events that it may make at once after a pause; left out: as many as in a second
    #[arg(long, value_name = "NUMBER", requires = "rate")]
    burst: Option<NonZeroU32>,
    /// A key to sign browser tokens with, instead of one to call with
    #[arg(long, conflicts_with_all = ["scope", "types", "user_prefix", "rate", "burst"])]
    signing: bool,
    /// For how long it is good, such as 90d, or until when, such as 2027-01-31T12:00:00Z; left out: until it is revoked
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
    /// Whose it is, or what for: shown by `laurels key list`
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    note: String,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// Show the keys there are, without their secrets
#[derive(Debug, Args)]
struct List {
    /// Print one JSON object a line
    #[arg(long)]
    jsonl: bool,
}

/// Take a key back: it opens nothing more, and what it holds open ends
#[derive(Debug, Args)]
struct Revoke {
    /// Its id, which `laurels key list` shows
    id: String,
}

impl Key {
    /// Does what the command line says.
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        // The settings of the server, so that it is the file that the server reads.
        let options = [("data", self.data), ("keys", self.keys)];
        let said = options.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let settled = match Settings::of(self.config, said.collect()).settle()? {
            Ok(settled) => settled,
            Err(code) => return Ok(code),
        };
        let file = keys::file(&settled.config);
        let now = Clock::system().now();
        match self.command {
            Command::Create(create) => {
                let expires = create.expires(now)?;
                let made = file.create(&create.grant()?, now, expires, &create.note)?;
                create.show(&made, &file.path().display().to_string())
            }
            Command::List(list) => {
                let ring = file.read()?.unwrap_or_default();
                list.show(&ring.keys(), &ring.signing_keys(), now)
            }
            Command::Revoke(Revoke { id }) => {
                let parsed =
                    KeyId::parse(&id).map_err(|problem| Error::Usage(format!("the id {problem}")))?;
                if !file.revoke(&parsed, now)? {
                    return Err(Error::Usage(format!(
                        "there is no key {parsed} to revoke in {}; `laurels key list` shows those there are",
                        file.path().display()
                    )));
                }
                writeln!(std::io::stdout(), "revoked {parsed}; a server that runs knows within two seconds")?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

impl Create {
    fn grant(&self) -> Result<Grant, Error> {
        if self.signing {
            return Ok(Grant::Signing);
        }
        let narrowing = Narrowing::parse(&self.types, &self.user_prefix)
            .map_err(|(field, problem)| Error::Usage(format!("--{} {problem}", field.replace('_', "-"))))?;
        let mut scopes = self.scope.clone();
        scopes.sort_unstable();
        scopes.dedup();
        Ok(Grant::Key { scopes, narrowing, rate: self.rate, burst: self.burst })
    }

    fn expires(&self, now: Time) -> Result<Option<Time>, Error> {
        let Some(text) = &self.expires else { return Ok(None) };
        let after = parse_duration(text).and_then(|micros| now.plus_micros(micros));
        let expires = after.or_else(|| Time::parse(text)).filter(|expires| *expires > now);
        let problem =
            "--expires must be a time from now, such as 90d, or one to come, such as 2027-01-31T12:00:00Z";
        expires.map(Some).ok_or_else(|| Error::Usage(problem.to_owned()))
    }

    /// What is needed to use it goes to standard output, so that it can be piped; what there is to know, beside it.
    fn show(&self, made: &Made, file: &str) -> Result<ExitCode, Error> {
        let Made { id, secret } = made;
        let secret = secret.expose_secret();
        let mut out = std::io::stdout().lock();
        match (self.json, self.signing) {
            (true, false) => writeln!(out, "{}", json!({ "id": id.as_str(), "key": secret }))?,
            (true, true) => writeln!(out, "{}", json!({ "kid": id.as_str(), "secret": secret }))?,
            (false, false) => writeln!(out, "{secret}")?,
            (false, true) => writeln!(out, "kid    {id}\nsecret {secret}")?,
        }
        out.flush()?;
        if !self.json {
            let what = if self.signing { "signing key" } else { "key" };
            writeln!(
                std::io::stderr(),
                "The {what} {id} is kept in {file} and is not shown again. A server that runs knows it within two seconds."
            )?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl List {
    fn show(&self, keys: &[&Kept], signing: &[&SigningKey], now: Time) -> Result<ExitCode, Error> {
        let mut out = std::io::stdout().lock();
        if self.jsonl {
            for key in keys {
                writeln!(out, "{}", key_json(key, now))?;
            }
            for key in signing {
                writeln!(out, "{}", with_life(json!({ "kid": key.id.as_str() }), key.life, &key.note, now))?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        if keys.is_empty() && signing.is_empty() {
            writeln!(out, "there are no keys, so whoever reaches the server may do everything")?;
        }
        for key in keys {
            writeln!(out, "{}", line(&key.id, &may(key), key.life, &key.note, now))?;
        }
        for key in signing {
            writeln!(out, "{}", line(&key.id, "signs browser tokens", key.life, &key.note, now))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What a key may do, in a few words.
fn may(key: &Kept) -> String {
    let mut text = key.scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(", ");
    let types: Vec<_> = key.narrowing.types().collect();
    if !types.is_empty() {
        text.push_str(&format!("; events {}", types.join(", ")));
    }
    if !key.narrowing.user_prefix().is_empty() {
        text.push_str(&format!("; users {}…", key.narrowing.user_prefix()));
    }
    if let Some(rate) = key.rate {
        text.push_str(&format!("; {} a second, {} at once", rate.per_second, rate.burst));
    }
    text
}

fn line(id: &KeyId, may: &str, life: Life, note: &str, now: Time) -> String {
    let standing = match (life.standing(now), life.revoked, life.expires) {
        (Standing::Revoked, Some(revoked), _) => format!("revoked {revoked}"),
        (Standing::Expired, _, Some(expires)) => format!("expired {expires}"),
        (_, _, Some(expires)) => format!("until {expires}"),
        (_, _, None) => "good".to_owned(),
    };
    let note = if note.is_empty() { String::new() } else { format!("  ({note})") };
    format!("{:8}  {standing}  {may}{note}", id.as_str())
}

fn key_json(key: &Kept, now: Time) -> serde_json::Value {
    let mut told = json!({
        "id": key.id.as_str(),
        "scopes": key.scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>(),
        "types": key.narrowing.types().collect::<Vec<_>>(),
        "user_prefix": key.narrowing.user_prefix(),
    });
    if let Some(rate) = key.rate {
        told["rate"] = rate.per_second.get().into();
        told["burst"] = rate.burst.get().into();
    }
    with_life(told, key.life, &key.note, now)
}

fn with_life(mut told: serde_json::Value, life: Life, note: &str, now: Time) -> serde_json::Value {
    for (name, time) in [("created", life.created), ("expires", life.expires), ("revoked", life.revoked)] {
        if let Some(time) = time {
            told[name] = time.to_string().into();
        }
    }
    told["good"] = (life.standing(now) == Standing::Good).into();
    told["note"] = note.into();
    told
}
