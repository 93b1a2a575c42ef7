//! Places, indexes and tokens: from one to the other.

use std::ops::Range;

use roaring::RoaringBitmap;

use super::{
    COLUMN_CHUNK, Corrupt, Extent, Kind, Parts, Segment,
    bytes::{Reason, from_us, to_us},
    footer::Chunk,
    order::Order,
    part::{one, several},
};
use crate::LogToken;

const OUT_OF_RANGE: Reason = "a value is out of range";

/// The positions of the entries before an index; see [`Segment::before`].
#[derive(Debug, Clone, PartialEq)]
pub enum Before {
    /// The first so many.
    First(u32),
    /// These.
    Scattered(RoaringBitmap),
}

impl Segment {
    /// The place (instant in microseconds, index) of the entry at a position.
    ///
    /// # Errors
    ///
    /// Also if the segment has no such position.
    pub fn place<P: Parts>(&self, parts: &P, position: u32) -> Result<(i64, u64), P::Error> {
        let (times, indexes) = self.chunk_of(position)?;
        let extents = [times.extent, indexes.extent];
        let [times_part, indexes_part] = several(parts, extents)?;
        let at = (position % COLUMN_CHUNK) as usize;
        match (times_part.column(&extents[0])?.get(at), indexes_part.column(&extents[1])?.get(at)) {
            (Some(time), Some(index)) => Ok((to_us(time), index)),
            _ => Err(times.extent.corrupt(OUT_OF_RANGE).into()),
        }
    }

    /// The places of the entries at these positions, in their order.
    pub(super) fn places<P: Parts>(
        &self,
        parts: &P,
        positions: Range<u32>,
    ) -> Result<Vec<(i64, u64)>, P::Error> {
        let mut places = Vec::with_capacity(positions.len());
        let mut from = positions.start;
        while from < positions.end {
            let (times, indexes) = self.chunk_of(from)?;
            let extents = [times.extent, indexes.extent];
            let [times_part, indexes_part] = several(parts, extents)?;
            let (times, indexes) = (times_part.column(&extents[0])?, indexes_part.column(&extents[1])?);
            let end = (from - from % COLUMN_CHUNK + COLUMN_CHUNK).min(positions.end);
            for at in from % COLUMN_CHUNK..=(end - 1) % COLUMN_CHUNK {
                match (times.get(at as usize), indexes.get(at as usize)) {
                    (Some(time), Some(index)) => places.push((to_us(time), index)),
                    _ => return Err(extents[0].corrupt(OUT_OF_RANGE).into()),
                }
            }
            from = end;
        }
        Ok(places)
    }

    /// The first position whose place is not below this one; the number of rows if there is none.
    pub fn first_from<P: Parts>(&self, parts: &P, place: (i64, u64)) -> Result<u32, P::Error> {
        let wanted = (from_us(place.0), place.1);
        let mut chunks = self.times.iter().zip(&self.indexes).zip((0..).step_by(COLUMN_CHUNK as usize));
        let Some(((times, indexes), start)) =
            chunks.find(|((times, indexes), _)| (times.last, indexes.last) >= wanted)
        else {
            return Ok(self.rows);
        };
        if (times.first, indexes.first) >= wanted {
            return Ok(start);
        }
        let extents = [times.extent, indexes.extent];
        let [times_part, indexes_part] = several(parts, extents)?;
        let indexes_column = indexes_part.column(&extents[1])?;
        let below = |at, time| (time, indexes_column.get(at).unwrap_or(u64::MAX)) < wanted;
        let within = times_part.column(&extents[0])?.partition_point(below);
        // A chunk has 65,536 values at most.
        Ok(start + u32::try_from(within).unwrap_or(COLUMN_CHUNK))
    }

    /// The position of the entry with this index; `None` if it is not in the segment, or was pruned.
    pub fn position<P: Parts>(&self, parts: &P, index: u64) -> Result<Option<u32>, P::Error> {
        if !self.indexes().contains(&index) {
            return Ok(None);
        }
        match self.order {
            Order::Gapless => {
                let first = self.indexes.first().map_or(self.first_index, |chunk| chunk.first);
                let position = index.checked_sub(first).and_then(|position| u32::try_from(position).ok());
                Ok(position.filter(|position| *position < self.rows))
            }
            Order::Ascending => {
                let (position, is_there) = self.rank(parts, index)?;
                Ok((is_there && position < self.rows).then_some(position))
            }
            Order::Mixed => Ok(self.positions(parts, &[index])?.first().copied().flatten()),
        }
    }

    /// The same for many entries, in the order of the question. Where rows are in another order than their indexes, this goes
    /// through the column of indexes once at most, and mostly through a chunk or two.
    pub fn positions<P: Parts>(&self, parts: &P, indexes: &[u64]) -> Result<Vec<Option<u32>>, P::Error> {
        if self.order != Order::Mixed {
            return indexes.iter().map(|index| self.position(parts, *index)).collect();
        }
        let mut found = vec![None; indexes.len()];
        let mut wanted: Vec<(u64, usize)> = indexes.iter().copied().zip(0..).collect();
        wanted.retain(|(index, _)| self.indexes().contains(index));
        wanted.sort_unstable();
        let (Some((first, _)), Some((last, _))) = (wanted.first(), wanted.last()) else { return Ok(found) };
        let mut chunks: Vec<(u32, &Chunk)> =
            (0..).step_by(COLUMN_CHUNK as usize).zip(&self.indexes).collect();
        // All but late entries are where the ends of a chunk say.
        chunks.sort_by_key(|(_, chunk)| chunk.last < *first || *last < chunk.first);
        let mut missing = wanted.len();
        for (start, chunk) in chunks {
            let part = one(parts, &chunk.extent)?;
            for (index, position) in part.column(&chunk.extent)?.iter().zip(start..self.rows) {
                if !(*first..=*last).contains(&index) {
                    continue;
                }
                let same = wanted.iter().skip(wanted.partition_point(|(wanted, _)| *wanted < index));
                for (_, asked) in same.take_while(|(wanted, _)| *wanted == index) {
                    if let Some(found) = found.get_mut(*asked).filter(|found| found.is_none()) {
                        *found = Some(position);
                        missing -= 1;
                    }
                }
            }
            if missing == 0 {
                break;
            }
        }
        Ok(found)
    }

    /// The positions of the entries with a smaller index, which are the first ones if the rows are in the order of their
    /// indexes.
    pub fn before<P: Parts>(&self, parts: &P, as_of: u64) -> Result<Before, P::Error> {
        let indexes = self.indexes();
        if as_of <= indexes.start {
            return Ok(Before::First(0));
        }
        if as_of >= indexes.end {
            return Ok(Before::First(self.rows));
        }
        match self.order {
            Order::Gapless => {
                let first = self.indexes.first().map_or(self.first_index, |chunk| chunk.first);
                let count = u32::try_from(as_of.saturating_sub(first)).unwrap_or(u32::MAX);
                return Ok(Before::First(count.min(self.rows)));
            }
            Order::Ascending => return Ok(Before::First(self.rank(parts, as_of)?.0)),
            Order::Mixed => {}
        }
        let mut positions = RoaringBitmap::new();
        self.each_index(parts, |position, index| {
            if index < as_of {
                positions.insert(position);
            }
            true
        })?;
        positions.optimize();
        Ok(Before::Scattered(positions))
    }

    /// How many rows have a smaller index, and whether one has this, of rows in the order of their indexes.
    fn rank<P: Parts>(&self, parts: &P, index: u64) -> Result<(u32, bool), P::Error> {
        let mut chunks = self.indexes.iter().zip((0..).step_by(COLUMN_CHUNK as usize));
        let Some((chunk, start)) = chunks.find(|(chunk, _)| chunk.last >= index) else {
            return Ok((self.rows, false));
        };
        if chunk.first >= index {
            return Ok((start, chunk.first == index));
        }
        let part = one(parts, &chunk.extent)?;
        let column = part.column(&chunk.extent)?;
        let within = column.partition_point(|_, other| other < index);
        // A chunk has 65,536 values at most.
        let rank = start + u32::try_from(within).unwrap_or(COLUMN_CHUNK);
        Ok((rank.min(self.rows), column.get(within) == Some(index)))
    }

    /// The position of the entry with this token; the oldest one, should several have it.
    pub fn find<P: Parts>(&self, parts: &P, token: LogToken) -> Result<Option<u32>, P::Error> {
        let after = self.tokens.partition_point(|chunk| chunk.first < token.0);
        // Where a chunk begins with the token, the one before may end with it.
        let chunks = self.tokens.get(after.saturating_sub(1)..).unwrap_or_default();
        for chunk in chunks.iter().take_while(|chunk| chunk.first <= token.0) {
            let part = one(parts, &chunk.extent)?;
            let tokens = part.tokens(&chunk.extent)?;
            if let Some(position) = tokens.find(token.0) {
                return self.checked_position(&chunk.extent, position).map(Some).map_err(Into::into);
            }
        }
        Ok(None)
    }

    /// Goes through the indexes in the order of positions, while `each` says so.
    pub(super) fn each_index<P: Parts>(
        &self,
        parts: &P,
        mut each: impl FnMut(u32, u64) -> bool,
    ) -> Result<(), P::Error> {
        let mut positions = 0..self.rows;
        for chunk in &self.indexes {
            let part = one(parts, &chunk.extent)?;
            for (index, position) in part.column(&chunk.extent)?.iter().zip(positions.by_ref()) {
                if !each(position, index) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn chunk_of(&self, position: u32) -> Result<(&Chunk, &Chunk), Corrupt> {
        let at = (position / COLUMN_CHUNK) as usize;
        match (self.times.get(at), self.indexes.get(at)) {
            (Some(times), Some(indexes)) if position < self.rows => Ok((times, indexes)),
            _ => Err(self.no_position()),
        }
    }

    pub(super) fn checked_position(&self, extent: &Extent, position: u64) -> Result<u32, Corrupt> {
        match u32::try_from(position) {
            Ok(position) if position < self.rows => Ok(position),
            _ => Err(extent.corrupt(BEYOND_ROWS)),
        }
    }

    pub(super) fn no_position(&self) -> Corrupt {
        Corrupt { kind: Kind::Footer, offset: self.parts_end, reason: "it has no such position" }
    }
}

pub(super) const BEYOND_ROWS: Reason = "a position is beyond the last row";
