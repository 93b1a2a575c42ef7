//! The directory of a witness: everything it has.
//!
//! - `keys`: its secret keys, one a line;
//! - `logs/HASH.keys`: a log that it witnesses, its origin and then its verifier keys, one a line;
//! - `logs/HASH.checkpoint`: the checkpoint of that log that was cosigned last, with the cosignatures;
//! - `edit.lock`, which whoever changes keys or logs has locked, and `serve.lock`, which a running server has.
//!
//! HASH is the SHA-256 of the origin. A checkpoint stays when its log is removed: if the log is added again, the witness
//! goes on where it was, as it must never cosign two trees that do not agree.

mod keys;
mod latest;
mod logs;

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use annals_tlog::{checkpoint::CheckpointError, note::KeyError};

pub use self::logs::Log;
use crate::{
    data_dir::{self, DataDirError, Lock},
    durable,
};

/// The secret keys.
const KEYS: &str = "keys";

/// The logs and their checkpoints.
const LOGS: &str = "logs";

/// Locked while keys or logs are changed, so that no change is lost to another.
const EDIT_LOCK: &str = "edit.lock";

/// A directory with the keys of a witness in it.
#[derive(Clone, Debug)]
pub struct Directory {
    path: PathBuf,
}

impl Directory {
    /// The witness that is in this directory.
    ///
    /// # Errors
    ///
    /// There are no keys in it.
    pub fn open(path: &Path) -> Result<Self, DirectoryError> {
        let directory = Self { path: path.to_owned() };
        let keys = directory.keys_path();
        match keys.try_exists() {
            Ok(true) => Ok(directory),
            Ok(false) => Err(DirectoryError::NoWitness { path: path.to_owned() }),
            Err(source) => Err(DirectoryError::File { path: keys, source }),
        }
    }

    /// Makes this process the only server of the directory, until the lock is dropped or the process ends.
    pub fn lock(&self) -> Result<Lock, DirectoryError> {
        Ok(data_dir::lock(&self.path)?)
    }

    /// Waits until nobody else changes keys or logs.
    fn edit(&self) -> Result<File, DirectoryError> {
        let path = self.path.join(EDIT_LOCK);
        durable::lock(&path).map_err(|source| DirectoryError::File { path, source })
    }

    fn keys_path(&self) -> PathBuf {
        self.path.join(KEYS)
    }
}

/// Why a witness cannot do something with its directory.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// No witness was made there.
    #[error("there is no witness in {}", path.display())]
    NoWitness {
        /// The directory.
        path: PathBuf,
    },
    /// There is one, or what is left of one.
    #[error("there is a witness in {} already", path.display())]
    Exists {
        /// The directory.
        path: PathBuf,
    },
    /// The name of the keys to make is none.
    #[error("`{name}` cannot be the name of a witness: {source}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        source: KeyError,
    },
    /// The origin of the log to add is none.
    #[error("`{origin}` cannot be the origin of a log: {source}")]
    Origin {
        /// The origin.
        origin: String,
        /// What is wrong with it.
        source: CheckpointError,
    },
    /// The log to remove is not witnessed.
    #[error("no log with this origin is witnessed: {origin}")]
    UnknownLog {
        /// The origin.
        origin: String,
    },
    /// A file or directory cannot be read or written.
    #[error("{} cannot be used: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file holds something else than was written to it.
    #[error("{} is not as a witness writes it: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The directory cannot be made, or another server has it.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
}
