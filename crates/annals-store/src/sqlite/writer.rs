//! The connection that writes: everything that changes passes through it in turn, most of it on a thread of its own.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::checkpoint::Schedule;
use super::open::{self, OpenError};
use super::{SqliteOptions, error};
use crate::catalog::CommitError;

#[cfg(test)]
mod tests;

/// The log is emptied after this long without a write, or twice as long.
const REST: Duration = Duration::from_secs(30);

/// Times that emptying the log is tried while there are readers.
const SCRUB_ATTEMPTS: usize = 100;

type Job = Box<dyn FnOnce(&mut State) + Send>;

/// A handle on the connection and its thread; dropping it ends the thread after the jobs that wait.
pub(super) struct Writer {
    state: Arc<Mutex<State>>,
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Opens the database and starts the thread. Without space for writing, writes are refused until there is some.
    pub(super) fn start(path: PathBuf, options: SqliteOptions) -> Result<Self, OpenError> {
        let mut state = State { path, options, open: None, written_at: Some(Instant::now()) };
        state.open = match state.open() {
            // What is there can be read. The next write tries again.
            Err(error @ OpenError::Full { .. }) => {
                tracing::warn!(%error, "the catalog can only be read");
                None
            }
            opened => Some(opened?),
        };
        let (jobs, waiting) = mpsc::sync_channel(state.options.waiting_max.max(1));
        let path = state.path.clone();
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        let thread = thread::Builder::new()
            .name("catalog-writer".into())
            .spawn(move || work(&shared, &waiting))
            .map_err(|error| OpenError::Failed { path, source: error.into() })?;
        Ok(Self { state, jobs: Some(jobs), thread: Some(thread) })
    }

    /// Runs `work` in a transaction of its own on the calling thread, which waits for its turn and for the disk.
    pub(super) fn transact_blocking<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, CommitError>,
    ) -> Result<T, CommitError> {
        let mut state = self.state.lock();
        if state.is_due() {
            // The thread has not come to it since the last commit. It may be late for many, and the log would grow all the while.
            state.checkpoint(Schedule::after_commit);
        }
        let result = state.transact(work);
        let is_due = state.is_due();
        drop(state);
        if is_due && let Some(jobs) = &self.jobs {
            // The thread looks after each job. If it has others, it will look after those.
            let _ = jobs.try_send(Box::new(|_| {}));
        }
        result
    }

    /// Runs `work` in a transaction of its own.
    pub(super) async fn transact<T, W>(&self, work: W) -> Result<T, CommitError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, CommitError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        // Done even if the caller is gone by then: it may have been cancelled, but not what it asked for.
        let job: Job = Box::new(move |state| drop(answer.send(state.transact(work))));
        let sent = self.jobs.as_ref().map(|jobs| jobs.try_send(job));
        match sent {
            Some(Ok(())) => {}
            Some(Err(TrySendError::Full(_))) => {
                return Err(CommitError::Unavailable("too many writes are waiting".into()));
            }
            Some(Err(TrySendError::Disconnected(_))) | None => {
                return Err(CommitError::Unavailable("the thread that writes has ended".into()));
            }
        }
        let lost = |_| CommitError::Unknown("the thread that writes ended before it answered".into());
        answered.await.map_err(lost)?
    }
}

impl Writer {
    /// Writes the database anew, without what its free pages hold, and empties the log.
    pub(super) async fn scrub(&self) -> Result<(), CommitError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |state| drop(answer.send(state.scrub())));
        let sent = self.jobs.as_ref().map(|jobs| jobs.try_send(job));
        if !matches!(sent, Some(Ok(()))) {
            return Err(CommitError::Unavailable("the thread that writes is busy, or has ended".into()));
        }
        let lost = |_| CommitError::Unknown("the thread that writes ended before it answered".into());
        answered.await.map_err(lost)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that writes to the catalog panicked");
        }
    }
}

/// What whoever writes has to themselves.
struct State {
    path: PathBuf,
    options: SqliteOptions,
    /// Empty after a commit with an unknown outcome, until the next job.
    open: Option<Open>,
    /// When something was last written; `None` once the log has been emptied since.
    written_at: Option<Instant>,
}

/// A connection between two transactions.
struct Open {
    connection: Connection,
    checkpoints: Schedule,
}

impl State {
    fn open(&self) -> Result<Open, OpenError> {
        let mut connection = open::writer(&self.path, &self.options)?;
        let checkpoints = Schedule::new(&mut connection, &self.path, &self.options)
            .map_err(|error| OpenError::of(&self.path, error))?;
        Ok(Open { connection, checkpoints })
    }

    /// Nothing of this can be undone by a crash or lost by one: the database says the same before and after.
    fn scrub(&mut self) -> Result<(), CommitError> {
        let open = match self.open.take() {
            Some(open) => self.open.insert(open),
            None => {
                let opened = self.open().map_err(|error| CommitError::Unavailable(error.into()))?;
                self.open.insert(opened)
            }
        };
        // The copier would hold on to the log.
        open.checkpoints.rest();
        let scrubbed = open.connection.execute_batch("VACUUM").map_err(error::write);
        scrubbed?;
        // Readers are waited for, each for a moment: none reads for long.
        for _ in 0..SCRUB_ATTEMPTS {
            match open.checkpoints.truncate(&open.connection) {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(error) => return Err(CommitError::Unavailable(error.into())),
            }
        }
        Err(CommitError::Unavailable("readers kept the log of the catalog from being emptied".into()))
    }

    /// Empties the log if nobody has written for a while.
    fn rest(&mut self) {
        if self.written_at.is_some_and(|at| at.elapsed() >= REST) {
            self.checkpoint(Schedule::at_rest);
            self.written_at = None;
        }
    }

    /// Whether the log is to be looked after.
    fn is_due(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.checkpoints.is_due())
    }

    /// A checkpoint that fails has lost nothing: the log still holds what it should have copied.
    fn checkpoint(&mut self, run: fn(&mut Schedule, &Connection) -> rusqlite::Result<()>) {
        let Some(Open { connection, checkpoints }) = &mut self.open else { return };
        if let Err(error) = run(checkpoints, connection) {
            tracing::warn!(%error, "the log of the catalog could not be copied into its database file");
        }
    }

    /// Does `work` and commits, or does nothing.
    fn transact<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, CommitError>,
    ) -> Result<T, CommitError> {
        let open = match self.open.take() {
            Some(open) => open,
            None => self.open().map_err(|error| CommitError::Unavailable(error.into()))?,
        };
        let result = transact(&open.connection, work);
        self.written_at = Some(Instant::now());
        // After an unknown outcome, or if it is still inside a transaction, the connection is not used again: the
        // next one takes what the files say for granted and nothing else.
        if !matches!(result, Err(CommitError::Unknown(_))) && open.connection.is_autocommit() {
            self.open = Some(open);
        }
        result
    }
}

/// Does what is asked of the thread.
fn work(state: &Mutex<State>, waiting: &Receiver<Job>) {
    loop {
        match waiting.recv_timeout(REST) {
            Ok(job) => {
                let mut state = state.lock();
                job(&mut state);
                // After the answer: nobody waits for this but the next commit.
                state.checkpoint(Schedule::after_commit);
            }
            Err(RecvTimeoutError::Timeout) => state.lock().rest(),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    state.lock().checkpoint(Schedule::at_rest);
}

fn transact<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, CommitError>,
) -> Result<T, CommitError> {
    // The write lock is taken at once, so that what is read here is still true at the commit. A crash before the
    // commit leaves pages in the log that no commit follows, which recovery drops.
    run(connection, "BEGIN IMMEDIATE").map_err(error::write)?;
    let result = work(connection)
        // A crash in here leaves the transaction or nothing, and an error says which as far as it can be known.
        .and_then(|done| run(connection, "COMMIT").map(|()| done).map_err(error::commit));
    // Some errors have ended the transaction by themselves. If it cannot be ended, closing the connection does it.
    if result.is_err()
        && !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("ROLLBACK")
    {
        tracing::warn!(%error, "a write to the catalog could not be rolled back");
    }
    // A crash from here on takes nothing back: the log is synced.
    result
}

/// Runs a statement that is compiled once.
fn run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql).and_then(|mut statement| statement.execute(())).map(drop)
}
