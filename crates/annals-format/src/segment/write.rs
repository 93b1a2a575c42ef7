//! Writing a segment's parts one after the other, and what is remembered of them for the footer.

mod column;
mod field;
mod pruned;

pub(super) use self::{field::FieldWriter, pruned::PrunedWriter};

use std::{io, ops::Range};

use self::column::ColumnWriter;

use super::{
    BLOCK_ROWS, Extent, Field, Kind, TOKEN_CHUNK,
    block::{self, BlockRow},
    bytes::from_us,
    dictionary::Packer,
    footer::{Chunk, Group, TokenChunk},
    magic,
    order::{Order, Steps},
    pruned::Pruned,
    tokens,
};

/// How a segment is written. Readers do not need to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The level of zstd.
    pub level: i32,
    /// Bytes of a dictionary that is trained at most.
    pub dictionary_bytes: usize,
    /// Rows that it is trained on at most.
    pub dictionary_rows: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { level: 3, dictionary_bytes: 64 * 1024, dictionary_rows: 2_048 }
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Bytes of the file.
    pub bytes: u64,
    /// Bytes at its end that [`Segment::open`](super::Segment::open) needs.
    pub footer_bytes: u32,
    /// How many rows it has.
    pub rows: u32,
    /// The indexes of its entries, pruned ones included.
    pub indexes: Range<u64>,
    /// What the newest rows were compressed with, for the next segment; empty if they were too few to train one.
    pub dictionary: Vec<u8>,
}

/// Writes parts in the order of the format.
#[derive(Debug)]
pub(super) struct Writer<W> {
    sink: W,
    offset: u64,
    packer: Packer,
    rows: u32,
    groups: Vec<Group>,
    times: Vec<Chunk>,
    indexes: Vec<Chunk>,
    order: Order,
    tokens: Vec<TokenChunk>,
    pruned: Pruned,
    fields: Vec<u8>,
}

impl<W: io::Write> Writer<W> {
    /// Begins a segment with so many pruned entries: its first bytes say whether it has any.
    pub(super) fn new(mut sink: W, pruned: u32, options: &Options) -> io::Result<Self> {
        let magic = magic(pruned > 0);
        sink.write_all(&magic)?;
        Ok(Self {
            sink,
            offset: magic.len() as u64,
            packer: Packer::new(options.level, &[])?,
            rows: 0,
            groups: Vec::new(),
            times: Vec::new(),
            indexes: Vec::new(),
            order: Order::Gapless,
            tokens: Vec::new(),
            pruned: Pruned { count: pruned, ..Pruned::default() },
            fields: Vec::new(),
        })
    }

    fn put(&mut self, kind: Kind, bytes: &[u8]) -> io::Result<Extent> {
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        let extent = Extent { kind, offset: self.offset, length, crc: crc32fast::hash(bytes) };
        self.sink.write_all(bytes)?;
        self.offset += u64::from(length);
        Ok(extent)
    }

    /// Writes a dictionary, unless it is empty.
    pub(super) fn dictionary(&mut self, bytes: &[u8]) -> io::Result<Option<Extent>> {
        if bytes.is_empty() { Ok(None) } else { self.put(Kind::Dictionary, bytes).map(Some) }
    }

    /// Begins a group; its dictionary is in the file already.
    pub(super) fn group(&self, dictionary: Option<Extent>) -> GroupWriter {
        GroupWriter { dictionary, start: self.offset, offsets: Vec::new(), row_bytes: 0 }
    }

    /// Ends a group.
    pub(super) fn end_group(&mut self, group: &GroupWriter, rows: u32) -> io::Result<()> {
        let blocks = group.start..self.offset;
        let offsets = self.put(Kind::BlockOffsets, &super::column::encode(&group.offsets))?;
        let GroupWriter { dictionary, row_bytes, .. } = *group;
        self.groups.push(Group { first: self.rows, rows, dictionary, blocks, offsets, row_bytes });
        self.rows += rows;
        Ok(())
    }

    /// Writes the columns, of all groups together: the times and then the indexes of all rows, each by a call of its own.
    pub(super) fn columns<E: From<io::Error>>(
        &mut self,
        places: impl Fn(&mut dyn FnMut((i64, u64)) -> io::Result<()>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut times = ColumnWriter::new(self, Kind::Times);
        places(&mut |(time, _)| times.push(from_us(time)))?;
        self.times = times.finish()?;
        let mut steps = Steps::default();
        let mut indexes = ColumnWriter::new(self, Kind::Indexes);
        places(&mut |(_, index)| {
            steps.add(index);
            indexes.push(index)
        })?;
        self.indexes = indexes.finish()?;
        self.order = steps.order();
        Ok(())
    }

    fn column(&mut self, kind: Kind, values: &[u64]) -> io::Result<Vec<Chunk>> {
        let mut column = ColumnWriter::new(self, kind);
        values.iter().try_for_each(|value| column.push(*value))?;
        column.finish()
    }

    /// Writes tokens, which are sorted: all of them, or whole chunks of them one call after the other.
    pub(super) fn tokens(&mut self, pairs: &[(u64, u32)]) -> io::Result<()> {
        for pairs in pairs.chunks(TOKEN_CHUNK as usize) {
            let extent = self.put(Kind::Tokens, &tokens::encode(pairs))?;
            self.tokens.push(TokenChunk { extent, first: pairs.first().map_or(0, |pair| pair.0) });
        }
        Ok(())
    }

    /// Begins the pruned entries, as many as were announced; they come after the tokens and before the fields.
    pub(super) fn pruned(&mut self) -> PrunedWriter<'_, W> {
        PrunedWriter::new(self)
    }

    /// Begins a field; they come in their order, all of them.
    pub(super) fn field(&mut self, field: Field) -> FieldWriter<'_, W> {
        FieldWriter::new(self, field)
    }

    /// Writes the footer; gives back what the file is.
    pub(super) fn finish(mut self, first_index: u64, dictionary: Vec<u8>) -> io::Result<(Summary, W)> {
        let has_pruned = self.pruned.count > 0;
        let mut footer = Vec::new();
        footer.extend_from_slice(&first_index.to_le_bytes());
        footer.extend_from_slice(&self.rows.to_le_bytes());
        if has_pruned {
            footer.extend_from_slice(&self.pruned.count.to_le_bytes());
        }
        footer.push(self.order.number());
        for group in &self.groups {
            footer.extend_from_slice(&group.rows.to_le_bytes());
            let none = Extent { kind: Kind::Dictionary, offset: 0, length: 0, crc: 0 };
            push_extent(&mut footer, &group.dictionary.unwrap_or(none));
            footer.extend_from_slice(&group.blocks.start.to_le_bytes());
            footer.extend_from_slice(&(group.blocks.end - group.blocks.start).to_le_bytes());
            push_extent(&mut footer, &group.offsets);
            footer.extend_from_slice(&group.row_bytes.to_le_bytes());
        }
        push_chunks(&mut footer, &self.times);
        push_chunks(&mut footer, &self.indexes);
        for chunk in &self.tokens {
            push_extent(&mut footer, &chunk.extent);
            footer.extend_from_slice(&chunk.first.to_le_bytes());
        }
        for extent in &self.pruned.hashes {
            push_extent(&mut footer, extent);
        }
        push_chunks(&mut footer, &self.pruned.indexes);
        footer.extend_from_slice(&self.fields);
        let (length, crc) =
            (u32::try_from(footer.len()).map_err(io::Error::other)?, crc32fast::hash(&footer));
        footer.extend_from_slice(&length.to_le_bytes());
        footer.extend_from_slice(&crc.to_le_bytes());
        footer.extend_from_slice(&magic(has_pruned));
        self.sink.write_all(&footer)?;
        self.sink.flush()?;
        let footer_bytes = u32::try_from(footer.len()).map_err(io::Error::other)?;
        let summary = Summary {
            bytes: self.offset + u64::from(footer_bytes),
            footer_bytes,
            rows: self.rows,
            indexes: first_index..first_index + u64::from(self.rows) + u64::from(self.pruned.count),
            dictionary,
        };
        Ok((summary, self.sink))
    }
}

fn push_chunks(out: &mut Vec<u8>, chunks: &[Chunk]) {
    for chunk in chunks {
        push_extent(out, &chunk.extent);
        out.extend_from_slice(&chunk.first.to_le_bytes());
        out.extend_from_slice(&chunk.last.to_le_bytes());
    }
}

fn push_extent(out: &mut Vec<u8>, extent: &Extent) {
    out.extend_from_slice(&extent.offset.to_le_bytes());
    out.extend_from_slice(&extent.length.to_le_bytes());
    out.extend_from_slice(&extent.crc.to_le_bytes());
}

/// Writes the blocks of a group.
#[derive(Debug)]
pub(super) struct GroupWriter {
    dictionary: Option<Extent>,
    start: u64,
    offsets: Vec<u64>,
    /// Bytes of its rows before compression.
    row_bytes: u64,
}

impl GroupWriter {
    /// Compresses the rows of a block, and writes it.
    pub(super) fn rows<W: io::Write>(
        &mut self,
        writer: &mut Writer<W>,
        rows: &[BlockRow],
        packer: &mut Packer,
    ) -> io::Result<()> {
        debug_assert!(rows.len() <= BLOCK_ROWS as usize);
        let block = block::encode(rows, packer)?;
        self.row_bytes += rows.iter().map(BlockRow::len).sum::<u64>();
        self.block(writer, &block)
    }

    /// Counts the rows of blocks that are copied.
    pub(super) fn add_row_bytes(&mut self, row_bytes: u64) {
        self.row_bytes += row_bytes;
    }

    /// Writes a block as it stands in another segment.
    pub(super) fn block<W: io::Write>(&mut self, writer: &mut Writer<W>, block: &[u8]) -> io::Result<()> {
        self.offsets.push(writer.offset - self.start);
        writer.put(Kind::Rows, block).map(|_| ())
    }
}
