//! The leaf of an entry: its public envelope and a salted digest of each section, but nothing personal.

use annals_tlog::{Hash, leaf_hash};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// The names of the sections, in the order of their digests in a leaf.
pub const SECTIONS: [&str; 4] = ["actor", "object", "change", "context"];

/// 16 random bytes of one entry, from which the salts of its sections are derived.
pub type Seed = [u8; 16];

/// The digest of one section: SHA-256 over its salt and its text.
pub(super) type Digest = [u8; 32];

/// The salts of an entry's sections, in the order of [`SECTIONS`].
///
/// Whoever holds a section's salt and text can show that they belong to the leaf; without the salt, nobody can find
/// out a short text by trying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salts(pub [[u8; 16]; 4]);

impl Salts {
    /// Derives the salts: the first 16 bytes of HMAC-SHA256(seed, name of the section).
    pub fn derive(seed: &Seed) -> Self {
        let mut salts = [[0; 16]; 4];
        let Ok(keyed) = Hmac::<Sha256>::new_from_slice(seed) else { return Self(salts) };
        for (salt, name) in salts.iter_mut().zip(SECTIONS) {
            let mut mac = keyed.clone();
            mac.update(name.as_bytes());
            for (to, from) in salt.iter_mut().zip(mac.finalize().into_bytes()) {
                *to = from;
            }
        }
        Self(salts)
    }
}

/// The digest of a section whose text is `parts` in a row.
pub(super) fn digest(salt: &[u8; 16], parts: &[&str]) -> Digest {
    let mut hash = Sha256::new();
    hash.update(salt);
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// Writes the text of a leaf: the envelope's members, the instant to the microsecond, the digests.
pub(super) fn leaf_text(envelope: &str, created_us: i64, digests: &[Digest; 4]) -> String {
    use std::fmt::Write as _;
    let mut leaf = String::with_capacity(envelope.len() + 400);
    leaf.push('{');
    leaf.push_str(envelope);
    // Writing to a String cannot fail.
    let _ = write!(leaf, ",\"created_us\":{created_us},\"sections\":{{");
    for (at, (name, digest)) in SECTIONS.iter().zip(digests).enumerate() {
        if at > 0 {
            leaf.push(',');
        }
        leaf.extend(["\"", name, "\":\""]);
        push_hex(&mut leaf, digest);
        leaf.push('"');
    }
    leaf.push_str("}}");
    leaf
}

fn push_hex(out: &mut String, digest: &Digest) {
    let digit = |value: u8| if value < 10 { b'0' + value } else { b'a' + value - 10 };
    let mut text = [b'0'; 64];
    for (pair, byte) in text.as_chunks_mut().0.iter_mut().zip(digest) {
        *pair = [digit(byte >> 4), digit(byte & 15)];
    }
    out.push_str(std::str::from_utf8(&text).unwrap_or_default());
}

/// The RFC 6962 hash of a leaf.
pub(super) fn hash(leaf: &str) -> Hash {
    leaf_hash(leaf.as_bytes())
}
