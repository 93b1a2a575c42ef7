//! The thread on which segments are made.

use std::{sync::mpsc, thread};

use tokio::sync::oneshot;

use super::keeper::KeepError;
use crate::segments::seal::stopping;

/// Readers and writers come first: segments are made in what time they leave. Writers that leave none are slowed down as
/// their head grows.
const NICE: i32 = 10;

type Work = Box<dyn FnOnce() + Send>;

/// One thread for work that takes a processor and a hundred megabytes for a second: always the same one, as each thread
/// keeps some of the memory that it has freed.
pub(super) struct Worker(mpsc::Sender<Work>);

impl Worker {
    /// Starts the thread; it ends when this is dropped and the work at hand is done.
    pub(super) fn start() -> Self {
        let (sender, receiver) = mpsc::channel::<Work>();
        let started = thread::Builder::new().name("segments".to_owned()).spawn(move || {
            // On Linux this is about the calling thread alone. Where it is not allowed, segments take a fair share.
            let _ = rustix::process::setpriority_process(None, NICE);
            for work in receiver {
                work();
            }
        });
        // Without the thread the receiver is gone, and each piece of work says so.
        drop(started);
        Self(sender)
    }

    /// Runs `work` there.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, KeepError> + Send + 'static,
    ) -> Result<T, KeepError> {
        let (sender, done) = oneshot::channel();
        let work = move || {
            // Whoever waited may be gone.
            let _ = sender.send(work());
        };
        self.0.send(Box::new(work)).map_err(|_| stopping())?;
        done.await.map_err(|_| stopping())?
    }
}
