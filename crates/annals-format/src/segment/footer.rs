//! The footer: where everything is. It is read first, and is all that a segment keeps in memory.

use std::ops::Range;

use super::{
    BLOCK_ROWS, COLUMN_CHUNK, Corrupt, Extent, Field, HASH_CHUNK, Kind, ROWS_MAX, TOKEN_CHUNK,
    bytes::{Cursor, Reason, to_us},
    magic,
    order::Order,
    pruned::Pruned,
    terms::TermBlock,
};

/// Footer length, CRC-32 of the footer, magic.
pub(super) const TRAILER_BYTES: usize = 16;

/// A sealed part of a log, by its footer. Its methods ask [`Parts`](super::Parts) for whatever else they need.
#[derive(Debug)]
pub struct Segment {
    pub(super) first_index: u64,
    pub(super) rows: u32,
    pub(super) order: Order,
    pub(super) groups: Vec<Group>,
    pub(super) times: Vec<Chunk>,
    pub(super) indexes: Vec<Chunk>,
    pub(super) tokens: Vec<TokenChunk>,
    pub(super) pruned: Pruned,
    pub(super) fields: Vec<FieldIndex>,
    /// Bytes of the footer and what follows it.
    pub(super) footer_bytes: u64,
    /// Where the footer begins: all other parts lie before it.
    pub(super) parts_end: u64,
}

/// Rows that were compressed with the same dictionary, and follow each other.
#[derive(Debug, Clone)]
pub(super) struct Group {
    /// The position of its first row.
    pub(super) first: u32,
    pub(super) rows: u32,
    pub(super) dictionary: Option<Extent>,
    /// Where its row blocks are.
    pub(super) blocks: Range<u64>,
    pub(super) offsets: Extent,
    /// Bytes of its rows before compression.
    pub(super) row_bytes: u64,
}

/// A chunk of a column.
#[derive(Debug, Clone)]
pub(super) struct Chunk {
    pub(super) extent: Extent,
    pub(super) first: u64,
    pub(super) last: u64,
}

/// A chunk of the tokens.
#[derive(Debug, Clone)]
pub(super) struct TokenChunk {
    pub(super) extent: Extent,
    pub(super) first: u64,
}

/// The terms of a field.
#[derive(Debug)]
pub(super) struct FieldIndex {
    pub(super) terms: u32,
    /// Bytes of its directory and its blocks of terms.
    pub(super) terms_bytes: u64,
    pub(super) postings_bytes: u64,
    pub(super) form: FieldForm,
}

#[derive(Debug)]
pub(super) enum FieldForm {
    /// All of them are here.
    Whole(TermBlock),
    Directory(Extent),
}

impl Segment {
    /// Reads the end of a file of `file_bytes` bytes: the footer and what follows it, or more.
    pub fn open(footer_bytes: &[u8], file_bytes: u64) -> Result<Self, Corrupt> {
        let corrupt = |reason| Corrupt {
            kind: Kind::Footer,
            offset: file_bytes.saturating_sub(footer_bytes.len() as u64),
            reason,
        };
        Self::decode(footer_bytes, file_bytes).map_err(corrupt)
    }

    fn decode(tail: &[u8], file_bytes: u64) -> Result<Self, Reason> {
        let (before, trailer) = tail.split_last_chunk::<TRAILER_BYTES>().ok_or("it is too short")?;
        let mut trailer = Cursor::new(trailer);
        let (length, crc) = (trailer.u32()? as usize, trailer.u32()?);
        let has_pruned = trailer.rest() == magic(true);
        if !has_pruned && trailer.rest() != magic(false) {
            return Err("the file does not end as a segment does");
        }
        let start = before.len().checked_sub(length).ok_or("it is longer than what was read")?;
        let footer = before.get(start..).unwrap_or_default();
        if crc32fast::hash(footer) != crc {
            return Err("its CRC-32 is wrong");
        }
        let footer_bytes = (length + TRAILER_BYTES) as u64;
        let parts_end = file_bytes.checked_sub(footer_bytes).ok_or("it is longer than the file")?;
        let mut reader = Reader { cursor: Cursor::new(footer), parts_end };
        let segment = reader.segment(footer_bytes, has_pruned)?;
        reader.cursor.end()?;
        Ok(segment)
    }

    /// The first bytes of its file, which are also the last: they say of which version it is.
    pub fn magic(&self) -> [u8; 8] {
        magic(self.pruned.count > 0)
    }

    /// How many rows it has: entries that were not pruned. There may be none.
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// The indexes of its entries, pruned ones included.
    pub fn indexes(&self) -> Range<u64> {
        self.first_index..self.first_index + u64::from(self.rows) + u64::from(self.pruned.count)
    }

    /// The place (instant in microseconds, index) of its oldest row, if it has any.
    pub fn oldest(&self) -> Option<(i64, u64)> {
        let (times, indexes) = (self.times.first()?, self.indexes.first()?);
        Some((to_us(times.first), indexes.first))
    }

    /// The place of its newest row, if it has any.
    pub fn newest(&self) -> Option<(i64, u64)> {
        let (times, indexes) = (self.times.last()?, self.indexes.last()?);
        Some((to_us(times.last), indexes.last))
    }

    /// How many different terms a field has.
    pub fn terms(&self, field: Field) -> u32 {
        self.field(field).map_or(0, |index| index.terms)
    }

    /// Whether the terms of a field are known without another read, as they are few.
    pub fn is_whole(&self, field: Field) -> bool {
        self.field(field).is_some_and(|index| matches!(index.form, FieldForm::Whole(_)))
    }

    pub(super) fn field(&self, field: Field) -> Option<&FieldIndex> {
        self.fields.get(field.number())
    }

    /// Bytes of the rows before compression.
    pub fn row_bytes(&self) -> u64 {
        self.groups.iter().fold(0, |sum, group| group.row_bytes.saturating_add(sum))
    }

    /// Bytes of the file by what they hold, in the order of the file. Terms of few values are part of the footer.
    pub fn sizes(&self) -> Vec<(Kind, u64)> {
        let total = |extents: &mut dyn Iterator<Item = &Extent>| -> u64 {
            extents.map(|extent| u64::from(extent.length)).sum()
        };
        let mut dictionaries: Vec<Extent> = self.groups.iter().filter_map(|group| group.dictionary).collect();
        // Groups may share one.
        dictionaries.sort_unstable_by_key(|extent| extent.offset);
        dictionaries.dedup();
        let mut sizes = vec![
            (Kind::Dictionary, total(&mut dictionaries.iter())),
            (Kind::Rows, self.groups.iter().map(|group| group.blocks.end - group.blocks.start).sum()),
            (Kind::BlockOffsets, total(&mut self.groups.iter().map(|group| &group.offsets))),
            (Kind::Times, total(&mut self.times.iter().map(|chunk| &chunk.extent))),
            (Kind::Indexes, total(&mut self.indexes.iter().map(|chunk| &chunk.extent))),
            (Kind::Tokens, total(&mut self.tokens.iter().map(|chunk| &chunk.extent))),
            (Kind::PrunedHashes, total(&mut self.pruned.hashes.iter())),
            (Kind::PrunedIndexes, total(&mut self.pruned.indexes.iter().map(|chunk| &chunk.extent))),
        ];
        for (field, index) in Field::ALL.into_iter().zip(&self.fields) {
            sizes.push((Kind::Terms(field), index.terms_bytes));
            sizes.push((Kind::Postings(field), index.postings_bytes));
        }
        sizes.push((Kind::Footer, self.footer_bytes));
        sizes
    }
}

/// Reads a footer, and checks that all it speaks of lies before it.
struct Reader<'a> {
    cursor: Cursor<'a>,
    /// Where the footer begins.
    parts_end: u64,
}

impl Reader<'_> {
    fn segment(&mut self, footer_bytes: u64, has_pruned: bool) -> Result<Segment, Reason> {
        let first_index = self.cursor.u64()?;
        let rows = self.cursor.u32()?;
        let count = if has_pruned { self.cursor.u32()? } else { 0 };
        if has_pruned && count == 0 {
            return Err("its version is for pruned entries, and it has none");
        }
        let entries = u64::from(rows) + u64::from(count);
        if !(1..=u64::from(ROWS_MAX)).contains(&entries) {
            return Err("it has too many entries, or none");
        }
        let end = first_index.checked_add(entries).ok_or(OTHER_INDEXES)?;
        // Where nothing is pruned, rows in the order of their indexes have no gaps.
        let orders = if has_pruned { &Order::ALL[..] } else { &[Order::Mixed, Order::Gapless] };
        let order = *orders.get(usize::from(self.cursor.u8()?)).ok_or("a flag is unknown")?;
        let groups = self.groups(rows)?;
        let times = self.chunks(Kind::Times, rows)?;
        let indexes = self.chunks(Kind::Indexes, rows)?;
        let mut tokens = Vec::new();
        for _ in 0..rows.div_ceil(TOKEN_CHUNK) {
            tokens.push(TokenChunk { extent: self.extent(Kind::Tokens)?, first: self.cursor.u64()? });
        }
        let first_row = indexes.first().map_or(first_index, |chunk| chunk.first);
        let after_rows = first_row.checked_add(u64::from(rows));
        if order == Order::Gapless
            && (first_row < first_index || after_rows.is_none_or(|after_rows| after_rows > end))
        {
            return Err(OTHER_INDEXES);
        }
        let hashes = (0..count.div_ceil(HASH_CHUNK)).map(|_| self.extent(Kind::PrunedHashes));
        let hashes = hashes.collect::<Result<_, _>>()?;
        let pruned = Pruned { count, hashes, indexes: self.chunks(Kind::PrunedIndexes, count)? };
        let fields = Field::ALL.into_iter().map(|field| self.field(field)).collect::<Result<_, _>>()?;
        let parts_end = self.parts_end;
        Ok(Segment {
            first_index,
            rows,
            order,
            groups,
            times,
            indexes,
            tokens,
            pruned,
            fields,
            footer_bytes,
            parts_end,
        })
    }

    fn groups(&mut self, rows: u32) -> Result<Vec<Group>, Reason> {
        let mut groups = Vec::new();
        let mut first = 0;
        while first < rows {
            let of_group = self.cursor.u32()?;
            if of_group == 0 || of_group > rows - first {
                return Err("its groups have not as many rows as it has");
            }
            let dictionary = Some(self.extent(Kind::Dictionary)?).filter(|extent| extent.length > 0);
            let (start, length) = (self.cursor.u64()?, self.cursor.u64()?);
            let end = start.checked_add(length).filter(|end| *end <= self.parts_end).ok_or(BEYOND)?;
            let offsets = self.extent(Kind::BlockOffsets)?;
            let row_bytes = self.cursor.u64()?;
            groups.push(Group { first, rows: of_group, dictionary, blocks: start..end, offsets, row_bytes });
            first += of_group;
        }
        Ok(groups)
    }

    fn chunks(&mut self, kind: Kind, values: u32) -> Result<Vec<Chunk>, Reason> {
        let mut chunks = Vec::new();
        for _ in 0..values.div_ceil(COLUMN_CHUNK) {
            let extent = self.extent(kind)?;
            chunks.push(Chunk { extent, first: self.cursor.u64()?, last: self.cursor.u64()? });
        }
        Ok(chunks)
    }

    fn field(&mut self, field: Field) -> Result<FieldIndex, Reason> {
        let terms = self.cursor.u32()?;
        let (terms_bytes, postings_bytes) = (self.cursor.u64()?, self.cursor.u64()?);
        let form = match self.cursor.u8()? {
            0 => {
                let length = self.cursor.u32()?;
                FieldForm::Whole(TermBlock::decode(field, self.cursor.take(length as usize)?)?)
            }
            1 => FieldForm::Directory(self.extent(Kind::Directory(field))?),
            _ => return Err("the form of a field is unknown"),
        };
        Ok(FieldIndex { terms, terms_bytes, postings_bytes, form })
    }

    fn extent(&mut self, kind: Kind) -> Result<Extent, Reason> {
        let (offset, length, crc) = (self.cursor.u64()?, self.cursor.u32()?, self.cursor.u32()?);
        let end = offset.checked_add(u64::from(length)).ok_or(BEYOND)?;
        if end > self.parts_end {
            return Err(BEYOND);
        }
        Ok(Extent { kind, offset, length, crc })
    }
}

const OTHER_INDEXES: Reason = "its indexes are out of range";

const BEYOND: Reason = "it speaks of bytes beyond its beginning";

impl Group {
    /// The number of its blocks.
    pub(super) fn block_count(&self) -> usize {
        self.rows.div_ceil(BLOCK_ROWS) as usize
    }
}
