//! A connection for what is read in microseconds: on the thread of whoever asks, as waking another one takes ten times as long.

use std::path::Path;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::Connection;

use super::SqliteOptions;
use super::open::OpenError;
use super::readers::State;
use crate::catalog::ReadError;

/// The connection. Nobody waits for it.
pub(super) struct Prompt(Mutex<State>);

impl Prompt {
    /// Opens the connection. The database must exist.
    pub(super) fn open(path: &Path, options: &SqliteOptions) -> Result<Self, OpenError> {
        // Whoever would have to wait asks a thread instead.
        let options = SqliteOptions { busy_wait: Duration::ZERO, ..options.clone() };
        State::open(path, options).map(|state| Self(Mutex::new(state)))
    }

    /// What `work` reads, a row or two of a small table; `None` if somebody else is reading, or it failed: then a thread has
    /// to.
    pub(super) fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, ReadError>) -> Option<T> {
        self.0.try_lock()?.read(work).ok()
    }
}
