//! Finding what is wrong with an index of which it is known that something is: every token and every term is looked up.

use std::ops::ControlFlow;

use super::VerifyError;
use crate::{
    LogToken, Row,
    segment::{
        Extra, Field, Parts, Segment,
        seal::{Index, Postings},
    },
};

/// Reads the rows again, makes their whole index in memory, and names the first token or term that leads elsewhere.
pub(super) fn explain<R: Parts, P: Parts<Error = R::Error>>(
    segment: &Segment,
    rows: &R,
    parts: &P,
    search: impl FnMut(&Row, &mut Extra),
    places: &[(i64, u64)],
) -> Result<(), VerifyError<P::Error>> {
    let mut index_of_rows = Index::new(search);
    for ((_, index), bytes) in places.iter().zip(segment.all_rows(rows)) {
        let bytes = bytes.map_err(VerifyError::Read)?;
        let corrupt = |source| VerifyError::Row { index: *index, source };
        index_of_rows.add(&Row::decode(&bytes).map_err(corrupt)?).map_err(corrupt)?;
    }
    let first = segment.indexes().start;
    let index_at = |position: u32| places.get(position as usize).map_or(first, |place| place.1);
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
