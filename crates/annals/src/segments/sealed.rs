//! A segment that is open.

use std::{
    cell::Cell,
    hash::RandomState,
    num::NonZero,
    ops::{ControlFlow, Range},
    sync::Arc,
    thread,
};

use annals_format::{
    LogToken,
    segment::{self, Before, Extent, Field, Leaf, Part, Parts, Term, VerifyError},
};
use annals_store::{AccountId, BlobKey, ReadError, SegmentInfo};
use annals_tlog::Hash;
use bytes::Bytes;
use roaring::{MultiOps as _, RoaringBitmap};

use super::{SegmentError, Segments, seal::terms, store::damaged, uncached::Uncached};

/// Rows that are read together at most to be kept: those of longer pages are not asked for again so soon.
const KEPT_ROWS_MAX: usize = 200;

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
            return Err(ReadError::Corrupt(why).into());
        }
        let key = BlobKey::Segment { account, name: info.name.clone() };
        Ok(Self { segments, number, key, info, layout })
    }

    /// What the catalog says of it.
    pub fn info(&self) -> &SegmentInfo {
        &self.info
    }

    /// The indexes of its entries, pruned ones included.
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

    /// The positions of the entries with these tokens, in the order of the question. Tokens that are sorted are found
    /// fastest: those that lie together are looked for together.
    pub fn find_all(&self, tokens: &[LogToken]) -> Result<Vec<Option<u32>>, SegmentError> {
        let parts = Recent { sealed: self, last: Cell::default() };
        self.named(tokens.iter().map(|token| self.layout.find(&parts, *token)).collect())
    }

    /// The position of the entry with this index, unless it was pruned.
    pub fn position(&self, index: u64) -> Result<Option<u32>, SegmentError> {
        self.named(self.layout.position(self, index))
    }

    /// The positions of the entries with these indexes, in the order of the question; `None` for one that was pruned.
    pub fn positions(&self, indexes: &[u64]) -> Result<Vec<Option<u32>>, SegmentError> {
        self.named(self.layout.positions(self, indexes))
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
        if positions.len() > KEPT_ROWS_MAX {
            return self.named(self.layout.rows_at(self, positions));
        }
        let kept = |position: &u32| self.segments.cached_row(self.number, *position);
        let kept: Vec<Option<Arc<[u8]>>> = positions.iter().map(kept).collect();
        let missing = positions.iter().zip(&kept).filter(|(_, row)| row.is_none());
        let missing: Vec<u32> = missing.map(|(position, _)| *position).collect();
        let mut read = self.named(self.layout.rows_at(self, &missing))?.into_iter();
        let row = |(position, kept): (&u32, Option<Arc<[u8]>>)| {
            kept.map(|row| row.to_vec()).or_else(|| {
                let row = read.next()?;
                self.segments.keep_row(self.number, *position, &row);
                Some(row)
            })
        };
        Ok(positions.iter().zip(kept).filter_map(row).collect())
    }

    /// The pruned entries in a range of indexes, with the hashes of their leaves, in the order of indexes.
    pub fn pruned_hashes(&self, indexes: Range<u64>) -> Result<Vec<(u64, Hash)>, SegmentError> {
        self.named(self.layout.pruned_hashes(self, indexes))
    }

    /// The positions of entries whose index is below `as_of`.
    pub fn before(&self, as_of: u64) -> Result<Before, SegmentError> {
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

    /// Reads all of it and compares everything with the rows; returns the leaves, those of pruned entries included, in the order
    /// of indexes.
    pub fn verify(&self) -> Result<Vec<Leaf>, VerifyError<SegmentError>> {
        // Nothing else reads them.
        let magic = self.layout.magic();
        let first = self.bytes_at(std::slice::from_ref(&(0..magic.len() as u64)));
        let first = first.map_err(VerifyError::Read)?;
        if first.first().is_none_or(|first| first[..] != magic) {
            let why = format!("segment {}: its first bytes are not those of a segment", self.info.name);
            return Err(VerifyError::Read(ReadError::Corrupt(why).into()));
        }
        let entries = self.layout.rows() as usize + self.layout.pruned() as usize;
        let mut leaves = vec![Leaf::Pruned(Hash::EMPTY_ROOT); entries];
        let start = self.info.indexes.start;
        let leaf = |index, found| {
            let at = usize::try_from(index - start).ok();
            if let Some(leaf) = at.and_then(|at| leaves.get_mut(at)) {
                *leaf = found;
            }
        };
        let threads = thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
        let verified = segment::verify(
            &self.layout,
            threads,
            &RandomState::new(),
            || self.uncached(),
            self,
            terms,
            leaf,
        );
        match verified {
            Ok(()) => Ok(leaves),
            Err(VerifyError::Read(error)) => Err(VerifyError::Read(self.name(error))),
            Err(error) => Err(error),
        }
    }

    /// The segment for somebody who reads all of it once, which would drive everything else out of the cache.
    pub(super) fn uncached(&self) -> Uncached<'_> {
        Uncached::new(self)
    }

    /// The bytes at some extents, read from the blob store.
    pub(super) fn bytes_at(&self, extents: &[Range<u64>]) -> Result<Vec<Bytes>, SegmentError> {
        self.segments.read(&self.key, &self.info.name, extents)
    }

    /// Gives an error about bytes the name of this segment.
    pub(super) fn named<T>(&self, result: Result<T, SegmentError>) -> Result<T, SegmentError> {
        result.map_err(|error| self.name(error))
    }

    fn name(&self, error: SegmentError) -> SegmentError {
        match error {
            SegmentError::Damaged(corrupt) => damaged(&self.info.name, &corrupt),
            other => other,
        }
    }

    /// Reads and checks parts.
    fn read(&self, extents: &[Extent]) -> Result<Vec<Arc<Part>>, SegmentError> {
        let ranges: Vec<Range<u64>> = extents.iter().map(|extent| extent.offset..extent.end()).collect();
        let bytes = self.bytes_at(&ranges)?;
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

/// The parts of a segment for somebody who asks for the same one many times in a row.
struct Recent<'a> {
    sealed: &'a Sealed,
    last: Cell<Option<(Extent, Arc<Part>)>>,
}

impl Parts for Recent<'_> {
    type Error = SegmentError;

    fn get(&self, extents: &[Extent]) -> Result<Vec<Arc<Part>>, SegmentError> {
        let [extent] = extents else { return self.sealed.get(extents) };
        let part = match self.last.take().filter(|(last, _)| last == extent) {
            Some((_, part)) => vec![part],
            None => self.sealed.get(extents)?,
        };
        self.last.set(part.first().map(|part| (*extent, Arc::clone(part))));
        Ok(part)
    }
}
