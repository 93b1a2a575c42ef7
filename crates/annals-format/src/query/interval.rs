//! The intervals that entries are counted by.

use jiff::{ToSpan as _, civil};

use crate::{Timestamp, time::SECOND_US};

/// A stretch of time in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Interval {
    /// From midnight to midnight.
    #[default]
    Day,
    /// From Monday to Sunday.
    Week,
    /// From the first to the last day of a month.
    Month,
}

const DAY_US: i64 = 24 * 60 * 60 * SECOND_US;

/// 1970-01-01 was a Thursday: the Monday before.
const MONDAY_DAYS: i64 = -3;

impl Interval {
    /// All intervals, the shortest first.
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// The word for it: `day`, `week` or `month`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// The interval with this word, if any.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|interval| interval.as_str() == word)
    }

    /// The first day of the interval that an instant is in, and the instant at which the next one begins.
    pub fn around(self, instant: Timestamp) -> (civil::Date, Timestamp) {
        let day = instant.us().div_euclid(DAY_US);
        let first = match self {
            Self::Day => day,
            Self::Week => day - (day - MONDAY_DAYS).rem_euclid(7),
            Self::Month => day - i64::from(date(day).day() - 1),
        };
        let days = match self {
            Self::Day => 1,
            Self::Week => 7,
            Self::Month => i64::from(date(day).days_in_month()),
        };
        (date(first), Timestamp::from_us((first + days).saturating_mul(DAY_US)))
    }
}

/// The date so many days after 1970-01-01; the last or the first there is when it is beyond.
fn date(days: i64) -> civil::Date {
    i32::try_from(days).map_or(civil::Date::MAX, |days| civil::date(1970, 1, 1).saturating_add(days.days()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_begin_and_end_where_people_expect() {
        for (interval, instant, first, next) in [
            (Interval::Day, "2026-03-04T00:00:00Z", "2026-03-04", "2026-03-05"),
            (Interval::Day, "1969-12-31T23:59:59Z", "1969-12-31", "1970-01-01"),
            (Interval::Week, "2026-03-01T23:59:59Z", "2026-02-23", "2026-03-02"),
            (Interval::Week, "2026-03-02T00:00:00Z", "2026-03-02", "2026-03-09"),
            (Interval::Week, "1969-12-28T00:00:00Z", "1969-12-22", "1969-12-29"),
            (Interval::Month, "2024-02-29T12:00:00Z", "2024-02-01", "2024-03-01"),
            (Interval::Month, "2025-12-31T12:00:00Z", "2025-12-01", "2026-01-01"),
            (Interval::Month, "0000-01-01T00:00:00Z", "0000-01-01", "0000-02-01"),
        ] {
            let (start, end) = interval.around(Timestamp::parse(instant).expect("an instant"));
            let next = Timestamp::parse_date(next).expect("a date");
            assert_eq!((start.to_string().as_str(), end), (first, next), "{interval:?} {instant}");
        }
    }

    #[test]
    fn the_last_interval_ends_with_time() {
        for interval in Interval::ALL {
            assert_eq!(interval.around(Timestamp::MAX).1, Timestamp::MAX);
        }
    }
}
