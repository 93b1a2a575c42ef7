//! Terms of the indexed fields, and the positions that have them.

use std::{ops::ControlFlow, sync::Arc};

use roaring::RoaringBitmap;

use super::{
    Corrupt, Extent, Field, Kind, Parts, Segment,
    bytes::Reason,
    field::term_of,
    footer::FieldForm,
    part::one,
    read::BEYOND_ROWS,
    terms::{Directory, TermBlock},
};

/// A value of an indexed field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// How many rows have it.
    pub rows: u32,
    pub(super) postings: Postings,
}

/// Where the positions that have a term are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Postings {
    /// Here, ascending.
    Inline(Vec<u32>),
    /// In an extent of their own.
    Stored(Extent),
}

impl Term {
    /// Where its positions are, if they are not known already. A reader of many terms gets all of these at once.
    pub fn extent(&self) -> Option<Extent> {
        match &self.postings {
            Postings::Inline(_) => None,
            Postings::Stored(extent) => Some(*extent),
        }
    }
}

impl Segment {
    /// The term of a field that stands for this value; see [`term_of`].
    pub fn term<P: Parts>(&self, parts: &P, field: Field, value: &str) -> Result<Option<Term>, P::Error> {
        self.find_term(parts, field, &term_of(value))
    }

    /// The term of a field with these bytes.
    pub(super) fn find_term<P: Parts>(
        &self,
        parts: &P,
        field: Field,
        wanted: &[u8],
    ) -> Result<Option<Term>, P::Error> {
        let Some(index) = self.field(field) else { return Ok(None) };
        let found = match &index.form {
            FieldForm::Whole(block) => {
                block.find(wanted).map_err(|reason| self.whole_corrupt(field, reason))?
            }
            FieldForm::Directory(extent) => {
                let part = one(parts, extent)?;
                let directory = part.directory(extent)?;
                let Some(block) = directory.block_of(wanted).and_then(|at| directory.blocks.get(at)) else {
                    return Ok(None);
                };
                let extent = self.within(&block.1)?;
                let part = one(parts, &extent)?;
                part.terms(&extent)?.find(wanted).map_err(|reason| extent.corrupt(reason))?
            }
        };
        if let Some(term) = &found {
            self.check(field, term)?;
        }
        Ok(found)
    }

    /// The positions that have a term of this segment.
    pub fn postings<P: Parts>(&self, parts: &P, term: &Term) -> Result<Arc<RoaringBitmap>, P::Error> {
        match &term.postings {
            Postings::Inline(positions) => Ok(Arc::new(positions.iter().copied().collect())),
            Postings::Stored(extent) => {
                let part = one(parts, extent)?;
                let bitmap = part.bitmap(extent)?;
                if bitmap.max().is_some_and(|last| last >= self.rows) {
                    return Err(extent.corrupt(BEYOND_ROWS).into());
                }
                if bitmap.len() != u64::from(term.rows) {
                    return Err(extent.corrupt("it has not as many positions as its term has rows").into());
                }
                Ok(bitmap.clone())
            }
        }
    }

    /// Calls `each` with the terms of a field that begin with these bytes, in their order, until it breaks. No prefix
    /// means all terms; a prefix longer than [`TERM_BYTES_MAX`](super::TERM_BYTES_MAX) finds none.
    pub fn terms_with_prefix<P: Parts>(
        &self,
        parts: &P,
        field: Field,
        prefix: &str,
        mut each: impl FnMut(&[u8], Term) -> ControlFlow<()>,
    ) -> Result<(), P::Error> {
        let prefix = prefix.as_bytes();
        let mut cursor = self.term_cursor(parts, field, prefix)?;
        while let Some(term) = cursor.next()? {
            if !cursor.term().starts_with(prefix) || each(cursor.term(), term).is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl Segment {
    /// Goes through a field's terms from the first that is not below `from`.
    pub(super) fn term_cursor<'a, P: Parts>(
        &'a self,
        parts: &'a P,
        field: Field,
        from: &[u8],
    ) -> Result<TermCursor<'a, P>, P::Error> {
        let mut cursor = TermCursor {
            segment: self,
            parts,
            field,
            blocks: Vec::new().into_iter(),
            read: Vec::new().into_iter(),
            term: Box::default(),
        };
        match self.field(field).map(|index| &index.form) {
            None => {}
            Some(FieldForm::Whole(block)) => {
                cursor.read = read_block(block, from).map_err(|reason| self.whole_corrupt(field, reason))?;
            }
            Some(FieldForm::Directory(extent)) => {
                let part = one(parts, extent)?;
                let directory: &Directory = part.directory(extent)?;
                let start = directory.block_of(from).unwrap_or(0);
                let blocks = directory.blocks.iter().skip(start).map(|(_, extent)| *extent);
                cursor.blocks = blocks.collect::<Vec<_>>().into_iter();
                cursor.next_block(from)?;
            }
        }
        Ok(cursor)
    }

    pub(super) fn check(&self, field: Field, term: &Term) -> Result<(), Corrupt> {
        match &term.postings {
            Postings::Inline(positions) if positions.last().is_some_and(|last| *last >= self.rows) => {
                Err(self.whole_corrupt(field, BEYOND_ROWS))
            }
            Postings::Inline(_) => Ok(()),
            Postings::Stored(extent) => self.within(extent).map(|_| ()),
        }
    }

    /// The extent, if it can be one of this file.
    pub(super) fn within(&self, extent: &Extent) -> Result<Extent, Corrupt> {
        if extent.end() <= self.parts_end {
            Ok(*extent)
        } else {
            Err(extent.corrupt("it lies beyond the end of the file"))
        }
    }

    /// What is wrong with terms that stand in the footer.
    pub(super) fn whole_corrupt(&self, field: Field, reason: Reason) -> Corrupt {
        Corrupt { kind: Kind::Terms(field), offset: self.parts_end, reason }
    }
}

/// Goes through the terms of a field, a block in memory at a time.
pub(super) struct TermCursor<'a, P> {
    segment: &'a Segment,
    parts: &'a P,
    field: Field,
    blocks: std::vec::IntoIter<Extent>,
    read: std::vec::IntoIter<ReadTerm>,
    term: Box<[u8]>,
}

impl<P: Parts> TermCursor<'_, P> {
    pub(super) fn next(&mut self) -> Result<Option<Term>, P::Error> {
        loop {
            if let Some((bytes, term)) = self.read.next() {
                self.segment.check(self.field, &term)?;
                self.term = bytes;
                return Ok(Some(term));
            }
            if !self.next_block(&[])? {
                return Ok(None);
            }
        }
    }

    /// The term that [`Self::next`] went to.
    pub(super) fn term(&self) -> &[u8] {
        &self.term
    }

    fn next_block(&mut self, from: &[u8]) -> Result<bool, P::Error> {
        let Some(extent) = self.blocks.next() else { return Ok(false) };
        let extent = self.segment.within(&extent)?;
        let part = one(self.parts, &extent)?;
        let block = part.terms(&extent)?;
        self.read = read_block(block, from).map_err(|reason| extent.corrupt(reason))?;
        Ok(true)
    }
}

type ReadTerm = (Box<[u8]>, Term);

/// The terms of a block that are not below `from`.
fn read_block(block: &TermBlock, from: &[u8]) -> Result<std::vec::IntoIter<ReadTerm>, Reason> {
    let mut read = Vec::new();
    let mut terms = block.terms();
    while let Some(entry) = terms.advance()? {
        if terms.term() >= from {
            read.push((terms.term().into(), entry.read()?));
        }
    }
    Ok(read.into_iter())
}
