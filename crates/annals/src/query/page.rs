//! Where a page is: found by counting, never by walking over what lies before it.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::{
    matches::Matches,
    part::{Part, Place},
};
use crate::segments::SegmentError;

/// What a filter matches, and the page that was asked for.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Located {
    /// How many entries match, exactly.
    pub(super) total: u64,
    /// The page's entries, the newest first.
    pub(super) hits: Vec<Hit>,
}

/// An entry of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hit {
    /// The number of its part, in the order in which they were given.
    pub(super) part: usize,
    /// Where it is in the part.
    pub(super) position: u32,
    /// Its index in the log.
    pub(super) index: u64,
}

/// A part with matches, and how many of them, counted from the oldest, have not been passed yet.
struct Source<'a> {
    number: usize,
    part: &'a dyn Part,
    matches: Matches<'a>,
    left: u64,
    /// No match is older.
    oldest: Place,
    /// No match is newer.
    newest: Place,
}

impl Source<'_> {
    /// How many matches are at `place` or newer.
    fn count_from(&self, place: Place) -> Result<u64, SegmentError> {
        Ok(self.matches.count()? - self.matches.count_before(self.part.first_from(place)?)?)
    }

    /// The newest match when there are `left` of them.
    fn newest_of(&self, left: u64) -> Result<Option<(Place, u32)>, SegmentError> {
        let Some(rank) = left.checked_sub(1) else { return Ok(None) };
        let Some(position) = self.matches.select(rank)? else { return Ok(None) };
        Ok(Some((self.part.place(position)?, position)))
    }
}

/// Counts the matches in the parts and finds the page of `limit` entries after the newest `skip`. When `skip` is past the
/// end, the page is empty and the count is still exact.
pub(super) fn locate<'a>(
    parts: impl Iterator<Item = (usize, &'a dyn Part, Matches<'a>)>,
    skip: u64,
    limit: u64,
) -> Result<Located, SegmentError> {
    let mut sources = Vec::new();
    let mut total = 0;
    for (number, part, matches) in parts {
        let left = matches.count()?;
        if left > 0
            && let Some((oldest, newest)) = part.bounds()?
        {
            total += left;
            sources.push(Source { number, part, matches, left, oldest, newest });
        }
    }
    if skip >= total {
        return Ok(Located { total, hits: Vec::new() });
    }
    sources.sort_unstable_by_key(|source| Reverse(source.newest));
    let mut passed = 0;
    let mut rest = sources.as_mut_slice();
    while passed < skip && !rest.is_empty() {
        // Sources up to here overlap in time; all others are older than any of them.
        let mut group_size = 0;
        let mut oldest = (i64::MAX, u64::MAX);
        for source in rest.iter() {
            if group_size > 0 && source.newest < oldest {
                break;
            }
            oldest = oldest.min(source.oldest);
            group_size += 1;
        }
        let (group, older) = rest.split_at_mut(group_size);
        let matches: u64 = group.iter().map(|source| source.left).sum();
        let to_pass = matches.min(skip - passed);
        pass(group, to_pass, matches)?;
        passed += to_pass;
        rest = older;
    }
    Ok(Located { total, hits: merge(&sources, limit)? })
}

/// Passes the newest `count` of the `matches` of sources that overlap in time.
fn pass(group: &mut [Source], count: u64, matches: u64) -> Result<(), SegmentError> {
    if count == matches {
        for source in group {
            source.left = 0;
        }
    } else if let [only] = group {
        only.left -= count;
    } else {
        let place = place_of(group, count)?;
        for source in group {
            source.left -= source.count_from(place)?;
        }
    }
    Ok(())
}

/// The place at which exactly `count` matches of the group are there or newer: first the time is found by halving, then,
/// among entries of that very microsecond, the index.
fn place_of(group: &[Source], count: u64) -> Result<Place, SegmentError> {
    let newer = |place: Place| -> Result<u64, SegmentError> {
        group.iter().map(|source| source.count_from(place)).sum()
    };
    let oldest = group.iter().map(|source| source.oldest.0).min().unwrap_or_default();
    let newest = group.iter().map(|source| source.newest.0).max().unwrap_or_default();
    // The latest time from which on there are at least `count`.
    let (mut low, mut high) = (oldest, newest.saturating_add(1));
    while low + 1 < high {
        let middle = i64::midpoint(low, high);
        if newer((middle, 0))? >= count { low = middle } else { high = middle }
    }
    let time = low;
    // Likewise the greatest index; every index lies below 2^40.
    let (mut low, mut high) = (0, 1_u64 << 41);
    while low + 1 < high {
        let middle = u64::midpoint(low, high);
        if newer((time, middle))? >= count { low = middle } else { high = middle }
    }
    Ok((time, low))
}

/// Takes the newest matches that are left, from all sources in turn.
fn merge(sources: &[Source], limit: u64) -> Result<Vec<Hit>, SegmentError> {
    // A source stands in the queue with the place of its newest match, or, as long as that has not been looked up, with a
    // place that is no older: sources that the page does not reach are never looked into.
    let mut queue: BinaryHeap<(Place, usize, Option<u32>)> = sources
        .iter()
        .enumerate()
        .filter(|(_, source)| source.left > 0)
        .map(|(at, source)| (source.newest, at, None))
        .collect();
    let mut left: Vec<u64> = sources.iter().map(|source| source.left).collect();
    let mut hits = Vec::new();
    while (hits.len() as u64) < limit
        && let Some((place, at, looked_up)) = queue.pop()
    {
        let (Some(source), Some(left)) = (sources.get(at), left.get_mut(at)) else { continue };
        if let Some(position) = looked_up {
            hits.push(Hit { part: source.number, position, index: place.1 });
            *left -= 1;
        }
        if let Some((place, position)) = source.newest_of(*left)? {
            queue.push((place, at, Some(position)));
        }
    }
    Ok(hits)
}
