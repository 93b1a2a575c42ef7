//! The terms of several segments, merged in their order.

use std::io;

use super::{MergeError, Source};
use crate::segment::{
    Field, Parts, Term,
    lookup::{Postings, TermCursor},
    write::Writer,
};

/// Merges a field; a term at a time is in memory, and a block of terms of each source.
pub(super) fn merge<P: Parts, W: io::Write>(
    sources: &[Source<P>],
    field: Field,
    writer: &mut Writer<W>,
) -> Result<(), MergeError<P::Error>> {
    let mut heads = Vec::with_capacity(sources.len());
    for source in sources {
        let cursor = source.segment.term_cursor(source.parts, field, &[]).map_err(MergeError::Read)?;
        let mut head = Head { source, cursor, postings: None };
        head.advance().map_err(MergeError::Read)?;
        heads.push(head);
    }
    let mut field = writer.field(field);
    let (mut term, mut positions) = (Vec::new(), Vec::new());
    while let Some(least) = heads.iter().filter_map(Head::term).min() {
        term.clear();
        term.extend_from_slice(least);
        positions.clear();
        for head in &mut heads {
            if head.term() == Some(&term) {
                head.take(&mut positions).map_err(MergeError::Read)?;
            }
        }
        // They are sorted already where the sources do not overlap, which is soon seen.
        positions.sort_unstable();
        field.term(&term, &positions)?;
    }
    Ok(field.finish()?)
}

/// Where a source is.
struct Head<'a, P> {
    source: &'a Source<'a, P>,
    cursor: TermCursor<'a, P>,
    /// Of the term it stands at, unless it is at the end.
    postings: Option<Term>,
}

impl<P: Parts> Head<'_, P> {
    fn term(&self) -> Option<&[u8]> {
        self.postings.as_ref().map(|_| self.cursor.term())
    }

    /// Takes the positions of the term it stands at, and goes to the next.
    fn take(&mut self, positions: &mut Vec<u32>) -> Result<(), P::Error> {
        let Source { segment, parts, .. } = self.source;
        let new = |position| self.source.position(position);
        match &self.postings {
            None => {}
            Some(Term { postings: Postings::Inline(inline), .. }) => {
                positions.extend(inline.iter().map(|position| new(*position)));
            }
            Some(term) => positions.extend(segment.postings(*parts, term)?.iter().map(new)),
        }
        self.advance()
    }

    fn advance(&mut self) -> Result<(), P::Error> {
        self.postings = self.cursor.next()?;
        Ok(())
    }
}
