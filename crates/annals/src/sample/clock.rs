//! When the events of a sample happen: more of them in working hours, and as the company grows.

use jiff::Timestamp;

use super::json;
use super::random::{Random, nth};

const MS_PER_HOUR: i64 = 3_600_000;

/// How busy each hour of a UTC day is, for people between California and central Europe.
const HOURS: [u64; 24] =
    [12, 8, 6, 5, 6, 10, 22, 48, 76, 92, 95, 88, 74, 84, 98, 100, 94, 82, 66, 52, 40, 30, 22, 16];

/// The times of `count` events: whole milliseconds since 1970, never running backwards.
///
/// Each hour of the period has a weight for each of its milliseconds. The total weight is cut into `count`
/// equal parts, and an event happens somewhere in each.
pub(super) struct Clock {
    seed: u64,
    from_ms: i64,
    until_ms: i64,
    count: u64,
    /// Events whose time has been told.
    told: u64,
    /// Weight of the whole period.
    total: u128,
    /// The hour reached, in hours since 1970, and the weight of the period before it.
    hour: i64,
    before: u128,
}

impl Clock {
    /// The times of `count` events from `from`, inclusive, to `until`, exclusive. A period that is empty or
    /// upside down is taken as the one millisecond at `from`.
    pub(super) fn new(seed: u64, count: u64, from: Timestamp, until: Timestamp) -> Clock {
        let from_ms = from.as_millisecond();
        let until_ms = until.as_millisecond().max(from_ms + 1);
        let hour = from_ms.div_euclid(MS_PER_HOUR);
        let mut clock = Clock { seed, from_ms, until_ms, count, told: 0, total: 0, hour, before: 0 };
        let hours = hour..=(until_ms - 1).div_euclid(MS_PER_HOUR);
        clock.total = hours.map(|hour| clock.weight(hour)).sum();
        clock
    }

    /// The time of the next event, in milliseconds since 1970; `None` after the last.
    pub(super) fn tell(&mut self, random: &mut Random) -> Option<i64> {
        if self.told == self.count {
            return None;
        }
        // 32 bits of randomness keep the products within a u128 for any period and count.
        let within = (u128::from(random.next() >> 32) * self.total) >> 32;
        let target = (u128::from(self.told) * self.total + within) / u128::from(self.count);
        self.told += 1;
        while self.before + self.weight(self.hour) <= target {
            self.before += self.weight(self.hour);
            self.hour += 1;
        }
        let (start_ms, _) = self.span(self.hour);
        let into_ms = (target - self.before) / u128::from(self.density(self.hour));
        Some(start_ms + i64::try_from(into_ms).unwrap_or(0))
    }

    /// Whether few people work at this time, so that most of what happens is automatic.
    pub(super) fn is_quiet(time_ms: i64) -> bool {
        busyness(time_ms.div_euclid(MS_PER_HOUR)) < 40
    }

    fn weight(&self, hour: i64) -> u128 {
        let (start_ms, end_ms) = self.span(hour);
        u128::from(self.density(hour)) * u128::from(end_ms.abs_diff(start_ms))
    }

    /// The part of an hour that lies in the period: start, inclusive, and end, exclusive.
    fn span(&self, hour: i64) -> (i64, i64) {
        let start_ms = hour * MS_PER_HOUR;
        (start_ms.max(self.from_ms), (start_ms + MS_PER_HOUR).min(self.until_ms))
    }

    /// The weight of a millisecond of an hour.
    fn density(&self, hour: i64) -> u64 {
        let day = hour.div_euclid(24);
        // Some days are busier than others, and the last of the period are twice as busy as the first.
        let day_percent = 60 + nth(self.seed, day.cast_unsigned()) % 81;
        let first = self.from_ms.div_euclid(MS_PER_HOUR);
        let last = self.until_ms.div_euclid(MS_PER_HOUR);
        let growth_percent = 70 + 70 * hour.abs_diff(first) / last.abs_diff(first).max(1);
        busyness(hour) * day_percent * growth_percent
    }
}

/// How busy an hour is by its place in the week.
fn busyness(hour: i64) -> u64 {
    // 1 January 1970 was a Thursday.
    let is_weekend = (hour.div_euclid(24) + 3).rem_euclid(7) >= 5;
    let of_day = usize::try_from(hour.rem_euclid(24)).map_or(0, |hour| HOURS[hour]);
    if is_weekend { of_day / 10 + 2 } else { of_day }
}

/// Writes times as RFC 3339, in UTC and with milliseconds.
pub(super) struct Calendar {
    /// The hour written last, and its date and hour as text: neighbouring events share them.
    hour: i64,
    prefix: String,
}

impl Calendar {
    pub(super) fn new() -> Calendar {
        Calendar { hour: i64::MIN, prefix: String::new() }
    }

    /// Writes a time, given in milliseconds since 1970, as a quoted string.
    pub(super) fn write(&mut self, out: &mut String, time_ms: i64) {
        let hour = time_ms.div_euclid(MS_PER_HOUR);
        if hour != self.hour {
            let start = Timestamp::from_second(hour * 3600).unwrap_or(Timestamp::MIN);
            self.prefix = start.strftime("\"%Y-%m-%dT%H:").to_string();
            self.hour = hour;
        }
        let ms = time_ms.rem_euclid(MS_PER_HOUR).cast_unsigned();
        out.push_str(&self.prefix);
        json::digits(out, ms / 60_000, 2);
        out.push(':');
        json::digits(out, ms / 1000 % 60, 2);
        out.push('.');
        json::digits(out, ms % 1000, 3);
        out.push_str("Z\"");
    }
}
