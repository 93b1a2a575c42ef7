//! Places, indexes and tokens: from one to the other.

use roaring::RoaringBitmap;

use super::{
    COLUMN_CHUNK, Corrupt, Extent, Kind, Parts, Segment,
    bytes::{Reason, from_us, to_us},
    footer::Chunk,
    part::{one, several},
};
use crate::LogToken;

const OUT_OF_RANGE: Reason = "a value is out of range";

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

    /// The position of the entry with this index; `None` if it is not in the segment.
    pub fn position<P: Parts>(&self, parts: &P, index: u64) -> Result<Option<u32>, P::Error> {
        if !self.indexes().contains(&index) {
            return Ok(None);
        }
        if self.in_index_order {
            return Ok(u32::try_from(index - self.first_index).ok());
        }
        let mut found = None;
        self.each_index(parts, |position, other| {
            if other == index {
                found = Some(position);
            }
            found.is_none()
        })?;
        Ok(found)
    }

    /// The positions of the entries with a smaller index.
    pub fn before<P: Parts>(&self, parts: &P, as_of: u64) -> Result<RoaringBitmap, P::Error> {
        let mut positions = RoaringBitmap::new();
        let count = as_of.saturating_sub(self.first_index).min(u64::from(self.rows));
        let count = u32::try_from(count).unwrap_or(self.rows);
        if self.in_index_order || count == self.rows || count == 0 {
            positions.insert_range(0..count);
            return Ok(positions);
        }
        self.each_index(parts, |position, index| {
            if index < as_of {
                positions.insert(position);
            }
            true
        })?;
        positions.optimize();
        Ok(positions)
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
