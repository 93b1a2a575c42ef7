//! The terms of a field: blocks of front-coded terms with their postings, and the directory of such blocks.

use roaring::RoaringBitmap;

use super::{
    Extent, Field, Kind, Term,
    bytes::{Cursor, Reason, push_leb},
    dictionary::unpack_or_take,
    lookup::Postings,
};

/// Positions that stand beside their term at most; more get a bitmap of their own.
pub(super) const INLINE_MAX: usize = 16;

/// Bytes of a block before compression at most: far more than any term takes.
const BLOCK_BYTES_MAX: usize = 64 * 1024;

/// Bytes of a directory before compression at most: hundreds of thousands of blocks.
const DIRECTORY_BYTES_MAX: usize = 16 << 20;

/// Appends a term to a block in which `last` came before it; `None` for the first.
pub(super) fn push(block: &mut Vec<u8>, last: Option<&[u8]>, term: &[u8]) {
    let shared = last.map_or(0, |last| last.iter().zip(term).take_while(|(a, b)| a == b).count());
    let suffix = term.get(shared..).unwrap_or_default();
    push_leb(block, shared as u64);
    push_leb(block, suffix.len() as u64);
    block.extend_from_slice(suffix);
}

/// Appends the positions of a term, few as they are.
pub(super) fn push_inline(block: &mut Vec<u8>, positions: &[u32]) {
    push_leb(block, (positions.len() as u64) << 1);
    let mut last = 0;
    for position in positions {
        push_leb(block, u64::from(position.wrapping_sub(last)));
        last = *position;
    }
}

/// Appends where the positions of a term are.
pub(super) fn push_stored(block: &mut Vec<u8>, rows: usize, extent: &Extent) {
    push_leb(block, (rows as u64) << 1 | 1);
    push_leb(block, extent.offset);
    push_leb(block, u64::from(extent.length));
    block.extend_from_slice(&extent.crc.to_le_bytes());
}

/// The most that [`push`] and one of the other two append.
pub(super) fn entry_bytes_max(term: &[u8], positions: usize) -> usize {
    term.len() + 4 + if positions > INLINE_MAX { 4 + 10 + 5 + 4 } else { 4 + 5 * positions }
}

/// A block of terms, unpacked.
#[derive(Debug)]
pub struct TermBlock {
    raw: Box<[u8]>,
    field: Field,
    landmarks: Box<[Landmark]>,
}

/// Terms between two landmarks: a look-up goes through so many at most.
const LANDMARK_TERMS: usize = 16;

/// A place in a block from which on its terms can be read.
#[derive(Debug)]
struct Landmark {
    /// The term before it.
    before: Box<[u8]>,
    at: usize,
}

impl TermBlock {
    pub(super) fn decode(field: Field, bytes: &[u8]) -> Result<Self, Reason> {
        let raw = unpack_or_take(bytes, BLOCK_BYTES_MAX)?;
        let mut landmarks = Vec::new();
        let mut terms = Terms { cursor: Cursor::new(&raw), field, term: Vec::new(), first: true };
        for number in 1.. {
            if terms.advance()?.is_none() {
                break;
            }
            if number % LANDMARK_TERMS == 0 {
                let at = raw.len() - terms.cursor.rest().len();
                landmarks.push(Landmark { before: terms.term().into(), at });
            }
        }
        Ok(Self { raw, field, landmarks: landmarks.into() })
    }

    pub(super) fn terms(&self) -> Terms<'_> {
        Terms { cursor: Cursor::new(&self.raw), field: self.field, term: Vec::new(), first: true }
    }

    /// The postings of a term, if it is here.
    pub(super) fn find(&self, wanted: &[u8]) -> Result<Option<Term>, Reason> {
        let mut terms = self.terms();
        let passed = self.landmarks.partition_point(|landmark| *landmark.before < *wanted);
        if let Some(landmark) = passed.checked_sub(1).and_then(|last| self.landmarks.get(last)) {
            let rest = self.raw.get(landmark.at..).unwrap_or_default();
            let (cursor, term) = (Cursor::new(rest), landmark.before.to_vec());
            terms = Terms { cursor, field: self.field, term, first: false };
        }
        while let Some(entry) = terms.advance()? {
            match terms.term().cmp(wanted) {
                std::cmp::Ordering::Less => {}
                std::cmp::Ordering::Equal => return entry.read().map(Some),
                std::cmp::Ordering::Greater => break,
            }
        }
        Ok(None)
    }

    /// Memory that it takes.
    pub(super) fn bytes(&self) -> usize {
        let landmarks = self.landmarks.iter().map(|landmark| size_of::<Landmark>() + landmark.before.len());
        size_of::<Self>() + self.raw.len() + landmarks.sum::<usize>()
    }
}

/// Goes through a block.
pub(super) struct Terms<'a> {
    cursor: Cursor<'a>,
    field: Field,
    term: Vec<u8>,
    first: bool,
}

/// The postings of a term, not read yet.
pub(super) struct Entry<'a> {
    field: Field,
    rows: u32,
    stored: bool,
    cursor: Cursor<'a>,
}

impl<'a> Terms<'a> {
    /// Goes to the next term.
    pub(super) fn advance(&mut self) -> Result<Option<Entry<'a>>, Reason> {
        if self.cursor.is_empty() {
            return Ok(None);
        }
        let shared = self.cursor.leb32()? as usize;
        let suffix = self.cursor.string()?;
        let ascends = match self.term.get(shared..) {
            None => return Err("a term shares more than there is"),
            Some(replaced) => self.first || replaced < suffix,
        };
        if !ascends {
            return Err("its terms are out of order");
        }
        self.first = false;
        self.term.truncate(shared);
        self.term.extend_from_slice(suffix);
        let head = self.cursor.leb32()?;
        let entry =
            Entry { field: self.field, rows: head >> 1, stored: head & 1 == 1, cursor: self.cursor.clone() };
        self.skip(&entry)?;
        Ok(Some(entry))
    }

    fn skip(&mut self, entry: &Entry) -> Result<(), Reason> {
        let numbers = if entry.stored { 2 } else { entry.rows };
        for _ in 0..numbers {
            self.cursor.leb()?;
        }
        if entry.stored {
            self.cursor.u32()?;
        }
        Ok(())
    }

    pub(super) fn term(&self) -> &[u8] {
        &self.term
    }
}

impl Entry<'_> {
    pub(super) fn read(mut self) -> Result<Term, Reason> {
        if self.rows == 0 {
            return Err("a term has no rows");
        }
        let postings = if self.stored {
            let (offset, length, crc) = (self.cursor.leb()?, self.cursor.leb32()?, self.cursor.u32()?);
            Postings::Stored(Extent { kind: Kind::Postings(self.field), offset, length, crc })
        } else {
            Postings::Inline(self.inline()?)
        };
        Ok(Term { rows: self.rows, postings })
    }

    fn inline(&mut self) -> Result<Vec<u32>, Reason> {
        let mut positions: Vec<u32> = Vec::new();
        for _ in 0..self.rows {
            let delta = self.cursor.leb32()?;
            let position = match positions.last() {
                None => Some(delta),
                Some(_) if delta == 0 => None,
                Some(last) => last.checked_add(delta),
            };
            positions.push(position.ok_or("its positions are out of order")?);
        }
        Ok(positions)
    }
}

/// The blocks of a field, and the first term of each.
#[derive(Debug)]
pub struct Directory {
    pub(super) blocks: Vec<(Box<[u8]>, Extent)>,
}

impl Directory {
    /// What [`Self::decode`] reads, before it is packed.
    pub(super) fn encode(blocks: &[(Box<[u8]>, Extent)]) -> Vec<u8> {
        let mut raw = Vec::new();
        let mut last = None;
        for (first, extent) in blocks {
            push(&mut raw, last, first);
            push_leb(&mut raw, extent.offset);
            push_leb(&mut raw, u64::from(extent.length));
            raw.extend_from_slice(&extent.crc.to_le_bytes());
            last = Some(first);
        }
        raw
    }

    pub(super) fn decode(field: Field, bytes: &[u8]) -> Result<Self, Reason> {
        let raw = unpack_or_take(bytes, DIRECTORY_BYTES_MAX)?;
        let mut cursor = Cursor::new(&raw);
        let mut blocks: Vec<(Box<[u8]>, Extent)> = Vec::new();
        while !cursor.is_empty() {
            let shared = cursor.leb32()? as usize;
            let suffix = cursor.string()?;
            let last = blocks.last().map_or(&[][..], |(first, _)| first);
            let shared = last.get(..shared).ok_or("a term shares more than there is")?;
            let first: Box<[u8]> = [shared, suffix].concat().into();
            if !blocks.is_empty() && *first <= *last {
                return Err("its terms are out of order");
            }
            let (offset, length, crc) = (cursor.leb()?, cursor.leb32()?, cursor.u32()?);
            blocks.push((first, Extent { kind: Kind::Terms(field), offset, length, crc }));
        }
        Ok(Self { blocks })
    }

    /// The number of the block that has the term, if any has.
    pub(super) fn block_of(&self, term: &[u8]) -> Option<usize> {
        self.blocks.partition_point(|(first, _)| **first <= *term).checked_sub(1)
    }

    /// Memory that it takes.
    pub(super) fn bytes(&self) -> usize {
        self.blocks.iter().map(|(first, _)| size_of::<(Box<[u8]>, Extent)>() + first.len()).sum()
    }
}

/// Reads the positions of a term from an extent of their own.
pub(super) fn bitmap(bytes: &[u8]) -> Result<RoaringBitmap, Reason> {
    let mut rest = bytes;
    let bitmap = RoaringBitmap::deserialize_from(&mut rest).map_err(|_| "it is no roaring bitmap")?;
    if rest.is_empty() { Ok(bitmap) } else { Err("bytes follow its end") }
}
