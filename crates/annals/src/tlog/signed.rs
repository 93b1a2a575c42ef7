//! What these keys have signed last, in a file beside them: so that a catalog that was set back is noticed.
//!
//! The catalog keeps checkpoints, too. But whoever restores a backup of it sets them back with the entries, and would
//! sign another history of the same log.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use annals_store::{Cause, ReadError};
use annals_tlog::Hash;

use super::SigningKeys;
use crate::durable;

/// The size and root of the last tree that was signed with the keys in a file, of the log of the account with this token.
pub fn last_signed(keys: &Path, account: &str) -> Result<Option<(u64, Hash)>, ReadError> {
    let unavailable = |error: Cause| ReadError::Unavailable(error);
    let Some(origin) =
        SigningKeys::load(keys).map_err(|error| unavailable(error.into()))?.map(|keys| keys.origin(account))
    else {
        return Ok(None);
    };
    Ok(Signed::load(keys).map_err(|error| unavailable(error.into()))?.of(&origin))
}

/// The size and root of the last tree that was signed of each log, by origin: a line for each, `SIZE ROOT ORIGIN`.
#[derive(Debug)]
pub(super) struct Signed {
    path: PathBuf,
    trees: BTreeMap<String, (u64, Hash)>,
}

impl Signed {
    /// Reads what was signed with the keys in a file; nothing, if there is no file beside it.
    pub(super) fn load(keys: &Path) -> io::Result<Self> {
        let path = keys.with_added_extension("signed");
        let text = durable::read(&path)?.unwrap_or_default();
        let mut trees = BTreeMap::new();
        for line in text.lines() {
            let parsed = || {
                let (size, rest) = line.split_once(' ')?;
                let (root, origin) = rest.split_once(' ')?;
                Some((origin.to_owned(), (size.parse().ok()?, root.parse().ok()?)))
            };
            let (origin, tree) = parsed().ok_or_else(|| {
                io::Error::new(io::ErrorKind::InvalidData, format!("{} is damaged: {line:?}", path.display()))
            })?;
            trees.insert(origin, tree);
        }
        Ok(Self { path, trees })
    }

    /// The last tree of a log.
    pub(super) fn of(&self, origin: &str) -> Option<(u64, Hash)> {
        self.trees.get(origin).copied()
    }

    /// Keeps that these are signed, durably, before anybody is shown them. An error keeps nothing.
    pub(super) fn keep(&mut self, signed: impl Iterator<Item = (String, (u64, Hash))>) -> io::Result<()> {
        let mut trees = self.trees.clone();
        trees.extend(signed);
        let lines: Vec<String> =
            trees.iter().map(|(origin, (size, root))| format!("{size} {root} {origin}\n")).collect();
        durable::replace(&self.path, &lines.concat())?;
        self.trees = trees;
        Ok(())
    }
}
