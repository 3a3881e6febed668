//! What documents are written behind into: an ordered map of bytes on the disk. The real one is sled; tests have
//! one of their own, on a disk of their own.
//!
//! A tree is used by one thread only, and is trusted with nothing: all that is in it can be made again from
//! the journal.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::{Error, Options};

/// A key, and the value that it is to have from now on; None takes it away.
pub type Write = (Vec<u8>, Option<Vec<u8>>);

/// Why a tree did not do what it was told.
#[derive(Debug)]
pub enum Trouble {
    /// It cannot be trusted any more: set it aside, and make it again.
    Broken(String),
    /// It is not to blame: the disk is full, or the like. Try again later, after opening it again.
    Passing(io::Error),
    /// Something else failed.
    Other(Error),
}

/// An open tree.
pub trait Tree: Send {
    /// The value under a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Trouble>;

    /// Writes all of them or none. Durable only after [`sync`](Tree::sync).
    fn write(&self, batch: Vec<Write>) -> Result<(), Trouble>;

    /// Makes all that was written durable.
    fn sync(&self) -> Result<(), Trouble>;

    /// The keys from this one on, in order, at most `limit`.
    fn keys(&self, from: &[u8], limit: usize) -> Result<Vec<Vec<u8>>, Trouble>;

    /// Gives up a broken one without closing it: it would go on to use what is broken.
    fn abandon(self: Box<Self>);
}

/// Where trees are.
pub trait Trees: fmt::Debug + Send + Sync + 'static {
    /// Opens the tree in this directory, or makes one.
    fn open(&self, directory: &Path, options: &Options) -> Result<Box<dyn Tree>, Trouble>;

    /// Whether there is one in this directory.
    fn is_in(&self, directory: &Path) -> bool;

    /// Renames a broken one, so that it can be looked at, or takes it away where enough were kept. Says where it
    /// is now.
    fn set_aside(&self, directory: &Path, options: &Options) -> io::Result<Option<PathBuf>>;
}
