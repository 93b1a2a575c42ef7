//! Rewriting: a segment of the same entries, of which some have another stored form, as something of them was erased.
//!
//! Nothing is taken over but the rows that stay: the index is made anew, and so is the dictionary, as the old one has
//! pieces of the rows that it was trained on.

use std::io;

use super::{
    Corrupt, Extra, Kind, Options, Parts, SealError, Sealer, Segment, Summary, rows::RUN_BLOCKS, seal::train,
};
use crate::Row;

/// Why a segment was not rewritten.
#[derive(Debug, thiserror::Error)]
pub enum RewriteError<E> {
    /// The segment could not be read.
    #[error("reading a segment to be rewritten failed")]
    Read(#[source] E),
    /// Another entry was given for one that is there.
    #[error("entry {index} would have another leaf")]
    Leaf {
        /// The entry's index.
        index: u64,
    },
    /// A row is damaged, or the sink took no more.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// Writes a segment of the same entries with the same indexes and places. `replace` gives the row that stands in for one, or
/// `None` where it stays; it is asked again for the same row, and has to answer the same. `search` gives the terms of
/// each row as it is now, as for [`Sealer::new`].
///
/// What comes out is one group of rows with a dictionary that was trained on the rows as they are now. Takes as much memory
/// as sealing, and the samples of the dictionary before.
///
/// # Errors
///
/// Also if a row that stands in for another has another leaf: an entry never changes.
pub fn rewrite<P: Parts, W: io::Write>(
    source: (&Segment, &P),
    options: &Options,
    mut replace: impl FnMut(u64, &Row) -> Option<Vec<u8>>,
    search: impl FnMut(&Row, &mut Extra),
    sink: W,
) -> Result<Summary, RewriteError<P::Error>> {
    let (segment, parts) = source;
    let indexes = segment.all_indexes(parts).map_err(RewriteError::Read)?;
    let dictionary = train_on(source, &indexes, options, &mut replace)?;
    let mut sealer = Sealer::new(sink, dictionary, options, search)?;
    for (index, row) in indexes.iter().zip(segment.all_rows(parts)) {
        let row = row.map_err(RewriteError::Read)?;
        sealer.push(*index, current(*index, row, &mut replace)?)?;
    }
    Ok(sealer.finish()?.0)
}

/// The row as it is to be from now on.
fn current<E>(
    index: u64,
    bytes: Vec<u8>,
    replace: &mut impl FnMut(u64, &Row) -> Option<Vec<u8>>,
) -> Result<Vec<u8>, RewriteError<E>> {
    let damaged = |source| SealError::Row { index, source };
    let row = Row::decode(&bytes).map_err(damaged)?;
    let Some(new) = replace(index, &row) else { return Ok(bytes) };
    let same = Row::decode(&new).map_err(damaged)?.leaf() == row.leaf();
    if same { Ok(new) } else { Err(RewriteError::Leaf { index }) }
}

/// Trains on rows at equal distances.
fn train_on<P: Parts>(
    (segment, parts): (&Segment, &P),
    indexes: &[u64],
    options: &Options,
    replace: &mut impl FnMut(u64, &Row) -> Option<Vec<u8>>,
) -> Result<Vec<u8>, RewriteError<P::Error>> {
    let step = indexes.len().div_ceil(options.dictionary_rows.max(1) as usize).max(1);
    let chosen: Vec<(u32, u64)> = (0..).zip(indexes.iter().copied()).step_by(step).collect();
    let mut samples = Vec::with_capacity(chosen.len());
    for chosen in chosen.chunks(RUN_BLOCKS as usize) {
        let positions: Vec<u32> = chosen.iter().map(|(position, _)| *position).collect();
        let rows = segment.rows_at(parts, &positions).map_err(RewriteError::Read)?;
        for ((_, index), row) in chosen.iter().zip(rows) {
            samples.push(current(*index, row, replace)?);
        }
    }
    let bytes: usize = samples.iter().map(Vec::len).sum();
    Ok(train(&samples, bytes.saturating_mul(step), options))
}

impl Segment {
    /// The indexes in the order of positions.
    fn all_indexes<P: Parts>(&self, parts: &P) -> Result<Vec<u64>, P::Error> {
        let mut indexes = Vec::with_capacity(self.rows() as usize);
        self.each_index(parts, |_, index| {
            indexes.push(index);
            true
        })?;
        let own = self.indexes();
        // That each is there once is seen in sealing.
        if indexes.len() == self.rows() as usize && indexes.iter().all(|index| own.contains(index)) {
            Ok(indexes)
        } else {
            let offset = self.indexes.first().map_or(0, |chunk| chunk.extent.offset);
            Err(Corrupt { kind: Kind::Indexes, offset, reason: "they are not those that the footer says" }
                .into())
        }
    }
}
