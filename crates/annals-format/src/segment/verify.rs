//! Verification: everything that a segment says beside its rows is compared with what follows from them.

use std::ops::ControlFlow;

use annals_tlog::Hash;

use super::{
    Extra, Field, Parts, Segment,
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
    /// Two rows have one index, or an index has no row.
    #[error("entry {index} is there twice, or takes the place of another")]
    Index {
        /// The index.
        index: u64,
    },
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

/// Reads all of a segment and compares everything with the rows. `search` gives the same terms as it did when the
/// segment was sealed; `leaf` gets the index and the hash of each leaf, in the order of positions.
///
/// Rows are read once, from one end to the other, and everything else from `parts`, some of it again and again.
pub fn verify<R: Parts, P: Parts<Error = R::Error>>(
    segment: &Segment,
    rows: &R,
    parts: &P,
    search: impl FnMut(&Row, &mut Extra),
    mut leaf: impl FnMut(u64, Hash),
) -> Result<(), VerifyError<P::Error>> {
    let mut index_of_rows = Index::new(search);
    let mut places: Vec<(i64, u64)> = Vec::with_capacity(segment.rows() as usize);
    let indexes = segment.indexes();
    let mut seen = vec![false; segment.rows() as usize];
    for (position, bytes) in (0..segment.rows()).zip(segment.all_rows(rows)) {
        let bytes = bytes.map_err(VerifyError::Read)?;
        let place = segment.place(parts, position).map_err(VerifyError::Read)?;
        let index = place.1;
        let corrupt = |source| VerifyError::Row { index, source };
        let row = Row::decode(&bytes).map_err(corrupt)?;
        if row.created_at().us() != place.0 || places.last().is_some_and(|last| *last >= place) {
            return Err(VerifyError::Place { index, position });
        }
        let offset = index.checked_sub(indexes.start).and_then(|offset| usize::try_from(offset).ok());
        match offset.and_then(|offset| seen.get_mut(offset)) {
            Some(seen) if !*seen => *seen = true,
            _ => return Err(VerifyError::Index { index }),
        }
        index_of_rows.add(&row).map_err(corrupt)?;
        leaf(index, row.leaf_hash());
        places.push(place);
    }
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
