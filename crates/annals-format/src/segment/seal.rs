//! Sealing: rows become a segment.

use std::{collections::HashMap, io};

use foldhash::fast::RandomState;

use super::{
    BLOCK_ROWS, Field, Options, ROW_BYTES_MAX, ROWS_MAX, Summary, block,
    bytes::{Cursor, push_leb},
    dictionary::{Packer, dictionary_bytes_max, train},
    field::term_of,
    write::Writer,
};
use crate::{Row, entry::CorruptRow};

/// Rows that make no segment.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The rows are too many, or none.
    #[error("a segment has 1 to {ROWS_MAX} rows, not {0}")]
    Rows(usize),
    /// The indexes do not follow each other.
    #[error("the rows of a segment follow each other, but there is not one row for each index from {0}")]
    Indexes(u64),
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

/// Takes the terms of a row that are not among its keys.
#[derive(Debug, Default)]
pub struct Extra {
    position: u32,
    changed: Postings,
    words: Postings,
}

impl Extra {
    /// The name of a field that changed.
    pub fn changed(&mut self, name: &str) {
        self.changed.add(&term_of(name), self.position);
    }

    /// A word; the same one again in a row counts once.
    pub fn word(&mut self, word: &str) {
        self.words.add(&term_of(word), self.position);
    }
}

/// Writes a segment of rows with their indexes, which must follow each other but may come in any order.
///
/// `dictionary` is what another segment of the log was compressed with ([`Summary::dictionary`]): without one, or with an
/// empty one, a new one is trained. `search` gives the terms of [`Field::Changed`] and [`Field::Word`] of each row.
pub fn seal<W: io::Write>(
    rows: Vec<(u64, Vec<u8>)>,
    dictionary: Option<&[u8]>,
    options: &Options,
    mut search: impl FnMut(&Row, &mut Extra),
    sink: W,
) -> Result<Summary, SealError> {
    let rows = sorted(rows)?;
    let dictionary = match dictionary {
        Some(dictionary) if !dictionary.is_empty() => dictionary.to_vec(),
        _ => train_on(&rows, options),
    };
    let mut writer = Writer::new(sink, options)?;
    let mut packer = Packer::new(options.level, &dictionary)?;
    let extent = writer.dictionary(&dictionary)?;
    let mut group = writer.group(extent);
    let mut fields: [Postings; 7] = Default::default();
    let mut extra = Extra::default();
    let mut tokens = Vec::with_capacity(rows.len());
    for (rows, start) in rows.chunks(BLOCK_ROWS as usize).zip((0..).step_by(BLOCK_ROWS as usize)) {
        let bytes: Vec<&[u8]> = rows.iter().map(|row| &*row.bytes).collect();
        group.rows(&mut writer, &bytes, &mut packer)?;
        for (row, position) in rows.iter().zip(start..) {
            let corrupt = |source| SealError::Row { index: row.place.1, source };
            let decoded = Row::decode(&row.bytes).map_err(corrupt)?;
            let keys = decoded.keys().map_err(corrupt)?;
            tokens.push((keys.token.0, position));
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
            for (field, value) in fields.iter_mut().zip(values) {
                if let Some(value) = value {
                    field.add(&term_of(value), position);
                }
            }
            extra.position = position;
            search(&decoded, &mut extra);
        }
    }
    let count = u32::try_from(rows.len()).map_err(|_| SealError::Rows(rows.len()))?;
    writer.end_group(&group, count)?;
    let places: Vec<(i64, u64)> = rows.iter().map(|row| row.place).collect();
    // Nothing below needs the rows, which are most of the memory.
    drop(rows);
    writer.columns(&places)?;
    tokens.sort_unstable();
    writer.tokens(&tokens)?;
    for (field, postings) in
        Field::ALL.into_iter().zip(fields.into_iter().chain([extra.changed, extra.words]))
    {
        postings.write(&mut writer, field)?;
    }
    Ok(writer.finish(dictionary)?)
}

/// A row and its place.
struct Placed {
    place: (i64, u64),
    bytes: Vec<u8>,
}

fn sorted(rows: Vec<(u64, Vec<u8>)>) -> Result<Vec<Placed>, SealError> {
    let first = rows.iter().map(|(index, _)| *index).min().unwrap_or_default();
    if !(1..=ROWS_MAX as usize).contains(&rows.len()) {
        return Err(SealError::Rows(rows.len()));
    }
    if first.checked_add(rows.len() as u64).is_none() {
        return Err(SealError::Indexes(first));
    }
    let mut seen = vec![false; rows.len()];
    let mut placed = Vec::with_capacity(rows.len());
    for (index, bytes) in rows {
        let at = usize::try_from(index - first).ok();
        match at.and_then(|at| seen.get_mut(at)) {
            Some(seen) if !*seen => *seen = true,
            _ => return Err(SealError::Indexes(first)),
        }
        if bytes.len() > ROW_BYTES_MAX {
            return Err(SealError::RowBytes { index, bytes: bytes.len() });
        }
        let instant = Row::instant(&bytes).map_err(|source| SealError::Row { index, source })?;
        placed.push(Placed { place: (instant.us(), index), bytes });
    }
    placed.sort_unstable_by_key(|row| row.place);
    Ok(placed)
}

fn train_on(rows: &[Placed], options: &Options) -> Vec<u8> {
    let bytes: usize = rows.iter().map(|row| row.bytes.len()).sum();
    let step = rows.len().div_ceil(options.dictionary_rows.max(1) as usize).max(1);
    let samples: Vec<Vec<u8>> = rows.iter().step_by(step).map(|row| block::sample(&row.bytes)).collect();
    train(&samples, dictionary_bytes_max(bytes, options))
}

/// Positions by term, while they are collected.
#[derive(Debug, Default)]
struct Postings(HashMap<Box<[u8]>, Positions, RandomState>);

/// Positions that ascend, as LEB128 distances: most terms have few.
#[derive(Debug, Default)]
struct Positions {
    rows: u32,
    last: u32,
    distances: Vec<u8>,
}

impl Postings {
    fn add(&mut self, term: &[u8], position: u32) {
        match self.0.get_mut(term) {
            Some(positions) => positions.add(position),
            None => {
                let mut positions = Positions::default();
                positions.add(position);
                self.0.insert(term.into(), positions);
            }
        }
    }

    fn write<W: io::Write>(self, writer: &mut Writer<W>, field: Field) -> io::Result<()> {
        let mut terms: Vec<(Box<[u8]>, Positions)> = self.0.into_iter().collect();
        terms.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let mut field = writer.field(field);
        let mut buffer = Vec::new();
        for (term, positions) in terms {
            positions.read(&mut buffer);
            field.term(&term, &buffer)?;
        }
        field.finish()
    }
}

impl Positions {
    fn add(&mut self, position: u32) {
        if self.rows == 0 || position > self.last {
            push_leb(&mut self.distances, u64::from(position - self.last));
            self.rows += 1;
            self.last = position;
        }
    }

    fn read(&self, positions: &mut Vec<u32>) {
        positions.clear();
        let mut cursor = Cursor::new(&self.distances);
        let mut last = 0;
        while let Ok(distance) = cursor.leb32() {
            last += distance;
            positions.push(last);
        }
    }
}
