//! Signed notes, as c2sp.org/signed-note has them: a text and the signatures of it.
//!
//! A note is read strictly and shown again byte for byte: there is one spelling of it. Its text means nothing before
//! [`Note::verify`] has found the signature of a key that is trusted.
//!
//! ```
//! use annals_tlog::note::{KeyType, Note, SignerKey};
//!
//! // The seed of a key is random bytes; these are for show.
//! let key = SignerKey::new("example.com/poet", KeyType::Ed25519, &[7; 32])?;
//! let mut note = Note::new("Ed è subito sera.\n")?;
//! note.sign(&key)?;
//! let bytes = note.to_string();
//!
//! let trusted = [key.verifier().to_string().parse()?];
//! let received = Note::parse(bytes.as_bytes())?;
//! let signed = received.verify(&trusted)?;
//! assert_eq!(signed[0].key().name(), "example.com/poet");
//! assert_eq!(received.text(), "Ed è subito sera.\n");
//!
//! let forged = bytes.replace("sera", "cena");
//! assert!(Note::parse(forged.as_bytes())?.verify(&trusted).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod key;
mod line;
mod signer;
pub(crate) mod text;

use std::fmt;

pub use self::error::{NoteError, SignError, VerifyError};
pub use self::key::{KeyError, KeyType, VerifierKey};
pub use self::line::{NoteSignature, ParseSignatureError};
pub use self::signer::SignerKey;
use crate::cosignature;

/// A text with the signatures of it.
///
/// Shown as the text, an empty line, and a line for each signature. A note that nobody has signed yet is shown too,
/// but not read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// Longest note, in bytes: 1 MiB.
    pub const BYTES_MAX: usize = 1 << 20;

    /// Most signatures of a note. The specification asks readers to take at least 16.
    pub const SIGNATURES_MAX: usize = 64;

    /// A note without signatures.
    ///
    /// # Errors
    ///
    /// `text` does not end in a newline, has other control characters, or is too long.
    pub fn new(text: impl Into<String>) -> Result<Note, NoteError> {
        let text = text.into();
        // The empty line is part of the note as well.
        if text.len() >= Note::BYTES_MAX {
            return Err(NoteError::TooLong);
        }
        if !text::is_note_text(&text) {
            return Err(NoteError::ControlCharacter);
        }
        if !text.ends_with('\n') {
            return Err(NoteError::NoNewline);
        }
        Ok(Note { text, signatures: Vec::new() })
    }

    /// Reads a note. Its signatures are of the right form then, and may still be anybody's.
    ///
    /// # Errors
    ///
    /// `bytes` is not a note with at least one signature, or goes beyond the limits above.
    pub fn parse(bytes: &[u8]) -> Result<Note, NoteError> {
        if bytes.len() > Note::BYTES_MAX {
            return Err(NoteError::TooLong);
        }
        let whole = str::from_utf8(bytes).map_err(|_| NoteError::NotUtf8)?;
        // The text may have empty lines of its own: the last one is what ends it.
        let (text, lines) = whole.rsplit_once("\n\n").ok_or(NoteError::NoSignatures)?;
        let mut note = Note::new(format!("{text}\n"))?;
        note.signatures = signature_lines(lines)?;
        Ok(note)
    }

    /// The text, with the newline that ends it. Trust it when [`Note::verify`] says who signed it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures in their order, which nobody has checked.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Adds a signature at the end, as it is.
    ///
    /// # Errors
    ///
    /// The note would go beyond [`Note::SIGNATURES_MAX`] or [`Note::BYTES_MAX`].
    pub fn add(&mut self, signature: NoteSignature) -> Result<(), NoteError> {
        if self.signatures.len() >= Note::SIGNATURES_MAX {
            return Err(NoteError::TooManySignatures);
        }
        self.signatures.push(signature);
        if self.to_string().len() > Note::BYTES_MAX {
            self.signatures.pop();
            return Err(NoteError::TooLong);
        }
        Ok(())
    }

    /// Signs the text with a key of type [`KeyType::Ed25519`]. An earlier signature of the same key goes.
    ///
    /// # Errors
    ///
    /// The key is of another type (see [`Note::cosign`]), or the note is full.
    pub fn sign(&mut self, key: &SignerKey) -> Result<(), SignError> {
        let key_type = key.verifier().key_type();
        if key_type != KeyType::Ed25519 {
            return Err(SignError::WrongKeyType(key_type));
        }
        let bytes = key.sign(self.text.as_bytes()).ok_or(SignError::Failed)?;
        Ok(self.replace(key.line(bytes))?)
    }

    /// Adds a signature at the end, instead of those of the same key.
    pub(crate) fn replace(&mut self, signature: NoteSignature) -> Result<(), NoteError> {
        let others = |other: &&NoteSignature| !other.has_key_of(&signature);
        let kept = self.signatures.iter().filter(others).cloned().collect();
        let before = std::mem::replace(&mut self.signatures, kept);
        self.add(signature).inspect_err(|_| self.signatures = before)
    }

    /// Who of `keys` signed the text, all of it: each key once, in the order of their first signatures.
    ///
    /// Signatures of other keys are ignored. Of several signatures of one key the first counts, but all must be right.
    ///
    /// # Errors
    ///
    /// None of `keys` signed; or any signature that says it is of one of them is not; or two of them that have
    /// signatures cannot be told apart by name and ID.
    pub fn verify<'k>(&self, keys: &'k [VerifierKey]) -> Result<Vec<Signed<'k>>, VerifyError> {
        let mut found: Vec<Signed<'k>> = Vec::new();
        for signature in &self.signatures {
            let mut named = keys.iter().filter(|key| key.is_named_in(signature));
            let Some(key) = named.next() else { continue };
            if named.any(|other| other != key) {
                return Err(VerifyError::AmbiguousKey { name: key.name().to_owned(), id: key.id() });
            }
            let time = match key.key_type() {
                KeyType::Ed25519 if key.has_signed(self.text.as_bytes(), signature.bytes()) => Ok(None),
                KeyType::Ed25519 => Err(cosignature::Wrong),
                KeyType::Ed25519Cosignature | KeyType::MlDsa44Cosignature => {
                    cosignature::verify(key, &self.text, signature.bytes())
                }
            };
            let Ok(time) = time else {
                return Err(VerifyError::WrongSignature { name: key.name().to_owned(), id: key.id() });
            };
            if found.iter().all(|signed| signed.key != key) {
                found.push(Signed { key, time });
            }
        }
        if found.is_empty() { Err(VerifyError::NotSigned) } else { Ok(found) }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

/// A key that signed a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed<'k> {
    key: &'k VerifierKey,
    time: Option<u64>,
}

impl<'k> Signed<'k> {
    /// The key.
    pub const fn key(&self) -> &'k VerifierKey {
        self.key
    }

    /// Of a cosignature, when the key says that it was made, in seconds since 1970: as of then it knew of no larger
    /// tree. `None` if it says nothing of the kind.
    pub const fn time(&self) -> Option<u64> {
        self.time
    }
}

/// Reads signature lines, at least one, each with its newline.
pub(crate) fn signature_lines(lines: &str) -> Result<Vec<NoteSignature>, NoteError> {
    if lines.is_empty() {
        return Err(NoteError::NoSignatures);
    }
    let lines = lines.strip_suffix('\n').ok_or(NoteError::NoNewline)?;
    let mut signatures = Vec::new();
    for line in lines.split('\n') {
        if signatures.len() == Note::SIGNATURES_MAX {
            return Err(NoteError::TooManySignatures);
        }
        signatures.push(line.parse()?);
    }
    Ok(signatures)
}
