//! The keys that signatures are checked with, and their text form.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{ED25519, ML_DSA_44, ParsedPublicKey, VerificationAlgorithm};
use sha2::{Digest, Sha256};

use super::line::{KEY_ID_BYTES, NoteSignature, is_key_name};
use super::text::{base64, to_base64};

/// How a key signs: which algorithm it uses, and what it makes of a note's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyType {
    /// Type 0x01: Ed25519 over the text of the note.
    Ed25519,
    /// Type 0x04: Ed25519 over a time and the text of a checkpoint, `cosignature/v1` in c2sp.org/tlog-cosignature.
    Ed25519Cosignature,
    /// Type 0x06: ML-DSA-44 over the names of cosigner and log, a time, and the size and root of a checkpoint
    /// without extension lines, `subtree/v1` in c2sp.org/tlog-cosignature.
    MlDsa44Cosignature,
}

impl KeyType {
    /// The byte that stands for the type in key IDs and in the text form of keys.
    pub const fn byte(self) -> u8 {
        match self {
            KeyType::Ed25519 => 0x01,
            KeyType::Ed25519Cosignature => 0x04,
            KeyType::MlDsa44Cosignature => 0x06,
        }
    }

    /// The type that a byte stands for; `None` if it is not one of those above.
    pub const fn from_byte(byte: u8) -> Option<KeyType> {
        match byte {
            0x01 => Some(KeyType::Ed25519),
            0x04 => Some(KeyType::Ed25519Cosignature),
            0x06 => Some(KeyType::MlDsa44Cosignature),
            _ => None,
        }
    }

    /// Length of a public key, in bytes.
    pub const fn public_key_bytes(self) -> usize {
        match self {
            KeyType::Ed25519 | KeyType::Ed25519Cosignature => 32,
            KeyType::MlDsa44Cosignature => 1312,
        }
    }

    fn algorithm(self) -> &'static dyn VerificationAlgorithm {
        match self {
            KeyType::Ed25519 | KeyType::Ed25519Cosignature => &ED25519,
            KeyType::MlDsa44Cosignature => &ML_DSA_44,
        }
    }
}

/// A key that checks signatures: a name, a type and a public key.
///
/// Shown and parsed as a *vkey*, `name+id+key`: the ID as eight hexadecimal digits, the key as base64 of its type byte
/// and the public key.
#[derive(Clone)]
pub struct VerifierKey {
    name: String,
    key_type: KeyType,
    id: [u8; KEY_ID_BYTES],
    public: ParsedPublicKey,
}

impl VerifierKey {
    /// Longest name of a [`KeyType::MlDsa44Cosignature`] key, in bytes: what such a key signs has room for no more.
    pub const ML_DSA_NAME_BYTES_MAX: usize = 255;

    /// The key of this name and type.
    ///
    /// # Errors
    ///
    /// `name` is empty, has spaces, a plus or control characters, or is too long for the type; or `public_key` is not
    /// a public key of the type.
    pub fn new(name: &str, key_type: KeyType, public_key: &[u8]) -> Result<VerifierKey, KeyError> {
        let too_long =
            key_type == KeyType::MlDsa44Cosignature && name.len() > VerifierKey::ML_DSA_NAME_BYTES_MAX;
        if !is_key_name(name) || too_long {
            return Err(KeyError::Name);
        }
        let expected = key_type.public_key_bytes();
        if public_key.len() != expected {
            return Err(KeyError::WrongLength { expected, actual: public_key.len() });
        }
        let public =
            ParsedPublicKey::new(key_type.algorithm(), public_key).map_err(|_| KeyError::Rejected)?;
        let digest = Sha256::new()
            .chain_update(name)
            .chain_update([b'\n', key_type.byte()])
            .chain_update(public_key)
            .finalize();
        let [first, second, third, fourth, ..] = <[u8; 32]>::from(digest);
        Ok(VerifierKey { name: name.to_owned(), key_type, id: [first, second, third, fourth], public })
    }

    /// The name, by convention a URL without its scheme.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How the key signs.
    pub const fn key_type(&self) -> KeyType {
        self.key_type
    }

    /// The ID: the first bytes of the SHA-256 of name, type and public key. It tells keys of one name apart, and
    /// proves nothing.
    pub const fn id(&self) -> [u8; 4] {
        self.id
    }

    /// The public key, as RFC 8032 or FIPS 204 encodes it.
    pub fn public_key(&self) -> &[u8] {
        self.public.as_ref()
    }

    /// Whether a signature says that it is of this key.
    pub fn is_named_in(&self, signature: &NoteSignature) -> bool {
        self.id == signature.key_id() && self.name == signature.key_name()
    }

    /// Whether the key made `signature` of `message`.
    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        self.public.verify_sig(message, signature).is_ok()
    }
}

impl PartialEq for VerifierKey {
    fn eq(&self, other: &VerifierKey) -> bool {
        (self.key_type, &self.name, self.public_key()) == (other.key_type, &other.name, other.public_key())
    }
}

impl Eq for VerifierKey {}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&[self.key_type.byte()], self.public_key()].concat();
        write_key(f, &self.name, self.id, &bytes)
    }
}

impl fmt::Debug for VerifierKey {
    /// Shows all but the public key, which can be long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = u32::from_be_bytes(self.id);
        write!(f, "VerifierKey({}+{id:08x}, {:?})", self.name, self.key_type)
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    /// Reads a vkey, spelt as it is shown.
    fn from_str(text: &str) -> Result<VerifierKey, KeyError> {
        let (name, id, bytes) = split_key(text)?;
        let (key_type, public_key) = split_type(&bytes)?;
        let key = VerifierKey::new(name, key_type, public_key)?;
        if key.id == id { Ok(key) } else { Err(KeyError::WrongId) }
    }
}

/// Writes `name+id+key`, the form that public and secret keys share. `key` starts with the byte of its type.
pub(super) fn write_key(
    to: &mut impl fmt::Write,
    name: &str,
    id: [u8; KEY_ID_BYTES],
    key: &[u8],
) -> fmt::Result {
    write!(to, "{name}+{:08x}+{}", u32::from_be_bytes(id), to_base64(key))
}

/// The parts of `name+id+key`.
pub(super) fn split_key(text: &str) -> Result<(&str, [u8; KEY_ID_BYTES], Vec<u8>), KeyError> {
    let (name, rest) = text.split_once('+').ok_or(KeyError::Syntax)?;
    let (id, key) = rest.split_once('+').ok_or(KeyError::Syntax)?;
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if id.len() != 2 * KEY_ID_BYTES || !id.bytes().all(is_digit) {
        return Err(KeyError::Syntax);
    }
    let id = u32::from_str_radix(id, 16).map_err(|_| KeyError::Syntax)?;
    Ok((name, id.to_be_bytes(), base64(key).ok_or(KeyError::Syntax)?))
}

/// The type of a key, and what follows its byte.
pub(super) fn split_type(key: &[u8]) -> Result<(KeyType, &[u8]), KeyError> {
    let (byte, key) = key.split_first().ok_or(KeyError::Syntax)?;
    let key_type = KeyType::from_byte(*byte).ok_or(KeyError::UnknownType(*byte))?;
    Ok((key_type, key))
}

/// Why there is no such key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is not a name, an ID of eight digits and a key in base64, with a plus between them.
    Syntax,
    /// The name is empty, has spaces, a plus or control characters, or is too long for the key's type.
    Name,
    /// The type of the key is not known here.
    UnknownType(u8),
    /// The key is not as long as the keys of its type.
    WrongLength {
        /// Bytes in a key of the type.
        expected: usize,
        /// Bytes that were given.
        actual: usize,
    },
    /// The ID is not that of the name and key beside it.
    WrongId,
    /// The bytes are as long as a key, but are none.
    Rejected,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyError::Syntax => {
                f.write_str("a key is written as name, ID and base64, with a plus between them")
            }
            KeyError::Name => {
                f.write_str("a key's name is short, without spaces, plus and control characters")
            }
            KeyError::UnknownType(byte) => write!(f, "keys of this type are not known: 0x{byte:02x}"),
            KeyError::WrongLength { expected, actual } => {
                write!(f, "a key of this type is {expected} bytes long, not {actual}")
            }
            KeyError::WrongId => f.write_str("the ID is not that of this name and key"),
            KeyError::Rejected => f.write_str("the bytes are no key of this type"),
        }
    }
}

impl std::error::Error for KeyError {}
