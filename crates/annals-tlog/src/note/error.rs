//! What can be wrong with a note, with signing one and with the signatures of one.

use std::fmt;

use super::key::KeyType;
use super::line::ParseSignatureError;
use crate::checkpoint::CheckpointError;

/// Why something is not a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoteError {
    /// It is longer than [`Note::BYTES_MAX`](super::Note::BYTES_MAX).
    TooLong,
    /// It is not UTF-8.
    NotUtf8,
    /// It has a control character other than newline.
    ControlCharacter,
    /// Its text or its last line does not end in a newline.
    NoNewline,
    /// No empty line and signatures follow a text.
    NoSignatures,
    /// A line after the last empty line is not a signature.
    Signature,
    /// It has more signatures than [`Note::SIGNATURES_MAX`](super::Note::SIGNATURES_MAX).
    TooManySignatures,
}

impl fmt::Display for NoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NoteError::TooLong => "a note is at most 1 MiB long",
            NoteError::NotUtf8 => "a note is UTF-8",
            NoteError::ControlCharacter => "a note has no control characters but newlines",
            NoteError::NoNewline => "the text and each line of a note end in a newline",
            NoteError::NoSignatures => "a note is a text, an empty line and signatures",
            NoteError::Signature => return ParseSignatureError.fmt(f),
            NoteError::TooManySignatures => "a note has at most 64 signatures",
        })
    }
}

impl std::error::Error for NoteError {}

impl From<ParseSignatureError> for NoteError {
    fn from(ParseSignatureError: ParseSignatureError) -> NoteError {
        NoteError::Signature
    }
}

/// Why a note is not signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignError {
    /// Keys of this type do not sign, but cosign, or the other way round.
    WrongKeyType(KeyType),
    /// Only checkpoints are cosigned, and the text is not one.
    Checkpoint(CheckpointError),
    /// The checkpoint has extension lines, which a key of this type could not cover.
    Extensions,
    /// The time is beyond 2⁶³ − 1.
    Time,
    /// The note has no room for the signature.
    Note(NoteError),
    /// The cryptographic library failed.
    Failed,
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SignError::WrongKeyType(key_type) => {
                write!(f, "a key of this type signs otherwise: {key_type:?}")
            }
            SignError::Checkpoint(_) => f.write_str("only checkpoints are cosigned"),
            SignError::Extensions => f.write_str("an ML-DSA-44 cosignature does not cover extension lines"),
            SignError::Time => f.write_str("the time of a cosignature is at most 2^63 - 1 seconds"),
            SignError::Note(_) => f.write_str("the note has no room for the signature"),
            SignError::Failed => f.write_str("the cryptographic library failed"),
        }
    }
}

impl std::error::Error for SignError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            SignError::Checkpoint(error) => Some(error),
            SignError::Note(error) => Some(error),
            _ => None,
        }
    }
}

impl From<NoteError> for SignError {
    fn from(error: NoteError) -> SignError {
        SignError::Note(error)
    }
}

/// Why the text of a note is not to be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyError {
    /// No signature is of a trusted key.
    NotSigned,
    /// A signature says that it is of a trusted key, and is not.
    WrongSignature {
        /// Name of the key.
        name: String,
        /// ID of the key.
        id: [u8; 4],
    },
    /// Different trusted keys have this name and ID, so that nothing says whose the signature is.
    AmbiguousKey {
        /// Name of the keys.
        name: String,
        /// ID of the keys.
        id: [u8; 4],
    },
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VerifyError::NotSigned => f.write_str("no signature is of a trusted key"),
            VerifyError::WrongSignature { name, id } => {
                write!(
                    f,
                    "a signature is not of the key that it names: {name}+{:08x}",
                    u32::from_be_bytes(*id)
                )
            }
            VerifyError::AmbiguousKey { name, id } => {
                write!(
                    f,
                    "two trusted keys have the same name and ID: {name}+{:08x}",
                    u32::from_be_bytes(*id)
                )
            }
        }
    }
}

impl std::error::Error for VerifyError {}
