//! Chunks: entries of a head that follow each other and are kept in one row of the table `head`.
//!
//! What does not fit in a page of a B-tree continues on overflow pages. Those are full, they are written without looking
//! for a place, and they are freed without being written once more, as pages of a B-tree are.

use std::ops::Range;

use annals_tlog::Hash;
use rusqlite::Row;

use super::error;
use super::value::index;
use crate::catalog::{NewEntry, ReadError};

/// Bytes of entries that end a chunk: of pages of 8 KiB two overflow pages, and what SQLite leaves in the B-tree at least. Of a
/// longer chunk more would be read for one of its rows; a shorter one would be a page of the B-tree, which costs more.
const BYTES: usize = 2 * 8_188 + 1_003;

/// Bytes of a length.
const LENGTH_BYTES: usize = size_of::<u32>();

/// What one row of the table holds.
pub(super) struct Chunk<'a> {
    /// The index of the first entry.
    first: u64,
    leaves: &'a [[u8; Hash::LEN]],
    rows: Vec<&'a [u8]>,
}

impl<'a> Chunk<'a> {
    /// The columns that a chunk is read from.
    pub(super) const COLUMNS: &'static str = "key, leaves, rows";

    /// Reads a chunk from its columns, and checks that it is one.
    pub(super) fn of(row: &'a Row<'_>) -> Result<Self, ReadError> {
        let columns = || -> rusqlite::Result<_> {
            Ok((row.get(0)?, row.get_ref(1)?.as_blob()?, row.get_ref(2)?.as_blob()?))
        };
        let (key, leaves, rows) = columns().map_err(error::read)?;
        let last = index(key);
        Self::parse(last, leaves, rows).ok_or_else(|| {
            ReadError::Corrupt(format!("what the head has at key {key} is no chunk of entries"))
        })
    }

    fn parse(last: u64, leaves: &'a [u8], rows: &'a [u8]) -> Option<Self> {
        let (leaves, []) = leaves.as_chunks() else { return None };
        let before_last = leaves.len().checked_sub(1)?;
        let (lengths, mut rest) = rows.split_at_checked(before_last.checked_mul(LENGTH_BYTES)?)?;
        let mut rows = Vec::with_capacity(leaves.len());
        for length in lengths.as_chunks().0 {
            let (row, others) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            rows.push(row);
            rest = others;
        }
        rows.push(rest);
        let first = last.checked_sub(u64::try_from(before_last).ok()?)?;
        Some(Self { first, leaves, rows })
    }

    /// The indexes of its entries; never empty.
    pub(super) fn indexes(&self) -> Range<u64> {
        self.first..self.first.saturating_add(self.rows.len() as u64)
    }

    /// Its entries from an index on: their indexes, leaves and rows.
    pub(super) fn from(&self, start: u64) -> impl Iterator<Item = (u64, Hash, &'a [u8])> {
        let skipped = usize::try_from(start.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let entries = self.leaves.iter().zip(&self.rows);
        let entries = (self.first..).zip(entries).skip(skipped);
        entries.map(|(index, (leaf, row))| (index, Hash::from_bytes(*leaf), *row))
    }

    /// What is stored of the entry at an index.
    pub(super) fn row(&self, index: u64) -> Option<&'a [u8]> {
        let at = usize::try_from(index.checked_sub(self.first)?).ok()?;
        self.rows.get(at).copied()
    }
}

/// Divides entries into chunks.
pub(super) fn divide(entries: &[NewEntry]) -> impl Iterator<Item = &[NewEntry]> {
    let mut bytes: usize = 0;
    entries.chunk_by(move |entry, _| {
        bytes += entry.row.len() + Hash::LEN + LENGTH_BYTES;
        let goes_on = bytes < BYTES;
        if !goes_on {
            bytes = 0;
        }
        goes_on
    })
}

/// The columns `leaves` and `rows` of a chunk of some entries.
pub(super) fn columns(entries: &[NewEntry]) -> (Vec<u8>, Vec<u8>) {
    let bytes = entries.iter().map(|entry| LENGTH_BYTES + entry.row.len()).sum();
    let (mut leaves, mut rows) = (Vec::with_capacity(entries.len() * Hash::LEN), Vec::with_capacity(bytes));
    for entry in entries.iter().take(entries.len().saturating_sub(1)) {
        // A longer one is no value of SQLite, which says so when it is bound.
        rows.extend_from_slice(&u32::try_from(entry.row.len()).unwrap_or(u32::MAX).to_le_bytes());
    }
    for entry in entries {
        leaves.extend_from_slice(entry.leaf.as_bytes());
        rows.extend_from_slice(&entry.row);
    }
    (leaves, rows)
}
