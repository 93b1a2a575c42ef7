//! A segment that is open.

use std::{
    ops::{ControlFlow, Range},
    sync::Arc,
};

use annals_format::{
    LogToken,
    segment::{self, Extent, Field, Part, Parts, Term},
};
use annals_store::{AccountId, BlobKey, SegmentInfo};
use roaring::{MultiOps as _, RoaringBitmap};

use super::{SegmentError, Segments, store::damaged};

/// A segment that is open: its footer is in memory, and everything else is fetched when it is needed.
///
/// What fetches may block, so it must be called where blocking is allowed.
#[derive(Debug)]
pub struct Sealed {
    segments: Arc<Segments>,
    /// Tells its parts from those of others in the cache.
    number: u64,
    key: BlobKey,
    info: SegmentInfo,
    layout: segment::Segment,
}

impl Sealed {
    pub(super) fn new(
        segments: Arc<Segments>,
        number: u64,
        account: AccountId,
        info: SegmentInfo,
        layout: segment::Segment,
    ) -> Result<Self, SegmentError> {
        if layout.indexes() != info.indexes {
            let why = format!("segment {} is of other indexes than the catalog says", info.name);
            return Err(annals_store::ReadError::Corrupt(why).into());
        }
        let key = BlobKey::Segment { account, name: info.name.clone() };
        Ok(Self { segments, number, key, info, layout })
    }

    /// What the catalog says of it.
    pub fn info(&self) -> &SegmentInfo {
        &self.info
    }

    /// The indexes of its entries.
    pub fn indexes(&self) -> Range<u64> {
        self.info.indexes.clone()
    }

    /// Its footer.
    pub fn layout(&self) -> &segment::Segment {
        &self.layout
    }

    /// The position of the entry with this token.
    pub fn find(&self, token: LogToken) -> Result<Option<u32>, SegmentError> {
        self.named(self.layout.find(self, token))
    }

    /// The position of the entry with this index.
    pub fn position(&self, index: u64) -> Result<Option<u32>, SegmentError> {
        self.named(self.layout.position(self, index))
    }

    /// The instant and the index of the entry at a position.
    pub fn place(&self, position: u32) -> Result<(i64, u64), SegmentError> {
        self.named(self.layout.place(self, position))
    }

    /// The first position whose place is not below `place`.
    pub fn first_from(&self, place: (i64, u64)) -> Result<u32, SegmentError> {
        self.named(self.layout.first_from(self, place))
    }

    /// The rows at some positions, in the order of the question.
    pub fn rows_at(&self, positions: &[u32]) -> Result<Vec<Vec<u8>>, SegmentError> {
        self.named(self.layout.rows_at(self, positions))
    }

    /// The positions of entries whose index is below `as_of`.
    pub fn before(&self, as_of: u64) -> Result<RoaringBitmap, SegmentError> {
        self.named(self.layout.before(self, as_of))
    }

    /// The term that a field has to have, if any entry has it.
    pub fn term(&self, field: Field, term: &str) -> Result<Option<Term>, SegmentError> {
        self.named(self.layout.term(self, field, term))
    }

    /// The positions that have a term.
    pub fn postings(&self, term: &Term) -> Result<Arc<RoaringBitmap>, SegmentError> {
        self.named(self.layout.postings(self, term))
    }

    /// The terms of a field that begin with a prefix, in their order, with their texts.
    pub fn terms_with_prefix(&self, field: Field, prefix: &str) -> Result<Vec<(String, Term)>, SegmentError> {
        let mut terms = Vec::new();
        let each = |text: &[u8], term| {
            terms.push((String::from_utf8_lossy(text).into_owned(), term));
            ControlFlow::Continue(())
        };
        self.named(self.layout.terms_with_prefix(self, field, prefix, each))?;
        Ok(terms)
    }

    /// The positions that have any of some terms, which are read together.
    pub fn union(&self, terms: &[(String, Term)]) -> Result<RoaringBitmap, SegmentError> {
        let stored: Vec<Extent> = terms.iter().filter_map(|(_, term)| term.extent()).collect();
        // Once these are in memory, each is found there.
        self.get(&stored)?;
        let postings = terms.iter().map(|(_, term)| self.postings(term));
        let postings: Vec<Arc<RoaringBitmap>> = postings.collect::<Result<_, _>>()?;
        Ok(postings.iter().map(|postings| &**postings).union())
    }

    /// Gives every row with its index, the oldest first, without keeping any of it in memory.
    pub fn each_row(&self, mut each: impl FnMut(u64, Vec<u8>)) -> Result<(), SegmentError> {
        let parts = self.uncached();
        for (position, row) in (0..).zip(self.layout.all_rows(&parts)) {
            each(self.place(position)?.1, self.named(row)?);
        }
        Ok(())
    }

    /// The segment for somebody who reads all of it once, which would drive everything else out of the cache.
    pub(super) fn uncached(&self) -> Uncached<'_> {
        Uncached(self)
    }

    /// Gives an error about bytes the name of this segment.
    pub(super) fn named<T>(&self, result: Result<T, SegmentError>) -> Result<T, SegmentError> {
        result.map_err(|error| match error {
            SegmentError::Damaged(corrupt) => damaged(&self.info.name, &corrupt),
            other => other,
        })
    }

    /// Reads and checks parts.
    fn read(&self, extents: &[Extent]) -> Result<Vec<Arc<Part>>, SegmentError> {
        let bytes = self.segments.read(&self.key, &self.info.name, extents)?;
        extents.iter().zip(bytes).map(|(extent, bytes)| Ok(Arc::new(extent.decode(&bytes)?))).collect()
    }
}

impl Parts for Sealed {
    type Error = SegmentError;

    fn get(&self, extents: &[Extent]) -> Result<Vec<Arc<Part>>, SegmentError> {
        let cached: Vec<Option<Arc<Part>>> =
            extents.iter().map(|extent| self.segments.cached(self.number, extent)).collect();
        let missing: Vec<Extent> = extents
            .iter()
            .zip(&cached)
            .filter(|(_, part)| part.is_none())
            .map(|(extent, _)| *extent)
            .collect();
        let mut read = if missing.is_empty() { Vec::new() } else { self.read(&missing)? }.into_iter();
        let fill = |(extent, part): (&Extent, Option<Arc<Part>>)| {
            part.or_else(|| {
                let part = read.next()?;
                self.segments.keep(self.number, extent, Arc::clone(&part));
                Some(part)
            })
        };
        Ok(extents.iter().zip(cached).filter_map(fill).collect())
    }
}

/// A segment that is read past the cache.
pub(super) struct Uncached<'a>(&'a Sealed);

impl Parts for Uncached<'_> {
    type Error = SegmentError;

    fn get(&self, extents: &[Extent]) -> Result<Vec<Arc<Part>>, SegmentError> {
        self.0.read(extents)
    }
}
