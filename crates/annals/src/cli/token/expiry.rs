//! When an access token ends, as people say it.

use std::str::FromStr;

use annals_format::{Timestamp, time::SECOND_US};

const HOUR_US: i64 = 3_600 * SECOND_US;

/// When an access token ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expiry {
    /// So many microseconds after it was created.
    After(i64),
    /// At this instant.
    At(Timestamp),
}

impl Expiry {
    /// The instant, for a token that is created `now`.
    pub(super) fn from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::After(us) => now.plus_us(us),
            Self::At(at) => at,
        }
    }
}

impl FromStr for Expiry {
    type Err = &'static str;

    /// A UTC day is the end of that day: the token may still be used on it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(day) = Timestamp::parse_date(text) {
            return Ok(Self::At(day.next_day()));
        }
        if let Ok(at) = Timestamp::parse(text) {
            return Ok(Self::At(at));
        }
        span(text).map(Self::After).ok_or(
            "use a span such as 12h, 90d or 8w, a day such as 2026-12-31, \
             or an instant such as 2026-12-31T18:00:00Z",
        )
    }
}

/// A whole number of hours, days or weeks, in microseconds.
fn span(text: &str) -> Option<i64> {
    let hours = [('h', 1), ('d', 24), ('w', 7 * 24)];
    let (number, hours) =
        hours.into_iter().find_map(|(unit, hours)| Some((text.strip_suffix(unit)?, hours)))?;
    let number: u32 = number.bytes().all(|digit| digit.is_ascii_digit()).then(|| number.parse().ok())??;
    (number > 0).then(|| i64::from(number).saturating_mul(hours * HOUR_US))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_days_and_instants() {
        let now = Timestamp::parse("2026-03-04T09:30:00Z").expect("a time");
        for (text, end) in [
            ("1h", "2026-03-04T10:30:00Z"),
            ("90d", "2026-06-02T09:30:00Z"),
            ("2w", "2026-03-18T09:30:00Z"),
            ("2026-12-31", "2027-01-01T00:00:00Z"),
            ("2026-12-31T18:00:00+01:00", "2026-12-31T17:00:00Z"),
            ("4294967295w", "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(
                text.parse::<Expiry>().map(|expiry| expiry.from(now).to_string()).as_deref(),
                Ok(end),
                "{text}"
            );
        }
        for text in
            ["", "d", "0d", "-1d", "+1d", "1.5d", "90", "90 d", "1y", "4294967296h", "2026-02-30", "tomorrow"]
        {
            assert!(text.parse::<Expiry>().is_err(), "{text}");
        }
    }
}
