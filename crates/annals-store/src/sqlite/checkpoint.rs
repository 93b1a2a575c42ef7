//! When the write-ahead log is copied into the database file, so that it does not grow without bound.

use std::time::Duration;

use rusqlite::{Connection, Result};

use super::SqliteOptions;

/// How long a truncating checkpoint waits for readers of the log at most; commits wait behind it.
const READERS_WAIT: Duration = Duration::from_millis(100);

/// A log this many times longer than a checkpoint is due at is truncated, and readers are waited for: passive
/// checkpoints alone never shorten a log that always has a reader.
const OVERGROWN: u64 = 4;

/// How hard a checkpoint tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Only looks how long the log is.
    Noop,
    /// Copies what nobody needs in the log any more, and waits for nobody.
    Passive,
    /// Waits a moment for readers, copies everything and empties the log.
    Truncate,
}

/// Runs a checkpoint and returns how many frames (pages with a header) the log has after it. That readers kept it
/// from finishing is no error.
pub(super) fn run(connection: &Connection, mode: Mode, busy_wait: Duration) -> Result<u64> {
    let sql = match mode {
        Mode::Noop => "PRAGMA wal_checkpoint(NOOP)",
        Mode::Passive => "PRAGMA wal_checkpoint(PASSIVE)",
        Mode::Truncate => "PRAGMA wal_checkpoint(TRUNCATE)",
    };
    connection.busy_timeout(READERS_WAIT.min(busy_wait))?;
    let frames = connection.prepare_cached(sql).and_then(|mut pragma| {
        // The columns are: busy, frames in the log, frames copied. The numbers are -1 when they are not known.
        pragma.query_one((), |row| row.get::<_, i64>(1))
    });
    connection.busy_timeout(busy_wait)?;
    Ok(u64::try_from(frames?).unwrap_or(0))
}

/// Decides when the writer runs checkpoints.
pub(super) struct Schedule {
    busy_wait: Duration,
    /// Frames that the log may grow by between checkpoints.
    frames_max: u64,
    /// Frames in the log when the last checkpoint had run.
    frames_done: u64,
}

impl Schedule {
    /// A checkpoint about every [`checkpoint_bytes`](SqliteOptions::checkpoint_bytes) of log.
    pub(super) fn new(connection: &Connection, options: &SqliteOptions) -> Result<Self> {
        let page: u32 = connection.query_one("PRAGMA page_size", (), |row| row.get(0))?;
        let frames_max = (options.checkpoint_bytes / u64::from(page.max(1))).max(1);
        Ok(Self { busy_wait: options.busy_wait, frames_max, frames_done: 0 })
    }

    /// Runs a checkpoint if one is due after a commit.
    pub(super) fn after_commit(&mut self, connection: &Connection) -> Result<()> {
        let frames = self.run(connection, Mode::Noop)?;
        if frames < self.frames_done {
            // The log started again from its beginning.
            self.frames_done = 0;
        }
        if frames - self.frames_done >= self.frames_max {
            let overgrown = frames >= self.frames_max.saturating_mul(OVERGROWN);
            self.frames_done =
                self.run(connection, if overgrown { Mode::Truncate } else { Mode::Passive })?;
        }
        Ok(())
    }

    /// Empties the log when nobody writes.
    pub(super) fn at_rest(&mut self, connection: &Connection) -> Result<()> {
        if self.run(connection, Mode::Noop)? > 0 {
            self.frames_done = self.run(connection, Mode::Truncate)?;
        }
        Ok(())
    }

    fn run(&self, connection: &Connection, mode: Mode) -> Result<u64> {
        run(connection, mode, self.busy_wait)
    }
}
