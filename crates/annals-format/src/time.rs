//! Instants as annals keeps them: whole microseconds since the Unix epoch, UTC.

use std::fmt;

use jiff::{civil, fmt::temporal};

/// Bytes of an instant's text.
pub(crate) const TEXT_BYTES: usize = 20;

/// Microseconds in a second.
pub const SECOND_US: i64 = 1_000_000;

static PARSER: temporal::DateTimeParser = temporal::DateTimeParser::new();

/// An instant in microseconds since the Unix epoch, between the years 0000 and 9999.
///
/// Readers see whole seconds ([`Display`](fmt::Display)); the microseconds order entries within a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The text of an instant or date is not in a form that is read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidTime;

impl Timestamp {
    /// 0000-01-01T00:00:00Z, the first instant that RFC 3339 can spell.
    pub const MIN: Self = Self(-62_167_219_200 * SECOND_US);
    /// The last microsecond of the year 9999.
    pub const MAX: Self = Self(253_402_300_799 * SECOND_US + 999_999);

    /// The instant `us` microseconds after the epoch; beyond the years 0000 to 9999 the nearest instant within.
    pub fn from_us(us: i64) -> Self {
        Self(us.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Microseconds since the Unix epoch.
    pub fn us(self) -> i64 {
        self.0
    }

    /// The same instant without its part of a second.
    pub fn whole_second(self) -> Self {
        Self(self.0.div_euclid(SECOND_US) * SECOND_US)
    }

    /// Reads an RFC 3339 instant such as `2026-03-04T09:30:00Z` or `2026-03-04T10:30:00.25+01:00`. Digits below the
    /// microsecond are cut off.
    pub fn parse(text: &str) -> Result<Self, InvalidTime> {
        // RFC 3339 is narrower than what the parser takes: a full date, a full time and an offset, nothing bracketed.
        let bytes = text.as_bytes();
        let full = bytes.len() >= 20
            && bytes.first().is_some_and(u8::is_ascii_digit)
            && bytes.get(10).is_some_and(|byte| matches!(byte, b'T' | b't' | b' '))
            && bytes.get(16) == Some(&b':')
            && !text.contains(['[', ',']);
        if !full {
            return Err(InvalidTime);
        }
        // Not as an instant of the parser's own kind: those end a day before the year 9999 does.
        let pieces = PARSER.parse_pieces(text).map_err(|_| InvalidTime)?;
        let (Some(time), Some(offset)) = (pieces.time(), pieces.offset()) else { return Err(InvalidTime) };
        let us = civil_us(pieces.date(), time)? - i64::from(offset.to_numeric_offset().seconds()) * SECOND_US;
        if (Self::MIN.0..=Self::MAX.0).contains(&us) { Ok(Self(us)) } else { Err(InvalidTime) }
    }

    /// Reads a date `YYYY-MM-DD` and returns the first microsecond of that UTC day.
    pub fn parse_date(text: &str) -> Result<Self, InvalidTime> {
        let bytes = text.as_bytes();
        let shape = bytes.len() == 10
            && bytes.iter().enumerate().all(|(at, byte)| match at {
                4 | 7 => *byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        let number = |range| text.get(range).and_then(|digits: &str| digits.parse::<i16>().ok());
        let (Some(year), Some(month), Some(day)) = (number(0..4), number(5..7), number(8..10)) else {
            return Err(InvalidTime);
        };
        let (Ok(month), Ok(day)) = (i8::try_from(month), i8::try_from(day)) else { return Err(InvalidTime) };
        if !shape {
            return Err(InvalidTime);
        }
        let date = civil::Date::new(year, month, day).map_err(|_| InvalidTime)?;
        civil_us(date, civil::Time::midnight()).map(Self)
    }

    /// Appends the text that is shown, always 20 characters: `2025-07-01T14:30:00Z`.
    pub fn push_to(self, out: &mut String) {
        // Every entry of every answer passes here, so the date is computed directly (Hinnant's days-to-civil).
        let seconds = self.0.div_euclid(SECOND_US);
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let days = days + 719_468;
        let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        let mut text = *b"0000-00-00T00:00:00Z";
        let numbers =
            [(0, year / 100), (2, year % 100), (5, month), (8, day), (11, hour), (14, minute), (17, second)];
        for (at, number) in numbers {
            let digits = [number / 10, number % 10].map(|digit| b'0' + digit.to_le_bytes()[0]);
            for (to, from) in text.iter_mut().skip(at).zip(digits) {
                *to = from;
            }
        }
        out.push_str(std::str::from_utf8(&text).unwrap_or_default());
    }

    /// The first microsecond of the next UTC day.
    pub fn next_day(self) -> Self {
        const DAY_US: i64 = 24 * 60 * 60 * SECOND_US;
        Self::from_us((self.0.div_euclid(DAY_US) + 1).saturating_mul(DAY_US))
    }

    /// This instant `us` microseconds later, or the last instant there is.
    pub fn plus_us(self, us: i64) -> Self {
        Self::from_us(self.0.saturating_add(us))
    }
}

/// Microseconds from the Unix epoch to a date and time of UTC.
fn civil_us(date: civil::Date, time: civil::Time) -> Result<i64, InvalidTime> {
    const EPOCH: civil::Date = civil::date(1970, 1, 1);
    let days = date.since(EPOCH).map_err(|_| InvalidTime)?.get_days();
    let minutes = i64::from(days) * 24 * 60 + i64::from(time.hour()) * 60 + i64::from(time.minute());
    let seconds = minutes * 60 + i64::from(time.second());
    Ok(seconds * SECOND_US + i64::from(time.subsec_nanosecond() / 1_000))
}

/// Whole seconds in UTC, always 20 characters: `2025-07-01T14:30:00Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(TEXT_BYTES);
        self.push_to(&mut text);
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_rfc_3339_allows() {
        for (text, us) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T00:00:01.5Z", 1_500_000),
            ("1970-01-01T01:00:00+01:00", 0),
            ("1970-01-01t00:00:00.0000019z", 1),
            ("2026-03-04T09:30:00Z", 1_772_616_600_000_000),
            ("2026-03-04T10:30:00.25+01:00", 1_772_616_600_250_000),
            ("1969-12-31T23:59:59.9999999Z", -1),
            ("2000-02-29T00:00:00-00:30", 951_784_200_000_000),
        ] {
            assert_eq!(Timestamp::parse(text), Ok(Timestamp(us)), "{text}");
        }
    }

    #[test]
    fn refuses_what_it_does_not() {
        for text in [
            "",
            "now",
            "2026-03-04",
            "2026-03-04T09:30:00",
            "2026-03-04T09:30Z",
            "2026-13-04T09:30:00Z",
            "2026-02-30T09:30:00Z",
            "2026-03-04T09:30:00Z[UTC]",
            "+002026-03-04T09:30:00Z",
            "2026-03-04T25:00:00Z",
            "2026-03-04T09:30:00+0100[Europe/Paris]",
            "20260304T093000Z",
            "2026-03-04T09:30:00,5Z",
        ] {
            assert_eq!(Timestamp::parse(text), Err(InvalidTime), "{text}");
        }
        for text in ["", "2026-3-4", "2026-02-29", "2026/03/04", "2026-03-04T", "20260304", "２026-03-0"] {
            assert_eq!(Timestamp::parse_date(text), Err(InvalidTime), "{text}");
        }
    }

    #[test]
    fn the_ends_of_time_are_spelt_in_twenty_characters() {
        assert_eq!(Timestamp::MIN.to_string(), "0000-01-01T00:00:00Z");
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-31T23:59:59Z");
        assert_eq!(Timestamp::MAX.next_day(), Timestamp::MAX);
        assert_eq!(Timestamp::parse("0000-01-01T00:00:00Z"), Ok(Timestamp::MIN));
        assert_eq!(Timestamp::parse("9999-12-31T23:59:59.999999Z"), Ok(Timestamp::MAX));
        assert_eq!(Timestamp::parse("9999-12-31T23:00:00-01:00"), Err(InvalidTime));
        assert_eq!(Timestamp::parse_date("0000-01-01"), Ok(Timestamp::MIN));
        assert_eq!(Timestamp::parse_date("9999-12-31").map(Timestamp::next_day), Ok(Timestamp::MAX));
    }

    proptest! {
        #[test]
        fn display_is_what_jiff_says(us in Timestamp::MIN.0..=Timestamp::MAX.0) {
            let ours = Timestamp(us);
            let theirs = jiff::Timestamp::from_microsecond(ours.whole_second().us())?;
            prop_assert_eq!(ours.to_string(), theirs.to_string());
            prop_assert_eq!(Timestamp::parse(&ours.to_string()), Ok(ours.whole_second()));
        }
    }
}
