//! The bytes of a row.

use super::{Bindings, CorruptRow};
use crate::entry::Section;

/// The first byte of a row with all sections present.
pub(super) const WHOLE: u8 = 1;
/// The first byte of a row of which something is erased.
pub(super) const ERASED: u8 = 2;

/// The section that each of the six texts of a row belongs to; the envelope belongs to none.
const SECTION_OF_TEXT: [Option<Section>; 6] = [
    None,
    Some(Section::Actor),
    Some(Section::Object),
    Some(Section::Change),
    Some(Section::Change),
    Some(Section::Context),
];

/// Bytes of a length at most.
pub(super) const LENGTH_BYTES_MAX: usize = 5;

/// Bytes of a row before its texts at most.
pub(crate) const HEAD_BYTES_MAX: usize = 1 + 8 + 1 + 4 * 32;

/// Whether a row with these bindings has each of its six texts.
pub(super) fn stays(bindings: &Bindings) -> [bool; 6] {
    SECTION_OF_TEXT.map(|section| section.is_none_or(|section| !bindings.is_erased(section)))
}

/// Appends the stored form that has these six texts, each given as pieces that follow each other. Those of sections that
/// are erased are left out, whatever they are.
pub(crate) fn write(row: &mut Vec<u8>, bindings: &Bindings, created_us: i64, texts: [&[&[u8]]; 6]) {
    write_head(row, bindings, created_us);
    for (pieces, _) in texts.iter().zip(stays(bindings)).filter(|(_, stays)| *stays) {
        push_length(row, pieces.iter().map(|piece| piece.len()).sum());
        for piece in *pieces {
            row.extend_from_slice(piece);
        }
    }
}

/// Appends what comes before the texts.
pub(super) fn write_head(row: &mut Vec<u8>, bindings: &Bindings, created_us: i64) {
    match bindings.mask() {
        0 => {
            row.push(WHOLE);
            bindings.write(row);
            row.extend_from_slice(&created_us.to_le_bytes());
        }
        mask => {
            row.push(ERASED);
            row.extend_from_slice(&created_us.to_le_bytes());
            row.push(mask);
            bindings.write(row);
        }
    }
}

/// Bytes of the stored form that has these texts, with each length in as few bytes as it takes.
pub(crate) fn stored_length(bindings: &Bindings, texts: [&str; 6]) -> usize {
    let length_bytes = |length: usize| (usize::BITS - (length | 1).leading_zeros()).div_ceil(7) as usize;
    let head = match bindings.mask() {
        0 => 1 + 16 + 8,
        mask => 1 + 8 + 1 + Bindings::length(mask).unwrap_or_default(),
    };
    let texts = texts.iter().zip(stays(bindings)).filter(|(_, stays)| *stays);
    head + texts.map(|(text, _)| length_bytes(text.len()) + text.len()).sum::<usize>()
}

pub(super) fn push_text(row: &mut Vec<u8>, text: &str) {
    push_length(row, text.len());
    row.extend_from_slice(text.as_bytes());
}

/// Appends a length in LEB128: seven bits a byte, the lowest first, the top bit set on all but the last byte.
fn push_length(row: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        row.push(length.to_le_bytes()[0] | 0x80);
        length >>= 7;
    }
    row.push(length.to_le_bytes()[0]);
}

pub(super) fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], CorruptRow> {
    let (taken, after) = rest.split_at_checked(length).ok_or(CorruptRow("too short"))?;
    *rest = after;
    Ok(taken)
}

/// Reads an instant in microseconds.
pub(super) fn take_us(rest: &mut &[u8]) -> Result<i64, CorruptRow> {
    let bytes = take(rest, 8)?.try_into().map_err(|_| CorruptRow("too short"))?;
    Ok(i64::from_le_bytes(bytes))
}

/// Reads the bindings of a row of which the sections in the mask are erased.
pub(super) fn take_bindings(rest: &mut &[u8], mask: u8) -> Result<Bindings, CorruptRow> {
    let length = Bindings::length(mask).ok_or(CorruptRow("an unknown section is erased"))?;
    Bindings::decode(mask, take(rest, length)?).ok_or(CorruptRow("too short"))
}

/// Reads a text behind its length.
pub(super) fn take_text<'a>(rest: &mut &'a [u8]) -> Result<&'a str, CorruptRow> {
    let length = take_length(rest)?;
    simdutf8::basic::from_utf8(take(rest, length)?).map_err(|_| CorruptRow("a text is not UTF-8"))
}

/// Reads a length in LEB128, at most 32 bits of it.
fn take_length(rest: &mut &[u8]) -> Result<usize, CorruptRow> {
    let mut length = 0;
    for shift in [0, 7, 14, 21, 28] {
        let byte = take(rest, 1)?.first().copied().unwrap_or_default();
        length |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(length);
        }
    }
    Err(CorruptRow("a length is too long"))
}
