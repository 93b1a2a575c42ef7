//! Row blocks: sixteen rows, arranged so that zstd sees only what it can shorten.
//!
//! Seeds, salts and digests are random and tokens nearly so: they stand raw before the frame, and the instants with them
//! as distances. The text of the token and of `created_at` is not kept at all, as it can be written again.

mod lift;

use std::io::Write as _;

use self::lift::{Lifted, lift};
use super::{
    BLOCK_ROWS, ROW_BYTES_MAX,
    bytes::{Cursor, Reason, push_leb},
    dictionary::{Packer, Unpacker},
};
use crate::{Row, entry::CorruptRow};

/// Rows as they are, behind their lengths.
const VERBATIM: u8 = 0;
/// Seeds, tokens and instants taken out.
const LIFTED: u8 = 1;
/// The same of rows of which some have erased sections.
const LIFTED_ERASED: u8 = 2;

/// Rows made ready for compression.
#[derive(Debug, Default)]
struct Arranged {
    form: u8,
    raw: Vec<u8>,
    packed: Vec<u8>,
}

/// A row for a block.
#[derive(Debug)]
pub(super) struct BlockRow<'a> {
    bytes: &'a [u8],
    /// What it says. A row that says nothing is kept as it is.
    row: Option<Row<'a>>,
}

impl<'a> BlockRow<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, row: Row::decode(bytes).ok() }
    }

    /// A row that was decoded from these bytes.
    pub(super) fn decoded(bytes: &'a [u8], row: Row<'a>) -> Self {
        Self { bytes, row: Some(row) }
    }

    pub(super) fn len(&self) -> u64 {
        self.bytes.len() as u64
    }
}

/// Arranges rows; never more than a block holds.
fn arrange(rows: &[BlockRow]) -> Arranged {
    lift(rows).unwrap_or_else(|| {
        let mut packed = Vec::with_capacity(rows.iter().map(|row| row.bytes.len() + 4).sum());
        for row in rows {
            push_leb(&mut packed, row.bytes.len() as u64);
        }
        packed.extend(rows.iter().flat_map(|row| row.bytes));
        Arranged { form: VERBATIM, raw: Vec::new(), packed }
    })
}

/// What a dictionary is trained on: one row as it stands in a block.
pub(super) fn sample(row: &[u8]) -> Vec<u8> {
    arrange(&[BlockRow::new(row)]).packed
}

/// Writes a block.
pub(super) fn encode(rows: &[BlockRow], packer: &mut Packer) -> std::io::Result<Vec<u8>> {
    let Arranged { form, raw, packed } = arrange(rows);
    let frame = packer.pack(&packed)?;
    let length = u32::try_from(packed.len()).map_err(std::io::Error::other)?;
    let count = u8::try_from(rows.len()).map_err(std::io::Error::other)?;
    let mut block = Vec::with_capacity(HEAD_BYTES + raw.len() + frame.len());
    block.extend_from_slice(&[0; 4]);
    block.extend_from_slice(&[form, count]);
    block.extend_from_slice(&length.to_le_bytes());
    block.extend_from_slice(&raw);
    block.extend_from_slice(&frame);
    let crc = block.get(4..).map(crc32fast::hash).unwrap_or_default();
    (&mut block[..4]).write_all(&crc.to_le_bytes())?;
    Ok(block)
}

/// CRC-32, form, rows, length of what is in the frame.
const HEAD_BYTES: usize = 10;

/// A block as it was read, still packed: sixteen rows unpack faster than they could be kept.
#[derive(Debug)]
pub struct RowBlock {
    bytes: Box<[u8]>,
}

impl RowBlock {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self { bytes: bytes.into() }
    }

    /// The block as it stands in the file.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn rows(&self, unpacker: &mut Unpacker) -> Result<Vec<Vec<u8>>, Reason> {
        let mut rows = Vec::with_capacity(BLOCK_ROWS as usize);
        let mut packed = Vec::new();
        match self.unpack(unpacker, &mut packed)? {
            Form::Verbatim(count) => verbatim(&packed, count, |row| rows.push(row.to_vec()))?,
            Form::Lifted(lifted) => lifted.each_row(&packed, |row| rows.push(row.to_vec()))?,
        }
        Ok(rows)
    }

    /// Gives each row, or why it is none, as it lies in the block: its bytes are not put together.
    pub(super) fn each_decoded(
        &self,
        unpacker: &mut Unpacker,
        room: &mut Room,
        mut each: impl FnMut(Result<Row, CorruptRow>),
    ) -> Result<(), Reason> {
        match self.unpack(unpacker, &mut room.packed)? {
            Form::Verbatim(count) => verbatim(&room.packed, count, |row| each(Row::decode(row))),
            Form::Lifted(lifted) => lifted.each_decoded(&room.packed, &mut room.envelope, each),
        }
    }

    /// Unpacks what is in the frame, and says how rows are made of it.
    fn unpack(&self, unpacker: &mut Unpacker, packed: &mut Vec<u8>) -> Result<Form, Reason> {
        let mut cursor = Cursor::new(&self.bytes);
        let (_crc, form, count, length) = (cursor.u32()?, cursor.u8()?, cursor.u8()?, cursor.u32()? as usize);
        if count == 0 || u32::from(count) > BLOCK_ROWS {
            return Err("it has too many rows, or none");
        }
        if length > usize::from(count) * (ROW_BYTES_MAX + 32) {
            return Err("its rows are too long");
        }
        let count = usize::from(count);
        let form = match form {
            VERBATIM => Form::Verbatim(count),
            LIFTED | LIFTED_ERASED => Form::Lifted(Lifted::decode(&mut cursor, count, form)?),
            _ => return Err("its form is unknown"),
        };
        unpacker.unpack_into(cursor.rest(), length, packed).map(|()| form)
    }
}

/// How rows are made of what is in a frame.
enum Form {
    /// So many stand there as they are.
    Verbatim(usize),
    /// This was taken out of them.
    Lifted(Lifted),
}

/// Where blocks are unpacked, one after the other, and what is left out of their rows is written again.
#[derive(Debug, Default)]
pub(super) struct Room {
    packed: Vec<u8>,
    envelope: String,
}

fn verbatim(raw: &[u8], count: usize, mut each: impl FnMut(&[u8])) -> Result<(), Reason> {
    let mut cursor = Cursor::new(raw);
    let lengths = (0..count).map(|_| cursor.leb32()).collect::<Result<Vec<_>, _>>()?;
    for length in lengths {
        each(cursor.take(length as usize)?);
    }
    cursor.end()
}
