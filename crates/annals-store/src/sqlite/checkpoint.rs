//! When the write-ahead log is copied into the database file, so that it does not grow without bound.

use std::ffi::c_int;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::hooks::Wal;
use rusqlite::{Connection, OpenFlags, Result};

use super::{SqliteOptions, open};
use crate::catalog::Cause;

/// How long a truncating checkpoint waits for readers of the log at most; commits wait behind it.
const READERS_WAIT: Duration = Duration::from_millis(100);

/// A log this many times longer than a checkpoint is due at starts again from its beginning once it has been copied, and
/// writers and readers are waited for: passive checkpoints alone never shorten a log that is always in use.
const OVERGROWN: u64 = 4;

/// One this many times longer is copied while everybody waits: the disk must not be written to any faster.
const OVERLONG: u64 = 2 * OVERGROWN;

/// The file of a log is left this many times longer than a checkpoint is due at: as long as it becomes under a steady load.
pub(super) const KEPT: u64 = OVERGROWN + 1;

/// How hard a checkpoint tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Only looks how long the log is.
    Noop,
    /// Copies what nobody needs in the log any more, and waits for nobody.
    Passive,
    /// Waits a moment for readers and copies everything, so that the log starts again from its beginning. Its file stays
    /// as long as it is: a commit that need not lengthen it is synced faster.
    Restart,
    /// The same, and empties the file.
    Truncate,
}

/// Runs a checkpoint and returns how many frames (pages with a header) the log has after it. That readers kept it
/// from finishing is no error.
pub(super) fn run(connection: &Connection, mode: Mode, busy_wait: Duration) -> Result<u64> {
    let sql = match mode {
        Mode::Noop => "PRAGMA wal_checkpoint(NOOP)",
        Mode::Passive => "PRAGMA wal_checkpoint(PASSIVE)",
        Mode::Restart => "PRAGMA wal_checkpoint(RESTART)",
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

/// Decides when checkpoints run, and where: beside the writer as long as the log stays in bounds.
pub(super) struct Schedule {
    path: PathBuf,
    options: SqliteOptions,
    /// Frames that the log may grow by between checkpoints.
    frames_max: u64,
    /// Frames in the log after the last commit, as SQLite tells: asking for them takes as long as some commits do.
    frames: Arc<AtomicU64>,
    /// Frames in the log when the last checkpoint was due.
    frames_done: u64,
    /// Whether the log starts again from its beginning when the copier is done.
    ends: bool,
    /// Started when it is first needed: a command that writes one row needs none.
    background: Option<Background>,
}

impl Schedule {
    /// A checkpoint about every [`checkpoint_bytes`](SqliteOptions::checkpoint_bytes) of log.
    pub(super) fn new(connection: &mut Connection, path: &Path, options: &SqliteOptions) -> Result<Self> {
        let page: u32 = connection.query_one("PRAGMA page_size", (), |row| row.get(0))?;
        let frames_max = (options.checkpoint_bytes / u64::from(page.max(1))).max(1);
        let frames = Arc::new(AtomicU64::new(0));
        let told = Arc::clone(&frames);
        connection.wal_hook(Some(move |_: &mut Wal, frames: c_int| {
            told.store(u64::try_from(frames).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        }))?;
        let (path, options) = (path.into(), options.clone());
        Ok(Self { path, options, frames_max, frames, frames_done: 0, ends: false, background: None })
    }

    /// Whether [`after_commit`](Self::after_commit) has something to do.
    pub(super) fn is_due(&self) -> bool {
        let frames = self.frames.load(Ordering::Relaxed);
        let starts_again = frames < self.frames_done;
        starts_again || frames - self.frames_done >= self.frames_max || (self.ends && self.is_idle())
    }

    /// Whether nothing is being copied beside the writer.
    fn is_idle(&self) -> bool {
        self.background.as_ref().is_none_or(Background::is_idle)
    }

    /// Starts a checkpoint if one is due after a commit.
    ///
    /// The next commits go on beside it and lengthen the log, so that under a steady load it never starts again from its
    /// beginning. When it is overgrown the writer copies the rest by itself, but not before the copier is done: what is left
    /// then is what came meanwhile. Commits would wait for a whole copy for tens of milliseconds.
    pub(super) fn after_commit(&mut self, connection: &Connection) -> Result<()> {
        let frames = self.frames.load(Ordering::Relaxed);
        if frames < self.frames_done {
            // The log started again from its beginning.
            (self.frames_done, self.ends) = (0, false);
        }
        let is_due = frames - self.frames_done >= self.frames_max;
        let is_overlong = frames >= self.frames_max.saturating_mul(OVERLONG);
        if (self.ends && self.is_idle()) || (is_due && is_overlong) {
            self.rest();
            self.run(connection, Mode::Restart)?;
            (self.frames_done, self.ends) = (frames, false);
        } else if is_due {
            let (path, options) = (&self.path, &self.options);
            self.background.get_or_insert_with(|| Background::start(path.clone(), options.clone())).wake();
            self.ends = frames >= self.frames_max.saturating_mul(OVERGROWN);
            self.frames_done = frames;
        }
        Ok(())
    }

    /// Empties the log when nobody writes.
    pub(super) fn at_rest(&mut self, connection: &Connection) -> Result<()> {
        if self.run(connection, Mode::Noop)? > 0 {
            self.background = None;
            self.frames_done = self.run(connection, Mode::Truncate)?;
        }
        Ok(())
    }

    /// Ends what copies beside the writer.
    pub(super) fn rest(&mut self) {
        self.background = None;
    }

    /// Empties the log, also of what was there before; false while readers need it.
    pub(super) fn truncate(&mut self, connection: &Connection) -> Result<bool> {
        self.frames_done = self.run(connection, Mode::Truncate)?;
        Ok(self.frames_done == 0)
    }

    fn run(&self, connection: &Connection, mode: Mode) -> Result<u64> {
        let frames = run(connection, mode, self.options.busy_wait)?;
        self.frames.store(frames, Ordering::Relaxed);
        Ok(frames)
    }
}

/// A thread that copies the log with a connection of its own. Dropping it waits until it has ended.
struct Background {
    wakes: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Copies that were asked for and are not done.
    asked: Arc<AtomicUsize>,
}

impl Background {
    fn start(path: PathBuf, options: SqliteOptions) -> Self {
        // One may wait while one runs; more would do nothing new.
        let (wakes, waiting) = mpsc::sync_channel(1);
        let asked = Arc::new(AtomicUsize::new(0));
        let done = Arc::clone(&asked);
        let work = move || {
            let mut connection = None;
            for () in waiting {
                if let Err(error) = copy(&mut connection, &path, &options) {
                    // Nothing is lost: the log still holds what this should have copied.
                    tracing::warn!(%error, "the log of the catalog could not be copied into its database file");
                    connection = None;
                }
                done.fetch_sub(1, Ordering::Relaxed);
            }
        };
        match thread::Builder::new().name("catalog-copier".into()).spawn(work) {
            Ok(thread) => Self { wakes: Some(wakes), thread: Some(thread), asked },
            Err(error) => {
                tracing::warn!(%error, "no thread for the checkpoints of the catalog; the writer runs them");
                Self { wakes: None, thread: None, asked }
            }
        }
    }

    fn wake(&self) {
        let Some(wakes) = &self.wakes else { return };
        // Before it can be done. When one waits already there is nothing to add.
        self.asked.fetch_add(1, Ordering::Relaxed);
        if wakes.try_send(()).is_err() {
            self.asked.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Whether all copies that were asked for are done. A thread that has ended for another reason shows in the growth of the log.
    fn is_idle(&self) -> bool {
        self.asked.load(Ordering::Relaxed) == 0
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        drop(self.wakes.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that copies the log of the catalog panicked");
        }
    }
}

/// Copies what is in the log by now.
fn copy(
    open: &mut Option<Connection>,
    path: &Path,
    options: &SqliteOptions,
) -> std::result::Result<(), Cause> {
    let connection = match open {
        Some(connection) => connection,
        None => open.insert(open::connect(path, options, OpenFlags::empty())?),
    };
    run(connection, Mode::Passive, options.busy_wait)?;
    Ok(())
}
