//! The logs that are witnessed. They may be changed while a server runs, which reads them again for each request.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use annals_tlog::{Hash, checkpoint::Checkpoint, note::VerifierKey};
use sha2::{Digest as _, Sha256};

use super::{Directory, DirectoryError, LOGS};
use crate::data_dir;
use crate::durable;

/// What the names of files with the keys of a log end with.
const KEYS_EXTENSION: &str = "keys";

/// A log that is witnessed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// What identifies it in its checkpoints.
    pub origin: String,
    /// The keys it signs with, at least one. The witness cosigns what any of them has signed.
    pub keys: Vec<VerifierKey>,
}

impl Directory {
    /// Witnesses the log with this origin, and takes this key of it. Returns whether that is new.
    ///
    /// # Errors
    ///
    /// `origin` is no origin, or the directory cannot be read or written.
    pub fn add_log(&self, origin: &str, key: VerifierKey) -> Result<bool, DirectoryError> {
        // What a checkpoint can be about can be witnessed.
        Checkpoint::new(origin, 0, Hash::EMPTY_ROOT)
            .map_err(|source| DirectoryError::Origin { origin: origin.to_owned(), source })?;
        let _edit = self.edit()?;
        let mut log =
            self.log(origin)?.unwrap_or_else(|| Log { origin: origin.to_owned(), keys: Vec::new() });
        if log.keys.contains(&key) {
            return Ok(false);
        }
        log.keys.push(key);
        let logs = self.path.join(LOGS);
        data_dir::create(&logs)?;
        let path = self.log_path(origin, KEYS_EXTENSION);
        let keys = log.keys.iter().map(VerifierKey::to_string);
        let lines: String =
            std::iter::once(log.origin).chain(keys).flat_map(|line| [line, "\n".to_owned()]).collect();
        durable::sync_parent(&logs)
            .and_then(|()| durable::replace(&path, &lines))
            .map_err(|source| DirectoryError::File { path, source })?;
        Ok(true)
    }

    /// Witnesses the log with this origin no longer. What was cosigned of it is remembered all the same.
    ///
    /// # Errors
    ///
    /// There is no such log, or the directory cannot be written.
    pub fn remove_log(&self, origin: &str) -> Result<(), DirectoryError> {
        let _edit = self.edit()?;
        let path = self.log_path(origin, KEYS_EXTENSION);
        if !path.try_exists().unwrap_or(true) {
            return Err(DirectoryError::UnknownLog { origin: origin.to_owned() });
        }
        durable::remove(&path).map_err(|source| DirectoryError::File { path, source })?;
        Ok(())
    }

    /// The log with this origin, if it is witnessed.
    pub fn log(&self, origin: &str) -> Result<Option<Log>, DirectoryError> {
        let path = self.log_path(origin, KEYS_EXTENSION);
        let log = read(&path)?;
        match log {
            Some(log) if log.origin != origin => {
                let why = format!("it is about another log: {}", log.origin);
                Err(DirectoryError::Unreadable { path, why })
            }
            log => Ok(log),
        }
    }

    /// All logs that are witnessed, by origin.
    pub fn logs(&self) -> Result<Vec<Log>, DirectoryError> {
        let logs = self.path.join(LOGS);
        let failed = |source| DirectoryError::File { path: logs.clone(), source };
        let entries = match fs::read_dir(&logs) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(failed(source)),
        };
        let mut all = Vec::new();
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            if path.extension() == Some(OsStr::new(KEYS_EXTENSION)) {
                // One that was removed a moment ago is no longer there.
                all.extend(read(&path)?);
            }
        }
        all.sort_by(|a, b| a.origin.cmp(&b.origin));
        Ok(all)
    }

    /// A file about the log with this origin, which may hold characters that no file name can.
    pub(super) fn log_path(&self, origin: &str, extension: &str) -> PathBuf {
        let name = Hash::from_bytes(Sha256::digest(origin).into());
        self.path.join(LOGS).join(format!("{name}.{extension}"))
    }
}

fn read(path: &Path) -> Result<Option<Log>, DirectoryError> {
    let text =
        durable::read(path).map_err(|source| DirectoryError::File { path: path.to_owned(), source })?;
    let Some(text) = text else { return Ok(None) };
    let unreadable = |why: String| DirectoryError::Unreadable { path: path.to_owned(), why };
    let mut lines = text.lines();
    let origin = lines.next().ok_or_else(|| unreadable("it is empty".to_owned()))?.to_owned();
    let keys: Result<Vec<VerifierKey>, _> = lines.map(str::parse).collect();
    let keys = keys.map_err(|error| unreadable(error.to_string()))?;
    if keys.is_empty() {
        return Err(unreadable("it has no verifier key".to_owned()));
    }
    Ok(Some(Log { origin, keys }))
}
