//! The thread on which segments are made.

use super::{keeper::KeepError, seal::stopping};
use crate::workers::Workers;

/// Readers and writers come first: segments are made in what time they leave. Writers that leave none are slowed down as
/// their head grows.
const NICE: i32 = 10;

/// One thread for work that takes a processor and a hundred megabytes for a second.
pub(super) struct Worker(Workers);

impl Worker {
    /// Starts the thread; it ends when this is dropped and the work at hand is done.
    pub(super) fn start() -> Self {
        Self(Workers::start("segments", 1, Some(NICE)))
    }

    /// Runs `work` there.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, KeepError> + Send + 'static,
    ) -> Result<T, KeepError> {
        self.0.run(work).await.map_err(|_| stopping())?
    }
}
