//! Extents of the file, what they hold once decoded, and the seam through which a reader gets them.

use std::sync::Arc;

use roaring::RoaringBitmap;

use super::{
    Corrupt, Dictionary, Kind,
    block::RowBlock,
    bytes::{Reason, TOO_SHORT},
    column::Column,
    pruned::Hashes,
    terms::{self, Directory, TermBlock},
    tokens::Tokens,
};

/// A piece of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Extent {
    /// What it holds.
    pub kind: Kind,
    /// Where it begins.
    pub offset: u64,
    /// How many bytes it has.
    pub length: u32,
    /// CRC-32 of its bytes; of no meaning for row blocks, which begin with their own.
    pub(super) crc: u32,
}

/// What an extent holds, checked and ready for use.
#[derive(Debug)]
#[non_exhaustive]
pub enum Part {
    /// What the rows of a group were compressed with.
    Dictionary(Dictionary),
    /// A block of rows.
    Rows(RowBlock),
    /// A chunk of a column.
    Column(Column),
    /// A chunk of the tokens.
    Tokens(Tokens),
    /// A chunk of the hashes of pruned entries.
    Hashes(Hashes),
    /// The list of a field's term blocks.
    Directory(Directory),
    /// A block of terms.
    Terms(TermBlock),
    /// The positions that have a term.
    Bitmap(Arc<RoaringBitmap>),
}

/// Where a reader gets its parts. The server has a cache and a store of blobs behind it, a test a slice.
pub trait Parts {
    /// What can go wrong: a damaged part, and whatever reading the file may bring.
    type Error: From<Corrupt>;

    /// The parts at these extents, in the order asked. An extent may be asked for twice.
    ///
    /// Row blocks that are asked for together often follow each other in the file.
    fn get(&self, extents: &[Extent]) -> Result<Vec<Arc<Part>>, Self::Error>;
}

impl<P: Parts + ?Sized> Parts for &P {
    type Error = P::Error;

    fn get(&self, extents: &[Extent]) -> Result<Vec<Arc<Part>>, Self::Error> {
        (**self).get(extents)
    }
}

impl Part {
    /// Memory that it takes, for a cache that holds so much.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Dictionary(dictionary) => dictionary.bytes(),
            Self::Rows(block) => block.as_bytes().len(),
            Self::Column(column) => column.bytes(),
            Self::Tokens(tokens) => tokens.bytes(),
            Self::Hashes(hashes) => hashes.bytes(),
            Self::Directory(directory) => directory.bytes(),
            Self::Terms(block) => block.bytes(),
            Self::Bitmap(bitmap) => bitmap.serialized_size() + size_of::<RoaringBitmap>(),
        }
    }
}

/// Gets parts, as many as were asked for.
pub(super) fn get<P: Parts>(parts: &P, extents: &[Extent]) -> Result<Vec<Arc<Part>>, P::Error> {
    let got = parts.get(extents)?;
    match extents.first() {
        Some(first) if got.len() != extents.len() => Err(first.corrupt(MISPLACED).into()),
        _ => Ok(got),
    }
}

/// Gets a known number of parts.
pub(super) fn several<const N: usize, P: Parts>(
    parts: &P,
    extents: [Extent; N],
) -> Result<[Arc<Part>; N], P::Error> {
    let got = get(parts, &extents)?;
    got.try_into().map_err(|_| match extents.first() {
        Some(first) => first.corrupt(MISPLACED).into(),
        None => Corrupt { kind: Kind::Footer, offset: 0, reason: MISPLACED }.into(),
    })
}

/// Gets one part.
pub(super) fn one<P: Parts>(parts: &P, extent: &Extent) -> Result<Arc<Part>, P::Error> {
    several(parts, [*extent]).map(|[part]| part)
}

const MISPLACED: Reason = "another part was read in its place";

/// What a part must be as it was read at this extent.
impl Part {
    pub(super) fn dictionary(&self, extent: &Extent) -> Result<&Dictionary, Corrupt> {
        if let Self::Dictionary(dictionary) = self { Ok(dictionary) } else { Err(extent.corrupt(MISPLACED)) }
    }

    pub(super) fn rows(&self, extent: &Extent) -> Result<&RowBlock, Corrupt> {
        if let Self::Rows(block) = self { Ok(block) } else { Err(extent.corrupt(MISPLACED)) }
    }

    pub(super) fn column(&self, extent: &Extent) -> Result<&Column, Corrupt> {
        if let Self::Column(column) = self { Ok(column) } else { Err(extent.corrupt(MISPLACED)) }
    }

    pub(super) fn tokens(&self, extent: &Extent) -> Result<&Tokens, Corrupt> {
        if let Self::Tokens(tokens) = self { Ok(tokens) } else { Err(extent.corrupt(MISPLACED)) }
    }

    pub(super) fn hashes(&self, extent: &Extent) -> Result<&Hashes, Corrupt> {
        if let Self::Hashes(hashes) = self { Ok(hashes) } else { Err(extent.corrupt(MISPLACED)) }
    }

    pub(super) fn directory(&self, extent: &Extent) -> Result<&Directory, Corrupt> {
        if let Self::Directory(directory) = self { Ok(directory) } else { Err(extent.corrupt(MISPLACED)) }
    }

    pub(super) fn terms(&self, extent: &Extent) -> Result<&TermBlock, Corrupt> {
        if let Self::Terms(block) = self { Ok(block) } else { Err(extent.corrupt(MISPLACED)) }
    }

    pub(super) fn bitmap(&self, extent: &Extent) -> Result<&Arc<RoaringBitmap>, Corrupt> {
        if let Self::Bitmap(bitmap) = self { Ok(bitmap) } else { Err(extent.corrupt(MISPLACED)) }
    }
}

impl Extent {
    /// Where it ends, beyond its last byte.
    pub fn end(&self) -> u64 {
        self.offset.saturating_add(u64::from(self.length))
    }

    /// Checks the bytes that were read at this extent, and decodes them.
    pub fn decode(&self, bytes: &[u8]) -> Result<Part, Corrupt> {
        self.check(bytes).map_err(|reason| self.corrupt(reason))?;
        self.decode_unchecked(bytes)
    }

    /// Decodes bytes that may be damaged, or even made to do harm, without a look at their checksum. What comes out may
    /// be wrong, but reading it is safe. Meant for tests, and to save what can be saved.
    pub fn decode_unchecked(&self, bytes: &[u8]) -> Result<Part, Corrupt> {
        self.decode_bytes(bytes).map_err(|reason| self.corrupt(reason))
    }

    fn check(&self, bytes: &[u8]) -> Result<(), Reason> {
        if bytes.len() != self.length as usize {
            return Err("it was not read in full");
        }
        let (crc, covered) = match (self.kind, bytes.split_first_chunk()) {
            (Kind::Rows, Some((crc, covered))) => (u32::from_le_bytes(*crc), covered),
            (Kind::Rows, None) => return Err(TOO_SHORT),
            _ => (self.crc, bytes),
        };
        if crc32fast::hash(covered) == crc { Ok(()) } else { Err("its CRC-32 is wrong") }
    }

    fn decode_bytes(&self, bytes: &[u8]) -> Result<Part, Reason> {
        Ok(match self.kind {
            Kind::Footer => return Err("it is no part"),
            Kind::Dictionary => Part::Dictionary(Dictionary::decode(bytes)?),
            Kind::Rows => Part::Rows(RowBlock::new(bytes)),
            Kind::BlockOffsets | Kind::Times | Kind::Indexes | Kind::PrunedIndexes => {
                Part::Column(Column::decode(bytes)?)
            }
            Kind::Tokens => Part::Tokens(Tokens::decode(bytes)?),
            Kind::PrunedHashes => Part::Hashes(Hashes::decode(bytes)?),
            Kind::Directory(field) => Part::Directory(Directory::decode(field, bytes)?),
            Kind::Terms(field) => Part::Terms(TermBlock::decode(field, bytes)?),
            Kind::Postings(_) => Part::Bitmap(Arc::new(terms::bitmap(bytes)?)),
        })
    }

    pub(super) fn corrupt(&self, reason: Reason) -> Corrupt {
        Corrupt { kind: self.kind, offset: self.offset, reason }
    }
}
