//! Pace: writers are slowed down when they leave sealing behind, so that the memory that a head takes stays bounded.

use std::time::Duration;

/// Heads of so many segments are no reason to slow anybody down: a burst of some seconds is sealed when it is over.
const USUAL: u64 = 8;

/// How much longer an event takes for each segment that a head has beyond the usual. Sealing takes about twice as long, so
/// that heads stop growing some segments later.
const DELAY_A_SEGMENT: Duration = Duration::from_micros(4);

/// The longest that an event is delayed, and with it how slow writers become if sealing does not work at all.
const DELAY_MAX: Duration = Duration::from_micros(24);

/// Timers do not measure shorter times.
const PAUSE_MIN: Duration = Duration::from_millis(1);

/// What writers owe.
#[derive(Debug, Default)]
pub(super) struct Pace {
    owed: Duration,
}

impl Pace {
    /// `events` were added to a head that now has `head` entries, of which `seal_rows` make a segment.
    pub(super) fn owe(&mut self, events: usize, head: u64, seal_rows: u64) {
        let behind = u32::try_from((head / seal_rows.max(1)).saturating_sub(USUAL)).unwrap_or(u32::MAX);
        let delay = DELAY_A_SEGMENT.saturating_mul(behind).min(DELAY_MAX);
        self.owed += delay.saturating_mul(u32::try_from(events).unwrap_or(u32::MAX));
    }

    /// How long to pause now. Short pauses add up to one that can be made.
    pub(super) fn due(&mut self) -> Option<Duration> {
        (self.owed >= PAUSE_MIN).then(|| std::mem::take(&mut self.owed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writers_are_slowed_down_as_a_head_grows() {
        let mut pace = Pace::default();
        let mut pause = |events, head, seal_rows| {
            pace.owe(events, head, seal_rows);
            pace.due()
        };
        assert_eq!(pause(10_000, 899, 100), None, "usual");
        assert_eq!(pause(1_000, 900, 100), Some(Duration::from_millis(4)));
        assert_eq!(pause(1_000, 1_100, 100), Some(Duration::from_millis(12)));
        assert_eq!(pause(1_000, 1 << 40, 100), Some(Duration::from_millis(24)));
        assert_eq!(pause(200, 900, 100), None);
        assert_eq!(pause(100, 900, 100), Some(Duration::from_micros(1_200)), "small pauses add up");
        assert_eq!(pause(1, 0, 0), None);
    }
}
