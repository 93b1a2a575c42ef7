//! Row blocks: sixteen rows, arranged so that zstd sees only what it can shorten.
//!
//! Seeds are random and tokens nearly so: both stand raw before the frame, and the instants with them as distances. The
//! text of the token and of `created_at` is not kept at all, as it can be written again.

use std::io::Write as _;

use super::{
    BLOCK_ROWS, ROW_BYTES_MAX,
    bytes::{Cursor, Reason, push_leb},
    dictionary::{Packer, Unpacker},
};
use crate::{
    LogToken, Row, Timestamp,
    entry::{Seed, row},
};

/// Rows as they are, behind their lengths.
const VERBATIM: u8 = 0;
/// Seeds, tokens and instants taken out.
const LIFTED: u8 = 1;

const TOKEN_START: &str = "\"token\":\"";
const TIME_START: &str = "\"created_at\":\"";
/// Bytes of an instant's text.
const TIME_BYTES: usize = 20;

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
        let mut cursor = Cursor::new(&self.bytes);
        let (_crc, form, count, length) = (cursor.u32()?, cursor.u8()?, cursor.u8()?, cursor.u32()? as usize);
        if count == 0 || u32::from(count) > BLOCK_ROWS {
            return Err("it has too many rows, or none");
        }
        if length > usize::from(count) * (ROW_BYTES_MAX + 32) {
            return Err("its rows are too long");
        }
        let count = usize::from(count);
        match form {
            VERBATIM => verbatim(&unpacker.unpack(cursor.rest(), length)?, count),
            LIFTED => {
                let lifted = Lifted::decode(&mut cursor, count)?;
                lifted.rows(&unpacker.unpack(cursor.rest(), length)?)
            }
            _ => Err("its form is unknown"),
        }
    }
}

fn verbatim(raw: &[u8], count: usize) -> Result<Vec<Vec<u8>>, Reason> {
    let mut cursor = Cursor::new(raw);
    let lengths = (0..count).map(|_| cursor.leb32()).collect::<Result<Vec<_>, _>>()?;
    let rows = lengths.into_iter().map(|length| cursor.take(length as usize).map(<[u8]>::to_vec));
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    cursor.end()?;
    Ok(rows)
}

/// Takes out of rows what need not be compressed, if each of them can be put together again.
fn lift(rows: &[BlockRow]) -> Option<Arranged> {
    let mut lifted = Lifted::default();
    let mut texts = Vec::with_capacity(rows.len());
    for BlockRow { bytes, row } in rows {
        let row = row.as_ref()?;
        let [envelope, rest @ ..] = row.texts();
        let envelope = envelope.strip_prefix(TOKEN_START)?;
        let (token_text, envelope) = envelope.split_once('"')?;
        let envelope = envelope.strip_suffix('"')?;
        let (envelope, time_text) = envelope.split_at_checked(envelope.len().checked_sub(TIME_BYTES)?)?;
        let token = LogToken::parse(token_text)?;
        // What is left out is put back just as it was: the texts of the token and of the instant, and the lengths.
        let same = token.to_string() == token_text
            && row.created_at().to_string() == time_text
            && row::stored_length(row.texts()) == bytes.len();
        if !same {
            return None;
        }
        lifted.tokens.push(token);
        lifted.instants.push(row.created_at().us());
        lifted.seeds.push(*row.seed());
        texts.push([envelope.strip_suffix(TIME_START)?, rest[0], rest[1], rest[2], rest[3], rest[4]]);
    }
    let mut packed = Vec::with_capacity(rows.iter().map(|row| row.bytes.len()).sum());
    for text in texts.iter().flatten() {
        push_leb(&mut packed, text.len() as u64);
    }
    for text in texts.iter().flatten() {
        packed.extend_from_slice(text.as_bytes());
    }
    Some(Arranged { form: LIFTED, raw: lifted.encode()?, packed })
}

/// What is taken out of the rows of a block.
#[derive(Debug, Default)]
struct Lifted {
    seeds: Vec<Seed>,
    tokens: Vec<LogToken>,
    instants: Vec<i64>,
}

impl Lifted {
    fn encode(&self) -> Option<Vec<u8>> {
        let mut raw = Vec::with_capacity(self.seeds.len() * 32);
        raw.extend(self.seeds.iter().flatten());
        raw.extend(self.tokens.iter().flat_map(|token| token.0.to_le_bytes()));
        let mut last = *self.instants.first()?;
        raw.extend_from_slice(&last.to_le_bytes());
        for us in self.instants.get(1..)? {
            push_leb(&mut raw, us.checked_sub(last)?.try_into().ok()?);
            last = *us;
        }
        Some(raw)
    }

    fn decode(cursor: &mut Cursor, count: usize) -> Result<Self, Reason> {
        let mut lifted = Self::default();
        for _ in 0..count {
            lifted.seeds.push(cursor.take(16)?.try_into().map_err(|_| "a seed is too short")?);
        }
        for _ in 0..count {
            lifted.tokens.push(LogToken(cursor.u64()?));
        }
        let mut us = cursor.u64()?.cast_signed();
        lifted.instants.push(us);
        for _ in 1..count {
            us = us.checked_add_unsigned(cursor.leb()?).ok_or("an instant is out of range")?;
            lifted.instants.push(us);
        }
        Ok(lifted)
    }

    fn rows(&self, packed: &[u8]) -> Result<Vec<Vec<u8>>, Reason> {
        let mut cursor = Cursor::new(packed);
        let mut lengths = Vec::with_capacity(self.seeds.len());
        for _ in &self.seeds {
            let mut of_row = [0; 6];
            for length in &mut of_row {
                *length = cursor.leb32()? as usize;
            }
            lengths.push(of_row);
        }
        let mut rows = Vec::with_capacity(self.seeds.len());
        for (((seed, token), us), lengths) in
            self.seeds.iter().zip(&self.tokens).zip(&self.instants).zip(lengths)
        {
            let mut texts: [&[u8]; 6] = [&[]; 6];
            for (text, length) in texts.iter_mut().zip(lengths) {
                *text = cursor.take(length)?;
            }
            let token = token.to_string();
            let time = Timestamp::from_us(*us).to_string();
            let [envelope, actor, object, changed, unchanged, context] = texts;
            let envelope: &[&[u8]] = &[
                TOKEN_START.as_bytes(),
                token.as_bytes(),
                b"\"",
                envelope,
                TIME_START.as_bytes(),
                time.as_bytes(),
                b"\"",
            ];
            let mut row = Vec::with_capacity(lengths.iter().sum::<usize>() + 128);
            let texts = [envelope, &[actor], &[object], &[changed], &[unchanged], &[context]];
            row::write(&mut row, seed, *us, texts);
            rows.push(row);
        }
        cursor.end()?;
        Ok(rows)
    }
}
