//! Sealing: rows, and what is left of pruned entries, become a segment.

mod index;
mod postings;
mod summed;

use std::io;

use annals_tlog::Hash;

pub use self::index::Extra;
pub(super) use self::{index::Index, postings::Postings, summed::Summed};
use super::{
    BLOCK_ROWS, Options, ROW_BYTES_MAX, ROWS_MAX, Summary,
    block::{self, BlockRow},
    dictionary::{self, Packer, dictionary_bytes_max},
    write::{GroupWriter, Writer},
};
use crate::{Row, entry::CorruptRow};

/// Rows that make no segment.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The entries are too many, or none.
    #[error("a segment has 1 to {ROWS_MAX} entries, not {0}")]
    Rows(usize),
    /// The indexes do not follow each other.
    #[error("the entries of a segment follow each other, but there is not one for each index from {0}")]
    Indexes(u64),
    /// A row does not belong behind the one before it.
    #[error("rows are sealed in the order of their instants and indexes, but entry {index} is out of order")]
    Order {
        /// The entry's index.
        index: u64,
    },
    /// A row is no row.
    #[error("entry {index} cannot be sealed")]
    Row {
        /// The entry's index.
        index: u64,
        /// What is wrong with it.
        source: CorruptRow,
    },
    /// A row is too long.
    #[error("entry {index} has {bytes} bytes, more than {ROW_BYTES_MAX}")]
    RowBytes {
        /// The entry's index.
        index: u64,
        /// Bytes of its row.
        bytes: usize,
    },
    /// The sink took no more.
    #[error("writing a segment failed")]
    Write(#[from] io::Error),
}

/// Writes a segment row by row. Of the rows it holds one block at a time, so that memory is taken by the index alone.
#[derive(Debug)]
pub struct Sealer<W, F> {
    writer: Writer<W>,
    packer: Packer,
    dictionary: Vec<u8>,
    /// Begins with the first row: there may be none.
    group: Option<GroupWriter>,
    /// Rows that do not fill a block yet.
    block: Vec<(u64, Vec<u8>)>,
    places: Vec<(i64, u64)>,
    pruned: Vec<(u64, Hash)>,
    index: Index<F>,
}

impl<W: io::Write, F: FnMut(&Row, &mut Extra)> Sealer<W, F> {
    /// Begins a segment whose rows are compressed with a dictionary: one that [`train`] made or another segment of the log
    /// has ([`Summary::dictionary`]), or an empty one. `search` gives the terms of `changed` and `word`
    /// of each row.
    pub fn new(sink: W, dictionary: Vec<u8>, options: &Options, search: F) -> Result<Self, SealError> {
        Self::with_pruned(sink, dictionary, Vec::new(), options, search)
    }

    /// Begins a segment that also has pruned entries, given in any order: of each its index and the hash of its leaf. They
    /// are known from the start, as the first bytes of the file depend on whether there are any.
    pub fn with_pruned(
        sink: W,
        dictionary: Vec<u8>,
        mut pruned: Vec<(u64, Hash)>,
        options: &Options,
        search: F,
    ) -> Result<Self, SealError> {
        let count = u32::try_from(pruned.len()).ok().filter(|count| *count <= ROWS_MAX);
        let count = count.ok_or(SealError::Rows(pruned.len()))?;
        pruned.sort_unstable();
        Ok(Self {
            writer: Writer::new(sink, count, options)?,
            packer: Packer::new(options.level, &dictionary)?,
            dictionary,
            group: None,
            block: Vec::with_capacity(BLOCK_ROWS as usize),
            places: Vec::new(),
            pruned,
            index: Index::new(search),
        })
    }

    /// Adds a row with its index. Rows come in the order of their instants, those of the same instant in the order of their
    /// indexes; in the end their indexes and those of pruned entries have to follow each other.
    pub fn push(&mut self, index: u64, row: Vec<u8>) -> Result<(), SealError> {
        if row.len() > ROW_BYTES_MAX {
            return Err(SealError::RowBytes { index, bytes: row.len() });
        }
        let instant = Row::instant(&row).map_err(|source| SealError::Row { index, source })?;
        let place = (instant.us(), index);
        if self.places.last().is_some_and(|last| *last >= place) {
            return Err(SealError::Order { index });
        }
        let entries = self.places.len() + self.pruned.len();
        if entries >= ROWS_MAX as usize {
            return Err(SealError::Rows(entries + 1));
        }
        self.places.push(place);
        self.block.push((index, row));
        if self.block.len() == BLOCK_ROWS as usize { self.end_block() } else { Ok(()) }
    }

    fn end_block(&mut self) -> Result<(), SealError> {
        let block = std::mem::take(&mut self.block);
        let mut rows = Vec::with_capacity(block.len());
        for (index, bytes) in &block {
            let corrupt = |source| SealError::Row { index: *index, source };
            let row = Row::decode(bytes).map_err(corrupt)?;
            self.index.add(&row).map_err(corrupt)?;
            rows.push(BlockRow::decoded(bytes, row));
        }
        let group = match &mut self.group {
            Some(group) => group,
            group => {
                let dictionary = self.writer.dictionary(&self.dictionary)?;
                group.insert(self.writer.group(dictionary))
            }
        };
        group.rows(&mut self.writer, &rows, &mut self.packer)?;
        // The space of the block serves for the next one.
        self.block = block;
        self.block.clear();
        Ok(())
    }

    /// Writes the index and the footer; gives back what was written, and to where.
    pub fn finish(mut self) -> Result<(Summary, W), SealError> {
        if !self.block.is_empty() {
            self.end_block()?;
        }
        let rows = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        let first_index = check_indexes(&self.places, &self.pruned)?;
        if let Some(group) = &self.group {
            self.writer.end_group(group, rows)?;
        }
        self.writer.columns(|put| self.places.iter().try_for_each(|place| put(*place)))?;
        self.writer.tokens(&self.index.take_tokens())?;
        let mut pruned = self.writer.pruned();
        for (index, hash) in &self.pruned {
            pruned.entry(*index, hash)?;
        }
        pruned.finish()?;
        for (field, postings) in self.index.into_fields() {
            postings.write(&mut self.writer, field)?;
        }
        Ok(self.writer.finish(first_index, self.dictionary)?)
    }
}

/// Each index from the first one, which is given back, to the last one is there once.
fn check_indexes(places: &[(i64, u64)], pruned: &[(u64, Hash)]) -> Result<u64, SealError> {
    let indexes = || places.iter().map(|place| place.1).chain(pruned.iter().map(|pruned| pruned.0));
    let first = indexes().min().ok_or(SealError::Rows(0))?;
    let entries = places.len() + pruned.len();
    if first.checked_add(entries as u64).is_none() {
        return Err(SealError::Indexes(first));
    }
    let mut seen = vec![false; entries];
    for index in indexes() {
        let at = usize::try_from(index - first).ok();
        match at.and_then(|at| seen.get_mut(at)) {
            Some(seen) if !*seen => *seen = true,
            _ => return Err(SealError::Indexes(first)),
        }
    }
    Ok(first)
}

/// A dictionary for rows such as these samples; an empty one if they are too few to learn from. `row_bytes` is about how
/// many bytes the rows of the segment have altogether: the dictionary must earn its keep.
pub fn train(samples: &[Vec<u8>], row_bytes: usize, options: &Options) -> Vec<u8> {
    let arranged: Vec<Vec<u8>> = samples.iter().map(|row| block::sample(row)).collect();
    dictionary::train(&arranged, dictionary_bytes_max(row_bytes, options))
}
