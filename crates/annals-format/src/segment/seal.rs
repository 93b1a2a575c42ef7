//! Sealing: rows become a segment.

mod postings;

use std::{collections::HashMap, io};

use foldhash::fast::RandomState;

use self::postings::Postings;
use super::{
    BLOCK_ROWS, Field, Options, ROW_BYTES_MAX, ROWS_MAX, Summary,
    block::{self, BlockRow},
    dictionary::{self, Packer, dictionary_bytes_max},
    field::term_of,
    write::{GroupWriter, Writer},
};
use crate::{Row, entry::CorruptRow, search};

/// Rows that make no segment.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The rows are too many, or none.
    #[error("a segment has 1 to {ROWS_MAX} rows, not {0}")]
    Rows(usize),
    /// The indexes do not follow each other.
    #[error("the rows of a segment follow each other, but there is not one row for each index from {0}")]
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
    group: GroupWriter,
    search: F,
    /// Rows that do not fill a block yet.
    block: Vec<(u64, Vec<u8>)>,
    places: Vec<(i64, u64)>,
    tokens: Vec<(u64, u32)>,
    fields: [Postings; 7],
    extra: Extra,
}

impl<W: io::Write, F: FnMut(&Row, &mut Extra)> Sealer<W, F> {
    /// Begins a segment whose rows are compressed with a dictionary: one that [`train`] made or another segment of the log
    /// has ([`Summary::dictionary`]), or an empty one. `search` gives the terms of [`Field::Changed`] and [`Field::Word`]
    /// of each row.
    pub fn new(sink: W, dictionary: Vec<u8>, options: &Options, search: F) -> Result<Self, SealError> {
        let mut writer = Writer::new(sink, options)?;
        let packer = Packer::new(options.level, &dictionary)?;
        let extent = writer.dictionary(&dictionary)?;
        let group = writer.group(extent);
        Ok(Self {
            writer,
            packer,
            dictionary,
            group,
            search,
            block: Vec::with_capacity(BLOCK_ROWS as usize),
            places: Vec::new(),
            tokens: Vec::new(),
            fields: Default::default(),
            extra: Extra::default(),
        })
    }

    /// Adds a row with its index. Rows come in the order of their instants, those of the same instant in the order of their
    /// indexes; in the end their indexes have to follow each other.
    pub fn push(&mut self, index: u64, row: Vec<u8>) -> Result<(), SealError> {
        if row.len() > ROW_BYTES_MAX {
            return Err(SealError::RowBytes { index, bytes: row.len() });
        }
        let instant = Row::instant(&row).map_err(|source| SealError::Row { index, source })?;
        let place = (instant.us(), index);
        if self.places.last().is_some_and(|last| *last >= place) {
            return Err(SealError::Order { index });
        }
        if self.places.len() == ROWS_MAX as usize {
            return Err(SealError::Rows(self.places.len() + 1));
        }
        self.places.push(place);
        self.block.push((index, row));
        if self.block.len() == BLOCK_ROWS as usize { self.end_block() } else { Ok(()) }
    }

    fn end_block(&mut self) -> Result<(), SealError> {
        let block = std::mem::take(&mut self.block);
        let mut rows = Vec::with_capacity(block.len());
        for (index, bytes) in &block {
            let row = Row::decode(bytes).map_err(|source| SealError::Row { index: *index, source })?;
            self.index(*index, &row)?;
            rows.push(BlockRow::decoded(bytes, row));
        }
        self.group.rows(&mut self.writer, &rows, &mut self.packer)?;
        // The space of the block serves for the next one.
        self.block = block;
        self.block.clear();
        Ok(())
    }

    /// Adds a row to the postings.
    fn index(&mut self, index: u64, row: &Row) -> Result<(), SealError> {
        // There are at most 2^20 rows.
        let position = u32::try_from(self.tokens.len()).unwrap_or(u32::MAX);
        let keys = row.keys().map_err(|source| SealError::Row { index, source })?;
        self.tokens.push((keys.token.0, position));
        let user = keys.user_id.map(|id| id.to_string());
        let values = [
            user.as_deref(),
            keys.workspace_token.as_deref(),
            Some(keys.action.as_str()),
            Some(&*keys.source),
            Some(&*keys.object_type),
            keys.object_token.as_deref(),
            keys.object_title.as_deref(),
        ];
        for (field, value) in self.fields.iter_mut().zip(values) {
            if let Some(value) = value {
                field.add(&term_of(value), position);
            }
        }
        self.extra.position = position;
        (self.search)(row, &mut self.extra);
        Ok(())
    }

    /// Writes the index and the footer; gives back what was written, and to where.
    pub fn finish(mut self) -> Result<(Summary, W), SealError> {
        if !self.block.is_empty() {
            self.end_block()?;
        }
        let rows = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        check_indexes(&self.places)?;
        self.writer.end_group(&self.group, rows)?;
        self.writer.columns(&self.places)?;
        self.tokens.sort_unstable();
        self.writer.tokens(&self.tokens)?;
        for (field, postings) in
            Field::ALL.into_iter().zip(self.fields.into_iter().chain([self.extra.changed, self.extra.words]))
        {
            postings.write(&mut self.writer, field)?;
        }
        Ok(self.writer.finish(self.dictionary)?)
    }
}

/// Each index from the first one to the last one is there once.
fn check_indexes(places: &[(i64, u64)]) -> Result<(), SealError> {
    let first = places.iter().map(|place| place.1).min().ok_or(SealError::Rows(0))?;
    if first.checked_add(places.len() as u64).is_none() {
        return Err(SealError::Indexes(first));
    }
    let mut seen = vec![false; places.len()];
    for (_, index) in places {
        let at = usize::try_from(index - first).ok();
        match at.and_then(|at| seen.get_mut(at)) {
            Some(seen) if !*seen => *seen = true,
            _ => return Err(SealError::Indexes(first)),
        }
    }
    Ok(())
}

/// A dictionary for rows such as these samples; an empty one if they are too few to learn from. `row_bytes` is about how
/// many bytes the rows of the segment have altogether: the dictionary must earn its keep.
pub fn train(samples: &[Vec<u8>], row_bytes: usize, options: &Options) -> Vec<u8> {
    let arranged: Vec<Vec<u8>> = samples.iter().map(|row| block::sample(row)).collect();
    dictionary::train(&arranged, dictionary_bytes_max(row_bytes, options))
}

/// Takes the terms of a row that are not among its keys.
#[derive(Debug, Default)]
pub struct Extra {
    position: u32,
    changed: Postings,
    words: Postings,
    /// Texts that came before, and the numbers of their words: titles, names and keys come again and again, and finding
    /// words takes long.
    known: HashMap<Box<str>, Box<[usize]>, RandomState>,
}

/// Texts whose words are remembered at most.
const KNOWN_MAX: usize = 16_384;

impl Extra {
    /// The name of a field that changed.
    pub fn changed(&mut self, name: &str) {
        self.changed.add(&term_of(name), self.position);
    }

    /// A word; the same one again in a row counts once.
    pub fn word(&mut self, word: &str) {
        self.words.add(&term_of(word), self.position);
    }

    /// The words of a text.
    pub fn text(&mut self, text: &str) {
        if let Some(words) = self.known.get(text) {
            for word in words {
                self.words.add_known(*word, self.position);
            }
            return;
        }
        let mut numbers = Vec::new();
        search::words(text, |word| numbers.push(self.words.add(&term_of(word), self.position)));
        // Looking up a single plain word costs as much as looking up its text.
        if numbers.len() > 1 || !text.is_ascii() {
            if self.known.len() >= KNOWN_MAX {
                self.known.clear();
            }
            self.known.insert(text.into(), numbers.into());
        }
    }
}
