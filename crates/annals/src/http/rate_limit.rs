//! Requests an hour for each access token, in one fixed window.

use std::collections::HashMap;

use annals_format::Timestamp;
use annals_store::AccountId;
use parking_lot::Mutex;

const WINDOW_SECONDS: i64 = 3_600;

/// Counts requests. Only bearers of valid tokens are counted, and all counts go when the hour ends, so memory is bounded
/// by the number of tokens in use. Each node counts for itself.
pub(super) struct RateLimits {
    reads: u64,
    writes: u64,
    window: Mutex<Window>,
}

#[derive(Default)]
struct Window {
    hour: i64,
    used: HashMap<(AccountId, String), [u64; 2]>,
}

/// What a request leaves of its token's hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quota {
    /// Requests of this kind an hour.
    pub(super) limit: u64,
    /// How many are left.
    pub(super) remaining: u64,
    /// When the hour ends, in seconds since the epoch.
    pub(super) reset: i64,
    /// Whether this request was one too many.
    pub(super) exceeded: bool,
}

impl RateLimits {
    /// At most so many reads and writes an hour; 0 is no limit.
    pub(super) fn new(reads: u64, writes: u64) -> Self {
        Self { reads, writes, window: Mutex::default() }
    }

    /// Counts a request of a token; `None` when its kind has no limit. Grants count for the token they were issued for.
    pub(super) fn take(
        &self,
        account: AccountId,
        token: &str,
        writes: bool,
        now: Timestamp,
    ) -> Option<Quota> {
        let limit = if writes { self.writes } else { self.reads };
        if limit == 0 {
            return None;
        }
        let hour = now.us().div_euclid(WINDOW_SECONDS * 1_000_000);
        let mut window = self.window.lock();
        if window.hour != hour {
            *window = Window { hour, used: HashMap::new() };
        }
        let [reads, writings] = window.used.entry((account, token.to_owned())).or_default();
        let used = if writes { writings } else { reads };
        let exceeded = *used >= limit;
        *used = used.saturating_add(1).min(limit);
        Some(Quota { limit, remaining: limit - *used, reset: (hour + 1) * WINDOW_SECONDS, exceeded })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_has_so_many_requests_of_each_kind_for_each_token() {
        let limits = RateLimits::new(2, 1);
        let at = |seconds: i64| Timestamp::from_us(seconds * 1_000_000);
        let (a, b) = (AccountId(1), AccountId(2));
        let take = |account, token, writes, seconds| {
            let quota = limits.take(account, token, writes, at(seconds)).expect("limited");
            (quota.remaining, quota.reset, quota.exceeded)
        };
        assert_eq!(take(a, "t", false, 10), (1, 3_600, false));
        assert_eq!(take(a, "t", false, 20), (0, 3_600, false));
        assert_eq!(take(a, "t", false, 30), (0, 3_600, true));
        assert_eq!(take(a, "t", true, 30), (0, 3_600, false));
        assert_eq!(take(a, "u", false, 30), (1, 3_600, false));
        assert_eq!(take(b, "t", false, 30), (1, 3_600, false));
        assert_eq!(take(a, "t", false, 3_600), (1, 7_200, false));
        assert_eq!(RateLimits::new(0, 0).take(a, "t", true, at(0)), None);
    }
}
