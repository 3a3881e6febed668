//! Reading the badge files again while events come in: told by a call, by a signal, or by the files themselves.
//!
//! Whoever asks, what is wrong is said in the log, every mistake of it, and the rules in use go on; what is taken into use
//! stands in the audit log.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::{Error, Service};
use crate::act::Note;
use crate::badge::Badge;
use crate::catalog::{Catalog, Files, Numbers, Size, Unreadable};
use crate::diagnostic::Diagnostic;

/// The folder that the rules in use come from.
#[derive(Default)]
pub(super) struct Folder {
    path: PathBuf,
    /// How large it may be.
    most: Size,
    /// What stood in it when it was last read again, whether it could be used or not. Held while that is taken into use,
    /// so that what was read first is not taken into use last.
    read: Mutex<Option<Files>>,
}

/// Rules that were taken into use.
#[derive(Clone, Debug)]
pub struct Reloaded {
    /// The rules.
    pub catalog: Arc<Catalog>,
    /// The ids of the badges that are new, in the order of the catalog.
    pub added: Vec<String>,
    /// The ids of the badges that are declared no longer. Those who hold them keep them.
    pub retired: Vec<String>,
    /// The stats, and the badges with a number of their own, whose definition is another than before: they count from
    /// nothing.
    pub restarted: Vec<String>,
    /// What can be used and was most likely not meant.
    pub warnings: Vec<Diagnostic>,
}

/// Why the badge files were not taken into use. Those in use go on.
#[derive(Debug, thiserror::Error)]
pub enum NotReloaded {
    /// The service was started without a folder.
    #[error("this server reads its rules from no folder")]
    NoFolder,
    /// They cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// They have mistakes: all of them, and the warnings beside them.
    #[error("the badge files have mistakes; those read before go on")]
    Mistakes(Vec<Diagnostic>),
    /// They could not be taken into use.
    #[error(transparent)]
    Service(#[from] Error),
}

impl Service {
    /// Says where the rules in use came from, so that they can be read again, and how large they may be. The first
    /// call counts.
    pub fn comes_from(&self, folder: PathBuf, most: Size) {
        // An error says that it was told before.
        let _ = self.0.folder.set(Folder { path: folder, most, read: Mutex::default() });
    }

    /// Reads the badge files again, as somebody asks, and takes them into use, between two events.
    pub async fn reload_folder(&self, actor: &str) -> Result<Reloaded, NotReloaded> {
        let Some(folder) = self.0.folder.get() else { return Err(NotReloaded::NoFolder) };
        let mut read = folder.read.lock().await;
        let reloaded = match self.read(folder).await {
            Ok(files) => self.take_into_use(&*read.insert(files)).await,
            Err(unreadable) => Err(unreadable),
        };
        self.say(&reloaded, actor).await;
        reloaded
    }

    /// The same, unless they are as they were when they were last read again: then none.
    pub async fn reload_changed_folder(&self, actor: &str) -> Result<Option<Reloaded>, NotReloaded> {
        let Some(folder) = self.0.folder.get() else { return Err(NotReloaded::NoFolder) };
        let mut read = folder.read.lock().await;
        let reloaded = match self.read(folder).await {
            Ok(files) if read.as_ref() == Some(&files) => return Ok(None),
            Ok(files) => self.take_into_use(&*read.insert(files)).await,
            Err(unreadable) => Err(unreadable),
        };
        self.say(&reloaded, actor).await;
        reloaded.map(Some)
    }

    async fn say(&self, reloaded: &Result<Reloaded, NotReloaded>, actor: &str) {
        if let Ok(reloaded) = reloaded {
            self.note(Note::ReloadBadges, actor, &reloaded.summary()).await;
        }
        log(reloaded);
    }

    async fn read(&self, folder: &Folder) -> Result<Files, NotReloaded> {
        let (path, most) = (folder.path.clone(), folder.most);
        let read = self.0.threads.blocking(move || Files::read_within(&path, most)).await;
        Ok(read.map_err(Error::internal)??)
    }

    async fn take_into_use(&self, files: &Files) -> Result<Reloaded, NotReloaded> {
        let before = self.catalog();
        let mut warnings = Vec::new();
        let compile = |numbers: &Numbers| match files.compile(numbers) {
            Ok((catalog, numbers, found)) => {
                warnings = found;
                Ok(Some((catalog, numbers)))
            }
            Err(mistakes) => Err(NotReloaded::Mistakes(mistakes)),
        };
        let catalog = self.reload(compile).await?.unwrap_or_else(|| before.clone());
        Ok(Reloaded {
            added: only_in(&catalog, &before),
            retired: only_in(&before, &catalog),
            restarted: restarted(&catalog, &before),
            catalog,
            warnings,
        })
    }
}

impl Reloaded {
    /// How many badges are declared.
    pub fn badge_count(&self) -> usize {
        self.catalog.badges.iter().filter(|badge| !badge.retired).count()
    }

    /// What is other than before: `12 badges; new: a, b; declared no longer: c`.
    fn summary(&self) -> String {
        let badges = match self.badge_count() {
            1 => "1 badge".to_owned(),
            count => format!("{count} badges"),
        };
        let lists = [
            ("new", &self.added),
            ("declared no longer", &self.retired),
            ("counting from nothing", &self.restarted),
        ];
        let named = lists.into_iter().filter(|(_, names)| !names.is_empty());
        let named = named.map(|(what, names)| format!("; {what}: {}", names.join(", ")));
        badges + &named.collect::<String>()
    }
}

/// The badges that one catalog declares and the other does not.
fn only_in(one: &Catalog, other: &Catalog) -> Vec<String> {
    let declared = |badge: &&Badge| !badge.retired;
    let in_other = |badge: &&Badge| other.badge_by_id(&badge.id).is_some_and(|badge| !badge.retired);
    let only = one.badges.iter().filter(declared).filter(|badge| !in_other(badge));
    only.map(|badge| badge.id.to_string()).collect()
}

/// What keeps something under the same name as before, and from nothing.
fn restarted(catalog: &Catalog, before: &Catalog) -> Vec<String> {
    let kept = |slot| before.stats.iter().any(|stat| stat.slot == slot);
    let known = |name: &str| before.stats.iter().any(|stat| stat.name == name);
    let changed = catalog.stats.iter().filter(|stat| known(&stat.name) && !kept(stat.slot));
    changed.map(|stat| stat.name.to_string()).collect()
}

fn log(read: &Result<Reloaded, NotReloaded>) {
    match read {
        Ok(reloaded @ Reloaded { added, retired, restarted, warnings, .. }) => {
            warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
            let badges = reloaded.badge_count();
            let (added, retired) = (added.len(), retired.len());
            tracing::info!(badges, added, retired, "the badge files were read again");
            for name in restarted {
                tracing::warn!("`{name}` is defined in another way than before, and counts from nothing");
            }
        }
        Err(NotReloaded::Mistakes(mistakes)) => {
            mistakes.iter().for_each(|mistake| tracing::error!("{mistake}"));
            tracing::error!("the badge files cannot be used as they are; those read before go on");
        }
        Err(error @ (NotReloaded::NoFolder | NotReloaded::Unreadable(_) | NotReloaded::Service(_))) => {
            tracing::error!(%error, "the badge files were not read again; those read before go on")
        }
    }
}
