//! The key file, `keys.toml`: where keys are kept, and the one part of access that reads and writes.
//!
//! A file, and not a part of the store: `laurels key` works before the first start and while a server runs, a person
//! can read it, and no backup of the events carries the keys along. It is written beside, synced and renamed into
//! place, so that a server that reads meanwhile sees the old or the new one; who writes has a lock on the directory.
//! Comments stay where they are.

use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::num::NonZeroU32;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use toml_edit::{Array, ArrayOfTables, Datetime, DocumentMut, Item, Table, value};

use super::key::{KeyId, NoRandomness, fresh_key, fresh_secret};
use super::keyring::{Keyring, may_be_narrow};
use super::narrowing::Narrowing;
use super::scope::Scope;
use crate::event::Time;

/// What stands at the top of a new file.
const HEADER: &str = "\
# The keys of a Laurels server, written by `laurels key create`; a running server reads it again when it changes.
# Of an API key only the SHA-256 is here. The secret of a signing key is here: let nobody else read this.
";
/// Who may read and write it: its owner.
const MODE: u32 = 0o600;

/// A key file, that may not be there yet.
#[derive(Clone, Debug)]
pub struct KeyFile(PathBuf);

/// Why the key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The operating system said no.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was to be done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What it answered.
        source: io::Error,
    },
    /// It has a mistake.
    #[error("{}: {problem}", path.display())]
    Mistake {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to write instead.
        problem: String,
    },
    /// No key can be made.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// What a new key is for.
#[derive(Clone, Debug)]
pub enum Grant {
    /// An API key.
    Key {
        /// What it is for.
        scopes: Vec<Scope>,
        /// Whom and what it is for.
        narrowing: Narrowing,
        /// Calls and events a second.
        rate: Option<NonZeroU32>,
        /// Calls and events at once after a pause.
        burst: Option<NonZeroU32>,
    },
    /// A key to sign browser tokens with.
    Signing,
}

/// A key that was made.
#[derive(Debug)]
pub struct Made {
    /// By what it is known.
    pub id: KeyId,
    /// The key, or the secret to sign with. An API key is nowhere else.
    pub secret: SecretString,
}

impl KeyFile {
    /// The file at this path.
    pub fn at(path: impl Into<PathBuf>) -> KeyFile {
        KeyFile(path.into())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The keys in it. None where there is no file.
    pub fn read(&self) -> Result<Option<Keyring>, FileError> {
        let Some(text) = self.text()? else { return Ok(None) };
        Ok(Some(Keyring::parse(&text).map_err(|problem| self.mistake(problem))?))
    }

    /// Whether others than its owner may read it.
    pub fn is_readable_by_others(&self) -> bool {
        fs::metadata(&self.0).is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
    }

    /// Makes a key and writes it into the file, which is made where it is not there.
    pub fn create(
        &self,
        grant: &Grant,
        created: Time,
        expires: Option<Time>,
        note: &str,
    ) -> Result<Made, FileError> {
        self.change(|ring, document| {
            let mut id = KeyId::fresh()?;
            while ring.knows(&id) {
                id = KeyId::fresh()?;
            }
            let mut table = Table::new();
            table["id"] = value(id.as_str());
            let (list, secret) = match grant {
                Grant::Key { scopes, narrowing, rate, burst } => {
                    may_be_narrow(scopes, narrowing)
                        .map_err(|problem| self.mistake(format!("scopes {problem}")))?;
                    let (secret, hash) = fresh_key(&id)?;
                    table["sha256"] = value(hash.to_string());
                    table["scopes"] = value(scopes.iter().map(|scope| scope.name()).collect::<Array>());
                    if narrowing.types().next().is_some() {
                        table["types"] = value(narrowing.types().collect::<Array>());
                    }
                    if !narrowing.user_prefix().is_empty() {
                        table["user_prefix"] = value(narrowing.user_prefix());
                    }
                    for (name, number) in [("rate", rate), ("burst", burst)] {
                        if let Some(number) = number {
                            table[name] = value(i64::from(number.get()));
                        }
                    }
                    ("key", secret)
                }
                Grant::Signing => {
                    let secret = fresh_secret()?;
                    table["secret"] = value(secret.expose_secret());
                    ("signing", secret)
                }
            };
            table["created"] = datetime(created);
            if let Some(expires) = expires {
                table["expires"] = datetime(expires);
            }
            if !note.is_empty() {
                table["note"] = value(note);
            }
            let keys = document.entry(list).or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
            let keys = keys.as_array_of_tables_mut();
            keys.ok_or_else(|| self.mistake(written_otherwise(list)))?.push(table);
            Ok(Made { id, secret })
        })
    }

    /// Takes a key back. It stays in the file, so that its id still means something and the last key that is revoked
    /// does not open the door; the secret of a signing key goes. Says whether there was such a key, and it was not revoked
    /// before.
    pub fn revoke(&self, id: &KeyId, now: Time) -> Result<bool, FileError> {
        self.change(|ring, document| {
            let mut changed = false;
            for list in ["key", "signing"] {
                let Some(keys) = document.get_mut(list) else { continue };
                let keys = keys.as_array_of_tables_mut();
                let keys = keys.ok_or_else(|| self.mistake(written_otherwise(list)))?;
                for table in keys.iter_mut().filter(|table| {
                    table.get("id").and_then(Item::as_str) == Some(id.as_str())
                        && !table.contains_key("revoked")
                }) {
                    table["revoked"] = datetime(now);
                    table.remove("secret");
                    changed = true;
                }
            }
            debug_assert!(!changed || ring.knows(id));
            Ok(changed)
        })
    }

    /// Changes the file, alone; what it was before must be right, and what it becomes.
    fn change<T>(
        &self,
        change: impl FnOnce(&Keyring, &mut DocumentMut) -> Result<T, FileError>,
    ) -> Result<T, FileError> {
        // Where it is a link, what it leads to is changed.
        let path = fs::canonicalize(&self.0).unwrap_or_else(|_| self.0.clone());
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            Some(_) | None => Path::new("."),
        };
        fs::create_dir_all(directory).map_err(|source| self.io("make the directory of", source))?;
        let lock = File::open(directory).map_err(|source| self.io("lock the directory of", source))?;
        lock.lock().map_err(|source| self.io("lock the directory of", source))?;

        let text = self.text()?.unwrap_or_else(|| HEADER.to_owned());
        let ring = Keyring::parse(&text).map_err(|problem| self.mistake(problem))?;
        // It was just read as TOML by the same library.
        let mut document: DocumentMut = text.parse().map_err(|_| self.mistake("is no TOML".to_owned()))?;
        // In a file without keys all comments count as the end of it, and would come after the first key.
        let comments = if document.is_empty() { format!("{}\n", text.trim_end()) } else { String::new() };
        if document.is_empty() {
            document.set_trailing("");
        }
        let changed = change(&ring, &mut document)?;
        let text = format!("{comments}{document}");
        Keyring::parse(&text).map_err(|problem| self.mistake(problem))?;
        write(&path, directory, &text).map_err(|source| self.io("write", source))?;
        Ok(changed)
    }

    fn text(&self) -> Result<Option<String>, FileError> {
        match fs::read_to_string(&self.0) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(self.io("read", source)),
        }
    }

    fn io(&self, action: &'static str, source: io::Error) -> FileError {
        FileError::Io { action, path: self.0.clone(), source }
    }

    fn mistake(&self, problem: String) -> FileError {
        FileError::Mistake { path: self.0.clone(), problem }
    }
}

/// Puts the whole file into place at once.
fn write(path: &Path, directory: &Path, text: &str) -> io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(".keys-").tempfile_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(fs::Permissions::from_mode(MODE))?;
    // Root makes keys for a server that is not root, and must be able to read them.
    let owner = fs::metadata(path).or_else(|_| fs::metadata(directory))?;
    let is_owner = |found: &Metadata| (found.uid(), found.gid()) == (owner.uid(), owner.gid());
    if !is_owner(&file.as_file().metadata()?) {
        fchown(file.as_file(), Some(owner.uid()), Some(owner.gid()))?;
    }
    file.as_file().sync_all()?;
    file.persist(path)?;
    File::open(directory)?.sync_all()
}

fn datetime(time: Time) -> Item {
    // Whole seconds: nobody wants to read more.
    let (seconds, _) = time.to_unix();
    let time = Time::from_unix(seconds, 0).unwrap_or(time).to_string();
    let parsed: Result<Datetime, _> = time.parse();
    value(parsed.expect("a time is written as RFC 3339, which TOML has too"))
}

fn written_otherwise(list: &str) -> String {
    format!("write each key as a table of its own, under [[{list}]]")
}

#[cfg(test)]
mod tests {
    use super::super::{Access, Needs, StreamLimits};
    use super::*;
    use crate::clock::Clock;

    fn now() -> Time {
        Time::parse("2026-01-01T00:00:00.5Z").unwrap()
    }

    fn reads() -> Grant {
        let narrowing = Narrowing::parse(&["post.*"], "eu/").unwrap();
        Grant::Key { scopes: vec![Scope::Read], narrowing, rate: NonZeroU32::new(5), burst: None }
    }

    fn opens(file: &KeyFile, made: &Made) -> bool {
        let access = Access::new(file.read().unwrap().unwrap(), StreamLimits::default(), Clock::fixed(now()));
        let header = format!("Bearer {}", made.secret.expose_secret());
        access.caller(Some(header.as_bytes())).may(Needs::Scope(Scope::Read)).is_ok()
    }

    #[test]
    fn what_is_made_is_read_again_and_what_is_revoked_stays_as_that() {
        let directory = tempfile::tempdir().unwrap();
        let file = KeyFile::at(directory.path().join("new/keys.toml"));
        assert!(file.read().unwrap().is_none());
        let expires = now().plus_micros(1_000_000_000);
        let made = file.create(&reads(), now(), expires, "the \"forum\"").unwrap();
        let other = file.create(&reads(), now(), None, "").unwrap();
        let signing = file.create(&Grant::Signing, now(), None, "").unwrap();

        let ring = file.read().unwrap().unwrap();
        let key = &ring.keys[&made.id];
        assert_eq!(key.narrowing, Narrowing::parse(&["post.*"], "eu/").unwrap());
        assert_eq!((key.rate.unwrap().per_second.get(), key.rate.unwrap().burst.get()), (5, 5));
        assert_eq!(key.note, "the \"forum\"");
        assert_eq!(key.life.created, Time::parse("2026-01-01T00:00:00Z"));
        assert_eq!(
            ring.signing[&signing.id].secret.as_ref().unwrap().expose_secret(),
            signing.secret.expose_secret()
        );
        assert!(opens(&file, &made) && opens(&file, &other));

        assert!(file.revoke(&made.id, now()).unwrap());
        assert!(!file.revoke(&made.id, now()).unwrap(), "only once");
        assert!(file.revoke(&signing.id, now()).unwrap());
        assert!(!opens(&file, &made) && opens(&file, &other));
        let text = fs::read_to_string(file.path()).unwrap();
        for secret in [&made, &other, &signing] {
            assert!(!text.contains(secret.secret.expose_secret()), "{text}");
        }
        assert!(file.read().unwrap().unwrap().knows(&signing.id));
    }

    #[test]
    fn its_owner_alone_may_read_it_and_what_a_person_wrote_stays() {
        let directory = tempfile::tempdir().unwrap();
        let file = KeyFile::at(directory.path().join("keys.toml"));
        fs::write(file.path(), "# Ask Ana before you change this.\n").unwrap();
        assert!(file.is_readable_by_others());
        file.create(&reads(), now(), None, "").unwrap();
        assert!(!file.is_readable_by_others());
        assert!(fs::read_to_string(file.path()).unwrap().starts_with("# Ask Ana"));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_link_leads_to_what_is_changed() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("real")).unwrap();
        let real = KeyFile::at(directory.path().join("real/keys.toml"));
        real.create(&reads(), now(), None, "").unwrap();
        let link = KeyFile::at(directory.path().join("keys.toml"));
        std::os::unix::fs::symlink(real.path(), link.path()).unwrap();
        link.create(&reads(), now(), None, "").unwrap();
        assert!(fs::symlink_metadata(link.path()).unwrap().is_symlink());
        assert_eq!(real.read().unwrap().unwrap().keys.len(), 2);
    }

    #[test]
    fn who_writes_at_the_same_time_loses_no_key() {
        let directory = tempfile::tempdir().unwrap();
        let file = KeyFile::at(directory.path().join("keys.toml"));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..5).for_each(|_| drop(file.create(&reads(), now(), None, "").unwrap())));
            }
        });
        assert_eq!(file.read().unwrap().unwrap().keys.len(), 20);
    }

    #[test]
    fn a_broken_file_is_neither_read_nor_changed() {
        let directory = tempfile::tempdir().unwrap();
        let file = KeyFile::at(directory.path().join("keys.toml"));
        fs::write(file.path(), "[[key]]\nid = 7\n").unwrap();
        assert!(matches!(file.read(), Err(FileError::Mistake { .. })));
        let error = file.create(&reads(), now(), None, "").unwrap_err().to_string();
        assert!(error.contains("keys.toml: line 2: invalid type"), "{error}");
        assert_eq!(fs::read_to_string(file.path()).unwrap(), "[[key]]\nid = 7\n");
        let admin = Grant::Key {
            scopes: vec![Scope::Admin],
            narrowing: Narrowing::parse::<&str>(&[], "eu/").unwrap(),
            rate: None,
            burst: None,
        };
        let other = KeyFile::at(directory.path().join("other.toml"));
        assert!(other.create(&admin, now(), None, "").unwrap_err().to_string().contains("make two keys"));
        assert!(other.read().unwrap().is_none());
    }
}
