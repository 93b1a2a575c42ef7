//! A field with many values: their hashes, sorted, each with the position of a row that has it.
//!
//! The values themselves stay in the rows. Two values of an account would have to share a 64-bit hash, under a key that
//! is drawn when the process starts, for one to be taken for the other: among a hundred million values, a lookup is
//! wrong with a probability of 5 in 10^12.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::LazyLock,
};

use roaring::RoaringBitmap;

/// The key. Random, so that nobody can choose values whose hashes collide.
static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Hashes of a field's values in a part, each with a position; rows without a value are not among them.
#[derive(Debug)]
pub(super) struct Hashes {
    hashes: Box<[u64]>,
    /// A part has at most 2^16 rows.
    positions: Box<[u16]>,
}

impl Hashes {
    /// Takes a field whose values have numbers, and the number of each row in the order of positions.
    pub(super) fn build<'a>(
        values: impl Iterator<Item = &'a String>,
        numbers: impl Iterator<Item = Option<u32>>,
    ) -> Self {
        let hashes: Vec<u64> = values.map(|value| KEY.hash_one(value.as_str())).collect();
        let mut rows: Vec<(u64, u16)> = (0..=u16::MAX)
            .zip(numbers)
            .filter_map(|(position, number)| Some((*hashes.get(number? as usize)?, position)))
            .collect();
        rows.sort_unstable();
        let (hashes, positions): (Vec<u64>, Vec<u16>) = rows.into_iter().unzip();
        Self { hashes: hashes.into(), positions: positions.into() }
    }

    /// The rows that have `value`.
    pub(super) fn rows(&self, value: &str) -> RoaringBitmap {
        let hash = KEY.hash_one(value);
        let start = self.hashes.partition_point(|other| *other < hash);
        let same = self.hashes.iter().skip(start).take_while(|other| **other == hash).count();
        let positions = self.positions.get(start..start + same).unwrap_or_default();
        positions.iter().copied().map(u32::from).collect()
    }
}
