//! Rewriting: a segment of the same entries, of which some have another stored form, as something of them was erased, and
//! of some only the hash of the leaf is left, as they were pruned.
//!
//! Nothing is taken over but the rows that stay: the index is made anew, and so is the dictionary, as the old one has
//! pieces of the rows that it was trained on.

use std::io;

use annals_tlog::Hash;
use roaring::RoaringBitmap;

use super::{
    Corrupt, Extra, Kind, Options, Parts, SealError, Sealer, Segment, Summary, bytes::Reason,
    rows::RUN_BLOCKS, seal::train,
};
use crate::Row;

/// What becomes of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It stays as it is.
    Stays,
    /// This row stands in for it, and has the same leaf.
    Becomes(Vec<u8>),
    /// Only the hash of its leaf stays.
    Pruned,
}

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
    /// A row was to stay when it was first asked for, and then to be pruned.
    #[error("entry {index} was to stay, and then to be pruned")]
    Fate {
        /// The entry's index.
        index: u64,
    },
    /// A row is damaged, or the sink took no more.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// Writes a segment of the same entries with the same indexes and places. `fate` says what becomes of each row; it is asked
/// again for those that are not pruned, and has to answer the same. What was pruned before stays pruned. `search` gives the
/// terms of each row as it is now, as for [`Sealer::new`].
///
/// What comes out is one group of rows with a dictionary that was trained on the rows as they are now; if all were pruned,
/// it has neither. Rows are read twice: only when the fate of all is known, the first byte is. Takes as much memory as
/// sealing and 40 bytes a pruned entry, and the samples of the dictionary before.
///
/// # Errors
///
/// Also if a row that stands in for another has another leaf: an entry never changes.
pub fn rewrite<P: Parts, W: io::Write>(
    source: (&Segment, &P),
    options: &Options,
    mut fate: impl FnMut(u64, &Row) -> Fate,
    search: impl FnMut(&Row, &mut Extra),
    sink: W,
) -> Result<Summary, RewriteError<P::Error>> {
    let (segment, parts) = source;
    let indexes = segment.all_indexes(parts).map_err(RewriteError::Read)?;
    let Sorted { pruned, stay } = sort_out(source, &indexes, &mut fate)?;
    let dictionary = train_on(source, &indexes, &stay, options, &mut fate)?;
    let mut sealer = Sealer::with_pruned(sink, dictionary, pruned, options, search)?;
    for ((position, index), row) in (0..).zip(&indexes).zip(segment.all_rows(parts)) {
        let row = row.map_err(RewriteError::Read)?;
        if stay.contains(position) {
            sealer.push(*index, current(*index, row, &mut fate)?)?;
        }
    }
    Ok(sealer.finish()?.0)
}

/// What becomes of the entries, when all are known.
struct Sorted {
    /// Those that are pruned from now on, and those that were before.
    pruned: Vec<(u64, Hash)>,
    /// The positions of all others.
    stay: RoaringBitmap,
}

fn sort_out<P: Parts>(
    (segment, parts): (&Segment, &P),
    indexes: &[u64],
    fate: &mut impl FnMut(u64, &Row) -> Fate,
) -> Result<Sorted, RewriteError<P::Error>> {
    let (own, mut pruned) = (segment.indexes(), Vec::with_capacity(segment.pruned() as usize));
    for chunk in segment.all_pruned(parts) {
        pruned.extend(chunk.map_err(RewriteError::Read)?);
    }
    if let Some(chunk) = segment.pruned.indexes.first()
        && !pruned.iter().all(|(index, _)| own.contains(index))
    {
        return Err(RewriteError::Read(chunk.extent.corrupt(OTHER_INDEXES).into()));
    }
    let mut stay = RoaringBitmap::new();
    for ((position, index), row) in (0..).zip(indexes).zip(segment.all_rows(parts)) {
        let bytes = row.map_err(RewriteError::Read)?;
        let row = Row::decode(&bytes).map_err(|source| SealError::Row { index: *index, source })?;
        if fate(*index, &row) == Fate::Pruned {
            pruned.push((*index, row.leaf_hash()));
        } else {
            stay.insert(position);
        }
    }
    Ok(Sorted { pruned, stay })
}

/// The row as it is to be from now on.
fn current<E>(
    index: u64,
    bytes: Vec<u8>,
    fate: &mut impl FnMut(u64, &Row) -> Fate,
) -> Result<Vec<u8>, RewriteError<E>> {
    let damaged = |source| SealError::Row { index, source };
    let row = Row::decode(&bytes).map_err(damaged)?;
    let new = match fate(index, &row) {
        Fate::Stays => return Ok(bytes),
        Fate::Becomes(new) => new,
        Fate::Pruned => return Err(RewriteError::Fate { index }),
    };
    let same = Row::decode(&new).map_err(damaged)?.leaf() == row.leaf();
    if same { Ok(new) } else { Err(RewriteError::Leaf { index }) }
}

/// Trains on rows at equal distances among those that stay.
fn train_on<P: Parts>(
    (segment, parts): (&Segment, &P),
    indexes: &[u64],
    stay: &RoaringBitmap,
    options: &Options,
    fate: &mut impl FnMut(u64, &Row) -> Fate,
) -> Result<Vec<u8>, RewriteError<P::Error>> {
    let rows = usize::try_from(stay.len()).unwrap_or(usize::MAX);
    let step = rows.div_ceil(options.dictionary_rows.max(1) as usize).max(1);
    let chosen: Vec<u32> = stay.iter().step_by(step).collect();
    let mut samples = Vec::with_capacity(chosen.len());
    for positions in chosen.chunks(RUN_BLOCKS as usize) {
        let rows = segment.rows_at(parts, positions).map_err(RewriteError::Read)?;
        for (position, row) in positions.iter().zip(rows) {
            // There is an index for each position.
            if let Some(index) = indexes.get(*position as usize) {
                samples.push(current(*index, row, fate)?);
            }
        }
    }
    let bytes: usize = samples.iter().map(Vec::len).sum();
    Ok(train(&samples, bytes.saturating_mul(step), options))
}

const OTHER_INDEXES: Reason = "they are not those that the footer says";

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
            Err(Corrupt { kind: Kind::Indexes, offset, reason: OTHER_INDEXES }.into())
        }
    }
}
