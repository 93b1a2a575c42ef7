//! Pruned entries: of each its index and the hash of its leaf, which the proofs of others need.

use std::ops::Range;

use annals_tlog::Hash;

use super::{
    COLUMN_CHUNK, Extent, HASH_CHUNK, Parts, Segment,
    bytes::Reason,
    column::Column,
    footer::Chunk,
    part::{get, one},
};

/// What a segment has of its pruned entries.
#[derive(Debug, Default)]
pub(super) struct Pruned {
    pub(super) count: u32,
    pub(super) hashes: Vec<Extent>,
    /// The column of their indexes, which ascend.
    pub(super) indexes: Vec<Chunk>,
}

/// Chunks of hashes beside one of indexes.
const HASH_CHUNKS: usize = (COLUMN_CHUNK / HASH_CHUNK) as usize;

const OTHER_COUNT: Reason = "it has not as many values as entries were pruned";

impl Segment {
    /// How many of its entries were pruned.
    pub fn pruned(&self) -> u32 {
        self.pruned.count
    }

    /// The pruned entries whose indexes are in a range, in their order, each with the hash of its leaf. Reads the chunks
    /// that have some of them, and no others.
    pub fn pruned_hashes<P: Parts>(
        &self,
        parts: &P,
        indexes: Range<u64>,
    ) -> Result<Vec<(u64, Hash)>, P::Error> {
        let mut found: Vec<(u64, Hash)> = Vec::new();
        for (number, chunk) in self.pruned.indexes.iter().enumerate() {
            if chunk.last < indexes.start || chunk.first >= indexes.end {
                continue;
            }
            found.extend(self.pruned_chunk(parts, number, chunk, |column| {
                let start = column.partition_point(|_, index| index < indexes.start);
                start..column.partition_point(|_, index| index < indexes.end)
            })?);
            if !found.is_sorted_by(|one, next| one.0 < next.0) {
                return Err(chunk.extent.corrupt("its indexes are out of order").into());
            }
        }
        Ok(found)
    }

    /// All pruned entries, a chunk at a time: never more than one is in memory.
    pub(super) fn all_pruned<'a, P: Parts>(
        &'a self,
        parts: &'a P,
    ) -> impl Iterator<Item = Result<Vec<(u64, Hash)>, P::Error>> + 'a {
        let chunks = self.pruned.indexes.iter().enumerate();
        chunks.map(|(number, chunk)| self.pruned_chunk(parts, number, chunk, |column| 0..column.len()))
    }

    /// Those of a chunk of the column, at the places in it that are chosen.
    fn pruned_chunk<P: Parts>(
        &self,
        parts: &P,
        number: usize,
        chunk: &Chunk,
        choose: impl FnOnce(&Column) -> Range<usize>,
    ) -> Result<Vec<(u64, Hash)>, P::Error> {
        let part = one(parts, &chunk.extent)?;
        let column = part.column(&chunk.extent)?;
        if column.len() != self.pruned.in_chunk(number, COLUMN_CHUNK) {
            return Err(chunk.extent.corrupt(OTHER_COUNT).into());
        }
        let Range { start, end } = choose(column);
        if start >= end {
            return Ok(Vec::new());
        }
        let mut found = Vec::with_capacity(end - start);
        let hash_chunk = HASH_CHUNK as usize;
        let (first, last) = (start / hash_chunk, end.div_ceil(hash_chunk));
        let before = number * HASH_CHUNKS;
        let extents = self.pruned.hashes.get(before + first..(before + last).min(self.pruned.hashes.len()));
        let extents = extents.unwrap_or_default();
        for ((extent, part), chunk) in extents.iter().zip(get(parts, extents)?).zip(first..last) {
            let hashes = part.hashes(extent)?;
            if hashes.0.len() != self.pruned.in_chunk(before + chunk, HASH_CHUNK) {
                return Err(extent.corrupt(OTHER_COUNT).into());
            }
            let base = chunk * hash_chunk;
            for at in start.max(base)..end.min(base + hash_chunk) {
                found.extend(column.get(at).zip(hashes.0.get(at - base).copied()));
            }
        }
        Ok(found)
    }
}

impl Pruned {
    /// How many there are in a chunk, of those that have so many each.
    fn in_chunk(&self, number: usize, each: u32) -> usize {
        let before = number.saturating_mul(each as usize);
        (self.count as usize).saturating_sub(before).min(each as usize)
    }
}

/// A chunk of the hashes of pruned entries.
#[derive(Debug)]
pub struct Hashes(Box<[Hash]>);

impl Hashes {
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Reason> {
        let (hashes, rest) = bytes.as_chunks();
        if rest.is_empty() {
            Ok(Self(hashes.iter().copied().map(Hash::from_bytes).collect()))
        } else {
            Err("it ends within a hash")
        }
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.0)
    }
}
