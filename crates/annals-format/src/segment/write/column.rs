//! Writing a column, value by value.

use std::io;

use super::Writer;
use crate::segment::{COLUMN_CHUNK, Kind, column, footer::Chunk};

/// Writes a column in chunks as its values come.
pub(super) struct ColumnWriter<'a, W> {
    writer: &'a mut Writer<W>,
    kind: Kind,
    values: Vec<u64>,
    chunks: Vec<Chunk>,
}

impl<'a, W: io::Write> ColumnWriter<'a, W> {
    pub(super) fn new(writer: &'a mut Writer<W>, kind: Kind) -> Self {
        Self { writer, kind, values: Vec::with_capacity(COLUMN_CHUNK as usize), chunks: Vec::new() }
    }

    /// Adds the value of the next row.
    pub(super) fn push(&mut self, value: u64) -> io::Result<()> {
        self.values.push(value);
        if self.values.len() == COLUMN_CHUNK as usize { self.end_chunk() } else { Ok(()) }
    }

    fn end_chunk(&mut self) -> io::Result<()> {
        let (Some(&first), Some(&last)) = (self.values.first(), self.values.last()) else { return Ok(()) };
        let extent = self.writer.put(self.kind, &column::encode(&self.values))?;
        self.chunks.push(Chunk { extent, first, last });
        self.values.clear();
        Ok(())
    }

    /// Ends it.
    pub(super) fn finish(mut self) -> io::Result<Vec<Chunk>> {
        self.end_chunk()?;
        Ok(self.chunks)
    }
}
