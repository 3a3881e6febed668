//! `laurels backup`: everything a server has, as one file.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use laurels_client::{BackupUntil, Timestamp};

use super::error::Error;
use super::server::Server;
use crate::store::{self, Contents, Until};

/// A backup has everything of every user, so it is its owner's alone.
const MODE: u32 = 0o600;

/// Write everything a server has into a file, while it goes on serving
#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The file to make
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only up to this event, by its number, or up to this time of arrival, such as 2026-01-31T12:00:00Z
    #[arg(long, value_name = "SEQUENCE|TIME", value_parser = until)]
    until: Option<Until>,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    server: Server,
}

/// What `--until` says.
pub(super) fn until(text: &str) -> Result<Until, String> {
    let problem = "write the number of an event, such as 1000, or a time, such as 2026-01-31T12:00:00Z";
    Until::parse(text).ok_or_else(|| problem.to_owned())
}

impl Backup {
    /// Writes beside the file, checks what was written, and gives it its name when all of it is on the disk.
    pub(super) async fn run(self) -> Result<ExitCode, Error> {
        self.must_be_free()?;
        let unfinished = unfinished(&self.file);
        let written = self.write(&unfinished).await;
        if written.is_err() {
            // It may not even have been made.
            let _ = fs::remove_file(&unfinished);
        }
        let Contents { events, last, bytes } = written?;
        let mut out = std::io::stdout().lock();
        writeln!(out, "{events} events, up to number {}; {bytes} bytes in {}", last.0, self.file.display())?;
        Ok(ExitCode::SUCCESS)
    }

    async fn write(&self, unfinished: &Path) -> Result<Contents, Error> {
        let failed = |source| Error::io(format!("write {}", unfinished.display()), source);
        let mut backup = self.server.connect().await?.backup(self.until.and_then(asked)).await?;
        let mut options = OpenOptions::new();
        let file =
            options.write(true).create(true).truncate(true).mode(MODE).open(unfinished).map_err(failed)?;
        let mut out = BufWriter::new(&file);
        while let Some(chunk) = backup.next().await? {
            out.write_all(&chunk).map_err(failed)?;
        }
        out.flush().map_err(failed)?;
        drop(out);
        file.sync_all().map_err(failed)?;
        let written = BufReader::with_capacity(1 << 20, File::open(unfinished).map_err(failed)?);
        let contents = store::inspect(written, &unfinished.display().to_string())?;
        self.must_be_free()?;
        fs::rename(unfinished, &self.file).map_err(failed)?;
        sync_name(&self.file).map_err(failed)?;
        Ok(contents)
    }

    fn must_be_free(&self) -> Result<(), Error> {
        match self.force || !self.file.exists() {
            true => Ok(()),
            false => Err(Error::Usage(format!(
                "{} is there already; name another file, or write over it with --force",
                self.file.display()
            ))),
        }
    }
}

/// What the server is asked for.
fn asked(until: Until) -> Option<BackupUntil> {
    match until {
        Until::Head => None,
        // More events than this there will not be, and the server says so.
        Until::Event(sequence) => {
            Some(BackupUntil::UntilSequence(i64::try_from(sequence.0).unwrap_or(i64::MAX)))
        }
        Until::Time(time) => {
            let (seconds, nanos) = time.to_unix();
            Some(BackupUntil::UntilTime(Timestamp { seconds, nanos }))
        }
    }
}

/// What the file is called until it is whole.
fn unfinished(file: &Path) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(".unfinished");
    PathBuf::from(name)
}

/// Makes a file's name durable.
fn sync_name(file: &Path) -> std::io::Result<()> {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}
