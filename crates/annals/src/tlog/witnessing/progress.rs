//! What a witness has cosigned of one log.

use tokio::time::Instant;

use crate::tlog::backoff::Backoff;

/// How far a witness is with a log.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The size that it cosigned last, as far as is known here.
    pub(super) size: u64,
    /// Whether it was asked about that size since the server started.
    asked: bool,
    /// What it has refused.
    pub(super) refusals: Backoff,
}

impl Progress {
    /// A witness that is thought to have cosigned this size.
    pub(super) fn of_size(size: u64) -> Self {
        Self { size, ..Self::default() }
    }

    /// Whether to ask about a checkpoint of this size.
    pub(super) fn is_due(&self, size: u64, now: Instant) -> bool {
        let done = self.asked && self.size == size;
        !done && !self.refusals.is_on(now)
    }

    /// Notes that this size was cosigned. Returns whether something was refused before.
    pub(super) fn cosigned(&mut self, size: u64) -> bool {
        (self.size, self.asked) = (size, true);
        self.refusals.succeed()
    }
}
