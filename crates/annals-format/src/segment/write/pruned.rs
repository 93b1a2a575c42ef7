//! Writing the pruned entries, which come in the order of their indexes.

use std::io;

use annals_tlog::Hash;

use super::Writer;
use crate::segment::{HASH_CHUNK, Kind};

/// Writes the pruned entries: the hashes as they come, their indexes in the end.
pub(in crate::segment) struct PrunedWriter<'a, W> {
    writer: &'a mut Writer<W>,
    hashes: Vec<u8>,
    indexes: Vec<u64>,
}

/// Bytes of a chunk of hashes.
const CHUNK_BYTES: usize = HASH_CHUNK as usize * Hash::LEN;

impl<'a, W: io::Write> PrunedWriter<'a, W> {
    pub(super) fn new(writer: &'a mut Writer<W>) -> Self {
        Self { writer, hashes: Vec::new(), indexes: Vec::new() }
    }

    /// Writes an entry, which comes after those before.
    pub(in crate::segment) fn entry(&mut self, index: u64, hash: &Hash) -> io::Result<()> {
        self.indexes.push(index);
        self.hashes.extend_from_slice(hash.as_bytes());
        if self.hashes.len() == CHUNK_BYTES { self.end_chunk() } else { Ok(()) }
    }

    fn end_chunk(&mut self) -> io::Result<()> {
        let extent = self.writer.put(Kind::PrunedHashes, &self.hashes)?;
        self.writer.pruned.hashes.push(extent);
        self.hashes.clear();
        Ok(())
    }

    /// Ends them.
    pub(in crate::segment) fn finish(mut self) -> io::Result<()> {
        if !self.hashes.is_empty() {
            self.end_chunk()?;
        }
        debug_assert_eq!(self.indexes.len(), self.writer.pruned.count as usize);
        self.writer.pruned.indexes = self.writer.column(Kind::PrunedIndexes, &self.indexes)?;
        Ok(())
    }
}
