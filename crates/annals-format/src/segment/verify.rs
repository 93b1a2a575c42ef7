//! Verification: everything that a segment says beside its rows is compared with what follows from them.

mod explain;
mod index;
mod rows;

use std::{hash::RandomState, num::NonZero};

use annals_tlog::Hash;

use super::{
    COLUMN_CHUNK, Corrupt, Extra, Field, Parts, Segment,
    bytes::{Reason, from_us},
    order::Order,
    sum::Secret,
};
use crate::{Row, entry::CorruptRow};

/// Where a segment contradicts itself.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError<E> {
    /// A part of the file cannot be read.
    #[error(transparent)]
    Read(E),
    /// A row is no row.
    #[error("entry {index} is damaged: {source}")]
    Row {
        /// The entry's index.
        index: u64,
        /// What is wrong with it.
        source: CorruptRow,
    },
    /// A row is not where the columns say.
    #[error("entry {index} stands at position {position}, where an entry of another time belongs")]
    Place {
        /// The index that the column gives the entry.
        index: u64,
        /// Its position.
        position: u32,
    },
    /// Two rows or pruned entries have one index, or an index has neither.
    #[error("entry {index} is there twice, or takes the place of another")]
    Index {
        /// The index.
        index: u64,
    },
    /// A pruned entry is not in its place among the others.
    #[error("entry {index} was pruned, and is not found where it should be")]
    Pruned {
        /// The entry's index.
        index: u64,
    },
    /// The rows have another order than the footer says.
    #[error("the order of the entries' indexes is not the one that the footer says")]
    Order,
    /// A token leads to nothing, or to another entry.
    #[error("entry {index} is not found by its token")]
    Token {
        /// The entry's index.
        index: u64,
    },
    /// A term leads to other entries than those that have it.
    #[error("entry {index} {} under {field}", if *hidden { "is not found" } else { "is found, though it does not belong," })]
    Term {
        /// The first entry that is concerned.
        index: u64,
        /// The field.
        field: Field,
        /// Whether the entry has the term and is not found by it; otherwise it is found and has it not.
        hidden: bool,
    },
    /// A field has terms that no entry has, and that lead to none.
    #[error("the terms of {field} are not those of the entries")]
    Terms {
        /// The field.
        field: Field,
    },
}

/// The hash of an entry's leaf, and what it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaf {
    /// The entry's row, which makes this leaf.
    Row(Hash),
    /// The segment, which has nothing else of the entry.
    Pruned(Hash),
}

impl Leaf {
    /// The hash.
    pub fn hash(self) -> Hash {
        match self {
            Self::Row(hash) | Self::Pruned(hash) => hash,
        }
    }
}

/// Reads all of a segment and compares everything with the rows. `search` gives the same terms as it did when the
/// segment was sealed; `leaf` gets each index and its leaf: first those of rows, in the order of positions, then those of
/// pruned entries, in the order of indexes.
///
/// All is read once, from one end to the other, by so many threads, each through what `reader` makes; only columns come
/// from `parts`. Tokens and terms are compared by sums which `secret` makes of them, so it has to be one that nobody knew when
/// the file was written. If they differ, everything is read again to name what is wrong, by one thread, and much of it from
/// `parts` again and again.
///
/// Beside what `reader` and `parts` hold, this takes 41 bytes for each entry, and for each thread 2 MB for words that come
/// again, 56 bytes for each of some 16,000 rows, and 32 for each word of the row that has the most. To name what is wrong
/// it takes as much as sealing the rows does.
pub fn verify<R, P, E>(
    segment: &Segment,
    threads: NonZero<usize>,
    secret: &RandomState,
    reader: impl Fn() -> R + Sync,
    parts: &P,
    search: impl Fn(&Row, &mut Extra) + Sync,
    mut leaf: impl FnMut(u64, Leaf) + Send,
) -> Result<(), VerifyError<E>>
where
    R: Parts<Error = E>,
    P: Parts<Error = E> + Sync,
    E: From<Corrupt> + Send,
{
    let secret = Secret::new(secret);
    let mut seen = Seen::new(segment);
    let rows = rows::read(segment, threads, &secret, &reader, parts, &search, |index, hash| {
        seen.mark(index)?;
        leaf(index, Leaf::Row(hash));
        Ok(())
    })?;
    let mut pruned: Vec<u64> = Vec::with_capacity(segment.pruned() as usize);
    for chunk in segment.all_pruned(&reader()) {
        for (index, hash) in chunk.map_err(VerifyError::Read)? {
            seen.mark(index)?;
            if pruned.last().is_some_and(|last| *last >= index) {
                return Err(VerifyError::Pruned { index });
            }
            leaf(index, Leaf::Pruned(hash));
            pruned.push(index);
        }
    }
    verify_columns(segment, &rows.places, &pruned)?;
    if index::is_of(segment, threads, &secret, &reader, &rows) {
        return Ok(());
    }
    explain::explain(segment, &reader(), parts, search, &rows.places)
}

/// Which indexes were seen. As many as there are, each once, are all of them.
struct Seen {
    first: u64,
    seen: Vec<bool>,
}

impl Seen {
    fn new(segment: &Segment) -> Self {
        let entries = segment.rows() as usize + segment.pruned() as usize;
        Self { first: segment.indexes().start, seen: vec![false; entries] }
    }

    fn mark<E>(&mut self, index: u64) -> Result<(), VerifyError<E>> {
        let offset = index.checked_sub(self.first).and_then(|offset| usize::try_from(offset).ok());
        match offset.and_then(|offset| self.seen.get_mut(offset)) {
            Some(seen) if !*seen => {
                *seen = true;
                Ok(())
            }
            _ => Err(VerifyError::Index { index }),
        }
    }
}

/// What the footer says of the columns: how they begin and end, and whether indexes ascend.
fn verify_columns<E: From<Corrupt>>(
    segment: &Segment,
    places: &[(i64, u64)],
    pruned: &[u64],
) -> Result<(), VerifyError<E>> {
    let times: Vec<u64> = places.iter().map(|place| from_us(place.0)).collect();
    let indexes: Vec<u64> = places.iter().map(|place| place.1).collect();
    if Order::of(&indexes) != segment.order {
        return Err(VerifyError::Order);
    }
    let columns =
        [(&segment.times, &times[..]), (&segment.indexes, &indexes), (&segment.pruned.indexes, pruned)];
    for (chunks, values) in columns {
        for (chunk, values) in chunks.iter().zip(values.chunks(COLUMN_CHUNK as usize)) {
            if (values.first(), values.last()) != (Some(&chunk.first), Some(&chunk.last)) {
                return Err(VerifyError::Read(chunk.extent.corrupt(OTHER_ENDS).into()));
            }
        }
    }
    Ok(())
}

const OTHER_ENDS: Reason = "it begins or ends with another value than the footer says";
