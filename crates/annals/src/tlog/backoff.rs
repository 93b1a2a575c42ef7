//! Waiting longer, the more often something has failed.

use std::time::Duration;

use tokio::time::Instant;

/// The longest wait between two tries.
const WAIT_MAX: Duration = Duration::from_mins(1);

/// How often something has failed in a row, and until when to leave it alone.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
    until: Option<Instant>,
}

impl Backoff {
    /// Whether to wait.
    pub(super) fn is_on(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    /// Notes a failure: one second to wait for the first in a row, twice as long for each further one. Returns whether it is
    /// the first.
    pub(super) fn fail(&mut self, now: Instant) -> bool {
        let wait = Duration::from_secs(1).saturating_mul(1 << self.failures.min(16)).min(WAIT_MAX);
        self.until = now.checked_add(wait);
        self.failures = self.failures.saturating_add(1);
        self.failures == 1
    }

    /// Notes a success. Returns whether there were failures before.
    pub(super) fn succeed(&mut self) -> bool {
        std::mem::take(self).failures > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_minute() {
        let (mut backoff, mut now) = (Backoff::default(), Instant::now());
        assert!(!backoff.is_on(now));
        for (seconds, first) in [
            (1, true),
            (2, false),
            (4, false),
            (8, false),
            (16, false),
            (32, false),
            (60, false),
            (60, false),
        ] {
            assert_eq!(backoff.fail(now), first);
            now += Duration::from_secs(seconds);
            assert!(backoff.is_on(now - Duration::from_millis(1)), "{seconds}");
            assert!(!backoff.is_on(now), "{seconds}");
        }
        for _ in 0..100 {
            backoff.fail(now);
        }
        assert!(!backoff.is_on(now + WAIT_MAX) && backoff.succeed());
        assert!(!backoff.succeed() && backoff.fail(now));
    }
}
