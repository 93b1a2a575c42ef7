//! How long entries are kept.

use std::fmt;

use jiff::{Timestamp as Instant, ToSpan, tz::TimeZone};

use crate::Timestamp;

/// The longest time that entries can be kept for without being kept for ever, in years.
const YEARS_MAX: u32 = 1_000;

/// For how long entries are kept, counted from their instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retention {
    /// So many times 24 hours.
    Days(u32),
    /// So many months of the calendar. A month before March 31 is the last day of February.
    Months(u32),
}

/// The text of a retention is not in a form that is read here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidRetention {
    text: String,
}

impl Retention {
    /// Reads a number and a unit, with a space between them or without: `90 days`, `24 months`, `7years`. A year is twelve
    /// months. At least a day, at most 1,000 years.
    pub fn parse(text: &str) -> Result<Self, InvalidRetention> {
        let invalid = || InvalidRetention { text: text.to_owned() };
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at_checked(digits).ok_or_else(invalid)?;
        let number: u32 = number.parse().map_err(|_| invalid())?;
        let retention = match unit.strip_prefix(' ').unwrap_or(unit) {
            "day" | "days" => Self::Days(number),
            "month" | "months" => Self::Months(number),
            "year" | "years" => Self::Months(number.checked_mul(12).ok_or_else(invalid)?),
            _ => return Err(invalid()),
        };
        let longest = match retention {
            Self::Days(_) => YEARS_MAX * 365,
            Self::Months(_) => YEARS_MAX * 12,
        };
        if (1..=longest).contains(&retention.number()) { Ok(retention) } else { Err(invalid()) }
    }

    /// The instant before which entries are no longer kept at `now`.
    pub fn cutoff(self, now: Timestamp) -> Timestamp {
        let span = match self {
            Self::Days(days) => i64::from(days).days(),
            Self::Months(months) => i64::from(months).months(),
        };
        // What begins before time does is kept whole.
        let cutoff = Instant::from_microsecond(now.us())
            .and_then(|now| now.to_zoned(TimeZone::UTC).checked_sub(span))
            .map(|cutoff| cutoff.timestamp().as_microsecond());
        cutoff.map_or(Timestamp::MIN, Timestamp::from_us)
    }

    fn number(self) -> u32 {
        match self {
            Self::Days(number) | Self::Months(number) => number,
        }
    }
}

/// As [`Retention::parse`] reads it: `1 day`, `24 months`.
impl fmt::Display for Retention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self {
            Self::Days(_) => "day",
            Self::Months(_) => "month",
        };
        let plural = if self.number() == 1 { "" } else { "s" };
        write!(f, "{} {unit}{plural}", self.number())
    }
}

impl fmt::Display for InvalidRetention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "how long entries are kept is said with a number and days, months or years, such as \"24 months\": at least a \
             day, at most {YEARS_MAX} years, and not {:?}",
            self.text
        )
    }
}

impl std::error::Error for InvalidRetention {}

#[cfg(test)]
mod tests {
    use super::*;

    fn cutoff(retention: &str, now: &str) -> String {
        let retention = Retention::parse(retention).expect("a retention");
        retention.cutoff(Timestamp::parse(now).expect("an instant")).to_string()
    }

    #[test]
    fn what_is_kept_is_counted_by_the_calendar() {
        assert_eq!(cutoff("24 months", "2026-11-23T10:20:30Z"), "2024-11-23T10:20:30Z");
        assert_eq!(cutoff("1 month", "2026-03-31T00:00:00Z"), "2026-02-28T00:00:00Z");
        assert_eq!(cutoff("1 year", "2028-02-29T00:00:00Z"), "2027-02-28T00:00:00Z");
        assert_eq!(cutoff("90days", "2026-11-23T10:20:30Z"), "2026-08-25T10:20:30Z");
        assert_eq!(cutoff("1000 years", "0990-01-01T00:00:00Z"), "0000-01-01T00:00:00Z");
    }

    #[test]
    fn what_is_shown_is_read() {
        for text in ["1 day", "90 days", "1 month", "24 months"] {
            assert_eq!(Retention::parse(text).map(|retention| retention.to_string()).as_deref(), Ok(text));
        }
        assert_eq!(Retention::parse("7 years"), Ok(Retention::Months(84)));
        assert_eq!(Retention::parse("1000years"), Ok(Retention::Months(12_000)));
        for text in [
            "",
            "24",
            "months",
            "0 days",
            "-1 day",
            "1.5 years",
            "24  months",
            "1001 years",
            "4294967295 years",
            "ä",
        ] {
            assert!(Retention::parse(text).is_err(), "{text}");
        }
    }
}
