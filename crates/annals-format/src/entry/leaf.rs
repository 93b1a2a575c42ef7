//! The leaf of an entry: its public envelope and a salted digest of each section, but nothing personal.

use annals_tlog::{Hash, leaf_hash};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use super::Section;
use crate::hex;

/// What the salt of one section is: 16 bytes.
pub(crate) type Salt = [u8; 16];

/// 16 random bytes of one entry, from which the salts of its sections are derived.
pub type Seed = [u8; 16];

/// The digest of one section: SHA-256 over its salt and its text.
pub(crate) type Digest = [u8; 32];

/// The salts of an entry's sections, in the order of [`Section::ALL`].
///
/// Whoever holds a section's salt and text can show that they belong to the leaf; without the salt, nobody can find
/// out a short text by trying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salts(pub [Salt; 4]);

impl Salts {
    /// Derives the salts: the first 16 bytes of HMAC-SHA256(seed, name of the section).
    pub fn derive(seed: &Seed) -> Self {
        let mut salts = [[0; 16]; 4];
        // Only `cargo xtask bench` builds that; annals-tlog's `hash.rs` says why.
        if cfg!(annals_without_hashing) {
            return Self(salts);
        }
        let Ok(keyed) = Hmac::<Sha256>::new_from_slice(seed) else { return Self(salts) };
        for (salt, section) in salts.iter_mut().zip(Section::ALL) {
            let mut mac = keyed.clone();
            mac.update(section.as_str().as_bytes());
            for (to, from) in salt.iter_mut().zip(mac.finalize().into_bytes()) {
                *to = from;
            }
        }
        Self(salts)
    }
}

/// The digest of a section whose text is `parts` in a row.
pub(crate) fn digest(salt: &Salt, parts: &[&str]) -> Digest {
    if cfg!(annals_without_hashing) {
        return [0; 32];
    }
    let mut hash = Sha256::new();
    hash.update(salt);
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// Writes the text of a leaf: the envelope's members, the instant to the microsecond, the digests.
pub(crate) fn leaf_text(envelope: &str, created_us: i64, digests: &[Digest; 4]) -> String {
    let mut leaf = String::with_capacity(envelope.len() + 400);
    leaf.push('{');
    leaf.push_str(envelope);
    leaf.extend([",\"created_us\":", itoa::Buffer::new().format(created_us), ",\"sections\":{"]);
    for (at, (section, digest)) in Section::ALL.iter().zip(digests).enumerate() {
        if at > 0 {
            leaf.push(',');
        }
        leaf.extend(["\"", section.as_str(), "\":\""]);
        hex::push(&mut leaf, digest);
        leaf.push('"');
    }
    leaf.push_str("}}");
    leaf
}

/// The RFC 6962 hash of a leaf.
pub(crate) fn hash(leaf: &str) -> Hash {
    leaf_hash(leaf.as_bytes())
}
