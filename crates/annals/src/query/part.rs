//! What every part of a log answers: a segment, or a stretch of the head.

use annals_format::Filter;
use roaring::RoaringBitmap;

use super::{
    facet::{Counts, Facet},
    matches::Matches,
};
use crate::segments::SegmentError;

/// The place of an entry in reading order: (`created_at` in µs, index). Readers see the greatest first.
pub(super) type Place = (i64, u64);

/// Which entries a query is about.
#[derive(Debug)]
pub struct Wanted {
    /// What they match.
    pub filter: Filter,
    /// Whether values are to be counted.
    pub counted: bool,
    /// For a filter that searches: which entries of the head have what it searches for.
    pub found: Option<Found>,
}

/// Entries of the head, by their indexes.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The first index that was searched.
    pub base: u64,
    /// The indexes that were found, less `base`.
    pub offsets: RoaringBitmap,
}

impl Found {
    /// Whether the entry with this index was found.
    pub(super) fn has(&self, index: u64) -> bool {
        let offset = index.checked_sub(self.base).and_then(|offset| u32::try_from(offset).ok());
        offset.is_some_and(|offset| self.offsets.contains(offset))
    }
}

/// Rows in reading order, the oldest at position 0.
pub(super) trait Part {
    /// How many rows there are.
    fn len(&self) -> u32;

    /// The place of a row; positions are below [`len`](Part::len).
    fn place(&self, position: u32) -> Result<Place, SegmentError>;

    /// The places that all rows lie between, both included; `None` without rows.
    fn bounds(&self) -> Result<Option<(Place, Place)>, SegmentError> {
        match self.len().checked_sub(1) {
            Some(last) => Ok(Some((self.place(0)?, self.place(last)?))),
            None => Ok(None),
        }
    }

    /// The first position whose place is not below `place`; `len` when all are.
    fn first_from(&self, place: Place) -> Result<u32, SegmentError> {
        first(self.len(), |position| Ok(self.place(position)? >= place))
    }

    /// The position of the entry with this index, if it is in this part.
    fn position(&self, index: u64) -> Result<Option<u32>, SegmentError>;

    /// The rows that match, but for the filter's token; times and `as_of` are part of it.
    fn matches(&self, wanted: &Wanted) -> Result<Matches<'_>, SegmentError>;

    /// Adds how many of `matches` have each value of a field.
    fn count(&self, facet: Facet, matches: &Matches, counts: &mut Counts) -> Result<(), SegmentError>;
}

/// The positions in the filter's time range.
pub(super) fn in_time(
    part: &(impl Part + ?Sized),
    filter: &Filter,
) -> Result<std::ops::Range<u32>, SegmentError> {
    let start = filter.from.map_or(Ok(0), |from| part.first_from((from.us(), 0)))?;
    let end = filter.before.map_or(Ok(part.len()), |before| part.first_from((before.us(), 0)))?;
    Ok(start..end.max(start))
}

/// The first position below `len` that passes `test`, which all positions after it do as well; `len` when none does.
pub(super) fn first<E>(len: u32, test: impl Fn(u32) -> Result<bool, E>) -> Result<u32, E> {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = u32::midpoint(low, high);
        if test(middle)? {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(low)
}
