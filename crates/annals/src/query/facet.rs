//! Counting: the values of fields, and stretches of time.

use std::collections::{BTreeMap, HashMap};

use annals_format::{Interval, Timestamp};

use super::{matches::Matches, part::Part};
use crate::{limits, segments::SegmentError};

/// A field whose values are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Facet {
    /// What was done.
    Action,
    /// The key of the object's type.
    ObjectType,
    /// Where the change was made.
    Source,
    /// The number of the user or service token that acted.
    User,
    /// The workspace's token.
    Workspace,
}

impl Facet {
    /// All facets, in the order in which they are shown.
    pub const ALL: [Self; 5] = [Self::Action, Self::ObjectType, Self::Source, Self::User, Self::Workspace];
}

/// How many entries have each value; those without a value are in none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts(pub HashMap<String, u64>);

impl Counts {
    /// Adds `count` entries with a value.
    pub(super) fn add(&mut self, value: impl FnOnce() -> String, count: u64) {
        if count > 0 {
            *self.0.entry(value()).or_default() += count;
        }
    }
}

/// How many entries match a filter, in all and by what they have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// All of them.
    pub total: u64,
    /// By the values of each of [`Facet::ALL`].
    pub facets: [Counts; Facet::ALL.len()],
    /// By the first instant, in µs, of the stretches of time that have any; `None` when there are more of them than
    /// [`limits::INTERVALS_MAX`].
    pub times: Option<BTreeMap<i64, u64>>,
}

/// Adds up the matches of all parts.
pub(super) fn count<'a>(
    parts: impl Iterator<Item = (&'a dyn Part, Matches<'a>)>,
    interval: Interval,
) -> Result<Stats, SegmentError> {
    let mut stats = Stats { times: Some(BTreeMap::new()), ..Stats::default() };
    for (part, matches) in parts {
        let total = matches.count()?;
        if total == 0 {
            continue;
        }
        stats.total += total;
        for (facet, counts) in Facet::ALL.into_iter().zip(&mut stats.facets) {
            part.count(facet, &matches, counts)?;
        }
        if let Some(times) = &mut stats.times {
            count_times(part, &matches, total, interval, times)?;
        }
        if stats.times.as_ref().is_some_and(|times| times.len() > limits::INTERVALS_MAX) {
            stats.times = None;
        }
    }
    Ok(stats)
}

/// Goes from each stretch of time to the next that has a match: what lies between costs nothing.
fn count_times(
    part: &dyn Part,
    matches: &Matches,
    total: u64,
    interval: Interval,
    times: &mut BTreeMap<i64, u64>,
) -> Result<(), SegmentError> {
    let mut counted = 0;
    while counted < total && times.len() <= limits::INTERVALS_MAX {
        let Some(position) = matches.select(counted)? else { break };
        let (first, next) = interval.around(Timestamp::from_us(part.place(position)?.0));
        let end = matches.count_before(part.first_from((next.us(), 0))?)?;
        // Time itself ends within the last of them.
        let end = if end > counted { end } else { total };
        let first = Timestamp::parse_date(&first.to_string()).map_or(i64::MIN, Timestamp::us);
        *times.entry(first).or_default() += end - counted;
        counted = end;
    }
    Ok(())
}
