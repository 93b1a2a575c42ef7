//! Writing the terms of a field, which come sorted, with their postings.

use std::io;

use roaring::RoaringBitmap;

use super::Writer;
use crate::segment::{
    Extent, Field, Kind,
    terms::{self, Directory, INLINE_MAX},
};

/// Bytes of terms that stand in the footer at most.
const WHOLE_BYTES_MAX: usize = 16 * 1024;

/// Bytes of a block of terms before compression.
const BLOCK_BYTES: usize = 8 * 1024;

/// Writes a field.
pub(in crate::segment) struct FieldWriter<'a, W> {
    pub(super) writer: &'a mut Writer<W>,
    pub(super) field: Field,
    block: Vec<u8>,
    /// The first term of the block.
    first: Box<[u8]>,
    last: Option<Vec<u8>>,
    blocks: Vec<(Box<[u8]>, Extent)>,
    terms: u32,
    terms_bytes: u64,
    postings_bytes: u64,
}

impl<'a, W: io::Write> FieldWriter<'a, W> {
    pub(super) fn new(writer: &'a mut Writer<W>, field: Field) -> Self {
        Self {
            writer,
            field,
            block: Vec::new(),
            first: Box::default(),
            last: None,
            blocks: Vec::new(),
            terms: 0,
            terms_bytes: 0,
            postings_bytes: 0,
        }
    }

    /// Writes a term, which comes after those before, with its positions, which ascend.
    pub(in crate::segment) fn term(&mut self, term: &[u8], positions: &[u32]) -> io::Result<()> {
        let room = if self.blocks.is_empty() { WHOLE_BYTES_MAX } else { BLOCK_BYTES };
        if self.block.len() + terms::entry_bytes_max(term, positions.len()) > room {
            self.end_block()?;
        }
        if self.last.is_none() {
            self.first = term.into();
        }
        terms::push(&mut self.block, self.last.as_deref(), term);
        if positions.len() > INLINE_MAX {
            let mut bitmap =
                RoaringBitmap::from_sorted_iter(positions.iter().copied()).map_err(io::Error::other)?;
            bitmap.optimize();
            let mut bytes = Vec::with_capacity(bitmap.serialized_size());
            bitmap.serialize_into(&mut bytes)?;
            let extent = self.writer.put(Kind::Postings(self.field), &bytes)?;
            self.postings_bytes += u64::from(extent.length);
            terms::push_stored(&mut self.block, positions.len(), &extent);
        } else {
            terms::push_inline(&mut self.block, positions);
        }
        let last = self.last.get_or_insert_default();
        last.clear();
        last.extend_from_slice(term);
        self.terms += 1;
        Ok(())
    }

    fn end_block(&mut self) -> io::Result<()> {
        if self.last.take().is_none() {
            return Ok(());
        }
        let packed = self.writer.packer.pack_or_keep(&self.block)?;
        let extent = self.writer.put(Kind::Terms(self.field), &packed)?;
        self.terms_bytes += u64::from(extent.length);
        self.blocks.push((std::mem::take(&mut self.first), extent));
        self.block.clear();
        Ok(())
    }

    /// Ends the field.
    pub(in crate::segment) fn finish(mut self) -> io::Result<()> {
        let whole = self.blocks.is_empty();
        let form = if whole {
            let packed = self.writer.packer.pack_or_keep(&self.block)?;
            self.terms_bytes = packed.len() as u64;
            let length = u32::try_from(packed.len()).map_err(io::Error::other)?;
            [&[0][..], &length.to_le_bytes(), &packed].concat()
        } else {
            self.end_block()?;
            let packed = self.writer.packer.pack_or_keep(&Directory::encode(&self.blocks))?;
            let extent = self.writer.put(Kind::Directory(self.field), &packed)?;
            self.terms_bytes += u64::from(extent.length);
            let mut form = vec![1];
            super::push_extent(&mut form, &extent);
            form
        };
        let fields = &mut self.writer.fields;
        fields.extend_from_slice(&self.terms.to_le_bytes());
        fields.extend_from_slice(&self.terms_bytes.to_le_bytes());
        fields.extend_from_slice(&self.postings_bytes.to_le_bytes());
        fields.extend_from_slice(&form);
        Ok(())
    }
}
