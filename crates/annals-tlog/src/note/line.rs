//! The signature lines of a note.

use std::fmt;
use std::str::FromStr;

use super::text::{base64, is_line, to_base64};

/// What a signature line starts with: an em dash and a space.
const MARK: &str = "— ";

/// Length of a key ID, in bytes.
pub(crate) const KEY_ID_BYTES: usize = 4;

/// Whether `name` can name a key: it is not empty, and has no spaces, no plus and no control characters.
pub(crate) fn is_key_name(name: &str) -> bool {
    is_line(name) && !name.chars().any(|character| character == '+' || character.is_whitespace())
}

/// A signature of a note: the name and ID of a key, and what the key made of the note's text.
///
/// Shown and parsed as a line without its newline: an em dash, the name, and the rest in base64. Nothing is known of
/// a signature until [`Note::verify`](super::Note::verify) has found the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    key_name: String,
    key_id: [u8; KEY_ID_BYTES],
    bytes: Vec<u8>,
}

impl NoteSignature {
    /// For keys, whose names are checked already.
    pub(crate) fn of_key(key_name: &str, key_id: [u8; KEY_ID_BYTES], bytes: Vec<u8>) -> NoteSignature {
        NoteSignature { key_name: key_name.to_owned(), key_id, bytes }
    }

    /// The name of the key that is said to have signed.
    pub fn key_name(&self) -> &str {
        &self.key_name
    }

    /// The ID of the key that is said to have signed.
    pub const fn key_id(&self) -> [u8; 4] {
        self.key_id
    }

    /// Whether both say that they are of the same key.
    pub(crate) fn has_key_of(&self, other: &NoteSignature) -> bool {
        (self.key_id, &self.key_name) == (other.key_id, &other.key_name)
    }

    /// The signature itself, as the type of its key has it; never empty.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.key_id, self.bytes.as_slice()].concat();
        write!(f, "{MARK}{} {}", self.key_name, to_base64(&bytes))
    }
}

impl FromStr for NoteSignature {
    type Err = ParseSignatureError;

    /// Reads a line without its newline.
    fn from_str(line: &str) -> Result<NoteSignature, ParseSignatureError> {
        let parts = line.strip_prefix(MARK).and_then(|rest| rest.split_once(' '));
        let (key_name, text) = parts.filter(|(name, _)| is_key_name(name)).ok_or(ParseSignatureError)?;
        let bytes = base64(text).ok_or(ParseSignatureError)?;
        match bytes.split_first_chunk() {
            Some((key_id, bytes)) if !bytes.is_empty() => {
                Ok(NoteSignature { key_name: key_name.to_owned(), key_id: *key_id, bytes: bytes.to_vec() })
            }
            _ => Err(ParseSignatureError),
        }
    }
}

/// The text is not a signature line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseSignatureError;

impl fmt::Display for ParseSignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a signature line is an em dash, the name of a key, and a key ID and signature in base64")
    }
}

impl std::error::Error for ParseSignatureError {}
