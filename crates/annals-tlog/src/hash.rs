//! SHA-256 hashes, and how RFC 6962 §2.1 makes them of leaves and inner nodes.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// Put in front of a leaf's data, so that no leaf can pass for an inner node.
const LEAF_PREFIX: [u8; 1] = [0x00];
/// Put in front of an inner node's two children.
const NODE_PREFIX: [u8; 1] = [0x01];

/// A SHA-256 hash: of a leaf, of an inner node, or of a whole tree.
///
/// Shown and parsed as 64 hexadecimal digits, lower case when shown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; Hash::LEN]);

impl Hash {
    /// Length of a hash, in bytes.
    pub const LEN: usize = 32;

    /// The root of a tree without leaves: SHA-256 of the empty string.
    pub const EMPTY_ROOT: Hash = Hash([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27,
        0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
    ]);

    /// The hash that these bytes are.
    pub const fn from_bytes(bytes: [u8; Hash::LEN]) -> Hash {
        Hash(bytes)
    }

    /// The bytes of the hash.
    pub const fn as_bytes(&self) -> &[u8; Hash::LEN] {
        &self.0
    }
}

/// The hash of a leaf that holds `data`: `SHA-256(0x00 || data)`.
pub fn leaf_hash(data: &[u8]) -> Hash {
    sha256(LEAF_PREFIX, data, &[])
}

/// The hash of an inner node with these children: `SHA-256(0x01 || left || right)`.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    sha256(NODE_PREFIX, &left.0, &right.0)
}

/// The hash of what these make together.
///
/// With `--cfg annals_without_hashing` it is the same for everything, so that `cargo xtask bench` sees what hashing costs:
/// of what is hashed while an entry is recorded, the leaves and nodes here, and the salts and digests of sections in
/// annals-format, are there for the sake of proofs. Idempotency keys, access tokens and checksums are not, and stay.
fn sha256(prefix: [u8; 1], first: &[u8], second: &[u8]) -> Hash {
    if cfg!(annals_without_hashing) {
        return Hash([0; Hash::LEN]);
    }
    Hash(Sha256::new().chain_update(prefix).chain_update(first).chain_update(second).finalize().into())
}

impl From<[u8; Hash::LEN]> for Hash {
    fn from(bytes: [u8; Hash::LEN]) -> Hash {
        Hash(bytes)
    }
}

impl From<Hash> for [u8; Hash::LEN] {
    fn from(hash: Hash) -> [u8; Hash::LEN] {
        hash.0
    }
}

impl AsRef<[u8]> for Hash {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = ParseHashError;

    /// Reads 64 hexadecimal digits of either case.
    fn from_str(text: &str) -> Result<Hash, ParseHashError> {
        let (pairs, odd) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != Hash::LEN || !odd.is_empty() {
            return Err(ParseHashError);
        }
        let mut bytes = [0; Hash::LEN];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = hex_digit(*high)? << 4 | hex_digit(*low)?;
        }
        Ok(Hash(bytes))
    }
}

fn hex_digit(digit: u8) -> Result<u8, ParseHashError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(ParseHashError),
    }
}

/// The text is not a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseHashError;

impl fmt::Display for ParseHashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a hash is written as 64 hexadecimal digits")
    }
}

impl std::error::Error for ParseHashError {}
