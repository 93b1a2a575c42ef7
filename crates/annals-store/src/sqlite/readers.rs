//! The threads that read: each owns one connection, and any of them takes the next job.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::thread::{self, JoinHandle};

use parking_lot::Mutex;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use super::open::{self, OpenError};
use super::{SqliteOptions, error};
use crate::catalog::ReadError;

type Job = Box<dyn FnOnce(&mut State) + Send>;

/// A handle on the threads; dropping it ends them after the jobs that wait.
pub(super) struct Readers {
    jobs: Option<SyncSender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Opens the connections and starts the threads. The database must exist.
    pub(super) fn start(path: &Path, options: &SqliteOptions) -> Result<Self, OpenError> {
        let (jobs, waiting) = mpsc::sync_channel(options.waiting_max.max(1));
        let waiting = Arc::new(Mutex::new(waiting));
        // Threads that were started end with `jobs` if a later one fails.
        let mut readers = Self { jobs: Some(jobs), threads: Vec::new() };
        for number in 0..options.readers.max(1) {
            let mut state = State::open(path, options.clone())?;
            let waiting = Arc::clone(&waiting);
            let thread = thread::Builder::new()
                .name(format!("catalog-read-{number}"))
                .spawn(move || {
                    while let Some(job) = next(&waiting) {
                        job(&mut state);
                    }
                })
                .map_err(|error| OpenError::Failed { path: path.into(), source: error.into() })?;
            readers.threads.push(thread);
        }
        Ok(readers)
    }

    /// Runs `work` in a transaction of its own: all that it reads is of one instant.
    pub(super) async fn read<T, W>(&self, work: W) -> Result<T, ReadError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, ReadError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |state| {
            // Nothing is read for a caller that is gone.
            if !answer.is_closed() {
                drop(answer.send(state.read(work)));
            }
        });
        let unavailable = |why: &'static str| ReadError::Unavailable(why.into());
        match self.jobs.as_ref().map(|jobs| jobs.try_send(job)) {
            Some(Ok(())) => {}
            Some(Err(TrySendError::Full(_))) => return Err(unavailable("too many reads are waiting")),
            Some(Err(TrySendError::Disconnected(_))) | None => {
                return Err(unavailable("the threads that read have ended"));
            }
        }
        answered.await.map_err(|_| unavailable("a thread that reads ended before it answered"))?
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        drop(self.jobs.take());
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread that reads from the catalog panicked");
            }
        }
    }
}

/// Waits for a job; the lock is held while waiting, and let go before the job runs.
fn next(waiting: &Mutex<Receiver<Job>>) -> Option<Job> {
    waiting.lock().recv().ok()
}

/// A connection, and how to get another.
pub(super) struct State {
    path: PathBuf,
    options: SqliteOptions,
    /// Empty after a failed read, until the next job: a new connection takes nothing from before for granted.
    open: Option<Connection>,
}

impl State {
    /// Opens a connection. The database must exist.
    pub(super) fn open(path: &Path, options: SqliteOptions) -> Result<Self, OpenError> {
        let open = Some(open::reader(path, &options)?);
        Ok(Self { path: path.into(), options, open })
    }

    /// Runs `work` in a transaction of its own.
    pub(super) fn read<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        let mut connection = match self.open.take() {
            Some(connection) => connection,
            None => open::reader(&self.path, &self.options)
                .map_err(|error| ReadError::Unavailable(error.into()))?,
        };
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Deferred).map_err(error::read)?;
        let value = work(&transaction)?;
        transaction.finish().map_err(error::read)?;
        self.open = Some(connection);
        Ok(value)
    }
}
