//! What the text formats of a transparency log have in common: one strict spelling for each value.

use base64::display::Base64Display;
use base64::engine::GeneralPurpose;
use base64::prelude::{BASE64_STANDARD, Engine as _};

use crate::hash::Hash;

/// Reads a number in decimal, as it is written here: without sign and without leading zeros.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let leading_zero = text.starts_with('0') && text != "0";
    if digits && !leading_zero { text.parse().ok() } else { None }
}

/// Reads base64 with padding. There is one spelling for any bytes: the unused bits of the last digit are zero.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(text).ok()
}

/// Shows bytes as base64 with padding.
pub(crate) fn to_base64(bytes: &[u8]) -> Base64Display<'_, 'static, GeneralPurpose> {
    Base64Display::new(bytes, &BASE64_STANDARD)
}

/// Reads a hash in base64.
pub(crate) fn hash(text: &str) -> Option<Hash> {
    let bytes: [u8; Hash::LEN] = base64(text)?.try_into().ok()?;
    Some(Hash::from_bytes(bytes))
}

/// Whether a note can hold these bytes: of the control characters of ASCII, newlines only.
pub(crate) fn is_note_text(text: &str) -> bool {
    text.bytes().all(|byte| byte >= b' ' || byte == b'\n')
}

/// Whether a note can hold this text as a line that is not empty.
pub(crate) fn is_line(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte >= b' ')
}
