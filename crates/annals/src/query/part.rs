//! What every part of a log answers, whether it is scanned or indexed.

use annals_format::Filter;

use super::matches::Matches;

/// The place of an entry in reading order: (`created_at` in µs, index). Readers see the greatest first.
pub(super) type Place = (i64, u64);

/// Rows in reading order, the oldest at position 0.
pub(super) trait Part {
    /// How many rows there are.
    fn len(&self) -> u32;

    /// The place of a row; positions are below [`len`](Part::len).
    fn place(&self, position: u32) -> Place;

    /// The rows that match `filter`, but for its token; times and `as_of` are part of it.
    fn matches(&self, filter: &Filter) -> Matches;

    /// The position of the entry with this index, if it is in this part.
    fn position(&self, index: u64) -> Option<u32>;

    /// The first position whose place is not below `place`; `len` when all are.
    fn first_from(&self, place: Place) -> u32 {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = u32::midpoint(low, high);
            if self.place(middle) < place {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The positions in the filter's time range.
    fn in_time(&self, filter: &Filter) -> std::ops::Range<u32> {
        let start = filter.from.map_or(0, |from| self.first_from((from.us(), 0)));
        let end = filter.before.map_or(self.len(), |before| self.first_from((before.us(), 0)));
        start..end.max(start)
    }
}
