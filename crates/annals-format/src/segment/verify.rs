//! Verification: everything that a segment says beside its rows is compared with what follows from them.

use std::ops::ControlFlow;

use annals_tlog::Hash;

use super::{
    COLUMN_CHUNK, Corrupt, Extra, Field, Parts, Segment,
    bytes::{Reason, from_us},
    order::Order,
    seal::{Index, Postings},
};
use crate::{LogToken, Row, entry::CorruptRow};

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
/// Rows and pruned entries are read from `rows` once, from one end to the other, and everything else from `parts`, some of it
/// again and again.
pub fn verify<R: Parts, P: Parts<Error = R::Error>>(
    segment: &Segment,
    rows: &R,
    parts: &P,
    search: impl FnMut(&Row, &mut Extra),
    mut leaf: impl FnMut(u64, Leaf),
) -> Result<(), VerifyError<P::Error>> {
    let mut index_of_rows = Index::new(search);
    let mut places: Vec<(i64, u64)> = Vec::with_capacity(segment.rows() as usize);
    let indexes = segment.indexes();
    let mut seen = Seen::new(segment);
    for (position, bytes) in (0..segment.rows()).zip(segment.all_rows(rows)) {
        let bytes = bytes.map_err(VerifyError::Read)?;
        let place = segment.place(parts, position).map_err(VerifyError::Read)?;
        let index = place.1;
        let corrupt = |source| VerifyError::Row { index, source };
        let row = Row::decode(&bytes).map_err(corrupt)?;
        if row.created_at().us() != place.0 || places.last().is_some_and(|last| *last >= place) {
            return Err(VerifyError::Place { index, position });
        }
        seen.mark(index)?;
        index_of_rows.add(&row).map_err(corrupt)?;
        leaf(index, Leaf::Row(row.leaf_hash()));
        places.push(place);
    }
    let mut pruned: Vec<u64> = Vec::with_capacity(segment.pruned() as usize);
    for chunk in segment.all_pruned(rows) {
        for (index, hash) in chunk.map_err(VerifyError::Read)? {
            seen.mark(index)?;
            if pruned.last().is_some_and(|last| *last >= index) {
                return Err(VerifyError::Pruned { index });
            }
            leaf(index, Leaf::Pruned(hash));
            pruned.push(index);
        }
    }
    verify_columns(segment, &places, &pruned)?;
    let index_at = |position: u32| places.get(position as usize).map_or(indexes.start, |place| place.1);
    let tokens = index_of_rows.take_tokens();
    for same in tokens.chunk_by(|one, next| one.0 == next.0) {
        let Some((token, oldest)) = same.first() else { continue };
        if segment.find(parts, LogToken(*token)).map_err(VerifyError::Read)? != Some(*oldest) {
            return Err(VerifyError::Token { index: index_at(*oldest) });
        }
    }
    for (field, postings) in index_of_rows.into_fields() {
        verify_field(segment, parts, field, postings, index_at)?;
    }
    Ok(())
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

fn verify_field<P: Parts>(
    segment: &Segment,
    parts: &P,
    field: Field,
    mut expected: Postings,
    index_at: impl Fn(u32) -> u64,
) -> Result<(), VerifyError<P::Error>> {
    // What is looked up by a whole value.
    expected.each(|term, positions| {
        let found = segment.find_term(parts, field, term).map_err(VerifyError::Read)?;
        let Some(found) = found else {
            let index = positions.first().map_or_else(|| index_at(0), |position| index_at(*position));
            return Err(VerifyError::Term { index, field, hidden: true });
        };
        let stored = segment.postings(parts, &found).map_err(VerifyError::Read)?;
        let hidden = positions.iter().find(|position| !stored.contains(**position));
        if let Some(position) = hidden {
            return Err(VerifyError::Term { index: index_at(*position), field, hidden: true });
        }
        let foreign = stored.iter().find(|position| positions.binary_search(position).is_err());
        if let Some(position) = foreign {
            return Err(VerifyError::Term { index: index_at(position), field, hidden: false });
        }
        if found.rows as usize == positions.len() { Ok(()) } else { Err(VerifyError::Terms { field }) }
    })?;
    // What is gone through by a prefix: the same terms in order, and no others.
    let mut listed: Vec<Box<[u8]>> = Vec::with_capacity(expected.len());
    let all = |term: &[u8], _| {
        listed.push(term.into());
        ControlFlow::Continue(())
    };
    segment.terms_with_prefix(parts, field, "", all).map_err(VerifyError::Read)?;
    let mut next = listed.iter();
    expected.each(|term, _| {
        if next.next().is_some_and(|listed| **listed == *term) {
            Ok(())
        } else {
            Err(VerifyError::Terms { field })
        }
    })?;
    if next.next().is_some() || segment.terms(field) as usize != expected.len() {
        return Err(VerifyError::Terms { field });
    }
    Ok(())
}
