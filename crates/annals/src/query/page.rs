//! Where a page is: found by counting, never by walking over what lies before it.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::{
    matches::Matches,
    part::{Part, Place},
};

/// What a filter matches, and the page that was asked for.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Located {
    /// How many entries match, exactly.
    pub total: u64,
    /// The indexes of the page's entries, the newest first.
    pub indexes: Vec<u64>,
}

/// A part with matches, and how many of them, counted from the oldest, have not been passed yet.
struct Source<'a> {
    part: &'a dyn Part,
    matches: Matches,
    left: u64,
    oldest: Place,
    newest: Place,
}

impl<'a> Source<'a> {
    fn new(part: &'a dyn Part, matches: Matches) -> Option<Self> {
        let left = matches.count();
        let oldest = part.place(matches.select(0)?);
        let newest = part.place(matches.select(left - 1)?);
        Some(Self { part, matches, left, oldest, newest })
    }

    /// How many matches are at `place` or newer.
    fn count_from(&self, place: Place) -> u64 {
        self.matches.count() - self.matches.count_before(self.part.first_from(place))
    }

    /// The newest match that is left.
    fn next(&self) -> Option<Place> {
        let rank = self.left.checked_sub(1)?;
        self.matches.select(rank).map(|position| self.part.place(position))
    }
}

/// Counts the matches in the parts and finds the page of `limit` entries after the newest `skip`.
pub(super) fn locate<'a>(
    parts: impl Iterator<Item = (&'a dyn Part, Matches)>,
    skip: u64,
    limit: u64,
) -> Located {
    let mut sources: Vec<Source> = parts.filter_map(|(part, matches)| Source::new(part, matches)).collect();
    let total = sources.iter().map(|source| source.left).sum();
    if skip >= total {
        return Located { total, indexes: Vec::new() };
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
        pass(group, to_pass, matches);
        passed += to_pass;
        rest = older;
    }
    Located { total, indexes: merge(&sources, limit) }
}

/// Passes the newest `count` of the `matches` of sources that overlap in time.
fn pass(group: &mut [Source], count: u64, matches: u64) {
    if count == matches {
        for source in group {
            source.left = 0;
        }
    } else if let [only] = group {
        only.left -= count;
    } else {
        let place = place_of(group, count);
        for source in group {
            source.left -= source.count_from(place);
        }
    }
}

/// The place at which exactly `count` matches of the group are there or newer: first the time is found by halving, then,
/// among entries of that very microsecond, the index.
fn place_of(group: &[Source], count: u64) -> Place {
    let newer = |place: Place| group.iter().map(|source| source.count_from(place)).sum::<u64>();
    let oldest = group.iter().map(|source| source.oldest.0).min().unwrap_or_default();
    let newest = group.iter().map(|source| source.newest.0).max().unwrap_or_default();
    // The latest time from which on there are at least `count`.
    let (mut low, mut high) = (oldest, newest.saturating_add(1));
    while low + 1 < high {
        let middle = i64::midpoint(low, high);
        if newer((middle, 0)) >= count { low = middle } else { high = middle }
    }
    let time = low;
    // Likewise the greatest index; every index lies below 2^40.
    let (mut low, mut high) = (0, 1_u64 << 41);
    while low + 1 < high {
        let middle = u64::midpoint(low, high);
        if newer((time, middle)) >= count { low = middle } else { high = middle }
    }
    (time, low)
}

/// Takes the newest matches that are left, from all sources in turn.
fn merge(sources: &[Source], limit: u64) -> Vec<u64> {
    let mut left: Vec<u64> = sources.iter().map(|source| source.left).collect();
    let mut newest: BinaryHeap<(Place, usize)> =
        sources.iter().enumerate().filter_map(|(at, source)| Some((source.next()?, at))).collect();
    let mut indexes = Vec::new();
    while (indexes.len() as u64) < limit
        && let Some((place, at)) = newest.pop()
    {
        indexes.push(place.1);
        let (Some(source), Some(left)) = (sources.get(at), left.get_mut(at)) else { continue };
        *left -= 1;
        if let Some(position) = left.checked_sub(1).and_then(|rank| source.matches.select(rank)) {
            newest.push((source.part.place(position), at));
        }
    }
    indexes
}
