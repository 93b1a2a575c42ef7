//! When a request is sent again, and after how long.

use std::time::Duration;

use crate::Error;

/// How hard to try. The default gives up within a few seconds, which suits a person or a request handler that waits;
/// [`RetryPolicy::PATIENT`] outlasts a restart of the server.
///
/// A request is sent again
/// - after 429, which says that nothing was done;
/// - after 502, 503, 504, a failed connection or a lost answer only if doing it twice is doing it once: a read, or a write
///   with an idempotency key. (A server that fails in the middle of a write answers 503, and may have done it.)
///
/// It is never sent again sooner than `Retry-After` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often to send a request at most, the first time included.
    pub attempts: u32,
    /// The wait after the first failure; it doubles with each further one.
    pub first_wait: Duration,
    /// The longest wait. A server that asks for more (`Retry-After`) is given up on at once, and the error says how long it
    /// asked for.
    pub longest_wait: Duration,
}

impl RetryPolicy {
    /// Send once.
    pub const NEVER: Self = Self { attempts: 1, first_wait: Duration::ZERO, longest_wait: Duration::ZERO };
    /// For jobs nobody waits for: keeps trying for a good two minutes.
    pub const PATIENT: Self =
        Self { attempts: 10, first_wait: Duration::from_millis(500), longest_wait: Duration::from_secs(30) };

    /// How long to wait before the next try after `error`, or `None` to give up.
    ///
    /// `failures` counts the failures so far, from 1. `repeatable`: doing the request twice is doing it once.
    /// `random` is in 0..1 and spreads the waits of many clients that failed together.
    pub(crate) fn wait(
        &self,
        error: &Error,
        failures: u32,
        repeatable: bool,
        random: f64,
    ) -> Option<Duration> {
        if failures >= self.attempts || !may_repeat(error, repeatable) {
            return None;
        }
        let backoff = self
            .first_wait
            .saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1)))
            .min(self.longest_wait);
        match asked_for(error) {
            Some(asked) if asked > self.longest_wait => None,
            // Never sooner than asked, and a little later than everybody else who was asked the same.
            Some(asked) => Some(asked.saturating_add(backoff.mul_f64(random))),
            None => Some(backoff.mul_f64(0.5 + random / 2.0)),
        }
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts: 4, first_wait: Duration::from_millis(200), longest_wait: Duration::from_secs(5) }
    }
}

fn asked_for(error: &Error) -> Option<Duration> {
    match error {
        Error::Api(refusal) => refusal.retry_after,
        _ => None,
    }
}

fn may_repeat(error: &Error, repeatable: bool) -> bool {
    match error {
        Error::Api(refusal) => match refusal.status {
            429 => true,
            502..=504 => repeatable,
            _ => false,
        },
        Error::Unreachable { .. } | Error::Lost { .. } => repeatable,
        Error::Invalid(_) | Error::Answer { .. } | Error::Json(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ApiError;

    fn refusal(status: u16, retry_after: Option<u64>) -> Error {
        let retry_after = retry_after.map(Duration::from_secs);
        Error::Api(ApiError { status, errors: vec![String::new()], retry_after })
    }

    fn unreachable() -> Error {
        Error::Unreachable { url: String::new(), source: "".into() }
    }

    fn lost() -> Error {
        Error::Lost { url: String::new(), source: "".into() }
    }

    #[test]
    fn what_may_have_been_done_is_repeated_only_if_that_is_harmless() {
        let policy = RetryPolicy::default();
        let tries = |error: &Error, repeatable| policy.wait(error, 1, repeatable, 0.5).is_some();
        for harmless in [refusal(429, None), refusal(429, Some(1))] {
            assert!(tries(&harmless, false) && tries(&harmless, true), "{harmless:?}");
        }
        let answers = [(502, None), (503, None), (503, Some(1)), (504, None)]
            .map(|(status, wait)| refusal(status, wait));
        for unknown in answers.into_iter().chain([lost(), unreachable()]) {
            assert!(!tries(&unknown, false) && tries(&unknown, true), "{unknown:?}");
        }
        for last_word in [refusal(400, None), refusal(409, Some(1)), refusal(500, None), refusal(413, None)] {
            assert!(!tries(&last_word, true), "{last_word:?}");
        }
    }

    #[test]
    fn waits_double_up_to_the_longest_and_tries_are_bounded() {
        let policy = RetryPolicy {
            attempts: 6,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(5),
        };
        let waits = |random| {
            (1..=6)
                .map(|n| policy.wait(&lost(), n, true, random).map(|wait| wait.as_millis()))
                .collect::<Vec<_>>()
        };
        assert_eq!(waits(0.0), [Some(500), Some(1000), Some(2000), Some(2500), Some(2500), None]);
        assert_eq!(waits(1.0), [Some(1000), Some(2000), Some(4000), Some(5000), Some(5000), None]);
        assert_eq!(RetryPolicy::NEVER.wait(&lost(), 1, true, 0.5), None);
    }

    #[test]
    fn the_server_is_never_asked_sooner_than_it_said() {
        let policy = RetryPolicy::default();
        for random in [0.0, 0.5, 0.999] {
            let wait = policy.wait(&refusal(503, Some(2)), 1, true, random);
            assert!(wait.is_some_and(|wait| wait >= Duration::from_secs(2)), "{wait:?}");
        }
        assert_eq!(policy.wait(&refusal(429, Some(3600)), 1, true, 0.5), None);
    }

    #[test]
    fn extreme_policies_do_not_overflow() {
        let policy = RetryPolicy {
            attempts: u32::MAX,
            first_wait: Duration::MAX,
            longest_wait: Duration::from_secs(9),
        };
        assert_eq!(policy.wait(&lost(), 4_000_000, true, 1.0), Some(Duration::from_secs(9)));
    }
}
