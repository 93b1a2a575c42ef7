//! What zstd needs on both sides: dictionaries, and frames that say nothing which a segment says already.

use std::{fmt, io};

use zstd::{
    bulk::{Compressor, Decompressor},
    dict::DecoderDictionary,
};

use super::{
    Options,
    bytes::{Cursor, Reason},
};

/// What the rows of a group were compressed with, ready for use.
pub struct Dictionary {
    bytes: Box<[u8]>,
    prepared: DecoderDictionary<'static>,
}

impl Dictionary {
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Reason> {
        let prepared = DecoderDictionary::try_copy(bytes).map_err(|_| "zstd does not know it")?;
        Ok(Self { bytes: bytes.into(), prepared })
    }

    /// The dictionary as it stands in the file; another segment may be sealed with it.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Memory that it takes: zstd keeps a copy, and tables.
    pub(super) fn bytes(&self) -> usize {
        2 * self.bytes.len() + 32 * 1024
    }
}

impl fmt::Debug for Dictionary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dictionary").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

/// Unpacks frames, one after the other.
pub(super) struct Unpacker<'a>(Decompressor<'a>);

impl<'a> Unpacker<'a> {
    pub(super) fn new(dictionary: Option<&'a Dictionary>) -> Result<Self, Reason> {
        let made = match dictionary {
            Some(dictionary) => Decompressor::with_prepared_dictionary(&dictionary.prepared),
            None => Decompressor::new(),
        };
        made.map(Self).map_err(|_| "zstd cannot be set up")
    }

    /// Unpacks a frame of exactly this many bytes, which the caller has found to be few enough to allocate.
    pub(super) fn unpack(&mut self, frame: &[u8], length: usize) -> Result<Vec<u8>, Reason> {
        let mut raw = Vec::new();
        self.unpack_into(frame, length, &mut raw).map(|()| raw)
    }

    /// The same in the place of what was there.
    pub(super) fn unpack_into(
        &mut self,
        frame: &[u8],
        length: usize,
        raw: &mut Vec<u8>,
    ) -> Result<(), Reason> {
        raw.clear();
        raw.reserve_exact(length);
        match self.0.decompress_to_buffer(frame, raw) {
            Ok(_) if raw.len() == length => Ok(()),
            Ok(_) => Err("it has another length than it says"),
            Err(_) => Err("zstd cannot unpack it"),
        }
    }
}

/// Packs frames, one after the other.
pub(super) struct Packer(Compressor<'static>);

impl fmt::Debug for Packer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packer").finish_non_exhaustive()
    }
}

impl Packer {
    /// For frames with a dictionary, which may be empty.
    pub(super) fn new(level: i32, dictionary: &[u8]) -> io::Result<Self> {
        let mut compressor = Compressor::new(level)?;
        if !dictionary.is_empty() {
            compressor.set_dictionary(level, dictionary)?;
        }
        compressor.include_contentsize(false)?;
        compressor.include_checksum(false)?;
        compressor.include_dictid(false)?;
        Ok(Self(compressor))
    }

    pub(super) fn pack(&mut self, raw: &[u8]) -> io::Result<Vec<u8>> {
        self.0.compress(raw)
    }

    /// Bytes behind their length, as a frame where that is shorter.
    pub(super) fn pack_or_keep(&mut self, raw: &[u8]) -> io::Result<Vec<u8>> {
        let frame = self.pack(raw)?;
        let packed = if frame.len() < raw.len() { &frame[..] } else { raw };
        let length = u32::try_from(raw.len()).map_err(io::Error::other)?;
        Ok([&length.to_le_bytes(), packed].concat())
    }
}

/// Undoes [`Packer::pack_or_keep`]; no more than `most` bytes come out.
pub(super) fn unpack_or_take(bytes: &[u8], most: usize) -> Result<Box<[u8]>, Reason> {
    let mut cursor = Cursor::new(bytes);
    let length = cursor.u32()? as usize;
    match cursor.rest() {
        _ if length > most => Err("it is larger than any"),
        kept if kept.len() == length => Ok(kept.into()),
        frame => Ok(Unpacker::new(None)?.unpack(frame, length)?.into()),
    }
}

/// Bytes that a dictionary for so many bytes of rows may have: it must earn its keep.
pub(super) fn dictionary_bytes_max(row_bytes: usize, options: &Options) -> usize {
    options.dictionary_bytes.min(row_bytes / ROW_BYTES_PER_DICTIONARY_BYTE)
}

const ROW_BYTES_PER_DICTIONARY_BYTE: usize = 64;

/// Trains a dictionary; an empty one if there is too little to learn from.
pub(super) fn train(samples: &[Vec<u8>], bytes_max: usize) -> Vec<u8> {
    if bytes_max < DICTIONARY_BYTES_MIN {
        return Vec::new();
    }
    zstd::dict::from_samples(samples, bytes_max).unwrap_or_default()
}

/// Below this, a dictionary holds little more than its own head.
const DICTIONARY_BYTES_MIN: usize = 1_024;
