//! The rows of one part that match a filter.

use std::{cell::OnceCell, ops::Range, sync::Arc};

use roaring::RoaringBitmap;

use super::dense::Dense;
use crate::segments::SegmentError;

/// A set of positions in a part: those in a range that are in all of some sets.
///
/// Sets that lie in a segment are loaded when they are needed, and their intersection is made when it is: how many rows have
/// one value is known without either, and most parts of a log are only counted.
pub(super) struct Matches<'a> {
    range: Range<u32>,
    /// Whether the range is all there is, so that what a set holds need not be cut to it.
    whole: bool,
    sets: Vec<Set<'a>>,
    all: OnceCell<RoaringBitmap>,
}

/// Positions that have one value.
pub(super) enum Set<'a> {
    /// In memory, as part of an index.
    Borrowed(&'a RoaringBitmap),
    /// The same as bits, and in the other form if that was needed.
    Dense(&'a Dense, OnceCell<RoaringBitmap>),
    /// In memory, for this query.
    Owned(RoaringBitmap),
    /// In a segment: how many there are, and how to get them.
    Stored { rows: u64, load: Load<'a>, loaded: OnceCell<Arc<RoaringBitmap>> },
}

/// Gets the positions of a set from its segment.
pub(super) type Load<'a> = Box<dyn Fn() -> Result<Arc<RoaringBitmap>, SegmentError> + 'a>;

impl<'a> Set<'a> {
    /// A set of `rows` positions that `load` gets.
    pub(super) fn stored(rows: u64, load: Load<'a>) -> Self {
        Self::Stored { rows, load, loaded: OnceCell::new() }
    }

    /// A set of bits.
    pub(super) fn dense(bits: &'a Dense) -> Self {
        Self::Dense(bits, OnceCell::new())
    }

    fn rows(&self) -> u64 {
        match self {
            Self::Borrowed(bits) => bits.len(),
            Self::Dense(bits, _) => bits.len(),
            Self::Owned(bits) => bits.len(),
            Self::Stored { rows, .. } => *rows,
        }
    }

    fn bits(&self) -> Result<&RoaringBitmap, SegmentError> {
        match self {
            Self::Borrowed(bits) => Ok(bits),
            Self::Dense(bits, list) => Ok(list.get_or_init(|| bits.to_roaring())),
            Self::Owned(bits) => Ok(bits),
            Self::Stored { load, loaded, .. } => match loaded.get() {
                Some(bits) => Ok(bits),
                None => {
                    let bits = load()?;
                    Ok(loaded.get_or_init(|| bits))
                }
            },
        }
    }

    /// How many positions are in both.
    fn shared(&self, other: &Self) -> Result<u64, SegmentError> {
        let in_bits = |bits: &Dense, list: &RoaringBitmap| {
            list.iter().filter(|position| bits.contains(*position)).count() as u64
        };
        Ok(match (self, other) {
            (Self::Dense(a, _), Self::Dense(b, _)) => a.intersection_len(b),
            (Self::Dense(bits, _), list) | (list, Self::Dense(bits, _)) => in_bits(bits, list.bits()?),
            (a, b) => a.bits()?.intersection_len(b.bits()?),
        })
    }
}

impl<'a> Matches<'a> {
    /// The positions in `range`, of a part with `len` rows.
    pub(super) fn new(range: Range<u32>, len: u32) -> Self {
        let whole = range == (0..len);
        Self { range, whole, sets: Vec::new(), all: OnceCell::new() }
    }

    /// No positions.
    pub(super) fn none() -> Self {
        Self::new(0..0, u32::MAX)
    }

    /// Keeps only positions in `range`.
    pub(super) fn within(mut self, range: Range<u32>) -> Self {
        let start = self.range.start.max(range.start);
        let cut = start..self.range.end.min(range.end).max(start);
        self.whole &= cut == self.range;
        self.range = cut;
        self
    }

    /// Keeps only positions in `set`.
    pub(super) fn and(mut self, set: Set<'a>) -> Self {
        self.sets.push(set);
        self
    }

    /// Whether every position of the part is among them.
    pub(super) fn is_whole(&self) -> bool {
        self.whole && self.sets.is_empty()
    }

    /// How many there are.
    pub(super) fn count(&self) -> Result<u64, SegmentError> {
        if self.sets.iter().any(|set| set.rows() == 0) {
            return Ok(0);
        }
        match self.sets.as_slice() {
            [set] if self.whole => Ok(set.rows()),
            [a, b] if self.whole => a.shared(b),
            _ => self.count_before(self.range.end),
        }
    }

    /// How many there are before `position`.
    pub(super) fn count_before(&self, position: u32) -> Result<u64, SegmentError> {
        let end = position.clamp(self.range.start, self.range.end);
        match self.bits()? {
            None => Ok(u64::from(end - self.range.start)),
            Some(bits) => Ok(bits.range_cardinality(self.range.start..end)),
        }
    }

    /// The `rank`-th position, from 0; `None` past the last.
    pub(super) fn select(&self, rank: u64) -> Result<Option<u32>, SegmentError> {
        let position = match self.bits()? {
            None => u64::from(self.range.start).checked_add(rank).and_then(|at| u32::try_from(at).ok()),
            Some(bits) => {
                let rank = rank.saturating_add(bits.range_cardinality(..self.range.start));
                u32::try_from(rank).ok().and_then(|rank| bits.select(rank))
            }
        };
        Ok(position.filter(|position| *position < self.range.end))
    }

    /// All of them, in ascending order.
    pub(super) fn positions(&self) -> Result<Vec<u32>, SegmentError> {
        Ok(match self.bits()? {
            None => self.range.clone().collect(),
            Some(bits) => bits.iter().filter(|position| self.range.contains(position)).collect(),
        })
    }

    /// How many of them are in `other`.
    pub(super) fn count_in(&self, other: &Set) -> Result<u64, SegmentError> {
        match self.sets.as_slice() {
            [] if self.whole => Ok(other.rows()),
            [set] if self.whole => set.shared(other),
            _ => {
                let other = other.bits()?;
                Ok(match self.bits()? {
                    None => other.range_cardinality(self.range.clone()),
                    Some(bits) => (bits & other).range_cardinality(self.range.clone()),
                })
            }
        }
    }

    /// The positions that are in all sets; `None` when there are no sets. Those outside the range may be among them.
    fn bits(&self) -> Result<Option<&RoaringBitmap>, SegmentError> {
        match self.sets.as_slice() {
            [] => Ok(None),
            [set] => set.bits().map(Some),
            sets => {
                if let Some(all) = self.all.get() {
                    return Ok(Some(all));
                }
                let (mut dense, mut lists): (Option<Dense>, Vec<&Set>) = (None, Vec::new());
                for set in sets {
                    match set {
                        Set::Dense(bits, _) => {
                            dense = Some(dense.map_or_else(|| (*bits).clone(), |all| all.and(bits)));
                        }
                        list => lists.push(list),
                    }
                }
                // The smallest first: what follows then has little left to intersect.
                lists.sort_by_key(|set| set.rows());
                let mut all = dense.map(|bits| bits.to_roaring());
                for set in lists {
                    all = Some(match all {
                        None => set.bits()?.clone(),
                        Some(all) => all & set.bits()?,
                    });
                }
                Ok(Some(self.all.get_or_init(|| all.unwrap_or_default())))
            }
        }
    }
}
