//! The rows of one part that match a filter.

use std::ops::Range;

use roaring::RoaringBitmap;

/// A set of positions in a part: all in a range, or those in a bitmap.
#[derive(Debug, Clone)]
pub(super) enum Matches {
    /// Every position in the range.
    All(Range<u32>),
    /// The positions in the bitmap.
    Some(RoaringBitmap),
}

impl Matches {
    /// No positions.
    pub(super) fn none() -> Self {
        Self::All(0..0)
    }

    /// Keeps only positions in `range`.
    pub(super) fn within(self, range: Range<u32>) -> Self {
        match self {
            Self::All(all) => {
                let start = all.start.max(range.start);
                Self::All(start..all.end.min(range.end).max(start))
            }
            Self::Some(mut bits) => {
                bits.remove_range(..range.start);
                bits.remove_range(range.end.max(range.start)..);
                Self::Some(bits)
            }
        }
    }

    /// Keeps only positions in `bits`.
    pub(super) fn and(self, bits: &RoaringBitmap) -> Self {
        match self {
            Self::All(range) => Self::Some(bits.clone()).within(range),
            Self::Some(mut mine) => {
                mine &= bits;
                Self::Some(mine)
            }
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        match self {
            Self::All(range) => u64::from(range.end - range.start),
            Self::Some(bits) => bits.len(),
        }
    }

    /// How many there are before `position`.
    pub(super) fn count_before(&self, position: u32) -> u64 {
        match self {
            Self::All(range) => u64::from(position.clamp(range.start, range.end) - range.start),
            Self::Some(bits) => position.checked_sub(1).map_or(0, |last| bits.rank(last)),
        }
    }

    /// The `rank`-th position, from 0; `None` past the last.
    pub(super) fn select(&self, rank: u64) -> Option<u32> {
        match self {
            Self::All(range) => {
                let position = u64::from(range.start).checked_add(rank)?;
                u32::try_from(position).ok().filter(|position| *position < range.end)
            }
            Self::Some(bits) => bits.select(u32::try_from(rank).ok()?),
        }
    }
}
