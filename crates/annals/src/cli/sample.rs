//! `annals sample`: a believable history, for trying things out.

use std::{io::Write, process::ExitCode};

use anyhow::Context;
use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};

use super::output;
use crate::{
    clock::{Clock, SystemClock},
    sample::{Sample, SampleOptions},
};

/// Print a made-up history, an event a line
///
/// The same options print the same bytes, so a sample can stand in tests and benchmarks. Times are spread over
/// the 24 months before today unless --from and --until say otherwise.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  annals sample | annals import -
  annals sample --count 1000000 --seed 7 --from 2024-01-01 --until 2026-01-01 > history.ndjson")]
pub(super) struct Args {
    /// How many events
    #[arg(long, value_name = "N", default_value_t = 1000)]
    count: u64,

    /// Another seed makes another history
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,

    /// The earliest event: a UTC day or an RFC 3339 instant [default: 24 months before --until]
    #[arg(long, value_name = "DATE", value_parser = instant)]
    from: Option<Timestamp>,

    /// All events are before this: a UTC day or an RFC 3339 instant [default: today]
    #[arg(long, value_name = "DATE", value_parser = instant)]
    until: Option<Timestamp>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut out = output::stdout();
    for line in Sample::new(&args.options(now()?)?) {
        out.write_all(line.as_bytes())?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn now() -> anyhow::Result<Timestamp> {
    Ok(Timestamp::from_microsecond(SystemClock.now().us())?)
}

impl Args {
    fn options(&self, now: Timestamp) -> anyhow::Result<SampleOptions> {
        let until = match self.until {
            Some(until) => until,
            None => now.to_zoned(TimeZone::UTC).start_of_day()?.timestamp(),
        };
        let from = match self.from {
            Some(from) => from,
            None => (until.to_zoned(TimeZone::UTC).checked_sub(24.months()))
                .context("--until is too early for a history of 24 months")?
                .timestamp(),
        };
        if from >= until {
            return Err(output::usage(
                format!("there is no time between --from {from} and --until {until}"),
                "Give a --from that is before --until.",
            ));
        }
        Ok(SampleOptions { seed: self.seed, count: self.count, from, until })
    }
}

/// A UTC day, or an RFC 3339 instant.
fn instant(text: &str) -> Result<Timestamp, String> {
    text.parse::<Timestamp>()
        .or_else(|_| Ok(text.parse::<Date>()?.to_zoned(TimeZone::UTC)?.timestamp()))
        .map_err(|_: jiff::Error| {
            "it is neither a day (2026-03-04) nor an instant (2026-03-04T09:30:00Z)".to_owned()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        instant(text).expect("a time")
    }

    #[test]
    fn the_default_is_the_24_months_before_today() {
        let args = Args { count: 1, seed: 1, from: None, until: None };
        let options = args.options(at("2026-03-04T09:30:00Z")).expect("sound");
        assert_eq!((options.from, options.until), (at("2024-03-04"), at("2026-03-04T00:00:00Z")));
    }

    #[test]
    fn time_runs_forwards() {
        let args = Args { count: 1, seed: 1, from: Some(at("2026-01-01")), until: Some(at("2026-01-01")) };
        assert!(args.options(Timestamp::UNIX_EPOCH).is_err());
        assert!(instant("yesterday").is_err());
        assert!(instant("2026-02-30").is_err());
    }
}
